package model

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/testkit"
	"bonafide/ledger/pack"
	"bonafide/verifier"
)

// feeding is a home whose syncs a test plays.
type feeding struct {
	*home.Home
	sync   func(context.Context) (home.Synced, error)
	silent func() []home.SilentMember
}

func (f feeding) Freshness(p verifier.Policy) (home.Freshness, error) {
	fresh, err := f.Home.Freshness(p)
	if f.silent != nil {
		fresh.Silent = f.silent()
	}
	return fresh, err
}

func (f feeding) Sync(ctx context.Context) (home.Synced, error) { return f.sync(ctx) }

// site is a home with a clock of its own, and the room over it.
type site struct {
	*Data
	t    *testing.T
	home *home.Home
	now  time.Time
	sync func(context.Context) (home.Synced, error)

	silent []home.SilentMember
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, now: testkit.Start}
	h, err := home.Create(filepath.Join(t.TempDir(), "home"), home.Options{
		Now:        func() time.Time { return s.now },
		Passphrase: func(string, bool) ([]byte, error) { return []byte("a long passphrase"), nil },
		Cost:       home.Cost{Time: 1, MemoryKiB: 8, Threads: 1},
	}, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	s.home = h
	s.Data = NewData(feeding{h, func(ctx context.Context) (home.Synced, error) { return s.sync(ctx) }, func() []home.SilentMember { return s.silent }}, English(), func() time.Time { return s.now }, func() {})
	return s
}

// ledger is one that a home at now may be fed from.
func (s *site) ledger(name string, seed uint64) *testkit.Ledger {
	s.t.Helper()
	l := testkit.NewLedger(s.t, name, 1, seed)
	l.Settle()
	s.now = l.Now.Add(time.Minute)
	return l
}

const netA, netB = "clinic-abcdefgh", "other-abcdefgh"

func networkFile(t *testing.T, l *testkit.Ledger) string {
	t.Helper()
	lb, err := l.LightBlock(l.Header())
	if err != nil {
		t.Fatal(err)
	}
	n, err := pack.NewNetwork(lb)
	if err != nil {
		t.Fatal(err)
	}
	return string(n.Marshal())
}

func packFile(t *testing.T, l *testkit.Ledger, from uint64) string {
	t.Helper()
	var b bytes.Buffer
	if err := pack.Export(&b, l, from); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func codesOf(s DataState) string { return s.Trouble.Code + "/" + s.Failed.Code }

// From nothing to data: a network file, its fingerprint compared, a pack.
func TestTrustThenImport(t *testing.T) {
	s := newSite(t)
	if s.State().Loaded {
		t.Error("nothing was read yet")
	}
	s.Refresh(t.Context())
	if st := s.State(); !st.Loaded || codesOf(st) != "no_trust/" || st.Trusted || len(st.Limits) != 0 || st.Line.Age != Missing {
		t.Fatalf("%+v", st)
	}
	l := s.ledger(netA, 1)
	s.Take(t.Context(), file("pack", packFile(t, l, 0)))
	if st := s.State(); codesOf(st) != "no_trust/no_trust" {
		t.Errorf("a pack before a network: %s", codesOf(st))
	}
	s.Take(t.Context(), file("licence.json", networkFile(t, l)))
	st := s.State()
	if st.Pin == nil || st.Pin.Network != netA || st.Pin.Believed != "" || len(strings.Fields(strings.Join(st.Pin.Compare.Rows[:], " "))) != 16 || codesOf(st) != "no_trust/" {
		t.Fatalf("%+v", st.Pin)
	}
	refused := func(why string) {
		t.Helper()
		s.Confirm(t.Context())
		if st := s.State(); st.Failed.Code != "fingerprint_not_compared" || st.Trusted || st.Pin == nil {
			t.Errorf("%s: %+v", why, st)
		}
	}
	refused("nobody compared it")
	for row := range fingerprintRows - 1 {
		s.Tick(row, true)
	}
	refused("a row is missing")
	s.Tick(fingerprintRows-1, true)
	s.Type(strings.Repeat("0", 64))
	if c := s.State().Pin.Compare; c.Differs == "" || c.Matches {
		t.Errorf("%+v", c)
	}
	refused("what was typed differs, whatever was ticked")
	s.Tick(0, false)
	s.Type(strings.ToUpper(strings.Join(st.Pin.Compare.Rows[:], " ")))
	s.Confirm(t.Context())
	st = s.State()
	if codesOf(st) != "no_data/" || !st.Trusted || st.Pin != nil || st.Pinned[0].Value != netA || st.Said[0] != "The network "+netA+" is trusted now." {
		t.Fatalf("%+v", st)
	}
	s.Take(t.Context(), file("x.bin", packFile(t, l, 0)))
	st = s.State()
	if codesOf(st) != "/" || len(st.Said) != 1 || len(st.Limits) != 3 || st.Line.Age != Young {
		t.Fatalf("%+v", st)
	}
	if !strings.HasPrefix(st.Line.Text, "Data as of ") || !strings.HasSuffix(st.Line.Text, "signed by 1 board.") || !strings.HasPrefix(st.Line.Next, "The next sync is due by ") {
		t.Errorf("%+v", st.Line)
	}
	s.Take(t.Context(), file("again", packFile(t, l, 0)))
	if st := s.State(); st.Said[0] != "There was nothing new in the pack." {
		t.Errorf("%q", st.Said)
	}
	height := l.Header()
	l.Beat(time.Hour)
	s.now = l.Now.Add(time.Minute)
	s.Take(t.Context(), file("delta", packFile(t, l, height-1)))
	if st := s.State(); codesOf(st) != "/" || len(st.Said) != 2 || st.Said[1] != "0 changes of status came in." {
		t.Errorf("%s %q", codesOf(st), st.Said)
	}
}

// confirm ticks every row and believes the network file that waits.
func (s *site) confirm(t *testing.T) {
	t.Helper()
	for row := range fingerprintRows {
		s.Tick(row, true)
	}
	s.Confirm(t.Context())
}

// What is refused leaves what was there.
func TestFilesThatAreNoData(t *testing.T) {
	s := newSite(t)
	l := s.ledger(netA, 1)
	s.Take(t.Context(), file("network.json", networkFile(t, l)))
	s.confirm(t)
	whole := packFile(t, l, 0)
	s.Take(t.Context(), file("pack", whole))
	line := s.State().Line
	broken := File{Name: "x", Open: func() (io.ReadCloser, error) { return nil, errors.New("open /secret: EACCES") }}
	for _, tt := range []struct {
		name string
		file File
		code string
	}{
		{"credential", file("a", `{"@context":[]}`), "data_file_unknown"},
		{"scan", file("a", png), "data_file_unknown"},
		{"empty", file("a", ""), "data_file_unknown"},
		{"unreadable", broken, "file_unreadable"},
		{"cut pack", file("a", whole[:len(whole)/2]), "pack_truncated"},
		{"altered network file", file("a", strings.Replace(networkFile(t, l), `"height": `, `"height": 1`, 1)), "network_malformed"},
		{"another network's pack", file("a", packFile(t, testkit.NewLedger(t, netB, 1, 2), 0)), "pack_other_network"},
	} {
		s.Take(t.Context(), tt.file, file("never", whole))
		st := s.State()
		if st.Failed.Code != tt.code || st.Line != line || len(st.Said) != 0 || strings.Contains(st.Failed.Message, "secret") {
			t.Errorf("%s: %s, %+v", tt.name, st.Failed.Code, st)
		}
	}
}

func TestAnotherNetwork(t *testing.T) {
	s := newSite(t)
	l := s.ledger(netA, 1)
	s.Take(t.Context(), file("network.json", networkFile(t, l)))
	s.confirm(t)
	s.Take(t.Context(), file("pack", packFile(t, l, 0)))
	s.Take(t.Context(), file("network.json", networkFile(t, s.ledger(netB, 2))))
	if st := s.State(); st.Pin == nil || !strings.Contains(st.Pin.Believed, netA) {
		t.Fatalf("%+v", st.Pin)
	}
	s.Decline()
	if st := s.State(); st.Pin != nil || codesOf(st) != "/" {
		t.Errorf("%+v", st)
	}
	s.Take(t.Context(), file("network.json", networkFile(t, s.ledger(netB, 2))))
	s.confirm(t)
	if st := s.State(); codesOf(st) != "no_data/" || st.Pinned[0].Value != netB {
		t.Errorf("%s %+v", codesOf(st), st.Pinned)
	}
}

// Past the trusting period the room asks for a new network file, and takes it.
func TestTrustExpired(t *testing.T) {
	s := newSite(t)
	l := s.ledger(netA, 1)
	s.Take(t.Context(), file("network.json", networkFile(t, l)))
	s.confirm(t)
	s.Take(t.Context(), file("pack", packFile(t, l, 0)))
	for range 4 {
		l.Beat(50 * 24 * time.Hour)
	}
	s.now = l.Now.Add(time.Minute)
	s.Refresh(t.Context())
	if st := s.State(); codesOf(st) != "trust_expired/" || st.Line.Age != Stale || st.Limits[2].Mark != "Too old" {
		t.Fatalf("%s %+v", codesOf(st), st.Line)
	}
	s.Take(t.Context(), file("pack", packFile(t, l, 0)))
	if st := s.State(); st.Failed.Code != "trust_expired" {
		t.Errorf("%s", codesOf(st))
	}
	s.Take(t.Context(), file("network.json", networkFile(t, l)))
	s.confirm(t)
	s.Take(t.Context(), file("pack", packFile(t, l, 0)))
	if st := s.State(); codesOf(st) != "/" || st.Line.Age != Young {
		t.Errorf("%s %+v", codesOf(st), st.Line)
	}
}

func TestDataLine(t *testing.T) {
	data := func(age time.Duration) *pack.Data { return &pack.Data{AsOf: now.Add(-age), Validators: 4} }
	for _, tt := range []struct {
		name       string
		data       *pack.Data
		err        error
		age        Age
		text, next string
	}{
		{"young", data(90 * time.Minute), nil, Young, "Data as of 21 Nov 2026 07:30 UTC, 90 minutes old, signed by 4 boards.", "The next sync is due by 22 Nov 2026 07:30 UTC."},
		{"due", data(20 * time.Hour), nil, Due, "Data as of 20 Nov 2026 13:00 UTC, 20 hours old, signed by 4 boards.", "A sync is due by 21 Nov 2026 13:00 UTC."},
		{"too old for privileging", data(30 * time.Hour), nil, Due, "Data as of 20 Nov 2026 03:00 UTC, 30 hours old, signed by 4 boards.", "Too old for privileging: sync, or import a pack."},
		{"too old", data(40 * 24 * time.Hour), nil, Stale, "Data as of 12 Oct 2026 09:00 UTC, 40 days old, signed by 4 boards.", "Too old for every purpose: sync, or import a pack."},
		{"ahead", data(-time.Hour), nil, Young, "Data as of 21 Nov 2026 10:00 UTC, ahead of this machine's clock, signed by 4 boards.", "The next sync is due by 22 Nov 2026 10:00 UTC."},
		{"no trust", nil, explain.Errorf("no_trust", "x"), Missing, "This machine trusts no network of boards yet, so there is nothing to judge by.", ""},
	} {
		l := NewDataLine(English(), tt.data, tt.err, now)
		if l.Text != tt.text || l.Age != tt.age || tt.next != "" && l.Next != tt.next || l.Next == "" {
			t.Errorf("%s: %+v", tt.name, l)
		}
	}
	var got []string
	for _, l := range limits(English(), now.Add(-70*time.Hour), now) {
		got = append(got, l.Purpose+" "+l.Mark+" "+l.Says)
	}
	want := []string{
		"Privileging Too old Since 19 Nov 2026 11:00 UTC.", "Disaster privileges Due For 2 more hours, until 21 Nov 2026 11:00 UTC.",
		"Monthly monitoring Good For 27 more days, until 18 Dec 2026 11:00 UTC.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// The room warns before the data is too old, and names who is silent.
func TestDataGetsOld(t *testing.T) {
	s := newSite(t)
	l := s.ledger(netA, 1)
	s.Take(t.Context(), file("network.json", networkFile(t, l)))
	s.confirm(t)
	s.Take(t.Context(), file("pack", packFile(t, l, 0)))
	if st := s.State(); st.Warning.Code != "" || st.Quiet != "" || len(st.Silent) != 0 {
		t.Fatalf("%+v", st)
	}
	s.silent = []home.SilentMember{{DID: "did:bonafide:a:x", Name: "Board of Med\u202eicine"}, {DID: "did:bonafide:a:y"}}
	young := s.now
	for _, tt := range []struct {
		after time.Duration
		code  string
		age   Age
		marks string
	}{
		{13 * time.Hour, "freshness_half", Young, "Good Good Good"},
		{20 * time.Hour, "freshness_near", Due, "Due Good Good"},
		{25 * time.Hour, "freshness_past", Due, "Too old Good Good"},
		{60 * time.Hour, "freshness_past", Due, "Too old Due Good"},
		{25 * 24 * time.Hour, "freshness_past", Due, "Too old Too old Due"},
		{31 * 24 * time.Hour, "freshness_past", Stale, "Too old Too old Too old"},
	} {
		s.now = young.Add(tt.after)
		s.Refresh(t.Context())
		st := s.State()
		var marks []string
		for _, l := range st.Limits {
			marks = append(marks, l.Mark)
		}
		if st.Warning.Code != tt.code || st.Line.Age != tt.age || strings.Join(marks, " ") != tt.marks {
			t.Errorf("after %v: %s, %d, %q", tt.after, st.Warning.Code, st.Line.Age, marks)
		}
		if !strings.HasPrefix(st.Quiet, "2 boards gave no vote") || len(st.Silent) != 2 || st.Silent[0].Name != "Board of Med[U+202E]icine" || !st.Silent[0].Odd || st.Silent[1].Name != "A board without a name" {
			t.Errorf("%q %+v", st.Quiet, st.Silent)
		}
	}
}

func TestSync(t *testing.T) {
	s := newSite(t)
	s.sync = func(context.Context) (home.Synced, error) {
		return home.Synced{AsOf: now, Delta: true, Changes: 2, Crossed: true, Sources: []home.Source{{Address: "https://a.example"}, {Address: "https://b\u202e.example", Code: "net_unreachable"}}}, nil
	}
	s.Sync(t.Context())
	st := s.State()
	if !slices.Equal(st.Said, []string{"The data is as of 21 Nov 2026 09:00 UTC now.", "2 changes of status came in.", "Two sources agreed."}) {
		t.Errorf("%q", st.Said)
	}
	if len(st.Answers) != 2 || st.Answers[0].Value != "It answered." || st.Answers[1].Name != "https://b[U+202E].example" || !st.Answers[1].Odd || st.Answers[1].Value == "It answered." {
		t.Errorf("%+v", st.Answers)
	}
	s.sync = func(context.Context) (home.Synced, error) {
		return home.Synced{AsOf: now, Sources: []home.Source{{Address: "https://a.example"}}}, nil
	}
	s.Sync(t.Context())
	if st := s.State(); !slices.Equal(st.Said, []string{"The data is as of 21 Nov 2026 09:00 UTC now.", "One source alone answered, so nobody cross-checked it."}) {
		t.Errorf("%q", st.Said)
	}
	s.sync = func(context.Context) (home.Synced, error) {
		return home.Synced{}, explain.Errorf("no_sources", "x")
	}
	s.Sync(t.Context())
	if st := s.State(); st.Failed.Code != "no_sources" || len(st.Said)+len(st.Answers) != 0 {
		t.Errorf("%+v", st)
	}
	// What it is doing is told while it lasts.
	if err := s.home.SetSources(t.Context(), []string{"http://127.0.0.1:1"}); err != nil {
		t.Fatal(err)
	}
	var told []string
	s.Work.changed = func() { told = append(told, s.Work.State().What) }
	s.sync = s.home.Sync
	s.Sync(t.Context())
	if want := []string{"Syncing with the boards", "Asking the source what is new", ""}; !slices.Equal(told, want) {
		t.Errorf("%q", told)
	}
	s.Work.changed = func() {}
	// A cancelled sync says nothing, and another can begin.
	begun := make(chan struct{})
	s.sync = func(ctx context.Context) (home.Synced, error) {
		close(begun)
		<-ctx.Done()
		return home.Synced{}, ctx.Err()
	}
	done := make(chan struct{})
	go func() { s.Sync(t.Context()); close(done) }()
	<-begun
	if w := s.Work.State(); !w.Running || w.What != "Syncing with the boards" {
		t.Errorf("%+v", w)
	}
	s.Sync(t.Context())
	if st := s.State(); st.Failed.Code != "work_busy" {
		t.Errorf("two at once: %s", codesOf(st))
	}
	s.Work.Cancel()
	<-done
	if st := s.State(); st.Failed.Code != "" || s.Work.State().Running {
		t.Errorf("%+v", st.Failed)
	}
}

func TestSources(t *testing.T) {
	s := newSite(t)
	for _, bad := range []string{"", "ledger.example", "ftp://a.example", "https://", "https://user:pass@a.example", "https://a\u202e.example", "javascript:alert(1)"} {
		if s.AddSource(t.Context(), bad) || s.State().Failed.Code != "source_malformed" {
			t.Errorf("%q was taken", bad)
		}
	}
	if !s.AddSource(t.Context(), " https://a.example/ ") || !s.AddSource(t.Context(), "http://127.0.0.1:26700") {
		t.Fatalf("%+v", s.State().Failed)
	}
	if s.AddSource(t.Context(), "https://a.example") || s.State().Failed.Code != "source_known" {
		t.Error("one source twice")
	}
	undo := s.RemoveSource(t.Context(), "https://a.example")
	if got := s.State().Sources; !slices.Equal(got, []string{"http://127.0.0.1:26700"}) || undo == nil {
		t.Fatalf("%q", got)
	}
	undo(t.Context())
	if got := s.State().Sources; !slices.Equal(got, []string{"https://a.example", "http://127.0.0.1:26700"}) {
		t.Errorf("%q", got)
	}
}

func TestListedIssuers(t *testing.T) {
	s := newSite(t)
	add := func(id, name string, until time.Time) {
		t.Helper()
		if err := s.home.AddIssuer(t.Context(), verifier.ListedIssuer{ID: id, Name: name, Types: []string{"TrainingCertification", "Diploma"}, Until: until}, false); err != nil {
			t.Fatal(err)
		}
	}
	add("did:web:heart.example", "Heart Association", s.now.AddDate(1, 0, 0))
	add("did:web:old.example", "Old College", s.now.AddDate(0, 0, 1))
	s.now = s.now.AddDate(0, 0, 2)
	s.Refresh(t.Context())
	st := s.State()
	if len(st.Issuers) != 2 || st.Issuers[0].Name != "Heart Association" || st.Issuers[0].Types != "Training certification, Diploma" || st.Issuers[0].Ended || !st.Issuers[1].Ended {
		t.Fatalf("%+v", st.Issuers)
	}
	if undo := s.RemoveIssuer(t.Context(), "did:web:old.example"); undo != nil {
		t.Error("what has run out is to be listed again")
	}
	if st := s.State(); len(st.Issuers) != 1 || st.Failed.Code != "" {
		t.Errorf("%+v", st)
	}
	s.RemoveIssuer(t.Context(), "did:web:old.example")
	if st := s.State(); st.Failed.Code != "listing_unknown" {
		t.Errorf("%+v", st.Failed)
	}
	before := s.State().Issuers
	undo := s.RemoveIssuer(t.Context(), "did:web:heart.example")
	if len(s.State().Issuers) != 0 || undo == nil {
		t.Fatalf("%+v", s.State())
	}
	undo(t.Context())
	if st := s.State(); !slices.Equal(st.Issuers, before) || st.Failed.Code != "" {
		t.Errorf("%+v", st)
	}
}

// An issuer is listed by its identifier, or by its certificate once that was
// compared.
func TestListIssuer(t *testing.T) {
	s := newSite(t)
	if got := s.ListingUntil(); got != s.now.AddDate(1, 0, 0).Format(time.DateOnly) {
		t.Error(got)
	}
	good := ListingForm{DID: " did:web:heart.example ", Name: "Heart\u202e Association", Types: "TrainingCertification, Diploma  Diploma", Until: s.ListingUntil()}
	for code, change := range map[string]func(*ListingForm){
		"listing_types": func(f *ListingForm) { f.Types = " , " },
		"listing_until": func(f *ListingForm) { f.Until = "next year" },
		"did_invalid":   func(f *ListingForm) { f.DID = "heart.example" },
	} {
		f := good
		change(&f)
		if err := s.AddIssuer(t.Context(), f); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	good.Name = "Heart Association"
	if err := s.AddIssuer(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	st := s.State()
	if len(st.Issuers) != 1 || st.Issuers[0].Types != "Training certification, Diploma" || len(st.Said) != 2 || st.Said[0] != "Heart Association is on your list." {
		t.Errorf("%+v", st)
	}
	if err := s.AddIssuer(t.Context(), good); explain.CodeOf(err) != "listing_exists" {
		t.Errorf("%v", err)
	}

	for name, b := range map[string]string{"text": "no certificate", "long": strings.Repeat("x", maxCertificate+1)} {
		if _, err := s.ReadRoot(file(name, b)); explain.CodeOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "First Aid Council"}, NotBefore: s.now.Add(-time.Hour), NotAfter: s.now.AddDate(0, 6, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	root, err := s.ReadRoot(file("root.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))))
	if err != nil || root.Name != "First Aid Council" {
		t.Fatal(root, err)
	}
	f := ListingForm{Root: root, Types: "urn:example:vct:first-aid", Until: s.ListingUntil()}
	if err := s.AddIssuer(t.Context(), f); explain.CodeOf(err) != "fingerprint_not_compared" {
		t.Errorf("%v", err)
	}
	f.Root = root.Type(English(), "00")
	if err := s.AddIssuer(t.Context(), f); f.Root.Compare.Differs == "" || explain.CodeOf(err) != "fingerprint_not_compared" {
		t.Errorf("%v", err)
	}
	f.Root = root
	for row := range fingerprintRows {
		f.Root = f.Root.Tick(row, true)
	}
	if err := s.AddIssuer(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	// It counts no longer than the certificate.
	if st := s.State(); len(st.Issuers) != 2 || st.Issuers[1].Name != "First Aid Council" || !strings.Contains(st.Issuers[1].Until, English().Date(c.NotAfter)) {
		t.Errorf("%+v", st.Issuers)
	}
}

func TestGrouped(t *testing.T) {
	for in, want := range map[string]string{"": "", "abcd": "abcd", "abcde": "abcd e", "abcdefgh": "abcd efgh"} {
		if got := grouped(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
