package ledger

// Test vectors for other programs: testdata/vectors.json, explained in
// docs/ledger.md. `go test ./ledger -run TestVectors -update` writes them anew
// from fixed seeds; without -update they are recomputed and compared.

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"bonafide/did"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

type vectorKey struct {
	Seed      string `json:"seed"`
	Multikey  string `json:"multikey"`
	PublicKey string `json:"public_key"`
}

type vectorBoard struct {
	Name     string    `json:"name"`
	DID      string    `json:"did"`
	Document string    `json:"document"`
	Issuing  vectorKey `json:"issuing_key"`
	Ledger   vectorKey `json:"ledger_key"`
}

type vectorTx struct {
	What         string `json:"what"`
	Body         string `json:"body"`
	SigningBytes string `json:"signing_bytes"`
	Signature    string `json:"signature"`
	Countersigns string `json:"countersigning_bytes,omitempty"`
	Transaction  string `json:"transaction"`
}

type vectorResult struct {
	Code string `json:"code"`
}

type vectorSubject struct {
	Name    string   `json:"name"`
	Length  uint64   `json:"length"`
	Root    string   `json:"root"`
	Leaf    string   `json:"leaf_hash"`
	Entries []string `json:"entries,omitempty"`
}

type vectorBlock struct {
	Height     uint64         `json:"height"`
	Time       string         `json:"time"`
	Hash       string         `json:"hash"`
	Txs        []string       `json:"transactions"`
	Results    []vectorResult `json:"results"`
	Validators []string       `json:"validators,omitempty"`
	AppHash    string         `json:"app_hash"`
}

type vectorStatus struct {
	Issuer    string   `json:"issuer"`
	Sequence  uint64   `json:"sequence"`
	Changes   []string `json:"change_log"`
	ChangeTop string   `json:"change_log_root"`
	Peaks     []string `json:"change_log_peaks"`
	PageHash  []string `json:"page_hashes"`
	NonZero   []string `json:"non_zero_bytes"` // "page:offset=byte"
	Root      string   `json:"root"`
}

type vectorTree struct {
	Entries []string   `json:"entries"`
	Leaves  []string   `json:"leaf_hashes"`
	Root    string     `json:"root"`
	Paths   [][]string `json:"paths"`
	Peaks   []string   `json:"peaks"`
}

type vectorAnchor struct {
	Issuer    string `json:"issuer"`
	Leaf      string `json:"leaf_hash"`
	BatchRoot string `json:"batch_root"`
	EpochLeaf string `json:"epoch_leaf_hash"`
	EpochRoot string `json:"epoch_root"`
	Batches   uint32 `json:"batches"`
	Anchor    string `json:"anchor"`
}

type vectors struct {
	Note         string          `json:"note"`
	ChainID      string          `json:"chain_id"`
	Boards       []vectorBoard   `json:"boards"`
	Genesis      string          `json:"genesis"`
	GenesisHash  string          `json:"genesis_app_hash"`
	Transactions []vectorTx      `json:"transactions"`
	Malformed    []vectorBad     `json:"malformed_transactions"`
	Blocks       []vectorBlock   `json:"blocks"`
	Subjects     []vectorSubject `json:"subjects"`
	Status       []vectorStatus  `json:"status"`
	Trees        []vectorTree    `json:"trees"`
	Anchors      []vectorAnchor  `json:"anchors"`
	BadAnchors   []vectorBad     `json:"malformed_anchors"`
}

type vectorBad struct {
	What  string `json:"what"`
	Value string `json:"value"`
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func hexes(hs []Hash) []string {
	out := []string{}
	for _, h := range hs {
		out = append(out, hexOf(h[:]))
	}
	return out
}

func vectorKeyOf(k ed25519.PrivateKey) vectorKey {
	p := publicKey(k)
	return vectorKey{hexOf(k.Seed()), p.Multikey(), hexOf(p.Bytes())}
}

func makeVectors(t *testing.T) vectors {
	a, b, c := newBoard("vector medicine"), newBoard("vector nursing"), newBoard("vector issuer")
	v := vectors{
		Note:    "Test vectors of docs/ledger.md. Byte strings are hexadecimal; keys are made up and in the open.",
		ChainID: testNet,
	}
	for _, x := range []*board{a, b, c} {
		v.Boards = append(v.Boards, vectorBoard{x.name, string(x.id), string(x.document), vectorKeyOf(x.issuing), vectorKeyOf(x.ledger)})
	}

	// Every kind of transaction on its own.
	for _, body := range everyBody() {
		x := a.tx(9, body)
		y := vectorTx{What: strings.TrimPrefix(fmt.Sprintf("%T", body), "ledger.")}
		if p, ok := body.(Propose); ok {
			y.What += " " + strings.TrimPrefix(fmt.Sprintf("%T", p.Action), "ledger.")
		}
		if _, ok := body.(CreateDID); ok {
			x = c.create(a)
			y.Countersigns = hexOf(x.CountersigningBytes())
		}
		y.Body, y.SigningBytes, y.Signature, y.Transaction = hexOf(MarshalBody(x.Body)), hexOf(x.SigningBytes()), hexOf(x.Signature), hexOf(x.Marshal())
		v.Transactions = append(v.Transactions, y)
	}
	good := a.tx(9, batch("x")).Marshal()
	bad := func(what string, b []byte) {
		if _, err := ParseTx(b); err == nil {
			t.Fatalf("%s is well-formed", what)
		}
		v.Malformed = append(v.Malformed, vectorBad{what, hexOf(b)})
	}
	bad("a byte after the end", append(bytes.Clone(good), 0))
	bad("cut by a byte", good[:len(good)-1])
	other := bytes.Clone(good)
	other[1] = 2
	bad("version 2", other)
	bad("a batch of 4097 leaves", a.tx(9, AnchorBatch{Size: 4097, LastValidity: Month{2028, 7}}).Marshal())
	bad("jurisdictions out of order", a.tx(9, Propose{Accredit{c.id, licence, []string{"US-OH", "US-NY"}}}).Marshal())

	// A short history.
	g := founders(a, b)
	v.Genesis = string(g.Marshal())
	n := fromGenesis(t, g)
	v.GenesisHash = hexOf(n.hash[:])
	block := func(step time.Duration, txs ...Tx) {
		n.step = step
		var raw [][]byte
		for _, x := range txs {
			raw = append(raw, x.Marshal())
		}
		blk := n.nextBlock(raw...)
		out := n.s.Execute(blk)
		n.store(out.Rows)
		n.hash = out.AppHash
		y := vectorBlock{Height: blk.Height, Time: blk.Time.Format(time.RFC3339Nano), Hash: hexOf(blk.Hash[:]), AppHash: hexOf(out.AppHash[:]), Txs: []string{}, Results: []vectorResult{}}
		for i, r := range raw {
			y.Txs, y.Results = append(y.Txs, hexOf(r)), append(y.Results, vectorResult{out.Results[i].Code})
		}
		for _, u := range out.Validators {
			y.Validators = append(y.Validators, fmt.Sprintf("%s=%d", hexOf(u.Key[:]), u.Power))
		}
		v.Blocks = append(v.Blocks, y)
	}
	template := []byte(`{"display":{"name":"Licence"},"jurisdiction":"/credentialSubject/licence/jurisdiction","number":"/credentialSubject/licence/number","schema":{"type":"object"},"type":"ProfessionalLicence","validUntil":"/validUntil","vct":"urn:example:licence"}`)
	trees := [][]Hash{}
	for i, size := range []int{1, 3, 6} {
		var tree []Hash
		for j := range size {
			tree = append(tree, LeafOf([]byte{byte(i), byte(j)}))
		}
		trees = append(trees, tree)
	}
	anchorOf := func(i int) AnchorBatch {
		return AnchorBatch{RootOf(trees[i]), uint16(len(trees[i])), Month{2028, uint8(3 + i)}}
	}
	second := seedKey("vector second ledger")
	block(1500*time.Millisecond, c.create(a))
	block(time.Second, a.tx(1, Propose{Accredit{c.id, licence, []string{"US-NY", "US-OH"}}}), b.tx(1, Vote{1, true}), a.tx(2, Propose{RegisterTemplate{template}}), b.tx(2, Vote{2, true}))
	block(time.Second, c.tx(2, SetStatus{Pages: 2, Changes: []StatusChange{set(0, Probation), set(3, Hold), set(PageIndexes+70_000, Revoked)}}), c.tx(3, anchorOf(0)), c.tx(4, anchorOf(1)), b.tx(3, anchorOf(2)))
	block(time.Second, c.tx(5, SetStatus{Pages: 2, Changes: []StatusChange{move(8, 3), set(0, Current)}}), c.tx(6, SetStatus{Pages: 2, Changes: []StatusChange{set(PageIndexes+70_000, Current)}}))
	block(testParams.Interval)
	block(time.Second, c.tx(6, UpdateDID{c.next([]ed25519.PrivateKey{c.issuing}, []ed25519.PrivateKey{c.ledger, second})}))
	block(time.Second, c.tx(7, batch("later")))
	spare := *c
	spare.ledger = second
	block(time.Second, spare.tx(8, ReportKey{c.method(c.ledger), testStart.Add(time.Minute).Unix()}), c.tx(9, batch("after the report")))
	block(time.Second, a.tx(3, Propose{Suspend{c.id, licence, "US-OH"}}), b.tx(4, Vote{3, true}), a.tx(4, ReplaceConsensus{consensusOf("vector new")}))
	block(time.Second)
	block(time.Second)

	view := n.view()
	for _, s := range view.Index() {
		leaf := s.LeafHash()
		y := vectorSubject{Name: s.Name, Length: s.Length, Root: hexOf(s.Root[:]), Leaf: hexOf(leaf[:])}
		if entries, err := view.Entries(s.Name); err == nil {
			for _, e := range entries {
				y.Entries = append(y.Entries, hexOf(e))
			}
		}
		v.Subjects = append(v.Subjects, y)
	}
	p := n.s.d.ids[c.id].status
	log, top := p.rng.Root(), p.root()
	st := vectorStatus{Issuer: string(c.id), Sequence: p.sequence, ChangeTop: hexOf(log[:]), Peaks: hexes(p.rng.Peaks()), PageHash: hexes(p.hashes), Root: hexOf(top[:])}
	for _, x := range p.log {
		st.Changes = append(st.Changes, hexOf(x.marshal()))
	}
	for page := range int(p.count()) {
		for i, x := range p.page(page) {
			if x != 0 {
				st.NonZero = append(st.NonZero, fmt.Sprintf("%d:%d=%02x", page, i, x))
			}
		}
	}
	v.Status = []vectorStatus{st}

	for _, size := range []int{0, 1, 2, 3, 7} {
		y := vectorTree{Entries: []string{}, Paths: [][]string{}}
		var leaves []Hash
		var r Range
		for i := range size {
			e := sha256.Sum256([]byte{byte(i)})
			y.Entries = append(y.Entries, hexOf(e[:4]))
			leaves = append(leaves, LeafOf(e[:4]))
			r.Append(leaves[i])
		}
		top := RootOf(leaves)
		y.Leaves, y.Root, y.Peaks = hexes(leaves), hexOf(top[:]), hexes(r.Peaks())
		for i := range size {
			y.Paths = append(y.Paths, hexes(Path(leaves, i)))
		}
		v.Trees = append(v.Trees, y)
	}
	for _, at := range []struct{ tree, leaf int }{{0, 0}, {1, 2}, {2, 0}, {2, 5}} {
		issuer := []did.DID{c.id, c.id, b.id}[at.tree]
		tree := trees[at.tree]
		top := RootOf(tree)
		l, err := view.Locate(issuer, top)
		if err != nil {
			t.Fatal(err)
		}
		x := Anchor{Epoch: l.Epoch, Leaf: uint16(at.leaf), Size: uint16(len(tree)), Batch: l.Position, LeafPath: Path(tree, at.leaf), BatchPath: l.Path}
		for i := range x.Salt {
			x.Salt[i] = byte(16*at.tree + i)
		}
		if err := view.CheckAnchor(x, issuer, tree[at.leaf]); err != nil {
			t.Fatal(err)
		}
		e, _ := view.Epoch(l.Epoch)
		leaf := EpochLeaf(issuer, top, uint32(len(tree)))
		v.Anchors = append(v.Anchors, vectorAnchor{string(issuer), hexOf(tree[at.leaf][:]), hexOf(top[:]), hexOf(leaf[:]), hexOf(e.Root[:]), e.Batches, x.String()})
	}
	text := Anchor{Epoch: 1, Size: 2, LeafPath: []Hash{{1}}}.String()
	for _, x := range []vectorBad{
		{"padding", text + "="},
		{"unused bits set", lastChar(text)},
		{"epoch 0", Anchor{Size: 1}.String()},
		{"leaf beyond the batch", Anchor{Epoch: 1, Leaf: 1, Size: 1}.String()},
		{"path too short", Anchor{Epoch: 1, Size: 2}.String()},
	} {
		if _, err := ParseAnchor(x.Value); err == nil {
			t.Fatalf("anchor with %s is well-formed", x.What)
		}
		v.BadAnchors = append(v.BadAnchors, x)
	}
	return v
}

func TestVectors(t *testing.T) {
	const file = "testdata/vectors.json"
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(makeVectors(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("the bytes of the ledger are not those of testdata/vectors.json: they must never change")
	}
	// The file alone gives the app hash: index lines to root.
	var v vectors
	if err := json.Unmarshal(want, &v); err != nil {
		t.Fatal(err)
	}
	var leaves []Hash
	for _, s := range v.Subjects {
		var x Subject
		x.Name, x.Length = s.Name, s.Length
		if _, err := hex.Decode(x.Root[:], []byte(s.Root)); err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, x.LeafHash())
	}
	top := RootOf(leaves)
	if last := v.Blocks[len(v.Blocks)-1]; hexOf(top[:]) != last.AppHash {
		t.Error("the subjects of the file do not give its last app hash")
	}
	codes := map[string]int{}
	for _, b := range v.Blocks {
		for _, r := range b.Results {
			codes[r.Code]++
		}
	}
	if codes["status_final"] != 1 || codes["tx_key_reported"] != 1 || len(codes) != 3 {
		t.Errorf("results of the history: %v", codes)
	}
}
