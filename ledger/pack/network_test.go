package pack

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"bonafide/internal/testkit"

	"github.com/cometbft/cometbft/types"
)

func TestNetworkFile(t *testing.T) {
	c := testkit.NewChain(testNet, 2, 1)
	lb := blocks(c, 3)
	n, err := NewNetwork(lb)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseNetwork(n.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if got.ChainID != testNet || got.Height != 3 || got.Hash != [32]byte(lb.Hash()) || !got.Time.Equal(lb.Time) ||
		got.Fingerprint() != n.Fingerprint() || !bytes.Equal(got.Marshal(), n.Marshal()) {
		t.Errorf("read back: %+v", got)
	}
	for _, given := range []string{n.Fingerprint(), strings.ToUpper(n.Fingerprint()), n.Display(), " " + n.Fingerprint() + "\n"} {
		if err := n.CheckFingerprint(given); err != nil {
			t.Errorf("%q: %v", given, err)
		}
	}
	for _, given := range []string{"", n.Fingerprint()[:63], n.Fingerprint()[1:] + "0", strings.Repeat("0", 64)} {
		wantCode(t, n.CheckFingerprint(given), "fingerprint_mismatch")
	}
	other, err := NewNetwork(block(t, c, 2))
	if err != nil {
		t.Fatal(err)
	}
	if other.Fingerprint() == n.Fingerprint() {
		t.Error("two headers, one fingerprint")
	}
}

func TestNetworkFileRefused(t *testing.T) {
	c := testkit.NewChain(testNet, 2, 1)
	lb := blocks(c, 3)
	n, err := NewNetwork(lb)
	if err != nil {
		t.Fatal(err)
	}
	good := string(n.Marshal())
	swap := func(old, new string) string {
		s := strings.Replace(good, old, new, 1)
		if s == good {
			t.Fatalf("%q is not in the file", old)
		}
		return s
	}
	b64 := encodeBlock(lb)
	raw, _ := base64.StdEncoding.DecodeString(b64)
	raw[len(raw)/2] ^= 4
	for name, s := range map[string]string{
		"empty":          "",
		"array":          "[]",
		"format":         swap(`"format": 1`, `"format": 2`),
		"height":         swap(`"height": 3`, `"height": 4`),
		"hash":           swap(`"hash": "`, `"hash": "00`),
		"time":           swap("2026", "2027"),
		"network":        swap(testNet, "test-bbbbbbbb"),
		"light block":    swap(b64, base64.StdEncoding.EncodeToString(raw)),
		"line in base64": swap(b64, b64[:10]+`\n`+b64[10:]),
		"unknown field":  swap(`"format"`, `"x": 1, "format"`),
		"twice":          swap(`"format": 1`, `"format": 1, "format": 1`),
		"trailing":       good + "{}",
	} {
		_, err := ParseNetwork([]byte(s))
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantCode(t, err, "network_malformed")
	}
	// Signed by too few of its own validators, or no network's name.
	c.Vote = func(_ int64, i int) types.BlockIDFlag {
		return []types.BlockIDFlag{types.BlockIDFlagCommit, types.BlockIDFlagAbsent}[i]
	}
	_, err = NewNetwork(blocks(c, 1))
	wantCode(t, err, "network_malformed")
	_, err = NewNetwork(blocks(testkit.NewChain("No Network", 1, 1), 1))
	wantCode(t, err, "network_malformed")
}

func TestTrustKept(t *testing.T) {
	c := testkit.NewChain(testNet, 3, 1)
	n, err := NewNetwork(blocks(c, 3))
	if err != nil {
		t.Fatal(err)
	}
	tr, err := Pin(n, t0.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	b, err := tr.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseTrust(b)
	if err != nil {
		t.Fatal(err)
	}
	again, err := got.Marshal()
	if err != nil || !bytes.Equal(again, b) || got.Height() != 3 || got.Validators() != 3 || got.Pinned != n.Fingerprint() || !got.Since.Equal(t0.Add(time.Hour)) {
		t.Errorf("read back: %s", again)
	}
	for name, change := range map[string][2]string{
		"format": {`"format": 1`, `"format": 9`}, "date": {`"2026-`, `"x-`}, "fingerprint": {tr.Pinned, "00"}, "network": {testNet, "other-abcdefgh"},
		"proven above": {`"proven_from": 3`, `"proven_from": 4`}, "proven below": {`"proven_from": 3`, `"proven_from": 0`},
	} {
		s := strings.Replace(string(b), change[0], change[1], 1)
		_, err := ParseTrust([]byte(s))
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		wantCode(t, err, "trust_malformed")
	}
	if _, err := (Trust{}).Marshal(); err == nil {
		t.Error("no trust was written")
	}
	if !(Trust{}).None() || tr.None() {
		t.Error("None")
	}
}

func TestThreat61_SourcesCompared(t *testing.T) {
	c := testkit.NewChain(testNet, 4, 1)
	ours, err := NewNetwork(blocks(c, 3))
	if err != nil {
		t.Fatal(err)
	}
	tr, err := Pin(ours, t0.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := tr.Compare(ours); !same || err != nil {
		t.Error(same, err)
	}
	fork, err := NewNetwork(c.Fork(3, []byte("another state"), t0.Add(time.Minute)))
	if err != nil {
		t.Fatal(err)
	}
	_, err = tr.Compare(fork)
	wantCode(t, err, "pack_conflict")
	newer, err := NewNetwork(blocks(c, 1))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := tr.Compare(newer); same || err != nil {
		t.Error(same, err)
	}
	elsewhere, err := NewNetwork(blocks(testkit.NewChain("else-abcdefgh", 1, 1), 3))
	if err != nil {
		t.Fatal(err)
	}
	_, err = tr.Compare(elsewhere)
	wantCode(t, err, "pack_other_network")
	_, err = (Trust{}).Compare(ours)
	wantCode(t, err, "no_trust")
}

func FuzzParseNetwork(f *testing.F) {
	c := testkit.NewChain(testNet, 1, 1)
	n, err := NewNetwork(blocks(c, 2))
	if err != nil {
		f.Fatal(err)
	}
	tr, err := Pin(n, t0)
	if err != nil {
		f.Fatal(err)
	}
	kept, err := tr.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(n.Marshal())
	f.Add(kept)
	f.Add([]byte(`{"format":1,"network":"x-aaaaaaaa","height":1,"hash":"","time":"","light_block":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := ParseNetwork(b); err == nil {
			again, err := ParseNetwork(n.Marshal())
			if err != nil || again.Fingerprint() != n.Fingerprint() {
				t.Fatalf("does not read back: %v", err)
			}
		} else if n != nil {
			t.Fatal("something came back with an error")
		}
		if tr, err := ParseTrust(b); err == nil {
			out, err := tr.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseTrust(out); err != nil {
				t.Fatal(err)
			}
		} else if !tr.None() {
			t.Fatal("something came back with an error")
		}
	})
}

func FuzzParseLight(f *testing.F) {
	for _, n := range []int{1, 4} {
		b, err := marshalLight(blocks(testkit.NewChain(testNet, n, 1), 2))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lb, err := parseLight(b)
		if err != nil {
			return
		}
		again, err := marshalLight(lb)
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("does not re-encode: %v", err)
		}
		_ = selfSigned(lb)
	})
}
