package model

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"bonafide/internal/explain"
	"bonafide/internal/home"
	"bonafide/verifier"
)

// ListingForm is what a person says about an issuer outside the network that the
// hospital is to trust itself.
type ListingForm struct {
	DID   string // unless Root is there
	Root  *RootPreview
	Name  string
	Types string // with blanks between them
	Until string // 2027-06-30; the last day
}

// RootPreview is an issuer's certificate before it is trusted.
type RootPreview struct {
	Name    string
	Until   string // in words
	Compare *Comparison

	root home.Root
}

// Type compares what a person types with the certificate's fingerprint.
func (p RootPreview) Type(w Words, text string) *RootPreview {
	p.Compare = p.Compare.with(text, w.L("This is not the same. Do not go on: ask the issuer for its certificate and fingerprint again."))
	return &p
}

// Tick says that a row of the fingerprint is the same, or takes that back.
func (p RootPreview) Tick(row int, yes bool) *RootPreview {
	p.Compare = p.Compare.ticked(row, yes)
	return &p
}

// maxCertificate bounds a certificate's file.
const maxCertificate = 64 << 10

// ReadRoot reads an issuer's certificate. Codes file_unreadable, file_too_large,
// root_unusable.
func (d *Data) ReadRoot(f File) (*RootPreview, error) {
	b, err := readAll(f, maxCertificate)
	if err != nil {
		return nil, err
	}
	root, err := home.ReadRoot(bytes.TrimSpace(b), d.now())
	if err != nil {
		return nil, err
	}
	return &RootPreview{
		Name:    Plain(root.Name),
		Until:   d.words.L("In force until {{.When}}.", D{"When": d.words.Stamp(root.NotAfter)}),
		Compare: &Comparison{Rows: fingerprintInRows(grouped(root.Fingerprint)), own: root.Fingerprint},
		root:    root,
	}, nil
}

// ListingUntil is the day that a form begins with: a year from now.
func (d *Data) ListingUntil() string { return d.now().UTC().AddDate(1, 0, 0).Format(time.DateOnly) }

// issuer is what a form says, as the home takes it. Codes listing_until,
// listing_types, fingerprint_not_compared.
func (f ListingForm) issuer() (verifier.ListedIssuer, error) {
	out := verifier.ListedIssuer{ID: strings.TrimSpace(f.DID), Name: strings.TrimSpace(f.Name)}
	for t := range strings.FieldsSeq(f.Types) {
		if t = strings.TrimRight(t, ","); t != "" && !slices.Contains(out.Types, t) {
			out.Types = append(out.Types, t)
		}
	}
	if len(out.Types) == 0 {
		return out, explain.Errorf("listing_types", "no type is named")
	}
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(f.Until))
	if err != nil {
		return out, explain.Errorf("listing_until", "not a day")
	}
	out.Until = day.Add(24*time.Hour - time.Second)
	if r := f.Root; r != nil {
		if !r.Compare.Same() {
			return out, explain.Errorf("fingerprint_not_compared", "nobody compared it")
		}
		out.ID, out.Root = r.root.ID(), r.root.DER
		if out.Name == "" {
			out.Name = r.root.Name
		}
		if out.Until.After(r.root.NotAfter) {
			out.Until = r.root.NotAfter
		}
	}
	return out, nil
}

// AddIssuer puts an issuer on the hospital's own list. The error is for the form
// that asked; codes as for home.AddIssuer, and those of the form.
func (d *Data) AddIssuer(ctx context.Context, f ListingForm) error {
	d.begin()
	i, err := f.issuer()
	if err == nil {
		err = d.feeding.AddIssuer(ctx, i, false)
	}
	if err != nil {
		return err
	}
	d.Refresh(ctx)
	said := []string{d.words.L("{{.Issuer}} is on your list.", D{"Issuer": Plain(i.ID)})}
	if i.Name != "" {
		said[0] = d.words.L("{{.Issuer}} is on your list.", D{"Issuer": Plain(i.Name)})
	}
	if strings.HasPrefix(i.ID, "did:web:") {
		said = append(said, d.words.L("What it publishes comes with the next sync; until then nothing of it can be confirmed."))
	}
	d.update(func(s *DataState) { s.Said = said })
	return nil
}

// RemoveIssuer takes an issuer off the hospital's own list; the result puts it
// back, nil where nothing was removed. What was fetched for it comes with the
// next sync again.
func (d *Data) RemoveIssuer(ctx context.Context, id string) (undo func(context.Context)) {
	d.begin()
	before, err := d.feeding.Listings()
	at := slices.IndexFunc(before, func(l home.Listing) bool { return l.ID == id })
	if err == nil {
		err = d.feeding.RemoveIssuer(ctx, id)
	}
	d.Refresh(ctx)
	if err != nil || at < 0 {
		d.failed(ctx, err)
		return nil
	}
	if before[at].Until.Before(d.now()) {
		return nil // what has run out cannot be listed anew
	}
	return func(ctx context.Context) {
		err := d.feeding.AddIssuer(ctx, before[at].ListedIssuer, false)
		d.Refresh(ctx)
		d.failed(ctx, err)
	}
}
