package qr

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"

	"bonafide/internal/explain"
)

func content(n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8)})
	b := make([]byte, n)
	_, _ = r.Read(b)
	return b
}

func frames(t *testing.T, b []byte) [][]byte {
	t.Helper()
	f, err := Frames(b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// collect reads frames one after the other and returns what they gave.
func collect(t *testing.T, c *Collector, frames [][]byte) []byte {
	t.Helper()
	var got []byte
	for _, f := range frames {
		p, err := c.Add(f)
		if err != nil {
			t.Fatal(err)
		}
		if p.Content != nil {
			if got != nil {
				t.Fatal("given twice")
			}
			got = p.Content
		}
	}
	return got
}

// TestFrames: whatever third of a sequence is missed, in whatever order and
// however often the rest is seen, the content comes out, once.
func TestFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 277, 278, 279, 556, 557, 1428, 2500, 9000, MaxFramed} {
		b := content(n)
		all := frames(t, b)
		data, _ := split(n + 1) // noise cannot be squeezed
		for range 5 {
			seen := slices.Clone(all)
			r.Shuffle(len(seen), func(i, j int) { seen[i], seen[j] = seen[j], seen[i] })
			seen = seen[:len(seen)-len(seen)/3]
			if len(seen) < data {
				t.Fatalf("a third of %d frames may not be missed", len(all))
			}
			seen = append(seen, seen...) // the camera goes round
			if got := collect(t, &Collector{}, seen); !bytes.Equal(got, b) {
				t.Fatalf("%d bytes: got %d", n, len(got))
			}
		}
		if got := collect(t, &Collector{}, all[1:data]); got != nil {
			t.Errorf("%d bytes came of %d frames of %d", n, data-1, len(all))
		}
	}
}

// TestFramesFit: each frame is a code that a camera reads, of version 13 or
// below, and its picture gives it back.
func TestFramesFit(t *testing.T) {
	const version13 = 17 + 4*13 + 2*quiet
	for _, n := range []int{200, 2500, MaxFramed} {
		for i, f := range frames(t, content(n)) {
			m, err := Image(f, 1)
			if err != nil || m.Bounds().Dx() > version13 {
				t.Fatalf("frame %d of %d bytes: %v, %d modules", i, n, err, m.Bounds().Dx())
			}
			if i > 2 {
				continue
			}
			m, _ = Image(f, 3)
			var b bytes.Buffer
			if err := png.Encode(&b, m); err != nil {
				t.Fatal(err)
			}
			if got, err := Read(&b); err != nil || len(got) != 1 || !bytes.Equal(got[0], f) {
				t.Fatalf("frame %d is read as %q, %v", i, got, err)
			}
		}
	}
	if n, _ := split(2501); n > 12 {
		t.Errorf("a presentation of 2.5 KB takes %d frames without parity", n)
	}
}

// TestThreat46_FramesOfTwoSequences: frames of two sequences, of the same shape
// too, never join; both come out if both are seen.
func TestThreat46_FramesOfTwoSequences(t *testing.T) {
	a, b := content(1000), append(content(999), 7)
	fa, fb := frames(t, a), frames(t, b)
	if len(fa) != len(fb) {
		t.Fatal("the case needs two of one shape")
	}
	var mixed [][]byte
	for i := range fa {
		if i%2 == 0 {
			mixed = append(mixed, fa[i])
		} else {
			mixed = append(mixed, fb[i])
		}
	}
	if got := collect(t, &Collector{}, mixed[:5]); got != nil {
		t.Fatal("frames of two sequences were joined")
	}
	c := &Collector{}
	var got [][]byte
	for i := range fa {
		for _, f := range [][]byte{fa[i], fb[i]} {
			p, err := c.Add(f)
			if err != nil {
				t.Fatal(err)
			}
			if p.Content != nil {
				got = append(got, p.Content)
			}
		}
	}
	if len(got) != 2 || !bytes.Equal(got[0], a) || !bytes.Equal(got[1], b) {
		t.Fatalf("%d contents", len(got))
	}
	// A frame of one that says to be of the other.
	forged := reframe(t, fb[1], func(x []byte) { copy(x, decodeFrame(t, fa[0])[:frameID]) })
	c = &Collector{}
	for _, f := range [][]byte{fa[0], forged, fa[2]} {
		if _, err := c.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	// Whichever way it shows, nothing but a comes out under a's name.
	code := ""
	for _, f := range fa {
		p, err := c.Add(f)
		if err != nil {
			code = explain.CodeOf(err)
		}
		if p.Content != nil && !bytes.Equal(p.Content, a) {
			t.Fatal("a forged frame got in")
		}
	}
	if code == "" {
		t.Error("nobody was told of the forged frame")
	}
}

func decodeFrame(t *testing.T, f []byte) []byte {
	t.Helper()
	b, err := frameText.DecodeString(string(f[len(framePrefix):]))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reframe(t *testing.T, f []byte, change func([]byte)) []byte {
	t.Helper()
	b := decodeFrame(t, f)
	change(b)
	return []byte(framePrefix + frameText.EncodeToString(b))
}

// TestThreat46_FramesThatAreNone: what claims to be a frame is bounded and has
// one spelling.
func TestThreat46_FramesThatAreNone(t *testing.T) {
	good := frames(t, content(1000))[0]
	for name, f := range map[string][]byte{
		"empty":          []byte(framePrefix),
		"no prefix":      good[4:],
		"lower case":     bytes.ToLower(good),
		"padding":        append(slices.Clone(good), '='),
		"line feed":      append(slices.Clone(good), '\n'),
		"oversize":       append(slices.Clone(good), bytes.Repeat([]byte{'A'}, 600)...),
		"cut":            good[:len(good)-8],
		"longer":         append(slices.Clone(good), "AAAAAAAA"...),
		"huge length":    reframe(t, good, func(b []byte) { b[frameID] = 0xff }),
		"no length":      reframe(t, good, func(b []byte) { b[frameID], b[frameID+1] = 0, 0 }),
		"more frames":    reframe(t, good, func(b []byte) { b[frameID+2]++ }),
		"no data frames": reframe(t, good, func(b []byte) { b[frameID+2] = 0 }),
		"more parity":    reframe(t, good, func(b []byte) { b[frameID+3]++ }),
		"place":          reframe(t, good, func(b []byte) { b[frameID+4] = 200 }),
	} {
		if p, err := (&Collector{}).Add(f); explain.CodeOf(err) != "frame_malformed" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	// A stream of beginnings that are never continued stays small.
	c := &Collector{}
	for i := range 100 {
		if _, err := c.Add(frames(t, content(600+i))[0]); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.open) != openAtOne {
		t.Errorf("%d sequences are followed", len(c.open))
	}
	if _, err := Frames(make([]byte, MaxFramed+1)); explain.CodeOf(err) != "qr_too_long" {
		t.Error(err)
	}
}

// FuzzFrames: whatever frames say, what comes out of them is bounded.
func FuzzFrames(f *testing.F) {
	for _, n := range []int{1, 500} {
		all, err := Frames(content(n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Join(all, []byte{'\n'}))
	}
	for _, b := range [][]byte{bomb(), {deflated}, {9, 9}, {plainly}} {
		for _, x := range shred(b) {
			f.Add(x)
		}
	}
	f.Add([]byte(fmt.Sprintf("%sAAAA\n%s", framePrefix, framePrefix)))
	f.Fuzz(func(t *testing.T, b []byte) {
		c := &Collector{}
		for _, line := range bytes.Split(b, []byte{'\n'}) {
			p, err := c.Add(line)
			if err != nil || p.Content == nil {
				continue
			}
			if len(p.Content) == 0 || len(p.Content) > MaxFramed {
				t.Fatalf("%q gave %d bytes", line, len(p.Content))
			}
		}
	})
}

// bomb is a little that expands to far more than a sequence holds.
func bomb() []byte {
	var b bytes.Buffer
	b.WriteByte(deflated)
	w, err := flate.NewWriterDict(&b, flate.BestCompression, dictionary)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(make([]byte, 8<<20)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// shred makes the frames of something that nobody squeezed properly.
func shred(carried []byte) [][]byte {
	data, parity := split(len(carried))
	shard := (len(carried) + data - 1) / data
	padded := append(bytes.Clone(carried), make([]byte, data*shard-len(carried))...)
	id := framesID(carried)
	var out [][]byte
	for i := range data {
		b := append(id[:], byte(len(carried)>>8), byte(len(carried)), byte(data), byte(parity), byte(i))
		out = append(out, []byte(framePrefix+frameText.EncodeToString(append(b, padded[i*shard:(i+1)*shard]...))))
	}
	return out
}

// TestThreat46_FramesThatExpand: a bomb ends at the bound, and what follows
// the end or is squeezed in a way of tomorrow is refused.
func TestThreat46_FramesThatExpand(t *testing.T) {
	good := squeeze(bytes.Repeat([]byte("licence"), 50))
	for name, b := range map[string][]byte{
		"bomb": bomb(), "tail": append(bytes.Clone(good), 0), "cut": good[:len(good)-2], "tomorrow": {2, 1, 2, 3}, "nothing": {deflated, 3, 0}, "kind alone": {plainly},
	} {
		c := &Collector{}
		var last error
		for _, f := range shred(b) {
			p, err := c.Add(f)
			if p.Content != nil {
				t.Errorf("%s: %d bytes came out", name, len(p.Content))
			}
			last = err
		}
		if explain.CodeOf(last) != "frames_damaged" {
			t.Errorf("%s: %v", name, last)
		}
	}
}

// TestSqueeze: the dictionary is the one that others have, and it is worth its
// place: a licence takes three frames at most, which noise of its size would not.
func TestSqueeze(t *testing.T) {
	sum := sha256.Sum256(dictionary)
	if hex.EncodeToString(sum[:]) != "fbb08be1300f8763f19de474d2a5853d8a48880c26718e0c8d8ab8eb7fa6842d" {
		t.Fatalf("the dictionary is %x; it never changes", sum)
	}
	doc := readmeDictionary(t)
	if doc != hex.EncodeToString(sum[:]) {
		t.Errorf("docs/qr-frames.md names %s", doc)
	}
	licence, err := os.ReadFile("testdata/licence.json")
	if err != nil {
		t.Fatal(err)
	}
	all := frames(t, licence)
	if got := collect(t, &Collector{}, all); !bytes.Equal(got, licence) {
		t.Fatal("it comes out otherwise")
	}
	if n, _ := split(len(squeeze(licence))); n > 3 {
		t.Errorf("%d bytes take %d frames", len(licence), n)
	}
}

func readmeDictionary(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/qr-frames.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(regexp.MustCompile("[0-9a-f]{64}").Find(b))
}
