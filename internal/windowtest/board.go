package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// desk is whoever is not on the screen: a board with its node, and others. They
// work with the command line, in homes of their own.
type desk struct {
	p       *player
	dir     string // of all of them
	node    *exec.Cmd
	board   string // its identifier
	network string // path of its network file
	print   string // the fingerprint of that
	source  string
}

// The licences of its register.
const (
	ownLicence   = "MD-1001" // that of the practitioner, to be claimed
	otherLicence = "MD-1002"
	register     = `number,type,jurisdiction,profession,given_name,family_name,npi,issued,expires,status,conditions
MD-1001,ProfessionalLicence,US-OH,Physician,Orbel,Quastine,1234567893,2015-01-02,2030-06-30,current,
MD-1002,ProfessionalLicence,US-OH,Physician,Mirvo,Tallenbrix,,2016-05-01,2029-12-31,current,
`
)

// newDesk founds a network of one board, which has issued what is in its
// register; its node runs until close.
func newDesk(p *player) *desk {
	d := &desk{p: p, dir: filepath.Join(p.dir, "others")}
	p.do("found a board", func() error {
		var err error
		if d.dir, err = filepath.Abs(d.dir); err != nil {
			return err
		}
		if err := os.MkdirAll(d.dir, 0o700); err != nil {
			return err
		}
		for name, text := range map[string]string{"pass": passphrase + "\n", "register.csv": register} {
			if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
				return err
			}
		}
		return nil
	})
	d.run("ledger", "init", "--home", "medicine", "--network", "ohio", "--name", "State Board of Medicine",
		"--contact", "licensing@medicine.example", "--interval", "1s", "--issuer-delay", "1s")
	d.start()
	d.board, _ = d.run("home", "info", "--home", "medicine")["board"].(string)
	d.run("ledger", "propose", "template", "--shipped", "ProfessionalLicence", "--home", "medicine")
	d.run("ledger", "propose", "accredit", "--issuer", d.board, "--type", "ProfessionalLicence", "--jurisdiction", "US-OH", "--home", "medicine")
	d.run("board", "import", "register.csv", "--home", "medicine")
	d.run("board", "issue", "--copies", otherLicence, "--out", "copies", "--home", "medicine")
	return d
}

// command is one of the command line's.
func (d *desk) command(args ...string) *exec.Cmd {
	c := exec.Command(d.p.bin, append(args, "--json")...)
	c.Dir = d.dir
	c.Env = append(os.Environ(), "BONAFIDE_PASSPHRASE_FILE="+filepath.Join(d.dir, "pass"), "BONAFIDE_HOME=", "HOME="+d.dir)
	return c
}

// run gives the answer of a command.
func (d *desk) run(args ...string) map[string]any {
	answer := map[string]any{}
	d.p.do("bonafide "+args[0]+" "+args[1], func() error {
		out, err := d.command(args...).Output()
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return fmt.Errorf("%w: %s", err, failed.Stderr)
		} else if err != nil {
			return err
		}
		_ = json.Unmarshal(out, &answer) // a list, of which nothing is asked
		return nil
	})
	return answer
}

// start starts the board's node and waits until it says where it is.
func (d *desk) start() {
	d.p.do("start the board's node", func() error {
		d.node = d.command("ledger", "start", "--home", "medicine", "--listen", "127.0.0.1:0")
		out, err := d.node.StdoutPipe()
		if err != nil {
			return err
		}
		if err := d.node.Start(); err != nil {
			return err
		}
		var says struct {
			Address     string
			NetworkFile string `json:"network_file"`
			Fingerprint string
		}
		if err := json.NewDecoder(out).Decode(&says); err != nil {
			return errors.Join(fmt.Errorf("it says nothing: %w", err), d.node.Wait())
		}
		go func() { _, _ = io.Copy(io.Discard, out) }() // it must never wait for its reader
		d.source = says.Address
		if d.network != "" {
			return nil // what was given out stays the same
		}
		d.network, d.print = filepath.Join(d.dir, "network.json"), says.Fingerprint
		b, err := os.ReadFile(says.NetworkFile)
		if err != nil {
			return err
		}
		return os.WriteFile(d.network, b, 0o600)
	})
}

// close stops the node.
func (d *desk) close() {
	if d.node == nil || d.node.Process == nil {
		return
	}
	_ = d.node.Process.Signal(syscall.SIGINT) // it may have ended
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = d.node.Process.Kill() })
	defer stop()
	_ = d.node.Wait()
	d.node = nil
}

// path is that of a file of theirs.
func (d *desk) path(name string) string { return filepath.Join(d.dir, name) }

// hand gives a file to the person before the screen, under a name that reads well.
func (d *desk) hand(from, name string) {
	d.p.do("hand over "+name, func() error {
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return os.WriteFile(d.p.file(name), b, 0o600)
	})
}

// copies are the files that board issue wrote into a folder: the credential in
// both envelopes.
func (d *desk) copies(dir string) (vcdm, sdJWT string) {
	d.p.do("look into "+dir, func() error {
		for pattern, to := range map[string]*string{"*.json": &vcdm, "*.sd-jwt": &sdJWT} {
			found, err := filepath.Glob(filepath.Join(d.dir, dir, pattern))
			if err != nil {
				return err
			}
			if len(found) != 1 {
				return fmt.Errorf("%d files %s", len(found), pattern)
			}
			*to = found[0]
		}
		return nil
	})
	return vcdm, sdJWT
}
