package explain

// Codes of the home's roles and network, and of the command line above them.
var _ = add(
	Entry{"no_board", ExitNotNow, "This home is no board's.", "you", "Name the board's home with --home, or make one: `bonafide ledger init` founds a network, `bonafide board init` joins one."},
	Entry{"board_exists", ExitRefused, "This home has a board already.", "you", "Go on with it, or name another folder with --home."},
	Entry{"board_not_anchored", ExitNotNow, "The board's identity is not on the ledger yet.", "board", "Have a member of the network run `bonafide ledger countersign` on the file that `bonafide board init` wrote."},
	Entry{"board_deactivated", ExitRefused, "The board's identity has been closed on the ledger for good.", "board", "Nothing can be issued or changed with it any more; ask the network's members if this is a surprise."},
	Entry{"board_busy", ExitNotNow, "Another process keeps changing the same batches.", "you", "Let it finish, then run `bonafide board issue` again; nothing is issued twice."},
	Entry{"file_exists", ExitNoInput, "There is a file of that name already.", "you", "Choose another name, or put the new one in its place with --force."},
	Entry{"countersign_kind", ExitRefused, "The file is not the creation of a new board, so there is nothing in it to vouch for.", "board", "Ask the new board for the file that `bonafide board init` wrote."},

	Entry{"no_network", ExitNotNow, "This home has no node of a network to run.", "you", "Found a network with `bonafide ledger init`, or name the home that has one with --home."},
	Entry{"network_exists", ExitRefused, "This home belongs to a network already.", "you", "Go on with it, or name another folder with --home."},
	Entry{"no_node", ExitNotNow, "This home does not know a node that it could ask.", "you", "Start the board's own with `bonafide ledger start`, or name one with `bonafide sync --source URL`."},
	Entry{"no_sources", ExitNotNow, "This home does not know where to sync from.", "you", "Name a source once with `bonafide sync --source URL`, or take a file in with `bonafide pack import`."},
	Entry{"trust_other_network", ExitRefused, "This home believes another network.", "you", "Use another home for it. If this one is to change over, and leave its data behind, run `bonafide trust pin --replace`."},
	Entry{"audience_needed", ExitUsage, "It is not known yet who asks.", "you", "Say it once with --audience \"NAME OF THE HOSPITAL\"; it is remembered."},

	Entry{"demo_folder", ExitRefused, "The folder for the demo is not empty.", "you", "Name an empty or new folder with --keep; nothing was changed."},
	Entry{"file_refused", ExitNoInput, "A file or folder cannot be used here: the system refuses it.", "you", "Check the path and its permissions, or choose another place."},
)
