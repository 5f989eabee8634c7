package explain

// Codes of the verifier's checks. The codes of parsing and proving that vc and
// did report stand in their own files.
var _ = add(
	Entry{"parsed", ExitOK, "The file is a credential or presentation in a form that can be checked.", "nobody", "Nothing."},
	Entry{"not_a_credential", ExitRefused, "The file is not a credential.", "practitioner", "Ask for the credential file itself; a scan, a photo or a PDF of a licence proves nothing."},
	Entry{"presentation_empty", ExitRefused, "The presentation holds no credential.", "practitioner", "Present again and choose what to share."},
	Entry{"not_run", ExitOK, "The check was not run, because one before it did not pass.", "nobody", "Look at the check that stopped it."},

	Entry{"anchored", ExitOK, "The ledger shows that the board published this credential before it signed it.", "nobody", "Nothing."},
	Entry{"anchor_missing", ExitRefused, "The credential carries no anchor: the ledger cannot vouch for it.", "practitioner", "Ask the board for a credential that its ledger has recorded."},
	Entry{"newer_than_data", ExitNotNow, "The credential is newer than the data on this machine.", "you", "Sync, then verify again."},
	Entry{"epoch_far_future", ExitRefused, "The credential claims a ledger epoch that cannot exist yet.", "hospital", "Treat it as forged and tell the board it names."},

	Entry{"issuer_key_in_force", ExitOK, "The signing key was the board's own when the credential was anchored.", "nobody", "Nothing."},
	Entry{"issuer_malformed", ExitRefused, "The issuer's name is not an identifier that can be looked up.", "practitioner", "Ask for a credential from a licensing board."},
	Entry{"issuer_unknown", ExitRefused, "The issuer is not known to the boards' ledger.", "hospital", "Do not rely on it; ask which board issued the licence."},
	Entry{"issuer_not_yet", ExitRefused, "The issuer did not exist when it claims to have issued this.", "hospital", "Treat it as forged and tell the board it names."},
	Entry{"issuer_deactivated", ExitRefused, "The issuer had closed its identity when it claims to have issued this.", "hospital", "Treat it as forged and tell the board it names."},
	Entry{"proof_missing", ExitRefused, "The credential is not signed.", "practitioner", "Ask for the credential file as the board issued it."},
	Entry{"key_compromised", ExitRefused, "The board has reported the signing key as compromised since before this credential was anchored.", "board", "Ask the board to issue the credential again."},
	Entry{"ledger_key_compromised", ExitRefused, "The board has reported the ledger key that published this credential as compromised.", "board", "Ask the board to issue the credential again."},

	Entry{"proof_holds", ExitOK, "The signature holds: nothing was changed since the board signed it.", "nobody", "Nothing."},

	Entry{"accredited", ExitOK, "The boards' ledger entitles this issuer to this type of credential in this jurisdiction.", "nobody", "Nothing."},
	Entry{"accredited_handed_over", ExitOK, "The issuer was entitled when it issued this, and another board now keeps its status.", "nobody", "Nothing."},
	Entry{"not_accredited", ExitRefused, "The issuer was not entitled to issue this type of credential in this jurisdiction.", "hospital", "Do not rely on it; ask the board that licenses this profession there."},
	Entry{"issuer_suspended", ExitNotNow, "The issuer's accreditation is suspended, so nobody vouches for its present status.", "hospital", "Ask the boards' network who answers for its licences meanwhile."},
	Entry{"issuer_ended", ExitNotNow, "The issuer's accreditation has ended and nobody has taken over its status list yet.", "hospital", "Ask the boards' network who takes over its licences."},
	Entry{"type_ambiguous", ExitRefused, "The credential does not name exactly one type.", "board", "Ask the board for a credential of one type."},
	Entry{"jurisdiction_missing", ExitRefused, "The credential does not say for which jurisdiction it holds.", "board", "Ask the board to issue it again."},

	Entry{"template_fits", ExitOK, "The credential has the form that the boards registered for its type.", "nobody", "Nothing."},
	Entry{"template_unknown", ExitRefused, "The boards have registered no such type of credential.", "hospital", "Do not rely on it; ask the board which credential it issues for this."},
	Entry{"template_mismatch", ExitRefused, "The credential lacks something that its type must have, or says it in another form.", "board", "Ask the board to issue it again."},
	Entry{"template_unusable", ExitNotNow, "The registered form of this type cannot be read by this version.", "it", "Update the program, then verify again."},

	Entry{"in_validity", ExitOK, "The credential is within its dates.", "nobody", "Nothing."},
	Entry{"validity_missing", ExitRefused, "The credential does not say until when it is valid.", "board", "Ask the board to issue it again."},
	Entry{"expired", ExitRefused, "The credential has expired, the grace period included.", "practitioner", "Ask for the renewed credential."},
	Entry{"not_yet_valid", ExitRefused, "The credential is not valid yet.", "practitioner", "Verify it again on or after its first day."},
	Entry{"clock_behind", ExitNotNow, "This machine's clock is behind a time that is known to have passed.", "it", "Set the clock, then verify again."},

	Entry{"status_missing", ExitRefused, "The credential does not say where its status is kept.", "board", "Ask the board to issue it again."},
	Entry{"status_no_page", ExitRefused, "The credential points to a status that the board never opened.", "hospital", "Treat it as forged and tell the board it names."},
	Entry{"status_current", ExitOK, "The licence is current.", "nobody", "Nothing."},
	Entry{"status_probation", ExitOK, "The licence is on probation: practice is allowed with conditions.", "hospital", "Ask the board for the conditions before deciding."},
	Entry{"status_condition", ExitOK, "The licence carries a non-disciplinary condition: practice is allowed with conditions.", "hospital", "Ask the board for the conditions before deciding."},
	Entry{"status_restriction", ExitRefused, "The licence carries a non-disciplinary restriction: practice is not allowed.", "hospital", "Do not let the person practise; sync to see whether it was lifted."},
	Entry{"status_suspended", ExitRefused, "The licence is suspended.", "hospital", "Do not let the person practise; sync to see whether it was lifted."},
	Entry{"status_summarily_suspended", ExitRefused, "The licence is summarily suspended.", "hospital", "Do not let the person practise; sync to see whether it was lifted."},
	Entry{"status_revoked", ExitRefused, "The licence is revoked.", "hospital", "Do not let the person practise; this is final."},
	Entry{"status_surrendered", ExitRefused, "The licence was surrendered.", "hospital", "Do not let the person practise; this is final."},
	Entry{"status_expired", ExitRefused, "The board says the licence has expired.", "practitioner", "Ask for the renewed credential; sync to see whether it was renewed."},
	Entry{"status_lapsed", ExitOK, "The licence has lapsed and is in its grace period: practice is still allowed.", "practitioner", "Renew before the grace period ends."},
	Entry{"status_inactive", ExitRefused, "The licence is inactive: practice is not allowed.", "practitioner", "Ask the board to activate it; sync to see whether it was."},
	Entry{"status_retired", ExitRefused, "The licence is retired: practice is not allowed.", "practitioner", "Ask the board to activate it; sync to see whether it was."},
	Entry{"status_void", ExitRefused, "The credential was replaced by a newer one.", "practitioner", "Ask for the newer credential."},
	Entry{"status_deceased", ExitRefused, "The board records the licence holder as deceased.", "hospital", "Treat the presentation as fraud and tell the board."},
	Entry{"status_hold", ExitNotNow, "The board has put the licence on administrative hold and has not decided yet.", "board", "Ask the board, and sync again later."},
	Entry{"status_reserved", ExitNotNow, "The board's status has a value that this version does not know.", "it", "Update the program, then verify again."},

	Entry{"fresh", ExitOK, "The data is young enough for this purpose.", "nobody", "Nothing."},
	Entry{"stale", ExitNotNow, "The data is too old for this purpose.", "you", "Sync, then verify again."},
	Entry{"no_data", ExitNotNow, "There is no ledger data on this machine yet.", "you", "Sync, or import a trust pack, then verify again."},
	Entry{"no_trust", ExitNotNow, "No network is pinned on this machine, so there is nothing to judge by.", "you", "Pin the boards' network file with `bonafide trust pin`, then sync."},

	Entry{"bound", ExitOK, "The person who answered the request holds the key that the credential was issued to.", "nobody", "Nothing."},
	Entry{"binding_not_required", ExitOK, "This purpose does not ask who presents the credential.", "nobody", "Nothing."},
	Entry{"register_copy", ExitNotNow, "This is the board's register copy: it does not show that the person before you is its subject.", "practitioner", "Ask the practitioner to present their own credential in answer to a request."},
	Entry{"presentation_required", ExitNotNow, "A bare credential does not show who presents it.", "practitioner", "Make a request and ask the practitioner to answer it from their wallet."},
	Entry{"request_required", ExitNotNow, "The presentation answers a request that was not given.", "you", "Verify it together with the request it answers (--request FILE)."},
	Entry{"request_not_ours", ExitNotNow, "The request was not made in this home, so it cannot be told whether it was answered before.", "you", "Verify in the home that made the request, or make a new one."},
	Entry{"request_expired", ExitNotNow, "The request had expired.", "you", "Make a new request and have it answered."},
	Entry{"presentation_proof_invalid", ExitRefused, "The presentation is not signed by the person it names.", "practitioner", "Ask for a new presentation."},
	Entry{"holder_mismatch", ExitRefused, "The credential was issued to somebody else than who presents it.", "hospital", "Do not accept it; ask the person for their own credential."},
	Entry{"holder_method_unsupported", ExitRefused, "The presenter uses a kind of identity that cannot be checked offline.", "practitioner", "Present from a wallet that uses did:key."},
	Entry{"binding_unproved", ExitNotNow, "Whose credential it is cannot be told, because the credential itself was not proved.", "nobody", "Look at the check that stopped it."},
	Entry{"replayed", ExitRefused, "The request was answered before: this presentation is a replay.", "hospital", "Make a new request; ask how the old answer came back."},

	Entry{"policy_malformed", ExitUsage, "The policy file cannot be used.", "it", "Correct the policy file."},
)
