package issuer

import (
	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

// Settings are the board's own rules.
type Settings struct {
	Grace []Grace `json:"grace"` // first match counts; none: no grace
}

// Grace is how many days after its expiry a licence may still be relied on.
type Grace struct {
	Type         string `json:"type"`         // "" for every type
	Jurisdiction string `json:"jurisdiction"` // "" for every jurisdiction
	Days         int    `json:"days"`         // 0 to 366
}

const (
	maxGraceDays  = 366
	maxGraceRules = 1000
)

// ParseSettings reads a board's settings:
//
//	{"format":1,"grace":[{"type":"ProfessionalLicence","jurisdiction":"US-IA","days":59}]}
//
// Code board_settings.
func ParseSettings(b []byte) (Settings, error) {
	var file struct {
		Format int `json:"format"`
		Settings
	}
	if err := strictjson.Decode(b, strictjson.Limits{Bytes: 256 << 10, Depth: 5, Nodes: 5000}, &file); err != nil {
		return Settings{}, explain.Errorf("board_settings", "reading settings: %w", err)
	}
	if file.Format != 1 {
		return Settings{}, explain.Errorf("board_settings", "settings format %d is not known", file.Format)
	}
	if err := file.check(); err != nil {
		return Settings{}, err
	}
	return file.Settings, nil
}

func (s Settings) check() error {
	if len(s.Grace) > maxGraceRules {
		return explain.Errorf("board_settings", "more than %d grace rules", maxGraceRules)
	}
	for i, g := range s.Grace {
		switch {
		case g.Days < 0 || g.Days > maxGraceDays:
			return explain.Errorf("board_settings", "grace rule %d: 0 to %d days", i+1, maxGraceDays)
		case g.Type != "" && !validType(g.Type), g.Jurisdiction != "" && !validJurisdiction(g.Jurisdiction):
			return explain.Errorf("board_settings", "grace rule %d: not a type and a jurisdiction", i+1)
		}
	}
	return nil
}

// grace is the days of grace of a type in a jurisdiction.
func (s Settings) grace(typ, jurisdiction string) int {
	for _, g := range s.Grace {
		if (g.Type == "" || g.Type == typ) && (g.Jurisdiction == "" || g.Jurisdiction == jurisdiction) {
			return g.Days
		}
	}
	return 0
}
