package fraud

import (
	"context"
	"slices"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/requests/identifier"
	"lerd/internal/risk"
)

// last gives a case's last statement, made anew, with what is on file.
func (s *Service) last(ctx context.Context, id requests.ID) (Statement, File, error) {
	st, err := s.Refresh(ctx, id)
	if err != nil {
		return st, File{}, err
	}
	file, err := s.Store.RiskFile(system(ctx), id)
	return st, file, err
}

// Look gives the statement of a case and what is on file beside it to who may
// see the case.
func (s *Service) Look(ctx context.Context, c requests.Case) (File, []Because, error) {
	if _, _, err := s.may(ctx, "view", "risk", c.Request.Agency); err != nil {
		return File{}, nil, err
	}
	_, file, err := s.last(ctx, c.Request.ID)
	if fault.KindOf(err) == fault.Unavailable && err != nil { // the order waits for the scanner: what was stated before is shown
		file, err = s.Store.RiskFile(system(ctx), c.Request.ID)
	}
	if err != nil {
		return file, nil, err
	}
	stops, err := s.Store.Stops(system(ctx), c.Request)
	return file, stops, err
}

// ProposeOverride asks to go without a check that the last statement asks for.
func (s *Service) ProposeOverride(ctx context.Context, id requests.ID, demand risk.Demand, reason string) (err error) {
	defer fault.Wrap(&err, "fraud.ProposeOverride(%s)", id)
	actor, rule, err := s.may(ctx, "override", "risk", "")
	if err != nil {
		return err
	}
	st, _, err := s.last(ctx, id)
	if err != nil {
		return err
	}
	var problems []fault.Problem
	if !st.has(demand) || demand == risk.Counsel {
		problems = append(problems, fault.Problem{Field: "demand", Message: "Choose a check that is asked for and that can be gone without."})
	}
	text, err := reasonOf("reason", reason)
	problems = append(problems, fault.ProblemsOf(err)...)
	if err := fault.Fields(problems); err != nil {
		return err
	}
	o := Override{ID: newID(), Statement: st.ID, Request: id, Agency: st.Agency, Demand: demand, Reason: personal.NewText(text), State: Proposed, ProposedBy: actor.Person, ProposedAt: s.now(), Version: 1}
	e := change.Event(ctx, o.ProposedAt, "risk.override_proposed", "override:"+o.ID, 1)
	e.Facts["request"], e.Facts["demand"], e.Facts["rule"] = string(id), string(demand), rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&o}}}, Key: change.KeyFrom(ctx, "/review/"+string(id)+"/risk")})
}

func (st Statement) has(d risk.Demand) bool { return slices.Contains(st.Demands, d) }

// DecideOverride is the second person's yes or no.
func (s *Service) DecideOverride(ctx context.Context, id requests.ID, override, note string, agree bool) (err error) {
	defer fault.Wrap(&err, "fraud.DecideOverride(%s)", override)
	actor, rule, err := s.may(ctx, "override", "risk", "")
	if err != nil {
		return err
	}
	_, file, err := s.last(ctx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(file.Overrides, func(o Override) bool { return o.ID == override })
	if i < 0 {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	o := file.Overrides[i]
	if o.State != Proposed {
		return fault.New(fault.Conflict, "This was decided already. Reload the page.")
	}
	if o.ProposedBy == actor.Person {
		return sameOne
	}
	text, err := reasonOf("note", note)
	if err != nil {
		return err
	}
	o.State, o.DecidedBy, o.DecidedAt, o.DecidedNote, o.Version = Declined, actor.Person, s.now(), personal.NewText(text), o.Version+1
	if agree {
		o.State = Agreed
	}
	e := change.Event(ctx, o.DecidedAt, "risk.override_"+o.State, "override:"+o.ID, o.Version)
	e.Facts["request"], e.Facts["demand"], e.Facts["rule"] = string(id), string(o.Demand), rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&o}}}, Key: change.KeyFrom(ctx, "/review/"+string(id)+"/risk")})
}

// Clear is counsel's word that a case may go on under its last statement.
func (s *Service) Clear(ctx context.Context, id requests.ID, note string) (err error) {
	defer fault.Wrap(&err, "fraud.Clear(%s)", id)
	actor, rule, err := s.may(ctx, "clear", "risk", "")
	if err != nil {
		return err
	}
	st, _, err := s.last(ctx, id)
	if err != nil {
		return err
	}
	if !st.has(risk.Counsel) {
		return fault.New(fault.Conflict, "The statement of this case does not ask for counsel. Reload the page.")
	}
	text, err := reasonOf("note", note)
	if err != nil {
		return err
	}
	c := Clearance{ID: newID(), Statement: st.ID, Request: id, Agency: st.Agency, By: actor.Person, Note: personal.NewText(text), At: s.now()}
	e := change.Event(ctx, c.At, "risk.cleared", "clearance:"+c.ID, 1)
	e.Facts["request"], e.Facts["level"], e.Facts["rule"] = string(id), string(st.Level), rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&c}}}, Key: change.KeyFrom(ctx, "/review/"+string(id)+"/risk")})
}

// Whys lists why somebody is on counsel's list.
var Whys = []string{"journalist", "lawyer", "politician", "clergy", "diplomat", "doctor", "minor", "activist", "judge", "other"}

// MarkSensitive puts somebody on counsel's list. The name itself is not kept.
func (s *Service) MarkSensitive(ctx context.Context, kind, typed, why string) (err error) {
	defer fault.Wrap(&err, "fraud.MarkSensitive")
	actor, rule, err := s.may(ctx, "mark", "risk", "")
	if err != nil {
		return err
	}
	var problems []fault.Problem
	if !slices.Contains(Whys, why) {
		problems = append(problems, fault.Problem{Field: "why", Message: "Choose why."})
	}
	parsed, err := identifier.Parse(records.Kind(kind), typed)
	if err != nil {
		problems = append(problems, fault.Problem{Field: "identifier", Message: fault.Message(err)})
	}
	if err := fault.Fields(problems); err != nil {
		return err
	}
	m := Mark{ID: newID(), Kind: kind, Hash: s.markHash(kind, parsed.Canonical.Reveal()), Why: why, AddedBy: actor.Person, AddedAt: s.now(), Version: 1}
	e := change.Event(ctx, m.AddedAt, "risk.marked", "mark:"+m.ID, 1)
	e.Facts["why"], e.Facts["rule"] = why, rule
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&m}}}, Key: change.KeyFrom(ctx, "/sensitive")})
}
