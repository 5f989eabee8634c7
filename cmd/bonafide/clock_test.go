package main

// Commands at another time, and a network whose history takes months: what
// scripts need of both.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cometbft/cometbft/types"
	"github.com/rogpeppe/go-internal/testscript"

	"bonafide/internal/testkit"
	"bonafide/ledger/pack"
)

// clockAhead names the variable by which a script has commands run at a later
// time: processes of their own like all others, with a clock that is ahead. What
// users run has no such thing.
const clockAhead = "BONAFIDE_TEST_CLOCK_AHEAD"

// atClock is main, at another time where the script asks for that.
func atClock() {
	ahead := os.Getenv(clockAhead)
	if ahead == "" {
		main()
		return
	}
	by, err := time.ParseDuration(ahead)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr, func() time.Time { return time.Now().Add(by) }))
}

// setClock DURATION: the commands after it run as much later than now.
func setClock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: clock DURATION")
	}
	ts.Setenv(clockAhead, args[0])
}

// oldNetwork DIR: what four boards publish whose network begins now, by the
// clock of the commands, as 0.json and 0.pack, and again 100, 170 and 200 days
// later: 100.json and so on. The third of the four gave no vote for any of it.
// other.json is of other boards who say that they are the same network, twin.json
// another header of the first height.
func oldNetwork(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: network DIR")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(errors.Join(writeOldNetwork(dir, time.Now())...))
}

func writeOldNetwork(dir string, now time.Time) (errs []error) {
	l := testkit.NewLedger(scriptTB{}, "test-abcdefgh", 4, 1)
	l.Vote = func(_ int64, i int) types.BlockIDFlag {
		if i == 2 {
			return types.BlockIDFlagAbsent
		}
		return types.BlockIDFlagCommit
	}
	keep := func(name string, b []byte) { errs = append(errs, os.WriteFile(filepath.Join(dir, name), b, 0o600)) }
	file := func(l *testkit.Ledger, lb *types.LightBlock) []byte {
		n, err := pack.NewNetwork(lb)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		return n.Marshal()
	}
	top := func(l *testkit.Ledger) *types.LightBlock {
		lb, err := l.LightBlock(l.Header())
		errs = append(errs, err)
		return lb
	}
	for _, days := range []int{0, 100, 170, 200} {
		l.Beat(now.AddDate(0, 0, days).Sub(l.Now))
		var b bytes.Buffer
		errs = append(errs, pack.Export(&b, l, 0))
		keep(fmt.Sprintf("%d.json", days), file(l, top(l)))
		keep(fmt.Sprintf("%d.pack", days), b.Bytes())
		if days == 0 {
			keep("twin.json", file(l, l.Fork(l.Height(), bytes.Repeat([]byte{7}, 32), l.Now)))
		}
	}
	other := testkit.NewLedger(scriptTB{}, "test-abcdefgh", 4, 2)
	other.Beat(now.AddDate(0, 0, 200).Sub(other.Now))
	keep("other.json", file(other, top(other)))
	return errs
}

// scriptTB lets the ledger in memory be made outside a test: what fails there
// ends the process.
type scriptTB struct{ testing.TB }

func (scriptTB) Helper() {}

func (scriptTB) Fatal(args ...any) { panic(strings.TrimSpace(fmt.Sprintln(args...))) }

func (scriptTB) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
