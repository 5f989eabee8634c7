package model

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"bonafide/internal/qr"
)

// saved is a thing as it is shown: as a film, an archive, and a folder of
// pictures, in which some may be lost.
func saved(t *testing.T, codes [][]byte) (film, archive File, folder []File) {
	t.Helper()
	var g, z bytes.Buffer
	if err := qr.GIF(&g, codes, 3, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := qr.Zip(&z, codes, 3); err != nil {
		t.Fatal(err)
	}
	for i, c := range codes {
		var p bytes.Buffer
		if err := qr.PNG(&p, c, 3); err != nil {
			t.Fatal(err)
		}
		folder = append(folder, file(qr.Name(i, len(codes)), p.String()))
	}
	return file("codes.gif", g.String()), file("codes.zip", z.String()), folder
}

// TestSequencesFromFiles: what the app saves of a sequence is read wherever
// something is received, in full and with a third of it lost.
func TestSequencesFromFiles(t *testing.T) {
	p := newPractice(t, 1)
	licence, _ := p.bound(0)
	request := ask(t)
	code := p.Code(p.Rows[0].Number)
	letter := "Your claim code is " + code + ", which only you can use. " + strings.Repeat("Compare it. ", 40)
	for _, x := range []struct {
		what    string
		content []byte
		takes   func(t *testing.T, files ...File) string // what came of it
		want    string
	}{
		{"a hospital verifies", licence, func(t *testing.T, files ...File) string {
			f := always(verified)
			d := NewDesk(f, qr.Read, English(), func() {})
			d.Drop(t.Context(), files...)
			if len(f.asked) != 1 || !bytes.Equal(f.asked[0].Bytes, licence) {
				return fmt.Sprintf("%+v", d.State())
			}
			return only(t, d).Word
		}, "Verified"},
		{"a practitioner takes it in", licence, func(t *testing.T, files ...File) string {
			r := p.receiving(qr.Read)
			r.Take(t.Context(), files...)
			s := r.State()
			if len(s.Outcomes) != 1 || s.Outcomes[0].Card == nil {
				return fmt.Sprintf("%+v", s)
			}
			return "kept"
		}, "kept"},
		{"a practitioner is asked", []byte(request + strings.Repeat(" ", 400)), func(t *testing.T, files ...File) string {
			pr := p.present(qr.Read)
			pr.Take(t.Context(), files...)
			return pr.State().Asked.Name
		}, "Example Hospital"},
		{"a letter", []byte(letter), func(t *testing.T, files ...File) string {
			c := p.claim(qr.Read)
			c.Take(t.Context(), files...)
			return c.State().Code
		}, code},
	} {
		t.Run(x.what, func(t *testing.T) {
			codes, err := qr.Frames(x.content)
			if err != nil {
				t.Fatal(err)
			}
			film, archive, _ := saved(t, codes)
			_, _, lossy := saved(t, codes[len(codes)/3:])
			for name, files := range map[string][]File{"film": {film}, "archive": {archive}, "folder with a third lost": lossy} {
				if got := x.takes(t, files...); got != x.want {
					t.Errorf("%s: %s", name, got)
				}
			}
		})
	}
}

// TestReadAgain: a sequence may be opened as often as one likes.
func TestReadAgain(t *testing.T) {
	f := always(verified)
	d := NewDesk(f, qr.Read, English(), func() {})
	codes, err := qr.Frames(noise(5, 900))
	if err != nil {
		t.Fatal(err)
	}
	film, _, _ := saved(t, codes)
	for range 2 {
		d.Drop(t.Context(), film)
		if r := only(t, d); r.Word != "Verified" {
			t.Errorf("%+v", r)
		}
	}
}

// TestMissingCodes: who reads is told which codes are still wanted.
func TestMissingCodes(t *testing.T) {
	codes, err := qr.Frames(noise(6, 1000))
	if err != nil {
		t.Fatal(err)
	}
	_, _, folder := saved(t, codes)
	const want = "2 of 4 codes are read. Any 2 of these are still wanted: 2, 4, 5, 6."
	d := NewDesk(always(verified), qr.Read, English(), func() {})
	d.Drop(t.Context(), folder[0], folder[2])
	if r := only(t, d); r.Code != "frames_missing" || r.Reason != want {
		t.Errorf("%+v", r)
	}
	p := newPractice(t, 1)
	r := p.receiving(qr.Read)
	r.Take(t.Context(), folder[0], folder[2])
	if o := r.State().Outcomes[0]; o.Code != "frames_missing" || o.Reason != want {
		t.Errorf("%+v", o)
	}
	pr := p.present(qr.Read)
	pr.Take(t.Context(), folder[0], folder[2])
	if s := pr.State(); s.Trouble.Code != "frames_missing" || s.Trouble.Message != want {
		t.Errorf("%+v", s.Trouble)
	}
	c := p.claim(qr.Read)
	c.Take(t.Context(), folder[0], folder[2])
	if s := c.State(); s.Trouble.Code != "frames_missing" || s.Trouble.Message != want {
		t.Errorf("%+v", s.Trouble)
	}
	// The longest sequence is not named number by number.
	long, err := qr.Frames(noise(7, 20_000))
	if err != nil {
		t.Fatal(err)
	}
	d.Clear()
	d.Drop(t.Context(), file("", string(long[0])))
	if r := only(t, d); !strings.HasSuffix(r.Reason, "20, 21, ….") {
		t.Errorf("%q", r.Reason)
	}
}

// TestThreat70_ManyPictures: a folder with the longest sequence is opened, one
// more picture is not, and of an archive that is none its kind is told.
func TestThreat70_ManyPictures(t *testing.T) {
	text := base64.StdEncoding.EncodeToString(noise(8, 24<<10))
	codes, err := qr.Frames([]byte(text))
	if err != nil || len(codes) < 2*MaxFiles {
		t.Fatal(len(codes), err)
	}
	at := 0
	read := func(io.Reader) ([][]byte, error) { at++; return codes[at-1 : at], nil }
	f := always(verified)
	d := NewDesk(f, read, English(), func() {})
	var folder []File
	for range codes {
		folder = append(folder, file("a.png", png))
	}
	d.Drop(t.Context(), folder...)
	if r := only(t, d); r.Word != "Verified" || string(f.asked[0].Bytes) != text {
		t.Errorf("%+v", r)
	}
	never := func(io.Reader) ([][]byte, error) { t.Error("opened"); return nil, nil }
	d = NewDesk(f, never, English(), func() {})
	for len(folder) <= MaxOpened {
		folder = append(folder, folder[0])
	}
	d.Drop(t.Context(), folder...)
	if r := only(t, d); r.Code != "too_many_files" {
		t.Errorf("%+v", r)
	}
	d = NewDesk(f, qr.Read, English(), func() {})
	odd := "PK\x03\x04" + strings.Repeat("\x00", 22) + "\x05\x00\x00\x00" + "a.png" + strings.Repeat("x", 200)
	d.Drop(t.Context(), file("a.zip", odd))
	if r := only(t, d); r.Code != "file_is_archive" {
		t.Errorf("%+v", r)
	}
}
