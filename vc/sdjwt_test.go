package vc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
	"bonafide/internal/strictjson"
)

var bindingPolicy = PresentationPolicy{Challenge: "nonce-1", Domain: "Example Hospital", Now: testTime.Add(time.Minute)}

func present256(t testing.TB, b []byte, disclose ...string) []byte {
	t.Helper()
	out, err := PresentSDJWT(b, disclose, bindingPolicy.Challenge, bindingPolicy.Domain, holder256.key, testTime, holder256.sign)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// vcShape is the licence of claims256 as a reader of the SD-JWT VC gets it.
func vcShape() map[string]any {
	c := claims256()
	delete(c, "@context")
	c["type"] = []any{"VerifiableCredential", testVct}
	delete(c["credentialSubject"].(map[string]any), "id")
	c["credentialStatus"] = c["credentialStatus"].([]any)[:1]
	c["evidence"].([]any)[0].(map[string]any)["anchor"] = testAnchor
	return c
}

func TestSDJWTRoundTrip(t *testing.T) {
	d := draft256(t, claims256(), holder256.key)
	b := seal256(t, d)
	p, err := Parse(append(b, '\n'))
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"familyName", "givenName", "licence.expires", "licence.issued", "licence.number", "licence.profession", "npi"}
	if p.Kind() != KindCredential || p.Format() != SDJWT || d.Format() != SDJWT || p.KeyBound() ||
		p.IssuerHint() != board256.did.String() || !slices.Equal(p.TypesHint(), []string{testVct}) ||
		p.HolderHint() != "" || p.AnchorHint() != testAnchor || !slices.Equal(p.MethodHints(), []string{board256.method}) ||
		p.ChallengeHint() != "" || p.DomainHint() != "" || p.CertificatesHint() != nil || len(p.Credentials()) != 0 ||
		!slices.Equal(p.DisclosedHint(), all) || !bytes.Equal(p.JSON(), b) {
		t.Errorf("hints: %q %q %q %q", p.IssuerHint(), p.TypesHint(), p.MethodHints(), p.DisclosedHint())
	}
	a, err := p.Verify(fixedKey256(board256))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := canonical(a.Claims()), canonical(vcShape()); !bytes.Equal(got, want) {
		t.Errorf("claims %s\nwant   %s", got, want)
	}
	from, ok1 := a.ValidFrom()
	until, ok2 := a.ValidUntil()
	index, err := a.StatusIndex()
	anchor, err2 := a.Anchor()
	if !ok1 || !ok2 || formatTime(from) != "2026-11-01T00:00:00Z" || formatTime(until) != "2028-12-31T23:59:59Z" ||
		index != 131075 || err != nil || anchor != testAnchor || err2 != nil ||
		a.Format() != SDJWT || a.Vct() != testVct || a.HolderKey() != holder256.key || a.Holder() != "" || a.Partial() ||
		a.Issuer() != board256.did || !slices.Equal(a.Methods(), []string{board256.method}) ||
		!slices.Equal(a.Types(), []string{"VerifiableCredential", testVct}) || len(a.StatusReferences()) != 0 {
		t.Errorf("what was read: %v %v %v %v", from, until, index, a.Methods())
	}
	// Header and payload as they are fixed.
	head, rest, _ := strings.Cut(string(b), ".")
	payload, _, _ := strings.Cut(rest, ".")
	if h, _ := jose.Decode64(head); string(h) != `{"alg":"ES256","kid":"`+board256.method+`","typ":"dc+sd-jwt"}` {
		t.Errorf("header %s", h)
	}
	raw, _ := jose.Decode64(payload)
	m := object(string(raw))
	if !bytes.Equal(canonical(m), raw) {
		t.Error("the payload is not in canonical form")
	}
	if got := slices.Sorted(maps.Keys(m)); !slices.Equal(got, []string{"_sd", "_sd_alg", "anchor", "cnf", "exp", "iat", "iss", "licence", "nbf", "status", "vct"}) {
		t.Errorf("claims of the payload: %q", got)
	}
	licence := m["licence"].(map[string]any)
	if len(licence) != 2 || licence["jurisdiction"] != "US-OH" || len(licence["_sd"].([]any)) != 4 || len(m["_sd"].([]any)) != 3 {
		t.Errorf("licence %v", licence)
	}
	for _, o := range []map[string]any{m, licence} {
		digests := o["_sd"].([]any)
		if !slices.IsSortedFunc(digests, func(a, b any) int { return strings.Compare(a.(string), b.(string)) }) {
			t.Error("the digests' order tells something")
		}
	}
	for _, secret := range []string{"Quillfeather", "Zelda", "1234567893", "MD-0012345", "physician"} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("the payload tells %q", secret)
		}
	}
	// The leaf: of draft, credential and presentation, and of the payload alone.
	want, err := d.Leaf(testChain, testSalt)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := Parse(present256(t, b))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []*Parsed{p, shown} {
		if got, err := q.Leaf(testChain, testSalt); err != nil || got != want {
			t.Error("another leaf", err)
		}
	}
	blank := maps.Clone(m)
	blank["anchor"] = ""
	if got, err := leafOf(SDJWT, blank, testChain, testSalt); err != nil || got != want {
		t.Error("the leaf is not that of the payload", err)
	}
	if got, err := leafOf(VCDM, blank, testChain, testSalt); err != nil || got == want {
		t.Error("the leaf does not know its format", err)
	}
	if other, err := draft256(t, claims256(), newParty256("someone else").key).Leaf(testChain, testSalt); err != nil || other == want {
		t.Error("the leaf does not hold the holder", err)
	}
}

func TestSDJWTRegisterCopy(t *testing.T) {
	c := claims256()
	delete(c["credentialSubject"].(map[string]any), "id")
	b := seal256(t, draft256(t, c, did.PublicKey{}))
	a, err := verify(b, fixedKey256(board256))
	if err != nil || a.HolderKey().Kind() != 0 {
		t.Fatal(err)
	}
	_, err = PresentSDJWT(b, nil, "n", "a", holder256.key, testTime, holder256.sign)
	wantCode(t, err, "holder_key_missing")
}

func TestSDJWTPresentation(t *testing.T) {
	b := licence256(t)
	shown := present256(t, b, "familyName", "licence.number")
	p, err := Parse(shown)
	if err != nil {
		t.Fatal(err)
	}
	if !p.KeyBound() || p.Kind() != KindCredential || p.ChallengeHint() != bindingPolicy.Challenge || p.DomainHint() != bindingPolicy.Domain ||
		!slices.Equal(p.DisclosedHint(), []string{"familyName", "licence.number"}) {
		t.Errorf("hints %q", p.DisclosedHint())
	}
	a, err := p.Verify(fixedKey256(board256))
	if err != nil || !a.Partial() {
		t.Fatal(err)
	}
	if err := p.VerifyKeyBinding(a, bindingPolicy); err != nil {
		t.Fatal(err)
	}
	want := `{"familyName":"Quillfeather","licence":{"jurisdiction":"US-OH","number":"MD-0012345","type":"Licence"},"type":"Practitioner"}`
	if got := canonical(a.Claims()["credentialSubject"]); string(got) != want {
		t.Errorf("subject %s", got)
	}
	// A presentation is presented again: less of it, for someone else.
	less, err := PresentSDJWT(shown, []string{"familyName"}, "nonce-2", "another", holder256.key, testTime, holder256.sign)
	if err != nil {
		t.Fatal(err)
	}
	q, err := Parse(less)
	if err != nil || !slices.Equal(q.DisclosedHint(), []string{"familyName"}) || q.ChallengeHint() != "nonce-2" {
		t.Error(err)
	}
	// Nothing at all.
	if q, err = Parse(present256(t, b)); err != nil || len(q.DisclosedHint()) != 0 {
		t.Error(err)
	}
	for _, c := range []struct {
		what       string
		credential []byte
		paths      []string
		nonce, aud string
		key        party256
		code       string
	}{
		{"an unknown path", b, []string{"licence.colour"}, "n", "a", holder256, "disclosure_unknown"},
		{"what is not a disclosure", b, []string{"licence.jurisdiction"}, "n", "a", holder256, "disclosure_unknown"},
		{"what was not kept", shown, []string{"givenName"}, "n", "a", holder256, "disclosure_unknown"},
		{"no nonce", b, nil, "", "a", holder256, "presentation_unbound"},
		{"no audience", b, nil, "n", "", holder256, "presentation_unbound"},
		{"another's key", b, nil, "n", "a", other256, "holder_not_signer"},
		{"another format", seal(t, claims(), board), nil, "n", "a", holder256, "format_unsupported"},
		{"no credential", []byte("scan"), nil, "n", "a", holder256, "json_syntax"},
	} {
		out, err := PresentSDJWT(c.credential, c.paths, c.nonce, c.aud, c.key.key, testTime, c.key.sign)
		if out != nil {
			t.Errorf("%s: something came back", c.what)
		}
		wantCode(t, err, c.code)
	}
	_, err = PresentSDJWT(b, nil, "n", "a", holder256.key, testTime, other256.sign)
	wantCode(t, err, "signing_failed")
	// It is no member of a presentation of VCDM.
	_, err = Present(holder.did, [][]byte{b}, "c", "d", holder.method, testTime, holder.sign)
	wantCode(t, err, "format_unsupported")
	_, err = p.VerifyPresentation(selfKeys, bindingPolicy)
	wantCode(t, err, "not_a_presentation")
}

// What is inside of another disclosure brings that along; elements of arrays
// can be chosen; names with dots have one path each.
func TestSDJWTNested(t *testing.T) {
	street, dStreet := disclosed(`["0000000000000000000001","street","Main St"]`)
	address, dAddress := disclosed(`["0000000000000000000002","address",{"_sd":["` + dStreet + `","` + strings.Repeat("A", 43) + `"],"city":"X"}]`)
	us, dUS := disclosed(`["0000000000000000000003",{"code":"US"}]`)
	de, dDE := disclosed(`["0000000000000000000004","DE"]`)
	dotted, dDotted := disclosed(`["0000000000000000000005","address.street","another"]`)
	payload := object(`{"vct":"urn:x","iss":"https://issuer.example","_sd":["` + dAddress + `","` + dDotted + `"],
		"nationalities":["CH",{"...":"` + dUS + `"},{"...":"` + dDE + `"},{"...":"` + strings.Repeat("B", 43) + `"}],
		"cnf":{"jwk":` + string(canonical(must1(jose.WriteKey(holder256.key)))) + `}}`)
	b := tokenOf(t, credentialProfile, jose.Header{Kid: "1"}, payload, board256, de, street, us, dotted, address)
	p, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"address", "address.street", `address\.street`, "nationalities[1]", "nationalities[2]"}
	if !slices.Equal(p.DisclosedHint(), want) {
		t.Errorf("paths %q", p.DisclosedHint())
	}
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{nil, `{"nationalities":["CH"]}`},
		{[]string{"address"}, `{"address":{"city":"X"},"nationalities":["CH"]}`},
		{[]string{"address.street"}, `{"address":{"city":"X","street":"Main St"},"nationalities":["CH"]}`},
		{[]string{`address\.street`}, `{"address.street":"another","nationalities":["CH"]}`},
		{[]string{"nationalities[2]"}, `{"nationalities":["CH","DE"]}`},
		{want, `{"address":{"city":"X","street":"Main St"},"address.street":"another","nationalities":["CH",{"code":"US"},"DE"]}`},
	} {
		shown, err := PresentSDJWT(b, c.paths, "n", "a", holder256.key, testTime, holder256.sign)
		if err != nil {
			t.Fatal(err)
		}
		a, err := verify(shown, func(string, did.Relationship) (did.PublicKey, error) { return board256.key, nil })
		if err != nil {
			t.Fatal(err)
		}
		if got := canonical(a.Claims()["credentialSubject"]); string(got) != c.want {
			t.Errorf("%q: %s", c.paths, got)
		}
		if !a.Partial() {
			t.Error("decoys cannot be told from what is hidden")
		}
	}
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestSDJWTDraftIsRecorded(t *testing.T) {
	d := draft256(t, claims256(), holder256.key)
	record := d.JSON()
	again, err := ReadDraft(SDJWT, record)
	if err != nil {
		t.Fatal(err)
	}
	one, err := d.Leaf(testChain, testSalt)
	if err != nil {
		t.Fatal(err)
	}
	two, err := again.Leaf(testChain, testSalt)
	if err != nil || one != two || !bytes.Equal(again.JSON(), record) {
		t.Error("the record is of another draft", err)
	}
	// Signed again, only the signature differs.
	x, y := seal256(t, d), seal256(t, again)
	body := func(b []byte) string {
		s, _, _ := strings.Cut(string(b), "~")
		return s[:strings.LastIndexByte(s, '.')] + string(b[len(s):])
	}
	if body(x) != body(y) {
		t.Error("signing again gives another credential")
	}
	// The record of VCDM is read too.
	v, err := NewDraft(claims())
	if err != nil {
		t.Fatal(err)
	}
	w, err := ReadDraft(VCDM, v.JSON())
	if err != nil || !bytes.Equal(w.JSON(), v.JSON()) || w.Format() != VCDM {
		t.Error(err)
	}
	if _, err = ReadDraft("jwt_vc", record); explain.CodeOf(err) != "draft_record" {
		t.Error(err)
	}

	change := func(f func(m, payload map[string]any)) []byte {
		m := object(string(record))
		f(m, m["payload"].(map[string]any))
		return canonical(m)
	}
	short, dShort := disclosed(`["c2hvcnQ","familyName","Quillfeather"]`)
	for what, c := range map[string]struct {
		record []byte
		code   string
	}{
		"cut short":         {record[:100], "draft_record"},
		"a credential":      {v.JSON(), "draft_record"},
		"not canonical":     {append(bytes.Clone(record), ' '), "draft_record"},
		"another member":    {change(func(m, _ map[string]any) { m["x"] = "y" }), "draft_record"},
		"no disclosures":    {change(func(m, _ map[string]any) { delete(m, "disclosures") }), "draft_record"},
		"a disclosure less": {change(func(m, _ map[string]any) { m["disclosures"] = m["disclosures"].([]any)[1:] }), "draft_record"},
		"a number":          {change(func(m, _ map[string]any) { m["disclosures"].([]any)[0] = json.Number("1") }), "draft_record"},
		"one is twice":      {change(func(m, _ map[string]any) { l := m["disclosures"].([]any); l[0] = l[1] }), "salt_weak"},
		"one is changed":    {change(func(m, _ map[string]any) { m["disclosures"].([]any)[0] = "W10" }), "disclosure_malformed"},
		"a digest is less":  {change(func(_, p map[string]any) { p["_sd"] = p["_sd"].([]any)[1:] }), "disclosure_unreferenced"},
		"anchored":          {change(func(_, p map[string]any) { p["anchor"] = "AQ" }), "draft_anchored"},
		"no anchor":         {change(func(_, p map[string]any) { delete(p, "anchor") }), "anchor_missing"},
		"no end":            {change(func(_, p map[string]any) { delete(p, "exp") }), "date_invalid"},
		"no beginning":      {change(func(_, p map[string]any) { delete(p, "nbf") }), "date_invalid"},
		"no time of issue":  {change(func(_, p map[string]any) { delete(p, "iat") }), "date_invalid"},
		"no type":           {change(func(_, p map[string]any) { delete(p, "vct") }), "type_invalid"},
		"no issuer":         {change(func(_, p map[string]any) { delete(p, "iss") }), "issuer_invalid"},
		"an issuer by name": {change(func(_, p map[string]any) { p["iss"] = "https://board.example" }), "issuer_invalid"},
		"no status":         {change(func(_, p map[string]any) { delete(p, "status") }), "status_missing"},
		"a private key":     {change(func(_, p map[string]any) { p["cnf"].(map[string]any)["jwk"].(map[string]any)["d"] = "AA" }), "holder_key_malformed"},
		"a short salt": {change(func(m, p map[string]any) {
			m["disclosures"] = []any{short}
			p["_sd"] = []any{dShort}
			delete(p, "licence")
		}), "salt_weak"},
		"weaker digests":     {change(func(_, p map[string]any) { p["_sd_alg"] = "sha-256-32" }), "digest_unsupported"},
		"an unknown holder":  {change(func(_, p map[string]any) { p["cnf"] = map[string]any{"kid": "x"} }), "holder_key_malformed"},
		"a position too far": {change(func(_, p map[string]any) { p["status"] = object(`{"ledger":{"idx":4294967296}}`) }), "status_malformed"},
	} {
		d, err := ReadDraft(SDJWT, c.record)
		if d != nil {
			t.Errorf("%s: a draft came back", what)
		}
		if got := explain.CodeOf(err); got != c.code {
			t.Errorf("%s: code %q, want %q (%v)", what, got, c.code, err)
		}
	}
}

func TestSDJWTDraftRefuses(t *testing.T) {
	subject := func(f func(s map[string]any)) func(map[string]any) {
		return func(c map[string]any) { f(c["credentialSubject"].(map[string]any)) }
	}
	good := SDJWTOptions{Vct: testVct, Holder: holder256.key, Issued: testTime}
	for what, c := range map[string]struct {
		change func(map[string]any)
		code   string
	}{
		"a proof":              {func(c map[string]any) { c["proof"] = map[string]any{"type": "x"} }, "draft_signed"},
		"an anchor":            {func(c map[string]any) { c["evidence"] = list(`{"type":"LedgerAnchor","anchor":"AQ"}`) }, "draft_anchored"},
		"no anchor":            {func(c map[string]any) { delete(c, "evidence") }, "anchor_missing"},
		"more evidence":        {func(c map[string]any) { c["evidence"] = append(c["evidence"].([]any), list(`{"type":"X"}`)...) }, "draft_inexpressible"},
		"more in the evidence": {func(c map[string]any) { c["evidence"] = list(`{"type":"LedgerAnchor","anchor":"","x":"y"}`) }, "draft_inexpressible"},
		"no status":            {func(c map[string]any) { delete(c, "credentialStatus") }, "status_missing"},
		"another status": {func(c map[string]any) {
			c["credentialStatus"] = append(c["credentialStatus"].([]any), list(`{"type":"X","a":"b"}`)...)
		}, "draft_inexpressible"},
		"lists that disagree":    {func(c map[string]any) { c["credentialStatus"].([]any)[1].(map[string]any)["statusListIndex"] = "4" }, "status_disagrees"},
		"no end":                 {func(c map[string]any) { delete(c, "validUntil") }, "date_invalid"},
		"no beginning":           {func(c map[string]any) { delete(c, "validFrom") }, "date_invalid"},
		"parts of a second":      {func(c map[string]any) { c["validFrom"] = "2026-11-01T00:00:00.5Z" }, "date_invalid"},
		"a name":                 {func(c map[string]any) { c["name"] = "Licence" }, "draft_inexpressible"},
		"an id":                  {func(c map[string]any) { c["id"] = "urn:uuid:1" }, "draft_inexpressible"},
		"three types":            {func(c map[string]any) { c["type"] = []any{"VerifiableCredential", "A", "B"} }, "draft_inexpressible"},
		"an issuer with a name":  {func(c map[string]any) { c["issuer"] = map[string]any{"id": board256.did.String(), "name": "x"} }, "draft_inexpressible"},
		"an issuer that is none": {func(c map[string]any) { c["issuer"] = "https://board.example" }, "issuer_invalid"},
		"two subjects":           {func(c map[string]any) { c["credentialSubject"] = []any{c["credentialSubject"], c["credentialSubject"]} }, "draft_inexpressible"},
		"another subject":        {subject(func(s map[string]any) { s["type"] = "Person" }), "draft_inexpressible"},
		"no kind of subject":     {subject(func(s map[string]any) { delete(s, "type") }), "draft_inexpressible"},
		"another licence":        {subject(func(s map[string]any) { s["licence"].(map[string]any)["type"] = "Permit" }), "draft_inexpressible"},
		"two licences":           {subject(func(s map[string]any) { s["licence"] = []any{s["licence"]} }), "draft_inexpressible"},
		"a registered claim":     {subject(func(s map[string]any) { s["exp"] = "never" }), "draft_inexpressible"},
		"a place for digests":    {subject(func(s map[string]any) { s["_sd"] = "x" }), "disclosure_name"},
		"a place in an array":    {subject(func(s map[string]any) { s["..."] = "x" }), "disclosure_name"},
	} {
		cl := claims256()
		c.change(cl)
		o := good
		o.Rand = salts()
		d, err := NewSDJWTDraft(cl, o)
		if d != nil {
			t.Errorf("%s: a draft came back", what)
		}
		if got := explain.CodeOf(err); got != c.code {
			t.Errorf("%s: code %q, want %q (%v)", what, got, c.code, err)
		}
	}
	for what, c := range map[string]struct {
		change func(*SDJWTOptions)
		code   string
	}{
		"no type":              {func(o *SDJWTOptions) { o.Vct = "" }, "type_invalid"},
		"a bound one for none": {func(o *SDJWTOptions) { o.Holder = did.PublicKey{} }, "holder_key_missing"},
		"an Ed25519 holder":    {func(o *SDJWTOptions) { o.Holder = holder.key }, "holder_key_malformed"},
		"no time":              {func(o *SDJWTOptions) { o.Issued = time.Time{} }, "date_invalid"},
		"a list by name":       {func(o *SDJWTOptions) { o.StatusList = "list" }, "status_malformed"},
	} {
		o := good
		o.Rand = salts()
		c.change(&o)
		_, err := NewSDJWTDraft(claims256(), o)
		if got := explain.CodeOf(err); got != c.code {
			t.Errorf("%s: code %q, want %q (%v)", what, got, c.code, err)
		}
	}
}

func list(s string) []any { return object(`{"x":[` + s + `]}`)["x"].([]any) }

// Salts that are short or that repeat are not issued.
func TestThreat38_Salts(t *testing.T) {
	for what, r := range map[string]io.Reader{
		"nothing":   strings.NewReader(""),
		"too few":   strings.NewReader(strings.Repeat("0123456789abcdef", 3) + "short"),
		"always 0":  zeros{},
		"a failure": failing{},
	} {
		d, err := NewSDJWTDraft(claims256(), SDJWTOptions{Vct: testVct, Holder: holder256.key, Issued: testTime, Rand: r})
		if d != nil {
			t.Errorf("%s: a draft came back", what)
		}
		if c := explain.CodeOf(err); c != "salt_weak" {
			t.Errorf("%s: code %q", what, c)
		}
	}
	// A salt is 128 bits, and each disclosure has its own.
	seen := map[string]bool{}
	source := salts()
	for range 3 {
		d, err := NewSDJWTDraft(claims256(), SDJWTOptions{Vct: testVct, Holder: holder256.key, Issued: testTime, Rand: source})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range d.disclosures {
			b, _ := jose.Decode64(text)
			v, err := strictjson.Parse(b, strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			salt := v.([]any)[0].(string)
			if raw, ok := jose.Decode64(salt); !ok || len(raw) != 16 || seen[salt] {
				t.Errorf("salt %q", salt)
			}
			seen[salt] = true
		}
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

func TestSDJWTSealRefuses(t *testing.T) {
	d := draft256(t, claims256(), holder256.key)
	chain := certificateFor(t, board256)
	for what, c := range map[string]struct {
		anchor string
		o      ProofOptions
		sign   func([]byte) ([]byte, error)
		code   string
	}{
		"no anchor":            {"", ProofOptions{VerificationMethod: board256.method, Key: board256.key}, board256.sign, "anchor_missing"},
		"no method":            {"AQ", ProofOptions{Key: board256.key}, board256.sign, "proof_malformed"},
		"a DID alone":          {"AQ", ProofOptions{VerificationMethod: board256.did.String(), Key: board256.key}, board256.sign, "proof_malformed"},
		"another's method":     {"AQ", ProofOptions{VerificationMethod: other256.method, Key: other256.key}, other256.sign, "method_foreign_controller"},
		"an Ed25519 key":       {"AQ", ProofOptions{VerificationMethod: board256.method, Key: board.key}, board.sign, "proof_wrong_key"},
		"no key":               {"AQ", ProofOptions{VerificationMethod: board256.method}, board256.sign, "proof_wrong_key"},
		"another key":          {"AQ", ProofOptions{VerificationMethod: board256.method, Key: board256.key}, other256.sign, "signing_failed"},
		"another certificate":  {"AQ", ProofOptions{VerificationMethod: board256.method, Key: board256.key, Certificates: [][]byte{certificateFor(t, other256)}}, board256.sign, "certificates_untrusted"},
		"a broken certificate": {"AQ", ProofOptions{VerificationMethod: board256.method, Key: board256.key, Certificates: [][]byte{chain[:50]}}, board256.sign, "certificates_malformed"},
	} {
		b, err := d.Seal(c.anchor, c.o, c.sign)
		if len(b) > 0 && err == nil {
			t.Errorf("%s: a credential came back", what)
		}
		if got := explain.CodeOf(err); got != c.code {
			t.Errorf("%s: code %q, want %q (%v)", what, got, c.code, err)
		}
	}
	b := seal256(t, d, chain)
	p, err := Parse(b)
	if err != nil || len(p.CertificatesHint()) != 1 || !bytes.Equal(p.CertificatesHint()[0], chain) {
		t.Fatal("x5c:", err)
	}
	if key, err := VerifyChain(p.CertificatesHint(), chain, board256.did.String(), testTime); err != nil || key != board256.key {
		t.Error(err)
	}
}

// A place in a list, beside that in the ledger.
func TestSDJWTStatusList(t *testing.T) {
	d, err := NewSDJWTDraft(claims256(), SDJWTOptions{
		Vct: testVct, Holder: holder256.key, Issued: testTime, Rand: salts(), StatusList: "https://board.example/token/1",
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err := verify(seal256(t, d), fixedKey256(board256))
	if err != nil {
		t.Fatal(err)
	}
	if got := a.StatusReferences(); !slices.Equal(got, []StatusReference{{Kind: "TokenStatusList", URI: "https://board.example/token/1", Index: 3}}) {
		t.Errorf("%+v", got)
	}
	if i, err := a.StatusIndex(); i != 131075 || err != nil {
		t.Error(i, err)
	}
}
