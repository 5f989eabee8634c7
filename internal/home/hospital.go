package home

// The hospital's side of a home.

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/ledger"
	"bonafide/storage"
	"bonafide/verifier"
)

// HospitalOptions change how a hospital verifies.
type HospitalOptions struct {
	Policy verifier.Policy // nil: the default policy
}

// Hospital verifies with this home's data. It needs no passphrase.
type Hospital struct {
	*verifier.Verifier
	h      *Home
	store  *storage.VerifierStore
	policy verifier.Policy
}

// Hospital opens the hospital's side of the home.
func (h *Home) Hospital(_ context.Context, o HospitalOptions) (*Hospital, error) {
	db, err := h.database(storage.Verifier)
	if err != nil {
		return nil, err
	}
	store, err := storage.NewVerifierStore(db, h.HistoryKey())
	if err != nil {
		return nil, err
	}
	v, err := verifier.New(verifier.Config{Data: h.Data, Clock: h.clock, Store: store, Policy: o.Policy, Outside: outside{h}, Past: past{h}})
	if err != nil {
		return nil, err
	}
	return &Hospital{Verifier: v, h: h, store: store, policy: o.Policy}, nil
}

// DataAge tells how old the home's data is.
func (p *Hospital) DataAge(context.Context) (asOf time.Time, validators int, err error) {
	d, err := p.h.Data()
	if err != nil {
		return time.Time{}, 0, err
	}
	return d.AsOf, d.Validators, nil
}

// Freshness tells how long the home's data can be relied on under the policy that
// the hospital verifies by. Codes as Home.Freshness.
func (p *Hospital) Freshness() (Freshness, error) { return p.h.Freshness(p.policy) }

// History gives every verdict to f in the order they were given, until f
// returns an error. It unlocks the home.
func (p *Hospital) History(ctx context.Context, f func(at time.Time, r verifier.Result) error) error {
	open, err := p.h.HistoryOpener(storage.Verifier.Name)
	if err != nil {
		return err
	}
	return p.store.History(ctx, open, func(at time.Time, b []byte) error {
		var r verifier.Result
		if err := json.Unmarshal(b, &r); err != nil {
			return fmt.Errorf("reading a verdict: %w", err)
		}
		return f(at, r)
	})
}

// RequestOptions describe a request.
type RequestOptions struct {
	Audience string // "": the one given last
	Purpose  verifier.Purpose
	Types    []string
	Claims   []string // claims asked for; none: all
	Formats  []string // envelopes taken; none: the wallet chooses
	ValidFor time.Duration
}

const audienceSetting = "audience"

// NewRequest makes a request and notes its nonce before it goes out. Code
// audience_needed.
func (p *Hospital) NewRequest(ctx context.Context, o RequestOptions) ([]byte, error) {
	var err error
	if o.Audience == "" {
		if o.Audience, err = p.store.Setting(ctx, audienceSetting); err != nil {
			return nil, err
		}
		if o.Audience == "" {
			return nil, explain.Errorf("audience_needed", "no audience was given before")
		}
	}
	r, err := request.New(o.Audience, string(o.Purpose), o.Types, p.h.Now(), o.ValidFor, p.h.o.Rand)
	if err != nil {
		return nil, err
	}
	r.Claims, r.Formats = o.Claims, o.Formats
	b, err := r.Marshal()
	if err != nil {
		return nil, err
	}
	if err := p.store.AddRequest(ctx, r.Nonce, r.Created, r.Expires, b); err != nil {
		return nil, err
	}
	if err := p.store.SetSetting(ctx, audienceSetting, o.Audience); err != nil {
		return nil, err
	}
	return b, nil
}

// Audience is the name under which this home asked last; "" where it never did.
func (p *Hospital) Audience(ctx context.Context) (string, error) {
	return p.store.Setting(ctx, audienceSetting)
}

// maxOpenRequests bounds the list of open requests.
const maxOpenRequests = 500

// OpenRequests are the requests that may still be answered, the newest first.
func (p *Hospital) OpenRequests(ctx context.Context) ([]*request.Request, error) {
	files, err := p.store.OpenRequests(ctx, p.h.Now(), maxOpenRequests)
	if err != nil {
		return nil, err
	}
	out := make([]*request.Request, len(files))
	for i, b := range files {
		if out[i], err = request.Parse(b); err != nil {
			return nil, explain.Errorf("data_damaged", "a kept request is malformed")
		}
	}
	return out, nil
}

// RequestOf is the request of this home that has a nonce, whatever became of
// it; nil where there is none.
func (p *Hospital) RequestOf(ctx context.Context, nonce string) (*request.Request, error) {
	b, err := p.store.Request(ctx, nonce)
	if err != nil || b == nil {
		return nil, err
	}
	r, err := request.Parse(b)
	if err != nil {
		return nil, explain.Errorf("data_damaged", "a kept request is malformed")
	}
	return r, nil
}

// CloseRequest ends a request: no answer to it counts any more.
func (p *Hospital) CloseRequest(ctx context.Context, nonce string) error {
	return p.store.CloseRequest(ctx, nonce)
}

// Kept is a verdict of the history.
type Kept struct {
	Seq    int64 // its place: a later verdict has a larger one
	At     time.Time
	Result verifier.Result
}

// HistoryPage is a part of the history, the latest verdict first: at most limit
// that were given before the one at place before, 0 for the latest there are. It
// unlocks the home.
func (p *Hospital) HistoryPage(ctx context.Context, before int64, limit int) ([]Kept, error) {
	open, err := p.h.HistoryOpener(storage.Verifier.Name)
	if err != nil {
		return nil, err
	}
	page, err := p.store.HistoryPage(ctx, open, before, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Kept, len(page))
	for i, k := range page {
		out[i].Seq, out[i].At = k.Seq, k.At
		if err := json.Unmarshal(k.Result, &out[i].Result); err != nil {
			return nil, fmt.Errorf("reading a verdict: %w", err)
		}
	}
	return out, nil
}

// HistorySize is how many verdicts the history holds. It needs no passphrase.
func (p *Hospital) HistorySize(ctx context.Context) (int, error) { return p.store.HistorySize(ctx) }

// Types are the types of credentials that the boards registered, by name, as far
// as this home's data knows. Codes no_trust, no_data.
func (p *Hospital) Types(context.Context) ([]ledger.Template, error) {
	d, err := p.h.Data()
	if err != nil {
		return nil, err
	}
	return d.View.Templates(), nil
}
