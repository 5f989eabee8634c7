package explain

// Codes of the ledger's node and of the network clients.
var _ = add(
	Entry{
		Code: "node_already_running", Exit: ExitNotNow, Who: "you",
		Message: "Another program is already running the ledger in this folder.",
		Next:    "Use the one that runs, or stop it before starting another.",
	},
	Entry{
		Code: "node_config", Exit: ExitUsage, Who: "it",
		Message: "The ledger's settings do not fit together.",
		Next:    "Correct the setting that the details name and start again.",
	},
	Entry{
		Code: "node_address_refused", Exit: ExitUsage, Who: "it",
		Message: "The ledger's address for local programs must be on this machine only.",
		Next:    "Use a loopback address such as 127.0.0.1, or allow other addresses in the settings on purpose.",
	},
	Entry{
		Code: "node_other_network", Exit: ExitRefused, Who: "it",
		Message: "The data in this folder belongs to another network.",
		Next:    "Check which folder and which genesis file belong together.",
	},
	Entry{
		Code: "node_genesis_future", Exit: ExitNotNow, Who: "it",
		Message: "The network begins at a time that this machine's clock has not reached yet.",
		Next:    "Check this machine's clock, or start again when the network begins.",
	},
	Entry{
		Code: "node_genesis_malformed", Exit: ExitRefused, Who: "it",
		Message: "The genesis file cannot be read.",
		Next:    "Get the genesis file again from the board that founded the network.",
	},
	Entry{
		Code: "node_store", Exit: ExitInternal, Who: "it",
		Message: "The ledger's data on this machine cannot be read or written.",
		Next:    "Check disk space and permissions, then start the ledger again: it goes on where it stopped.",
	},
	Entry{
		Code: "node_start", Exit: ExitInternal, Who: "it",
		Message: "The ledger could not be started.",
		Next:    "Read the details; if the data is damaged, restore it from the other members.",
	},
	Entry{
		Code: "node_stopped", Exit: ExitNotNow, Who: "it",
		Message: "The ledger has been stopped.",
		Next:    "Start it and try again; nothing that was accepted is lost.",
	},
	Entry{
		Code: "node_failed", Exit: ExitInternal, Who: "it",
		Message: "The ledger has stopped itself because something went wrong.",
		Next:    "Start it again; if it stops at the same place, keep the log and ask for help.",
	},
	Entry{
		Code: "node_upgrade", Exit: ExitNotNow, Who: "it",
		Message: "The members have decided on new rules that this version of the program does not know.",
		Next:    "Install the newer version and start the ledger again.",
	},
	Entry{
		Code: "node_state_sync_unfinished", Exit: ExitNotNow, Who: "it",
		Message: "This node was stopped while it took over a state from the other boards, and has no blocks of its own.",
		Next:    "Start it again as it was started before: it begins anew by itself.",
	},
	Entry{
		Code: "node_other_chain", Exit: ExitRefused, Who: "it",
		Message: "The other boards' nodes hand out another chain than the one that the invitation names.",
		Next:    "Do not use this node's data: remove its data folder, ask the board that invited you for a new invitation by a channel you trust, and tell it what happened.",
	},
	Entry{
		Code: "node_catching_up", Exit: ExitNotNow, Who: "nobody",
		Message: "The node is fetching blocks that it missed.",
		Next:    "Wait; it goes on by itself.",
	},
	Entry{
		Code: "node_halted", Exit: ExitNotNow, Who: "board",
		Message: "The network has signed no new header for longer than its interval: fewer than two thirds of the members run.",
		Next:    "Ask the members from whom nothing is heard; bonafide ledger status names them.",
	},
	Entry{
		Code: "peer_malformed", Exit: ExitUsage, Who: "it",
		Message: "This is no address of another board's node.",
		Next:    "Give it as ID@HOST:PORT, as the other board's bonafide ledger peer list prints it.",
	},
	Entry{
		Code: "peer_unknown", Exit: ExitRefused, Who: "it",
		Message: "The node is not one of those that may connect here.",
		Next:    "Have it added with bonafide ledger peer add.",
	},
	Entry{
		Code: "node_unreachable", Exit: ExitNotNow, Who: "it",
		Message: "The ledger does not answer.",
		Next:    "Check that the ledger is running and try again.",
	},
	Entry{
		Code: "node_busy", Exit: ExitNotNow, Who: "nobody",
		Message: "The ledger has as many transactions waiting as it takes.",
		Next:    "Try again in a moment.",
	},
	Entry{
		Code: "node_no_answer_yet", Exit: ExitNotNow, Who: "nobody",
		Message: "The ledger did not get to it in the time given.",
		Next:    "Ask again; a transaction that was accepted is not executed twice.",
	},
	Entry{
		Code: "node_bad_request", Exit: ExitUsage, Who: "it",
		Message: "The ledger does not understand what it was asked.",
		Next:    "Check that both programs are of the same version.",
	},
	Entry{
		Code: "node_bad_answer", Exit: ExitInternal, Who: "it",
		Message: "The ledger's answer cannot be read.",
		Next:    "Check that both programs are of the same version and that the address is the ledger's.",
	},
	Entry{
		Code: "node_no_subject", Exit: ExitRefused, Who: "it",
		Message: "The ledger has no list of that name to hand out.",
		Next:    "Check the name.",
	},
	Entry{
		Code: "node_not_provable", Exit: ExitNotNow, Who: "nobody",
		Message: "The ledger has no signed header yet that proves its data.",
		Next:    "Try again in a moment.",
	},
	Entry{
		Code: "net_address_refused", Exit: ExitRefused, Who: "it",
		Message: "An address was not contacted because it is not an ordinary public https address.",
		Next:    "If you trust it, have it added to the settings; otherwise tell whoever published it.",
	},
	Entry{
		Code: "net_redirect_refused", Exit: ExitRefused, Who: "it",
		Message: "A server pointed to another place that this program does not follow.",
		Next:    "Check the address with whoever published it.",
	},
	Entry{
		Code: "net_too_large", Exit: ExitRefused, Who: "it",
		Message: "A server sent more data than this program takes.",
		Next:    "Check the address with whoever published it.",
	},
	Entry{
		Code: "net_unreachable", Exit: ExitNotNow, Who: "it",
		Message: "A server could not be reached or did not answer properly.",
		Next:    "Check the connection and try again later.",
	},
)
