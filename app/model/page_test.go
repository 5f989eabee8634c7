package model

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"bonafide/internal/explain"
	"bonafide/verifier"
)

var update = flag.Bool("update", false, "write the golden pages anew")

// pageOf is a result with everything that a page can show.
func pageOf(v verifier.Verdict) verifier.Result {
	asOf := now.Add(-90 * time.Minute)
	anchored := check(verifier.CheckAnchor, verifier.Pass, "anchored")
	anchored.AsOf, anchored.Credential = &asOf, ptr(0)
	status := check(verifier.CheckStatus, verifier.Pass, "status_probation")
	status.AsOf, status.Credential = &asOf, ptr(0)
	second := check(verifier.CheckStatus, verifier.Pass, "status_current")
	second.AsOf, second.Credential = &asOf, ptr(1)
	res := verifier.Result{
		File: "presentation.json", Verdict: v, Purpose: verifier.Privileging, VerifiedAt: now, AsOf: &asOf, Validators: 4,
		Credentials: []verifier.Credential{
			{
				Type: ptr("ProfessionalLicence"), Issuer: ptr("did:bonafide:demo:abc"), IssuerName: ptr("Demo Board of Medicine"), Subject: ptr("did:key:z6Mk"), Until: ptr(now.AddDate(1, 0, 0)),
				Desk: &verifier.Desk{Name: "Demo Board of Medicine", Contact: "desk@medicine.example"}, Bound: ptr(true),
				Licence: verifier.Licence{Status: ptr("probation"), MayPractise: ptr("with_conditions"), Disciplinary: ptr(true)},
			},
			{Type: ptr("BoardCertification"), Issuer: ptr("did:bonafide:demo:def"), Licence: verifier.Licence{Status: ptr("current"), MayPractise: ptr("yes")}},
		},
		Checks: []verifier.Check{
			check(verifier.CheckParse, verifier.Pass, "parsed"), anchored, status, second,
			check(verifier.CheckTemplate, verifier.Skipped, "not_run"), check(verifier.CheckValidity, verifier.Skipped, "not_run"),
			check(verifier.CheckBinding, verifier.Pass, "bound"),
		},
	}
	switch v {
	case verifier.Rejected:
		res.Credentials = []verifier.Credential{{}}
		res.Checks = append(res.Checks[:2], check(verifier.CheckProof, verifier.Fail, "proof_invalid"))
	case verifier.Unconfirmed:
		res.AsOf, res.Validators, res.Credentials = nil, 0, []verifier.Credential{{}}
		res.Checks = []verifier.Check{check(verifier.CheckParse, verifier.Pass, "parsed"), check(verifier.CheckAnchor, verifier.Unknown, "no_trust")}
	}
	return res
}

func written(t *testing.T, res verifier.Result) string {
	t.Helper()
	var b bytes.Buffer
	if err := WritePage(&b, English(), res, "Demo Hospital", "1.2.3"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPage(t *testing.T) {
	for _, v := range []verifier.Verdict{verifier.Verified, verifier.Rejected, verifier.Unconfirmed} {
		got := written(t, pageOf(v))
		name := filepath.Join("testdata", "page-"+string(v)+".html")
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs (-update writes it anew):\n%s", name, got)
		}
		selfContained(t, got)
	}
	if got := PageName(pageOf(verifier.Verified)); got != "verdict-20261121-090000.html" {
		t.Errorf("%q", got)
	}
}

// selfContained holds what every page must be: one document in one language
// that asks for nothing and runs nothing, with headings and headed tables.
func selfContained(t *testing.T, page string) {
	t.Helper()
	for _, want := range []string{"<!DOCTYPE html>\n<html lang=\"en\">", "<main>", "<th scope=\"col\">", "<th scope=\"row\">", "@media print", "Content-Security-Policy"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if n := strings.Count(page, "<h1"); n != 1 {
		t.Errorf("%d first headings", n)
	}
	if bad := regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|svg|form|a|base|video|audio)\b|\b(src|href|srcset|action|on[a-z]+)\s*=|url\(|@import|javascript:`).FindString(page); bad != "" {
		t.Errorf("the page holds %q", bad)
	}
}

// Whatever stands in signed bytes is text on the page: no markup, no turning of
// the direction, nothing that cannot be seen.
func TestThreat68_PageWithHostileNames(t *testing.T) {
	hostile := []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title><a href="https://evil.example">Verified</a>`,
		`'; background: url(https://evil.example)`, "{{.Title}}", `<!--`, `]]>`, "Dr. A\u202eB\u2066", "zero\u200bwidth", "\x00\x1b[31m\xff", `&lt;b&gt;`,
	}
	for _, h := range hostile {
		for _, v := range []verifier.Verdict{verifier.Verified, verifier.Rejected} {
			res := pageOf(v)
			res.File, res.Purpose = h, verifier.Purpose(h)
			c := verifier.Credential{
				Type: &h, Issuer: &h, IssuerName: &h, Subject: &h, Desk: &verifier.Desk{Name: h, Contact: h},
				Licence: verifier.Licence{Status: &h, MayPractise: ptr("with_conditions")},
			}
			res.Credentials = []verifier.Credential{c}
			res.Checks = append(res.Checks,
				verifier.Check{ID: h, Outcome: verifier.Outcome(h), Code: h, Message: h, Who: h, Next: h},
				verifier.Check{ID: verifier.CheckProof, Outcome: verifier.Fail, Code: h, Message: h, Who: "board", Next: h})
			page := written(t, res)
			// What the hostile text would be if it were not escaped.
			stripped := regexp.MustCompile(`&[a-z]+;|&#[0-9]+;`).ReplaceAllString(page, "")
			stripped = regexp.MustCompile(`>[^<]*<`).ReplaceAllString(stripped, "><") // text alone may say anything
			selfContained(t, page[:strings.Index(page, "<main>")]+stripped[strings.Index(stripped, "<main>"):])
			if strings.Contains(page, "<script") || strings.Contains(page, "<img") || strings.Contains(page, "<a ") || strings.Contains(page, "<!--") {
				t.Errorf("%q is markup", h)
			}
			if Plain(h) != h {
				if !strings.Contains(page, "A name here holds characters that deceive") {
					t.Errorf("%q has no mark", h)
				}
				if strings.ContainsFunc(page, func(r rune) bool { return r != '\n' && Plain(string(r)) != string(r) }) || strings.Contains(page, "\xff") {
					t.Errorf("%q is on the page as it is", h)
				}
			}
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestPageThatCannotBeWritten(t *testing.T) {
	if err := WritePage(full{}, English(), pageOf(verifier.Verified), "", "1"); err == nil {
		t.Error("a page on a full disk")
	}
	res := pageOf(verifier.Verified)
	res.Credentials = make([]verifier.Credential, maxPage/maxText)
	long := strings.Repeat("x", 2*maxText)
	for i := range res.Credentials {
		res.Credentials[i].Type = &long
	}
	var b bytes.Buffer
	if err := WritePage(&b, English(), res, "", "1"); explain.CodeOf(err) != "page_too_large" || b.Len() > 0 {
		t.Error(err, b.Len())
	}
}
