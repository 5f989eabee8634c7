//go:build nocamera || android || !linux || !(amd64 || arm64 || riscv64)

package camera

import "bonafide/internal/explain"

// Host is this machine; in this build it has no camera that is read live.
func Host() System { return none{} }

type none struct{}

func (none) Devices() ([]Device, error) { return nil, unsupported() }

func (none) Open(string) (Camera, error) { return nil, unsupported() }

func unsupported() error { return explain.Errorf("camera_unsupported", "not in this build") }
