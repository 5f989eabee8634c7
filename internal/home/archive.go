package home

// What is inside a backup, once it is decrypted: a tar archive with
//
//	manifest.json  what the backup is of, and every further entry with its
//	               size and SHA-256
//	master         the home's master key, 32 bytes
//	…              the entries of the manifest, in its order
//
// and nothing else. docs/homes.md restates it.

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/storage"
)

const (
	manifestName = "manifest.json"
	masterName   = "master"
)

// manifestLimits bound the manifest; a ledger's folder has a file for every
// two megabytes.
var manifestLimits = strictjson.Limits{Bytes: 32 << 20, Depth: 8, Nodes: 1_000_000}

// manifest says what a backup holds.
type manifest struct {
	Format  int              `json:"format"` // 1
	Home    string           `json:"home"`   // id of the home
	Created time.Time        `json:"created"`
	Version string           `json:"version"` // of the Bonafide that wrote it
	Demo    bool             `json:"made_by_demo"`
	Roles   []string         `json:"roles"`
	Acts    map[string]int64 `json:"acts"` // by database: storage.DB.Acts
	Chain   *Chain           `json:"chain,omitempty"`
	Notes   []string         `json:"notes"` // codes: what is left out, and why
	Entries []entry          `json:"entries"`
}

// entry is one file of a backup.
type entry struct {
	Path   string `json:"path"` // within the home, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // hex
}

// nodePath are the paths that the node's folder may have.
var nodePath = regexp.MustCompile(`^node(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$`)

// belongs reports whether a file of this path may come out of a backup. It is
// also what goes into one.
func belongs(path string) bool {
	if len(path) > 240 || !fs.ValidPath(path) {
		return false
	}
	if folder, file, ok := strings.Cut(path, "/"); ok && validWord(folder) && file == folder+".db" {
		return true
	}
	if nodePath.MatchString(path) {
		return !strings.HasSuffix(path, "/LOCK") && path != nodeFolder+"/address"
	}
	return known.MatchString(path) && path != lockFile && path != backupFile && !strings.HasSuffix(path, ".lock")
}

// required are the entries without which there is no home.
var required = []string{settingsFile, peopleFile, "keys/keys.db", "network/" + clockFile}

func damagedBackup(format string, args ...any) error {
	return explain.Errorf("backup_damaged", format, args...)
}

func parseManifest(b []byte) (manifest, error) {
	o, err := strictjson.Object(b, manifestLimits)
	if err != nil {
		return manifest{}, damagedBackup("the manifest is malformed")
	}
	if n, ok := o["format"].(json.Number); !ok {
		return manifest{}, damagedBackup("the manifest has no format")
	} else if n != "1" {
		return manifest{}, explain.Errorf("backup_newer", "the manifest has a format that is not known")
	}
	var m manifest
	if err := strictjson.Decode(b, manifestLimits, &m); err != nil {
		return manifest{}, damagedBackup("the manifest is malformed")
	}
	if id, err := hex.DecodeString(m.Home); err != nil || len(id) != 16 || hex.EncodeToString(id) != m.Home {
		return manifest{}, damagedBackup("the manifest names no home")
	}
	if m.Created.IsZero() || slices.ContainsFunc(m.Roles, func(r string) bool { return !validWord(r) }) {
		return manifest{}, damagedBackup("the manifest is malformed")
	}
	// Some file systems do not tell capitals apart.
	seen := map[string]bool{}
	for _, e := range m.Entries {
		lower := strings.ToLower(e.Path)
		sum, err := hex.DecodeString(e.SHA256)
		if !belongs(e.Path) || seen[lower] || e.Size < 0 || err != nil || len(sum) != sha256.Size {
			return manifest{}, damagedBackup("an entry of the manifest is malformed")
		}
		seen[lower] = true
	}
	for _, path := range required {
		if !seen[path] {
			return manifest{}, damagedBackup("%s is not in it", path)
		}
	}
	return m, nil
}

// size is how many bytes the entries have together, -1 where that overflows.
func (m manifest) size() int64 {
	var n int64
	for _, e := range m.Entries {
		if n += e.Size; n < 0 {
			return -1
		}
	}
	return n
}

// writeArchive writes a backup's inside; open gives the bytes of an entry.
func writeArchive(ctx context.Context, w io.Writer, m manifest, master []byte, open func(entry) (io.ReadCloser, error), progress func(int64)) error {
	t := tar.NewWriter(w)
	head, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("writing the manifest: %w", err)
	}
	for _, x := range []struct {
		name string
		b    []byte
	}{{manifestName, head}, {masterName, master}} {
		if err := t.WriteHeader(header(x.name, int64(len(x.b)))); err != nil {
			return err
		}
		if _, err := t.Write(x.b); err != nil {
			return err
		}
		atStep("wrote " + x.name)
	}
	for _, e := range m.Entries {
		if err := t.WriteHeader(header(e.Path, e.Size)); err != nil {
			return err
		}
		r, err := open(e)
		if err != nil {
			return err
		}
		sum, n, err := copyHashed(ctx, t, io.LimitReader(r, e.Size), progress)
		if err = errors.Join(err, r.Close()); err != nil {
			return err
		}
		if n != e.Size || sum != e.SHA256 {
			return explain.Errorf("data_busy", "%s changed while it was read", e.Path)
		}
		atStep("wrote " + e.Path)
	}
	return t.Close()
}

func header(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600}
}

// sink takes in a backup while it is read.
type sink struct {
	begin func(manifest) error                  // before the first entry
	put   func(e entry) (io.WriteCloser, error) // where an entry goes
	count func(n int64)                         // bytes of entries read
}

// readArchive reads what writeArchive wrote and lets nothing else pass. limit
// bounds what the entries may have together, in bytes. When it fails, the
// sink may hold anything. Codes: backup_damaged, backup_newer.
func readArchive(ctx context.Context, r io.Reader, limit int64, to sink) (manifest, []byte, error) {
	t := tar.NewReader(r)
	head, err := small(t, manifestName, int64(manifestLimits.Bytes))
	if err != nil {
		return manifest{}, nil, err
	}
	m, err := parseManifest(head)
	if err != nil {
		return manifest{}, nil, err
	}
	if n := m.size(); n < 0 || n > limit {
		return manifest{}, nil, damagedBackup("the manifest promises more than the file can hold")
	}
	master, err := small(t, masterName, storage.KeySize)
	if err != nil {
		return manifest{}, nil, err
	}
	fail := func(err error) (manifest, []byte, error) {
		clear(master)
		return manifest{}, nil, err
	}
	if len(master) != storage.KeySize {
		return fail(damagedBackup("the master key is malformed"))
	}
	if err := to.begin(m); err != nil {
		return fail(err)
	}
	for _, e := range m.Entries {
		if err := next(t, e.Path, e.Size); err != nil {
			return fail(err)
		}
		w, err := to.put(e)
		if err != nil {
			return fail(err)
		}
		sum, n, err := copyHashed(ctx, w, damaging{t}, to.count)
		if err = errors.Join(err, w.Close()); err != nil {
			return fail(err)
		}
		if n != e.Size || sum != e.SHA256 {
			return fail(damagedBackup("an entry is not what the manifest says"))
		}
		atStep("read " + e.Path)
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return fail(damagedBackup("there is more in it than the manifest says"))
	}
	// The encryption's last piece says that it is the last; only reading to the
	// end finds out that nothing was cut off.
	if n, err := io.Copy(io.Discard, io.LimitReader(r, 1)); err != nil || n > 0 {
		return fail(damagedBackup("it does not end where it should"))
	}
	return m, master, nil
}

// next goes to the following entry, which must be a plain file of this name
// and size; size -1: whatever.
func next(t *tar.Reader, name string, size int64) error {
	h, err := t.Next()
	if err != nil {
		return readFailed(err)
	}
	if h.Name != name || h.Typeflag != tar.TypeReg || size >= 0 && h.Size != size {
		return damagedBackup("the entries are not those of the manifest")
	}
	return nil
}

// small reads an entry into memory.
func small(t *tar.Reader, name string, max int64) ([]byte, error) {
	if err := next(t, name, -1); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(t, max+1))
	if err != nil {
		return nil, readFailed(err)
	}
	if int64(len(b)) > max {
		return nil, damagedBackup("an entry is too large")
	}
	return b, nil
}

// readFailed tells a file that the system cannot read from one that is
// damaged.
func readFailed(err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok || errors.Is(err, context.Canceled) || explain.CodeOf(err) != "" {
		return err
	}
	return damagedBackup("reading: %w", err)
}

// damaging makes whatever keeps a backup from being read mean damage.
type damaging struct{ r io.Reader }

func (d damaging) Read(b []byte) (int, error) {
	n, err := d.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = readFailed(err)
	}
	return n, err
}

// copyHashed copies until r ends, tells how far it is, and stops when ctx
// ends.
func copyHashed(ctx context.Context, w io.Writer, r io.Reader, progress func(int64)) (sum string, n int64, err error) {
	h := sha256.New()
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return "", n, err
		}
		k, rerr := r.Read(buf)
		if k > 0 {
			h.Write(buf[:k])
			if _, err := w.Write(buf[:k]); err != nil {
				return "", n, noRoom(err)
			}
			n += int64(k)
			if progress != nil {
				progress(int64(k))
			}
		}
		if errors.Is(rerr, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), n, nil
		}
		if rerr != nil {
			return "", n, rerr
		}
	}
}

// noRoom gives a full disk its code.
func noRoom(err error) error {
	if errors.Is(err, syscall.ENOSPC) && explain.CodeOf(err) == "" {
		return explain.Errorf("disk_full", "writing: %w", err)
	}
	return err
}

// atStep is called after each step of a backup and a restore that reached the
// disk; tests die there.
var atStep = func(string) {}
