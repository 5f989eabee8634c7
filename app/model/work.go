package model

import (
	"context"
	"sync"
	"time"

	"bonafide/internal/explain"
)

// Work is one thing under way: what, how far, and how to stop it. The zero
// value is idle, and so is what NewWork makes.
type Work struct {
	changed func()

	mu     sync.Mutex
	state  WorkState
	cancel context.CancelFunc
}

// WorkState is what there is to show of a Work.
type WorkState struct {
	What        string // in words
	Done, Total int64  // in whatever unit; Total 0 where it is not known
	Running     bool
	Since       time.Time // of the machine's own clock: it measures, it proves nothing
}

// NewWork makes a Work that calls changed after each change, from whichever
// goroutine made it.
func NewWork(changed func()) *Work { return &Work{changed: changed} }

// Do runs f, which may tell how far it is, and returns its error. It is to run
// on a goroutine of its own. Code work_busy if something is under way.
func (w *Work) Do(ctx context.Context, what string, f func(ctx context.Context, far func(done, total int64)) error) error {
	w.mu.Lock()
	if w.state.Running {
		w.mu.Unlock()
		return explain.Errorf("work_busy", "something is under way")
	}
	ctx, cancel := context.WithCancel(ctx)
	w.state = WorkState{What: what, Running: true, Since: time.Now()}
	w.cancel = cancel
	w.mu.Unlock()
	w.tell()
	defer func() {
		cancel()
		w.mu.Lock()
		w.state, w.cancel = WorkState{}, nil
		w.mu.Unlock()
		w.tell()
	}()
	return f(ctx, func(done, total int64) {
		w.mu.Lock()
		// A bar that is redrawn for every byte is slower than the work.
		step := w.state.Total != total || total <= 0 || done*200/total != w.state.Done*200/total || done == total
		if step {
			w.state.Done, w.state.Total = done, total
		}
		w.mu.Unlock()
		if step {
			w.tell()
		}
	})
}

// State is what there is to show now.
func (w *Work) State() WorkState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

// Say changes what is said of what is under way.
func (w *Work) Say(what string) {
	w.mu.Lock()
	changed := w.state.Running && w.state.What != what
	if changed {
		w.state.What = what
	}
	w.mu.Unlock()
	if changed {
		w.tell()
	}
}

// Cancel asks what is under way to stop; Do returns when it did.
func (w *Work) Cancel() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel != nil {
		w.cancel()
	}
}

func (w *Work) tell() {
	if w.changed != nil {
		w.changed()
	}
}
