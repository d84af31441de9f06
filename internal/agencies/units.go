package agencies

import (
	"context"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests/identifier"
)

// AddUnit adds a unit to an agency, e.g. a station or a department, whose
// officers share their cases. Its administrator does this; lerd itself for
// invented agencies.
func (s *Service) AddUnit(ctx context.Context, id identity.AgencyID, name string) (_ identity.UnitID, err error) {
	defer fault.Wrap(&err, "agencies.AddUnit(%s)", id)
	_, rule, err := s.may(ctx, "manage", "unit", id)
	if err != nil {
		return "", err
	}
	if s.Repeats != nil {
		if err := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); err != nil {
			return "", err
		}
	}
	name, err = identifier.Name("name", name)
	if err != nil {
		return "", err
	}
	u := identity.Unit{ID: newID[identity.UnitID](), Agency: id, Name: name, Active: true, Version: 1}
	e := change.Event(ctx, s.now(), "unit.added", "unit:"+string(u.ID), 1)
	e.Facts["agency"], e.Facts["rule"] = string(id), rule
	err = s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&u}}}, Key: change.KeyFrom(ctx, AdminPath)})
	if fault.KindOf(err) == fault.Conflict {
		err = fault.Fields([]fault.Problem{{Field: "name", Message: "A unit of this name is there already."}})
	}
	return u.ID, err
}

// AdminPath is where an agency's administrator begins.
const AdminPath = "/agency"
