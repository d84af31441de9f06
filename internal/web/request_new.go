package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// requestNewPage is the form of a new request.
type requestNewPage struct {
	Base
	Form     *Form
	Agency   string
	Document *uploadedOrder // the order that we have already
	Further  []string       // fields that only the chosen process asks for
	Kept     []string       // answers to questions of another process
	Rows     []targetRow
	Urgent   bool // an emergency is claimed
	CanAdd   bool
	Check    Button
}

// uploadedOrder is an order's file as we have it.
type uploadedOrder struct {
	Name  string
	Facts []Fact
}

var requestNewView = newPage[requestNewPage]("request_new", "breadcrumb", "field", "error_summary", "button",
	"facts", "cell", "badge", "when", "digest", "target_fields")

// uploadRoom is what a form takes beside the largest file, so that a file which
// is a little too large is refused at its field and not with the whole form.
const uploadRoom = 64 << 20

func (s *Server) requestNewRoutes() []Route {
	if s.cfg.Services.Intake == nil {
		return nil
	}
	officer := []identity.Role{identity.Officer}
	return []Route{
		{Method: http.MethodGet, Path: "/requests/new", Name: "request.new", Title: "request_new.title", Roles: officer, Verb: "submit", Object: "request", Handle: s.newRequest},
		{Method: http.MethodPost, Path: "/requests/new", Name: "request.draft", Title: "request_new.title", Roles: officer, Verb: "submit", Object: "request", Body: Upload, MaxBody: uploadRoom, Handle: s.draftRequest},
		{Method: http.MethodPost, Path: "/requests", Name: "request.submit", Title: "request_new.title", Roles: officer, Verb: "submit", Object: "request", Body: FormBody, Handle: s.submitRequest},
	}
}

// newRequest shows the empty form: nothing is chosen for the officer but "no"
// to what is rare.
func (s *Server) newRequest(c *Ctx) error {
	in := requestInput{Confidential: "no", Emergency: "no", Targets: []targetInput{{}}}
	return s.showNewRequest(c, in, nil)
}

// draftRequest takes the form in each of its steps: another account, one less,
// back from the check, and on to the check. The order's file is kept whatever
// else is wrong.
func (s *Server) draftRequest(c *Ctx) error {
	var in requestInput
	shape := c.Decode(&in)
	if shape != nil && fault.KindOf(shape) != fault.Invalid {
		return shape
	}
	if len(in.Targets) == 0 {
		in.Targets = []targetInput{{}}
	}
	s.takeFurther(c, &in)
	file := s.takeOrder(c, &in)
	if file != nil && fault.KindOf(file) != fault.Invalid {
		return file
	}
	if step := c.Typed().Get("do"); step != "check" {
		in.turn(step)
		c.retype(in)
		return s.showNewRequest(c, in, file)
	}
	q, meaning := s.cfg.Services.Intake.Preview(c.Ctx(), in.submission())
	if err := gather(in, file, meaning, shape); err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return err
		}
		return s.showNewRequest(c, in, err)
	}
	return s.showCheck(c, in, q)
}

// turn adds an account with the period of the last one, or takes one away.
func (in *requestInput) turn(step string) {
	if step == "add" && len(in.Targets) < requests.MaxTargets {
		last := in.Targets[len(in.Targets)-1]
		in.Targets = append(in.Targets, targetInput{Zone: last.Zone, From: last.From, To: last.To, Purpose: last.Purpose, Categories: last.Categories})
	}
	digits, ok := strings.CutPrefix(step, "remove-")
	if i, err := strconv.Atoi(digits); ok && err == nil && i >= 0 && i < len(in.Targets) && len(in.Targets) > 1 {
		in.Targets = append(in.Targets[:i:i], in.Targets[i+1:]...)
	}
}

// retype puts in in the place of what was typed.
func (c *Ctx) retype(in requestInput) {
	c.values = url.Values{keyField: {c.key}}
	for _, p := range pairs(in) {
		c.values.Add(p.Name, p.Value)
	}
}

// takeOrder keeps the file that came with the form, if one did. What is wrong
// with the file is a problem of its field, and an order that we have already
// stays.
func (s *Server) takeOrder(c *Ctx, in *requestInput) error {
	if !c.sentFile("file") {
		return nil
	}
	u, err := c.Upload("file")
	if err != nil {
		return err
	}
	r, err := u.Open()
	if err != nil {
		return err
	}
	d, err := s.cfg.Services.Intake.Upload(c.Ctx(), u.Name, u.Declared, r)
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge, fault.Unsupported:
		if err != nil {
			return fault.Fields([]fault.Problem{{Field: "file", Message: fault.Message(firstProblem(err))}})
		}
	}
	if err != nil {
		return err
	}
	in.Document = string(d.ID)
	c.values.Set("document", in.Document)
	return nil
}

// firstProblem gives the first problem of an error as an error of its own.
func firstProblem(err error) error {
	if ps := fault.ProblemsOf(err); len(ps) > 0 {
		return fault.New(fault.Invalid, "%s", ps[0].Message)
	}
	return err
}

// sentFile tells whether a file came in a field, also an empty one.
func (c *Ctx) sentFile(field string) bool {
	for _, u := range c.uploads {
		if u.Field == field {
			return true
		}
	}
	return false
}

// showNewRequest shows the form with what was typed, and the problems of err.
func (s *Server) showNewRequest(c *Ctx, in requestInput, err error) error {
	agency, aerr := s.ownAgency(c)
	if aerr != nil {
		return aerr
	}
	doc, derr := s.orderOf(c, &in, agency)
	if derr != nil {
		return derr
	}
	f := c.Form("/requests/new", in)
	if err != nil {
		f = c.FormAgain("/requests/new", in, err)
	}
	s.requestOptions(c, f, agency)
	s.requestNeeds(c, f, doc != nil)
	shown, hidden := s.addFurther(c, f, in)
	f.mark(err)
	c.nameLines(f)
	p := requestNewPage{Base: c.Base("request_new.title"), Form: f, Agency: agency.Name, Document: doc, Further: shown, Kept: hidden,
		Rows: c.targetRows(f, len(in.Targets)), Urgent: in.Emergency == "yes", CanAdd: len(in.Targets) < requests.MaxTargets, Check: Button{Text: c.T("request_new.check"), Name: "do", Value: "check"}}
	p.Problems = err != nil
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {p.Title, ""}}
	return requestNewView.Show(c, p)
}

// nameLines says in the summary which question is meant where the message alone
// does not: which account, and what needs an answer.
func (c *Ctx) nameLines(f *Form) {
	for i, line := range f.Summary {
		name := strings.TrimPrefix(line.Href, "#")
		if fd, ok := f.fields[strings.TrimSuffix(name, "-0")]; ok && line.Text == c.T("form.rule.required") {
			line.Text = fd.Label + " " + line.Text
		}
		if rest, ok := strings.CutPrefix(name, "targets-"); ok && f.groups["targets"] > 1 {
			digits, _, _ := strings.Cut(rest, "-")
			if n, err := strconv.Atoi(digits); err == nil {
				line.Text = c.T("request.target", "number", n+1) + ": " + line.Text
			}
		}
		f.Summary[i] = line
	}
}

// targetRow is the part of the form about one account.
type targetRow struct {
	Title  string
	Remove *Button // nil where it is the only one
	form   *Form
	row    int
}

// Field gives one of the account's fields.
func (r targetRow) Field(name string) (Field, error) { return r.form.Item("targets", r.row, name) }

func (c *Ctx) targetRows(f *Form, n int) []targetRow {
	var out []targetRow
	for i := range n {
		r := targetRow{Title: c.T("request.target", "number", i+1), form: f, row: i}
		if n > 1 {
			r.Remove = &Button{Text: c.T("request_new.remove", "number", i+1), Value: "remove-" + strconv.Itoa(i)}
		}
		out = append(out, r)
	}
	return out
}

// requestNeeds mends the words beside fields that are needed in some cases only.
func (s *Server) requestNeeds(c *Ctx, f *Form, have bool) {
	for name, fd := range f.fields {
		switch {
		case name == "file":
			fd.Optional, fd.Required = "", !have
			if have {
				fd.Label, fd.Hint = c.T("request.f.file.other"), c.T("request.f.file.other.hint")
			}
		case strings.HasPrefix(name, "emergency_"), strings.HasPrefix(name, "confidential_basis"), strings.HasSuffix(name, "-holder_at"):
			fd.Optional = ""
		}
		f.fields[name] = fd
	}
}

// orderOf describes the order that the form carries; one that is not the
// agency's own is forgotten.
func (s *Server) orderOf(c *Ctx, in *requestInput, agency identity.Agency) (*uploadedOrder, error) {
	if uuid.Validate(in.Document) != nil {
		in.Document = ""
		c.values.Del("document")
		return nil, nil
	}
	d, err := s.cfg.Services.Intake.Uploaded(c.Ctx(), requests.DocumentID(in.Document))
	if fault.KindOf(err) == fault.NotFound && err != nil {
		in.Document = ""
		c.values.Del("document")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &uploadedOrder{Name: d.FileName.Reveal(), Facts: c.documentFacts(d, zoneOf(agency))}, nil
}
