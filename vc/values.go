package vc

// The small value spaces of the model: times, URLs and language tags.

import (
	"strings"
	"time"
)

// parseTime reads an xsd:dateTimeStamp (XML Schema 1.1 part 2, section 3.4.28)
// with a year of four digits. When reading, a missing offset means UTC (VCDM
// 2.0, section 4.9.1). What is below a nanosecond is cut off.
func parseTime(s string, m mode) (time.Time, bool) {
	if len(s) < 19 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	year, ok1 := number(s[0:4])
	month, ok2 := number(s[5:7])
	day, ok3 := number(s[8:10])
	hour, ok4 := number(s[11:13])
	minute, ok5 := number(s[14:16])
	second, ok6 := number(s[17:19])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 {
		return time.Time{}, false
	}
	if year == 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	rest, nanos := s[19:], 0
	if rest != "" && rest[0] == '.' {
		n := 1
		for n < len(rest) && '0' <= rest[n] && rest[n] <= '9' {
			if n <= 9 {
				nanos = nanos*10 + int(rest[n]-'0')
			}
			n++
		}
		if n == 1 {
			return time.Time{}, false
		}
		for i := n; i <= 9; i++ {
			nanos *= 10
		}
		rest = rest[n:]
	}
	// 24:00:00 is the midnight that ends the day.
	if hour > 24 || hour == 24 && (minute|second|nanos) != 0 {
		return time.Time{}, false
	}
	offset, ok := parseOffset(rest, m)
	if !ok {
		return time.Time{}, false
	}
	t := time.Date(year, time.Month(month), day, hour, minute-offset, second, nanos, time.UTC)
	return t, !t.IsZero() // Go's zero time would read as no time
}

// parseOffset returns minutes east of UTC.
func parseOffset(s string, m mode) (int, bool) {
	switch {
	case s == "Z":
		return 0, true
	case s == "":
		return 0, m == lenient
	case len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':':
		return 0, false
	}
	h, ok1 := number(s[1:3])
	m60, ok2 := number(s[4:6])
	if !ok1 || !ok2 || m60 > 59 || h > 14 || h == 14 && m60 != 0 {
		return 0, false
	}
	if s[0] == '-' {
		return -(h*60 + m60), true
	}
	return h*60 + m60, true
}

func number(s string) (int, bool) {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// formatTime writes whole seconds in UTC, the one form that we issue.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// absoluteURL reports whether s is an absolute URL or URN: a scheme and
// something after it, without characters that no URL holds. http and https
// need a host.
func absoluteURL(s string) bool {
	i := strings.IndexByte(s, ':')
	if i < 1 || i == len(s)-1 {
		return false
	}
	for j, c := range []byte(s[:i]) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (j == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	rest := s[i+1:]
	if scheme := strings.ToLower(s[:i]); scheme == "http" || scheme == "https" {
		if len(rest) < 3 || rest[:2] != "//" || strings.IndexByte("/?#:@", rest[2]) >= 0 {
			return false
		}
	}
	return !strings.ContainsFunc(rest, notInURL)
}

// notInURL names the characters that RFC 3987 allows nowhere in an IRI.
func notInURL(r rune) bool {
	return r <= ' ' || r == 0x7F || strings.ContainsRune("<>\"{}|\\^`", r) || r >= 0x80 && r < 0xA0
}

// languageTag reports whether s has the form of a BCP 47 tag: subtags of one
// to eight letters or digits, the first of letters alone.
func languageTag(s string) bool {
	for i, sub := range strings.Split(s, "-") {
		if len(sub) < 1 || len(sub) > 8 {
			return false
		}
		for _, c := range []byte(sub) {
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			if !letter && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}
