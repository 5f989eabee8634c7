package vc

// Integrity of related resources (VCDM 2.0, section 5.3).

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"math/big"
	"strings"

	"bonafide/assets"
	"bonafide/internal/explain"
)

// checkRelated checks the shape of `relatedResource`, that no resource is named
// twice, and the digests of those resources that this program holds: the
// pinned contexts. Nothing is fetched, so the others are not judged.
func checkRelated(doc map[string]any) error {
	v, ok := doc["relatedResource"]
	if !ok {
		return nil
	}
	bad := func(detail string) error { return explain.Errorf("related_resource_invalid", "%s", detail) }
	nodes, ok := objects(v)
	if !ok {
		return bad("relatedResource holds something other than objects")
	}
	seen := make(map[string]bool, len(nodes))
	for _, n := range nodes {
		id, _ := n["id"].(string)
		if !absoluteURL(id) {
			return bad("the id of a related resource is not a single URL")
		}
		if seen[id] {
			return bad("a related resource is named twice")
		}
		seen[id] = true
		if m, ok := n["mediaType"]; ok {
			if s, _ := m.(string); !mediaType(s) {
				return bad("mediaType of a related resource is none")
			}
		}
		sri, ok1 := n["digestSRI"]
		multi, ok2 := n["digestMultibase"]
		if !ok1 && !ok2 {
			return bad("a related resource without a digest")
		}
		var content []byte
		held := assets.HasContext(id)
		if held {
			var err error
			if content, err = assets.Context(id); err != nil {
				return err
			}
		}
		for _, d := range []struct {
			value   any
			present bool
			read    func(string) ([]digest, bool)
		}{{sri, ok1, readSRI}, {multi, ok2, readMultibase}} {
			if !d.present {
				continue
			}
			list, ok := stringOrStrings(d.value)
			if !ok {
				return bad("a digest of a related resource is neither a string nor several")
			}
			for _, s := range list {
				digests, ok := d.read(s)
				if !ok {
					return bad("a digest of a related resource is malformed")
				}
				for _, h := range digests {
					if held && !bytes.Equal(h.of(content), h.sum) {
						return explain.Errorf("related_resource_digest", "a digest is not that of the resource")
					}
				}
			}
		}
	}
	return nil
}

// digest is a hash value and the function that made it.
type digest struct {
	of  func([]byte) []byte
	sum []byte
}

func sum256(b []byte) []byte { h := sha256.Sum256(b); return h[:] }
func sum384(b []byte) []byte { h := sha512.Sum384(b); return h[:] }
func sum512(b []byte) []byte { h := sha512.Sum512(b); return h[:] }

// readSRI reads hash expressions (Subresource Integrity, section 3.5):
// `sha384-` and base64, several of them with spaces between; options after `?`
// mean nothing.
func readSRI(s string) ([]digest, bool) {
	var out []digest
	for _, e := range strings.Fields(s) {
		e, _, _ = strings.Cut(e, "?")
		name, value, _ := strings.Cut(e, "-")
		sum, err := base64.StdEncoding.Strict().DecodeString(value)
		var of func([]byte) []byte
		size := 0
		switch name {
		case "sha256":
			of, size = sum256, 32
		case "sha384":
			of, size = sum384, 48
		case "sha512":
			of, size = sum512, 64
		}
		if err != nil || of == nil || len(sum) != size {
			return nil, false
		}
		out = append(out, digest{of, sum})
	}
	return out, len(out) > 0
}

// readMultibase reads a Multihash in Multibase (Controlled Identifiers 1.0,
// sections 2.4 and 2.5), base64url or base58-btc.
func readMultibase(s string) ([]digest, bool) {
	if len(s) < 2 || len(s) > 256 {
		return nil, false
	}
	var b []byte
	switch s[0] {
	case 'u':
		var err error
		if b, err = base64.RawURLEncoding.Strict().DecodeString(s[1:]); err != nil {
			return nil, false
		}
	case 'z':
		// A Multihash never begins with a zero byte.
		n := new(big.Int)
		for _, c := range []byte(s[1:]) {
			d := digit58[c]
			if d == 0xFF {
				return nil, false
			}
			n.Add(n.Mul(n, big.NewInt(58)), big.NewInt(int64(d)))
		}
		b = n.Bytes()
	}
	if len(b) < 2 || int(b[1]) != len(b)-2 {
		return nil, false
	}
	switch sum := b[2:]; {
	case b[0] == 0x12 && len(sum) == 32:
		return []digest{{sum256, sum}}, true
	case b[0] == 0x20 && len(sum) == 48:
		return []digest{{sum384, sum}}, true
	case b[0] == 0x13 && len(sum) == 64:
		return []digest{{sum512, sum}}, true
	}
	return nil, false
}

// mediaType reports whether s is type/subtype, parameters aside.
func mediaType(s string) bool {
	s, _, _ = strings.Cut(s, ";")
	main, sub, ok := strings.Cut(s, "/")
	return ok && main != "" && sub != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7F || strings.ContainsRune(`()<>@,;:\"[]?=`, r)
	})
}
