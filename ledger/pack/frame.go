package pack

// The container: a fixed head, one zstd frame, a checksum. Every length is
// compared with a bound and with the bytes really there before it is used.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"bonafide/internal/explain"

	"github.com/klauspost/compress/zstd"
)

// Bounds of a pack. A nation's data is a few megabytes, so these leave room for
// growth and still fit a phone.
const (
	MaxFile     = 64 << 20  // bytes of the file
	MaxExpanded = 128 << 20 // bytes of the body
	maxRatio    = 256       // the body is at most slack + maxRatio times what it was compressed to
	slack       = 1 << 20
	maxChainID  = 32
	maxWindow   = 8 << 20 // zstd window
	minBody     = 256     // a light block alone is more; below it, a zstd frame need not say its size
)

const version = 1

// magic opens a pack. Like PNG's it holds a byte above 127, both line ends and
// an end-of-file mark, so that a copy in text mode is noticed at once.
var magic = []byte("\x89BFP\r\n\x1a\n")

type kind uint8

const (
	whole kind = 1
	delta kind = 2
)

// head is what stands before the body.
type head struct {
	kind    kind
	from    uint64 // delta: state height it starts from; whole: 0
	height  uint64 // state height it leads to
	chainID string
}

// encoder is made once, since it holds megabytes of tables. Its checksum is left
// out: the file has a better one.
var encoder = sync.OnceValues(func() (*columnEncoder, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression),
		zstd.WithWindowSize(maxWindow), zstd.WithEncoderCRC(false))
	return &columnEncoder{e: e}, err
})

type columnEncoder struct {
	mu sync.Mutex
	e  *zstd.Encoder
}

// leastBlock is the size below which a column shares a block with the next one:
// a block's own tables cost tens of bytes.
const leastBlock = 256

// encode writes one frame in which columns begin blocks of their own, so that
// digests, which are noise, do not spoil the code that the rest is written in.
func (c *columnEncoder) encode(body []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out bytes.Buffer
	c.e.ResetContentSize(&out, int64(len(body)))
	begin := 0
	for _, end := range columnEnds(body) {
		if end-begin < leastBlock || len(body)-end < leastBlock {
			continue
		}
		if _, err := c.e.Write(body[begin:end]); err != nil {
			return nil, err
		}
		if err := c.e.Flush(); err != nil {
			return nil, err
		}
		begin = end
	}
	if _, err := c.e.Write(body[begin:]); err != nil {
		return nil, err
	}
	if err := c.e.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// seal writes the file: magic ‖ version u16 ‖ kind u8 ‖ from u64 ‖ height u64 ‖
// LP(chain id) ‖ body length u64 ‖ LP64(zstd frame) ‖ SHA-256 of all before.
func seal(h head, body []byte) ([]byte, error) {
	if len(body) > MaxExpanded {
		return nil, explain.Errorf("pack_too_large", "the body has %d bytes", len(body))
	}
	enc, err := encoder()
	if err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	frame, err := enc.encode(body)
	if err != nil {
		return nil, fmt.Errorf("compressing: %w", err)
	}
	b := bytes.Clone(magic)
	b = binary.BigEndian.AppendUint16(b, version)
	b = append(b, byte(h.kind))
	b = binary.BigEndian.AppendUint64(b, h.from)
	b = binary.BigEndian.AppendUint64(b, h.height)
	b = binary.BigEndian.AppendUint32(b, uint32(len(h.chainID)))
	b = append(b, h.chainID...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(body)))
	b = binary.BigEndian.AppendUint64(b, uint64(len(frame)))
	b = append(b, frame...)
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	if len(b) > MaxFile || !plausible(len(body), len(frame)) {
		return nil, explain.Errorf("pack_too_large", "%d bytes", len(b))
	}
	return b, nil
}

func plausible(body, frame int) bool { return body <= slack+maxRatio*frame }

// open reads a file back. The checksum tells damage from forgery for people; it
// proves nothing.
func open(r io.Reader) (head, []byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return head{}, nil, explain.Errorf("pack_truncated", "reading: %w", err)
	}
	if len(b) > MaxFile {
		return head{}, nil, explain.Errorf("pack_too_large", "more than %d bytes", MaxFile)
	}
	c := cursor{b: b}
	if m := c.take(len(magic)); c.short {
		if !bytes.HasPrefix(magic, b) {
			return head{}, nil, explain.Errorf("pack_malformed", "no trust pack")
		}
	} else if !bytes.Equal(m, magic) {
		return head{}, nil, explain.Errorf("pack_malformed", "no trust pack")
	}
	if v := c.u16(); !c.short && v != version {
		return head{}, nil, explain.Errorf("pack_version", "version %d", v)
	}
	h := head{kind: kind(c.u8()), from: c.u64(), height: c.u64()}
	n := c.u32()
	if !c.short && n > maxChainID {
		return head{}, nil, explain.Errorf("pack_malformed", "chain id of %d bytes", n)
	}
	h.chainID = string(c.take(int(n)))
	bodyLen, frameLen := c.u64(), c.u64()
	if c.short {
		return head{}, nil, explain.Errorf("pack_truncated", "the head ends early")
	}
	if h.kind != whole && h.kind != delta || (h.kind == whole) != (h.from == 0) || h.from > h.height {
		return head{}, nil, explain.Errorf("pack_malformed", "kind or heights")
	}
	if bodyLen < minBody {
		return head{}, nil, explain.Errorf("pack_malformed", "a body of %d bytes", bodyLen)
	}
	if bodyLen > MaxExpanded || frameLen > MaxFile || !plausible(int(bodyLen), int(frameLen)) {
		return head{}, nil, explain.Errorf("pack_too_large", "it would expand from %d to %d bytes", frameLen, bodyLen)
	}
	frame := c.take(int(frameLen))
	end := c.at
	sum := c.take(sha256.Size)
	if c.short {
		return head{}, nil, explain.Errorf("pack_truncated", "the file ends early")
	}
	if c.at != len(b) {
		return head{}, nil, explain.Errorf("pack_trailing", "%d bytes after the end", len(b)-c.at)
	}
	if got := sha256.Sum256(b[:end]); !bytes.Equal(got[:], sum) {
		return head{}, nil, explain.Errorf("pack_damaged", "checksum")
	}
	body, err := expand(frame, int(bodyLen))
	return h, body, err
}

// expand undoes one zstd frame that says itself that it holds n bytes.
func expand(frame []byte, n int) ([]byte, error) {
	var z zstd.Header
	if err := z.Decode(frame); err != nil {
		return nil, explain.Errorf("pack_malformed", "zstd: %w", err)
	}
	if z.Skippable || z.DictionaryID != 0 || z.WindowSize > maxWindow && !z.SingleSegment ||
		!z.HasFCS || z.FrameContentSize != uint64(n) {
		return nil, explain.Errorf("pack_malformed", "zstd: the frame disagrees with the head")
	}
	most := uint64(max(n, maxWindow))
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(most), zstd.WithDecoderMaxWindow(most))
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	body, err := dec.DecodeAll(frame, nil)
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return nil, explain.Errorf("pack_too_large", "zstd: %w", err)
	}
	if err != nil {
		return nil, explain.Errorf("pack_malformed", "zstd: %w", err)
	}
	if len(body) != n {
		return nil, explain.Errorf("pack_malformed", "the body has %d bytes, not %d", len(body), n)
	}
	return body, nil
}

// cursor reads big-endian fields; past the end it gives zeroes and remembers.
type cursor struct {
	b     []byte
	at    int
	short bool
}

func (c *cursor) left() int { return len(c.b) - c.at }

func (c *cursor) take(n int) []byte {
	if n < 0 || n > c.left() {
		c.short, c.at = true, len(c.b)
		return nil
	}
	c.at += n
	return c.b[c.at-n : c.at : c.at]
}

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// varint reads an unsigned LEB128 number in its shortest form.
func (c *cursor) varint() uint64 {
	v, n := binary.Uvarint(c.b[c.at:])
	if n <= 0 || n > 1 && c.b[c.at+n-1] == 0 {
		c.short, c.at = true, len(c.b)
		return 0
	}
	c.at += n
	return v
}

// count reads a varint that announces things of at least size bytes each; more
// than can still follow is refused before anybody makes room for them.
func (c *cursor) count(size int) int {
	v := c.varint()
	if v > uint64(c.left()/max(size, 1)) {
		c.short, c.at = true, len(c.b)
		return 0
	}
	return int(v)
}

// field reads varint length ‖ bytes.
func (c *cursor) field() []byte { return c.take(c.count(1)) }

func appendField(b, x []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(x))), x...)
}
