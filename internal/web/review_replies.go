package web

import (
	"slices"

	"golang.org/x/text/language"

	"lerd/internal/identity"
	"lerd/internal/requests"
)

// replyTextInput is one version of a saved reply.
type replyTextInput struct {
	Name      string `form:"name" validate:"required,max=40" label:"replies.name" hint:"replies.name.hint" width:"medium"`
	Language  string `form:"language" validate:"required" label:"replies.language" input:"select"`
	Title     string `form:"title" validate:"required,max=120" label:"replies.f.title"`
	Body      string `form:"body" validate:"required,max=4000" label:"replies.body" hint:"replies.body.hint" input:"textarea" rows:"7"`
	Withdrawn bool   `form:"withdrawn" label:"replies.withdrawn"`
}

// replyListPage lists the saved replies, and has the lead's form.
type replyListPage struct {
	Base
	Table Table
	Form  *Form // nil for those who only read
	Do    Button
}

var replyListView = newPage[replyListPage]("review_replies", "table", "cell", "badge", "when", "digest", "empty", "field", "button", "error_summary")

// savedText is a text as it is offered.
type savedText struct{ Name, Title, Body string }

// savedNames are the texts that lerd comes with, in every language of the portal.
var savedNames = []string{"missing", "identifier", "period", "legal_basis", "role", "illegible", "translation", "emergency"}

// languageOfCountry is what an agency is written in where its order is in none of
// the portal's languages.
var languageOfCountry = map[string]string{"DE": "de", "AT": "de", "CH": "de", "FR": "fr", "BE": "fr", "LU": "fr", "ES": "es", "MX": "es", "AR": "es", "CO": "es", "CL": "es", "PE": "es",
	"BR": "pt", "PT": "pt", "AO": "pt", "MZ": "pt", "AE": "ar", "EG": "ar", "MA": "ar", "SA": "ar", "TN": "ar", "JO": "ar", "QA": "ar"}

// languageOf is the language in which an agency is written to: that of its order,
// or else that of its country.
func languageOf(cs requests.Case) string {
	if l := cs.Request.Order.Language; slices.Contains(requests.ReplyLanguages, l) {
		return l
	}
	if l := languageOfCountry[cs.Agency.Country]; l != "" {
		return l
	}
	return "en"
}

// texts gives the saved replies in the language of the case's agency: those that
// lerd comes with, each replaced by what a lead wrote under its name.
func (w *workbench) texts() ([]savedText, error) {
	lang := languageOf(w.cs)
	var out []savedText
	for _, name := range savedNames {
		tag := language.Make(lang)
		out = append(out, savedText{name, w.s.words.say(tag, "saved."+name), w.s.words.say(tag, "saved."+name+".body")})
	}
	if w.s.cfg.Services.Bench == nil {
		return out, nil
	}
	list, err := w.s.cfg.Services.Bench.SavedReplies(w.c.Ctx())
	for _, r := range list {
		if r.Language != lang {
			continue
		}
		i := slices.IndexFunc(out, func(t savedText) bool { return t.Name == r.Name })
		switch {
		case r.Withdrawn && i >= 0:
			out = slices.Delete(out, i, i+1)
		case i >= 0:
			out[i] = savedText{r.Name, r.Title, r.Body}
		case !r.Withdrawn:
			out = append(out, savedText{r.Name, r.Title, r.Body})
		}
	}
	return out, err
}

func (s *Server) listReplies(c *Ctx) error { return s.showReplies(c, nil) }

func (s *Server) showReplies(c *Ctx, wrong error) error {
	list, err := s.cfg.Services.Bench.SavedReplies(c.Ctx())
	if err != nil {
		return err
	}
	actor, _ := c.Actor()
	var people []identity.PersonID
	for _, r := range list {
		people = append(people, r.By)
	}
	n, err := s.namesOf(c, people...)
	if err != nil {
		return err
	}
	p := replyListPage{Base: c.Base("replies.title"), Do: Button{Text: c.T("replies.do"), Kind: "primary"}}
	p.Problems = wrong != nil
	p.Table = Table{Caption: c.T("replies.caption"), Empty: Empty{Title: c.T("replies.none")}, Columns: []Column{{Text: c.T("replies.name")}, {Text: c.T("replies.language")}, {Text: c.T("replies.body")}, {Text: c.T("replies.version")}, {Text: c.T("bench.hands.by")}}}
	for _, r := range list {
		at := p.When(r.At)
		row := []Cell{{Code: r.Name, Note: r.Title}, {Text: r.Language}, {Text: r.Body}, {Text: itoa(r.Version), When: &at}, {Text: n.name(r.By)}}
		if r.Withdrawn {
			row[0].Badge = &Badge{c.T("replies.gone"), Plain}
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	if actor.Role == identity.Reviewer && actor.Supervisor {
		p.Form = c.formFor("/review/replies", replyTextInput{}, wrong)
		p.Form.Options("language", c.pick(c.choose("replies.lang", requests.ReplyLanguages...)))
	}
	return replyListView.Show(c, p)
}

// saveReply writes the next version of a text.
func (s *Server) saveReply(c *Ctx) error {
	var in replyTextInput
	err := c.Decode(&in)
	if err == nil {
		err = s.cfg.Services.Bench.SaveReply(c.Once(), requests.SavedReplyInput{Name: in.Name, Language: in.Language, Title: in.Title, Body: in.Body, Withdrawn: in.Withdrawn})
	}
	if mendable(err) {
		return s.showReplies(c, err)
	}
	return c.doneAt(err, "/review/replies", "flash.reply_saved")
}
