package node

// What lies in the application's own database, and its one write.
//
//	m            meta of the last committed block
//	r ‖ key      a row of ledger.State
//	t ‖ hash     receipt of a transaction, by SHA-256 of its bytes
//	v ‖ height   the validators from this height on differ from those before
//	u            the name of the rules that the last block ran under, if an upgrade's
//	l ‖ height   light block on either side of such a change, kept for packs when
//	             the engine's blocks are gone

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	sm "github.com/cometbft/cometbft/state"
	cmtstore "github.com/cometbft/cometbft/store"
	"github.com/cometbft/cometbft/types"

	"bonafide/internal/explain"
	"bonafide/ledger"
)

const (
	prefixMeta    = 'm'
	prefixRow     = 'r'
	prefixReceipt = 't'
	prefixChange  = 'v'
	prefixLight   = 'l'
	prefixRules   = 'u'
)

// store reads and writes our database and reads the engine's.
type store struct {
	db     dbm.DB
	engine dbm.DB // below blocks
	blocks *cmtstore.BlockStore
	states sm.Store
}

// meta is what must always be true of the rows beside it.
type meta struct {
	genesis [32]byte // SHA-256 of the ledger's part of the genesis file
	height  uint64
	appHash [32]byte
	time    time.Time // header time of the block
}

// txReceipt is a receipt under the hash of its transaction.
type txReceipt struct {
	hash    [32]byte
	receipt Receipt
}

// changes is everything one block writes.
type changes struct {
	at         meta
	rows       []ledger.Row
	receipts   []txReceipt
	validators bool     // the set changes
	changed    []uint64 // heights at which it changed, of a state taken over
	light      []keptLight
	rules      string // the block's, "": the first
}

// keptLight is a light block as it is stored.
type keptLight struct {
	height uint64
	block  []byte
}

func (m meta) marshal() []byte {
	b := binary.BigEndian.AppendUint64(nil, m.height)
	b = append(b, m.appHash[:]...)
	b = append(b, m.genesis[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(m.time.Unix()))
	return binary.BigEndian.AppendUint32(b, uint32(m.time.Nanosecond()))
}

const metaBytes = 8 + 32 + 32 + 8 + 4

func parseMeta(b []byte) (m meta, err error) {
	if len(b) != metaBytes {
		return m, explain.Errorf("node_store", "the record of the last block is damaged")
	}
	m.height = binary.BigEndian.Uint64(b)
	copy(m.appHash[:], b[8:])
	copy(m.genesis[:], b[40:])
	m.time = time.Unix(int64(binary.BigEndian.Uint64(b[72:])), int64(binary.BigEndian.Uint32(b[80:]))).UTC()
	return m, nil
}

// meta returns the record of the last block; ok is false on a new chain.
func (s *store) meta() (m meta, ok bool, err error) {
	b, err := s.db.Get([]byte{prefixMeta})
	if err != nil {
		return m, false, storeError("reading", err)
	}
	if b == nil {
		return m, false, nil
	}
	m, err = parseMeta(b)
	return m, err == nil, err
}

// rules returns the name of the rules of the last block, "" for the first ones.
func (s *store) rules() (string, error) {
	b, err := s.db.Get([]byte{prefixRules})
	if err != nil {
		return "", storeError("reading", err)
	}
	return string(b), nil
}

// rows iterates over the state's rows. The sequence cannot say that reading
// failed, so that is put into broken.
func (s *store) rows(broken *error) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		it, err := s.db.Iterator([]byte{prefixRow}, []byte{prefixRow + 1})
		if err != nil {
			*broken = err
			return
		}
		defer func() { _ = it.Close() }()
		for ; it.Valid(); it.Next() {
			// The database may use its buffers again.
			if !yield(bytes.Clone(it.Key()[1:]), bytes.Clone(it.Value())) {
				return
			}
		}
		*broken = it.Error()
	}
}

// write stores all changes of a block, or none, durably.
func (s *store) write(c *changes) error {
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	var failed error
	set := func(key, value []byte) {
		if failed == nil {
			failed = b.Set(key, value)
		}
	}
	for _, r := range c.rows {
		key := append([]byte{prefixRow}, r.Key...)
		if r.Value == nil {
			if failed == nil {
				failed = b.Delete(key)
			}
			continue
		}
		set(key, r.Value)
	}
	for i := range c.receipts {
		r := &c.receipts[i]
		set(receiptKey(r.hash), marshalReceipt(r.receipt))
	}
	if c.validators {
		// An update in the results of H takes effect with the header of H+2.
		set(changeKey(c.at.height+2), []byte{})
	}
	for _, h := range c.changed {
		set(changeKey(h), []byte{})
	}
	for _, l := range c.light {
		set(lightKey(l.height), l.block)
	}
	if c.rules != "" {
		set([]byte{prefixRules}, []byte(c.rules))
	}
	set([]byte{prefixMeta}, c.at.marshal())
	if failed != nil {
		return failed
	}
	return b.WriteSync()
}

func lightKey(height uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixLight}, height)
}

func changeKey(height uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{prefixChange}, height)
}

func receiptKey(hash [32]byte) []byte { return append([]byte{prefixReceipt}, hash[:]...) }

// The detail of a refusal is for logs and is not kept.
func marshalReceipt(r Receipt) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 12+len(r.Code)), r.Height)
	b = binary.BigEndian.AppendUint32(b, r.Position)
	return append(b, r.Code...)
}

// receipt looks up a transaction by the hash of its bytes.
func (s *store) receipt(hash [32]byte) (Receipt, bool, error) {
	b, err := s.db.Get(receiptKey(hash))
	if err != nil {
		return Receipt{}, false, storeError("reading", err)
	}
	if b == nil {
		return Receipt{}, false, nil
	}
	if len(b) < 12 {
		return Receipt{}, false, explain.Errorf("node_store", "a receipt is damaged")
	}
	return Receipt{Height: binary.BigEndian.Uint64(b), Position: binary.BigEndian.Uint32(b[8:]), Code: string(b[12:])}, true, nil
}

// header returns a stored header, or nil.
func (s *store) header(height uint64) *types.Header {
	if s.blocks == nil || height == 0 || height > math.MaxInt64 {
		return nil
	}
	m := s.blocks.LoadBlockMeta(int64(height))
	if m == nil {
		return nil
	}
	return &m.Header
}

// lightBlock returns the header of a height with its signatures and
// validators. The signatures are those of the next block where there is one,
// so that all nodes hand out the same.
func (s *store) lightBlock(height uint64) (*types.LightBlock, error) {
	b, err := s.db.Get(lightKey(height))
	if err != nil {
		return nil, storeError("reading", err)
	}
	if b != nil {
		return parseKept(b)
	}
	return s.engineLight(height)
}

func parseKept(b []byte) (*types.LightBlock, error) {
	var pb cmtproto.LightBlock
	if err := pb.Unmarshal(b); err != nil {
		return nil, storeError("reading a light block of", err)
	}
	lb, err := types.LightBlockFromProto(&pb)
	if err != nil {
		return nil, storeError("reading a light block of", err)
	}
	return lb, nil
}

// engineLight makes a light block of what the engine has stored.
func (s *store) engineLight(height uint64) (*types.LightBlock, error) {
	h := s.header(height)
	if h == nil {
		return nil, explain.Errorf("node_not_provable", "no header of height %d", height)
	}
	commit := s.commit(height)
	if commit == nil {
		return nil, explain.Errorf("node_not_provable", "no signatures of height %d", height)
	}
	vals, err := s.states.LoadValidators(int64(height))
	if err != nil {
		return nil, storeError("reading validators", err)
	}
	return &types.LightBlock{SignedHeader: &types.SignedHeader{Header: h, Commit: commit}, ValidatorSet: vals}, nil
}

// lightToKeep returns the light block below height, as it is stored, if it
// stands on either side of a change of validators. The engine has stored block
// height, and in it the signatures of the one below, which are final there.
func (s *store) lightToKeep(height uint64) ([]keptLight, error) {
	if s.blocks == nil || height < 2 {
		return nil, nil
	}
	if kept, err := s.db.Has(lightKey(height - 1)); err != nil || kept {
		if err != nil {
			return nil, storeError("reading", err)
		}
		return nil, nil // it came with the state that this node took over
	}
	for _, change := range []uint64{height - 1, height} {
		is, err := s.db.Has(changeKey(change))
		if err != nil {
			return nil, storeError("reading", err)
		}
		if is {
			return s.copyLight(nil, height-1)
		}
	}
	return nil, nil
}

func (s *store) copyLight(to []keptLight, height uint64) ([]keptLight, error) {
	lb, err := s.engineLight(height)
	if err != nil {
		return nil, err
	}
	kept, err := keepBlock(lb)
	if err != nil {
		return nil, err
	}
	return append(to, kept), nil
}

func keepBlock(lb *types.LightBlock) (keptLight, error) {
	pb, err := lb.ToProto()
	if err != nil {
		return keptLight{}, storeError("copying a light block in", err)
	}
	b, err := pb.Marshal()
	if err != nil {
		return keptLight{}, storeError("copying a light block in", err)
	}
	return keptLight{uint64(lb.Height), b}, nil
}

// clear has c delete all rows of the state that are stored now: those of a
// state that was taken over and that the engine never heard of.
func (s *store) clear(c *changes) error {
	var broken error
	var old []ledger.Row
	for k := range s.rows(&broken) {
		old = append(old, ledger.Row{Key: k})
	}
	if broken != nil {
		return storeError("reading", broken)
	}
	c.rows = append(old, c.rows...)
	return nil
}

// keepLight copies the light blocks of member changes below the last stored
// block that are not kept yet: those of before there was any pruning.
func (s *store) keepLight(at meta) error {
	if at.height < 2 {
		return nil
	}
	heights, err := s.memberChanges(at.height)
	if err != nil {
		return err
	}
	var light []keptLight
	for _, g := range heights {
		for _, h := range []uint64{g - 1, g} {
			kept, err := s.db.Has(lightKey(h))
			if err != nil {
				return storeError("reading", err)
			}
			if kept || h >= at.height {
				continue
			}
			if light, err = s.copyLight(light, h); err != nil {
				return err
			}
		}
	}
	if len(light) == 0 {
		return nil
	}
	if err := s.write(&changes{at: at, light: light}); err != nil {
		return storeError("writing", err)
	}
	return nil
}

// commit returns the signatures of a stored header, or nil.
func (s *store) commit(height uint64) *types.Commit {
	if c := s.blocks.LoadBlockCommit(int64(height)); c != nil {
		return c
	}
	return s.blocks.LoadSeenCommit(int64(height))
}

// memberChanges lists the heights up to and including last whose header names
// other validators than the one before.
func (s *store) memberChanges(last uint64) ([]uint64, error) {
	it, err := s.db.Iterator([]byte{prefixChange}, changeKey(last+1))
	if err != nil {
		return nil, storeError("reading", err)
	}
	defer func() { _ = it.Close() }()
	var out []uint64
	for ; it.Valid(); it.Next() {
		if k := it.Key(); len(k) == 9 {
			out = append(out, binary.BigEndian.Uint64(k[1:]))
		}
	}
	if err := it.Error(); err != nil {
		return nil, storeError("reading", err)
	}
	return out, nil
}

func storeError(what string, err error) error {
	return explain.Errorf("node_store", "%s the ledger's database: %w", what, err)
}
