package issuer

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

// TestThreat69_RowErrorsInASpreadsheet: no cell of the exported errors can be
// taken for a formula, whatever the mapping calls its columns, and no row can
// break out of its line (OWASP ASVS 5.0, 1.2.10).
func TestThreat69_RowErrorsInASpreadsheet(t *testing.T) {
	r := NewRowErrors()
	columns := []string{"=cmd|'/C calc'!A0", "+1", "-1", "@SUM(1)", "\tx", "\rx", "\nx", `a"b,c`, "plain", ""}
	for i, c := range columns {
		if err := r.Add(BadRow{Line: i + 2, Column: c, Code: "bad_npi", Reason: "=is wrong"}); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(r.Bytes())).ReadAll()
	if err != nil || len(rows) != len(columns)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
				t.Errorf("the cell %q would be calculated", cell)
			}
		}
	}
	if rows[9][1] != "plain" || rows[9][0] != "10" {
		t.Errorf("%q", rows[9])
	}
}

// TestRowErrorsAreBounded: a file of nothing but bad rows gives a file of
// errors that can be opened.
func TestRowErrorsAreBounded(t *testing.T) {
	r := NewRowErrors()
	for i := range maxErrorRows + 7 {
		if err := r.Add(BadRow{Line: i, Column: "c", Code: "missing", Reason: "is empty"}); err != nil {
			t.Fatal(err)
		}
	}
	b := r.Bytes()
	if n := bytes.Count(b, []byte("\n")); n != maxErrorRows+2 || !bytes.Contains(b, []byte("7 more rows are bad")) {
		t.Errorf("%d lines", n)
	}
}
