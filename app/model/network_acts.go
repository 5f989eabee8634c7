package model

// What the members of a network decide, in words.

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// network names boards by what the ledger says of them.
type network struct {
	w Words
	d *pack.Data // may be nil
}

// party is a board by name: what the members admitted it as, else what its own
// document says.
func (n network) party(id did.DID) Party {
	p := Party{Name: Plain(string(id)), DID: string(id)}
	if n.d == nil {
		return p
	}
	name := ""
	if versions, err := n.d.View.Versions(id); err == nil {
		for _, v := range slices.Backward(versions) {
			if v.Document != nil {
				name, p.Desk = bonafide.Desk(v.Document)
				p.Desk = Plain(p.Desk)
				break
			}
		}
	}
	for _, m := range n.members() {
		if m.DID == id {
			name = m.Name
		}
	}
	if name != "" {
		p.Name, p.Odd = Plain(name), odd(name)
	}
	return p
}

func (n network) name(id did.DID) string { return n.party(id).Name }

func (n network) members() []ledger.Member { return n.d.View.Members(n.d.Height) }

// lasting is a span of time in words.
func lasting(w Words, d time.Duration) string {
	whole := func(unit time.Duration) bool { return d >= unit && d%unit == 0 }
	switch {
	case d >= 72*time.Hour, whole(24 * time.Hour):
		return w.N("{{.N}} days", int(d.Hours()/24))
	case d >= 3*time.Hour, whole(time.Hour):
		return w.N("{{.N}} hours", int(d.Hours()))
	case d >= 3*time.Minute, whole(time.Minute):
		return w.N("{{.N}} minutes", int(d.Minutes()))
	}
	return w.N("{{.N}} seconds", int(d.Seconds()))
}

// act is an action in words.
type act struct {
	Title   string
	Follows []string // what follows once it takes effect
	Waits   string   // how long it waits once it is decided; "" where it does not
	Facts   []Fact   // identifiers, for those who compare them
	Odd     bool     // a name in it holds characters that deceive
}

// describe puts an action into words.
func (n network) describe(a ledger.Action) act {
	w := n.w
	var out act
	about := func(name string, id did.DID) Party {
		p := n.party(id)
		out.Odd = out.Odd || p.Odd
		out.Facts = append(out.Facts, Fact{Name: name, Value: Plain(string(id))})
		return p
	}
	right := func(id did.DID, typ, place string) D {
		p := about(w.L("Identifier"), id)
		return D{"Board": p.Name, "Type": TypeName(w, typ), "Place": PlaceName(w, place)}
	}
	switch x := a.(type) {
	case ledger.AdmitMember:
		about(w.L("Identifier"), x.DID)
		out.Odd = out.Odd || odd(x.Name)
		out.Title = w.L("Make {{.Board}} a member", D{"Board": Plain(x.Name)})
		out.Facts = append(out.Facts, Fact{Name: w.L("Key with which its node signs"), Value: ConsensusKey(x.Consensus)})
		out.Follows = []string{w.L("It gets one vote, and its node signs with the others."), n.needs(1)}
	case ledger.RemoveMember:
		p := about(w.L("Identifier"), x.DID)
		out.Title = w.L("End the membership of {{.Board}}", D{"Board": p.Name})
		out.Follows = []string{
			w.L("Its vote and its node's signature count no more. What it may issue stays until that is ended by proposals of its own."),
			n.needs(-1),
		}
	case ledger.Accredit:
		p := about(w.L("Identifier"), x.Issuer)
		var places []string
		for _, j := range x.Jurisdictions {
			places = append(places, PlaceName(w, j))
		}
		out.Title = w.L("Let {{.Board}} issue “{{.Type}}” in {{.Places}}", D{"Board": p.Name, "Type": TypeName(w, x.Type), "Places": strings.Join(places, ", ")})
		out.Follows = []string{w.L("What it issues of this from then on can be verified.")}
	case ledger.Suspend:
		out.Title = w.L("Suspend the right of {{.Board}} to issue “{{.Type}}” in {{.Place}}", right(x.Issuer, x.Type, x.Jurisdiction))
		out.Follows = []string{w.L("It takes effect at once. The board issues nothing more of this, and what it has issued cannot be confirmed by anybody until the suspension is lifted.")}
	case ledger.Restore:
		out.Title = w.L("Lift the suspension of {{.Board}} for “{{.Type}}” in {{.Place}}", right(x.Issuer, x.Type, x.Jurisdiction))
		out.Follows = []string{w.L("It takes effect at once. What the board has issued can be confirmed again, and it may go on.")}
	case ledger.End:
		out.Title = w.L("End the right of {{.Board}} to issue “{{.Type}}” in {{.Place}}", right(x.Issuer, x.Type, x.Jurisdiction))
		out.Follows = []string{w.L("It takes effect at once, and calls off such a right that is decided and waits. The board issues nothing more of this, and what it has issued cannot be confirmed any more, unless another board takes its records over.")}
	case ledger.HandOver:
		from, to := about(w.L("From"), x.From), about(w.L("To"), x.To)
		out.Title = w.L("Hand the status records of {{.From}} to {{.To}}", D{"From": from.Name, "To": to.Name})
		out.Follows = []string{w.L("{{.To}} keeps the status of everything that {{.From}} has issued. It cannot be taken back.", D{"From": from.Name, "To": to.Name})}
	case ledger.RecoverDID:
		p := about(w.L("Identifier"), x.DID)
		if len(x.Document) == 0 {
			out.Title = w.L("Call off the new keys of {{.Board}}", D{"Board": p.Name})
			out.Follows = []string{w.L("It keeps the keys that it has.")}
			break
		}
		sum := sha256.Sum256(x.Document)
		out.Title = w.L("Give {{.Board}} new keys", D{"Board": p.Name})
		out.Facts = append(out.Facts, Fact{Name: w.L("Fingerprint of the new keys"), Value: grouped(hex.EncodeToString(sum[:]))})
		out.Follows = []string{
			w.L("Compare the fingerprint with what the board itself tells you: whoever gives you other keys gets everything that the board can do."),
			w.L("Its keys of today count no more from then on."),
		}
	case ledger.RegisterTemplate:
		name := w.L("a form that cannot be read")
		if t, err := ledger.ParseTemplate(x.Document); err == nil {
			name = TypeName(w, t.Type)
		}
		sum := sha256.Sum256(x.Document)
		out.Title = w.L("Register the form of “{{.Type}}”", D{"Type": name})
		out.Facts = append(out.Facts, Fact{Name: w.L("Fingerprint of the form"), Value: grouped(hex.EncodeToString(sum[:]))})
		out.Follows = []string{w.L("What boards issue of this kind from then on has to have this form.")}
	case ledger.Upgrade:
		out.Title = w.L("Run the rules “{{.Name}}” from block {{.Height}} on", D{"Name": Plain(x.Name), "Height": x.Height})
		out.Follows = []string{w.L("A node whose program does not have these rules stops before that block. Every board has to install the version that has them before.")}
		if n.d != nil {
			out.Follows = append(out.Follows, w.L("The newest block is {{.Height}}.", D{"Height": n.d.Height}))
		}
	case ledger.ReportKeyVote:
		p := about(w.L("Identifier"), x.DID)
		out.Title = w.L("Report a key of {{.Board}} as of {{.When}}", D{"Board": p.Name, "When": w.Stamp(time.Unix(x.From, 0))})
		out.Facts = append(out.Facts, Fact{Name: w.L("Key"), Value: Plain(x.Method)})
		out.Follows = []string{w.L("Nothing that the key has signed since then verifies any more. It is final.")}
	default:
		out.Title = w.L("Something that this version of the app does not know")
		out.Follows = []string{w.L("Do not vote on it before the app is up to date.")}
	}
	if n.d != nil {
		if wait := n.d.View.Delay(a); wait > 0 {
			out.Waits = w.L("It takes effect {{.Wait}} after the decision, and can be called off until then.", D{"Wait": lasting(w, wait)})
		}
	}
	return out
}

// needs says how many members have to run once there are more, or fewer.
func (n network) needs(more int) string {
	if n.d == nil {
		return ""
	}
	members := len(n.members()) + more
	need := D{"Needed": ledger.Needed(max(members, 1))}
	if more > 0 {
		return n.w.N("With it the network has {{.N}} members, and stands still unless {{.Needed}} of them run. Its node should run before this is decided.", members, need)
	}
	return n.w.N("Without it the network has {{.N}} members, and stands still unless {{.Needed}} of them run.", members, need)
}

// ConsensusKey writes the key of a validator as the boards compare it.
func ConsensusKey(key [32]byte) string {
	k, err := did.NewPublicKey(did.Ed25519, key[:])
	if err != nil {
		return hex.EncodeToString(key[:])
	}
	return k.Multikey()
}

// ProposalRow is a proposal as the room shows it.
type ProposalRow struct {
	Number  uint64
	Title   string
	Follows []string
	Facts   []Fact
	Odd     bool
	State   string
	Votes   string   // how many of how many
	Until   string   // while it is open
	Voted   []string // who voted how
	By      string   // who proposed it
	Failed  string   // why it could not be carried out
	Open    bool
	Waits   bool // decided, and not in effect yet
	Good    bool // in effect
	CanYes  bool // this board may still vote so
	CanNo   bool

	p ledger.Proposal
}

// row puts a proposal in words, for the board that me is.
func (n network) row(p ledger.Proposal, me did.DID, member bool) ProposalRow {
	w := n.w
	a := n.describe(p.Action)
	r := ProposalRow{
		Number: p.Number, Title: a.Title, Follows: a.Follows, Facts: a.Facts, Odd: a.Odd, p: p,
		By:    w.L("Proposed by {{.Board}} on {{.When}}.", D{"Board": n.name(p.Proposer), "When": w.Stamp(p.Created)}),
		Votes: w.L("Votes for it: {{.Yes}} of the {{.Needed}} that it takes. Against it: {{.No}}.", D{"Yes": len(p.Yes), "Needed": p.Needed, "No": len(p.No)}),
	}
	for _, id := range p.Yes {
		r.Voted = append(r.Voted, w.L("{{.Board}}: yes", D{"Board": n.name(id)}))
	}
	for _, id := range p.No {
		r.Voted = append(r.Voted, w.L("{{.Board}}: no", D{"Board": n.name(id)}))
	}
	switch p.State {
	case ledger.ProposalOpen:
		r.Open, r.State = true, w.L("Open for votes")
		if a.Waits != "" {
			r.Follows = append(r.Follows, a.Waits)
		}
		r.Until = w.L("It can be voted on until {{.When}}.", D{"When": w.Stamp(p.Expires)})
		r.CanYes = member && !slices.Contains(p.Yes, me)
		r.CanNo = member && !slices.Contains(p.No, me)
	case ledger.ProposalDelayed:
		r.Waits, r.State = true, w.L("Decided; it takes effect on {{.When}}", D{"When": w.Stamp(p.Due)})
	case ledger.ProposalQueued:
		r.Waits, r.State = true, w.L("Decided; it waits for the change of members before it")
	case ledger.ProposalDone:
		r.Good, r.State = true, w.L("In effect")
	case ledger.ProposalExpired:
		r.State = w.L("Not decided in time")
	case ledger.ProposalFailed:
		r.State = w.L("Decided, but it could not be carried out")
		r.Failed, _ = w.Explain(p.FailedReason)
	case ledger.ProposalWithdrawn:
		r.State = w.L("Called off by a later decision")
	}
	return r
}

// voting says what follows from a vote of the board that me is.
func (n network) voting(p ledger.Proposal, me did.DID, yes bool) []string {
	w := n.w
	have, against := len(p.Yes), len(p.No)
	if slices.Contains(p.Yes, me) {
		have--
	}
	if slices.Contains(p.No, me) {
		against--
	}
	if !yes {
		out := []string{w.L("It stays open for the others, and you can change your vote until {{.When}}.", D{"When": w.Stamp(p.Expires)})}
		if len(n.members())-against-1 < p.Needed {
			out = append(out, w.L("With this the others cannot decide it any more unless somebody changes a vote."))
		}
		return out
	}
	if have+1 >= p.Needed {
		return []string{w.L("Your vote decides it: it cannot be taken back.")}
	}
	return []string{w.N("After your vote {{.N}} more are needed.", p.Needed-have-1)}
}
