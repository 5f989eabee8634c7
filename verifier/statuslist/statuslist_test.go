package statuslist

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
)

func values(t testing.TB, s string) map[string]any {
	t.Helper()
	m, err := strictjson.Object([]byte(s), strictjson.Limits{Bytes: 8 << 20, Depth: 16, Nodes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The vectors of draft-ietf-oauth-status-list: least significant bit first.
func TestTokenVectors(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "token-status-list", "token-status-list.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for name, raw := range all {
		var v struct {
			Encoded struct {
				Bits int
				Lst  string
			}
			Bytes  []int `json:"byte_array"`
			Len    int   `json:"decoded_len"`
			Status map[string]byte
		}
		if name == "status_list_jwt_raw" {
			continue // a whole token, with its signature: TestTokenOfTheDraft in package verifier
		}
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(name, err)
		}
		seen++
		tok, err := ReadToken(values(t, `{"sub":"https://x.example/1","iat":1686920170,"status_list":{"bits":`+strconv.Itoa(v.Encoded.Bits)+`,"lst":"`+v.Encoded.Lst+`"}}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(tok.bytes) != v.Len || tok.Len() != uint64(v.Len*8/v.Encoded.Bits) {
			t.Errorf("%s: %d bytes, %d entries", name, len(tok.bytes), tok.Len())
		}
		for i, x := range v.Bytes {
			if tok.bytes[i] != byte(x) {
				t.Errorf("%s: byte %d is %d", name, i, tok.bytes[i])
			}
		}
		for at, x := range v.Status {
			i, err := strconv.ParseUint(at, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := tok.At(i); err != nil || got != x {
				t.Errorf("%s: entry %d is %d, want %d: %v", name, i, got, x, err)
			}
		}
	}
	if seen != 6 {
		t.Errorf("%d vectors", seen)
	}
}

// The draft's first example in words: 1 0 0 1 1 1 0 1 … of the bytes b9 a3.
func TestThreat48_BitOrders(t *testing.T) {
	token, err := ReadToken(values(t, `{"sub":"x","iat":1,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []byte{1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1} {
		if got, err := token.At(uint64(i)); err != nil || got != want {
			t.Errorf("token entry %d: %d %v", i, got, err)
		}
	}
	list := make([]byte, MinBitstring/8)
	list[0], list[1], list[len(list)-1] = 0x80, 0x01, 0x01
	b, err := ReadBitstring(bitstring(t, packed(t, list), nil))
	if err != nil {
		t.Fatal(err)
	}
	set := map[uint64]bool{0: true, 15: true, MinBitstring - 1: true}
	for i := range b.Len() {
		if got, err := b.At(i); err != nil || (got == 1) != set[i] {
			t.Fatalf("bitstring entry %d: %d %v", i, got, err)
		}
	}
	for _, i := range []uint64{MinBitstring, 1 << 40, 1<<64 - 1} {
		if _, err := b.At(i); explain.CodeOf(err) != "status_out_of_range" {
			t.Errorf("entry %d: %v", i, err)
		}
	}
	if _, err := (List{}).At(0); explain.CodeOf(err) != "status_out_of_range" {
		t.Error("the zero list has an entry")
	}
	for bits, want := range map[int][]byte{2: {1, 2, 0, 3}, 4: {9, 12}, 8: {0xC9}} {
		tok, err := ReadToken(values(t, `{"sub":"x","iat":1,"status_list":{"bits":`+strconv.Itoa(bits)+`,"lst":"`+deflated(t, []byte{0xC9})+`"}}`))
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range want {
			if got, err := tok.At(uint64(i)); err != nil || got != w {
				t.Errorf("%d bits, entry %d: %d, want %d", bits, i, got, w)
			}
		}
	}
}

func packed(t testing.TB, list []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(list); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zlibbed(t testing.TB, list []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write(list); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func deflated(t testing.TB, list []byte) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString(zlibbed(t, list))
}

// bitstring is a list credential's claims around packed bytes.
func bitstring(t testing.TB, gz []byte, edit func(m, subject map[string]any)) map[string]any {
	t.Helper()
	m := values(t, `{"id":"https://x.example/1","type":["VerifiableCredential","BitstringStatusListCredential"],
		"credentialSubject":{"type":"BitstringStatusList","statusPurpose":"revocation"}}`)
	subject := m["credentialSubject"].(map[string]any)
	subject["encodedList"] = "u" + base64.RawURLEncoding.EncodeToString(gz)
	if edit != nil {
		edit(m, subject)
	}
	return m
}

// Threat 49: what is packed is expanded to a limit, and is one thing alone.
func TestThreat49_Bombs(t *testing.T) {
	list := make([]byte, MinBitstring/8)
	gz, zl := packed(t, list), zlibbed(t, list)
	bomb := func(w io.WriteCloser, b *bytes.Buffer) []byte {
		zero := make([]byte, 1<<20)
		for range 64 {
			if _, err := w.Write(zero); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var gb, zb bytes.Buffer
	flip := func(b []byte, i int) []byte {
		b = bytes.Clone(b)
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
	for name, c := range map[string][2][]byte{
		"bomb":           {bomb(gzip.NewWriter(&gb), &gb), bomb(zlib.NewWriter(&zb), &zb)},
		"one too many":   {packed(t, make([]byte, MaxExpanded+1)), zlibbed(t, make([]byte, MaxExpanded+1))},
		"two members":    {append(bytes.Clone(gz), gz...), append(bytes.Clone(zl), zl...)},
		"empty member":   {append(bytes.Clone(gz), packed(t, nil)...), append(bytes.Clone(zl), zlibbed(t, nil)...)},
		"a byte after":   {append(bytes.Clone(gz), 0), append(bytes.Clone(zl), 0)},
		"cut":            {gz[:len(gz)-1], zl[:len(zl)-1]},
		"no trailer":     {gz[:len(gz)-8], zl[:len(zl)-4]},
		"wrong checksum": {flip(gz, -5), flip(zl, -1)},
		"the other":      {zl, gz},
		"raw":            {list, list},
		"nothing":        {nil, nil},
		"nothing packed": {packed(t, nil), zlibbed(t, nil)},
	} {
		if b, err := ReadBitstring(bitstring(t, c[0], nil)); explain.CodeOf(err) != "status_list_malformed" || cap(b.bytes) > 2*MaxExpanded {
			t.Errorf("%s, gzip: %v", name, err)
		}
		lst := base64.RawURLEncoding.EncodeToString(c[1])
		tok, err := ReadToken(map[string]any{"sub": "x", "iat": json.Number("1"), "status_list": map[string]any{"bits": json.Number("1"), "lst": lst}})
		if explain.CodeOf(err) != "status_list_malformed" || cap(tok.bytes) > 2*MaxExpanded {
			t.Errorf("%s, zlib: %v", name, err)
		}
	}
	if b, err := ReadBitstring(bitstring(t, packed(t, make([]byte, MaxExpanded)), nil)); err != nil || b.Len() != MaxExpanded*8 {
		t.Error("the largest list", err)
	}
}

// Threat 50: what is no status list, or says too little.
func TestThreat50_ListsThatAreNone(t *testing.T) {
	gz := packed(t, make([]byte, MinBitstring/8))
	text := "u" + base64.RawURLEncoding.EncodeToString(gz)
	for name, edit := range map[string]func(m, s map[string]any){
		"another type":    func(m, _ map[string]any) { m["type"] = []any{"VerifiableCredential", "ProfessionalLicence"} },
		"type not text":   func(m, _ map[string]any) { m["type"] = []any{"BitstringStatusListCredential", json.Number("1")} },
		"a status itself": func(m, _ map[string]any) { m["credentialStatus"] = map[string]any{} },
		"status null":     func(m, _ map[string]any) { m["credentialStatus"] = nil },
		"two subjects":    func(m, s map[string]any) { m["credentialSubject"] = []any{s, s} },
		"no subject":      func(m, _ map[string]any) { delete(m, "credentialSubject") },
		"empty subjects":  func(m, _ map[string]any) { m["credentialSubject"] = []any{} },
		"subject a text":  func(m, _ map[string]any) { m["credentialSubject"] = "x" },
		"subject's type":  func(_, s map[string]any) { s["type"] = "BitstringStatusListCredential" },
		"old list":        func(_, s map[string]any) { s["type"] = "StatusList2021" },
		"no purpose":      func(_, s map[string]any) { delete(s, "statusPurpose") },
		"empty purpose":   func(_, s map[string]any) { s["statusPurpose"] = "" },
		"no purposes":     func(_, s map[string]any) { s["statusPurpose"] = []any{} },
		"purpose number":  func(_, s map[string]any) { s["statusPurpose"] = []any{json.Number("1")} },
		"no list":         func(_, s map[string]any) { delete(s, "encodedList") },
		"no prefix":       func(_, s map[string]any) { s["encodedList"] = text[1:] },
		"another base":    func(_, s map[string]any) { s["encodedList"] = "z" + text[1:] },
		"padded":          func(_, s map[string]any) { s["encodedList"] = text + "=" },
		"line break":      func(_, s map[string]any) { s["encodedList"] = text[:40] + "\n" + text[40:] },
		"standard base64": func(_, s map[string]any) { s["encodedList"] = "u+" + text[2:] },
		"ttl zero":        func(_, s map[string]any) { s["ttl"] = json.Number("0") },
		"ttl text":        func(_, s map[string]any) { s["ttl"] = "300" },
		"one too short": func(_, s map[string]any) {
			s["encodedList"] = "u" + base64.RawURLEncoding.EncodeToString(packed(t, make([]byte, MinBitstring/8-1)))
		},
	} {
		if _, err := ReadBitstring(bitstring(t, gz, edit)); explain.CodeOf(err) != "status_list_malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	good, err := ReadBitstring(bitstring(t, gz, func(m, s map[string]any) {
		m["credentialSubject"], s["statusPurpose"], s["ttl"] = []any{s}, []any{"revocation", "suspension"}, json.Number("60000")
	}))
	if err != nil || good.TTL != time.Minute || len(good.Purposes) != 2 || good.ID != "https://x.example/1" {
		t.Error(good.TTL, good.Purposes, good.ID, err)
	}

	const list = `"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}`
	for name, s := range map[string]string{
		"no sub":        `{"iat":1,` + list + `}`,
		"empty sub":     `{"sub":"","iat":1,` + list + `}`,
		"sub a number":  `{"sub":1,"iat":1,` + list + `}`,
		"iss a number":  `{"sub":"x","iss":1,"iat":1,` + list + `}`,
		"empty iss":     `{"sub":"x","iss":"","iat":1,` + list + `}`,
		"no iat":        `{"sub":"x",` + list + `}`,
		"iat a text":    `{"sub":"x","iat":"1",` + list + `}`,
		"iat below":     `{"sub":"x","iat":-1,` + list + `}`,
		"iat beyond":    `{"sub":"x","iat":253402300800,` + list + `}`,
		"exp a text":    `{"sub":"x","iat":1,"exp":"2",` + list + `}`,
		"exp null":      `{"sub":"x","iat":1,"exp":null,` + list + `}`,
		"exp zero":      `{"sub":"x","iat":1,"exp":0,` + list + `}`,
		"ttl zero":      `{"sub":"x","iat":1,"ttl":0,` + list + `}`,
		"ttl below":     `{"sub":"x","iat":1,"ttl":-1,` + list + `}`,
		"ttl null":      `{"sub":"x","iat":1,"ttl":null,` + list + `}`,
		"no list":       `{"sub":"x","iat":1}`,
		"list a text":   `{"sub":"x","iat":1,"status_list":"eNrbuRgAAhcBXQ"}`,
		"no bits":       `{"sub":"x","iat":1,"status_list":{"lst":"eNrbuRgAAhcBXQ"}}`,
		"bits 3":        `{"sub":"x","iat":1,"status_list":{"bits":3,"lst":"eNrbuRgAAhcBXQ"}}`,
		"bits 16":       `{"sub":"x","iat":1,"status_list":{"bits":16,"lst":"eNrbuRgAAhcBXQ"}}`,
		"bits 1.0":      `{"sub":"x","iat":1,"status_list":{"bits":1.0,"lst":"eNrbuRgAAhcBXQ"}}`,
		"bits a text":   `{"sub":"x","iat":1,"status_list":{"bits":"1","lst":"eNrbuRgAAhcBXQ"}}`,
		"no lst":        `{"sub":"x","iat":1,"status_list":{"bits":1}}`,
		"lst padded":    `{"sub":"x","iat":1,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ=="}}`,
		"lst malleable": `{"sub":"x","iat":1,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXR"}}`,
	} {
		if _, err := ReadToken(values(t, s)); explain.CodeOf(err) != "status_list_malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	tok, err := ReadToken(values(t, `{"sub":"x","iss":"did:web:a.example","iat":10.9,"exp":20,"ttl":1e300,"aggregation_uri":"y",`+list+`}`))
	if err != nil || tok.Issued.Unix() != 10 || tok.Expires.Unix() != 20 || tok.TTL != 100*365*24*time.Hour || tok.Issuer != "did:web:a.example" {
		t.Error(tok, err)
	}
}

// Whatever stands there, nothing but a bounded list comes back.
func FuzzReadBitstring(f *testing.F) {
	gz := base64.RawURLEncoding.EncodeToString(packed(f, make([]byte, MinBitstring/8)))
	for _, s := range []string{"u" + gz, gz, "u" + gz + "AA", "u" + strings.Repeat("A", 100), "u"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := bitstring(t, nil, func(_, subject map[string]any) { subject["encodedList"] = s })
		b, err := ReadBitstring(m)
		if err != nil {
			if explain.CodeOf(err) != "status_list_malformed" {
				t.Error(err)
			}
			return
		}
		if b.Len() < MinBitstring || len(b.bytes) > MaxExpanded {
			t.Errorf("%d entries", b.Len())
		}
		if _, err := b.At(b.Len()); err == nil {
			t.Error("an entry beyond the end")
		}
		if _, err := b.At(b.Len() - 1); err != nil {
			t.Error(err)
		}
	})
}

func FuzzReadToken(f *testing.F) {
	f.Add([]byte(`{"sub":"x","iat":1,"exp":2,"ttl":3,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`))
	f.Add([]byte(`{"sub":"x","iat":1e300,"status_list":{"bits":8,"lst":"eNrbuRgAAhcBXQ"}}`))
	f.Add([]byte(`{"sub":"x","iat":1,"status_list":{"bits":2,"lst":"eNo76fITAAPfAgc"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := strictjson.Object(b, strictjson.Default)
		if err != nil {
			return
		}
		tok, err := ReadToken(m)
		if err != nil {
			if explain.CodeOf(err) != "status_list_malformed" {
				t.Error(err)
			}
			return
		}
		if tok.Len() == 0 || len(tok.bytes) > MaxExpanded || tok.Subject == "" || tok.TTL < 0 || tok.Issued.Year() > 9999 {
			t.Errorf("%+v", tok)
		}
		if v, err := tok.At(tok.Len() - 1); err != nil || int(v) >= 1<<tok.bits {
			t.Error(v, err)
		}
	})
}
