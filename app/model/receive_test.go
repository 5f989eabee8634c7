package model

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"bonafide/internal/explain"
	"bonafide/internal/qr"
	"bonafide/issuer"
	"bonafide/wallet"
)

func (p *practice) receiving(codes Codes) *Receive {
	return NewReceive(func() (Receiving, error) { return p.wallet, p.fail }, codes, p.Now, English(), func() {})
}

// bound are the envelopes of a licence that the wallet claimed.
func (p *practice) bound(row int) (vcdm, sdjwt []byte) {
	p.t.Helper()
	claim, err := p.wallet.Claim(p.t.Context(), p.Code(p.Rows[row].Number), p.DID)
	if err != nil {
		p.t.Fatal(err)
	}
	vcdm, sdjwt = p.Answer(claim)
	p.Bring(p.home)
	return vcdm, sdjwt
}

// TestReceiveMany: each file has its own outcome, and a bad one keeps no other
// from being taken in.
func TestReceiveMany(t *testing.T) {
	p := newPractice(t, 3)
	first, second := p.bound(0)
	third, _ := p.bound(1)
	code := p.Code(p.Rows[2].Number)
	req := p.request(nil)
	claim, err := p.wallet.Claim(t.Context(), code, p.DID)
	if err != nil {
		t.Fatal(err)
	}
	spoiled := bytes.Replace(third, []byte(p.Rows[1].FamilyName), []byte("Somebody"), 1)
	copyOf, _ := p.Issued(p.Rows[2].Number, issuer.RegisterCopy)
	r := p.receiving(func(io.Reader) ([][]byte, error) { return [][]byte{third, []byte("no credential")}, nil })
	r.Take(t.Context(),
		bytesFile("a.json", first), bytesFile("a.sd-jwt", append(second, '\n')), bytesFile("again.json", first),
		bytesFile("spoiled.json", spoiled), bytesFile("photo.png", []byte("\x89PNG\r\n\x1a\n")),
		bytesFile("scan.pdf", []byte("%PDF-1.7")), bytesFile("request.json", req),
		bytesFile("letter.txt", []byte("Code: "+code+" Board: "+string(p.DID))), bytesFile("", []byte(code)),
		bytesFile("claim.json", claim), bytesFile("old.backup", []byte("age-encryption.org/v1\n")), bytesFile("copy.json", copyOf),
		bytesFile("empty", nil), File{Name: "gone", Open: func() (io.ReadCloser, error) { return nil, errors.New("open /home/quill/gone: no such file") }},
	)
	s := r.State()
	want := []struct {
		arrival Arrival
		word    string
		code    string
	}{
		{ArrivedNew, "Taken in", ""},
		{ArrivedMore, "Taken in, as another form of a licence that you have", ""},
		{ArrivedAgain, "You have it already", ""},
		{ArrivedRefused, "Not taken in", "anchor_mismatch"},
		{ArrivedNew, "Taken in", ""},
		{ArrivedRefused, "Not taken in", "-"},
		{ArrivedOther, "Not a credential", "file_is_pdf"},
		{ArrivedRequest, "A hospital's request", ""},
		{ArrivedLetter, "A letter with a claim code", ""},
		{ArrivedLetter, "A letter with a claim code", ""},
		{ArrivedOther, "Not a credential", "file_is_claim"},
		{ArrivedOther, "Not a credential", "file_is_backup"},
		{ArrivedNew, "Taken in", ""},
		{ArrivedOther, "Not a credential", "file_empty"},
		{ArrivedOther, "Not a credential", "file_unreadable"},
	}
	if len(s.Outcomes) != len(want) || s.Phase != Shown || s.Progress != "" {
		t.Fatalf("%+v", s)
	}
	for i, w := range want {
		o := s.Outcomes[i]
		if o.Arrival != w.arrival || o.Word != w.word || w.code != "-" && o.Code != w.code {
			t.Errorf("%d: %+v; want %+v", i, o, w)
		}
		if o.Code != "" && (o.Reason == "" || o.Next == "") {
			t.Errorf("%d: a refusal without why and what next: %+v", i, o)
		}
		if (o.Card != nil) != (w.arrival <= ArrivedAgain) {
			t.Errorf("%d: card %v", i, o.Card)
		}
	}
	if s.Summary != "4 of 15 were taken in." {
		t.Error(s.Summary)
	}
	if o := s.Outcomes[4]; o.File != "photo.png, code 1 of 2" {
		t.Error(o.File)
	}
	if !bytes.Equal(s.Outcomes[7].Content, req) || s.Outcomes[9].File != "Pasted text" {
		t.Errorf("%+v", s.Outcomes[7])
	}
	silent(t, "an outcome", s, "/home/quill", "no such file")
	r.Clear()
	if s := r.State(); s.Phase != Waiting || len(s.Outcomes) != 0 {
		t.Errorf("%+v", s)
	}
}

func TestReceiveBounds(t *testing.T) {
	p := newPractice(t, 1)
	r := p.receiving(noCodes)
	r.Take(t.Context())
	if r.State().Phase != Waiting {
		t.Error("nothing was taken")
	}
	var many []File
	for range MaxOpened + 1 {
		many = append(many, File{Name: "x", Open: func() (io.ReadCloser, error) { t.Error("opened"); return nil, io.EOF }})
	}
	r.Take(t.Context(), many...)
	if s := r.State(); len(s.Outcomes) != 1 || s.Outcomes[0].Code != "wallet_too_many_files" {
		t.Errorf("%+v", s)
	}
	// Pictures of codes may be more; things may not, and no more are read.
	opened := 0
	many = nil
	for range MaxOpened {
		many = append(many, File{Name: "x", Open: func() (io.ReadCloser, error) {
			opened++
			return io.NopCloser(strings.NewReader("{}")), nil
		}})
	}
	r.Take(t.Context(), many...)
	if s := r.State(); len(s.Outcomes) != 1 || s.Outcomes[0].Code != "wallet_too_many_files" || opened != MaxFiles+1 {
		t.Errorf("%+v after %d files", s, opened)
	}
	read := 0
	r.Take(t.Context(), File{Name: "endless", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(endlessReader(func(b []byte) (int, error) { read += len(b); return copy(b, bytes.Repeat([]byte("x"), len(b))), nil })), nil
	}})
	if s := r.State(); s.Outcomes[0].Code != "file_too_large" || read > 4*MaxFile {
		t.Errorf("%+v after %d bytes", s, read)
	}
}

type endlessReader func([]byte) (int, error)

func (f endlessReader) Read(b []byte) (int, error) { return f(b) }

// TestReceiveOldAndNoData: what cannot be checked is not kept, and it is said why.
func TestReceiveOldAndNoData(t *testing.T) {
	p := newPractice(t, 1)
	claim, err := p.wallet.Claim(t.Context(), p.Code(p.Rows[0].Number), p.DID)
	if err != nil {
		t.Fatal(err)
	}
	vcdm, _ := p.Answer(claim)
	r := p.receiving(noCodes) // the home's data is older than the licence
	r.Take(t.Context(), bytesFile("a", vcdm))
	if o := r.State().Outcomes[0]; o.Arrival != ArrivedRefused || o.Code != "newer_than_data" || !o.Data || !strings.Contains(o.Next, "under Data") {
		t.Errorf("%+v", o)
	}
	p.Bring(p.home)
	r.Take(t.Context(), bytesFile("a", vcdm))
	if o := r.State().Outcomes[0]; o.Arrival != ArrivedNew {
		t.Errorf("%+v", o)
	}
	p.fail = explain.Errorf("passphrase_needed", "x")
	r.Take(t.Context(), bytesFile("a", vcdm))
	if o := r.State().Outcomes[0]; o.Code != "passphrase_needed" {
		t.Errorf("%+v", o)
	}
}

// TestReceiveCancel: a turn that was stopped shows nothing late.
func TestReceiveCancel(t *testing.T) {
	begun, end := make(chan struct{}), make(chan struct{})
	r := NewReceive(func() (Receiving, error) { close(begun); <-end; return nil, errors.New("late") }, noCodes, clockAt, English(), func() {})
	done := make(chan struct{})
	go func() { r.Take(context.Background(), bytesFile("a", []byte(`{"@context":[]}`))); close(done) }()
	<-begun
	if s := r.State(); s.Phase != Working || s.Progress != "Taking in a" || s.Of != 1 {
		t.Errorf("%+v", s)
	}
	r.Cancel()
	close(end)
	<-done
	if s := r.State(); s.Phase != Waiting || len(s.Outcomes) != 0 {
		t.Errorf("%+v", s)
	}
}

// TestReceiveFrames: a licence in a sequence of codes, over several pictures; two
// sequences are not mixed, and one that is not all there says so.
func TestReceiveFrames(t *testing.T) {
	p := newPractice(t, 2)
	a, _ := p.bound(0)
	b, _ := p.bound(1)
	var codes [][]byte
	for _, content := range [][]byte{a, b} {
		frames, err := qr.Frames(content)
		if err != nil || len(frames) < 3 {
			t.Fatal(len(frames), err)
		}
		codes = append(codes, frames[1:]...) // one of each is missed
	}
	picture := 0
	r := p.receiving(func(io.Reader) ([][]byte, error) { picture++; return codes[picture-1 : picture], nil })
	var files []File
	for range codes {
		files = append(files, bytesFile("photo.png", []byte("\x89PNG\r\n\x1a\n")))
	}
	r.Take(t.Context(), files...)
	s := r.State()
	if len(s.Outcomes) != 2 || s.Outcomes[0].Arrival != ArrivedNew || s.Outcomes[1].Arrival != ArrivedNew {
		t.Errorf("%+v", s)
	}
	r = p.receiving(func(io.Reader) ([][]byte, error) { return codes[:1], nil })
	r.Take(t.Context(), files[0])
	if s := r.State(); len(s.Outcomes) != 1 || s.Outcomes[0].Code != "frames_missing" || s.Outcomes[0].Next == "" {
		t.Errorf("%+v", s)
	}
}

// TestThreat76_FaultsStayOutside: a decoder or a parser that panics ends one
// outcome, not the program, and none of its words is shown.
func TestThreat76_FaultsStayOutside(t *testing.T) {
	p := newPractice(t, 1)
	boom := func(io.Reader) ([][]byte, error) { panic("index of Quillfeather") }
	r := p.receiving(boom)
	r.Take(t.Context(), bytesFile("x.png", []byte("\x89PNG\r\n\x1a\n")), bytesFile("y.pdf", []byte("%PDF-")))
	s := r.State()
	if len(s.Outcomes) != 2 || s.Outcomes[0].Code != "wallet_fault" || s.Outcomes[1].Code != "file_is_pdf" {
		t.Errorf("%+v", s)
	}
	r = NewReceive(func() (Receiving, error) { return faulty{}, nil }, noCodes, clockAt, English(), func() {})
	r.Take(t.Context(), bytesFile("a", []byte(`{"@context":[]}`)))
	if s := r.State(); len(s.Outcomes) != 1 || s.Outcomes[0].Code != "wallet_fault" {
		t.Errorf("%+v", s)
	}
	silent(t, "an outcome", r.State(), "Quillfeather")
	c := p.claim(boom)
	c.Take(t.Context(), bytesFile("x.png", []byte("\x89PNG\r\n\x1a\n")))
	if s := c.State(); s.Trouble.Code != "wallet_fault" {
		t.Errorf("%+v", s)
	}
	pr := p.present(boom)
	pr.Take(t.Context(), bytesFile("x.png", []byte("\x89PNG\r\n\x1a\n")))
	if s := pr.State(); s.Trouble.Code != "wallet_fault" || s.Busy {
		t.Errorf("%+v", s)
	}
}

// faulty is a wallet whose parser panics.
type faulty struct{ Receiving }

func (faulty) List(context.Context) ([]wallet.Item, error)          { return nil, nil }
func (faulty) Receive(context.Context, []byte) (wallet.Item, error) { panic("Quillfeather") }
func (faulty) Boards() ([]wallet.Board, error)                      { return nil, nil }

// TestThreat46_PicturesOfCodes: what a picture's code says is judged as a file
// is: a link is no credential, a name that deceives is shown by its numbers, and
// codes of two things are two things.
func TestThreat46_PicturesOfCodes(t *testing.T) {
	p := newPractice(t, 2)
	a, _ := p.bound(0)
	b, _ := p.bound(1)
	half := len(a) / 2
	r := p.receiving(func(io.Reader) ([][]byte, error) {
		return [][]byte{[]byte("https://user@evil.example/licence"), a[:half], b[half:], append([]byte(nil), bytes.Repeat([]byte("x"), 3000)...)}, nil
	})
	r.Take(t.Context(), bytesFile("pho\u202eto.png", []byte("\x89PNG\r\n\x1a\n")))
	s := r.State()
	if len(s.Outcomes) != 4 {
		t.Fatalf("%+v", s)
	}
	for _, o := range s.Outcomes {
		if o.Arrival != ArrivedRefused && o.Arrival != ArrivedOther || !o.Odd || strings.Contains(o.File, "\u202e") {
			t.Errorf("%+v", o)
		}
	}
	if list, err := p.wallet.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("something was put together: %v, %v", list, err)
	}
}
