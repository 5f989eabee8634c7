package issuer

import (
	"context"
	"errors"
	"time"

	"bonafide/did"
	"bonafide/ledger"
	"bonafide/vc"
)

// Errors of a Store that the board acts on.
var (
	// ErrConflict: what the write was prepared on has changed meanwhile.
	ErrConflict = errors.New("the register changed meanwhile")
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("not found")
)

// BatchState is how far a batch has come; see the package's overview.
type BatchState uint8

// States of a batch.
const (
	Planned BatchState = iota + 1
	Anchored
	Proved
	Signed
	Done
	Abandoned
)

// Form is a kind of envelope.
type Form uint8

// Forms.
const (
	RegisterCopy Form = iota + 1 // the board's statement, without a holder
	Bound                        // for the wallet that claimed the licence
)

// Scope is what an accreditation is for.
type Scope struct{ Type, Jurisdiction string }

// Batch is one tree of leaves under one root on the ledger.
type Batch struct {
	Number       uint64 // from 1, without gaps
	State        BatchState
	Created      time.Time // `created` of every proof in it
	Method       string    // verification method that signs its VCDM credentials; "": it has none
	MethodES256  string    // verification method that signs its SD-JWT VCs; "": it has none
	Person       string    // who issued it
	Root         ledger.Hash
	Size         int // leaves, 1 to 4,096
	LastValidity ledger.Month
	Scopes       []Scope // what its licences are, each once
	// From Proved on: where the ledger has it.
	Epoch    uint64
	Position uint32
	Path     []ledger.Hash
}

// Leaf is one credential to be.
type Leaf struct {
	Position int // in the batch
	Licence  int64
	Revision uint32 // of the licence, that it shows
	Form     Form
	Format   vc.Format
	Index    uint32
	Salt     [16]byte
	Hash     ledger.Hash
	Draft    []byte // what vc.Draft.JSON gave; practitioner data
}

// SignedLeaf is a leaf's credential.
type SignedLeaf struct {
	Position int
	Bytes    []byte // practitioner data
}

// Plan is a batch with everything that belongs to it.
type Plan struct {
	Batch   Batch
	Leaves  []Leaf
	Indexes []Index // new ones, and ones that abandoned batches left unused
}

// Change is a new state of a licence and the lines in its history.
type Change struct {
	// Licence: ID 0 adds it. Of a licence that is there, Record, Imported,
	// Status, StatusRev, Holder, HolderKey, ClaimRev and Revision are taken, and
	// Reissue where it is greater than what is stored.
	Licence Licence
	// What StatusRev and Revision were when the change was prepared.
	WasStatusRev, WasRevision uint32
	// Events are the lines; their Licence is filled in, and their Decision
	// where it is 0 and the change has a Move.
	Events []Event
	// Moves are steps of acts on the licence. A new one is given its ID.
	Moves []Move
	grant grant // see Check
}

// Settled says up to which status act a licence's indexes are on the ledger.
type Settled struct {
	Licence   int64
	StatusRev uint32
	Height    uint64 // that shows it
}

// Code is a claim code given out for one licence.
type Code struct {
	ID       string // public part
	Licence  int64
	Secret   []byte // practitioner data
	Expires  time.Time
	Attempts int // wrong answers so far
	// Who claimed with it, and with which P-256 key; empty: unused.
	Holder    did.DID
	HolderKey string
}

// Issuance is one credential that was, or is being, issued for a licence.
type Issuance struct {
	Batch   uint64
	State   BatchState
	Form    Form
	Format  vc.Format
	Index   uint32
	Created time.Time
	Person  string
	Epoch   uint64 // 0 until proved
}

// Held is one delivered credential of a licence.
type Held struct {
	Licence int64
	Index   uint32
	Form    Form
	Format  vc.Format
}

// Store keeps what a board must not forget. A method that writes is one
// transaction: after an error all of it or nothing is there. Practitioner
// data is sealed by the implementation.
type Store interface {
	// ByKeys returns the licences with the keys, in their order; ID 0 where
	// there is none.
	ByKeys(ctx context.Context, keys []Key) ([]Licence, error)
	// ByNumber returns every licence with the number, at most 100.
	ByNumber(ctx context.Context, number string) ([]Licence, error)
	// ByID returns licences in the order asked; one that is not there is an error.
	ByID(ctx context.Context, ids []int64) ([]Licence, error)
	// After pages through the register in the order of ids; so do Due
	// (Revision > IssuedRev and no Batch) and Unsettled (StatusRev > SettledRev).
	// With lacking, Due also gives the licences whose register copy is out, but
	// not as an SD-JWT VC under the newest index.
	After(ctx context.Context, id int64, limit int) ([]Licence, error)
	Due(ctx context.Context, after int64, limit int, lacking bool) ([]Licence, error)
	Unsettled(ctx context.Context, after int64, limit int) ([]Licence, error)
	// Apply writes changes that pass Check. ErrConflict where a licence or a
	// decision is not as it was, or one to be added is there.
	Apply(ctx context.Context, changes []Change) error
	// Settle raises SettledRev and dates the events of those acts.
	Settle(ctx context.Context, s []Settled) error
	ActStore
	DeskStore
	// Events returns a licence's history, oldest first.
	Events(ctx context.Context, licence int64) ([]Event, error)

	// Indexes returns the indexes of licences, oldest batch first, each with
	// the state of the batch that brought it.
	Indexes(ctx context.Context, licences []int64) ([]Index, error)
	// Held returns the credentials of licences in Done batches.
	Held(ctx context.Context, licences []int64) ([]Held, error)
	// Taken returns the indexes of a page that are or were used.
	Taken(ctx context.Context, page uint32) ([]uint32, error)

	// Unfinished returns the batches before Done, oldest first.
	Unfinished(ctx context.Context) ([]Batch, error)
	// Batches returns batches with numbers above after, oldest first.
	Batches(ctx context.Context, after uint64, limit int) ([]Batch, error)
	// NewestBatch is the highest number given; 0: none.
	NewestBatch(ctx context.Context) (uint64, error)
	// Plan records a batch in state Planned and marks its licences. ErrConflict
	// where its number is not the next one, an index is taken, or a licence has
	// another Revision or is in a batch.
	Plan(ctx context.Context, p Plan) error
	// Advance stores a batch's state and place. It never goes back, except from
	// Anchored to Planned; ErrConflict otherwise.
	Advance(ctx context.Context, b Batch) error
	// LeafHashes returns the leaf hashes of a batch by position.
	LeafHashes(ctx context.Context, batch uint64) ([]ledger.Hash, error)
	// BatchLicences returns the distinct licences of a batch in the order of ids.
	BatchLicences(ctx context.Context, batch uint64) ([]int64, error)
	// Dependent returns the licences of which the newest delivered credential of
	// some form in some format is of this batch.
	Dependent(ctx context.Context, batch uint64) ([]int64, error)
	// Unsigned returns the first limit leaves that have no credential yet.
	Unsigned(ctx context.Context, batch uint64, limit int) ([]Leaf, error)
	// StoreSigned stores credentials and forgets the drafts. ErrConflict, and
	// nothing stored, where a leaf has one.
	StoreSigned(ctx context.Context, batch uint64, s []SignedLeaf) error
	// Finish makes a Signed batch Done: IssuedRev takes the leaves' Revision,
	// Reissue is reset where that is the licence's Revision.
	Finish(ctx context.Context, batch uint64) error
	// Abandon ends a batch before Done. Its leaves and any credentials are
	// deleted, its licences become due, its new indexes stay theirs, unused.
	Abandon(ctx context.Context, batch uint64) error

	// Issuances lists the credentials of a licence, oldest first.
	Issuances(ctx context.Context, licence int64) ([]Issuance, error)
	// Envelope returns the newest credential of a form and format in a Done
	// batch, and the leaf it is of, without hash, salt and draft; ErrNotFound.
	Envelope(ctx context.Context, licence int64, f Form, format vc.Format) ([]byte, Leaf, error)

	// OpenCodes returns which licences have an unused code that runs out after a
	// time and was answered wrongly less often than tries, and when it runs out.
	OpenCodes(ctx context.Context, after time.Time, tries int) (map[int64]time.Time, error)
	// PutCode stores a code and withdraws unused ones of the same licence.
	PutCode(ctx context.Context, c Code, e Event) error
	// Code finds a code by its public part; ErrNotFound.
	Code(ctx context.Context, id string) (Code, error)
	// MissCode counts a wrong answer.
	MissCode(ctx context.Context, id string) error
	// UseCode applies the change to the code's licence and marks the code as
	// used by who holds the licence then. ErrConflict where it is used already.
	UseCode(ctx context.Context, id string, c Change) error
}
