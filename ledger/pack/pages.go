package pack

// Status pages in a whole pack. Nearly every licence is in order, so a page is
// the gaps between the indexes that are not 0 and their values, each in a
// column of its own: zstd's entropy coder then comes close to what the page
// really says. A page where that does not pay is carried as it is.

import (
	"errors"
	"slices"

	"bonafide/ledger"
)

const (
	pageSparse = 0
	pageRaw    = 1
)

var errPage = errors.New("status page not in its one form")

// putPage writes one page of ledger.PageBytes, nil if it is all 0: mode u8 and, for a sparse page,
// the number of values that are not 0 into main; a varint gap for each (values
// 0 since the one before) into gaps; each value as a byte into values.
func (w *columns) putPage(page []byte) {
	var gaps, values []byte
	gap := uint64(0)
	for _, b := range page {
		for _, v := range [2]byte{b >> 4, b & 15} {
			if v == 0 {
				gap++
				continue
			}
			gaps = appendVarint(gaps, gap)
			values = append(values, v)
			gap = 0
		}
	}
	if len(page) > 0 && len(gaps)+len(values) >= len(page) {
		w[colMain] = append(w[colMain], pageRaw)
		w[colValues] = append(w[colValues], page...)
		return
	}
	w[colMain] = appendVarint(append(w[colMain], pageSparse), uint64(len(values)))
	w[colGaps] = append(w[colGaps], gaps...)
	w[colValues] = append(w[colValues], values...)
}

// page reads what putPage wrote. A page that is all 0 comes back as nil.
func (r *reader) page() ([]byte, error) {
	var page []byte
	switch mode := r[colMain].u8(); mode {
	case pageRaw:
		page = slices.Clone(r[colValues].take(ledger.PageBytes))
	case pageSparse:
		n := r[colMain].varint()
		if n > uint64(r[colValues].left()) {
			return nil, errPage
		}
		if n > 0 {
			page = make([]byte, ledger.PageBytes)
		}
		at := uint64(0)
		for range n {
			gap := r[colGaps].varint()
			v := r[colValues].u8()
			if gap >= ledger.PageIndexes || at+gap >= ledger.PageIndexes || v == 0 || v > 15 {
				return nil, errPage
			}
			at += gap
			if at%2 == 0 {
				v <<= 4
			}
			page[at/2] |= v
			at++
		}
	default:
		return nil, errPage
	}
	return page, r.err()
}
