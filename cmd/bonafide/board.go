package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"bonafide/internal/card"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/vc"
)

type boardCmd struct {
	Init      boardInitCmd      `cmd:"" help:"Make this board's identity on a network that others run."`
	Import    boardImportCmd    `cmd:"" help:"Fill the register from a CSV file."`
	Issue     boardIssueCmd     `cmd:"" help:"Issue credentials for what is due."`
	ClaimCode boardClaimCodeCmd `cmd:"" name:"claim-code" help:"Make a one-time code for a practitioner."`
	Letters   boardLettersCmd   `cmd:"" help:"Print letters with claim codes."`
	Card      boardCardCmd      `cmd:"" help:"Print a licence on paper."`
	Status    boardStatusCmd    `cmd:"" help:"Set the status of a licence."`
	Renew     boardRenewCmd     `cmd:"" help:"Extend a licence."`
	Replace   boardReplaceCmd   `cmd:"" help:"Change what a licence says."`
	Pending   boardPendingCmd   `cmd:"" help:"List the acts that wait."`
	Approve   boardApproveCmd   `cmd:"" help:"Approve another person's act."`
	Reject    boardRejectCmd    `cmd:"" help:"Reject another person's act."`
	Cancel    boardCancelCmd    `cmd:"" help:"Take back an act that waits."`
	History   boardHistoryCmd   `cmd:"" help:"Tell who did what about a licence."`
	List      boardListCmd      `cmd:"" help:"List the register."`
	Audit     boardAuditCmd     `cmd:"" help:"Compare the register with the ledger."`
	Key       boardKeyCmd       `cmd:"" help:"Look after this board's own keys."`
	Settings  boardSettingsCmd  `cmd:"" help:"Set the periods of grace."`
}

// board opens the home and the board in it. What was due meanwhile is sent
// first; what cannot be, or waits too long, is said on stderr, and so is that the
// network has stood still.
func (e *env) board() (*home.Home, *issuer.Board, error) {
	h, err := e.openHome()
	if err != nil {
		return nil, nil, err
	}
	b, err := h.Board(e.ctx)
	if err == nil {
		err = e.due(h, b)
	}
	if err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	e.fresh(h.NetworkFreshness(e.ctx))
	return h, b, nil
}

// progress prints how far long work has come, a line for each step.
func (e *env) progress() issuer.Progress {
	last, shown := "", time.Time{}
	return func(step string, done, total int) {
		if step == last && done != total && e.now().Sub(shown) < time.Second {
			return
		}
		last, shown = step, e.now()
		if total > 0 {
			e.say("  %s: %d of %d", step, done, total)
		} else {
			e.say("  %s: %d", step, done)
		}
	}
}

type boardInitCmd struct {
	Name    string `help:"The board's name, as people read it." required:"" placeholder:"NAME"`
	Contact string `help:"Where people reach the board's desk." placeholder:"TEXT"`
	Out     string `help:"File with the creation for a member to countersign." required:"" short:"o" placeholder:"FILE"`
}

func (boardInitCmd) Help() string {
	return `Pin the network first (bonafide trust pin). A board that founds its own network
uses bonafide ledger init instead.

Example:
  bonafide board init --home ~/nursing --name "State Board of Nursing" --contact desk@nursing.example --out nursing.tx`
}

func (c *boardInitCmd) Run(e *env) error {
	h, err := e.openHome()
	if explain.CodeOf(err) == "home_missing" {
		return explain.Errorf("no_trust", "there is no home here yet: trust pin makes it")
	}
	if err != nil {
		return err
	}
	defer closing(e, h)
	tx, id, err := h.FoundBoard(e.ctx, c.Name, c.Contact)
	if err != nil {
		return err
	}
	if err := writeFile(c.Out, tx); err != nil {
		return err
	}
	return e.answer(map[string]string{"board": id.String(), "creation": c.Out}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "This board is %s\nGive %s to a member of the network: bonafide ledger countersign %s\n", id, c.Out, c.Out)
	})
}

type boardIssueCmd struct {
	Claim  []string `help:"A wallet's answer to a claim code; may be repeated." placeholder:"FILE"`
	Out    string   `help:"Folder for the credentials of these claims, and with --copies for register copies." short:"o" placeholder:"DIR"`
	Copies []string `help:"Also write the register copy of this licence; may be repeated." placeholder:"LICENCE"`
}

func (boardIssueCmd) Help() string {
	return `Finishes what was begun, accepts claims, anchors what is due on the ledger, waits
for the epoch to close, signs, and delivers. It may be interrupted at any point:
the next run goes on where it stopped.

Example:
  bonafide board issue --claim claim.json --out delivered`
}

func (c *boardIssueCmd) Run(e *env) error {
	if (len(c.Claim) > 0 || len(c.Copies) > 0) && c.Out == "" {
		return usage("--out DIR says where the credentials go")
	}
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	var refs []string
	for _, name := range c.Claim {
		raw, err := e.thing(1<<20, name)
		if err != nil {
			return err
		}
		claim, err := b.AcceptClaim(e.ctx, raw, h.Actor())
		if err != nil {
			return err
		}
		refs = append(refs, claim.Key.Ref())
	}
	var rep issuer.IssueReport
	err = h.Exclusive(e.ctx, "issue", func() (err error) {
		rep, err = b.Issue(e.ctx, issuer.IssueOptions{Person: h.Actor(), Progress: e.progress()})
		return err
	})
	if err != nil {
		return err
	}
	files := []string{}
	deliver := func(ref string, form issuer.Form, format vc.Format, suffix string) error {
		raw, index, err := b.Credential(e.ctx, ref, form, format)
		if format == vc.SDJWT && explain.CodeOf(err) == "credential_not_ready" {
			return nil // the board has no key for it, or the wallet proved none
		}
		if err != nil {
			return err
		}
		// The index is a pseudonym: no name or number goes into a file name.
		name := fmt.Sprintf("%s/%d%s", strings.TrimRight(c.Out, "/"), index, suffix)
		if err := os.MkdirAll(c.Out, 0o700); err != nil {
			return unreadable("%s cannot be made: %s", c.Out, plain(err))
		}
		files = append(files, name)
		return writeFile(name, raw)
	}
	for _, x := range []struct {
		refs   []string
		form   issuer.Form
		format vc.Format
		suffix string
	}{
		{refs, issuer.Bound, vc.VCDM, ".json"},
		{refs, issuer.Bound, vc.SDJWT, ".sd-jwt"},
		{c.Copies, issuer.RegisterCopy, vc.VCDM, "-register-copy.json"},
		{c.Copies, issuer.RegisterCopy, vc.SDJWT, "-register-copy.sd-jwt"},
	} {
		for _, ref := range x.refs {
			if err := deliver(ref, x.form, x.format, x.suffix); err != nil {
				return err
			}
		}
	}
	if len(rep.Problems) > 0 {
		e.exit = explain.ExitRefused
	}
	return e.answer(map[string]any{"report": rep, "files": files, "overdue": e.overdue()}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s issued.", plural(rep.Issued, "credential"))
		if rep.Expired > 0 {
			_, _ = fmt.Fprintf(w, " %s expired: nothing to issue.", plural(rep.Expired, "licence"))
		}
		_, _ = fmt.Fprintln(w)
		for _, p := range rep.Problems {
			x, _ := explain.Lookup(p.Code)
			_, _ = fmt.Fprintf(w, "  %s of type %s in %s got none: %s [%s]\n", plural(p.Licences, "licence"), p.Type, p.Jurisdiction, x.Message, p.Code)
		}
		for _, code := range rep.Notices {
			x, _ := explain.Lookup(code)
			_, _ = fmt.Fprintf(w, "  %s %s [%s]\n", x.Message, x.Next, code)
		}
		for _, f := range files {
			_, _ = fmt.Fprintf(w, "  wrote %s\n", f)
		}
	})
}

type boardClaimCodeCmd struct {
	Licence  string        `arg:"" help:"Number of the licence, or TYPE:JURISDICTION:NUMBER."`
	ValidFor time.Duration `help:"How long the code can be used." default:"336h"`
	QR       string        `name:"qr" help:"Also draw it as a QR code, with the board's identifier." placeholder:"FILE.png"`
}

func (boardClaimCodeCmd) Help() string {
	return `Give the code to the practitioner by a channel that you already trust, such as
the postal address on file. An unused code of the same licence ends.

Example:
  bonafide board claim-code MD-204117`
}

func (c *boardClaimCodeCmd) Run(e *env) error {
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	code, until, err := b.ClaimCode(e.ctx, c.Licence, issuer.ClaimCodeOptions{Life: c.ValidFor, Person: h.Actor()})
	if err != nil {
		return err
	}
	err = e.answer(map[string]any{"code": code, "expires": until, "board": b.DID.String(), "overdue": e.overdue()}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s\n  valid until %s, once\n  board: %s\n", code, stamp(until), b.DID)
	})
	if err == nil && c.QR != "" {
		_, err = drawCodes(c.QR, card.ClaimCodeText(b.DID, code))
	}
	return err
}

type boardListCmd struct{}

func (boardListCmd) Help() string {
	return `Lists every licence with its status, expiry and what was issued, without names.

Example:
  bonafide board list --json`
}

func (boardListCmd) Run(e *env) error {
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	type entry struct {
		Type         string   `json:"type"`
		Jurisdiction string   `json:"jurisdiction"`
		Number       string   `json:"number"`
		Status       string   `json:"status"`
		Expires      string   `json:"expires"`
		Claimed      bool     `json:"claimed"`
		Delivered    bool     `json:"delivered"`
		OnLedger     bool     `json:"on_ledger"`
		Indexes      []uint32 `json:"indexes"`
	}
	list := []entry{}
	err = b.List(e.ctx, func(x issuer.Entry) error {
		l := x.Licence
		out := entry{l.Record.Type, l.Record.Jurisdiction, l.Record.Number, l.Status.String(), string(l.Record.Expires), l.Holder != "", x.Delivered, x.OnLedger, []uint32{}}
		for _, i := range x.Indexes {
			out.Indexes = append(out.Indexes, i.Number)
		}
		list = append(list, out)
		return nil
	})
	if err != nil {
		return err
	}
	return e.answer(list, func(w io.Writer) {
		var buf bytes.Buffer
		for _, x := range list {
			issued := "not issued"
			if x.Delivered {
				issued = "issued"
			}
			if x.Claimed {
				issued += ", claimed"
			}
			_, _ = fmt.Fprintf(&buf, "%-34s %-6s %-14s %-20s until %s  %s\n", x.Type, x.Jurisdiction, x.Number, strings.ReplaceAll(x.Status, "_", " "), x.Expires, issued)
		}
		_, _ = fmt.Fprintf(&buf, "%s.\n", plural(len(list), "licence"))
		_, _ = w.Write(buf.Bytes())
	})
}

type boardAuditCmd struct{}

func (boardAuditCmd) Help() string {
	return `Compares what the ledger has in this board's name with the register: batches that
the register does not know, batches that the ledger does not know, and statuses
that differ. Exit code 3 if anything does.

Example:
  bonafide board audit --home ~/board`
}

func (boardAuditCmd) Run(e *env) error {
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	rep, err := b.Audit(e.ctx, e.progress())
	if err != nil {
		return err
	}
	if !rep.Clean() {
		e.exit = explain.ExitRefused
	}
	type foundBatch struct {
		Height uint64 `json:"height"`
		Size   int    `json:"size"`
		Method string `json:"method"`
		Root   string `json:"root"`
	}
	found := func(list []issuer.FoundBatch) []foundBatch {
		out := []foundBatch{}
		for _, x := range list {
			out = append(out, foundBatch{Height: x.Height, Size: x.Size, Method: x.Method, Root: hex.EncodeToString(x.Root[:])})
		}
		return out
	}
	missing := []uint64{}
	for _, x := range rep.Missing {
		missing = append(missing, x.Number)
	}
	type difference struct {
		Index    uint32 `json:"index"`
		Register string `json:"register"`
		Ledger   string `json:"ledger"`
	}
	differences := []difference{}
	for _, x := range rep.Differences {
		differences = append(differences, difference{x.Index, x.Register.String(), x.Ledger.String()})
	}
	type overdueAct struct {
		Act     int64     `json:"act"`
		State   string    `json:"state"`
		Since   time.Time `json:"since"`
		Blocked string    `json:"blocked"`
	}
	overdue := []overdueAct{}
	for _, x := range rep.Overdue {
		overdue = append(overdue, overdueAct{x.ID, x.State.String(), x.Since, x.Blocked})
	}
	out := map[string]any{
		"height": rep.Height, "as_of": rep.AsOf, "batches": rep.Batches, "indexes": rep.Indexes, "unsent": rep.Unsent,
		"unknown": found(rep.Unknown), "missing": missing, "reported": found(rep.Reported), "differences": differences, "clean": rep.Clean(),
		"overdue_acts": overdue, "overdue": e.overdue(),
	}
	return e.answer(out, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Compared with the ledger as of %s: batches in this board's name: %d; status indexes: %d.\n", stamp(rep.AsOf), rep.Batches, rep.Indexes)
		for _, x := range rep.Unknown {
			_, _ = fmt.Fprintf(w, "  ALARM: a batch of %s at height %d was not made here. If no colleague made it, report the key %s\n", plural(x.Size, "credential"), x.Height, x.Method)
		}
		for _, x := range rep.Missing {
			_, _ = fmt.Fprintf(w, "  The ledger does not have batch %d of the register.\n", x.Number)
		}
		for _, x := range rep.Reported {
			_, _ = fmt.Fprintf(w, "  The batch at height %d was signed with a key that is reported; issue its licences again.\n", x.Height)
		}
		for _, x := range rep.Differences {
			_, _ = fmt.Fprintf(w, "  Index %d is %s on the ledger and %s in the register.\n", x.Index, x.Ledger, x.Register)
		}
		for _, x := range overdue {
			_, _ = fmt.Fprintf(w, "  ALARM: act %d should have held since %s and is still %s.%s\n", x.Act, stamp(x.Since), spoken(x.State), because(x.Blocked))
		}
		if rep.Unsent > 0 {
			_, _ = fmt.Fprintf(w, "  %s still to be sent: run bonafide board issue.\n", plural(rep.Unsent, "status act"))
		}
		if len(rep.Unknown)+len(rep.Missing)+len(rep.Reported)+len(rep.Differences) == 0 {
			_, _ = fmt.Fprintln(w, "Register and ledger agree.")
		}
	})
}
