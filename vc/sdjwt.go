package vc

// SD-JWT (RFC 9901) in compact form: from bytes to the claims that are open.
// What an SD-JWT VC is beyond that stands in sdjwt_vc.go.

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bonafide/internal/explain"
	"bonafide/internal/jose"
	"bonafide/internal/strictjson"
)

// maxDisclosures bounds one SD-JWT; ours have fewer than a dozen.
const maxDisclosures = 512

// Members with a meaning of their own in every SD-JWT (RFC 9901, sections 4.1
// and 4.2).
const (
	sdMember      = "_sd"
	sdAlgMember   = "_sd_alg"
	sdArrayMember = "..."
	sdAlg         = "sha-256"
)

// sdjwt is a well-formed SD-JWT whose disclosures are put in their places
// (RFC 9901, section 7.1, all but the signature).
type sdjwt struct {
	text        string // all of it
	bound       string // the issuer's token and the disclosures, to the last tilde: what sd_hash is of
	token       *jose.Token
	payload     map[string]any // as the issuer signed it
	open        map[string]any // with what is disclosed in its place, and without digests
	disclosures []disclosure
	hidden      bool        // there are digests without a disclosure: of claims or decoys
	binding     *jose.Token // the key binding JWT; nil: none
	bindingBody map[string]any
	vc          sdjwtVC
}

// disclosure is one claim or array element (RFC 9901, section 4.2).
type disclosure struct {
	text   string // base64url, what the digest is of
	salt   string
	member bool // a member of an object: it has a name
	name   string
	value  any
	path   string // where it belongs
	parent int    // the disclosure that it is inside of; -1: none
	used   bool
}

// openSDJWT reads an SD-JWT, with or without key binding, whose issuer's token
// is of the profile's kind. Only compact form is taken.
func openSDJWT(text string, p jose.Profile) (*sdjwt, error) {
	last := strings.LastIndexByte(text, '~')
	if last < 0 {
		return nil, explain.Errorf("token_malformed", "an SD-JWT without a tilde")
	}
	s := &sdjwt{text: text, bound: text[:last+1]}
	head, rest, _ := strings.Cut(s.bound, "~")
	var err error
	if s.token, err = jose.Parse(head, p); err != nil {
		return nil, err
	}
	if b := text[last+1:]; b != "" {
		if s.binding, err = jose.Parse(b, bindingProfile); err != nil {
			return nil, err
		}
		if s.bindingBody, err = body(s.binding); err != nil {
			return nil, err
		}
	}
	if s.payload, err = body(s.token); err != nil {
		return nil, err
	}
	n := strings.Count(rest, "~")
	if n > maxDisclosures {
		return nil, explain.Errorf("disclosure_malformed", "more than %d disclosures", maxDisclosures)
	}
	s.disclosures = make([]disclosure, 0, n)
	for rest != "" {
		var d string
		d, rest, _ = strings.Cut(rest, "~")
		if err := s.add(d); err != nil {
			return nil, err
		}
	}
	return s, s.fill()
}

// body reads the claims of a token.
func body(t *jose.Token) (map[string]any, error) {
	m, err := strictjson.Object(t.Payload, limits)
	if err != nil {
		return nil, explain.Errorf("token_malformed", "the payload: %w", err)
	}
	return m, nil
}

// add reads one disclosure: a JSON array of salt, name and value, or of salt
// and value.
func (s *sdjwt) add(text string) error {
	bad := explain.Errorf("disclosure_malformed", "a disclosure is no array of salt, name and value in base64url")
	b, ok := jose.Decode64(text)
	if !ok {
		return bad
	}
	v, err := strictjson.Parse(b, limits)
	if err != nil {
		return explain.Errorf("disclosure_malformed", "a disclosure: %w", err)
	}
	d := disclosure{text: text, parent: -1}
	list, _ := v.([]any)
	switch len(list) {
	case 3:
		d.member = true
		if d.name, ok = list[1].(string); !ok {
			return bad
		}
	case 2:
	default:
		return bad
	}
	if d.salt, ok = list[0].(string); !ok {
		return bad
	}
	d.value = list[len(list)-1]
	s.disclosures = append(s.disclosures, d)
	return nil
}

// fill puts every disclosure where its digest stands (RFC 9901, section 7.1,
// steps 3 to 5).
func (s *sdjwt) fill() error {
	// Section 4.1.1. Other functions of the registry are as sound as SHA-256, or
	// cut short to be guessed; one is enough.
	if a, ok := s.payload[sdAlgMember]; ok && a != sdAlg {
		return explain.Errorf("digest_unsupported", "%s is not %s", sdAlgMember, sdAlg)
	}
	f := filler{s: s, places: make(map[string]place, 2*len(s.disclosures))}
	for i := range s.disclosures {
		digest := digestOf(s.disclosures[i].text)
		if _, ok := f.places[digest]; ok {
			return explain.Errorf("disclosure_duplicate", "a disclosure is there twice")
		}
		f.places[digest] = place{i, false}
	}
	open, own, err := f.object(s.payload, "", -1, 0)
	if err != nil {
		return err
	}
	for i := range s.disclosures {
		if !s.disclosures[i].used {
			return explain.Errorf("disclosure_unreferenced", "a disclosure whose digest the issuer did not sign")
		}
	}
	if !own {
		open = maps.Clone(open)
	}
	delete(open, sdAlgMember)
	s.open = open
	return nil
}

// digestOf is the digest by which a disclosure is found (section 4.2.3).
func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// place is what is known of one digest.
type place struct {
	disclosure int  // -1: none is there
	met        bool // the digest was found in the payload or in a disclosure
}

type filler struct {
	s      *sdjwt
	places map[string]place
}

// meet finds the disclosure of an embedded digest, nil where there is none.
func (f *filler) meet(v any) (*disclosure, int, error) {
	digest, ok := v.(string)
	if !ok {
		return nil, -1, explain.Errorf("disclosure_malformed", "a digest is no text")
	}
	p, ok := f.places[digest]
	if !ok {
		p.disclosure = -1
	}
	if p.met {
		return nil, -1, explain.Errorf("disclosure_duplicate", "a digest is there twice")
	}
	p.met = true
	f.places[digest] = p
	if p.disclosure < 0 {
		f.s.hidden = true
		return nil, -1, nil
	}
	d := &f.s.disclosures[p.disclosure]
	d.used = true
	return d, p.disclosure, nil
}

// value opens a value that stands at path, inside of the disclosure parent, and
// tells whether that changed anything. It copies what it changes: the payload
// stays as it was signed.
func (f *filler) value(v any, path string, parent, depth int) (any, bool, error) {
	if depth > limits.Depth {
		return nil, false, explain.Errorf("json_too_deep", "disclosures inside one another nest too deeply")
	}
	switch v := v.(type) {
	case map[string]any:
		return f.object(v, path, parent, depth)
	case []any:
		return f.array(v, path, parent, depth)
	}
	return v, false, nil
}

func (f *filler) object(m map[string]any, path string, parent, depth int) (map[string]any, bool, error) {
	digests, changed := m[sdMember]
	list, ok := digests.([]any)
	if changed && !ok {
		return nil, false, explain.Errorf("disclosure_malformed", "%s is no array", sdMember)
	}
	out := m
	if changed {
		out = without(m, sdMember)
	}
	for k, v := range m {
		switch k {
		case sdMember:
			continue
		case sdArrayMember:
			return nil, false, explain.Errorf("disclosure_malformed", "the place of an array element outside of an array")
		}
		if !container(v) {
			continue
		}
		w, touched, err := f.value(v, member(path, k), parent, depth+1)
		if err != nil {
			return nil, false, err
		}
		if !touched {
			continue
		}
		if !changed {
			out, changed = maps.Clone(m), true
		}
		out[k] = w
	}
	for _, e := range list {
		d, i, err := f.meet(e)
		if err != nil {
			return nil, false, err
		}
		if d == nil {
			continue
		}
		if err := f.fits(d, out, depth); err != nil {
			return nil, false, err
		}
		d.path, d.parent = member(path, d.name), parent
		if out[d.name], _, err = f.value(d.value, d.path, i, depth+1); err != nil {
			return nil, false, err
		}
	}
	return out, changed, nil
}

// fits judges whether a disclosure may become a member of an object.
func (f *filler) fits(d *disclosure, object map[string]any, depth int) error {
	if !d.member {
		return explain.Errorf("disclosure_malformed", "an array element's disclosure where a member belongs")
	}
	if d.name == sdMember || d.name == sdArrayMember {
		return explain.Errorf("disclosure_name", "a disclosed claim with the name of a place for digests")
	}
	if depth == 0 && registered[d.name] {
		return explain.Errorf("disclosure_reserved", "a claim that is never a matter of disclosure")
	}
	if _, ok := object[d.name]; ok {
		return explain.Errorf("disclosure_name", "a disclosed claim with a name that is there already")
	}
	return nil
}

func (f *filler) array(list []any, path string, parent, depth int) ([]any, bool, error) {
	changed := false
	out := list
	drop := 0
	for i, v := range list {
		if !container(v) {
			continue
		}
		at := path + "[" + strconv.Itoa(i) + "]"
		w, touched, err := v, false, error(nil)
		if m, ok := v.(map[string]any); ok && hasKey(m, sdArrayMember) {
			w, err = f.element(m, at, parent, depth)
			touched = true
		} else {
			w, touched, err = f.value(v, at, parent, depth+1)
		}
		if err != nil {
			return nil, false, err
		}
		if !touched {
			continue
		}
		if !changed {
			out, changed = slices.Clone(list), true
		}
		out[i] = w
		if w == any(gone{}) {
			drop++
		}
	}
	if drop > 0 {
		out = slices.DeleteFunc(out, func(v any) bool { return v == any(gone{}) })
	}
	return out, changed, nil
}

// gone stands for an array element that is not disclosed, until it is taken
// out.
type gone struct{}

// element opens one place of an array.
func (f *filler) element(m map[string]any, path string, parent, depth int) (any, error) {
	if len(m) != 1 {
		return nil, explain.Errorf("disclosure_malformed", "the place of an array element with other members")
	}
	d, i, err := f.meet(m[sdArrayMember])
	if err != nil || d == nil {
		return gone{}, err
	}
	if d.member {
		return nil, explain.Errorf("disclosure_malformed", "a member's disclosure where an array element belongs")
	}
	d.path, d.parent = path, parent
	w, _, err := f.value(d.value, path, i, depth+1)
	return w, err
}

func container(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	}
	return false
}

func hasKey(m map[string]any, k string) bool { _, ok := m[k]; return ok }

// member is the path of a member: names with a dot between, and a backslash
// before a dot, a bracket or a backslash in a name.
func member(path, name string) string {
	if strings.ContainsAny(name, `.[\`) {
		name = pathEscape.Replace(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

var pathEscape = strings.NewReplacer(`\`, `\\`, ".", `\.`, "[", `\[`)
