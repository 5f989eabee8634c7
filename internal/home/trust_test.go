package home

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did/jwk"
	"bonafide/did/key"
	"bonafide/internal/explain"
	"bonafide/internal/testkit"
	"bonafide/verifier"
)

const heart = "did:web:heart.example"

func listed(id string, types ...string) verifier.ListedIssuer {
	if len(types) == 0 {
		types = []string{"TrainingCertification"}
	}
	return verifier.ListedIssuer{ID: id, Types: types, Until: start.AddDate(1, 0, 0)}
}

// root makes a self-signed certificate in PEM; change alters it first.
func root(t testing.TB, change func(c *x509.Certificate)) []byte {
	t.Helper()
	return rootBy(t, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), change)
}

func rootBy(t testing.TB, k crypto.Signer, change func(c *x509.Certificate)) []byte {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "First Aid Council Root"},
		NotBefore: start.AddDate(-1, 0, 0), NotAfter: start.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	change(c)
	der := must(x509.CreateCertificate(rand.Reader, c, c, k.Public(), k))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func asIs(*x509.Certificate) {}

func ids(list []Listing) (out []string) {
	for _, l := range list {
		out = append(out, l.ID)
	}
	return out
}

func TestIssuerList(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	if list := must(s.Listings()); len(list) != 0 {
		t.Fatalf("%d entries in a new home", len(list))
	}
	if _, ok := files(t, s.dir)["network/"+issuersFile]; ok {
		t.Error("a list that nobody asked for")
	}
	pub := testkit.Public(t, ed25519.NewKeyFromSeed(make([]byte, 32)))
	r := must(ReadRoot(root(t, asIs), s.now))
	if r.Name != "First Aid Council Root" || len(r.Fingerprint) != 64 {
		t.Errorf("%+v", r)
	}
	want := []string{heart, string(jwk.New(pub)), string(key.New(pub)), r.ID()}
	for _, id := range want {
		i := listed(id, "TrainingCertification", "urn:example:vct:v1:first-aid")
		if id == r.ID() {
			i.Root, i.Name = r.DER, r.Name
		}
		if err := s.AddIssuer(ctx, i, false); err != nil {
			t.Fatalf("%s: %v", id, err)
		}
	}
	if got := ids(must(s.open().Listings())); !slices.Equal(got, want) {
		t.Errorf("another process sees %v", got)
	}
	list := must(outside{s.Home}.Listed())
	if e := list[0]; e.Name != heart || e.Root != nil || !e.Until.Equal(start.AddDate(1, 0, 0)) || len(e.Types) != 2 {
		t.Errorf("%+v", e)
	}
	if e := list[3]; !bytes.Equal(e.Root, r.DER) || e.Name != r.Name {
		t.Errorf("%+v", e)
	}
	if e := list[1]; !strings.HasPrefix(e.Name, "did:jwk:") {
		t.Errorf("%+v", e)
	}

	wantCode(t, s.AddIssuer(ctx, listed(heart), false), "listing_exists")
	other := listed(heart, "BoardCertification")
	other.Name = "Heart Association"
	if err := s.AddIssuer(ctx, other, true); err != nil {
		t.Fatal(err)
	}
	if e := must(s.Listings())[0]; e.Types[0] != "BoardCertification" || e.Name != "Heart Association" || !e.Added.Equal(start) {
		t.Errorf("%+v", e)
	}
	wantCode(t, s.RemoveIssuer(ctx, "did:web:nobody.example"), "listing_unknown")
	if err := s.RemoveIssuer(ctx, want[1]); err != nil {
		t.Fatal(err)
	}
	if got := ids(must(s.open().Listings())); !slices.Equal(got, []string{want[0], want[2], want[3]}) {
		t.Errorf("%v", got)
	}
	if f := must(s.Check(ctx, false)); len(f) != 0 {
		t.Errorf("%+v", f)
	}

	// Run out is not gone: whoever judges has to see that it was listed.
	s.now = s.now.AddDate(2, 0, 0)
	if n := len(must(s.Listings())); n != 3 {
		t.Errorf("%d entries after they ran out", n)
	}
	for _, i := range must(s.Issuers(ctx)) {
		if i.InForce {
			t.Errorf("%s is in force", i.ID)
		}
	}
}

func TestIssuersThatCannotBeListed(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	pub := testkit.Public(t, ed25519.NewKeyFromSeed(make([]byte, 32)))
	with := func(change func(*verifier.ListedIssuer)) verifier.ListedIssuer {
		i := listed(heart)
		change(&i)
		return i
	}
	r := must(ReadRoot(root(t, asIs), s.now))
	for name, c := range map[string]struct {
		i    verifier.ListedIssuer
		code string
	}{
		"on the ledger":   {listed("did:bonafide:" + netA + ":" + strings.Repeat("a", 32)), "listing_on_ledger"},
		"of no network":   {listed("did:bonafide:x"), "listing_on_ledger"},
		"other method":    {listed("did:ion:abc"), "did_method_unsupported"},
		"no DID":          {listed("heart.example"), "did_invalid"},
		"a DID URL":       {listed(heart + "#key-1"), "did_invalid"},
		"an address":      {listed("did:web:127.0.0.1"), "did_invalid"},
		"upper case":      {listed("did:web:Heart.example"), "did_invalid"},
		"encryption":      {listed("did:jwk:eyJrdHkiOiJPS1AiLCJjcnYiOiJYMjU1MTkiLCJ1c2UiOiJlbmMiLCJ4IjoiM3A3YmZYdDl3YlRUVzJIQzdPUTFOei1EUThoYmVHZE5yZngtRkctSUswOCJ9"), "key_invalid"},
		"no key":          {listed("did:key:z6Mk"), "key_invalid"},
		"no types":        {with(func(i *verifier.ListedIssuer) { i.Types = nil }), "listing_types"},
		"every type":      {with(func(i *verifier.ListedIssuer) { i.Types = []string{"VerifiableCredential"} }), "listing_types"},
		"a pattern":       {with(func(i *verifier.ListedIssuer) { i.Types = []string{"*"} }), "listing_types"},
		"an empty type":   {with(func(i *verifier.ListedIssuer) { i.Types = []string{"A", ""} }), "listing_types"},
		"a type twice":    {with(func(i *verifier.ListedIssuer) { i.Types = []string{"A", "A"} }), "listing_types"},
		"a type in words": {with(func(i *verifier.ListedIssuer) { i.Types = []string{"Training Certification"} }), "listing_types"},
		"a twin of one":   {with(func(i *verifier.ListedIssuer) { i.Types = []string{"Tr\u0430ining"} }), "listing_types"},
		"many types":      {with(func(i *verifier.ListedIssuer) { i.Types = strings.Split(strings.Repeat("A ", 40), " ") }), "listing_types"},
		"yesterday":       {with(func(i *verifier.ListedIssuer) { i.Until = start.AddDate(0, 0, -1) }), "listing_until"},
		"no end":          {with(func(i *verifier.ListedIssuer) { i.Until = time.Time{} }), "listing_until"},
		"turned name":     {with(func(i *verifier.ListedIssuer) { i.Name = "Heart \u202eelpmaxe" }), "listing_name"},
		"long name":       {with(func(i *verifier.ListedIssuer) { i.Name = strings.Repeat("x", 200) }), "listing_name"},
		"root's name":     {with(func(i *verifier.ListedIssuer) { i.Root = r.DER }), "root_unusable"},
		"root of another": {with(func(i *verifier.ListedIssuer) { i.ID, i.Root = "x509:"+strings.Repeat("0", 64), r.DER }), "root_unusable"},
		"no certificate":  {with(func(i *verifier.ListedIssuer) { i.ID, i.Root = r.ID(), []byte("x") }), "root_unusable"},
		"root without":    {listed(r.ID()), "did_invalid"},
	} {
		if err := s.AddIssuer(ctx, c.i, false); explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if _, ok := files(t, s.dir)["network/"+issuersFile]; ok {
		t.Error("a list was written")
	}
	for i := range maxListings {
		if err := s.AddIssuer(ctx, listed(fmt.Sprintf("did:web:h%d.example", i)), false); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, s.AddIssuer(ctx, listed(string(key.New(pub))), false), "listing_too_many")
	if n := len(must(s.open().Listings())); n != maxListings {
		t.Errorf("%d", n)
	}
}

func TestRoots(t *testing.T) {
	good := root(t, asIs)
	for name, c := range map[string][]byte{
		"nothing":       nil,
		"text":          []byte("a certificate"),
		"cut":           good[:len(good)/2],
		"two":           append(bytes.Clone(good), good...),
		"text before":   append([]byte("Subject: x\n"), good...),
		"text after":    append(bytes.Clone(good), "x"...),
		"another block": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"headers":       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"A": "b"}, Bytes: must(decodePEM(good))}),
		"trailing DER":  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: append(must(decodePEM(good)), 0)}),
		"no authority":  root(t, func(c *x509.Certificate) { c.IsCA = false }),
		"no basics":     root(t, func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = false, false }),
		"not to sign":   root(t, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature }),
		"run out":       root(t, func(c *x509.Certificate) { c.NotAfter = start.AddDate(0, 0, -1) }),
		"not yet":       root(t, func(c *x509.Certificate) { c.NotBefore = start.AddDate(0, 0, 1) }),
		"too large":     root(t, func(c *x509.Certificate) { c.Subject.CommonName = strings.Repeat("x", 9000) }),
		"by another":    signedByAnother(t),
		"short RSA":     rootBy(t, must(rsa.GenerateKey(rand.Reader, 1024)), asIs),
		"short curve":   rootBy(t, must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader)), asIs),
		"altered": func() []byte {
			der := must(decodePEM(good))
			der[len(der)-3] ^= 1
			return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		}(),
	} {
		if _, err := ReadRoot(c, start); explain.CodeOf(err) != "root_unusable" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, k := range []crypto.Signer{
		must(rsa.GenerateKey(rand.Reader, 2048)), must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), ed25519.NewKeyFromSeed(make([]byte, 32)),
	} {
		if _, err := ReadRoot(rootBy(t, k, asIs), start); err != nil {
			t.Errorf("%T: %v", k, err)
		}
	}
	r := must(ReadRoot(root(t, func(c *x509.Certificate) { c.Subject = pkix.Name{Organization: []string{"Council\u202e"}} }), start))
	if strings.ContainsRune(r.Name, '\u202e') || !strings.HasPrefix(r.Name, "Council") {
		t.Errorf("%q", r.Name)
	}
}

func decodePEM(b []byte) ([]byte, error) {
	block, _ := pem.Decode(b)
	return bytes.Clone(block.Bytes), nil
}

func signedByAnother(t testing.TB) []byte {
	t.Helper()
	parent := must(x509.ParseCertificate(must(decodePEM(root(t, asIs)))))
	k := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: parent.Subject, NotBefore: parent.NotBefore, NotAfter: parent.NotAfter,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	other := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der := must(x509.CreateCertificate(rand.Reader, c, &x509.Certificate{Subject: parent.Subject}, k.Public(), other))
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestThreat71_AlteredListIsAnError: whatever happens to the file with the list
// alone, nobody is trusted, or left out, without a word.
func TestThreat71_AlteredListIsAnError(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	path := filepath.Join(s.dir, networkFolder, issuersFile)
	put := func(b []byte) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.AddIssuer(ctx, listed("did:web:once.example"), false); err != nil {
		t.Fatal(err)
	}
	first := must(os.ReadFile(path))
	if err := s.AddIssuer(ctx, listed(heart), false); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveIssuer(ctx, "did:web:once.example"); err != nil {
		t.Fatal(err)
	}
	last := must(os.ReadFile(path))
	settingsBefore := must(os.ReadFile(filepath.Join(s.dir, settingsFile)))

	refused := func(name string, codes ...string) {
		t.Helper()
		l, err := s.Listings()
		if l != nil || !slices.Contains(codes, explain.CodeOf(err)) {
			t.Fatalf("%s: %v, %v", name, ids(l), err)
		}
		if _, err := (outside{s.Home}).Listed(); err == nil {
			t.Fatalf("%s: the verifier gets a list", name)
		}
		// It is not repaired by writing over it either.
		if err := s.AddIssuer(ctx, listed("did:web:new.example"), true); !slices.Contains(codes, explain.CodeOf(err)) {
			t.Fatalf("%s: adding: %v", name, err)
		}
	}
	for i := range last {
		b := bytes.Clone(last)
		b[i] ^= 1
		put(b)
		if l, err := s.Listings(); l != nil || explain.CodeOf(err) != "data_damaged" && explain.CodeOf(err) != "data_newer" {
			t.Fatalf("byte %d: %v, %v", i, ids(l), err)
		}
	}
	for name, c := range map[string]struct {
		b    []byte
		code string
	}{
		"empty":         {nil, "data_damaged"},
		"cut":           {last[:len(last)-5], "data_damaged"},
		"another DID":   {bytes.ReplaceAll(last, []byte("heart"), []byte("heort")), "data_damaged"},
		"longer":        {bytes.ReplaceAll(last, []byte("2027-"), []byte("2037-")), "data_damaged"},
		"emptied":       {[]byte(`{"format": 1, "revision": 3, "issuers": [], "digest": ""}`), "data_damaged"},
		"unknown field": {bytes.Replace(last, []byte(`"format": 1,`), []byte(`"format": 1, "x": 1,`), 1), "data_damaged"},
		"reformatted":   {bytes.ReplaceAll(last, []byte("  "), []byte(" ")), "data_damaged"},
		"a newer one":   {bytes.Replace(last, []byte(`"format": 1`), []byte(`"format": 2`), 1), "data_newer"},
		"an older one":  {first, "issuers_rolled_back"},
	} {
		put(c.b)
		refused(name, c.code)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	refused("removed", "data_missing")
	if f := must(s.Check(ctx, false)); len(f) != 1 || f[0].Path != networkFolder+"/"+issuersFile || f[0].Code != "data_missing" {
		t.Errorf("home check: %+v", f)
	}
	// A sync tells it too, and fetches for nobody.
	_, err := s.Sync(ctx)
	wantCode(t, err, "data_missing")

	put(last)
	if got := ids(must(s.Listings())); !slices.Equal(got, []string{heart}) {
		t.Errorf("%v", got)
	}

	// A crash after the list was replaced and before home.json was: the new list
	// stands whole, and the next change goes on from it.
	if err := s.AddIssuer(ctx, listed("did:web:after.example"), false); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, settingsFile), settingsBefore, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ids(must(s.open().Listings())); !slices.Equal(got, []string{heart, "did:web:after.example"}) {
		t.Errorf("%v", got)
	}
	if err := s.RemoveIssuer(ctx, heart); err != nil {
		t.Error(err)
	}
	put(last)
	refused("rolled back past the crash", "issuers_rolled_back")
}

// Several processes that change the list at once lose nothing.
func TestIssuerListIsShared(t *testing.T) {
	ctx := context.Background()
	s := newSite(t)
	done := make(chan error)
	for i := range 8 {
		h := s.open()
		go func() { done <- h.AddIssuer(ctx, listed(fmt.Sprintf("did:web:h%d.example", i)), false) }()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := len(must(s.Listings())); n != 8 {
		t.Errorf("%d of 8", n)
	}
}

func FuzzParseIssuers(f *testing.F) {
	good := must(issuerList{Format: 1, Revision: 3, Issuers: []listedEntry{{
		ID: heart, Name: "Heart", Root: []byte{}, Types: []string{"A"}, Until: start, Added: start,
	}}}.marshal())
	f.Add(good)
	f.Add([]byte(`{"format":1,"revision":1,"issuers":[],"digest":""}`))
	f.Add([]byte(`{"format":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseIssuers(b)
		if err != nil {
			if explain.CodeOf(err) == "" || l.Issuers != nil {
				t.Fatalf("%v", err)
			}
			return
		}
		if again := must(l.marshal()); !bytes.Equal(again, b) {
			t.Fatalf("%s became %s", b, again)
		}
	})
}

func FuzzReadRoot(f *testing.F) {
	f.Add(root(f, asIs))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ReadRoot(b, start)
		if err != nil {
			if explain.CodeOf(err) != "root_unusable" {
				t.Fatal(err)
			}
			return
		}
		if again, err := rootOf(r.DER); err != nil || again.ID() != r.ID() {
			t.Fatal(err)
		}
	})
}
