package town

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"bonafide/did"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
)

// node is the ledger as the town's board sees it; only consensus is left out.
type node Town

func (n *node) ChainID() string { return Chain }

func (n *node) Submit(_ context.Context, tx []byte) (issuer.Receipt, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := n.l.Block(tx)
	r := issuer.Receipt{Height: n.l.Header(), Code: out.Results[0].Code, Detail: out.Results[0].Detail}
	n.l.Settle()
	return r, nil
}

// Refresh gives a copy of the state, as a pack would bring it.
func (n *node) Refresh(context.Context) (*pack.Data, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.data == nil || n.data.Height != n.l.View().Height() {
		c, err := n.l.View().Export(0, time.Time{})
		if err != nil {
			return nil, err
		}
		v, err := ledger.Assemble(c)
		if err != nil {
			return nil, err
		}
		n.data = &pack.Data{View: v, ChainID: Chain, Height: v.Height(), AsOf: n.l.Now}
	}
	return n.data, nil
}

func (n *node) BatchPath(_ context.Context, id did.DID, root ledger.Hash) (ledger.Located, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.l.View().Locate(id, root)
}

func (n *node) Sequence(_ context.Context, id did.DID) (uint64, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.l.View().Sequence(id)
}

func (n *node) Subject(_ context.Context, name string) ([][]byte, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.l.View().Entries(name)
}

// ed25519Key signs for the board.
type ed25519Key struct{ k ed25519.PrivateKey }

func (s ed25519Key) Public() did.PublicKey {
	p, err := did.NewPublicKey(did.Ed25519, s.k.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err) // a key that was just made
	}
	return p
}

func (s ed25519Key) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.k, msg), nil }

// p256 signs SD-JWT VCs for the board.
type p256 struct{ k *ecdsa.PrivateKey }

func newP256() (p256, error) {
	d := sha256.Sum256([]byte("town"))
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d[:])
	return p256{k}, err
}

func (s p256) Public() did.PublicKey {
	point, err := s.k.PublicKey.Bytes()
	if err != nil {
		panic(err) // a key that was just made
	}
	p, err := did.NewPublicKey(did.P256, point)
	if err != nil {
		panic(err)
	}
	return p
}

// Sign is ES256: r ‖ s over SHA-256.
func (s p256) Sign(msg []byte) ([]byte, error) {
	digest := sha256.Sum256(msg)
	r, t, err := ecdsa.Sign(rand.Reader, s.k, digest[:])
	if err != nil {
		return nil, err
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	t.FillBytes(sig[32:])
	return sig, nil
}
