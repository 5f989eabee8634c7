package guides

import (
	"strings"
	"testing"
)

func TestEveryGuideIsThere(t *testing.T) {
	for _, name := range Names() {
		for _, language := range []string{"en", "es", "fr", "xx"} {
			page, ok := Page(name, language)
			if !ok || !strings.HasPrefix(page, "# ") {
				t.Errorf("%s in %s: %.20q", name, language, page)
			}
		}
	}
	for _, name := range []string{"", "nothing", "../guides/hospital", "hospital.md"} {
		if _, ok := Page(name, "en"); ok {
			t.Errorf("there is a guide %q", name)
		}
	}
}
