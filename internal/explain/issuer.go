package explain

// Codes of a board's work. What the ledger refuses has its own codes there.
var _ = add(
	Entry{
		Code: "mapping_malformed", Exit: ExitUsage, Who: "board",
		Message: "The mapping file cannot be used.",
		Next:    "Correct the mapping file; the detail names the field.",
	},
	Entry{
		Code: "import_unreadable", Exit: ExitRefused, Who: "board",
		Message: "The register file is not CSV in UTF-8 that can be read to its end.",
		Next:    "Export it again as CSV in UTF-8; rows before the place that was named are in already, and importing them again changes nothing.",
	},
	Entry{
		Code: "import_columns", Exit: ExitRefused, Who: "board",
		Message: "The first line of the register file does not have the columns that the mapping names.",
		Next:    "Use the mapping that belongs to this export, or correct it.",
	},
	Entry{
		Code: "board_settings", Exit: ExitUsage, Who: "board",
		Message: "The board's settings cannot be used.",
		Next:    "Correct the settings; the detail says what is wrong.",
	},
	Entry{
		Code: "licence_unknown", Exit: ExitRefused, Who: "you",
		Message: "The register has no licence with this number.",
		Next:    "Check the number, or import the register first.",
	},
	Entry{
		Code: "licence_ambiguous", Exit: ExitRefused, Who: "you",
		Message: "More than one licence has this number.",
		Next:    "Name the licence as TYPE:JURISDICTION:NUMBER.",
	},
	Entry{
		Code: "status_unknown", Exit: ExitUsage, Who: "you",
		Message: "There is no such status.",
		Next:    "Use one of the status words, for example probation or suspended.",
	},
	Entry{
		Code: "status_unchanged", Exit: ExitRefused, Who: "you",
		Message: "The licence has this status already, and the ledger shows it.",
		Next:    "Nothing has to be done; look at the licence's history if this is a surprise.",
	},
	Entry{
		Code: "reason_malformed", Exit: ExitUsage, Who: "you",
		Message: "The reason cannot be recorded as it is written.",
		Next:    "Write at most 1,000 characters without control characters, not beginning like a formula.",
	},
	Entry{
		Code: "issuing_key_out_of_force", Exit: ExitRefused, Who: "board",
		Message: "The board's signing key is not one that the ledger knows for issuing, or it was reported.",
		Next:    "Put a new issuing key into the board's document on the ledger, then issue again; nothing was handed out.",
	},
	Entry{
		Code: "batch_damaged", Exit: ExitNotNow, Who: "it",
		Message: "What was recorded before signing no longer fits together, so it was not signed.",
		Next:    "Leave the files as they are, run `bonafide home check`, and bring back a backup.",
	},
	Entry{
		Code: "draft_refused", Exit: ExitRefused, Who: "board",
		Message: "A licence cannot be written as a credential that every verifier would read alike.",
		Next:    "Correct the licence in the register and import it again.",
	},
	Entry{
		Code: "credential_not_ready", Exit: ExitNotNow, Who: "board",
		Message: "There is no such credential to hand out yet.",
		Next:    "Run `bonafide board issue`, and try again when it is done.",
	},
	Entry{
		Code: "claim_life", Exit: ExitUsage, Who: "you",
		Message: "A claim code can last from a minute to a year.",
		Next:    "Give a time within that.",
	},
	Entry{
		Code: "claim_malformed", Exit: ExitRefused, Who: "practitioner",
		Message: "The file is not a claim that a wallet made.",
		Next:    "Make the claim again in the wallet and send that file.",
	},
	Entry{
		Code: "claim_code_unknown", Exit: ExitRefused, Who: "practitioner",
		Message: "The claim answers a code that this board did not give out, or has withdrawn for a newer one.",
		Next:    "Use the newest code, or ask the board for one.",
	},
	Entry{
		Code: "claim_code_expired", Exit: ExitRefused, Who: "practitioner",
		Message: "The claim code has run out.",
		Next:    "Ask the board for a new code.",
	},
	Entry{
		Code: "claim_code_used", Exit: ExitRefused, Who: "board",
		Message: "The claim code was used by another wallet before.",
		Next:    "Find out who used it; a new code voids what that wallet got.",
	},
	Entry{
		Code: "claim_code_locked", Exit: ExitRefused, Who: "board",
		Message: "The claim code was answered wrongly too often.",
		Next:    "Ask the practitioner what happened and give out a new code.",
	},
	Entry{
		Code: "claim_refused", Exit: ExitRefused, Who: "practitioner",
		Message: "The claim does not fit the code.",
		Next:    "Type the code into the wallet again and send the new claim.",
	},
	Entry{
		Code: "audit_unproved", Exit: ExitNotNow, Who: "it",
		Message: "The ledger node's list of this board's batches is not the one that the members signed for.",
		Next:    "Sync from another node and audit again; tell the node's operator.",
	},
)
