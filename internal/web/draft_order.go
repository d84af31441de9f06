package web

import (
	"slices"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// draftOrderPage is what stands on the order, and its file.
type draftOrderPage struct {
	DraftFrame
	Document *uploadedOrder // the order that we have already
	Further  []string       // fields that only the chosen process asks for
}

// uploadedOrder is an order's file as we have it.
type uploadedOrder struct{ Facts []Fact }

var draftOrderView = newPage[draftOrderPage]("draft_order", "breadcrumb", "draft_head", "draft_foot", "field", "error_summary", "button", "facts", "table", "cell", "badge", "when", "digest", "empty")

func (s *Server) showOrder(c *Ctx, a stepAt) error {
	in, ok := a.in.(draftOrderInput)
	if !ok {
		getTexts(a.draft.Content, &in)
	}
	f, err := s.frame(c, a, requests.StepOrder, in)
	if err != nil {
		return err
	}
	p := draftOrderPage{DraftFrame: f}
	s.orderOptions(c, f.Form)
	if o := a.draft.Content.Order; o != nil {
		p.Document = &uploadedOrder{c.draftOrderFacts(*o, f.Base)}
		fd := f.Form.fields["file"]
		fd.Label, fd.Hint, fd.Required = c.T("request.f.file.other"), c.T("request.f.file.other.hint"), false
		f.Form.fields["file"] = fd
	}
	p.Further = s.addFurther(c, f.Form, a)
	s.needed(c, f.Form, a, "return_at", "return_on")
	f.Form.mark(a.err)
	c.sayWhat(f.Form)
	return draftOrderView.Show(c, p)
}

func (s *Server) orderOptions(c *Ctx, f *Form) {
	f.Options("validator_kind", c.pick(s.issuerOptions(c)))
	f.Options("order_language", c.pick(c.languages()))
	for _, name := range []string{"order_signed", "order_addressee_right"} {
		f.Options(name, c.yesNo())
	}
}

// draftOrderFacts describe the file that a draft holds.
func (c *Ctx) draftOrderFacts(o requests.DraftOrder, b Base) []Fact {
	f := facts{c: c}
	f.add("document.name", Cell{Text: o.Name, Note: c.T("document.size", "size", size(o.Bytes), "pages", c.T("document.pages", "n", o.Pages))})
	f.add("document.sha256", Cell{Digest: &Digest{"SHA-256", o.SHA256}})
	at := b.When(o.At)
	f.add("document.at", Cell{When: &at})
	return f.list
}

// addFurther puts the fields that only the chosen process asks for into the form.
func (s *Server) addFurther(c *Ctx, f *Form, a stepAt) (shown []string) {
	p := s.processOf(c, a.draft)
	if p == nil {
		return nil
	}
	for _, law := range requests.FurtherFields(s.cfg.Services.Law, p) {
		name := furtherPrefix + string(law.ID)
		fd := Field{ID: name, Name: name, Input: "textarea", Rows: 2, Dir: "auto", Value: a.draft.Content.Further[string(law.ID)], Required: true,
			Label: upper(c.Law("field."+string(law.ID), law.Label)), Hint: c.Law("field."+string(law.ID)+".ask", law.Ask)}
		if typed, ok := c.values[name]; ok {
			fd.Value = typed[0]
		}
		f.fields[name] = fd
		shown = append(shown, name)
	}
	return shown
}

// needed asks for a field without "optional" where the chosen process wants what
// stands in it.
func (s *Server) needed(c *Ctx, f *Form, a stepAt, law legal.FieldID, name string) {
	p := s.processOf(c, a.draft)
	if p == nil || !slices.Contains(p.Required, law) {
		return
	}
	fd := f.fields[name]
	fd.Required, fd.Optional = true, ""
	if fd.Input == "date" {
		fd.Hint = c.T("form.date.hint")
	}
	f.fields[name] = fd
}

// putFurther keeps the answers to the law's further questions that the form
// asked; answers to questions of another process stay.
func (s *Server) putFurther(c *Ctx, d *requests.DraftContent) {
	for name, typed := range c.Typed() {
		id, ok := strings.CutPrefix(name, furtherPrefix)
		if known := s.cfg.Services.Law.Field(legal.FieldID(id)); !ok || known == nil || len(typed) == 0 {
			continue
		}
		if d.Further == nil {
			d.Further = map[string]string{}
		}
		if d.Further[id] = tidy(typed[0]); d.Further[id] == "" {
			delete(d.Further, id)
		}
	}
}

func (s *Server) saveOrder(c *Ctx) error {
	var in draftOrderInput
	if err := c.Decode(&in); err != nil && fault.KindOf(err) != fault.Invalid {
		return err
	}
	file := s.takeOrder(c)
	if file != nil && !slices.Contains([]fault.Kind{fault.Invalid}, fault.KindOf(file)) {
		return file
	}
	return s.saved(c, requests.StepOrder, in, func(d *requests.DraftContent) {
		putTexts(d, in)
		s.putFurther(c, d)
	}, s.showOrder, file)
}

// takeOrder keeps the file that came with the form, if one did, whatever else is
// wrong. What is wrong with the file is a problem of its field, and an order
// that we have already stays.
func (s *Server) takeOrder(c *Ctx) error {
	if !c.sentFile("file") {
		return nil
	}
	id, err := c.draftID()
	if err != nil {
		return err
	}
	u, err := c.Upload("file")
	if err != nil {
		return err
	}
	r, err := u.Open()
	if err != nil {
		return err
	}
	_, err = s.cfg.Services.Drafting.KeepOrder(c.Ctx(), id, u.Name, u.Declared, r)
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge, fault.Unsupported:
		if err != nil {
			return fault.Fields([]fault.Problem{{Field: "file", Message: fault.Message(firstProblem(err))}})
		}
	}
	return err
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
	return slices.ContainsFunc(c.uploads, func(u *UploadedFile) bool { return u.Field == field })
}
