// Package qr reads the QR codes (ISO/IEC 18004) in a picture that somebody
// opens, and draws one to be shown. It knows nothing of what the codes say.
//
// A picture comes from outside: its size in bytes and in pixels is bounded
// before it is decoded, and nothing that a decoder does with it can end the
// program.
package qr

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"iter"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/common"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/detector"
	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"
	"golang.org/x/text/encoding/charmap"

	"bonafide/internal/explain"
)

// Limits of a picture. Phones take 12 to 24 million pixels; decoded, that many
// are 100 MB at most, twice that with 16 bits a colour.
const (
	maxBytes  = 20 << 20
	maxPixels = 25_000_000
	// Each scan of a progressive JPEG goes over the whole picture and may be a
	// few bytes long; cameras and editors write about ten.
	maxScans = 100
	// A picture full of finder patterns would keep the search for those that
	// belong together busy for hours.
	maxFinders = 1000 // seen
)

// effort is how far the search for codes goes in one pass.
type effort struct {
	corners int // finder patterns tried, the most distinct first
	tries   int // triples of them that are sampled
}

// A picture that somebody opens is worth more time than one of many.
var (
	thorough = effort{96, 400}
	quick    = effort{24, 40}
)

// format is a kind of picture. The registry of package image is not asked: what
// other packages add to it would be opened here.
type format struct {
	magic  string // '?' stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = []format{
	{"\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode},
	{"\xff\xd8", jpeg.DecodeConfig, jpeg.Decode},
	{gifMagic, gif.DecodeConfig, gif.Decode}, // of an animated one the first picture; film reads them all
	{"RIFF????WEBPVP8", webp.DecodeConfig, webp.Decode},
	{"BM", bmp.DecodeConfig, bmp.Decode},
}

// Read returns what the QR codes in a PNG, JPEG, GIF, WebP or BMP picture say,
// each different content once, from the top of the picture to its bottom. Of an
// animated GIF, and of a ZIP archive in which every file is a picture, it reads
// all pictures in their order. A code in byte mode gives its bytes as they are,
// one that names its character set (ECI) or holds Kanji its text in UTF-8. Codes
// of a structured append are given one by one and never joined: their order and
// belonging are the picture's word alone. For frames of ours there is Join.
//
// Errors: qr_too_large, qr_unreadable, qr_none, frames_too_many; the reader's own
// error as it is.
func Read(r io.Reader) ([][]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading a picture: %w", err)
	}
	if len(b) > maxBytes {
		return nil, explain.Errorf("qr_too_large", "more than %d bytes", maxBytes)
	}
	if out, handled, err := several(b); handled {
		if err == nil && len(out) == 0 {
			err = explain.Errorf("qr_none", "several pictures")
		}
		return out, err
	}
	g, err := open(b)
	if err != nil {
		return nil, err
	}
	codes := scan(g)
	if len(codes) == 0 {
		return nil, explain.Errorf("qr_none", "%d × %d pixels", g.Rect.Dx(), g.Rect.Dy())
	}
	out := make([][]byte, len(codes))
	for i, c := range codes {
		out[i] = c.content
	}
	return out, nil
}

// several reads what holds more than one picture; handled is false where b does
// not.
func several(b []byte) (codes [][]byte, handled bool, err error) {
	switch {
	case begins(b, gifMagic):
		return film(b)
	case begins(b, zipMagic):
		codes, err = album(b)
		return codes, true, err
	}
	return nil, false, nil
}

// open decodes a picture to what matters, its brightness, with white behind
// what is transparent.
func open(b []byte) (g *image.Gray, err error) {
	defer wall(func(p any) { g, err = nil, explain.Errorf("qr_unreadable", "the decoder failed: %v", p) })
	f, _, err := kindOf(b)
	if err != nil {
		return nil, err
	}
	m, err := f.decode(bytes.NewReader(b))
	if err != nil {
		return nil, explain.Errorf("qr_unreadable", "the picture: %w", err)
	}
	return brightness(m), nil
}

// kindOf says of what kind a picture is and how many pixels it has, where they
// may be decoded.
func kindOf(b []byte) (f format, pixels int, err error) {
	defer wall(func(p any) { err = explain.Errorf("qr_unreadable", "the decoder failed: %v", p) })
	i := slices.IndexFunc(formats, func(f format) bool { return begins(b, f.magic) })
	if i < 0 {
		return format{}, 0, explain.Errorf("qr_unreadable", "no known kind of picture")
	}
	f = formats[i]
	c, err := f.config(bytes.NewReader(b))
	if err != nil {
		return format{}, 0, explain.Errorf("qr_unreadable", "the picture's head: %w", err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return format{}, 0, explain.Errorf("qr_unreadable", "a picture without pixels")
	}
	if c.Width > maxPixels/c.Height {
		return format{}, 0, explain.Errorf("qr_too_large", "%d × %d pixels", c.Width, c.Height)
	}
	if f.magic == "\xff\xd8" && scans(b) > maxScans {
		return format{}, 0, explain.Errorf("qr_too_large", "more than %d scans", maxScans)
	}
	return f, c.Width * c.Height, nil
}

// begins reports whether b begins with a mark, in which '?' is any byte.
func begins(b []byte, magic string) bool {
	if len(b) < len(magic) {
		return false
	}
	for i, c := range []byte(magic) {
		if c != '?' && c != b[i] {
			return false
		}
	}
	return true
}

// scans counts the scans of a JPEG (ITU-T T.81, B.1.1.3 and B.2.3): segments
// are stepped over by their length, so that a preview inside one, or a film
// behind the picture's end, does not count.
func scans(b []byte) int {
	const (
		rst0, rst7, soi, eoi, sos, tem = 0xd0, 0xd7, 0xd8, 0xd9, 0xda, 0x01
	)
	n := 0
	for i := 0; i+1 < len(b); {
		m := b[i+1]
		switch {
		case b[i] != 0xff || m == 0 || m == 0xff: // in a scan's data, or filling
			i++
		case m == tem || m >= rst0 && m <= soi:
			i += 2
		case m == eoi:
			return n
		default:
			if i+3 >= len(b) {
				return n
			}
			if m == sos {
				n++
			}
			i += 2 + max(2, int(b[i+2])<<8|int(b[i+3]))
		}
	}
	return n
}

// brightness makes a grey picture that begins at (0, 0).
func brightness(m image.Image) *image.Gray {
	r := m.Bounds()
	g := image.NewGray(image.Rect(0, 0, r.Dx(), r.Dy()))
	switch m := m.(type) {
	case *image.YCbCr:
		for y := range r.Dy() {
			o := m.YOffset(r.Min.X, r.Min.Y+y)
			copy(g.Pix[y*g.Stride:(y+1)*g.Stride], m.Y[o:o+r.Dx()])
		}
	case *image.Gray:
		for y := range r.Dy() {
			o := m.PixOffset(r.Min.X, r.Min.Y+y)
			copy(g.Pix[y*g.Stride:(y+1)*g.Stride], m.Pix[o:o+r.Dx()])
		}
	case *image.Paletted:
		var of [256]byte
		for i, c := range m.Palette {
			of[i] = onWhite(c)
		}
		for y := range r.Dy() {
			o := m.PixOffset(r.Min.X, r.Min.Y+y)
			for x, p := range m.Pix[o : o+r.Dx()] {
				g.Pix[y*g.Stride+x] = of[p]
			}
		}
	case image.RGBA64Image:
		for y := range r.Dy() {
			for x := range r.Dx() {
				g.Pix[y*g.Stride+x] = onWhite64(m.RGBA64At(r.Min.X+x, r.Min.Y+y))
			}
		}
	default:
		for y := range r.Dy() {
			for x := range r.Dx() {
				g.Pix[y*g.Stride+x] = onWhite(m.At(r.Min.X+x, r.Min.Y+y))
			}
		}
	}
	return g
}

func onWhite(c color.Color) byte {
	r, g, b, a := c.RGBA()
	return onWhite64(color.RGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: uint16(a)})
}

// onWhite64 is the brightness of a colour (premultiplied, as all RGBA64 are)
// on white, with the weights of JPEG.
func onWhite64(c color.RGBA64) byte {
	y := (19595*uint32(c.R) + 38470*uint32(c.G) + 7471*uint32(c.B) + 1<<15) >> 16
	return byte(min(y+0xffff-uint32(c.A), 0xffff) >> 8)
}

// wall turns a panic of a library, for the function that defers it, into what
// failed does.
func wall(failed func(any)) {
	if p := recover(); p != nil {
		failed(p)
	}
}

// code is one that was read.
type code struct {
	content []byte
	x, y    float64 // of its top left corner, in the whole picture's pixels
}

// scan looks for codes in a picture: at its own size and at halves of it, which
// take noise and fine texture away, with a threshold that goes with the light
// and with one for all, and last as a negative, as dark screens show codes.
func scan(g *image.Gray) []code {
	var found []code
	add := func(cs []code) {
		for _, c := range cs {
			i := slices.IndexFunc(found, func(f code) bool { return bytes.Equal(f.content, c.content) })
			if i < 0 {
				found = append(found, c)
			} else if before(c, found[i]) < 0 {
				found[i] = c
			}
		}
	}
	for _, negative := range []bool{false, true} {
		if negative {
			if len(found) > 0 {
				break
			}
			for i, p := range g.Pix {
				g.Pix[i] = ^p
			}
		}
		for at := range sizes(g) {
			for _, m := range thresholds(at.Gray) {
				cs, all := pass(m, at.factor, thorough)
				add(cs)
				if all {
					return sorted(found)
				}
			}
		}
	}
	return sorted(found)
}

const (
	// In pictures below this size a module may have a pixel or two, less than the
	// search for corners wants.
	tiny = 600
	// The smallest code with its border has 29 modules.
	least = 29
)

// size is a picture at another size; factor times its pixels are those of the whole.
type size struct {
	*image.Gray
	factor float64
}

// sizes gives a picture as it is, then larger where it is tiny, then its halves.
func sizes(g *image.Gray) iter.Seq[size] {
	return func(yield func(size) bool) {
		if !yield(size{g, 1}) {
			return
		}
		if max(g.Rect.Dx(), g.Rect.Dy()) < tiny && !yield(size{doubled(g), 0.5}) {
			return
		}
		for s := (size{g, 1}); min(s.Rect.Dx(), s.Rect.Dy()) >= 2*least; {
			s = size{halved(s.Gray), s.factor * 2}
			if !yield(s) {
				return
			}
		}
	}
}

// before orders codes as a page is read.
func before(a, b code) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) }

func sorted(cs []code) []code {
	slices.SortFunc(cs, before)
	return cs
}

func halved(g *image.Gray) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, max(1, g.Rect.Dx()/2), max(1, g.Rect.Dy()/2)))
	for y := range out.Rect.Dy() {
		a := g.Pix[2*y*g.Stride:]
		b := g.Pix[min(2*y+1, g.Rect.Dy()-1)*g.Stride:]
		for x := range out.Rect.Dx() {
			l, r := 2*x, min(2*x+1, g.Rect.Dx()-1)
			out.Pix[y*out.Stride+x] = byte((int(a[l]) + int(a[r]) + int(b[l]) + int(b[r]) + 2) / 4)
		}
	}
	return out
}

// doubled puts a pixel between any two, with their mean.
func doubled(g *image.Gray) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, 2*w, 2*h))
	for y := range out.Rect.Dy() {
		a, b := g.Pix[y/2*g.Stride:], g.Pix[min((y+1)/2, h-1)*g.Stride:]
		for x := range out.Rect.Dx() {
			l, r := x/2, min((x+1)/2, w-1)
			out.Pix[y*out.Stride+x] = byte((int(a[l]) + int(a[r]) + int(b[l]) + int(b[r]) + 2) / 4)
		}
	}
	return out
}

// light gives a grey picture to the library.
type light struct{ *image.Gray }

func (l light) GetRow(y int, row []byte) ([]byte, error) {
	if y < 0 || y >= l.Rect.Dy() {
		return nil, fmt.Errorf("no row %d", y)
	}
	return append(row[:0], l.Pix[y*l.Stride:y*l.Stride+l.Rect.Dx()]...), nil
}
func (l light) GetMatrix() []byte     { return l.Pix }
func (l light) GetWidth() int         { return l.Rect.Dx() }
func (l light) GetHeight() int        { return l.Rect.Dy() }
func (l light) IsCropSupported() bool { return false }
func (l light) IsRotateSupported() bool {
	return false
}
func (l light) Invert() gozxing.LuminanceSource { return gozxing.LuminanceSourceInvert(l) }
func (l light) String() string                  { return "" }
func (l light) Crop(int, int, int, int) (gozxing.LuminanceSource, error) {
	return nil, fmt.Errorf("not cropped")
}

func (l light) RotateCounterClockwise() (gozxing.LuminanceSource, error) {
	return nil, fmt.Errorf("not rotated")
}

func (l light) RotateCounterClockwise45() (gozxing.LuminanceSource, error) {
	return nil, fmt.Errorf("not rotated")
}

// thresholds are the ways to tell black from white.
func thresholds(g *image.Gray) []gozxing.Binarizer {
	return []gozxing.Binarizer{gozxing.NewHybridBinarizer(light{g}), gozxing.NewGlobalHistgramBinarizer(light{g})}
}

// hints: Latin-1 gives every byte a character of its own, so that none is lost
// in a guess at the character set.
func hints(pure bool) map[gozxing.DecodeHintType]any {
	h := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_CHARACTER_SET: charmap.ISO8859_1}
	if pure {
		h[gozxing.DecodeHintType_PURE_BARCODE] = true
	}
	return h
}

// pass reads the codes in one black and white picture; factor times its pixels
// are those of the whole. all is true where no finder pattern is left over, so
// that there is nothing more to look for.
func pass(b gozxing.Binarizer, factor float64, e effort) (found []code, all bool) {
	defer wall(func(any) { all = false })
	m, err := b.GetBlackMatrix()
	if err != nil {
		return nil, false
	}
	if c, ok := alone(b); ok {
		return []code{c}, true
	}
	cs := corners(m, e.corners)
	left := make(map[*detector.FinderPattern]bool, len(cs))
	for _, c := range cs {
		left[c] = true
	}
	tries := 0
	for _, t := range triples(cs) {
		if !left[t.of[0]] || !left[t.of[1]] || !left[t.of[2]] {
			continue
		}
		if tries++; tries > e.tries {
			break
		}
		content, ok := sample(m, t)
		if !ok {
			continue
		}
		for _, c := range t.of {
			left[c] = false
		}
		tl := t.info.GetTopLeft()
		found = append(found, code{content, tl.GetX() * factor, tl.GetY() * factor})
	}
	for c, l := range left {
		if l && c.GetCount() > 1 {
			return found, false
		}
	}
	return found, len(found) > 0
}

// alone reads a picture that is one upright code and nothing else, module by
// module: faster than by its corners, and sure.
func alone(b gozxing.Binarizer) (c code, ok bool) {
	defer wall(func(any) { ok = false })
	bm, err := gozxing.NewBinaryBitmap(b)
	if err != nil {
		return code{}, false
	}
	r, err := qrcode.NewQRCodeReader().Decode(bm, hints(true))
	if err != nil {
		return code{}, false
	}
	id, _ := r.GetResultMetadata()[gozxing.ResultMetadataType_SYMBOLOGY_IDENTIFIER].(string)
	content := payload(r.GetText(), id == "]Q2" || id == "]Q4" || id == "]Q6")
	return code{content: content}, len(content) > 0
}

// sample reads the code whose corners are known.
func sample(m *gozxing.BitMatrix, t triple) (content []byte, ok bool) {
	defer wall(func(any) { ok = false })
	d, err := detector.NewDetector(m).ProcessFinderPatternInfo(t.info)
	if err != nil {
		return nil, false
	}
	var r *common.DecoderResult
	if r, err = decoder.NewDecoder().Decode(d.GetBits(), hints(false)); err != nil {
		return nil, false
	}
	// 2, 4 and 6 say that the code names its character set.
	content = payload(r.GetText(), r.GetSymbologyModifier()%2 == 0)
	return content, len(content) > 0
}

// payload turns the library's text back into the code's bytes.
func payload(text string, named bool) []byte {
	if named {
		return []byte(text)
	}
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff { // Kanji
			return []byte(text)
		}
		out = append(out, byte(r))
	}
	return out
}

// corners are the most distinct finder patterns, dark and light in the ratio
// 1:1:3:1:1 both ways.
func corners(m *gozxing.BitMatrix, most int) []*detector.FinderPattern {
	f := detector.NewFinderPatternFinder(m, nil)
	w, h := m.GetWidth(), m.GetHeight()
	// The runs of a row: how long each is and where it ends; dark ones are those
	// with an even index.
	var length, end []int
	for y := 2; y < h && len(f.GetPossibleCenters()) < maxFinders; y += 3 {
		length, end = length[:0], end[:0]
		dark, from := true, 0
		for x := 0; x <= w; x++ {
			if x < w && m.Get(x, y) == dark {
				continue
			}
			length, end = append(length, x-from), append(end, x)
			dark, from = !dark, x
		}
		for i := 0; i+5 <= len(length); {
			state := length[i : i+5 : i+5]
			// The library writes into what it is given.
			if detector.FinderPatternFinder_foundPatternCross(state) && f.HandlePossibleCenter(slices.Clone(state), y, end[i+4]) {
				i += 6
			} else {
				i += 2
			}
		}
	}
	cs := slices.Clone(f.GetPossibleCenters())
	slices.SortStableFunc(cs, func(a, b *detector.FinderPattern) int { return cmp.Compare(b.GetCount(), a.GetCount()) })
	return cs[:min(len(cs), most)]
}

// triple is three corners that may be one code's.
type triple struct {
	of   [3]*detector.FinderPattern
	info *detector.FinderPatternInfo
	off  float64 // from a right angle with equal sides, in parts
}

// triples are the right-angled ones with about equal sides and modules, at a
// distance that a code can have (versions 1 to 40: 14 to 170 modules from
// centre to centre), the straightest first. Perspective is given its share.
func triples(cs []*detector.FinderPattern) []triple {
	var out []triple
	for i, a := range cs {
		for j, b := range cs[:i] {
			if !alike(a, b) {
				continue
			}
			for _, c := range cs[:j] {
				if !alike(a, c) || !alike(b, c) {
					continue
				}
				bl, tl, tr := gozxing.ResultPoint_OrderBestPatterns(a, b, c)
				down, across := gozxing.ResultPoint_Distance(tl, bl), gozxing.ResultPoint_Distance(tl, tr)
				diagonal := gozxing.ResultPoint_Distance(bl, tr)
				module := (a.GetEstimatedModuleSize() + b.GetEstimatedModuleSize() + c.GetEstimatedModuleSize()) / 3
				if n := (down + across) / 2 / module; n < 10 || n > 200 {
					continue
				}
				sides := math.Abs(down-across) / min(down, across)
				angle := math.Abs(diagonal/math.Hypot(down, across) - 1)
				if sides > 0.4 || angle > 0.25 {
					continue
				}
				// The library made these three of what it was given.
				info := detector.NewFinderPatternInfo(bl.(*detector.FinderPattern), tl.(*detector.FinderPattern), tr.(*detector.FinderPattern))
				out = append(out, triple{[3]*detector.FinderPattern{a, b, c}, info, sides + angle})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b triple) int { return cmp.Compare(a.off, b.off) })
	return out
}

// alike reports whether two corners have modules of about one size.
func alike(a, b *detector.FinderPattern) bool {
	x, y := a.GetEstimatedModuleSize(), b.GetEstimatedModuleSize()
	return math.Abs(x-y) <= max(1, min(x, y)/2)
}
