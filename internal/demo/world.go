package demo

// The world of the app's demonstration: the homes of three boards, of a
// practitioner and of a hospital, with something in each, on a network of their
// own. It is made once, with the means of the story, and stays until it is
// removed; its node runs while somebody looks at it.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/internal/qr"
	"bonafide/internal/strictjson"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/node"
	"bonafide/vc"
	"bonafide/verifier"
)

// Passphrase opens every home of the demonstration. It protects nothing: all
// that it opens is made up.
const Passphrase = "demonstration"

// cheap is what a try at it costs: everybody knows it.
var cheap = home.Cost{Time: 1, MemoryKiB: 1 << 10, Threads: 1}

// Names of the homes, which are also those of their folders.
const (
	hospitalHome     = "hospital"
	practitionerHome = "practitioner"
	medicineHome     = "medicine"
	nursingHome      = "nursing"
	councilHome      = "council"
)

var worldHomes = []string{hospitalHome, practitionerHome, medicineHome, nursingHome, councilHome}

const (
	markFile      = "demo.json"
	samplesFolder = "samples"
	stateMaking   = "making"
	stateReady    = "ready"
	letterLife    = 365 * day
	requestLife   = 30 * day
	trainees      = 12
)

// Part is a stretch of the work that Furnish does.
type Part string

// Parts, in their order.
const (
	PartNetwork      Part = "network"
	PartRegisters    Part = "registers"
	PartPractitioner Part = "practitioner"
	PartHospital     Part = "hospital"
	PartSamples      Part = "samples"
)

// Furnishing says how a world is made.
type Furnishing struct {
	Now func() time.Time              // nil: the machine's clock
	Far func(p Part, done, total int) // told before each step; may be nil
}

// Roles of places.
const (
	RoleHospital     = "hospital"
	RolePractitioner = "practitioner"
	RoleBoard        = "board"
)

// Place is a home of the world and who looks at it.
type Place struct {
	Home  string `json:"home"`  // name of its folder
	Role  string `json:"role"`  // Role… above
	Title string `json:"title"` // name of the board, hospital or person
}

// SampleKind is what a file shows that somebody may try.
type SampleKind string

// Kinds of samples.
const (
	SampleRequest       SampleKind = "request"        // the hospital's, for the practitioner to answer
	SampleAnswer        SampleKind = "answer"         // the practitioner's, to a request that is open
	SampleAnswerCode    SampleKind = "answer_code"    // another one, as a QR code
	SampleReplayed      SampleKind = "replayed"       // an answer that was verified before
	SampleCopy          SampleKind = "copy"           // a licence that does not prove who presents it
	SampleConditions    SampleKind = "conditions"     // an answer with a licence on probation
	SampleRevoked       SampleKind = "revoked"        // of one that was revoked
	SampleExpired       SampleKind = "expired"        // of one that ran out
	SampleTampered      SampleKind = "tampered"       // with another name in it
	SampleNotAccredited SampleKind = "not_accredited" // of a type that its board may not issue
	SampleNotAnchored   SampleKind = "not_anchored"   // signed with a board's key, never published
	SampleLetter        SampleKind = "letter"         // a board's, with a claim code
	SampleLetterCode    SampleKind = "letter_code"    // the same as a QR code
	SampleRegister      SampleKind = "register"       // of a board, as a file
)

// kinds are in the order in which they are worth trying.
var kinds = []SampleKind{
	SampleAnswer, SampleAnswerCode, SampleConditions, SampleReplayed, SampleCopy, SampleRevoked, SampleExpired, SampleTampered,
	SampleNotAccredited, SampleNotAnchored, SampleRequest, SampleLetter, SampleLetterCode, SampleRegister,
}

// Sample is a file under samples/.
type Sample struct {
	Kind  SampleKind `json:"kind"`
	File  string     `json:"file"`  // its name
	About string     `json:"about"` // the licence of a letter; else ""
}

// ClaimCode is one that waits to be claimed.
type ClaimCode struct {
	Code    string    `json:"code"`
	Board   did.DID   `json:"board"`
	Name    string    `json:"name"` // of the board
	Licence string    `json:"licence"`
	Expires time.Time `json:"expires"`
}

// World is a furnished demonstration. Dir/homes has its homes, Dir/samples its
// files, Dir/demo.json is its mark.
type World struct {
	Dir     string      `json:"-"`
	Made    time.Time   `json:"made"`
	Network string      `json:"network"`
	Places  []Place     `json:"places"`
	Codes   []ClaimCode `json:"codes"`
	Samples []Sample    `json:"samples"`
}

// mark is demo.json.
type mark struct {
	Format int    `json:"format"` // 1
	Demo   string `json:"demo"`   // markText
	State  string `json:"state"`  // making or ready
	World  World  `json:"world"`
}

const markText = "Made by the demonstration of Bonafide. Nothing here is real; all of it may be removed."

// DefaultDir is where the app keeps its demonstration: beside the home.
func DefaultDir() (string, error) {
	dir, err := home.DefaultDir()
	return dir + "-demo", err
}

// Home is the folder of a place's home.
func (w World) Home(p Place) string { return filepath.Join(w.Dir, homesFolder, p.Home) }

// Sample is the path of the first sample of a kind, "" if there is none.
func (w World) Sample(k SampleKind) string {
	for _, s := range w.Samples {
		if s.Kind == k {
			return w.File(s)
		}
	}
	return ""
}

// File is the path of a sample.
func (w World) File(s Sample) string { return filepath.Join(w.Dir, samplesFolder, s.File) }

// Load finds the world in dir. Codes demo_missing, and demo_outdated where another
// version of this program made it.
func Load(dir string) (World, error) {
	m, err := readMark(dir)
	switch {
	case err != nil:
		return World{}, err
	case m.State == stateMaking:
		return World{}, explain.Errorf("demo_missing", "it was not finished")
	case m.State != stateReady:
		return World{}, explain.Errorf("demo_outdated", "its mark has another form")
	}
	m.World.Dir = dir
	return m.World, nil
}

// readMark reads the mark of dir, a folder and no link to one. Of a mark in
// another form it knows only whose it is: the state is then "".
func readMark(dir string) (mark, error) {
	none := func(why string) (mark, error) { return mark{}, explain.Errorf("demo_missing", "%s", why) }
	at, err := os.Lstat(dir)
	switch {
	case err != nil:
		return none("no such folder")
	case !at.IsDir():
		return none("not a folder")
	}
	name := filepath.Join(dir, markFile)
	if at, err = os.Lstat(name); err != nil || !at.Mode().IsRegular() || at.Size() > maxMark {
		return none("no mark")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return none("no mark")
	}
	limits := strictjson.Limits{Bytes: maxMark, Depth: 8, Nodes: 10_000}
	if o, err := strictjson.Object(b, limits); err != nil || o["demo"] != markText {
		return none("another mark")
	}
	var m mark
	if err := strictjson.Decode(b, limits, &m); err != nil || !m.readable() {
		return mark{Demo: markText}, nil
	}
	return m, nil
}

const maxMark = 1 << 20

// readable: of this format, and naming nothing outside the folder.
func (m mark) readable() bool {
	return m.Format == 1 &&
		!slices.ContainsFunc(m.World.Places, func(p Place) bool { return !slices.Contains(worldHomes, p.Home) }) &&
		!slices.ContainsFunc(m.World.Samples, func(s Sample) bool {
			return s.File == "." || s.File == ".." || filepath.Base(s.File) != s.File
		})
}

func writeMark(dir, state string, w World) error {
	b, err := json.MarshalIndent(mark{1, markText, state, w}, "", "  ")
	if err != nil {
		return err
	}
	return home.WriteFile(filepath.Join(dir, markFile), append(b, '\n'))
}

// Remove removes the world in dir with everything that it made, also one that was
// not finished. What others put there stays, and dir with it. Its node has to be
// stopped. Code demo_not_ours.
func Remove(dir string) error {
	if _, err := readMark(dir); err != nil {
		return explain.Errorf("demo_not_ours", "%w", err)
	}
	homes := filepath.Join(dir, homesFolder)
	var entries []os.DirEntry
	var err error
	if at, err := os.Lstat(homes); err == nil && at.IsDir() { // and no link to one
		if entries, err = os.ReadDir(homes); err != nil {
			return fmt.Errorf("removing the demo: %w", err)
		}
	}
	for _, e := range entries {
		path := filepath.Join(homes, e.Name())
		// A home that was being made has a name of its own beginning with a dot.
		ours := slices.Contains(worldHomes, e.Name()) || slices.ContainsFunc(worldHomes, func(n string) bool { return strings.HasPrefix(e.Name(), "."+n+".new-") })
		if !ours || !demoHome(path) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("removing the demo: %w", err)
		}
	}
	for _, sub := range []string{samplesFolder, filesFolder} {
		if err := os.RemoveAll(filepath.Join(dir, sub)); err != nil {
			return fmt.Errorf("removing the demo: %w", err)
		}
	}
	_ = os.Remove(homes) // fails where something of others is left in it
	if entries, err = os.ReadDir(dir); err != nil {
		return fmt.Errorf("removing the demo: %w", err)
	}
	// The mark goes last, so that what was broken off can be done again.
	if err := os.Remove(filepath.Join(dir, markFile)); err != nil {
		return fmt.Errorf("removing the demo: %w", err)
	}
	if len(entries) == 1 {
		if err := os.Remove(dir); err != nil {
			return fmt.Errorf("removing the demo: %w", err)
		}
	}
	return nil
}

// demoHome reports whether nothing speaks against a home being the demo's: one
// that says it is not stays.
func demoHome(dir string) bool {
	if !home.Exists(dir) {
		return true
	}
	h, err := home.Open(dir, home.Options{Now: time.Now})
	if err != nil {
		return true // of the demo's name, in the demo's folder, and broken
	}
	is := h.Demo()
	return h.Close() == nil && is
}

// Furnish makes a world in dir, which must be new, empty, or hold one that was
// not finished. Broken off, it leaves nothing. The node does not run afterwards:
// Start does that. Code demo_folder.
func Furnish(ctx context.Context, dir string, o Furnishing) (w World, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Far == nil {
		o.Far = func(Part, int, int) {}
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return World{}, fmt.Errorf("finding the demo's folder: %w", err)
	}
	if m, err := readMark(dir); err == nil && m.State == stateMaking {
		if err := Remove(dir); err != nil {
			return World{}, err
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return World{}, fmt.Errorf("reading the demo's folder: %w", err)
	}
	if len(entries) > 0 {
		return World{}, explain.Errorf("demo_folder", "%d entries", len(entries))
	}
	f := &furnisher{
		story: story{o: Options{Now: o.Now, Told: func(Step) {}}, dir: dir, passphrase: []byte(Passphrase), cost: cheap},
		far:   o.Far,
		cast:  cast{hospital: hospitalHome},
		world: World{Dir: dir, Made: o.Now().UTC().Truncate(time.Second)},
	}
	if err := f.folders(); err != nil {
		return World{}, err
	}
	if err := writeMark(dir, stateMaking, f.world); err != nil {
		return World{}, err
	}
	defer func() {
		err = errors.Join(err, f.close())
		if err == nil {
			err = writeMark(dir, stateReady, f.world)
		}
		if err != nil {
			w, err = World{}, errors.Join(err, Remove(dir))
		}
	}()
	if err := f.furnish(ctx); err != nil {
		return World{}, err
	}
	return f.world, nil
}

// furnisher is a story that leaves a world behind.
type furnisher struct {
	story
	far   func(Part, int, int)
	cast  cast
	world World

	council  *home.Home
	cBoard   *issuer.Board
	person   fixtures.Row // whose wallet it is
	drugs    fixtures.Row // of the same person
	nurse    fixtures.Row
	training fixtures.Row
	letters  []fixtures.Row // claim codes wait for them
}

const (
	hospitalName = "Demo Hospital"
	councilName  = "Demo Council for Resuscitation Training"
)

func (f *furnisher) furnish(ctx context.Context) error {
	acts := []struct {
		part Part
		do   func(context.Context) error
	}{
		{PartNetwork, func(ctx context.Context) error { return f.found(ctx, &f.cast) }},
		{PartNetwork, f.foundCouncil},
		{PartRegisters, f.registers},
		{PartRegisters, f.issueAll},
		{PartPractitioner, func(ctx context.Context) error { return f.newWallet(ctx, &f.cast) }},
		{PartPractitioner, f.claims},
		{PartPractitioner, f.letterCodes},
		{PartHospital, func(ctx context.Context) error { return f.newHospital(ctx, &f.cast, hospitalHome) }},
		{PartHospital, f.discipline},
		{PartSamples, f.samples},
		{PartSamples, f.past},
		{PartSamples, f.desk},
		{PartSamples, f.keep},
	}
	for i, a := range acts {
		if err := ctx.Err(); err != nil {
			return err
		}
		f.far(a.part, i, len(acts))
		if err := a.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// foundCouncil takes in a third board, for trainings.
func (f *furnisher) foundCouncil(ctx context.Context) (err error) {
	source, err := f.cast.medicine.Node()
	if err != nil {
		return err
	}
	f.council, f.cBoard, err = f.takeIn(ctx, &f.cast, source, councilHome, councilName, "desk@training.example")
	if err != nil {
		return err
	}
	f.world.Network = f.cBoard.Ledger.ChainID()
	return f.decide(ctx, &f.cast, []ledger.Action{
		ledger.Accredit{Issuer: f.cBoard.DID, Type: issuer.TrainingCertification, Jurisdictions: []string{fixtures.Training.Jurisdiction}},
	})
}

// registers fills those of the boards. One person stands in all of them.
func (f *furnisher) registers(ctx context.Context) error {
	today := f.o.Now().UTC()
	date := func(years, days int) string { return today.AddDate(years, 0, days).Format(time.DateOnly) }
	medicine := fixtures.Register(seed, fixtures.Medicine, physicians, today)
	nursing := fixtures.Register(seed, fixtures.Nursing, nurses, today)
	training := fixtures.Register(seed, fixtures.Training, trainees, today)
	drugs := fixtures.Register(seed, fixtures.Drugs, 1, today)
	p := medicine[0]
	p.Profession, p.Expires = "Physician", date(1, 60)
	as := func(r *fixtures.Row, profession, expires string) fixtures.Row {
		r.GivenName, r.FamilyName, r.NPI = p.GivenName, p.FamilyName, p.NPI
		r.Profession, r.Expires = profession, expires
		return *r
	}
	medicine[0], f.person = p, p
	f.drugs = as(&drugs[0], "II, III, IV, V", date(0, 21)) // to be renewed soon
	f.nurse = as(&nursing[0], "Registered nurse", date(1, 5))
	f.training = as(&training[0], "Advanced cardiac life support", date(1, 120))
	f.letters = []fixtures.Row{
		as(&training[1], "Basic life support", date(1, 200)),
		as(&nursing[1], "Nurse practitioner", date(2, 0)),
	}
	f.cast.register = medicine
	for _, r := range []struct {
		board *issuer.Board
		file  string
		rows  []fixtures.Row
	}{
		{f.cast.mBoard, "register-medicine.csv", append(slices.Clone(medicine), drugs...)},
		{f.cast.nBoard, "register-nursing.csv", nursing},
		{f.cBoard, "register-training.csv", training},
	} {
		if _, err := f.enter(ctx, r.board, r.file, r.rows); err != nil {
			return err
		}
		f.sample(SampleRegister, r.file, "")
	}
	return nil
}

func (f *furnisher) issueAll(ctx context.Context) error {
	_, err := f.issue(ctx, f.cast.mBoard, f.cast.nBoard, f.cBoard)
	return err
}

// onProbation is which of the claimed licences will be.
const onProbation = 2

// claims brings the practitioner's licences into the wallet; the first in both
// envelopes.
func (f *furnisher) claims(ctx context.Context) error {
	c := &f.cast
	type claim struct {
		board   *issuer.Board
		row     fixtures.Row
		formats []vc.Format
	}
	claims := []claim{
		{c.mBoard, f.person, []vc.Format{vc.VCDM, vc.SDJWT}},
		{c.mBoard, f.drugs, []vc.Format{vc.VCDM}},
		{c.nBoard, f.nurse, []vc.Format{vc.VCDM}},
		{f.cBoard, f.training, []vc.Format{vc.SDJWT}},
	}
	for i, k := range claims {
		if err := f.ask(ctx, c, k.board, k.row, fmt.Sprintf("claim-%d.json", i)); err != nil {
			return err
		}
	}
	if err := f.issueAll(ctx); err != nil {
		return err
	}
	if _, err := c.practitioner.Sync(ctx); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	for i, k := range claims {
		for _, format := range k.formats {
			item, err := f.receive(ctx, c, k.board, k.row, format, fmt.Sprintf("bound-%d-%s", i, format))
			if err != nil {
				return err
			}
			if format == k.formats[0] {
				c.claimed = append(c.claimed, item)
			}
		}
	}
	return nil
}

// letterCodes are claim codes that wait, with the letters that brought them.
func (f *furnisher) letterCodes(ctx context.Context) error {
	for i, row := range f.letters {
		b, name := f.cBoard, councilName
		if row.Type == fixtures.Nursing.Type {
			b, name = f.cast.nBoard, nursingName
		}
		code, expires, err := b.ClaimCode(ctx, row.Number, issuer.ClaimCodeOptions{Person: "owner", Life: letterLife})
		if err != nil {
			return fmt.Errorf("making a claim code: %w", err)
		}
		f.world.Codes = append(f.world.Codes, ClaimCode{code, b.DID, name, row.Profession, expires})
		text := fmt.Sprintf("%s\n\nWith this code you can have your licence in your wallet.\n\nLicence: %s\nBoard: %s\nClaim code: %s\n", name, row.Profession, b.DID, code)
		letter, picture := fmt.Sprintf("letter-%d.txt", i+1), fmt.Sprintf("letter-%d.png", i+1)
		if err := f.put(letter, []byte(text)); err != nil {
			return err
		}
		if err := f.putCode(picture, []byte(string(b.DID)+"\n"+code)); err != nil {
			return err
		}
		f.sample(SampleLetter, letter, row.Profession)
		f.sample(SampleLetterCode, picture, row.Profession)
	}
	return nil
}

// discipline puts one of the practitioner's licences on probation, and another's
// too, and revokes a third; the hospital and the practitioner hear of it.
func (f *furnisher) discipline(ctx context.Context) error {
	c := &f.cast
	c.probation, c.revoke = c.register[10], c.register[12]
	for _, x := range []struct {
		board *issuer.Board
		row   fixtures.Row
		value ledger.Status
	}{{c.nBoard, f.nurse, ledger.Probation}, {c.mBoard, c.probation, ledger.Probation}, {c.mBoard, c.revoke, ledger.Revoked}} {
		if _, err := x.board.Status(ctx, issuer.StatusAct{Ref: x.row.Number, Value: x.value, Reason: "demo", Person: "owner"}); err != nil {
			return fmt.Errorf("setting a status: %w", err)
		}
	}
	for name, row := range map[string]fixtures.Row{
		"licence-on-probation.json": c.probation, "licence-revoked.json": c.revoke, "copy-plain.json": c.register[30],
	} {
		if err := f.copyOf(ctx, c.mBoard, row.Number, name); err != nil {
			return err
		}
	}
	f.sample(SampleRevoked, "licence-revoked.json", "")
	return nil
}

// samples makes the files to try.
func (f *furnisher) samples(ctx context.Context) error {
	c := &f.cast
	plain, err := os.ReadFile(f.path("copy-plain.json"))
	if err != nil {
		return err
	}
	if err := f.leave(SampleCopy, "licence-register-copy.json", plain); err != nil {
		return err
	}
	tampered, err := tamper(plain, c.register[30])
	if err != nil {
		return err
	}
	if err := f.leave(SampleTampered, "licence-tampered.json", tampered); err != nil {
		return err
	}
	raw, err := f.unaccredited(ctx, c)
	if err != nil {
		return fmt.Errorf("making a credential without accreditation: %w", err)
	}
	if err := f.leave(SampleNotAccredited, "licence-not-accredited.json", raw); err != nil {
		return err
	}
	if raw, err = f.ranOut(ctx, plain); err != nil {
		return fmt.Errorf("making a credential that ran out: %w", err)
	}
	if err := f.leave(SampleExpired, "licence-expired.json", raw); err != nil {
		return err
	}
	// Requests that are open, and the practitioner's answers to all but the last.
	for _, r := range []struct {
		name   string
		claims []string
	}{
		{name: "request-used.json"},
		{name: "request-1.json"},
		{name: "request-2.json", claims: []string{"familyName", "licence.number"}},
		{name: "request-3.json"},
		{name: "request-to-answer.json", claims: []string{"familyName", "givenName", "licence.number", "licence.profession"}},
	} {
		if err := f.request(ctx, hospitalHome, hospitalName, r.name, r.claims...); err != nil {
			return err
		}
	}
	f.sample(SampleRequest, "request-to-answer.json", "")
	for _, x := range []struct {
		kind    SampleKind
		licence int // of those that were claimed
		request string
		file    string
	}{
		{SampleReplayed, 0, "request-used.json", "answer-used-before.json"},
		{SampleAnswer, 0, "request-1.json", "answer.json"},
		{SampleAnswerCode, 0, "request-2.json", "answer-as-qr-code.png"},
		{SampleConditions, onProbation, "request-3.json", "answer-on-probation.json"},
	} {
		if err := f.answer(ctx, c, c.claimed[x.licence], x.request, x.file); err != nil {
			return err
		}
		f.sample(x.kind, x.file, "")
	}
	if raw, err = os.ReadFile(f.path("answer-as-qr-code.png")); err != nil {
		return err
	}
	if err := f.putCode("answer-as-qr-code.png", bytes.TrimSpace(raw)); err != nil {
		return err
	}
	if err := f.sync(ctx, c); err != nil {
		return err
	}
	if _, err := c.practitioner.Sync(ctx); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	var last uint64
	err = f.inHospital(hospitalHome, func(h *home.Home) error {
		d, err := h.Data()
		if err == nil {
			last = d.View.LastEpoch()
		}
		return err
	})
	if err != nil {
		return err
	}
	if raw, err = f.unanchored(c, last); err != nil {
		return fmt.Errorf("making a credential without an anchor: %w", err)
	}
	return f.leave(SampleNotAnchored, "licence-never-published.json", raw)
}

// ranOut is a licence of the medicine board that expired ten days ago.
func (f *furnisher) ranOut(ctx context.Context, raw []byte) ([]byte, error) {
	last := f.o.Now().UTC().AddDate(0, 0, -10)
	d, err := draft(raw, func(claims map[string]any) {
		claims["validFrom"] = last.AddDate(-2, 0, 0).Format(time.RFC3339)
		claims["validUntil"] = last.Format(time.RFC3339)
		claims["credentialSubject"].(map[string]any)["licence"].(map[string]any)["expires"] = last.Format(time.DateOnly)
	})
	if err != nil {
		return nil, err
	}
	return f.anchored(ctx, f.cast.medicine, f.cast.mBoard, d)
}

// past is what the hospital verified before.
func (f *furnisher) past(ctx context.Context) error {
	for _, x := range []check{
		{file: "licence-register-copy.json", purpose: verifier.Monitoring, expect: verifier.Verified},
		{file: "licence-on-probation.json", purpose: verifier.Monitoring, expect: verifier.Verified},
		{file: "licence-revoked.json", purpose: verifier.Monitoring, expect: verifier.Rejected},
		{file: "licence-register-copy.json", purpose: verifier.Privileging, expect: verifier.Unconfirmed},
		{file: "licence-tampered.json", purpose: verifier.Monitoring, expect: verifier.Rejected},
		{file: "answer-used-before.json", request: "request-used.json", purpose: verifier.Privileging, expect: verifier.Verified},
	} {
		res, err := f.verdict(ctx, filepath.Join(f.dir, homesFolder, hospitalHome), f.o.Now(), x)
		if err != nil {
			return fmt.Errorf("verifying %s: %w", x.file, err)
		}
		if res.Verdict != x.expect {
			return fmt.Errorf("%s is %s (%v), not %s", x.file, res.Verdict, reasons(res), x.expect)
		}
	}
	return nil
}

// Owner and Deputy are the people of the board of medicine. One passphrase opens
// the home for either.
const (
	Owner  = "owner"
	Deputy = "deputy"
)

// desk gives the board of medicine a second person and leaves decisions of both
// that wait.
func (f *furnisher) desk(ctx context.Context) error {
	c := &f.cast
	if err := c.medicine.AddPerson(ctx, Deputy); err != nil {
		return fmt.Errorf("adding a person: %w", err)
	}
	today := f.o.Now().UTC().Truncate(day)
	for i, a := range []issuer.StatusAct{
		{Value: ledger.SuspendedStatus, Reason: "Order 2026-118: samples were swapped", Person: Deputy},
		{Value: ledger.Surrendered, Reason: "Letter of the practitioner", Person: Deputy, Effective: today.AddDate(0, 0, 30)},
		{Value: ledger.Revoked, Reason: "Order 2026-121", Person: Owner},
		{Value: ledger.Probation, Reason: "Settlement 2026-44", Person: Owner, Effective: today.AddDate(0, 0, 14)},
	} {
		a.Ref = c.register[20+i].Number
		if _, err := c.mBoard.Status(ctx, a); err != nil {
			return fmt.Errorf("making a decision: %w", err)
		}
	}
	name := c.register[26].FamilyName + "-Exemple"
	if _, err := c.mBoard.Replace(ctx, issuer.ReplaceAct{Ref: c.register[26].Number, FamilyName: &name, Reason: "Change of name, certificate seen", Person: Deputy}); err != nil {
		return fmt.Errorf("making a decision: %w", err)
	}
	longer := issuer.RenewAct{Ref: c.register[27].Number, Expires: issuer.Date(f.o.Now().UTC().AddDate(8, 0, 0).Format(time.DateOnly)), Reason: "Fee paid", Person: Owner}
	if _, err := c.mBoard.Renew(ctx, longer); err != nil {
		return fmt.Errorf("making a decision: %w", err)
	}
	return nil
}

func (f *furnisher) sample(k SampleKind, file, about string) {
	f.world.Samples = append(f.world.Samples, Sample{k, file, about})
}

// leave makes a sample.
func (f *furnisher) leave(k SampleKind, file string, b []byte) error {
	f.sample(k, file, "")
	return f.put(file, b)
}

// putCode makes a picture of a QR code that says b.
func (f *furnisher) putCode(file string, b []byte) error {
	var out bytes.Buffer
	if err := qr.PNG(&out, b, 4); err != nil {
		return err
	}
	return f.put(file, out.Bytes())
}

// keep leaves the samples alone of all files, and names the places.
func (f *furnisher) keep(context.Context) error {
	slices.SortStableFunc(f.world.Samples, func(a, b Sample) int {
		return cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind))
	})
	samples := filepath.Join(f.dir, samplesFolder)
	if err := os.Mkdir(samples, 0o700); err != nil {
		return fmt.Errorf("making the folder of samples: %w", err)
	}
	for _, s := range f.world.Samples {
		if err := os.Rename(f.path(s.File), filepath.Join(samples, s.File)); err != nil {
			return fmt.Errorf("keeping a sample: %w", err)
		}
	}
	if err := os.RemoveAll(filepath.Join(f.dir, filesFolder)); err != nil {
		return fmt.Errorf("tidying up: %w", err)
	}
	f.world.Places = []Place{
		{hospitalHome, RoleHospital, hospitalName},
		{practitionerHome, RolePractitioner, f.person.GivenName + " " + f.person.FamilyName},
		{medicineHome, RoleBoard, medicineName},
		{nursingHome, RoleBoard, nursingName},
		{councilHome, RoleBoard, councilName},
	}
	return nil
}

// Running is a world whose node runs.
type Running struct {
	world World
	now   func() time.Time
	node  *home.Home
}

// Start runs the world's node, tells the homes where it is, and brings the
// hospital and the practitioner up to date. The machine's clock is now; nil
// means its own. Codes node_already_running, demo_outdated after half a year
// without a start, and those of a sync.
func (w World) Start(ctx context.Context, now func() time.Time) (_ *Running, err error) {
	if now == nil {
		now = time.Now
	}
	r := &Running{world: w, now: now}
	if r.node, err = r.open(medicineHome); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Stop())
		}
	}()
	n, err := r.node.StartNode(ctx, home.NodeOptions{Keep: node.MinKeepBlocks})
	if err != nil {
		return nil, fmt.Errorf("starting the ledger: %w", err)
	}
	// The next block carries today's time.
	st, err := n.Client().Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking the ledger: %w", err)
	}
	if _, err := n.Client().Wait(ctx, st.StateHeight+1); err != nil {
		return nil, fmt.Errorf("waiting for a block: %w", err)
	}
	for _, name := range worldHomes {
		if name == medicineHome {
			continue
		}
		err := r.in(name, func(h *home.Home) error {
			if err := h.SetSources(ctx, []string{"http://" + n.Address()}); err != nil {
				return err
			}
			_, err := h.Sync(ctx)
			return err
		})
		if explain.CodeOf(err) == "trust_expired" {
			return nil, explain.Errorf("demo_outdated", "%s: %w", name, err)
		}
		if err != nil {
			return nil, fmt.Errorf("bringing %s up to date: %w", name, err)
		}
	}
	return r, nil
}

// World is what runs.
func (r *Running) World() World { return r.world }

// Stop stops the node. It may be called again.
func (r *Running) Stop() error { return errors.Join(r.node.StopNode(), r.node.Close()) }

func (r *Running) open(name string) (*home.Home, error) {
	o := options(r.now, []byte(Passphrase))
	if name == medicineHome {
		o.As = Owner // of two
	}
	return home.Open(filepath.Join(r.world.Dir, homesFolder, name), o)
}

// in opens a home for a moment.
func (r *Running) in(name string, f func(*home.Home) error) error {
	h, err := r.open(name)
	if err != nil {
		return err
	}
	return errors.Join(f(h), h.Close())
}

// Answer plays the board to which a wallet's claim goes: it accepts the claim,
// issues, and returns the licence in both envelopes, ready to be received. Codes
// as issuer.Board.AcceptClaim.
func (r *Running) Answer(ctx context.Context, claim []byte) ([][]byte, error) {
	var out [][]byte
	var err error
	for _, name := range []string{councilHome, nursingHome, medicineHome} {
		err = r.in(name, func(h *home.Home) (err error) {
			out, err = answer(ctx, h, claim)
			return err
		})
		if explain.CodeOf(err) != "claim_code_unknown" { // the code of another board
			break
		}
	}
	if err != nil {
		return nil, err
	}
	// The wallet takes only what its own data proves.
	err = r.in(practitionerHome, func(h *home.Home) error {
		_, err := h.Sync(ctx)
		return err
	})
	return out, err
}

func answer(ctx context.Context, h *home.Home, claim []byte) ([][]byte, error) {
	b, err := h.Board(ctx)
	if err != nil {
		return nil, err
	}
	c, err := b.AcceptClaim(ctx, claim, h.Actor())
	if err != nil {
		return nil, err
	}
	if _, err := b.Issue(ctx, issuer.IssueOptions{Person: h.Actor()}); err != nil {
		return nil, err
	}
	var out [][]byte
	for _, format := range []vc.Format{vc.VCDM, vc.SDJWT} {
		raw, _, err := b.Credential(ctx, c.Key.Ref(), issuer.Bound, format)
		if err != nil {
			return nil, err
		}
		out = append(out, raw)
	}
	return out, nil
}
