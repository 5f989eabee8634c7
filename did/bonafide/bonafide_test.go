package bonafide

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

const network = "demo-abcdefgh"

func edKey(t testing.TB, seed byte) did.PublicKey {
	t.Helper()
	priv := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32))
	k, err := did.NewPublicKey(did.Ed25519, priv.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ecKey(t testing.TB, kind did.KeyKind, curve ecdh.Curve, scalar byte) did.PublicKey {
	t.Helper()
	secret := make([]byte, 32)
	if kind == did.P384 {
		secret = make([]byte, 48)
	}
	secret[len(secret)-1] = scalar
	priv, err := curve.NewPrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	k, err := did.NewPublicKey(kind, priv.PublicKey().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keys(k ...did.PublicKey) []did.PublicKey { return k }

func TestNetwork(t *testing.T) {
	n, err := NewNetwork("demo", bytes.NewReader([]byte{0, 1, 2, 3, 255}))
	if err != nil || n != "demo-aaaqea77" || ParseNetwork(n) != nil {
		t.Errorf("%q, %v", n, err)
	}
	for _, label := range []string{"", "Demo", "a-b", "é", strings.Repeat("a", 17)} {
		if _, err := NewNetwork(label, bytes.NewReader(make([]byte, 5))); explain.CodeOf(err) != "network_name_invalid" {
			t.Errorf("label %q: %v", label, err)
		}
	}
	if _, err := NewNetwork("demo", bytes.NewReader(nil)); err == nil {
		t.Error("a network named without randomness")
	}
	for _, n := range []string{"", "demo", "-abcdefgh", "demo-", "demo-abcdefg", "demo-abcdefghi", "demo-ABCDEFGH", "demo-abcdefg1", "de_mo-abcdefgh", "demo-abcd-efgh", "aaaaaaaaaaaaaaaaa-abcdefgh", "demo-abcdefgh "} {
		if err := ParseNetwork(n); explain.CodeOf(err) != "network_name_invalid" {
			t.Errorf("%q: %v", n, err)
		}
	}
}

// TestVector fixes the DID of one document for good: another program must
// come to the same (docs/did-method.md gives this example).
func TestVector(t *testing.T) {
	id, doc, err := NewDocument(network, keys(edKey(t, 1)), keys(edKey(t, 2)), DocumentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const wantID = "did:bonafide:demo-abcdefgh:l3jwti5ipvjr655yt3noqfbrecn2d6ya"
	if id != wantID {
		t.Errorf("DID %s\n%s", id, doc)
	}
	template := bytes.ReplaceAll(doc, []byte(id), []byte("{id}"))
	// White space and order do not matter to ID: it canonicalises.
	v, err := strictjson.Object(template, strictjson.Default)
	if err != nil {
		t.Fatal(err)
	}
	loose := fmt.Appendf(nil, ` { "verificationMethod": %s, "id":"{id}", "capabilityInvocation":%s,"assertionMethod":%s,"@context":%s}`,
		mustJSON(t, v["verificationMethod"]), mustJSON(t, v["capabilityInvocation"]), mustJSON(t, v["assertionMethod"]), mustJSON(t, v["@context"]))
	if again, err := ID(network, loose); err != nil || again != id {
		t.Errorf("%s, %v", again, err)
	}
	if other, err := ID("demo-abcdefgi", template); err != nil || strings.TrimPrefix(string(other), "did:bonafide:demo-abcdefgi:") != strings.TrimPrefix(string(id), "did:bonafide:demo-abcdefgh:") {
		t.Errorf("%s, %v", other, err)
	}
	for in, code := range map[string]string{"{": "did_document_invalid", "[]": "did_document_invalid", `{"a":1,"a":1}`: "did_document_invalid"} {
		if _, err := ID(network, []byte(in)); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", in, err)
		}
	}
	if _, err := ID("demo", template); explain.CodeOf(err) != "network_name_invalid" {
		t.Errorf("%v", err)
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := strictjson.Canonical(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNewDocument(t *testing.T) {
	issuing := keys(edKey(t, 1), ecKey(t, did.P256, ecdh.P256(), 5))
	ledger := keys(edKey(t, 2))
	id, doc, err := NewDocument(network, issuing, ledger, DocumentOptions{
		AlsoKnownAs: []string{"https://board.example"},
		Services:    []Service{{"issue", "LinkedDomains", "https://board.example/issue"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d, err := CheckDocument(network, doc, true)
	if err != nil {
		t.Fatal(err)
	}
	if d.ID != id || len(d.MethodsFor(did.AssertionMethod)) != 2 || d.MethodsFor(did.CapabilityInvocation)[0].Key != ledger[0] ||
		d.Services[0].ID != string(id)+"#issue" || d.AlsoKnownAs[0] != "https://board.example" {
		t.Errorf("%+v", d)
	}
	// A later document keeps the DID though nothing follows from it any more.
	next, err := NextDocument(id, issuing[1:], keys(edKey(t, 9)), DocumentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := CheckDocument(network, next, false); err != nil || d.ID != id {
		t.Errorf("%v", err)
	}
	if _, err := CheckDocument(network, next, true); explain.CodeOf(err) != "did_id_mismatch" {
		t.Errorf("a later document as the first: %v", err)
	}
	if _, err := CheckDocument("demo-zzzzzzzz", doc, true); explain.CodeOf(err) != "did_id_mismatch" {
		t.Errorf("another network: %v", err)
	}
	for name, c := range map[string]struct {
		issuing, ledger []did.PublicKey
		o               DocumentOptions
		code            string
	}{
		"one key, two roles": {ledger, ledger, DocumentOptions{}, "did_document_invalid"},
		"no ledger key":      {issuing, nil, DocumentOptions{}, "did_document_invalid"},
		"P-384":              {keys(ecKey(t, did.P384, ecdh.P384(), 5)), ledger, DocumentOptions{}, "did_document_invalid"},
		"no key":             {keys(did.PublicKey{}), ledger, DocumentOptions{}, "did_document_invalid"},
		"the same key twice": {keys(issuing[0], issuing[0]), ledger, DocumentOptions{}, "did_document_invalid"},
		"bad service name":   {issuing, ledger, DocumentOptions{Services: []Service{{"", "T", "x"}}}, "did_document_invalid"},
		"placeholder":        {issuing, ledger, DocumentOptions{AlsoKnownAs: []string{"{id}"}}, ""},
		"no issuing key":     {nil, ledger, DocumentOptions{}, ""},
		"too long":           {issuing, ledger, DocumentOptions{AlsoKnownAs: []string{"x:" + strings.Repeat("x", MaxDocument)}}, "did_document_invalid"},
	} {
		if _, _, err := NewDocument(network, c.issuing, c.ledger, c.o); explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := NextDocument("did:key:z6Mk", issuing, ledger, DocumentOptions{}); explain.CodeOf(err) != "did_method_unsupported" {
		t.Errorf("%v", err)
	}
}

// edit applies a change to a document's members and writes it again in JCS.
func edit(t *testing.T, doc []byte, change func(m map[string]any)) []byte {
	t.Helper()
	m, err := strictjson.Object(doc, strictjson.Default)
	if err != nil {
		t.Fatal(err)
	}
	change(m)
	return mustJSON(t, m)
}

func TestCheckDocumentRules(t *testing.T) {
	id, doc, err := NewDocument(network, keys(edKey(t, 1)), keys(edKey(t, 2)), DocumentOptions{Services: []Service{{"s", "T", "https://x"}}})
	if err != nil {
		t.Fatal(err)
	}
	method := func(m map[string]any, i int) map[string]any {
		return m["verificationMethod"].([]any)[i].(map[string]any)
	}
	issuing, ledger := string(id)+"#"+edKey(t, 1).Multikey(), string(id)+"#"+edKey(t, 2).Multikey()
	for name, c := range map[string]struct {
		code   string
		change func(m map[string]any)
	}{
		"unchanged":         {"", func(m map[string]any) {}},
		"context 1.1":       {"", func(m map[string]any) { m["@context"] = []any{contextDID11} }},
		"authentication":    {"", func(m map[string]any) { m["authentication"] = []any{issuing} }},
		"no context":        {"did_document_invalid", func(m map[string]any) { delete(m, "@context") }},
		"more context":      {"did_document_invalid", func(m map[string]any) { m["@context"] = append(m["@context"].([]any), "https://x") }},
		"inline context":    {"did_document_invalid", func(m map[string]any) { m["@context"] = []any{contextDID, map[string]any{}} }},
		"unknown member":    {"did_document_invalid", func(m map[string]any) { m["extra"] = "x" }},
		"controller":        {"did_document_invalid", func(m map[string]any) { m["controller"] = "did:ex:1" }},
		"key agreement":     {"did_document_invalid", func(m map[string]any) { m["keyAgreement"] = []any{} }},
		"private key":       {"did_document_private", func(m map[string]any) { method(m, 0)["secretKeyMultibase"] = "z" }},
		"member in method":  {"did_document_invalid", func(m map[string]any) { method(m, 0)["expires"] = "2026" }},
		"other type":        {"did_document_invalid", func(m map[string]any) { method(m, 0)["type"] = "Multikey2" }},
		"other controller":  {"did_document_invalid", func(m map[string]any) { method(m, 0)["controller"] = "did:ex:1" }},
		"key ≠ fragment":    {"did_document_invalid", func(m map[string]any) { method(m, 0)["publicKeyMultibase"] = edKey(t, 7).Multikey() }},
		"relative method":   {"did_document_invalid", func(m map[string]any) { method(m, 0)["id"] = "#" + edKey(t, 1).Multikey() }},
		"relative ref":      {"did_document_invalid", func(m map[string]any) { m["assertionMethod"] = []any{"#" + edKey(t, 1).Multikey()} }},
		"foreign ref":       {"did_document_invalid", func(m map[string]any) { m["assertionMethod"] = []any{"did:ex:1#a"} }},
		"embedded method":   {"did_document_invalid", func(m map[string]any) { m["authentication"] = []any{map[string]any{"id": "#x"}} }},
		"two roles":         {"did_key_two_roles", func(m map[string]any) { m["assertionMethod"] = []any{issuing, ledger} }},
		"no ledger key":     {"did_document_invalid", func(m map[string]any) { m["capabilityInvocation"] = []any{} }},
		"number in service": {"did_document_invalid", func(m map[string]any) { m["service"].([]any)[0].(map[string]any)["type"] = []any{} }},
		"foreign service":   {"did_document_invalid", func(m map[string]any) { m["service"].([]any)[0].(map[string]any)["id"] = "https://x" }},
		"relative service":  {"did_document_invalid", func(m map[string]any) { m["service"].([]any)[0].(map[string]any)["id"] = "#s" }},
		"empty alias":       {"did_document_invalid", func(m map[string]any) { m["alsoKnownAs"] = []any{""} }},
		"placeholder":       {"did_document_invalid", func(m map[string]any) { m["alsoKnownAs"] = []any{"x{id}"} }},
		"other network":     {"did_id_mismatch", func(m map[string]any) { m["id"] = "did:bonafide:demo-zzzzzzzz:" + strings.Repeat("a", 32) }},
		"other method":      {"did_id_mismatch", func(m map[string]any) { m["id"] = "did:key:z" }},
	} {
		if _, err := CheckDocument(network, edit(t, doc, c.change), false); explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
	for name, raw := range map[string][]byte{
		"spaces":      append([]byte(" "), doc...),
		"line end":    append(bytes.Clone(doc), '\n'),
		"escape":      bytes.Replace(doc, []byte("Multikey"), []byte(`\u004dultikey`), 1),
		"slash":       bytes.Replace(doc, []byte("https://x"), []byte(`https:\/\/x`), 1),
		"number":      bytes.Replace(doc, []byte(`"https://x"`), []byte(`1`), 1),
		"duplicate":   bytes.Replace(doc, []byte(`"id":`), []byte(`"id":"x","id":`), 1),
		"longer":      append(bytes.Clone(doc), bytes.Repeat([]byte(" "), MaxDocument)...),
		"nothing":     nil,
		"upside down": []byte(`{"id":"` + string(id) + `","@context":[]}`),
	} {
		if _, err := CheckDocument(network, raw, false); explain.CodeOf(err) != "did_document_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// One changed byte of the first document is another DID.
	other := edit(t, doc, func(m map[string]any) { m["service"].([]any)[0].(map[string]any)["serviceEndpoint"] = "https://y" })
	if _, err := CheckDocument(network, other, true); explain.CodeOf(err) != "did_id_mismatch" {
		t.Errorf("another first document under the DID: %v", err)
	}
}

// TestDesk: a document says who to ask, in strings alone.
func TestDesk(t *testing.T) {
	build := func(s Service) (*did.Document, error) {
		_, doc, err := NewDocument(network, keys(edKey(t, 1)), keys(edKey(t, 2)), DocumentOptions{Services: []Service{s}})
		if err != nil {
			return nil, err
		}
		return CheckDocument(network, doc, true)
	}
	for _, want := range [][2]string{{"Ohio Board", "licence@board.example"}, {"Ohio Board", ""}} {
		d, err := build(DeskOf(want[0], want[1]))
		if err != nil {
			t.Fatal(err)
		}
		if name, contact := Desk(d); name != want[0] || contact != want[1] {
			t.Errorf("%q, %q", name, contact)
		}
	}
	d, err := build(DeskOf("Ohio\u202eBoard", "a\u200b@b"))
	if err != nil {
		t.Fatal(err)
	}
	if name, contact := Desk(d); name != "Ohio\ufffdBoard" || contact != "a\ufffd@b" {
		t.Errorf("shown as written: %q, %q", name, contact)
	}
	d, err = build(Service{"desk", "Other", "https://x"})
	if err != nil {
		t.Fatal(err)
	}
	if name, contact := Desk(d); name+contact != "" {
		t.Errorf("a desk in another service: %q, %q", name, contact)
	}
	for name, s := range map[string]Service{
		"no name": DeskOf("", ""), "number": {"desk", DeskService, map[string]any{"name": strictjson.Number("1")}}, "nested": {"desk", DeskService, map[string]any{"name": map[string]any{"a": "b"}}},
		"empty": {"desk", DeskService, map[string]any{}}, "array": {"desk", DeskService, []any{"https://x"}}, "nothing": {"desk", DeskService, nil},
	} {
		if _, err := build(s); explain.CodeOf(err) != "did_document_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSplit(t *testing.T) {
	id := did.DID("did:bonafide:demo-abcdefgh:" + strings.Repeat("a", 32))
	if n, i, err := Split(id); err != nil || n != network || i != strings.Repeat("a", 32) {
		t.Errorf("%s %s %v", n, i, err)
	}
	for s, code := range map[did.DID]string{
		"":            "did_invalid",
		"did:key:z6M": "did_method_unsupported",
		"did:bonafide:demo-abcdefgh:" + did.DID(strings.Repeat("a", 31)): "did_invalid",
		"did:bonafide:demo-abcdefgh:" + did.DID(strings.Repeat("a", 33)): "did_invalid",
		"did:bonafide:demo-abcdefgh:" + did.DID(strings.Repeat("A", 32)): "did_invalid",
		"did:bonafide:" + did.DID(strings.Repeat("a", 32)):               "did_invalid",
		id + ":a": "did_invalid",
		id + "#a": "did_invalid",
	} {
		if _, _, err := Split(s); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func FuzzCheckDocument(f *testing.F) {
	_, doc, err := NewDocument(network, keys(edKey(f, 1)), keys(edKey(f, 2)), DocumentOptions{
		AlsoKnownAs: []string{"https://board.example"}, Services: []Service{{"s", "T", "https://x"}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Add([]byte(`{"id":"did:bonafide:demo-abcdefgh:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := CheckDocument(network, b, false)
		if err != nil {
			if d != nil || explain.CodeOf(err) == "" {
				t.Fatalf("%v beside %v", d, err)
			}
			return
		}
		v, err := strictjson.Object(b, strictjson.Default)
		if err != nil || !bytes.Equal(mustJSON(t, v), b) {
			t.Fatal("accepted what is not canonical")
		}
		for _, m := range d.MethodsFor(did.AssertionMethod) {
			if _, err := d.Method(m.ID, did.CapabilityInvocation); err == nil {
				t.Fatal("one key in two roles")
			}
		}
	})
}

// history is a ledger of one DID made by hand.
type history struct {
	versions []did.Version
	times    map[uint64]time.Time
	height   uint64
	asOf     time.Time
	err      error
}

func (h *history) ChainID() string { return network }
func (h *history) Versions(d did.DID) ([]did.Version, error) {
	if len(h.versions) == 0 || h.versions[0].Document.ID != d {
		return nil, h.err
	}
	return h.versions, h.err
}
func (h *history) Reports(did.DID) ([]did.KeyReport, error) { return nil, nil }
func (h *history) TimeOf(height uint64) (time.Time, bool)   { t, ok := h.times[height]; return t, ok }
func (h *history) Tip() (uint64, time.Time)                 { return h.height, h.asOf }

// newHistory: created at height 10, rotated at 20 and twice at 30, deactivated
// at 40, which is the tip and not yet dated.
func newHistory(t testing.TB) (*history, did.DID) {
	t.Helper()
	id, first, err := NewDocument(network, keys(edKey(t, 1)), keys(edKey(t, 2)), DocumentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	parse := func(raw []byte, first bool) *did.Document {
		d, err := CheckDocument(network, raw, first)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	later := func(issuing, ledger byte) *did.Document {
		raw, err := NextDocument(id, keys(edKey(t, issuing)), keys(edKey(t, ledger)), DocumentOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return parse(raw, false)
	}
	return &history{
		versions: []did.Version{
			{Number: 1, Height: 10, Time: at(10), Document: parse(first, true)},
			{Number: 2, Height: 20, Time: at(20), Document: later(3, 2)},
			{Number: 3, Height: 30, Position: 0, Document: later(3, 4)}, // dated by TimeOf
			{Number: 4, Height: 30, Position: 1, Document: later(5, 4)},
			{Number: 5, Height: 40, Deactivated: true},
		},
		times:  map[uint64]time.Time{10: at(10), 20: at(20), 30: at(30)},
		height: 40,
		asOf:   at(40).Add(300 * time.Millisecond),
	}, id
}

func at(minute int) time.Time {
	return time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC).Add(time.Duration(minute) * time.Minute)
}

func TestResolver(t *testing.T) {
	h, id := newHistory(t)
	r := NewResolver(h)
	for name, c := range map[string]struct {
		o       did.ResolveOptions
		version string
		code    string
	}{
		"newest":               {did.ResolveOptions{}, "5", ""},
		"id 1":                 {did.ResolveOptions{VersionID: "1"}, "1", ""},
		"id 4":                 {did.ResolveOptions{VersionID: "4"}, "4", ""},
		"id 5":                 {did.ResolveOptions{VersionID: "5"}, "5", ""},
		"id 6":                 {did.ResolveOptions{VersionID: "6"}, "", "did_version_unknown"},
		"id 01":                {did.ResolveOptions{VersionID: "01"}, "", "did_version_unknown"},
		"id +1":                {did.ResolveOptions{VersionID: "+1"}, "", "did_version_unknown"},
		"before creation":      {did.ResolveOptions{VersionTime: at(10).Add(-time.Second)}, "", "did_version_unknown"},
		"at creation":          {did.ResolveOptions{VersionTime: at(10)}, "1", ""},
		"just before rotation": {did.ResolveOptions{VersionTime: at(20).Add(-time.Second)}, "1", ""},
		"at rotation":          {did.ResolveOptions{VersionTime: at(20)}, "2", ""},
		"between":              {did.ResolveOptions{VersionTime: at(29)}, "2", ""},
		"two in one block":     {did.ResolveOptions{VersionTime: at(30)}, "4", ""},
		"in another zone":      {did.ResolveOptions{VersionTime: at(25).In(time.FixedZone("", 3600))}, "2", ""},
		"at the tip":           {did.ResolveOptions{VersionTime: at(40)}, "5", ""},
		"just before the tip":  {did.ResolveOptions{VersionTime: at(40).Add(-time.Nanosecond)}, "4", ""},
		"after the tip":        {did.ResolveOptions{VersionTime: at(41)}, "", "did_time_unknown"},
		"height before":        {did.ResolveOptions{Height: 9}, "", "did_version_unknown"},
		"height of creation":   {did.ResolveOptions{Height: 10}, "1", ""},
		"height between":       {did.ResolveOptions{Height: 29}, "2", ""},
		"height of two":        {did.ResolveOptions{Height: 30}, "4", ""},
		"height of the tip":    {did.ResolveOptions{Height: 40}, "5", ""},
		"height after the tip": {did.ResolveOptions{Height: 41}, "", "did_time_unknown"},
		"two options":          {did.ResolveOptions{Height: 30, VersionID: "1"}, "", "did_options_invalid"},
		"two other options":    {did.ResolveOptions{Height: 30, VersionTime: at(10)}, "", "did_options_invalid"},
		"id and time":          {did.ResolveOptions{VersionID: "1", VersionTime: at(10)}, "", "did_options_invalid"},
	} {
		res, err := r.Resolve(t.Context(), id, c.o)
		if explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
			continue
		}
		if err != nil {
			continue
		}
		if res.Metadata.VersionID != c.version || res.Document.ID != id || !res.AsOf.Equal(h.asOf) {
			t.Errorf("%s: %+v", name, res.Metadata)
		}
		if deactivated := c.version == "5"; res.Metadata.Deactivated != deactivated || deactivated != (len(res.Document.Methods) == 0) {
			t.Errorf("%s: deactivated %v with %d keys", name, res.Metadata.Deactivated, len(res.Document.Methods))
		}
	}
}

func TestResolverMetadata(t *testing.T) {
	h, id := newHistory(t)
	r := NewResolver(h)
	get := func(v string) did.DocumentMetadata {
		res, err := r.Resolve(t.Context(), id, did.ResolveOptions{VersionID: v})
		if err != nil {
			t.Fatal(err)
		}
		return res.Metadata
	}
	for v, want := range map[string]did.DocumentMetadata{
		"1": {Created: at(10), NextUpdate: at(20), VersionID: "1", NextVersionID: "2"},
		"3": {Created: at(10), Updated: at(30), NextUpdate: at(30), VersionID: "3", NextVersionID: "4"},
		"5": {Created: at(10), Updated: at(40), VersionID: "5", Deactivated: true},
	} {
		if got := get(v); got != want {
			t.Errorf("%s: %+v", v, got)
		}
	}
	// A pack that moved on without the block's date: not in force by any time.
	h.height, h.asOf = 50, at(50)
	if m := get("5"); !m.Updated.IsZero() || m.Created != at(10) {
		t.Errorf("undated: %+v", m)
	}
	if res, err := r.Resolve(t.Context(), id, did.ResolveOptions{VersionTime: at(50)}); err != nil || res.Metadata.VersionID != "4" {
		t.Errorf("%v", err)
	}
}

func TestResolverErrors(t *testing.T) {
	h, id := newHistory(t)
	r := NewResolver(h)
	for in, code := range map[did.DID]string{
		did.DID("did:bonafide:demo-abcdefgh:" + strings.Repeat("a", 32)): "did_not_found",
		did.DID("did:bonafide:demo-zzzzzzzz:" + strings.Repeat("a", 32)): "did_other_network",
		"did:bonafide:demo-abcdefgh:a":                                   "did_invalid",
		"did:key:z6Mk":                                                   "did_method_unsupported",
		id + "#a":                                                        "did_invalid",
	} {
		if _, err := r.Resolve(t.Context(), in, did.ResolveOptions{}); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", in, err)
		}
	}
	// Threat 59: an entry filed under another DID is not taken for this one's.
	h.versions[4] = did.Version{Number: 5, Height: 40, Document: &did.Document{ID: "did:ex:1"}}
	if _, err := r.Resolve(t.Context(), id, did.ResolveOptions{}); explain.CodeOf(err) != "did_id_mismatch" {
		t.Errorf("%v", err)
	}
	h.err = errors.New("disk gone")
	if _, err := r.Resolve(t.Context(), id, did.ResolveOptions{}); !errors.Is(err, h.err) {
		t.Errorf("%v", err)
	}
}

// TestThreat19_Rotation: at each height, exactly the keys then in force.
func TestThreat19_Rotation(t *testing.T) {
	h, id := newHistory(t)
	r := NewResolver(h)
	for height, want := range map[uint64][2]byte{10: {1, 2}, 19: {1, 2}, 20: {3, 2}, 30: {5, 4}, 39: {5, 4}} {
		res, err := r.Resolve(t.Context(), id, did.ResolveOptions{Height: height})
		if err != nil {
			t.Fatal(err)
		}
		for seed := byte(1); seed <= 5; seed++ {
			m := string(id) + "#" + edKey(t, seed).Multikey()
			if _, err := res.Document.Method(m, did.AssertionMethod); (err == nil) != (seed == want[0]) {
				t.Errorf("height %d, key %d as issuing key: %v", height, seed, err)
			}
			if _, err := res.Document.Method(m, did.CapabilityInvocation); (err == nil) != (seed == want[1]) {
				t.Errorf("height %d, key %d as ledger key: %v", height, seed, err)
			}
		}
	}
}

// TestThreat18_OneKeyForTwoPurposes: a key that issues credentials cannot also
// sign transactions, however the document says it.
func TestThreat18_OneKeyForTwoPurposes(t *testing.T) {
	const network = "test-abcdefgh"
	issuing, ledger := edKey(t, 1), edKey(t, 2)
	if _, _, err := NewDocument(network, keys(issuing), keys(issuing), DocumentOptions{}); err == nil {
		t.Error("one key was taken for both purposes")
	}
	id, doc, err := NewDocument(network, keys(issuing), keys(ledger), DocumentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ref := func(k did.PublicKey) string { return `"` + string(id) + "#" + k.Multikey() + `"` }
	both := bytes.Replace(doc, []byte(`"assertionMethod":[`+ref(issuing)), []byte(`"assertionMethod":[`+ref(issuing)+`,`+ref(ledger)), 1)
	if bytes.Equal(both, doc) {
		t.Fatal("nothing was changed")
	}
	if _, err := CheckDocument(network, both, false); explain.CodeOf(err) != "did_key_two_roles" {
		t.Errorf("one key under both relationships: %v", err)
	}
	parsed, err := CheckDocument(network, doc, true)
	if err != nil {
		t.Fatal(err)
	}
	for key, rel := range map[did.PublicKey]did.Relationship{issuing: did.CapabilityInvocation, ledger: did.AssertionMethod} {
		if _, err := parsed.Method(string(id)+"#"+key.Multikey(), rel); explain.CodeOf(err) != "method_wrong_purpose" {
			t.Errorf("%s under %s: %v", key, rel, err)
		}
	}
}
