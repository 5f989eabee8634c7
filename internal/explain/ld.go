// Codes of the part that turns credentials into the bytes that are signed:
// contexts, JSON-LD, RDF canonicalisation.

package explain

var _ = add(
	Entry{
		Code: "nquads_malformed", Exit: ExitRefused,
		Message: "This is not a well-formed list of RDF statements (N-Quads).",
		Who:     "it", Next: "Check the program that wrote the file.",
	},
	Entry{
		Code: "canonicalisation_budget", Exit: ExitRefused,
		Message: "The document is built so that bringing it into its signed form would take too much work, which no honest credential does.",
		Who:     "board", Next: "Do not rely on it; ask the issuer for a newly made credential.",
	},
	Entry{
		Code: "context_unknown", Exit: ExitRefused,
		Message: "The document uses a vocabulary (@context) that this software does not carry, and vocabularies are never downloaded.",
		Who:     "board", Next: "Ask the issuer to use only the standard vocabularies.",
	},
	Entry{
		Code: "context_altered", Exit: ExitInternal,
		Message: "A vocabulary (@context) that is built into this program is not the one it should be.",
		Who:     "it", Next: "Install the program again from its source, and compare its checksum.",
	},
	Entry{
		Code: "context_invalid", Exit: ExitRefused,
		Message: "A vocabulary (@context) written into the document is malformed.",
		Who:     "board", Next: "Ask the issuer to correct the document.",
	},
	Entry{
		Code: "context_protected", Exit: ExitRefused,
		Message: "The document tries to give a protected term of a standard vocabulary another meaning.",
		Who:     "board", Next: "Do not rely on it; ask the issuer for a credential that uses the terms as they are defined.",
	},
	Entry{
		Code: "term_undefined", Exit: ExitRefused,
		Message: "Part of the document has no defined meaning, so a signature would not cover it.",
		Who:     "board", Next: "Ask the issuer to use only terms that its vocabularies define.",
	},
	Entry{
		Code: "jsonld_invalid", Exit: ExitRefused,
		Message: "The document breaks a rule of JSON-LD, the form in which credentials are written.",
		Who:     "board", Next: "Ask the issuer to correct the document.",
	},
	Entry{
		Code: "jsonld_unsupported", Exit: ExitRefused,
		Message: "The document uses a rare feature of JSON-LD that this software refuses because credentials do not need it.",
		Who:     "board", Next: "Ask the issuer to write the credential without it.",
	},
)
