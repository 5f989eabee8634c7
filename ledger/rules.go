package ledger

// rules are what an upgrade changes. What it leaves out stays as before.
type rules struct {
	// batch changes a batch before it is taken into the open epoch.
	batch func(AnchorBatch) AnchorBatch
}

// upgrades are the rules that this program knows, by the name that members vote
// on. A name stays here for good: who follows a chain from its first block
// executes each block by the rules of its time. Under v1, those of the
// beginning, members call off an upgrade that is not due yet.
var upgrades = map[string]rules{"v1": {}}

// KnowsUpgrade reports whether this program can execute blocks under the rules
// of that name.
func KnowsUpgrade(name string) bool {
	_, known := upgrades[name]
	return known
}
