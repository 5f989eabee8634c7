package main

// A board's real register: 100,000 licences.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/issuer"
)

const registerSize = 100_000

// workerArg as the first argument makes this process do one piece of work, so
// that its memory is that of the work alone.
const workerArg = "worker"

// bareTurn is the number of messages that are signed at once, with each key.
const bareTurn = 1000

// imported is what a worker says of its work.
type imported struct {
	Import, Issue, Waited float64 // seconds; Issue without Waited
	Bare                  float64 // seconds that signing all of it takes by itself
	Peak                  float64 // memory of the process, bytes
}

// worker imports and issues: HOME, FILE, number of licences.
func worker(ctx context.Context, args []string, w io.Writer) error {
	if len(args) != 3 {
		return errors.New("worker: HOME FILE N")
	}
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	sign, err := bareSigning()
	if err != nil {
		return err
	}
	return founded(ctx, args[0], func(_ *home.Home, b *issuer.Board) error {
		file, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer file.Close()
		start := time.Now()
		if err := fill(ctx, b, file, n); err != nil {
			return err
		}
		out := imported{Import: time.Since(start).Seconds()}
		// Bare signing takes its turns between batches.
		var (
			wait   waits
			bare   time.Duration
			signed int
			failed error
		)
		turns := func(step string, done, total int) {
			wait.progress(step, done, total)
			if step == "plan" || step == "deliver" {
				took, err := sign(bareTurn)
				failed = errors.Join(failed, err)
				bare += took
				signed += bareTurn
			}
		}
		start = time.Now()
		rep, err := b.Issue(ctx, issuer.IssueOptions{Person: person, Progress: turns})
		took := time.Since(start) - wait.total - bare
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		if rep.Issued != 2*n {
			return fmt.Errorf("%d of %d credentials issued", rep.Issued, 2*n)
		}
		out.Issue, out.Waited = took.Seconds(), wait.total.Seconds()
		out.Bare = bare.Seconds() * float64(n) / float64(signed)
		if out.Peak, err = peakMemory(); err != nil {
			return err
		}
		return json.NewEncoder(w).Encode(out)
	})
}

// bigHome is the home that measureImportIssue leaves for measureHomeOpen.
func bigHome(dir string) string { return filepath.Join(dir, "register") }

// importIssue lets another process import and issue a register in both formats,
// on one core, from an empty register to credentials that may go out,
// everything on disk.
func importIssue(ctx context.Context, dir string) (done imported, err error) {
	file := filepath.Join(dir, "register.csv")
	f, err := os.Create(file)
	if err != nil {
		return done, err
	}
	err = fixtures.WriteCSV(f, fixtures.Register(1, fixtures.Medicine, registerSize, time.Now().UTC()))
	if err = errors.Join(err, f.Close()); err != nil {
		return done, err
	}
	self, err := os.Executable()
	if err != nil {
		return done, err
	}
	cmd := exec.CommandContext(ctx, self, workerArg, bigHome(dir), file, strconv.Itoa(registerSize))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return done, fmt.Errorf("the worker: %w", err)
	}
	return done, json.Unmarshal(out, &done)
}

// peakMemory is the most memory that this process has had resident, in bytes.
func peakMemory() (float64, error) {
	b, err := os.ReadFile("/proc/self/status") // proc(5): VmHWM, in KiB
	if err != nil {
		return 0, fmt.Errorf("asking for the peak of memory: %w", err)
	}
	_, rest, _ := strings.Cut(string(b), "\nVmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 64)
	if err != nil {
		return 0, errors.New("the system does not say how much memory a process took")
	}
	return kib * 1024, nil
}

func measureImportIssue(ctx context.Context, dir string) ([]Row, error) {
	done, err := importIssue(ctx, dir)
	if err != nil {
		return nil, err
	}
	const n = 2 * registerSize
	memory := 400.0
	return []Row{
		compared("import-issue-100000", "credentials/s", 0.05, []turn{{n / (done.Import + done.Issue), n / done.Bare}}),
		{Name: "import-issue-100000-memory", Value: done.Peak / 1e6, Unit: "MB", Target: &memory, Better: Lower},
		{Name: "import-issue-100000-import", Value: done.Import, Unit: "s", Better: Lower},
		{Name: "import-issue-100000-epoch-wait", Value: done.Waited, Unit: fmt.Sprintf("s, epochs every %s", interval), Better: Lower},
	}, nil
}

// measureHomeOpen compares opening the home of a board with a large register,
// from the unwrapped master key to the register's first answer, with opening one
// whose register is empty.
func measureHomeOpen(ctx context.Context, dir string) ([]Row, error) {
	if _, err := os.Stat(bigHome(dir)); errors.Is(err, os.ErrNotExist) {
		if _, err := importIssue(ctx, dir); err != nil {
			return nil, err
		}
	}
	empty := filepath.Join(dir, "empty")
	if err := founded(ctx, empty, func(*home.Home, *issuer.Board) error { return nil }); err != nil {
		return nil, err
	}
	const turns = 31
	var taken []turn
	for range turns {
		big, err := openHome(ctx, bigHome(dir))
		if err != nil {
			return nil, err
		}
		none, err := openHome(ctx, empty)
		if err != nil {
			return nil, err
		}
		taken = append(taken, turn{big.Seconds() * 1000, none.Seconds() * 1000})
	}
	row := compared("home-open", "ms", 1.5, taken)
	row.Better = Lower
	return []Row{row}, nil
}

// openHome says how long it takes from the master key to the register's answer
// for a number, which the empty one does not have.
func openHome(ctx context.Context, dir string) (took time.Duration, err error) {
	h, err := home.Open(dir, options())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	if err := h.Unlock(); err != nil {
		return 0, err
	}
	start := time.Now()
	b, err := h.Board(ctx)
	if err != nil {
		return 0, err
	}
	_, err = b.Find(ctx, fixtures.Number(fixtures.Medicine.Prefix, 100_000+registerSize/2))
	if err != nil && explain.CodeOf(err) != "licence_unknown" {
		return 0, err
	}
	return time.Since(start), nil
}
