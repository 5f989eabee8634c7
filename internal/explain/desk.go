package explain

// Codes of the hospital's desk: files that are something else than a
// credential, named as what they are. None of them is a verdict.
var _ = add(
	Entry{"file_empty", ExitNoInput, "There is nothing in the file.", "practitioner", "Ask for the credential file again; it may have been cut on its way."},
	Entry{"file_is_picture", ExitNoInput, "This is a picture without a code in it: a scan or a photo of a licence proves nothing.", "practitioner", "Ask for the credential file itself, or for a picture of its QR code."},
	Entry{"file_is_other_picture", ExitNoInput, "This is a picture of a kind that is not read here.", "practitioner", "Ask for the credential file itself, or save the picture of its QR code as PNG or JPEG."},
	Entry{"file_is_pdf", ExitNoInput, "This is a PDF: it can show a licence, but not prove one.", "practitioner", "Ask for the credential file itself, or for a picture of its QR code."},
	Entry{"file_is_document", ExitNoInput, "This is an office document, such as a letter or a form: it proves nothing.", "practitioner", "Ask for the credential file itself."},
	Entry{"file_is_archive", ExitNoInput, "This is an archive with files packed into it.", "you", "Unpack it, then choose the credential files in it."},
	Entry{"file_is_web_page", ExitNoInput, "This is a web page, such as one that was saved from a verdict: it tells, but does not prove.", "practitioner", "Ask for the credential file itself."},
	Entry{"file_is_table", ExitNoInput, "This is a table, such as a list of staff, and no credential.", "you", "Choose the credential files of the people in it."},
	Entry{"file_is_certificate", ExitNoInput, "This is a certificate or a key of a computer system, and no licence.", "practitioner", "Ask for the credential file itself."},
	Entry{"file_is_backup", ExitNoInput, "This is an encrypted file, such as a backup, and nothing in it can be read here.", "practitioner", "Ask for the credential file itself; never for a backup."},
	Entry{"file_is_pack", ExitNoInput, "This is a trust pack: the boards' data that verdicts rest on, and no credential.", "you", "Import it under Data."},
	Entry{"file_is_network", ExitNoInput, "This is a network file: it names the boards' network to believe, and is no credential.", "you", "Open it under Data, and compare its fingerprint there."},
	Entry{"file_is_claim", ExitNoInput, "This is a claim file, by which a practitioner asks a board for a credential.", "practitioner", "Ask for the credential that the board made from it."},
	Entry{"file_is_report", ExitNoInput, "This is the report of an earlier verdict, and no credential.", "you", "Choose the credential that the report is about."},
	Entry{"page_too_large", ExitInternal, "The page would be far larger than any verdict needs.", "it", "Report this code to the makers."},
	Entry{"desk_fault", ExitInternal, "Reading this file went wrong inside the program; no verdict was given.", "it", "Do not rely on the file; report this code to the makers."},
	Entry{"data_file_unknown", ExitNoInput, "This is neither a trust pack nor a network file.", "you", "Choose the file that a board, or your own sync, handed out; credentials go to Verify."},
	Entry{"fingerprint_not_compared", ExitUsage, "A network is believed only after somebody compared its fingerprint.", "you", "Ask the board for the fingerprint by another way than the file came, and compare it."},
	Entry{"file_not_compared", ExitUsage, "The fingerprint of the file was not compared yet.", "you", "Ask for the fingerprint by another way than the file came, and compare every row."},
	Entry{"word_not_typed", ExitUsage, "This cannot be taken back and was not confirmed yet.", "you", "Type the word that is asked for."},
	Entry{"source_malformed", ExitUsage, "This is neither a web address nor a folder that packs can come from.", "you", "Give the address as your board gave it, such as https://ledger.example."},
	Entry{"source_known", ExitUsage, "This source is in the list already.", "nobody", "Nothing."},
	Entry{"date_malformed", ExitUsage, "This is not a day.", "you", "Write it as year, month and day, such as 2026-11-21."},
)
