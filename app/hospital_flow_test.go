package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"bonafide/app/model"
	"bonafide/assets/templates"
	"bonafide/did/key"
	"bonafide/internal/home"
	"bonafide/internal/qr"
	"bonafide/internal/request"
	"bonafide/internal/strictjson"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
)

// clinic is a hospital's home in a window, and boards whose files reach it.
type clinic struct {
	*testRoom
	t       *testing.T
	ledger  *testkit.Ledger
	holder  ed25519.PrivateKey
	licence []byte
	at      time.Time
}

const passphrase = "a long passphrase"

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// newClinic makes boards, a licence for a practitioner, and an empty home.
func newClinic(t *testing.T, size fyne.Size) *clinic {
	t.Helper()
	c := &clinic{t: t, holder: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}
	c.ledger = testkit.NewLedger(t, "clinic-abcdefgh", 4, 1)
	c.licence = c.issue("Quillfeather", 5)
	c.ledger.Settle()
	c.at = c.ledger.Now.Add(time.Minute)

	q := newScreen(t)
	w := test.NewTempWindow(t, nil)
	w.Resize(size)
	ctx, cancel := context.WithCancel(t.Context())
	s := newShell(ctx, fyne.CurrentApp(), w, Options{Now: func() time.Time { return c.at }, Phone: size.Width < 600, reports: q.reports})
	c.testRoom = &testRoom{s, q}
	dir := filepath.Join(t.TempDir(), "home")
	made := must(home.Create(dir, home.Options{
		Now: s.now, Passphrase: func(string, bool) ([]byte, error) { return []byte(passphrase), nil }, Cost: home.Cost{Time: 1, MemoryKiB: 8, Threads: 1},
	}, false))
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.session.Open(model.Place{Dir: dir, Role: model.RoleHospital}); err != nil {
		t.Fatal(err)
	}
	s.home = s.session.Home()
	t.Cleanup(func() {
		cancel()
		c.settle()
		delete(used, w.Canvas())
		if err := s.home.Close(); err != nil {
			t.Error(err)
		}
	})
	c.furnish(hospitalSections(s)...)
	return c
}

// issue makes a licence on the ledger.
func (c *clinic) issue(name string, index int) []byte {
	l, board := c.ledger, c.ledger.Boards[0]
	if index == 5 {
		for _, d := range must(templates.Documents()) {
			l.Decide(ledger.RegisterTemplate{Document: d})
		}
		l.Decide(ledger.Accredit{Issuer: board.DID, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH"}})
		l.Execute(l.Sign(board, ledger.SetStatus{Pages: 1}))
	}
	claims := must(strictjson.Object([]byte(`{
		"@context": ["https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"],
		"type": ["VerifiableCredential", "ProfessionalLicence"],
		"issuer": "`+string(board.DID)+`", "validFrom": "2026-11-01T00:00:00Z", "validUntil": "2028-10-31T23:59:59Z",
		"credentialSubject": {
			"id": "`+string(key.New(testkit.Public(c.t, c.holder)))+`", "type": "Practitioner", "familyName": "`+name+`",
			"licence": {"type": "Licence", "number": "MD-0012345", "jurisdiction": "US-OH", "profession": "physician",
				"issued": "2026-11-01", "expires": "2028-10-31"}},
		"credentialStatus": [{"type": "LedgerStatusEntry", "statusIndex": "5"}],
		"evidence": [{"type": "LedgerAnchor", "anchor": ""}]}`), strictjson.Default))
	d := must(vc.NewDraft(claims))
	salt := [16]byte{1}
	leaf := must(d.Leaf(l.View().ChainID(), salt))
	anchor := l.AnchorLeaves(board, [][32]byte{leaf}, [][16]byte{salt}, ledger.Month{Year: 2028, Month: 12})[0]
	return must(d.Seal(anchor.String(), vc.ProofOptions{
		VerificationMethod: board.Method(c.t, board.Issuing), Created: testkit.Start, Key: testkit.Public(c.t, board.Issuing),
	}, func(m []byte) ([]byte, error) { return ed25519.Sign(board.Issuing, m), nil }))
}

func (c *clinic) networkFile() *pack.Network {
	return must(pack.NewNetwork(must(c.ledger.LightBlock(c.ledger.Header()))))
}

func (c *clinic) packFile() string {
	var b bytes.Buffer
	if err := pack.Export(&b, c.ledger, 0); err != nil {
		c.t.Fatal(err)
	}
	return b.String()
}

// answer is what the practitioner's wallet makes of a request.
func (c *clinic) answer(raw []byte) string {
	r := must(request.Parse(raw))
	pub := testkit.Public(c.t, c.holder)
	return string(must(vc.Present(key.New(pub), [][]byte{c.licence}, r.Nonce, r.Audience, key.MethodID(pub), r.Created,
		func(m []byte) ([]byte, error) { return ed25519.Sign(c.holder, m), nil })))
}

func (c *clinic) file(name, content string) { c.drop(written(c.t, name, content)) }

func (c *clinic) go_(id string) {
	c.goTo(id)
	c.settle()
}

// find is the first widget of a kind on the screen that fits.
func find[W fyne.CanvasObject](t *testing.T, o fyne.CanvasObject, fits func(W) bool) W {
	t.Helper()
	var found W
	done := false
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		if done || !o.Visible() {
			return
		}
		if w, ok := o.(W); ok && fits(w) {
			found, done = w, true
			return
		}
		switch o := o.(type) {
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(o)
	if !done {
		t.Fatalf("there is no such %T on the screen:\n%s", found, shown(o))
	}
	return found
}

// trusted is a clinic that believes the boards and has their data.
func trusted(t *testing.T, size fyne.Size) *clinic {
	t.Helper()
	c := newClinic(t, size)
	c.go_("data")
	c.file("network.json", string(c.networkFile().Marshal()))
	var rows []*tick
	find(t, c.window.Content(), func(k *tick) bool { rows = append(rows, k); return len(rows) == 4 })
	for _, k := range rows {
		test.Tap(k)
	}
	c.settle()
	c.tap(t, "Trust this network")
	c.file("pack", c.packFile())
	return c
}

// The whole way of a hospital, from an empty home to a verdict that it finds
// again: with files alone. Nothing here has a network.
func TestTrustImportVerify(t *testing.T) {
	for _, size := range []fyne.Size{fyne.NewSize(1024, 720), phoneSize} {
		c := newClinic(t, size)
		content := c.window.Content()
		wants(t, content, "This machine trusts no network of boards yet", "[Go to Data]")
		c.file("licence.json", string(c.licence))
		wants(t, content, "Cannot confirm", "This machine trusts no network of boards yet")

		c.tap(t, "Go to Data")
		wants(t, content, "This machine trusts no network of boards yet", "No source is known.", "None. Every verdict rests on the boards' ledger alone.")
		c.file("anything.txt", string(c.networkFile().Marshal()))
		n := c.networkFile()
		wants(t, content, strings.ReplaceAll(n.Display()[:19], " ", "  "), "clinic-abcdefgh", "Is this the fingerprint that the board told you by another way?")
		believe := button(t, content, "Trust this network")
		if !believe.Disabled() {
			t.Error("a network can be believed before anybody compared it")
		}
		given := find(t, content, func(e *entry) bool { return strings.HasPrefix(e.PlaceHolder, "Type or paste the fingerprint") })
		test.Type(given, strings.Repeat("0", 64))
		c.settle()
		wants(t, content, "This is not the same. Do not go on")
		if !believe.Disabled() {
			t.Error("a network can be believed whose fingerprint is another")
		}
		given.SetText("")
		test.Type(given, n.Display())
		c.settle()
		wants(t, content, "The same. ✓")
		c.tap(t, "Trust this network")
		wants(t, content, "The network clinic-abcdefgh is trusted now.", "There is no ledger data on this machine yet.")
		c.file("pack", c.packFile())
		wants(t, content, "signed by 4 boards.", "The data is as of", "Good", "Privileging", "Monthly monitoring")
		lacks(t, content, "There is no ledger data")

		c.go_("verify")
		lacks(t, content, "[Go to Data]")
		c.tap(t, "Verify again")
		wants(t, content, "Cannot confirm", "presentation_required") // privileging asks for the person
		c.rooms["verify"].(*verifyRoom).purpose.SetSelected("Monthly monitoring")
		c.settle()
		wants(t, content, "\nVerified\n", "Professional licence", "Checked for monthly monitoring")

		// A request, and the answer that finds it by itself; once.
		c.go_("requests")
		wants(t, content, "No request is open.")
		c.tap(t, "Make the request")
		wants(t, content, "audience_needed")
		test.Type(find(t, content, func(e *entry) bool { return strings.HasPrefix(e.PlaceHolder, "What the hospital") }), "Riverside Hospital")
		c.tap(t, "Make the request")
		wants(t, content, "Riverside Hospital", "24 hours left", "refused as replayed")
		made := c.rooms["requests"].(*requestsRoom).model.State().Shown
		if made == nil {
			t.Fatal("no request is in sight")
		}
		// The request comes back from its picture, as a wallet reads it.
		img := must(qr.Image(made.File, 6))
		if img.Bounds().Empty() {
			t.Error("an empty code")
		}
		answer := c.answer(made.File)
		c.tap(t, "Back")
		wants(t, content, "[Show]", "[Close]")
		c.go_("verify")
		c.file("presentation.json", answer)
		wants(t, content, "\nVerified\n", "It answers the request of Riverside Hospital", "Checked for privileging")
		c.tap(t, "Clear")
		c.file("again.json", answer)
		wants(t, content, "Not valid", "replayed")
		c.go_("requests")
		wants(t, content, "No request is open.")

		// The history needs the passphrase, and finds what was given.
		c.go_("history")
		wants(t, content, "5 verdicts are kept.", "[Unlock]")
		lacks(t, content, "Riverside")
		c.unlock()
		wants(t, content, "5 verdicts are kept, the latest first.", "Not valid", "Professional licence")
		test.Type(find(t, content, func(e *entry) bool { return strings.HasPrefix(e.PlaceHolder, "Type, issuer") }), "replayed")
		c.tap(t, "Search")
		wants(t, content, "1 verdict fits.")
		list := find(t, content, func(l *widget.List) bool { return true })
		list.Select(0)
		c.settle()
		wants(t, content, "Not valid", "again.json", "[Save as a page…]", "[Back]")
		c.window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
		c.settle()
		wants(t, content, "1 verdict fits.")
		for id, r := range c.rooms {
			if got := r.Content().MinSize(); got.Width > size.Width || got.Height > size.Height {
				t.Errorf("%s needs %v, the window has %v", id, got, size)
			}
		}
	}
}

// unlock answers the prompt for the passphrase.
func (c *clinic) unlock() {
	c.t.Helper()
	c.tap(c.t, "Unlock")
	top := c.window.Canvas().Overlays().Top()
	if top == nil {
		c.t.Fatal("nobody asks for the passphrase")
	}
	given := find(c.t, top, func(e *entry) bool { return e.Password })
	test.Type(given, passphrase)
	test.Tap(button(c.t, top, "Unlock"))
	c.settle()
}

// A closed request takes no answer, and says so.
func TestClosedRequest(t *testing.T) {
	c := trusted(t, phoneSize)
	c.go_("requests")
	content := c.window.Content()
	test.Type(find(t, content, func(e *entry) bool { return strings.HasPrefix(e.PlaceHolder, "What the hospital") }), "Riverside Hospital")
	c.tap(t, "Make the request")
	answer := c.answer(c.rooms["requests"].(*requestsRoom).model.State().Shown.File)
	c.tap(t, "Close the request")
	test.Tap(button(t, c.window.Canvas().Overlays().Top(), "Close it"))
	c.settle()
	wants(t, content, "No request is open.")
	c.go_("verify")
	c.file("late.json", answer)
	wants(t, content, "Cannot confirm", "[More about this]", "request_closed")
}

// The page that is saved from a verdict is whole, names whom it is about, and
// lies only where it was asked for, under a name that tells nobody.
func TestSavedPage(t *testing.T) {
	c := trusted(t, phoneSize)
	c.go_("verify")
	c.rooms["verify"].(*verifyRoom).purpose.SetSelected("Monthly monitoring")
	c.settle()
	c.file("licence.json", string(c.licence))
	rep := c.rooms["verify"].(*verifyRoom).desk.State().Reports[0]
	if until := rep.Result.Credentials[0].Until; until == nil || !until.After(c.at) {
		t.Errorf("valid until %v", until)
	}
	path := filepath.Join(t.TempDir(), model.PageName(*rep.Result))
	f := must(os.Create(path))
	if err := model.WritePage(f, c.words, *rep.Result, "Riverside Hospital", home.Version()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b := must(os.ReadFile(path))
	for _, want := range []string{">Verified</h1>", "Quillfeather", "Valid until", "Checked by</th><td><bdi>Riverside Hospital", "Reviewed by: name, date and signature"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("%q is not in %s", want, b)
		}
	}
	if strings.Contains(path, "Quillfeather") || strings.Contains(path, "MD-0012345") {
		t.Error("a name stands in a file's name")
	}
}

// Pictures inside a credential are never decoded: what is shown of one is text,
// cut where it is long.
func TestThreat70_EmbeddedPicturesStayText(t *testing.T) {
	c := trusted(t, phoneSize)
	c.go_("verify")
	bomb := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":{"id":"did:example:x","name":"Board","image":"data:image/png;base64,` +
		strings.Repeat("iVBORw0KGgoAAAANSUhEUgAA", 20_000) + `"},"credentialSubject":{"image":"https://evil.example/bomb.png"}}`
	c.file("bomb.json", bomb)
	content := c.rooms["verify"].Content()
	wants(t, content, "Not valid")
	pictures := 0
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *canvas.Image:
			if o.Resource == nil && (o.Image != nil || o.File != "") { // icons are resources
				pictures++
			}
		case *fyne.Container:
			for _, c := range o.Objects {
				walk(c)
			}
		case fyne.Widget:
			for _, c := range test.WidgetRenderer(o).Objects() {
				walk(c)
			}
		}
	}
	walk(content)
	if pictures > 0 {
		t.Errorf("%d pictures are drawn", pictures)
	}
	rep := c.rooms["verify"].(*verifyRoom).desk.State().Reports[0]
	raw, ok := rep.Raw()
	if !ok || !raw.Cut || len(raw.Text) > 256<<10 {
		t.Errorf("%d bytes are shown", len(raw.Text))
	}
	c.tap(t, "What the file holds")
	wants(t, c.window.Canvas().Overlays().Top(), "only its beginning is shown")
	if rep.Result != nil {
		var page bytes.Buffer
		if err := model.WritePage(&page, c.words, *rep.Result, "", "1"); err != nil || strings.Contains(page.String(), "data:image") || strings.Contains(page.String(), "evil.example") {
			t.Error("the page holds a picture", err)
		}
	}
}

// What a practitioner's file says reaches neither the errors that are kept for
// the support file nor the words of a problem.
func TestThreat75_NothingOfAFileInErrors(t *testing.T) {
	c := trusted(t, phoneSize)
	c.go_("verify")
	const marker = "Quillfeather-MD0012345"
	for name, content := range map[string]string{
		marker + ".json": `{"@context":["https://www.w3.org/ns/credentials/v2"],"` + marker, marker + ".txt": marker,
		marker + ".pdf": "%PDF-1.7 " + marker, marker + ".png": "\x89PNG\r\n\x1a\n" + marker,
	} {
		c.file(name, content)
		for _, r := range c.rooms["verify"].(*verifyRoom).desk.State().Reports {
			for _, text := range append([]string{r.Word, r.Reason, r.Next, r.Who, r.Code, r.Given, r.Age}, r.Asks...) {
				if strings.Contains(text, marker) || strings.Contains(text, "Quillfeather") {
					t.Errorf("%q tells", text)
				}
			}
			if r.Result != nil && strings.Contains(model.PageName(*r.Result), "Quillfeather") {
				t.Error("a file's name tells")
			}
		}
	}
	c.go_("data")
	c.file(marker+".json", marker)
	if st := c.rooms["data"].(*dataRoom).model.State(); st.Failed.Code != "data_file_unknown" || strings.Contains(st.Failed.Message+st.Failed.Next, "Quillfeather") {
		t.Errorf("%+v", st.Failed)
	}
}
