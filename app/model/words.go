package model

import (
	"strconv"
	"time"
)

// stamp writes a time as people at a desk read it, in UTC so that two desks
// write the same.
func stamp(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// age writes how old something is, in the largest unit that says enough.
func age(d time.Duration) string {
	switch {
	case d < 0:
		return "0 minutes"
	case d < 2*time.Hour:
		return count(int(d.Minutes()), "minute", "minutes")
	case d < 72*time.Hour:
		return count(int(d.Hours()), "hour", "hours")
	default:
		return count(int(d.Hours()/24), "day", "days")
	}
}

// count writes a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// Clock tells the time.
type Clock = func() time.Time
