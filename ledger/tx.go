package ledger

// Transactions: their binary form, what is signed, and the kinds of body. The
// form is strict and bounded: what ParseTx accepts, Marshal writes again byte
// for byte. docs/ledger.md writes the bytes down.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"bonafide/did"
	"bonafide/internal/explain"
)

// Version is the version of the transaction format.
const Version = 1

// Limits of transactions; more is malformed.
const (
	MaxTx            = 256 << 10 // bytes of one transaction
	MaxDocument      = 16 << 10  // bytes of a DID document
	MaxTemplate      = 64 << 10  // bytes of a template
	MaxStatusChanges = 4096      // changes in one transaction
	MaxBatch         = 4096      // leaves of one batch
	MaxNewPages      = 16        // status pages opened by one transaction
	MaxJurisdictions = 64        // jurisdictions of one accreditation
	maxDID           = 256
	maxMethod        = 512
	maxSignature     = 64
	maxCountersigns  = 1
	maxChainID       = 32
	maxName          = 128
)

const (
	signDomain        = "bonafide-tx-1"
	countersignDomain = "bonafide-countersign-1"
)

// Tx is one transaction.
type Tx struct {
	ChainID     string
	DID         did.DID // who acts
	Method      string  // DID URL of the capabilityInvocation key that signs
	Sequence    uint64  // last executed of this DID + 1; the first is 1
	Body        Body
	Signature   []byte // over SigningBytes; 64 bytes for Ed25519 and P-256
	Countersign []Countersignature
}

// Countersignature is a member's consent to another's transaction, by one of
// its capabilityInvocation keys, over CountersigningBytes.
type Countersignature struct {
	DID       did.DID
	Method    string
	Signature []byte
}

// Body is what a transaction asks for: one of CreateDID, UpdateDID,
// DeactivateDID, AnchorBatch, SetStatus, ReportKey, ReplaceConsensus, Propose,
// Vote.
type Body interface {
	kind() uint8
	appendTo(b []byte) []byte
}

const (
	kindCreateDID uint8 = iota + 1
	kindUpdateDID
	kindDeactivateDID
	kindAnchorBatch
	kindSetStatus
	kindReportKey
	kindReplaceConsensus
	kindPropose
	kindVote
)

// CreateDID puts a DID on the ledger. It is signed by a capabilityInvocation
// key of the document itself, with sequence 1, and countersigned by a member.
type CreateDID struct{ Document []byte }

// UpdateDID replaces the DID's document.
type UpdateDID struct{ Document []byte }

// DeactivateDID ends the DID for good. A member must be removed first.
type DeactivateDID struct{}

// Month is a month of the common era.
type Month struct {
	Year  uint16
	Month uint8 // 1 to 12
}

// AnchorBatch puts the root of a batch of leaves into the open epoch.
type AnchorBatch struct {
	Root         Hash
	Size         uint16 // leaves, 1 to MaxBatch
	LastValidity Month  // the first month that begins at or after the last validUntil
}

// StatusOp says what a StatusChange does.
type StatusOp uint8

// Status operations.
const (
	SetValue  StatusOp = iota + 1 // Index takes Value
	MoveValue                     // Index, not used so far, takes From's value; From becomes void
)

// StatusChange is one change of a status page. An index is changed at most
// once in a transaction.
type StatusChange struct {
	Op    StatusOp
	Index uint32
	From  uint32 // MoveValue only, else 0
	Value Status // SetValue only, else 0
}

// SetStatus changes status values, all or none, and opens pages.
type SetStatus struct {
	Issuer  did.DID // whose pages; "" for the sender's own, else an issuer whose pages were handed to the sender
	Pages   uint32  // page count afterwards: as now, or up to MaxNewPages more
	Changes []StatusChange
}

// ReportKey says that a key of the sender's DID was in other hands from a
// time on, at most 90 days back. It cannot be taken back.
type ReportKey struct {
	Method string // as it stands, or last stood, in the DID's document
	From   int64  // Unix seconds
}

// ReplaceConsensus gives the sender's validator another key.
type ReplaceConsensus struct{ Key [32]byte }

// Propose opens a proposal and casts the proposer's yes vote.
type Propose struct{ Action Action }

// Vote casts or changes a member's vote.
type Vote struct {
	Proposal uint64
	Yes      bool
}

func (CreateDID) kind() uint8        { return kindCreateDID }
func (UpdateDID) kind() uint8        { return kindUpdateDID }
func (DeactivateDID) kind() uint8    { return kindDeactivateDID }
func (AnchorBatch) kind() uint8      { return kindAnchorBatch }
func (SetStatus) kind() uint8        { return kindSetStatus }
func (ReportKey) kind() uint8        { return kindReportKey }
func (ReplaceConsensus) kind() uint8 { return kindReplaceConsensus }
func (Propose) kind() uint8          { return kindPropose }
func (Vote) kind() uint8             { return kindVote }

func (x CreateDID) appendTo(b []byte) []byte   { return appendLP(b, x.Document) }
func (x UpdateDID) appendTo(b []byte) []byte   { return appendLP(b, x.Document) }
func (DeactivateDID) appendTo(b []byte) []byte { return b }

func (x AnchorBatch) appendTo(b []byte) []byte {
	b = append(b, x.Root[:]...)
	b = binary.BigEndian.AppendUint16(b, x.Size)
	return x.LastValidity.appendTo(b)
}

func (m Month) appendTo(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, m.Year), m.Month)
}

func (r *reader) month() Month {
	m := Month{r.u16(), r.u8()}
	if r.err == nil && (m.Month < 1 || m.Month > 12 || m.Year < 1970 || m.Year > 9999) {
		r.fail("not a month")
	}
	return m
}

// Before reports whether m is an earlier month than n.
func (m Month) Before(n Month) bool {
	return m.Year < n.Year || m.Year == n.Year && m.Month < n.Month
}

func (x SetStatus) appendTo(b []byte) []byte {
	b = appendLPString(b, string(x.Issuer))
	b = binary.BigEndian.AppendUint32(b, x.Pages)
	b = binary.BigEndian.AppendUint16(b, uint16(len(x.Changes)))
	for _, c := range x.Changes {
		b = append(b, byte(c.Op))
		b = binary.BigEndian.AppendUint32(b, c.Index)
		if c.Op == MoveValue {
			b = binary.BigEndian.AppendUint32(b, c.From)
		} else {
			b = append(b, byte(c.Value))
		}
	}
	return b
}

func (x ReportKey) appendTo(b []byte) []byte {
	return binary.BigEndian.AppendUint64(appendLPString(b, x.Method), uint64(x.From))
}

func (x ReplaceConsensus) appendTo(b []byte) []byte { return append(b, x.Key[:]...) }

func (x Propose) appendTo(b []byte) []byte {
	if x.Action == nil {
		return appendLP(b, nil)
	}
	return appendLP(b, marshalAction(x.Action))
}

func (x Vote) appendTo(b []byte) []byte {
	return appendBool(binary.BigEndian.AppendUint64(b, x.Proposal), x.Yes)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// MarshalBody returns kind u8 ‖ fields.
func MarshalBody(x Body) []byte {
	if x == nil {
		return nil
	}
	return x.appendTo([]byte{x.kind()})
}

// SigningBytes is what the sender signs: LP("bonafide-tx-1") ‖ version u16 ‖
// LP(chain id) ‖ LP(DID) ‖ LP(method) ‖ sequence u64 ‖ LP(body).
func (t Tx) SigningBytes() []byte {
	return t.appendSigned(appendLPString(nil, signDomain), MarshalBody(t.Body))
}

// CountersigningBytes is what a countersigner signs:
// LP("bonafide-countersign-1") ‖ LP(SigningBytes).
func (t Tx) CountersigningBytes() []byte {
	return appendLP(appendLPString(nil, countersignDomain), t.SigningBytes())
}

func (t Tx) appendSigned(b, body []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, Version)
	b = appendLPString(b, t.ChainID)
	b = appendLPString(b, string(t.DID))
	b = appendLPString(b, t.Method)
	b = binary.BigEndian.AppendUint64(b, t.Sequence)
	return appendLP(b, body)
}

// Marshal returns the transaction's bytes.
func (t Tx) Marshal() []byte {
	b := t.appendSigned(nil, MarshalBody(t.Body))
	b = appendLP(b, t.Signature)
	b = append(b, byte(len(t.Countersign)))
	for _, c := range t.Countersign {
		b = appendLPString(b, string(c.DID))
		b = appendLPString(b, c.Method)
		b = appendLP(b, c.Signature)
	}
	return b
}

// ParseTx reads a transaction. It checks form and bounds, not signatures. The
// error's code is tx_malformed or tx_too_large.
func ParseTx(b []byte) (Tx, error) {
	if len(b) > MaxTx {
		return Tx{}, explain.Errorf("tx_too_large", "transaction of %d bytes", len(b))
	}
	r := &reader{b: b}
	if v := r.u16(); r.err == nil && v != Version {
		r.fail("unknown version")
	}
	var t Tx
	t.ChainID = r.str(maxChainID)
	t.DID = r.did()
	t.Method = r.str(maxMethod)
	t.Sequence = r.u64()
	body := r.lp(MaxTx)
	t.Signature = r.lp(maxSignature)
	if n := int(r.u8()); n > maxCountersigns {
		r.fail("too many countersignatures")
	} else if r.err == nil {
		for range n {
			t.Countersign = append(t.Countersign, Countersignature{
				DID: r.did(), Method: r.str(maxMethod), Signature: r.lp(maxSignature),
			})
		}
	}
	if err := r.end(); err != nil {
		return Tx{}, explain.Errorf("tx_malformed", "reading a transaction: %w", err)
	}
	var err error
	if t.Body, err = parseBody(body); err != nil {
		return Tx{}, explain.Errorf("tx_malformed", "reading a transaction's body: %w", err)
	}
	return t, nil
}

// did reads a DID that must be there.
func (r *reader) did() did.DID {
	s := r.str(maxDID)
	if r.err != nil {
		return ""
	}
	d, err := did.Parse(s)
	if err != nil {
		r.fail("not a DID")
	}
	return d
}

func parseBody(b []byte) (Body, error) {
	r := &reader{b: b}
	var out Body
	switch k := r.u8(); k {
	case kindCreateDID:
		out = CreateDID{Document: r.lp(MaxDocument)}
	case kindUpdateDID:
		out = UpdateDID{Document: r.lp(MaxDocument)}
	case kindDeactivateDID:
		out = DeactivateDID{}
	case kindAnchorBatch:
		x := AnchorBatch{Root: r.hash(), Size: r.u16(), LastValidity: r.month()}
		if x.Size < 1 || x.Size > MaxBatch {
			r.fail("a batch has 1 to 4096 leaves")
		}
		out = x
	case kindSetStatus:
		out = r.setStatus()
	case kindReportKey:
		out = ReportKey{Method: r.str(maxMethod), From: r.seconds()}
	case kindReplaceConsensus:
		out = ReplaceConsensus{Key: r.hash()}
	case kindPropose:
		a, err := parseAction(r.lp(MaxTx))
		if err != nil && r.err == nil {
			r.err = err
		}
		out = Propose{Action: a}
	case kindVote:
		out = Vote{Proposal: r.u64(), Yes: r.boolean()}
	default:
		if r.err == nil {
			r.err = fmt.Errorf("unknown kind %d", k)
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return out, nil
}

// seconds reads a Unix time between 1970 and the end of the year 9999.
func (r *reader) seconds() int64 {
	v := r.u64()
	if v > maxSeconds {
		r.fail("not a time")
		return 0
	}
	return int64(v)
}

const maxSeconds = 253_402_300_799

func (r *reader) setStatus() SetStatus {
	var x SetStatus
	if s := r.str(maxDID); s != "" {
		d, err := did.Parse(s)
		if err != nil {
			r.fail("not a DID")
		}
		x.Issuer = d
	}
	x.Pages = r.u32()
	n := int(r.u16())
	if n > MaxStatusChanges {
		r.fail("too many status changes")
	}
	if r.err != nil {
		return x
	}
	if n > 0 {
		// Six bytes is the shortest change: a claimed count costs no memory.
		x.Changes = make([]StatusChange, 0, min(n, len(r.b)/6+1))
	}
	for range n {
		c := StatusChange{Op: StatusOp(r.u8()), Index: r.u32()}
		switch c.Op {
		case SetValue:
			c.Value = Status(r.u8())
			if c.Value > Reserved {
				r.fail("not a status")
			}
		case MoveValue:
			c.From = r.u32()
		default:
			r.fail("unknown status operation")
		}
		if r.err != nil {
			return x
		}
		x.Changes = append(x.Changes, c)
	}
	return x
}

// CheckName says whether a member's name can be shown as it is: 1 to 128 bytes
// of UTF-8 without control, invisible or direction-changing characters. The
// ranges stand here because library tables change between releases.
func CheckName(s string) error {
	if len(s) == 0 || len(s) > maxName || !utf8.ValidString(s) {
		return errors.New("a name has 1 to 128 bytes of UTF-8")
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return errors.New("a name neither begins nor ends with a space")
	}
	for _, c := range s {
		switch {
		case c < 0x20, c >= 0x7f && c <= 0xa0, c == 0xad, c == 0x61c, c == 0x180e,
			c >= 0x200b && c <= 0x200f, c >= 0x2028 && c <= 0x202e, c >= 0x2060 && c <= 0x206f,
			c == 0xfeff, c >= 0xfff9 && c <= 0xffff, c >= 0xe0000:
			return errors.New("a name holds a character that cannot be seen")
		}
	}
	return nil
}
