package issuer_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/assets/mappings"
	"bonafide/internal/fixtures"
	"bonafide/issuer"
	"bonafide/ledger"
)

var update = flag.Bool("update", false, "write testdata anew")

// night imports rows as Ada.
func (w *world) night(rows []fixtures.Row) issuer.ImportReport {
	w.t.Helper()
	return w.importRows(rows)
}

func counts(r issuer.ImportReport) string {
	var out []string
	for _, c := range r.Counts {
		out = append(out, fmt.Sprintf("%s%s %s %d", c.Act, strings.TrimSuffix(" "+c.To, " "), c.State, c.Rows))
	}
	slices.Sort(out)
	return strings.Join(out, "; ")
}

// changedRows is a night on which everything happens once, and on row 7 nothing.
func changedRows(rows []fixtures.Row) []fixtures.Row {
	next := slices.Clone(rows)
	next[0].Expires = "2041-01-31"
	next[1].Status = "suspended"
	next[2].FamilyName = "Zhquolm"
	next[3].Status = "inactive"
	next[4].Expires = rows[4].Issued // an earlier end is no renewal
	next[5].Status = "revoked"
	next[6].Status, next[6].Expires = "probation", "2041-01-31" // two acts in one row
	return next
}

// TestNightlyFile: a changed row is the act that it means; a dry run shows it
// before; what needs a second person waits; the same file again adds nothing.
func TestNightlyFile(t *testing.T) {
	w, rows := desk(t, 8)
	next := changedRows(rows)
	sent := len(w.node.sent)
	dry, err := w.board.Import(ctx, bytes.NewReader(w.csv(next)), w.mapped, issuer.ImportOptions{DryRun: true, Person: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	if p := w.pending(); len(p) != 0 || w.licence(rows[0].Number).Record.Expires != issuer.Date(rows[0].Expires) {
		t.Fatal("a dry run did something")
	}
	r := w.night(next)
	const want = "renew done 2; replace waiting_for_approval 2; status inactive done 1; status probation done 1; status revoked waiting_for_approval 1; status suspended waiting_for_approval 1"
	for what, x := range map[string]issuer.ImportReport{"dry": dry, "real": r} {
		if counts(x) != want || x.Changed != 7 || x.Unchanged != 1 || x.Waiting != 4 || x.Bad != 0 || len(x.Acts) != 8 {
			t.Errorf("%s: %s\n%+v", what, counts(x), x)
		}
	}
	if dry.Import != 0 || r.Import != 1 || len(w.node.sent) != sent {
		t.Errorf("imports %d and %d; %d transactions", dry.Import, r.Import, len(w.node.sent)-sent)
	}
	for i, a := range r.Acts {
		x := dry.Acts[i]
		x.ID = a.ID
		if fmt.Sprint(x) != fmt.Sprint(a) || (a.State == "waiting_for_approval") != (a.ID > 0) {
			t.Errorf("%+v was shown as %+v", a, x)
		}
	}
	if a := r.Acts[0]; a.Line != 2 || a.Act != issuer.KindRenew || a.From != rows[0].Expires || a.To != "2041-01-31" {
		t.Errorf("%+v", a)
	}
	if a := r.Acts[1]; a.From != "current" || a.To != "suspended" || a.Line != 3 {
		t.Errorf("%+v", a)
	}
	if a := r.Acts[2]; !slices.Equal(a.Fields, []string{"family_name"}) {
		t.Errorf("%+v", a)
	}
	shown, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	silent(t, string(shown), next)

	// The same file while they wait changes nothing and adds no second act.
	for range 2 {
		if again := w.night(next); again.Changed != 0 || again.Unchanged != 8 || again.Kept != 4 || again.Import != 0 || len(w.pending()) != 4 {
			t.Errorf("again: %+v, %d wait", again, len(w.pending()))
		}
	}
	_, err = w.board.ApproveImport(ctx, r.Import, "Ada", nil)
	w.wantCode(err, "act_own", "approving one's own import")
	rep, err := w.board.ApproveImport(ctx, r.Import, "Bea", nil)
	if err != nil || rep.Approved != 4 || rep.Refused != 0 {
		t.Fatalf("%+v, %v", rep, err)
	}
	_, err = w.board.ApproveImport(ctx, r.Import, "Bea", nil)
	w.wantCode(err, "import_unknown", "approving it again")
	w.issue()
	for i, v := range []ledger.Status{0, ledger.SuspendedStatus, 0, ledger.Inactive, 0, ledger.Revoked, ledger.Probation, 0} {
		if i == 4 {
			continue // it has run out
		}
		if s := w.copyOf(rows[i].Number); s.status != v {
			t.Errorf("row %d: %s, want %s", i, s.status, v)
		}
	}
	if again := w.night(next); again.Unchanged != 8 || again.Kept != 0 {
		t.Errorf("afterwards: %+v", again)
	}
	if a := w.alarms(); a != (issuer.Alarms{}) {
		t.Errorf("%+v", a)
	}
}

// TestAbsenceIsNoRemoval: a licence that the file does not mention stays.
func TestAbsenceIsNoRemoval(t *testing.T) {
	w, rows := desk(t, 3)
	before := w.licence(rows[0].Number)
	if r := w.night(rows[1:]); r.Unchanged != 2 || len(r.Acts) != 0 {
		t.Errorf("%+v", r)
	}
	if w.licence(rows[0].Number) != before {
		t.Error("it changed")
	}
}

// TestNightlyAlone: with one person the acts of a file go on, and the report
// says so.
func TestNightlyAlone(t *testing.T) {
	w, rows := desk(t, 8)
	w.people = nil
	r := w.night(changedRows(rows))
	if !r.Alone || r.Waiting != 0 || len(w.pending()) != 0 || w.licence(rows[1].Number).Status != ledger.SuspendedStatus {
		t.Errorf("%+v", r)
	}
	w.issue()
	w.audit()
}

// TestThreat77_OldExportUndoesNothing: what a person decided since the last
// file is not undone by a file that still says the old.
func TestThreat77_OldExportUndoesNothing(t *testing.T) {
	w, rows := desk(t, 4)
	w.people = nil
	if _, err := w.board.Replace(ctx, issuer.ReplaceAct{Ref: rows[0].Number, FamilyName: ptr("Zhquolm"), Reason: "r", Person: "Ada"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.board.Renew(ctx, issuer.RenewAct{Ref: rows[1].Number, Expires: "2044-01-01", Person: "Ada"}); err != nil {
		t.Fatal(err)
	}
	w.setStatus(rows[2].Number, ledger.SuspendedStatus)
	w.setStatus(rows[3].Number, ledger.Revoked)
	r := w.night(rows)
	if r.Changed != 0 || r.Kept != 3 || r.Bad != 1 || r.BadRows[0].Code != "status_final" || r.BadRows[0].Line != 5 {
		t.Errorf("%+v", r)
	}
	if w.licence(rows[0].Number).Record.FamilyName != "Zhquolm" || w.licence(rows[1].Number).Record.Expires != "2044-01-01" || w.licence(rows[2].Number).Status != ledger.SuspendedStatus {
		t.Error("an old file undid a decision")
	}
	// A file in which one thing is new changes that and nothing else.
	rows[0].GivenName = "Xhue"
	rows[1].Expires = "2045-01-01"
	rows[2].Status = "probation"
	rows[3].Status = "revoked" // it has caught up
	if r := w.night(rows); counts(r) != "renew done 1; replace done 1; status probation done 1" || r.Bad != 0 {
		t.Errorf("%s: %+v", counts(r), r)
	}
	if l := w.licence(rows[0].Number).Record; l.FamilyName != "Zhquolm" || l.GivenName != "Xhue" {
		t.Errorf("%+v", l)
	}
	w.issue()
	w.audit()
}

// TestNewerFileOvertakesItsOwnActs: while an act of a file waits, a newer file
// may change it or take it back; a person's act it may not.
func TestNewerFileOvertakesItsOwnActs(t *testing.T) {
	w, rows := desk(t, 5)
	one := slices.Clone(rows)
	one[0].Status = "suspended"
	one[1].FamilyName = "Zhquolm"
	one[2].FamilyName = "Psoilm"
	w.night(one)
	if len(w.pending()) != 3 {
		t.Fatalf("%d wait", len(w.pending()))
	}
	two := slices.Clone(one)
	two[0].Status = "current"     // taken back
	two[1].GivenName = "Xhue"     // goes on from the name that waits
	two[2].Expires = "2043-01-01" // a renewal, which needs nobody
	two[3].Status = "revoked"     // new
	r := w.night(two)
	if counts(r) != "renew done 1; replace waiting_for_approval 1; status revoked waiting_for_approval 1" {
		t.Errorf("%s", counts(r))
	}
	p := w.pending()
	if len(p) != 3 {
		t.Fatalf("%d wait", len(p))
	}
	for _, x := range p {
		if _, err := w.board.Approve(ctx, x.ID, "Bea"); err != nil {
			t.Errorf("act %d: %v", x.ID, err)
		}
	}
	a, b, c := w.licence(rows[0].Number), w.licence(rows[1].Number).Record, w.licence(rows[2].Number).Record
	if a.Status != ledger.Current || b.FamilyName != "Zhquolm" || b.GivenName != "Xhue" || c.FamilyName != "Psoilm" || c.Expires != "2043-01-01" {
		t.Errorf("%s %+v %+v", a.Status, b, c)
	}

	// A person's act: the file that says the same adds nothing, another word is
	// an error that comes again until somebody decided.
	o, err := w.board.Status(ctx, issuer.StatusAct{Ref: rows[4].Number, Value: ledger.SuspendedStatus, Person: "Bea"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		two[4].Status = "revoked"
		if r := w.night(two); r.Bad != 1 || r.BadRows[0].Code != "act_open" || r.BadRows[0].Column != "status" {
			t.Errorf("%+v", r)
		}
	}
	two[4].Status = "suspended"
	if r := w.night(two); r.Bad+len(r.Acts) != 0 || len(w.pending()) != 1 {
		t.Errorf("%+v", r)
	}
	two[4].Status = "current"
	if r := w.night(two); r.Bad+len(r.Acts) != 0 || len(w.pending()) != 1 {
		t.Errorf("%+v", r)
	}
	if err := w.board.Reject(ctx, o.ID, "Ada", "no"); err != nil {
		t.Fatal(err)
	}
	two[4].Status = "revoked"
	if r := w.night(two); r.Waiting != 1 {
		t.Errorf("%+v", r)
	}
}

// TestRejectedIsNotAskedAgain: what the second person refused does not come
// back with every night's file, but shows as not followed.
func TestRejectedIsNotAskedAgain(t *testing.T) {
	w, rows := desk(t, 1)
	rows[0].Status = "suspended"
	w.night(rows)
	if err := w.board.Reject(ctx, w.pending()[0].ID, "Bea", "a mistake of the other system"); err != nil {
		t.Fatal(err)
	}
	if r := w.night(rows); r.Kept != 1 || len(r.Acts) != 0 || len(w.pending()) != 0 {
		t.Errorf("%+v", r)
	}
	rows[0].Status = "current"
	w.night(rows)
	rows[0].Status = "suspended" // it says so anew
	if r := w.night(rows); r.Waiting != 1 {
		t.Errorf("%+v", r)
	}
}

// TestOnlyMappedFieldsCount: what a mapping has no column for is not changed
// by its file.
func TestOnlyMappedFieldsCount(t *testing.T) {
	w, rows := desk(t, 2)
	w.people = nil
	short, err := issuer.ParseMapping([]byte(strings.NewReplacer(`"npi": "npi",`, ``, `"given_name": "given_name",`, ``, `"status": "status",`, `"status": "status"`, `"conditions": "conditions"`, ``).Replace(string(mappings.Bonafide))))
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.board.Import(ctx, bytes.NewReader(w.csv(rows)), short, issuer.ImportOptions{Person: "Ada"})
	if err != nil || r.Unchanged != 2 || r.Kept != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	rows[0].FamilyName = "Zhquolm"
	if r, err = w.board.Import(ctx, bytes.NewReader(w.csv(rows)), short, issuer.ImportOptions{Person: "Ada"}); err != nil || counts(r) != "replace done 1" {
		t.Fatalf("%s, %v", counts(r), err)
	}
	if l := w.licence(rows[0].Number).Record; l.NPI != rows[0].NPI || l.GivenName != rows[0].GivenName || l.FamilyName != "Zhquolm" {
		t.Errorf("%+v", l)
	}
}

// TestWashington: the layout that Washington State publishes, of people who do
// not exist.
func TestWashington(t *testing.T) {
	w := newWorld(t)
	const path = "testdata/washington.csv"
	var b bytes.Buffer
	if err := fixtures.WriteWashington(&b, 12, 60, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, b.Bytes()) {
		t.Error("the file is not the one that the seed gives; go test -update writes it")
	}
	m, err := issuer.ParseMapping(mappings.Washington)
	if err != nil {
		t.Fatal(err)
	}
	r, err := w.board.Import(ctx, bytes.NewReader(file), m, issuer.ImportOptions{Person: "Ada"})
	if err != nil || r.Added != 60 || r.Bad != 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	seen := map[ledger.Status]int{}
	middle := 0
	lines := strings.Split(string(file), "\n")[1:]
	for i := range 60 {
		f := strings.Split(lines[i], ",")
		l := w.licence(f[0])
		seen[l.Status]++
		given := f[2]
		if f[3] != "" {
			given += " " + f[3]
			middle++
		}
		if l.Record.GivenName != given || l.Record.FamilyName != f[1] || l.Record.Profession != f[4] || l.Record.Jurisdiction != "US-WA" || l.Record.Type != issuer.ProfessionalLicence {
			t.Errorf("%+v", l.Record)
		}
		if want := strings.ReplaceAll(string(l.Record.Expires), "-", ""); want != f[10] && i%2 == 0 {
			t.Errorf("%s of %s", want, f[10])
		}
	}
	for _, s := range []ledger.Status{ledger.Current, ledger.Condition, ledger.Probation, ledger.Expired, ledger.SuspendedStatus, ledger.Revoked} {
		if seen[s] == 0 {
			t.Errorf("nobody is %s", s)
		}
	}
	if middle == 0 {
		t.Error("nobody has a middle name")
	}
	// A word that is not known is never guessed.
	for _, word := range []string{"Pending", "Denied", "Closed", "Active But Odd", "active", ""} {
		text := strings.Join(fixtures.WashingtonHeader, ",") + "\nMD60999999,Zhelm,Vrandr,,Physician And Surgeon License," + word + ",1980,,20200131,20200131,20300131,No\n"
		r, err := w.board.Import(ctx, strings.NewReader(text), m, issuer.ImportOptions{DryRun: true})
		if err != nil || r.Bad != 1 || r.BadRows[0].Code != "unknown_value" || r.BadRows[0].Column != "Status" {
			t.Errorf("%q: %+v, %v", word, r, err)
		}
	}
	again, err := w.board.Import(ctx, bytes.NewReader(file), m, issuer.ImportOptions{Person: "Ada"})
	if err != nil || again.Unchanged != 60 {
		t.Errorf("%+v, %v", again, err)
	}
}

func TestJoinedColumns(t *testing.T) {
	base := string(mappings.Washington)
	for name, text := range map[string]string{
		"a date of two columns":  strings.Replace(base, `"ExpirationDate"`, `["ExpirationDate","CEDueDate"]`, 1),
		"a number of two":        strings.Replace(base, `"CredentialNumber"`, `["CredentialNumber","BirthYear"]`, 1),
		"no column":              strings.Replace(base, `"CredentialType"`, `[]`, 1),
		"five columns":           strings.Replace(base, `"CredentialType"`, `["A","B","C","D","E"]`, 1),
		"one column twice":       strings.Replace(base, `"CredentialType"`, `["A","A"]`, 1),
		"a column of two fields": strings.Replace(base, `"LastName"`, `"MiddleName"`, 1),
		"a number for a name":    strings.Replace(base, `"LastName"`, `7`, 1),
		"null":                   strings.Replace(base, `"LastName"`, `null`, 1),
	} {
		if text == base {
			t.Errorf("%s: the case changes nothing", name)
		}
		_, err := issuer.ParseMapping([]byte(text))
		(&world{t: t}).wantCode(err, "mapping_malformed", name)
	}
}

// TestThreat17_WordsOfAFileNameNoClaim: whatever a file or a person writes into
// a field stays the value of that field; the names in a credential are ours.
func TestThreat17_WordsOfAFileNameNoClaim(t *testing.T) {
	w := newWorld(t)
	rows := medicine(w, 2)
	keys := func(ref string) string {
		var out []string
		var walk func(path string, v any)
		walk = func(path string, v any) {
			switch x := v.(type) {
			case map[string]any:
				for k, e := range x {
					out = append(out, path+"/"+k)
					walk(path+"/"+k, e)
				}
			case []any:
				for _, e := range x {
					walk(path+"[]", e)
				}
			}
		}
		walk("", w.copyOf(ref).claims)
		slices.Sort(out)
		return strings.Join(out, "\n")
	}
	const evil = `x","status":"current","type":["Admin"],"a":"`
	rows[0].Conditions = "Supervised"
	rows[1].Conditions, rows[1].Profession, rows[1].GivenName = evil, evil, `"}},"issuer":"did:key:z`
	w.importRows(rows)
	w.issue()
	if a, b := keys(rows[0].Number), keys(rows[1].Number); a != b {
		t.Errorf("names\n%s\nand\n%s", a, b)
	}
	if _, err := w.board.Replace(ctx, issuer.ReplaceAct{Ref: rows[0].Number, FamilyName: ptr(evil), Reason: evil, Person: "Ada"}); err != nil {
		t.Fatal(err)
	}
	before := keys(rows[1].Number)
	w.issue()
	if got := w.copyOf(rows[0].Number).claims["credentialSubject"].(map[string]any)["familyName"]; got != evil || keys(rows[0].Number) != before {
		t.Errorf("%v", got)
	}
}
