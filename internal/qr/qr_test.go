package qr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/common/reedsolomon"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/encoder"
	"golang.org/x/image/bmp"

	"bonafide/internal/explain"
)

// text is n characters of what credentials are made of.
func text(r *rand.Rand, n int) []byte {
	const of = `abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789{}":,.~-_`
	b := make([]byte, n)
	for i := range b {
		b[i] = of[r.IntN(len(of))]
	}
	return b
}

func seeded(n uint64) *rand.Rand { return rand.New(rand.NewPCG(n, 0)) }

func draw(t testing.TB, data []byte, scale int) image.Image {
	t.Helper()
	m, err := Image(data, scale)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func encoded(t testing.TB, m image.Image, encode func(io.Writer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// reads asserts what a picture says.
func reads(t *testing.T, picture []byte, want ...[]byte) {
	t.Helper()
	got, err := Read(bytes.NewReader(picture))
	if err != nil {
		t.Errorf("the picture is not read: %v", err)
		return
	}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("read %q, not %q", got, want)
	}
}

// refuses asserts the code of a picture that is not read.
func refuses(t *testing.T, picture []byte, code string) {
	t.Helper()
	got, err := Read(bytes.NewReader(picture))
	if explain.CodeOf(err) != code || got != nil {
		t.Errorf("read %d codes with %v, not %s", len(got), err, code)
	}
	if _, ok := explain.Lookup(code); !ok {
		t.Errorf("nothing explains %s", code)
	}
}

// photo takes a picture of m: turned by angle (radians), scaled, tilted, with blur and
// noise, as a camera would.
func photo(r *rand.Rand, m image.Image, angle, scale, tilt, blur, noise float64) *image.Gray {
	g := brightness(m)
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	side := int(math.Hypot(w, h)*scale*1.2) + 20
	out := image.NewGray(image.Rect(0, 0, side, side))
	sin, cos := math.Sincos(angle)
	at := func(x, y float64) float64 {
		xi, yi := int(math.Floor(x)), int(math.Floor(y))
		if xi < 0 || yi < 0 || xi >= g.Rect.Dx() || yi >= g.Rect.Dy() {
			return 200
		}
		return 40 + 160*float64(g.Pix[yi*g.Stride+xi])/255
	}
	for py := range side {
		for px := range side {
			sum := 0.0
			for s := range 4 {
				fx := float64(px) - float64(side)/2 + float64(s%2)/2 + .25
				fy := float64(py) - float64(side)/2 + float64(s/2)/2 + .25
				z := 1 + tilt*fx/float64(side)
				fx, fy = fx*z, fy*z
				sum += at((fx*cos+fy*sin)/scale+w/2, (-fx*sin+fy*cos)/scale+h/2)
			}
			out.Pix[py*out.Stride+px] = byte(sum / 4)
		}
	}
	if blur > 0 {
		out = blurred(out, blur)
	}
	for i, p := range out.Pix {
		shade := 1 - 0.3*float64(i%side)/float64(side)
		out.Pix[i] = byte(min(max(float64(p)*shade+r.NormFloat64()*noise, 0), 255))
	}
	return out
}

func blurred(g *image.Gray, sigma float64) *image.Gray {
	n := int(3*sigma) + 1
	k := make([]float64, 2*n+1)
	sum := 0.0
	for i := range k {
		k[i] = math.Exp(-float64((i-n)*(i-n)) / (2 * sigma * sigma))
		sum += k[i]
	}
	for _, across := range []bool{true, false} {
		out := image.NewGray(g.Rect)
		for y := range g.Rect.Dy() {
			for x := range g.Rect.Dx() {
				v := 0.0
				for i, f := range k {
					xx, yy := x, y
					if across {
						xx = min(max(x+i-n, 0), g.Rect.Dx()-1)
					} else {
						yy = min(max(y+i-n, 0), g.Rect.Dy()-1)
					}
					v += f * float64(g.Pix[yy*g.Stride+xx])
				}
				out.Pix[y*out.Stride+x] = byte(v / sum)
			}
		}
		g = out
	}
	return g
}

// TestSizes holds the writer to the capacities of ISO/IEC 18004, table 7, and
// its level to what the independent reader finds.
func TestSizes(t *testing.T) {
	for _, x := range []struct {
		of      string
		n, side int
		level   string
	}{
		{of: "a", n: 14, side: 21, level: "M"},
		{of: "a", n: 15, side: 25, level: "M"},
		{of: "a", n: 331, side: 69, level: "M"},
		{of: "a", n: 332, side: 73, level: "M"},
		{of: "a", n: 2331, side: 177, level: "M"},
		{of: "a", n: 2332, side: 161, level: "L"},
		{of: "a", n: 2953, side: 177, level: "L"},
		{of: "A", n: 3391, side: 177, level: "M"},
		{of: "A", n: 4296, side: 177, level: "L"},
		{of: "7", n: 5596, side: 177, level: "M"},
		{of: "7", n: 7089, side: 177, level: "L"},
	} {
		m := draw(t, []byte(strings.Repeat(x.of, x.n)), 2)
		if side := m.Bounds().Dx()/2 - 2*quiet; side != x.side || m.Bounds().Dy() != m.Bounds().Dx() {
			t.Errorf("%d of %s: %d modules a side, not %d", x.n, x.of, side, x.side)
		}
		bm, err := gozxing.NewBinaryBitmapFromImage(m)
		if err != nil {
			t.Fatal(err)
		}
		res, err := qrcode.NewQRCodeReader().Decode(bm, hints(true))
		if err != nil {
			t.Fatalf("%d of %s: %v", x.n, x.of, err)
		}
		if level := res.GetResultMetadata()[gozxing.ResultMetadataType_ERROR_CORRECTION_LEVEL]; level != x.level {
			t.Errorf("%d of %s: level %v, not %s", x.n, x.of, level, x.level)
		}
	}
	for _, s := range []string{"", strings.Repeat("a", 2954), strings.Repeat("A", 4297), strings.Repeat("7", 7090)} {
		m, err := Image([]byte(s), 1)
		if explain.CodeOf(err) != "qr_too_long" || m != nil {
			t.Errorf("%d bytes: %v", len(s), err)
		}
		if s != "" && strings.Contains(err.Error(), s[:1]+s[:1]+s[:1]) {
			t.Error("the error quotes what was to be written")
		}
		if err := PNG(io.Discard, []byte(s), 1); explain.CodeOf(err) != "qr_too_long" {
			t.Errorf("%d bytes: %v", len(s), err)
		}
	}
}

// TestPixels: each module is a square of whole pixels, black or white, with four
// white modules around.
func TestPixels(t *testing.T) {
	one := brightness(draw(t, []byte("whole pixels"), 1))
	for _, scale := range []int{2, 3, 7, 32} {
		m := brightness(draw(t, []byte("whole pixels"), scale))
		if m.Rect.Dx() != one.Rect.Dx()*scale || m.Rect.Dy() != one.Rect.Dy()*scale {
			t.Fatalf("%v at scale %d of %v", m.Rect, scale, one.Rect)
		}
		for y := range m.Rect.Dy() {
			for x := range m.Rect.Dx() {
				c := m.GrayAt(x, y).Y
				if c != one.GrayAt(x/scale, y/scale).Y || c != 0 && c != 255 {
					t.Fatalf("scale %d: pixel %d, %d is %d", scale, x, y, c)
				}
				edge := min(x, y, m.Rect.Dx()-1-x, m.Rect.Dy()-1-y) / scale
				if edge < 4 && c != 255 || edge == 4 && x/scale == 4 && y/scale == 4 && c != 0 {
					t.Fatalf("scale %d: pixel %d, %d is %d, with %d modules to the edge", scale, x, y, c, edge)
				}
			}
		}
	}
	if draw(t, []byte("x"), 0).Bounds() != draw(t, []byte("x"), 1).Bounds() || draw(t, []byte("x"), 1000).Bounds() != draw(t, []byte("x"), 32).Bounds() {
		t.Error("a scale out of bounds is not brought to the nearest")
	}
}

// TestRoundTrip writes with one library and reads with the other.
func TestRoundTrip(t *testing.T) {
	r := seeded(1)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	payloads := [][]byte{
		[]byte("1"), []byte("0123456789"), []byte("CLAIM CODE: A1B2-C3D4"), []byte(`{"a":"é漢😀"}`), all,
		{0},
		{0xff, 0xfe, 0},
		[]byte("\xef\xbb\xbfBOM"), []byte("\x82\xa0\x82\xa2 looks like Shift JIS"),
	}
	for n := 1; n <= 2953; n += 97 {
		payloads = append(payloads, text(r, n))
	}
	for i, p := range payloads {
		var b bytes.Buffer
		if err := PNG(&b, p, 1+i%5); err != nil {
			t.Fatal(err)
		}
		reads(t, b.Bytes(), p)
	}
}

// TestPerfect: pictures of nothing but a code are always read, one pixel to a
// module and many; the library's own search misses one in eight.
func TestPerfect(t *testing.T) {
	r := seeded(2)
	for i := range 150 {
		p := text(r, 10+2*i)
		reads(t, encoded(t, draw(t, p, 1+i%4), png.Encode), p)
	}
}

// TestKinds: every kind of picture is read, with transparency, 16 bits, a
// palette, and in the negative.
func TestKinds(t *testing.T) {
	p := []byte("the same in every kind")
	m := draw(t, p, 3)
	r := m.Bounds()
	clear, deep, dark, cmyk := image.NewNRGBA(r), image.NewNRGBA64(r), image.NewGray(r), image.NewCMYK(r)
	for y := range r.Dy() {
		for x := range r.Dx() {
			deep.Set(x, y, m.At(x, y))
			cmyk.Set(x, y, m.At(x, y))
			if m.At(x, y) == color.Black {
				clear.Set(x, y, color.Black)
				dark.SetGray(x, y, color.Gray{Y: 230})
			} else {
				dark.SetGray(x, y, color.Gray{Y: 20})
			}
		}
	}
	jpg := func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: 60}) }
	one := func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }
	for name, b := range map[string][]byte{
		"png": encoded(t, m, png.Encode), "png, transparent": encoded(t, clear, png.Encode), "png, 16 bits": encoded(t, deep, png.Encode),
		"png, grey": encoded(t, brightness(m), png.Encode), "png, negative": encoded(t, dark, png.Encode),
		"jpeg": encoded(t, deep, jpg), "jpeg, grey": encoded(t, brightness(m), jpg),
		"gif": encoded(t, m, one), "bmp": encoded(t, m, bmp.Encode), "webp": lossless(m),
	} {
		t.Run(name, func(t *testing.T) { reads(t, b, p) })
	}
	t.Run("any image", func(t *testing.T) {
		if cs := scan(brightness(cmyk)); len(cs) != 1 || !bytes.Equal(cs[0].content, p) {
			t.Errorf("read %v", cs)
		}
	})
}

// lossless writes a black and white WebP (VP8L): a bit for green, red and blue each.
func lossless(m image.Image) []byte {
	var b []byte
	n := 0
	bits := func(v, count uint) {
		for i := range count {
			if n%8 == 0 {
				b = append(b, 0)
			}
			b[n/8] |= byte(v>>i&1) << (n % 8)
			n++
		}
	}
	r := m.Bounds()
	bits(0x2f, 8)
	bits(uint(r.Dx()-1), 14)
	bits(uint(r.Dy()-1), 14)
	bits(0, 1+3+1+1+1) // no alpha, version 0, no transform, no cache, one group of codes
	for range 3 {
		bits(1, 1) // a simple code
		bits(1, 1) // of two symbols
		bits(1, 1) // the first of 8 bits
		bits(0, 8)
		bits(255, 8)
	}
	for _, v := range []uint{255, 0} { // alpha is always 255, no distances
		bits(1, 1)
		bits(0, 1)
		bits(1, 1)
		bits(v, 8)
	}
	for y := range r.Dy() {
		for x := range r.Dx() {
			if c, _, _, _ := m.At(x, y).RGBA(); c != 0 {
				bits(7, 3)
			} else {
				bits(0, 3)
			}
		}
	}
	if len(b)%2 == 1 {
		b = append(b, 0)
	}
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(12+len(b)))
	return append(binary.LittleEndian.AppendUint32(append(head, "WEBPVP8L"...), uint32(len(b))), b...)
}

// TestNamed: codes by another writer, which name their character set or hold
// Kanji, give their text in UTF-8.
func TestNamed(t *testing.T) {
	for _, x := range []struct{ text, charset string }{{"Zoë, 東京", "UTF-8"}, {"Zoë", "ISO-8859-15"}, {"点茗", "Shift_JIS"}} {
		m, err := qrcode.NewQRCodeWriter().Encode(x.text, gozxing.BarcodeFormat_QR_CODE, 200, 200,
			map[gozxing.EncodeHintType]any{gozxing.EncodeHintType_CHARACTER_SET: x.charset})
		if err != nil {
			t.Fatal(err)
		}
		reads(t, encoded(t, m, png.Encode), []byte(x.text))
	}
}

// TestPhotos: what a person with a phone does to a code.
func TestPhotos(t *testing.T) {
	turn := func(m image.Image, quarters int) image.Image {
		for range quarters {
			r := m.Bounds()
			out := image.NewGray(image.Rect(0, 0, r.Dy(), r.Dx()))
			for y := range r.Dy() {
				for x := range r.Dx() {
					out.Set(r.Dy()-1-y, x, m.At(x, y))
				}
			}
			m = out
		}
		return m
	}
	for _, x := range []struct {
		name string
		size int
		to   func(r *rand.Rand, m image.Image) image.Image
	}{
		{"on its side", 200, func(_ *rand.Rand, m image.Image) image.Image { return turn(m, 1) }},
		{"upside down", 200, func(_ *rand.Rand, m image.Image) image.Image { return turn(m, 2) }},
		{"on its other side", 200, func(_ *rand.Rand, m image.Image) image.Image { return turn(m, 3) }},
		{"at an angle", 120, func(r *rand.Rand, m image.Image) image.Image { return photo(r, m, .6, 1.3, 0, 0, 0) }},
		{"scaled by a fraction", 120, func(r *rand.Rand, m image.Image) image.Image { return photo(r, m, 0, .83, 0, 0, 2) }},
		{"half the size", 60, func(r *rand.Rand, m image.Image) image.Image { return photo(r, m, .1, .5, 0, 0, 4) }},
		{"tilted", 120, func(r *rand.Rand, m image.Image) image.Image { return photo(r, m, .2, 1.3, .15, .6, 6) }},
		{"blurred", 120, func(r *rand.Rand, m image.Image) image.Image { return photo(r, m, .1, 1.3, 0, 1.7, 3) }},
		{"in the dark", 60, func(r *rand.Rand, m image.Image) image.Image { return photo(r, m, .1, 2, 0, 1, 32) }},
		{"as a poor JPEG", 120, func(_ *rand.Rand, m image.Image) image.Image {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 8}); err != nil {
				t.Fatal(err)
			}
			out, err := jpeg.Decode(&b)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := seeded(3)
			for range 3 {
				p := text(r, x.size)
				reads(t, encoded(t, x.to(r, draw(t, p, 4)), png.Encode), p)
			}
		})
	}
}

// sheet puts codes beside and below each other.
func sheet(t testing.TB, columns, gap int, ps ...[]byte) *image.Gray {
	var ms []*image.Gray
	side := 0
	for _, p := range ps {
		m := brightness(draw(t, p, 3))
		ms, side = append(ms, m), max(side, m.Rect.Dx()+gap)
	}
	rows := (len(ms) + columns - 1) / columns
	out := image.NewGray(image.Rect(0, 0, columns*side, rows*side))
	for i := range out.Pix {
		out.Pix[i] = 255
	}
	for i, m := range ms {
		for y := range m.Rect.Dy() {
			copy(out.Pix[(i/columns*side+y)*out.Stride+i%columns*side:], m.Pix[y*m.Stride:(y+1)*m.Stride])
		}
	}
	return out
}

// TestMany: all codes of a sheet are read, from its top to its bottom, and one
// that is there twice once.
func TestMany(t *testing.T) {
	r := seeded(4)
	var ps [][]byte
	for range 12 {
		ps = append(ps, text(r, 120))
	}
	reads(t, encoded(t, sheet(t, 4, 0, ps...), png.Encode), ps...)
	reads(t, encoded(t, sheet(t, 1, 20, ps[0], ps[1], ps[0]), png.Encode), ps[0], ps[1])
	got, err := Read(bytes.NewReader(encoded(t, photo(r, sheet(t, 3, 30, ps[:6]...), .1, 1.4, .05, .7, 5), png.Encode)))
	if err != nil || len(got) != 6 {
		t.Errorf("%d of the six on a photographed sheet are read: %v", len(got), err)
	}
}

// TestThreat46_CodesAreNotJoined: a picture cannot make one message of two
// codes by saying that they belong together.
func TestThreat46_CodesAreNotJoined(t *testing.T) {
	first, second := appended(t, 0, "first-"), appended(t, 1, "second")
	side := first.Rect.Dx()
	both := image.NewGray(image.Rect(0, 0, side, 2*side))
	copy(both.Pix, first.Pix)
	copy(both.Pix[len(first.Pix):], second.Pix)
	reads(t, encoded(t, both, png.Encode), []byte("first-"), []byte("second"))
}

// TestThreat46_TooLong: the largest code is the limit, and its content comes
// back whole, not expanded.
func TestThreat46_TooLong(t *testing.T) {
	p := bytes.Repeat([]byte("7"), most)
	reads(t, encoded(t, draw(t, p, 3), png.Encode), p)
}

// appended is one of two codes that say that they are parts of one message
// (ISO/IEC 18004, 8): version 1, level M, 16 bytes of data.
func appended(t *testing.T, number int, s string) *image.Gray {
	t.Helper()
	b := gozxing.NewEmptyBitArray()
	put := func(v, n int) {
		if err := b.AppendBits(v, n); err != nil {
			t.Fatal(err)
		}
	}
	put(3, 4)
	put(number<<4|1, 8)
	put(0, 8) // parity
	put(4, 4) // bytes
	put(len(s), 8)
	for _, c := range []byte(s) {
		put(int(c), 8)
	}
	for b.GetSize() < 8*16 {
		put(0, 1)
	}
	words := make([]int, 26)
	data := make([]byte, 16)
	b.ToBytes(0, data, 0, 16)
	for i, c := range data {
		words[i] = int(c)
	}
	if err := reedsolomon.NewReedSolomonEncoder(reedsolomon.GenericGF_QR_CODE_FIELD_256).Encode(words, 10); err != nil {
		t.Fatal(err)
	}
	all := gozxing.NewEmptyBitArray()
	for _, w := range words {
		if err := all.AppendBits(w, 8); err != nil {
			t.Fatal(err)
		}
	}
	v, err := decoder.Version_GetVersionForNumber(1)
	if err != nil {
		t.Fatal(err)
	}
	m := encoder.NewByteMatrix(21, 21)
	if err := encoder.MatrixUtil_buildMatrix(all, decoder.ErrorCorrectionLevel_M, v, 0, m); err != nil {
		t.Fatal(err)
	}
	const scale = 4
	out := image.NewGray(image.Rect(0, 0, 29*scale, 29*scale))
	for i := range out.Pix {
		x, y := i%out.Stride/scale-quiet, i/out.Stride/scale-quiet
		if x < 0 || y < 0 || x >= 21 || y >= 21 || m.Get(x, y) == 0 {
			out.Pix[i] = 255
		}
	}
	return out
}

// allocated is how much memory f takes all in all.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestThreat70_PixelFloods: a few bytes that claim billions of pixels are refused
// before anything is set aside for them.
func TestThreat70_PixelFloods(t *testing.T) {
	be, le := binary.BigEndian, binary.LittleEndian
	small := image.NewGray(image.Rect(0, 0, 1, 1))
	p := encoded(t, small, png.Encode)
	be.PutUint32(p[16:], 60_000)
	be.PutUint32(p[20:], 60_000)
	be.PutUint32(p[29:], crc32.ChecksumIEEE(p[12:29]))
	g := encoded(t, small, func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) })
	le.PutUint16(g[6:], 65_535)
	le.PutUint16(g[8:], 65_535)
	j := encoded(t, small, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })
	sof := bytes.Index(j, []byte{0xff, 0xc0})
	be.PutUint16(j[sof+5:], 65_535)
	be.PutUint16(j[sof+7:], 65_535)
	b := encoded(t, small, bmp.Encode)
	le.PutUint32(b[18:], 1<<30)
	le.PutUint32(b[22:], 1<<30)
	w := lossless(small)
	le.PutUint32(w[21:], 0x3fff|0x3fff<<14)
	// A small canvas around a large picture.
	x := append([]byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x0a\x00\x00"), w[12:]...)
	le.PutUint32(x[4:], uint32(len(x)-8))
	for name, c := range map[string]struct {
		picture []byte
		code    string
	}{
		"png": {p, "qr_too_large"}, "gif": {g, "qr_too_large"}, "jpeg": {j, "qr_too_large"}, "bmp": {b, "qr_too_large"},
		"webp": {w, "qr_too_large"}, "webp within webp": {x, "qr_unreadable"},
	} {
		if n := allocated(func() { refuses(t, c.picture, c.code) }); n > 1<<20 {
			t.Errorf("%s: %d bytes were set aside", name, n)
		}
	}
	// The last that is allowed, and the first that is not.
	for side, code := range map[int]string{5000: "qr_none", 5001: "qr_too_large"} {
		flat := image.NewPaletted(image.Rect(0, 0, side, 5000), color.Palette{color.White})
		refuses(t, encoded(t, flat, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode), code)
	}
}

// TestThreat70_Bytes: what never ends is read to the limit and no further.
func TestThreat70_Bytes(t *testing.T) {
	r := &endless{}
	got, err := Read(r)
	if explain.CodeOf(err) != "qr_too_large" || got != nil || r.n > maxBytes+1<<20 {
		t.Errorf("%d bytes were read: %v", r.n, err)
	}
	whole := encoded(t, draw(t, []byte("x"), 2), png.Encode)
	reads(t, append(whole, make([]byte, maxBytes-len(whole))...), []byte("x"))
	refuses(t, append(whole, make([]byte, maxBytes-len(whole)+1)...), "qr_too_large")
}

type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, "\x89PNG\r\n\x1a\n")
	e.n += n
	return n, nil
}

// TestThreat70_Frames: of a GIF with thousands of pictures none is decoded, and
// as many as a sequence may have do not take the memory of as many.
func TestThreat70_Frames(t *testing.T) {
	m := draw(t, []byte("a picture"), 4).(*image.Paletted)
	two, three := reelOf(t, 2, m), reelOf(t, 3, m)
	each := three[len(two)-1 : len(three)-1]
	long := func(n int) []byte {
		return append(append(two[:len(two)-1:len(two)-1], bytes.Repeat(each, n-2)...), 0x3b)
	}
	film := long(5000)
	if n := allocated(func() { refuses(t, film, "frames_too_many") }); n > 8*uint64(len(film)) {
		t.Errorf("%d bytes were set aside for 5000 pictures", n)
	}
	reads(t, long(MaxPictures), []byte("a picture"))
}

// TestThreat70_Scans: a JPEG of very many scans is refused, however few bytes
// each has; previews and films that cameras put into their files do not count.
func TestThreat70_Scans(t *testing.T) {
	p := []byte("scans")
	j := encoded(t, draw(t, p, 4), func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })
	sos := bytes.Index(j, []byte{0xff, 0xda})
	head := j[sos : sos+2+int(j[sos+2])<<8+int(j[sos+3])]
	refuses(t, slices.Concat(j[:sos], bytes.Repeat(head, 101), j[sos:]), "qr_too_large")
	noise := bytes.Repeat(head, 200)
	app := append([]byte{0xff, 0xe1, byte((len(noise) + 2) >> 8), byte(len(noise) + 2)}, noise...)
	reads(t, slices.Concat(j[:2], app, j[2:], noise), p)
}

// TestThreat70_FinderFlood: a picture full of finder patterns does not keep the
// search busy: the library alone would try billions of triples.
func TestThreat70_FinderFlood(t *testing.T) {
	finder := [7]string{"#######", "#     #", "# ### #", "# ### #", "# ### #", "#     #", "#######"}
	m := image.NewGray(image.Rect(0, 0, 1500, 1500))
	for i := range m.Pix {
		x, y := i%m.Stride%18/2, i/m.Stride%18/2
		if x > 6 || y > 6 || finder[y][x] == ' ' {
			m.Pix[i] = 255
		}
	}
	at := time.Now()
	refuses(t, encoded(t, m, png.Encode), "qr_none")
	if d := time.Since(at); d > 20*time.Second {
		t.Errorf("searched for %v", d)
	}
}

// TestThreat76_Panics: a decoder that panics is a picture that cannot be read.
func TestThreat76_Panics(t *testing.T) {
	old := formats
	defer func() { formats = old }()
	formats = []format{{"BOOM", func(io.Reader) (image.Config, error) { return image.Config{Width: 1, Height: 1}, nil }, func(io.Reader) (image.Image, error) {
		var none []byte
		return nil, fmt.Errorf("never: %d", none[len(none)])
	}}}
	refuses(t, []byte("BOOM"), "qr_unreadable")
	if cs, all := pass(panicking{}, 1, thorough); len(cs) != 0 || all {
		t.Errorf("a library that panics has read %d codes", len(cs))
	}
}

type panicking struct{ gozxing.Binarizer }

func (panicking) GetBlackMatrix() (*gozxing.BitMatrix, error) { panic("threshold") }

// TestBroken: what is no picture, cut off or without a code is told apart, and a
// failing reader is no bad picture.
func TestBroken(t *testing.T) {
	whole := encoded(t, draw(t, []byte("whole"), 3), png.Encode)
	for _, n := range []int{0, 1, 8, 20, 40, len(whole) / 2, len(whole) - 20} {
		refuses(t, whole[:n], "qr_unreadable")
	}
	j := encoded(t, draw(t, []byte("whole"), 3), func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) })
	for _, n := range []int{2, 4, len(j) / 2} {
		refuses(t, j[:n], "qr_unreadable")
	}
	refuses(t, lossless(image.NewGray(image.Rect(0, 0, 100, 100)))[:40], "qr_unreadable")
	refuses(t, []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "qr_unreadable")
	r := seeded(5)
	for _, side := range []int{1, 5, 28, 60, 300} {
		m := image.NewGray(image.Rect(0, 0, side, side))
		refuses(t, encoded(t, m, png.Encode), "qr_none")
		for i := range m.Pix {
			m.Pix[i] = byte(r.IntN(256))
		}
		refuses(t, encoded(t, m, png.Encode), "qr_none")
	}
	refuses(t, encoded(t, image.NewGray(image.Rect(0, 0, 5000, 1)), png.Encode), "qr_none")
	gone := errors.New("gone")
	if _, err := Read(io.MultiReader(bytes.NewReader(whole), iotest.ErrReader(gone))); !errors.Is(err, gone) || explain.CodeOf(err) != "" {
		t.Errorf("a failing reader gives %v", err)
	}
}

// TestOutsideReader: software that shares nothing with ours reads what we draw.
func TestOutsideReader(t *testing.T) {
	zbar, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Skip("zbarimg is not installed (Debian: zbar-tools)")
	}
	r := seeded(6)
	dir := t.TempDir()
	args := []string{"--quiet", "--raw"}
	var want []string
	for i, n := range []int{1, 14, 15, 60, 150, 331, 600, 1200, 2331, 2332, 2953} {
		p := text(r, n)
		if n == 60 {
			p = []byte("CLAIM 0123456789 ABC-DEF")
		}
		name := filepath.Join(dir, fmt.Sprintf("%02d.png", i))
		if err := os.WriteFile(name, encoded(t, draw(t, p, 4), png.Encode), 0o600); err != nil {
			t.Fatal(err)
		}
		args, want = append(args, name), append(want, string(p))
	}
	out, err := exec.CommandContext(t.Context(), zbar, args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("zbarimg read %d codes of %d, or others:\n%.300q", len(got), len(want), got)
	}
}

// FuzzRead: no bytes end the program; what is refused gives nothing and says
// why, and what is read says something.
func FuzzRead(f *testing.F) {
	m := draw(f, []byte("seed"), 1)
	for _, b := range [][]byte{
		encoded(f, m, png.Encode), encoded(f, m, bmp.Encode), lossless(m),
		encoded(f, m, func(w io.Writer, m image.Image) error { return gif.Encode(w, m, nil) }),
		encoded(f, m, func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, nil) }),
		encoded(f, sheet(f, 2, 9, []byte("a"), []byte("b")), png.Encode),
	} {
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Read(bytes.NewReader(b))
		switch {
		case err == nil && len(got) == 0:
			t.Error("nothing was read, and no error")
		case err != nil && got != nil:
			t.Errorf("%d codes and %v", len(got), err)
		case err != nil && !slices.Contains([]string{"qr_none", "qr_too_large", "qr_unreadable", "frames_too_many"}, explain.CodeOf(err)):
			t.Errorf("an error without its code: %v", err)
		}
		for _, c := range got {
			if len(c) == 0 {
				t.Error("a code that says nothing was given")
			}
		}
	})
}

// FuzzScan: whatever pixels come out of a decoder, the search ends.
func FuzzScan(f *testing.F) {
	m := brightness(draw(f, []byte("seed"), 1))
	f.Add(m.Pix, uint16(m.Rect.Dx()))
	f.Add(slices.Concat(m.Pix, m.Pix), uint16(m.Rect.Dx()))
	f.Fuzz(func(t *testing.T, pix []byte, width uint16) {
		if width == 0 || len(pix) < int(width) || len(pix) > 1<<16 {
			return
		}
		h := len(pix) / int(width)
		g := &image.Gray{Pix: slices.Clone(pix[:h*int(width)]), Stride: int(width), Rect: image.Rect(0, 0, int(width), h)}
		for _, c := range scan(g) {
			if len(c.content) == 0 {
				t.Error("a code that says nothing was given")
			}
		}
	})
}
