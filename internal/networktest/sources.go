package main

// Places that hand out packs and are not to be trusted: each serves the public
// folder of a true node, made worse.

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// folderServer serves a folder as any web server does.
type folderServer struct {
	http *http.Server
	url  string
}

func serve(h http.Handler) (*folderServer, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("a web server: %w", err)
	}
	s := &folderServer{&http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}, "http://" + l.Addr().String()}
	go func() { _ = s.http.Serve(l) }() // ends when it is closed
	return s, nil
}

func (s *folderServer) close() error { return s.http.Close() }

// mute takes connections and answers nothing.
func mute() http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

// copyFolder copies the published files, changed by edit.
func copyFolder(from, to string, edit func(name string, b []byte) ([]byte, error)) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // on its way into place
		}
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if edit != nil {
			if b, err = edit(e.Name(), b); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(to, e.Name()), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// rewrite alters the body of a pack and makes everything around it fit again,
// checksum included (docs/trust-pack.md, "The file").
func rewrite(b []byte, change func(body []byte)) ([]byte, error) {
	const fixed = 8 + 2 + 1 + 8 + 8
	if len(b) < fixed+4+sha256.Size {
		return nil, errors.New("no pack")
	}
	at := fixed + 4 + int(binary.BigEndian.Uint32(b[fixed:])) + 16
	if at > len(b)-sha256.Size {
		return nil, errors.New("no pack")
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	body, err := r.DecodeAll(b[at:len(b)-sha256.Size], nil)
	if err != nil {
		return nil, err
	}
	change(body)
	w, err := zstd.NewWriter(nil, zstd.WithSingleSegment(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	frame := w.EncodeAll(body, nil)
	out := slices.Clone(b[:at])
	binary.BigEndian.PutUint64(out[at-8:], uint64(len(frame)))
	out = append(out, frame...)
	sum := sha256.Sum256(out)
	return append(out, sum[:]...), nil
}

// liesIn alters the last byte of a pack's body, which is one of a digest.
func liesIn(name string, b []byte) ([]byte, error) {
	if !strings.HasSuffix(name, ".bonafide") {
		return b, nil
	}
	return rewrite(b, func(body []byte) { body[len(body)-1] ^= 1 })
}

// hospital is a home that syncs.
type hospital struct {
	w   *world
	dir string
}

// newHospital makes a home that believes a network file and has no data yet.
func (w *world) newHospital(ctx context.Context, file string) (hospital, error) {
	w.hospitals++
	h := hospital{w, filepath.Join(w.dir, fmt.Sprintf("hospital-%d", w.hospitals))}
	a, err := w.run(ctx, "trust", "list", file)
	if err != nil {
		return h, err
	}
	fingerprint, err := a.text("fingerprint")
	if err != nil {
		return h, err
	}
	_, err = w.run(ctx, "trust", "pin", file, "--home", h.dir, "--fingerprint", fingerprint)
	return h, err
}

// header is the newest that it believes.
func (h hospital) header(ctx context.Context) (float64, error) {
	a, err := h.w.run(ctx, "trust", "list", "--home", h.dir)
	if err != nil {
		return 0, err
	}
	v, err := a.value("header")
	n, ok := v.(float64)
	if err != nil || !ok {
		return 0, fmt.Errorf("no header: %w: %s", err, a.out)
	}
	return n, nil
}

func (h hospital) sync(ctx context.Context, sources ...string) (answer, error) {
	args := []string{"sync", "--home", h.dir}
	for _, s := range sources {
		args = append(args, "--source", s)
	}
	return h.w.ask(ctx, args...)
}

// codes are what a sync says of each source.
func codes(a answer) ([]string, error) {
	v, err := a.value("sources")
	if err != nil {
		return nil, err
	}
	var out []string
	list, _ := v.([]any)
	for _, s := range list {
		m, _ := s.(map[string]any)
		code, _ := m["code"].(string)
		out = append(out, code)
	}
	return out, nil
}
