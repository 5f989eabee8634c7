package model

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	stdpng "image/png"

	"bonafide/internal/explain"
	"bonafide/internal/qr"
)

// png is how a PNG picture opens.
const png = "\x89PNG\r\n\x1a\n"

// What is no credential is named as what it is, whatever it is called.
func TestFilesThatAreNoCredential(t *testing.T) {
	ustar := strings.Repeat("\x00", 257) + "ustar\x0000" + strings.Repeat("\x00", 300)
	for _, tt := range []struct{ name, content, code string }{
		{"empty", "", "file_empty"},
		{"blank", " \r\n\t", "file_empty"},
		{"pdf", "%PDF-1.7\n%\xe2\xe3", "file_is_pdf"},
		{"pdf behind a printer's header", "\x1b%-12345X@PJL\n%PDF-1.4", "file_is_pdf"},
		{"large pdf", "%PDF-1.7" + strings.Repeat("x", MaxFile), "file_is_pdf"},
		{"docx", "PK\x03\x04\x14\x00\x06\x00........[Content_Types].xml", "file_is_document"},
		{"odt", "PK\x03\x04............................mimetypeapplication/vnd.oasis.opendocument.text", "file_is_document"},
		{"doc", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "file_is_document"},
		{"rtf", `{\rtf1\ansi`, "file_is_document"},
		{"zip", "PK\x03\x04\x14\x00....photo.jpg", "file_is_archive"},
		{"gzip", "\x1f\x8b\x08", "file_is_archive"},
		{"tar", ustar, "file_is_archive"},
		{"7z", "7z\xbc\xaf\x27\x1c", "file_is_archive"},
		{"tiff", "II*\x00....", "file_is_other_picture"},
		{"heic", "\x00\x00\x00\x18ftypheic....", "file_is_other_picture"},
		{"scan", png + "....", "file_is_picture"},
		{"jpeg", "\xff\xd8\xff\xe0....", "file_is_picture"},
		{"html", "\n<!DOCTYPE html><html lang=en>", "file_is_web_page"},
		{"csv", "name,licence\nA,1\nB,2\n", "file_is_table"},
		{"csv with semicolons", "\xef\xbb\xbfname;licence;state\r\n\"A; B\";1;OH\r\n", "file_is_table"},
		{"certificate", "-----BEGIN CERTIFICATE-----\n", "file_is_certificate"},
		{"backup", "age-encryption.org/v1\n-> scrypt", "file_is_backup"},
		{"pack", "\x89BFP\r\n\x1a\n....", "file_is_pack"},
		{"network file", `{"format":1,"network":"n","height":1,"hash":"00","time":"","light_block":""}`, "file_is_network"},
		{"claim", `{"format":1,"presentation":{},"proof":"e.e.e"}`, "file_is_claim"},
		{"report", `{"format":1,"results":[]}`, "file_is_report"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := always(verified)
			d := newDesk(f)
			d.Drop(t.Context(), file("licence.json", tt.content))
			r := only(t, d)
			message, next := English().Explain(tt.code)
			if r.Code != tt.code || r.Reason != message || r.Next != next || len(f.asked) > 0 || r.Result != nil {
				t.Errorf("%+v", r)
			}
			if want := tt.code != "file_empty"; want != (r.Word == "Not a credential") {
				t.Errorf("%q", r.Word)
			}
		})
	}
	// What may be a credential, however odd, is for the verifier to judge.
	for _, content := range []string{
		`{}`, `[]`, "{\"@context\":[],\"results\":[],\"format\":1}", "eyJhbGciOiJFUzI1NiJ9.e30.AA~\n", "hello", "hello, world", "a,b\nc\n", `{"format":1}`, "null", "{\n", "a\nb\n",
	} {
		f := always(verified)
		d := newDesk(f)
		d.Drop(t.Context(), file("a.pdf", content))
		if len(f.asked) != 1 {
			t.Errorf("%q was not verified: %s", content, only(t, d).Code)
		}
	}
}

func picture(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := qr.PNG(&b, []byte(text), 4); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCodesInPictures(t *testing.T) {
	f := always(verified)
	d := NewDesk(f, qr.Read, English(), func() {})
	d.Drop(t.Context(), file("photo.png", picture(t, `{"a":1}`)))
	if r := only(t, d); r.File != "photo.png" || r.Word != "Verified" || string(f.asked[0].Bytes) != `{"a":1}` {
		t.Errorf("%+v", r)
	}
	d.Drop(t.Context(), file("request.png", picture(t, ask(t))))
	if s := d.State(); s.Request == "" || s.Phase != Waiting {
		t.Errorf("a request in a picture: %+v", s)
	}
	d.Clear()

	several := func(n int) Codes {
		return func(io.Reader) ([][]byte, error) {
			out := [][]byte{[]byte("%PDF-1.7")}
			for len(out) < n {
				out = append(out, []byte("{}\n"))
			}
			return out, nil
		}
	}
	d = NewDesk(f, several(3), English(), func() {})
	d.Drop(t.Context(), file("photo.png", png))
	s := d.State()
	if len(s.Reports) != 3 || s.Reports[0].Code != "file_is_pdf" || s.Reports[2].File != "photo.png, code 3 of 3" {
		t.Errorf("%+v", s.Reports)
	}
	d = NewDesk(f, several(MaxFiles+1), English(), func() {})
	d.Drop(t.Context(), file("photo.png", png))
	if r := only(t, d); r.Code != "too_many_files" {
		t.Errorf("%+v", r)
	}
}

// A credential in several codes is put together, from one picture or several, at
// once or one after the other; two sequences never join.
func TestCodesOfASequence(t *testing.T) {
	pictures := func(content string) (out []File) {
		texts, err := qr.Frames([]byte(content))
		if err != nil || len(texts) < 5 {
			t.Fatal(len(texts), err)
		}
		for i, text := range texts {
			out = append(out, file(fmt.Sprintf("part-%d.png", i+1), png+string(text)))
		}
		return out
	}
	noise := func(seed byte) string {
		b := make([]byte, 1500)
		_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
		return `{"a":"` + base64.StdEncoding.EncodeToString(b) + `"}`
	}
	one, other := noise(3), noise(11)
	f := always(verified)
	d := NewDesk(f, func(r io.Reader) ([][]byte, error) { // one code in each picture
		b, err := io.ReadAll(r)
		return [][]byte{bytes.TrimPrefix(b, []byte(png))}, err
	}, English(), func() {})

	d.Drop(t.Context(), pictures(one)...)
	if r := only(t, d); r.Word != "Verified" || string(f.asked[0].Bytes) != one {
		t.Fatalf("all at once: %+v", r)
	}
	d.Clear()

	// One after the other; the last one makes it whole.
	parts := pictures(other)
	d.Drop(t.Context(), parts[0])
	if r := only(t, d); r.Code != "frames_missing" || r.File != "part-1.png" || len(f.asked) != 1 {
		t.Fatalf("a part: %+v", r)
	}
	for _, p := range parts[1:] {
		d.Drop(t.Context(), p)
		if len(f.asked) == 2 {
			break
		}
	}
	if r := only(t, d); r.Word != "Verified" || string(f.asked[1].Bytes) != other {
		t.Fatalf("one after the other: %+v", r)
	}
	d.Clear()

	// Parts of two, neither whole; after a Clear nothing of them is left.
	d.Drop(t.Context(), pictures(one)[0], parts[0])
	if s := d.State(); len(s.Reports) != 2 || s.Reports[0].Code != "frames_missing" || s.Reports[1].Code != "frames_missing" || len(f.asked) != 2 {
		t.Errorf("parts of two: %+v", s.Reports)
	}
	d.Clear()
	d.Drop(t.Context(), parts[1])
	if r := only(t, d); r.Code != "frames_missing" {
		t.Errorf("%+v", r)
	}
	d.Clear()
	d.Drop(t.Context(), file("", "BF1/NOTAFRAME"))
	if r := only(t, d); r.Code != "frame_malformed" {
		t.Errorf("%+v", r)
	}
	// A scanner's text, all codes in one paste.
	texts, err := qr.Frames([]byte(one))
	if err != nil {
		t.Fatal(err)
	}
	d.Drop(t.Context(), file("", string(bytes.Join(texts, []byte("\n")))))
	if r := only(t, d); r.Word != "Verified" {
		t.Errorf("%+v", r)
	}
}

// Frames of two sessions never join, however they claim to belong together.
func TestThreat46_SequencesThatMix(t *testing.T) {
	f := always(verified)
	d := NewDesk(f, qr.Read, English(), func() {})
	texts, err := qr.Frames(bytes.Repeat([]byte("one credential "), 200))
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(texts[0])
	forged[len(forged)-3] ^= 1
	d.Drop(t.Context(), file("", string(forged)+"\n"+string(bytes.Join(texts, []byte("\n")))))
	if len(f.asked) > 1 {
		t.Errorf("verified %d times", len(f.asked))
	}
	for _, in := range f.asked {
		if !bytes.Equal(in.Bytes, bytes.TrimSpace(bytes.Repeat([]byte("one credential "), 200))) {
			t.Errorf("something that nobody sent was verified: %.40q", in.Bytes)
		}
	}
}

// A picture that is a bomb is refused with its code, in little time and memory,
// and what came with it is verified all the same.
func TestThreat46_PictureBombs(t *testing.T) {
	var wide bytes.Buffer
	if err := stdpng.Encode(&wide, image.NewGray(image.Rect(0, 0, 20000, 2000))); err != nil {
		t.Fatal(err)
	}
	if wide.Len() > 1<<20 {
		t.Fatalf("the bomb has %d bytes", wide.Len())
	}
	f := always(verified)
	d := NewDesk(f, qr.Read, English(), func() {})
	d.Drop(t.Context(), file("bomb.png", wide.String()), file("cut.png", png+"..."), file("a.json", "{}"))
	s := d.State()
	if s.Reports[0].Code != "qr_too_large" || s.Reports[1].Code != "qr_unreadable" || s.Reports[2].Word != "Verified" {
		t.Errorf("%+v", s.Reports)
	}
	endless := File{Name: "endless.png", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(png), zeros{})), nil
	}}
	d.Drop(t.Context(), endless)
	if r := only(t, d); r.Code != "qr_too_large" {
		t.Errorf("a picture without an end: %+v", r)
	}
	d = NewDesk(f, func(io.Reader) ([][]byte, error) { return nil, errors.New("decoder: /home/x") }, English(), func() {})
	d.Drop(t.Context(), file("a.png", png))
	if r := only(t, d); r.Code != "file_unreadable" || strings.Contains(r.Reason+r.Next, "decoder") {
		t.Errorf("%+v", r)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Whatever it is, naming it ends, and a code that it gets is in the catalogue.
func FuzzForeign(f *testing.F) {
	for _, s := range []string{"", "{}", "%PDF-", "a,b\nc,d\n", png, "PK\x03\x04", `{"format":1,"results":[]}`, "\"a\nb,\"c"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		code := foreign(b)
		if _, ok := explain.Lookup(code); code != "" && !ok {
			t.Errorf("%q is no code", code)
		}
		r := Report{raw: b}
		if raw, ok := r.Raw(); ok && strings.ContainsFunc(raw.Text, func(c rune) bool { return c != '\n' && Plain(string(c)) != string(c) }) {
			t.Errorf("what is shown holds what cannot be seen: %q", raw.Text)
		}
	})
}
