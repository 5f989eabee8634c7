package ledger

// Executing blocks: who may do what, and what each transaction changes.

import (
	"crypto/sha256"
	"slices"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
)

// reportReach is how far back a DID's own key report may reach.
const reportReach = 90 * 24 * time.Hour

// maxOpenProposals bounds the open proposals of one member.
const maxOpenProposals = 64

// refuse is the reason why a transaction changes nothing.
func refuse(code, format string, args ...any) error { return explain.Errorf(code, format, args...) }

func result(err error) TxResult {
	if err == nil {
		return TxResult{}
	}
	code := explain.CodeOf(err)
	if code == "" {
		code = "tx_refused"
	}
	return TxResult{Code: code, Detail: err.Error()}
}

// Execute applies the next block, under rules that this program knows
// (UpgradeDue, KnowsUpgrade). The rows go to the store, in their order and
// in one atomic write together with the height and the app hash.
func (s *State) Execute(b Block) Outcome {
	d := s.d
	s.block, s.now, s.position = b, b.Time.Unix(), 0
	s.acted, s.memberChange, s.updates = false, false, nil
	s.rules = rules{}
	if u, due := s.UpgradeDue(b.Height); due {
		s.rules = upgrades[u.Name]
	}

	// What happened in an earlier block is dated by the header that follows it.
	if n := len(d.times); n < len(d.blocks) {
		s.append(SubjectTimes, timeRec{d.blocks[n].height, s.now}.marshal())
	}
	out := Outcome{Results: make([]TxResult, len(b.Txs))}
	for i, raw := range b.Txs {
		s.position = uint32(i)
		out.Results[i] = result(s.executeTx(raw))
	}
	s.position = uint32(len(b.Txs))
	s.endBlock()
	if s.acted {
		s.append(SubjectBlocks, blockRec{b.Height, b.Hash}.marshal())
	}
	d.height = b.Height
	s.flush()
	out.AppHash, out.Validators, out.Rows = d.appHash(), s.updates, s.takeRows()
	return out
}

// Check is for the mempool: form, size, key, signature, and the next sequence
// of the DID, counting what Check let through since ResetCheck. Whether the
// transaction is allowed shows when it executes.
func (s *State) Check(raw []byte) TxResult {
	t, err := ParseTx(raw)
	if err != nil {
		return result(err)
	}
	if err := s.authenticate(&t, raw, max(s.sequence(t.DID), s.checked[t.DID])+1); err != nil {
		return result(err)
	}
	s.checked[t.DID] = t.Sequence
	return TxResult{}
}

// ResetCheck forgets which sequences Check let through; called after each
// commit, before the mempool is checked again.
func (s *State) ResetCheck() { clear(s.checked) }

func (s *State) sequence(id did.DID) uint64 {
	if x := s.d.identity(id); x != nil {
		return x.seq
	}
	return 0
}

func (s *State) executeTx(raw []byte) error {
	t, err := ParseTx(raw)
	if err != nil {
		return err
	}
	if err := s.authenticate(&t, raw, s.sequence(t.DID)+1); err != nil {
		return err
	}
	if err := s.run(&t); err != nil {
		return err
	}
	x := s.d.ids[t.DID]
	if name := PrefixSequence + string(t.DID); !s.isDirty[name] {
		s.dirtySeq = append(s.dirtySeq, x)
		s.touch(name)
	}
	x.seq, x.seqHeight = t.Sequence, s.block.Height
	if _, batch := t.Body.(AnchorBatch); !batch {
		s.acted = true
	}
	return nil
}

// authenticate checks network, sequence, keys and signatures.
func (s *State) authenticate(t *Tx, raw []byte, next uint64) error {
	if t.ChainID != s.d.chainID {
		return refuse("tx_other_network", "transaction for network %q", t.ChainID)
	}
	create, isCreate := t.Body.(CreateDID)
	x := s.d.identity(t.DID)
	known := x != nil && len(x.versions) > 0
	var key did.PublicKey
	var countersigner did.PublicKey
	switch {
	case isCreate && known:
		return refuse("did_exists", "%s is on the ledger already", t.DID)
	case isCreate:
		doc, err := bonafide.CheckDocument(s.d.chainID, create.Document, true)
		if err != nil {
			return err
		}
		if doc.ID != t.DID {
			return refuse("tx_key", "the document is of another DID")
		}
		for _, m := range signers(doc) {
			if m.ID == t.Method {
				key = m.Key
			}
		}
		if key.Kind() == 0 {
			return refuse("tx_key", "no ledger key of this name in the document")
		}
		if len(t.Countersign) != 1 {
			return refuse("tx_countersign", "a member countersigns a new DID")
		}
		c := t.Countersign[0]
		if s.d.gov.member(c.DID) == nil {
			return refuse("tx_countersign", "%s is not a member", c.DID)
		}
		if countersigner, err = s.ledgerKey(c.DID, c.Method); err != nil {
			return err
		}
	case !known:
		return refuse("tx_unknown_did", "%s is not on the ledger", t.DID)
	default:
		if len(t.Countersign) != 0 {
			return refuse("tx_countersign", "only a new DID is countersigned")
		}
		var err error
		if key, err = s.ledgerKey(t.DID, t.Method); err != nil {
			return err
		}
	}
	if t.Sequence != next {
		return refuse("tx_sequence", "sequence %d, not %d", t.Sequence, next)
	}
	if !s.holds(raw, 's', key, t.SigningBytes, t.Signature) {
		return refuse("tx_signature", "the signature does not hold")
	}
	if isCreate && !s.holds(raw, 'c', countersigner, t.CountersigningBytes, t.Countersign[0].Signature) {
		return refuse("tx_signature", "the countersignature does not hold")
	}
	return nil
}

// ledgerKey finds a key that may sign transactions of a DID now.
func (s *State) ledgerKey(id did.DID, method string) (did.PublicKey, error) {
	x := s.d.identity(id)
	if x == nil || len(x.versions) == 0 {
		return did.PublicKey{}, refuse("tx_unknown_did", "%s is not on the ledger", id)
	}
	if x.deactivated {
		return did.PublicKey{}, refuse("did_deactivated", "%s is deactivated", id)
	}
	key, ok := x.signers[method]
	if !ok {
		return did.PublicKey{}, refuse("tx_key", "no such Ed25519 or P-256 key under capabilityInvocation of %s", id)
	}
	if _, reported := x.reported[key]; reported {
		return did.PublicKey{}, refuse("tx_key_reported", "the key was reported and signs nothing more")
	}
	return key, nil
}

// holds checks a signature, or remembers that this one of this transaction
// held under this key.
func (s *State) holds(raw []byte, what byte, key did.PublicKey, signed func() []byte, sig []byte) bool {
	h := sha256.New()
	h.Write([]byte{what, byte(key.Kind())})
	h.Write(appendLP(nil, key.Bytes()))
	h.Write(raw)
	var id Hash
	h.Sum(id[:0])
	if s.verified.has(id) {
		return true
	}
	if !key.Verify(signed(), sig) {
		return false
	}
	s.verified.add(id)
	return true
}

// run carries out an authenticated transaction: all of it, or nothing and the
// reason.
func (s *State) run(t *Tx) error {
	x := s.d.identity(t.DID)
	member := s.d.gov.member(t.DID)
	switch b := t.Body.(type) {
	case CreateDID:
		s.appendVersion(t.DID, b.Document)
		return nil
	case UpdateDID:
		if err := s.checkUpdate(x, b.Document); err != nil {
			return err
		}
		s.appendVersion(t.DID, b.Document)
		return nil
	case DeactivateDID:
		if member != nil {
			return refuse("member_active", "a member is removed before its DID is deactivated")
		}
		s.append(PrefixDID+string(t.DID), s.head(didDeactivated).append(nil))
		return nil
	case AnchorBatch:
		return s.anchor(t, b, x, member)
	case SetStatus:
		return s.setStatus(t, b, x, member)
	case ReportKey:
		if b.From < s.now-int64(reportReach/time.Second) {
			return refuse("report_too_far_back", "a DID's own report reaches 90 days back")
		}
		if err := s.checkReport(x, b.Method, b.From); err != nil {
			return err
		}
		s.report(x, b.Method, b.From, false)
		return nil
	case ReplaceConsensus:
		if member == nil {
			return refuse("not_member", "%s is not a member", t.DID)
		}
		return s.replaceConsensus(*member, b.Key)
	case Propose:
		if member == nil {
			return refuse("not_member", "%s is not a member", t.DID)
		}
		return s.propose(t.DID, b.Action)
	case Vote:
		if member == nil {
			return refuse("not_member", "%s is not a member", t.DID)
		}
		return s.vote(t.DID, b)
	}
	return refuse("tx_malformed", "no body")
}

func (s *State) appendVersion(id did.DID, document []byte) {
	s.d.ensure(id)
	s.append(PrefixDID+string(id), appendLP(s.head(didVersion).append(nil), document))
}

// checkUpdate holds a new document to the rules: a key keeps its purpose for
// the whole life of its DID, so that a report of it means one thing.
func (s *State) checkUpdate(x *identity, document []byte) error {
	doc, err := bonafide.CheckDocument(s.d.chainID, document, false)
	if err != nil {
		return err
	}
	if doc.ID != x.id {
		return refuse("tx_key", "the document is of another DID")
	}
	for _, rel := range []did.Relationship{did.AssertionMethod, did.CapabilityInvocation} {
		for _, m := range doc.MethodsFor(rel) {
			if issuing, seen := x.issuing[m.Key]; seen && issuing != (rel == did.AssertionMethod) {
				return refuse("key_purpose_changed", "a key that issued cannot sign transactions, nor the other way round")
			}
		}
	}
	return nil
}

func (s *State) anchor(t *Tx, b AnchorBatch, x *identity, member *Member) error {
	if member == nil && x.active == 0 {
		return refuse("not_issuer", "%s is neither a member nor an accredited issuer", t.DID)
	}
	k := openKey{t.DID, b.Root}
	if _, there := s.openSet[k]; there {
		return refuse("batch_duplicate", "this batch is in the open epoch already")
	}
	s.openSet[k] = struct{}{}
	if s.rules.batch != nil {
		b = s.rules.batch(b)
	}
	raw := make([]byte, 0, 60+len(t.Method))
	s.append(PrefixBatches+string(t.DID), appendBatch(raw, s.block.Height, s.position, b.Root, b.Size, b.LastValidity, t.Method))
	s.append(SubjectOpen, appendOpen(nil, openBatch{t.DID, b.Root, b.Size, b.LastValidity}))
	return nil
}

func (s *State) setStatus(t *Tx, b SetStatus, x *identity, member *Member) error {
	if member == nil && x.live == 0 {
		return refuse("not_issuer", "%s is neither a member nor an accredited issuer", t.DID)
	}
	issuer := t.DID
	if b.Issuer != "" {
		if issuer = b.Issuer; issuer == t.DID {
			return refuse("tx_malformed", "one's own pages are named by naming nobody")
		}
	}
	if s.d.keeper(issuer) != t.DID {
		return refuse("status_not_keeper", "%s does not keep these status pages", t.DID)
	}
	owner := s.d.identity(issuer)
	var have uint32
	if owner.status != nil {
		have = owner.status.count()
	}
	switch {
	case b.Pages < have || b.Pages > have+MaxNewPages || b.Pages > MaxPages:
		return refuse("status_pages", "%d pages asked for, %d there", b.Pages, have)
	case issuer != t.DID && b.Pages != have:
		return refuse("status_pages", "no pages are opened for an issuer that ended")
	case b.Pages == have && len(b.Changes) == 0:
		return refuse("status_nothing", "neither a page nor a change")
	}
	changes, err := resolveChanges(owner.status, b)
	if err != nil {
		return err
	}
	if owner.status == nil {
		owner.status = &pages{}
	}
	p := owner.status
	for p.count() < b.Pages {
		p.open()
	}
	for _, c := range changes {
		c.height, c.position = s.block.Height, s.position
		raw := c.marshal()
		s.rows = append(s.rows, Row{changeKey(issuer, p.rng.Size()), raw})
		p.rng.Append(LeafOf(raw))
		p.log = append(p.log, c)
		k := chunkKey{issuer, p.put(c.index, c.new)}
		if _, seen := s.dirtyChunks[k]; !seen {
			s.dirtyChunks[k] = struct{}{}
			s.chunkOrder = append(s.chunkOrder, k)
		}
	}
	p.sequence++
	p.height = s.block.Height
	s.rows = append(s.rows, Row{statusMetaKey(issuer), statusMeta(p)})
	s.touch(PrefixStatus + string(issuer))
	return nil
}

// resolveChanges works out what a transaction changes, in order, and checks
// the transitions. A value that is set to what it is changes nothing.
func resolveChanges(p *pages, b SetStatus) ([]changeRec, error) {
	value := func(index uint32) (Status, error) {
		if index/PageIndexes >= b.Pages {
			return 0, refuse("status_no_such_page", "index %d is on no open page", index)
		}
		if p == nil {
			return Current, nil
		}
		v, _ := p.get(index) // on a page that this transaction opens: current
		return v, nil
	}
	touched := make(map[uint32]struct{}, len(b.Changes))
	take := func(index uint32) (Status, error) {
		if _, twice := touched[index]; twice {
			return 0, refuse("status_twice", "index %d is named twice", index)
		}
		touched[index] = struct{}{}
		return value(index)
	}
	var out []changeRec
	for _, c := range b.Changes {
		old, err := take(c.Index)
		if err != nil {
			return nil, err
		}
		if c.Op == MoveValue {
			from, err := take(c.From)
			if err != nil {
				return nil, err
			}
			if from.Final() {
				return nil, refuse("status_final", "index %d has a final value", c.From)
			}
			if old != Current {
				return nil, refuse("status_index_used", "index %d is in use", c.Index)
			}
			if from != Current {
				out = append(out, changeRec{index: c.Index, old: old, new: from})
			}
			out = append(out, changeRec{index: c.From, old: from, new: Void})
			continue
		}
		if c.Value == old {
			continue
		}
		if old.Final() {
			return nil, refuse("status_final", "index %d has a final value", c.Index)
		}
		out = append(out, changeRec{index: c.Index, old: old, new: c.Value})
	}
	return out, nil
}

func (s *State) memberEvent(e memberEvent) {
	s.append(SubjectMembers, e.marshal())
	s.d.gov.applyMember(e)
	s.memberChange = s.memberChange || e.kind == memberAdmitted || e.kind == memberRemoved || e.kind == memberReplaced
}

// consensusKey refuses a key that no validator could have or that one has.
func (s *State) consensusKey(key [32]byte) error {
	if _, err := did.NewPublicKey(did.Ed25519, key[:]); err != nil {
		return refuse("consensus_key", "not an Ed25519 key")
	}
	for _, m := range s.d.gov.members {
		if m.Consensus == key {
			return refuse("consensus_key", "another validator, or this one, has this key")
		}
	}
	return nil
}

func (s *State) replaceConsensus(m Member, key [32]byte) error {
	if err := s.consensusKey(key); err != nil {
		return err
	}
	g := s.d.gov
	for _, q := range g.queue {
		if q.proposal == 0 && q.id == m.DID {
			return refuse("member_change_waits", "a replacement by this member waits already")
		}
		// Who waits longer has the key, so a replacement never fails in its turn.
		if g.queuedKey(q) == key {
			return refuse("consensus_key", "another validator is about to have this key")
		}
	}
	if s.memberChange || len(g.queue) > 0 {
		s.memberEvent(memberEvent{head: s.head(memberAsked), id: m.DID, key: key})
		return nil
	}
	s.applyReplacement(m, key)
	return nil
}

func (s *State) applyReplacement(m Member, key [32]byte) {
	s.updates = append(s.updates, ValidatorUpdate{m.Consensus, 0}, ValidatorUpdate{key, 1})
	s.memberEvent(memberEvent{head: s.head(memberReplaced), id: m.DID, key: key})
}

func (s *State) proposalEvent(e proposalEvent) {
	s.append(SubjectProposals, e.marshal())
	if err := s.d.gov.apply(e); err != nil {
		panic("ledger: " + err.Error())
	}
}

func (s *State) propose(by did.DID, a Action) error {
	g := s.d.gov
	mine := 0
	for _, n := range g.open {
		if g.proposals[n-1].proposer == by {
			mine++
		}
	}
	if mine >= maxOpenProposals {
		return refuse("proposal_too_many", "this member has %d open proposals", mine)
	}
	if err := s.possible(a); err != nil {
		return err
	}
	n := uint64(len(g.proposals)) + 1
	s.proposalEvent(proposalEvent{head: s.head(proposalMade), number: n, id: by, time: s.now, action: marshalAction(a)})
	s.proposalEvent(proposalEvent{head: s.head(proposalVoted), number: n, id: by, yes: true})
	s.decide(g.proposal(n))
	return nil
}

func (s *State) vote(by did.DID, b Vote) error {
	p := s.d.gov.proposal(b.Proposal)
	if p == nil {
		return refuse("proposal_unknown", "no proposal %d", b.Proposal)
	}
	if p.state != ProposalOpen || s.expired(p) {
		return refuse("proposal_closed", "proposal %d is decided or has expired", b.Proposal)
	}
	if yes, voted := p.votes[by]; voted && yes == b.Yes {
		return refuse("vote_repeated", "this member has voted so already")
	}
	s.proposalEvent(proposalEvent{head: s.head(proposalVoted), number: p.number, id: by, yes: b.Yes})
	s.decide(p)
	return nil
}

func (s *State) expired(p *proposal) bool {
	return s.now >= p.created+int64(s.d.params.ProposalLife/time.Second)
}

// decide passes an open proposal that has its votes: at once, after its delay,
// or when the turn of its member change comes.
func (s *State) decide(p *proposal) {
	g := s.d.gov
	if p.state != ProposalOpen || !g.passes(p) {
		return
	}
	due, later := int64(0), false
	switch a := p.action.(type) {
	case AdmitMember, RemoveMember:
		later = s.memberChange || len(g.queue) > 0
	case Accredit:
		if s.heldByOther(a) {
			due, later = s.now+int64(s.d.params.IssuerDelay/time.Second), true
		}
	case RecoverDID:
		if len(a.Document) > 0 {
			due, later = s.now+int64(s.d.params.RecoverDelay/time.Second), true
		}
	}
	if later {
		s.proposalEvent(proposalEvent{head: s.head(proposalPassed), number: p.number, time: due})
		return
	}
	s.conclude(p)
}

// conclude puts a passed proposal into effect, or notes why it cannot be.
func (s *State) conclude(p *proposal) {
	if err := s.possible(p.action); err != nil {
		s.proposalEvent(proposalEvent{head: s.head(proposalFailed), number: p.number, code: result(err).Code})
		return
	}
	s.proposalEvent(proposalEvent{head: s.head(proposalDone), number: p.number})
	s.effect(p.action)
}

// possible says why an action cannot be carried out now.
func (s *State) possible(action Action) error {
	g := s.d.gov
	inForce := func(id did.DID) (*identity, error) {
		x := s.d.identity(id)
		if x == nil || len(x.versions) == 0 {
			return nil, refuse("did_unknown", "%s is not on the ledger", id)
		}
		if x.deactivated {
			return nil, refuse("did_deactivated", "%s is deactivated", id)
		}
		return x, nil
	}
	standing := func(issuer did.DID, typ, jurisdiction string) Standing {
		if x := s.d.identity(issuer); x != nil {
			return x.now[triple{typ, jurisdiction}]
		}
		return None
	}
	switch a := action.(type) {
	case AdmitMember:
		if _, err := inForce(a.DID); err != nil {
			return err
		}
		if g.member(a.DID) != nil {
			return refuse("member_exists", "%s is a member", a.DID)
		}
		return s.consensusKey(a.Consensus)
	case RemoveMember:
		if g.member(a.DID) == nil {
			return refuse("not_member", "%s is not a member", a.DID)
		}
		if len(g.members) == 1 {
			return refuse("member_last", "the last member stays")
		}
		return nil
	case Accredit:
		if _, err := inForce(a.Issuer); err != nil {
			return err
		}
		if s.d.keeper(a.Issuer) != a.Issuer {
			return refuse("issuer_handed_over", "an issuer whose pages were handed over comes back under a new DID")
		}
		for _, j := range a.Jurisdictions {
			if st := standing(a.Issuer, a.Type, j); st == Active || st == Suspended {
				return refuse("accreditation_held", "the issuer holds %s in %s", a.Type, j)
			}
		}
		return nil
	case Suspend:
		if standing(a.Issuer, a.Type, a.Jurisdiction) != Active {
			return refuse("accreditation_standing", "not an active accreditation")
		}
		return nil
	case Restore:
		if standing(a.Issuer, a.Type, a.Jurisdiction) != Suspended {
			return refuse("accreditation_standing", "not a suspended accreditation")
		}
		return nil
	case End:
		if st := standing(a.Issuer, a.Type, a.Jurisdiction); st != Active && st != Suspended && len(s.delayedAccreditations(a)) == 0 {
			return refuse("accreditation_standing", "no such accreditation, present or in its delay")
		}
		return nil
	case HandOver:
		return s.possibleHandOver(a)
	case RecoverDID:
		x, err := inForce(a.DID)
		if err != nil {
			return err
		}
		if len(a.Document) == 0 {
			if len(s.delayedRecoveries(a.DID)) == 0 {
				return refuse("recover_none", "no recovery of %s is in its delay", a.DID)
			}
			return nil
		}
		return s.checkUpdate(x, a.Document)
	case RegisterTemplate:
		t, err := ParseTemplate(a.Document)
		if err != nil {
			return err
		}
		if now, err := (&View{d: s.d}).Template(t.Type, s.block.Height); err == nil && string(now.Raw) == string(a.Document) {
			return refuse("template_unchanged", "this form of %s is registered", t.Type)
		}
		return nil
	case Upgrade:
		if a.Height <= s.block.Height {
			return refuse("upgrade_height", "height %d has passed", a.Height)
		}
		return nil
	case ReportKeyVote:
		x := s.d.identity(a.DID)
		if x == nil || len(x.versions) == 0 {
			return refuse("did_unknown", "%s is not on the ledger", a.DID)
		}
		return s.checkReport(x, a.Method, a.From)
	}
	return refuse("tx_malformed", "no action")
}

func (s *State) possibleHandOver(a HandOver) error {
	from, to := s.d.identity(a.From), s.d.identity(a.To)
	switch {
	case from == nil || from.status == nil || len(from.now) == 0:
		return refuse("handover_from", "%s is no issuer with status pages", a.From)
	case from.live > 0:
		return refuse("handover_from", "%s still holds an accreditation", a.From)
	case s.d.keeper(a.From) != a.From:
		return refuse("handover_from", "the pages of %s were handed over already", a.From)
	case to == nil || to.deactivated || to.active == 0 || a.From == a.To || s.d.keeper(a.To) != a.To:
		return refuse("handover_to", "%s is not another issuer with an active accreditation", a.To)
	}
	return nil
}

// heldByOther reports whether another issuer holds one of an accreditation's
// jurisdictions for its type.
func (s *State) heldByOther(a Accredit) bool {
	for _, j := range a.Jurisdictions {
		k := triple{a.Type, j}
		for _, id := range s.held[k] {
			if st := s.d.ids[id].now[k]; id != a.Issuer && (st == Active || st == Suspended) {
				return true
			}
		}
	}
	return false
}

// noteHeld remembers who was ever accredited for what.
func (s *State) noteHeld(id did.DID, k triple) {
	if !slices.Contains(s.held[k], id) {
		s.held[k] = append(s.held[k], id)
	}
}

// delayedAccreditations are the proposals in their delay that accredit this.
func (s *State) delayedAccreditations(e End) []uint64 {
	var out []uint64
	for _, n := range s.d.gov.delayed {
		if a, ok := s.d.gov.proposals[n-1].action.(Accredit); ok &&
			a.Issuer == e.Issuer && a.Type == e.Type && slices.Contains(a.Jurisdictions, e.Jurisdiction) {
			out = append(out, n)
		}
	}
	return out
}

func (s *State) delayedRecoveries(id did.DID) []uint64 {
	var out []uint64
	for _, n := range s.d.gov.delayed {
		if a, ok := s.d.gov.proposals[n-1].action.(RecoverDID); ok && a.DID == id {
			out = append(out, n)
		}
	}
	return out
}

func (s *State) accreditationEvent(kind AccreditationKind, issuer did.DID, typ, jurisdiction string) {
	raw := appendLPString(appendLPString(s.head(uint8(kind)).append(nil), typ), jurisdiction)
	s.append(PrefixAccreditation+string(issuer), raw)
	s.noteHeld(issuer, triple{typ, jurisdiction})
}

// effect carries out an action that is possible.
func (s *State) effect(action Action) {
	g := s.d.gov
	switch a := action.(type) {
	case AdmitMember:
		s.updates = append(s.updates, ValidatorUpdate{a.Consensus, 1})
		s.memberEvent(memberEvent{head: s.head(memberAdmitted), id: a.DID, name: a.Name, key: a.Consensus})
	case RemoveMember:
		s.updates = append(s.updates, ValidatorUpdate{g.member(a.DID).Consensus, 0})
		s.memberEvent(memberEvent{head: s.head(memberRemoved), id: a.DID})
	case Accredit:
		for _, j := range a.Jurisdictions {
			s.accreditationEvent(Accredited, a.Issuer, a.Type, j)
		}
	case Suspend:
		s.accreditationEvent(AccreditationSuspended, a.Issuer, a.Type, a.Jurisdiction)
	case Restore:
		s.accreditationEvent(AccreditationRestored, a.Issuer, a.Type, a.Jurisdiction)
	case End:
		for _, n := range s.delayedAccreditations(a) {
			s.proposalEvent(proposalEvent{head: s.head(proposalWithdrawn), number: n})
		}
		if st := s.d.ids[a.Issuer].now[triple{a.Type, a.Jurisdiction}]; st == Active || st == Suspended {
			s.accreditationEvent(AccreditationEnded, a.Issuer, a.Type, a.Jurisdiction)
		}
	case HandOver:
		raw := appendLPString(s.head(uint8(PagesHandedOver)).append(nil), string(a.To))
		s.append(PrefixAccreditation+string(a.From), raw)
	case RecoverDID:
		if len(a.Document) > 0 {
			s.appendVersion(a.DID, a.Document)
			return
		}
		for _, n := range s.delayedRecoveries(a.DID) {
			s.proposalEvent(proposalEvent{head: s.head(proposalWithdrawn), number: n})
		}
	case RegisterTemplate:
		s.append(SubjectTemplates, appendLP(s.head(1).append(nil), a.Document))
	case Upgrade:
		s.append(SubjectUpgrades, appendUpgrade(s.head(1), a))
	case ReportKeyVote:
		s.report(s.d.identity(a.DID), a.Method, a.From, true)
	}
}

// endBlock does what time and earlier decisions bring, each step at a position
// of its own after the transactions.
func (s *State) endBlock() {
	g := s.d.gov
	step := func(do func()) {
		do()
		s.position++
		s.acted = true
	}
	for _, n := range slices.Clone(g.open) {
		if p := g.proposal(n); s.expired(p) {
			step(func() {
				s.proposalEvent(proposalEvent{head: s.head(proposalExpired), number: n})
			})
		}
	}
	for _, n := range slices.Clone(g.delayed) {
		if p := g.proposal(n); p.state == ProposalDelayed && s.now >= p.due {
			step(func() { s.conclude(p) })
		}
	}
	for len(g.queue) > 0 && !s.memberChange {
		step(func() { s.nextMemberChange(g.queue[0]) })
	}
	// Fewer members may need fewer votes.
	for _, n := range slices.Clone(g.open) {
		if p := g.proposal(n); p.state == ProposalOpen && g.passes(p) {
			step(func() { s.decide(p) })
		}
	}
	if len(s.d.open) > 0 {
		if closed, err := parseClosed(s.d.values[SubjectClosed]); err == nil && s.block.Time.Sub(closed) >= s.d.params.Interval {
			s.closeEpoch()
			s.acted = true
		}
	}
}

func (s *State) nextMemberChange(q queued) {
	g := s.d.gov
	if q.proposal != 0 {
		s.conclude(g.proposal(q.proposal))
		return
	}
	// It is a member still: a removal takes it out of the queue.
	s.applyReplacement(*g.member(q.id), q.key)
}

// closeEpoch turns the open epoch into the next entry of epochs.
func (s *State) closeEpoch() {
	d := s.d
	batches := slices.Clone(d.open)
	leaves := sortBatches(batches)
	e := Epoch{Number: d.epochs.rng.Size() + 1, Height: s.block.Height, Batches: uint32(len(leaves)), Root: RootOf(leaves)}
	for _, b := range batches {
		if e.LastValidity.Before(b.last) {
			e.LastValidity = b.last
		}
	}
	s.append(SubjectEpochs, e.marshal())
	for i := range d.open {
		s.rows = append(s.rows, Row{Key: listKey(SubjectOpen, uint64(i))})
	}
	d.open, d.openRange = nil, Range{}
	clear(s.openSet)
	s.touch(SubjectOpen)
	s.setValue(SubjectClosed, marshalClosed(s.block.Time))
}
