package explain

// Codes of requests, claim codes and the practitioner's wallet.

var _ = add(
	Entry{
		Code: "request_malformed", Exit: ExitRefused, Who: "hospital",
		Message: "This is not a request that can be answered.",
		Next:    "Ask the hospital to send its request again.",
	},
	Entry{
		Code: "request_not_yet", Exit: ExitNotNow, Who: "you",
		Message: "The hospital's request bears a date in the future.",
		Next:    "Check this device's clock; if it is right, ask the hospital for a new request.",
	},
	Entry{
		Code: "claim_code_malformed", Exit: ExitUsage, Who: "you",
		Message: "This is not a claim code: it has 23 letters and digits, in groups of four.",
		Next:    "Type the code again as the board wrote it.",
	},
	Entry{
		Code: "claim_code_mistyped", Exit: ExitUsage, Who: "you",
		Message: "The claim code has a typing error.",
		Next:    "Compare it with what the board wrote and type it again.",
	},
	Entry{
		Code: "wallet_not_made", Exit: ExitRefused, Who: "you",
		Message: "This wallet has no key yet.",
		Next:    "Make the wallet first: bonafide wallet init.",
	},
	Entry{
		Code: "wallet_made_already", Exit: ExitRefused, Who: "you",
		Message: "This wallet has a key already; a second one would make its credentials useless.",
		Next:    "Go on with the wallet as it is.",
	},
	Entry{
		Code: "wallet_board_unknown", Exit: ExitUsage, Who: "you",
		Message: "A claim goes to a board, by its DID on the boards' ledger.",
		Next:    "Check the board's DID; it begins with did:bonafide.",
	},
	Entry{
		Code: "wallet_request_expired", Exit: ExitRefused, Who: "hospital",
		Message: "The hospital's request has expired, so it is not answered.",
		Next:    "Ask the hospital for a new request.",
	},
	Entry{
		Code: "wallet_other_holder", Exit: ExitRefused, Who: "you",
		Message: "This credential was issued to another wallet.",
		Next:    "Open it in the wallet that claimed it, or ask the board for a new claim code.",
	},
	Entry{
		Code: "wallet_presentation", Exit: ExitRefused, Who: "you",
		Message: "This is a presentation, made for somebody to check, not a credential to keep.",
		Next:    "Ask the board for the credential itself.",
	},
	Entry{
		Code: "wallet_unchecked", Exit: ExitNotNow, Who: "you",
		Message: "The credential could not be checked, so it was not kept.",
		Next:    "Sync, then receive it again.",
	},
	Entry{
		Code: "wallet_no_credential", Exit: ExitRefused, Who: "you",
		Message: "The wallet holds no such credential.",
		Next:    "List the credentials and take an id from there.",
	},
	Entry{
		Code: "wallet_nothing_chosen", Exit: ExitUsage, Who: "you",
		Message: "Nothing was chosen to be shared.",
		Next:    "Choose at least one credential.",
	},
	Entry{
		Code: "wallet_too_many", Exit: ExitUsage, Who: "you",
		Message: "More credentials were chosen than one presentation can hold, or one was chosen twice.",
		Next:    "Choose each credential once, and at most 32.",
	},
	Entry{
		Code: "wallet_not_asked", Exit: ExitRefused, Who: "you",
		Message: "The hospital did not ask for one of the chosen credentials, so it is not shared.",
		Next:    "Choose only credentials of the types in the request.",
	},
	Entry{
		Code: "wallet_expired", Exit: ExitOK, Who: "you",
		Message: "This credential has expired, the grace period included.",
		Next:    "Renew the licence with the board and claim the new credential.",
	},
	Entry{
		Code: "wallet_in_grace", Exit: ExitOK, Who: "you",
		Message: "The licence has expired; its grace period is running.",
		Next:    "Renew the licence with the board now.",
	},
	Entry{
		Code: "wallet_expires_soon", Exit: ExitOK, Who: "you",
		Message: "The licence expires within 90 days.",
		Next:    "Renew it with the board in time.",
	},
	Entry{
		Code: "wallet_not_bound", Exit: ExitOK, Who: "you",
		Message: "This is a copy from the board's register: it does not prove that you are the one it is about.",
		Next:    "Ask the board for a claim code to get a credential bound to this wallet.",
	},
	Entry{
		Code: "wallet_answered_before", Exit: ExitOK, Who: "you",
		Message: "This request was answered before; the hospital accepts one answer only.",
		Next:    "Send the first answer again, or ask the hospital for a new request.",
	},
	Entry{
		Code: "wallet_one_only", Exit: ExitUsage, Who: "you",
		Message: "An SD-JWT presentation holds one credential, and several were chosen.",
		Next:    "Choose one, or present each in answer to a request of its own.",
	},
	Entry{
		Code: "wallet_format_not_taken", Exit: ExitRefused, Who: "you",
		Message: "The hospital does not take this envelope.",
		Next:    "Leave the choice of the envelope to the wallet, or ask the hospital for another request.",
	},
	Entry{
		Code: "wallet_format_missing", Exit: ExitRefused, Who: "you",
		Message: "The wallet does not hold this licence in an envelope that fits.",
		Next:    "Ask the board for the other envelope, or the hospital for another request.",
	},
	Entry{
		Code: "wallet_copy_unprovable", Exit: ExitRefused, Who: "you",
		Message: "This is a copy from the board's register; as SD-JWT it cannot be presented, because no key of yours stands in it.",
		Next:    "Ask the board for a claim code to get a credential bound to this wallet.",
	},
	Entry{
		Code: "wallet_whole_only", Exit: ExitUsage, Who: "you",
		Message: "This envelope is shared whole or not at all, so claims cannot be chosen.",
		Next:    "Present it as sd-jwt, or share everything with --disclose all.",
	},
	Entry{
		Code: "wallet_shares_more", Exit: ExitRefused, Who: "you",
		Message: "The hospital asks for some claims only, and this envelope would show it all the others too.",
		Next:    "Present it as sd-jwt, or say that you want to share everything with --disclose all.",
	},
	Entry{
		Code: "wallet_claim_unknown", Exit: ExitUsage, Who: "you",
		Message: "The credential does not have one of the chosen claims.",
		Next:    "Look with --dry-run what it says, and choose from there.",
	},
	Entry{
		Code: "wallet_more_than_asked", Exit: ExitOK, Who: "you",
		Message: "You share more than the hospital asks for.",
		Next:    "Leave out what it does not need.",
	},
	Entry{
		Code: "wallet_less_than_asked", Exit: ExitOK, Who: "you",
		Message: "You share less than the hospital asks for; it may not be enough for it.",
		Next:    "Add what it asks for if you agree to share it.",
	},
	Entry{
		Code: "wallet_may_not_practise", Exit: ExitOK, Who: "you",
		Message: "The board says that this licence does not allow practice.",
		Next:    "Ask the board why; what you present will be rejected.",
	},
	Entry{
		Code: "wallet_conditions", Exit: ExitOK, Who: "you",
		Message: "The board says that this licence allows practice with conditions.",
		Next:    "Have the conditions ready: whoever verifies it is told to ask the board.",
	},
	Entry{
		Code: "wallet_undecided", Exit: ExitOK, Who: "board",
		Message: "The board has not decided what this licence stands at.",
		Next:    "Ask the board; what you present cannot be confirmed meanwhile.",
	},
	Entry{
		Code: "wallet_replaced", Exit: ExitOK, Who: "you",
		Message: "The board has replaced this credential by a newer one.",
		Next:    "Claim the newer one from the board, and delete this one.",
	},
	Entry{
		Code: "wallet_data_old", Exit: ExitNotNow, Who: "you",
		Message: "The boards' data on this device is too old to tell what a licence stands at today.",
		Next:    "Sync, or import a newer pack. Your licences themselves are as good as before.",
	},
	Entry{
		Code: "wallet_fault", Exit: ExitInternal, Who: "it",
		Message: "Reading this went wrong inside the program; nothing was taken in.",
		Next:    "Ask for the file again; if it stays, report this code to the makers.",
	},
	Entry{
		Code: "wallet_no_letter", Exit: ExitRefused, Who: "you",
		Message: "There is neither a claim code nor a board in it.",
		Next:    "Choose the board and type the code from its letter.",
	},
	Entry{
		Code: "wallet_not_request", Exit: ExitRefused, Who: "you",
		Message: "This is a licence or a presentation, and no request.",
		Next:    "Take a licence in under Get a licence; here open what the hospital sent to ask you.",
	},
	Entry{
		Code: "wallet_nothing_fits", Exit: ExitRefused, Who: "you",
		Message: "You have nothing that this request asks for.",
		Next:    "Get the licence from your board first, or ask the hospital what else it takes.",
	},
	Entry{
		Code: "wallet_too_many_files", Exit: ExitUsage, Who: "you",
		Message: "These are more files, or more codes in pictures, than are taken in at once; none was taken in.",
		Next:    "Take in at most 50 at a time.",
	},
	Entry{
		Code: "backup_nowhere", Exit: ExitUsage, Who: "you",
		Message: "It is not chosen yet where the backup lies.",
		Next:    "Choose it first.",
	},
	Entry{
		Code: "passphrase_differs", Exit: ExitUsage, Who: "you",
		Message: "The passphrase was typed differently the second time.",
		Next:    "Type the same passphrase twice.",
	},
)
