package node

// What an operator's tools ask: is it well, and how much of what is there. On
// loopback like all else here, and without anything that is not public.

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	cstypes "github.com/cometbft/cometbft/consensus/types"
	"github.com/cometbft/cometbft/types"

	"bonafide/internal/explain"
)

const (
	// heardIn is how many of the newest headers a member must have signed none of
	// to count as silent.
	heardIn = 4
	// stuckFor is how long a block may be under decision before the votes for it,
	// and no longer those of earlier blocks, tell who is there.
	stuckFor = 10 * time.Second
	// roundsHeard is how many of its newest rounds count then.
	roundsHeard = 2
	// lateBy is how much later than a whole interval the next header may come, of
	// which four are due in one, before a node counts as not well.
	lateBy = time.Minute
)

// silent lists the members, by DID, from whose validators nothing has been
// heard: no signature of the newest headers, or, while a block is stuck, no
// vote in its newest rounds. Callers hold the application's lock, and got rs
// before it: the engine holds its own while it runs a block.
func (n *Node) silent(rs *cstypes.RoundState) []string {
	a := n.app
	if a.signed == 0 || a.syncing() {
		return nil
	}
	vals, err := n.store.states.LoadValidators(int64(a.signed))
	if err != nil {
		return nil
	}
	heard := make(map[string]bool, vals.Size())
	if rs.Step >= cstypes.RoundStepPropose &&
		time.Since(rs.StartTime) > a.state.View().Params().Interval/4+stuckFor {
		heardInRounds(rs, heard)
	} else {
		for h := a.signed; h > 0 && h+heardIn > a.signed; h-- {
			commit := n.store.commit(h)
			if commit == nil {
				break
			}
			for _, s := range commit.Signatures {
				if s.BlockIDFlag != types.BlockIDFlagAbsent {
					heard[string(s.ValidatorAddress)] = true
				}
			}
		}
	}
	var out []string
	members := a.state.View().Members(a.done)
	for _, v := range vals.Validators {
		if heard[string(v.Address)] {
			continue
		}
		for _, m := range members {
			if string(m.Consensus[:]) == string(v.PubKey.Bytes()) {
				out = append(out, m.DID.String())
			}
		}
	}
	slices.Sort(out)
	return out
}

// heardInRounds notes who voted in the newest rounds of the block that is being
// decided.
func heardInRounds(rs *cstypes.RoundState, heard map[string]bool) {
	for r := rs.Round; r >= 0 && r > rs.Round-roundsHeard; r-- {
		for _, set := range []*types.VoteSet{rs.Votes.Prevotes(r), rs.Votes.Precommits(r)} {
			if set == nil {
				continue
			}
			there := set.BitArray()
			for i, v := range rs.Validators.Validators {
				if there.GetIndex(i) {
					heard[string(v.Address)] = true
				}
			}
		}
	}
}

// well says why a node is not well at a time; nil if it is.
func well(s Status, now time.Time) error {
	switch late := now.Sub(s.HeaderTime); {
	case s.Syncing:
		return explain.Errorf("node_catching_up", "at height %d", s.StateHeight)
	case s.HeaderHeight == 0:
		return explain.Errorf("node_not_provable", "no header yet")
	case late > s.Interval+lateBy:
		return explain.Errorf("node_halted", "the newest header is of %s", s.HeaderTime.UTC().Format(time.RFC3339))
	}
	return nil
}

func (n *Node) handleHealth(w http.ResponseWriter, r *http.Request) {
	s, err := n.Client().Status(r.Context())
	if err == nil {
		err = well(s, n.cfg.Now())
	}
	answer(w, map[string]bool{"well": true}, err)
}

// handleMetrics writes what there is to measure in Prometheus' text format.
func (n *Node) handleMetrics(w http.ResponseWriter, r *http.Request) {
	s, err := n.Client().Status(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(metrics(s, n.cfg.Now())))
}

func metrics(s Status, now time.Time) string {
	var b strings.Builder
	network := fmt.Sprintf(`network=%q`, s.ChainID)
	gauge := func(name, help string, value float64) {
		_, _ = fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s gauge\n%s{%s} %g\n", name, help, name, name, network, value)
	}
	truth := func(v bool) float64 {
		if v {
			return 1
		}
		return 0
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	age := 0.0
	if s.HeaderHeight > 0 {
		age = now.Sub(s.HeaderTime).Seconds()
	}
	gauge("bonafide_state_height", "Last block executed and stored.", float64(s.StateHeight))
	gauge("bonafide_header_height", "Newest signed header.", float64(s.HeaderHeight))
	gauge("bonafide_header_age_seconds", "Age of the newest header by this machine's clock.", age)
	gauge("bonafide_epoch", "Newest closed epoch.", float64(s.LastEpoch))
	gauge("bonafide_waiting_transactions", "Transactions not yet in a block.", float64(s.Waiting))
	gauge("bonafide_peers", "Nodes that this one is connected with.", float64(s.Peers))
	gauge("bonafide_members", "Members that sign headers now.", float64(s.Validators))
	gauge("bonafide_validating", "Whether this node is one of those that sign.", truth(s.Validating))
	gauge("bonafide_syncing", "Whether this node fetches old blocks.", truth(s.Syncing))
	gauge("bonafide_well", "Whether all is as it should be.", truth(well(s, now) == nil))
	gauge("bonafide_memory_bytes", "Memory in use by the program's data.", float64(mem.HeapAlloc))
	gauge("bonafide_first_block", "Lowest block that this node keeps.", float64(s.FirstBlock))
	gauge("bonafide_upgrade_unknown", "Whether rules are decided that this program does not have.", truth(s.Upgrade != "" && !s.UpgradeKnown))
	gauge("bonafide_silent_members", "Members from whose nodes nothing has been heard.", float64(len(s.Silent)))
	if len(s.Silent) > 0 {
		b.WriteString("# HELP bonafide_member_silent A member from whose node nothing has been heard.\n# TYPE bonafide_member_silent gauge\n")
		for _, id := range s.Silent {
			_, _ = fmt.Fprintf(&b, "bonafide_member_silent{%s,member=%q} 1\n", network, id)
		}
	}
	return b.String()
}

// Well says why the node is not well, nil if it is: it is behind
// (node_catching_up), or the network stands still (node_halted).
func (n *Node) Well(ctx context.Context) error {
	s, err := n.Client().Status(ctx)
	if err != nil {
		return err
	}
	return well(s, n.cfg.Now())
}
