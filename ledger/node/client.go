package node

// What the roles ask of a node: one interface, answered in the same process by
// Node.Client and over HTTP on loopback by HTTPClient.

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/netguard"
	"bonafide/internal/strictjson"
	"bonafide/ledger"
)

// Client is a node as its users see it. Nothing it answers is proof: packs and
// headers are verified on import, entries against the verified index, paths
// against a verified epoch root. Every error carries a code of the catalogue.
type Client interface {
	// Submit hands in a transaction (wire form) and waits until a block has
	// executed it or it was refused. The same bytes may be submitted again:
	// nothing is executed twice, and the first receipt is given again. An error
	// means that the outcome is not known (or, node_busy, that it was not taken).
	Submit(ctx context.Context, tx []byte) (Receipt, error)
	// Status says where the node stands.
	Status(ctx context.Context) (Status, error)
	// Wait returns as soon as the state is the one after height or a later one.
	Wait(ctx context.Context, height uint64) (Status, error)
	// Network returns network.json of the newest header that proves the state.
	Network(ctx context.Context) ([]byte, error)
	// Pack writes a pack of the newest provable state, whole (from 0) or what
	// changed after the state of height from. It waits for the header that
	// proves the state if that is about to come.
	Pack(ctx context.Context, from uint64, w io.Writer) error
	// BatchPath locates a batch root in its closed epoch; while the epoch is
	// open the answer is Pending. Code: batch_unknown.
	BatchPath(ctx context.Context, issuer did.DID, root [32]byte) (Located, error)
	// Subject returns the raw entries of a subject that packs carry as (length,
	// root) only: proposals, open, blocks, batches/<did>, sequence/<did>.
	// With ledger.View.Attach they are checked against a verified index. Codes:
	// node_no_subject, subject_unknown.
	Subject(ctx context.Context, name string) (Entries, error)
}

// Receipt says what became of a transaction.
type Receipt struct {
	Height   uint64 // block that executed or refused it; 0: refused before any block
	Position uint32 // from 0, in that block
	Code     string // "": executed; else why it was refused
	Detail   string // for logs
}

// Err is nil if the transaction was executed, else a coded error.
func (r Receipt) Err() error {
	if r.Code == "" {
		return nil
	}
	return &explain.Error{Code: r.Code, Detail: r.Detail}
}

// Status is where a node stands.
type Status struct {
	ChainID      string        // the network
	StateHeight  uint64        // last block executed and stored
	HeaderHeight uint64        // newest signed header; StateHeight or one more
	HeaderTime   time.Time     // time of that header
	AppHash      [32]byte      // index root of the state
	Proven       bool          // a signed header proves AppHash
	Interval     time.Duration // epochs close no faster
	LastEpoch    uint64        // newest closed epoch; 0: none yet
	Validators   int           // members that sign headers now
	Waiting      int           // transactions not yet in a block
	Peers        int           // nodes that this one is connected with
	Syncing      bool          // it fetches old blocks from them and signs nothing yet
	Validating   bool          // it is one of those that sign headers
	Silent       []string      // DIDs of members from whose nodes nothing has been heard, ascending
	FirstBlock   uint64        // lowest block that this node keeps; 0: none
	Upgrade      string        // rules that are decided and begin above StateHeight; "": none
	UpgradeAt    uint64        // their first block
	UpgradeKnown bool          // this program has them; if not, it stops before that block
}

// Located is the place of a batch among all batches of its epoch.
type Located = ledger.Located

// Entries are the entries of a subject in the state after Height.
type Entries struct {
	Height  uint64
	Entries [][]byte
}

// Bounds of what one side takes from the other.
const (
	maxTxBytes     = 256 << 10 // ledger transaction, wire form
	maxAnswerBytes = 64 << 20  // JSON answers (entries of one subject)
	maxPackBytes   = 512 << 20
	maxNetwork     = 1 << 20
	maxPath        = 32
)

// HTTPClient reaches a node over HTTP at an address that the operator (or the
// home) configured.
type HTTPClient struct {
	base string
	http *http.Client
}

// NewHTTPClient returns a client of the node at base, "http://host:port" or
// "host:port". Nothing is contacted yet.
func NewHTTPClient(base string) *HTTPClient {
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	return &HTTPClient{
		base: strings.TrimRight(base, "/"),
		http: netguard.Operator(netguard.Limits{Body: maxPackBytes}),
	}
}

// Close drops idle connections.
func (c *HTTPClient) Close() { c.http.CloseIdleConnections() }

// The forms that cross the wire. Hashes are lower-case hex, entries base64.
type (
	wireReceipt struct {
		Height   uint64 `json:"height"`
		Position uint32 `json:"position"`
		Code     string `json:"code"`
		Detail   string `json:"detail"`
	}
	wireStatus struct {
		ChainID      string `json:"chain_id"`
		StateHeight  uint64 `json:"state_height"`
		HeaderHeight uint64 `json:"header_height"`
		HeaderTime   string `json:"header_time"`
		AppHash      string `json:"app_hash"`
		Proven       bool   `json:"proven"`
		Interval     uint64 `json:"interval_seconds"`
		LastEpoch    uint64 `json:"last_epoch"`
		Validators   int    `json:"validators"`
		Waiting      int    `json:"waiting"`
		Peers        int    `json:"peers"`
		Syncing      bool   `json:"syncing"`
		Validating   bool   `json:"validating"`

		Silent []string `json:"silent"`

		FirstBlock   uint64 `json:"first_block"`
		Upgrade      string `json:"upgrade,omitempty"`
		UpgradeAt    uint64 `json:"upgrade_at,omitempty"`
		UpgradeKnown bool   `json:"upgrade_known,omitempty"`
	}
	wireLocated struct {
		Pending  bool     `json:"pending"`
		Epoch    uint64   `json:"epoch"`
		Position uint32   `json:"position"`
		Count    uint32   `json:"count"`
		Path     []string `json:"path"`
	}
	wireEntries struct {
		Height  uint64   `json:"height"`
		Entries []string `json:"entries"`
	}
	wireError struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
)

func (s Status) wire() wireStatus {
	return wireStatus{
		ChainID: s.ChainID, StateHeight: s.StateHeight, HeaderHeight: s.HeaderHeight,
		HeaderTime: s.HeaderTime.UTC().Format(time.RFC3339Nano), AppHash: hex.EncodeToString(s.AppHash[:]),
		Proven: s.Proven, Interval: uint64(s.Interval / time.Second), LastEpoch: s.LastEpoch,
		Validators: s.Validators, Waiting: s.Waiting, Peers: s.Peers, Syncing: s.Syncing, Validating: s.Validating,
		Silent: append([]string{}, s.Silent...), FirstBlock: s.FirstBlock,
		Upgrade: s.Upgrade, UpgradeAt: s.UpgradeAt, UpgradeKnown: s.UpgradeKnown,
	}
}

func (w wireStatus) status() (Status, error) {
	t, err := time.Parse(time.RFC3339Nano, w.HeaderTime)
	if err != nil {
		return Status{}, err
	}
	h, err := parseHash(w.AppHash)
	if err != nil {
		return Status{}, err
	}
	if w.Interval > 1<<32 {
		return Status{}, errors.New("interval out of range")
	}
	return Status{
		ChainID: w.ChainID, StateHeight: w.StateHeight, HeaderHeight: w.HeaderHeight, HeaderTime: t, AppHash: h,
		Proven: w.Proven, Interval: time.Duration(w.Interval) * time.Second, LastEpoch: w.LastEpoch,
		Validators: w.Validators, Waiting: w.Waiting, Peers: w.Peers, Syncing: w.Syncing, Validating: w.Validating,
		Silent: w.Silent, FirstBlock: w.FirstBlock,
		Upgrade: w.Upgrade, UpgradeAt: w.UpgradeAt, UpgradeKnown: w.UpgradeKnown,
	}, nil
}

func parseHash(s string) (h [32]byte, err error) {
	if len(s) != 64 || strings.ToLower(s) != s {
		return h, errors.New("hash is not 64 lower-case hex digits")
	}
	_, err = hex.Decode(h[:], []byte(s))
	return h, err
}

// Submit implements Client.
func (c *HTTPClient) Submit(ctx context.Context, tx []byte) (Receipt, error) {
	var w wireReceipt
	if err := c.json(ctx, http.MethodPost, "/v1/tx", tx, &w); err != nil {
		return Receipt{}, err
	}
	return Receipt(w), nil
}

// Status implements Client.
func (c *HTTPClient) Status(ctx context.Context) (Status, error) { return c.status(ctx, "/v1/status") }

// Wait implements Client. The node answers a long poll after a while also when
// the height has not come; then the client asks again.
func (c *HTTPClient) Wait(ctx context.Context, height uint64) (Status, error) {
	for {
		s, err := c.status(ctx, "/v1/wait?height="+strconv.FormatUint(height, 10))
		if err != nil || s.StateHeight >= height {
			return s, err
		}
	}
}

func (c *HTTPClient) status(ctx context.Context, path string) (Status, error) {
	var w wireStatus
	if err := c.json(ctx, http.MethodGet, path, nil, &w); err != nil {
		return Status{}, err
	}
	s, err := w.status()
	if err != nil {
		return Status{}, badAnswer(err)
	}
	return s, nil
}

// Network implements Client.
func (c *HTTPClient) Network(ctx context.Context) ([]byte, error) {
	return c.bytes(ctx, http.MethodGet, "/v1/network", nil, maxNetwork)
}

// Pack implements Client.
func (c *HTTPClient) Pack(ctx context.Context, from uint64, w io.Writer) error {
	resp, err := c.do(ctx, http.MethodGet, "/v1/pack?from="+strconv.FormatUint(from, 10), nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return unreachable(ctx, err)
	}
	return nil
}

// BatchPath implements Client.
func (c *HTTPClient) BatchPath(ctx context.Context, issuer did.DID, root [32]byte) (Located, error) {
	q := url.Values{"issuer": {string(issuer)}, "root": {hex.EncodeToString(root[:])}}
	var w wireLocated
	if err := c.json(ctx, http.MethodGet, "/v1/batch?"+q.Encode(), nil, &w); err != nil {
		return Located{}, err
	}
	l := Located{Pending: w.Pending, Epoch: w.Epoch, Position: w.Position, Count: w.Count}
	if len(w.Path) > maxPath {
		return Located{}, badAnswer(errors.New("path too long"))
	}
	for _, s := range w.Path {
		h, err := parseHash(s)
		if err != nil {
			return Located{}, badAnswer(err)
		}
		l.Path = append(l.Path, h)
	}
	return l, nil
}

// Subject implements Client.
func (c *HTTPClient) Subject(ctx context.Context, name string) (Entries, error) {
	var w wireEntries
	if err := c.json(ctx, http.MethodGet, "/v1/subject?name="+url.QueryEscape(name), nil, &w); err != nil {
		return Entries{}, err
	}
	e := Entries{Height: w.Height, Entries: make([][]byte, len(w.Entries))}
	for i, s := range w.Entries {
		b, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil {
			return Entries{}, badAnswer(err)
		}
		e.Entries[i] = b
	}
	return e, nil
}

func (c *HTTPClient) json(ctx context.Context, method, path string, body []byte, dst any) error {
	b, err := c.bytes(ctx, method, path, body, maxAnswerBytes)
	if err != nil {
		return err
	}
	if err := strictjson.Decode(b, answerLimits, dst); err != nil {
		return badAnswer(err)
	}
	return nil
}

var answerLimits = strictjson.Limits{Bytes: maxAnswerBytes, Depth: 4, Nodes: 4 << 20}

func (c *HTTPClient) bytes(ctx context.Context, method, path string, body []byte, limit int64) ([]byte, error) {
	resp, err := c.do(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if int64(len(b)) > limit {
		return nil, badAnswer(errors.New("answer too large"))
	}
	return b, nil
}

// do returns an answer of status 200; every other one becomes its coded error.
func (c *HTTPClient) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, explain.Errorf("node_config", "address of the node: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var w wireError
	if err == nil {
		err = strictjson.Decode(b, strictjson.Limits{Bytes: 64 << 10, Depth: 2, Nodes: 16}, &w)
	}
	if err != nil || w.Code == "" {
		return nil, badAnswer(fmt.Errorf("status %d", resp.StatusCode))
	}
	if _, known := explain.Lookup(w.Code); !known {
		return nil, badAnswer(fmt.Errorf("status %d with an unknown code", resp.StatusCode))
	}
	return nil, &explain.Error{Code: w.Code, Detail: w.Detail}
}

func badAnswer(err error) error {
	return explain.Errorf("node_bad_answer", "answer of the node: %w", err)
}

func unreachable(ctx context.Context, err error) error {
	if explain.CodeOf(err) != "" {
		return err
	}
	if ctx.Err() != nil {
		return explain.Errorf("node_no_answer_yet", "asking the node: %w", ctx.Err())
	}
	return explain.Errorf("node_unreachable", "asking the node: %w", err)
}
