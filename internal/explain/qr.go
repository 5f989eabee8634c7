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
)
