package words

// What a licence says, in words: its type, its claims, its places. Text from
// outside goes through as it is: who shows it sees to it that it is fit for that.

import (
	"strings"
	"time"
)

// TypeName is a credential type by name; one that nobody has put in words goes by
// its own name.
func TypeName(w Words, typ string) string {
	switch typ {
	case "ProfessionalLicence":
		return w.L("Professional licence")
	case "BoardCertification":
		return w.L("Board certification")
	case "TrainingCertification":
		return w.L("Training certification")
	case "ControlledSubstanceRegistration":
		return w.L("Controlled-substance registration")
	}
	return typ
}

// ClaimName is what a claim is called. One that nobody has put in words goes by
// its own name.
func ClaimName(w Words, name string) string {
	switch name {
	case "id":
		return w.L("Your identifier")
	case "familyName":
		return w.L("Family name")
	case "givenName":
		return w.L("Given name")
	case "npi":
		return w.L("National provider number (NPI)")
	case "licence":
		return w.L("Everything about the licence")
	case "licence.number":
		return w.L("Licence number")
	case "licence.jurisdiction":
		return w.L("Where it holds")
	case "licence.profession":
		return w.L("Profession")
	case "licence.specialty":
		return w.L("Specialty")
	case "licence.issued":
		return w.L("Issued on")
	case "licence.expires":
		return w.L("Expires on")
	case "licence.schedules":
		return w.L("Schedules")
	case "licence.conditions":
		return w.L("Conditions")
	}
	if n, ok := strings.CutPrefix(name, "licence.schedules."); ok {
		return w.L("Schedule {{.Number}}", D{"Number": n})
	}
	if n, ok := strings.CutPrefix(name, "licence.conditions."); ok {
		return w.L("Condition {{.Number}}", D{"Number": n})
	}
	return name
}

// ClaimValue is what a claim says: days and places in the reader's words.
func ClaimValue(w Words, name, value string) string {
	switch name {
	case "licence.issued", "licence.expires":
		if t, err := time.Parse(time.DateOnly, value); err == nil {
			return w.Date(t)
		}
	case "licence.jurisdiction":
		return PlaceName(w, value)
	}
	return value
}

// PlaceName is a jurisdiction (ISO 3166) by name; one without a name here goes by its
// code.
func PlaceName(w Words, code string) string {
	switch name, ok := states[code]; {
	case code == "":
		return w.L("No place named")
	case code == "US":
		return w.L("United States")
	case ok:
		return w.L("{{.Place}} ({{.Code}})", D{"Place": name, "Code": code})
	}
	return code
}

// states are the names of ISO 3166-2:US.
var states = map[string]string{
	"US-AL": "Alabama", "US-AK": "Alaska", "US-AZ": "Arizona", "US-AR": "Arkansas", "US-CA": "California", "US-CO": "Colorado",
	"US-CT": "Connecticut", "US-DE": "Delaware", "US-DC": "District of Columbia", "US-FL": "Florida", "US-GA": "Georgia", "US-HI": "Hawaii",
	"US-ID": "Idaho", "US-IL": "Illinois", "US-IN": "Indiana", "US-IA": "Iowa", "US-KS": "Kansas", "US-KY": "Kentucky", "US-LA": "Louisiana",
	"US-ME": "Maine", "US-MD": "Maryland", "US-MA": "Massachusetts", "US-MI": "Michigan", "US-MN": "Minnesota", "US-MS": "Mississippi",
	"US-MO": "Missouri", "US-MT": "Montana", "US-NE": "Nebraska", "US-NV": "Nevada", "US-NH": "New Hampshire", "US-NJ": "New Jersey",
	"US-NM": "New Mexico", "US-NY": "New York", "US-NC": "North Carolina", "US-ND": "North Dakota", "US-OH": "Ohio", "US-OK": "Oklahoma",
	"US-OR": "Oregon", "US-PA": "Pennsylvania", "US-PR": "Puerto Rico", "US-RI": "Rhode Island", "US-SC": "South Carolina", "US-SD": "South Dakota",
	"US-TN": "Tennessee", "US-TX": "Texas", "US-UT": "Utah", "US-VT": "Vermont", "US-VA": "Virginia", "US-WA": "Washington",
	"US-WV": "West Virginia", "US-WI": "Wisconsin", "US-WY": "Wyoming", "US-GU": "Guam", "US-VI": "U.S. Virgin Islands",
	"US-AS": "American Samoa", "US-MP": "Northern Mariana Islands",
}
