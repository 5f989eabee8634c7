package home

// The practitioner's side of a home.

import (
	"context"

	"bonafide/internal/keys"
	"bonafide/storage"
	"bonafide/wallet"
)

// Wallet opens the wallet of the home, until Lock or Close; it unlocks the home.
func (h *Home) Wallet(context.Context) (*wallet.Wallet, error) {
	db, err := h.database(storage.Wallet)
	if err != nil {
		return nil, err
	}
	var store *storage.WalletStore
	err = h.withMaster(func(master []byte) (err error) {
		if store, err = storage.NewWalletStore(db, master); err == nil {
			h.sealing(store)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	ks, err := h.Keys(keys.Holder)
	if err != nil {
		return nil, err
	}
	hospital, err := h.Hospital(context.Background(), HospitalOptions{})
	if err != nil {
		return nil, err
	}
	return wallet.New(wallet.Config{
		Store: store, Keys: wallet.KeysOf(ks), Checker: hospital, Data: h.Data, Now: h.o.Now, Rand: h.o.Rand,
	})
}
