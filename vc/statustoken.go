package vc

// Status List Tokens (draft-ietf-oauth-status-list): tokens of the same kind as
// an SD-JWT's, though no credentials.

import (
	"bytes"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/jose"
	"bonafide/internal/strictjson"
)

var statusToken = jose.Profile{Typ: "statuslist+jwt", Names: []string{"kid", "x5c"}}

// VerifyStatusListToken checks the signature of a Status List Token in its JWT
// form, alone or with one line feed after it, and returns its payload. keys
// finds the key, a P-256 one, by what the header names; kid is "" and
// certificates nil where it names none. Every error has a code.
func VerifyStatusListToken(b []byte, keys func(kid string, certificates [][]byte) (did.PublicKey, error)) (map[string]any, error) {
	t, err := jose.Parse(string(bytes.TrimSuffix(b, []byte("\n"))), statusToken)
	if err != nil {
		return nil, err
	}
	key, err := keys(t.Header.Kid, t.Header.X5c)
	if err != nil {
		return nil, coded("method_not_found", "finding the key of a status list token", err)
	}
	if err := t.Verify(key); err != nil {
		return nil, err
	}
	payload, err := strictjson.Object(t.Payload, strictjson.Limits{Bytes: limits.Bytes, Depth: 16, Nodes: 1000})
	if err != nil {
		return nil, explain.Errorf("token_malformed", "the payload: %w", err)
	}
	return payload, nil
}

// CertificateKey is the P-256 key of a certificate in DER, which is not judged
// in any other way. Codes certificates_malformed, certificates_untrusted.
func CertificateKey(der []byte) (did.PublicKey, error) {
	certs, err := jose.Certificates([][]byte{der})
	if err != nil {
		return did.PublicKey{}, err
	}
	return jose.CertificateKey(certs[0])
}
