package pack

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"bonafide/ledger"
)

// registerPage is a page as a board's register makes it: share of its indexes
// not 0, their values skewed as statuses are.
func registerPage(r *rand.Rand, share float64) []byte {
	values := []byte{8, 8, 8, 8, 8, 8, 12, 12, 12, 10, 10, 11, 11, 1, 6, 4, 13, 7, 2, 5}
	page := make([]byte, ledger.PageBytes)
	for i := range ledger.PageIndexes {
		if r.Float64() < share {
			v := values[r.IntN(len(values))]
			if i%2 == 0 {
				v <<= 4
			}
			page[i/2] |= v
		}
	}
	return page
}

// entropy is the zero-order entropy of the nibbles, in bytes.
func entropy(pages [][]byte) float64 {
	var n [16]float64
	total := 0.0
	for _, p := range pages {
		for _, b := range p {
			n[b>>4]++
			n[b&15]++
			total += 2
		}
	}
	bits := 0.0
	for _, c := range n {
		if c > 0 {
			bits -= c * math.Log2(c/total)
		}
	}
	return bits / 8
}

func TestPagesRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	full := bytes.Repeat([]byte{0xff}, ledger.PageBytes)
	first, last := make([]byte, ledger.PageBytes), make([]byte, ledger.PageBytes)
	first[0], last[ledger.PageBytes-1] = 0x10, 0x0f
	pages := [][]byte{make([]byte, ledger.PageBytes), first, last, full}
	for _, share := range []float64{0.0001, 0.03, 0.3, 0.9} {
		pages = append(pages, registerPage(r, share))
	}
	var w columns
	for _, p := range pages {
		w.putPage(p)
	}
	rd, err := split(w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range pages {
		got, err := rd.page()
		if i == 0 {
			p = nil // all 0
		}
		if err != nil || !bytes.Equal(got, p) {
			t.Fatalf("page %d: %v", i, err)
		}
	}
	if err := rd.end(); err != nil {
		t.Fatal(err)
	}
}

// A page that is 97 % in order must cost little more than what it says.
func TestPagesSize(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var pages [][]byte
	var w columns
	for range 16 {
		p := registerPage(r, 0.03)
		pages = append(pages, p)
		w.putPage(p)
	}
	file, err := seal(head{kind: whole, height: 1, chainID: "x"}, w.bytes())
	if err != nil {
		t.Fatal(err)
	}
	least := entropy(pages)
	t.Logf("%d pages: %d bytes, entropy %.0f, ratio %.3f", len(pages), len(file), least, float64(len(file))/least)
	if float64(len(file)) > 1.25*least {
		t.Errorf("%d bytes for an entropy of %.0f", len(file), least)
	}
}

func TestPagesMalformed(t *testing.T) {
	for name, w := range map[string]columns{
		"mode":          {colMain: {7}},
		"no mode":       {},
		"raw too short": {colMain: {pageRaw}, colValues: make([]byte, 100)},
		"count":         {colMain: {pageSparse, 0xff, 0xff, 3}, colValues: {1}},
		"gap":           {colMain: {pageSparse, 1}, colGaps: appendVarint(nil, ledger.PageIndexes), colValues: {1}},
		"gap overflow":  {colMain: {pageSparse, 1}, colGaps: appendVarint(nil, math.MaxUint64), colValues: {1}},
		"zero":          {colMain: {pageSparse, 1}, colGaps: {0}, colValues: {0}},
		"seventeen":     {colMain: {pageSparse, 1}, colGaps: {0}, colValues: {16}},
		"no gap":        {colMain: {pageSparse, 1}, colValues: {1}},
		"long varint":   {colMain: {pageSparse, 1}, colGaps: {0x80, 0}, colValues: {1}},
	} {
		r, err := split(w.bytes())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.page(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
