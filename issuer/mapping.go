package issuer

// A mapping says how to read a board's own register export: which of its
// columns holds what, how it writes dates, and which of its words mean which
// of ours.

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/ledger"
)

// Field names of a mapping.
const (
	fieldNumber       = "number"
	fieldType         = "type"
	fieldJurisdiction = "jurisdiction"
	fieldProfession   = "profession"
	fieldGivenName    = "given_name"
	fieldFamilyName   = "family_name"
	fieldNPI          = "npi"
	fieldIssued       = "issued"
	fieldExpires      = "expires"
	fieldStatus       = "status"
	fieldConditions   = "conditions"
)

// mappedFields are all fields; the value says whether every row needs one.
var mappedFields = map[string]bool{
	fieldNumber: true, fieldType: true, fieldJurisdiction: true, fieldProfession: true,
	fieldGivenName: false, fieldFamilyName: true, fieldNPI: false,
	fieldIssued: true, fieldExpires: true, fieldStatus: true, fieldConditions: false,
}

// Mapping is a parsed mapping file.
type Mapping struct {
	Name      string
	delimiter rune
	columns   map[string]columnNames       // field → headers of their columns
	constants map[string]string            // field → the same value in every row
	values    map[string]map[string]string // field → their word → ours
	layouts   []string                     // Go layouts, in the file's order
}

// Bounds of a mapping file.
var mappingLimits = strictjson.Limits{Bytes: 256 << 10, Depth: 6, Nodes: 10_000}

// dateTokens translates the date layouts of a mapping into Go's.
var dateTokens = strings.NewReplacer("YYYY", "2006", "MMM", "Jan", "MM", "01", "M", "1", "DD", "02", "D", "2")

// ParseMapping reads a mapping file:
//
//	{"format": 1, "name": "…",
//	 "delimiter": ",",                        one character; "," where absent
//	 "columns":   {"number": "License No", …}, our field → their column
//	 "constants": {"type": "ProfessionalLicence", "jurisdiction": "US-OH"},
//	 "dates":     ["MM/DD/YYYY", "YYYY-MM-DD"],
//	 "values":    {"status": {"Active": "current", …}}}
//
// A text that the file has in several columns is written as a list of columns,
// which are joined with spaces: "given_name": ["First", "Middle"].
//
// Fields are number, type, jurisdiction, profession, given_name, family_name,
// npi, issued, expires, status, conditions; all but given_name, npi and
// conditions must be mapped, each by a column or a constant, not both. Dates
// are written with YYYY, MM or M, MMM (Jan), DD or D. Where values has a field,
// only the words listed there are accepted in it (spelt exactly); a status
// must come out as a status word. Code mapping_malformed.
func ParseMapping(b []byte) (*Mapping, error) {
	var file struct {
		Format    int                          `json:"format"`
		Name      string                       `json:"name"`
		Delimiter string                       `json:"delimiter"`
		Columns   map[string]columnNames       `json:"columns"`
		Constants map[string]string            `json:"constants"`
		Dates     []string                     `json:"dates"`
		Values    map[string]map[string]string `json:"values"`
	}
	if err := strictjson.Decode(b, mappingLimits, &file); err != nil {
		return nil, explain.Errorf("mapping_malformed", "reading mapping: %w", err)
	}
	if file.Format != 1 {
		return nil, explain.Errorf("mapping_malformed", "mapping format %d is not known", file.Format)
	}
	m := &Mapping{Name: file.Name, delimiter: ',', columns: file.Columns, constants: file.Constants, values: file.Values}
	if file.Delimiter != "" {
		switch file.Delimiter {
		case ",", ";", "\t", "|":
			m.delimiter = rune(file.Delimiter[0])
		default:
			return nil, explain.Errorf("mapping_malformed", "delimiter must be a comma, semicolon, tab or bar")
		}
	}
	said := map[string]columnNames{}
	for field, v := range m.constants {
		said[field] = columnNames{v}
	}
	for _, set := range []map[string]columnNames{m.columns, said} {
		for field, names := range set {
			if _, ok := mappedFields[field]; !ok {
				return nil, explain.Errorf("mapping_malformed", "%q is no field", field)
			}
			if len(names) == 0 || len(names) > maxJoined || len(names) > 1 && !joinable[field] {
				return nil, explain.Errorf("mapping_malformed", "field %s: not that many columns", field)
			}
			for _, v := range names {
				if v == "" || len(v) > 200 {
					return nil, explain.Errorf("mapping_malformed", "field %s: 1 to 200 bytes expected", field)
				}
			}
		}
	}
	taken := map[string]string{}
	for _, field := range sortedFields() {
		columns, isColumn := m.columns[field]
		_, isConstant := m.constants[field]
		switch {
		case isColumn && isConstant:
			return nil, explain.Errorf("mapping_malformed", "field %s has a column and a constant", field)
		case !isColumn && !isConstant && mappedFields[field]:
			return nil, explain.Errorf("mapping_malformed", "field %s is not mapped", field)
		}
		for _, column := range columns {
			if other, dup := taken[column]; dup {
				return nil, explain.Errorf("mapping_malformed", "fields %s and %s name one column", other, field)
			}
			taken[column] = field
		}
	}
	if err := m.setDates(file.Dates); err != nil {
		return nil, err
	}
	for field, words := range m.values {
		if _, ok := mappedFields[field]; !ok || field == fieldIssued || field == fieldExpires || field == fieldNumber || field == fieldNPI {
			return nil, explain.Errorf("mapping_malformed", "values of field %q cannot be mapped", field)
		}
		if field == fieldStatus {
			for _, ours := range words {
				if _, ok := ledger.ParseStatus(ours); !ok {
					return nil, explain.Errorf("mapping_malformed", "%q is no status", ours)
				}
			}
		}
	}
	for field, v := range m.constants {
		if _, p := m.value(field, v); p != nil {
			return nil, explain.Errorf("mapping_malformed", "constant %s %s", field, p.reason)
		}
	}
	return m, nil
}

// columnNames is one column or several whose texts are joined. In a mapping
// file it is a string or a list of strings.
type columnNames []string

// maxJoined is the number of columns that one field can be made of.
const maxJoined = 4

// joinable are the fields that can be made of several columns.
var joinable = map[string]bool{fieldProfession: true, fieldGivenName: true, fieldFamilyName: true, fieldConditions: true}

// UnmarshalJSON implements json.Unmarshaler.
func (c *columnNames) UnmarshalJSON(b []byte) error {
	var one string
	if err := json.Unmarshal(b, &one); err == nil {
		*c = columnNames{one}
		return nil
	}
	var several []string
	err := json.Unmarshal(b, &several)
	*c = several
	return err
}

// maps reports whether the mapping says anything about a field.
func (m *Mapping) maps(field string) bool {
	_, column := m.columns[field]
	_, constant := m.constants[field]
	return column || constant
}

func sortedFields() []string {
	out := make([]string, 0, len(mappedFields))
	for f := range mappedFields {
		out = append(out, f)
	}
	sort.Strings(out)
	return out
}

func (m *Mapping) setDates(layouts []string) error {
	if len(layouts) == 0 {
		layouts = []string{"YYYY-MM-DD"}
	}
	if len(layouts) > 8 {
		return explain.Errorf("mapping_malformed", "more than 8 date layouts")
	}
	probe := time.Date(2031, time.November, 23, 0, 0, 0, 0, time.UTC)
	for _, l := range layouts {
		layout := dateTokens.Replace(l)
		// A layout must say everything about a day and nothing else: written
		// and read again, the probe must come back.
		t, err := time.Parse(layout, probe.Format(layout))
		if err != nil || !t.Equal(probe) || !strings.Contains(l, "YYYY") || strings.ContainsAny(l, "0123456789") {
			return explain.Errorf("mapping_malformed", "date layout %q does not give year, month and day", l)
		}
		if slices.Contains(m.layouts, layout) {
			return explain.Errorf("mapping_malformed", "date layout %q twice", l)
		}
		m.layouts = append(m.layouts, layout)
	}
	return nil
}

// value turns their value of a field into ours.
func (m *Mapping) value(field, theirs string) (string, *problem) {
	theirs = strings.Trim(theirs, " ")
	if words, ok := m.values[field]; ok {
		ours, known := words[theirs]
		if !known {
			return "", &problem{field, "unknown_value", "has a value that the mapping does not list"}
		}
		return ours, nil
	}
	switch field {
	case fieldIssued, fieldExpires:
		if theirs == "" {
			return "", &problem{field, "missing", "is empty"}
		}
		return m.date(field, theirs)
	case fieldStatus:
		if _, ok := ledger.ParseStatus(theirs); !ok {
			return "", &problem{field, "unknown_value", "is no status word and the mapping lists no values"}
		}
	}
	return theirs, nil
}

// date reads a date by whichever layout fits. Two layouts that fit with
// different days (01/02/2030) are a reason to ask, not to guess.
func (m *Mapping) date(field, s string) (string, *problem) {
	var found string
	for _, layout := range m.layouts {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		d := t.Format(time.DateOnly)
		if found != "" && found != d {
			return "", &problem{field, "ambiguous_date", "fits two date layouts with different days"}
		}
		found = d
	}
	if _, err := ParseDate(found); err != nil {
		return "", &problem{field, "bad_date", "fits none of the mapping's date layouts"}
	}
	return found, nil
}
