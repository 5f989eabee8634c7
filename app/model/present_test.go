package model

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
	"bonafide/verifier"
)

func clockAt() time.Time { return time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC) }

func (p *practice) present(codes Codes) *Present {
	return NewPresent(func() (Presenting, error) { return p.wallet, p.fail }, codes, p.Now, English(), func() {})
}

// verify is what the town's hospital says of an answer.
func (p *practice) verify(req, answer []byte) verifier.Result {
	p.t.Helper()
	h, err := home.Open(p.Dir("hospital"), p.Options())
	if err != nil {
		p.t.Fatal(err)
	}
	defer h.Close()
	p.Bring(h)
	v, err := h.Hospital(p.t.Context(), home.HospitalOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := request.Parse(req)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := v.Verify(p.t.Context(), verifier.Input{Bytes: answer, Request: r, Purpose: verifier.Privileging})
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

func shared(s PresentState) (yes, no []string) {
	for _, x := range s.Shares {
		if x.Shared {
			yes = append(yes, x.Label)
		} else {
			no = append(no, x.Label)
		}
	}
	return yes, no
}

func share(t *testing.T, s PresentState, label string) Share {
	t.Helper()
	i := slices.IndexFunc(s.Shares, func(x Share) bool { return x.Label == label })
	if i < 0 {
		t.Fatalf("nothing is called %q: %+v", label, s.Shares)
	}
	return s.Shares[i]
}

// TestPresentWhatIsAsked: who asks and what for; what was asked for is shared,
// the rest is not, until it is ticked; the hospital sees just that.
func TestPresentWhatIsAsked(t *testing.T) {
	p := newPractice(t, 1)
	p.licensed(0)
	req := p.request(func(o *home.RequestOptions) { o.Claims = []string{"familyName", "licence.number"} })
	pr := p.present(noCodes)
	pr.Take(t.Context(), bytesFile("more.json", p.request(func(o *home.RequestOptions) { o.Claims = []string{"familyName", "licence.photo"} })))
	if s := pr.State(); !slices.Equal(s.Missing, []string{"licence.photo"}) || !s.CanShare {
		t.Errorf("%+v", s)
	}
	pr.Take(t.Context(), bytesFile("request.json", req))
	s := pr.State()
	if s.Phase != Choosing || s.Busy || s.Trouble.Code != "" || len(s.Offers) != 1 || !s.Offers[0].Chosen || !s.CanShare || s.Whole || s.Answer != nil {
		t.Fatalf("%+v", s)
	}
	says(t, "the request", s.Asked, "It says that it is Town Hospital. This is not proven.", "(privileging)", "It can be answered until", "It asks for any licence.", "Family name Licence number")
	if len(s.Missing) != 0 || !strings.Contains(s.Form, "Selective") || s.Always == "" {
		t.Errorf("%+v", s)
	}
	yes, no := shared(s)
	if slices.Sort(yes); !slices.Equal(yes, []string{"Family name", "Licence number", "Where it holds"}) || len(no) < 3 {
		t.Errorf("shared %v, not %v", yes, no)
	}
	for label, want := range map[string]Share{
		"Family name":    {Shared: true, Asked: true, Note: "Asked for", Group: "familyName"},
		"Where it holds": {Shared: true, Always: true, Note: "Always shared"},
		"Given name":     {Note: "Not shared", Group: "givenName"},
	} {
		got := share(t, s, label)
		if got.Shared != want.Shared || got.Asked != want.Asked || got.Always != want.Always || got.Note != want.Note || got.Group != want.Group {
			t.Errorf("%s: %+v", label, got)
		}
	}

	pr.Tick(t.Context(), "givenName", true)
	s = pr.State()
	says(t, "more than asked", s.Warnings, "wallet_more_than_asked")
	if x := share(t, s, "Given name"); !x.Shared || x.Note != "Not asked for" {
		t.Errorf("%+v", x)
	}
	pr.Tick(t.Context(), "familyName", false)
	pr.Tick(t.Context(), "givenName", false)
	s = pr.State()
	says(t, "less than asked", s.Warnings, "wallet_less_than_asked")
	if x := share(t, s, "Family name"); x.Shared || x.Note != "Asked for, and not shared" {
		t.Errorf("%+v", x)
	}
	pr.Tick(t.Context(), "licence.number", false) // nothing that can be left out is shared
	if s = pr.State(); s.Stuck.Code != "" || !s.CanShare || !strings.Contains(s.Form, "Selective") {
		t.Errorf("%+v", s)
	}
	pr.AsAsked(t.Context())
	if s = pr.State(); len(s.Warnings) != 0 || !share(t, s, "Family name").Shared {
		t.Errorf("%+v", s)
	}

	log, err := p.wallet.Log(t.Context())
	if err != nil || len(log) != 0 {
		t.Error("something was shared before Share", err)
	}
	if err := pr.Share(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = pr.State()
	if s.Phase != Answered || s.Answer == nil || !strings.HasSuffix(s.Answer.Name, ".sd-jwt") || !strings.Contains(s.Answer.Next, "Town Hospital") {
		t.Fatalf("%+v", s)
	}
	got, err := vc.Parse(s.Answer.File)
	if err != nil || !slices.Equal(slices.Sorted(slices.Values(got.DisclosedHint())), []string{"familyName", "licence.number"}) {
		t.Error(got.DisclosedHint(), err)
	}
	if res := p.verify(req, s.Answer.File); res.Verdict != verifier.Verified {
		t.Errorf("%+v", res)
	}
	if strings.Contains(s.Answer.Name, p.Rows[0].Number) || strings.Contains(s.Answer.Name, "Town") {
		t.Error("a file's name tells about somebody")
	}

	pr.Take(t.Context(), bytesFile("request.json", req))
	says(t, "answered before", pr.State().Warnings, "wallet_answered_before")
	pr.Clear()
	if s := pr.State(); s.Phase != NoRequest || len(s.Shares) != 0 {
		t.Errorf("%+v", s)
	}
}

// TestPresentWhole: where the form is whole and less is asked for, sharing it
// takes a word.
func TestPresentWhole(t *testing.T) {
	p := newPractice(t, 1)
	vcdm, _ := p.bound(0)
	if _, err := p.wallet.Receive(t.Context(), vcdm); err != nil {
		t.Fatal(err)
	}
	req := p.request(func(o *home.RequestOptions) { o.Claims = []string{"familyName"} })
	pr := p.present(noCodes)
	pr.Take(t.Context(), bytesFile("", req))
	s := pr.State()
	if !s.Whole || s.Agreed || s.CanShare || s.Stuck.Code != "" || !share(t, s, "Given name").Shared || share(t, s, "Given name").Group != "" {
		t.Fatalf("%+v", s)
	}
	if err := pr.Share(t.Context()); err != nil || pr.State().Answer != nil {
		t.Error("shared without agreement", err)
	}
	pr.Agree(t.Context(), true)
	if s := pr.State(); !s.Whole || !s.Agreed || !s.CanShare {
		t.Fatalf("%+v", s)
	}
	pr.Agree(t.Context(), false)
	if s := pr.State(); !s.Whole || s.CanShare {
		t.Fatalf("%+v", s)
	}
	pr.Agree(t.Context(), true)
	if err := pr.Share(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := pr.State().Answer; !strings.HasSuffix(a.Name, ".json") || p.verify(req, a.File).Verdict != verifier.Verified {
		t.Errorf("%+v", a)
	}
}

// TestPresentSwitch: who is asked for everything may choose the form in which
// details can be left out.
func TestPresentSwitch(t *testing.T) {
	p := newPractice(t, 1)
	p.licensed(0)
	req := p.request(nil)
	pr := p.present(noCodes)
	pr.Take(t.Context(), bytesFile("r", req))
	if s := pr.State(); !s.CanSwitch || s.Selective || share(t, s, "Given name").Group != "" {
		t.Fatalf("%+v", s)
	}
	pr.Switch(t.Context(), true)
	s := pr.State()
	if _, no := shared(s); !s.CanSwitch || !s.Selective || len(no) != 0 || share(t, s, "Given name").Group == "" {
		t.Fatalf("%+v", s)
	}
	pr.Tick(t.Context(), "givenName", false)
	if s := pr.State(); share(t, s, "Given name").Shared || !s.Selective {
		t.Errorf("%+v", s)
	}
	if err := pr.Share(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := pr.State().Answer; bytes.Contains(a.File, []byte(p.Rows[0].GivenName)) || !strings.HasSuffix(a.Name, ".sd-jwt") {
		t.Errorf("%+v", a.Name)
	}
	pr.Take(t.Context(), bytesFile("r", req))
	pr.Switch(t.Context(), true)
	pr.Switch(t.Context(), false)
	if s := pr.State(); s.Selective || !s.CanShare {
		t.Errorf("%+v", s)
	}
	only := p.request(func(o *home.RequestOptions) { o.Formats = []string{string(vc.SDJWT)} })
	pr.Take(t.Context(), bytesFile("r", only))
	if s := pr.State(); s.CanSwitch || !s.Selective {
		t.Errorf("a form that the hospital does not take is offered: %+v", s)
	}
}

// TestPresentChoose: where several fit nothing is chosen for the person, a copy
// is offered last, and what will not be accepted is said.
func TestPresentChoose(t *testing.T) {
	p := newPractice(t, 3)
	a, b := p.licensed(0), p.licensed(1)
	copyOf, _ := p.Issued(p.Rows[2].Number, issuer.RegisterCopy)
	reg, err := p.wallet.Receive(t.Context(), copyOf)
	if err != nil {
		t.Fatal(err)
	}
	p.Set(p.Rows[1].Number, ledger.SuspendedStatus)
	p.Bring(p.home)
	pr := p.present(noCodes)
	pr.Take(t.Context(), bytesFile("", p.request(nil)))
	s := pr.State()
	if len(s.Offers) != 3 || s.Offers[2].ID != reg.ID || s.Choose == "" || s.CanShare || !s.Several {
		t.Fatalf("%+v", s)
	}
	pr.Choose(t.Context(), a.ID, true)
	pr.Choose(t.Context(), b.ID, true)
	s = pr.State()
	if !s.CanShare || s.Choose != "" || !strings.Contains(s.Form, "Whole") {
		t.Fatalf("%+v", s)
	}
	says(t, "a suspended licence", s.Warnings, "wallet_may_not_practise")
	if s.Shares[0].Of == "" {
		t.Errorf("of two licences it is not said which one: %+v", s.Shares[0])
	}
	pr.Choose(t.Context(), b.ID, false)
	pr.Choose(t.Context(), a.ID, false)
	if s := pr.State(); s.CanShare || s.Choose == "" {
		t.Errorf("%+v", s)
	}
	pr.Choose(t.Context(), reg.ID, true)
	says(t, "a copy", pr.State().Warnings, "wallet_not_bound")
}

// TestRequestsThatCannotBeAnswered names each of them as what it is.
func TestRequestsThatCannotBeAnswered(t *testing.T) {
	p := newPractice(t, 1)
	it := p.licensed(0)
	good := p.request(nil)
	for _, tt := range []struct {
		name string
		file File
		code string
	}{
		{"malformed", bytesFile("r", bytes.Replace(good, []byte(`"nonce":"`), []byte(`"nonce":"!`), 1)), "request_malformed"},
		{"cut", bytesFile("r", good[:len(good)/2]), "request_malformed"},
		{"large", bytesFile("r", append(bytes.Repeat([]byte(" "), request.MaxSize), good...)), "request_malformed"},
		{"a licence", bytesFile("r", it.Bytes), "wallet_not_request"},
		{"a scan", bytesFile("r", []byte("%PDF-1.4")), "file_is_pdf"},
		{"a photo", bytesFile("r", []byte("\x89PNG\r\n\x1a\n")), "file_is_picture"},
	} {
		pr := p.present(noCodes)
		pr.Take(t.Context(), tt.file)
		if s := pr.State(); s.Trouble.Code != tt.code || s.Phase != NoRequest || s.Trouble.Next == "" || s.Busy {
			t.Errorf("%s: %+v", tt.name, s)
		}
	}
	pr := p.present(func(io.Reader) ([][]byte, error) { return [][]byte{bytes.TrimSpace(good)}, nil })
	pr.Take(t.Context(), bytesFile("photo.png", []byte("\x89PNG\r\n\x1a\n")))
	if s := pr.State(); s.Phase != Choosing {
		t.Errorf("from a picture: %+v", s)
	}
	p.Pass(2 * time.Hour)
	late := p.present(noCodes)
	late.Take(t.Context(), bytesFile("r", good))
	if s := late.State(); s.Trouble.Code != "wallet_request_expired" || s.Phase != NoRequest {
		t.Errorf("%+v", s)
	}
	says(t, "an expired request", late.State().Asked, "Town Hospital", "It could be answered until 21 Nov 2026")
	// It runs out while somebody looks at it.
	if err := pr.Share(t.Context()); err == nil || pr.State().Stuck.Code != "wallet_request_expired" || pr.State().Answer != nil {
		t.Errorf("%v, %+v", err, pr.State())
	}
	p.Pass(-3 * time.Hour)
	early := p.present(noCodes)
	early.Take(t.Context(), bytesFile("r", good))
	if s := early.State(); s.Trouble.Code != "request_not_yet" {
		t.Errorf("%+v", s)
	}

	nothing := p.present(noCodes)
	p.Pass(time.Hour)
	nothing.Take(t.Context(), bytesFile("r", p.request(func(o *home.RequestOptions) { o.Types = []string{"BoardCertification"} })))
	if s := nothing.State(); s.Lacking.Code != "wallet_nothing_fits" || s.CanShare || s.Phase != Choosing {
		t.Errorf("%+v", s)
	}
	says(t, "the request", nothing.State().Asked, "It asks for: Board certification.")
}

// TestThreat68_WhoAsks: a name that deceives cannot even be asked with; what a
// request says is shown as its word.
func TestThreat68_WhoAsks(t *testing.T) {
	p := newPractice(t, 1)
	p.licensed(0)
	good := p.request(func(o *home.RequestOptions) { o.Audience = "Town Hospital (verified)" })
	pr := p.present(noCodes)
	pr.Take(t.Context(), bytesFile("r", good))
	says(t, "the request", pr.State().Asked, "It says that it is Town Hospital (verified). This is not proven.")
	bad := bytes.Replace(good, []byte("Town Hospital"), []byte("Town \u202eHospital"), 1)
	pr.Take(t.Context(), bytesFile("r", bad))
	if s := pr.State(); s.Trouble.Code != "request_malformed" || strings.Contains(all(s), "\u202e") {
		t.Errorf("%+v", s)
	}
}
