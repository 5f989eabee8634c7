package issuer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"bonafide/assets/mappings"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/issuer"
	"bonafide/ledger"
)

const header = "number,type,jurisdiction,profession,given_name,family_name,npi,issued,expires,status,conditions\n"

func line(fields map[string]string) string {
	r := fixtures.Row{
		Number: "MD100000-8", Type: "ProfessionalLicence", Jurisdiction: "US-OH", Profession: "Physician",
		GivenName: "Vrandr", FamilyName: "Zhelm", NPI: "1234567893", Issued: "2020-01-31", Expires: "2030-01-31", Status: "current",
	}
	out := []string{}
	for i, v := range []string{r.Number, r.Type, r.Jurisdiction, r.Profession, r.GivenName, r.FamilyName, r.NPI, r.Issued, r.Expires, r.Status, r.Conditions} {
		if x, ok := fields[fixtures.Header[i]]; ok {
			v = x
		}
		out = append(out, v)
	}
	return strings.Join(out, ",") + "\n"
}

func (w *world) importText(text string, o issuer.ImportOptions) (issuer.ImportReport, error) {
	return w.board.Import(ctx, strings.NewReader(text), w.mapped, o)
}

func TestImportSameFileChangesNothing(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2500) // more than one transaction
	dry, err := w.board.Import(ctx, bytes.NewReader(w.csv(rows)), w.mapped, issuer.ImportOptions{DryRun: true})
	if err != nil || dry.Added != 2500 || !dry.DryRun {
		t.Fatalf("%+v, %v", dry, err)
	}
	if ls, err := w.store.After(ctx, 0, 1); err != nil || len(ls) != 0 {
		t.Fatalf("a dry run wrote: %v, %v", ls, err)
	}
	var steps int
	r, err := w.board.Import(ctx, bytes.NewReader(w.csv(rows)), w.mapped, issuer.ImportOptions{Progress: func(string, int, int) { steps++ }})
	if err != nil || r.Added != 2500 || r.Rows != 2500 || steps != 2 {
		t.Fatalf("%+v, %v, %d steps", r, err, steps)
	}
	again := w.importRows(rows)
	if again.Unchanged != 2500 || again.Added+again.Changed+again.Bad != 0 {
		t.Fatalf("%+v", again)
	}
	n, want := 0, issuer.Key{Type: rows[7].Type, Jurisdiction: rows[7].Jurisdiction, Number: rows[7].Number}
	err = w.board.List(ctx, func(e issuer.Entry) error {
		if n++; n == 8 && e.Licence.Record.Key != want {
			t.Errorf("%+v", e.Licence.Record.Key)
		}
		return nil
	})
	if err != nil || n != 2500 {
		t.Errorf("%d listed, %v", n, err)
	}
	if l, err := w.board.Find(ctx, want.Ref()); err != nil || l.Record.Key != want {
		t.Errorf("%v", err)
	}
}

// TestImportDoesNotUndoADecision: an export made before a person acted still
// says current.
func TestImportDoesNotUndoADecision(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 1)
	w.importRows(rows)
	w.setStatus(rows[0].Number, ledger.SuspendedStatus)
	if r := w.importRows(rows); r.Unchanged != 1 {
		t.Errorf("%+v", r)
	}
	status := func() ledger.Status {
		l, err := w.board.Find(ctx, rows[0].Number)
		if err != nil {
			t.Fatal(err)
		}
		return l.Status
	}
	if status() != ledger.SuspendedStatus {
		t.Error("an old export lifted a suspension")
	}
	rows[0].Status = "suspended" // the board's own system has caught up
	w.importRows(rows)
	rows[0].Status = "current" // and lifts it
	if r := w.importRows(rows); r.Changed != 1 || status() != ledger.Current {
		t.Errorf("%+v, %s", r, status())
	}
}

func TestImportBadRows(t *testing.T) {
	w := newWorld(t)
	cases := []struct {
		name, text   string
		column, code string
	}{
		{"no number", line(map[string]string{"number": ""}), "number", "bad_number"},
		{"number with a quote", line(map[string]string{"number": "'1"}), "number", "bad_number"},
		{"bad NPI", line(map[string]string{"npi": "1234567894"}), "npi", "bad_npi"},
		{"NPI with letters", line(map[string]string{"npi": "12345678A3"}), "npi", "bad_npi"},
		{"no such day", line(map[string]string{"expires": "2030-02-30"}), "expires", "bad_date"},
		{"expires before issue", line(map[string]string{"expires": "2019-01-01"}), "expires", "bad_dates"},
		{"no expiry", line(map[string]string{"expires": ""}), "expires", "missing"},
		{"a year far away", line(map[string]string{"issued": "0001-01-01"}), "issued", "bad_date"},
		{"unknown status", line(map[string]string{"status": "Current"}), "status", "unknown_value"},
		{"no family name", line(map[string]string{"family_name": " "}), "family_name", "missing"},
		{"jurisdiction", line(map[string]string{"jurisdiction": "Ohio"}), "jurisdiction", "bad_jurisdiction"},
		{"type", line(map[string]string{"type": "professional licence"}), "type", "bad_type"},
		{"too few fields", "MD1,ProfessionalLicence\n", "", "wrong_columns"},
		{"long name", line(map[string]string{"given_name": strings.Repeat("x", 200)}), "given_name", "too_long"},
		// Threat 68 and 69: what must not reach a screen or a spreadsheet.
		{"direction override", line(map[string]string{"family_name": "A\u202eB"}), "family_name", "bad_character"},
		{"zero width", line(map[string]string{"family_name": "A\u200bB"}), "family_name", "bad_character"},
		{"control", line(map[string]string{"family_name": "A\aB"}), "family_name", "bad_character"},
		{"NUL", line(map[string]string{"family_name": "A\x00B"}), "family_name", "bad_character"},
		{"not UTF-8", line(map[string]string{"family_name": "A\xffB"}), "family_name", "bad_utf8"},
		{"formula", line(map[string]string{"family_name": "=cmd|' /C calc'!A0"}), "family_name", "formula"},
		{"formula at", line(map[string]string{"conditions": "@SUM(1)"}), "conditions", "formula"},
		{"stray quote", line(map[string]string{"given_name": `a"b`}), "", "bad_quotes"},
	}
	text := header + line(map[string]string{"number": "GOOD1"})
	for _, c := range cases {
		text += c.text
	}
	text += line(map[string]string{"number": "GOOD2"})
	text += line(map[string]string{"number": "GOOD2", "given_name": "Other"})
	r, err := w.importText(text, issuer.ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Added != 2 || r.Bad != len(cases)+1 || r.Rows != len(cases)+3 {
		t.Fatalf("%+v", r)
	}
	for i, c := range cases {
		b := r.BadRows[i]
		if b.Line != i+3 || b.Column != c.column || b.Code != c.code || b.Reason == "" {
			t.Errorf("%s: %+v", c.name, b)
		}
	}
	if last := r.BadRows[len(cases)]; last.Code != "duplicate" || last.Line != len(cases)+4 {
		t.Errorf("%+v", last)
	}
	silent(t, fmt.Sprintf("%+v", r.BadRows), []fixtures.Row{{Number: "MD100000-8", GivenName: "Vrandr", FamilyName: "Zhelm", NPI: "1234567893"}})
}

func TestThreat69_HostileFiles(t *testing.T) {
	w := newWorld(t)
	good := line(nil)
	for _, c := range []struct{ name, text, code string }{
		{"empty", "", "import_unreadable"},
		{"UTF-16", "\xff\xfen\x00", "import_utf16"},
		{"UTF-16, most significant byte first", "\xfe\xff\x00n", "import_utf16"},
		{"UTF-16 without a mark", "n\x00u\x00m\x00", "import_utf16"},
		{"UTF-32", "\x00\x00\xfe\xff", "import_utf16"},
		{"CR alone", strings.ReplaceAll(header+good, "\n", "\r"), "import_lines"},
		{"no header", good, "import_columns"},
		{"a column twice", strings.Replace(header, "npi", "number", 1) + good, "import_columns"},
		{"a million columns", strings.Repeat(",", 1_000_000) + "\n", "import_row"},
		{"300 columns", strings.TrimSuffix(header, "\n") + strings.Repeat(",", 300) + "\n", "import_unreadable"},
		{"a million columns in a row", header + good + strings.Repeat(",", 1_000_000) + "\n", "import_row"},
		{"a million columns with names", strings.Repeat("x,", 1_000_000) + "\n", "import_row"},
		{"a quote never closed", header + good + `"` + strings.Repeat("x,y\n", 100_000), "import_row"},
		{"one endless field", header + strings.Repeat("x", 1<<20), "import_row"},
		{"lines that never end", header + good + strings.Repeat("x,", 1<<20), "import_row"},
		{"CR alone after the first line", header + strings.Repeat(strings.ReplaceAll(good, "\n", "\r"), 10_000), "import_row"},
		{"header with open quote", `"number`, "import_unreadable"},
	} {
		r, err := w.importText(c.text, issuer.ImportOptions{})
		if explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", c.name, err, c.code)
			continue
		}
		silent(t, err.Error(), []fixtures.Row{{Number: "MD100000-8", GivenName: "Vrandr", FamilyName: "Zhelm", NPI: "1234567893"}})
		if strings.HasPrefix(c.name, "a quote") && r.Added+r.Unchanged != 1 {
			t.Errorf("%s: rows before it: %+v", c.name, r)
		}
	}
	// A byte order mark and Windows line ends are common and harmless.
	text := "\xef\xbb\xbf" + strings.ReplaceAll(header+line(map[string]string{"number": "BOM1"}), "\n", "\r\n")
	if r, err := w.importText(text, issuer.ImportOptions{}); err != nil || r.Added != 1 {
		t.Errorf("%+v, %v", r, err)
	}
}

// endless is a register without end.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	if e.n++; e.n == 1 {
		return copy(p, header), nil
	}
	return copy(p, line(map[string]string{"number": fmt.Sprint(e.n), "family_name": ""})), nil
}

func TestImportMemoryIsBoundedAndCancelled(t *testing.T) {
	w := newWorld(t)
	c, cancel := context.WithCancel(ctx)
	defer cancel()
	src := &endless{}
	stop := io.TeeReader(src, writerFunc(func(p []byte) {
		if src.n == 100_000 {
			cancel()
		}
	}))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r, err := w.board.Import(c, stop, w.mapped, issuer.ImportOptions{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if !errors.Is(err, context.Canceled) || r.Bad < 90_000 || len(r.BadRows) > 1000 {
		t.Fatalf("%d bad, %d listed, %v", r.Bad, len(r.BadRows), err)
	}
	if after.HeapAlloc > before.HeapAlloc+8<<20 {
		t.Errorf("%d bytes stay after 100,000 bad rows", after.HeapAlloc-before.HeapAlloc)
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) { f(p); return len(p), nil }

func TestMapping(t *testing.T) {
	w := newWorld(t)
	m, err := issuer.ParseMapping([]byte(`{"format":1,"name":"Ohio nursing","delimiter":";",
		"columns":{"number":"Lic. No.","profession":"Class","given_name":"First","family_name":"Last","issued":"Orig.","expires":"Exp.","status":"Stat"},
		"constants":{"type":"ProfessionalLicence","jurisdiction":"US-OH"},
		"dates":["MM/DD/YYYY","D MMM YYYY","DD/MM/YYYY"],
		"values":{"status":{"ACT":"current","SUS":"suspended"},"profession":{"RN":"Registered nurse"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	file := "Extra;Lic. No.;Class;First;Last;Orig.;Exp.;Stat\n" +
		"x;RN1;RN;A;B;01/31/2020;3 Feb 2030;ACT\n" +
		"x;RN2;RN;A;B;01/31/2020;25/12/2030;SUS\n" +
		"x;RN3;RN;A;B;01/31/2020;01/02/2030;ACT\n" +
		"x;RN4;LPN;A;B;01/31/2020;3 Feb 2030;ACT\n" +
		"x;RN5;RN;A;B;01/31/2020;2030-01-01;ACT\n"
	r, err := w.board.Import(ctx, strings.NewReader(file), m, issuer.ImportOptions{})
	if err != nil || r.Added != 2 || r.Bad != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, want := range []issuer.BadRow{{Line: 4, Column: "Exp.", Code: "ambiguous_date"}, {Line: 5, Column: "Class", Code: "unknown_value"}, {Line: 6, Column: "Exp.", Code: "bad_date"}} {
		got := r.BadRows[i]
		got.Reason = ""
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	l, err := w.board.Find(ctx, "RN2")
	if err != nil || l.Status != ledger.SuspendedStatus || l.Record.Expires != "2030-12-25" || l.Record.Profession != "Registered nurse" {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestMappingRefusals(t *testing.T) {
	base := string(mappings.Bonafide)
	for name, text := range map[string]string{
		"not JSON":          "x",
		"unknown member":    strings.Replace(base, `"format"`, `"formats":1,"format"`, 1),
		"format":            strings.Replace(base, `"format": 1`, `"format": 2`, 1),
		"field missing":     strings.Replace(base, `"expires": "expires",`, ``, 1),
		"unknown field":     strings.Replace(base, `"expires": "expires",`, `"expires": "expires", "born": "x",`, 1),
		"column twice":      strings.Replace(base, `"expires": "expires"`, `"expires": "issued"`, 1),
		"empty column":      strings.Replace(base, `"npi": "npi"`, `"npi": ""`, 1),
		"column + constant": strings.Replace(base, `"dates"`, `"constants":{"type":"X"},"dates"`, 1),
		"date without year": strings.Replace(base, `YYYY-MM-DD`, `MM-DD`, 1),
		"date with digits":  strings.Replace(base, `YYYY-MM-DD`, `YYYY-MM-DD 15`, 1),
		"two-digit year":    strings.Replace(base, `YYYY-MM-DD`, `YY-MM-DD`, 1),
		"same date twice":   strings.Replace(base, `"YYYY-MM-DD"`, `"YYYY-MM-DD","YYYY-MM-DD"`, 1),
		"status value":      strings.Replace(base, `"dates"`, `"values":{"status":{"A":"active"}},"dates"`, 1),
		"value of number":   strings.Replace(base, `"dates"`, `"values":{"number":{"A":"B"}},"dates"`, 1),
		"delimiter":         strings.Replace(base, `"format"`, `"delimiter":"ab","format"`, 1),
		"quote delimiter":   strings.Replace(base, `"format"`, `"delimiter":"\"","format"`, 1),
	} {
		if text == base {
			t.Errorf("%s: the case changes nothing", name)
		}
		if _, err := issuer.ParseMapping([]byte(text)); explain.CodeOf(err) != "mapping_malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzMapping(f *testing.F) {
	f.Add(mappings.Bonafide)
	f.Add([]byte(`{"format":1,"columns":{},"constants":{"number":"1"},"dates":["YYYY"],"values":{"status":{"A":"current"}}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := issuer.ParseMapping(b)
		if err != nil {
			if m != nil || explain.CodeOf(err) != "mapping_malformed" {
				t.Fatalf("%v beside %v", m, err)
			}
		}
	})
}

// dryStore knows no licence and takes no write.
type dryStore struct{ issuer.Store }

func (dryStore) ByKeys(_ context.Context, k []issuer.Key) ([]issuer.Licence, error) {
	return make([]issuer.Licence, len(k)), nil
}

// noLedger is a ledger that importing never asks.
type noLedger struct{ issuer.Ledger }

func (noLedger) ChainID() string { return chain }

func FuzzImportCSV(f *testing.F) {
	m, err := issuer.ParseMapping(mappings.Bonafide)
	if err != nil {
		f.Fatal(err)
	}
	b, err := issuer.New(issuer.Config{
		People: oneperson,
		DID:    boardDID, Issuing: newSigner(1), LedgerKey: newSigner(2), Store: dryStore{}, Ledger: noLedger{},
		Now: fixedNow, Rand: strings.NewReader(""),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(header + line(nil)))
	f.Add([]byte("\xef\xbb\xbf" + header + line(map[string]string{"npi": "x"}) + `"`))
	f.Add([]byte(header + "\"a\"\"b\",,,,,,,,,,\r\n\n\n=1,2"))
	f.Fuzz(func(t *testing.T, file []byte) {
		r, err := b.Import(ctx, bytes.NewReader(file), m, issuer.ImportOptions{DryRun: true})
		if err != nil && explain.CodeOf(err) == "" {
			t.Fatalf("no code: %v", err)
		}
		if r.Added+r.Changed+r.Unchanged+r.Bad > r.Rows || err == nil && r.Added+r.Bad != r.Rows {
			t.Fatalf("%+v", r)
		}
		for _, w := range r.BadRows {
			if w.Line < 2 || w.Code == "" || w.Reason == "" {
				t.Fatalf("%+v", w)
			}
		}
	})
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte(`{"format":1,"grace":[{"type":"ProfessionalLicence","jurisdiction":"US-IA","days":59}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := issuer.ParseSettings(b)
		if err != nil && (explain.CodeOf(err) != "board_settings" || s.Grace != nil) {
			t.Fatalf("%+v beside %v", s, err)
		}
		for _, g := range s.Grace {
			if g.Days < 0 || g.Days > 366 {
				t.Fatalf("%+v", g)
			}
		}
	})
}

// repeated is a file without end whose reading is counted.
type repeated struct {
	head string
	c    byte
	n    int64
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.head != "" {
		n := copy(p, r.head)
		r.head = r.head[n:]
		return n, nil
	}
	for i := range p {
		p[i] = r.c
	}
	r.n += int64(len(p))
	return len(p), nil
}

// TestThreat69_EndlessBytes: of a field of 100 MB, or of any size, no more is
// read than a row can have.
func TestThreat69_EndlessBytes(t *testing.T) {
	w := newWorld(t)
	for _, c := range []byte{'x', ',', '"', '\r', 0, ' '} {
		src := &repeated{head: header + `a,"`, c: c}
		_, err := w.board.Import(ctx, src, w.mapped, issuer.ImportOptions{DryRun: true})
		if explain.CodeOf(err) != "import_row" || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v", c, err)
		}
		if src.n > 256<<10 {
			t.Errorf("%q: %d bytes were read", c, src.n)
		}
	}
}

// TestThreat69_RowErrorsAreTold: every bad row is reported, in the order of the
// file, beyond the thousand that a report lists.
func TestThreat69_RowErrorsAreTold(t *testing.T) {
	w := newWorld(t)
	text := header
	for i := range 2500 {
		f := map[string]string{"number": fmt.Sprintf("N%d", i)}
		if i%2 == 0 {
			f["npi"] = "="
		}
		text += line(f)
	}
	var got []issuer.BadRow
	r, err := w.importText(text, issuer.ImportOptions{DryRun: true, Bad: func(b issuer.BadRow) error {
		got = append(got, b)
		return nil
	}})
	if err != nil || r.Bad != 1250 || len(got) != 1250 || len(r.BadRows) != 1000 {
		t.Fatalf("%d bad, %d told, %d listed, %v", r.Bad, len(got), len(r.BadRows), err)
	}
	for i, b := range got {
		if b.Line != 2*i+2 {
			t.Fatalf("line %d at %d", b.Line, i)
		}
	}
	stop := errors.New("disk full")
	if _, err := w.importText(text, issuer.ImportOptions{Bad: func(issuer.BadRow) error { return stop }}); !errors.Is(err, stop) {
		t.Errorf("%v", err)
	}
}
