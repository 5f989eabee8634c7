package card

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bonafide/internal/claimcode"
	"bonafide/internal/explain"
	"bonafide/internal/qr"
	"bonafide/internal/words"
	"bonafide/issuer"
)

const (
	boardDID = "did:bonafide:town-abcdefgh:k3mw8q2a7xk3mw8q2a7xk3mw8q2a7xk3mw8q2a7x"
	contact  = "licensing@ohio.example"
)

// coder makes codes that a test can foretell, until it fails.
type coder struct {
	made []string
	fail int // after so many; 0: never
	opts issuer.ClaimCodeOptions
}

var errCoder = errors.New("no more codes")

func (c *coder) ClaimCode(_ context.Context, ref string, o issuer.ClaimCodeOptions) (string, time.Time, error) {
	if c.fail > 0 && len(c.made) == c.fail {
		return "", time.Time{}, errCoder
	}
	c.opts = o
	code, err := claimcode.New(strings.NewReader(fmt.Sprintf("%-40d", 7919*(len(c.made)+3))))
	if err != nil {
		return "", time.Time{}, err
	}
	c.made = append(c.made, code.Text())
	return code.Text(), time.Date(2026, 12, 5, 9, 0, 0, 0, time.UTC), nil
}

func addressed(given, family string) issuer.Licence {
	return issuer.Licence{Record: issuer.Record{
		Key:        issuer.Key{Type: issuer.ProfessionalLicence, Jurisdiction: "US-OH", Number: "MD100030-6"},
		Profession: "Osteopathic physician", GivenName: given, FamilyName: family, Expires: "2027-12-20",
	}}
}

func mailing(t *testing.T, language string) Mailing {
	t.Helper()
	w, ok := words.In(language)
	if !ok {
		t.Fatal(language)
	}
	return Mailing{
		Words: w, Person: "owner", Printed: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC), Life: 14 * 24 * time.Hour,
		From: Sender{Name: "Ohio Board of Medicine", Contact: contact, DID: boardDID},
	}
}

// pagesOf renders a PDF at 300 dots an inch.
func pagesOf(t *testing.T, pdf []byte, name string) (pages []image.Image) {
	t.Helper()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("poppler's pdftoppm is not installed: scripts/deps.sh test installs it")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "p.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "pdftoppm", "-r", "300", "-gray", "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
	for i, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if keep := os.Getenv("CARD_PICTURES"); keep != "" {
			_ = os.WriteFile(filepath.Join(keep, fmt.Sprintf("%s-%d.png", name, i+1)), raw, 0o600)
		}
		m, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, m)
	}
	return pages
}

// textOf is what the PDF says as text, page by page, with blanks made one.
func textOf(t *testing.T, pdf []byte) []string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("poppler's pdftotext is not installed: scripts/deps.sh test installs it")
	}
	file := filepath.Join(t.TempDir(), "p.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftotext", "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, p := range strings.Split(strings.TrimSuffix(string(out), "\f"), "\f") {
		pages = append(pages, strings.Join(strings.Fields(p), " "))
	}
	return pages
}

// TestLetters: a page for each licence, in three languages and on both papers;
// its words are there letter for letter, and its code reads back from paper, as
// it is and photographed, as what a wallet takes.
func TestLetters(t *testing.T) {
	to := []issuer.Licence{addressed("Zoë Ñandú", "Bœuf-Łucja"), addressed("", "Nguye\u0302\u0303n 中村")}
	for language, want := range map[string][]string{
		"en": {"Your licence, for your phone or computer", "Professional licence", "number MD100030-6, Ohio (US-OH)", "“Get a licence”", "until 5 Dec 2026", "21 Nov 2026"},
		"es": {"5 dic 2026", "21 nov 2026"},
		"fr": {"5 déc. 2026", "21 nov. 2026"},
	} {
		for _, paper := range Papers {
			m, c := mailing(t, language), &coder{}
			m.Paper = paper
			var b bytes.Buffer
			done, err := m.Write(t.Context(), &b, c, to)
			if err != nil || done.Made != 2 || fmt.Sprint(done.Odd) != "[1]" || done.Until.IsZero() {
				t.Fatalf("%+v, %v", done, err)
			}
			if c.opts.Life != m.Life || c.opts.Person != "owner" {
				t.Errorf("%+v", c.opts)
			}
			said := textOf(t, b.Bytes())
			if len(said) != 2 {
				t.Fatalf("%d pages", len(said))
			}
			want = append(want, "Ohio Board of Medicine", contact, "Zoë Ñandú Bœuf-Łucja", "Osteopathic physician", c.made[0], boardDID)
			for _, s := range want {
				if !strings.Contains(said[0], s) {
					t.Errorf("%s on %s does not say %q: %s", language, paper, s, said[0])
				}
			}
			if strings.Contains(said[0], "[U+") || strings.ContainsAny(said[0], "?\uFFFD") {
				t.Errorf("%s has letters that the font lacks: %s", language, said[0])
			}
			// What it lacks is told, never left out: this name's first accent is there.
			if !strings.Contains(said[1], "Nguy[U+1EC5]n [U+4E2D][U+6751]") || strings.Contains(said[1], c.made[0]) {
				t.Errorf("%s", said[1])
			}
			if language != "en" {
				w, _ := words.In(language)
				if strings.Contains(said[0], "Your licence") || !strings.Contains(said[0], w.L("Claim code")) {
					t.Errorf("%s is in English: %s", language, said[0])
				}
			}
			if (language == "fr") != (paper == A4) || language == "es" {
				continue // two of six are enough to render
			}
			pages := pagesOf(t, b.Bytes(), "letter-"+language+"-"+string(paper))
			if len(pages) != 2 {
				t.Fatalf("%d pages", len(pages))
			}
			for i, page := range pages[:1] {
				pictures := [][]byte{asPNG(t, page)}
				if language == "en" && i == 0 {
					for _, degrees := range []float64{-6} {
						pictures = append(pictures, photographed(t, page, degrees))
					}
				}
				for n, raw := range pictures {
					got, err := qr.Read(bytes.NewReader(raw))
					if err != nil || len(got) != 1 || string(got[0]) != boardDID+"\n"+c.made[i] {
						t.Errorf("%s on %s, page %d, picture %d: %q, %v", language, paper, i+1, n, got, err)
					}
				}
			}
		}
	}
}

// TestLettersEndBetweenTwo: what fails or is cancelled leaves the letters whose
// codes are made, all of them and no half of one.
func TestLettersEndBetweenTwo(t *testing.T) {
	to := []issuer.Licence{addressed("A", "B"), addressed("C", "D"), addressed("E", "F")}
	var b bytes.Buffer
	m, c := mailing(t, "en"), &coder{fail: 2}
	done, err := m.Write(t.Context(), &b, c, to)
	if !errors.Is(err, errCoder) || done.Made != 2 || len(textOf(t, b.Bytes())) != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	b.Reset()
	m.Far = func(done, total int) {
		if done == 1 && total == 3 {
			cancel()
		}
	}
	c = &coder{}
	if done, err = m.Write(ctx, &b, c, to); !errors.Is(err, context.Canceled) || done.Made != 1 || len(c.made) != 1 || len(textOf(t, b.Bytes())) != 1 {
		t.Errorf("%+v, %v, %d codes", done, err, len(c.made))
	}
	b.Reset()
	if done, err = m.Write(ctx, &b, c, to); !errors.Is(err, context.Canceled) || done.Made != 0 || b.Len() != 0 || len(c.made) != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	for code, list := range map[string][]issuer.Licence{"letters_none": nil, "letters_many": make([]issuer.Licence, MaxLetters+1)} {
		if _, err := m.Write(t.Context(), &b, c, list); explain.CodeOf(err) != code || b.Len() != 0 {
			t.Errorf("%s: %v", code, err)
		}
	}
	m.Paper = "a0"
	if _, err := m.Write(t.Context(), &b, c, to); explain.CodeOf(err) != "card_size" || len(c.made) != 1 {
		t.Error(err)
	}
}

// TestLettersOfLongNames: a name of the greatest length that a register takes,
// all of it letters that the font lacks, still leaves the code its place.
func TestLettersOfLongNames(t *testing.T) {
	l := addressed(strings.Repeat("中", 120), strings.Repeat("Ж", 120))
	l.Record.Profession = strings.Repeat("physician ", 20)
	m := mailing(t, "fr")
	m.From.Name = strings.Repeat("Board of Medicine ", 11)
	m.From.Contact = strings.Repeat("contact ", 25)
	var b bytes.Buffer
	c := &coder{}
	if _, err := m.Write(t.Context(), &b, c, []issuer.Licence{l}); err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(t, b.Bytes(), "letter-long")
	if len(pages) != 1 {
		t.Fatalf("%d pages", len(pages))
	}
	got, err := qr.Read(bytes.NewReader(asPNG(t, pages[0])))
	if err != nil || len(got) != 1 || !strings.HasSuffix(string(got[0]), c.made[0]) {
		t.Errorf("%q, %v", got, err)
	}
}
