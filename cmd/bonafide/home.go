package main

// `bonafide home`: what a home is and holds, its passphrases, and copies of
// it that survive the machine.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"bonafide/internal/explain"
	"bonafide/internal/home"
)

type homeCmd struct {
	Info       homeInfoCmd       `cmd:"" help:"What this home is and holds."`
	Check      homeCheckCmd      `cmd:"" help:"Look for damage."`
	Backup     homeBackupCmd     `cmd:"" help:"Write everything into one encrypted file."`
	Restore    homeRestoreCmd    `cmd:"" help:"Make a new home out of a backup, or rehearse it."`
	Passphrase homePassphraseCmd `cmd:"" help:"Change the passphrase, use the system's keyring, or add a person."`
}

type homeInfoCmd struct{}

func (homeInfoCmd) Help() string {
	return `Asks for no passphrase.

Example:
  bonafide home info --home ~/hospital`
}

func (homeInfoCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	i, err := h.Info(e.ctx)
	if err != nil {
		return err
	}
	var fresh *home.Freshness
	if i.Node != "" {
		fresh = e.fresh(h.NetworkFreshness(e.ctx))
	} else {
		fresh = e.fresh(h.Freshness(nil))
	}
	return e.answer(struct {
		home.Info
		Freshness *home.Freshness `json:"freshness"`
	}{i, fresh}, func(w io.Writer) {
		kind := ""
		if i.Demo {
			kind = " (made by the demo)"
		}
		_, _ = fmt.Fprintf(w, "Home %s%s\n  roles: %s\n  people: %s\n  board: %s\n", i.Dir, kind, orNone(i.Roles), orNone(i.People), orNone(strings.Fields(i.Board)))
		if len(i.Keyring) > 0 {
			_, _ = fmt.Fprintf(w, "  opened by the system's keyring too: %s\n", orNone(i.Keyring))
		}
		if i.Trust {
			_, _ = fmt.Fprintf(w, "  network: %s; %s of ledger data\n", i.Network, byteCount(int64(i.DataBytes)))
		} else {
			_, _ = fmt.Fprintln(w, "  no network is pinned")
		}
		if fresh != nil {
			_, _ = fmt.Fprintf(w, "  newest ledger data: %s (%s)\n", stamp(fresh.AsOf), age(fresh.Age))
		}
		_, _ = fmt.Fprintf(w, "  syncs from: %s\n  asks the node: %s\n  clock floor: %s\n", orNone(i.Sources), orNone(strings.Fields(i.Node)), stamp(i.Floor))
		_, _ = fmt.Fprintf(w, "  size: %s\n  last backup: %s\n", byteCount(i.Bytes), lastBackup(i, e.now()))
		if i.Restored != nil {
			_, _ = fmt.Fprintf(w, "  brought back from a backup: %s\n", stamp(*i.Restored))
		}
	})
}

func lastBackup(i home.Info, now time.Time) string {
	if i.LastBackup == nil {
		return "never"
	}
	since := "what was done since is not known"
	if i.Acts != nil {
		since = plural(int(*i.Acts), "act") + " since"
	}
	return fmt.Sprintf("%s (%s), %s", stamp(*i.LastBackup), age(now.Sub(*i.LastBackup)), since)
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// byteCount writes a size the way people say it.
func byteCount(n int64) string {
	switch {
	case n < 10_000:
		return plural(int(n), "byte")
	case n < 10_000_000:
		return fmt.Sprintf("%d KB", n/1000)
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}

type homeCheckCmd struct {
	Full bool `help:"Also open everything that is sealed, and every private key."`
}

func (homeCheckCmd) Help() string {
	return `Checks every database and what must hold in it, looks for files that do not belong,
and opens the lists of people and keys; with --full everything that is sealed. Changes
nothing. Exit code 0: whole, 3: something is wrong.

Example:
  bonafide home check --full --home ~/board`
}

func (c *homeCheckCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	findings, err := h.Check(e.ctx, c.Full)
	if err != nil {
		return err
	}
	if findings == nil {
		findings = []home.Finding{}
	}
	if len(findings) > 0 {
		e.exit = explain.ExitRefused
	}
	return e.answer(map[string]any{"whole": len(findings) == 0, "full": c.Full, "findings": findings}, func(w io.Writer) {
		if len(findings) == 0 {
			_, _ = fmt.Fprintln(w, "The home is whole.")
		}
		for _, f := range findings {
			x, _ := explain.Lookup(f.Code)
			what := f.Code
			if f.What != "" {
				what += ": " + f.What
			}
			_, _ = fmt.Fprintf(w, "%s: %s [%s]\n  Next: %s\n", f.Path, x.Message, what, x.Next)
		}
	})
}

// backupPassphrase is where the passphrase of a backup comes from.
type backupPassphrase struct {
	BackupPassphraseFile string `help:"Read the backup's passphrase from the first line of this file." placeholder:"FILE"`
}

// from is asked for the backup's passphrase, which is not the home's.
func (c *backupPassphrase) from(e *env) func(string, bool) ([]byte, error) {
	return func(prompt string, confirm bool) ([]byte, error) {
		if c.BackupPassphraseFile != "" {
			return passphraseFrom(e, c.BackupPassphraseFile)
		}
		f, ok := e.terminal()
		if !ok {
			return nil, usage("the backup's passphrase is needed, and nobody can be asked here: give --backup-passphrase-file FILE")
		}
		return e.askTwice(f, prompt, confirm)
	}
}

type homeBackupCmd struct {
	File string `arg:"" help:"The backup; an older one there is replaced."`
	backupPassphrase
	WithoutChain bool `help:"Leave out the node with its chain and its consensus key, so that it can go on running."`
}

func (homeBackupCmd) Help() string {
	return `One encrypted file with all that the home holds, keys included, under a passphrase of
its own: asked for twice, or from --backup-passphrase-file. Other commands may run
meanwhile; the node of a network of one must be stopped or left out. Whoever has the
file and its passphrase has the home: keep the two apart. docs/homes.md tells what is
in it. Exit code 0: written whole, else nothing was.

Example:
  bonafide home backup /media/stick/board.backup --home ~/board`
}

func (c *homeBackupCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	tell, done := e.gauge("Backing up")
	made, err := h.Backup(e.ctx, c.File, home.BackupOptions{Passphrase: c.from(e), WithoutChain: c.WithoutChain, Progress: tell})
	done()
	if err != nil {
		return unplaced(err)
	}
	return e.answer(made, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Backed up the home to %s: %s, %s.\n  roles: %s\n", made.File, plural(made.Files, "file"), byteCount(made.Bytes), orNone(made.Roles))
		printKept(w, made.Chain, made.Credentials, made.Notes)
		_, _ = fmt.Fprintln(w, "Keep its passphrase apart from it, and see that it opens: bonafide home restore --rehearse FILE")
	})
}

// printKept tells what a backup and a restore have in common.
func printKept(w io.Writer, c *home.Chain, held []home.Held, notes []string) {
	if c != nil && c.Kept {
		_, _ = fmt.Fprintf(w, "  chain: %s, signed up to %d\n", c.Network, c.Height)
	}
	for _, x := range held {
		kind := "bound to this wallet"
		if !x.Bound {
			kind = "not bound to anybody"
		}
		if x.ClaimAnew {
			kind = "must be claimed anew: its key is not here"
		}
		_, _ = fmt.Fprintf(w, "  wallet: %d × %s from %s; %s\n", x.Count, strings.Join(x.Types, ", "), x.Issuer, kind)
	}
	for _, code := range notes {
		x, _ := explain.Lookup(code)
		_, _ = fmt.Fprintf(w, "  Note: %s [%s]\n    Next: %s\n", x.Message, code, x.Next)
	}
}

// unplaced gives a path that the system refuses the exit code of files. What
// is cancelled here leaves nothing to go on from.
func unplaced(err error) error {
	if errors.Is(err, context.Canceled) {
		return &inputError{explain.ExitNotNow, "cancelled; nothing was left behind"}
	}
	if explain.CodeOf(err) == "" && (errors.Is(err, os.ErrNotExist) || refusedBySystem(err)) {
		return unreadable("the file cannot be used: %s", plain(err))
	}
	return err
}

// gauge shows on a terminal how far a piece of work is, and on what is none a
// line for each quarter of long ones. done ends the line.
func (e *env) gauge(what string) (tell func(done, total int64), done func()) {
	f, ok := e.stderr.(*os.File)
	live := ok && term.IsTerminal(int(f.Fd()))
	last := int64(-1)
	const long = 256 << 20
	tell = func(n, total int64) {
		if total <= 0 || !live && total < long {
			return
		}
		percent := min(100*n/total, 100)
		if !live {
			percent -= percent % 25
		}
		if percent == last {
			return
		}
		last = percent
		if live {
			_, _ = fmt.Fprintf(e.stderr, "\r%s: %d %% (Ctrl-C leaves nothing behind)", what, percent)
		} else {
			e.say("%s: %d %%", what, percent)
		}
	}
	return tell, func() {
		if live && last >= 0 {
			_, _ = fmt.Fprintln(e.stderr)
		}
	}
}

type homeRestoreCmd struct {
	File string `arg:"" help:"A file that home backup wrote."`
	backupPassphrase
	Rehearse          bool     `help:"Go through everything and leave nothing behind."`
	ResetPassphrase   bool     `help:"Give --as NAME, or the only person, a new passphrase."`
	NewPassphraseFile string   `help:"Read the new passphrase from the first line of this file." placeholder:"FILE"`
	WithoutChain      bool     `help:"Leave out the node that the backup holds."`
	Pack              []string `help:"A pack or network file of a network of one: a chain that is behind it is not brought back. May be repeated." placeholder:"FILE"`
	Offline           bool     `help:"Do not ask the home's sources how far the network is."`
}

func (homeRestoreCmd) Help() string {
	return `Makes a new home in --home DIR, which must not exist or be empty. Everything is unpacked
beside it, checked, and only then gets its name; whatever goes wrong leaves nothing.
Each person's passphrase stays what it was when the backup was made; --reset-passphrase
is for who forgot it. Requests and claim codes that were open then are closed.

A member of a larger network does not get its consensus key back. The only member of a
network does, unless somebody has seen more of its chain: give each pack or network
file that you can find with --pack. The home's own sources are asked, and nobody else.
Two copies of one node that both run destroy a network: docs/homes.md.

Examples:
  bonafide home restore /media/stick/board.backup --rehearse
  bonafide home restore /media/stick/board.backup --home ~/board --pack hospital.pack`
}

func (c *homeRestoreCmd) Run(e *env) error {
	if c.NewPassphraseFile != "" && !c.ResetPassphrase {
		return usage("--new-passphrase-file goes with --reset-passphrase")
	}
	dir, err := e.homeDir()
	if err != nil {
		return err
	}
	e.changing, e.newPassphraseFile = true, c.NewPassphraseFile
	tell, done := e.gauge("Restoring")
	res, err := home.Restore(e.ctx, c.File, dir, e.options(e.now), home.RestoreOptions{
		Passphrase: c.from(e), Rehearse: c.Rehearse, ResetPassphrase: c.ResetPassphrase, WithoutChain: c.WithoutChain,
		Packs: c.Pack, Offline: c.Offline, Progress: tell,
	})
	done()
	if err != nil {
		return unplaced(err)
	}
	return e.answer(res, func(w io.Writer) {
		if res.Rehearsed {
			_, _ = fmt.Fprintf(w, "The backup of %s opens: %s, %s, whole. Nothing was kept.\n", stamp(res.Created), plural(res.Files, "file"), byteCount(res.Bytes))
		} else {
			_, _ = fmt.Fprintf(w, "Brought the home back as of %s to %s: %s, %s.\n", stamp(res.Created), res.Dir, plural(res.Files, "file"), byteCount(res.Bytes))
		}
		_, _ = fmt.Fprintf(w, "  roles: %s\n  people: %s\n", orNone(res.Roles), orNone(res.People))
		if len(res.Keyring) > 0 {
			_, _ = fmt.Fprintf(w, "  needs the passphrase again, no keyring: %s\n", orNone(res.Keyring))
		}
		if res.Requests+res.Codes > 0 || res.Batches > 0 {
			_, _ = fmt.Fprintf(w, "  closed: %s, %s; batches to be issued anew: %d\n",
				plural(int(res.Requests), "open request"), plural(int(res.Codes), "open claim code"), res.Batches)
		}
		for _, s := range res.Sources {
			said := "answered"
			if s.Code != "" {
				said = "gave nothing [" + s.Code + "]"
			}
			_, _ = fmt.Fprintf(w, "  asked %s: %s\n", s.Address, said)
		}
		printKept(w, res.Chain, res.Credentials, res.Notes)
	})
}

type homePassphraseCmd struct {
	NewPassphraseFile string `help:"Read the new passphrase from the first line of this file." placeholder:"FILE"`
	Keyring           string `help:"on: let the system's keyring open the home, too; off: no more. The passphrase stays." enum:"on,off,-" default:"-" placeholder:"on|off"`
	Add               string `help:"Add a person with a passphrase of their own." placeholder:"NAME"`
}

func (homePassphraseCmd) Help() string {
	return `Asks for the old passphrase and twice for the new one. The data is not sealed
anew: only the key that opens it is wrapped anew, in one step. In a home of several
people each has their own: say whose with --as NAME.

With --keyring on the system's keyring (of a desktop session) opens the home, too;
where there is none it is said, and nothing is changed. From the second person on, some
acts of a board want the approval of another one.

Examples:
  bonafide home passphrase --home ~/wallet
  bonafide home passphrase --keyring on --home ~/wallet
  bonafide home passphrase --add "Orla Finch" --home ~/board`
}

func (c *homePassphraseCmd) Run(e *env) error {
	if c.Keyring != "-" && (c.Add != "" || c.NewPassphraseFile != "") {
		return usage("--keyring changes no passphrase: give it alone")
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	e.changing, e.newPassphraseFile = true, c.NewPassphraseFile
	switch {
	case c.Keyring != "-":
		if err := h.UseKeyring(e.ctx, c.Keyring == "on"); err != nil {
			return err
		}
		return e.answer(map[string]bool{"keyring": c.Keyring == "on"}, func(w io.Writer) {
			if c.Keyring == "on" {
				_, _ = fmt.Fprintf(w, "The keyring opens the home for %s, too. The passphrase stays.\n", h.Actor())
			} else {
				_, _ = fmt.Fprintf(w, "The keyring opens nothing for %s any more.\n", h.Actor())
			}
		})
	case c.Add != "":
		if err := h.AddPerson(e.ctx, c.Add); err != nil {
			return err
		}
		return e.answer(map[string]string{"added": c.Add}, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "%s belongs to this home now and says so with --as.\n", c.Add)
		})
	}
	if err := h.ChangePassphrase(e.ctx); err != nil {
		return err
	}
	return e.answer(map[string]bool{"changed": true}, func(w io.Writer) {
		_, _ = fmt.Fprintln(w, "The passphrase is changed.")
	})
}
