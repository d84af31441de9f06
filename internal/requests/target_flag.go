package requests

import (
	"slices"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/identity"
)

// TargetFlag is the row that says, in the officer's own words, that a person is one
// of those whose rights need special care. It is written with the request, and is
// part of what the agency signs.
type TargetFlag struct {
	Request ID
	Agency  identity.AgencyID
	Target  TargetID
	Flag    string // of the policy's sensitive flags
	EventID audit.EventID
}

// ID names the row: one for each target and flag.
func (f TargetFlag) ID() string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("flag "+string(f.Target)+" "+f.Flag)).String()
}

// flagRows are the rows of a target's flags.
func (t Target) flagRows() (rows []any) {
	for _, flag := range t.Flags {
		rows = append(rows, &TargetFlag{Request: t.Request, Agency: t.Agency, Target: t.ID, Flag: flag})
	}
	return rows
}

// readFlags keeps what the officer says of the persons, in the order of the letters,
// each once.
func (s *Service) readFlags(r *reader, in []TargetInput, targets []Target) {
	for i := range targets {
		for _, typed := range in[i].Flags {
			if !s.rightsFlag(typed) {
				r.fail("target"+itoa(i+1)+"_flags", "Choose from the list what is known of the person, or leave it open.")
			}
		}
		targets[i].Flags = slices.Compact(slices.Sorted(slices.Values(in[i].Flags)))
	}
}

// FlaggedByOfficer tells whether the officer says of somebody in the case that their
// rights need special care.
func (c Case) FlaggedByOfficer() bool {
	return slices.ContainsFunc(c.Request.Targets, func(t Target) bool { return len(t.Flags) > 0 })
}
