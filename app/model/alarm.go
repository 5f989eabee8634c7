package model

// The alarm of a board: batches of credentials that stand on the ledger in its
// name and that its register does not know. Whoever has a board's key for the
// ledger can make such; nobody but the board itself can see that it did not.

import (
	"context"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// Auditing is what the alarm needs of a board.
type Auditing interface {
	Foreign(ctx context.Context) (found []issuer.FoundBatch, asOf time.Time, err error)
	Audit(ctx context.Context, p issuer.Progress) (issuer.AuditReport, error)
	Data() (*pack.Data, error)
	BoardProfile() (home.BoardProfile, error)
}

// ForeignBatch is one that the register does not know.
type ForeignBatch struct {
	Size   string // how many credentials
	When   string
	Signed string // by which key
	Facts  []Fact
	Method string // of the key, to report it by
}

// Audited is what a whole comparison of register and ledger found.
type Audited struct {
	Clean bool
	Title string
	Lines []string
}

// AlarmState is everything that the alarm shows.
type AlarmState struct {
	Version int
	Looked  bool
	AsOf    string // as of when the ledger was looked at
	Title   string // "": nothing is amiss
	Says    []string
	Foreign []ForeignBatch
	Trouble Trouble // why it could not be looked
	Audited *Audited
	Failed  Trouble // why an audit found nothing out
}

// Alarm watches what stands on the ledger in a board's name.
type Alarm struct {
	open    func(ctx context.Context) (Auditing, error)
	words   Words
	changed func()

	// Work is the audit that is under way.
	Work *Work

	mu    sync.Mutex
	state AlarmState
}

// NewAlarm watches for the board that open gives; changed is called after every
// change, from any goroutine.
func NewAlarm(open func(ctx context.Context) (Auditing, error), w Words, changed func()) *Alarm {
	return &Alarm{open: open, words: w, changed: changed, Work: NewWork(changed)}
}

// State is what there is to show.
func (a *Alarm) State() AlarmState {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.state
}

func (a *Alarm) update(f func(*AlarmState)) {
	a.mu.Lock()
	f(&a.state)
	a.state.Version++
	a.mu.Unlock()
	a.changed()
}

// Look compares the batches in the board's name with those of the register. It
// asks the node. Run it beside the screen.
func (a *Alarm) Look(ctx context.Context) {
	b, err := a.open(ctx)
	var found []issuer.FoundBatch
	var asOf time.Time
	if err == nil {
		found, asOf, err = b.Foreign(ctx)
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.update(func(s *AlarmState) { s.Looked, s.Trouble = true, trouble(a.words, err) })
		return
	}
	a.found(b, found, asOf)
}

// found shows the batches that the register does not know.
func (a *Alarm) found(b Auditing, found []issuer.FoundBatch, asOf time.Time) {
	w := a.words
	var rows []ForeignBatch
	d, _ := b.Data()         // without it there are no times
	p, _ := b.BoardProfile() // without it nothing is said of the keys
	for _, f := range found {
		rows = append(rows, foreignBatch(w, d, p, f))
	}
	title, says := "", []string(nil)
	if n := len(found); n > 0 {
		title = w.N("Alarm: {{.N}} batches stand on the ledger in this board's name that its register does not know.", n)
		says = []string{
			w.L("Either somebody else has one of this board's keys for the ledger, or this register was restored from an older backup."),
			w.L("If nothing was restored: replace the key that signed them, report it, and call the other boards. Until the key is reported, licences made in this way can be verified."),
			w.L("If a backup was restored: import the newest file of the register and issue again; the batches then stay as they are and mean nothing new."),
		}
	}
	a.update(func(s *AlarmState) {
		s.Looked, s.Trouble, s.AsOf = true, Trouble{}, w.L("As of {{.When}}.", D{"When": w.Stamp(asOf)})
		s.Title, s.Says, s.Foreign = title, says, rows
	})
}

func foreignBatch(w Words, d *pack.Data, p home.BoardProfile, f issuer.FoundBatch) ForeignBatch {
	r := ForeignBatch{
		Size: w.N("{{.N}} credentials", f.Size), Method: f.Method,
		When: w.L("Taken in by block {{.Height}}.", D{"Height": f.Height}),
		Facts: []Fact{
			{Name: w.L("Key"), Value: Plain(f.Method)},
			{Name: w.L("Fingerprint of the batch"), Value: grouped(hex.EncodeToString(f.Root[:]))},
		},
	}
	if d != nil {
		if t, ok := closedBy(d.View, f.Height); ok {
			r.When = w.L("Taken in by block {{.Height}}, no later than {{.When}}.", D{"Height": f.Height, "When": w.Stamp(t)})
		}
	}
	r.Signed = w.L("Signed with a key that this home does not know.")
	if i := slices.IndexFunc(p.Keys, func(k home.BoardKey) bool { return k.Method == f.Method }); i >= 0 {
		switch k := p.Keys[i]; {
		case !k.Reported.IsZero():
			r.Signed = w.L("Signed with a key of this board that is reported as of {{.When}}.", D{"When": w.Stamp(k.Reported)})
		case k.InUse:
			r.Signed = w.L("Signed with the key for the ledger that this board uses today.")
		default:
			r.Signed = w.L("Signed with an earlier key of this board.")
		}
	}
	return r
}

// farBack bounds for how many epochs the time of a block is looked for.
const farBack = 10_000

// closedBy is the time of the epoch that took a batch of this height in.
func closedBy(v *ledger.View, height uint64) (t time.Time, ok bool) {
	for n, tries := v.LastEpoch(), 0; n > 0 && tries < farBack; n, tries = n-1, tries+1 {
		e, err := v.Epoch(n)
		if err != nil || e.Height < height {
			break
		}
		if at, dated := v.TimeOf(e.Height); dated {
			t, ok = at, true
		}
	}
	return t, ok
}

// Audit compares the whole register with the ledger. Run it beside the screen;
// Work tells how far it is, and stops it.
func (a *Alarm) Audit(ctx context.Context) {
	a.update(func(s *AlarmState) { s.Audited, s.Failed = nil, Trouble{} })
	var b Auditing
	var rep issuer.AuditReport
	err := a.Work.Do(ctx, a.words.L("Comparing the register with the ledger"), func(ctx context.Context, far func(int64, int64)) (err error) {
		if b, err = a.open(ctx); err != nil {
			return err
		}
		rep, err = b.Audit(ctx, func(_ string, done, total int) { far(int64(done), int64(total)) })
		return err
	})
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		if cancelled(err) {
			err = nil
		}
		a.update(func(s *AlarmState) { s.Failed = trouble(a.words, err) })
		return
	}
	a.found(b, rep.Unknown, rep.AsOf)
	out := audited(a.words, rep)
	a.update(func(s *AlarmState) { s.Audited = &out })
}

// audited puts a report in words.
func audited(w Words, rep issuer.AuditReport) Audited {
	out := Audited{Clean: rep.Clean(), Title: w.L("Register and ledger differ")}
	if out.Clean {
		out.Title = w.L("Register and ledger agree")
	}
	out.Lines = []string{
		w.N("{{.N}} batches in this board's name were looked at.", rep.Batches),
		w.N("{{.N}} statuses were compared.", rep.Indexes),
	}
	add := func(n int, text string) {
		if n > 0 {
			out.Lines = append(out.Lines, text)
		}
	}
	n := len(rep.Unknown)
	add(n, w.N("{{.N}} batches on the ledger are unknown to the register.", n))
	n = len(rep.Missing)
	add(n, w.N("{{.N}} batches that the register takes for recorded are not on the ledger. Call the other boards.", n))
	n = len(rep.Reported)
	add(n, w.N("{{.N}} batches verify no more because a key behind them was reported. The next issuing replaces them.", n))
	n = len(rep.Differences)
	add(n, w.N("{{.N}} statuses on the ledger are not what the register says. Enter the status of these licences anew.", n))
	n = rep.Alarms.Overdue()
	add(n, w.N("{{.N}} acts should be in force and are not.", n))
	add(rep.Unsent, w.N("{{.N}} licences have changes of status that are still to be sent.", rep.Unsent))
	for _, s := range rep.Suspicions {
		out.Lines = append(out.Lines, w.N("In the time of a reported key {{.N}} statuses were changed. They stand; look at each of them.", len(s.Status)))
	}
	for _, d := range rep.Differences[:min(len(rep.Differences), mostDifferences)] {
		out.Lines = append(out.Lines, w.L("Register entry {{.Entry}}: the register says {{.Register}}, the ledger {{.Ledger}}.", D{
			"Entry": d.Licence, "Register": StatusWord(w, d.Register.String()), "Ledger": StatusWord(w, d.Ledger.String()),
		}))
	}
	return out
}

// mostDifferences is how many of them are listed.
const mostDifferences = 20
