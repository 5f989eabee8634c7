package model

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"bonafide/internal/explain"
	"bonafide/internal/testkit/town"
	"bonafide/wallet"
)

func (p *practice) claim(codes Codes) *Claim {
	return NewClaim(func() (Claiming, error) { return p.wallet, p.fail }, codes, English(), func() {})
}

func TestClaim(t *testing.T) {
	p := newPractice(t, 2)
	c := p.claim(noCodes)
	c.Refresh(t.Context())
	s := c.State()
	if len(s.Boards) != 1 || s.Boards[0].Name != town.BoardName || s.Board != string(p.DID) || s.Ready || len(s.Pending) != 0 {
		t.Fatalf("%+v", s)
	}
	code := p.Code(p.Rows[0].Number)
	c.SetCode(code)
	if s := c.State(); !s.Ready || s.Wrong || s.Typed == "" {
		t.Errorf("%+v", s)
	}
	if err := c.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	s = c.State()
	if s.Made == nil || len(s.Pending) != 1 || s.Code != "" || s.Made.Board.Name != town.BoardName || s.Made.Name != "claim-"+s.Made.Code+".json" {
		t.Fatalf("%+v", s)
	}
	says(t, "the claim", *s.Made, town.BoardContact, "Made on 21 Nov 2026", "take in the licence")
	if strings.Contains(all(s), code) || bytes.Contains(s.Made.File, []byte(code)) || bytes.Contains(s.Made.File, []byte(strings.ReplaceAll(code, "-", "")[6:])) {
		t.Error("the code is kept")
	}
	made := *s.Made
	c.Done()
	if s := c.State(); s.Made != nil || len(s.Pending) != 1 {
		t.Errorf("%+v", s)
	}
	c.Show(made.Code, made.Board.DID)
	if s := c.State(); s.Made == nil || !bytes.Equal(s.Made.File, made.File) {
		t.Errorf("%+v", s)
	}

	// Another model, as after a restart, knows it; what comes from the board ends it.
	again := p.claim(noCodes)
	again.Refresh(t.Context())
	if s := again.State(); len(s.Pending) != 1 || s.Pending[0].Code != made.Code {
		t.Errorf("%+v", s)
	}
	vcdm, _ := p.Answer(made.File)
	p.Bring(p.home)
	if _, err := p.wallet.Receive(t.Context(), vcdm); err != nil {
		t.Fatal(err)
	}
	again.Refresh(t.Context())
	if s := again.State(); len(s.Pending) != 0 {
		t.Errorf("%+v", s)
	}

	c.SetCode(p.Code(p.Rows[1].Number))
	if err := c.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Forget(t.Context(), c.State().Made.Code, string(p.DID)); err != nil || c.State().Made != nil || len(c.State().Pending) != 0 {
		t.Errorf("%v, %+v", err, c.State())
	}
}

// TestMistypedCode: mistakes are told while typing, and make nothing.
func TestMistypedCode(t *testing.T) {
	p := newPractice(t, 1)
	c := p.claim(noCodes)
	c.Refresh(t.Context())
	code := p.Code(p.Rows[0].Number)
	swapped := []byte(code)
	for i := range len(swapped) - 1 {
		if swapped[i] != swapped[i+1] && swapped[i] != '-' && swapped[i+1] != '-' {
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			break
		}
	}
	for typed, want := range map[string]string{
		"":                                 "",
		code[:9]:                           "15 more characters.",
		code[:len(code)-1]:                 "1 more character.",
		string(swapped):                    "The claim code has a typing error.",
		code + "A":                         "This is not a claim code",
		"MZUW-9":                           "This is not a claim code",
		"MZUW/":                            "This is not a claim code",
		code:                               "The code is complete",
		strings.ToLower(code):              "The code is complete",
		strings.ReplaceAll(code, "-", " "): "The code is complete",
	} {
		c.SetCode(typed)
		s := c.State()
		if !strings.HasPrefix(s.Typed, want) || (want == "") != (s.Typed == "") || s.Ready != strings.HasPrefix(want, "The code is") {
			t.Errorf("%q: %+v", typed, s)
		}
	}
	c.SetCode(string(swapped))
	if err := c.Make(t.Context()); explain.CodeOf(err) != "claim_code_mistyped" {
		t.Error(err)
	}
	c.SetCode(code)
	c.SetBoard("")
	if err := c.Make(t.Context()); explain.CodeOf(err) != "wallet_board_unknown" || c.State().Ready {
		t.Error(err)
	}
	if s := c.State(); s.Trouble.Code != "wallet_board_unknown" || s.Made != nil || len(s.Pending) != 0 {
		t.Errorf("%+v", s)
	}
	c.SetBoard("did:bonafide:ohio-k3v2q2mx:mfrggzdfmztwq2lknnwg23tpobyxe43u")
	if s := c.State(); !s.Unknown || !s.Ready {
		t.Errorf("a board that the data does not know: %+v", s)
	}
	c.SetCode(strings.Repeat("A", 1000))
	if s := c.State(); len(s.Code) > 200 || !s.Wrong {
		t.Errorf("%+v", s)
	}
}

func TestClaimFromLetter(t *testing.T) {
	p := newPractice(t, 1)
	code := p.Code(p.Rows[0].Number)
	text := "Dear practitioner,\n\nyour code: " + code + "\n  valid until 5 Dec 2026, once\n  board: " + string(p.DID) + "\n"
	for name, tt := range map[string]struct {
		files []File
		codes Codes
		want  string
	}{
		"file":    {[]File{bytesFile("letter.txt", []byte(text))}, noCodes, "Board and code were read."},
		"pasted":  {[]File{bytesFile("", []byte(text))}, noCodes, "Board and code were read."},
		"picture": {[]File{bytesFile("x.png", []byte("\x89PNG\r\n\x1a\n"))}, func(io.Reader) ([][]byte, error) { return [][]byte{[]byte(text)}, nil }, "Board and code were read."},
		"two":     {[]File{bytesFile("a", []byte(code)), bytesFile("b", []byte(p.DID))}, noCodes, "Board and code were read."},
		"code":    {[]File{bytesFile("a", []byte(code))}, noCodes, "The code was read, but no board."},
		"board":   {[]File{bytesFile("a", []byte(p.DID))}, noCodes, "The board was read, but no code."},
	} {
		c := p.claim(tt.codes)
		c.Take(t.Context(), tt.files...)
		s := c.State()
		if !strings.HasPrefix(s.Read, tt.want) || s.Trouble.Code != "" {
			t.Errorf("%s: %+v", name, s)
		}
		if name != "board" && s.Code != code || name != "code" && s.Board != string(p.DID) {
			t.Errorf("%s: %+v", name, s)
		}
	}
	for want, f := range map[string]File{
		"wallet_no_letter": bytesFile("a", []byte("nothing of use")),
		"file_is_picture":  bytesFile("x.png", []byte("\x89PNG\r\n\x1a\n")),
		"file_unreadable":  {Name: "b", Open: func() (io.ReadCloser, error) { return nil, errors.New("gone") }},
	} {
		c := p.claim(noCodes)
		c.Take(t.Context(), f)
		if s := c.State(); s.Trouble.Code != want || s.Read != "" {
			t.Errorf("%s: %+v", want, s)
		}
	}
}

func TestClaimWithoutData(t *testing.T) {
	p := newPractice(t, 1)
	bare := p.Bare("bare")
	w, err := bare.Wallet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := NewClaim(func() (Claiming, error) { return w, nil }, noCodes, English(), func() {})
	c.Refresh(t.Context())
	if s := c.State(); s.NoData.Code != "no_trust" || len(s.Boards) != 0 {
		t.Errorf("%+v", s)
	}
	c.SetCode(p.Code(p.Rows[0].Number))
	c.SetBoard(string(p.DID))
	if err := c.Make(t.Context()); explain.CodeOf(err) != "wallet_not_made" || c.State().Trouble.Code != "wallet_not_made" {
		t.Error(err)
	}
	p.fail = errors.New("x")
	c = p.claim(noCodes)
	c.Refresh(t.Context())
	if s := c.State(); s.Trouble.Code != "internal_error" {
		t.Errorf("%+v", s)
	}
}

// FuzzLetter: whatever a letter says, what is found in it is a board of the
// network and something that was written as a code.
func FuzzLetter(f *testing.F) {
	f.Add([]byte("MZUW-MMVX-CAYT-ZORS-XGLR-OKX did:bonafide:ohio-k3v2q2mx:mfrggzdfmztwq2lknnwg23tpobyxe43u"))
	f.Add([]byte("mzuw mmvx cayt zors xglr okx"))
	f.Add([]byte("did:bonafide::x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		board, code := letter(b)
		if board != "" && !bytes.Contains(b, []byte(board)) {
			t.Errorf("board %q is not in it", board)
		}
		if code != "" && len(code) != 28 {
			t.Errorf("code %q", code)
		}
		_, _ = typed(string(b))
	})
}

var _ Claiming = (*wallet.Wallet)(nil)
