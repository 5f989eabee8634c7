package ledger

// Two replicas, reloads and packs over random histories: all must tell the
// same.

import (
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// history makes random blocks, most of whose transactions execute.
type history struct {
	rng    *rand.Rand
	boards []*board
	n      *network // whose state decides what is plausible
	next   map[*board]uint64
	count  int
	kinds  map[string]int // executed
}

func newHistory(t testing.TB, seed uint64, members int) (*history, Genesis) {
	h := &history{rng: rand.New(rand.NewPCG(seed, 7)), kinds: map[string]int{}}
	for i := range 8 {
		h.boards = append(h.boards, newBoard(fmt.Sprintf("board %d", i)))
	}
	g := founders(h.boards[:members]...)
	g.Params = Params{20 * time.Second, 40 * time.Second, 60 * time.Second, 90 * time.Second}
	h.n = fromGenesis(t, g)
	return h, g
}

func (h *history) pick() *board { return h.boards[h.rng.IntN(len(h.boards))] }

func (h *history) body(b *board) Body {
	jurisdictions := []string{"US-NY", "US-OH", "US-TX"}
	types := []string{"BoardCertification", licence}
	j, typ := jurisdictions[h.rng.IntN(3)], types[h.rng.IntN(2)]
	h.count++
	switch h.rng.IntN(24) {
	case 0, 1, 2, 3, 4, 5:
		return AnchorBatch{root(fmt.Sprint(h.count)), uint16(1 + h.rng.IntN(MaxBatch)), Month{2026, uint8(1 + h.rng.IntN(12))}}
	case 6, 7, 8, 9, 10:
		pages := h.n.view().Pages(b.id)
		s := SetStatus{Pages: max(pages, 1)}
		if h.rng.IntN(10) == 0 {
			s.Pages += uint32(h.rng.IntN(3))
		}
		for range h.rng.IntN(4) {
			i := uint32(h.rng.IntN(int(s.Pages))*PageIndexes + h.rng.IntN(30))
			if h.rng.IntN(8) == 0 {
				s.Changes = append(s.Changes, move(uint32(1000+h.rng.IntN(1000)), i))
			} else {
				s.Changes = append(s.Changes, set(i, Status(h.rng.IntN(16))))
			}
		}
		for _, o := range h.boards {
			if h.n.view().Keeper(o.id) == b.id && o != b && h.rng.IntN(2) == 0 {
				s.Issuer, s.Pages = o.id, h.n.view().Pages(o.id)
			}
		}
		return s
	case 11:
		return UpdateDID{b.next([]ed25519.PrivateKey{b.issuing, seedKey(fmt.Sprint("issuing ", h.count))}, []ed25519.PrivateKey{b.ledger, seedKey(b.name + " spare")})}
	case 12:
		if h.rng.IntN(12) == 0 {
			return DeactivateDID{}
		}
		return ReportKey{b.method([]ed25519.PrivateKey{b.issuing, seedKey(b.name + " spare")}[h.rng.IntN(2)]), h.n.now.Add(-time.Duration(h.rng.IntN(200)) * time.Second).Unix()}
	case 13:
		return ReplaceConsensus{consensusOf(fmt.Sprint("key ", h.count))}
	case 14, 15, 16, 17, 18, 19:
		ps, _ := h.n.view().Proposals()
		for _, p := range slices.Backward(ps) {
			if p.State == ProposalOpen && !slices.Contains(p.Yes, b.id) && h.rng.IntN(3) > 0 {
				return Vote{p.Number, h.rng.IntN(10) > 0}
			}
		}
	}
	o, p := h.pick(), h.pick()
	for _, from := range h.boards {
		if x := h.n.s.d.identity(from.id); x != nil && x.live == 0 && len(x.now) > 0 && x.status != nil && h.n.view().Keeper(from.id) == from.id {
			for _, to := range h.boards {
				if y := h.n.s.d.identity(to.id); y != nil && y.active > 0 && h.rng.IntN(2) == 0 {
					return Propose{HandOver{from.id, to.id}}
				}
			}
		}
	}
	if events := h.n.view().Accreditations(o.id); len(events) > 0 && h.rng.IntN(3) > 0 {
		if e := events[h.rng.IntN(len(events))]; e.Kind != PagesHandedOver {
			switch typ, j = e.Type, e.Jurisdiction; h.rng.IntN(4) {
			case 0:
				return Propose{Suspend{o.id, typ, j}}
			case 1:
				return Propose{Restore{o.id, typ, j}}
			default:
				return Propose{End{o.id, typ, j}}
			}
		}
	}
	switch h.rng.IntN(14) {
	case 0:
		return Propose{AdmitMember{o.id, o.name, consensusOf(fmt.Sprint("admitted ", h.count))}}
	case 1:
		return Propose{RemoveMember{o.id}}
	case 2, 3, 4:
		return Propose{Accredit{o.id, typ, []string{j}}}
	case 5:
		return Propose{Suspend{o.id, typ, j}}
	case 6:
		return Propose{Restore{o.id, typ, j}}
	case 7, 8:
		return Propose{End{o.id, typ, j}}
	case 9, 10:
		return Propose{HandOver{o.id, p.id}}
	case 11:
		return Propose{RecoverDID{o.id, o.next([]ed25519.PrivateKey{o.issuing}, []ed25519.PrivateKey{o.ledger})}}
	case 12:
		return Propose{RegisterTemplate{fmt.Appendf(nil, `{"display":{},"jurisdiction":"/j","number":"/n","schema":{"v":%d},"type":"%s","validUntil":"/v","vct":"u"}`, h.count, typ)}}
	}
	if h.rng.IntN(2) == 0 {
		return Propose{ReportKeyVote{o.id, o.method(seedKey(o.name + " spare")), h.n.now.Add(-time.Duration(h.rng.IntN(400)) * time.Second).Unix()}}
	}
	return Propose{Upgrade{"v2", h.n.s.Height() + 1 + uint64(h.rng.IntN(100))}}
}

func (h *history) block() Block {
	h.next = map[*board]uint64{}
	var txs [][]byte
	for range h.rng.IntN(9) {
		b := h.pick()
		if m := h.n.s.d.gov.members; h.rng.IntN(2) == 0 {
			id := m[h.rng.IntN(len(m))].DID
			b = h.boards[slices.IndexFunc(h.boards, func(o *board) bool { return o.id == id })]
		}
		x := h.n.s.d.identity(b.id)
		if x == nil {
			var by *board
			for _, o := range h.boards {
				if h.n.s.d.gov.member(o.id) != nil {
					by = o
				}
			}
			txs = append(txs, b.create(by).Marshal())
			continue
		}
		seq := max(h.next[b], x.seq) + 1
		h.next[b] = seq
		t := b.tx(seq, h.body(b))
		if spare := seedKey(b.name + " spare"); h.rng.IntN(3) == 0 {
			t.Method = b.method(spare)
			t.Signature = ed25519.Sign(spare, t.SigningBytes())
		}
		raw := t.Marshal()
		if h.rng.IntN(20) == 0 {
			raw[h.rng.IntN(len(raw))] ^= 1
		}
		txs = append(txs, raw)
	}
	h.n.step = time.Duration(h.rng.IntN(8_000)) * time.Millisecond
	return h.n.nextBlock(txs...)
}

// TestThreat63_ReplicasAgree: a second replica, built apart, that checks its
// mempool in another order and is reloaded from its rows at random heights, has
// the same app hash after each block; and so has a view that is carried along
// by whole packs and deltas.
func TestThreat63_ReplicasAgree(t *testing.T) {
	total := map[string]int{}
	for seed := range uint64(5) {
		h, g := newHistory(t, seed, 1+int(seed)%4)
		other := fromGenesis(t, g)
		if other.hash != h.n.hash {
			t.Fatal("genesis differs")
		}
		chance := rand.New(rand.NewPCG(seed, 8))
		pack := assembleWhole(t, h.n.view(), time.Time{})
		for range 180 {
			b := h.block()
			for _, tx := range slices.Backward(b.Txs) {
				other.s.Check(tx)
			}
			if chance.IntN(2) == 0 {
				other.s.ResetCheck()
			}
			one, two := h.n.s.Execute(b), other.s.Execute(b)
			h.n.hash, other.hash = one.AppHash, two.AppHash
			h.n.store(one.Rows)
			other.store(two.Rows)
			if one.AppHash != two.AppHash || !slices.Equal(one.Results, two.Results) || !slices.Equal(one.Validators, two.Validators) {
				t.Fatalf("seed %d, height %d: the replicas differ", seed, b.Height)
			}
			for i, r := range one.Results {
				if x, err := ParseTx(b.Txs[i]); err == nil && r.Code == "" {
					name := fmt.Sprintf("%T", x.Body)
					if p, ok := x.Body.(Propose); ok {
						name = fmt.Sprintf("%T", p.Action)
					}
					total[name]++
				}
			}
			// What was kept up to date piece by piece is what the content gives.
			fresh := data{}
			fresh = *h.n.s.d
			fresh.index = index{}
			fresh.reindex()
			if fresh.appHash() != one.AppHash {
				t.Fatalf("seed %d, height %d: the index is not that of the content", seed, b.Height)
			}
			if chance.IntN(12) == 0 {
				other.reload()
				equalViews(t, h.n.view(), other.view())
			}
			if chance.IntN(6) == 0 {
				from := pack.Height()
				if from > 3 && chance.IntN(2) == 0 {
					from -= 2 // an older delta that overlaps
				}
				if from == 0 {
					pack = assembleWhole(t, h.n.view(), time.Time{})
					continue
				}
				c, err := h.n.view().Export(from, time.Time{})
				if err != nil {
					t.Fatal(err)
				}
				before := pack.AppHash()
				next, err := pack.Apply(c)
				if err != nil {
					t.Fatalf("seed %d, delta %d to %d: %v", seed, from, b.Height, err)
				}
				if pack.AppHash() != before {
					t.Fatal("applying a delta changed the old view")
				}
				pack = next
				if pack.AppHash() != one.AppHash {
					t.Fatalf("seed %d, delta %d to %d: another state", seed, from, b.Height)
				}
				equalViews(t, h.n.view(), pack)
			}
		}
		whole := assembleWhole(t, h.n.view(), time.Time{})
		equalViews(t, h.n.view(), whole)
	}
	kinds := make([]string, 0, len(total))
	for k, c := range total {
		kinds = append(kinds, fmt.Sprint(strings.TrimPrefix(k, "ledger."), " ", c))
	}
	slices.Sort(kinds)
	if len(kinds) < 19 {
		t.Errorf("the histories executed only %v", kinds)
	}
}

func assembleWhole(t testing.TB, v *View, shrink time.Time) *View {
	t.Helper()
	c, err := v.Export(0, shrink)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Assemble(c)
	if err != nil {
		t.Fatal(err)
	}
	if out.AppHash() != v.AppHash() || out.Height() != v.Height() || out.ChainID() != v.ChainID() || out.Params() != v.Params() {
		t.Fatal("assembled another state")
	}
	return out
}

// equalViews compares the answers of two views that packs can give.
func equalViews(t testing.TB, a, b *View) {
	t.Helper()
	same := func(what string, x, y any) {
		if fmt.Sprintf("%+v", x) != fmt.Sprintf("%+v", y) {
			t.Fatalf("height %d: %s differs:\n%+v\n%+v", a.Height(), what, x, y)
		}
	}
	same("index", a.Index(), b.Index())
	same("members", a.Members(a.Height()), b.Members(b.Height()))
	same("upgrades", a.Upgrades(), b.Upgrades())
	same("DIDs", a.DIDs(), b.DIDs())
	for _, id := range a.DIDs() {
		x, _ := a.Versions(id)
		y, _ := b.Versions(id)
		if len(x) != len(y) {
			t.Fatal("versions differ")
		}
		for i := range x {
			x[i].Document, y[i].Document = nil, nil
		}
		same("versions", x, y)
		r, _ := a.Reports(id)
		q, _ := b.Reports(id)
		same("reports", r, q)
		same("accreditations", a.Accreditations(id), b.Accreditations(id))
		same("keeper", a.Keeper(id), b.Keeper(id))
		same("pages", a.Pages(id), b.Pages(id))
		for p := range a.Pages(id) {
			for i := range uint32(30) {
				s, _ := a.Status(id, p*PageIndexes+i)
				u, _ := b.Status(id, p*PageIndexes+i)
				if s != u {
					t.Fatalf("status %d differs", i)
				}
			}
		}
	}
	for n := range a.LastEpoch() {
		x, _ := a.Epoch(n + 1)
		y, err := b.Epoch(n + 1)
		if err == nil && x != y {
			t.Fatal("epochs differ")
		}
	}
	if p, err := a.Proposals(); err == nil {
		if q, err := b.Proposals(); err == nil {
			same("proposals", p, q)
		}
	}
}

// TestIndexIsComplete: every bit of what is stored, and so of what execution
// can read after a reload, shows in the app hash or stops the loading. Only the
// three heights that say what a delta holds lie outside.
func TestIndexIsComplete(t *testing.T) {
	h, _ := newHistory(t, 3, 2)
	for range 150 {
		b := h.block()
		out := h.n.s.Execute(b)
		h.n.store(out.Rows)
		h.n.hash = out.AppHash
	}
	n := h.n
	n.step = time.Second
	for i := range 3 {
		for _, b := range h.boards {
			if n.s.d.gov.member(b.id) != nil {
				n.send(b, batch(fmt.Sprint("open ", i)))
			}
		}
	}
	seen := map[string]int{}
	outside := 0
	rng := rand.New(rand.NewPCG(1, 1))
	keys := slices.Sorted(func(yield func(string) bool) {
		for k := range n.rows {
			if !yield(k) {
				return
			}
		}
	})
	loaded := func() (Hash, error) {
		s, err := Load(sortedRows(n.rows))
		if err != nil {
			return Hash{}, err
		}
		return s.AppHash(), nil
	}
	if got, err := loaded(); err != nil || got != n.hash {
		t.Fatalf("unchanged rows: %v", err)
	}
	for _, k := range keys {
		name, rest, _ := strings.Cut(k, "\x00")
		subject, _, _ := strings.Cut(name, "/")
		kind := subject + " " + rest[:min(1, len(rest))]
		if seen[kind]++; seen[kind] > 6 && rng.IntN(10) > 0 {
			continue
		}
		old := n.rows[k]
		// Without the row.
		delete(n.rows, k)
		if got, err := loaded(); err == nil && got == n.hash {
			t.Errorf("without %q the state is the same", k)
		}
		n.rows[k] = old
		for range 4 {
			changed := slices.Clone(old)
			at := rng.IntN(len(changed))
			changed[at] ^= 1 << rng.IntN(8)
			local := k == rowHeight || subject == "sequence" && at >= 8 || subject == "status" && rest == "m" && at >= 20
			n.rows[k] = changed
			got, err := loaded()
			n.rows[k] = old
			if same := err == nil && got == n.hash; same && !local {
				t.Errorf("byte %d of %q changed and the state is the same", at, k)
			} else if same {
				outside++
			}
		}
	}
	for _, want := range []string{"did", "accreditation", "status c", "status l", "status m", "sequence", "batches", "members", "proposals", "open", "closed", "epochs", "blocks", "times", "params", "templates"} {
		found := false
		for k := range seen {
			found = found || strings.HasPrefix(k, want)
		}
		if !found {
			t.Errorf("no row of %s was tried", want)
		}
	}
	if outside == 0 {
		t.Error("the heights outside the index were never tried")
	}
}

// TestLocalHeightsDoNotMatter: the heights that lie outside the index change
// nothing that execution does.
func TestLocalHeightsDoNotMatter(t *testing.T) {
	h, g := newHistory(t, 5, 1)
	other := fromGenesis(t, g)
	for i := range 60 {
		b := h.block()
		one, two := h.n.s.Execute(b), other.s.Execute(b)
		h.n.store(one.Rows)
		if one.AppHash != two.AppHash {
			t.Fatalf("height %d", b.Height)
		}
		if i == 30 {
			for _, x := range other.s.d.ids {
				x.seqHeight = 12345
				if x.status != nil {
					x.status.height = 54321
				}
			}
		}
	}
}
