package aries

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	aries "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/vdr"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/did/jwk"
	"bonafide/did/key"
	"bonafide/did/web"
	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/ledger"
)

func newKey(t *testing.T, name string) ed25519.PrivateKey {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// holds checks that an aries document has exactly the keys of ours, and keeps
// them when aries writes and reads it.
func holds(t *testing.T, got *aries.Doc, want *did.Document) {
	t.Helper()
	b, err := got.JSONBytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := aries.ParseDocument(b)
	if err != nil {
		t.Fatalf("aries does not take its own writing: %v\n%s", err, b)
	}
	for _, doc := range []*aries.Doc{got, again} {
		if doc.ID != string(want.ID) {
			t.Fatalf("id %s", doc.ID)
		}
		n := 0
		for _, m := range want.Methods {
			if m.Key.Kind() == 0 {
				continue
			}
			n++
			vm, ok := aries.LookupPublicKey(m.ID, doc)
			if !ok || vm.ID != m.ID || vm.JSONWebKey() == nil {
				t.Errorf("%s is not there", m.ID)
				continue
			}
			// What aries holds, read by our own parser, is the same key.
			raw, err := vm.JSONWebKey().MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			wrapped, err := json.Marshal(map[string]any{"id": m.ID[:strings.Index(m.ID, "#")], "verificationMethod": []any{map[string]any{
				"id": m.ID, "type": "JsonWebKey2020", "controller": m.Controller, "publicKeyJwk": json.RawMessage(raw),
			}}})
			if err != nil {
				t.Fatal(err)
			}
			back, err := did.ParseDocument(wrapped)
			if err != nil || back.Methods[0].Key != m.Key {
				t.Errorf("%s became another key: %v", m.ID, err)
			}
		}
		if len(doc.VerificationMethod) != n {
			t.Errorf("%d methods, want %d", len(doc.VerificationMethod), n)
		}
		for rel, list := range map[did.Relationship][]aries.Verification{
			did.Authentication: doc.Authentication, did.AssertionMethod: doc.AssertionMethod, did.KeyAgreement: doc.KeyAgreement,
			did.CapabilityInvocation: doc.CapabilityInvocation, did.CapabilityDelegation: doc.CapabilityDelegation,
		} {
			ours := want.MethodsFor(rel)
			if len(list) != len(ours) {
				t.Errorf("%s: %d, want %d", rel, len(list), len(ours))
				continue
			}
			for i := range list {
				if list[i].VerificationMethod.ID != ours[i].ID {
					t.Errorf("%s: %s", rel, list[i].VerificationMethod.ID)
				}
			}
		}
	}
}

// An aries caller resolves what boards anchor, in every version.
func TestLedger(t *testing.T) {
	l := testkit.NewLedger(t, "test-abcdefgh", 1, 1)
	board := l.NewBoard("Board of Nursing")
	l.Create(board)
	before := l.Now
	var registry vdrapi.Registry = New(map[string]did.Resolver{"bonafide": lazy{l}})
	resolve := func(options ...vdrapi.DIDMethodOption) *aries.DocResolution {
		t.Helper()
		r, err := registry.Resolve(string(board.DID), options...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first, err := did.ParseDocument(board.Document)
	if err != nil {
		t.Fatal(err)
	}
	r := resolve()
	holds(t, r.DIDDocument, first)
	if r.DocumentMetadata.VersionID != "1" || r.DocumentMetadata.Deactivated || r.DIDDocument.Created == nil || r.DIDDocument.Updated != nil {
		t.Errorf("%+v", r.DocumentMetadata)
	}

	next, err := bonafide.NextDocument(board.DID,
		[]did.PublicKey{testkit.Public(t, newKey(t, "new issuing"))}, []did.PublicKey{testkit.Public(t, board.Key)},
		bonafide.DocumentOptions{Services: []bonafide.Service{bonafide.DeskOf("Nursing", "desk@nursing.example")}, AlsoKnownAs: []string{"did:web:nursing.example"}})
	if err != nil {
		t.Fatal(err)
	}
	l.Beat(time.Hour)
	l.Execute(l.Sign(board, ledger.UpdateDID{Document: next}))
	second, err := did.ParseDocument(next)
	if err != nil {
		t.Fatal(err)
	}
	r = resolve()
	holds(t, r.DIDDocument, second)
	if r.DocumentMetadata.VersionID != "2" || r.DIDDocument.Updated == nil || len(r.DIDDocument.Service) != 1 || r.DIDDocument.AlsoKnownAs[0] != "did:web:nursing.example" {
		t.Errorf("%+v", r.DIDDocument)
	}
	holds(t, resolve(vdrapi.WithOption(VersionID, "1")).DIDDocument, first)
	holds(t, resolve(vdrapi.WithOption(VersionTime, before.Format(time.RFC3339))).DIDDocument, first)
	if b, err := resolve().JSONBytes(); err != nil || !bytes.Contains(b, []byte(`"name":"Nursing"`)) {
		t.Errorf("%s %v", b, err)
	}

	l.Beat(time.Hour)
	l.Execute(l.Sign(board, ledger.DeactivateDID{}))
	r = resolve()
	if !r.DocumentMetadata.Deactivated || r.DocumentMetadata.VersionID != "3" || len(r.DIDDocument.VerificationMethod) != 0 {
		t.Errorf("%+v", r)
	}
	holds(t, resolve(vdrapi.WithOption(VersionID, "2")).DIDDocument, second)

	for name, c := range map[string]struct {
		id      string
		options []vdrapi.DIDMethodOption
		code    string
		absent  bool
	}{
		"unknown":         {"did:bonafide:test-abcdefgh:" + strings.Repeat("a", 32), nil, "did_not_found", true},
		"other network":   {"did:bonafide:test-hgfedcba:" + strings.Repeat("a", 32), nil, "did_other_network", true},
		"no such version": {string(board.DID), []vdrapi.DIDMethodOption{vdrapi.WithOption(VersionID, "9")}, "did_version_unknown", true},
		"before it was":   {string(board.DID), []vdrapi.DIDMethodOption{vdrapi.WithOption(VersionTime, "2001-01-01T00:00:00Z")}, "did_version_unknown", true},
		"a time as typed": {string(board.DID), []vdrapi.DIDMethodOption{vdrapi.WithOption(VersionTime, "yesterday")}, "did_options_invalid", false},
		"a number":        {string(board.DID), []vdrapi.DIDMethodOption{vdrapi.WithOption(VersionID, 1)}, "did_options_invalid", false},
		"other option":    {string(board.DID), []vdrapi.DIDMethodOption{vdrapi.WithOption("height", "1")}, "did_options_invalid", false},
		"malformed":       {"did:bonafide:x", nil, "did_invalid", false},
	} {
		r, err := registry.Resolve(c.id, c.options...)
		if r != nil || explain.CodeOf(err) != c.code || errors.Is(err, vdrapi.ErrNotFound) != c.absent {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r, err := registry.Resolve("did:peer:1", nil...); err == nil || r != nil {
		t.Error("a method that is not mounted")
	}
}

// lazy resolves from the ledger as it stands.
type lazy struct{ l *testkit.Ledger }

func (z lazy) Resolve(ctx context.Context, id did.DID, o did.ResolveOptions) (*did.Resolution, error) {
	return bonafide.NewResolver(dated{z.l.View(), z.l}).Resolve(ctx, id, o)
}

// dated is the state with the time of the header that proves it, as a pack
// brings it.
type dated struct {
	did.History
	l *testkit.Ledger
}

func (d dated) Tip() (uint64, time.Time) {
	height, _ := d.History.Tip()
	return height, d.l.Now
}

type cache map[did.DID]string

func (c cache) Document(_ context.Context, id did.DID) (*did.Document, time.Time, error) {
	s, ok := c[id]
	if !ok {
		return nil, time.Time{}, explain.Errorf("document_not_fetched", "none")
	}
	d, err := did.ParseDocument([]byte(s))
	return d, time.Unix(0, 0), err
}

// Every kind of key arrives whole, whichever method and form it comes in, and
// what aries makes of services does not break it.
func TestMethods(t *testing.T) {
	const hospital = "did:web:hospital.example"
	methods := map[string]did.Resolver{
		"key": key.Resolver, "jwk": jwk.Resolver,
		"web": web.NewResolver(cache{hospital: `{"@context":["https://www.w3.org/ns/did/v1.1"],"id":"` + hospital + `",
			"verificationMethod":[
				{"id":"#a","type":"Multikey","controller":"` + hospital + `","publicKeyMultibase":"zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"},
				{"id":"#b","type":"Multikey","controller":"` + hospital + `","publicKeyMultibase":"z82LkvCwHNreneWpsgPEbV3gu1C6NFJEBg4srfJ5gdxEsMGRJUz2sG9FE42shbn2xkZJh54"},
				{"id":"#c","type":"X25519KeyAgreementKey2019","controller":"` + hospital + `","publicKeyBase58":"9hFgmPVfmBZwRvFEyniQDBkz9LmV7gDEqytWyGZLmDXE"},
				{"id":"#ab","type":"Multikey","controller":"did:web:other.example","publicKeyMultibase":"z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"}],
			"assertionMethod":["#a","#b","#ab"],"authentication":["#b"],"keyAgreement":["#c"],
			"service":[{"id":"#1","type":"x","serviceEndpoint":[]},{"id":"#2","type":"x","serviceEndpoint":{"origins":[]}},
				{"id":"#3","type":["x","y"],"serviceEndpoint":{"origins":["https://hospital.example"]}},
				{"id":"#4","type":"x","serviceEndpoint":""},{"id":"#5","type":"x","serviceEndpoint":["https://a.example"]}]}`}),
	}
	registry, ours := New(methods), did.NewMux(methods)
	for _, id := range []did.DID{
		"did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
		"did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
		"did:key:z82LkvCwHNreneWpsgPEbV3gu1C6NFJEBg4srfJ5gdxEsMGRJUz2sG9FE42shbn2xkZJh54",
		jwk.New(testkit.Public(t, newKey(t, "holder"))), hospital,
	} {
		r, err := registry.Resolve(string(id))
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		want, err := ours.Resolve(t.Context(), id, did.ResolveOptions{})
		if err != nil {
			t.Fatal(err)
		}
		holds(t, r.DIDDocument, want.Document)
		if id == hospital && len(r.DIDDocument.Service) != 1 {
			t.Errorf("%d services", len(r.DIDDocument.Service))
		}
	}
	if _, err := registry.Resolve("did:web:elsewhere.example"); !errors.Is(err, vdrapi.ErrNotFound) || explain.CodeOf(err) != "document_not_fetched" {
		t.Error(err)
	}
}

// TestThreat76_PanicsBelowAriesAreErrors: neither what is mounted, nor aries
// itself, nor what a caller hands in ends the process.
func TestThreat76_PanicsBelowAriesAreErrors(t *testing.T) {
	r := New(map[string]did.Resolver{"bad": panicking{}, "null": null{}})
	for name, f := range map[string]func() error{
		"resolver": func() error { _, err := r.Resolve("did:bad:1"); return err },
		"in a foreign registry": func() error {
			_, err := vdr.New(vdr.WithVDR(VDR("bad", panicking{}))).Resolve("did:bad:1")
			return err
		},
		"no document":   func() error { _, err := r.Resolve("did:null:1"); return err },
		"nil update":    func() error { return r.Update(nil) },
		"nil option":    func() error { _, err := r.Create("bad", nil, nil); return err },
		"option panics": func() error { _, err := r.Resolve("did:bad:1", func(*vdrapi.DIDMethodOpts) { panic("x") }); return err },
		"empty":         func() error { _, err := r.Resolve(""); return err },
		"colons":        func() error { _, err := r.Resolve("::::"); return err },
		"nil registry":  func() error { return (*Registry)(nil).Close() },
	} {
		err := f()
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type panicking struct{}

func (panicking) Resolve(context.Context, did.DID, did.ResolveOptions) (*did.Resolution, error) {
	panic("secret")
}

type null struct{}

func (null) Resolve(context.Context, did.DID, did.ResolveOptions) (*did.Resolution, error) {
	return &did.Resolution{}, nil
}

func TestReadOnly(t *testing.T) {
	r := New(map[string]did.Resolver{"key": key.Resolver})
	const id = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
	if _, err := r.Create("key", &aries.Doc{ID: id}); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if err := r.Update(&aries.Doc{ID: id}); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if err := r.Deactivate(id); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	// What an aries agent gets cannot change what the next one gets.
	a, err := r.Resolve(id)
	if err != nil {
		t.Fatal(err)
	}
	a.DIDDocument.VerificationMethod[0].Value[0] ^= 1
	a.DIDDocument.AssertionMethod = nil
	b, err := r.Resolve(id)
	if err != nil || len(b.DIDDocument.AssertionMethod) != 1 || bytes.Equal(a.DIDDocument.VerificationMethod[0].Value, b.DIDDocument.VerificationMethod[0].Value) {
		t.Error(err)
	}
}
