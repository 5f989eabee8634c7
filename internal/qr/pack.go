package qr

import (
	"bytes"
	"compress/flate"
	_ "embed"
	"io"

	"bonafide/internal/explain"
)

// dictionary has what the files of this product say again and again, so that a
// licence takes two or three frames and not six. It is part of the format and
// never changes: another one has another first byte.
//
//go:embed dictionary1
var dictionary []byte

// First bytes of what the frames carry.
const (
	plainly  = 0 // the content follows
	deflated = 1 // the content follows as DEFLATE (RFC 1951) with dictionary1
)

// squeeze writes content in the shorter of the two ways.
func squeeze(content []byte) []byte {
	var b bytes.Buffer
	b.WriteByte(deflated)
	w, err := flate.NewWriterDict(&b, flate.BestCompression, dictionary)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil || b.Len() > len(content) {
		return append([]byte{plainly}, content...)
	}
	return b.Bytes()
}

// expand reads what squeeze wrote, never more than MaxFramed bytes of it.
func expand(b []byte) ([]byte, error) {
	if len(b) < 2 {
		return nil, explain.Errorf("frames_damaged", "empty")
	}
	switch b[0] {
	case plainly:
		return b[1:], nil
	case deflated:
		from := bytes.NewReader(b[1:])
		out, err := io.ReadAll(io.LimitReader(flate.NewReaderDict(from, dictionary), MaxFramed+1))
		switch {
		case err != nil:
			return nil, explain.Errorf("frames_damaged", "%w", err)
		case len(out) == 0, len(out) > MaxFramed:
			return nil, explain.Errorf("frames_damaged", "it would expand to more than a sequence holds, or to nothing")
		case from.Len() > 0:
			return nil, explain.Errorf("frames_damaged", "something follows")
		}
		return out, nil
	}
	return nil, explain.Errorf("frames_damaged", "a way of writing that is not known")
}
