package main

// `make bench-network`: networks of several members against a bare application
// on the same engine, and a nation's data on its way from a node to a hospital.

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"bonafide/internal/home"
	"bonafide/ledger/pack"
	"bonafide/verifier"
)

// networkArg as the first argument measures networks.
const networkArg = "network"

// ofNetwork is what `make bench-network` measures, in the order of the table.
var ofNetwork = []measure{
	{"tx", measureNetworkTx},
	{"commit-latency-4", measureLatency},
	{"nation", measureNation},
}

// benchmark runs a benchmark that lives beside what it measures, because it
// needs its parts, and gives what it prints.
func benchmark(ctx context.Context, pkg, name string, env ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^"+name+"$", "-benchtime", "1x", "-timeout", "30m", pkg)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("running %s: %w\n%s", name, err, out)
	}
	return string(out), nil
}

// turnsOf reads the lines "turn NAME WORK REFERENCE".
func turnsOf(out string) (names []string, turns map[string][]turn, err error) {
	turns = map[string][]turn{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "turn" {
			continue
		}
		if len(f) != 4 {
			return nil, nil, fmt.Errorf("a line of %d words: %q", len(f), line)
		}
		work, err := strconv.ParseFloat(f[2], 64)
		if err != nil {
			return nil, nil, fmt.Errorf("reading a turn: %w", err)
		}
		reference, err := strconv.ParseFloat(f[3], 64)
		if err != nil {
			return nil, nil, fmt.Errorf("reading a turn: %w", err)
		}
		if work <= 0 || reference <= 0 {
			return nil, nil, fmt.Errorf("a turn without a rate: %q", line)
		}
		if turns[f[1]] == nil {
			names = append(names, f[1])
		}
		turns[f[1]] = append(turns[f[1]], turn{work, reference})
	}
	if len(names) == 0 {
		return nil, nil, errors.New("the benchmark says no turns")
	}
	return names, turns, nil
}

// measureNetworkTx measures transactions per second.
func measureNetworkTx(ctx context.Context, dir string) (rows []Row, err error) {
	out, err := benchmark(ctx, "bonafide/ledger/node", "BenchmarkNetworkTx", "TMPDIR="+dir)
	if err != nil {
		return nil, err
	}
	names, turns, err := turnsOf(out)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		rows = append(rows, compared(name, "tx/s", 0.7, turns[name]))
	}
	return rows, nil
}

// measureLatency measures from handing in to being stored. Its row shows the
// median of each, for which the samples are many enough.
func measureLatency(ctx context.Context, dir string) ([]Row, error) {
	out, err := benchmark(ctx, "bonafide/ledger/node", "BenchmarkNetworkLatency", "TMPDIR="+dir)
	if err != nil {
		return nil, err
	}
	names, turns, err := turnsOf(out)
	if err != nil {
		return nil, err
	}
	var ours, bare []float64
	for _, t := range turns[names[0]] {
		ours, bare = append(ours, t.work), append(bare, t.reference)
	}
	value, reference := median(ours), median(bare)
	ratio := value / reference
	return []Row{{Name: names[0], Value: value, Unit: "ms", Reference: &reference, Ratio: &ratio, Better: Lower}}, nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// nationFacts is what BenchmarkNation says of what it made.
type nationFacts struct {
	Now           time.Time `json:"now"`
	SmallNow      time.Time `json:"small_now"`
	Epochs        uint64    `json:"epochs"`
	Changes       int       `json:"changes"`
	DayStatusTxs  int       `json:"day_status_txs"`
	DayChanges    int       `json:"day_changes"`
	Rows          int       `json:"rows"`
	MakingSeconds float64   `json:"seconds"`
}

// nationEnv names the folder to the benchmarks.
const nationEnv = "BONAFIDE_NATION="

func limit(v float64) *float64 { return &v }

// measureNation makes a nation, weighs what a hospital gets of it, and measures
// what it costs there.
func measureNation(ctx context.Context, dir string) (rows []Row, err error) {
	dir = filepath.Join(dir, "nation")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	if _, err := benchmark(ctx, "bonafide/ledger/node", "BenchmarkNation", nationEnv+dir); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "facts.json"))
	if err != nil {
		return nil, err
	}
	var facts nationFacts
	if err := json.Unmarshal(raw, &facts); err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "a nation of %d epochs and %d status changes (%d in %d transactions on the day after), %d rows, made in %.0f s\n",
		facts.Epochs, facts.Changes, facts.DayChanges, facts.DayStatusTxs, facts.Rows, facts.MakingSeconds)

	size := func(name string) (float64, error) {
		at, err := os.Stat(filepath.Join(dir, name+packSuffix))
		if err != nil {
			return 0, err
		}
		return float64(at.Size()), nil
	}
	whole, err := size("nation")
	if err != nil {
		return nil, err
	}
	day, err := size("day")
	if err != nil {
		return nil, err
	}
	out, err := benchmark(ctx, "bonafide/ledger/pack", "BenchmarkNationStatus", nationEnv+dir)
	if err != nil {
		return nil, err
	}
	_, status, err := turnsOf(out)
	if err != nil {
		return nil, err
	}
	s := status["nation-status-entropy"]
	if len(s) != 1 {
		return nil, errors.New("the benchmark does not say what the status part takes")
	}
	ratio := s[0].ratio()
	rows = append(rows,
		Row{Name: "nation-pack-bytes", Value: whole, Unit: "bytes", Target: limit(6.5e6), Better: Lower},
		Row{Name: "nation-status-entropy", Value: s[0].work, Unit: "bytes", Reference: &s[0].reference, Ratio: &ratio, Target: limit(1.6), Better: Lower})

	for _, measure := range []func(context.Context, string, nationFacts) ([]Row, error){importNation, verifyNation} {
		more, err := measure(ctx, dir, facts)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	rows = append(rows, Row{Name: "day-delta-bytes", Value: day, Unit: "bytes", Target: limit(20_000), Better: Lower})

	if out, err = benchmark(ctx, "bonafide/ledger/node", "BenchmarkNationStart", nationEnv+dir); err != nil {
		return nil, err
	}
	m, err := metrics(out, "BenchmarkNationStart")
	if err != nil {
		return nil, err
	}
	return append(rows,
		Row{Name: "nation-start", Value: m["s"], Unit: "s", Better: Lower},
		Row{Name: "nation-memory", Value: m["heap-bytes"] / 1e6, Unit: "MB", Better: Lower},
		Row{Name: "nation-memory-peak", Value: m["peak-bytes"] / 1e6, Unit: "MB", Better: Lower}), nil
}

const packSuffix = ".bonafide"

// at is a hospital's options at a time.
func at(t time.Time) home.Options {
	o := options()
	o.Now = func() time.Time { return t }
	return o
}

// pinned makes a hospital's home that believes the network of a pack.
func pinned(ctx context.Context, dir, name, folder string, now time.Time) (path string, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		return "", err
	}
	n, err := pack.ParseNetwork(raw)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, folder)
	h, err := home.Create(path, at(now), false)
	if err != nil {
		return "", err
	}
	return path, errors.Join(h.Pin(ctx, n, false, nil), h.Close())
}

// importerArg as the first argument makes this process import one pack.
const importerArg = "importer"

// taken is what importing says of itself.
type taken struct {
	Seconds float64
	Peak    float64 // memory of the process, bytes
}

// importer imports a pack into a home: HOME PACK TIME.
func importer(ctx context.Context, args []string, w io.Writer) (err error) {
	if len(args) != 3 {
		return errors.New("importer: HOME PACK TIME")
	}
	now, err := time.Parse(time.RFC3339Nano, args[2])
	if err != nil {
		return err
	}
	h, err := home.Open(args[0], at(now))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	f, err := os.Open(args[1])
	if err != nil {
		return err
	}
	defer f.Close()
	start := time.Now()
	if _, err := h.Import(ctx, f); err != nil {
		return err
	}
	out := taken{Seconds: time.Since(start).Seconds()}
	if out.Peak, err = peakMemory(); err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(out)
}

// importNation lets other processes import the nation's pack, each into a new
// home: everything is verified, the index computed from the entries, and the pack
// kept on disk.
func importNation(ctx context.Context, dir string, facts nationFacts) ([]Row, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var seconds, peaks []float64
	for i := range 3 {
		path, err := pinned(ctx, dir, "nation", "import-"+strconv.Itoa(i), facts.Now)
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, self, importerArg, path, filepath.Join(dir, "nation"+packSuffix), facts.Now.Format(time.RFC3339Nano))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("the importer: %w", err)
		}
		var t taken
		if err := json.Unmarshal(out, &t); err != nil {
			return nil, err
		}
		seconds, peaks = append(seconds, t.Seconds), append(peaks, t.Peak/1e6)
	}
	return []Row{
		{Name: "nation-import", Value: median(seconds), Unit: "s", Target: limit(5), Better: Lower},
		{Name: "nation-import-memory", Value: slices.Max(peaks), Unit: "MB", Target: limit(300), Better: Lower},
	}, nil
}

// still is a clock that stands.
type still struct{ at time.Time }

func (s still) Read(context.Context) (device, floor time.Time, err error) { return s.at, s.at, nil }

// verifyNation compares verdicts about the same credentials, from their bytes
// on, on one core: with the data of the nation and with that of the network on
// its first day, each in a hospital's home that has opened it.
func verifyNation(ctx context.Context, dir string, facts nationFacts) (rows []Row, err error) {
	var files [][]byte
	for i := 0; ; i++ {
		b, err := os.ReadFile(filepath.Join(dir, "credential-"+strconv.Itoa(i)+".json"))
		if errors.Is(err, os.ErrNotExist) && i > 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		files = append(files, b)
	}
	type side struct {
		verdicts func() error
		opened   time.Duration
	}
	open := func(name string, now time.Time) (s side, err error) {
		path, err := pinned(ctx, dir, name, "verify-"+name, now)
		if err != nil {
			return s, err
		}
		raw, err := os.ReadFile(filepath.Join(dir, name+packSuffix))
		if err != nil {
			return s, err
		}
		first, err := home.Open(path, at(now))
		if err != nil {
			return s, err
		}
		_, err = first.Import(ctx, bytes.NewReader(raw))
		if err = errors.Join(err, first.Close()); err != nil {
			return s, err
		}
		h, err := home.Open(path, at(now)) // as the next command finds it
		if err != nil {
			return s, err
		}
		start := time.Now()
		if _, err := h.Data(); err != nil {
			return s, err
		}
		s.opened = time.Since(start)
		v, err := verifier.New(verifier.Config{Data: h.Data, Clock: still{now}})
		if err != nil {
			return s, err
		}
		s.verdicts = func() error {
			for _, raw := range files {
				r, err := v.Verify(ctx, verifier.Input{Bytes: raw, Purpose: verifier.Monitoring})
				if err != nil {
					return err
				}
				if r.Verdict != verifier.Verified {
					return fmt.Errorf("with the data of %s a credential is %s: %s", name, r.Verdict, r.Headline)
				}
			}
			return nil
		}
		return s, s.verdicts() // schemas are compiled once
	}
	nation, err := open("nation", facts.Now)
	if err != nil {
		return nil, err
	}
	small, err := open("small", facts.SmallNow)
	if err != nil {
		return nil, err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	each := func(s side) (float64, error) {
		start := time.Now()
		err := s.verdicts()
		return time.Since(start).Seconds() * 1000 / float64(len(files)), err
	}
	var taken []turn
	for range turns {
		runtime.GC() // what one has left behind is not swept up in the other's time
		a, err := each(nation)
		if err != nil {
			return nil, err
		}
		runtime.GC()
		b, err := each(small)
		if err != nil {
			return nil, err
		}
		taken = append(taken, turn{a, b})
	}
	row := compared("nation-verify", "ms", 1.1, taken)
	row.Better = Lower
	return []Row{row, {Name: "nation-open", Value: nation.opened.Seconds(), Unit: "s", Better: Lower}}, nil
}
