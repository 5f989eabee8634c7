package vc

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/vc/internal/ld"
)

func TestSealAndVerify(t *testing.T) {
	b := seal(t, claims(), board)
	if again := seal(t, claims(), board); !bytes.Equal(b, again) {
		t.Error("sealing again gave other bytes")
	}
	p, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(p.JSON(), b) {
		t.Error("a sealed credential is not in canonical form")
	}
	if p.Kind() != KindCredential || p.IssuerHint() != board.did.String() || p.HolderHint() != holder.did.String() ||
		p.AnchorHint() != testAnchor || !reflect.DeepEqual(p.MethodHints(), []string{board.method}) ||
		!reflect.DeepEqual(p.TypesHint(), []string{"VerifiableCredential", "ProfessionalLicence"}) || p.Credentials() != nil {
		t.Error("hints")
	}
	a, err := p.Verify(selfKeys)
	if err != nil {
		t.Fatal(err)
	}
	want := claims()
	want["evidence"].([]any)[0].(map[string]any)["anchor"] = testAnchor
	if !a.Authentic() || !reflect.DeepEqual(a.Claims(), want) {
		t.Errorf("claims: %v", a.Claims())
	}
	from, ok1 := a.ValidFrom()
	until, ok2 := a.ValidUntil()
	anchor, err1 := a.Anchor()
	index, err2 := a.StatusIndex()
	if a.Issuer() != board.did || a.Holder() != holder.did || !reflect.DeepEqual(a.Types(), p.TypesHint()) ||
		!ok1 || !ok2 || !from.Equal(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)) || !until.Equal(time.Date(2028, 12, 31, 23, 59, 59, 0, time.UTC)) ||
		anchor != testAnchor || err1 != nil || index != 131075 || err2 != nil || !reflect.DeepEqual(a.Methods(), []string{board.method}) {
		t.Error("accessors")
	}
	// What is handed out cannot change what was proved.
	a.Claims()["issuer"] = "did:example:x"
	a.Types()[0] = "x"
	a.Methods()[0] = "x"
	p.TypesHint()[0] = "x"
	if !reflect.DeepEqual(a.Claims(), want) || a.Types()[0] != "VerifiableCredential" || a.Methods()[0] != board.method {
		t.Error("a copy was none")
	}
	var wg sync.WaitGroup // one Parsed may be verified from several goroutines
	for range 8 {
		wg.Go(func() {
			if _, err := p.Verify(selfKeys); err != nil {
				t.Error(err)
			}
			if _, err := p.Leaf(testChain, testSalt); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestAuthenticZero(t *testing.T) {
	var a Authentic
	_, ok1 := a.ValidFrom()
	_, ok2 := a.ValidUntil()
	_, err1 := a.Anchor()
	_, err2 := a.StatusIndex()
	if a.Authentic() || a.Claims() != nil || a.Issuer() != "" || a.Types() != nil || a.Holder() != "" || a.Methods() != nil || ok1 || ok2 {
		t.Error("the zero value holds something")
	}
	wantCode(t, err1, "anchor_missing")
	wantCode(t, err2, "status_missing")
}

func TestExpiresOfProof(t *testing.T) {
	doc := claims()
	until := func(expires string) time.Time {
		a, err := verify(canonical(signed(t, doc, board, did.AssertionMethod, map[string]any{"expires": expires})), selfKeys)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := a.ValidUntil()
		return got
	}
	if got := until("2027-01-01T00:00:00Z"); !got.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("an earlier expiry of the proof is not the end of validity:", got)
	}
	if got := until("2099-01-01T00:00:00Z"); !got.Equal(time.Date(2028, 12, 31, 23, 59, 59, 0, time.UTC)) {
		t.Error("a later expiry of the proof moves the end of validity:", got)
	}
	delete(doc, "validUntil")
	if got := until("2099-01-01T00:00:00Z"); got.Year() != 2099 {
		t.Error("the expiry of the proof is lost:", got)
	}
}

// A time without an offset is read as UTC, and never written.
func TestTimeWithoutOffset(t *testing.T) {
	c := claims()
	c["validUntil"] = "2028-12-31T23:59:59"
	_, err := NewDraft(c)
	wantCode(t, err, "date_invalid")
	a, err := verify(canonical(signed(t, c, board, did.AssertionMethod, map[string]any{"created": "2026-11-21T09:30:00"})), selfKeys)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := a.ValidUntil(); !got.Equal(time.Date(2028, 12, 31, 23, 59, 59, 0, time.UTC)) {
		t.Error(got)
	}
}

func TestLeaf(t *testing.T) {
	draft, err := NewDraft(claims())
	if err != nil {
		t.Fatal(err)
	}
	want, err := draft.Leaf(testChain, testSalt)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(draft.JSON(), canonical(claims())) {
		t.Error("a draft is not its canonical form")
	}
	sealed := seal(t, claims(), board)
	leafOf := func(b []byte, chain string, salt [16]byte) [32]byte {
		t.Helper()
		p, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		l, err := p.Leaf(chain, salt)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if leafOf(sealed, testChain, testSalt) != want {
		t.Error("the sealed credential has another leaf than its draft")
	}
	// The same JSON, otherwise spelt.
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, sealed, "", "\t"); err != nil {
		t.Fatal(err)
	}
	if leafOf(spaced.Bytes(), testChain, testSalt) != want {
		t.Error("white space changes the leaf")
	}
	otherSalt := testSalt
	otherSalt[15]++
	if leafOf(sealed, testChain, otherSalt) == want || leafOf(sealed, testChain+"x", testSalt) == want {
		t.Error("salt and chain are not part of the leaf")
	}
	// Unlike the signature the leaf holds the JSON itself in place.
	for name, change := range map[string]func(map[string]any){
		"order of an array": func(d map[string]any) { d["type"] = []any{"ProfessionalLicence", "VerifiableCredential"} },
		"an array of one": func(d map[string]any) {
			s := d["credentialSubject"].(map[string]any)
			s["npi"] = []any{s["npi"]}
		},
		"an object for a URL": func(d map[string]any) { d["issuer"] = map[string]any{"id": d["issuer"]} },
	} {
		d := object(string(sealed))
		change(d)
		if _, err := verify(canonical(d), selfKeys); err != nil {
			t.Errorf("%s: was expected to leave the statements as they are: %v", name, err)
		}
		if leafOf(canonical(d), testChain, testSalt) == want {
			t.Errorf("%s leaves the leaf as it is", name)
		}
	}
	// One anchor, no more and no less.
	for code, evidence := range map[string]string{
		"anchor_missing":   `[{"type":"DocumentVerification"}]`,
		"anchor_ambiguous": `[{"type":"LedgerAnchor","anchor":""},{"type":["LedgerAnchor"],"anchor":""}]`,
	} {
		c := claims()
		c["evidence"] = object(`{"e":` + evidence + `}`)["e"]
		p, err := parse(c, issuing)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Leaf(testChain, testSalt)
		wantCode(t, err, code)
		_, err = NewDraft(c)
		wantCode(t, err, code)
		if p.AnchorHint() != "" {
			t.Error("a hint of an ambiguous anchor")
		}
	}
	c := claims()
	c["evidence"] = object(`{"type":"LedgerAnchor","anchor":""}`) // not in an array
	if _, err := NewDraft(c); err != nil {
		t.Error(err)
	}
	seal(t, c, board)
}

func TestStatusIndex(t *testing.T) {
	for _, c := range []struct {
		status string
		index  uint32
		code   string
	}{
		{`[{"type":"LedgerStatusEntry","statusIndex":"0"}]`, 0, ""},
		{`{"type":"LedgerStatusEntry","statusIndex":"4294967295"}`, 4294967295, ""},
		{`[{"type":["LedgerStatusEntry"],"statusIndex":"262145"},{"type":"BitstringStatusListEntry","statusListIndex":"1"},{"type":"BitstringStatusListEntry","statusListIndex":"1"}]`, 262145, ""},
		{`[{"type":"LedgerStatusEntry","statusIndex":"7"},{"type":"BitstringStatusListEntry","statusListIndex":"8"}]`, 0, "status_disagrees"},
		{`[{"type":"BitstringStatusListEntry","statusListIndex":"8"},{"type":"LedgerStatusEntry","statusIndex":"7"}]`, 0, "status_disagrees"},
		{`[{"type":"LedgerStatusEntry","statusIndex":"131079"},{"type":"BitstringStatusListEntry","statusListIndex":"131079"}]`, 0, "status_malformed"},
		{`[{"type":"LedgerStatusEntry","statusIndex":"7"},{"type":"BitstringStatusListEntry"}]`, 0, "status_malformed"},
		{`[{"type":"LedgerStatusEntry","statusIndex":"7"},{"type":"LedgerStatusEntry","statusIndex":"7"}]`, 0, "status_ambiguous"},
		{`[{"type":"BitstringStatusListEntry","statusListIndex":"8"}]`, 0, "status_missing"},
	} {
		got, err := statusIndex(object(`{"s":` + c.status + `}`)["s"])
		wantCode(t, err, c.code)
		if got != c.index {
			t.Errorf("%s: index %d", c.status, got)
		}
	}
	if _, err := statusIndex(nil); err == nil {
		t.Error("no status is a status")
	}
}

// Threat 48, the part that is in the credential: an index has one spelling.
func TestThreat48_StatusIndexSpelling(t *testing.T) {
	for _, s := range []string{`""`, `"+7"`, `"-7"`, `" 7"`, `"7 "`, `"07"`, `"00"`, `"7.0"`, `"7e0"`, `"0x7"`, `"4294967296"`, `"99999999999"`, `7`, `["7"]`, `null`, `"٧"`} {
		c := claims()
		c["credentialStatus"] = object(`{"type":"LedgerStatusEntry","statusIndex":` + s + `}`)
		_, err := statusIndex(c["credentialStatus"])
		wantCode(t, err, "status_malformed")
		_, err = NewDraft(c)
		wantCode(t, err, "status_malformed")
	}
}

func TestDraftRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(map[string]any)
		code   string
	}{
		"signed":              {func(d map[string]any) { d["proof"] = map[string]any{} }, "draft_signed"},
		"anchored":            {func(d map[string]any) { d["evidence"].([]any)[0].(map[string]any)["anchor"] = "x" }, "draft_anchored"},
		"no status":           {func(d map[string]any) { delete(d, "credentialStatus") }, "status_missing"},
		"issuer no DID":       {func(d map[string]any) { d["issuer"] = "https://board.example" }, "issuer_invalid"},
		"a term nobody knows": {func(d map[string]any) { d["nickname"] = "Zel" }, "term_undefined"},
		"an inline context": {func(d map[string]any) {
			d["@context"] = append(d["@context"].([]any), map[string]any{"nickname": "https://a.example/n"})
		}, "context_unknown"},
		"a presentation":   {func(d map[string]any) { d["type"] = []any{"VerifiablePresentation"} }, "not_a_credential"},
		"null":             {func(d map[string]any) { d["credentialSubject"].(map[string]any)["npi"] = nil }, "term_unsigned"},
		"a Go value":       {func(d map[string]any) { d["name"] = 7 }, "json_bad_type"},
		"a fraction of it": {func(d map[string]any) { d["credentialSubject"] = map[string]any{} }, "subject_invalid"},
	} {
		d := claims()
		c.change(d)
		_, err := NewDraft(d)
		if got := err; got == nil {
			t.Errorf("%s: accepted", name)
		}
		wantCode(t, err, c.code)
	}
}

func TestSealRefuses(t *testing.T) {
	draft, err := NewDraft(claims())
	if err != nil {
		t.Fatal(err)
	}
	good := ProofOptions{VerificationMethod: board.method, Created: testTime, Key: board.key}
	never := func([]byte) ([]byte, error) { t.Error("asked to sign"); return nil, nil }
	_, err = draft.Seal("", good, never)
	wantCode(t, err, "anchor_missing")
	_, err = draft.Seal("x", ProofOptions{VerificationMethod: otherOrg.method, Created: testTime, Key: otherOrg.key}, never)
	wantCode(t, err, "method_foreign_controller")
	_, err = draft.Seal("x", ProofOptions{VerificationMethod: board.did.String(), Created: testTime, Key: board.key}, never)
	wantCode(t, err, "proof_malformed")
	_, err = draft.Seal("x", good, otherOrg.sign)
	wantCode(t, err, "signing_failed")
	_, err = draft.Seal("x", ProofOptions{VerificationMethod: board.method, Created: testTime}, board.sign)
	wantCode(t, err, "signing_failed")
	_, err = draft.Seal("x", good, func([]byte) ([]byte, error) { return make([]byte, 63), nil })
	wantCode(t, err, "signing_failed")
	locked := errors.New("locked")
	_, err = draft.Seal("x", good, func([]byte) ([]byte, error) { return nil, locked })
	wantCode(t, err, "signing_failed")
	if !errors.Is(err, locked) {
		t.Error("the signer's error is lost")
	}
	// A draft is not changed by what becomes of the claims or by sealing.
	c := claims()
	if draft, err = NewDraft(c); err != nil {
		t.Fatal(err)
	}
	c["credentialSubject"].(map[string]any)["familyName"] = "Other"
	draft.JSON()[0] = 'x'
	b, err := draft.Seal(testAnchor, good, board.sign)
	if err != nil || !bytes.Equal(b, seal(t, claims(), board)) || !bytes.Equal(draft.JSON(), canonical(claims())) {
		t.Error("a draft changed", err)
	}
}

func TestPresentation(t *testing.T) {
	cred := seal(t, claims(), board)
	present := func(credentials ...[]byte) []byte {
		t.Helper()
		b, err := Present(holder.did, credentials, "nonce-1", "did:example:hospital", holder.method, testTime, holder.sign)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	policy := PresentationPolicy{Challenge: "nonce-1", Domain: "did:example:hospital"}
	b := present(cred)
	p, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if p.Kind() != KindPresentation || p.HolderHint() != holder.did.String() || p.ChallengeHint() != "nonce-1" || p.IssuerHint() != "" {
		t.Error("hints")
	}
	got, err := p.VerifyPresentation(selfKeys, policy)
	if err != nil {
		t.Fatal(err)
	}
	if got.Holder != holder.did || len(got.Credentials) != 1 {
		t.Error(got)
	}
	a, err := got.Credentials[0].Verify(selfKeys)
	if err != nil || a.Holder() != holder.did {
		t.Error(err)
	}
	if !bytes.Equal(got.Credentials[0].JSON(), cred) {
		t.Error("the credential inside is not the one that was put in")
	}
	// Several, and none: a proof of possession.
	for n, b := range map[int][]byte{0: present(), 2: present(cred, cred)} {
		p, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.VerifyPresentation(selfKeys, policy)
		if err != nil || len(got.Credentials) != n || len(p.Credentials()) != n {
			t.Error(n, err)
		}
	}
	// Without `holder`, the signer is the holder.
	d := without(object(string(b)), "holder")
	if p, err = parse(signed(t, d, holder, did.Authentication, map[string]any{"challenge": "nonce-1", "domain": "did:example:hospital"}), lenient); err != nil {
		t.Fatal(err)
	}
	if got, err := p.VerifyPresentation(selfKeys, policy); err != nil || got.Holder != holder.did {
		t.Error(err)
	}
	// What Present refuses.
	for _, c := range []struct {
		b                 [][]byte
		challenge, domain string
		by                party
		code              string
	}{
		{nil, "", "d", holder, "presentation_unbound"},
		{nil, "c", "", holder, "presentation_unbound"},
		{nil, "c", "d", otherOrg, "method_foreign_controller"},
		{[][]byte{b}, "c", "d", holder, "not_a_credential"},
		{[][]byte{[]byte("{")}, "c", "d", holder, "json_syntax"},
		{[][]byte{bytes.Repeat([]byte(" "), 2<<20)}, "c", "d", holder, "json_too_large"},
	} {
		_, err := Present(holder.did, c.b, c.challenge, c.domain, c.by.method, testTime, c.by.sign)
		wantCode(t, err, c.code)
	}
}

func TestPresentationExpires(t *testing.T) {
	doc := object(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"VerifiablePresentation","holder":"` + holder.did.String() + `"}`)
	p, err := parse(signed(t, doc, holder, did.Authentication, map[string]any{"challenge": "c", "domain": "d", "expires": "2026-11-21T10:00:00Z"}), lenient)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		now  time.Time
		code string
	}{
		{testTime, ""}, {time.Time{}, "proof_expired"}, {testTime.Add(time.Hour), "proof_expired"}, {time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), "proof_expired"},
	} {
		_, err := p.VerifyPresentation(selfKeys, PresentationPolicy{Challenge: "c", Domain: "d", Now: c.now})
		wantCode(t, err, c.code)
	}
}

func TestRelatedResource(t *testing.T) {
	const v2 = `"id":"https://www.w3.org/ns/credentials/v2"`
	const sri = `"digestSRI":"sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ="`
	for _, c := range []struct{ resources, code string }{
		{`{` + v2 + `,` + sri + `}`, ""},
		{`[{` + v2 + `,` + sri + `,"mediaType":"application/ld+json"}]`, ""},
		{`{` + v2 + `,"digestMultibase":"uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvK1htfx963skn"}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestMultibase":"uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNA"}`, ""},
		{`{` + v2 + `,"digestMultibase":"uEiBZlVztZpfWHgPyslVv6-UwirFoQoRvW1htfx963sknNQ"}`, "related_resource_digest"},
		{`{` + v2 + `,"digestSRI":"sha256-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzU="}`, "related_resource_digest"},
		{`{` + v2 + `,"digestSRI":"sha384-WZVc7WaX1h4D8rJVb+vlMIqxaEKEb1tYbX8fet7JJzQ="}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestSRI":"md5-WZVc7WaX1h4D8rJVb+vlMA=="}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestSRI":7}`, "related_resource_invalid"},
		{`{` + v2 + `}`, "related_resource_invalid"},
		{`{` + sri + `}`, "related_resource_invalid"},
		{`{"id":"x",` + sri + `}`, "related_resource_invalid"},
		{`"https://a.example"`, "related_resource_invalid"},
		{`[]`, "related_resource_invalid"},
		{`[{` + v2 + `,` + sri + `},{` + v2 + `,` + sri + `}]`, "related_resource_invalid"},
		{`{` + v2 + `,` + sri + `,"mediaType":"text"}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestSRI":"sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU sha512-XVVFK9Lc+KKfWikEc+skKxxft31OaPGgqoe6pNuiaUhS1l7GPUisBKmdlW+fcVO5QG+E0tBMdIabAsI5odgTBQ==?x"}`, ""},
		{`{` + v2 + `,"digestMultibase":["zQ1E5kXyNLjTyiQqp9Lpkof1sD8f4fsugyGN9cK7B57MBfFJv71LkXRvaBPXzVgrUvKKZ","uE0BdVUUr0tz4op9aKQRz6yQrHF-3fU5o8aCqh7qk26JpSFLWXsY9SKwEqZ2Vb59xU7lAb4TS0Ex0hpsCwjmh2BMF"]}`, ""},
		{`{` + v2 + `,"digestMultibase":"z0"}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestMultibase":"zQm"}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestMultibase":"uEiA"}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestMultibase":"mEiA"}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestMultibase":"u="}`, "related_resource_invalid"},
		{`{` + v2 + `,"digestMultibase":""}`, "related_resource_invalid"},
		{`{"id":"https://a.example/image",` + sri + `}`, ""},
		{`{"id":"https://a.example/image","digestMultibase":"zQmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"}`, ""},
	} {
		d := claims()
		d["relatedResource"] = object(`{"r":` + c.resources + `}`)["r"]
		_, err := parse(d, lenient)
		if err != nil || c.code != "" {
			t.Log(c.resources)
		}
		wantCode(t, err, c.code)
	}
}

// What is written about most proofs without the JSON-LD processor is what the
// processor writes.
func TestPlainConfig(t *testing.T) {
	for _, contexts := range [][]any{
		{baseContext},
		{baseContext, "urn:bonafide:context:v1"},
		{baseContext, "https://www.w3.org/ns/credentials/examples/v2"},
		{baseContext, "https://www.w3.org/ns/credentials/undefined-terms/v2"},
		{baseContext, "https://w3id.org/security/data-integrity/v2", "urn:bonafide:context:v1"},
		{baseContext, baseContext},
	} {
		for _, purpose := range []did.Relationship{did.AssertionMethod, did.Authentication} {
			for _, created := range []string{"2026-11-21T09:30:00Z", "2026-11-21T09:30:00.250-06:00", "2026-11-21T24:00:00"} {
				for _, method := range []string{board.method, "did:bonafide:demo-abcdefgh:aaaa#z6Mk", "did:a:b%3Ac/p/q?versionId=1;x='(2)'&y=@!$*+,~#k.-_/?:"} {
					p, err := parseProof(object(`{"type":"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022","created":"`+created+`","proofPurpose":"`+
						string(purpose)+`","verificationMethod":"`+method+`","proofValue":"z`+strings.Repeat("1", 64)+`"}`), purpose)
					if err != nil {
						t.Fatal(err)
					}
					plain, ok := plainConfig(contexts, &p)
					options := without(p.node, "proofValue")
					options["@context"] = contexts
					full, err := ld.ToCanonical(options)
					if err != nil {
						t.Fatal(contexts, err)
					}
					if ok != (purpose == did.AssertionMethod) || ok && !bytes.Equal(plain, full) {
						t.Errorf("%v %s %s\n%s\n%s", contexts, created, method, plain, full)
					}
				}
			}
		}
	}
}

// What the model lets through but a signature does not hold in place.
func TestExact(t *testing.T) {
	for _, c := range []struct{ member, code string }{
		{`"name":"A"`, ""},
		{`"name":{"@value":"A","@language":"en"}`, ""},
		{`"name":["A","B"]`, ""},
		{`"name":["A","A"]`, "term_unsigned"},
		{`"name":["1",1,2,true,false]`, ""},
		{`"name":[1,2,1.0]`, "term_unsigned"},
		{`"name":[true,true]`, "term_unsigned"},
		{`"name":[{"a":1},{"a":1}]`, ""},
		{`"evil":null`, "term_unsigned"},
		{`"evil":[]`, "term_unsigned"},
		{`"evil":[["A"]]`, "term_unsigned"},
		{`"evil":[null]`, "term_unsigned"},
		{`"evil":{"id":"_:b0"}`, "term_unsigned"},
		{`"evil":["_:b0"]`, "term_unsigned"},
		{`"proof":{"id":"_:b0"}`, "term_unsigned"},
		{`"evil":{"@value":"A","@type":"x"}`, "term_unsigned"},
		{`"evil":{"@id":"x"}`, "term_unsigned"},
		{`"evil":{"x":{"@context":{}}}`, "context_nested"},
		{`"@graph":[{}]`, "term_unsigned"},
		{`"@index":"x"`, "term_unsigned"},
		{`"https://schema.org/name":"A"`, "term_unsigned"},
		{`"schema:name":"A"`, "term_unsigned"},
		{`"proof":{"evil":null}`, "term_unsigned"},
		{`"verifiableCredential":[]`, "term_unsigned"},
		{`"verifiableCredential":{"@context":["https://www.w3.org/ns/credentials/v2"],"a":null}`, "term_unsigned"},
		{`"verifiableCredential":{"@context":["https://a.example"],"a":1}`, "context_unknown"},
	} {
		err := checkExact(object(`{"@context":["https://www.w3.org/ns/credentials/v2"],` + c.member + `}`))
		if err != nil || c.code != "" {
			t.Log(c.member)
		}
		wantCode(t, err, c.code)
	}
}

func TestParsedJSON(t *testing.T) {
	in := []byte(`{"type" : ["VerifiableCredential"], "@context":["https://www.w3.org/ns/credentials/v2"],"issuer":"did:example:a","credentialSubject":{"id":"did:example:b"}}`)
	p, err := Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	v, _ := strictjson.Parse(in, strictjson.Limits{})
	if !bytes.Equal(p.JSON(), canonical(v)) {
		t.Error("JSON is not what was parsed")
	}
	if _, err := p.Leaf(testChain, testSalt); err == nil {
		t.Error("a leaf without an anchor")
	}
}

// Every shipped type, as a register copy and bound.
func TestShippedTypes(t *testing.T) {
	for typ, licence := range map[string]string{
		"ProfessionalLicence":             `{"type":"Licence","number":"RN.1","jurisdiction":"US-OH","profession":"registered nurse","issued":"2026-11-01","expires":"2028-11-30","conditions":["Supervised practice only."]}`,
		"BoardCertification":              `{"type":"Licence","number":"C-1","jurisdiction":"US","specialty":"Internal Medicine","issued":"2026-11-01","expires":"2036-11-30"}`,
		"TrainingCertification":           `{"type":"Licence","number":"T-1","jurisdiction":"US","specialty":"Advanced Cardiovascular Life Support","issued":"2026-11-01","expires":"2028-11-30"}`,
		"ControlledSubstanceRegistration": `{"type":"Licence","number":"AQ5836725","jurisdiction":"US","schedules":["2","2N","3"],"issued":"2026-11-01","expires":"2029-11-30"}`,
	} {
		for _, bound := range []bool{true, false} {
			c := claims()
			c["type"] = []any{"VerifiableCredential", typ}
			subject := c["credentialSubject"].(map[string]any)
			subject["licence"] = object(licence)
			want := holder.did
			if !bound {
				delete(subject, "id")
				want = ""
			}
			a, err := verify(seal(t, c, board), selfKeys)
			if err != nil || a.Holder() != want || a.Types()[1] != typ {
				t.Error(typ, bound, err)
			}
		}
	}
}

// Several subjects, or one that is named otherwise than by a DID, bind to
// nobody.
func TestHolderOfNobody(t *testing.T) {
	for _, subjects := range []string{
		`[{"id":"` + holder.did.String() + `","type":"Practitioner","npi":"1"},{"id":"` + otherOrg.did.String() + `","type":"Practitioner","npi":"2"}]`,
		`{"id":"https://a.example/someone","type":"Practitioner","npi":"1"}`,
		`{"type":"Practitioner","npi":"1"}`,
	} {
		c := claims()
		c["credentialSubject"] = object(`{"s":` + subjects + `}`)["s"]
		a, err := verify(seal(t, c, board), selfKeys)
		if err != nil || a.Holder() != "" {
			t.Errorf("%s: holder %q, %v", subjects, a.Holder(), err)
		}
	}
}

func TestProofShape(t *testing.T) {
	for _, c := range []struct {
		member string
		value  string
		code   string
	}{
		{"type", `"Ed25519Signature2020"`, "proof_unsupported"},
		{"type", `["DataIntegrityProof"]`, "proof_unsupported"},
		{"id", `7`, "proof_malformed"},
		{"id", `""`, "proof_malformed"},
		{"created", `"yesterday"`, "proof_malformed"},
		{"created", `7`, "proof_malformed"},
		{"created", `null`, "proof_malformed"},
		{"expires", `"tomorrow"`, "proof_malformed"},
		{"expires", `null`, "proof_malformed"},
		{"challenge", `["c"]`, "proof_malformed"},
		{"challenge", `""`, "proof_malformed"},
		{"domain", `[]`, "proof_malformed"},
		{"domain", `["d",1]`, "proof_malformed"},
		{"domain", `""`, "proof_malformed"},
		{"verificationMethod", `{"id":"did:example:a#b"}`, "proof_malformed"},
		{"verificationMethod", `"https://board.example/keys#1"`, "proof_malformed"},
		{"proofPurpose", `["assertionMethod"]`, "proof_malformed"},
		{"proofValue", `["z1"]`, "proof_value_malformed"},
		// Well-formed, but not what was signed.
		{"created", `"2026-11-21T09:30:01Z"`, "proof_invalid"},
		{"created", `"2026-11-21T09:30:00.0Z"`, "proof_invalid"},
		{"id", `"urn:uuid:1"`, "proof_invalid"},
		{"expires", `"2099-01-01T00:00:00Z"`, "proof_invalid"},
		{"challenge", `"c"`, "proof_invalid"},
		{"domain", `"d"`, "proof_invalid"},
		{"nonce", `"n"`, "proof_invalid"},
		{"verificationMethod", `"` + board.did.String() + `?x=1#` + board.key.Multikey() + `"`, "method_not_found"},
	} {
		d := object(string(seal(t, claims(), board)))
		d["proof"].(map[string]any)[c.member] = object(`{"v":` + c.value + `}`)["v"]
		_, err := verify(canonical(d), selfKeys)
		if err == nil {
			t.Errorf("%s %s: accepted", c.member, c.value)
		}
		wantCode(t, err, c.code)
	}
	// A proof may say all that Data Integrity knows, if it is signed.
	d := signed(t, claims(), board, did.AssertionMethod, map[string]any{
		"id": "urn:uuid:1", "expires": "2099-01-01T00:00:00Z", "challenge": "c", "domain": []any{"d", "e"}, "nonce": "n",
	})
	if _, err := verify(canonical(d), selfKeys); err != nil {
		t.Error(err)
	}
	delete(d["proof"].(map[string]any), "nonce")
	_, err := verify(canonical(d), selfKeys)
	wantCode(t, err, "proof_invalid")
	// One without `created` is a proof too.
	p, err := newProof(claims(), map[string]any{"verificationMethod": board.method}, board.did, did.AssertionMethod, board.sign)
	if err != nil {
		t.Fatal(err)
	}
	c := claims()
	c["proof"] = p.node
	if _, err := verify(canonical(c), selfKeys); err != nil {
		t.Error(err)
	}
}

// Every code that stands in this package's source has a text.
func TestCodesAreExplained(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "internal/authentic/authentic.go")
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:Errorf|coded|checkType)\((?:\w+, )?"([a-z_]+)"|"([a-z_]+_invalid)"`).FindAllStringSubmatch(string(b), -1) {
			found++
			if _, ok := explain.Lookup(m[1] + m[2]); !ok {
				t.Errorf("%s: %s is not in the catalogue", name, m[1]+m[2])
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d codes found: the pattern misses them", found)
	}
}
