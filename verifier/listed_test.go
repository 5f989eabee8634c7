package verifier

// Issuers outside the network: whose trust a verdict rests on, and what status
// lists say.

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	gold "github.com/piprate/json-gold/ld"

	"bonafide/assets"
	"bonafide/did"
	"bonafide/did/jwk"
	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/vc"
	"bonafide/verifier/statuslist"
)

// beyond is an Outside in memory that can be told to fail.
type beyond struct {
	list   []ListedIssuer
	docs   map[did.DID]*did.Document
	lists  map[string][]byte
	at     map[string]time.Time // when a document or list was fetched
	queued []string
	fail   string // the call that fails without a code
	code   string // that Listed fails with
}

func (b *beyond) Listed() ([]ListedIssuer, error) {
	if b.fail == "listed" {
		return nil, errDisk
	}
	if b.code != "" {
		return nil, explain.Errorf(b.code, "x")
	}
	return b.list, nil
}

func (b *beyond) Document(_ context.Context, id did.DID) (*did.Document, time.Time, error) {
	if b.fail == "document" {
		return nil, time.Time{}, errDisk
	}
	switch id.Method() {
	case "key":
		d, err := key.Resolver.Resolve(ctx, id, did.ResolveOptions{})
		if err != nil {
			return nil, time.Time{}, err
		}
		return d.Document, time.Time{}, nil
	case "jwk":
		d, err := jwk.Document(id)
		return d, time.Time{}, err
	}
	if d, ok := b.docs[id]; ok {
		return d, b.at[string(id)], nil
	}
	return nil, time.Time{}, explain.Errorf("document_not_fetched", "x")
}

func (b *beyond) StatusList(_ context.Context, url string) ([]byte, time.Time, error) {
	if b.fail == "status list" {
		return nil, time.Time{}, errDisk
	}
	if l, ok := b.lists[url]; ok {
		return l, b.at[url], nil
	}
	return nil, time.Time{}, explain.Errorf("status_not_fetched", "x")
}

func (b *beyond) Queue(_ context.Context, url string) error {
	if b.fail == "queue" {
		return errDisk
	}
	if strings.Contains(url, "[") {
		return explain.Errorf("net_address_refused", "x")
	}
	b.queued = append(b.queued, url)
	return nil
}

// outsiders is a world with issuers that no ledger knows.
type outsiders struct {
	*es256World
	web  did.DID // has both keys
	ed   ed25519.PrivateKey
	es   testkit.P256
	root authority
}

const (
	webIssuer = "did:web:college.example"
	urlIssuer = "https://college.example"
	diploma   = "Diploma"
	diplomaV  = "urn:example:vct:diploma"
	listURL   = "https://college.example/status/1"
)

func newOutsiders(t testing.TB) *outsiders {
	return &outsiders{
		es256World: newES256World(t), web: webIssuer, ed: freshKey("college"), es: testkit.NewP256(t, "college"),
		root: newAuthority(t, "college root"),
	}
}

func (w *outsiders) edMethod() string { return webIssuer + "#" + testkit.Public(w.t, w.ed).Multikey() }
func (w *outsiders) esMethod() string { return webIssuer + "#" + w.es.Public(w.t).Multikey() }

// document is the issuer's, with keys under a relationship.
func (w *outsiders) document(rel string, keys ...did.PublicKey) *did.Document {
	w.t.Helper()
	methods, ids := []any{}, []any{}
	for _, k := range keys {
		id := webIssuer + "#" + k.Multikey()
		ids = append(ids, id)
		methods = append(methods, map[string]any{"id": id, "type": "Multikey", "controller": webIssuer, "publicKeyMultibase": k.Multikey()})
	}
	d, err := did.ParseDocument(canonical(w.t, map[string]any{"id": webIssuer, "verificationMethod": methods, rel: ids}))
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// desk is a hospital that lists the issuer by its DID and by a root.
func (w *outsiders) desk() (*hospital, *beyond) {
	w.t.Helper()
	h := w.hospital()
	at := h.device.Add(-time.Hour)
	b := &beyond{
		docs: map[did.DID]*did.Document{w.web: w.document("assertionMethod", testkit.Public(w.t, w.ed), w.es.Public(w.t))},
		at:   map[string]time.Time{webIssuer: at, listURL: at}, lists: map[string][]byte{},
	}
	sum := sha256.Sum256(w.root.cert.Raw)
	until := h.device.Add(24 * time.Hour)
	b.list = []ListedIssuer{
		{ID: webIssuer, Name: "Example College", Types: []string{diploma, diplomaV}, Until: until},
		{ID: "x509:" + hex.EncodeToString(sum[:]), Root: w.root.cert.Raw, Name: "Example Root", Types: []string{diplomaV}, Until: until},
	}
	h.outside = b
	return h, b
}

// canonicalQuads is the input of eddsa-rdfc-2022 by another implementation.
func canonicalQuads(t testing.TB, doc map[string]any) [32]byte {
	t.Helper()
	var plain map[string]any // with numbers as json-gold expects them
	if err := json.Unmarshal(canonical(t, doc), &plain); err != nil {
		t.Fatal(err)
	}
	o := gold.NewJsonLdOptions("")
	o.DocumentLoader, o.ProcessingMode = pinned{}, gold.JsonLd_1_1
	o.Format, o.Algorithm = "application/n-quads", gold.AlgorithmURDNA2015
	quads, err := gold.NewJsonLdProcessor().Normalize(plain, o)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256([]byte(quads.(string)))
}

type pinned struct{}

func (pinned) LoadDocument(u string) (*gold.RemoteDocument, error) {
	b, err := assets.Context(u)
	if err != nil {
		return nil, err
	}
	var doc any
	if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	return &gold.RemoteDocument{DocumentURL: u, Document: doc}, nil
}

func base58(b []byte) string {
	const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	out := ""
	for n, m := new(big.Int).SetBytes(b), new(big.Int); n.Sign() > 0; {
		n.DivMod(n, big.NewInt(58), m)
		out = string(digits[m.Int64()]) + out
	}
	for _, c := range b {
		if c != 0 {
			break
		}
		out = "1" + out
	}
	return out
}

// signDI secures a document with eddsa-rdfc-2022 without our own writer.
func signDI(t testing.TB, doc map[string]any, k ed25519.PrivateKey, method string) []byte {
	t.Helper()
	proof := map[string]any{
		"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": testkit.Start.Format(time.RFC3339),
		"proofPurpose": "assertionMethod", "verificationMethod": method,
	}
	options := maps.Clone(proof)
	options["@context"] = doc["@context"]
	config, body := canonicalQuads(t, options), canonicalQuads(t, doc)
	proof["proofValue"] = "z" + base58(ed25519.Sign(k, append(config[:], body[:]...)))
	signed := maps.Clone(doc)
	signed["proof"] = proof
	return canonical(t, signed)
}

// diplomaOf is a VCDM credential of an issuer outside the network.
func diplomaOf(issuer string, edit func(c map[string]any)) map[string]any {
	c := map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
		"type":     []any{"VerifiableCredential", diploma}, "issuer": issuer,
		"validFrom": testkit.Start.Format(time.RFC3339), "validUntil": licenceEnd.Format(time.RFC3339),
		"credentialSubject": map[string]any{"degree": "Doctor of Medicine"},
	}
	if edit != nil {
		edit(c)
	}
	return c
}

func (w *outsiders) vcdm(edit func(c map[string]any)) []byte {
	w.t.Helper()
	return signDI(w.t, diplomaOf(webIssuer, edit), w.ed, w.edMethod())
}

// sdjwt is an SD-JWT VC of an issuer outside the network, without disclosures.
func (w *outsiders) sdjwt(edit func(header, payload map[string]any)) []byte {
	w.t.Helper()
	header := map[string]any{"alg": "ES256", "typ": "dc+sd-jwt", "kid": w.esMethod()}
	payload := map[string]any{
		"iss": webIssuer, "vct": diplomaV, "degree": "Doctor of Medicine",
		"nbf": seconds(testkit.Start), "exp": seconds(licenceEnd),
	}
	if edit != nil {
		edit(header, payload)
	}
	return []byte(token(w.t, w.es, header, payload) + "~")
}

// certified makes it one whose key a root certifies.
func (w *outsiders) certified(chain ...[]byte) func(header, payload map[string]any) {
	return func(header, payload map[string]any) {
		delete(header, "kid")
		list := []any{}
		for _, der := range chain {
			list = append(list, base64.StdEncoding.EncodeToString(der))
		}
		header["x5c"], payload["iss"] = list, urlIssuer
	}
}

func seconds(t time.Time) json.Number { return json.Number(strconv.FormatInt(t.Unix(), 10)) }

func withStatus(entries ...any) func(c map[string]any) {
	return func(c map[string]any) { c["credentialStatus"] = entries }
}

func entry(purpose, index string) map[string]any {
	return map[string]any{
		"type": "BitstringStatusListEntry", "statusPurpose": purpose, "statusListIndex": index, "statusListCredential": listURL,
	}
}

func withToken(index int) func(h, p map[string]any) {
	return func(_, p map[string]any) {
		p["status"] = map[string]any{"status_list": map[string]any{"idx": json.Number(strconv.Itoa(index)), "uri": listURL}}
	}
}

// bitstring is a status list credential with these entries set.
func (w *outsiders) bitstring(purpose any, set []int, edit func(c, subject map[string]any)) []byte {
	w.t.Helper()
	list := make([]byte, statuslist.MinBitstring/8)
	for _, i := range set {
		list[i/8] |= 0x80 >> (i % 8)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(list); err != nil {
		w.t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		w.t.Fatal(err)
	}
	subject := map[string]any{
		"id": listURL + "#list", "type": "BitstringStatusList", "statusPurpose": purpose,
		"encodedList": "u" + base64.RawURLEncoding.EncodeToString(b.Bytes()),
	}
	c := map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "id": listURL,
		"type": []any{"VerifiableCredential", "BitstringStatusListCredential"}, "issuer": webIssuer,
		"validFrom": testkit.Start.Format(time.RFC3339), "credentialSubject": subject,
	}
	if edit != nil {
		edit(c, subject)
	}
	return signDI(w.t, c, w.ed, w.edMethod())
}

// tokenList is a Status List Token of two bits an entry with these values.
func (w *outsiders) tokenList(values map[int]byte, edit func(header, payload map[string]any)) []byte {
	w.t.Helper()
	list := make([]byte, 256)
	for i, v := range values {
		list[i/4] |= v << (i % 4 * 2)
	}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(list); err != nil {
		w.t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		w.t.Fatal(err)
	}
	header := map[string]any{"alg": "ES256", "typ": "statuslist+jwt", "kid": w.esMethod()}
	payload := map[string]any{
		"sub": listURL, "iat": seconds(testkit.Start),
		"status_list": map[string]any{"bits": json.Number("2"), "lst": base64.RawURLEncoding.EncodeToString(b.Bytes())},
	}
	if edit != nil {
		edit(header, payload)
	}
	return []byte(token(w.t, w.es, header, payload))
}

// By DID and by root, in both envelopes: verified on the hospital's own word,
// and the result says so.
func TestListedIssuers(t *testing.T) {
	w := newOutsiders(t)
	leaf := w.root.certify(t, w.es, urlIssuer)
	edPub := testkit.Public(t, w.ed)
	keyIssuer := string(key.New(edPub))
	jwkIssuer := string(jwk.New(w.es.Public(t)))
	for _, c := range []struct {
		name, issuer, typ, by string
		file                  []byte
		code                  string
		dated                 bool // the key's check has the time of fetching
	}{
		{"did:web, VCDM", webIssuer, diploma, "Example College", w.vcdm(nil), "issuer_key_listed", true},
		{"did:web, SD-JWT", webIssuer, diplomaV, "Example College", w.sdjwt(nil), "issuer_key_listed", true},
		{"did:key, VCDM", keyIssuer, diploma, "A key", signDI(t, diplomaOf(keyIssuer, nil), w.ed, key.MethodID(edPub)), "issuer_key_listed", false},
		{"did:jwk, SD-JWT", jwkIssuer, diplomaV, "A jwk", w.sdjwt(func(h, p map[string]any) {
			h["kid"], p["iss"] = jwk.MethodID(did.DID(jwkIssuer)), jwkIssuer
		}), "issuer_key_listed", false},
		{"root, URL", urlIssuer, diplomaV, "Example Root", w.sdjwt(w.certified(leaf)), "issuer_key_certified", false},
		{"root, no issuer named", "", diplomaV, "Example Root", w.sdjwt(func(h, p map[string]any) {
			w.certified(w.root.certify(t, w.es, ""))(h, p)
			delete(p, "iss")
		}), "issuer_key_certified", false},
		{"did:web with its certificate", webIssuer, diplomaV, "Example College", w.sdjwt(func(h, _ map[string]any) {
			h["x5c"] = []any{base64.StdEncoding.EncodeToString(leaf)}
		}), "issuer_key_listed", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, b := w.desk()
			h.t = t
			until := h.device.Add(time.Hour)
			b.list = append(b.list,
				ListedIssuer{ID: keyIssuer, Name: "A key", Types: []string{diploma}, Until: until},
				ListedIssuer{ID: jwkIssuer, Name: "A jwk", Types: []string{diplomaV}, Until: until})
			res := h.look(c.file)
			want(t, res, Verified, CheckIssuerKey, Pass, c.code)
			for id, code := range map[string]string{
				CheckAnchor: "issuer_listed", CheckAccreditation: "issuer_listed", CheckTemplate: "template_none", CheckStatus: "status_not_named",
			} {
				if k := find(res, id); k.Outcome != Skipped || k.Code != code || k.AsOf != nil {
					t.Errorf("%s: %s %s", id, k.Outcome, k.Code)
				}
			}
			if n := res.Credentials[0].IssuerName; n == nil || *n != c.by {
				t.Errorf("the issuer is not named as it is listed: %v", n)
			}
			if res.Headline != "Verified. This rests on your own list of issuers, not on the boards' ledger: "+c.by+"." {
				t.Error(res.Headline)
			}
			at := find(res, CheckIssuerKey).AsOf
			if c.dated != (at != nil) || at != nil && !at.Equal(b.at[webIssuer]) {
				t.Error("as of", at)
			}
			got := res.Credentials[0]
			if c.issuer == "" {
				c.issuer = b.list[1].ID
			}
			if *got.Issuer != c.issuer || *got.Type != c.typ || got.Licence != (Licence{}) || got.Subject != nil {
				t.Error(string(canonicalOf(t, got)))
			}
			// The list is what it rests on: without it nothing holds.
			b.list = nil
			want(t, h.look(c.file), Rejected, CheckAnchor, Fail, "anchor_missing")
			h.outside = nil
			want(t, h.look(c.file), Rejected, CheckAnchor, Fail, "anchor_missing")
		})
	}
}

// What a listing says, to the letter and to the day.
func TestThreat34_ListedTypes(t *testing.T) {
	w := newOutsiders(t)
	vcdm, sd := w.vcdm(nil), w.sdjwt(nil)
	two := w.vcdm(func(c map[string]any) { c["type"] = []any{"VerifiableCredential", diploma, "AccessPass"} })
	none := w.vcdm(func(c map[string]any) { c["type"] = []any{"VerifiableCredential"} })
	for _, c := range []struct {
		name    string
		file    []byte
		list    func(h *hospital, b *beyond)
		verdict Verdict
		outcome Outcome
		code    string
	}{
		{"named", vcdm, func(*hospital, *beyond) {}, Verified, Skipped, "issuer_listed"},
		{"another type", vcdm, func(_ *hospital, b *beyond) {
			b.list[0].Types = []string{"diploma", "Diplomas", "VerifiableCredential"}
		}, Rejected, Fail, "not_accredited"},
		{"another vct", sd, func(_ *hospital, b *beyond) { b.list[0].Types = []string{diploma, diplomaV + "2"} }, Rejected, Fail, "not_accredited"},
		{"no types", vcdm, func(_ *hospital, b *beyond) { b.list[0].Types = nil }, Rejected, Fail, "not_accredited"},
		{"two types", two, func(*hospital, *beyond) {}, Rejected, Fail, "type_ambiguous"},
		{"no type", none, func(*hospital, *beyond) {}, Rejected, Fail, "type_ambiguous"},
		{"last moment", vcdm, func(h *hospital, b *beyond) { b.list[0].Until = h.device }, Verified, Skipped, "issuer_listed"},
		{"run out", vcdm, func(h *hospital, b *beyond) { b.list[0].Until = h.device.Add(-time.Second) }, Unconfirmed, Unknown, "listing_expired"},
		{"run out, clock set back", vcdm, func(h *hospital, b *beyond) {
			b.list[0].Until = h.device.Add(-time.Minute)
			h.floor, h.device = h.device, h.device.Add(-4*time.Minute)
		}, Unconfirmed, Unknown, "listing_expired"},
		{"run out for this type, in force for another", vcdm, func(h *hospital, b *beyond) {
			b.list[0].Until = h.device.Add(-time.Second)
			b.list = append(b.list, ListedIssuer{ID: webIssuer, Types: []string{"Other"}, Until: h.device.Add(time.Hour)})
		}, Unconfirmed, Unknown, "listing_expired"},
		{"run out and listed anew", vcdm, func(h *hospital, b *beyond) {
			old := b.list[0]
			old.Until = h.device.Add(-time.Second)
			b.list = append([]ListedIssuer{old}, b.list...)
		}, Verified, Skipped, "issuer_listed"},
		{"a DID that begins alike", vcdm, func(_ *hospital, b *beyond) { b.list[0].ID = webIssuer + ":faculty" }, Rejected, Skipped, "not_run"},
		{"a root with the DID as its id", vcdm, func(_ *hospital, b *beyond) { b.list[0].Root = w.root.cert.Raw }, Rejected, Skipped, "not_run"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, b := w.desk()
			h.t = t
			c.list(h, b)
			want(t, h.look(c.file), c.verdict, CheckAccreditation, c.outcome, c.code)
		})
	}
}

// What belongs to the ledger stays with the ledger, whatever the hospital lists.
func TestThreat34_ListingTakesNothingFromTheLedger(t *testing.T) {
	w := newOutsiders(t)
	anchored := w.anchored(draft{})[0]
	sd := w.sdAnchored(sdDraft{draft: draft{index: 1}})[0]
	w.set(w.board, 0, ledger.Revoked)
	far := w.newcomer("Accredited elsewhere")
	w.accredit(far, licence, "US-KY")
	unaccredited := w.issue(draft{by: far})
	noAnchor := func(issuer string) []byte {
		return signDI(t, diplomaOf(issuer, nil), w.board.Issuing, issuer+"#"+testkit.Public(t, w.board.Issuing).Multikey())
	}
	h, b := w.desk()
	until := h.device.Add(time.Hour)
	for _, id := range []did.DID{w.board.DID, far.DID, "did:bonafide:x", "did:bonafide:other-abcdefgh:" + did.DID(strings.Repeat("a", 32))} {
		b.list = append(b.list, ListedIssuer{ID: string(id), Name: "Listed board", Types: []string{licence, vct, diploma, diplomaV}, Until: until})
		d, err := did.ParseDocument(canonical(t, map[string]any{"id": string(id)}))
		if err != nil {
			t.Fatal(err)
		}
		b.docs[id] = d
	}
	b.list[0].Types = append(b.list[0].Types, licence, vct)
	b.list[1].Types = append(b.list[1].Types, vct)
	ca := w.root.certify(t, w.issuing, string(w.board.DID))
	for name, c := range map[string]struct {
		file []byte
		id   string
		code string
	}{
		"revoked":                       {anchored.seal(), CheckStatus, "status_revoked"},
		"another's anchor":              {anchored.sealAs(sd.anchor.String()), CheckAnchor, "anchor_mismatch"},
		"malformed anchor":              {anchored.sealAs("AAAA"), CheckAnchor, "anchor_malformed"},
		"not accredited":                {unaccredited, CheckAccreditation, "not_accredited"},
		"a board's without anchor":      {noAnchor(string(w.board.DID)), CheckAnchor, "anchor_missing"},
		"another network's":             {noAnchor("did:bonafide:other-abcdefgh:" + strings.Repeat("a", 32)), CheckAnchor, "anchor_missing"},
		"a name like a board's":         {noAnchor("did:bonafide:x"), CheckAnchor, "anchor_missing"},
		"SD-JWT, anchor taken off":      {resign(t, sd.seal(), w.issuing, func(_, p map[string]any) { delete(p, "anchor") }), CheckAnchor, "anchor_missing"},
		"SD-JWT, anchor empty":          {resign(t, sd.seal(), w.issuing, func(_, p map[string]any) { p["anchor"] = "" }), CheckAnchor, "anchor_missing"},
		"SD-JWT, anchor malformed":      {sd.sealAs("AAAA"), CheckAnchor, "anchor_malformed"},
		"SD-JWT by a listed root":       {resign(t, sd.seal(), w.issuing, func(h, p map[string]any) { w.x5c(h, ca); delete(h, "kid"); delete(p, "anchor") }), CheckAnchor, "anchor_missing"},
		"SD-JWT of a name like a board": {resign(t, sd.seal(), w.issuing, func(h, p map[string]any) { w.x5c(h, ca); delete(p, "anchor"); p["iss"] = "did:bonafide" }), CheckIssuerKey, "issuer_malformed"},
		"listed, with an anchor": {w.sdjwt(func(_, p map[string]any) {
			p["anchor"] = anchored.anchor.String()
		}), CheckAnchor, "anchor_mismatch"},
		"listed, with an empty anchor": {w.sdjwt(func(_, p map[string]any) { p["anchor"] = "" }), CheckAnchor, "anchor_missing"},
		"listed, with two anchors": {w.vcdm(func(c map[string]any) {
			c["@context"] = append(c["@context"].([]any), "urn:bonafide:context:v1")
			c["evidence"] = []any{map[string]any{"type": "LedgerAnchor", "anchor": "AA"}, map[string]any{"type": "LedgerAnchor", "anchor": "AB"}}
		}), CheckAnchor, "anchor_ambiguous"},
	} {
		res := h.look(c.file)
		if res.Verdict != Rejected || find(res, c.id).Code != c.code {
			t.Errorf("%s: want %s\n%s", name, c.code, table(res))
		}
		if strings.Contains(table(res), "issuer_listed") {
			t.Errorf("%s took the listed way", name)
		}
	}
	if len(b.queued) > 0 {
		t.Error(b.queued)
	}
}

func (w *outsiders) x5c(header map[string]any, chain ...[]byte) {
	list := []any{}
	for _, der := range chain {
		list = append(list, base64.StdEncoding.EncodeToString(der))
	}
	header["x5c"] = list
}

// Threats 5 to 9 where the document is the issuer's own: exact methods, the
// right relationship, nobody else's keys.
func TestThreat7_KeysOfListedIssuers(t *testing.T) {
	w := newOutsiders(t)
	stranger, other := testkit.NewP256(t, "stranger"), freshKey("stranger")
	ca := newAuthority(t, "another root")
	edPub := testkit.Public(t, w.ed)
	for _, c := range []struct {
		name    string
		file    []byte
		edit    func(h *hospital, b *beyond)
		verdict Verdict
		id      string
		outcome Outcome
		code    string
	}{
		{"not fetched", w.vcdm(nil), func(_ *hospital, b *beyond) { delete(b.docs, w.web) }, Unconfirmed, CheckIssuerKey, Unknown, "document_not_fetched"},
		{"another's document", w.vcdm(nil), func(_ *hospital, b *beyond) {
			d, err := key.Document(edPub)
			if err != nil {
				t.Fatal(err)
			}
			b.docs[w.web] = d
		}, Unconfirmed, CheckIssuerKey, Unknown, "did_id_mismatch"},
		{"for authentication alone", w.vcdm(nil), func(_ *hospital, b *beyond) { b.docs[w.web] = w.document("authentication", edPub) }, Rejected, CheckIssuerKey, Fail, "method_wrong_purpose"},
		{"key withdrawn", w.sdjwt(nil), func(_ *hospital, b *beyond) { b.docs[w.web] = w.document("assertionMethod", edPub) }, Rejected, CheckIssuerKey, Fail, "method_not_found"},
		{"key withdrawn, old document", w.sdjwt(nil), func(h *hospital, b *beyond) {
			b.docs[w.web] = w.document("assertionMethod", edPub)
			b.at[webIssuer] = h.device.Add(-31 * 24 * time.Hour)
		}, Unconfirmed, CheckIssuerKey, Unknown, "document_stale"},
		{"old document", w.sdjwt(nil), func(h *hospital, b *beyond) { b.at[webIssuer] = h.device.Add(-30*24*time.Hour - time.Second) }, Unconfirmed, CheckIssuerKey, Unknown, "document_stale"},
		{"old document, forged", resign(t, w.sdjwt(nil), stranger, func(_, _ map[string]any) {}), func(h *hospital, b *beyond) {
			b.at[webIssuer] = h.device.Add(-31 * 24 * time.Hour)
		}, Rejected, CheckProof, Fail, "proof_invalid"},
		{"document as old as may be", w.sdjwt(nil), func(h *hospital, b *beyond) { b.at[webIssuer] = h.device.Add(-30 * 24 * time.Hour) }, Verified, CheckIssuerKey, Pass, "issuer_key_listed"},
		{"forged", signDI(t, diplomaOf(webIssuer, nil), other, w.edMethod()), nil, Rejected, CheckProof, Fail, "proof_invalid"},
		{"a stranger's key", signDI(t, diplomaOf(webIssuer, nil), other, key.MethodID(testkit.Public(t, other))), nil, Rejected, CheckIssuerKey, Fail, "method_not_found"},
		{"unsigned", canonical(t, diplomaOf(webIssuer, nil)), nil, Rejected, CheckIssuerKey, Fail, "proof_missing"},
		{"relative kid", w.sdjwt(func(h, _ map[string]any) { h["kid"] = strings.TrimPrefix(h["kid"].(string), webIssuer) }), nil, Rejected, CheckIssuerKey, Fail, "method_not_found"},
		{"wrong kind of key", w.sdjwt(func(h, _ map[string]any) { h["kid"] = w.edMethod() }), nil, Rejected, CheckProof, Fail, "proof_wrong_key"},
		{"no kid", w.sdjwt(func(h, _ map[string]any) { delete(h, "kid") }), nil, Rejected, CheckAnchor, Fail, "anchor_missing"},
		{"another key's certificate", w.sdjwt(func(h, _ map[string]any) { w.x5c(h, w.root.certify(t, stranger, webIssuer)) }), nil, Rejected, CheckIssuerKey, Fail, "certificate_mismatch"},
		{"changed", bytes.Replace(w.vcdm(nil), []byte("Doctor of Medicine"), []byte("Doctor of Medicina"), 1), nil, Rejected, CheckProof, Fail, "proof_invalid"},
		{"an unlisted root", w.sdjwt(w.certified(ca.certify(t, w.es, urlIssuer))), nil, Rejected, CheckIssuerKey, Fail, "certificates_untrusted"},
		{"a root alike in name", w.sdjwt(w.certified(namesake(t, "college root").certify(t, w.es, urlIssuer))), nil, Rejected, CheckIssuerKey, Fail, "certificates_untrusted"},
		{"another issuer's certificate", w.sdjwt(w.certified(w.root.certify(t, w.es, "https://elsewhere.example"))), nil, Rejected, CheckIssuerKey, Fail, "certificates_name"},
		{"certificate without a name", w.sdjwt(w.certified(w.root.certify(t, w.es, ""))), nil, Rejected, CheckIssuerKey, Fail, "certificates_name"},
		{"certificate run out", w.sdjwt(w.certified(w.root.certifyUntil(t, w.es, urlIssuer, testkit.Start))), nil, Rejected, CheckIssuerKey, Fail, "certificates_expired"},
		{"certificate run out at the floor", w.sdjwt(w.certified(w.root.certify(t, w.es, urlIssuer))), func(h *hospital, _ *beyond) {
			h.floor = testkit.Start.AddDate(3, 0, 1)
		}, Rejected, CheckIssuerKey, Fail, "certificates_expired"},
		{"certified, forged", resign(t, w.sdjwt(w.certified(w.root.certify(t, w.es, urlIssuer))), stranger, func(_, _ map[string]any) {}), nil, Rejected, CheckProof, Fail, "proof_invalid"},
		{"the root itself", w.sdjwt(w.certified(w.root.cert.Raw)), nil, Rejected, CheckIssuerKey, Fail, "certificates_untrusted"},
		{"list unreadable", w.vcdm(nil), func(_ *hospital, b *beyond) { b.code = "issuers_rolled_back" }, Unconfirmed, CheckIssuerKey, Unknown, "issuers_rolled_back"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, b := w.desk()
			h.t = t
			if c.edit != nil {
				c.edit(h, b)
			}
			want(t, h.look(c.file), c.verdict, c.id, c.outcome, c.code)
		})
	}
	// did:jwk never ages.
	issuer := jwk.New(w.es.Public(t))
	file := w.sdjwt(func(h, p map[string]any) { h["kid"], p["iss"] = jwk.MethodID(issuer), string(issuer) })
	h, b := w.desk()
	b.list = append(b.list, ListedIssuer{ID: string(issuer), Types: []string{diplomaV}, Until: h.device.Add(time.Hour)})
	if res := h.look(file); res.Verdict != Verified || !strings.Contains(res.Headline, string(issuer)) {
		t.Error(table(res))
	}
}

// Where a template is registered for the type, it holds for a listed issuer
// too, but for what only the ledger gives.
func TestListedIssuerUnderATemplate(t *testing.T) {
	w := newOutsiders(t)
	subject := func() map[string]any {
		return w.claims(w.fill(draft{}))["credentialSubject"].(map[string]any)
	}
	vcdm := func(edit func(s map[string]any)) []byte {
		return w.vcdm(func(c map[string]any) {
			s := subject()
			if edit != nil {
				edit(s)
			}
			c["@context"] = []any{"https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"}
			c["type"], c["credentialSubject"] = []any{"VerifiableCredential", licence}, s
		})
	}
	sd := func(edit func(p map[string]any)) []byte {
		return w.sdjwt(func(_, p map[string]any) {
			delete(p, "degree")
			p["vct"] = vct
			s := subject()
			delete(s, "type")
			delete(s["licence"].(map[string]any), "type")
			maps.Copy(p, s)
			if edit != nil {
				edit(p)
			}
		})
	}
	h, b := w.desk()
	b.list[0].Types = []string{licence} // also what the vct stands for
	for name, c := range map[string]struct {
		file []byte
		code string
	}{
		"VCDM":              {vcdm(nil), "template_fits"},
		"VCDM, no number":   {vcdm(func(s map[string]any) { delete(s["licence"].(map[string]any), "number") }), "template_mismatch"},
		"SD-JWT":            {sd(nil), "template_fits"},
		"SD-JWT, no number": {sd(func(p map[string]any) { delete(p["licence"].(map[string]any), "number") }), "template_mismatch"},
		"SD-JWT, digests of what is not shown": {sd(func(p map[string]any) {
			delete(p["licence"].(map[string]any), "number")
			p["licence"].(map[string]any)["_sd"] = []any{"X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"}
		}), "template_fits"},
	} {
		res := h.look(c.file)
		if find(res, CheckTemplate).Code != c.code || (res.Verdict == Verified) != (c.code == "template_fits") {
			t.Errorf("%s: want %s\n%s", name, c.code, table(res))
		}
		if typ := res.Credentials[0].Type; *typ != licence {
			t.Errorf("%s: type %s", name, *typ)
		}
		if got := res.Credentials[0].Licence; got != (Licence{}) {
			t.Errorf("%s: %+v: who is not on the ledger says nothing of practice", name, got)
		}
	}
}

// A listed issuer's credential is held to its dates, and one without an end
// has none.
func TestListedValidity(t *testing.T) {
	w := newOutsiders(t)
	end := w.hospital().device
	ends := func(at time.Time) []byte {
		return w.vcdm(func(c map[string]any) { c["validUntil"] = at.Format(time.RFC3339) })
	}
	begins := func(at time.Time) []byte {
		return w.vcdm(func(c map[string]any) { c["validFrom"] = at.Format(time.RFC3339); delete(c, "validUntil") })
	}
	for _, c := range []struct {
		name    string
		file    []byte
		device  time.Duration // against the desk's
		verdict Verdict
		outcome Outcome
		code    string
	}{
		{"last moment", ends(end), 0, Verified, Pass, "in_validity"},
		{"over", ends(end.Add(-time.Second)), 0, Rejected, Fail, "expired"},
		{"no end", begins(testkit.Start), 0, Verified, Pass, "validity_open"},
		{"no end, not begun", begins(end.Add(6 * time.Minute)), 0, Rejected, Fail, "not_yet_valid"},
		{"no end, clock behind", begins(testkit.Start), -2 * time.Hour, Unconfirmed, Unknown, "clock_behind"},
		{"SD-JWT, no end", w.sdjwt(func(_, p map[string]any) { delete(p, "exp"); delete(p, "nbf") }), 0, Verified, Pass, "validity_open"},
		{"SD-JWT, over", w.sdjwt(func(_, p map[string]any) { p["exp"] = seconds(end.Add(-time.Second)) }), 0, Rejected, Fail, "expired"},
	} {
		h, _ := w.desk()
		h.device = h.device.Add(c.device)
		want(t, h.look(c.file), c.verdict, CheckValidity, c.outcome, c.code)
	}
}

// Threats 48, 50, 51 and 53: what a status list of the W3C says, and when it
// says nothing.
func TestThreat51_BitstringStatusLists(t *testing.T) {
	w := newOutsiders(t)
	at := func(i string) []byte { return w.vcdm(withStatus(entry("revocation", i))) }
	good := w.bitstring("revocation", []int{8, 131071}, nil)
	stranger := freshKey("stranger")
	edPub := testkit.Public(t, w.ed)
	days := func(n int) func(h *hospital, b *beyond) {
		return func(h *hospital, b *beyond) { b.at[listURL] = h.device.Add(-time.Duration(n) * 24 * time.Hour) }
	}
	for _, c := range []struct {
		name    string
		file    []byte
		list    []byte
		edit    func(h *hospital, b *beyond)
		verdict Verdict
		outcome Outcome
		code    string
		queued  bool
	}{
		{"clear", at("7"), good, nil, Verified, Pass, "status_listed_clear", false},
		{"set, first of a byte", at("8"), good, nil, Rejected, Fail, "status_listed_revoked", false},
		{"beside", at("15"), good, nil, Verified, Pass, "status_listed_clear", false},
		{"set, last", at("131071"), good, nil, Rejected, Fail, "status_listed_revoked", false},
		{"beyond the end", at("131072"), good, nil, Rejected, Fail, "status_out_of_range", false},
		{"far beyond", at("4294967295"), good, nil, Rejected, Fail, "status_out_of_range", false},
		{"no number", at("-1"), good, nil, Unconfirmed, Unknown, "status_unsupported", false},
		{"leading zero", at("07"), good, nil, Unconfirmed, Unknown, "status_unsupported", false},
		{"plus", at("+7"), good, nil, Unconfirmed, Unknown, "status_unsupported", false},
		{"not fetched", at("7"), nil, nil, Unconfirmed, Unknown, "status_not_fetched", true},
		{"suspension set", w.vcdm(withStatus(entry("suspension", "3"))), w.bitstring("suspension", []int{3}, nil), nil, Rejected, Fail, "status_listed_suspended", false},
		{"message set", w.vcdm(withStatus(entry("message", "3"))), w.bitstring("message", []int{3}, nil), nil, Unconfirmed, Unknown, "status_listed_other", false},
		{"message clear", w.vcdm(withStatus(entry("message", "4"))), w.bitstring("message", []int{3}, nil), nil, Verified, Skipped, "status_not_named", false},
		{"another purpose", at("7"), w.bitstring("suspension", nil, nil), nil, Unconfirmed, Unknown, "status_list_other", true},
		{"one of its purposes", at("7"), w.bitstring([]any{"suspension", "revocation"}, nil, nil), nil, Verified, Pass, "status_listed_clear", false},
		{"another list", at("7"), w.bitstring("revocation", nil, func(c, _ map[string]any) { c["id"] = listURL + "0" }), nil, Unconfirmed, Unknown, "status_list_other", true},
		{"a list without id", at("7"), w.bitstring("revocation", nil, func(c, _ map[string]any) { delete(c, "id") }), nil, Verified, Pass, "status_listed_clear", false},
		{"forged list", at("7"), bytes.Replace(good, []byte(`"encodedList":"uH4s`), []byte(`"encodedList":"uH4t`), 1), nil, Unconfirmed, Unknown, "status_list_unproved", true},
		{"unsigned list", at("7"), unsigned(t, good), nil, Unconfirmed, Unknown, "status_list_unproved", true},
		{"list by another", at("7"), w.bitstringBy(string(key.New(testkit.Public(t, stranger))), stranger), nil, Unconfirmed, Unknown, "status_list_unproved", true},
		{"list by another in its name", at("7"), w.bitstringBy(webIssuer, stranger), nil, Unconfirmed, Unknown, "status_list_unproved", true},
		{"two subjects", at("7"), w.bitstring("revocation", nil, func(c, s map[string]any) {
			other := maps.Clone(s)
			other["id"] = listURL + "#other"
			c["credentialSubject"] = []any{s, other}
		}), nil, Unconfirmed, Unknown, "status_list_unusable", true},
		{"a status of its own", at("7"), w.bitstring("revocation", nil, func(c, _ map[string]any) {
			c["credentialStatus"] = entry("revocation", "9")
		}), nil, Unconfirmed, Unknown, "status_list_unusable", true},
		{"too short", at("7"), w.bitstring("revocation", nil, func(_, s map[string]any) { s["encodedList"] = "u" + gzipped(t, 16383) }), nil, Unconfirmed, Unknown, "status_list_unusable", true},
		{"a bomb", at("7"), w.bitstring("revocation", nil, func(_, s map[string]any) { s["encodedList"] = "u" + gzipped(t, 64<<20) }), nil, Unconfirmed, Unknown, "status_list_unusable", true},
		{"a diploma as list", at("7"), w.vcdm(nil), nil, Unconfirmed, Unknown, "status_list_unusable", true},
		{"no list", at("7"), []byte("<html>"), nil, Unconfirmed, Unknown, "status_list_unusable", true},
		{"a token as list", at("7"), w.tokenList(nil, nil), nil, Unconfirmed, Unknown, "status_list_unusable", true},
		{"old", at("7"), good, days(31), Unconfirmed, Unknown, "status_stale", true},
		{"old and set", at("8"), good, days(31), Rejected, Fail, "status_listed_revoked", false},
		{"as old as may be", at("7"), good, days(30), Verified, Pass, "status_listed_clear", false},
		{"over", at("7"), w.bitstring("revocation", nil, func(c, _ map[string]any) {
			c["validUntil"] = testkit.Start.Add(time.Second).Format(time.RFC3339)
		}), nil, Unconfirmed, Unknown, "status_stale", true},
		{"not begun", at("7"), w.bitstring("revocation", nil, func(c, _ map[string]any) {
			c["validFrom"] = testkit.Start.AddDate(1, 0, 0).Format(time.RFC3339)
		}), nil, Unconfirmed, Unknown, "status_list_not_yet", true},
		{"its own time is shorter", at("7"), w.bitstring("revocation", nil, func(_, s map[string]any) { s["ttl"] = json.Number("3599000") }), nil, Unconfirmed, Unknown, "status_stale", true},
		{"its own time is longer", at("7"), w.bitstring("revocation", nil, func(_, s map[string]any) { s["ttl"] = json.Number("8640000000") }), days(31), Unconfirmed, Unknown, "status_stale", true},
		{"two entries, both clear", w.vcdm(withStatus(entry("revocation", "1"), entry("suspension", "2"))), w.bitstring([]any{"revocation", "suspension"}, []int{8}, nil), nil, Verified, Pass, "status_listed_clear", false},
		{"two entries, the second set", w.vcdm(withStatus(entry("revocation", "1"), entry("suspension", "8"))), w.bitstring([]any{"revocation", "suspension"}, []int{8}, nil), nil, Rejected, Fail, "status_listed_suspended", false},
		{"two entries, both set", w.vcdm(withStatus(entry("suspension", "8"), entry("revocation", "8"))), w.bitstring([]any{"revocation", "suspension"}, []int{8}, nil), nil, Rejected, Fail, "status_listed_revoked", false},
		{"one set, one not readable", w.vcdm(withStatus(map[string]any{"type": "OtherEntry", "id": "urn:x:1"}, entry("revocation", "8"))), good, nil, Rejected, Fail, "status_listed_revoked", false},
		{"one clear, one not readable", w.vcdm(withStatus(entry("revocation", "7"), map[string]any{"type": "OtherEntry", "id": "urn:x:1"})), good, nil, Unconfirmed, Unknown, "status_unsupported", false},
		{"a place in the ledger", w.vcdm(func(c map[string]any) {
			c["@context"] = append(c["@context"].([]any), "urn:bonafide:context:v1")
			c["credentialStatus"] = []any{map[string]any{"type": "LedgerStatusEntry", "statusIndex": "7"}, entry("revocation", "7")}
		}), good, nil, Unconfirmed, Unknown, "status_unsupported", false},
		{"several bits an entry", w.vcdm(func(c map[string]any) {
			e := entry("revocation", "7")
			e["statusSize"] = json.Number("2")
			c["credentialStatus"] = e
		}), good, nil, Unconfirmed, Unknown, "status_unsupported", false},
		{"one bit an entry, said", w.vcdm(func(c map[string]any) {
			e := entry("revocation", "7")
			e["statusSize"] = json.Number("1")
			c["credentialStatus"] = e
		}), good, nil, Verified, Pass, "status_listed_clear", false},
		{"over http", w.vcdm(func(c map[string]any) {
			e := entry("revocation", "7")
			e["statusListCredential"] = "http://college.example/status/1"
			c["credentialStatus"] = e
		}), good, nil, Unconfirmed, Unknown, "status_unsupported", false},
		{"many entries", w.vcdm(func(c map[string]any) {
			var all []any
			for i := range 9 {
				all = append(all, entry("revocation", strconv.Itoa(i+20)))
			}
			c["credentialStatus"] = all
		}), good, nil, Unconfirmed, Unknown, "status_unsupported", false},
		{"key withdrawn meanwhile", at("7"), good, func(_ *hospital, b *beyond) { b.docs[w.web] = w.document("authentication", edPub) }, Rejected, Skipped, "not_run", false},
		{"not listed for it: nothing is fetched", at("7"), nil, func(_ *hospital, b *beyond) { b.list[0].Types = []string{"Other"} }, Rejected, Unknown, "status_not_fetched", false},
		{"run out: nothing is fetched", at("7"), nil, func(h *hospital, b *beyond) { b.list[0].Until = h.device.Add(-time.Hour) }, Unconfirmed, Unknown, "status_not_fetched", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, b := w.desk()
			h.t = t
			if c.list != nil {
				b.lists[listURL] = c.list
			}
			if c.edit != nil {
				c.edit(h, b)
			}
			res := h.look(c.file)
			want(t, res, c.verdict, CheckStatus, c.outcome, c.code)
			if got := len(b.queued) > 0; got != c.queued || got && b.queued[0] != listURL {
				t.Error("queued", b.queued)
			}
			k := find(res, CheckStatus)
			if dated := c.list != nil && c.outcome != Skipped && c.code != "status_unsupported"; dated != (k.AsOf != nil) || dated && !k.AsOf.Equal(b.at[listURL]) {
				t.Error("as of", k.AsOf)
			}
			if res.Credentials[0].Licence != (Licence{}) {
				t.Error("a list of another's says nothing of practice")
			}
		})
	}
}

// Threats 48, 51 and 53 for Status List Tokens.
func TestThreat51_StatusListTokens(t *testing.T) {
	w := newOutsiders(t)
	at := func(i int) []byte { return w.sdjwt(withToken(i)) }
	good := w.tokenList(map[int]byte{5: 1, 6: 2, 7: 3}, nil)
	stranger := testkit.NewP256(t, "stranger")
	forge := func(edit func(h, p map[string]any)) []byte {
		return bytes.TrimSuffix(resign(t, good, stranger, edit), []byte("~"))
	}
	leaf := w.root.certify(t, w.es, urlIssuer)
	certified := w.sdjwt(func(h, p map[string]any) { w.certified(leaf)(h, p); withToken(4)(h, p) })
	byRoot := func(issuer string, edit func(h, p map[string]any)) []byte {
		return w.tokenList(map[int]byte{5: 1}, func(h, p map[string]any) {
			delete(h, "kid")
			w.x5c(h, w.root.certify(t, w.es, issuer))
			if edit != nil {
				edit(h, p)
			}
		})
	}
	for _, c := range []struct {
		name    string
		file    []byte
		list    []byte
		edit    func(h *hospital, b *beyond)
		verdict Verdict
		outcome Outcome
		code    string
	}{
		{"clear", at(4), good, nil, Verified, Pass, "status_listed_clear"},
		{"invalid", at(5), good, nil, Rejected, Fail, "status_listed_revoked"},
		{"suspended", at(6), good, nil, Rejected, Fail, "status_listed_suspended"},
		{"the issuer's own", at(7), good, nil, Unconfirmed, Unknown, "status_listed_other"},
		{"last", at(1023), good, nil, Verified, Pass, "status_listed_clear"},
		{"beyond the end", at(1024), good, nil, Rejected, Fail, "status_out_of_range"},
		{"not fetched", at(4), nil, nil, Unconfirmed, Unknown, "status_not_fetched"},
		{"with a line feed", at(4), append(bytes.Clone(good), '\n'), nil, Verified, Pass, "status_listed_clear"},
		{"issuer named", at(4), w.tokenList(nil, func(_, p map[string]any) { p["iss"] = webIssuer }), nil, Verified, Pass, "status_listed_clear"},
		{"another issuer named", at(4), w.tokenList(nil, func(_, p map[string]any) { p["iss"] = urlIssuer }), nil, Unconfirmed, Unknown, "status_list_other"},
		{"another list", at(4), w.tokenList(nil, func(_, p map[string]any) { p["sub"] = listURL + "/" }), nil, Unconfirmed, Unknown, "status_list_other"},
		{"forged", at(4), forge(func(_, _ map[string]any) {}), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"by another", at(4), forge(func(h, _ map[string]any) { h["kid"] = key.MethodID(stranger.Public(t)) }), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"no kid", at(4), w.tokenList(nil, func(h, _ map[string]any) { delete(h, "kid") }), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"the Ed25519 key", at(4), w.tokenList(nil, func(h, _ map[string]any) { h["kid"] = w.edMethod() }), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"typ jwt", at(4), w.tokenList(nil, func(h, _ map[string]any) { h["typ"] = "jwt" }), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"no typ", at(4), w.tokenList(nil, func(h, _ map[string]any) { delete(h, "typ") }), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"alg none", at(4), w.tokenList(nil, func(h, _ map[string]any) { h["alg"] = "none" }), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"crit", at(4), w.tokenList(nil, func(h, _ map[string]any) { h["crit"] = []any{"x"} }), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"its own key", at(4), forge(func(h, _ map[string]any) { h["jwk"] = map[string]any{"kty": "EC"} }), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"a diploma as list", at(4), w.sdjwt(nil), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"no list in it", at(4), w.tokenList(nil, func(_, p map[string]any) { delete(p, "status_list") }), nil, Unconfirmed, Unknown, "status_list_unusable"},
		{"no iat", at(4), w.tokenList(nil, func(_, p map[string]any) { delete(p, "iat") }), nil, Unconfirmed, Unknown, "status_list_unusable"},
		{"over", at(4), w.tokenList(nil, func(_, p map[string]any) { p["exp"] = seconds(testkit.Start.Add(time.Second)) }), nil, Unconfirmed, Unknown, "status_stale"},
		{"over and set", at(5), w.tokenList(map[int]byte{5: 1}, func(_, p map[string]any) { p["exp"] = seconds(testkit.Start.Add(time.Second)) }), nil, Rejected, Fail, "status_listed_revoked"},
		{"of the future", at(4), w.tokenList(nil, func(_, p map[string]any) { p["iat"] = seconds(testkit.Start.AddDate(1, 0, 0)) }), nil, Unconfirmed, Unknown, "status_list_not_yet"},
		{"ttl over", at(4), w.tokenList(nil, func(_, p map[string]any) { p["ttl"] = json.Number("3599") }), nil, Unconfirmed, Unknown, "status_stale"},
		{"ttl not over", at(4), w.tokenList(nil, func(_, p map[string]any) { p["ttl"] = json.Number("3600") }), nil, Verified, Pass, "status_listed_clear"},
		{"ttl beyond the purpose", at(4), w.tokenList(nil, func(_, p map[string]any) { p["ttl"] = json.Number("8640000") }), func(h *hospital, b *beyond) {
			b.at[listURL] = h.device.Add(-31 * 24 * time.Hour)
		}, Unconfirmed, Unknown, "status_stale"},
		{"exp beyond the purpose", at(4), w.tokenList(nil, func(_, p map[string]any) { p["exp"] = seconds(testkit.Start.AddDate(5, 0, 0)) }), func(h *hospital, b *beyond) {
			b.at[listURL] = h.device.Add(-31 * 24 * time.Hour)
		}, Unconfirmed, Unknown, "status_stale"},
		{"by the same root", certified, byRoot(urlIssuer, nil), nil, Verified, Pass, "status_listed_clear"},
		{"by the root for another", certified, byRoot("https://elsewhere.example", nil), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"by another root", certified, w.tokenList(nil, func(h, _ map[string]any) {
			delete(h, "kid")
			w.x5c(h, newAuthority(t, "another root").certify(t, w.es, urlIssuer))
		}), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"without certificate", certified, good, nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"by a root where a DID is listed", at(4), byRoot(webIssuer, nil), nil, Unconfirmed, Unknown, "status_list_unproved"},
		{"at an address that is none", w.sdjwt(func(_, p map[string]any) {
			p["status"] = map[string]any{"status_list": map[string]any{"idx": json.Number("4"), "uri": "https://[college.example/1"}}
		}), good, nil, Unconfirmed, Unknown, "status_unsupported"},
		{"of another kind", w.sdjwt(func(_, p map[string]any) { p["status"] = map[string]any{"status_assertion": map[string]any{}} }), good, nil, Unconfirmed, Unknown, "status_unsupported"},
		{"a place in the ledger", w.sdjwt(func(_, p map[string]any) {
			p["status"] = map[string]any{"ledger": map[string]any{"idx": json.Number("4")}}
		}), good, nil, Unconfirmed, Unknown, "status_unsupported"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, b := w.desk()
			h.t = t
			if c.list != nil {
				b.lists[listURL] = c.list
			}
			if c.edit != nil {
				c.edit(h, b)
			}
			want(t, h.look(c.file), c.verdict, CheckStatus, c.outcome, c.code)
		})
	}
}

// Threat 53: each purpose has its own patience, with documents and lists too.
func TestThreat53_AgeOfWhatWasFetched(t *testing.T) {
	w := newOutsiders(t)
	vcdm := w.vcdm(withStatus(entry("revocation", "7")))
	sd := w.sdjwt(withToken(4))
	holders := w.vcdm(func(c map[string]any) {
		withStatus(entry("revocation", "7"))(c)
		c["credentialSubject"].(map[string]any)["id"] = string(w.alice.did)
	})
	for purpose, rule := range DefaultPolicy() {
		for name, file := range map[string][]byte{"VCDM": vcdm, "SD-JWT": sd, "presented": holders} {
			for _, late := range []bool{false, true} {
				for _, what := range []string{webIssuer, listURL} {
					h, b := w.desk()
					b.lists[listURL] = w.bitstring("revocation", nil, nil)
					if name == "SD-JWT" {
						b.lists[listURL] = w.tokenList(nil, nil)
					}
					b.at[what] = h.device.Add(-rule.MaxAge)
					if late {
						b.at[what] = b.at[what].Add(-time.Second)
					}
					in := Input{Bytes: file, Purpose: purpose}
					if name == "presented" {
						in.Request = h.request()
						in.Bytes = w.present(w.alice, in.Request, file)
					}
					res := h.verify(in)
					id, stale := CheckIssuerKey, "document_stale"
					if what == listURL {
						id, stale = CheckStatus, "status_stale"
					}
					if got := find(res, id).Code == stale; got != late {
						t.Errorf("%s %s %s late %v: %s", purpose, name, what, late, table(res))
					}
					whole := !late && (name == "presented" || !rule.Binding)
					if (res.Verdict == Verified) != whole {
						t.Errorf("%s %s %s late %v: %s", purpose, name, what, late, table(res))
					}
				}
			}
		}
	}
	// Old ledger data keeps a verdict back as well: it is the same home's.
	h, _ := w.desk()
	h.device = h.device.Add(31 * 24 * time.Hour)
	if res := h.look(w.vcdm(nil)); res.Verdict != Unconfirmed || find(res, CheckFreshness).Code != "stale" {
		t.Error(table(res))
	}
	h, _ = w.desk()
	h.d, h.dErr = nil, noData
	want(t, h.look(w.vcdm(nil)), Unconfirmed, CheckAnchor, Unknown, "no_data")
}

// A presentation of a licence and a diploma: each is judged by whom it rests on.
func TestListedBesideLedger(t *testing.T) {
	w := newOutsiders(t)
	mine := w.issue(draft{holder: w.alice.did})
	w.set(w.board, 0, ledger.Probation)
	theirs := w.vcdm(func(c map[string]any) { c["credentialSubject"].(map[string]any)["id"] = string(w.alice.did) })
	h, b := w.desk()
	req := h.request()
	res := h.verify(Input{Bytes: w.present(w.alice, req, mine, theirs), Request: req})
	want(t, res, Verified, CheckBinding, Pass, "bound")
	if !strings.HasPrefix(res.Headline, "Verified, with conditions. Ask the board") ||
		!strings.HasSuffix(res.Headline, ". This rests on your own list of issuers, not on the boards' ledger: Example College.") {
		t.Error(res.Headline)
	}
	b.list[0].Types = []string{"Other"}
	req = h.request()
	if res := h.verify(Input{Bytes: w.present(w.alice, req, mine, theirs), Request: req}); res.Verdict != Rejected {
		t.Error(table(res))
	}
	// An SD-JWT of a listed issuer with key binding.
	sd := w.sdjwt(func(_, p map[string]any) {
		raw := w.phone.Public(t).Uncompressed()
		enc := base64.RawURLEncoding.EncodeToString
		p["cnf"] = map[string]any{"jwk": map[string]any{"kty": "EC", "crv": "P-256", "x": enc(raw[1:33]), "y": enc(raw[33:])}}
	})
	h, _ = w.desk()
	req = h.request()
	req.Types = []string{diplomaV}
	res = h.verify(Input{Bytes: w.sdPresent(w.phone, req, h.device, sd), Request: req})
	want(t, res, Verified, CheckBinding, Pass, "bound")
	if *res.Credentials[0].Subject != string(key.New(w.phone.Public(t))) {
		t.Error(*res.Credentials[0].Subject)
	}
}

// Threat 54: what cannot be read or written for reasons of our own is no verdict.
func TestThreat54_OutsideFails(t *testing.T) {
	w := newOutsiders(t)
	file := w.vcdm(withStatus(entry("revocation", "7")))
	for _, fail := range []string{"listed", "document", "status list", "queue"} {
		h, b := w.desk()
		b.fail = fail
		if res, err := h.verifier().Verify(ctx, Input{Bytes: file, Purpose: Monitoring}); !errors.Is(err, errDisk) || res.Verdict != "" {
			t.Errorf("%s: %v %v", fail, res.Verdict, err)
		}
		h.kept.nonces = nil
		req := h.request()
		if res, err := h.verifier().Verify(ctx, Input{Bytes: w.present(w.alice, req, file), Request: req}); !errors.Is(err, errDisk) || res.Verdict != "" {
			t.Errorf("%s, presented: %v %v", fail, res.Verdict, err)
		}
	}
	// A wallet asks the ledger alone.
	h, b := w.desk()
	b.fail = "listed"
	if _, err := h.verifier().Check(ctx, file); explain.CodeOf(err) != "anchor_missing" {
		t.Error(err)
	}
}

// The draft's own example of a token: what is missing in it is an issuer that
// we could list, since its key is named by a number.
func TestTokenOfTheDraft(t *testing.T) {
	b, err := os.ReadFile("statuslist/testdata/token-status-list/token-status-list.json")
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]json.RawMessage
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	var raw string
	if err := json.Unmarshal(v["status_list_jwt_raw"], &raw); err != nil {
		t.Fatal(err)
	}
	asked := ""
	_, err = vc.VerifyStatusListToken([]byte(raw), func(kid string, chain [][]byte) (did.PublicKey, error) {
		asked = kid
		return testkit.NewP256(t, "any").Public(t), nil
	})
	if asked != "12" || explain.CodeOf(err) != "proof_invalid" {
		t.Errorf("%q %v", asked, err)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	tok, err := statuslist.ReadToken(object(t, payload))
	if err != nil || tok.Issuer != "https://example.com" || tok.Len() != 16 || tok.TTL == 0 {
		t.Error(tok, err)
	}
	if x, err := tok.At(0); err != nil || x != 1 {
		t.Error(x, err)
	}
}

// Threat 76: whatever a server gave as a status list, nothing panics and only
// the issuer's own list clears a credential.
func FuzzStatusLists(f *testing.F) {
	w := newOutsiders(f)
	files := [][]byte{w.vcdm(withStatus(entry("revocation", "7"))), w.sdjwt(withToken(4))}
	goods := [][]byte{w.bitstring("revocation", []int{8}, nil), w.tokenList(map[int]byte{5: 1}, nil)}
	for _, b := range goods {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Add([]byte(`{"type":["VerifiableCredential","BitstringStatusListCredential"]}`))
	h, b := w.desk()
	v := h.verifier()
	content := func(t testing.TB, b []byte) any {
		if len(b) > 0 && b[0] != '{' {
			first, _, _ := bytes.Cut(bytes.TrimSpace(b), []byte("~"))
			return string(first[:max(bytes.LastIndexByte(first, '.'), 0)])
		}
		m := object(t, b)
		delete(m, "proof")
		return string(canonical(t, m))
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		b.lists[listURL], b.queued = list, nil
		for i, file := range files {
			res, err := v.Verify(ctx, Input{Bytes: file, Purpose: Monitoring})
			if err != nil {
				t.Fatal(err)
			}
			sound(t, res)
			switch {
			case res.Verdict == Verified && content(t, list) != content(t, goods[i]):
				t.Fatalf("a list that clears: %s", list)
			case res.Verdict == Rejected:
				t.Fatalf("a list that rejects: %s", table(res))
			case res.Verdict == Unconfirmed && len(b.queued) == 0:
				t.Error("a list that is no good is not asked for again")
			}
		}
	})
}

// bitstringBy is a list that somebody else signed with their own key.
func (w *outsiders) bitstringBy(issuer string, k ed25519.PrivateKey) []byte {
	m := object(w.t, w.bitstring("revocation", nil, nil))
	delete(m, "proof")
	m["issuer"] = issuer
	method := w.edMethod()
	if issuer != webIssuer {
		method = key.MethodID(testkit.Public(w.t, k))
	}
	return signDI(w.t, m, k, method)
}

func unsigned(t testing.TB, b []byte) []byte {
	m := object(t, b)
	delete(m, "proof")
	return canonical(t, m)
}

func gzipped(t testing.TB, n int) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes())
}
