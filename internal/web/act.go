package web

// actPage is one step on a page of its own: what it means, what it is about, and
// the form.
type actPage struct {
	Base
	Warning *Notice
	Facts   []Fact
	Table   *Table
	Form    *Form // nil where there is nothing to send
	Fields  []Field
	StepUp  *StepUp
	Do      Button
	Also    []alsoForm // further steps, each a button
	Leave   NavItem
}

// alsoForm is a step without fields beside the page's own.
type alsoForm struct {
	Text string
	Form *Form
	Do   Button
}

var actView = newPage[actPage]("act", "breadcrumb", "field", "error_summary", "button", "facts", "cell", "badge", "when", "digest", "notice", "table", "empty", "step_up")

// actOf begins the page of a step: form has the fields named, in their order.
func (c *Ctx) actOf(title string, form *Form, fields ...string) (actPage, error) {
	p := actPage{Base: c.Base(title), Form: form, Do: Button{Text: c.T(title + ".do")}}
	if form != nil {
		p.Problems = len(form.Summary) > 0
	}
	for _, name := range fields {
		f, err := form.Field(name)
		if err != nil {
			return p, err
		}
		p.Fields = append(p.Fields, f)
	}
	return p, nil
}

// warn puts a box above the form.
func (p *actPage) warn(c *Ctx, kind Tone, key string, args ...any) {
	p.Warning = &Notice{Kind: kind, Title: c.T(key, args...), Text: c.T(key+".text", args...)}
}

// formFor makes a step's form, or makes it anew after err.
func (c *Ctx) formFor(action string, in any, err error) *Form {
	if err != nil {
		return c.FormAgain(action, in, err)
	}
	return c.Form(action, in)
}
