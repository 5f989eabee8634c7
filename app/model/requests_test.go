package model

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/assets/templates"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/ledger"
	"bonafide/verifier"
)

// asker keeps requests as a home does.
type asker struct {
	t        *testing.T
	audience string
	made     []*request.Request
	closed   []string
	err      error
	typesErr error
}

func (a *asker) Audience(context.Context) (string, error) { return a.audience, nil }

func (a *asker) Types(context.Context) ([]ledger.Template, error) {
	if a.typesErr != nil {
		return nil, a.typesErr
	}
	docs, err := templates.Documents()
	if err != nil {
		return nil, err
	}
	var out []ledger.Template
	for _, d := range docs {
		tpl, err := ledger.ParseTemplate(d)
		if err != nil {
			return nil, err
		}
		out = append(out, tpl)
	}
	return out, nil
}

func (a *asker) NewRequest(_ context.Context, o home.RequestOptions) ([]byte, error) {
	if a.err != nil {
		return nil, a.err
	}
	if o.Audience == "" && a.audience == "" {
		return nil, explain.Errorf("audience_needed", "x")
	}
	if o.Audience != "" {
		a.audience = o.Audience
	}
	r, err := request.New(a.audience, string(o.Purpose), o.Types, now, o.ValidFor, strings.NewReader(strings.Repeat(string(rune('a'+len(a.made))), 32)))
	if err != nil {
		return nil, err
	}
	r.Claims, r.Formats = o.Claims, o.Formats
	a.made = append([]*request.Request{r}, a.made...)
	return r.Marshal()
}

func (a *asker) OpenRequests(context.Context) (open []*request.Request, err error) {
	for _, r := range a.made {
		if !slices.Contains(a.closed, r.Nonce) {
			open = append(open, r)
		}
	}
	return open, a.err
}

func (a *asker) CloseRequest(_ context.Context, nonce string) error {
	a.closed = append(a.closed, nonce)
	return a.err
}

func newRequests(a *asker) *Requests {
	return NewRequests(a, English(), func() time.Time { return now }, func() {})
}

func TestRequestsRoom(t *testing.T) {
	a := &asker{t: t}
	r := newRequests(a)
	if r.State().Loaded {
		t.Error("nothing was read yet")
	}
	r.Refresh(t.Context())
	s := r.State()
	if !s.Loaded || len(s.Open) != 0 || s.Audience != "" || s.Trouble.Code != "" || s.Shown != nil {
		t.Fatalf("%+v", s)
	}
	var types, claims []string
	for _, c := range s.Types {
		types = append(types, c.Name)
	}
	for _, c := range s.Claims {
		claims = append(claims, c.ID)
	}
	if want := []string{"Board certification", "Controlled-substance registration", "Professional licence", "Training certification"}; !slices.Equal(types, want) {
		t.Errorf("%q", types)
	}
	if !slices.Contains(claims, "familyName") || !slices.Contains(claims, "licence.number") || len(claims) != 11 {
		t.Errorf("%q", claims)
	}

	r.Make(t.Context(), Ask{Purpose: verifier.Privileging, Life: Lives[0]})
	if s := r.State(); s.Trouble.Code != "audience_needed" || s.Shown != nil {
		t.Errorf("nobody asks: %+v", s)
	}
	r.Make(t.Context(), Ask{
		Audience: " Riverside Hospital ", Purpose: verifier.Disaster, Types: []string{"ProfessionalLicence"}, Claims: []string{"familyName", "licence.number"},
		Formats: []string{"dc+sd-jwt"}, Life: Lives[1],
	})
	s = r.State()
	if s.Trouble.Code != "" || s.Shown == nil || len(s.Open) != 1 || s.Audience != "Riverside Hospital" {
		t.Fatalf("%+v", s)
	}
	m := *s.Shown
	if m.Title != "Disaster privileges, for Riverside Hospital" || m.Audience != "Riverside Hospital" || m.Left != "3 days left, until 24 Nov 2026 09:00 UTC." || m.Name != "request-20261121-090000.json" ||
		!slices.Equal(m.Asks, []string{"Asks for: Professional licence.", "Details wanted: Family name, Licence number.", "Selective form: only what you ask for is shown"}) {
		t.Errorf("%+v", m)
	}
	if q, err := request.Parse(m.File); err != nil || q.Nonce != m.Nonce {
		t.Error(q, err)
	}
	r.Hide()
	if s := r.State(); s.Shown != nil || len(s.Open) != 1 {
		t.Errorf("%+v", s)
	}
	r.Make(t.Context(), Ask{Purpose: verifier.Monitoring, Life: Lives[0]}) // the audience is remembered
	r.Show(m.Nonce)
	if s := r.State(); len(s.Open) != 2 || s.Shown == nil || s.Shown.Nonce != m.Nonce {
		t.Errorf("%+v", s)
	}
	r.Close(t.Context(), m.Nonce)
	if s := r.State(); len(s.Open) != 1 || s.Shown != nil {
		t.Errorf("a closed request is shown for answering: %+v", s)
	}
}

func TestRequestsTrouble(t *testing.T) {
	a := &asker{t: t, typesErr: explain.Errorf("no_data", "x")}
	r := newRequests(a)
	r.Refresh(t.Context())
	if s := r.State(); s.TypesNote.Code != "no_data" || s.Trouble.Code != "" || len(s.Types) != 0 {
		t.Errorf("a request without types can be made: %+v", s)
	}
	r.Make(t.Context(), Ask{Audience: "Riverside", Purpose: verifier.Privileging, Life: Lives[0]})
	nonce := r.State().Shown.Nonce
	a.err = errors.New("sql: disk")
	r.Close(t.Context(), nonce)
	if s := r.State(); s.Trouble.Code != "internal_error" || len(s.Open) != 1 {
		t.Errorf("%+v", s)
	}
	a.err = nil
	r.Make(t.Context(), Ask{Audience: "Ri\u202everside", Purpose: verifier.Privileging, Life: Lives[0]})
	if s := r.State(); s.Trouble.Code != "request_malformed" {
		t.Errorf("%+v", s.Trouble)
	}
	r.Refresh(t.Context())
	if s := r.State(); s.Trouble.Code != "" {
		t.Errorf("%+v", s.Trouble)
	}
}

func TestLeft(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "0 minutes left, until 21 Nov 2026 08:00 UTC.", time.Minute: "1 minute left, until 21 Nov 2026 09:01 UTC.",
		90 * time.Minute: "1 hour left, until 21 Nov 2026 10:30 UTC.", 100 * time.Hour: "4 days left, until 25 Nov 2026 13:00 UTC.",
	} {
		if got := left(English(), now.Add(d), now); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
}
