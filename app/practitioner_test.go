package app

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/internal/home"
	"bonafide/internal/request"
	"bonafide/internal/testkit/town"
	"bonafide/ledger"
	"bonafide/verifier"
	"bonafide/wallet"
)

// clinician is a practitioner of a town before the app. Nothing in a town has an
// address: whatever is done here is done with the network gone.
type clinician struct {
	*testApp
	*town.Town
	t     *testing.T
	asked int // requests so far
}

// practise opens a practitioner's home in the app and unlocks it by typing.
func practise(t *testing.T, size fyne.Size, licences int) *clinician {
	t.Helper()
	tn := town.New(t, max(licences, 2))
	h := tn.Home("practitioner")
	w, err := h.Wallet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := &clinician{Town: tn, t: t}
	for i := range licences {
		c.license(h, w, i)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	c.testApp = launch(t, size, Options{Dir: tn.Dir("practitioner"), Now: tn.Now})
	c.unlock(town.Passphrase)
	return c
}

func (c *clinician) unlock(pass string) {
	c.t.Helper()
	c.typeInto(c.t, "Passphrase", pass)
	c.tap(c.t, "Unlock")
}

// license claims a licence for a wallet and takes both its forms in.
func (c *clinician) license(h *home.Home, w *wallet.Wallet, row int) {
	c.t.Helper()
	claim, err := w.Claim(c.t.Context(), c.Code(c.Rows[row].Number), c.DID)
	if err != nil {
		c.t.Fatal(err)
	}
	vcdm, sdjwt := c.Answer(claim)
	c.Bring(h)
	for _, b := range [][]byte{vcdm, sdjwt} {
		if _, err := w.Receive(c.t.Context(), b); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *clinician) section(id string) {
	c.goTo(id)
	c.settle()
}

func (c *clinician) drop(name string, content []byte) {
	c.t.Helper()
	c.take([]fyne.URI{written(c.t, name, string(content))})
	c.settle()
}

// hospital makes a request, and verifies what answers it.
func (c *clinician) hospital(change func(*home.RequestOptions)) (raw []byte, verify func(answer string) verifier.Result) {
	c.t.Helper()
	c.asked++
	h := c.Home(fmt.Sprintf("hospital%d", c.asked))
	v, err := h.Hospital(c.t.Context(), home.HospitalOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	o := home.RequestOptions{Audience: "Town Hospital", Purpose: verifier.Privileging, ValidFor: time.Hour}
	if change != nil {
		change(&o)
	}
	if raw, err = v.NewRequest(c.t.Context(), o); err != nil {
		c.t.Fatal(err)
	}
	return raw, func(answer string) verifier.Result {
		c.t.Helper()
		r, err := request.Parse(raw)
		if err != nil {
			c.t.Fatal(err)
		}
		res, err := v.Verify(c.t.Context(), verifier.Input{Bytes: []byte(answer), Request: r, Purpose: verifier.Privileging})
		if err != nil {
			c.t.Fatal(err)
		}
		return res
	}
}

// cardsAccordion is the list of deleted licences.
func (c *clinician) cardsAccordion() *widget.Accordion {
	c.t.Helper()
	return find(c.t, c.window.Content(), func(a *widget.Accordion) bool { return a.Items[0].Title == "Deleted" })
}

func (c *clinician) clipboard() string { return c.app.Clipboard().Content() }

// check finds a tick by its text.
func (c *clinician) check(text string) *tick {
	c.t.Helper()
	return find(c.t, c.window.Content(), func(k *tick) bool { return k.Text == text })
}

// picture keeps what is in sight, in both variants, where BONAFIDE_PICTURES says.
func (c *clinician) picture(name string) {
	c.t.Helper()
	dir := os.Getenv("BONAFIDE_PICTURES")
	if dir == "" {
		return
	}
	form := "desktop"
	if c.phone {
		form = "phone"
	}
	for _, look := range []string{"light", "dark"} {
		s := c.settings
		s.Look = look
		c.app.Settings().SetTheme(themeOf(s, c.narrow()))
		c.window.Content().Refresh()
		f, err := os.Create(filepath.Join(dir, name+"-"+form+"-"+look+".png"))
		if err != nil {
			c.t.Fatal(err)
		}
		if err := png.Encode(f, c.window.Canvas().Capture()); err != nil {
			c.t.Fatal(err)
		}
		_ = f.Close()
	}
	c.app.Settings().SetTheme(themeOf(c.settings, c.narrow()))
}

var bothSizes = []fyne.Size{fyne.NewSize(1024, 720), fyne.NewSize(390, 844)}

// TestClaimReceivePresentVerify: from an empty wallet to a hospital's verdict, by
// typing and tapping, with no network anywhere.
func TestClaimReceivePresentVerify(t *testing.T) {
	for _, size := range bothSizes {
		c := practise(t, size, 0)
		content := c.window
		wants(t, content.Content(), "There is no licence here yet", "Ask your licensing board for a claim code")
		c.picture("cards-empty")
		c.tap(t, "Get a licence")
		wants(t, content.Content(), "Claim a licence with a code", town.BoardName)
		c.picture("get-empty")

		// A typing mistake is told before anything is made.
		code := c.Code(c.Rows[0].Number)
		wrong := "A" + code[1:]
		if wrong == code {
			wrong = "B" + code[1:]
		}
		c.typeInto(t, "Claim code", wrong)
		wants(t, content.Content(), "The claim code has a typing error.")
		c.picture("get-mistyped")
		if !tappable(t, c.window, "Make the claim").(*push).Disabled() {
			t.Error("a mistyped code can be used")
		}
		c.inSight().(*getRoom).code.SetText("")
		c.typeInto(t, "Claim code", strings.ToLower(code))
		wants(t, content.Content(), "no typing mistake")
		c.tap(t, "Make the claim")
		wants(t, content.Content(), "The claim is made", town.BoardContact)
		lacks(t, content.Content(), code, strings.ToLower(code))
		c.picture("get-made")
		c.tap(t, "Copy")
		claim := c.clipboard()
		c.tap(t, "Done")
		wants(t, content.Content(), "Waiting for the board's answer")
		c.picture("get-waiting")
		vcdm, sdjwt := c.Answer([]byte(claim))

		// What is newer than the data is refused with what to do; then it is taken in.
		c.drop("licence.json", vcdm)
		wants(t, content.Content(), "Not taken in", "newer_than_data")
		c.picture("get-refused")
		c.Bring(c.home)
		c.take([]fyne.URI{written(t, "licence.json", string(vcdm)), written(t, "licence.sd-jwt", string(sdjwt)), written(t, "scan.pdf", "%PDF-1.7")})
		c.settle()
		wants(t, content.Content(), "2 of 3 were taken in.", "Taken in, as another form", "Not a credential", "This is a PDF", "Ask your board for the credential file itself")
		lacks(t, content.Content(), "Waiting for the board's answer")
		c.picture("get-received")
		c.tap(t, "Go to Cards")
		wants(t, content.Content(), "Professional licence", town.BoardName, "Current", "As of 21 Nov 2026", "Ohio (US-OH)", "Expires on", "There is no backup yet.")
		c.picture("cards-one")

		// The page of the card.
		c.tap(t, "Details")
		wants(t, content.Content(), "Everything that it says", c.Rows[0].FamilyName, "Selective form (SD-JWT)", "What can be left out:")
		c.picture("card-page")
		c.tap(t, "Show the raw form")
		c.picture("card-raw")
		c.tap(t, "Close")
		c.tap(t, "Back")

		// A request: who asks, claim by claim, and the last step.
		raw, verify := c.hospital(func(o *home.RequestOptions) { o.Claims = []string{"familyName", "licence.number", "licence.expires"} })
		c.section("present")
		c.picture("present-empty")
		c.drop("request.json", raw)
		wants(t, content.Content(), "It says that it is Town Hospital. This is not proven.", "What will be shared", "Asked for", "Always shared", "Not shared")
		c.picture("present-asked")
		given := c.check("Given name")
		if given.Checked || !c.check("Family name").Checked {
			t.Error("something is ticked that was not asked for, or the other way round")
		}
		c.window.Canvas().Focus(given)
		given.TypedRune(' ') // by the keyboard
		c.settle()
		wants(t, content.Content(), "You share more than the hospital asks for.", "Not asked for")
		if c.window.Canvas().Focused() != c.check("Given name") {
			t.Error("the keyboard lost its place")
		}
		test.Tap(c.check("Family name"))
		c.settle()
		wants(t, content.Content(), "You share less than the hospital asks for", "Asked for, and not shared")
		c.picture("present-warned")
		c.tap(t, "Only what is asked for")
		lacks(t, content.Content(), "You share more", "You share less")
		c.tap(t, "Make the answer for Town Hospital")
		wants(t, content.Content(), "The answer is made", "can be used once")
		c.picture("present-answer")
		c.tap(t, "Copy")
		answer := c.clipboard()
		if res := verify(answer); res.Verdict != verifier.Verified {
			t.Errorf("the hospital says %s: %s", res.Verdict, res.Headline)
		}
		if strings.Contains(answer, c.Rows[0].GivenName) {
			t.Error("something was shared that was not asked for")
		}
		c.tap(t, "Done")
		c.drop("request.json", raw)
		wants(t, content.Content(), "This request was answered before")
		c.tap(t, "Do not answer")

		c.section("shared")
		wants(t, content.Content(), "Town Hospital", "Privileging", "Shared: ")
		c.picture("shared")
		test.Type(c.inSight().(*sharedRoom).search, "clinic")
		c.settle()
		wants(t, content.Content(), "Nothing in the log fits", "0 of 1")
		c.picture("shared-nothing")
	}
}

// TestDeleteAndUndoOnScreen: Undo, the trash, and what cannot be undone.
func TestDeleteAndUndoOnScreen(t *testing.T) {
	for _, size := range bothSizes {
		c := practise(t, size, 1)
		screen := c.window.Content()
		wants(t, screen, "Professional licence", "Number: "+c.Rows[0].Number)
		c.tap(t, "Delete")
		wants(t, screen, "There is no licence here yet", "Deleted: Professional licence. It can be put back for 30 days.")
		c.picture("cards-deleted")
		c.tap(t, "Undo")
		wants(t, screen, "Number: "+c.Rows[0].Number)
		lacks(t, screen, "There is no licence here yet", "Deleted: ")
		c.tap(t, "Delete")
		c.shell.notices.RemoveAll() // the notice has gone
		c.cardsAccordion().OpenAll()
		wants(t, screen, "It can be put back until 21 Dec 2026.")
		c.picture("cards-trash")
		c.tap(t, "Put back")
		wants(t, screen, "Number: "+c.Rows[0].Number)
		c.tap(t, "Delete")
		c.cardsAccordion().OpenAll()
		c.tap(t, "Delete for good")
		c.picture("cards-erase")
		c.tap(t, "Delete for good") // the question's
		lacks(t, screen, "Put back")
	}
}

// TestCardStates: what wants attention is on top, and old data says so.
func TestCardStates(t *testing.T) {
	for _, size := range bothSizes {
		c := practise(t, size, 4)
		c.Set(c.Rows[1].Number, ledger.Probation)
		c.Set(c.Rows[2].Number, ledger.SuspendedStatus)
		c.Set(c.Rows[3].Number, ledger.Revoked)
		c.Bring(c.home)
		c.section("cards")
		text := shown(c.window.Content())
		if strings.Index(text, "On probation") > strings.Index(text, "\nCurrent\n") {
			t.Errorf("what is in order comes first:\n%s", text)
		}
		wants(t, c.window.Content(), "Have the conditions ready", "Suspended", "Ask the board why", "Revoked")
		c.picture("cards-many")
		c.Pass(31 * 24 * time.Hour)
		c.section("shared")
		c.picture("shared-empty")
		c.section("cards")
		wants(t, c.window.Content(), "too old to tell", "Status not known today", "[Go to Data]")
		c.picture("cards-old")
	}
}

// TestPresentStates: several licences, a whole form, and requests that cannot be
// answered.
func TestPresentStates(t *testing.T) {
	for _, size := range bothSizes {
		c := practise(t, size, 2)
		c.section("present")
		c.drop("a.json", []byte(`{"format":1,"type":"BonafideRequest"}`))
		wants(t, c.window.Content(), "This is not a request that can be answered.")
		c.picture("present-malformed")
		raw, _ := c.hospital(nil)
		c.Paste(string(raw))
		wants(t, c.window.Content(), "Choose which licence you want to show.")
		c.picture("present-choose")
		first := find(t, c.window.Content(), func(k *tick) bool { return k.Text == "Professional licence" })
		test.Tap(first)
		c.settle()
		wants(t, c.window.Content(), "What will be shared", "Whole form (W3C)", "[Make the answer for Town Hospital]")
		c.picture("present-chosen")
		c.window.Canvas().Focus(c.check("Choose the details myself"))
		c.check("Choose the details myself").TypedRune(' ')
		c.settle()
		wants(t, c.window.Content(), "Selective form (SD-JWT)")
		if c.window.Canvas().Focused() != c.check("Choose the details myself") || !c.check("Given name").Checked {
			t.Error("the keyboard lost its place, or a detail is not ticked")
		}
		r := c.inSight().(*presentRoom)
		r.scroll.ScrollToBottom()
		c.picture("present-selective")
		none, _ := c.hospital(func(o *home.RequestOptions) { o.Types = []string{"BoardCertification"} })
		c.drop("b.json", none)
		wants(t, c.window.Content(), "You have nothing that this request asks for.")
		c.picture("present-nothing")
		c.Pass(2 * time.Hour)
		c.drop("c.json", raw)
		wants(t, c.window.Content(), "The hospital's request has expired", "It says that it is Town Hospital.")
		c.picture("present-expired")
	}
}

// Paste pastes into the room in sight.
func (c *clinician) Paste(text string) {
	c.app.Clipboard().SetContent(text)
	c.paste()
	c.settle()
}

// TestLockedWallet: nothing is shown of a locked wallet, and what was opened
// before it was locked is opened anew.
func TestLockedWallet(t *testing.T) {
	c := practise(t, bothSizes[1], 1)
	c.lock()
	c.settle()
	lacks(t, c.window.Content(), c.Rows[0].Number, town.BoardName)
	c.unlock("not this one")
	wants(t, c.window.Content(), "The passphrase does not open this home.")
	c.unlock(town.Passphrase)
	wants(t, c.window.Content(), "Number: "+c.Rows[0].Number)
	c.home.Lock() // under the feet of the rooms
	c.section("shared")
	lacks(t, c.window.Content(), "Nothing was shared yet")
}

// TestBackupLoseRestore: a backup made and rehearsed by tapping and typing; the
// home lost; brought back, and everything is there.
func TestBackupLoseRestore(t *testing.T) {
	backupLoseRestore(t, bothSizes[0])
	if os.Getenv("BONAFIDE_PICTURES") != "" { // the same again takes its time
		backupLoseRestore(t, bothSizes[1])
	}
}

func backupLoseRestore(t *testing.T, size fyne.Size) {
	c := practise(t, size, 1)
	stick := t.TempDir()
	c.section("safety")
	wants(t, c.window.Content(), "There is no backup yet.", "You, as “owner”: by your passphrase")
	c.picture("safety")
	r := c.inSight().(*safetyRoom)
	r.folder = func(_ string, take func(string)) { take(stick) }
	r.file = func(take func(string)) { take(filepath.Join(stick, model.BackupName(c.Now()))) }

	c.tap(t, "Make a backup…")
	c.typeInto(t, "Passphrase of the backup", "paper otter lantern")
	c.typeInto(t, "The passphrase again", "paper otter lanterns")
	c.tap(t, "Make the backup")
	wants(t, all(c.window), "It is not chosen yet where the backup lies.")
	c.tap(t, "Choose the folder…")
	c.tap(t, "Make the backup")
	wants(t, all(c.window), "The passphrase was typed differently the second time.")
	c.picture("safety-backup")
	r.form1[1].SetText("paper otter lantern")
	c.tap(t, "Make the backup")
	wants(t, c.window.Content(), "The backup is made", "It holds 2 credentials.", "Last backup: 21 Nov 2026")
	c.picture("safety-made")

	c.tap(t, "Rehearse a backup…")
	c.tap(t, "Choose the backup…")
	c.typeInto(t, "Passphrase of the backup", "paper otter lantern")
	c.picture("safety-rehearse")
	c.tap(t, "Rehearse")
	wants(t, c.window.Content(), "The backup is whole and can be restored", "Nothing was changed.")
	c.picture("safety-rehearsed")

	// The passphrase of the home, and of the person.
	c.tap(t, "Change your passphrase…")
	c.typeInto(t, "Your passphrase until now", "not this one")
	c.typeInto(t, "New passphrase", "a new long passphrase")
	c.typeInto(t, "The new passphrase again", "a new long passphrase")
	c.tap(t, "Change it")
	wants(t, all(c.window), "The passphrase does not open this home.")
	c.picture("safety-passphrase")
	r.form1[0].SetText(town.Passphrase)
	c.tap(t, "Change it")
	wants(t, c.window.Content(), "The passphrase is changed")
	c.tap(t, "Add a person…")
	c.typeInto(t, "Name", "Ada")
	c.typeInto(t, "New passphrase", "the passphrase of Ada")
	c.typeInto(t, "The new passphrase again", "the passphrase of Ada")
	c.tap(t, "Add")
	wants(t, c.window.Content(), "Ada")

	// Lost.
	c.close()
	if err := os.RemoveAll(c.Dir("practitioner")); err != nil {
		t.Fatal(err)
	}
	m := model.NewRestoration(c.Now, model.English(), func() {})
	if err := m.Run(t.Context(), filepath.Join(stick, model.BackupName(c.Now())), c.Dir("again"), []byte("paper otter lantern"), nil, nil, false); err != nil {
		t.Fatal(err)
	}
	c.testApp = relaunch(t, c.screen, c.window, Options{Dir: c.Dir("again"), Now: c.Now})
	c.unlock(town.Passphrase) // what it was when the backup was made
	wants(t, c.window.Content(), "Professional licence", "Number: "+c.Rows[0].Number, "Current")
	c.section("safety")
	wants(t, c.window.Content(), "This home was restored from a backup on 21 Nov 2026")
}

// TestThreat75_ClipboardAndFiles: what was copied goes from the clipboard, a code
// that was pasted goes when it was used, and nothing of a person stands in a
// file's name or in what the app remembers.
func TestThreat75_ClipboardAndFiles(t *testing.T) {
	c := practise(t, bothSizes[0], 1)
	c.section("get")
	letter := "Your code: " + c.Code(c.Rows[1].Number) + "\nBoard: " + c.DID.String()
	c.Paste(letter)
	wants(t, c.window.Content(), "A letter with a claim code", "Board and code were read.")
	c.picture("get-letter")
	c.tap(t, "Make the claim")
	if c.clipboard() == letter {
		t.Error("the claim code stays in the clipboard")
	}
	c.tap(t, "Copy")
	claim := c.clipboard()
	if claim == "" || strings.Contains(claim, c.Rows[1].FamilyName) {
		t.Error("the claim was not copied, or tells about somebody")
	}
	made := c.inSight().(*getRoom).claim.State().Made
	raw, _ := c.hospital(nil)
	c.section("present")
	c.drop("r.json", raw)
	c.tap(t, "Make the answer for Town Hospital")
	answer := c.inSight().(*presentRoom).model.State().Answer
	page, _ := c.rooms["cards"].(*cardsRoom).cards.Page(c.rooms["cards"].(*cardsRoom).cards.State().Cards[0].ID)
	names := []string{made.Name, answer.Name, page.Envelopes[0].File, page.Envelopes[1].File, model.LogName(c.Now()), model.BackupName(c.Now())}
	for _, name := range names {
		for _, secret := range []string{c.Rows[0].Number, c.Rows[0].FamilyName, c.Rows[0].GivenName, "Town"} {
			if strings.Contains(name, secret) {
				t.Errorf("%s tells %s", name, secret)
			}
		}
	}
	for _, key := range []string{"places", "folder", "window_size", "look"} {
		kept := c.app.Preferences().String(key)
		for _, secret := range []string{c.Rows[0].Number, c.Rows[0].FamilyName, "Town Hospital", town.Passphrase} {
			if strings.Contains(kept, secret) {
				t.Errorf("the app remembers %s", secret)
			}
		}
	}
	err := filepath.WalkDir(c.Dir("practitioner"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, secret := range []string{c.Rows[0].Number, c.Rows[0].FamilyName, "Town Hospital", town.Passphrase, "credentialSubject"} {
			if strings.Contains(string(b), secret) {
				t.Errorf("%s tells %s", d.Name(), secret)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestThreat71_WalletStaysClosed: no file of a home and nothing that the app
// remembers opens a wallet, whatever is altered or taken away.
func TestThreat71_WalletStaysClosed(t *testing.T) {
	c := practise(t, bothSizes[1], 1)
	number := c.Rows[0].Number
	c.close()
	dir := c.Dir("practitioner")
	tries := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "-wal") || strings.HasSuffix(path, "-shm") {
			return err
		}
		for name, change := range map[string]func(b []byte) []byte{
			"taken away": nil,
			"emptied":    func([]byte) []byte { return nil },
			"an object":  func([]byte) []byte { return []byte("{}") },
			"altered":    func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		} {
			rel, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			copied := filepath.Join(t.TempDir(), "home")
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				return err
			}
			victim := filepath.Join(copied, rel)
			b, err := os.ReadFile(victim)
			if err != nil {
				return err
			}
			if change == nil {
				err = os.Remove(victim)
			} else if len(b) > 0 {
				err = os.WriteFile(victim, change(b), 0o600)
			}
			if err != nil {
				return err
			}
			tries++
			o := c.Options()
			o.Passphrase = func(string, bool) ([]byte, error) { return []byte("guessed by a thief"), nil }
			h, err := home.Open(copied, o)
			if err != nil {
				continue
			}
			if _, err := h.Wallet(t.Context()); err == nil || h.Actor() != "" {
				t.Errorf("%s %s: the wallet is open", rel, name)
			}
			_ = h.Close()
		}
		return nil
	})
	if err != nil || tries < 20 {
		t.Fatal(tries, err)
	}
	for _, key := range []string{"places", "look", "text_scale", "language", "locked", "unlocked", "pin"} {
		for _, value := range []string{"", "true", "[]", `[{"dir":"` + dir + `","role":"practitioner","locked":false}]`} {
			c.app.Preferences().SetString(key, value)
		}
		a := relaunch(t, c.screen, c.window, Options{Dir: dir, Now: c.Now})
		wants(t, a.window.Content(), "Locked")
		lacks(t, a.window.Content(), number)
	}
}

// TestThreat76_HostileBytesOnScreen: whatever is opened in the wallet's rooms ends
// in a sentence, and in none of Go's.
func TestThreat76_HostileBytesOnScreen(t *testing.T) {
	c := practise(t, bothSizes[1], 1)
	hostile := []string{
		"", "\x00", "{", "[[[[", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF89a", "eyJ.eyJ.x~", strings.Repeat("[", 100_000),
		`{"format":1,"type":"BonafideRequest","audience":"\u202e"}`, `{"@context":[null],"type":1}`, "BF1/AAAA", "did:bonafide:", "age-encryption.org/v1\n",
	}
	for _, id := range []string{"get", "present"} {
		c.section(id)
		for _, b := range hostile {
			c.drop("x\u202e.bin", []byte(b))
			text := shown(all(c.window))
			for _, bad := range []string{"panic", "goroutine", "invalid character", "unexpected", "\u202e", "This did not work"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s: %q gives %q:\n%s", id, b[:min(len(b), 40)], bad, text)
				}
			}
		}
	}
}

// TestTouchTargets: on a phone whatever is tapped is large enough for a finger,
// and nothing is wider than the screen.
func TestTouchTargets(t *testing.T) {
	for _, scale := range []float32{1, 1.5} {
		t.Run(fmt.Sprint(scale), func(t *testing.T) { touchTargets(t, scale) })
	}
}

func touchTargets(t *testing.T, scale float32) {
	c := practise(t, bothSizes[1], 2)
	used[c.window.Canvas()] = func() {} // as of a window that is open: buttons break their text
	t.Cleanup(func() { delete(used, c.window.Canvas()) })
	fyne.CurrentApp().Settings().SetTheme(themeOf(model.Settings{Look: "light", Scale: scale}, true))
	c.settle()
	raw, _ := c.hospital(nil)
	look := func(where string) {
		t.Helper()
		var walk func(fyne.CanvasObject)
		walk = func(o fyne.CanvasObject) {
			if !o.Visible() {
				return
			}
			switch o := o.(type) {
			case *push, *tick, *entry, *widget.Select, *widget.Button, *widget.Check:
				if o.Size().Height < 44 {
					t.Errorf("%s: %T is %.0f high", where, o, o.Size().Height)
				}
			case *fyne.Container:
				for _, x := range o.Objects {
					walk(x)
				}
			case fyne.Widget:
				for _, x := range test.WidgetRenderer(o).Objects() {
					walk(x)
				}
			}
		}
		walk(c.window.Content())
		if got := c.window.Content().MinSize().Width; got > bothSizes[1].Width {
			t.Errorf("%s needs a width of %.0f", where, got)
		}
	}
	for _, id := range []string{"cards", "get", "present", "shared", "safety"} {
		c.section(id)
		look(id)
	}
	c.section("cards")
	c.tap(t, "Details")
	look("the page of a card")
	c.section("present")
	c.drop("r.json", raw)
	test.Tap(find(t, c.window.Content(), func(k *tick) bool { return strings.ReplaceAll(k.Text, "\n", " ") == "Professional licence" }))
	c.settle()
	test.Tap(find(t, c.window.Content(), func(k *tick) bool { return strings.ReplaceAll(k.Text, "\n", " ") == "Choose the details myself" }))
	c.settle()
	look("details")
	test.Tap(find(t, c.window.Content(), func(b *push) bool {
		return strings.ReplaceAll(b.Text, "\n", " ") == "Make the answer for Town Hospital"
	}))
	c.settle()
	look("the answer")
}
