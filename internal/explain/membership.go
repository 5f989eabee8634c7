package explain

// Codes of joining a network.
var _ = add(
	Entry{
		Code: "invitation_malformed", Exit: ExitRefused,
		Message: "The file is no invitation to a network, or it was altered.",
		Who:     "board",
		Next:    "Ask the board that invited you for the file again.",
	},
	Entry{
		Code: "application_malformed", Exit: ExitRefused,
		Message: "The file is no application of a board, or it was altered.",
		Who:     "board",
		Next:    "Ask the board that wants to join for the file that `bonafide ledger join` wrote.",
	},
	Entry{
		Code: "no_peers", Exit: ExitNotNow,
		Message: "No node is known that the invited board could connect with.",
		Who:     "board",
		Next:    "Start this board's node with --p2p HOST:PORT, or name nodes with --peer.",
	},
	Entry{
		Code: "member_name", Exit: ExitUsage,
		Message: "The name of a board has 1 to 128 bytes, and no characters that cannot be seen.",
		Who:     "you",
		Next:    "Give the name as people read it.",
	},
)
