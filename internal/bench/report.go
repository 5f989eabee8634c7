package main

// What was measured: judged, shown as a table, written as JSON.

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"
)

// Direction says which values are good.
type Direction string

// Directions.
const (
	Higher Direction = "higher"
	Lower  Direction = "lower"
)

// Row is one thing measured. Fields that do not apply are nil. Reference is
// in the unit of Value. Target is judged against Ratio where there is one,
// else against Value.
type Row struct {
	Name      string    `json:"name"`
	Value     float64   `json:"value"`
	Unit      string    `json:"unit"`
	Reference *float64  `json:"reference"`
	Ratio     *float64  `json:"ratio"`
	Target    *float64  `json:"target"`
	Better    Direction `json:"better"`
}

// Missed reports whether the row has a target and does not meet it. What
// cannot be compared (not a number) does not meet it.
func (r Row) Missed() bool {
	if r.Target == nil {
		return false
	}
	got := r.Value
	if r.Ratio != nil {
		got = *r.Ratio
	}
	if r.Better == Lower {
		return !(got <= *r.Target)
	}
	return !(got >= *r.Target)
}

// Report is build/bench.json.
type Report struct {
	Rows []Row `json:"rows"`
}

// Missed reports whether any row misses its target.
func (r Report) Missed() bool { return slices.ContainsFunc(r.Rows, Row.Missed) }

// Table prints the rows for people.
func (r Report) Table(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "name\tvalue\tunit\treference\tratio\ttarget\t")
	for _, row := range r.Rows {
		target, verdict := "-", ""
		if row.Target != nil {
			sign := "≥ "
			if row.Better == Lower {
				sign = "≤ "
			}
			target, verdict = sign+number(row.Target), "ok"
			if row.Missed() {
				verdict = "MISSED"
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Name, number(&row.Value), row.Unit, number(row.Reference), number(row.Ratio), target, verdict)
	}
	return t.Flush()
}

// number is a measurement without digits that mean nothing.
func number(v *float64) string {
	switch {
	case v == nil:
		return "-"
	case *v >= 100 || *v == float64(int64(*v)):
		return strconv.FormatFloat(*v, 'f', 0, 64)
	default:
		return strconv.FormatFloat(*v, 'g', 3, 64)
	}
}

// Write puts the report into a file, whose folder is made if missing. Readers
// find the old file or the new one, never half of one.
func (r Report) Write(path string) (err error) {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	part := path + ".part"
	if err := os.WriteFile(part, append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// turn is one comparison: how often per second the work and the reference were
// done.
type turn struct{ work, reference float64 }

func (t turn) ratio() float64 { return t.work / t.reference }

// compared makes a row of rates from turns: the one with the median ratio.
func compared(name, unit string, target float64, turns []turn) Row {
	slices.SortFunc(turns, func(a, b turn) int { return cmp.Compare(a.ratio(), b.ratio()) })
	m := turns[len(turns)/2]
	ratio := m.ratio()
	return Row{Name: name, Value: m.work, Unit: unit, Reference: &m.reference, Ratio: &ratio, Target: &target, Better: Higher}
}
