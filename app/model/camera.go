package model

// Reading codes before a live camera.

import (
	"bytes"
	"context"
	"image"
	"io"
	"slices"
	"sync"

	"bonafide/internal/camera"
	"bonafide/internal/explain"
	"bonafide/internal/qr"
)

// Look reads the codes in a picture of a camera, quickly (qr.Look).
type Look func(image.Image) [][]byte

// Watched is a camera to choose from.
type Watched struct{ ID, Name string }

// WatchState is everything that reading before a camera shows.
type WatchState struct {
	Cameras    []Watched
	Camera     string      // ID of the one in use; "": none yet
	Picture    image.Image // newest, small and as in a mirror; nil before the first
	Have, Need int         // codes of the sequence that was seen last; Need 0: none yet
	Progress   string
	Missing    string  // which codes are still wanted; "": none
	Notice     string  // what was wrong with a code that was seen
	Trouble    Trouble // why no picture comes
	Done       bool    // something was read whole; Watch has ended
}

// Watch reads codes before a camera until one thing is whole.
type Watch struct {
	system  camera.System
	look    Look
	words   Words
	changed func()

	mu     sync.Mutex
	state  WatchState
	choose string             // camera to be used
	turn   context.CancelFunc // ends the use of a camera
	frames qr.Collector
}

// NewWatch makes one that reads from the cameras of a system.
func NewWatch(s camera.System, look Look, w Words, changed func()) *Watch {
	return &Watch{system: s, look: look, words: w, changed: changed, state: WatchState{Progress: w.L("Looking for a camera")}}
}

// State is what there is to show.
func (w *Watch) State() WatchState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state
}

func (w *Watch) update(f func(*WatchState)) {
	w.mu.Lock()
	f(&w.state)
	w.mu.Unlock()
	w.changed()
}

// Choose uses another camera, or the same one again. What was read stays. It
// reports whether Run has ended and is to be called again.
func (w *Watch) Choose(id string) (again bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.choose = id
	if w.turn != nil {
		w.turn()
	}
	return w.turn == nil
}

// Run reads until something is whole, ctx ends or the camera fails, and gives
// what was read; false where nothing was. Run it on a goroutine of its own.
func (w *Watch) Run(ctx context.Context) (File, bool) {
	for {
		turn, end := context.WithCancel(ctx)
		w.mu.Lock()
		w.turn = end
		w.mu.Unlock()
		content, err := w.use(turn)
		switch {
		case content != nil:
			w.update(func(s *WatchState) { s.Done, s.Missing, s.Notice, s.Progress = true, "", "", w.words.L("Read") })
		case err != nil && turn.Err() == nil:
			w.update(func(s *WatchState) {
				s.Trouble, s.Picture, s.Progress = trouble(w.words, err), nil, ""
			})
		}
		w.mu.Lock()
		another := content == nil && ctx.Err() == nil && turn.Err() != nil // was chosen
		if !another {
			w.turn = nil
		}
		w.mu.Unlock()
		end()
		switch {
		case content != nil:
			return File{Name: w.words.L("Camera"), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}, true
		case !another:
			return File{}, false
		}
	}
}

// use reads from one camera. Whatever goes wrong in a driver's pictures is not
// the end of the program.
func (w *Watch) use(ctx context.Context) (content []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			content, err = nil, explain.Errorf("camera_failed", "reading panicked")
		}
	}()
	devices, err := w.system.Devices()
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	id := w.choose
	w.mu.Unlock()
	if !slices.ContainsFunc(devices, func(d camera.Device) bool { return d.ID == id }) {
		id = devices[0].ID
	}
	w.update(func(s *WatchState) {
		s.Cameras = nil
		for _, d := range devices {
			s.Cameras = append(s.Cameras, Watched{d.ID, Plain(d.Name)})
		}
		s.Camera, s.Trouble, s.Picture, s.Progress = id, Trouble{}, nil, w.words.L("Starting the camera")
		if s.Need > 0 {
			s.Progress = w.far(s.Have, s.Need)
		}
	})
	c, err := w.system.Open(id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // its pictures are here
	for m, err := range c.Frames(ctx) {
		if err != nil {
			return nil, err
		}
		content := w.see(m)
		if content != nil {
			return content, nil
		}
	}
	return nil, ctx.Err()
}

func (w *Watch) far(have, need int) string {
	return w.words.L("{{.Have}} of {{.Need}} read", D{"Have": have, "Need": need})
}

// see looks through one picture.
func (w *Watch) see(m image.Image) []byte {
	small := mirrored(m)
	var content []byte
	var last qr.Progress
	notice := ""
	for _, code := range w.look(m) {
		if !qr.IsFrame(code) {
			if content = bytes.TrimSpace(code); len(content) > 0 {
				break
			}
			content = nil
			continue
		}
		p, err := w.frames.Add(code)
		if err != nil {
			notice = trouble(w.words, err).Message
			continue
		}
		last = p
		if p.Content != nil {
			content = p.Content
			break
		}
	}
	w.update(func(s *WatchState) {
		s.Picture = small
		switch {
		case last.Need > 0:
			s.Have, s.Need, s.Missing, s.Notice = last.Have, last.Need, "", notice
			s.Progress = w.far(last.Have, last.Need)
			if last.Have < last.Need {
				s.Missing = missingCodes(w.words, last)
			}
		case s.Need == 0:
			s.Progress = w.words.L("Looking for a code")
		}
		if notice != "" {
			s.Notice = notice
		}
	})
	return content
}

// shownWide is how many pixels across of a camera's picture are shown.
const shownWide = 480

// mirrored makes a picture small and turns it round, so that a hand that moves to
// the right is seen to do so.
func mirrored(m image.Image) *image.RGBA {
	r := m.Bounds()
	wide := min(shownWide, r.Dx())
	if wide == 0 || r.Dy() == 0 {
		return image.NewRGBA(image.Rect(0, 0, 1, 1))
	}
	high := max(1, min(r.Dy()*wide/r.Dx(), 4*shownWide))
	out := image.NewRGBA(image.Rect(0, 0, wide, high))
	for y := range high {
		for x := range wide {
			out.Set(wide-1-x, y, m.At(r.Min.X+x*r.Dx()/wide, r.Min.Y+y*r.Dy()/high))
		}
	}
	return out
}
