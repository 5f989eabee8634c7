package strictjson

// Writing in canonical form: JCS, RFC 8785.

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Canonical writes a value as Parse gives it in its one canonical form
// (RFC 8785): no white space, members in the order of their names' UTF-16
// code units, numbers as ECMAScript writes them. What Parse would refuse is
// refused here too, with an *Error; so is a value of another Go type.
func Canonical(v any) ([]byte, error) {
	return AppendCanonical(make([]byte, 0, 1024), v)
}

// AppendCanonical is Canonical appended to dst. After an error dst's spare
// capacity may have been written to.
func AppendCanonical(dst []byte, v any) ([]byte, error) {
	return appendValue(dst, v, maxDepth)
}

func appendValue(dst []byte, v any, depth int) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case string:
		return appendString(dst, v)
	case json.Number:
		return appendNumber(dst, string(v))
	case []any:
		if depth == 0 {
			return nil, &Error{CodeTooDeep, -1, "nested too deeply"}
		}
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendValue(dst, e, depth-1); err != nil {
				return nil, err
			}
		}
		return append(dst, ']'), nil
	case map[string]any:
		if depth == 0 {
			return nil, &Error{CodeTooDeep, -1, "nested too deeply"}
		}
		return appendObject(dst, v, depth)
	}
	return nil, &Error{CodeBadType, -1, "a value that JSON does not have"}
}

func appendObject(dst []byte, m map[string]any, depth int) ([]byte, error) {
	var few [16]string // most objects fit: their names need no allocation
	names := few[:0]
	for k := range m {
		names = append(names, k)
	}
	slices.SortFunc(names, compareUTF16)
	dst = append(dst, '{')
	for i, k := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendString(dst, k); err != nil {
			return nil, err
		}
		dst = append(dst, ':')
		if dst, err = appendValue(dst, m[k], depth-1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// compareUTF16 orders two UTF-8 strings by their UTF-16 code units (RFC 8785,
// section 3.2.3). That is the order of the bytes, except that characters
// above U+FFFF (first byte 0xF0 and up) are surrogates in UTF-16 and so come
// before U+E000 to U+FFFF (first byte 0xEE and 0xEF).
func compareUTF16(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
			x, y = y, x
		}
		if x < y {
			return -1
		}
		return 1
	}
	return len(a) - len(b)
}

func appendString(dst []byte, s string) ([]byte, error) {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				return nil, &Error{CodeBadUTF8, -1, "invalid UTF-8"}
			}
			i += n
			continue
		}
		dst = append(dst, s[from:i]...)
		switch c {
		case 0:
			return nil, &Error{CodeBadChar, -1, "a NUL character"}
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		from = i
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"'), nil
}

func appendNumber(dst []byte, tok string) ([]byte, error) {
	n, small := scanNumber(tok)
	if n == 0 || n != len(tok) {
		return nil, &Error{CodeBadNumber, -1, "a malformed number"}
	}
	if small {
		return append(dst, tok...), nil
	}
	f, ok := exact(tok)
	if !ok {
		return nil, &Error{CodeBadNumber, -1, "a number outside what can be kept exactly"}
	}
	return appendFloat(dst, f), nil
}

// appendFloat writes a finite number as ECMAScript's Number::toString does
// (RFC 8785, section 3.2.2.3).
func appendFloat(dst []byte, f float64) []byte {
	if f == 0 {
		return append(dst, '0')
	}
	if abs := math.Abs(f); abs >= 1e-6 && abs < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
	// Go writes at least two digits of exponent, ECMAScript as few as it can.
	if n := len(dst); dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}
