package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"testing"
	"time"

	"bonafide/internal/explain"
)

// everyBody is one body of every kind.
func everyBody() []Body {
	a, b := newBoard("a"), newBoard("b")
	template := []byte(`{"display":{},"jurisdiction":"/j","number":"/n","schema":{},"type":"T","validUntil":"/v","vct":"u"}`)
	out := []Body{
		CreateDID{a.document},
		UpdateDID{a.document},
		DeactivateDID{},
		batch("x"),
		SetStatus{Pages: 3, Changes: []StatusChange{set(5, Hold), move(7, 6)}},
		SetStatus{Issuer: b.id, Pages: 1},
		ReportKey{a.method(a.issuing), 1_800_000_000},
		ReplaceConsensus{consensusOf("a")},
		Vote{3, true},
		Vote{4, false},
	}
	for _, action := range []Action{
		AdmitMember{b.id, "Board of B", consensusOf("b")},
		RemoveMember{b.id},
		Accredit{b.id, licence, []string{"US", "US-OH"}},
		Suspend{b.id, licence, "US-OH"},
		Restore{b.id, licence, "US-OH"},
		End{b.id, licence, "US-OH"},
		HandOver{a.id, b.id},
		RecoverDID{b.id, b.document},
		RegisterTemplate{template},
		Upgrade{"v2.0", 77},
		ReportKeyVote{b.id, b.method(b.ledger), 0},
	} {
		out = append(out, Propose{action})
	}
	return out
}

func TestTransactionsRoundTrip(t *testing.T) {
	a, b := newBoard("a"), newBoard("b")
	for _, body := range everyBody() {
		x := a.tx(9, body)
		if _, ok := body.(CreateDID); ok {
			x = a.create(b)
		}
		raw := x.Marshal()
		back, err := ParseTx(raw)
		if err != nil || !bytes.Equal(back.Marshal(), raw) || !bytes.Equal(back.SigningBytes(), x.SigningBytes()) {
			t.Errorf("%T: %v", body, err)
		}
		if p, ok := body.(Propose); ok {
			if action, err := parseAction(marshalAction(p.Action)); err != nil || action == nil {
				t.Errorf("%T: %v", p.Action, err)
			}
		}
		for i := range raw {
			if _, err := ParseTx(raw[:i]); explain.CodeOf(err) != "tx_malformed" {
				t.Fatalf("%T cut at %d: %v", body, i, err)
			}
		}
		if _, err := ParseTx(append(raw, 0)); explain.CodeOf(err) != "tx_malformed" {
			t.Errorf("%T and a byte: %v", body, err)
		}
	}
	if _, err := ParseTx(make([]byte, MaxTx+1)); explain.CodeOf(err) != "tx_too_large" {
		t.Errorf("%v", err)
	}
}

func TestMalformedBodies(t *testing.T) {
	a := newBoard("a")
	many := make([]StatusChange, MaxStatusChanges+1)
	for i := range many {
		many[i] = set(uint32(i), Hold)
	}
	long := make([]string, MaxJurisdictions+1)
	for i := range long {
		long[i] = "US-" + string(rune('A'+i/26)) + string(rune('A'+i%26))
	}
	for name, body := range map[string]Body{
		"no leaf":            AnchorBatch{Size: 0, LastValidity: Month{2027, 1}},
		"too many leaves":    AnchorBatch{Size: MaxBatch + 1, LastValidity: Month{2027, 1}},
		"month 0":            AnchorBatch{Size: 1, LastValidity: Month{2027, 0}},
		"month 13":           AnchorBatch{Size: 1, LastValidity: Month{2027, 13}},
		"year 10000":         AnchorBatch{Size: 1, LastValidity: Month{10000, 1}},
		"too many changes":   SetStatus{Pages: 1, Changes: many},
		"no such status":     SetStatus{Pages: 1, Changes: []StatusChange{set(1, 16)}},
		"no such operation":  SetStatus{Pages: 1, Changes: []StatusChange{{Op: 3}}},
		"issuer is no DID":   SetStatus{Issuer: "x", Pages: 1},
		"time before 1970":   ReportKey{"m", -1},
		"time too far":       ReportKey{"m", maxSeconds + 1},
		"no action":          Propose{},
		"no jurisdiction":    Propose{Accredit{a.id, licence, nil}},
		"too many":           Propose{Accredit{a.id, licence, long}},
		"order":              Propose{Accredit{a.id, licence, []string{"US-OH", "US-NY"}}},
		"twice":              Propose{Accredit{a.id, licence, []string{"US-OH", "US-OH"}}},
		"jurisdiction":       Propose{Suspend{a.id, licence, "us-OH"}},
		"empty jurisdiction": Propose{Suspend{a.id, licence, ""}},
		"type":               Propose{Suspend{a.id, "Professional Licence", "US"}},
		"empty type":         Propose{Suspend{a.id, "", "US"}},
		"name empty":         Propose{AdmitMember{a.id, "", consensusOf("a")}},
		"name bidi":          Propose{AdmitMember{a.id, "Dr\u202eA", consensusOf("a")}},
		"name control":       Propose{AdmitMember{a.id, "A\nB", consensusOf("a")}},
		"name UTF-8":         Propose{AdmitMember{a.id, "A\xff", consensusOf("a")}},
		"name space":         Propose{AdmitMember{a.id, " A", consensusOf("a")}},
		"upgrade name":       Propose{Upgrade{"V 2", 1}},
		"document too long":  UpdateDID{make([]byte, MaxDocument+1)},
		"not a DID":          Propose{RemoveMember{"did:UPPER:x"}},
	} {
		if _, err := ParseTx(a.tx(1, body).Marshal()); explain.CodeOf(err) != "tx_malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseTx(f *testing.F) {
	a, b := newBoard("a"), newBoard("b")
	for _, body := range everyBody() {
		f.Add(a.tx(9, body).Marshal())
	}
	f.Add(a.create(b).Marshal())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		x, err := ParseTx(raw)
		if err != nil {
			if x.Body != nil || x.DID != "" {
				t.Error("something came back with an error")
			}
			return
		}
		if !bytes.Equal(x.Marshal(), raw) {
			t.Error("accepted but written otherwise")
		}
	})
}

func FuzzParseAnchor(f *testing.F) {
	f.Add(Anchor{Epoch: 1, Size: 1}.String())
	f.Add(Anchor{Epoch: 9, Leaf: 3, Size: 5, Batch: 2, LeafPath: make([]Hash, 3), BatchPath: make([]Hash, 2)}.String())
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAnchor(s)
		if err != nil {
			return
		}
		if a.String() != s {
			t.Error("accepted but written otherwise")
		}
		if _, err := a.BatchRoot(Hash{1}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzParseGenesis(f *testing.F) {
	f.Add(founders(newBoard("a")).Marshal())
	f.Add(founders(newBoard("a"), newBoard("b")).Marshal())
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := ParseGenesis(raw)
		if err != nil {
			return
		}
		if !bytes.Equal(g.Marshal(), raw) {
			t.Error("accepted but written otherwise")
		}
		if _, _, err := New(g); err != nil {
			t.Errorf("accepted but founds nothing: %v", err)
		}
	})
}

func FuzzParseTemplate(f *testing.F) {
	f.Add([]byte(`{"display":{},"jurisdiction":"/j","number":"/n","schema":{"a":[1,true]},"type":"T","validUntil":"/v","vct":"u"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if x, err := ParseTemplate(raw); err == nil && (!bytes.Equal(x.Raw, raw) || x.Type == "" || x.Jurisdiction == "") {
			t.Error("accepted without what it must have")
		}
	})
}

// FuzzExecute gives a block arbitrary bytes, as they are and as the signed body
// of a member's transaction.
func FuzzExecute(f *testing.F) {
	a, b := newBoard("a"), newBoard("b")
	for _, body := range everyBody() {
		f.Add(MarshalBody(body))
		f.Add(a.tx(1, body).Marshal())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		n := newNetwork(t, a, b)
		n.run(raw)
		n.s.Check(raw)
		x := Tx{ChainID: testNet, DID: a.id, Method: a.method(a.ledger), Sequence: n.s.sequence(a.id) + 1}
		if body, err := parseBody(raw); err == nil {
			x.Body = body
			x.Signature = ed25519.Sign(a.ledger, x.SigningBytes())
			n.run(x.Marshal())
			n.run()
			n.reload()
		}
	})
}

// FuzzAssemble flips bytes of carried entries: no panic, and only what is
// unchanged gives the state.
func FuzzAssemble(f *testing.F) {
	n, _, _ := carriedWorld(f)
	f.Add(uint16(0), uint16(0), uint16(0), byte(1), false)
	f.Add(uint16(7), uint16(0), uint16(3), byte(128), true)
	f.Fuzz(func(t *testing.T, subject, entry, at uint16, flip byte, cut bool) {
		c, err := n.view().Export(0, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		s := &c.Subjects[int(subject)%len(c.Subjects)]
		if len(s.Entries) == 0 || flip == 0 {
			return
		}
		i := int(entry) % len(s.Entries)
		e := bytes.Clone(s.Entries[i])
		if cut {
			e = e[:int(at)%len(e)]
		} else {
			e[int(at)%len(e)] ^= flip
		}
		s.Entries[i] = e
		if v, err := Assemble(c); err == nil && v.AppHash() == n.hash {
			t.Error("another entry gives the same state")
		}
	})
}

// TestGenesis: only the one canonical form founds a network, and it survives
// as a raw message inside other JSON.
func TestGenesis(t *testing.T) {
	a := newBoard("a")
	g := founders(a)
	g.Members[0].Name = "Medicine & Surgery <Ohio>\u00e9"
	raw := g.Marshal()
	back, err := ParseGenesis(raw)
	if err != nil || back.ChainID != g.ChainID || !back.Time.Equal(g.Time) || back.Params != g.Params ||
		back.Members[0].Name != g.Members[0].Name || !bytes.Equal(back.Members[0].Document, a.document) {
		t.Fatalf("%+v %v", back, err)
	}
	wrapped, err := json.Marshal(map[string]json.RawMessage{"app_state": raw})
	if err != nil || !bytes.Contains(wrapped, raw) {
		t.Error("the genesis does not survive as a raw message")
	}
	spoil := func(what string, f func(*Genesis)) {
		g := founders(a, newBoard("b"))
		f(&g)
		if _, err := ParseGenesis(g.Marshal()); explain.CodeOf(err) != "genesis_malformed" {
			t.Errorf("%s: %v", what, err)
		}
		if _, _, err := New(g); explain.CodeOf(err) != "genesis_malformed" {
			t.Errorf("%s: New: %v", what, err)
		}
	}
	spoil("no member", func(g *Genesis) { g.Members = nil })
	spoil("a member twice", func(g *Genesis) { g.Members[1].Document = g.Members[0].Document })
	spoil("a key twice", func(g *Genesis) { g.Members[1].Consensus = g.Members[0].Consensus })
	spoil("no key", func(g *Genesis) { g.Members[1].Consensus = [32]byte{} })
	spoil("no name", func(g *Genesis) { g.Members[1].Name = "" })
	spoil("no document", func(g *Genesis) { g.Members[1].Document = []byte("{}") })
	spoil("a later document", func(g *Genesis) {
		g.Members[1].Document = newBoard("b").next(nil, []ed25519.PrivateKey{seedKey("x")})
	})
	spoil("another chain", func(g *Genesis) { g.ChainID = "test-abcdefgi" })
	spoil("no chain", func(g *Genesis) { g.ChainID = "" })
	spoil("interval 0", func(g *Genesis) { g.Params.Interval = 0 })
	spoil("before 1970", func(g *Genesis) { g.Time = time.Unix(-1, 0) })
	for _, bad := range [][]byte{nil, []byte("{}"), append(bytes.Clone(raw), ' '), bytes.Replace(raw, []byte(`"format":1`), []byte(`"format":2`), 1)} {
		if _, err := ParseGenesis(bad); explain.CodeOf(err) != "genesis_malformed" {
			t.Errorf("%v", err)
		}
	}
	g.Time = g.Time.Add(time.Second / 2)
	if _, _, err := New(g); explain.CodeOf(err) != "genesis_malformed" {
		t.Errorf("half a second: %v", err)
	}
}
