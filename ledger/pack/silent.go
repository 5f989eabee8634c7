package pack

import (
	"github.com/cometbft/cometbft/types"

	"bonafide/ledger"
)

// Silent lists the members, ascending by DID, whose validators gave no vote in
// the commit of the header that proves the data: their nodes were away, or too
// late for it. A vote for nothing is a vote. A header is signed by those who were
// there, so the members that a network waits for now need not be among them.
func (d *Data) Silent() []ledger.Member {
	top := d.blocks[len(d.blocks)-1]
	away := make(map[[32]byte]bool)
	for i, s := range top.Commit.Signatures {
		if s.BlockIDFlag == types.BlockIDFlagAbsent {
			away[[32]byte(top.ValidatorSet.Validators[i].PubKey.Bytes())] = true
		}
	}
	if len(away) == 0 {
		return nil
	}
	var out []ledger.Member
	// What a block changes of the validators holds two blocks later: those of
	// header Height + 1 are the members after Height - 1.
	for _, m := range d.View.Members(d.Height - 1) {
		if away[m.Consensus] {
			out = append(out, m)
		}
	}
	return out
}
