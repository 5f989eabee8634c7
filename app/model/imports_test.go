package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"bonafide/assets/mappings"
	"bonafide/internal/explain"
	"bonafide/internal/testkit/town"
	"bonafide/issuer"
)

// filing is a board into whose register files go.
type filing struct {
	*town.Town
	during func(done int) // told after each chunk of rows
	late   error          // why what is due cannot be sent
	sent   int
}

func (f *filing) Import(ctx context.Context, file io.Reader, m *issuer.Mapping, o issuer.ImportOptions) (issuer.ImportReport, error) {
	o.Person = "owner"
	told := o.Progress
	o.Progress = func(step string, done, total int) {
		told(step, done, total)
		if f.during != nil {
			f.during(done)
		}
	}
	return f.Board.Import(ctx, file, m, o)
}

func (f *filing) SendDue(ctx context.Context) (int, error) {
	f.sent++
	if f.late != nil {
		return 0, f.late
	}
	return f.Board.SendDue(ctx)
}

const fileHeader = "number,type,jurisdiction,profession,given_name,family_name,npi,issued,expires,status,conditions\n"

func csvFile(name, rows string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(rows)), nil }}
}

func csvRow(number, family, expires, status string) string {
	return fmt.Sprintf("%s,ProfessionalLicence,US-OH,Physician,Orbel,%s,,2015-01-02,%s,%s,\n", number, family, expires, status)
}

func filed(t *testing.T) (*Imports, *filing) {
	t.Helper()
	f := &filing{Town: town.New(t, 1)}
	return NewImports(func() (Importing, error) { return f, nil }, English(), func() {}), f
}

// TestImport: a file is looked at first and said in words, group by group; then
// it goes in, and the same file again says nothing new.
func TestImport(t *testing.T) {
	ctx := t.Context()
	m, f := filed(t)
	if st := m.State(); st.Phase != ImportEmpty || st.File != "" || st.Ready || len(st.Mappings) != 2 {
		t.Fatalf("%+v", st)
	}
	m.Take(ctx, csvFile("first.csv", fileHeader+csvRow("A1", "Zhquolm", "2040-06-30", "current")+csvRow("A2", "Tallenbrix", "2040-12-31", "current")+csvRow("A3", "Psoilm", "2040-12-31", "current")))
	st := m.State()
	if st.Phase != ImportChecked || !st.Ready || st.Summary != "3 new licences" || st.Wrong || !strings.Contains(st.Title, "Nothing is changed yet") {
		t.Fatalf("%+v", st)
	}
	if _, err := f.Find(ctx, "A1"); explain.CodeOf(err) != "licence_unknown" {
		t.Fatal("looking at a file changed the register", err)
	}
	m.Show("added")
	if st = m.State(); len(st.Lines) != 3 || st.Lines[0].Line != "Line 2" || st.Lines[2].Line != "Line 4" {
		t.Errorf("%+v", st.Lines)
	}
	m.Import(ctx)
	st = m.State()
	if st.Phase != ImportDone || st.Ready || st.Trouble.Code != "" || st.Summary != "3 new licences" || f.sent != 1 {
		t.Fatalf("%+v", st)
	}
	if _, err := f.Find(ctx, "A1"); err != nil {
		t.Fatal(err)
	}
	m.Import(ctx) // there is nothing that could be done
	m.Check(ctx)
	if st = m.State(); st.Ready || st.Summary != "The register says all of it already: there is nothing to do." || st.Groups[0].Title != "3 rows say nothing new" || st.Groups[0].Opens {
		t.Errorf("%+v", st)
	}

	// The night's file: what changes and how, in words.
	second := fileHeader + csvRow("A1", "Zhquolm", "2042-06-30", "current") + csvRow("A2", "Tallenbrix", "2040-12-31", "probation") +
		csvRow("A4", "=1+1", "2040-12-31", "current") + csvRow("A3", "Quastine", "2040-12-31", "current") + csvRow("A5", "Qulm", "31.12.2040", "current")
	m.Take(ctx, csvFile("second.csv", second))
	st = m.State()
	if want := "1 renewal, 1 change to “On probation”, 1 replacement, 2 rows wrong"; st.Summary != want {
		t.Errorf("%q, want %q", st.Summary, want)
	}
	said := map[string]string{}
	for _, g := range st.Groups {
		m.Show(g.ID)
		for _, l := range m.State().Lines {
			said[g.Title] += l.Line + ": " + l.Says + "\n"
		}
	}
	for title, want := range map[string]string{
		"1 renewal":                  "Line 2: It runs until 30 Jun 2042 instead of 30 Jun 2040.\n",
		"1 change to “On probation”": "Line 3: From “Current” to “On probation”.\n",
		"1 replacement":              "Line 5: What changes: Family name.\n",
		"2 rows wrong":               "Line 4: Column “family_name”: It begins like a formula of a spreadsheet.\nLine 6: Column “expires”: It is no date as the mapping says that dates are written.\n",
	} {
		if said[title] != want {
			t.Errorf("%s: %q", title, said[title])
		}
	}
	if last := st.Groups[len(st.Groups)-1]; last.ID != "bad" || last.Tone != Bad || !st.Wrong {
		t.Errorf("%+v", last)
	}
	var b bytes.Buffer
	if err := m.WriteErrors(&b); err != nil || !strings.HasPrefix(b.String(), "line,column,code,reason\n4,family_name,formula,") || strings.Contains(b.String(), "1+1") {
		t.Errorf("%q, %v", b.String(), err)
	}
	m.Import(ctx)
	if st = m.State(); st.Notice.Code != "four_eyes_alone" || st.Waiting != "" || !st.Wrong {
		t.Errorf("%+v", st)
	}
	m.Clear()
	if st = m.State(); st.Phase != ImportEmpty || st.File != "" || st.Wrong || st.Summary != "" {
		t.Errorf("%+v", st)
	}
}

// TestImportChoosesTheMapping: by what stands in the first line, unless a person
// chose; a mapping of one's own comes with the file or before it.
func TestImportChoosesTheMapping(t *testing.T) {
	ctx := t.Context()
	m, _ := filed(t)
	washington := "CredentialNumber,LastName,FirstName,MiddleName,CredentialType,Status,FirstIssueDate,ExpirationDate\nMD6,Tallenbrix,Mirvo,Q,Physician,Active,20150102,20401231\n"
	m.Take(ctx, csvFile("wa.csv", washington))
	if st := m.State(); st.Mapping != mappingWashington || !st.Guessed || st.Summary != "1 new licence" {
		t.Fatalf("%+v", st)
	}
	m.Choose(ctx, mappingBonafide)
	if st := m.State(); st.Trouble.Code != "import_columns" || st.Guessed || st.Ready || st.Phase == ImportChecked {
		t.Fatalf("%+v", st)
	}
	m.Choose(ctx, "nothing")
	own := bytes.ReplaceAll(mappings.Bonafide, []byte(`"number": "number"`), []byte(`"number": "No"`))
	m.Take(ctx, csvFile("ours.csv", strings.Replace(fileHeader, "number", "No", 1)+csvRow("B1", "Zhq", "2040-01-01", "current")), csvFile("ours.json", string(own)))
	if st := m.State(); st.Mapping != mappingOwn || len(st.Mappings) != 3 || st.Mappings[2].Title != "From a file: ours.json" || st.Summary != "1 new licence" {
		t.Fatalf("%+v", st)
	}
	m.Take(ctx, csvFile("broken.json", `{"columns":{}}`))
	if st := m.State(); st.Trouble.Code != "mapping_malformed" {
		t.Errorf("%+v", st.Trouble)
	}
	m.Take(ctx, csvFile("a.csv", fileHeader), csvFile("b.csv", fileHeader))
	if st := m.State(); st.Trouble.Code != "import_several" {
		t.Errorf("%+v", st.Trouble)
	}
}

// TestImportTroubles: what cannot be read, or is another file than was looked at,
// changes nothing; what the ledger does not hear of is said.
func TestImportTroubles(t *testing.T) {
	ctx := t.Context()
	m, f := filed(t)
	for code, text := range map[string]string{"import_unreadable": "", "import_utf16": "\xff\xfen\x00u\x00", "import_columns": "a,b\n1,2\n"} {
		m.Take(ctx, csvFile("x.csv", text))
		if st := m.State(); st.Trouble.Code != code || st.Ready || st.Summary != "" {
			t.Errorf("%s: %+v", code, st)
		}
	}
	m.Take(ctx, csvFile("x.csv", fileHeader))
	if st := m.State(); st.Ready || st.Summary != "The file has no rows." {
		t.Errorf("%+v", st)
	}
	m.Take(ctx, File{Name: "gone.csv", Open: func() (io.ReadCloser, error) { return nil, errors.New("gone") }})
	if st := m.State(); st.Trouble.Code != "file_unreadable" {
		t.Errorf("%+v", st)
	}
	// The place where reading ended is told.
	m.Take(ctx, csvFile("x.csv", fileHeader+csvRow("A1", "Zh", "2040-06-30", "current")+`A2,"`+strings.Repeat("x", 80<<10)))
	if st := m.State(); st.Trouble.Code != "import_row" || st.Said != "The file could be read as far as row 1." || st.Ready {
		t.Errorf("%+v", st)
	}

	n := 0
	m.Take(ctx, File{Name: "changes.csv", Open: func() (io.ReadCloser, error) {
		n++
		return io.NopCloser(strings.NewReader(fileHeader + csvRow("A1", strings.Repeat("Q", n/4+1), "2040-06-30", "current"))), nil
	}})
	for range 9 {
		if m.State().Ready {
			m.Import(ctx)
		}
	}
	if st := m.State(); st.Trouble.Code != "import_changed" || st.Ready {
		t.Errorf("%+v", st)
	}
	if _, err := f.Find(ctx, "A1"); explain.CodeOf(err) != "licence_unknown" {
		t.Error("a file that nobody looked at is in", err)
	}

	f.late = explain.Errorf("node_unreachable", "nobody answers")
	m.Take(ctx, csvFile("x.csv", fileHeader+csvRow("A1", "Zh", "2040-06-30", "current")))
	m.Import(ctx)
	if st := m.State(); st.Phase != ImportDone || st.Notice.Code != "node_unreachable" || !strings.Contains(st.Said, "The register has all of it") {
		t.Errorf("%+v", st)
	}

	locked := NewImports(func() (Importing, error) { return nil, explain.Errorf("passphrase_needed", "locked") }, English(), func() {})
	locked.Take(ctx, csvFile("x.csv", fileHeader+csvRow("A9", "Zh", "2040-06-30", "current")))
	if st := locked.State(); st.Trouble.Code != "passphrase_needed" || st.Ready {
		t.Errorf("%+v", st)
	}
}

// TestImportCancelled: what was done until then stays, whole, and is said; the same
// file goes on from there. A look that is cancelled changes nothing.
func TestImportCancelled(t *testing.T) {
	m, f := filed(t)
	var b strings.Builder
	b.WriteString(fileHeader)
	for i := range 5000 {
		b.WriteString(csvRow("C"+strconv.Itoa(i), "Zh", "2040-06-30", "current"))
	}
	file := csvFile("many.csv", b.String())
	f.during = func(int) { m.Work.Cancel() }
	m.Take(t.Context(), file)
	if st := m.State(); st.Said != "Stopped. Nothing was changed." || st.Ready || st.Phase != ImportEmpty || m.Work.State().Running {
		t.Fatalf("%+v", st)
	}
	shown := ""
	f.during = func(int) { shown = m.State().Rows }
	m.Check(t.Context())
	if st := m.State(); !st.Ready || st.Summary != "5,000 new licences" || !strings.HasSuffix(shown, "rows so far") || st.Rows != "" {
		t.Fatalf("%+v, %q", st, shown)
	}
	m.Show("added")
	if st := m.State(); len(st.Lines) != maxListed || st.More != "4,000 more rows are not listed here." {
		t.Errorf("%d lines, %q", len(st.Lines), st.More)
	}
	total := int64(0)
	f.during = func(int) {
		total = m.Work.State().Total
		m.Work.Cancel()
	}
	m.Import(t.Context())
	st := m.State()
	if st.Phase != ImportDone || !strings.HasPrefix(st.Said, "Stopped. 2,000 rows are done and stay so") || st.Summary != "2,000 new licences" || total != 5000 {
		t.Fatalf("%+v, %d", st, total)
	}
	f.during = nil
	m.Check(t.Context())
	if st = m.State(); st.Summary != "3,000 new licences" || !st.Ready {
		t.Errorf("%+v", st)
	}
	m.Import(t.Context())
	if st = m.State(); st.Said != "" || st.Summary != "3,000 new licences" {
		t.Errorf("%+v", st)
	}
}

// TestEveryRowProblemHasWords: whatever code issuer finds wrong with a row has a
// sentence here.
func TestEveryRowProblemHasWords(t *testing.T) {
	codes := map[string]bool{}
	files, err := filepath.Glob("../../issuer/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parser.ParseFile(gotoken.NewFileSet(), name, src, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			id, ok := lit.Type.(*ast.Ident)
			at := map[string]int{"problem": 1, "badRow": 2}[func() string {
				if ok {
					return id.Name
				}
				return ""
			}()]
			if at > 0 && len(lit.Elts) > at {
				if s, ok := lit.Elts[at].(*ast.BasicLit); ok {
					code, _ := strconv.Unquote(s.Value)
					codes[code] = true
				}
			}
			return true
		})
	}
	if len(codes) < 12 {
		t.Fatalf("only %v", codes)
	}
	unknown := rowProblem(English(), "no_such_code")
	for c := range codes {
		if got := rowProblem(English(), c); got == unknown || got == "" {
			t.Errorf("%s has no words", c)
		}
	}
}

// TestImportExample: the example that is offered is a file that goes in.
func TestImportExample(t *testing.T) {
	m, _ := filed(t)
	m.Take(t.Context(), csvFile("example.csv", string(ImportExample())))
	if st := m.State(); !st.Ready || st.Summary != "2 new licences" {
		t.Errorf("%+v", st)
	}
}

// TestSortBoardFiles: by content, whatever the names are.
func TestSortBoardFiles(t *testing.T) {
	register, claims := SortBoardFiles([]File{
		csvFile("a.json", fileHeader), csvFile("b.csv", `{"format":1,"presentation":{},"proof":"x"}`),
		csvFile("c", string(mappings.Washington)), csvFile("d", "\x89PNG\r\n\x1a\n"),
	})
	var names []string
	for _, f := range append(register, claims...) {
		names = append(names, f.Name)
	}
	if fmt.Sprint(names, len(claims)) != "[a.json c b.csv d] 2" {
		t.Error(names, len(claims))
	}
}

// reporting answers every import with one report.
type reporting struct{ rep issuer.ImportReport }

func (r reporting) Import(_ context.Context, file io.Reader, _ *issuer.Mapping, o issuer.ImportOptions) (issuer.ImportReport, error) {
	_, err := io.Copy(io.Discard, file)
	r.rep.DryRun = o.DryRun
	return r.rep, err
}

func (reporting) SendDue(context.Context) (int, error) { return 0, nil }

// TestImportThatWaits: what needs a second person is told apart, first as what
// would wait and then as what does.
func TestImportThatWaits(t *testing.T) {
	r := reporting{issuer.ImportReport{Rows: 24, Changed: 17, Waiting: 4, Bad: 5, Kept: 2, Unchanged: 2, KeptLines: []int{7, 9}, Import: 3, Counts: []issuer.ActCount{
		{Act: issuer.KindStatus, To: "suspended", State: "waiting_for_approval", Rows: 3},
		{Act: issuer.KindStatus, To: "void", State: "waiting_for_approval", Rows: 1},
		{Act: issuer.KindRenew, State: "done", Rows: 12},
		{Act: issuer.KindStatus, To: "revoked", State: "done", Rows: 1},
	}}}
	m := NewImports(func() (Importing, error) { return r, nil }, English(), func() {})
	m.Take(t.Context(), csvFile("night.csv", "x"))
	const want = "12 renewals, 1 revocation, 3 suspensions wait for approval, 1 change to “Void, replaced by a newer one” waits for approval, 5 rows wrong"
	if st := m.State(); st.Summary != want || st.Waiting != "" || st.Groups[2].Tone != Limited {
		t.Errorf("%+v", st)
	}
	m.Import(t.Context())
	st := m.State()
	if st.Summary != want || st.Waiting != "4 acts of this file wait for another person's approval." {
		t.Errorf("%+v", st)
	}
	m.Show("kept")
	if st = m.State(); len(st.Lines) != 2 || st.Lines[1].Line != "Line 9" || st.Groups[len(st.Groups)-1].ID != "kept" {
		t.Errorf("%+v", st)
	}
}
