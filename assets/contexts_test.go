package assets

import (
	"io/fs"
	"testing"

	"bonafide/internal/explain"
)

func TestContextsHaveTheirDigests(t *testing.T) {
	pinned := map[string]bool{}
	for _, url := range ContextURLs() {
		if _, err := Context(url); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		pinned[contextPins[url].file] = true
	}
	files, err := fs.ReadDir(contextFiles, "contexts")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !pinned[f.Name()] {
			t.Errorf("%s is embedded but not pinned", f.Name())
		}
	}
	// The VC Data Model 2.0 Recommendation publishes this digest.
	const published = "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"
	if got := contextPins["https://www.w3.org/ns/credentials/v2"].sha256; got != published {
		t.Errorf("credentials/v2 is pinned as %s, the W3C publishes %s", got, published)
	}
}

func TestAlteredAndUnknownContexts(t *testing.T) {
	const url = "https://www.w3.org/ns/credentials/v2"
	good := contextPins[url]
	t.Cleanup(func() { contextPins[url] = good; checked.Delete(url) })
	checked.Delete(url)
	contextPins[url] = pin{good.file, contextPins["https://w3id.org/security/jwk/v1"].sha256}
	if b, err := Context(url); explain.CodeOf(err) != "context_altered" || b != nil {
		t.Errorf("altered: got %d bytes, %v", len(b), err)
	}
	for _, unknown := range []string{"", "contexts/credentials-v2.jsonld", "https://www.w3.org/ns/credentials/v2/", "file:///etc/hostname"} {
		if b, err := Context(unknown); explain.CodeOf(err) != "context_unknown" || b != nil || HasContext(unknown) {
			t.Errorf("%q: got %d bytes, %v", unknown, len(b), err)
		}
	}
}
