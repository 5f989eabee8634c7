package model

import (
	"bytes"
	"context"
	"image"
	"image/draw"
	imagepng "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bonafide/internal/card"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/internal/qr"
	"bonafide/internal/testkit/town"
	"bonafide/issuer"
	"bonafide/vc"
	"bonafide/verifier"
)

// writing is a board that writes letters.
type writing struct {
	*town.Town
	h      *home.Home
	during func()
}

func (d *writing) ClaimCode(ctx context.Context, ref string, o issuer.ClaimCodeOptions) (string, time.Time, error) {
	o.Person = "owner"
	code, until, err := d.Board.ClaimCode(ctx, ref, o)
	if d.during != nil {
		d.during()
	}
	return code, until, err
}

func (d *writing) Letterhead() (card.Sender, error) {
	return card.Sender{Name: town.BoardName, Contact: town.BoardContact, DID: d.DID}, nil
}

func (d *writing) Card(ctx context.Context, ref string, format vc.Format) (card.Checked, error) {
	raw, _, err := d.Credential(ctx, ref, issuer.RegisterCopy, format)
	if err != nil {
		return card.Checked{}, err
	}
	v, err := d.h.Hospital(ctx, home.HospitalOptions{})
	if err != nil {
		return card.Checked{}, err
	}
	a, err := v.Check(ctx, raw)
	return card.Checked{Type: issuer.ProfessionalLicence, Board: town.BoardName, Claims: vc.SubjectClaims(a), Content: raw}, err
}

func lettersOf(t *testing.T, licences int) (*Letters, *writing) {
	t.Helper()
	d := &writing{Town: town.New(t, licences)}
	return NewLetters(func() (LettersBoard, error) { return d, nil }, nil, d.Now, English(), func() {}), d
}

// TestLetters: for all that nobody has claimed; those whose code is out are left
// alone unless they are asked for; nothing of a code stays once it is saved.
func TestLetters(t *testing.T) {
	ctx := t.Context()
	m, d := lettersOf(t, 3)
	if st := m.State(); st.Loaded || st.Language != "en" || st.Paper != card.USLetter {
		t.Fatalf("%+v", st)
	}
	m.Refresh(ctx)
	if st := m.State(); st.Says != "3 licences are in nobody's wallet yet." || st.Out != "" || st.Count != 3 {
		t.Fatalf("%+v", st)
	}
	m.SetLanguage("es")
	m.SetPaper(card.A4)
	m.Make(ctx)
	st := m.State()
	if st.Fault.Code != "" || st.Made == nil || st.Made.Title != "3 letters are made" || st.Made.Code != "" || st.Made.Left != "" || st.Made.Odd != "" || st.Made.Name != "letters.pdf" {
		t.Fatalf("%+v, %+v", st, st.Made)
	}
	if st.Out != "3 of them have a claim code that can still be used." || st.Count != 0 {
		t.Errorf("%+v", st)
	}
	var b bytes.Buffer
	if err := m.Save(&b); err != nil || !bytes.HasPrefix(b.Bytes(), []byte("%PDF-")) {
		t.Fatal(err)
	}
	kept := st.Made.Bytes
	m.Forget(true)
	if st = m.State(); st.Made != nil || !st.Saved || bytes.ContainsAny(kept, "%") {
		t.Errorf("the letters stay: %+v", st)
	}
	if err := m.Save(&b); explain.CodeOf(err) != "letters_none" {
		t.Error(err)
	}
	m.Make(ctx)
	if st = m.State(); st.Fault.Code != "letters_none" || st.Made != nil {
		t.Errorf("%+v", st)
	}
	m.SetAgain(true)
	if st = m.State(); st.Count != 3 {
		t.Errorf("%+v", st)
	}
	d.during = m.Work.Cancel
	m.Make(ctx)
	if st = m.State(); st.Made == nil || st.Made.Title != "1 letter is made" || st.Made.Left != "2 licences have no letter yet. Save these first, then make the next ones." || !strings.HasPrefix(st.Said, "Stopped.") {
		t.Errorf("%+v, %+v", st, st.Made)
	}
}

// TestOneLetter: a code for one licence is shown with its letter, and is what a
// wallet takes. A name that the font lacks is told.
func TestOneLetter(t *testing.T) {
	ctx := t.Context()
	_, d := lettersOf(t, 1)
	d.Import(fixtures.Row{
		Number: "N1", Type: issuer.ProfessionalLicence, Jurisdiction: "US-OH", Profession: "Physician",
		FamilyName: "中村", Issued: "2020-01-31", Expires: "2030-01-31", Status: "current",
	})
	m := NewLetters(func() (LettersBoard, error) { return d, nil }, []string{"N1"}, d.Now, English(), func() {})
	m.Make(ctx)
	made := m.State().Made
	if made == nil || made.Odd == "" || made.Name != "letter.pdf" || string(made.Text) != string(d.DID)+"\n"+made.Code {
		t.Fatalf("%+v", made)
	}
	if _, claim := claimOf(t, d.Town, made.Code); claim == nil {
		t.Fatal("no claim")
	} else if c, err := d.AcceptClaim(ctx, claim, "owner"); err != nil || c.Key.Number != "N1" {
		t.Error(c, err)
	}
	unknown := NewLetters(func() (LettersBoard, error) { return d, nil }, []string{"nobody"}, d.Now, English(), func() {})
	unknown.Make(ctx)
	if st := unknown.State(); st.Fault.Code != "licence_unknown" || st.Made != nil {
		t.Errorf("%+v", st)
	}
	locked := NewLetters(func() (LettersBoard, error) { return nil, explain.Errorf("passphrase_needed", "locked") }, nil, d.Now, English(), func() {})
	locked.Refresh(ctx)
	if st := locked.State(); st.Trouble.Code != "passphrase_needed" || !st.Loaded {
		t.Errorf("%+v", st)
	}
	claimed := NewLetters(func() (LettersBoard, error) { return d, nil }, nil, d.Now, English(), func() {})
	claimed.Refresh(ctx)
	if st := claimed.State(); st.Count != 1 { // the other one
		t.Errorf("%+v", st)
	}
}

// TestBoardCardToAVerdict: the card that a board prints, rendered as a printer
// would, gives a verdict in a hospital: who may rely on a register's copy gets
// "verified", who needs to know who carries it does not.
func TestBoardCardToAVerdict(t *testing.T) {
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		t.Skip("poppler's pdftoppm is not installed: scripts/deps.sh test installs it")
	}
	ctx := t.Context()
	_, d := lettersOf(t, 1)
	number := d.Rows[0].Number
	if err := WriteCard(ctx, d, number, card.A6, vc.VCDM, English(), d.Now(), &bytes.Buffer{}); explain.CodeOf(err) != "credential_not_ready" {
		t.Error(err)
	}
	d.Issue()
	d.h = d.Home("hospital")
	v, err := d.h.Hospital(ctx, home.HospitalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		size   card.Size
		format vc.Format
	}{{card.A6, vc.VCDM}, {card.A6, vc.SDJWT}, {card.Bank, vc.VCDM}} {
		var pdf bytes.Buffer
		if err := WriteCard(ctx, d, number, x.size, x.format, English(), d.Now(), &pdf); err != nil {
			t.Fatal(x, err)
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "card.pdf")
		if err := os.WriteFile(file, pdf.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(ctx, "pdftoppm", "-r", "300", "-gray", "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		pages, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
		raw, err := os.ReadFile(pages[len(pages)-1])
		if err != nil {
			t.Fatal(err)
		}
		codes, err := qr.Read(bytes.NewReader(scanned(t, raw)))
		if err != nil {
			t.Fatal(x, err)
		}
		got, err := qr.Join(codes)
		if err != nil || len(got) != 1 {
			t.Fatal(x, len(got), err)
		}
		for purpose, want := range map[verifier.Purpose]verifier.Verdict{verifier.Monitoring: verifier.Verified, verifier.Privileging: verifier.Unconfirmed} {
			res, err := v.Verify(ctx, verifier.Input{Bytes: got[0], Purpose: purpose})
			if err != nil || res.Verdict != want {
				t.Errorf("%v for %s: %s, %v", x, purpose, res.Headline, err)
			}
		}
	}
}

// scanned makes a page paler and unsharp, as a scanner of an office does.
func scanned(t *testing.T, raw []byte) []byte {
	t.Helper()
	m, err := imagepng.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	in := image.NewGray(m.Bounds())
	draw.Draw(in, in.Rect, m, image.Point{}, draw.Src)
	out := image.NewGray(in.Bounds())
	for y := 1; y < in.Rect.Dy()-1; y++ {
		for x := 1; x < in.Rect.Dx()-1; x++ {
			sum := 4 * int(in.Pix[y*in.Stride+x])
			for _, d := range []int{-1, 1, -in.Stride, in.Stride} {
				sum += int(in.Pix[y*in.Stride+x+d])
			}
			out.Pix[y*out.Stride+x] = uint8(60 + sum/8*150/255 + (x*7+y*13)%9)
		}
	}
	var b bytes.Buffer
	if err := imagepng.Encode(&b, out); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
