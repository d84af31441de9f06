package oversight

import (
	"context"
	"time"

	"lerd/internal/fault"
)

// Holder is one person who acted in one role, from when to when.
type Holder struct {
	Person, Name, Role string
	From, To           time.Time
	Events             int64
}

// TwoDuties is one person who had two parts in one case.
type TwoDuties struct {
	Case, Ref, Person, Name string
	Duties                  []string
}

// ConflictingRoles are the pairs of roles that nobody may ever have held both of.
var ConflictingRoles = [][2]string{
	{"officer", "reviewer"}, {"officer", "approver"}, {"officer", "confirmer"}, {"officer", "counsel"}, {"officer", "auditor"}, {"officer", "registrar"}, {"officer", "administrator"},
	{"reviewer", "approver"}, {"reviewer", "confirmer"}, {"confirmer", "approver"}, {"auditor", "administrator"}, {"auditor", "registrar"},
	{"auditor", "reviewer"}, {"auditor", "approver"}, {"auditor", "confirmer"}, {"auditor", "counsel"}, {"registrar", "agency_admin"},
}

// DutyStore reads who had which part, from the index of the log.
type DutyStore interface {
	// Holders lists who acted in which role, by person.
	Holders(ctx context.Context) ([]Holder, error)
	// TwoDuties lists people who had two parts in one case, the newest first.
	TwoDuties(ctx context.Context, limit int) ([]TwoDuties, error)
	// CasesJudged gives how many cases somebody had a part in.
	CasesJudged(ctx context.Context) (int64, error)
}

// DutyReport is the report on the separation of duties, as the log shows it.
type DutyReport struct {
	Holders   []Holder
	Conflicts []Conflict // people who held two roles that exclude each other
	Twice     []TwoDuties
	Cases     int64 // that were looked at
}

// Conflict is one person who held two roles that exclude each other.
type Conflict struct{ A, B Holder }

// DutyReport computes the report, after the event that says who asked for it.
func (s *Service) DutyReport(ctx context.Context) (r DutyReport, err error) {
	defer fault.Wrap(&err, "oversight.DutyReport")
	return s.dutyReport(ctx, "page", mostListed)
}

func (s *Service) dutyReport(ctx context.Context, form string, limit int) (r DutyReport, err error) {
	if err := s.asked(ctx, Search{Name: "duties"}, form); err != nil {
		return r, err
	}
	if r.Holders, err = s.Duties.Holders(ctx); err != nil {
		return r, err
	}
	r.Conflicts = conflicts(r.Holders)
	if r.Cases, err = s.Duties.CasesJudged(ctx); err != nil {
		return r, err
	}
	r.Twice, err = s.Duties.TwoDuties(ctx, limit)
	return r, err
}

func conflicts(list []Holder) (out []Conflict) {
	roles := map[string]map[string]Holder{}
	for _, h := range list {
		if roles[h.Person] == nil {
			roles[h.Person] = map[string]Holder{}
		}
		roles[h.Person][h.Role] = h
	}
	for _, h := range list {
		for _, pair := range ConflictingRoles {
			if other, both := roles[h.Person][pair[1]]; both && h.Role == pair[0] {
				out = append(out, Conflict{h, other})
			}
		}
	}
	return out
}
