package verifier

// A small world: a board on a real ledger, a practitioner with a wallet key,
// and a hospital whose clock and data the tests set.

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"bonafide/assets/templates"
	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/internal/strictjson"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
)

const (
	chain    = "test-abcdefgh"
	licence  = "ProfessionalLicence"
	ohio     = "US-OH"
	audience = "Example Hospital"
)

var ctx = context.Background()

type world struct {
	t     testing.TB
	l     *testkit.Ledger
	board *testkit.Board // accredited for licences in Ohio, one status page
	salts uint64
	alice holder
}

// holder is a practitioner's wallet.
type holder struct {
	k   ed25519.PrivateKey
	pub did.PublicKey
	did did.DID
}

func newHolder(t testing.TB, name string) holder {
	t.Helper()
	seed := sha256.Sum256([]byte("wallet of " + name))
	k := ed25519.NewKeyFromSeed(seed[:])
	pub := testkit.Public(t, k)
	return holder{k, pub, key.New(pub)}
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, l: testkit.NewLedger(t, chain, 1, 7), alice: newHolder(t, "Alice")}
	docs, err := templates.Documents()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		w.l.Decide(ledger.RegisterTemplate{Document: d})
	}
	w.board = w.l.Boards[0]
	w.accredit(w.board, licence, ohio)
	w.l.Execute(w.l.Sign(w.board, ledger.SetStatus{Pages: 1}))
	return w
}

// newcomer is another issuer on the ledger, accredited for nothing.
func (w *world) newcomer(name string) *testkit.Board {
	w.t.Helper()
	b := w.l.NewBoard(name)
	w.l.Create(b)
	return b
}

func (w *world) accredit(b *testkit.Board, typ, jurisdiction string) {
	w.t.Helper()
	w.l.Decide(ledger.Accredit{Issuer: b.DID, Type: typ, Jurisdictions: []string{jurisdiction}})
	if w.l.View().Standing(b.DID, typ, jurisdiction, w.l.View().Height()) != ledger.Active {
		w.l.Beat(2 * time.Hour) // another issuer holds it: the delay passes
	}
}

func (w *world) set(b *testkit.Board, index uint32, s ledger.Status) {
	w.t.Helper()
	w.l.Execute(w.l.Sign(b, ledger.SetStatus{Pages: 1, Changes: []ledger.StatusChange{{Op: ledger.SetValue, Index: index, Value: s}}}))
}

// draft is a licence about to be issued.
type draft struct {
	by     *testkit.Board     // nil: the board
	key    ed25519.PrivateKey // that signs; nil: by's issuing key
	holder did.DID            // "": a register copy
	typ    string             // "": a professional licence
	where  string             // "": Ohio
	until  time.Time          // zero: two years from the start
	index  uint32
	last   ledger.Month // that the batch names; zero: long after until
	edit   func(claims map[string]any)
}

var licenceEnd = testkit.Start.AddDate(2, 0, 0)

func (w *world) claims(d draft) map[string]any {
	subject := map[string]any{
		"type": "Practitioner", "givenName": "Zelda", "familyName": "Quillfeather", "npi": "1234567893",
		"licence": map[string]any{
			"type": "Licence", "number": "MD-0012345", "jurisdiction": d.where, "profession": "physician",
			"issued": "2026-11-01", "expires": "2028-10-31",
		},
	}
	if d.holder != "" {
		subject["id"] = string(d.holder)
	}
	c := map[string]any{
		"@context":  []any{"https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"},
		"type":      []any{"VerifiableCredential", d.typ},
		"issuer":    string(d.by.DID),
		"validFrom": testkit.Start.Format(time.RFC3339), "validUntil": d.until.Format(time.RFC3339),
		"credentialSubject": subject,
		"credentialStatus":  []any{map[string]any{"type": "LedgerStatusEntry", "statusIndex": strconv.FormatUint(uint64(d.index), 10)}},
		"evidence":          []any{map[string]any{"type": "LedgerAnchor", "anchor": ""}},
	}
	if d.edit != nil {
		d.edit(c)
	}
	return c
}

func (w *world) fill(d draft) draft {
	if d.by == nil {
		d.by = w.board
	}
	if d.key == nil {
		d.key = d.by.Issuing
	}
	if d.typ == "" {
		d.typ = licence
	}
	if d.where == "" {
		d.where = ohio
	}
	if d.until.IsZero() {
		d.until = licenceEnd
	}
	if d.last == (ledger.Month{}) {
		d.last = ledger.Month{Year: 2040, Month: 1}
	}
	return d
}

// pending is a draft whose batch is on the ledger and which is not signed yet.
type pending struct {
	w      *world
	d      draft
	draft  *vc.Draft
	anchor ledger.Anchor
}

// anchored puts drafts of one issuer into one batch.
func (w *world) anchored(ds ...draft) []pending {
	w.t.Helper()
	out := make([]pending, len(ds))
	leaves, salts := make([][32]byte, len(ds)), make([][16]byte, len(ds))
	for i, d := range ds {
		d = w.fill(d)
		v, err := vc.NewDraft(w.claims(d))
		if err != nil {
			w.t.Fatal(err)
		}
		w.salts++
		binary.BigEndian.PutUint64(salts[i][:], w.salts)
		if leaves[i], err = v.Leaf(chain, salts[i]); err != nil {
			w.t.Fatal(err)
		}
		out[i] = pending{w: w, d: d, draft: v}
	}
	for i, a := range w.l.AnchorLeaves(out[0].d.by, leaves, salts, out[0].d.last) {
		out[i].anchor = a
	}
	return out
}

func (p pending) seal() []byte { return p.sealAs(p.anchor.String()) }

func (p pending) sealAs(anchor string) []byte {
	p.w.t.Helper()
	b, err := p.draft.Seal(anchor, vc.ProofOptions{
		VerificationMethod: p.d.by.Method(p.w.t, p.d.key), Created: testkit.Start, Key: testkit.Public(p.w.t, p.d.key),
	}, func(m []byte) ([]byte, error) { return ed25519.Sign(p.d.key, m), nil })
	if err != nil {
		p.w.t.Fatal(err)
	}
	return b
}

// issue anchors and signs one credential.
func (w *world) issue(d draft) []byte {
	w.t.Helper()
	return w.anchored(d)[0].seal()
}

// data is what a trust pack made now would bring.
func (w *world) data() *pack.Data { return w.dataShrunk(time.Time{}) }

func (w *world) dataShrunk(before time.Time) *pack.Data {
	w.t.Helper()
	c, err := w.l.View().Export(0, before)
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := ledger.Assemble(c)
	if err != nil {
		w.t.Fatal(err)
	}
	lb, err := w.l.LightBlock(w.l.Header())
	if err != nil {
		w.t.Fatal(err)
	}
	v.SetHeader(lb.Time)
	return &pack.Data{View: v, ChainID: chain, Height: v.Height(), AsOf: lb.Time, Validators: 1, Interval: v.Params().Interval}
}

// rotate gives a board's document other keys.
func (w *world) rotate(b *testkit.Board, issuing, ledgerKey ed25519.PrivateKey, o bonafide.DocumentOptions) {
	w.t.Helper()
	doc, err := bonafide.NextDocument(b.DID, []did.PublicKey{testkit.Public(w.t, issuing)}, []did.PublicKey{testkit.Public(w.t, ledgerKey)}, o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.l.Execute(w.l.Sign(b, ledger.UpdateDID{Document: doc}))
	b.Issuing, b.Key = issuing, ledgerKey
}

func freshKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("key " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// present answers a request.
func (w *world) present(by holder, req *request.Request, credentials ...[]byte) []byte {
	w.t.Helper()
	b, err := vc.Present(by.did, credentials, req.Nonce, req.Audience, key.MethodID(by.pub), req.Created,
		func(m []byte) ([]byte, error) { return ed25519.Sign(by.k, m), nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

// hospital verifies with what the test gives it.
type hospital struct {
	t             testing.TB
	d             *pack.Data
	dErr          error
	device, floor time.Time
	clockErr      error
	kept          *memory
	nonces        int
	policy        Policy
	outside       Outside
	past          Past
}

func (w *world) hospital() *hospital {
	w.t.Helper()
	d := w.data()
	return &hospital{t: w.t, d: d, device: d.AsOf.Add(time.Hour), floor: d.AsOf, kept: &memory{}}
}

// Read implements Clock.
func (h *hospital) Read(context.Context) (device, floor time.Time, err error) {
	return h.device, h.floor, h.clockErr
}

func (h *hospital) verifier() *Verifier {
	h.t.Helper()
	c := Config{Data: func() (*pack.Data, error) { return h.d, h.dErr }, Clock: h, Policy: h.policy}
	if h.kept != nil {
		c.Store = h.kept
	}
	c.Outside, c.Past = h.outside, h.past
	v, err := New(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return v
}

func (h *hospital) request(types ...string) *request.Request {
	h.t.Helper()
	h.nonces++
	seed := sha256.Sum256([]byte(strconv.Itoa(h.nonces)))
	r, err := request.New(audience, string(Privileging), types, h.device, 24*time.Hour, byteReader{seed})
	if err != nil {
		h.t.Fatal(err)
	}
	if h.kept != nil {
		h.kept.add(r.Nonce)
	}
	return r
}

type byteReader struct{ b [32]byte }

func (r byteReader) Read(p []byte) (int, error) { return copy(p, r.b[:]), nil }

func (h *hospital) verify(in Input) Result {
	h.t.Helper()
	res, err := h.verifier().Verify(ctx, in)
	if err != nil {
		h.t.Fatal(err)
	}
	sound(h.t, res)
	return res
}

// look verifies a bare credential for monitoring.
func (h *hospital) look(b []byte) Result {
	h.t.Helper()
	return h.verify(Input{Bytes: b, Purpose: Monitoring})
}

// sound holds what must be true of every result, whatever was verified.
func sound(t testing.TB, r Result) {
	t.Helper()
	fails, unknowns := 0, 0
	for _, c := range r.Checks {
		switch c.Outcome {
		case Fail:
			fails++
		case Unknown:
			unknowns++
		case Pass, Skipped:
		default:
			t.Errorf("outcome %q", c.Outcome)
		}
		if e, ok := explain.Lookup(c.Code); !ok || c.Message != e.Message || c.Who == "" || c.Next == "" {
			t.Errorf("check %s: code %q is not in the catalogue", c.ID, c.Code)
		}
		listed := c.Credential != nil && slices.ContainsFunc(r.Checks, func(o Check) bool {
			return o.Credential != nil && *o.Credential == *c.Credential && (o.Code == "issuer_listed" || o.Code == "issuers_rolled_back")
		}) && c.ID != CheckTemplate // what such a credential rests on has a time of its own
		if !listed && (c.AsOf != nil) != (restsOnData[c.ID] && c.Outcome != Skipped && r.AsOf != nil) || c.AsOf != nil && c.Outcome == Skipped {
			t.Errorf("check %s (%s): as_of %v", c.ID, c.Outcome, c.AsOf)
		}
		if c.Credential != nil && (*c.Credential < 0 || *c.Credential >= len(r.Credentials)) {
			t.Errorf("check %s is about credential %d of %d", c.ID, *c.Credential, len(r.Credentials))
		}
	}
	switch {
	case fails > 0 && r.Verdict != Rejected,
		fails == 0 && r.Verdict == Rejected,
		unknowns > 0 && r.Verdict == Verified:
		t.Errorf("%d fails, %d unknowns: %s", fails, unknowns, r.Verdict)
	}
	for i, c := range r.Credentials {
		authentic := false
		for _, k := range r.Checks {
			if k.ID == CheckProof && k.Credential != nil && *k.Credential == i {
				authentic = k.Outcome == Pass
			}
		}
		if !authentic && !reflect.DeepEqual(c, Credential{}) {
			t.Errorf("credential %d is not authentic and says %+v", i, c)
		}
		if authentic && (c.Issuer == nil || c.Bound == nil) {
			t.Errorf("credential %d is authentic and says too little", i)
		}
	}
}

func find(r Result, id string) Check {
	for _, c := range r.Checks {
		if c.ID == id {
			return c
		}
	}
	return Check{}
}

// want holds a verdict and the outcome and code of one check, "id outcome code".
func want(t testing.TB, r Result, v Verdict, id string, o Outcome, code string) {
	t.Helper()
	c := find(r, id)
	if r.Verdict != v || c.Outcome != o || c.Code != code {
		t.Errorf("%s; %s is %s %s; want %s; %s %s\n%s", r.Verdict, id, c.Outcome, c.Code, v, o, code, table(r))
	}
}

func table(r Result) string {
	s := r.Headline
	for _, c := range r.Checks {
		s += "\n  " + c.ID + " " + string(c.Outcome) + " " + c.Code
	}
	return s
}

// memory is a Store in memory that can be told to fail.
type memory struct {
	nonces  map[string]*[32]byte // nil: not reserved
	burned  map[string]bool
	kept    [][]byte
	fail    string // the call that fails
	burning func() // runs before a nonce is burned
}

var errDisk = errors.New("disk full")

func (m *memory) add(nonce string) {
	if m.nonces == nil {
		m.nonces, m.burned = map[string]*[32]byte{}, map[string]bool{}
	}
	m.nonces[nonce] = nil
}

func (m *memory) Reserve(_ context.Context, nonce string, digest [32]byte) (bool, error) {
	if m.fail == "reserve" {
		return false, errDisk
	}
	have, ok := m.nonces[nonce]
	switch {
	case !ok:
		return false, ErrNonceUnknown
	case m.burned[nonce]:
		return false, nil
	case have == nil:
		m.nonces[nonce] = &digest
		return true, nil
	}
	return *have == digest, nil
}

func (m *memory) Burn(_ context.Context, nonce string, digest [32]byte) (bool, error) {
	if m.burning != nil {
		m.burning()
	}
	if m.fail == "burn" {
		return false, errDisk
	}
	if have := m.nonces[nonce]; have == nil || *have != digest || m.burned[nonce] {
		return false, nil
	}
	m.burned[nonce] = true
	return true, nil
}

func (m *memory) Record(_ context.Context, _ time.Time, b []byte) error {
	if m.fail == "record" {
		return errDisk
	}
	m.kept = append(m.kept, b)
	return nil
}

func object(t testing.TB, b []byte) map[string]any {
	t.Helper()
	m, err := strictjson.Object(b, strictjson.Default)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func canonical(t testing.TB, v any) []byte {
	t.Helper()
	b, err := strictjson.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func deskOptions() bonafide.DocumentOptions {
	return bonafide.DocumentOptions{Services: []bonafide.Service{bonafide.DeskOf("Ohio Medical Board", "desk@ohio.example")}}
}

// anchoredNowhere is a draft that no batch holds.
func (w *world) anchoredNowhere(d draft) pending {
	w.t.Helper()
	d = w.fill(d)
	v, err := vc.NewDraft(w.claims(d))
	if err != nil {
		w.t.Fatal(err)
	}
	return pending{w: w, d: d, draft: v}
}

// tryIssue is issue for what the drafting of an honest board may refuse.
func (w *world) tryIssue(d draft) ([]byte, bool) {
	w.t.Helper()
	if _, err := vc.NewDraft(w.claims(w.fill(d))); err != nil {
		return nil, false
	}
	return w.issue(d), true
}

func (h *hospital) noData() (*pack.Data, error) { return nil, noData }

func sealBy(w *world, h holder) vc.ProofOptions {
	w.t.Helper()
	return vc.ProofOptions{VerificationMethod: key.MethodID(h.pub), Created: testkit.Start, Key: h.pub}
}
