// Package display is an X display that nobody sees. What a person would see on it
// is read off its picture, and what a person would do is done with the mouse and
// the keyboard. It is for tests and measurements of the app in a real window.
package display

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/image/draw"
)

// Display is an X server with a window manager.
type Display struct {
	ctx     context.Context
	display string
	dir     string // for pictures
	shots   int
	started []*exec.Cmd
}

// Width and Height are a display's size, in pixels.
const Width, Height = 1280, 900

// Open starts an X server on a number that is free.
func Open(ctx context.Context, dir string) (*Display, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s := &Display{ctx: ctx, dir: dir}
	x := exec.CommandContext(ctx, "Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", Width, Height), "-nolisten", "tcp", "-fbdir", dir)
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		return nil, fmt.Errorf("starting the X server: %w", err)
	}
	s.started = append(s.started, x)
	_ = w.Close()
	// It writes its number when it answers.
	number := make([]byte, 16)
	n, err := r.Read(number)
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("the X server does not answer: %w", err)
	}
	s.display = ":" + strings.TrimSpace(string(number[:n]))
	wm := s.Command("openbox")
	if err := wm.Start(); err != nil {
		s.Close()
		return nil, fmt.Errorf("starting the window manager: %w", err)
	}
	s.started = append(s.started, wm)
	return s, nil
}

// Close ends what was started, the last first.
func (s *Display) Close() {
	for i := len(s.started) - 1; i >= 0; i-- {
		_ = s.started[i].Process.Kill() // it may have ended
		_ = s.started[i].Wait()
	}
}

// Command makes a command that meets this display.
func (s *Display) Command(name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(s.ctx, name, args...)
	c.Env = append(os.Environ(), "DISPLAY="+s.display, "WAYLAND_DISPLAY=", "OMP_THREAD_LIMIT=1")
	return c
}

func (s *Display) run(name string, args ...string) error {
	out, err := s.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(out))
	}
	return nil
}

// Word is one that was read off a picture.
type Word struct {
	text       string
	line       string // which line it stands in
	x, y, w, h int
}

func (w Word) middle() (x, y int) { return w.x + w.w/2, w.y + w.h/2 }

// Shoot takes a picture of the whole screen.
func (s *Display) Shoot(name string) (string, error) {
	file := filepath.Join(s.dir, name+".png")
	return file, s.run("import", "-window", "root", file)
}

// Pixels is what the screen shows at this moment, as the X server holds it in a
// file: to be compared, and cheap.
func (s *Display) Pixels() ([]byte, error) { return os.ReadFile(filepath.Join(s.dir, "Xvfb_screen0")) }

// Keep takes a picture that stays, numbered in the order of the story.
func (s *Display) Keep(name string) error {
	s.shots++
	_, err := s.Shoot(fmt.Sprintf("%02d-%s", s.shots, name))
	return err
}

// read reads the words off the screen.
func (s *Display) read() ([]Word, error) {
	picture, err := s.Shoot("now")
	if err != nil {
		return nil, err
	}
	sides, err := enlarge(picture)
	if err != nil {
		return nil, err
	}
	var out []Word
	for _, file := range sides {
		b, err := s.Command("tesseract", file, "-", "--psm", "11", "tsv").Output()
		if err != nil {
			return nil, fmt.Errorf("reading the screen: %w", err)
		}
		out = append(out, words(b, filepath.Base(file))...)
	}
	return out, nil
}

// enlarge writes a picture twice at double its size, because the letters of a
// caption are small: once what is darker than its surroundings in black on white,
// once what is lighter. So letters are read whatever the colour of their button.
func enlarge(picture string) ([]string, error) {
	b, err := os.ReadFile(picture)
	if err != nil {
		return nil, err
	}
	from, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	flat := image.NewGray(image.Rectangle{Max: from.Bounds().Size()})
	draw.Draw(flat, flat.Bounds(), from, from.Bounds().Min, draw.Src)
	ground := grounds(flat)
	var out []string
	for _, name := range []string{darker, lighter} {
		lines := image.NewGray(flat.Bounds())
		for i, v := range flat.Pix {
			d := int(ground[i]) - int(v)
			if name == lighter {
				d = -d
			}
			lines.Pix[i] = uint8(255 - min(max(d, 0)*3, 255))
		}
		m := image.NewGray(image.Rectangle{Max: flat.Bounds().Size().Mul(2)})
		draw.BiLinear.Scale(m, m.Bounds(), lines, lines.Bounds(), draw.Src, nil)
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
			return nil, err
		}
		file := filepath.Join(filepath.Dir(picture), name)
		if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
			return nil, err
		}
		out = append(out, file)
	}
	return out, nil
}

// grounds gives for each pixel what it stands on: the median of a square around
// it, of which letters are the smaller part.
func grounds(m *image.Gray) []uint8 {
	const reach = 9
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	out := make([]uint8, w*h)
	for y := range h {
		top, bottom := max(0, y-reach), min(h, y+reach+1)
		var count [256]int
		n := 0
		column := func(x, by int) {
			if x < 0 || x >= w {
				return
			}
			for r := top; r < bottom; r++ {
				count[m.Pix[r*m.Stride+x]] += by
			}
			n += by * (bottom - top)
		}
		for x := -reach; x < reach; x++ {
			column(x, 1)
		}
		for x := range w {
			column(x+reach, 1)
			column(x-reach-1, -1)
			below, v := 0, 0
			for ; below+count[v] <= n/2; v++ {
				below += count[v]
			}
			out[y*w+x] = uint8(v)
		}
	}
	return out
}

// Names of the two pictures.
const darker, lighter = "darker.png", "lighter.png"

// words are the rows of tesseract's table that hold one, at half size.
func words(table []byte, side string) []Word {
	var out []Word
	for l := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimRight(l, "\n"), "\t")
		if len(f) != 12 || strings.TrimSpace(f[11]) == "" {
			continue
		}
		var n [4]int
		var err error
		for i := range n {
			var e error
			n[i], e = strconv.Atoi(f[6+i])
			err = errors.Join(err, e)
		}
		if err != nil {
			continue // the heading
		}
		out = append(out, Word{f[11], side + strings.Join(f[1:5], "."), n[0] / 2, n[1] / 2, n[2] / 2, n[3] / 2})
	}
	return out
}

// find returns where a phrase stands, from above: consecutive words of one line. Where the
// words part is not read reliably, so they are compared as if written together.
func find(on []Word, phrase string) []Word {
	want := fold(phrase)
	var found []Word
next:
	for i := range on {
		together, n := "", 0
		for j := i; j < len(on) && on[j].line == on[i].line && len(together) < len(want); j++ {
			together += fold(on[j].text)
			n++
		}
		if !same(together, want) {
			continue
		}
		last := on[i+n-1]
		hit := Word{phrase, on[i].line, on[i].x, on[i].y, last.x + last.w - on[i].x, max(on[i].h, last.h)}
		for _, f := range found {
			if near(f.x, hit.x) && near(f.y, hit.y) {
				continue next // read off both pictures
			}
		}
		found = append(found, hit)
	}
	slices.SortFunc(found, func(a, b Word) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	return found
}

func near(a, b int) bool { return max(a-b, b-a) < 12 }

// confused are letters that reading a picture takes for each other, and marks
// that it adds or leaves out.
var confused = strings.NewReplacer(" ", "", "…", "", "...", "", "|", "l", "I", "l", "1", "l", "0", "O", "’", "'", ",", "", ".", "", ":", "", "?", "", "!", "", "»", "", "«", "", "_", "", "“", "", "”", "", "\"", "")

func fold(s string) string { return confused.Replace(s) }

// same compares what was read with what is looked for, both folded.
func same(read, want string) bool {
	if read == want {
		return true
	}
	if len(want) < 6 || len(read) != len(want) {
		return false
	}
	differ := 0
	for i := range len(want) {
		if read[i] != want[i] {
			differ++
		}
	}
	return differ == 1
}

// tries bounds how often the screen is looked at for one thing. A look takes
// about a second, most of it reading; that is the pace.
const tries = 25

// See waits until a phrase stands on the screen.
func (s *Display) See(phrase string) (Word, error) {
	var on []Word
	for range tries {
		var err error
		if on, err = s.read(); err != nil {
			return Word{}, err
		}
		if found := find(on, phrase); len(found) > 0 {
			return found[0], nil
		}
		if err := s.ctx.Err(); err != nil {
			return Word{}, err
		}
	}
	_ = s.Keep("missing")
	return Word{}, fmt.Errorf("%q does not appear; the screen says: %s", phrase, text(on))
}

// Gone waits until a phrase stands there no more.
func (s *Display) Gone(phrase string) error {
	for range tries {
		on, err := s.read()
		if err != nil {
			return err
		}
		if len(find(on, phrase)) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%q stays on the screen", phrase)
}

// text is what was read, for an error.
func text(on []Word) string {
	var b strings.Builder
	for _, w := range on {
		b.WriteString(w.text + " ")
	}
	return b.String()
}

// Click waits for a phrase and clicks on it; the n-th from above, from 0 on,
// negative from below.
func (s *Display) Click(phrase string, n ...int) error {
	at, err := s.See(phrase)
	if err != nil {
		return err
	}
	if len(n) > 0 {
		on, err := s.read()
		if err != nil {
			return err
		}
		found := find(on, phrase)
		i := n[0]
		if i < 0 {
			i += len(found)
		}
		if i < 0 || i >= len(found) {
			return fmt.Errorf("%q stands %d times on the screen", phrase, len(found))
		}
		at = found[i]
	}
	x, y := at.middle()
	return s.ClickAt(x, y)
}

func (s *Display) ClickAt(x, y int) error {
	return s.run("xdotool", "mousemove", "--sync", strconv.Itoa(x), strconv.Itoa(y), "click", "1")
}

// ClickBeside clicks on the phrase that stands in the row of another one.
func (s *Display) ClickBeside(phrase, row string) error {
	at, err := s.See(row)
	if err != nil {
		return err
	}
	on, err := s.read()
	if err != nil {
		return err
	}
	for _, f := range find(on, phrase) {
		if near(f.y+f.h/2, at.y+at.h/2) {
			x, y := f.middle()
			return s.ClickAt(x, y)
		}
	}
	return fmt.Errorf("%q does not stand beside %q", phrase, row)
}

// Quit asks the window of a name to close, as its close button does.
func (s *Display) Quit(name string) error {
	return s.run("wmctrl", "-F", "-c", name)
}

// Scroll turns the mouse's wheel down, so many notches, at the right edge of a
// window of usual size: over an entry the wheel would be the entry's.
func (s *Display) Scroll(notches int) error {
	return s.run("xdotool", "mousemove", "--sync", strconv.Itoa(Width-145), strconv.Itoa(Height/2), "click", "--repeat", strconv.Itoa(notches), "--delay", "15", "5")
}

// Under clicks below a label, where its entry is.
func (s *Display) Under(label string, pixels int) error {
	at, err := s.See(label)
	if err != nil {
		return err
	}
	return s.ClickAt(at.x+20, at.y+at.h/2+pixels)
}

// Type types text as a person would.
func (s *Display) Type(text string) error {
	return s.run("xdotool", "type", "--delay", "12", "--", text)
}

// Key presses keys such as ctrl+v or Tab.
func (s *Display) Key(keys ...string) error {
	return s.run("xdotool", append([]string{"key", "--delay", "30", "--"}, keys...)...)
}

// Clipboard puts text into the clipboard.
func (s *Display) Clipboard(content []byte) error {
	c := s.Command("xclip", "-selection", "clipboard", "-in", "-loops", "0")
	c.Stdin = bytes.NewReader(content)
	return c.Run()
}
