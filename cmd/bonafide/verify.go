package main

import (
	"errors"
	"io"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/verifier"
)

type verifyCmd struct {
	Files   []string `arg:"" name:"file" help:"Credentials or presentations; - is stdin."`
	Request string   `help:"The request that the presentation answers." placeholder:"FILE"`
	Purpose string   `help:"privileging (data up to 24 h old), disaster (72 h) or monitoring (30 days). Default: the request's, else privileging." placeholder:"PURPOSE"`
	Policy  string   `help:"Policy file that changes the purposes' limits." placeholder:"FILE"`
	Clock   string   `help:"Give the verdict at this time; only in homes made by the demo." placeholder:"TIME"`
}

func (verifyCmd) Help() string {
	return `Gives one verdict for each file from the data that the last sync or import
left behind. It opens no connection and asks for no passphrase.

Exit codes: 0 verified, 3 rejected, 4 cannot confirm, 66 a file cannot be read.
Over several files 3 beats 66 beats 4 beats 0.

Example:
  bonafide verify --request request.json answer.json
  bonafide verify --purpose monitoring roster/*.json --json`
}

func (c *verifyCmd) Run(e *env) error {
	opts := home.HospitalOptions{}
	now := e.now
	if c.Clock != "" {
		at, err := time.Parse(time.RFC3339, c.Clock)
		if err != nil {
			return usage("--clock takes a time such as 2026-11-21T09:00:00Z")
		}
		now = func() time.Time { return at }
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
			return err
		}
	}
	var req *request.Request
	if c.Request != "" {
		b, err := e.read(c.Request, 64<<10)
		if err != nil {
			return err
		}
		if req, err = request.Parse(b); err != nil {
			return err
		}
	}
	purpose := verifier.Purpose(c.Purpose)
	if purpose == "" && req != nil {
		purpose = verifier.Purpose(req.Purpose)
	}

	h, err := e.openHomeAt(now)
	if err != nil {
		return err
	}
	defer closing(e, h)
	if c.Clock != "" && !h.Demo() {
		return usage("--clock works only in homes made by `bonafide demo`: elsewhere a verdict is given at the real time")
	}
	v, err := h.Hospital(e.ctx, opts)
	if err != nil {
		return err
	}
	var results []verifier.Result
	missing := false
	for _, name := range c.Files {
		b, err := e.read(name, 1<<20)
		if err != nil {
			var in *inputError
			if !errors.As(err, &in) {
				return err
			}
			e.say("bonafide: %v", err)
			missing = true
			continue
		}
		res, err := v.Verify(e.ctx, verifier.Input{File: name, Bytes: b, Request: req, Purpose: purpose})
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
	return e.answer(report, func(w io.Writer) {
		for i, r := range results {
			if i > 0 {
				_, _ = io.WriteString(w, "\n")
			}
			printResult(w, r)
		}
	})
}

type requestCmd struct {
	Create requestCreateCmd `cmd:"" help:"Make a request for a practitioner to answer."`
}

type requestCreateCmd struct {
	Audience string        `help:"Who asks, as the practitioner reads it. Remembered for the next time." placeholder:"NAME"`
	Purpose  string        `help:"privileging, disaster or monitoring." default:"privileging"`
	Type     []string      `help:"Type of credential asked for; may be repeated." placeholder:"TYPE"`
	ValidFor time.Duration `help:"How long the request may be answered." default:"24h"`
	Out      string        `help:"File to write; - is stdout." default:"-" short:"o" placeholder:"FILE"`
}

func (requestCreateCmd) Help() string {
	return `Writes a request with a fresh nonce. Give the file to the practitioner, keep it
to verify the answer with: bonafide verify --request FILE ANSWER.

Example:
  bonafide request create --audience "Riverside Hospital" --out request.json`
}

func (c *requestCreateCmd) Run(e *env) error {
	purpose, err := verifier.ParsePurpose(c.Purpose)
	if err != nil {
		return usage("--%v", err)
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
	b, err := v.NewRequest(e.ctx, home.RequestOptions{Audience: c.Audience, Purpose: purpose, Types: c.Type, ValidFor: c.ValidFor})
	if err != nil {
		return err
	}
	return e.write(c.Out, b, "request")
}
