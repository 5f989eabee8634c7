package did

// Resolution (DID Resolution 1.0) and the history of a ledger that it reads.

import (
	"context"
	"time"

	"bonafide/internal/explain"
)

// Version is one state of a DID's document.
type Version struct {
	Number      int       // from 1
	Height      uint64    // block that it was executed in
	Position    uint32    // in that block
	Time        time.Time // recorded time of that block; zero: not yet dated
	Document    *Document // nil where deactivated
	Deactivated bool
}

// KeyReport says from when on a key is not to be trusted. It is final.
type KeyReport struct {
	Method     string    // DID URL of the reported key's verification method
	Key        PublicKey // the reported key
	Issuing    bool      // it stood in assertionMethod: credentials count by their epoch
	From       time.Time // T, as reported
	FromHeight uint64    // first recorded block dated ≥ T
	Height     uint64    // block of the report
	Position   uint32    // in that block
	ByVote     bool      // by the members rather than by the DID itself

	// What a reported ledger key signed: runs of epochs in which every batch
	// of this DID was signed by it, and single batches in other epochs.
	Runs  []EpochRun
	Roots [][32]byte
}

// EpochRun is the epochs First to Last, both included.
type EpochRun struct{ First, Last uint64 }

// History is what a ledger, or a trust pack made from it, knows about DIDs.
type History interface {
	// ChainID names the network.
	ChainID() string
	// Versions returns the DID's versions in ledger order; nil, nil if it has none.
	Versions(DID) ([]Version, error)
	// Reports returns the DID's key reports in ledger order.
	Reports(DID) ([]KeyReport, error)
	// TimeOf returns the recorded time of a block; false if it has none.
	TimeOf(height uint64) (time.Time, bool)
	// Tip returns the height of the newest state and the time of the header
	// that proves it current.
	Tip() (height uint64, asOf time.Time)
}

// ResolveOptions selects a version; at most one field may be set. With none,
// the newest counts.
type ResolveOptions struct {
	VersionID   string
	VersionTime time.Time // the version in force then, by recorded times
	Height      uint64    // the version in force in the state after this block
}

// DocumentMetadata is DID Core's, section 7.1.3. Times that are unknown or do
// not apply are zero. Deactivated speaks of the version that was asked for.
type DocumentMetadata struct {
	Created, Updated, NextUpdate time.Time
	VersionID, NextVersionID     string
	Deactivated                  bool
}

// Resolution is a resolved document. Of a deactivated version the document
// holds the id alone.
type Resolution struct {
	Document *Document
	Metadata DocumentMetadata
	AsOf     time.Time // how current the source is; zero where nothing can change
}

// Resolver finds the document of a DID. Codes: did_invalid, did_not_found,
// did_method_unsupported, did_other_network, did_version_unknown,
// did_time_unknown, did_options_invalid, document_not_fetched.
type Resolver interface {
	Resolve(ctx context.Context, id DID, o ResolveOptions) (*Resolution, error)
}

// NewMux returns a resolver that asks the one registered for the DID's method.
func NewMux(methods map[string]Resolver) Resolver {
	m := mux{}
	for name, r := range methods {
		m[name] = r
	}
	return m
}

type mux map[string]Resolver

func (m mux) Resolve(ctx context.Context, id DID, o ResolveOptions) (*Resolution, error) {
	if _, err := Parse(string(id)); err != nil {
		return nil, err
	}
	r, ok := m[id.Method()]
	if !ok {
		return nil, explain.Errorf("did_method_unsupported", "method %.32q", id.Method())
	}
	return r.Resolve(ctx, id, o)
}

// ResolutionError translates the code of a resolver's error into the word of
// DID Resolution that stands in didResolutionMetadata.error.
func ResolutionError(err error) string {
	switch explain.CodeOf(err) {
	case "did_invalid":
		return "invalidDid"
	case "did_method_unsupported":
		return "methodNotSupported"
	case "did_not_found", "document_not_fetched", "did_other_network", "did_version_unknown", "did_time_unknown":
		return "notFound"
	case "did_options_invalid":
		return "invalidOptions"
	case "did_document_invalid", "did_document_private", "did_id_mismatch", "did_key_two_roles":
		return "invalidDidDocument"
	}
	return "internalError"
}
