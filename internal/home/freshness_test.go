package home

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cometbft/cometbft/types"

	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/verifier"
)

// The levels begin where they should, to the nanosecond, for the shortest purpose
// of whatever policy is in force.
func TestFreshnessLevels(t *testing.T) {
	day := 24 * time.Hour
	short := must(verifier.ParsePolicy([]byte(`{"format":1,"purposes":{"disaster":{"max_age_hours":10}}}`)))
	alike := must(verifier.ParsePolicy([]byte(`{"format":1,"purposes":{"monitoring":{"max_age_hours":24}}}`)))
	for _, c := range []struct {
		name    string
		policy  verifier.Policy
		age     time.Duration
		level   Level
		purpose verifier.Purpose
	}{
		{"ahead of the clock", nil, -time.Hour, Young, verifier.Privileging},
		{"new", nil, 0, Young, verifier.Privileging},
		{"49 %", nil, day * 49 / 100, Young, verifier.Privileging},
		{"just before 50 %", nil, day/2 - 1, Young, verifier.Privileging},
		{"50 %", nil, day / 2, Half, verifier.Privileging},
		{"79 %", nil, day * 79 / 100, Half, verifier.Privileging},
		{"just before 80 %", nil, day*80/100 - 1, Half, verifier.Privileging},
		{"80 %", nil, day * 80 / 100, Near, verifier.Privileging},
		{"100 %", nil, day, Near, verifier.Privileging},
		{"just over", nil, day + 1, Past, verifier.Privileging},
		{"a year", nil, 365 * day, Past, verifier.Privileging},
		{"a shorter purpose, 49 %", short, 294 * time.Minute, Young, verifier.Disaster},
		{"a shorter purpose, 50 %", short, 5 * time.Hour, Half, verifier.Disaster},
		{"a shorter purpose, 80 %", short, 8 * time.Hour, Near, verifier.Disaster},
		{"a shorter purpose, 100 %", short, 10 * time.Hour, Near, verifier.Disaster},
		{"a shorter purpose, over", short, 10*time.Hour + 1, Past, verifier.Disaster},
		{"two alike", alike, day / 2, Half, verifier.Privileging},
	} {
		for _, ofBoards := range []bool{false, true} {
			f := newFreshness(c.policy, start, start.Add(c.age), ofBoards)
			if f.Level != c.level || f.Purpose != c.purpose || !f.AsOf.Equal(start) || f.Age != max(c.age, 0) {
				t.Errorf("%s: %+v", c.name, f)
			}
			want := ""
			if c.level != Young {
				want = "freshness_" + string(c.level)
				if ofBoards {
					want += "_boards"
				}
			}
			if x, known := explain.Lookup(f.Code); f.Code != want || known != (want != "") || f.Next != x.Next {
				t.Errorf("%s: code %q, next %q", c.name, f.Code, f.Next)
			}
		}
	}
}

// A network halts: the hospital is told at half and at four fifths of its time who
// gave no vote for the last header, no verdict changes for it, and at the limit,
// not before, the age alone makes it unconfirmed.
func TestThreat53_HaltedNetworkIsForetold(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 4, 1)
	licence := licensed(t, l, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	l.Vote = func(_ int64, i int) types.BlockIDFlag {
		if i == 2 {
			return types.BlockIDFlagAbsent
		}
		return types.BlockIDFlagCommit
	}
	l.Beat(start.Sub(l.Now))
	s := newSite(t)
	_, err := s.Freshness(nil)
	wantCode(t, err, "no_trust")
	s.pin(l)
	_, err = s.Freshness(nil)
	wantCode(t, err, "no_data")
	s.take(export(t, l, 0))
	asOf := must(s.Data()).AsOf
	policy := must(verifier.ParsePolicy([]byte(`{"format":1,"purposes":{"monitoring":{"max_age_hours":20}}}`)))
	hospital := must(s.Hospital(ctx, HospitalOptions{Policy: policy}))
	address, _ := l.Set(l.Height()).GetByIndex(2)
	away := ""
	for _, v := range l.Set(l.Height()).Validators {
		for _, m := range l.View().Members(l.View().Height()) {
			if string(v.Address) == string(address) && string(m.Consensus[:]) == string(v.PubKey.Bytes()) {
				away = m.DID.String()
			}
		}
	}
	limit := 20 * time.Hour
	for _, c := range []struct {
		age     time.Duration
		level   Level
		verdict verifier.Verdict
		code    string
	}{
		{limit * 49 / 100, Young, verifier.Verified, "fresh"},
		{limit / 2, Half, verifier.Verified, "fresh"},
		{limit*80/100 - 1, Half, verifier.Verified, "fresh"},
		{limit * 80 / 100, Near, verifier.Verified, "fresh"},
		{limit, Near, verifier.Verified, "fresh"},
		{limit + 1, Past, verifier.Unconfirmed, "stale"},
	} {
		s.now = asOf.Add(c.age)
		f, err := hospital.Freshness()
		if err != nil || f.Level != c.level || f.Age != c.age || f.Limit != limit || f.Purpose != verifier.Monitoring {
			t.Errorf("%s: %+v, %v", c.age, f, err)
		}
		if len(f.Silent) != 1 || f.ByNode || f.Silent[0].DID.String() != away || !strings.HasPrefix(f.Silent[0].Name, "Board ") {
			t.Errorf("%s: silent are %v, not %s", c.age, f.Silent, away)
		}
		res, err := hospital.Verify(ctx, verifier.Input{Bytes: licence, Purpose: verifier.Monitoring})
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range res.Checks {
			want := check.Outcome == verifier.Pass || check.Outcome == verifier.Skipped
			if check.ID == verifier.CheckFreshness {
				want = check.Code == c.code
			}
			if !want {
				t.Errorf("%s: %s %s", c.age, check.ID, check.Code)
			}
		}
		if res.Verdict != c.verdict {
			t.Errorf("%s: %s", c.age, res.Verdict)
		}
	}
	// A device clock that is set back makes nothing younger.
	s.now = asOf.Add(limit * 80 / 100)
	hospital = must(s.open().Hospital(ctx, HospitalOptions{Policy: policy}))
	_ = must(hospital.Verify(ctx, verifier.Input{Bytes: licence}))
	s.now = asOf
	if f := must(hospital.Freshness()); f.Level != Near {
		t.Errorf("the clock set back: %+v", f)
	}
}

// What a board is told comes from its node where its own data is old only because
// nobody asked, and from its own data where no node answers.
func TestNetworkFreshness(t *testing.T) {
	ctx := context.Background()
	l := testkit.NewLedger(t, netA, 4, 1)
	l.Beat(start.Sub(l.Now))
	s := newSite(t)
	s.pin(l)
	s.take(export(t, l, 0))
	asOf := must(s.Data()).AsOf
	known, unknown := l.Boards[0].DID.String(), l.NewBoard("Nobody").DID.String()
	asked := 0
	headerTime := asOf
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = fmt.Fprintf(w, `{"chain_id":%q,"state_height":9,"header_height":10,"header_time":%q,"app_hash":%q,
			"proven":true,"interval_seconds":1,"last_epoch":1,"validators":4,"waiting":0,"peers":3,"syncing":false,
			"validating":true,"silent":[%q,"evil\u202e\nname",%q],"first_block":1}`,
			netA, headerTime.Format(time.RFC3339Nano), strings.Repeat("00", 32), unknown, known)
	}))
	defer srv.Close()
	if err := s.SetNode(ctx, srv.URL); err != nil {
		t.Fatal(err)
	}
	if f := must(s.NetworkFreshness(ctx)); f.Level != Young || asked != 0 {
		t.Errorf("young data: %+v, asked %d times", f, asked)
	}
	// The network went on while this home slept.
	s.now = asOf.Add(20 * time.Hour)
	headerTime = s.now.Add(-time.Minute)
	if f := must(s.NetworkFreshness(ctx)); f.Level != Young || f.Age != time.Minute || asked != 1 {
		t.Errorf("a network that goes on: %+v, asked %d times", f, asked)
	}
	// It stands still. Those silent are named by the ledger's data, a word that is
	// no DID by nothing.
	headerTime = asOf
	f := must(s.NetworkFreshness(ctx))
	if f.Level != Near || f.Code != "freshness_near_boards" || len(f.Silent) != 2 || !f.ByNode {
		t.Fatalf("a network that stands still: %+v", f)
	}
	for _, m := range f.Silent {
		if want := map[string]string{known: "Board 1", unknown: ""}[m.DID.String()]; m.Name != want {
			t.Errorf("%s is called %q, not %q", m.DID, m.Name, want)
		}
	}
	var out map[string]any
	if err := json.Unmarshal(must(json.Marshal(f)), &out); err != nil || out["age_seconds"] != 72000.0 || out["limit_seconds"] != 86400.0 ||
		out["level"] != "near" || out["purpose"] != "privileging" || len(out["silent"].([]any)) != 2 {
		t.Error(out, err)
	}
	srv.Close()
	if f := must(s.NetworkFreshness(ctx)); f.Level != Near || f.Code != "freshness_near" || f.Silent != nil {
		t.Errorf("no node: %+v", f)
	}
	// A name that would deceive is shown for what it is.
	if got := shownName("Board\u202e\n" + strings.Repeat("x", 200)); strings.ContainsAny(got, "\u202e\n") || len([]rune(got)) != longestName+1 {
		t.Errorf("%q", got)
	}
}
