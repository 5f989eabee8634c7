package explain

// Screen returns what to do next for a person before a screen, where what Next
// says is about commands; else Next.
func (e Entry) Screen() string {
	if s, ok := screen[e.Code]; ok {
		return s
	}
	return e.Next
}

var screen = map[string]string{
	"act_decided":               "Nothing has to be done; the licence's history tells who decided it.",
	"act_open":                  "Approve, reject or cancel that one first; it is among the approvals that wait.",
	"act_overdue":               "Start the node, then look at the approvals that wait; approve, or cancel, what is overdue.",
	"act_unknown":               "Look at the approvals that wait.",
	"application_malformed":     "Ask the board that wants to join for the application that it made.",
	"audience_needed":           "Say once what the hospital is called; it is remembered.",
	"backup_unknown":            "Look for the file that Bonafide wrote as a backup.",
	"batch_damaged":             "Leave the files as they are, have the home checked, and bring back a backup.",
	"board_busy":                "Let it finish, then issue again; nothing is issued twice.",
	"board_certificate_expired": "Have a new certificate made for the board's key and put it in the place of the old one.",
	"board_exists":              "Go on with it, or choose another folder.",
	"board_not_anchored":        "Have a member of the network countersign the board's application.",
	"chain_left_out":            "For a backup with the chain stop the node first.",
	"countersign_kind":          "Ask the new board for the file that it made when it was set up.",
	"credential_not_ready":      "Issue what waits, and try again when that is done.",
	"data_damaged":              "Leave the files as they are, have the home checked, and bring back a backup.",
	"data_rolled_back":          "Sync, or import a newer pack, and find out who put the old file back.",
	"demo_folder":               "Choose an empty or new folder; nothing was changed.",
	"document_not_fetched":      "List the issuer if you trust it, then sync.",
	"home_missing":              "Choose the right folder, or make a new home.",
	"home_open_to_others":       "Take the permission away from everybody but yourself.",
	"import_unknown":            "Look at the approvals that wait, and with which import they came.",
	"internal_error":            "Try again; if it stays, save the support file and send it to the makers.",
	"key_store_failed":          "Have the home checked, and report this to the makers.",
	"listing_exists":            "Look at the entry; remove it first if the new one is to take its place.",
	"listing_expired":           "Decide whether to list it again, then verify again.",
	"listing_name":              "Give it another name.",
	"listing_unknown":           "Look at the list of issuers that you trust yourself.",
	"listing_until":             "Give a day to come.",
	"network_exists":            "Go on with it, or choose another folder.",
	"no_board":                  "Choose the board's home, or set up a board.",
	"no_network":                "Found a network, or choose the home that has one.",
	"no_node":                   "Start the board's own node, or name one to sync from.",
	"no_peers":                  "Say where this board's node can be reached, or name other nodes.",
	"no_sources":                "Name a source to sync from, or import a pack from a file.",
	"no_trust":                  "Pin the boards' network file first, then import a pack or sync.",
	"node_halted":               "Ask the members from whom nothing is heard; the state of the ledger names them.",
	"node_running":              "Stop the node and try again, or leave it out.",
	"passphrase_needed":         "Unlock the home with its passphrase.",
	"peer_malformed":            "Take it over whole from what the other board sent.",
	"peer_unknown":              "Have it added to the nodes that may connect.",
	"person_needed":             "Choose your name.",
	"person_unknown":            "Choose one of the names that the home knows.",
	"register_restored":         "Import the newest file, run the audit, and look after each batch that it lists as unknown.",
	"request_required":          "Drop the request that it answers together with it.",
	"restore_behind":            "Bring back a newer backup. If there is none, bring back everything else without the chain, and found a new network that hospitals pin anew.",
	"sdjwt_key_missing":         "Make that key; the next issuing adds what is missing.",
	"too_many_files":            "Drop at most 50 files at a time.",
	"trust_malformed":           "Have the home checked, then pin the network again.",
	"trust_other_network":       "Use another home for it. If this one is to change over, and leave its data behind, replace the pinned network.",
	"usage":                     "Look in the help.",
	"validator_left_out":        "After a restore start the node, which follows the others' chain, and then register a new consensus key on the ledger.",
	"wallet_claim_unknown":      "Look at what the credential says, and choose from there.",
	"wallet_not_made":           "Make the wallet first.",
	"wallet_shares_more":        "Share the other envelope of the licence, or say that you want to share everything.",
	"wallet_whole_only":         "Share the other envelope of the licence, or share everything.",
}
