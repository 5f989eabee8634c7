package parallel

import (
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
)

func TestEach(t *testing.T) {
	for _, n := range []int{0, 1, 7, 1000} {
		done := make([]atomic.Int32, n)
		if err := Each(n, func(i int) error { done[i].Add(1); return nil }); err != nil {
			t.Fatal(err)
		}
		for i := range done {
			if got := done[i].Load(); got != 1 {
				t.Errorf("%d of %d was done %d times", i, n, got)
			}
		}
	}
	bad := errors.New("bad")
	var calls atomic.Int32
	err := Each(1000, func(int) error { calls.Add(1); return bad })
	if n := int(calls.Load()); !errors.Is(err, bad) || n > runtime.GOMAXPROCS(0) {
		t.Errorf("%v, after %d calls", err, n)
	}
}
