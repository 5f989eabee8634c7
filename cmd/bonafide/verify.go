package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/ledger/pack"
	"bonafide/verifier"
)

type verifyCmd struct {
	Files   []string `arg:"" name:"file" help:"Credentials or presentations, or pictures of their codes; - is stdin."`
	Request string   `help:"The request that the presentation answers." placeholder:"FILE"`
	Purpose string   `help:"privileging (data up to 24 h old), disaster (72 h) or monitoring (30 days). Default: the request's, else privileging." placeholder:"PURPOSE"`
	At      string   `help:"Give the verdict for a time that has passed, such as 2026-03-01T12:00:00Z; a date is the end of that day, UTC. Not with --request." placeholder:"TIME"`
	Policy  string   `help:"Policy file that changes the purposes' limits." placeholder:"FILE"`
	Clock   string   `help:"Give the verdict at this time and keep nothing of it; only in homes made by the demo." placeholder:"TIME"`
}

func (verifyCmd) Help() string {
	return `Gives one verdict for each file from the data that the last sync or import
left behind. It opens no connection and asks for no passphrase.

Exit codes: 0 verified, 3 rejected, 4 cannot confirm, 66 a file cannot be read.
Over several files 3 beats 66 beats 4 beats 0. A home that does not exist, or that
believes no network yet, can confirm nothing: pin one with bonafide trust pin.

With --at the verdict is about that time: keys, accreditations and dates as they
were, the status as this home kept it (docs/as-of.md), and what is known today of
keys that were stolen. How old the data is and who presents it are not asked then.

Example:
  bonafide verify --request request.json answer.json
  bonafide verify --at 2026-03-01 copies/MD-1001.json
  bonafide verify --purpose monitoring roster/*.json --json`
}

// Run gives the verdicts. Exit code 3 says "rejected" and nothing else: what
// keeps a verdict from being given has another one.
func (c *verifyCmd) Run(e *env) error {
	err := c.run(e)
	if x, _ := explain.Lookup(explain.CodeOf(err)); x.Exit == explain.ExitRefused {
		_ = complain(e.stderr, err)
		e.exit = explain.ExitNotNow
		return nil
	}
	return err
}

func (c *verifyCmd) run(e *env) error {
	opts := home.HospitalOptions{}
	now := e.now
	if c.Clock != "" {
		at, err := time.Parse(time.RFC3339, c.Clock)
		if err != nil {
			return usage("--clock takes a time such as 2026-11-21T09:00:00Z")
		}
		now = func() time.Time { return at }
	}
	var at time.Time
	if c.At != "" {
		var err error
		if at, err = pastTime(c.At); err != nil {
			return usage("--at %v", err)
		}
		if c.Request != "" {
			return usage("--at and --request do not go together: a request is answered in the present")
		}
	}
	if c.Purpose != "" {
		if _, err := verifier.ParsePurpose(c.Purpose); err != nil {
			return usage("--%v", err)
		}
	}
	if c.Policy != "" {
		b, err := e.read(c.Policy, 64<<10)
		if err != nil {
			return err
		}
		if opts.Policy, err = verifier.ParsePolicy(b); err != nil {
			return unreadable("%s is no policy file: %v", c.Policy, err)
		}
	}
	var req *request.Request
	if c.Request != "" {
		b, err := e.thing(64<<10, c.Request)
		if err != nil {
			return err
		}
		if req, err = request.Parse(b); err != nil {
			return unreadable("%s is no request: %v", c.Request, err)
		}
	}
	purpose := verifier.Purpose(c.Purpose)
	if purpose == "" && req != nil {
		purpose = verifier.Purpose(req.Purpose)
	}

	v, done, err := c.verifier(e, now, opts)
	if err != nil {
		return err
	}
	defer done()
	var results []verifier.Result
	missing := false
	things, err := e.things(maxCredential, c.Files...)
	if err != nil {
		return err
	}
	for _, t := range things {
		if t.err != nil {
			if explain.CodeOf(t.err) != "" { // others name the file themselves
				e.say("%s:", t.file)
			}
			_ = complain(e.stderr, t.err)
			missing = true
			continue
		}
		res, err := v.Verify(e.ctx, verifier.Input{File: t.file, Bytes: t.content, Request: req, Purpose: purpose, At: at})
		if err != nil {
			return err
		}
		results = append(results, res)
	}
	report := verifier.NewReport(results)
	e.exit = report.ExitCode()
	if missing && e.exit != explain.ExitRefused {
		e.exit = explain.ExitNoInput
	}
	full := freshReport{Report: report}
	// The past does not grow older, a made-up time asks nobody to act, and without
	// a home there is no data.
	if hospital, ok := v.(*home.Hospital); ok && at.IsZero() && c.Clock == "" {
		if f := e.fresh(hospital.Freshness()); f != nil && f.Level != home.Young {
			full.Freshness = f
		}
	}
	return e.answer(full, func(w io.Writer) {
		for i, r := range results {
			if i > 0 {
				_, _ = io.WriteString(w, "\n")
			}
			printResult(w, r)
		}
	})
}

// pastTime reads a time; a date is the end of that day, UTC, as in the last day
// of a validity.
func pastTime(s string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.Add(24*time.Hour - time.Second), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1970 {
		return time.Time{}, errors.New("takes a time such as 2026-11-21T09:00:00Z, or a date")
	}
	return t.UTC(), nil
}

// maxCredential is the size from which on nothing is a credential, in bytes
// (vc refuses it).
const maxCredential = 1 << 20

// judge gives verdicts: a hospital's home, or what stands in for one.
type judge interface {
	Verify(context.Context, verifier.Input) (verifier.Result, error)
}

// verifier opens the home. Where there is none the verdicts are those of a home
// that believes no network: nothing can be confirmed, but what is no credential
// is rejected all the same.
func (c *verifyCmd) verifier(e *env, now func() time.Time, opts home.HospitalOptions) (judge, func(), error) {
	dir, err := e.homeDir()
	if err != nil {
		return nil, nil, err
	}
	h, err := home.Open(dir, e.options(now))
	if explain.CodeOf(err) == "home_missing" && c.Clock == "" {
		e.say("bonafide: there is no home in %s, so no network is believed. Make one with `bonafide trust pin`, or name another with --home.", dir)
		v, err := verifier.New(verifier.Config{
			Data:   func() (*pack.Data, error) { return nil, explain.Errorf("no_trust", "there is no home") },
			Clock:  bareClock{now},
			Policy: opts.Policy,
		})
		return v, func() {}, err
	}
	if err != nil {
		return nil, nil, err
	}
	done := func() { closing(e, h) }
	if c.Clock != "" {
		if !h.Demo() {
			done()
			return nil, nil, usage("--clock works only in homes made by `bonafide demo`: elsewhere a verdict is given at the real time")
		}
		// A false clock must leave no mark, nor a kept verdict be given only once:
		// the verdict is given in a copy.
		done()
		temp, err := os.MkdirTemp("", "bonafide-clock-")
		if err != nil {
			return nil, nil, fmt.Errorf("copying the home: %w", err)
		}
		done = func() { _ = os.RemoveAll(temp) }
		copied := filepath.Join(temp, "home")
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			done()
			return nil, nil, fmt.Errorf("copying the home: %w", err)
		}
		if h, err = home.Open(copied, e.options(now)); err != nil {
			done()
			return nil, nil, err
		}
		done = func() { closing(e, h); _ = os.RemoveAll(temp) }
	}
	v, err := h.Hospital(e.ctx, opts)
	if err != nil {
		done()
		return nil, nil, err
	}
	return v, done, nil
}

// bareClock is the device's clock without a home that remembers a floor.
type bareClock struct{ now func() time.Time }

func (c bareClock) Read(context.Context) (device, floor time.Time, err error) {
	return c.now(), home.BuildTime(), nil
}

type requestCmd struct {
	Create requestCreateCmd `cmd:"" help:"Make a request for a practitioner to answer."`
}

type requestCreateCmd struct {
	Audience string        `help:"Who asks, as the practitioner reads it. Remembered for the next time." placeholder:"NAME"`
	Purpose  string        `help:"privileging, disaster or monitoring." default:"privileging"`
	Type     []string      `help:"Type of credential asked for; may be repeated." placeholder:"TYPE"`
	Claims   []string      `help:"Claims asked for, as familyName,licence.number. Default: all." placeholder:"CLAIM"`
	Format   []string      `help:"Envelopes taken, the preferred one first: vcdm, sd-jwt. Default: the practitioner's choice." placeholder:"NAME"`
	ValidFor time.Duration `help:"How long the request may be answered." default:"24h"`
	Out      string        `help:"File to write; - is stdout." default:"-" short:"o" placeholder:"FILE"`
	QR       string        `name:"qr" help:"Write it as QR codes: a .png where one holds it, a .gif, a .zip or a folder." placeholder:"FILE|DIR"`
}

func (requestCreateCmd) Help() string {
	return `Writes a request with a fresh nonce. Give the file to the practitioner, keep it
to verify the answer with: bonafide verify --request FILE ANSWER. The wallet shares
the claims that --claims names and no others, unless the practitioner adds some.

Examples:
  bonafide request create --audience "Riverside Hospital" --out request.json
  bonafide request create --claims familyName,licence.number --format sd-jwt`
}

func (c *requestCreateCmd) Run(e *env) error {
	purpose, err := verifier.ParsePurpose(c.Purpose)
	if err != nil {
		return usage("--%v", err)
	}
	var formats []string
	for _, name := range c.Format {
		f, err := parseFormat(name)
		if err != nil {
			return err
		}
		formats = append(formats, string(f))
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	v, err := h.Hospital(e.ctx, home.HospitalOptions{})
	if err != nil {
		return err
	}
	b, err := v.NewRequest(e.ctx, home.RequestOptions{
		Audience: c.Audience, Purpose: purpose, Types: c.Type, Claims: c.Claims, Formats: formats, ValidFor: c.ValidFor,
	})
	if err != nil {
		return err
	}
	return e.hand(c.Out, c.QR, b, "request")
}
