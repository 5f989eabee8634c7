package main

// The nightly file: a board's register as its own system exports it.

import (
	"fmt"
	"io"
	"os"
	"strings"

	"bonafide/assets/mappings"
	"bonafide/internal/explain"
	"bonafide/issuer"
)

type boardImportCmd struct {
	File    string `arg:"" help:"The register as CSV, first line with the columns; - is stdin."`
	Mapping string `help:"Which of its columns is what: a file, or one that ships: bonafide, washington." default:"bonafide" placeholder:"FILE|NAME"`
	DryRun  bool   `help:"Say what would happen and change nothing."`
	Errors  string `help:"Write the bad rows, without what stands in them, as CSV." placeholder:"FILE"`
}

func (boardImportCmd) Help() string {
	return `A row of a licence that the register does not have adds it. A changed row is the
act that it means: a later expiry renews, another status word sets the status, any
other change replaces; what needs a second person waits for one (board approve
--all-from). What the file does not mention stays. The same file again changes
nothing, and what a person decided since is not undone by an old file. Bad rows are
reported with line, column and reason, the others go in. Exit code 3 if a row was bad.
docs/register.md shows mapping files and what each change means.

Example:
  bonafide board import licences.csv --mapping ours.json --dry-run
  bonafide board import credentials.csv --mapping washington --errors bad.csv`
}

// mapping reads a mapping file, or takes one that ships.
func (e *env) mapping(name string) (*issuer.Mapping, error) {
	raw, ok := mappings.Shipped[name]
	if !ok {
		var err error
		if raw, err = e.read(name, 1<<20); err != nil {
			return nil, err
		}
	}
	return issuer.ParseMapping(raw)
}

func (c *boardImportCmd) Run(e *env) error {
	m, err := e.mapping(c.Mapping)
	if err != nil {
		return err
	}
	in := e.stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return unreadable("%s cannot be read: %s", c.File, plain(err))
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	h, b, err := e.board()
	if err != nil {
		return err
	}
	defer closing(e, h)
	bad := issuer.NewRowErrors()
	rep, err := b.Import(e.ctx, in, m, issuer.ImportOptions{DryRun: c.DryRun, Person: h.Actor(), Progress: e.progress(), Bad: bad.Add})
	if c.Errors != "" {
		if werr := writeFile(c.Errors, bad.Bytes()); werr != nil {
			return werr
		}
	}
	if err != nil {
		return err
	}
	if !c.DryRun {
		// Statuses that the file brought go out at once; what cannot be sent now
		// is in the register, and the next board command sends it.
		if err := e.due(h, b); err != nil {
			return err
		}
	}
	if rep.Bad > 0 {
		e.exit = explain.ExitRefused
	}
	type answer struct {
		issuer.ImportReport
		Notices []string       `json:"notices"`
		Overdue map[string]any `json:"overdue"`
	}
	return e.answer(answer{rep, notices(rep.Alone), e.overdue()}, func(w io.Writer) { e.printImport(w, &rep) })
}

func (e *env) printImport(w io.Writer, rep *issuer.ImportReport) {
	verb := ""
	if rep.DryRun {
		verb = "would be "
	}
	_, _ = fmt.Fprintf(w, "%s read: %d %sadded, %d %schanged, %d unchanged, %d bad.\n", plural(rep.Rows, "row"), rep.Added, verb, rep.Changed, verb, rep.Unchanged, rep.Bad)
	if parts := importSummary(rep); len(parts) > 0 {
		_, _ = fmt.Fprintf(w, "%s.\n", strings.Join(parts, ", "))
	}
	if rep.Kept > 0 {
		_, _ = fmt.Fprintf(w, "The register does not follow %s: a person decided otherwise, or an act waits.\n", plural(rep.Kept, "row"))
	}
	if rep.Import > 0 && rep.Waiting > 0 {
		_, _ = fmt.Fprintf(w, "A second person approves them with: bonafide board approve --all-from %d --as NAME\n", rep.Import)
	}
	for _, r := range rep.BadRows {
		column := r.Column
		if column == "" {
			column = "the row"
		}
		_, _ = fmt.Fprintf(w, "  line %d, %s: %s\n", r.Line, column, r.Reason)
	}
	if rep.Bad > len(rep.BadRows) {
		_, _ = fmt.Fprintf(w, "  and %d more\n", rep.Bad-len(rep.BadRows))
	}
	e.sayNotices(w, notices(rep.Alone))
}

// importSummary puts the acts of a file into words, those that wait last.
func importSummary(rep *issuer.ImportReport) []string {
	var done, wait []string
	for _, c := range rep.Counts {
		s := actNoun(c)
		if c.State == issuer.AwaitsApproval.String() {
			verb := "wait"
			if c.Rows == 1 {
				verb = "waits"
			}
			wait = append(wait, s+" "+verb+" for approval")
		} else {
			done = append(done, s)
		}
	}
	out := append(done, wait...)
	if rep.Bad > 0 && len(out) > 0 {
		out = append(out, plural(rep.Bad, "row")+" wrong")
	}
	return out
}

func actNoun(c issuer.ActCount) string {
	switch {
	case c.Act == issuer.KindRenew:
		return plural(c.Rows, "renewal")
	case c.Act == issuer.KindReplace:
		return plural(c.Rows, "replacement")
	case c.To == "suspended":
		return plural(c.Rows, "suspension")
	case c.To == "summarily_suspended":
		return plural(c.Rows, "summary suspension")
	case c.To == "revoked":
		return plural(c.Rows, "revocation")
	case c.To == "surrendered":
		return plural(c.Rows, "surrender")
	}
	return plural(c.Rows, "change") + " to " + spoken(c.To)
}
