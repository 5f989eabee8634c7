package home

// What a board and a practitioner print.

import (
	"context"
	"fmt"

	"bonafide/did/bonafide"
	"bonafide/internal/card"
	"bonafide/internal/explain"
	"bonafide/issuer"
	"bonafide/vc"
	"bonafide/verifier"
	"bonafide/wallet"
)

// Letterhead is this home's board as its own document has it. Codes no_board,
// no_trust, no_data.
func (h *Home) Letterhead() (card.Sender, error) {
	id, err := h.BoardDID()
	if err != nil {
		return card.Sender{}, err
	}
	d, err := h.Data()
	if err != nil {
		return card.Sender{}, err
	}
	versions, err := d.View.Versions(id)
	if err != nil {
		return card.Sender{}, err
	}
	out := card.Sender{DID: id}
	for _, v := range versions {
		if v.Document != nil {
			out.Name, out.Contact = bonafide.Desk(v.Document)
		}
	}
	return out, nil
}

// BoardCard is the register copy of a licence, checked as anybody would, for a
// card. A copy is bound to no wallet, and paper could not show that it is.
// Codes as issuer.Board.Find, credential_not_ready, status_final, and those of
// the check.
func (h *Home) BoardCard(ctx context.Context, b *issuer.Board, ref string, format vc.Format) (card.Checked, error) {
	l, err := b.Find(ctx, ref)
	if err != nil {
		return card.Checked{}, err
	}
	if l.Status.Final() {
		return card.Checked{}, explain.Errorf("status_final", "the licence has ended")
	}
	raw, _, err := b.Credential(ctx, l.Record.Key.Ref(), issuer.RegisterCopy, format)
	if err != nil {
		return card.Checked{}, err
	}
	v, err := verifier.New(verifier.Config{Data: h.Data, Clock: h.clock})
	if err != nil {
		return card.Checked{}, err
	}
	a, err := v.Check(ctx, raw)
	if err != nil {
		return card.Checked{}, fmt.Errorf("checking what is to be printed: %w", err)
	}
	from, err := h.Letterhead()
	if err != nil {
		return card.Checked{}, err
	}
	out := card.Checked{Type: l.Record.Type, Board: from.Name, Claims: vc.SubjectClaims(a), Content: raw}
	if out.Board == "" {
		out.Board = string(from.DID)
	}
	return out, nil
}

// WalletCard is an envelope of a kept licence for a card: in the format asked
// for, or with "" the one that came first. names are the boards that the wallet's data
// knows. Code wallet_no_credential.
func WalletCard(it wallet.Item, names []wallet.Board, format vc.Format) (card.Checked, error) {
	for _, e := range it.Envelopes() {
		if format != "" && e.Format != format {
			continue
		}
		out := card.Checked{Board: string(it.Issuer), Content: e.Bytes}
		if len(it.Types) > 0 {
			out.Type = it.Types[0]
		}
		for _, b := range names {
			if b.DID == it.Issuer && b.Name != "" {
				out.Board = b.Name
			}
		}
		for _, f := range it.Fields {
			out.Claims = append(out.Claims, vc.Claim(f))
		}
		return out, nil
	}
	return card.Checked{}, explain.Errorf("wallet_no_credential", "the licence is not kept in this form")
}
