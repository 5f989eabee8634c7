package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// measureLedgerTx runs the benchmark that lives beside the node, because it
// needs the node's own parts, and reads its numbers.
func measureLedgerTx(ctx context.Context, dir string) ([]Row, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkLedgerTx$", "-benchtime", "1x", "bonafide/ledger/node")
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("running the node's benchmark: %w\n%s", err, out)
	}
	m, err := metrics(string(out), "BenchmarkLedgerTx")
	if err != nil {
		return nil, err
	}
	t := turn{m["tx/s"], m["bare-tx/s"]}
	if t.work <= 0 || t.reference <= 0 {
		return nil, errors.New("the node's benchmark says no rates")
	}
	return []Row{compared("ledger-tx", "tx/s", 0.7, []turn{t})}, nil
}

// metrics reads the line of one benchmark from what `go test` prints: after
// the name and the count come pairs of value and unit.
func metrics(out, name string) (map[string]float64, error) {
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 4 || len(f)%2 != 0 || f[0] != name && !strings.HasPrefix(f[0], name+"-") {
			continue
		}
		m := map[string]float64{}
		for i := 2; i < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, err)
			}
			m[f[i+1]] = v
		}
		return m, nil
	}
	return nil, fmt.Errorf("no line of %s in the output", name)
}
