package home

// home.json: what a home is and does, in clear. Nothing in it opens anything:
// altering it can make a home forget a role or ask another node, whose answers
// are verified like anybody's.

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/ledger/pack"
	"bonafide/storage"
)

const (
	settingsFile  = "home.json"
	keysFolder    = "keys"
	networkFolder = "network"
	nodeFolder    = "node"
	lockFile      = "lock"
)

// settings is home.json.
type settings struct {
	Format  int       `json:"format"` // 1
	ID      string    `json:"id"`     // 16 random bytes, hex
	Demo    bool      `json:"made_by_demo"`
	Created time.Time `json:"created"`
	// Databases that the home has, by name; all but "keys" are roles.
	Databases []string `json:"databases"`
	Node      string   `json:"node"`    // address of the node this home asks, host:port
	Sources   []string `json:"sources"` // where `sync` fetches packs
	Board     string   `json:"board"`   // DID of the home's board, "" where it is none
	// Issuers is the revision of the list of issuers (trust.go); 0: there is none.
	Issuers uint64 `json:"issuers,omitzero"`
}

func (s settings) has(database string) bool { return slices.Contains(s.Databases, database) }

func (s *settings) add(database string) {
	if !s.has(database) {
		s.Databases = append(s.Databases, database)
		slices.Sort(s.Databases)
	}
}

var jsonLimits = strictjson.Limits{Bytes: 1 << 20, Depth: 8, Nodes: 20_000}

// readBounded reads a file of at most max bytes.
func readBounded(path string, max int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, max+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > max {
		return nil, explain.Errorf("data_damaged", "%s is too large", filepath.Base(path))
	}
	return b, nil
}

func readSettings(dir string) (settings, error) {
	b, err := readBounded(filepath.Join(dir, settingsFile), int64(jsonLimits.Bytes))
	if errors.Is(err, fs.ErrNotExist) {
		return settings{}, explain.Errorf("home_missing", "no %s in the folder", settingsFile)
	}
	if err != nil {
		return settings{}, fmt.Errorf("reading %s: %w", settingsFile, err)
	}
	return parseSettings(b)
}

func parseSettings(b []byte) (settings, error) {
	if err := checkFormat(b, settingsFile); err != nil {
		return settings{}, err
	}
	var s settings
	if err := strictjson.Decode(b, jsonLimits, &s); err != nil {
		return settings{}, malformed(settingsFile, err)
	}
	if id, err := hex.DecodeString(s.ID); err != nil || len(id) != 16 || hex.EncodeToString(id) != s.ID {
		return settings{}, explain.Errorf("data_damaged", "%s: the id is malformed", settingsFile)
	}
	for _, name := range s.Databases {
		if !validWord(name) {
			return settings{}, explain.Errorf("data_damaged", "%s: a database name is malformed", settingsFile)
		}
	}
	return s, nil
}

// checkFormat tells a file of a newer Bonafide, whose fields are not known
// here, from a damaged one.
func checkFormat(b []byte, name string) error {
	o, err := strictjson.Object(b, jsonLimits)
	if err != nil {
		return malformed(name, err)
	}
	switch n, _ := o["format"].(json.Number); n {
	case "1":
		return nil
	case "":
		return explain.Errorf("data_damaged", "%s has no format", name)
	}
	return explain.Errorf("data_newer", "%s has a format that is not known", name)
}

// malformed is the error of a file that is no JSON of ours. It tells the place
// and not the bytes that stand there.
func malformed(name string, err error) error {
	if e, ok := errors.AsType[*strictjson.Error](err); ok {
		return explain.Errorf("data_damaged", "%s is malformed: %s at byte %d", name, e.Code, e.Offset)
	}
	return explain.Errorf("data_damaged", "%s is malformed", name)
}

// validWord allows what is safe as a folder's name everywhere.
func validWord(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for _, c := range []byte(s) {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// writeJSON replaces a file of the home.
func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", filepath.Base(path), err)
	}
	return storage.WriteFile(path, append(b, '\n'))
}

func (s settings) write(dir string) error {
	// null would not read back as a list.
	s.Databases = append([]string{}, s.Databases...)
	s.Sources = append([]string{}, s.Sources...)
	return writeJSON(filepath.Join(dir, settingsFile), s)
}

// change reads home.json anew, changes and replaces it, under the home's
// lock; h.mu is held.
func (h *Home) change(ctx context.Context, f func(*settings)) error {
	return h.locked(ctx, lockFile, func() error {
		s, err := readSettings(h.dir)
		if err != nil {
			return err
		}
		f(&s)
		if err := s.write(h.dir); err != nil {
			return err
		}
		h.settings = s
		return nil
	})
}

// SetNode notes the address of the node that this home asks.
func (h *Home) SetNode(ctx context.Context, address string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.change(ctx, func(s *settings) { s.Node = address })
}

// setBoard notes the DID of the home's board.
func (h *Home) setBoard(ctx context.Context, id did.DID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.change(ctx, func(s *settings) { s.Board = id.String() })
}

// SetSources notes where packs are fetched.
func (h *Home) SetSources(ctx context.Context, sources []string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.change(ctx, func(s *settings) { s.Sources = slices.Clone(sources) })
}

// Demo reports whether the demonstration made this home.
func (h *Home) Demo() bool { return h.settings.Demo }

// Node is the address of the node that this home asks, "" if none is noted.
// Another process may have noted it since the home was opened.
func (h *Home) Node() (string, error) {
	s, err := readSettings(h.dir)
	return s.Node, err
}

// Sources are where packs are fetched.
func (h *Home) Sources() ([]string, error) {
	s, err := readSettings(h.dir)
	return s.Sources, err
}

// Roles are the roles that the home has data for.
func (h *Home) Roles() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(h.settings.Databases), func(s string) bool { return s == storage.Keys.Name })
}

// Info is what `home info` tells. It needs no passphrase.
type Info struct {
	Dir       string    `json:"dir"`
	ID        string    `json:"id"`
	Demo      bool      `json:"made_by_demo"`
	Created   time.Time `json:"created"`
	Roles     []string  `json:"roles"`
	Board     string    `json:"board"` // DID of the home's board, "" where it is none
	People    []string  `json:"people"`
	Keyring   []string  `json:"keyring"` // people who also unlock by the system's keyring
	Node      string    `json:"node"`
	Sources   []string  `json:"sources"`
	Trust     bool      `json:"trust"`      // a network is pinned
	Network   string    `json:"network"`    // which, "" where none is
	DataBytes int       `json:"data_bytes"` // size of the kept data pack
	Floor     time.Time `json:"clock_floor"`
	Version   string    `json:"version"`
	Build     time.Time `json:"build,omitzero"`
	Bytes     int64     `json:"bytes"` // of all files
	// When the home was last backed up, what was added since (null: not known),
	// and when it was brought back; the times are null for never.
	LastBackup *time.Time `json:"last_backup"`
	Acts       *int64     `json:"acts_since_backup"`
	Restored   *time.Time `json:"restored"`
}

// Info reads what is known about the home.
func (h *Home) Info(ctx context.Context) (Info, error) {
	s, err := readSettings(h.dir)
	if err != nil {
		return Info{}, err
	}
	p, err := readPeople(h.dir, s.ID)
	if err != nil {
		return Info{}, err
	}
	trust, data, err := h.Network().Load()
	if err != nil {
		return Info{}, err
	}
	var network string
	if len(trust) > 0 {
		t, err := pack.ParseTrust(trust)
		if err != nil {
			return Info{}, err
		}
		network = t.ChainID
	}
	floor, err := h.clock.Floor()
	if err != nil {
		return Info{}, err
	}
	i := Info{
		Dir: h.dir, ID: s.ID, Demo: s.Demo, Created: s.Created, Roles: h.Roles(), Board: s.Board, People: []string{}, Keyring: []string{},
		Node: s.Node, Sources: s.Sources, Trust: trust != nil, Network: network, DataBytes: len(data), Floor: floor, Version: Version(), Build: h.o.Build,
	}
	for _, person := range p.People {
		i.People = append(i.People, person.Name)
		if person.slot(slotKeyring) != nil {
			i.Keyring = append(i.Keyring, person.Name)
		}
	}
	if i.Bytes, err = folderSize(h.dir); err != nil {
		return Info{}, err
	}
	last, err := readLastBackup(h.dir)
	if err != nil || last == nil {
		return i, err
	}
	i.LastBackup = &last.At
	if !last.Restored.IsZero() {
		i.Restored = &last.Restored
	}
	if n, err := h.actsSince(ctx, last.Acts); err == nil { // else it is not known, and `home check` tells why
		i.Acts = &n
	}
	return i, ctx.Err()
}

// folderSize adds up the files of a folder.
func folderSize(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another process's temporary file
		}
		if err == nil {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("adding up the home's files: %w", err)
	}
	return n, nil
}

// actsSince counts what was added to the home's databases since they had had
// as many as in before.
func (h *Home) actsSince(ctx context.Context, before map[string]int64) (sum int64, err error) {
	for _, s := range storage.Schemas() {
		if !h.has(s.Name) {
			continue
		}
		db, err := h.database(s)
		if err != nil {
			return 0, err
		}
		n, err := db.Acts(ctx)
		if err != nil {
			return 0, err
		}
		sum += max(n-before[s.Name], 0)
	}
	return sum, nil
}
