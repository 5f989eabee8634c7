package pack

// The body of a pack is a handful of columns, so that what is alike lies
// together for the compressor: each column is a length and its bytes, and a
// reader takes from all of them in step.

import (
	"encoding/binary"
	"errors"
)

const (
	colMain    = iota // light blocks, names, counts, documents
	colGaps           // gaps in sparse status pages
	colValues         // status values
	colHeights        // differences of heights
	colTimes          // differences of times
	colCounts         // batches of epochs
	colRare           // differences that are nearly always the same
	colIndexes        // status indexes
	colHashes         // digests, which do not compress
	numColumns
)

type columns [numColumns][]byte

// bytes joins the columns: for each, length u64 ‖ bytes.
func (w *columns) bytes() []byte {
	n := 0
	for _, c := range w {
		n += 8 + len(c)
	}
	out := make([]byte, 0, n)
	for _, c := range w {
		out = binary.BigEndian.AppendUint64(out, uint64(len(c)))
		out = append(out, c...)
	}
	return out
}

// columnEnds says where the columns of a body end.
func columnEnds(body []byte) (ends []int) {
	all := cursor{b: body}
	for range numColumns {
		n := all.u64()
		if n > uint64(all.left()) {
			break
		}
		all.take(int(n))
		ends = append(ends, all.at)
	}
	return ends
}

type reader [numColumns]cursor

var errBody = errors.New("the body does not follow the format")

func split(body []byte) (*reader, error) {
	all := cursor{b: body}
	var r reader
	for i := range r {
		n := all.u64()
		if n > uint64(all.left()) {
			return nil, errBody
		}
		r[i].b = all.take(int(n))
	}
	if all.short || all.left() != 0 {
		return nil, errBody
	}
	return &r, nil
}

// err says whether anything was read past the end of a column.
func (r *reader) err() error {
	for i := range r {
		if r[i].short {
			return errBody
		}
	}
	return nil
}

// end demands that every column was read to its end.
func (r *reader) end() error {
	for i := range r {
		if r[i].short || r[i].left() != 0 {
			return errBody
		}
	}
	return nil
}

func appendVarint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }
