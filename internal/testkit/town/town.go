// Package town is a small world for tests: a board with its register, on a
// ledger in memory, and the homes of practitioners and hospitals around it, which
// are real and on disk. Nothing in it opens a connection.
package town

import (
	"bytes"
	"context"
	"crypto/rand"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bonafide/assets/mappings"
	"bonafide/assets/templates"
	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/internal/testkit"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/storage"
	"bonafide/vc"
)

// Chain is the network's name.
const Chain = "town-abcdefgh"

// BoardName and BoardContact are what the board's document says.
const (
	BoardName    = "Town Board of Medicine"
	BoardContact = "licensing@town.example"
)

// Passphrase opens every home of a town.
const Passphrase = "a fine long passphrase"

// Town is one board and what surrounds it. Failures of the machinery end the
// test.
type Town struct {
	*issuer.Board
	Rows []fixtures.Row // the register; each is licensed to practise

	tb   testing.TB
	dir  string
	mu   sync.Mutex
	l    *testkit.Ledger
	desk *testkit.Board
	data *pack.Data
	late time.Duration // how far the clocks of the homes are ahead of the ledger
}

// New founds a town: a network of one board that is accredited for licences in
// Ohio, with n of them in its register and none issued.
func New(tb testing.TB, n int) *Town {
	tb.Helper()
	t := &Town{tb: tb, dir: tb.TempDir(), l: testkit.NewLedger(tb, Chain, 1, 1)}
	t.desk = t.l.Boards[0]
	docs, err := templates.Documents()
	t.must(err)
	for _, d := range docs {
		t.l.Decide(ledger.RegisterTemplate{Document: d})
	}
	for _, typ := range []string{issuer.ProfessionalLicence, issuer.ControlledSubstanceRegistration} {
		t.l.Decide(ledger.Accredit{Issuer: t.desk.DID, Type: typ, Jurisdictions: []string{"US-OH"}})
	}
	second, err := newP256()
	t.must(err)
	doc, err := bonafide.NextDocument(t.desk.DID, []did.PublicKey{testkit.Public(tb, t.desk.Issuing), second.Public()},
		[]did.PublicKey{testkit.Public(tb, t.desk.Key)}, bonafide.DocumentOptions{Services: []bonafide.Service{bonafide.DeskOf(BoardName, BoardContact)}})
	t.must(err)
	t.l.Execute(t.l.Sign(t.desk, ledger.UpdateDID{Document: doc}))
	t.l.Beat(time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC).Sub(t.l.Now))

	db, err := storage.Open(filepath.Join(t.dir, "issuer.db"), storage.Issuer)
	t.must(err)
	tb.Cleanup(func() { _ = db.Close() })
	store, err := storage.NewIssuerStore(db, bytes.Repeat([]byte{7}, storage.KeySize))
	t.must(err)
	t.Board, err = issuer.New(issuer.Config{
		DID: t.desk.DID, Issuing: ed25519Key{t.desk.Issuing}, IssuingES256: second, LedgerKey: ed25519Key{t.desk.Key},
		Store: store, Ledger: (*node)(t), Settings: issuer.Settings{},
		People: func() ([]string, error) { return nil, nil },
		Now:    t.headerTime, Rand: rand.Reader,
		Wait: func(ctx context.Context, d time.Duration) error {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.l.Beat(max(d, time.Second))
			return ctx.Err()
		},
	})
	t.must(err)
	t.Rows = fixtures.Register(2026, fixtures.Medicine, n, t.headerTime())
	t.Import(t.Rows...)
	return t
}

func (t *Town) must(err error) {
	t.tb.Helper()
	if err != nil {
		t.tb.Fatal(err)
	}
}

// Import takes rows into the register.
func (t *Town) Import(rows ...fixtures.Row) {
	t.tb.Helper()
	var csv bytes.Buffer
	t.must(fixtures.WriteCSV(&csv, rows))
	m, err := issuer.ParseMapping(mappings.Bonafide)
	t.must(err)
	rep, err := t.Board.Import(t.tb.Context(), &csv, m, issuer.ImportOptions{Person: "owner"})
	t.must(err)
	if rep.Bad > 0 {
		t.tb.Fatalf("%d bad rows", rep.Bad)
	}
}

// Now is the time on the clocks of the homes.
func (t *Town) Now() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.l.Now.Add(t.late)
}

// Pass lets time go by without the ledger: what the homes know grows older.
func (t *Town) Pass(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.late += d
}

func (t *Town) headerTime() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.l.Now
}

// Options open a home of the town.
func (t *Town) Options() home.Options {
	return home.Options{
		Now: t.Now, Cost: home.Cost{Time: 1, MemoryKiB: 8, Threads: 1},
		Passphrase: func(string, bool) ([]byte, error) { return []byte(Passphrase), nil },
	}
}

// Dir is where the home of a name lies.
func (t *Town) Dir(name string) string { return filepath.Join(t.dir, name) }

// Home makes a home that believes the network and knows its data.
func (t *Town) Home(name string) *home.Home {
	t.tb.Helper()
	h := t.Bare(name)
	t.Bring(h)
	return h
}

// Bare makes a home that believes nobody.
func (t *Town) Bare(name string) *home.Home {
	t.tb.Helper()
	h, err := home.Create(t.Dir(name), t.Options(), false)
	t.must(err)
	t.tb.Cleanup(func() { _ = h.Close() })
	return h
}

// Bring gives a home the newest data, as a stick from hand to hand would.
func (t *Town) Bring(h *home.Home) {
	t.tb.Helper()
	n, err := pack.ParseNetwork(t.Network())
	t.must(err)
	t.must(h.Pin(t.tb.Context(), n, false, nil))
	_, err = h.Import(t.tb.Context(), bytes.NewReader(t.Pack()))
	t.must(err)
}

// Network is the network file of now.
func (t *Town) Network() []byte {
	t.tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	top, err := t.l.LightBlock(t.l.Header())
	t.must(err)
	n, err := pack.NewNetwork(top)
	t.must(err)
	return n.Marshal()
}

// Pack is the trust pack of now.
func (t *Town) Pack() []byte {
	t.tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	var b bytes.Buffer
	t.must(pack.Export(&b, t.l, 0))
	return b.Bytes()
}

// Code is a new claim code for a licence.
func (t *Town) Code(number string) string {
	t.tb.Helper()
	code, _, err := t.ClaimCode(t.tb.Context(), number, issuer.ClaimCodeOptions{Person: "owner"})
	t.must(err)
	return code
}

// Answer takes a claim in and returns the licence that it was for, in both
// envelopes. A code that the board did not give ends the test.
func (t *Town) Answer(claim []byte) (vcdm, sdjwt []byte) {
	t.tb.Helper()
	c, err := t.AcceptClaim(t.tb.Context(), claim, "owner")
	t.must(err)
	t.Issue()
	return t.Issued(c.Key.Number, issuer.Bound)
}

// Issue issues what waits.
func (t *Town) Issue() {
	t.tb.Helper()
	rep, err := t.Board.Issue(t.tb.Context(), issuer.IssueOptions{Person: "owner"})
	t.must(err)
	if len(rep.Problems) > 0 {
		t.tb.Fatal(rep.Problems)
	}
}

// Issued is an issued licence in both envelopes.
func (t *Town) Issued(number string, form issuer.Form) (vcdm, sdjwt []byte) {
	t.tb.Helper()
	vcdm, _, err := t.Credential(t.tb.Context(), number, form, vc.VCDM)
	t.must(err)
	sdjwt, _, err = t.Credential(t.tb.Context(), number, form, vc.SDJWT)
	t.must(err)
	return vcdm, sdjwt
}

// Set gives a licence another status on the ledger.
func (t *Town) Set(number string, s ledger.Status) {
	t.tb.Helper()
	_, err := t.Board.Status(t.tb.Context(), issuer.StatusAct{Ref: number, Value: s, Reason: "a test", Person: "owner"})
	t.must(err)
}
