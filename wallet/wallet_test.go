package wallet

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/assets/templates"
	"bonafide/did"
	"bonafide/did/key"
	"bonafide/internal/claimcode"
	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/internal/strictjson"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
	"bonafide/verifier"
)

const chainID = "test-abcdefgh"

// memory is a Store in memory; failLog makes Log fail.
type memory struct {
	holder  *Holder
	creds   []Credential
	log     []Shared
	failLog error
	binding *BindingKey
	claims  []Pending
}

func (m *memory) Replace(_ context.Context, list []Credential) error {
	for _, c := range list {
		i := slices.IndexFunc(m.creds, func(k Credential) bool { return k.ID == c.ID })
		if i < 0 {
			return errors.New("no such credential")
		}
		m.creds[i] = c
	}
	return nil
}

func (m *memory) PutClaim(ctx context.Context, p Pending) error {
	if err := m.DropClaim(ctx, p.Board, p.Code); err != nil {
		return err
	}
	m.claims = append(m.claims, p)
	return nil
}

func (m *memory) Claims(context.Context) ([]Pending, error) { return slices.Clone(m.claims), nil }

func (m *memory) DropClaim(_ context.Context, board did.DID, code string) error {
	m.claims = slices.DeleteFunc(m.claims, func(p Pending) bool { return p.Board == board && p.Code == code })
	return nil
}

func (m *memory) BindingKey(context.Context) (BindingKey, bool, error) {
	if m.binding == nil {
		return BindingKey{}, false, nil
	}
	return *m.binding, true, nil
}

func (m *memory) SetBindingKey(_ context.Context, k BindingKey) error {
	if m.binding != nil {
		return ErrHolderSet
	}
	m.binding = &k
	return nil
}

func (m *memory) Holder(context.Context) (Holder, bool, error) {
	if m.holder == nil {
		return Holder{}, false, nil
	}
	return *m.holder, true, nil
}

func (m *memory) SetHolder(_ context.Context, h Holder) error {
	if m.holder != nil {
		return ErrHolderSet
	}
	m.holder = &h
	return nil
}

func (m *memory) Add(_ context.Context, c Credential) error { m.creds = append(m.creds, c); return nil }

func (m *memory) Credentials(context.Context) ([]Credential, error) {
	return slices.Clone(m.creds), nil
}

func (m *memory) Delete(_ context.Context, id string) (bool, error) {
	n := len(m.creds)
	m.creds = slices.DeleteFunc(m.creds, func(c Credential) bool { return c.ID == id })
	return len(m.creds) < n, nil
}

func (m *memory) Log(_ context.Context, s Shared) error {
	if m.failLog != nil {
		return m.failLog
	}
	m.log = append(m.log, s)
	return nil
}

func (m *memory) Logged(context.Context) ([]Shared, error) { return slices.Clone(m.log), nil }

// keyring is Keys with keys from a counter.
type keyring struct {
	keys []signer
	fail func() (before, after error) // what is wrong with the next Create
}

type signer func(msg []byte) ([]byte, error)

func (s signer) Sign(msg []byte) ([]byte, error) { return s(msg) }

func (k *keyring) Create(kind did.KeyKind) (string, did.PublicKey, error) {
	var after error
	if k.fail != nil {
		var before error
		if before, after = k.fail(); before != nil {
			return "", did.PublicKey{}, before
		}
	}
	seed := byte(len(k.keys) + 100)
	var pub did.PublicKey
	switch kind {
	case did.Ed25519:
		priv := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
		var err error
		if pub, err = did.NewPublicKey(did.Ed25519, priv.Public().(ed25519.PublicKey)); err != nil {
			return "", pub, err
		}
		k.keys = append(k.keys, func(msg []byte) ([]byte, error) { return ed25519.Sign(priv, msg), nil })
	case did.P256:
		p := newP256(seed)
		pub = p.pub
		k.keys = append(k.keys, p.sign)
	default:
		return "", pub, errors.New("kind")
	}
	return fmt.Sprint(len(k.keys) - 1), pub, after
}

func (k *keyring) Signer(id string) (signer, error) {
	var i int
	if _, err := fmt.Sscan(id, &i); err != nil || i >= len(k.keys) || k.keys[i] == nil {
		return nil, errors.New("no such key")
	}
	return k.keys[i], nil
}

// world is a board on a ledger and a wallet with a clock at hand.
type world struct {
	t      testing.TB
	ledger *testkit.Ledger
	board  *testkit.Board
	es256  p256 // the board's key for SD-JWT VCs
	store  *memory
	keys   *keyring
	wallet *Wallet
	now    time.Time
	salt   byte
	noData error
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, ledger: testkit.NewLedger(t, chainID, 1, 1), es256: newP256(1), store: &memory{}, keys: &keyring{}}
	w.board = w.ledger.Boards[0]
	docs, err := templates.Documents()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		w.ledger.Decide(ledger.RegisterTemplate{Document: d})
	}
	w.ledger.Execute(w.ledger.Sign(w.board, ledger.SetStatus{Pages: 1}))
	w.now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	now := func() time.Time { return w.now }
	v, err := verifier.New(verifier.Config{Data: w.data, Clock: clock(now)})
	if err != nil {
		t.Fatal(err)
	}
	w.wallet, err = New(Config{Store: w.store, Keys: KeysOf(w.keys), Checker: checker{w, v}, Data: w.data, Now: now, Rand: rand.New(rand.NewSource(1))})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// data is the ledger's data as a sync would have left it.
func (w *world) data() (*pack.Data, error) {
	if w.noData != nil {
		return nil, w.noData
	}
	view := w.ledger.View()
	view.SetHeader(w.now)
	return &pack.Data{View: view, ChainID: chainID, Height: view.Height(), AsOf: w.now, Validators: 1, Interval: view.Params().Interval, Period: 24 * time.Hour}, nil
}

// clock is a verifier's clock without a floor of its own.
type clock func() time.Time

func (c clock) Read(context.Context) (device, floor time.Time, err error) { return c(), c(), nil }

func (w *world) init() did.DID {
	w.t.Helper()
	h, err := w.wallet.Init(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// licence is what goes into a credential.
type licence struct {
	typ, number, expires, until string
	holder                      did.DID
}

func (w *world) claims(l licence) map[string]any {
	subject := map[string]any{
		"type": "Practitioner", "givenName": "Zelda", "familyName": "Quillfeather",
		"licence": map[string]any{"type": "Licence", "number": l.number, "jurisdiction": "US-OH", "profession": "physician", "issued": "2026-11-01", "expires": l.expires},
	}
	if l.holder != "" {
		subject["id"] = string(l.holder)
	}
	return map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"},
		"type":     []any{"VerifiableCredential", l.typ}, "issuer": string(w.board.DID),
		"validFrom": "2026-11-01T00:00:00Z", "validUntil": l.until, "credentialSubject": subject,
		"credentialStatus": []any{map[string]any{"type": "LedgerStatusEntry", "statusIndex": "7"}},
		"evidence":         []any{map[string]any{"type": "LedgerAnchor", "anchor": ""}},
	}
}

func (w *world) draft(l licence) *vc.Draft {
	w.t.Helper()
	d, err := vc.NewDraft(w.claims(l))
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// issue anchors a licence and signs it with the board's key.
func (w *world) issue(l licence) []byte {
	w.t.Helper()
	d := w.draft(l)
	w.salt++
	a := ledger.Anchor{Size: 1, Salt: [16]byte{w.salt}}
	leaf, err := d.Leaf(chainID, a.Salt)
	if err != nil {
		w.t.Fatal(err)
	}
	a.Epoch = w.ledger.Anchor(w.board, leaf, 1, ledger.Month{Year: 2030, Month: 1})
	return w.seal(d, a.String(), w.board.Issuing)
}

func (w *world) seal(d *vc.Draft, anchor string, k ed25519.PrivateKey) []byte {
	w.t.Helper()
	b, err := d.Seal(anchor, vc.ProofOptions{VerificationMethod: w.board.Method(w.t, k), Created: w.now, Key: testkit.Public(w.t, k)}, func(msg []byte) ([]byte, error) { return ed25519.Sign(k, msg), nil })
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) receive(l licence) Item {
	w.t.Helper()
	it, err := w.wallet.Receive(w.t.Context(), w.issue(l))
	if err != nil {
		w.t.Fatal(err)
	}
	return it
}

func (w *world) request(types ...string) (*request.Request, []byte) {
	w.t.Helper()
	w.salt++
	r, err := request.New("Example Hospital", "privileging", types, w.now, 7*24*time.Hour, bytes.NewReader(bytes.Repeat([]byte{w.salt}, 32)))
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := r.Marshal()
	if err != nil {
		w.t.Fatal(err)
	}
	return r, b
}

// holderKeys is what a verifier does with a did:key.
func holderKeys(method string, purpose did.Relationship) (did.PublicKey, error) {
	u, err := did.ParseURL(method)
	if err != nil {
		return did.PublicKey{}, err
	}
	res, err := key.Resolver.Resolve(context.Background(), u.DID, did.ResolveOptions{})
	if err != nil {
		return did.PublicKey{}, err
	}
	m, err := res.Document.Method(method, purpose)
	return m.Key, err
}

func wantCode(t *testing.T, name string, err error, code string) {
	t.Helper()
	if explain.CodeOf(err) != code {
		t.Errorf("%s: %v, want %q", name, err, code)
	}
	if code != "" {
		if _, ok := explain.Lookup(code); !ok {
			t.Errorf("%s: code %q is not in the catalogue", name, code)
		}
	}
}

func good(holder did.DID) licence {
	return licence{"ProfessionalLicence", "OH-MDR-3001234", "2028-11-30", "2028-12-31T23:59:59Z", holder}
}

func TestInit(t *testing.T) {
	w := newWorld(t)
	_, err := w.wallet.Holder(t.Context())
	wantCode(t, "before", err, "wallet_not_made")
	h := w.init()
	if got, err := w.wallet.Holder(t.Context()); err != nil || got != h || h.Method() != "key" {
		t.Errorf("%s, %v", got, err)
	}
	_, err = w.wallet.Init(t.Context())
	wantCode(t, "again", err, "wallet_made_already")
	if got, _ := w.wallet.Holder(t.Context()); got != h {
		t.Error("the second attempt changed the holder")
	}
	if _, err := New(Config{}); err == nil {
		t.Error("a wallet without parts")
	}
}

func TestClaim(t *testing.T) {
	w := newWorld(t)
	code, err := claimcode.New(bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.wallet.Claim(t.Context(), code.Text(), w.board.DID)
	wantCode(t, "no holder", err, "wallet_not_made")
	h := w.init()
	b, err := w.wallet.Claim(t.Context(), strings.ToLower(code.Text()), w.board.DID)
	if err != nil {
		t.Fatal(err)
	}
	// What the board does with it.
	file, err := strictjson.Object(b, strictjson.Default)
	if err != nil || len(file) != 3 || file["format"] != json.Number("1") {
		t.Fatalf("%v, %v", file, err)
	}
	inner, err := strictjson.Canonical(file["presentation"])
	if err != nil {
		t.Fatal(err)
	}
	p, err := vc.Parse(inner)
	if err != nil {
		t.Fatal(err)
	}
	challenge := p.ChallengeHint()
	if id, err := claimcode.ChallengeID(challenge); err != nil || id != code.ID() {
		t.Errorf("id %q, %v", id, err)
	}
	if !code.Matches(challenge, w.board.DID, h) {
		t.Error("the challenge does not match the code")
	}
	ap, err := p.VerifyPresentation(holderKeys, vc.PresentationPolicy{Challenge: challenge, Domain: string(w.board.DID)})
	if err != nil || ap.Holder != h || len(ap.Credentials) != 0 {
		t.Errorf("%+v, %v", ap, err)
	}
	_, err = p.VerifyPresentation(holderKeys, vc.PresentationPolicy{Challenge: challenge, Domain: "did:bonafide:other"})
	if err == nil {
		t.Error("a claim for one board passes at another")
	}
	// The second key is proved by itself, under the same code.
	second := w.second()
	proof, _ := file["proof"].(string)
	nonce := code.Challenge(w.board.DID, key.New(second))
	if k, err := vc.VerifyPossession([]byte(proof), nonce, string(w.board.DID), w.now); err != nil || k != second {
		t.Errorf("%v, %v", k, err)
	}
	for name, c := range map[string]struct{ nonce, board string }{
		"the first key's nonce": {challenge, string(w.board.DID)}, "another board": {nonce, "did:bonafide:other"},
	} {
		if _, err := vc.VerifyPossession([]byte(proof), c.nonce, c.board, w.now); err == nil {
			t.Errorf("%s: the proof passes", name)
		}
	}
	if bytes.Contains(b, []byte(code.Text())) || bytes.Contains(b, []byte(strings.ReplaceAll(code.Text(), "-", ""))) {
		t.Error("the claim carries the code")
	}
	_, err = w.wallet.Claim(t.Context(), "MZUW", w.board.DID)
	wantCode(t, "short code", err, "claim_code_malformed")
	_, err = w.wallet.Claim(t.Context(), code.Text(), "did:key:z6Mk")
	wantCode(t, "no board", err, "wallet_board_unknown")
}

func TestReceive(t *testing.T) {
	w := newWorld(t)
	b := w.issue(good(""))
	_, err := w.wallet.Receive(t.Context(), b)
	wantCode(t, "no holder", err, "wallet_not_made")
	h := w.init()

	register, err := w.wallet.Receive(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if register.Bound() || !slices.Contains(register.Warnings, "wallet_not_bound") {
		t.Errorf("register copy: %+v", register)
	}
	bound := w.receive(good(h))
	if !bound.Bound() || len(bound.Warnings) != 0 || bound.Number != "OH-MDR-3001234" || bound.Jurisdiction != "US-OH" || bound.Issuer != w.board.DID ||
		!slices.Equal(bound.Types, []string{"ProfessionalLicence"}) || bound.Expires.Format(time.DateTime) != "2028-11-30 23:59:59" {
		t.Errorf("bound: %+v", bound)
	}
	if !slices.Contains(bound.Fields, Field{"licence.number", "OH-MDR-3001234"}) || !slices.Contains(bound.Fields, Field{"familyName", "Quillfeather"}) {
		t.Errorf("fields: %+v", bound.Fields)
	}
	again, err := w.wallet.Receive(t.Context(), bound.Bytes)
	if err != nil || again.ID != bound.ID || len(w.store.creds) != 2 {
		t.Errorf("received again: %v", err)
	}

	_, r := w.request()
	p, err := w.wallet.Present(t.Context(), r, Choice{IDs: []string{bound.ID}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.wallet.Receive(t.Context(), p)
	wantCode(t, "a presentation", err, "wallet_presentation")
	if _, err = w.wallet.Receive(t.Context(), []byte("{}")); explain.CodeOf(err) == "" {
		t.Errorf("not a credential: %v", err)
	}
	if len(w.store.creds) != 2 {
		t.Error("something that was refused is kept")
	}

	if err := w.wallet.Delete(t.Context(), register.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "deleted twice", w.wallet.Delete(t.Context(), register.ID), "wallet_no_credential")
	if items, err := w.wallet.List(t.Context()); err != nil || len(items) != 1 {
		t.Errorf("%d, %v", len(items), err)
	}
}

// TestThreat47_AnotherHolder: what was issued to somebody else is not taken.
func TestThreat47_AnotherHolder(t *testing.T) {
	w := newWorld(t)
	w.init()
	other := newWorld(t)
	other.keys.keys = make([]signer, 5)
	h := other.init()
	_, err := w.wallet.Receive(t.Context(), w.issue(good(h)))
	wantCode(t, "another's credential", err, "wallet_other_holder")
	if len(w.store.creds) != 0 {
		t.Error("another's credential is kept")
	}
}

// nothing is a checker that vouches for nothing, without an error.
type nothing struct{}

func (nothing) Check(context.Context, []byte) (vc.Authentic, error) { return vc.Authentic{}, nil }

func TestUnchecked(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	b := w.issue(good(h))
	w.wallet.c.Checker = nothing{}
	_, err := w.wallet.Receive(t.Context(), b)
	wantCode(t, "no authentic credential", err, "wallet_unchecked")
}

// TestReceiveChecks: what the board did not sign, or did not publish before, is
// not taken, and the wallet says why.
func TestReceiveChecks(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	check := func(b []byte) error { _, err := w.wallet.Receive(t.Context(), b); return err }
	b := w.issue(good(h))
	last := w.ledger.View().LastEpoch()
	anchored := func(a ledger.Anchor, k ed25519.PrivateKey) error {
		return check(w.seal(w.draft(good(h)), a.String(), k))
	}
	wantCode(t, "tampered", check(bytes.Replace(b, []byte("Quillfeather"), []byte("Quillfeathez"), 1)), "anchor_mismatch")
	wantCode(t, "never anchored", anchored(ledger.Anchor{Epoch: last, Size: 1, Salt: [16]byte{99}}, w.board.Issuing), "anchor_mismatch")
	wantCode(t, "next epoch", anchored(ledger.Anchor{Epoch: last + 1, Size: 1}, w.board.Issuing), "newer_than_data")
	wantCode(t, "far epoch", anchored(ledger.Anchor{Epoch: 1 << 40, Size: 1}, w.board.Issuing), "epoch_far_future")
	wantCode(t, "ledger key", anchored(ledger.Anchor{Epoch: last, Size: 1, Salt: [16]byte{w.salt}}, w.board.Key), "method_wrong_purpose")
	if len(w.store.creds) != 0 {
		t.Error("something that was refused is kept")
	}
	w.noData = explain.Errorf("no_trust", "nothing pinned")
	wantCode(t, "no data", check(b), "no_trust")
	w.noData = nil
	wantCode(t, "the good one", check(b), "")
}

func TestListWarnings(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	far := w.receive(licence{"ProfessionalLicence", "1", "2028-11-30", "2028-12-31T23:59:59Z", h})
	soon := w.receive(licence{"BoardCertification", "2", "2027-02-01", "2027-03-31T23:59:59Z", h})
	grace := w.receive(licence{"TrainingCertification", "3", "2026-11-20", "2026-12-31T23:59:59Z", h})
	over := w.receive(licence{"ProfessionalLicence", "4", "2026-11-10", "2026-11-20T23:59:59Z", ""})
	items, err := w.wallet.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		id       string
		warnings []string
	}{{over.ID, []string{"wallet_expired", "wallet_not_bound"}}, {grace.ID, []string{"wallet_in_grace"}}, {soon.ID, []string{"wallet_expires_soon"}}, {far.ID, nil}}
	for i, it := range items {
		if it.ID != want[i].id || !slices.Equal(it.Warnings, want[i].warnings) {
			t.Errorf("%d: number %s, %v", i, it.Number, it.Warnings)
		}
		for _, c := range it.Warnings {
			if _, ok := explain.Lookup(c); !ok {
				t.Errorf("warning %q is not in the catalogue", c)
			}
		}
	}
	// The last day still counts; 90 days before it the warning begins.
	for at, warned := range map[string]string{
		"2028-09-01T23:59:58Z": "", "2028-09-02T23:59:59Z": "wallet_expires_soon", "2028-11-30T23:59:59Z": "wallet_expires_soon",
		"2028-12-01T00:00:00Z": "wallet_in_grace", "2028-12-31T23:59:59Z": "wallet_in_grace", "2029-01-01T00:00:00Z": "wallet_expired",
	} {
		if w.now, err = time.Parse(time.RFC3339, at); err != nil {
			t.Fatal(err)
		}
		it := w.wallet.items([]Credential{far.Credential})[0]
		if strings.Join(it.Warnings, "") != warned {
			t.Errorf("%s: %v", at, it.Warnings)
		}
	}
}

func TestPresent(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	a, b := w.receive(good(h)), w.receive(licence{"BoardCertification", "BC-77", "2027-12-31", "2027-12-31T23:59:59Z", h})
	r, file := w.request()
	pre, err := w.wallet.Preview(t.Context(), file, Choice{IDs: []string{b.ID}})
	if err != nil || pre.Audience != "Example Hospital" || pre.Purpose != "privileging" || !pre.Expires.Equal(r.Expires) || len(pre.Items) != 1 || pre.Items[0].ID != b.ID || len(pre.Warnings) != 0 {
		t.Fatalf("%+v, %v", pre, err)
	}
	if log, err := w.wallet.Log(t.Context()); err != nil || len(log) != 0 {
		t.Errorf("a preview is logged: %v, %v", log, err)
	}
	out, err := w.wallet.Present(t.Context(), file, Choice{IDs: []string{b.ID, a.ID}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := vc.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	ap, err := p.VerifyPresentation(holderKeys, vc.PresentationPolicy{Challenge: r.Nonce, Domain: r.Audience})
	if err != nil || ap.Holder != h || len(ap.Credentials) != 2 {
		t.Fatalf("%+v, %v", ap, err)
	}
	for i, it := range []Item{b, a} {
		if !bytes.Equal(ap.Credentials[i].JSON(), it.Bytes) {
			t.Errorf("credential %d changed on the way", i)
		}
	}
	log, err := w.wallet.Log(t.Context())
	if err != nil || len(log) != 1 || log[0].Audience != "Example Hospital" || !log[0].At.Equal(w.now) || len(log[0].Credentials) != 2 || log[0].Credentials[0].Number != "BC-77" {
		t.Errorf("%+v, %v", log, err)
	}
	if pre, err := w.wallet.Preview(t.Context(), file, Choice{IDs: []string{a.ID}}); err != nil || !slices.Equal(pre.Warnings, []string{"wallet_answered_before"}) {
		t.Errorf("%+v, %v", pre, err)
	}
	// What cannot be noted is not shared.
	w.store.failLog = errors.New("disk full")
	if out, err := w.wallet.Present(t.Context(), file, Choice{IDs: []string{a.ID}}); out != nil || !errors.Is(err, w.store.failLog) {
		t.Errorf("shared without a note: %v", err)
	}
}

// TestThreat40_Binding: the answer serves one nonce and one audience.
func TestThreat40_Binding(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	a := w.receive(good(h))
	r, file := w.request()
	out, err := w.wallet.Present(t.Context(), file, Choice{IDs: []string{a.ID}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := vc.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	r2, _ := w.request()
	_, err = p.VerifyPresentation(holderKeys, vc.PresentationPolicy{Challenge: r2.Nonce, Domain: r.Audience})
	wantCode(t, "another nonce", err, "challenge_mismatch")
	_, err = p.VerifyPresentation(holderKeys, vc.PresentationPolicy{Challenge: r.Nonce, Domain: "Another Hospital"})
	wantCode(t, "another audience", err, "domain_mismatch")

	ids := []string{a.ID}
	w.now = r.Expires
	for name, f := range map[string]func() error{
		"present":    func() error { _, err := w.wallet.Present(t.Context(), file, Choice{IDs: ids}); return err },
		"preview":    func() error { _, err := w.wallet.Preview(t.Context(), file, Choice{IDs: ids}); return err },
		"candidates": func() error { _, err := w.wallet.Candidates(t.Context(), file); return err },
	} {
		w.now = r.Expires
		wantCode(t, name+" when expired", f(), "wallet_request_expired")
		w.now = r.Created.Add(-time.Hour)
		wantCode(t, name+" too early", f(), "request_not_yet")
	}
	w.now = r.Created
	_, err = w.wallet.Present(t.Context(), bytes.Replace(file, []byte(r.Nonce), []byte("AA"), 1), Choice{IDs: ids})
	wantCode(t, "a nonce that can be guessed", err, "request_malformed")
	if log, err := w.wallet.Log(t.Context()); err != nil || len(log) != 1 {
		t.Errorf("refusals are logged: %d, %v", len(log), err)
	}
}

// TestThreat44_OnlyWhatWasAsked: the presentation holds the chosen credentials
// and none of a type that was not asked for.
func TestThreat44_OnlyWhatWasAsked(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	a, b := w.receive(good(h)), w.receive(licence{"BoardCertification", "BC-77", "2027-12-31", "2027-12-31T23:59:59Z", h})
	_, file := w.request("ProfessionalLicence")
	items, err := w.wallet.Candidates(t.Context(), file)
	if err != nil || len(items) != 1 || items[0].ID != a.ID {
		t.Errorf("candidates %+v, %v", items, err)
	}
	for name, c := range map[string]struct {
		ids  []string
		code string
	}{
		"not asked": {[]string{b.ID}, "wallet_not_asked"}, "one not asked": {[]string{a.ID, b.ID}, "wallet_not_asked"}, "none": {nil, "wallet_nothing_chosen"},
		"unknown": {[]string{"zzzzzzzz"}, "wallet_no_credential"}, "empty id": {[]string{""}, "wallet_no_credential"}, "twice": {[]string{a.ID, a.ID}, "wallet_too_many"},
		"too many": {make([]string, MaxShared+1), "wallet_too_many"}, "asked": {[]string{a.ID}, ""},
	} {
		_, err := w.wallet.Preview(t.Context(), file, Choice{IDs: c.ids})
		wantCode(t, name+" (preview)", err, c.code)
		out, err := w.wallet.Present(t.Context(), file, Choice{IDs: c.ids})
		wantCode(t, name, err, c.code)
		if c.code != "" && out != nil {
			t.Errorf("%s: something is shared", name)
		}
		if c.code == "" && (!bytes.Contains(out, []byte("OH-MDR-3001234")) || bytes.Contains(out, []byte("BC-77"))) {
			t.Errorf("%s: other things are shared", name)
		}
	}
}

// TestThreat75_NothingInErrors: no name, number, code or DID of the holder in
// any error that the wallet gives.
func TestThreat75_NothingInErrors(t *testing.T) {
	w := newWorld(t)
	h := w.init()
	a := w.receive(good(h))
	_, file := w.request("BoardCertification")
	code, err := claimcode.New(bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	mistyped := "A" + code.Text()[1:]
	var errs []error
	note := func(_ any, err error) { errs = append(errs, err) }
	note(w.wallet.Claim(t.Context(), mistyped, w.board.DID))
	note(w.wallet.Claim(t.Context(), code.Text()+code.Text(), w.board.DID))
	note(w.wallet.Present(t.Context(), file, Choice{IDs: []string{a.ID}}))
	note(w.wallet.Receive(t.Context(), bytes.Replace(a.Bytes, []byte("Quillfeather"), []byte("Quillfeathez"), 1)))
	note(w.wallet.Receive(t.Context(), a.Bytes[:len(a.Bytes)-1]))
	note(w.wallet.Receive(t.Context(), bytes.Replace(a.Bytes, []byte(`"number"`), []byte(`"familyName"`), 1)))
	note(w.wallet.Receive(t.Context(), bytes.Replace(a.Bytes, []byte("2028-12-31T23"), []byte("Quillfeather"), 1)))
	for i, err := range errs {
		if err == nil {
			t.Errorf("%d: no error", i)
			continue
		}
		for _, secret := range []string{"Quill", "Zelda", "3001234", string(h), h.Specific(), code.Text(), mistyped, code.Text()[5:14]} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%d: the error repeats what it must not: %v", i, err)
			}
		}
	}
}
