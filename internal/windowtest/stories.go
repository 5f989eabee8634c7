package main

// The stories are told by what a person reads and does.
var stories = []story{
	{name: "demonstration", tell: demonstration},
}

// demonstration is the whole journey of who only wants to look: the network is
// made and runs, the hospital verifies samples, the practitioner shows a licence.
func demonstration(p *player) error {
	return p.steps(
		step{see: "Licensing board"}, step{keep: "who"},
		step{click: "Show me"}, step{click: "Begin"},
		step{see: "Whom do you want to play"}, step{keep: "roles"},
		step{click: "Demo Hospital"},
		step{see: "Privileging"}, step{keep: "verify"},
	)
}
