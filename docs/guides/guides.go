// Package guides holds the pages of the help: a guide for each role, and one on
// upgrading, moving and removing. They are read with no network.
package guides

import (
	"embed"
	"slices"
)

//go:embed *.md
var files embed.FS

// Names are the guides, in the order in which they are listed. Each stands in a
// file NAME.md in English and NAME.XX.md in another language.
func Names() []string { return []string{"hospital", "practitioner", "board", "upgrading"} }

// Page is a guide in a language, or in English where it is not translated. It
// begins with its title, a heading of the first level. ok is false where there
// is no such guide.
func Page(name, language string) (markdown string, ok bool) {
	if !slices.Contains(Names(), name) {
		return "", false
	}
	for _, file := range []string{name + "." + language + ".md", name + ".md"} {
		if b, err := files.ReadFile(file); err == nil {
			return string(b), true
		}
	}
	return "", false
}
