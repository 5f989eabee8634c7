package issuer

// Reading a register export. The file comes from another program, so nothing
// in it is believed: sizes are bounded before memory is spent, every row
// stands for itself, and what is wrong is named by place and kind, never by
// content.

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

// Bounds of a register file.
const (
	maxFileBytes   = 2 << 30
	maxRowBytes    = 64 << 10
	maxColumns     = 256
	maxRows        = 5_000_000
	csvBufferBytes = 4 << 10
)

// errRowTooLong ends reading: without the end of the row there is no telling
// where the next one begins.
var errRowTooLong = errors.New("the row is too long")

// rowReader passes bytes on until the row being read grows too long or the
// file does.
type rowReader struct {
	r     io.Reader
	given int64 // bytes passed on
	limit int64 // bytes that may be passed on
}

func (r *rowReader) Read(p []byte) (int, error) {
	if r.given >= maxFileBytes {
		return 0, explain.Errorf("import_size", "the file is longer than %d bytes", int64(maxFileBytes))
	}
	if r.given >= r.limit {
		return 0, errRowTooLong
	}
	n, err := r.r.Read(p[:min(int64(len(p)), r.limit-r.given)])
	r.given += int64(n)
	return n, err
}

// badRow is the place and kind of what is wrong with one row.
type badRow struct {
	line   int
	column string // header of the mapping, or "" for the row as a whole
	code   string
	reason string
}

// row is one good row.
type row struct {
	line   int
	record Record
	status ledger.Status
}

// sheet reads rows through a mapping.
type sheet struct {
	m     *Mapping
	src   *rowReader
	csv   *csv.Reader
	at    map[string][]int // field → positions of its columns
	width int
	rows  int
	line  int // on which the last row read began
}

// openSheet reads the header line. Codes import_unreadable (not a CSV file that
// can be read at all), import_utf16, import_lines, import_row, import_columns (a
// column of the mapping is missing or there twice).
func openSheet(r io.Reader, m *Mapping) (*sheet, error) {
	s := &sheet{m: m, src: &rowReader{r: r, limit: maxRowBytes}}
	// encoding/csv takes a bufio.Reader as it is, so what it reads ahead is
	// known: this buffer.
	b := bufio.NewReaderSize(s.src, csvBufferBytes)
	head, err := b.Peek(4)
	if err != nil && len(head) == 0 {
		return nil, unreadable(err)
	}
	switch {
	case utf16(head):
		return nil, explain.Errorf("import_utf16", "line 1 begins as UTF-16 or UTF-32 does")
	case strings.HasPrefix(string(head), "\xef\xbb\xbf"):
		if _, err := b.Discard(3); err != nil {
			return nil, unreadable(err)
		}
	}
	s.csv = csv.NewReader(b)
	s.csv.Comma = m.delimiter
	s.csv.FieldsPerRecord = -1
	s.csv.ReuseRecord = true
	header, err := s.csv.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	for i, h := range header {
		if strings.ContainsRune(h, '\r') {
			return nil, explain.Errorf("import_lines", "line 1, column %d: a line end of CR alone", i+1)
		}
	}
	if len(header) > maxColumns {
		return nil, explain.Errorf("import_unreadable", "line 1 has more than %d columns", maxColumns)
	}
	s.width, s.line = len(header), 1
	s.at = make(map[string][]int, len(m.columns))
	for field, columns := range m.columns {
		for _, column := range columns {
			at, err := find(header, column)
			if err != nil {
				return nil, err
			}
			s.at[field] = append(s.at[field], at)
		}
	}
	return s, nil
}

// Fits reads the first line of a register file and says whether it has the
// mapping's columns; the rest is left unread. Codes as Import, for a file that
// cannot be read to its end.
func (m *Mapping) Fits(file io.Reader) error {
	_, err := openSheet(file, m)
	return err
}

// utf16 reports whether a file begins as text of two or four bytes a
// character: with a byte order mark of such, or with a NUL beside a letter.
func utf16(head []byte) bool {
	s := string(head)
	return strings.HasPrefix(s, "\xfe\xff") || strings.HasPrefix(s, "\xff\xfe") || strings.HasPrefix(s, "\x00\x00\xfe\xff") ||
		len(s) >= 2 && (s[0] == 0) != (s[1] == 0)
}

// find returns the position of a column.
func find(header []string, column string) (int, error) {
	at := -1
	for i, h := range header {
		if strings.Trim(h, " ") != column {
			continue
		}
		if at >= 0 {
			return 0, explain.Errorf("import_columns", "the file has column %q twice", column)
		}
		at = i
	}
	if at < 0 {
		// The header is not quoted: in a file without one it is a person's row.
		return 0, explain.Errorf("import_columns", "the file has no column %q", column)
	}
	return at, nil
}

func unreadable(err error) error {
	if errors.Is(err, io.EOF) {
		return explain.Errorf("import_unreadable", "the file is empty")
	}
	if errors.Is(err, errRowTooLong) {
		return explain.Errorf("import_row", "line 1 is longer than %d bytes", maxRowBytes)
	}
	if explain.CodeOf(err) != "" {
		return err
	}
	var pe *csv.ParseError
	if errors.As(err, &pe) { // its text holds no content, only places
		return explain.Errorf("import_unreadable", "the first line is not CSV: %w", pe.Err)
	}
	return explain.Errorf("import_unreadable", "reading the file: %w", err)
}

// grant lets one more row be read.
func (s *sheet) grant() { s.src.limit = s.csv.InputOffset() + maxRowBytes + csvBufferBytes + 3 }

// next returns the next row: a good one, or what is wrong with it; io.EOF at
// the end. Any other error ends reading.
func (s *sheet) next() (row, *badRow, error) {
	s.grant()
	fields, err := s.csv.Read()
	if err != nil {
		var pe *csv.ParseError
		if errors.As(err, &pe) {
			s.rows++
			s.line = pe.Line
			return row{}, &badRow{pe.StartLine, "", "bad_quotes", "has a quotation mark where none can be"}, nil
		}
		if errors.Is(err, errRowTooLong) {
			return row{}, nil, explain.Errorf("import_row", "the row after line %d is longer than %d bytes", s.line, maxRowBytes)
		}
		if err == io.EOF || explain.CodeOf(err) != "" {
			return row{}, nil, err
		}
		return row{}, nil, explain.Errorf("import_unreadable", "reading the file: %w", err)
	}
	if s.rows++; s.rows > maxRows {
		return row{}, nil, explain.Errorf("import_size", "the file has more than %d rows", maxRows)
	}
	line, _ := s.csv.FieldPos(0)
	s.line = line
	if len(fields) != s.width {
		return row{}, &badRow{line, "", "wrong_columns", "has more or fewer columns than the first line"}, nil
	}
	rec, status, p := s.read(fields)
	if p != nil {
		return row{}, &badRow{line, s.columnOf(p.field), p.code, p.reason}, nil
	}
	return row{line, rec, status}, nil, nil
}

func (s *sheet) columnOf(field string) string {
	if c, ok := s.m.columns[field]; ok {
		return strings.Join(c, " + ")
	}
	return field
}

func (s *sheet) read(fields []string) (Record, ledger.Status, *problem) {
	var rec Record
	var status string
	for _, f := range []struct {
		name string
		dst  *string
	}{
		{fieldNumber, &rec.Number},
		{fieldType, &rec.Type},
		{fieldJurisdiction, &rec.Jurisdiction},
		{fieldProfession, &rec.Profession},
		{fieldGivenName, &rec.GivenName},
		{fieldFamilyName, &rec.FamilyName},
		{fieldNPI, &rec.NPI},
		{fieldIssued, (*string)(&rec.Issued)},
		{fieldExpires, (*string)(&rec.Expires)},
		{fieldStatus, &status},
		{fieldConditions, &rec.Conditions},
	} {
		if !s.m.maps(f.name) {
			continue
		}
		theirs := s.m.constants[f.name]
		for _, i := range s.at[f.name] {
			if part := strings.Trim(fields[i], " "); theirs == "" {
				theirs = part
			} else if part != "" {
				theirs += " " + part
			}
		}
		if !utf8.ValidString(theirs) {
			return rec, 0, &problem{f.name, "bad_utf8", "is not valid UTF-8"}
		}
		if strings.IndexByte(theirs, 0) >= 0 {
			return rec, 0, &problem{f.name, "bad_character", "holds a NUL"}
		}
		ours, p := s.m.value(f.name, theirs)
		if p != nil {
			return rec, 0, p
		}
		// A copy: the CSV reader's fields share one string for the whole row.
		*f.dst = strings.Clone(ours)
	}
	if p := rec.check(); p != nil {
		return rec, 0, p
	}
	st, ok := ledger.ParseStatus(status)
	if !ok {
		return rec, 0, &problem{fieldStatus, "unknown_value", "is no status"}
	}
	return rec, st, nil
}
