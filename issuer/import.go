package issuer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
)

// importChunk is the number of rows that go into one transaction.
const importChunk = 2000

// maxBadRows and maxRowActs bound what a report lists; the rest is counted.
const (
	maxBadRows = 1000
	maxRowActs = 100_000
)

// ImportOptions say how to import.
type ImportOptions struct {
	DryRun   bool   // read and compare, change nothing
	Person   string // who imports
	Progress Progress
	// Bad is told of every bad row, in the order of the file; nil: nobody is.
	// An error from it ends the import.
	Bad func(BadRow) error
}

// BadRow says where and how a row is wrong, without saying what stands there.
type BadRow struct {
	Line   int    `json:"line"`   // in the file, from 1
	Column string `json:"column"` // as the mapping names it; "" for the whole row
	Code   string `json:"code"`   // stable: missing, bad_npi, unknown_value, …
	Reason string `json:"reason"` // completes "the column …"
}

// RowAct is what a row of the file means for a licence that the register has.
// It holds no practitioner's data.
type RowAct struct {
	Line   int      `json:"line"`
	Act    Kind     `json:"act"`
	From   string   `json:"from,omitempty"`   // status word; of a renewal, the expiry
	To     string   `json:"to,omitempty"`     // likewise
	Fields []string `json:"fields,omitempty"` // of a replacement: what changes
	State  string   `json:"state"`            // done, waiting_for_approval
	ID     int64    `json:"id,omitempty"`     // to approve or reject it by
}

// ActCount counts the acts of one kind and state.
type ActCount struct {
	Act   Kind   `json:"act"`
	To    string `json:"to,omitempty"` // status word
	State string `json:"state"`
	Rows  int    `json:"rows"`
}

// ImportReport counts what an import did, or with DryRun would do.
type ImportReport struct {
	DryRun    bool     `json:"dry_run"`
	Rows      int      `json:"rows"` // of the file, without its first line
	Added     int      `json:"added"`
	Changed   int      `json:"changed"` // rows that mean an act
	Unchanged int      `json:"unchanged"`
	Kept      int      `json:"kept"`    // of them, those that the register does not follow: a person decided otherwise, or an act waits
	Waiting   int      `json:"waiting"` // acts that wait for a second person
	Bad       int      `json:"bad"`
	BadRows   []BadRow `json:"bad_rows"` // at most 1,000
	// Import is the number by which the acts that wait can be approved
	// together; 0: none waits.
	Import int64      `json:"import"`
	Counts []ActCount `json:"counts"`
	Acts   []RowAct   `json:"acts"` // at most 100,000
	Alone  bool       `json:"-"`    // acts went on that need a second person, and the home has none
	// Lines of the rows behind Added and Kept, at most 100,000 each.
	AddedLines, KeptLines []int `json:"-"`
}

func (r *ImportReport) count(a RowAct) {
	to := ""
	if a.Act == KindStatus {
		to = a.To
	}
	i := slices.IndexFunc(r.Counts, func(c ActCount) bool { return c.Act == a.Act && c.To == to && c.State == a.State })
	if i < 0 {
		i = len(r.Counts)
		r.Counts = append(r.Counts, ActCount{a.Act, to, a.State, 0})
	}
	r.Counts[i].Rows++
	if a.State == AwaitsApproval.String() {
		r.Waiting++
	}
	if len(r.Acts) < maxRowActs {
		r.Acts = append(r.Acts, a)
	}
}

// importing is one import under way.
type importing struct {
	b     *Board
	o     ImportOptions
	s     *sheet
	rep   *ImportReport
	rows  []row    // good ones, not yet compared
	wrong []BadRow // bad ones among them

	asked, single bool // see alone
}

func (m *importing) bad(r badRow) {
	m.wrong = append(m.wrong, BadRow{r.line, r.column, r.code, r.reason})
}

// Import brings the register to what a CSV file with a header line says. A row
// of a licence that is not there adds it. A changed row is the act that it
// means: a later expiry renews, another status word sets the status, anything
// else changed replaces; what needs a second person waits for one. Every row
// stands for itself: bad ones are reported, good ones go on. What the file does
// not mention stays; the same file again changes nothing. Only what differs
// from the last import's word is news: what a person set since is not undone by
// an old export.
//
// A file that cannot be read to its end gives an error (import_unreadable,
// import_utf16, import_lines, import_row, import_size, import_columns) with the
// report so far: rows before that point are in. Code person_unknown.
func (b *Board) Import(ctx context.Context, file io.Reader, m *Mapping, o ImportOptions) (ImportReport, error) {
	rep := ImportReport{DryRun: o.DryRun, BadRows: []BadRow{}, Counts: []ActCount{}, Acts: []RowAct{}}
	s, err := openSheet(file, m)
	if err != nil {
		return rep, err
	}
	var (
		seed = maphash.MakeSeed()
		seen = map[uint64]struct{}{} // hashes of the keys of this file
		im   = &importing{b: b, o: o, s: s, rep: &rep, rows: make([]row, 0, importChunk)}
	)
	for {
		if err := ctx.Err(); err != nil {
			return rep, err
		}
		r, wrong, err := s.next()
		if err == io.EOF {
			return rep, im.flush(ctx)
		}
		if err != nil {
			return rep, errors.Join(err, im.flush(ctx))
		}
		rep.Rows++
		h := maphash.Comparable(seed, r.record.Key)
		if _, dup := seen[h]; dup && wrong == nil {
			wrong = &badRow{r.line, s.columnOf(fieldNumber), "duplicate", "has a licence that an earlier row has"}
		}
		if wrong != nil {
			im.bad(*wrong)
		} else {
			seen[h] = struct{}{}
			im.rows = append(im.rows, r)
		}
		if len(im.rows) == importChunk || len(im.wrong) == importChunk {
			if err := im.flush(ctx); err != nil {
				return rep, err
			}
		}
	}
}

// flush compares a chunk with the register, applies the difference in one
// transaction, and reports it.
func (m *importing) flush(ctx context.Context) error {
	if len(m.rows) > 0 {
		if err := m.apply(ctx); err != nil {
			return err
		}
	}
	slices.SortStableFunc(m.wrong, func(x, y BadRow) int { return cmp.Compare(x.Line, y.Line) })
	m.rep.Bad += len(m.wrong)
	for _, w := range m.wrong {
		if len(m.rep.BadRows) < maxBadRows {
			m.rep.BadRows = append(m.rep.BadRows, w)
		}
		if m.o.Bad != nil {
			if err := m.o.Bad(w); err != nil {
				return fmt.Errorf("reporting a bad row: %w", err)
			}
		}
	}
	if len(m.rows)+len(m.wrong) > 0 {
		m.o.Progress.report("import", m.rep.Rows, 0)
	}
	m.rows, m.wrong = m.rows[:0], m.wrong[:0]
	return nil
}

// upTo appends as long as there are no more than n.
func upTo(n int, to, more []int) []int {
	return append(to, more[:min(len(more), n-len(to))]...)
}

// chunk is what the rows of one transaction come to.
type chunk struct {
	changes          []Change
	acts             []RowAct
	moved            []int // per act: its change; -1 where it has no number
	added, kept      []int // lines
	changed          int
	unchanged, alone int
	wrong            []BadRow
}

func (m *importing) apply(ctx context.Context) error {
	keys := make([]Key, len(m.rows))
	for i := range m.rows {
		keys[i] = m.rows[i].record.Key
	}
	for try := 1; ; try++ {
		known, err := m.b.Store.ByKeys(ctx, keys)
		if err != nil {
			return fmt.Errorf("looking up licences: %w", err)
		}
		c, err := m.compare(ctx, known)
		if err != nil {
			return err
		}
		if !m.o.DryRun && len(c.changes) > 0 {
			if err := m.number(ctx, c); err != nil {
				return err
			}
			err := m.b.Store.Apply(ctx, c.changes)
			if errors.Is(err, ErrConflict) && try < maxTries {
				continue // somebody acted on one of them: compare again
			}
			if err != nil {
				return fmt.Errorf("storing licences: %w", err)
			}
		}
		m.rep.Added += len(c.added)
		m.rep.AddedLines = upTo(maxRowActs, m.rep.AddedLines, c.added)
		m.rep.Changed += c.changed
		m.rep.Unchanged += c.unchanged
		m.rep.Kept += len(c.kept)
		m.rep.KeptLines = upTo(maxRowActs, m.rep.KeptLines, c.kept)
		m.rep.Alone = m.rep.Alone || c.alone > 0
		for i, a := range c.acts {
			if n := c.moved[i]; n >= 0 {
				for _, mv := range c.changes[n].Moves {
					if mv.Was == 0 && mv.Decision.Kind == a.Act && mv.Decision.State.Open() {
						a.ID = mv.Decision.ID
					}
				}
			}
			m.rep.count(a)
		}
		m.wrong = append(m.wrong, c.wrong...)
		return nil
	}
}

// number gives the import a number once an act of it is to be kept.
func (m *importing) number(ctx context.Context, c *chunk) error {
	for i := range c.changes {
		for j := range c.changes[i].Moves {
			mv := &c.changes[i].Moves[j]
			if mv.Was != 0 {
				continue
			}
			if m.rep.Import == 0 {
				n, err := m.b.Store.BeginImport(ctx, m.b.now(), m.o.Person)
				if err != nil {
					return fmt.Errorf("noting an import: %w", err)
				}
				m.rep.Import = n
			}
			mv.Decision.Import = m.rep.Import
		}
	}
	return nil
}
