package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"bonafide/internal/explain"

	"github.com/klauspost/compress/zstd"
)

// reseal makes the checksum of a changed file fit again, as a forger would.
func reseal(b []byte) []byte {
	b = bytes.Clone(b[:len(b)-sha256.Size])
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func sealed(t testing.TB, body []byte) []byte {
	t.Helper()
	b, err := seal(head{kind: delta, from: 3, height: 9, chainID: testNet}, body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openCode(b []byte) string {
	_, _, err := open(bytes.NewReader(b))
	return explain.CodeOf(err)
}

const (
	atVersion  = 8
	atKind     = 10
	atFrom     = 11
	atHeight   = 19
	atChainLen = 27
	atBodyLen  = atChainLen + 4 + len(testNet)
	atFrameLen = atBodyLen + 8
	atFrame    = atFrameLen + 8
)

func TestFrame(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{300, 1000, 1 << 17, 1<<20 + 17, 9 << 20} {
		body := make([]byte, n)
		for i := range body {
			body[i] = byte(r.IntN(3))
		}
		h, got, err := open(bytes.NewReader(sealed(t, body)))
		if err != nil || !bytes.Equal(got, body) || h != (head{delta, 3, 9, testNet}) {
			t.Fatalf("%d bytes: %+v %v", n, h, err)
		}
	}
}

func TestFrameTruncatedAtEveryByte(t *testing.T) {
	b := sealed(t, bytes.Repeat([]byte("body "), 80))
	for i := range b {
		if code := openCode(b[:i]); code != "pack_truncated" {
			t.Errorf("cut to %d of %d bytes: %s", i, len(b), code)
		}
	}
	if code := openCode(append(bytes.Clone(b), 0)); code != "pack_trailing" {
		t.Errorf("a byte more: %s", code)
	}
	if code := openCode(append(bytes.Clone(b), b...)); code != "pack_trailing" {
		t.Errorf("twice: %s", code)
	}
}

func TestFrameRefused(t *testing.T) {
	good := sealed(t, bytes.Repeat([]byte("body "), 80))
	put := func(at int, v ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], v)
		return reseal(b)
	}
	u64 := func(v uint64) []byte { return binary.BigEndian.AppendUint64(nil, v) }
	for _, x := range []struct {
		name, code string
		b          []byte
	}{
		{"text", "pack_malformed", []byte("this is no pack at all")},
		{"one letter", "pack_malformed", []byte("x")},
		{"text mode copy", "pack_malformed", bytes.Replace(good, []byte("\r\n"), []byte("\n"), 1)},
		{"version", "pack_version", put(atVersion, 0, 2)},
		{"kind 0", "pack_malformed", put(atKind, 0)},
		{"kind 3", "pack_malformed", put(atKind, 3)},
		{"whole from 3", "pack_malformed", put(atKind, byte(whole))},
		{"delta from 0", "pack_malformed", put(atFrom, u64(0)...)},
		{"from above height", "pack_malformed", put(atFrom, u64(10)...)},
		{"chain id", "pack_malformed", put(atChainLen, 0, 0, 0, 33)},
		{"chain id huge", "pack_malformed", put(atChainLen, 255, 255, 255, 255)},
		{"body length", "pack_malformed", put(atBodyLen, u64(401)...)},
		{"body huge", "pack_too_large", put(atBodyLen, u64(MaxExpanded+1)...)},
		{"body impossible", "pack_too_large", put(atBodyLen, u64(1<<63)...)},
		{"frame length", "pack_trailing", put(atFrameLen, u64(3)...)},
		{"frame longer", "pack_truncated", put(atFrameLen, u64(1<<20)...)},
		{"frame impossible", "pack_too_large", put(atFrameLen, u64(1<<63)...)},
		{"zstd magic", "pack_malformed", put(atFrame, 0)},
		{"skippable frame", "pack_malformed", put(atFrame, 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0)},
	} {
		if code := openCode(x.b); code != x.code {
			t.Errorf("%s: got %q, want %s", x.name, code, x.code)
		}
	}
	for i := range good {
		b := bytes.Clone(good)
		b[i] ^= 0x10
		if openCode(b) == "" {
			t.Errorf("flipped byte %d: accepted", i)
		}
	}
	if _, _, err := open(io.MultiReader(bytes.NewReader(good[:50]), failing{})); explain.CodeOf(err) != "pack_truncated" {
		t.Errorf("a reader that fails: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestThreat49_Expansion: a small file that would become a large one is refused
// before room is made for it, whatever its head says.
func TestThreat49_Expansion(t *testing.T) {
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	bomb := enc.EncodeAll(make([]byte, 64<<20), nil)
	build := func(claim uint64, frame []byte) []byte {
		b := bytes.Clone(magic)
		b = binary.BigEndian.AppendUint16(b, version)
		b = append(b, byte(whole))
		b = binary.BigEndian.AppendUint64(b, 0)
		b = binary.BigEndian.AppendUint64(b, 9)
		b = binary.BigEndian.AppendUint32(b, uint32(len(testNet)))
		b = append(b, testNet...)
		b = binary.BigEndian.AppendUint64(b, claim)
		b = binary.BigEndian.AppendUint64(b, uint64(len(frame)))
		b = append(b, frame...)
		return reseal(append(b, make([]byte, sha256.Size)...))
	}
	small := enc.EncodeAll(make([]byte, 1000), nil)
	several := bytes.Repeat(enc.EncodeAll(make([]byte, 4<<20), nil), 50)
	for _, x := range []struct {
		name, code string
		b          []byte
	}{
		{"honest claim", "pack_too_large", build(64<<20, bomb)},
		{"lying claim", "pack_malformed", build(1000, bomb)},
		{"claims more than there is", "pack_malformed", build(100_000, small)},
		{"a bomb behind a small frame", "pack_malformed", build(1000, append(bytes.Clone(small), bomb...))},
		{"many frames", "pack_too_large", build(4<<20, append(enc.EncodeAll(make([]byte, 4<<20), nil), several...))},
		{"file too large", "pack_too_large", append(build(1000, small), make([]byte, MaxFile)...)},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		code := openCode(x.b)
		runtime.ReadMemStats(&after)
		if code != x.code && !(x.name == "a bomb behind a small frame" && code == "pack_too_large") {
			t.Errorf("%s: got %q, want %s", x.name, code, x.code)
		}
		// The last one must be read to be refused; the others must not grow.
		if grown := after.TotalAlloc - before.TotalAlloc; x.name != "file too large" && grown > 48<<20 {
			t.Errorf("%s: allocated %d MiB", x.name, grown>>20)
		}
	}
	if _, err := seal(head{kind: whole, height: 1, chainID: testNet}, make([]byte, MaxExpanded+1)); explain.CodeOf(err) != "pack_too_large" {
		t.Errorf("export: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(sealed(f, []byte("body")))
	f.Add(sealed(f, make([]byte, 70_000)))
	f.Add(magic)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, body, err := open(bytes.NewReader(reseal(append(b, make([]byte, sha256.Size)...))))
		if err != nil {
			if explain.CodeOf(err) == "" || body != nil {
				t.Fatalf("code or body: %v", err)
			}
			return
		}
		again, err := seal(h, body)
		if err != nil {
			t.Fatal(err)
		}
		if h2, body2, err := open(bytes.NewReader(again)); err != nil || h2 != h || !bytes.Equal(body2, body) {
			t.Fatalf("does not read back: %v", err)
		}
	})
}
