package assets

import _ "embed"

// Icon is that of the program's window, a PNG of 128 × 128 made from icon.svg
// (`rsvg-convert -w 128 assets/icon.svg -o assets/window.png`). The larger icon.png,
// made likewise with 512, is that of packages: reading it would hold up the first
// picture.
//
//go:embed window.png
var Icon []byte

// Lock and Unlock are a padlock, closed and open, as SVG in black.
var (
	//go:embed lock.svg
	Lock []byte
	//go:embed unlock.svg
	Unlock []byte
)
