package model

import (
	"bytes"
	"context"
	"image"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"bonafide/internal/camera"
	"bonafide/internal/camera/cameratest"
	"bonafide/internal/explain"
	"bonafide/internal/qr"
)

func noise(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// shots are pictures of codes, each taken otherwise by an unsteady hand.
func shots(t *testing.T, codes [][]byte) (out []image.Image) {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	for _, c := range codes {
		m, err := qr.Image(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, cameratest.Shot{
			Width: 960, Height: 720, Fill: .8, Blur: .6 + r.Float64(), Noise: 10,
			Turn: .6 * (r.Float64() - .5), Tilt: .2 * (r.Float64() - .5), Lean: .2 * (r.Float64() - .5), Shade: .2,
		}.Take(r, m))
	}
	return out
}

func sequenceOf(t *testing.T, b []byte) [][]byte {
	t.Helper()
	codes, err := qr.Frames(b)
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func oneCamera(c camera.Camera) *cameratest.System {
	return &cameratest.System{
		List: []camera.Device{{ID: "/dev/video0", Name: "Desk camera"}},
		Give: func(string) (camera.Camera, error) { return c, nil },
	}
}

func contentOf(t *testing.T, f File) []byte {
	t.Helper()
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWatch: a sequence shown to a camera with blur, noise, perspective and a
// third of it lost is read, and the screen can follow how far it is.
func TestWatch(t *testing.T) {
	content := noise(1, 1100)
	codes := sequenceOf(t, content)
	roll := &cameratest.Roll{Pictures: append([]image.Image{image.NewGray(image.Rect(0, 0, 960, 720))}, shots(t, codes[len(codes)/3:])...)}
	var said []string
	var w *Watch
	w = NewWatch(oneCamera(roll), qr.Look, English(), func() {
		s := w.State()
		if line := strings.TrimSpace(s.Progress + " " + s.Missing); len(said) == 0 || said[len(said)-1] != line {
			said = append(said, line)
		}
	})
	f, ok := w.Run(t.Context())
	s := w.State()
	if !ok || !bytes.Equal(contentOf(t, f), content) || !s.Done || !roll.Closed {
		t.Fatalf("%v, %+v", ok, said)
	}
	if s.Picture == nil || s.Picture.Bounds().Dx() != shownWide || s.Camera != "/dev/video0" || s.Cameras[0].Name != "Desk camera" {
		t.Errorf("%+v", s)
	}
	want := []string{
		"Starting the camera", "Looking for a code",
		"1 of 4 read 1 of 4 codes are read. Any 3 of these are still wanted: 1, 2, 4, 5, 6.",
		"2 of 4 read 2 of 4 codes are read. Any 2 of these are still wanted: 1, 2, 5, 6.",
		"3 of 4 read 3 of 4 codes are read. Any 1 of these are still wanted: 1, 2, 6.", "4 of 4 read", "Read",
	}
	want[4] = strings.Replace(want[4], "Any 1 of these are", "One of these is", 1)
	if !slices.Equal(said, want) {
		t.Errorf("said %q", said)
	}
}

// TestWatchTrouble: without a camera, and with one that fails, the person is told
// which it is; what was read stays when another camera is chosen.
func TestWatchTrouble(t *testing.T) {
	for _, code := range []string{"camera_none", "camera_unsupported", "camera_denied"} {
		w := NewWatch(&cameratest.System{Err: explain.Errorf(code, "x")}, qr.Look, English(), func() {})
		if _, ok := w.Run(t.Context()); ok || w.State().Trouble.Code != code || w.State().Trouble.Next == "" {
			t.Errorf("%s: %+v", code, w.State())
		}
	}

	content := noise(2, 700)
	codes := sequenceOf(t, content)
	rolls := map[string]*cameratest.Roll{
		"a": {Pictures: shots(t, codes[:2]), Err: explain.Errorf("camera_gone", "unplugged")},
		"b": {Pictures: shots(t, codes[2:])},
	}
	s := &cameratest.System{
		List: []camera.Device{{ID: "a", Name: "A\u202e"}, {ID: "b", Name: "B"}},
		Give: func(id string) (camera.Camera, error) {
			if c, ok := rolls[id]; ok {
				return c, nil
			}
			return nil, explain.Errorf("camera_busy", "x")
		},
	}
	w := NewWatch(s, qr.Look, English(), func() {})
	if _, ok := w.Run(t.Context()); ok {
		t.Error("half a sequence is read")
	}
	if st := w.State(); st.Trouble.Code != "camera_gone" || st.Picture != nil || strings.Contains(st.Cameras[0].Name, "\u202e") {
		t.Errorf("%+v", st)
	}
	if !w.Choose("b") {
		t.Error("it still runs")
	}
	f, ok := w.Run(t.Context())
	if !ok || !bytes.Equal(contentOf(t, f), content) {
		t.Errorf("%+v", w.State())
	}
	if st := w.State(); st.Camera != "b" || st.Trouble.Code != "" || !rolls["a"].Closed || !rolls["b"].Closed {
		t.Errorf("%+v", st)
	}
}

// TestWatchChooses: another camera may be chosen while one gives pictures.
func TestWatchChooses(t *testing.T) {
	content := noise(9, 200)
	codes := sequenceOf(t, content)
	s := &cameratest.System{List: []camera.Device{{ID: "a"}, {ID: "b"}}}
	var w *Watch
	s.Give = func(id string) (camera.Camera, error) {
		if id == "b" {
			return &cameratest.Roll{Pictures: shots(t, codes)}, nil
		}
		return &cameratest.Roll{Pictures: []image.Image{image.NewGray(image.Rect(0, 0, 8, 8))}}, nil // and then waits
	}
	w = NewWatch(s, qr.Look, English(), func() {
		if st := w.State(); st.Camera == "a" && st.Picture != nil && w.Choose("b") {
			t.Error("it does not run")
		}
	})
	if f, ok := w.Run(t.Context()); !ok || !bytes.Equal(contentOf(t, f), content) {
		t.Errorf("%+v", w.State())
	}
}

// TestWatchEnds: whoever closes the window gets nothing, and the camera back.
func TestWatchEnds(t *testing.T) {
	roll := &cameratest.Roll{Pictures: []image.Image{image.NewGray(image.Rect(0, 0, 64, 48))}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := NewWatch(oneCamera(roll), qr.Look, English(), func() {})
	w.changed = func() {
		if w.State().Picture != nil {
			cancel()
		}
	}
	if _, ok := w.Run(ctx); ok || !roll.Closed || w.State().Trouble.Code != "" {
		t.Errorf("%+v", w.State())
	}
}

// TestThreat46_BeforeTheCamera: codes of two sequences side by side never join, a
// forged one is left out and said, and what a code says is no more than a file.
func TestThreat46_BeforeTheCamera(t *testing.T) {
	a, b := noise(3, 1000), noise(4, 1000)
	ca, cb := sequenceOf(t, a), sequenceOf(t, b)
	var mixed [][]byte
	for i := range ca {
		mixed = append(mixed, ca[i], cb[i])
	}
	seen := func(codes [][]byte) (File, bool, WatchState) {
		at := -1
		look := func(image.Image) [][]byte { at++; return codes[at : at+1] }
		pictures := slices.Repeat([]image.Image{image.NewGray(image.Rect(0, 0, 8, 6))}, len(codes))
		w := NewWatch(oneCamera(&cameratest.Roll{Pictures: pictures, Err: explain.Errorf("camera_gone", "end")}), look, English(), func() {})
		f, ok := w.Run(t.Context())
		return f, ok, w.State()
	}
	f, ok, _ := seen(mixed)
	if !ok || !bytes.Equal(contentOf(t, f), a) {
		t.Error("of two sequences side by side the first to be whole is read")
	}
	if _, ok, s := seen(mixed[:4]); ok {
		t.Errorf("halves were joined: %+v", s)
	}
	forged := bytes.Clone(ca[0])
	forged[40] ^= 1
	if _, ok, s := seen([][]byte{ca[0], forged, []byte("BF1/NOTAFRAME")}); ok || s.Notice == "" || s.Have != 1 {
		t.Errorf("%+v", s)
	}
	f, ok, _ = seen([][]byte{[]byte("https://user@evil.example/licence")})
	if !ok || string(contentOf(t, f)) != "https://user@evil.example/licence" {
		t.Error("what is no frame is handed on as it is")
	}
}

// faultyCamera panics, as a decoder of its pictures might.
type faultyCamera struct{ cameratest.Roll }

func (*faultyCamera) Frames(context.Context) iter.Seq2[image.Image, error] {
	return func(func(image.Image, error) bool) { panic("driver") }
}

// TestThreat76_CameraFaults: a panic while reading is a camera that fails.
func TestThreat76_CameraFaults(t *testing.T) {
	w := NewWatch(oneCamera(&faultyCamera{}), qr.Look, English(), func() {})
	if _, ok := w.Run(t.Context()); ok || w.State().Trouble.Code != "camera_failed" {
		t.Errorf("%+v", w.State())
	}
}
