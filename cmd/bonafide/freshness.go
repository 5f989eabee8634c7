package main

// The warning that ledger data grows old: a line on stderr, whatever the answer.

import (
	"fmt"
	"strings"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/verifier"
)

// fresh warns of data that grows old and returns what the answer in JSON says of
// it: nil where there is no data, which is said elsewhere. It takes what
// home.Freshness and its like give.
func (e *env) fresh(f home.Freshness, err error) *home.Freshness {
	if err != nil {
		if explain.CodeOf(err) == "" {
			e.say("bonafide: how old the ledger data is cannot be told: %v", err)
		}
		return nil
	}
	if f.Level != home.Young {
		x, _ := explain.Lookup(f.Code)
		e.say("WARNING: %s The newest header is of %s (%s); for %s it may be %s old.%s Next (%s): %s [%s]",
			x.Message, stamp(f.AsOf), age(f.Age), f.Purpose, plural(int(f.Limit.Hours()), "hour"), silentText(f), x.Who, f.Next, f.Code)
	}
	return &f
}

// mostSilent is how many silent members a line names.
const mostSilent = 7

// silentText is a sentence about those who are silent, as far as can be told.
func silentText(f home.Freshness) string {
	if len(f.Silent) == 0 {
		return ""
	}
	var names []string
	for _, m := range f.Silent[:min(len(f.Silent), mostSilent)] {
		names = append(names, silentName(m))
	}
	if more := len(f.Silent) - mostSilent; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	if f.ByNode {
		return " Nothing is heard from " + strings.Join(names, ", ") + "."
	}
	return " Without a vote in it, silent or only late: " + strings.Join(names, ", ") + "."
}

func silentName(m home.SilentMember) string {
	if m.Name == "" {
		return m.DID.String()
	}
	return fmt.Sprintf("%s (%s)", m.Name, m.DID)
}

// freshReport is a report of verdicts, which tells of its data where that grows
// old.
type freshReport struct {
	verifier.Report
	Freshness *home.Freshness `json:"freshness,omitempty"`
}
