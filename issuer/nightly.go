package issuer

// What a row of the nightly file means. A board's own system knows the
// licences better than anybody; it does not know what was decided here since,
// and it cannot say why a row changed. So a row is compared with what the last
// file said, field by field as far as the mapping goes, and what is new in it
// becomes the act that a person would have made.

import (
	"context"
	"fmt"

	"bonafide/ledger"
)

// fieldNames are the names of Record.fields, in their order.
var fieldNames = [7]string{fieldProfession, fieldGivenName, fieldFamilyName, fieldNPI, fieldIssued, fieldExpires, fieldConditions}

// overlay is what a row says about a licence: its own words where the mapping
// has a field, the last file's where it has none.
func (m *Mapping) overlay(last, row Record) Record {
	to, from := last.fields(), row.fields()
	for i, name := range fieldNames {
		if m.maps(name) {
			*to[i] = *from[i]
		}
	}
	last.Key = row.Key
	return last
}

// practises reports whether a status lets its bearer practise.
func practises(s ledger.Status) bool {
	may := s.MayPractise()
	return may == ledger.MayPractiseYes || may == ledger.MayPractiseWithConditions
}

// compare works out what the rows of a chunk come to. known are their
// licences as the register has them.
func (m *importing) compare(ctx context.Context, known []Licence) (*chunk, error) {
	c := &chunk{}
	m.asked = false
	var ids []int64
	for i := range known {
		l, r := &known[i], &m.rows[i]
		if l.ID != 0 && (r.status != l.Imported || m.s.m.overlay(l.File, r.record) != l.File) {
			ids = append(ids, l.ID)
		}
	}
	open := map[int64][]Decision{}
	if len(ids) > 0 {
		ds, err := m.b.Store.OpenActsOf(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("reading acts: %w", err)
		}
		for _, d := range ds {
			open[d.Licence] = append(open[d.Licence], d)
		}
	}
	for i := range known {
		if known[i].ID == 0 {
			c.added = append(c.added, m.rows[i].line)
			c.changes = append(c.changes, m.add(&m.rows[i]))
			continue
		}
		n := nightly{m: m, r: &m.rows[i], old: &known[i], open: open[known[i].ID]}
		n.c = Change{Licence: known[i], WasRevision: known[i].Revision, WasStatusRev: known[i].StatusRev}
		wrong, err := n.read()
		if err != nil {
			return nil, err
		}
		n.into(c, wrong)
	}
	return c, nil
}

// alone asks once for every chunk who the people are.
func (m *importing) alone(person string) (bool, error) {
	if m.asked {
		return m.single, nil
	}
	single, err := m.b.alone(person)
	m.asked, m.single = err == nil, single
	return single, err
}

// add is the change of a row whose licence is not there.
func (m *importing) add(r *row) Change {
	return Change{
		Licence: Licence{Record: r.record, File: r.record, Imported: r.status, Status: r.status, Revision: 1, Reissue: ReissueRenew},
		Events:  []Event{{At: m.b.now(), Person: m.o.Person, Act: ActImported, Status: r.status}},
	}
}

// nightly is one row of a licence that is there.
type nightly struct {
	m    *importing
	r    *row
	old  *Licence
	open []Decision
	c    Change
	acts []RowAct
	// alone: an act that needs a second person was made, and there is none
	alone bool
}

func (n *nightly) into(c *chunk, wrong *problem) {
	if wrong != nil {
		c.wrong = append(c.wrong, BadRow{n.r.line, n.m.s.columnOf(wrong.field), wrong.code, wrong.reason})
		return
	}
	if n.c.Licence != *n.old || len(n.c.Moves) > 0 {
		c.changes = append(c.changes, n.c)
	}
	if len(n.acts) == 0 {
		c.unchanged++
		if n.r.status != n.old.Status || n.m.s.m.overlay(n.old.Record, n.r.record) != n.old.Record {
			c.kept = append(c.kept, n.r.line)
		}
		return
	}
	c.changed++
	if n.alone {
		c.alone++
	}
	for _, a := range n.acts {
		c.acts = append(c.acts, a)
		c.moved = append(c.moved, len(c.changes)-1)
	}
}

// read works out what the row changes.
func (n *nightly) read() (*problem, error) {
	l, r := &n.c.Licence, n.r
	says := n.m.s.m.overlay(n.old.File, r.record)
	if n.old.Status.Final() {
		if r.status != n.old.Status && (r.status != n.old.Imported || practises(r.status)) {
			return &problem{fieldStatus, "status_final", "would change a status that is final; a new licence needs a new number"}, nil
		}
		l.File, l.Imported = says, r.status
		return nil, nil // nothing about it changes any more
	}
	if p, err := n.status(); p != nil || err != nil {
		return p, err
	}
	if says == n.old.File {
		return nil, nil
	}
	l.File = says
	if r.status.Final() && r.status != n.old.Imported {
		return nil, nil // it ends: what it said last stays
	}
	return n.record(&says)
}

// waiting returns the open decision of a kind.
func (n *nightly) waiting(k Kind) *Decision {
	for i := range n.open {
		if n.open[i].Kind == k {
			return &n.open[i]
		}
	}
	return nil
}

// person reports whether a person, and not a file, made an open decision, or
// approved it: then no file takes it back.
func (d *Decision) person() bool { return d.Import == 0 || d.State == AwaitsDay }

var actOpen = problem{"", "act_open", "changes what an act is about that waits; approve, reject or cancel that first"}

// status is the part of a row that is its status word.
func (n *nightly) status() (*problem, error) {
	l, r := &n.c.Licence, n.r
	if r.status == n.old.Imported {
		return nil, nil
	}
	l.Imported = r.status
	if w := n.waiting(KindStatus); w != nil {
		switch {
		case w.Status == r.status:
			return nil, nil // it says what somebody has proposed already
		case w.person() && r.status == n.old.Status:
			return nil, nil // the act is a person's, and the file knows nothing of it
		case w.person():
			p := actOpen
			p.field = fieldStatus
			return &p, nil
		}
		n.overtake(w)
	}
	if r.status == n.old.Status {
		return nil, nil
	}
	d := Decision{Kind: KindStatus, Status: r.status, WasStatus: n.old.Status}
	return nil, n.enter(&d, RowAct{Act: KindStatus, From: n.old.Status.String(), To: r.status.String()})
}

// record is the part of a row that is its record. says is what the file now
// says in all.
func (n *nightly) record(says *Record) (*problem, error) {
	next := merge(n.old.Record, &n.old.File, says)
	if p := next.check(); p != nil {
		return p, nil
	}
	why := change(&n.old.Record, &next)
	if w := n.waiting(KindReplace); w != nil && why != ReissueRenew {
		proposed := merge(n.old.Record, &w.WasRecord, &w.Record)
		switch {
		case proposed == next || w.person() && why == ReissueNone:
			return nil, nil
		case w.person():
			p := actOpen
			return &p, nil
		}
		// The file goes on from what it said when it proposed the act.
		if next = merge(proposed, &n.old.File, says); next.check() != nil {
			return next.check(), nil
		}
		n.overtake(w)
		why = change(&n.old.Record, &next)
	}
	d := Decision{Kind: KindReplace, WasRecord: n.old.Record, Record: next}
	a := RowAct{Act: KindReplace}
	switch why {
	case ReissueNone:
		return nil, nil
	case ReissueRenew:
		d.Kind = KindRenew
		a = RowAct{Act: KindRenew, From: string(n.old.Record.Expires), To: string(next.Expires)}
	default:
		was, now := d.WasRecord.fields(), d.Record.fields()
		for i := range was {
			if *was[i] != *now[i] {
				a.Fields = append(a.Fields, fieldNames[i])
			}
		}
	}
	return nil, n.enter(&d, a)
}

// overtake ends a decision that the file made before and now says otherwise
// about.
func (n *nightly) overtake(w *Decision) {
	d, was := *w, w.State
	now := n.m.b.now()
	d.State, d.By, d.Decided = Overtaken, n.m.o.Person, now
	n.c.event(&d, ActOvertaken, n.m.o.Person, now, "")
	n.c.Moves = append(n.c.Moves, Move{Decision: d, Was: was, ours: true})
}

// enter makes the act.
func (n *nightly) enter(d *Decision, a RowAct) error {
	now := n.m.b.now()
	d.Licence, d.Made, d.Effective, d.Person = n.old.ID, now, now, n.m.o.Person
	if err := n.m.b.enter(&n.c, d, now, n.m.alone); err != nil {
		return err
	}
	n.alone = n.alone || d.Alone
	a.Line, a.State = n.r.line, d.State.String()
	n.acts = append(n.acts, a)
	return nil
}
