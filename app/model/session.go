package model

// Role is what a home is used as.
type Role string

// Roles a person can choose.
const (
	RoleHospital     Role = "hospital"
	RolePractitioner Role = "practitioner"
	RoleBoard        Role = "board"
)

// Place is a home with a role in it.
type Place struct {
	Dir   string // the home's folder
	Role  Role
	Title string // as people read it
}
