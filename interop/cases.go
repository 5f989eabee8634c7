//go:build interop

package main

// The cases. Each side issues, presents and verifies what the other one made;
// then tampered tokens go in each direction. A token is tampered with only after
// the untouched one was accepted, so that a refusal means what it says.

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"bonafide/did"
)

var board, holder, stranger = newPair(1), newPair(2), newPair(3)

// all are the claims of the licence that can be left out, fixed those that
// cannot.
var (
	all    = []string{"familyName", "givenName", "licence.expires", "licence.issued", "licence.number", "licence.profession", "npi"}
	fixed  = []string{"licence.jurisdiction"}
	chosen = []string{"familyName", "licence.number"}
)

// with is fixed and some more, sorted.
func with(some []string) []string {
	return slices.Sorted(slices.Values(append(slices.Clone(fixed), some...)))
}

// payload is the licence as an issuer with the other library writes it: nested
// like ours, in no order.
func payload(cnf *pair, until time.Time) map[string]any {
	m := map[string]any{
		"iss": board.did(), "iat": now.Unix(), "nbf": now.AddDate(0, 0, -20).Unix(), "exp": until.Unix(), "vct": vct,
		"status": map[string]any{"ledger": map[string]any{"idx": 7}}, "anchor": "",
		"givenName": "Zelda", "familyName": "Quillfeather", "npi": "1234567893",
		"licence": map[string]any{
			"number": "OH-MDR-3001234", "jurisdiction": "US-OH", "profession": "Physician", "issued": "2026-11-01", "expires": "2028-11-30",
		},
	}
	if cnf != nil {
		m["cnf"] = map[string]any{"jwk": cnf.jwk(false)}
	}
	return m
}

func frame() map[string]any {
	return map[string]any{
		"_sd":     []any{"givenName", "familyName", "npi"},
		"licence": map[string]any{"_sd": []any{"number", "profession", "issued", "expires"}},
	}
}

// open marks claims to be disclosed, in the other library's form.
func open(names []string) map[string]any {
	out := map[string]any{}
	for _, n := range names {
		m := out
		path := strings.Split(n, ".")
		for _, p := range path[:len(path)-1] {
			next, ok := m[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				m[p] = next
			}
			m = next
		}
		m[path[len(path)-1]] = true
	}
	return out
}

// issue lets the other library issue.
func (t *theirs) issue(cnf *pair, until time.Time, change func(payload, frame map[string]any)) (string, error) {
	p, f := payload(cnf, until), frame()
	if change != nil {
		change(p, f)
	}
	return t.token("issue", map[string]any{"payload": p, "frame": f, "key": board.jwk(true), "kid": board.kid()})
}

// present lets the other library present with a key binding.
func (t *theirs) present(token string, names []string) (string, error) {
	return t.token("present", map[string]any{
		"token": token, "frame": open(names), "key": holder.jwk(true),
		"kb": map[string]any{"iat": now.Unix(), "aud": audience, "nonce": nonce},
	})
}

// verify lets the other library verify, and gives the claims about the subject.
func (t *theirs) verify(token string, issuer pair, bound bool) (map[string]any, error) {
	args := map[string]any{"token": token, "key": issuer.jwk(false), "now": now.Unix()}
	if bound {
		args["nonce"], args["audience"] = nonce, audience
	}
	var out map[string]any
	if err := t.ask(&out, "verify", args); err != nil {
		return nil, err
	}
	for _, n := range []string{"iss", "iat", "nbf", "exp", "vct", "status", "anchor", "cnf", "_sd_alg"} {
		delete(out, n)
	}
	return out, nil
}

// subject lists what a verifier says about the practitioner, without the types,
// which only our reading adds.
func subject(m map[string]any, err error) ([]string, error) {
	return slices.DeleteFunc(names(m), func(n string) bool { return n == "type" || n == "licence.type" }), err
}

// verifier is one side's verifying.
type verifier func(token string, issuer pair, bound bool) (map[string]any, error)

func run(r *report, t *theirs) error {
	year := now.AddDate(1, 0, 0)
	key := holder.public()

	// Issued there.
	whole, err := t.issue(&holder, year, nil)
	if err != nil {
		return fmt.Errorf("issuing there: %w", err)
	}
	got, err := subject(verify(whole, board, false))
	r.same("issued there, verified here", got, with(all), err)
	bound, err := t.present(whole, chosen)
	if err != nil {
		return fmt.Errorf("presenting there: %w", err)
	}
	got, err = subject(verify(bound, board, true))
	r.same("issued there, presented there, verified here", got, with(chosen), err)
	mixed, err := present(whole, chosen, holder)
	if err == nil {
		got, err = subject(t.verify(mixed, board, true))
	}
	r.same("issued there, presented here, verified there", got, with(chosen), err)
	copied, err := t.issue(nil, year, nil)
	if err == nil {
		got, err = subject(verify(copied, board, false))
	}
	r.same("issued there without a holder's key, verified here", got, with(all), err)
	_, err = verify(copied, board, true)
	r.refused("issued there without a holder's key, a key binding asked for here", err)
	decoys, err := t.issue(&holder, year, func(_, f map[string]any) {
		f["_sd_decoy"] = 3
		f["licence"].(map[string]any)["_sd_decoy"] = 2
	})
	if err == nil {
		got, err = subject(verify(decoys, board, false))
	}
	r.same("issued there with decoys, verified here", got, with(all), err)
	nested, err := t.issue(&holder, year, func(p, f map[string]any) {
		p["practice"] = map[string]any{"city": "Columbus", "street": "1 Example Way"}
		f["practice"] = map[string]any{"_sd": []any{"city", "street"}}
		f["_sd"] = append(f["_sd"].([]any), "practice")
	})
	if err == nil {
		got, err = subject(verify(nested, board, false))
	}
	r.same("issued there with claims within a claim, verified here", got, with(append(slices.Clone(all), "practice.city", "practice.street")), err)
	if inner, perr := t.present(nested, []string{"practice.city"}); perr == nil {
		got, err = subject(verify(inner, board, true))
	} else {
		err = perr
	}
	r.same("the same, presented there", got, with([]string{"practice.city"}), err)
	if inner, perr := present(nested, []string{"practice.city"}, holder); perr == nil {
		got, err = subject(t.verify(inner, board, true))
	} else {
		err = perr
	}
	r.same("the same, presented here", got, with([]string{"practice.city"}), err)
	listed, err := t.issue(&holder, year, func(p, f map[string]any) {
		p["schedules"] = []any{"II", "III", "IV"}
		f["schedules"] = map[string]any{"_sd": []any{0, 2}}
	})
	var list any
	if err == nil {
		var m map[string]any
		m, err = verify(listed, board, false)
		list = m["schedules"]
	}
	r.same("issued there with members of a list to choose from, verified here", list, []any{"II", "III", "IV"}, err)
	hidden, err := t.issue(&holder, year, func(_, f map[string]any) {
		licence := f["licence"].(map[string]any)
		licence["_sd"] = append(licence["_sd"].([]any), "jurisdiction")
	})
	if err == nil {
		_, err = verify(hidden, board, false)
	}
	r.refused("issued there with the jurisdiction left to the holder, verified here", err)
	old, err := t.issue(&holder, now.AddDate(0, 0, -1), nil)
	if err != nil {
		return fmt.Errorf("issuing there: %w", err)
	}
	tampered(r, "issued there, verified here", whole, bound, copied, old, verify, false)

	// Issued here.
	if whole, err = issue(board, key, "2028-12-31T23:59:59Z"); err != nil {
		return fmt.Errorf("issuing here: %w", err)
	}
	got, err = subject(t.verify(whole, board, false))
	r.same("issued here, verified there", got, with(all), err)
	got, err = subject(verify(whole, board, false))
	r.same("issued here, verified here", got, with(all), err)
	if bound, err = present(whole, chosen, holder); err != nil {
		return fmt.Errorf("presenting here: %w", err)
	}
	got, err = subject(t.verify(bound, board, true))
	r.same("issued here, presented here, verified there", got, with(chosen), err)
	for _, some := range [][]string{chosen, {"npi"}, all} {
		token, err := t.present(whole, some)
		if err == nil {
			got, err = subject(verify(token, board, true))
		}
		r.same("issued here, presented there, verified here: "+strings.Join(some, ", "), got, with(some), err)
		if err == nil {
			got, err = subject(t.verify(token, board, true))
		}
		r.same("the same, verified there", got, with(some), err)
	}
	if copied, err = issue(board, did.PublicKey{}, "2028-12-31T23:59:59Z"); err == nil {
		got, err = subject(t.verify(copied, board, false))
	}
	r.same("issued here as a register copy, verified there", got, with(all), err)
	der, err := board.certificate()
	if err != nil {
		return err
	}
	certified, err := issue(board, key, "2028-12-31T23:59:59Z", der)
	if err == nil {
		got, err = subject(t.verify(certified, board, false))
	}
	r.same("issued here with a certificate, verified there", got, with(all), err)
	if err == nil {
		got, err = subject(verify(certified, board, false))
	}
	r.same("the same, verified here", got, with(all), err)
	if old, err = issue(board, key, "2026-11-20T23:59:59Z"); err != nil {
		return fmt.Errorf("issuing here: %w", err)
	}
	tampered(r, "issued here, verified there", whole, bound, copied, old, t.verify, true)

	// What the other library leaves to its caller, here.
	kbCases(r, whole)
	return nil
}

// tampered holds one direction against attacks. whole is a credential of holder,
// bound a presentation of it, other another credential of the same issuer, old
// one that has expired. A drops reader leaves a disclosure that no digest names
// out of the claims, where RFC 9901 (section 7.1) asks to refuse it.
func tampered(r *report, direction, whole, bound, other, old string, read verifier, drops bool) {
	genuine, err := read(whole, board, false)
	if err == nil {
		_, err = read(bound, board, true)
	}
	if err != nil {
		r.note(direction+", untouched", err)
		return
	}
	try := func(name, token string, issuer pair, bound bool) {
		_, err := read(token, issuer, bound)
		r.refused(direction+", "+name, err)
	}
	// undisclosed is try for a disclosure that the issuer did not sign.
	undisclosed := func(name, token string) {
		got, err := read(token, board, false)
		if err == nil && drops && within(got, genuine) {
			r.note(direction+", "+name+": not among the claims", nil)
			return
		}
		r.refused(direction+", "+name, err)
	}
	jwt, disclosures, _ := parts(whole)
	_, shown, kb := parts(bound)
	_, foreign, _ := parts(other)
	swap := func(list []string, change func(d []any)) []string {
		out := slices.Clone(list)
		out[0] = redisclose(out[0], change)
		return out
	}
	another := func(d []any) { d[2] = "Another" }
	segments := strings.Split(jwt, ".")

	try("a bit of the payload", join(segments[0]+"."+moved(segments[1])+"."+segments[2], disclosures, ""), board, false)
	try("a bit of the signature", join(segments[0]+"."+segments[1]+"."+flip(segments[2]), disclosures, ""), board, false)
	try("no algorithm", join(encode([]byte(`{"alg":"none","typ":"dc+sd-jwt"}`))+"."+segments[1]+".", disclosures, ""), board, false)
	try("another issuer's key", whole, stranger, false)
	undisclosed("a claim changed", join(jwt, swap(disclosures, another), ""))
	undisclosed("a claim renamed", join(jwt, swap(disclosures, func(d []any) { d[1] = "npi" }), ""))
	undisclosed("a disclosure of another credential", join(jwt, append(slices.Clone(disclosures[1:]), foreign[0]), ""))
	undisclosed("a disclosure twice", join(jwt, append(slices.Clone(disclosures), disclosures[0]), ""))
	try("expired", old, board, false)

	binding := func(by pair, change func(payload map[string]any)) string {
		p := map[string]any{"iat": now.Unix(), "aud": audience, "nonce": nonce, "sd_hash": sdHash(jwt, shown)}
		change(p)
		return join(jwt, shown, by.jwt(map[string]any{"alg": "ES256", "typ": "kb+jwt"}, p))
	}
	if _, err := read(binding(holder, func(map[string]any) {}), board, true); err != nil {
		r.note(direction+", key binding made by hand", err)
		return
	}
	try("key binding for another nonce", binding(holder, func(p map[string]any) { p["nonce"] = "another" }), board, true)
	try("key binding for another audience", binding(holder, func(p map[string]any) { p["aud"] = "Another Hospital" }), board, true)
	try("key binding over something else", binding(holder, func(p map[string]any) { p["sd_hash"] = sdHash(jwt, disclosures) }), board, true)
	try("key binding without a hash", binding(holder, func(p map[string]any) { delete(p, "sd_hash") }), board, true)
	try("key binding by another key", binding(stranger, func(map[string]any) {}), board, true)
	try("key binding of other claims", join(jwt, disclosures, kb), board, true)
	try("a claim changed after key binding", join(jwt, swap(shown, another), kb), board, true)
	try("a claim taken out after key binding", join(jwt, shown[1:], kb), board, true)
	try("a bit of the key binding", join(jwt, shown, kb[:len(kb)-20]+flip(kb[len(kb)-20:])), board, true)
}

// kbCases are key bindings that the other library takes and we do not: it looks
// neither at the time nor at whether there is one.
func kbCases(r *report, whole string) {
	jwt, shown, _ := parts(whole)
	binding := func(header map[string]any, iat time.Time) string {
		p := map[string]any{"iat": iat.Unix(), "aud": audience, "nonce": nonce, "sd_hash": sdHash(jwt, shown)}
		return join(jwt, shown, holder.jwt(header, p))
	}
	good := map[string]any{"alg": "ES256", "typ": "kb+jwt"}
	_, err := verify(binding(good, now), board, true)
	r.note("here, key binding made by hand", err)
	for _, c := range [][2]string{
		{"key binding left out", whole},
		{"key binding of yesterday", binding(good, now.AddDate(0, 0, -1))},
		{"key binding of tomorrow", binding(good, now.AddDate(0, 0, 1))},
		{"key binding of another type", binding(map[string]any{"alg": "ES256", "typ": "JWT"}, now)},
		{"key binding that names a key", binding(map[string]any{"alg": "ES256", "typ": "kb+jwt", "jwk": stranger.jwk(false)}, now)},
		{"key binding with an extension", binding(map[string]any{"alg": "ES256", "typ": "kb+jwt", "crit": []any{"x"}, "x": 1}, now)},
		{"key binding of another alg", binding(map[string]any{"alg": "HS256", "typ": "kb+jwt"}, now)},
		{"key binding with a JWT instead", join(jwt, shown, jwt)},
	} {
		_, err := verify(c[1], board, true)
		r.refused("here, "+c[0], err)
	}
}

// flip changes one bit of base64url, not one of those that mean nothing.
func flip(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := len(s) / 2
	b := []byte(s)
	b[at] = alphabet[strings.IndexByte(alphabet, b[at])^1]
	return string(b)
}

// moved changes one bit of a payload so that the licence is of another
// jurisdiction.
func moved(payload string) string {
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || !bytes.Contains(b, []byte("US-OH")) {
		panic("a payload without the jurisdiction")
	}
	return encode(bytes.Replace(b, []byte("US-OH"), []byte("US-OI"), 1))
}

// within reports whether every claim of a stands in b too.
func within(a, b map[string]any) bool {
	for k, v := range a {
		if m, ok := v.(map[string]any); ok {
			n, ok := b[k].(map[string]any)
			if !ok || !within(m, n) {
				return false
			}
		} else if !reflect.DeepEqual(v, b[k]) {
			return false
		}
	}
	return true
}

// redisclose changes what a disclosure says.
func redisclose(s string, change func(d []any)) string {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	var d []any
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&d); err != nil {
		panic(err)
	}
	change(d)
	if b, err = json.Marshal(d); err != nil {
		panic(err)
	}
	return encode(b)
}
