package model

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bonafide/assets"
	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/ledger/pack"
)

// Errors keeps the codes of the last errors, for the support file.
type Errors struct {
	mu   sync.Mutex
	last []SupportError
}

// SupportError is an error in the support file.
type SupportError struct {
	Code string `json:"code"`
	Hour string `json:"hour"` // 2026-11-21T09Z
}

const maxErrors = 20

// Add notes the code of an error; one that is not of the catalogue counts as
// internal_error, whatever it says.
func (e *Errors) Add(code string, at time.Time) {
	if _, ok := explain.Lookup(code); !ok {
		code = "internal_error"
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.last = append(e.last, SupportError{code, at.UTC().Format("2006-01-02T15Z")})
	e.last = e.last[max(0, len(e.last)-maxErrors):]
}

// Last are the errors noted, the newest last.
func (e *Errors) Last() []SupportError {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.last)
}

// Support is the support file: what helps to find a fault, and nothing about
// anybody. It names no person, no DID, no file and no folder.
type Support struct {
	Format  int    `json:"format"` // 1
	Made    string `json:"made"`   // hour
	Version string `json:"version"`
	System  string `json:"system"` // linux/amd64
	Go      string `json:"go"`
	CPUs    int    `json:"cpus"`

	Language string  `json:"language"`
	Look     string  `json:"look"`
	Contrast bool    `json:"high_contrast"`
	Scale    float32 `json:"text_scale"`
	Phone    bool    `json:"phone_layout"`

	Home   *SupportHome   `json:"home"` // null where none is open
	Errors []SupportError `json:"errors"`
	Crash  *Crash         `json:"crash"` // the report that a crash left
}

// SupportHome is a home in the support file.
type SupportHome struct {
	Demo      bool     `json:"made_by_demo"`
	Role      Role     `json:"role"`
	Databases []string `json:"databases"`
	Board     bool     `json:"board"`
	People    int      `json:"people"`
	Keyring   int      `json:"keyrings"`
	Sources   int      `json:"sources"`
	Trust     bool     `json:"trust"`
	DataBytes int      `json:"data_bytes"`
	DataAge   string   `json:"data_age"` // in hours: 3h; "" without data
	Signers   int      `json:"data_signed_by"`
	Bytes     int64    `json:"bytes"`
	Backup    string   `json:"backup_age"`     // in days: 3d; "" where none was made
	Code      string   `json:"code,omitempty"` // why nothing more is known
}

// Supporting is what the support file asks a home.
type Supporting interface {
	Demo() bool
	Info(ctx context.Context) (home.Info, error)
	Data() (*pack.Data, error)
}

// NewSupport gathers the support file about a home, which may be nil. Run it
// beside the screen.
func NewSupport(ctx context.Context, now time.Time, set Settings, phone bool, h Supporting, role Role, errs []SupportError, crash []byte) Support {
	s := Support{
		Format: 1, Made: now.UTC().Format("2006-01-02T15Z"), Version: home.Version(),
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), CPUs: runtime.NumCPU(),
		Language: set.Language, Look: set.Look, Contrast: set.Contrast, Scale: set.Scale, Phone: phone, Errors: errs,
	}
	if c := new(Crash); json.Unmarshal(crash, c) == nil && c.Format == 1 {
		s.Crash = c
	}
	if h == nil {
		return s
	}
	s.Home = &SupportHome{Demo: h.Demo(), Role: role}
	info, err := h.Info(ctx)
	if err != nil {
		s.Home.Code = CodeOf(err)
		return s
	}
	// Numbers only: names, addresses, folders and DIDs stay where they are.
	s.Home.Databases = info.Roles
	s.Home.People, s.Home.Keyring, s.Home.Sources = len(info.People), len(info.Keyring), len(info.Sources)
	s.Home.Board, s.Home.Trust, s.Home.DataBytes, s.Home.Bytes = info.Board != "", info.Trust, info.DataBytes, info.Bytes
	if info.LastBackup != nil {
		s.Home.Backup = strconv.Itoa(int(now.Sub(*info.LastBackup).Hours()/24)) + "d"
	}
	d, err := h.Data()
	if err != nil {
		s.Home.Code = CodeOf(err)
		return s
	}
	s.Home.DataAge, s.Home.Signers = strconv.Itoa(int(now.Sub(d.AsOf).Hours()))+"h", d.Validators
	return s
}

// Write writes the support file as JSON.
func (s Support) Write(w io.Writer) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the support file: %w", err)
	}
	_, err = w.Write(append(b, '\n'))
	return err
}

// Licence is that of a part of the program.
type Licence struct {
	Name string // module and version
	Text string
}

// Licences are those of all parts, the program's own first.
func Licences() []Licence {
	var out []Licence
	for _, l := range assets.Licences() {
		text := strings.Join(l.Texts, "\n\n———\n\n")
		if l.Path == "bonafide" {
			out = slices.Insert(out, 0, Licence{"Bonafide " + home.Version(), text})
			continue
		}
		out = append(out, Licence{l.Path + " " + l.Version, text})
	}
	return out
}
