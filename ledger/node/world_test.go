package node

// A network of one with keys of its own, and databases that fail on demand.

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	dbm "github.com/cometbft/cometbft-db"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/ledger"
)

const network = "test-abcdefgh"

// founded is a whole hour, so that tests know where hours begin, and not long
// ago: the engine dates its blocks by the machine's clock.
var founded = time.Now().UTC().Add(-time.Hour).Truncate(time.Hour)

// world is a founder with its keys. Everything in it follows from its name.
type world struct {
	t         testing.TB
	name      string
	id        did.DID
	key       ed25519.PrivateKey // capabilityInvocation
	method    string
	consensus SeedKey
	sequence  uint64
	genesis   ledger.Genesis
	file      []byte
}

func seed(name string) [32]byte { return sha256.Sum256([]byte(name)) }

func newWorld(t testing.TB, interval time.Duration) *world { return newWorlds(t, interval, 1)[0] }

// newWorlds makes a network of n founders; the worlds share its genesis.
func newWorlds(t testing.TB, interval time.Duration, n int) []*world {
	t.Helper()
	public := func(name string) (ed25519.PrivateKey, did.PublicKey) {
		s := seed(name)
		k := ed25519.NewKeyFromSeed(s[:])
		p, err := did.NewPublicKey(did.Ed25519, k.Public().(ed25519.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		return k, p
	}
	genesis := ledger.Genesis{ChainID: network, Time: founded, Params: ledger.DefaultParams}
	genesis.Params.Interval = interval
	var worlds []*world
	for i := range n {
		name := string(rune('a' + i))
		_, issuing := public("issuing " + name)
		key, invocation := public("ledger " + name)
		id, doc, err := bonafide.NewDocument(network, []did.PublicKey{issuing}, []did.PublicKey{invocation}, bonafide.DocumentOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, name: name, id: id, key: key, method: string(id) + "#" + invocation.Multikey(), consensus: seed("consensus " + name)}
		genesis.Members = append(genesis.Members, ledger.Founder{Document: doc, Name: "Board " + name, Consensus: w.consensus.Public()})
		worlds = append(worlds, w)
	}
	file, err := NewGenesis(genesis)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range worlds {
		w.genesis, w.file = genesis, file
	}
	return worlds
}

func (w *world) config(dir string) Config {
	return Config{Dir: dir, Genesis: w.file, Consensus: w.consensus, NodeKey: seed("node " + w.name), TimeoutPropose: 100 * time.Millisecond}
}

// start runs a node that is stopped at the end of the test.
func (w *world) start(c Config) *Node {
	w.t.Helper()
	n, err := Start(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			w.t.Error(err)
		}
	})
	return n
}

// tx signs the next transaction.
func (w *world) tx(body ledger.Body) []byte {
	w.sequence++
	tx := ledger.Tx{ChainID: network, DID: w.id, Method: w.method, Sequence: w.sequence, Body: body}
	tx.Signature = ed25519.Sign(w.key, tx.SigningBytes())
	return tx.Marshal()
}

// change is a transaction that changes the state once and for all.
func (w *world) change() []byte {
	return w.tx(ledger.Propose{Action: ledger.Upgrade{Name: "v" + string(rune('a'+w.sequence%26)), Height: 1 << 40}})
}

// anchor is a transaction that puts a batch into the open epoch.
func (w *world) anchor(root [32]byte) []byte {
	return w.tx(ledger.AnchorBatch{Root: root, Size: 3, LastValidity: ledger.Month{Year: 2027, Month: 1}})
}

func (w *world) submit(c Client, tx []byte) Receipt {
	w.t.Helper()
	r, err := c.Submit(w.t.Context(), tx)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := r.Err(); err != nil {
		w.t.Fatal(err)
	}
	return r
}

func status(t testing.TB, c Client) Status {
	t.Helper()
	s, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wait(t testing.TB, c Client, height uint64) Status {
	t.Helper()
	s, err := c.Wait(t.Context(), height)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// disk is a set of databases in memory that outlives the nodes that use it and
// goes dead at a chosen write.
type disk struct {
	mu      sync.Mutex
	dbs     map[string]*dbm.MemDB
	writes  atomic.Int64 // so far
	fail    int64        // the write that fails; 0: none
	persist bool         // it is on disk all the same
	only    string       // count writes of this database only
	dead    bool
}

var errDisk = errors.New("disk failure")

func newDisk() *disk { return &disk{dbs: map[string]*dbm.MemDB{}} }

// arm makes the n-th write from now on the last.
func (d *disk) arm(n int64, persist bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes.Store(0)
	d.fail, d.persist, d.dead = n, persist, false
}

func (d *disk) open(name, _ string) (dbm.DB, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dbs[name] == nil {
		d.dbs[name] = dbm.NewMemDB()
	}
	return &faulty{d.dbs[name], d, name}, nil
}

// write runs one write, or does not.
func (d *disk) write(name string, do func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		return errDisk
	}
	if d.only != "" && d.only != name {
		return do()
	}
	if d.writes.Add(1) != d.fail {
		return do()
	}
	d.dead = true
	if d.persist {
		if err := do(); err != nil {
			return err
		}
	}
	return errDisk
}

type faulty struct {
	dbm.DB
	disk *disk
	name string
}

func (f *faulty) write(do func() error) error { return f.disk.write(f.name, do) }

func (f *faulty) Set(k, v []byte) error { return f.write(func() error { return f.DB.Set(k, v) }) }
func (f *faulty) SetSync(k, v []byte) error {
	return f.write(func() error { return f.DB.SetSync(k, v) })
}
func (f *faulty) Delete(k []byte) error { return f.write(func() error { return f.DB.Delete(k) }) }
func (f *faulty) DeleteSync(k []byte) error {
	return f.write(func() error { return f.DB.DeleteSync(k) })
}
func (f *faulty) Close() error        { return nil }
func (f *faulty) NewBatch() dbm.Batch { return &faultyBatch{f.DB.NewBatch(), f} }

type faultyBatch struct {
	dbm.Batch
	f *faulty
}

func (b *faultyBatch) Write() error     { return b.f.write(b.Batch.Write) }
func (b *faultyBatch) WriteSync() error { return b.f.write(b.Batch.WriteSync) }

// records counts what a node logs at each level.
type records struct{ warn, debug atomic.Int64 }

func (r *records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) Handle(_ context.Context, rec slog.Record) error {
	if rec.Level >= slog.LevelInfo {
		r.warn.Add(1)
	} else {
		r.debug.Add(1)
	}
	return nil
}
func (r *records) WithAttrs([]slog.Attr) slog.Handler { return r }
func (r *records) WithGroup(string) slog.Handler      { return r }

func root(n uint64) [32]byte { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, n)) }
