package ld

import (
	"bytes"
	"errors"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"bonafide/internal/explain"
	"bonafide/internal/strictjson"
	"bonafide/vc/internal/rdfc"
)

func parse(t testing.TB, doc string) map[string]any {
	t.Helper()
	m, err := strictjson.Object([]byte(doc), strictjson.Default)
	if err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return m
}

func readFile(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestW3CVectors compares with the canonical documents and proof
// configurations that the EdDSA and ECDSA cryptosuite Recommendations publish.
// The jcs folders hold no N-Quads. Ed25519Signature2020 is a suite of the VC
// Data Model 1.1, whose contexts are not pinned.
func TestW3CVectors(t *testing.T) {
	// The employment vectors use a context that no licence needs.
	const citizenship = "https://w3id.org/citizenship/v4rc1"
	parsed.Store(citizenship, parse(t, string(readFile(t, "citizenship", "v4rc1.jsonld")))["@context"])
	defer parsed.Delete(citizenship)
	defer root.memo.Store(nil)
	for _, v := range []struct {
		dir, signed, config, docCanon, configCanon string
		hash                                       rdfc.Hash
	}{
		{"vc-di-eddsa/eddsa-rdfc-2022", "signedDataInt.json", "proofConfigDataInt.json", "canonDocDataInt.txt", "proofCanonDataInt.txt", rdfc.SHA256},
		{"vc-di-eddsa/eddsa-rdfc-2022/employ", "signedDataInt.json", "proofConfigDataInt.json", "canonDocDataInt.txt", "proofCanonDataInt.txt", rdfc.SHA256},
		{"vc-di-ecdsa/ecdsa-rdfc-2019-p256", "signedECDSAP256.json", "proofConfigECDSAP256.json", "canonDocECDSAP256.txt", "proofCanonECDSAP256.txt", rdfc.SHA256},
		{"vc-di-ecdsa/ecdsa-rdfc-2019-p256/employ", "signedECDSAP256.json", "proofConfigECDSAP256.json", "canonDocECDSAP256.txt", "proofCanonECDSAP256.txt", rdfc.SHA256},
		{"vc-di-ecdsa/ecdsa-rdfc-2019-p384", "signedECDSAP384.json", "proofConfigECDSAP384.json", "canonDocECDSAP384.txt", "proofCanonECDSAP384.txt", rdfc.SHA384},
		{"vc-di-ecdsa/ecdsa-rdfc-2019-p384/employ", "signedECDSAP384.json", "proofConfigECDSAP384.json", "canonDocECDSAP384.txt", "proofCanonECDSAP384.txt", rdfc.SHA384},
	} {
		t.Run(v.dir, func(t *testing.T) {
			doc := parse(t, string(readFile(t, v.dir, v.signed)))
			delete(doc, "proof")
			for _, c := range []struct {
				doc  map[string]any
				want string
			}{{doc, v.docCanon}, {parse(t, string(readFile(t, v.dir, v.config))), v.configCanon}} {
				got, err := ToCanonicalHash(c.doc, v.hash)
				if err != nil {
					t.Fatal(err)
				}
				want := readFile(t, v.dir, c.want)
				if !bytes.Equal(bytes.TrimRight(got, "\n"), bytes.TrimRight(want, "\n")) {
					t.Errorf("%s: got\n%s\nwant\n%s", c.want, got, want)
				}
			}
		})
	}
}

const licence = `{
  "@context": ["https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"],
  "id": "urn:uuid:0d4f1c3e-2b7a-4c55-9a6d-6f0f5b1f2a11",
  "type": ["VerifiableCredential", "ProfessionalLicence"],
  "issuer": "did:bonafide:ohio-abcdefgh:mfrggzdfmztwq2lknnwg23tpobyxe43u",
  "validFrom": "2026-07-01T00:00:00Z",
  "validUntil": "2028-07-31T23:59:59Z",
  "credentialSubject": {
    "id": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    "type": "Practitioner",
    "givenName": "Amara",
    "familyName": "O’Neill-Okonkwo",
    "npi": "1234567893",
    "licence": {
      "type": "Licence",
      "number": "35.123456",
      "jurisdiction": "US-OH",
      "profession": "physician",
      "issued": "2014-06-30",
      "expires": "2028-07-01",
      "conditions": ["Practises under the supervision of another physician"]
    }
  },
  "credentialStatus": [
    {"type": "LedgerStatusEntry", "statusIndex": "94017"},
    {
      "id": "https://status.example/lists/3#94017",
      "type": "BitstringStatusListEntry",
      "statusPurpose": "revocation",
      "statusListIndex": "94017",
      "statusListCredential": "https://status.example/lists/3"
    },
    {
      "id": "https://status.example/lists/4#94017",
      "type": "BitstringStatusListEntry",
      "statusPurpose": "suspension",
      "statusListIndex": "94017",
      "statusListCredential": "https://status.example/lists/4"
    }
  ],
  "evidence": [{"type": "LedgerAnchor", "anchor": "AQAAAAAAAABkABEAQAAAAAIAAQIDBAUGBwgJCgsMDQ4P8l4E0e3iU2W0cTyJb5uqQJp7zV3oHc1yYkq0Vt2mJx9f8l4E0e3iU2W0cTyJb5uqQJp7zV3oHc1yYkq0Vt2mJx9f8l4E0e3iU2W0cTyJb5uqQJp7zV3oHc1yYkq0Vt2mJx9f"}]
}`

const proofConfig = `{
  "@context": ["https://www.w3.org/ns/credentials/v2", "urn:bonafide:context:v1"],
  "type": "DataIntegrityProof",
  "cryptosuite": "eddsa-rdfc-2022",
  "created": "2026-07-01T00:00:00Z",
  "verificationMethod": "did:bonafide:ohio-abcdefgh:mfrggzdfmztwq2lknnwg23tpobyxe43u#z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
  "proofPurpose": "assertionMethod"
}`

// Every member of a licence credential ends in the signed form.
func TestLicence(t *testing.T) {
	out, err := ToCanonical(parse(t, licence))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK> <urn:bonafide:vocab:v1#familyName> "O’Neill-Okonkwo" .`,
		`<urn:bonafide:vocab:v1#expires> "2028-07-01"^^<http://www.w3.org/2001/XMLSchema#date> .`,
		`<urn:bonafide:vocab:v1#statusIndex> "94017" .`,
		`<urn:bonafide:vocab:v1#jurisdiction> "US-OH" .`,
		`<urn:uuid:0d4f1c3e-2b7a-4c55-9a6d-6f0f5b1f2a11> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:bonafide:vocab:v1#ProfessionalLicence> .`,
		`<urn:bonafide:vocab:v1#anchor> "AQAAA`,
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if n := bytes.Count(out, []byte("\n")); n != 34 {
		t.Errorf("%d statements in\n%s", n, out)
	}
	if out, err = ToCanonical(parse(t, proofConfig)); err != nil || bytes.Count(out, []byte("\n")) != 5 {
		t.Errorf("proof configuration: %v\n%s", err, out)
	}
}

// A presentation's credentials stand each in a graph of its own, so that the
// holder's proof covers what they say without its becoming the holder's word;
// their own contexts give them their meaning.
func TestPresentation(t *testing.T) {
	const v2 = `"@context":"https://www.w3.org/ns/credentials/v2"`
	vp := func(credential string) string {
		return `{` + v2 + `,"id":"a:vp","type":"VerifiablePresentation","holder":"did:example:h","verifiableCredential":[` + credential + `]}`
	}
	const (
		a    = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
		cred = "https://www.w3.org/2018/credentials#"
		sec  = "https://w3id.org/security#"
	)
	check(t, vp(`{`+v2+`,"id":"a:vc","type":"VerifiableCredential","issuer":"did:example:i","proof":{"type":"DataIntegrityProof","proofPurpose":"assertionMethod"}}`),
		"<a:vc> "+a+" <"+cred+"VerifiableCredential> _:c14n2 .\n"+
			"<a:vc> <"+sec+"proof> _:c14n1 _:c14n2 .\n"+
			"<a:vc> <"+cred+"issuer> <did:example:i> _:c14n2 .\n"+
			"<a:vp> "+a+" <"+cred+"VerifiablePresentation> .\n"+
			"<a:vp> <"+cred+"holder> <did:example:h> .\n"+
			"<a:vp> <"+cred+"verifiableCredential> _:c14n2 .\n"+
			"_:c14n0 "+a+" <"+sec+"DataIntegrityProof> _:c14n1 .\n"+
			"_:c14n0 <"+sec+"proofPurpose> <"+sec+"assertionMethod> _:c14n1 .\n")
	check(t, vp(`{"id":"a:vc","type":"VerifiableCredential"}`), "!term_undefined")
	check(t, vp(`{`+v2+`,"id":"a:vc","type":"EnvelopedVerifiableCredential"},{`+v2+`,"id":"a:vc2"}`), "!term_undefined")
}

// check says what a document gives: canonical N-Quads, or "!" and a code.
func check(t *testing.T, doc, want string) {
	t.Helper()
	out, err := ToCanonical(parse(t, doc))
	got := string(out)
	if err != nil {
		got = "!" + explain.CodeOf(err)
		if _, ok := explain.Lookup(explain.CodeOf(err)); !ok {
			t.Errorf("%s: the code of %v is not in the catalogue", doc, err)
		}
	}
	if got != want {
		t.Errorf("%s\ngot  %s (%v)\nwant %s", doc, got, err, want)
	}
}

func TestValues(t *testing.T) {
	p := func(v string) string { return `{"@id":"a:s","a:p":` + v + `}` }
	q := func(o string) string { return "<a:s> <a:p> " + o + " .\n" }
	x := func(v, datatype string) string {
		return q(`"` + v + `"^^<http://www.w3.org/2001/XMLSchema#` + datatype + `>`)
	}
	check(t, p(`"x\n\"\\"`), q(`"x\n\"\\"`))
	check(t, p(`true`), x("true", "boolean"))
	check(t, p(`7`), x("7", "integer"))
	check(t, p(`1.0`), x("1", "integer"))
	check(t, p(`-12e2`), x("-1200", "integer"))
	check(t, p(`9007199254740991`), x("9007199254740991", "integer"))
	check(t, p(`0.5`), x("5.0E-1", "double"))
	check(t, p(`-5.30`), x("-5.3E0", "double"))
	check(t, p(`1e-7`), x("1.0E-7", "double"))
	check(t, p(`0.1`), x("1.0E-1", "double"))
	check(t, p(`1.7976931348623157e308`), x("1.797693134862316E308", "double"))
	check(t, p(`{"@value":10,"@type":"http://www.w3.org/2001/XMLSchema#double"}`), x("1.0E1", "double"))
	check(t, p(`{"@value":10,"@type":"http://www.w3.org/2001/XMLSchema#date"}`), x("10", "date"))
	check(t, p(`{"@value":"x","@language":"EN-gb"}`), q(`"x"@en-gb`))
	check(t, p(`{"@value":"x","@language":"AR","@direction":"rtl"}`), q(`"x"^^<https://www.w3.org/ns/i18n#ar_rtl>`))
	check(t, p(`{"@value":"x","@direction":"ltr"}`), q(`"x"^^<https://www.w3.org/ns/i18n#_ltr>`))
	check(t, p(`{"@value":{"b":[1,null],"a":"é"},"@type":"@json"}`), q(`"{\"a\":\"é\",\"b\":[1,null]}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>`))
	check(t, p(`{"@list":[]}`), q("<http://www.w3.org/1999/02/22-rdf-syntax-ns#nil>"))
	check(t, p(`{"@list":["x",{"@list":["y"]}]}`), "<a:s> <a:p> _:c14n1 .\n"+
		"_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> _:c14n2 .\n"+
		"_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .\n"+
		"_:c14n1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> \"x\" .\n"+
		"_:c14n1 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> _:c14n0 .\n"+
		"_:c14n2 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> \"y\" .\n"+
		"_:c14n2 <http://www.w3.org/1999/02/22-rdf-syntax-ns#rest> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .\n")
	check(t, p(`[["x",null],{"@set":["y","x"]}]`), q(`"x"`)+q(`"y"`))
	check(t, p(`{"@id":"_:z"}`), q("_:c14n0"))
	check(t, p(`{}`), q("_:c14n0"))
	check(t, `{"@id":"a:s","a:p":1,"a:q":null}`, x("1", "integer"))
}

// Anything that a general processor would drop without a word, or that no
// signature would cover, is refused (Data Integrity 1.0, "Securing Data
// Losslessly").
func TestThreat28_NothingIsDropped(t *testing.T) {
	const v2 = `"@context":"https://www.w3.org/ns/credentials/v2","type":"VerifiableCredential"`
	for _, doc := range []string{
		`{` + v2 + `,"board":"Ohio"}`,
		`{` + v2 + `,"credentialSubject":{"id":"a:b","board":"Ohio"}}`,
		`{` + v2 + `,"credentialSubject":{"@set":[{"id":"a:b","board":"Ohio"}]}}`,
		`{` + v2 + `,"credentialSubject":{"name":{"@list":[{"board":"Ohio"}]}}}`,
		`{` + v2 + `,"board":null}`,
		`{` + v2 + `,"@board":"x"}`,
		`{"@context":"https://www.w3.org/ns/credentials/v2","type":["VerifiableCredential","Board"]}`,
		`{` + v2 + `,"id":"licence-1"}`,
		`{` + v2 + `,"id":"https://a.example/a b"}`,
		`{` + v2 + `,"issuer":"ohio"}`,
		`{` + v2 + `,"issuer":{"id":"ohio"}}`,
		`{` + v2 + `,"credentialSubject":{"type":"Board"}}`,
		`{` + v2 + `,"name":{"@value":null}}`,
		`{` + v2 + `,"name":{"@set":null}}`,
		`{` + v2 + `,"name":{"@list":null}}`,
		`{` + v2 + `,"name":{"@value":"x","@language":"not a tag"}}`,
		`{` + v2 + `,"name":{"@value":"x","@index":"x"}}`,
		`{` + v2 + `,"name":{"@value":"x","@type":"x"}}`,
		`{` + v2 + `,"@index":"x"}`,
		`{` + v2 + `,"@language":"en"}`,
		`{` + v2 + `,"_:p":"x"}`,
		`{"@context":["https://www.w3.org/ns/credentials/v2",{"p":"_:p"}],"type":"VerifiableCredential","p":"x"}`,
		`{"@context":["https://www.w3.org/ns/credentials/v2",{"p":null}],"type":"VerifiableCredential","p":"x"}`,
		`{` + v2 + `,"@reverse":{"evidence":{"id":"a:b"}}}`,
		`{` + v2 + `,"proof":"a:b"}`,
		`{` + v2 + `,"proof":{"@id":"a:b"}}`,
		`{` + v2 + `,"proof":{"@value":"x"}}`,
		`{` + v2 + `,"proof":{"@list":["x"]}}`,
		`{"@context":"https://www.w3.org/ns/credentials/v2","type":"VerifiablePresentation","verifiableCredential":"https://a.example/1"}`,
		`{"@context":"https://www.w3.org/ns/credentials/v2","id":"a:b"}`,
		`{"@value":"x"}`, `{"@list":["x"]}`, `{"@set":[]}`, `{}`, `{"@graph":[]}`, `{"@graph":["x"]}`, `{"@graph":[{"@id":"a:b"}],"a:p":"x"}`,
		`{"@context":"https://www.w3.org/ns/credentials/v2","type":"DataIntegrityProof","proofPurpose":"issuing"}`,
		`{"@context":["https://www.w3.org/ns/credentials/v2","urn:bonafide:context:v1"],"type":"VerifiableCredential","credentialSubject":{"type":"Practitioner","license":{"type":"Licence","number":"1"}}}`,
		`{"@context":["https://www.w3.org/ns/credentials/v2","urn:bonafide:context:v1"],"type":"VerifiableCredential","credentialSubject":{"type":"Practitioner","licence":{"number":"1"}}}`,
	} {
		check(t, doc, "!term_undefined")
	}
	// What means nothing may be left out; it does not change what is signed.
	const signed = "_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .\n"
	check(t, `{`+v2+`,"issuer":null,"evidence":[],"name":[null]}`, signed)
	// With an @vocab for them, undefined terms get a meaning.
	check(t, `{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/undefined-terms/v2"],"type":"VerifiableCredential","board":"Ohio"}`,
		signed+"_:c14n0 <https://www.w3.org/ns/credentials/undefined-term#board> \"Ohio\" .\n")
}

// Contexts come from the pinned set or stand in the document; nothing is
// fetched and nothing else is believed.
func TestThreat26_OnlyPinnedContexts(t *testing.T) {
	for _, ctx := range []string{
		`"https://attacker.example/v2"`, `"https://www.w3.org/ns/credentials/v2#"`, `"http://www.w3.org/ns/credentials/v2"`,
		`"HTTPS://www.w3.org/ns/credentials/v2"`, `"https://www.w3.org/2018/credentials/v1"`, `""`, `"contexts/credentials-v2.jsonld"`,
		`["https://www.w3.org/ns/credentials/v2","https ://not-a-url/contexts/example/v1"]`,
		`["https://www.w3.org/ns/credentials/v2",{"p":{"@id":"a:p","@context":"https://attacker.example/v2"}}]`,
	} {
		check(t, `{"@context":`+ctx+`,"@type":"https://www.w3.org/2018/credentials#VerifiableCredential","p":{"@type":"a:t"}}`, "!context_unknown")
	}
	const v2 = `"@context":"https://www.w3.org/ns/credentials/v2","type":"VerifiableCredential"`
	check(t, `{`+v2+`,"credentialSubject":{"@context":"https://attacker.example/v2","id":"a:b","name":"x"}}`, "!context_unknown")
	for _, ctx := range []string{`5`, `["https://www.w3.org/ns/credentials/v2",5]`, `[["https://www.w3.org/ns/credentials/v2"]]`, `true`} {
		check(t, `{"@context":`+ctx+`,"@type":"a:t"}`, "!context_invalid")
	}
	if !KnownContext("https://www.w3.org/ns/credentials/v2") || KnownContext("https://attacker.example/v2") {
		t.Error("KnownContext is wrong")
	}
}

// A context cannot turn what the standard contexts say into something else.
func TestThreat27_RedefinedTerms(t *testing.T) {
	doc := func(ctx, rest string) string {
		return `{"@context":["https://www.w3.org/ns/credentials/v2","urn:bonafide:context:v1",` + ctx + `],"type":"VerifiableCredential"` + rest + `}`
	}
	const subject = `,"credentialSubject":{"type":"Practitioner","licence":{"type":"Licence","number":"1"}}`
	for _, c := range []struct{ ctx, rest, want string }{
		{`{"VerifiableCredential":"a:t"}`, "", "!context_protected"},
		{`{"type":"@id"}`, "", "!context_protected"},
		{`{"id":"a:id"}`, "", "!context_protected"},
		{`{"id":null}`, "", "!context_protected"},
		{`{"Practitioner":{"@id":"urn:bonafide:vocab:v1#Practitioner"}}`, "", "!context_protected"},
		{`{"X":{"@id":"a:x","@context":{"Practitioner":"a:p"}}}`, `,"credentialSubject":{"type":["X","Practitioner"]}`, "!context_protected"},
		{`{"X":{"@id":"a:x","@context":{"licence":"a:p"}}}`, `,"credentialSubject":{"type":["X","Practitioner"],"licence":"x"}`, "!context_protected"},
		{`{"A":{"@id":"a:x","@context":{"licence":"a:p"}}}`, `,"credentialSubject":{"type":["Practitioner","A"],"licence":"x"}`, "!term_undefined"},
		{`{"A":{"@id":"a:x","@context":{"@protected":true,"licence":"a:p"}}}`, `,"credentialSubject":{"type":["Practitioner","A"],"licence":"x"}`, "!context_protected"},
		{`null`, subject, "!context_protected"},
		{`{"@base":"https://a.example/"}`, subject, "!jsonld_unsupported"},
		{`{"@import":"https://www.w3.org/ns/credentials/v2"}`, subject, "!jsonld_unsupported"},
		{`{"@context":"@id"}`, "", "!context_invalid"},
		{`{"@type":"@id"}`, "", "!context_invalid"},
		{`{"note":"@context"}`, "", "!context_invalid"},
		{`{"@version":1.0}`, "", "!context_invalid"},
		{`{"@vocab":"relative"}`, "", "!context_invalid"},
		{`{"a":"b:x","b":"a:x"}`, "", "!context_invalid"},
		{`{"https://a.example/x":"https://b.example/x"}`, "", "!context_invalid"},
	} {
		check(t, doc(c.ctx, c.rest), c.want)
	}
	// Aliases do not hide a second id or type.
	check(t, doc(`{"ident":"@id"}`, `,"id":"a:a","ident":"a:b"`), "!jsonld_invalid")
	check(t, doc(`{"ident":"@id"}`, `,"id":"a:a","@id":"a:b"`), "!jsonld_invalid")
	check(t, doc(`{"val":"@value"}`, `,"name":{"@value":"x","val":"y"}`), "!jsonld_invalid")

	// The same words under a context that renames them sign something else.
	const words = `"type":"VerifiableCredential","credentialSubject":{"license":"35.1","note":"none"}`
	one, err := ToCanonical(parse(t, `{"@context":["https://www.w3.org/ns/credentials/v2",{"license":"a:license","note":"a:note"}],`+words+`}`))
	if err != nil {
		t.Fatal(err)
	}
	two, err := ToCanonical(parse(t, `{"@context":["https://www.w3.org/ns/credentials/v2",{"license":"a:note","note":"a:license"}],`+words+`}`))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(one, two) {
		t.Error("swapping the meaning of two terms changed nothing")
	}
}

func TestMalformedDocuments(t *testing.T) {
	for _, doc := range []string{
		`{"@id":5,"a:p":"x"}`, `{"@id":null,"a:p":"x"}`, `{"@id":["a:b"],"a:p":"x"}`,
		`{"@type":5}`, `{"@type":null}`, `{"@type":[5]}`, `{"@type":{}}`,
		`{"a:p":{"@value":["x"]}}`, `{"a:p":{"@value":{}}}`, `{"a:p":{"@value":"x","a:q":"y"}}`, `{"a:p":{"@value":"x","@id":"a:b"}}`,
		`{"a:p":{"@value":"x","@type":"a:t","@language":"en"}}`, `{"a:p":{"@value":"x","@type":["a:t"]}}`,
		`{"a:p":{"@value":5,"@language":"en"}}`, `{"a:p":{"@value":"x","@language":5}}`, `{"a:p":{"@value":"x","@direction":"up"}}`,
		`{"a:p":{"@list":["x"],"@id":"a:b"}}`, `{"a:p":{"@set":["x"],"a:q":"x"}}`, `{"a:p":{"@set":["x"],"@list":["x"]}}`,
		`{"a:p":"x","@reverse":"a:b"}`, `{"a:p":"x","@reverse":{"@id":"a:b"}}`, `{"a:p":"x","@reverse":{"a:b":"x"}}`,
	} {
		check(t, doc, "!jsonld_invalid")
	}
	check(t, `{"@context":{"p":{"@id":"a:p","@container":"@index"}},"p":{"x":"y"}}`, "!jsonld_unsupported")
	check(t, `{"@nest":{"a:p":"x"}}`, "!jsonld_unsupported")
	check(t, `{"a:p":{"@list":[["x"]]}}`, "!jsonld_unsupported")
	deep := strings.Repeat(`{"a:p":`, 300) + `"x"` + strings.Repeat("}", 300)
	m, err := strictjson.Object([]byte(deep), strictjson.Limits{Depth: 400})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ToCanonical(m); explain.CodeOf(err) != "jsonld_invalid" {
		t.Errorf("deep nesting: %v", err)
	}
	if _, err := ToCanonical(map[string]any{"a:p": struct{}{}}); explain.CodeOf(err) != "jsonld_invalid" {
		t.Errorf("foreign value: %v", err)
	}
}

// Contexts written into a document cannot make the work grow out of bounds.
func TestThreat29_ContextWork(t *testing.T) {
	var terms, nodes strings.Builder
	for i := range 2000 {
		if i > 0 {
			terms.WriteByte(',')
			nodes.WriteByte(',')
		}
		terms.WriteString(`"t` + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + `":"a:t"`)
		nodes.WriteString(`{"@context":{},"a:p":"x"}`)
	}
	check(t, `{"@context":{`+terms.String()+`},"a:p":[`+nodes.String()+`]}`, "!canonicalisation_budget")

	// The same scoped context compared with itself over and over.
	big := `{"@id":"a:big","@protected":true,"@context":{` + terms.String() + `}}`
	nodes.Reset()
	for i := range 2000 {
		if i > 0 {
			nodes.WriteByte(',')
		}
		nodes.WriteString(`{"@context":{},"@type":"X"}`)
	}
	check(t, `{"@context":{"big":`+big+`,"X":{"@id":"a:x","@context":{"big":`+big+`}}},"a:p":[`+nodes.String()+`]}`, "!canonicalisation_budget")

	// A long IRI in many statements.
	long := strings.Repeat("x", 100_000)
	values := strings.Repeat(`0,`, 1000) + `0`
	for _, doc := range []string{
		`{"@id":"a:` + long + `","a:p":[` + values + `]}`,
		`{"@context":{"p":"a:` + long + `"},"p":[` + values + `]}`,
		`{"@context":{"p":{"@id":"a:p","@type":"a:` + long + `"}},"p":[` + values + `]}`,
		`{"@id":"a:` + long + `","@graph":{"a:p":[` + values + `]}}`,
	} {
		check(t, doc, "!canonicalisation_budget")
	}
}

// What documents can make the package remember has an end, and forgetting
// changes nothing.
func TestRememberedContextsAreBounded(t *testing.T) {
	want, err := ToCanonical(parse(t, licence))
	if err != nil {
		t.Fatal(err)
	}
	doc := parse(t, licence)
	urls := doc["@context"].([]any)
	for a := range 8 {
		for b := range 8 {
			for c := range 8 {
				list := slices.Repeat(urls[:1], a+1)
				list = append(list, slices.Repeat(urls[1:], b+1)...)
				list = append(list, slices.Repeat(urls[:1], c)...)
				doc["@context"] = list
				got, err := ToCanonical(doc)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%d %d %d: %v\n%s", a, b, c, err, got)
				}
				if n := kept.Load(); n > maxKept {
					t.Fatalf("%d contexts are remembered", n)
				}
			}
		}
	}
}

// Many verifications run at once; contexts are shared between them.
func TestConcurrent(t *testing.T) {
	root.memo.Store(nil)
	want, err := ToCanonical(parse(t, licence))
	if err != nil {
		t.Fatal(err)
	}
	root.memo.Store(nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			doc := parse(t, licence)
			for range 20 {
				got, err := ToCanonical(doc)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("got %s, %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// The document is only read.
func TestDocumentIsNotChanged(t *testing.T) {
	doc := parse(t, licence)
	if _, err := ToCanonical(doc); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(doc, parse(t, licence)) {
		t.Error("the document was changed")
	}
}

// Contexts are never read from a file or from the network: the package that
// runs has no means to do it, and names that would lead there are unknown
// contexts.
func TestThreat30_NoFileNoNetwork(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			switch strings.Trim(i.Path.Value, `"`) {
			case "encoding/json", "maps", "math", "slices", "strconv", "strings", "sync", "sync/atomic",
				"bonafide/assets", "bonafide/internal/explain", "bonafide/internal/strictjson", "bonafide/vc/internal/rdfc":
			default:
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
	}
	transport := http.DefaultTransport
	http.DefaultTransport = failingTransport{t}
	t.Cleanup(func() { http.DefaultTransport = transport })
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary.jsonld")
	if err := os.WriteFile(canary, []byte(`{"@context":{"p":"a:p"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, ctx := range []string{canary, "canary.jsonld", "./canary.jsonld", "file://" + canary, "https://a.example/context", "//a.example/context"} {
		for _, doc := range []string{
			`{"@context":"` + ctx + `","p":"x"}`,
			`{"@context":["https://www.w3.org/ns/credentials/v2","` + ctx + `"],"p":"x"}`,
			`{"@context":{"q":{"@id":"a:q","@context":"` + ctx + `"}},"q":{"p":"x"}}`,
		} {
			check(t, doc, "!context_unknown")
		}
		check(t, `{"@context":{"@import":"`+ctx+`"},"p":"x"}`, "!jsonld_unsupported")
	}
}

type failingTransport struct{ t *testing.T }

func (f failingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	f.t.Errorf("a request to %s", r.URL)
	return nil, errors.New("no network")
}
