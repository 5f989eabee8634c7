package qr

// Frames: what is too long for one code that a camera reads goes into a sequence
// of codes. docs/qr-frames.md fixes every byte.

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"slices"

	"github.com/klauspost/reedsolomon"

	"bonafide/internal/explain"
)

const (
	// MaxFramed is the longest content of a sequence, in bytes.
	MaxFramed   = 32 << 10
	maxSqueezed = MaxFramed + 1

	framePrefix = "BF1/"
	frameID     = 16                      // bytes of the content's digest that name the sequence
	frameHead   = frameID + 2 + 1 + 1 + 1 // then length, data frames, parity frames, place
	// shardMax is what fits beside the head into a code of version 13 at level M
	// in alphanumeric mode, which holds 483 characters (ISO/IEC 18004, table 7).
	shardMax  = (483-len(framePrefix))*5/8 - frameHead
	frameMax  = frameHead + shardMax
	openAtOne = 4 // sequences that a Collector follows side by side
)

var frameText = base32.StdEncoding.WithPadding(base32.NoPadding)

// framesDomain keeps the digest apart from every other one.
const framesDomain = "bonafide qr frames v1\x00"

func framesID(content []byte) [frameID]byte {
	sum := sha256.Sum256(append([]byte(framesDomain), content...))
	return [frameID]byte(sum[:frameID])
}

// split says how many frames a length takes: of three of them any two suffice,
// and one alone needs no other.
func split(length int) (data, parity int) {
	data = (length + shardMax - 1) / shardMax
	if data == 1 {
		return 1, 0
	}
	return data, (data + 1) / 2
}

// Frames splits content into the texts of a sequence of codes, each of version
// 13 or below; what this product writes is squeezed to half or a third of its
// length before. Any of them may be missed as long as two of three are read: half
// as many as the content needs are parity. The sequence is named after the
// digest of what it carries, so frames of two sequences never join.
//
// Error: qr_too_long for content above MaxFramed or empty.
func Frames(content []byte) ([][]byte, error) {
	if len(content) == 0 || len(content) > MaxFramed {
		return nil, explain.Errorf("qr_too_long", "%d bytes", len(content))
	}
	content = squeeze(content)
	data, parity := split(len(content))
	shard := (len(content) + data - 1) / data
	shards := make([][]byte, data+parity)
	padded := make([]byte, data*shard)
	copy(padded, content)
	for i := range data {
		shards[i] = padded[i*shard : (i+1)*shard]
	}
	for i := data; i < len(shards); i++ {
		shards[i] = make([]byte, shard)
	}
	code, err := reedsolomon.New(data, parity)
	if err == nil {
		err = code.Encode(shards)
	}
	if err != nil {
		return nil, explain.Errorf("internal_error", "parity: %w", err)
	}
	id := framesID(content)
	out := make([][]byte, len(shards))
	for i, s := range shards {
		b := append(id[:], binary.BigEndian.AppendUint16(nil, uint16(len(content)))...)
		b = append(append(b, byte(data), byte(parity), byte(i)), s...)
		out[i] = []byte(framePrefix + frameText.EncodeToString(b))
	}
	return out, nil
}

// asItIs is the longest content that stands in one code as it is, in bytes: it
// is one of version 13 or below, and any reader can say what it holds.
const asItIs = 331

// Codes gives the texts of the codes that carry content to a camera: one that
// holds it as it is where it is short, else the frames of a sequence.
func Codes(content []byte) ([][]byte, error) {
	if len(content) > 0 && len(content) <= asItIs && !IsFrame(content) {
		return [][]byte{content}, nil
	}
	return Frames(content)
}

// Join gives what the codes of several pictures hold: those that are no frames
// as they are, and the contents of the sequences that are there. Error
// frames_missing says that a sequence began and is not all there; what came is
// given all the same.
func Join(codes [][]byte) ([][]byte, error) {
	var out [][]byte
	var c Collector
	var failed error
	for _, code := range codes {
		if !IsFrame(code) {
			out = append(out, code)
			continue
		}
		p, err := c.Add(code)
		if err != nil {
			failed = err
		}
		if p.Content != nil {
			out = append(out, p.Content)
		}
	}
	if failed == nil && len(c.open) > 0 {
		failed = explain.Errorf("frames_missing", "%d of %d", c.open[0].have, c.open[0].data)
	}
	return out, failed
}

// IsFrame reports whether a code's text says that it is one of a sequence.
func IsFrame(code []byte) bool { return bytes.HasPrefix(code, []byte(framePrefix)) }

// sequence is one whose frames come in.
type sequence struct {
	id           [frameID]byte
	length       int
	data, parity int
	shards       [][]byte
	have         int
}

// Collector puts sequences together as their frames are read, in any order and
// as often as a camera sees them. The zero value is ready. It follows a few
// sequences side by side and never joins them; of more, the one that began
// first is dropped.
type Collector struct {
	open []*sequence
	done [][frameID]byte // finished: their frames are still before the camera
}

// Progress is how far the sequence is whose frame was read last.
type Progress struct {
	Have, Need int    // different frames read, frames needed
	Of         int    // frames that the sequence is shown as
	Missing    []int  // numbers of those that were not read, from 1; any Need − Have of them suffice
	Content    []byte // the whole, once it is there
}

// Add takes the text of a code. Errors: frame_malformed, frames_mixed (it says
// that it belongs to a sequence, but not as the others of that do),
// frames_damaged (all are there and do not give what they were named after; the
// sequence begins anew). A frame of a sequence that is finished is no error.
func (c *Collector) Add(code []byte) (Progress, error) {
	f, err := parseFrame(code)
	if err != nil {
		return Progress{}, err
	}
	if slices.Contains(c.done, f.id) {
		return Progress{Have: f.data, Need: f.data, Of: f.data + f.parity}, nil
	}
	i := slices.IndexFunc(c.open, func(s *sequence) bool { return s.id == f.id })
	if i < 0 {
		if len(c.open) == openAtOne {
			c.open = slices.Delete(c.open, 0, 1)
		}
		i = len(c.open)
		c.open = append(c.open, &sequence{id: f.id, length: f.length, data: f.data, parity: f.parity, shards: make([][]byte, f.data+f.parity)})
	}
	s := c.open[i]
	if s.length != f.length || s.data != f.data || s.parity != f.parity || s.shards[f.place] != nil && !bytes.Equal(s.shards[f.place], f.shard) {
		return s.progress(), explain.Errorf("frames_mixed", "a frame that contradicts another")
	}
	if s.shards[f.place] == nil {
		s.shards[f.place] = f.shard
		s.have++
	}
	p := s.progress()
	if s.have < s.data {
		return p, nil
	}
	c.open = slices.Delete(c.open, i, i+1)
	content, err := s.join()
	if err != nil {
		return Progress{}, err
	}
	c.done = append(c.done, s.id)
	if len(c.done) > openAtOne {
		c.done = c.done[1:]
	}
	p.Content = content
	return p, nil
}

// Again forgets which sequences are finished, so that one may be read once more.
func (c *Collector) Again() { c.done = nil }

// Open is how far the sequences are that began and are not all there, the one
// that began first in front.
func (c *Collector) Open() []Progress {
	var out []Progress
	for _, s := range c.open {
		out = append(out, s.progress())
	}
	return out
}

func (s *sequence) progress() Progress {
	p := Progress{Have: s.have, Need: s.data, Of: len(s.shards)}
	for i, part := range s.shards {
		if part == nil {
			p.Missing = append(p.Missing, i+1)
		}
	}
	return p
}

func (s *sequence) join() ([]byte, error) {
	code, err := reedsolomon.New(s.data, s.parity)
	if err == nil {
		err = code.ReconstructData(s.shards)
	}
	if err != nil {
		return nil, explain.Errorf("frames_damaged", "%w", err)
	}
	squeezed := bytes.Join(s.shards[:s.data], nil)[:s.length]
	if framesID(squeezed) != s.id {
		return nil, explain.Errorf("frames_damaged", "another digest")
	}
	return expand(squeezed)
}

type frame struct {
	id                          [frameID]byte
	length, data, parity, place int
	shard                       []byte
}

// parseFrame reads a frame that could have been written by Frames: each length
// has one way to be split.
func parseFrame(code []byte) (frame, error) {
	malformed := func(why string) (frame, error) { return frame{}, explain.Errorf("frame_malformed", "%s", why) }
	if !IsFrame(code) || len(code) > len(framePrefix)+frameText.EncodedLen(frameMax) {
		return malformed("prefix or length")
	}
	text := code[len(framePrefix):]
	b := make([]byte, frameText.DecodedLen(len(text)))
	n, err := frameText.Decode(b, text)
	if err != nil || n <= frameHead || !bytes.Equal(frameText.AppendEncode(nil, b[:n]), text) {
		return malformed("text")
	}
	b = b[:n]
	f := frame{
		id: [frameID]byte(b), length: int(binary.BigEndian.Uint16(b[frameID:])),
		data: int(b[frameID+2]), parity: int(b[frameID+3]), place: int(b[frameID+4]), shard: b[frameHead:],
	}
	data, parity := split(f.length)
	switch {
	case f.data != data || f.parity != parity:
		return malformed("shape")
	case f.length == 0 || f.length > maxSqueezed || f.place >= f.data+f.parity:
		return malformed("numbers")
	case len(f.shard) != (f.length+f.data-1)/f.data:
		return malformed("part")
	}
	return f, nil
}
