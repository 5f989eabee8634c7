package model

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/card"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/internal/testkit/town"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/verifier"
	"bonafide/wallet"
)

// practice is a practitioner in a town, with a wallet that has its keys.
type practice struct {
	*town.Town
	t      testing.TB
	home   *home.Home
	wallet *wallet.Wallet
	fail   error // what opening the wallet gives
}

func newPractice(t testing.TB, n int) *practice {
	t.Helper()
	p := &practice{Town: town.New(t, n), t: t}
	p.home = p.Home("practitioner")
	p.wallet = p.openWallet()
	if _, err := p.wallet.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *practice) openWallet() *wallet.Wallet {
	p.t.Helper()
	w, err := p.home.Wallet(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	return w
}

// licensed claims the licence of a row and takes both envelopes in.
func (p *practice) licensed(row int) wallet.Item {
	p.t.Helper()
	claim, err := p.wallet.Claim(p.t.Context(), p.Code(p.Rows[row].Number), p.DID)
	if err != nil {
		p.t.Fatal(err)
	}
	vcdm, sdjwt := p.Answer(claim)
	p.Bring(p.home)
	var it wallet.Item
	for _, b := range [][]byte{vcdm, sdjwt} {
		if it, err = p.wallet.Receive(p.t.Context(), b); err != nil {
			p.t.Fatal(err)
		}
	}
	return it
}

// request is a hospital's request, with what the test changes.
func (p *practice) request(change func(*home.RequestOptions)) []byte {
	p.t.Helper()
	h, err := home.Open(p.Dir("hospital"), p.Options())
	if explain.CodeOf(err) == "home_missing" {
		h, err = p.Home("hospital"), nil
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = h.Close() })
	v, err := h.Hospital(p.t.Context(), home.HospitalOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	o := home.RequestOptions{Audience: "Town Hospital", Purpose: verifier.Privileging, ValidFor: time.Hour}
	if change != nil {
		change(&o)
	}
	b, err := v.NewRequest(p.t.Context(), o)
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

func (p *practice) cards() *Cards {
	return NewCards(func() (Keeping, error) { return p.wallet, p.fail }, p.Now, English(), func() {})
}

func bytesFile(name string, b []byte) File {
	return File{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(string(b))), nil }}
}

// all is everything that a state says, for tests that look for words.
func all(v any) string { return fmt.Sprintf("%+v", v) }

func says(t *testing.T, what string, state any, words ...string) {
	t.Helper()
	text := all(state)
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not say %q:\n%s", what, w, text)
		}
	}
}

func silent(t *testing.T, what string, state any, words ...string) {
	t.Helper()
	text := all(state)
	for _, w := range words {
		if strings.Contains(text, w) {
			t.Errorf("%s says %q:\n%s", what, w, text)
		}
	}
}

func TestCardsEmptyAndTroubled(t *testing.T) {
	p := newPractice(t, 1)
	c := p.cards()
	if c.State().Loaded {
		t.Error("loaded before it was read")
	}
	c.Refresh(t.Context())
	if s := c.State(); !s.Loaded || len(s.Cards) != 0 || s.Trouble.Code != "" || s.NoData.Code != "" || !strings.Contains(s.Data, "as of") {
		t.Errorf("%+v", s)
	}
	p.fail = explain.Errorf("passphrase_needed", "x")
	c.Refresh(t.Context())
	if s := c.State(); s.Trouble.Code != "passphrase_needed" || s.Trouble.Message == "" {
		t.Errorf("%+v", s)
	}
	p.fail = errors.New("open /home/quill: no such file")
	c.Refresh(t.Context())
	if s := c.State(); s.Trouble.Code != "internal_error" {
		t.Errorf("%+v", s)
	}
	silent(t, "a trouble", c.State(), "no such file")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	p.fail = nil
	c.Refresh(ended)
	if c.State().Trouble.Code == "" {
		t.Error("a window that is closed changes its state")
	}

	bare := p.Bare("bare")
	w, err := bare.Wallet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	none := NewCards(func() (Keeping, error) { return w, nil }, p.Now, English(), func() {})
	none.Refresh(t.Context())
	if s := none.State(); s.NoData.Code != "no_trust" || s.Trouble.Code != "" || s.Data != "" {
		t.Errorf("%+v", s)
	}
}

func TestCardSaysWhatItIs(t *testing.T) {
	p := newPractice(t, 2)
	it := p.licensed(0)
	c := p.cards()
	c.Refresh(t.Context())
	s := c.State()
	if len(s.Cards) != 1 {
		t.Fatalf("%+v", s)
	}
	first := s.Cards[0]
	row := p.Rows[0]
	if first.Title != "Professional licence" || first.Board.Name != town.BoardName || first.Board.DID != string(p.DID) || first.Board.Desk != town.BoardContact ||
		first.Number != row.Number || first.Where != "Ohio (US-OH)" || first.Status != "Current" || first.Tone != Good || first.Copy || first.Old {
		t.Errorf("%+v", first)
	}
	says(t, "the card", first, "Profession: "+row.Profession, "Expires on ", "As of 21 Nov 2026")

	page, ok := c.Page(it.ID)
	if !ok || len(page.Envelopes) != 2 || len(page.Facts) < 6 {
		t.Fatalf("%+v", page)
	}
	says(t, "the page", page.Facts, "{Name:Family name Value:"+row.FamilyName, "Name:Where it holds Value:Ohio (US-OH)", "Name:Expires on Value:")
	whole, selective := page.Envelopes[0], page.Envelopes[1]
	if len(whole.Optional) != 0 || !strings.Contains(strings.Join(selective.Optional, ","), "Family name") || whole.File != "licence-"+it.Envelopes()[0].ID+".json" {
		t.Errorf("%v, %v, %s", whole.Optional, selective.Optional, whole.File)
	}
	if !strings.Contains(whole.Raw.Text, `"credentialSubject": {`) || !selective.Raw.Token || string(whole.Bytes) != whole.Raw.Copy {
		t.Error("the raw form is not shown")
	}
	if strings.Contains(whole.File, row.Number) || strings.Contains(whole.File, row.FamilyName) {
		t.Error("a file's name tells about the practitioner")
	}
	if _, ok := c.Page("nothing"); ok {
		t.Error("a page of nothing")
	}
}

// TestPrint: a licence on paper, in both sizes, by a name that tells nothing.
func TestPrint(t *testing.T) {
	p := newPractice(t, 1)
	it := p.licensed(0)
	c := p.cards()
	c.Refresh(t.Context())
	for _, size := range card.Sizes {
		var b strings.Builder
		if err := c.Print(it.ID, size, &b); err != nil || !strings.HasPrefix(b.String(), "%PDF-") {
			t.Errorf("%s: %v", size, err)
		}
		if name := PaperName(it.ID, size); strings.Contains(name, p.Rows[0].Number) || !strings.HasSuffix(name, ".pdf") {
			t.Error(name)
		}
	}
	var b strings.Builder
	if err := c.Print("nothing", card.A6, &b); explain.CodeOf(err) != "wallet_no_credential" || b.Len() > 0 {
		t.Error(err)
	}
}

// TestCardsOrderAndAge: what wants attention comes first, and old data is not
// taken for today's.
func TestCardsOrderAndAge(t *testing.T) {
	p := newPractice(t, 3)
	for i := range 3 {
		p.licensed(i)
	}
	p.Set(p.Rows[1].Number, ledger.Probation)
	p.Set(p.Rows[2].Number, ledger.SuspendedStatus)
	p.Bring(p.home)
	c := p.cards()
	c.Refresh(t.Context())
	byNumber := map[string]Card{}
	for _, card := range c.State().Cards {
		byNumber[card.Number] = card
	}
	for i, want := range []struct {
		tone    Tone
		status  string
		warning string
	}{{Good, "Current", ""}, {Limited, "On probation", "wallet_conditions"}, {Bad, "Suspended", "wallet_may_not_practise"}} {
		card := byNumber[p.Rows[i].Number]
		if card.Tone != want.tone || card.Status != want.status || want.warning != "" && (len(card.Warnings) == 0 || card.Warnings[len(card.Warnings)-1].Code != want.warning) {
			t.Errorf("%+v; want %+v", card, want)
		}
		for _, w := range card.Warnings {
			if w.Message == "" || w.Next == "" {
				t.Errorf("a warning without what to do: %+v", w)
			}
		}
	}
	if last := c.State().Cards[2]; last.Number != p.Rows[0].Number {
		t.Errorf("what is in order comes last: %+v", last)
	}

	p.Pass(31 * 24 * time.Hour)
	c.Refresh(t.Context())
	s := c.State()
	if s.NoData.Code != "wallet_data_old" {
		t.Errorf("%+v", s.NoData)
	}
	for _, card := range s.Cards {
		if !card.Old || card.Tone != Unclear || !strings.Contains(card.AsOf, "too old to tell") || card.Status != "Status not known today" {
			t.Errorf("%+v", card)
		}
	}
}

// TestUntil covers each way in which a licence ends, or does not.
func TestUntil(t *testing.T) {
	now := time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	for _, tt := range []struct {
		expires, valid time.Time
		want           string
	}{
		{time.Time{}, time.Time{}, "It does not expire."},
		{day(400), day(430), "Expires on 26 Dec 2027."},
		{day(30), day(60), "Expires on 21 Dec 2026, in 30 days."},
		{day(1), day(60), "Expires on 22 Nov 2026, in 1 day."},
		{now.Add(time.Hour), day(60), "Expires on 21 Nov 2026, within a day."},
		{day(-10), day(20), "Expired on 11 Nov 2026; the grace period runs until 11 Dec 2026."},
		{day(-40), day(-10), "Expired on 12 Oct 2026."},
		{time.Time{}, day(-10), "Expired on 11 Nov 2026."},
		{time.Time{}, day(30), "Expires on 21 Dec 2026, in 30 days."},
	} {
		if got := until(English(), wallet.Credential{Expires: tt.expires, ValidUntil: tt.valid}, now); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

// TestThreat68_NamesOnCards: what a stranger wrote is shown by its numbers, and
// said to be odd.
func TestThreat68_NamesOnCards(t *testing.T) {
	id := did.DID("did:bonafide:x:y")
	names := boards{{DID: id, Name: "Board\u202eof \u200bNothing\ufffd", Contact: "x\u2066"}}
	it := wallet.Item{Credential: wallet.Credential{
		Issuer: id, Types: []string{"Odd\u200bType"}, Number: "MD\u202e1", Jurisdiction: "XX\u2066",
		Fields: []wallet.Field{{Name: "licence.profession", Value: "Phy\u200bsician"}, {Name: "li\u202ecence", Value: "x\u200b"}},
	}}
	c := newCard(English(), it, names, time.Now())
	text := all(c) + all(fact(English(), it.Fields[1]))
	if strings.ContainsAny(text, "\u202e\u200b\u2066") || !c.Board.Odd || !fact(English(), it.Fields[1]).Odd {
		t.Errorf("%q", text)
	}
	if other := names.party("did:bonafide:x:z"); other.Name != "did:bonafide:x:z" || other.Odd {
		t.Errorf("%+v", other)
	}
}

func TestDeleteAndUndo(t *testing.T) {
	p := newPractice(t, 2)
	it := p.licensed(0)
	p.licensed(1)
	c := p.cards()
	c.Refresh(t.Context())
	before := c.State()
	page, _ := c.Page(it.ID)

	title, err := c.Delete(t.Context(), it.ID)
	if err != nil || title != "Professional licence" {
		t.Fatal(title, err)
	}
	s := c.State()
	if len(s.Cards) != 1 || len(s.Deleted) != 1 || s.Deleted[0].ID != it.ID {
		t.Fatalf("%+v", s)
	}
	says(t, "a deleted card", s.Deleted[0], "Deleted on 21 Nov 2026. It can be put back until 21 Dec 2026.")
	if err := c.PutBack(t.Context(), it.ID); err != nil || !reflect.DeepEqual(c.State(), before) {
		t.Errorf("%v: %+v; want %+v", err, c.State(), before)
	}
	if again, _ := c.Page(it.ID); !reflect.DeepEqual(again, page) {
		t.Errorf("%+v after %+v", again, page)
	}
	if err := c.PutBack(t.Context(), it.ID); explain.CodeOf(err) != "wallet_no_credential" {
		t.Error(err)
	}

	if _, err := c.Delete(t.Context(), it.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.Erase(t.Context(), it.ID); err != nil || len(c.State().Deleted) != 0 {
		t.Error(err, c.State().Deleted)
	}
	if _, err := c.Delete(t.Context(), c.State().Cards[0].ID); err != nil || len(c.State().Deleted) != 1 {
		t.Fatal(err)
	}
	p.Pass(wallet.KeptDays*24*time.Hour + time.Second)
	c.Refresh(t.Context())
	if s := c.State(); len(s.Deleted) != 0 || len(s.Cards) != 0 || s.Trouble.Code != "" {
		t.Errorf("kept for too long: %+v", s.Deleted)
	}
}

// TestThreat72_DeletedSurvivesAKill: a process that ends right after a licence
// was deleted loses nothing: the next one can put it back as it was, and no file
// beside the database holds anything of it.
func TestThreat72_DeletedSurvivesAKill(t *testing.T) {
	p := newPractice(t, 1)
	it := p.licensed(0)
	c := p.cards()
	c.Refresh(t.Context())
	page, _ := c.Page(it.ID)
	if _, err := c.Delete(t.Context(), it.ID); err != nil {
		t.Fatal(err)
	}
	// What lies on the disk at this moment, as a killed process leaves it.
	dir := filepath.Join(t.TempDir(), "killed")
	if err := os.CopyFS(dir, os.DirFS(p.Dir("practitioner"))); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{p.Rows[0].FamilyName, p.Rows[0].Number, "credentialSubject"} {
		scan(t, dir, secret)
	}
	h, err := home.Open(dir, p.Options())
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w, err := h.Wallet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	next := NewCards(func() (Keeping, error) { return w, nil }, p.Now, English(), func() {})
	next.Refresh(t.Context())
	if s := next.State(); len(s.Cards) != 0 || len(s.Deleted) != 1 {
		t.Fatalf("%+v", s)
	}
	if err := next.PutBack(t.Context(), it.ID); err != nil {
		t.Fatal(err)
	}
	if again, ok := next.Page(it.ID); !ok || !reflect.DeepEqual(again, page) {
		t.Errorf("%+v after %+v", again, page)
	}
}

// scan looks for a text in every file under a folder.
func scan(t *testing.T, dir, text string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(b), text) {
			t.Errorf("%s holds %q", d.Name(), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRegisterCopy(t *testing.T) {
	p := newPractice(t, 1)
	p.Issue()
	p.Bring(p.home)
	b, _ := p.Issued(p.Rows[0].Number, issuer.RegisterCopy)
	if _, err := p.wallet.Receive(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	c := p.cards()
	c.Refresh(t.Context())
	if s := c.State(); len(s.Cards) != 1 || !s.Cards[0].Copy {
		t.Errorf("%+v", s)
	}
	says(t, "a copy", c.State().Cards[0].Warnings, "wallet_not_bound")
}
