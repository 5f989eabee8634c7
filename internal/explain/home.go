package explain

// What can be wrong with a home: its files, its people, its data.
var _ = add(
	Entry{
		Code: "data_newer", Exit: ExitNotNow, Who: "it",
		Message: "This data was written by a newer version of Bonafide. It has not been touched.",
		Next:    "Install the version that wrote it, or a newer one.",
	},
	Entry{
		Code: "data_damaged", Exit: ExitNotNow, Who: "it",
		Message: "A file of this home is damaged, was changed by something else, or is not Bonafide's.",
		Next:    "Leave the files as they are, run `bonafide home check`, and bring back a backup.",
	},
	Entry{
		Code: "data_missing", Exit: ExitNotNow, Who: "it",
		Message: "A file that belongs to this home is gone.",
		Next:    "Bring the file back from a backup; nothing was put in its place.",
	},
	Entry{
		Code: "data_busy", Exit: ExitNotNow, Who: "you",
		Message: "Another Bonafide process is working on this data and did not finish in time.",
		Next:    "Wait for it to finish and try again.",
	},
	Entry{
		Code: "disk_full", Exit: ExitNotNow, Who: "it",
		Message: "There is no room left on the disk. Nothing was changed.",
		Next:    "Make room and try again.",
	},
	Entry{
		Code: "migration_failed", Exit: ExitInternal, Who: "it",
		Message: "The data could not be brought to this version's layout. A copy of it as it was is beside it.",
		Next:    "Go on with the version you had, and report this to the makers.",
	},
	Entry{
		Code: "key_missing", Exit: ExitNotNow, Who: "it",
		Message: "The private key that this needs is not in this home.",
		Next:    "Use the home that made the key, or bring it back from a backup.",
	},
	Entry{
		Code: "key_store_failed", Exit: ExitInternal, Who: "it",
		Message: "The key store failed in a way it should not. Nothing was signed.",
		Next:    "Run `bonafide home check` and report this to the makers.",
	},
)
