package home

// `home backup`: everything of a home in one encrypted, authenticated file.
// The file is an age file (age-encryption.org/v1) under a passphrase of its
// own, around the archive of archive.go. Databases go in as copies that hold
// together while other processes write; they are made in a folder of the
// home's own, mode 0700, which goes away with the backup, or with the next
// start after a crash. What stands sealed in the home stands sealed in them.

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"filippo.io/age"

	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/internal/strictjson"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
	"bonafide/storage"
)

const (
	backupFile = "backup.json" // when the last backup was made
	workFolder = ".backup"     // copies for the backup that is being made
	backupLock = "backup.lock" // held by who makes one
)

// backupWork is how much work one try at a backup's passphrase takes: scrypt
// with N = 2^18, which is age's own choice (about a second, 256 MiB).
const backupWork = 18

// maxBackupWork bounds what a file can make this program do: 1 GiB.
const maxBackupWork = 20

// BackupOptions say how a backup is made.
type BackupOptions struct {
	// Passphrase asks for the backup's own passphrase; with confirm it is a new
	// one and asked for twice. It may be nobody's passphrase of this home.
	Passphrase func(prompt string, confirm bool) ([]byte, error)
	// WithoutChain leaves out the node with its chain and its consensus key, so
	// that it can go on running.
	WithoutChain bool
	// Progress is called as work is done, in bytes. It may be nil.
	Progress func(done, total int64)

	work int // scrypt's log N; 0: backupWork
}

// Chain is where a home's node stood.
type Chain struct {
	Network string `json:"network"`
	Members int    `json:"members"` // of the network, as far as the home knows
	Height  uint64 `json:"height"`  // last one that its validator signed for
	Kept    bool   `json:"kept"`    // chain and consensus key are in the backup
}

// Held counts credentials of a wallet that are alike.
type Held struct {
	Types  []string `json:"types"`
	Issuer string   `json:"issuer"`
	Bound  bool     `json:"bound"` // to the wallet's key; else a register copy
	Count  int      `json:"count"`
	// ClaimAnew says that the key they are bound to is not there, so they prove
	// nothing until they are claimed anew.
	ClaimAnew bool `json:"claim_anew"`
}

// BackedUp is what a backup was made of.
type BackedUp struct {
	File        string    `json:"file"`
	Bytes       int64     `json:"bytes"`
	Home        string    `json:"home"`
	Created     time.Time `json:"created"`
	Roles       []string  `json:"roles"`
	Files       int       `json:"files"`
	Chain       *Chain    `json:"chain"`       // null: the home runs no node
	Credentials []Held    `json:"credentials"` // of the wallet
	// Notes are codes of the catalogue: chain_left_out, validator_left_out,
	// wallet_moved.
	Notes []string `json:"notes"`
}

// Backup writes the home to file: whole or not at all, in place of an older
// backup there. It unlocks the home. Codes: backup_inside, backup_target,
// passphrase_short, node_running, data_busy, disk_full.
func (h *Home) Backup(ctx context.Context, file string, o BackupOptions) (BackedUp, error) {
	file, err := h.backupTarget(file)
	if err != nil {
		return BackedUp{}, err
	}
	if err := h.Unlock(); err != nil {
		return BackedUp{}, err
	}
	var out BackedUp
	err = h.locked(ctx, backupLock, func() error {
		to, err := o.recipient()
		if err != nil {
			return err
		}
		out, err = h.backup(ctx, file, to, o)
		return err
	})
	return out, err
}

// backupTarget is the absolute path of a backup that may be written.
func (h *Home) backupTarget(file string) (string, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return "", fmt.Errorf("backing up: %w", err)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err != nil {
		return "", fmt.Errorf("backing up: %w", err)
	}
	own, err := filepath.EvalSymlinks(h.dir)
	if err != nil {
		return "", fmt.Errorf("backing up: %w", err)
	}
	if rel, err := filepath.Rel(own, folder); err == nil && filepath.IsLocal(rel) {
		return "", explain.Errorf("backup_inside", "the backup would lie in the home itself")
	}
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return file, nil
	}
	if err != nil {
		return "", fmt.Errorf("backing up: %w", err)
	}
	// What is overwritten by mistake is gone: only a backup makes room for one.
	if !info.Mode().IsRegular() {
		return "", explain.Errorf("backup_target", "what is there is no ordinary file")
	}
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("backing up: %w", err)
	}
	defer f.Close()
	if !isAge(f) {
		return "", explain.Errorf("backup_target", "what is there is no backup")
	}
	return file, nil
}

const ageIntro = "age-encryption.org/v1\n"

// isAge reports whether a file begins as an age file.
func isAge(r io.Reader) bool {
	head := make([]byte, len(ageIntro))
	_, err := io.ReadFull(r, head)
	return err == nil && string(head) == ageIntro
}

func (o BackupOptions) recipient() (age.Recipient, error) {
	pass, err := askFor(o.Passphrase, "New passphrase for the backup", true)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	if utf8.RuneCount(pass) < minPassphrase {
		return nil, explain.Errorf("passphrase_short", "a passphrase has at least %d characters", minPassphrase)
	}
	to, err := age.NewScryptRecipient(string(pass))
	if err != nil {
		return nil, fmt.Errorf("backing up: %w", err)
	}
	work := o.work
	if work == 0 {
		work = backupWork
	}
	to.SetWorkFactor(work)
	return to, nil
}

// backup makes the copies and writes the file; the home is unlocked and the
// backup lock held.
func (h *Home) backup(ctx context.Context, file string, to age.Recipient, o BackupOptions) (_ BackedUp, err error) {
	work := filepath.Join(h.dir, workFolder)
	if err := os.RemoveAll(work); err != nil { // of a backup that was broken off
		return BackedUp{}, fmt.Errorf("backing up: %w", err)
	}
	if err := storage.RemoveUnfinished(file); err != nil {
		return BackedUp{}, err
	}
	if err := os.Mkdir(work, 0o700); err != nil {
		return BackedUp{}, fmt.Errorf("backing up: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	atStep("work")

	m := manifest{Format: 1, Created: h.Now().UTC().Truncate(time.Second), Version: Version(), Acts: map[string]int64{}, Notes: []string{}}
	out := BackedUp{File: file, Credentials: []Held{}}
	if m.Chain, err = h.chain(); err != nil {
		return BackedUp{}, err
	}
	if c := m.Chain; c != nil {
		switch {
		case c.Members > 1:
			m.Notes = append(m.Notes, "validator_left_out")
		case o.WithoutChain:
			m.Notes = append(m.Notes, "chain_left_out")
		default:
			c.Kept = true
			release, err := h.nodeStopped()
			if err != nil {
				return BackedUp{}, err
			}
			defer release()
		}
	}
	if err := h.copyHome(ctx, work, &m); err != nil {
		return BackedUp{}, err
	}
	if out.Credentials, err = h.held(ctx); err != nil {
		return BackedUp{}, err
	}
	if len(out.Credentials) > 0 {
		m.Notes = append(m.Notes, "wallet_moved")
	}
	sources, err := h.listSources(work, m.Chain)
	if err != nil {
		return BackedUp{}, err
	}
	meter, err := newMeter(sources, o.Progress)
	if err != nil {
		return BackedUp{}, err
	}
	for _, path := range slices.Sorted(maps.Keys(sources)) {
		e, err := describe(ctx, path, sources[path], meter.add)
		if err != nil {
			return BackedUp{}, err
		}
		m.Entries = append(m.Entries, e)
	}
	atStep("described")
	open := func(e entry) (io.ReadCloser, error) { return os.Open(sources[e.Path]) }
	err = storage.Replace(file, func(w io.Writer) error {
		counted := &counter{w: w}
		sealed, err := age.Encrypt(counted, to)
		if err != nil {
			return fmt.Errorf("encrypting: %w", err)
		}
		err = h.withMaster(func(master []byte) error {
			return writeArchive(ctx, sealed, m, master, open, meter.add)
		})
		if err != nil {
			return err
		}
		err = sealed.Close() // writes the last piece
		out.Bytes = counted.n
		atStep("sealed")
		return err
	})
	if err != nil {
		return BackedUp{}, noRoom(err)
	}
	atStep("replaced")
	out.Home, out.Created, out.Roles, out.Files, out.Chain, out.Notes = m.Home, m.Created, m.Roles, len(m.Entries), m.Chain, m.Notes
	last := lastBackup{Format: 1, At: m.Created, Acts: m.Acts}
	if before, err := readLastBackup(h.dir); err == nil && before != nil {
		last.Restored = before.Restored
	}
	return out, last.write(h.dir)
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// meter tells how far a piece of work is: every byte is read once to describe
// it and once to write it.
type meter struct {
	done, total int64
	tell        func(done, total int64)
}

func newMeter(sources map[string]string, tell func(int64, int64)) (*meter, error) {
	m := &meter{tell: tell}
	for _, path := range sources {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("backing up: %w", err)
		}
		m.total += 2 * info.Size()
	}
	return m, nil
}

func (m *meter) add(n int64) {
	if m.done += n; m.tell != nil {
		m.tell(m.done, m.total)
	}
}

// describe is the manifest's line for a file.
func describe(ctx context.Context, path, source string, progress func(int64)) (entry, error) {
	f, err := os.Open(source)
	if err != nil {
		return entry{}, fmt.Errorf("backing up: %w", err)
	}
	defer f.Close()
	sum, n, err := copyHashed(ctx, io.Discard, f, progress)
	if err != nil {
		return entry{}, fmt.Errorf("backing up %s: %w", path, err)
	}
	return entry{path, n, sum}, nil
}

// copyHome puts copies of everything but the node's folder into work, and
// notes in m what they are of.
//
// The order matters. A role's database names keys that keys.db has had for
// longer, so keys.db comes after the roles; and home.json names the databases,
// so it comes last, under the lock of those who replace it, with every
// database that was made meanwhile.
func (h *Home) copyHome(ctx context.Context, work string, m *manifest) error {
	if err := h.copyDatabases(ctx, work, m); err != nil {
		return err
	}
	return h.locked(ctx, lockFile, func() error {
		if err := h.copyDatabases(ctx, work, m); err != nil {
			return err
		}
		if err := h.copyDatabase(ctx, work, storage.Keys, m); err != nil {
			return err
		}
		if err := h.withoutConsensus(ctx, work, m.Chain); err != nil {
			return err
		}
		s, err := readSettings(h.dir)
		if err != nil {
			return err
		}
		m.Home, m.Demo = s.ID, s.Demo
		m.Roles = slices.DeleteFunc(slices.Clone(s.Databases), func(n string) bool { return n == storage.Keys.Name })
		return h.copyFiles(ctx, work)
	})
}

// copyDatabases copies the roles' databases that are not there yet.
func (h *Home) copyDatabases(ctx context.Context, work string, m *manifest) error {
	s, err := readSettings(h.dir)
	if err != nil {
		return err
	}
	for _, name := range s.Databases {
		if name == storage.Keys.Name {
			continue
		}
		schema, err := schemaOf(name)
		if err != nil {
			return err
		}
		if err := h.copyDatabase(ctx, work, schema, m); err != nil {
			return err
		}
	}
	return nil
}

// schemaOf is the schema of a database that home.json names. Code data_newer.
func schemaOf(name string) (storage.Schema, error) {
	all := storage.Schemas()
	i := slices.IndexFunc(all, func(s storage.Schema) bool { return s.Name == name })
	if i < 0 {
		return storage.Schema{}, explain.Errorf("data_newer", "a database of an unknown kind")
	}
	return all[i], nil
}

func (h *Home) copyDatabase(ctx context.Context, work string, s storage.Schema, m *manifest) error {
	dst := filepath.Join(work, s.Name, s.Name+".db")
	if _, err := os.Lstat(dst); err == nil {
		return nil
	}
	// The settings in hand may be older than another process's.
	h.mu.Lock()
	h.settings.add(s.Name)
	db, err := h.openDatabase(s)
	h.mu.Unlock()
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Dir(dst), 0o700); err != nil {
		return fmt.Errorf("backing up: %w", err)
	}
	if err := db.Backup(ctx, dst); err != nil {
		return err
	}
	atStep("copied " + s.Name)
	// The count must be the copy's own: the database goes on.
	return withDatabase(dst, s, func(db *storage.DB) error {
		m.Acts[s.Name], err = db.Acts(ctx)
		return err
	})
}

// withDatabase opens a database for f alone.
func withDatabase(path string, s storage.Schema, f func(*storage.DB) error) error {
	db, err := storage.OpenExisting(path, s)
	if err != nil {
		return err
	}
	return errors.Join(f(db), db.Close())
}

// withoutConsensus takes the consensus key out of the copy of keys.db unless
// the chain goes with it: a validator that comes back must know everything it
// signed, or it may sign a height twice.
func (h *Home) withoutConsensus(ctx context.Context, work string, c *Chain) error {
	if c != nil && c.Kept {
		return nil
	}
	path := filepath.Join(work, storage.Keys.Name, storage.Keys.Name+".db")
	return withDatabase(path, storage.Keys, func(db *storage.DB) error {
		_, err := db.DropKeys(ctx, keys.Consensus)
		return err
	})
}

// copyFiles copies the plain files of a home.
func (h *Home) copyFiles(ctx context.Context, work string) error {
	return filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(h.dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == nodeFolder || rel == workFolder {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || !belongs(rel) || strings.HasSuffix(rel, ".db") {
			return nil
		}
		dst := filepath.Join(work, filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(dst), 0o700); err != nil {
			return fmt.Errorf("backing up: %w", err)
		}
		if err := copyFile(ctx, dst, path); err != nil {
			return fmt.Errorf("backing up %s: %w", rel, err)
		}
		atStep("copied " + rel)
		return nil
	})
}

func copyFile(ctx context.Context, dst, src string) (err error) {
	from, err := os.Open(src)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	_, _, err = copyHashed(ctx, to, from, nil)
	return err
}

// listSources finds the file behind every entry: the copies, and what goes in
// of the node's folder, which nobody writes meanwhile.
func (h *Home) listSources(work string, c *Chain) (map[string]string, error) {
	out := map[string]string{}
	add := func(root, prefix string) error {
		return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			if name := prefix + filepath.ToSlash(rel); d.Type().IsRegular() && belongs(name) {
				out[name] = path
			}
			return nil
		})
	}
	err := add(work, "")
	switch {
	case err != nil || c == nil:
	case c.Kept:
		err = add(h.nodeDir(), nodeFolder+"/")
	case c.Members > 1:
		for _, name := range ownNodeFiles {
			path := filepath.Join(h.nodeDir(), name)
			if _, err := os.Lstat(path); err == nil {
				out[nodeFolder+"/"+name] = path
			}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("backing up: %w", err)
	}
	return out, nil
}

// chain tells where the home's node stands; nil if the home has none.
func (h *Home) chain() (*Chain, error) {
	b, err := h.readNodeFile(genesisFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the genesis: %w", err)
	}
	g, err := node.Genesis(b)
	if err != nil {
		return nil, err
	}
	c := &Chain{Network: g.ChainID, Members: len(g.Members)}
	if c.Height, err = signedHeight(h.nodeDir()); err != nil {
		return nil, err
	}
	// The newest of what the home verified counts; a network that the home never
	// looked at since has at least those that its node published.
	if d, err := h.Data(); err == nil && d.ChainID == c.Network {
		c.Members = max(d.Validators, len(d.View.Members(d.Height)))
	} else if code := explain.CodeOf(err); err != nil && code != "no_trust" && code != "no_data" {
		return nil, err
	}
	for _, name := range []string{"pack.bonafide", "delta.bonafide"} {
		p, err := readPublished(filepath.Join(h.PublicDir(), name))
		if err == nil && p.network == c.Network {
			c.Members = max(c.Members, p.validators)
		}
	}
	return c, nil
}

// signedHeight reads the last height that a node's validator signed for; 0 if
// it never did. The file is the ledger engine's.
func signedHeight(nodeDir string) (uint64, error) {
	b, err := readBounded(filepath.Join(nodeDir, "signed", "last.json"), 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading what was signed last: %w", err)
	}
	o, err := strictjson.Object(b, jsonLimits)
	if err != nil {
		return 0, explain.Errorf("data_damaged", "the record of what was signed last is malformed")
	}
	text, _ := o["height"].(string)
	n, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0, explain.Errorf("data_damaged", "the record of what was signed last has no height")
	}
	return n, nil
}

// nodeStopped keeps the home's node from running until release, by the lock
// that its first database has. Code node_running.
func (h *Home) nodeStopped() (release func(), err error) {
	folder := filepath.Join(h.nodeDir(), "data", "ledger.db")
	if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil // it never ran
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // one try
	release, err = storage.Lock(ctx, filepath.Join(folder, "LOCK"))
	if err != nil {
		// Not wrapped: the try ended by its context, but nobody cancelled anything.
		return nil, explain.Errorf("node_running", "the node's data is in use: %v", err)
	}
	return release, nil
}

// published is what a pack or a network file says of a network; nothing of it
// is verified.
type published struct {
	network    string
	header     uint64 // the newest
	validators int    // 0: not said
}

func readPublished(path string) (published, error) {
	b, err := readBounded(path, maxPack)
	if err != nil {
		return published{}, err
	}
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) {
		n, err := pack.ParseNetwork(b)
		if err != nil {
			return published{}, err
		}
		return published{network: n.ChainID, header: n.Height}, nil
	}
	i, err := pack.Inspect(bytes.NewReader(b))
	if err != nil {
		return published{}, err
	}
	return published{i.ChainID, i.Height + 1, i.Validators}, nil
}

// notBehind reports whether the home's own validator signed for less than
// what the home has verified, in a network that has no other: going on from
// there would tell another story about heights that others have seen. Code
// restore_behind.
func (h *Home) notBehind() error {
	d, err := h.Data()
	if err != nil {
		if code := explain.CodeOf(err); code == "no_trust" || code == "no_data" {
			return nil
		}
		return err
	}
	members := d.View.Members(d.Height)
	if d.Validators != 1 || len(members) != 1 {
		return nil // the others know
	}
	if mine, err := h.findConsensusKey(members[0].Consensus); err != nil || mine == nil {
		return err
	}
	signed, err := signedHeight(h.nodeDir())
	if err != nil {
		return err
	}
	if d.Height+1 > signed {
		return explain.Errorf("restore_behind", "the network was at %d, the node signed up to %d", d.Height+1, signed)
	}
	return nil
}

// held counts the wallet's credentials by type and issuer; the home is
// unlocked. A home without a wallet has none.
func (h *Home) held(ctx context.Context) ([]Held, error) {
	out := []Held{}
	if !h.has(storage.Wallet.Name) {
		return out, nil
	}
	store, err := h.walletStore()
	if err != nil {
		return nil, err
	}
	defer store.Close()
	list, err := store.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	usable, err := h.holderKeys(ctx, store)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if !c.Discarded.IsZero() {
			continue
		}
		x := Held{Types: c.Types, Issuer: string(c.Issuer), Bound: c.Bound(), Count: 1}
		x.ClaimAnew = x.Bound && !usable[cmp.Or(string(c.Holder), c.BindingKey)]
		same := func(y Held) bool {
			return slices.Equal(x.Types, y.Types) && x.Issuer == y.Issuer && x.Bound == y.Bound && x.ClaimAnew == y.ClaimAnew
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].Count++
		} else {
			out = append(out, x)
		}
	}
	return out, nil
}

func (h *Home) walletStore() (store *storage.WalletStore, err error) {
	db, err := h.database(storage.Wallet)
	if err != nil {
		return nil, err
	}
	err = h.withMaster(func(master []byte) error {
		store, err = storage.NewWalletStore(db, master)
		return err
	})
	return store, err
}

// holderKeys are the wallet's public keys, as credentials name them, whose
// private halves are in this home.
func (h *Home) holderKeys(ctx context.Context, store *storage.WalletStore) (map[string]bool, error) {
	ids := map[string]string{}
	who, ok, err := store.Holder(ctx)
	if err != nil {
		return nil, err
	}
	if ok {
		ids[string(who.DID)] = who.KeyID
	}
	binding, ok, err := store.BindingKey(ctx)
	if err != nil {
		return nil, err
	}
	if ok {
		ids[binding.Public] = binding.KeyID
	}
	ks, err := h.Keys(keys.Holder)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for name, id := range ids {
		_, err := ks.Signer(id)
		if err != nil && explain.CodeOf(err) != "key_missing" {
			return nil, err
		}
		out[name] = err == nil
	}
	return out, nil
}

// lastBackup is backup.json: when the home was last backed up, or brought
// back, and how many acts it had then.
type lastBackup struct {
	Format   int              `json:"format"` // 1
	At       time.Time        `json:"at"`
	Acts     map[string]int64 `json:"acts"` // by database
	Restored time.Time        `json:"restored,omitzero"`
}

func (l lastBackup) write(dir string) error { return writeJSON(filepath.Join(dir, backupFile), l) }

// readLastBackup reads backup.json; nil if there is none.
func readLastBackup(dir string) (*lastBackup, error) {
	b, err := readBounded(filepath.Join(dir, backupFile), int64(jsonLimits.Bytes))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", backupFile, err)
	}
	return parseLastBackup(b)
}

func parseLastBackup(b []byte) (*lastBackup, error) {
	if err := checkFormat(b, backupFile); err != nil {
		return nil, err
	}
	var l lastBackup
	if err := strictjson.Decode(b, jsonLimits, &l); err != nil {
		return nil, malformed(backupFile, err)
	}
	return &l, nil
}

// sweep removes what a backup or a restore that was broken off left behind.
// One that is under way holds a lock and is left alone.
func sweep(dir string) error {
	for folder, lock := range map[string]string{
		filepath.Join(dir, workFolder): filepath.Join(dir, backupLock),
		stagingOf(dir):                 filepath.Join(stagingOf(dir), restoreLock),
	} {
		if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // one try
		unlock, err := storage.Lock(ctx, lock)
		if explain.CodeOf(err) == "data_busy" {
			continue
		}
		if err != nil {
			return err
		}
		err = os.RemoveAll(folder)
		unlock()
		if err != nil {
			return fmt.Errorf("removing what a broken-off backup left: %w", err)
		}
	}
	return nil
}
