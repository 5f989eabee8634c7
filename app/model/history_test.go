package model

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/verifier"
)

// kept is a history; the latest comes last.
type kept struct {
	results []verifier.Result
	err     error
	pages   int
	waiting chan struct{} // each page waits for it, where it is there
}

func (k *kept) HistorySize(context.Context) (int, error) { return len(k.results), nil }

func (k *kept) HistoryPage(ctx context.Context, before int64, limit int) ([]home.Kept, error) {
	k.pages++
	if k.waiting != nil {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-k.waiting:
		}
	}
	if k.err != nil {
		return nil, k.err
	}
	if before <= 0 || before > int64(len(k.results)) {
		before = int64(len(k.results)) + 1
	}
	var page []home.Kept
	for seq := before - 1; seq >= 1 && len(page) < limit; seq-- {
		page = append(page, home.Kept{Seq: seq, At: now, Result: k.results[seq-1]})
	}
	return page, nil
}

// many is a history of n verdicts, a minute apart; every tenth is rejected.
func many(n int) *kept {
	k := &kept{}
	for i := range n {
		r := verified(verifier.Input{File: fmt.Sprintf("file-%d.json", i), Purpose: verifier.Privileging})
		r.VerifiedAt = now.Add(time.Duration(i-n) * time.Minute)
		if i%10 == 0 {
			r.Verdict, r.Checks = verifier.Rejected, []verifier.Check{check(verifier.CheckStatus, verifier.Fail, "status_revoked")}
			r.Credentials[0].Licence.Status = ptr("revoked")
		}
		k.results = append(k.results, r)
	}
	return k
}

func newHistory(k *kept) *History { return NewHistory(k, English(), func() {}) }

func TestHistoryEmptyAndOne(t *testing.T) {
	h := newHistory(many(0))
	h.Search(t.Context(), Query{})
	if s := h.State(); len(s.Rows) != 0 || !s.All || s.Busy || s.Total != 0 || s.Filtered {
		t.Errorf("%+v", s)
	}
	h = newHistory(many(1))
	h.Search(t.Context(), Query{})
	s := h.State()
	want := Row{Seq: 1, Verdict: verifier.Rejected, Word: "Not valid", What: "Professional licence", By: "Example Board", When: "21 Nov 2026 08:59 UTC"}
	if len(s.Rows) != 1 || s.Rows[0] != want || !s.All || s.Total != 1 {
		t.Errorf("%+v", s)
	}
}

// Ten thousand verdicts come a page at a time, the latest first, none twice.
func TestHistoryPagesThroughManyVerdicts(t *testing.T) {
	const n = 10_000
	k := many(n)
	h := newHistory(k)
	h.Search(t.Context(), Query{})
	if s := h.State(); len(s.Rows) != historyPage || s.All || s.Total != n || k.pages != 1 {
		t.Fatalf("%d rows of %d after %d pages", len(s.Rows), s.Total, k.pages)
	}
	for !h.State().All {
		h.More(t.Context())
	}
	rows := h.State().Rows
	if len(rows) != n {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		if r.Seq != int64(n-i) {
			t.Fatalf("row %d is verdict %d", i, r.Seq)
		}
	}
	pages := k.pages
	h.More(t.Context())
	if k.pages != pages {
		t.Error("there was nothing more, and it was asked for")
	}
}

func TestHistorySearch(t *testing.T) {
	k := many(1000)
	k.results[500].Credentials[0].IssuerName, k.results[500].Credentials[0].Issuer = ptr("Board of Nursing"), ptr("did:bonafide:demo:nursing")
	k.results[501].Credentials = nil
	for _, tt := range []struct {
		name string
		q    Query
		want int
	}{
		{"all", Query{}, 1000},
		{"verdict", Query{Verdict: verifier.Rejected}, 100},
		{"no such verdict", Query{Verdict: verifier.Unconfirmed}, 0},
		{"word of a verdict", Query{Text: "not valid"}, 100},
		{"code", Query{Text: "STATUS_REVOKED"}, 100},
		{"status in words", Query{Text: "Revoked"}, 100},
		{"type in words", Query{Text: "professional licence"}, 999},
		{"issuer", Query{Text: "nursing"}, 1},
		{"issuer's identifier", Query{Text: "did:bonafide:demo:nursing"}, 1},
		{"file", Query{Text: "file-777.json"}, 1},
		{"two terms", Query{Text: "nursing revoked"}, 1},
		{"two terms that do not meet", Query{Text: "nursing file-777"}, 0},
		{"no term spans two fields", Query{Text: "licenceexample"}, 0},
		{"a day", Query{From: day("2026-11-21"), To: day("2026-11-21")}, 540},
		{"from", Query{From: day("2026-11-22")}, 0},
		{"until", Query{To: day("2026-11-20")}, 460},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHistory(k)
			h.Search(t.Context(), tt.q)
			for !h.State().All {
				h.More(t.Context())
			}
			if s := h.State(); len(s.Rows) != tt.want || s.Searched != 1000 || s.Filtered != (tt.name != "all") {
				t.Errorf("%d rows, searched %d", len(s.Rows), s.Searched)
			}
		})
	}
}

func day(s string) time.Time {
	t, err := DateOf(s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestDateOf(t *testing.T) {
	if d, err := DateOf("  "); !d.IsZero() || err != nil {
		t.Error(d, err)
	}
	for _, s := range []string{"21.11.2026", "2026-02-30", "today"} {
		if _, err := DateOf(s); explain.CodeOf(err) != "date_malformed" {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestHistoryOpen(t *testing.T) {
	h := newHistory(many(30))
	h.Search(t.Context(), Query{})
	h.Open(t.Context(), 11)
	s := h.State()
	if s.Shown == nil || s.ShownSeq != 11 || s.Shown.Word != "Not valid" || s.Shown.File != "file-10.json" || s.Shown.Result == nil {
		t.Fatalf("%+v", s)
	}
	if _, ok := s.Shown.Raw(); ok {
		t.Error("the history holds no file")
	}
	h.CloseReport()
	if s := h.State(); s.Shown != nil || len(s.Rows) != 30 {
		t.Errorf("%+v", s)
	}
	h.Open(t.Context(), 99)
	if s := h.State(); s.Trouble.Code != "data_missing" {
		t.Errorf("%+v", s.Trouble)
	}
}

func TestHistoryTrouble(t *testing.T) {
	for _, tt := range []struct {
		err  error
		code string
	}{{explain.Errorf("passphrase_needed", "x"), "passphrase_needed"}, {explain.Errorf("data_damaged", "x"), "data_damaged"}, {errors.New("sql: x"), "internal_error"}} {
		k := many(3)
		k.err = tt.err
		h := newHistory(k)
		h.Search(t.Context(), Query{})
		s := h.State()
		if s.Trouble.Code != tt.code || s.Busy || s.All || len(s.Rows) != 0 || strings.Contains(s.Trouble.Message, "sql") {
			t.Errorf("%+v", s)
		}
		k.err = nil
		h.Search(t.Context(), Query{})
		if s := h.State(); s.Trouble.Code != "" || len(s.Rows) != 3 {
			t.Errorf("it is not tried again: %+v", s)
		}
	}
}

// A new search ends the one under way, whose late rows do not come in.
func TestHistoryStop(t *testing.T) {
	k := many(1000)
	k.waiting = make(chan struct{})
	h := newHistory(k)
	begin := func(q Query) chan struct{} {
		done := make(chan struct{})
		go func() { h.Search(t.Context(), q); close(done) }()
		return done
	}
	first := begin(Query{Text: "revoked"})
	k.waiting <- struct{}{}
	second := begin(Query{Text: "nobody"})
	<-first
	close(k.waiting)
	<-second
	if s := h.State(); len(s.Rows) != 0 || !s.All || s.Busy {
		t.Errorf("%d rows", len(s.Rows))
	}
	k.waiting = make(chan struct{})
	third := begin(Query{Text: "nobody"})
	k.waiting <- struct{}{}
	h.Stop()
	<-third
	if s := h.State(); s.Busy || s.All {
		t.Errorf("%+v", s)
	}
}

// Locking leaves nothing that was read.
func TestThreat75_LockedHistoryShowsNothing(t *testing.T) {
	h := newHistory(many(30))
	h.Search(t.Context(), Query{})
	h.Open(t.Context(), 11)
	h.Lock()
	if s := h.State(); len(s.Rows) != 0 || s.Shown != nil || s.Searched != 0 || s.Total != 30 {
		t.Errorf("%+v", s)
	}
}

// A verdict about a time that has passed is never shown as one about today.
func TestHistoryOfThePast(t *testing.T) {
	k := many(1)
	k.results[0].At = ptr(time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC))
	h := newHistory(k)
	h.Search(t.Context(), Query{})
	const word = "Was not valid"
	if s := h.State(); len(s.Rows) != 1 || s.Rows[0].Word != word {
		t.Errorf("%+v", s.Rows)
	}
	if r := NewReport(English(), "x.json", k.results[0]); r.Word != word {
		t.Errorf("%q", r.Word)
	}
}
