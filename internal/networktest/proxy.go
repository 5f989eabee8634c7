package main

// One wire between two nodes, which the harness can hold: bytes stop flowing in
// both directions, as when a network falls apart, and flow again when it heals.

import (
	"errors"
	"fmt"
	"net"
	"sync"
)

type wire struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	moved *sync.Cond // held has changed
	held  bool
	done  bool
	conns map[net.Conn]bool
}

func newWire(to string) (*wire, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("a wire: %w", err)
	}
	w := &wire{listener: l, to: to, conns: map[net.Conn]bool{}}
	w.moved = sync.NewCond(&w.mu)
	go w.accept()
	return w, nil
}

func (w *wire) address() string { return w.listener.Addr().String() }

func (w *wire) accept() {
	for {
		in, err := w.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			if !w.pass(in) {
				return
			}
			out, err := net.Dial("tcp", w.to)
			if err != nil {
				w.drop(in)
				return
			}
			if !w.pass(out) {
				w.drop(in)
				return
			}
			go w.copy(in, out)
			w.copy(out, in)
		}()
	}
}

// pass registers a connection and waits until the wire is not held.
func (w *wire) pass(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.conns[c] = true
	}
	for w.held && !w.done {
		w.moved.Wait()
	}
	if w.done {
		_ = c.Close()
	}
	return !w.done
}

func (w *wire) drop(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(w.conns, c)
	}
}

func (w *wire) copy(from, to net.Conn) {
	defer w.drop(from, to)
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if !w.pass(from) {
				return
			}
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) hold(held bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = held
	w.moved.Broadcast()
}

func (w *wire) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = true
	w.moved.Broadcast()
	errs := []error{w.listener.Close()}
	for c := range w.conns {
		errs = append(errs, c.Close())
	}
	clear(w.conns)
	return errors.Join(errs...)
}
