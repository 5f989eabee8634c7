package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/qr"
	"bonafide/internal/request"
	"bonafide/verifier"
	"bonafide/wallet"
)

// TestFurnish makes a world once and holds it to what it promises, over two
// starts.
func TestFurnish(t *testing.T) {
	t.Parallel() // it waits for epochs
	dir := filepath.Join(t.TempDir(), "demo")
	var parts []Part
	w, err := Furnish(t.Context(), dir, Furnishing{Far: func(p Part, done, total int) {
		if len(parts) != done || done >= total {
			t.Errorf("%s: %d of %d", p, done, total)
		}
		parts = append(parts, p)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Compact(parts); !slices.Equal(got, []Part{PartNetwork, PartRegisters, PartPractitioner, PartHospital, PartSamples}) {
		t.Errorf("the parts were %v", got)
	}
	loaded, err := Load(dir)
	if err != nil || !slices.Equal(loaded.Places, w.Places) || !slices.Equal(loaded.Codes, w.Codes) || loaded.Dir != dir {
		t.Errorf("loaded as %+v: %v", loaded, err)
	}
	if _, err := Furnish(t.Context(), dir, Furnishing{}); explain.CodeOf(err) != "demo_folder" {
		t.Errorf("a second world in the same folder: %v", err)
	}

	run := start(t, w)
	hospital := open(t, run, hospitalHome)
	before, err := hospital.Data()
	if err != nil {
		t.Fatal(err)
	}
	t.Run("homes", func(t *testing.T) { holdsHomes(t, run) })
	t.Run("wallet", func(t *testing.T) { holdsWallet(t, run) })
	t.Run("history", func(t *testing.T) { holdsHistory(t, hospital) })
	t.Run("samples", func(t *testing.T) { holdsSamples(t, w, hospital) })
	t.Run("requests", func(t *testing.T) { holdsRequests(t, run, hospital) })
	t.Run("claims", func(t *testing.T) { holdsClaims(t, run) })
	if err := run.Stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}

	// On another day, from what is on the disk alone.
	again := start(t, loaded)
	after, err := hospital.Data()
	if err != nil || !after.AsOf.After(before.AsOf) {
		t.Errorf("the hospital's data is of %v, before the second start of %v: %v", after.AsOf, before.AsOf, err)
	}
	if err := errors.Join(again.Stop(), again.Stop(), hospital.Close()); err != nil {
		t.Errorf("stopping: %v", err)
	}

	// After most of a year.
	if r, err := loaded.Start(t.Context(), func() time.Time { return time.Now().Add(300 * day) }); explain.CodeOf(err) != "demo_outdated" || r != nil {
		t.Errorf("much later it starts with %v", err)
	}

	mine := filepath.Join(dir, "mine.txt")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(dir, homesFolder, "own")
	h, err := home.Create(own, options(time.Now, []byte(Passphrase)), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.Close(), Remove(dir)); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "*"))
	homes, _ := filepath.Glob(filepath.Join(dir, homesFolder, "*"))
	if !slices.Equal(left, []string{filepath.Join(dir, homesFolder), mine}) || !slices.Equal(homes, []string{own}) || !home.Exists(own) {
		t.Errorf("what is left of it: %v %v", left, homes)
	}
}

func start(t *testing.T, w World) *Running {
	t.Helper()
	r, err := w.Start(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Stop() })
	return r
}

func open(t *testing.T, r *Running, name string) *home.Home {
	t.Helper()
	h, err := r.open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// holdsHomes: every place is a home that says that it is a demonstration, and
// that the passphrase opens.
func holdsHomes(t *testing.T, r *Running) {
	roles := map[string]int{}
	for _, p := range r.World().Places {
		roles[p.Role]++
		if r.World().Home(p) != filepath.Join(r.World().Dir, homesFolder, p.Home) || p.Title == "" {
			t.Errorf("a place %+v", p)
		}
		h := open(t, r, p.Home)
		if err := h.Unlock(); err != nil || !h.Demo() {
			t.Errorf("%s: made by the demonstration: %t, %v", p.Home, h.Demo(), err)
		}
	}
	if roles[RoleHospital] != 1 || roles[RolePractitioner] != 1 || roles[RoleBoard] != 3 {
		t.Errorf("the roles are %v", roles)
	}
}

func walletOf(t *testing.T, r *Running) *wallet.Wallet {
	t.Helper()
	w, err := open(t, r, practitionerHome).Wallet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// holdsWallet: licences of one person that stand differently.
func holdsWallet(t *testing.T, r *Running) {
	items, err := walletOf(t, r).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	both, names := 0, map[string]bool{}
	stand := map[string]int{}
	for _, it := range items {
		if len(it.Formats) == 2 {
			both++
		}
		for _, f := range it.Fields {
			if f.Name == "familyName" {
				names[f.Value] = true
			}
		}
		for _, w := range it.Warnings {
			stand[w]++
		}
		if it.Standing == nil || !it.Bound() {
			t.Errorf("%s: bound %t, standing %v", it.Types, it.Bound(), it.Standing)
		}
	}
	if len(items) != 4 || both != 1 || len(names) != 1 {
		t.Errorf("%d licences, %d of them in both envelopes, of %d people", len(items), both, len(names))
	}
	if len(stand) != 2 || stand["wallet_expires_soon"] != 1 || stand["wallet_conditions"] != 1 {
		t.Errorf("what is said of them: %v", stand)
	}
}

func holdsHistory(t *testing.T, h *home.Home) {
	p, err := h.Hospital(t.Context(), home.HospitalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[verifier.Verdict]int{}
	err = p.History(t.Context(), func(_ time.Time, r verifier.Result) error {
		got[r.Verdict]++
		return nil
	})
	if err != nil || got[verifier.Verified] < 2 || got[verifier.Rejected] < 1 || got[verifier.Unconfirmed] < 1 {
		t.Errorf("the history has %v: %v", got, err)
	}
}

// verdictOn is what the hospital says of a sample, with the request that the
// sample answers, as the app finds it.
func verdictOn(t *testing.T, p *home.Hospital, b []byte, purpose verifier.Purpose) verifier.Result {
	t.Helper()
	in := verifier.Input{File: "sample", Bytes: b, Purpose: purpose}
	list, err := p.OpenRequests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if bytes.Contains(b, []byte(r.Nonce)) {
			in.Request = r
		}
	}
	res, err := p.Verify(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// holdsSamples: each file gives the verdict that it is there for.
func holdsSamples(t *testing.T, w World, h *home.Home) {
	p, err := h.Hospital(t.Context(), home.HospitalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		kind    SampleKind
		purpose verifier.Purpose
		verdict verifier.Verdict
		reason  string
	}{
		{SampleAnswer, verifier.Privileging, verifier.Verified, "status_current"},
		{SampleCopy, verifier.Monitoring, verifier.Verified, "status_current"},
		{SampleCopy, verifier.Privileging, verifier.Unconfirmed, "register_copy"},
		{SampleConditions, verifier.Privileging, verifier.Verified, "status_probation"},
		{SampleRevoked, verifier.Privileging, verifier.Rejected, "status_revoked"},
		{SampleExpired, verifier.Privileging, verifier.Rejected, "expired"},
		{SampleTampered, verifier.Privileging, verifier.Rejected, "anchor_mismatch"},
		{SampleNotAccredited, verifier.Privileging, verifier.Rejected, "not_accredited"},
		{SampleNotAnchored, verifier.Privileging, verifier.Rejected, "anchor_mismatch"},
	} {
		b, err := os.ReadFile(w.Sample(x.kind))
		if err != nil {
			t.Errorf("%s: %v", x.kind, err)
			continue
		}
		res := verdictOn(t, p, b, x.purpose)
		if res.Verdict != x.verdict || !slices.Contains(reasons(res), x.reason) {
			t.Errorf("%s for %s: %s %v", x.kind, x.purpose, res.Verdict, reasons(res))
		}
	}
	if w.Sample("none") != "" {
		t.Error("a sample of no kind")
	}
	names, _ := filepath.Glob(filepath.Join(w.Dir, samplesFolder, "*"))
	if len(names) != len(w.Samples) {
		t.Errorf("%d files for %d samples", len(names), len(w.Samples))
	}
}

// holdsRequests: the answer as a picture counts once, and the request that is
// open can be answered.
func holdsRequests(t *testing.T, r *Running, h *home.Home) {
	p, err := h.Hospital(t.Context(), home.HospitalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(r.World().Sample(SampleAnswerCode))
	if err != nil {
		t.Fatal(err)
	}
	codes, err := qr.Read(f)
	if err = errors.Join(err, f.Close()); err != nil || len(codes) != 1 {
		t.Fatalf("%d codes: %v", len(codes), err)
	}
	open, err := p.OpenRequests(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// An SD-JWT VC has its nonce inside a token: it fits one of those that are open.
	i := slices.IndexFunc(open, func(q *request.Request) bool {
		res, err := p.Verify(t.Context(), verifier.Input{File: "sample", Bytes: codes[0], Purpose: verifier.Privileging, Request: q})
		return err == nil && res.Verdict == verifier.Verified
	})
	if i < 0 {
		t.Error("the answer in the picture is not verified")
	}
	raw, err := os.ReadFile(r.World().Sample(SampleRequest))
	if err != nil {
		t.Fatal(err)
	}
	q, err := request.Parse(raw)
	if err != nil || !slices.ContainsFunc(open, func(o *request.Request) bool { return o.Nonce == q.Nonce }) {
		t.Errorf("the request to answer is not open: %v", err)
	}
	w := walletOf(t, r)
	fit, err := w.Candidates(t.Context(), raw)
	if err != nil || len(fit) == 0 {
		t.Fatalf("%d licences fit: %v", len(fit), err)
	}
	both := slices.IndexFunc(fit, func(it wallet.Item) bool { return len(it.Formats) == 2 })
	b, err := w.Present(t.Context(), raw, wallet.Choice{IDs: []string{fit[both].ID}})
	if err != nil {
		t.Fatal(err)
	}
	res, err := p.Verify(t.Context(), verifier.Input{File: "answer", Bytes: b, Purpose: verifier.Privileging, Request: q})
	if err != nil || res.Verdict != verifier.Verified {
		t.Errorf("the answer is %s %v: %v", res.Verdict, reasons(res), err)
	}
	// What was verified before is found out, with its request or without.
	if b, err = os.ReadFile(r.World().Sample(SampleReplayed)); err != nil {
		t.Fatal(err)
	}
	for _, o := range open {
		if res, err = p.Verify(t.Context(), verifier.Input{File: "used", Bytes: b, Purpose: verifier.Privileging, Request: o}); err != nil || res.Verdict != verifier.Rejected {
			t.Errorf("an answer that was used before is %s: %v", res.Verdict, err)
		}
	}
}

// holdsClaims: what a letter brought can be claimed, and its board answers.
func holdsClaims(t *testing.T, r *Running) {
	ctx := t.Context()
	w := walletOf(t, r)
	if len(r.World().Codes) < 2 {
		t.Fatalf("%d claim codes wait", len(r.World().Codes))
	}
	letters := 0
	for _, s := range r.World().Samples {
		if s.Kind != SampleLetter {
			continue
		}
		b, err := os.ReadFile(filepath.Join(r.World().Dir, samplesFolder, s.File))
		if err != nil || !slices.ContainsFunc(r.World().Codes, func(c ClaimCode) bool {
			return strings.Contains(string(b), c.Code) && strings.Contains(string(b), string(c.Board))
		}) {
			t.Errorf("%s has no code that waits: %v", s.File, err)
		}
		letters++
	}
	if letters != len(r.World().Codes) {
		t.Errorf("%d letters for %d codes", letters, len(r.World().Codes))
	}
	c := r.World().Codes[0]
	file, err := w.Claim(ctx, c.Code, c.Board)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Answer(ctx, file)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d envelopes: %v", len(got), err)
	}
	for _, b := range got {
		it, err := w.Receive(ctx, b)
		if err != nil || !it.Bound() {
			t.Errorf("received: %v, bound %t", err, it.Bound())
		}
	}
	if _, err := r.Answer(ctx, []byte("no claim")); explain.CodeOf(err) != "claim_malformed" {
		t.Errorf("what is no claim is answered: %v", err)
	}
}

// TestFurnishCancelled: what was left by a machine that went off is made anew,
// and broken off, nothing is left.
func TestFurnishCancelled(t *testing.T) {
	t.Parallel() // it waits for epochs
	dir := filepath.Join(t.TempDir(), "demo")
	for _, sub := range []string{homesFolder + "/.hospital.new-1", filesFolder} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeMark(dir, stateMaking, World{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); explain.CodeOf(err) != "demo_missing" {
		t.Errorf("an unfinished one loads: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Furnish(ctx, dir, Furnishing{Far: func(_ Part, done, _ int) {
		if done == 1 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled furnishing ends with %v", err)
	}
	if _, err := os.Lstat(dir); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}

// TestRemoveIsCareful: only what carries the mark is removed, and a mark cannot
// lead elsewhere.
func TestRemoveIsCareful(t *testing.T) {
	base := t.TempDir()
	outside := filepath.Join(base, "outside")
	inside := filepath.Join(base, "inside")
	for _, d := range []string{outside, filepath.Join(inside, homesFolder)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	keep := filepath.Join(outside, "keep.txt")
	if err := os.WriteFile(keep, []byte("keep"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused := func(what, dir string) {
		t.Helper()
		if err := Remove(dir); explain.CodeOf(err) != "demo_not_ours" {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := Load(dir); explain.CodeOf(err) != "demo_missing" {
			t.Errorf("%s loads: %v", what, err)
		}
		if _, err := os.Stat(keep); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("no folder", filepath.Join(base, "none"))
	refused("a folder without a mark", outside)
	for what, text := range map[string]string{
		"an empty mark": "", "another's mark": `{"format":1,"demo":"mine"}`, "a mark of nobody": `{"format":2}`,
	} {
		if err := os.WriteFile(filepath.Join(outside, markFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(what, outside)
	}
	// A mark that names what is elsewhere, or is of another version, opens nothing;
	// what can be removed does not depend on it.
	for what, m := range map[string]mark{
		"a home elsewhere":   {1, markText, stateReady, World{Places: []Place{{"../../outside", RoleHospital, "x"}}}},
		"a sample elsewhere": {1, markText, stateReady, World{Samples: []Sample{{SampleCopy, "../outside/keep.txt", ""}}}},
		"a sample's folder":  {1, markText, stateReady, World{Samples: []Sample{{SampleCopy, "..", ""}}}},
		"a later version":    {2, markText, stateReady, World{}},
	} {
		b, err := json.Marshal(m)
		if err == nil {
			err = os.WriteFile(filepath.Join(outside, markFile), b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Load(outside); explain.CodeOf(err) != "demo_outdated" {
			t.Errorf("%s loads: %v", what, err)
		}
		if _, err := Furnish(t.Context(), outside, Furnishing{}); explain.CodeOf(err) != "demo_folder" {
			t.Errorf("%s is furnished: %v", what, err)
		}
		if err := Remove(outside); err != nil {
			t.Errorf("%s is not removed: %v", what, err)
		}
		if _, err := os.Stat(keep); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A link to a folder is not followed, neither as the whole nor as a part.
	if err := writeMark(inside, stateReady, World{}); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(base, "link")
	if err := os.Symlink(inside, link); err != nil {
		t.Skip("no symbolic links here")
	}
	refused("a link to a world", link)
	for _, name := range []string{samplesFolder, homesFolder + "/hospital"} {
		if err := os.Symlink(outside, filepath.Join(inside, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Remove(inside); err != nil {
		t.Error(err)
	}
	if err := os.MkdirAll(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(writeMark(inside, stateReady, World{}), os.Symlink(base, filepath.Join(inside, homesFolder)), os.MkdirAll(filepath.Join(base, hospitalHome), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := Remove(inside); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(base, hospitalHome)); err != nil {
		t.Errorf("a link was followed: %v", err)
	}
	if _, err := os.Stat(keep); err != nil {
		t.Errorf("a link was followed: %v", err)
	}
	if _, err := os.Lstat(inside); !os.IsNotExist(err) {
		t.Errorf("the world is still there: %v", err)
	}
}
