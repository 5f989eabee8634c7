package vc_test

// Nobody but package vc can make an Authentic that holds anything. Two things
// hold that together: its fields are closed, and the compiler lets nobody
// outside vc import the package with the constructor.

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"bonafide/vc"
)

func TestAuthenticIsClosed(t *testing.T) {
	typ := reflect.TypeFor[vc.Authentic]()
	for i := range typ.NumField() {
		if typ.Field(i).IsExported() {
			t.Errorf("field %s can be set from outside", typ.Field(i).Name)
		}
	}
	for i := range typ.NumMethod() {
		if typ.Method(i).Type.In(0).Kind() == reflect.Pointer {
			t.Errorf("method %s could change its receiver", typ.Method(i).Name)
		}
	}
	// Decoding into it fills nothing in.
	var a vc.Authentic
	//lint:ignore SA9005 that nothing is decoded is what is shown
	if err := json.Unmarshal([]byte(`{"f":{"Issuer":"did:example:evil"},"F":{"Issuer":"did:example:evil"}}`), &a); err != nil || a.Authentic() || a.Issuer() != "" {
		t.Error("JSON fills an Authentic in", err)
	}
}

func TestConstructorIsOutOfReach(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("no go tool to compile with")
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "x.go")
	const text = "package intruder\n\nimport \"bonafide/vc/internal/authentic\"\n\nvar Forged = authentic.New(&authentic.Facts{Issuer: \"did:example:evil\"})\n"
	if err := os.WriteFile(source, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	// The file appears at these places for the compiler alone.
	for place, allowed := range map[string]bool{"verifier": false, "internal": false, "vc": true} {
		to := filepath.Join(root, place, "intruder", "x.go")
		overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{to: source}})
		if err != nil {
			t.Fatal(err)
		}
		list := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(list, overlay, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(tool, "build", "-overlay", list, "./"+place+"/intruder")
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		switch {
		case allowed && err != nil:
			t.Errorf("under %s: does not compile, so the test shows nothing: %s", place, out)
		case !allowed && (err == nil || !strings.Contains(string(out), "use of internal package")):
			t.Errorf("under %s: not stopped by the rule on internal packages: %s", place, out)
		}
	}
}
