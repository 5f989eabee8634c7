package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/ledger/pack"
)

type syncCmd struct {
	Source []string `help:"Where to sync from, now and later; may be repeated." placeholder:"URL"`
}

func (syncCmd) Help() string {
	return `Fetches what is new, verifies it against the pinned network, and keeps it; then the
documents of issuers that trust add listed, and the status lists that verifying
asked for. This is the only command that brings data in over a network. What fails
is named, and what was there before stays with its age.

Example:
  bonafide sync --home ~/hospital`
}

func (c *syncCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if len(c.Source) > 0 {
		if err := h.SetSources(e.ctx, c.Source); err != nil {
			return err
		}
	}
	s, err := h.Sync(e.ctx)
	fresh := e.fresh(h.Freshness(nil))
	if err != nil {
		printFetched(e.stderr, s) // what came all the same
		return err
	}
	fetched := slices.Concat(s.Issuers, s.StatusLists)
	if s.Network == "" && len(fetched) > 0 && !slices.ContainsFunc(fetched, func(f home.Fetched) bool { return f.Code == "" }) {
		e.exit = explain.ExitNotNow // nothing came at all
	}
	return e.answer(struct {
		home.Synced
		Freshness *home.Freshness `json:"freshness"`
	}{s, fresh}, func(w io.Writer) {
		defer printFetched(w, s)
		if s.Network == "" {
			_, _ = fmt.Fprintln(w, "No source of ledger data is known; only what lies outside the network was looked for.")
			return
		}
		_, _ = fmt.Fprintf(w, "%s: data as of %s (%s), height %d, signed by %s; %s.\n", s.Network, stamp(s.AsOf), age(e.now().Sub(s.AsOf)), s.Height, plural(s.Validators, "board"), plural(s.Changes, "status change"))
		if !s.Crossed {
			_, _ = fmt.Fprintln(w, "Nobody cross-checked it: only one source answered.")
		}
		for _, x := range s.Sources {
			if x.Code != "" {
				_, _ = fmt.Fprintf(w, "  %s gave nothing [%s]\n", x.Address, x.Code)
			}
		}
	})
}

// printFetched tells of the listed issuers and status lists of a sync.
func printFetched(w io.Writer, s home.Synced) {
	for _, list := range [][]home.Fetched{s.Issuers, s.StatusLists} {
		for _, f := range list {
			switch {
			case f.Code == "":
				_, _ = fmt.Fprintf(w, "  %s fetched\n", f.ID)
			case f.AsOf.IsZero():
				_, _ = fmt.Fprintf(w, "  %s gave nothing [%s]\n", f.ID, f.Code)
			default:
				_, _ = fmt.Fprintf(w, "  %s gave nothing [%s]; what was fetched %s stays\n", f.ID, f.Code, stamp(f.AsOf))
			}
		}
	}
}

type packCmd struct {
	Export  packExportCmd  `cmd:"" help:"Write this home's ledger data, or a node's, into a file."`
	Import  packImportCmd  `cmd:"" help:"Take a file in."`
	Inspect packInspectCmd `cmd:"" help:"Say what a file claims to hold; nothing is proved by it."`
}

type packExportCmd struct {
	File string `arg:"" help:"File to write."`
	From uint64 `help:"Only what changed after this height (asks the node)." placeholder:"HEIGHT"`
}

func (packExportCmd) Help() string {
	return `In a home that has a node the node is asked, elsewhere it is the data that the last
sync or import left. A home that pinned the network takes the file in with pack import.

Example:
  bonafide pack export today.pack --home ~/hospital`
}

func (c *packExportCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	b, err := c.pack(e, h)
	if err != nil {
		return err
	}
	return e.write(c.File, b, "pack")
}

// pack is what the home's node has, else what the home itself verified. A
// delta only a node can make.
func (c *packExportCmd) pack(e *env, h *home.Home) ([]byte, error) {
	var buf bytes.Buffer
	address, err := h.Node()
	if err != nil {
		return nil, err
	}
	if address != "" || c.From > 0 {
		client, err := h.Client()
		if err != nil {
			return nil, err
		}
		err = client.Pack(e.ctx, c.From, &buf)
		if err == nil || c.From > 0 || e.ctx.Err() != nil {
			return buf.Bytes(), err
		}
		e.say("The node does not answer; this is what the home has.")
		buf.Reset()
	}
	err = h.ExportPack(&buf)
	return buf.Bytes(), err
}

type packImportCmd struct {
	File string `arg:"" help:"The pack; - is stdin."`
}

func (packImportCmd) Help() string {
	return `Verifies the file against the network that this home believes, like a sync. Whatever
does not hold up is refused, and the data that is there stays.

Example:
  bonafide pack import /media/usb/today.pack --home ~/hospital`
}

func (c *packImportCmd) Run(e *env) error {
	b, err := e.read(c.File, 512<<20)
	if err != nil {
		return err
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	res, err := h.Import(e.ctx, bytes.NewReader(b))
	if err != nil {
		return err
	}
	d := res.Data
	e.fresh(h.Freshness(nil))
	return e.answer(map[string]any{
		"network": d.ChainID, "height": d.Height, "as_of": d.AsOf, "validators": d.Validators,
		"delta": res.Delta, "unchanged": res.Unchanged, "status_changes": len(res.Changes),
	}, func(w io.Writer) {
		if res.Unchanged {
			_, _ = fmt.Fprintln(w, "This home has that data already.")
			return
		}
		_, _ = fmt.Fprintf(w, "%s: data as of %s (%s), height %d, signed by %s.\n", d.ChainID, stamp(d.AsOf), age(e.now().Sub(d.AsOf)), d.Height, plural(d.Validators, "board"))
	})
}

type packInspectCmd struct {
	File string `arg:"" help:"The pack; - is stdin."`
}

func (packInspectCmd) Help() string {
	return `Example:
  bonafide pack inspect today.pack`
}

func (c *packInspectCmd) Run(e *env) error {
	b, err := e.read(c.File, 512<<20)
	if err != nil {
		return err
	}
	i, err := pack.Inspect(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return e.answer(map[string]any{
		"network": i.ChainID, "delta": i.Delta, "from": i.From, "height": i.Height, "as_of": i.AsOf.UTC(), "validators": i.Validators,
		"light_blocks": i.LightBlocks, "bytes": len(b), "expanded": i.Expanded, "header": hex.EncodeToString(i.HeaderHash[:]),
		"proved": false,
	}, func(w io.Writer) {
		kind := "everything"
		if i.Delta {
			kind = fmt.Sprintf("what changed after height %d", i.From)
		}
		_, _ = fmt.Fprintf(w, "%s of %s up to height %d, header of %s claiming %s.\n%d bytes, %d expanded. Nothing of this is proved before an import.\n",
			kind, i.ChainID, i.Height, stamp(i.AsOf), plural(i.Validators, "signature"), len(b), i.Expanded)
	})
}
