package model

// Letters with claim codes, and licence cards, of a board.

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"bonafide/internal/card"
	"bonafide/internal/explain"
	"bonafide/internal/words"
	"bonafide/issuer"
	"bonafide/vc"
)

// LettersBoard is what letters and cards need of a board. Who makes a code is its own
// affair.
type LettersBoard interface {
	card.Coder
	Unclaimed(ctx context.Context, f func(l issuer.Licence, code time.Time) error) error
	Find(ctx context.Context, ref string) (issuer.Licence, error)
	Letterhead() (card.Sender, error)
	Card(ctx context.Context, ref string, format vc.Format) (card.Checked, error)
}

// MadeLetters is a file of letters that is not saved yet. It is nowhere else.
type MadeLetters struct {
	Title string // how many
	Until string // how long the codes can be used
	Odd   string // names that could not be printed as they are; "" where there is none
	Left  string // licences that have no letter yet
	Name  string // to save it under
	Code  string // of a single letter, as it is printed; "" of several
	Text  []byte // what its QR code says
	Bytes []byte // the PDF
}

// LettersState is everything that there is to show.
type LettersState struct {
	Loaded   bool
	Says     string // how many have not claimed
	Out      string // how many of them have a code that can still be used; "" where none has
	Count    int    // letters that Make would make, before the bound
	Language string // of the letters
	Paper    card.Paper
	Again    bool // also for those that have a code
	Made     *MadeLetters
	Saved    bool    // the last ones are saved
	Said     string  // what became of it, where it ended early
	Trouble  Trouble // nothing can be counted
	Fault    Trouble // why making letters ended
	Version  int
}

// Letters is the writing of a board's letters: for all that nobody has claimed,
// or for licences that were chosen.
type Letters struct {
	Work *Work

	open    func() (LettersBoard, error)
	refs    []string // of chosen licences; nil: all that nobody has claimed
	now     Clock
	words   Words
	changed func()

	mu         sync.Mutex
	state      LettersState
	fresh, out int // unclaimed without and with a code
}

// NewLetters makes letters of the board that open gives, for the licences that
// refs name, or with nil for all that nobody has claimed. They are in the app's
// language until another is chosen. changed is called after every change, from
// whichever goroutine made it.
func NewLetters(open func() (LettersBoard, error), refs []string, now Clock, w Words, changed func()) *Letters {
	return &Letters{
		Work: NewWork(changed), open: open, refs: refs, now: now, words: w, changed: changed,
		state: LettersState{Language: language(w), Paper: card.USLetter, Loaded: refs != nil, Count: len(refs)},
	}
}

// State is what there is to show.
func (m *Letters) State() LettersState {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

func (m *Letters) update(f func(*LettersState)) {
	m.mu.Lock()
	f(&m.state)
	if m.refs == nil {
		if m.state.Count = m.fresh; m.state.Again {
			m.state.Count += m.out
		}
	}
	m.state.Version++
	m.mu.Unlock()
	m.changed()
}

// SetLanguage chooses the letters' language: "en", "es" or "fr".
func (m *Letters) SetLanguage(code string) { m.update(func(s *LettersState) { s.Language = code }) }

// SetPaper chooses the paper.
func (m *Letters) SetPaper(p card.Paper) { m.update(func(s *LettersState) { s.Paper = p }) }

// SetAgain says whether those get a letter, too, who have a code that can still be
// used. It ends.
func (m *Letters) SetAgain(yes bool) { m.update(func(s *LettersState) { s.Again = yes }) }

// Refresh counts who has not claimed. Run it beside the screen.
func (m *Letters) Refresh(ctx context.Context) {
	if m.refs != nil {
		return
	}
	fresh, out := 0, 0
	b, err := m.open()
	if err == nil {
		err = b.Unclaimed(ctx, func(_ issuer.Licence, code time.Time) error {
			if code.IsZero() {
				fresh++
			} else {
				out++
			}
			return ctx.Err()
		})
	}
	if ctx.Err() != nil {
		return
	}
	w := m.words
	m.update(func(s *LettersState) {
		m.fresh, m.out = fresh, out
		s.Loaded, s.Trouble, s.Says, s.Out = true, trouble(w, err), "", ""
		if err != nil {
			return
		}
		s.Says = w.L("No licence waits to be claimed.")
		if fresh+out > 0 {
			s.Says = w.N("{{.N}} licences are in nobody's wallet yet.", fresh+out)
		}
		if out > 0 {
			s.Out = w.N("{{.N}} of them have a claim code that can still be used.", out)
		}
	})
}

// errEnough ends a walk through the register.
var errEnough = errors.New("enough")

// choose gives the licences that get a letter now, and counts those left over.
func (m *Letters) choose(ctx context.Context, b LettersBoard, again bool) (list []issuer.Licence, left int, err error) {
	for _, ref := range m.refs {
		l, err := b.Find(ctx, ref)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, l)
	}
	if m.refs != nil {
		return list, 0, nil
	}
	err = b.Unclaimed(ctx, func(l issuer.Licence, code time.Time) error {
		switch {
		case ctx.Err() != nil:
			return errEnough
		case !code.IsZero() && !again:
		case len(list) == card.MaxLetters:
			left++
		default:
			list = append(list, l)
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = ctx.Err()
	}
	return list, left, err
}

// noting remembers the last code that was made.
type noting struct {
	card.Coder
	code string
}

func (n *noting) ClaimCode(ctx context.Context, ref string, o issuer.ClaimCodeOptions) (string, time.Time, error) {
	code, until, err := n.Coder.ClaimCode(ctx, ref, o)
	n.code = code
	return code, until, err
}

// Make makes codes and their letters, at most card.MaxLetters. Cancelled, it keeps
// those whose codes are made. Letters that were made before and not saved are
// forgotten. Run it beside the screen.
func (m *Letters) Make(ctx context.Context) {
	st := m.State()
	w := m.words
	var (
		done card.Mailed
		list []issuer.Licence
		left int
		pdf  bytes.Buffer
		from card.Sender
		code string
	)
	err := m.Work.Do(ctx, w.L("Making letters"), func(ctx context.Context, far func(done, total int64)) error {
		m.update(func(s *LettersState) { s.Made, s.Saved, s.Said, s.Fault = nil, false, "", Trouble{} })
		speech, ok := words.In(st.Language)
		if !ok {
			speech = words.English()
		}
		b, err := m.open()
		if err != nil {
			return err
		}
		if from, err = b.Letterhead(); err != nil {
			return err
		}
		if list, left, err = m.choose(ctx, b, st.Again); err != nil {
			return err
		}
		coder := &noting{Coder: b}
		mailing := card.Mailing{
			Words: speech, From: from, Paper: st.Paper, Printed: m.now(),
			Far: func(done, total int) { far(int64(done), int64(total)) },
		}
		done, err = mailing.Write(ctx, &pdf, coder, list)
		if len(list) == 1 {
			code = coder.code
		}
		return err
	})
	if explain.CodeOf(err) == "work_busy" {
		return
	}
	m.update(func(s *LettersState) {
		switch {
		case errors.Is(err, context.Canceled) && done.Made == 0:
			s.Said = w.L("Stopped. No code was made.")
			return
		case errors.Is(err, context.Canceled):
			s.Said = w.L("Stopped. The letters made so far are here; the other licences keep what they had.")
		case err != nil:
			s.Fault = trouble(w, err)
		}
		if done.Made == 0 {
			return
		}
		made := &MadeLetters{
			Title: w.N("{{.N}} letters are made", done.Made),
			Until: w.L("Their codes can be used until {{.Date}}, once.", D{"Date": w.Date(done.Until)}),
			Name:  "letters.pdf", Bytes: pdf.Bytes(), Code: code,
		}
		if code != "" {
			made.Until = w.L("The code can be used until {{.Date}}, once.", D{"Date": w.Date(done.Until)})
			made.Text, made.Name = card.ClaimCodeText(from.DID, code), "letter.pdf"
		}
		if n := len(done.Odd); n > 0 {
			made.Odd = w.N("{{.N}} names have characters that the paper's font lacks. They are printed as their number, as [U+4E2D]: write those names by hand.", n)
		}
		if left += len(list) - done.Made; left > 0 {
			made.Left = w.N("{{.N}} licences have no letter yet. Save these first, then make the next ones.", left)
		}
		s.Made = made
	})
	m.Refresh(ctx)
}

// Save writes the letters that were made. Code letters_none.
func (m *Letters) Save(out io.Writer) error {
	made := m.State().Made
	if made == nil {
		return explain.Errorf("letters_none", "nothing is made")
	}
	_, err := out.Write(made.Bytes)
	return err
}

// Forget forgets the letters that were made: their codes are in no other place.
// Saved says that they are in a file now.
func (m *Letters) Forget(saved bool) {
	m.update(func(s *LettersState) {
		if s.Made != nil {
			clear(s.Made.Bytes)
		}
		s.Made, s.Saved, s.Said = nil, saved, ""
	})
}

// LetterLanguages are those that a letter can be in.
func LetterLanguages() []string { return []string{"en", "es", "fr"} }

// CardFormats are the envelopes that a card can carry, the one to begin with
// first.
var CardFormats = []vc.Format{vc.VCDM, vc.SDJWT}

// CardFormatName says what an envelope is called, and what it is good for on
// paper.
func CardFormatName(w Words, f vc.Format) (name, says string) {
	name, _ = envelopeName(w, f)
	if f == vc.SDJWT {
		return name, w.L("For hospitals whose software reads this form. It often does not fit a bank card.")
	}
	return name, w.L("What most hospitals read, and the smaller one.")
}

// WriteCard prints a board's register copy of a licence. Run it beside the screen.
// Codes credential_not_ready, status_final, card_full, and those of the board.
func WriteCard(ctx context.Context, b LettersBoard, ref string, size card.Size, format vc.Format, w Words, now time.Time, out io.Writer) error {
	if !slices.Contains(CardFormats, format) {
		return explain.Errorf("credential_not_ready", "%q", string(format))
	}
	c, err := b.Card(ctx, ref, format)
	if err != nil {
		return err
	}
	return card.Write(out, card.New(w, c, now), size)
}
