package model

// A result in words: what stands under a verdict on the desk, in the history and
// on the page to print.

import (
	"slices"
	"strings"

	"bonafide/internal/explain"
	"bonafide/internal/words"
	"bonafide/vc"
	"bonafide/verifier"
	"bonafide/wallet"
)

// Fact is one thing that is known, with its name. Odd says that it came with
// characters that deceive, which are shown by their number.
type Fact struct {
	Name, Value string
	Odd         bool
}

// Line is one check as the screen shows it.
type Line struct {
	Outcome verifier.Outcome
	Names   []string // what was checked; several where they say the same
	Mark    string   // a word, so that colour never carries meaning alone
	About   string   // which credential, where there are several
	Message string
	Next    string // what to do; empty where there is nothing
	Who     string // who has to act; empty where nobody has
	AsOf    string // how old the data is that it rests on; empty where it rests on none
	Code    string
}

// About is what the file holds, as far as signed bytes say it.
type About struct {
	Title string // which credential, where there are several
	Facts []Fact
}

// Report is what the screen says about one file.
type Report struct {
	File    string // its name, safe to show
	FileOdd bool   // its name holds characters that deceive
	Verdict verifier.Verdict
	Word    string   // the verdict in words
	Limited bool     // verified, but with conditions
	Reason  string   // may be empty: nothing is to be added
	Code    string   // that decided; empty for what is verified
	Next    string   // what to do about Reason; may be empty
	Who     string   // who has to do it; may be empty
	Asks    []string // whom to ask about conditions, and whose trust it rests on
	About   []About
	Given   string // for which purpose and when
	Age     string // the data that it rests on, and on how many boards
	Answers string // the request that it answers; empty: none
	Lines   []Line

	Result *verifier.Result // nil where no verdict was given
	raw    []byte
}

// wordOf is a verdict as people read it. One about a time that has passed says
// so: it tells nothing of today.
func wordOf(w Words, r verifier.Result) string {
	then, some := r.At != nil, limited(r)
	switch {
	case r.Verdict == verifier.Verified && then && some:
		return w.L("Was valid, with conditions")
	case r.Verdict == verifier.Verified && then:
		return w.L("Was valid")
	case r.Verdict == verifier.Verified && some:
		return w.L("Verified, with conditions")
	case r.Verdict == verifier.Verified:
		return w.L("Verified")
	case r.Verdict == verifier.Rejected && then:
		return w.L("Was not valid")
	case r.Verdict == verifier.Rejected:
		return w.L("Not valid")
	}
	return w.L("Cannot confirm")
}

// limited reports that somebody in the file may practise with conditions only.
func limited(r verifier.Result) bool {
	return r.Verdict == verifier.Verified && slices.ContainsFunc(r.Credentials, withConditions)
}

func withConditions(c verifier.Credential) bool {
	return c.Licence.MayPractise != nil && *c.Licence.MayPractise == "with_conditions"
}

// PurposeName is the purpose as people read it.
func PurposeName(w Words, p verifier.Purpose) string {
	switch p {
	case verifier.Privileging:
		return w.L("Privileging")
	case verifier.Disaster:
		return w.L("Disaster privileges")
	case verifier.Monitoring:
		return w.L("Monthly monitoring")
	}
	return Plain(string(p))
}

// given says what a verdict is for and when it was given.
func given(w Words, r verifier.Result) string {
	when := D{"When": w.Stamp(r.VerifiedAt), "Purpose": Plain(string(r.Purpose))}
	if r.At != nil {
		return w.L("This is how it stood on {{.Then}}, checked on {{.When}}. It says nothing of today.", when, D{"Then": w.Stamp(*r.At)})
	}
	switch r.Purpose {
	case verifier.Privileging:
		return w.L("Checked for privileging on {{.When}}.", when)
	case verifier.Disaster:
		return w.L("Checked for disaster privileges on {{.When}}.", when)
	case verifier.Monitoring:
		return w.L("Checked for monthly monitoring on {{.When}}.", when)
	}
	return w.L("Checked for the purpose “{{.Purpose}}” on {{.When}}.", when)
}

// StatusWord is the status of a licence as people read it.
func StatusWord(w Words, status string) string {
	switch status {
	case "current":
		return w.L("Current")
	case "probation":
		return w.L("On probation")
	case "condition":
		return w.L("With conditions, not disciplinary")
	case "restriction":
		return w.L("Restricted, not disciplinary")
	case "suspended":
		return w.L("Suspended")
	case "summarily_suspended":
		return w.L("Summarily suspended")
	case "revoked":
		return w.L("Revoked")
	case "surrendered":
		return w.L("Surrendered")
	case "expired":
		return w.L("Expired")
	case "lapsed":
		return w.L("Lapsed, in the grace period")
	case "inactive":
		return w.L("Inactive")
	case "retired":
		return w.L("Retired")
	case "void":
		return w.L("Void, replaced by a newer one")
	case "deceased":
		return w.L("Ended by death")
	case "hold":
		return w.L("On hold, not decided yet")
	case "reserved":
		return w.L("A value that has no meaning yet")
	}
	return Plain(status)
}

// TypeName is the type of a credential as people read it; a type that boards
// made themselves goes by its own name.
func TypeName(w Words, typ string) string { return words.TypeName(w, Plain(typ)) }

// checkName is a check as people call it.
func checkName(w Words, id string) string {
	switch id {
	case verifier.CheckParse:
		return w.L("Form of the file")
	case verifier.CheckAnchor:
		return w.L("Record on the ledger")
	case verifier.CheckIssuerKey:
		return w.L("Board's key")
	case verifier.CheckProof:
		return w.L("Signature")
	case verifier.CheckAccreditation:
		return w.L("Board's accreditation")
	case verifier.CheckTemplate:
		return w.L("Required content")
	case verifier.CheckValidity:
		return w.L("Validity")
	case verifier.CheckStatus:
		return w.L("Status of the licence")
	case verifier.CheckFreshness:
		return w.L("Age of the data")
	case verifier.CheckBinding:
		return w.L("Person who presents it")
	}
	return Plain(id)
}

// mark is the word for what a check found.
func mark(w Words, o verifier.Outcome) string {
	switch o {
	case verifier.Pass:
		return w.L("Yes")
	case verifier.Fail:
		return w.L("No")
	case verifier.Skipped:
		return w.L("Not checked")
	}
	return w.L("Unknown")
}

// who says who has to act; nobody has where it is empty.
func who(w Words, who string) string {
	switch who {
	case "you", "hospital":
		return w.L("It is up to you.")
	case "board":
		return w.L("It is up to the board.")
	case "practitioner":
		return w.L("It is up to the practitioner.")
	case "it":
		return w.L("It is up to your IT department.")
	}
	return ""
}

// noVerdict is the report where nothing can be said about a file.
func noVerdict(w Words, name, code string) Report {
	r := Report{Word: w.L("No verdict"), Code: code}
	e, ok := explain.Lookup(code)
	if !ok {
		e, _ = explain.Lookup("internal_error")
		r.Code = e.Code
	}
	if strings.HasPrefix(code, "file_is_") || code == "qr_none" {
		r.Word = w.L("Not a credential")
	}
	if name != "" {
		r.File, r.FileOdd = FileName(name), Plain(name) != name
	}
	r.Reason, r.Next = w.Explain(r.Code)
	r.Who = who(w, e.Who)
	return r
}

// NewReport puts a result in words. name is the file's, "" for pasted text.
func NewReport(w Words, name string, res verifier.Result) Report {
	r := Report{
		File: shownName(w, name), FileOdd: Plain(name) != name, Verdict: res.Verdict, Limited: limited(res),
		Given: given(w, res), Lines: lines(w, res), Result: &res,
	}
	r.Word = wordOf(w, res)
	switch res.Verdict {
	case verifier.Verified:
		r.Asks = asks(w, res)
	case verifier.Rejected:
		r.decide(w, res, verifier.Fail)
	default:
		r.decide(w, res, verifier.Unknown)
	}
	if res.AsOf != nil {
		r.Age = w.N("It rests on data as of {{.When}}, {{.Age}} at the time, which {{.N}} boards signed.", res.Validators,
			D{"When": w.Stamp(*res.AsOf), "Age": w.Ago(res.VerifiedAt.Sub(*res.AsOf))})
	}
	for i, c := range res.Credentials {
		a := About{Facts: facts(w, c)}
		if len(a.Facts) == 0 {
			continue
		}
		if len(res.Credentials) > 1 {
			a.Title = w.L("Credential {{.Number}}", D{"Number": i + 1})
		}
		r.About = append(r.About, a)
	}
	return r
}

// decide fills in why a verdict is not better: the first check of an outcome.
func (r *Report) decide(w Words, res verifier.Result, o verifier.Outcome) {
	for _, c := range res.Checks {
		if c.Outcome != o && (o == verifier.Fail || c.Outcome == verifier.Pass || c.Outcome == verifier.Skipped) {
			continue
		}
		l := line(w, res, c)
		r.Reason, r.Next, r.Who, r.Code = l.Message, l.Next, l.Who, l.Code
		return
	}
	r.Reason = w.L("A required check did not run.")
}

// asks are the sentences that go with a good verdict: whom to ask about
// conditions, and what it rests on where that is not the ledger.
func asks(w Words, res verifier.Result) []string {
	var out []string
	add := func(s string) {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	for _, c := range res.Credentials {
		if !withConditions(c) {
			continue
		}
		switch d := c.Desk; {
		case d == nil:
			add(w.L("Ask the board what the conditions are."))
		case d.Contact == "":
			add(w.L("Ask the board what the conditions are: {{.Board}}.", D{"Board": Plain(d.Name)}))
		default:
			add(w.L("Ask the board what the conditions are: {{.Board}}, {{.Contact}}.", D{"Board": Plain(d.Name), "Contact": Plain(d.Contact)}))
		}
	}
	for i, c := range res.Credentials {
		if !slices.ContainsFunc(res.Checks, func(k verifier.Check) bool {
			return k.Code == "issuer_listed" && k.Credential != nil && *k.Credential == i
		}) {
			continue
		}
		name := ""
		if c.IssuerName != nil {
			name = *c.IssuerName
		} else if c.Issuer != nil {
			name = *c.Issuer
		}
		add(w.L("This rests on your own list of issuers, not on the boards' ledger: {{.Issuer}}.", D{"Issuer": Plain(name)}))
	}
	return out
}

// facts say what a credential is.
func facts(w Words, c verifier.Credential) []Fact {
	var out []Fact
	add := func(name string, value *string, shown func(string) string) {
		if value != nil && *value != "" {
			out = append(out, Fact{name, brief(shown(*value)), Plain(*value) != *value})
		}
	}
	add(w.L("Type"), c.Type, func(s string) string { return TypeName(w, s) })
	add(w.L("Status"), c.Licence.Status, func(s string) string { return StatusWord(w, s) })
	for _, s := range inOrder(c.Says) {
		f := wallet.Field(s)
		add(ClaimName(w, s.Name), &s.Value, func(string) string { return claimValue(w, f) })
	}
	if c.Until != nil {
		out = append(out, Fact{Name: w.L("Valid until"), Value: w.Stamp(*c.Until)})
	}
	add(w.L("Issued by"), c.IssuerName, Plain)
	add(w.L("Issuer's identifier"), c.Issuer, Plain)
	add(w.L("Held by"), c.Subject, Plain)
	return out
}

// first are the claims by which a person is told from another, in the order in
// which they are read; the others follow.
var first = []string{"familyName", "givenName", "licence.profession", "licence.specialty", "licence.number", "licence.jurisdiction", "licence.issued", "licence.expires"}

// inOrder is what a credential says, as people read it; the holder's identifier
// stands by itself.
func inOrder(says []vc.Claim) []vc.Claim {
	place := func(c vc.Claim) int {
		if i := slices.Index(first, c.Name); i >= 0 {
			return i
		}
		return len(first)
	}
	out := slices.DeleteFunc(slices.Clone(says), func(c vc.Claim) bool { return c.Name == "id" })
	slices.SortStableFunc(out, func(a, b vc.Claim) int { return place(a) - place(b) })
	return out
}

// lines are the checks as the screen shows them: those that decided first.
// Checks that say the same share a line.
func lines(w Words, r verifier.Result) []Line {
	var out []Line
	type key struct{ mark, about, message, code, asOf string }
	at := map[key]int{}
	for _, outcome := range []verifier.Outcome{verifier.Fail, verifier.Unknown, verifier.Pass, verifier.Skipped} {
		for _, c := range r.Checks {
			if c.Outcome != outcome {
				continue
			}
			l := line(w, r, c)
			k := key{l.Mark, l.About, l.Message, l.Code, l.AsOf}
			name := checkName(w, c.ID)
			if i, ok := at[k]; ok {
				out[i].Names = append(out[i].Names, name)
				continue
			}
			at[k] = len(out)
			l.Names = []string{name}
			out = append(out, l)
		}
	}
	return out
}

// line puts one check in words; its names are the caller's. What the catalogue
// does not know, as of a later version, stands as it was written.
func line(w Words, r verifier.Result, c verifier.Check) Line {
	l := Line{Outcome: c.Outcome, Mark: mark(w, c.Outcome), Code: brief(Plain(c.Code)), Message: brief(Plain(c.Message)), Next: brief(Plain(c.Next))}
	if _, ok := explain.Lookup(c.Code); ok {
		l.Message, l.Next = w.Explain(c.Code)
	}
	if l.Who = who(w, c.Who); l.Who == "" {
		l.Next = ""
	}
	if c.Credential != nil && len(r.Credentials) > 1 {
		l.About = w.L("Credential {{.Number}}", D{"Number": *c.Credential + 1})
	}
	if c.AsOf != nil {
		l.AsOf = w.L("As of {{.When}}, {{.Age}}.", D{"When": w.Stamp(*c.AsOf), "Age": w.Ago(r.VerifiedAt.Sub(*c.AsOf))})
	}
	return l
}

// maxText is the longest text from outside that is shown whole, in characters.
const maxText = 400

// brief leaves out the middle of what is too long to be read.
func brief(s string) string {
	r := []rune(s)
	if len(r) <= maxText {
		return s
	}
	return string(r[:maxText-100]) + " … " + string(r[len(r)-80:])
}

func shownName(w Words, name string) string {
	if name == "" {
		return w.L("Pasted text")
	}
	return FileName(name)
}

// Tally counts the reports that say the same.
type Tally struct {
	Word    string
	Verdict verifier.Verdict
	Limited bool
	Count   int
}

// tally counts the verdicts over several files, the worst first.
func tally(reports []Report) []Tally {
	if len(reports) < 2 {
		return nil
	}
	var out []Tally
	for _, r := range reports {
		i := slices.IndexFunc(out, func(t Tally) bool { return t.Word == r.Word })
		if i < 0 {
			i = len(out)
			out = append(out, Tally{Word: r.Word, Verdict: r.Verdict, Limited: r.Limited})
		}
		out[i].Count++
	}
	rank := map[verifier.Verdict]int{verifier.Rejected: 0, "": 1, verifier.Unconfirmed: 2, verifier.Verified: 4}
	weight := func(t Tally) int {
		if t.Limited {
			return 3
		}
		return rank[t.Verdict]
	}
	slices.SortStableFunc(out, func(a, b Tally) int { return weight(a) - weight(b) })
	return out
}
