package main

// What is printed: licence cards, and letters with claim codes.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"bonafide/internal/card"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	speech "bonafide/internal/words"
	"bonafide/issuer"
	"bonafide/vc"
	"bonafide/wallet"
)

// printing are the flags of everything that writes a PDF.
type printing struct {
	Language string `help:"Language of what is printed: en, es or fr." default:"en" placeholder:"CODE"`
	Out      string `help:"PDF to write; - is stdout." required:"" short:"o" placeholder:"FILE"`
	Force    bool   `help:"Put it in the place of a file of that name."`
}

// check looks at the flags before anything is done that cannot be undone.
func (p *printing) check() (speech.Words, error) {
	w, ok := speech.In(p.Language)
	if !ok {
		return nil, usage("--language takes en, es or fr")
	}
	if p.Out == "-" || p.Force {
		return w, nil
	}
	switch _, err := os.Lstat(p.Out); {
	case err == nil:
		return nil, explain.Errorf("file_exists", "%s", p.Out)
	case !errors.Is(err, os.ErrNotExist):
		return nil, unreadable("%s cannot be written: %s", p.Out, plain(err))
	}
	return w, nil
}

func (p *printing) write(b []byte) error {
	if p.Out == "-" {
		return nil // the answer is the file, and comes last
	}
	return writeFile(p.Out, b)
}

// card writes a card. done is the answer.
func (p *printing) card(e *env, w speech.Words, c card.Checked, size string) error {
	var b bytes.Buffer
	if err := card.Write(&b, card.New(w, c, e.now()), card.Size(size)); err != nil {
		return err
	}
	return e.write(p.Out, b.Bytes(), "card")
}

type boardCardCmd struct {
	Licence string `arg:"" help:"Number of the licence, or TYPE:JURISDICTION:NUMBER."`
	Size    string `help:"Paper: a6, one page; or card, a bank card's two sides." default:"a6" placeholder:"NAME"`
	Format  string `help:"Envelope in the codes: vcdm or sd-jwt." default:"vcdm" placeholder:"NAME"`
	printing
}

func (boardCardCmd) Help() string {
	return `Prints the register copy of a licence: what it says in words, and codes from which a
hospital verifies it without any server. The copy is checked before it is printed. It
is bound to nobody: what paper cannot show is said on it.

Example:
  bonafide board card MD-204117 --size card --out card.pdf`
}

func (c *boardCardCmd) Run(e *env) error {
	w, err := c.check()
	if err != nil {
		return err
	}
	format, err := parseFormat(c.Format)
	if err != nil {
		return err
	}
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	x, err := h.BoardCard(e.ctx, b, c.Licence, format)
	if err != nil {
		return err
	}
	return c.card(e, w, x, c.Size)
}

type walletCardCmd struct {
	ID     string `arg:"" name:"id" help:"The licence, by its id in wallet list."`
	Size   string `help:"Paper: a6, one page; or card, a bank card's two sides." default:"a6" placeholder:"NAME"`
	Format string `help:"Envelope in the codes: vcdm or sd-jwt. Default: the one that came first." placeholder:"NAME"`
	printing
}

func (walletCardCmd) Help() string {
	return `Prints a licence of the wallet: what it says in words, and codes from which a
hospital verifies it without any server. On paper it does not show that it is yours:
for privileging a hospital asks for a presentation.

Example:
  bonafide wallet card k3mw8q2a --out licence.pdf`
}

func (c *walletCardCmd) Run(e *env) error {
	w, err := c.check()
	if err != nil {
		return err
	}
	format, err := parseFormat(c.Format)
	if err != nil {
		return err
	}
	h, k, err := e.wallet()
	if err != nil {
		return err
	}
	defer closing(e, h)
	x, err := walletCard(e.ctx, k, c.ID, format)
	if err != nil {
		return err
	}
	return c.card(e, w, x, c.Size)
}

// walletCard finds a licence by the id of any of its envelopes.
func walletCard(ctx context.Context, k *wallet.Wallet, id string, format vc.Format) (card.Checked, error) {
	items, err := k.List(ctx)
	if err != nil {
		return card.Checked{}, err
	}
	names, _ := k.Boards() // without data the board goes by its identifier
	for _, it := range items {
		for _, x := range it.Envelopes() {
			if x.ID == id {
				return home.WalletCard(it, names, format)
			}
		}
	}
	return card.Checked{}, explain.Errorf("wallet_no_credential", "no credential of this id")
}

type boardLettersCmd struct {
	Licences  []string      `arg:"" optional:"" name:"licence" help:"Licences by number, or TYPE:JURISDICTION:NUMBER."`
	Unclaimed bool          `help:"For all that nobody has claimed and that have no code that can still be used; at most 1000 in one file."`
	Again     bool          `help:"With --unclaimed: also for those that have such a code, which ends."`
	ValidFor  time.Duration `help:"How long the codes can be used." default:"336h"`
	Paper     string        `help:"letter (8.5 by 11 inches) or a4." default:"letter" placeholder:"NAME"`
	printing
}

func (boardLettersCmd) Help() string {
	return `Makes a claim code for each licence and a letter of one page that brings it, with a
QR code. The codes stand in that file and nowhere else: print it, then remove it. An
unused code of the same licence ends. What is interrupted leaves the letters made so
far.

Example:
  bonafide board letters --unclaimed --language es --out letters.pdf`
}

func (c *boardLettersCmd) Run(e *env) error {
	w, err := c.check()
	switch {
	case err != nil:
		return err
	case c.Unclaimed == (len(c.Licences) > 0):
		return usage("name licences, or give --unclaimed")
	case c.Again && !c.Unclaimed:
		return usage("--again goes with --unclaimed")
	}
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	from, err := h.Letterhead()
	if err != nil {
		return err
	}
	list, left, err := c.choose(e.ctx, b)
	if err != nil {
		return err
	}
	progress := e.progress()
	m := card.Mailing{
		Words: w, From: from, Paper: card.Paper(c.Paper), Life: c.ValidFor, Person: h.Actor(), Printed: e.now(),
		Far: func(done, total int) { progress("letters", done, total) },
	}
	var pdf bytes.Buffer
	done, failed := m.Write(e.ctx, &pdf, b, list)
	left += len(list) - done.Made
	if done.Made == 0 {
		return failed
	}
	// Their codes are made, and no other file will ever have them.
	if err := c.write(pdf.Bytes()); err != nil {
		return err
	}
	if failed != nil {
		e.say("%s in the file; then it ended.", plural(done.Made, "letter"))
		if c.Out == "-" {
			_, _ = e.stdout.Write(pdf.Bytes())
		}
		return failed
	}
	if c.Out == "-" {
		_, err := e.stdout.Write(pdf.Bytes())
		return err
	}
	out := map[string]any{"file": c.Out, "letters": done.Made, "left": left, "odd": len(done.Odd), "until": done.Until.UTC(), "overdue": e.overdue()}
	return e.answer(out, func(o io.Writer) {
		_, _ = fmt.Fprintf(o, "Wrote %s to %s. Their codes can be used until %s, and stand nowhere else: print the file, then remove it.\n",
			plural(done.Made, "letter"), c.Out, stamp(done.Until))
		if len(done.Odd) > 0 {
			_, _ = fmt.Fprintf(o, "In %s the name has characters that the font lacks; they stand there as [U+…].\n", plural(len(done.Odd), "letter"))
		}
		if left > 0 {
			_, _ = fmt.Fprintf(o, "%s more without a letter: run it again, into another file.\n", plural(left, "licence"))
		}
	})
}

// choose gives the licences that get a letter now, and counts those left over.
func (c *boardLettersCmd) choose(ctx context.Context, b *issuer.Board) (list []issuer.Licence, left int, err error) {
	for _, ref := range c.Licences {
		l, err := b.Find(ctx, strings.TrimSpace(ref))
		if err != nil {
			return nil, 0, err
		}
		list = append(list, l)
	}
	if !c.Unclaimed {
		return list, 0, nil
	}
	err = b.Unclaimed(ctx, func(l issuer.Licence, code time.Time) error {
		switch {
		case !code.IsZero() && !c.Again:
		case len(list) == card.MaxLetters:
			left++
		default:
			list = append(list, l)
		}
		return nil
	})
	return list, left, err
}
