package verifier

// What a purpose asks for, and the file that changes it.

import (
	"fmt"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// Purpose says what a verdict is for; it decides how old the data may be and
// whether the person in front of HR must prove that the credential is theirs.
type Purpose string

// The purposes a hospital checks for.
const (
	Privileging Purpose = "privileging" // granting or renewing privileges
	Disaster    Purpose = "disaster"    // disaster privileges under an active emergency plan
	Monitoring  Purpose = "monitoring"  // the monthly look at people already on staff
)

// Rule is what one purpose asks for.
type Rule struct {
	MaxAge  time.Duration // greatest age of the data a verdict may rest on
	Binding bool          // holder binding is required
}

// Policy maps purposes to rules.
type Policy map[Purpose]Rule

// DefaultPolicy is the policy of a home without a policy file. It returns a
// new map each time.
func DefaultPolicy() Policy {
	return Policy{
		Privileging: {MaxAge: 24 * time.Hour, Binding: true},
		Disaster:    {MaxAge: 72 * time.Hour, Binding: true},
		Monitoring:  {MaxAge: 30 * 24 * time.Hour, Binding: false},
	}
}

// ParsePolicy reads a policy file over the default policy:
//
//	{"format":1,"purposes":{"privileging":{"max_age_hours":24,"binding":true}}}
//
// Hours are whole, from 1 to 8784 (a year). A purpose that the file does not
// name keeps its default; an unknown purpose or field is refused, because a
// misspelt limit would otherwise be no limit.
func ParsePolicy(b []byte) (Policy, error) {
	var file struct {
		Format   int `json:"format"`
		Purposes map[string]struct {
			MaxAgeHours int   `json:"max_age_hours"`
			Binding     *bool `json:"binding"`
		} `json:"purposes"`
	}
	if err := strictjson.Decode(b, strictjson.Limits{Bytes: 16 << 10, Depth: 6, Nodes: 200}, &file); err != nil {
		return nil, explain.Errorf("policy_malformed", "reading policy: %w", err)
	}
	if file.Format != 1 {
		return nil, explain.Errorf("policy_malformed", "policy format %d is not known", file.Format)
	}
	p := DefaultPolicy()
	for name, in := range file.Purposes {
		rule, ok := p[Purpose(name)]
		if !ok {
			return nil, explain.Errorf("policy_malformed", "policy names an unknown purpose")
		}
		if in.MaxAgeHours < 1 || in.MaxAgeHours > 8784 {
			return nil, explain.Errorf("policy_malformed", "max_age_hours must be 1 to 8784")
		}
		rule.MaxAge = time.Duration(in.MaxAgeHours) * time.Hour
		if in.Binding != nil {
			rule.Binding = *in.Binding
		}
		p[Purpose(name)] = rule
	}
	return p, nil
}

// ParsePurpose reads a purpose word.
func ParsePurpose(s string) (Purpose, error) {
	switch p := Purpose(s); p {
	case Privileging, Disaster, Monitoring:
		return p, nil
	}
	return "", fmt.Errorf("purpose must be privileging, disaster or monitoring, not %q", s)
}
