//go:build !faults

package node

import dbm "github.com/cometbft/cometbft-db"

func openDB(name, dir string) (dbm.DB, error) { return dbm.NewGoLevelDB(name, dir) }
