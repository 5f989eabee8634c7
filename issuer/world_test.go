package issuer_test

// A board with its real store and the real state machine of the ledger; only
// consensus is left out.

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"bonafide/assets/mappings"
	"bonafide/assets/templates"
	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/key"
	"bonafide/internal/claimcode"
	"bonafide/internal/fixtures"
	"bonafide/internal/testkit"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/storage"
	"bonafide/vc"
)

const chain = "test-abcdefgh"

var ctx = context.Background()

func TestMain(m *testing.M) {
	// Epochs that stay open for a while, so that waiting is part of every test.
	testkit.TestParams.Interval = time.Minute
	m.Run()
}

// signer is an Ed25519 key.
type signer struct{ k ed25519.PrivateKey }

func (s signer) Public() did.PublicKey {
	p, err := did.NewPublicKey(did.Ed25519, s.k.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	return p
}
func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.k, msg), nil }

// p256 is a P-256 key.
type p256 struct{ k *ecdsa.PrivateKey }

func newP256(seed byte) p256 {
	d := sha256.Sum256([]byte{seed})
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
	if err != nil {
		panic(err)
	}
	return p256{k}
}

func (s p256) Public() did.PublicKey {
	point, err := s.k.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	p, err := did.NewPublicKey(did.P256, point)
	if err != nil {
		panic(err)
	}
	return p
}

// Sign gives another signature each time.
func (s p256) Sign(msg []byte) ([]byte, error) {
	digest := sha256.Sum256(msg)
	r, t, err := ecdsa.Sign(cryptorand.Reader, s.k, digest[:])
	if err != nil {
		return nil, err
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	t.FillBytes(sig[32:])
	return sig, nil
}

// phone is a wallet with its two keys.
type phone struct {
	signer
	es256 p256
}

func newPhone(seed byte) phone { return phone{newSigner(seed), newP256(seed)} }

// node is the ledger as a board sees it.
type node struct {
	mu   sync.Mutex
	l    *testkit.Ledger
	id   did.DID
	data *pack.Data

	sent       []ledger.Tx
	submits    int // calls so far
	failSubmit int // number of the call that fails; 0: none
	executed   bool
	lag        int  // refreshes that still show old data
	full       bool // show the node's own state, change logs and all
	entries    func([][]byte) [][]byte
}

var errInjected = errors.New("injected failure")

func (n *node) ChainID() string { return chain }

func (n *node) Submit(_ context.Context, tx []byte) (issuer.Receipt, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.submits++
	parsed, err := ledger.ParseTx(tx)
	if err != nil {
		return issuer.Receipt{}, err
	}
	n.sent = append(n.sent, parsed)
	fail := n.submits == n.failSubmit
	if fail && !n.executed {
		return issuer.Receipt{}, fmt.Errorf("before: %w", errInjected)
	}
	out := n.l.Block(tx)
	r := issuer.Receipt{Height: n.l.Header(), Code: out.Results[0].Code, Detail: out.Results[0].Detail}
	n.l.Settle()
	if fail {
		return issuer.Receipt{}, fmt.Errorf("after: %w", errInjected)
	}
	return r, nil
}

// Refresh gives a copy of the state, as a pack would bring it.
func (n *node) Refresh(context.Context) (*pack.Data, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.full {
		v := n.l.View()
		return &pack.Data{View: v, ChainID: chain, Height: v.Height(), AsOf: n.l.Now}, nil
	}
	if n.data != nil && n.lag > 0 {
		n.lag--
		return n.data, nil
	}
	if n.data == nil || n.data.Height != n.l.View().Height() {
		c, err := n.l.View().Export(0, time.Time{})
		if err != nil {
			return nil, err
		}
		v, err := ledger.Assemble(c)
		if err != nil {
			return nil, err
		}
		n.data = &pack.Data{View: v, ChainID: chain, Height: v.Height(), AsOf: n.l.Now}
	}
	return n.data, nil
}

func (n *node) BatchPath(_ context.Context, id did.DID, root ledger.Hash) (ledger.Located, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.l.View().Locate(id, root)
}

func (n *node) Sequence(_ context.Context, id did.DID) (uint64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.l.View().Sequence(id)
}

func (n *node) Subject(_ context.Context, name string) ([][]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, err := n.l.View().Entries(name)
	if n.entries != nil {
		e = n.entries(e)
	}
	return e, err
}

// pass lets time go by on the ledger.
func (n *node) pass(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.l.Beat(d)
}

// now is the ledger's clock.
func (n *node) now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.l.Now
}

// lockedRand is the same randomness every time.
type lockedRand struct {
	mu sync.Mutex
	r  *rand.ChaCha8
}

func newRand() io.Reader { return &lockedRand{r: rand.NewChaCha8([32]byte{1})} }

func (l *lockedRand) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// world is one board and what surrounds it.
type world struct {
	t      testing.TB
	l      *testkit.Ledger
	node   *node
	desk   *testkit.Board
	store  issuer.Store
	db     *storage.DB
	rand   io.Reader
	board  *issuer.Board
	grace  []issuer.Grace
	rows   []fixtures.Row
	people []string // of the home; none: one person
	es256  *p256    // the board's key for SD-JWT VCs; nil: it has none
	chain  [][]byte
	wallet []phone
	mapped *issuer.Mapping
}

var scopes = []struct{ typ, jurisdiction string }{
	{issuer.ProfessionalLicence, "US-OH"},
	{issuer.ControlledSubstanceRegistration, "US-OH"},
	{issuer.TrainingCertification, "US"},
	{issuer.BoardCertification, "US"},
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldIn(t, scratch(t))
}

// newWorldIn keeps the store's file in a folder.
func newWorldIn(t testing.TB, dir string) *world {
	t.Helper()
	l := testkit.NewLedger(t, chain, 1, 1)
	w := &world{t: t, l: l, desk: l.Boards[0], rand: newRand()}
	docs, err := templates.Documents()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		l.Decide(ledger.RegisterTemplate{Document: d})
	}
	for _, s := range scopes {
		l.Decide(ledger.Accredit{Issuer: w.desk.DID, Type: s.typ, Jurisdictions: []string{s.jurisdiction}})
	}
	w.node = &node{l: l, id: w.desk.DID}
	w.db, err = storage.Open(filepath.Join(dir, "issuer.db"), storage.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.db.Close() })
	s, err := storage.NewIssuerStore(w.db, bytes.Repeat([]byte{7}, storage.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	w.store = s
	if w.mapped, err = issuer.ParseMapping(mappings.Bonafide); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		w.wallet = append(w.wallet, newPhone(byte(40+i)))
	}
	w.setES256(newP256(99))
	w.open(w.store)
	return w
}

// setES256 gives the board a key for SD-JWT VCs.
func (w *world) setES256(k p256) {
	w.t.Helper()
	w.es256 = &k
	w.update()
}

// update puts the board's present keys on the ledger.
func (w *world) update() { w.updateBy(w.desk.Key) }

// updateBy does so with a new ledger key, which signs from then on.
func (w *world) updateBy(ledgerKey ed25519.PrivateKey) {
	w.t.Helper()
	issuing := []did.PublicKey{testkitPublic(w, w.desk.Issuing)}
	if w.es256 != nil {
		issuing = append(issuing, w.es256.Public())
	}
	doc, err := bonafide.NextDocument(w.desk.DID, issuing, []did.PublicKey{testkitPublic(w, ledgerKey)}, bonafide.DocumentOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.l.Execute(w.l.Sign(w.synced(), ledger.UpdateDID{Document: doc}))
	w.desk.Key = ledgerKey
}

// scratch is a folder that goes away. Durability against a power cut is tested
// in storage; here memory will do, and a year is told hundreds of times.
func scratch(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "bonafide-issuer-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// open makes the board anew, as after a restart.
func (w *world) open(s issuer.Store) *issuer.Board {
	w.t.Helper()
	var es256 issuer.Signer
	if w.es256 != nil {
		es256 = *w.es256
	}
	b, err := issuer.New(issuer.Config{
		IssuingES256: es256, Certificates: w.chain,
		People: func() ([]string, error) { return w.people, nil },
		DID:    w.desk.DID, Issuing: signer{w.desk.Issuing}, LedgerKey: signer{w.desk.Key},
		Store: s, Ledger: w.node, Settings: issuer.Settings{Grace: w.grace}, Now: w.node.now, Rand: w.rand,
		Wait: func(ctx context.Context, d time.Duration) error {
			w.node.pass(max(d, 10*time.Second))
			return ctx.Err()
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.board = b
	return b
}

func (w *world) csv(rows []fixtures.Row) []byte {
	w.t.Helper()
	var b bytes.Buffer
	if err := fixtures.WriteCSV(&b, rows); err != nil {
		w.t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) importRows(rows []fixtures.Row) issuer.ImportReport {
	w.t.Helper()
	r, err := w.board.Import(ctx, bytes.NewReader(w.csv(rows)), w.mapped, issuer.ImportOptions{Person: "Ada"})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) issue() issuer.IssueReport {
	w.t.Helper()
	r, err := w.board.Issue(ctx, issuer.IssueOptions{Person: "Ada"})
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) setStatus(ref string, v ledger.Status) {
	w.t.Helper()
	if _, err := w.board.Status(ctx, issuer.StatusAct{Ref: ref, Value: v, Person: "Ada"}); err != nil {
		w.t.Fatal(err)
	}
}

// claim answers a claim code with a wallet, for both formats.
func (w *world) claim(text string, s phone) []byte {
	w.t.Helper()
	return w.claimFile(w.claimVP(text, s.signer), w.claimProof(text, s.es256))
}

func (w *world) claimFile(vp, proof []byte) []byte {
	w.t.Helper()
	b, err := json.Marshal(map[string]any{"format": 1, "presentation": json.RawMessage(vp), "proof": string(proof)})
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// claimVP is the part of a claim that is for VCDM credentials.
func (w *world) claimVP(text string, s signer) []byte {
	w.t.Helper()
	c, err := claimcode.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	k := s.Public()
	holder := key.New(k)
	p, err := vc.Present(holder, nil, c.Challenge(w.desk.DID, holder), string(w.desk.DID), key.MethodID(k), w.l.Now, s.Sign)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// claimProof is the part of a claim that is for SD-JWT VCs.
func (w *world) claimProof(text string, s p256) []byte {
	w.t.Helper()
	c, err := claimcode.Parse(text)
	if err != nil {
		w.t.Fatal(err)
	}
	k := s.Public()
	p, err := vc.ProvePossession(k, c.Challenge(w.desk.DID, key.New(k)), string(w.desk.DID), w.l.Now, s.Sign)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// bound is the envelope of a licence in a format.
func (w *world) bound(ref string, f vc.Format) seen {
	w.t.Helper()
	b, index, err := w.board.Credential(ctx, ref, issuer.Bound, f)
	if err != nil {
		w.t.Fatal(err)
	}
	s := w.verify(b)
	if s.index != index || s.format != f {
		w.t.Fatalf("index %d of %s in the register, %d of %s in the credential", index, f, s.index, s.format)
	}
	return s
}

func (w *world) claimAndIssue(ref string, s phone) []byte {
	w.t.Helper()
	text, _, err := w.board.ClaimCode(ctx, ref, issuer.ClaimCodeOptions{Person: "Ada"})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.board.AcceptClaim(ctx, w.claim(text, s), "Ada"); err != nil {
		w.t.Fatal(err)
	}
	w.issue()
	b, _, err := w.board.Credential(ctx, ref, issuer.Bound, vc.VCDM)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// seen is what a verifier makes of a credential.
type seen struct {
	format vc.Format
	claims map[string]any
	holder did.DID       // of VCDM
	key    did.PublicKey // of an SD-JWT VC
	index  uint32
	status ledger.Status
	leaf   ledger.Hash
	until  time.Time
}

// verify checks a credential as an outsider would: anchor, key, proof, status.
func (w *world) verify(b []byte) seen {
	w.t.Helper()
	p, err := vc.Parse(b)
	if err != nil {
		w.t.Fatalf("parsing a credential: %v", err)
	}
	a, err := ledger.ParseAnchor(p.AnchorHint())
	if err != nil {
		w.t.Fatal(err)
	}
	leaf, err := p.Leaf(chain, a.Salt)
	if err != nil {
		w.t.Fatal(err)
	}
	d, err := w.node.Refresh(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := d.View.CheckAnchor(a, w.desk.DID, leaf); err != nil {
		w.t.Fatalf("checking an anchor: %v", err)
	}
	e, err := d.View.Epoch(a.Epoch)
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := bonafide.NewResolver(d.View).Resolve(ctx, w.desk.DID, did.ResolveOptions{Height: e.Height})
	if err != nil {
		w.t.Fatal(err)
	}
	auth, err := p.Verify(func(m string, rel did.Relationship) (did.PublicKey, error) {
		vm, err := res.Document.Method(m, rel)
		return vm.Key, err
	})
	if err != nil {
		w.t.Fatalf("checking a proof: %v", err)
	}
	var s seen
	s.format, s.claims, s.holder, s.key, s.leaf = auth.Format(), auth.Claims(), auth.Holder(), auth.HolderKey(), leaf
	s.until, _ = auth.ValidUntil()
	entry := s.claims["credentialStatus"].([]any)[0].(map[string]any)
	n, err := strconv.ParseUint(entry["statusIndex"].(string), 10, 32)
	if err != nil {
		w.t.Fatal(err)
	}
	s.index = uint32(n)
	if s.status, err = d.View.Status(w.desk.DID, s.index); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// copyOf is the register copy of a licence. Where the board issues SD-JWT VCs
// its other format must say the same under the same index.
func (w *world) copyOf(ref string) seen {
	w.t.Helper()
	read := func(f vc.Format) seen {
		b, index, err := w.board.Credential(ctx, ref, issuer.RegisterCopy, f)
		if err != nil {
			w.t.Fatal(f, err)
		}
		s := w.verify(b)
		if s.index != index || s.format != f {
			w.t.Fatalf("index %d of %s in the register, %d of %s in the credential", index, f, s.index, s.format)
		}
		return s
	}
	s := read(vc.VCDM)
	if w.es256 != nil {
		o := read(vc.SDJWT)
		if o.index != s.index || o.leaf == s.leaf || !o.until.Equal(s.until) || o.key.Kind() != 0 ||
			!reflect.DeepEqual(o.claims["credentialSubject"], s.claims["credentialSubject"]) {
			w.t.Fatalf("the formats differ: %v, %v", s.claims, o.claims)
		}
	}
	return s
}

func (w *world) status(index uint32) ledger.Status {
	w.t.Helper()
	s, err := w.l.View().Status(w.desk.DID, index)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// audit must find nothing.
func (w *world) audit() {
	w.t.Helper()
	r, err := w.board.Audit(ctx, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if !r.Clean() || r.Unsent > 0 {
		w.t.Fatalf("audit: %+v", r)
	}
}

// notInFiles fails if one of the texts can be read in the board's database.
func (w *world) notInFiles(markers ...string) {
	w.t.Helper()
	files, err := filepath.Glob(w.db.Path() + "*")
	if err != nil || len(files) < 1 {
		w.t.Fatal(files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, m := range markers {
			if m != "" && bytes.Contains(b, []byte(m)) {
				w.t.Errorf("%q stands in %s", m, filepath.Base(f))
			}
		}
	}
}

func medicine(w *world, n int) []fixtures.Row {
	return fixtures.Register(5, fixtures.Medicine, n, w.l.Now)
}

// silent fails if text of a practitioner stands in s.
func silent(t testing.TB, s string, rows []fixtures.Row) {
	t.Helper()
	for _, r := range rows {
		for _, x := range []string{r.GivenName, r.FamilyName, r.Number, r.NPI} {
			if x != "" && strings.Contains(s, x) {
				t.Errorf("%q stands in %.200q", x, s)
			}
		}
	}
}

type testkitBoard = testkit.Board

func testkitPublic(w *world, k ed25519.PrivateKey) did.PublicKey { return testkit.Public(w.t, k) }

// withChecks completes a guessed code by trying check characters.
func withChecks(t testing.TB, s string) string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	plain := strings.ReplaceAll(s, "-", "")[:21]
	for _, a := range alphabet {
		for _, b := range alphabet {
			if _, err := claimcode.Parse(plain + string(a) + string(b)); err == nil {
				return plain + string(a) + string(b)
			}
		}
	}
	t.Fatal("no check characters fit")
	return ""
}

const boardDID = did.DID("did:bonafide:" + chain + ":l3jwti5ipvjr655yt3noqfbrecn2d6ya")

func newSigner(seed byte) signer {
	return signer{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func fixedNow() time.Time { return testkit.Start }

// oneperson is a home in which nobody can approve what another did.
func oneperson() ([]string, error) { return []string{"Ada"}, nil }
