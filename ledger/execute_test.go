package ledger

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
)

func TestLifeOfADID(t *testing.T) {
	a, b := newBoard("a"), newBoard("b")
	n := newNetwork(t, a)
	n.create(b, a)
	v, _ := n.view().Versions(b.id)
	if len(v) != 1 || v[0].Number != 1 || v[0].Height != 1 || v[0].Document.ID != b.id {
		t.Fatalf("versions %+v", v)
	}
	if !v[0].Time.IsZero() {
		t.Error("dated by its own block")
	}
	n.run()
	if v, _ := n.view().Versions(b.id); !v[0].Time.Equal(n.now) {
		t.Errorf("dated %v, the next block's header says %v", v[0].Time, n.now)
	}

	// Rotation: the old key signs nothing after it.
	old := *b
	ledger2 := seedKey("b ledger 2")
	n.must(b, UpdateDID{b.next([]ed25519.PrivateKey{b.issuing}, []ed25519.PrivateKey{ledger2})})
	n.refused(&old, DeactivateDID{}, "tx_key")
	b.ledger = ledger2

	n.must(b, DeactivateDID{})
	n.refused(b, UpdateDID{b.document}, "did_deactivated")
	v, _ = n.view().Versions(b.id)
	if len(v) != 3 || !v[2].Deactivated || v[2].Document != nil {
		t.Fatalf("versions %+v", v)
	}
	n.refused(a, DeactivateDID{}, "member_active")
	// A deactivated DID is not created again.
	n.rest()
	before := n.hash
	if r := n.run(old.create(a).Marshal()).Results[0]; r.Code != "did_exists" || n.hash != before {
		t.Errorf("created again: %+v", r)
	}
}

func TestCreateDID(t *testing.T) {
	a, b, c := newBoard("a"), newBoard("b"), newBoard("c")
	n := newNetwork(t, a)
	n.create(b, a)
	good := c.create(a)
	for name, spoil := range map[string]func(*Tx){
		"no countersignature":        func(x *Tx) { x.Countersign = nil },
		"countersigned by no member": func(x *Tx) { *x = c.create(b) },
		"countersigned by itself":    func(x *Tx) { *x = c.create(c) },
		"countersignature of another transaction": func(x *Tx) {
			x.Countersign[0].Signature = ed25519.Sign(a.ledger, newBoard("d").create(nil).CountersigningBytes())
		},
		"the plain signed bytes countersigned": func(x *Tx) {
			x.Countersign[0].Signature = ed25519.Sign(a.ledger, x.SigningBytes())
		},
		"countersigned with an issuing key": func(x *Tx) {
			x.Countersign[0].Method = a.method(a.issuing)
			x.Countersign[0].Signature = ed25519.Sign(a.issuing, x.CountersigningBytes())
		},
		"sequence 2":            func(x *Tx) { *x = c.tx(2, CreateDID{c.document}); x.Countersign = good.Countersign },
		"another's document":    func(x *Tx) { *x = c.tx(1, CreateDID{newBoard("d").document}); x.Countersign = good.Countersign },
		"signed by an outsider": func(x *Tx) { x.Signature = ed25519.Sign(a.ledger, x.SigningBytes()) },
	} {
		x := c.create(a)
		spoil(&x)
		n.rest()
		before := n.hash
		if r := n.run(x.Marshal()).Results[0]; r.Code == "" || n.hash != before {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if r := n.run(good.Marshal(), good.Marshal()).Results; r[0].Code != "" || r[1].Code != "did_exists" {
		t.Errorf("good: %+v", r)
	}
}

func TestP256SignsTransactions(t *testing.T) {
	a := newBoard("a")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := did.NewPublicKey(did.P256, raw)
	if err != nil {
		t.Fatal(err)
	}
	n := newNetwork(t, a)
	doc, err := bonafide.NextDocument(a.id, nil, []did.PublicKey{pub, publicKey(a.ledger)}, bonafide.DocumentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	n.must(a, UpdateDID{doc})
	x := Tx{ChainID: testNet, DID: a.id, Method: string(a.id) + "#" + pub.Multikey(), Sequence: 2, Body: batch("x")}
	h := sha256.Sum256(x.SigningBytes())
	r, s, err := ecdsa.Sign(rand.Reader, key, h[:])
	if err != nil {
		t.Fatal(err)
	}
	x.Signature = make([]byte, 64)
	r.FillBytes(x.Signature[:32])
	s.FillBytes(x.Signature[32:])
	if r := n.run(x.Marshal()).Results[0]; r.Code != "" {
		t.Fatalf("%+v", r)
	}
}

func TestEnvelope(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	n.rest()
	for name, c := range map[string]struct {
		code  string
		spoil func(*Tx)
	}{
		"another chain":     {"tx_other_network", func(x *Tx) { x.ChainID = "test-abcdefgi"; x.Signature = ed25519.Sign(a.ledger, x.SigningBytes()) }},
		"sequence too high": {"tx_sequence", func(x *Tx) { *x = a.tx(2, x.Body) }},
		"sequence too low":  {"tx_sequence", func(x *Tx) { *x = a.tx(0, x.Body) }},
		"body changed":      {"tx_signature", func(x *Tx) { x.Body = batch("other") }},
		"no signature":      {"tx_signature", func(x *Tx) { x.Signature = nil }},
		"signature cut":     {"tx_signature", func(x *Tx) { x.Signature = x.Signature[:63] }},
		"issuing key": {"tx_key", func(x *Tx) {
			x.Method = a.method(a.issuing)
			x.Signature = ed25519.Sign(a.issuing, x.SigningBytes())
		}},
		"no method":            {"tx_key", func(x *Tx) { x.Method = ""; x.Signature = ed25519.Sign(a.ledger, x.SigningBytes()) }},
		"relative method":      {"tx_key", func(x *Tx) { x.Method = x.Method[len(a.id):]; x.Signature = ed25519.Sign(a.ledger, x.SigningBytes()) }},
		"needless countersign": {"tx_countersign", func(x *Tx) { x.Countersign = []Countersignature{{DID: a.id}} }},
		"unknown DID":          {"tx_unknown_did", func(x *Tx) { *x = newBoard("z").tx(1, x.Body) }},
	} {
		x := a.tx(1, batch("x"))
		c.spoil(&x)
		before := n.hash
		raw := x.Marshal()
		if r := n.s.Check(raw); r.Code != c.code {
			t.Errorf("%s: checked: %+v", name, r)
		}
		if r := n.run(raw).Results[0]; r.Code != c.code || n.hash != before {
			t.Errorf("%s: executed: %+v", name, r)
		}
	}
}

func TestCheckFollowsSequences(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	one, two := a.tx(1, batch("1")).Marshal(), a.tx(2, batch("2")).Marshal()
	code := func(raw []byte) string { return n.s.Check(raw).Code }
	if c := code(two); c != "tx_sequence" {
		t.Errorf("the second before the first: %q", c)
	}
	if c := code(one); c != "" {
		t.Errorf("the first: %q", c)
	}
	if c := code(one); c != "tx_sequence" {
		t.Errorf("the first again: %q", c)
	}
	if c := code(two); c != "" {
		t.Errorf("the second: %q", c)
	}
	n.run(one)
	n.s.ResetCheck()
	if c := code(two); c != "" {
		t.Errorf("the second after a commit: %q", c)
	}
	// In one block each sees what the one before it did.
	n.s.ResetCheck()
	if r := n.run(two, a.tx(3, batch("3")).Marshal(), a.tx(5, batch("5")).Marshal()).Results; r[0].Code+r[1].Code != "" || r[2].Code != "tx_sequence" {
		t.Errorf("%+v", r)
	}
}

func TestSignaturesAreRememberedForTheirKeyOnly(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	x := a.tx(2, batch("1"))
	n.s.checked[a.id] = 1
	if r := n.s.Check(x.Marshal()); r.Code != "" {
		t.Fatalf("%+v", r)
	}
	// The key goes out of force; what was remembered must not help.
	n.must(a, UpdateDID{a.next(nil, []ed25519.PrivateKey{seedKey("other")})})
	if r := n.run(x.Marshal()).Results[0]; r.Code != "tx_key" {
		t.Errorf("%+v", r)
	}
	var m sigMemory
	for i := range 3 * sigMemoryHalf {
		m.add(sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)}))
	}
	if l := len(m.young) + len(m.old); l > 2*sigMemoryHalf {
		t.Errorf("%d signatures remembered", l)
	}
}

func TestKeyKeepsItsPurpose(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	n.must(a, UpdateDID{a.next(nil, []ed25519.PrivateKey{a.ledger})})
	n.refused(a, UpdateDID{a.next(nil, []ed25519.PrivateKey{a.ledger, a.issuing})}, "key_purpose_changed")
	n.refused(a, UpdateDID{newBoard("b").document}, "tx_key")
}

// TestThreat63_NeverPanics: arbitrary bytes in a block are refused and change
// nothing.
func TestThreat63_NeverPanics(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	n.rest()
	good := a.tx(1, batch("x")).Marshal()
	before := n.hash
	var txs [][]byte
	for i := range good {
		cut, flip := good[:i], append([]byte(nil), good...)
		flip[i] ^= 0x41
		txs = append(txs, cut, flip)
	}
	txs = append(txs, nil, make([]byte, MaxTx+1), append(good, 0))
	for i, r := range n.run(txs...).Results {
		if r.Code == "" {
			t.Fatalf("transaction %d executed", i)
		}
	}
	if n.hash != before {
		t.Error("refused transactions changed the state")
	}
	if r := n.run(good).Results[0]; r.Code != "" {
		t.Errorf("the good one: %+v", r)
	}
}

// TestIdleComesToRest: after its last act a network makes no third block that
// changes the state, however long it waits within the epoch's interval.
func TestIdleComesToRest(t *testing.T) {
	a := newBoard("a")
	g := founders(a)
	g.Params.Interval = time.Hour
	n := fromGenesis(t, g)
	n.step = time.Second
	// rests runs a minute of empty blocks, of which the first few may change
	// the state.
	rests := func(when string, changing int) {
		t.Helper()
		for i := range 60 {
			before := n.hash
			n.run()
			if (n.hash != before) != (i < changing) {
				t.Errorf("%s: empty block %d", when, i)
			}
		}
	}
	rests("after genesis", 1)
	n.must(a, SetStatus{Pages: 1})
	rests("after an act", 1)
	n.must(a, batch("x"))
	rests("after a batch", 0)
	n.now = n.now.Add(time.Hour)
	rests("closing an epoch and dating it", 2)
	if _, dated := n.view().TimeOf(n.s.Height()); dated {
		t.Error("an idle block was dated")
	}
}

func TestTimesFollowBlocks(t *testing.T) {
	a := newBoard("a")
	n := newNetwork(t, a)
	n.must(a, SetStatus{Pages: 1})
	first := n.s.Height()
	n.must(a, batch("x"))
	second := n.now
	n.must(a, batch("y"))
	if at, ok := n.view().TimeOf(first); !ok || !at.Equal(second) {
		t.Errorf("height %d dated %v, want the header time %v of the next", first, at, second)
	}
	if _, ok := n.view().TimeOf(first + 1); ok {
		t.Error("a block that only took in a batch was dated")
	}
	if at, ok := n.view().TimeOf(0); !ok || !at.Equal(testStart.Add(n.step)) {
		t.Errorf("the genesis is dated %v", at)
	}
	blocks, err := n.view().Entries(SubjectBlocks)
	if err != nil || len(blocks) != 2 {
		t.Fatalf("%d blocks: %v", len(blocks), err)
	}
}
