//go:build screenshots

package app

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/demo"
	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/ledger/pack"
)

// TestScreenshots draws every screen in every language, size and look, from a
// furnished demonstration, into the folder that SCREENSHOTS names. The times in
// them are the machine's, since the demonstration's blocks carry them.
func TestScreenshots(t *testing.T) {
	out := os.Getenv("SCREENSHOTS")
	if out == "" {
		t.Fatal("SCREENSHOTS does not name a folder; make screenshots does")
	}
	world := os.Getenv("SCREENSHOTS_WORLD") // one that is kept between runs
	if world == "" {
		world = filepath.Join(t.TempDir(), "world")
	}
	if _, err := demo.Load(world); err != nil {
		must(demo.Furnish(t.Context(), world, demo.Furnishing{}))
	}
	for _, language := range []string{"en", "es", "fr"} {
		for _, size := range []struct {
			name string
			fyne.Size
		}{{"desktop", fyne.NewSize(1024, 720)}, {"phone", phoneSize}} {
			for _, x := range []struct {
				name string
				walk func(*album)
			}{{"first", firstScreens}, {"hospital", hospitalScreens}, {"practitioner", practitionerScreens}, {"board", boardScreens}} {
				t.Run(language+"/"+size.name+"/"+x.name, func(t *testing.T) {
					data := freshUser(t)
					// The home is named by the environment from here on, the
					// demonstration lies beside it.
					if err := os.CopyFS(filepath.Join(data, "bonafide-demo"), os.DirFS(world)); err != nil {
						t.Fatal(err)
					}
					b := &album{t: t, dir: filepath.Join(out, language, size.name), world: must(demo.Load(filepath.Join(data, "bonafide-demo")))}
					b.now = func() time.Time { return time.Now().Add(b.later) }
					b.screen, b.w = newScreen(t), test.NewTempWindow(t, nil)
					b.w.Resize(size.Size)
					model.Settings{Look: "light", Scale: 1, Language: language}.Save(fyne.CurrentApp().Preferences())
					b.testApp = relaunch(t, b.screen, b.w, Options{Now: func() time.Time { return b.now() }})
					x.walk(b)
				})
			}
		}
	}
}

// album is where the pictures of one language and size go.
type album struct {
	*testApp
	t      *testing.T
	screen *screen
	w      fyne.Window
	dir    string // <language>/<size>
	world  demo.World
	now    model.Clock
	later  time.Duration // by which the clock is ahead
}

// shoot takes a picture in both looks.
func (b *album) shoot(name string) {
	b.t.Helper()
	b.settle()
	for _, look := range []string{"light", "dark"} {
		s := b.settings
		s.Look = look
		b.app.Settings().SetTheme(themeOf(s, b.narrow()))
		if b.settings.Look = look; b.current == "settings" {
			b.rooms = map[string]room{} // it shows the look
			b.section("settings")
		}
		b.keep(b.dir+"-"+look, name)
	}
	b.settings.Look = "light"
	b.app.Settings().SetTheme(themeOf(b.settings, b.narrow()))
}

// whole takes one as well of what a person would have to scroll to.
func (b *album) whole(name string) {
	b.t.Helper()
	b.shoot(name)
	size := b.w.Canvas().Size()
	b.w.Resize(fyne.NewSize(size.Width, 2400))
	b.settle()
	b.keep(b.dir+"-whole", name)
	b.w.Resize(size)
}

func (b *album) keep(dir, name string) {
	b.t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	f := must(os.Create(filepath.Join(dir, name+".png")))
	defer f.Close()
	if err := png.Encode(f, b.w.Canvas().Capture()); err != nil {
		b.t.Fatal(err)
	}
}

// press taps a button that is called so in English.
func (b *album) press(id string, data ...model.D) {
	b.t.Helper()
	b.tap(b.t, b.words.L(id, data...))
}

func (b *album) typed(id, text string) {
	b.t.Helper()
	b.typeInto(b.t, b.words.L(id), text)
}

func (b *album) section(id string) {
	b.goTo(id)
	b.settle()
}

func (b *album) files(paths ...string) {
	var uris []fyne.URI
	for _, p := range paths {
		uris = append(uris, storage.NewFileURI(p))
	}
	b.take(uris)
	b.settle()
}

func (b *album) sample(k demo.SampleKind) string {
	b.t.Helper()
	path := b.world.Sample(k)
	if path == "" {
		b.t.Fatalf("the demonstration has no sample %s", k)
	}
	return path
}

// closeAll closes every dialog and notice.
func (b *album) closeAll() {
	for len(b.dialogs) > 0 {
		b.dialogs[len(b.dialogs)-1].Dismiss()
	}
	if b.notices != nil {
		b.notices.RemoveAll()
	}
	b.settle()
}

// play opens a place of the demonstration, whose network then runs.
func (b *album) play(r model.Role) {
	b.t.Helper()
	b.showMe()
	b.settle()
	b.press("Begin")
	b.settle()
	places := b.demo.State().Places
	i := slices.IndexFunc(places, func(p model.Place) bool { return p.Role == r })
	if i < 0 {
		b.t.Fatalf("the demonstration has no %s: %+v", r, b.demo.State().Trouble)
	}
	b.openPlace(places[i])
	b.settle()
}

// firstScreens: nothing is there yet, or it does not open.
func firstScreens(b *album) {
	b.whole("start-who")
	b.press("Licensing board")
	b.shoot("start-board")
	b.press("Back")
	b.showMe()
	b.shoot("start-show-me")
	b.press("Begin")
	b.shoot("start-show-me-runs")
	b.who()
	b.press("Restore a backup…")
	b.whole("start-restore")
	b.who()

	l := testkit.NewLedger(b.t, "ohio-abcdefgh", 4, 1)
	l.Settle()
	network := must(pack.NewNetwork(must(l.LightBlock(l.Header()))))
	b.now = func() time.Time { return l.Now.Add(time.Minute) }
	b.press("Hospital")
	b.shoot("start-make-home")
	b.typed("Your name", "Maria Silva")
	b.typed("Passphrase", "otter")
	b.whole("start-make-home-short")
	b.typed("Passphrase", " paper lantern bridge")
	b.typed("The passphrase again", "otter paper")
	b.press("Make the home")
	b.whole("start-make-home-differs")
	find(b.t, b.w.Content(), func(e *entry) bool { return e.Text == "otter paper" }).SetText("otter paper lantern bridge")
	b.press("Make the home")
	b.whole("start-trust")
	b.take([]fyne.URI{written(b.t, "notes.txt", "no network file")})
	b.shoot("start-trust-wrong-file")
	b.take([]fyne.URI{written(b.t, "network.json", string(network.Marshal()))})
	b.settle()
	b.typed("Or type what you were told", "0000")
	b.whole("start-trust-compare")
	b.enterPlace(b.place)
	b.settle()
	b.whole("hospital-verify-no-trust")
	b.section("requests")
	b.whole("hospital-requests-no-trust")
	b.section("history")
	b.shoot("hospital-history-empty")
	b.section("data")
	b.whole("hospital-data-no-trust")
	b.take([]fyne.URI{written(b.t, "network.json", string(network.Marshal()))})
	b.whole("hospital-data-compare")
	b.lock()
	b.shoot("locked-hospital")
	b.typed("Passphrase", "not this one")
	b.press("Unlock")
	b.shoot("locked-wrong-passphrase")
	for _, code := range []string{"data_damaged", "data_newer", "home_missing", "home_locked"} {
		b.closed(b.place, explain.Errorf(code, "x"))
		b.shoot("closed-" + code)
	}
	b.home = nil
	b.crashes.Keep(model.NewCrash("index out of range", "1.0", b.now()))
	b.offerCrash(b.who)
	b.shoot("crash")
	b.press("Look at it…")
	b.shoot("crash-report")
	b.closeAll()
	b.home = b.session.Home()
}

func hospitalScreens(b *album) {
	b.play(model.RoleHospital)
	b.shoot("hospital-verify")
	for _, x := range []struct {
		name string
		kind demo.SampleKind
	}{
		{"verified", demo.SampleAnswer},
		{"conditions", demo.SampleConditions},
		{"replayed", demo.SampleReplayed},
		{"copy", demo.SampleCopy},
		{"revoked", demo.SampleRevoked},
		{"tampered", demo.SampleTampered},
		{"no-credential", demo.SampleLetter},
	} {
		b.files(b.sample(x.kind))
		b.whole("hospital-verify-" + x.name)
	}
	b.files(b.sample(demo.SampleCopy), b.sample(demo.SampleRevoked), b.sample(demo.SampleExpired), b.sample(demo.SampleNotAnchored), b.sample(demo.SampleNotAccredited))
	b.whole("hospital-verify-several")
	b.files(b.sample(demo.SampleCopy))
	b.press("What the file holds")
	b.shoot("hospital-verify-file")
	b.closeAll()
	b.section("requests")
	b.whole("hospital-requests")
	b.press("Show")
	b.whole("hospital-request")
	b.press("Close the request")
	b.shoot("hospital-request-close")
	b.closeAll()
	b.section("history")
	b.shoot("hospital-history")
	list := find(b.t, b.w.Content(), func(*widget.List) bool { return true })
	list.Select(0)
	b.whole("hospital-history-report")
	b.section("data")
	b.whole("hospital-data")
	b.section("safety")
	b.whole("hospital-safety")
	common(b)

	b.choosePlace()
	b.shoot("places")
	b.closeAll()
	b.openFiles(b.words.L("Choose what to verify"), func([]model.File) {})
	b.shoot("open-files")
	b.closeAll()
	b.problem(explain.Errorf("stale", "x"))
	b.shoot("problem")
	b.closeAll()

	b.later = 45 * 24 * time.Hour
	b.section("data")
	b.whole("hospital-data-old")
	b.section("verify")
	b.files(b.sample(demo.SampleCopy))
	b.whole("hospital-verify-old")
	b.lock()
	b.shoot("locked-hospital-demo")
}

// common are the screens that every place has.
func common(b *album) {
	b.section("demo")
	b.whole(fmt.Sprintf("%s-demo", b.place.Role))
	if b.place.Role != model.RoleHospital {
		return
	}
	b.section("settings")
	b.whole("settings")
	b.section("help")
	b.whole("help")
	for _, topic := range []string{"hospital", "keys", "stale"} {
		b.help(topic)
		b.shoot("help-" + topic)
	}
	b.section("about")
	b.whole("about")
	if b.narrow() {
		b.section("more")
		b.shoot("more")
	}
}

func practitionerScreens(b *album) {
	b.play(model.RolePractitioner)
	b.whole("practitioner-cards")
	b.press("Details")
	b.whole("practitioner-card")
	b.press("Show the raw form")
	b.shoot("practitioner-card-raw")
	b.closeAll()
	b.press("Back")
	b.press("Delete")
	b.shoot("practitioner-cards-deleted")
	b.closeAll()

	b.section("get")
	b.whole("practitioner-get")
	b.typed("Claim code", "AAAA-AAAA-AAAA")
	b.whole("practitioner-get-mistyped")
	b.inSight().(*getRoom).code.SetText("")
	b.files(b.sample(demo.SampleLetter))
	b.whole("practitioner-get-letter")
	b.press("Make the claim")
	b.whole("practitioner-get-made")
	b.press("Done")
	b.whole("practitioner-get-waiting")
	b.files(b.sample(demo.SampleCopy), b.sample(demo.SampleRegister))
	b.whole("practitioner-get-refused")

	b.section("present")
	b.shoot("practitioner-present")
	b.files(b.sample(demo.SampleRequest))
	b.whole("practitioner-present-asked")
	if ticks := b.ticks(); len(ticks) > 2 {
		test.Tap(ticks[2]) // of the board of medicine, in both forms
		b.settle()
	}
	b.whole("practitioner-present-chosen")
	if b.press2("Make the answer for {{.Name}}", model.D{"Name": b.inSight().(*presentRoom).model.State().Asked.Name}) {
		b.whole("practitioner-present-answer")
		b.press("Done")
	}
	b.section("shared")
	b.whole("practitioner-shared")
	b.section("safety")
	b.whole("practitioner-safety")
	b.press("Make a backup…")
	b.shoot("practitioner-safety-backup")
	b.closeAll()
	b.press("Change your passphrase…")
	b.shoot("practitioner-safety-passphrase")
	b.closeAll()
	b.section("data")
	b.whole("practitioner-data")
	common(b)
	b.lock()
	b.shoot("locked-practitioner")
	b.enterPlace(b.place)
	b.settle()
	b.typed("Passphrase", demo.Passphrase)
	b.press("Unlock")
	b.later = 45 * 24 * time.Hour
	b.section("cards")
	b.whole("practitioner-cards-old")
}

// ticks are what can be ticked on the screen.
func (b *album) ticks() (out []*tick) {
	find(b.t, b.w.Content(), func(k *tick) bool { out = append(out, k); return len(out) == 3 })
	return out
}

// press2 taps a button if there is one that can be used.
func (b *album) press2(id string, data ...model.D) bool {
	text := b.words.L(id, data...)
	if o, ok := tappable(b.t, b.w, text).(*push); ok && o.Disabled() {
		return false
	}
	b.tap(b.t, text)
	return true
}

func boardScreens(b *album) {
	b.play(model.RoleBoard)
	b.lock()
	b.shoot("locked-board")
	b.signIn(demo.Owner)
	b.shoot("board-register")
	b.search("nurse practitioner 77")
	b.shoot("board-register-none")
	b.search("co")
	b.shoot("board-register-search")
	b.search("")
	find(b.t, b.w.Content(), func(*widget.List) bool { return true }).Select(3) // that nobody has claimed
	b.settle()
	b.whole("board-licence")
	b.decide("Suspend", "Order 2026-140")
	b.whole("board-licence-preview")
	b.press("Ask for approval")
	b.settle()
	b.whole("board-licence-waits")
	b.press("Claim code…")
	b.shoot("board-letter")
	b.closeAll()
	b.press("Back to the register")
	b.section("approvals")
	b.whole("board-approvals")
	if b.press2("Approve…", nil) {
		b.whole("board-approve")
		b.press("Cancel")
	}
	b.section("import")
	b.whole("board-import")
	b.files(written(b.t, "register-2027.csv", register).Path())
	b.whole("board-import-dry-run")
	b.press("Import")
	b.settle()
	b.whole("board-import-done")
	b.press("Issue now")
	b.settle()
	b.whole("board-issued")
	b.section("network")
	b.whole("board-network")
	b.press("Invite a board…")
	b.whole("board-network-invitation")
	b.inSight().(stopper).Stop()
	b.press("Change what a board may issue…")
	b.fill("US-KY")
	b.shoot("board-network-accredit")
	b.press("Preview")
	b.whole("board-network-preview")
	b.press("Cancel")
	b.section("identity")
	b.whole("board-identity")
	b.press("Replace it…")
	b.whole("board-identity-rotate")
	b.press("Cancel")
	b.press("It was in other hands…")
	b.shoot("board-identity-report")
	b.press("Preview")
	b.whole("board-identity-report-preview")
	b.press("Cancel")
	common(b)
	must("", b.demo.Stop())
	b.section("network")
	b.whole("board-network-no-node")
}

// search types into the search of the register.
func (b *album) search(text string) {
	b.t.Helper()
	hint := b.words.L("Name, number or kind")
	find(b.t, b.w.Content(), func(e *entry) bool { return e.PlaceHolder == hint }).SetText(text)
	b.settle()
}

// signIn unlocks a home of several people, all of the demonstration.
func (b *album) signIn(name string) {
	b.t.Helper()
	find(b.t, b.w.Content(), func(s *widget.Select) bool { return slices.Contains(s.Options, name) }).SetSelected(name)
	b.typed("Passphrase", demo.Passphrase)
	b.press("Unlock")
	b.settle()
}

// decide fills the form of a licence's page and goes on to what follows.
func (b *album) decide(what, why string) {
	b.t.Helper()
	b.press("Decide…")
	b.settle()
	form := b.w.Canvas().Overlays().Top()
	find(b.t, form, func(*widget.Select) bool { return true }).SetSelected(b.words.L(what))
	find(b.t, form, func(e *entry) bool { return e.MultiLine }).SetText(why)
	b.shoot("board-licence-decide")
	b.press("Preview")
	b.settle()
}

// fill chooses the first option of each picker of the dialog in sight, and types
// into its entry.
func (b *album) fill(text string) {
	b.t.Helper()
	find(b.t, b.w.Canvas().Overlays().Top(), func(o fyne.CanvasObject) bool {
		switch o := o.(type) {
		case *widget.Select:
			o.SetSelectedIndex(0)
		case *entry:
			o.SetText(text)
			return true
		}
		return false
	})
	b.settle()
}

// register is a file that adds licences; one of its rows is wrong.
const register = `number,type,jurisdiction,profession,given_name,family_name,npi,issued,expires,status,conditions
MD-9001,ProfessionalLicence,US-OH,Physician,Orbel,Quastine,1234567893,2015-01-02,2030-06-30,current,
MD-9002,ProfessionalLicence,US-OH,Physician,Mirvo,Tallenbrix,,2016-05-01,not a day,current,
`
