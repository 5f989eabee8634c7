package home

// `home restore`: a new home out of a backup. Everything is unpacked beside
// the place where the home will be, checked there as if it were in use, made
// durable, and renamed: there is a whole home or none. Nothing is ever put
// over a home that is there.

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"filippo.io/age"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/ledger/node"
	"bonafide/ledger/pack"
	"bonafide/storage"
)

const restoreLock = "restore.lock" // in the folder that is being filled

// stagingOf is where a home is unpacked before it gets its name.
func stagingOf(dir string) string {
	return filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".restoring")
}

// RestoreOptions say how a home is brought back.
type RestoreOptions struct {
	// Passphrase asks for the backup's passphrase.
	Passphrase func(prompt string, confirm bool) ([]byte, error)
	// Rehearse goes through everything and leaves nothing behind.
	Rehearse bool
	// ResetPassphrase asks for a new passphrase of Options.As, for who forgot
	// the one in the backup.
	ResetPassphrase bool
	// WithoutChain leaves out the node that the backup holds.
	WithoutChain bool
	// Packs are files with what somebody else has of the network, packs or
	// network files: a chain that is behind one of them is not brought back.
	Packs []string
	// Offline asks nobody. Otherwise, where the backup holds a chain, the
	// home's own sources are asked how far the network is.
	Offline bool
	// Progress is called as the file is read, in bytes. It may be nil.
	Progress func(done, total int64)
}

// Restored is what came out of a backup.
type Restored struct {
	Dir         string    `json:"dir"` // "" in a rehearsal
	Rehearsed   bool      `json:"rehearsed"`
	Home        string    `json:"home"`
	Created     time.Time `json:"created"` // of the backup
	Version     string    `json:"version"` // of the Bonafide that made it
	Roles       []string  `json:"roles"`
	People      []string  `json:"people"`
	Files       int       `json:"files"`
	Bytes       int64     `json:"bytes"`
	Chain       *Chain    `json:"chain"`
	Credentials []Held    `json:"credentials"`
	Keyring     []string  `json:"keyring"` // people whose keyring does not open the home any more
	// What was open when the backup was made may have been answered since.
	Requests int64 `json:"requests_closed"`
	Codes    int64 `json:"codes_closed"`
	Batches  int   `json:"batches_abandoned"`
	// Sources were asked how far the network is.
	Sources []Source `json:"sources"`
	Notes   []string `json:"notes"` // codes of the catalogue
}

// Restore makes a home at dir out of a backup. dir must not exist or be empty,
// except in a rehearsal. It stays locked. Codes: home_exists, backup_unknown,
// backup_passphrase_wrong, backup_damaged, backup_newer, data_newer,
// data_damaged, restore_behind, disk_full, and those of a new passphrase.
func Restore(ctx context.Context, file, dir string, o Options, r RestoreOptions) (Restored, error) {
	o, err := o.filled()
	if err != nil {
		return Restored{}, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return Restored{}, fmt.Errorf("restoring: %w", err)
	}
	if r.Rehearse {
		dir, err = rehearsalDir(dir)
	} else if err = vacant(dir); err == nil {
		err = os.MkdirAll(filepath.Dir(dir), 0o700)
	}
	if err != nil {
		return Restored{}, err
	}
	f, err := os.Open(file)
	if err != nil {
		return Restored{}, fmt.Errorf("restoring: %w", err)
	}
	defer f.Close()
	u := &unpacking{dir: dir, o: o, r: r}
	if u.size, err = backupSize(f); err != nil {
		return Restored{}, err
	}
	if u.plain, err = decrypt(f, r.Passphrase); err != nil {
		return Restored{}, err
	}
	return u.run(ctx)
}

// rehearsalDir is a place for a rehearsal: like dir, but in a folder that is
// there already.
func rehearsalDir(dir string) (string, error) {
	parent := filepath.Dir(dir)
	for {
		info, err := os.Stat(parent)
		if err == nil && info.IsDir() {
			return filepath.Join(parent, filepath.Base(dir)), nil
		}
		up := filepath.Dir(parent)
		if up == parent {
			return "", fmt.Errorf("rehearsing: %w", err)
		}
		parent = up
	}
}

// backupSize looks at a file's beginning and tells its size.
func backupSize(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("restoring: %w", err)
	}
	if !info.Mode().IsRegular() || !isAge(f) {
		return 0, explain.Errorf("backup_unknown", "the file does not begin as a backup")
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("restoring: %w", err)
	}
	return info.Size(), nil
}

// decrypt asks for the backup's passphrase and opens the encryption.
func decrypt(r io.Reader, ask func(string, bool) ([]byte, error)) (io.Reader, error) {
	pass, err := askFor(ask, "Passphrase of the backup", false)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	if len(pass) == 0 {
		return nil, explain.Errorf("backup_passphrase_wrong", "the passphrase is empty")
	}
	with, err := age.NewScryptIdentity(string(pass))
	if err != nil {
		return nil, fmt.Errorf("restoring: %w", err)
	}
	with.SetMaxWorkFactor(maxBackupWork)
	plain, err := age.Decrypt(r, with)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return nil, explain.Errorf("backup_passphrase_wrong", "the passphrase does not open the backup")
	}
	if err != nil {
		return nil, readFailed(err)
	}
	return plain, nil
}

// unpacking is one restore.
type unpacking struct {
	dir, staging string
	o            Options
	r            RestoreOptions
	size         int64 // of the file
	plain        io.Reader
	done         int64

	m   manifest
	h   *Home // the home in the staging folder, unlocked
	out Restored
}

func (u *unpacking) run(ctx context.Context) (_ Restored, err error) {
	u.staging = stagingOf(u.dir)
	unlock, err := u.stage(ctx)
	if err != nil {
		return Restored{}, err
	}
	defer unlock()
	defer func() {
		if err != nil || u.r.Rehearse {
			err = errors.Join(err, os.RemoveAll(u.staging))
		}
	}()
	atStep("staged")
	master, err := u.unpack(ctx)
	if err != nil {
		return Restored{}, err
	}
	defer clear(master)
	if err := u.open(master); err != nil {
		return Restored{}, err
	}
	err = u.adopt(ctx)
	if err = errors.Join(err, u.h.Close()); err != nil {
		return Restored{}, err
	}
	if u.r.Rehearse {
		u.out.Rehearsed = true
		return u.out, nil
	}
	if err := u.finish(); err != nil {
		return Restored{}, err
	}
	u.out.Dir = u.dir
	return u.out, nil
}

// stage makes the empty folder that is to become the home, held against
// other restores and against those who tidy up.
func (u *unpacking) stage(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	lock := filepath.Join(u.staging, restoreLock)
	for {
		if err := os.MkdirAll(u.staging, 0o700); err != nil {
			return nil, fmt.Errorf("restoring: %w", err)
		}
		unlock, err := storage.Lock(ctx, lock)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody tidied it away
		}
		if err != nil {
			return nil, err
		}
		if _, err := os.Lstat(lock); err == nil {
			return unlock, emptied(u.staging)
		}
		unlock() // what was locked is no longer there
	}
}

// emptied removes everything in a folder but the lock.
func emptied(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if e.Name() != restoreLock {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("clearing a broken-off restore: %w", err)
	}
	return nil
}

// unpack writes the backup's entries into the staging folder.
func (u *unpacking) unpack(ctx context.Context) ([]byte, error) {
	to := sink{
		begin: func(m manifest) error {
			u.m = m
			return nil
		},
		put: func(e entry) (io.WriteCloser, error) {
			if u.dropped(e.Path) {
				return discard{io.Discard}, nil
			}
			path := filepath.Join(u.staging, filepath.FromSlash(e.Path))
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				return nil, noRoom(fmt.Errorf("restoring: %w", err))
			}
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return nil, noRoom(fmt.Errorf("restoring: %w", err))
			}
			return f, nil
		},
		count: func(n int64) {
			if u.done += n; u.r.Progress != nil {
				u.r.Progress(u.done, u.size)
			}
		},
	}
	m, master, err := readArchive(ctx, bufio.NewReaderSize(u.plain, 64<<10), u.size, to)
	if err != nil {
		return nil, err
	}
	u.out = Restored{
		Home: m.Home, Created: m.Created, Version: m.Version, Roles: m.Roles, People: []string{}, Files: len(m.Entries), Bytes: m.size(),
		Chain: m.Chain, Credentials: []Held{}, Keyring: []string{}, Sources: []Source{}, Notes: []string{},
	}
	return master, nil
}

type discard struct{ io.Writer }

func (discard) Close() error { return nil }

// dropped reports whether an entry stays behind.
func (u *unpacking) dropped(path string) bool {
	return u.r.WithoutChain && nodePath.MatchString(path)
}

// open makes a Home of the staging folder, unlocked with the master key that
// the backup holds. Nobody is asked for a passphrase of the home: who has the
// backup's can do all that a person of it can.
func (u *unpacking) open(master []byte) error {
	s, err := readSettings(u.staging)
	if err != nil {
		return err
	}
	if s.ID != u.m.Home {
		return damagedBackup("the settings are of another home")
	}
	p, err := readPeople(u.staging, s.ID)
	if err != nil {
		return err
	}
	u.h = &Home{
		dir: u.staging, o: u.o, settings: s, history: p.History.Public,
		master: slices.Clone(master),
	}
	u.h.empty()
	u.h.clock = newClock(u.h)
	return nil
}

// adopt checks everything and changes what a home that comes back must not
// go on with.
func (u *unpacking) adopt(ctx context.Context) error {
	h := u.h
	// First what says that a newer version wrote it.
	for _, name := range h.settings.Databases {
		s, err := schemaOf(name)
		if err != nil {
			return err
		}
		if err := h.checkDatabase(ctx, s); err != nil {
			return err
		}
		atStep("checked " + name)
	}
	if err := h.confirmAll(); err != nil {
		return err
	}
	if err := h.checkSealed(ctx, true); err != nil {
		return err
	}
	if findings, err := h.checkRoles(ctx, true); err != nil {
		return err
	} else if len(findings) > 0 {
		return explain.Errorf(findings[0].Code, "%s: %s", findings[0].Path, findings[0].What)
	}
	if err := h.checkNetwork(); err != nil {
		return err
	}
	if err := u.adoptChain(ctx); err != nil {
		return err
	}
	var err error
	if u.out.Credentials, err = h.held(ctx); err != nil {
		return err
	}
	if len(u.out.Credentials) > 0 {
		u.out.Notes = append(u.out.Notes, "wallet_moved")
	}
	if err := u.adoptPeople(ctx); err != nil {
		return err
	}
	if err := u.adoptRoles(ctx); err != nil {
		return err
	}
	if err := u.adoptClock(); err != nil {
		return err
	}
	l := lastBackup{Format: 1, At: u.m.Created, Acts: u.m.Acts, Restored: h.Now().UTC().Truncate(time.Second)}
	return l.write(h.dir)
}

// adoptChain decides about the node. Members of a larger network never get
// their signing state back. The only member of one gets it back if nobody is
// known to have seen more of its chain.
func (u *unpacking) adoptChain(ctx context.Context) error {
	h, c := u.h, u.m.Chain
	if c == nil {
		return nil
	}
	kept := c.Kept && !u.r.WithoutChain
	if kept {
		known, err := u.newest(ctx)
		if err != nil {
			return err
		}
		signed, err := signedHeight(h.nodeDir())
		if err != nil {
			return err
		}
		members, err := h.chain()
		if err != nil {
			return err
		}
		c.Members = max(c.Members, members.Members, known.validators)
		switch {
		case c.Members > 1:
			kept = false
		case known.header > signed:
			return explain.Errorf("restore_behind", "the network was seen at %d, the backup's validator signed up to %d", known.header, signed)
		}
	}
	c.Kept = kept
	u.out.Chain = c
	if kept {
		return nil
	}
	switch {
	case c.Members > 1:
		u.out.Notes = append(u.out.Notes, "validator_left_out")
		if err := keepOwnFiles(h.nodeDir()); err != nil {
			return err
		}
	default:
		u.out.Notes = append(u.out.Notes, "chain_left_out")
		if err := os.RemoveAll(h.nodeDir()); err != nil {
			return fmt.Errorf("restoring: %w", err)
		}
	}
	db, err := h.database(storage.Keys)
	if err != nil {
		return err
	}
	if _, err := db.DropKeys(ctx, keys.Consensus); err != nil || c.Members == 1 {
		return err
	}
	// With a key that is no validator's the node follows the others' chain, so
	// that a new validator's key can be registered.
	ks, err := h.Keys(keys.Consensus)
	if err == nil {
		_, _, err = ks.Create(did.Ed25519)
	}
	return err
}

// keyOfRestored is the key that a restore made for a member's node. Code
// key_missing.
func (h *Home) keyOfRestored() (node.ConsensusKey, error) {
	ks, err := h.Keys(keys.Consensus)
	if err != nil {
		return nil, err
	}
	list, err := ks.List()
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, explain.Errorf("key_missing", "this home has no consensus key")
	}
	s, err := ks.Signer(list[0].ID)
	if err != nil {
		return nil, err
	}
	return consensusSigner{s}, nil
}

// ownNodeFiles are the files of the node's folder that the home wrote itself:
// with them a member comes back, under a new key.
var ownNodeFiles = []string{genesisFile, joinedFile, peersFile}

// keepOwnFiles empties the node's folder but for those.
func keepOwnFiles(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if !slices.Contains(ownNodeFiles, e.Name()) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	return nil
}

// askTime bounds the wait for one source.
const askTime = 5 * time.Second

// newest is the most that anybody is known to have of the backup's network:
// the backup itself, the packs that were given, and, unless it is told not to
// ask, the home's sources. Codes restore_other_network, node_running.
func (u *unpacking) newest(ctx context.Context) (published, error) {
	known := published{network: u.m.Chain.Network}
	take := func(p published) {
		known.header, known.validators = max(known.header, p.header), max(known.validators, p.validators)
	}
	if d, err := u.h.Data(); err == nil && d.ChainID == known.network {
		take(published{header: d.Height + 1, validators: d.Validators})
	}
	for _, file := range u.r.Packs {
		p, err := readPublished(file)
		if err != nil {
			return published{}, fmt.Errorf("reading what was published: %w", err)
		}
		if p.network != known.network {
			return published{}, explain.Errorf("restore_other_network", "a pack is of %s, the backup of %s", p.network, known.network)
		}
		take(p)
	}
	files, err := filepath.Glob(filepath.Join(u.h.PublicDir(), "*"))
	if err != nil {
		return published{}, fmt.Errorf("restoring: %w", err)
	}
	for _, file := range files {
		// Names say nothing and a file that is no pack neither.
		if p, err := readPublished(file); err == nil && p.network == known.network {
			take(p)
		}
	}
	if u.r.Offline || u.r.Rehearse {
		return known, nil
	}
	own := u.h.settings.Node
	places := slices.Clone(u.h.settings.Sources)
	if own != "" && !slices.Contains(places, own) {
		places = append(places, own)
	}
	for _, a := range places {
		n, err := askNewest(ctx, a)
		if err := ctx.Err(); err != nil {
			return published{}, fmt.Errorf("restoring: %w", err)
		}
		u.out.Sources = append(u.out.Sources, Source{Address: a, Code: explain.CodeOf(err)})
		if err != nil || n.ChainID != known.network {
			continue // it is told that it gave nothing
		}
		if a == own {
			return published{}, explain.Errorf("node_running", "the node of this network answers at %s", a)
		}
		take(published{header: n.Height})
	}
	return known, nil
}

func askNewest(ctx context.Context, address string) (*pack.Network, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	c := node.NewSource(address)
	defer c.Close()
	return newest(ctx, c)
}

// adoptPeople takes out the slots of keyrings, which were another machine's,
// and makes a new passphrase where one is wanted.
func (u *unpacking) adoptPeople(ctx context.Context) error {
	h := u.h
	h.mu.Lock()
	defer h.mu.Unlock()
	err := h.changePeople(ctx, func(p *people) error {
		for i := range p.People {
			a := &p.People[i]
			u.out.People = append(u.out.People, a.Name)
			if a.slot(slotKeyring) != nil {
				u.out.Keyring = append(u.out.Keyring, a.Name)
			}
			a.Slots = slices.DeleteFunc(slices.Clone(a.Slots), func(s slot) bool { return s.Kind == slotKeyring })
		}
		return nil
	})
	if err != nil || !u.r.ResetPassphrase || u.r.Rehearse {
		return err
	}
	name := h.o.As
	if name == "" && len(u.out.People) > 1 {
		return explain.Errorf("person_needed", "the home has several people")
	}
	if name == "" {
		name = u.out.People[0]
	}
	if !slices.Contains(u.out.People, name) {
		return explain.Errorf("person_unknown", "nobody of that name")
	}
	s, err := h.newPassphrase(name, "New passphrase for "+name)
	if err != nil {
		return err
	}
	h.person = name
	return h.setSlot(ctx, slotPassphrase, &s)
}

// adoptRoles closes what may have gone on after the backup was made.
func (u *unpacking) adoptRoles(ctx context.Context) (err error) {
	h := u.h
	if h.has(storage.Verifier.Name) {
		db, err := h.database(storage.Verifier)
		if err != nil {
			return err
		}
		if u.out.Requests, err = db.CloseRequests(ctx); err != nil {
			return err
		}
	}
	if !h.has(storage.Issuer.Name) {
		return nil
	}
	db, err := h.database(storage.Issuer)
	if err != nil {
		return err
	}
	if u.out.Codes, err = db.CloseCodes(ctx); err != nil {
		return err
	}
	// Batches that were under way may have been signed since, and some
	// signatures come out differently each time: nothing of them is signed
	// again. Indexes may have been given since: new ones come from a new page.
	var store *storage.IssuerStore
	err = h.withMaster(func(master []byte) error {
		store, err = storage.NewIssuerStore(db, master)
		return err
	})
	if err != nil {
		return err
	}
	defer store.Close()
	open, err := store.Unfinished(ctx)
	if err != nil {
		return err
	}
	for _, b := range open {
		if err := store.Abandon(ctx, b.Number); err != nil {
			return err
		}
		u.out.Batches++
	}
	if err := db.ClosePages(ctx); err != nil {
		return err
	}
	u.out.Notes = append(u.out.Notes, "register_restored")
	return nil
}

// adoptClock keeps the clock's floor from lying before the backup.
func (u *unpacking) adoptClock() error {
	s, err := u.h.clock.read()
	if err != nil {
		return err
	}
	if u.m.Created.After(s.Reading) {
		s.Reading = u.m.Created
	}
	return writeJSON(u.h.clock.path(), s)
}

// finish makes the folder durable and gives it its name.
func (u *unpacking) finish() error {
	for _, name := range []string{restoreLock, lockFile} {
		if err := os.Remove(filepath.Join(u.staging, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("restoring: %w", err)
		}
	}
	if err := storage.SyncTree(u.staging); err != nil {
		return noRoom(fmt.Errorf("restoring: %w", err))
	}
	atStep("synced")
	// Renaming a folder over an empty one works on Unix only.
	if err := os.Remove(u.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return explain.Errorf("home_exists", "the folder is not empty any more: %w", err)
	}
	if err := os.Rename(u.staging, u.dir); err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	atStep("renamed")
	if err := storage.SyncDir(filepath.Dir(u.dir)); err != nil {
		return fmt.Errorf("restoring: %w", err)
	}
	return nil
}

// confirmAll checks that the master key is the home's, and everybody in
// people.json on the sealed list.
func (h *Home) confirmAll() error {
	p, err := readPeople(h.dir, h.settings.ID)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range p.People {
		if err := h.confirm(p, a.Name); err != nil {
			return err
		}
	}
	return nil
}
