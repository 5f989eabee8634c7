// Command bench measures the product against limits and peers of the same run
// and says which targets are missed. `make bench` runs it, `make bench-network`
// with "network" as its first argument, `make bench-app` with "app".
//
// Work and reference take turns, so that whatever else the machine does weighs
// on both; a row shows the turn whose ratio is the median.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strings"
)

// measure gives one or more rows. Its files go under dir.
type measure struct {
	name string // what -run selects by
	run  func(ctx context.Context, dir string) ([]Row, error)
}

// all is what is measured, in the order of the table.
var all = []measure{
	{"verify-eddsa-rdfc-2022", measureVerify},
	{"verify-sd-jwt-vc", measureVerifySDJWT},
	{"issue-batch-10000", measureIssue},
	{"import-issue-100000", measureImportIssue},
	{"home-open", measureHomeOpen},
	{"ledger-tx", measureLedgerTx},
	{"sizes", measureSizes},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	work := func() error { return run(ctx, os.Args[1:], all, os.Stdout) }
	if len(os.Args) > 1 {
		switch args := os.Args[2:]; os.Args[1] {
		case networkArg:
			work = func() error { return run(ctx, args, ofNetwork, os.Stdout) }
		case appArg:
			work = func() error { return run(ctx, args, ofApp, os.Stdout) }
		case workerArg:
			work = func() error { return worker(ctx, args, os.Stdout) }
		case deskArg:
			work = func() error { return deskWorker(ctx, args, os.Stdout) }
		case importerArg:
			work = func() error { return importer(ctx, args, os.Stdout) }
		}
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

var errMissed = errors.New("a target is missed")

// run measures, prints the table to w and writes the file. It gives errMissed
// where a target is missed, after both.
func run(ctx context.Context, args []string, measures []measure, w io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	out := flags.String("o", "build/bench.json", "file to write the rows to")
	var names []string
	for _, m := range measures {
		names = append(names, m.name)
	}
	only := flags.String("run", "", "measure only what matches this pattern: "+strings.Join(names, ", "))
	profile := flags.String("cpuprofile", "", "file to write a CPU profile to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(*out), 0o755); err != nil {
		return err
	}
	// Beside the result and not in a system's /tmp, which may be memory: what
	// is to be durable must meet a disk.
	dir, err := os.MkdirTemp(filepath.Dir(*out), "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	rep := Report{Rows: []Row{}}
	for _, m := range measures {
		if !pattern.MatchString(m.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring %s\n", m.name)
		rows, err := m.run(ctx, dir)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		rep.Rows = append(rep.Rows, rows...)
	}
	if len(rep.Rows) == 0 {
		return errors.New("nothing is called that")
	}
	if err := rep.Table(w); err != nil {
		return err
	}
	if err := rep.Write(*out); err != nil {
		return err
	}
	if rep.Missed() {
		return errMissed
	}
	return nil
}
