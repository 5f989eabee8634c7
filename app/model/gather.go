package model

// What files hold: their bytes, or what the codes in pictures say. Everything
// that somebody receives comes in this way.

import (
	"bytes"
	"context"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bonafide/internal/explain"
	"bonafide/internal/qr"
)

// MaxOpened is how many files are opened at once: a folder may hold the pictures
// of the longest sequence of codes. What comes out of them is bounded by MaxFiles.
const MaxOpened = qr.MaxPictures

// gathered is a file that was read, or a code in a picture.
type gathered struct {
	name       string
	part, many int // which code of how many in a picture; 0: it is none
	content    []byte
	trouble    string       // code; where there is no content
	partly     *qr.Progress // of trouble frames_missing: which codes are
}

// gather reads files and joins the codes of sequences, over all pictures. Where
// that gives more than MaxFiles things it gives one more than those.
func gather(ctx context.Context, codes Codes, files []File) []gathered {
	var c qr.Collector
	return joined(&c, readFiles(ctx, codes, files, "wallet_fault"))
}

// readFiles reads files, each no further than what may be a credential, and the
// codes in pictures. Whatever happens in a decoder stays there and gets the code
// fault.
func readFiles(ctx context.Context, codes Codes, files []File, fault string) (out []gathered) {
	things := 0
	for _, f := range files {
		if ctx.Err() != nil || things > MaxFiles {
			return out
		}
		for _, g := range readOne(codes, f, fault) {
			if !qr.IsFrame(g.content) {
				things++
			}
			out = append(out, g)
		}
	}
	return out
}

func readOne(codes Codes, f File, fault string) (out []gathered) {
	g := gathered{name: f.Name}
	defer func() {
		if p := recover(); p != nil {
			g.content, g.trouble = nil, fault
			out = []gathered{g}
		}
	}()
	r, err := f.Open()
	if err != nil {
		g.trouble = "file_unreadable"
		return []gathered{g}
	}
	defer func() { _ = r.Close() }() // it was only read
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	switch {
	case err != nil:
		g.trouble = "file_unreadable"
	case isPicture(b):
		return codesIn(codes, f.Name, io.MultiReader(bytes.NewReader(b), r))
	case isAlbum(b):
		out := codesIn(codes, f.Name, io.MultiReader(bytes.NewReader(b), r))
		if len(out) == 1 && (out[0].trouble == "qr_unreadable" || out[0].trouble == "file_is_picture") {
			out[0].trouble = foreign(b)
		}
		return out
	case len(b) > MaxFile:
		if g.trouble = foreign(b); g.trouble == "" {
			g.trouble = "file_too_large"
		}
	case len(bytes.TrimSpace(b)) == 0:
		g.trouble = "file_empty"
	case f.Name == "": // what was pasted
		g.content = bytes.TrimSpace(b)
	default:
		g.content = b
	}
	return []gathered{g}
}

// codesIn reads a picture, a film or an archive of pictures. One without a code
// is a scan, and named so.
func codesIn(codes Codes, name string, r io.Reader) (out []gathered) {
	found, err := codes(r)
	code := explain.CodeOf(err)
	switch {
	case code == "qr_none", err == nil && len(found) == 0:
		code = "file_is_picture"
	case code == "" && err != nil:
		code = "file_unreadable"
	}
	if code != "" {
		return []gathered{{name: name, trouble: code}}
	}
	for i, b := range found {
		g := gathered{name: name, content: bytes.TrimSpace(b)}
		if len(found) > 1 {
			g.part, g.many = i+1, len(found)
		}
		out = append(out, g)
	}
	return out
}

// sequence names the sequence of codes that a frame's text belongs to: the
// digest that stands first in it.
func sequence(frame []byte) string { return string(frame[:min(len(frame), 29)]) }

// joined puts the codes of sequences together with those that c has already. Of
// a sequence that is not all there it says so, once, under the file in which
// its last code was found.
func joined(c *qr.Collector, items []gathered) []gathered {
	c.Again()
	var out []gathered
	missing := map[string]gathered{} // by sequence
	for _, it := range items {
		if it.trouble != "" || !qr.IsFrame(it.content) {
			out = append(out, it)
			continue
		}
		for _, text := range bytes.Fields(it.content) { // a scanner's text may hold several
			p, err := c.Add(text)
			switch code := explain.CodeOf(err); {
			case err != nil && code == "":
				out = append(out, gathered{name: it.name, trouble: "frame_malformed"})
			case err != nil:
				out = append(out, gathered{name: it.name, trouble: code})
			case p.Content != nil:
				delete(missing, sequence(text))
				out = append(out, gathered{name: it.name, content: bytes.TrimSpace(p.Content)})
			case p.Have < p.Need:
				missing[sequence(text)] = gathered{name: it.name, trouble: "frames_missing", partly: &p}
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(missing)) {
		out = append(out, missing[key])
	}
	return out
}

// numbersShown is how many numbers of missing codes are named.
const numbersShown = 20

// missingCodes says how far a sequence is and which codes are still wanted.
func missingCodes(w Words, p qr.Progress) string {
	var numbers []string
	for _, n := range p.Missing[:min(len(p.Missing), numbersShown)] {
		numbers = append(numbers, strconv.Itoa(n))
	}
	if len(p.Missing) > numbersShown {
		numbers = append(numbers, "…")
	}
	return w.N("{{.Have}} of {{.Need}} codes are read. Any {{.N}} of these are still wanted: {{.Missing}}.", p.Need-p.Have,
		D{"Have": p.Have, "Need": p.Need, "Missing": strings.Join(numbers, ", ")})
}

// explained is what to say of a file that could not be read.
func (g gathered) explained(w Words) Trouble {
	t := trouble(w, explain.Errorf(g.trouble, "a file cannot be read"))
	if g.partly != nil {
		t.Message = missingCodes(w, *g.partly)
	}
	return t
}
