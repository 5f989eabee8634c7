package demo

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"bonafide/assets/mappings"
	"bonafide/assets/templates"
	"bonafide/did"
	"bonafide/internal/fixtures"
	"bonafide/internal/home"
	"bonafide/internal/keys"
	"bonafide/issuer"
	"bonafide/ledger"
	"bonafide/ledger/pack"
	"bonafide/vc"
	"bonafide/verifier"
	"bonafide/wallet"
)

const (
	seed         = 2026
	physicians   = 120
	nurses       = 80
	jurisdiction = "US-OH"
	day          = 24 * time.Hour

	medicineName = "Demo Board of Medicine"
	nursingName  = "Demo Board of Nursing"
)

// cast is who appears.
type cast struct {
	medicine, nursing   *home.Home
	mBoard, nBoard      *issuer.Board
	practitioner        *home.Home
	wallet              *wallet.Wallet
	register            []fixtures.Row // of the medicine board
	claimed             []wallet.Item
	probation, suspend  fixtures.Row
	revoke, expiring    fixtures.Row
	hospital, elsewhere string
}

func (s *story) play(ctx context.Context) error {
	c := &cast{hospital: "hospital", elsewhere: "other-hospital"}
	for _, act := range []func(context.Context, *cast) error{
		s.found, s.fill, s.hospitals, s.claim, s.present, s.discipline, s.forgeries, s.unplug, s.again, s.mustFail,
	} {
		if err := act(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// found starts the network with one board and takes in a second one.
func (s *story) found(ctx context.Context, c *cast) (err error) {
	if c.medicine, err = s.newHome("medicine"); err != nil {
		return err
	}
	chain, medicine, err := c.medicine.Found(ctx, home.FoundOptions{
		Label: "demo", Name: medicineName, Contact: "licensing@medicine.example",
		Params: ledger.Params{Interval: time.Second, IssuerDelay: time.Second, RecoverDelay: time.Second, ProposalLife: time.Hour},
	})
	if err != nil {
		return fmt.Errorf("founding the network: %w", err)
	}
	n, err := c.medicine.StartNode(ctx, home.NodeOptions{})
	if err != nil {
		return fmt.Errorf("starting the ledger: %w", err)
	}
	s.tell("The ledger starts", "The network "+chain+" runs with one member.")
	if c.mBoard, err = c.medicine.Board(ctx); err != nil {
		return fmt.Errorf("opening the medicine board: %w", err)
	}
	s.tell("The medicine board is on the ledger", medicine.String())

	source := "http://" + n.Address()
	if c.nursing, c.nBoard, err = s.takeIn(ctx, c, source, "nursing", nursingName, "desk@nursing.example"); err != nil {
		return err
	}
	s.tell("The nursing board joins, countersigned by a member", c.nBoard.DID.String())
	return s.accredit(ctx, c, medicine, c.nBoard.DID)
}

// takeIn makes another board's home, and the board an issuer of the network.
func (s *story) takeIn(ctx context.Context, c *cast, source, folder, name, contact string) (h *home.Home, b *issuer.Board, err error) {
	if h, err = s.newHome(folder); err != nil {
		return nil, nil, err
	}
	if err := s.join(ctx, c, h, source); err != nil {
		return nil, nil, err
	}
	tx, _, err := h.FoundBoard(ctx, name, contact)
	if err != nil {
		return nil, nil, fmt.Errorf("founding the %s board: %w", folder, err)
	}
	if _, err := c.medicine.Countersign(ctx, tx); err != nil {
		return nil, nil, fmt.Errorf("countersigning: %w", err)
	}
	if b, err = h.Board(ctx); err != nil {
		return nil, nil, fmt.Errorf("opening the %s board: %w", folder, err)
	}
	return h, b, nil
}

// join makes a home believe the network, as if the fingerprint had been
// compared, and brings in its data.
func (s *story) join(ctx context.Context, c *cast, h *home.Home, source string) error {
	node, err := c.medicine.Client()
	if err != nil {
		return err
	}
	raw, err := node.Network(ctx)
	if err != nil {
		return fmt.Errorf("fetching the network file: %w", err)
	}
	n, err := pack.ParseNetwork(raw)
	if err != nil {
		return err
	}
	if err := h.Pin(ctx, n, false, []string{source}); err != nil {
		return fmt.Errorf("pinning the network: %w", err)
	}
	if _, err := h.Sync(ctx); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	return nil
}

func (s *story) accredit(ctx context.Context, c *cast, medicine, nursing did.DID) error {
	docs, err := templates.Documents()
	if err != nil {
		return err
	}
	actions := []ledger.Action{}
	for _, d := range docs {
		actions = append(actions, ledger.RegisterTemplate{Document: d})
	}
	actions = append(actions,
		ledger.Accredit{Issuer: medicine, Type: issuer.ProfessionalLicence, Jurisdictions: []string{jurisdiction}},
		ledger.Accredit{Issuer: medicine, Type: issuer.ControlledSubstanceRegistration, Jurisdictions: []string{jurisdiction}},
		// A second issuer of a held type waits out a delay: one second here.
		ledger.Accredit{Issuer: nursing, Type: issuer.ProfessionalLicence, Jurisdictions: []string{jurisdiction}},
	)
	if err := s.decide(ctx, c, actions); err != nil {
		return err
	}
	s.tell("Types are registered and both boards are accredited by vote",
		fmt.Sprintf("%d types; medicine and nursing for licences in %s, medicine for controlled substances.", len(docs), jurisdiction))
	return nil
}

// decide has the only member propose actions, and waits until they took effect.
func (s *story) decide(ctx context.Context, c *cast, actions []ledger.Action) error {
	for _, a := range actions {
		p, err := c.medicine.Propose(ctx, a)
		if err != nil {
			return fmt.Errorf("proposing: %w", err)
		}
		for p.State == ledger.ProposalDelayed {
			node, err := c.medicine.Client()
			if err != nil {
				return err
			}
			st, err := node.Status(ctx)
			if err != nil {
				return err
			}
			if _, err := node.Wait(ctx, st.StateHeight+1); err != nil {
				return err
			}
			list, err := c.medicine.Proposals(ctx)
			if err != nil {
				return err
			}
			p = list[p.Number-1]
		}
		if p.State != ledger.ProposalDone {
			return fmt.Errorf("proposal %d is %s %s", p.Number, p.State, p.FailedReason)
		}
	}
	return nil
}

// fill imports the register and issues register copies.
func (s *story) fill(ctx context.Context, c *cast) error {
	today := s.o.Now().UTC()
	c.register = fixtures.Register(seed, fixtures.Medicine, physicians, today)
	medicine, err := s.enter(ctx, c.mBoard, "register-medicine.csv", c.register)
	if err != nil {
		return err
	}
	nursing, err := s.enter(ctx, c.nBoard, "register-nursing.csv", fixtures.Register(seed, fixtures.Nursing, nurses, today))
	if err != nil {
		return err
	}
	s.tell("The boards import their registers from CSV", fmt.Sprintf("%d licences.", medicine+nursing))
	issued, err := s.issue(ctx, c.mBoard, c.nBoard)
	if err != nil {
		return err
	}
	s.tell("They publish hashes on the ledger, wait for the epoch, and sign", fmt.Sprintf("%d register copies, two envelopes for each licence.", issued))
	return nil
}

// enter puts rows into a board's register, from a file that stays, and tells
// how many.
func (s *story) enter(ctx context.Context, b *issuer.Board, name string, rows []fixtures.Row) (int, error) {
	m, err := issuer.ParseMapping(mappings.Bonafide)
	if err != nil {
		return 0, err
	}
	var csv bytes.Buffer
	if err := fixtures.WriteCSV(&csv, rows); err != nil {
		return 0, err
	}
	if err := s.put(name, csv.Bytes()); err != nil {
		return 0, err
	}
	rep, err := b.Import(ctx, &csv, m, issuer.ImportOptions{Person: "owner"})
	if err != nil {
		return 0, fmt.Errorf("importing the register: %w", err)
	}
	if rep.Bad > 0 {
		return 0, fmt.Errorf("importing the register: %d bad rows", rep.Bad)
	}
	return rep.Added, nil
}

// issue issues what is due at boards, all at once since each waits for the same
// epoch, and tells how many credentials.
func (s *story) issue(ctx context.Context, boards ...*issuer.Board) (int, error) {
	reports, errs := make([]issuer.IssueReport, len(boards)), make([]error, len(boards))
	var all sync.WaitGroup
	for i, b := range boards {
		all.Go(func() { reports[i], errs[i] = b.Issue(ctx, issuer.IssueOptions{Person: "owner"}) })
	}
	all.Wait()
	issued := 0
	for i, rep := range reports {
		if errs[i] != nil {
			return 0, fmt.Errorf("issuing: %w", errs[i])
		}
		if len(rep.Problems) > 0 {
			return 0, fmt.Errorf("issuing: %v", rep.Problems)
		}
		issued += rep.Issued
	}
	return issued, nil
}

// hospitals pin the network and sync.
func (s *story) hospitals(ctx context.Context, c *cast) error {
	for _, name := range []string{c.hospital, c.elsewhere} {
		if err := s.newHospital(ctx, c, name); err != nil {
			return err
		}
	}
	s.tell("A hospital pins the network and syncs", "It now verifies without any connection.")
	return nil
}

// newHospital makes a hospital's home, which does not stay open.
func (s *story) newHospital(ctx context.Context, c *cast, name string) error {
	node, err := c.medicine.Node()
	if err != nil {
		return err
	}
	h, err := home.Create(filepath.Join(s.dir, homesFolder, name), s.options(s.o.Now), true)
	if err != nil {
		return fmt.Errorf("making the home %s: %w", name, err)
	}
	err = s.join(ctx, c, h, node)
	if cerr := h.Close(); err == nil {
		err = cerr
	}
	return err
}

// inHospital opens a hospital's home for something that needs no passphrase.
func (s *story) inHospital(name string, f func(h *home.Home) error) error {
	h, err := home.Open(filepath.Join(s.dir, homesFolder, name), s.options(s.o.Now))
	if err != nil {
		return err
	}
	err = f(h)
	if cerr := h.Close(); err == nil {
		err = cerr
	}
	return err
}

func (s *story) sync(ctx context.Context, c *cast) error {
	var changes int
	err := s.inHospital(c.hospital, func(h *home.Home) error {
		got, err := h.Sync(ctx)
		changes = got.Changes
		return err
	})
	if err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	s.tell("The hospital syncs", "Status changes that came in: "+strconv.Itoa(changes)+".")
	return nil
}

// request makes a hospital's request and leaves it under files/.
// Claims are those that it asks for; none asks for all.
func (s *story) request(ctx context.Context, hospital, audience, file string, claims ...string) error {
	return s.inHospital(hospital, func(h *home.Home) error {
		p, err := h.Hospital(ctx, home.HospitalOptions{})
		if err != nil {
			return err
		}
		b, err := p.NewRequest(ctx, home.RequestOptions{Audience: audience, Purpose: verifier.Privileging, ValidFor: day, Claims: claims})
		if err != nil {
			return err
		}
		return s.put(file, b)
	})
}

// answer lets the practitioner answer a request and leaves the presentation
// under files/.
func (s *story) answer(ctx context.Context, c *cast, item wallet.Item, req, file string) error {
	raw, err := os.ReadFile(s.path(req))
	if err != nil {
		return err
	}
	b, err := c.wallet.Present(ctx, raw, wallet.Choice{IDs: []string{item.ID}})
	if err != nil {
		return fmt.Errorf("presenting: %w", err)
	}
	return s.put(file, b)
}

// claim binds two licences to a practitioner's key.
func (s *story) claim(ctx context.Context, c *cast) error {
	if err := s.newWallet(ctx, c); err != nil {
		return err
	}
	rows := c.register[:2]
	for i, row := range rows {
		if err := s.ask(ctx, c, c.mBoard, row, fmt.Sprintf("claim-%d.json", i+1)); err != nil {
			return err
		}
	}
	if _, err := s.issue(ctx, c.mBoard); err != nil {
		return err
	}
	if _, err := c.practitioner.Sync(ctx); err != nil {
		return err
	}
	for i, row := range rows {
		item, err := s.receive(ctx, c, c.mBoard, row, vc.VCDM, fmt.Sprintf("bound-%d.json", i+1))
		if err != nil {
			return err
		}
		c.claimed = append(c.claimed, item)
		// The same licence as other wallets of the world know it.
		if _, err := s.receive(ctx, c, c.mBoard, row, vc.SDJWT, fmt.Sprintf("bound-%d.sd-jwt", i+1)); err != nil {
			return err
		}
	}
	s.tell("A practitioner claims two licences with one-time codes", "Each comes in two envelopes, bound to the wallet's keys and kept sealed.")
	return nil
}

// newWallet makes the practitioner's home with a wallet in it.
func (s *story) newWallet(ctx context.Context, c *cast) (err error) {
	if c.practitioner, err = s.newHome("practitioner"); err != nil {
		return err
	}
	node, err := c.medicine.Node()
	if err != nil {
		return err
	}
	if err := s.join(ctx, c, c.practitioner, node); err != nil {
		return err
	}
	if c.wallet, err = c.practitioner.Wallet(ctx); err != nil {
		return err
	}
	_, err = c.wallet.Init(ctx)
	return err
}

// ask has a board give a claim code for a licence, the wallet answer it, and the
// board accept the answer, which stays as a file.
func (s *story) ask(ctx context.Context, c *cast, b *issuer.Board, row fixtures.Row, file string) error {
	code, _, err := b.ClaimCode(ctx, row.Number, issuer.ClaimCodeOptions{Person: "owner"})
	if err != nil {
		return fmt.Errorf("making a claim code: %w", err)
	}
	claim, err := c.wallet.Claim(ctx, code, b.DID)
	if err != nil {
		return fmt.Errorf("claiming: %w", err)
	}
	if err := s.put(file, claim); err != nil {
		return err
	}
	if _, err := b.AcceptClaim(ctx, claim, "owner"); err != nil {
		return fmt.Errorf("accepting a claim: %w", err)
	}
	return nil
}

// receive hands a claimed licence over in an envelope, which stays as a file.
func (s *story) receive(ctx context.Context, c *cast, b *issuer.Board, row fixtures.Row, format vc.Format, file string) (wallet.Item, error) {
	raw, _, err := b.Credential(ctx, row.Number, issuer.Bound, format)
	if err != nil {
		return wallet.Item{}, err
	}
	if err := s.put(file, raw); err != nil {
		return wallet.Item{}, err
	}
	item, err := c.wallet.Receive(ctx, raw)
	if err != nil {
		return wallet.Item{}, fmt.Errorf("receiving: %w", err)
	}
	return item, nil
}

// present is the first verification at a desk.
func (s *story) present(ctx context.Context, c *cast) error {
	if err := s.request(ctx, c.hospital, "Demo Hospital", "request-1.json"); err != nil {
		return err
	}
	if err := s.answer(ctx, c, c.claimed[0], "request-1.json", "presentation-1.json"); err != nil {
		return err
	}
	if err := s.sync(ctx, c); err != nil {
		return err
	}
	err := s.verify(ctx, check{
		name: "The practitioner presents, the hospital verifies", expect: verifier.Verified,
		hospital: c.hospital, file: "presentation-1.json", request: "request-1.json", purpose: verifier.Privileging,
	})
	if err != nil {
		return err
	}
	if err := s.few(ctx, c, "request-few.json", "presentation-few.sd-jwt"); err != nil {
		return err
	}
	return s.verify(ctx, check{
		name: "As an SD-JWT VC that shows name and number alone", expect: verifier.Verified,
		hospital: c.hospital, file: "presentation-few.sd-jwt", request: "request-few.json", purpose: verifier.Privileging,
	})
}

// few has the hospital ask for two claims and the practitioner show no others.
func (s *story) few(ctx context.Context, c *cast, req, file string) error {
	if err := s.request(ctx, c.hospital, "Demo Hospital", req, "familyName", "licence.number"); err != nil {
		return err
	}
	return s.answer(ctx, c, c.claimed[0], req, file)
}

// copyOf leaves the register copy of a licence under files/.
func (s *story) copyOf(ctx context.Context, b *issuer.Board, number, file string) error {
	raw, _, err := b.Credential(ctx, number, issuer.RegisterCopy, vc.VCDM)
	if err != nil {
		return err
	}
	return s.put(file, raw)
}

// discipline changes statuses and lets the hospital see each.
func (s *story) discipline(ctx context.Context, c *cast) error {
	c.probation, c.suspend, c.revoke = c.register[10], c.register[11], c.register[12]
	// The one that runs out first plays the expired one later.
	c.expiring = c.register[20]
	for _, row := range c.register[20:] {
		if row.Expires < c.expiring.Expires {
			c.expiring = row
		}
	}
	for file, row := range map[string]fixtures.Row{
		"copy-probation.json": c.probation, "copy-suspended.json": c.suspend, "copy-revoked.json": c.revoke,
		"copy-expiring.json": c.expiring, "copy-plain.json": c.register[30],
	} {
		if err := s.copyOf(ctx, c.mBoard, row.Number, file); err != nil {
			return err
		}
	}
	set := func(row fixtures.Row, v ledger.Status) error {
		_, err := c.mBoard.Status(ctx, issuer.StatusAct{Ref: row.Number, Value: v, Reason: "demo", Person: "owner"})
		return err
	}
	look := func(name, file string, expect verifier.Verdict) error {
		if err := s.sync(ctx, c); err != nil {
			return err
		}
		return s.verify(ctx, check{name: name, expect: expect, hospital: c.hospital, file: file, purpose: verifier.Monitoring})
	}
	if err := set(c.probation, ledger.Probation); err != nil {
		return fmt.Errorf("setting probation: %w", err)
	}
	if err := look("The board puts a licence on probation", "copy-probation.json", verifier.Verified); err != nil {
		return err
	}
	if err := set(c.suspend, ledger.SuspendedStatus); err != nil {
		return fmt.Errorf("suspending: %w", err)
	}
	if err := look("The board suspends another", "copy-suspended.json", verifier.Rejected); err != nil {
		return err
	}
	if err := set(c.suspend, ledger.Current); err != nil {
		return fmt.Errorf("reinstating: %w", err)
	}
	if err := look("The board reinstates it", "copy-suspended.json", verifier.Verified); err != nil {
		return err
	}
	if err := set(c.revoke, ledger.Revoked); err != nil {
		return fmt.Errorf("revoking: %w", err)
	}
	return look("The board revokes a third", "copy-revoked.json", verifier.Rejected)
}

// forgeries makes, while the ledger still runs, what must not pass later.
func (s *story) forgeries(ctx context.Context, c *cast) error {
	// Anchored properly, by a board that may not issue the type.
	raw, err := s.unaccredited(ctx, c)
	if err != nil {
		return fmt.Errorf("making a credential without accreditation: %w", err)
	}
	if err := s.put("unaccredited.json", raw); err != nil {
		return err
	}
	// Changed after it was signed.
	raw, err = os.ReadFile(s.path("copy-plain.json"))
	if err != nil {
		return err
	}
	tampered, err := tamper(raw, c.register[30])
	if err != nil {
		return err
	}
	if err := s.put("tampered.json", tampered); err != nil {
		return err
	}
	// A presentation that lost its key binding on the way, as whoever copied the
	// licence from somebody's mail would have it; and one with a claim exchanged.
	if err := s.few(ctx, c, "request-stripped.json", "presentation-stripped.sd-jwt"); err != nil {
		return err
	}
	if raw, err = os.ReadFile(s.path("presentation-stripped.sd-jwt")); err != nil {
		return err
	}
	if err := s.put("presentation-stripped.sd-jwt", raw[:bytes.LastIndexByte(raw, '~')+1]); err != nil {
		return err
	}
	if err := s.few(ctx, c, "request-exchanged.json", "presentation-exchanged.sd-jwt"); err != nil {
		return err
	}
	if err := s.exchange(c, "presentation-exchanged.sd-jwt"); err != nil {
		return err
	}
	// Presented to another hospital.
	if err := s.request(ctx, c.elsewhere, "Another Demo Hospital", "request-elsewhere.json"); err != nil {
		return err
	}
	if err := s.answer(ctx, c, c.claimed[0], "request-elsewhere.json", "presentation-elsewhere.json"); err != nil {
		return err
	}
	if err := s.sync(ctx, c); err != nil {
		return err
	}
	// Signed with the board's real key, never put on the ledger.
	var last uint64
	err = s.inHospital(c.hospital, func(h *home.Home) error {
		d, err := h.Data()
		if err == nil {
			last = d.View.LastEpoch()
		}
		return err
	})
	if err != nil {
		return err
	}
	for file, epoch := range map[string]uint64{
		"unanchored-past.json": last, "unanchored-next.json": last + 1, "unanchored-far.json": math.MaxUint32,
	} {
		raw, err := s.unanchored(c, epoch)
		if err != nil {
			return fmt.Errorf("making a credential without an anchor: %w", err)
		}
		if err := s.put(file, raw); err != nil {
			return err
		}
	}
	s.tell("A thief is at work", "Forged, stolen and misdirected credentials are made for what follows.")
	return nil
}

// tamper puts another name into a register copy.
func tamper(raw []byte, row fixtures.Row) ([]byte, error) {
	name := []byte(`"familyName":"` + row.FamilyName + `"`)
	tampered := bytes.Replace(raw, name, []byte(`"familyName":"Somebody Else"`), 1)
	if bytes.Equal(tampered, raw) {
		return nil, fmt.Errorf("the credential does not hold the name to tamper with")
	}
	return tampered, nil
}

// exchange puts another name into the presentation's disclosure of it.
func (s *story) exchange(c *cast, file string) error {
	raw, err := os.ReadFile(s.path(file))
	if err != nil {
		return err
	}
	parts := strings.Split(string(raw), "~")
	for i, d := range parts[1 : len(parts)-1] {
		b, err := base64.RawURLEncoding.DecodeString(d)
		if err != nil {
			return err
		}
		if name := []byte(c.register[0].FamilyName); bytes.Contains(b, name) {
			parts[1+i] = base64.RawURLEncoding.EncodeToString(bytes.Replace(b, name, []byte("Somebody Else"), 1))
			return s.put(file, []byte(strings.Join(parts, "~")))
		}
	}
	return fmt.Errorf("the presentation does not hold the name to exchange")
}

// draft copies the claims of a credential that is there, for another issuer
// and type.
func draft(raw []byte, change func(claims map[string]any)) (*vc.Draft, error) {
	var claims map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&claims); err != nil {
		return nil, err
	}
	delete(claims, "proof")
	for _, e := range claims["evidence"].([]any) {
		e.(map[string]any)["anchor"] = ""
	}
	change(claims)
	return vc.NewDraft(claims)
}

// boardSigner is a board's issuing key, as a thief of its home would have it.
func boardSigner(h *home.Home, b *issuer.Board) (*keys.Signer, error) {
	ks, err := h.Keys(keys.Issuing)
	if err != nil {
		return nil, err
	}
	return ks.Find(b.Issuing.Public())
}

func seal(d *vc.Draft, b *issuer.Board, key *keys.Signer, anchor ledger.Anchor, at time.Time) ([]byte, error) {
	return d.Seal(anchor.String(), vc.ProofOptions{
		VerificationMethod: b.DID.String() + "#" + key.Public().Multikey(), Created: at, Key: key.Public(),
	}, key.Sign)
}

// unaccredited issues, as the nursing board and with its own keys, a
// controlled-substance registration, for which it has no accreditation.
func (s *story) unaccredited(ctx context.Context, c *cast) ([]byte, error) {
	raw, err := os.ReadFile(s.path("copy-plain.json"))
	if err != nil {
		return nil, err
	}
	d, err := draft(raw, func(claims map[string]any) {
		claims["issuer"] = c.nBoard.DID.String()
		claims["type"] = []any{"VerifiableCredential", issuer.ControlledSubstanceRegistration}
		l := claims["credentialSubject"].(map[string]any)["licence"].(map[string]any)
		delete(l, "profession")
		l["schedules"] = []any{"II"}
	})
	if err != nil {
		return nil, err
	}
	return s.anchored(ctx, c.nursing, c.nBoard, d)
}

// anchored puts a credential on the ledger and signs it, as a board does that is
// not held up by its own checks.
func (s *story) anchored(ctx context.Context, h *home.Home, b *issuer.Board, d *vc.Draft) ([]byte, error) {
	a := ledger.Anchor{Size: 1, Salt: [16]byte{1}}
	leaf, err := d.Leaf(b.Ledger.ChainID(), a.Salt)
	if err != nil {
		return nil, err
	}
	root, err := a.BatchRoot(leaf)
	if err != nil {
		return nil, err
	}
	next := s.o.Now().UTC().AddDate(3, 0, 0)
	r, err := h.Send(ctx, ledger.AnchorBatch{Root: root, Size: 1, LastValidity: ledger.Month{Year: uint16(next.Year()), Month: uint8(next.Month())}})
	if err != nil {
		return nil, err
	}
	node, err := h.Client()
	if err != nil {
		return nil, err
	}
	for height := r.Height; ; height++ {
		at, err := node.BatchPath(ctx, b.DID, root)
		if err != nil {
			return nil, err
		}
		if !at.Pending {
			a.Epoch, a.Batch, a.BatchPath = at.Epoch, at.Position, at.Path
			break
		}
		if _, err := node.Wait(ctx, height+1); err != nil {
			return nil, err
		}
	}
	key, err := boardSigner(h, b)
	if err != nil {
		return nil, err
	}
	return seal(d, b, key, a, s.o.Now())
}

// unanchored signs with the medicine board's issuing key what its ledger key
// never put on the ledger.
func (s *story) unanchored(c *cast, epoch uint64) ([]byte, error) {
	raw, err := os.ReadFile(s.path("copy-plain.json"))
	if err != nil {
		return nil, err
	}
	d, err := draft(raw, func(claims map[string]any) {
		claims["credentialSubject"].(map[string]any)["familyName"] = "Nobody"
	})
	if err != nil {
		return nil, err
	}
	key, err := boardSigner(c.medicine, c.mBoard)
	if err != nil {
		return nil, err
	}
	return seal(d, c.mBoard, key, ledger.Anchor{Epoch: epoch, Size: 1}, s.o.Now())
}

// unplug shuts down the ledger and every listener.
func (s *story) unplug(context.Context, *cast) error {
	for _, h := range s.homes {
		if err := h.StopNode(); err != nil {
			return fmt.Errorf("stopping the ledger: %w", err)
		}
	}
	s.tell("The ledger and every listener are shut down", "From here on nobody can be asked.")
	return nil
}

// again verifies everything once more with the network gone.
func (s *story) again(ctx context.Context, c *cast) error {
	for i, item := range c.claimed {
		req, pres := fmt.Sprintf("request-unplugged-%d.json", i+1), fmt.Sprintf("presentation-unplugged-%d.json", i+1)
		if err := s.request(ctx, c.hospital, "Demo Hospital", req); err != nil {
			return err
		}
		if err := s.answer(ctx, c, item, req, pres); err != nil {
			return err
		}
		err := s.verify(ctx, check{
			name: fmt.Sprintf("Unplugged: claimed licence %d, presented to a new request", i+1), expect: verifier.Verified,
			hospital: c.hospital, file: pres, request: req, purpose: verifier.Privileging,
		})
		if err != nil {
			return err
		}
	}
	if err := s.few(ctx, c, "request-unplugged-few.json", "presentation-unplugged-few.sd-jwt"); err != nil {
		return err
	}
	err := s.verify(ctx, check{
		name: "Unplugged: as an SD-JWT VC, to a new request", expect: verifier.Verified,
		hospital: c.hospital, file: "presentation-unplugged-few.sd-jwt", request: "request-unplugged-few.json", purpose: verifier.Privileging,
	})
	if err != nil {
		return err
	}
	for _, x := range []struct {
		name, file string
		expect     verifier.Verdict
	}{
		{"Unplugged: the licence on probation", "copy-probation.json", verifier.Verified},
		{"Unplugged: the reinstated licence", "copy-suspended.json", verifier.Verified},
		{"Unplugged: the revoked licence", "copy-revoked.json", verifier.Rejected},
	} {
		if err := s.verify(ctx, check{name: x.name, expect: x.expect, hospital: c.hospital, file: x.file, purpose: verifier.Monitoring}); err != nil {
			return err
		}
	}
	return nil
}

// mustFail is what must not pass.
func (s *story) mustFail(ctx context.Context, c *cast) error {
	if err := s.request(ctx, c.hospital, "Demo Hospital", "request-for-us.json"); err != nil {
		return err
	}
	expires, err := time.Parse(time.DateOnly, c.expiring.Expires)
	if err != nil {
		return err
	}
	after := expires.Add(2 * day).Sub(s.o.Now())
	for _, x := range []check{
		{name: "A tampered credential", expect: verifier.Rejected, file: "tampered.json", purpose: verifier.Monitoring},
		{name: "From a board not accredited for the type", expect: verifier.Rejected, file: "unaccredited.json", purpose: verifier.Monitoring},
		{name: "An expired one", expect: verifier.Rejected, file: "copy-expiring.json", purpose: verifier.Monitoring, shift: after},
		{name: "Real key, never anchored, epoch inside the data", expect: verifier.Rejected, file: "unanchored-past.json", purpose: verifier.Monitoring},
		{name: "Real key, never anchored, next epoch beyond the data", expect: verifier.Unconfirmed, file: "unanchored-next.json", purpose: verifier.Monitoring},
		{name: "Real key, never anchored, epoch in the far future", expect: verifier.Rejected, file: "unanchored-far.json", purpose: verifier.Monitoring},
		{name: "A register copy where binding is required", expect: verifier.Unconfirmed, file: "copy-plain.json", purpose: verifier.Privileging},
		{name: "An SD-JWT VC without its key binding, as a copy would be", expect: verifier.Unconfirmed, file: "presentation-stripped.sd-jwt", request: "request-stripped.json", purpose: verifier.Privileging},
		{name: "An SD-JWT VC with another name in it", expect: verifier.Rejected, file: "presentation-exchanged.sd-jwt", request: "request-exchanged.json", purpose: verifier.Privileging},
		{name: "A replayed presentation", expect: verifier.Rejected, file: "presentation-1.json", request: "request-1.json", purpose: verifier.Privileging},
		{name: "A presentation made for another hospital", expect: verifier.Rejected, file: "presentation-elsewhere.json", request: "request-for-us.json", purpose: verifier.Privileging},
		{name: "Data too old for the purpose", expect: verifier.Unconfirmed, file: "copy-plain.json", purpose: verifier.Monitoring, shift: 31 * day},
		{name: "A clock set back a year", expect: verifier.Unconfirmed, file: "copy-plain.json", purpose: verifier.Monitoring, shift: -365 * day},
	} {
		x.hospital = c.hospital
		if err := s.verify(ctx, x); err != nil {
			return err
		}
	}
	return nil
}
