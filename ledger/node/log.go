package node

import (
	"context"
	"log/slog"
	"slices"

	"github.com/cometbft/cometbft/libs/log"
)

// logger hands the engine's messages to slog one step lower than the engine
// thinks of them: what it calls information is detail to whoever runs a node.
// Only its errors keep their level.
type logger struct {
	to *slog.Logger
	// failed is called when the engine says that it cannot go on. It gives no
	// other sign: its consensus routine ends and everything else stays up.
	failed func()
	// told reports whether it was us who told the engine to stop.
	told func() bool
}

// The engine's own words for it (consensus.State.receiveRoutine, and
// node.startStateSync, whose routine ends likewise).
var failures = []string{
	"CONSENSUS FAILURE!!!",
	"State sync failed",
	"Failed to bootstrap node with new state", "Failed to store last seen commit", "Failed to switch to block sync",
}

// The engine reports its own orderly stop as an error.
const transportClosed = "Stopped accept routine, as transport is closed"

func (l logger) Debug(string, ...any) {} // per message and vote: no use to an operator, and on the hot path

func (l logger) Info(msg string, kv ...any) {
	if l.to.Enabled(context.Background(), slog.LevelDebug) {
		l.to.Debug(msg, kv...)
	}
}

func (l logger) Error(msg string, kv ...any) {
	if msg == transportClosed {
		l.Info(msg, kv...)
		return
	}
	failure := slices.Contains(failures, msg)
	if failure && l.told() {
		l.Info(msg, kv...) // it repeats our reason, with a stack
		return
	}
	l.to.Error(msg, kv...)
	if failure {
		l.failed()
	}
}

func (l logger) With(kv ...any) log.Logger { return logger{l.to.With(kv...), l.failed, l.told} }
