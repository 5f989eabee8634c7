package node

// The HTTP interface for programs on the same machine. It has no secrets to
// give and takes only signed transactions; the guards are against other
// people's web pages (Host and Origin), and against exhausting the node.

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/netguard"
)

const (
	submitTime  = 2 * time.Minute  // then the client asks again with the same bytes
	pollTime    = 25 * time.Second // of one long poll
	packTime    = 2 * time.Minute
	maxRequests = 512 // at a time; more are told to come back
)

func (n *Node) newServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/tx", n.handleTx)
	mux.HandleFunc("GET /v1/status", n.handleStatus)
	mux.HandleFunc("GET /v1/wait", n.handleWait)
	mux.HandleFunc("GET /v1/health", n.handleHealth)
	mux.HandleFunc("GET /metrics", n.handleMetrics)
	mux.HandleFunc("GET /v1/network", n.handleNetwork)
	mux.HandleFunc("GET /v1/pack", n.handlePack)
	mux.HandleFunc("GET /v1/batch", n.handleBatch)
	mux.HandleFunc("GET /v1/subject", n.handleSubject)
	mux.HandleFunc("GET /public/{name}", n.handlePublic)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, explain.Errorf("node_bad_request", "no such address or method"))
	})
	slots := make(chan struct{}, maxRequests)
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := n.checkOrigin(r); err != nil {
				fail(w, err)
				return
			}
			select {
			case slots <- struct{}{}:
				defer func() { <-slots }()
			default:
				fail(w, explain.Errorf("node_busy", "%d requests at a time", maxRequests))
				return
			}
			h := w.Header()
			h.Set("Cache-Control", "no-store")
			h.Set("X-Content-Type-Options", "nosniff")
			r.Body = http.MaxBytesReader(w, r.Body, maxTxBytes)
			mux.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      submitTime + packTime,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(n.cfg.Log.Handler(), slog.LevelDebug),
	}
}

// checkOrigin refuses what a web page can make a browser send: requests under a
// foreign name that was pointed at this address (DNS rebinding) show it in
// Host, requests across sites show it in Origin.
func (n *Node) checkOrigin(r *http.Request) error {
	// "none" is a person who typed the address.
	if site := r.Header.Get("Sec-Fetch-Site"); r.Header.Get("Origin") != "" || site != "" && site != "none" {
		return explain.Errorf("node_bad_request", "request by a web page")
	}
	if slices.Contains(n.cfg.APIHosts, r.Host) {
		return nil
	}
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		return explain.Errorf("node_bad_request", "Host header without a port")
	}
	_, own, err := net.SplitHostPort(n.address)
	if err != nil || port != own || !netguard.IsLoopback(host) && !slices.Contains(n.cfg.APIHosts, host) {
		return explain.Errorf("node_bad_request", "Host header names another host")
	}
	return nil
}

func (n *Node) handleTx(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Content-Type") != "application/octet-stream" {
		fail(w, explain.Errorf("node_bad_request", "content type"))
		return
	}
	tx, err := io.ReadAll(r.Body)
	if err != nil {
		fail(w, explain.Errorf("node_bad_request", "reading a transaction: %w", err))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), submitTime)
	defer cancel()
	rec, err := n.Client().Submit(ctx, tx)
	answer(w, wireReceipt(rec), err)
}

func (n *Node) handleStatus(w http.ResponseWriter, r *http.Request) {
	s, err := n.Client().Status(r.Context())
	answer(w, s.wire(), err)
}

func (n *Node) handleWait(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, "height")
	if err != nil {
		fail(w, err)
		return
	}
	height, err := number(q.Get("height"))
	if err != nil {
		fail(w, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), pollTime)
	defer cancel()
	s, err := n.Client().Wait(ctx, height)
	if explain.CodeOf(err) == "node_no_answer_yet" {
		s, err = n.Client().Status(r.Context())
	}
	answer(w, s.wire(), err)
}

func (n *Node) handleNetwork(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), packTime)
	defer cancel()
	b, err := n.Client().Network(ctx)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}

func (n *Node) handlePack(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, "from")
	if err != nil {
		fail(w, err)
		return
	}
	var from uint64
	if s := q.Get("from"); s != "" {
		if from, err = number(s); err != nil {
			fail(w, err)
			return
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), packTime)
	defer cancel()
	var b bytes.Buffer
	if err := n.Client().Pack(ctx, from, &b); err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = b.WriteTo(w)
}

func (n *Node) handleBatch(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, "issuer", "root")
	if err != nil {
		fail(w, err)
		return
	}
	issuer, err := did.Parse(q.Get("issuer"))
	if err != nil {
		fail(w, explain.Errorf("node_bad_request", "issuer: %w", err))
		return
	}
	root, err := parseHash(q.Get("root"))
	if err != nil {
		fail(w, explain.Errorf("node_bad_request", "root: %w", err))
		return
	}
	l, err := n.Client().BatchPath(r.Context(), issuer, root)
	out := wireLocated{Pending: l.Pending, Epoch: l.Epoch, Position: l.Position, Count: l.Count, Path: []string{}}
	for _, h := range l.Path {
		out.Path = append(out.Path, hex.EncodeToString(h[:]))
	}
	answer(w, out, err)
}

func (n *Node) handleSubject(w http.ResponseWriter, r *http.Request) {
	q, err := query(r, "name")
	if err != nil {
		fail(w, err)
		return
	}
	e, err := n.Client().Subject(r.Context(), q.Get("name"))
	out := wireEntries{Height: e.Height, Entries: []string{}}
	for _, b := range e.Entries {
		out.Entries = append(out.Entries, base64.StdEncoding.EncodeToString(b))
	}
	answer(w, out, err)
}

// handlePublic serves the published files, by their names only.
func (n *Node) handlePublic(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if _, kept := packHeight(name); !kept && name != networkName && name != wholeName && name != deltaName {
		fail(w, explain.Errorf("node_bad_request", "no such file"))
		return
	}
	f, err := os.Open(filepath.Join(n.cfg.Dir, publicFolder, name))
	if err != nil {
		fail(w, explain.Errorf("node_not_provable", "not published: %w", err))
		return
	}
	defer func() { _ = f.Close() }()
	if name == networkName {
		w.Header().Set("Content-Type", "application/json")
	} else {
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	http.ServeContent(w, r, "", time.Time{}, f)
}

// query returns the parameters, of which only the named ones may be there, once.
func query(r *http.Request, names ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, explain.Errorf("node_bad_request", "query cannot be read")
	}
	for k, v := range q {
		if len(v) != 1 || !slices.Contains(names, k) {
			return nil, explain.Errorf("node_bad_request", "unknown or repeated parameter")
		}
	}
	return q, nil
}

func number(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strings.HasPrefix(s, "0") && s != "0" {
		return 0, explain.Errorf("node_bad_request", "height is not a number")
	}
	return n, nil
}

func answer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		fail(w, err)
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b)
}

// fail answers with the code of an error; the HTTP status is only a rough copy
// of it.
func fail(w http.ResponseWriter, err error) {
	out := wireError{Code: "node_failed", Detail: err.Error()}
	if e, ok := errors.AsType[*explain.Error](err); ok {
		out = wireError{Code: e.Code, Detail: e.Detail}
	}
	status := http.StatusInternalServerError
	switch e, _ := explain.Lookup(out.Code); e.Exit {
	case explain.ExitUsage:
		status = http.StatusBadRequest
	case explain.ExitRefused:
		status = http.StatusNotFound
	case explain.ExitNotNow:
		status = http.StatusServiceUnavailable
	}
	b, err := json.Marshal(out)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}
