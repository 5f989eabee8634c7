package model

// Importing the register: which file, read by which mapping; first without
// changing anything, then for good.

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/assets/mappings"
	"bonafide/internal/explain"
	"bonafide/issuer"
)

// Importing is what an import needs of a board. Who imports is its own affair.
type Importing interface {
	Import(ctx context.Context, file io.Reader, m *issuer.Mapping, o issuer.ImportOptions) (issuer.ImportReport, error)
	SendDue(ctx context.Context) (int, error)
}

// ImportPhase is how far an import is.
type ImportPhase int

// Phases of an import.
const (
	ImportEmpty   ImportPhase = iota // no file is chosen
	ImportChecked                    // the file was read, nothing was changed
	ImportDone                       // the register was changed
)

// MappingChoice is a mapping that can be chosen.
type MappingChoice struct{ ID, Title string }

// RowGroup is rows of a file that mean the same.
type RowGroup struct {
	ID     string
	Title  string
	Tone   Tone // Good, Limited: somebody has to approve it, Bad: wrong
	Opens  bool // its rows can be listed
	rows   int
	listed []RowLine
}

// RowLine is one row: where it stands in the file, and what it means.
type RowLine struct {
	Line string
	Says string
}

// ImportState is everything that there is to show.
type ImportState struct {
	Phase    ImportPhase
	File     string // its name; "" where none is chosen
	Mappings []MappingChoice
	Mapping  string // id of the one that is used
	Guessed  bool   // it was chosen because its columns are in the file
	Rows     string // how far reading is, while it goes on
	Title    string // of what was found
	Summary  string // all groups in a line
	Groups   []RowGroup
	Open     string // id of the group whose rows are listed
	Lines    []RowLine
	More     string // where not all of them are listed
	Waiting  string // how many acts of it wait for a second person; "" where none does
	Said     string // what became of it, where it ended early
	Wrong    bool   // there are rows to be exported
	Notice   Trouble
	Trouble  Trouble
	Ready    bool // it can be imported
	Version  int  // grows with every change but of Rows
}

// Imports is the register's import.
type Imports struct {
	Work *Work

	open    func() (Importing, error)
	words   Words
	changed func()

	mu    sync.Mutex
	state ImportState
	file  File
	sum   [sha256.Size]byte // of the file when it was looked at
	own   *issuer.Mapping   // from a file
	named string            // of that file
	fixed bool              // a person chose the mapping
	total int               // rows of the file when it was looked at; 0: not known
	wrong []byte            // the row errors as CSV
}

// Ids of mappings.
const (
	mappingBonafide   = "bonafide"
	mappingWashington = "washington"
	mappingOwn        = "own"
)

// maxMapping is the largest mapping file, in bytes.
const maxMapping = 1 << 20

// maxListed is how many rows of a group are listed.
const maxListed = 1000

// NewImports makes an import into the register of the board that open gives.
// changed is called after every change, from whichever goroutine made it.
func NewImports(open func() (Importing, error), w Words, changed func()) *Imports {
	m := &Imports{open: open, words: w, changed: changed, Work: NewWork(changed)}
	m.reset()
	return m
}

func (m *Imports) reset() {
	m.state = ImportState{Mapping: mappingBonafide, Mappings: m.choices(), Version: m.state.Version + 1}
	m.file, m.wrong, m.fixed = File{}, nil, false
}

func (m *Imports) choices() []MappingChoice {
	out := []MappingChoice{
		{mappingBonafide, m.words.L("Bonafide's own columns")},
		{mappingWashington, m.words.L("Washington State, Department of Health")},
	}
	if m.own != nil {
		out = append(out, MappingChoice{mappingOwn, m.words.L("From a file: {{.Name}}", D{"Name": FileName(m.named)})})
	}
	return out
}

// State is what there is to show.
func (m *Imports) State() ImportState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

func (m *Imports) update(f func(*ImportState)) {
	m.mu.Lock()
	f(&m.state)
	m.state.Version++
	m.mu.Unlock()
	m.changed()
}

// ImportExample is a register file as Bonafide itself writes it, with made-up
// people.
func ImportExample() []byte {
	return []byte("number,type,jurisdiction,profession,given_name,family_name,npi,issued,expires,status,conditions\n" +
		"MD-1001,ProfessionalLicence,US-OH,Physician,Orbel,Zhquolm,1234567893,2015-01-02,2028-06-30,current,\n" +
		"MD-1002,ProfessionalLicence,US-OH,Physician,Mirvo,Tallenbrix,,2016-05-01,2027-12-31,probation,Practises under supervision\n")
}

// Kinds of files that a board takes in.
const (
	fileRegister = "register"
	fileMapping  = "mapping"
	fileClaim    = "claim" // or a picture of one
)

// boardFile says what a file is by how it begins.
func boardFile(f File) string {
	r, err := f.Open()
	if err != nil {
		return fileRegister // reading it says what is wrong
	}
	defer func() { _ = r.Close() }()
	head, err := io.ReadAll(io.LimitReader(r, maxMapping))
	text := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	switch {
	case err != nil:
		return fileRegister
	case isPicture(head), bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return fileClaim
	case !bytes.HasPrefix(text, []byte("{")):
		return fileRegister
	case bytes.Contains(text, []byte(`"columns"`)):
		return fileMapping
	}
	return fileClaim
}

// SortBoardFiles parts register files and mappings from wallets' claims, by what
// is in them. Run it beside the screen.
func SortBoardFiles(files []File) (register, claims []File) {
	for _, f := range files {
		if boardFile(f) == fileClaim {
			claims = append(claims, f)
		} else {
			register = append(register, f)
		}
	}
	return register, claims
}

// Take takes files that were dropped or chosen: a register, a mapping, or both.
// Run it beside the screen.
func (m *Imports) Take(ctx context.Context, files ...File) {
	var register []File
	mapped := false
	for _, f := range files {
		if boardFile(f) != fileRegister {
			if !m.TakeMapping(f) {
				return
			}
			mapped = true
			continue
		}
		register = append(register, f)
	}
	switch {
	case len(register) > 1:
		m.update(func(s *ImportState) {
			s.Trouble = trouble(m.words, explain.Errorf("import_several", "%d files", len(register)))
		})
	case len(register) == 1:
		m.mu.Lock()
		m.fixed = m.fixed && mapped
		m.file = register[0]
		m.mu.Unlock()
		m.Check(ctx)
	case mapped && m.State().File != "":
		m.Check(ctx)
	}
}

// TakeMapping takes a mapping file, which is used from then on, and reports
// whether it is one.
func (m *Imports) TakeMapping(f File) bool {
	var parsed *issuer.Mapping
	raw, err := readAll(f, maxMapping)
	if err == nil {
		parsed, err = issuer.ParseMapping(raw)
	}
	if err != nil {
		m.update(func(s *ImportState) { s.Trouble = trouble(m.words, err) })
		return false
	}
	m.update(func(s *ImportState) {
		m.own, m.named, m.fixed = parsed, f.Name, true
		s.Mappings, s.Mapping, s.Guessed, s.Trouble = m.choices(), mappingOwn, false, Trouble{}
	})
	return true
}

// Choose uses another mapping, and looks at the file again where there is one.
// Run it beside the screen.
func (m *Imports) Choose(ctx context.Context, id string) {
	st := m.State()
	if id == st.Mapping || !slices.ContainsFunc(st.Mappings, func(c MappingChoice) bool { return c.ID == id }) {
		return
	}
	m.update(func(s *ImportState) {
		m.fixed = true
		s.Mapping, s.Guessed = id, false
	})
	if st.File != "" {
		m.Check(ctx)
	}
}

// Clear forgets the file.
func (m *Imports) Clear() {
	m.update(func(*ImportState) { m.reset() })
}

// mapping is one of the choices, by id. It needs the lock.
func (m *Imports) mapping(id string) (*issuer.Mapping, error) {
	if id == mappingOwn {
		return m.own, nil
	}
	return issuer.ParseMapping(mappings.Shipped[id])
}

// guess chooses the mapping whose columns the file has, unless a person chose.
func (m *Imports) guess(f File) {
	m.mu.Lock()
	fixed, choices, now := m.fixed, m.state.Mappings, m.state.Mapping
	m.mu.Unlock()
	if fixed {
		return
	}
	fits := func(id string) bool {
		m.mu.Lock()
		p, err := m.mapping(id)
		m.mu.Unlock()
		if err != nil {
			return false
		}
		r, err := f.Open()
		if err != nil {
			return false
		}
		defer func() { _ = r.Close() }()
		return p.Fits(r) == nil
	}
	if fits(now) {
		return
	}
	for _, c := range choices {
		if c.ID != now && fits(c.ID) {
			m.update(func(s *ImportState) { s.Mapping, s.Guessed = c.ID, true })
			return
		}
	}
}

// Check reads the file and says what importing it would do; nothing changes. Run
// it beside the screen.
func (m *Imports) Check(ctx context.Context) {
	m.mu.Lock()
	f := m.file
	m.mu.Unlock()
	if f.Open == nil || m.Work.State().Running {
		return
	}
	m.update(func(s *ImportState) {
		name := f.Name
		if name == "" {
			name = m.words.L("Pasted text")
		}
		*s = ImportState{File: FileName(name), Mappings: s.Mappings, Mapping: s.Mapping, Version: s.Version}
		m.wrong, m.total = nil, 0
	})
	m.guess(f)
	m.run(ctx, m.words.L("Reading the file"), true)
}

// Import changes the register as the file says. Broken off, it leaves what was
// done until then, and the same file goes on from there. Run it beside the
// screen.
func (m *Imports) Import(ctx context.Context) {
	if !m.State().Ready {
		return
	}
	m.run(ctx, m.words.L("Importing"), false)
}

func (m *Imports) run(ctx context.Context, what string, dry bool) {
	m.mu.Lock()
	f, sum, total := m.file, m.sum, m.total
	mapping, err := m.mapping(m.state.Mapping)
	m.mu.Unlock()
	var rep issuer.ImportReport
	var late error
	bad := issuer.NewRowErrors()
	ended := false
	work := func(ctx context.Context, far func(done, total int64)) error {
		b, err := m.open()
		if err != nil {
			return err
		}
		h := sha256.New()
		if !dry {
			// What is done is what was shown.
			if err := hashFile(ctx, f, h); err != nil {
				return err
			}
			if [sha256.Size]byte(h.Sum(nil)) != sum {
				return explain.Errorf("import_changed", "the file is another one than was looked at")
			}
			h = sha256.New()
		}
		r, err := f.Open()
		if err != nil {
			return explain.Errorf("file_unreadable", "%w", err)
		}
		defer func() { _ = r.Close() }()
		rep, err = b.Import(ctx, io.TeeReader(r, h), mapping, issuer.ImportOptions{
			DryRun: dry, Bad: bad.Add,
			Progress: func(_ string, done, _ int) {
				m.mu.Lock()
				m.state.Rows = m.words.N("{{.N}} rows so far", done)
				m.mu.Unlock()
				far(int64(done), int64(total))
				if total == 0 {
					m.changed()
				}
			},
		})
		ended = err == nil
		if err == nil {
			if err = readRest(r, h); err == nil {
				sum = [sha256.Size]byte(h.Sum(nil))
			}
		}
		if !dry && (ended || rep.Added+rep.Changed > 0) && ctx.Err() == nil {
			_, late = b.SendDue(ctx)
		}
		return err
	}
	if err == nil {
		err = m.Work.Do(ctx, what, work)
	}
	if explain.CodeOf(err) == "work_busy" {
		return
	}
	m.update(func(s *ImportState) {
		s.Rows, s.Said, s.Notice, s.Trouble, s.Ready = "", "", Trouble{}, Trouble{}, false
		if m.sum = sum; ended {
			m.total = rep.Rows
		}
		stopped := errors.Is(err, context.Canceled)
		switch {
		case stopped && dry:
			s.Said = m.words.L("Stopped. Nothing was changed.")
			return
		case stopped:
			s.Said = m.words.N("Stopped. {{.N}} rows are done and stay so; the others were not touched. Import the same file again to go on: nothing is done twice.", rep.Added+rep.Changed+rep.Unchanged+rep.Bad)
		case err != nil:
			s.Trouble = trouble(m.words, err)
			if rep.Rows > 0 {
				s.Said = m.words.N("The file could be read as far as row {{.N}}.", rep.Rows)
			}
		case late != nil:
			s.Notice = trouble(m.words, late)
			s.Said = m.words.L("The register has all of it. What concerns the ledger could not be sent yet; it is tried again with the next work of this board.")
		}
		if err != nil && rep.Rows == 0 {
			return
		}
		m.shows(s, &rep, dry)
		if m.wrong = nil; rep.Bad > 0 {
			m.wrong = bad.Bytes()
		}
		s.Wrong = rep.Bad > 0
		s.Ready = dry && ended && rep.Added+rep.Changed > 0
		switch {
		case rep.Alone && dry && s.Said == "":
			s.Said = m.words.L("Some of this needs a second person, and this home has nobody else: it would go on with one.")
		case rep.Alone && !dry && s.Notice.Code == "":
			s.Notice = trouble(m.words, explain.Errorf("four_eyes_alone", "nobody else"))
		}
	})
}

// hashFile reads a file through a hash, no further than an import would.
func hashFile(ctx context.Context, f File, h hash.Hash) error {
	r, err := f.Open()
	if err != nil {
		return explain.Errorf("file_unreadable", "%w", err)
	}
	defer func() { _ = r.Close() }()
	for buf := make([]byte, 1<<20); ; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return explain.Errorf("file_unreadable", "%w", err)
		}
	}
}

// readRest reads what an import left of a file, which is nothing.
func readRest(r io.Reader, h hash.Hash) error {
	if _, err := io.Copy(h, r); err != nil {
		return explain.Errorf("file_unreadable", "%w", err)
	}
	return nil
}

// shows puts a report in words.
func (m *Imports) shows(s *ImportState, rep *issuer.ImportReport, dry bool) {
	w := m.words
	s.Phase, s.Title = ImportDone, w.L("This is what was done")
	if dry {
		s.Phase, s.Title = ImportChecked, w.L("This is what the file would do. Nothing is changed yet.")
	}
	s.Groups, s.Open, s.Lines, s.More, s.Waiting = nil, "", nil, "", ""
	add := func(g RowGroup) { s.Groups = append(s.Groups, g) }
	if rep.Added > 0 {
		g := RowGroup{ID: "added", Title: w.N("{{.N}} new licences", rep.Added), Tone: Good, Opens: true}
		for _, l := range rep.AddedLines[:min(len(rep.AddedLines), maxListed)] {
			g.listed = append(g.listed, RowLine{lineOf(w, l), w.L("A new licence.")})
		}
		g.rows = rep.Added
		add(g)
	}
	acts := map[string][]RowLine{}
	for i := range rep.Acts {
		a := &rep.Acts[i]
		to := ""
		if a.Act == issuer.KindStatus {
			to = a.To
		}
		id := string(a.Act) + " " + to + " " + a.State
		if len(acts[id]) < maxListed {
			acts[id] = append(acts[id], RowLine{lineOf(w, a.Line), actSays(w, a)})
		}
	}
	// What waits for somebody comes after what is done.
	counts := slices.Clone(rep.Counts)
	slices.SortStableFunc(counts, func(a, b issuer.ActCount) int { return boolInt(waits(a)) - boolInt(waits(b)) })
	for _, c := range counts {
		g := RowGroup{ID: string(c.Act) + " " + c.To + " " + c.State, Title: groupTitle(w, c), Tone: Good, Opens: true, rows: c.Rows}
		if waits(c) {
			g.Tone = Limited
		}
		g.listed = acts[g.ID]
		add(g)
	}
	if rep.Bad > 0 {
		g := RowGroup{ID: "bad", Title: w.N("{{.N}} rows wrong", rep.Bad), Tone: Bad, Opens: true, rows: rep.Bad}
		for _, b := range rep.BadRows {
			g.listed = append(g.listed, RowLine{lineOf(w, b.Line), badSays(w, b)})
		}
		add(g)
	}
	var titles []string
	for _, g := range s.Groups {
		titles = append(titles, g.Title)
	}
	s.Summary = strings.Join(titles, ", ")
	if len(titles) == 0 {
		s.Summary = w.L("The register says all of it already: there is nothing to do.")
		if rep.Rows == 0 {
			s.Summary = w.L("The file has no rows.")
		}
	}
	if rep.Kept > 0 {
		g := RowGroup{ID: "kept", Title: w.N("{{.N}} rows that the register does not follow", rep.Kept), Opens: true, rows: rep.Kept}
		for _, l := range rep.KeptLines[:min(len(rep.KeptLines), maxListed)] {
			g.listed = append(g.listed, RowLine{lineOf(w, l), w.L("Somebody decided otherwise since, or an act about it waits.")})
		}
		add(g)
	}
	if n := rep.Unchanged - rep.Kept; n > 0 {
		add(RowGroup{ID: "same", Title: w.N("{{.N}} rows say nothing new", n), rows: n})
	}
	if !dry && rep.Waiting > 0 {
		s.Waiting = w.N("{{.N}} acts of this file wait for another person's approval.", rep.Waiting)
	}
}

func waits(c issuer.ActCount) bool { return c.State == issuer.AwaitsApproval.String() }

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Show lists the rows of a group, "" those of none.
func (m *Imports) Show(id string) {
	m.update(func(s *ImportState) {
		s.Open, s.Lines, s.More = "", nil, ""
		for _, g := range s.Groups {
			if g.ID == id && g.Opens {
				s.Open, s.Lines = id, g.listed[:min(len(g.listed), maxListed)]
				if more := g.rows - len(s.Lines); more > 0 {
					s.More = m.words.N("{{.N}} more rows are not listed here.", more)
				}
			}
		}
	})
}

// WriteErrors writes the rows that are wrong as CSV: line, column, code and
// reason, nothing of what stands in them.
func (m *Imports) WriteErrors(out io.Writer) error {
	m.mu.Lock()
	b := m.wrong
	m.mu.Unlock()
	_, err := io.Copy(out, bytes.NewReader(b))
	return err
}

func lineOf(w Words, n int) string { return w.L("Line {{.Line}}", D{"Line": n}) }

// groupTitle says what acts a file brings, and how many.
func groupTitle(w Words, c issuer.ActCount) string {
	status := D{"Status": StatusWord(w, c.To)}
	if waits(c) {
		switch {
		case c.Act == issuer.KindRenew:
			return w.N("{{.N}} renewals wait for approval", c.Rows)
		case c.Act == issuer.KindReplace:
			return w.N("{{.N}} replacements wait for approval", c.Rows)
		case c.To == "suspended":
			return w.N("{{.N}} suspensions wait for approval", c.Rows)
		case c.To == "summarily_suspended":
			return w.N("{{.N}} summary suspensions wait for approval", c.Rows)
		case c.To == "revoked":
			return w.N("{{.N}} revocations wait for approval", c.Rows)
		case c.To == "surrendered":
			return w.N("{{.N}} surrenders wait for approval", c.Rows)
		}
		return w.N("{{.N}} changes to “{{.Status}}” wait for approval", c.Rows, status)
	}
	switch {
	case c.Act == issuer.KindRenew:
		return w.N("{{.N}} renewals", c.Rows)
	case c.Act == issuer.KindReplace:
		return w.N("{{.N}} replacements", c.Rows)
	case c.To == "suspended":
		return w.N("{{.N}} suspensions", c.Rows)
	case c.To == "summarily_suspended":
		return w.N("{{.N}} summary suspensions", c.Rows)
	case c.To == "revoked":
		return w.N("{{.N}} revocations", c.Rows)
	case c.To == "surrendered":
		return w.N("{{.N}} surrenders", c.Rows)
	}
	return w.N("{{.N}} changes to “{{.Status}}”", c.Rows, status)
}

// actSays says what a row means for its licence.
func actSays(w Words, a *issuer.RowAct) string {
	switch a.Act {
	case issuer.KindRenew:
		return w.L("It runs until {{.To}} instead of {{.From}}.", D{"From": dayOf(w, a.From), "To": dayOf(w, a.To)})
	case issuer.KindStatus:
		return w.L("From “{{.From}}” to “{{.To}}”.", D{"From": StatusWord(w, a.From), "To": StatusWord(w, a.To)})
	}
	var names []string
	for _, f := range a.Fields {
		names = append(names, fieldName(w, f))
	}
	return w.L("What changes: {{.Fields}}.", D{"Fields": strings.Join(names, ", ")})
}

func dayOf(w Words, s string) string {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return w.Date(t)
	}
	return s
}

// fieldName is what a field of the register is called.
func fieldName(w Words, name string) string {
	switch name {
	case "number", "jurisdiction", "profession", "issued", "expires", "conditions":
		return ClaimName(w, "licence."+name)
	case "given_name":
		return ClaimName(w, "givenName")
	case "family_name":
		return ClaimName(w, "familyName")
	case "npi":
		return ClaimName(w, "npi")
	case "type":
		return w.L("Type of licence")
	case "status":
		return w.L("Status")
	}
	return Plain(name)
}

// badSays says what is wrong with a row.
func badSays(w Words, b issuer.BadRow) string {
	what := rowProblem(w, b.Code)
	if b.Column == "" {
		return what
	}
	return w.L("Column “{{.Column}}”: {{.What}}", D{"Column": Plain(b.Column), "What": what})
}

// rowProblem puts a code of what is wrong with a row in words.
func rowProblem(w Words, code string) string {
	switch code {
	case "missing":
		return w.L("It is empty, and is needed.")
	case "bad_npi":
		return w.L("It is no provider number: ten digits, the last of which checks the others.")
	case "unknown_value":
		return w.L("It has a word that the mapping does not list.")
	case "ambiguous_date":
		return w.L("The date can be read as two different days.")
	case "bad_date":
		return w.L("It is no date as the mapping says that dates are written.")
	case "bad_dates":
		return w.L("It lies before the date of issue.")
	case "bad_type":
		return w.L("It is no type of licence.")
	case "bad_jurisdiction":
		return w.L("It is no code of a country or a state, as US-OH.")
	case "bad_number":
		return w.L("A number has 1 to 64 letters, digits, spaces and . / - and begins with a letter or digit.")
	case "too_long":
		return w.L("It is longer than a licence can show.")
	case "formula":
		return w.L("It begins like a formula of a spreadsheet.")
	case "bad_character":
		return w.L("It holds a character that cannot be seen or that changes what stands around it.")
	case "bad_utf8":
		return w.L("Its letters cannot be read: the file is not in UTF-8 there.")
	case "bad_quotes":
		return w.L("A quotation mark stands where none can be.")
	case "wrong_columns":
		return w.L("It has more or fewer columns than the first line.")
	case "duplicate":
		return w.L("An earlier row has the same licence.")
	case "status_final":
		return w.L("The licence has ended for good. Coming back is a new licence with a new number.")
	case "act_open":
		return w.L("An act about it waits. Approve, reject or cancel that first.")
	}
	message, _ := w.Explain(code)
	return message
}
