package main

// A board that joins when the first blocks are gone: its node takes over a
// state, from others of which some offer altered ones.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	keepBlocks = "1024"            // the fewest that a node may keep
	pruneTime  = 8 * time.Minute   // for as many blocks, if this is all that is run
	periodTime = 100 * time.Second // until there is a new snapshot: 36 intervals and a block
	chunk      = 4 << 20           // of a snapshot
)

// shortEvidence has evidence age within a few blocks, in the genesis of a
// network that has not begun: nodes keep the blocks of half a year for it, and
// nothing could be thrown away here.
func shortEvidence(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(b, &doc); err != nil {
		return err
	}
	before := doc["consensus_params"]
	after := bytes.Replace(before, []byte(`"max_age_num_blocks":"100000"`), []byte(`"max_age_num_blocks":"4"`), 1)
	after = bytes.Replace(after, []byte(`"max_age_duration":"15552000000000000"`), []byte(`"max_age_duration":"1"`), 1)
	if len(before)-len(after) != len("00000")+len("5552000000000000") {
		return fmt.Errorf("the genesis has other parameters: %s", before)
	}
	doc["consensus_params"] = after
	if b, err = json.Marshal(doc); err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// fromState has a board's node take over a state.
func fromState(b *board) error {
	b.args = []string{"--state-sync"}
	return nil
}

func (w *world) stateSync(ctx context.Context, detail *string) error {
	network, err := w.boards[0].client.Network(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(w.dir, "before.json"), network, 0o600); err != nil {
		return err
	}
	// All throw away what they may.
	for _, b := range w.boards {
		b.args = []string{"--keep-blocks", keepBlocks}
		if err := errors.Join(b.signal(syscall.SIGTERM), b.start(ctx)); err != nil {
			return err
		}
		if err := w.together(ctx, settleTime); err != nil {
			return err
		}
	}
	if err := eventually(ctx, pruneTime, "the first blocks are gone", func() error {
		for _, b := range w.boards {
			s, err := b.status(ctx)
			if err != nil {
				return err
			}
			if s.FirstBlock < 2 {
				// Blocks come faster with something in them.
				return errors.Join(fmt.Errorf("%s keeps blocks %d to %d", b.name, s.FirstBlock, s.HeaderHeight), b.anchor(ctx, commitTime))
			}
		}
		return nil
	}); err != nil {
		return err
	}

	var liar *board
	var offered, first uint64
	lie := func(b *board) error {
		// Nothing of the beginning is to be had.
		if err := b.start(ctx); err != nil {
			return err
		}
		if err := never(ctx, quiet, "a node without a state followed a chain without its beginning", func() bool { return b.height(ctx) > 0 }); err != nil {
			return err
		}
		if err := b.signal(syscall.SIGTERM); err != nil {
			return err
		}
		if b.exitCode() != 0 {
			return fmt.Errorf("exit code %d", b.exitCode())
		}
		b.args = []string{"--state-sync"}
		liar = w.boards[3]
		var err error
		offered, err = w.falseSnapshots(ctx, liar, w.boards[2])
		return err
	}
	b, err := w.admit(ctx, lie)
	if err != nil {
		return err
	}
	s, err := b.status(ctx)
	if err != nil {
		return err
	}
	if first = s.FirstBlock; first < 2 {
		return fmt.Errorf("%s has blocks from %d on: it took over no state", b.name, first)
	}
	log, err := os.ReadFile(b.logFile())
	if err != nil {
		return err
	}
	if want := fmt.Sprintf("height=%d", offered); !saidOf(log, "a snapshot does not hold", want, liar.peer) {
		return fmt.Errorf("the altered snapshot was not refused; see %s", b.logFile())
	}
	if err := commits(ctx, w.boards...); err != nil {
		return err
	}
	// It agrees with the others on whose turn it is to propose.
	if log, err = os.ReadFile(b.logFile()); err != nil || bytes.Contains(log, []byte("invalid proposal")) {
		return fmt.Errorf("it took others' proposals for out of turn: %w; see %s", err, b.logFile())
	}
	// It goes on from there by itself, after a power cut too, with the same words
	// on its command line.
	if err := errors.Join(b.kill(), b.start(ctx)); err != nil {
		return err
	}
	if err := w.together(ctx, settleTime); err != nil {
		return err
	}
	if err := commits(ctx, b); err != nil {
		return err
	}
	// Its packs lead from the days before there was this board to today.
	h, err := w.newHospital(ctx, filepath.Join(w.dir, "before.json"))
	if err != nil {
		return err
	}
	a, err := h.sync(ctx, "http://"+b.api)
	if err == nil && a.exit != 0 {
		err = fmt.Errorf("a pack of %s is refused: %s", b.name, a.errout)
	}
	*detail = fmt.Sprintf("others keep blocks from %d on; %s refused a state of height %d and has blocks from %d on", w.boards[0].first(ctx), b.name, offered, first)
	return err
}

// first is the lowest block that a board's node keeps.
func (b *board) first(ctx context.Context) uint64 {
	s, err := b.status(ctx)
	if err != nil {
		return 0
	}
	return s.FirstBlock
}

// saidOf looks for a line of a log with all of these words.
func saidOf(log []byte, words ...string) bool {
	for line := range strings.Lines(string(log)) {
		all := true
		for _, word := range words {
			all = all && strings.Contains(line, word)
		}
		if all {
			return true
		}
	}
	return false
}

// falseSnapshots makes two boards offer what does not hold: one a state that is
// altered, under hashes that fit and a height above all others', and one the
// true hashes with other bytes. It returns that height.
func (w *world) falseSnapshots(ctx context.Context, altered, damaged *board) (height uint64, err error) {
	// After a new one there is time until the next.
	folder := func(b *board) string { return filepath.Join(b.dir, "node", "snapshots") }
	before, _, err := newest(folder(altered))
	if err != nil {
		return 0, err
	}
	var name string
	var at uint64
	if err := eventually(ctx, periodTime, "the next snapshot", func() error {
		at, name, err = newest(folder(altered))
		if err == nil && (at <= before || w.boards[0].height(ctx) < at+8) {
			err = fmt.Errorf("the newest is of height %d", at)
		}
		return err
	}); err != nil {
		return 0, err
	}
	b, err := os.ReadFile(filepath.Join(folder(altered), name))
	if err != nil {
		return 0, err
	}
	rows := b[:len(b)-sha256.Size]
	if len(b) > chunk {
		return 0, errors.New("the state is larger than this test makes false hashes for")
	}
	rows[len(rows)-1] ^= 1
	sum := sha256.Sum256(rows)
	hash := sha256.Sum256(sum[:])
	height = at + 4
	file := strconv.FormatUint(height, 10) + "-" + hex.EncodeToString(hash[:])
	if err := os.WriteFile(filepath.Join(folder(altered), file), append(rows, sum[:]...), 0o600); err != nil {
		return 0, err
	}
	_, name, err = newest(folder(damaged))
	if err != nil {
		return 0, err
	}
	path := filepath.Join(folder(damaged), name)
	if b, err = os.ReadFile(path); err != nil {
		return 0, err
	}
	b[len(b)/2] ^= 1
	return height, os.WriteFile(path, b, 0o600)
}

// newest is the highest snapshot of a folder, its height and file; 0 if there
// is none.
func newest(folder string) (height uint64, name string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, "", err
	}
	for _, e := range entries {
		digits, _, _ := strings.Cut(e.Name(), "-")
		if h, err := strconv.ParseUint(digits, 10, 64); err == nil && h > height {
			height, name = h, e.Name()
		}
	}
	return height, name, nil
}
