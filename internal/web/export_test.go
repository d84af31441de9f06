package web

// formPage is a page with nothing but a form, for tests; it borrows the sign-in
// page's template.
type formPage = signInPage

var styleFormView = signInView
