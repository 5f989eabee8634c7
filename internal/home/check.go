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

	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/storage"
)

// Finding is something about one file that is not as it should be.
type Finding struct {
	Path string `json:"path"` // within the home, with slashes
	Code string `json:"code"`
}

// known are the files a home may have, by path; databases come on top.
var known = regexp.MustCompile(`^(home\.json|people\.json|[a-z]+\.lock|lock|network/(current|clock\.json|issuers\.json|evidence-[0-9a-f]{16})|issuer/settings\.json)$`)

// besides are the files that stand beside a database.
var besides = regexp.MustCompile(`^(-wal|-shm|\.lock|\.v\d+\.backup(-\d+)?)?$`)

// unfinished are left-overs of a write that was broken off. They hold nothing
// that does not stand elsewhere, and may be removed.
var unfinished = regexp.MustCompile(`(^|/)\.[^/]*\.tmp-[^/]*$|\.new(-journal)?$`)

// Check looks at every file of the home: its mode, whether it belongs here,
// the structure of every database of the given schemas (keys.db is always
// among them), and whether what is sealed opens; the last unlocks the home.
// Findings come in order of their paths. An error means that the check could
// not be made.
func (h *Home) Check(ctx context.Context, schemas ...storage.Schema) ([]Finding, error) {
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
	for _, s := range append(schemas, storage.Keys) {
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
			out = append(out, Finding{rel, "home_open_to_others"})
		}
		switch {
		case d.IsDir():
			if rel == nodeFolder { // the ledger engine's own
				return filepath.SkipDir
			}
			if rel != "." && rel != networkFolder && databases[rel+"/"+rel+".db"].Name == "" && !h.has(rel) {
				out = append(out, Finding{rel, "file_unknown"})
				return filepath.SkipDir
			}
		case unfinished.MatchString(rel):
			out = append(out, Finding{rel, "write_unfinished"})
		case !info.Mode().IsRegular(), !known.MatchString(rel) && !h.ofDatabase(rel):
			out = append(out, Finding{rel, "file_unknown"})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	_, err = readSettings(h.dir)
	if err := note(settingsFile, err); err != nil {
		return nil, err
	}
	_, _, err = h.Network().Load()
	if err := note(networkFolder+"/"+currentFile, err); err != nil {
		return nil, err
	}
	_, err = h.clock.read()
	if err := note(networkFolder+"/"+clockFile, err); err != nil {
		return nil, err
	}
	for path, s := range databases {
		if _, err := os.Lstat(filepath.Join(h.dir, filepath.FromSlash(path))); errors.Is(err, fs.ErrNotExist) && !h.has(s.Name) {
			continue // a role that this home does not play
		}
		if err := note(path, h.checkDatabase(ctx, s)); err != nil {
			return nil, err
		}
	}
	if err := h.Unlock(); err != nil {
		if err := note(peopleFile, err); err != nil {
			return nil, err
		}
		return sorted(out), nil
	}
	if err := note(keysFolder+"/keys.db", h.checkSealed()); err != nil {
		return nil, err
	}
	return sorted(out), nil
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

// checkSealed opens the people and every private key.
func (h *Home) checkSealed() error {
	people, err := h.People()
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return explain.Errorf("data_damaged", "the sealed list of people is empty")
	}
	for _, use := range []string{keys.Issuing, keys.Ledger, keys.Holder, keys.Person, keys.Consensus} {
		k, err := h.Keys(use)
		if err != nil {
			return err
		}
		if _, err := k.List(); err != nil {
			return err
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
