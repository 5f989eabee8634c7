// Package card prints on paper, as PDF. A licence: what it says in words, and
// codes from which it verifies without any server, on one page of A6 or the two
// sides of a bank card. And letters that bring practitioners their claim codes.
package card

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"bonafide/internal/explain"
	"bonafide/internal/qr"
	"bonafide/internal/text"
	"bonafide/internal/words"
	"bonafide/vc"
)

// Size is the paper's.
type Size string

// Sizes.
const (
	A6   Size = "a6"   // 105 × 148 mm, one page
	Bank Size = "card" // 85.6 × 54 mm (ID-1 of ISO/IEC 7810), front and back
)

// Sizes lists them in the order of a picker.
var Sizes = []Size{A6, Bank}

// Card is what is printed, in the words of its reader's language.
type Card struct {
	Title string // what the licence is: its type
	Board string // who issued it
	Lines []Line
	// Notes say what is lost on paper: who carries it is not shown, and what the
	// licence stands at is as old as the data of whoever verifies.
	Notes []string
	// Scan says how the codes are read.
	Scan    string
	Lang    string // of the words, as BCP 47 has it
	Content []byte // the credential, which the codes carry
	Printed time.Time
}

// Line is one thing the licence says.
type Line struct{ Label, Value string }

// Checked is a credential whose proof was checked, as a card takes it.
type Checked struct {
	Type    string // as ProfessionalLicence; "" where it has none
	Board   string // the issuer's name, or where there is none its DID
	Claims  []vc.Claim
	Content []byte // the credential
}

// New puts a credential on a card, in the language of the words.
func New(w words.Words, c Checked, printed time.Time) Card {
	k := Card{
		Title: w.L("Credential"), Board: c.Board, Lang: words.Language(w), Content: c.Content, Printed: printed,
		Notes: []string{
			w.L("Paper does not show who carries it: ask for a photo identity document."),
			w.L("What the licence stands at today is told by the data of whoever verifies it, not by this paper."),
			w.L("Whoever reads the codes sees everything that the licence says."),
		},
		Scan: w.L("To verify it, open a picture of these codes in Bonafide."),
	}
	if c.Type != "" {
		k.Title = words.TypeName(w, c.Type)
	}
	for _, f := range c.Claims {
		if f.Name != "id" { // long, and of no use to a reader
			k.Lines = append(k.Lines, Line{words.ClaimName(w, f.Name), words.ClaimValue(w, f.Name, f.Value)})
		}
	}
	return k
}

// millimetres
const (
	margin   = 6.0
	fitted   = 0.25 // the smallest module: three dots of a 300 dpi printer
	gap      = 2.0  // between codes, beside their white border
	largest  = 34.0 // side of a code
	pointsMM = 72 / 25.4
)

// Write prints a card. Codes: card_size (there is no such size), card_full (the
// words or the codes do not fit), qr_too_long.
func Write(w io.Writer, c Card, size Size) error {
	codes, err := qr.Codes(c.Content)
	if err != nil {
		return err
	}
	p := &page{}
	switch size {
	case A6:
		p.w, p.h = 105, 148
	case Bank:
		p.w, p.h = 85.6, 54
	default:
		return explain.Errorf("card_size", "%q", string(size))
	}
	if err := p.open(c.Lang, c.Title, c.Printed); err != nil {
		return err
	}
	scale := 1.0
	if size == Bank {
		scale = 0.72
	}
	p.pdf.AddPage()
	p.words(c, scale)
	points := 7.0
	if size == Bank {
		points = 5
	}
	for _, n := range c.Notes {
		p.note(n, points)
	}
	if size == Bank {
		if err := p.full(p.h - margin/2); err != nil {
			return err
		}
		p.pdf.AddPage()
		p.y = margin / 2
	}
	p.note(c.Scan, points)
	if err := p.codes(codes, p.y, p.h-margin/2); err != nil {
		return err
	}
	return p.output(w)
}

type page struct {
	pdf           *fpdf.Fpdf
	regular, bold *sfnt.Font
	w, h, y       float64
	tooWide       bool
}

// open begins a document. Its title may stand in a list of recent files: it
// names nobody.
func (p *page) open(language, title string, printed time.Time) (err error) {
	p.pdf = fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: p.w, Ht: p.h}})
	p.pdf.SetMargins(0, 0, 0)
	p.pdf.SetAutoPageBreak(false, 0)
	p.pdf.SetCatalogSort(true)
	p.pdf.SetCreationDate(printed.UTC())
	p.pdf.SetModificationDate(printed.UTC())
	p.pdf.SetLang(language)
	p.pdf.SetTitle(text.Line(title, 200), true)
	p.pdf.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.pdf.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	if p.regular, err = sfnt.Parse(goregular.TTF); err == nil {
		p.bold, err = sfnt.Parse(gobold.TTF)
	}
	p.y = margin * 0.8
	return err
}

func (p *page) output(w io.Writer) error {
	var b bytes.Buffer
	if err := p.pdf.Output(&b); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// shown is text from outside as this font can print it: what it has no letter
// for appears as its code point, never as an empty box or a question mark.
func shown(s string, f *sfnt.Font) string {
	var b strings.Builder
	var buf sfnt.Buffer
	// Accents that come by themselves, as some systems export them, are joined
	// to their letters: the font has those.
	for _, r := range text.Line(norm.NFC.String(s), 400) {
		if r == '\u00a0' || r == '\u202f' { // of French; the font's own space will do
			r = '\u00a0'
		}
		if has(f, &buf, r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "[U+%04X]", r)
		}
	}
	return b.String()
}

// has reports whether the font has a letter, and it can be printed.
func has(f *sfnt.Font, buf *sfnt.Buffer, r rune) bool {
	i, err := f.GlyphIndex(buf, r)
	return err == nil && i != 0 && r <= math.MaxUint16 && !unicode.Is(unicode.Mn, r)
}

// put writes text over as many lines as it takes.
func (p *page) put(s string, style string, points, x, width float64) {
	font := p.regular
	if style == "B" {
		font = p.bold
	}
	p.pdf.SetFont("go", style, points)
	line := points / pointsMM * 1.25
	for _, l := range p.pdf.SplitText(shown(s, font), width) {
		if p.pdf.GetStringWidth(l) > width+0.1 {
			p.tooWide = true
		}
		p.pdf.SetXY(x, p.y)
		p.pdf.CellFormat(width, line, l, "", 0, "L", false, 0, "")
		p.y += line
	}
}

func (p *page) words(c Card, scale float64) {
	width := p.w - 2*margin
	p.put(c.Title, "B", 13*scale, margin, width)
	p.put(c.Board, "", 9*scale, margin, width)
	p.y += 1.5 * scale
	label := width * 0.34
	for _, l := range c.Lines {
		top := p.y
		p.pdf.SetTextColor(90, 90, 90)
		p.put(l.Label, "", 8*scale, margin, label-1)
		p.pdf.SetTextColor(0, 0, 0)
		after := p.y
		p.y = top
		p.put(l.Value, "B", 8*scale, margin+label, width-label)
		p.y = max(p.y, after) + 0.3*scale
	}
	p.y += 1.5 * scale
}

func (p *page) note(s string, points float64) {
	if s == "" {
		return
	}
	p.put(s, "", points, margin, p.w-2*margin)
	p.y += 0.6
}

func (p *page) full(bottom float64) error {
	if p.y > bottom || p.tooWide {
		return explain.Errorf("card_full", "the words end at %.0f of %.0f mm", p.y, bottom)
	}
	return nil
}

// codes draws the codes between two heights, as large as they can be.
func (p *page) codes(codes [][]byte, top, bottom float64) error {
	if err := p.full(bottom); err != nil {
		return err
	}
	modules := 0
	var all [][][]bool
	for _, c := range codes {
		m, err := qr.Matrix(c)
		if err != nil {
			return err
		}
		all = append(all, m)
		modules = max(modules, len(m))
	}
	width, height := p.w-2*margin/2, bottom-top
	columns, side := 0, 0.0
	for n := 1; n <= len(all); n++ {
		rows := (len(all) + n - 1) / n
		s := min((width-gap*float64(n-1))/float64(n), (height-gap*float64(rows-1))/float64(rows), largest)
		if s > side {
			columns, side = n, s
		}
	}
	unit := side / float64(modules)
	if unit < fitted {
		return explain.Errorf("card_full", "a module of the codes would have %.2f mm", unit)
	}
	across := min(columns, len(all))
	left := (p.w - side*float64(across) - gap*float64(across-1)) / 2
	for i, m := range all {
		p.draw(m, left+float64(i%columns)*(side+gap), top+float64(i/columns)*(side+gap), side/float64(len(m)))
	}
	return nil
}

// draw fills the dark modules, those beside each other as one.
func (p *page) draw(m [][]bool, x, y, unit float64) {
	p.pdf.SetFillColor(0, 0, 0)
	for r, row := range m {
		for c := 0; c < len(row); c++ {
			if !row[c] {
				continue
			}
			from := c
			for c < len(row) && row[c] {
				c++
			}
			p.pdf.Rect(x+float64(from)*unit, y+float64(r)*unit, float64(c-from)*unit, unit, "F")
		}
	}
}
