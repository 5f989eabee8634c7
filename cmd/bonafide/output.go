package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"bonafide/verifier"
)

// answer prints v as JSON where --json asks for it, else what text writes.
func (e *env) answer(v any, text func(w io.Writer)) error {
	if !e.opt.JSON {
		text(e.stdout)
		return nil
	}
	return e.answerJSON(v)
}

func (e *env) answerJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = e.stdout.Write(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// say writes progress to stderr.
func (e *env) say(format string, args ...any) {
	_, _ = fmt.Fprintf(e.stderr, format+"\n", args...)
}

// read reads a file named on the command line; "-" is stdin. It never reads
// more than limit bytes.
func (e *env) read(name string, limit int64) ([]byte, error) {
	b, err := e.readSome(name, limit+1)
	if err == nil && int64(len(b)) > limit {
		return nil, unreadable("%s is larger than %d bytes", name, limit)
	}
	return b, err
}

// readSome reads no more than the first limit bytes.
func (e *env) readSome(name string, limit int64) ([]byte, error) {
	r := e.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, unreadable("%s cannot be read: %s", name, plain(err))
		}
		defer func() { _ = f.Close() }()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return nil, unreadable("%s cannot be read: %s", name, plain(err))
	}
	return b, nil
}

// plain is the reason of a file error without the call that had it.
func plain(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return l.Err.Error()
	}
	return err.Error()
}

// stamp writes a time the way people compare it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// age writes how long ago something was. Clocks that differ by a little are no
// news: a ledger's newest header is often a moment ahead of the reader.
func age(d time.Duration) string {
	switch {
	case d < -time.Minute:
		return "in the future by this machine's clock"
	case d < time.Second:
		return "just now"
	case d < 2*time.Minute:
		return plural(int(d.Seconds()), "second") + " old"
	case d < 2*time.Hour:
		return plural(int(d.Minutes()), "minute") + " old"
	case d < 72*time.Hour:
		return plural(int(d.Hours()), "hour") + " old"
	}
	return plural(int(d.Hours()/24), "day") + " old"
}

// grouped is a fingerprint in groups of four digits, for reading aloud.
func grouped(hex string) string {
	var groups []string
	for g := range slices.Chunk([]byte(hex), 4) {
		groups = append(groups, string(g))
	}
	return strings.Join(groups, " ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printResult writes a verdict for a person: the answer, what it rests on,
// then what decided it, then the rest.
func printResult(w io.Writer, r verifier.Result) {
	if r.File != "" {
		_, _ = fmt.Fprintf(w, "%s\n", r.File)
	}
	_, _ = fmt.Fprintf(w, "%s\n", r.Headline)
	for _, c := range r.Credentials {
		if c.Issuer == nil {
			_, _ = fmt.Fprintln(w, "  credential: not authentic, so nothing it says is repeated here")
			continue
		}
		kind := "of no single type,"
		if c.Type != nil {
			kind = *c.Type
		}
		_, _ = fmt.Fprintf(w, "  credential: %s from %s\n", kind, *c.Issuer)
		if c.Licence.Status != nil {
			_, _ = fmt.Fprintf(w, "  licence: %s; may practise: %s; disciplinary: %s\n",
				strings.ReplaceAll(*c.Licence.Status, "_", " "), strings.ReplaceAll(*c.Licence.MayPractise, "_", " "), yesNo(*c.Licence.Disciplinary))
		}
	}
	switch {
	case r.At != nil && r.AsOf != nil:
		// Neither age nor purpose count for the past.
		_, _ = fmt.Fprintf(w, "  asked about %s; data as of %s, signed by %s; checked %s\n",
			stamp(*r.At), stamp(*r.AsOf), plural(r.Validators, "board"), stamp(r.VerifiedAt))
	case r.AsOf != nil:
		_, _ = fmt.Fprintf(w, "  data as of %s (%s), signed by %s; purpose: %s; checked %s\n",
			stamp(*r.AsOf), age(r.VerifiedAt.Sub(*r.AsOf)), plural(r.Validators, "board"), r.Purpose, stamp(r.VerifiedAt))
	default:
		_, _ = fmt.Fprintf(w, "  no ledger data; purpose: %s; checked %s\n", r.Purpose, stamp(r.VerifiedAt))
	}
	marks := map[verifier.Outcome]string{verifier.Pass: "yes", verifier.Fail: "NO", verifier.Unknown: "unknown", verifier.Skipped: "not run"}
	for _, c := range r.Checks {
		_, _ = fmt.Fprintf(w, "  %-8s %-14s %s", marks[c.Outcome], c.ID, c.Message)
		if c.Outcome == verifier.Fail || c.Outcome == verifier.Unknown {
			_, _ = fmt.Fprintf(w, " [%s] Next (%s): %s", c.Code, c.Who, c.Next)
		}
		_, _ = fmt.Fprintln(w)
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
