package node

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
)

const killedDir = "BONAFIDE_TEST_KILLED_DIR"

// TestKilledProcess runs a node in another process, which prints each receipt
// it got, and kills it between one moment and the next. What was acknowledged
// is there afterwards, and the chain is that of a replica built apart.
func TestKilledProcess(t *testing.T) {
	w := newWorld(t, time.Hour)
	if dir := os.Getenv(killedDir); dir != "" {
		n := w.start(w.config(dir))
		fmt.Println("address", n.Address())
		for {
			tx := w.change()
			r := w.submit(n.Client(), tx)
			fmt.Println("receipt", r.Height, w.sequence)
		}
	}
	dir := t.TempDir()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledProcess$")
	child.Env = append(os.Environ(), killedDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var height, sequence uint64
	lines := bufio.NewScanner(out)
	for lines.Scan() && sequence < 10 {
		f := strings.Fields(lines.Text())
		switch {
		case len(f) == 2 && f[0] == "address":
			// Another process is kept out, too.
			if _, err := Start(t.Context(), w.config(dir)); explain.CodeOf(err) != "node_already_running" {
				t.Errorf("a second process: %v", err)
			}
		case len(f) == 3 && f[0] == "receipt":
			if height, err = strconv.ParseUint(f[1], 10, 64); err != nil {
				t.Fatal(err)
			}
			if sequence, err = strconv.ParseUint(f[2], 10, 64); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed
	if sequence < 10 {
		t.Fatalf("the other process got %d receipts", sequence)
	}

	n := w.start(w.config(dir))
	s := status(t, n.Client())
	n.app.mu.Lock()
	w.sequence, err = n.app.state.View().Sequence(w.id)
	n.app.mu.Unlock()
	if err != nil || w.sequence < sequence || s.StateHeight < height {
		t.Fatalf("%d of %d receipts, height %d of %d, %v", w.sequence, sequence, s.StateHeight, height, err)
	}
	w.submit(n.Client(), w.change())
	w.replica(n.engine.BlockStore())
}
