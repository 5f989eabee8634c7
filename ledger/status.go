package ledger

// The sixteen values a licence's status can have, and the transitions between
// them.

// Status is the 4-bit value of one status index.
type Status uint8

// The values, in the order of their numbers.
const (
	Current Status = iota
	Probation
	Condition
	Restriction
	SuspendedStatus
	SummarilySuspended
	Revoked
	Surrendered
	Expired
	Lapsed
	Inactive
	Retired
	Void
	Deceased
	Hold
	Reserved
)

// Practice answers whether the holder of a licence may practise.
type Practice string

// The answers, as `verify --json` prints them.
const (
	MayPractiseYes            Practice = "yes"
	MayPractiseWithConditions Practice = "with_conditions"
	MayPractiseNo             Practice = "no"
	MayPractiseUnknown        Practice = "unknown"
)

var statusTable = [16]struct {
	word         string
	may          Practice
	disciplinary bool
	final        bool
}{
	Current:            {"current", MayPractiseYes, false, false},
	Probation:          {"probation", MayPractiseWithConditions, true, false},
	Condition:          {"condition", MayPractiseWithConditions, false, false},
	Restriction:        {"restriction", MayPractiseNo, false, false},
	SuspendedStatus:    {"suspended", MayPractiseNo, true, false},
	SummarilySuspended: {"summarily_suspended", MayPractiseNo, true, false},
	Revoked:            {"revoked", MayPractiseNo, true, true},
	Surrendered:        {"surrendered", MayPractiseNo, true, true},
	Expired:            {"expired", MayPractiseNo, false, false},
	Lapsed:             {"lapsed", MayPractiseYes, false, false},
	Inactive:           {"inactive", MayPractiseNo, false, false},
	Retired:            {"retired", MayPractiseNo, false, false},
	Void:               {"void", MayPractiseNo, false, true},
	Deceased:           {"deceased", MayPractiseNo, false, true},
	Hold:               {"hold", MayPractiseUnknown, false, false},
	Reserved:           {"reserved", MayPractiseUnknown, false, false},
}

// String is the status word; "invalid" beyond the sixteen values.
func (s Status) String() string {
	if s > Reserved {
		return "invalid"
	}
	return statusTable[s].word
}

// ParseStatus returns the value of a status word, spelt exactly.
func ParseStatus(word string) (Status, bool) {
	for i := range statusTable {
		if statusTable[i].word == word {
			return Status(i), true
		}
	}
	return 0, false
}

// Final reports whether the value never changes again; coming back from one is
// a new licence with a new index.
func (s Status) Final() bool { return s <= Reserved && statusTable[s].final }

// MayPractise is the first axis of a licence status.
func (s Status) MayPractise() Practice {
	if s > Reserved {
		return MayPractiseUnknown
	}
	return statusTable[s].may
}

// Disciplinary is the second axis of a licence status.
func (s Status) Disciplinary() bool { return s <= Reserved && statusTable[s].disciplinary }

// Sizes of status pages.
const (
	PageIndexes = 131_072         // status indexes on a page
	PageBytes   = PageIndexes / 2 // two to a byte, the even index in the high nibble
	MaxPages    = 1024            // of one issuer: 134 million indexes
)

const (
	chunkBytes    = 4096 // a page is kept in chunks, so that one change rewrites little
	chunksPerPage = PageBytes / chunkBytes
)
