package main

// Stories at a board's desk, in the demonstration.

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// newcomer is a licence that is on no register yet.
const (
	newcomer = "MD-9001"
	newRow   = `number,type,jurisdiction,profession,given_name,family_name,npi,issued,expires,status,conditions
MD-9001,ProfessionalLicence,US-OH,Physician,Orbel,Quastine,1234567893,2015-01-02,2030-06-30,current,
MD-9002,ProfessionalLicence,US-OH,Physician,Mirvo,Tallenbrix,,2016-05-01,not a day,current,
`
)

// The people of the demonstration's board.
const (
	owner  = "owner"
	deputy = "deputy"
)

// somebodyElse locks the home, and another person signs in.
func somebodyElse(p *player, name string) {
	p.click("Sign in as someone else")
	p.see("Locked")
	p.clickUnder("Who are you?", 32)
	p.clickLast(name)
	p.into("Passphrase", "demonstration")
	p.key("Return")
	p.see("Signed in as " + name)
}

// imported brings a row into the board's register, after a look at what it does,
// and has a credential made for it.
func imported(p *player) {
	p.do("write a register", func() error { return os.WriteFile(p.file("register.csv"), []byte(newRow), 0o600) })
	p.key("ctrl+3")
	p.see("Import a register file")
	p.click("Choose a register file…")
	pick(p, "register.csv")
	p.find("Save the wrong rows…") // the other row can be imported all the same
	p.keep("dry-run")
	p.clickOff("Save the wrong rows…", -80, 8) // a button that is called as its section
	p.see("what was done")
	p.keep("imported")
	p.find("Issue now")
	p.click("Issue now")
	p.find("Done")
	p.keep("issued")
	p.clickLast("Done")
}

// onPage opens the newcomer's page.
func onPage(p *player) {
	p.key("ctrl+1")
	p.key("ctrl+f")
	p.typed(newcomer)
	p.see("Quastine")
	p.keep("found")
	p.click("Quastine")
	p.see("Back to the register")
}

// code makes a claim code for the licence whose page is open, and gives it as the
// clipboard has it.
func code(p *player) string {
	text := ""
	p.click("Claim code…")
	p.find("Make {{.N}} letters")
	p.click("Make {{.N}} letters")
	p.find("Copy the code")
	p.keep("claim-code")
	p.click("Copy the code")
	p.see("It goes from the clipboard in a minute")
	p.do("look into the clipboard", func() error {
		b, err := p.screen.Clip()
		text = strings.TrimSpace(string(b))
		if err == nil && strings.Count(text, "-") < 5 {
			err = fmt.Errorf("%q is no claim code", text)
		}
		return err
	})
	return text
}

// suspended decides to suspend the licence whose page is open; the second person
// approves.
func suspended(p *player) {
	p.find("Decide…")
	p.click("Decide…", "Choose what to do")
	p.click("Suspend")
	p.into("Reason, kept in the register alone", "Order 2026-140")
	p.click("Preview")
	p.see("What follows")
	p.keep("preview")
	p.find("Ask for approval")
	p.click("Ask for approval")
	p.find("To the approvals")
	p.keep("waits")
	somebodyElse(p, deputy)
	p.key("ctrl+2")
	p.see("Waiting for you")
	p.find("Order 2026-140")
	p.scroll(3)
	p.keep("approvals")
	p.clickBelow("Approve…", "Order 2026-140")
	p.see("Approve: ")
	p.keep("approve")
	p.clickLast("Approve")
	p.see("The ledger shows it")
	p.keep("approved")
}

// demoBoard: a register comes in, is issued and goes out as a letter; a licence is
// suspended by two people.
func demoBoard(p *player) {
	shown(p)
	p.click("Demo Board of Medicine")
	p.see("Signed in as " + owner)
	p.see("Register")
	p.keep("register")
	imported(p)
	onPage(p)
	p.keep("licence")
	code(p)
	// Beside the picture of the code nobody reads "Save the letter…" off the screen.
	p.clickOff("Copy the code", -100, 8)
	save(p, "letter.pdf")
	p.see("remove the file")
	p.do("look at the letter", func() error {
		b, err := os.ReadFile(p.file("letter.pdf"))
		if err == nil && !strings.HasPrefix(string(b), "%PDF-") {
			err = errors.New("it is no PDF")
		}
		return err
	})
	p.click("Close")
	p.gone("Copy the code")
	suspended(p)
}

// wholeStory is that of one licence, from the board's register to the verdict of a
// hospital, and what a suspension makes of that.
func wholeStory(p *player) {
	shown(p)
	p.click("Demo Board of Medicine")
	p.see("Signed in as " + owner)
	imported(p)
	onPage(p)
	claim := code(p)
	p.click("Close")

	place(p, "Vregwiquandr") // the practitioner
	p.see("Details")
	p.key("ctrl+2")
	p.see("Claim a licence with a code")
	p.click("Choose the board")
	p.clickLast("Demo Board of Medicine")
	p.into("Claim code", claim)
	p.find("Make the claim")
	p.click("Make the claim")
	p.see("The claim is made")
	p.find("Save the claim…")
	p.click("Save the claim…")
	save(p, "claim.json")
	p.see("Saved.")
	p.click("Done")

	board(p)
	p.key("ctrl+3")
	p.find("Answer a claim…")
	p.click("Answer a claim…")
	pick(p, "claim.json")
	p.find("Save the licence…")
	p.keep("answered")
	p.click("Save the licence…")
	save(p, "licence.json")
	p.see("Saved.")

	// The hospital asks.
	place(p, "Demo Hospital")
	p.see("Privileging")
	p.click("Requests")
	p.find("Make the request")
	p.click("Make the request")
	p.find("Save as a file…")
	p.click("Save as a file…")
	save(p, "request.json")
	p.see("The request is saved.")

	// The practitioner takes the licence in and answers with it.
	place(p, "Vregwiquandr")
	p.see("Details")
	p.key("ctrl+6")
	p.click("Sync now")
	p.see("The data is as of")
	p.key("ctrl+2")
	p.find("Take in what the board gave you")
	p.scroll(60)
	p.clickLast("Open…")
	pick(p, "licence.json")
	p.see("Go to Cards")
	p.keep("received")
	p.key("ctrl+3")
	p.click("Open…")
	pick(p, "request.json")
	p.see("Which licence")
	p.find(newcomer)
	p.clickAbove("Professional licence", newcomer)
	p.find("Make the answer for Demo Hospital")
	p.keep("shared")
	p.click("Make the answer for Demo Hospital")
	p.see("The answer is made")
	p.find("Save the answer…")
	p.click("Save the answer…")
	save(p, "answer.json")
	p.see("Saved.")

	// The hospital verifies it, and will look at the licence every month.
	place(p, "Demo Hospital")
	p.click("Data", "Sync now")
	p.see("The data is as of")
	p.click("Verify")
	p.see("Drop a credential here")
	p.key("ctrl+o")
	pick(p, "answer.json")
	p.see("Verified", "Quastine")
	p.keep("verified")
	monthly(p)
	p.see("Verified")
	p.keep("monitored")

	board(p)
	onPage(p)
	suspended(p)

	place(p, "Demo Hospital")
	p.click("Data", "Sync now")
	p.see("The data is as of")
	p.click("Verify")
	monthly(p)
	p.see("Not valid")
	p.keep("not-valid")
}

// monthly verifies the licence itself, as a hospital does every month.
func monthly(p *player) {
	p.click("Clear")
	p.click("Privileging", "Monthly monitoring")
	p.key("ctrl+o") // "Open" stands in the sentence below, too, while nothing is open
	pick(p, "licence.json")
}

// board goes to the board's desk, where its owner is signed in.
func board(p *player) {
	place(p, "Demo Board of Medicine")
	p.see("Signed in as " + owner)
}
