// Package calm keeps the garbage collector still from before the other packages
// are initialised until the first picture stands: what is made until then is not
// garbage for long. It imports next to nothing, so it is initialised among the first.
package calm

import "runtime/debug"

var percent = debug.SetGCPercent(-1)

// Over lets garbage be collected again, as GOGC says.
func Over() { debug.SetGCPercent(percent) }
