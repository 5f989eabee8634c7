package explain

// Codes of the ledger: transactions, proposals, anchors, and the data that
// packs carry.

var _ = add(
	Entry{
		Code: "tx_malformed", Exit: ExitRefused, Who: "it",
		Message: "The ledger cannot read this transaction.",
		Next:    "Update the program; if it stays, send the file to whoever looks after the ledger.",
	},
	Entry{
		Code: "tx_too_large", Exit: ExitRefused, Who: "it",
		Message: "The transaction is larger than the ledger takes.",
		Next:    "Send it in smaller parts.",
	},
	Entry{
		Code: "tx_other_network", Exit: ExitRefused, Who: "you",
		Message: "The transaction is for another network.",
		Next:    "Check which network this home belongs to.",
	},
	Entry{
		Code: "tx_unknown_did", Exit: ExitRefused, Who: "you",
		Message: "The sender's DID is not on the ledger.",
		Next:    "Have a member countersign the DID's creation first.",
	},
	Entry{
		Code: "tx_key", Exit: ExitRefused, Who: "it",
		Message: "The transaction is not signed by a ledger key that the sender's DID names now.",
		Next:    "Sign with a present ledger key of the DID.",
	},
	Entry{
		Code: "tx_key_reported", Exit: ExitRefused, Who: "board",
		Message: "The key was reported as compromised and signs nothing more.",
		Next:    "Sign with another ledger key of the DID, or ask the members to recover it.",
	},
	Entry{
		Code: "tx_signature", Exit: ExitRefused, Who: "it",
		Message: "The signature of the transaction does not hold.",
		Next:    "Sign and send it again.",
	},
	Entry{
		Code: "tx_sequence", Exit: ExitNotNow, Who: "you",
		Message: "Another transaction of this DID came first.",
		Next:    "Ask for the DID's present sequence and send it again.",
	},
	Entry{
		Code: "tx_countersign", Exit: ExitRefused, Who: "you",
		Message: "The countersignature is missing, is not a member's, or does not belong here.",
		Next:    "Ask a member to countersign the new DID.",
	},
	Entry{
		Code: "tx_refused", Exit: ExitRefused, Who: "it",
		Message: "The ledger refused the transaction.",
		Next:    "Look at the technical detail.",
	},
	Entry{
		Code: "did_exists", Exit: ExitRefused, Who: "nobody",
		Message: "This DID is on the ledger already.",
		Next:    "Nothing; update it if something has to change.",
	},
	Entry{
		Code: "did_unknown", Exit: ExitRefused, Who: "you",
		Message: "The DID that the proposal names is not on the ledger.",
		Next:    "Create the DID first, and check the spelling.",
	},
	Entry{
		Code: "key_purpose_changed", Exit: ExitRefused, Who: "board",
		Message: "A key that issued credentials cannot sign transactions, nor the other way round.",
		Next:    "Make a new key for the other purpose.",
	},
	Entry{
		Code: "member_active", Exit: ExitRefused, Who: "board",
		Message: "A member cannot deactivate its DID.",
		Next:    "Have the members remove it first.",
	},
	Entry{
		Code: "member_exists", Exit: ExitRefused, Who: "nobody",
		Message: "This DID is a member already.",
		Next:    "Nothing.",
	},
	Entry{
		Code: "member_last", Exit: ExitRefused, Who: "board",
		Message: "The last member cannot be removed.",
		Next:    "Admit another member first.",
	},
	Entry{
		Code: "member_change_waits", Exit: ExitNotNow, Who: "nobody",
		Message: "A replacement of this member's validator key waits for its block already.",
		Next:    "Wait for the next block.",
	},
	Entry{
		Code: "not_member", Exit: ExitRefused, Who: "board",
		Message: "Only a member may do this.",
		Next:    "Ask a member to do it.",
	},
	Entry{
		Code: "not_issuer", Exit: ExitRefused, Who: "board",
		Message: "Only a member or an accredited issuer may do this.",
		Next:    "Ask the members to accredit the DID.",
	},
	Entry{
		Code: "consensus_key", Exit: ExitRefused, Who: "it",
		Message: "The validator key cannot be used, or another validator has it.",
		Next:    "Make a new validator key.",
	},
	Entry{
		Code: "batch_duplicate", Exit: ExitRefused, Who: "nobody",
		Message: "This batch is on the ledger already and waits for its epoch to close.",
		Next:    "Wait for the epoch to close.",
	},
	Entry{
		Code: "batch_unknown", Exit: ExitRefused, Who: "board",
		Message: "The issuer has anchored no such batch.",
		Next:    "Anchor the batch, then ask again.",
	},
	Entry{
		Code: "status_final", Exit: ExitRefused, Who: "board",
		Message: "The licence's status is final and never changes again.",
		Next:    "Issue a new licence instead.",
	},
	Entry{
		Code: "status_index_used", Exit: ExitRefused, Who: "board",
		Message: "The new status index is in use.",
		Next:    "Take another unused index.",
	},
	Entry{
		Code: "status_twice", Exit: ExitRefused, Who: "it",
		Message: "One status index is changed twice in one transaction.",
		Next:    "Send one change for each index.",
	},
	Entry{
		Code: "status_no_such_page", Exit: ExitRefused, Who: "it",
		Message: "The status index lies on no page that was opened.",
		Next:    "Open the page first.",
	},
	Entry{
		Code: "status_pages", Exit: ExitRefused, Who: "it",
		Message: "Status pages are opened in order and a few at a time.",
		Next:    "Ask for the next pages only.",
	},
	Entry{
		Code: "status_nothing", Exit: ExitRefused, Who: "it",
		Message: "The transaction changes no status and opens no page.",
		Next:    "Nothing, or send what should change.",
	},
	Entry{
		Code: "status_not_keeper", Exit: ExitRefused, Who: "board",
		Message: "The sender does not keep these status pages.",
		Next:    "Ask the issuer that keeps them.",
	},
	Entry{
		Code: "report_future", Exit: ExitRefused, Who: "you",
		Message: "A key report must name a time that has passed.",
		Next:    "Give the time from which on the key was in other hands.",
	},
	Entry{
		Code: "report_too_far_back", Exit: ExitRefused, Who: "board",
		Message: "A DID's own key report reaches 90 days back at most.",
		Next:    "Ask the members to report the key by vote.",
	},
	Entry{
		Code: "report_unknown_key", Exit: ExitRefused, Who: "you",
		Message: "The DID never had this key.",
		Next:    "Check the name of the key.",
	},
	Entry{
		Code: "report_not_earlier", Exit: ExitRefused, Who: "nobody",
		Message: "The key is reported from this time, or an earlier one, already.",
		Next:    "Nothing.",
	},
	Entry{
		Code: "proposal_unknown", Exit: ExitRefused, Who: "you",
		Message: "There is no proposal of this number.",
		Next:    "List the pending proposals.",
	},
	Entry{
		Code: "proposal_closed", Exit: ExitRefused, Who: "nobody",
		Message: "The proposal is decided or its time is over.",
		Next:    "Propose again if it is still wanted.",
	},
	Entry{
		Code: "proposal_too_many", Exit: ExitNotNow, Who: "board",
		Message: "This member has too many open proposals.",
		Next:    "Wait until some are decided.",
	},
	Entry{
		Code: "vote_repeated", Exit: ExitRefused, Who: "nobody",
		Message: "This member has voted so already.",
		Next:    "Nothing.",
	},
	Entry{
		Code: "accreditation_held", Exit: ExitRefused, Who: "nobody",
		Message: "The issuer holds this accreditation already.",
		Next:    "Nothing.",
	},
	Entry{
		Code: "accreditation_standing", Exit: ExitRefused, Who: "board",
		Message: "The issuer's accreditation does not stand where this decision needs it to.",
		Next:    "Look at the issuer's accreditations.",
	},
	Entry{
		Code: "issuer_handed_over", Exit: ExitRefused, Who: "board",
		Message: "The issuer's status pages were handed to another, so it cannot be accredited again.",
		Next:    "Create a new DID for it.",
	},
	Entry{
		Code: "handover_from", Exit: ExitRefused, Who: "board",
		Message: "Status pages are handed over only once, and only from an issuer all of whose accreditations have ended.",
		Next:    "End its accreditations first.",
	},
	Entry{
		Code: "handover_to", Exit: ExitRefused, Who: "board",
		Message: "Status pages are handed only to another issuer with an active accreditation.",
		Next:    "Accredit the issuer that takes them over.",
	},
	Entry{
		Code: "recover_none", Exit: ExitRefused, Who: "nobody",
		Message: "No recovery of this DID is waiting.",
		Next:    "Nothing.",
	},
	Entry{
		Code: "template_malformed", Exit: ExitRefused, Who: "board",
		Message: "The template cannot be used.",
		Next:    "Correct the template.",
	},
	Entry{
		Code: "template_unchanged", Exit: ExitRefused, Who: "nobody",
		Message: "This template is registered as it is.",
		Next:    "Nothing.",
	},
	Entry{
		Code: "template_not_registered", Exit: ExitRefused, Who: "hospital",
		Message: "The ledger holds no template of this type.",
		Next:    "Ask which credential the board issues for this.",
	},
	Entry{
		Code: "jurisdiction_form", Exit: ExitRefused, Who: "you",
		Message: "This names no country or state as the ledger writes them.",
		Next:    "Write the country's two letters and, where there is one, the state, such as US-OH.",
	},
	Entry{
		Code: "upgrade_name", Exit: ExitRefused, Who: "you",
		Message: "New rules cannot have this name.",
		Next:    "Take the name over from the notes of the version that has them.",
	},
	Entry{
		Code: "upgrade_height", Exit: ExitRefused, Who: "board",
		Message: "The height of the upgrade has passed.",
		Next:    "Propose a later height.",
	},
	Entry{
		Code: "genesis_malformed", Exit: ExitRefused, Who: "it",
		Message: "The file that founds the network cannot be used.",
		Next:    "Ask for the file again, or make the network again.",
	},
	Entry{
		Code: "state_damaged", Exit: ExitInternal, Who: "it",
		Message: "The stored state of the ledger is damaged.",
		Next:    "Restore the node from a backup, or let it read the ledger again from the other members.",
	},
	Entry{
		Code: "anchor_malformed", Exit: ExitRefused, Who: "practitioner",
		Message: "The credential's anchor is damaged.",
		Next:    "Ask the board for the credential again.",
	},
	Entry{
		Code: "anchor_mismatch", Exit: ExitRefused, Who: "hospital",
		Message: "The ledger does not hold this credential where it says.",
		Next:    "Treat it as forged and tell the board it names.",
	},
	Entry{
		Code: "epoch_unknown", Exit: ExitNotNow, Who: "you",
		Message: "The credential names a ledger epoch that the data does not hold yet.",
		Next:    "Sync, then verify again.",
	},
	Entry{
		Code: "epoch_shrunk", Exit: ExitNotNow, Who: "practitioner",
		Message: "The credential is so old that the data keeps only a summary of its epoch.",
		Next:    "Ask for a newer credential, or check with the board.",
	},
	Entry{
		Code: "not_carried", Exit: ExitNotNow, Who: "it",
		Message: "Trust packs do not carry this part of the ledger.",
		Next:    "Ask a node of the ledger.",
	},
	Entry{
		Code: "history_not_held", Exit: ExitNotNow, Who: "it",
		Message: "The data does not reach back that far.",
		Next:    "Make a whole pack instead.",
	},
	Entry{
		Code: "subject_unknown", Exit: ExitRefused, Who: "it",
		Message: "The ledger has no subject of this name.",
		Next:    "Check the name.",
	},
	Entry{
		Code: "subject_mismatch", Exit: ExitRefused, Who: "it",
		Message: "What a node sent is not what the ledger holds.",
		Next:    "Ask another node, and tell who runs this one.",
	},
	Entry{
		Code: "carried_malformed", Exit: ExitRefused, Who: "it",
		Message: "The ledger data is damaged.",
		Next:    "Fetch it again from another source.",
	},
	Entry{
		Code: "carried_gap", Exit: ExitNotNow, Who: "you",
		Message: "The update does not follow on the data here.",
		Next:    "Import the updates in order, or a whole pack.",
	},
	Entry{
		Code: "carried_older", Exit: ExitRefused, Who: "nobody",
		Message: "The update is older than the data here.",
		Next:    "Nothing.",
	},
)
