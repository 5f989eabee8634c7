package home

// One place that a sync asks: what it says first, and what it has.

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/netguard"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
)

// place is a source during a sync.
type place struct {
	Source
	c      *node.Source
	newest *pack.Network // what it says its newest header is
	err    error
}

func (p *place) height() uint64 {
	if p.newest == nil {
		return 0
	}
	return p.newest.Height
}

// distinct drops what names a place for a second time: a place that agrees with
// itself is no second source. Of two names of one machine only the loopback's are
// known to be that.
func distinct(addresses []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, a := range addresses {
		if key := oneSpelling(a); !seen[key] {
			seen[key] = true
			out = append(out, a)
		}
	}
	return out
}

// oneSpelling is the same for all spellings of one address. The scheme is no part
// of it where the port is the usual one.
func oneSpelling(address string) string {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	if netguard.IsLoopback(host) {
		host = "localhost"
	}
	if port == "80" && u.Scheme == "http" || port == "443" && u.Scheme == "https" {
		port = ""
	}
	return host + " " + port + strings.TrimRight(u.Path, "/")
}

// How long one source may keep a sync waiting, so that one that is silent or
// drips does not keep the others out.
const (
	answerTime = 20 * time.Second // for its first word
	packTime   = 3 * time.Minute  // for a pack
)

// askAll asks all places at once what their newest header is.
func askAll(ctx context.Context, places []*place) {
	var all sync.WaitGroup
	for _, p := range places {
		all.Go(func() { p.newest, p.err = newest(ctx, p.c) })
	}
	all.Wait()
}

func newest(ctx context.Context, c interface {
	Network(ctx context.Context) ([]byte, error)
},
) (*pack.Network, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	raw, err := c.Network(ctx)
	if err != nil {
		return nil, err
	}
	return pack.ParseNetwork(raw)
}

// take brings in what a source has. compare says that another source was taken
// before it, so that it counts only if it agrees with that one.
func (h *Home) take(ctx context.Context, p *place, compare bool, out *Synced) error {
	t, err := h.Trust()
	if err != nil {
		return err
	}
	same, err := t.Compare(p.newest)
	if err != nil {
		return h.keepConflict(err)
	}
	lower := explain.Errorf("pack_lower_height", "header %d, here is %d", p.newest.Height, t.Height())
	switch {
	case same && (compare || h.proved(t)) && !p.c.Folder():
		return nil // it says what is known here already
	case same && h.proved(t), p.newest.Height < t.Height() && p.c.Folder():
		// A folder's delta may be newer than its network file. That it fits shows
		// that the folder tells the same story as the data here.
		res, err := h.fetchDelta(ctx, p.c)
		switch code := explain.CodeOf(err); {
		case err == nil:
			out.took(res)
			return nil
		case !same && code == "pack_gap":
			return lower
		case code == "pack_gap":
			return nil
		}
		return err
	case p.newest.Height < t.Height():
		return lower
	}
	res, err := h.fetch(ctx, p.c)
	if err != nil {
		return err
	}
	out.took(res)
	if p.c.Folder() && !res.Delta {
		// The whole pack may be an hour old; what came since lies beside it.
		more, err := h.fetchDelta(ctx, p.c)
		if isConflict(err) {
			return err
		}
		if err == nil {
			out.Changes += len(more.Changes)
		}
	}
	if compare && !res.Delta {
		return explain.Errorf("sources_not_compared", "its pack does not begin where another source's ended")
	}
	return nil
}

// proved reports whether the data here is that of the trusted header.
func (h *Home) proved(t pack.Trust) bool {
	d, err := h.Data()
	return err == nil && proves(t, d)
}

// isConflict: the evidence decides, not the code, for a source can answer with
// any.
func isConflict(err error) bool {
	_, ok := errors.AsType[*pack.Conflict](err)
	return ok
}

func (s *Synced) took(r *pack.Result) {
	s.Delta, s.Changes = s.Delta && r.Delta, s.Changes+len(r.Changes)
}

// packer hands out packs: a node, or a source.
type packer interface {
	Pack(ctx context.Context, from uint64, w io.Writer) error
}

// fetch brings in a delta where it fits, else a whole pack.
func (h *Home) fetch(ctx context.Context, c packer) (*pack.Result, error) {
	res, err := h.fetchDelta(ctx, c)
	if explain.CodeOf(err) == "pack_gap" {
		return h.fetchFrom(ctx, c, 0)
	}
	return res, err
}

// fetchDelta brings in what changed since the data here. Code pack_gap where
// nothing fits, or nothing is here.
func (h *Home) fetchDelta(ctx context.Context, c packer) (*pack.Result, error) {
	d, err := h.Data()
	if err != nil || d.Height == 0 {
		return nil, explain.Errorf("pack_gap", "no data to begin from")
	}
	return h.fetchFrom(ctx, c, d.Height)
}

func (h *Home) fetchFrom(ctx context.Context, c packer, from uint64) (*pack.Result, error) {
	bounded, cancel := context.WithTimeout(ctx, packTime)
	defer cancel()
	var buf bytes.Buffer
	if err := c.Pack(bounded, from, &limited{&buf, maxPack}); err != nil {
		return nil, err
	}
	return h.Import(ctx, &buf)
}
