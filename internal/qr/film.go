package qr

// Several pictures in one file: an animated GIF, and a ZIP archive of pictures.
// Sequences of codes are saved as both.

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"bonafide/internal/explain"
)

const (
	// MaxPictures is how many pictures one file may hold: the longest sequence has
	// 177 codes.
	MaxPictures = 256
	// maxFilm bounds the pixels of all of them together: 177 pictures of 750 pixels
	// a side.
	maxFilm = 4 * maxPixels
)

const (
	gifMagic = "GIF8?a"
	zipMagic = "PK\x03\x04"
)

func tooMany(n int) error {
	return explain.Errorf("frames_too_many", "%d pictures, %d are the most", n, MaxPictures)
}

// reel reads the codes of several pictures, each of them quickly. Where that
// finds nothing there is time for a thorough look at as many pixels as one
// picture may have.
type reel struct {
	codes [][]byte
	spent int // pixels looked at thoroughly
	last  *image.Gray
}

// look reads a picture; it stays as it is. What the last one showed already is
// not looked at again.
func (r *reel) look(g *image.Gray) {
	if r.last != nil && r.last.Rect == g.Rect && bytes.Equal(r.last.Pix, g.Pix) {
		return
	}
	r.last = &image.Gray{Pix: slices.Clone(g.Pix), Stride: g.Stride, Rect: g.Rect}
	found := glance(g)
	if n := g.Rect.Dx() * g.Rect.Dy(); len(found) == 0 && r.spent+n <= maxPixels {
		r.spent += n
		found = scan(&image.Gray{Pix: slices.Clone(g.Pix), Stride: g.Stride, Rect: g.Rect})
	}
	for _, c := range found {
		if !slices.ContainsFunc(r.codes, func(b []byte) bool { return bytes.Equal(b, c.content) }) {
			r.codes = append(r.codes, c.content)
		}
	}
}

// glance looks for codes with little effort, as there is between two pictures of
// a camera: at the picture's own size and at half of it.
func glance(g *image.Gray) []code {
	for at := range sizes(g) {
		if at.factor < 1 {
			continue
		}
		if at.factor > 2 {
			break
		}
		for _, m := range thresholds(at.Gray) {
			if found, _ := pass(m, at.factor, quick); len(found) > 0 {
				return sorted(found)
			}
		}
	}
	return nil
}

// Look reads the codes in a picture that a camera has just taken, quickly rather
// than at any price: the next one comes at once. It gives none where the picture
// has more than 25 million pixels.
func Look(m image.Image) (codes [][]byte) {
	defer wall(func(any) { codes = nil })
	if r := m.Bounds(); r.Empty() || r.Dx() > maxPixels/r.Dy() {
		return nil
	}
	for _, c := range glance(brightness(m)) {
		codes = append(codes, c.content)
	}
	return codes
}

// still is one picture of an animated GIF.
type still struct {
	from, to int // its bytes: what governs it, its descriptor, its data
	disposal byte
}

// Disposals (GIF89a, 23.c.iv): what becomes of a picture before the next.
const (
	toBackground = 2
	toPrevious   = 3
)

// stills finds the pictures in an animated GIF without decoding any. A file that
// is cut off gives those that are whole.
func stills(b []byte) (out []still, head int) {
	const headLen, descriptorLen = 13, 10
	if len(b) < headLen {
		return nil, 0
	}
	table := func(flags byte) int { // length of a colour table
		if flags&0x80 == 0 {
			return 0
		}
		return 3 << (flags&7 + 1)
	}
	blocks := func(i int) int { // behind the sub-blocks that begin at i; 0 where they do not end
		for i < len(b) {
			n := int(b[i])
			i += 1 + n
			if n == 0 {
				return i
			}
		}
		return 0
	}
	head = headLen + table(b[10])
	next := still{from: -1}
	for i := head; i < len(b); {
		switch b[i] {
		case 0x21: // an extension
			if next.from < 0 {
				next.from = i
			}
			if i+3 < len(b) && b[i+1] == 0xf9 {
				next.from, next.disposal = i, b[i+3]>>2&7
			}
			if i = blocks(i + 2); i == 0 {
				return out, head
			}
		case 0x2c: // a picture
			if next.from < 0 {
				next.from = i
			}
			if i+descriptorLen > len(b) {
				return out, head
			}
			if i = blocks(i + descriptorLen + table(b[i+9]) + 1); i == 0 {
				return out, head
			}
			next.to = i
			out = append(out, next)
			next = still{from: -1}
		default: // the end, or what nobody knows
			return out, head
		}
	}
	return out, head
}

// film reads the codes of an animated GIF picture by picture, so that no more
// than two of them are held. handled is false where it is a still.
func film(b []byte) (codes [][]byte, handled bool, err error) {
	defer wall(func(p any) {
		codes, handled, err = nil, true, explain.Errorf("qr_unreadable", "the decoder failed: %v", p)
	})
	all, head := stills(b)
	if len(all) < 2 {
		return nil, false, nil
	}
	w, h := int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	switch {
	case w == 0 || h == 0:
		return nil, true, explain.Errorf("qr_unreadable", "a picture without pixels")
	case w > maxPixels/h:
		return nil, true, explain.Errorf("qr_too_large", "%d × %d pixels", w, h)
	case len(all) > MaxPictures:
		return nil, true, tooMany(len(all))
	case w*h > maxFilm/len(all):
		return nil, true, explain.Errorf("qr_too_large", "%d pictures of %d × %d pixels", len(all), w, h)
	}
	canvas := image.NewGray(image.Rect(0, 0, w, h))
	blank(canvas, canvas.Rect)
	var r reel
	for _, s := range all {
		one := slices.Concat(b[:head], b[s.from:s.to], []byte{0x3b})
		m, err := gif.Decode(bytes.NewReader(one))
		if err != nil {
			return nil, true, explain.Errorf("qr_unreadable", "a picture of the film: %w", err)
		}
		p, ok := m.(*image.Paletted)
		if !ok {
			return nil, true, explain.Errorf("qr_unreadable", "a picture of the film is a %T", m)
		}
		var before []byte
		if s.disposal == toPrevious {
			before = slices.Clone(canvas.Pix)
		}
		paint(canvas, p)
		r.look(canvas)
		switch s.disposal {
		case toBackground:
			blank(canvas, p.Rect)
		case toPrevious:
			canvas.Pix = before
		}
	}
	return r.codes, true, nil
}

// paint lays a picture over a canvas; what is transparent in it stays.
func paint(canvas *image.Gray, p *image.Paletted) {
	var light [256]byte
	var clear [256]bool
	for i, c := range p.Palette {
		_, _, _, a := c.RGBA()
		light[i], clear[i] = onWhite(c), a == 0
	}
	area := p.Rect.Intersect(canvas.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if i := p.Pix[p.PixOffset(x, y)]; !clear[i] {
				canvas.Pix[canvas.PixOffset(x, y)] = light[i]
			}
		}
	}
}

// blank makes an area white.
func blank(canvas *image.Gray, area image.Rectangle) {
	area = area.Intersect(canvas.Rect)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		row := canvas.Pix[canvas.PixOffset(area.Min.X, y):canvas.PixOffset(area.Max.X, y)]
		for i := range row {
			row[i] = 255
		}
	}
}

// album reads the codes of an archive in which every file is a picture.
func album(b []byte) ([][]byte, error) {
	// The library makes an entry for each that the directory names before it says
	// how many there are. Each has this mark.
	if n := bytes.Count(b, []byte("PK\x01\x02")); n > MaxPictures {
		return nil, tooMany(n)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, explain.Errorf("qr_unreadable", "the archive: %w", err)
	}
	if len(z.File) > MaxPictures {
		return nil, tooMany(len(z.File))
	}
	files := slices.DeleteFunc(slices.Clone(z.File), func(f *zip.File) bool {
		return f.FileInfo().IsDir() || strings.HasPrefix(path.Base(f.Name), ".")
	})
	slices.SortStableFunc(files, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	var pictures [][]byte
	bytesLeft, pixels := int64(maxBytes), 0
	for _, f := range files {
		b, err := unzip(f, bytesLeft)
		if err != nil {
			return nil, err
		}
		_, n, err := kindOf(b)
		if err != nil {
			return nil, err
		}
		bytesLeft -= int64(len(b))
		if pixels += n; pixels > maxFilm {
			return nil, explain.Errorf("qr_too_large", "more than %d pixels in an archive", maxFilm)
		}
		pictures = append(pictures, b)
	}
	var r reel
	for _, b := range pictures {
		g, err := open(b)
		if err != nil {
			return nil, err
		}
		r.look(g)
	}
	return r.codes, nil
}

// unzip reads a file of an archive, whatever length it claims to have.
func unzip(f *zip.File, most int64) ([]byte, error) {
	from, err := f.Open()
	if err != nil {
		return nil, explain.Errorf("qr_unreadable", "a file of the archive: %w", err)
	}
	defer func() { _ = from.Close() }() // it was only read
	b, err := io.ReadAll(io.LimitReader(from, most+1))
	switch {
	case int64(len(b)) > most:
		return nil, explain.Errorf("qr_too_large", "more than %d bytes in an archive", maxBytes)
	case err != nil:
		return nil, explain.Errorf("qr_unreadable", "a file of the archive: %w", err)
	}
	return b, nil
}

// GIF writes codes as a film that goes round, each code in sight for a while, as
// Image draws them.
//
// Errors: qr_too_long, frames_too_many; the writer's own error as it is.
func GIF(w io.Writer, codes [][]byte, scale int, each time.Duration) error {
	all, side, err := drawn(codes, scale)
	if err != nil {
		return err
	}
	g := &gif.GIF{Config: image.Config{ColorModel: color.Palette{color.White, color.Black}, Width: side, Height: side}}
	for _, m := range all {
		g.Image = append(g.Image, m)
		g.Delay = append(g.Delay, int(each/(10*time.Millisecond)))
		g.Disposal = append(g.Disposal, gif.DisposalNone)
	}
	return gif.EncodeAll(w, g)
}

// drawn draws codes, all as large as the largest.
func drawn(codes [][]byte, scale int) (all []*image.Paletted, side int, err error) {
	if len(codes) > MaxPictures {
		return nil, 0, tooMany(len(codes))
	}
	for _, c := range codes {
		m, err := Image(c, scale)
		if err != nil {
			return nil, 0, err
		}
		p, ok := m.(*image.Paletted)
		if !ok {
			return nil, 0, explain.Errorf("internal_error", "a code is drawn as a %T", m)
		}
		all, side = append(all, p), max(side, p.Rect.Dx())
	}
	for i, p := range all {
		if p.Rect.Dx() == side {
			continue
		}
		// White all around: the first colour.
		out := image.NewPaletted(image.Rect(0, 0, side, side), p.Palette)
		off := (side - p.Rect.Dx()) / 2
		for y := range p.Rect.Dy() {
			copy(out.Pix[(y+off)*out.Stride+off:], p.Pix[y*p.Stride:y*p.Stride+p.Rect.Dx()])
		}
		all[i] = out
	}
	return all, side, nil
}

// Name is what the picture of one of several codes is called; the names sort in
// their order.
func Name(i, of int) string {
	if of == 1 {
		return "code.png"
	}
	return fmt.Sprintf("code-%0*d-of-%d.png", len(fmt.Sprint(of)), i+1, of)
}

// Zip writes codes as an archive with a PNG for each.
//
// Errors: qr_too_long, frames_too_many; the writer's own error as it is.
func Zip(w io.Writer, codes [][]byte, scale int) error {
	all, _, err := drawn(codes, scale)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for i, m := range all {
		// Pictures are squeezed already, and no time stands in it.
		f, err := z.CreateHeader(&zip.FileHeader{Name: Name(i, len(all)), Method: zip.Store})
		if err == nil {
			err = png.Encode(f, m)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}
