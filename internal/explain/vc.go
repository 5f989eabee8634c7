package explain

// Codes of credentials and presentations: their model, their proofs, and what
// ties them to the ledger. Those of contexts and canonicalisation are in ld.go,
// those that the verdict names by itself in verdict.go.

var _ = add(
	// The model.
	Entry{
		Code: "format_unsupported", Exit: ExitRefused, Who: "practitioner",
		Message: "The credential is in a format that this version does not read.",
		Next:    "Ask for it as a W3C credential with a Data Integrity proof, or as an SD-JWT VC in compact form.",
	},
	Entry{
		Code: "not_a_presentation", Exit: ExitRefused, Who: "practitioner",
		Message: "The file is a bare credential where an answer to a request is asked for.",
		Next:    "Answer the request with the wallet, and give the file that it makes.",
	},
	Entry{
		Code: "context_shape", Exit: ExitRefused, Who: "board",
		Message: "The document does not begin with the vocabulary (@context) of W3C credentials, version 2.0.",
		Next:    "Ask the issuer for a credential of that version.",
	},
	Entry{
		Code: "context_nested", Exit: ExitRefused, Who: "board",
		Message: "The document brings a vocabulary (@context) where none may stand, so its words could change their meaning.",
		Next:    "Do not rely on it; ask the issuer for a correct one.",
	},
	Entry{
		Code: "term_unsigned", Exit: ExitRefused, Who: "board",
		Message: "Part of the document is written in a way that the signature does not hold in place.",
		Next:    "Do not rely on it; ask the issuer for a correct one.",
	},
	Entry{
		Code: "type_invalid", Exit: ExitRefused, Who: "board",
		Message: "The document does not say properly what type it is of.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "id_invalid", Exit: ExitRefused, Who: "board",
		Message: "An identifier in the document is not a single web address or URN.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "issuer_invalid", Exit: ExitRefused, Who: "board",
		Message: "The credential does not say properly who issued it.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "subject_invalid", Exit: ExitRefused, Who: "board",
		Message: "The credential does not say properly whom it is about, or says nothing about them.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "holder_invalid", Exit: ExitRefused, Who: "practitioner",
		Message: "The presentation does not say properly who presents it.",
		Next:    "Make it again with an up-to-date wallet.",
	},
	Entry{
		Code: "date_invalid", Exit: ExitRefused, Who: "board",
		Message: "A date of the credential is malformed.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "validity_inverted", Exit: ExitRefused, Who: "board",
		Message: "The credential ends before it begins.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "text_invalid", Exit: ExitRefused, Who: "board",
		Message: "A name or description is neither text nor text with its language.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "credential_status_invalid", Exit: ExitRefused, Who: "board",
		Message: "A status entry of the credential lacks its type or has a malformed identifier.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "credential_schema_invalid", Exit: ExitRefused, Who: "board",
		Message: "A schema of the credential lacks its type or a well-formed identifier.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "refresh_service_invalid", Exit: ExitRefused, Who: "board",
		Message: "A refresh service of the credential lacks its type or has a malformed identifier.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "terms_of_use_invalid", Exit: ExitRefused, Who: "board",
		Message: "The terms of use lack their type or have a malformed identifier.",
		Next:    "Ask the issuer to correct them.",
	},
	Entry{
		Code: "evidence_invalid", Exit: ExitRefused, Who: "board",
		Message: "An evidence entry of the credential lacks its type or has a malformed identifier.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "related_resource_invalid", Exit: ExitRefused, Who: "board",
		Message: "The list of related resources is malformed, names one twice, or lacks a digest.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "related_resource_digest", Exit: ExitRefused, Who: "board",
		Message: "The credential rests on another version of a vocabulary than the published one.",
		Next:    "Do not rely on it; ask the issuer for a correct one.",
	},
	Entry{
		Code: "presentation_invalid", Exit: ExitRefused, Who: "practitioner",
		Message: "The presentation holds something that is not a credential, or more credentials than allowed.",
		Next:    "Make it again with an up-to-date wallet.",
	},

	// Proofs.
	Entry{
		Code: "proof_malformed", Exit: ExitRefused, Who: "practitioner",
		Message: "A signature lacks something that it must say, or says it in a wrong form.",
		Next:    "Ask for the file as it was made.",
	},
	Entry{
		Code: "proof_unsupported", Exit: ExitRefused, Who: "board",
		Message: "The document is signed in a way that this version does not read.",
		Next:    "Ask for one signed with eddsa-rdfc-2022, or with ES256.",
	},
	Entry{
		Code: "proof_purpose_wrong", Exit: ExitRefused, Who: "hospital",
		Message: "A signature was made for another purpose than this one.",
		Next:    "Do not rely on it; ask for a correct one.",
	},
	Entry{
		Code: "proof_value_malformed", Exit: ExitRefused, Who: "practitioner",
		Message: "A signature is cut short or misspelt.",
		Next:    "Ask for the file again; it may have been changed on the way.",
	},
	Entry{
		Code: "proof_chain_broken", Exit: ExitRefused, Who: "board",
		Message: "A signature rests on an earlier one that is missing, ambiguous, or rests on it in turn.",
		Next:    "Ask for the file as it was made.",
	},
	Entry{
		Code: "proof_wrong_key", Exit: ExitRefused, Who: "board",
		Message: "The key that a signature names is of another kind than the signature needs.",
		Next:    "Ask the issuer for a correct one.",
	},
	Entry{
		Code: "proof_invalid", Exit: ExitRefused, Who: "hospital",
		Message: "The signature does not match: the document was changed, or someone else signed it.",
		Next:    "Do not rely on it; ask for the file as it was issued, and tell the board if that fails too.",
	},
	Entry{
		Code: "proof_not_issuer", Exit: ExitRefused, Who: "hospital",
		Message: "The credential is not signed by the issuer that it names.",
		Next:    "Do not rely on it; tell the board that it names.",
	},
	Entry{
		Code: "proof_expired", Exit: ExitRefused, Who: "practitioner",
		Message: "A signature was made to hold for a time only, and that time is over.",
		Next:    "Ask for a newly made one.",
	},
	Entry{
		Code: "document_not_canonical", Exit: ExitRefused, Who: "board",
		Message: "The document cannot be brought into the form that is signed.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "presentation_unbound", Exit: ExitUsage, Who: "you",
		Message: "A presentation needs the request's challenge and the name of who asked.",
		Next:    "Give the request that is being answered.",
	},
	Entry{
		Code: "challenge_mismatch", Exit: ExitRefused, Who: "practitioner",
		Message: "The presentation answers another request.",
		Next:    "Ask for an answer to this request.",
	},
	Entry{
		Code: "domain_mismatch", Exit: ExitRefused, Who: "practitioner",
		Message: "The presentation was made for someone else.",
		Next:    "Ask for one made for you.",
	},
	Entry{
		Code: "holder_not_signer", Exit: ExitRefused, Who: "hospital",
		Message: "The presentation is not signed by the holder that it names.",
		Next:    "Do not accept it; ask the person to present from their own wallet.",
	},

	// Anchor and status.
	Entry{
		Code: "anchor_ambiguous", Exit: ExitRefused, Who: "board",
		Message: "The credential carries more than one anchor.",
		Next:    "Do not rely on it; ask the board for a correct one.",
	},
	Entry{
		Code: "status_ambiguous", Exit: ExitRefused, Who: "board",
		Message: "The credential names more than one place for its status.",
		Next:    "Do not rely on it; ask the board for a correct one.",
	},
	Entry{
		Code: "status_malformed", Exit: ExitRefused, Who: "board",
		Message: "The place that the credential names for its status is malformed.",
		Next:    "Ask the board to issue it again.",
	},
	Entry{
		Code: "status_disagrees", Exit: ExitRefused, Who: "board",
		Message: "The credential's status entries point to different places.",
		Next:    "Do not rely on it; ask the board for a correct one.",
	},

	// Issuing.
	Entry{
		Code: "draft_signed", Exit: ExitInternal, Who: "it",
		Message: "A credential that is signed already was about to be signed again.",
		Next:    "Report this to the makers of the program.",
	},
	Entry{
		Code: "draft_anchored", Exit: ExitInternal, Who: "it",
		Message: "A credential that has an anchor already was about to be anchored again.",
		Next:    "Report this to the makers of the program.",
	},
	Entry{
		Code: "signing_failed", Exit: ExitInternal, Who: "it",
		Message: "The signature could not be made, or does not match its key.",
		Next:    "Check that the key store is in order, then try again; nothing was handed out.",
	},

	// SD-JWT VC, and the tokens that go with it.
	Entry{
		Code: "unsigned", Exit: ExitRefused, Who: "hospital",
		Message: "The file says of itself that nobody signed it.",
		Next:    "Do not rely on it; ask for the credential file as the board issued it.",
	},
	Entry{
		Code: "token_malformed", Exit: ExitRefused, Who: "practitioner",
		Message: "The file looks like a signed token, but it is cut short or misspelt.",
		Next:    "Ask for the file again; it may have been changed on the way.",
	},
	Entry{
		Code: "token_header", Exit: ExitRefused, Who: "board",
		Message: "The head of a signed token holds something that this kind of token does not have.",
		Next:    "Do not rely on it; ask the issuer for a correct one.",
	},
	Entry{
		Code: "token_kind", Exit: ExitRefused, Who: "practitioner",
		Message: "The token is signed, but for another use than this one.",
		Next:    "Ask for the credential itself, or for an answer made by the wallet.",
	},
	Entry{
		Code: "token_claim", Exit: ExitRefused, Who: "board",
		Message: "A statement that every such credential must make is missing or in a wrong form.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "token_claim_reserved", Exit: ExitRefused, Who: "board",
		Message: "The credential uses a name for a claim that has another meaning already.",
		Next:    "Do not rely on it; ask the issuer for a correct one.",
	},
	Entry{
		Code: "digest_unsupported", Exit: ExitRefused, Who: "board",
		Message: "The credential protects its claims with a hash function that is not accepted here.",
		Next:    "Ask the issuer for one that uses SHA-256.",
	},
	Entry{
		Code: "disclosure_malformed", Exit: ExitRefused, Who: "practitioner",
		Message: "A disclosed claim, or the place where one belongs, is malformed.",
		Next:    "Ask for the file again; it may have been changed on the way.",
	},
	Entry{
		Code: "disclosure_name", Exit: ExitRefused, Who: "board",
		Message: "A disclosed claim has a name that is not allowed or that stands there already.",
		Next:    "Do not rely on it; ask the issuer for a correct one.",
	},
	Entry{
		Code: "disclosure_reserved", Exit: ExitRefused, Who: "board",
		Message: "Something that must always be visible, such as the issuer or the end of validity, was made a matter of disclosure.",
		Next:    "Do not rely on it; ask the issuer for a correct one.",
	},
	Entry{
		Code: "disclosure_duplicate", Exit: ExitRefused, Who: "hospital",
		Message: "A claim, or the place where one belongs, is there twice.",
		Next:    "Do not rely on it; ask for the file as it was issued.",
	},
	Entry{
		Code: "disclosure_unreferenced", Exit: ExitRefused, Who: "hospital",
		Message: "The file discloses a claim that the issuer did not sign.",
		Next:    "Do not rely on it; ask for the file as it was issued.",
	},
	Entry{
		Code: "disclosure_unknown", Exit: ExitUsage, Who: "you",
		Message: "The credential has no claim of that name to disclose.",
		Next:    "Choose among the claims that the credential holds.",
	},
	Entry{
		Code: "holder_key_missing", Exit: ExitRefused, Who: "practitioner",
		Message: "The credential is bound to nobody, so nobody can show that it is theirs.",
		Next:    "Ask the board for a claim code and claim the credential with the wallet.",
	},
	Entry{
		Code: "holder_key_malformed", Exit: ExitRefused, Who: "board",
		Message: "The credential names its holder's key in a form that is not accepted.",
		Next:    "Ask the issuer to correct it.",
	},
	Entry{
		Code: "key_binding_missing", Exit: ExitRefused, Who: "practitioner",
		Message: "The credential comes without the holder's signature.",
		Next:    "Present it with the wallet, in answer to the request.",
	},
	Entry{
		Code: "key_binding_other", Exit: ExitRefused, Who: "practitioner",
		Message: "The holder's signature belongs to another credential, or to another choice of claims.",
		Next:    "Present it again with the wallet.",
	},
	Entry{
		Code: "key_binding_time", Exit: ExitRefused, Who: "practitioner",
		Message: "The holder's signature was not made in the time that counts.",
		Next:    "Check the clock of the wallet's device, then present again.",
	},
	Entry{
		Code: "certificates_malformed", Exit: ExitRefused, Who: "board",
		Message: "A certificate, or the chain that it stands in, cannot be read.",
		Next:    "Ask whoever gave it for the right one.",
	},
	Entry{
		Code: "certificates_untrusted", Exit: ExitRefused, Who: "hospital",
		Message: "The signer's certificate does not lead to the listed root, or is not meant for signing.",
		Next:    "Do not rely on it; ask the issuer, or the authority whose root is listed.",
	},
	Entry{
		Code: "certificates_expired", Exit: ExitRefused, Who: "board",
		Message: "The signer's certificate, or one above it, is not within its dates.",
		Next:    "Ask the issuer for a credential under a current certificate.",
	},
	Entry{
		Code: "certificates_name", Exit: ExitRefused, Who: "hospital",
		Message: "The signer's certificate is not for the issuer that the credential names.",
		Next:    "Do not rely on it; tell the issuer that it names.",
	},
	Entry{
		Code: "salt_weak", Exit: ExitInternal, Who: "it",
		Message: "The random values that protect the claims are too short or repeat.",
		Next:    "Check this machine's source of randomness; nothing was issued.",
	},
	Entry{
		Code: "draft_inexpressible", Exit: ExitRefused, Who: "board",
		Message: "The credential holds something that has no place in this format.",
		Next:    "Issue it in the other format, or leave that out.",
	},
	Entry{
		Code: "draft_record", Exit: ExitInternal, Who: "it",
		Message: "What was recorded before signing cannot be read back as it was written.",
		Next:    "Check the board's home with home check; nothing was signed.",
	},
)
