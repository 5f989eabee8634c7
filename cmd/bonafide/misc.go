package main

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/home"
)

type explainCmd struct {
	Code string `arg:"" optional:"" help:"A code, as a check or an error shows it. Without one: all codes."`
}

func (explainCmd) Help() string {
	return `Example:
  bonafide explain stale`
}

func (c *explainCmd) Run(e *env) error {
	type entry struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Who     string `json:"who"`
		Next    string `json:"next"`
		Exit    int    `json:"exit"`
	}
	list := []entry{}
	for _, x := range explain.All() {
		if c.Code == "" || x.Code == c.Code {
			list = append(list, entry{x.Code, x.Message, x.Who, x.Next, x.Exit})
		}
	}
	if len(list) == 0 {
		return usage("%q is no code of this version; `bonafide explain` lists them all", c.Code)
	}
	if c.Code == "" {
		return e.answer(list, func(w io.Writer) {
			for _, x := range list {
				_, _ = fmt.Fprintf(w, "%-28s %s\n", x.Code, x.Message)
			}
		})
	}
	x := list[0]
	return e.answer(x, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s\n  %s\n  Who acts: %s\n  Next: %s\n", x.Code, x.Message, x.Who, x.Next)
	})
}

type versionCmd struct{}

func (versionCmd) Help() string {
	return `Example:
  bonafide version --json`
}

func (versionCmd) Run(e *env) error {
	built := home.BuildTime()
	return e.answer(map[string]any{"version": home.Version(), "built": timeOrNil(built), "go": runtime.Version()}, func(w io.Writer) {
		when := "at an unknown time"
		if !built.IsZero() {
			when = stamp(built)
		}
		_, _ = fmt.Fprintf(w, "bonafide %s, built %s with %s\n", home.Version(), when, runtime.Version())
	})
}

type didCmd struct {
	Resolve didResolveCmd `cmd:"" help:"Show the document of a DID."`
}

type didResolveCmd struct {
	DID         string `arg:"" name:"did" help:"did:bonafide, did:key, did:jwk, or the did:web of a listed issuer."`
	VersionID   string `help:"The version with this number." placeholder:"N"`
	VersionTime string `help:"The version in force at this time; a date is the end of that day, UTC." placeholder:"TIME"`
}

func (didResolveCmd) Help() string {
	return `Resolves from the data that the last sync or import left behind (asOf says how old
it is; of a did:web it is when its document was fetched), and answers in JSON:
document, resolution metadata and document metadata, as DID Core names them.

Example:
  bonafide did resolve did:bonafide:ohio-x7k2m4qa:… --version-time 2026-01-01T00:00:00Z`
}

func (c *didResolveCmd) Run(e *env) error {
	id, err := did.Parse(c.DID)
	if err != nil {
		return err
	}
	opt := did.ResolveOptions{VersionID: c.VersionID}
	if c.VersionTime != "" {
		if opt.VersionTime, err = pastTime(c.VersionTime); err != nil {
			return usage("--version-time %v", err)
		}
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	r, err := h.Resolver().Resolve(e.ctx, id, opt)
	if err != nil {
		return err
	}
	type metadata struct {
		Created       *time.Time `json:"created,omitempty"`
		Updated       *time.Time `json:"updated,omitempty"`
		Deactivated   bool       `json:"deactivated"`
		VersionID     string     `json:"versionId,omitempty"`
		NextUpdate    *time.Time `json:"nextUpdate,omitempty"`
		NextVersionID string     `json:"nextVersionId,omitempty"`
	}
	set := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		t = t.UTC()
		return &t
	}
	var doc any
	if r.Document != nil {
		doc = r.Document.Members()
	}
	m := r.Metadata
	out := map[string]any{
		"didDocument":           doc,
		"didResolutionMetadata": map[string]any{"contentType": "application/did", "asOf": set(r.AsOf)},
		"didDocumentMetadata": metadata{
			set(m.Created), set(m.Updated), m.Deactivated, m.VersionID, set(m.NextUpdate), m.NextVersionID,
		},
	}
	return e.answerJSON(out) // a DID document is JSON in any case
}
