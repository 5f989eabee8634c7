package verifier

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/ledger"
)

var noData = explain.Errorf("no_data", "x")

// Whatever the checks: verified needs a pass in every required slot, no fail
// and no unknown, and an empty list of either confirms nothing.
func TestFold(t *testing.T) {
	if fold(nil, nil) != Unconfirmed || fold([]Check{{ID: CheckParse, Outcome: Pass}}, nil) != Unconfirmed {
		t.Error("nothing required is confirmed")
	}
	ids := append(slices.Clone(credentialChecks), CheckParse, CheckFreshness, CheckBinding)
	outcomes := []Outcome{Pass, Pass, Pass, Pass, Pass, Pass, Pass, Pass, Fail, Unknown, Skipped, "", "passed"}
	r := rand.New(rand.NewPCG(1, 2))
	seen := map[Verdict]int{}
	for range 50_000 {
		var checks []Check
		var required []slot
		for _, id := range ids {
			at := r.IntN(3) - 1
			c := Check{ID: id, Outcome: outcomes[r.IntN(len(outcomes))]}
			if at >= 0 {
				c.Credential = &at
			}
			if r.IntN(20) > 0 { // else nobody made the check
				checks = append(checks, c)
			}
			if r.IntN(4) > 0 {
				if r.IntN(40) == 0 {
					at++
				}
				required = append(required, slot{id, at})
			}
		}
		fails, others, missing := 0, 0, len(required) == 0
		for _, c := range checks {
			switch c.Outcome {
			case Fail:
				fails++
			case Pass, Skipped:
			default:
				others++
			}
		}
		for _, s := range required {
			missing = missing || !slices.ContainsFunc(checks, func(c Check) bool {
				at := -1
				if c.Credential != nil {
					at = *c.Credential
				}
				return c.ID == s.id && at == s.credential && c.Outcome == Pass
			})
		}
		expect := Verified
		switch {
		case fails > 0:
			expect = Rejected
		case others > 0 || missing:
			expect = Unconfirmed
		}
		if got := fold(checks, required); got != expect {
			t.Fatalf("%s, want %s: %v required %v", got, expect, checks, required)
		}
		seen[expect]++
	}
	if len(seen) != 3 || seen[Verified] < 100 {
		t.Errorf("the draws do not reach every verdict: %v", seen)
	}
}

func TestThreat2_NoProof(t *testing.T) {
	w := newWorld(t)
	good := w.issue(draft{})
	for _, proof := range []any{nil, []any{}, map[string]any{}, []any{map[string]any{}}, "none", map[string]any{"type": "DataIntegrityProof"}} {
		m := object(t, good)
		m["proof"] = proof
		if res := w.hospital().look(canonical(t, m)); res.Verdict != Rejected {
			t.Errorf("%v: %s", proof, table(res))
		}
	}
	m := object(t, good)
	delete(m, "proof")
	want(t, w.hospital().look(canonical(t, m)), Rejected, CheckIssuerKey, Fail, "proof_missing")
}

// Threat 5: no key comes from the file that it is to prove.
func TestThreat5_KeyInTheFile(t *testing.T) {
	w := newWorld(t)
	forger := freshKey("forger")
	pub := testkit.Public(t, forger)
	good := w.anchored(draft{key: forger})[0]
	b := object(t, good.seal())
	for name, edit := range map[string]func(p map[string]any){
		"as it is":  func(map[string]any) {},
		"multikey":  func(p map[string]any) { p["publicKeyMultibase"] = pub.Multikey() },
		"jwk":       func(p map[string]any) { p["publicKeyJwk"] = map[string]any{"kty": "OKP"} },
		"did:key":   func(p map[string]any) { p["verificationMethod"] = "did:key:" + pub.Multikey() + "#" + pub.Multikey() },
		"an object": func(p map[string]any) { p["verificationMethod"] = map[string]any{"id": p["verificationMethod"]} },
	} {
		m := object(t, canonical(t, b))
		edit(m["proof"].(map[string]any))
		res := w.hospital().look(canonical(t, m))
		if res.Verdict != Rejected || find(res, CheckProof).Outcome == Pass {
			t.Errorf("%s: %s", name, table(res))
		}
	}
}

// Threat 10: every proof of a set must hold, in whatever order.
func TestThreat10_ProofSets(t *testing.T) {
	w := newWorld(t)
	good := object(t, w.issue(draft{}))
	own := good["proof"].(map[string]any)
	forged := map[string]any{}
	for k, v := range own {
		forged[k] = v
	}
	forged["proofValue"] = "z" + strings.Repeat("2", 86)
	for _, set := range [][]any{{own, forged}, {forged, own}, {forged}} {
		good["proof"] = set
		if res := w.hospital().look(canonical(t, good)); res.Verdict != Rejected || find(res, CheckProof).Outcome != Fail {
			t.Error(table(res))
		}
	}
}

// Threat 31: what stands beside the signed content is not read, and what is
// changed in it does not verify.
func TestThreat31_UnsignedClaims(t *testing.T) {
	w := newWorld(t)
	good := w.issue(draft{})
	for name, edit := range map[string]func(m map[string]any){
		"subject":     func(m map[string]any) { m["credentialSubject"].(map[string]any)["familyName"] = "Other" },
		"added claim": func(m map[string]any) { m["credentialSubject"].(map[string]any)["note"] = "x" },
		"beside":      func(m map[string]any) { m["licence"] = map[string]any{"number": "1"} },
		"status":      func(m map[string]any) { m["credentialStatus"].([]any)[0].(map[string]any)["statusIndex"] = "9" },
		"validity":    func(m map[string]any) { m["validUntil"] = "2039-01-01T00:00:00Z" },
		"order":       func(m map[string]any) { m["type"] = []any{licence, "VerifiableCredential"} },
		"context":     func(m map[string]any) { m["@context"] = append(m["@context"].([]any), "https://elsewhere.example/v1") },
		"inline": func(m map[string]any) {
			m["@context"] = append(m["@context"].([]any), map[string]any{"licence": "https://x.example/note"})
		},
		"issuer as ob": func(m map[string]any) { m["issuer"] = map[string]any{"id": m["issuer"], "name": "Board"} },
		"no status":    func(m map[string]any) { delete(m, "credentialStatus") },
	} {
		m := object(t, good)
		edit(m)
		res := w.hospital().look(canonical(t, m))
		if res.Verdict != Rejected {
			t.Errorf("%s: %s", name, table(res))
		}
	}
	// Space and order of members are no content.
	var loose bytes.Buffer
	if err := json.Indent(&loose, good, "", "\t"); err != nil {
		t.Fatal(err)
	}
	if res := w.hospital().look(loose.Bytes()); res.Verdict != Verified {
		t.Error(table(res))
	}
}

// Threat 33: one kind of token shown as another.
func TestThreat33_TypeConfusion(t *testing.T) {
	w := newWorld(t)
	mine := w.issue(draft{holder: w.alice.did})
	h := w.hospital()
	req := h.request()
	presentation := w.present(w.alice, req, mine)
	ask, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	wrap := func(v any) []byte { return canonical(t, v) }
	m := object(t, mine)
	m["type"] = []any{"VerifiableCredential", "VerifiablePresentation", licence}
	var tpl []byte
	for _, x := range w.l.View().Templates() {
		tpl = x.Raw
	}
	p := object(t, presentation)
	nested := object(t, presentation)
	nested["verifiableCredential"] = []any{p}
	for name, b := range map[string][]byte{
		"request": ask, "template": tpl, "DID document": w.board.Document, "both types": wrap(m),
		"array": append(append([]byte("["), mine...), ']'), "nested": wrap(nested),
		"jwt": []byte("eyJhbGciOiJub25lIn0.e30."), "empty": nil, "text": []byte("MD-0012345"), "null": []byte("null"),
		"proof": wrap(object(t, mine)["proof"]), "subject": wrap(object(t, mine)["credentialSubject"]),
		"two": append(bytes.Clone(mine), mine...), "bom": append([]byte("\xef\xbb\xbf"), mine...),
	} {
		for _, in := range []Input{{Bytes: b, Purpose: Monitoring}, {Bytes: b, Request: req}} {
			res := h.verify(in)
			if res.Verdict != Rejected || find(res, CheckParse).Outcome != Fail {
				t.Errorf("%s: %s", name, table(res))
			}
		}
	}
	// Bytes that are no credential are rejected also where nothing is trusted.
	h.d, h.dErr = nil, explain.Errorf("no_trust", "x")
	if res := h.look([]byte("{}")); res.Verdict != Rejected {
		t.Error(table(res))
	}
	// An answer's key is no board's, and a board's key answers nothing.
	h = w.hospital()
	c := w.anchoredNowhere(draft{})
	b, err := c.draft.Seal("AQ", sealBy(w, w.alice), func(m []byte) ([]byte, error) { return ed25519.Sign(w.alice.k, m), nil })
	if err == nil && h.look(b).Verdict != Rejected {
		t.Error("a holder's key issued")
	}
}

// Threat 48: status places as they may be written, and as they may not.
func TestThreat48_StatusIndexes(t *testing.T) {
	w := newWorld(t)
	last := uint32(ledger.PageIndexes - 1)
	w.l.Execute(w.l.Sign(w.board, ledger.SetStatus{Pages: 1, Changes: []ledger.StatusChange{
		{Op: ledger.SetValue, Index: 0, Value: ledger.Revoked},
		{Op: ledger.SetValue, Index: last, Value: ledger.SuspendedStatus},
		{Op: ledger.SetValue, Index: 7, Value: ledger.Probation},
	}}))
	var ds []draft
	for _, i := range []uint32{0, 1, 6, 7, 8, last - 1, last, last + 1} {
		ds = append(ds, draft{index: i})
	}
	codes := []string{"status_revoked", "status_current", "status_current", "status_probation", "status_current", "status_current", "status_suspended", "status_no_page"}
	h := w.hospital()
	for i, p := range w.anchored(ds...) {
		h.d = w.data()
		if got := find(h.look(p.seal()), CheckStatus).Code; got != codes[i] {
			t.Errorf("index %d: %s, want %s", ds[i].index, got, codes[i])
		}
	}
	for _, s := range []any{"-1", "+1", " 1", "1 ", "01", "", "0x1", "1e1", "4294967296", "99999999999", "１", nil, json.Number("1"), []any{"1"}} {
		file, ok := w.tryIssue(draft{edit: func(c map[string]any) {
			c["credentialStatus"] = []any{map[string]any{"type": "LedgerStatusEntry", "statusIndex": s}}
		}})
		if !ok {
			m := object(t, w.issue(draft{}))
			m["credentialStatus"].([]any)[0].(map[string]any)["statusIndex"] = s
			file = canonical(t, m)
		}
		if res := w.hospital().look(file); res.Verdict != Rejected {
			t.Errorf("%v: %s", s, table(res))
		}
	}
}

// Threat 52: data that was put back is no data.
func TestThreat52_RolledBackData(t *testing.T) {
	w := newWorld(t)
	file := w.issue(draft{})
	h := w.hospital()
	h.d, h.dErr = nil, explain.Errorf("data_rolled_back", "x")
	res := h.look(file)
	want(t, res, Unconfirmed, CheckAnchor, Unknown, "data_rolled_back")
	if NewReport([]Result{res}).ExitCode() != explain.ExitNotNow {
		t.Error("exit code")
	}
	// Older data without the mark of a roll-back is at least old: its age is
	// judged at the later of clock and floor.
	h = w.hospital()
	h.floor = h.d.AsOf.Add(31 * 24 * time.Hour)
	h.device = h.d.AsOf
	if res := h.look(file); res.Verdict != Unconfirmed {
		t.Error(table(res))
	}
}

func TestConfiguration(t *testing.T) {
	h := &hospital{t: t}
	for _, c := range []Config{{}, {Clock: h}, {Clock: h, Data: h.noData, Policy: Policy{Monitoring: {}}}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
	v, err := New(Config{Clock: h, Data: h.noData, Policy: Policy{Monitoring: {MaxAge: time.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(ctx, Input{}); explain.CodeOf(err) != "policy_malformed" {
		t.Error(err)
	}
	for _, bad := range []string{
		``, `{}`, `{"format":2,"purposes":{}}`, `{"format":1,"purposes":{"privilegin":{"max_age_hours":1}}}`,
		`{"format":1,"purposes":{"privileging":{"max_age_hours":0}}}`, `{"format":1,"purposes":{"privileging":{"max_age":24}}}`,
		`{"format":1,"purposes":{"privileging":{"max_age_hours":8785}}}`, `{"format":1,"format":1,"purposes":{}}`,
		`{"format":1,"purposes":{"privileging":{}}}`,
	} {
		if _, err := ParsePolicy([]byte(bad)); explain.CodeOf(err) != "policy_malformed" {
			t.Errorf("%s: %v", bad, err)
		}
	}
	p, err := ParsePolicy([]byte(`{"format":1,"purposes":{"disaster":{"max_age_hours":2,"binding":false}}}`))
	if err != nil || p[Disaster] != (Rule{2 * time.Hour, false}) || p[Privileging] != DefaultPolicy()[Privileging] {
		t.Error(p, err)
	}
}

// The report has the members of the design, in its order, and nothing else.
func TestReportShape(t *testing.T) {
	w := newWorld(t)
	var files [][]byte
	for _, p := range w.anchored(draft{index: 1, holder: w.alice.did}, draft{index: 2, holder: w.alice.did}) {
		files = append(files, p.seal())
	}
	w.set(w.board, 2, ledger.Condition)
	h := w.hospital()
	req := h.request()
	res := h.verify(Input{File: "a.json", Bytes: w.present(w.alice, req, files...), Request: req})
	if res.Verdict != Verified || !strings.HasPrefix(res.Headline, "Verified, with conditions. Ask the board") {
		t.Error(table(res))
	}
	for i, c := range res.Credentials {
		if c.Desk == nil || !strings.Contains(res.Headline, c.Desk.Name) {
			t.Errorf("credential %d does not say whom to ask: %+v", i, c)
		}
	}
	forged := object(t, files[0])
	forged["validUntil"] = "2039-01-01T00:00:00Z"
	bad := h.verify(Input{File: "b.json", Bytes: canonical(t, forged)})
	b, err := NewReport([]Result{res, bad}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	const (
		check      = `"id","outcome","code","message","who","next","as_of","credential"`
		credential = `"type","issuer","subject","bound","licence","status","may_practise","disciplinary"`
		result     = `"file","verdict","headline","purpose","verified_at","as_of","validators","credentials",`
	)
	expect := `"format","results",` + result + credential + `,` + credential + `,"checks",` + strings.Repeat(check+`,`, len(res.Checks)) +
		result + credential + `,"checks",` + strings.TrimSuffix(strings.Repeat(check+`,`, len(bad.Checks)), ",")
	if got := strings.Join(members(t, b), ","); got != expect {
		t.Errorf("members\n%s\nwant\n%s", got, expect)
	}
	if !bytes.Contains(b, []byte(`"type": null,
          "issuer": null,
          "subject": null,
          "bound": null,
          "licence": {
            "status": null,
            "may_practise": null,
            "disciplinary": null
          }`)) {
		t.Error("a credential that is not authentic says something")
	}
	// The checks stand in the order of the design, all of them for each credential.
	var order []string
	for _, c := range res.Checks {
		order = append(order, c.ID)
	}
	each := []string{"anchor", "issuer_key", "proof", "accreditation", "template", "validity", "status"}
	if all := slices.Concat([]string{"parse"}, each, each, []string{"freshness", "binding"}); !reflect.DeepEqual(order, all) {
		t.Errorf("order %v", order)
	}
	if NewReport([]Result{res, bad}).ExitCode() != 3 || NewReport([]Result{res}).ExitCode() != 0 || NewReport([]Result{{Verdict: Unconfirmed}, res}).ExitCode() != 4 ||
		NewReport([]Result{{}}).ExitCode() != 4 {
		t.Error("exit codes")
	}
	if empty, err := NewReport(nil).JSON(); err != nil || !bytes.Contains(empty, []byte(`"results": []`)) {
		t.Errorf("%s %v", empty, err)
	}
}

// members lists the member names of a JSON text in the order of their writing.
func members(t *testing.T, b []byte) (out []string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	var stack []bool // in an object?
	key := false
	for d.More() || len(stack) > 0 {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch v := tok.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				stack = append(stack, v == '{')
				key = v == '{'
				continue
			}
			stack = stack[:len(stack)-1]
		case string:
			if key {
				out = append(out, `"`+v+`"`)
				key = false
				continue
			}
		}
		key = len(stack) > 0 && stack[len(stack)-1]
	}
	return out
}

// Check is a wallet's question: it holds the credential to its proof and its
// anchor, and asks nothing that changes with time.
func TestCheck(t *testing.T) {
	w := newWorld(t)
	p := w.anchored(draft{until: w.l.Now.Add(time.Hour)})[0]
	w.set(w.board, 0, ledger.Revoked)
	h := w.hospital()
	h.device = h.device.Add(365 * 24 * time.Hour)
	a, err := h.verifier().Check(ctx, p.seal())
	if err != nil || a.Issuer() != w.board.DID {
		t.Fatal(err)
	}
	bad := object(t, p.seal())
	bad["validUntil"] = "2039-01-01T00:00:00Z"
	newer := p.anchor
	newer.Epoch++
	for code, b := range map[string][]byte{
		"anchor_mismatch": canonical(t, bad), "newer_than_data": p.sealAs(newer.String()), "json_syntax": []byte("{"),
		"not_a_credential": w.present(w.alice, h.request()),
	} {
		a, err := h.verifier().Check(ctx, b)
		if explain.CodeOf(err) != code || a.Authentic() {
			t.Errorf("%s: %v", code, err)
		}
	}
	h.d, h.dErr = nil, noData
	if _, err := h.verifier().Check(ctx, p.seal()); explain.CodeOf(err) != "no_data" {
		t.Error(err)
	}
}

// Threat 76: nothing that comes in from outside makes a verdict panic, and
// nothing but the good content is verified.
func FuzzVerify(f *testing.F) {
	w := newWorld(f)
	good := w.issue(draft{holder: w.alice.did})
	h := w.hospital()
	req := h.request()
	f.Add(good)
	f.Add(w.present(w.alice, req, good))
	f.Add([]byte(`{"type":"VerifiableCredential"}`))
	f.Add(bytes.Replace(good, []byte("did:key:"), []byte("did:web:"), 1))
	f.Add(bytes.Replace(good, []byte(`"anchor":"A`), []byte(`"anchor":"B`), 1))
	f.Add(bytes.ReplaceAll(good, []byte(`"type"`), []byte(`"t\u0079pe"`)))
	content := func(t testing.TB, b []byte) map[string]any {
		m := object(t, b)
		delete(m, "proof")
		return m
	}
	is := content(f, good)
	v := h.verifier()
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, in := range []Input{{Bytes: b, Purpose: Monitoring}, {Bytes: b, Request: req}} {
			h.kept.add(req.Nonce)
			res, err := v.Verify(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			sound(t, res)
			if res.Verdict != Verified {
				continue
			}
			var all []any
			if m := object(t, b); m["verifiableCredential"] != nil {
				all, _ = m["verifiableCredential"].([]any)
				if len(all) == 0 {
					all = []any{m["verifiableCredential"]}
				}
			} else {
				all = []any{m}
			}
			for _, c := range all {
				if !reflect.DeepEqual(content(t, canonical(t, c)), is) {
					t.Fatalf("verified: %s", b)
				}
			}
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(`{"format":1,"purposes":{"privileging":{"max_age_hours":24,"binding":true}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePolicy(b)
		if err != nil {
			if p != nil {
				t.Error("something came back with an error")
			}
			return
		}
		if _, err := New(Config{Clock: &hospital{}, Data: (&hospital{}).noData, Policy: p}); err != nil || len(p) != 3 {
			t.Errorf("accepted, but no policy: %v %v", p, err)
		}
	})
}
