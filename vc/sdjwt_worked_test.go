package vc

// The worked example of an SD-JWT VC in docs/credentials.md. Its values stand in
// testdata/credentials/worked-sd-jwt.json; here they are computed a second time,
// step by step. A signature of ECDSA is another one each time, so those of the
// file are checked and used.

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/jose"
)

type workedDisclosure struct {
	Path   string `json:"path"`
	JSON   string `json:"json"`
	Text   string `json:"disclosure"`
	Digest string `json:"digest"`
}

type workedSDJWT struct {
	ChainID            string             `json:"chain_id"`
	Issuer             string             `json:"issuer"`
	VerificationMethod string             `json:"verification_method"`
	Secret             string             `json:"p256_secret"`
	HolderSecret       string             `json:"holder_p256_secret"`
	HolderJWK          string             `json:"holder_jwk"`
	Claims             string             `json:"claims_jcs"`
	Salts              []string           `json:"disclosure_salts"`
	Disclosures        []workedDisclosure `json:"disclosures"`
	Payload            string             `json:"payload_with_empty_anchor_jcs"`
	Record             string             `json:"record_jcs"`
	Salt               string             `json:"leaf_salt"`
	LeafInput          string             `json:"leaf_input"`
	Leaf               string             `json:"leaf"`
	Anchor             string             `json:"anchor"`
	Header             string             `json:"header"`
	SigningInput       string             `json:"signing_input"`
	Signature          string             `json:"signature"`
	Credential         string             `json:"credential"`
	Mapped             string             `json:"mapped_jcs"`
	Disclosed          []string           `json:"disclosed"`
	Nonce              string             `json:"nonce"`
	Audience           string             `json:"audience"`
	BindingInput       string             `json:"key_binding_signing_input"`
	BindingHeader      string             `json:"key_binding_header"`
	BindingPayload     string             `json:"key_binding_payload"`
	BindingSignature   string             `json:"key_binding_signature"`
	Presentation       string             `json:"presentation"`
}

// kept signs with the signature that was kept for these bytes, if it holds;
// where the file is written anew it makes one.
func kept(t *testing.T, p party256, signature string, input *string, out *string) func([]byte) ([]byte, error) {
	return func(b []byte) ([]byte, error) {
		*input = string(b)
		if sig, err := hex.DecodeString(signature); err == nil && p.key.Verify(b, sig) {
			*out = signature
			return sig, nil
		}
		if !*update {
			t.Error("the signature in the file is not of what is signed")
		}
		sig, err := p.sign(b)
		*out = hex.EncodeToString(sig)
		return sig, err
	}
}

func workSDJWT(t *testing.T, old workedSDJWT) workedSDJWT {
	w := work(t)
	secret := func(n byte) (party256, string) {
		raw := make([]byte, 32)
		for i := range raw {
			raw[i] = n + byte(i)
		}
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
		if err != nil {
			t.Fatal(err)
		}
		return partyOf(k), hex.EncodeToString(raw)
	}
	var s workedSDJWT
	var issuer, holder party256
	issuer, s.Secret = secret(1)
	holder, s.HolderSecret = secret(0x41)
	s.ChainID, s.Issuer = w.ChainID, w.Issuer
	s.VerificationMethod = s.Issuer + "#" + issuer.key.Multikey()
	jwk, err := jose.WriteKey(holder.key)
	if err != nil {
		t.Fatal(err)
	}
	s.HolderJWK = string(canonical(jwk))
	claims := object(w.DraftCanonical) // the same as of the other envelope
	s.Claims = w.DraftCanonical

	// Disclosures, by hand: subject first, then licence, each in the order of
	// names.
	var source []byte
	for i, c := range []struct{ path, name, value string }{
		{"familyName", "familyName", `"Quillfeather"`},
		{"givenName", "givenName", `"Zelda"`},
		{"npi", "npi", `"1234567893"`},
		{"licence.expires", "expires", `"2028-11-30"`},
		{"licence.issued", "issued", `"2026-11-01"`},
		{"licence.number", "number", `"MD-0012345"`},
		{"licence.profession", "profession", `"physician"`},
	} {
		salt := bytes.Repeat([]byte{byte(0x10*(i+1) + i)}, 16)
		source = append(source, salt...)
		s.Salts = append(s.Salts, hex.EncodeToString(salt))
		text := `["` + enc64(salt) + `","` + c.name + `",` + c.value + `]`
		disclosure := enc64([]byte(text))
		s.Disclosures = append(s.Disclosures, workedDisclosure{c.path, text, disclosure, enc64(sha([]byte(disclosure)))})
	}
	digests := func(ds []workedDisclosure) string {
		var out []string
		for _, d := range ds {
			out = append(out, d.Digest)
		}
		slices.Sort(out)
		return `["` + strings.Join(out, `","`) + `"]`
	}
	s.Payload = `{"_sd":` + digests(s.Disclosures[:3]) + `,"_sd_alg":"sha-256","anchor":"","cnf":{"jwk":` + s.HolderJWK + `},"exp":1861833599,"iat":1793520000,` +
		`"iss":"` + s.Issuer + `","licence":{"_sd":` + digests(s.Disclosures[3:]) + `,"jurisdiction":"US-OH"},"nbf":1793491200,"status":{"ledger":{"idx":131075}},"vct":"` + testVct + `"}`
	var texts []string
	for _, d := range s.Disclosures {
		texts = append(texts, d.Text)
	}
	s.Record = `{"disclosures":["` + strings.Join(texts, `","`) + `"],"payload":` + s.Payload + `}`
	d, err := NewSDJWTDraft(claims, SDJWTOptions{
		Vct: testVct, Holder: holder.key, Issued: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), Rand: bytes.NewReader(source),
	})
	if err != nil {
		t.Fatal(err)
	}
	if string(d.JSON()) != s.Record {
		t.Errorf("the record is\n%s\nnot\n%s", d.JSON(), s.Record)
	}

	var salt [16]byte
	for i := range salt {
		salt[i] = byte(0xB0 + i)
	}
	s.Salt = hex.EncodeToString(salt[:])
	input := append([]byte{0}, lp("bonafide-leaf-1", s.ChainID, "dc+sd-jwt", string(salt[:]), s.Payload)...)
	s.LeafInput, s.Leaf = hex.EncodeToString(input), hex.EncodeToString(sha(input))
	if got, err := d.Leaf(s.ChainID, salt); err != nil || hex.EncodeToString(got[:]) != s.Leaf {
		t.Error("the leaf of the draft is another", err)
	}
	// First of two leaves, the other being the same licence in its other
	// envelope; the batch is alone in its epoch.
	anchor := []byte{1}
	anchor = binary.BigEndian.AppendUint64(anchor, 42)
	anchor = binary.BigEndian.AppendUint16(anchor, 0)
	anchor = binary.BigEndian.AppendUint16(anchor, 2)
	anchor = binary.BigEndian.AppendUint32(anchor, 0)
	anchor = append(append(anchor, salt[:]...), mustHex(w.Leaf)...)
	s.Anchor = enc64(anchor)

	sealed, err := d.Seal(s.Anchor, ProofOptions{VerificationMethod: s.VerificationMethod, Key: issuer.key},
		kept(t, issuer, old.Signature, &s.SigningInput, &s.Signature))
	if err != nil {
		t.Fatal(err)
	}
	s.Header = `{"alg":"ES256","kid":"` + s.VerificationMethod + `","typ":"dc+sd-jwt"}`
	filled := strings.Replace(s.Payload, `"anchor":""`, `"anchor":"`+s.Anchor+`"`, 1)
	if want := enc64([]byte(s.Header)) + "." + enc64([]byte(filled)); s.SigningInput != want {
		t.Errorf("signed is\n%s\nnot\n%s", s.SigningInput, want)
	}
	s.Credential = s.SigningInput + "." + enc64(mustHex(s.Signature)) + "~" + strings.Join(texts, "~") + "~"
	if string(sealed) != s.Credential {
		t.Error("the credential is another")
	}

	s.Disclosed, s.Nonce, s.Audience = []string{"familyName", "licence.number"}, "7b9c1e5d3a8f4026", "Example Hospital"
	shown, err := PresentSDJWT(sealed, s.Disclosed, s.Nonce, s.Audience, holder.key, time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC),
		kept(t, holder, old.BindingSignature, &s.BindingInput, &s.BindingSignature))
	if err != nil {
		t.Fatal(err)
	}
	bare := s.Credential[:strings.IndexByte(s.Credential, '~')+1] + s.Disclosures[0].Text + "~" + s.Disclosures[5].Text + "~"
	s.BindingHeader = `{"alg":"ES256","typ":"kb+jwt"}`
	s.BindingPayload = `{"aud":"` + s.Audience + `","iat":1795253400,"nonce":"` + s.Nonce + `","sd_hash":"` + enc64(sha([]byte(bare))) + `"}`
	if want := enc64([]byte(s.BindingHeader)) + "." + enc64([]byte(s.BindingPayload)); s.BindingInput != want {
		t.Errorf("the holder signs\n%s\nnot\n%s", s.BindingInput, want)
	}
	s.Presentation = bare + s.BindingInput + "." + enc64(mustHex(s.BindingSignature))
	if string(shown) != s.Presentation {
		t.Error("the presentation is another")
	}
	s.Mapped = `{"credentialStatus":[{"statusIndex":"131075","type":"LedgerStatusEntry"}],"credentialSubject":{"familyName":"Quillfeather","licence":{"jurisdiction":"US-OH","number":"MD-0012345","type":"Licence"},"type":"Practitioner"},` +
		`"evidence":[{"anchor":"` + s.Anchor + `","type":"LedgerAnchor"}],"issuer":"` + s.Issuer + `","type":["VerifiableCredential","` + testVct + `"],"validFrom":"2026-11-01T00:00:00Z","validUntil":"2028-12-30T23:59:59Z"}`
	return s
}

func TestWorkedExampleSDJWT(t *testing.T) {
	const name = "testdata/credentials/worked-sd-jwt.json"
	var old workedSDJWT
	if b, err := os.ReadFile(name); err == nil {
		if err := json.Unmarshal(b, &old); err != nil {
			t.Fatal(err)
		}
	} else if !*update {
		t.Fatal(err)
	}
	w := workSDJWT(t, old)
	got, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s says something else; with -update it is written anew, which breaks every credential issued before", name)
	}
	keys := func(method string, purpose did.Relationship) (did.PublicKey, error) {
		if method != w.VerificationMethod || purpose != did.AssertionMethod {
			t.Error("asked for another key")
		}
		_, fragment, _ := strings.Cut(method, "#")
		return did.ParseMultikey(fragment)
	}
	p, err := Parse([]byte(w.Presentation))
	if err != nil {
		t.Fatal(err)
	}
	a, err := p.Verify(keys)
	if err != nil {
		t.Fatal(err)
	}
	if got := canonical(a.Claims()); string(got) != w.Mapped {
		t.Errorf("reads as %s", got)
	}
	if err := p.VerifyKeyBinding(a, PresentationPolicy{Challenge: w.Nonce, Domain: w.Audience, Now: time.Date(2026, 11, 21, 9, 31, 0, 0, time.UTC)}); err != nil {
		t.Error(err)
	}
	if leaf, err := p.Leaf(w.ChainID, [16]byte(mustHex(w.Salt))); err != nil || hex.EncodeToString(leaf[:]) != w.Leaf {
		t.Error("leaf", err)
	}
	doc, err := os.ReadFile("../docs/credentials.md")
	if err != nil {
		t.Fatal(err)
	}
	shows := map[string]string{
		"method": w.VerificationMethod, "secret": w.Secret, "holder's secret": w.HolderSecret, "payload": w.Payload, "leaf salt": w.Salt, "leaf": w.Leaf,
		"anchor": w.Anchor, "header": w.Header, "signature": w.Signature, "key binding": w.BindingPayload, "key binding's signature": w.BindingSignature,
		"mapped": w.Mapped, "file": "vc/" + name,
	}
	for _, d := range w.Disclosures {
		shows["disclosure "+d.Path], shows["digest "+d.Path] = d.JSON, d.Digest
	}
	for what, value := range shows {
		if !strings.Contains(string(doc), value) {
			t.Errorf("docs/credentials.md does not show the %s %s", what, value)
		}
	}
}
