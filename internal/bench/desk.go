package main

// `make bench-app`: a board's register on its desk, of 100,000 licences and of
// 100. It is what the app's screen asks, without the screen: model.Register over
// the sealed register on disk.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"bonafide/app/model"
	"bonafide/internal/fixtures"
	"bonafide/issuer"
	"bonafide/storage"
)

// deskArg as the first argument makes this process a desk, so that its memory is
// that of the desk alone.
const deskArg = "desk"

const (
	smallRegister = 100
	deskTurns     = 5
	searchTurns   = 9
	firstTarget   = 2
	searchTarget  = 0.2
	memoryTarget  = 400
)

// desked is what a desk says of its work, in milliseconds.
type desked struct {
	First    []float64 // until the first rows could be shown, each time from nothing
	All      float64   // until all was read and unsealed
	Search   []float64 // one search over all of it
	Resident float64   // memory of the process then, in KiB
}

// filled makes a database with a register of n licences.
func filled(ctx context.Context, path string, n int) (err error) {
	return withRegister(path, func(s *storage.IssuerStore) error {
		rows := fixtures.Register(1, fixtures.Medicine, n, time.Now().UTC())
		const page = 5000
		for len(rows) > 0 {
			part := rows[:min(page, len(rows))]
			rows = rows[len(part):]
			changes := make([]issuer.Change, len(part))
			for i, r := range part {
				changes[i].Licence = issuer.Licence{Revision: 1, Record: issuer.Record{
					Key: issuer.Key{Type: r.Type, Jurisdiction: r.Jurisdiction, Number: r.Number}, Profession: r.Profession,
					GivenName: r.GivenName, FamilyName: r.FamilyName, NPI: r.NPI, Issued: issuer.Date(r.Issued), Expires: issuer.Date(r.Expires),
				}}
			}
			if err := s.Apply(ctx, changes); err != nil {
				return err
			}
		}
		return nil
	})
}

// withRegister opens the register at path.
func withRegister(path string, f func(*storage.IssuerStore) error) (err error) {
	db, err := storage.Open(path, storage.Issuer)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	s, err := storage.NewIssuerStore(db, make([]byte, 32))
	if err != nil {
		return err
	}
	defer s.Close()
	return f(s)
}

// shelf is a store as a desk asks for it; the board puts nothing of its own
// between the two.
type shelf struct{ *storage.IssuerStore }

func (s shelf) Page(ctx context.Context, after int64, limit int) ([]issuer.Licence, error) {
	return s.After(ctx, after, limit)
}

func (s shelf) Licences(ctx context.Context, ids []int64) ([]issuer.Licence, error) {
	return s.ByID(ctx, ids)
}

// deskWorker reads a register as the desk does: PATH, number of licences.
func deskWorker(ctx context.Context, args []string, w io.Writer) error {
	if len(args) != 2 {
		return errors.New("desk: PATH N")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return withRegister(args[0], func(s *storage.IssuerStore) error {
		var out desked
		for range deskTurns {
			first, all, r, err := read(ctx, s)
			if err != nil {
				return err
			}
			if got := r.State().Found; got != n {
				return fmt.Errorf("%d of %d rows", got, n)
			}
			out.First, out.All = append(out.First, first), all
			if len(out.First) < deskTurns {
				r.Wipe()
				continue
			}
			for range searchTurns {
				start := time.Now()
				r.Search("zhq ohio")
				out.Search = append(out.Search, ms(start))
				r.Search("")
			}
			runtime.GC() // what reading left behind is no part of what is kept
			if out.Resident, err = resident(os.Getpid()); err != nil {
				return err
			}
			runtime.KeepAlive(r)
		}
		return json.NewEncoder(w).Encode(out)
	})
}

func ms(since time.Time) float64 { return float64(time.Since(since)) / float64(time.Millisecond) }

// read reads a register from nothing, and says after how long the first rows
// stood there, and all.
func read(ctx context.Context, s *storage.IssuerStore) (first, all float64, r *model.Register, err error) {
	var once sync.Once
	start := time.Now()
	r = model.NewRegister(func(context.Context) (model.Registering, error) { return shelf{s}, nil }, time.Now, model.English(), func() {
		if r.State().Loaded {
			once.Do(func() { first = ms(start) })
		}
	})
	r.Refresh(ctx)
	all = ms(start)
	if code := r.State().Trouble.Code; code != "" {
		return 0, 0, nil, errors.New(code)
	}
	return first, all, r, nil
}

// measureDesk compares a desk of 100,000 licences with one of 100.
func measureDesk(ctx context.Context, dir string) ([]Row, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var done [2]desked
	for i, n := range []int{registerSize, smallRegister} {
		path := filepath.Join(dir, fmt.Sprintf("desk-%d.db", n))
		if err := filled(ctx, path, n); err != nil {
			return nil, fmt.Errorf("filling a register: %w", err)
		}
		cmd := exec.CommandContext(ctx, self, deskArg, path, strconv.Itoa(n))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("the desk: %w", err)
		}
		if err := json.Unmarshal(out, &done[i]); err != nil {
			return nil, err
		}
	}
	var first, search []turn
	for i, x := range done[0].First {
		first = append(first, turn{x, done[1].First[i]})
	}
	for _, x := range done[0].Search {
		search = append(search, turn{x, done[0].All})
	}
	memory, most := done[0].Resident/1024, float64(memoryTarget)
	return []Row{
		less("register-100000", "ms", firstTarget, first),
		less("register-search", "ms", searchTarget, search),
		{Name: "register-memory", Value: memory, Unit: "MiB", Target: &most, Better: Lower},
	}, nil
}
