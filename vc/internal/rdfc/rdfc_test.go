package rdfc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"bonafide/internal/explain"
)

type manifestEntry struct {
	ID, Type, Name, Action, Result, HashAlgorithm string
}

func manifest(t testing.TB) []manifestEntry {
	t.Helper()
	var m struct{ Entries []manifestEntry }
	if err := json.Unmarshal(read(t, "manifest.jsonld"), &m); err != nil {
		t.Fatal(err)
	}
	return m.Entries
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "rdf-canon", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestW3C runs the whole W3C suite: evaluation, map and negative tests.
func TestW3C(t *testing.T) {
	ran := 0
	for _, e := range manifest(t) {
		ran++
		t.Run(e.ID, func(t *testing.T) {
			quads, labels, err := Parse(read(t, e.Action))
			if err != nil {
				t.Fatal(err)
			}
			var o Options
			switch e.HashAlgorithm {
			case "":
			case "SHA384":
				o.Hash = SHA384
			default:
				t.Fatalf("hash algorithm %s", e.HashAlgorithm)
			}
			out, issued, err := CanonicalizeLabels(quads, o)
			switch e.Type {
			case "rdfc:RDFC10EvalTest":
				if err != nil {
					t.Fatal(err)
				}
				if want := read(t, e.Result); !bytes.Equal(out, want) {
					t.Errorf("got\n%s\nwant\n%s", out, want)
				}
			case "rdfc:RDFC10MapTest":
				if err != nil {
					t.Fatal(err)
				}
				var want map[string]string
				if err := json.Unmarshal(read(t, e.Result), &want); err != nil {
					t.Fatal(err)
				}
				if len(want) != len(labels) {
					t.Errorf("%d blank nodes, want %d", len(labels), len(want))
				}
				for n, l := range labels {
					if got := "c14n" + strconv.Itoa(issued[n]); got != want[l] {
						t.Errorf("%s is %s, want %s", l, got, want[l])
					}
				}
			case "rdfc:RDFC10NegativeEvalTest":
				if explain.CodeOf(err) != "canonicalisation_budget" {
					t.Errorf("got %v, want canonicalisation_budget", err)
				}
			default:
				t.Fatalf("type %s", e.Type)
			}
		})
	}
	if ran != 86 {
		t.Errorf("ran %d tests, the suite has 86", ran)
	}
}

// clique returns the complete graph of n blank nodes.
func clique(n int) []Quad {
	var quads []Quad
	for i := range n {
		for j := range n {
			if i != j {
				quads = append(quads, Quad{S: Term{Kind: Blank, N: uint32(i)}, P: "urn:p", O: Term{Kind: Blank, N: uint32(j)}})
			}
		}
	}
	return quads
}

// Poison datasets end after a bounded amount of work, the same on every run
// and for every order of their quads.
func TestThreat29_DatasetPoisoning(t *testing.T) {
	for _, n := range []int{8, 9, 10, 40} {
		quads := clique(n)
		for range 2 {
			rand.New(rand.NewPCG(1, uint64(n))).Shuffle(len(quads), func(i, j int) { quads[i], quads[j] = quads[j], quads[i] })
			_, err := Canonicalize(quads, Options{})
			if explain.CodeOf(err) != "canonicalisation_budget" {
				t.Errorf("K%d: got %v, want canonicalisation_budget", n, err)
			}
		}
	}
	// A small clique is within the budget and has its answer.
	out, err := Canonicalize(clique(4), Options{})
	if err != nil || bytes.Count(out, []byte("\n")) != 12 {
		t.Errorf("K4: %s, %v", out, err)
	}
	// Many alike nodes around one that stands out are no problem; around two
	// that do not, they are.
	star := func(hubs int) (quads []Quad) {
		for i := range 20_000 {
			quads = append(quads, Quad{S: Term{Kind: Blank, N: uint32(i % hubs)}, P: "urn:p", O: Term{Kind: Blank, N: uint32(i + hubs)}})
		}
		return quads
	}
	if out, err := Canonicalize(star(1), Options{}); err != nil || bytes.Count(out, []byte("\n")) != 20_000 {
		t.Errorf("star: %v", err)
	}
	if _, err := Canonicalize(star(2), Options{}); explain.CodeOf(err) != "canonicalisation_budget" {
		t.Errorf("two stars: got %v, want canonicalisation_budget", err)
	}
}

// TestBudgetHeadroom keeps the distance that DefaultBudget's comment states:
// every graph of the suite that has an answer needs a small part of it.
func TestBudgetHeadroom(t *testing.T) {
	for _, e := range manifest(t) {
		if e.Type != "rdfc:RDFC10EvalTest" {
			continue
		}
		quads, _, err := Parse(read(t, e.Action))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Canonicalize(quads, Options{Budget: DefaultBudget / 40}); err != nil {
			t.Errorf("%s: %v", e.ID, err)
		}
	}
}

// The result does not depend on the order of the quads, on how the blank
// nodes are numbered, or on duplicates.
func TestOrderAndNumberingDoNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for _, e := range manifest(t) {
		if e.Type != "rdfc:RDFC10EvalTest" || e.HashAlgorithm != "" {
			continue
		}
		quads, labels, err := Parse(read(t, e.Action))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			perm := rng.Perm(len(labels))
			mixed := make([]Quad, 0, len(quads)+1)
			for _, q := range quads {
				for _, term := range []*Term{&q.S, &q.O, &q.G} {
					if term.Kind == Blank {
						term.N = uint32(perm[term.N])
					}
				}
				mixed = append(mixed, q)
			}
			if len(mixed) > 0 {
				mixed = append(mixed, mixed[rng.IntN(len(mixed))])
			}
			rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			out, err := Canonicalize(mixed, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if want := read(t, e.Result); !bytes.Equal(out, want) {
				t.Fatalf("%s: got\n%s\nwant\n%s", e.ID, out, want)
			}
		}
	}
}

// A digest of the longer algorithm left in pooled memory must not show in a
// later run of the shorter one.
func TestPoolBetweenAlgorithms(t *testing.T) {
	quads, _, err := Parse(read(t, "rdfc10/test020-in.nq"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := Canonicalize(quads, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if _, err := Canonicalize(quads, Options{Hash: SHA384}); err != nil {
			t.Fatal(err)
		}
		got, err := Canonicalize(quads, Options{})
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("got %s, %v", got, err)
		}
	}
}

func TestParse(t *testing.T) {
	good := map[string]string{
		"<a:s> <a:p> <a:o> .":                                           "<a:s> <a:p> <a:o> .\n",
		"<a:s><a:p><a:o><a:g>.#x":                                       "<a:s> <a:p> <a:o> <a:g> .\n",
		"\t_:x.y <a:p> _:x.y .\r\n":                                     "_:b0 <a:p> _:b0 .\n",
		"_:1 <a:p> \"\\u0041\\t\\u007f\".":                              "_:b0 <a:p> \"A\\t\\u007F\" .\n",
		"_:a<a:p>\"x\"@en-GB _:g.":                                      "_:b0 <a:p> \"x\"@en-GB _:b1 .\n",
		"<a:s> <a:p> \"\"^^<http://www.w3.org/2001/XMLSchema#string> .": "<a:s> <a:p> \"\" .\n",
		"<a:\\u00e9> <a:p> \"\\U0001F600\uFFFE\uFFFD\" .":               "<a:é> <a:p> \"😀\\uFFFE\uFFFD\" .\n",
		"# nothing\n\n":                                                 "",
	}
	for in, want := range good {
		quads, _, err := Parse([]byte(in))
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		var got []byte
		for _, q := range quads {
			got = AppendQuad(got, q)
		}
		if string(got) != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	bad := []string{
		"<s> <a:p> <a:o> .", "<a:s> <a:p> .", "<a:s> <a:p> <a:o>", "<a:s> _:p <a:o> .",
		"\"s\" <a:p> <a:o> .", "<a:s> <a:p> \"x\n\" .", "<a:s> <a:p> \"\\q\" .", "<a:s> <a:p> \"\\uD800\" .",
		"<a:s> <a:p> \"\\U00110000\" .", "<a:s> <a:p> \"x\"@ .", "<a:s> <a:p> \"x\"@e- .", "<a:s> <a:p> \"x\"@1 .",
		"<a:s> <a:p> \"x\"^^_:d .", "<a:s> <a:p> \"x\"^^<d> .", "<a:s> <a:p> <a:o> \"g\" .", "<a:s> <a:p> <a:o> . <a:s>",
		"_: <a:p> <a:o> .", "_:-a <a:p> <a:o> .", "_:.a <a:p> <a:o> .", "<a:s s> <a:p> <a:o> .", "<a:\\u0020> <a:p> <a:o> .", "<a:\\u003e> <a:p> <a:o> .",
		"<a:s", "<a:s> <a:p> \"", "_", "<a:s> <a:p> \"\\", "<a:s> <a:p> \"\\u12", "\xff", "\x00", "<a:s> <a:p> <a:o> .\x00",
	}
	for _, in := range bad {
		if q, l, err := Parse([]byte(in)); explain.CodeOf(err) != "nquads_malformed" || q != nil || l != nil {
			t.Errorf("%q: got %v, %v, %v", in, q, l, err)
		}
	}
}

// FuzzParse: what is accepted says the same after being written and read
// again; what is refused leaves nothing behind.
func FuzzParse(f *testing.F) {
	for _, e := range manifest(f)[:70] {
		f.Add(read(f, e.Action))
	}
	f.Add([]byte("<a:s> <a:p> \"\\uFFFF\\b\"@en <a:g> . # c\r_:a <a:p> _:a."))
	f.Fuzz(func(t *testing.T, doc []byte) {
		quads, labels, err := Parse(doc)
		if err != nil {
			if quads != nil || labels != nil {
				t.Fatal("a refused document left something behind")
			}
			return
		}
		write := func(quads []Quad) (out []byte) {
			for _, q := range quads {
				out = AppendQuad(out, q)
			}
			return out
		}
		first := write(quads)
		again, labels2, err := Parse(first)
		if err != nil {
			t.Fatalf("own output refused: %v\n%s", err, first)
		}
		if len(labels) != len(labels2) || !bytes.Equal(first, write(again)) {
			t.Fatalf("changed by writing and reading:\n%s", first)
		}
		out, err := Canonicalize(quads, Options{Budget: 10_000})
		if err != nil {
			return
		}
		canonical, _, err := Parse(out)
		if err != nil {
			t.Fatalf("canonical form refused: %v\n%s", err, out)
		}
		twice, err := Canonicalize(canonical, Options{Budget: 100_000})
		if err != nil || !bytes.Equal(out, twice) {
			t.Fatalf("canonical form of the canonical form differs: %v", err)
		}
	})
}

func BenchmarkCanonicalize(b *testing.B) {
	var doc strings.Builder
	for i := range 6 {
		for j := range 7 {
			fmt.Fprintf(&doc, "_:n%d <https://vocab.example/a/property%d> \"value %d %d\" .\n", i, j, i, j)
		}
		fmt.Fprintf(&doc, "<urn:x> <https://vocab.example/has%d> _:n%d .\n", i, i)
	}
	quads, _, err := Parse([]byte(doc.String()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Canonicalize(quads, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
