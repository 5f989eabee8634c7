package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"

	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
)

// TestMain lets this test binary be run as `bonafide`, by scripts and by
// exec.Command alike: every command of a story is a process of its own.
func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"bonafide": atClock}) }

const passphrase = "velvet otter signal 4711"

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("BONAFIDE_PASSPHRASE_FILE", filepath.Join(e.WorkDir, "pass"))
			e.Setenv("XDG_DATA_HOME", filepath.Join(e.WorkDir, "data"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("LICENCE", register()[0].Number)
			e.Setenv("OTHER", register()[1].Number)
			return os.WriteFile(filepath.Join(e.WorkDir, "pass"), []byte(passphrase+"\n"), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "capture": capture, "node": runNode, "big": big,
			"register": writeRegister, "private": private, "damage": damage, "until": until,
			"clock": setClock, "network": oldNetwork,
		},
	})
}

// exits CODE COMMAND…: runs bonafide and compares its exit code. What it
// prints is left for stdout and stderr, and kept for the command private.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: exits CODE [ARGUMENT…]")
	}
	err := ts.Exec("bonafide", args[1:]...)
	code := 0
	if x, ok := errors.AsType[*exec.ExitError](err); ok {
		code = x.ExitCode()
	} else if err != nil {
		ts.Fatalf("bonafide: %v", err)
	}
	out, errout := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	ts.Logf("[bonafide %s: %d]\n%s%s", strings.Join(args[1:], " "), code, out, errout)
	ts.Check(keep(ts, strings.Join(args[1:], " "), out+errout))
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, not %s", code, args[0])
	}
	if code != 0 && out == "" && errout == "" {
		ts.Fatalf("it failed without a word")
	}
}

// until [!]REGEXP HOME COMMAND…: syncs a home until what a command prints then
// matches, or does not match any more.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: until REGEXP HOME COMMAND…")
	}
	not := strings.HasPrefix(args[0], "!")
	want := regexp.MustCompile(strings.TrimPrefix(args[0], "!"))
	for range 200 {
		exits(ts, false, []string{"0", "sync", "--home", args[1]})
		exits(ts, false, append([]string{"0"}, args[2:]...))
		if want.MatchString(ts.ReadFile("stdout")) != not {
			return
		}
	}
	ts.Fatalf("%s never came", args[0])
}

// keep appends to the record of everything that commands printed.
func keep(ts *testscript.TestScript, command, text string) error {
	f, err := os.OpenFile(ts.MkAbs("printed"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "$ %s\n%s\n", command, text)
	return errors.Join(err, f.Close())
}

// capture NAME FILE REGEXP: sets NAME to what the first group matches.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: capture NAME FILE REGEXP")
	}
	m := regexp.MustCompile(args[2]).FindStringSubmatch(ts.ReadFile(args[1]))
	if len(m) != 2 {
		ts.Fatalf("%s has no match of %s", args[1], args[2])
	}
	ts.Setenv(args[0], m[1])
}

// nodes are the processes that node start began, by script and home.
var nodes = struct {
	m map[string]*exec.Cmd
}{map[string]*exec.Cmd{}}

// runNode start HOME runs `ledger start` and waits for its announcement; NODE
// is its address then. node stop HOME interrupts it and waits for its end.
func runNode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: node start|stop HOME")
	}
	dir := ts.MkAbs(args[1])
	if args[0] == "stop" {
		c := nodes.m[dir]
		ts.Check(c.Process.Signal(os.Interrupt))
		ts.Check(c.Wait()) // a node that was asked to stop ends with 0
		return
	}
	c := exec.Command("bonafide", "ledger", "start", "--home", dir)
	c.Env = append(os.Environ(), "BONAFIDE_PASSPHRASE_FILE="+ts.Getenv("BONAFIDE_PASSPHRASE_FILE"))
	var errout bytes.Buffer
	c.Stderr = &errout
	out, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	nodes.m[dir] = c
	ts.Defer(func() {
		if c.ProcessState == nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	})
	said := ""
	for s := bufio.NewScanner(out); s.Scan(); {
		said += s.Text() + "\n"
		if at, ok := strings.CutPrefix(s.Text(), "The node runs at "); ok {
			ts.Setenv("NODE", at)
		}
		if fp, ok := strings.CutPrefix(s.Text(), "Fingerprint of the network file: "); ok {
			ts.Setenv("FINGERPRINT", fp)
			ts.Check(keep(ts, "ledger start", said))
			return
		}
	}
	ts.Fatalf("the node did not announce itself: %s%s", said, errout.String())
}

// big FILE: a file that is far larger than any credential.
func big(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(f.Truncate(1 << 30)) // takes no room on disk
	ts.Check(f.Close())
}

// register FILE: five licences of people whom nobody else is named like.
func writeRegister(ts *testscript.TestScript, _ bool, args []string) {
	var b bytes.Buffer
	ts.Check(fixtures.WriteCSV(&b, register()))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o600))
}

func register() []fixtures.Row {
	return fixtures.Register(7, fixtures.Medicine, 5, time.Now().UTC())
}

// damage FILE: turns over a byte in the middle of a file.
func damage(ts *testscript.TestScript, _ bool, args []string) {
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o600))
}

// private HOME…: nothing in these folders, nor in what any command printed but
// those that show a person their own data, tells a secret.
func private(ts *testscript.TestScript, _ bool, args []string) {
	secret := map[string]string{"the passphrase": passphrase}
	for _, r := range register() {
		secret["the number "+r.Number], secret["the NPI "+r.NPI] = r.Number, r.NPI
		secret["the name "+r.FamilyName], secret["the name "+r.GivenName] = r.FamilyName, r.GivenName
	}
	search := func(where string, b []byte) {
		for what, s := range secret {
			if bytes.Contains(b, []byte(s)) {
				ts.Fatalf("%s holds %s", where, what)
			}
		}
	}
	files := 0
	for _, dir := range args {
		ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			files++
			search(path, append(b, d.Name()...))
			return err
		}))
	}
	if files < 20 {
		ts.Fatalf("only %d files were searched", files)
	}
	printed := 0
	for _, p := range strings.Split(ts.ReadFile("printed"), "\n$ ") {
		command, text, _ := strings.Cut(p, "\n")
		command = strings.TrimPrefix(command, "$ ")
		printed++
		own := false
		for _, c := range []string{"wallet receive", "wallet list", "wallet present", "board list", "board pending"} {
			own = own || strings.HasPrefix(command, c)
		}
		if !own {
			search("the output of "+command, []byte(text))
		}
	}
	if printed < 20 {
		ts.Fatalf("only %d commands were searched", printed)
	}
}

// leaves are all commands that do something.
func leaves(t *testing.T) []*kong.Node {
	t.Helper()
	var c commands
	k, err := kong.New(&c, kong.Name("bonafide"))
	if err != nil {
		t.Fatal(err)
	}
	list := k.Model.Leaves(false)
	if len(list) < 40 {
		t.Fatalf("only %d commands", len(list))
	}
	return list
}

// words are those of a command, without the program's name and the arguments.
func words(n *kong.Node) []string {
	var out []string
	for ; n != nil && n.Type == kong.CommandNode; n = n.Parent {
		out = append([]string{n.Name}, out...)
	}
	return out
}

// invoke runs the command line inside this process.
func invoke(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errout bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errout, time.Now)
	return code, out.String(), errout.String()
}

func TestHelpHasAnExample(t *testing.T) {
	for _, n := range leaves(t) {
		path := words(n)
		code, out, errout := invoke(t, append(path, "--help")...)
		command := "bonafide " + strings.Join(path, " ")
		if code != 0 || errout != "" {
			t.Errorf("%s --help: %d %s", command, code, errout)
		}
		if _, example, ok := strings.Cut(out, "\nExample"); !ok || !strings.Contains(example, "    "+command) {
			t.Errorf("%s --help shows no example of itself:\n%s", command, out)
		}
	}
}

// TestEveryCommandIsDescribed holds that docs/cli.md names every command and
// every flag of it.
func TestEveryCommandIsDescribed(t *testing.T) {
	b, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for _, n := range leaves(t) {
		command := "`" + strings.Join(words(n), " ")
		if !strings.Contains(doc, command) {
			t.Errorf("docs/cli.md does not name %s", command)
		}
		for _, f := range n.Flags {
			if f.Name != "help" && !strings.Contains(doc, "--"+f.Name) {
				t.Errorf("docs/cli.md does not name --%s of %s", f.Name, command)
			}
		}
	}
}

// TestNoSecretIsAnArgument: what stands on a command line is seen by everybody
// on the machine.
func TestNoSecretIsAnArgument(t *testing.T) {
	for _, n := range leaves(t) {
		for _, f := range n.Flags {
			if strings.Contains(f.Name, "passphrase") && !strings.HasSuffix(f.Name, "-file") && !f.IsBool() {
				t.Errorf("%s takes a passphrase by --%s", strings.Join(words(n), " "), f.Name)
			}
		}
	}
}

func TestExplainKnowsEveryCode(t *testing.T) {
	for _, e := range explain.All() {
		code, out, errout := invoke(t, "explain", e.Code)
		if code != 0 || errout != "" || !strings.Contains(out, e.Message) || !strings.Contains(out, e.Next) {
			t.Errorf("explain %s: %d %s%s", e.Code, code, out, errout)
		}
	}
	if code, out, _ := invoke(t, "explain", "no_such_code"); code != explain.ExitUsage || out != "" {
		t.Errorf("an unknown code: %d %s", code, out)
	}
}

// TestEveryCodeIsExplained: no code that the program can emit is without a
// sentence.
func TestEveryCodeIsExplained(t *testing.T) {
	emitted := regexp.MustCompile(`explain\.Errorf\(\s*"([a-z0-9_]+)"`)
	seen := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range emitted.FindAllSubmatch(b, -1) {
			seen++
			if _, ok := explain.Lookup(string(m[1])); !ok {
				t.Errorf("%s: %s is not in the catalogue", path, m[1])
			}
		}
		return err
	})
	if err != nil || seen < 100 {
		t.Fatalf("%d codes found, %v", seen, err)
	}
}

func TestComplain(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		exit int
		says string
	}{
		"a code":            {fmt.Errorf("syncing: %w", explain.Errorf("no_sources", "none")), 4, "does not know where to sync from"},
		"the code once":     {explain.Errorf("tx_malformed", "tx_malformed: short"), 3, "(tx_malformed: short)"},
		"unknown":           {io.ErrUnexpectedEOF, 70, "Something went wrong inside the program"},
		"a code of no harm": {explain.Errorf("fresh", "x"), 70, "Something went wrong inside the program"},
		"the system's no":   {&fs.PathError{Op: "open", Path: "x", Err: fs.ErrPermission}, 66, "the system refuses it"},
		"usage":             {fmt.Errorf("asking: %w", usage("say so")), 64, "bonafide: say so\n"},
	} {
		var b bytes.Buffer
		if exit := complain(&b, c.err); exit != c.exit || !strings.Contains(b.String(), c.says) {
			t.Errorf("%s: %d %s", name, exit, b.String())
		}
	}
}

func TestWorse(t *testing.T) {
	order := []int{0, 4, 64, 66, 3, 70}
	for i, a := range order {
		for j, b := range order {
			if got, want := worse(a, b), order[max(i, j)]; got != want {
				t.Errorf("%d and %d give %d, not %d", a, b, got, want)
			}
		}
	}
}

// A reader of stdout that goes away ends the command; one that stays does not.
func TestStdoutGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	gone := 0
	out := piped{w, func() { gone++ }}
	if _, err := out.Write([]byte("x")); err != nil || gone != 0 {
		t.Fatal(err, gone)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write([]byte("x")); err == nil || gone != 1 {
		t.Fatal(err, gone)
	}
}
