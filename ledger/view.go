package ledger

// The read side: what the ledger says, from a node's full state or from what a
// trust pack carries.

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"slices"
	"sort"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
)

// What a view cannot answer. Each stands behind a coded error (explain.CodeOf).
var (
	ErrEpochUnknown = explain.Errorf("epoch_unknown", "no such epoch in the data")
	ErrEpochShrunk  = explain.Errorf("epoch_shrunk", "the data holds only a hash of this epoch")
	ErrNoPage       = explain.Errorf("status_no_such_page", "no such status page")
	ErrNotCarried   = explain.Errorf("not_carried", "packs do not carry this subject")
	ErrNoTemplate   = explain.Errorf("template_not_registered", "no template of this type")
)

// View answers from the ledger's content. It is not safe for use while the
// state it belongs to executes; the view of a pack never changes, except by
// SetHeader and Attach.
type View struct {
	d    *data
	asOf time.Time
}

// Epoch is one closed epoch.
type Epoch struct {
	Number       uint64 // from 1
	Height       uint64 // block at whose end it closed
	Batches      uint32
	Root         Hash  // over the EpochLeaf of its batches, sorted by (DID, root)
	LastValidity Month // the latest of its batches
}

// Expired reports whether every batch of the epoch has outlived its last
// validUntil at t.
func (e Epoch) Expired(t time.Time) bool {
	y, m, _ := t.UTC().Date()
	if y > 9999 {
		return true
	}
	return !(Month{uint16(y), uint8(m)}).Before(e.LastValidity)
}

// AccreditationKind is what an AccreditationEvent says.
type AccreditationKind uint8

// Kinds of accreditation events.
const (
	Accredited AccreditationKind = iota + 1
	AccreditationSuspended
	AccreditationRestored
	AccreditationEnded
	PagesHandedOver // the status pages, to another issuer
)

// leads is the standing that an event leaves, None for a hand-over.
func (k AccreditationKind) leads() Standing {
	switch k {
	case Accredited, AccreditationRestored:
		return Active
	case AccreditationSuspended:
		return Suspended
	case AccreditationEnded:
		return Ended
	}
	return None
}

// AccreditationEvent is one entry of an issuer's accreditations.
type AccreditationEvent struct {
	Height             uint64
	Position           uint32
	Kind               AccreditationKind
	Type, Jurisdiction string
	To                 did.DID // PagesHandedOver only
}

// Standing is an issuer's right to issue a type in a jurisdiction.
type Standing uint8

// Standings.
const (
	None Standing = iota
	Active
	Suspended
	Ended
)

func (s Standing) String() string {
	return [...]string{"none", "active", "suspended", "ended"}[min(s, Ended)]
}

// PlannedUpgrade names the rules that must run from a height on.
type PlannedUpgrade struct {
	Name    string
	Height  uint64 // first block under the new rules
	Decided uint64 // height of the decision
}

// Proposal is a proposal as it stands.
type Proposal struct {
	Number       uint64
	Height       uint64
	Position     uint32
	Proposer     did.DID
	Action       Action
	Yes, No      []did.DID // ascending; of a decided proposal, the votes at its decision
	Needed       int       // yes votes that pass it, of the present members
	State        ProposalState
	Created      time.Time // header time of its block
	Expires      time.Time // no vote counts from then on
	Due          time.Time // ProposalDelayed: when it takes effect
	Decided      uint64    // height of its last change of state, 0 while open
	FailedReason string    // code
}

// BatchRecord is one batch that a DID anchored.
type BatchRecord struct {
	Height       uint64
	Position     uint32
	Root         Hash
	Size         uint16
	LastValidity Month
	Method       string // the ledger key that signed the transaction
	Epoch        uint64 // 0 while its epoch is open
	Shrunk       bool   // the data holds its epoch, or one near it, as a hash only: Epoch is 0
}

// OpenBatch is a batch of the open epoch.
type OpenBatch struct {
	DID          did.DID
	Root         Hash
	Size         uint16
	LastValidity Month
}

// StatusRecord is one entry of an issuer's change log.
type StatusRecord struct {
	Height   uint64
	Position uint32
	Index    uint32
	Old, New Status
}

// ChainID names the network.
func (v *View) ChainID() string { return v.d.chainID }

// Height is the block whose resulting state this is.
func (v *View) Height() uint64 { return v.d.height }

// Params are the network's parameters.
func (v *View) Params() Params { return v.d.params }

// GenesisTime is the time of the first state.
func (v *View) GenesisTime() time.Time { return unix(v.d.genesis) }

// SetHeader notes the time of the header that proves this state.
func (v *View) SetHeader(t time.Time) { v.asOf = t }

// Tip returns the height of the state and the time of the header that proves
// it; zero before SetHeader.
func (v *View) Tip() (uint64, time.Time) { return v.d.height, v.asOf }

// Index returns the subjects, ascending by name.
func (v *View) Index() []Subject { return slices.Clone(v.d.index.subjects) }

// Subject returns one line of the index.
func (v *View) Subject(name string) (Subject, bool) { return v.d.index.get(name) }

// AppHash is the root of the index.
func (v *View) AppHash() Hash { return v.d.appHash() }

// SubjectProof shows that a subject stands in an index.
type SubjectProof struct {
	Subject Subject
	Index   uint64 // of its line
	Size    uint64 // lines of the index
	Path    []Hash
}

// Root recomputes the app hash that the proof claims.
func (p SubjectProof) Root() (Hash, error) {
	return RootFromPath(p.Subject.LeafHash(), p.Index, p.Size, p.Path)
}

// Prove returns the proof of a subject; false if it is not in the index.
func (v *View) Prove(name string) (SubjectProof, bool) {
	i, found := v.d.index.find(name)
	if !found {
		return SubjectProof{}, false
	}
	return SubjectProof{
		Subject: v.d.index.subjects[i], Index: uint64(i), Size: uint64(len(v.d.index.leaves)),
		Path: Path(v.d.index.leaves, i),
	}, true
}

func unix(s int64) time.Time { return time.Unix(s, 0).UTC() }

// TimeOf returns the recorded time of a block; false if it has none, because
// it did no more than take in batches or the next block is still to come.
func (v *View) TimeOf(height uint64) (time.Time, bool) {
	i := v.d.timeIndex(height)
	if i == len(v.d.times) || v.d.times[i].height != height {
		return time.Time{}, false
	}
	return unix(v.d.times[i].secs), true
}

// timeIndex is the first recorded time at or above a height.
func (d *data) timeIndex(height uint64) int {
	return sort.Search(len(d.times), func(i int) bool { return d.times[i].height >= height })
}

// At returns the heights whose state was the one in force at t, the first and
// the last of them: what lies between took in batches or nothing. Before the
// genesis it is 0, 0; what the newest block did is dated by SetHeader, and from
// then on the newest state is in force.
func (v *View) At(t time.Time) (first, last uint64) {
	secs := t.Unix()
	i := sort.Search(len(v.d.times), func(i int) bool { return v.d.times[i].secs > secs })
	if i > 0 {
		first = v.d.times[i-1].height
	}
	if i < len(v.d.times) {
		if h := v.d.times[i].height; h > 0 {
			last = h - 1
		}
		return first, last
	}
	// The newest block has an entry in blocks, and no time yet, if it did
	// something.
	blocks, _ := v.d.index.get(SubjectBlocks)
	switch {
	case blocks.Length == uint64(len(v.d.times)):
		return first, v.d.height
	case v.asOf.Unix() > secs:
		return first, max(v.d.height, 1) - 1
	}
	return v.d.height, v.d.height
}

// DIDs returns every DID on the ledger, ascending.
func (v *View) DIDs() []did.DID {
	var out []did.DID
	for _, id := range v.d.idOrder {
		if len(v.d.ids[id].versions) > 0 {
			out = append(out, id)
		}
	}
	return out
}

// Versions returns a DID's versions in ledger order; none: nil, nil.
func (v *View) Versions(id did.DID) ([]did.Version, error) {
	x := v.d.identity(id)
	if x == nil {
		return nil, nil
	}
	out := slices.Clone(x.versions)
	for i := range out {
		if t, ok := v.TimeOf(out[i].Height); ok {
			out[i].Time = t
		}
	}
	return out, nil
}

// Reports returns a DID's key reports in ledger order.
func (v *View) Reports(id did.DID) ([]did.KeyReport, error) {
	x := v.d.identity(id)
	if x == nil {
		return nil, nil
	}
	out := make([]did.KeyReport, len(x.reports))
	for i, r := range x.reports {
		out[i] = r.KeyReport
	}
	return out, nil
}

// BatchReported returns the report that a batch falls under: its ledger key
// was in other hands when it was anchored. It is exact where a root was
// anchored more than once.
func (v *View) BatchReported(issuer did.DID, epoch uint64, root Hash) (did.KeyReport, bool) {
	x := v.d.identity(issuer)
	if x == nil {
		return did.KeyReport{}, false
	}
	for _, r := range x.reports {
		for _, run := range r.Runs {
			if run.First <= epoch && epoch <= run.Last {
				return r.KeyReport, true
			}
		}
		for i, h := range r.Roots {
			if h == root && r.epochs[i] == epoch {
				return r.KeyReport, true
			}
		}
	}
	return did.KeyReport{}, false
}

// Accreditations returns what happened to an issuer's accreditations and
// pages, in ledger order.
func (v *View) Accreditations(issuer did.DID) []AccreditationEvent {
	if x := v.d.identity(issuer); x != nil {
		return slices.Clone(x.accEvents)
	}
	return nil
}

// Standing is the issuer's right in the state after height.
func (v *View) Standing(issuer did.DID, typ, jurisdiction string, height uint64) Standing {
	s, _ := v.StandingSince(issuer, typ, jurisdiction, height)
	return s
}

// StandingSince is Standing with the height of the event that brought it about.
func (v *View) StandingSince(issuer did.DID, typ, jurisdiction string, height uint64) (Standing, uint64) {
	x := v.d.identity(issuer)
	if x == nil {
		return None, 0
	}
	return x.standing(typ, jurisdiction, height)
}

func (x *identity) standing(typ, jurisdiction string, height uint64) (Standing, uint64) {
	out, since := None, uint64(0)
	for _, e := range x.accEvents {
		if e.Height > height {
			break
		}
		if e.Kind == PagesHandedOver || e.Type != typ || e.Jurisdiction != jurisdiction {
			continue
		}
		out, since = e.Kind.leads(), e.Height
	}
	return out, since
}

// HandedOver reports whether another issuer keeps this issuer's status pages.
func (v *View) HandedOver(issuer did.DID) bool { return v.Keeper(issuer) != issuer }

// Keeper is who keeps an issuer's status pages: itself, or the issuer they were
// handed to.
func (v *View) Keeper(issuer did.DID) did.DID { return v.d.keeper(issuer) }

func (d *data) keeper(issuer did.DID) did.DID {
	// Pages are only ever handed to an issuer that still keeps its own, so this
	// ends; the bound holds for data that says otherwise.
	for range len(d.ids) + 1 {
		x := d.identity(issuer)
		if x == nil {
			return issuer
		}
		i := slices.IndexFunc(x.accEvents, func(e AccreditationEvent) bool { return e.Kind == PagesHandedOver })
		if i < 0 {
			return issuer
		}
		issuer = x.accEvents[i].To
	}
	return issuer
}

// LastEpoch is the number of the newest closed epoch, 0 before the first.
func (v *View) LastEpoch() uint64 { return v.d.epochs.rng.Size() }

// Epoch returns a closed epoch. ErrEpochUnknown, ErrEpochShrunk.
func (v *View) Epoch(n uint64) (Epoch, error) { return v.d.epochs.get(n) }

// FarFuture reports whether an epoch is so far beyond the data that it cannot
// exist yet: further than (latest − as-of) / interval + 2. latest is the larger
// of clock and floor, as-of the time given to SetHeader.
func (v *View) FarFuture(epoch uint64, latest time.Time) bool {
	last := v.LastEpoch()
	if epoch <= last {
		return false
	}
	possible := uint64(2)
	if since := latest.Sub(v.asOf); since > 0 {
		possible += uint64(since / v.d.params.Interval)
	}
	return epoch-last > possible
}

// CheckAnchor checks that the ledger holds the leaf where the anchor says,
// under this issuer. Codes: epoch_unknown (newer than the data: see
// FarFuture), epoch_shrunk, anchor_mismatch.
func (v *View) CheckAnchor(a Anchor, issuer did.DID, leaf Hash) error {
	e, err := v.Epoch(a.Epoch)
	if err != nil {
		return err
	}
	root, err := a.BatchRoot(leaf)
	if err != nil {
		return err
	}
	got, err := RootFromPath(EpochLeaf(issuer, root, uint32(a.Size)), uint64(a.Batch), uint64(e.Batches), a.BatchPath)
	if err != nil {
		return explain.Errorf("anchor_mismatch", "batch path: %w", err)
	}
	if got != e.Root {
		return explain.Errorf("anchor_mismatch", "the path does not lead to the root of epoch %d", a.Epoch)
	}
	return nil
}

// Status is the value at an index of an issuer's pages, whoever keeps them.
// ErrNoPage.
func (v *View) Status(issuer did.DID, index uint32) (Status, error) {
	if x := v.d.identity(issuer); x != nil && x.status != nil {
		if s, ok := x.status.get(index); ok {
			return s, nil
		}
	}
	return Current, ErrNoPage
}

// Pages is the number of an issuer's status pages.
func (v *View) Pages(issuer did.DID) uint32 {
	if x := v.d.identity(issuer); x != nil && x.status != nil {
		return x.status.count()
	}
	return 0
}

// Page returns a copy of one status page, PageBytes long. ErrNoPage.
func (v *View) Page(issuer did.DID, n uint32) ([]byte, error) {
	if n >= v.Pages(issuer) {
		return nil, ErrNoPage
	}
	if p := v.d.ids[issuer].status.page(int(n)); p != nil {
		return p, nil
	}
	return make([]byte, PageBytes), nil
}

// StatusChanges returns the changes of an issuer's pages above a height, in
// ledger order. A pack's view holds those that its deltas brought; complete
// says whether that is all of them.
func (v *View) StatusChanges(issuer did.DID, above uint64) (records []StatusRecord, complete bool) {
	x := v.d.identity(issuer)
	if x == nil || x.status == nil {
		return nil, true
	}
	log := x.status.log
	i := sort.Search(len(log), func(i int) bool { return log[i].height > above })
	for _, c := range log[i:] {
		records = append(records, StatusRecord{c.height, c.position, c.index, c.old, c.new})
	}
	return records, x.status.first == 0 || above >= v.d.heldFrom
}

// StatusLog is how many changes there were of an issuer's pages so far. Each
// gave one index another value.
func (v *View) StatusLog(issuer did.DID) uint64 {
	if x := v.d.identity(issuer); x != nil && x.status != nil {
		return x.status.rng.Size()
	}
	return 0
}

// Template returns the newest form of a type registered at or before height.
// ErrNoTemplate.
func (v *View) Template(typ string, height uint64) (Template, error) {
	for _, t := range slices.Backward(v.d.templateDocs) {
		if t.Type == typ && t.Height <= height {
			return t, nil
		}
	}
	return Template{}, ErrNoTemplate
}

// Templates returns the newest form of every type, ascending by type.
func (v *View) Templates() []Template {
	var out []Template
	for _, t := range slices.Backward(v.d.templateDocs) {
		if !slices.ContainsFunc(out, func(u Template) bool { return u.Type == t.Type }) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b Template) int { return strings.Compare(a.Type, b.Type) })
	return out
}

// Members returns the members in the state after height, ascending by DID.
func (v *View) Members(height uint64) []Member {
	g := newGovernance()
	for _, e := range v.d.memberEvents {
		if e.height > height {
			break
		}
		g.applyMember(e)
	}
	return g.members
}

// Upgrades returns the decided upgrades in the order of decision.
func (v *View) Upgrades() []PlannedUpgrade { return slices.Clone(v.d.upgradeList) }

// Sequence is the DID's last executed sequence. ErrNotCarried.
func (v *View) Sequence(id did.DID) (uint64, error) {
	x := v.d.identity(id)
	if x == nil || x.seq == 0 {
		if _, there := v.d.index.get(PrefixSequence + string(id)); there && !v.d.full {
			return 0, ErrNotCarried
		}
		return 0, nil
	}
	return x.seq, nil
}

// Proposals returns every proposal, by number. ErrNotCarried.
func (v *View) Proposals() ([]Proposal, error) {
	g := v.d.gov
	if g == nil {
		return nil, ErrNotCarried
	}
	life := int64(v.d.params.ProposalLife / time.Second)
	out := make([]Proposal, 0, len(g.proposals))
	for _, p := range g.proposals {
		q := Proposal{
			Number: p.number, Height: p.head.height, Position: p.head.position, Proposer: p.proposer,
			Action: p.action, Needed: Needed(len(g.members)), State: p.state,
			Created: unix(p.created), Expires: unix(p.created + life),
			Decided: p.decided, FailedReason: p.code,
		}
		if p.state == ProposalDelayed {
			q.Due = unix(p.due)
		}
		for id, yes := range p.votes { // sorted below
			if yes {
				q.Yes = append(q.Yes, id)
			} else {
				q.No = append(q.No, id)
			}
		}
		slices.Sort(q.Yes)
		slices.Sort(q.No)
		out = append(out, q)
	}
	return out, nil
}

// Delay is how long an action would wait, once it has its votes, before it takes
// effect; 0 where it takes effect at once.
func (v *View) Delay(action Action) time.Duration {
	switch a := action.(type) {
	case Accredit:
		for _, j := range a.Jurisdictions {
			for _, id := range v.d.idOrder {
				if st := v.d.ids[id].now[triple{a.Type, j}]; id != a.Issuer && (st == Active || st == Suspended) {
					return v.d.params.IssuerDelay
				}
			}
		}
	case RecoverDID:
		if len(a.Document) > 0 {
			return v.d.params.RecoverDelay
		}
	}
	return 0
}

// Open returns the batches of the open epoch, in the order of arrival.
// ErrNotCarried.
func (v *View) Open() ([]OpenBatch, error) {
	if !v.d.hasOpen {
		return nil, ErrNotCarried
	}
	out := make([]OpenBatch, len(v.d.open))
	for i, b := range v.d.open {
		out[i] = OpenBatch{b.id, b.root, b.size, b.last}
	}
	return out, nil
}

// Batches returns every batch that a DID anchored, in ledger order. The epoch
// is the first that closed at or after the batch's block. ErrNotCarried.
func (v *View) Batches(id did.DID) ([]BatchRecord, error) {
	x := v.d.identity(id)
	if x == nil || x.batches == nil {
		if _, there := v.d.index.get(PrefixBatches + string(id)); there {
			return nil, ErrNotCarried
		}
		return nil, nil
	}
	out := make([]BatchRecord, len(x.batches.recs))
	for i, b := range x.batches.recs {
		out[i] = BatchRecord{
			Height: b.height, Position: b.position, Root: b.root, Size: b.size, LastValidity: b.last,
			Method: x.batches.methods[b.method],
		}
		if out[i].Epoch = v.d.epochs.closing(b.height); v.d.epochs.gapBefore(b.height) {
			out[i].Epoch, out[i].Shrunk = 0, true
		}
	}
	return out, nil
}

// gapBefore reports whether shrunk epochs lie between the epochs held below
// and from a height on, so that it is not known which of them closed first.
func (e *epochList) gapBefore(height uint64) bool {
	i := sort.Search(len(e.held), func(i int) bool { return e.held[i].Height >= height })
	before, next := uint64(0), e.rng.Size()+1
	if i > 0 {
		before = e.held[i-1].Number
	}
	if i < len(e.held) {
		next = e.held[i].Number
	}
	return next != before+1
}

// closing is the number of the first epoch held that closed at or after height,
// 0 if none did.
func (e *epochList) closing(height uint64) uint64 {
	i := sort.Search(len(e.held), func(i int) bool { return e.held[i].Height >= height })
	if i == len(e.held) {
		return 0
	}
	return e.held[i].Number
}

// Located is where a batch stands in its epoch: what an anchor needs.
type Located struct {
	Epoch    uint64 // 0 while Pending
	Position uint32 // in the epoch
	Count    uint32 // batches of the epoch
	Path     []Hash // to the epoch root
	Pending  bool   // in the open epoch
}

// Locate finds the newest batch of this root that the issuer anchored. Only a
// full state can. Codes: batch_unknown, not_carried.
func (v *View) Locate(issuer did.DID, root Hash) (Located, error) {
	if !v.d.full {
		return Located{}, ErrNotCarried
	}
	if x := v.d.identity(issuer); x != nil && x.batches != nil {
		for _, b := range slices.Backward(x.batches.recs) {
			if b.root != root {
				continue
			}
			n := v.d.epochs.closing(b.height)
			if n == 0 {
				return Located{Pending: true}, nil
			}
			leaves, batches := v.d.epochLeaves(n)
			i := slices.IndexFunc(batches, func(o openBatch) bool { return o.id == issuer && o.root == root })
			return Located{Epoch: n, Position: uint32(i), Count: uint32(len(leaves)), Path: Path(leaves, i)}, nil
		}
	}
	return Located{}, explain.Errorf("batch_unknown", "no such batch under this issuer")
}

// epochLeaves rebuilds the leaves of a closed epoch from every DID's batches.
func (d *data) epochLeaves(n uint64) ([]Hash, []openBatch) {
	to := d.epochs.held[n-1].Height
	from := uint64(0)
	if n > 1 {
		from = d.epochs.held[n-2].Height
	}
	var all []openBatch
	for _, id := range d.idOrder {
		x := d.ids[id]
		if x.batches == nil {
			continue
		}
		recs := x.batches.recs
		i := sort.Search(len(recs), func(i int) bool { return recs[i].height > from })
		for ; i < len(recs) && recs[i].height <= to; i++ {
			all = append(all, openBatch{id, recs[i].root, recs[i].size, recs[i].last})
		}
	}
	return sortBatches(all), all
}

// sortBatches puts the batches of an epoch in order, bytewise by (DID, root),
// and returns their leaves.
func sortBatches(all []openBatch) []Hash {
	slices.SortFunc(all, func(a, b openBatch) int {
		if c := strings.Compare(string(a.id), string(b.id)); c != 0 {
			return c
		}
		return compareHash(a.root, b.root)
	})
	leaves := make([]Hash, len(all))
	for i, b := range all {
		leaves[i] = EpochLeaf(b.id, b.root, uint32(b.size))
	}
	return leaves
}

func compareHash(a, b Hash) int { return strings.Compare(string(a[:]), string(b[:])) }

// Entries returns a list subject's entries, or a value subject's one value, as
// they are hashed; with Attach and SubjectOf they can be checked elsewhere. A
// status subject has none. Codes: not_carried, subject_unknown.
func (v *View) Entries(name string) ([][]byte, error) {
	d := v.d
	if _, there := d.index.get(name); !there {
		return nil, explain.Errorf("subject_unknown", "no subject of this name")
	}
	var out [][]byte
	switch name {
	case SubjectTemplates:
		return slices.Clone(d.templates.raw), nil
	case SubjectMembers:
		return slices.Clone(d.members.raw), nil
	case SubjectUpgrades:
		return slices.Clone(d.upgrades.raw), nil
	case SubjectParams, SubjectClosed:
		return [][]byte{d.values[name]}, nil
	case SubjectTimes:
		for _, e := range d.times {
			out = append(out, e.marshal())
		}
		return out, nil
	case SubjectEpochs:
		if len(d.epochs.shrunk) > 0 {
			return nil, ErrEpochShrunk
		}
		for _, e := range d.epochs.held {
			out = append(out, e.marshal())
		}
		return out, nil
	case SubjectProposals:
		if d.gov == nil {
			return nil, ErrNotCarried
		}
		return slices.Clone(d.proposals.raw), nil
	case SubjectBlocks:
		if !d.hasBlocks {
			return nil, ErrNotCarried
		}
		for _, e := range d.blocks {
			out = append(out, e.marshal())
		}
		return out, nil
	case SubjectOpen:
		if !d.hasOpen {
			return nil, ErrNotCarried
		}
		for _, e := range d.open {
			out = append(out, appendOpen(nil, e))
		}
		return out, nil
	}
	prefix, id, _ := strings.Cut(name, "/")
	x := d.identity(did.DID(id))
	switch prefix + "/" {
	case PrefixDID:
		return slices.Clone(x.log.raw), nil
	case PrefixAccreditation:
		return slices.Clone(x.accLog.raw), nil
	case PrefixSequence:
		if x == nil || x.seq == 0 {
			return nil, ErrNotCarried
		}
		return [][]byte{binary.BigEndian.AppendUint64(nil, x.seq)}, nil
	case PrefixBatches:
		if x == nil || x.batches == nil {
			return nil, ErrNotCarried
		}
		for i := range x.batches.recs {
			out = append(out, x.batches.entry(i))
		}
		return out, nil
	}
	return nil, ErrNotCarried
}

// SubjectOf computes the index line that entries of a list or value subject
// give.
func SubjectOf(name string, entries [][]byte) (Subject, error) {
	s := Subject{Name: name, Length: uint64(len(entries))}
	if name == SubjectParams || name == SubjectClosed || strings.HasPrefix(name, PrefixSequence) {
		if len(entries) != 1 {
			return s, errors.New("a value subject has one entry")
		}
		s.Root = sha256.Sum256(entries[0])
		return s, nil
	}
	var r Range
	for _, e := range entries {
		r.Append(LeafOf(e))
	}
	s.Root = r.Root()
	return s, nil
}

// Attach gives a pack's view the entries of a subject that packs do not carry,
// after checking them against its index, so that Batches, Proposals and Open
// can answer. On failure the view is as before. Codes:
// subject_unknown, subject_mismatch.
func (v *View) Attach(name string, entries [][]byte) error {
	want, there := v.d.index.get(name)
	if k, _ := KindOf(name); !there || k != KindRoot {
		return explain.Errorf("subject_unknown", "no such subject to attach")
	}
	got, err := SubjectOf(name, entries)
	if err != nil || got != want {
		return explain.Errorf("subject_mismatch", "the entries are not those of the index")
	}
	if v.d.full {
		return nil
	}
	if err := v.attach(name, entries); err != nil {
		return explain.Errorf("subject_mismatch", "reading entries: %w", err)
	}
	return nil
}

func (v *View) attach(name string, entries [][]byte) error {
	side := newData(false)
	if id, ok := strings.CutPrefix(name, PrefixSequence); ok {
		if len(entries[0]) != 8 {
			return errShort
		}
		v.d.ensure(did.DID(id)).seq = binary.BigEndian.Uint64(entries[0])
		return nil
	}
	for _, e := range entries {
		if err := side.add(name, e); err != nil {
			return err
		}
	}
	switch name {
	case SubjectProposals:
		g, err := fold(v.d.memberEvents, entries)
		if err != nil {
			return err
		}
		v.d.gov, v.d.proposals = g, side.proposals
	case SubjectOpen:
		v.d.open, v.d.openRange, v.d.hasOpen = side.open, side.openRange, true
	case SubjectBlocks:
		v.d.blocks, v.d.blocksRange, v.d.hasBlocks = side.blocks, side.blocksRange, true
	default:
		id := did.DID(strings.TrimPrefix(name, PrefixBatches))
		v.d.ensure(id).batches = side.ensure(id).batches
	}
	return nil
}
