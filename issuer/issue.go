package issuer

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/parallel"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
)

// signChunk is the number of credentials that are signed and stored together.
const signChunk = 2048

// maxReplans bounds how often one Issue plans anew what it had to abandon.
const maxReplans = 8

// IssueOptions say how to issue.
type IssueOptions struct {
	// NoWait returns once everything due is anchored; a later Issue or Resume
	// signs. Otherwise Issue waits for the epochs to close.
	NoWait   bool
	Person   string
	Progress Progress // steps: plan, anchor, wait, sign, deliver
}

// Problem says why licences of a type and jurisdiction got no credential.
type Problem struct {
	Code         string `json:"code"` // not_accredited, template_unknown, …
	Type         string `json:"type"`
	Jurisdiction string `json:"jurisdiction"`
	Licences     int    `json:"licences"`
}

// IssueReport counts what was issued. It counts credentials, but for Expired
// and Problems, which count licences.
type IssueReport struct {
	Planned   int       `json:"planned"`
	Issued    int       `json:"issued"`
	Waiting   int       `json:"waiting"`   // anchored, not signed yet
	Abandoned int       `json:"abandoned"` // in batches given up and planned anew where possible
	Expired   int       `json:"expired"`   // run out, grace included: nothing to issue
	Problems  []Problem `json:"problems"`
	Notices   []string  `json:"notices"` // codes of what holds for all: sdjwt_key_missing
}

func (r *IssueReport) problem(code string, k Key) {
	for i := range r.Problems {
		p := &r.Problems[i]
		if p.Code == code && p.Type == k.Type && p.Jurisdiction == k.Jurisdiction {
			p.Licences++
			return
		}
	}
	r.Problems = append(r.Problems, Problem{code, k.Type, k.Jurisdiction, 1})
}

// Issue finishes what was begun and issues what is due: credentials for
// licences that have none or whose record changed, and for claims.
//
// Codes: issuing_key_out_of_force (the signing key is not, or no longer, one
// the ledger knows for issuing), batch_damaged (what was recorded before
// signing does not fit together), board_busy, and what the ledger and the store report.
func (b *Board) Issue(ctx context.Context, o IssueOptions) (IssueReport, error) {
	return b.work(ctx, o, true)
}

// Resume finishes what was begun, without taking up anything new: recorded
// status acts go to the ledger, batches are signed and delivered.
func (b *Board) Resume(ctx context.Context, o IssueOptions) (IssueReport, error) {
	return b.work(ctx, o, false)
}

func (b *Board) work(ctx context.Context, o IssueOptions, plan bool) (IssueReport, error) {
	rep := IssueReport{Problems: []Problem{}, Notices: []string{}}
	if b.IssuingES256 == nil {
		rep.Notices = append(rep.Notices, "sdjwt_key_missing")
	} else if b.Certificates != nil && b.certificates() == nil {
		rep.Notices = append(rep.Notices, "board_certificate_expired")
	}
	anew, abandoned := plan, 0
	for replans, conflicts := 0, 0; ; {
		left, err := b.round(ctx, o, anew, &rep)
		if errors.Is(err, ErrConflict) {
			// Another process of this home is at the same work. Every step reads
			// anew where things stand, so going on is safe.
			if conflicts++; conflicts > maxTries {
				return rep, explain.Errorf("board_busy", "another process keeps changing the same batches: %w", err)
			}
			if err := b.Wait(ctx, pollLeast<<conflicts); err != nil {
				return rep, err
			}
			continue
		}
		if err != nil {
			return rep, err
		}
		conflicts = 0
		// What was abandoned is due again; anything else waits for the next Issue.
		anew = plan && rep.Abandoned > abandoned
		abandoned = rep.Abandoned
		if anew {
			if replans++; replans > maxReplans {
				return rep, explain.Errorf("issuing_key_out_of_force", "batches had to be abandoned again and again")
			}
			continue
		}
		rep.Waiting = left
		if left == 0 || o.NoWait {
			return rep, nil
		}
		o.Progress.report("wait", rep.Issued, rep.Issued+left)
		if err := b.Wait(ctx, b.pause()); err != nil {
			return rep, err
		}
	}
}

// pause is how long to wait before looking for a closed epoch again.
func (b *Board) pause() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.data == nil {
		return pollLeast
	}
	return min(max(b.data.View.Params().Interval/8, pollLeast), pollMost)
}

// round takes every unfinished batch as far as it goes now, and plans new ones
// if asked. It returns the number of credentials in batches that must wait.
func (b *Board) round(ctx context.Context, o IssueOptions, plan bool, rep *IssueReport) (int, error) {
	release, err := b.take(ctx)
	if err != nil {
		return 0, err
	}
	defer release()
	if _, err := b.carryDue(ctx); err != nil {
		return 0, err
	}
	if err := b.settleAll(ctx); err != nil {
		return 0, err
	}
	if _, err := b.advanceAll(ctx, o, rep); err != nil {
		return 0, err
	}
	if plan {
		if err := b.replaceAll(ctx, o); err != nil {
			return 0, err
		}
		if err := b.planAll(ctx, o, rep); err != nil {
			return 0, err
		}
	}
	return b.advanceAll(ctx, o, rep)
}

// advanceAll takes unfinished batches as far as they go. All of them are
// anchored before any is waited for, so that they share an epoch.
func (b *Board) advanceAll(ctx context.Context, o IssueOptions, rep *IssueReport) (waiting int, err error) {
	batches, err := b.Store.Unfinished(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading batches: %w", err)
	}
	for i := range batches {
		o.Progress.report("anchor", i, len(batches))
		if batches[i].State == Planned {
			if err := b.anchor(ctx, &batches[i]); err != nil {
				return 0, err
			}
		}
	}
	for i := range batches {
		bt := &batches[i]
		if err := b.advance(ctx, bt, o, rep); err != nil {
			return 0, err
		}
		switch bt.State {
		case Done:
			rep.Issued += bt.Size
		case Abandoned:
			rep.Abandoned += bt.Size
		default:
			waiting += bt.Size
		}
	}
	return waiting, nil
}

// advance takes one batch as far as it goes.
func (b *Board) advance(ctx context.Context, bt *Batch, o IssueOptions, rep *IssueReport) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		before := bt.State
		var err error
		switch bt.State {
		case Planned:
			err = b.anchor(ctx, bt)
		case Anchored:
			err = b.prove(ctx, bt)
		case Proved:
			err = b.sign(ctx, bt, o)
		case Signed:
			err = b.deliver(ctx, bt, o)
		default:
			return nil
		}
		// A batch that the ledger turns out not to have is anchored again in the
		// next round, not in a circle here.
		if err != nil || bt.State == before || bt.State == Planned {
			return err
		}
	}
}

// store records a batch's next state.
func (b *Board) store(ctx context.Context, bt *Batch, next Batch) error {
	if err := b.Store.Advance(ctx, next); err != nil {
		return fmt.Errorf("recording batch %d: %w", bt.Number, err)
	}
	*bt = next
	return nil
}

// abandon gives a batch up. Nothing of it was handed out.
func (b *Board) abandon(ctx context.Context, bt *Batch) error {
	if err := b.Store.Abandon(ctx, bt.Number); err != nil {
		return fmt.Errorf("abandoning batch %d: %w", bt.Number, err)
	}
	bt.State = Abandoned
	return nil
}

// anchor puts the root of a batch on the ledger, unless it is there.
func (b *Board) anchor(ctx context.Context, bt *Batch) error {
	if !b.signs(bt) {
		return b.abandon(ctx, bt) // planned for a key that we no longer sign with
	}
	height, err := b.submit(ctx, func() (ledger.Body, error) {
		if _, there, err := b.locate(ctx, bt); err != nil || there {
			return nil, err
		}
		return ledger.AnchorBatch{Root: bt.Root, Size: uint16(bt.Size), LastValidity: bt.LastValidity}, nil
	})
	if err != nil {
		return fmt.Errorf("anchoring batch %d: %w", bt.Number, err)
	}
	if height > 0 { // from here on every answer of the node knows it
		if err := b.reach(ctx, height); err != nil {
			return err
		}
	}
	next := *bt
	next.State = Anchored
	return b.store(ctx, bt, next)
}

// signs reports whether a batch was planned for the keys that the board has.
func (b *Board) signs(bt *Batch) bool {
	return (bt.Method == "" || bt.Method == b.issuingMethod) && (bt.MethodES256 == "" || bt.MethodES256 == b.es256Method)
}

// locate asks where the ledger has a batch, and whether it has it at all.
func (b *Board) locate(ctx context.Context, bt *Batch) (ledger.Located, bool, error) {
	at, err := b.Ledger.BatchPath(ctx, b.DID, bt.Root)
	if explain.CodeOf(err) == "batch_unknown" {
		return at, false, nil
	}
	if err != nil {
		return at, false, fmt.Errorf("asking for a batch: %w", err)
	}
	return at, true, nil
}

// prove looks for the batch in a closed epoch and checks, in our own verified
// data, that it is there and that the key and the accreditations stood then.
// While the epoch is open, or our data is older, the batch stays Anchored.
func (b *Board) prove(ctx context.Context, bt *Batch) error {
	at, there, err := b.locate(ctx, bt)
	if err != nil || at.Pending {
		return err
	}
	next := *bt
	if !there { // the ledger never had it, or was set up anew
		next.State = Planned
		return b.store(ctx, bt, next)
	}
	data, err := b.refresh(ctx)
	if err != nil {
		return err
	}
	if data.View.LastEpoch() < at.Epoch {
		return nil
	}
	hashes, err := b.Store.LeafHashes(ctx, bt.Number)
	if err != nil {
		return fmt.Errorf("reading leaves: %w", err)
	}
	if len(hashes) != bt.Size {
		return explain.Errorf("batch_damaged", "batch %d: leaves are missing", bt.Number)
	}
	next.State, next.Epoch, next.Position, next.Path = Proved, at.Epoch, at.Position, at.Path
	paths, root := auditPaths(hashes)
	if root != bt.Root {
		return explain.Errorf("batch_damaged", "batch %d: leaves do not give its root", bt.Number)
	}
	a := next.anchor(0, [16]byte{}, paths[0])
	if err := data.View.CheckAnchor(a, b.DID, hashes[0]); err != nil {
		return fmt.Errorf("checking the place of batch %d: %w", bt.Number, err)
	}
	if ok, err := b.stands(data, &next); err != nil {
		return err
	} else if !ok {
		return b.abandon(ctx, bt)
	}
	return b.store(ctx, bt, next)
}

// stands reports whether credentials of a batch that an epoch holds verify:
// every key that signs in it was in force, and the board accredited, when the
// epoch closed, and the ledger key that anchored it was in the board's own
// hands. A batch stands or falls as a whole: who replaces one envelope of a
// licence moves the licence to a new index, and so replaces the others too.
func (b *Board) stands(data *pack.Data, bt *Batch) (bool, error) {
	e, err := data.View.Epoch(bt.Epoch)
	if err != nil {
		return false, fmt.Errorf("reading epoch %d: %w", bt.Epoch, err)
	}
	for _, method := range []string{bt.Method, bt.MethodES256} {
		if method == "" {
			continue
		}
		switch err := inForce(data.View, b.DID, method, e.Height); {
		case explain.CodeOf(err) == "issuing_key_out_of_force":
			return false, nil
		case err != nil:
			return false, err
		}
	}
	if _, reported := data.View.BatchReported(b.DID, bt.Epoch, bt.Root); reported {
		return false, nil
	}
	for _, s := range bt.Scopes {
		if data.View.Standing(b.DID, s.Type, s.Jurisdiction, e.Height) != ledger.Active {
			return false, nil
		}
	}
	return true, nil
}

// anchor is the anchor of one leaf.
func (bt *Batch) anchor(position int, salt [16]byte, path []ledger.Hash) ledger.Anchor {
	return ledger.Anchor{
		Epoch: bt.Epoch, Leaf: uint16(position), Size: uint16(bt.Size), Batch: bt.Position,
		Salt: salt, LeafPath: path, BatchPath: bt.Path,
	}
}

// sign signs what the record says, chunk by chunk; each chunk is stored before
// the next begins. A leaf that has a credential is never signed again.
func (b *Board) sign(ctx context.Context, bt *Batch, o IssueOptions) error {
	data, err := b.refresh(ctx)
	if err != nil {
		return err
	}
	if ok, err := b.stands(data, bt); err != nil {
		return err
	} else if !ok || !b.signs(bt) {
		return b.abandon(ctx, bt)
	}
	hashes, err := b.Store.LeafHashes(ctx, bt.Number)
	if err != nil {
		return fmt.Errorf("reading leaves: %w", err)
	}
	if len(hashes) != bt.Size {
		return explain.Errorf("batch_damaged", "batch %d: leaves are missing", bt.Number)
	}
	paths, root := auditPaths(hashes)
	if root != bt.Root {
		return explain.Errorf("batch_damaged", "batch %d: leaves do not give its root", bt.Number)
	}
	seals := b.seals(bt)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		leaves, err := b.Store.Unsigned(ctx, bt.Number, signChunk)
		if err != nil {
			return fmt.Errorf("reading drafts: %w", err)
		}
		if len(leaves) == 0 {
			break
		}
		signed := make([]SignedLeaf, len(leaves))
		err = parallel.Each(len(leaves), func(i int) error {
			l := &leaves[i]
			d, err := b.recall(l, hashes[l.Position])
			if err != nil {
				return fmt.Errorf("batch %d: %w", bt.Number, err)
			}
			s := seals[l.Format]
			a := bt.anchor(l.Position, l.Salt, paths[l.Position])
			bytes, err := d.Seal(a.String(), s.proof, s.sign)
			if err != nil {
				return fmt.Errorf("signing in batch %d: %w", bt.Number, err)
			}
			signed[i] = SignedLeaf{l.Position, bytes}
			return nil
		})
		if err != nil {
			return err
		}
		if err := b.Store.StoreSigned(ctx, bt.Number, signed); err != nil {
			return fmt.Errorf("storing credentials: %w", err)
		}
		o.Progress.report("sign", leaves[len(leaves)-1].Position+1, bt.Size)
	}
	next := *bt
	next.State = Signed
	return b.store(ctx, bt, next)
}

// seal is how credentials of one format are signed.
type seal struct {
	proof vc.ProofOptions
	sign  func([]byte) ([]byte, error)
}

// seals are how a batch's credentials are signed.
func (b *Board) seals(bt *Batch) map[vc.Format]seal {
	out := map[vc.Format]seal{vc.VCDM: {
		vc.ProofOptions{VerificationMethod: bt.Method, Created: bt.Created, Key: b.Issuing.Public()}, b.Issuing.Sign,
	}}
	if bt.MethodES256 != "" {
		out[vc.SDJWT] = seal{vc.ProofOptions{
			VerificationMethod: bt.MethodES256, Created: bt.Created, Key: b.IssuingES256.Public(), Certificates: b.certificates(),
		}, b.IssuingES256.Sign}
	}
	return out
}

// certificates are the board's as long as they are good. Without them an
// SD-JWT VC is as valid as with them; with ones that have run out it would not
// be for those who go by them.
func (b *Board) certificates() [][]byte {
	now := b.now()
	for _, der := range b.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil || now.Before(c.NotBefore) || now.After(c.NotAfter) {
			return nil
		}
	}
	return b.Certificates
}

// recall makes a draft again from its record and holds it to the leaf that
// the ledger has.
func (b *Board) recall(l *Leaf, want ledger.Hash) (*vc.Draft, error) {
	d, err := vc.ReadDraft(l.Format, l.Draft)
	if err != nil {
		return nil, explain.Errorf("batch_damaged", "reading a draft: %w", err)
	}
	h, err := d.Leaf(b.chain, l.Salt)
	if err != nil {
		return nil, err
	}
	if h != want || h != l.Hash {
		return nil, explain.Errorf("batch_damaged", "a draft is not what was anchored")
	}
	return d, nil
}

// deliver puts the status of every licence of a signed batch on the ledger and
// then lets its credentials out.
func (b *Board) deliver(ctx context.Context, bt *Batch, o IssueOptions) error {
	data, err := b.refresh(ctx)
	if err != nil {
		return err
	}
	if ok, err := b.stands(data, bt); err != nil {
		return err
	} else if !ok {
		return b.abandon(ctx, bt)
	}
	ids, err := b.Store.BatchLicences(ctx, bt.Number)
	if err != nil {
		return fmt.Errorf("reading leaves: %w", err)
	}
	if err := b.settle(ctx, ids); err != nil {
		return err
	}
	if err := b.Store.Finish(ctx, bt.Number); err != nil {
		return fmt.Errorf("finishing batch %d: %w", bt.Number, err)
	}
	bt.State = Done
	o.Progress.report("deliver", bt.Size, bt.Size)
	return nil
}

// replaceAll makes licences due again whose credentials no longer verify,
// because a key behind their batch was reported since.
func (b *Board) replaceAll(ctx context.Context, o IssueOptions) error {
	data, err := b.refresh(ctx)
	if err != nil {
		return err
	}
	reports, err := data.View.Reports(b.DID)
	if err != nil || len(reports) == 0 {
		return err
	}
	return b.eachBatch(ctx, func(bt *Batch) error {
		ids, err := b.fallen(ctx, data, bt)
		if err != nil || len(ids) == 0 {
			return err
		}
		ls, err := b.Store.ByID(ctx, ids)
		if err != nil {
			return fmt.Errorf("reading licences: %w", err)
		}
		var changes []Change
		for _, l := range ls {
			if l.Revision > l.IssuedRev {
				continue // due already
			}
			c := Change{Licence: l, WasRevision: l.Revision, WasStatusRev: l.StatusRev}
			c.Licence.Revision++
			c.Licence.Reissue = ReissueVoid
			c.Events = []Event{{At: b.now(), Person: o.Person, Act: ActReplace}}
			changes = append(changes, c)
		}
		if err := b.Store.Apply(ctx, changes); err != nil {
			return fmt.Errorf("making licences due again: %w", err)
		}
		return nil
	})
}

// eachBatch calls f for every batch, oldest first.
func (b *Board) eachBatch(ctx context.Context, f func(*Batch) error) error {
	for after := uint64(0); ; {
		bs, err := b.Store.Batches(ctx, after, listPage)
		if err != nil {
			return fmt.Errorf("reading batches: %w", err)
		}
		if len(bs) == 0 {
			return nil
		}
		for i := range bs {
			if err := f(&bs[i]); err != nil {
				return err
			}
			after = bs[i].Number
		}
	}
}

// fallen returns the licences that depend on a delivered batch whose
// credentials no longer verify.
func (b *Board) fallen(ctx context.Context, data *pack.Data, bt *Batch) ([]int64, error) {
	if bt.State != Done {
		return nil, nil
	}
	ok, err := b.stands(data, bt)
	if errors.Is(err, ledger.ErrEpochShrunk) {
		return nil, nil // all of it has run out
	}
	if err != nil || ok {
		return nil, err
	}
	ids, err := b.Store.Dependent(ctx, bt.Number)
	if err != nil {
		return nil, fmt.Errorf("reading leaves: %w", err)
	}
	return ids, nil
}

// planAll records batches for everything that is due.
func (b *Board) planAll(ctx context.Context, o IssueOptions, rep *IssueReport) error {
	rep.Problems, rep.Expired = rep.Problems[:0], 0
	due, err := b.Store.Due(ctx, 0, 1, b.IssuingES256 != nil)
	if err != nil || len(due) == 0 {
		return err
	}
	data, err := b.refresh(ctx)
	if err != nil {
		return err
	}
	for _, method := range []string{b.issuingMethod, b.es256Method} {
		if method == "" {
			continue
		}
		if err := inForce(data.View, b.DID, method, data.Height); err != nil {
			return err
		}
	}
	var free []uint32
	for after, conflicts := int64(0), 0; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		part := IssueReport{}
		last, n, err := b.planOne(ctx, data, after, &free, o, &part)
		if errors.Is(err, ErrConflict) && conflicts < maxTries {
			conflicts++ // somebody else planned or changed a licence: look again
			free = nil
			continue
		}
		if err != nil {
			return err
		}
		if last == after {
			return nil
		}
		after, conflicts = last, 0
		rep.Planned += n
		rep.Expired += part.Expired
		for _, p := range part.Problems {
			for range p.Licences {
				rep.problem(p.Code, Key{Type: p.Type, Jurisdiction: p.Jurisdiction})
			}
		}
		o.Progress.report("plan", rep.Planned, 0)
	}
}

// envelope is one of the credentials of a licence.
type envelope struct {
	form   Form
	format vc.Format
}

// envelopes are the credentials that a licence has: each form in each format
// that the board signs and the holder has a key for.
func (b *Board) envelopes(l *Licence) []envelope {
	out := make([]envelope, 0, 4)
	sdjwt := b.IssuingES256 != nil
	out = append(out, envelope{RegisterCopy, vc.VCDM})
	if sdjwt {
		out = append(out, envelope{RegisterCopy, vc.SDJWT})
	}
	if l.Holder != "" {
		out = append(out, envelope{Bound, vc.VCDM})
		if sdjwt && l.HolderKey != "" {
			out = append(out, envelope{Bound, vc.SDJWT})
		}
	}
	return out
}

// item is a licence on its way into a batch.
type item struct {
	l          Licence
	envelopes  []envelope
	index      Index
	fresh      bool // index is new or was never used
	allocate   bool // index still needs a number
	validUntil time.Time
}

// planOne records one batch with what is due after the given licence id. free
// are indexes that it may give, as allocate left them. It returns the last id
// it looked at, equal to after when there was none, and the number of
// credentials planned.
func (b *Board) planOne(ctx context.Context, data *pack.Data, after int64, free *[]uint32, o IssueOptions, rep *IssueReport) (int64, int, error) {
	sdjwt := b.IssuingES256 != nil
	limit := ledger.MaxBatch
	if sdjwt { // nearly every licence has two envelopes at least: more would be read in vain
		limit /= 2
	}
	ls, err := b.Store.Due(ctx, after, limit, sdjwt)
	if err != nil {
		return after, 0, fmt.Errorf("reading licences: %w", err)
	}
	items, last, err := b.choose(ctx, data, ls, after, rep)
	if err != nil || len(items) == 0 {
		return last, 0, err
	}
	number, err := b.Store.NewestBatch(ctx)
	if err != nil {
		return after, 0, fmt.Errorf("reading batches: %w", err)
	}
	p := Plan{Batch: Batch{
		Number: number + 1, State: Planned, Created: b.now(), Person: o.Person,
	}}
	if *free, err = b.allocate(ctx, items, *free); err != nil {
		return after, 0, err
	}
	if err := b.draft(data, items, &p, rep); err != nil || len(p.Leaves) == 0 {
		return last, 0, err
	}
	if err := b.Store.Plan(ctx, p); err != nil {
		return after, 0, fmt.Errorf("recording batch %d: %w", p.Batch.Number, err)
	}
	return last, len(p.Leaves), nil
}

// choose picks the licences of one batch from those due and says what each
// needs.
func (b *Board) choose(ctx context.Context, data *pack.Data, ls []Licence, after int64, rep *IssueReport) (items []item, last int64, err error) {
	ids := make([]int64, len(ls))
	for i := range ls {
		ids[i] = ls[i].ID
	}
	rows, err := b.Store.Indexes(ctx, ids)
	if err != nil {
		return nil, after, fmt.Errorf("reading indexes: %w", err)
	}
	of := map[int64][]Index{}
	for _, r := range rows {
		of[r.Licence] = append(of[r.Licence], r)
	}
	held, err := b.held(ctx, ls)
	if err != nil {
		return nil, after, err
	}
	now := b.now()
	leaves := 0
	last = after
	for _, l := range ls {
		it := item{l: l, validUntil: l.Record.Expires.ValidUntil(b.Settings.grace(l.Record.Type, l.Record.Jurisdiction))}
		it.need(b.envelopes(&l), of[l.ID], held)
		if leaves+len(it.envelopes) > ledger.MaxBatch {
			break
		}
		last = l.ID
		switch {
		case len(it.envelopes) == 0:
			continue
		case !it.validUntil.After(now):
			if !l.lacking() {
				rep.Expired++
			}
			continue
		case data.View.Standing(b.DID, l.Record.Type, l.Record.Jurisdiction, data.Height) != ledger.Active:
			if !l.lacking() {
				rep.problem("not_accredited", l.Record.Key)
			}
			continue
		case l.lacking() && l.Status.Final():
			continue // nobody needs more envelopes of it
		}
		leaves += len(it.envelopes)
		items = append(items, it)
	}
	return items, last, nil
}

// lacking reports that nothing about the licence has changed: it is due only
// because credentials of a further format can be added to what is out.
func (l *Licence) lacking() bool { return l.Revision == l.IssuedRev }

// held asks which credentials are out of those licences that may only need
// more of them under the present index.
func (b *Board) held(ctx context.Context, ls []Licence) (map[Held]bool, error) {
	var ids []int64
	for i := range ls {
		if ls[i].adds() {
			ids = append(ids, ls[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	hs, err := b.Store.Held(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("reading what was issued: %w", err)
	}
	out := make(map[Held]bool, len(hs))
	for _, h := range hs {
		out[h] = true
	}
	return out, nil
}

// adds reports that the licence keeps its index and what is out under it.
func (l *Licence) adds() bool {
	return l.IssuedRev > 0 && (l.Reissue == ReissueAdd || l.lacking())
}

// need works out which of its envelopes a licence needs, and under which index.
// rows are its indexes, oldest first.
//
// After a first claim, and once a board has got a key for SD-JWT VCs, only
// what is not out yet is added, under the present index: nothing that somebody
// holds becomes void by it.
func (it *item) need(all []envelope, rows []Index, held map[Held]bool) {
	var current, unused *Index
	for i := range rows {
		switch rows[i].State {
		case Done:
			current = &rows[i]
		case Abandoned:
			unused = &rows[i] // allocated, but no credential under it ever left
		}
	}
	l := &it.l
	if l.adds() && current != nil {
		it.index, it.validUntil = *current, current.ValidUntil
		for _, e := range all {
			if !held[Held{l.ID, current.Number, e.form, e.format}] {
				it.envelopes = append(it.envelopes, e)
			}
		}
		return
	}
	it.envelopes, it.fresh = all, true
	it.index = Index{Licence: l.ID, Supersedes: l.Reissue == ReissueVoid}
	if unused != nil {
		it.index.Number = unused.Number
	} else {
		it.allocate = true
	}
}

// allocate draws random indexes that were never used from the newest status
// page, after opening pages on the ledger where it has too few left. free are
// indexes of that page known to be unused; what is left of them is returned, so
// that a page is read once and not for every batch.
func (b *Board) allocate(ctx context.Context, items []item, free []uint32) ([]uint32, error) {
	n := 0
	for i := range items {
		if items[i].allocate {
			n++
		}
	}
	if n > len(free) {
		var err error
		if free, err = b.free(ctx, n); err != nil {
			return nil, err
		}
	}
	for i := range items {
		if !items[i].allocate {
			continue
		}
		k, err := b.below(uint32(len(free)))
		if err != nil {
			return nil, err
		}
		items[i].index.Number = free[k]
		free[k] = free[len(free)-1]
		free = free[:len(free)-1]
	}
	return free, nil
}

// free returns the unused indexes, at least n, of the newest page. A page that
// has fewer left is closed for good: its last indexes would not be random.
func (b *Board) free(ctx context.Context, n int) ([]uint32, error) {
	var free []uint32
	next := func() (ledger.Body, error) {
		data, err := b.refresh(ctx)
		if err != nil {
			return nil, err
		}
		pages := data.View.Pages(b.DID)
		if pages > 0 {
			if free, err = b.freeOn(ctx, pages-1); err != nil || len(free) >= n {
				return nil, err
			}
		}
		return ledger.SetStatus{Pages: pages + 1}, nil
	}
	for {
		height, err := b.submit(ctx, next)
		if err != nil {
			return nil, fmt.Errorf("opening a status page: %w", err)
		}
		if height == 0 {
			return free, nil
		}
		if err := b.reach(ctx, height); err != nil {
			return nil, err
		}
	}
}

// freeOn returns the indexes of a page that were never used.
func (b *Board) freeOn(ctx context.Context, page uint32) ([]uint32, error) {
	taken, err := b.Store.Taken(ctx, page)
	if err != nil {
		return nil, fmt.Errorf("reading indexes: %w", err)
	}
	used := make([]bool, ledger.PageIndexes)
	for _, i := range taken {
		used[i%ledger.PageIndexes] = true
	}
	free := make([]uint32, 0, ledger.PageIndexes-len(taken))
	for i := range uint32(ledger.PageIndexes) {
		if !used[i] {
			free = append(free, page*ledger.PageIndexes+i)
		}
	}
	return free, nil
}

// below draws a number below n, all equally likely.
func (b *Board) below(n uint32) (uint32, error) {
	limit := ^uint32(0) - ^uint32(0)%n // a multiple of n
	for {
		var buf [4]byte
		if _, err := io.ReadFull(b.Rand, buf[:]); err != nil {
			return 0, fmt.Errorf("drawing an index: %w", err)
		}
		if v := binary.BigEndian.Uint32(buf[:]); v < limit {
			return v % n, nil
		}
	}
}

// draft builds, lints and hashes the credentials of a batch.
func (b *Board) draft(data *pack.Data, items []item, p *Plan, rep *IssueReport) error {
	var (
		hashes  []ledger.Hash
		drafted = make([][]Leaf, len(items))
		codes   = make([]string, len(items))
	)
	err := parallel.Each(len(items), func(i int) (err error) {
		drafted[i], codes[i], err = b.draftOne(data, &items[i], p.Batch.Created)
		return err
	})
	if err != nil {
		return err
	}
	for i := range items {
		it, leaves := &items[i], drafted[i]
		if codes[i] != "" {
			rep.problem(codes[i], it.l.Record.Key)
			continue
		}
		for j := range leaves {
			leaves[j].Position = len(p.Leaves)
			if leaves[j].Format == vc.SDJWT {
				p.Batch.MethodES256 = b.es256Method
			} else {
				p.Batch.Method = b.issuingMethod
			}
			p.Leaves = append(p.Leaves, leaves[j])
			hashes = append(hashes, leaves[j].Hash)
		}
		if it.fresh {
			it.index.Batch, it.index.State, it.index.ValidUntil = p.Batch.Number, Planned, it.validUntil
			p.Indexes = append(p.Indexes, it.index)
		}
		if s := (Scope{it.l.Record.Type, it.l.Record.Jurisdiction}); !slices.Contains(p.Batch.Scopes, s) {
			p.Batch.Scopes = append(p.Batch.Scopes, s)
		}
		if m := monthAfter(it.validUntil); p.Batch.LastValidity.Before(m) {
			p.Batch.LastValidity = m
		}
	}
	if len(hashes) > 0 {
		p.Batch.Root, p.Batch.Size = ledger.RootOf(hashes), len(hashes)
	}
	return nil
}

// draftOne makes the leaves of one licence. A code says why the licence cannot
// have a credential; an error, that nothing can.
func (b *Board) draftOne(data *pack.Data, it *item, created time.Time) ([]Leaf, string, error) {
	tpl, err := data.View.Template(it.l.Record.Type, data.Height)
	if err != nil {
		return nil, "template_unknown", nil
	}
	var (
		leaves = make([]Leaf, 0, len(it.envelopes))
		forms  = map[Form]map[string]any{} // whose claims fit the template
	)
	for _, e := range it.envelopes {
		// An SD-JWT VC names its holder by the key alone.
		f := e.form
		if e.format == vc.SDJWT {
			f = RegisterCopy
		}
		claims := forms[f]
		if claims == nil {
			claims = b.claims(&it.l, f, it.index.Number, created, it.validUntil)
			if err := b.schemata.Validate(tpl, claims); err != nil {
				return nil, codeOr(err, "template_mismatch"), nil
			}
			forms[f] = claims
		}
		d, err := b.newDraft(&it.l, e, claims, tpl.VCT, created)
		if err != nil {
			return nil, codeOr(err, "draft_refused"), nil
		}
		leaf := Leaf{Licence: it.l.ID, Revision: it.l.Revision, Form: e.form, Format: e.format, Index: it.index.Number, Draft: d.JSON()}
		if _, err := io.ReadFull(b.Rand, leaf.Salt[:]); err != nil {
			return nil, "", fmt.Errorf("drawing a salt: %w", err)
		}
		if leaf.Hash, err = d.Leaf(b.chain, leaf.Salt); err != nil {
			return nil, "", err
		}
		leaves = append(leaves, leaf)
	}
	return leaves, "", nil
}

// newDraft makes the draft of one envelope.
func (b *Board) newDraft(l *Licence, e envelope, claims map[string]any, vct string, created time.Time) (*vc.Draft, error) {
	if e.format == vc.VCDM {
		return vc.NewDraft(claims)
	}
	o := vc.SDJWTOptions{Vct: vct, Issued: created, Rand: b.Rand}
	if e.form == Bound {
		var err error
		if o.Holder, err = did.ParseMultikey(l.HolderKey); err != nil {
			return nil, explain.Errorf("draft_refused", "reading the holder's key: %w", err)
		}
	}
	return vc.NewSDJWTDraft(claims, o)
}

func codeOr(err error, code string) string {
	if c := explain.CodeOf(err); c != "" {
		return c
	}
	return code
}

// monthAfter is the first month that begins at or after t.
func monthAfter(t time.Time) ledger.Month {
	m := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	if m.Before(t) {
		m = m.AddDate(0, 1, 0)
	}
	return ledger.Month{Year: uint16(m.Year()), Month: uint8(m.Month())}
}

var _ did.History = (*ledger.View)(nil)
