package request

import (
	"bytes"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
)

var now = time.Date(2026, 11, 21, 8, 0, 0, 500, time.UTC)

func fixture(t testing.TB) *Request {
	t.Helper()
	r, err := New("Example Hospital", "privileging", []string{"ProfessionalLicence"}, now, 7*24*time.Hour, bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoundTrip(t *testing.T) {
	r := fixture(t)
	b, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"audience":"Example Hospital","created":"2026-11-21T08:00:00Z","expires":"2026-11-28T08:00:00Z","format":1,` +
		`"nonce":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc","purpose":"privileging","type":"BonafideRequest","types":["ProfessionalLicence"]}` + "\n"
	if string(b) != want {
		t.Errorf("%s", b)
	}
	if got, err := Parse(b); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, %v", got, err)
	}
	r.Types = nil
	if b, err = r.Marshal(); err != nil || bytes.Contains(b, []byte("types")) {
		t.Errorf("%s, %v", b, err)
	}
	if !r.Asks([]string{"Anything"}) || fixture(t).Asks([]string{"VerifiableCredential", "BoardCertification"}) || !fixture(t).Asks([]string{"VerifiableCredential", "ProfessionalLicence"}) {
		t.Error("Asks is wrong")
	}
}

// TestClaimsAndFormats: a request may name claims and envelopes, and one that
// names none reads and writes as before there were any.
func TestClaimsAndFormats(t *testing.T) {
	r := fixture(t)
	old, err := r.Marshal()
	if err != nil || bytes.Contains(old, []byte("claims")) || bytes.Contains(old, []byte("formats")) {
		t.Fatalf("%s, %v", old, err)
	}
	for _, c := range []string{"familyName", "licence.number", "licence"} {
		if !r.Names(c) {
			t.Errorf("a request without claims does not name %s", c)
		}
	}
	r.Claims, r.Formats = []string{"familyName", "licence"}, []string{"dc+sd-jwt", "vcdm2-di"}
	b, err := r.Marshal()
	if err != nil || !bytes.Contains(b, []byte(`"claims":["familyName","licence"]`)) || !bytes.Contains(b, []byte(`"formats":["dc+sd-jwt","vcdm2-di"]`)) {
		t.Fatalf("%s, %v", b, err)
	}
	if got, err := Parse(b); err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%+v, %v", got, err)
	}
	for claim, want := range map[string]bool{
		"familyName": true, "licence.number": true, "licence": true, "licence.conditions.1": true,
		"givenName": false, "licenceNumber": false, "family": false, "familyName2": false,
	} {
		if r.Names(claim) != want {
			t.Errorf("%s: named %v", claim, !want)
		}
	}
	for name, list := range map[string][]string{
		"empty": {""}, "twice": {"a", "a"}, "dots": {"a..b"}, "dot first": {".a"}, "dot last": {"a."}, "space": {"a b"},
		"pointer": {"/a"}, "not ASCII": {"naïve"}, "bidi": {"a\u202eb"}, "long": {strings.Repeat("a", 129)}, "many": many(MaxClaims + 1),
	} {
		q := *r
		q.Claims = list
		if _, err := q.Marshal(); explain.CodeOf(err) != "request_malformed" {
			t.Errorf("claims %s: %v", name, err)
		}
	}
	r.Claims, r.Formats = many(MaxClaims), nil
	if b, err := r.Marshal(); err != nil {
		t.Error(err)
	} else if _, err := Parse(b); err != nil {
		t.Error(err)
	}
}

func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = "c" + strconv.Itoa(i)
	}
	return out
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		audience, purpose string
		types             []string
		life              time.Duration
	}{
		"no audience": {"", "disaster", nil, time.Hour}, "no purpose": {"H", "", nil, time.Hour}, "unknown purpose": {"H", "Disaster", nil, time.Hour},
		"no life": {"H", "disaster", nil, 0}, "too long": {"H", "disaster", nil, MaxLife + time.Second}, "bad type": {"H", "disaster", []string{"a b"}, time.Hour},
	} {
		if _, err := New(c.audience, c.purpose, c.types, now, c.life, bytes.NewReader(make([]byte, 32))); explain.CodeOf(err) != "request_malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New("H", "disaster", nil, now, time.Hour, bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a request without randomness")
	}
	if r, err := New("H", "disaster", nil, now.In(time.FixedZone("", 3600)), time.Hour, bytes.NewReader(make([]byte, 32))); err != nil || !r.Created.Equal(now.Truncate(time.Second)) {
		t.Errorf("%v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	good, err := fixture(t).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	nonce := fixture(t).Nonce
	for name, pair := range map[string][2]string{
		"other format":    {`"format":1`, `"format":2`},
		"format a string": {`"format":1`, `"format":"1"`},
		"other type":      {kind, "BonafideResponse"},
		"unknown member":  {`"format":1`, `"format":1,"extra":1`},
		"case of member":  {`"nonce"`, `"Nonce"`},
		"duplicate":       {`"format":1`, `"format":1,"format":1`},
		"short nonce":     {nonce, nonce[:20]},
		"unused bits":     {nonce, nonce[:42] + "d"},
		"padded nonce":    {nonce, nonce + "="},
		"line in nonce":   {nonce, nonce[:4] + `\n` + nonce[4:]},
		"long nonce":      {nonce, strings.Repeat("A", 100)},
		"no nonce":        {nonce, ""},
		"purpose":         {"privileging", "marketing"},
		"time zone":       {"08:00:00Z", "08:00:00+00:00"},
		"fraction":        {"08:00:00Z", "08:00:00.5Z"},
		"no time":         {"2026-11-21T08:00:00Z", "today"},
		"ends first":      {"2026-11-28", "2026-11-20"},
		"lives a year":    {"2026-11-28", "2027-11-28"},
		"bidi":            {"Example", `Exam\u202eple`},
		"zero width":      {"Example", `Exam\u200bple`},
		"control":         {"Example", `Exam\u0007ple`},
		"line separator":  {"Example", `Exam\u2028ple`},
		"no-break space":  {"Example H", `Example\u00a0H`},
		"spaces around":   {"\"Example", "\" Example"},
		"long audience":   {"Example", strings.Repeat("M", 300)},
		"type with dot":   {"ProfessionalLicence", "Professional.Licence"},
		"types null":      {`["ProfessionalLicence"]`, `[null]`},
		"type twice":      {`["ProfessionalLicence"]`, `["A","A"]`},
		"many types":      {`["ProfessionalLicence"]`, `["A","B","C","D","E","F","G","H","I","J","K","L","M","N","O","P","Q"]`},
		"claims empty":    {`"format":1`, `"claims":[],"format":1`},
		"claims no list":  {`"format":1`, `"claims":"familyName","format":1`},
		"claim a number":  {`"format":1`, `"claims":[1],"format":1`},
		"formats empty":   {`"format":1`, `"format":1,"formats":[]`},
		"format unknown":  {`"format":1`, `"format":1,"formats":["jwt_vc"]`},
		"format twice":    {`"format":1`, `"format":1,"formats":["vcdm2-di","vcdm2-di"]`},
		"data after":      {"}\n", "}{}"},
		"too large":       {"}\n", "}" + strings.Repeat(" ", MaxSize)},
	} {
		b := strings.ReplaceAll(string(good), pair[0], pair[1])
		if b == string(good) {
			t.Errorf("%s: nothing changed", name)
		}
		if r, err := Parse([]byte(b)); explain.CodeOf(err) != "request_malformed" || r != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Parse(nil); err == nil {
		t.Error("nothing accepted")
	}
}

func TestCheckTime(t *testing.T) {
	r := fixture(t)
	for at, code := range map[time.Time]string{
		r.Created: "", r.Expires.Add(-time.Second): "", r.Expires: "request_expired", r.Expires.AddDate(1, 0, 0): "request_expired",
		r.Created.Add(-MaxSkew): "", r.Created.Add(-MaxSkew - time.Second): "request_not_yet",
	} {
		if err := r.CheckTime(at); explain.CodeOf(err) != code {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	b, err := fixture(f).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(bytes.Replace(b, []byte(`"format":1`), []byte(`"claims":["familyName","licence.number"],"format":1,"formats":["dc+sd-jwt"]`), 1))
	f.Add([]byte(`{"format":1,"type":"BonafideRequest"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			if r != nil || explain.CodeOf(err) != "request_malformed" {
				t.Fatalf("%v beside %v", r, err)
			}
			return
		}
		out, err := r.Marshal()
		if err != nil {
			t.Fatalf("accepted, but not written: %v", err)
		}
		again, err := Parse(out)
		if err != nil {
			t.Fatalf("written, but not accepted: %v", err)
		}
		if len(r.Types) == 0 {
			r.Types, again.Types = nil, nil
		}
		if !reflect.DeepEqual(r, again) {
			t.Fatalf("%+v became %+v", r, again)
		}
	})
}
