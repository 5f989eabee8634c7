// Package node runs the ledger: CometBFT around ledger.State in one process,
// with its data in one folder, and the small HTTP interface that the roles of
// the same machine talk to.
//
// What a folder holds:
//
//	data/       databases of the engine and of the application (goleveldb)
//	wal/        the engine's write-ahead log
//	signed/     what this member's consensus key signed last
//	snapshots/  states for nodes that have nothing (snapshot.go)
//	public/     files for anyone to download: network.json and packs
//	address     where the HTTP interface listens, while the node runs
package node

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	abci "github.com/cometbft/cometbft/abci/types"
	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/consensus"
	cmted25519 "github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/mempool"
	cmtnode "github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	sm "github.com/cometbft/cometbft/state"
	cmtstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"

	"bonafide/internal/explain"
	"bonafide/internal/netguard"
	"bonafide/ledger/pack"
)

// Config says how a node runs. Dir, Genesis and Consensus are required.
type Config struct {
	Dir       string       // folder of this node; made if it is missing
	Genesis   []byte       // genesis file, made by NewGenesis
	Consensus ConsensusKey // signs this member's votes; never written to disk
	// FindKey returns the private half of a validator's key if this member has
	// it, else nil. It is asked whenever the validators are others than before
	// and none of them has the key in use, so that a replaced key takes over at
	// its height without a restart. nil: there is only Consensus.
	FindKey func(public [32]byte) (ConsensusKey, error)
	NodeKey [32]byte // Ed25519 seed of the node's identity among peers; all zero: made anew at each start
	// Checkpoint is a block that the chain must have, known from elsewhere: a
	// node that follows a chain from its first block stops where it differs.
	// Height 0: none.
	Checkpoint Checkpoint

	// KeepBlocks is how many of the newest blocks stay, at least MinKeepBlocks;
	// blocks that evidence of a double signature may still be about stay besides.
	// 0: all. What packs need outlives the blocks.
	KeepBlocks uint64
	leastKept  uint64 // for tests: in place of MinKeepBlocks
	// StateSync makes a node that has nothing yet take over a state from its
	// peers, proved by headers that follow from this trust, instead of executing
	// every block from the first one on. nil: it executes them.
	StateSync *pack.Trust
	snapshots time.Duration // for tests: in place of snapshotEvery intervals

	API       string   // host:port of the HTTP interface; default 127.0.0.1:0
	APIRemote bool     // allow an API address that is not loopback
	APIHosts  []string // further Host headers to answer to, host or host:port

	P2P        string   // host:port for peers; default 127.0.0.1:0
	P2PAddress string   // host:port that peers dial; default P2P
	Peers      []string // id@host:port of other members' nodes, which are dialled
	// Allow says which nodes may connect beside Peers, by id. It is asked for
	// each connection; nil: none.
	Allow func(id string) bool

	// TimeoutCommit is the pause after each block, in which late votes may still
	// arrive. Zero, right for a network of one, goes on at once.
	TimeoutCommit time.Duration
	// TimeoutPropose is how long a proposed block is waited for before the next
	// round begins; default 3 s, 1 s in a network of one (which waits for it only
	// after it was stopped in the middle of a block: it may not sign another
	// proposal for the round it was in).
	TimeoutPropose time.Duration
	// PublishDelay is how long changes are gathered before a new delta is
	// published; default 30 s.
	PublishDelay time.Duration

	Log *slog.Logger     // nil: silent
	Now func() time.Time // nil: time.Now; compared with the genesis time only
}

// Checkpoint names a block.
type Checkpoint struct {
	Height uint64
	Hash   [32]byte
}

// mempoolTxs is how many transactions may wait: more than two full blocks of
// ordinary size, so that a block is never short because the pool was.
const mempoolTxs = 50_000

// Node is a running node.
type Node struct {
	cfg    Config
	app    *app
	store  *store
	engine *cmtnode.Node
	signer *signer
	// consensus is the engine's, for looking at.
	consensus *consensus.State
	pool      mempool.Mempool
	server    *http.Server
	address   string

	submitMu sync.Mutex // see submit
	packMu   sync.Mutex // one pack at a time: each takes the memory of the state

	publish      chan publication
	work         sync.WaitGroup
	snapshots    sync.WaitGroup // one that is being written
	snapshotting atomic.Bool
	stopOnce     sync.Once
	stopErr      error
}

// Start runs a node until Stop. It returns when the interface answers; ctx
// bounds the start only. Codes: node_config, node_address_refused,
// node_genesis_malformed, node_genesis_future, node_other_network,
// node_already_running, node_store, node_start.
func Start(ctx context.Context, cfg Config) (*Node, error) {
	return start(ctx, cfg, openDB)
}

func (cfg Config) withDefaults() Config {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.leastKept == 0 {
		cfg.leastKept = MinKeepBlocks
	}
	if cfg.PublishDelay <= 0 {
		cfg.PublishDelay = 30 * time.Second
	}
	return cfg
}

// opener opens one of the databases; tests bring their own.
type opener func(name, dir string) (dbm.DB, error)

func start(ctx context.Context, cfg Config, open opener) (_ *Node, err error) {
	if cfg.Dir == "" || cfg.Consensus == nil {
		return nil, explain.Errorf("node_config", "folder or consensus key missing")
	}
	cfg = cfg.withDefaults()
	if cfg.KeepBlocks != 0 && cfg.KeepBlocks < cfg.leastKept {
		return nil, explain.Errorf("node_config", "fewer than %d blocks would be kept", cfg.leastKept)
	}
	doc, genesis, err := parseGenesis(cfg.Genesis)
	if err != nil {
		return nil, err
	}
	if genesis.Time.After(cfg.Now()) {
		// The engine would sleep until then inside its start.
		return nil, explain.Errorf("node_genesis_future", "genesis time %s", genesis.Time.UTC().Format(time.RFC3339))
	}
	listener, err := listen(cfg.API, cfg.APIRemote)
	if err != nil {
		return nil, err
	}

	n := &Node{cfg: cfg, publish: make(chan publication, 4)}
	var dbs []dbm.DB
	defer func() {
		if err == nil {
			return
		}
		_ = listener.Close()
		for _, db := range dbs {
			_ = db.Close()
		}
	}()
	data := filepath.Join(cfg.Dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, storeError("making the folder of", err)
	}
	// Our own database is opened first: its lock is what keeps a second node
	// out of this folder.
	byName := map[string]dbm.DB{}
	for _, name := range []string{"ledger", "blockstore", "state", "evidence"} {
		db, err := open(name, data)
		if err != nil {
			if locked(err) {
				return nil, explain.Errorf("node_already_running", "%w", err)
			}
			return nil, storeError("opening", err)
		}
		dbs = append(dbs, db)
		if name != "ledger" { // ours: nobody asks it any more when we close it
			db = &closing{DB: db}
		}
		byName[name] = db
	}
	n.store = &store{
		db:     byName["ledger"],
		engine: byName["blockstore"],
		blocks: cmtstore.NewBlockStore(byName["blockstore"]),
		states: sm.NewStore(byName["state"], sm.StoreOptions{DiscardABCIResponses: true}),
	}
	if n.app, err = newApp(n.store); err != nil {
		return nil, err
	}
	n.app.warn = cfg.Log.Warn
	stateSync, err := n.beginStateSync(doc)
	if err != nil {
		return nil, err
	}
	if at := n.app.at; at.height > 0 && at.genesis != sha256.Sum256(doc.AppState) {
		return nil, explain.Errorf("node_other_network", "the folder's data begins with another genesis than that of %s", doc.ChainID)
	}
	if err := n.store.keepLight(n.app.at); err != nil {
		return nil, err
	}
	n.app.retain = retention{cfg.KeepBlocks, doc.ConsensusParams.Evidence}
	n.app.hourly, n.app.checkpoint = n.publishHourly, cfg.Checkpoint
	if n.app.admits, err = admission(cfg); err != nil {
		return nil, err
	}
	signer, err := newSigner(cfg.Consensus, filepath.Join(cfg.Dir, "signed", "last.json"))
	if err != nil {
		return nil, storeError("opening the signing record beside", err)
	}
	n.signer = signer
	if cfg.FindKey != nil {
		signer.find, signer.store = cfg.FindKey, n.store
	}

	failed := func() { n.app.stop(explain.Errorf("node_failed", "the engine stopped; see the log")) }
	n.app.snapshotDir = filepath.Join(cfg.Dir, snapshotFolder)
	if err := tidySnapshots(n.app.snapshotDir); err != nil {
		return nil, storeError("tidying the snapshots of", err)
	}
	var options []cmtnode.Option
	if stateSync {
		options = append(options, withSnapshots(n.app.trusted, func(peer string, err error) {
			cfg.Log.Warn("a peer's snapshot is refused", "peer", peer, "err", err)
		}))
	}
	n.engine, err = newEngine(ctx, cfg, genesis.Params.Interval, doc, signer, n.app, byName, failed, options...)
	if err == nil {
		// The only door that the engine has to it, for a server that we do not run.
		env, envErr := n.engine.ConfigureRPC()
		if envErr == nil {
			n.consensus, _ = env.ConsensusState.(*consensus.State)
		}
		if n.consensus == nil {
			return nil, explain.Errorf("node_start", "the engine has no consensus to look at: %w", envErr)
		}
		n.pool = n.engine.Mempool()
		n.app.mu.Lock()
		n.app.signed = uint64(n.engine.BlockStore().Height())
		n.app.syncing = n.engine.ConsensusReactor().WaitSync
		n.app.snapshot, n.app.every = n.takeSnapshot, cmp.Or(cfg.snapshots, snapshotEvery*genesis.Params.Interval)
		n.app.mu.Unlock()
		err = guarded(n.engine.Start)
	}
	if err != nil {
		// The engine may be half up; what it holds it stops itself, and its
		// databases are closed above.
		if n.engine != nil && n.engine.IsRunning() {
			_ = n.engine.Stop()
		}
		// What the application stopped for says more than what the engine made of it.
		if cause := n.app.err(); cause != nil {
			return nil, cause
		}
		return nil, explain.Errorf("node_start", "starting the engine: %w", err)
	}

	n.address = listener.Addr().String()
	n.server = n.newServer()
	n.work.Add(2)
	go func() {
		defer n.work.Done()
		if err := n.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			cfg.Log.Error("the interface for local programs has failed", "err", err)
		}
	}()
	go func() {
		defer n.work.Done()
		n.publisher()
	}()
	if stateSync {
		n.work.Go(n.watchStateSync)
	}
	if err := writeFile(filepath.Join(cfg.Dir, addressFile), []byte(n.address+"\n")); err != nil {
		cfg.Log.Error("writing the address file", "err", err)
	}
	return n, nil
}

// beginStateSync prepares for taking over a state if that is wanted and the
// engine has none, and reports whether it is so. What the application has then
// is of a state that was taken over without the engine hearing of it, or
// nothing. Codes node_state_sync_unfinished, node_config, trust_expired,
// node_store.
func (n *Node) beginStateSync(doc *types.GenesisDoc) (bool, error) {
	state, err := n.store.states.Load()
	if err != nil {
		return false, storeError("reading", err)
	}
	if state.LastBlockHeight > 0 && n.store.blocks.Height() == 0 {
		// A state was taken over, and no block came since: the engine asks for this
		// height when it starts without blocks.
		if err := n.store.states.SetOfflineStateSyncHeight(state.LastBlockHeight); err != nil {
			return false, storeError("writing", err)
		}
	}
	a := n.app
	switch {
	case state.LastBlockHeight > 0 || n.store.blocks.Height() > 0:
		return false, nil
	case n.cfg.StateSync == nil && a.at.height > 0:
		return false, explain.Errorf("node_state_sync_unfinished", "the state of height %d", a.at.height)
	case n.cfg.StateSync == nil:
		return false, nil
	}
	if err := os.MkdirAll(filepath.Join(n.cfg.Dir, snapshotFolder), 0o700); err != nil {
		return false, storeError("making the folder of", err)
	}
	if a.trusted, err = newTrusted(n.cfg, doc); err != nil {
		return false, err
	}
	a.at = meta{}
	// The engine leaves this out when it takes over a state; until there is one,
	// questions are answered by the first.
	_, err = a.InitChain(context.Background(), &abci.RequestInitChain{ChainId: doc.ChainID, AppStateBytes: doc.AppState})
	return true, err
}

// watchStateSync says now and then that there is still no state.
func (n *Node) watchStateSync() {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for !n.app.trusted.taken.Load() {
		select {
		case <-n.app.stopped:
			return
		case <-tick.C:
			n.cfg.Log.Warn("no snapshot of a state that holds was offered yet; without --state-sync the node executes every block instead")
		}
	}
}

const addressFile = "address"

// ReadAddress returns where the node of a folder listens. Code:
// node_unreachable if none is running there.
func ReadAddress(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, addressFile))
	if err != nil {
		return "", explain.Errorf("node_unreachable", "no node runs in this folder: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// newEngine makes the engine around an application and goes through its
// handshake, which runs blocks that the application has not stored.
func newEngine(ctx context.Context, cfg Config, interval time.Duration, doc *types.GenesisDoc, signer types.PrivValidator,
	application abci.Application, dbs map[string]dbm.DB, failed func(), options ...cmtnode.Option,
) (engine *cmtnode.Node, err error) {
	seed := cfg.NodeKey
	if seed == [32]byte{} {
		seed = [32]byte(cmted25519.GenPrivKey()[:32])
	}
	told := func() bool {
		a, ours := application.(*app)
		return ours && a.err() != nil
	}
	provide := func(c *cmtcfg.DBContext) (dbm.DB, error) {
		db, ok := dbs[c.ID]
		if !ok {
			return nil, fmt.Errorf("engine asks for an unknown database %q", c.ID)
		}
		return db, nil
	}
	err = guarded(func() error {
		c := engineConfig(cfg, interval, len(doc.Validators) == 1 && len(cfg.Peers) == 0 && cfg.P2P == "")
		c.StateSync.Enable = len(options) > 0
		c.StateSync.DiscoveryTime = 5 * time.Second // the engine's least
		c.StateSync.MaxSnapshotChunks = maxSnapshotChunks
		c.StateSync.TempDir = filepath.Join(cfg.Dir, snapshotFolder)
		engine, err = cmtnode.NewNodeWithContext(ctx, c, signer,
			&p2p.NodeKey{PrivKey: cmted25519.PrivKey(ed25519.NewKeyFromSeed(seed[:]))},
			proxy.NewConnSyncLocalClientCreator(application),
			func() (*types.GenesisDoc, error) { return doc, nil },
			provide, cmtnode.DefaultMetricsProvider(&cmtcfg.InstrumentationConfig{}), logger{cfg.Log, failed, told}, options...)
		return err
	})
	return engine, err
}

// guarded turns the engine's panics at start (damaged stores) into errors.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("engine: %v", r)
		}
	}()
	return f()
}

// locked recognises that another process, or this one, has a database open.
func locked(err error) bool {
	if runtime.GOOS == "windows" {
		const sharingViolation = syscall.Errno(32)
		return errors.Is(err, sharingViolation)
	}
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK)
}

// engineConfig sets what differs from the engine's defaults. alone: there is no
// other member to hear from.
func engineConfig(cfg Config, interval time.Duration, alone bool) *cmtcfg.Config {
	c := cmtcfg.DefaultConfig()
	c.SetRoot(cfg.Dir)
	c.Moniker = "bonafide"
	c.RPC.ListenAddress, c.RPC.GRPCListenAddress, c.RPC.PprofListenAddress = "", "", ""
	c.Instrumentation.Prometheus = false
	c.TxIndex.Indexer = "null"
	c.Storage.DiscardABCIResponses = true

	c.P2P.ListenAddress = "tcp://127.0.0.1:0"
	if cfg.P2P != "" {
		c.P2P.ListenAddress = "tcp://" + cfg.P2P
	}
	c.P2P.ExternalAddress = cfg.P2PAddress
	c.P2P.PersistentPeers = strings.Join(cfg.Peers, ",")
	c.P2P.PexReactor = false // members know each other; nobody else is asked
	c.FilterPeers = true     // nor let in: the application says who may (app.Query)
	// Messages are small and their order is what consensus waits for: gathering
	// them for the engine's 100 ms would make a node that fell behind by a few
	// blocks slower at catching up than a network of short intervals is at
	// making them.
	c.P2P.FlushThrottleTimeout = 10 * time.Millisecond
	c.P2P.AddrBookStrict = false
	c.P2P.AllowDuplicateIP = true
	c.P2P.AddrBook = filepath.Join("data", "peers.json")

	c.Mempool.Size = mempoolTxs
	c.Mempool.CacheSize = 2 * mempoolTxs
	c.Mempool.MaxTxBytes = maxTxBytes
	c.Mempool.MaxTxsBytes = 4 * maxBlockBytes
	// Rechecking after each block is cheap here (signatures are remembered) and
	// drops what the block made impossible.
	c.Mempool.Recheck = true

	c.Consensus.WalPath = filepath.Join("wal", "wal")
	// How often a node looks whether a peer lacks something: as above.
	c.Consensus.PeerGossipSleepDuration = 10 * time.Millisecond
	if alone {
		c.Consensus.TimeoutPropose = time.Second
		c.Consensus.TimeoutPrevote, c.Consensus.TimeoutPrecommit = 50*time.Millisecond, 50*time.Millisecond
	}
	if cfg.TimeoutPropose > 0 {
		c.Consensus.TimeoutPropose = cfg.TimeoutPropose
	}
	c.Consensus.TimeoutCommit = cfg.TimeoutCommit
	c.Consensus.SkipTimeoutCommit = cfg.TimeoutCommit == 0
	// A quiet chain makes a block every quarter of an interval, so that its data
	// stays fresh and its epochs close in time.
	c.Consensus.CreateEmptyBlocks = false
	c.Consensus.CreateEmptyBlocksInterval = interval / 4
	return c
}

// listen opens the interface's address. Only loopback is allowed unless the
// configuration says otherwise: whoever reaches it may submit and read.
func listen(address string, remote bool) (net.Listener, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, explain.Errorf("node_config", "address of the interface: %w", err)
	}
	if !remote && !netguard.IsLoopback(host) {
		return nil, explain.Errorf("node_address_refused", "%q is not a loopback address", host)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, explain.Errorf("node_config", "address of the interface: %w", err)
	}
	// What "localhost" stands for is decided by files that others may edit.
	if a, ok := l.Addr().(*net.TCPAddr); !remote && (!ok || !a.IP.IsLoopback()) {
		_ = l.Close()
		return nil, explain.Errorf("node_address_refused", "%q does not stand for a loopback address", host)
	}
	return l, nil
}

// Address is where the HTTP interface listens, host:port.
func (n *Node) Address() string { return n.address }

// Peer is this node's address for other members' Config.Peers, id@host:port,
// if Config.P2P names a port.
func (n *Node) Peer() string {
	address := n.cfg.P2PAddress
	if address == "" {
		address = n.cfg.P2P
	}
	return string(n.engine.NodeInfo().ID()) + "@" + address
}

// Done is closed when the node has stopped or failed; Err says which.
func (n *Node) Done() <-chan struct{} { return n.app.stopped }

// Err is nil while the node runs, then the coded reason why it does not.
func (n *Node) Err() error { return n.app.err() }

// Stop ends the node and waits until everything is closed. What was accepted
// into a block is kept; what still waited must be submitted again.
func (n *Node) Stop() error {
	n.stopOnce.Do(func() {
		n.app.stop(explain.Errorf("node_stopped", "the node was stopped"))
		// Waiting requests have been told; give answers under way a moment.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if n.server.Shutdown(ctx) != nil {
			_ = n.server.Close()
		}
		n.work.Wait()
		// Requests that could not be ended are past their reading once these locks
		// are had, and find the node stopped at the next.
		n.submitMu.Lock()
		defer n.submitMu.Unlock()
		n.app.mu.Lock()
		n.app.jobs = nil
		n.app.mu.Unlock()
		err := n.engine.Stop()
		n.engine.Wait()
		n.snapshots.Wait()
		err = errors.Join(err, n.store.db.Close())
		if rmErr := os.Remove(filepath.Join(n.cfg.Dir, addressFile)); rmErr != nil && !errors.Is(rmErr, os.ErrNotExist) {
			err = errors.Join(err, rmErr)
		}
		if err != nil {
			n.stopErr = explain.Errorf("node_store", "stopping: %w", err)
		}
	})
	return n.stopErr
}

// writeFile puts a whole file in place of an older one, durably: readers see
// the one or the other.
func writeFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already if all went well
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
