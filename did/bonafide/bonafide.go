// Package bonafide implements the DID method `bonafide`: the DIDs of boards,
// kept on their common ledger. docs/did-method.md is its specification.
package bonafide

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/internal/text"
)

const (
	// MaxDocument is the largest DID document of this method, in bytes.
	MaxDocument = 16 << 10

	prefix      = "did:bonafide:"
	placeholder = "{id}" // stands for the DID while it is computed
	idLength    = 32     // base32 characters: 160 bits
	tailLength  = 8      // base32 characters: 40 bits
)

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ParseNetwork checks a network's name, which is its chain id: a label of one
// to sixteen of [a-z0-9], `-`, and eight characters of base32. Code
// network_name_invalid.
func ParseNetwork(chainID string) error {
	label, tail, ok := strings.Cut(chainID, "-")
	if !ok || !validLabel(label) || len(tail) != tailLength || !isBase32(tail) {
		return explain.Errorf("network_name_invalid", "not the name of a network")
	}
	return nil
}

// NewNetwork returns a new network's name: the label and 40 random bits.
func NewNetwork(label string, rand io.Reader) (string, error) {
	if !validLabel(label) {
		return "", explain.Errorf("network_name_invalid", "label is not 1 to 16 of [a-z0-9]")
	}
	var b [5]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", fmt.Errorf("naming a network: %w", err)
	}
	return label + "-" + lower32.EncodeToString(b[:]), nil
}

// Split checks the syntax of a DID of this method and returns its parts.
// Codes: did_invalid, did_method_unsupported.
func Split(d did.DID) (network, id string, err error) {
	if _, err := did.Parse(string(d)); err != nil {
		return "", "", err
	}
	if d.Method() != "bonafide" {
		return "", "", explain.Errorf("did_method_unsupported", "not a did:bonafide")
	}
	network, id, _ = strings.Cut(d.Specific(), ":")
	if ParseNetwork(network) != nil || len(id) != idLength || !isBase32(id) {
		return "", "", explain.Errorf("did_invalid", "not a did:bonafide")
	}
	return network, id, nil
}

// ID returns the DID that a first document gives rise to, from the document
// with `{id}` wherever its DID will stand: the network and the first 32
// characters of base32(SHA-256(JCS(document))).
func ID(network string, docWithPlaceholder []byte) (did.DID, error) {
	if err := ParseNetwork(network); err != nil {
		return "", err
	}
	v, err := strictjson.Object(docWithPlaceholder, strictjson.Limits{Bytes: MaxDocument})
	if err != nil {
		return "", explain.Errorf("did_document_invalid", "computing a DID: %w", err)
	}
	b, err := strictjson.Canonical(v)
	if err != nil {
		return "", explain.Errorf("did_document_invalid", "computing a DID: %w", err)
	}
	return hashID(network, b), nil
}

func hashID(network string, jcs []byte) did.DID {
	sum := sha256.Sum256(jcs)
	return did.DID(prefix + network + ":" + lower32.EncodeToString(sum[:])[:idLength])
}

// DocumentOptions is what a document may hold beside its keys.
type DocumentOptions struct {
	AlsoKnownAs []string // URIs, as did:web or https://…
	Services    []Service
}

// Service is where a board can be reached. Its id is the DID, `#` and Name.
// Endpoint is a URI, or an object (map[string]any) as DID Core allows.
type Service struct {
	Name, Type string
	Endpoint   any
}

// DeskService is the service type under which a board says who it is and where
// people reach it: the endpoint is {"name": "…", "contact": "…"}.
const DeskService = "LicensingBoard"

// DeskOf makes the service entry of a board's desk.
func DeskOf(name, contact string) Service {
	e := map[string]any{"name": name}
	if contact != "" {
		e["contact"] = contact
	}
	return Service{Name: "desk", Type: DeskService, Endpoint: e}
}

// Desk returns what a document says of the board's desk, fit to be shown on a
// line (at most 200 characters each); empty where it says nothing.
func Desk(d *did.Document) (name, contact string) {
	for _, s := range d.Services {
		e, ok := s.Endpoint.(map[string]any)
		if !ok || !slices.Contains(s.Type, DeskService) {
			continue
		}
		name, _ = e["name"].(string)
		contact, _ = e["contact"].(string)
		return text.Line(name, 200), text.Line(contact, 200)
	}
	return "", ""
}

// OptionsOf reads what a document holds beside its keys, for its next version.
func OptionsOf(d *did.Document) DocumentOptions {
	o := DocumentOptions{AlsoKnownAs: d.AlsoKnownAs}
	for _, s := range d.Services {
		_, name, _ := strings.Cut(s.ID, "#")
		o.Services = append(o.Services, Service{Name: name, Type: s.Type[0], Endpoint: s.Endpoint})
	}
	return o
}

// NewDocument makes the first document of a DID and the DID from it. Issuing
// keys stand under assertionMethod, ledger keys under capabilityInvocation;
// a method's fragment is its Multikey. The document is in JCS form and has
// passed CheckDocument.
func NewDocument(network string, issuing, ledger []did.PublicKey, o DocumentOptions) (did.DID, []byte, error) {
	template, err := compose(placeholder, issuing, ledger, o)
	if err != nil {
		return "", nil, err
	}
	id, err := ID(network, template)
	if err != nil {
		return "", nil, err
	}
	doc := bytes.ReplaceAll(template, []byte(placeholder), []byte(id))
	if _, err := CheckDocument(network, doc, true); err != nil {
		return "", nil, err
	}
	return id, doc, nil
}

// NextDocument makes a later document of a DID, in JCS form, checked.
func NextDocument(id did.DID, issuing, ledger []did.PublicKey, o DocumentOptions) ([]byte, error) {
	network, _, err := Split(id)
	if err != nil {
		return nil, err
	}
	doc, err := compose(string(id), issuing, ledger, o)
	if err != nil {
		return nil, err
	}
	_, err = CheckDocument(network, doc, false)
	return doc, err
}

func compose(id string, issuing, ledger []did.PublicKey, o DocumentOptions) ([]byte, error) {
	var methods []any
	refs := func(keys []did.PublicKey) []any {
		out := []any{}
		for _, k := range keys {
			m := k.Multikey()
			methods = append(methods, map[string]any{
				"id": id + "#" + m, "type": "Multikey", "controller": id, "publicKeyMultibase": m,
			})
			out = append(out, id+"#"+m)
		}
		return out
	}
	doc := map[string]any{
		"@context":             []any{contextDID, contextMultikey},
		"id":                   id,
		"assertionMethod":      refs(issuing),
		"capabilityInvocation": refs(ledger),
	}
	doc["verificationMethod"] = methods
	if len(o.AlsoKnownAs) > 0 {
		var also []any
		for _, a := range o.AlsoKnownAs {
			also = append(also, a)
		}
		doc["alsoKnownAs"] = also
	}
	var services []any
	for _, s := range o.Services {
		services = append(services, map[string]any{"id": id + "#" + s.Name, "type": s.Type, "serviceEndpoint": s.Endpoint})
	}
	if services != nil {
		doc["service"] = services
	}
	b, err := strictjson.Canonical(doc)
	if err != nil {
		return nil, explain.Errorf("did_document_invalid", "writing a DID document: %w", err)
	}
	return b, nil
}

const (
	contextDID      = "https://www.w3.org/ns/did/v1"
	contextDID11    = "https://www.w3.org/ns/did/v1.1"
	contextMultikey = "https://w3id.org/security/multikey/v1"
)

// CheckDocument applies the rules that the ledger holds documents to: JCS
// form, at most 16 KiB, no numbers, only the members of this method, Multikeys
// of Ed25519 or P-256 whose fragment is the key, at least one ledger key, no
// key both under assertionMethod and capabilityInvocation, and an id of this
// network; first: an id that follows from the document. Codes:
// did_document_invalid, did_document_private, key_invalid, did_key_two_roles,
// did_id_mismatch.
func CheckDocument(network string, raw []byte, first bool) (*did.Document, error) {
	if len(raw) > MaxDocument {
		return nil, bad("longer than %d bytes", MaxDocument)
	}
	d, err := did.ParseDocument(raw)
	if err != nil {
		return nil, err
	}
	m := d.Members()
	if jcs, err := strictjson.Canonical(m); err != nil || !bytes.Equal(jcs, raw) {
		return nil, bad("not in canonical form")
	}
	n, _, err := Split(d.ID)
	if err != nil || n != network {
		return nil, explain.Errorf("did_id_mismatch", "the document's id is not one of this network")
	}
	if err := checkMembers(d, m); err != nil {
		return nil, err
	}
	if err := checkMethods(d); err != nil {
		return nil, err
	}
	if bytes.Contains(raw, []byte(placeholder)) {
		return nil, bad("holds the placeholder of its id")
	}
	if first {
		template := bytes.ReplaceAll(raw, []byte(d.ID), []byte(placeholder))
		if hashID(network, template) != d.ID {
			return nil, explain.Errorf("did_id_mismatch", "the document's id does not follow from the document")
		}
	}
	return d, nil
}

// checkMembers lets pass the members of this method and strings in them; a
// number could not be written in two programs alike for sure.
func checkMembers(d *did.Document, m map[string]any) error {
	if c, _ := m["@context"].([]any); !slices.Equal(c, []any{contextDID, contextMultikey}) && !slices.Equal(c, []any{contextDID11}) {
		return bad("@context is none of this method's")
	}
	// In order, so that every replica words a refusal alike.
	for _, k := range slices.Sorted(maps.Keys(m)) {
		v := m[k]
		switch k {
		case "@context", "id":
		case "alsoKnownAs", "assertionMethod", "authentication", "capabilityInvocation":
			a, _ := v.([]any)
			for _, e := range a {
				if s, ok := e.(string); !ok || s == "" {
					return bad("%s holds something else than strings", k)
				}
			}
		case "verificationMethod":
			if err := checkObjects(v, d.ID, "id", "type", "controller", "publicKeyMultibase"); err != nil {
				return err
			}
		case "service":
			if err := checkObjects(v, d.ID, "id", "type", "serviceEndpoint"); err != nil {
				return err
			}
		default:
			return bad("a member that this method does not have")
		}
	}
	return nil
}

// checkObjects checks an array of objects with exactly these members, all
// strings, whose id is this DID's and absolute. A service endpoint may also be
// an object of strings, as that of a desk is.
func checkObjects(v any, id did.DID, members ...string) error {
	a, _ := v.([]any)
	for _, e := range a {
		m, _ := e.(map[string]any)
		if s, _ := m["id"].(string); !strings.HasPrefix(s, string(id)+"#") {
			return bad("a verification method or service whose id is not this DID's")
		}
		if len(m) != len(members) {
			return bad("a verification method or service with other members than this method's")
		}
		for _, k := range members {
			if o, ok := m[k].(map[string]any); ok && k == "serviceEndpoint" && stringsOnly(o) {
				continue
			}
			if _, ok := m[k].(string); !ok {
				return bad("a verification method or service with other members than this method's")
			}
		}
	}
	return nil
}

func checkMethods(d *did.Document) error {
	for _, m := range d.Methods {
		if m.Type != "Multikey" || m.Key.Kind() != did.Ed25519 && m.Key.Kind() != did.P256 {
			return bad("a key that is not a Multikey of Ed25519 or P-256")
		}
		if m.Controller != d.ID || m.ID != string(d.ID)+"#"+m.Key.Multikey() {
			return bad("a verification method whose id or controller is not this DID's")
		}
	}
	for _, s := range d.Services {
		if _, err := did.ParseURL(s.ID); err != nil {
			return bad("a service whose id is not a DID URL")
		}
	}
	ledger := d.MethodsFor(did.CapabilityInvocation)
	if len(ledger) == 0 {
		return bad("no key under capabilityInvocation")
	}
	for _, m := range d.MethodsFor(did.AssertionMethod) {
		// A method's id is its key, so equal keys are equal methods.
		if slices.Contains(ledger, m) {
			return explain.Errorf("did_key_two_roles", "one key under assertionMethod and capabilityInvocation")
		}
	}
	// References to methods of other DIDs would be keys that cannot be judged here.
	for _, rel := range []did.Relationship{did.Authentication, did.AssertionMethod, did.CapabilityInvocation} {
		refs, _ := d.Members()[string(rel)].([]any)
		if len(refs) != len(d.MethodsFor(rel)) {
			return bad("%s names a verification method that is not there", rel)
		}
		for i, m := range d.MethodsFor(rel) {
			if refs[i] != m.ID {
				return bad("%s names a verification method by a relative id", rel)
			}
		}
	}
	return nil
}

func bad(format string, args ...any) error {
	return explain.Errorf("did_document_invalid", "did:bonafide document: "+format, args...)
}

func validLabel(s string) bool {
	if len(s) < 1 || len(s) > 16 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func isBase32(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return true
}

// stringsOnly reports whether o has members and all are strings with something
// in them.
func stringsOnly(o map[string]any) bool {
	for _, v := range o {
		if s, ok := v.(string); !ok || s == "" {
			return false
		}
	}
	return len(o) > 0
}
