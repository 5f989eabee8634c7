package explain

// Codes of data that grows old: they warn and never decide. A hospital brings
// newer data in; a board sees to it that there is some.
var _ = add(
	Entry{
		Code: "freshness_half", Exit: ExitOK, Who: "you",
		Message: "Half of the time is over for which the ledger data here can be relied on.",
		Next:    "Sync; where that brings nothing newer, tell the boards.",
	},
	Entry{
		Code: "freshness_near", Exit: ExitOK, Who: "you",
		Message: "The ledger data here is soon too old to be relied on.",
		Next:    "Sync now; where that brings nothing newer, ask the boards when their network goes on.",
	},
	Entry{
		Code: "freshness_past", Exit: ExitOK, Who: "you",
		Message: "The ledger data here is too old: what needs newer data cannot be confirmed.",
		Next:    "Sync; where that brings nothing newer, ask the boards when their network goes on, and confirm with the issuing board itself until then.",
	},
	Entry{
		Code: "freshness_half_boards", Exit: ExitOK, Who: "board",
		Message: "The boards have signed nothing for half of the time for which hospitals can rely on their data.",
		Next:    "See that this board's node runs (bonafide ledger status), and call the boards from whose nodes nothing is heard.",
	},
	Entry{
		Code: "freshness_near_boards", Exit: ExitOK, Who: "board",
		Message: "The boards have signed nothing for so long that hospitals can soon confirm no licence.",
		Next:    "Call the boards from whose nodes nothing is heard, now: the network goes on by itself as soon as more than two thirds run.",
	},
	Entry{
		Code: "freshness_past_boards", Exit: ExitOK, Who: "board",
		Message: "The boards have signed nothing for so long that hospitals can confirm no licence.",
		Next:    "Call the boards from whose nodes nothing is heard, and tell the hospitals: the network goes on by itself as soon as more than two thirds run.",
	},
)
