package model

// Getting a licence with a claim code: which board, which code, the file that
// goes to the board, and what waits for an answer.

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/claimcode"
	"bonafide/internal/explain"
	"bonafide/wallet"
)

// Claiming is what claims need of a wallet.
type Claiming interface {
	Claim(ctx context.Context, code string, board did.DID) ([]byte, error)
	Boards() ([]wallet.Board, error)
	Pending(ctx context.Context) ([]wallet.Pending, error)
	Forget(ctx context.Context, board did.DID, code string) error
}

// Claimed is a claim file, and what to do with it.
type Claimed struct {
	Board Party
	Code  string // its id, which is no secret
	When  string
	Next  string
	Name  string // of the file
	File  []byte
}

// ClaimState is everything that the claim shows.
type ClaimState struct {
	Boards  []Party
	NoData  Trouble // why no board can be chosen
	Board   string  // identifier of the chosen one; "" where none is
	Unknown bool    // the chosen board is not in the data
	Code    string  // as it was typed
	Typed   string  // what is to be said about it; "" where nothing is
	Wrong   bool    // Typed is a complaint
	Ready   bool    // a claim can be made
	Read    string  // what was read from a letter
	Trouble Trouble
	Made    *Claimed // the claim that stands on the screen
	Pending []Claimed
}

// Claim is how a practitioner asks a board for a licence.
type Claim struct {
	open    func() (Claiming, error)
	codes   Codes
	words   Words
	changed func()

	mu    sync.Mutex
	state ClaimState
	names boards
}

// NewClaim makes a claim by the wallet that open gives; codes reads pictures.
func NewClaim(open func() (Claiming, error), codes Codes, w Words, changed func()) *Claim {
	return &Claim{open: open, codes: codes, words: w, changed: changed}
}

// State is what there is to show.
func (c *Claim) State() ClaimState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *Claim) update(f func(*ClaimState)) {
	c.mu.Lock()
	f(&c.state)
	c.judge()
	c.mu.Unlock()
	c.changed()
}

// judge says what is to be said about the code and the board; c.mu is held.
func (c *Claim) judge() {
	s, w := &c.state, c.words
	s.Typed, s.Wrong, s.Ready = "", false, false
	switch missing, code := typed(s.Code); {
	case s.Code == "":
	case code != "":
		s.Typed, _ = w.Explain(code)
		s.Wrong = true
	case missing > 0:
		s.Typed = w.N("{{.N}} more characters.", missing)
	default:
		s.Typed, s.Ready = w.L("The code is complete and has no typing mistake."), s.Board != ""
	}
	s.Unknown = s.Board != "" && !slices.ContainsFunc(s.Boards, func(p Party) bool { return p.DID == s.Board })
}

// codeLength is how many letters and digits a claim code has.
const codeLength = 23

// typed judges a code while it is typed: how many characters are missing, or the
// code of what is wrong with it.
func typed(text string) (missing int, wrong string) {
	n := 0
	for _, r := range text {
		switch {
		case strings.ContainsRune("- \t\r\n", r):
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '8':
			n++
		default:
			return 0, "claim_code_malformed"
		}
	}
	if n < codeLength {
		return codeLength - n, ""
	}
	_, err := claimcode.Parse(text)
	return 0, explain.CodeOf(err)
}

// Refresh reads anew which boards there are and which claims wait.
func (c *Claim) Refresh(ctx context.Context) {
	var pending []wallet.Pending
	var list []wallet.Board
	var none error
	k, err := c.open()
	if err == nil {
		pending, err = k.Pending(ctx)
	}
	if err == nil {
		list, none = k.Boards()
	}
	if ctx.Err() != nil {
		return
	}
	c.mu.Lock()
	c.names = list
	c.mu.Unlock()
	c.update(func(s *ClaimState) {
		s.Trouble, s.NoData = trouble(c.words, err), trouble(c.words, none)
		s.Boards, s.Pending = nil, nil
		for _, b := range list {
			s.Boards = append(s.Boards, boards(list).party(b.DID))
		}
		for _, p := range pending {
			s.Pending = append(s.Pending, c.claimed(p, boards(list)))
		}
		if len(s.Boards) == 1 && s.Board == "" {
			s.Board = s.Boards[0].DID
		}
	})
}

// claimed puts a claim in words.
func (c *Claim) claimed(p wallet.Pending, names boards) Claimed {
	w, out := c.words, Claimed{Board: names.party(p.Board), Code: p.Code, Name: "claim-" + p.Code + ".json", File: p.File}
	out.When = w.L("Made on {{.When}}.", D{"When": w.Stamp(p.At)})
	if out.Board.Desk == "" {
		out.Next = w.L("Bring it to the board: as a file, or let it read the QR code. Then take in the licence that it gives you.")
	} else {
		out.Next = w.L("Bring it to the board, {{.Contact}}: as a file, or let it read the QR code. Then take in the licence that it gives you.", D{"Contact": out.Board.Desk})
	}
	return out
}

// SetBoard chooses a board by its identifier.
func (c *Claim) SetBoard(id string) {
	c.update(func(s *ClaimState) { s.Board, s.Read = id, "" })
}

// SetCode takes what was typed as the code.
func (c *Claim) SetCode(text string) {
	if len(text) > 200 {
		text = text[:200]
	}
	c.update(func(s *ClaimState) { s.Code, s.Trouble = text, Trouble{} })
}

// What a board's letter has of a claim. A code stands alone, in groups.
var (
	letterBoard = regexp.MustCompile(`did:bonafide:[a-z0-9-]{1,80}:[a-z0-9]{8,80}`)
	letterCode  = regexp.MustCompile(`(?i)(?:^|[^A-Z0-9-])((?:[A-Z0-8]{4}[- ]){5}[A-Z0-8]{3})(?:$|[^A-Z0-9-])`)
)

// letter finds the board and the code in a text; "" for what it does not have.
func letter(b []byte) (board, code string) {
	b = b[:min(len(b), MaxFile)]
	if m := letterBoard.Find(b); m != nil {
		if _, _, err := bonafide.Split(did.DID(m)); err == nil {
			board = string(m)
		}
	}
	for _, m := range letterCode.FindAllSubmatch(b, 16) {
		found := strings.ToUpper(strings.ReplaceAll(string(m[1]), " ", "-"))
		if _, err := claimcode.Parse(found); err == nil {
			return board, found
		}
		if code == "" {
			code = found // to be told what is wrong with it
		}
	}
	return board, code
}

// Take reads a letter: text, a file, or a picture with a code.
func (c *Claim) Take(ctx context.Context, files ...File) {
	var board, code string
	var err error
	var partly Trouble
	for _, it := range gather(ctx, c.codes, files[:min(len(files), MaxOpened)]) {
		if it.trouble != "" {
			err = explain.Errorf(it.trouble, "a letter cannot be read")
			partly = it.explained(c.words)
			continue
		}
		b, k := letter(it.content)
		if b != "" {
			board = b
		}
		if k != "" {
			code = k
		}
	}
	if board == "" && code == "" && err == nil {
		err = explain.Errorf("wallet_no_letter", "neither board nor code")
	}
	if board != "" || code != "" {
		err = nil
	}
	c.update(func(s *ClaimState) {
		s.Trouble, s.Read = trouble(c.words, err), ""
		if err != nil && partly.Code == s.Trouble.Code {
			s.Trouble = partly // it says more
		}
		if board != "" {
			s.Board = board
		}
		if code != "" {
			s.Code = code
		}
		switch {
		case board != "" && code != "":
			s.Read = c.words.L("Board and code were read. Compare them with what the board wrote to you.")
		case board != "":
			s.Read = c.words.L("The board was read, but no code. Type the code that the board gave you.")
		case code != "":
			s.Read = c.words.L("The code was read, but no board. Choose the board that it came from.")
		}
	})
}

// Make makes the claim; it stands in the state then, and waits for its answer.
// The code is not kept.
func (c *Claim) Make(ctx context.Context) error {
	c.mu.Lock()
	code, board := c.state.Code, c.state.Board
	c.mu.Unlock()
	parsed, err := claimcode.Parse(code)
	if err == nil && board == "" {
		err = explain.Errorf("wallet_board_unknown", "no board chosen")
	}
	var k Claiming
	if err == nil {
		k, err = c.open()
	}
	if err == nil {
		_, err = k.Claim(ctx, code, did.DID(board))
	}
	if err != nil {
		c.update(func(s *ClaimState) { s.Trouble = trouble(c.words, err) })
		return err
	}
	c.update(func(s *ClaimState) { s.Code, s.Read = "", "" })
	c.Refresh(ctx)
	c.Show(parsed.ID(), board)
	return nil
}

// Show brings a claim that waits onto the screen again.
func (c *Claim) Show(code, board string) {
	c.update(func(s *ClaimState) {
		if i := slices.IndexFunc(s.Pending, func(p Claimed) bool { return p.Code == code && p.Board.DID == board }); i >= 0 {
			s.Made = &s.Pending[i]
		}
	})
}

// Done takes the claim from the screen; it waits on.
func (c *Claim) Done() { c.update(func(s *ClaimState) { s.Made = nil }) }

// Forget removes a claim that waits.
func (c *Claim) Forget(ctx context.Context, code, board string) error {
	k, err := c.open()
	if err == nil {
		err = k.Forget(ctx, did.DID(board), code)
	}
	c.update(func(s *ClaimState) {
		if s.Made != nil && s.Made.Code == code {
			s.Made = nil
		}
	})
	c.Refresh(ctx)
	return err
}
