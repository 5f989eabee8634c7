// The part of RDFC-1.0 that labels blank nodes which their own statements do
// not tell apart (4.4.3 step 5, 4.7 and 4.8). Its cost can grow with the
// factorial of the number of such nodes, hence the budget.

package rdfc

import (
	"encoding/hex"
	"slices"
)

// issuer is a temporary identifier issuer (4.5) with the prefix "b". The
// label of a blank node is its place in order.
type issuer struct {
	order []uint32
	of    map[uint32]int
}

func newIssuer() *issuer { return &issuer{of: map[uint32]int{}} }

func (s *issuer) issue(b uint32) int {
	if n, ok := s.of[b]; ok {
		return n
	}
	n := len(s.order)
	s.of[b] = n
	s.order = append(s.order, b)
	return n
}

func (s *issuer) clone() *issuer {
	c := &issuer{order: slices.Clone(s.order), of: make(map[uint32]int, len(s.of)+1)}
	for i, b := range s.order {
		c.of[b] = i
	}
	return c
}

// ranked is the outcome of one hash n-degree run.
type ranked struct {
	hash digest
	iss  *issuer
}

// labelShared labels the blank nodes whose first-degree hash is shared, in the
// order of those hashes.
func (c *canon) labelShared() error {
	for i := 0; i < len(c.order); {
		j := c.alike(i)
		if j > i+1 {
			var paths []ranked
			for _, b := range c.order[i:j] {
				if c.issued[b] >= 0 {
					continue
				}
				temp := newIssuer()
				temp.issue(b)
				r, err := c.nDegree(b, temp)
				if err != nil {
					return err
				}
				paths = append(paths, r)
			}
			slices.SortStableFunc(paths, func(x, y ranked) int { return slices.Compare(x.hash[:], y.hash[:]) })
			for _, r := range paths {
				for _, b := range r.iss.order {
					c.issue(b)
				}
			}
		}
		i = j
	}
	return nil
}

// group is one entry of Hn: a related hash and the blank nodes that have it.
type group struct {
	hash   digest
	blanks []uint32
}

// nDegree is the hash n-degree quads algorithm (4.8.3).
func (c *canon) nDegree(b uint32, iss *issuer) (ranked, error) {
	groups, err := c.groups(b, iss)
	if err != nil {
		return ranked{}, err
	}
	var data []byte
	for _, g := range groups {
		data = c.appendHex(data, &g.hash)
		var chosen []byte
		var chosenIssuer *issuer
		perm := slices.Clone(g.blanks)
		slices.Sort(perm)
		for more := true; more; more = nextPermutation(perm) {
			if err := c.spend(1 + len(perm) + len(iss.order)); err != nil {
				return ranked{}, err
			}
			path, cp, ok, err := c.path(perm, iss, chosen)
			if err != nil {
				return ranked{}, err
			}
			if ok && (chosenIssuer == nil || less(path, chosen)) {
				chosen, chosenIssuer = path, cp
			}
		}
		data = append(data, chosen...)
		iss = chosenIssuer
	}
	var r ranked
	c.sum(&r.hash, data)
	r.iss = iss
	return r, nil
}

// path walks one permutation (4.8.3, steps 5.4.1 to 5.4.5). ok is false where
// it was left because it cannot be smaller than the chosen path.
func (c *canon) path(perm []uint32, iss *issuer, chosen []byte) (path []byte, cp *issuer, ok bool, err error) {
	cp = iss.clone()
	var recurse []uint32
	for _, rel := range perm {
		if c.issued[rel] >= 0 {
			path = c.canonicalLabel(path, rel)
		} else {
			n, known := cp.of[rel]
			if !known {
				recurse = append(recurse, rel)
				n = cp.issue(rel)
			}
			path = appendTemporary(path, n)
		}
		if beyond(path, chosen) {
			return nil, nil, false, nil
		}
	}
	for _, rel := range recurse {
		r, err := c.nDegree(rel, cp)
		if err != nil {
			return nil, nil, false, err
		}
		path = appendTemporary(path, cp.issue(rel))
		path = append(path, '<')
		path = c.appendHex(path, &r.hash)
		path = append(path, '>')
		cp = r.iss
		if beyond(path, chosen) {
			return nil, nil, false, nil
		}
	}
	return path, cp, true, nil
}

// beyond says that a path under construction is no longer worth following.
func beyond(path, chosen []byte) bool {
	return len(chosen) > 0 && len(path) >= len(chosen) && less(chosen, path)
}

func less(x, y []byte) bool { return slices.Compare(x, y) < 0 }

// groups is Hn (4.8.3, steps 1 to 3): the blank nodes related to b, by related
// hash, sorted by hash.
func (c *canon) groups(b uint32, iss *issuer) ([]group, error) {
	var out []group
	for _, id := range c.quadsOf(b) {
		if c.dead[id] {
			continue
		}
		if err := c.spend(1); err != nil {
			return nil, err
		}
		q := &c.quads[id]
		for _, p := range [...]struct {
			position byte
			term     *Term
		}{{'s', &q.S}, {'o', &q.O}, {'g', &q.G}} {
			if p.term.Kind != Blank || p.term.N == b {
				continue
			}
			var h digest
			c.relatedHash(&h, p.term.N, q.P, iss, p.position)
			// groups stay sorted, so that a node with many relatives does
			// not make this quadratic
			at, found := slices.BinarySearchFunc(out, h, func(g group, h digest) int { return slices.Compare(g.hash[:], h[:]) })
			if !found {
				out = slices.Insert(out, at, group{hash: h})
			}
			out[at].blanks = append(out[at].blanks, p.term.N)
		}
	}
	return out, nil
}

// relatedHash is the hash related blank node algorithm (4.7.3).
func (c *canon) relatedHash(h *digest, rel uint32, predicate string, iss *issuer, position byte) {
	in := append(c.related[:0], position)
	if position != 'g' {
		in = append(in, '<')
		in = append(in, predicate...)
		in = append(in, '>')
	}
	if c.issued[rel] >= 0 {
		in = c.canonicalLabel(in, rel)
	} else if n, ok := iss.of[rel]; ok {
		in = appendTemporary(in, n)
	} else {
		in = c.appendHex(in, &c.first[rel])
	}
	c.sum(h, in)
	c.related = in
}

func (c *canon) appendHex(dst []byte, d *digest) []byte {
	return hex.AppendEncode(dst, d[:c.size()])
}

func appendTemporary(dst []byte, n int) []byte {
	return appendNumber(append(dst, "_:b"...), uint32(n))
}

// nextPermutation puts p into the next permutation in lexicographic order, and
// says false after the last. Equal elements are not told apart, so each
// different arrangement comes once.
func nextPermutation(p []uint32) bool {
	i := len(p) - 2
	for i >= 0 && p[i] >= p[i+1] {
		i--
	}
	if i < 0 {
		return false
	}
	j := len(p) - 1
	for p[j] <= p[i] {
		j--
	}
	p[i], p[j] = p[j], p[i]
	slices.Reverse(p[i+1:])
	return true
}
