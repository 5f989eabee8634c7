package issuer

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

// maxErrorRows bounds the file of bad rows.
const maxErrorRows = 100_000

// RowErrors collects bad rows as CSV that a spreadsheet can open: no cell of
// it can be taken for a formula (OWASP ASVS 5.0, 1.2.10). Columns line, column,
// code, reason; nothing of what stands in the rows.
type RowErrors struct {
	buf  bytes.Buffer
	csv  *csv.Writer
	rows int
}

// NewRowErrors begins a file of bad rows.
func NewRowErrors() *RowErrors {
	r := &RowErrors{}
	r.csv = csv.NewWriter(&r.buf)
	r.put("line", "column", "code", "reason")
	return r
}

func (r *RowErrors) put(cells ...string) {
	for i := range cells {
		cells[i] = safeCell(cells[i])
	}
	_ = r.csv.Write(cells) // a buffer takes everything
}

// Add is for ImportOptions.Bad. It never fails; beyond 100,000 rows it counts.
func (r *RowErrors) Add(b BadRow) error {
	if r.rows++; r.rows <= maxErrorRows {
		r.put(strconv.Itoa(b.Line), b.Column, b.Code, b.Reason)
	}
	return nil
}

// Bytes is the file.
func (r *RowErrors) Bytes() []byte {
	r.csv.Flush()
	out := bytes.Clone(r.buf.Bytes())
	if more := r.rows - maxErrorRows; more > 0 {
		out = fmt.Appendf(out, ",,more,%d more rows are bad\n", more)
	}
	return out
}

// safeCell puts an apostrophe before what a spreadsheet would calculate.
func safeCell(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@\t\r\n") {
		return "'" + s
	}
	return s
}
