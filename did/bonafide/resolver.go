package bonafide

// Resolution over what a ledger or a trust pack holds. It opens nothing.

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// NewResolver resolves the DIDs of h's network. Versions are numbered from 1;
// a version is in force from its transaction on until the next. By time the
// recorded times count, by height the state after that block.
func NewResolver(h did.History) did.Resolver { return resolver{h} }

type resolver struct{ h did.History }

func (r resolver) Resolve(_ context.Context, id did.DID, o did.ResolveOptions) (*did.Resolution, error) {
	network, _, err := Split(id)
	if err != nil {
		return nil, err
	}
	if network != r.h.ChainID() {
		return nil, explain.Errorf("did_other_network", "the data is of another network")
	}
	versions, err := r.h.Versions(id)
	if err != nil {
		return nil, fmt.Errorf("resolving %s: %w", id, err)
	}
	if len(versions) == 0 {
		return nil, explain.Errorf("did_not_found", "%s is not on the ledger", id)
	}
	i, err := r.pick(versions, o)
	if err != nil {
		return nil, err
	}
	return r.resolution(id, versions, i)
}

// pick returns the position of the version that o asks for.
func (r resolver) pick(versions []did.Version, o did.ResolveOptions) (int, error) {
	byID, byTime, byHeight := o.VersionID != "", !o.VersionTime.IsZero(), o.Height != 0
	if byID && byTime || byID && byHeight || byTime && byHeight {
		return 0, explain.Errorf("did_options_invalid", "more than one of version id, time and height")
	}
	tip, asOf := r.h.Tip()
	inForce := func(v did.Version) bool { return true }
	switch {
	case byID:
		for i, v := range versions {
			if o.VersionID == strconv.Itoa(v.Number) {
				return i, nil
			}
		}
		return 0, explain.Errorf("did_version_unknown", "no such version")
	case byTime:
		if o.VersionTime.After(asOf) {
			return 0, explain.Errorf("did_time_unknown", "the data reaches to %s only", asOf.UTC().Format(time.RFC3339))
		}
		inForce = func(v did.Version) bool {
			t := r.dated(v)
			return !t.IsZero() && !t.After(o.VersionTime)
		}
	case byHeight:
		if o.Height > tip {
			return 0, explain.Errorf("did_time_unknown", "the data reaches to height %d only", tip)
		}
		inForce = func(v did.Version) bool { return v.Height <= o.Height }
	}
	for i := len(versions) - 1; i >= 0; i-- {
		if inForce(versions[i]) {
			return i, nil
		}
	}
	return 0, explain.Errorf("did_version_unknown", "the DID did not exist yet")
}

// dated returns a version's recorded time. What happened in the newest block
// is dated by the header that proves it, before the ledger records that.
func (r resolver) dated(v did.Version) time.Time {
	if !v.Time.IsZero() {
		return v.Time
	}
	if t, ok := r.h.TimeOf(v.Height); ok {
		return t
	}
	if tip, asOf := r.h.Tip(); tip == v.Height {
		return asOf.Truncate(time.Second)
	}
	return time.Time{}
}

func (r resolver) resolution(id did.DID, versions []did.Version, i int) (*did.Resolution, error) {
	_, asOf := r.h.Tip()
	v := versions[i]
	res := &did.Resolution{Document: v.Document, AsOf: asOf}
	res.Metadata = did.DocumentMetadata{
		Created:     r.dated(versions[0]),
		VersionID:   strconv.Itoa(v.Number),
		Deactivated: v.Deactivated,
	}
	if i > 0 {
		res.Metadata.Updated = r.dated(v)
	}
	if i+1 < len(versions) {
		res.Metadata.NextUpdate = r.dated(versions[i+1])
		res.Metadata.NextVersionID = strconv.Itoa(versions[i+1].Number)
	}
	if v.Deactivated {
		raw, err := strictjson.Canonical(map[string]any{"@context": []any{contextDID}, "id": string(id)})
		if err != nil {
			return nil, err
		}
		if res.Document, err = did.ParseDocument(raw); err != nil {
			return nil, err
		}
	}
	if res.Document == nil || res.Document.ID != id {
		return nil, explain.Errorf("did_id_mismatch", "the ledger's entry for %s holds another document", id)
	}
	return res, nil
}
