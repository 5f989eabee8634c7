package model

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/internal/testkit"
	"bonafide/vc"
	"bonafide/verifier"
)

var now = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

// fake answers with what a test gives it.
type fake struct {
	verify   func(context.Context, verifier.Input) (verifier.Result, error)
	requests map[string]*request.Request // of this home, by nonce
	asked    []verifier.Input
	err      error // of Ready
}

func (f *fake) Verify(ctx context.Context, in verifier.Input) (verifier.Result, error) {
	f.asked = append(f.asked, in)
	return f.verify(ctx, in)
}

func (f *fake) RequestOf(_ context.Context, nonce string) (*request.Request, error) {
	return f.requests[nonce], nil
}

func (f *fake) Ready(context.Context) error { return f.err }

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
			Type: ptr("ProfessionalLicence"), Issuer: ptr("did:example:board"), IssuerName: ptr("Example Board"),
			Licence: verifier.Licence{Status: ptr("current"), MayPractise: ptr("yes")},
		}},
		Checks: []verifier.Check{check(verifier.CheckBinding, verifier.Pass, "bound")},
	}
}

func always(r func(verifier.Input) verifier.Result) *fake {
	return &fake{verify: func(_ context.Context, in verifier.Input) (verifier.Result, error) { return r(in), nil }}
}

func file(name, content string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content)), nil }}
}

// noCodes reads no picture.
func noCodes(io.Reader) ([][]byte, error) { return nil, explain.Errorf("qr_none", "none") }

func newDesk(f *fake) *Desk { return NewDesk(f, noCodes, English(), func() {}) }

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
	result := func(v verifier.Verdict, checks ...verifier.Check) func(verifier.Input) verifier.Result {
		return func(in verifier.Input) verifier.Result {
			r := verified(in)
			r.Verdict, r.Checks = v, checks
			return r
		}
	}
	conditions := func(d *verifier.Desk) func(verifier.Input) verifier.Result {
		return func(in verifier.Input) verifier.Result {
			r := verified(in)
			r.Credentials[0].Licence = verifier.Licence{Status: ptr("probation"), MayPractise: ptr("with_conditions")}
			r.Credentials[0].Desk = d
			return r
		}
	}
	listed := func(in verifier.Input) verifier.Result {
		r := verified(in)
		c := check(verifier.CheckAnchor, verifier.Skipped, "issuer_listed")
		c.Credential = ptr(0)
		r.Checks = append(r.Checks, c)
		return r
	}
	suspended, copied := check(verifier.CheckStatus, verifier.Fail, "status_suspended"), check(verifier.CheckBinding, verifier.Unknown, "register_copy")
	later := verifier.Check{ID: "recipe", Outcome: verifier.Fail, Code: "of_a_later_version", Message: "It lacks\u202e something.", Who: "board", Next: "Ask."}
	for _, tt := range []struct {
		name                     string
		result                   func(verifier.Input) verifier.Result
		word, reason, next, code string
		asks                     string
	}{
		{name: "verified", result: verified, word: "Verified"},
		{name: "conditions", result: conditions(&verifier.Desk{Name: "Board", Contact: "a@b.example"}), word: "Verified, with conditions", asks: "Ask the board what the conditions are: Board, a@b.example."},
		{name: "conditions, no contact", result: conditions(&verifier.Desk{Name: "Bo\u202eard"}), word: "Verified, with conditions", asks: "Ask the board what the conditions are: Bo[U+202E]ard."},
		{name: "conditions, from before desks were kept", result: conditions(nil), word: "Verified, with conditions", asks: "Ask the board what the conditions are."},
		{name: "listed", result: listed, word: "Verified", asks: "This rests on your own list of issuers, not on the boards' ledger: Example Board."},
		{name: "rejected", result: result(verifier.Rejected, copied, suspended), word: "Not valid", reason: suspended.Message, next: suspended.Next, code: "status_suspended"},
		{name: "unconfirmed", result: result(verifier.Unconfirmed, copied), word: "Cannot confirm", reason: copied.Message, next: copied.Next, code: "register_copy"},
		{name: "unconfirmed by nothing that ran", result: result(verifier.Unconfirmed), word: "Cannot confirm", reason: "A required check did not run."},
		{name: "an unheard-of verdict", result: result("splendid", copied), word: "Cannot confirm", reason: copied.Message, next: copied.Next, code: "register_copy"},
		{name: "a code of a later version", result: result(verifier.Rejected, later), word: "Not valid", reason: "It lacks[U+202E] something.", next: "Ask.", code: "of_a_later_version"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(always(tt.result))
			d.Drop(t.Context(), file("a.json", "{}"))
			r := only(t, d)
			if r.Word != tt.word || r.Reason != tt.reason || r.Next != tt.next || r.File != "a.json" || r.Code != tt.code {
				t.Errorf("%q, %q, %q, %q about %q", r.Word, r.Reason, r.Next, r.Code, r.File)
			}
			if got := strings.Join(r.Asks, "|"); got != tt.asks {
				t.Errorf("asks %q", got)
			}
			if r.Given != "Checked for privileging on 21 Nov 2026 09:00 UTC." {
				t.Errorf("given: %q", r.Given)
			}
			if r.Result == nil {
				t.Error("there is nothing to make a page of")
			}
		})
	}
}

// A verdict about a time that has passed is never taken for one about today.
func TestVerdictsAboutThen(t *testing.T) {
	then := now.AddDate(-1, 0, 0)
	for _, tt := range []struct {
		verdict verifier.Verdict
		may     string
		want    string
	}{
		{verifier.Verified, "yes", "Was valid"},
		{verifier.Verified, "with_conditions", "Was valid, with conditions"},
		{verifier.Rejected, "no", "Was not valid"},
		{verifier.Unconfirmed, "yes", "Cannot confirm"},
	} {
		res := verified(verifier.Input{})
		res.Verdict, res.At, res.Credentials[0].Licence.MayPractise = tt.verdict, &then, &tt.may
		r := NewReport(English(), "a", res)
		if r.Word != tt.want || r.Given != "This is how it stood on 21 Nov 2025 09:00 UTC, checked on 21 Nov 2026 09:00 UTC. It says nothing of today." {
			t.Errorf("%q, %q", r.Word, r.Given)
		}
		if k := row(English(), home.Kept{Result: res}); k.Word != tt.want {
			t.Errorf("%q in the history", k.Word)
		}
		page := written(t, res)
		if !strings.Contains(page, ">"+tt.want+"</h1>") || !strings.Contains(page, "<td>21 Nov 2025 09:00 UTC</td>") {
			t.Errorf("%s on the page", tt.want)
		}
	}
}

func TestFacts(t *testing.T) {
	d := newDesk(always(func(in verifier.Input) verifier.Result {
		r := verified(in)
		r.AsOf, r.Validators = ptr(now.Add(-3*time.Hour)), 4
		second := r.Credentials[0]
		second.Type, second.IssuerName, second.Issuer = ptr("Dipl\u200boma"), nil, ptr("did:example:two")
		second.Licence = verifier.Licence{}
		r.Credentials = append(r.Credentials, second, verifier.Credential{})
		return r
	}))
	d.Drop(t.Context(), file("a.json", "{}"))
	r := only(t, d)
	var got []string
	for _, a := range r.About {
		got = append(got, a.Title)
		for _, f := range a.Facts {
			got = append(got, fmt.Sprintf("%s=%s %v", f.Name, f.Value, f.Odd))
		}
	}
	want := []string{
		"Credential 1", "Type=Professional licence false", "Status=Current false", "Issued by=Example Board false", "Issuer's identifier=did:example:board false",
		"Credential 2", "Type=Dipl[U+200B]oma true", "Issuer's identifier=did:example:two false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if r.Age != "It rests on data as of 21 Nov 2026 06:00 UTC, 3 hours old at the time, which 4 boards signed." {
		t.Errorf("%q", r.Age)
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
	got := lines(English(), verifier.Result{
		VerifiedAt:  now,
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
	if got[0].About != "Credential 2" || got[0].Names[0] != "Signature" || got[0].Next == "" {
		t.Errorf("%+v", got[0])
	}
	if got[1].Code != "register_copy" || got[1].Who != "It is up to the practitioner." || got[1].AsOf != "" {
		t.Errorf("%+v", got[1])
	}
	if got[2].Code != "anchored" || got[2].AsOf != "As of 21 Nov 2026 08:00 UTC, 60 minutes old." || got[2].Next != "" {
		t.Errorf("%+v", got[2])
	}
	if !slices.Equal(got[3].Names, []string{"Required content", "Status of the licence"}) {
		t.Errorf("%q", got[3].Names)
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
			message, next := English().Explain(tt.code)
			if r.Verdict != "" || r.Word != "No verdict" || r.Reason != message || r.Next != next || r.Code != tt.code || len(r.Lines) != 0 || r.Result != nil {
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

// A panic on hostile bytes is no verdict, and not the end of the program.
func TestThreat76_PanicIsNoVerdict(t *testing.T) {
	d := newDesk(&fake{verify: func(context.Context, verifier.Input) (verifier.Result, error) { panic("index out of range") }})
	d.Drop(t.Context(), file("a.json", "{}"), file("b.json", "{}"))
	for _, r := range d.State().Reports {
		if r.Verdict != "" || r.Code != "desk_fault" {
			t.Errorf("%+v", r)
		}
	}
	d = NewDesk(always(verified), func(io.Reader) ([][]byte, error) { panic("decoder") }, English(), func() {})
	d.Drop(t.Context(), file("a.png", png), file("b.json", "{}"))
	if s := d.State(); s.Reports[0].Code != "desk_fault" || s.Reports[1].Word != "Verified" {
		t.Errorf("%+v", s.Reports)
	}
}

// ask is a request file.
func ask(t *testing.T) string {
	t.Helper()
	b, err := asking(t, 'n').Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func asking(t *testing.T, nonce byte) *request.Request {
	t.Helper()
	r, err := request.New("Example Hospital", "disaster", nil, now, time.Hour, bytes.NewReader(bytes.Repeat([]byte{nonce}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return r
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

// answerTo is a presentation of nothing that names a nonce.
func answerTo(t *testing.T, nonce string) string {
	t.Helper()
	k := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	pub := testkit.Public(t, k)
	b, err := vc.Present(key.New(pub), nil, nonce, "Example Hospital", key.MethodID(pub), now,
		func(m []byte) ([]byte, error) { return ed25519.Sign(k, m), nil })
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A presentation finds the request of this home that it answers, by its nonce.
func TestPresentationFindsItsRequest(t *testing.T) {
	ours, other := asking(t, 'a'), asking(t, 'b')
	f := always(verified)
	f.requests = map[string]*request.Request{ours.Nonce: ours}
	d := newDesk(f)
	d.Drop(t.Context(), file("ours.json", answerTo(t, ours.Nonce)), file("other.json", answerTo(t, other.Nonce)))
	if len(f.asked) != 2 || f.asked[0].Request != ours || f.asked[0].Purpose != verifier.Disaster || f.asked[1].Request != nil || f.asked[1].Purpose != verifier.Privileging {
		t.Fatalf("asked %+v", f.asked)
	}
	s := d.State()
	if s.Purpose != verifier.Privileging || s.Reports[0].Answers != "It answers the request of Example Hospital, made on 21 Nov 2026 09:00 UTC." || s.Reports[1].Answers != "" {
		t.Errorf("%q, %q for %s", s.Reports[0].Answers, s.Reports[1].Answers, s.Purpose)
	}
	d.SetPurpose(verifier.Monitoring)
	d.Again(t.Context())
	if len(f.asked) != 3 || f.asked[2].File != "other.json" {
		t.Error("the answer to a request was verified twice by itself")
	}
	if s := d.State(); len(s.Reports) != 2 || s.Reports[0].File != "ours.json" || s.Reports[0].Answers == "" {
		t.Errorf("what stands of an answered request is gone: %+v", s.Reports)
	}
	// What is unconfirmed may be verified again with the request that it answers.
	f.verify = func(_ context.Context, in verifier.Input) (verifier.Result, error) {
		r := verified(in)
		r.Verdict = verifier.Unconfirmed
		return r, nil
	}
	d.Drop(t.Context(), file("ours.json", answerTo(t, ours.Nonce)))
	d.Again(t.Context())
	if n := len(f.asked); n != 5 || f.asked[4].Request != ours || !d.State().CanAgain {
		t.Errorf("asked %d times", n)
	}
}

func TestPurposeChange(t *testing.T) {
	f := always(verified)
	d := newDesk(f)
	d.Again(t.Context())
	d.Drop(t.Context(), file("a.json", "{}"), file("b.json", "{}"))
	d.SetPurpose(verifier.Monitoring)
	if r := d.State().Reports[0]; !strings.HasPrefix(r.Given, "Checked for privileging") {
		t.Errorf("a standing verdict took on another purpose: %q", r.Given)
	}
	d.Again(t.Context())
	s := d.State()
	if len(f.asked) != 4 || len(s.Reports) != 2 || !strings.HasPrefix(s.Reports[1].Given, "Checked for monthly monitoring") {
		t.Errorf("asked %d times, shows %+v", len(f.asked), s.Reports)
	}
	d.SetPurpose("research")
	d.Again(t.Context())
	if r := d.State().Reports[0]; r.Given != "Checked for the purpose “research” on 21 Nov 2026 09:00 UTC." {
		t.Errorf("%q", r.Given)
	}
}

func TestSeveralFiles(t *testing.T) {
	f := always(func(in verifier.Input) verifier.Result {
		r := verified(in)
		switch in.File {
		case "bad.json":
			r.Verdict = verifier.Rejected
		case "limited.json":
			r.Credentials[0].Licence.MayPractise = ptr("with_conditions")
		}
		return r
	})
	d := newDesk(f)
	d.Drop(t.Context(), file("a.json", "{}"), file("limited.json", "{}"), file("bad.json", "{}"), file("big.json", strings.Repeat("x", MaxFile+1)), file("b.json", "{}"))
	s := d.State()
	var got []string
	for _, c := range s.Tally {
		got = append(got, fmt.Sprintf("%d %s", c.Count, c.Word))
	}
	if want := []string{"1 Not valid", "1 No verdict", "1 Verified, with conditions", "2 Verified"}; !slices.Equal(got, want) || s.Summary != "5 files" || s.Files != 5 {
		t.Errorf("%q, %q about %d files", got, s.Summary, s.Files)
	}
	for i, want := range []string{"a.json", "limited.json", "bad.json", "big.json", "b.json"} {
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
	if s := d.State(); s.Phase != Working || s.Progress != "Verifying a.json" || s.Done != 0 || s.Of != 2 {
		t.Errorf("%+v", s)
	}
	v.end <- struct{}{}
	<-v.begun
	if s := d.State(); s.Phase != Working || len(s.Reports) != 1 || s.Progress != "Verifying b.json" || s.Done != 1 {
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
	f := always(verified)
	f.err = explain.Errorf("no_trust", "x")
	d := newDesk(f)
	d.Drop(ctx, file("a.json", "{}"))
	d.Refresh(ctx)
	if s := d.State(); len(s.Reports) != 0 || s.Unready.Code != "" {
		t.Errorf("%+v", s)
	}
}

func TestNothingToJudgeBy(t *testing.T) {
	f := always(verified)
	d := newDesk(f)
	for _, err := range []error{explain.Errorf("no_trust", "x"), explain.Errorf("no_data", "x"), errors.New("disk on fire"), nil} {
		f.err = err
		d.Refresh(t.Context())
		want := Trouble{}
		if err != nil {
			want.Code = explain.CodeOf(err)
			if want.Code == "" {
				want.Code = "internal_error"
			}
			want.Message, want.Next = English().Explain(want.Code)
		}
		if got := d.State().Unready; got != want {
			t.Errorf("%v: %+v", err, got)
		}
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
}

// Names that deceive are shown for what they are, with a mark.
func TestThreat68_NamesAreShownSafely(t *testing.T) {
	d := newDesk(always(verified))
	d.Drop(t.Context(), file("a\u202e.json", "{}"), file("", "{}"), file("b\u200b.pdf", "%PDF-1.7"))
	s := d.State()
	for i, want := range []struct {
		name string
		odd  bool
	}{{"a[U+202E].json", true}, {"Pasted text", false}, {"b[U+200B].pdf", true}} {
		if s.Reports[i].File != want.name || s.Reports[i].FileOdd != want.odd {
			t.Errorf("%q %v", s.Reports[i].File, s.Reports[i].FileOdd)
		}
	}
	long := strings.Repeat("名", 100_000)
	rep := NewReport(English(), "a", verifier.Result{Verdict: verifier.Rejected, Credentials: []verifier.Credential{{Type: &long, Issuer: &long}}, Checks: []verifier.Check{{
		ID: verifier.CheckProof, Outcome: verifier.Fail, Code: long, Message: long, Who: long, Next: long,
	}}})
	if n := len([]rune(fmt.Sprint(rep.About, rep.Reason, rep.Next, rep.Code, rep.Lines))); n > 20*maxText {
		t.Errorf("%d characters of names are shown", n)
	}
	raw, ok := newRaw("{\"name\":\"Dr. A\u202eB\"}").Raw()
	if !ok || raw.Text != "{\n  \"name\": \"Dr. A[U+202E]B\"\n}" || raw.Copy != "{\"name\":\"Dr. A\u202eB\"}" {
		t.Errorf("%+v", raw)
	}
}

func newRaw(content string) Report { return Report{raw: []byte(content)} }

func TestRaw(t *testing.T) {
	if _, ok := (Report{}).Raw(); ok {
		t.Error("there is nothing to show")
	}
	if r, _ := newRaw("line\r\ntwo\x00").Raw(); r.Text != "line\ntwo[U+0000]" || r.Copy != "" {
		t.Errorf("%+v", r)
	}
	if r, _ := newRaw(strings.Repeat("x", maxRaw+1)).Raw(); !r.Cut || len(strings.ReplaceAll(r.Text, "\n", "")) != maxRaw || len(r.Copy) != maxRaw+1 {
		t.Error("long text is not cut")
	}
	if r, _ := newRaw(strings.Repeat("é", maxRawLine+1)).Raw(); r.Text != strings.Repeat("é", maxRawLine)+"\né" {
		t.Errorf("a long line is not folded: %q", r.Text)
	}
	raw, err := os.ReadFile("../../vc/testdata/credentials/worked-sd-jwt.json")
	if err != nil {
		t.Fatal(err)
	}
	var worked struct{ Credential, Presentation string }
	if err := json.Unmarshal(raw, &worked); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		token string
		want  []string
	}{
		{worked.Credential, []string{`"header": {`, `"typ": "dc+sd-jwt"`, `"payload": {`, `"Quillfeather"`, `"disclosures": [`}},
		{worked.Presentation, []string{`"Quillfeather"`, `"key_binding": {`, `"typ": "kb+jwt"`, `"aud": "Example Hospital"`}},
	} {
		r, ok := newRaw(c.token).Raw()
		if !ok || !r.Token || r.Copy != c.token {
			t.Errorf("%+v", r)
		}
		for _, w := range c.want {
			if !strings.Contains(r.Text, w) {
				t.Errorf("the token does not say %s:\n%s", w, r.Text)
			}
		}
	}
}

// TestVerdictSaysWho: under a verdict stands whom it is about, in the order in
// which people read it, with deceiving characters by their number; what is kept
// of the verdict does not name them.
func TestVerdictSaysWho(t *testing.T) {
	issuer, holder := "did:bonafide:x", "did:key:z"
	res := verifier.Result{Verdict: verifier.Verified, Credentials: []verifier.Credential{{
		Issuer: &issuer, Subject: &holder,
		Says: []vc.Claim{
			{Name: "familyName", Value: "Vreg\u202Ewiq"},
			{Name: "givenName", Value: "Zhaes"},
			{Name: "id", Value: holder},
			{Name: "licence.expires", Value: "2027-12-20"},
			{Name: "licence.number", Value: "MD1"},
			{Name: "npi", Value: "2951852609"},
		},
	}}}
	var got []string
	odd := 0
	for _, f := range NewReport(English(), "x.json", res).About[0].Facts {
		got = append(got, f.Name+"="+f.Value)
		if f.Odd {
			odd++
		}
	}
	want := []string{"Family name=Vreg[U+202E]wiq", "Given name=Zhaes", "Licence number=MD1", "Expires on=20 Dec 2027", "National provider number (NPI)=2951852609", "Issuer's identifier=" + issuer, "Held by=" + holder}
	if !slices.Equal(got, want) || odd != 1 {
		t.Errorf("%q, %d odd", got, odd)
	}
	if b, err := json.Marshal(res); err != nil || bytes.Contains(b, []byte("Zhaes")) {
		t.Errorf("what is kept names the practitioner: %s, %v", b, err)
	}
}
