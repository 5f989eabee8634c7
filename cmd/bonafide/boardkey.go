package main

import (
	"fmt"
	"io"
)

type boardKeyCSRCmd struct {
	Out string `help:"File for the request; - is standard output." short:"o" default:"-" placeholder:"FILE"`
}

func (boardKeyCSRCmd) Help() string {
	return `Writes a PKCS#10 request in PEM for the key that signs SD-JWT credentials. Its subject
is the name of this board's desk, and it asks for the board's DID as a URI among the
alternative names: without that readers cannot tell that the certificate is this board's.

Example:
  bonafide board key csr -o board.csr`
}

func (c *boardKeyCSRCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	csr, err := h.CertificateRequest(e.ctx)
	if err != nil {
		return err
	}
	if c.Out != "-" {
		if err := writeFile(c.Out, csr); err != nil {
			return err
		}
		return e.answer(map[string]string{"file": c.Out}, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "Wrote %s: give it to the authority and keep what comes back with board key certificate.\n", c.Out)
		})
	}
	return e.answer(map[string]string{"request": string(csr)}, func(w io.Writer) {
		_, _ = w.Write(csr)
	})
}

type boardKeyCertificateCmd struct {
	File string `arg:"" help:"The certificate and the ones above it, in PEM, the board's own first; - is stdin."`
}

func (boardKeyCertificateCmd) Help() string {
	return `Checks that the certificate is for the key that signs SD-JWT credentials, that each is
signed by the next and none has run out, and keeps them. New SD-JWT credentials carry
them; what is out already stays as it is.

Example:
  bonafide board key certificate board-chain.pem`
}

func (c *boardKeyCertificateCmd) Run(e *env) error {
	b, err := e.read(c.File, 1<<20)
	if err != nil {
		return err
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	kept, err := h.SetCertificates(e.ctx, b)
	if err != nil {
		return err
	}
	return e.answer(kept, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Kept: %s, by %s, until %s.\n", kept.Subject, kept.Issuer, stamp(kept.Expires))
	})
}
