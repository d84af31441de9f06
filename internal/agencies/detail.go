package agencies

import (
	"slices"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Kind is what an entry is about.
type Kind string

// The kinds of entry. Name, CallBack and Oversight are single; of the others
// there may be several at a time.
const (
	Name        Kind = "name"
	Domain      Kind = "domain"      // of mail
	Certificate Kind = "certificate" // to which bundles are encrypted
	CallBack    Kind = "call_back"   // number for calling back
	Oversight   Kind = "oversight"   // body that watches over the agency
	Issuer      Kind = "issuer"      // court or authority that issues orders for it
)

// Kinds lists them in the order in which they are shown.
var Kinds = []Kind{Name, CallBack, Domain, Certificate, Oversight, Issuer}

// Single tells whether one entry of the kind is in force at a time.
func (k Kind) Single() bool { return k == Name || k == CallBack || k == Oversight }

// Contact tells whether an entry of the kind says how somebody is reached.
func (k Kind) Contact() bool { return k == CallBack || k == Oversight || k == Issuer }

// Channel is how a contact is reached.
type Channel string

// The channels.
const (
	NoChannel Channel = ""
	Phone     Channel = "phone"
	Email     Channel = "email"
	Post      Channel = "post"
)

// DetailState is how far an entry is.
type DetailState string

// The states of an entry.
const (
	DetailProposed DetailState = "proposed"
	DetailApproved DetailState = "approved" // in force from a time on
	DetailDeclined DetailState = "declined"
	DetailRetired  DetailState = "retired"
)

// Detail is one thing that is on file about an agency. What it says never
// changes: another entry replaces it.
type Detail struct {
	ID                 DetailID
	Agency             identity.AgencyID
	Kind               Kind
	Name               string // of a contact
	Channel            Channel
	Value              string // number, address, domain, PEM
	Fingerprint        string // of a certificate: SHA-256, hexadecimal
	ValidFrom, ValidTo time.Time
	Source             Source
	State              DetailState
	ProposedBy         identity.PersonID
	ProposedAt         time.Time
	ApprovedBy         identity.PersonID
	ApprovedAt         time.Time
	InForceFrom        time.Time
	Replaces           DetailID
	RetiredBy          identity.PersonID
	RetiredAt          time.Time
	Assertion          identity.AssertionID
	Version            int64
	EventID            audit.EventID
}

// begun tells whether an entry was approved and its waiting time is over.
func (d Detail) begun(now time.Time) bool {
	return d.State == DetailApproved && !now.Before(d.InForceFrom)
}

// took tells whether an entry has come into force by now, whatever became of it
// since: what it replaced does not come back when it is retired.
func (d Detail) took(now time.Time) bool {
	return d.begun(now) || d.State == DetailRetired && !d.RetiredAt.Before(d.InForceFrom)
}

// InForce gives the entries of a kind that are used at now: approved, waited
// for, not retired, and not replaced by one that has come into force. The one
// longest in force comes first.
func InForce(all []Detail, kind Kind, now time.Time) (out []Detail) {
	replaced := map[DetailID]bool{}
	for _, d := range all {
		if d.took(now) && d.Replaces != "" {
			replaced[d.Replaces] = true
		}
	}
	for _, d := range all {
		if d.Kind == kind && d.begun(now) && !replaced[d.ID] {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b Detail) int { return a.InForceFrom.Compare(b.InForceFrom) })
	return out
}

// Waiting gives the entries that were approved and are not used yet.
func Waiting(all []Detail, now time.Time) (out []Detail) {
	for _, d := range all {
		if d.State == DetailApproved && now.Before(d.InForceFrom) {
			out = append(out, d)
		}
	}
	return out
}

// ChangedSince gives the entries in force at now that came into force after a
// time, but not with the agency's first activation.
func ChangedSince(all []Detail, since, now time.Time) (out []Detail) {
	for _, kind := range Kinds {
		for _, d := range InForce(all, kind, now) {
			if d.InForceFrom.After(since) && d.InForceFrom.After(d.ApprovedAt) {
				out = append(out, d)
			}
		}
	}
	return out
}

// current gives the certificate to which bundles are encrypted at now: of those
// in force and within their own time the one that was issued last, and of two such the newer here.
func current(all []Detail, now time.Time) (best Detail, ok bool) {
	for _, d := range InForce(all, Certificate, now) {
		if now.Before(d.ValidFrom) || !now.Before(d.ValidTo) {
			continue
		}
		if !ok || !d.ValidFrom.Before(best.ValidFrom) {
			best, ok = d, true
		}
	}
	return best, ok
}

// Copy gives the agency's row as what is in force at now makes it; of several
// mail domains it holds the one that it held, if that is still among them. An
// agency without a certificate in its time has none: nothing can be sealed for it.
func Copy(a identity.Agency, all []Detail, now time.Time) identity.Agency {
	first := func(kind Kind, was string) string {
		list := InForce(all, kind, now)
		if len(list) == 0 {
			return ""
		}
		for _, d := range list {
			if d.Value == was {
				return was
			}
		}
		return list[0].Value
	}
	if name := first(Name, a.Name); name != "" {
		a.Name = name
	}
	a.CallBack, a.Domain = first(CallBack, a.CallBack), first(Domain, a.Domain)
	a.CertPEM = nil
	if c, ok := current(all, now); ok {
		a.CertPEM = []byte(c.Value)
	}
	return a
}

// same tells whether two rows say the same of what is in force.
func same(a, b identity.Agency) bool {
	return a.Name == b.Name && a.CallBack == b.CallBack && a.Domain == b.Domain && string(a.CertPEM) == string(b.CertPEM)
}

func (d Dossier) detail(id DetailID) (Detail, error) {
	for _, x := range d.Details {
		if x.ID == id {
			return x, nil
		}
	}
	return Detail{}, fault.New(fault.NotFound, "There is nothing here.")
}
