package app

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/explain"
	"bonafide/internal/request"
	"bonafide/verifier"
)

// fake verifies as a test says.
type fake struct {
	verify func(context.Context, verifier.Input) (verifier.Result, error)
	err    error // of Ready
}

func (f fake) Verify(ctx context.Context, in verifier.Input) (verifier.Result, error) {
	return f.verify(ctx, in)
}

func (fake) RequestOf(context.Context, string) (*request.Request, error) { return nil, nil }
func (f fake) Ready(context.Context) error                               { return f.err }

// says answers with the verdict that stands in the file.
func says(_ context.Context, in verifier.Input) (verifier.Result, error) {
	outcomes := map[verifier.Verdict]verifier.Outcome{verifier.Verified: verifier.Pass, verifier.Rejected: verifier.Fail, verifier.Unconfirmed: verifier.Unknown}
	v := verifier.Verdict(in.Bytes)
	e, _ := explain.Lookup("status_suspended")
	return verifier.Result{
		Verdict: v, Purpose: in.Purpose, VerifiedAt: now,
		Checks: []verifier.Check{{ID: verifier.CheckStatus, Outcome: outcomes[v], Code: e.Code, Message: e.Message, Who: e.Who, Next: e.Next}},
	}, nil
}

// testRoom is a shell with one room in a window of the test driver.
type testRoom struct {
	*shell
	*screen
}

// settle draws until nothing is under way: what is drawn may begin new work.
func (r *testRoom) settle() {
	for range 4 {
		r.screen.settle(r.work.Wait)
	}
}

// tap taps a button and waits for what follows.
func (r *testRoom) tap(t *testing.T, text string) {
	t.Helper()
	test.Tap(button(t, r.window.Content(), text))
	r.settle()
}

// drop drops files and waits for what follows.
func (r *testRoom) drop(uris ...fyne.URI) {
	r.take(uris)
	r.settle()
}

// bare is a shell without a home, in a window of a size.
func bare(t *testing.T, size fyne.Size) *testRoom {
	t.Helper()
	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	w.Resize(size)
	ctx, cancel := context.WithCancel(t.Context())
	s := &shell{ctx: ctx, end: cancel, app: fyne.CurrentApp(), window: w, words: model.English(), now: clock, phone: size.Width < 600}
	r := &testRoom{s, q}
	t.Cleanup(func() {
		cancel()
		r.settle()
	})
	return r
}

// furnish fills the window with sections and opens the first.
func (r *testRoom) furnish(sections ...section) {
	r.sections = sections
	r.show(sections[0].id)
	r.settle()
}

// desk opens the verify room.
func desk(t *testing.T, size fyne.Size, v model.Verifying) (*testRoom, *verifyRoom) {
	t.Helper()
	r := bare(t, size)
	var v1 *verifyRoom
	r.furnish(section{id: "verify", title: "Verify", open: func(s *shell) room {
		v1 = newVerifyRoom(s, v)
		v1.later = func(_ time.Duration, f func()) { onScreen(f) }
		v1.now = func() func() time.Time {
			at := time.Now()
			return func() time.Time { at = at.Add(time.Second); return at }
		}()
		return v1
	}})
	return r, v1
}

func TestDropShowsTheVerdict(t *testing.T) {
	for _, size := range []fyne.Size{desktopSize, phoneSize} {
		r, s := desk(t, size, fake{verify: says})
		first := "Drop a credential here"
		if size == phoneSize {
			first = "Open a credential"
		}
		wants(t, s.Content(), first, "Privileging")
		if !s.clear.Disabled() || !s.again.Disabled() {
			t.Error("there is nothing to clear and nothing to verify again, but a button says so")
		}
		for verdict, word := range map[string]string{"verified": "Verified", "rejected": "Not valid", "unconfirmed": "Cannot confirm"} {
			r.drop(written(t, verdict+".json", verdict))
			wants(t, s.Content(), word, verdict+".json", "Checked for privileging", "[More about this]", "status_suspended")
			lacks(t, s.Content(), first, "[Cancel]")
		}
		if got := r.window.Canvas().Size(); got != size {
			t.Errorf("the screen needs %v, the window has %v", got, size)
		}
		r.tap(t, "Clear")
		wants(t, s.Content(), first)
		lacks(t, s.Content(), "Cannot confirm")
	}
}

func TestSeveralFilesAreCounted(t *testing.T) {
	r, s := desk(t, phoneSize, fake{verify: says})
	missing := storage.NewFileURI(filepath.Join(t.TempDir(), "gone\u202e.json"))
	r.drop(written(t, "a.json", "verified"), written(t, "b.json", "rejected"), missing)
	wants(t, s.Content(), "3 files\n1\nNot valid\n1\nNo verdict\n1\nVerified\n", "gone[U+202E].json", "The file cannot be read.", "A name here holds characters that deceive")
	lacks(t, s.Content(), "no such file", "status_suspended") // no Go words; the checks are folded
}

// On a phone the verdict is the first thing in sight, and of several each opens
// by itself.
func TestPhoneGivesItsRoomToTheVerdict(t *testing.T) {
	r, s := desk(t, phoneSize, fake{verify: says})
	wants(t, s.Content(), "Verify\n", "[Paste]")
	r.drop(written(t, "a.json", "verified"))
	lacks(t, s.Content(), "Verify\n", "[Paste]", "[Clear]")
	wants(t, s.Content(), "Privileging", "[Open…]", "Verified")
	word := find(t, s.Content(), func(l *widget.Label) bool { return l.Text == "Verified" })
	if y := fyne.CurrentApp().Driver().AbsolutePositionForObject(word).Y; y > 150 {
		t.Errorf("the verdict begins at %v of %v", y, phoneSize.Height)
	}
	test.Tap(find(t, s.Content(), func(b *push) bool { return b.Icon == theme.MoreHorizontalIcon() }))
	r.settle()
	wants(t, s.Content(), "[Paste]", "[Clear]", "[Verify again]")
	r.tap(t, "Clear")
	wants(t, s.Content(), "Verify\n", "Open a credential")

	r.drop(written(t, "a.json", "verified"), written(t, "b.json", "rejected"))
	lacks(t, s.Content(), "Checks", "Checked for privileging")
	var rows []*push
	find(t, s.reports, func(b *push) bool { rows = append(rows, b); return len(rows) == 2 })
	if h := rows[1].Size().Height; h < 44 {
		t.Errorf("a row is %v high", h)
	}
	test.Tap(rows[0])
	r.settle()
	wants(t, s.reports, "[Back]", "Verified", "Checked for privileging", "status_suspended")
	lacks(t, s.reports, "b.json")
	r.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	r.settle()
	wants(t, s.reports, "a.json", "b.json")
	r.tap(t, "Verify again") // whichever is open, all are verified
	wants(t, s.reports, "a.json", "b.json")
}

func TestPurposeChangeVerifiesAgain(t *testing.T) {
	r, s := desk(t, desktopSize, fake{verify: says})
	r.drop(written(t, "a.json", "unconfirmed"))
	s.purpose.SetSelected("Monthly monitoring")
	r.settle()
	wants(t, s.Content(), "Checked for monthly monitoring")
	lacks(t, s.Content(), "Checked for privileging")
}

func TestPaste(t *testing.T) {
	r, s := desk(t, desktopSize, fake{verify: says})
	r.tap(t, "Paste") // an empty clipboard changes nothing
	wants(t, s.Content(), "Drop a credential here")
	fyne.CurrentApp().Clipboard().SetContent("rejected")
	r.tap(t, "Paste")
	wants(t, s.Content(), "Not valid", "Pasted text")
}

func TestCancel(t *testing.T) {
	begun := make(chan struct{})
	r, s := desk(t, phoneSize, fake{verify: func(ctx context.Context, in verifier.Input) (verifier.Result, error) {
		begun <- struct{}{}
		<-ctx.Done()
		return verifier.Result{}, ctx.Err()
	}})
	r.take([]fyne.URI{written(t, "a.json", "verified")})
	<-begun
	r.draw()
	wants(t, s.Content(), "Verifying a.json", "[Cancel]")
	r.tap(t, "Cancel")
	wants(t, s.Content(), "Open a credential")
	lacks(t, s.Content(), "[Cancel]", "Verifying a.json")

	r.take([]fyne.URI{written(t, "b.json", "verified")})
	<-begun
	r.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	r.settle()
	wants(t, s.Content(), "Open a credential")
}

func TestNothingToJudgeBy(t *testing.T) {
	for _, code := range []string{"no_trust", "no_data"} {
		_, s := desk(t, desktopSize, fake{verify: says, err: explain.Errorf(code, "x")})
		message, next := model.English().Explain(code)
		wants(t, s.Content(), message, next, "[Go to Data]", "[More about this]", code)
		lacks(t, s.Content(), "["+code+"]")
	}
}
