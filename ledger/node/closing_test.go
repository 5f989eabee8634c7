package node

import (
	"sync"
	"testing"

	cmtstore "github.com/cometbft/cometbft/store"
)

// TestAskedAfterClosing: what a peer's routine looks up while the node stops is
// not there, and nothing panics, however the two meet.
func TestAskedAfterClosing(t *testing.T) {
	db, err := openDB("blockstore", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := &closing{DB: db}
	if err := d.Set([]byte("k"), []byte("v")); err != nil {
		t.Fatal(err)
	}
	if v, err := d.Get([]byte("k")); err != nil || string(v) != "v" {
		t.Fatal(v, err)
	}
	blocks := cmtstore.NewBlockStore(d)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for h := range int64(2000) {
				if blocks.LoadBlockCommit(h) != nil || blocks.LoadBlockMeta(h) != nil {
					t.Error("something is there that nobody wrote")
				}
			}
		})
	}
	if err := blocks.Close(); err != nil {
		t.Error(err)
	}
	readers.Wait()
	if has, err := d.Has([]byte("k")); err != nil || has {
		t.Error(has, err)
	}
	if err := d.Close(); err != nil {
		t.Error("the second time:", err)
	}
}
