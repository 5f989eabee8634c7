package explain

// Codes of QR codes, in pictures that are opened and in those that are shown.

var _ = add(
	Entry{
		Code: "qr_none", Exit: ExitRefused, Who: "you",
		Message: "No QR code can be read in this picture.",
		Next:    "Take the picture again: closer, in good light, straight from the front, with the whole code and its white border in it.",
	},
	Entry{
		Code: "qr_too_large", Exit: ExitRefused, Who: "you",
		Message: "This picture is larger than what is opened here: 20 MB and 25 million pixels.",
		Next:    "Cut the QR code out of the picture, or make a screenshot of it, and open that.",
	},
	Entry{
		Code: "qr_unreadable", Exit: ExitRefused, Who: "you",
		Message: "This file is not a whole picture of a kind that is opened here: PNG, JPEG, GIF, WebP or BMP.",
		Next:    "Save the picture as PNG or JPEG and open that.",
	},
	Entry{
		Code: "qr_too_long", Exit: ExitRefused, Who: "you",
		Message: "This is too long for one QR code.",
		Next:    "Hand it over as a file instead.",
	},
	Entry{
		Code: "frame_malformed", Exit: ExitRefused, Who: "you",
		Message: "This code says that it is part of a sequence of codes, but no sequence has such a part.",
		Next:    "Ask for the sequence to be shown again; if it stays so, ask for a file.",
	},
	Entry{
		Code: "frames_mixed", Exit: ExitRefused, Who: "you",
		Message: "This code contradicts others of its own sequence, so it was left out.",
		Next:    "Ask for the sequence to be shown again; if it stays so, ask for a file.",
	},
	Entry{
		Code: "frames_damaged", Exit: ExitRefused, Who: "you",
		Message: "The codes of the sequence were read, but together they are not what was to be handed over.",
		Next:    "Read the sequence again from its beginning; if it stays so, ask for a file.",
	},
	Entry{
		Code: "frames_missing", Exit: ExitNotNow, Who: "you",
		Message: "Only a part of a sequence of codes was read.",
		Next:    "Read the other codes of the sequence too, all at once.",
	},
	Entry{
		Code: "frames_too_many", Exit: ExitRefused, Who: "you",
		Message: "This holds more pictures than the longest sequence of codes has: 256 are opened at most.",
		Next:    "Open the pictures of one sequence alone.",
	},
	Entry{
		Code: "clipboard_empty", Exit: ExitNotNow, Who: "you",
		Message: "There is no text in the clipboard, and no picture that can be taken from it.",
		Next:    "Copy it again; where that does not help, save the picture as a file and open it.",
	},
	Entry{
		Code: "card_size", Exit: ExitUsage, Who: "you",
		Message: "There is no card of this size.",
		Next:    "Choose a6 or card.",
	},
	Entry{
		Code: "letters_none", Exit: ExitRefused, Who: "you",
		Message: "There is no licence to write a letter for.",
		Next:    "Choose licences that nobody has claimed yet.",
	},
	Entry{
		Code: "letters_many", Exit: ExitUsage, Who: "you",
		Message: "These are more letters than go into one file: at most 1,000.",
		Next:    "Choose fewer licences, and make the others' letters after these are printed.",
	},
	Entry{
		Code: "card_full", Exit: ExitRefused, Who: "you",
		Message: "This licence says more than a card of this size can hold.",
		Next:    "Print it on a larger one, or hand it over as a file.",
	},
)
