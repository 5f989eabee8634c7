package assets

import (
	"os/exec"
	"strings"
	"testing"
)

// The list of licences is that of the modules which the app is built from.
func TestLicencesAreOfTheseModules(t *testing.T) {
	have := map[string]string{}
	for _, l := range Licences() {
		have[l.Path] = l.Version
		if len(l.Texts) == 0 || len(strings.TrimSpace(l.Texts[0])) < 100 {
			t.Errorf("%s has no licence text", l.Path)
		}
	}
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}", "bonafide")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the app's modules: %v", err)
	}
	seen := map[string]bool{}
	for l := range strings.Lines(string(out)) {
		path, version, _ := strings.Cut(strings.TrimSpace(l), " ")
		if path != "" && !seen[path] && have[path] != version {
			t.Errorf("%s is built in at %s, its licence is listed of %q: run scripts/licences.sh", path, version, have[path])
		}
		seen[path] = true
	}
	if len(seen) < 20 || have["go"] == "" || have["bonafide"] == "" {
		t.Errorf("only %d modules were listed", len(seen))
	}
}
