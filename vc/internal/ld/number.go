// Numbers and booleans as RDF literals: JSON-LD 1.1 API, 8.2.2 and 8.6.

package ld

import (
	"math"
	"strconv"

	"bonafide/vc/internal/rdfc"
)

const (
	xsdNS      = "http://www.w3.org/2001/XMLSchema#"
	xsdBoolean = xsdNS + "boolean"
	xsdInteger = xsdNS + "integer"
	xsdDouble  = xsdNS + "double"
)

// native converts a boolean or a number; datatype "" is the one that JSON-LD
// gives it.
func native(v any, datatype string) (rdfc.Term, error) {
	t := rdfc.Term{Kind: rdfc.Literal, Extra: datatype}
	if b, ok := v.(bool); ok {
		t.Value = strconv.FormatBool(b)
		if datatype == "" {
			t.Extra = xsdBoolean
		}
		return t, nil
	}
	f, ok := number(v)
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return t, invalid("a value is neither a string, a number nor a boolean")
	}
	if f != math.Trunc(f) || math.Abs(f) >= 1e21 || datatype == xsdDouble {
		t.Value = string(canonicalDouble(f))
		if datatype == "" {
			t.Extra = xsdDouble
		}
		return t, nil
	}
	if f == 0 {
		f = 0 // not -0
	}
	t.Value = strconv.FormatFloat(f, 'f', 0, 64)
	if datatype == "" {
		t.Extra = xsdInteger
	}
	return t, nil
}

// canonicalDouble writes a number as xsd:double with 15 digits after the
// point, without needless zeros and without a plus sign: 5.0E-1.
func canonicalDouble(f float64) []byte {
	b := strconv.AppendFloat(nil, f, 'E', 15, 64)
	e := len(b) - 1
	for b[e] != 'E' {
		e--
	}
	exponent, _ := strconv.Atoi(string(b[e+1:])) // always digits with a sign
	digits := b[:e]
	for digits[len(digits)-1] == '0' && digits[len(digits)-2] != '.' {
		digits = digits[:len(digits)-1]
	}
	return strconv.AppendInt(append(digits, 'E'), int64(exponent), 10)
}
