package home

import (
	"sync"
	"testing"
	"time"

	"bonafide/did"
	"bonafide/internal/explain"
	"bonafide/internal/keys"
)

// unlockedHome is a new home whose people's passphrase is the user's.
func unlockedHome(t *testing.T) *Home {
	t.Helper()
	h := mustOpen(t, newHome(t), options(&user{pass: goodPass}))
	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	return h
}

// After Lock nothing that was handed out before opens or signs, whoever holds
// it; what needs no passphrase goes on, and Unlock opens everything anew.
func TestLock(t *testing.T) {
	h := unlockedHome(t)
	sealer, err := h.Sealer("wallet", "data")
	if err != nil {
		t.Fatal(err)
	}
	w, err := h.Wallet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	person, err := h.Person()
	if err != nil {
		t.Fatal(err)
	}
	master := h.master
	ks, err := h.Keys(keys.Person)
	if err != nil {
		t.Fatal(err)
	}

	h.Lock()
	if h.Actor() != "" {
		t.Error("the locked home says that somebody acts in it")
	}
	for _, b := range master {
		if b != 0 {
			t.Fatal("the master key is still in memory")
		}
	}
	if _, err := sealer.Seal(historyCell, []byte("x")); explain.CodeOf(err) != "home_locked" {
		t.Errorf("a sealer of before: %v", err)
	}
	if _, err := person.Signer.Sign([]byte("x")); err == nil {
		t.Error("a signer of before signs")
	}
	if _, _, err := ks.Create(did.Ed25519); err == nil {
		t.Error("a key store of before makes keys")
	}
	if _, err := w.Holder(t.Context()); explain.CodeOf(err) != "home_locked" {
		t.Errorf("a wallet of before: %v", err)
	}
	v, err := h.Hospital(t.Context(), HospitalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.DataAge(t.Context()); explain.CodeOf(err) != "no_trust" {
		t.Errorf("the hospital's side of a locked home: %v", err)
	}

	if err := h.Unlock(); err != nil {
		t.Fatal(err)
	}
	if w, err = h.Wallet(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Holder(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// A lock while others work: each piece of work is done or refused, and nothing
// races (run with -race).
func TestLockWhileOthersWork(t *testing.T) {
	h := unlockedHome(t)
	s, err := h.Sealer("wallet", "data")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	begun := make(chan struct{}, 4)
	for range 4 {
		all.Go(func() {
			for i := 0; ; i++ {
				if i == 1 {
					begun <- struct{}{}
				}
				sealed, err := s.Seal(historyCell, []byte("x"))
				if err == nil {
					_, err = s.Open(historyCell, sealed)
				}
				if err != nil {
					if explain.CodeOf(err) != "home_locked" {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	for range 4 {
		<-begun
	}
	h.Lock()
	all.Wait()
}

func TestIdleTime(t *testing.T) {
	h := unlockedHome(t)
	for _, c := range []struct{ set, want time.Duration }{
		{0, MinIdle}, {10 * time.Minute, 10 * time.Minute}, {24 * time.Hour, MaxIdle},
	} {
		if d, err := h.IdleTime(t.Context()); c.set == 0 && (err != nil || d != DefaultIdle) {
			t.Fatalf("a new home: %v, %v", d, err)
		}
		if err := h.SetIdleTime(t.Context(), c.set); err != nil {
			t.Fatal(err)
		}
		if d, err := h.IdleTime(t.Context()); err != nil || d != c.want {
			t.Errorf("set to %v: %v, %v", c.set, d, err)
		}
	}
	findings, err := h.Check(t.Context(), true)
	if err != nil || len(findings) > 0 {
		t.Errorf("the check of the home: %v, %v", findings, err)
	}
}

func TestActAs(t *testing.T) {
	h := unlockedHome(t)
	first := h.Actor()
	if err := h.AddPerson(t.Context(), "Second Person"); err != nil {
		t.Fatal(err)
	}
	if err := h.ActAs("Nobody"); explain.CodeOf(err) != "person_unknown" {
		t.Errorf("an unknown name: %v", err)
	}
	if err := h.ActAs("Second Person"); err != nil {
		t.Fatal(err)
	}
	if h.Actor() != "" {
		t.Error("another person acts in a home that the first one opened")
	}
	if err := h.Unlock(); err != nil || h.Actor() != "Second Person" {
		t.Errorf("unlocked as %q: %v", h.Actor(), err)
	}
	if err := h.ActAs(first); err != nil {
		t.Fatal(err)
	}
}

func TestWritable(t *testing.T) {
	if err := Writable(t.TempDir()); err != nil {
		t.Error(err)
	}
	if err := Writable(t.TempDir() + "/nowhere"); explain.CodeOf(err) != "folder_unwritable" {
		t.Errorf("a folder that is not there: %v", err)
	}
}
