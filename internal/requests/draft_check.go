package requests

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
)

// DraftCheck is what stands between a draft and its submission.
type DraftCheck struct {
	Request  Request // as far as it can be read, with its deadlines if it is complete
	Agency   identity.Agency
	Document Document
	// Problems keep it from being submitted; Notes do not, but a reviewer will
	// ask about them. Each names a field of the form, or "" for the whole.
	Problems []fault.Problem
	Notes    []fault.Problem
	Links    []Linked  // the cases that it will follow
	Earlier  []Earlier // what the own agency asked before about the same accounts
	Twice    bool      // a second signature will be wanted
}

// Complete tells whether the form is complete.
func (c DraftCheck) Complete() bool { return len(c.Problems) == 0 }

// CheckDraft reads a draft as its submission would, and keeps nothing.
func (s *Service) CheckDraft(ctx context.Context, d Draft) (c DraftCheck, err error) {
	defer fault.Wrap(&err, "requests.CheckDraft(%s)", d.ID)
	return s.check(ctx, d)
}

func (s *Service) check(ctx context.Context, d Draft) (out DraftCheck, err error) {
	actor, err := actorOf(ctx)
	if err != nil {
		return out, err
	}
	in := d.Content.Submission()
	var doc Document
	if d.Content.Order != nil {
		doc = d.Content.Order.document(actor)
	}
	c, process, problems, err := s.readForm(ctx, in, actor, doc)
	if err != nil {
		return out, err
	}
	found := collector{}
	found.add(unanswered(d.Content)...)
	found.add(problems...)
	found.add(s.misfit(process, c, d.Content)...)
	out = DraftCheck{Request: c.Request, Agency: c.Agency, Document: doc, Links: c.Links}
	if process != nil {
		if err := s.verdictOn(ctx, c, process, &found, &out); err != nil {
			return out, err
		}
	}
	out.Problems = found.list
	if out.Complete() {
		if err := s.setClocks(&out.Request, c.Agency, process); err != nil {
			return out, err
		}
	}
	if out.Earlier, err = s.Drafts.AskedBefore(ctx, actor.Agency, c.Request.Targets); err != nil {
		return out, err
	}
	out.Twice, err = s.wantsCosignature(ctx, c.Request)
	return out, err
}

// collector keeps one problem for each field.
type collector struct{ list []fault.Problem }

func (f *collector) add(problems ...fault.Problem) {
	for _, p := range problems {
		if !f.has(p.Field) {
			f.list = append(f.list, p)
		}
	}
}

func (f *collector) has(field string) bool {
	return slices.ContainsFunc(f.list, func(p fault.Problem) bool { return p.Field == field })
}

// unanswered names the questions to which nothing was said.
func unanswered(c DraftContent) (out []fault.Problem) {
	if c.Fields["want"] == "" {
		out = append(out, fault.Problem{Field: "want", Message: "Say what you want: data, that data are kept, or help in an emergency."})
	}
	fields := yesNoFields
	for _, fact := range attestFields(c.Emergency()) {
		fields = append(fields[:len(fields):len(fields)], formName(fact))
	}
	for _, f := range fields {
		if v := c.Fields[f]; v != legal.Yes && v != legal.No {
			out = append(out, fault.Problem{Field: f, Message: "Answer yes or no."})
		}
	}
	if n := len(c.Rejected) + c.Dropped; n > 0 {
		out = append(out, fault.Problem{Field: "rejected", Message: "Rows of your list could not be taken. Correct each of them, or drop them."})
	}
	return out
}

// misfit says where the kind of process does not suit what was asked.
func (s *Service) misfit(p *legal.Process, c Case, content DraftContent) (out []fault.Problem) {
	if p == nil {
		return nil
	}
	if len(p.Countries) > 0 && !slices.Contains(p.Countries, c.Agency.Country) {
		out = append(out, fault.Problem{Field: "process", Message: "Authorities of your country cannot use this kind of process. Choose another."})
	}
	if message := wantsOther(p.Kind, content.Fields["want"]); message != "" {
		out = append(out, fault.Problem{Field: "process", Message: message})
	}
	if limit := TargetLimit(p); len(content.Targets) > limit {
		out = append(out, fault.Problem{Field: "targets", Message: "This kind of process takes at most " + strconv.Itoa(limit) + " accounts in one request. Send the others in a request of their own."})
	}
	return out
}

// wantsOther says why a kind of process does not lead to what the officer wants;
// "" where it does, or where nothing was said yet.
func wantsOther(kind legal.Kind, want string) string {
	keeps := want == WantKept
	switch {
	case kind != legal.Disclosure && kind != legal.Preservation, want != "" && !keeps && kind == legal.Preservation:
		return "Under this kind of process nothing is handed over. Choose another for this form."
	case keeps && kind == legal.Disclosure:
		return "Under this kind of process data are handed over, and not only kept. Choose another for this form."
	}
	return ""
}

// TargetLimit is how many accounts one request under a process can name.
func TargetLimit(p *legal.Process) int {
	if p == nil || p.Limits.Targets == 0 {
		return MaxTargets
	}
	return min(MaxTargets, p.Limits.Targets)
}

// conflictCheck asks about the reviewer, whom a draft does not have yet.
const conflictCheck = "VC-24"

// verdictOn adds what the checklist would send back (problems), and what it
// would refuse or narrow (notes), as far as the facts alone tell.
func (s *Service) verdictOn(ctx context.Context, c Case, p *legal.Process, found *collector, out *DraftCheck) error {
	f, err := s.facts(ctx, c)
	if err != nil {
		return err
	}
	v, err := s.Law.Verdict(p, *f, nil)
	if err != nil {
		return err
	}
	notes := collector{}
	for _, res := range v.Results {
		if !res.Auto || res.Check == conflictCheck || res.Result != legal.Fail && res.Result != legal.NeedsInfo {
			continue
		}
		formal := res.Result == legal.NeedsInfo && (res.Check == "VC-09" || res.Check == "VC-23")
		named := false
		for _, id := range res.Missing {
			field, ok := formFields[id]
			named = named || ok
			if ok && formal {
				found.add(fault.Problem{Field: field, Message: s.Law.Field(id).Ask})
			}
		}
		if !formal || !named {
			notes.addNote(fault.Problem{Field: noteField(res), Message: res.Why})
		}
	}
	for _, item := range v.Items {
		if item.Derived == legal.Narrow {
			for _, why := range item.Why {
				notes.addNote(fault.Problem{Field: targetField(item.Target, "to"), Message: why})
			}
		}
	}
	out.Notes = notes.list
	return nil
}

// addNote keeps each sentence about a field once.
func (f *collector) addNote(p fault.Problem) {
	if p.Message != "" && !slices.Contains(f.list, p) {
		f.list = append(f.list, p)
	}
}

func noteField(res legal.CheckResult) string {
	if res.Target != "" {
		return targetField(res.Target, "identifier")
	}
	for _, id := range res.Missing {
		if field, ok := formFields[id]; ok {
			return field
		}
	}
	return ""
}

// targetField is the form's name of a field of the target "t1", "t2", …
func targetField(ref, field string) string {
	return "target" + strings.TrimPrefix(ref, "t") + "_" + field
}

// ReadTarget reads one account as its submission would: what it is understood
// as, and what is wrong with it, by the names of its own fields.
func ReadTarget(in TargetInput) (Target, []fault.Problem) {
	var r reader
	t := readTarget(&r, in, "")
	return t, r.problems
}
