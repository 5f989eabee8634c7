package assets

import _ "embed"

// Icon is the program's icon, a PNG of 512 × 512 made from icon.svg
// (`rsvg-convert -w 512 assets/icon.svg -o assets/icon.png`).
//
//go:embed icon.png
var Icon []byte

// Lock and Unlock are a padlock, closed and open, as SVG in black.
var (
	//go:embed lock.svg
	Lock []byte
	//go:embed unlock.svg
	Unlock []byte
)
