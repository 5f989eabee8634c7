// Package cameratest is a camera without hardware, for tests: it takes pictures
// of codes as one in somebody's hand would.
package cameratest

import (
	"context"
	"image"
	"image/color"
	"iter"
	"math"
	"math/rand/v2"

	"bonafide/internal/camera"
)

// Shot is how a picture is taken. The zero value takes one of two million
// pixels, 1600 × 1200, straight, sharp and in good light.
type Shot struct {
	Width, Height int     // 0: 1600 × 1200
	Fill          float64 // share of the height that the code takes; 0: three quarters
	Turn          float64 // radians
	Tilt, Lean    float64 // perspective, across and down: by which part things grow over the picture's height
	Blur          float64 // standard deviation, pixels
	Noise         float64 // standard deviation, of 255
	Shade         float64 // how much darker the right edge is, as a part
}

// Take takes a picture of m, which is as high as it is wide.
func (s Shot) Take(r *rand.Rand, m image.Image) *image.Gray {
	if s.Width == 0 {
		s.Width, s.Height = 1600, 1200
	}
	if s.Fill == 0 {
		s.Fill = .75
	}
	n := m.Bounds().Dx()
	dark := make([]bool, n*n)
	for y := range n {
		for x := range n {
			dark[y*n+x] = color.GrayModel.Convert(m.At(m.Bounds().Min.X+x, m.Bounds().Min.Y+y)).(color.Gray).Y < 128
		}
	}
	const black, white, wall = 35, 215, 150
	sin, cos := math.Sincos(s.Turn)
	h := float64(s.Height)
	out := image.NewGray(image.Rect(0, 0, s.Width, s.Height))
	for py := range s.Height {
		for px := range s.Width {
			sum := 0.0
			for i := range 4 { // four rays a pixel
				u := (float64(px) - float64(s.Width)/2 + float64(i%2)/2 + .25) / h
				v := (float64(py) - h/2 + float64(i/2)/2 + .25) / h
				z := (1 + s.Tilt*u + s.Lean*v) * s.Fill
				x := int(math.Floor(((u*cos+v*sin)/z + .5) * float64(n)))
				y := int(math.Floor(((-u*sin+v*cos)/z + .5) * float64(n)))
				switch {
				case x < 0 || y < 0 || x >= n || y >= n:
					sum += wall
				case dark[y*n+x]:
					sum += black
				default:
					sum += white
				}
			}
			out.Pix[py*out.Stride+px] = byte(sum / 4 * (1 - s.Shade*float64(px)/float64(s.Width)))
		}
	}
	if s.Blur > 0 {
		out = blurred(out, s.Blur)
	}
	if s.Noise > 0 {
		for i, p := range out.Pix {
			out.Pix[i] = byte(min(max(float64(p)+r.NormFloat64()*s.Noise, 0), 255))
		}
	}
	return out
}

// blurred is Gaussian.
func blurred(g *image.Gray, sigma float64) *image.Gray {
	n := int(3*sigma) + 1
	k := make([]float32, 2*n+1)
	sum := float32(0)
	for i := range k {
		k[i] = float32(math.Exp(-float64((i-n)*(i-n)) / (2 * sigma * sigma)))
		sum += k[i]
	}
	w, h := g.Rect.Dx(), g.Rect.Dy()
	for _, across := range []bool{true, false} {
		out := image.NewGray(g.Rect)
		for y := range h {
			for x := range w {
				v := float32(0)
				for i, f := range k {
					if across {
						v += f * float32(g.Pix[y*g.Stride+min(max(x+i-n, 0), w-1)])
					} else {
						v += f * float32(g.Pix[min(max(y+i-n, 0), h-1)*g.Stride+x])
					}
				}
				out.Pix[y*out.Stride+x] = byte(v / sum)
			}
		}
		g = out
	}
	return g
}

// System is a machine with the cameras that a test gives it.
type System struct {
	List []camera.Device
	Err  error // of Devices
	Give func(id string) (camera.Camera, error)
}

// Devices implements camera.System.
func (s *System) Devices() ([]camera.Device, error) { return s.List, s.Err }

// Open implements camera.System.
func (s *System) Open(id string) (camera.Camera, error) { return s.Give(id) }

// Roll is a camera that gives the pictures of a test, one after the other and
// then Err. Without Err it waits for the end of the context.
type Roll struct {
	Pictures []image.Image
	Err      error
	Closed   bool
}

// Frames implements camera.Camera.
func (c *Roll) Frames(ctx context.Context) iter.Seq2[image.Image, error] {
	return func(yield func(image.Image, error) bool) {
		for _, m := range c.Pictures {
			if ctx.Err() != nil || !yield(m, nil) {
				return
			}
		}
		if c.Err != nil {
			yield(nil, c.Err)
			return
		}
		<-ctx.Done()
	}
}

// Close implements camera.Camera.
func (c *Roll) Close() error {
	c.Closed = true
	return nil
}
