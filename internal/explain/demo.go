package explain

// Codes of the demonstration that the app runs in a folder of its own.

var _ = add(
	Entry{
		Code: "demo_missing", Exit: ExitRefused, Who: "you",
		Message: "There is no finished demonstration here.",
		Next:    "Have it made; it takes a few seconds.",
	},
	Entry{
		Code: "demo_outdated", Exit: ExitRefused, Who: "you",
		Message: "This demonstration is too old to go on: another version made it, or it has stood still for half a year.",
		Next:    "Remove it and begin a new one; nothing in it is real.",
	},
	Entry{
		Code: "demo_not_ours", Exit: ExitRefused, Who: "you",
		Message: "This folder was not made by the demonstration.",
		Next:    "Nothing was removed; look at what is in the folder yourself.",
	},
)
