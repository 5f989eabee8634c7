// Package authentic holds the one type from which claims may be read. Its
// constructor is exported, but Go lets only packages under vc import a package
// under vc/internal, so nobody else can make a value that holds anything.
package authentic

import (
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// Format names an envelope, as the leaf does.
type Format string

// Facts is what was read from a document while its proofs were checked. The
// maker must not change anything it points to afterwards.
type Facts struct {
	Claims     map[string]any // the document without its proof
	Issuer     did.DID
	Types      []string
	Holder     did.DID // "" where the subject names no DID
	ValidFrom  time.Time
	ValidUntil time.Time // zero: none; else the earlier of validUntil and the proofs' expires
	Anchor     string
	AnchorErr  error
	Index      uint32
	IndexErr   error
	IDs        []string // verification methods that signed
	Format     Format
	Status     []StatusReference
	// Of an SD-JWT VC.
	Vct       string
	HolderKey did.PublicKey
	Partial   bool
	Token     string // the SD-JWT without its key binding
}

// StatusReference is one place outside the ledger where the status of a
// credential is kept.
type StatusReference struct {
	// Kind is BitstringStatusListEntry or TokenStatusList. Any other kind is
	// named as the credential names it, and cannot be read.
	Kind string
	// URI is the address of the list; "" where the entry is malformed or of a
	// kind that cannot be read, so that its status cannot be known.
	URI     string
	Index   uint64 // position in the list, from 0
	Purpose string // statusPurpose; "" for a TokenStatusList
}

// Credential is a credential whose proofs were checked, and nothing more:
// whether the issuer may issue it, whether it is in force and who presents it
// are other questions. The zero value holds nothing. It is a value that may be
// copied and used from several goroutines.
type Credential struct{ f *Facts }

// New is for package vc alone.
func New(f *Facts) Credential { return Credential{f} }

// Authentic reports whether the value holds a credential.
func (c Credential) Authentic() bool { return c.f != nil }

// Claims returns a copy of the signed document: all of it except `proof`, with
// numbers as json.Number. An SD-JWT VC is given in the shape of VCDM 2.0, with
// what is disclosed, its vct standing where the type does, and without what is
// about the token alone. It is nil on the zero value.
func (c Credential) Claims() map[string]any {
	if c.f == nil {
		return nil
	}
	return strictjson.Clone(c.f.Claims).(map[string]any)
}

// Format is the envelope: vcdm2-di or dc+sd-jwt, "" on the zero value.
func (c Credential) Format() Format {
	if c.f == nil {
		return ""
	}
	return c.f.Format
}

// Vct is the type that an SD-JWT VC names, "" for other formats.
func (c Credential) Vct() string {
	if c.f == nil {
		return ""
	}
	return c.f.Vct
}

// HolderKey is the key in cnf.jwk of an SD-JWT VC; zero: none, so that it is
// bound to nobody.
func (c Credential) HolderKey() did.PublicKey {
	if c.f == nil {
		return did.PublicKey{}
	}
	return c.f.HolderKey
}

// Partial reports whether an SD-JWT VC holds digests without a disclosure, so
// that claims may be missing which the holder chose not to disclose. They may
// be decoys too, which nobody can tell.
func (c Credential) Partial() bool { return c.f != nil && c.f.Partial }

// Token is an SD-JWT VC without its key binding, as it was read; "" for other
// formats.
func (c Credential) Token() string {
	if c.f == nil {
		return ""
	}
	return c.f.Token
}

// StatusReferences lists the places outside the ledger where the credential
// says that its status is kept.
func (c Credential) StatusReferences() []StatusReference {
	if c.f == nil {
		return nil
	}
	return append([]StatusReference(nil), c.f.Status...)
}

// Issuer is the DID of the issuer, one of whose methods signed; "" where the
// issuer of an SD-JWT VC is no DID, but known by a certificate.
func (c Credential) Issuer() did.DID {
	if c.f == nil {
		return ""
	}
	return c.f.Issuer
}

// Types is a copy of `type`, in the order of the document; the order means
// nothing (VCDM 2.0, section 4.5).
func (c Credential) Types() []string {
	if c.f == nil {
		return nil
	}
	return append([]string(nil), c.f.Types...)
}

// Methods lists the verification methods that signed; of an SD-JWT VC its kid.
func (c Credential) Methods() []string {
	if c.f == nil {
		return nil
	}
	return append([]string(nil), c.f.IDs...)
}

// Holder is the subject's id where there is one subject and its id is a DID;
// "" means that the credential is bound to nobody, or that it is an SD-JWT VC
// and HolderKey answers.
func (c Credential) Holder() did.DID {
	if c.f == nil {
		return ""
	}
	return c.f.Holder
}

// ValidFrom is the first moment of validity; false where none is named.
func (c Credential) ValidFrom() (time.Time, bool) {
	if c.f == nil || c.f.ValidFrom.IsZero() {
		return time.Time{}, false
	}
	return c.f.ValidFrom, true
}

// ValidUntil is the last moment of validity: the earlier of `validUntil` and
// the `expires` of every proof; false where none is named.
func (c Credential) ValidUntil() (time.Time, bool) {
	if c.f == nil || c.f.ValidUntil.IsZero() {
		return time.Time{}, false
	}
	return c.f.ValidUntil, true
}

// Anchor is the signed anchor. The error has the code anchor_missing or
// anchor_ambiguous.
func (c Credential) Anchor() (string, error) {
	if c.f == nil {
		return "", explain.Errorf("anchor_missing", "no credential")
	}
	return c.f.Anchor, c.f.AnchorErr
}

// StatusIndex is the index into the issuer's status pages that the credential
// names. The error has the code status_missing, status_ambiguous,
// status_malformed or status_disagrees.
func (c Credential) StatusIndex() (uint32, error) {
	if c.f == nil {
		return 0, explain.Errorf("status_missing", "no credential")
	}
	return c.f.Index, c.f.IndexErr
}
