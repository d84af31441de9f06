package web

// formPage is a page with nothing but a form, for tests.
type formPage struct {
	Base
	Form *Form
}

// Show fills the sign-in page's field partial without its page: tests look at
// the fields only.
type formViewer struct{}

var probeFormView formViewer

func (formViewer) Show(c *Ctx, p formPage) error {
	p.Problems = true
	return c.srv.views.show(c, styleView.view, stylePage{Base: p.Base, Form: p.Form})
}
