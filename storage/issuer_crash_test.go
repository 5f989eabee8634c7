package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
)

// openRegister opens the register of a crash test.
func openRegister(t *testing.T, dir string) (*DB, *IssuerStore) {
	t.Helper()
	db, err := Open(filepath.Join(dir, "issuer.db"), Issuer)
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewIssuerStore(db, bytes.Repeat([]byte{3}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return db, s
}

// bothFormats is a batch of one licence: its register copy in both formats, or
// what a claim adds.
func bothFormats(number uint64, l issuer.Licence, f issuer.Form) issuer.Plan {
	p := planned(number, l.ID, 7)
	p.Batch.Root, p.Batch.MethodES256 = ledger.Hash{byte(number)}, "did:x:y#e"
	for i, format := range []vc.Format{vc.VCDM, vc.SDJWT} {
		p.Leaves[i].Form, p.Leaves[i].Format, p.Leaves[i].Revision = f, format, l.Revision
	}
	if f == issuer.Bound {
		p.Indexes = nil
	}
	return p
}

// drive takes a register from wherever it stands to a licence that is issued,
// claimed and issued again, in both formats, as a board does after a crash. It
// signs anew whatever has no signature, each time with other bytes, and says
// what was stored.
func drive(s *IssuerStore, stored func(batch uint64, position int, credential []byte)) error {
	ctx := context.Background()
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for {
		ls, err := s.ByNumber(ctx, "A1")
		if err != nil {
			return err
		}
		if len(ls) == 0 {
			c := issuer.Change{Licence: registered("A1"), Events: []issuer.Event{{At: at, Act: issuer.ActImported, Person: "Ada"}}}
			if err := s.Apply(ctx, []issuer.Change{c}); err != nil {
				return err
			}
			continue
		}
		l := ls[0]
		open, err := s.Unfinished(ctx)
		if err != nil {
			return err
		}
		switch {
		case len(open) > 0:
			if err := forward(ctx, s, open[0], stored); err != nil {
				return err
			}
		case l.Revision > l.IssuedRev:
			f := issuer.RegisterCopy
			if l.Holder != "" {
				f = issuer.Bound
			}
			n, err := s.NewestBatch(ctx)
			if err != nil {
				return err
			}
			if err := s.Plan(ctx, bothFormats(n+1, l, f)); err != nil {
				return err
			}
		case l.Holder == "":
			code := issuer.Code{ID: "ABCDE", Licence: l.ID, Secret: []byte("0123456789"), Expires: at}
			if _, err := s.Code(ctx, "ABCDE"); errors.Is(err, issuer.ErrNotFound) {
				if err := s.PutCode(ctx, code, issuer.Event{At: at, Act: issuer.ActCode, Person: "Ada"}); err != nil {
					return err
				}
			}
			c := issuer.Change{Licence: l, WasRevision: l.Revision, WasStatusRev: l.StatusRev}
			c.Licence.Holder, c.Licence.HolderKey, c.Licence.Reissue = "did:key:z1", "zDn", issuer.ReissueAdd
			c.Licence.Revision++
			c.Licence.ClaimRev = c.Licence.Revision
			if err := s.UseCode(ctx, code.ID, c); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// forward takes a batch one step on.
func forward(ctx context.Context, s *IssuerStore, b issuer.Batch, stored func(uint64, int, []byte)) error {
	switch b.State {
	case issuer.Proved:
		leaves, err := s.Unsigned(ctx, b.Number, 1)
		if err != nil {
			return err
		}
		if len(leaves) > 0 {
			x := make([]byte, 16)
			rand.Read(x)
			if err := s.StoreSigned(ctx, b.Number, []issuer.SignedLeaf{{Position: leaves[0].Position, Bytes: x}}); err != nil {
				return err
			}
			stored(b.Number, leaves[0].Position, x)
			return nil
		}
	case issuer.Signed:
		return s.Finish(ctx, b.Number)
	}
	b.State++
	return s.Advance(ctx, b)
}

// TestThreat77_RegisterKilledAtEveryStatement: a process that issues, accepts a
// claim and issues again is killed at every statement. What it said was stored
// is there; the next one brings it to the same end; no leaf gets a second
// credential.
func TestThreat77_RegisterKilledAtEveryStatement(t *testing.T) {
	if dir, point, ok := inChild(); ok {
		deadline, err := strconv.Atoi(point)
		if err != nil {
			t.Fatal(err)
		}
		_, s := openRegister(t, dir)
		n := 0
		step = func(string) {
			if n++; n > deadline {
				die()
			}
		}
		err = drive(s, func(batch uint64, position int, c []byte) {
			fmt.Println("stored", batch, position, hex.EncodeToString(c))
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println("complete")
		die()
	}
	for deadline := 0; ; deadline++ {
		dir := t.TempDir()
		out := crash(t, dir, strconv.Itoa(deadline))
		db, s := openRegister(t, dir)
		said := map[string]string{}
		for _, line := range strings.Split(out, "\n") {
			if f := strings.Fields(line); len(f) == 4 && f[0] == "stored" {
				said[f[1]+" "+f[2]] = f[3]
			}
		}
		err := drive(s, func(batch uint64, position int, c []byte) {
			at := fmt.Sprint(batch, " ", position)
			if said[at] != "" {
				t.Errorf("killed at %d: leaf %s was signed again", deadline, at)
			}
			said[at] = hex.EncodeToString(c)
		})
		if err != nil {
			t.Fatalf("killed at %d, then: %v", deadline, err)
		}
		whole(t, s, said)
		if err := errors.Join(db.Check(context.Background()), db.Close()); err != nil {
			t.Errorf("killed at %d: %v", deadline, err)
		}
		if t.Failed() {
			t.Fatalf("killed at statement %d", deadline)
		}
		if strings.Contains(out, "complete") {
			if deadline < 30 {
				t.Errorf("only %d statements", deadline)
			}
			return
		}
	}
}

// whole holds the register to the end that drive brings it to. A credential
// that was stored before its process could say so is taken as it is.
func whole(t *testing.T, s *IssuerStore, said map[string]string) {
	t.Helper()
	ctx := context.Background()
	ls, err := s.ByNumber(ctx, "A1")
	if err != nil || len(ls) != 1 {
		t.Fatalf("%d licences, %v", len(ls), err)
	}
	l := ls[0]
	if l.Revision != 2 || l.IssuedRev != 2 || l.Batch != 0 || l.Reissue != issuer.ReissueNone || l.HolderKey != "zDn" || l.ClaimRev != 2 {
		t.Errorf("%+v", l)
	}
	if bs, err := s.Batches(ctx, 0, 10); err != nil || len(bs) != 2 || bs[1].State != issuer.Done || bs[1].MethodES256 == "" {
		t.Errorf("%+v, %v", bs, err)
	}
	if due, err := s.Due(ctx, 0, 10, true); err != nil || len(due) != 0 {
		t.Errorf("due: %+v, %v", due, err)
	}
	if taken, err := s.Taken(ctx, 0); err != nil || len(taken) != 1 {
		t.Errorf("%d indexes, %v", len(taken), err)
	}
	if es, err := s.Events(ctx, l.ID); err != nil || len(es) != 2 {
		t.Errorf("%+v, %v", es, err)
	}
	for i, x := range []struct {
		f      issuer.Form
		format vc.Format
	}{{issuer.RegisterCopy, vc.VCDM}, {issuer.RegisterCopy, vc.SDJWT}, {issuer.Bound, vc.VCDM}, {issuer.Bound, vc.SDJWT}} {
		c, leaf, err := s.Envelope(ctx, l.ID, x.f, x.format)
		if err != nil || leaf.Index != 7 || leaf.Position != i%2 || leaf.Revision != uint32(1+i/2) {
			t.Errorf("%+v, %v", leaf, err)
		}
		if want := said[fmt.Sprint(1+i/2, " ", i%2)]; want != "" && hex.EncodeToString(c) != want {
			t.Errorf("the credential of leaf %d is not the one that was stored first", i)
		}
	}
}
