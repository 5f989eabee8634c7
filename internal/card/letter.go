package card

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/qr"
	"bonafide/internal/text"
	"bonafide/internal/words"
	"bonafide/issuer"
)

// Paper is what a letter is printed on.
type Paper string

// Papers.
const (
	USLetter Paper = "letter" // 8.5 × 11 inches
	A4       Paper = "a4"
)

// Papers lists them in the order of a picker.
var Papers = []Paper{USLetter, A4}

// MaxLetters is how many letters go into one file: what an office prints and
// folds in a day, and what a program that shows the file can open.
const MaxLetters = 1000

// Sender is the board that writes.
type Sender struct {
	Name    string // as people read it; "" where its document says none
	Contact string // where people reach its desk; may be empty
	DID     did.DID
}

// Coder makes claim codes, as issuer.Board does.
type Coder interface {
	ClaimCode(ctx context.Context, ref string, o issuer.ClaimCodeOptions) (code string, until time.Time, err error)
}

// Mailing says how letters are written.
type Mailing struct {
	Words   words.Words // of the letters' language
	From    Sender
	Paper   Paper         // "": USLetter
	Life    time.Duration // of the codes; 0: as ClaimCode has it
	Person  string        // who makes them
	Printed time.Time
	Far     func(done, total int) // told after each letter; may be nil
}

// Mailed says what became of a mailing.
type Mailed struct {
	Made int // letters in the file
	// Odd are the places, in the list of licences, of letters in which a name has
	// characters that the font lacks: there the paper has their code points.
	Odd []int
	// Until is the first day on which a code of them runs out.
	Until time.Time
}

// Write makes a claim code for each licence, in their order, and writes one PDF
// with a letter of a page for each. A code stands in its letter and nowhere
// else, so the file is to be kept from others and printed at once; earlier codes
// of the same licences, if they were not used, end.
//
// What goes wrong, or is cancelled, ends the work between two letters: those
// made before are written all the same, and the error is returned. Codes
// card_size, letters_none, letters_many, and those of ClaimCode.
func (m Mailing) Write(ctx context.Context, w io.Writer, c Coder, ls []issuer.Licence) (Mailed, error) {
	var done Mailed
	p := &page{}
	switch m.Paper {
	case USLetter, "":
		p.w, p.h = 215.9, 279.4
	case A4:
		p.w, p.h = 210, 297
	default:
		return done, explain.Errorf("card_size", "%q", string(m.Paper))
	}
	switch {
	case len(ls) == 0:
		return done, explain.Errorf("letters_none", "no licence")
	case len(ls) > MaxLetters:
		return done, explain.Errorf("letters_many", "%d letters", len(ls))
	}
	if err := p.open(words.Language(m.Words), m.Words.L("Letters with claim codes"), m.Printed); err != nil {
		return done, err
	}
	p.pdf.AddUTF8FontFromBytes("code", "", gomonobold.TTF)
	var stop error
	for i := range ls {
		if stop = ctx.Err(); stop != nil {
			break
		}
		code, until, err := c.ClaimCode(ctx, ls[i].Record.Key.Ref(), issuer.ClaimCodeOptions{Life: m.Life, Person: m.Person})
		if err != nil {
			stop = err
			break
		}
		if err := m.letter(p, &ls[i].Record, code, until); err != nil {
			stop = err
			break
		}
		if !Printable(Name(&ls[i].Record)) || !Printable(ls[i].Record.Profession) {
			done.Odd = append(done.Odd, i)
		}
		if done.Made == 0 || until.Before(done.Until) {
			done.Until = until
		}
		if done.Made++; m.Far != nil {
			m.Far(done.Made, len(ls))
		}
	}
	if done.Made == 0 {
		return done, stop
	}
	if err := p.output(w); err != nil {
		return done, err
	}
	return done, stop
}

// Name is whom a letter goes to.
func Name(r *issuer.Record) string { return strings.TrimSpace(r.GivenName + " " + r.FamilyName) }

// Printable reports whether all of a text can be printed as it is.
func Printable(s string) bool {
	regular, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return false
	}
	return shown(s, regular) == text.Line(norm.NFC.String(s), 400)
}

// ClaimCodeText is what the QR code of a letter says: the board and the code.
func ClaimCodeText(board did.DID, code string) []byte { return []byte(string(board) + "\n" + code) }

// Places on a letter, in millimetres. Folded in three, the name shows in the
// window of a #10 or a DL envelope, and no code does.
const (
	side       = 22.0
	letterTop  = 16.0
	nameAt     = 52.0
	bodyAt     = 96.0
	codeSide   = 42.0
	nameLines  = 4
	otherLines = 3
)

// letter adds one page.
func (m Mailing) letter(p *page, r *issuer.Record, code string, until time.Time) error {
	w, width := m.Words, p.w-2*side
	modules, err := qr.Matrix(ClaimCodeText(m.From.DID, code))
	if err != nil {
		return err
	}
	p.pdf.AddPage()
	p.y = letterTop
	if m.From.Name != "" {
		p.lines(m.From.Name, "B", 12, side, width, 2)
	}
	if m.From.Contact != "" {
		p.lines(m.From.Contact, "", 9, side, width, 2)
	}
	p.y = nameAt
	p.lines(Name(r), "", 11, side, width/2, nameLines)
	p.y = bodyAt - 8
	p.put(w.Date(m.Printed), "", 10, side, width)

	p.y = bodyAt
	p.put(w.L("Your licence, for your phone or computer"), "B", 15, side, width)
	p.y += 2
	p.lines(words.TypeName(w, r.Type), "B", 10, side, width, otherLines)
	p.lines(w.L("{{.Profession}}, number {{.Number}}, {{.Place}}", words.D{"Profession": r.Profession, "Number": r.Number, "Place": words.PlaceName(w, r.Jurisdiction)}),
		"", 10, side, width, otherLines)
	p.y += 2
	p.put(w.L("With the code below you get this licence into your own wallet. From then on you can show it to a hospital within seconds, also where there is no connection."), "", 10, side, width)
	p.y += 2
	for i, step := range []string{
		w.L("Open Bonafide as a practitioner and choose “{{.Section}}”.", words.D{"Section": w.L("Get a licence")}),
		w.L("Type the claim code, or open a picture of the QR code."),
		m.bring(),
		w.L("Take in the licence that the board gives you."),
	} {
		top := p.y
		p.put(fmt.Sprintf("%d.", i+1), "B", 10, side, 7)
		p.y = top
		p.put(step, "", 10, side+7, width-7)
		p.y += 0.8
	}
	p.y += 4

	// The code, in a frame.
	top := p.y
	p.draw(modules, side+3, top+3, codeSide/float64(len(modules)))
	x := side + codeSide + 9
	p.y = top + 8
	p.put(w.L("Claim code"), "B", 10, x, width-codeSide-12)
	p.y += 1
	p.code(code, x)
	p.y += 2
	p.put(w.L("It works once, and until {{.Date}}.", words.D{"Date": w.Date(until)}), "B", 10, x, width-codeSide-12)
	p.y = max(p.y+3, top+codeSide+6)
	p.pdf.SetDrawColor(120, 120, 120)
	p.pdf.SetLineWidth(0.3)
	p.pdf.Rect(side, top, width, p.y-top, "D")
	p.y += 4
	p.put(w.L("Board: {{.Board}}", words.D{"Board": string(m.From.DID)}), "", 8, side, width)
	p.y += 3
	p.put(w.L("Whoever has this code can ask for your licence in your place: give it to nobody, and destroy this letter once you have used it. If you did not expect it, or the code does not work, tell the board; it makes you another one."), "", 9, side, width)
	return nil
}

// bring says where the claim goes.
func (m Mailing) bring() string {
	w := m.Words
	if m.From.Contact == "" {
		return w.L("Bring the claim that the app makes to the board, as a file or as its QR code.")
	}
	return w.L("Bring the claim that the app makes to the board ({{.Contact}}), as a file or as its QR code.", words.D{"Contact": m.From.Contact})
}

// code prints a claim code large, in one line.
func (p *page) code(code string, x float64) {
	const points = 18.0
	p.pdf.SetFont("code", "", points)
	p.pdf.SetXY(x, p.y)
	p.pdf.CellFormat(p.w-side-x, points/pointsMM*1.3, code, "", 0, "L", false, 0, "")
	p.y += points / pointsMM * 1.3
}

// lines is put for what may be very long: at most so many lines, the last of
// which says that there is more.
func (p *page) lines(s, style string, points, x, width float64, most int) {
	font := p.regular
	if style == "B" {
		font = p.bold
	}
	p.pdf.SetFont("go", style, points)
	list := p.pdf.SplitText(shown(s, font), width)
	if len(list) > most {
		list = append(list[:most-1:most-1], list[most-1]+" …")
	}
	for _, l := range list {
		p.pdf.SetXY(x, p.y)
		p.pdf.CellFormat(width, points/pointsMM*1.25, l, "", 0, "L", false, 0, "")
		p.y += points / pointsMM * 1.25
	}
}
