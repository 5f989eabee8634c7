package home

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/keys"
)

// store puts trust and pack in the place of whatever is there.
func store(n *Network, trust, pack []byte) error {
	return n.Update(context.Background(), func(_, _ []byte) ([]byte, []byte, error) { return trust, pack, nil })
}

func TestNetworkIsOneUnit(t *testing.T) {
	dir := newHome(t)
	h := mustOpen(t, dir, options(&user{}))
	n := h.Network()
	if trust, pack, err := n.Load(); trust != nil || pack != nil || err != nil {
		t.Fatal(trust, pack, err)
	}
	if err := store(n, []byte("trust 1"), nil); err != nil {
		t.Fatal(err)
	}
	if trust, pack, err := n.Load(); string(trust) != "trust 1" || pack != nil || err != nil {
		t.Fatal(trust, pack, err)
	}
	err := n.Update(context.Background(), func(trust, pack []byte) ([]byte, []byte, error) {
		return append(trust, '+'), []byte("pack"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	boom := explain.Errorf("pack_altered", "x")
	err = n.Update(context.Background(), func(_, _ []byte) ([]byte, []byte, error) { return nil, nil, boom })
	if !errors.Is(err, boom) {
		t.Error(err)
	}
	trust, pack, err := mustOpen(t, dir, options(&user{})).Network().Load()
	if string(trust) != "trust 1+" || string(pack) != "pack" || err != nil {
		t.Fatal(trust, pack, err)
	}
	path := filepath.Join(dir, networkFolder, currentFile)
	whole := must(os.ReadFile(path))
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1
		if _, _, err := parseNetwork(b); explain.CodeOf(err) != "data_damaged" {
			t.Fatalf("byte %d altered: %v", i, err)
		}
		if _, _, err := parseNetwork(whole[:i]); explain.CodeOf(err) != "data_damaged" {
			t.Fatalf("cut at %d: %v", i, err)
		}
	}
	a, err := n.KeepEvidence([]byte("two headers"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := n.KeepEvidence([]byte("two others"))
	if err != nil || a == b || string(must(os.ReadFile(a))) != "two headers" {
		t.Error(a, b, err)
	}
}

func FuzzParseNetwork(f *testing.F) {
	f.Add(must(marshalNetwork([]byte("trust"), []byte("pack"))))
	f.Add(must(marshalNetwork(nil, nil)))
	f.Add([]byte(networkMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		trust, pack, err := parseNetwork(b)
		if err != nil {
			wantCode(t, err, "data_damaged")
			if trust != nil || pack != nil {
				t.Error("something came back with an error")
			}
			return
		}
		if !bytes.Equal(must(marshalNetwork(trust, pack)), b) {
			t.Error("accepted, but not the same again")
		}
	})
}

// desk is a home whose device clock a test sets.
type desk struct {
	t   *testing.T
	dir string
	now time.Time
}

func (d *desk) open() *Clock {
	o := options(&user{})
	o.Now = func() time.Time { return d.now }
	return mustOpen(d.t, d.dir, o).Clock()
}

func (d *desk) floor(c *Clock) time.Duration {
	d.t.Helper()
	_, floor, err := c.Read(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	return floor.Sub(start)
}

func TestThreat55_ClockFloor(t *testing.T) {
	d := &desk{t, newHome(t), start}
	if f := d.floor(d.open()); f != 0 { // the home was made at start
		t.Errorf("floor %v", f)
	}
	// The home's own highest reading, across processes and a clock set back.
	d.now = start.Add(time.Hour)
	c := d.open()
	d.floor(c)
	d.now = start.Add(-365 * 24 * time.Hour)
	if f := d.floor(c); f != time.Hour {
		t.Errorf("same process: floor %v", f)
	}
	if f := d.floor(d.open()); f != time.Hour {
		t.Errorf("next process: floor %v", f)
	}
	// Readings within a minute are not all written down, but kept in memory.
	d.now = start.Add(time.Hour + 59*time.Second)
	c = d.open()
	d.floor(c)
	d.now = start
	if f := d.floor(c); f != time.Hour+59*time.Second {
		t.Errorf("in memory: floor %v", f)
	}
	// A device clock that ran ahead is forgiven by the next verified import…
	d.now = start.Add(10 * 365 * 24 * time.Hour)
	ahead := d.open()
	d.floor(ahead)
	d.now = start.Add(3 * time.Hour)
	if err := d.open().Imported("net", 2, start.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if f := d.floor(d.open()); f != 3*time.Hour {
		t.Errorf("after an import: floor %v", f)
	}
	// …also in a process that has been running since.
	d.now = start.Add(10*365*24*time.Hour + time.Hour)
	d.floor(ahead)
	d.now = start.Add(10*365*24*time.Hour + 2*time.Hour)
	if f := d.floor(ahead); f != 10*365*24*time.Hour+time.Hour {
		t.Errorf("running process: floor %v", f)
	}
	// Ledger time only rises.
	d.now = start
	if err := d.open().Imported("net", 5, start.Add(5*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := d.open().Imported("net", 4, start.Add(4*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if f := d.floor(d.open()); f != 5*time.Hour {
		t.Errorf("ledger time: floor %v", f)
	}
	// The build time is a floor too.
	o := options(&user{})
	o.Build = start.Add(100 * time.Hour)
	if f := must(mustOpen(t, d.dir, o).Clock().Floor()); !f.Equal(o.Build) {
		t.Errorf("build: floor %v", f)
	}
}

// An older pack put back where a newer one was verified is noticed, whatever
// the device's clock says; another network is another matter.
func TestThreat73_OlderDataPutBack(t *testing.T) {
	d := &desk{t, newHome(t), start}
	c := d.open()
	if err := c.Seen("net", 1); err != nil {
		t.Error("before any import:", err)
	}
	if err := c.Imported("net", 70, start); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Clock{c, d.open()} {
		wantCode(t, c.Seen("net", 69), "data_rolled_back")
		if err := errors.Join(c.Seen("net", 70), c.Seen("net", 71), c.Seen("other", 1)); err != nil {
			t.Error(err)
		}
	}
	// A slower process that notes its older import last changes nothing.
	if err := d.open().Imported("net", 60, start); err != nil {
		t.Fatal(err)
	}
	wantCode(t, d.open().Seen("net", 69), "data_rolled_back")
	// After a change of network the new one counts.
	if err := d.open().Imported("other", 5, start); err != nil {
		t.Fatal(err)
	}
	wantCode(t, d.open().Seen("other", 4), "data_rolled_back")
}

func TestClockFileGoneOrDamaged(t *testing.T) {
	for name, c := range map[string]struct {
		content []byte
		code    string
	}{
		"gone": {nil, "data_missing"}, "empty": {[]byte{}, "data_damaged"}, "half": {[]byte(`{"format":1,"ledger":"20`), "data_damaged"},
		"newer": {[]byte(`{"format":2}`), "data_newer"}, "extra": {[]byte(`{"format":1,"floor":"x"}`), "data_damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newHome(t)
			path := filepath.Join(dir, networkFolder, clockFile)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if c.content != nil {
				if err := os.WriteFile(path, c.content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			h := mustOpen(t, dir, options(&user{}))
			_, _, err := h.Clock().Read(context.Background())
			wantCode(t, err, c.code)
			_, err = h.Clock().Floor()
			wantCode(t, err, c.code)
			wantCode(t, h.Clock().Imported("net", 1, start), c.code)
		})
	}
}

// That a reading cannot be written down neither stops a check nor is it
// forgotten in this process.
func TestThreat54_ClockCannotBeWritten(t *testing.T) {
	d := &desk{t, newHome(t), start}
	c := d.open()
	d.floor(c)
	// A folder in the place of the lock file makes every write fail, for root too.
	lock := filepath.Join(d.dir, lockFile)
	if err := os.Remove(lock); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.Mkdir(lock, 0o700); err != nil {
		t.Fatal(err)
	}
	d.now = start.Add(time.Hour)
	d.floor(c)
	d.now = start
	if f := d.floor(c); f != time.Hour {
		t.Errorf("floor %v", f)
	}
	if err := c.Imported("net", 1, start.Add(time.Hour)); err == nil {
		t.Error("an import that could not be noted was reported as noted")
	}
}

func FuzzParseClock(f *testing.F) {
	f.Add(must(os.ReadFile(filepath.Join(newHome(f), networkFolder, clockFile))))
	f.Add([]byte(`{"format":1,"ledger":"9999-12-31T23:59:59Z","reading":"0000-01-01T00:00:00Z","imports":18446744073709551615}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := parseClock(b); err != nil && explain.CodeOf(err) == "" {
			t.Errorf("no code: %v", err)
		}
	})
}

func codes(fs []Finding) string {
	var out []string
	for _, f := range fs {
		out = append(out, f.Path+" "+f.Code)
	}
	return strings.Join(out, ", ")
}

func TestCheck(t *testing.T) {
	check := func(t *testing.T, dir, pass string) string {
		t.Helper()
		h, err := Open(dir, options(&user{pass: pass}))
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		found, err := h.Check(context.Background(), true)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if _, ok := explain.Lookup(f.Code); !ok {
				t.Errorf("code %s has no entry", f.Code)
			}
		}
		return codes(found)
	}
	full := func(t *testing.T) string {
		dir := newHome(t)
		h := mustOpen(t, dir, options(&user{pass: goodPass}))
		k, err := h.Keys(keys.Issuing)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := k.Create(did.Ed25519); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(store(h.Network(), nil, nil), os.MkdirAll(filepath.Join(dir, nodeFolder, "data"), 0o700)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Network().KeepEvidence([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := h.Exclusive(context.Background(), "issuing", func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	dir := full(t)
	if got := check(t, dir, goodPass); got != "" {
		t.Errorf("a whole home: %s", got)
	}
	if got := check(t, dir, "wrong"); got != "people.json passphrase_wrong" {
		t.Errorf("wrong passphrase: %s", got)
	}
	write := func(name, content string) func(dir string) error {
		return func(dir string) error {
			return os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(content), 0o600)
		}
	}
	for want, spoil := range map[string]func(dir string) error{
		"notes.txt file_unknown":                     write("notes.txt", "x"),
		"network/other file_unknown":                 write("network/other", "x"),
		"network/.current.tmp-123 write_unfinished":  write("network/.current.tmp-123", "x"),
		"keys/keys.db.new write_unfinished":          write("keys/keys.db.new", "x"),
		"network/current data_damaged":               write("network/current", "x"),
		"network/clock.json data_damaged":            write("network/clock.json", "x"),
		"home.json data_damaged":                     nil, // below: it has to be whole to open
		"home.json home_open_to_others":              func(dir string) error { return os.Chmod(filepath.Join(dir, settingsFile), 0o644) },
		"network home_open_to_others":                func(dir string) error { return os.Chmod(filepath.Join(dir, networkFolder), 0o755) },
		"photos file_unknown":                        func(dir string) error { return os.Mkdir(filepath.Join(dir, "photos"), 0o700) },
		"network/link file_unknown":                  func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, networkFolder, "link")) },
		"network/clock.json data_missing":            func(dir string) error { return os.Remove(filepath.Join(dir, networkFolder, clockFile)) },
		"keys/keys.db data_damaged, people.json ***": func(dir string) error { return os.Truncate(filepath.Join(dir, "keys", "keys.db"), 4096) },
	} {
		if spoil == nil {
			continue
		}
		dir := full(t)
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		got := check(t, dir, goodPass)
		if stem, ok := strings.CutSuffix(want, "***"); ok && strings.HasPrefix(got, stem) {
			continue
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	t.Run("settings damaged while open", func(t *testing.T) {
		dir := full(t)
		h := mustOpen(t, dir, options(&user{pass: goodPass}))
		if err := os.WriteFile(filepath.Join(dir, settingsFile), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := h.Check(context.Background(), true)
		if err != nil || codes(found) != "home.json data_damaged" {
			t.Error(codes(found), err)
		}
	})
	t.Run("a sealed key moved", func(t *testing.T) {
		dir := full(t)
		h := mustOpen(t, dir, options(&user{pass: goodPass}))
		if err := h.Unlock(); err != nil {
			t.Fatal(err)
		}
		table, err := h.table(keys.Ledger)
		if err != nil {
			t.Fatal(err)
		}
		if err := table.Put(context.Background(), "no key", []byte("x")); err != nil {
			t.Fatal(err)
		}
		found, err := h.Check(context.Background(), true)
		if err != nil || codes(found) != "keys/keys.db data_damaged" {
			t.Error(codes(found), err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := mustOpen(t, full(t), options(&user{pass: goodPass})).Check(ctx, false); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}
