package explain

// Codes of trust packs and of the pinned trust they are judged by (no_trust
// stands with the verdicts).

var _ = add(
	Entry{
		Code: "trust_expired", Exit: ExitNotNow,
		Message: "The newest header trusted here is older than the trusting period of 180 days, so old signing keys could be used to forge newer data.",
		Who:     "you",
		Next:    "Get a new network.json from a board, compare its fingerprint by another channel, and pin it.",
	},
	Entry{
		Code: "trust_malformed", Exit: ExitRefused,
		Message: "The trust kept in this home cannot be read.",
		Who:     "you",
		Next:    "Run `bonafide home check`, then pin the network again.",
	},
	Entry{
		Code: "network_malformed", Exit: ExitRefused,
		Message: "The file is not a network file of the boards, or it was altered.",
		Who:     "you",
		Next:    "Get the network file again from the board.",
	},
	Entry{
		Code: "fingerprint_mismatch", Exit: ExitRefused,
		Message: "The fingerprint of the file is not the one you were given.",
		Who:     "you",
		Next:    "Do not use the file. Ask the board for the fingerprint again by a channel you trust.",
	},
	Entry{
		Code: "pack_malformed", Exit: ExitRefused,
		Message: "The file is no trust pack, or its content does not follow the format.",
		Who:     "you",
		Next:    "Get the pack again, from another source if it keeps failing.",
	},
	Entry{
		Code: "pack_version", Exit: ExitRefused,
		Message: "The pack is written in a version of the format that this program does not know.",
		Who:     "you",
		Next:    "Update this program.",
	},
	Entry{
		Code: "pack_truncated", Exit: ExitRefused,
		Message: "The pack ends too early: it was not copied whole.",
		Who:     "you",
		Next:    "Copy or download the pack again.",
	},
	Entry{
		Code: "pack_trailing", Exit: ExitRefused,
		Message: "Something follows after the end of the pack.",
		Who:     "you",
		Next:    "Get the pack again from its source.",
	},
	Entry{
		Code: "pack_damaged", Exit: ExitRefused,
		Message: "The pack's checksum does not fit its bytes: it was damaged on the way.",
		Who:     "you",
		Next:    "Copy or download the pack again.",
	},
	Entry{
		Code: "pack_too_large", Exit: ExitRefused,
		Message: "The pack is larger than a pack may be, or would expand to more than it may.",
		Who:     "you",
		Next:    "Get a pack from another source; if this one is from a board, tell the board.",
	},
	Entry{
		Code: "pack_other_network", Exit: ExitRefused,
		Message: "The pack belongs to another network than the one pinned here.",
		Who:     "you",
		Next:    "Get a pack of the pinned network.",
	},
	Entry{
		Code: "pack_lower_height", Exit: ExitRefused,
		Message: "The pack is older than the data already here.",
		Who:     "you",
		Next:    "Nothing is lost: the newer data stays. Get a newer pack.",
	},
	Entry{
		Code: "pack_gap", Exit: ExitNotNow,
		Message: "The pack holds only what changed since a point that the data here has not reached.",
		Who:     "you",
		Next:    "Get a whole pack.",
	},
	Entry{
		Code: "pack_signatures", Exit: ExitRefused,
		Message: "The members' signatures do not lead from the pinned network to this pack.",
		Who:     "you",
		Next:    "Do not use the pack. Get one from another source and tell the board where this one came from.",
	},
	Entry{
		Code: "pack_altered", Exit: ExitRefused,
		Message: "The pack's content is not what the members signed: something was changed or left out.",
		Who:     "you",
		Next:    "Do not use the pack. Get one from another source and tell the board where this one came from.",
	},
	Entry{
		Code: "pack_conflict", Exit: ExitRefused,
		Message: "The members signed two different headers for one height. One of them is a lie, and nothing here can tell which.",
		Who:     "board",
		Next:    "Stop importing. Send the evidence that was kept to every board of the network.",
	},
	Entry{
		Code: "pack_unproven", Exit: ExitNotNow,
		Message: "No signed header proves the ledger's newest state yet, so no pack can be made of it.",
		Who:     "nobody",
		Next:    "Try again in a moment.",
	},

	// The hospital's own list of issuers outside the network.
	Entry{
		Code: "listing_on_ledger", Exit: ExitRefused,
		Message: "This issuer belongs to a boards' network, and what it may issue is decided there alone.",
		Who:     "you",
		Next:    "Pin its network instead; an issuer there needs no entry of yours.",
	},
	Entry{
		Code: "listing_types", Exit: ExitUsage,
		Message: "An issuer is listed for named types of credentials, and these names cannot be used.",
		Who:     "you",
		Next:    "Give each type or vct once, exactly as the issuer writes it; VerifiableCredential would mean everything.",
	},
	Entry{
		Code: "listing_until", Exit: ExitUsage,
		Message: "The last day of the entry has passed already.",
		Who:     "you",
		Next:    "Give a day to come with --until.",
	},
	Entry{
		Code: "listing_name", Exit: ExitUsage,
		Message: "The name is empty, longer than a line, or has characters that deceive the eye.",
		Who:     "you",
		Next:    "Give another name with --name.",
	},
	Entry{
		Code: "listing_exists", Exit: ExitRefused,
		Message: "The issuer is listed already.",
		Who:     "you",
		Next:    "Look at the entry with `bonafide trust list`; --replace puts the new one in its place.",
	},
	Entry{
		Code: "listing_unknown", Exit: ExitRefused,
		Message: "No issuer of that name is listed in this home.",
		Who:     "you",
		Next:    "Copy the name whole from `bonafide trust list`.",
	},
	Entry{
		Code: "listing_too_many", Exit: ExitRefused,
		Message: "The list of issuers is full.",
		Who:     "you",
		Next:    "Remove one that you no longer need.",
	},
	Entry{
		Code: "root_unusable", Exit: ExitRefused,
		Message: "The file is not the certificate of an authority that can be trusted as a root.",
		Who:     "you",
		Next:    "Get the root certificate from the issuer: one certificate in PEM, signed by itself and in force.",
	},
	Entry{
		Code: "issuers_rolled_back", Exit: ExitNotNow,
		Message: "This home's list of issuers was replaced by an older copy, so an issuer that was removed may be on it again.",
		Who:     "it",
		Next:    "Find out who put the old file back, and bring back the newest backup.",
	},
	Entry{
		Code: "status_not_fetched", Exit: ExitNotNow,
		Message: "The status list that the credential names is not on this machine yet.",
		Who:     "you",
		Next:    "Sync, then verify again.",
	},
	Entry{
		Code: "status_list_malformed", Exit: ExitRefused,
		Message: "What the issuer's server gave for a status list is none.",
		Who:     "hospital",
		Next:    "The list from before stays with its age; ask the issuer if it keeps failing.",
	},
	Entry{
		Code: "status_list_older", Exit: ExitRefused,
		Message: "The issuer's server gave a status list older than the one on this machine.",
		Who:     "hospital",
		Next:    "The newer list stays. Ask the issuer why an old list is given out again.",
	},
)
