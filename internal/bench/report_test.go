package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func f(v float64) *float64 { return &v }

func TestJudge(t *testing.T) {
	for name, c := range map[string]struct {
		row    Row
		missed bool
	}{
		"no target":                 {Row{Value: 1, Better: Higher}, false},
		"no target, a ratio":        {Row{Value: 1, Ratio: f(0), Better: Higher}, false},
		"ratio above":               {Row{Value: 0, Ratio: f(0.2), Target: f(0.15), Better: Higher}, false},
		"ratio just there":          {Row{Value: 0, Ratio: f(0.15), Target: f(0.15), Better: Higher}, false},
		"ratio below":               {Row{Value: 9, Ratio: f(0.1499), Target: f(0.15), Better: Higher}, true},
		"value above":               {Row{Value: 9, Target: f(8), Better: Higher}, false},
		"value below":               {Row{Value: 7, Reference: f(9), Target: f(8), Better: Higher}, true},
		"lower is better, below":    {Row{Value: 7, Target: f(8), Better: Lower}, false},
		"lower is better, above":    {Row{Value: 9, Target: f(8), Better: Lower}, true},
		"lower is better, by ratio": {Row{Value: 1, Ratio: f(2), Target: f(1.5), Better: Lower}, true},
		"not a number":              {Row{Ratio: f(math.NaN()), Target: f(1), Better: Higher}, true},
		"not a number, lower":       {Row{Value: math.NaN(), Target: f(1), Better: Lower}, true},
	} {
		if got := c.row.Missed(); got != c.missed {
			t.Errorf("%s: missed %v", name, got)
		}
		good := Row{Name: "good", Value: 2, Target: f(1), Better: Higher}
		rep := Report{[]Row{good, c.row}}
		if got := rep.Missed(); got != c.missed {
			t.Errorf("%s: report missed %v", name, got)
		}
		var b bytes.Buffer
		if err := rep.Table(&b); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), "MISSED") == 1; got != c.missed {
			t.Errorf("%s: the table says\n%s", name, &b)
		}
	}
}

func TestMedianTurn(t *testing.T) {
	r := compared("x", "things/s", 0.5, []turn{{1, 10}, {90, 100}, {3, 10}, {2, 10}, {1, 1}})
	if r.Value != 3 || *r.Reference != 10 || *r.Ratio != 0.3 || *r.Target != 0.5 || r.Better != Higher || !r.Missed() {
		t.Errorf("%+v", r)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "not", "there", "bench.json")
	if err := (Report{[]Row{{Name: "old", Better: Lower}}}).Write(path); err != nil {
		t.Fatal(err)
	}
	rep := Report{[]Row{
		{Name: "speed", Value: 3, Unit: "things/s", Reference: f(10), Ratio: f(0.3), Target: f(0.25), Better: Higher},
		{Name: "size", Value: 700, Unit: "bytes", Better: Lower},
	}}
	if err := rep.Write(path); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Compact(&got, raw); err != nil {
		t.Fatal(err)
	}
	const want = `{"rows":[` +
		`{"name":"speed","value":3,"unit":"things/s","reference":10,"ratio":0.3,"target":0.25,"better":"higher"},` +
		`{"name":"size","value":700,"unit":"bytes","reference":null,"ratio":null,"target":null,"better":"lower"}]}`
	if got.String() != want {
		t.Errorf("got  %s\nwant %s", &got, want)
	}
	if left, _ := filepath.Glob(path + ".*"); left != nil {
		t.Errorf("left behind: %v", left)
	}
	// What cannot be written leaves the old file.
	if err := (Report{[]Row{{Value: math.NaN()}}}).Write(path); err == nil {
		t.Error("NaN was written")
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, raw) {
		t.Errorf("the old file is gone: %v", err)
	}
}

func TestMetrics(t *testing.T) {
	const out = "ledger-tx: 20000 transactions\ngoos: linux\nBenchmarkLedgerTx-2 \t 1\t 10515 bare-tx/s\t 1.044 ratio\t 10983 tx/s\nPASS\n"
	m, err := metrics(out, "BenchmarkLedgerTx")
	if err != nil || m["tx/s"] != 10983 || m["bare-tx/s"] != 10515 || m["ratio"] != 1.044 {
		t.Errorf("%v, %v", m, err)
	}
	for _, bad := range []string{"", "PASS\n", "BenchmarkLedgerTx\n", "BenchmarkLedgerTxOther-2 1 5 tx/s\n", "BenchmarkLedgerTx-2 1 five tx/s\n"} {
		if m, err := metrics(bad, "BenchmarkLedgerTx"); err == nil {
			t.Errorf("%q gives %v", bad, m)
		}
	}
}

func TestRun(t *testing.T) {
	gives := func(ratio float64) func(context.Context, string) ([]Row, error) {
		return func(_ context.Context, dir string) ([]Row, error) {
			if err := os.WriteFile(filepath.Join(dir, "scratch"), nil, 0o600); err != nil {
				return nil, err
			}
			return []Row{{Name: "x", Value: 1, Ratio: &ratio, Target: f(0.5), Better: Higher}}, nil
		}
	}
	measures := []measure{{"good", gives(0.6)}, {"poor", gives(0.4)}}
	for pattern, want := range map[string]error{"good": nil, "poor": errMissed, "": errMissed} {
		dir := t.TempDir()
		var table bytes.Buffer
		if err := run(t.Context(), []string{"-o", filepath.Join(dir, "build", "bench.json"), "-run", pattern}, measures, &table); !errors.Is(err, want) {
			t.Errorf("%q: %v", pattern, err)
		}
		if got := strings.Contains(table.String(), "MISSED"); got != (want != nil) {
			t.Errorf("%q prints\n%s", pattern, &table)
		}
		files, err := os.ReadDir(filepath.Join(dir, "build"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) != 1 || files[0].Name() != "bench.json" {
			t.Errorf("%q leaves %v", pattern, files)
		}
	}
	if err := run(t.Context(), []string{"-o", filepath.Join(t.TempDir(), "b.json"), "-run", "other"}, measures, &bytes.Buffer{}); err == nil {
		t.Error("measuring nothing passes")
	}
}
