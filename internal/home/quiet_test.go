package home

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/testkit"
	"bonafide/verifier"
)

// TestThreat58_VerifyingAsksNobody: whatever the verdict, and however old or poor
// the data it rests on, nobody learns that somebody is checked. What could be asked
// is there and counts: a source, a node, an issuer's document and its status list.
func TestThreat58_VerifyingAsksNobody(t *testing.T) {
	ctx := context.Background()
	s, web := newWeb(t)
	l := testkit.NewLedger(t, netA, 4, 1)
	licence := licensed(t, l, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	l.Beat(start.Sub(l.Now))
	var asked atomic.Int32
	honest := serve(t, l)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		honest.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	if err := s.SetSources(ctx, []string{srv.URL}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetNode(ctx, srv.URL); err != nil {
		t.Fatal(err)
	}
	const vct = "urn:example:vct:life-support"
	if err := s.AddIssuer(ctx, listed(heart, vct), false); err != nil {
		t.Fatal(err)
	}
	k := testkit.NewP256(t, "heart")
	pub := k.Public(t)
	method := heart + "#" + pub.Multikey()
	web.put(heartDoc, must(json.Marshal(map[string]any{
		"@context": []string{"https://www.w3.org/ns/did/v1"}, "id": heart,
		"assertionMethod": []any{map[string]any{"id": method, "type": "JsonWebKey2020", "controller": heart, "publicKeyJwk": pub.JWK()}},
	})))
	outside := []byte(compact(t, k, map[string]any{"alg": "ES256", "typ": "dc+sd-jwt", "kid": method}, map[string]any{
		"iss": heart, "vct": vct, "nbf": start.AddDate(0, -1, 0).Unix(), "exp": start.AddDate(2, 0, 0).Unix(),
		"status": map[string]any{"status_list": map[string]any{"idx": 3, "uri": listURL}},
	}) + "~")
	altered := slices.Clone(licence)
	altered[len(altered)/2] ^= 1
	hospital := must(s.Hospital(ctx, HospitalOptions{}))
	verdicts, codes := map[verifier.Verdict]int{}, map[string]bool{}
	look := func() {
		t.Helper()
		for _, b := range [][]byte{licence, altered, outside, []byte("%PDF")} {
			for _, at := range []time.Time{{}, start.Add(-time.Minute)} {
				if at.After(s.now) {
					continue
				}
				res, err := hospital.Verify(ctx, verifier.Input{Bytes: b, Purpose: verifier.Monitoring, At: at})
				if err != nil {
					t.Fatal(err)
				}
				verdicts[res.Verdict]++
				for _, c := range res.Checks {
					codes[c.Code] = true
				}
			}
		}
		_, _ = hospital.Freshness()
		_, _ = s.Resolver().Resolve(ctx, did.DID(heart), did.ResolveOptions{})
		_, _ = s.Resolver().Resolve(ctx, l.Boards[0].DID, did.ResolveOptions{})
		if got := web.since(); asked.Load() != 0 || len(got) != 0 {
			t.Fatalf("the source was asked %d times, others for %v", asked.Load(), got)
		}
	}
	look() // no trust
	s.pin(l)
	look() // no data
	s.take(export(t, l, 0))
	look() // no document of the listed issuer
	if _, err := s.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	if got := web.since(); asked.Load() == 0 || !slices.Contains(got, heartDoc) {
		t.Fatalf("the counters do not count: %d, %v", asked.Load(), got)
	}
	asked.Store(0)
	look() // a status list is missing
	s.now = s.now.Add(20 * time.Hour)
	look() // soon too old
	s.now = s.now.AddDate(0, 2, 0)
	look() // far too old
	for _, v := range []verifier.Verdict{verifier.Verified, verifier.Rejected, verifier.Unconfirmed} {
		if verdicts[v] == 0 {
			t.Errorf("no verdict was %s: %v", v, verdicts)
		}
	}
	for _, wanting := range []string{"no_trust", "no_data", "document_not_fetched", "status_not_fetched", "stale"} {
		if !codes[wanting] {
			t.Errorf("nothing ended with %s", wanting)
		}
	}
}
