package verifier

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"bonafide/internal/request"
	"bonafide/ledger"
)

// Who presents, what, in answer to what: the binding matrix. Threats 36 and 47:
// what must be bound is the purpose's word, never the file's.
func TestThreat47_BindingMatrix(t *testing.T) {
	w := newWorld(t)
	bob := newHolder(t, "Bob")
	var files [][]byte
	for _, p := range w.anchored(draft{index: 1, holder: w.alice.did}, draft{index: 2}, draft{index: 3, holder: bob.did}) {
		files = append(files, p.seal())
	}
	mine, copy, bobs := files[0], files[1], files[2]
	broken := func(b []byte) []byte {
		m := object(t, b)
		m["validUntil"] = "2039-01-01T00:00:00Z"
		return canonical(t, m)
	}
	type answer func(h *hospital) (b []byte, req *request.Request)
	bare := func(b []byte) answer { return func(*hospital) ([]byte, *request.Request) { return b, nil } }
	asked := func(who holder, fs ...[]byte) answer {
		return func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			return w.present(who, req, fs...), req
		}
	}
	unasked := func(who holder, fs ...[]byte) answer {
		return func(h *hospital) ([]byte, *request.Request) { return w.present(who, h.request(), fs...), nil }
	}
	other := func(change func(h *hospital, r *request.Request)) answer {
		return func(h *hospital) ([]byte, *request.Request) {
			req := h.request()
			b := w.present(w.alice, req, mine)
			changed := *req
			change(h, &changed)
			return b, &changed
		}
	}
	for _, c := range []struct {
		name              string
		answer            answer
		strict            Verdict // privileging and disaster
		code              string
		monitoring        Verdict
		monitoringOutcome Outcome
		monitoringCode    string
	}{
		{"bare", bare(mine), Unconfirmed, "presentation_required", Verified, Skipped, "binding_not_required"},
		{"register copy", bare(copy), Unconfirmed, "register_copy", Verified, Skipped, "binding_not_required"},
		{
			"bare, though asked", func(h *hospital) ([]byte, *request.Request) { return mine, h.request() },
			Unconfirmed, "presentation_required", Unconfirmed, Unknown, "presentation_required",
		},
		{"presented", asked(w.alice, mine), Verified, "bound", Verified, Pass, "bound"},
		{"presented, nobody asked", unasked(w.alice, mine), Unconfirmed, "request_required", Verified, Skipped, "binding_not_required"},
		{"by another", asked(bob, mine), Rejected, "holder_mismatch", Rejected, Fail, "holder_mismatch"},
		{"by another, nobody asked", unasked(bob, mine), Rejected, "holder_mismatch", Rejected, Fail, "holder_mismatch"},
		{"register copy presented", asked(w.alice, copy), Unconfirmed, "register_copy", Unconfirmed, Unknown, "register_copy"},
		{"two of mine", asked(w.alice, mine, mine), Verified, "bound", Verified, Pass, "bound"},
		{"mine and another's", asked(w.alice, mine, bobs), Rejected, "holder_mismatch", Rejected, Fail, "holder_mismatch"},
		{"a copy, then another's", asked(w.alice, copy, bobs), Rejected, "holder_mismatch", Rejected, Fail, "holder_mismatch"},
		{"mine and a forged one", asked(w.alice, mine, broken(mine)), Rejected, "binding_unproved", Rejected, Unknown, "binding_unproved"},
		{
			"other nonce", other(func(h *hospital, r *request.Request) { r.Nonce = h.request().Nonce }),
			Rejected, "challenge_mismatch", Rejected, Fail, "challenge_mismatch",
		},
		{
			"other audience", other(func(_ *hospital, r *request.Request) { r.Audience = "Elsewhere" }),
			Rejected, "domain_mismatch", Rejected, Fail, "domain_mismatch",
		},
		{"expired", other(func(h *hospital, _ *request.Request) {
			h.device, h.policy = h.device.Add(25*time.Hour), Policy{
				Privileging: {720 * time.Hour, true}, Disaster: {720 * time.Hour, true}, Monitoring: {720 * time.Hour, false},
			}
		}), Unconfirmed, "request_expired", Unconfirmed, Unknown, "request_expired"},
		{
			"nonce of another home", other(func(h *hospital, r *request.Request) { delete(h.kept.nonces, r.Nonce) }),
			Unconfirmed, "request_not_ours", Unconfirmed, Unknown, "request_not_ours",
		},
		{
			"no store", other(func(h *hospital, _ *request.Request) { h.kept = nil }),
			Unconfirmed, "request_not_ours", Unconfirmed, Unknown, "request_not_ours",
		},
		{
			"clock behind", other(func(h *hospital, _ *request.Request) { h.device = h.floor.Add(-time.Hour) }),
			Unconfirmed, "clock_behind", Unconfirmed, Unknown, "clock_behind",
		},
		{"not what was asked for", func(h *hospital) ([]byte, *request.Request) {
			req := h.request("BoardCertification")
			return w.present(w.alice, req, mine), req
		}, Unconfirmed, "not_asked_for", Unconfirmed, Unknown, "not_asked_for"},
		{"what was asked for", func(h *hospital) ([]byte, *request.Request) {
			req := h.request("BoardCertification", licence)
			return w.present(w.alice, req, mine), req
		}, Verified, "bound", Verified, Pass, "bound"},
	} {
		for purpose, rule := range DefaultPolicy() {
			t.Run(c.name+"/"+string(purpose), func(t *testing.T) {
				h := w.hospital()
				h.t = t
				b, req := c.answer(h)
				verdict, outcome, code := c.monitoring, c.monitoringOutcome, c.monitoringCode
				res := h.verify(Input{Bytes: b, Request: req, Purpose: purpose})
				if rule.Binding {
					verdict, code = c.strict, c.code
					outcome = find(res, CheckBinding).Outcome
				}
				want(t, res, verdict, CheckBinding, outcome, code)
				for i, cr := range res.Credentials {
					if bound := cr.Bound != nil && *cr.Bound; bound != (code == "bound") {
						t.Errorf("credential %d: bound %v", i, bound)
					}
				}
				// What is not proved cannot be verified by another's purpose.
				if rule.Binding && res.Verdict == Verified && outcome != Pass {
					t.Error("verified without binding")
				}
			})
		}
	}
}

// Threat 32: the presentation's own proof counts, asked or not, and so does
// every credential in it.
func TestThreat32_PresentationProofCounts(t *testing.T) {
	w := newWorld(t)
	mine := w.issue(draft{holder: w.alice.did})
	h := w.hospital()
	req := h.request()
	good := w.present(w.alice, req, mine)
	for name, edit := range map[string]func(m, proof map[string]any){
		"none":            func(m, _ map[string]any) { delete(m, "proof") },
		"empty":           func(m, _ map[string]any) { m["proof"] = map[string]any{} },
		"empty list":      func(m, _ map[string]any) { m["proof"] = []any{} },
		"null":            func(m, _ map[string]any) { m["proof"] = nil },
		"other challenge": func(_, p map[string]any) { p["challenge"] = "another" },
		"no challenge":    func(_, p map[string]any) { delete(p, "challenge") },
		"other domain":    func(_, p map[string]any) { p["domain"] = "elsewhere" },
		"two domains":     func(_, p map[string]any) { p["domain"] = []any{audience, "elsewhere"} },
		"other purpose":   func(_, p map[string]any) { p["proofPurpose"] = "assertionMethod" },
		"other value":     func(_, p map[string]any) { p["proofValue"] = "z" + strings.Repeat("1", 64) },
		"other holder":    func(m, _ map[string]any) { m["holder"] = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK" },
		"board's method":  func(_, p map[string]any) { p["verificationMethod"] = w.board.Method(t, w.board.Issuing) },
		"other credential": func(m, _ map[string]any) {
			m["verifiableCredential"].([]any)[0].(map[string]any)["validUntil"] = "2039-01-01T00:00:00Z"
		},
	} {
		m := object(t, good)
		p, _ := m["proof"].(map[string]any)
		edit(m, p)
		b := canonical(t, m)
		for _, in := range []Input{{Bytes: b, Request: req}, {Bytes: b}, {Bytes: b, Request: req, Purpose: Monitoring}, {Bytes: b, Purpose: Monitoring}} {
			if res := h.verify(in); res.Verdict != Rejected {
				t.Errorf("%s, request %v, %s: %s", name, in.Request != nil, in.Purpose, table(res))
			}
		}
	}
	if len(h.kept.burned) != 0 {
		t.Error("a presentation that does not fit burned the request")
	}
	if res := h.verify(Input{Bytes: good, Request: req}); res.Verdict != Verified {
		t.Error(table(res))
	}
	// A presentation of nothing says nothing.
	req = h.request()
	want(t, h.verify(Input{Bytes: w.present(w.alice, req), Request: req}), Rejected, CheckParse, Fail, "presentation_empty")
}

// Threat 40: one request, one answer.
func TestThreat40_Nonce(t *testing.T) {
	w := newWorld(t)
	bob := newHolder(t, "Bob")
	var files [][]byte
	for _, p := range w.anchored(draft{index: 1, holder: w.alice.did}, draft{index: 2, holder: bob.did}, draft{index: 3, holder: w.alice.did}) {
		files = append(files, p.seal())
	}
	w.set(w.board, 3, ledger.Hold)
	mine, bobs, held := files[0], files[1], files[2]
	ask := func(h *hospital, b []byte, req *request.Request) Result {
		return h.verify(Input{Bytes: b, Request: req})
	}
	t.Run("verified", func(t *testing.T) {
		h := w.hospital()
		req := h.request()
		b := w.present(w.alice, req, mine)
		want(t, ask(h, b, req), Verified, CheckBinding, Pass, "bound")
		want(t, ask(h, b, req), Rejected, CheckBinding, Fail, "replayed")
		want(t, ask(h, w.present(bob, req, bobs), req), Rejected, CheckBinding, Fail, "replayed")
	})
	t.Run("rejected", func(t *testing.T) {
		// Whose licence it is does not matter: the proof and the nonce fit.
		h := w.hospital()
		req := h.request()
		want(t, ask(h, w.present(w.alice, req, bobs), req), Rejected, CheckBinding, Fail, "holder_mismatch")
		want(t, ask(h, w.present(w.alice, req, mine), req), Rejected, CheckBinding, Fail, "replayed")
	})
	t.Run("unconfirmed", func(t *testing.T) {
		h := w.hospital()
		req := h.request()
		b := w.present(w.alice, req, held)
		if res := ask(h, b, req); res.Verdict != Unconfirmed {
			t.Fatal(table(res))
		}
		want(t, ask(h, w.present(w.alice, req, mine), req), Rejected, CheckBinding, Fail, "replayed")
		want(t, ask(h, append(b, '\n'), req), Rejected, CheckBinding, Fail, "replayed")
		if res := ask(h, b, req); res.Verdict != Unconfirmed {
			t.Error("the same bytes again:", table(res))
		}
		w.set(w.board, 3, ledger.Current)
		h.d = w.data() // after a sync
		want(t, ask(h, b, req), Verified, CheckBinding, Pass, "bound")
		want(t, ask(h, b, req), Rejected, CheckBinding, Fail, "replayed")
	})
	t.Run("without data", func(t *testing.T) {
		h := w.hospital()
		req := h.request()
		b := w.present(w.alice, req, mine)
		d := h.d
		h.d, h.dErr = nil, noData
		if res := ask(h, b, req); res.Verdict != Unconfirmed {
			t.Error(table(res))
		}
		h.d, h.dErr = d, nil
		want(t, ask(h, w.present(bob, req, bobs), req), Rejected, CheckBinding, Fail, "replayed")
		want(t, ask(h, b, req), Verified, CheckBinding, Pass, "bound")
	})
	t.Run("two at once", func(t *testing.T) {
		h := w.hospital()
		req := h.request()
		h.kept.burning = func() { h.kept.burned[req.Nonce] = true } // the other was faster
		res := ask(h, w.present(w.alice, req, mine), req)
		want(t, res, Rejected, CheckBinding, Fail, "replayed")
		if *res.Credentials[0].Bound {
			t.Error("bound")
		}
		var kept Result
		if err := json.Unmarshal(h.kept.kept[0], &kept); err != nil || kept.Verdict != Rejected {
			t.Error("the history says", kept.Verdict, err)
		}
	})
}

// Threat 54: a store that cannot be written gives neither a crash nor a verdict.
func TestThreat54_StoreFails(t *testing.T) {
	w := newWorld(t)
	mine := w.issue(draft{holder: w.alice.did})
	for _, fail := range []string{"reserve", "burn", "record"} {
		h := w.hospital()
		req := h.request()
		b := w.present(w.alice, req, mine)
		h.kept.fail = fail
		res, err := h.verifier().Verify(ctx, Input{Bytes: b, Request: req})
		if err == nil || res.Verdict != "" || len(res.Checks) > 0 {
			t.Errorf("%s: %v %v", fail, res.Verdict, err)
		}
		if strings.Contains(err.Error(), "Quillfeather") {
			t.Error("the error names a practitioner")
		}
		h.kept.fail = ""
		again := h.verify(Input{Bytes: b, Request: req})
		if burned := fail == "record"; burned != (again.Verdict == Rejected) {
			t.Errorf("%s, then again: %s", fail, table(again))
		}
	}
	h := w.hospital()
	h.clockErr = errDisk
	if res, err := h.verifier().Verify(ctx, Input{Bytes: mine}); err == nil || res.Verdict != "" {
		t.Error("a verdict without a clock", res.Verdict, err)
	}
	h = w.hospital()
	h.d, h.dErr = nil, errDisk
	if res, err := h.verifier().Verify(ctx, Input{Bytes: mine}); err == nil || res.Verdict != "" {
		t.Error("a verdict without reading the data", res.Verdict, err)
	}
}
