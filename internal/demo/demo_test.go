package demo

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bonafide/internal/explain"
	"bonafide/verifier"
)

// TestStory plays the whole story once and holds it against the list of what
// it must show, step by step.
func TestStory(t *testing.T) {
	t.Parallel() // it waits for epochs
	dir := filepath.Join(t.TempDir(), "kept")
	told := 0
	rep, err := Run(t.Context(), Options{Keep: dir, Told: func(Step) { told++ }})
	if err != nil {
		t.Fatal(err)
	}
	if told != len(rep.Steps) || !rep.AsExpected() {
		t.Errorf("%d of %d steps were told; as expected: %t", told, len(rep.Steps), rep.AsExpected())
	}
	const none = verifier.Verdict("")
	want := []struct {
		name    string // a part of it
		verdict verifier.Verdict
		reason  string // one of them
	}{
		{"The ledger starts", none, ""},
		{"medicine board is on the ledger", none, ""},
		{"nursing board joins", none, ""},
		{"both boards are accredited", none, ""},
		{"import their registers", none, ""},
		{"publish hashes", none, ""},
		{"claims two licences", none, ""},
		{"presents, the hospital verifies", verifier.Verified, "status_current"},
		{"puts a licence on probation", verifier.Verified, "status_probation"},
		{"suspends another", verifier.Rejected, "status_suspended"},
		{"reinstates it", verifier.Verified, "status_current"},
		{"revokes a third", verifier.Rejected, "status_revoked"},
		{"every listener are shut down", none, ""},
		{"Unplugged: claimed licence 1", verifier.Verified, "status_current"},
		{"Unplugged: claimed licence 2", verifier.Verified, "status_current"},
		{"Unplugged: the licence on probation", verifier.Verified, "status_probation"},
		{"Unplugged: the reinstated licence", verifier.Verified, "status_current"},
		{"Unplugged: the revoked licence", verifier.Rejected, "status_revoked"},
		{"tampered", verifier.Rejected, "anchor_mismatch"},
		{"not accredited for the type", verifier.Rejected, "not_accredited"},
		{"expired", verifier.Rejected, "expired"},
		{"epoch inside the data", verifier.Rejected, "anchor_mismatch"},
		{"next epoch beyond the data", verifier.Unconfirmed, "newer_than_data"},
		{"far future", verifier.Rejected, "epoch_far_future"},
		{"binding is required", verifier.Unconfirmed, "register_copy"},
		{"replayed", verifier.Rejected, "replayed"},
		{"another hospital", verifier.Rejected, "challenge_mismatch"},
		{"too old for the purpose", verifier.Unconfirmed, "stale"},
		{"set back a year", verifier.Unconfirmed, "clock_behind"},
	}
	at := 0
	for _, w := range want {
		i := slices.IndexFunc(rep.Steps[at:], func(s Step) bool { return strings.Contains(s.Name, w.name) })
		if i < 0 {
			t.Errorf("no step %q after step %d", w.name, at)
			continue
		}
		at += i
		s := rep.Steps[at]
		switch {
		case w.verdict == none && s.Verdict != nil, w.verdict != none && (s.Verdict == nil || *s.Verdict != w.verdict):
			t.Errorf("%s: the verdict is %v, not %q", s.Name, s.Verdict, w.verdict)
		case w.reason != "" && !slices.Contains(s.Reasons, w.reason):
			t.Errorf("%s: the reasons are %v, without %s", s.Name, s.Reasons, w.reason)
		}
	}
	for _, s := range rep.Steps {
		if s.Name == "The board puts a licence on probation" && !strings.Contains(s.Headline, "with conditions") {
			t.Errorf("the headline of the probation is %q", s.Headline)
		}
		if s.Reasons == nil {
			t.Errorf("%s: reasons are null", s.Name)
		}
		for _, r := range s.Reasons {
			if _, ok := explain.Lookup(r); !ok {
				t.Errorf("%s: nothing explains %s", s.Name, r)
			}
		}
	}
	holdsKept(t, dir, rep)
}

// holdsKept: steps.json has every verified step, and its files are there. That
// another process gives the verdicts again is tested where the command is.
func holdsKept(t *testing.T, dir string, rep Report) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "steps.json"))
	if err != nil {
		t.Fatal(err)
	}
	var kept []KeptStep
	if err := json.Unmarshal(b, &kept); err != nil {
		t.Fatal(err)
	}
	verified := slices.DeleteFunc(slices.Clone(rep.Steps), func(s Step) bool { return s.Verdict == nil })
	if len(kept) != len(verified) {
		t.Fatalf("%d steps are kept and %d were verified", len(kept), len(verified))
	}
	for i, k := range kept {
		if k.Name != verified[i].Name || k.Expected != *verified[i].Expected {
			t.Errorf("step %q is kept as %q", verified[i].Name, k.Name)
		}
		for _, a := range k.Args {
			if filepath.IsAbs(a) {
				if _, err := os.Stat(a); err != nil {
					t.Errorf("%s: %v", k.Name, err)
				}
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "homes", "*-shifted")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestCancelled: however the story is broken off, nothing is left behind.
func TestCancelled(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, Options{Told: func(s Step) {
		if strings.Contains(s.Name, "nursing board joins") {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled story ends with %v", err)
	}
	empty(t)
	func() {
		defer func() { _ = recover() }()
		_, _ = Run(t.Context(), Options{Told: func(Step) { panic("told") }})
	}()
	empty(t)
}

func empty(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestKeepNeedsRoom(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), Options{Keep: dir}); explain.CodeOf(err) != "demo_folder" {
		t.Errorf("a folder that is not empty: %v", err)
	}
	if b, err := os.ReadFile(mine); err != nil || string(b) != "mine" {
		t.Errorf("what was there: %s, %v", b, err)
	}
}
