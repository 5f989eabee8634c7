package explain

// Codes of strict JSON and of DIDs, their documents and keys.

var _ = add(
	Entry{
		Code: "json_syntax", Exit: ExitRefused, Who: "you",
		Message: "The file is not well-formed JSON.",
		Next:    "Ask for the file again; it may have been cut short or changed on the way.",
	},
	Entry{
		Code: "json_duplicate_key", Exit: ExitRefused, Who: "you",
		Message: "The file names the same field twice, so it could be read in two ways.",
		Next:    "Do not use it; ask whoever made it for a correct one.",
	},
	Entry{
		Code: "json_too_large", Exit: ExitRefused, Who: "you",
		Message: "The file is larger than such a file can be.",
		Next:    "Check that it is the right file.",
	},
	Entry{
		Code: "json_too_deep", Exit: ExitRefused, Who: "you",
		Message: "The file is nested more deeply than such a file can be.",
		Next:    "Do not use it; ask whoever made it for a correct one.",
	},
	Entry{
		Code: "json_bad_utf8", Exit: ExitRefused, Who: "you",
		Message: "The file holds text that is not valid Unicode.",
		Next:    "Ask for the file again; it may have been damaged on the way.",
	},
	Entry{
		Code: "json_bad_char", Exit: ExitRefused, Who: "you",
		Message: "The file holds a character that may not stand in text.",
		Next:    "Do not use it; ask whoever made it for a correct one.",
	},
	Entry{
		Code: "json_bad_number", Exit: ExitRefused, Who: "you",
		Message: "The file holds a number that programs would read differently.",
		Next:    "Do not use it; ask whoever made it for a correct one.",
	},
	Entry{
		Code: "json_bad_type", Exit: ExitRefused, Who: "you",
		Message: "A field of the file holds another kind of value than it should.",
		Next:    "Check that it is the right file, or ask whoever made it for a correct one.",
	},
	Entry{
		Code: "json_unknown_field", Exit: ExitRefused, Who: "you",
		Message: "The file has a field that this format does not know.",
		Next:    "Check the spelling, or update this program if the file comes from a newer one.",
	},
	Entry{
		Code: "did_invalid", Exit: ExitRefused, Who: "you",
		Message: "This is not a well-formed DID.",
		Next:    "Check that it was copied whole.",
	},
	Entry{
		Code: "did_not_found", Exit: ExitRefused, Who: "it",
		Message: "No DID of this name is on the ledger, as far as the data here knows.",
		Next:    "Sync, and check the spelling.",
	},
	Entry{
		Code: "document_not_fetched", Exit: ExitNotNow, Who: "you",
		Message: "The issuer's document lies on its own web server and is not on this machine yet.",
		Next:    "List the issuer with `bonafide trust add` if you trust it, then sync.",
	},
	Entry{
		Code: "did_method_unsupported", Exit: ExitRefused, Who: "nobody",
		Message: "This kind of DID is not supported here.",
		Next:    "Ask for one of a supported kind: did:bonafide, did:key, did:jwk or did:web.",
	},
	Entry{
		Code: "did_other_network", Exit: ExitRefused, Who: "you",
		Message: "The DID belongs to another network than the one whose data is here.",
		Next:    "Pin and sync that network, or check the DID.",
	},
	Entry{
		Code: "did_version_unknown", Exit: ExitRefused, Who: "you",
		Message: "The DID has no such version, or none at that time.",
		Next:    "Ask without a version for the newest, or sync.",
	},
	Entry{
		Code: "did_time_unknown", Exit: ExitNotNow, Who: "it",
		Message: "The data here does not reach up to the time that was asked for.",
		Next:    "Sync, then ask again.",
	},
	Entry{
		Code: "did_deactivated", Exit: ExitRefused, Who: "board",
		Message: "The DID was deactivated and has no keys any more.",
		Next:    "Ask its owner for the DID that replaces it.",
	},
	Entry{
		Code: "did_document_invalid", Exit: ExitRefused, Who: "board",
		Message: "The DID document breaks a rule of its format.",
		Next:    "Its owner has to correct it.",
	},
	Entry{
		Code: "did_document_private", Exit: ExitRefused, Who: "board",
		Message: "The DID document holds a private key.",
		Next:    "Its owner has to replace that key at once and publish a document without it.",
	},
	Entry{
		Code: "did_id_mismatch", Exit: ExitRefused, Who: "board",
		Message: "The DID document does not belong to the DID it stands under.",
		Next:    "Do not use it; ask its owner for the right one.",
	},
	Entry{
		Code: "did_key_two_roles", Exit: ExitRefused, Who: "board",
		Message: "One key is listed both for issuing and for the ledger; the two must be different keys.",
		Next:    "Its owner has to use one key for each.",
	},
	Entry{
		Code: "key_invalid", Exit: ExitRefused, Who: "you",
		Message: "This is not a valid public key of a supported kind.",
		Next:    "Check that it was copied whole, or ask its owner.",
	},
	Entry{
		Code: "method_not_found", Exit: ExitRefused, Who: "board",
		Message: "The key that the signature names is not in its owner's DID document.",
		Next:    "Ask whoever signed for a new one.",
	},
	Entry{
		Code: "method_wrong_purpose", Exit: ExitRefused, Who: "board",
		Message: "The key that the signature names may not be used for this purpose.",
		Next:    "Ask whoever signed for a new one.",
	},
	Entry{
		Code: "method_foreign_controller", Exit: ExitRefused, Who: "board",
		Message: "The key that the signature names belongs to someone else.",
		Next:    "Do not rely on it; ask whoever signed for a new one.",
	},
	Entry{
		Code: "method_unsupported", Exit: ExitRefused, Who: "board",
		Message: "The key that the signature names is of a kind that is not supported here.",
		Next:    "Ask whoever signed for one with an Ed25519, P-256 or P-384 key.",
	},
	Entry{
		Code: "did_options_invalid", Exit: ExitUsage, Who: "you",
		Message: "A DID can be asked for by version, by time or by height, not by several at once.",
		Next:    "Give one of them.",
	},
	Entry{
		Code: "network_name_invalid", Exit: ExitUsage, Who: "you",
		Message: "A network's name is one to sixteen letters or digits, a hyphen, and eight more characters.",
		Next:    "Check that it was copied whole.",
	},
)
