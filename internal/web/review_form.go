package web

import (
	"errors"
	"slices"
	"strings"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// mistake is a form of a page with several forms that needs another look.
type mistake struct {
	form string // the form's name, the last part of its address
	err  error
}

// of tells whether the mistake is in the named form.
func (m *mistake) of(form string) bool { return m != nil && m.form == form }

// bare makes a form whose fields are added one by one, because the case decides
// which there are.
func (c *Ctx) bare(action string) *Form {
	return &Form{Action: action, Key: c.srv.newID(), Seen: c.seen, fields: map[string]Field{}, groups: map[string]int{}}
}

// add puts a field into a bare form.
func (f *Form) add(fd Field) {
	if fd.ID == "" {
		fd.ID = fd.Name
	}
	if fd.Dir == "" {
		fd.Dir = "auto"
	}
	f.fields[fd.Name] = fd
}

// has tells whether the form has a field.
func (f *Form) has(name string) bool {
	_, ok := f.fields[name]
	return ok
}

// prefixed keeps the ids of forms on one page apart; the names stay.
func (f *Form) prefixed(prefix string) *Form {
	for name, fd := range f.fields {
		fd.ID = prefix + "-" + fd.Name
		f.fields[name] = fd
	}
	return f
}

// again shows a form with what was typed and the problems of err beside their
// fields; the page is then sent with the error's status.
func (c *Ctx) again(f *Form, err error) *Form {
	for name, fd := range f.fields {
		if typed, ok := c.values[name]; ok {
			fd.Value, fd.Values = typed[0], typed
			f.fields[name] = fd
		}
	}
	if err == nil {
		return f
	}
	c.refused(err)
	f.Summary = nil // a form may be marked again once its choices are there
	for _, p := range fault.ProblemsOf(err) {
		f.addProblem(p)
	}
	f.Title = c.T("form.summary", "n", len(f.Summary))
	if len(f.Summary) == 0 {
		f.Title, f.Summary = c.T("review.not_done"), []Summary{{Text: c.Say(fault.Message(err))}}
	}
	c.status = fault.Status(err)
	return f
}

// renamed gives err with the names of its fields changed from the domain's to
// the form's.
func renamed(err error, name func(string) string) error {
	problems := slices.Clone(fault.ProblemsOf(err))
	if len(problems) == 0 {
		return err
	}
	for i := range problems {
		problems[i].Field = name(problems[i].Field)
	}
	return fault.Fields(problems)
}

// mendable tells whether the page with the form is to be shown again: an answer
// can be mended, or somebody was first and what was typed must not be lost.
func mendable(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Conflict, fault.Gate:
		return err != nil
	}
	return false
}

// doneAt leads on after a step of staff. A form sent again leads to the same
// place: its step was taken once.
func (c *Ctx) doneAt(err error, path, flash string) error {
	var used *change.Used
	if err != nil && !errors.As(err, &used) {
		return err
	}
	return c.SeeOther(path, flash)
}

// names gives the pseudonyms of people, with "you" for who reads.
type names struct {
	c   *Ctx
	you identity.PersonID
	of  map[identity.PersonID]string
}

// namesOf looks the pseudonyms of people up, once for a page.
func (s *Server) namesOf(c *Ctx, people ...identity.PersonID) (names, error) {
	actor, _ := c.Actor()
	n := names{c: c, you: actor.Person}
	people = slices.DeleteFunc(people, func(p identity.PersonID) bool { return p == "" || p == "lerd" })
	slices.Sort(people)
	var err error
	n.of, err = s.cfg.Services.Related.Pseudonyms(c.Ctx(), slices.Compact(people))
	return n, err
}

// name gives one person's pseudonym, or what stands for nobody.
func (n names) name(p identity.PersonID) string {
	switch {
	case p == "":
		return n.c.T("review.nobody")
	case p == n.you:
		return n.c.T("review.you")
	case n.of[p] == "":
		return n.c.T("review.somebody")
	}
	return n.of[p]
}

// peopleOf lists everybody whom a page about a case may name.
func peopleOf(cs requests.Case) []identity.PersonID {
	people := []identity.PersonID{cs.Request.Reviewer}
	for _, a := range cs.Answers {
		if !a.Automatic {
			people = append(people, identity.PersonID(a.By))
		}
	}
	for _, d := range cs.Decisions {
		people = append(people, d.By)
	}
	if r := cs.Release; r != nil {
		people = append(people, r.Approver)
		for _, i := range r.Items {
			people = append(people, i.Confirmers[:]...)
		}
	}
	return people
}

// typedFacts gives what was typed into a form that the page no longer has, so
// that it can be copied.
func (c *Ctx) typedFacts() []Fact {
	var list []Fact
	for name, typed := range c.values {
		if text := strings.Join(typed, ", "); name != keyField && name != "digest" && name != seenField && name != "then" && text != "" {
			if key := "review.typed." + name; c.srv.words.has(key) {
				name = c.T(key)
			}
			list = append(list, Fact{name, Cell{Text: text}})
		}
	}
	slices.SortFunc(list, func(a, b Fact) int { return strings.Compare(a.Name, b.Name) })
	return list
}
