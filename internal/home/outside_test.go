package home

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/jwk"
	"bonafide/did/key"
	"bonafide/did/web"
	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/storage"
	"bonafide/verifier"
)

// pages stand for the web: bytes or an error by address.
type pages struct {
	mu    sync.Mutex
	m     map[string]any
	asked []string
}

func (p *pages) put(address string, answer any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.m[address] = answer
}

// since gives what was asked for since the last call, sorted.
func (p *pages) since() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.asked
	p.asked = nil
	slices.Sort(out)
	return out
}

func (p *pages) fetch(ctx context.Context, address, accept string, limit int64) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, address)
	switch a := p.m[address].(type) {
	case []byte:
		if int64(len(a)) > limit {
			return nil, explain.Errorf("net_too_large", "over %d", limit)
		}
		return a, ctx.Err()
	case error:
		return nil, a
	case func(accept string, limit int64) []byte:
		return a(accept, limit), nil
	}
	return nil, explain.Errorf("net_unreachable", "answer has status 404")
}

// newWeb is a site that reaches these pages and nothing else.
func newWeb(t testing.TB) (*site, *pages) {
	t.Helper()
	p := &pages{m: map[string]any{}}
	s := &site{t: t, dir: newHome(t), now: start}
	o := options(&user{pass: goodPass})
	o.Now = func() time.Time { return s.now }
	o.fetch = p.fetch
	s.Home = mustOpen(t, s.dir, o)
	return s, p
}

func documentOf(id string, n int) []byte {
	return fmt.Appendf(nil, `{"@context":"https://www.w3.org/ns/did/v1","id":%q,"alsoKnownAs":["urn:n:%d"]}`, id, n)
}

const (
	heartDoc = "https://heart.example/.well-known/did.json"
	lungDID  = "did:web:lung.example:aid"
	lungDoc  = "https://lung.example/aid/did.json"
	listURL  = "https://heart.example/status/1?token=4711"
	token    = "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln"
)

func cameOf(list []Fetched) string {
	var out []string
	for _, f := range list {
		out = append(out, f.ID+" "+f.Code)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func TestSyncOutside(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	_, err := s.Sync(ctx)
	wantCode(t, err, "no_sources")
	if s.has(storage.Verifier.Name) {
		t.Error("a home that lists nobody keeps nothing for them")
	}
	for _, id := range []string{heart, lungDID, string(key.New(holderKey(t)))} {
		if err := s.AddIssuer(ctx, listed(id), false); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.since(); len(got) != 0 {
		t.Errorf("adding fetched %v", got)
	}
	p.put(heartDoc, documentOf(heart, 1))
	out := must(s.Sync(ctx))
	if got := p.since(); !slices.Equal(got, []string{heartDoc, lungDoc}) {
		t.Errorf("asked for %v", got)
	}
	if got := cameOf(out.Issuers); got != "did:web:heart.example , did:web:lung.example:aid net_unreachable" || len(out.StatusLists) != 0 || out.Network != "" || len(out.Sources) != 0 {
		t.Errorf("%+v", out)
	}
	o := outside{s.Home}
	doc, at, err := o.Document(ctx, heart)
	if err != nil || !at.Equal(start) || doc.AlsoKnownAs[0] != "urn:n:1" {
		t.Errorf("%v %v", at, err)
	}
	_, _, err = o.Document(ctx, lungDID)
	wantCode(t, err, "document_not_fetched")

	// An hour later: what fails keeps the old with its age, and is named.
	s.now = start.Add(time.Hour)
	p.put(lungDoc, documentOf(lungDID, 1))
	for i, bad := range []struct {
		answer any
		code   string
	}{
		{errors.New("dial tcp: secret?token=1"), "net_unreachable"},
		{explain.Errorf("net_address_refused", "inside"), "net_address_refused"},
		{[]byte("<html>"), "did_document_invalid"},
		{documentOf("did:web:evil.example", 1), "did_id_mismatch"},
		{bytes.Repeat([]byte(" "), did.MaxDocument+1), "net_too_large"},
	} {
		p.put(heartDoc, bad.answer)
		out = must(s.Sync(ctx))
		if got := cameOf(out.Issuers); got != "did:web:heart.example "+bad.code+", did:web:lung.example:aid " {
			t.Errorf("%d: %s", i, got)
		}
		for _, f := range out.Issuers {
			if f.ID == heart && !f.AsOf.Equal(start) || f.ID == lungDID && !f.AsOf.Equal(s.now) {
				t.Errorf("%d: %+v", i, f)
			}
		}
		doc, at, err := o.Document(ctx, heart)
		if err != nil || !at.Equal(start) || doc.AlsoKnownAs[0] != "urn:n:1" {
			t.Errorf("%d: %v %v", i, at, err)
		}
		for _, x := range must(s.Issuers(ctx)) {
			if x.ID == heart && (x.Code != bad.code || !x.AsOf.Equal(start) || len(x.Fingerprint) != 64) {
				t.Errorf("%d: %+v", i, x)
			}
		}
	}
	p.put(heartDoc, documentOf(heart, 2))
	must(s.Sync(ctx))
	if doc, at, err := o.Document(ctx, heart); err != nil || !at.Equal(s.now) || doc.AlsoKnownAs[0] != "urn:n:2" {
		t.Errorf("%v %v", at, err)
	}
	p.since()

	// What is no longer listed is forgotten; what has run out is not fetched.
	if err := s.RemoveIssuer(ctx, heart); err != nil {
		t.Fatal(err)
	}
	_, _, err = o.Document(ctx, heart)
	wantCode(t, err, "document_not_fetched")
	s.now = start.AddDate(1, 0, 1)
	out = must(s.Sync(ctx))
	if got := p.since(); len(got) != 0 || len(out.Issuers) != 0 {
		t.Errorf("asked for %v", got)
	}
	if _, at, err := o.Document(ctx, lungDID); err != nil || !at.Equal(start.Add(time.Hour)) {
		t.Errorf("%v %v", at, err)
	}
}

func holderKey(t testing.TB) did.PublicKey {
	return must(did.ParseMultikey("z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"))
}

// TestThreat52_StatusListsDoNotGoBack: an older list, however well signed, does
// not take the place of a newer one.
func TestThreat52_StatusListsDoNotGoBack(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	o := outside{s.Home}
	if err := o.Queue(ctx, listURL); err != nil {
		t.Fatal(err)
	}
	if err := s.AddIssuer(ctx, listed(string(jwk.New(holderKey(t)))), false); err != nil {
		t.Fatal(err)
	}
	dated := func(iat int64) string {
		return "eyJhbGciOiJFUzI1NiJ9." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"iat":%d}`, iat)) + ".c2ln"
	}
	w3c := func(from string) string { return `{"validFrom":"` + from + `"}` }
	const ok, older = "https://heart.example/status/1 ", "https://heart.example/status/1 status_list_older"
	kept := ""
	for _, c := range []struct{ list, says string }{
		{dated(1_700_000_000), ok},
		{dated(1_699_999_999), older},
		{dated(1_700_000_000), ok},
		{dated(1_700_000_001), ok},
		{token, older}, // no date at all is older than any
		{w3c("2023-11-14T22:13:20Z"), older},
		{w3c("2026-01-01T00:00:00Z"), ok},
		{w3c("2025-12-31T23:59:59Z"), older},
		{dated(1_700_000_001), older},
	} {
		s.now = s.now.Add(time.Minute)
		p.put(listURL, []byte(c.list))
		if got := cameOf(must(s.Sync(ctx)).StatusLists); got != c.says {
			t.Errorf("%s: %s", c.list, got)
		}
		if c.says == ok {
			kept = c.list
		}
		if b, _, err := o.StatusList(ctx, listURL); err != nil || string(b) != kept {
			t.Errorf("kept %s %v, want %s", b, err, kept)
		}
	}
}

func TestSyncStatusLists(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	o := outside{s.Home}
	_, _, err := o.StatusList(ctx, listURL)
	wantCode(t, err, "status_not_fetched")
	if err := o.Queue(ctx, listURL); err != nil {
		t.Fatal(err)
	}
	// Nobody is listed: nothing of theirs is fetched.
	_, err = s.Sync(ctx)
	wantCode(t, err, "no_sources")
	if got := p.since(); len(got) != 0 {
		t.Errorf("asked for %v", got)
	}
	if err := s.AddIssuer(ctx, listed(string(jwk.New(holderKey(t)))), false); err != nil {
		t.Fatal(err)
	}
	p.put(listURL, func(accept string, limit int64) []byte {
		if !strings.Contains(accept, "application/statuslist+jwt") || limit != 4<<20 {
			t.Errorf("%s, %d bytes", accept, limit)
		}
		return []byte(token + "\n")
	})
	out := must(s.Sync(ctx))
	if got := cameOf(out.StatusLists); got != "https://heart.example/status/1 " {
		t.Errorf("%s", got)
	}
	b, at, err := o.StatusList(ctx, listURL)
	if err != nil || string(b) != token+"\n" || !at.Equal(start) {
		t.Errorf("%s %v %v", b, at, err)
	}
	s.now = start.Add(time.Hour)
	for name, bad := range map[string][]byte{
		"a page": []byte("<html>gone</html>"), "nothing": {}, "cut JSON": []byte(`{"type":`), "two": []byte(token + "." + token),
		"twice": []byte(`{"a":1,"a":2}`), "empty parts": []byte(".."), "an array": []byte(`[]`),
	} {
		p.put(listURL, bad)
		if got := cameOf(must(s.Sync(ctx)).StatusLists); got != "https://heart.example/status/1 status_list_malformed" {
			t.Errorf("%s: %s", name, got)
		}
	}
	p.put(listURL, bytes.Repeat([]byte("a"), 4<<20+1))
	if got := cameOf(must(s.Sync(ctx)).StatusLists); got != "https://heart.example/status/1 net_too_large" {
		t.Error(got)
	}
	if b, at, err := o.StatusList(ctx, listURL); err != nil || string(b) != token+"\n" || !at.Equal(start) {
		t.Errorf("%s %v %v", b, at, err)
	}
	p.put(listURL, []byte(`{"type":["VerifiableCredential","BitstringStatusListCredential"]}`))
	must(s.Sync(ctx))
	if b, at, err := o.StatusList(ctx, listURL); err != nil || b[0] != '{' || !at.Equal(s.now) {
		t.Errorf("%s %v %v", b, at, err)
	}

	// A list that is read goes on being fetched; one that nobody reads is
	// forgotten in the end.
	for range 3 {
		s.now = s.now.Add(listWanted / 2)
		if _, _, err := o.StatusList(ctx, listURL); err != nil {
			t.Fatal(err)
		}
		if got := cameOf(must(s.Sync(ctx)).StatusLists); got != "https://heart.example/status/1 " {
			t.Errorf("%s", got)
		}
	}
	s.now = s.now.Add(listWanted + time.Hour)
	if got := cameOf(must(s.Sync(ctx)).StatusLists); got != "" {
		t.Errorf("%s", got)
	}
	_, _, err = o.StatusList(ctx, listURL)
	wantCode(t, err, "status_not_fetched")
}

// TestThreat64_QueueTakesPublicAddressesOnly: a credential cannot make sync
// reach inside, nor fill the disk with addresses.
func TestThreat64_QueueTakesPublicAddressesOnly(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	if err := s.AddIssuer(ctx, listed(string(jwk.New(holderKey(t)))), false); err != nil {
		t.Fatal(err)
	}
	o := outside{s.Home}
	for _, address := range []string{
		"", "x", "http://heart.example/", "https://127.0.0.1/", "https://169.254.169.254/latest", "https://[::1%25lo]/", "https://localhost/", "https://0x7f.1/",
		"https://user:pw@heart.example/", "file:///etc/passwd", "https://heart.example:\n/", "data:text/plain,x", "//heart.example/", "https://heart.example/" + strings.Repeat("a", 2048),
	} {
		wantCode(t, o.Queue(ctx, address), "net_address_refused")
	}
	for i := range storage.MaxStatusLists + 20 {
		s.now = start.Add(time.Duration(i) * time.Second)
		if err := o.Queue(ctx, fmt.Sprintf("https://heart.example/%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	out := must(s.Sync(ctx))
	if n := len(out.StatusLists); n != storage.MaxStatusLists || len(p.since()) != n {
		t.Errorf("%d lists", n)
	}
	if strings.Contains(cameOf(out.StatusLists), "/0 ") || !strings.Contains(cameOf(out.StatusLists), fmt.Sprintf("/%d ", storage.MaxStatusLists+19)) {
		t.Error("the newest were dropped, not the oldest")
	}
}

// TestThreat67_OnlySyncFetches: whatever a credential names, only
// a sync asks for it.
func TestThreat67_OnlySyncFetches(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	for _, id := range []string{heart, string(jwk.New(holderKey(t)))} {
		if err := s.AddIssuer(ctx, listed(id), false); err != nil {
			t.Fatal(err)
		}
	}
	l := testkit.NewLedger(t, netA, 1, 1)
	l.Beat(start.Sub(l.Now))
	s.pin(l)
	s.take(export(t, l, 0))
	hospital := must(s.Hospital(ctx, HospitalOptions{}))
	for _, issuer := range []string{heart, "did:web:elsewhere.example", string(jwk.New(holderKey(t)))} {
		res, err := hospital.Verify(ctx, verifier.Input{File: "a.json", Bytes: []byte(`{
			"@context": ["https://www.w3.org/ns/credentials/v2", "https://heart.example/context"],
			"type": ["VerifiableCredential", "TrainingCertification"], "issuer": {"id": "` + issuer + `", "image": "https://heart.example/logo.png"},
			"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2028-01-01T00:00:00Z",
			"credentialSchema": {"id": "https://heart.example/schema.json", "type": "JsonSchema"},
			"termsOfUse": {"id": "https://heart.example/terms", "type": "x"},
			"credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "7", "statusListCredential": "https://heart.example/list"},
			"credentialSubject": {"familyName": "Quillfeather"},
			"proof": {"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "proofPurpose": "assertionMethod",
				"verificationMethod": "` + issuer + `#0", "proofValue": "z` + strings.Repeat("2", 87) + `"}}`)})
		if err != nil || res.Verdict == verifier.Verified {
			t.Errorf("%s: %s, %v", issuer, res.Verdict, err)
		}
		if _, err := s.Resolver().Resolve(ctx, did.DID(issuer), did.ResolveOptions{}); err != nil && explain.CodeOf(err) != "document_not_fetched" {
			t.Error(err)
		}
	}
	if got := p.since(); len(got) != 0 {
		t.Errorf("verifying asked for %v", got)
	}
	// What was not proved to be a listed issuer's has queued nothing.
	if lists := must(s.StatusLists(ctx)); len(lists) != 0 {
		t.Errorf("queued: %+v", lists)
	}
}

func TestResolver(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	resolve := func(id did.DID) (*did.Resolution, error) {
		return s.Resolver().Resolve(ctx, id, did.ResolveOptions{})
	}
	_, err := resolve(heart)
	wantCode(t, err, "document_not_fetched")
	if s.has(storage.Verifier.Name) {
		t.Error("resolving made a database")
	}
	j := jwk.New(holderKey(t))
	if r, err := resolve(j); err != nil || r.Document.ID != j || !r.AsOf.IsZero() {
		t.Error(err)
	}
	if err := s.AddIssuer(ctx, listed(heart), false); err != nil {
		t.Fatal(err)
	}
	p.put(heartDoc, documentOf(heart, 1))
	must(s.Sync(ctx))
	s.now = start.Add(time.Hour)
	if r, err := resolve(heart); err != nil || r.Document.ID != heart || !r.AsOf.Equal(start) {
		t.Error(err)
	}
	_, err = resolve("did:ion:x")
	wantCode(t, err, "did_method_unsupported")
}

// A ledger that cannot be reached does not keep issuers outside it out; what
// contradicts itself stops everything.
func TestSyncLedgerAndOutside(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	l := testkit.NewLedger(t, netA, 4, 1)
	s.pin(l)
	s.from(serve(t, l))
	if err := s.AddIssuer(ctx, listed(heart), false); err != nil {
		t.Fatal(err)
	}
	p.put(heartDoc, documentOf(heart, 1))
	var steps []SyncStep
	out := must(s.Sync(Following(ctx, func(s SyncStep) { steps = append(steps, s) })))
	if out.Network != netA || cameOf(out.Issuers) != heart+" " {
		t.Errorf("%+v", out)
	}
	if want := []SyncStep{{Of: 1}, {Place: out.Sources[0].Address, Number: 1, Of: 1}, {Place: heart, Outside: true, Number: 1, Of: 1}}; !slices.Equal(steps, want) {
		t.Errorf("the sync told %+v", steps)
	}
	s.from(nil)
	p.put(heartDoc, documentOf(heart, 2))
	s.now = start.Add(time.Hour)
	if _, err := s.Sync(ctx); explain.CodeOf(err) == "" {
		t.Errorf("%v", err)
	}
	if d, at, err := (outside{s.Home}).Document(ctx, heart); err != nil || !at.Equal(s.now) || d.AlsoKnownAs[0] != "urn:n:2" {
		t.Errorf("%v %v", at, err)
	}
	p.since()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.Sync(ended); !errors.Is(err, context.Canceled) || len(p.since()) != 0 {
		t.Errorf("%v", err)
	}
}

// TestThreat66_SlowServersDoNotStarveOthers: what a sync has no time for is not
// counted as tried, and comes first in the next.
func TestThreat66_SlowServersDoNotStarveOthers(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	if err := s.AddIssuer(ctx, listed(heart), false); err != nil {
		t.Fatal(err)
	}
	if err := s.AddIssuer(ctx, listed(lungDID), false); err != nil {
		t.Fatal(err)
	}
	p.put(lungDoc, documentOf(lungDID, 1))
	errands, store, err := s.errands(ctx, must(s.Listings()))
	if err != nil || len(errands) != 2 {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	for i := range errands {
		in := over // no time left
		if errands[i].ID == heart {
			in = ctx
		}
		if err := s.bring(ctx, in, store, &errands[i]); err != nil || errands[i].Code != "net_unreachable" {
			t.Errorf("%+v %v", errands[i], err)
		}
	}
	next, _, err := s.errands(ctx, must(s.Listings()))
	if err != nil || next[0].ID != lungDID || next[1].ID != heart || next[1].Code != "net_unreachable" {
		t.Errorf("%+v %v", next, err)
	}
	if got := p.since(); !slices.Equal(got, []string{heartDoc}) {
		t.Errorf("%v", got)
	}
}

// The product's own fetching goes through the guard: a listed did:web whose name
// leads inside is refused, by its own code.
func TestThreat64_SyncUsesTheGuard(t *testing.T) {
	for _, address := range []string{"https://127.0.0.1:1/x", "http://heart.example/", "https://localhost/"} {
		if _, err := fetchOutside(context.Background(), address, web.Accept, 10); explain.CodeOf(err) != "net_address_refused" {
			t.Errorf("%s: %v", address, err)
		}
	}
}
