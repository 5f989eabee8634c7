package main

import (
	"slices"
	"testing"
)

func TestTurnsOf(t *testing.T) {
	names, turns, err := turnsOf("goos: linux\nturn b 3 2\nturn a 1.5 3\nturn b 1 4\nPASS\n")
	if err != nil || !slices.Equal(names, []string{"b", "a"}) || len(turns["b"]) != 2 || turns["a"][0] != (turn{1.5, 3}) {
		t.Errorf("%v, %v, %v", names, turns, err)
	}
	for _, bad := range []string{"", "PASS\n", "turn a 1\n", "turn a one 2\n", "turn a 1 two\n", "turn a 0 1\n", "turn a 1 0\n"} {
		if _, turns, err := turnsOf(bad); err == nil {
			t.Errorf("%q gives %v", bad, turns)
		}
	}
}

func TestMedian(t *testing.T) {
	v := []float64{9, 1, 5}
	if median(v) != 5 || v[0] != 9 {
		t.Errorf("%v of %v", median(v), v)
	}
}
