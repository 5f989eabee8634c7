package home

// What lies outside the network: the listed issuers' documents and the status
// lists that their credentials name. Sync fetches them; everything else reads
// what it left.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/did"
	"bonafide/did/jwk"
	"bonafide/did/key"
	"bonafide/did/web"
	"bonafide/internal/explain"
	"bonafide/internal/netguard"
	"bonafide/internal/strictjson"
	"bonafide/ledger/pack"
	"bonafide/storage"
	"bonafide/verifier"
)

// outside implements verifier.Outside and web.Kept over the home.
type outside struct{ h *Home }

var (
	_ verifier.Outside = outside{}
	_ web.Kept         = outside{}
)

// outsideStore is where fetched things are kept; nil while the home has no
// hospital's data, in which nothing can have been fetched.
func (h *Home) outsideStore() (*storage.OutsideStore, error) {
	if !h.has(storage.Verifier.Name) {
		return nil, nil
	}
	db, err := h.database(storage.Verifier)
	if err != nil {
		return nil, err
	}
	return storage.NewOutsideStore(db), nil
}

// Listed implements verifier.Outside.
func (o outside) Listed() ([]verifier.ListedIssuer, error) {
	list, err := o.h.Listings()
	if err != nil {
		return nil, err
	}
	out := make([]verifier.ListedIssuer, len(list))
	for i, l := range list {
		out[i] = l.ListedIssuer
	}
	return out, nil
}

// Document implements verifier.Outside and web.Kept.
func (o outside) Document(ctx context.Context, id did.DID) (*did.Document, time.Time, error) {
	switch id.Method() {
	case "jwk":
		d, err := jwk.Document(id)
		return d, time.Time{}, err
	case "key":
		k, err := key.Public(id)
		if err != nil {
			return nil, time.Time{}, err
		}
		d, err := key.Document(k)
		return d, time.Time{}, err
	}
	if _, err := web.URL(id); err != nil {
		return nil, time.Time{}, err
	}
	b, at, err := o.body(ctx, storage.OutsideDocument, string(id), "document_not_fetched")
	if err != nil {
		return nil, time.Time{}, err
	}
	d, err := web.Read(id, b)
	if err != nil {
		return nil, time.Time{}, err
	}
	return d, at, nil
}

// StatusList implements verifier.Outside.
func (o outside) StatusList(ctx context.Context, address string) ([]byte, time.Time, error) {
	return o.body(ctx, storage.OutsideStatusList, address, "status_not_fetched")
}

// listWanted is for how long after it was last needed a status list is fetched.
const listWanted = 90 * 24 * time.Hour

func (o outside) body(ctx context.Context, kind storage.OutsideKind, id, missing string) ([]byte, time.Time, error) {
	store, err := o.h.outsideStore()
	if err != nil {
		return nil, time.Time{}, err
	}
	var i storage.OutsideItem
	var b []byte
	if store != nil {
		if i, b, err = store.Get(ctx, kind, id); err != nil {
			return nil, time.Time{}, err
		}
	}
	if i.At.IsZero() {
		return nil, time.Time{}, explain.Errorf(missing, "no sync brought it yet")
	}
	if now := o.h.Now(); kind == storage.OutsideStatusList && now.Sub(i.Asked) > listWanted/3 {
		// That it is still needed is noted now and then. Where that cannot be
		// written, a later sync may leave the list out; the answer stands.
		_ = store.Ask(ctx, kind, id, now)
	}
	return b, i.At, nil
}

// Queue implements verifier.Outside. What no sync would fetch is refused: code
// net_address_refused.
func (o outside) Queue(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return explain.Errorf("net_address_refused", "the address of a status list cannot be parsed")
	}
	if err := netguard.CheckURL(u); err != nil {
		return err
	}
	db, err := o.h.database(storage.Verifier)
	if err != nil {
		return err
	}
	return storage.NewOutsideStore(db).Ask(ctx, storage.OutsideStatusList, address, o.h.Now())
}

// Bounds of what one sync fetches from outside the network.
const (
	maxStatusList  = 4 << 20 // bytes, compressed as it comes
	outsideTime    = 2 * time.Minute
	outsideWorkers = 4

	acceptStatusList = "application/statuslist+jwt, application/vc, application/vc+jwt, application/json;q=0.9, */*;q=0.1"
)

// fetchFunc fetches an address found in outside bytes, at most limit bytes.
type fetchFunc func(ctx context.Context, address, accept string, limit int64) ([]byte, error)

func fetchOutside(ctx context.Context, address, accept string, limit int64) ([]byte, error) {
	c := netguard.Outside(netguard.Limits{Body: limit})
	defer c.CloseIdleConnections()
	return netguard.Get(ctx, c, address, accept)
}

// Fetched is what a sync made of one thing outside the network.
type Fetched struct {
	ID   string    `json:"id"`             // the issuer's DID, or the status list's address without its query
	Code string    `json:"code,omitempty"` // why it brought nothing
	AsOf time.Time `json:"as_of,omitzero"` // when that was fetched which is here now; zero: nothing is
}

// errand is one thing that a sync fetches.
type errand struct {
	storage.OutsideItem
	kind  storage.OutsideKind
	fetch func(context.Context) ([]byte, error) // what it refuses does not replace what was there
}

// Sync brings everything up to date: the ledger's data from the home's sources,
// and then what the listed issuers outside the network publish. A home without
// sources but with such issuers fetches those alone. A ledger that cannot be
// reached keeps them not out, but is the error; two signed headers of one height
// stop it all.
func (h *Home) Sync(ctx context.Context) (Synced, error) {
	listed, listErr := h.Listings()
	out, err := h.syncLedger(ctx)
	if _, conflict := errors.AsType[*pack.Conflict](err); conflict || err != nil && ctx.Err() != nil {
		return out, err
	}
	if explain.CodeOf(err) == "no_sources" && len(listed) > 0 {
		err = nil
	}
	if listErr != nil {
		return out, errors.Join(listErr, err)
	}
	var outsideErr error
	out.Issuers, out.StatusLists, outsideErr = h.syncOutside(ctx, listed)
	return out, errors.Join(err, outsideErr)
}

// syncOutside fetches the documents of the listed issuers that have not run out
// and, where there are any, the status lists that verifying asked for. What
// fails leaves what was there, with its age, and is named. An error means that
// it could not be told.
func (h *Home) syncOutside(ctx context.Context, listed []Listing) (documents, lists []Fetched, err error) {
	errands, store, err := h.errands(ctx, listed)
	if err != nil {
		return nil, nil, err
	}
	inTime, cancel := context.WithTimeout(ctx, outsideTime)
	defer cancel()
	failed := make([]error, len(errands))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(outsideWorkers, len(errands)) {
		workers.Go(func() {
			for i := range next {
				failed[i] = h.bring(ctx, inTime, store, &errands[i])
			}
		})
	}
	for i := range errands {
		s := SyncStep{Place: errands[i].ID, Outside: true, Number: i + 1, Of: len(errands)}
		if errands[i].kind == storage.OutsideStatusList {
			s.Place = withoutQuery(s.Place)
		}
		step(ctx, s)
		next <- i
	}
	close(next)
	workers.Wait()
	if err := errors.Join(append(failed, ctx.Err())...); err != nil {
		return nil, nil, fmt.Errorf("syncing what lies outside the network: %w", err)
	}
	documents, lists = []Fetched{}, []Fetched{}
	for _, e := range errands {
		f := Fetched{ID: e.ID, Code: e.Code, AsOf: e.At}
		if e.kind == storage.OutsideDocument {
			documents = append(documents, f)
			continue
		}
		f.ID = withoutQuery(f.ID)
		lists = append(lists, f)
	}
	return documents, lists, nil
}

// errands are what there is to fetch, that first which was tried longest ago.
// What nobody lists or needs any more is forgotten.
func (h *Home) errands(ctx context.Context, listed []Listing) ([]errand, *storage.OutsideStore, error) {
	now := h.Now()
	documents := map[string]bool{} // DIDs whose documents are kept: still to be fetched?
	inForce := false
	for _, l := range listed {
		valid := !now.After(l.Until)
		inForce = inForce || valid
		if did.DID(l.ID).Method() == "web" && len(l.Root) == 0 {
			documents[l.ID] = valid
		}
	}
	store, err := h.outsideStore()
	if err != nil {
		return nil, nil, err
	}
	if store == nil {
		if !inForce {
			return nil, nil, nil
		}
		db, err := h.database(storage.Verifier)
		if err != nil {
			return nil, nil, err
		}
		store = storage.NewOutsideStore(db)
	}
	kept, err := store.List(ctx, storage.OutsideDocument)
	if err != nil {
		return nil, nil, err
	}
	byID := map[string]storage.OutsideItem{}
	for _, i := range kept {
		if _, ok := documents[i.ID]; !ok {
			if err := store.Forget(ctx, storage.OutsideDocument, i.ID); err != nil {
				return nil, nil, err
			}
		}
		byID[i.ID] = i
	}
	var out []errand
	for _, l := range listed {
		if !documents[l.ID] {
			continue
		}
		i := byID[l.ID]
		i.ID = l.ID
		out = append(out, errand{i, storage.OutsideDocument, h.documentFetcher(did.DID(l.ID))})
	}
	slices.SortStableFunc(out, func(a, b errand) int { return a.Tried.Compare(b.Tried) })
	lists, err := store.List(ctx, storage.OutsideStatusList)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range lists {
		switch {
		case now.Sub(i.Asked) > listWanted:
			if err := store.Forget(ctx, storage.OutsideStatusList, i.ID); err != nil {
				return nil, nil, err
			}
		case inForce:
			out = append(out, errand{i, storage.OutsideStatusList, h.listFetcher(store, i.ID)})
		}
	}
	return out, store, nil
}

// bring does one errand and notes on it how it went. The error is that of the
// home, not of what lies outside.
func (h *Home) bring(ctx, inTime context.Context, store *storage.OutsideStore, e *errand) error {
	if inTime.Err() != nil { // not tried, and so the first of the next sync
		e.Code = "net_unreachable"
		return nil
	}
	b, err := e.fetch(inTime)
	if ctx.Err() != nil {
		return nil // the person ended it; nobody is to blame
	}
	now := h.Now()
	if err == nil {
		e.Code, e.At = "", now.UTC().Truncate(time.Second)
		return store.Keep(ctx, e.kind, e.ID, b, now)
	}
	if e.Code = explain.CodeOf(err); e.Code == "" {
		e.Code = "net_unreachable"
	}
	return store.Failed(ctx, e.kind, e.ID, e.Code, now)
}

func (h *Home) documentFetcher(id did.DID) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		d, err := web.Fetch(ctx, func(ctx context.Context, url, accept string) ([]byte, error) {
			return h.o.fetch(ctx, url, accept, did.MaxDocument)
		}, id)
		if err != nil {
			return nil, err
		}
		return d.Raw, nil
	}
}

func (h *Home) listFetcher(store *storage.OutsideStore, address string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		b, err := h.o.fetch(ctx, address, acceptStatusList, maxStatusList)
		if err != nil {
			return nil, err
		}
		if err := checkStatusList(b); err != nil {
			return nil, err
		}
		_, kept, err := store.Get(ctx, storage.OutsideStatusList, address)
		if err != nil {
			return nil, err
		}
		if listDate(b).Before(listDate(kept)) {
			return nil, explain.Errorf("status_list_older", "a status list made before the one that is kept")
		}
		return b, nil
	}
}

// listDate is when a status list says that it was made: the iat of a token, the
// validFrom of a W3C list; zero where it says nothing. Whoever gives an old list
// again cannot change its date without breaking its proof, so comparing is worth
// it before anything is proved.
func listDate(b []byte) time.Time {
	b = bytes.TrimSpace(b)
	if parts := bytes.Split(b, []byte(".")); len(parts) == 3 {
		payload, err := base64.RawURLEncoding.DecodeString(string(parts[1]))
		if err != nil {
			return time.Time{}
		}
		b = payload
	}
	doc, err := strictjson.Object(b, strictjson.Limits{Bytes: maxStatusList, Depth: 16, Nodes: 5000})
	if err != nil {
		return time.Time{}
	}
	if n, ok := doc["iat"].(json.Number); ok {
		if at, err := n.Int64(); err == nil {
			return time.Unix(at, 0)
		}
	}
	from, _ := doc["validFrom"].(string)
	at, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return time.Time{}
	}
	return at
}

// checkStatusList refuses what can be no status list, such as a server's page
// about its own trouble. Whether it is the issuer's, and what it says, verifying
// finds out.
func checkStatusList(b []byte) error {
	b = bytes.TrimSpace(b)
	if bytes.HasPrefix(b, []byte("{")) {
		if _, err := strictjson.Object(b, strictjson.Limits{Bytes: maxStatusList, Depth: 16, Nodes: 5000}); err != nil {
			return explain.Errorf("status_list_malformed", "reading a status list: %w", err)
		}
		return nil
	}
	parts := strings.Split(string(b), ".")
	for _, p := range parts {
		if len(parts) != 3 || p == "" || strings.Trim(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return explain.Errorf("status_list_malformed", "neither JSON nor a compact JWT")
		}
	}
	return nil
}

// withoutQuery is an address as it may be shown: what an issuer put behind the
// question mark is nobody's business.
func withoutQuery(address string) string {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	return address
}

// IssuerState is a listed issuer with what is here of it.
type IssuerState struct {
	Listing
	InForce     bool
	Fingerprint string    // SHA-256, in hex, of a root's DER or of the document fetched last; "" where the DID is the key
	AsOf        time.Time // when that document was fetched; zero: there is none
	Code        string    // why the last sync brought none
}

// Issuers are the listed issuers with what sync left of them.
func (h *Home) Issuers(ctx context.Context) ([]IssuerState, error) {
	listed, err := h.Listings()
	if err != nil {
		return nil, err
	}
	store, err := h.outsideStore()
	if err != nil {
		return nil, err
	}
	out := make([]IssuerState, len(listed))
	for i, l := range listed {
		s := IssuerState{Listing: l, InForce: !h.Now().After(l.Until)}
		switch {
		case l.Root != nil:
			s.Fingerprint = strings.TrimPrefix(l.ID, x509Prefix)
		case store != nil && did.DID(l.ID).Method() == "web":
			item, body, err := store.Get(ctx, storage.OutsideDocument, l.ID)
			if err != nil {
				return nil, err
			}
			if s.AsOf, s.Code = item.At, item.Code; !item.At.IsZero() {
				sum := sha256.Sum256(body)
				s.Fingerprint = hex.EncodeToString(sum[:])
			}
		}
		out[i] = s
	}
	return out, nil
}

// StatusLists are the status lists outside the network that verifying asked for.
func (h *Home) StatusLists(ctx context.Context) ([]Fetched, error) {
	store, err := h.outsideStore()
	if err != nil || store == nil {
		return nil, err
	}
	items, err := store.List(ctx, storage.OutsideStatusList)
	if err != nil {
		return nil, err
	}
	out := make([]Fetched, len(items))
	for n, i := range items {
		out[n] = Fetched{ID: withoutQuery(i.ID), Code: i.Code, AsOf: i.At}
	}
	return out, nil
}
