package home

import "context"

// SyncStep is what a sync is doing.
type SyncStep struct {
	// Place is whom it fetches from: a source's address, or what is published
	// outside the network. Empty while all sources are asked what they have.
	Place string
	// Outside says that Place is no source of the ledger's data.
	Outside bool
	// Number is which of Of places it is, from 1 on.
	Number, Of int
}

type followed struct{}

// Following has a Sync with this context tell its steps, one call at a time from
// any goroutine; tell must not wait.
func Following(ctx context.Context, tell func(SyncStep)) context.Context {
	return context.WithValue(ctx, followed{}, tell)
}

func step(ctx context.Context, s SyncStep) {
	if tell, ok := ctx.Value(followed{}).(func(SyncStep)); ok {
		tell(s)
	}
}
