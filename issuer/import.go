package issuer

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"

	"bonafide/ledger"
)

// importChunk is the number of rows that go into one transaction.
const importChunk = 2000

// maxBadRows bounds how many bad rows a report lists; the rest are counted.
const maxBadRows = 1000

// ImportOptions say how to import.
type ImportOptions struct {
	DryRun   bool   // read and compare, change nothing
	Person   string // who imports
	Progress Progress
}

// BadRow says where and how a row is wrong, without saying what stands there.
type BadRow struct {
	Line   int    `json:"line"`   // in the file, from 1
	Column string `json:"column"` // as the mapping names it; "" for the whole row
	Code   string `json:"code"`   // stable: missing, bad_npi, unknown_value, …
	Reason string `json:"reason"` // completes "the column …"
}

// ImportReport counts what an import did.
type ImportReport struct {
	DryRun    bool     `json:"dry_run"`
	Rows      int      `json:"rows"` // of the file, without its first line
	Added     int      `json:"added"`
	Changed   int      `json:"changed"`
	Unchanged int      `json:"unchanged"`
	Bad       int      `json:"bad"`
	BadRows   []BadRow `json:"bad_rows"` // at most 1,000
}

func (r *ImportReport) bad(b badRow) {
	r.Bad++
	if len(r.BadRows) < maxBadRows {
		r.BadRows = append(r.BadRows, BadRow{b.line, b.column, b.code, b.reason})
	}
}

// Import fills the register from a CSV file with a header line. Every row
// stands for itself: bad ones are reported, good ones go on. What the file
// does not mention stays; the same file again changes nothing. A status word
// counts where it differs from the last import's: what a person set since is
// not undone by an old export.
//
// A file that cannot be read to its end gives an error (import_unreadable,
// import_columns) with the report so far: rows before that point are in.
func (b *Board) Import(ctx context.Context, file io.Reader, m *Mapping, o ImportOptions) (ImportReport, error) {
	rep := ImportReport{DryRun: o.DryRun}
	s, err := openSheet(file, m)
	if err != nil {
		return rep, err
	}
	var (
		seed  = maphash.MakeSeed()
		seen  = map[uint64]struct{}{} // hashes of the keys of this file
		chunk = make([]row, 0, importChunk)
	)
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		err := b.importRows(ctx, chunk, s, o, &rep)
		chunk = chunk[:0]
		o.Progress.report("import", rep.Rows, 0)
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return rep, err
		}
		r, wrong, err := s.next()
		if err == io.EOF {
			return rep, flush()
		}
		if err != nil {
			return rep, errors.Join(err, flush())
		}
		rep.Rows++
		if wrong != nil {
			rep.bad(*wrong)
			continue
		}
		h := maphash.Comparable(seed, r.record.Key)
		if _, dup := seen[h]; dup {
			rep.bad(badRow{r.line, s.columnOf(fieldNumber), "duplicate", "has a licence that an earlier row has"})
			continue
		}
		seen[h] = struct{}{}
		if chunk = append(chunk, r); len(chunk) == importChunk {
			if err := flush(); err != nil {
				return rep, err
			}
		}
	}
}

// importRows compares one chunk with the register and applies the difference
// in one transaction.
func (b *Board) importRows(ctx context.Context, rows []row, s *sheet, o ImportOptions, rep *ImportReport) error {
	keys := make([]Key, len(rows))
	for i, r := range rows {
		keys[i] = r.record.Key
	}
	const tries = 5
	for try := 1; ; try++ {
		known, err := b.Store.ByKeys(ctx, keys)
		if err != nil {
			return fmt.Errorf("looking up licences: %w", err)
		}
		at := b.now()
		var (
			changes []Change
			part    ImportReport
		)
		for i, r := range rows {
			c, wrong := importRow(known[i], r)
			switch {
			case wrong != nil:
				part.bad(badRow{r.line, s.columnOf(wrong.field), wrong.code, wrong.reason})
			case len(c.Events) == 0 && known[i].ID != 0 && c.Licence == known[i]:
				part.Unchanged++
			default:
				if known[i].ID == 0 {
					part.Added++
				} else {
					part.Changed++
				}
				for j := range c.Events {
					c.Events[j].At, c.Events[j].Person = at, o.Person
				}
				changes = append(changes, c)
			}
		}
		if !o.DryRun && len(changes) > 0 {
			err := b.Store.Apply(ctx, changes)
			if errors.Is(err, ErrConflict) && try < tries {
				continue // somebody acted on one of them: compare again
			}
			if err != nil {
				return fmt.Errorf("storing licences: %w", err)
			}
		}
		rep.Added += part.Added
		rep.Changed += part.Changed
		rep.Unchanged += part.Unchanged
		for _, w := range part.BadRows {
			rep.bad(badRow{w.Line, w.Column, w.Code, w.Reason})
		}
		slices.SortStableFunc(rep.BadRows, func(x, y BadRow) int { return x.Line - y.Line })
		return nil
	}
}

// importRow works out what a row changes.
func importRow(old Licence, r row) (Change, *problem) {
	if old.ID == 0 {
		return Change{
			Licence: Licence{Record: r.record, Imported: r.status, Status: r.status, Revision: 1, Reissue: ReissueRenew},
			Events:  []Event{{Act: ActImported, Status: r.status}},
		}, nil
	}
	c := Change{Licence: old, WasRevision: old.Revision, WasStatusRev: old.StatusRev}
	l := &c.Licence
	if why := change(&old.Record, &r.record); why != ReissueNone {
		l.Record = r.record
		l.Revision++
		l.Reissue = max(l.Reissue, why)
		c.Events = append(c.Events, Event{Act: ActChanged})
	}
	if r.status != old.Imported {
		l.Imported = r.status
		if r.status != old.Status {
			if p := l.setStatus(r.status); p != nil {
				return c, p
			}
			c.Events = append(c.Events, Event{Act: ActStatus, Status: r.status, StatusRev: l.StatusRev})
		}
	}
	return c, nil
}

// setStatus changes what the board says about a licence.
func (l *Licence) setStatus(s ledger.Status) *problem {
	if l.Status.Final() {
		return &problem{fieldStatus, "status_final", "would change a status that is final; a new licence needs a new number"}
	}
	l.Status = s
	l.StatusRev++
	return nil
}
