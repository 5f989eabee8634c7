package qr

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"math"
	"slices"
	"testing"
	"time"

	"bonafide/internal/camera/cameratest"
	"bonafide/internal/explain"
)

// TestFilm: a sequence saved as an animated GIF or as an archive of pictures is
// read back whole, also the longest, and also when a third of it was lost.
func TestFilm(t *testing.T) {
	for _, n := range []int{30, 2500} {
		b := content(n)
		codes, err := Codes(b)
		if err != nil {
			t.Fatal(err)
		}
		for name, write := range map[string]func(*bytes.Buffer, [][]byte) error{
			"gif": func(w *bytes.Buffer, c [][]byte) error { return GIF(w, c, 4, 700*time.Millisecond) },
			"zip": func(w *bytes.Buffer, c [][]byte) error { return Zip(w, c, 4) },
		} {
			for _, lost := range []int{0, len(codes) / 3} {
				var w bytes.Buffer
				if err := write(&w, codes[lost:]); err != nil {
					t.Fatal(err)
				}
				got, err := Read(&w)
				if err != nil {
					t.Fatalf("%s of %d codes: %v", name, len(codes)-lost, err)
				}
				if whole, err := Join(got); err != nil || len(whole) != 1 || !bytes.Equal(whole[0], b) {
					t.Errorf("%s of %d codes gives %d contents: %v", name, len(codes)-lost, len(whole), err)
				}
			}
		}
	}
	if err := GIF(&bytes.Buffer{}, make([][]byte, MaxPictures+1), 1, 0); explain.CodeOf(err) != "frames_too_many" {
		t.Error(err)
	}
	longest := frames(t, content(MaxFramed))
	if len(longest) > MaxPictures {
		t.Errorf("the longest sequence has %d codes, and %d pictures are opened", len(longest), MaxPictures)
	}
	var w bytes.Buffer
	if err := GIF(&w, longest, 6, time.Second); err != nil {
		t.Fatal(err)
	}
	if m, err := gif.DecodeConfig(&w); err != nil || m.Width*m.Height*len(longest) > maxFilm {
		t.Errorf("the longest film that is written has more pixels than are opened: %v, %v", m, err)
	}
}

// TestFilmTimes: the film stands as long on each code as was asked, and goes
// round for ever.
func TestFilmTimes(t *testing.T) {
	var w bytes.Buffer
	codes := frames(t, content(800))
	if err := GIF(&w, codes, 2, 700*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(&w)
	if err != nil || len(g.Image) != len(codes) || g.LoopCount != 0 {
		t.Fatalf("%d pictures, %v", len(g.Image), err)
	}
	for _, d := range g.Delay {
		if d != 70 {
			t.Errorf("a code stands %d hundredths of a second", d)
		}
	}
}

// TestFilmOfOthers: pictures that only change a part of the one before, with
// transparent pixels and either disposal, are put together as players do.
func TestFilmOfOthers(t *testing.T) {
	pal := color.Palette{color.White, color.Black, color.RGBA{}}
	first, second := draw(t, []byte("first code"), 3).(*image.Paletted), draw(t, []byte("other code"), 3).(*image.Paletted)
	// What second changes of first, the rest of it transparent.
	patch := image.NewPaletted(first.Rect, pal)
	for i := range patch.Pix {
		if patch.Pix[i] = 2; first.Pix[i] != second.Pix[i] {
			patch.Pix[i] = second.Pix[i]
		}
	}
	// A stain that would make either unreadable, taken back afterwards.
	stain := image.NewPaletted(image.Rect(0, 0, 60, 60), pal)
	for i := range stain.Pix {
		stain.Pix[i] = 1
	}
	for name, g := range map[string]*gif.GIF{
		"patch": {Image: []*image.Paletted{first, patch}, Disposal: []byte{gif.DisposalNone, gif.DisposalNone}},
		"taken back": {
			Image:    []*image.Paletted{first, stain, patch},
			Disposal: []byte{gif.DisposalNone, gif.DisposalPrevious, gif.DisposalNone},
		},
		"wiped": {
			Image:    []*image.Paletted{stain, first, second},
			Disposal: []byte{gif.DisposalBackground, gif.DisposalBackground, gif.DisposalNone},
		},
	} {
		g.Delay = make([]int, len(g.Image))
		g.Config = image.Config{Width: first.Rect.Dx(), Height: first.Rect.Dy(), ColorModel: pal}
		var w bytes.Buffer
		if err := gif.EncodeAll(&w, g); err != nil {
			t.Fatal(err)
		}
		whole := w.Bytes()
		t.Run(name, func(t *testing.T) { reads(t, whole, []byte("first code"), []byte("other code")) })
		// Cut off in its last picture it still says what came before.
		t.Run(name+" cut", func(t *testing.T) { reads(t, whole[:len(whole)-20], []byte("first code")) })
	}
}

// TestThreat46_MixedFilm: two sequences in one film come out as two, and halves
// of two as none.
func TestThreat46_MixedFilm(t *testing.T) {
	a, b := content(1000), content(1001)
	fa, fb := frames(t, a), frames(t, b)
	film := func(codes [][]byte) [][]byte {
		var w bytes.Buffer
		if err := GIF(&w, codes, 2, time.Second); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&w)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	both, err := Join(film(slices.Concat(fa, fb)))
	if err != nil || len(both) != 2 || !bytes.Equal(both[0], a) || !bytes.Equal(both[1], b) {
		t.Errorf("%d contents, %v", len(both), err)
	}
	none, err := Join(film(slices.Concat(fa[:3], fb[3:])))
	if len(none) != 0 || explain.CodeOf(err) != "frames_missing" {
		t.Errorf("%d contents of halves, %v", len(none), err)
	}
}

// reelOf is a GIF of n times the same picture.
func reelOf(t testing.TB, n int, m *image.Paletted) []byte {
	t.Helper()
	g := &gif.GIF{}
	for range n {
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 1)
	}
	var w bytes.Buffer
	if err := gif.EncodeAll(&w, g); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

// TestThreat70_Films: films and archives of too many, too large or too far
// expanding pictures are refused before they are decoded.
func TestThreat70_Films(t *testing.T) {
	small := draw(t, []byte("x"), 1).(*image.Paletted)
	many := reelOf(t, MaxPictures+1, small)
	wide := reelOf(t, 20, small)
	for _, at := range []int{6, 8} {
		binary.LittleEndian.PutUint16(wide[at:], 4900)
	}
	flood := reelOf(t, 2, small)
	for _, at := range []int{6, 8} {
		binary.LittleEndian.PutUint16(flood[at:], 65_535)
	}
	archive := func(add func(*zip.Writer)) []byte {
		var w bytes.Buffer
		z := zip.NewWriter(&w)
		add(z)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return w.Bytes()
	}
	entry := func(z *zip.Writer, name string, method uint16, b []byte) {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = f.Write(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	picture := encoded(t, small, png.Encode)
	for name, x := range map[string]struct {
		b    []byte
		code string
		most uint64 // bytes that may be set aside
	}{
		"a film of many pictures": {many, "frames_too_many", 1 << 20},
		"a film of large ones":    {wide, "qr_too_large", 1 << 20},
		"a film of huge ones":     {flood, "qr_too_large", 1 << 20},
		"an archive of many": {archive(func(z *zip.Writer) {
			for i := range MaxPictures + 1 {
				entry(z, fmt.Sprintf("%04d.png", i), zip.Store, picture)
			}
		}), "frames_too_many", 1 << 20},
		"an archive that expands": {archive(func(z *zip.Writer) {
			entry(z, "bomb.png", zip.Deflate, append(slices.Clone(picture), make([]byte, 300<<20)...))
		}), "qr_too_large", 200 << 20},
		"an archive of large pictures": {archive(func(z *zip.Writer) {
			large := encoded(t, image.NewPaletted(image.Rect(0, 0, 5000, 5000), color.Palette{color.White}), (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode)
			for i := range 5 {
				entry(z, fmt.Sprint(i, ".png"), zip.Deflate, large)
			}
		}), "qr_too_large", 1 << 30},
		"an archive in an archive": {archive(func(z *zip.Writer) {
			entry(z, "in.zip", zip.Store, archive(func(z *zip.Writer) { entry(z, "x.png", zip.Store, picture) }))
		}), "qr_unreadable", 1 << 20},
		"an archive with something else": {archive(func(z *zip.Writer) { entry(z, "word/document.xml", zip.Store, []byte("<x/>")) }), "qr_unreadable", 1 << 20},
		"an empty archive in name":       {[]byte(zipMagic + "and nothing more"), "qr_unreadable", 1 << 20},
	} {
		if n := allocated(func() { refuses(t, x.b, x.code) }); n > x.most {
			t.Errorf("%s: %d bytes were set aside", name, n)
		}
	}
	// Folders and hidden files, which systems add, do not count.
	reads(t, archive(func(z *zip.Writer) {
		entry(z, "codes/", zip.Store, nil)
		entry(z, "codes/.DS_Store", zip.Store, []byte("x"))
		entry(z, "codes/x.png", zip.Store, picture)
	}), []byte("x"))
}

// TestDegraded: what a camera of two million pixels in somebody's hand makes of
// a code can be read: each degradation by itself, and all of them together.
func TestDegraded(t *testing.T) {
	r := seeded(11)
	full := frames(t, content(2500))[3] // as dense as a frame gets
	for name, s := range map[string]cameratest.Shot{
		"sharp":       {},
		"blur":        {Blur: 2.4},
		"noise":       {Noise: 30},
		"rotation":    {Turn: .7},
		"sideways":    {Turn: math.Pi/2 + .1},
		"perspective": {Tilt: .22, Lean: .12},
		"far away":    {Fill: .3},
		"shade":       {Shade: .6},
		"all":         {Blur: 1.5, Noise: 12, Turn: .3, Tilt: .2, Lean: -.1, Shade: .3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := s.Take(seeded(12), draw(t, full, 1))
			reads(t, encoded(t, m, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode), full)
		})
	}
	// A whole sequence before a live camera, the hand never still, a third of
	// it lost.
	b := content(1100)
	all := frames(t, b)
	lost := len(all) / 3
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var c Collector
	var got []byte
	for _, f := range all[lost:] {
		s := cameratest.Shot{Blur: 1 + r.Float64(), Noise: 10, Turn: r.Float64() - .5, Tilt: .3 * (r.Float64() - .5), Lean: .3 * (r.Float64() - .5), Shade: .3}
		for _, code := range Look(s.Take(r, draw(t, f, 1))) {
			p, err := c.Add(code)
			if err != nil {
				t.Fatal(err)
			}
			if p.Content != nil {
				got = p.Content
			}
		}
	}
	if !bytes.Equal(got, b) {
		t.Errorf("with %d of %d frames lost: %+v", lost, len(all), c.Open())
	}
}

// TestMissing: who reads a sequence can be told which codes are missing, by the
// numbers under which they are shown.
func TestMissing(t *testing.T) {
	all := frames(t, content(1000)) // 4 and 2
	var c Collector
	for _, i := range []int{0, 4} {
		if _, err := c.Add(all[i]); err != nil {
			t.Fatal(err)
		}
	}
	open := c.Open()
	if len(open) != 1 || open[0].Have != 2 || open[0].Need != 4 || open[0].Of != 6 || !slices.Equal(open[0].Missing, []int{2, 3, 4, 6}) {
		t.Errorf("%+v", open)
	}
}

// TestLook: a live picture that is none, or far too large, is no trouble.
func TestLook(t *testing.T) {
	for _, m := range []image.Image{image.NewGray(image.Rect(0, 0, 0, 0)), image.NewGray(image.Rect(0, 0, 3, 2)), image.NewUniform(color.White), broken{}} {
		if got := Look(m); len(got) != 0 {
			t.Errorf("%T: %q", m, got)
		}
	}
	m := draw(t, []byte("as it is"), 4)
	before := slices.Clone(m.(*image.Paletted).Pix)
	if got := Look(m); len(got) != 1 || string(got[0]) != "as it is" || !bytes.Equal(before, m.(*image.Paletted).Pix) {
		t.Errorf("%q", got)
	}
}

// broken is a picture that panics.
type broken struct{ image.Gray }

func (broken) Bounds() image.Rectangle { return image.Rect(0, 0, 40, 40) }
func (broken) At(int, int) color.Color { panic("pixel") }
func (broken) ColorModel() color.Model { return color.RGBAModel }

// FuzzFilm: no film or archive ends the program or gives more than pictures can
// say.
func FuzzFilm(f *testing.F) {
	small := draw(f, []byte("seed"), 1).(*image.Paletted)
	two := reelOf(f, 2, small)
	f.Add(two)
	f.Add(two[:len(two)-9])
	codes, err := Frames(content(300))
	if err != nil {
		f.Fatal(err)
	}
	var g, z bytes.Buffer
	if err := GIF(&g, codes, 1, time.Second); err != nil {
		f.Fatal(err)
	}
	if err := Zip(&z, codes, 1); err != nil {
		f.Fatal(err)
	}
	f.Add(g.Bytes())
	f.Add(z.Bytes())
	f.Add(z.Bytes()[:z.Len()-30])
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<14 || begins(b, gifMagic) && len(b) > 10 && (b[7] > 0 || b[9] > 0) {
			return // only slow
		}
		got, handled, err := several(b)
		if err != nil && explain.CodeOf(err) == "" {
			t.Errorf("an error without its code: %v", err)
		}
		if !handled && (got != nil || err != nil) {
			t.Error("not handled, and something came of it")
		}
		for _, c := range got {
			if len(c) == 0 || len(c) > most {
				t.Errorf("a code of %d bytes", len(c))
			}
		}
	})
}
