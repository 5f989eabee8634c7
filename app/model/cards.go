package model

// The practitioner's licences as cards: what each permits, where, until when,
// what it stands at and as of when, and what wants attention.

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"bonafide/did"
	"bonafide/internal/card"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/words"
	"bonafide/vc"
	"bonafide/verifier"
	"bonafide/wallet"
)

// Keeping is what the cards need of a wallet.
type Keeping interface {
	All(ctx context.Context) (kept, discarded []wallet.Item, err error)
	Discard(ctx context.Context, id string) error
	PutBack(ctx context.Context, id string) error
	Delete(ctx context.Context, id string) error
	Over(wallet.Item) bool
	Boards() ([]wallet.Board, error)
	DataAge() (time.Time, error)
}

// Tone goes with a word, never without one.
type Tone int

// Tones of a licence.
const (
	Unclear Tone = iota // nothing is known, or it is too old
	Good
	Limited // may practise with conditions
	Bad
)

// Party is somebody by name. The name is fit to be shown.
type Party struct {
	Name string // where there is none: the identifier
	Odd  bool   // it holds characters that deceive
	DID  string
	Desk string // how to reach them; may be empty
}

// Card is a licence as the list shows it.
type Card struct {
	ID       string
	Title    string // its type
	Board    Party
	Number   string
	Permits  []string // what it allows, in words
	Where    string
	Until    string
	Status   string
	AsOf     string // of the status; or why there is none
	Tone     Tone
	Old      bool      // the data is too old to tell today's status
	Copy     bool      // of a register: it proves nobody's right to it
	Warnings []Trouble // what wants attention, and what to do
	Gone     string    // of a deleted one: until when it can be brought back
}

// Envelope is one form in which a licence is kept.
type Envelope struct {
	Name     string
	Says     string   // what it is good for
	Optional []string // what can be left out when it is shared
	File     string   // name to save it under
	Raw      Raw
	Bytes    []byte
}

// CardPage is everything about one licence.
type CardPage struct {
	Card
	Facts     []Fact
	Envelopes []Envelope
	Received  string
}

// CardsState is everything that the cards show.
type CardsState struct {
	Loaded  bool
	Trouble Trouble // the wallet cannot be read
	Cards   []Card  // what wants attention first
	Deleted []Card
	Data    string  // as of when the ledger data is; empty where there is none
	NoData  Trouble // why there is none, or that it is too old
}

// oldAfter is the age beyond which data tells nothing about today: the longest
// that any hospital rests a verdict on.
var oldAfter = verifier.DefaultPolicy()[verifier.Monitoring].MaxAge

// Cards are the licences of a wallet.
type Cards struct {
	open    func() (Keeping, error)
	now     Clock
	words   Words
	changed func()

	mu    sync.Mutex
	state CardsState
	items []wallet.Item // of state.Cards
	names boards
	turn  int // of the refresh that began last: an earlier one that ends later shows nothing
}

// NewCards makes the cards of the wallet that open gives. changed is called
// after every change, from whichever goroutine made it.
func NewCards(open func() (Keeping, error), now Clock, w Words, changed func()) *Cards {
	return &Cards{open: open, now: now, words: w, changed: changed}
}

// State is what there is to show.
func (c *Cards) State() CardsState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Refresh reads the wallet anew. What was deleted long enough ago goes for good.
func (c *Cards) Refresh(ctx context.Context) {
	c.mu.Lock()
	c.turn++
	turn := c.turn
	c.mu.Unlock()
	st, items, names := CardsState{Loaded: true}, []wallet.Item(nil), boards(nil)
	var aside []wallet.Item
	k, err := c.open()
	if err == nil {
		items, aside, err = k.All(ctx)
	}
	aside = slices.DeleteFunc(aside, func(it wallet.Item) bool {
		if !k.Over(it) {
			return false
		}
		if err == nil {
			err = k.Delete(ctx, it.ID)
		}
		return true
	})
	if ctx.Err() != nil {
		return
	}
	if st.Trouble = trouble(c.words, err); err == nil {
		names, st.Data, st.NoData = c.known(k)
		slices.SortStableFunc(items, func(a, b wallet.Item) int { return rank(b) - rank(a) })
		for _, it := range items {
			st.Cards = append(st.Cards, newCard(c.words, it, names, c.now()))
		}
		for _, it := range aside {
			d := newCard(c.words, it, names, c.now())
			d.Gone = c.words.L("Deleted on {{.Day}}. It can be put back until {{.Until}}.", D{
				"Day": c.words.Date(it.Discarded), "Until": c.words.Date(it.Discarded.AddDate(0, 0, wallet.KeptDays)),
			})
			st.Deleted = append(st.Deleted, d)
		}
	}
	c.mu.Lock()
	if c.turn != turn {
		c.mu.Unlock()
		return
	}
	c.state, c.items, c.names = st, items, names
	c.mu.Unlock()
	c.changed()
}

// known says which boards the data knows and how old it is.
func (c *Cards) known(k Keeping) (names boards, data string, none Trouble) {
	list, err := k.Boards()
	var asOf time.Time
	if err == nil {
		asOf, err = k.DataAge()
	}
	if err != nil {
		return nil, "", trouble(c.words, err)
	}
	age := c.now().Sub(asOf)
	if age > oldAfter {
		none = trouble(c.words, explain.Errorf("wallet_data_old", "the data is too old"))
	}
	return boards(list), c.words.L("Statuses as of {{.When}}, {{.Age}}.", D{"When": c.words.Stamp(asOf), "Age": c.words.Ago(age)}), none
}

// rank is higher for what wants attention sooner.
func rank(it wallet.Item) int {
	worst := 0
	for _, code := range it.Warnings {
		n := 1
		switch code {
		case "wallet_expires_soon", "wallet_in_grace", "wallet_may_not_practise", "wallet_conditions", "wallet_undecided":
			n = 3
		case "wallet_expired", "wallet_replaced":
			n = 2
		}
		worst = max(worst, n)
	}
	return worst
}

// Delete puts a licence aside. It returns what it was called, for the line that
// offers to undo.
func (c *Cards) Delete(ctx context.Context, id string) (title string, err error) {
	if p, ok := c.Page(id); ok {
		title = p.Title
	}
	return title, c.act(ctx, func(k Keeping) error { return k.Discard(ctx, id) })
}

// PutBack brings back what was deleted, as it was.
func (c *Cards) PutBack(ctx context.Context, id string) error {
	return c.act(ctx, func(k Keeping) error { return k.PutBack(ctx, id) })
}

// Erase removes for good what was deleted.
func (c *Cards) Erase(ctx context.Context, id string) error {
	return c.act(ctx, func(k Keeping) error { return k.Delete(ctx, id) })
}

func (c *Cards) act(ctx context.Context, f func(Keeping) error) error {
	k, err := c.open()
	if err == nil {
		err = f(k)
	}
	c.Refresh(ctx)
	return err
}

// Page is everything about one licence that is not deleted.
func (c *Cards) Page(id string) (CardPage, bool) {
	c.mu.Lock()
	i := slices.IndexFunc(c.items, func(it wallet.Item) bool { return it.ID == id })
	if i < 0 {
		c.mu.Unlock()
		return CardPage{}, false
	}
	it, names := c.items[i], c.names
	c.mu.Unlock()

	w := c.words
	p := CardPage{Card: newCard(w, it, names, c.now()), Received: w.L("Taken in on {{.When}}.", D{"When": w.Stamp(it.Received)})}
	for _, f := range it.Fields {
		p.Facts = append(p.Facts, fact(w, f))
	}
	for _, e := range it.Envelopes() {
		v := Envelope{Bytes: e.Bytes}
		v.Raw, _ = Report{raw: e.Bytes}.Raw()
		v.Name, v.Says = envelopeName(w, e.Format)
		v.File = "licence-" + e.ID + ".json"
		if e.Format == vc.SDJWT {
			v.File = "licence-" + e.ID + ".sd-jwt"
		}
		for _, name := range e.Selective {
			v.Optional = append(v.Optional, ClaimName(w, name))
		}
		p.Envelopes = append(p.Envelopes, v)
	}
	return p, true
}

// PaperName is what a printed licence is called as a file.
func PaperName(id string, size card.Size) string {
	return "licence-" + id + "-" + string(size) + ".pdf"
}

// Print writes a licence as a PDF to print: its words, and codes from which it
// verifies. Codes wallet_no_credential, and those of card.Write.
func (c *Cards) Print(id string, size card.Size, out io.Writer) error {
	c.mu.Lock()
	i := slices.IndexFunc(c.items, func(it wallet.Item) bool { return it.ID == id })
	if i < 0 {
		c.mu.Unlock()
		return explain.Errorf("wallet_no_credential", "no credential of this id")
	}
	it, names := c.items[i], c.names
	c.mu.Unlock()
	k, err := home.WalletCard(it, names, "")
	if err != nil {
		return err
	}
	return card.Write(out, card.New(c.words, k, c.now()), size)
}

// envelopeName says what a form of a licence is called, and what it is good for.
func envelopeName(w Words, f vc.Format) (name, says string) {
	if f == vc.SDJWT {
		return w.L("Selective form (SD-JWT)"), w.L("You choose which details you share.")
	}
	return w.L("Whole form (W3C)"), w.L("It is shared whole: nothing can be left out.")
}

// boards are those that the ledger data knows.
type boards []wallet.Board

// party is a board by name.
func (b boards) party(id did.DID) Party {
	p := Party{Name: Plain(string(id)), DID: string(id)}
	for _, k := range b {
		if k.DID == id && k.Name != "" {
			p.Name, p.Odd, p.Desk = Plain(k.Name), odd(k.Name), Plain(k.Contact)
		}
	}
	return p
}

// odd reports that a name came with characters that deceive. Where the name was
// read the mark of such a character may stand in its place.
func odd(s string) bool { return Plain(s) != s || strings.ContainsRune(s, '\uFFFD') }

// newCard puts a licence in words.
func newCard(w Words, it wallet.Item, names boards, now time.Time) Card {
	c := Card{ID: it.ID, Board: names.party(it.Issuer), Number: Plain(it.Number), Where: PlaceName(w, it.Jurisdiction), Copy: !it.Bound()}
	for _, t := range it.Types {
		c.Title = TypeName(w, t)
		break
	}
	if c.Title == "" {
		c.Title = w.L("Credential")
	}
	c.Permits = permits(w, it.Fields)
	c.Until = until(w, it.Credential, now)
	c.Status, c.AsOf, c.Tone, c.Old = standing(w, it, now)
	for _, code := range it.Warnings {
		if c.Old && (code == "wallet_conditions" || code == "wallet_undecided") {
			continue // it may be so no more; what ended is told all the same
		}
		message, next := w.Explain(code)
		c.Warnings = append(c.Warnings, Trouble{Code: code, Message: message, Next: next})
	}
	return c
}

// permits says what a licence allows: its profession, its specialty, its
// schedules, and its conditions.
func permits(w Words, fields []wallet.Field) []string {
	var out, schedules []string
	for _, f := range fields {
		v := Plain(f.Value)
		switch {
		case f.Name == "licence.profession":
			out = append(out, w.L("Profession: {{.What}}", D{"What": v}))
		case f.Name == "licence.specialty":
			out = append(out, w.L("Specialty: {{.What}}", D{"What": v}))
		case strings.HasPrefix(f.Name, "licence.schedules."):
			schedules = append(schedules, v)
		case strings.HasPrefix(f.Name, "licence.conditions."):
			out = append(out, w.L("Condition: {{.What}}", D{"What": v}))
		}
	}
	if len(schedules) > 0 {
		out = append(out, w.L("Schedules: {{.What}}", D{"What": strings.Join(schedules, ", ")}))
	}
	return out
}

// until says when a licence expires, and how far that is.
func until(w Words, c wallet.Credential, now time.Time) string {
	end := c.Expires
	if end.IsZero() || !c.ValidUntil.IsZero() && c.ValidUntil.Before(end) {
		end = c.ValidUntil
	}
	if end.IsZero() {
		return w.L("It does not expire.")
	}
	day := D{"Day": w.Date(end)}
	switch left := end.Sub(now); {
	case left < 0 && !c.ValidUntil.IsZero() && now.Before(c.ValidUntil):
		return w.L("Expired on {{.Day}}; the grace period runs until {{.Grace}}.", day, D{"Grace": w.Date(c.ValidUntil)})
	case left < 0:
		return w.L("Expired on {{.Day}}.", day)
	case left < 24*time.Hour:
		return w.L("Expires on {{.Day}}, within a day.", day)
	case left < wallet.SoonDays*24*time.Hour:
		return w.N("Expires on {{.Day}}, in {{.N}} days.", int(left.Hours()/24), day)
	}
	return w.L("Expires on {{.Day}}.", day)
}

// standing says what a licence stands at, and how far that can be relied on.
func standing(w Words, it wallet.Item, now time.Time) (status, asOf string, tone Tone, old bool) {
	s := it.Standing
	if s == nil {
		return w.L("Status not known"), w.L("The data on this device says nothing about it."), Unclear, false
	}
	when := D{"When": w.Stamp(s.AsOf), "Age": w.Ago(now.Sub(s.AsOf)), "Status": StatusWord(w, s.Status)}
	if now.Sub(s.AsOf) > oldAfter {
		return w.L("Status not known today"), w.L("“{{.Status}}” as of {{.When}}, {{.Age}}: too old to tell.", when), Unclear, true
	}
	switch s.MayPractise {
	case "yes":
		tone = Good
	case "with_conditions":
		tone = Limited
	case "no":
		tone = Bad
	}
	return StatusWord(w, s.Status), w.L("As of {{.When}}, {{.Age}}.", when), tone, false
}

// fact is one thing that a licence says, for people.
func fact(w Words, f wallet.Field) Fact {
	return Fact{ClaimName(w, f.Name), claimValue(w, f), odd(f.Value)}
}

// claimValue is what a claim says: days and places in the reader's words.
func claimValue(w Words, f wallet.Field) string { return words.ClaimValue(w, f.Name, Plain(f.Value)) }

// ClaimName is what a claim is called. One that nobody has put in words goes by
// its own name.
func ClaimName(w Words, name string) string { return words.ClaimName(w, Plain(name)) }

// PlaceName is a jurisdiction (ISO 3166) by name; one without a name here goes by its
// code.
func PlaceName(w Words, code string) string { return words.PlaceName(w, Plain(code)) }

// walled runs f and turns a panic into an error: what strangers sent must not
// end the program, and no word of the panic, which could quote it, is kept.
func walled(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = explain.Errorf("wallet_fault", "reading what came from outside failed")
		}
	}()
	return f()
}

// ended reports that an error is only that of an ended context.
func endedBy(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, ctx.Err())
}
