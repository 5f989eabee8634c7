package verifier

// Issuers outside the network: those that the hospital lists itself, and what
// sync fetched for them.

import (
	"context"
	"time"

	"bonafide/did"
)

// Outside is what the hospital decided to trust beside the ledger, and what
// sync fetched for it. Nothing behind it may open a socket while verifying.
type Outside interface {
	// Listed returns the entries, those that have run out included.
	Listed() ([]ListedIssuer, error)
	// Document returns the DID document of a listed issuer and when it was
	// fetched: of did:web the one that sync brought last, of did:jwk and did:key
	// the one that follows from the DID, whose time means nothing. Code
	// document_not_fetched where there is none yet.
	Document(ctx context.Context, id did.DID) (*did.Document, time.Time, error)
	// StatusList returns the bytes that sync fetched last from a URL, and when.
	// Code status_not_fetched where there are none yet.
	StatusList(ctx context.Context, url string) ([]byte, time.Time, error)
	// Queue asks the next sync to fetch a status list from a URL. An error with a
	// code says that nothing can be fetched from there.
	Queue(ctx context.Context, url string) error
}

// ListedIssuer is one issuer that the hospital trusts without the ledger.
type ListedIssuer struct {
	// ID is the issuer's DID, or "x509:" and the SHA-256 of the root's DER in
	// lower-case hexadecimal.
	ID string
	// Root is the X.509 root in DER; nil for a DID.
	Root []byte
	// Name is what the hospital calls it.
	Name string
	// Types are the VC types or vcts that it is trusted for, never empty.
	Types []string
	// Until is the last moment that the entry counts.
	Until time.Time
}
