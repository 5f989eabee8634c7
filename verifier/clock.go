package verifier

// What time it is, as far as this machine can tell.

import (
	"time"

	"bonafide/ledger/pack"
)

// clockTolerance is how far a device clock may lie behind the floor before
// nothing that rests on it is believed.
const clockTolerance = 5 * time.Minute

// reading is the time a verdict is given at.
type reading struct {
	device time.Time // what the device says
	floor  time.Time // the latest time known to have passed
}

// read makes the reading; the data's own time has passed too.
func read(device, floor time.Time, data *pack.Data) reading {
	if data != nil && data.AsOf.After(floor) {
		floor = data.AsOf
	}
	return reading{device: device, floor: floor}
}

// behind reports whether the device clock cannot be believed.
func (r reading) behind() bool { return r.device.Before(r.floor.Add(-clockTolerance)) }

// latest is the later of clock and floor. Rules that must not be loosened by
// a clock set back are judged at it.
func (r reading) latest() time.Time {
	if r.device.Before(r.floor) {
		return r.floor
	}
	return r.device
}
