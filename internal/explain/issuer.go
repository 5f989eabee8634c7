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
		Message: "One of the board's signing keys is not one that the ledger knows for issuing, or it was reported.",
		Next:    "Put a new issuing key into the board's document on the ledger, then issue again; nothing was handed out.",
	},
	Entry{
		Code: "sdjwt_key_missing", Exit: ExitRefused, Who: "board",
		Message: "The board has no key for SD-JWT credentials, so those were not issued.",
		Next:    "Run `bonafide board key rotate issuing-es256`; the next `bonafide board issue` adds them.",
	},
	Entry{
		Code: "board_certificate_expired", Exit: ExitRefused, Who: "board",
		Message: "The board's certificate has run out, so new SD-JWT credentials go without it.",
		Next:    "Run `bonafide board key csr`, have a new certificate made, and keep it with `bonafide board key certificate`.",
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
		Message: "The claim code was used before, by another wallet or with other keys.",
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

// Codes of acts that wait, and of register files.
var _ = add(
	Entry{
		Code: "four_eyes_alone", Exit: ExitOK, Who: "board",
		Message: "This act needs a second person, and this home has nobody else: it went on with one.",
		Next:    "Add a second person to the home; from then on such acts wait for approval.",
	},
	Entry{
		Code: "approval_missing", Exit: ExitInternal, Who: "it",
		Message: "A change that needs a second person's approval came without it, and was not made.",
		Next:    "Nothing was changed; report this, since no command of Bonafide asks for it.",
	},
	Entry{
		Code: "act_unknown", Exit: ExitRefused, Who: "you",
		Message: "There is no act with this number.",
		Next:    "Look at what waits: bonafide board pending.",
	},
	Entry{
		Code: "act_decided", Exit: ExitRefused, Who: "you",
		Message: "This act was decided before.",
		Next:    "Nothing has to be done; bonafide board history tells who decided it.",
	},
	Entry{
		Code: "act_own", Exit: ExitRefused, Who: "board",
		Message: "Nobody approves or rejects their own act.",
		Next:    "Ask somebody else of the board to look at it; your own act can be cancelled.",
	},
	Entry{
		Code: "act_others", Exit: ExitRefused, Who: "board",
		Message: "An act that waits for approval can only be cancelled by who made it.",
		Next:    "Reject it instead, with a reason.",
	},
	Entry{
		Code: "act_open", Exit: ExitRefused, Who: "board",
		Message: "Another act on this licence still waits.",
		Next:    "Approve, reject or cancel that one first: bonafide board pending.",
	},
	Entry{
		Code: "act_outdated", Exit: ExitRefused, Who: "board",
		Message: "The licence has changed since the act was made, so it was not carried out.",
		Next:    "Look at the licence's history, then reject or cancel the act and make it anew if it is still wanted.",
	},
	Entry{
		Code: "act_overdue", Exit: ExitRefused, Who: "board",
		Message: "Acts of this board should stand on the ledger by now and do not.",
		Next:    "Start the node, then run bonafide board pending; approve, or cancel, what it lists as overdue.",
	},
	Entry{
		Code: "import_unknown", Exit: ExitRefused, Who: "you",
		Message: "No act of an import with this number waits for approval.",
		Next:    "Look at what waits, and with which import it came: bonafide board pending.",
	},
	Entry{
		Code: "effective_past", Exit: ExitUsage, Who: "you",
		Message: "An act cannot take effect on a day that has passed.",
		Next:    "Give today or a day to come; write the date of the order into the reason.",
	},
	Entry{
		Code: "effective_far", Exit: ExitUsage, Who: "you",
		Message: "An act can be dated at most ten years ahead.",
		Next:    "Give an earlier day.",
	},
	Entry{
		Code: "renew_dates", Exit: ExitUsage, Who: "you",
		Message: "These dates are no renewal of this licence.",
		Next:    "Give an expiry later than the present one, and a date of issue that is not earlier; anything else is board replace.",
	},
	Entry{
		Code: "record_malformed", Exit: ExitUsage, Who: "you",
		Message: "The licence cannot say this.",
		Next:    "Correct the field that the detail names.",
	},
	Entry{
		Code: "import_utf16", Exit: ExitRefused, Who: "board",
		Message: "The register file is in UTF-16, not UTF-8.",
		Next:    "Export it again as CSV in UTF-8; in a spreadsheet, save it as \"CSV UTF-8\".",
	},
	Entry{
		Code: "import_lines", Exit: ExitRefused, Who: "board",
		Message: "The lines of the register file end with a carriage return alone.",
		Next:    "Export it again with line ends of Unix (LF) or Windows (CR LF).",
	},
	Entry{
		Code: "import_row", Exit: ExitRefused, Who: "board",
		Message: "A row of the register file does not end where a row can.",
		Next:    "Look after the line that the detail names for a quotation mark that is never closed; rows before it are in, and importing them again changes nothing.",
	},
	Entry{
		Code: "import_changed", Exit: ExitRefused, Who: "you",
		Message: "The file is another one now than when it was looked at. Nothing was changed.",
		Next:    "Choose it again, and look at what it would do.",
	},
	Entry{
		Code: "import_several", Exit: ExitUsage, Who: "you",
		Message: "These are several register files.",
		Next:    "Import one after the other.",
	},
	Entry{
		Code: "import_size", Exit: ExitRefused, Who: "board",
		Message: "The register file is larger than any register.",
		Next:    "Check what was exported; a file can have 2 GB and five million rows.",
	},
)
