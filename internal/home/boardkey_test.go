package home

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/assets/mappings"
	"bonafide/did"
	"bonafide/did/bonafide"
	"bonafide/internal/explain"
	"bonafide/internal/fixtures"
	"bonafide/internal/keys"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
)

// assertionKeys are the issuing keys in the board's newest document.
func assertionKeys(t *testing.T, h *Home, id did.DID) (out []did.PublicKey) {
	t.Helper()
	d, err := h.Data()
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.View.Versions(id)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range v[len(v)-1].Document.MethodsFor(did.AssertionMethod) {
		out = append(out, m.Key)
	}
	return out
}

// TestES256Key: a new board has a P-256 key beside the Ed25519 one; one from
// before gets it by rotation, and its next issue adds the SD-JWT VCs, which
// carry the certificate that the board has for that key.
func TestES256Key(t *testing.T) {
	ctx, h, id := runningBoard(t)
	founded := assertionKeys(t, h, id)
	if len(founded) != 2 || founded[0].Kind() != did.Ed25519 || founded[1].Kind() != did.P256 {
		t.Fatalf("a new board's issuing keys: %v", founded)
	}

	// A board from before.
	_, d, k, err := h.acting(ctx)
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.View.Versions(id)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := bonafide.NextDocument(id, founded[:1], []did.PublicKey{k.ledgerKey.Public()}, bonafide.OptionsOf(v[0].Document))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Send(ctx, ledger.UpdateDID{Document: doc}); err != nil {
		t.Fatal(err)
	}
	row := fixtures.Register(1, fixtures.Medicine, 1, time.Now())
	issue := func() issuer.IssueReport {
		t.Helper()
		b, err := h.Board(ctx)
		if err != nil {
			t.Fatal(err)
		}
		m, err := issuer.ParseMapping(mappings.Bonafide)
		if err != nil {
			t.Fatal(err)
		}
		var csv bytes.Buffer
		if err := fixtures.WriteCSV(&csv, row); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Import(ctx, &csv, m, issuer.ImportOptions{Person: "owner"}); err != nil {
			t.Fatal(err)
		}
		rep, err := b.Issue(ctx, issuer.IssueOptions{Person: "owner"})
		if err != nil {
			t.Fatal(err)
		}
		return rep
	}
	if r := issue(); r.Issued != 1 || !slices.Equal(r.Notices, []string{"sdjwt_key_missing"}) {
		t.Errorf("without the key: %+v", r)
	}
	if _, err := h.CertificateRequest(ctx); explain.CodeOf(err) != "sdjwt_key_missing" {
		t.Errorf("a request without the key: %v", err)
	}

	method, err := h.RotateKey(ctx, keys.IssuingES256)
	if err != nil {
		t.Fatal(err)
	}
	now := assertionKeys(t, h, id)
	if len(now) != 2 || now[0] != founded[0] || now[1].Kind() != did.P256 || method != id.String()+"#"+now[1].Multikey() {
		t.Fatalf("after the rotation: %v, %s", now, method)
	}
	csr := certificateRequest(ctx, t, h, id)
	chain := newAuthority(t).chain(t, csr.PublicKey, id)
	if c, err := h.SetCertificates(ctx, chain); err != nil || c.Certificates != 2 || c.Subject != "Test Board" {
		t.Fatalf("%+v, %v", c, err)
	}
	if findings, err := h.Check(ctx, false); err != nil || len(findings) != 0 || !belongs("issuer/"+certificateFile) {
		t.Errorf("the home with its certificate: %v, %v", findings, err)
	}
	if r := issue(); r.Issued != 1 || len(r.Notices) != 0 {
		t.Errorf("with the key: %+v", r)
	}
	certificates := func() int {
		t.Helper()
		b, err := h.Board(ctx)
		if err != nil {
			t.Fatal(err)
		}
		raw, _, err := b.Credential(ctx, row[0].Number, issuer.RegisterCopy, vc.SDJWT)
		if err != nil {
			t.Fatal(err)
		}
		p, err := vc.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if hints := p.MethodHints(); len(hints) != 1 || hints[0] != id.String()+"#"+now[1].Multikey() {
			t.Errorf("signed by %v", hints)
		}
		return len(p.CertificatesHint())
	}
	if n := certificates(); n != 2 {
		t.Errorf("%d certificates", n)
	}

	// A newer key has no certificate yet.
	if _, err := h.RotateKey(ctx, keys.IssuingES256); err != nil {
		t.Fatal(err)
	}
	if now = assertionKeys(t, h, id); len(now) != 2 {
		t.Fatalf("%d issuing keys after the second rotation", len(now))
	}
	row[0].FamilyName += "a"
	if r := issue(); r.Issued != 2 || len(r.Notices) != 0 {
		t.Errorf("%+v", r)
	}
	if n := certificates(); n != 0 {
		t.Errorf("%d certificates of another key", n)
	}
	if _, err := h.SetCertificates(ctx, chain); explain.CodeOf(err) != "certificates_untrusted" {
		t.Errorf("a certificate of the old key: %v", err)
	}
	if _, err := h.RotateKey(ctx, keys.Consensus); explain.CodeOf(err) != "usage" {
		t.Errorf("a consensus key rotated: %v", err)
	}
}

func certificateRequest(ctx context.Context, t *testing.T, h *Home, id did.DID) *x509.CertificateRequest {
	t.Helper()
	raw, err := h.CertificateRequest(ctx)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(rest) != 0 {
		t.Fatalf("%s", raw)
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := csr.CheckSignature(); err != nil {
		t.Error(err)
	}
	if csr.Subject.CommonName != "Test Board" || len(csr.URIs) != 1 || csr.URIs[0].String() != id.String() {
		t.Errorf("%s, %v", csr.Subject, csr.URIs)
	}
	return csr
}

// authority is a root and an authority below it.
type authority struct {
	key         *ecdsa.PrivateKey
	cert        *x509.Certificate
	root, inner []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	make := func(name string, parent *x509.Certificate, pub *ecdsa.PrivateKey, by *ecdsa.PrivateKey) (*x509.Certificate, []byte) {
		c := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		}
		if parent == nil {
			parent = c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, &pub.PublicKey, by)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return got, der
	}
	rk, ik := key(), key()
	root, rd := make("Root", nil, rk, rk)
	inner, id := make("Authority", root, ik, rk)
	return &authority{key: ik, cert: inner, root: rd, inner: id}
}

// leaf is a certificate for a board's key.
func (a *authority) leaf(t *testing.T, pub any, change func(*x509.Certificate)) []byte {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test Board"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, pub, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func bundle(ders ...[]byte) (out []byte) {
	for _, der := range ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return out
}

func named(id did.DID) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.URIs = append(c.URIs, &url.URL{Scheme: "did", Opaque: strings.TrimPrefix(string(id), "did:")})
	}
}

func (a *authority) chain(t *testing.T, pub any, id did.DID) []byte {
	t.Helper()
	return bundle(a.leaf(t, pub, named(id)), a.inner, a.root)
}

// TestChainsThatAreRefused: what would not hold up with readers is not kept.
func TestChainsThatAreRefused(t *testing.T) {
	const id = did.DID("did:bonafide:test-abcdefgh:l3jwti5ipvjr655yt3noqfbrecn2d6ya")
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := k.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	key, err := did.NewPublicKey(did.P256, point)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthority(t)
	good := a.leaf(t, &k.PublicKey, named(id))
	now := time.Now()
	check := func(file []byte, at time.Time) (int, error) {
		c, err := parseChain(file)
		if err == nil {
			c, err = checkChain(c, id, key, at)
		}
		return len(c), err
	}
	for what, want := range map[string]struct {
		file []byte
		n    int
	}{
		"with its root":           {bundle(good, a.inner, a.root), 2},
		"without":                 {bundle(good, a.inner), 2},
		"alone":                   {bundle(good), 1},
		"with space around":       {slices.Concat([]byte("\n\n"), bundle(good, a.inner), []byte("\n \n")), 2},
		"with words before a PEM": {slices.Concat([]byte("subject=Test\n"), bundle(good)), 1},
	} {
		if n, err := check(want.file, now); err != nil || n != want.n {
			t.Errorf("%s: %d certificates, %v", what, n, err)
		}
	}
	for what, c := range map[string]struct {
		file []byte
		at   time.Time
		code string
	}{
		"nothing":                   {nil, now, "certificates_malformed"},
		"no PEM":                    {good, now, "certificates_malformed"},
		"a key among them":          {slices.Concat(bundle(good), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte{1}})), now, "certificates_malformed"},
		"not DER":                   {bundle([]byte("x")), now, "certificates_malformed"},
		"too many":                  {bundle(good, good, good, good, good, good, good), now, "certificates_malformed"},
		"too long":                  {bytes.Repeat([]byte(" "), maxCertificateFile+1), now, "certificates_malformed"},
		"another order":             {bundle(a.inner, good), now, "certificates_untrusted"},
		"one left out":              {bundle(good, a.root), now, "certificates_untrusted"},
		"another key":               {bundle(a.leaf(t, &other.PublicKey, named(id)), a.inner), now, "certificates_untrusted"},
		"an authority's":            {bundle(a.inner, a.root), now, "certificates_untrusted"},
		"one for itself":            {bundle(a.root), now, "certificates_untrusted"},
		"another DID":               {bundle(a.leaf(t, &k.PublicKey, named(id+"x")), a.inner), now, "certificates_name"},
		"no DID":                    {bundle(a.leaf(t, &k.PublicKey, func(*x509.Certificate) {}), a.inner), now, "certificates_name"},
		"run out":                   {bundle(good, a.inner), now.Add(25 * time.Hour), "certificates_expired"},
		"run out above":             {bundle(a.leaf(t, &k.PublicKey, func(c *x509.Certificate) { named(id)(c); c.NotAfter = now.Add(99 * time.Hour) }), a.inner), now.Add(50 * time.Hour), "certificates_expired"},
		"not valid yet":             {bundle(good, a.inner), now.Add(-2 * time.Hour), "certificates_expired"},
		"not for signatures":        {bundle(a.leaf(t, &k.PublicKey, func(c *x509.Certificate) { named(id)(c); c.KeyUsage = x509.KeyUsageKeyAgreement }), a.inner), now, "certificates_untrusted"},
		"another authority's above": {bundle(good, newAuthority(t).inner), now, "certificates_untrusted"},
	} {
		if _, err := check(c.file, c.at); explain.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %s", what, err, c.code)
		}
	}
}

func FuzzParseChain(f *testing.F) {
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseChain(b)
		if (err == nil) != (len(c) > 0) || len(c) > maxCertificates {
			t.Errorf("%d certificates, %v", len(c), err)
		}
		if err != nil && explain.CodeOf(err) != "certificates_malformed" {
			t.Error(err)
		}
	})
}
