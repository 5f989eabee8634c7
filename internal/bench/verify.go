package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"bonafide/did"
	"bonafide/did/key"
	"bonafide/internal/claimcode"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
	"bonafide/verifier"
)

const (
	distinct = 256 // credentials of one full batch, so that none is verified twice in a row
	claimed  = 64  // of them those that a wallet claims
	turns    = 31
	hospital = "Benchmark Hospital"
)

// now is a clock that can be believed and keeps nothing on disk.
type now struct{}

func (now) Read(context.Context) (device, floor time.Time, err error) {
	t := time.Now()
	return t, t, nil
}

// verified is a comparison of whole verdicts, from the bytes of a credential
// on, on one core with the ledger's data in memory, with the bare signature
// checks that they cannot do without.
type verified struct {
	name   string
	target float64
	files  [][]byte
	bare   func() bool // one bare check
	needs  int         // bare checks that one verdict needs
}

func (m verified) measure(ctx context.Context, data *pack.Data) (Row, error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	v, err := verifier.New(verifier.Config{Data: func() (*pack.Data, error) { return data, nil }, Clock: now{}})
	if err != nil {
		return Row{}, err
	}
	verdicts := func() error {
		for _, raw := range m.files {
			r, err := v.Verify(ctx, verifier.Input{Bytes: raw, Purpose: verifier.Monitoring})
			if err != nil {
				return err
			}
			if r.Verdict != verifier.Verified {
				return fmt.Errorf("a credential is %s: %s", r.Verdict, r.Headline)
			}
		}
		return nil
	}
	if err := verdicts(); err != nil { // schemas are compiled once
		return Row{}, err
	}
	checks := 4 * distinct
	var taken []turn
	for range turns {
		start := time.Now()
		for range checks {
			if !m.bare() {
				return Row{}, fmt.Errorf("a signature does not hold")
			}
		}
		bare := time.Since(start)
		start = time.Now()
		for n := 0; n < distinct; n += len(m.files) {
			if err := verdicts(); err != nil {
				return Row{}, err
			}
		}
		taken = append(taken, turn{distinct / time.Since(start).Seconds(), float64(checks/m.needs) / bare.Seconds()})
	}
	return compared(m.name, "verdicts/s", m.target, taken), nil
}

// measureVerify measures verdicts about VCDM credentials.
func measureVerify(ctx context.Context, dir string) ([]Row, error) {
	m := verified{name: "verify-eddsa-rdfc-2022", target: 0.25, needs: 1}
	var data *pack.Data
	err := withBoard(ctx, dir, "verify", ledger.MaxBatch, func(h *home.Home, b *issuer.Board, register []fixtures.Row) (err error) {
		if _, err := b.Issue(ctx, issuer.IssueOptions{Person: person}); err != nil {
			return err
		}
		if m.files, err = copies(ctx, b, register[:distinct], vc.VCDM); err != nil {
			return err
		}
		data, err = h.Data()
		return err
	})
	if err != nil {
		return nil, err
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	msg := make([]byte, 64) // as long as what the suite signs
	sig := ed25519.Sign(private, msg)
	m.bare = func() bool { return ed25519.Verify(public, msg, sig) }
	row, err := m.measure(ctx, data)
	return []Row{row}, err
}

// measureVerifySDJWT measures verdicts about SD-JWT VCs of which six claims are
// shown, alone and bound to a key.
func measureVerifySDJWT(ctx context.Context, dir string) (rows []Row, err error) {
	plain := verified{name: "verify-sd-jwt-vc", target: 0.45, needs: 1}
	bound := verified{name: "verify-sd-jwt-vc-kb", target: 0.4, needs: 2}
	var data *pack.Data
	err = withBoard(ctx, dir, "verify-sd-jwt", ledger.MaxBatch, func(h *home.Home, b *issuer.Board, register []fixtures.Row) error {
		if _, err := b.Issue(ctx, issuer.IssueOptions{Person: person}); err != nil {
			return err
		}
		files, err := copies(ctx, b, register[:distinct], vc.SDJWT)
		if err != nil {
			return err
		}
		for _, raw := range files {
			plain.files = append(plain.files, withoutNPI(raw))
		}
		if bound.files, err = presented(ctx, b, register[:claimed]); err != nil {
			return err
		}
		data, err = h.Data()
		return err
	})
	if err != nil {
		return nil, err
	}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(nil)
	sig, err := ecdsa.SignASN1(rand.Reader, k, digest[:])
	if err != nil {
		return nil, err
	}
	bare := func() bool { return ecdsa.VerifyASN1(&k.PublicKey, digest[:], sig) }
	for _, m := range []verified{plain, bound} {
		m.bare = bare
		row, err := m.measure(ctx, data)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// copies are the register copies of licences.
func copies(ctx context.Context, b *issuer.Board, register []fixtures.Row, format vc.Format) (files [][]byte, err error) {
	for _, r := range register {
		raw, _, err := b.Credential(ctx, r.Number, issuer.RegisterCopy, format)
		if err != nil {
			return nil, err
		}
		files = append(files, raw)
	}
	return files, nil
}

// withoutNPI is an SD-JWT of a licence with six of its seven disclosures.
func withoutNPI(raw []byte) []byte {
	var out [][]byte
	for _, part := range bytes.Split(raw, []byte("~")) {
		b, err := base64.RawURLEncoding.DecodeString(string(part))
		var d []any
		if err == nil && json.Unmarshal(b, &d) == nil && len(d) == 3 && d[1] == "npi" {
			continue
		}
		out = append(out, part)
	}
	return bytes.Join(out, []byte("~"))
}

// presented lets one wallet claim licences and present each of them.
func presented(ctx context.Context, b *issuer.Board, register []fixtures.Row) (files [][]byte, err error) {
	_, ed, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	es, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	point, err := es.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	holder, err := did.NewPublicKey(did.Ed25519, ed.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	phone, err := did.NewPublicKey(did.P256, point)
	if err != nil {
		return nil, err
	}
	sign := func(msg []byte) ([]byte, error) {
		digest := sha256.Sum256(msg)
		r, s, err := ecdsa.Sign(rand.Reader, es, digest[:])
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), err
	}
	for _, r := range register {
		text, _, err := b.ClaimCode(ctx, r.Number, issuer.ClaimCodeOptions{Person: person})
		if err != nil {
			return nil, err
		}
		code, err := claimcode.Parse(text)
		if err != nil {
			return nil, err
		}
		me, board := key.New(holder), b.DID
		presentation, err := vc.Present(me, nil, code.Challenge(board, me), board.String(), key.MethodID(holder), time.Now(),
			func(msg []byte) ([]byte, error) { return ed25519.Sign(ed, msg), nil })
		if err != nil {
			return nil, err
		}
		proof, err := vc.ProvePossession(phone, code.Challenge(board, key.New(phone)), board.String(), time.Now(), sign)
		if err != nil {
			return nil, err
		}
		file, err := json.Marshal(map[string]any{"format": 1, "presentation": json.RawMessage(presentation), "proof": string(proof)})
		if err != nil {
			return nil, err
		}
		if _, err := b.AcceptClaim(ctx, file, person); err != nil {
			return nil, err
		}
	}
	if _, err := b.Issue(ctx, issuer.IssueOptions{Person: person}); err != nil {
		return nil, err
	}
	shown := []string{"familyName", "givenName", "licence.expires", "licence.issued", "licence.number", "licence.profession"}
	nonce := base64.RawURLEncoding.EncodeToString(make([]byte, 16)) // nobody asked
	for _, r := range register {
		raw, _, err := b.Credential(ctx, r.Number, issuer.Bound, vc.SDJWT)
		if err != nil {
			return nil, err
		}
		p, err := vc.PresentSDJWT(raw, shown, nonce, hospital, phone, time.Now(), sign)
		if err != nil {
			return nil, err
		}
		files = append(files, p)
	}
	return files, nil
}
