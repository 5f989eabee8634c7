package issuer

// The register: what the board knows about each licence it gave, and which
// status indexes speak for it.

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bonafide/did"
	"bonafide/internal/text"
	"bonafide/ledger"
)

// Credential types that the shipped templates define. The ledger may register
// more; the register takes any type name that a template can have.
const (
	ProfessionalLicence             = "ProfessionalLicence"
	BoardCertification              = "BoardCertification"
	TrainingCertification           = "TrainingCertification"
	ControlledSubstanceRegistration = "ControlledSubstanceRegistration"
)

// Date is a calendar day as "YYYY-MM-DD"; "" is no date.
type Date string

// ParseDate reads "YYYY-MM-DD"; the years 1900 to 2199 are taken.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 {
		return "", fmt.Errorf("not a date from 1900 to 2199 as YYYY-MM-DD")
	}
	return Date(s), nil
}

// start is the first second of the day, UTC.
func (d Date) start() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil { // a Date comes from ParseDate or from the store
		return time.Time{}
	}
	return t
}

// ValidUntil is the last second, in UTC, of the day that lies grace days after d.
func (d Date) ValidUntil(grace int) time.Time {
	return d.start().AddDate(0, 0, grace+1).Add(-time.Second)
}

// Key is what tells two licences apart.
type Key struct {
	Type         string // credential type, for example ProfessionalLicence
	Jurisdiction string // ISO 3166 country, or country-subdivision: US, US-OH
	Number       string // the board's own number
}

// Ref names a licence the way a person does: by its number, or where several
// licences have it, as TYPE:JURISDICTION:NUMBER.
func (k Key) Ref() string { return k.Type + ":" + k.Jurisdiction + ":" + k.Number }

// Record is what the register says about one licence.
type Record struct {
	Key
	// Profession is the profession of a licence ("Physician"), the specialty
	// of a board certification, the course of a training certification, or
	// the schedules of a controlled-substance registration.
	Profession string
	GivenName  string // may be empty: some people have one name
	FamilyName string
	NPI        string // ten digits with a valid check digit, or empty
	Issued     Date
	Expires    Date
	Conditions string // words of the order behind a probation or condition, or empty
}

// Reissue says why a licence needs credentials that it does not have yet, in
// rising order: the greatest reason outstanding decides.
type Reissue uint8

// Reasons to issue.
const (
	ReissueNone  Reissue = iota
	ReissueAdd           // more envelopes under the present index: a first claim
	ReissueRenew         // a new index; credentials under older ones stay good
	ReissueVoid          // a new index; credentials under older ones become void
)

// Licence is a register entry with its standing.
type Licence struct {
	ID     int64 // given by the board, never reused
	Record Record

	// File is what the last import said, field by field as far as its mapping
	// goes, and Imported its status word: only what differs from them is news.
	File     Record
	Imported ledger.Status
	Status   ledger.Status // what the board says now
	// StatusRev counts status acts and SettledRev the ones that are on the
	// ledger for every index of the licence.
	StatusRev, SettledRev uint32

	Holder did.DID // whose wallet claimed it; empty while nobody has
	// HolderKey is the wallet's P-256 key as a Multikey, for SD-JWT VCs; "":
	// the claim proved none. ClaimRev is the Revision of the claim.
	HolderKey string
	ClaimRev  uint32
	// Revision counts the changes that call for credentials and IssuedRev is
	// the one that the newest delivered credentials show.
	Revision, IssuedRev uint32
	Reissue             Reissue // greatest reason since IssuedRev
	Batch               uint64  // unfinished batch that issues for it; 0: none
}

// Index is one status index of a licence.
type Index struct {
	Number     uint32
	Licence    int64
	Batch      uint64 // batch that brought the index in: later batches, later indexes
	State      BatchState
	ValidUntil time.Time // latest validUntil of a credential under it
	Supersedes bool      // once its batch is signed, older indexes of the licence are void
}

// Field bounds. They are far above what registers hold and keep a credential
// inside its limits.
const (
	maxNumber     = 64
	maxName       = 120  // characters of a name
	maxProfession = 200  // characters
	maxConditions = 1000 // characters
)

// problem is what is wrong with one field: a code and words without any of
// the field's content.
type problem struct{ field, code, reason string }

func (p *problem) Error() string { return p.field + ": " + p.reason }

// check reports the first field of r that cannot go into a credential.
func (r *Record) check() *problem {
	if !validType(r.Type) {
		return &problem{fieldType, "bad_type", "is not a credential type name"}
	}
	if !validJurisdiction(r.Jurisdiction) {
		return &problem{fieldJurisdiction, "bad_jurisdiction", "is not a country or country-subdivision code such as US-OH"}
	}
	if !validNumber(r.Number) {
		return &problem{fieldNumber, "bad_number", "must be 1 to 64 letters, digits, spaces and . / - beginning with a letter or digit"}
	}
	for _, f := range []struct {
		field, value string
		max          int
		required     bool
	}{
		{fieldProfession, r.Profession, maxProfession, true},
		{fieldGivenName, r.GivenName, maxName, false},
		{fieldFamilyName, r.FamilyName, maxName, true},
		{fieldConditions, r.Conditions, maxConditions, false},
	} {
		if p := checkText(f.field, f.value, f.max, f.required); p != nil {
			return p
		}
	}
	if r.NPI != "" && !ValidNPI(r.NPI) {
		return &problem{fieldNPI, "bad_npi", "is not ten digits with a valid check digit"}
	}
	if r.Issued == "" {
		return &problem{fieldIssued, "missing", "is empty"}
	}
	if r.Expires == "" {
		return &problem{fieldExpires, "missing", "is empty"}
	}
	if r.Expires < r.Issued { // same layout: the order of strings is the order of days
		return &problem{fieldExpires, "bad_dates", "lies before the date of issue"}
	}
	return nil
}

// checkText holds free text to what can be shown to a person and put in a
// spreadsheet without being anything but text.
func checkText(field, s string, limit int, required bool) *problem {
	if s == "" {
		if required {
			return &problem{field, "missing", "is empty"}
		}
		return nil
	}
	if !utf8.ValidString(s) {
		return &problem{field, "bad_utf8", "is not valid UTF-8"}
	}
	if utf8.RuneCountInString(s) > limit {
		return &problem{field, "too_long", "is longer than " + strconv.Itoa(limit) + " characters"}
	}
	if strings.ContainsAny(s[:1], "=+-@") {
		return &problem{field, "formula", "begins like a spreadsheet formula"}
	}
	for _, r := range s {
		if text.Deceptive(r) {
			return &problem{field, "bad_character", "holds a control, invisible or direction-changing character"}
		}
	}
	return nil
}

func validType(s string) bool {
	if len(s) == 0 || len(s) > 64 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9') {
			return false
		}
	}
	return true
}

func validJurisdiction(s string) bool {
	country, sub, has := strings.Cut(s, "-")
	if len(country) != 2 || has && (len(sub) < 1 || len(sub) > 3) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		upper, digit := c >= 'A' && c <= 'Z', c >= '0' && c <= '9'
		if !(upper || i > 2 && digit || i == 2 && c == '-') {
			return false
		}
	}
	return true
}

func validNumber(s string) bool {
	if len(s) == 0 || len(s) > maxNumber || s[len(s)-1] == ' ' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alnum := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !alnum && (i == 0 || !strings.ContainsRune(" ./-", rune(c))) {
			return false
		}
	}
	return true
}

// ValidNPI reports whether s is a National Provider Identifier: ten digits,
// the last of which is the Luhn check digit over 80840 and the number.
func ValidNPI(s string) bool {
	if len(s) != 10 || s[0] != '1' && s[0] != '2' {
		return false
	}
	sum := 24 // what the prefix 80840 contributes
	for i := range 10 {
		d := int(s[9-i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// change compares what the register holds with a new record of the same
// licence: whether credentials must be issued again, and why.
func change(old, new *Record) Reissue {
	if *old == *new {
		return ReissueNone
	}
	rest := *old
	rest.Issued, rest.Expires = new.Issued, new.Expires
	if rest == *new && new.Expires > old.Expires && new.Issued >= old.Issued {
		// Everything the old credential says is still true; it ends by itself.
		return ReissueRenew
	}
	return ReissueVoid
}

// Event is one line of a licence's history.
type Event struct {
	Licence   int64
	At        time.Time
	Person    string // who did it
	Approver  string // who approved it, where somebody had to
	Act       Act
	Decision  int64         // the act that waited; 0: none
	Kind      Kind          // of a line about an act: what it does
	Status    ledger.Status // of ActStatus and ActImported, and lines about such acts
	StatusRev uint32        // of an act that changes the status: its number
	Reason    string        // the person's words, may be empty
	Height    uint64        // ledger height that shows it, once it is there
}

// Act is a kind of history line.
type Act string

// Acts.
const (
	ActImported Act = "imported" // the licence came into the register
	ActChanged  Act = "changed"  // an import changed what it says: a line of older registers
	ActRenewed  Act = "renewed"  // it runs longer
	ActReplaced Act = "replaced" // what it says changed: older credentials become void
	ActStatus   Act = "status"   // its status changed
	ActCode     Act = "claim-code"
	ActClaimed  Act = "claimed"
	ActIssued   Act = "issued"
	ActReplace  Act = "replace" // its credentials fail since a key was reported: new ones are due

	// Lines about acts that wait.
	ActProposed  Act = "proposed" // made; it needs a second person
	ActScheduled Act = "scheduled"
	ActApproved  Act = "approved"
	ActRejected  Act = "rejected"
	ActCancelled Act = "cancelled"
	ActOvertaken Act = "overtaken" // a newer register file said otherwise
)
