package agencies

import (
	"context"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Impostors tells look-alikes from names on file, and keeps the register of
// fraud.
type Impostors interface {
	// Resembles gives the name on file for which a domain, or that of a mail
	// address, would be taken, "" for none; close where it is drawn alike or made
	// of the same letters. Names of the agency itself are not compared.
	Resembles(ctx context.Context, address string, agency identity.AgencyID) (known string, close bool, err error)
	// Impostor gives the part that puts a refused registration into the register.
	Impostor(ctx context.Context, agency identity.AgencyID, round string, because audit.EventID) change.Part
}

// impostor is the reason of an abandoned round that stands in the register.
const impostor = "impostor"

// resembling compares the domains of entries with those on file: one that is
// drawn like another is refused, and one that is near to another is given back to
// be said in the event. Issuers' addresses are compared like the agency's own.
func (s *Service) resembling(ctx context.Context, agency identity.AgencyID, details []Detail) (near []string, err error) {
	if s.Impostors == nil {
		return nil, nil
	}
	var problems []fault.Problem
	for _, d := range details {
		if d.Kind != Domain && d.Channel != Email {
			continue
		}
		known, closely, err := s.Impostors.Resembles(ctx, d.Value, agency)
		switch {
		case err != nil:
			return nil, err
		case closely:
			problems = append(problems, fault.Problem{Field: fieldOf(d), Message: "Compare the letters: this name would be taken for " + known + ", which is on file. If the directory really has it, have an auditor look at both."})
		case known != "":
			near = append(near, known)
		}
	}
	return near, fault.Fields(problems)
}

func fieldOf(d Detail) string {
	if d.Kind == Domain {
		return "domains"
	}
	return string(d.Kind) + "-value"
}

func joined(near []string) string { return strings.Join(near, " ") }
