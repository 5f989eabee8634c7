package model

import (
	"slices"
	"strings"
	"unicode"
)

// fingerprintRows is in how many rows a fingerprint is compared.
const fingerprintRows = 4

// Comparison is a fingerprint that a person compares with what came by another
// channel.
type Comparison struct {
	Rows    [fingerprintRows]string
	Ticked  [fingerprintRows]bool
	Typed   string
	Matches bool
	Differs string // why Typed is not the same; "" while it may become so

	own string
}

// Same reports that the fingerprint was compared, as a whole, and nothing that a
// person typed says otherwise.
func (c *Comparison) Same() bool { return sameAll(c.Ticked[:], c.Matches, c.Differs) }

func sameAll(ticked []bool, matches bool, differs string) bool {
	return matches || differs == "" && !slices.Contains(ticked, false)
}

// with is the same comparison after a person typed text; wrong is what to say
// where it can no longer become the same.
func (c Comparison) with(text, wrong string) *Comparison {
	same, differs := compared(c.own, text)
	c.Typed, c.Matches, c.Differs = text, same, ""
	if differs {
		c.Differs = wrong
	}
	return &c
}

// ticked is the same comparison after a person said that a row is the same, or
// took that back.
func (c Comparison) ticked(row int, yes bool) *Comparison {
	if row >= 0 && row < fingerprintRows {
		c.Ticked[row] = yes
	}
	return &c
}

// fingerprintInRows divides a fingerprint in groups into rows to be compared.
func fingerprintInRows(groups string) (rows [fingerprintRows]string) {
	list := strings.Fields(groups)
	each := (len(list) + fingerprintRows - 1) / fingerprintRows
	for i := range rows {
		rows[i] = strings.Join(list[min(i*each, len(list)):min((i+1)*each, len(list))], "  ")
	}
	return rows
}

// compared compares what a person types with a fingerprint: whether it is the
// same, and whether it cannot become so any more.
func compared(own, text string) (same, differs bool) {
	plain := strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == ':' || r == '-' {
			return -1
		}
		return r
	}, text))
	return plain == own, !strings.HasPrefix(own, plain)
}
