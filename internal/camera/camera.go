// Package camera gives the live pictures of a camera, as raw as they come: what
// is in them is not its business. docs/camera.md says for which systems it has
// one, and what another one takes.
//
// A camera is a thing from outside like a file: what it says of its pictures is
// bounded and compared with what they are.
package camera

import (
	"context"
	"image"
	"iter"
)

// Device is a camera that can be opened.
type Device struct {
	ID   string // for Open: on Linux the device file
	Name string // as the camera calls itself; words from outside
}

// Camera is one that is open. It belongs to one goroutine.
type Camera interface {
	// Frames gives pictures as they come, until ctx ends or the loop does; those
	// that nobody had time for are left out. A picture belongs to the loop. It is
	// called once. Errors end it: camera_gone (unplugged), camera_failed (no whole
	// picture for a while).
	Frames(ctx context.Context) iter.Seq2[image.Image, error]
	// Close gives the camera back to others.
	Close() error
}

// System is where cameras are.
type System interface {
	// Devices lists the cameras, none of them being opened for long. Errors:
	// camera_none, camera_denied (there are some, and all are closed to this
	// person), camera_unsupported.
	Devices() ([]Device, error)
	// Open opens one. Errors: camera_gone, camera_denied, camera_busy,
	// camera_format (none of its pictures is of a kind that is read here),
	// camera_failed, camera_unsupported.
	Open(id string) (Camera, error)
}

// Bounds of what a camera may say of itself.
const (
	maxSide   = 8192     // pixels of a picture, across and down
	maxPixels = 25 << 20 // of a picture
	maxBuffer = 64 << 20 // bytes of one buffer
)
