package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/vc"
	"bonafide/wallet"
)

type walletCmd struct {
	Init    walletInitCmd    `cmd:"" help:"Make a wallet with its key."`
	Claim   walletClaimCmd   `cmd:"" help:"Answer a board's claim code."`
	Receive walletReceiveCmd `cmd:"" help:"Take a credential in."`
	List    walletListCmd    `cmd:"" help:"Show what the wallet holds."`
	Present walletPresentCmd `cmd:"" help:"Answer a hospital's request."`
	Card    walletCardCmd    `cmd:"" help:"Print a licence on paper."`
}

// wallet opens the home and the wallet in it.
func (e *env) wallet() (*home.Home, *wallet.Wallet, error) {
	h, err := e.openHome()
	if err != nil {
		return nil, nil, err
	}
	w, err := h.Wallet(e.ctx)
	if err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	return h, w, nil
}

type walletInitCmd struct{}

func (walletInitCmd) Help() string {
	return `Makes the home if there is none, and the key that credentials will be bound to.

Example:
  bonafide wallet init --home ~/wallet`
}

func (walletInitCmd) Run(e *env) error {
	h, err := e.createHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	w, err := h.Wallet(e.ctx)
	if err != nil {
		return err
	}
	id, err := w.Init(e.ctx)
	if err != nil {
		return err
	}
	return e.answer(map[string]string{"holder": id.String()}, func(out io.Writer) {
		_, _ = fmt.Fprintf(out, "The wallet is ready. Its identity is %s\n", id)
	})
}

type walletClaimCmd struct {
	Code  string `arg:"" help:"The code that the board gave you."`
	Board string `help:"DID of the board, as printed with the code." required:"" placeholder:"DID"`
	Out   string `help:"File to write; - is stdout." default:"-" short:"o" placeholder:"FILE"`
	QR    string `name:"qr" help:"Write it as QR codes: a .png where one holds it, a .gif, a .zip or a folder." placeholder:"FILE|DIR"`
}

func (walletClaimCmd) Help() string {
	return `Writes a file that proves to the board that you were given the code and hold this
wallet's keys. Give it to the board; it is of no use to anybody else.

Example:
  bonafide wallet claim ABCDE-… --board did:bonafide:… --out claim.json`
}

func (c *walletClaimCmd) Run(e *env) error {
	board, err := did.Parse(c.Board)
	if err != nil {
		return err
	}
	h, w, err := e.wallet()
	if err != nil {
		return err
	}
	defer closing(e, h)
	b, err := w.Claim(e.ctx, c.Code, board)
	if err != nil {
		return err
	}
	return e.hand(c.Out, c.QR, b, "claim")
}

type walletReceiveCmd struct {
	Files []string `arg:"" name:"file" help:"Credentials, or pictures of their codes; - is stdin."`
}

func (walletReceiveCmd) Help() string {
	return `Checks each credential against the ledger data of this home (sync first) and keeps
it sealed. A licence may come in two envelopes, a JSON file and an SD-JWT.

Example:
  bonafide wallet receive delivered/48213.json delivered/48213.sd-jwt`
}

func (c *walletReceiveCmd) Run(e *env) error {
	h, w, err := e.wallet()
	if err != nil {
		return err
	}
	defer closing(e, h)
	var items []wallet.Item
	things, err := e.things(1<<20, c.Files...)
	if err != nil {
		return err
	}
	for _, t := range things {
		item, err := receive(e, w, t)
		if e.ctx.Err() != nil {
			return err
		}
		if err != nil { // one bad file keeps no other from being taken in
			e.say("%s:", t.file)
			e.exit = worse(e.exit, complain(e.stderr, err))
			continue
		}
		// The second envelope of a licence adds to the first one's entry.
		items = append(slices.DeleteFunc(items, func(i wallet.Item) bool { return i.ID == item.ID }), item)
	}
	out := []map[string]any{}
	for _, i := range items {
		out = append(out, itemJSON(i))
	}
	return e.answer(out, func(w io.Writer) {
		for _, i := range items {
			printItem(w, i)
		}
	})
}

func receive(e *env, w *wallet.Wallet, t thing) (wallet.Item, error) {
	switch {
	case t.err != nil:
		return wallet.Item{}, t.err
	case len(t.content) > 1<<20:
		return wallet.Item{}, unreadable("%s is larger than %d bytes", t.file, 1<<20)
	}
	return w.Receive(e.ctx, t.content)
}

// worse is the exit code over several files: our fault beats refused beats
// unreadable beats not now beats done.
func worse(a, b int) int {
	for _, code := range []int{explain.ExitInternal, explain.ExitRefused, explain.ExitNoInput, explain.ExitUsage, explain.ExitNotNow} {
		if a == code || b == code {
			return code
		}
	}
	return explain.ExitOK
}

func itemJSON(i wallet.Item) map[string]any {
	warnings := i.Warnings
	if warnings == nil {
		warnings = []string{}
	}
	var status any
	if st := i.Standing; st != nil {
		status = map[string]any{"status": st.Status, "may_practise": st.MayPractise, "disciplinary": st.Disciplinary, "as_of": st.AsOf.UTC()}
	}
	return map[string]any{
		"id": i.ID, "types": i.Types, "issuer": i.Issuer.String(), "number": i.Number, "jurisdiction": i.Jurisdiction, "formats": i.Formats,
		"bound": i.Bound(), "valid_until": timeOrNil(i.ValidUntil), "expires": timeOrNil(i.Expires), "licence": status, "warnings": warnings,
	}
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func printItem(w io.Writer, i wallet.Item) {
	_, _ = fmt.Fprintf(w, "%s  %s %s %s", i.ID, strings.Join(i.Types, ", "), i.Jurisdiction, i.Number)
	if !i.Expires.IsZero() {
		_, _ = fmt.Fprintf(w, ", expires %s", i.Expires.Format("2006-01-02"))
	}
	_, _ = fmt.Fprintf(w, "\n  from %s, as %s\n", i.Issuer, formatNames(i.Formats))
	if st := i.Standing; st != nil {
		_, _ = fmt.Fprintf(w, "  status %s, as of %s\n", strings.ReplaceAll(st.Status, "_", " "), stamp(st.AsOf))
	}
	for _, code := range i.Warnings {
		if x, ok := explain.Lookup(code); ok {
			_, _ = fmt.Fprintf(w, "  ! %s %s\n", x.Message, x.Next)
		}
	}
}

type walletListCmd struct{}

func (walletListCmd) Help() string {
	return `Shows each licence once, whatever envelopes it is kept in, with its dates and what
the ledger data of this home says it stands at: sync first to see today's.

Example:
  bonafide wallet list --home ~/wallet`
}

func (walletListCmd) Run(e *env) error {
	h, w, err := e.wallet()
	if err != nil {
		return err
	}
	defer closing(e, h)
	items, err := w.List(e.ctx)
	if err != nil {
		return err
	}
	out := []map[string]any{}
	for _, i := range items {
		out = append(out, itemJSON(i))
	}
	return e.answer(out, func(w io.Writer) {
		if len(items) == 0 {
			_, _ = fmt.Fprintln(w, "The wallet is empty. Answer a board's claim code with: bonafide wallet claim")
		}
		for _, i := range items {
			printItem(w, i)
		}
	})
}

type walletPresentCmd struct {
	IDs      []string `arg:"" optional:"" name:"id" help:"What to share, by its id. Default: what the request asks for, if that is clear."`
	Request  string   `help:"The hospital's request." required:"" placeholder:"FILE"`
	Format   string   `help:"Envelope: vcdm or sd-jwt. Default: what the request takes, else vcdm, but sd-jwt where claims are named." placeholder:"NAME"`
	Disclose []string `help:"Share exactly these claims, as familyName,licence.number, or all. Default: those that the request names, all where it names none." placeholder:"CLAIM"`
	DryRun   bool     `help:"Show what would be shared, and share nothing."`
	Out      string   `help:"File to write; - is stdout." default:"-" short:"o" placeholder:"FILE"`
	QR       string   `name:"qr" help:"Write it as QR codes: a .png where one holds it, a .gif, a .zip or a folder." placeholder:"FILE|DIR"`
}

func (walletPresentCmd) Help() string {
	return `Says on stderr who asks, what for, and claim by claim what is shared, then writes
the answer. It fits this one request and nobody else's. Nothing is shared that the
request does not ask for unless --disclose names it.

Examples:
  bonafide wallet present --request request.json k3mw8q2a --out answer.json
  bonafide wallet present --request request.json k3mw8q2a --format sd-jwt --disclose familyName,licence.number`
}

func (c *walletPresentCmd) Run(e *env) error {
	choice, err := c.choice()
	if err != nil {
		return err
	}
	raw, err := e.thing(request.MaxSize, c.Request)
	if err != nil {
		return err
	}
	h, w, err := e.wallet()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if len(choice.IDs) == 0 {
		id, err := onlyCandidate(e, w, raw)
		if err != nil {
			return err
		}
		choice.IDs = []string{id}
	}
	p, err := w.Preview(e.ctx, raw, choice)
	if err != nil {
		return err
	}
	if c.DryRun {
		return e.answer(previewJSON(p), func(out io.Writer) { printPreview(out, p) })
	}
	printPreview(e.stderr, p)
	b, err := w.Present(e.ctx, raw, choice)
	if err != nil {
		return err
	}
	return e.hand(c.Out, c.QR, b, "presentation")
}

func (c *walletPresentCmd) choice() (wallet.Choice, error) {
	choice := wallet.Choice{IDs: c.IDs, All: slices.Equal(c.Disclose, []string{"all"})}
	if !choice.All && len(c.Disclose) > 0 {
		for _, name := range c.Disclose {
			if !request.ClaimName(name) || name == "all" {
				return wallet.Choice{}, usage("--disclose takes names of claims such as familyName,licence.number, or all alone")
			}
		}
		choice.Claims = c.Disclose
	}
	var err error
	choice.Format, err = parseFormat(c.Format)
	return choice, err
}

// formats are the envelopes as they are called on the command line.
var formats = []struct {
	name   string
	format vc.Format
}{{"vcdm", vc.VCDM}, {"sd-jwt", vc.SDJWT}}

// parseFormat reads the name of an envelope, short or in full; "" is none.
func parseFormat(name string) (vc.Format, error) {
	if name == "" {
		return "", nil
	}
	for _, f := range formats {
		if name == f.name || name == string(f.format) {
			return f.format, nil
		}
	}
	return "", usage("--format takes vcdm or sd-jwt")
}

func formatNames(list []vc.Format) string {
	var names []string
	for _, f := range formats {
		if slices.Contains(list, f.format) {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, " and ")
}

// onlyCandidate is the one licence that a request can mean.
func onlyCandidate(e *env, w *wallet.Wallet, raw []byte) (string, error) {
	items, err := w.Candidates(e.ctx, raw)
	if err != nil {
		return "", err
	}
	// A register copy shows nobody's right to it: it is presented on purpose only.
	if bound := slices.DeleteFunc(slices.Clone(items), func(i wallet.Item) bool { return !i.Bound() }); len(bound) > 0 {
		items = bound
	}
	switch len(items) {
	case 0:
		return "", explain.Errorf("wallet_no_credential", "nothing in the wallet is what the request asks for")
	case 1:
		return items[0].ID, nil
	}
	for _, i := range items {
		printItem(e.stderr, i)
	}
	return "", usage("%s fit the request: choose one by its id", plural(len(items), "credential"))
}

// printPreview says who asks and, claim by claim, what they will and will not
// see.
func printPreview(out io.Writer, p wallet.Preview) {
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	line("%s says it asks (this is not proven), for %s. It will see, as %s:", p.Audience, p.Purpose, formatNames([]vc.Format{p.Format}))
	for i, item := range p.Items {
		line("  %s", strings.Join(item.Types, ", "))
		for _, c := range p.Claims {
			if c.Credential != i || !c.Shared {
				continue
			}
			note := ""
			if !c.Asked && !c.Always {
				note = "   (not asked for)"
			}
			line("    %s: %s%s", c.Name, c.Value, note)
		}
	}
	line("    and with it who issued it, its validity, where its status is kept, and your key")
	var kept []string
	for _, c := range p.Claims {
		if !c.Shared {
			name := c.Name
			if c.Asked {
				name += " (asked for)"
			}
			kept = append(kept, name)
		}
	}
	if len(kept) > 0 {
		line("  It will not see: %s", strings.Join(kept, ", "))
	}
	if len(p.Missing) > 0 {
		line("  It asks for what is not there: %s", strings.Join(p.Missing, ", "))
	}
	for _, code := range p.Warnings {
		if x, ok := explain.Lookup(code); ok {
			line("  ! %s %s", x.Message, x.Next)
		}
	}
}

func previewJSON(p wallet.Preview) map[string]any {
	credentials, claims := []map[string]any{}, []map[string]any{}
	for _, i := range p.Items {
		credentials = append(credentials, itemJSON(i))
	}
	for _, c := range p.Claims {
		claims = append(claims, map[string]any{
			"credential": c.Credential, "name": c.Name, "value": c.Value, "shared": c.Shared, "asked": c.Asked, "always": c.Always,
		})
	}
	list := func(s []string) []string { return append([]string{}, s...) } // never null
	return map[string]any{
		"audience": p.Audience, "purpose": p.Purpose, "expires": p.Expires.UTC(), "format": p.Format,
		"credentials": credentials, "claims": claims, "missing": list(p.Missing), "warnings": list(p.Warnings),
	}
}
