package node

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"bonafide/internal/explain"
)

// Source is a place that hands out packs: a node, or a folder of the files that
// a node publishes, on any web server. Which of the two shows when it is asked
// for its network file. Nothing it answers is proof.
type Source struct {
	node   *HTTPClient
	folder bool
}

// NewSource returns the source at base: a node's address, or the URL of the
// folder that holds network.json. Nothing is contacted yet.
func NewSource(base string) *Source { return &Source{node: NewHTTPClient(base)} }

// Close drops idle connections.
func (s *Source) Close() { s.node.Close() }

// Folder reports whether the last answer to Network came from a folder. Its
// network file belongs to the whole pack; the delta beside it may be newer.
func (s *Source) Folder() bool { return s.folder }

// Network returns the source's network.json.
func (s *Source) Network(ctx context.Context) ([]byte, error) {
	b, err := s.node.Network(ctx)
	s.folder = false
	switch code := explain.CodeOf(err); {
	case err == nil && len(b) > 0 && b[0] == '{':
		return b, nil
	case err == nil, code == "node_bad_answer", code == "node_bad_request":
		// A web server's own way of saying that there is no such page.
	default:
		return nil, err
	}
	file, ferr := s.node.bytes(ctx, http.MethodGet, "/"+networkName, nil, maxNetwork)
	if ferr != nil {
		return b, err // of the two answers the first was meant
	}
	s.folder = true
	return file, nil
}

// Pack writes a pack: whole (from 0), or with what changed since the state of
// height from, which in a folder is whatever delta lies there; whether it fits
// shows on import. Code pack_gap where there is none.
func (s *Source) Pack(ctx context.Context, from uint64, w io.Writer) error {
	if !s.folder {
		return s.node.Pack(ctx, from, w)
	}
	name := wholeName
	if from > 0 {
		name = deltaName
	}
	resp, err := s.node.do(ctx, http.MethodGet, "/"+name, nil)
	if err != nil {
		if from > 0 && explain.CodeOf(err) == "node_bad_answer" {
			return explain.Errorf("pack_gap", "no delta lies there: %w", err)
		}
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("reading %s: %w", name, unreachable(ctx, err))
	}
	return nil
}
