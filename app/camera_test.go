package app

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"

	"bonafide/app/model"
	"bonafide/internal/camera"
	"bonafide/internal/camera/cameratest"
	"bonafide/internal/explain"
	"bonafide/internal/qr"
	"bonafide/verifier"
)

// withCamera puts a camera before the app that sees these codes, each in an
// unsteady hand.
func withCamera(t *testing.T, codes [][]byte) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	roll := &cameratest.Roll{Err: explain.Errorf("camera_gone", "the end")}
	for _, c := range codes {
		roll.Pictures = append(roll.Pictures, cameratest.Shot{
			Width: 1280, Height: 720, Fill: .8, Blur: .5 + r.Float64(), Noise: 8, Turn: .4 * (r.Float64() - .5), Tilt: .2 * (r.Float64() - .5), Shade: .2,
		}.Take(r, must(qr.Image(c, 1))))
	}
	withCameras(t, &cameratest.System{
		List: []camera.Device{{ID: "/dev/video0", Name: "Front"}, {ID: "/dev/video2", Name: "Back\u202e"}},
		Give: func(string) (camera.Camera, error) { return roll, nil },
	})
}

func withCameras(t *testing.T, s camera.System) {
	before := cameras
	cameras = s
	t.Cleanup(func() { cameras = before })
}

// TestCameraToVerdict: a licence goes from codes before a camera, blurred, noisy,
// tilted and a third of them lost, to the verdict about it.
func TestCameraToVerdict(t *testing.T) {
	for _, size := range []fyne.Size{fyne.NewSize(1024, 720), phoneSize} {
		c := trusted(t, size)
		c.go_("verify")
		c.rooms["verify"].(*verifyRoom).purpose.SetSelected("Monthly monitoring")
		c.settle()
		codes := must(qr.Codes(c.licence))
		if len(codes) < 3 {
			t.Fatal("the case needs a sequence")
		}
		withCamera(t, codes[len(codes)/3:])
		c.tap(t, "Camera")
		if top := c.window.Canvas().Overlays().Top(); top != nil && top.Visible() {
			t.Errorf("the camera's window stays:\n%s", shown(top))
		}
		wants(t, c.window.Content(), "\nVerified\n", "Professional licence", "Camera", "Checked for monthly monitoring")
		if len(c.dialogs) != 0 {
			t.Error("a dialog is still open")
		}
	}
}

// TestCameraWindow: what the window says while codes come, and when none do.
func TestCameraWindow(t *testing.T) {
	c := trusted(t, phoneSize)
	c.go_("verify")
	codes := must(qr.Codes(c.licence))
	withCamera(t, codes[:1]) // and then it is unplugged
	c.tap(t, "Camera")
	top := c.window.Canvas().Overlays().Top()
	wants(t, top, "Read codes with the camera", "The camera is no longer connected.", "1: Front", "[Try again]", "[Cancel]", "straight before the camera")
	lacks(t, top, "\u202e", "no such device")
	if got := top.MinSize(); got.Width > phoneSize.Width || got.Height > phoneSize.Height {
		t.Errorf("it needs %v", got)
	}
	c.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	c.settle()
	if top := c.window.Canvas().Overlays().Top(); top != nil && top.Visible() {
		t.Error("Escape does not close it")
	}

	withCameras(t, &cameratest.System{Err: explain.Errorf("camera_unsupported", "x")})
	c.tap(t, "Camera")
	top = c.window.Canvas().Overlays().Top()
	wants(t, top, "On this system the app does not read from the camera itself.", "open them here", "camera_unsupported")
	press(t, c, "Cancel")
	withCameras(t, &cameratest.System{Err: explain.Errorf("camera_none", "x")})
	c.tap(t, "Camera")
	wants(t, c.window.Canvas().Overlays().Top(), "No camera is connected to this device.")
}

// TestFolderDropped: a folder that is dropped is opened as the files in it, and
// no further.
func TestFolderDropped(t *testing.T) {
	c := trusted(t, phoneSize)
	c.go_("verify")
	c.rooms["verify"].(*verifyRoom).purpose.SetSelected("Monthly monitoring")
	c.settle()
	dir := t.TempDir()
	codes := must(qr.Codes(c.licence))
	for i, code := range codes[len(codes)/3:] {
		var b bytes.Buffer
		if err := qr.PNG(&b, code, 4); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, qr.Name(i, len(codes))), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{".hidden", "inner/file.json"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.drop(storage.NewFileURI(dir))
	wants(t, c.window.Content(), "\nVerified\n")
	if n := len(c.rooms["verify"].(*verifyRoom).desk.State().Reports); n != 1 {
		t.Errorf("%d reports", n)
	}
	// More than a sequence can have is not opened one by one.
	for i := range model.MaxOpened + 1 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("x", i)), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.drop(storage.NewFileURI(dir))
	wants(t, c.window.Content(), "too_many_files")
	c.drop(storage.NewFileURI(t.TempDir()))
	wants(t, c.window.Content(), "file_unreadable")
}

// TestPicturePasted: a picture in the clipboard is read like one that is opened;
// where there is neither text nor a picture, that is said.
func TestPicturePasted(t *testing.T) {
	c := trusted(t, phoneSize)
	c.go_("verify")
	c.rooms["verify"].(*verifyRoom).purpose.SetSelected("Monthly monitoring")
	c.settle()
	before := pastedPicture
	t.Cleanup(func() { pastedPicture = before })
	var film bytes.Buffer
	if err := qr.GIF(&film, must(qr.Codes(c.licence)), 3, time.Second); err != nil {
		t.Fatal(err)
	}
	pastedPicture = func(context.Context) ([]byte, error) { return film.Bytes(), nil }
	c.app.Clipboard().SetContent("")
	c.tap(t, "Paste")
	wants(t, c.window.Content(), "\nVerified\n")
	pastedPicture = func(context.Context) ([]byte, error) { return nil, explain.Errorf("clipboard_empty", "x") }
	c.tap(t, "Paste")
	wants(t, c.window.Content(), "There is no text in the clipboard")
}

// press taps a button, those of a dialog among them.
func press(t *testing.T, c *clinic, text string) {
	t.Helper()
	test.Tap(tappable(t, c.window, text))
	c.settle()
}

// shownCodes shows content in a window of its own.
func shownCodes(t *testing.T, content []byte) (*clinic, *codes) {
	t.Helper()
	c := newClinic(t, fyne.NewSize(760, 720))
	x := newCodes(c.shell, content)
	c.window.SetContent(x.box)
	c.settle()
	return c, x
}

// TestCodesShown: a sequence goes round by itself and can be held, turned and
// enlarged, by buttons, by touch and by the keyboard.
func TestCodesShown(t *testing.T) {
	var turns []func()
	before := delay
	delay = func(_ context.Context, d time.Duration, f func()) {
		if d == codesShown {
			turns = append(turns, f)
		}
	}
	t.Cleanup(func() { delay = before })
	noise := make([]byte, 1000)
	_, _ = rand.NewChaCha8([32]byte{4}).Read(noise)
	c, x := shownCodes(t, noise)
	pass := func() {
		t.Helper()
		if len(turns) != 1 {
			t.Fatalf("%d turns wait", len(turns))
		}
		f := turns[0]
		turns = nil
		f()
	}
	at := func(n int) {
		t.Helper()
		wants(t, c.window.Content(), fmt.Sprintf("Code %d of 6.", n))
		if x.face.image.Image != x.images[n-1] {
			t.Errorf("another code is drawn than %d", n)
		}
	}
	wants(t, c.window.Content(), "[Previous]", "[Hold]", "[Next]", "[Larger]", "[Save the codes…]", "brightness", "space bar")
	at(1)
	pass()
	at(2)
	c.tap(t, "Hold")
	pass()
	at(2)
	c.tap(t, "Previous")
	c.tap(t, "Previous")
	at(6)
	c.tap(t, "Go on")
	pass()
	at(1)
	for key, want := range map[fyne.KeyName]int{fyne.KeyRight: 2, fyne.KeyLeft: 1} {
		x.at = map[fyne.KeyName]int{fyne.KeyRight: 0, fyne.KeyLeft: 1}[key]
		x.face.TypedKey(&fyne.KeyEvent{Name: key})
		at(want)
	}
	c.window.Canvas().Focus(x.face)
	x.face.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	wants(t, c.window.Content(), "[Go on]")
	test.Tap(x.face)
	wants(t, c.window.Content(), "[Hold]")

	c.tap(t, "Larger")
	top := c.window.Canvas().Overlays().Top()
	wants(t, top, "Show the code to the other device", "[Hold]", "[Close]")
	if got, small := x.large.Size().Width, x.face.MinSize().Width; got <= small {
		t.Errorf("larger is %v, not more than %v", got, small)
	}
	if c.window.Canvas().Focused() != x.large {
		t.Error("the keyboard is elsewhere")
	}
	x.large.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	wants(t, top, "[Go on]")
	x.large.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	if x.large.image.Image != x.images[x.at] {
		t.Error("the large one shows another code")
	}
	x.large.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if len(c.dialogs) != 0 {
		t.Error("Escape does not close it")
	}

	c.tap(t, "Save the codes…")
	wants(t, c.window.Canvas().Overlays().Top(), "[One moving picture (GIF)]", "[A packed folder of pictures (ZIP)]")
	press(t, c, "Cancel")
	x.close()
	pass()
	if len(turns) != 0 {
		t.Error("it goes on after it was closed")
	}
}

// TestOneCodeShown: what fits one code has nothing to be turned.
func TestOneCodeShown(t *testing.T) {
	c, x := shownCodes(t, []byte("short"))
	wants(t, c.window.Content(), "The other device reads this code", "[Larger]", "[Save the code…]", "brightness")
	lacks(t, c.window.Content(), "[Hold]", "[Next]", "space bar")
	x.face.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	if x.still {
		t.Error("one code is held")
	}
	_, long := shownCodes(t, make([]byte, qr.MaxFramed+1))
	if !strings.Contains(long.which.Text, "too long") || long.face.Visible() {
		t.Error(long.which.Text)
	}
}

// TestPickFolder: all files of a folder are chosen at once.
func TestPickFolder(t *testing.T) {
	c := newClinic(t, fyne.NewSize(760, 720))
	dir := t.TempDir()
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".png")), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "inner"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.app.Preferences().SetString(keptFolder, storage.NewFileURI(dir).String())
	var got []model.File
	c.pickFiles("Choose", func(f []model.File) { got = f })
	c.settle()
	press(t, c, "All of this folder")
	press(t, c, "Open 3 files")
	if len(got) != 3 {
		t.Errorf("%d files", len(got))
	}
}

// onShow reads what a screen shows as codes, as another device would.
func onShow(t *testing.T, x *codes) []byte {
	t.Helper()
	var texts [][]byte
	for _, m := range x.images[len(x.images)/3:] { // a third is missed
		texts = append(texts, qr.Look(m)...)
	}
	got, err := qr.Join(texts)
	if err != nil || len(got) != 1 {
		t.Fatalf("%d things are shown: %v", len(got), err)
	}
	return got[0]
}

// TestCodesBetweenDevices: a request goes from codes before the practitioner's
// camera, its answer over the codes on the practitioner's screen to a verdict; and
// a licence is shown as it is kept.
func TestCodesBetweenDevices(t *testing.T) {
	c := practise(t, phoneSize, 1)
	raw, verify := c.hospital(nil)
	codes := must(qr.Codes(raw))
	withCamera(t, codes)
	c.section("present")
	c.tap(t, "Camera")
	wants(t, c.window.Content(), "Town Hospital")
	c.tap(t, "Make the answer for Town Hospital")
	wants(t, c.window.Content(), "The answer is made", "[Save the codes…]")
	answer := onShow(t, c.rooms["present"].(*presentRoom).shown)
	if res := verify(string(answer)); res.Verdict != verifier.Verified {
		t.Errorf("%+v", res)
	}

	c.section("cards")
	c.tap(t, "Details")
	c.tap(t, "Show it as QR codes")
	face := find(t, c.window.Canvas().Overlays().Top(), func(*codeFace) bool { return true })
	if got := onShow(t, face.of); !bytes.Contains(got, []byte(c.Rows[0].Number)) && !bytes.HasPrefix(got, []byte("ey")) {
		t.Errorf("%.80q is shown", got)
	}
	c.tap(t, "Close")
	if !face.of.over {
		t.Error("the codes go round unseen")
	}
}
