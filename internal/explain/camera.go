package explain

// Codes of cameras that are read live.

var _ = add(
	Entry{
		Code: "camera_none", Exit: ExitNotNow, Who: "you",
		Message: "No camera is connected to this device.",
		Next:    "Connect one and look again, or open pictures of the codes, or a file.",
	},
	Entry{
		Code: "camera_unsupported", Exit: ExitNotNow, Who: "you",
		Message: "On this system the app does not read from the camera itself.",
		Next:    "Take pictures of the codes with the system's own camera app and open them here, or ask for a file.",
	},
	Entry{
		Code: "camera_denied", Exit: ExitNotNow, Who: "it",
		Message: "There is a camera, but you may not use it on this device.",
		Next:    "Ask whoever looks after this device to let you use its camera (on Linux: membership in the group video), then sign in again.",
	},
	Entry{
		Code: "camera_busy", Exit: ExitNotNow, Who: "you",
		Message: "Another program is using the camera.",
		Next:    "Close that program, then try again.",
	},
	Entry{
		Code: "camera_gone", Exit: ExitNotNow, Who: "you",
		Message: "The camera is no longer connected.",
		Next:    "Connect it again and start anew; what was read before stays.",
	},
	Entry{
		Code: "camera_format", Exit: ExitNotNow, Who: "you",
		Message: "This camera gives no pictures of a kind that is read here.",
		Next:    "Choose another camera, or open pictures of the codes, or a file.",
	},
	Entry{
		Code: "camera_failed", Exit: ExitNotNow, Who: "you",
		Message: "The camera gives no whole pictures.",
		Next:    "Unplug it and connect it again, or choose another one.",
	},
)
