package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bonafide/docs/guides"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/testkit"
	"bonafide/ledger/pack"
)

var shellNow = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func shellClock() time.Time { return shellNow }

var cheapCost = home.Cost{Time: 1, MemoryKiB: 8, Threads: 1}

func TestStrength(t *testing.T) {
	for pass, want := range map[string]Strength{
		"": TooShort, "seven77": TooShort, "ÄÖÜäöüß": TooShort,
		"password": Weak, "12345678": Weak, "aaaaaaaaaaaaaaaaaaaaaa": Weak, "qwertyuiop": Weak, "Password1": Weak, "hospital2026": Weak, "abcdefghijklmnop": Weak,
		"green tram sky": Fair, "kP7#vL2!qZ": Fair,
		"green tram seldom whistles": Strong, "correct horse battery staple": Strong,
	} {
		if got := StrengthOf(pass); got != want {
			t.Errorf("%q: %v, want %v", pass, got, want)
		}
		if StrengthWords(English(), want) == "" {
			t.Errorf("%v has no words", want)
		}
	}
}

func TestNewHomeSaysWhatIsMissing(t *testing.T) {
	full := NewHome{Name: "Maria", Pass: "green tram sky", Again: "green tram sky"}
	for want, n := range map[string]NewHome{
		"":                               full,
		"Say your name first":            {Name: " ", Pass: full.Pass, Again: full.Again},
		"Too short: it needs at least 8": {Name: "Maria", Pass: "short", Again: "short"},
		"a second time":                  {Name: "Maria", Pass: full.Pass},
		"differ":                         {Name: "Maria", Pass: full.Pass, Again: full.Pass + "x"},
	} {
		if got := n.Check(English()); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%+v: %q", n, got)
		}
	}
}

// fakeTrusting is a home that a test answers for.
type fakeTrusting struct {
	pin, take, sync error
	pinned          int
	replaced        bool
	sources         []string
	block           chan struct{} // closed when an import may end
}

func (f *fakeTrusting) Pin(_ context.Context, _ *pack.Network, replace bool, _ []string) error {
	if f.pin != nil && !replace {
		return f.pin
	}
	f.pinned++
	f.replaced = replace
	return nil
}

func (f *fakeTrusting) Import(ctx context.Context, r io.Reader) (*pack.Result, error) {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	if f.block != nil {
		close(f.block)
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if f.take != nil {
		return nil, f.take
	}
	return &pack.Result{Data: &pack.Data{AsOf: shellNow, Validators: 1}}, nil
}

func (f *fakeTrusting) Sync(context.Context) (home.Synced, error) {
	return home.Synced{AsOf: shellNow, Validators: 4}, f.sync
}

func (f *fakeTrusting) SetSources(_ context.Context, s []string) error {
	f.sources = s
	return nil
}

func netFile(t *testing.T) *pack.Network {
	t.Helper()
	l := testkit.NewLedger(t, "trust-abcdefgh", 4, 1)
	l.Settle()
	lb, err := l.LightBlock(l.Header())
	if err != nil {
		t.Fatal(err)
	}
	n, err := pack.NewNetwork(lb)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func textual(name, text string) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func TestFirstTrust(t *testing.T) {
	n := netFile(t)
	f := &fakeTrusting{}
	m := NewTrust(f, English(), func() {})
	m.Believe(t.Context())
	m.Type(n.Fingerprint())
	m.Tick(0, true)
	if st := m.State(); f.pinned != 0 || st.Ready || st.Step != TrustFile {
		t.Fatalf("without a file: %+v", st)
	}
	for _, bad := range []File{
		{Open: func() (io.ReadCloser, error) { return nil, fs.ErrNotExist }},
		textual("x", "no network"), textual("x", strings.Repeat("x", maxNetworkFile+1)), textual("x", ""),
	} {
		m.TakeFile(bad)
		if st := m.State(); st.Step != TrustFile || st.Code == "" || st.Code == "internal_error" || st.Message == "" || st.Next == "" {
			t.Errorf("a bad file: %+v", st)
		}
	}
	m.TakeFile(textual("network.json", string(n.Marshal())))
	st := m.State()
	if st.Step != TrustCompare || st.Code != "" || strings.Join(strings.Fields(strings.Join(st.Rows[:], " ")), " ") != n.Display() {
		t.Fatalf("a network file: %+v", st)
	}
	m.Believe(t.Context())
	if f.pinned != 0 {
		t.Fatal("a network was pinned that nobody compared")
	}
	for _, typed := range []string{n.Display(), strings.ToUpper(n.Fingerprint()), strings.ReplaceAll(n.Display(), " ", ":")} {
		m.Type(typed)
		if st := m.State(); !st.Matches || !st.Ready || st.Differs != "" {
			t.Errorf("typed %q: %+v", typed, st)
		}
	}
	m.Type(n.Display()[:7])
	if st := m.State(); st.Matches || st.Ready || st.Differs != "" {
		t.Errorf("typed the beginning: %+v", st)
	}
	m.Type("zz")
	if st := m.State(); st.Ready || st.Differs == "" {
		t.Errorf("typed something else: %+v", st)
	}
	for i := range fingerprintRows {
		m.Tick(i, true)
	}
	if st := m.State(); st.Ready {
		t.Error("what was typed differs, and the ticks count for more")
	}
	for i := range fingerprintRows {
		m.Tick(i, false)
	}
	m.Type("")
	for i := range fingerprintRows {
		if m.State().Ready {
			t.Errorf("ready after %d rows", i)
		}
		m.Tick(i, true)
	}
	m.Tick(99, true)

	// Another network is believed already: that asks for everything anew.
	f.pin = explain.Errorf("trust_other_network", "x")
	m.Believe(t.Context())
	if st := m.State(); f.pinned != 0 || !st.Replaces || st.Ready || st.Code != "trust_other_network" {
		t.Errorf("another network is believed: %+v", st)
	}
	m.Believe(t.Context())
	if f.pinned != 0 {
		t.Fatal("a network was replaced without comparing anew")
	}
	m.Type(n.Fingerprint())
	m.Believe(t.Context())
	if st := m.State(); f.pinned != 1 || !f.replaced || st.Step != TrustData || st.Code != "" {
		t.Fatalf("pinned: %+v", st)
	}

	f.take = explain.Errorf("pack_truncated", "x")
	m.TakePack(t.Context(), textual("p", "x"))
	if st := m.State(); st.Step != TrustData || st.Code == "" {
		t.Errorf("a bad pack: %+v", st)
	}
	f.sync = explain.Errorf("no_sources", "x")
	m.Sync(t.Context(), " a.example \n b.example ")
	if st := m.State(); st.Step != TrustData || st.Code != "no_sources" || len(f.sources) != 2 {
		t.Errorf("a bad source: %+v %v", st, f.sources)
	}
	// Cancelled: as if nothing had been.
	f.take, f.block = nil, make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() { m.TakePack(t.Context(), textual("p", "x")) })
	<-f.block
	m.Work.Cancel()
	done.Wait()
	f.block = nil
	if st := m.State(); st.Step != TrustData || st.Code != "" {
		t.Errorf("cancelled: %+v", st)
	}
	m.TakePack(t.Context(), textual("p", "x"))
	if st := m.State(); st.Step != TrustDone || !strings.Contains(st.Result, "21 Nov 2026 09:00 UTC and signed by 1 board.") {
		t.Errorf("done: %+v", st)
	}
}

func TestSession(t *testing.T) {
	at := shellNow
	s := NewSession(func() time.Time { return at }, cheapCost)
	if !s.Locked() || s.Idle() || s.Home() != nil || s.State().Open {
		t.Error("a session with nothing open")
	}
	for _, err := range []error{s.Unlock(t.Context(), "", []byte("x")), s.SetIdleTime(t.Context(), time.Minute), s.Open(Place{Dir: t.TempDir()})} {
		if explain.CodeOf(err) != "home_missing" {
			t.Errorf("without a home: %v", err)
		}
	}
	s.Lock()
	dir := filepath.Join(t.TempDir(), "home")
	pass := []byte("green tram sky")
	if err := s.Create(Place{Dir: dir, Role: RolePractitioner}, "Maria", pass); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(pass, make([]byte, len(pass))) {
		t.Error("the passphrase stays in memory")
	}
	if st := s.State(); !st.Open || st.Locked || s.Home().Actor() != "Maria" || len(st.People) != 1 {
		t.Errorf("a new home: %+v", st)
	}
	if err := s.SetIdleTime(t.Context(), 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	at = at.Add(2*time.Minute - time.Second)
	if s.Idle() {
		t.Error("idle too early")
	}
	s.Touch()
	at = at.Add(2 * time.Minute)
	if !s.Idle() {
		t.Error("not idle")
	}
	s.Lock()
	if s.Idle() || !s.Locked() || s.Home().Actor() != "" {
		t.Error("locked")
	}
	if _, err := s.Home().IdleTime(t.Context()); explain.CodeOf(err) != "passphrase_needed" {
		t.Errorf("a locked home unlocked by itself: %v", err)
	}
	for pass, code := range map[string]string{"": "passphrase_needed", "wrong": "passphrase_wrong"} {
		if err := s.Unlock(t.Context(), "", []byte(pass)); explain.CodeOf(err) != code {
			t.Errorf("%q: %v", pass, err)
		}
	}
	if err := s.Unlock(t.Context(), "Nobody", []byte("green tram sky")); explain.CodeOf(err) != "person_unknown" {
		t.Error(err)
	}
	if err := s.Unlock(t.Context(), "Maria", []byte("green tram sky")); err != nil || s.Locked() || s.IdleTime() != 2*time.Minute {
		t.Errorf("unlocked: %v, %v", err, s.IdleTime())
	}
	at = at.Add(-time.Hour)
	if !s.Idle() {
		t.Error("a clock that was set back keeps the home open")
	}
	h := s.Home()
	if err := s.Open(Place{Dir: dir, Role: RoleHospital}); err != nil || s.Home() != h || s.Locked() || s.State().Place.Role != RoleHospital {
		t.Errorf("another role of the same home: %v", err)
	}
	if roles, err := RolesIn(t.Context(), h); err != nil || len(roles) != 0 {
		t.Errorf("a home that was never used: %v, %v", roles, err)
	}
	if _, err := h.Wallet(t.Context()); err != nil {
		t.Fatal(err)
	}
	if roles, err := RolesIn(t.Context(), h); err != nil || len(roles) != 1 || roles[0] != RolePractitioner {
		t.Errorf("a wallet's home: %v, %v", roles, err)
	}
	if err := s.Close(); err != nil || s.Home() != nil || !s.Locked() {
		t.Error(err)
	}
}

func TestClosedOffersWaysOn(t *testing.T) {
	for _, c := range []struct {
		err  error
		code string
		ways []Way
	}{
		{explain.Errorf("data_damaged", "x"), "data_damaged", []Way{WayRestore, WayAgain, WayChoose}},
		{explain.Errorf("data_newer", "x"), "data_newer", []Way{WayUpdate, WayAgain, WayChoose}},
		{explain.Errorf("home_missing", "x"), "home_missing", []Way{WayNew, WayChoose, WayRestore}},
		{explain.Errorf("data_busy", "x"), "data_busy", []Way{WayAgain, WayChoose}},
		{fmt.Errorf("opening: %w", fs.ErrPermission), "folder_unwritable", []Way{WayAgain, WayChoose}},
		{errors.New("something with /home/maria in it"), "internal_error", []Way{WayAgain, WayChoose}},
	} {
		got := ClosedOf(English(), "/data/\u202Eevil", c.err)
		if got.Code != c.code || fmt.Sprint(got.Ways) != fmt.Sprint(c.ways) || got.Message == "" || got.Next == "" || got.Dir != "/data/[U+202E]evil" {
			t.Errorf("%v: %+v", c.err, got)
		}
	}
}

// keep is preferences in memory.
type keep map[string]string

func (k keep) String(key string) string    { return k[key] }
func (k keep) SetString(key, value string) { k[key] = value }

func TestSettingsAreReadWithCare(t *testing.T) {
	want := Settings{Look: "dark", Contrast: true, Scale: 1.25, Language: "fr"}
	k := keep{}
	want.Save(k)
	if got := LoadSettings(k); got != want {
		t.Errorf("%+v came back as %+v", want, got)
	}
	plain := Settings{Look: "system", Scale: 1}
	for _, bad := range []keep{{}, {"look": "pink", "contrast": "yes", "text_scale": "NaN", "language": "../../x"}, {"text_scale": "1e9", "language": "EN"}, {"text_scale": "1.3"}} {
		if got := LoadSettings(bad); got != plain {
			t.Errorf("%v: %+v", bad, got)
		}
	}
	for _, bad := range []string{"", "x", "1x1", "NaNxNaN", "-5x700", "1e9x700", "700"} {
		if w, h := LoadSize(keep{"window_size": bad}); w != 0 || h != 0 {
			t.Errorf("a window of %q: %v x %v", bad, w, h)
		}
	}
	SaveSize(k, 800.4, 600)
	if w, h := LoadSize(k); w != 800 || h != 600 {
		t.Errorf("%v x %v", w, h)
	}
	a, b := Place{Dir: "/a", Role: RoleHospital}, Place{Dir: "/b", Role: RoleBoard, Title: "B\u202E"}
	SavePlace(k, a)
	SavePlace(k, b)
	SavePlace(k, a)
	if got := LoadPlaces(k); len(got) != 2 || got[0] != a || got[1] != b {
		t.Errorf("places: %v", got)
	}
	if n := b.Name(English(), true); n != "B[U+202E]" {
		t.Errorf("a title: %q", n)
	}
	ForgetPlaces(k, "/a")
	if got := LoadPlaces(k); len(got) != 1 {
		t.Errorf("places: %v", got)
	}
	for range 2 * maxPlaces {
		SavePlace(k, Place{Dir: fmt.Sprint(len(LoadPlaces(k)), "x", len(k["places"])), Role: RoleHospital})
	}
	if got := LoadPlaces(k); len(got) > maxPlaces {
		t.Errorf("%d places", len(got))
	}
}

func FuzzLoadPlaces(f *testing.F) {
	f.Add(`[{"dir":"/a","role":"hospital"}]`)
	f.Add(`[{"dir":"","role":"x"}]`)
	f.Add(`{`)
	f.Fuzz(func(t *testing.T, raw string) {
		for _, p := range LoadPlaces(keep{"places": raw}) {
			if p.Dir == "" || RoleName(English(), p.Role) == "" || p.Name(English(), true) == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}

func TestHelp(t *testing.T) {
	h := NewHelp(English(), "en")
	if all := h.Topics("", ""); len(all) != len(guides.Names()) || all[0].Title != "For hospitals" {
		t.Errorf("the first page: %v", all)
	}
	for query, first := range map[string]string{"no_trust": "no_trust", "NO TRUST judge": "no_trust", "usb stick": "hospital#data", "claim code": "board#letters", "hospitals": "hospital", "compare fingerprint": "hospital#trust"} {
		if got := h.Topics(query, ""); len(got) == 0 || got[0].ID != first {
			t.Errorf("%q finds %v first", query, got[:min(len(got), 3)])
		}
	}
	if got := h.Topics("xyzzy", ""); len(got) != 0 {
		t.Errorf("nothing is %v", got)
	}
	if all := h.Topics("", RoleBoard); len(all) != len(guides.Names()) || all[0].ID != "board" || all[1].ID != "hospital" {
		t.Errorf("a board's first page: %v", all)
	}
	if got := h.Topics("claim code", RolePractitioner); len(got) == 0 || got[0].ID != "practitioner#get" {
		t.Errorf("a practitioner finds %v first", got[:min(len(got), 3)])
	}
	for language, query := range map[string]string{"es": "frase de contrasena", "fr": "l'empreinte reseau"} {
		if got := NewHelp(English(), language).Topics(query, RoleHospital); len(got) == 0 || got[0].In == "" {
			t.Errorf("%q without its marks finds %v", query, got)
		}
	}
	if _, ok := h.Code("nothing"); ok {
		t.Error("there is a page about nothing")
	}
	for _, e := range explain.All() {
		page, ok := h.Code(e.Code)
		if !ok || !strings.Contains(page, e.Message) || !strings.Contains(page, "`"+e.Code+"`") || e.Who != "nobody" && !strings.Contains(page, e.Screen()) {
			t.Errorf("%s: %s", e.Code, page)
		}
	}
}

func TestThreat75_CrashReports(t *testing.T) {
	const marker = "MARKER-Dr-Secret"
	recovered := func(f func()) (c Crash) {
		defer func() { c = NewCrash(recover(), "v1", shellNow) }()
		f()
		return c
	}
	var none *int
	var list []int
	for name, c := range map[string]struct {
		f      func()
		reason string
	}{
		"a string":  {func() { panic(marker) }, "panic with a string"},
		"an error":  {func() { panic(fmt.Errorf("reading %s", marker)) }, "panic with a *errors.errorString"},
		"run-time":  {func() { _ = list[len(marker)] }, "index out of range"},
		"wrapped":   {func() { _ = *none }, "nil pointer"},
		"of theirs": {func() { panic(explain.Errorf("stale", "%s", marker)) }, "panic with a *explain.Error"},
	} {
		got := recovered(c.f)
		b, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got.Reason, c.reason) && !strings.Contains(got.Reason, "panic with a") || bytes.Contains(b, []byte(marker)) ||
			bytes.Contains(b, []byte(os.TempDir())) || bytes.Contains(b, []byte("/work")) {
			t.Errorf("%s: %s", name, b)
		}
		if !strings.Contains(strings.Join(got.Stack, "\n"), "TestThreat75_CrashReports") || got.Day != "2026-11-21" {
			t.Errorf("%s: the stack is %v", name, got.Stack)
		}
	}
	k := NewCrashes(filepath.Join(t.TempDir(), "not there yet"))
	if k.Left() != nil {
		t.Error("a report before any crash")
	}
	if err := k.Delete(); err != nil {
		t.Error(err)
	}
	if err := k.Guard("v1", shellClock, func() { panic(marker) }); explain.CodeOf(err) != "internal_error" {
		t.Error(err)
	}
	first := k.Left()
	if err := k.Guard("v1", shellClock, func() { _ = *none }); err == nil || !bytes.Equal(k.Left(), first) {
		t.Error("the first report did not stay")
	}
	if err := k.Guard("v1", shellClock, func() {}); err != nil {
		t.Error(err)
	}
	if err := k.Delete(); err != nil || k.Left() != nil {
		t.Errorf("deleted: %v", err)
	}
}

func TestSupportWithoutAHome(t *testing.T) {
	var e Errors
	for range 2 * maxErrors {
		e.Add("stale", shellNow)
	}
	e.Add("MARKER unknown", shellNow)
	if last := e.Last(); len(last) != maxErrors || last[maxErrors-1] != (SupportError{"internal_error", "2026-11-21T09Z"}) {
		t.Errorf("the last errors: %v", last)
	}
	var b bytes.Buffer
	if err := NewSupport(t.Context(), shellNow, Settings{Look: "light", Scale: 1}, true, nil, "", e.Last(), []byte(`{"format":1,"x":"MARKER"`)).Write(&b); err != nil {
		t.Fatal(err)
	}
	var s Support
	if err := json.Unmarshal(b.Bytes(), &s); err != nil || s.Home != nil || s.Crash != nil || s.Made != "2026-11-21T09Z" || strings.Contains(b.String(), "MARKER") {
		t.Errorf("%v: %s", err, b.String())
	}
}

func TestWork(t *testing.T) {
	var idle Work
	idle.Cancel()
	if idle.State().Running {
		t.Error("the zero value works")
	}
	var mu sync.Mutex
	told := 0
	w := NewWork(func() { mu.Lock(); told++; mu.Unlock() })
	begun := make(chan struct{})
	var err error
	var done sync.WaitGroup
	done.Go(func() {
		err = w.Do(t.Context(), "Something", func(ctx context.Context, far func(int64, int64)) error {
			for i := range int64(100_000) {
				far(i, 100_000)
			}
			far(7, 0)
			close(begun)
			<-ctx.Done()
			return ctx.Err()
		})
	})
	<-begun
	if st := w.State(); !st.Running || st.What != "Something" || st.Done != 7 || st.Total != 0 {
		t.Errorf("%+v", st)
	}
	if err := w.Do(t.Context(), "More", func(context.Context, func(int64, int64)) error { return nil }); explain.CodeOf(err) != "work_busy" {
		t.Errorf("two at once: %v", err)
	}
	w.Cancel()
	done.Wait()
	if !errors.Is(err, context.Canceled) || w.State().Running {
		t.Errorf("cancelled: %v, %+v", err, w.State())
	}
	mu.Lock()
	defer mu.Unlock()
	if told > 300 {
		t.Errorf("the screen was drawn %d times", told)
	}
}

func TestEnglish(t *testing.T) {
	w := English()
	for got, want := range map[string]string{
		w.L("A {{.B}}", D{"B": "<c>"}):                    "A <c>",
		w.L("A {{.B}}"):                                   "A {{.B}}",
		w.L("100 % {{"):                                   "100 % {{",
		w.Ago(30 * time.Second):                           "less than a minute old",
		w.Ago(time.Minute):                                "1 minute old",
		w.Ago(119 * time.Minute):                          "119 minutes old",
		w.Ago(3 * time.Hour):                              "3 hours old",
		w.Ago(80 * time.Hour):                             "3 days old",
		w.Ago(-2 * time.Minute):                           "ahead of this machine's clock",
		w.Stamp(shellNow):                                 "21 Nov 2026 09:00 UTC",
		w.Date(shellNow.In(time.FixedZone("x", 20*3600))): "21 Nov 2026",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	message, next := w.Explain("no such code")
	if e, _ := explain.Lookup("internal_error"); message != e.Message || next != e.Screen() {
		t.Errorf("an unknown code: %q, %q", message, next)
	}
}
