package keys

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/secretlock"

	"bonafide/did"
	"bonafide/internal/explain"
)

// memory is a Store in memory whose answers a test can replace.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
	get    func(id string) ([]byte, bool, error) // where not nil
	put    func(id string) error
}

func newMemory() *memory { return &memory{values: map[string][]byte{}} }

func (m *memory) Put(_ context.Context, id string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.put != nil {
		return m.put(id)
	}
	if _, ok := m.values[id]; ok {
		return errors.New("exists")
	}
	m.values[id] = bytes.Clone(value)
	return nil
}

func (m *memory) Get(_ context.Context, id string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.get != nil {
		return m.get(id)
	}
	v, ok := m.values[id]
	return bytes.Clone(v), ok, nil
}

func (m *memory) Delete(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.values, id)
	return nil
}

func (m *memory) IDs(context.Context) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.values)), nil
}

func master(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func open(t testing.TB, s Store, b byte, use string) *Keys {
	t.Helper()
	k, err := Open(s, master(b), use)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return k
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if explain.CodeOf(err) != code {
		t.Fatalf("got error %v, want code %s", err, code)
	}
	if _, ok := explain.Lookup(code); !ok {
		t.Errorf("code %s has no entry", code)
	}
}

func TestSignaturesVerify(t *testing.T) {
	store := newMemory()
	for _, kind := range []did.KeyKind{did.Ed25519, did.P256} {
		t.Run(kind.String(), func(t *testing.T) {
			k := open(t, store, 1, Issuing)
			id, pub, err := k.Create(kind)
			if err != nil {
				t.Fatal(err)
			}
			if pub.Kind() != kind {
				t.Errorf("made a key of kind %s", pub.Kind())
			}
			again := open(t, store, 1, Issuing) // as after a restart
			for _, k := range []*Keys{k, again} {
				s, err := k.Signer(id)
				if err != nil {
					t.Fatal(err)
				}
				if s.Public() != pub || s.ID() != id {
					t.Error("the signer has another key")
				}
				// Many, because r or s with leading zeros is where encodings break.
				for i := range 300 {
					msg := bytes.Repeat([]byte{byte(i)}, i)
					sig, err := s.Sign(msg)
					if err != nil || !pub.Verify(msg, sig) {
						t.Fatalf("signature %d does not verify: %v", i, err)
					}
					if pub.Verify(append(msg, 1), sig) {
						t.Fatal("verifies another message")
					}
				}
			}
			found, err := again.Find(pub)
			if err != nil || found.ID() != id {
				t.Errorf("not found by its public key: %v", err)
			}
		})
	}
	list, err := open(t, store, 1, Issuing).List()
	if err != nil || len(list) != 2 || list[0].ID >= list[1].ID {
		t.Errorf("list %v, %v", list, err)
	}
	if _, _, err := open(t, store, 1, Issuing).Create(did.P384); err == nil {
		t.Error("made a P-384 key")
	}
}

func TestKeysNeedTheirMasterAndUse(t *testing.T) {
	store := newMemory()
	k := open(t, store, 1, Issuing)
	id, pub, err := k.Create(did.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*Keys{
		"master key": open(t, store, 2, Issuing), "use": open(t, store, 1, Ledger),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := other.Signer(id)
			wantCode(t, err, "data_damaged")
			_, err = other.Find(pub)
			wantCode(t, err, "data_damaged")
		})
	}
	_, err = k.Signer("no such id")
	wantCode(t, err, "key_missing")
	_, other, err := open(t, newMemory(), 1, Issuing).Create(did.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Find(other)
	wantCode(t, err, "key_missing")
	if _, err := Open(store, []byte("short"), Issuing); err == nil {
		t.Error("took a short master key")
	}
}

func TestClosedKeysDoNotSign(t *testing.T) {
	k := open(t, newMemory(), 1, Holder)
	id, _, err := k.Create(did.P256)
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Signer(id)
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	if _, err := s.Sign([]byte("x")); err == nil {
		t.Error("signed after Close")
	}
	if _, err := k.Signer(id); err == nil {
		t.Error("unwrapped after Close")
	}
	if _, _, err := k.Create(did.P256); err == nil {
		t.Error("made a key after Close")
	}
	if !bytes.Equal(k.lock.secret, make([]byte, 32)) {
		t.Error("the derived key is still there")
	}
}

// No private key stands in the store in clear, in any spelling that JSON or
// base64 gives it, and errors do not repeat what they were given.
func TestThreat75_StoredKeysAreWrapped(t *testing.T) {
	store := newMemory()
	k := open(t, store, 1, Issuing)
	id, _, err := k.Create(did.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	var seen []byte // what aries asked to have wrapped
	spy := spyLock{lock: k.lock, saw: func(b []byte) { seen = append(seen, b...) }}
	if _, err := spy.Encrypt("x", &secretlock.EncryptRequest{Plaintext: base64.URLEncoding.EncodeToString([]byte("MARKER"))}); err != nil || !bytes.Contains(seen, []byte("MARKER")) {
		t.Fatal("the spy sees nothing", err)
	}
	stored := string(store.values[id])
	if !strings.Contains(stored, "encryptedKeyset") || strings.Contains(stored, "keyData") {
		t.Errorf("stored form: %.80s", stored)
	}
	store.values[id] = []byte(`{"encryptedKeyset":"MARKER-SECRET"}`)
	k2 := open(t, store, 1, Issuing)
	_, err = k2.Signer(id)
	wantCode(t, err, "data_damaged")
	if strings.Contains(err.Error(), "MARKER") {
		t.Errorf("the error repeats what was stored: %v", err)
	}
}

type spyLock struct {
	lock *lock
	saw  func([]byte)
}

func (s spyLock) Encrypt(uri string, r *secretlock.EncryptRequest) (*secretlock.EncryptResponse, error) {
	if b, err := base64.URLEncoding.DecodeString(r.Plaintext); err == nil {
		s.saw(b)
	}
	return s.lock.Encrypt(uri, r)
}

func TestThreat76_PanicsInAriesAreErrors(t *testing.T) {
	store := newMemory()
	k := open(t, store, 1, Issuing)
	id, _, err := k.Create(did.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	s, err := k.Signer(id)
	if err != nil {
		t.Fatal(err)
	}
	store.put = func(string) error { panic("MARKER in a call that aries makes") }
	_, _, err = k.Create(did.Ed25519)
	wantCode(t, err, "key_store_failed")
	if strings.Contains(err.Error(), "MARKER") {
		t.Errorf("the panic's value got out: %v", err)
	}
	store.put = nil
	store.mu = sync.Mutex{} // the panic left it locked

	calls := 0
	good := store.values[id]
	store.get = func(string) ([]byte, bool, error) {
		if calls++; calls%2 == 0 { // the first call is ours, the second one aries'
			panic("in a call that aries makes")
		}
		return good, true, nil
	}
	k2 := open(t, store, 1, Issuing)
	_, err = k2.List()
	wantCode(t, err, "data_damaged")
	store.mu = sync.Mutex{}
	store.get = nil

	s.crypto = nil // aries' own nil dereference
	s.handle = struct{}{}
	_, err = s.Sign([]byte("x"))
	wantCode(t, err, "key_store_failed")
}

func TestStoreErrorsKeepTheirCode(t *testing.T) {
	store := newMemory()
	k := open(t, store, 1, Issuing)
	full := explain.Errorf("disk_full", "no room")
	store.put = func(string) error { return full }
	_, _, err := k.Create(did.Ed25519)
	wantCode(t, err, "disk_full")
	store.get = func(string) ([]byte, bool, error) { return nil, false, explain.Errorf("data_damaged", "x") }
	_, err = k.Signer("x")
	wantCode(t, err, "data_damaged")
}

// Whatever bytes stand in the store, reading them is an error, not a panic, or
// gives a key that works.
func FuzzStoredKey(f *testing.F) {
	store := newMemory()
	k, err := Open(store, master(1), Issuing)
	if err != nil {
		f.Fatal(err)
	}
	id, _, err := k.Create(did.P256)
	if err != nil {
		f.Fatal(err)
	}
	good := bytes.Clone(store.values[id])
	for _, seed := range []string{
		"", "{}", "null", `{"encryptedKeyset":""}`, `{"encryptedKeyset":"AAAAAA=="}`, `{"encryptedKeyset":"/////w==","keysetInfo":{"keyInfo":[null]}}`,
		string(good), string(good[:len(good)/2]),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		store := newMemory()
		store.values["x"] = b
		k, err := Open(store, master(1), Issuing)
		if err != nil {
			t.Fatal(err)
		}
		s, err := k.Signer("x")
		if err != nil {
			if explain.CodeOf(err) == "" {
				t.Errorf("no code: %v", err)
			}
			return
		}
		// Fuzzing runs in several processes, each with its own seed under the
		// same master key: whatever is read must work as a key.
		sig, err := s.Sign(b)
		if err != nil || !s.Public().Verify(b, sig) {
			t.Errorf("a key that does not sign: %v", err)
		}
	})
}

func FuzzLock(f *testing.F) {
	l, err := newLock(master(1), Issuing)
	if err != nil {
		f.Fatal(err)
	}
	good, err := l.Encrypt("uri", &secretlock.EncryptRequest{Plaintext: "QUJD"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.Ciphertext, "")
	f.Add("", "")
	f.Add("QUJD", "QUJD")
	f.Fuzz(func(t *testing.T, ciphertext, aad string) {
		resp, err := l.Decrypt("uri", &secretlock.DecryptRequest{Ciphertext: ciphertext, AdditionalAuthenticatedData: aad})
		if err == nil && (resp.Plaintext != "QUJD" || aad != "") {
			t.Error("opened what was never sealed")
		}
		if _, err := l.Decrypt("other", &secretlock.DecryptRequest{Ciphertext: ciphertext, AdditionalAuthenticatedData: aad}); err == nil {
			t.Error("opened under another name")
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for _, kind := range []did.KeyKind{did.Ed25519, did.P256} {
		k := open(b, newMemory(), 1, Issuing)
		id, _, err := k.Create(kind)
		if err != nil {
			b.Fatal(err)
		}
		s, err := k.Signer(id)
		if err != nil {
			b.Fatal(err)
		}
		msg := make([]byte, 64)
		b.Run(kind.String(), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Sign(msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
