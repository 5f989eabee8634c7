package issuer

// Claims: how a practitioner's wallet gets the licence bound to its key. The
// board gives out a one-time code by a channel it already trusts; the wallet
// answers with a presentation that proves its key and that it knows the code.

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bonafide/did"
	"bonafide/did/key"
	"bonafide/internal/claimcode"
	"bonafide/internal/explain"
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
	Again   bool // it had been accepted before; nothing changed
}

// AcceptClaim checks a wallet's answer to a claim code: a presentation without
// credentials, for this board, signed by the did:key that the credential will
// be bound to. The next Issue issues the bound credential. If the licence was
// claimed before, by whichever wallet, what was issued under its indexes so
// far becomes void once the new credentials are ready.
//
// Codes: claim_malformed, claim_code_unknown, claim_code_expired,
// claim_code_locked, claim_code_used, claim_refused (the answer is not the
// code's), and those of the presentation's proof.
func (b *Board) AcceptClaim(ctx context.Context, file []byte, person string) (Claim, error) {
	if len(file) > maxClaimBytes {
		return Claim{}, explain.Errorf("claim_malformed", "a claim file has at most %d bytes", maxClaimBytes)
	}
	p, err := vc.Parse(file)
	if err != nil {
		return Claim{}, explain.Errorf("claim_malformed", "reading a claim: %w", err)
	}
	if p.Kind() != vc.KindPresentation || len(p.Credentials()) > 0 {
		return Claim{}, explain.Errorf("claim_malformed", "a claim is a presentation without credentials")
	}
	challenge := p.ChallengeHint()
	id, err := claimcode.ChallengeID(challenge)
	if err != nil {
		return Claim{}, explain.Errorf("claim_malformed", "reading a claim: %w", err)
	}
	// The turn makes answers to one code follow each other, so that guessing
	// in parallel does not outrun the count.
	release, err := b.take(ctx)
	if err != nil {
		return Claim{}, err
	}
	defer release()
	c, err := b.Store.Code(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Claim{}, explain.Errorf("claim_code_unknown", "no such claim code")
	}
	if err != nil {
		return Claim{}, fmt.Errorf("looking up a claim code: %w", err)
	}
	if c.Attempts >= maxClaimTries {
		return Claim{}, explain.Errorf("claim_code_locked", "the claim code was answered wrongly too often")
	}
	vp, err := p.VerifyPresentation(holderKey, vc.PresentationPolicy{Challenge: challenge, Domain: string(b.DID), Now: b.now()})
	if err != nil {
		return Claim{}, fmt.Errorf("checking a claim: %w", err)
	}
	code, err := claimcode.Restore(c.ID, c.Secret)
	if err != nil {
		return Claim{}, fmt.Errorf("reading a claim code: %w", err)
	}
	if !code.Matches(challenge, b.DID, vp.Holder) {
		if err := b.Store.MissCode(ctx, id); err != nil {
			return Claim{}, fmt.Errorf("counting a wrong answer: %w", err)
		}
		return Claim{}, explain.Errorf("claim_refused", "the answer does not fit the claim code")
	}
	return b.useCode(ctx, &c, vp.Holder, person)
}

// holderKey gives the key of a did:key under authentication.
func holderKey(method string, purpose did.Relationship) (did.PublicKey, error) {
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

// useCode binds the code's licence to a holder.
func (b *Board) useCode(ctx context.Context, c *Code, holder did.DID, person string) (Claim, error) {
	for try := 1; ; try++ {
		ls, err := b.Store.ByID(ctx, []int64{c.Licence})
		if err != nil {
			return Claim{}, fmt.Errorf("reading a licence: %w", err)
		}
		l := ls[0]
		done := Claim{Licence: l.ID, Key: l.Record.Key, Holder: holder}
		switch {
		case c.Holder == holder:
			done.Again = true
			return done, nil
		case c.Holder != "":
			return Claim{}, explain.Errorf("claim_code_used", "the claim code was used by another wallet")
		case b.now().After(c.Expires):
			return Claim{}, explain.Errorf("claim_code_expired", "the claim code has run out")
		case l.Status.Final():
			return Claim{}, explain.Errorf("status_final", "the licence can no longer be claimed")
		}
		ch := Change{Licence: l, WasRevision: l.Revision, WasStatusRev: l.StatusRev}
		ch.Licence.Holder = holder
		ch.Licence.Revision++
		why := ReissueAdd
		if l.Holder != "" {
			why = ReissueVoid // the other wallet may be in the wrong hands
		}
		ch.Licence.Reissue = max(l.Reissue, why)
		ch.Events = []Event{{At: b.now(), Person: person, Act: ActClaimed}}
		err = b.Store.UseCode(ctx, c.ID, holder, ch)
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

// envelope reads the newest credential of a form, if it shows the present
// holder.
func (b *Board) envelope(ctx context.Context, l *Licence, f Form) ([]byte, uint32, error) {
	bytes, index, err := b.Store.Envelope(ctx, l.ID, f)
	if errors.Is(err, ErrNotFound) {
		return nil, 0, explain.Errorf("credential_not_ready", "no such credential has been issued yet")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading a credential: %w", err)
	}
	if f == Bound {
		p, err := vc.Parse(bytes)
		if err != nil {
			return nil, 0, fmt.Errorf("reading a credential: %w", err)
		}
		if p.HolderHint() != string(l.Holder) {
			return nil, 0, explain.Errorf("credential_not_ready", "the licence was claimed anew; its credential is still to be issued")
		}
	}
	return bytes, index, nil
}
