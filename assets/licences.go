package assets

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"io"
)

// licences is written by scripts/licences.sh.
//
//go:embed licences.json.gz
var licences []byte

// Licence is that of one module in the program.
type Licence struct {
	Path, Version string
	Texts         []string
}

// Licences are those of every module in the program, of Go itself and of the
// fonts, by path.
func Licences() []Licence {
	var f struct {
		Modules []struct {
			Path, Version string
			Texts         []int
		}
		Texts []string
	}
	z, err := gzip.NewReader(bytes.NewReader(licences))
	if err == nil {
		var b []byte
		if b, err = io.ReadAll(z); err == nil {
			err = json.Unmarshal(b, &f)
		}
	}
	if err != nil {
		panic("assets: the licences are damaged: " + err.Error()) // they are embedded; a test reads them
	}
	out := make([]Licence, len(f.Modules))
	for i, m := range f.Modules {
		out[i] = Licence{Path: m.Path, Version: m.Version}
		for _, n := range m.Texts {
			out[i].Texts = append(out[i].Texts, f.Texts[n])
		}
	}
	return out
}
