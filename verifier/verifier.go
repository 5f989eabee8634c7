// Package verifier is the hospital's work: from the bytes of a credential or a
// presentation to a verdict with reasons, using only data that an earlier sync
// or import left behind. Nothing here opens a socket.
package verifier

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/internal/template"
	"bonafide/ledger/pack"
	"bonafide/vc"
)

// Store is what the verifier keeps between runs.
type Store interface {
	// Reserve durably notes that the presentation with this digest is the one
	// that answers the nonce. It reports false if the nonce is burned already
	// or belongs to a presentation with another digest. A nonce that this home
	// never issued is ErrNonceUnknown, one that it closed ErrRequestClosed.
	Reserve(ctx context.Context, nonce string, digest [32]byte) (bool, error)
	// Burn durably ends the life of a reserved nonce. It reports false if
	// somebody else burned it in the meantime.
	Burn(ctx context.Context, nonce string, digest [32]byte) (bool, error)
	// Record keeps a result in the history; result is JSON.
	Record(ctx context.Context, at time.Time, result []byte) error
}

// ErrNonceUnknown says that this home did not issue the request.
var ErrNonceUnknown = errors.New("nonce was not issued by this home")

// ErrRequestClosed says that this home made the request and closed it.
var ErrRequestClosed = errors.New("request was closed")

// Clock gives the time a verdict is made at and the floor beneath it.
type Clock interface {
	// Read returns the device's time and the latest time known to have passed,
	// and remembers the reading durably.
	Read(ctx context.Context) (device, floor time.Time, err error)
}

// Config is what a Verifier is made from. All fields but Store, Policy, Outside
// and Past are required; without a Store no presentation can be accepted and no
// history is kept, without Outside no issuer outside the network is trusted.
type Config struct {
	// Data returns the home's verified ledger data. An error with a code, such
	// as no_trust, no_data or data_damaged, makes every check that needs data
	// unknown; one without a code is ours, and no verdict is given.
	Data   func() (*pack.Data, error)
	Clock  Clock
	Store  Store
	Policy Policy
	// Outside holds the issuers that the hospital lists itself. An error from it
	// without a code is ours, and no verdict is given.
	Outside Outside
	// Past holds what the home learned of earlier statuses. Without it a past
	// status is known only where it is today's.
	Past Past
}

// Verifier checks credentials against a home's data.
type Verifier struct {
	data     func() (*pack.Data, error)
	clock    Clock
	store    Store
	policy   Policy
	outside  Outside
	past     Past
	schemata template.Schemas
}

// New makes a Verifier. It refuses a configuration that could not give an
// honest answer.
func New(c Config) (*Verifier, error) {
	if c.Data == nil || c.Clock == nil {
		return nil, errors.New("verifier needs ledger data and a clock")
	}
	if c.Policy == nil {
		c.Policy = DefaultPolicy()
	}
	for purpose, rule := range c.Policy {
		if rule.MaxAge <= 0 {
			return nil, fmt.Errorf("the policy for %s has no greatest age", purpose)
		}
	}
	return &Verifier{data: c.Data, clock: c.Clock, store: c.Store, policy: c.Policy, outside: c.Outside, past: c.Past}, nil
}

// Input is one file to verify.
type Input struct {
	File    string           // its name, only repeated in the result
	Bytes   []byte           // a credential or a presentation
	Request *request.Request // the request it answers, if any
	Purpose Purpose          // "" is privileging
	// At is the time that the verdict is about, zero for now. What a purpose asks
	// for is asked of the present: neither the age of the data nor who presents a
	// credential counts for a time that has passed, so no request goes with it
	// (code at_with_request). A time that has not passed is at_future.
	At time.Time
}

// Verify gives the verdict about one file. An error means that no verdict
// could be given for reasons of our own (a store that cannot be written, a
// cancelled context); it is never a verdict.
func (v *Verifier) Verify(ctx context.Context, in Input) (Result, error) {
	if in.Purpose == "" {
		in.Purpose = Privileging
	}
	rule, ok := v.policy[in.Purpose]
	if !ok {
		return Result{}, explain.Errorf("policy_malformed", "no rule for this purpose")
	}
	if !in.At.IsZero() && in.Request != nil {
		return Result{}, explain.Errorf("at_with_request", "a request is answered in the present")
	}
	device, floor, err := v.clock.Read(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("reading the clock: %w", err)
	}
	data, err := v.data()
	if err != nil && explain.CodeOf(err) == "" {
		return Result{}, fmt.Errorf("reading ledger data: %w", err)
	}
	r := &run{
		v: v, in: in, rule: rule, data: data, dataErr: err,
		clock:  read(device, floor, data),
		checks: make([]Check, 0, fileChecks+len(credentialChecks)), required: make([]slot, 0, fileChecks+len(credentialChecks)),
	}
	if !in.At.IsZero() {
		if in.At.After(r.clock.latest()) {
			return Result{}, explain.Errorf("at_future", "it is not known to have passed")
		}
		r.at = askedAt(in.At, data)
	}
	if err := r.file(ctx); err != nil {
		return Result{}, err
	}
	res := r.result()
	if err := r.settleNonce(ctx, &res); err != nil {
		return Result{}, err
	}
	if v.store != nil {
		b, err := json.Marshal(res)
		if err != nil {
			return Result{}, fmt.Errorf("encoding the result: %w", err)
		}
		if err := v.store.Record(ctx, device, b); err != nil {
			return Result{}, fmt.Errorf("keeping the result: %w", err)
		}
	}
	return res, nil
}

// Check is what a wallet asks before it keeps a credential: anchor, issuer key
// and proof, and nothing that changes with time. The error carries the code of
// the first check that did not pass.
func (v *Verifier) Check(ctx context.Context, b []byte) (vc.Authentic, error) {
	p, err := vc.Parse(b)
	if err != nil {
		return vc.Authentic{}, err
	}
	device, floor, err := v.clock.Read(ctx)
	if err != nil {
		return vc.Authentic{}, fmt.Errorf("reading the clock: %w", err)
	}
	data, err := v.data()
	if err != nil {
		return vc.Authentic{}, err
	}
	r := &run{v: v, data: data, clock: read(device, floor, data)}
	auth := r.proof(p, 0, r.issuerKey(p, 0, r.anchor(p, 0)))
	for _, c := range r.checks {
		if c.Outcome != Pass {
			return vc.Authentic{}, explain.Errorf(c.Code, "%s", c.ID)
		}
	}
	return auth, nil
}

// run is the state of one verification.
type run struct {
	v       *Verifier
	in      Input
	rule    Rule
	data    *pack.Data // nil: dataErr says why
	dataErr error
	clock   reading
	at      *asked     // nil: the verdict is about now
	asOf    *time.Time // data's; nil: not asked for yet

	checks      []Check
	required    []slot
	credentials []Credential
	types       [][]string // of each credential, as a request may ask for them
	conditions  []string   // whom to ask, where licences have conditions
	uncertified string     // why no listed root certifies the credential at hand; "": it does, or nothing was asked
	trusted     []string   // the hospital's names for listed issuers that a verdict rests on
	reserved    bool       // the request's nonce is reserved for these bytes
	digest      [32]byte
}

// note adds a check to the report. index is the credential, -1 for the file.
func (r *run) note(id string, index int, o Outcome, code string) {
	if r.data == nil || !restsOnData[id] {
		r.add(id, index, o, code, nil)
		return
	}
	if r.asOf == nil {
		r.asOf = ptr(r.data.AsOf)
	}
	r.add(id, index, o, code, r.asOf)
}

// noteAt is note for a check that rests on data of another time; zero: on none.
func (r *run) noteAt(id string, index int, o Outcome, code string, at time.Time) {
	if at.IsZero() {
		r.add(id, index, o, code, nil)
		return
	}
	r.add(id, index, o, code, &at)
}

func (r *run) add(id string, index int, o Outcome, code string, asOf *time.Time) {
	e, ok := explain.Lookup(code)
	if !ok {
		// A code without a text is a fault of ours; the outcome stays, the
		// reader is told the code.
		e = explain.Entry{Code: code, Message: "The check ended with the code " + code + ".", Who: "it", Next: "Report this code to the makers."}
	}
	c := Check{ID: id, Outcome: o, Code: code, Message: e.Message, Who: e.Who, Next: e.Next}
	if index >= 0 {
		c.Credential = &index
	}
	if o != Skipped {
		c.AsOf = asOf
	}
	r.checks = append(r.checks, c)
}

// require makes a pass in this slot a condition of `verified`.
func (r *run) require(id string, index int) { r.required = append(r.required, slot{id, index}) }

// file makes every check of the file.
func (r *run) file(ctx context.Context) error {
	r.require(CheckParse, -1)
	if r.at == nil {
		r.require(CheckFreshness, -1)
	}
	// Who asked for an answer wants one, whatever the purpose.
	if r.asksBinding() {
		r.require(CheckBinding, -1)
	}
	p, err := vc.Parse(r.in.Bytes)
	if err == nil && p.Kind() == vc.KindPresentation && len(p.Credentials()) == 0 {
		err = explain.Errorf("presentation_empty", "nothing is presented")
	}
	if err != nil {
		code := codeOr(err, "not_a_credential")
		if strings.HasPrefix(code, "json_") && !bytes.HasPrefix(bytes.TrimLeft(r.in.Bytes, " \t\r\n"), []byte("{")) && code != "json_too_large" {
			code = "not_a_credential" // a scan or a PDF is no JSON gone wrong
		}
		r.note(CheckParse, -1, Fail, code)
		for _, id := range credentialChecks {
			r.note(id, -1, Skipped, "not_run")
		}
		r.note(CheckFreshness, -1, Skipped, "not_run")
		r.note(CheckBinding, -1, Skipped, "not_run")
		return nil
	}
	r.note(CheckParse, -1, Pass, "parsed")
	if p.Kind() == vc.KindPresentation {
		inner := p.Credentials()
		auths := make([]vc.Authentic, len(inner))
		for i, c := range inner {
			if auths[i], err = r.credential(ctx, c, i); err != nil {
				return err
			}
		}
		r.freshness()
		return r.binding(ctx, p, auths)
	}
	auth, err := r.credential(ctx, p, 0)
	if err != nil {
		return err
	}
	r.freshness()
	switch {
	case p.KeyBound():
		return r.keyBinding(ctx, p, auth)
	case !r.asksBinding():
		r.note(CheckBinding, -1, Skipped, r.noBinding())
	case r.in.Request == nil && auth.Authentic() && holderOf(auth) == "":
		r.note(CheckBinding, -1, Unknown, "register_copy")
	default:
		r.note(CheckBinding, -1, Unknown, "presentation_required")
	}
	return nil
}

// asksBinding reports whether it has to be shown who presents the credential.
func (r *run) asksBinding() bool { return r.at == nil && r.rule.Binding || r.in.Request != nil }

// noBinding is the code that says why nobody asks.
func (r *run) noBinding() string {
	if r.at != nil {
		return "binding_past"
	}
	return "binding_not_required"
}

// answer is what a presentation must answer: the request, or, where nobody
// asked, the challenge and domain that it names itself. That shows who made it
// but not that it was made for us.
func (r *run) answer(p *vc.Parsed) vc.PresentationPolicy {
	policy := vc.PresentationPolicy{Challenge: p.ChallengeHint(), Domain: p.DomainHint(), Now: r.clock.latest(), Window: whenever}
	if req := r.in.Request; req != nil {
		policy.Challenge, policy.Domain = req.Nonce, req.Audience
		// It may wait for its verdict as long as the request lives, but it
		// cannot be older than that.
		policy.Window = max(policy.Now.Sub(req.Created), 0) + clockTolerance
	}
	return policy
}

// whenever is a window that leaves no key binding out for its age.
const whenever = 100 * 365 * 24 * time.Hour

// binding judges that the presentation answers our request and is made by the
// holder of every credential in it. Its own proof must hold also where nobody
// asked.
func (r *run) binding(ctx context.Context, p *vc.Parsed, auths []vc.Authentic) error {
	pres, err := p.VerifyPresentation(r.holderKey, r.answer(p))
	if err != nil {
		r.note(CheckBinding, -1, Fail, codeOr(err, "presentation_proof_invalid"))
		return nil
	}
	return r.bound(ctx, auths, pres.Holder)
}

// keyBinding is binding for an SD-JWT: whoever presents it signs with the key
// that the credential names. Where that cannot be told, because the credential
// itself was not proved, nothing can be said of the presenter either.
func (r *run) keyBinding(ctx context.Context, p *vc.Parsed, auth vc.Authentic) error {
	if !auth.Authentic() {
		if !r.asksBinding() {
			r.note(CheckBinding, -1, Skipped, r.noBinding())
		} else {
			r.note(CheckBinding, -1, Unknown, "binding_unproved")
		}
		return nil
	}
	if err := p.VerifyKeyBinding(auth, r.answer(p)); err != nil {
		code := codeOr(err, "presentation_proof_invalid")
		if code == "key_binding_time" && r.clock.behind() {
			r.note(CheckBinding, -1, Unknown, "clock_behind")
		} else {
			r.note(CheckBinding, -1, Fail, code)
		}
		return nil
	}
	return r.bound(ctx, []vc.Authentic{auth}, holderOf(auth))
}

// bound judges a presentation whose proof, challenge and domain fit: that the
// request is ours and not answered yet, and that presenter holds every
// credential.
func (r *run) bound(ctx context.Context, auths []vc.Authentic, presenter did.DID) error {
	req := r.in.Request
	// The first presentation whose proof and nonce fit has the request, whatever
	// else is found out about it.
	ours, closed := false, false
	if req != nil && r.v.store != nil {
		r.digest = sha256.Sum256(r.in.Bytes)
		free, err := r.v.store.Reserve(ctx, req.Nonce, r.digest)
		switch {
		case errors.Is(err, ErrNonceUnknown):
		case errors.Is(err, ErrRequestClosed):
			closed = true
		case err != nil:
			return fmt.Errorf("reserving the request: %w", err)
		case !free:
			r.note(CheckBinding, -1, Fail, "replayed")
			return nil
		default:
			ours, r.reserved = true, true
		}
	}
	missing := "" // why it cannot be told whether the presenter holds them all
	for i, a := range auths {
		switch {
		case !a.Authentic():
			// What is not authentic names no holder; its own checks say why.
			missing = "binding_unproved"
		case holderOf(a) == "":
			missing = "register_copy"
		case holderOf(a) != presenter:
			r.note(CheckBinding, -1, Fail, "holder_mismatch")
			return nil
		case req != nil && (!req.Asks(r.types[i]) || len(req.Formats) > 0 && !slices.Contains(req.Formats, string(a.Format()))):
			missing = "not_asked_for"
		case req != nil && withholds(a, req.Claims):
			missing = "claim_withheld"
		}
	}
	switch {
	case !r.asksBinding():
		r.note(CheckBinding, -1, Skipped, r.noBinding())
	case req == nil:
		r.note(CheckBinding, -1, Unknown, "request_required")
	case missing != "":
		r.note(CheckBinding, -1, Unknown, missing)
	case closed:
		r.note(CheckBinding, -1, Unknown, "request_closed")
	case !ours:
		r.note(CheckBinding, -1, Unknown, "request_not_ours")
	case !r.clock.latest().Before(req.Expires):
		r.note(CheckBinding, -1, Unknown, "request_expired")
	case r.clock.behind():
		r.note(CheckBinding, -1, Unknown, "clock_behind")
	default:
		r.note(CheckBinding, -1, Pass, "bound")
		for i := range r.credentials {
			r.credentials[i].Bound = ptr(true)
		}
	}
	return nil
}

// withholds reports whether a claim that was asked for is not there though it
// may be in the credential. What a credential shows in full lacks nothing.
func withholds(a vc.Authentic, asked []string) bool {
	if len(asked) == 0 || !a.Partial() {
		return false
	}
	subject := a.Claims()["credentialSubject"]
	return slices.ContainsFunc(asked, func(claim string) bool {
		at := subject
		for name := range strings.SplitSeq(claim, ".") {
			m, _ := at.(map[string]any)
			var ok bool
			if at, ok = m[name]; !ok {
				return true
			}
		}
		return false
	})
}

// settleNonce burns the nonce once the verdict is final. Two processes that
// verify the same bytes at the same moment cannot both win.
func (r *run) settleNonce(ctx context.Context, res *Result) error {
	if !r.reserved || res.Verdict == Unconfirmed {
		return nil
	}
	ok, err := r.v.store.Burn(ctx, r.in.Request.Nonce, r.digest)
	if err != nil {
		return fmt.Errorf("burning the request: %w", err)
	}
	if !ok {
		r.checks = slices.DeleteFunc(r.checks, func(c Check) bool { return c.ID == CheckBinding })
		r.note(CheckBinding, -1, Fail, "replayed")
		for i := range r.credentials {
			if r.credentials[i].Bound != nil {
				r.credentials[i].Bound = ptr(false)
			}
		}
		*res = r.result()
	}
	return nil
}

// result folds the checks into the answer.
func (r *run) result() Result {
	res := Result{
		File: r.in.File, Purpose: r.in.Purpose, VerifiedAt: r.clock.device.UTC().Truncate(time.Second),
		Credentials: r.credentials, Checks: r.checks,
	}
	if res.Credentials == nil {
		res.Credentials = []Credential{}
	}
	if r.at != nil {
		res.At = ptr(r.at.time)
	}
	if r.data != nil {
		res.AsOf, res.Validators = ptr(r.data.AsOf), r.data.Validators
	}
	res.Verdict = fold(r.checks, r.required)
	res.Headline = r.headline(res.Verdict)
	return res
}

// headline is the answer in a few words. The first check that decided it
// gives the reason.
func (r *run) headline(v Verdict) string {
	reason := func(o Outcome) string {
		for _, c := range r.checks {
			if c.Outcome == o {
				return c.Message
			}
		}
		return ""
	}
	verified, rejected, unconfirmed := "Verified", "Not valid. ", "Cannot confirm. "
	if r.at != nil {
		on := r.at.time.Format("2006-01-02 15:04:05 UTC")
		verified, rejected, unconfirmed = "Was valid on "+on, "Was not valid on "+on+". ", "Cannot confirm for "+on+". "
	}
	switch v {
	case Verified:
		answer := verified
		if len(r.conditions) > 0 {
			answer += ", with conditions. " + strings.Join(r.conditions, " ")
		}
		if len(r.trusted) > 0 {
			answer = strings.TrimSuffix(answer, ".") + ". This rests on your own list of issuers, not on the boards' ledger: " + strings.Join(r.trusted, ", ") + "."
		}
		return answer
	case Rejected:
		return rejected + reason(Fail)
	default:
		if s := reason(Unknown); s != "" {
			return unconfirmed + s
		}
		return unconfirmed + "A required check did not run."
	}
}

// codeOr is the code an error carries, or a general one.
func codeOr(err error, general string) string {
	if c := explain.CodeOf(err); c != "" {
		return c
	}
	return general
}

func ptr[T any](v T) *T { return &v }
