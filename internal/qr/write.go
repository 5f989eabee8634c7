package qr

import (
	"image"
	"image/color"
	"image/png"
	"io"

	"github.com/boombuler/barcode"
	write "github.com/boombuler/barcode/qr"

	"bonafide/internal/explain"
)

const (
	quiet    = 4    // modules of white around a code (ISO/IEC 18004, 5.3.8)
	maxScale = 32   // pixels a module: 6,000 × 6,000 pixels for the largest code
	most     = 7089 // characters in the largest code, all digits (table 7)
)

// Image draws data as one QR code, scale pixels to a module (from 1 to 32,
// brought to the nearer of them) and a white border of four modules. Data is
// taken as it is, as digits or capital letters where it is nothing else, which
// is shorter, and as bytes otherwise. The code is the smallest that corrects
// errors at level M; where only level L fits, at L.
//
// Cameras read up to version 13 well, about 300 bytes, and above version 28
// hardly any: what is longer is for pictures that are handed over as files.
//
// Error: qr_too_long where no version takes it, or data is empty.
func Image(data []byte, scale int) (image.Image, error) {
	rows, err := Matrix(data)
	if err != nil {
		return nil, err
	}
	scale = min(max(scale, 1), maxScale)
	side := len(rows) * scale
	m := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y, row := range rows {
		first := m.Pix[y*scale*m.Stride:]
		for x, dark := range row {
			for i := range scale {
				if dark {
					first[x*scale+i] = 1
				}
			}
		}
		for i := 1; i < scale; i++ {
			copy(first[i*m.Stride:(i+1)*m.Stride], first[:m.Stride])
		}
	}
	return m, nil
}

// Matrix gives the modules of the code that Image draws, row by row, true where
// they are dark, with the white border.
func Matrix(data []byte) ([][]bool, error) {
	c, err := encode(data)
	if err != nil {
		return nil, err
	}
	n := c.Bounds().Dx()
	rows := make([][]bool, n+2*quiet)
	for y := range rows {
		rows[y] = make([]bool, n+2*quiet)
		for x := range n {
			if y < quiet || y >= n+quiet {
				continue
			}
			r, _, _, _ := c.At(x, y-quiet).RGBA()
			rows[y][x+quiet] = r == 0
		}
	}
	return rows, nil
}

// PNG writes what Image draws.
func PNG(w io.Writer, data []byte, scale int) error {
	m, err := Image(data, scale)
	if err != nil {
		return err
	}
	return png.Encode(w, m)
}

func encode(data []byte) (c barcode.Barcode, err error) {
	defer wall(func(p any) { c, err = nil, explain.Errorf("qr_too_long", "the encoder failed: %v", p) })
	if len(data) == 0 || len(data) > most {
		return nil, explain.Errorf("qr_too_long", "%d bytes", len(data))
	}
	for _, level := range []write.ErrorCorrectionLevel{write.M, write.L} {
		if c, err = write.Encode(string(data), level, write.Auto); err == nil {
			return c, nil
		}
	}
	// The library's error quotes the data.
	return nil, explain.Errorf("qr_too_long", "%d bytes", len(data))
}
