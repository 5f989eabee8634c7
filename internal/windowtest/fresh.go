package main

// Stories on a home that is made in them, beside a board of their own and without
// any network: what passes between the people passes as files and by the clipboard.

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// passphrase is everybody's in these stories.
const passphrase = "velvet otter signal 4711"

// begin makes a home in a role.
func begin(p *player, role, name string) {
	p.see("Who are you?")
	p.keep("who")
	p.click(role)
	p.see("The passphrase again")
	p.typed(name)
	p.key("Tab")
	p.typed(passphrase)
	p.key("Tab")
	p.typed(passphrase)
	p.keep("home")
	p.find("Make the home")
	p.click("Make the home")
}

// pick chooses a file in the app's dialog.
func pick(p *player, name string) {
	p.see("Home folder")
	p.click(name)
	p.click("Open {{.N}} files")
}

// save leaves a file where the dialog begins, under a name of our own, and waits
// until it is there.
func save(p *player, name string) {
	p.see("Computer") // the dialog of Fyne
	p.key("ctrl+a")   // the name that it offers
	p.typed(name)
	p.key("Return")
}

// freshHospital: role, passphrase, the network that is believed, a pack; then a
// credential from a file, one of the hospital's own request from the clipboard,
// and what was verified.
func freshHospital(p *player) {
	d := newDesk(p)
	defer d.close()
	d.hand(d.network, "network.json")
	credential, _ := d.copies("copies")
	d.hand(credential, "licence.json")
	wallet(d)
	d.run("pack", "export", "now.pack", "--home", "medicine")
	d.hand(d.path("now.pack"), "boards.pack")
	d.close()

	begin(p, "Hospital", "Maria Silva")
	p.see("Whom to trust")
	p.keep("trust")
	p.click("Open the network file…")
	pick(p, "network.json")
	p.see("Compare the fingerprint")
	p.into("Or type what you were told", d.print)
	p.see("The same. ✓")
	p.keep("fingerprint")
	p.click("Trust this network")
	p.see("The boards' data")
	p.click("Open a pack…")
	pick(p, "boards.pack")
	p.see("Ready")
	p.keep("ready")
	p.click("Go on")
	p.see("Drop a credential here")

	p.click("Open…")
	pick(p, "licence.json")
	p.see("Cannot confirm") // a copy does not show who presents it
	p.keep("copy")
	p.click("Privileging", "Monthly monitoring")
	p.see("Verified")
	p.keep("monitoring")

	p.click("Requests")
	p.find("Make the request")
	p.into("Who asks", "Grace Hospital")
	p.click("Make the request")
	p.see("Request", "Grace Hospital")
	p.keep("request")
	p.find("Save as a file…")
	p.click("Save as a file…")
	save(p, "request.json")
	p.see("The request is saved.")
	d.run("wallet", "present", "--request", p.file("request.json"), "--home", "wallet", "--out", "answer.json")
	p.clipboard(d.path("answer.json"))
	p.click("Verify", "Clear", "Paste")
	p.see("Verified", "Quastine")
	p.keep("verified")

	p.click("History")
	p.see("Professional licence")
	p.keep("history")
	p.click("Verified")
	p.find("Save as a page…")
	p.click("Save as a page…")
	save(p, "verdict.html")
	p.see("The page is saved.")
	p.do("read the page", func() error {
		b, err := os.ReadFile(p.file("verdict.html"))
		if err == nil && !bytes.Contains(b, []byte("State Board of Medicine")) {
			err = errors.New("it does not say whose licence it was")
		}
		return err
	})
}

// wallet makes a practitioner with a licence, who is not before the screen.
func wallet(d *desk) {
	d.run("wallet", "init", "--home", "wallet")
	code, _ := d.run("board", "claim-code", ownLicence, "--home", "medicine")["code"].(string)
	d.run("wallet", "claim", code, "--board", d.board, "--out", "claim.json", "--home", "wallet")
	d.run("board", "issue", "--claim", "claim.json", "--out", "delivered", "--home", "medicine")
	d.run("trust", "pin", "network.json", "--home", "wallet", "--fingerprint", d.print, "--source", d.source)
	d.run("sync", "--home", "wallet")
	vcdm, _ := d.copies("delivered")
	d.run("wallet", "receive", vcdm, "--home", "wallet")
}

// freshPractitioner claims a licence with a code, receives it and answers a
// request; then the home is lost and comes back from a backup.
func freshPractitioner(p *player) {
	d := newDesk(p)
	defer d.close()
	d.hand(d.network, "network.json")
	d.run("pack", "export", "first.pack", "--home", "medicine")
	d.hand(d.path("first.pack"), "boards.pack")
	code, _ := d.run("board", "claim-code", ownLicence, "--home", "medicine")["code"].(string)
	d.run("trust", "pin", "network.json", "--home", "clinic", "--fingerprint", d.print, "--source", d.source)
	d.run("request", "create", "--audience", "Grace Hospital", "--type", "ProfessionalLicence", "--out", "request.json", "--home", "clinic")
	d.hand(d.path("request.json"), "request.json")

	begin(p, "Practitioner", "Orbel Quastine")
	p.see("There is no licence here yet")
	p.keep("empty")

	// Whom to believe, and their data.
	p.clickLast("Data")
	p.click("Open a pack or network file…")
	pick(p, "network.json")
	p.see("A network file")
	p.clickUnder("Type or paste the fingerprint that you were told", 0)
	p.typed(d.print)
	p.see("The same. ✓")
	p.keep("fingerprint")
	p.click("Trust this network")
	p.gone("Trust this network")
	p.click("Open a pack or network file…")
	pick(p, "boards.pack")
	p.see("How long it may still be relied on")
	p.keep("data")

	// A claim, which the board answers.
	p.click("Get a licence")
	p.see("Claim a licence with a code")
	p.see("State Board of Medicine") // the only one is chosen
	p.into("Claim code", code)
	p.find("Make the claim")
	p.click("Make the claim")
	p.see("The claim is made")
	p.keep("claim")
	p.find("Save the claim…")
	p.click("Save the claim…")
	save(p, "claim.json")
	p.see("Saved.")
	p.click("Done")
	d.run("board", "issue", "--claim", p.file("claim.json"), "--out", "delivered", "--home", "medicine")
	vcdm, sdJWT := d.copies("delivered")
	d.hand(vcdm, "licence.json")
	d.hand(sdJWT, "licence.sd-jwt")
	d.run("pack", "export", "second.pack", "--home", "medicine")
	d.run("sync", "--home", "clinic")
	d.close()
	p.clipboard(d.path("second.pack"))
	d.hand(d.path("second.pack"), "boards.pack")
	p.clickLast("Data")
	p.click("Open a pack or network file…")
	pick(p, "boards.pack")
	p.see("The data is as of")
	p.click("Get a licence")
	p.find("Take in what the board gave you")
	p.clickLast("Open…")
	pick(p, "licence.json")
	p.see("Go to Cards")
	p.keep("received")
	p.click("Go to Cards")
	p.see("Details", "State Board of Medicine")
	p.keep("cards")

	// A hospital asks, and gets an answer.
	p.click("Present", "Open…")
	pick(p, "request.json")
	p.see("Grace Hospital")
	p.find("Make the answer for")
	p.click("Make the answer for")
	p.see("The answer is made")
	p.find("Save the answer…")
	p.click("Save the answer…")
	save(p, "answer.json")
	p.see("Saved.")
	p.do("verify", func() error {
		out, err := d.command("verify", p.file("answer.json"), "--request", "request.json", "--home", "clinic").Output()
		if err == nil && !bytes.Contains(out, []byte(`"verdict": "verified"`)) {
			err = errors.New(string(out))
		}
		return err
	})

	// Closed and opened again: nothing is shown without the passphrase.
	p.again(func() {})
	p.see("Locked")
	p.into("Passphrase", "not this one")
	p.key("Return")
	p.see("does not open")
	p.keep("wrong-passphrase")
	p.into("Passphrase", passphrase)
	p.key("Return")
	p.see("Details")

	// A backup, and the home is lost.
	p.click("Safety", "Make a backup…")
	p.click("Choose the folder…")
	p.see("Where to keep the backup")
	p.click("Open")
	p.into("Passphrase of the backup", "a second "+passphrase)
	p.into("The passphrase again", "a second "+passphrase)
	p.keep("backup")
	p.click("Make the backup")
	p.see("is made")
	p.keep("backed-up")
	p.again(func() { p.lose() })
	p.see("Who are you?")
	p.click("Restore a backup…", "Choose the backup…")
	p.see("bonafide-")
	p.click("bonafide-")
	p.click("Open")
	p.into("Passphrase of the backup", "a second "+passphrase)
	p.find("Restore it")
	p.click("Restore it")
	p.see("Open it")
	p.keep("restored")
	p.click("Open it")
	p.into("Passphrase", passphrase)
	p.key("Return")
	p.see("Details", "State Board of Medicine")
	p.keep("cards-again")
}

// lose deletes the home's folder.
func (p *player) lose() {
	p.do("lose the home", func() error {
		found, err := filepath.Glob(filepath.Join(p.home, ".local", "share", "*"))
		if err != nil {
			return err
		}
		for _, dir := range found {
			if strings.Contains(filepath.Base(dir), "bonafide") {
				return os.RemoveAll(dir)
			}
		}
		return errors.New("there is none")
	})
}
