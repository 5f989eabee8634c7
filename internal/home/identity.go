package home

// What a board does with its own identity and rules: new keys, reports, the
// end; the periods of grace.

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/keys"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/storage"
)

// RotateKey gives the board a new issuing key (keys.Issuing, keys.IssuingES256)
// or ledger key (keys.Ledger) in place of the one in force, and returns the new
// verification method. What the old key did stays valid: keys are judged by the
// ledger's time. The new key is stored before the ledger hears of it. A board
// from before SD-JWT VCs gets its first P-256 key in this way, and the next
// Issue adds the SD-JWT VCs to what is out.
func (h *Home) RotateKey(ctx context.Context, use string) (method string, err error) {
	if use != keys.Issuing && use != keys.IssuingES256 && use != keys.Ledger {
		return "", explain.Errorf("usage", "only issuing and ledger keys are rotated")
	}
	id, d, k, err := h.acting(ctx)
	if err != nil {
		return "", err
	}
	versions, err := d.View.Versions(id)
	if err != nil {
		return "", err
	}
	doc := versions[len(versions)-1].Document
	ks, err := h.Keys(use)
	if err != nil {
		return "", err
	}
	_, fresh, err := ks.Create(kindOf(use))
	if err != nil {
		return "", err
	}
	var replaced did.PublicKey // the zero key, which no document has, where there is none
	if old := k.of(use); old != nil {
		replaced = old.Public()
	}
	// Further keys that the document lists, such as one kept elsewhere, stay.
	list := func(rel did.Relationship) (out []did.PublicKey) {
		for _, m := range doc.MethodsFor(rel) {
			if m.Key == replaced {
				m.Key = fresh
			}
			out = append(out, m.Key)
		}
		return out
	}
	assertion := list(did.AssertionMethod)
	if k.of(use) == nil {
		assertion = append(assertion, fresh)
	}
	next, err := bonafide.NextDocument(id, assertion, list(did.CapabilityInvocation), bonafide.OptionsOf(doc))
	if err != nil {
		return "", err
	}
	if _, err := h.Send(ctx, ledger.UpdateDID{Document: next}); err != nil {
		return "", err
	}
	return id.String() + "#" + fresh.Multikey(), nil
}

// Recovery makes new keys for a board that lost all of its own, or has to fear
// that somebody else has them too, and returns the document that the members
// vote for (ledger.RecoverDID). Everything but the keys stays as the ledger has
// it. Once the vote has taken effect this home is that board's: until then the
// new keys can do nothing. A home that is no board's yet becomes this one's.
// Codes no_data, issuer_unknown, board_exists, board_deactivated.
func (h *Home) Recovery(ctx context.Context, id did.DID) ([]byte, error) {
	d, err := h.Data()
	if err != nil {
		return nil, err
	}
	versions, err := d.View.Versions(id)
	if err != nil {
		return nil, err
	}
	if len(versions) == 0 {
		return nil, explain.Errorf("issuer_unknown", "no board of the network has this DID")
	}
	newest := versions[len(versions)-1]
	if newest.Deactivated || newest.Document == nil {
		return nil, explain.Errorf("board_deactivated", "the DID was closed for good")
	}
	s, err := readSettings(h.dir)
	if err != nil {
		return nil, err
	}
	if s.Board != "" && s.Board != id.String() {
		return nil, explain.Errorf("board_exists", "this home is another board's")
	}
	fresh := map[string]did.PublicKey{}
	for _, use := range []string{keys.Issuing, keys.IssuingES256, keys.Ledger} {
		ks, err := h.Keys(use)
		if err != nil {
			return nil, err
		}
		if _, fresh[use], err = ks.Create(kindOf(use)); err != nil {
			return nil, err
		}
	}
	doc, err := bonafide.NextDocument(id, []did.PublicKey{fresh[keys.Issuing], fresh[keys.IssuingES256]},
		[]did.PublicKey{fresh[keys.Ledger]}, bonafide.OptionsOf(newest.Document))
	if err != nil {
		return nil, err
	}
	return doc, h.setBoard(ctx, id)
}

// ReportKey tells the ledger that one of the board's keys was in other hands
// from a time on, at most 90 days back. It is final.
func (h *Home) ReportKey(ctx context.Context, method string, from time.Time) error {
	_, err := h.Send(ctx, ledger.ReportKey{Method: method, From: from.Unix()})
	return err
}

// DeactivateBoard ends the board's identity. It is final.
func (h *Home) DeactivateBoard(ctx context.Context) error {
	_, err := h.Send(ctx, ledger.DeactivateDID{})
	return err
}

// BoardKey is one of a board's keys, as the home's data has it.
type BoardKey struct {
	Use      string    // keys.Issuing, keys.IssuingES256, keys.Ledger; "" for another kind
	Method   string    // DID URL
	Since    time.Time // when it came into force; zero: not dated yet
	Until    time.Time // when another took its place; zero while it stands, or not dated
	InForce  bool      // it stands in the newest document
	InUse    bool      // this home signs with it
	Reported time.Time // from when on it is not to be trusted; zero: never reported
}

// BoardProfile is what the home knows of its board without asking anybody.
type BoardProfile struct {
	DID           did.DID
	Network       string
	Name, Contact string            // of its desk, fit to be shown
	Anchored      bool              // the ledger knows it
	Ended         bool              // it was closed for good
	Keys          []BoardKey        // newest first
	Certificate   *BoardCertificate // of the P-256 key in use; nil: none
	Settings      issuer.Settings
}

// BoardProfile reads it from the home's data; the home must be unlocked. Codes
// no_board, no_trust, no_data.
func (h *Home) BoardProfile() (BoardProfile, error) {
	var p BoardProfile
	var err error
	if p.DID, err = h.BoardDID(); err != nil {
		return p, err
	}
	if p.Settings, err = h.boardSettings(); err != nil {
		return p, err
	}
	d, err := h.Data()
	if err != nil {
		return p, err
	}
	p.Network = d.ChainID
	versions, err := d.View.Versions(p.DID)
	if err != nil || len(versions) == 0 {
		return p, err
	}
	p.Anchored, p.Ended = true, versions[len(versions)-1].Deactivated
	for _, v := range slices.Backward(versions) {
		if v.Document != nil {
			p.Name, p.Contact = bonafide.Desk(v.Document)
			break
		}
	}
	reports, err := d.View.Reports(p.DID)
	if err != nil {
		return p, err
	}
	mine, err := h.boardKeys(p.DID, d)
	if code := explain.CodeOf(err); err != nil && code != "key_missing" && code != "board_deactivated" {
		return p, err
	}
	p.Keys = boardKeysOf(versions, reports)
	for i, k := range p.Keys {
		s := mine.of(k.Use)
		p.Keys[i].InUse = k.Use != "" && s != nil && p.DID.String()+"#"+s.Public().Multikey() == k.Method
	}
	if mine.es256 != nil {
		if p.Certificate, err = h.keptCertificate(mine.es256.Public()); err != nil {
			return p, err
		}
	}
	return p, nil
}

// boardKeysOf lists every key that ever stood in a board's documents.
func boardKeysOf(versions []did.Version, reports []did.KeyReport) []BoardKey {
	var out []BoardKey
	for _, v := range versions {
		in := map[string]string{} // method: use
		var order []string
		if v.Document != nil {
			for rel, use := range map[did.Relationship]func(did.KeyKind) string{
				did.AssertionMethod:      issuingUse,
				did.CapabilityInvocation: func(did.KeyKind) string { return keys.Ledger },
			} {
				for _, m := range v.Document.MethodsFor(rel) {
					in[m.ID] = use(m.Key.Kind())
				}
			}
			for id := range in {
				order = append(order, id)
			}
			slices.Sort(order)
		}
		for i := range out {
			if _, still := in[out[i].Method]; out[i].InForce && !still {
				out[i].InForce, out[i].Until = false, v.Time
			}
		}
		for _, id := range order {
			if i := slices.IndexFunc(out, func(k BoardKey) bool { return k.Method == id }); i < 0 {
				out = append(out, BoardKey{Use: in[id], Method: id, Since: v.Time, InForce: true})
			} else if !out[i].InForce {
				out[i].InForce, out[i].Until = true, time.Time{}
			}
		}
	}
	for i := range out {
		for _, r := range reports {
			if r.Method == out[i].Method && (out[i].Reported.IsZero() || r.From.Before(out[i].Reported)) {
				out[i].Reported = r.From
			}
		}
	}
	slices.Reverse(out)
	return out
}

func issuingUse(k did.KeyKind) string {
	switch k {
	case did.Ed25519:
		return keys.Issuing
	case did.P256:
		return keys.IssuingES256
	}
	return ""
}

// rulesFile holds the board's settings (issuer.ParseSettings), in clear.
const rulesFile = "settings.json"

func (h *Home) rulesPath() string {
	return filepath.Join(h.dir, storage.Issuer.Name, rulesFile)
}

// boardSettings are the board's rules; without a file there is no grace.
func (h *Home) boardSettings() (issuer.Settings, error) {
	b, err := readBounded(h.rulesPath(), int64(jsonLimits.Bytes))
	if errors.Is(err, fs.ErrNotExist) {
		return issuer.Settings{}, nil
	}
	if err != nil {
		return issuer.Settings{}, fmt.Errorf("reading the board's settings: %w", err)
	}
	return issuer.ParseSettings(b)
}

// SetBoardSettings checks and keeps the board's rules; they hold from the next
// issue on. Codes no_board, board_settings.
func (h *Home) SetBoardSettings(b []byte) (issuer.Settings, error) {
	if _, err := h.BoardDID(); err != nil {
		return issuer.Settings{}, err
	}
	s, err := issuer.ParseSettings(b)
	if err != nil {
		return s, err
	}
	if err := os.MkdirAll(filepath.Dir(h.rulesPath()), 0o700); err != nil {
		return s, fmt.Errorf("keeping the board's settings: %w", err)
	}
	return s, storage.WriteFile(h.rulesPath(), b)
}
