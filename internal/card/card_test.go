package card

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/draw"
	"golang.org/x/image/math/f64"

	"bonafide/internal/explain"
	"bonafide/internal/qr"
)

func licence(t *testing.T) Card {
	t.Helper()
	b, err := os.ReadFile("../qr/testdata/licence.json")
	if err != nil {
		t.Fatal(err)
	}
	return Card{
		Title: "Professional licence", Board: "Demo Board of Medicine",
		Lines: []Line{
			{"Name", "Zhikvolph Mzéfjaexholph"},
			{"Profession", "Osteopathic physician"},
			{"Number", "MD100030-6"},
			{"Where", "US-OH"},
			{"Issued", "11 Sep 2023"},
			{"Expires", "20 Dec 2027"},
			{"NPI", "2951852609"},
		},
		Notes: []string{
			"This paper shows what the board signed. It does not show that who carries it is the person named.",
			"Whether the licence still stands depends on how old the data is of whoever verifies it.",
		},
		Scan: "Verify: photograph or scan this page and open the picture in Bonafide. No connection is needed.",
		Lang: "en", Content: b, Printed: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
	}
}

// printed writes a card and renders it as a printer of 300 dots an inch would.
func printed(t *testing.T, c Card, size Size) (pdf []byte, pages []image.Image) {
	t.Helper()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("poppler's pdftoppm is not installed: scripts/deps.sh test installs it")
	}
	var b bytes.Buffer
	if err := Write(&b, c, size); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "card.pdf")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "pdftoppm", "-r", "300", "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "page*.png"))
	if err != nil || len(names) == 0 {
		t.Fatal("no page", err)
	}
	for _, n := range names {
		raw, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		if keep := os.Getenv("CARD_PICTURES"); keep != "" {
			_ = os.WriteFile(filepath.Join(keep, string(size)+"-"+filepath.Base(n)), raw, 0o600)
		}
		m, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, m)
	}
	return b.Bytes(), pages
}

// read gives what the codes in pictures hold.
func read(t *testing.T, pictures ...[]byte) ([][]byte, error) {
	t.Helper()
	var codes [][]byte
	for _, p := range pictures {
		c, err := qr.Read(bytes.NewReader(p))
		if explain.CodeOf(err) == "qr_none" {
			continue
		}
		if err != nil {
			return nil, err
		}
		codes = append(codes, c...)
	}
	return qr.Join(codes)
}

func asPNG(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// photographed is a page as a camera of 2 megapixels sees it: turned a little,
// from the side, unsharp, noisy, in uneven light, as a JPEG.
func photographed(t *testing.T, page image.Image, degrees float64) []byte {
	t.Helper()
	w, h := 1200, 1600
	if page.Bounds().Dx() > page.Bounds().Dy() {
		w, h = h, w
	}
	out := image.NewGray(image.Rect(0, 0, w, h))
	for i := range out.Pix {
		out.Pix[i] = 150 // the desk
	}
	pw, ph := float64(page.Bounds().Dx()), float64(page.Bounds().Dy())
	s := 0.92 * min(float64(w)/pw, float64(h)/ph)
	sin, cos := sincos(degrees)
	// About the middle, turned and leaned over.
	const lean = 0.04
	m := f64.Aff3{s * cos, -s * sin, 0, s * (sin + lean*cos), s * (cos - lean*sin), 0}
	m[2] = float64(w)/2 - m[0]*pw/2 - m[1]*ph/2
	m[5] = float64(h)/2 - m[3]*pw/2 - m[4]*ph/2
	draw.BiLinear.Transform(out, m, page, page.Bounds(), draw.Src, nil)
	soft := image.NewGray(out.Bounds())
	r := rand.New(rand.NewPCG(3, uint64(degrees*10)))
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			sum := 4 * int(out.GrayAt(x, y).Y)
			for _, d := range [][2]int{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
				sum += int(out.GrayAt(x+d[0], y+d[1]).Y)
			}
			v := float64(sum)/8*(0.7+0.3*float64(x)/float64(w)) + r.NormFloat64()*6
			soft.SetGray(x, y, color.Gray{uint8(min(max(v, 0), 255))})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, soft, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPrintedAndRead: what comes off the printer reads back to the byte, as it
// is and photographed.
func TestPrintedAndRead(t *testing.T) {
	c := licence(t)
	for _, size := range Sizes {
		_, pages := printed(t, c, size)
		if want := map[Size]int{A6: 1, Bank: 2}[size]; len(pages) != want {
			t.Fatalf("%s has %d pages", size, len(pages))
		}
		back := pages[len(pages)-1]
		got, err := read(t, asPNG(t, back))
		if err != nil || len(got) != 1 || !bytes.Equal(got[0], c.Content) {
			t.Errorf("%s does not read back: %d contents, %v", size, len(got), err)
		}
		for _, degrees := range []float64{-7, 0, 4, 90} {
			got, err := read(t, photographed(t, back, degrees))
			if err != nil || len(got) != 1 || !bytes.Equal(got[0], c.Content) {
				t.Errorf("%s at %v degrees: %d contents, %v", size, degrees, len(got), err)
			}
		}
	}
}

// TestTornOff: with two of its five codes gone a card still reads; with three
// gone it says that something is missing.
func TestTornOff(t *testing.T) {
	c := licence(t)
	codes, err := qr.Codes(c.Content)
	if err != nil || len(codes) != 5 {
		t.Fatal(len(codes), err)
	}
	if got, err := qr.Join(codes[2:]); err != nil || len(got) != 1 || !bytes.Equal(got[0], c.Content) {
		t.Error(err)
	}
	if got, err := qr.Join(codes[3:]); explain.CodeOf(err) != "frames_missing" || len(got) != 0 {
		t.Error(got, err)
	}
}

// TestWords: the words stand on the page as text, also those of a name that
// this font has no letters for, and those of one that would deceive.
func TestWords(t *testing.T) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("poppler's pdftotext is not installed: scripts/deps.sh test installs it")
	}
	c := licence(t)
	c.Lines[0].Value = "Łucja 中 An\u202Etrebor"
	for _, size := range Sizes {
		pdf, _ := printed(t, c, size)
		file := filepath.Join(t.TempDir(), "card.pdf")
		if err := os.WriteFile(file, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		words := strings.Join(strings.Fields(string(out)), " ")
		for _, want := range []string{c.Title, c.Board, "MD100030-6", "20 Dec 2027", "Łucja [U+4E2D] An", "It does not show that who carries it is the person named."} {
			if !strings.Contains(words, want) {
				t.Errorf("%s does not say %q: %s", size, want, words)
			}
		}
		if strings.ContainsRune(words, 0x202E) {
			t.Errorf("%s turns the direction of what it prints", size)
		}
	}
}

// TestSame: one card is one file, byte for byte.
func TestSame(t *testing.T) {
	var a, b bytes.Buffer
	if err := errors.Join(Write(&a, licence(t), A6), Write(&b, licence(t), A6)); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Fatal("two prints differ", err)
	}
}

func TestDoesNotFit(t *testing.T) {
	c := licence(t)
	for range 40 {
		c.Lines = append(c.Lines, Line{"Condition", "Practises under supervision only"})
	}
	for _, size := range Sizes {
		if err := Write(&bytes.Buffer{}, c, size); explain.CodeOf(err) != "card_full" {
			t.Errorf("%s: %v", size, err)
		}
	}
	if err := Write(&bytes.Buffer{}, c, "a5"); explain.CodeOf(err) != "card_size" {
		t.Error(err)
	}
	c = licence(t)
	c.Content = nil
	if err := Write(&bytes.Buffer{}, c, A6); explain.CodeOf(err) != "qr_too_long" {
		t.Error(err)
	}
}

func sincos(degrees float64) (sin, cos float64) { return math.Sincos(degrees * math.Pi / 180) }
