package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"bonafide/did"
)

// boardKeyCmd looks after the board's own keys.
type boardKeyCmd struct {
	Rotate      boardKeyRotateCmd      `cmd:"" help:"Replace an issuing or the ledger key by a new one."`
	Csr         boardKeyCSRCmd         `cmd:"" name:"csr" help:"Ask a certification authority for a certificate of the ES256 key."`
	Certificate boardKeyCertificateCmd `cmd:"" help:"Keep the certificate that an authority gave, for new SD-JWT credentials."`
	Recover     boardKeyRecoverCmd     `cmd:"" help:"Make new keys for a board that lost its own, for the members to vote on."`
	Report      boardKeyReportCmd      `cmd:"" help:"Say that one of this board's keys was in other hands."`
	Deactivate  boardDeactivateCmd     `cmd:"" help:"End this board's identity, for good."`
}

type boardKeyRotateCmd struct {
	Use string `arg:"" enum:"issuing,issuing-es256,ledger" help:"issuing (signs VCDM credentials), issuing-es256 (signs SD-JWT credentials) or ledger (signs transactions)."`
}

func (boardKeyRotateCmd) Help() string {
	return `What the old key did stays valid: credentials are judged by the key in force when
they were anchored. If the old key may be in other hands, report it too. A board
without a key for SD-JWT credentials gets its first one by rotate issuing-es256;
the next board issue then adds them to what is out.

Example:
  bonafide board key rotate issuing --home ~/board`
}

func (c *boardKeyRotateCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	method, err := h.RotateKey(e.ctx, c.Use) // the words are those of package keys
	if err != nil {
		return err
	}
	return e.answer(map[string]string{"method": method}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "The new %s key is on the ledger: %s\n", c.Use, method)
	})
}

type boardKeyRecoverCmd struct {
	DID string `arg:"" name:"did" help:"The board's DID."`
	Out string `help:"File for the document with the new keys; - is standard output." short:"o" default:"-" placeholder:"FILE"`
}

func (boardKeyRecoverCmd) Help() string {
	return `For a board whose ledger key is lost, or whose keys somebody else may have. The home
needs the network's data (trust pin, sync) and becomes this board's, if it is
nobody's yet. Give the file to a member and read its fingerprint to them by another
way. The members vote (ledger propose recover); the new keys count once the delay
has passed, and until then whoever has an old key can be heard.

Example:
  bonafide board key recover did:bonafide:… --out new.json --home ~/board`
}

func (c *boardKeyRecoverCmd) Run(e *env) error {
	id, err := did.Parse(c.DID)
	if err != nil {
		return err
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	doc, err := h.Recovery(e.ctx, id)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(doc)
	print := grouped(hex.EncodeToString(sum[:]))
	if c.Out == "-" {
		e.say("Fingerprint: %s", print)
		return e.answer(map[string]any{"document": string(doc), "fingerprint": hex.EncodeToString(sum[:])}, func(w io.Writer) {
			_, _ = w.Write(doc)
		})
	}
	if err := writeFile(c.Out, doc); err != nil {
		return err
	}
	return e.answer(map[string]any{"file": c.Out, "fingerprint": hex.EncodeToString(sum[:])}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Wrote %s.\nFingerprint: %s\nA member proposes it: bonafide ledger propose recover %s --document FILE\n", c.Out, print, id)
	})
}

type boardKeyReportCmd struct {
	Method string `arg:"" help:"The key's verification method (a DID URL, see bonafide did resolve)."`
	From   string `help:"From when on it is not to be trusted; at most 90 days back." required:"" placeholder:"TIME"`
}

func (boardKeyReportCmd) Help() string {
	return `From that time on nothing that the key signed verifies any more, anywhere that has
synced. It is final. The next board issue replaces what fell.

Example:
  bonafide board key report did:bonafide:…#z6Mk… --from 2026-11-01T00:00:00Z`
}

func (c *boardKeyReportCmd) Run(e *env) error {
	from, err := time.Parse(time.RFC3339, c.From)
	if err != nil {
		return usage("--from takes a time such as 2026-11-21T09:00:00Z")
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if err := h.ReportKey(e.ctx, c.Method, from); err != nil {
		return err
	}
	return e.answer(map[string]any{"method": c.Method, "from": from.UTC()}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Reported from %s on.\n", stamp(from))
	})
}

type boardDeactivateCmd struct {
	Yes bool `help:"Needed, because it cannot be undone." required:""`
}

func (boardDeactivateCmd) Help() string {
	return `A member of the network must be removed by vote first.

Example:
  bonafide board key deactivate --yes`
}

func (c *boardDeactivateCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if err := h.DeactivateBoard(e.ctx); err != nil {
		return err
	}
	return e.answer(map[string]bool{"deactivated": true}, func(w io.Writer) {
		_, _ = fmt.Fprintln(w, "This board's identity has ended.")
	})
}

type boardSettingsCmd struct {
	File string `arg:"" help:"The board's rules as JSON; - is stdin."`
}

func (boardSettingsCmd) Help() string {
	return `Sets the days of grace after a licence's expiry, by type and jurisdiction; the first
rule that matches counts. They hold from the next issue on.

  {"format":1,"grace":[{"type":"ProfessionalLicence","jurisdiction":"US-OH","days":59}]}

Example:
  bonafide board settings rules.json`
}

func (c *boardSettingsCmd) Run(e *env) error {
	b, err := e.read(c.File, 1<<20)
	if err != nil {
		return err
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	s, err := h.SetBoardSettings(b)
	if err != nil {
		return err
	}
	return e.answer(s, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Kept: %s of grace.\n", plural(len(s.Grace), "rule"))
	})
}
