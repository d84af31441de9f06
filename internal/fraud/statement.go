package fraud

import (
	"context"
	"slices"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/risk"
)

// File is what is on file about the risk of a case.
type File struct {
	Statements []Statement // the newest last
	Echoes     []Echo      // in their order
	Clearances []Clearance
	Overrides  []Override
	Holds      []Hold
	CalledBack bool // the agency confirmed the request when it was called back
}

// Last gives the statement that counts.
func (f File) Last() (Statement, bool) {
	if len(f.Statements) == 0 {
		return Statement{}, false
	}
	return f.Statements[len(f.Statements)-1], true
}

// EchoAnswer gives what the issuer said last, "" where it said nothing.
func (f File) EchoAnswer() string {
	said := ""
	for _, e := range f.Echoes {
		if e.State == Answered {
			said = e.Answer
		}
	}
	return said
}

// Unmet gives the checks that the last statement asks for and that are missing.
// The database holds the same a second time (unmet_demand).
func (f File) Unmet() []risk.Demand {
	st, ok := f.Last()
	if !ok {
		return nil
	}
	var out []risk.Demand
	for _, d := range st.Demands {
		if !f.met(st, d) {
			out = append(out, d)
		}
	}
	return out
}

func (f File) met(st Statement, d risk.Demand) bool {
	if slices.ContainsFunc(f.Overrides, func(o Override) bool { return o.Statement == st.ID && o.Demand == d && o.State == Agreed }) {
		return true
	}
	switch d {
	case risk.Echo:
		return slices.ContainsFunc(f.Echoes, func(e Echo) bool { return e.Answer == Issued })
	case risk.CallBack:
		return f.CalledBack
	case risk.Counsel:
		return slices.ContainsFunc(f.Clearances, func(c Clearance) bool { return c.Statement == st.ID })
	}
	return false
}

// wanting says what a missing check is, for the person whose step waits for it.
var wanting = map[risk.Demand]string{
	risk.Echo:     "the issuer has not confirmed the order",
	risk.CallBack: "nobody has called the agency back",
	risk.Counsel:  "counsel has not looked at the statement of risk",
}

// why says what stops a case.
var why = map[Because]string{
	EchoDenied: "the issuer did not issue its order", CallBackDenied: "the agency did not make it", Disowned: "the agency's administrator says that nobody of theirs made it", Malware: "one of its documents is harmful",
	AgencyContained: "its agency is stopped", OfficerContained: "its officer is stopped",
}

// Guard refuses a step towards a release where the case is stopped, or its
// statement of risk asks for a check that is missing. The statement is made
// anew first, so that it says what is known now.
func (s *Service) Guard(ctx context.Context, c requests.Case) (err error) {
	defer fault.Wrap(&err, "fraud.Guard(%s)", c.Request.ID)
	if err := s.Running(ctx, c); err != nil {
		return err
	}
	if _, err := s.Refresh(ctx, c.Request.ID); err != nil {
		return err
	}
	file, err := s.Store.RiskFile(system(ctx), c.Request.ID)
	if err != nil {
		return err
	}
	if missing := file.Unmet(); len(missing) > 0 {
		var said []string
		for _, d := range missing {
			said = append(said, wanting[d])
		}
		return fault.New(fault.Gate, "What is unusual about this request asks for more checks: %s.", strings.Join(said, "; "))
	}
	return nil
}

// Running refuses where a case is stopped.
func (s *Service) Running(ctx context.Context, c requests.Case) error {
	stops, err := s.Store.Stops(system(ctx), c.Request)
	if err != nil {
		return err
	}
	if len(stops) > 0 {
		return fault.New(fault.Gate, "This case is stopped: %s. Nothing leaves until two people let it go on.", why[stops[0]])
	}
	return nil
}

// refreshTries is how often a statement is made where somebody else makes one at
// the same time.
const refreshTries = 4

// Refresh makes the statement of a case, and keeps it where it says something
// else than the last one. Jobs and people who look at a case make it at once:
// whoever comes second looks at what the first one found.
func (s *Service) Refresh(ctx context.Context, id requests.ID) (st Statement, err error) {
	defer fault.Wrap(&err, "fraud.Refresh(%s)", id)
	for range refreshTries {
		if st, err = s.refresh(system(ctx), id); fault.KindOf(err) != fault.Conflict {
			return st, err
		}
	}
	return st, err
}

func (s *Service) refresh(ctx context.Context, id requests.ID) (st Statement, err error) {
	c, err := s.Store.Case(ctx, id)
	if err != nil {
		return st, err
	}
	file, err := s.Store.RiskFile(ctx, id)
	if err != nil {
		return st, err
	}
	last, there := file.Last()
	if there && !c.Request.State.Open() {
		return last, nil // what has ended keeps the statement under which it ended
	}
	var facts risk.Facts
	if !s.Practice {
		if facts, err = s.facts(ctx, c); err != nil {
			return st, err
		}
	}
	found := s.Policy.State(facts)
	if c.Request.Emergency && !s.Practice && !found.Wants(risk.CallBack) {
		found.Demands = append(slices.Clone(found.Demands), risk.CallBack)
	}
	if there && sameStatement(last, found) {
		return last, nil
	}
	st = Statement{ID: newID(), Request: id, Agency: c.Request.Agency, Version: last.Version + 1, Level: found.Level, Score: found.Score,
		Demands: found.Demands, Factors: found.Factors, Policy: s.Policy.Digest, At: s.now()}
	return st, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: s.stated(ctx, c, st), Insert: []any{&st}}}})
}

func (s *Service) stated(ctx context.Context, c requests.Case, st Statement) audit.Event {
	e := change.Event(ctx, st.At, "risk.stated", "risk:"+string(c.Request.ID), st.Version)
	e.Causes = []audit.EventID{c.Request.EventID}
	e.Facts["request"], e.Facts["level"], e.Facts["policy"] = string(c.Request.ID), string(st.Level), st.Policy
	var codes []string
	for _, f := range st.Factors {
		codes = append(codes, string(f.Code))
	}
	e.Facts["factors"] = strings.Join(codes, " ")
	return e
}

// counted are the factors whose evidence names things; of the others it is
// numbers that move, and a moved number makes no other statement.
var counted = []risk.Code{"lookalike_domain", "mixed_scripts", "unknown_domain", "same_file", "same_text_other_agency", "same_number_other_target",
	"same_picture_other_agency", "known_forgery", "sensitive_target", "sensitive_offence"}

func sameStatement(last Statement, found risk.Statement) bool {
	if last.Level != found.Level || len(last.Factors) != len(found.Factors) || !slices.Equal(last.Demands, found.Demands) {
		return false
	}
	for i, f := range found.Factors {
		was := last.Factors[i]
		if was.Code != f.Code || slices.Contains(counted, f.Code) && !slices.Equal(was.Evidence, f.Evidence) {
			return false
		}
	}
	return true
}
