// Package assets carries the data that is built into the program. This file
// has the JSON-LD contexts, each pinned by its SHA-256, so that what a term
// means cannot change by changing a file. Where they come from is told in
// contexts/README.md.
package assets

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"slices"
	"sync"

	"bonafide/internal/explain"
)

//go:embed contexts/*.jsonld
var contextFiles embed.FS

// pin is one pinned file of the folder contexts.
type pin struct {
	file   string
	sha256 string // hex
}

// BonafideContext is the URL of this project's own context.
const BonafideContext = "urn:bonafide:context:v1"

var contextPins = map[string]pin{
	"https://www.w3.org/ns/credentials/v2":                 {"credentials-v2.jsonld", "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"},
	"https://www.w3.org/ns/credentials/undefined-terms/v2": {"credentials-undefined-terms-v2.jsonld", "82dab514ba44eb18f5d1b0f638c5e140c6a556fbfb5089601bdc0fa5eb8b2581"},
	"https://www.w3.org/ns/credentials/examples/v2":        {"credentials-examples-v2.jsonld", "57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c"},
	"https://www.w3.org/ns/credentials/status/v1":          {"credentials-status-v1.jsonld", "fda5add353231e6a6884a46b12e6c75464281900cb348284d9c360f62381d9f7"},
	"https://w3id.org/vc/status-list/2021/v1":              {"status-list-2021-v1.jsonld", "6dd06a52bedb771e059c1083ba8ba7848dce22f6b4a8cfa0b98ba3fc188870e4"},
	"https://w3id.org/security/data-integrity/v1":          {"data-integrity-v1.jsonld", "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554"},
	"https://w3id.org/security/data-integrity/v2":          {"data-integrity-v2.jsonld", "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4"},
	"https://w3id.org/security/multikey/v1":                {"multikey-v1.jsonld", "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597"},
	"https://w3id.org/security/jwk/v1":                     {"jwk-v1.jsonld", "0f14b62f6071aafe00df265770ea0c7508e118247d79b7d861a406d2aa00bece"},
	"https://www.w3.org/ns/cid/v1":                         {"cid-v1.jsonld", "ea216ecc1cb02cd39b693dba2250141e270ba0bf95890be107dd9a9e8e43de85"},
	"https://www.w3.org/ns/did/v1":                         {"did-v1.jsonld", "4f3eae5568c9c5f036a082088f9e192019ee06faa78973c87ff91d5421b88dad"},
	"https://www.w3.org/ns/did/v1.1":                       {"did-v1.1.jsonld", "ea216ecc1cb02cd39b693dba2250141e270ba0bf95890be107dd9a9e8e43de85"},
	"urn:bonafide:context:v1":                              {"bonafide-v1.jsonld", "2bd721e565fccd4f5fc0a6e96639db00fa9b6b9fda252480102a9a8669fa4bbf"},
}

var checked sync.Map // URL to the file's bytes, once their digest has been checked

// Context returns the pinned bytes of the context with that URL, which the
// caller must not change. Errors are coded: context_unknown for a URL that is
// not pinned, context_altered where the built-in bytes do not have the pinned
// digest.
func Context(url string) ([]byte, error) {
	if b, ok := checked.Load(url); ok {
		return b.([]byte), nil
	}
	p, ok := contextPins[url]
	if !ok {
		return nil, explain.Errorf("context_unknown", "no context is pinned for this URL")
	}
	b, err := contextFiles.ReadFile("contexts/" + p.file)
	if err != nil {
		return nil, explain.Errorf("context_altered", "reading the built-in context %s: %w", p.file, err)
	}
	if d := sha256.Sum256(b); hex.EncodeToString(d[:]) != p.sha256 {
		return nil, explain.Errorf("context_altered", "the built-in context %s does not have its digest", p.file)
	}
	checked.Store(url, b)
	return b, nil
}

// HasContext says whether a context is pinned for the URL.
func HasContext(url string) bool {
	_, ok := contextPins[url]
	return ok
}

// ContextURLs returns the URLs of all pinned contexts, sorted.
func ContextURLs() []string {
	urls := make([]string, 0, len(contextPins))
	for u := range contextPins {
		urls = append(urls, u)
	}
	slices.Sort(urls)
	return urls
}
