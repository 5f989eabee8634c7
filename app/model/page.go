package model

import (
	"bytes"
	"html/template"
	"io"

	"bonafide/internal/explain"
	"bonafide/verifier"
)

// maxPage bounds what a page is made of, so that a file cannot be made to fill
// a disk: the longest result has 32 credentials.
const maxPage = 1 << 20

// PageName is what a page is called as a file: the day and time of the verdict,
// and nothing of whom it is about.
func PageName(res verifier.Result) string {
	return "verdict-" + res.VerifiedAt.UTC().Format("20060102-150405") + ".html"
}

// WritePage writes a verdict as a page to print and to keep: one HTML file
// without scripts and without anything from elsewhere. by is the organisation
// that checked, "" where its home has no name; who looked at it signs on paper.
// version is the program's. Code page_too_large.
func WritePage(out io.Writer, w Words, res verifier.Result, by, version string) error {
	r := NewReport(w, res.File, res)
	p := page{
		By:       Plain(by),
		Language: language(w), Report: r, Colour: colours[res.Verdict],
		Title:   w.L("Verdict: {{.Word}}", D{"Word": r.Word}),
		Checked: w.Stamp(res.VerifiedAt), Purpose: PurposeName(w, res.Purpose), Version: Plain(version),
		Labels: labels{
			Reason: w.L("Why"), Next: w.L("What to do next"), File: w.L("File"), Purpose: w.L("Purpose"), Checked: w.L("Checked on"), Then: w.L("About the time"),
			AsOf: w.L("Data as of"), Boards: w.L("Boards that signed the data"), Program: w.L("Program"), Facts: w.L("What was verified"),
			Checks: w.L("Checks"), Check: w.L("Check"), Result: w.L("Result"), Meaning: w.L("What it means"), Data: w.L("Data"), Code: w.L("Code"),
			By: w.L("Checked by"), Reviewed: w.L("Reviewed by: name, date and signature"),
			Odd: w.L("A name here holds characters that deceive; they are shown by their number."),
		},
		Note: w.L("This page tells what Bonafide found on the day it names. It is no credential and proves nothing by itself: to know what holds today, verify the credential again."),
	}
	if res.At != nil {
		p.Then = w.Stamp(*res.At)
	}
	if res.AsOf != nil {
		p.AsOf = w.Stamp(*res.AsOf)
		p.Age = w.Ago(res.VerifiedAt.Sub(*res.AsOf))
		p.Boards = res.Validators
	}
	p.Odd = r.FileOdd
	for _, a := range r.About {
		for _, f := range a.Facts {
			p.Odd = p.Odd || f.Odd
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, p); err != nil {
		return err
	}
	if b.Len() > maxPage {
		return explain.Errorf("page_too_large", "%d bytes", b.Len())
	}
	_, err := out.Write(b.Bytes())
	return err
}

type page struct {
	Report
	Language, Title, Colour   string
	By                        string
	Checked, Purpose, Version string
	Then                      string // the time that it is about, where that is not now
	AsOf, Age, Note           string
	Boards                    int
	Odd                       bool
	Labels                    labels
}

type labels struct {
	Reason, Next, File, Purpose, Checked, AsOf, Boards, Program, Facts string
	Checks, Check, Result, Meaning, Data, Code, Odd, Then              string
	By, Reviewed                                                       string
}

// colours go with the words; on paper the words alone remain.
var colours = map[verifier.Verdict]string{verifier.Verified: "yes", verifier.Rejected: "no"}

var pageTemplate = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="{{.Language}}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{{.Title}}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; color: #1f2a2a; background: #fff; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.9rem; line-height: 1.2; border-left: .4rem solid #8a5700; padding-left: .8rem; }
h1.yes { border-color: #1b6e3c; } h1.no { border-color: #a81f1f; }
h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { border: 1px solid #74807f; padding: .35rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #eef2f2; } td p { margin: 0 0 .3rem; } code { overflow-wrap: anywhere; }
bdi { unicode-bidi: isolate; } .sign { margin-top: 4rem; border-top: 1px solid; width: 24rem; max-width: 100%; } .note { border-top: 1px solid #74807f; margin-top: 2rem; padding-top: .5rem; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } tr { break-inside: avoid; } h2 { break-after: avoid; } th { background: none; } }
@media (prefers-color-scheme: dark) { @media screen { body { color: #f0f3f3; background: #171d1d; } th { background: #263030; } } }
</style>
</head>
<body>
<main>
<h1{{with .Colour}} class="{{.}}"{{end}}>{{.Word}}</h1>
{{- with .Reason}}
<p>{{.}}</p>{{end}}
{{- range .Asks}}
<p><bdi>{{.}}</bdi></p>{{end}}
{{- if .Next}}
<p><strong>{{.Labels.Next}}:</strong> {{.Next}} {{.Who}}</p>{{end}}
{{- if .Odd}}
<p><strong>{{.Labels.Odd}}</strong></p>{{end}}
<table>
<tbody>
<tr><th scope="row">{{.Labels.File}}</th><td><bdi>{{.File}}</bdi></td></tr>
<tr><th scope="row">{{.Labels.Purpose}}</th><td>{{.Purpose}}</td></tr>
<tr><th scope="row">{{.Labels.Checked}}</th><td>{{.Checked}}</td></tr>
{{- with .By}}
<tr><th scope="row">{{$.Labels.By}}</th><td><bdi>{{.}}</bdi></td></tr>{{end}}
{{- with .Then}}
<tr><th scope="row">{{$.Labels.Then}}</th><td>{{.}}</td></tr>{{end}}
{{- if .AsOf}}
<tr><th scope="row">{{.Labels.AsOf}}</th><td>{{.AsOf}}, {{.Age}}</td></tr>
<tr><th scope="row">{{.Labels.Boards}}</th><td>{{.Boards}}</td></tr>{{end}}
<tr><th scope="row">{{.Labels.Program}}</th><td>Bonafide {{.Version}}</td></tr>
</tbody>
</table>
{{- if .About}}
<h2>{{.Labels.Facts}}</h2>
{{- range .About}}
{{- with .Title}}
<h3>{{.}}</h3>{{end}}
<table>
<tbody>
{{- range .Facts}}
<tr><th scope="row">{{.Name}}</th><td><bdi>{{.Value}}</bdi></td></tr>{{end}}
</tbody>
</table>
{{- end}}
{{- end}}
<h2>{{.Labels.Checks}}</h2>
<table>
<thead>
<tr><th scope="col">{{.Labels.Check}}</th><th scope="col">{{.Labels.Result}}</th><th scope="col">{{.Labels.Meaning}}</th><th scope="col">{{.Labels.Data}}</th><th scope="col">{{.Labels.Code}}</th></tr>
</thead>
<tbody>
{{- range .Lines}}
<tr><th scope="row">{{range $i, $n := .Names}}{{if $i}}<br>{{end}}{{$n}}{{end}}</th><td>{{.Mark}}</td><td>{{with .About}}<p>{{.}}</p>{{end}}<p>{{.Message}}</p>{{with .Next}}<p>{{.}}</p>{{end}}{{with .Who}}<p>{{.}}</p>{{end}}</td><td>{{.AsOf}}</td><td><code>{{.Code}}</code></td></tr>
{{- end}}
</tbody>
</table>
<p class="sign">{{.Labels.Reviewed}}</p>
<p class="note">{{.Note}}</p>
</main>
</body>
</html>
`))
