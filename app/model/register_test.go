package model_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/ledger"
)

// fakeRegister is a register in memory.
type fakeRegister struct {
	mu      sync.Mutex
	rows    []issuer.Licence
	open    map[int64]issuer.DecisionState
	version int64
	err     error
	page    func(after int64) // before a page is read
	pages   int
}

func (f *fakeRegister) Version(context.Context) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.version, f.err
}

func (f *fakeRegister) Count(context.Context) (int, error) { return len(f.rows), f.err }

func (f *fakeRegister) Page(_ context.Context, after int64, limit int) ([]issuer.Licence, error) {
	if f.page != nil {
		f.page(after)
	}
	f.pages++
	at := int(after)
	return slices.Clone(f.rows[at:min(at+limit, len(f.rows))]), f.err
}

func (f *fakeRegister) Licences(_ context.Context, ids []int64) ([]issuer.Licence, error) {
	var out []issuer.Licence
	for _, id := range ids {
		out = append(out, f.rows[id-1])
	}
	return out, f.err
}

func (f *fakeRegister) Marks(_ context.Context, g func(issuer.Mark) error) error {
	for _, l := range f.rows {
		if err := g(issuer.Mark{ID: l.ID, StatusRev: l.StatusRev, SettledRev: l.SettledRev, Revision: l.Revision, IssuedRev: l.IssuedRev}); err != nil {
			return err
		}
	}
	return f.err
}

func (f *fakeRegister) OpenMarks(_ context.Context, g func(int64, issuer.DecisionState) error) error {
	for id, s := range f.open {
		if err := g(id, s); err != nil {
			return err
		}
	}
	return f.err
}

func (f *fakeRegister) change(g func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g()
	f.version++
}

func registerOf(n int) *fakeRegister {
	f := &fakeRegister{open: map[int64]issuer.DecisionState{}}
	for i := range n {
		f.rows = append(f.rows, issuer.Licence{
			ID: int64(i + 1), Revision: 1, IssuedRev: 1,
			Record: issuer.Record{
				Key:        issuer.Key{Type: issuer.ProfessionalLicence, Jurisdiction: "US-OH", Number: fmt.Sprintf("MD-%06d", i+1)},
				Profession: "Physician", GivenName: "Xhue", FamilyName: fmt.Sprintf("Quast%d", i+1), Issued: "2020-01-01", Expires: "2027-12-31",
			},
		})
	}
	return f
}

func deskOf(f *fakeRegister) *model.Register {
	return model.NewRegister(func(context.Context) (model.Registering, error) { return f, nil }, func() time.Time { return deskNow }, model.English(), func() {})
}

var deskNow = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func names(r *model.Register) []string {
	out := []string{}
	for i := range r.State().Found {
		row, _ := r.Row(i)
		out = append(out, row.Name)
	}
	return out
}

func TestRegisterRows(t *testing.T) {
	f := registerOf(6)
	f.rows[0].Record.FamilyName, f.rows[0].Record.GivenName = "Muñoz Łukasz", "Zoë"
	f.rows[1].Status, f.rows[1].StatusRev = ledger.SuspendedStatus, 1
	f.rows[2].Record.Expires = "2027-01-10"
	f.rows[3].Revision = 2
	f.rows[4].Record.Type, f.rows[4].Record.Jurisdiction = issuer.TrainingCertification, "US-NV"
	f.rows[5].Record.Expires, f.rows[5].Record.GivenName = "2026-01-10", ""
	f.open[5] = issuer.AwaitsApproval
	r := deskOf(f)
	if st := r.State(); st.Loaded || st.Found != 0 {
		t.Errorf("before anything is read: %+v", st)
	}
	r.Refresh(t.Context())
	if st := r.State(); !st.Loaded || st.Reading || st.Found != 6 || st.Count != "6 licences" {
		t.Errorf("%+v", st)
	}
	row, ok := r.Row(1)
	if want := (model.RegisterRow{ID: 2, Name: "Quast2, Xhue", What: "Professional licence, MD-000002, Ohio (US-OH)", Status: "Suspended", Tone: model.Bad, Until: "Expires on 31 Dec 2027.", Waits: []string{"Not on the ledger yet"}}); !ok || fmt.Sprint(row) != fmt.Sprint(want) {
		t.Errorf("%+v", row)
	}
	if row, _ = r.Row(5); row.Name != "Quast6" || row.Until != "Expired on 10 Jan 2026." {
		t.Errorf("%+v", row)
	}
	if _, ok := r.Row(6); ok {
		t.Error("there is a row beyond the last")
	}
	for _, x := range []struct {
		query string
		want  []string
	}{
		{"munoz", []string{"Muñoz Łukasz, Zoë"}},
		{"MUÑOZ zoe", []string{"Muñoz Łukasz, Zoë"}},
		{"lukasz", []string{"Muñoz Łukasz, Zoë"}},
		{"000003", []string{"Quast3, Xhue"}},
		{"training", []string{"Quast5, Xhue"}},
		{"nevada quast", []string{"Quast5, Xhue"}},
		{"  ", names(r)},
		{"nobody", []string{}},
		{"3quast", []string{}}, // words do not run over from one field into the next
	} {
		r.Search(x.query)
		if got := names(r); !slices.Equal(got, x.want) {
			t.Errorf("%q finds %q", x.query, got)
		}
	}
	r.Search("nobody")
	if c := r.State().Count; c != "0 found among 6" {
		t.Error(c)
	}
	r.Search("")
	for _, x := range []struct {
		f    model.Filter
		want []int64
	}{
		{model.FilterAll, []int64{1, 2, 3, 4, 5, 6}},
		{model.FilterNot, []int64{2}},
		{model.FilterExpiring, []int64{3}},
		{model.FilterDue, []int64{4}},
		{model.FilterApproval, []int64{5}},
		{model.FilterUnsettled, []int64{2}},
	} {
		r.Choose(x.f)
		got := []int64{}
		for i := range r.State().Found {
			row, _ := r.Row(i)
			got = append(got, row.ID)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("filter %d: %v", x.f, got)
		}
	}
	if n := len(model.Filters(model.English())); n != 6 {
		t.Error(n)
	}
}

// TestRegisterKeepsUp: what this process or another one changed is seen, and
// nothing is read while nothing changed.
func TestRegisterKeepsUp(t *testing.T) {
	f := registerOf(250)
	r := deskOf(f)
	r.Refresh(t.Context())
	pages := f.pages
	r.Search("zhquolm")
	f.change(func() {
		f.rows[199].Record.FamilyName, f.rows[199].Revision = "Zhquolm", 2
		f.open[200] = issuer.AwaitsDay
		f.rows[3].Status, f.rows[3].StatusRev = ledger.Revoked, 1
		f.rows = append(f.rows, registerOf(251).rows[250])
	})
	if got := names(r); len(got) != 0 {
		t.Error(got)
	}
	r.Refresh(t.Context())
	if got := names(r); !slices.Equal(got, []string{"Zhquolm, Xhue"}) {
		t.Error(got)
	}
	row, _ := r.Row(0)
	if !slices.Equal(row.Waits, []string{"A decision waits for its day", "Waits to be issued"}) {
		t.Errorf("%q", row.Waits)
	}
	r.Search("")
	if st := r.State(); st.Found != 251 || st.Count != "251 licences" {
		t.Errorf("%+v", st)
	}
	if row, _ := r.Row(3); row.Status != "Revoked" {
		t.Errorf("%+v", row)
	}
	f.change(func() { f.open, f.rows[199].IssuedRev = map[int64]issuer.DecisionState{}, 2 })
	r.Refresh(t.Context())
	if row, _ := r.Row(199); len(row.Waits) != 0 {
		t.Errorf("%q", row.Waits)
	}
	version := r.State().Version
	r.Refresh(t.Context())
	if f.pages != pages {
		t.Error("it read the whole register again")
	}
	if r.State().Trouble.Code != "" || r.State().Version < version {
		t.Error(r.State())
	}
}

// TestRegisterWhileReading: rows come, and a search answers, before all is read;
// it says how far it is.
func TestRegisterWhileReading(t *testing.T) {
	f := registerOf(2500)
	r := deskOf(f)
	var counts []string
	f.page = func(after int64) {
		switch after {
		case 0:
			r.Search("md-000050")
		case 100:
			if got := names(r); !slices.Equal(got, []string{"Quast50, Xhue"}) {
				t.Error(got)
			}
			fallthrough
		default:
			counts = append(counts, r.State().Count)
		}
	}
	r.Refresh(t.Context())
	if len(counts) < 2 || counts[0] != "Reading the register" || counts[1] != "1 found; so far searched 1,100 of 2,500" || r.State().Count != "1 found among 2,500" {
		t.Errorf("%q, then %q", counts, r.State().Count)
	}
}

// TestRegisterWipe: after a lock nothing of the register is left, not even of one
// that was being read.
func TestRegisterWipe(t *testing.T) {
	f := registerOf(1500)
	r := deskOf(f)
	f.page = func(after int64) {
		if after == 100 {
			r.Wipe()
		}
	}
	r.Refresh(t.Context())
	if st := r.State(); st.Loaded || st.Found != 0 || st.Read != 0 || len(names(r)) != 0 {
		t.Errorf("%+v", st)
	}
	f.page = nil
	r.Refresh(t.Context())
	if st := r.State(); st.Found != 1500 {
		t.Errorf("%+v", st)
	}
}

// TestRegisterTroubles: none, an error, and a locked home.
func TestRegisterTroubles(t *testing.T) {
	r := deskOf(registerOf(0))
	r.Refresh(t.Context())
	if st := r.State(); !st.Loaded || st.Reading || st.Count != "0 licences" || st.Trouble.Code != "" {
		t.Errorf("%+v", st)
	}
	f := registerOf(300)
	r = deskOf(f)
	f.page = func(after int64) {
		if after == 100 {
			f.err = explain.Errorf("data_damaged", "secret text")
		}
	}
	r.Refresh(t.Context())
	if st := r.State(); st.Trouble.Code != "data_damaged" || strings.Contains(fmt.Sprint(st), "secret text") || st.Found != 100 || st.Reading {
		t.Errorf("%+v", st)
	}
	f.page, f.err = nil, nil // tried again, it goes on
	r.Refresh(t.Context())
	if st := r.State(); st.Trouble.Code != "" || st.Found != 300 {
		t.Errorf("%+v", st)
	}
	locked := model.NewRegister(func(context.Context) (model.Registering, error) {
		return nil, explain.Errorf("passphrase_needed", "x")
	}, func() time.Time { return deskNow }, model.English(), func() {})
	locked.Refresh(t.Context())
	if st := locked.State(); st.Loaded || st.Trouble.Code != "passphrase_needed" {
		t.Errorf("%+v", st)
	}
}

// TestThreat68_RegisterRows: a name with characters that deceive shows them by
// their numbers, and is marked.
func TestThreat68_RegisterRows(t *testing.T) {
	f := registerOf(2)
	f.rows[0].Record.FamilyName = "Quast\u202Ehcet"
	r := deskOf(f)
	r.Refresh(t.Context())
	row, _ := r.Row(0)
	if !row.Odd || strings.ContainsRune(row.Name, '\u202E') || !strings.Contains(row.Name, "[U+202E]") {
		t.Errorf("%+v", row)
	}
	if row, _ = r.Row(1); row.Odd {
		t.Errorf("%+v", row)
	}
}
