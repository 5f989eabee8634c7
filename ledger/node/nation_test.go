package node

// A nation in one node. BenchmarkNation makes it, with the files that a hospital
// would get of it; BenchmarkNationStart starts a node on it. Both work in the
// folder that BONAFIDE_NATION names: `make bench-network` runs one after the
// other, each in a process of its own.

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	sm "github.com/cometbft/cometbft/state"
	cmtstore "github.com/cometbft/cometbft/store"

	"bonafide/assets/templates"
	"bonafide/internal/testkit"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
)

const nationSeed = 20261101

// nationSize is what docs/trust-pack.md gives the numbers of.
var nationSize = testkit.NationSize{Issuers: 70, Licences: 6_500_000, NotCurrent: 0.03, Changes: 0.0005, Years: 5}

const (
	nationMembers = 13
	nationDays    = 3 * 365
)

// nationFacts is nation.json: what was made.
type nationFacts struct {
	Now       time.Time `json:"now"`     // header time of the nation
	DayNow    time.Time `json:"day_now"` // a day later
	SmallNow  time.Time `json:"small_now"`
	Epochs    uint64    `json:"epochs"`
	Txs       int       `json:"status_txs"`
	Changes   int       `json:"changes"`
	DayTxs    int       `json:"day_status_txs"`
	DayChange int       `json:"day_changes"`
	Rows      int       `json:"rows"`
	Seconds   float64   `json:"seconds"` // that making it took
}

func nationDir(b *testing.B) string {
	dir := os.Getenv("BONAFIDE_NATION")
	if dir == "" {
		b.Skip("a nation takes minutes: set BONAFIDE_NATION to a folder, as make bench-network does")
	}
	return dir
}

// rowKeeper holds the rows of a state. They are stored at the end and in their
// order: years of single blocks would keep the database tidying up for longer
// than making the nation takes.
type rowKeeper struct {
	rows map[string][]byte
	done bool
}

func (k *rowKeeper) keep(rows []ledger.Row) {
	if k.done {
		return
	}
	for _, r := range rows {
		if r.Value == nil {
			delete(k.rows, string(r.Key))
			continue
		}
		k.rows[string(r.Key)] = r.Value
	}
}

// store writes all rows and forgets them.
func (k *rowKeeper) store(s *store, at meta) error {
	keys := slices.Sorted(maps.Keys(k.rows))
	var c changes
	for i, key := range keys {
		c.rows = append(c.rows, ledger.Row{Key: []byte(key), Value: k.rows[key]})
		if len(c.rows) == 10_000 || i+1 == len(keys) {
			c.at = at
			if err := s.write(&c); err != nil {
				return err
			}
			c.rows = c.rows[:0]
		}
	}
	k.rows, k.done = nil, true
	return nil
}

func BenchmarkNation(b *testing.B) {
	dir := nationDir(b)
	begin := time.Now()
	put := func(name string, raw []byte) {
		b.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	k := &rowKeeper{rows: map[string][]byte{}}
	l := testkit.NewStoredLedger(b, network, nationMembers, nationSeed, ledger.DefaultParams, k.keep)
	genesis, err := NewGenesis(l.Genesis())
	if err != nil {
		b.Fatal(err)
	}
	put("genesis.json", genesis)
	doc, _, err := parseGenesis(genesis)
	if err != nil {
		b.Fatal(err)
	}

	var facts nationFacts
	publish := func(name string, src pack.Source, from uint64) {
		b.Helper()
		var w bytes.Buffer
		if err := pack.Export(&w, src, from); err != nil {
			b.Fatal(err)
		}
		put(name+".bonafide", w.Bytes())
		lb, err := src.LightBlock(src.Header())
		if err != nil {
			b.Fatal(err)
		}
		n, err := pack.NewNetwork(lb)
		if err != nil {
			b.Fatal(err)
		}
		put(name+".json", n.Marshal())
	}
	for i, c := range firstCredentials(b, l) {
		put("credential-"+strconv.Itoa(i)+".json", c)
	}
	publish("small", l, 0)
	facts.SmallNow = l.Now

	n := testkit.NewNation(l, nationSize, nationSeed)
	n.Days(nationDays)
	publish("nation", n, 0)
	facts.Now, facts.Epochs, facts.Txs, facts.Changes = n.Now(), n.View().LastEpoch(), n.StatusTxs, n.Changes
	at := meta{genesis: sha256.Sum256(doc.AppState), height: n.Header(), appHash: n.View().AppHash(), time: n.Now()}
	facts.Rows = len(k.rows)
	dbs := nationDBs(b, dir)
	if err := k.store(&store{db: dbs["ledger"]}, at); err != nil {
		b.Fatal(err)
	}
	nationEngine(b, dbs, genesis, n)
	for _, db := range dbs {
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}

	from := n.Header()
	n.Days(1)
	publish("day", n, from)
	facts.DayNow, facts.DayTxs, facts.DayChange = n.Now(), n.StatusTxs-facts.Txs, n.Changes-facts.Changes
	facts.Seconds = time.Since(begin).Seconds()
	raw, err := json.Marshal(facts)
	if err != nil {
		b.Fatal(err)
	}
	put("facts.json", raw)
}

func nationDBs(b *testing.B, dir string) map[string]dbm.DB {
	data := filepath.Join(dir, "node", "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		b.Fatal(err)
	}
	dbs := map[string]dbm.DB{}
	for _, name := range []string{"ledger", "blockstore", "state"} {
		db, err := openDB(name, data)
		if err != nil {
			b.Fatal(err)
		}
		dbs[name] = db
	}
	return dbs
}

// nationEngine leaves the engine where it stands after it took over a state:
// at its height, without the blocks before.
func nationEngine(b *testing.B, dbs map[string]dbm.DB, genesis []byte, n *testkit.Nation) {
	b.Helper()
	doc, _, err := parseGenesis(genesis)
	if err != nil {
		b.Fatal(err)
	}
	lb, err := n.LightBlock(n.Header())
	if err != nil {
		b.Fatal(err)
	}
	s, err := sm.MakeGenesisState(doc)
	if err != nil {
		b.Fatal(err)
	}
	hash := n.View().AppHash()
	s.LastBlockHeight, s.LastBlockID, s.LastBlockTime = lb.Height, lb.Commit.BlockID, lb.Time
	s.LastValidators, s.Validators, s.NextValidators = lb.ValidatorSet.Copy(), lb.ValidatorSet.Copy(), lb.ValidatorSet.Copy()
	s.LastHeightValidatorsChanged, s.LastHeightConsensusParamsChanged = lb.Height+1, lb.Height+1
	s.AppHash = hash[:]
	if err := sm.NewStore(dbs["state"], sm.StoreOptions{DiscardABCIResponses: true}).Bootstrap(s); err != nil {
		b.Fatal(err)
	}
	if err := cmtstore.NewBlockStore(dbs["blockstore"]).SaveSeenCommit(lb.Height, lb.Commit); err != nil {
		b.Fatal(err)
	}
}

// firstCredentials founds what a credential needs and issues the first ones: they
// mean the same in the small network of that day and in the nation.
func firstCredentials(b *testing.B, l *testkit.Ledger) (out [][]byte) {
	b.Helper()
	docs, err := templates.Documents()
	if err != nil {
		b.Fatal(err)
	}
	for _, d := range docs {
		l.Decide(ledger.RegisterTemplate{Document: d})
	}
	board := l.Boards[0]
	l.Decide(ledger.Accredit{Issuer: board.DID, Type: "ProfessionalLicence", Jurisdictions: []string{"US-OH"}})
	l.Execute(l.Sign(board, ledger.SetStatus{Pages: 1}))
	l.Now = l.Now.Add(ledger.DefaultParams.Interval)

	until := testkit.Start.AddDate(nationSize.Years, 0, 0)
	var drafts []*vc.Draft
	var leaves [][32]byte
	var salts [][16]byte
	for i := range testkit.Unused {
		d, err := vc.NewDraft(map[string]any{
			"@context":  []any{"https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"},
			"type":      []any{"VerifiableCredential", "ProfessionalLicence"},
			"issuer":    string(board.DID),
			"validFrom": testkit.Start.Format(time.RFC3339), "validUntil": until.Format(time.RFC3339),
			"credentialSubject": map[string]any{
				"type": "Practitioner", "givenName": "Zelda", "familyName": "Quillfeather", "npi": "1234567893",
				"licence": map[string]any{
					"type": "Licence", "number": "MD-" + strconv.Itoa(100_000+i), "jurisdiction": "US-OH", "profession": "physician",
					"issued": testkit.Start.Format(time.DateOnly), "expires": until.Format(time.DateOnly),
				},
			},
			"credentialStatus": []any{map[string]any{"type": "LedgerStatusEntry", "statusIndex": strconv.Itoa(i)}},
			"evidence":         []any{map[string]any{"type": "LedgerAnchor", "anchor": ""}},
		})
		if err != nil {
			b.Fatal(err)
		}
		var salt [16]byte
		binary.BigEndian.PutUint64(salt[:], uint64(i))
		leaf, err := d.Leaf(network, salt)
		if err != nil {
			b.Fatal(err)
		}
		drafts, leaves, salts = append(drafts, d), append(leaves, leaf), append(salts, salt)
	}
	last := ledger.Month{Year: uint16(until.Year()), Month: uint8(until.Month())}
	for i, a := range l.AnchorLeaves(board, leaves, salts, last) {
		c, err := drafts[i].Seal(a.String(), vc.ProofOptions{
			VerificationMethod: board.Method(b, board.Issuing), Created: testkit.Start, Key: testkit.Public(b, board.Issuing),
		}, func(m []byte) ([]byte, error) { return ed25519.Sign(board.Issuing, m), nil })
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}

// BenchmarkNationStart starts a node on the folder that BenchmarkNation left. It
// is none of the members, so it goes no further.
func BenchmarkNationStart(b *testing.B) {
	dir := nationDir(b)
	genesis, err := os.ReadFile(filepath.Join(dir, "genesis.json"))
	if err != nil {
		b.Fatal(err)
	}
	var facts nationFacts
	raw, err := os.ReadFile(filepath.Join(dir, "facts.json"))
	if err == nil {
		err = json.Unmarshal(raw, &facts)
	}
	if err != nil {
		b.Fatal(err)
	}
	c := Config{
		Dir: filepath.Join(dir, "node"), Genesis: genesis, Consensus: SeedKey(seed("a board that follows")), NodeKey: seed("node"),
		Now: func() time.Time { return facts.Now },
	}
	begin := time.Now()
	n, err := Start(b.Context(), c)
	if err != nil {
		b.Fatal(err)
	}
	s, err := n.Client().Status(b.Context())
	took := time.Since(begin)
	if err != nil || s.StateHeight == 0 {
		b.Fatal(s, err)
	}
	b.ReportMetric(took.Seconds(), "s")
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc), "heap-bytes")
	b.ReportMetric(peakMemory(b), "peak-bytes")
	if err := n.Stop(); err != nil {
		b.Fatal(err)
	}
}

// peakMemory is the most memory that this process has had resident, in bytes;
// 0 where the system does not say.
func peakMemory(b *testing.B) float64 {
	raw, err := os.ReadFile("/proc/self/status") // proc(5): VmHWM, in KiB
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(raw), "\nVmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 64)
	if err != nil {
		b.Log("the system does not say how much memory a process took")
	}
	return kib * 1024
}
