package verifier

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"bonafide/did/bonafide"
	"bonafide/internal/testkit"
	"bonafide/ledger"
)

// A licence is judged by the keys in force when its epoch closed, and by what
// was reported of them since.
func TestThreat19_KeyRotation(t *testing.T) {
	report := func(w *world, method string, from time.Time) {
		w.l.Execute(w.l.Sign(w.board, ledger.ReportKey{Method: method, From: from.Unix()}))
	}
	type made struct {
		before, after []byte // anchored before and after the change
		mid           time.Time
	}
	for _, c := range []struct {
		name          string
		do            func(w *world, oldIssuing, oldLedger ed25519.PrivateKey, mid time.Time)
		sign          string // key that signs the second: "new" or "old"
		before, after Verdict
		code          string // of the second's issuer key
	}{
		{"nothing", nil, "old", Verified, Verified, "issuer_key_in_force"},
		{"rotated, signed with the new key", func(w *world, _, l ed25519.PrivateKey, _ time.Time) {
			w.rotate(w.board, freshKey("new"), l, bonafide.DocumentOptions{})
		}, "new", Verified, Verified, "issuer_key_in_force"},
		{"rotated, signed with the old key", func(w *world, _, l ed25519.PrivateKey, _ time.Time) {
			w.rotate(w.board, freshKey("new"), l, bonafide.DocumentOptions{})
		}, "old", Verified, Rejected, "method_not_found"},
		{"issuing key reported from between", func(w *world, i, _ ed25519.PrivateKey, mid time.Time) {
			report(w, w.board.Method(w.t, i), mid)
		}, "old", Verified, Rejected, "key_compromised"},
		{"issuing key reported from the start", func(w *world, i, _ ed25519.PrivateKey, _ time.Time) {
			report(w, w.board.Method(w.t, i), testkit.Start)
		}, "old", Rejected, Rejected, "key_compromised"},
		{"rotated and reported from between", func(w *world, i, l ed25519.PrivateKey, mid time.Time) {
			w.rotate(w.board, freshKey("new"), l, bonafide.DocumentOptions{})
			report(w, w.board.Method(w.t, i), mid)
		}, "new", Verified, Verified, "issuer_key_in_force"},
		{"rotated and reported from the start", func(w *world, i, l ed25519.PrivateKey, _ time.Time) {
			w.rotate(w.board, freshKey("new"), l, bonafide.DocumentOptions{})
			report(w, w.board.Method(w.t, i), testkit.Start)
		}, "new", Rejected, Verified, "issuer_key_in_force"},
		{"ledger key rotated", func(w *world, i, _ ed25519.PrivateKey, _ time.Time) {
			w.rotate(w.board, i, freshKey("new ledger"), bonafide.DocumentOptions{})
		}, "old", Verified, Verified, "issuer_key_in_force"},
		{"ledger key rotated and reported from between", func(w *world, i, l ed25519.PrivateKey, mid time.Time) {
			w.rotate(w.board, i, freshKey("new ledger"), bonafide.DocumentOptions{})
			report(w, w.board.Method(w.t, l), mid)
		}, "old", Verified, Verified, "issuer_key_in_force"},
		{"ledger key rotated and reported from the start", func(w *world, i, l ed25519.PrivateKey, _ time.Time) {
			w.rotate(w.board, i, freshKey("new ledger"), bonafide.DocumentOptions{})
			report(w, w.board.Method(w.t, l), testkit.Start)
		}, "old", Rejected, Verified, "issuer_key_in_force"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			oldIssuing, oldLedger := w.board.Issuing, w.board.Key
			m := made{before: w.issue(draft{index: 1})}
			w.l.Beat(time.Hour)
			m.mid = w.l.Now.Add(-time.Minute)
			if c.do != nil {
				c.do(w, oldIssuing, oldLedger, m.mid)
			}
			d := draft{index: 2, key: w.board.Issuing}
			if c.sign == "old" {
				d.key = oldIssuing
			}
			m.after = w.issue(d)
			h := w.hospital()
			if res := h.look(m.before); res.Verdict != c.before {
				t.Errorf("before: %s, want %s\n%s", res.Verdict, c.before, table(res))
			}
			res := h.look(m.after)
			if res.Verdict != c.after || find(res, CheckIssuerKey).Code != c.code {
				t.Errorf("after: %s, want %s %s\n%s", res.Verdict, c.after, c.code, table(res))
			}
		})
	}
}

// A batch that the reported ledger key anchored fails with its credentials,
// though the issuing key was never in other hands.
func TestThreat19_LedgerKeyReported(t *testing.T) {
	w := newWorld(t)
	before := w.issue(draft{index: 1})
	w.l.Beat(time.Hour)
	stolen := w.board.Key
	from := w.l.Now.Add(-time.Minute)
	during := w.issue(draft{index: 2})
	w.rotate(w.board, w.board.Issuing, freshKey("next ledger"), bonafide.DocumentOptions{})
	after := w.issue(draft{index: 3})
	w.l.Execute(w.l.Sign(w.board, ledger.ReportKey{Method: w.board.Method(t, stolen), From: from.Unix()}))
	h := w.hospital()
	want(t, h.look(before), Verified, CheckIssuerKey, Pass, "issuer_key_in_force")
	want(t, h.look(during), Rejected, CheckIssuerKey, Fail, "ledger_key_compromised")
	want(t, h.look(after), Verified, CheckIssuerKey, Pass, "issuer_key_in_force")
}

// The proof's created is its signer's word; the epoch is the time that counts.
func TestThreat20_CreatedCountsForNothing(t *testing.T) {
	w := newWorld(t)
	old := w.board.Issuing
	w.rotate(w.board, freshKey("new"), w.board.Key, bonafide.DocumentOptions{})
	// Seal dates every proof at the start, when the old key was in force.
	late := w.issue(draft{key: old})
	want(t, w.hospital().look(late), Rejected, CheckIssuerKey, Fail, "method_not_found")
}

func TestThreat6_MethodNames(t *testing.T) {
	w := newWorld(t)
	good := w.issue(draft{})
	other := w.newcomer("Other")
	m := w.board.Method(t, w.board.Issuing)
	for name, method := range map[string]string{
		"longer":            m + "0",
		"shorter":           m[:len(m)-1],
		"no fragment":       string(w.board.DID),
		"query":             string(w.board.DID) + "?a=b#" + w.board.Method(t, w.board.Issuing)[len(w.board.DID)+1:],
		"ledger key":        w.board.Method(t, w.board.Key),
		"another board's":   other.Method(t, other.Issuing),
		"our name, its key": string(w.board.DID) + other.Method(t, other.Issuing)[len(other.DID):],
		"nothing":           "",
	} {
		doc := object(t, good)
		proof := doc["proof"].(map[string]any)
		proof["verificationMethod"] = method
		res := w.hospital().look(canonical(t, doc))
		if res.Verdict != Rejected || find(res, CheckProof).Outcome == Pass {
			t.Errorf("%s: %s", name, table(res))
		}
	}
}

// Threats 7 and 9: a signature by somebody else, over a credential that names
// the board.
func TestThreat9_SignedBySomebodyElse(t *testing.T) {
	w := newWorld(t)
	other := w.newcomer("Other")
	w.accredit(other, licence, ohio)
	p := w.anchored(draft{by: other, edit: func(c map[string]any) { c["issuer"] = string(other.DID) }})[0]
	b := object(t, p.seal())
	b["issuer"] = string(w.board.DID)
	res := w.hospital().look(canonical(t, b))
	want(t, res, Rejected, CheckAnchor, Fail, "anchor_mismatch")
	if find(res, CheckProof).Outcome == Pass {
		t.Error("proof passed")
	}
}

func TestThreat7_ForeignController(t *testing.T) {
	w := newWorld(t)
	other := w.newcomer("Other")
	doc := object(t, w.issue(draft{}))
	// A set of two proofs of which one is by a method that is not the issuer's.
	own := doc["proof"].(map[string]any)
	foreign := map[string]any{}
	for k, v := range own {
		foreign[k] = v
	}
	foreign["verificationMethod"] = other.Method(t, other.Issuing)
	for _, set := range [][]any{{own, foreign}, {foreign, own}} {
		doc["proof"] = set
		want(t, w.hospital().look(canonical(t, doc)), Rejected, CheckIssuerKey, Fail, "method_not_found")
	}
}

// Threat 8: what a key may do counts. The ledger key is no issuing key.
func TestThreat8_WrongPurpose(t *testing.T) {
	w := newWorld(t)
	b := w.issue(draft{key: w.board.Key})
	want(t, w.hospital().look(b), Rejected, CheckIssuerKey, Fail, "method_wrong_purpose")
	for _, purpose := range []any{"authentication", "capabilityInvocation", "", nil, []any{"assertionMethod"}} {
		doc := object(t, w.issue(draft{}))
		doc["proof"].(map[string]any)["proofPurpose"] = purpose
		res := w.hospital().look(canonical(t, doc))
		if res.Verdict != Rejected || find(res, CheckProof).Outcome != Fail {
			t.Errorf("purpose %v: %s", purpose, table(res))
		}
	}
}

func TestIssuers(t *testing.T) {
	end := func(w *world, b *testkit.Board) {
		w.l.Decide(ledger.End{Issuer: b.DID, Type: licence, Jurisdiction: ohio})
	}
	for _, c := range []struct {
		name    string
		do      func(w *world) (file []byte) // returns what is looked at
		verdict Verdict
		check   string
		outcome Outcome
		code    string
	}{
		{"accredited", func(w *world) []byte { return w.issue(draft{}) }, Verified, CheckAccreditation, Pass, "accredited"},
		{
			"other jurisdiction", func(w *world) []byte { return w.issue(draft{where: "US-MI"}) },
			Rejected, CheckAccreditation, Fail, "not_accredited",
		},
		{"other type", func(w *world) []byte {
			return w.issue(draft{typ: "TrainingCertification"})
		}, Rejected, CheckAccreditation, Fail, "not_accredited"},
		{"accredited afterwards", func(w *world) []byte {
			b := w.issue(draft{where: "US-MI"})
			w.accredit(w.board, licence, "US-MI")
			return b
		}, Rejected, CheckAccreditation, Fail, "not_accredited"},
		{"suspended since", func(w *world) []byte {
			b := w.issue(draft{})
			w.l.Decide(ledger.Suspend{Issuer: w.board.DID, Type: licence, Jurisdiction: ohio})
			return b
		}, Unconfirmed, CheckAccreditation, Unknown, "issuer_suspended"},
		{"suspended when it issued", func(w *world) []byte {
			w.l.Decide(ledger.Suspend{Issuer: w.board.DID, Type: licence, Jurisdiction: ohio})
			b := w.issue(draft{})
			w.l.Decide(ledger.Restore{Issuer: w.board.DID, Type: licence, Jurisdiction: ohio})
			return b
		}, Rejected, CheckAccreditation, Fail, "not_accredited"},
		{"suspended and restored", func(w *world) []byte {
			b := w.issue(draft{})
			w.l.Decide(ledger.Suspend{Issuer: w.board.DID, Type: licence, Jurisdiction: ohio})
			w.l.Decide(ledger.Restore{Issuer: w.board.DID, Type: licence, Jurisdiction: ohio})
			return b
		}, Verified, CheckAccreditation, Pass, "accredited"},
		{"ended since", func(w *world) []byte {
			b := w.issue(draft{})
			end(w, w.board)
			return b
		}, Unconfirmed, CheckAccreditation, Unknown, "issuer_ended"},
		{"ended before", func(w *world) []byte {
			end(w, w.board)
			return w.issue(draft{})
		}, Rejected, CheckAccreditation, Fail, "not_accredited"},
		{"never accredited", func(w *world) []byte {
			b := w.newcomer("Nobody")
			w.accredit(b, "TrainingCertification", "US")
			return w.issue(draft{by: b})
		}, Rejected, CheckAccreditation, Fail, "not_accredited"},
		{"not on the ledger", func(w *world) []byte {
			// Its DID never came: the anchor of the board's batch is borrowed.
			p := w.anchored(draft{})[0]
			stranger := w.l.NewBoard("Stranger")
			v := w.anchoredNowhere(draft{by: stranger})
			v.anchor = p.anchor
			return v.seal()
		}, Rejected, CheckIssuerKey, Fail, "issuer_unknown"},
		{"deactivated since", func(w *world) []byte {
			b := w.newcomer("Closing")
			w.accredit(b, licence, "US-MI")
			w.l.Execute(w.l.Sign(b, ledger.SetStatus{Pages: 1}))
			f := w.issue(draft{by: b, where: "US-MI"})
			w.l.Execute(w.l.Sign(b, ledger.DeactivateDID{}))
			return f
		}, Unconfirmed, CheckAccreditation, Unknown, "issuer_closed"},
		{
			"status nobody opened", func(w *world) []byte { return w.issue(draft{index: ledger.PageIndexes}) },
			Rejected, CheckStatus, Fail, "status_no_page",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			file := c.do(w)
			want(t, w.hospital().look(file), c.verdict, c.check, c.outcome, c.code)
		})
	}
}

// After a hand-over the taker answers for the pages, and its own standing
// counts from then on.
func TestHandedOver(t *testing.T) {
	w := newWorld(t)
	leaver, taker := w.newcomer("Leaver"), w.newcomer("Taker")
	w.accredit(leaver, licence, "US-MI")
	w.accredit(taker, "TrainingCertification", "US")
	w.rotate(taker, taker.Issuing, taker.Key, deskOptions())
	w.l.Execute(w.l.Sign(leaver, ledger.SetStatus{Pages: 1}))
	file := w.issue(draft{by: leaver, where: "US-MI", index: 5})
	look := func(v Verdict, o Outcome, code string) Result {
		t.Helper()
		res := w.hospital().look(file)
		want(t, res, v, CheckAccreditation, o, code)
		return res
	}
	look(Verified, Pass, "accredited")
	w.l.Decide(ledger.End{Issuer: leaver.DID, Type: licence, Jurisdiction: "US-MI"})
	look(Unconfirmed, Unknown, "issuer_ended")
	w.l.Decide(ledger.HandOver{From: leaver.DID, To: taker.DID})
	look(Verified, Pass, "accredited_handed_over")
	w.l.Execute(w.l.Sign(taker, ledger.SetStatus{Issuer: leaver.DID, Pages: 1, Changes: []ledger.StatusChange{
		{Op: ledger.SetValue, Index: 5, Value: ledger.Probation},
	}}))
	if res := look(Verified, Pass, "accredited_handed_over"); !strings.Contains(res.Headline, "Ohio Medical Board, desk@ohio.example") {
		t.Errorf("the headline does not name the taker: %q", res.Headline)
	}
	w.l.Decide(ledger.Suspend{Issuer: taker.DID, Type: "TrainingCertification", Jurisdiction: "US"})
	look(Unconfirmed, Unknown, "issuer_suspended")
	w.l.Decide(ledger.End{Issuer: taker.DID, Type: "TrainingCertification", Jurisdiction: "US"})
	look(Unconfirmed, Unknown, "issuer_ended")
	w.l.Execute(w.l.Sign(taker, ledger.DeactivateDID{}))
	look(Unconfirmed, Unknown, "issuer_closed")
}

// What newer data may have brought is unknown, not false: board, key,
// accreditation, template, page. What cannot come any more is false.
func TestNewerThanTheData(t *testing.T) {
	w := newWorld(t)
	known := w.newcomer("Known")
	w.accredit(known, licence, "US-MI")
	w.l.Execute(w.l.Sign(known, ledger.SetStatus{Pages: 1}))
	w.issue(draft{})
	old := w.data()
	newcomer := w.newcomer("Newcomer")
	w.accredit(newcomer, licence, "US-IN")
	w.l.Execute(w.l.Sign(newcomer, ledger.SetStatus{Pages: 1}))
	plain := w.issue(draft{})
	unknownBoard := w.issue(draft{by: newcomer, where: "US-IN"})
	w.accredit(w.board, licence, "US-WV")
	unknownScope := w.issue(draft{where: "US-WV"})
	w.rotate(w.board, freshKey("after"), w.board.Key, bonafide.DocumentOptions{})
	unknownKey := w.issue(draft{})
	w.l.Execute(w.l.Sign(w.board, ledger.SetStatus{Pages: 2}))
	unknownPage := w.issue(draft{key: w.board.Issuing, index: ledger.PageIndexes + 3})
	h := w.hospital()
	for name, file := range map[string][]byte{
		"plain": plain, "board": unknownBoard, "accreditation": unknownScope, "key": unknownKey, "page": unknownPage,
	} {
		h.d, h.device = w.data(), w.l.Now
		if res := h.look(file); res.Verdict != Verified {
			t.Errorf("%s, data up to date: %s", name, table(res))
		}
		h.d = old
		res := h.look(file)
		want(t, res, Unconfirmed, CheckAnchor, Unknown, "newer_than_data")
		for _, c := range res.Checks {
			if c.Outcome == Unknown && c.Code != "newer_than_data" {
				t.Errorf("%s: %s says %s", name, c.ID, c.Code)
			}
		}
	}
	// False at once: a broken signature, a status that says no, a closed board.
	broken := object(t, plain)
	broken["validUntil"] = "2039-01-01T00:00:00Z"
	want(t, h.look(canonical(t, broken)), Rejected, CheckProof, Fail, "proof_invalid")

	w = newWorld(t)
	b := w.newcomer("Closed")
	w.accredit(b, licence, "US-MI")
	p := w.anchored(draft{by: b, where: "US-MI"})[0]
	w.l.Execute(w.l.Sign(b, ledger.DeactivateDID{}))
	h = w.hospital()
	a := p.anchor
	a.Epoch++
	want(t, h.look(p.sealAs(a.String())), Rejected, CheckIssuerKey, Fail, "issuer_deactivated")
}

func TestTemplates(t *testing.T) {
	w := newWorld(t)
	file := w.issue(draft{edit: func(c map[string]any) {
		delete(c["credentialSubject"].(map[string]any)["licence"].(map[string]any), "profession")
	}})
	want(t, w.hospital().look(file), Rejected, CheckTemplate, Fail, "template_mismatch")
	// The extra type is an authority of its own.
	file = w.issue(draft{edit: func(c map[string]any) {
		c["type"] = []any{"VerifiableCredential", licence, "BoardCertification"}
	}})
	want(t, w.hospital().look(file), Rejected, CheckAccreditation, Fail, "type_ambiguous")
	file = w.issue(draft{edit: func(c map[string]any) { delete(c, "validUntil") }})
	want(t, w.hospital().look(file), Rejected, CheckValidity, Fail, "validity_missing")
	file = w.issue(draft{edit: func(c map[string]any) {
		delete(c["credentialSubject"].(map[string]any)["licence"].(map[string]any), "jurisdiction")
	}})
	want(t, w.hospital().look(file), Rejected, CheckAccreditation, Fail, "jurisdiction_missing")
}

// A form of a type that this program cannot read confirms nothing and accuses
// nobody. The form in force when the epoch closed is the one that counts.
func TestTemplateForms(t *testing.T) {
	w := newWorld(t)
	before := w.issue(draft{})
	tpl, err := w.l.View().Template(licence, w.l.View().Height())
	if err != nil {
		t.Fatal(err)
	}
	form := func(schema map[string]any) {
		m := object(t, tpl.Raw)
		m["schema"] = schema
		w.l.Decide(ledger.RegisterTemplate{Document: canonical(t, m)})
	}
	form(map[string]any{"$ref": "https://elsewhere.example/schema"})
	unusable := w.issue(draft{index: 1})
	form(map[string]any{"required": []any{"nothingHasThis"}})
	strict := w.issue(draft{index: 2})
	h := w.hospital()
	want(t, h.look(before), Verified, CheckTemplate, Pass, "template_fits")
	want(t, h.look(unusable), Unconfirmed, CheckTemplate, Unknown, "template_unusable")
	want(t, h.look(strict), Rejected, CheckTemplate, Fail, "template_mismatch")
}

// Threat 34: the accreditation asked for is that of the exact type, whatever
// the order of the types.
func TestThreat34_TypeOrder(t *testing.T) {
	w := newWorld(t)
	for _, types := range [][]any{
		{licence, "VerifiableCredential"},
		{"VerifiableCredential"},
		{"VerifiableCredential", "VerifiableCredential", licence},
		{"VerifiableCredential", licence, licence},
	} {
		p := w.fill(draft{edit: func(c map[string]any) { c["type"] = types }})
		res, ok := w.tryIssue(p)
		if ok && w.hospital().look(res).Verdict == Verified {
			t.Errorf("%v verified", types)
		}
	}
	// A type that no template knows.
	file, ok := w.tryIssue(w.fill(draft{typ: "Licence"}))
	if !ok {
		t.Fatal("could not be issued at all")
	}
	want(t, w.hospital().look(file), Rejected, CheckTemplate, Fail, "template_unknown")
}
