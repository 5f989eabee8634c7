package main

// The stories are told by what a person reads and does. A phrase is what stands on
// the screen, or the id of a sentence of the app, which then is looked for in the
// person's language.
var stories = []story{
	{name: "demo-hospital", tell: demoHospital},
	{name: "demo-practitioner", tell: demoPractitioner},
	{name: "demo-phone", args: []string{"--mobile"}, tell: demoPhone},
	{name: "board", tell: demoBoard},
	{name: "whole", tell: wholeStory},
	{name: "fresh-hospital", apart: true, tell: freshHospital},
	{name: "fresh-hospital-spanish", language: "es", apart: true, tell: freshHospital},
	{name: "fresh-practitioner", apart: true, tell: freshPractitioner},
}

// shown makes the demonstration: its network is founded and runs.
func shown(p *player) {
	p.see("Licensing board")
	p.keep("who")
	p.find("Show me")
	p.click("Show me", "Begin")
	p.see("Whom do you want to play")
	p.keep("roles")
}

// demoHospital verifies samples of the demonstration, looks at its requests, its
// history and its data, and locks the home.
func demoHospital(p *player) {
	shown(p)
	p.click("Demo Hospital")
	p.see("Privileging")
	p.keep("verify")
	p.clickLast("Demonstration")
	p.clickBeside("Try it", "open requests")
	p.see("Family name")
	p.keep("verified")
	p.find("It answers the request of Demo Hospital")
	p.clickLast("Demonstration")
	p.clickBeside("Try it", "that was revoked")
	p.see("Not valid")
	p.keep("not-valid")
	p.click("Requests")
	p.see("Open requests")
	p.keep("requests")
	p.find("Make the request")
	p.click("Make the request")
	p.see("Details wanted")
	p.keep("request")
	p.click("History")
	p.see("verdicts are kept")
	p.keep("history")
	p.clickLast("Data")
	p.see("How long it may still be relied on")
	p.keep("data")
	p.click("Lock now")
	p.see("Verify without unlocking")
	p.keep("locked")
	p.into("Passphrase", "demonstration")
	p.key("Return")
	p.see("Drop a credential here")
	p.clickLast("Help")
	p.see("Search")
	p.keep("help")
}

// demoPractitioner looks at the cards and answers the hospital's request; the
// hospital verifies the answer from the clipboard.
func demoPractitioner(p *player) {
	shown(p)
	p.clickUnder("Keep your licences and certificates", -26)
	p.see("Details")
	p.keep("cards")
	p.clickLast("Demonstration")
	p.clickBeside("Try it", "A request of the hospital")
	p.see("Which licence")
	p.keep("request")
	p.clickLast("Professional licence")
	p.find("Make the answer for Demo Hospital")
	p.clickLast("Share all of it")
	p.keep("shared")
	p.click("Make the answer for Demo Hospital")
	p.see("The answer is made")
	p.keep("answer")
	p.click("Copy")
	p.see("It goes from the clipboard in a minute")
	// The same machine plays the hospital: it takes the answer off the clipboard.
	place(p, "Demo Hospital")
	p.see("Privileging")
	p.click("Paste")
	p.see("Verified, with conditions")
	p.keep("verified")
	p.find("It answers the request of Demo Hospital")
}

// place goes to another place.
func place(p *player, title string) {
	p.key("ctrl+shift+p")
	p.see("Switch place")
	p.keep("places")
	p.click(title)
}

// demoPhone is the practitioner with a phone: the same in one column, with a bar
// at the bottom.
func demoPhone(p *player) {
	shown(p)
	p.clickUnder("Keep your licences and", -26)
	p.see("Details")
	p.keep("cards")
	p.click("More", "Demonstration")
	p.find("A request of the hospital")
	p.clickBelow("Try it", "A request of the hospital")
	p.see("Which licence")
	p.keep("request")
	p.find("Professional licence")
	p.click("Professional licence")
	p.find("Share all of it")
	p.click("Share all of it")
	p.find("Make the answer for")
	p.keep("shared")
	p.click("Make the answer for")
	p.see("The answer is made")
	p.keep("answer")
	p.clickLast("Shared")
	p.see("Demo Hospital")
	p.keep("log")
}
