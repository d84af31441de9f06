package web

// StepForm is one step of a page with several, as a form under a heading (partial
// "step_form"). Without a Form it only says something.
type StepForm struct {
	ID, Title string
	Note      string
	Facts     []Fact
	Form      *Form
	Names     []string // of the fields, in the order in which they are asked
	StepUp    *StepUp  // nil where no passkey is asked for
	Button    Button
}

// Fields gives the form's fields in order.
func (a StepForm) Fields() ([]Field, error) {
	out := make([]Field, len(a.Names))
	for i, name := range a.Names {
		f, err := a.Form.Field(name)
		if err != nil {
			return nil, err
		}
		out[i] = f
	}
	return out, nil
}

// stepForm makes a StepForm of an input struct: the ids of its fields begin with the
// act's, and its words are "<words>.title", "<words>.note" where there is one,
// and "<words>.do".
func (c *Ctx) stepForm(id, words, action string, in any, names ...string) StepForm {
	a := StepForm{ID: id, Title: c.T(words + ".title"), Button: Button{Text: c.T(words + ".do")}, Form: c.Form(action, in).prefixed(id), Names: names}
	if c.srv.words.has(words + ".note") {
		a.Note = c.T(words + ".note")
	}
	return a
}

// erring puts what was typed and what was wrong with it into the act's form,
// where the mistake was made there.
func (a StepForm) erring(c *Ctx, wrong *mistake) StepForm {
	if wrong.of(a.ID) {
		c.again(a.Form, wrong.err)
	}
	return a
}
