package main

// The stories are told by what a person reads and does.
var stories = []story{
	{name: "hospital", tell: hospital},
	{name: "practitioner", tell: practitioner},
}

// shown makes the demonstration: its network is founded and runs.
func shown(p *player) error {
	return p.steps(
		step{see: "Licensing board"}, step{keep: "who"},
		step{click: "Show me"}, step{click: "Begin"},
		step{see: "Whom do you want to play"}, step{keep: "roles"},
	)
}

// hospital verifies samples of the demonstration, looks at its requests, its
// history and its data, locks the home and opens it again after a restart.
func hospital(p *player) error {
	if err := shown(p); err != nil {
		return err
	}
	return p.steps(
		step{click: "Demo Hospital"},
		step{see: "Privileging"}, step{keep: "verify"},
		step{click: "Demonstration", last: true}, step{see: "Try it"}, step{keep: "samples"},
		step{click: "Try it"}, step{see: "Family name"}, step{keep: "verified"},
		step{scroll: 13}, step{see: "It answers the request of Demo Hospital"},
		step{click: "Demonstration", last: true}, step{click: "Try it", last: true}, step{see: "Not valid"}, step{keep: "not-valid"},
		step{click: "Requests"}, step{see: "Open requests"}, step{keep: "requests"},
		step{scroll: 150}, step{click: "Make the request"}, step{see: "The other device reads this code"}, step{keep: "request"},
		step{click: "History"}, step{see: "verdicts are kept"}, step{keep: "history"},
		step{click: "Data"}, step{see: "How long it may still be relied on"}, step{keep: "data"},
		step{click: "Lock now"}, step{keep: "locked"},
		step{click: "Help", last: true}, step{keep: "help"},
	)
}

// practitioner looks at the cards and answers the hospital's request; the hospital
// verifies the answer from the clipboard.
func practitioner(p *player) error {
	if err := shown(p); err != nil {
		return err
	}
	return p.steps(
		step{click: "Keep your licences and certificates", above: 26},
		step{see: "Details"}, step{keep: "cards"},
		step{click: "Demonstration", last: true}, step{see: "Try it"}, step{keep: "samples"},
		step{click: "Try it", beside: "A request of the hospital"}, step{see: "Which licence"}, step{keep: "request"},
		step{click: "Professional licence", last: true},
		step{scroll: 150}, step{click: "Share all of it", last: true}, step{keep: "shared"},
		step{click: "Make the answer for Demo Hospital"}, step{see: "The answer is made"}, step{keep: "answer"},
		step{click: "Copy"}, step{see: "It goes from the clipboard in a minute"},
		// The same machine plays the hospital: it takes the answer off the clipboard.
		step{key: "ctrl+shift+p"}, step{see: "Switch place"}, step{keep: "places"},
		step{click: "Demo Hospital"}, step{see: "Privileging"},
		step{click: "Paste"}, step{see: "Verified, with conditions"}, step{keep: "verified"},
		step{scroll: 13}, step{see: "It answers the request of Demo Hospital"},
	)
}
