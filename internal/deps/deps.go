//go:build tools

package deps

import (
	_ "fyne.io/fyne/v2/app"
	_ "fyne.io/fyne/v2/dialog"
	_ "fyne.io/fyne/v2/test"
	_ "fyne.io/fyne/v2/widget"
	_ "github.com/alecthomas/kong"
	_ "github.com/cometbft/cometbft-db"
	_ "github.com/cometbft/cometbft/light"
	_ "github.com/cometbft/cometbft/node"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/hyperledger/aries-framework-go/pkg/crypto/tinkcrypto"
	_ "github.com/hyperledger/aries-framework-go/pkg/kms/localkms"
	_ "github.com/hyperledger/aries-framework-go/pkg/secretlock"
	_ "github.com/hyperledger/aries-framework-go/pkg/secretlock/local"
	_ "github.com/hyperledger/aries-framework-go/pkg/vdr"
	_ "github.com/hyperledger/aries-framework-go/spi/storage"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/lestrrat-go/jwx/v2/jws"
	_ "github.com/mattn/go-sqlite3"
	_ "github.com/piprate/json-gold/ld"
	_ "github.com/pressly/goose/v3"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "github.com/transparency-dev/merkle/rfc6962"
	_ "github.com/transparency-dev/merkle/compact"
	_ "github.com/transparency-dev/merkle/proof"
	_ "github.com/zalando/go-keyring"
	_ "golang.org/x/crypto/argon2"
	_ "golang.org/x/term"
)
