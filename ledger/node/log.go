package node

import (
	"context"
	"log/slog"

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
}

// The engine's own words for it (consensus.State.receiveRoutine).
const consensusFailure = "CONSENSUS FAILURE!!!"

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
	l.to.Error(msg, kv...)
	if msg == consensusFailure {
		l.failed()
	}
}

func (l logger) With(kv ...any) log.Logger { return logger{l.to.With(kv...), l.failed} }
