package processes

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/requests/identifier"
)

// Input is a proposal as it was typed.
type Input struct {
	Body  string // the process, in YAML
	Cases string // its examples, in YAML
	Why   string
}

// Propose puts a version before the others. It is Invalid where it cannot be
// read, lacks one of the three kinds of example, an example does not hold, or
// the day is not in the future; a Conflict where it is not the next version.
func (s *Service) Propose(ctx context.Context, in Input) (id string, err error) {
	defer fault.Wrap(&err, "processes.Propose")
	actor, rule, err := s.may(ctx, "propose")
	if err != nil {
		return "", err
	}
	if err := s.repeated(ctx); err != nil {
		return "", err
	}
	law, err := s.Book.Law(ctx)
	if err != nil {
		return "", err
	}
	why, err := readWhy(in.Why, "Say what changes in the law, and where it stands.")
	if err != nil {
		return "", err
	}
	p, err := s.read(law, in)
	if err != nil {
		return "", err
	}
	p.ID, p.Why, p.At, p.Version, p.State, p.By = uuid.NewString(), why, s.now(), 1, Proposed, actor.Person
	kind := "process.proposed"
	if actor.Role == identity.System {
		p.State, p.By, kind = Filed, "", "process.filed"
	}
	part := change.Part{Event: s.about(ctx, kind, p, rule), Insert: []any{&p}}
	tell(&part, "why", why)
	return p.ID, s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(p.ID))})
}

// maxWhy is how many characters a reason has at most.
const maxWhy = 4000

func readWhy(typed, ask string) (personal.Text, error) {
	if strings.TrimSpace(typed) == "" {
		return personal.Text{}, at("why", ask)
	}
	text, err := identifier.FreeText("why", typed, maxWhy)
	return personal.NewText(text), err
}

// tell commits a part's event to what somebody wrote.
func tell(part *change.Part, name string, t personal.Text) {
	part.Event.Values = append(part.Event.Values, audit.Value{Name: name, New: []byte(t.Reveal())})
}

func (s *Service) repeated(ctx context.Context) error {
	if s.Repeats == nil {
		return nil
	}
	return s.Repeats.Repeated(ctx, change.KeyFrom(ctx, ""))
}

// read examines what was typed, as the next version of its process.
func (s *Service) read(law *legal.Registry, in Input) (p Proposal, err error) {
	in.Body, in.Cases = unixLines(in.Body), unixLines(in.Cases)
	x, err := law.Examine([]byte(in.Body), []byte(in.Cases))
	if err != nil {
		return p, err
	}
	base, err := law.Process(x.Process.ID, x.Process.Version-1)
	if err != nil {
		return p, at("body", "A process of a new name comes with a release of lerd, because second signatures and words go with it.")
	}
	if err := s.later(x.Process); err != nil {
		return p, err
	}
	if !legal.Differs(base, x.Process) {
		return p, at("body", "Nothing differs from the version before.")
	}
	if len(x.Failed) > 0 {
		return p, failing(x.Failed)
	}
	return Proposal{Process: x.Process.ID, Number: x.Process.Version, BaseDigest: base.Pin().Digest, Digest: x.Process.Pin().Digest,
		Day: x.Process.InForce.String(), Zone: zoneOf(x.Process), Body: in.Body, Cases: in.Cases}, nil
}

// later refuses a day that is not in the future where the process's days are.
func (s *Service) later(p *legal.Process) error {
	today := legal.DateOf(s.now().In(zone(zoneOf(p))))
	if today.Before(p.InForce) {
		return nil
	}
	return at("body", fmt.Sprintf("It says in_force: %s, and there it is %s today. The earliest day is %s: what was in force yesterday does not change today.", p.InForce, today, today.AddDays(1)))
}

func failing(list []legal.CaseResult) error {
	var lines []string
	for i, f := range list {
		if i == 10 {
			lines = append(lines, fmt.Sprintf("… and %d more", len(list)-i))
			break
		}
		lines = append(lines, f.Case.ID+": "+strings.Join(f.Faults, "; "))
	}
	return at("cases", fmt.Sprintf("%d examples do not hold. %s", len(list), strings.Join(lines, ". ")))
}

func at(field, message string) error {
	return fault.Fields([]fault.Problem{{Field: field, Message: message}})
}

// unixLines undoes what a browser does to the lines of a text.
func unixLines(text string) string {
	return strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n") + "\n"
}

func zoneOf(p *legal.Process) string {
	if p.Clocks.Zone == "" {
		return "UTC"
	}
	return p.Clocks.Zone
}

func zone(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC // the loader refuses such a process
	}
	return loc
}

func itoa(n int) string { return strconv.Itoa(n) }
