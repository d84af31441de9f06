package agencies

import (
	"context"
	"slices"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// QueueLine is what an administrator sees of a request of their agency.
type QueueLine struct {
	Request    string
	Ref        string
	State      string
	Officer    identity.PersonID
	Name       string // of the officer
	Unit       string // of the officer, or empty
	Process    string
	Emergency  bool
	ReceivedAt time.Time
	EffectBy   time.Time
	Disowned   bool
	EventID    audit.EventID
}

// Member is one of an agency's people, with their unit's name.
type Member struct {
	Person identity.Person
	Unit   string
}

// Statement is a periodic statement of all requests made in an agency's name.
type Statement struct {
	ID         StatementID
	Agency     identity.AgencyID
	From, To   time.Time // dates: first day, and the first day after
	Requests   int
	MadeAt     time.Time
	LogSize    int64
	SumsSHA256 string
	Blob       string
	EventID    audit.EventID
}

// Disowned says that nobody of an agency made a request.
type Disowned struct {
	ID      string
	Request string
	Agency  identity.AgencyID
	By      identity.PersonID
	Reason  string
	At      time.Time
}

// DisownReasons are why a request is disowned.
var DisownReasons = []string{"unknown", "not_ours", "officer_denies", "account_stolen"}

// Offices keeps what administrators work with.
type Offices interface {
	// AgencyQueue gives the requests of the actor's agency, the newest first, at
	// most limit.
	AgencyQueue(ctx context.Context, limit int) ([]QueueLine, error)
	// Members gives an agency's people.
	Members(ctx context.Context, agency identity.AgencyID) ([]Member, error)
	// Units gives an agency's units by name.
	Units(ctx context.Context, agency identity.AgencyID) ([]identity.Unit, error)
	// Statements gives an agency's statements, the newest first.
	Statements(ctx context.Context, agency identity.AgencyID) ([]Statement, error)
	// DuePeople gives active people of agencies whose time to be confirmed anew
	// ends before a time.
	DuePeople(ctx context.Context, before time.Time) ([]identity.Person, error)
}

// Office is all that an administrator's page shows.
type Office struct {
	Agency     identity.Agency
	ValidUntil time.Time
	Units      []identity.Unit
	Members    []Member
	Queue      []QueueLine
	Statements []Statement
}

// queueShown is how many requests an administrator's page holds.
const queueShown = 500

// Office gives an administrator what is theirs.
func (s *Service) Office(ctx context.Context) (o Office, err error) {
	defer fault.Wrap(&err, "agencies.Office")
	actor, _ := identity.From(ctx)
	if _, _, err := s.may(ctx, "manage", "officer", actor.Agency); err != nil {
		return o, err
	}
	d, err := s.Store.Dossier(ctx, actor.Agency)
	if err != nil {
		return o, err
	}
	o.Agency, o.ValidUntil = d.Agency, d.ValidUntil()
	if o.Units, err = s.Offices.Units(ctx, actor.Agency); err != nil {
		return o, err
	}
	if o.Members, err = s.Offices.Members(ctx, actor.Agency); err != nil {
		return o, err
	}
	if o.Statements, err = s.Offices.Statements(ctx, actor.Agency); err != nil {
		return o, err
	}
	o.Queue, err = s.Offices.AgencyQueue(ctx, queueShown)
	return o, err
}

// member gives one of the actor's agency's people, or NotFound.
func (s *Service) member(ctx context.Context, id identity.PersonID) (identity.Person, string, error) {
	actor, rule, err := s.mayManage(ctx)
	if err != nil {
		return identity.Person{}, "", err
	}
	list, err := s.Offices.Members(ctx, actor.Agency)
	if err != nil {
		return identity.Person{}, "", err
	}
	for _, m := range list {
		if m.Person.ID == id && m.Person.Agency == actor.Agency {
			return m.Person, rule, nil
		}
	}
	return identity.Person{}, "", fault.New(fault.NotFound, "There is nothing here.")
}

func (s *Service) mayManage(ctx context.Context) (identity.Actor, string, error) {
	actor, _ := identity.From(ctx)
	actor, rule, err := s.may(ctx, "manage", "officer", actor.Agency)
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	return actor, rule, err
}

// Assign puts an officer into a unit.
func (s *Service) Assign(ctx context.Context, id identity.PersonID, unit identity.UnitID) (err error) {
	defer fault.Wrap(&err, "agencies.Assign(%s)", id)
	p, rule, err := s.member(ctx, id)
	if err != nil {
		return err
	}
	if p.Role != identity.Officer {
		return fault.New(fault.Conflict, "Only officers have a unit.")
	}
	units, err := s.Offices.Units(ctx, p.Agency)
	if err != nil {
		return err
	}
	if unit != "" && !slices.ContainsFunc(units, func(u identity.Unit) bool { return u.ID == unit && u.Active }) {
		return fault.Fields([]fault.Problem{{Field: "unit", Message: "Choose a unit of your agency."}})
	}
	p.Unit = unit
	return s.changed(ctx, p, "person.assigned", rule, nil)
}

// Reverify says that an officer still serves: they stay for another 180 days.
func (s *Service) Reverify(ctx context.Context, id identity.PersonID) (err error) {
	defer fault.Wrap(&err, "agencies.Reverify(%s)", id)
	p, rule, err := s.member(ctx, id)
	if err != nil {
		return err
	}
	actor, _ := identity.From(ctx)
	if p.ID == actor.Person {
		return fault.New(fault.Gate, "This is your own account. Another administrator, or a registrar, has to do this.")
	}
	if !p.Active {
		return fault.New(fault.Conflict, "This account is not in use; invite the person anew.")
	}
	p.ReverifyBy = s.now().Add(OfficerValidity)
	return s.changed(ctx, p, "person.reverified", rule, nil)
}

// changed commits a person's next version.
func (s *Service) changed(ctx context.Context, p identity.Person, kind, rule string, facts map[string]string) error {
	was := p.EventID
	p.Version++
	e := change.Event(ctx, s.now(), kind, "person:"+string(p.ID), 0)
	e.Facts["person"], e.Facts["agency"], e.Facts["rule"] = string(p.ID), string(p.Agency), rule
	for k, v := range facts {
		e.Facts[k] = v
	}
	causes(&e, was)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&p}}}, Key: change.KeyFrom(ctx, AdminPath)})
}

// Disown records that nobody of the administrator's agency made a request. It is
// an alarm, and once for each request.
func (s *Service) Disown(ctx context.Context, request, reason string) (err error) {
	defer fault.Wrap(&err, "agencies.Disown(%s)", request)
	actor, _ := identity.From(ctx)
	actor, rule, err := s.may(ctx, "disown", "request", actor.Agency)
	if err == nil && s.Repeats != nil {
		err = s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
	}
	if err != nil {
		return err
	}
	queue, err := s.Offices.AgencyQueue(ctx, queueShown)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(queue, func(q QueueLine) bool { return q.Request == request })
	switch {
	case i < 0:
		return fault.New(fault.NotFound, "There is nothing here.")
	case queue[i].Disowned:
		return fault.New(fault.Conflict, "Your agency has said so already. We are at it.")
	case !slices.Contains(DisownReasons, reason):
		return fault.Fields([]fault.Problem{{Field: "reason", Message: "Say what you know about this request."}})
	}
	d := Disowned{ID: newID[string](), Request: request, Agency: actor.Agency, By: actor.Person, Reason: reason, At: s.now()}
	e := change.Event(ctx, s.now(), "agency.disowned_request", "disowned:"+request, 1)
	e.Facts["request"], e.Facts["agency"], e.Facts["reason"], e.Facts["rule"] = request, string(actor.Agency), reason, rule
	causes(&e, queue[i].EventID)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&d}}}, Key: change.KeyFrom(ctx, AdminPath)})
}

// DuePeople reminds of accounts that have to be confirmed anew, and suspends those
// whose time is over. It can be repeated at any time.
func (s *Service) DuePeople(ctx context.Context) (taken int, err error) {
	defer fault.Wrap(&err, "agencies.DuePeople")
	ctx = identity.With(ctx, identity.SystemActor())
	_, rule, err := s.may(ctx, "keep", "agency", "")
	if err != nil {
		return 0, err
	}
	people, err := s.Offices.DuePeople(ctx, s.now().AddDate(0, 0, Reminders[0]))
	if err != nil {
		return 0, err
	}
	for _, p := range people {
		step := s.remindOf
		if !s.now().Before(p.ReverifyBy) {
			step = s.endOf
		}
		did, err := step(ctx, p, rule)
		if err != nil && fault.KindOf(err) != fault.Conflict {
			return taken, err
		}
		if did {
			taken++
		}
	}
	return taken, nil
}

// endOf suspends a person whom nobody confirmed in time; the way back is a new
// invitation.
func (s *Service) endOf(ctx context.Context, p identity.Person, rule string) (bool, error) {
	p.Active = false
	return true, s.changed(ctx, p, "person.vetting_ended", rule, nil)
}

func (s *Service) remindOf(ctx context.Context, p identity.Person, rule string) (bool, error) {
	days, ok := nearest(p.ReverifyBy.Sub(s.now()))
	if !ok {
		return false, nil
	}
	stream := "reminder:" + string(p.ID) + ":" + p.ReverifyBy.Format(time.DateOnly) + ":" + itoa(days)
	if there, err := s.Store.Happened(ctx, stream); err != nil || there {
		return false, err
	}
	e := change.Event(ctx, s.now(), "person.vetting_ends", stream, 1)
	e.Facts["person"], e.Facts["agency"], e.Facts["days"], e.Facts["rule"] = string(p.ID), string(p.Agency), itoa(days), rule
	causes(&e, p.EventID)
	return true, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}
