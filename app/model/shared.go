package model

// What was shared with whom, and when.

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/verifier"
	"bonafide/wallet"
)

// Logging is what the log needs of a wallet.
type Logging interface {
	Log(ctx context.Context) ([]wallet.Shared, error)
	Boards() ([]wallet.Board, error)
}

// SharedLine is one answer that was given.
type SharedLine struct {
	When     string
	Who      string // as they called themselves
	Odd      bool
	Purpose  string
	Licences []SharedLicence
}

// SharedLicence is one licence in it; it may be deleted since.
type SharedLicence struct {
	Title   string
	Number  string
	Board   Party
	Details string // what was shared of it
}

// SharedState is everything that the log shows.
type SharedState struct {
	Loaded  bool
	Trouble Trouble
	Query   string
	Lines   []SharedLine // those that fit the query, the newest first
	Count   string       // how many of how many
	All     int          // how many there are in the log
}

// SharedLog shows what was shared.
type SharedLog struct {
	open    func() (Logging, error)
	words   Words
	changed func()

	mu    sync.Mutex
	state SharedState
	lines []SharedLine // all, the newest first
	times []time.Time  // of lines
}

// NewSharedLog shows the log of the wallet that open gives.
func NewSharedLog(open func() (Logging, error), w Words, changed func()) *SharedLog {
	return &SharedLog{open: open, words: w, changed: changed}
}

// State is what there is to show.
func (l *SharedLog) State() SharedState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// Refresh reads the log anew.
func (l *SharedLog) Refresh(ctx context.Context) {
	var log []wallet.Shared
	var names boards
	k, err := l.open()
	if err == nil {
		log, err = k.Log(ctx)
	}
	if err == nil {
		names, _ = k.Boards() // without the data identifiers stand
	}
	if ctx.Err() != nil {
		return
	}
	l.mu.Lock()
	l.lines, l.times = nil, nil
	for _, s := range slices.Backward(log) {
		l.lines = append(l.lines, sharedLine(l.words, s, names))
		l.times = append(l.times, s.At)
	}
	l.state.Loaded, l.state.Trouble, l.state.All = true, trouble(l.words, err), len(l.lines)
	l.filter()
	l.mu.Unlock()
	l.changed()
}

// Search shows the lines that say all words of a query.
func (l *SharedLog) Search(query string) {
	l.mu.Lock()
	l.state.Query = query
	l.filter()
	l.mu.Unlock()
	l.changed()
}

// filter fills in what fits; l.mu is held.
func (l *SharedLog) filter() {
	words := strings.Fields(strings.ToLower(l.state.Query))
	l.state.Lines = nil
	for _, line := range l.lines {
		text := strings.ToLower(strings.Join(line.fields(), "\n"))
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) }) {
			l.state.Lines = append(l.state.Lines, line)
		}
	}
	l.state.Count = ""
	if len(words) > 0 {
		l.state.Count = l.words.L("{{.Some}} of {{.All}}", D{"Some": len(l.state.Lines), "All": len(l.lines)})
	}
}

// fields are everything that a line shows.
func (s SharedLine) fields() []string {
	out := []string{s.When, s.Who, s.Purpose}
	for _, l := range s.Licences {
		out = append(out, l.Title, l.Number, l.Board.Name, l.Details)
	}
	return out
}

// sharedLine puts a line of the log in words.
func sharedLine(w Words, s wallet.Shared, names boards) SharedLine {
	out := SharedLine{When: w.Stamp(s.At), Who: Plain(s.Audience), Odd: odd(s.Audience), Purpose: PurposeName(w, verifier.Purpose(s.Purpose))}
	for _, c := range s.Credentials {
		l := SharedLicence{Number: Plain(c.Number), Board: names.party(c.Issuer), Title: w.L("Credential")}
		if len(c.Types) > 0 {
			l.Title = TypeName(w, c.Types[0])
		}
		var details []string
		for _, name := range c.Claims {
			details = append(details, ClaimName(w, name))
		}
		l.Details = strings.Join(details, ", ")
		switch {
		case c.Claims == nil: // from before claims were noted
			l.Details = w.L("Everything that it says")
		case len(details) == 0:
			l.Details = w.L("No details beside what always goes with it")
		}
		out.Licences = append(out.Licences, l)
	}
	return out
}

// LogName is what the log is called as a file: nothing of who or what.
func LogName(now time.Time) string { return "shared-" + now.UTC().Format("20060102") + ".csv" }

// Export writes the whole log as a table (CSV, RFC 4180, UTF-8), whatever is
// searched for. What a spreadsheet would take for a formula is marked as text.
func (l *SharedLog) Export(out io.Writer) error {
	l.mu.Lock()
	lines, times, w := slices.Clone(l.lines), slices.Clone(l.times), l.words
	l.mu.Unlock()
	c := csv.NewWriter(out)
	c.UseCRLF = true
	rows := [][]string{{w.L("When"), w.L("Who asked"), w.L("Purpose"), w.L("Licence"), w.L("Licence number"), w.L("Issued by"), w.L("What was shared")}}
	for i, line := range lines {
		for _, s := range line.Licences {
			rows = append(rows, []string{times[i].UTC().Format(time.RFC3339), line.Who, line.Purpose, s.Title, s.Number, s.Board.Name, s.Details})
		}
	}
	for _, row := range rows {
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[i] = "'" + cell
			}
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
