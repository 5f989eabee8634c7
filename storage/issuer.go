package storage

// The database of a board: its register, what it is about to sign, and what
// it has issued. It implements issuer.Store.

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"bonafide/did"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/vc"
)

// Issuer is the schema of issuer.db.
var Issuer = roleSchema("issuer", appIssuer)

// IssuerStore keeps what a board must not forget.
type IssuerStore struct {
	db   *DB
	seal *Sealer
}

var _ issuer.Store = (*IssuerStore)(nil)

// NewIssuerStore returns the store in a database of schema Issuer. Master is
// the home's master key.
func NewIssuerStore(db *DB, master []byte) (*IssuerStore, error) {
	seal, err := NewSealer(master, Issuer.Name, "data")
	if err != nil {
		return nil, err
	}
	return &IssuerStore{db: db, seal: seal}, nil
}

// Close overwrites the store's keys. The DB stays open.
func (s *IssuerStore) Close() { s.seal.Close() }

// write runs f in a write transaction with statements prepared once each.
func (s *IssuerStore) write(ctx context.Context, f func(*statements) error) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error { return withStatements(ctx, tx, f) })
}

func (s *IssuerStore) read(ctx context.Context, f func(*statements) error) error {
	return s.db.Read(ctx, func(tx *sql.Tx) error { return withStatements(ctx, tx, f) })
}

// statements prepares each SQL text once for a transaction.
type statements struct {
	ctx      context.Context
	tx       *sql.Tx
	prepared map[string]*sql.Stmt
}

func withStatements(ctx context.Context, tx *sql.Tx, f func(*statements) error) error {
	q := &statements{ctx, tx, map[string]*sql.Stmt{}}
	err := f(q)
	for _, st := range q.prepared {
		err = errors.Join(err, st.Close())
	}
	return err
}

func (q *statements) stmt(text string) (*sql.Stmt, error) {
	if st, ok := q.prepared[text]; ok {
		return st, nil
	}
	st, err := q.tx.PrepareContext(q.ctx, text)
	if err != nil {
		return nil, fmt.Errorf("preparing a statement: %w", err)
	}
	q.prepared[text] = st
	return st, nil
}

// exec runs a statement and returns the number of rows it changed.
func (q *statements) exec(text string, args ...any) (int64, error) {
	st, err := q.stmt(text)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(q.ctx, args...)
	if err != nil {
		return 0, err
	}
	step("statement")
	return r.RowsAffected()
}

// one runs a statement that must change exactly one row; issuer.ErrConflict
// where it does not.
func (q *statements) one(text string, args ...any) error {
	n, err := q.exec(text, args...)
	if err == nil && n != 1 {
		err = issuer.ErrConflict
	}
	return err
}

// scan reads one row; sql.ErrNoRows where there is none.
func (q *statements) scan(text string, args []any, dst ...any) error {
	st, err := q.stmt(text)
	if err != nil {
		return err
	}
	return st.QueryRowContext(q.ctx, args...).Scan(dst...)
}

// each calls f for every row.
func (q *statements) each(text string, args []any, f func(scan func(...any) error) error) error {
	st, err := q.stmt(text)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(q.ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sealJSON seals a value as JSON for its cell; openJSON is the way back.
func (s *IssuerStore) sealJSON(at Cell, v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return s.seal.Seal(at, b)
}

func (s *IssuerStore) openJSON(at Cell, sealed []byte, dst any) error {
	b, err := s.seal.Open(at, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, dst); err != nil {
		return fmt.Errorf("reading %s.%s: %w", at.Table, at.Column, err)
	}
	return nil
}

// licenceBody is the sealed part of a licence.
type licenceBody struct {
	Record           issuer.Record
	Imported, Status ledger.Status
	Holder           did.DID `json:",omitempty"`
	HolderKey        string  `json:",omitempty"`
	ClaimRev         uint32  `json:",omitempty"`
	// What the last import said, where that is not the record.
	File *issuer.Record `json:",omitempty"`
}

const licenceColumns = `id, status_rev, settled_rev, revision, issued_rev, reissue, batch, body`

func (s *IssuerStore) licence(scan func(...any) error) (issuer.Licence, error) {
	var (
		l   issuer.Licence
		raw []byte
	)
	if err := scan(&l.ID, &l.StatusRev, &l.SettledRev, &l.Revision, &l.IssuedRev, &l.Reissue, &l.Batch, &raw); err != nil {
		return l, err
	}
	var b licenceBody
	if err := s.openJSON(IntCell("licence", "body", l.ID), raw, &b); err != nil {
		return l, err
	}
	l.Record, l.File, l.Imported, l.Status = b.Record, b.Record, b.Imported, b.Status
	if b.File != nil {
		l.File = *b.File
	}
	l.Holder, l.HolderKey, l.ClaimRev = b.Holder, b.HolderKey, b.ClaimRev
	return l, nil
}

func (s *IssuerStore) keyIndex(k issuer.Key) []byte {
	return s.seal.Index("licence", "key", lp(nil, k.Type, k.Jurisdiction, k.Number))
}

func (s *IssuerStore) numberIndex(number string) []byte {
	return s.seal.Index("licence", "number", []byte(number))
}

// ByKeys implements issuer.Store.
func (s *IssuerStore) ByKeys(ctx context.Context, keys []issuer.Key) ([]issuer.Licence, error) {
	out := make([]issuer.Licence, len(keys))
	err := s.read(ctx, func(q *statements) error {
		for i, k := range keys {
			err := q.each(`SELECT `+licenceColumns+` FROM licence WHERE key_index = ?`, []any{s.keyIndex(k)}, func(scan func(...any) error) (err error) {
				out[i], err = s.licence(scan)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading licences: %w", err)
	}
	return out, nil
}

// list reads licences by a query.
func (s *IssuerStore) list(ctx context.Context, where string, args ...any) ([]issuer.Licence, error) {
	var out []issuer.Licence
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT `+licenceColumns+` FROM licence `+where, args, func(scan func(...any) error) error {
			l, err := s.licence(scan)
			out = append(out, l)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading licences: %w", err)
	}
	return out, nil
}

// ByNumber implements issuer.Store.
func (s *IssuerStore) ByNumber(ctx context.Context, number string) ([]issuer.Licence, error) {
	return s.list(ctx, `WHERE number_index = ? ORDER BY id LIMIT 100`, s.numberIndex(number))
}

// ByID implements issuer.Store.
func (s *IssuerStore) ByID(ctx context.Context, ids []int64) ([]issuer.Licence, error) {
	out := make([]issuer.Licence, 0, len(ids))
	err := s.read(ctx, func(q *statements) error {
		for _, id := range ids {
			n := len(out)
			err := q.each(`SELECT `+licenceColumns+` FROM licence WHERE id = ?`, []any{id}, func(scan func(...any) error) error {
				l, err := s.licence(scan)
				out = append(out, l)
				return err
			})
			if err != nil {
				return err
			}
			if len(out) == n {
				return issuer.ErrNotFound
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading licences: %w", err)
	}
	return out, nil
}

// After implements issuer.Store.
func (s *IssuerStore) After(ctx context.Context, id int64, limit int) ([]issuer.Licence, error) {
	return s.list(ctx, `WHERE id > ? ORDER BY id LIMIT ?`, id, limit)
}

// Due implements issuer.Store.
func (s *IssuerStore) Due(ctx context.Context, after int64, limit int, lacking bool) ([]issuer.Licence, error) {
	if !lacking {
		return s.list(ctx, `WHERE revision > issued_rev AND batch = 0 AND id > ? ORDER BY id LIMIT ?`, after, limit)
	}
	// Each half reads one small index in its order; OR would read the table.
	return s.list(ctx, `WHERE id IN (
		SELECT id FROM licence WHERE revision > issued_rev AND batch = 0 AND id > ?1 UNION
		SELECT id FROM licence WHERE formats & 2 = 0 AND issued_rev > 0 AND batch = 0 AND id > ?1 ORDER BY id LIMIT ?2) ORDER BY id`, after, limit)
}

// Unsettled implements issuer.Store.
func (s *IssuerStore) Unsettled(ctx context.Context, after int64, limit int) ([]issuer.Licence, error) {
	return s.list(ctx, `WHERE status_rev > settled_rev AND id > ? ORDER BY id LIMIT ?`, after, limit)
}

// Apply implements issuer.Store.
func (s *IssuerStore) Apply(ctx context.Context, changes []issuer.Change) error {
	err := s.write(ctx, func(q *statements) error {
		var licence, event int64
		if err := nextIDs(q, &licence, &event); err != nil {
			return err
		}
		for i := range changes {
			if err := s.apply(q, &changes[i], &licence, &event); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing licences: %w", err)
	}
	return nil
}

// nextIDs reads the highest ids given so far. Ids are chosen before inserting
// because they stand in the associated data of sealed values.
func nextIDs(q *statements, licence, event *int64) error {
	if err := q.scan(`SELECT coalesce(max(id), 0) FROM licence`, nil, licence); err != nil {
		return err
	}
	return q.scan(`SELECT coalesce(max(id), 0) FROM event`, nil, event)
}

func (s *IssuerStore) apply(q *statements, c *issuer.Change, licence, event *int64) error {
	l := c.Licence
	added := l.ID == 0
	if added {
		*licence++
		l.ID = *licence
	}
	if !added {
		if err := s.check(q, c); err != nil {
			return err
		}
	}
	plain := licenceBody{
		Record: l.Record, Imported: l.Imported, Status: l.Status,
		Holder: l.Holder, HolderKey: l.HolderKey, ClaimRev: l.ClaimRev,
	}
	if l.File != l.Record && l.File != (issuer.Record{}) {
		plain.File = &l.File
	}
	body, err := s.sealJSON(IntCell("licence", "body", l.ID), plain)
	if err != nil {
		return err
	}
	if added {
		err = q.one(`INSERT INTO licence (id, key_index, number_index, status_rev, settled_rev, revision, issued_rev, reissue, batch, body)
			VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, ?) ON CONFLICT (key_index) DO NOTHING`,
			l.ID, s.keyIndex(l.Record.Key), s.numberIndex(l.Record.Number), l.StatusRev, l.SettledRev, l.Revision, l.Reissue, body)
	} else {
		err = q.one(`UPDATE licence SET status_rev = ?, revision = ?, reissue = max(reissue, ?), body = ?
			WHERE id = ? AND status_rev = ? AND revision = ?`,
			l.StatusRev, l.Revision, l.Reissue, body, l.ID, c.WasStatusRev, c.WasRevision)
	}
	if err != nil {
		return err
	}
	if err := s.move(q, l.ID, c); err != nil {
		return err
	}
	for _, e := range c.Events {
		*event++
		if err := s.putEvent(q, *event, l.ID, e); err != nil {
			return err
		}
	}
	return nil
}

// eventBody is the sealed part of an event.
type eventBody struct {
	Person   string
	Approver string `json:",omitempty"`
	Status   ledger.Status
	Reason   string      `json:",omitempty"`
	Decision int64       `json:",omitempty"`
	Kind     issuer.Kind `json:",omitempty"`
}

func (s *IssuerStore) putEvent(q *statements, id, licence int64, e issuer.Event) error {
	body, err := s.sealJSON(IntCell("event", "body", id), eventBody{e.Person, e.Approver, e.Status, e.Reason, e.Decision, e.Kind})
	if err != nil {
		return err
	}
	return q.one(`INSERT INTO event (id, licence, at, act, status_rev, height, body) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		id, licence, e.At.Unix(), string(e.Act), e.StatusRev, e.Height, body)
}

// Events implements issuer.Store.
func (s *IssuerStore) Events(ctx context.Context, licence int64) ([]issuer.Event, error) {
	var out []issuer.Event
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT id, at, act, status_rev, height, body FROM event WHERE licence = ? ORDER BY id`, []any{licence}, func(scan func(...any) error) error {
			var (
				e      = issuer.Event{Licence: licence}
				id, at int64
				act    string
				sealed []byte
				body   eventBody
			)
			if err := scan(&id, &at, &act, &e.StatusRev, &e.Height, &sealed); err != nil {
				return err
			}
			if err := s.openJSON(IntCell("event", "body", id), sealed, &body); err != nil {
				return err
			}
			e.At, e.Act = unix(at), issuer.Act(act)
			e.Person, e.Approver, e.Status, e.Reason = body.Person, body.Approver, body.Status, body.Reason
			e.Decision, e.Kind = body.Decision, body.Kind
			out = append(out, e)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading history: %w", err)
	}
	return out, nil
}

func unix(s int64) time.Time { return time.Unix(s, 0).UTC() }

// Settle implements issuer.Store.
func (s *IssuerStore) Settle(ctx context.Context, settled []issuer.Settled) error {
	err := s.write(ctx, func(q *statements) error {
		for _, x := range settled {
			n, err := q.exec(`UPDATE licence SET settled_rev = ? WHERE id = ? AND settled_rev < ? AND status_rev >= ?`,
				x.StatusRev, x.Licence, x.StatusRev, x.StatusRev)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if _, err := q.exec(`UPDATE event SET height = ? WHERE licence = ? AND status_rev > 0 AND status_rev <= ? AND height = 0`,
				x.Height, x.Licence, x.StatusRev); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording status: %w", err)
	}
	return nil
}

// Indexes implements issuer.Store.
func (s *IssuerStore) Indexes(ctx context.Context, licences []int64) ([]issuer.Index, error) {
	var out []issuer.Index
	err := s.read(ctx, func(q *statements) error {
		for _, id := range licences {
			err := q.each(`SELECT i.number, i.batch, b.state, i.valid_until, i.supersedes
				FROM status_index i JOIN batch b ON b.number = i.batch WHERE i.licence = ? ORDER BY i.batch`, []any{id}, func(scan func(...any) error) error {
				var (
					x     = issuer.Index{Licence: id}
					until int64
				)
				if err := scan(&x.Number, &x.Batch, &x.State, &until, &x.Supersedes); err != nil {
					return err
				}
				x.ValidUntil = unix(until)
				out = append(out, x)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading indexes: %w", err)
	}
	return out, nil
}

// Taken implements issuer.Store. Of a page that is closed (ClosePages) all is
// taken.
func (s *IssuerStore) Taken(ctx context.Context, page uint32) ([]uint32, error) {
	if closed, err := s.db.pageClosed(ctx, page); err != nil || closed {
		return allOf(page), err
	}
	var out []uint32
	first := int64(page) * ledger.PageIndexes
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT number FROM status_index WHERE number >= ? AND number < ?`, []any{first, first + ledger.PageIndexes}, func(scan func(...any) error) error {
			var n uint32
			err := scan(&n)
			out = append(out, n)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading indexes: %w", err)
	}
	return out, nil
}

// Held implements issuer.Store.
func (s *IssuerStore) Held(ctx context.Context, licences []int64) ([]issuer.Held, error) {
	var out []issuer.Held
	err := s.read(ctx, func(q *statements) error {
		for _, id := range licences {
			err := q.each(`SELECT l.status_index, l.form, l.format FROM leaf l JOIN batch b ON b.number = l.id / 4096
				WHERE l.licence = ? AND b.state = ?`, []any{id, issuer.Done}, func(scan func(...any) error) error {
				h := issuer.Held{Licence: id}
				var f formatCode
				err := scan(&h.Index, &h.Form, &f)
				h.Format = f.format()
				out = append(out, h)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was issued: %w", err)
	}
	return out, nil
}

// formatCode is how a format is stored: the bit of it in licence.formats.
type formatCode uint8

func codeOf(f vc.Format) formatCode {
	if f == vc.SDJWT {
		return 2
	}
	return 1
}

func (c formatCode) format() vc.Format {
	if c == 2 {
		return vc.SDJWT
	}
	return vc.VCDM
}

const batchColumns = `number, state, created, method, method_es256, person, root, size, validity_year, validity_month, scopes, epoch, position, path`

func (s *IssuerStore) batches(ctx context.Context, where string, args ...any) ([]issuer.Batch, error) {
	var out []issuer.Batch
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT `+batchColumns+` FROM batch `+where, args, func(scan func(...any) error) error {
			var (
				b                          issuer.Batch
				created                    int64
				person, root, scopes, path []byte
			)
			if err := scan(&b.Number, &b.State, &created, &b.Method, &b.MethodES256, &person, &root, &b.Size,
				&b.LastValidity.Year, &b.LastValidity.Month, &scopes, &b.Epoch, &b.Position, &path); err != nil {
				return err
			}
			name, err := s.seal.Open(IntCell("batch", "person", int64(b.Number)), person)
			if err != nil {
				return err
			}
			if err := json.Unmarshal(scopes, &b.Scopes); err != nil {
				return fmt.Errorf("reading the scopes of a batch: %w", err)
			}
			if len(root) != len(b.Root) || len(path)%len(b.Root) != 0 {
				return errors.New("a hash has the wrong length")
			}
			b.Person, b.Created, b.Root = string(name), unix(created), ledger.Hash(root)
			for ; len(path) > 0; path = path[len(b.Root):] {
				b.Path = append(b.Path, ledger.Hash(path[:len(b.Root)]))
			}
			out = append(out, b)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading batches: %w", err)
	}
	return out, nil
}

// Unfinished implements issuer.Store.
func (s *IssuerStore) Unfinished(ctx context.Context) ([]issuer.Batch, error) {
	return s.batches(ctx, `WHERE state < 5 ORDER BY number`) // 5 is issuer.Done
}

// Batches implements issuer.Store.
func (s *IssuerStore) Batches(ctx context.Context, after uint64, limit int) ([]issuer.Batch, error) {
	return s.batches(ctx, `WHERE number > ? ORDER BY number LIMIT ?`, after, limit)
}

// NewestBatch implements issuer.Store.
func (s *IssuerStore) NewestBatch(ctx context.Context) (uint64, error) {
	var n uint64
	err := s.read(ctx, func(q *statements) error { return q.scan(`SELECT coalesce(max(number), 0) FROM batch`, nil, &n) })
	if err != nil {
		return 0, fmt.Errorf("reading batches: %w", err)
	}
	return n, nil
}

// leafID is the row of a leaf. A batch has at most 4,096.
func leafID(batch uint64, position int) int64 { return int64(batch)*ledger.MaxBatch + int64(position) }

// leafRange is the rows of a batch, for BETWEEN.
func leafRange(batch uint64) (first, last int64) {
	return leafID(batch, 0), leafID(batch, ledger.MaxBatch-1)
}

// Plan implements issuer.Store.
func (s *IssuerStore) Plan(ctx context.Context, p issuer.Plan) error {
	err := s.write(ctx, func(q *statements) error {
		var newest uint64
		if err := q.scan(`SELECT coalesce(max(number), 0) FROM batch`, nil, &newest); err != nil {
			return err
		}
		b := &p.Batch
		if b.Number != newest+1 || b.State != issuer.Planned || len(p.Leaves) == 0 || len(p.Leaves) > ledger.MaxBatch {
			return issuer.ErrConflict
		}
		person, err := s.seal.Seal(IntCell("batch", "person", int64(b.Number)), []byte(b.Person))
		if err != nil {
			return err
		}
		scopes, err := json.Marshal(b.Scopes)
		if err != nil {
			return err
		}
		if err := q.one(`INSERT INTO batch (`+batchColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, x'')`,
			b.Number, b.State, b.Created.Unix(), b.Method, b.MethodES256, person, b.Root[:], b.Size, b.LastValidity.Year, b.LastValidity.Month, string(scopes)); err != nil {
			return err
		}
		for _, i := range p.Indexes {
			// An index is new, or one that an abandoned batch left to the same licence.
			if err := q.one(`INSERT INTO status_index (number, licence, batch, valid_until, supersedes) VALUES (?, ?, ?, ?, ?)
				ON CONFLICT (number) DO UPDATE SET batch = excluded.batch, valid_until = excluded.valid_until, supersedes = excluded.supersedes
				WHERE licence = excluded.licence AND (SELECT state FROM batch WHERE number = status_index.batch) = 6`, // issuer.Abandoned
				i.Number, i.Licence, b.Number, i.ValidUntil.Unix(), i.Supersedes); err != nil {
				return err
			}
		}
		var marked int64
		for n := range p.Leaves {
			if err := s.putLeaf(q, b.Number, n, &p.Leaves[n]); err != nil {
				return err
			}
			if l := &p.Leaves[n]; l.Licence != marked { // leaves of one licence stand together
				marked = l.Licence
				if err := q.one(`UPDATE licence SET batch = ? WHERE id = ? AND revision = ? AND batch = 0`, b.Number, l.Licence, l.Revision); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording a batch: %w", err)
	}
	return nil
}

func (s *IssuerStore) putLeaf(q *statements, batch uint64, n int, l *issuer.Leaf) error {
	if l.Position != n {
		return errors.New("leaves are not in the order of their positions")
	}
	id := leafID(batch, n)
	plain := make([]byte, 0, len(l.Salt)+len(l.Draft))
	plain = append(append(plain, l.Salt[:]...), l.Draft...)
	sealed, err := s.seal.Seal(IntCell("leaf", "draft", id), plain)
	if err != nil {
		return err
	}
	_, err = q.exec(`INSERT INTO leaf (id, licence, revision, form, format, status_index, hash, draft) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		id, l.Licence, l.Revision, l.Form, codeOf(l.Format), l.Index, l.Hash[:], sealed)
	return err
}

// Advance implements issuer.Store.
func (s *IssuerStore) Advance(ctx context.Context, b issuer.Batch) error {
	var path []byte
	for _, h := range b.Path {
		path = append(path, h[:]...)
	}
	if path == nil {
		path = []byte{}
	}
	err := s.write(ctx, func(q *statements) error {
		if b.State >= issuer.Done {
			return issuer.ErrConflict // Finish and Abandon do that
		}
		if b.State == issuer.Signed {
			var left int
			first, last := leafRange(b.Number)
			if err := q.scan(`SELECT count(*) FROM leaf WHERE id BETWEEN ? AND ? AND credential IS NULL`, []any{first, last}, &left); err != nil {
				return err
			}
			if left > 0 {
				return issuer.ErrConflict
			}
		}
		// The state before is the one below; only Anchored may become Planned again.
		from := b.State - 1
		if b.State == issuer.Planned {
			from = issuer.Anchored
		}
		return q.one(`UPDATE batch SET state = ?, epoch = ?, position = ?, path = ? WHERE number = ? AND state IN (?, ?)`,
			b.State, b.Epoch, b.Position, path, b.Number, from, b.State)
	})
	if err != nil {
		return fmt.Errorf("recording a batch: %w", err)
	}
	return nil
}

// LeafHashes implements issuer.Store.
func (s *IssuerStore) LeafHashes(ctx context.Context, batch uint64) ([]ledger.Hash, error) {
	var out []ledger.Hash
	first, last := leafRange(batch)
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT hash FROM leaf WHERE id BETWEEN ? AND ? ORDER BY id`, []any{first, last}, func(scan func(...any) error) error {
			var h []byte
			if err := scan(&h); err != nil {
				return err
			}
			if len(h) != len(ledger.Hash{}) {
				return errors.New("a hash has the wrong length")
			}
			out = append(out, ledger.Hash(h))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading leaves: %w", err)
	}
	return out, nil
}

// BatchLicences implements issuer.Store.
func (s *IssuerStore) BatchLicences(ctx context.Context, batch uint64) ([]int64, error) {
	var out []int64
	first, last := leafRange(batch)
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT DISTINCT licence FROM leaf WHERE id BETWEEN ? AND ? ORDER BY licence`, []any{first, last}, func(scan func(...any) error) error {
			var id int64
			err := scan(&id)
			out = append(out, id)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading leaves: %w", err)
	}
	return out, nil
}

// Dependent implements issuer.Store.
func (s *IssuerStore) Dependent(ctx context.Context, batch uint64) ([]int64, error) {
	var out []int64
	first, last := leafRange(batch)
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT DISTINCT licence FROM leaf AS l WHERE id BETWEEN ? AND ? AND credential IS NOT NULL AND NOT EXISTS (
			SELECT 1 FROM leaf AS m JOIN batch AS b ON b.number = m.id / 4096
			WHERE m.licence = l.licence AND m.form = l.form AND m.format = l.format AND m.id > l.id AND b.state = ?) ORDER BY licence`,
			[]any{first, last, issuer.Done}, func(scan func(...any) error) error {
				var id int64
				err := scan(&id)
				out = append(out, id)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("reading leaves: %w", err)
	}
	return out, nil
}

// Unsigned implements issuer.Store.
func (s *IssuerStore) Unsigned(ctx context.Context, batch uint64, limit int) ([]issuer.Leaf, error) {
	var out []issuer.Leaf
	first, last := leafRange(batch)
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT id, licence, revision, form, format, status_index, hash, draft FROM leaf
			WHERE id BETWEEN ? AND ? AND credential IS NULL ORDER BY id LIMIT ?`, []any{first, last, limit}, func(scan func(...any) error) error {
			var (
				l            issuer.Leaf
				id           int64
				format       formatCode
				hash, sealed []byte
			)
			if err := scan(&id, &l.Licence, &l.Revision, &l.Form, &format, &l.Index, &hash, &sealed); err != nil {
				return err
			}
			plain, err := s.seal.Open(IntCell("leaf", "draft", id), sealed)
			if err != nil {
				return err
			}
			if len(plain) < len(l.Salt) || len(hash) != len(l.Hash) {
				return errors.New("a leaf has the wrong length")
			}
			l.Format = format.format()
			l.Position, l.Hash, l.Draft = int(id-first), ledger.Hash(hash), plain[copy(l.Salt[:], plain):]
			out = append(out, l)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading drafts: %w", err)
	}
	return out, nil
}

// StoreSigned implements issuer.Store.
func (s *IssuerStore) StoreSigned(ctx context.Context, batch uint64, signed []issuer.SignedLeaf) error {
	err := s.write(ctx, func(q *statements) error {
		var state issuer.BatchState
		if err := q.scan(`SELECT state FROM batch WHERE number = ?`, []any{batch}, &state); err != nil {
			return err
		}
		if state != issuer.Proved {
			return issuer.ErrConflict
		}
		for i := range signed {
			id := leafID(batch, signed[i].Position)
			sealed, err := s.seal.Seal(IntCell("leaf", "credential", id), signed[i].Bytes)
			if err != nil {
				return err
			}
			if err := q.one(`UPDATE leaf SET credential = ?, draft = NULL WHERE id = ? AND credential IS NULL`, sealed, id); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing credentials: %w", err)
	}
	return nil
}

// Finish implements issuer.Store.
func (s *IssuerStore) Finish(ctx context.Context, batch uint64) error {
	first, last := leafRange(batch)
	err := s.write(ctx, func(q *statements) error {
		if err := q.one(`UPDATE batch SET state = ? WHERE number = ? AND state = ?`, issuer.Done, batch, issuer.Signed); err != nil {
			return err
		}
		// The formats are those of the register copies under the index that the
		// batch is for: of this batch, and of those that it adds to.
		_, err := q.exec(`UPDATE licence SET issued_rev = l.revision, batch = 0, reissue = iif(licence.revision = l.revision, 0, licence.reissue),
				formats = (SELECT coalesce(sum(DISTINCT m.format), 0) FROM leaf AS m JOIN batch AS b ON b.number = m.id / 4096
					WHERE m.licence = l.of AND m.form = ? AND m.status_index = l.at AND b.state = ?)
			FROM (SELECT licence AS of, max(revision) AS revision, max(status_index) AS at FROM leaf WHERE id BETWEEN ? AND ? GROUP BY licence) AS l
			WHERE licence.id = l.of AND licence.batch = ?`, issuer.RegisterCopy, issuer.Done, first, last, batch)
		return err
	})
	if err != nil {
		return fmt.Errorf("finishing a batch: %w", err)
	}
	return nil
}

// Abandon implements issuer.Store.
func (s *IssuerStore) Abandon(ctx context.Context, batch uint64) error {
	first, last := leafRange(batch)
	err := s.write(ctx, func(q *statements) error {
		if err := q.one(`UPDATE batch SET state = ? WHERE number = ? AND state < ?`, issuer.Abandoned, batch, issuer.Done); err != nil {
			return err
		}
		if _, err := q.exec(`DELETE FROM leaf WHERE id BETWEEN ? AND ?`, first, last); err != nil {
			return err
		}
		_, err := q.exec(`UPDATE licence SET batch = 0 WHERE batch = ?`, batch)
		return err
	})
	if err != nil {
		return fmt.Errorf("abandoning a batch: %w", err)
	}
	return nil
}

// Issuances implements issuer.Store.
func (s *IssuerStore) Issuances(ctx context.Context, licence int64) ([]issuer.Issuance, error) {
	var out []issuer.Issuance
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT b.number, b.state, b.created, b.person, b.epoch, l.form, l.format, l.status_index
			FROM leaf l JOIN batch b ON b.number = l.id / 4096 WHERE l.licence = ? ORDER BY l.id`, []any{licence}, func(scan func(...any) error) error {
			var (
				x       issuer.Issuance
				created int64
				format  formatCode
				person  []byte
			)
			if err := scan(&x.Batch, &x.State, &created, &person, &x.Epoch, &x.Form, &format, &x.Index); err != nil {
				return err
			}
			x.Format = format.format()
			name, err := s.seal.Open(IntCell("batch", "person", int64(x.Batch)), person)
			if err != nil {
				return err
			}
			x.Person, x.Created = string(name), unix(created)
			out = append(out, x)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was issued: %w", err)
	}
	return out, nil
}

// Envelope implements issuer.Store.
func (s *IssuerStore) Envelope(ctx context.Context, licence int64, f issuer.Form, format vc.Format) ([]byte, issuer.Leaf, error) {
	var (
		l      = issuer.Leaf{Licence: licence, Form: f, Format: format}
		id     int64
		sealed []byte
	)
	err := s.read(ctx, func(q *statements) error {
		err := q.scan(`SELECT l.id, l.revision, l.status_index, l.credential FROM leaf l JOIN batch b ON b.number = l.id / 4096
			WHERE l.licence = ? AND l.form = ? AND l.format = ? AND b.state = ? ORDER BY l.id DESC LIMIT 1`,
			[]any{licence, f, codeOf(format), issuer.Done}, &id, &l.Revision, &l.Index, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return issuer.ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, issuer.Leaf{}, fmt.Errorf("reading a credential: %w", err)
	}
	l.Position = int(id % ledger.MaxBatch)
	b, err := s.seal.Open(IntCell("leaf", "credential", id), sealed)
	return b, l, err
}

// codeBody is the sealed part of a claim code.
type codeBody struct {
	Secret    []byte
	Holder    did.DID `json:",omitempty"`
	HolderKey string  `json:",omitempty"`
}

func codeCell(id string) Cell { return Cell{"claim_code", "body", id} }

// OpenCodes implements issuer.Store.
func (s *IssuerStore) OpenCodes(ctx context.Context, after time.Time, tries int) (map[int64]time.Time, error) {
	out := map[int64]time.Time{}
	err := s.read(ctx, func(q *statements) error {
		return q.each(`SELECT licence, expires FROM claim_code WHERE used = 0 AND expires > ? AND attempts < ?`, []any{after.Unix(), tries}, func(scan func(...any) error) error {
			var licence, expires int64
			if err := scan(&licence, &expires); err != nil {
				return err
			}
			out[licence] = unix(expires)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading claim codes: %w", err)
	}
	return out, nil
}

// PutCode implements issuer.Store.
func (s *IssuerStore) PutCode(ctx context.Context, c issuer.Code, e issuer.Event) error {
	body, err := s.sealJSON(codeCell(c.ID), codeBody{Secret: c.Secret})
	if err != nil {
		return err
	}
	err = s.write(ctx, func(q *statements) error {
		if _, err := q.exec(`DELETE FROM claim_code WHERE licence = ? AND used = 0`, c.Licence); err != nil {
			return err
		}
		if err := q.one(`INSERT INTO claim_code (id, licence, expires, attempts, used, body) VALUES (?, ?, ?, 0, 0, ?) ON CONFLICT DO NOTHING`,
			c.ID, c.Licence, c.Expires.Unix(), body); err != nil {
			return err
		}
		var licence, event int64
		if err := nextIDs(q, &licence, &event); err != nil {
			return err
		}
		return s.putEvent(q, event+1, c.Licence, e)
	})
	if err != nil {
		return fmt.Errorf("storing a claim code: %w", err)
	}
	return nil
}

// Code implements issuer.Store.
func (s *IssuerStore) Code(ctx context.Context, id string) (issuer.Code, error) {
	c := issuer.Code{ID: id}
	err := s.read(ctx, func(q *statements) error {
		var (
			expires int64
			sealed  []byte
			body    codeBody
		)
		err := q.scan(`SELECT licence, expires, attempts, body FROM claim_code WHERE id = ?`, []any{id}, &c.Licence, &expires, &c.Attempts, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return issuer.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := s.openJSON(codeCell(id), sealed, &body); err != nil {
			return err
		}
		c.Expires, c.Secret, c.Holder, c.HolderKey = unix(expires), body.Secret, body.Holder, body.HolderKey
		return nil
	})
	if err != nil {
		return issuer.Code{}, fmt.Errorf("reading a claim code: %w", err)
	}
	return c, nil
}

// MissCode implements issuer.Store.
func (s *IssuerStore) MissCode(ctx context.Context, id string) error {
	err := s.write(ctx, func(q *statements) error {
		return q.one(`UPDATE claim_code SET attempts = attempts + 1 WHERE id = ?`, id)
	})
	if err != nil {
		return fmt.Errorf("counting a wrong claim code: %w", err)
	}
	return nil
}

// UseCode implements issuer.Store.
func (s *IssuerStore) UseCode(ctx context.Context, id string, c issuer.Change) error {
	err := s.write(ctx, func(q *statements) error {
		var (
			sealed []byte
			body   codeBody
		)
		err := q.scan(`SELECT body FROM claim_code WHERE id = ? AND licence = ? AND used = 0`, []any{id, c.Licence.ID}, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return issuer.ErrConflict
		}
		if err != nil {
			return err
		}
		if err := s.openJSON(codeCell(id), sealed, &body); err != nil {
			return err
		}
		body.Holder, body.HolderKey = c.Licence.Holder, c.Licence.HolderKey
		if sealed, err = s.sealJSON(codeCell(id), body); err != nil {
			return err
		}
		if err := q.one(`UPDATE claim_code SET used = 1, body = ? WHERE id = ? AND used = 0`, sealed, id); err != nil {
			return err
		}
		var licence, event int64
		if err := nextIDs(q, &licence, &event); err != nil {
			return err
		}
		return s.apply(q, &c, &licence, &event)
	})
	if err != nil {
		return fmt.Errorf("using a claim code: %w", err)
	}
	return nil
}
