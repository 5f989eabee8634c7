package home

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bonafide/internal/testkit"
	"bonafide/verifier"
)

// compact is a signed token.
func compact(t testing.TB, k testkit.P256, header, payload map[string]any) string {
	t.Helper()
	part := func(v any) string { return base64.RawURLEncoding.EncodeToString(must(json.Marshal(v))) }
	input := part(header) + "." + part(payload)
	return input + "." + base64.RawURLEncoding.EncodeToString(must(k.Sign([]byte(input))))
}

// An issuer outside the network, from listing it to a verdict that rests on it
// and back: what verifying misses the next sync brings, what it brought grows
// old, and nothing of it outlives the entry.
func TestListedIssuerFromListToVerdict(t *testing.T) {
	ctx := context.Background()
	s, p := newWeb(t)
	l := testkit.NewLedger(t, netA, 1, 1)
	l.Beat(start.Sub(l.Now))
	s.pin(l)
	s.take(export(t, l, 0))
	k := testkit.NewP256(t, "heart")
	pub := k.Public(t)
	method := heart + "#" + pub.Multikey()
	p.put(heartDoc, must(json.Marshal(map[string]any{
		"@context": []string{"https://www.w3.org/ns/did/v1"}, "id": heart,
		"assertionMethod": []any{map[string]any{"id": method, "type": "JsonWebKey2020", "controller": heart, "publicKeyJwk": pub.JWK()}},
	})))
	const vct = "urn:example:vct:life-support"
	credential := []byte(compact(t, k, map[string]any{"alg": "ES256", "typ": "dc+sd-jwt", "kid": method}, map[string]any{
		"iss": heart, "vct": vct, "course": "Life Support", "nbf": start.AddDate(0, -1, 0).Unix(), "exp": start.AddDate(2, 0, 0).Unix(),
		"status": map[string]any{"status_list": map[string]any{"idx": 3, "uri": listURL}},
	}) + "~")
	list := func(values ...byte) []byte { // two bits each, the first lowest
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		packed := make([]byte, 64)
		for i, v := range values {
			packed[i/4] |= v << (i % 4 * 2)
		}
		if _, err := z.Write(packed); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return []byte(compact(t, k, map[string]any{"alg": "ES256", "typ": "statuslist+jwt", "kid": method}, map[string]any{
			"sub": listURL, "iat": s.now.Unix(), "status_list": map[string]any{"bits": 2, "lst": base64.RawURLEncoding.EncodeToString(b.Bytes())},
		}))
	}
	hospital := must(s.Hospital(ctx, HospitalOptions{}))
	verdict := func(v verifier.Verdict, code string) {
		t.Helper()
		res, err := hospital.Verify(ctx, verifier.Input{File: "a.json", Bytes: credential, Purpose: verifier.Monitoring})
		if err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, c := range res.Checks {
			codes = append(codes, c.Code)
		}
		if res.Verdict != v || !strings.Contains(" "+strings.Join(codes, " ")+" ", " "+code+" ") {
			t.Errorf("%s: %v; want %s with %s", res.Verdict, codes, v, code)
		}
	}
	// sync brings the ledger forward as well, so that only what is fetched ages.
	sync := func() {
		t.Helper()
		if s.now.After(l.Now) {
			l.Beat(s.now.Sub(l.Now))
		}
		s.from(serve(t, l))
		if _, err := s.Sync(ctx); err != nil {
			t.Fatal(err)
		}
	}
	verdict(verifier.Rejected, "issuer_unknown")
	entry := listed(heart, vct)
	entry.Until = start.AddDate(0, 0, 60)
	if err := s.AddIssuer(ctx, entry, false); err != nil {
		t.Fatal(err)
	}
	verdict(verifier.Unconfirmed, "document_not_fetched")
	sync()
	verdict(verifier.Unconfirmed, "status_not_fetched") // and queued
	p.put(listURL, list(0, 0, 0, 0))
	sync()
	verdict(verifier.Verified, "issuer_listed")

	// The server falls silent: what it said grows too old to confirm anything.
	p.put(listURL, []byte("<html>"))
	s.now = s.now.AddDate(0, 0, 31)
	sync()
	verdict(verifier.Unconfirmed, "status_stale")
	p.put(listURL, list(0, 0, 0, 1))
	sync()
	verdict(verifier.Rejected, "status_listed_revoked")
	p.put(listURL, list(0, 0, 0, 0))
	sync()
	verdict(verifier.Verified, "issuer_listed")

	// Run out, altered, of another type, removed.
	kept := must(os.ReadFile(filepath.Join(s.dir, networkFolder, issuersFile)))
	if err := os.WriteFile(filepath.Join(s.dir, networkFolder, issuersFile), bytes.Replace(kept, []byte("2027-"), []byte("2037-"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	verdict(verifier.Unconfirmed, "data_damaged")
	if err := os.WriteFile(filepath.Join(s.dir, networkFolder, issuersFile), kept, 0o600); err != nil {
		t.Fatal(err)
	}
	s.now = start.AddDate(0, 0, 61)
	sync()
	verdict(verifier.Unconfirmed, "listing_expired")
	again := listed(heart, "urn:example:vct:other")
	again.Until = s.now.AddDate(1, 0, 0)
	if err := s.AddIssuer(ctx, again, true); err != nil {
		t.Fatal(err)
	}
	sync()
	verdict(verifier.Rejected, "not_accredited")
	if err := s.RemoveIssuer(ctx, heart); err != nil {
		t.Fatal(err)
	}
	verdict(verifier.Rejected, "issuer_unknown")
	for _, asked := range p.since() {
		if asked != heartDoc && asked != listURL {
			t.Errorf("asked for %s", asked)
		}
	}
}
