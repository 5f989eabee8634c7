// Command bonafide is the command line and the server of all three roles.
// What it prints on stdout is the answer and nothing else; progress and
// complaints go to stderr. Exit codes: docs/cli.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"bonafide/internal/explain"
	"bonafide/issuer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// The signal does not say which pipe it was, and a node has many: a peer that
	// hangs up must not stop it. What is written to tells by its error.
	signal.Ignore(syscall.SIGPIPE)
	code := run(ctx, os.Args[1:], os.Stdin, piped{os.Stdout, stop}, os.Stderr, time.Now)
	stop()
	os.Exit(code)
}

// piped is stdout. A reader that goes away is a wish to end like a signal: what
// was made for the time being is removed then, too.
type piped struct {
	io.Writer
	gone func()
}

func (p piped) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		p.gone()
	}
	return n, err
}

// env is what every command gets: where to read, write and what time it is.
type env struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	opt    *globals
	exit   int // exit code of a command that ended without an error

	changing          bool   // the next new passphrase is not the one that opens
	newPassphraseFile string // where it comes from; "": the terminal

	alarms issuer.Alarms // of the board that the command opened
}

// globals are the flags of every command.
type globals struct {
	Home           string `help:"Folder of the home (default: the user's data folder)." env:"BONAFIDE_HOME" placeholder:"DIR"`
	As             string `help:"Who acts, where a home has several people." placeholder:"NAME"`
	PassphraseFile string `help:"Read the passphrase from the first line of this file." env:"BONAFIDE_PASSPHRASE_FILE" placeholder:"FILE"`
	JSON           bool   `name:"json" help:"Answer in JSON."`
}

type commands struct {
	globals

	Demo    demoCmd    `cmd:"" help:"Tell the whole story on a throw-away network."`
	Ledger  ledgerCmd  `cmd:"" help:"Found, run and govern the boards' ledger."`
	Trust   trustCmd   `cmd:"" help:"Say which network this home believes, and which issuers beside it."`
	Board   boardCmd   `cmd:"" help:"The licensing board's work."`
	Wallet  walletCmd  `cmd:"" help:"The practitioner's work."`
	Request requestCmd `cmd:"" help:"Ask a practitioner to present."`
	Sync    syncCmd    `cmd:"" help:"Bring this home's ledger data up to date."`
	Pack    packCmd    `cmd:"" help:"Carry ledger data in a file."`
	Verify  verifyCmd  `cmd:"" help:"Verify credentials and presentations. Opens no connection."`
	Qr      qrCmd      `cmd:"" name:"qr" help:"Hand files over as QR codes."`
	Did     didCmd     `cmd:"" name:"did" help:"Look up decentralized identifiers."`
	HomeCmd homeCmd    `cmd:"" name:"home" help:"Look after this home."`
	Explain explainCmd `cmd:"" help:"Say what a code means."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// exitPanic carries kong's wish to end (after --help) out of the parser.
type exitPanic int

// run is main without the process around it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, now func() time.Time) (code int) {
	defer func() {
		if p := recover(); p != nil {
			if e, ok := p.(exitPanic); ok {
				code = int(e)
				return
			}
			// The wall: whatever went wrong inside, no verdict was given.
			_, _ = fmt.Fprintf(stderr, "bonafide: %v\n", p)
			code = complain(stderr, explain.Errorf("internal_error", "the program failed"))
		}
	}()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("bonafide"),
		kong.Description("A licence you can check in a second, with the network unplugged, and prove you checked it years later."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(stdout, stderr),
		kong.Exit(func(n int) { panic(exitPanic(n)) }),
	)
	if err != nil {
		return complain(stderr, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "bonafide: %v\nSee `%s --help`.\n", err, named(err))
		return explain.ExitUsage
	}
	e := &env{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr, now: now, opt: &c.globals}
	if err := k.Run(e); err != nil {
		return complain(stderr, err)
	}
	return e.exit
}

// named is as much of the command line as was understood, so that its help
// can be pointed at.
func named(err error) string {
	var p *kong.ParseError
	if !errors.As(err, &p) || p.Context == nil {
		return "bonafide"
	}
	words := []string{"bonafide"}
	for _, step := range p.Context.Path {
		if step.Command != nil {
			words = append(words, step.Command.Name)
		}
	}
	return strings.Join(words, " ")
}

// complain says what went wrong, who acts and what next, and returns the exit
// code that goes with it.
func complain(w io.Writer, err error) int {
	var in *inputError
	if errors.As(err, &in) {
		_, _ = fmt.Fprintf(w, "bonafide: %s\n", in.text)
		return in.exit
	}
	code := explain.CodeOf(err)
	entry, ok := explain.Lookup(code)
	if errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintln(w, "bonafide: cancelled. What was finished stays; the next run goes on from there.")
		return explain.ExitNotNow
	}
	if !ok || entry.Exit == explain.ExitOK {
		code = "internal_error"
		if refusedBySystem(err) {
			code = "file_refused"
		}
		entry, _ = explain.Lookup(code)
	}
	_, _ = fmt.Fprintf(w, "bonafide: %s\n  Next: %s\n  (%s)\n", entry.Message, entry.Next, detail(err, code))
	return entry.Exit
}

// refusedBySystem reports whether an error comes from a path that the person
// chose and the system does not let this program use.
func refusedBySystem(err error) bool {
	for _, e := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// detail is what the error says for those who look after the program, with the
// code once and in front.
func detail(err error, code string) string {
	return code + ": " + strings.TrimPrefix(strings.ReplaceAll(err.Error(), code+": ", ""), code)
}

// inputError is a complaint about arguments or files, with its exit code.
type inputError struct {
	exit int
	text string
}

func (e *inputError) Error() string { return e.text }

func usage(format string, args ...any) error {
	return &inputError{explain.ExitUsage, fmt.Sprintf(format, args...)}
}

func unreadable(format string, args ...any) error {
	return &inputError{explain.ExitNoInput, fmt.Sprintf(format, args...)}
}
