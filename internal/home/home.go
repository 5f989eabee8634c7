// Package home is one installation of Bonafide: a folder with its settings,
// its people and their access, its keys, the network data it verified, and a
// database for each role it plays. Open is the one place that puts these
// together; nothing else opens them.
//
// What stands in the folder:
//
//	home.json           settings, in clear (settings.go)
//	people.json         who may unlock the home, and how (people.go)
//	backup.json         when the home was last backed up (backup.go)
//	lock                empty; held while one of the files here is replaced
//	keys/keys.db        private keys, wrapped, and the list of people, sealed
//	network/current     trust and data pack, as one unit (network.go)
//	network/clock.json  the clock floor (clock.go)
//	network/issuers.json  issuers that the hospital lists itself (trust.go)
//	<role>/<role>.db    what a role knows, practitioner data sealed
//	node/               the ledger node's own files
//
// One random master key protects all of it. Verifying needs none: settings,
// network data and the public half of the history key are in clear.
package home

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
	"bonafide/storage"
)

// Set by the linker (Makefile).
var (
	buildTime string // seconds since 1970
	version   = "dev"
)

// Version is the version of this build.
func Version() string { return version }

// BuildTime is when this build was made; the zero time where it is not known.
func BuildTime() time.Time {
	s, err := strconv.ParseInt(buildTime, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

// Options are what a home takes from outside. Only Now is required.
type Options struct {
	Now func() time.Time // the device's clock
	// Passphrase asks for a passphrase; with confirm it is a new one and asked
	// for twice. The bytes are overwritten after use. Without it nothing that
	// needs the master key works (passphrase_needed).
	Passphrase func(prompt string, confirm bool) ([]byte, error)
	As         string    // who acts; may be empty where the home has one person
	Rand       io.Reader // for the master key, ids and salts; nil: the operating system
	Build      time.Time // floor of the clock; zero: BuildTime()
	Cost       Cost      // of a new passphrase slot; zero: DefaultCost

	keyring keyringService // nil: the system's
	fetch   fetchFunc      // of what lies outside the network; nil: fetchOutside
}

func (o Options) filled() (Options, error) {
	if o.Now == nil {
		return o, errors.New("home: needs a clock")
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Build.IsZero() {
		o.Build = BuildTime()
	}
	if o.Cost == (Cost{}) {
		o.Cost = DefaultCost
	}
	if o.keyring == nil {
		o.keyring = systemKeyring{}
	}
	if o.fetch == nil {
		o.fetch = fetchOutside
	}
	return o, o.Cost.check()
}

// lockWait bounds the wait for another process that replaces a file here.
const lockWait = 10 * time.Second

// Home is an open home. It is safe for concurrent use.
type Home struct {
	dir     string
	o       Options
	clock   *Clock
	history []byte // public half of the history key

	dataMu sync.Mutex
	data   *pack.Data  // verified data, once read (ledger.go)
	dataAt os.FileInfo // the file it was read from; nil: to be looked at

	mu       sync.Mutex
	running  *node.Node // this home's own node, while StartNode's runs
	settings settings
	master   []byte // nil while locked
	person   string // who unlocked it
	dbs      map[string]*storage.DB
	keys     map[string]*keys.Keys
	tables   map[string]*storage.KeyTable
	sealed   []closer // what holds keys derived from the master key
}

// DefaultDir is where a home is looked for: BONAFIDE_HOME, else a folder in
// the user's data folder.
func DefaultDir() (string, error) {
	if dir := os.Getenv("BONAFIDE_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	switch runtime.GOOS {
	case "windows":
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "Bonafide"), nil
		}
		return "", errors.New("the user's data folder is not known: %LocalAppData% is not set")
	case "darwin", "ios":
		dir, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding the user's data folder: %w", err)
		}
		return filepath.Join(dir, "Library", "Application Support", "Bonafide"), nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) { // a relative one is to be ignored
		return filepath.Join(dir, "bonafide"), nil
	}
	dir, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's data folder: %w", err)
	}
	return filepath.Join(dir, ".local", "share", "bonafide"), nil
}

// Exists reports whether there is a home at dir.
func Exists(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, settingsFile))
	return err == nil
}

// Create makes a home at dir, which must not exist or be empty, with one
// person (o.As, or "owner") whose new passphrase is asked for. Demo marks it
// as made by the demonstration. The home is made under another name and
// renamed, so there is a whole one or none. It comes back unlocked.
// Codes: home_exists, passphrase_needed, passphrase_short, name_malformed.
func Create(dir string, o Options, demo bool) (*Home, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	if o.As == "" {
		o.As = "owner"
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("creating a home: %w", err)
	}
	if err := vacant(dir); err != nil {
		return nil, err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("creating a home: %w", err)
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".new-*") // 0700
	if err != nil {
		return nil, fmt.Errorf("creating a home: %w", err)
	}
	if err := fill(temp, o, demo); err != nil {
		return nil, errors.Join(err, os.RemoveAll(temp))
	}
	// Renaming a folder over an empty one works on Unix only.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("creating a home: %w", err), os.RemoveAll(temp))
	}
	if err := os.Rename(temp, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("creating a home: %w", err), os.RemoveAll(temp))
	}
	if err := storage.SyncDir(parent); err != nil {
		return nil, fmt.Errorf("creating a home: %w", err)
	}
	return Open(dir, o)
}

// vacant reports whether a home may be made at dir.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("creating a home: %w", err)
	case len(entries) > 0:
		return explain.Errorf("home_exists", "the folder is not empty")
	}
	return nil
}

// fill writes everything of a new home into dir.
func fill(dir string, o Options, demo bool) error {
	id := make([]byte, 16)
	master := make([]byte, storage.KeySize)
	defer clear(master)
	for _, b := range [][]byte{id, master} {
		if _, err := io.ReadFull(o.Rand, b); err != nil {
			return fmt.Errorf("creating a home: %w", err)
		}
	}
	for _, sub := range []string{keysFolder, networkFolder} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return fmt.Errorf("creating a home: %w", err)
		}
	}
	h := &Home{
		dir: dir, o: o, master: master,
		settings: settings{Format: 1, ID: hex.EncodeToString(id), Demo: demo, Created: o.Now().UTC().Truncate(time.Second)},
	}
	h.empty()
	db, err := storage.Open(h.databasePath(storage.Keys.Name), storage.Keys)
	if err != nil {
		return err
	}
	h.dbs[storage.Keys.Name] = db
	h.settings.add(storage.Keys.Name)
	err = h.createPeople()
	if err = errors.Join(err, h.shut()); err != nil {
		return err
	}
	if err := newClock(h).create(); err != nil {
		return err
	}
	// The settings come last: they are what makes the folder a home.
	return h.settings.write(dir)
}

// Open opens the home at dir without its master key. Codes: home_missing,
// data_damaged, data_newer, person_unknown.
func Open(dir string, o Options) (*Home, error) {
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening a home: %w", err)
	}
	s, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	p, err := readPeople(dir, s.ID)
	if err != nil {
		return nil, err
	}
	if o.As != "" && p.find(o.As) < 0 {
		return nil, explain.Errorf("person_unknown", "opening a home: nobody of that name")
	}
	// What a broken-off backup or restore left is tidied away. That it cannot be
	// is no reason not to open; `home check` tells.
	_ = sweep(dir)
	h := &Home{dir: dir, o: o, settings: s, history: p.History.Public}
	h.empty()
	h.clock = newClock(h)
	return h, nil
}

// Close closes what is open and overwrites the master key and the keys
// derived from it.
func (h *Home) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.shut()
}

func (h *Home) shut() error {
	var errs []error
	h.lock()
	for _, db := range h.dbs {
		errs = append(errs, db.Close())
	}
	h.empty()
	return errors.Join(errs...)
}

// empty is the state in which nothing is open.
func (h *Home) empty() {
	h.dbs, h.keys, h.tables = map[string]*storage.DB{}, map[string]*keys.Keys{}, map[string]*storage.KeyTable{}
}

// PublicDir is where the home's node publishes what others may download.
func (h *Home) PublicDir() string { return filepath.Join(h.nodeDir(), "public") }

// Actor is the name of the person who unlocked the home; "" while it is locked.
func (h *Home) Actor() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.person
}

// WriteFile writes a file that a person asked for: whole or not at all,
// readable by its owner alone.
func WriteFile(name string, b []byte) error { return storage.WriteFile(name, b) }

func (h *Home) nodeDir() string { return filepath.Join(h.dir, nodeFolder) }

// maxNodeFile bounds the genesis file, in bytes.
const maxNodeFile = 16 << 20

func (h *Home) readNodeFile(name string) ([]byte, error) {
	return readBounded(filepath.Join(h.nodeDir(), name), maxNodeFile)
}

// writeNodeFile writes a file of the node's folder; one that is there stays.
func (h *Home) writeNodeFile(name string, b []byte) error {
	if err := os.MkdirAll(h.nodeDir(), 0o700); err != nil {
		return fmt.Errorf("making the node's folder: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(h.nodeDir(), name)); err == nil {
		return explain.Errorf("network_exists", "this home has a network already")
	}
	return storage.WriteFile(filepath.Join(h.nodeDir(), name), b)
}

// Dir is the home's folder.
func (h *Home) Dir() string { return h.dir }

// Now is the device's time.
func (h *Home) Now() time.Time { return h.o.Now() }

// Clock is the home's clock and its floor.
func (h *Home) Clock() *Clock { return h.clock }

// HistoryKey is the public key to which the verifier's history is sealed
// (storage.SealTo).
func (h *Home) HistoryKey() []byte { return append([]byte(nil), h.history...) }

// Exclusive runs f while no other process runs one under the same name in
// this home: for work of many transactions that must not be done twice at
// once, as issuing a batch. Single writes need it not: SQLite has its own
// locks, and so has the ledger node. Code data_busy after ten seconds.
func (h *Home) Exclusive(ctx context.Context, name string, f func() error) error {
	if !validWord(name) {
		return fmt.Errorf("home: %q cannot name a lock", name)
	}
	return h.locked(ctx, name+".lock", f)
}

// locked runs f under a lock file of the home. The file "lock" guards
// home.json, people.json and network/: each is read, changed and replaced
// under it, so that no change is lost.
func (h *Home) locked(ctx context.Context, name string, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	unlock, err := storage.Lock(ctx, filepath.Join(h.dir, name))
	if err != nil {
		return err
	}
	defer unlock()
	return f()
}

// database opens the database of a schema, once. One that home.json names
// must be there; another one is created and named there.
func (h *Home) database(s storage.Schema) (*storage.DB, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.openDatabase(s)
}

func (h *Home) openDatabase(s storage.Schema) (*storage.DB, error) {
	if db, ok := h.dbs[s.Name]; ok {
		return db, nil
	}
	path := h.databasePath(s.Name)
	known := h.settings.has(s.Name)
	if !known {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("creating %s data: %w", s.Name, err)
		}
	}
	open := storage.OpenExisting
	if !known {
		open = storage.Open
	}
	db, err := open(path, s)
	if err != nil {
		return nil, err
	}
	if !known {
		err := h.change(context.Background(), func(c *settings) { c.add(s.Name) })
		if err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	h.dbs[s.Name] = db
	return db, nil
}

func (h *Home) databasePath(name string) string {
	return filepath.Join(h.dir, name, name+".db")
}

// withMaster lends the master key; it unlocks the home.
func (h *Home) withMaster(f func(master []byte) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return err
	}
	return f(h.master)
}

// Sealer returns the sealer of a database for a purpose; it unlocks the home
// and lives until Lock or Close.
func (h *Home) Sealer(database, purpose string) (*storage.Sealer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return nil, err
	}
	s, err := storage.NewSealer(h.master, database, purpose)
	if err != nil {
		return nil, err
	}
	h.sealing(s)
	return s, nil
}

// Keys returns the key store of one use (keys.Issuing, …); it unlocks the
// home and lives until Lock or Close.
func (h *Home) Keys(use string) (*keys.Keys, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return nil, err
	}
	return h.openKeys(use)
}

// openKeys needs the home unlocked.
func (h *Home) openKeys(use string) (*keys.Keys, error) {
	if k, ok := h.keys[use]; ok {
		return k, nil
	}
	t, err := h.table(use)
	if err != nil {
		return nil, err
	}
	k, err := keys.Open(t, h.master, use)
	if err != nil {
		return nil, err
	}
	h.keys[use] = k
	return k, nil
}

// table opens one store of keys.db; it needs the home unlocked.
func (h *Home) table(store string) (*storage.KeyTable, error) {
	if t, ok := h.tables[store]; ok {
		return t, nil
	}
	db, err := h.openDatabase(storage.Keys)
	if err != nil {
		return nil, err
	}
	t, err := storage.NewKeyTable(db, h.master, store)
	if err != nil {
		return nil, err
	}
	h.tables[store] = t
	return t, nil
}

// HistoryOpener opens what was sealed to HistoryKey in a database; it unlocks
// the home.
func (h *Home) HistoryOpener(database string) (*storage.PrivateOpener, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return nil, err
	}
	p, err := readPeople(h.dir, h.settings.ID)
	if err != nil {
		return nil, err
	}
	private, err := p.History.open(h.master)
	if err != nil {
		return nil, err
	}
	defer clear(private)
	return storage.OpenWith(private, database)
}

// NodeSeed is the Ed25519 seed of the node's identity among its peers. It
// votes nothing and signs no transaction; it unlocks the home.
func (h *Home) NodeSeed() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return nil, err
	}
	seed, err := hkdf.Key(sha256.New, h.master, nil, "bonafide-node-identity-1", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the node's identity: %w", err)
	}
	return seed, nil
}
