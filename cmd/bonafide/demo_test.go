package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bonafide/internal/explain"
)

// played is a demo that was kept, with what it answered.
type played struct {
	dir    string
	answer []byte
	steps  []keptStep
}

type keptStep struct {
	Name     string
	Args     []string
	Expected string
}

// play runs the demo as a process of its own.
func play(t *testing.T) played {
	t.Helper()
	p := played{dir: filepath.Join(t.TempDir(), "kept")}
	c := exec.Command("bonafide", "demo", "--json", "--keep", p.dir)
	var errout bytes.Buffer
	c.Stderr = &errout
	var err error
	if p.answer, err = c.Output(); err != nil {
		t.Fatalf("demo: %v\n%s", err, errout.String())
	}
	if !strings.Contains(errout.String(), "The ledger starts\n") {
		t.Errorf("the demo tells no progress: %s", errout.String())
	}
	b, err := os.ReadFile(filepath.Join(p.dir, "steps.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &p.steps); err != nil || len(p.steps) < 15 {
		t.Fatalf("steps.json: %d steps, %v", len(p.steps), err)
	}
	return p
}

// verify gives a kept verdict again, in another process that stands in dir.
func (p played) verify(t *testing.T, dir string, s keptStep) (result, []byte, int) {
	t.Helper()
	c := exec.Command("bonafide", append(slices.Clone(s.Args), "--json")...)
	c.Dir = dir
	var errout bytes.Buffer
	c.Stderr = &errout
	out, err := c.Output()
	code := 0
	if x, ok := errors.AsType[*exec.ExitError](err); ok {
		code = x.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	var rep report
	d := json.NewDecoder(bytes.NewReader(out))
	d.DisallowUnknownFields()
	if err := d.Decode(&rep); err != nil || rep.Format != 1 || len(rep.Results) != 1 {
		t.Fatalf("%s: %v\n%s%s", s.Name, err, out, errout.String())
	}
	return rep.Results[0], out, code
}

// report is what design and docs/cli.md say that `verify --json` prints.
type report struct {
	Format  int      `json:"format"`
	Results []result `json:"results"`
}

type result struct {
	File        string          `json:"file"`
	Verdict     string          `json:"verdict"`
	Headline    string          `json:"headline"`
	Purpose     string          `json:"purpose"`
	VerifiedAt  string          `json:"verified_at"`
	AsOf        json.RawMessage `json:"as_of"`
	Validators  int             `json:"validators"`
	Credentials []struct {
		Type, Issuer, Subject *string
		Bound                 *bool
		Licence               struct {
			Status       *string `json:"status"`
			MayPractise  *string `json:"may_practise"`
			Disciplinary *bool   `json:"disciplinary"`
		}
	} `json:"credentials"`
	Checks []struct {
		ID         string          `json:"id"`
		Outcome    string          `json:"outcome"`
		Code       string          `json:"code"`
		Message    string          `json:"message"`
		Who        string          `json:"who"`
		Next       string          `json:"next"`
		AsOf       json.RawMessage `json:"as_of"`
		Credential *int            `json:"credential"`
	} `json:"checks"`
}

func TestDemo(t *testing.T) {
	t.Parallel()
	p := play(t)
	t.Run("the answer", func(t *testing.T) { answersAsDesigned(t, p) })
	t.Run("every verdict again", func(t *testing.T) { p.again(t) })
	t.Run("the shape of a result", func(t *testing.T) { golden(t, p) })
	t.Run("TestThreat58_NoSocket", func(t *testing.T) { noSocket(t, p) })
}

func answersAsDesigned(t *testing.T, p played) {
	var rep struct {
		Steps []struct {
			Name     string   `json:"name"`
			Expected *string  `json:"expected"`
			Verdict  *string  `json:"verdict"`
			Reasons  []string `json:"reasons"`
		} `json:"steps"`
	}
	d := json.NewDecoder(bytes.NewReader(p.answer))
	d.DisallowUnknownFields()
	if err := d.Decode(&rep); err != nil {
		t.Fatal(err)
	}
	verified := 0
	for _, s := range rep.Steps {
		if (s.Expected == nil) != (s.Verdict == nil) || s.Reasons == nil || s.Name == "" {
			t.Errorf("step %+v", s)
		}
		if s.Verdict != nil {
			verified++
			if *s.Verdict != *s.Expected {
				t.Errorf("%s: %s, not %s", s.Name, *s.Verdict, *s.Expected)
			}
		}
	}
	if verified != len(p.steps) {
		t.Errorf("%d verdicts and %d kept steps", verified, len(p.steps))
	}
	if first := regexp.MustCompile(`(?s)^\{\s+"steps": \[\s+\{\s+"name": .*?,\s+"expected": null,\s+"verdict": null,\s+"reasons": \[\]\s+\}`); !first.Match(p.answer) {
		t.Errorf("the first step is written otherwise: %.300s", p.answer)
	}
}

// again gives each kept verdict again: in a new process, from another folder,
// and a second time.
func (p played) again(t *testing.T) {
	exits := map[string]int{"verified": explain.ExitOK, "rejected": explain.ExitRefused, "unconfirmed": explain.ExitNotNow}
	seen := map[string]bool{}
	for _, s := range p.steps {
		for _, dir := range []string{p.dir, t.TempDir()} {
			r, out, code := p.verify(t, dir, s)
			if r.Verdict != s.Expected || code != exits[s.Expected] {
				t.Errorf("%s: %s and exit code %d, not %s\n%s", s.Name, r.Verdict, code, s.Expected, out)
			}
			seen[r.Verdict] = true
		}
	}
	if len(seen) != 3 {
		t.Errorf("only the verdicts %v were given", seen)
	}
}

// placeholders make a result comparable: what differs from run to run.
var placeholders = []struct {
	find *regexp.Regexp
	put  string
}{
	{regexp.MustCompile(`"file": ".*"`), `"file": "FILE"`},
	{regexp.MustCompile(`"(verified_at|as_of)": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`), `"$1": "TIME"`},
	{regexp.MustCompile(`did:bonafide:demo-[a-z2-7]{8}:[a-z2-7]{32}`), "BOARD"},
	{regexp.MustCompile(`did:key:z[1-9A-HJ-NP-Za-km-z]+`), "HOLDER"},
}

// golden compares two whole results with files, field by field and in order.
func golden(t *testing.T, p played) {
	for name, file := range map[string]string{
		"The practitioner presents, the hospital verifies": "testdata/verified.json",
		"A tampered credential":                            "testdata/rejected.json",
	} {
		i := slices.IndexFunc(p.steps, func(s keptStep) bool { return s.Name == name })
		if i < 0 {
			t.Fatalf("no step %q", name)
		}
		_, got, _ := p.verify(t, p.dir, p.steps[i])
		for _, h := range placeholders {
			got = h.find.ReplaceAll(got, []byte(h.put))
		}
		want, err := os.ReadFile(file)
		if os.Getenv("BONAFIDE_WRITE_GOLDEN") != "" {
			err = os.WriteFile(file, got, 0o644)
			want = got
		}
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not as in %s:\n%s", name, file, got)
		}
	}
}

// noSocket runs the built command under strace: verifying makes no system call
// that a network needs, whatever the verdict is.
func noSocket(t *testing.T, p played) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: that no socket is opened cannot be watched here")
	}
	dir := t.TempDir()
	bonafide := filepath.Join(dir, "bonafide")
	if out, err := exec.Command("go", "build", "-o", bonafide, ".").CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	trace := func(args ...string) (calls, said string) {
		log := filepath.Join(dir, "trace")
		c := exec.Command(strace, append([]string{"-f", "-qq", "-e", "trace=network", "-o", log, bonafide}, args...)...)
		out, _ := c.CombinedOutput()
		b, err := os.ReadFile(log)
		if err != nil || strings.Contains(string(out), "ptrace") || strings.Contains(string(out), "PTRACE") {
			t.Skipf("strace may not trace here: %s", out)
		}
		return string(b), string(out)
	}
	network := regexp.MustCompile(`\b(socket|socketpair|connect|bind|listen|accept4?|send(to|msg|mmsg)|recv(from|msg|mmsg))\(`)

	// The watch works: a sync to a node that is gone shows its calls.
	home := ""
	for i, a := range p.steps[0].Args {
		if a == "--home" {
			home = p.steps[0].Args[i+1]
		}
	}
	if calls, said := trace("sync", "--home", home); !strings.Contains(calls, "socket(") || !strings.Contains(calls, "connect(") {
		t.Fatalf("the trace shows no socket where there is one: %s%s", calls, said)
	}
	seen := map[string]bool{}
	for _, s := range p.steps {
		if seen[s.Expected] {
			continue
		}
		seen[s.Expected] = true
		calls, said := trace(s.Args...)
		if !strings.Contains(said, "parse") {
			t.Errorf("%s: no verdict was given: %s", s.Name, said)
		}
		if network.MatchString(calls) {
			t.Errorf("%s: verifying used the network:\n%s", s.Name, calls)
		}
	}
	// Nor does it without a false clock.
	for _, s := range p.steps {
		if s.Expected != "verified" {
			continue
		}
		var args []string
		for i := 0; i < len(s.Args); i++ {
			if s.Args[i] == "--clock" {
				i++
				continue
			}
			args = append(args, s.Args[i])
		}
		calls, said := trace(args...)
		if network.MatchString(calls) || !strings.Contains(said, "parse") {
			t.Errorf("%s: verifying used the network:\n%s%s", s.Name, calls, said)
		}
		break
	}
	if len(seen) != 3 {
		t.Errorf("only %v were watched", seen)
	}
}
