package model

// The identity of a board: who it is on the ledger, its keys, what is done when
// one was in other hands or all are lost, its certificate and its rules.

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/keys"
	"bonafide/issuer"
)

// Identifying is what the identity's room needs of a board's home.
type Identifying interface {
	Actor() string
	BoardProfile() (home.BoardProfile, error)
	RotateKey(ctx context.Context, use string) (method string, err error)
	ReportKey(ctx context.Context, method string, from time.Time) error
	WouldFall(ctx context.Context, method string, from time.Time) (issuer.Fall, error)
	Recovery(ctx context.Context, id did.DID) ([]byte, error)
	CertificateRequest(ctx context.Context) ([]byte, error)
	SetCertificates(ctx context.Context, file []byte) (home.BoardCertificate, error)
	SetBoardSettings(b []byte) (issuer.Settings, error)
}

// KeyRow is a key of the board.
type KeyRow struct {
	Use      string // as the home names it
	Title    string // what it is for
	Since    string
	State    string // whether it is in use, was replaced, or was reported
	Method   string // its identifier on the ledger
	InUse    bool
	Reported bool
}

// MadeFile is a file that was made, to be saved and handed on.
type MadeFile struct {
	Name        string
	Says        string
	Fingerprint string // "" where none is compared
	Bytes       []byte
}

// IdentityState is everything that the room shows, beside the work under way.
type IdentityState struct {
	Version     int
	Loaded      bool
	Trouble     Trouble
	Name        string
	Odd         bool
	Contact     string
	DID         string
	Network     string
	Standing    string   // that the ledger knows it, or not, or no more
	Lacks       []string // uses of keys that it has none for
	Keys        []KeyRow // those in use first
	Certificate string
	Grace       []Fact
	Step        *Step
	Made        *MadeFile
	Said        []string
	Failed      Trouble
}

// Identity is the room in which a board looks after who it is.
type Identity struct {
	open    func() (Identifying, error)
	words   Words
	now     Clock
	changed func()

	// Work is what is under way.
	Work *Work

	mu      sync.Mutex
	state   IdentityState
	profile home.BoardProfile
}

// NewIdentity makes the room about the home that open gives; changed is called
// after every change, from any goroutine.
func NewIdentity(open func() (Identifying, error), w Words, now Clock, changed func()) *Identity {
	return &Identity{open: open, words: w, now: now, changed: changed, Work: NewWork(changed)}
}

// State is what the room shows now.
func (n *Identity) State() IdentityState {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}

func (n *Identity) update(f func(*IdentityState)) {
	n.mu.Lock()
	f(&n.state)
	n.state.Version++
	n.mu.Unlock()
	n.changed()
}

// Refresh reads what the home has. It asks nobody.
func (n *Identity) Refresh(ctx context.Context) {
	h, err := n.open()
	var p home.BoardProfile
	if err == nil {
		p, err = h.BoardProfile()
	}
	if ctx.Err() != nil {
		return
	}
	w := n.words
	n.update(func(s *IdentityState) {
		s.Loaded, s.Trouble = true, trouble(w, err)
		n.profile = p
		if p.DID != "" {
			s.DID = string(p.DID)
		}
		if err != nil {
			return
		}
		s.Name, s.Odd, s.Contact, s.Network = Plain(p.Name), odd(p.Name), Plain(p.Contact), Plain(p.Network)
		switch {
		case p.Ended:
			s.Standing = w.L("This identity was closed for good.")
		case p.Anchored:
			s.Standing = w.L("The ledger knows this board.")
		default:
			s.Standing = w.L("The ledger does not know this board yet: a member has to vouch for it.")
		}
		s.Keys, s.Lacks = keyRows(w, p), nil
		for _, use := range []string{keys.Issuing, keys.IssuingES256, keys.Ledger} {
			if p.Anchored && !p.Ended && !slices.ContainsFunc(p.Keys, func(k home.BoardKey) bool { return k.Use == use && k.InUse }) {
				s.Lacks = append(s.Lacks, use)
			}
		}
		s.Certificate = w.L("There is none. It is needed only for readers who know boards by certificates instead of the ledger.")
		if c := p.Certificate; c != nil {
			s.Certificate = certificateSays(w, *c)
		}
		s.Grace = nil
		for _, g := range p.Settings.Grace {
			s.Grace = append(s.Grace, graceSays(w, g))
		}
	})
}

func certificateSays(w Words, c home.BoardCertificate) string {
	return w.L("For {{.Subject}}, by {{.Issuer}}, until {{.When}}.", D{"Subject": Plain(c.Subject), "Issuer": Plain(c.Issuer), "When": w.Date(c.Expires)})
}

func graceSays(w Words, g issuer.Grace) Fact {
	name := w.L("Every kind of licence")
	if g.Type != "" {
		name = TypeName(w, g.Type)
	}
	days := w.N("{{.N}} days after the expiry", g.Days)
	if g.Jurisdiction != "" {
		return Fact{Name: w.L("{{.Type}} in {{.Place}}", D{"Type": name, "Place": PlaceName(w, g.Jurisdiction)}), Value: days}
	}
	return Fact{Name: name, Value: days}
}

// KeyTitle is what a key is for, in words.
func KeyTitle(w Words, use string) string {
	switch use {
	case keys.Issuing:
		return w.L("Signs licences in their whole form")
	case keys.IssuingES256:
		return w.L("Signs licences in their selective form")
	case keys.Ledger:
		return w.L("Signs what the board writes on the ledger")
	}
	return w.L("Another key in this board's document")
}

// keyRows are the keys in use by what they are for, then the others, newest
// first.
func keyRows(w Words, p home.BoardProfile) (out []KeyRow) {
	for _, use := range []string{keys.Issuing, keys.IssuingES256, keys.Ledger} {
		for _, k := range p.Keys {
			if k.Use == use && k.InUse {
				out = append(out, keyRow(w, k))
			}
		}
	}
	for _, k := range p.Keys {
		if !k.InUse {
			out = append(out, keyRow(w, k))
		}
	}
	return out
}

func keyRow(w Words, k home.BoardKey) KeyRow {
	r := KeyRow{Use: k.Use, Title: KeyTitle(w, k.Use), Method: Plain(k.Method), InUse: k.InUse, Reported: !k.Reported.IsZero()}
	r.Since = w.L("Since the board began.")
	if !k.Since.IsZero() {
		r.Since = w.L("Since {{.When}}.", D{"When": w.Stamp(k.Since)})
	}
	switch {
	case r.Reported:
		r.State = w.L("Reported: nothing that it has signed since {{.When}} verifies.", D{"When": w.Stamp(k.Reported)})
	case k.InUse:
		r.State = w.L("In use.")
	case k.InForce:
		r.State = w.L("In force, but its secret half is not in this home.")
	case !k.Until.IsZero():
		r.State = w.L("Replaced on {{.When}}. What it signed stays valid.", D{"When": w.Stamp(k.Until)})
	default:
		r.State = w.L("Replaced. What it signed stays valid.")
	}
	return r
}

func (n *Identity) begin() {
	n.update(func(s *IdentityState) { s.Said, s.Failed = nil, Trouble{} })
}

func (n *Identity) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if cancelled(err) {
		err = nil
	}
	n.update(func(s *IdentityState) { s.Failed = trouble(n.words, err) })
}

// AskRotate shows what replacing a key means.
func (n *Identity) AskRotate(ctx context.Context, use string) {
	n.begin()
	h, err := n.open()
	if err != nil {
		n.failed(ctx, err)
		return
	}
	n.update(func(s *IdentityState) { s.Step = n.rotation(h, use) })
}

// rotation needs the lock.
func (n *Identity) rotation(h Identifying, use string) *Step {
	w := n.words
	step := &Step{
		Title: w.L("Replace a key: {{.What}}", D{"What": KeyTitle(w, use)}), Confirm: w.L("Replace the key"), Signs: signs(w, h.Actor()),
		Lines: []string{w.L("A new key is made in this home and put on the ledger in the place of the one in use.")},
	}
	if slices.ContainsFunc(n.profile.Keys, func(k home.BoardKey) bool { return k.Use == use && k.InForce }) {
		step.Lines = append(step.Lines, w.L("What the old key signed stays valid. If it may be in other hands, report it afterwards."))
	} else {
		step.Lines = append(step.Lines, w.L("The board has no such key yet. The next issuing adds what was missing without it."))
	}
	if use == keys.IssuingES256 && n.profile.Certificate != nil {
		step.Lines = append(step.Lines, w.L("The certificate is for the old key: have a new one made afterwards."))
	}
	step.Lines = append(step.Lines, w.L("Make a backup afterwards: those made before do not have the new key."))
	step.do = func(ctx context.Context) ([]string, error) {
		method, err := h.RotateKey(ctx, use)
		return []string{w.L("The new key is on the ledger."), Plain(method)}, err
	}
	return step
}

// ParseFrom reads from when on a key was in other hands: a day, or a day and a
// time, in UTC. Code date_malformed.
func ParseFrom(text string) (time.Time, error) {
	text = strings.Join(strings.Fields(text), " ")
	for _, form := range []string{time.DateOnly, "2006-01-02 15:04", time.RFC3339} {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, explain.Errorf("date_malformed", "neither a day nor a time")
}

// AskReport shows what a report of a key would bring down. The key for the
// ledger that is in use is replaced first: once it is reported it signs nothing
// more, its successor neither. Run it beside the screen. Codes date_malformed,
// report_future, audit_unproved.
func (n *Identity) AskReport(ctx context.Context, method, when string) {
	n.begin()
	w := n.words
	from, err := ParseFrom(when)
	if err == nil && from.After(n.now()) {
		err = explain.Errorf("report_future", "a time to come")
	}
	if err != nil {
		n.failed(ctx, err)
		return
	}
	h, err := n.open()
	if err != nil {
		n.failed(ctx, err)
		return
	}
	if k, ok := n.key(method); ok && k.InUse && k.Use == keys.Ledger {
		n.update(func(s *IdentityState) {
			step := n.rotation(h, keys.Ledger)
			step.Title = w.L("Replace this key before it is reported")
			step.Lines = append([]string{w.L("A key that is reported signs nothing more, and without a key for the ledger this board can do nothing until the members vote for new ones. Replace it now, and report the old one then.")}, step.Lines...)
			s.Step = step
		})
		return
	}
	var fall issuer.Fall
	err = n.Work.Do(ctx, w.L("Counting what falls"), func(ctx context.Context, _ func(int64, int64)) (err error) {
		fall, err = h.WouldFall(ctx, method, from)
		return err
	})
	if err != nil {
		n.failed(ctx, err)
		return
	}
	step := &Step{
		Title: w.L("Report a key"), Confirm: w.L("Report the key"), Signs: signs(w, h.Actor()), Word: w.L("report"),
		Facts: []Fact{{Name: w.L("Key"), Value: Plain(method)}},
		Lines: []string{w.L("Nothing that this key has signed since {{.When}} verifies any more, at any hospital that has synced. It is final.", D{"When": w.Stamp(from)})},
	}
	if fall.Batches == 0 {
		step.Lines = append(step.Lines, w.L("Nothing that this register has issued falls by it."))
	} else {
		step.Lines = append(step.Lines,
			w.N("It brings down {{.N}} credentials.", fall.Credentials),
			w.N("{{.N}} licences rest on them and get new credentials by the next issuing. Until then they cannot be verified.", fall.Licences))
	}
	if k, ok := n.key(method); ok && k.InUse {
		step.Lines = append(step.Lines, w.L("The key is in use: replace it, too, before anything is issued."))
	}
	step.do = func(ctx context.Context) ([]string, error) {
		return []string{w.L("The key is reported. Issue now, so that what fell is replaced.")}, h.ReportKey(ctx, method, from)
	}
	n.update(func(s *IdentityState) { s.Step = step })
}

func (n *Identity) key(method string) (home.BoardKey, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.IndexFunc(n.profile.Keys, func(k home.BoardKey) bool { return k.Method == method })
	if i < 0 {
		return home.BoardKey{}, false
	}
	return n.profile.Keys[i], true
}

// AskRecovery shows what making new keys for a board means that lost its own.
func (n *Identity) AskRecovery(ctx context.Context) {
	n.begin()
	w := n.words
	h, err := n.open()
	if err != nil {
		n.failed(ctx, err)
		return
	}
	n.mu.Lock()
	id := n.profile.DID
	n.mu.Unlock()
	step := &Step{
		Title: w.L("New keys for a board that lost its own"), Confirm: w.L("Make the file"),
		Lines: []string{
			w.L("This is for when the key for the ledger is lost, or when somebody else may have all keys. To replace a key that is there, use its own button."),
			w.L("New keys are made in this home. They can do nothing until the members have voted for them and a delay has passed."),
			w.L("Give the file to a member and tell the fingerprint by another way."),
		},
	}
	step.do = func(ctx context.Context) ([]string, error) {
		doc, err := h.Recovery(ctx, id)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(doc)
		n.update(func(s *IdentityState) {
			s.Made = &MadeFile{
				Name: "new-keys.json", Bytes: doc, Fingerprint: grouped(hex.EncodeToString(sum[:])),
				Says: w.L("The new keys are made. Save the file, give it to a member, and tell the fingerprint by another way."),
			}
		})
		return nil, nil
	}
	n.update(func(s *IdentityState) { s.Step = step })
}

// Request makes a request for a certificate, as a file. Run it beside the screen.
func (n *Identity) Request(ctx context.Context) {
	n.begin()
	w := n.words
	h, err := n.open()
	var csr []byte
	if err == nil {
		err = n.Work.Do(ctx, w.L("Making the request"), func(ctx context.Context, _ func(int64, int64)) (err error) {
			csr, err = h.CertificateRequest(ctx)
			return err
		})
	}
	if err != nil {
		n.failed(ctx, err)
		return
	}
	n.update(func(s *IdentityState) {
		s.Made = &MadeFile{
			Name: "board.csr", Bytes: csr,
			Says: w.L("The request is made. Save it, give it to the certification authority, and keep here what comes back."),
		}
	})
}

// KeepCertificate keeps what an authority gave. Run it beside the screen. Codes of
// home.SetCertificates.
func (n *Identity) KeepCertificate(ctx context.Context, f File) {
	n.take(ctx, f, n.words.L("Checking the certificate"), func(ctx context.Context, h Identifying, b []byte) ([]string, error) {
		c, err := h.SetCertificates(ctx, b)
		return []string{n.words.L("The certificate is kept. New licences in their selective form carry it."), certificateSays(n.words, c)}, err
	})
}

// KeepRules keeps the board's rules. Run it beside the screen. Code
// board_settings.
func (n *Identity) KeepRules(ctx context.Context, f File) {
	n.take(ctx, f, n.words.L("Checking the rules"), func(_ context.Context, h Identifying, b []byte) ([]string, error) {
		s, err := h.SetBoardSettings(b)
		return []string{n.words.N("{{.N}} rules are kept. They hold from the next issuing on.", len(s.Grace))}, err
	})
}

// maxRules bounds a file of certificates or rules.
const maxRules = 1 << 20

func (n *Identity) take(ctx context.Context, f File, what string, keep func(ctx context.Context, h Identifying, b []byte) ([]string, error)) {
	n.begin()
	h, err := n.open()
	var said []string
	if err == nil {
		err = n.Work.Do(ctx, what, func(ctx context.Context, _ func(int64, int64)) error {
			b, err := readAll(f, maxRules)
			if err != nil {
				return err
			}
			said, err = keep(ctx, h, b)
			return err
		})
	}
	if err != nil {
		n.failed(ctx, err)
		return
	}
	n.Refresh(ctx)
	n.update(func(s *IdentityState) { s.Said = said })
}

// Type notes the word that somebody types for what cannot be taken back.
func (n *Identity) Type(text string) {
	n.update(func(s *IdentityState) {
		if s.Step != nil {
			step := *s.Step
			step.Typed = text
			s.Step = &step
		}
	})
}

// Decline drops the step that waits.
func (n *Identity) Decline() { n.update(func(s *IdentityState) { s.Step, s.Failed = nil, Trouble{} }) }

// Dismiss drops what was made and said.
func (n *Identity) Dismiss() {
	n.update(func(s *IdentityState) { s.Step, s.Made, s.Said, s.Failed = nil, nil, nil, Trouble{} })
}

// Confirm does the step that waits. Run it beside the screen. Code
// word_not_typed, and those of the step.
func (n *Identity) Confirm(ctx context.Context) {
	step := n.State().Step
	if step == nil {
		return
	}
	n.begin()
	said, err := step.confirm(ctx, n.Work, n.words)
	n.Refresh(ctx)
	if ctx.Err() != nil {
		return
	}
	n.update(func(s *IdentityState) {
		if err == nil {
			s.Step, s.Said = nil, said
		}
	})
	n.failed(ctx, err)
}
