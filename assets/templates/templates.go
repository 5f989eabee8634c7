// Package templates holds the credential types that ship with Bonafide: a
// professional licence, a board certification, a training certification and a
// controlled-substance registration. A network registers them on its ledger by
// vote; from then on the ledger's word counts, not these files.
package templates

import (
	"embed"
	"fmt"
	"io/fs"

	"bonafide/internal/strictjson"
)

//go:embed *.json
var files embed.FS

// Documents returns the shipped templates in the form that the ledger takes
// (JCS), ascending by file name.
func Documents() ([][]byte, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("listing templates: %w", err)
	}
	var out [][]byte
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading template: %w", err)
		}
		v, err := strictjson.Object(b, strictjson.Default)
		if err != nil {
			return nil, fmt.Errorf("reading template %s: %w", name, err)
		}
		if b, err = strictjson.Canonical(v); err != nil {
			return nil, fmt.Errorf("writing template %s: %w", name, err)
		}
		out = append(out, b)
	}
	return out, nil
}
