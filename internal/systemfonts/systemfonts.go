// Package systemfonts looks through the system's fonts while the rest of the
// program is still being initialised. The toolkit falls back on them for what its
// own font lacks, and otherwise looks when it first measures a text, which a window
// then waits for. It is imported for that alone.
package systemfonts

import (
	"runtime"

	"github.com/go-text/typesetting/fontscan"
)

type silent struct{}

func (silent) Printf(string, ...any) {}

func init() {
	if runtime.GOOS == "android" {
		return // only the toolkit knows where the index may be kept
	}
	// Done once for all who ask, so the toolkit takes this result; an error is
	// met there again.
	go func() { _ = fontscan.NewFontMap(silent{}).UseSystemFonts("") }()
}
