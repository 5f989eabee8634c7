package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/qr"
)

type qrCmd struct {
	Write qrWriteCmd `cmd:"" help:"Draw a file as QR codes."`
	Read  qrReadCmd  `cmd:"" help:"Take a file out of pictures of QR codes."`
}

type qrWriteCmd struct {
	File string `arg:"" help:"What to draw; - is stdin."`
	Out  string `help:"A .png where one code holds it, a .gif that goes through the codes, a .zip of pictures, or a folder for them." required:"" short:"o" placeholder:"FILE|DIR"`
}

func (qrWriteCmd) Help() string {
	return `What is short stands in one code as it is. What is longer becomes a sequence of
codes (docs/qr-frames.md), of which a third may be lost; at most 32 KB.

Examples:
  bonafide qr write answer.json --out answer.gif
  bonafide qr write request.json --out request.png`
}

func (c *qrWriteCmd) Run(e *env) error {
	b, err := e.read(c.File, qr.MaxFramed)
	if err != nil {
		return err
	}
	return e.writeCodes(c.Out, b)
}

type qrReadCmd struct {
	Files []string `arg:"" name:"file" help:"Pictures, an animated GIF, a .zip of pictures or a folder of them; - is stdin."`
	Out   string   `help:"File to write; - is stdout." default:"-" short:"o" placeholder:"FILE"`
}

func (qrReadCmd) Help() string {
	return `Writes what the codes say, those of a sequence joined over all pictures. The
pictures must hold one thing. What it says is proven by nothing yet.

Examples:
  bonafide qr read answer.gif --out answer.json
  bonafide qr read photos/ | bonafide verify -`
}

func (c *qrReadCmd) Run(e *env) error {
	b, err := e.thing(qr.MaxFramed, c.Files...)
	if err != nil {
		return err
	}
	return e.write(c.Out, b, "content")
}

const (
	codePixels = 6                      // of a module
	codeShown  = 700 * time.Millisecond // of each in a film, as the app does
)

// hand gives something out as it is asked for: as a file, as codes, or as both.
// Without either it goes to stdout.
func (e *env) hand(out, codes string, b []byte, what string) error {
	if codes == "" {
		return e.write(out, b, what)
	}
	if out != "" && out != "-" {
		if err := writeFile(out, b); err != nil {
			return fmt.Errorf("writing the %s: %w", what, err)
		}
		e.say("Wrote the %s to %s", what, out)
	}
	return e.writeCodes(codes, b)
}

// writeCodes draws content as its file's name asks for it, and says so.
func (e *env) writeCodes(name string, content []byte) error {
	n, err := drawCodes(name, content)
	if err != nil {
		return err
	}
	return e.answer(map[string]any{"codes": name, "count": n}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "Wrote %s to %s\n", plural(n, "code"), name)
	})
}

// drawCodes gives how many codes it were.
func drawCodes(name string, content []byte) (int, error) {
	codes, err := qr.Codes(content)
	if err != nil {
		return 0, err
	}
	var b bytes.Buffer
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png":
		if len(codes) > 1 {
			return 0, usage("it takes %d codes: name a .gif, a .zip or a folder", len(codes))
		}
		err = qr.PNG(&b, codes[0], codePixels)
	case ".gif":
		err = qr.GIF(&b, codes, codePixels, codeShown)
	case ".zip":
		err = qr.Zip(&b, codes, codePixels)
	case "":
		err = codesIn(name, codes)
	default:
		return 0, usage("%s: codes are written as .png, .gif, .zip or into a folder", name)
	}
	if err == nil && b.Len() > 0 {
		err = writeFile(name, b.Bytes())
	}
	if err != nil {
		return 0, fmt.Errorf("writing the codes: %w", err)
	}
	return len(codes), nil
}

// codesIn writes a picture of each code into a folder that is new or empty: with
// others beside them a sequence would not be alone.
func codesIn(dir string, codes [][]byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unreadable("%s cannot be made: %s", dir, plain(err))
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return unreadable("%s cannot be read: %s", dir, plain(err))
	}
	if len(there) > 0 {
		return usage("the folder %s is not empty", dir)
	}
	for i, c := range codes {
		var b bytes.Buffer
		if err := qr.PNG(&b, c, codePixels); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(dir, qr.Name(i, len(codes))), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// thing is what one file holds, or what the codes in pictures of it say.
func (e *env) thing(limit int64, names ...string) ([]byte, error) {
	all, err := e.things(limit, names...)
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		switch {
		case t.err != nil:
			return nil, t.err
		case int64(len(t.content)) > limit:
			return nil, unreadable("%s is larger than %d bytes", t.file, limit)
		}
	}
	if len(all) != 1 {
		return nil, unreadable("%s holds %d things: give pictures of one", strings.Join(names, ", "), len(all))
	}
	return all[0].content, nil
}

// thing is something that was read.
type thing struct {
	file    string
	content []byte // of a file no more than one byte above the limit
	err     error  // why it could not be read
}

// things reads files, and the codes in pictures; a folder is opened as the files
// in it. Codes of a sequence are joined over all of them.
func (e *env) things(limit int64, names ...string) ([]thing, error) {
	var out []thing
	var frames qr.Collector
	first := "" // file with the first frame
	for _, name := range names {
		files, err := inFolder(name)
		if err != nil {
			out = append(out, thing{name, nil, err})
			continue
		}
		for _, f := range files {
			codes, content, err := e.readPicture(f, limit)
			if codes == nil {
				out = append(out, thing{f, content, err})
				continue
			}
			for i, code := range codes {
				label := f
				if len(codes) > 1 {
					label = fmt.Sprintf("%s#%d", f, i+1)
				}
				if !qr.IsFrame(code) {
					out = append(out, thing{label, bytes.TrimSpace(code), nil})
					continue
				}
				if first == "" {
					first = name
				}
				p, err := frames.Add(code)
				if err != nil {
					out = append(out, thing{label, nil, err})
				} else if p.Content != nil {
					out = append(out, thing{name, p.Content, nil})
				}
			}
		}
	}
	for _, p := range frames.Open() {
		out = append(out, thing{first, nil, explain.Errorf("frames_missing", "%d of %d are read; any %d of the codes %s complete them",
			p.Have, p.Need, p.Need-p.Have, strings.Trim(fmt.Sprint(p.Missing), "[]"))})
	}
	return out, nil
}

// readPicture gives the codes in a picture, or what another file holds: a picture
// without a code is such a one.
func (e *env) readPicture(name string, limit int64) (codes [][]byte, content []byte, err error) {
	r := e.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, unreadable("%s cannot be read: %s", name, plain(err))
		}
		defer func() { _ = f.Close() }() // it was only read
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, nil, unreadable("%s cannot be read: %s", name, plain(err))
	}
	if !qr.IsPicture(b) {
		return nil, b, nil
	}
	codes, err = qr.Read(io.MultiReader(bytes.NewReader(b), r))
	switch explain.CodeOf(err) {
	case "qr_none", "qr_unreadable":
		return nil, b, nil
	}
	return codes, nil, err
}

// inFolder are the pictures in a folder, told by their names and in the order of
// them; of what is no folder itself.
func inFolder(name string) ([]string, error) {
	i, err := os.Stat(name)
	if name == "-" || err != nil || !i.IsDir() {
		return []string{name}, nil // reading it says what is wrong
	}
	dir, err := os.Open(name)
	if err != nil {
		return nil, unreadable("%s cannot be read: %s", name, plain(err))
	}
	all, err := dir.ReadDir(64 * qr.MaxPictures) // others may lie beside them
	if err = errors.Join(err, dir.Close()); err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable("%s cannot be read: %s", name, plain(err))
	}
	var out []string
	for _, f := range all {
		if f.Type().IsRegular() && pictureNamed(f.Name()) {
			out = append(out, filepath.Join(name, f.Name()))
		}
	}
	switch {
	case len(out) > qr.MaxPictures:
		return nil, explain.Errorf("frames_too_many", "%s holds more than %d pictures", name, qr.MaxPictures)
	case len(out) == 0:
		return nil, unreadable("%s is a folder without pictures", name)
	}
	slices.Sort(out)
	return out, nil
}

func pictureNamed(name string) bool {
	ends := []string{".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp"}
	return !strings.HasPrefix(name, ".") && slices.Contains(ends, strings.ToLower(filepath.Ext(name)))
}
