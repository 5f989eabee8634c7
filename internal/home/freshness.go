package home

// How long the ledger's data can still be relied on. This warns before a verdict
// has to say "stale"; it decides nothing, and the verifier knows nothing of it.

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/text"
	"bonafide/ledger/node"
	"bonafide/verifier"
)

// Level is how much of its time data has used up.
type Level string

// The levels. At Past, and not before, a verdict for the purpose is stale.
const (
	Young Level = ""
	Half  Level = "half" // from half of the limit on
	Near  Level = "near" // from four fifths on
	Past  Level = "past" // beyond the limit
)

// Freshness is the age of ledger data beside the greatest that the shortest
// purpose allows.
type Freshness struct {
	AsOf    time.Time     // of the newest header
	Age     time.Duration // at the later of clock and floor, as a verdict has it
	Limit   time.Duration
	Purpose verifier.Purpose
	Level   Level
	Code    string         // of the catalogue; "" while Young
	Next    string         // what to do, by the catalogue; "" while Young
	Silent  []SilentMember // ascending by DID
	ByNode  bool           // Silent are those from whom a node hears nothing; else those whose vote the newest header lacks
}

// SilentMember is a member from which nothing is heard, or whose vote was away or
// too late for a header: a header is signed as soon as enough have voted.
type SilentMember struct {
	DID  did.DID `json:"did"`
	Name string  `json:"name"` // as the ledger has it, fit to be shown on a line; "" where that is not known
}

// MarshalJSON writes ages in whole seconds.
func (f Freshness) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		AsOf    time.Time        `json:"as_of"`
		Age     int64            `json:"age_seconds"`
		Limit   int64            `json:"limit_seconds"`
		Purpose verifier.Purpose `json:"purpose"`
		Level   Level            `json:"level"`
		Code    string           `json:"code"`
		Next    string           `json:"next"`
		Silent  []SilentMember   `json:"silent"`
	}{f.AsOf, int64(f.Age / time.Second), int64(f.Limit / time.Second), f.Purpose, f.Level, f.Code, f.Next, append([]SilentMember{}, f.Silent...)})
}

// newFreshness judges data of asOf at now by a policy; nil is the default one.
// ofBoards chooses the words for those who make the data.
func newFreshness(p verifier.Policy, asOf, now time.Time, ofBoards bool) Freshness {
	if p == nil {
		p = verifier.DefaultPolicy()
	}
	f := Freshness{AsOf: asOf.UTC(), Age: max(now.Sub(asOf), 0)}
	for _, purpose := range []verifier.Purpose{verifier.Privileging, verifier.Disaster, verifier.Monitoring} {
		if rule, ok := p[purpose]; ok && (f.Purpose == "" || rule.MaxAge < f.Limit) {
			f.Purpose, f.Limit = purpose, rule.MaxAge
		}
	}
	switch {
	case f.Age > f.Limit:
		f.Level = Past
	case f.Age >= f.Limit-f.Limit/5:
		f.Level = Near
	case f.Age >= f.Limit/2:
		f.Level = Half
	default:
		return f
	}
	f.Code = "freshness_" + string(f.Level)
	if ofBoards {
		f.Code += "_boards"
	}
	e, _ := explain.Lookup(f.Code)
	f.Next = e.Next
	return f
}

// Freshness tells how long the home's data can be relied on under a policy (nil:
// the default one), and who gave no vote for its newest header. It opens no
// connection. Codes no_trust, no_data, data_rolled_back.
func (h *Home) Freshness(p verifier.Policy) (Freshness, error) {
	d, err := h.Data()
	if err != nil {
		return Freshness{}, err
	}
	now, err := h.latest()
	if err != nil {
		return Freshness{}, err
	}
	f := newFreshness(p, d.AsOf, now, false)
	for _, m := range d.Silent() {
		f.Silent = append(f.Silent, SilentMember{m.DID, shownName(m.Name)})
	}
	return f, nil
}

// latest is the later of the device's clock and the floor.
func (h *Home) latest() (time.Time, error) {
	floor, err := h.clock.Floor()
	return latest(h.Now(), floor), err
}

// nodeAsked is how long a warning waits for the node that can give it.
const nodeAsked = 3 * time.Second

// NetworkFreshness is Freshness for a board. Data here may be old because nobody
// asked for newer; then the node is asked what it has, and where it answers, its
// answer counts: what is said here decides nothing.
func (h *Home) NetworkFreshness(ctx context.Context) (Freshness, error) {
	f, err := h.Freshness(nil)
	if err == nil && f.Level == Young {
		return f, nil
	}
	c, cerr := h.Client()
	if cerr != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeout(ctx, nodeAsked)
	defer cancel()
	s, cerr := c.Status(ctx)
	if cerr != nil || s.HeaderHeight == 0 {
		return f, err
	}
	return h.StatusFreshness(s)
}

// StatusFreshness is Freshness by what a node says of its newest header, which
// there must be, and of members from which nothing is heard.
func (h *Home) StatusFreshness(s node.Status) (Freshness, error) {
	now, err := h.latest()
	if err != nil {
		return Freshness{}, err
	}
	f := newFreshness(nil, s.HeaderTime, now, true)
	f.ByNode = true
	names := map[did.DID]string{}
	if d, err := h.Data(); err == nil { // without data there are no names
		for _, m := range d.View.Members(d.Height) {
			names[m.DID] = m.Name
		}
	}
	for _, word := range s.Silent {
		if id, err := did.Parse(word); err == nil {
			f.Silent = append(f.Silent, SilentMember{id, shownName(names[id])})
		}
	}
	slices.SortFunc(f.Silent, func(a, b SilentMember) int { return strings.Compare(string(a.DID), string(b.DID)) })
	return f, nil
}

// longestName is how much of a member's name is shown, in characters.
const longestName = 80

// shownName is a name from the ledger as a line may show it.
func shownName(name string) string { return text.Line(name, longestName) }
