package home

// People: who may unlock the home, and by what. people.json holds for each
// person the master key wrapped by what that person knows or has; there is
// nothing in it, nor anywhere else, that says "open" or counts attempts, so
// altering or deleting it opens nothing. Who the people of a home are, which
// "two of them must agree" rests on, stands sealed in keys.db and not here.

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/zalando/go-keyring"
	"golang.org/x/crypto/argon2"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/internal/strictjson"
	"bonafide/storage"
)

const peopleFile = "people.json"

// peopleStore is the store of keys.db that lists the people: name → record.
const peopleStore = "people"

// Kinds of slots.
const (
	slotPassphrase = "passphrase"
	slotKeyring    = "keyring"
)

// Cost is how much work one try at a passphrase takes (Argon2id, RFC 9106).
type Cost struct {
	Time      uint32 // passes
	MemoryKiB uint32
	Threads   uint8
}

// DefaultCost is the second recommended option of RFC 9106, section 4.
var DefaultCost = Cost{Time: 3, MemoryKiB: 64 << 10, Threads: 4}

// check bounds what a file can make this program do.
func (c Cost) check() error {
	if c.Time < 1 || c.Time > 32 || c.Threads < 1 || c.Threads > 16 ||
		c.MemoryKiB < 8*uint32(c.Threads) || c.MemoryKiB > 1<<20 {
		return errors.New("home: the passphrase cost is out of bounds")
	}
	return nil
}

// minPassphrase is the shortest passphrase that is taken, in characters.
const minPassphrase = 8

// people is people.json; its body is covered by a checksum, so that a damaged
// file is told from a wrong passphrase. The checksum protects against nobody.
type people struct {
	Home    string   `json:"home"`
	History history  `json:"history"`
	People  []access `json:"people"`
}

type access struct {
	Name  string `json:"name"`
	Slots []slot `json:"slots"`
}

func (a access) slot(kind string) *slot {
	i := slices.IndexFunc(a.Slots, func(s slot) bool { return s.Kind == kind })
	if i < 0 {
		return nil
	}
	return &a.Slots[i]
}

// slot is the master key wrapped under one key: nonce(12) ‖ AES-256-GCM.
type slot struct {
	Kind    string `json:"kind"`
	Wrapped []byte `json:"wrapped"`
	Argon   *argon `json:"argon2id,omitempty"` // where kind is passphrase
}

type argon struct {
	Time      uint32 `json:"time"`
	MemoryKiB uint32 `json:"memory_kib"`
	Threads   uint8  `json:"threads"`
	Salt      []byte `json:"salt"`
}

// history is the key pair of the verifier's history: public in clear, private
// sealed under the master key.
type history struct {
	Public  []byte `json:"public"`
	Private []byte `json:"private"`
}

var historyCell = storage.Cell{Table: peopleFile, Column: "history", Row: "private"}

func newHistory(master []byte) (history, error) {
	public, private, err := storage.NewKeyPair()
	if err != nil {
		return history{}, err
	}
	defer clear(private)
	s, err := storage.NewSealer(master, "home", "history key")
	if err != nil {
		return history{}, err
	}
	defer s.Close()
	sealed, err := s.Seal(historyCell, private)
	return history{Public: public, Private: sealed}, err
}

// open returns the private key, after checking that the public one in clear
// is its own and nobody else's.
func (h history) open(master []byte) ([]byte, error) {
	s, err := storage.NewSealer(master, "home", "history key")
	if err != nil {
		return nil, err
	}
	defer s.Close()
	private, err := s.Open(historyCell, h.Private)
	if err != nil {
		return nil, err
	}
	k, err := ecdh.X25519().NewPrivateKey(private)
	if err != nil || subtle.ConstantTimeCompare(k.PublicKey().Bytes(), h.Public) != 1 {
		clear(private)
		return nil, explain.Errorf("data_damaged", "%s: the history key was exchanged", peopleFile)
	}
	return private, nil
}

func (p people) find(name string) int {
	return slices.IndexFunc(p.People, func(a access) bool { return a.Name == name })
}

func (p people) write(dir string) error {
	body, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("writing %s: %w", peopleFile, err)
	}
	v, err := strictjson.Parse(body, jsonLimits)
	if err != nil {
		return fmt.Errorf("writing %s: %w", peopleFile, err)
	}
	sum, err := checksum(v)
	if err != nil {
		return fmt.Errorf("writing %s: %w", peopleFile, err)
	}
	return writeJSON(filepath.Join(dir, peopleFile), map[string]any{"format": 1, "body": p, "sha256": sum})
}

// checksum is the SHA-256 of a value's canonical form (RFC 8785), in hex.
func checksum(v any) (string, error) {
	b, err := strictjson.Canonical(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

func readPeople(dir, home string) (people, error) {
	b, err := readBounded(filepath.Join(dir, peopleFile), int64(jsonLimits.Bytes))
	if errors.Is(err, fs.ErrNotExist) {
		return people{}, explain.Errorf("data_missing", "%s is gone", peopleFile)
	}
	if err != nil {
		return people{}, fmt.Errorf("reading %s: %w", peopleFile, err)
	}
	return parsePeople(b, home)
}

func parsePeople(b []byte, home string) (people, error) {
	damaged := func(why string) (people, error) {
		return people{}, explain.Errorf("data_damaged", "%s: %s", peopleFile, why)
	}
	if err := checkFormat(b, peopleFile); err != nil {
		return people{}, err
	}
	var f struct {
		Format int    `json:"format"`
		Body   people `json:"body"`
		SHA256 string `json:"sha256"`
	}
	if err := strictjson.Decode(b, jsonLimits, &f); err != nil {
		return people{}, malformed(peopleFile, err)
	}
	o, err := strictjson.Object(b, jsonLimits)
	if err != nil {
		return people{}, malformed(peopleFile, err)
	}
	if sum, err := checksum(o["body"]); err != nil || sum != f.SHA256 {
		return damaged("the checksum does not fit")
	}
	p := f.Body
	if p.Home != home {
		return damaged("it belongs to another home")
	}
	if len(p.History.Public) != 32 || len(p.History.Private) == 0 || len(p.People) == 0 {
		return damaged("something is missing")
	}
	for i, a := range p.People {
		if checkName(a.Name) != nil || p.find(a.Name) != i {
			return damaged("a name is malformed or there twice")
		}
		for _, s := range a.Slots {
			switch s.Kind {
			case slotKeyring:
				if s.Argon != nil {
					return damaged("a slot is malformed")
				}
			case slotPassphrase:
				if s.Argon == nil || len(s.Argon.Salt) != 16 || s.Argon.cost().check() != nil {
					return damaged("a slot is malformed")
				}
			default:
				return damaged("a slot is of an unknown kind")
			}
		}
	}
	return p, nil
}

func (a argon) cost() Cost { return Cost{a.Time, a.MemoryKiB, a.Threads} }

// checkName takes names of 1 to 64 bytes that print as they are: they are
// asked for on command lines and shown beside every act.
func checkName(name string) error {
	bad := name == "" || len(name) > 64 || !utf8.ValidString(name) || strings.TrimSpace(name) != name ||
		strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
	if bad {
		return explain.Errorf("name_malformed", "a name has 1 to 64 bytes, prints, and begins and ends with no space")
	}
	return nil
}

// wrap seals the master key under a 32-byte key, bound to the home, the
// person and the kind of slot.
func wrap(key, master []byte, home, person, kind string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, aead.NonceSize())
	rand.Read(out) // never fails: it ends the program where there is no randomness
	return aead.Seal(out, out, master, wrapped(home, person, kind)), nil
}

var errUnwrap = errors.New("the master key does not unwrap")

func unwrap(key, sealed []byte, home, person, kind string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errUnwrap
	}
	master, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], wrapped(home, person, kind))
	if err != nil || len(master) != storage.KeySize {
		return nil, errUnwrap
	}
	return master, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("wrapping the master key: %w", err)
	}
	return cipher.NewGCM(block)
}

// wrapped is the associated data of a slot: u32 length ‖ bytes of each part.
func wrapped(parts ...string) []byte {
	var out []byte
	for _, p := range append([]string{"bonafide-wrap-1"}, parts...) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p)))
		out = append(out, p...)
	}
	return out
}

// newPassphrase asks for a new passphrase and makes its slot.
func (h *Home) newPassphrase(person, prompt string) (slot, error) {
	pass, err := h.ask(prompt, true)
	if err != nil {
		return slot{}, err
	}
	defer clear(pass)
	if utf8.RuneCount(pass) < minPassphrase {
		return slot{}, explain.Errorf("passphrase_short", "a passphrase has at least %d characters", minPassphrase)
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(h.o.Rand, salt); err != nil {
		return slot{}, fmt.Errorf("making a salt: %w", err)
	}
	c := h.o.Cost
	key := argon2.IDKey(pass, salt, c.Time, c.MemoryKiB, c.Threads, 32)
	defer clear(key)
	w, err := wrap(key, h.master, h.settings.ID, person, slotPassphrase)
	if err != nil {
		return slot{}, err
	}
	return slot{Kind: slotPassphrase, Wrapped: w, Argon: &argon{c.Time, c.MemoryKiB, c.Threads, salt}}, nil
}

func (h *Home) ask(prompt string, confirm bool) ([]byte, error) {
	return askFor(h.o.Passphrase, prompt, confirm)
}

// askFor asks for a passphrase by a function that may be missing.
func askFor(f func(string, bool) ([]byte, error), prompt string, confirm bool) ([]byte, error) {
	if f == nil {
		return nil, explain.Errorf("passphrase_needed", "nobody can be asked for the passphrase")
	}
	pass, err := f(prompt, confirm)
	if err != nil {
		clear(pass)
		if explain.CodeOf(err) == "" {
			return nil, explain.Errorf("passphrase_needed", "asking for the passphrase: %w", err)
		}
		return nil, fmt.Errorf("asking for the passphrase: %w", err)
	}
	return pass, nil
}

// createPeople makes the first person of a new home; h.master is set.
func (h *Home) createPeople() error {
	if err := checkName(h.o.As); err != nil {
		return err
	}
	s, err := h.newPassphrase(h.o.As, "New passphrase for "+h.o.As)
	if err != nil {
		return err
	}
	if err := h.enrol(h.o.As); err != nil {
		return err
	}
	hist, err := newHistory(h.master)
	if err != nil {
		return err
	}
	p := people{Home: h.settings.ID, History: hist, People: []access{{h.o.As, []slot{s}}}}
	return p.write(h.dir)
}

// record is what the sealed list says about a person.
type record struct {
	Key string `json:"key"` // id in the store of persons' keys
}

// enrol makes a person's signing key and adds the person to the sealed list.
// A person that is on the list stays as it is.
func (h *Home) enrol(name string) error {
	list, err := h.table(peopleStore)
	if err != nil {
		return err
	}
	if _, found, err := list.Get(context.Background(), name); found || err != nil {
		return err
	}
	k, err := h.openKeys(keys.Person)
	if err != nil {
		return err
	}
	id, _, err := k.Create(did.Ed25519)
	if err != nil {
		return err
	}
	b, err := json.Marshal(record{Key: id})
	if err != nil {
		return fmt.Errorf("adding a person: %w", err)
	}
	return list.Put(context.Background(), name, b)
}

// Unlock obtains the master key: from the system's keyring where the person
// has a slot for it and it answers, else by asking for the passphrase. What
// needs the key unlocks by itself; calling Unlock only chooses the moment.
// Codes: passphrase_wrong, passphrase_needed, person_needed, person_unknown,
// data_damaged, data_missing.
func (h *Home) Unlock() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unlock()
}

func (h *Home) unlock() error {
	if h.master != nil {
		return nil
	}
	p, err := readPeople(h.dir, h.settings.ID)
	if err != nil {
		return err
	}
	name := h.o.As
	if name == "" {
		if len(p.People) > 1 {
			return explain.Errorf("person_needed", "the home has several people")
		}
		name = p.People[0].Name
	}
	i := p.find(name)
	if i < 0 {
		return explain.Errorf("person_unknown", "nobody of that name")
	}
	master, err := h.open(p.People[i])
	if err != nil {
		return err
	}
	h.master = master
	if err := h.confirm(p, name); err != nil {
		clear(h.master)
		h.master = nil
		return err
	}
	h.person = name
	return nil
}

// open unwraps the master key by one of a person's slots.
func (h *Home) open(a access) ([]byte, error) {
	if s := a.slot(slotKeyring); s != nil {
		if key, err := h.keyringKey(a.Name); err == nil {
			master, err := unwrap(key, s.Wrapped, h.settings.ID, a.Name, slotKeyring)
			clear(key)
			if err == nil {
				return master, nil
			}
		}
		// The keyring is a comfort: without it the passphrase is asked for.
	}
	s := a.slot(slotPassphrase)
	if s == nil {
		return nil, explain.Errorf("data_damaged", "%s: the person has no passphrase slot", peopleFile)
	}
	pass, err := h.ask("Passphrase for "+a.Name, false)
	if err != nil {
		return nil, err
	}
	key := argon2.IDKey(pass, s.Argon.Salt, s.Argon.Time, s.Argon.MemoryKiB, s.Argon.Threads, 32)
	clear(pass)
	defer clear(key)
	master, err := unwrap(key, s.Wrapped, h.settings.ID, a.Name, slotPassphrase)
	if errors.Is(err, errUnwrap) {
		return nil, explain.Errorf("passphrase_wrong", "the passphrase does not open the home")
	}
	return master, err
}

// confirm checks what stands in clear against what is sealed.
func (h *Home) confirm(p people, name string) error {
	private, err := p.History.open(h.master)
	if err != nil {
		return err
	}
	clear(private)
	list, err := h.table(peopleStore)
	if err != nil {
		return err
	}
	_, found, err := list.Get(context.Background(), name)
	if err != nil {
		return err
	}
	if !found {
		return explain.Errorf("data_damaged", "%s: the person is not on the sealed list", peopleFile)
	}
	return nil
}

// Person is someone who acts in a home.
type Person struct {
	Name   string
	Signer *keys.Signer
}

// Person returns who acts, with the key that shows it; it unlocks the home.
func (h *Home) Person() (Person, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return Person{}, err
	}
	return h.load(h.person)
}

// load reads one person of the sealed list; it needs the home unlocked.
func (h *Home) load(name string) (Person, error) {
	list, err := h.table(peopleStore)
	if err != nil {
		return Person{}, err
	}
	b, found, err := list.Get(context.Background(), name)
	if err != nil {
		return Person{}, err
	}
	if !found {
		return Person{}, explain.Errorf("person_unknown", "nobody of that name")
	}
	var r record
	if err := strictjson.Decode(b, jsonLimits, &r); err != nil {
		return Person{}, explain.Errorf("data_damaged", "reading a person: %w", err)
	}
	k, err := h.openKeys(keys.Person)
	if err != nil {
		return Person{}, err
	}
	s, err := k.Signer(r.Key)
	if err != nil {
		return Person{}, err
	}
	return Person{Name: name, Signer: s}, nil
}

// People returns everybody on the home's sealed list, by name; it unlocks the
// home. This, not people.json, says how many people a home has.
func (h *Home) People() ([]Person, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return nil, err
	}
	list, err := h.table(peopleStore)
	if err != nil {
		return nil, err
	}
	names, err := list.IDs(context.Background())
	if err != nil {
		return nil, err
	}
	out := make([]Person, 0, len(names))
	for _, n := range names {
		p, err := h.load(n)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// changePeople reads people.json anew, changes and replaces it, under the
// home's lock. After a crash either the old file stands or the new one.
func (h *Home) changePeople(ctx context.Context, f func(*people) error) error {
	return h.locked(ctx, lockFile, func() error {
		p, err := readPeople(h.dir, h.settings.ID)
		if err != nil {
			return err
		}
		if err := f(&p); err != nil {
			return err
		}
		return p.write(h.dir)
	})
}

// AddPerson adds a person, whose new passphrase is asked for, and a signing
// key; it unlocks the home. Broken off, it can be called again.
// Codes: person_exists, name_malformed, passphrase_short.
func (h *Home) AddPerson(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return err
	}
	s, err := h.newPassphrase(name, "New passphrase for "+name)
	if err != nil {
		return err
	}
	return h.changePeople(ctx, func(p *people) error {
		if p.find(name) >= 0 {
			return explain.Errorf("person_exists", "somebody has that name")
		}
		if err := h.enrol(name); err != nil {
			return err
		}
		p.People = append(p.People, access{name, []slot{s}})
		return nil
	})
}

// ChangePassphrase asks the acting person for a new passphrase, after the old
// one (or the keyring) opened the home. The master key stays, so whoever has
// a copy of the old people.json and the old passphrase can still open what
// they copied.
func (h *Home) ChangePassphrase(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return err
	}
	s, err := h.newPassphrase(h.person, "New passphrase for "+h.person)
	if err != nil {
		return err
	}
	return h.setSlot(ctx, slotPassphrase, &s)
}

// Opens says whether a passphrase opens the home for the acting person: nil, or an
// error of code passphrase_wrong. The keyring is not asked, and nothing changes.
// It unlocks the home.
func (h *Home) Opens(pass []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return err
	}
	p, err := readPeople(h.dir, h.settings.ID)
	if err != nil {
		return err
	}
	i := p.find(h.person)
	if i < 0 {
		return explain.Errorf("person_unknown", "nobody of that name")
	}
	s := p.People[i].slot(slotPassphrase)
	if s == nil {
		return explain.Errorf("data_damaged", "%s: the person has no passphrase slot", peopleFile)
	}
	key := argon2.IDKey(pass, s.Argon.Salt, s.Argon.Time, s.Argon.MemoryKiB, s.Argon.Threads, 32)
	defer clear(key)
	master, err := unwrap(key, s.Wrapped, h.settings.ID, h.person, slotPassphrase)
	clear(master)
	if errors.Is(err, errUnwrap) {
		return explain.Errorf("passphrase_wrong", "the passphrase does not open the home")
	}
	return err
}

// setSlot replaces the acting person's slot of a kind; nil removes it.
func (h *Home) setSlot(ctx context.Context, kind string, s *slot) error {
	return h.changePeople(ctx, func(p *people) error {
		i := p.find(h.person)
		if i < 0 {
			return explain.Errorf("person_unknown", "nobody of that name")
		}
		a := &p.People[i]
		a.Slots = slices.DeleteFunc(slices.Clone(a.Slots), func(s slot) bool { return s.Kind == kind })
		if s != nil {
			a.Slots = append(a.Slots, *s)
		}
		return nil
	})
}

// keyringService is the system's store of secrets.
type keyringService interface {
	Set(service, user, secret string) error
	Get(service, user string) (string, error)
	Delete(service, user string) error
}

type systemKeyring struct{}

func (systemKeyring) Set(service, user, secret string) error {
	return keyring.Set(service, user, secret)
}
func (systemKeyring) Get(service, user string) (string, error) { return keyring.Get(service, user) }
func (systemKeyring) Delete(service, user string) error        { return keyring.Delete(service, user) }

const keyringName = "bonafide"

func (h *Home) keyringUser(person string) string { return h.settings.ID + "/" + person }

// keyringKey reads the wrapping key of a person from the system's keyring.
func (h *Home) keyringKey(person string) ([]byte, error) {
	text, err := h.o.keyring.Get(keyringName, h.keyringUser(person))
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return nil, errors.New("the keyring holds something else")
	}
	return key, nil
}

// UseKeyring adds (or, with on false, removes) the system's keyring as a
// second way for the acting person to unlock; the passphrase stays.
// Code keyring_unavailable, as on a machine without a desktop session.
func (h *Home) UseKeyring(ctx context.Context, on bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.unlock(); err != nil {
		return err
	}
	if !on {
		if err := h.setSlot(ctx, slotKeyring, nil); err != nil {
			return err
		}
		// Without its slot the key in the keyring opens nothing.
		if err := h.o.keyring.Delete(keyringName, h.keyringUser(h.person)); err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return explain.Errorf("keyring_unavailable", "removing a key from the keyring: %w", err)
		}
		return nil
	}
	key := make([]byte, 32)
	defer clear(key)
	if _, err := io.ReadFull(h.o.Rand, key); err != nil {
		return fmt.Errorf("making a keyring key: %w", err)
	}
	w, err := wrap(key, h.master, h.settings.ID, h.person, slotKeyring)
	if err != nil {
		return err
	}
	if err := h.o.keyring.Set(keyringName, h.keyringUser(h.person), base64.StdEncoding.EncodeToString(key)); err != nil {
		return explain.Errorf("keyring_unavailable", "storing a key in the keyring: %w", err)
	}
	return h.setSlot(ctx, slotKeyring, &slot{Kind: slotKeyring, Wrapped: w})
}
