package issuer_test

// Every write of the store, and every transaction, is tried as "failed" and as
// "failed, but persisted". After each the board is made anew from what is
// stored and the step is done again; nothing may be lost, doubled or signed
// twice.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
)

// faulty is a store whose n-th write fails, before or after it was done. It
// also keeps every credential that was ever stored.
type faulty struct {
	issuer.Store
	t         testing.TB
	writes    int
	fail      int // number of the write that fails; 0: none
	persisted bool
	signed    map[string][]byte // batch/position → credential
}

func (f *faulty) write(do func() error) error {
	f.writes++
	if f.writes != f.fail {
		return do()
	}
	if f.persisted {
		if err := do(); err != nil {
			return err
		}
		return fmt.Errorf("persisted: %w", errInjected)
	}
	return fmt.Errorf("not persisted: %w", errInjected)
}

func (f *faulty) Apply(ctx context.Context, c []issuer.Change) error {
	return f.write(func() error { return f.Store.Apply(ctx, c) })
}

func (f *faulty) BeginImport(ctx context.Context, at time.Time, person string) (n int64, err error) {
	err = f.write(func() (err error) {
		n, err = f.Store.BeginImport(ctx, at, person)
		return err
	})
	return n, err
}

func (f *faulty) Settle(ctx context.Context, s []issuer.Settled) error {
	return f.write(func() error { return f.Store.Settle(ctx, s) })
}

func (f *faulty) Plan(ctx context.Context, p issuer.Plan) error {
	return f.write(func() error { return f.Store.Plan(ctx, p) })
}

func (f *faulty) Advance(ctx context.Context, b issuer.Batch) error {
	return f.write(func() error { return f.Store.Advance(ctx, b) })
}

func (f *faulty) StoreSigned(ctx context.Context, batch uint64, s []issuer.SignedLeaf) error {
	return f.write(func() error {
		err := f.Store.StoreSigned(ctx, batch, s)
		if err == nil {
			for _, x := range s {
				at := fmt.Sprintf("%d/%d", batch, x.Position)
				if f.signed[at] != nil {
					f.t.Errorf("leaf %s has two credentials", at)
				}
				f.signed[at] = x.Bytes
			}
		}
		return err
	})
}

func (f *faulty) Finish(ctx context.Context, batch uint64) error {
	return f.write(func() error { return f.Store.Finish(ctx, batch) })
}

func (f *faulty) Abandon(ctx context.Context, batch uint64) error {
	return f.write(func() error { return f.Store.Abandon(ctx, batch) })
}

func (f *faulty) PutCode(ctx context.Context, c issuer.Code, e issuer.Event) error {
	return f.write(func() error { return f.Store.PutCode(ctx, c, e) })
}

func (f *faulty) MissCode(ctx context.Context, id string) error {
	return f.write(func() error { return f.Store.MissCode(ctx, id) })
}

func (f *faulty) UseCode(ctx context.Context, id string, c issuer.Change) error {
	return f.write(func() error { return f.Store.UseCode(ctx, id, c) })
}

// story is a board's year, each step of which is repeated until it succeeds.
type story struct {
	*world
	store *faulty
	text  string // newest claim code
	file  []byte // newest claim
	// handed is every credential that could be read out, by leaf.
	handed  map[ledger.Hash][]byte
	known   map[string]bool // their bytes
	crashes int
}

// step does one thing, and again after a crash.
func (s *story) step(what string, do func() error) {
	s.t.Helper()
	for try := 1; ; try++ {
		err := do()
		s.look()
		if err == nil {
			return
		}
		if !errors.Is(err, errInjected) || try > 2 {
			s.t.Fatalf("%s: %v", what, err)
		}
		s.crashes++
		s.open(s.store) // everything in memory is gone
	}
}

// look reads out whatever the board would hand out now.
func (s *story) look() {
	s.t.Helper()
	for _, r := range s.rows {
		for _, f := range []issuer.Form{issuer.RegisterCopy, issuer.Bound} {
			for _, format := range []vc.Format{vc.VCDM, vc.SDJWT} {
				b, _, err := s.board.Credential(ctx, r.Number, f, format)
				if err != nil {
					if c := explain.CodeOf(err); c != "credential_not_ready" && c != "licence_unknown" {
						s.t.Fatal(err)
					}
					continue
				}
				if s.known[string(b)] {
					continue
				}
				s.known[string(b)] = true
				v := s.verify(b)
				if old, ok := s.handed[v.leaf]; ok && !bytes.Equal(old, b) {
					s.t.Error("two credentials of one leaf were handed out")
				}
				s.handed[v.leaf] = b
			}
		}
	}
}

func (s *story) issueStep() {
	s.step("issue", func() error {
		_, err := s.board.Issue(ctx, issuer.IssueOptions{Person: "Ada"})
		return err
	})
}

func (s *story) importStep() {
	s.step("import", func() error {
		_, err := s.board.Import(ctx, bytes.NewReader(s.csv(s.rows)), s.mapped, issuer.ImportOptions{Person: "Ada"})
		return err
	})
}

func (s *story) claimStep(w phone) {
	s.step("claim code", func() (err error) {
		s.text, _, err = s.board.ClaimCode(ctx, s.rows[0].Number, issuer.ClaimCodeOptions{Person: "Ada"})
		return err
	})
	s.file = s.claim(s.text, w)
	s.step("claim", func() error {
		_, err := s.board.AcceptClaim(ctx, s.file, "Ada")
		return err
	})
}

func (s *story) statusStep(ref string, v ledger.Status) {
	s.step("status", func() error {
		_, err := s.board.Status(ctx, issuer.StatusAct{Ref: ref, Value: v, Person: "Ada"})
		if explain.CodeOf(err) == "status_unchanged" {
			return nil // the try before had got all the way
		}
		return err
	})
}

// tell goes through the year. It returns the indexes in use at the end.
func (s *story) tell() int {
	s.rows = medicine(s.world, 4)
	s.rows[1].Status = "suspended"
	s.importStep()
	s.issueStep()
	s.claimStep(s.wallet[0])
	s.issueStep()
	s.statusStep(s.rows[0].Number, ledger.Probation)
	s.claimStep(s.wallet[1])                                           // lost phone
	s.rows[2].FamilyName += "q"                                        // a correction
	expires, _ := time.Parse(time.DateOnly, s.rows[3].Expires)         //
	s.rows[3].Expires = expires.AddDate(1, 0, 0).Format(time.DateOnly) // a renewal
	s.rows[1].Status = "current"
	s.importStep()
	s.issueStep()
	s.statusStep(s.rows[3].Number, ledger.Revoked)
	taken, err := s.store.Taken(ctx, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(taken)
}

func newStory(t testing.TB, seed int) *story {
	w := newWorld(t)
	f := &faulty{Store: w.store, t: t, signed: map[string][]byte{}}
	s := &story{world: w, store: f, handed: map[ledger.Hash][]byte{}, known: map[string]bool{}}
	s.open(f)
	return s
}

// check holds the invariants at the end of the story.
func (s *story) check(indexes, wantIndexes int) {
	s.t.Helper()
	if indexes != wantIndexes {
		s.t.Errorf("%d indexes were used, %d in a year without failures", indexes, wantIndexes)
	}
	s.audit()
	batches, err := s.store.Batches(ctx, 0, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	onLedger, err := s.l.View().Batches(s.desk.DID)
	if err != nil {
		s.t.Fatal(err)
	}
	if len(batches) != len(onLedger) {
		s.t.Errorf("%d batches in the register, %d on the ledger", len(batches), len(onLedger))
	}
	want := []ledger.Status{ledger.Probation, ledger.Current, ledger.Current, ledger.Revoked}
	index := map[uint32]bool{}
	for i, r := range s.rows {
		v := s.copyOf(r.Number)
		if v.status != want[i] {
			s.t.Errorf("licence %d: %s, want %s", i, v.status, want[i])
		}
		if index[v.index] {
			s.t.Errorf("index %d twice", v.index)
		}
		index[v.index] = true
		sub := v.claims["credentialSubject"].(map[string]any)
		if sub["familyName"] != r.FamilyName || sub["licence"].(map[string]any)["expires"] != r.Expires {
			s.t.Errorf("licence %d shows an old record", i)
		}
	}
	copied := s.copyOf(s.rows[0].Number)
	for _, f := range []vc.Format{vc.VCDM, vc.SDJWT} {
		v := s.bound(s.rows[0].Number, f)
		if v.status != ledger.Probation || v.index != copied.index {
			s.t.Errorf("bound: %s at %d", v.status, v.index)
		}
		if f == vc.VCDM && v.holder != key.New(s.wallet[1].Public()) || f == vc.SDJWT && v.key != s.wallet[1].es256.Public() {
			s.t.Errorf("bound to another wallet as %s", f)
		}
	}
	if r := s.issue(); r.Planned != 0 || r.Issued != 0 {
		s.t.Errorf("something was still to issue: %+v", r)
	}
}

func TestThreat77_CrashAtEveryWrite(t *testing.T) {
	plain := newStory(t, 0)
	want := plain.tell()
	plain.check(want, want)
	writes := plain.store.writes
	if writes < 20 {
		t.Fatalf("only %d writes in a year", writes)
	}
	for _, persisted := range []bool{false, true} {
		for n := 1; n <= writes; n++ {
			t.Run(fmt.Sprintf("persisted=%v/write=%d", persisted, n), func(t *testing.T) {
				s := newStory(t, n)
				s.store.fail, s.store.persisted = n, persisted
				s.check(s.tell(), want)
				if s.crashes != 1 {
					t.Errorf("%d crashes", s.crashes)
				}
			})
		}
	}
}

func TestThreat77_LostTransactions(t *testing.T) {
	plain := newStory(t, 0)
	want := plain.tell()
	submits := plain.node.submits
	for _, executed := range []bool{false, true} {
		for n := 1; n <= submits; n++ {
			t.Run(fmt.Sprintf("executed=%v/submit=%d", executed, n), func(t *testing.T) {
				s := newStory(t, n)
				s.node.failSubmit, s.node.executed = n, executed
				s.check(s.tell(), want)
				if s.crashes != 1 {
					t.Errorf("%d crashes", s.crashes)
				}
			})
		}
	}
}

// TestThreat57_RevokedBeforeTheAnchorIsDurable: a revocation that comes while
// the batch waits for its epoch is on the ledger before anything is handed out.
func TestThreat57_RevokedBeforeTheAnchorIsDurable(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	w.importRows(rows)
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
		t.Fatal(err)
	}
	w.setStatus(rows[0].Number, ledger.Revoked)
	w.issue()
	if s := w.copyOf(rows[0].Number); s.status != ledger.Revoked {
		t.Errorf("handed out as %s", s.status)
	}
	w.audit()
}

func TestThreat57_FinalStaysFinal(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	w.importRows(rows)
	w.issue()
	ref := rows[0].Number
	act := func(v ledger.Status) string {
		_, err := w.board.Status(ctx, issuer.StatusAct{Ref: ref, Value: v, Person: "Ada"})
		return explain.CodeOf(err)
	}
	w.setStatus(ref, ledger.SuspendedStatus)
	w.setStatus(ref, ledger.Current)
	if c := act(ledger.Current); c != "status_unchanged" {
		t.Errorf("a suspension lifted twice: %q", c)
	}
	w.setStatus(ref, ledger.Revoked)
	before := w.copyOf(ref)
	for v := ledger.Current; v <= ledger.Reserved; v++ {
		want := "status_final"
		if v == ledger.Revoked {
			want = "status_unchanged"
		}
		if c := act(v); c != want {
			t.Errorf("%s after revoked: %q", v, c)
		}
	}
	// Nor does a register file bring it back.
	rows[0].Status = "probation"
	r := w.importRows(rows)
	if r.Bad != 1 || r.BadRows[0].Code != "status_final" || r.BadRows[0].Column != "status" {
		t.Errorf("%+v", r)
	}
	w.issue()
	if after := w.copyOf(ref); after.status != ledger.Revoked || after.index != before.index {
		t.Errorf("after: %s", after.status)
	}
	if c := act(16); c != "status_unknown" {
		t.Errorf("a value that does not exist: %q", c)
	}
}

// TestStatusSurvivesALostLedger: a decision made while the ledger cannot be
// reached is sent by the next act, whichever it is.
func TestStatusSurvivesALostLedger(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	w.importRows(rows)
	w.issue()
	w.node.failSubmit = w.node.submits + 1
	_, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[0].Number, Value: ledger.SuspendedStatus, Person: "Ada", Reason: "Order 12"})
	if !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	silent(t, err.Error(), rows)
	r, err := w.board.Audit(ctx, nil)
	if err != nil || r.Unsent != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	w.open(w.store)
	if _, err := w.board.Resume(ctx, issuer.IssueOptions{}); err != nil {
		t.Fatal(err)
	}
	if s := w.copyOf(rows[0].Number); s.status != ledger.SuspendedStatus {
		t.Errorf("%s", s.status)
	}
	lines, err := w.board.History(ctx, rows[0].Number)
	if err != nil {
		t.Fatal(err)
	}
	last := lines[len(lines)-1]
	if last.Act != issuer.ActStatus || last.Reason != "Order 12" || last.Height == 0 {
		t.Errorf("%+v", last)
	}
}

// TestRefusedSequenceIsRetried: another transaction of the board's DID takes
// the number between asking and sending.
func TestRefusedSequenceIsRetried(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	w.issue()
	w.open(w.store)
	racing := &racingNode{node: w.node, w: w}
	b, err := issuer.New(issuer.Config{
		People: oneperson,
		DID:    w.desk.DID, Issuing: signer{w.desk.Issuing}, LedgerKey: signer{w.desk.Key}, Store: w.store, Ledger: racing,
		Now: w.node.now, Rand: w.rand, Wait: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Status(ctx, issuer.StatusAct{Ref: rows[0].Number, Value: ledger.Probation}); err != nil {
		t.Fatal(err)
	}
	if racing.races != 3 {
		t.Errorf("%d races", racing.races)
	}
	if s := w.copyOf(rows[0].Number); s.status != ledger.Probation {
		t.Errorf("%s", s.status)
	}
}

// racingNode lets another transaction of the board through first, three times.
type racingNode struct {
	*node
	w     *world
	races int
}

func (r *racingNode) Submit(ctx context.Context, tx []byte) (issuer.Receipt, error) {
	if r.races < 3 {
		r.races++
		r.w.l.Execute(r.w.l.Sign(r.w.synced(), ledger.SetStatus{Pages: uint32(1 + r.races)}))
	}
	return r.node.Submit(ctx, tx)
}

// TestThreat56_ConcurrentIssuing: several boards over one store and one ledger,
// as several processes of one home would be, give no index twice, although all
// of them draw the same ones.
func TestThreat56_ConcurrentIssuing(t *testing.T) {
	w := newWorld(t)
	var rows []fixtures.Row
	rows = append(rows, medicine(w, 60)...)
	w.importRows(rows)
	const boards = 4
	errs := make(chan error, boards)
	for range boards {
		w.rand = newRand()
		b := w.open(w.store)
		go func() {
			_, err := b.Issue(ctx, issuer.IssueOptions{})
			errs <- err
		}()
	}
	for range boards {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if r := w.issue(); r.Issued+r.Planned+r.Waiting > 0 {
		t.Errorf("something was left: %+v", r)
	}
	used := map[uint32]bool{}
	for _, r := range rows {
		s := w.copyOf(r.Number)
		if used[s.index] {
			t.Errorf("index %d twice", s.index)
		}
		used[s.index] = true
	}
	w.audit()
}
