package ledger

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
)

// TestThreat62_EveryTransactionByEveryRole runs every kind of transaction and
// of action as every role. A cell is the code that it must give, "" where the
// role may do it.
func TestThreat62_EveryTransactionByEveryRole(t *testing.T) {
	const (
		outsider    = "outsider"    // a DID that is not on the ledger
		bystander   = "bystander"   // on the ledger, without a role
		member      = "member"      //
		issuer      = "issuer"      // accredited, not a member
		suspended   = "suspended"   // an issuer, suspended
		ended       = "ended"       // an issuer once
		removed     = "removed"     // a member once
		deactivated = "deactivated" //
		issuingKey  = "issuing key" // a member signing with its assertionMethod key
		reported    = "reported"    // a member signing with a ledger key that it reported
		forger      = "forger"      // names a member, signs with a key of its own
		stranger    = "stranger"    // names a member and a key of its own DID
	)
	roles := []string{outsider, bystander, member, issuer, suspended, ended, removed, deactivated, issuingKey, reported, forger, stranger}

	// The world: `lone` and the role's member are the only members, so that one
	// vote decides nothing unless the test says so.
	type world struct {
		*network
		lone, target *board
		who          map[string]*board
		sign         map[string]func(*Tx)
	}
	build := func(t *testing.T) *world {
		w := &world{lone: newBoard("lone"), target: newBoard("target"), who: map[string]*board{}, sign: map[string]func(*Tx){}}
		for _, r := range roles {
			w.who[r] = newBoard("role " + r)
		}
		lone := w.lone
		w.network = newNetwork(t, lone, w.who[removed])
		w.must(lone, Propose{RemoveMember{w.who[removed].id}})
		w.must(w.who[removed], Vote{1, true})
		for _, r := range []string{bystander, member, issuer, suspended, ended, deactivated, issuingKey, reported} {
			w.create(w.who[r], lone)
		}
		w.create(w.target, lone)
		w.accredit(lone, w.who[issuer], licence, "US-OH")
		w.accredit(lone, w.who[suspended], licence, "US-NY")
		w.must(lone, Propose{Suspend{w.who[suspended].id, licence, "US-NY"}})
		w.accredit(lone, w.who[ended], licence, "US-TX")
		w.must(w.who[ended], SetStatus{Pages: 1})
		w.must(lone, Propose{End{w.who[ended].id, licence, "US-TX"}})
		w.must(w.who[deactivated], DeactivateDID{})
		// Something to vote on, and three more members at last.
		w.must(lone, Propose{AdmitMember{w.who[member].id, "m", consensusOf("m")}})
		w.must(lone, Propose{AdmitMember{w.who[issuingKey].id, "i", consensusOf("i")}})
		last := w.proposal().Number
		w.must(w.who[member], Vote{last, true})
		w.must(lone, Propose{AdmitMember{w.who[reported].id, "r", consensusOf("r")}})
		last = w.proposal().Number
		w.must(w.who[member], Vote{last, true})
		w.send(w.who[issuingKey], Vote{last, true})
		w.must(w.who[reported], ReportKey{w.who[reported].method(w.who[reported].ledger), w.now.Unix()})
		w.must(lone, Propose{Upgrade{"votable", 1 << 40}})
		if len(w.view().Members(w.s.Height())) != 4 {
			t.Fatal("the world has not four members")
		}
		w.who[forger], w.who[stranger] = w.who[member], w.who[member]
		w.sign[issuingKey] = func(x *Tx) {
			b := w.who[issuingKey]
			x.Method = b.method(b.issuing)
			x.Signature = ed25519.Sign(b.issuing, x.SigningBytes())
		}
		w.sign[forger] = func(x *Tx) { x.Signature = ed25519.Sign(seedKey("forged"), x.SigningBytes()) }
		w.sign[stranger] = func(x *Tx) {
			b := w.who[bystander]
			x.Method = b.method(b.ledger)
			x.Signature = ed25519.Sign(b.ledger, x.SigningBytes())
		}
		w.rest()
		return w
	}

	// What authentication says before any role counts.
	gate := map[string]string{
		outsider: "tx_unknown_did", deactivated: "did_deactivated", issuingKey: "tx_key",
		reported: "tx_key_reported", forger: "tx_signature", stranger: "tx_key",
	}
	own := map[string]string{} // any DID for itself
	members := map[string]string{bystander: "not_member", issuer: "not_member", suspended: "not_member", ended: "not_member", removed: "not_member"}
	anchoring := map[string]string{bystander: "not_issuer", suspended: "not_issuer", ended: "not_issuer", removed: "not_issuer"}
	status := map[string]string{bystander: "not_issuer", ended: "not_issuer", removed: "not_issuer"}
	others := map[string]string{bystander: "not_issuer", ended: "not_issuer", removed: "not_issuer", member: "status_not_keeper", issuer: "status_not_keeper", suspended: "status_not_keeper"}
	deactivating := map[string]string{member: "member_active"}

	template := []byte(`{"display":{},"jurisdiction":"/j","number":"/n","schema":{},"type":"T","validUntil":"/v","vct":"u"}`)
	cases := []struct {
		name  string
		body  func(w *world, b *board) Body
		codes map[string]string
	}{
		{"UpdateDID", func(_ *world, b *board) Body { return UpdateDID{b.document} }, own},
		{"DeactivateDID", func(*world, *board) Body { return DeactivateDID{} }, deactivating},
		{"ReportKey", func(w *world, b *board) Body { return ReportKey{b.method(b.issuing), w.now.Unix()} }, own},
		{"AnchorBatch", func(*world, *board) Body { return batch("b") }, anchoring},
		{"SetStatus", func(*world, *board) Body { return SetStatus{Pages: 1} }, status},
		{"SetStatus of another's pages", func(w *world, _ *board) Body {
			return SetStatus{Issuer: w.who[ended].id, Pages: 1, Changes: []StatusChange{set(3, Hold)}}
		}, others},
		{"ReplaceConsensus", func(*world, *board) Body { return ReplaceConsensus{consensusOf("new")} }, members},
		{"Vote", func(w *world, _ *board) Body { return Vote{w.proposal().Number, true} }, members},
		{"Propose AdmitMember", func(w *world, _ *board) Body {
			return Propose{AdmitMember{w.target.id, "t", consensusOf("t")}}
		}, members},
		{"Propose RemoveMember", func(w *world, _ *board) Body { return Propose{RemoveMember{w.lone.id}} }, members},
		{"Propose Accredit", func(w *world, _ *board) Body {
			return Propose{Accredit{w.target.id, licence, []string{"US-CA"}}}
		}, members},
		{"Propose Suspend", func(w *world, _ *board) Body {
			return Propose{Suspend{w.who[issuer].id, licence, "US-OH"}}
		}, members},
		{"Propose Restore", func(w *world, _ *board) Body {
			return Propose{Restore{w.who[suspended].id, licence, "US-NY"}}
		}, members},
		{"Propose End", func(w *world, _ *board) Body { return Propose{End{w.who[issuer].id, licence, "US-OH"}} }, members},
		{"Propose HandOver", func(w *world, _ *board) Body {
			return Propose{HandOver{w.who[ended].id, w.who[issuer].id}}
		}, members},
		{"Propose RecoverDID", func(w *world, _ *board) Body {
			return Propose{RecoverDID{w.target.id, w.target.document}}
		}, members},
		{"Propose RegisterTemplate", func(*world, *board) Body { return Propose{RegisterTemplate{template}} }, members},
		{"Propose Upgrade", func(*world, *board) Body { return Propose{Upgrade{"v9", 1 << 40}} }, members},
		{"Propose ReportKeyVote", func(w *world, _ *board) Body {
			return Propose{ReportKeyVote{w.target.id, w.target.method(w.target.issuing), 1000}}
		}, members},
	}
	// Nothing that a transaction can be is left out; CreateDID follows below.
	tried := map[string]bool{"CreateDID": true}
	for _, c := range cases {
		tried[strings.TrimPrefix(c.name, "Propose ")] = true
	}
	for name := range everyKind(t) {
		if !tried[name] {
			t.Errorf("%s is tried by nobody", name)
		}
	}
	base := build(t)
	for _, c := range cases {
		for _, role := range roles {
			// Each cell plays on a copy of the same world.
			w := *base
			w.network = &network{t: t, rows: map[string][]byte{}, now: base.now, step: base.step, hash: base.hash}
			for k, v := range base.rows {
				w.rows[k] = v
			}
			var err error
			if w.s, err = Load(sortedRows(w.rows)); err != nil {
				t.Fatal(err)
			}
			b := w.who[role]
			x := b.tx(w.s.sequence(b.id)+1, c.body(&w, b))
			if f := w.sign[role]; f != nil {
				f(&x)
			}
			want, gated := gate[role]
			if !gated {
				want = c.codes[role]
			}
			before := w.hash
			r := w.run(x.Marshal()).Results[0]
			if r.Code != want {
				t.Errorf("%s by %s: %q (%s), want %q", c.name, role, r.Code, r.Detail, want)
			}
			if (r.Code == "") == (w.hash == before) {
				t.Errorf("%s by %s: code %q, but the state's change says otherwise", c.name, role, r.Code)
			}
		}
	}
	// Who may countersign a new DID: a member, with a ledger key in force.
	countersign := map[string]string{
		outsider: "tx_countersign", bystander: "tx_countersign", issuer: "tx_countersign", suspended: "tx_countersign",
		ended: "tx_countersign", removed: "tx_countersign", deactivated: "tx_countersign",
		issuingKey: "tx_key", reported: "tx_key_reported", forger: "tx_signature", stranger: "tx_key",
	}
	for i, role := range roles {
		fresh, by := newBoard("fresh "+role), base.who[role]
		x := fresh.create(by)
		switch role {
		case issuingKey:
			x.Countersign[0].Method = by.method(by.issuing)
			x.Countersign[0].Signature = ed25519.Sign(by.issuing, x.CountersigningBytes())
		case forger:
			x.Countersign[0].Signature = ed25519.Sign(seedKey("forged"), x.CountersigningBytes())
		case stranger:
			other := base.who[bystander]
			x.Countersign[0].Method = other.method(other.ledger)
			x.Countersign[0].Signature = ed25519.Sign(other.ledger, x.CountersigningBytes())
		}
		if r := base.run(x.Marshal()).Results[0]; r.Code != countersign[role] {
			t.Errorf("CreateDID countersigned by %s (%d): %q (%s), want %q", role, i, r.Code, r.Detail, countersign[role])
		}
	}
	// One member's proposal among four decides nothing.
	if r := base.send(base.who[member], Propose{Suspend{base.who[issuer].id, licence, "US-OH"}}); r.Code != "" || base.proposal().State != ProposalOpen {
		t.Errorf("%+v %s", r, base.proposal().State)
	}
}

// everyKind are the names of all transactions and actions that the parser knows:
// those of everyBody, which must leave none out.
func everyKind(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	kinds, actions := map[byte]bool{}, map[byte]bool{}
	for _, b := range everyBody() {
		kinds[MarshalBody(b)[0]] = true
		name := fmt.Sprintf("%T", b)
		if p, ok := b.(Propose); ok {
			actions[marshalAction(p.Action)[0]] = true
			name = fmt.Sprintf("%T", p.Action)
		}
		names[strings.TrimPrefix(name, "ledger.")] = true
	}
	for k := range 256 {
		_, err := parseBody([]byte{byte(k)})
		if known := err == nil || !strings.Contains(err.Error(), "unknown kind"); known != kinds[byte(k)] {
			t.Errorf("kind %d: the parser knows it: %t (%v)", k, known, err)
		}
		_, err = parseAction([]byte{byte(k)})
		if known := err == nil || !strings.Contains(err.Error(), "unknown action"); known != actions[byte(k)] {
			t.Errorf("action %d: the parser knows it: %t (%v)", k, known, err)
		}
	}
	return names
}
