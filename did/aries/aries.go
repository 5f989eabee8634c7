// Package aries hands our DID methods to software that is built on Hyperledger
// Aries: each is an aries `vdr.VDR`, mounted in an aries `vdr.Registry`. Nothing
// of ours is decided through it: documents go to aries and never come back.
//
// Aries rewrites Multikey methods as base58 and refuses newer contexts, so that
// a document is handed over in the one shape that it keeps whole: each key that
// we verify with as a JsonWebKey2020, under its own DID URL. Methods of other
// kinds are left out. A panic inside aries, or below it, comes out as an error
// (docs/decisions/0003, 0008).
package aries

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/common/model"
	"github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/doc/jose/jwk/jwksupport"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	"github.com/hyperledger/aries-framework-go/pkg/vdr"

	ours "bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// Options of Resolve, named as aries names them for a resolver that it asks
// over HTTP. The values are strings; a time is in RFC 3339.
const (
	VersionID   = "versionID"
	VersionTime = "versionTime"
)

// ErrReadOnly is what Create, Update and Deactivate return: a DID is changed by
// its owner with its own keys, and not through a registry.
var ErrReadOnly = errors.New("this registry only resolves; a DID is changed by its owner")

// Registry is an aries registry of our methods. It is safe for concurrent use
// if the resolvers are.
type Registry struct{ inner *vdr.Registry }

var _ vdrapi.Registry = (*Registry)(nil)

// New mounts a resolver for each method.
func New(methods map[string]ours.Resolver) *Registry {
	var options []vdr.Option
	for name, r := range methods {
		options = append(options, vdr.WithVDR(VDR(name, r)))
	}
	return &Registry{vdr.New(options...)}
}

// Resolve implements vdr.Registry. A DID that is not found, or a version of it,
// is vdr.ErrNotFound; every error carries the code of did.Resolver.
func (r *Registry) Resolve(id string, options ...vdrapi.DIDMethodOption) (res *did.DocResolution, err error) {
	defer recovered(&err, func() { res = nil })
	return r.inner.Resolve(id, options...)
}

// Create implements vdr.Registry: ErrReadOnly.
func (r *Registry) Create(method string, doc *did.Doc, options ...vdrapi.DIDMethodOption) (res *did.DocResolution, err error) {
	defer recovered(&err, func() { res = nil })
	return r.inner.Create(method, doc, options...)
}

// Update implements vdr.Registry: ErrReadOnly.
func (r *Registry) Update(doc *did.Doc, options ...vdrapi.DIDMethodOption) (err error) {
	defer recovered(&err, func() {})
	return r.inner.Update(doc, options...)
}

// Deactivate implements vdr.Registry: ErrReadOnly.
func (r *Registry) Deactivate(id string, options ...vdrapi.DIDMethodOption) (err error) {
	defer recovered(&err, func() {})
	return r.inner.Deactivate(id, options...)
}

// Close implements vdr.Registry.
func (r *Registry) Close() (err error) {
	defer recovered(&err, func() {})
	return r.inner.Close()
}

// recovered turns a panic into an error. What it panicked with may hold what it
// was given, and is dropped.
func recovered(err *error, clear func()) {
	if recover() != nil {
		clear()
		*err = errors.New("aries failed")
	}
}

// VDR is one of our methods as an aries agent mounts it in its own registry.
func VDR(method string, r ours.Resolver) vdrapi.VDR { return &registered{method, r} }

type registered struct {
	method   string
	resolver ours.Resolver
}

func (v *registered) Accept(method string, _ ...vdrapi.DIDMethodOption) bool {
	return method == v.method
}

func (v *registered) Close() error { return nil }

func (v *registered) Create(*did.Doc, ...vdrapi.DIDMethodOption) (*did.DocResolution, error) {
	return nil, ErrReadOnly
}
func (v *registered) Update(*did.Doc, ...vdrapi.DIDMethodOption) error   { return ErrReadOnly }
func (v *registered) Deactivate(string, ...vdrapi.DIDMethodOption) error { return ErrReadOnly }

// Read resolves. Aries has no context to pass on; what stands behind our
// resolvers is on this machine.
func (v *registered) Read(s string, options ...vdrapi.DIDMethodOption) (res *did.DocResolution, err error) {
	defer recovered(&err, func() { res = nil })
	id, err := ours.Parse(s)
	if err != nil {
		return nil, err
	}
	if id.Method() != v.method {
		return nil, explain.Errorf("did_method_unsupported", "mounted for did:%s", v.method)
	}
	o, err := read(options)
	if err != nil {
		return nil, err
	}
	r, err := v.resolver.Resolve(context.Background(), id, o)
	if err != nil {
		if ours.ResolutionError(err) == "notFound" {
			return nil, fmt.Errorf("%w: %w", vdrapi.ErrNotFound, err)
		}
		return nil, err
	}
	doc, err := translate(r.Document)
	if err != nil {
		return nil, err
	}
	if t := r.Metadata.Created; !t.IsZero() {
		doc.Created = &t
	}
	if t := r.Metadata.Updated; !t.IsZero() {
		doc.Updated = &t
	}
	return &did.DocResolution{
		Context:          []string{"https://w3id.org/did-resolution/v1"},
		DIDDocument:      doc,
		DocumentMetadata: &did.DocumentMetadata{VersionID: r.Metadata.VersionID, Deactivated: r.Metadata.Deactivated},
	}, nil
}

// read takes the options that we know. The registry adds none on the way to
// Read, so that one we do not know is the caller's, who would be misled if it
// were passed over.
func read(options []vdrapi.DIDMethodOption) (o ours.ResolveOptions, err error) {
	m := vdrapi.DIDMethodOpts{Values: map[string]any{}}
	for _, f := range options {
		if f != nil {
			f(&m)
		}
	}
	for name, v := range m.Values {
		s, ok := v.(string)
		switch {
		case ok && name == VersionID:
			o.VersionID = s
		case ok && name == VersionTime:
			if o.VersionTime, err = time.Parse(time.RFC3339, s); err != nil {
				return o, explain.Errorf("did_options_invalid", "the version time is not in RFC 3339")
			}
		default:
			return o, explain.Errorf("did_options_invalid", "an option that is not known here")
		}
	}
	return o, nil
}

// translate writes a document as aries keeps it whole.
func translate(d *ours.Document) (*did.Doc, error) {
	out := &did.Doc{
		Context: []string{did.ContextV1, "https://w3id.org/security/suites/jws-2020/v1"},
		ID:      string(d.ID), AlsoKnownAs: slices.Clone(d.AlsoKnownAs),
	}
	methods := map[string]*did.VerificationMethod{}
	for _, m := range d.Methods {
		if m.Key.Kind() == 0 {
			continue
		}
		public, err := publicKey(m.Key)
		if err != nil {
			return nil, err
		}
		j, err := jwksupport.JWKFromKey(public)
		if err != nil {
			return nil, errors.New("aries takes no such key")
		}
		vm, err := did.NewVerificationMethodFromJWK(m.ID, "JsonWebKey2020", string(m.Controller), j)
		if err != nil {
			return nil, errors.New("aries takes no such key")
		}
		methods[m.ID] = vm
		out.VerificationMethod = append(out.VerificationMethod, *vm)
	}
	for _, r := range []struct {
		name ours.Relationship
		as   did.VerificationRelationship
		to   *[]did.Verification
	}{
		{ours.Authentication, did.Authentication, &out.Authentication},
		{ours.AssertionMethod, did.AssertionMethod, &out.AssertionMethod},
		{ours.KeyAgreement, did.KeyAgreement, &out.KeyAgreement},
		{ours.CapabilityInvocation, did.CapabilityInvocation, &out.CapabilityInvocation},
		{ours.CapabilityDelegation, did.CapabilityDelegation, &out.CapabilityDelegation},
	} {
		for _, m := range d.MethodsFor(r.name) {
			*r.to = append(*r.to, *did.NewReferencedVerification(methods[m.ID], r.as))
		}
	}
	for _, s := range d.Services {
		e, ok := translateEndpoint(s.Endpoint)
		if !ok {
			continue
		}
		as := did.Service{ID: s.ID, Type: slices.Clone(s.Type), ServiceEndpoint: e}
		if len(s.Type) == 1 {
			as.Type = s.Type[0]
		}
		out.Service = append(out.Service, as)
	}
	return out, nil
}

// translateEndpoint takes URIs and objects. Lists, which aries does not read back
// or panics on, are left out, and so is an object whose list of origins is empty.
func translateEndpoint(v any) (model.Endpoint, bool) {
	switch e := v.(type) {
	case string:
		return model.NewDIDCommV1Endpoint(e), e != ""
	case map[string]any:
		if o, ok := e["origins"].([]any); ok && len(o) == 0 {
			break
		}
		return model.NewDIDCoreEndpoint(strictjson.Clone(e)), true
	}
	return model.Endpoint{}, false
}

// publicKey is a key as the standard library has it.
func publicKey(k ours.PublicKey) (any, error) {
	curve := elliptic.P256()
	switch k.Kind() {
	case ours.Ed25519:
		return ed25519.PublicKey(k.Bytes()), nil
	case ours.P384:
		curve = elliptic.P384()
	}
	return ecdsa.ParseUncompressedPublicKey(curve, k.Uncompressed())
}
