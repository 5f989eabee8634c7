package jose

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"net/url"
	"testing"
	"time"
)

var (
	chainTime = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)
	rootKey   = fixedSecret(elliptic.P256(), 11)
	middleKey = fixedSecret(elliptic.P384(), 12)
)

// certificate makes one by a parent; a nil parent signs itself.
func certificate(t testing.TB, change func(*x509.Certificate), key crypto.PublicKey, parent []byte, by crypto.Signer) []byte {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "test"},
		NotBefore: chainTime.Add(-time.Hour), NotAfter: chainTime.Add(time.Hour),
		BasicConstraintsValid: true,
	}
	change(c)
	up := c
	if parent != nil {
		var err error
		if up, err = x509.ParseCertificate(parent); err != nil {
			t.Fatal(err)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, up, key, by)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func authority(name string, path int) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.CommonName = name
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
		c.MaxPathLen, c.MaxPathLenZero = path, path == 0
	}
}

func signer(c *x509.Certificate) {
	c.KeyUsage = x509.KeyUsageDigitalSignature
	c.DNSNames = []string{"board.example", "*.wild.example"}
	u, _ := url.Parse("did:web:board.example")
	v, _ := url.Parse("https://issuer.example/a")
	c.URIs = []*url.URL{u, v}
	c.IPAddresses = []net.IP{net.IPv4(192, 0, 2, 1)}
}

func with(changes ...func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, f := range changes {
			f(c)
		}
	}
}

func TestThreat05_ChainToOneRoot(t *testing.T) {
	root := certificate(t, authority("root", 1), rootKey.Public(), nil, rootKey)
	middle := certificate(t, authority("middle", 0), middleKey.Public(), root, rootKey)
	leaf := certificate(t, signer, secret256.Public(), middle, middleKey)
	direct := certificate(t, signer, secret256.Public(), root, rootKey)
	key, err := VerifyChain([][]byte{leaf, middle}, root, "", chainTime)
	if err != nil || key != publicOf(t, secret256) {
		t.Fatal(err)
	}
	for what, chain := range map[string][][]byte{"with the root": {leaf, middle, root}, "out of order": {leaf, root, middle}, "direct": {direct}} {
		if _, err := VerifyChain(chain, root, "", chainTime); err != nil {
			t.Error(what, err)
		}
	}

	otherRoot := certificate(t, authority("root", 1), rootKey.Public(), nil, rootKey) // same name and key
	evilKey := fixedSecret(elliptic.P256(), 66)
	evilRoot := certificate(t, authority("root", 1), evilKey.Public(), nil, evilKey)
	tooLong := certificate(t, authority("third", 0), evilKey.Public(), middle, middleKey)
	noCA := certificate(t, signer, evilKey.Public(), root, rootKey)
	soon := func(c *x509.Certificate) { c.NotBefore = chainTime.Add(time.Minute) }
	past := func(c *x509.Certificate) { c.NotAfter = chainTime.Add(-time.Minute) }
	constrained := certificate(t, with(authority("middle", 0), func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"other.example"}, true
	}), middleKey.Public(), root, rootKey)
	pinned := certificate(t, signer, secret256.Public(), nil, secret256)
	if _, err := VerifyChain([][]byte{pinned}, pinned, "", chainTime); err != nil {
		t.Error("a signer's own certificate, listed by itself:", err)
	}
	for _, c := range []struct {
		what  string
		chain [][]byte
		root  []byte
		at    time.Time
		code  string
	}{
		{"no chain", nil, root, chainTime, "certificates_malformed"},
		{"an empty certificate", [][]byte{{}}, root, chainTime, "certificates_malformed"},
		{"garbage", [][]byte{{0x30, 1, 2}}, root, chainTime, "certificates_malformed"},
		{"bytes after it", [][]byte{append(append([]byte(nil), leaf...), 0), middle}, root, chainTime, "certificates_malformed"},
		{"a huge certificate", [][]byte{make([]byte, maxCertificate+1)}, root, chainTime, "certificates_malformed"},
		{"many certificates", [][]byte{leaf, middle, middle, middle, middle, middle, middle}, root, chainTime, "certificates_malformed"},
		{"no root", [][]byte{leaf, middle}, nil, chainTime, "certificates_malformed"},
		{"the middle is missing", [][]byte{leaf}, root, chainTime, "certificates_untrusted"},
		{"another root", [][]byte{leaf, middle}, evilRoot, chainTime, "certificates_untrusted"},
		{"its own root", [][]byte{certificate(t, signer, secret256.Public(), evilRoot, evilKey), evilRoot}, root, chainTime, "certificates_untrusted"},
		{"a chain past its path length", [][]byte{certificate(t, signer, secret256.Public(), tooLong, evilKey), tooLong, middle}, root, chainTime, "certificates_untrusted"},
		{"by one that is no authority", [][]byte{certificate(t, signer, secret256.Public(), noCA, evilKey), noCA}, root, chainTime, "certificates_untrusted"},
		{"an authority as signer", [][]byte{middle}, root, chainTime, "certificates_untrusted"},
		{"the root as signer", [][]byte{root}, root, chainTime, "certificates_untrusted"},
		{"a P-384 signer", [][]byte{certificate(t, signer, middleKey.Public(), root, rootKey)}, root, chainTime, "certificates_untrusted"},
		{"a key for encryption", [][]byte{certificate(t, with(signer, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), secret256.Public(), root, rootKey)}, root, chainTime, "certificates_untrusted"},
		{"outside of its constraints", [][]byte{certificate(t, signer, secret256.Public(), constrained, middleKey), constrained}, root, chainTime, "certificates_untrusted"},
		{"an unknown critical extension", [][]byte{certificate(t, with(signer, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}), secret256.Public(), root, rootKey)}, root, chainTime, "certificates_untrusted"},
		{"not yet", [][]byte{certificate(t, with(signer, soon), secret256.Public(), root, rootKey)}, root, chainTime, "certificates_expired"},
		{"no longer", [][]byte{certificate(t, with(signer, past), secret256.Public(), root, rootKey)}, root, chainTime, "certificates_expired"},
		{"the root no longer", [][]byte{direct}, certificate(t, with(authority("root", 1), past), rootKey.Public(), nil, rootKey), chainTime, "certificates_expired"},
		{"later", [][]byte{leaf, middle}, root, chainTime.Add(2 * time.Hour), "certificates_expired"},
		{"no time", [][]byte{leaf, middle}, root, time.Time{}, "certificates_expired"},
		{"a root of the same name and key", [][]byte{direct}, otherRoot, chainTime, ""},
	} {
		key, err := VerifyChain(c.chain, c.root, "", c.at)
		wantCode(t, c.what, err, c.code)
		if err != nil && key.Kind() != 0 {
			t.Errorf("%s: a key came back with the error", c.what)
		}
	}
}

func TestChainNamesTheIssuer(t *testing.T) {
	root := certificate(t, authority("root", 1), rootKey.Public(), nil, rootKey)
	leaf := certificate(t, signer, secret256.Public(), root, rootKey)
	for issuer, code := range map[string]string{
		"":                                   "",
		"did:web:board.example":              "",
		"https://issuer.example/a":           "",
		"https://board.example":              "",
		"https://board.example/x?y=1":        "",
		"https://BOARD.example:8443/":        "",
		"did:web:board.example:x":            "certificates_name",
		"did:web:other.example":              "certificates_name",
		"did:web:board.exampl":               "certificates_name",
		"https://issuer.example/ab":          "certificates_name",
		"https://issuer.example":             "certificates_name",
		"http://board.example":               "certificates_name",
		"https://sub.board.example":          "certificates_name",
		"https://board.example.evil.example": "certificates_name",
		"https://board.example@evil.example": "certificates_name",
		"https://user@board.example":         "certificates_name",
		"https://a.wild.example":             "certificates_name",
		"https://192.0.2.1":                  "certificates_name",
		"https://":                           "certificates_name",
		"https:board.example":                "certificates_name",
		"board.example":                      "certificates_name",
		"test":                               "certificates_name",
		"https://%zz":                        "certificates_name",
	} {
		_, err := VerifyChain([][]byte{leaf}, root, issuer, chainTime)
		wantCode(t, issuer, err, code)
	}
}

func TestX5c(t *testing.T) {
	key := publicOf(t, secret256)
	root := certificate(t, authority("root", 1), rootKey.Public(), nil, rootKey)
	chain := [][]byte{certificate(t, signer, secret256.Public(), root, rootKey), root}
	s, err := testProfile.Sign(Header{X5c: chain}, []byte("{}"), key, sign256)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Parse(s, testProfile)
	if err != nil || len(tok.Header.X5c) != 2 || string(tok.Header.X5c[1]) != string(root) {
		t.Fatal(err)
	}
	std := base64.StdEncoding.EncodeToString(chain[0])
	for _, x := range []string{
		`[]`, `null`, `"` + std + `"`, `{}`, `[1]`, `[""]`, `["` + std + `\n"]`, `["` + std[:8] + `\r\n` + std[8:] + `"]`,
		`["-----BEGIN CERTIFICATE-----"]`, `["` + b64([]byte{0xff, 0xff, 0xff}) + `"]`, `["A==="]`, `["AB=="]`, `["AA"]`,
		`["` + std + `","` + std + `","` + std + `","` + std + `","` + std + `","` + std + `","` + std + `"]`,
	} {
		_, err := Parse(raw(`{"alg":"ES256","typ":"test+jwt","x5c":`+x+`}`, `{}`), testProfile)
		wantCode(t, x, err, "certificates_malformed")
	}
	_, err = testProfile.Sign(Header{X5c: [][]byte{make([]byte, maxCertificate+1)}}, nil, key, sign256)
	wantCode(t, "a huge certificate", err, "certificates_malformed")
	c, err := x509.ParseCertificate(chain[0])
	if err != nil {
		t.Fatal(err)
	}
	if k, err := CertificateKey(c); err != nil || k != key {
		t.Error(err)
	}
	c.PublicKey = middleKey.Public()
	_, err = CertificateKey(c)
	wantCode(t, "P-384", err, "certificates_untrusted")
}
