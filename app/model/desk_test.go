package model

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/verifier"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// fake answers with what a test gives it.
type fake struct {
	verify func(context.Context, verifier.Input) (verifier.Result, error)
	asked  []verifier.Input
	asOf   time.Time
	err    error // of DataAge
}

func (f *fake) Verify(ctx context.Context, in verifier.Input) (verifier.Result, error) {
	f.asked = append(f.asked, in)
	return f.verify(ctx, in)
}

func (f *fake) DataAge(context.Context) (time.Time, int, error) { return f.asOf, 3, f.err }

func ptr[T any](v T) *T { return &v }

// check is a check with the catalogue's words, as the verifier makes it.
func check(id string, o verifier.Outcome, code string) verifier.Check {
	e, ok := explain.Lookup(code)
	if !ok {
		panic(code)
	}
	return verifier.Check{ID: id, Outcome: o, Code: code, Message: e.Message, Who: e.Who, Next: e.Next}
}

func verified(in verifier.Input) verifier.Result {
	return verifier.Result{
		File: in.File, Verdict: verifier.Verified, Headline: "Verified", Purpose: in.Purpose, VerifiedAt: now,
		Credentials: []verifier.Credential{{
			Type: ptr("ProfessionalLicence"), Issuer: ptr("did:example:board"),
			Licence: verifier.Licence{Status: ptr("current"), MayPractise: ptr("yes")},
		}},
		Checks: []verifier.Check{check(verifier.CheckBinding, verifier.Pass, "bound")},
	}
}

func always(r func(verifier.Input) verifier.Result) *fake {
	return &fake{asOf: now, verify: func(_ context.Context, in verifier.Input) (verifier.Result, error) { return r(in), nil }}
}

func file(name, content string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

func newDesk(f *fake) *Desk {
	return NewDesk(f, func() time.Time { return now }, func() {})
}

// only is the one report on the screen.
func only(t *testing.T, d *Desk) Report {
	t.Helper()
	s := d.State()
	if s.Phase != Shown || len(s.Reports) != 1 {
		t.Fatalf("phase %d with %d reports, want one shown", s.Phase, len(s.Reports))
	}
	return s.Reports[0]
}

func TestVerdicts(t *testing.T) {
	result := func(v verifier.Verdict, headline string, checks ...verifier.Check) func(verifier.Input) verifier.Result {
		return func(in verifier.Input) verifier.Result {
			r := verified(in)
			r.Verdict, r.Headline, r.Checks = v, headline, checks
			return r
		}
	}
	conditions := func(in verifier.Input) verifier.Result {
		r := verified(in)
		r.Headline = "Verified, with conditions. Ask the board what they are: Board, a@b.example."
		r.Credentials[0].Licence = verifier.Licence{Status: ptr("probation"), MayPractise: ptr("with_conditions")}
		return r
	}
	suspended, copied := check(verifier.CheckStatus, verifier.Fail, "status_suspended"), check(verifier.CheckBinding, verifier.Unknown, "register_copy")
	for _, tt := range []struct {
		name               string
		result             func(verifier.Input) verifier.Result
		word, reason, next string
	}{
		{"verified", verified, "Verified", "", ""},
		{"conditions", conditions, "Verified, with conditions", "Ask the board what they are: Board, a@b.example.", ""},
		{"rejected", result(verifier.Rejected, "Not valid. "+suspended.Message, copied, suspended), "Not valid", suspended.Message, "Next: " + suspended.Next},
		{"unconfirmed", result(verifier.Unconfirmed, "Cannot confirm. "+copied.Message, copied), "Cannot confirm", copied.Message, "Next: " + copied.Next},
		{"an unheard-of verdict", result("splendid", "Splendid"), "Cannot confirm", "Splendid", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(always(tt.result))
			d.Drop(t.Context(), file("a.json", "{}"))
			r := only(t, d)
			if r.Word != tt.word || r.Reason != tt.reason || r.Next != tt.next || r.File != "a.json" {
				t.Errorf("%q, %q, %q about %q", r.Word, r.Reason, r.Next, r.File)
			}
			if r.Given != "For privileging, on 21 Nov 2026 09:00 UTC." {
				t.Errorf("given: %q", r.Given)
			}
		})
	}
}

func TestLines(t *testing.T) {
	asOf := now.Add(-time.Hour)
	pass := check(verifier.CheckAnchor, verifier.Pass, "anchored")
	pass.AsOf, pass.Credential = &asOf, ptr(0)
	fail := check(verifier.CheckProof, verifier.Fail, "proof_invalid")
	fail.Credential = ptr(1)
	unknown := check(verifier.CheckBinding, verifier.Unknown, "register_copy")
	skipped := func(id string) verifier.Check { return check(id, verifier.Skipped, "not_run") }
	got := lines(verifier.Result{
		Credentials: make([]verifier.Credential, 2),
		Checks:      []verifier.Check{pass, skipped(verifier.CheckTemplate), unknown, fail, skipped(verifier.CheckStatus)},
	})
	var marks []string
	for _, l := range got {
		marks = append(marks, l.Mark)
	}
	if want := []string{"No", "Unknown", "Yes", "Not checked"}; !slices.Equal(marks, want) {
		t.Fatalf("%q, want the deciding first, and equal ones in one line", marks)
	}
	if !strings.HasPrefix(got[0].Message, "Credential 2: ") || got[0].Name != "Signature" || got[0].Next == "" {
		t.Errorf("%+v", got[0])
	}
	if got[1].Foot != "register_copy · up to the practitioner" {
		t.Errorf("%q", got[1].Foot)
	}
	if got[2].Foot != "anchored · as of 21 Nov 2026 08:00 UTC" || got[2].Next != "" {
		t.Errorf("%+v", got[2])
	}
	if got[3].Name != "Required content · Status of the licence" {
		t.Errorf("%q", got[3].Name)
	}
}

func TestEmpty(t *testing.T) {
	d := newDesk(always(verified))
	if s := d.State(); s.Phase != Waiting || s.Purpose != verifier.Privileging || len(s.Reports) != 0 {
		t.Errorf("%+v", s)
	}
	d.Drop(t.Context())
	if s := d.State(); s.Phase != Waiting {
		t.Errorf("nothing dropped: phase %d", s.Phase)
	}
}

func TestNoVerdict(t *testing.T) {
	broken := &fake{verify: func(context.Context, verifier.Input) (verifier.Result, error) {
		return verifier.Result{}, errors.New("sql: no such table: secrets")
	}}
	full := &fake{verify: func(context.Context, verifier.Input) (verifier.Result, error) {
		return verifier.Result{}, explain.Errorf("disk_full", "write /var/db: no space")
	}}
	gone := File{Name: "gone.json", Open: func() (io.ReadCloser, error) { return nil, errors.New("open gone.json: ENOENT") }}
	many := slices.Repeat([]File{file("a.json", "{}")}, MaxFiles+1)
	for _, tt := range []struct {
		name  string
		v     *fake
		files []File
		code  string
		asked int
	}{
		{"failed", broken, []File{file("a.json", "{}")}, "internal_error", 1},
		{"failed with a code", full, []File{file("a.json", "{}")}, "disk_full", 1},
		{"too large", always(verified), []File{file("a.json", strings.Repeat("x", MaxFile+1))}, "file_too_large", 0},
		{"unreadable", always(verified), []File{gone}, "file_unreadable", 0},
		{"too many", always(verified), many, "too_many_files", 0},
		{"two requests", always(verified), []File{file("r", ask(t)), file("s", ask(t)), file("p", "{}")}, "requests_mixed", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(tt.v)
			d.Drop(t.Context(), tt.files...)
			r := only(t, d)
			e, _ := explain.Lookup(tt.code)
			if r.Verdict != "" || r.Word != "No verdict" || r.Reason != e.Message || r.Next != "Next: "+e.Next || len(r.Lines) != 0 {
				t.Errorf("%+v, want the words of %s", r, tt.code)
			}
			if len(tt.v.asked) != tt.asked {
				t.Errorf("verified %d files, want %d", len(tt.v.asked), tt.asked)
			}
		})
	}
	d := newDesk(always(verified))
	d.Drop(t.Context(), file("a.json", strings.Repeat("x", MaxFile)))
	if r := only(t, d); r.Word != "Verified" {
		t.Errorf("a file of the largest size: %q", r.Word)
	}
}

// ask is a request file.
func ask(t *testing.T) string {
	t.Helper()
	r, err := request.New("Example Hospital", "disaster", nil, now, time.Hour, strings.NewReader(strings.Repeat("n", 32)))
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRequestThenPresentation(t *testing.T) {
	f := always(verified)
	d := newDesk(f)
	d.Drop(t.Context(), file("request.json", ask(t)))
	s := d.State()
	if s.Phase != Waiting || s.Purpose != verifier.Disaster || !strings.Contains(s.Request, "Example Hospital, until 21 Nov 2026 10:00 UTC") {
		t.Fatalf("%+v", s)
	}
	d.SetPurpose(verifier.Monitoring)
	if p := d.State().Purpose; p != verifier.Disaster {
		t.Errorf("an open request's purpose became %q", p)
	}
	d.Drop(t.Context(), file("presentation.json", "{}"))
	if len(f.asked) != 1 || f.asked[0].Request == nil || f.asked[0].Purpose != verifier.Disaster {
		t.Fatalf("asked %+v", f.asked)
	}
	if s := d.State(); s.Request != "" {
		t.Error("a request that was answered is still open: the next person's file would be judged by it")
	}
	d.Again(t.Context())
	if len(f.asked) != 1 {
		t.Error("the answer to a request was verified twice by itself")
	}
}

func TestRequestStaysOpen(t *testing.T) {
	f := always(func(in verifier.Input) verifier.Result {
		r := verified(in)
		r.Verdict, r.Checks = verifier.Rejected, []verifier.Check{check(verifier.CheckBinding, verifier.Fail, "challenge_mismatch")}
		return r
	})
	d := newDesk(f)
	d.Drop(t.Context(), file("presentation.json", "{}"), file("request.json", ask(t))) // in either order
	if len(f.asked) != 1 || f.asked[0].Request == nil {
		t.Fatalf("asked %+v", f.asked)
	}
	if d.State().Request == "" {
		t.Error("a presentation for somebody else closed the request")
	}
	d.Clear()
	if s := d.State(); s.Request != "" || s.Phase != Waiting || len(s.Reports) != 0 {
		t.Errorf("after Clear: %+v", s)
	}
	d.Drop(t.Context(), file("a.json", "{}"))
	if f.asked[1].Request != nil {
		t.Error("a request was kept through Clear")
	}
}

func TestPurposeChange(t *testing.T) {
	f := always(verified)
	d := newDesk(f)
	d.Again(t.Context())
	d.Drop(t.Context(), file("a.json", "{}"), file("b.json", "{}"))
	d.SetPurpose(verifier.Monitoring)
	if r := d.State().Reports[0]; !strings.HasPrefix(r.Given, "For privileging") {
		t.Errorf("a standing verdict took on another purpose: %q", r.Given)
	}
	d.Again(t.Context())
	s := d.State()
	if len(f.asked) != 4 || len(s.Reports) != 2 || !strings.HasPrefix(s.Reports[1].Given, "For monthly monitoring") {
		t.Errorf("asked %d times, shows %+v", len(f.asked), s.Reports)
	}
}

func TestSeveralFiles(t *testing.T) {
	f := always(func(in verifier.Input) verifier.Result {
		r := verified(in)
		if in.File == "bad.json" {
			r.Verdict, r.Headline = verifier.Rejected, "Not valid. No."
		}
		return r
	})
	d := newDesk(f)
	d.Drop(t.Context(), file("a.json", "{}"), file("bad.json", "{}"), file("big.json", strings.Repeat("x", MaxFile+1)), file("b.json", "{}"))
	s := d.State()
	if s.Summary != "4 files: 1 not valid; 1 no verdict; 2 verified." || s.Files != 4 {
		t.Errorf("%q about %d files", s.Summary, s.Files)
	}
	for i, want := range []string{"a.json", "bad.json", "big.json", "b.json"} {
		if s.Reports[i].File != want {
			t.Errorf("report %d is about %s", i, s.Reports[i].File)
		}
	}
}

// slow is a verification that has begun and goes on until the test ends it.
type slow struct {
	*fake
	begun chan string
	end   chan struct{}
}

func newSlow() *slow {
	s := &slow{begun: make(chan string), end: make(chan struct{})}
	s.fake = &fake{verify: func(ctx context.Context, in verifier.Input) (verifier.Result, error) {
		s.begun <- in.File
		select {
		case <-ctx.Done():
			return verified(in), ctx.Err()
		case <-s.end:
			return verified(in), nil
		}
	}}
	return s
}

func TestWorkingAndCancelled(t *testing.T) {
	v := newSlow()
	d := newDesk(v.fake)
	done := make(chan struct{})
	go func() { d.Drop(t.Context(), file("a.json", "{}"), file("b.json", "{}")); close(done) }()
	<-v.begun
	if s := d.State(); s.Phase != Working || s.Progress != "Verifying a.json (1 of 2)" {
		t.Errorf("%+v", s)
	}
	v.end <- struct{}{}
	<-v.begun
	if s := d.State(); s.Phase != Working || len(s.Reports) != 1 || s.Progress != "Verifying b.json (2 of 2)" {
		t.Errorf("%+v", s)
	}
	d.Cancel()
	<-done
	if r := only(t, d); r.File != "a.json" {
		t.Errorf("what stood was lost: %+v", r)
	}

	again := make(chan struct{})
	go func() { d.Drop(t.Context(), file("c.json", "{}")); close(again) }()
	<-v.begun
	d.Cancel()
	<-again
	if s := d.State(); s.Phase != Waiting || s.Progress != "" || len(s.Reports) != 0 {
		t.Errorf("after Cancel: %+v", s)
	}
}

// A verification that ignores its context and answers late changes nothing.
func TestLateAnswersAreDropped(t *testing.T) {
	for _, tt := range []struct {
		name string
		then func(*Desk)
		want string // file on the screen
	}{
		{"cleared", func(d *Desk) { d.Clear() }, ""},
		{"cancelled", func(d *Desk) { d.Cancel() }, ""},
		{"another file", func(d *Desk) { d.Drop(context.Background(), file("new.json", "{}")) }, "new.json"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			begun, end := make(chan struct{}), make(chan struct{})
			d := newDesk(&fake{verify: func(_ context.Context, in verifier.Input) (verifier.Result, error) {
				if in.File == "old.json" {
					close(begun)
					<-end
				}
				return verified(in), nil
			}})
			done := make(chan struct{})
			go func() { d.Drop(context.Background(), file("old.json", "{}")); close(done) }()
			<-begun
			tt.then(d)
			close(end)
			<-done
			var got string
			s := d.State()
			if len(s.Reports) > 0 {
				got = s.Reports[0].File
			}
			if got != tt.want || len(s.Reports) > 1 || s.Phase == Working {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestEndOfTheWindow(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := newDesk(always(verified))
	d.Drop(ctx, file("a.json", "{}"))
	d.Refresh(ctx)
	if s := d.State(); len(s.Reports) != 0 || s.Data != "" {
		t.Errorf("%+v", s)
	}
}

func TestDataLine(t *testing.T) {
	for _, tt := range []struct {
		name       string
		asOf       time.Time
		err        error
		want, next string
	}{
		{"young", now.Add(-90 * time.Minute), nil, "Data as of 21 Nov 2026 07:30 UTC (90 minutes old), signed by 3 boards.", ""},
		{"hours", now.Add(-30 * time.Hour), nil, "Data as of 20 Nov 2026 03:00 UTC (30 hours old), signed by 3 boards.", ""},
		{"days", now.AddDate(0, 0, -40), nil, "Data as of 12 Oct 2026 09:00 UTC (40 days old), signed by 3 boards.", ""},
		{"ahead", now.Add(time.Hour), nil, "Data as of 21 Nov 2026 10:00 UTC (ahead of this machine's clock), signed by 3 boards.", ""},
		{"no trust", now, explain.Errorf("no_trust", "x"), "No network is pinned on this machine, so there is nothing to judge by.", "Pin the boards' network file with `bonafide trust pin`, then sync."},
		{"no data", now, explain.Errorf("no_data", "x"), "There is no ledger data on this machine yet.", "Sync, or import a trust pack, then verify again."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(&fake{asOf: tt.asOf, err: tt.err})
			d.Refresh(t.Context())
			if s := d.State(); s.Data != tt.want || s.DataNext != tt.next {
				t.Errorf("%q, %q", s.Data, s.DataNext)
			}
		})
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"licence.json":             "licence.json",
		"Muñoz 名前.json":            "Muñoz 名前.json",
		"lic\u202enosj.ece":        "lic[U+202E]nosj.ece",
		"a\u200bb\ufeffc\u2066d":   "a[U+200B]b[U+FEFF]c[U+2066]d",
		"two\nlines\t":             "two[U+000A]lines[U+0009]",
		"\xff\ufffd":               "[?]\ufffd",
		"wide\u3000space\u00a0":    "wide[U+3000]space[U+00A0]",
		"filler\u3164\U000e0041":   "filler[U+3164][U+E0041]",
		"private\ue000 mark\ufe0f": "private[U+E000] mark[U+FE0F]",
	} {
		if got := Plain(in); got != want {
			t.Errorf("Plain(%q) = %q, want %q", in, got, want)
		}
	}
	long := FileName(strings.Repeat("a", 300) + ".json")
	if len(long) > 110 || !strings.HasSuffix(long, ".json") {
		t.Errorf("%q", long)
	}
	d := newDesk(always(verified))
	d.Drop(t.Context(), file("a\u202e.json", "{}"), file("", "{}"))
	if s := d.State(); s.Reports[0].File != "a[U+202E].json" || s.Reports[1].File != "Pasted text" {
		t.Errorf("%q, %q", s.Reports[0].File, s.Reports[1].File)
	}
}
