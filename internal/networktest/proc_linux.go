package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

// begin starts a process that the kernel ends when the harness ends, however
// that does. The kernel means the thread that started it, so there is one
// thread for this that lives as long as we do.
func begin(c *exec.Cmd) error {
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	done := make(chan error)
	starts <- func() { done <- c.Start() }
	return <-done
}

var starts = func() chan<- func() {
	ch := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range ch {
			f()
		}
	}()
	return ch
}()
