package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "bonafide"

// imports maps each package folder of the module (slash form, "." is the
// root) to the import paths of its non-test files, with the file that has it.
func imports(t *testing.T) map[string]map[string]string {
	t.Helper()
	out := map[string]map[string]string{}
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case ".git", "testdata", "build", "bin", "docs", "node_modules":
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(fset, path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		if out[dir] == nil {
			out[dir] = map[string]string{}
		}
		for _, s := range f.Imports {
			p, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			out[dir][p] = filepath.ToSlash(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 10 {
		t.Fatalf("only %d packages found: the walk is broken", len(out))
	}
	return out
}

func under(path string, roots ...string) bool {
	for _, r := range roots {
		if path == r || strings.HasPrefix(path, r+"/") {
			return true
		}
	}
	return false
}

// TestDoors holds "one door each": who may import what from outside.
func TestDoors(t *testing.T) {
	doors := []struct {
		prefix string
		allow  []string // folders; "." is the root package alone
		why    string
	}{
		{"fyne.io/", []string{".", "app", "internal/bench/emptywindow"}, "screens live in app; everything else must run without a display, but the empty window that the app's is measured against"},
		{"github.com/lestrrat-go/", []string{"internal/jose"}, "jwx is archived: one wrapper holds its guards"},
		{"github.com/hyperledger/", []string{"internal/keys", "did/aries"}, "aries is archived: keys and the DID registry only"},
		{"github.com/mattn/go-sqlite3", []string{"storage"}, "one place knows the database"},
		{"github.com/pressly/goose", []string{"storage"}, "one place knows the database"},
		{"database/sql", []string{"storage"}, "one place knows the database"},
		{"github.com/cometbft/cometbft/node", []string{"ledger/node"}, "one place runs consensus"},
		{"github.com/cometbft/cometbft-db", []string{"ledger/node"}, "one place runs consensus"},
		{"github.com/cometbft/", []string{"ledger/node", "ledger/pack", "internal/testkit"}, "light blocks are read in ledger/pack, the engine runs in ledger/node"},
		{"github.com/alecthomas/kong", []string{"cmd/bonafide"}, "the command line is the only reader of arguments"},
		{"github.com/piprate/json-gold", []string{"vc/internal/ld"}, "its default loader opens files: one wrapper closes it"},
		{"github.com/makiuchi-d/gozxing", []string{"internal/qr"}, "it sees outside pictures and is no longer developed: one wrapper holds its guards"},
		{"github.com/boombuler/barcode", []string{"internal/qr"}, "one place draws codes"},
		{"filippo.io/age", []string{"internal/home"}, "backups are the home's"},
		{"github.com/zalando/go-keyring", []string{"internal/home"}, "people and their secrets are the home's"},
		{"net", []string{"ledger/node", "internal/netguard", "internal/networktest"}, "only these open sockets, and the harness that cuts wires and serves lies"},
		{"net/http", []string{"ledger/node", "internal/netguard", "internal/networktest"}, "only these open sockets, and the harness that cuts wires and serves lies"},
	}
	for dir, imps := range imports(t) {
		for imp, file := range imps {
			for _, d := range doors {
				if imp != d.prefix && !strings.HasPrefix(imp, d.prefix) {
					continue
				}
				if !strings.HasSuffix(d.prefix, "/") && imp != d.prefix && !strings.HasPrefix(imp, d.prefix+"/") {
					continue
				}
				if d.prefix == "net" && imp != "net" {
					continue
				}
				ok := false
				for _, a := range d.allow {
					ok = ok || (a == "." && dir == ".") || (a != "." && under(dir, a))
				}
				if !ok {
					t.Errorf("%s imports %s, which only %v may: %s", file, imp, d.allow, d.why)
				}
			}
		}
	}
}

// TestArrows holds the direction in which packages may know each other.
func TestArrows(t *testing.T) {
	rules := []struct {
		from   string
		may    []string // module packages; prefix match on folders
		exempt []string
		why    string
	}{
		{"internal/text", nil, nil, "what characters do is a leaf"},
		{"internal/qr", []string{"internal/explain"}, nil, "pictures, and nothing of what they say"},
		{"internal/camera", []string{"internal/camera", "internal/explain"}, nil, "pictures as they come, and nothing of what is in them"},
		{"internal/clipboard", []string{"internal/explain"}, nil, "a picture, whatever it shows"},
		{"internal/explain", nil, nil, "the catalogue is a leaf"},
		{"internal/parallel", nil, nil, "work shared out knows nothing of the work"},
		{"internal/strictjson", []string{"internal/explain"}, nil, "every reading of outside bytes starts here"},
		{"did", []string{"did", "internal/strictjson", "internal/explain", "internal/text"}, []string{"did/aries"}, "identifiers know nothing above them"},
		{"internal/jose", []string{"did", "internal/strictjson", "internal/explain"}, nil, "tokens and keys, and nothing of what they say"},
		{"vc", []string{"vc", "did", "assets", "internal/strictjson", "internal/explain", "internal/jose"}, nil, "the verifier passes the key: proofs know no ledger"},
		{"ledger", []string{"ledger", "did", "internal/strictjson", "internal/explain"}, []string{"ledger/node"}, "consensus knows no role"},
		{"ledger/node", []string{"ledger", "did", "internal/strictjson", "internal/explain", "internal/netguard"}, nil, "the node serves the ledger alone"},
		{"verifier", []string{"verifier", "vc", "did", "ledger", "internal/strictjson", "internal/explain", "internal/request", "internal/template"}, nil, "the hospital's work needs no other role"},
		{"wallet", []string{"vc", "did", "ledger", "verifier", "internal/strictjson", "internal/explain", "internal/request", "internal/claimcode"}, nil, "a wallet may check what it receives"},
		{"issuer", []string{"vc", "did", "ledger", "assets", "internal/strictjson", "internal/explain", "internal/claimcode", "internal/template", "internal/text", "internal/parallel"}, nil, "a board needs no other role"},
		{"cmd", []string{"cmd", "internal", "issuer", "wallet", "verifier", "ledger", "vc", "did", "assets"}, nil, "the command line never knows the app"},
		{"app", []string{"app", "internal", "issuer", "wallet", "verifier", "ledger", "vc", "did", "assets", "docs/guides"}, nil, "the app never knows the command line"},
	}
	for dir, imps := range imports(t) {
		for _, r := range rules {
			if !under(dir, r.from) || under(dir, r.exempt...) && r.exempt != nil {
				continue
			}
			for imp, file := range imps {
				if !under(imp, module) {
					continue
				}
				if !under(strings.TrimPrefix(imp, module+"/"), r.may...) {
					t.Errorf("%s imports %s: %s may know only %v (%s)", file, imp, r.from, r.may, r.why)
				}
			}
		}
	}
	// did and vc import only did itself, never its methods.
	for dir, imps := range imports(t) {
		for imp, file := range imps {
			if under(dir, "vc") && under(imp, module+"/did/key", module+"/did/jwk", module+"/did/bonafide", module+"/did/web", module+"/did/aries") {
				t.Errorf("%s imports %s: the verifier passes the key, proofs resolve nothing", file, imp)
			}
			if imp == module+"/storage" && dir != "internal/home" && dir != "internal/keys" && !under(dir, "internal/bench", "internal/testkit/town") {
				t.Errorf("%s imports storage: only the home opens databases", file)
			}
		}
	}
}

// TestConsensusIsOurs holds that no library's behaviour is consensus.
func TestConsensusIsOurs(t *testing.T) {
	for imp, file := range imports(t)["ledger"] {
		if strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
			t.Errorf("%s imports %s: library behaviour must not decide what validators agree on", file, imp)
		}
		switch imp {
		case "encoding/json", "encoding/gob", "compress/gzip", "math/rand", "math/rand/v2", "regexp", "text/template":
			t.Errorf("%s imports %s, whose behaviour may change between Go releases", file, imp)
		}
	}
}
