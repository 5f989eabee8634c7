// Package mappings holds the mapping files that ship with Bonafide.
package mappings

import _ "embed"

// Bonafide is the mapping of a register file that has our own columns: number,
// type, jurisdiction, profession, given_name, family_name, npi, issued,
// expires, status, conditions.
//
//go:embed bonafide.json
var Bonafide []byte

// Washington is the mapping of the provider credential data that Washington
// State's Department of Health publishes.
//
//go:embed washington.json
var Washington []byte

// Shipped are the mapping files by the name that a command takes.
var Shipped = map[string][]byte{"bonafide": Bonafide, "washington": Washington}
