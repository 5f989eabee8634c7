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
	"sync"
	"time"
	"unicode"

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
	x := exec.CommandContext(ctx, "Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", Width, Height), "-nolisten", "tcp", "-noreset", "-fbdir", dir)
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
func (s *Display) Pixels() ([]byte, error) {
	return os.ReadFile(s.framebuffer())
}

func (s *Display) framebuffer() string { return filepath.Join(s.dir, "Xvfb_screen0") }

// everyRow is of how many rows Rows reads one: fewer than a line of text is high.
const everyRow = 4

// Rows is every fourth row of Pixels, in the place of what is not needed any more:
// to be compared while something is measured, since reading the whole picture
// drives what is measured out of the processor's caches.
func (s *Display) Rows(b []byte) ([]byte, error) {
	f, err := os.Open(s.framebuffer())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	i, err := f.Stat()
	if err != nil {
		return nil, err
	}
	const row = Width * 4
	b = b[:0]
	for at := int64(0); at+row <= i.Size(); at += everyRow * row {
		end := len(b) + row
		b = slices.Grow(b, row)[:end]
		if _, err := f.ReadAt(b[end-row:], at); err != nil {
			return nil, err
		}
	}
	return b, nil
}

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
	tables, errs := make([][]byte, len(sides)), make([]error, len(sides))
	var both sync.WaitGroup
	for i, file := range sides {
		both.Go(func() { tables[i], errs[i] = s.Command("tesseract", file, "-", "--psm", "11", "tsv").Output() })
	}
	both.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("reading the screen: %w", err)
	}
	var out []Word
	for i, file := range sides {
		out = append(out, words(tables[i], filepath.Base(file))...)
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

// find returns where a phrase stands, from above: consecutive words of one line.
// Where the words part is not read reliably, so they are compared as if written
// together. Where it stands by itself, as on a button, it is not looked for within
// sentences; where it was read letter for letter, nothing is that only resembles it.
func find(on []Word, phrase string) []Word {
	want := fold(phrase)
	const letter, alone, part = 1, 2, 4 // what costs more is worse
	best := 2 * part
	var found []Word
	add := func(hit Word, cost int) {
		switch {
		case cost > best:
			return
		case cost < best:
			best, found = cost, nil
		}
		for _, f := range found {
			if near(f.x, hit.x) && near(f.y, hit.y) {
				return // read off both pictures
			}
		}
		found = append(found, hit)
	}
	for i := range on {
		together := ""
		for j := i; j < len(on) && on[j].line == on[i].line && len(together) < len(want)+2; j++ {
			together += fold(on[j].text)
			cost := 0
			switch {
			case together == want:
			case strings.EqualFold(together, want), alike(together, want):
				cost = letter
			case j == i && len(want) >= 8 && strings.Contains(together, want):
				cost = part // an icon beside it was read as letters
			default:
				continue
			}
			hit := Word{phrase, on[i].line, on[i].x, on[i].y, on[j].x + on[j].w - on[i].x, max(on[i].h, on[j].h)}
			if i > 0 && beside(on[i-1], hit) || j+1 < len(on) && beside(hit, on[j+1]) {
				cost += alone
			}
			add(hit, cost)
		}
	}
	slices.SortFunc(found, func(a, b Word) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	return found
}

// beside reports whether two words belong to one sentence: in one line, close, and
// neither an icon that was read as a letter or a mark.
func beside(left, right Word) bool {
	if left.line != right.line || right.x-left.x-left.w > max(left.h, right.h) {
		return false
	}
	for _, w := range []Word{left, right} {
		if letters := strings.IndexFunc(w.text, unicode.IsLetter); letters < 0 || len(fold(w.text)) < 2 {
			return false
		}
	}
	return true
}

func near(a, b int) bool { return max(a-b, b-a) < 12 }

// confused are letters that reading a picture takes for each other, and marks
// that it adds or leaves out.
var confused = strings.NewReplacer(" ", "", "…", "", "...", "", "|", "l", "I", "l", "1", "l", "0", "O", "’", "'", ",", "", ".", "", ":", "", "?", "", "!", "", "»", "", "«", "", "_", "", "“", "", "”", "", "\"", "", "·", "", "•", "",
	"á", "a", "à", "a", "â", "a", "é", "e", "è", "e", "ê", "e", "í", "i", "î", "i", "ï", "i", "ó", "o", "ô", "o", "ú", "u", "ù", "u", "û", "u", "ü", "u", "ñ", "n", "ç", "c", "¿", "", "¡", "")

func fold(s string) string { return confused.Replace(s) }

// alike compares what was read with what is looked for, both folded: of a longer
// phrase a few letters may have been misread, left out or added.
func alike(read, want string) bool {
	a, b := []rune(read), []rune(want)
	may := 0
	for _, n := range []int{6, 14, 24} {
		if len(b) >= n {
			may++
		}
	}
	if max(len(a)-len(b), len(b)-len(a)) > may {
		return false
	}
	row := make([]int, len(b)+1) // of the table of distances
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		before := row[0]
		row[0] = i + 1
		for j, y := range b {
			d := before
			if x != y {
				d++
			}
			before = row[j+1]
			row[j+1] = min(d, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)] <= may
}

// patience is how long something is waited for: a busy machine reads slowly.
const patience = 75 * time.Second

// until reads the screen again and again, each time it has changed, until
// enough says so. It gives what was read last.
func (s *Display) until(enough func(on []Word) bool) ([]Word, error) {
	var on []Word
	var before []byte
	for began := time.Now(); time.Since(began) < patience; {
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		now, err := s.Pixels()
		if err != nil {
			return nil, err
		}
		if bytes.Equal(now, before) {
			time.Sleep(pause)
			continue
		}
		before = now
		if on, err = s.read(); err != nil {
			return nil, err
		}
		if enough(on) {
			return on, nil
		}
	}
	return on, errLate
}

// pause lies between two looks at a screen that stands still.
const pause = 100 * time.Millisecond

var errLate = errors.New("it takes too long")

// See waits until a phrase stands on the screen.
func (s *Display) See(phrase string) (Word, error) {
	found, err := s.seen(phrase)
	if err != nil {
		return Word{}, err
	}
	return found[0], nil
}

func (s *Display) seen(phrase string) (found []Word, err error) {
	on, err := s.until(func(on []Word) bool { found = find(on, phrase); return len(found) > 0 })
	if errors.Is(err, errLate) {
		return nil, fmt.Errorf("%q does not appear; the screen says: %s", phrase, text(on))
	}
	return found, err
}

// Find turns the wheel over the window of a name until a phrase is in sight: down
// from where its page stands, then once more from the top. What moves by itself
// bounds how often.
func (s *Display) Find(name, phrase string) error {
	var on []Word
	for range 2 {
		var before []byte
		for range 25 {
			var err error
			if on, err = s.read(); err != nil {
				return err
			}
			if len(find(on, phrase)) > 0 {
				return nil
			}
			now, err := s.Pixels()
			if err != nil {
				return err
			}
			if bytes.Equal(now, before) {
				break // the end of the page
			}
			before = now
			if err := s.Scroll(name, 12); err != nil {
				return err
			}
		}
		if err := s.Scroll(name, -300); err != nil {
			return err
		}
	}
	return fmt.Errorf("%q is nowhere on the page, whose end says: %s", phrase, text(on))
}

// Gone waits until a phrase stands there no more.
func (s *Display) Gone(phrase string) error {
	_, err := s.until(func(on []Word) bool { return len(find(on, phrase)) == 0 })
	if errors.Is(err, errLate) {
		return fmt.Errorf("%q stays on the screen", phrase)
	}
	return err
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
func (s *Display) Click(phrase string, n int) error {
	found, err := s.seen(phrase)
	if err != nil {
		return err
	}
	i := n
	if i < 0 {
		i += len(found)
	}
	if i < 0 || i >= len(found) {
		return fmt.Errorf("%q stands %d times on the screen", phrase, len(found))
	}
	x, y := found[i].middle()
	return s.ClickAt(x, y)
}

// ClickAt clicks at a place of the screen.
func (s *Display) ClickAt(x, y int) error {
	return s.run("xdotool", "mousemove", "--sync", strconv.Itoa(x), strconv.Itoa(y), "click", "1")
}

// rowReach is how far a button's middle may be from the first line of its row, whose
// text may take several.
const rowReach = 36

// ClickBeside waits for a phrase in the row of another one and clicks on it.
func (s *Display) ClickBeside(phrase, row string) error {
	var hit *Word
	on, err := s.until(func(on []Word) bool {
		best := rowReach
		for _, at := range find(on, row) {
			_, middle := at.middle()
			for _, f := range find(on, phrase) {
				if _, y := f.middle(); max(y-middle, middle-y) < best {
					hit, best = &f, max(y-middle, middle-y)
				}
			}
		}
		return hit != nil
	})
	if errors.Is(err, errLate) {
		return fmt.Errorf("%q does not stand beside %q; the screen says: %s", phrase, row, text(on))
	} else if err != nil {
		return err
	}
	x, y := hit.middle()
	return s.ClickAt(x, y)
}

// ClickNear waits for a phrase below another one, or above it where way is
// negative, and clicks on the nearest.
func (s *Display) ClickNear(phrase, other string, way int) error {
	var hit *Word
	on, err := s.until(func(on []Word) bool {
		hit = nil
		others := find(on, other)
		if len(others) == 0 {
			return false
		}
		at := others[0]
		for _, f := range find(on, phrase) {
			if d := (f.y - at.y) * way; d > 0 && (hit == nil || d < (hit.y-at.y)*way) {
				hit = &f
			}
		}
		return hit != nil
	})
	if errors.Is(err, errLate) {
		return fmt.Errorf("no %q is near %q; the screen says: %s", phrase, other, text(on))
	} else if err != nil {
		return err
	}
	x, y := hit.middle()
	return s.ClickAt(x, y)
}

// Clip is what the clipboard holds.
func (s *Display) Clip() ([]byte, error) {
	return s.Command("xclip", "-selection", "clipboard", "-out").Output()
}

// Quit asks the window of a name to close, as its close button does.
func (s *Display) Quit(name string) error {
	return s.run("wmctrl", "-F", "-c", name)
}

// Scroll turns the mouse's wheel down, or up where notches is negative, at the
// right edge of the window of a name: over an entry the wheel would be the entry's.
func (s *Display) Scroll(name string, notches int) error {
	at, err := s.geometry(name)
	if err != nil {
		return err
	}
	button := "5"
	if notches < 0 {
		notches, button = -notches, "4"
	}
	return s.run("xdotool", "mousemove", "--sync", strconv.Itoa(at.Max.X-17), strconv.Itoa((at.Min.Y+at.Max.Y)/2),
		"click", "--repeat", strconv.Itoa(notches), "--delay", "15", button)
}

// geometry is where the window of a name stands.
func (s *Display) geometry(name string) (image.Rectangle, error) {
	out, err := s.Command("xdotool", "search", "--onlyvisible", "--name", "^"+name+"$", "getwindowgeometry", "--shell").Output()
	if err != nil {
		return image.Rectangle{}, fmt.Errorf("finding the window %s: %w", name, err)
	}
	n := map[string]int{}
	for line := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		n[key], _ = strconv.Atoi(value) // those that are looked for are numbers
	}
	at := image.Rect(n["X"], n["Y"], n["X"]+n["WIDTH"], n["Y"]+n["HEIGHT"])
	if at.Empty() {
		return at, fmt.Errorf("the window %s has no size", name)
	}
	return at, nil
}

// ClickOff clicks so many pixels right of where a phrase begins and below its top.
func (s *Display) ClickOff(phrase string, right, down int) error {
	at, err := s.See(phrase)
	if err != nil {
		return err
	}
	return s.ClickAt(at.x+right, at.y+down)
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
