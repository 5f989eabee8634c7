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
	"bonafide/wallet"
)

type walletCmd struct {
	Init    walletInitCmd    `cmd:"" help:"Make a wallet with its key."`
	Claim   walletClaimCmd   `cmd:"" help:"Answer a board's claim code."`
	Receive walletReceiveCmd `cmd:"" help:"Take a credential in."`
	List    walletListCmd    `cmd:"" help:"Show what the wallet holds."`
	Present walletPresentCmd `cmd:"" help:"Answer a hospital's request."`
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
}

func (walletClaimCmd) Help() string {
	return `Writes a file that proves to the board that you were given the code and hold this
wallet's key. Give it to the board; it is of no use to anybody else.

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
	return e.write(c.Out, b, "claim")
}

type walletReceiveCmd struct {
	Files []string `arg:"" name:"file" help:"Credentials; - is stdin."`
}

func (walletReceiveCmd) Help() string {
	return `Checks each credential against the ledger data of this home (sync first) and keeps
it sealed.

Example:
  bonafide wallet receive delivered/48213.json`
}

func (c *walletReceiveCmd) Run(e *env) error {
	h, w, err := e.wallet()
	if err != nil {
		return err
	}
	defer closing(e, h)
	out := []map[string]any{}
	var items []wallet.Item
	for _, name := range c.Files {
		item, err := receive(e, w, name)
		if e.ctx.Err() != nil {
			return err
		}
		if err != nil { // one bad file keeps no other from being taken in
			e.say("%s:", name)
			e.exit = worse(e.exit, complain(e.stderr, err))
			continue
		}
		items, out = append(items, item), append(out, itemJSON(item))
	}
	return e.answer(out, func(w io.Writer) {
		for _, i := range items {
			printItem(w, i)
		}
	})
}

func receive(e *env, w *wallet.Wallet, name string) (wallet.Item, error) {
	b, err := e.read(name, 1<<20)
	if err != nil {
		return wallet.Item{}, err
	}
	return w.Receive(e.ctx, b)
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
	return map[string]any{
		"id": i.ID, "types": i.Types, "issuer": i.Issuer.String(), "number": i.Number, "jurisdiction": i.Jurisdiction,
		"bound": i.Bound(), "valid_until": timeOrNil(i.ValidUntil), "expires": timeOrNil(i.Expires), "warnings": warnings,
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
	_, _ = fmt.Fprintf(w, "\n  from %s\n", i.Issuer)
	for _, code := range i.Warnings {
		if x, ok := explain.Lookup(code); ok {
			_, _ = fmt.Fprintf(w, "  ! %s %s\n", x.Message, x.Next)
		}
	}
}

type walletListCmd struct{}

func (walletListCmd) Help() string {
	return `Example:
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
	Request    string   `help:"The hospital's request." required:"" placeholder:"FILE"`
	Credential []string `help:"What to share, by its id; may be repeated. Default: what the request asks for, if that is clear." placeholder:"ID"`
	Out        string   `help:"File to write; - is stdout." default:"-" short:"o" placeholder:"FILE"`
}

func (walletPresentCmd) Help() string {
	return `Says on stderr who asks, what for, and what exactly is shared, then writes the
answer. It fits this one request and nobody else's.

Example:
  bonafide wallet present --request request.json --credential k3mw8q2a --out answer.json`
}

func (c *walletPresentCmd) Run(e *env) error {
	raw, err := e.read(c.Request, request.MaxSize)
	if err != nil {
		return err
	}
	h, w, err := e.wallet()
	if err != nil {
		return err
	}
	defer closing(e, h)
	ids := c.Credential
	if len(ids) == 0 {
		items, err := w.Candidates(e.ctx, raw)
		if err != nil {
			return err
		}
		// A register copy shows nobody's right to it: it is presented on purpose only.
		if bound := slices.DeleteFunc(slices.Clone(items), func(i wallet.Item) bool { return !i.Bound() }); len(bound) > 0 {
			items = bound
		}
		if len(items) == 0 {
			return explain.Errorf("wallet_no_credential", "nothing in the wallet is what the request asks for")
		}
		if len(items) > 1 {
			for _, i := range items {
				printItem(e.stderr, i)
			}
			return usage("%s fit the request: choose with --credential ID", plural(len(items), "credential"))
		}
		ids = []string{items[0].ID}
	}
	p, err := w.Preview(e.ctx, raw, wallet.Choice{IDs: ids})
	if err != nil {
		return err
	}
	e.say("%s says it asks (this is not proven), for %s. It will see:", p.Audience, p.Purpose)
	for _, item := range p.Items {
		e.say("  %s", strings.Join(item.Types, ", "))
		for _, f := range item.Fields {
			e.say("    %s: %s", f.Name, f.Value)
		}
	}
	for _, code := range p.Warnings {
		if x, ok := explain.Lookup(code); ok {
			e.say("  ! %s %s", x.Message, x.Next)
		}
	}
	b, err := w.Present(e.ctx, raw, wallet.Choice{IDs: ids})
	if err != nil {
		return err
	}
	return e.write(c.Out, b, "presentation")
}
