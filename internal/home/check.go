package home

// `home check`: everything in the folder is looked at, nothing is changed.

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"bonafide/internal/explain"
	"bonafide/ledger/pack"
	"bonafide/storage"
)

// Finding is something about one file that is not as it should be.
type Finding struct {
	Path string `json:"path"` // within the home, with slashes
	Code string `json:"code"`
	// What names the rule that does not hold, where the code is
	// data_contradictory; else it is "".
	What string `json:"what,omitempty"`
}

// known are the files a home may have, by path; databases come on top.
var known = regexp.MustCompile(`^(home\.json|people\.json|backup\.json|[a-z]+\.lock|lock|network/(current|clock\.json|issuers\.json|evidence-[0-9a-f]{16})|issuer/(settings\.json|certificate\.pem))$`)

// besides are the files that stand beside a database.
var besides = regexp.MustCompile(`^(-wal|-shm|\.lock|\.v\d+\.backup(-\d+)?)?$`)

// unfinished are left-overs of a write that was broken off. They hold nothing
// that does not stand elsewhere, and may be removed.
var unfinished = regexp.MustCompile(`(^|/)\.[^/]*\.tmp-[^/]*$|\.new(-journal)?$`)

// Check looks at every file of the home: its mode, whether it belongs here,
// the structure of every database and what must hold in it, and whether the
// people and the list of keys open; the last unlocks the home. With full every
// sealed value of every role and every private key is opened, too. Findings
// come in order of their paths. An error means that the check could not be
// made.
func (h *Home) Check(ctx context.Context, full bool) ([]Finding, error) {
	var out []Finding
	note := func(path string, err error) error {
		if err == nil {
			return nil
		}
		code := explain.CodeOf(err)
		if code == "" || ctx.Err() != nil {
			return err
		}
		out = append(out, Finding{Path: path, Code: code})
		return nil
	}
	databases := map[string]storage.Schema{}
	for _, s := range storage.Schemas() {
		databases[s.Name+"/"+s.Name+".db"] = s
	}
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		rel, err := filepath.Rel(h.dir, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process's temporary file
		}
		if err != nil {
			return err
		}
		if runtime.GOOS != "windows" && d.Type()&fs.ModeSymlink == 0 && info.Mode().Perm()&0o077 != 0 {
			out = append(out, Finding{Path: rel, Code: "home_open_to_others"})
		}
		switch {
		case d.IsDir():
			if rel == nodeFolder { // the ledger engine's own
				return filepath.SkipDir
			}
			if rel == workFolder { // of a backup that is under way, or that was broken off
				if h.idle(backupLock) {
					out = append(out, Finding{Path: rel, Code: "write_unfinished"})
				}
				return filepath.SkipDir
			}
			if rel != "." && rel != networkFolder && databases[rel+"/"+rel+".db"].Name == "" && !h.has(rel) {
				out = append(out, Finding{Path: rel, Code: "file_unknown"})
				return filepath.SkipDir
			}
		case unfinished.MatchString(rel):
			out = append(out, Finding{Path: rel, Code: "write_unfinished"})
		case !info.Mode().IsRegular(), !known.MatchString(rel) && !h.ofDatabase(rel):
			out = append(out, Finding{Path: rel, Code: "file_unknown"})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, settingsErr := readSettings(h.dir)
	if err := note(settingsFile, settingsErr); err != nil {
		return nil, err
	}
	if err := note(networkFolder+"/"+currentFile, h.checkNetwork()); err != nil {
		return nil, err
	}
	if settingsErr == nil { // which say how new the list has to be
		_, err = h.Listings()
		if err := note(networkFolder+"/"+issuersFile, err); err != nil {
			return nil, err
		}
	}
	_, err = h.clock.read()
	if err := note(networkFolder+"/"+clockFile, err); err != nil {
		return nil, err
	}
	_, err = readLastBackup(h.dir)
	if err := note(backupFile, err); err != nil {
		return nil, err
	}
	whole := true
	for path, s := range databases {
		if _, err := os.Lstat(filepath.Join(h.dir, filepath.FromSlash(path))); errors.Is(err, fs.ErrNotExist) && !h.has(s.Name) {
			continue // a role that this home does not play
		}
		before := len(out)
		if err := note(path, h.checkDatabase(ctx, s)); err != nil {
			return nil, err
		}
		whole = whole && len(out) == before
	}
	if err := h.Unlock(); err != nil {
		if err := note(peopleFile, err); err != nil {
			return nil, err
		}
		return sorted(out), nil
	}
	if err := note(keysFolder+"/keys.db", h.checkSealed(ctx, full)); err != nil {
		return nil, err
	}
	if whole { // what is broken in itself says nothing about its content
		found, err := h.checkRoles(ctx, full)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return sorted(out), nil
}

// idle reports whether nobody holds one of the home's locks.
func (h *Home) idle(lock string) bool {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // one try
	unlock, err := storage.Lock(ctx, filepath.Join(h.dir, lock))
	if err == nil {
		unlock()
	}
	return err == nil
}

// checkNetwork reads the network data as those who use it do.
func (h *Home) checkNetwork() error {
	raw, stored, err := h.Network().Load()
	if err != nil || len(raw) == 0 {
		return err
	}
	t, err := pack.ParseTrust(raw)
	if err != nil || len(stored) == 0 {
		return err
	}
	_, err = pack.Load(t, stored)
	return err
}

// checkRoles looks at what must hold in each role's database, and with full
// opens everything that is sealed in it; the home is unlocked.
func (h *Home) checkRoles(ctx context.Context, full bool) (out []Finding, err error) {
	for _, s := range storage.Schemas() {
		if !h.has(s.Name) {
			continue
		}
		path := s.Name + "/" + s.Name + ".db"
		db, err := h.database(s)
		if err != nil {
			return nil, err
		}
		broken, err := db.Contradictions(ctx)
		if err != nil {
			return nil, err
		}
		for _, what := range broken {
			out = append(out, Finding{path, "data_contradictory", what})
		}
		if !full {
			continue
		}
		if err := h.openRole(ctx, db); err != nil {
			code := explain.CodeOf(err)
			if code == "" || ctx.Err() != nil {
				return nil, err
			}
			out = append(out, Finding{Path: path, Code: code})
		}
	}
	return out, nil
}

// openRole opens everything that is sealed in a role's database.
func (h *Home) openRole(ctx context.Context, db *storage.DB) error {
	if err := h.withMaster(func(master []byte) error { return db.OpenAll(ctx, master) }); err != nil {
		return err
	}
	switch db.Name() {
	case storage.Verifier.Name:
		store, err := storage.NewVerifierStore(db, h.HistoryKey())
		if err != nil {
			return err
		}
		open, err := h.HistoryOpener(db.Name())
		if err != nil {
			return err
		}
		return store.History(ctx, open, func(time.Time, []byte) error { return nil })
	case storage.Wallet.Name:
		list, err := h.held(ctx)
		if err == nil && slices.ContainsFunc(list, func(x Held) bool { return x.ClaimAnew }) {
			err = explain.Errorf("key_missing", "a key that credentials are bound to")
		}
		return err
	}
	return nil
}

func (h *Home) has(database string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.settings.has(database)
}

// ofDatabase reports whether a file is a database that the home has, or one
// of the files beside it.
func (h *Home) ofDatabase(rel string) bool {
	folder, file, ok := strings.Cut(rel, "/")
	rest, isDB := strings.CutPrefix(file, folder+".db")
	return ok && isDB && besides.MatchString(rest)
}

func (h *Home) checkDatabase(ctx context.Context, s storage.Schema) error {
	db, err := h.database(s)
	if err != nil {
		return err
	}
	return db.Check(ctx)
}

// checkSealed opens the people and the list of private keys; with full, the
// keys themselves.
func (h *Home) checkSealed(ctx context.Context, full bool) error {
	people, err := h.People()
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return explain.Errorf("data_damaged", "the sealed list of people is empty")
	}
	db, err := h.database(storage.Keys)
	if err != nil {
		return err
	}
	stores, err := db.KeyStores(ctx)
	if err != nil {
		return err
	}
	for _, use := range stores {
		switch use {
		case peopleStore:
			continue
		case idleStore:
			if _, err := h.IdleTime(ctx); err != nil {
				return err
			}
			continue
		}
		k, err := h.Keys(use)
		if err != nil {
			return err
		}
		list, err := k.List()
		if err != nil {
			return err
		}
		for _, key := range list {
			if full {
				_, err = k.Signer(key.ID)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// sorted orders findings by path, then code.
func sorted(f []Finding) []Finding {
	slices.SortFunc(f, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Code, b.Code))
	})
	return f
}
