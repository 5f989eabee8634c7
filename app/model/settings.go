package model

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Preferences is where the app remembers how it looks: Fyne's preferences, a file that
// anybody at the computer can change. Nothing in it decides what opens, what
// stays closed, or what is believed.
type Preferences interface {
	String(key string) string
	SetString(key, value string)
}

// Keys in Preferences.
const (
	keptLook     = "look"
	keptContrast = "contrast"
	keptScale    = "text_scale"
	keptLanguage = "language"
	keptPlaces   = "places"
	keptSize     = "window_size"
)

// Looks, scales of the text, and minutes of idle time that can be chosen.
var (
	Looks       = []string{"system", "light", "dark"}
	Scales      = []float32{1, 1.25, 1.5, 2}
	IdleMinutes = []int{1, 2, 5, 10, 15, 30, 60}
)

// Settings are how the app looks and speaks.
type Settings struct {
	Look     string  // one of Looks
	Contrast bool    // high
	Scale    float32 // of the text, one of Scales
	Language string  // "": the system's
}

// LoadSettings reads them; what cannot be read is as in a new app.
func LoadSettings(k Preferences) Settings {
	s := Settings{Look: k.String(keptLook), Contrast: k.String(keptContrast) == "high", Scale: 1}
	if !slices.Contains(Looks, s.Look) {
		s.Look = Looks[0]
	}
	if f, err := strconv.ParseFloat(k.String(keptScale), 32); err == nil && slices.Contains(Scales, float32(f)) {
		s.Scale = float32(f)
	}
	if l := k.String(keptLanguage); len(l) == 2 && strings.Trim(l, "abcdefghijklmnopqrstuvwxyz") == "" {
		s.Language = l
	}
	return s
}

// Save writes them.
func (s Settings) Save(k Preferences) {
	k.SetString(keptLook, s.Look)
	contrast := "normal"
	if s.Contrast {
		contrast = "high"
	}
	k.SetString(keptContrast, contrast)
	k.SetString(keptScale, strconv.FormatFloat(float64(s.Scale), 'g', -1, 32))
	k.SetString(keptLanguage, s.Language)
}

// maxPlaces bounds how many places are remembered.
const maxPlaces = 24

// LoadPlaces reads the places that were used, the last one first.
func LoadPlaces(k Preferences) []Place {
	raw := k.String(keptPlaces)
	var list []Place
	if len(raw) > 1<<16 || json.Unmarshal([]byte(raw), &list) != nil {
		return nil
	}
	list = slices.DeleteFunc(list, func(p Place) bool { return p.Dir == "" || !slices.Contains(Roles, p.Role) })
	return list[:min(len(list), maxPlaces)]
}

// SavePlace remembers a place as the last one used.
func SavePlace(k Preferences, p Place) {
	list := slices.DeleteFunc(LoadPlaces(k), func(o Place) bool { return o.Dir == p.Dir && o.Role == p.Role })
	savePlaces(k, append([]Place{p}, list...))
}

// ForgetPlaces forgets the places of a folder.
func ForgetPlaces(k Preferences, dir string) {
	savePlaces(k, slices.DeleteFunc(LoadPlaces(k), func(o Place) bool { return o.Dir == dir }))
}

func savePlaces(k Preferences, list []Place) {
	b, err := json.Marshal(list[:min(len(list), maxPlaces)])
	if err != nil {
		panic(err) // strings only
	}
	k.SetString(keptPlaces, string(b))
}

// LoadSize is the size of the window when it was closed last; zeros where that
// is not known or not sensible.
func LoadSize(k Preferences) (width, height float32) {
	w, h, ok := strings.Cut(k.String(keptSize), "x")
	x, err1 := strconv.ParseFloat(w, 32)
	y, err2 := strconv.ParseFloat(h, 32)
	if !ok || err1 != nil || err2 != nil || !(x >= 300 && x <= 10000 && y >= 300 && y <= 10000) {
		return 0, 0
	}
	return float32(x), float32(y)
}

// SaveSize remembers the size of the window.
func SaveSize(k Preferences, width, height float32) {
	k.SetString(keptSize, strconv.Itoa(int(width))+"x"+strconv.Itoa(int(height)))
}
