package vc

// What ties a credential to the ledger: its anchor, its leaf and its place in
// the status pages (docs/credentials.md).

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"sync"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

const (
	anchorType    = "LedgerAnchor"
	statusType    = "LedgerStatusEntry"
	bitstringType = "BitstringStatusListEntry"

	leafTag = "bonafide-leaf-1"

	// pageSize is the number of indexes in one page of the ledger, and so in
	// each list derived from it.
	pageSize = 131_072
)

// anchorOf finds the one evidence entry of type LedgerAnchor.
func anchorOf(evidence any) (string, error) {
	n, err := anchorEntry(evidence)
	if err != nil {
		return "", err
	}
	return n["anchor"].(string), nil
}

func anchorEntry(evidence any) (map[string]any, error) {
	var found map[string]any
	for _, n := range each(evidence) {
		if !slices.Contains(typesOf(n), anchorType) {
			continue
		}
		if found != nil {
			return nil, explain.Errorf("anchor_ambiguous", "more than one anchor")
		}
		found = n
	}
	if found == nil {
		return nil, explain.Errorf("anchor_missing", "no evidence of type %s", anchorType)
	}
	if _, ok := found["anchor"].(string); !ok {
		return nil, explain.Errorf("anchor_missing", "the anchor is no string")
	}
	return found, nil
}

// Leaf is the leaf hash under which the credential stands in a batch:
// SHA-256(0x00 ‖ LP("bonafide-leaf-1") ‖ LP(chain id) ‖ LP(format) ‖ LP(salt) ‖
// LP(JCS of what is signed, its anchor empty)). What is signed is the credential
// without its proof, of an SD-JWT VC the payload. It needs no proof; the error
// has the code anchor_missing or anchor_ambiguous.
func (p *Parsed) Leaf(chainID string, salt [16]byte) ([32]byte, error) {
	if p.kind != KindCredential {
		return [32]byte{}, explain.Errorf("not_a_credential", "a presentation has no leaf")
	}
	if p.sd != nil {
		return sdjwtLeaf(p.sd.payload, chainID, salt)
	}
	return leaf(p.doc, chainID, salt)
}

// maxBuffer bounds what is kept for the next credential.
const maxBuffer = 64 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 8<<10); return &b }}

func leaf(doc map[string]any, chainID string, salt [16]byte) ([32]byte, error) {
	blank, err := withAnchor(doc, "")
	if err != nil {
		return [32]byte{}, err
	}
	return leafOf(VCDM, blank, chainID, salt)
}

// leafOf hashes what is signed, its anchor empty.
func leafOf(f Format, blank map[string]any, chainID string, salt [16]byte) ([32]byte, error) {
	buf := buffers.Get().(*[]byte)
	b := append((*buf)[:0], 0)
	for _, s := range []string{leafTag, chainID, string(f), string(salt[:])} {
		b = binary.BigEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	at := len(b)
	b = append(b, 0, 0, 0, 0)
	b, err := strictjson.AppendCanonical(b, blank)
	if err != nil {
		return [32]byte{}, coded("json_syntax", "writing the credential", err)
	}
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	sum := sha256.Sum256(b)
	if cap(b) <= maxBuffer {
		clear(b) // nothing of a credential stays in memory that is handed on
		*buf = b
		buffers.Put(buf)
	}
	return sum, nil
}

// withAnchor is the document without its proof and with another anchor. It
// copies only what lies on the way.
func withAnchor(doc map[string]any, anchor string) (map[string]any, error) {
	entry, err := anchorEntry(doc["evidence"])
	if err != nil {
		return nil, err
	}
	filled := without(entry, "anchor")
	filled["anchor"] = anchor
	out := without(doc, "proof")
	list, ok := doc["evidence"].([]any)
	if !ok {
		out["evidence"] = filled
		return out, nil
	}
	list = slices.Clone(list)
	for i, e := range list {
		if n, ok := e.(map[string]any); ok && slices.Contains(typesOf(n), anchorType) {
			list[i] = filled
		}
	}
	out["evidence"] = list
	return out, nil
}

// statusIndex reads `credentialStatus`: exactly one LedgerStatusEntry, and
// every BitstringStatusListEntry, if any, at the same place of its list.
func statusIndex(v any) (uint32, error) {
	var index uint64
	found := false
	for _, n := range each(v) {
		if !slices.Contains(typesOf(n), statusType) {
			continue
		}
		if found {
			return 0, explain.Errorf("status_ambiguous", "more than one %s", statusType)
		}
		i, ok := decimal(n["statusIndex"], 1<<32-1)
		if !ok {
			return 0, explain.Errorf("status_malformed", "statusIndex is not a decimal number of 32 bits")
		}
		index, found = i, true
	}
	if !found {
		return 0, explain.Errorf("status_missing", "no %s", statusType)
	}
	for _, n := range each(v) {
		if !slices.Contains(typesOf(n), bitstringType) {
			continue
		}
		i, ok := decimal(n["statusListIndex"], pageSize-1)
		if !ok {
			return 0, explain.Errorf("status_malformed", "statusListIndex is not a decimal number below %d", pageSize)
		}
		if i != index%pageSize {
			return 0, explain.Errorf("status_disagrees", "the status entries name different places")
		}
	}
	return uint32(index), nil
}

// decimal reads a number as strconv writes it: no sign, space or leading zero.
func decimal(v any, limit uint64) (uint64, bool) {
	s, _ := v.(string)
	if s == "" || len(s) > 10 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n <= limit
}
