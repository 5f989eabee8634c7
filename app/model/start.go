package model

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/ledger/pack"
)

// Strength is how hard a passphrase is to guess, in steps.
type Strength int

// Steps of Strength.
const (
	TooShort Strength = iota
	Weak
	Fair
	Strong
)

// MinPassphrase is the shortest passphrase that a home takes, in characters.
const MinPassphrase = 8

// StrengthOf estimates a passphrase. It is a guess that errs low: characters
// that repeat, run on from the one before or stand in a well-known word count
// little.
func StrengthOf(pass string) Strength {
	if utf8.RuneCountInString(pass) < MinPassphrase {
		return TooShort
	}
	lower := strings.ToLower(pass)
	for _, w := range wellKnown {
		lower = strings.ReplaceAll(lower, w, w[:1])
	}
	var bits float64
	var before rune
	seen := map[rune]int{}
	for _, r := range lower {
		seen[r]++
		switch {
		case r == before, r == before+1, r == before-1:
			bits += 0.5
		case seen[r] > 3:
			bits++
		case unicode.IsLetter(r), unicode.IsSpace(r):
			bits += 2.5
		default:
			bits += 3.5
		}
		before = r
	}
	if lower != strings.ToLower(pass) || pass != lower && strings.ToUpper(pass) != pass {
		bits += 2
	}
	switch {
	case bits < 28:
		return Weak
	case bits < 44:
		return Fair
	}
	return Strong
}

// wellKnown are words that are tried first.
var wellKnown = []string{"password", "passwort", "contraseña", "motdepasse", "bonafide", "hospital", "doctor", "medicine", "qwertyuiop", "qwerty", "qwertz", "azerty", "asdfgh", "letmein", "welcome", "admin", "secret", "iloveyou"}

// StrengthWords says it in words, with what to do about it.
func StrengthWords(w Words, s Strength) string {
	switch s {
	case TooShort:
		return w.N("Too short: it needs at least {{.N}} characters.", MinPassphrase)
	case Weak:
		return w.L("Weak: easy to guess. Add words that do not belong together.")
	case Fair:
		return w.L("Fair. One more word would make it strong.")
	}
	return w.L("Strong.")
}

// NewHome is what a person says about a home to be made.
type NewHome struct {
	Dir         string
	Name        string
	Pass, Again string
}

// Check says what is missing; "" where nothing is. It is for telling while
// somebody types; the home checks again.
func (n NewHome) Check(w Words) string {
	switch {
	case strings.TrimSpace(n.Name) == "":
		return w.L("Say your name first. It stands beside what you do in this home.")
	case StrengthOf(n.Pass) == TooShort:
		return StrengthWords(w, TooShort)
	case n.Again == "":
		return w.L("Type the passphrase a second time.")
	case n.Pass != n.Again:
		return w.L("The two passphrases differ.")
	}
	return ""
}

// Trusting is what the first trust needs from a home.
type Trusting interface {
	Pin(ctx context.Context, n *pack.Network, replace bool, sources []string) error
	Import(ctx context.Context, r io.Reader) (*pack.Result, error)
	Sync(ctx context.Context) (home.Synced, error)
	SetSources(ctx context.Context, sources []string) error
}

// TrustStep is where somebody is on the way to the first trust.
type TrustStep int

// Steps of the first trust.
const (
	TrustFile    TrustStep = iota // no network file yet
	TrustCompare                  // its fingerprint is to be compared
	TrustData                     // the network is believed; its data is to come
	TrustDone                     // data is here
)

// TrustState is what there is to show of it.
type TrustState struct {
	Step     TrustStep
	Network  string                  // whose file it is, safe to show
	AsOf     string                  // the day of its header, in words
	Rows     [fingerprintRows]string // the fingerprint, in groups of four
	Ticked   [fingerprintRows]bool   // rows that a person said are the same
	Typed    string                  // what came by another channel
	Matches  bool                    // Typed is the fingerprint
	Differs  string                  // why Typed is not, in words; "" while it may become so
	Ready    bool                    // it may be believed now
	Replaces bool                    // the home believes another network already
	Result   string                  // what the data is, once it is here
	Code     string                  // of the last error; its words:
	Message  string
	Next     string
}

// Trust is the way to a home's trust: a network file, its fingerprint compared
// with what came by another channel, then the network's data. It cannot be
// skipped by accident: nothing is believed before the whole fingerprint was
// typed, or each of its rows was ticked.
type Trust struct {
	home    Trusting
	words   Words
	changed func()
	Work    *Work

	mu      sync.Mutex
	state   TrustState
	network *pack.Network
}

// NewTrust begins; changed is called after every change.
func NewTrust(h Trusting, w Words, changed func()) *Trust {
	return &Trust{home: h, words: w, changed: changed, Work: NewWork(changed)}
}

// State is what there is to show now.
func (t *Trust) State() TrustState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.state
}

func (t *Trust) update(f func(*TrustState)) {
	t.mu.Lock()
	f(&t.state)
	t.state.Ready = t.state.Step == TrustCompare && sameAll(t.state.Ticked[:], t.state.Matches, t.state.Differs)
	t.mu.Unlock()
	t.changed()
}

// failed says an error in words.
func (t *Trust) failed(err error) {
	code := CodeOf(err)
	message, next := t.words.Explain(code)
	t.update(func(s *TrustState) { s.Code, s.Message, s.Next = code, message, next })
}

func clearTrouble(s *TrustState) { s.Code, s.Message, s.Next = "", "", "" }

// TakeFile reads a network file.
func (t *Trust) TakeFile(f File) {
	b, err := readAll(f, maxNetworkFile)
	if err != nil {
		t.failed(err)
		return
	}
	n, err := pack.ParseNetwork(b)
	if err != nil {
		t.failed(err)
		return
	}
	t.mu.Lock()
	t.network = n
	t.mu.Unlock()
	t.update(func(s *TrustState) {
		*s = TrustState{Step: TrustCompare, Network: Plain(n.ChainID), AsOf: t.words.Stamp(n.Time), Replaces: s.Replaces, Rows: fingerprintInRows(n.Display())}
	})
}

// maxNetworkFile bounds a network file.
const maxNetworkFile = 1 << 20

// readAll reads a file of at most max bytes. Codes file_unreadable,
// file_too_large.
func readAll(f File, max int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, explain.Errorf("file_unreadable", "%w", err)
	}
	defer r.Close() // it was only read
	b, err := io.ReadAll(io.LimitReader(r, max+1))
	switch {
	case err != nil:
		return nil, explain.Errorf("file_unreadable", "%w", err)
	case int64(len(b)) > max:
		return nil, explain.Errorf("file_too_large", "more than %d bytes", max)
	}
	return b, nil
}

// ReadFile reads a file that may be a credential. Codes file_unreadable,
// file_too_large.
func ReadFile(f File) ([]byte, error) { return readAll(f, MaxFile) }

// Type compares what a person types or pastes with the fingerprint.
func (t *Trust) Type(text string) {
	t.mu.Lock()
	n := t.network
	t.mu.Unlock()
	if n == nil {
		return
	}
	same, differs := compared(n.Fingerprint(), text)
	t.update(func(s *TrustState) {
		s.Typed, s.Matches, s.Differs = text, same, ""
		if differs {
			s.Differs = t.words.L("This is not the same. Do not go on: ask the board for its network file and fingerprint again.")
		}
	})
}

// Tick says that a row is the same as what came by another channel, or takes
// that back.
func (t *Trust) Tick(row int, yes bool) {
	if row < 0 || row >= fingerprintRows {
		return
	}
	t.update(func(s *TrustState) { s.Ticked[row] = yes })
}

// Another begins anew with another file.
func (t *Trust) Another() {
	t.mu.Lock()
	t.network = nil
	t.mu.Unlock()
	t.update(func(s *TrustState) { *s = TrustState{} })
}

// Believe pins the network, once it was compared; in the place of another one
// only after a second asking (State.Replaces). Run it beside the screen.
func (t *Trust) Believe(ctx context.Context) {
	t.mu.Lock()
	n, ready, replace := t.network, t.state.Ready, t.state.Replaces
	t.mu.Unlock()
	if n == nil || !ready {
		t.failed(explain.Errorf("fingerprint_mismatch", "it was not compared"))
		return
	}
	err := t.Work.Do(ctx, t.words.L("Noting that the network is trusted"), func(ctx context.Context, _ func(int64, int64)) error {
		return t.home.Pin(ctx, n, replace, nil)
	})
	switch {
	case CodeIs(err, "trust_other_network"):
		t.failed(err)
		t.update(func(s *TrustState) {
			// What was compared counts no more: this asks for a decision anew.
			s.Replaces, s.Ticked, s.Typed, s.Matches = true, [fingerprintRows]bool{}, "", false
		})
	case err != nil:
		t.failed(err)
	default:
		t.update(func(s *TrustState) {
			clearTrouble(s)
			s.Step = TrustData
		})
	}
}

// maxPackFile bounds a pack that is read from a file; the import bounds it
// again.
const maxPackFile = 512 << 20

// TakePack imports a pack file. Run it beside the screen.
func (t *Trust) TakePack(ctx context.Context, f File) {
	var res *pack.Result
	err := t.Work.Do(ctx, t.words.L("Importing and checking the pack"), func(ctx context.Context, far func(int64, int64)) error {
		r, err := f.Open()
		if err != nil {
			return explain.Errorf("file_unreadable", "%w", err)
		}
		defer r.Close()
		var n int64
		res, err = t.home.Import(ctx, readerFunc(func(b []byte) (int, error) {
			if err := ctx.Err(); err != nil {
				return 0, err
			}
			k, err := r.Read(b)
			if n += int64(k); n > maxPackFile {
				return 0, explain.Errorf("pack_too_large", "more than %d bytes", int64(maxPackFile))
			}
			far(n, 0)
			return k, err
		}))
		return err
	})
	if err != nil {
		t.stopped(err)
		return
	}
	t.arrived(res.Data.AsOf, res.Data.Validators)
}

// Sync fetches the data from sources, one address a line. Run it beside the
// screen.
func (t *Trust) Sync(ctx context.Context, sources string) {
	var got home.Synced
	err := t.Work.Do(ctx, t.words.L("Fetching the data"), func(ctx context.Context, _ func(int64, int64)) (err error) {
		if err := t.home.SetSources(ctx, strings.Fields(sources)); err != nil {
			return err
		}
		got, err = t.home.Sync(followed(ctx, t.words, t.Work))
		return err
	})
	if err != nil {
		t.stopped(err)
		return
	}
	t.arrived(got.AsOf, got.Validators)
}

// stopped tells an error, unless somebody cancelled.
func (t *Trust) stopped(err error) {
	if cancelled(err) {
		t.update(clearTrouble)
		return
	}
	t.failed(err)
}

func (t *Trust) arrived(asOf time.Time, validators int) {
	t.update(func(s *TrustState) {
		clearTrouble(s)
		s.Step = TrustDone
		s.Result = t.words.N("The data is as of {{.Stamp}} and signed by {{.N}} boards.", validators, D{"Stamp": t.words.Stamp(asOf)})
	})
}

// CodeIs reports whether an error carries a code.
func CodeIs(err error, code string) bool { return err != nil && explain.CodeOf(err) == code }

func cancelled(err error) bool {
	return errors.Is(err, context.Canceled) || CodeIs(err, "cancelled")
}

// readerFunc is a function that reads.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
