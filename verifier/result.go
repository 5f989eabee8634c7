package verifier

// What a verdict looks like, and how checks fold into one.

import (
	"encoding/json"
	"time"

	"bonafide/internal/explain"
	"bonafide/vc"
)

// Outcome is what one check found.
type Outcome string

// Outcomes of a check. A check that did not run is Skipped, never left out.
const (
	Pass    Outcome = "pass"
	Fail    Outcome = "fail"
	Unknown Outcome = "unknown"
	Skipped Outcome = "skipped"
)

// Verdict is the answer about a whole file.
type Verdict string

// The three verdicts, worst last to first in the order of precedence.
const (
	Verified    Verdict = "verified"
	Unconfirmed Verdict = "unconfirmed"
	Rejected    Verdict = "rejected"
)

// Check ids, in the order the checks are made and reported.
const (
	CheckParse         = "parse"
	CheckAnchor        = "anchor"
	CheckIssuerKey     = "issuer_key"
	CheckProof         = "proof"
	CheckAccreditation = "accreditation"
	CheckTemplate      = "template"
	CheckValidity      = "validity"
	CheckStatus        = "status"
	CheckFreshness     = "freshness"
	CheckBinding       = "binding"
)

// credentialChecks are made for every credential of a file.
var credentialChecks = []string{
	CheckAnchor, CheckIssuerKey, CheckProof, CheckAccreditation,
	CheckTemplate, CheckValidity, CheckStatus,
}

// fileChecks is how many checks are about the file as a whole.
const fileChecks = 3

// restsOnData names the checks whose answer is that of the ledger data; the
// others rest on the bytes, the clock or the request.
var restsOnData = map[string]bool{
	CheckAnchor: true, CheckIssuerKey: true, CheckAccreditation: true,
	CheckTemplate: true, CheckStatus: true, CheckFreshness: true,
}

// Check is the report of one check.
type Check struct {
	ID         string     `json:"id"`
	Outcome    Outcome    `json:"outcome"`
	Code       string     `json:"code"`       // stable; `bonafide explain CODE` tells more
	Message    string     `json:"message"`    // a sentence for people
	Who        string     `json:"who"`        // who has to act
	Next       string     `json:"next"`       // what to do next
	AsOf       *time.Time `json:"as_of"`      // time of the data it rests on; null where it rests on none
	Credential *int       `json:"credential"` // index in credentials; null for the file as a whole
}

// Licence is the standing of a licence on its two axes.
type Licence struct {
	Status       *string `json:"status"`       // one of the 16 status words
	MayPractise  *string `json:"may_practise"` // yes, with_conditions, no, unknown
	Disciplinary *bool   `json:"disciplinary"`
}

// Credential is what a file's credential says, read from signed bytes only.
// Of a credential that is not authentic every field is null.
type Credential struct {
	Type   *string `json:"type"`
	Issuer *string `json:"issuer"`
	// IssuerName is what the issuer's document calls it, or what the hospital
	// calls an issuer that it lists itself; nil where neither says anything.
	IssuerName *string `json:"issuer_name,omitempty"`
	// Until is the end of the validity that it states itself; nil for none.
	Until *time.Time `json:"valid_until,omitempty"`
	// Desk is whom to ask about it today; nil for a listed issuer. Neither name nor
	// end nor desk stands in a report, whose members are fixed (NewReport).
	Desk    *Desk   `json:"desk,omitempty"`
	Subject *string `json:"subject"` // holder's DID; null in a register copy
	Bound   *bool   `json:"bound"`   // holder binding was proved
	Licence Licence `json:"licence"`
	// Says is what it says about its subject, to be shown to who looks at it now:
	// it is in no report and no history.
	Says []vc.Claim `json:"-"`
}

// Desk is where a board answers: the issuer's own, or that of the board which
// keeps its status since. Both are fit to be shown on a line.
type Desk struct {
	Name    string `json:"name"`    // its DID where its document names none
	Contact string `json:"contact"` // "" where its document names none
}

// Result is everything found out about one file.
type Result struct {
	File        string       `json:"file"`
	Verdict     Verdict      `json:"verdict"`
	Headline    string       `json:"headline"`
	Purpose     Purpose      `json:"purpose"`
	VerifiedAt  time.Time    `json:"verified_at"`
	At          *time.Time   `json:"at,omitempty"` // the time that the verdict is about, where it is not now
	AsOf        *time.Time   `json:"as_of"`
	Validators  int          `json:"validators"`
	Credentials []Credential `json:"credentials"`
	Checks      []Check      `json:"checks"`
}

// Report is what `verify --json` prints.
type Report struct {
	Format  int      `json:"format"`
	Results []Result `json:"results"`
}

// NewReport wraps results in the current format, with the members that it has.
func NewReport(results []Result) Report {
	out := make([]Result, len(results))
	for i, res := range results {
		out[i] = res
		out[i].Credentials = make([]Credential, len(res.Credentials))
		for j, c := range res.Credentials {
			c.IssuerName, c.Until, c.Desk, c.Says = nil, nil, nil, nil
			out[i].Credentials[j] = c
		}
	}
	return Report{Format: 1, Results: out}
}

// JSON is the report as the command line prints it, with a final line feed.
func (r Report) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "  ")
	return append(b, '\n'), err
}

// ExitCode is the exit code over all results: rejected beats unconfirmed
// beats verified.
func (r Report) ExitCode() int {
	code := explain.ExitOK
	for _, res := range r.Results {
		switch res.Verdict {
		case Verified:
		case Rejected:
			return explain.ExitRefused
		default:
			code = explain.ExitNotNow
		}
	}
	return code
}

// slot names one check of one credential; credential is -1 for the file.
type slot struct {
	id         string
	credential int
}

// fold gives the verdict over checks. Any fail rejects. Verified needs a pass
// in every required slot and no unknown anywhere: a check that did not run, or
// that nobody made, is never counted as passed.
func fold(checks []Check, required []slot) Verdict {
	passed := make(map[slot]bool, len(required))
	verdict := Verified
	for _, c := range checks {
		at := slot{c.ID, -1}
		if c.Credential != nil {
			at.credential = *c.Credential
		}
		switch c.Outcome {
		case Fail:
			return Rejected
		case Pass:
			passed[at] = true
		case Skipped:
		default:
			verdict = Unconfirmed
		}
	}
	if len(required) == 0 {
		return Unconfirmed
	}
	for _, r := range required {
		if !passed[r] {
			return Unconfirmed
		}
	}
	return verdict
}
