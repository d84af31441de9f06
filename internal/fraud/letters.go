package fraud

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests/identifier"
)

// Letters are the texts from which letters are drafted: "<name>.txt", of which
// the first line is the subject. "{name}" is filled in by lerd; "[[what]]" is a
// gap that somebody has to fill before the letter is sent.
type Letters struct{ FS fs.FS }

// gap is what nobody has filled yet.
var gap = regexp.MustCompile(`\[\[|\]\]`)

// Draft fills a letter in. A placeholder that nothing fills becomes a gap.
func (l Letters) Draft(name string, fill map[string]string) (subject, body string, err error) {
	raw, err := fs.ReadFile(l.FS, name+".txt")
	if err != nil {
		return "", "", fmt.Errorf("letter %s: %w", name, err)
	}
	text := placeholder.ReplaceAllStringFunc(string(raw), func(p string) string {
		key := strings.Trim(p, "{}")
		if v := fill[key]; v != "" {
			return v
		}
		return "[[" + key + "]]"
	})
	subject, body, _ = strings.Cut(text, "\n")
	return strings.TrimSpace(subject), strings.TrimSpace(body), nil
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// draft makes the letters of a containment.
func (s *Service) draft(ctx context.Context, c Containment) ([]Letter, error) {
	agency, officer, err := s.Stopping.Subject(ctx, c.Agency, c.Officer)
	if err != nil {
		return nil, err
	}
	list, err := s.Stopping.Disclosed(ctx, c.Agency, c.Officer)
	if err != nil {
		return nil, err
	}
	open, err := s.Stopping.OpenCases(ctx, c.Agency, c.Officer)
	if err != nil {
		return nil, err
	}
	fill := map[string]string{"agency": agency.Name, "since": c.BegunAt.Format("2 January 2006, 15:04 UTC"), "reference": c.ID[:8],
		"disclosures": itoa(len(list)), "open_cases": itoa(len(open)), "accounts": itoa(accounts(list)), "list": listed(list), "portal": s.Origin, "who": "the whole agency"}
	if c.Officer != "" {
		fill["who"] = officer.Name.Reveal()
	}
	var out []Letter
	for _, to := range Recipients {
		subject, body, err := s.Letters.Draft("containment_"+string(to), fill)
		if err != nil {
			return nil, err
		}
		out = append(out, Letter{ID: newID(), Containment: c.ID, Recipient: to, Subject: personal.NewText(subject), Body: personal.NewText(body), State: "draft", Version: 1})
	}
	return out, nil
}

func accounts(list []Disclosure) (n int) {
	for _, d := range list {
		n += d.Accounts
	}
	return n
}

// listed gives a line for each bundle, without anything about the people whom it
// is about.
func listed(list []Disclosure) string {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "- %s (request %s, order %s), ready %s, fetched %d times\n", d.Ref, d.RequestRef, d.Order, d.ReadyAt.Format("2006-01-02 15:04 UTC"), len(d.Fetched))
	}
	if b.Len() == 0 {
		return "- none"
	}
	return strings.TrimRight(b.String(), "\n")
}

// LetterInput is a letter as it was edited; Send sends it on record.
type LetterInput struct {
	Subject, Body, How string
	Send               bool
}

// WriteLetter keeps a letter as it was edited, and marks it as sent where that
// is asked and no gap is left in it.
func (s *Service) WriteLetter(ctx context.Context, containment, id string, in LetterInput) (err error) {
	defer fault.Wrap(&err, "fraud.WriteLetter(%s)", id)
	actor, rule, err := s.may(ctx, "contain", "agency", "")
	if err != nil {
		return err
	}
	l, err := s.letterOf(ctx, containment, id)
	if err != nil {
		return err
	}
	if l.State == "sent" {
		return fault.New(fault.Conflict, "This letter was sent already.")
	}
	if err := readLetter(&l, in); err != nil {
		return err
	}
	l.Version++
	kind := "containment.letter_edited"
	if in.Send {
		l.State, l.SentBy, l.SentAt, l.SentHow, kind = "sent", actor.Person, s.now(), in.How, "containment.letter_sent"
	}
	e := change.Event(ctx, s.now(), kind, "letter:"+l.ID, 0)
	e.Causes = []audit.EventID{l.EventID}
	e.Facts["containment"], e.Facts["recipient"], e.Facts["rule"], e.Facts["how"] = containment, string(l.Recipient), rule, l.SentHow
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&l}}}, Key: change.KeyFrom(ctx, PathOf(containment))})
}

func (s *Service) letterOf(ctx context.Context, containment, id string) (Letter, error) {
	_, letters, err := s.Stopping.ContainmentByID(system(ctx), containment)
	if err != nil {
		return Letter{}, err
	}
	for _, l := range letters {
		if l.ID == id {
			return l, nil
		}
	}
	return Letter{}, fault.New(fault.NotFound, "There is nothing here.")
}

func readLetter(l *Letter, in LetterInput) error {
	var problems []fault.Problem
	subject, err := identifier.Name("subject", in.Subject)
	if err != nil || subject == "" {
		problems = append(problems, fault.Problem{Field: "subject", Message: "Give the letter a subject, on one line."})
	}
	body, err := identifier.FreeText("body", in.Body, 20000)
	problems = append(problems, fault.ProblemsOf(err)...)
	if in.Send && gap.MatchString(subject+body) {
		problems = append(problems, fault.Problem{Field: "body", Message: "Something is still missing: fill in or take out everything that stands between [[ and ]]."})
	}
	switch in.How {
	case "post", "mail", "portal", "handed_over":
	default:
		if in.Send {
			problems = append(problems, fault.Problem{Field: "how", Message: "Say how you send it."})
		}
	}
	l.Subject, l.Body = personal.NewText(subject), personal.NewText(body)
	return fault.Fields(problems)
}

// Sheet is a containment with all that it lists.
type Sheet struct {
	Containment
	AgencyName string
	Name       personal.Text // of the officer
	Letters    []Letter
	Open       []Frozen
	Disclosed  []Disclosure
	People     map[identity.PersonID]string // pseudonyms of those who acted
}

// Frozen is a case that stands still.
type Frozen struct{ Ref, State string }

// View gives a containment to who may contain, and records the look.
func (s *Service) View(ctx context.Context, id string) (sh Sheet, err error) {
	defer fault.Wrap(&err, "fraud.View(%s)", id)
	actor, rule, err := s.may(ctx, "view", "containment", "")
	if err != nil {
		return sh, err
	}
	in := system(ctx)
	if sh.Containment, sh.Letters, err = s.Stopping.ContainmentByID(in, id); err != nil {
		return sh, err
	}
	agency, officer, err := s.Stopping.Subject(in, sh.Agency, sh.Officer)
	if err != nil {
		return sh, err
	}
	sh.AgencyName, sh.Name = agency.Name, officer.Name
	if sh.Disclosed, err = s.Stopping.Disclosed(in, sh.Agency, sh.Officer); err != nil {
		return sh, err
	}
	open, err := s.Stopping.OpenCases(in, sh.Agency, sh.Officer)
	if err != nil {
		return sh, err
	}
	for _, q := range open {
		sh.Open = append(sh.Open, Frozen{q.Ref, string(q.State)})
	}
	e := change.Event(ctx, s.now(), "containment.viewed", "look:containment:"+id+":"+string(actor.Person), 0)
	e.Facts["containment"], e.Facts["rule"] = id, rule
	return sh, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}

// List gives the containments to who may contain.
func (s *Service) List(ctx context.Context, all bool) (_ []Containment, err error) {
	defer fault.Wrap(&err, "fraud.List")
	if _, _, err := s.may(ctx, "list", "containment", ""); err != nil {
		return nil, err
	}
	return s.Stopping.Containments(system(ctx), all)
}
