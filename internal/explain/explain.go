// Package explain is the one catalogue of stable codes: what each means in
// words, who has to act, and what to do next. The command line, the app and
// `bonafide explain CODE` all read it, so a code says the same everywhere.
//
// Packages report failures as *Error, which carries a code and the technical
// cause; the sentence for people is looked up here, at the edge.
package explain

import (
	"errors"
	"fmt"
	"sort"
)

// Exit codes of the command line (design: "The verdict").
const (
	ExitOK       = 0  // done, or waiting for approval; for verify: verified
	ExitRefused  = 3  // refused; for verify: rejected
	ExitNotNow   = 4  // not possible now; for verify: unconfirmed
	ExitUsage    = 64 // the command was used wrongly
	ExitNoInput  = 66 // a file cannot be read
	ExitInternal = 70 // our fault
)

// Entry is what people are told about one code.
type Entry struct {
	Code    string // stable, lower_snake_case; never reused with another meaning
	Exit    int    // exit code of a command that ends with it (Exit… above)
	Message string // one sentence: what is the case
	Who     string // who has to act: you, board, practitioner, hospital, it, nobody
	Next    string // one sentence: what to do next
}

// Error is a failure with a code from the catalogue. Detail and Err are for
// logs and developers and never hold data about a practitioner.
type Error struct {
	Code   string
	Detail string
	Err    error
}

// Errorf makes an Error; a %w in format becomes its cause.
func Errorf(code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Detail: err.Error(), Err: errors.Unwrap(err)}
}

func (e *Error) Error() string {
	if e.Detail == "" {
		return e.Code
	}
	return e.Code + ": " + e.Detail
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code an error carries, or "" where it carries none.
func CodeOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

var catalogue = map[string]Entry{}

// add registers entries; each area of the product has a file here that calls
// it once, at package initialisation.
func add(entries ...Entry) struct{} {
	for _, e := range entries {
		if _, dup := catalogue[e.Code]; dup {
			panic("explain: code registered twice: " + e.Code)
		}
		catalogue[e.Code] = e
	}
	return struct{}{}
}

// Lookup returns the entry of a code.
func Lookup(code string) (Entry, bool) {
	e, ok := catalogue[code]
	return e, ok
}

// All returns every entry, sorted by code.
func All() []Entry {
	out := make([]Entry, 0, len(catalogue))
	for _, e := range catalogue {
		out = append(out, e)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Code < out[j].Code })
	return out
}
