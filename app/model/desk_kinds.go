package model

// What a file is that is no credential. It is told by its content, never by its
// name, and only where that is plain: whatever may be a credential goes to the
// verifier.

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// marks that open a file of a kind.
var openings = []struct {
	mark, code string
}{
	{"\x89BFP\r\n\x1a\n", "file_is_pack"},
	{"age-encryption.org/v1", "file_is_backup"},
	{"-----BEGIN AGE ENCRYPTED FILE-----", "file_is_backup"},
	{"-----BEGIN PGP MESSAGE-----", "file_is_backup"},
	{"-----BEGIN ", "file_is_certificate"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "file_is_document"},
	{`{\rtf`, "file_is_document"},
	{"\x1f\x8b", "file_is_archive"},
	{"7z\xbc\xaf\x27\x1c", "file_is_archive"},
	{"Rar!\x1a\x07", "file_is_archive"},
	{"\x28\xb5\x2f\xfd", "file_is_archive"},
	{"\xfd7zXZ\x00", "file_is_archive"},
	{"BZh", "file_is_archive"},
	{"II*\x00", "file_is_other_picture"},
	{"MM\x00*", "file_is_other_picture"},
}

// isPicture reports whether b opens like an image that codes are read from.
func isPicture(b []byte) bool {
	return bytes.HasPrefix(b, []byte("\x89PNG\r\n\x1a\n")) || bytes.HasPrefix(b, []byte("\xff\xd8\xff")) ||
		bytes.HasPrefix(b, []byte("GIF87a")) || bytes.HasPrefix(b, []byte("GIF89a")) ||
		len(b) > 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP" ||
		len(b) > 10 && string(b[:2]) == "BM" && string(b[6:10]) == "\x00\x00\x00\x00"
}

// isAlbum reports whether b opens like an archive whose first file is a picture,
// as sequences of codes are saved. An archive that a system made of a folder may
// begin with the folder.
func isAlbum(b []byte) bool {
	const head = 30 // of an entry, before its name
	if len(b) < head || string(b[:4]) != "PK\x03\x04" {
		return false
	}
	n := int(b[26]) | int(b[27])<<8
	if len(b) < head+n || n == 0 || n > 1024 {
		return false
	}
	name := strings.ToLower(string(b[head : head+n]))
	for _, end := range []string{".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", "/"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

// foreign names what b is where it is plainly no credential; "" where it may be
// one. b may be cut off.
func foreign(b []byte) string {
	head := b[:min(len(b), 4096)]
	for _, o := range openings {
		if bytes.HasPrefix(head, []byte(o.mark)) {
			return o.code
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		for _, part := range []string{"[Content_Types].xml", "_rels/.rels", "mimetypeapplication/vnd.oasis"} {
			if bytes.Contains(head, []byte(part)) {
				return "file_is_document"
			}
		}
		return "file_is_archive"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "file_is_archive"
	case len(head) > 12 && string(head[4:8]) == "ftyp":
		return "file_is_other_picture" // HEIC and its kin; also films
	case bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")):
		return "file_is_pdf"
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")))
	if len(text) == 0 {
		return "file_empty"
	}
	start := strings.ToLower(string(text[:min(len(text), 64)]))
	switch {
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"):
		return "file_is_web_page"
	case text[0] == '{':
		return foreignJSON(text)
	case text[0] != '[' && !bytes.HasPrefix(text, []byte("ey")) && isTable(text):
		return "file_is_table"
	}
	return ""
}

// foreignJSON names the product's own files by the members that they alone have.
func foreignJSON(b []byte) string {
	var o map[string]json.RawMessage
	if len(b) > MaxFile || json.Unmarshal(b, &o) != nil {
		return ""
	}
	has := func(names ...string) bool {
		for _, n := range names {
			if _, ok := o[n]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case has("@context"):
		return ""
	case has("network", "hash", "light_block"):
		return "file_is_network"
	case has("presentation", "proof"):
		return "file_is_claim"
	case has("format", "results"):
		return "file_is_report"
	}
	return ""
}

// isTable reports whether b reads as lines of the same two or more fields.
func isTable(b []byte) bool {
	if !utf8.Valid(b[:min(len(b), 1024)]) && !utf8.Valid(b[:max(0, min(len(b), 1024)-utf8.UTFMax)]) {
		return false
	}
	if !bytes.ContainsAny(b, "\n\r") {
		return false
	}
	for _, comma := range []rune{',', ';', '\t'} {
		r := csv.NewReader(bytes.NewReader(b))
		r.Comma = comma
		rows := 0
		for rows < 5 {
			record, err := r.Read() // of as many fields as the first
			if err != nil || len(record) < 2 {
				if errors.Is(err, io.EOF) && rows >= 2 {
					return true
				}
				rows = 0
				break
			}
			rows++
		}
		if rows == 5 {
			return true
		}
	}
	return false
}
