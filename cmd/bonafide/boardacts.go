package main

// The acts of a board's people, and what of them waits.

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/ledger"
)

// due sends the acts whose day has come and says what waits too long.
func (e *env) due(h *home.Home, b *issuer.Board) error {
	n, err := b.SendDue(e.ctx)
	if e.ctx.Err() != nil {
		return e.ctx.Err()
	}
	if n > 0 {
		e.say("%s whose day has come: carried out.", plural(n, "act"))
	}
	if err != nil {
		// The command may still do its work; the alarm says what is missing.
		e.say("Acts that are due could not be sent (%s).", codeOr(err, "internal_error"))
	}
	if e.alarms, err = b.Alarms(e.ctx); err != nil {
		return err
	}
	if o := e.alarms.Overdue(); o > 0 {
		e.say("WARNING: %s should stand on the ledger and %s not, the oldest since %s (%s). See: bonafide board pending [act_overdue]",
			plural(o, "act"), map[bool]string{true: "does", false: "do"}[o == 1], stamp(e.alarms.Oldest), age(h.Now().Sub(e.alarms.Oldest)))
	}
	return nil
}

// actsTick is how often a running node looks whether an act is due.
const actsTick = time.Second

// keepActs carries out the board's acts when their day comes, until the
// function that it returns was called.
func (e *env) keepActs(h *home.Home) (stop func()) {
	ctx, cancel := context.WithCancel(e.ctx)
	ticker := time.NewTicker(actsTick)
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.KeepActs(ctx, ticker.C, func(n int, err error) {
			if n > 0 {
				e.say("%s whose day has come: carried out.", plural(n, "act"))
			}
			if err != nil {
				e.say("Acts that are due could not be sent (%s); they are tried again.", codeOr(err, "internal_error"))
			}
		})
	}()
	return func() {
		cancel()
		<-done
		ticker.Stop()
	}
}

func codeOr(err error, code string) string {
	if c := explain.CodeOf(err); c != "" {
		return c
	}
	return code
}

// overdue is what every answer in JSON says about acts that wait too long.
func (e *env) overdue() map[string]any {
	return map[string]any{"acts": e.alarms.Overdue(), "oldest": timeOrNil(e.alarms.Oldest)}
}

func spoken(s string) string { return strings.ReplaceAll(s, "_", " ") }

// because says why an act cannot be carried out.
func because(code string) string {
	if code == "" {
		return ""
	}
	x, _ := explain.Lookup(code)
	return fmt.Sprintf(" %s [%s]", x.Message, code)
}

// notices are codes of what the people of a home should know about an act.
func notices(alone bool) []string {
	if alone {
		return []string{"four_eyes_alone"}
	}
	return []string{}
}

func (e *env) sayNotices(w io.Writer, codes []string) {
	for _, code := range codes {
		x, _ := explain.Lookup(code)
		_, _ = fmt.Fprintf(w, "%s %s [%s]\n", x.Message, x.Next, code)
	}
}

// answerAct says what became of an act. done is the sentence where it was
// carried out; extra goes into the JSON answer.
func (e *env) answerAct(o issuer.Outcome, done string, extra map[string]any) error {
	out := map[string]any{
		"act": nil, "kind": o.Kind, "state": o.State.String(), "effective": timeOrNil(o.Effective),
		"notices": notices(o.Alone), "overdue": e.overdue(),
	}
	if o.ID > 0 {
		out["act"] = o.ID
	}
	for k, v := range extra {
		out[k] = v
	}
	return e.answer(out, func(w io.Writer) {
		switch o.State {
		case issuer.AwaitsApproval:
			_, _ = fmt.Fprintf(w, "Act %d waits for a second person: bonafide board approve %d --as NAME\n", o.ID, o.ID)
		case issuer.AwaitsDay:
			_, _ = fmt.Fprintf(w, "Act %d takes effect at %s. A running ledger start sends it then, else the next board command.\n", o.ID, stamp(o.Effective))
		default:
			_, _ = fmt.Fprintln(w, done)
		}
		e.sayNotices(w, notices(o.Alone))
	})
}

// unsent adds to an error of the node that the decision itself is kept.
func (e *env) unsent(err error) error {
	if code := explain.CodeOf(err); strings.HasPrefix(code, "node_") || code == "no_node" {
		e.say("The register has the new status and the ledger does not have it yet: any board command sends it, once the node answers.")
	}
	return err
}

type boardStatusCmd struct {
	Licence   string `arg:"" help:"Number of the licence, or TYPE:JURISDICTION:NUMBER."`
	Value     string `arg:"" help:"current, probation, condition, restriction, suspended, summarily_suspended, revoked, surrendered, expired, lapsed, inactive, retired, void, deceased, hold, reserved."`
	Reason    string `help:"In your words; kept in the register, not on the ledger." placeholder:"TEXT"`
	Effective string `help:"Day (from its first hour here) or time from when on it holds; default: now." placeholder:"DATE|TIME"`
}

func (boardStatusCmd) Help() string {
	return `Sets the status on the ledger and waits until it stands there. revoked,
surrendered, void and deceased are final. These, suspended and summarily_suspended
wait for a second person (board approve) where the home has several. An act with a
day to come waits for it; a day that has passed is refused.

Example:
  bonafide board status MD-204117 suspended --reason "order 2026-118" --effective 2026-12-01`
}

// moment reads a day, in the place's own time, or a time.
func (e *env) moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, e.now().Location()); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, usage("%q is neither a day like 2026-12-01 nor a time like 2026-12-01T08:00:00Z", s)
	}
	return t, nil
}

func (c *boardStatusCmd) Run(e *env) error {
	value, ok := ledger.ParseStatus(c.Value)
	if !ok {
		return usage("%q is no status; see bonafide board status --help", c.Value)
	}
	from, err := e.moment(c.Effective)
	if err != nil {
		return err
	}
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	o, err := b.Status(e.ctx, issuer.StatusAct{Ref: c.Licence, Value: value, Reason: c.Reason, Person: h.Actor(), Effective: from})
	if err != nil {
		return e.unsent(err)
	}
	return e.answerAct(o, fmt.Sprintf("The ledger now shows the licence as %s.", spoken(value.String())), map[string]any{"status": value.String()})
}

type boardRenewCmd struct {
	Licence string `arg:"" help:"Number of the licence, or TYPE:JURISDICTION:NUMBER."`
	Expires string `help:"The new last day." required:"" placeholder:"DATE"`
	Issued  string `help:"A new date of issue, if it has one." placeholder:"DATE"`
	Reason  string `help:"In your words; kept in the register." placeholder:"TEXT"`
}

func (boardRenewCmd) Help() string {
	return `The next board issue makes the new credential, under a new status index. The old
one stays good until it ends by itself. The status stays as it is.

Example:
  bonafide board renew MD-204117 --expires 2028-12-31`
}

func (c *boardRenewCmd) Run(e *env) error {
	var days [2]issuer.Date
	for i, s := range []string{c.Expires, c.Issued} {
		if s == "" {
			continue
		}
		d, err := issuer.ParseDate(s)
		if err != nil {
			return usage("%q is no day like 2028-12-31", s)
		}
		days[i] = d
	}
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	o, err := b.Renew(e.ctx, issuer.RenewAct{Ref: c.Licence, Expires: days[0], Issued: days[1], Reason: c.Reason, Person: h.Actor()})
	if err != nil {
		return err
	}
	return e.answerAct(o, "Renewed. The new credential is made by: bonafide board issue", nil)
}

type boardReplaceCmd struct {
	Licence    string  `arg:"" help:"Number of the licence, or TYPE:JURISDICTION:NUMBER."`
	GivenName  *string `help:"What it shall say instead." placeholder:"TEXT"`
	FamilyName *string `help:"What it shall say instead." placeholder:"TEXT"`
	Profession *string `help:"What it shall say instead." placeholder:"TEXT"`
	NPI        *string `name:"npi" help:"What it shall say instead." placeholder:"NUMBER"`
	Conditions *string `help:"What it shall say instead; empty for none." placeholder:"TEXT"`
	Reason     string  `help:"In your words; kept in the register." required:"" placeholder:"TEXT"`
}

func (boardReplaceCmd) Help() string {
	return `Waits for a second person (board approve) where the home has several. Then the next
board issue makes new credentials under a new status index, and what was issued
before becomes void. Without a change it issues the same anew, as after a loss.

Example:
  bonafide board replace MD-204117 --family-name Quastine --reason "change of name, certificate seen"`
}

func (c *boardReplaceCmd) Run(e *env) error {
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	o, err := b.Replace(e.ctx, issuer.ReplaceAct{
		Ref: c.Licence, GivenName: c.GivenName, FamilyName: c.FamilyName, Profession: c.Profession,
		NPI: c.NPI, Conditions: c.Conditions, Reason: c.Reason, Person: h.Actor(),
	})
	if err != nil {
		return err
	}
	return e.answerAct(o, "Replaced. The new credentials are made, and the old ones void, by: bonafide board issue", nil)
}

type boardPendingCmd struct{}

func (boardPendingCmd) Help() string {
	return `Lists the acts that wait for a second person or for their day, with what each would
change, for those who decide about them.

Example:
  bonafide board pending --home ~/board`
}

// pendingAct is an act as board pending shows it.
type pendingAct struct {
	Act          int64         `json:"act"`
	Kind         issuer.Kind   `json:"kind"`
	State        string        `json:"state"`
	Type         string        `json:"type"`
	Jurisdiction string        `json:"jurisdiction"`
	Number       string        `json:"number"`
	From         string        `json:"from"`
	To           string        `json:"to"`
	Fields       []fieldChange `json:"fields"`
	Made         time.Time     `json:"made"`
	Effective    time.Time     `json:"effective"`
	Person       string        `json:"person"`
	Approver     *string       `json:"approver"`
	Reason       string        `json:"reason"`
	Import       int64         `json:"import"`
	Overdue      bool          `json:"overdue"`
	Blocked      *string       `json:"blocked"`
}

type fieldChange struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

func pendingJSON(p issuer.PendingAct) pendingAct {
	out := pendingAct{
		Act: p.ID, Kind: p.Kind, State: p.State.String(), Type: p.Key.Type, Jurisdiction: p.Key.Jurisdiction, Number: p.Key.Number,
		Fields: []fieldChange{}, Made: p.Made, Effective: p.Effective, Person: p.Person, Reason: p.Reason, Import: p.Import, Overdue: p.Overdue,
	}
	if p.State == issuer.AwaitsDay && p.By != "" {
		out.Approver = &p.By
	}
	if p.Blocked != "" {
		out.Blocked = &p.Blocked
	}
	if p.Kind == issuer.KindStatus {
		out.From, out.To = p.Current.Status.String(), p.Status.String()
	}
	for _, c := range p.Changes() {
		out.Fields = append(out.Fields, fieldChange(c))
	}
	return out
}

func (boardPendingCmd) Run(e *env) error {
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	list := []pendingAct{}
	if err := b.Pending(e.ctx, func(p issuer.PendingAct) error {
		list = append(list, pendingJSON(p))
		return nil
	}); err != nil {
		return err
	}
	return e.answer(list, func(w io.Writer) {
		var buf bytes.Buffer
		for _, x := range list {
			_, _ = fmt.Fprintf(&buf, "%d  %s %s %s: %s", x.Act, x.Type, x.Jurisdiction, x.Number, x.Kind)
			if x.To != "" {
				_, _ = fmt.Fprintf(&buf, " from %s to %s", spoken(x.From), spoken(x.To))
			}
			_, _ = fmt.Fprintf(&buf, "; %s", spoken(x.State))
			if x.Effective.After(x.Made) {
				_, _ = fmt.Fprintf(&buf, ", to hold from %s", stamp(x.Effective))
			}
			_, _ = fmt.Fprintf(&buf, "\n   made by %s, %s", x.Person, stamp(x.Made))
			if x.Approver != nil {
				_, _ = fmt.Fprintf(&buf, ", approved by %s", *x.Approver)
			}
			if x.Import > 0 {
				_, _ = fmt.Fprintf(&buf, ", import %d", x.Import)
			}
			if x.Reason != "" {
				_, _ = fmt.Fprintf(&buf, ": %s", x.Reason)
			}
			_, _ = fmt.Fprintln(&buf)
			for _, f := range x.Fields {
				_, _ = fmt.Fprintf(&buf, "   %s: %q becomes %q\n", spoken(f.Field), f.From, f.To)
			}
			if x.Overdue {
				_, _ = fmt.Fprintln(&buf, "   OVERDUE")
			}
			if x.Blocked != nil {
				_, _ = fmt.Fprintf(&buf, "   It cannot be carried out.%s\n", because(*x.Blocked))
			}
		}
		_, _ = fmt.Fprintf(&buf, "%s.\n", map[bool]string{true: "Nothing waits", false: plural(len(list), "act")}[len(list) == 0])
		_, _ = w.Write(buf.Bytes())
	})
}

type boardApproveCmd struct {
	Act     int64 `arg:"" optional:"" help:"Number of the act, as board pending shows it."`
	AllFrom int64 `help:"Approve every act of this import that waits." placeholder:"IMPORT"`
}

func (boardApproveCmd) Help() string {
	return `Look at the act first: bonafide board pending. Nobody approves their own act, unless
the home has nobody else. What an import asks for can be approved in one go.

Example:
  bonafide board approve 7 --as bea
  bonafide board approve --all-from 3 --as bea`
}

func (c *boardApproveCmd) Run(e *env) error {
	if (c.Act == 0) == (c.AllFrom == 0) {
		return usage("name either an act or an import: bonafide board approve ACT, or --all-from IMPORT")
	}
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if c.Act != 0 {
		o, err := b.Approve(e.ctx, c.Act, h.Actor())
		if err != nil {
			return e.unsent(err)
		}
		done := "Approved; the ledger shows it."
		if o.Kind == issuer.KindReplace {
			done = "Approved. The new credentials are made, and the old ones void, by: bonafide board issue"
		}
		return e.answerAct(o, done, nil)
	}
	rep, err := b.ApproveImport(e.ctx, c.AllFrom, h.Actor(), e.progress())
	if err != nil {
		return e.unsent(err)
	}
	if rep.Refused > 0 {
		e.exit = explain.ExitRefused
	}
	type answer struct {
		issuer.ApprovalReport
		Notices []string       `json:"notices"`
		Overdue map[string]any `json:"overdue"`
	}
	return e.answer(answer{rep, notices(rep.Alone), e.overdue()}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s of import %d approved.\n", plural(rep.Approved, "act"), rep.Import)
		for _, x := range rep.Refusals {
			_, _ = fmt.Fprintf(w, "  act %d still waits.%s\n", x.ID, because(x.Code))
		}
		e.sayNotices(w, notices(rep.Alone))
	})
}

type boardRejectCmd struct {
	Act    int64  `arg:"" help:"Number of the act, as board pending shows it."`
	Reason string `help:"In your words; kept in the register." required:"" placeholder:"TEXT"`
}

func (boardRejectCmd) Help() string {
	return `The act ends without effect. Your own act is cancelled instead.

Example:
  bonafide board reject 7 --reason "the order names another licence" --as bea`
}

func (c *boardRejectCmd) Run(e *env) error {
	return endAct(e, c.Act, "rejected", func(b *issuer.Board, person string) error {
		return b.Reject(e.ctx, c.Act, person, c.Reason)
	})
}

type boardCancelCmd struct {
	Act    int64  `arg:"" help:"Number of the act, as board pending shows it."`
	Reason string `help:"In your words; kept in the register." placeholder:"TEXT"`
}

func (boardCancelCmd) Help() string {
	return `Takes back your own act while it waits for approval, or any act that waits for its
day.

Example:
  bonafide board cancel 7 --reason "order 2026-118 was set aside"`
}

func (c *boardCancelCmd) Run(e *env) error {
	return endAct(e, c.Act, "cancelled", func(b *issuer.Board, person string) error {
		return b.Cancel(e.ctx, c.Act, person, c.Reason)
	})
}

// endAct ends an act that waits and says how.
func endAct(e *env, act int64, state string, end func(*issuer.Board, string) error) error {
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if err := end(b, h.Actor()); err != nil {
		return err
	}
	return e.answer(map[string]any{"act": act, "state": state, "overdue": e.overdue()}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Act %d is %s.\n", act, state)
	})
}

type boardHistoryCmd struct {
	Licence string `arg:"" help:"Number of the licence, or TYPE:JURISDICTION:NUMBER."`
}

func (boardHistoryCmd) Help() string {
	return `Tells, oldest first, who did what, who approved it, and since which height the
ledger shows it.

Example:
  bonafide board history MD-204117 --json`
}

func (c *boardHistoryCmd) Run(e *env) error {
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	lines, err := b.History(e.ctx, c.Licence)
	if err != nil {
		return err
	}
	type credential struct {
		Batch  uint64 `json:"batch"`
		Index  uint32 `json:"index"`
		Form   string `json:"form"`
		Format string `json:"format"`
		Epoch  uint64 `json:"epoch"`
	}
	type line struct {
		At         time.Time   `json:"at"`
		What       issuer.Act  `json:"what"`
		Kind       issuer.Kind `json:"kind,omitempty"`
		Act        int64       `json:"act,omitempty"`
		Status     *string     `json:"status"`
		Person     string      `json:"person"`
		Approver   *string     `json:"approver"`
		Reason     string      `json:"reason"`
		Height     *uint64     `json:"height"` // null: not on the ledger, or nothing that goes there
		Credential *credential `json:"credential,omitempty"`
	}
	out := []line{}
	for _, l := range lines {
		x := line{At: l.At, What: l.Act, Kind: l.Kind, Act: l.Decision, Person: l.Person, Reason: l.Reason}
		if l.Act == issuer.ActImported || l.Act == issuer.ActStatus || l.Kind == issuer.KindStatus {
			s := l.Status.String()
			x.Status = &s
		}
		if l.Approver != "" {
			x.Approver = &l.Approver
		}
		if l.Height > 0 {
			x.Height = &l.Height
		}
		if i := l.Issuance; i != nil {
			form := "register copy"
			if i.Form == issuer.Bound {
				form = "bound"
			}
			x.Credential = &credential{i.Batch, i.Index, form, string(i.Format), i.Epoch}
		}
		out = append(out, x)
	}
	return e.answer(out, func(w io.Writer) {
		var buf bytes.Buffer
		for _, x := range out {
			_, _ = fmt.Fprintf(&buf, "%s  %-12s %s", stamp(x.At), x.Person, x.What)
			if x.Status != nil {
				_, _ = fmt.Fprintf(&buf, " (%s)", spoken(*x.Status))
			} else if x.Kind != "" && string(x.Kind) != string(x.What) {
				_, _ = fmt.Fprintf(&buf, " (%s)", x.Kind)
			}
			if x.Act > 0 {
				_, _ = fmt.Fprintf(&buf, ", act %d", x.Act)
			}
			if x.Approver != nil {
				_, _ = fmt.Fprintf(&buf, ", approved by %s", *x.Approver)
			}
			if c := x.Credential; c != nil {
				_, _ = fmt.Fprintf(&buf, " %s %s, index %d", c.Form, c.Format, c.Index)
			}
			if x.Height != nil {
				_, _ = fmt.Fprintf(&buf, ", on the ledger since height %d", *x.Height)
			} else if x.What == issuer.ActStatus {
				_, _ = fmt.Fprint(&buf, ", not on the ledger yet")
			}
			if x.Reason != "" {
				_, _ = fmt.Fprintf(&buf, ": %s", x.Reason)
			}
			_, _ = fmt.Fprintln(&buf)
		}
		_, _ = w.Write(buf.Bytes())
	})
}
