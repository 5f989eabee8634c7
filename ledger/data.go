package ledger

// The ledger's content: subjects with their entries, and the index over them.
// A node holds all of it, a trust pack's view what packs carry. Entries come in
// through one door (data.add), whether a block, a stored row or a pack brings
// them, so that all three mean the same.

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"bonafide/did"
)

// Names of subjects, and the beginnings of those that end in a DID.
const (
	SubjectBlocks    = "blocks"    // list: height, block hash
	SubjectClosed    = "closed"    // value: header time of the last closing block
	SubjectEpochs    = "epochs"    // list
	SubjectMembers   = "members"   // list: changes of membership
	SubjectOpen      = "open"      // list: batches of the open epoch
	SubjectParams    = "params"    // value
	SubjectProposals = "proposals" // list: proposals, votes and outcomes
	SubjectTemplates = "templates" // list
	SubjectTimes     = "times"     // list: height, time
	SubjectUpgrades  = "upgrades"  // list

	PrefixAccreditation = "accreditation/" // list
	PrefixBatches       = "batches/"       // list: batches ever anchored
	PrefixDID           = "did/"           // list: versions and key reports
	PrefixSequence      = "sequence/"      // value: last executed sequence
	PrefixStatus        = "status/"        // pages
)

// Kind is what a subject consists of.
type Kind uint8

// Kinds of subjects. KindRoot is one that packs carry as (length, root) only.
const (
	KindList Kind = iota + 1
	KindValue
	KindStatus
	KindRoot
)

// KindOf says how packs carry a subject; false if there is no such subject.
func KindOf(name string) (Kind, bool) {
	switch name {
	case SubjectEpochs, SubjectMembers, SubjectTemplates, SubjectTimes, SubjectUpgrades:
		return KindList, true
	case SubjectClosed, SubjectParams:
		return KindValue, true
	case SubjectBlocks, SubjectOpen, SubjectProposals:
		return KindRoot, true
	}
	prefix, id, found := strings.Cut(name, "/")
	if !found || len(id) > maxDID {
		return 0, false
	}
	if _, err := did.Parse(id); err != nil {
		return 0, false
	}
	switch prefix + "/" {
	case PrefixDID, PrefixAccreditation:
		return KindList, true
	case PrefixStatus:
		return KindStatus, true
	case PrefixSequence, PrefixBatches:
		return KindRoot, true
	}
	return 0, false
}

// Subject is one line of the index.
type Subject struct {
	Name   string
	Length uint64
	Root   Hash
}

// LeafHash is the line's hash in the index: the RFC 6962 leaf over LP(name) ‖
// length u64 ‖ root.
func (s Subject) LeafHash() Hash {
	b := make([]byte, 0, 4+len(s.Name)+40)
	b = appendLPString(b, s.Name)
	b = binary.BigEndian.AppendUint64(b, s.Length)
	return LeafOf(append(b, s.Root[:]...))
}

// index is the sorted list of subjects with their cached leaf hashes.
type index struct {
	subjects []Subject
	leaves   []Hash
}

func (x *index) find(name string) (int, bool) {
	return slices.BinarySearchFunc(x.subjects, name, func(s Subject, n string) int { return strings.Compare(s.Name, n) })
}

func (x *index) set(s Subject) {
	i, found := x.find(s.Name)
	if !found {
		x.subjects = slices.Insert(x.subjects, i, s)
		x.leaves = slices.Insert(x.leaves, i, Hash{})
	}
	x.subjects[i], x.leaves[i] = s, s.LeafHash()
}

func (x *index) get(name string) (Subject, bool) {
	i, found := x.find(name)
	if !found {
		return Subject{}, false
	}
	return x.subjects[i], true
}

// list is an append-only list whose entries are kept as they are. Every entry
// begins with kind u8 ‖ height u64 ‖ position u32.
type list struct {
	rng     Range
	raw     [][]byte
	heights []uint64
}

func (l *list) add(raw []byte, height uint64) {
	l.rng.Append(LeafOf(raw))
	l.raw = append(l.raw, raw)
	l.heights = append(l.heights, height)
}

// after is the index of the first entry above height.
func (l *list) after(height uint64) int {
	return sort.Search(len(l.heights), func(i int) bool { return l.heights[i] > height })
}

// identity is what the ledger knows about one DID.
type identity struct {
	id did.DID

	log      list // did/<did>
	versions []did.Version
	reports  []report

	accLog       list // accreditation/<did>
	accEvents    []AccreditationEvent
	now          map[triple]Standing // as the events leave them
	active, live int                 // accreditations that are active; active or suspended

	status    *pages // nil: no page opened
	seq       uint64
	seqHeight uint64 // block of the last executed transaction: only for what a delta holds

	batches *batchList // nil where batches/<did> is not there

	// Of the document in force: keys that may sign transactions, by method.
	doc         *did.Document
	deactivated bool
	signers     map[string]did.PublicKey
	// Over all versions: which purpose a key has ever had.
	issuing map[did.PublicKey]bool
	// Reported keys with the earliest time reported.
	reported map[did.PublicKey]int64
}

// triple names an accreditation of an issuer.
type triple struct{ typ, jurisdiction string }

// report is a key report with the epoch of each single batch.
type report struct {
	did.KeyReport
	epochs []uint64 // of Roots
}

// batchList is batches/<did>, kept compactly: there are many.
type batchList struct {
	rng     Range
	recs    []batchRec
	methods []string
	number  map[string]uint32 // of methods
}

type batchRec struct {
	height   uint64
	root     Hash
	position uint32
	method   uint32 // index in methods
	size     uint16
	last     Month
}

type timeRec struct {
	height uint64
	secs   int64
}

type blockRec struct {
	height uint64
	hash   Hash
}

type openBatch struct {
	id   did.DID
	root Hash
	size uint16
	last Month
}

// epochList is the list of epochs, of which a pack may hold aligned ranges as
// subtree hashes only.
type epochList struct {
	rng    Range
	held   []Epoch // by number
	shrunk []ShrunkEpochs
}

// ShrunkEpochs stands for the 2^Level epochs from list position First (epoch
// number First + 1) on.
type ShrunkEpochs struct {
	First uint64
	Level uint8
	Hash  Hash
}

func (e *epochList) get(n uint64) (Epoch, error) {
	if n == 0 || n > e.rng.Size() {
		return Epoch{}, ErrEpochUnknown
	}
	i := sort.Search(len(e.held), func(i int) bool { return e.held[i].Number >= n })
	if i == len(e.held) || e.held[i].Number != n {
		return Epoch{}, ErrEpochShrunk
	}
	return e.held[i], nil
}

// data is the content.
type data struct {
	full   bool // everything is there, as on a node
	height uint64
	// Of a view: from this height on it holds the status changes.
	heldFrom  uint64
	pageCount uint32 // while a view is assembled
	chainID   string
	genesis   int64
	params    Params
	values    map[string][]byte // params and closed as they are hashed

	ids     map[did.DID]*identity
	idOrder []did.DID // ascending

	templates, members, upgrades, proposals list
	templateDocs                            []Template
	memberEvents                            []memberEvent
	upgradeList                             []PlannedUpgrade
	gov                                     *governance // nil where proposals is not there
	epochs                                  epochList
	times                                   []timeRec
	timesRange                              Range
	blocks                                  []blockRec
	blocksRange                             Range
	open                                    []openBatch
	openRange                               Range
	hasOpen, hasBlocks                      bool

	index index
}

func newData(full bool) *data {
	d := &data{full: full, values: map[string][]byte{}, ids: map[did.DID]*identity{}}
	if full {
		d.gov, d.hasOpen, d.hasBlocks = newGovernance(), true, true
	}
	return d
}

// identity returns what is known of a DID, nil if nothing is.
func (d *data) identity(id did.DID) *identity { return d.ids[id] }

// ensure is identity, making room for a DID that is new.
func (d *data) ensure(id did.DID) *identity {
	x := d.ids[id]
	if x == nil {
		x = &identity{id: id, issuing: map[did.PublicKey]bool{}, reported: map[did.PublicKey]int64{}}
		d.ids[id] = x
		i, _ := slices.BinarySearch(d.idOrder, id)
		d.idOrder = slices.Insert(d.idOrder, i, id)
	}
	return x
}

// head is what small entries begin with.
type head struct {
	kind     uint8
	height   uint64
	position uint32
}

func (h head) append(b []byte) []byte {
	b = append(b, h.kind)
	b = binary.BigEndian.AppendUint64(b, h.height)
	return binary.BigEndian.AppendUint32(b, h.position)
}

func (r *reader) head() head { return head{r.u8(), r.u64(), r.u32()} }

// add appends one entry to a list subject. The entry is kept, not copied.
func (d *data) add(name string, raw []byte) error {
	if err := d.addEntry(name, raw); err != nil {
		return fmt.Errorf("entry of %s: %w", name, err)
	}
	return nil
}

func (d *data) addEntry(name string, raw []byte) error {
	switch name {
	case SubjectBlocks:
		r := &reader{b: raw}
		e := blockRec{r.u64(), r.hash()}
		if err := r.end(); err != nil {
			return err
		}
		d.hasBlocks = true
		d.blocks = append(d.blocks, e)
		d.blocksRange.Append(LeafOf(raw))
		return nil
	case SubjectTimes:
		r := &reader{b: raw}
		e := timeRec{r.u64(), int64(r.u64())}
		if err := r.end(); err != nil {
			return err
		}
		if n := len(d.times); n > 0 && d.times[n-1].height >= e.height {
			return errors.New("heights do not rise")
		}
		d.times = append(d.times, e)
		d.timesRange.Append(LeafOf(raw))
		return nil
	case SubjectOpen:
		r := &reader{b: raw}
		e := openBatch{r.did(), r.hash(), r.u16(), r.month()}
		if err := r.end(); err != nil {
			return err
		}
		d.hasOpen = true
		d.open = append(d.open, e)
		d.openRange.Append(LeafOf(raw))
		return nil
	case SubjectEpochs:
		r := &reader{b: raw}
		e := Epoch{r.u64(), r.u64(), r.u32(), r.hash(), r.month()}
		if err := r.end(); err != nil {
			return err
		}
		if e.Number != d.epochs.rng.Size()+1 {
			return errors.New("epoch out of order")
		}
		if n := len(d.epochs.held); n > 0 && d.epochs.held[n-1].Height >= e.Height {
			return errors.New("heights do not rise")
		}
		d.epochs.held = append(d.epochs.held, e)
		d.epochs.rng.Append(LeafOf(raw))
		return nil
	case SubjectTemplates:
		return d.addTemplate(raw)
	case SubjectMembers:
		e, err := parseMemberEvent(raw)
		if err != nil {
			return err
		}
		d.memberEvents = append(d.memberEvents, e)
		d.members.add(raw, e.height)
		return nil
	case SubjectUpgrades:
		r := &reader{b: raw}
		h := r.head()
		u := PlannedUpgrade{Name: r.str(64), Height: r.u64(), Decided: h.height}
		if h.kind != 1 {
			r.fail("unknown kind")
		}
		if err := r.end(); err != nil {
			return err
		}
		d.upgradeList = append(d.upgradeList, u)
		d.upgrades.add(raw, h.height)
		return nil
	case SubjectProposals:
		e, err := parseProposalEvent(raw)
		if err != nil {
			return err
		}
		d.proposals.add(raw, e.height)
		return nil
	}
	for _, p := range []struct {
		prefix string
		add    func(*identity, []byte) error
	}{{PrefixBatches, (*identity).addBatch}, {PrefixDID, (*identity).addDID}, {PrefixAccreditation, (*identity).addAccreditation}} {
		if id, ok := strings.CutPrefix(name, p.prefix); ok {
			x := d.ids[did.DID(id)]
			if x == nil {
				parsed, err := did.Parse(id)
				if err != nil {
					return err
				}
				x = d.ensure(parsed)
			}
			return p.add(x, raw)
		}
	}
	return errors.New("no such list")
}

func (d *data) addTemplate(raw []byte) error {
	r := &reader{b: raw}
	h := r.head()
	doc := r.lp(MaxTemplate)
	if h.kind != 1 {
		r.fail("unknown kind")
	}
	if err := r.end(); err != nil {
		return err
	}
	t, err := ParseTemplate(doc)
	if err != nil {
		return err
	}
	t.Height = h.height
	d.templateDocs = append(d.templateDocs, t)
	d.templates.add(raw, h.height)
	return nil
}

// Kinds of entries of did/<did>.
const (
	didVersion uint8 = iota + 1
	didDeactivated
	didReport
)

func (x *identity) addDID(raw []byte) error {
	r := &reader{b: raw}
	h := r.head()
	switch h.kind {
	case didVersion:
		b := r.lp(MaxDocument)
		if err := r.end(); err != nil {
			return err
		}
		doc, err := did.ParseDocument(b)
		if err != nil {
			return err
		}
		if doc.ID != x.id {
			return errors.New("document of another DID")
		}
		x.setDocument(doc)
		x.versions = append(x.versions, did.Version{Number: len(x.versions) + 1, Height: h.height, Position: h.position, Document: doc})
	case didDeactivated:
		if err := r.end(); err != nil {
			return err
		}
		x.doc, x.signers, x.deactivated = nil, nil, true
		x.versions = append(x.versions, did.Version{Number: len(x.versions) + 1, Height: h.height, Position: h.position, Deactivated: true})
	case didReport:
		rep, err := parseReport(r, h)
		if err != nil {
			return err
		}
		x.reports = append(x.reports, rep)
		if t, ok := x.reported[rep.Key]; !ok || rep.From.Unix() < t {
			x.reported[rep.Key] = rep.From.Unix()
		}
	default:
		return errors.New("unknown kind")
	}
	x.log.add(raw, h.height)
	return nil
}

func (x *identity) setDocument(doc *did.Document) {
	x.doc = doc
	x.signers = map[string]did.PublicKey{}
	for _, m := range signers(doc) {
		x.signers[m.ID] = m.Key
	}
	for _, m := range doc.MethodsFor(did.AssertionMethod) {
		x.issuing[m.Key] = true
	}
	for _, m := range doc.MethodsFor(did.CapabilityInvocation) {
		x.issuing[m.Key] = false
	}
}

func (x *identity) addAccreditation(raw []byte) error {
	r := &reader{b: raw}
	h := r.head()
	e := AccreditationEvent{Height: h.height, Position: h.position, Kind: AccreditationKind(h.kind)}
	switch e.Kind {
	case Accredited, AccreditationSuspended, AccreditationRestored, AccreditationEnded:
		e.Type, e.Jurisdiction = r.credentialType(), r.jurisdiction()
	case PagesHandedOver:
		e.To = r.did()
	default:
		r.fail("unknown kind")
	}
	if err := r.end(); err != nil {
		return err
	}
	x.accEvents = append(x.accEvents, e)
	x.accLog.add(raw, h.height)
	if after := e.Kind.leads(); after != None {
		k := triple{e.Type, e.Jurisdiction}
		x.count(x.now[k], -1)
		x.count(after, 1)
		if x.now == nil {
			x.now = map[triple]Standing{}
		}
		x.now[k] = after
	}
	return nil
}

func (x *identity) count(s Standing, by int) {
	if s == Active {
		x.active += by
	}
	if s == Active || s == Suspended {
		x.live += by
	}
}

func (x *identity) addBatch(raw []byte) error {
	r := &reader{b: raw}
	e := batchRec{height: r.u64(), position: r.u32(), root: r.hash(), size: r.u16(), last: r.month()}
	method := r.lp(maxMethod)
	if err := r.end(); err != nil {
		return err
	}
	if x.batches == nil {
		x.batches = &batchList{number: map[string]uint32{}}
	}
	l := x.batches
	n, ok := l.number[string(method)]
	if !ok {
		n = uint32(len(l.methods))
		l.methods = append(l.methods, string(method))
		l.number[string(method)] = n
	}
	e.method = n
	l.recs = append(l.recs, e)
	l.rng.Append(LeafOf(raw))
	return nil
}

func (l *batchList) entry(i int) []byte {
	e := &l.recs[i]
	b := make([]byte, 0, 64+len(l.methods[e.method]))
	return appendBatch(b, e.height, e.position, e.root, e.size, e.last, l.methods[e.method])
}

func appendBatch(b []byte, height uint64, position uint32, root Hash, size uint16, last Month, method string) []byte {
	b = binary.BigEndian.AppendUint64(b, height)
	b = binary.BigEndian.AppendUint32(b, position)
	b = append(b, root[:]...)
	b = binary.BigEndian.AppendUint16(b, size)
	return appendLPString(last.appendTo(b), method)
}

func appendOpen(b []byte, e openBatch) []byte {
	b = appendLPString(b, string(e.id))
	b = append(b, e.root[:]...)
	return e.last.appendTo(binary.BigEndian.AppendUint16(b, e.size))
}

func (e Epoch) marshal() []byte {
	b := make([]byte, 0, 55)
	b = binary.BigEndian.AppendUint64(b, e.Number)
	b = binary.BigEndian.AppendUint64(b, e.Height)
	b = binary.BigEndian.AppendUint32(b, e.Batches)
	b = append(b, e.Root[:]...)
	return e.LastValidity.appendTo(b)
}

func (e timeRec) marshal() []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, e.height), uint64(e.secs))
}

func (e blockRec) marshal() []byte {
	return append(binary.BigEndian.AppendUint64(nil, e.height), e.hash[:]...)
}

// pages is status/<did>.
type pages struct {
	sequence uint64       // transactions that touched it
	height   uint64       // block of the last: only for what a delta holds
	chunks   [][]byte     // chunksPerPage to a page; nil: all current
	hashes   []Hash       // of the pages
	stale    map[int]bool // pages whose hash is out of date
	rng      Range        // of the change log
	first    uint64       // where log begins in the whole change log
	log      []changeRec
}

type changeRec struct {
	height   uint64
	position uint32
	index    uint32
	old, new Status
}

// changeBytes is the size of an entry of a change log.
const changeBytes = 18

func (c changeRec) marshal() []byte {
	b := make([]byte, 0, changeBytes)
	b = binary.BigEndian.AppendUint64(b, c.height)
	b = binary.BigEndian.AppendUint32(b, c.position)
	b = binary.BigEndian.AppendUint32(b, c.index)
	return append(b, byte(c.old), byte(c.new))
}

func parseChange(raw []byte) (changeRec, error) {
	r := &reader{b: raw}
	c := changeRec{r.u64(), r.u32(), r.u32(), Status(r.u8()), Status(r.u8())}
	if c.old > Reserved || c.new > Reserved {
		r.fail("not a status")
	}
	return c, r.end()
}

var zeroPage = sha256.Sum256(make([]byte, PageBytes))

func (p *pages) count() uint32 { return uint32(len(p.hashes)) }

func (p *pages) open() {
	p.chunks = append(p.chunks, make([][]byte, chunksPerPage)...)
	p.hashes = append(p.hashes, zeroPage)
}

func (p *pages) get(index uint32) (Status, bool) {
	if index/PageIndexes >= p.count() {
		return 0, false
	}
	c := p.chunks[index/(2*chunkBytes)]
	if c == nil {
		return Current, true
	}
	v := c[index/2%chunkBytes]
	if index&1 == 0 {
		return Status(v >> 4), true
	}
	return Status(v & 15), true
}

// put writes a value and returns the number of the chunk that it changed.
func (p *pages) put(index uint32, v Status) int {
	n := int(index / (2 * chunkBytes))
	c := p.chunks[n]
	if c == nil {
		c = make([]byte, chunkBytes)
		p.chunks[n] = c
	}
	b := &c[index/2%chunkBytes]
	if index&1 == 0 {
		*b = *b&15 | byte(v)<<4
	} else {
		*b = *b&0xf0 | byte(v)
	}
	p.markStale(int(index / PageIndexes))
	return n
}

func (p *pages) markStale(page int) {
	if p.stale == nil {
		p.stale = map[int]bool{}
	}
	p.stale[page] = true
}

var zeroChunk = make([]byte, chunkBytes)

// page returns the bytes of one page; nil if every value is current.
func (p *pages) page(n int) []byte {
	var out []byte
	for i, c := range p.chunks[n*chunksPerPage : (n+1)*chunksPerPage] {
		if c != nil {
			if out == nil {
				out = make([]byte, PageBytes)
			}
			copy(out[i*chunkBytes:], c)
		}
	}
	return out
}

func (p *pages) refresh() {
	if len(p.stale) == 0 {
		return // nothing is written, so readers may share a view
	}
	for n := range p.stale { // any order: each page is hashed on its own
		h := sha256.New()
		for _, c := range p.chunks[n*chunksPerPage : (n+1)*chunksPerPage] {
			if c == nil {
				c = zeroChunk
			}
			h.Write(c)
		}
		h.Sum(p.hashes[n][:0])
	}
	clear(p.stale)
}

// root is SHA-256(0x00 ‖ sequence u64 ‖ changes u64 ‖ change-log root ‖ page
// hashes).
func (p *pages) root() Hash {
	p.refresh()
	b := make([]byte, 0, 49+32*len(p.hashes))
	b = append(b, 0)
	b = binary.BigEndian.AppendUint64(b, p.sequence)
	b = binary.BigEndian.AppendUint64(b, p.rng.Size())
	log := p.rng.Root()
	b = append(b, log[:]...)
	for i := range p.hashes {
		b = append(b, p.hashes[i][:]...)
	}
	return sha256.Sum256(b)
}

// measure returns a subject's length and root from the content.
func (d *data) measure(name string) (Subject, bool) {
	s := Subject{Name: name}
	ofRange := func(r *Range) (Subject, bool) {
		s.Length, s.Root = r.Size(), r.Root()
		return s, true
	}
	switch name {
	case SubjectBlocks:
		return ofRange(&d.blocksRange)
	case SubjectTimes:
		return ofRange(&d.timesRange)
	case SubjectOpen:
		return ofRange(&d.openRange)
	case SubjectEpochs:
		return ofRange(&d.epochs.rng)
	case SubjectTemplates:
		return ofRange(&d.templates.rng)
	case SubjectMembers:
		return ofRange(&d.members.rng)
	case SubjectUpgrades:
		return ofRange(&d.upgrades.rng)
	case SubjectProposals:
		return ofRange(&d.proposals.rng)
	case SubjectParams, SubjectClosed:
		s.Length, s.Root = 1, sha256.Sum256(d.values[name])
		return s, d.values[name] != nil
	}
	prefix, id, _ := strings.Cut(name, "/")
	x := d.ids[did.DID(id)]
	if x == nil {
		return s, false
	}
	switch prefix + "/" {
	case PrefixDID:
		return ofRange(&x.log.rng)
	case PrefixAccreditation:
		return ofRange(&x.accLog.rng)
	case PrefixBatches:
		if x.batches == nil {
			return s, false
		}
		return ofRange(&x.batches.rng)
	case PrefixSequence:
		s.Length, s.Root = 1, SequenceRoot(x.seq)
		return s, x.seq > 0
	case PrefixStatus:
		if x.status == nil {
			return s, false
		}
		s.Length, s.Root = uint64(x.status.count()), x.status.root()
		return s, true
	}
	return s, false
}

// fixedSubjects are in every index, empty or not.
var fixedSubjects = []string{
	SubjectBlocks, SubjectClosed, SubjectEpochs, SubjectMembers, SubjectOpen,
	SubjectParams, SubjectProposals, SubjectTemplates, SubjectTimes, SubjectUpgrades,
}

// reindex builds the index anew from the content. Of a view, the subjects that
// it does not hold stay as they stand.
func (d *data) reindex() {
	for _, n := range fixedSubjects {
		if k, _ := KindOf(n); k != KindRoot || d.full {
			if s, ok := d.measure(n); ok {
				d.index.set(s)
			}
		}
	}
	for _, id := range d.idOrder {
		x := d.ids[id]
		set := func(present bool, prefix string) {
			if present {
				if s, ok := d.measure(prefix + string(id)); ok {
					d.index.set(s)
				}
			}
		}
		set(x.log.rng.Size() > 0, PrefixDID)
		set(x.accLog.rng.Size() > 0, PrefixAccreditation)
		set(x.status != nil, PrefixStatus)
		set(d.full && x.seq > 0, PrefixSequence)
		set(d.full && x.batches != nil, PrefixBatches)
	}
}

func (d *data) appHash() Hash { return RootOf(d.index.leaves) }

// measureLength is the length of a list subject, without its root.
func (d *data) measureLength(name string) (uint64, bool) {
	switch name {
	case SubjectBlocks:
		return d.blocksRange.Size(), true
	case SubjectTimes:
		return d.timesRange.Size(), true
	case SubjectOpen:
		return d.openRange.Size(), true
	case SubjectEpochs:
		return d.epochs.rng.Size(), true
	case SubjectTemplates:
		return d.templates.rng.Size(), true
	case SubjectMembers:
		return d.members.rng.Size(), true
	case SubjectUpgrades:
		return d.upgrades.rng.Size(), true
	case SubjectProposals:
		return d.proposals.rng.Size(), true
	}
	prefix, id, _ := strings.Cut(name, "/")
	x := d.ids[did.DID(id)]
	if x == nil {
		return 0, false
	}
	switch prefix + "/" {
	case PrefixDID:
		return x.log.rng.Size(), true
	case PrefixAccreditation:
		return x.accLog.rng.Size(), true
	case PrefixBatches:
		if x.batches != nil {
			return x.batches.rng.Size(), true
		}
	}
	return 0, false
}
