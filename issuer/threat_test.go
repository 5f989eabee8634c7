package issuer_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/internal/testkit"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/storage"
	"bonafide/vc"
)

// TestThreat48_StatusIndex: the index in a credential is a plain decimal, and
// names the half byte of the page that the status stands in.
func TestThreat48_StatusIndex(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 40)
	for i := range rows {
		rows[i].Status = ledger.Status(i % 16).String()
	}
	w.importRows(rows)
	w.issue()
	for i, r := range rows {
		s := w.copyOf(r.Number)
		entry := s.claims["credentialStatus"].([]any)[0].(map[string]any)
		if entry["type"] != "LedgerStatusEntry" || entry["statusIndex"] != strconv.Itoa(int(s.index)) {
			t.Errorf("entry %v", entry)
		}
		page, err := w.l.View().Page(w.desk.DID, s.index/ledger.PageIndexes)
		if err != nil {
			t.Fatal(err)
		}
		at := s.index % ledger.PageIndexes
		nibble := page[at/2] >> 4
		if at%2 == 1 {
			nibble = page[at/2] & 15
		}
		if int(nibble) != i%16 || s.status != ledger.Status(i%16) {
			t.Errorf("licence %d: half byte %d, status %s", i, nibble, s.status)
		}
	}
	w.audit()
}

// TestPagesOpenInOrder fills a page but for a few indexes: the next batch
// opens the next page first.
func TestPagesOpenInOrder(t *testing.T) {
	w := newWorld(t)
	full := make([]uint32, ledger.PageIndexes-1)
	for i := range full {
		full[i] = uint32(i)
	}
	w.open(&takenStore{Store: w.store, page: 0, taken: full})
	rows := medicine(w, 3)
	w.importRows(rows[:1])
	w.issue()
	if s := w.copyOf(rows[0].Number); s.index != ledger.PageIndexes-1 {
		t.Errorf("index %d is not the last of the page", s.index)
	}
	w.importRows(rows)
	w.issue()
	for _, r := range rows[1:] {
		if s := w.copyOf(r.Number); s.index/ledger.PageIndexes != 1 {
			t.Errorf("index %d is not on the second page", s.index)
		}
	}
	if n := w.l.View().Pages(w.desk.DID); n != 2 {
		t.Errorf("%d pages", n)
	}
}

// takenStore says that more indexes of a page are taken.
type takenStore struct {
	issuer.Store
	page  uint32
	taken []uint32
}

func (s *takenStore) Taken(ctx context.Context, page uint32) ([]uint32, error) {
	out, err := s.Store.Taken(ctx, page)
	if page == s.page {
		out = append(out, s.taken...)
	}
	return out, err
}

// spoofedStore gives back a draft that is not the one recorded.
type spoofedStore struct {
	issuer.Store
	spoof func([]issuer.Leaf)
}

func (s *spoofedStore) Unsigned(ctx context.Context, batch uint64, limit int) ([]issuer.Leaf, error) {
	ls, err := s.Store.Unsigned(ctx, batch, limit)
	if len(ls) > 0 {
		s.spoof(ls)
	}
	return ls, err
}

// TestThreat77_SpoofedBatchRow: what is signed is what was anchored, whatever
// the store says meanwhile.
func TestThreat77_SpoofedBatchRow(t *testing.T) {
	for name, spoof := range map[string]func([]issuer.Leaf){
		"another name": func(l []issuer.Leaf) {
			l[0].Draft = bytes.Replace(l[0].Draft, []byte(`"familyName":"`), []byte(`"familyName":"X`), 1)
		},
		"another's draft": func(l []issuer.Leaf) { l[0].Draft, l[1].Draft = l[1].Draft, l[0].Draft },
		"another salt":    func(l []issuer.Leaf) { l[0].Salt[3] ^= 1 },
		"no JSON":         func(l []issuer.Leaf) { l[0].Draft = []byte("{") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			rows := medicine(w, 2)
			w.importRows(rows)
			if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
				t.Fatal(err)
			}
			w.node.pass(1 << 40)
			w.open(&spoofedStore{w.store, spoof})
			_, err := w.board.Issue(ctx, issuer.IssueOptions{})
			if explain.CodeOf(err) != "batch_damaged" {
				t.Fatalf("%v", err)
			}
			silent(t, err.Error(), rows)
			for _, r := range rows {
				if _, _, err := w.board.Credential(ctx, r.Number, issuer.RegisterCopy, vc.VCDM); err == nil {
					t.Error("something was handed out")
				}
			}
			w.open(w.store) // with the true record it goes on
			w.issue()
			w.copyOf(rows[0].Number)
		})
	}
}

// TestThreat77_TemplateMisuse: a licence that does not fit the registered form
// of its type gets no credential; the others do.
func TestThreat77_TemplateMisuse(t *testing.T) {
	w := newWorld(t)
	rows := fixtures.Register(5, fixtures.Drugs, 2, w.l.Now)
	rows[0].Profession = "II, VI"
	other := medicine(w, 1)
	other[0].Type = "RadioLicence"
	w.importRows(append(rows, other...))
	w.l.Decide(ledger.Accredit{Issuer: w.desk.DID, Type: "RadioLicence", Jurisdictions: []string{"US-OH"}})
	r := w.issue()
	if r.Issued != 2 || len(r.Problems) != 2 {
		t.Fatalf("%+v", r)
	}
	for _, p := range r.Problems {
		if want := map[string]string{"RadioLicence": "template_unknown", issuer.ControlledSubstanceRegistration: "template_mismatch"}[p.Type]; p.Code != want {
			t.Errorf("%+v", p)
		}
	}
	w.copyOf(rows[1].Number)
}

// TestThreat77_WrongPerson: a number that two licences have is not acted on.
func TestThreat77_WrongPerson(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	twin := fixtures.Register(5, fixtures.Training, 1, w.l.Now)[0]
	twin.Number = rows[0].Number
	w.importRows(append(rows, twin))
	w.issue()
	act := issuer.StatusAct{Ref: twin.Number, Value: ledger.Revoked, Person: "Ada"}
	if _, err := w.board.Status(ctx, act); explain.CodeOf(err) != "licence_ambiguous" {
		t.Errorf("%v", err)
	}
	if _, _, err := w.board.ClaimCode(ctx, twin.Number, issuer.ClaimCodeOptions{}); explain.CodeOf(err) != "licence_ambiguous" {
		t.Errorf("%v", err)
	}
	act.Ref = "TrainingCertification:US:" + twin.Number
	if _, err := w.board.Status(ctx, act); err != nil {
		t.Fatal(err)
	}
	act.Ref = "MD1"
	if _, err := w.board.Status(ctx, act); explain.CodeOf(err) != "licence_unknown" {
		t.Errorf("%v", err)
	}
}

// TestThreat75_NothingReadableInTheFiles: no name, number, holder or secret
// stands in the database, and another master key opens nothing.
func TestThreat75_NothingReadableInTheFiles(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 3)
	rows[1].Status, rows[1].Conditions = "probation", "Marker condition text"
	w.importRows(rows)
	bound := w.claimAndIssue(rows[0].Number, w.wallet[0])
	holder := string(w.verify(bound).holder)
	text, _, err := w.board.ClaimCode(ctx, rows[1].Number, issuer.ClaimCodeOptions{Person: "Marker Person"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[2].Number, Value: ledger.Hold, Reason: "Marker reason", Person: "Marker Person"}); err != nil {
		t.Fatal(err)
	}
	markers := []string{holder, strings.TrimPrefix(holder, "did:key:"), "Marker", strings.ReplaceAll(text, "-", "")[5:21], "Physician", "supervision"}
	for _, r := range rows {
		markers = append(markers, r.GivenName, r.FamilyName, r.Number, r.NPI, r.Issued, r.Expires)
	}
	w.notInFiles(markers...)
	other, err := storage.NewIssuerStore(w.db, bytes.Repeat([]byte{8}, storage.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	if ls, err := other.After(ctx, 0, 10); explain.CodeOf(err) != "data_damaged" || ls != nil {
		t.Errorf("%d licences opened with another key: %v", len(ls), err)
	}
	if ls, err := other.ByNumber(ctx, rows[0].Number); err != nil || len(ls) != 0 {
		t.Errorf("found with another key: %v", err)
	}
}

func TestSettings(t *testing.T) {
	s, err := issuer.ParseSettings([]byte(`{"format":1,"grace":[{"type":"ProfessionalLicence","jurisdiction":"US-IA","days":59}]}`))
	if err != nil || len(s.Grace) != 1 || s.Grace[0].Days != 59 {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{``, `{"format":2}`, `{"format":1,"grace":[{"days":-1}]}`, `{"format":1,"grace":[{"days":400}]}`, `{"format":1,"grace":[{"type":"x y","days":1}]}`, `{"format":1,"other":1}`} {
		if _, err := issuer.ParseSettings([]byte(bad)); explain.CodeOf(err) != "board_settings" {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	w.importRows(medicine(w, 2))
	c, cancel := context.WithCancel(ctx)
	r, err := w.board.Issue(c, issuer.IssueOptions{Progress: func(step string, _, _ int) {
		if step == "wait" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || r.Issued != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if r := w.issue(); r.Issued != 4 {
		t.Errorf("%+v", r)
	}
}

func TestFounding(t *testing.T) {
	w := newWorld(t)
	issuing, es256, desk := newSigner(11), newP256(11), newSigner(12)
	who, err := issuer.NewIdentity(chain, []did.PublicKey{issuing.Public(), es256.Public()}, desk.Public(), bonafide.DocumentOptions{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := who.CreateTx(desk)
	if err != nil {
		t.Fatal(err)
	}
	// A member countersigns what it finds in the file.
	tx, err := ledger.ParseTx(raw)
	if err != nil {
		t.Fatal(err)
	}
	member := signer{w.desk.Key}
	sig, err := member.Sign(tx.CountersigningBytes())
	if err != nil {
		t.Fatal(err)
	}
	tx.Countersign = []ledger.Countersignature{{DID: w.desk.DID, Method: w.desk.Method(t, w.desk.Key), Signature: sig}}
	w.l.Execute(tx.Marshal())
	if v, err := w.l.View().Versions(who.DID); err != nil || len(v) != 1 {
		t.Errorf("%d versions, %v", len(v), err)
	}
	g := ledger.Genesis{ChainID: chain, Time: testkit.Start, Params: ledger.DefaultParams, Members: []ledger.Founder{who.Founder("Board", [32]byte(newSigner(13).Public().Bytes()))}}
	if _, _, err := ledger.New(g); err != nil {
		t.Errorf("as a founder: %v", err)
	}
	if _, err := issuer.NewIdentity(chain, []did.PublicKey{desk.Public()}, desk.Public(), bonafide.DocumentOptions{}); err == nil {
		t.Error("one key for both uses")
	}
}

func TestNewRefuses(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*issuer.Config){
		"no store":        func(c *issuer.Config) { c.Store = nil },
		"no clock":        func(c *issuer.Config) { c.Now = nil },
		"no randomness":   func(c *issuer.Config) { c.Rand = nil },
		"another network": func(c *issuer.Config) { c.DID = "did:bonafide:other-abcdefgh:l3jwti5ipvjr655yt3noqfbrecn2d6ya" },
		"another method":  func(c *issuer.Config) { c.DID = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp" },
		"one key twice":   func(c *issuer.Config) { c.LedgerKey = c.Issuing },
		"endless grace":   func(c *issuer.Config) { c.Settings.Grace = []issuer.Grace{{Days: 1000}} },
	} {
		c := w.board.Config
		change(&c)
		if b, err := issuer.New(c); err == nil || b != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// moreBatches has a batch in the register that the ledger never saw.
type moreBatches struct{ issuer.Store }

func (s moreBatches) Batches(ctx context.Context, after uint64, limit int) ([]issuer.Batch, error) {
	bs, err := s.Store.Batches(ctx, after, limit)
	if len(bs) > 0 && after == 0 {
		x := bs[len(bs)-1]
		x.Root[0] ^= 1
		bs = append(bs, x)
	}
	return bs, err
}

func TestAuditMissingBatch(t *testing.T) {
	w := newWorld(t)
	w.importRows(medicine(w, 1))
	w.issue()
	w.open(moreBatches{w.store})
	r, err := w.board.Audit(ctx, nil)
	if err != nil || len(r.Missing) != 1 || r.Clean() {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestReportedKeyReplacesCredentials: after a report of either kind of key the
// audit names the batches that fell, and Issue replaces what was in them.
func TestReportedKeyReplacesCredentials(t *testing.T) {
	for _, use := range []string{"issuing", "issuing-es256", "ledger"} {
		t.Run(use, func(t *testing.T) {
			w := newWorld(t)
			rows := medicine(w, 3)
			w.importRows(rows[:1])
			w.issue()
			w.node.pass(time.Hour)
			since := w.l.Now
			w.importRows(rows)
			w.issue()
			w.setStatus(rows[1].Number, ledger.Probation)
			kept, fell := w.copyOf(rows[0].Number), w.copyOf(rows[1].Number)
			batch := w.l.NewBoard("spare")
			method := w.desk.Method(t, w.desk.Issuing)
			switch use {
			case "issuing":
				w.desk.Issuing = batch.Issuing
				w.update()
			case "issuing-es256":
				method = string(w.desk.DID) + "#" + w.es256.Public().Multikey()
				w.rotate(vc.SDJWT)
			case "ledger":
				method = w.desk.Method(t, w.desk.Key)
				w.updateBy(batch.Key)
			}
			for _, x := range []struct {
				from time.Time
				want issuer.Fall
			}{
				{since, issuer.Fall{Batches: 1, Credentials: 4, Licences: 2}},
				{since.Add(-2 * time.Hour), issuer.Fall{Batches: 2, Credentials: 6, Licences: 3}},
				{w.l.Now, issuer.Fall{}},
			} {
				if f, err := w.board.WouldFall(ctx, method, x.from); err != nil || f != x.want {
					t.Errorf("from %s on %+v would fall, %v; not %+v", x.from, f, err, x.want)
				}
			}
			w.l.Execute(w.l.Sign(w.synced(), ledger.ReportKey{Method: method, From: since.Unix()}))
			w.open(w.store)
			if f, err := w.board.WouldFall(ctx, method, since); err != nil || f != (issuer.Fall{}) {
				t.Errorf("what has fallen would fall again: %+v, %v", f, err)
			}
			r, err := w.board.Audit(ctx, nil)
			if err != nil || len(r.Reported) != 1 || r.Reported[0].Size != 4 || r.Clean() {
				t.Fatalf("%+v, %v", r, err)
			}
			if use == "ledger" {
				// A whole pack has no change log: that is said, not passed over.
				if len(r.Suspicions) != 1 || len(r.Suspicions[0].Documents) != 1 || r.Suspicions[0].Complete || r.Suspicions[0].Method != method {
					t.Errorf("suspicions %+v", r.Suspicions)
				}
				w.node.full = true
				if r, err = w.board.Audit(ctx, nil); err != nil || len(r.Suspicions[0].Status) != 1 || !r.Suspicions[0].Complete {
					t.Errorf("%+v, %v", r.Suspicions, err)
				}
				w.node.full = false
			}
			if rep := w.issue(); rep.Issued != 4 {
				t.Fatalf("%+v", rep)
			}
			if s := w.copyOf(rows[0].Number); s.index != kept.index {
				t.Error("a credential that stands was replaced")
			}
			if s := w.copyOf(rows[1].Number); s.index == fell.index || s.status != ledger.Probation || w.status(fell.index) != ledger.Void {
				t.Errorf("%+v", s)
			}
			if rep := w.issue(); rep.Planned != 0 {
				t.Errorf("%+v", rep)
			}
			w.audit()
		})
	}
}

// TestReportedLedgerKeyAbandons: a batch that the reported key anchored is
// never signed.
func TestReportedLedgerKeyAbandons(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	since := w.l.Now
	if _, err := w.board.Issue(ctx, issuer.IssueOptions{NoWait: true}); err != nil {
		t.Fatal(err)
	}
	w.node.pass(2 * time.Minute)
	old := w.desk.Method(t, w.desk.Key)
	w.updateBy(w.l.NewBoard("next").Key)
	w.l.Execute(w.l.Sign(w.synced(), ledger.ReportKey{Method: old, From: since.Unix()}))
	w.open(w.store)
	if r := w.issue(); r.Abandoned != 2 || r.Issued != 2 {
		t.Errorf("%+v", r)
	}
	w.audit()
}
