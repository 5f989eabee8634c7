package issuer

// Claims: how a practitioner's wallet gets the licence bound to its keys. The
// board gives out a one-time code by a channel it already trusts; the wallet
// answers with a presentation that proves its Ed25519 key and that it knows the
// code, and with a JWT that proves the same of its P-256 key.

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/did/key"
	"bonafide/internal/claimcode"
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/vc"
)

const (
	// DefaultClaimLife is how long a claim code can be used.
	DefaultClaimLife = 14 * 24 * time.Hour
	maxClaimLife     = 366 * 24 * time.Hour
	// maxClaimTries is the number of wrong answers that end a code.
	maxClaimTries = 5
	// maxClaimBytes bounds a claim file.
	maxClaimBytes = 64 << 10
)

// claimLimits bound what is read of a claim before anything is proved.
var claimLimits = strictjson.Limits{Bytes: maxClaimBytes, Depth: 16, Nodes: 2000}

// ClaimCodeOptions say how to make a claim code.
type ClaimCodeOptions struct {
	Life   time.Duration // 0: DefaultClaimLife
	Person string
}

// ClaimCode makes a one-time code for a licence and returns it as it is
// printed, with the time it runs out. Unused codes of the same licence end.
// Codes as Find, and claim_life, status_final.
func (b *Board) ClaimCode(ctx context.Context, ref string, o ClaimCodeOptions) (string, time.Time, error) {
	if o.Life == 0 {
		o.Life = DefaultClaimLife
	}
	if o.Life < time.Minute || o.Life > maxClaimLife {
		return "", time.Time{}, explain.Errorf("claim_life", "a claim code lasts from a minute to a year")
	}
	l, err := b.Find(ctx, ref)
	if err != nil {
		return "", time.Time{}, err
	}
	if l.Status.Final() {
		return "", time.Time{}, explain.Errorf("status_final", "the licence can no longer be claimed")
	}
	now := b.now()
	for try := 1; ; try++ {
		code, err := claimcode.New(b.Rand)
		if err != nil {
			return "", time.Time{}, err
		}
		c := Code{ID: code.ID(), Licence: l.ID, Secret: code.Secret(), Expires: now.Add(o.Life)}
		err = b.Store.PutCode(ctx, c, Event{At: now, Person: o.Person, Act: ActCode})
		if err == nil {
			return code.Text(), c.Expires, nil
		}
		if !errors.Is(err, ErrConflict) || try == maxTries { // another code has this id
			return "", time.Time{}, fmt.Errorf("storing a claim code: %w", err)
		}
	}
}

// Claim is a claim that the board accepted.
type Claim struct {
	Licence int64
	Key     Key
	Holder  did.DID
	// HolderKey is the P-256 key, as a Multikey, that SD-JWT VCs will be bound
	// to; "": the claim proved none, and none will be.
	HolderKey string
	Again     bool // it had been accepted before; nothing changed
}

// answer is what a claim file holds.
type answer struct {
	presentation *vc.Parsed
	challenge    string // of the presentation
	code         string // id of the claim code that it answers
	proof        []byte // openid4vci-proof+jwt; nil: none
	nonce        string // of proof
}

// parseClaim reads a claim file: either a presentation, or
//
//	{"format":1,"presentation":{…},"proof":"…"}
//
// where proof is a JWT of type openid4vci-proof+jwt. Nothing is proved yet.
func parseClaim(file []byte) (answer, error) {
	if len(file) > maxClaimBytes {
		return answer{}, explain.Errorf("claim_malformed", "a claim file has at most %d bytes", maxClaimBytes)
	}
	malformed := func(err error) (answer, error) {
		return answer{}, explain.Errorf("claim_malformed", "reading a claim: %w", err)
	}
	var a answer
	o, err := strictjson.Object(file, claimLimits)
	if err != nil {
		return malformed(err)
	}
	if inner, both := o["presentation"]; both {
		proof, ok := o["proof"].(string)
		if !ok || len(o) != 3 || o["format"] != strictjson.Number("1") {
			return malformed(errors.New("not format 1 with a presentation and a proof"))
		}
		if file, err = strictjson.Canonical(inner); err != nil {
			return malformed(err)
		}
		a.proof = []byte(proof)
		if a.nonce, err = nonceHint(proof); err != nil {
			return malformed(err)
		}
	}
	if a.presentation, err = vc.Parse(file); err != nil {
		return malformed(err)
	}
	if a.presentation.Kind() != vc.KindPresentation || len(a.presentation.Credentials()) > 0 {
		return malformed(errors.New("it has to be a presentation without credentials"))
	}
	a.challenge = a.presentation.ChallengeHint()
	if a.code, err = claimcode.ChallengeID(a.challenge); err != nil {
		return malformed(err)
	}
	return a, nil
}

// nonceHint reads the nonce of a JWT of which nothing has been proved.
func nonceHint(jwt string) (string, error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return "", errors.New("the proof is no JWT")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", errors.New("the payload of the proof is not base64url")
	}
	payload, err := strictjson.Object(raw, claimLimits)
	if err != nil {
		return "", err
	}
	nonce, ok := payload["nonce"].(string)
	if !ok {
		return "", errors.New("the proof has no nonce")
	}
	return nonce, nil
}

// prove checks the proofs of an answer, for what they say themselves. It
// returns the keys that made them.
func (b *Board) proveClaim(a *answer) (holder did.DID, holderKey did.PublicKey, err error) {
	now := b.now()
	vp, err := a.presentation.VerifyPresentation(holderKeyOf, vc.PresentationPolicy{Challenge: a.challenge, Domain: string(b.DID), Now: now})
	if err != nil {
		return "", did.PublicKey{}, fmt.Errorf("checking a claim: %w", err)
	}
	if a.proof != nil {
		if holderKey, err = vc.VerifyPossession(a.proof, a.nonce, string(b.DID), now); err != nil {
			return "", did.PublicKey{}, fmt.Errorf("checking a claim: %w", err)
		}
	}
	return vp.Holder, holderKey, nil
}

// AcceptClaim checks a wallet's answer to a claim code, for this board: a
// presentation without credentials, signed by the did:key that the VCDM
// credential will be bound to, and a proof of possession of the P-256 key for
// the SD-JWT VC; a presentation alone will do, and then no SD-JWT VC is bound.
// The next Issue issues the bound credentials. If the licence was claimed
// before, by whichever wallet, what was issued under its indexes so far, in
// every form and format, becomes void once the new credentials are ready.
//
// Codes: claim_malformed, claim_code_unknown, claim_code_expired,
// claim_code_locked, claim_code_used, claim_refused (one of the answers is not
// the code's), and those of the proofs.
func (b *Board) AcceptClaim(ctx context.Context, file []byte, person string) (Claim, error) {
	a, err := parseClaim(file)
	if err != nil {
		return Claim{}, err
	}
	// The turn makes answers to one code follow each other, so that guessing
	// in parallel does not outrun the count.
	release, err := b.take(ctx)
	if err != nil {
		return Claim{}, err
	}
	defer release()
	c, err := b.Store.Code(ctx, a.code)
	if errors.Is(err, ErrNotFound) {
		return Claim{}, explain.Errorf("claim_code_unknown", "no such claim code")
	}
	if err != nil {
		return Claim{}, fmt.Errorf("looking up a claim code: %w", err)
	}
	if c.Attempts >= maxClaimTries {
		return Claim{}, explain.Errorf("claim_code_locked", "the claim code was answered wrongly too often")
	}
	holder, holderKey, err := b.proveClaim(&a)
	if err != nil {
		return Claim{}, err
	}
	code, err := claimcode.Restore(c.ID, c.Secret)
	if err != nil {
		return Claim{}, fmt.Errorf("reading a claim code: %w", err)
	}
	fits := code.Matches(a.challenge, b.DID, holder)
	if a.proof != nil && !code.Matches(a.nonce, b.DID, key.New(holderKey)) {
		fits = false
	}
	if !fits {
		if err := b.Store.MissCode(ctx, a.code); err != nil {
			return Claim{}, fmt.Errorf("counting a wrong answer: %w", err)
		}
		return Claim{}, explain.Errorf("claim_refused", "the answer does not fit the claim code")
	}
	done := Claim{Holder: holder}
	if a.proof != nil {
		done.HolderKey = holderKey.Multikey()
	}
	return b.useCode(ctx, &c, done, person)
}

// holderKeyOf gives the key of a did:key under authentication.
func holderKeyOf(method string, purpose did.Relationship) (did.PublicKey, error) {
	u, err := did.ParseURL(method)
	if err != nil {
		return did.PublicKey{}, err
	}
	k, err := key.Public(u.DID)
	if err != nil {
		return did.PublicKey{}, err
	}
	if purpose != did.Authentication || method != key.MethodID(k) {
		return did.PublicKey{}, explain.Errorf("method_not_found", "not the method of this did:key")
	}
	return k, nil
}

// useCode binds the code's licence to the holder of a claim.
func (b *Board) useCode(ctx context.Context, c *Code, done Claim, person string) (Claim, error) {
	for try := 1; ; try++ {
		ls, err := b.Store.ByID(ctx, []int64{c.Licence})
		if err != nil {
			return Claim{}, fmt.Errorf("reading a licence: %w", err)
		}
		l := ls[0]
		done.Licence, done.Key = l.ID, l.Record.Key
		switch {
		case c.Holder == done.Holder && c.HolderKey == done.HolderKey:
			done.Again = true
			return done, nil
		case c.Holder != "":
			return Claim{}, explain.Errorf("claim_code_used", "the claim code was used with other keys")
		case b.now().After(c.Expires):
			return Claim{}, explain.Errorf("claim_code_expired", "the claim code has run out")
		case l.Status.Final():
			return Claim{}, explain.Errorf("status_final", "the licence can no longer be claimed")
		}
		ch := Change{Licence: l, WasRevision: l.Revision, WasStatusRev: l.StatusRev}
		ch.Licence.Holder, ch.Licence.HolderKey = done.Holder, done.HolderKey
		ch.Licence.Revision++
		ch.Licence.ClaimRev = ch.Licence.Revision
		why := ReissueAdd
		if l.Holder != "" {
			why = ReissueVoid // the other wallet may be in the wrong hands
		}
		ch.Licence.Reissue = max(l.Reissue, why)
		ch.Events = []Event{{At: b.now(), Person: person, Act: ActClaimed}}
		err = b.Store.UseCode(ctx, c.ID, ch)
		if err == nil {
			return done, nil
		}
		if !errors.Is(err, ErrConflict) || try == maxTries {
			return Claim{}, fmt.Errorf("accepting a claim: %w", err)
		}
		if *c, err = b.Store.Code(ctx, c.ID); err != nil {
			return Claim{}, fmt.Errorf("looking up a claim code: %w", err)
		}
	}
}

// envelope reads the newest credential of a form and format, if it shows the
// present holder.
func (b *Board) envelope(ctx context.Context, l *Licence, f Form, format vc.Format) ([]byte, uint32, error) {
	bytes, leaf, err := b.Store.Envelope(ctx, l.ID, f, format)
	if errors.Is(err, ErrNotFound) {
		return nil, 0, explain.Errorf("credential_not_ready", "no such credential has been issued yet")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading a credential: %w", err)
	}
	old := f == Bound && leaf.Revision < l.ClaimRev
	if f == Bound && format == vc.VCDM && l.ClaimRev == 0 { // claimed before ClaimRev was kept
		p, err := vc.Parse(bytes)
		if err != nil {
			return nil, 0, fmt.Errorf("reading a credential: %w", err)
		}
		old = p.HolderHint() != string(l.Holder)
	}
	if old {
		return nil, 0, explain.Errorf("credential_not_ready", "the licence was claimed anew; its credential is still to be issued")
	}
	return bytes, leaf.Index, nil
}
