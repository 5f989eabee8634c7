package qr

// IsPicture reports whether a file that begins with b is of a kind that Read
// opens: a picture, or an archive. No credential, request or answer begins so.
func IsPicture(b []byte) bool {
	if begins(b, zipMagic) {
		return true
	}
	for _, f := range formats {
		if begins(b, f.magic) {
			return true
		}
	}
	return false
}
