package ledger

// Actions: what members decide by vote, and their binary form.

import (
	"encoding/binary"
	"fmt"

	"bonafide/did"
	"bonafide/internal/explain"
)

// Action is what a proposal does once it passes: one of AdmitMember,
// RemoveMember, Accredit, Suspend, Restore, End, HandOver, RecoverDID,
// RegisterTemplate, Upgrade, ReportKeyVote.
type Action interface {
	actionKind() uint8
	appendAction(b []byte) []byte
}

const (
	actionAdmit uint8 = iota + 1
	actionRemove
	actionAccredit
	actionSuspend
	actionRestore
	actionEnd
	actionHandOver
	actionRecover
	actionTemplate
	actionUpgrade
	actionReport
)

// AdmitMember makes a DID a member with one vote and one validator.
type AdmitMember struct {
	DID       did.DID
	Name      string
	Consensus [32]byte // Ed25519
}

// RemoveMember ends a membership; its votes on open proposals no longer count.
type RemoveMember struct{ DID did.DID }

// Accredit entitles an issuer to a type in jurisdictions (ascending, distinct).
// It takes effect after a delay if another issuer holds one of them.
type Accredit struct {
	Issuer        did.DID
	Type          string
	Jurisdictions []string
}

// Suspend suspends an accreditation, at once.
type Suspend struct {
	Issuer       did.DID
	Type         string
	Jurisdiction string
}

// Restore lifts a suspension.
type Restore struct {
	Issuer       did.DID
	Type         string
	Jurisdiction string
}

// End ends an accreditation, or withdraws one that is still in its delay.
type End struct {
	Issuer       did.DID
	Type         string
	Jurisdiction string
}

// HandOver gives the status pages of an issuer all of whose accreditations
// have ended to another that holds one.
type HandOver struct{ From, To did.DID }

// RecoverDID replaces the document of a DID whose keys were lost, after a
// delay. An empty document withdraws recoveries of the DID that are still in
// their delay.
type RecoverDID struct {
	DID      did.DID
	Document []byte
}

// RegisterTemplate registers a credential type, or a new form of one.
type RegisterTemplate struct{ Document []byte } // JCS; see ParseTemplate

// Upgrade names the version of these rules that must run from a height on.
type Upgrade struct {
	Name   string
	Height uint64
}

// ReportKeyVote is ReportKey by vote: for any DID and any past time.
type ReportKeyVote struct {
	DID    did.DID
	Method string
	From   int64 // Unix seconds
}

func (AdmitMember) actionKind() uint8      { return actionAdmit }
func (RemoveMember) actionKind() uint8     { return actionRemove }
func (Accredit) actionKind() uint8         { return actionAccredit }
func (Suspend) actionKind() uint8          { return actionSuspend }
func (Restore) actionKind() uint8          { return actionRestore }
func (End) actionKind() uint8              { return actionEnd }
func (HandOver) actionKind() uint8         { return actionHandOver }
func (RecoverDID) actionKind() uint8       { return actionRecover }
func (RegisterTemplate) actionKind() uint8 { return actionTemplate }
func (Upgrade) actionKind() uint8          { return actionUpgrade }
func (ReportKeyVote) actionKind() uint8    { return actionReport }

func (x AdmitMember) appendAction(b []byte) []byte {
	return append(appendLPString(appendLPString(b, string(x.DID)), x.Name), x.Consensus[:]...)
}

func (x RemoveMember) appendAction(b []byte) []byte { return appendLPString(b, string(x.DID)) }

func (x Accredit) appendAction(b []byte) []byte {
	b = appendLPString(appendLPString(b, string(x.Issuer)), x.Type)
	b = binary.BigEndian.AppendUint16(b, uint16(len(x.Jurisdictions)))
	for _, j := range x.Jurisdictions {
		b = appendLPString(b, j)
	}
	return b
}

func appendTriple(b []byte, issuer did.DID, typ, jurisdiction string) []byte {
	return appendLPString(appendLPString(appendLPString(b, string(issuer)), typ), jurisdiction)
}

func (x Suspend) appendAction(b []byte) []byte {
	return appendTriple(b, x.Issuer, x.Type, x.Jurisdiction)
}

func (x Restore) appendAction(b []byte) []byte {
	return appendTriple(b, x.Issuer, x.Type, x.Jurisdiction)
}

func (x End) appendAction(b []byte) []byte {
	return appendTriple(b, x.Issuer, x.Type, x.Jurisdiction)
}

func (x HandOver) appendAction(b []byte) []byte {
	return appendLPString(appendLPString(b, string(x.From)), string(x.To))
}

func (x RecoverDID) appendAction(b []byte) []byte {
	return appendLP(appendLPString(b, string(x.DID)), x.Document)
}

func (x RegisterTemplate) appendAction(b []byte) []byte { return appendLP(b, x.Document) }

func (x Upgrade) appendAction(b []byte) []byte {
	return binary.BigEndian.AppendUint64(appendLPString(b, x.Name), x.Height)
}

// appendUpgrade writes an entry of `upgrades`.
func appendUpgrade(h head, x Upgrade) []byte { return x.appendAction(h.append(nil)) }

func (x ReportKeyVote) appendAction(b []byte) []byte {
	b = appendLPString(appendLPString(b, string(x.DID)), x.Method)
	return binary.BigEndian.AppendUint64(b, uint64(x.From))
}

// marshalAction returns kind u8 ‖ fields.
func marshalAction(a Action) []byte { return a.appendAction([]byte{a.actionKind()}) }

func parseAction(b []byte) (Action, error) {
	r := &reader{b: b}
	var out Action
	switch k := r.u8(); k {
	case actionAdmit:
		x := AdmitMember{DID: r.did(), Name: r.str(maxName), Consensus: r.hash()}
		if r.err == nil {
			r.err = CheckName(x.Name)
		}
		out = x
	case actionRemove:
		out = RemoveMember{DID: r.did()}
	case actionAccredit:
		x := Accredit{Issuer: r.did(), Type: r.credentialType()}
		n := int(r.u16())
		if n < 1 || n > MaxJurisdictions {
			r.fail("an accreditation has 1 to 64 jurisdictions")
		}
		for i := 0; i < n && r.err == nil; i++ {
			j := r.jurisdiction()
			if i > 0 && j <= x.Jurisdictions[i-1] {
				r.fail("jurisdictions are not in order")
			}
			x.Jurisdictions = append(x.Jurisdictions, j)
		}
		out = x
	case actionSuspend:
		out = Suspend{r.did(), r.credentialType(), r.jurisdiction()}
	case actionRestore:
		out = Restore{r.did(), r.credentialType(), r.jurisdiction()}
	case actionEnd:
		out = End{r.did(), r.credentialType(), r.jurisdiction()}
	case actionHandOver:
		out = HandOver{From: r.did(), To: r.did()}
	case actionRecover:
		out = RecoverDID{DID: r.did(), Document: r.lp(MaxDocument)}
	case actionTemplate:
		out = RegisterTemplate{Document: r.lp(MaxTemplate)}
	case actionUpgrade:
		x := Upgrade{Name: r.str(64), Height: r.u64()}
		if r.err == nil && !isUpgradeName(x.Name) {
			r.fail("not a name of an upgrade")
		}
		out = x
	case actionReport:
		out = ReportKeyVote{DID: r.did(), Method: r.str(maxMethod), From: r.seconds()}
	default:
		if r.err == nil {
			r.err = fmt.Errorf("unknown action %d", k)
		}
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	return out, nil
}

func (r *reader) credentialType() string {
	s := r.str(64)
	if r.err == nil && !isType(s) {
		r.fail("not a credential type")
	}
	return s
}

func (r *reader) jurisdiction() string {
	s := r.str(16)
	if r.err == nil && !isJurisdiction(s) {
		r.fail("not a jurisdiction")
	}
	return s
}

// isType: a letter, then letters and digits, 64 at most.
func isType(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// CheckJurisdiction says whether an accreditation can name s: a country and,
// where there is one, its state, as "US" and "US-OH". Code jurisdiction_form.
func CheckJurisdiction(s string) error {
	if !isJurisdiction(s) {
		return explain.Errorf("jurisdiction_form", "no jurisdiction")
	}
	return nil
}

// CheckUpgradeName says whether rules can have this name: lower-case letters,
// digits, '.' and '-', 1 to 64. Code upgrade_name.
func CheckUpgradeName(s string) error {
	if !isUpgradeName(s) {
		return explain.Errorf("upgrade_name", "no name of an upgrade")
	}
	return nil
}

// isJurisdiction: two capital letters, or those, a hyphen and one to eight
// capital letters or digits ("US", "US-OH").
func isJurisdiction(s string) bool {
	capital := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	if len(s) < 2 || !capital(s[0]) || !capital(s[1]) {
		return false
	}
	if len(s) == 2 {
		return true
	}
	if s[2] != '-' || len(s) < 4 || len(s) > 11 {
		return false
	}
	for i := 3; i < len(s); i++ {
		if !capital(s[i]) && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}

// isUpgradeName: lower-case letters, digits, '.' and '-', 1 to 64.
func isUpgradeName(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return true
}
