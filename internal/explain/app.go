package explain

// Codes of the edges: what the command line and the app say when a file or a
// program, not a credential, is the trouble.
var _ = add(
	Entry{"file_too_large", ExitNoInput, "The file is far larger than any credential.", "you", "Choose the credential file itself."},
	Entry{"file_unreadable", ExitNoInput, "The file cannot be read.", "you", "Check that it is there and that you may open it."},
	Entry{"file_unwritable", ExitNotNow, "The file could not be written.", "you", "Choose another folder, or make room."},
	Entry{"too_many_files", ExitUsage, "These are more files than one screen takes at once; none was verified.", "you", "Drop at most 50 files at a time, or use `bonafide verify` for many."},
	Entry{"requests_mixed", ExitUsage, "Several requests came together, so it is not clear which one a presentation answers; nothing was verified.", "you", "Drop one request together with the presentation that answers it."},
	Entry{"work_busy", ExitNotNow, "Something is under way already.", "you", "Wait until it is done, or cancel it."},
	Entry{"internal_error", ExitInternal, "Something went wrong inside the program; no verdict was given.", "it", "Try again; if it stays, run `bonafide home check`."},
	Entry{"usage", ExitUsage, "The command was not understood.", "you", "See `bonafide --help`."},
)
