package web

import "lerd/internal/usernotice"

// errorNoticePage says to a user that a serious mistake was made with their data, of
// which kind, in which disclosure, and what they can do. Like the notice of a
// disclosure it has no place for a case, an agency, an officer, an offence or a gag.
type errorNoticePage struct {
	Base
	Facts   []Fact
	Contact string
}

var errorNoticeView = newPage[errorNoticePage]("error_notice", "facts", "cell", "badge", "when", "digest")

// mistakeWords are the kinds of errors as a user reads them.
var mistakeWords = map[string]string{"wrong_account": "data", "wrong_period": "data", "wrong_zone": "data", "too_much": "data", "not_authorised": "unauthorised", "late_notice": "late"}

func (s *Server) showErrorNotice(c *Ctx, n usernotice.Notice) error {
	p := errorNoticePage{Base: c.Base("error_notice.title"), Contact: s.cfg.Complaints}
	f := facts{c: c}
	f.add("user_notice.ref", Cell{Code: n.Ref})
	f.text("error_notice.what", c.T("error_notice.what."+word(mistakeWords[n.ErrorWhat], "rules")))
	s.disclosure(&f, n)
	p.Facts = f.list
	return errorNoticeView.Show(c, p)
}
