package explain

// What was the case at a time that has passed (docs/as-of.md). A code that ends
// in _then says it of that time; what has no such code means the same for every
// time.
var _ = add(
	Entry{"at_with_request", ExitUsage, "A request is answered in the present, so it says nothing about a time that has passed.", "you", "Leave out either the request or the time."},
	Entry{"past_covered", ExitOK, "The data reaches beyond the time asked about, and what has passed does not age.", "nobody", "Nothing."},
	Entry{"at_newer_than_data", ExitNotNow, "The data on this machine ends before the time asked about.", "you", "Sync, then verify again."},
	Entry{"at_future", ExitUsage, "The time asked about has not come yet.", "you", "Ask about a time that has passed; today as a date is its end."},
	Entry{"no_history", ExitNotNow, "What is kept on this machine does not tell how it was then.", "hospital", "Ask the issuer, or verify in a home that synced at that time and since."},
	Entry{"anchored_later", ExitRefused, "The ledger did not hold this credential yet.", "hospital", "Ask for the credential that was in force then, or about a later time."},
	Entry{"binding_past", ExitOK, "Who presented a credential in the past is not judged again.", "nobody", "Look it up in the history, if it was verified then."},

	Entry{"key_compromised_later_known", ExitRefused, "It became known later that the signing key was compromised before this credential was anchored, and that counts for the past too.", "board", "Ask the board to confirm the licence by another way."},
	Entry{"ledger_key_compromised_later_known", ExitRefused, "It became known later that the ledger key which published this credential was compromised, and that counts for the past too.", "board", "Ask the board to confirm the licence by another way."},

	Entry{"accredited_then", ExitOK, "The boards' ledger entitled this issuer to this type of credential in this jurisdiction.", "nobody", "Nothing."},
	Entry{"accredited_handed_over_then", ExitOK, "The issuer was entitled when it issued this, and another board kept its status by then.", "nobody", "Nothing."},
	Entry{"issuer_suspended_then", ExitNotNow, "The issuer's accreditation was suspended, so nobody vouched for the status at that time.", "hospital", "Ask the boards' network who answered for its licences."},
	Entry{"issuer_ended_then", ExitNotNow, "The issuer's accreditation had ended and nobody had taken over its status list yet.", "hospital", "Ask the boards' network who answered for its licences, or about an earlier time."},
	Entry{"issuer_closed_then", ExitNotNow, "The issuer had closed its identity, and nobody answered for the status of its licences.", "hospital", "Ask the boards' network who answered for its licences, or about an earlier time."},

	Entry{"in_validity_then", ExitOK, "The credential was within its dates.", "nobody", "Nothing."},
	Entry{"expired_then", ExitRefused, "The credential had expired, the grace period included.", "practitioner", "Ask for the credential that was in force then."},
	Entry{"not_yet_valid_then", ExitRefused, "The credential was not valid yet.", "practitioner", "Ask for the credential that was in force then."},

	Entry{"status_current_then", ExitOK, "The licence was current.", "nobody", "Nothing."},
	Entry{"status_probation_then", ExitOK, "The licence was on probation: practice was allowed with conditions.", "hospital", "Ask the board what the conditions were."},
	Entry{"status_condition_then", ExitOK, "The licence carried a non-disciplinary condition: practice was allowed with conditions.", "hospital", "Ask the board what the conditions were."},
	Entry{"status_restriction_then", ExitRefused, "The licence carried a non-disciplinary restriction: practice was not allowed.", "hospital", "Look at what the person did at that time."},
	Entry{"status_suspended_then", ExitRefused, "The licence was suspended.", "hospital", "Look at what the person did at that time."},
	Entry{"status_summarily_suspended_then", ExitRefused, "The licence was summarily suspended.", "hospital", "Look at what the person did at that time."},
	Entry{"status_revoked_then", ExitRefused, "The licence had been revoked.", "hospital", "Look at what the person did at that time and since; this is final."},
	Entry{"status_surrendered_then", ExitRefused, "The licence had been surrendered.", "hospital", "Look at what the person did at that time and since; this is final."},
	Entry{"status_expired_then", ExitRefused, "The board said that the licence had expired.", "practitioner", "Ask for the credential that was in force then."},
	Entry{"status_lapsed_then", ExitOK, "The licence had lapsed and was in its grace period: practice was still allowed.", "nobody", "Nothing."},
	Entry{"status_inactive_then", ExitRefused, "The licence was inactive: practice was not allowed.", "hospital", "Look at what the person did at that time."},
	Entry{"status_retired_then", ExitRefused, "The licence was retired: practice was not allowed.", "hospital", "Look at what the person did at that time."},
	Entry{"status_void_then", ExitRefused, "The credential had been replaced by a newer one.", "practitioner", "Ask for the newer credential, and verify that for the same time."},
	Entry{"status_deceased_then", ExitRefused, "The board had recorded the licence holder as deceased.", "hospital", "Ask the board, and find out who acted in that name."},
	Entry{"status_hold_then", ExitNotNow, "The board had put the licence on administrative hold and had not decided yet.", "board", "Ask the board what it decided for that time."},
	Entry{"status_reserved_then", ExitNotNow, "The board's status had a value that this version does not know.", "it", "Update the program, then verify again."},
)
