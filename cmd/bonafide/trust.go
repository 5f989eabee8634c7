package main

// What a home believes: the network, and the issuers outside it that the
// hospital lists itself.

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/ledger/pack"
	"bonafide/verifier"
)

type trustCmd struct {
	Pin    trustPinCmd    `cmd:"" help:"Believe a network from its network file on."`
	Add    trustAddCmd    `cmd:"" help:"List an issuer outside the network."`
	Remove trustRemoveCmd `cmd:"" help:"Take an issuer off that list."`
	List   trustListCmd   `cmd:"" help:"Say what this home believes, and whom it lists."`
}

type trustPinCmd struct {
	File        string   `arg:"" help:"network.json, as a board publishes it."`
	Fingerprint string   `help:"The fingerprint that you were told by another channel; without it you are asked." placeholder:"HEX"`
	Source      []string `help:"Where to sync from; may be repeated." placeholder:"URL"`
	Replace     bool     `help:"Believe this network instead of the one pinned before."`
}

func (trustPinCmd) Help() string {
	return `Shows the fingerprint of the network file. Compare it with what the board tells
you by telephone or on paper: whoever can give you a false network file can make
false licences pass.

Example:
  bonafide trust pin network.json --source http://127.0.0.1:26700`
}

func (c *trustPinCmd) Run(e *env) error {
	b, err := e.read(c.File, 1<<20)
	if err != nil {
		return err
	}
	n, err := pack.ParseNetwork(b)
	if err != nil {
		return err
	}
	if c.Fingerprint == "" {
		e.say("Network:     %s", n.ChainID)
	}
	if err := e.compare(n.Fingerprint(), c.Fingerprint, "Compare it with what the board told you by another channel."); err != nil {
		return err
	}
	h, err := e.createHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if err := h.Pin(e.ctx, n, c.Replace, c.Source); err != nil {
		return err
	}
	return e.answer(map[string]string{"network": n.ChainID, "fingerprint": n.Fingerprint()}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "This home now believes the network %s.\nIts data comes with: bonafide sync, or bonafide pack import FILE\n", n.ChainID)
	})
}

// compare holds a fingerprint against the one that the person was told, or
// shows it and asks whether it is the right one.
func (e *env) compare(fingerprint, told, how string) error {
	if told != "" {
		return pack.CheckFingerprint(fingerprint, told)
	}
	e.say("Fingerprint: %s\n%s", grouped(fingerprint), how)
	if _, ok := e.terminal(); !ok {
		return usage("nobody can be asked here: give the fingerprint that you were told with --fingerprint HEX")
	}
	_, _ = fmt.Fprint(e.stderr, "Is it the same? Type yes: ")
	got := make(chan string, 1)
	go func() {
		var word string
		_, _ = fmt.Fscanln(e.stdin, &word)
		got <- word
	}()
	select {
	case <-e.ctx.Done():
		return e.ctx.Err()
	case word := <-got:
		if word != "yes" {
			return &inputError{explain.ExitRefused, "nothing was done"}
		}
	}
	return nil
}

// listedFor is how long an entry counts unless another day is given.
const listedFor = 1 // years

type trustAddCmd struct {
	Issuer      string   `arg:"" help:"A DID (did:web, did:jwk, did:key), or a PEM file with an X.509 root." placeholder:"DID|FILE"`
	Type        []string `help:"A type of credential, or a vct, that it is trusted for; may be repeated." required:"" sep:"none" placeholder:"TYPE"`
	Until       string   `help:"The last day that the entry counts (default: a year from today)." placeholder:"DATE"`
	Name        string   `help:"What you call it." placeholder:"TEXT"`
	Fingerprint string   `help:"The root's fingerprint that you were told by another channel; without it you are asked." placeholder:"HEX"`
	Replace     bool     `help:"Put this in the place of the entry that there is."`
}

func (trustAddCmd) Help() string {
	return `Lists an issuer that no boards' network vouches for: this hospital alone decides to
believe it, for the named types, until a day. Every verdict about it says so, and
that its time is the credential's own word. Nothing is fetched now: of a did:web the
next sync brings the document. Of a root certificate the fingerprint is shown;
compare it with what the issuer tells you by telephone or on paper.

Example:
  bonafide trust add did:web:heart.example --type TrainingCertification --until 2027-06-30
  bonafide trust add root.pem --type urn:example:vct:first-aid --name "First Aid Council"`
}

func (c *trustAddCmd) Run(e *env) error {
	i := verifier.ListedIssuer{ID: c.Issuer, Name: c.Name, Types: c.Type, Until: endOfDay(e.now().AddDate(listedFor, 0, 0))}
	var fingerprint *string
	if !strings.HasPrefix(c.Issuer, "did:") {
		b, err := e.read(c.Issuer, 64<<10)
		if err != nil {
			return err
		}
		root, err := home.ReadRoot(b, e.now())
		if err != nil {
			return err
		}
		if i.Name == "" {
			i.Name = root.Name
		}
		if i.Until.After(root.NotAfter) {
			i.Until = root.NotAfter
		}
		i.ID, i.Root, fingerprint = root.ID(), root.DER, &root.Fingerprint
		if c.Fingerprint == "" {
			e.say("Root:        %s, in force until %s", root.Name, stamp(root.NotAfter))
		}
	} else if c.Fingerprint != "" {
		return usage("--fingerprint is for a root certificate; a DID is compared as it is written")
	}
	if c.Until != "" {
		day, err := time.Parse(time.DateOnly, c.Until)
		if err != nil {
			return usage("--until takes a day such as 2027-06-30")
		}
		i.Until = endOfDay(day)
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if fingerprint != nil {
		if err := e.compare(*fingerprint, c.Fingerprint, "Compare it with what the issuer told you by another channel."); err != nil {
			return err
		}
	}
	if err := h.AddIssuer(e.ctx, i, c.Replace); err != nil {
		return err
	}
	return e.answer(map[string]any{"id": i.ID, "types": i.Types, "until": i.Until, "fingerprint": fingerprint}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Listed: %s\n  for %s\n  until %s\n", i.ID, strings.Join(i.Types, ", "), stamp(i.Until))
		if strings.HasPrefix(i.ID, "did:web:") {
			_, _ = fmt.Fprintln(w, "Its document comes with: bonafide sync")
		}
	})
}

// endOfDay is the last second of a day in UTC.
func endOfDay(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 23, 59, 59, 0, time.UTC)
}

type trustRemoveCmd struct {
	ID string `arg:"" name:"id" help:"The issuer as trust list shows it: a DID, or x509: and a fingerprint."`
}

func (trustRemoveCmd) Help() string {
	return `From now on nothing of this issuer is believed, and what was fetched for it is gone.
Verdicts of before stay on record.

Example:
  bonafide trust remove did:web:heart.example`
}

func (c *trustRemoveCmd) Run(e *env) error {
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	if err := h.RemoveIssuer(e.ctx, c.ID); err != nil {
		return err
	}
	return e.answer(map[string]string{"removed": c.ID}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "No longer listed: %s\n", c.ID)
	})
}

type trustListCmd struct {
	File string `arg:"" optional:"" help:"A network file: say what it names instead. Nothing is believed by that."`
}

func (trustListCmd) Help() string {
	return `Shows the pinned network, the issuers outside it that this home lists, and how old
what was fetched of them is. With a network file it tells the fingerprint, for a
board to read out to those who were given the file.

Example:
  bonafide trust list --home ~/hospital
  bonafide trust list network.json`
}

func (c *trustListCmd) Run(e *env) error {
	if c.File != "" {
		b, err := e.read(c.File, 1<<20)
		if err != nil {
			return err
		}
		n, err := pack.ParseNetwork(b)
		if err != nil {
			return err
		}
		return e.answer(map[string]any{"network": n.ChainID, "fingerprint": n.Fingerprint(), "header": n.Height, "header_time": n.Time.UTC()}, func(w io.Writer) {
			_, _ = fmt.Fprintf(w, "%s\n  fingerprint: %s\n  header %d of %s\n", n.ChainID, n.Display(), n.Height, stamp(n.Time))
		})
	}
	h, err := e.openHome()
	if err != nil {
		return err
	}
	defer closing(e, h)
	issuers, err := h.Issuers(e.ctx)
	if err != nil {
		return err
	}
	lists, err := h.StatusLists(e.ctx)
	if err != nil {
		return err
	}
	sources, err := h.Sources()
	if err != nil {
		return err
	}
	out := map[string]any{"network": nil, "sources": sources, "issuers": issuersJSON(issuers), "status_lists": append([]home.Fetched{}, lists...)}
	t, err := h.Trust()
	pinned := explain.CodeOf(err) != "no_trust"
	if err != nil && (pinned || len(issuers) == 0) {
		return err
	}
	if pinned {
		for k, v := range map[string]any{
			"network": t.ChainID, "header": t.Height(), "header_time": t.Time().UTC(), "expires": t.Expires().UTC(),
			"validators": t.Validators(), "pinned": t.Pinned, "pinned_at": t.Since.UTC(),
		} {
			out[k] = v
		}
	}
	return e.answer(out, func(w io.Writer) {
		if pinned {
			_, _ = fmt.Fprintf(w, "%s\n  pinned %s with the fingerprint %s\n  newest believed header: %d of %s, signed by %s\n  trust ends without an import by %s\n", t.ChainID, stamp(t.Since), grouped(t.Pinned), t.Height(), stamp(t.Time()), plural(t.Validators(), "board"), stamp(t.Expires()))
		} else {
			_, _ = fmt.Fprintln(w, "No network is pinned.")
		}
		for _, s := range sources {
			_, _ = fmt.Fprintf(w, "  source: %s\n", s)
		}
		printIssuers(w, e.now(), issuers)
		for _, l := range lists {
			_, _ = fmt.Fprintf(w, "Status list %s: %s\n", l.ID, fetchedText(e.now(), l.AsOf, l.Code))
		}
	})
}

// issuersJSON is what `trust list --json` says of listed issuers.
func issuersJSON(list []home.IssuerState) []map[string]any {
	orNull := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	out := make([]map[string]any, len(list))
	for i, s := range list {
		out[i] = map[string]any{
			"id": s.ID, "name": s.Name, "types": s.Types, "until": s.Until, "added": s.Added, "in_force": s.InForce,
			"fingerprint": orNull(s.Fingerprint), "as_of": timeOrNil(s.AsOf), "code": orNull(s.Code),
		}
	}
	return out
}

func printIssuers(w io.Writer, now time.Time, list []home.IssuerState) {
	if len(list) > 0 {
		_, _ = fmt.Fprintln(w, "Issuers outside the network, which this home lists itself:")
	}
	for _, s := range list {
		until := "until"
		if !s.InForce {
			until = "RAN OUT on"
		}
		_, _ = fmt.Fprintf(w, "%s\n  %s\n  for %s\n  %s %s\n", s.ID, s.Name, strings.Join(slices.Sorted(slices.Values(s.Types)), ", "), until, stamp(s.Until))
		switch {
		case s.Root != nil:
			_, _ = fmt.Fprintf(w, "  fingerprint of the root: %s\n", grouped(s.Fingerprint))
		case strings.HasPrefix(s.ID, "did:web:"):
			_, _ = fmt.Fprintf(w, "  document: %s\n", fetchedText(now, s.AsOf, s.Code))
			if s.Fingerprint != "" {
				_, _ = fmt.Fprintf(w, "  fingerprint of the document: %s\n", grouped(s.Fingerprint))
			}
		}
	}
}

// fetchedText says how old something fetched is, and what went wrong last.
func fetchedText(now, at time.Time, code string) string {
	s := "not fetched yet"
	if !at.IsZero() {
		s = fmt.Sprintf("fetched %s (%s)", stamp(at), age(now.Sub(at)))
	}
	if code != "" {
		s += fmt.Sprintf("; the last sync brought nothing [%s]", code)
	}
	return s
}
