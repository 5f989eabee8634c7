package home

// What the home learned of the past of licences' statuses (verifier.Past). Every
// home keeps it but a board's own, which imports after each of its acts; that
// begins when it verified something or made a request, as a hospital does.

import (
	"context"

	"bonafide/did"
	"bonafide/storage"
	"bonafide/verifier"
)

// pastStore is where it is kept; nil while nothing is. learning says that an
// import is about to be made: then a home that is no board's begins to keep.
func (h *Home) pastStore(learning bool) (*storage.PastStore, error) {
	if !h.has(storage.Verifier.Name) {
		s, err := readSettings(h.dir)
		if err != nil {
			return nil, err
		}
		board := s.has(storage.Issuer.Name) || s.Board != "" || s.Node != ""
		if !s.has(storage.Verifier.Name) && (!learning || board) {
			return nil, nil
		}
	}
	db, err := h.database(storage.Verifier)
	if err != nil {
		return nil, err
	}
	return storage.NewPastStore(db), nil
}

// past implements verifier.Past over the home.
type past struct{ h *Home }

var _ verifier.Past = past{}

// Past implements verifier.Past.
func (p past) Past(ctx context.Context, issuer did.DID, index uint32) (verifier.PastStatus, error) {
	store, err := p.h.pastStore(false)
	if err != nil || store == nil {
		return verifier.PastStatus{}, err
	}
	return store.Past(ctx, issuer, index)
}
