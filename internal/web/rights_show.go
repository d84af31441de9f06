package web

import (
	"errors"
	"slices"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// listRights is the queue of reviews, the next due first.
func (s *Server) listRights(c *Ctx) error {
	list, err := s.cfg.Services.Rights.RightsWaiting(c.Ctx())
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("rights.title"), Lead: c.T("rights.lead")}
	t := Table{Caption: c.T("rights.table"), Empty: Empty{Title: c.T("rights.none")}, Columns: []Column{{Text: c.T("requests.col.ref")}, {Text: c.T("rights.because")}, {Text: c.T("rights.state")}, {Text: c.T("review.due")}, {Text: c.T("review.agency")}}}
	for _, r := range list {
		due := Cell{Text: c.T("conflicts.no_deadline")}
		if !r.EffectBy.IsZero() {
			at := p.When(r.EffectBy)
			due = Cell{When: &at}
		}
		badge := c.rightsBadge(r.State)
		t.Rows = append(t.Rows, []Cell{{Code: r.Ref, Href: requests.RightsPath(r.Request)}, {Text: s.becauseWords(c, r.Because)}, {Badge: &badge}, due, {Text: r.AgencyName, Note: r.Country}})
	}
	p.Tables = []Table{t}
	return deskView.Show(c, p)
}

func (c *Ctx) rightsBadge(state requests.RightsState) Badge {
	tone := map[requests.RightsState]Tone{requests.RightsOpened: Info, requests.RightsAnswered: Caution, requests.RightsReturned: Caution, requests.RightsAgreed: Good}[state]
	return Badge{c.T("rights.state." + string(state)), tone}
}

// becauseWords says what a case touches.
func (s *Server) becauseWords(c *Ctx, because []string) string {
	var words []string
	for _, b := range because {
		if slices.Contains([]string{requests.ByClass, requests.ByMark, requests.ByOfficer}, b) {
			words = append(words, c.T("rights.because."+b))
			continue
		}
		for _, f := range s.cfg.Services.Law.SensitiveFlags() {
			if f.ID == b {
				words = append(words, f.Title)
			}
		}
	}
	return strings.Join(words, "; ")
}

func (s *Server) showRights(c *Ctx) error { return s.rightsPage(c, nil) }

// rightsPage shows the review of a case, with the step that is the reader's.
func (s *Server) rightsPage(c *Ctx, wrong *mistake) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	cs, r, err := s.cfg.Services.Rights.RightsReview(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("rights.title"), Lead: c.T("rights.lead.none")}
	p.Crumbs = []Crumb{{c.T("rights.title"), "/counsel/rights"}, {cs.Request.Ref, ""}}
	p.Problems = wrong != nil
	if r.ID != "" {
		p.Lead, p.Badges = c.T("rights.lead.one"), []Badge{c.rightsBadge(r.State)}
		if p.Facts, err = s.rightsFacts(c, p.Base, cs, r); err != nil {
			return err
		}
		for i := len(r.Answers) - 1; i >= 0; i-- {
			p.Tables = append(p.Tables, c.rightsTable(r.Answers[i]))
		}
	}
	p.Acts = s.rightsActs(c, cs, r, wrong)
	if actor, _ := c.Actor(); actor.Role == identity.Counsel || actor.Role == identity.Reviewer {
		p.Links = []NavItem{{Text: c.T("conflict.case"), Href: reviewPath(id)}}
	}
	return deskView.Show(c, p)
}

func (s *Server) rightsFacts(c *Ctx, b Base, cs requests.Case, r requests.RightsReview) ([]Fact, error) {
	people := []identity.PersonID{r.OpenedBy, r.DecidedBy}
	for _, a := range r.Answers {
		people = append(people, a.By)
	}
	n, err := s.namesOf(c, people...)
	if err != nil {
		return nil, err
	}
	f := facts{c: c}
	f.text("rights.because", s.becauseWords(c, r.Because))
	for _, t := range cs.Request.Targets {
		if len(t.Flags) > 0 {
			f.add("rights.by_officer", Cell{Text: c.flagWords(t), Note: c.T("request.target", "number", t.Ordinal)})
		}
	}
	f.add("request.f.offence_class", Cell{Text: cs.Request.Offence.Provision, Note: "ICCS " + cs.Request.Offence.Class})
	at := b.When(r.OpenedAt)
	f.add("rights.opened_at", Cell{When: &at})
	if a, ok := r.Last(); ok {
		said := b.When(a.At)
		f.add("rights.conclusion", Cell{Text: c.conclusionWords(a), Note: n.name(a.By)})
		f.add("rights.answered_at", Cell{When: &said})
		f.add("rights.digest", Cell{Digest: &Digest{"SHA-256", a.ContentSHA256}})
	}
	if r.DecidedBy != "" {
		decided := b.When(r.DecidedAt)
		f.add("rights.decided_by", Cell{Text: n.name(r.DecidedBy)})
		f.add("rights.decided_at", Cell{When: &decided})
		f.text("rights.note", r.Note.Reveal())
	}
	return f.list, nil
}

func (c *Ctx) conclusionWords(a requests.RightsAnswer) string {
	words := c.T("rights.conclusion." + a.Conclusion)
	if a.Only != "" {
		words += ": " + c.T("rights.only."+string(a.Only))
	}
	return words
}

// rightsTable shows the answers of one round.
func (c *Ctx) rightsTable(a requests.RightsAnswer) Table {
	t := Table{Caption: c.T("rights.round", "n", a.Round), Columns: []Column{{Text: c.T("rights.question")}, {Text: c.T("rights.reply")}, {Text: c.T("rights.reason")}}}
	content, _ := a.Read()
	for _, q := range content.Replies {
		t.Rows = append(t.Rows, []Cell{{Text: q.Question, Note: q.Source}, {Text: c.T("rights.reply." + q.Reply)}, {Text: q.Reason}})
	}
	t.Rows = append(t.Rows, []Cell{{Text: c.T("rights.conclusion")}, {Text: c.conclusionWords(a)}, {Text: content.Why}})
	return t
}

// rightsActs gives the step that the reader can take next.
func (s *Server) rightsActs(c *Ctx, cs requests.Case, r requests.RightsReview, wrong *mistake) []StepForm {
	actor, _ := c.Actor()
	path := requests.RightsPath(cs.Request.ID)
	switch {
	case !cs.Request.State.Open():
		return nil
	case r.ID == "" || r.State == requests.RightsAgreed:
		if !slices.Contains(rightsOpeners, actor.Role) {
			return nil
		}
		a := c.stepForm("open", "rights.open", path+"/open", rightsOpenInput{}, "flag")
		options := []Option{{Value: "", Text: c.T("form.choose")}}
		for _, f := range s.cfg.Services.Law.SensitiveFlags() {
			options = append(options, Option{Value: f.ID, Text: f.Title})
		}
		a.Form.Options("flag", options)
		return []StepForm{a.erring(c, wrong)}
	case r.State == requests.RightsAnswered:
		return c.rightsDecisions(cs, r, actor, wrong)
	case actor.Role == identity.Counsel && actor.Person != cs.Request.Reviewer:
		form, names := s.rightsForm(c, path+"/answer")
		a := StepForm{ID: "answer", Title: c.T("rights.answer.title"), Note: c.T("rights.answer.note"), Form: form, Names: names, Button: Button{Text: c.T("rights.answer.do")}}
		return []StepForm{a.erring(c, wrong)}
	}
	return nil
}

// rightsDecisions are the two words of the second person, each a form of its own,
// so that it is what the passkey is asked for.
func (c *Ctx) rightsDecisions(cs requests.Case, r requests.RightsReview, actor identity.Actor, wrong *mistake) (acts []StepForm) {
	a, _ := r.Last()
	if !slices.Contains(rightsDeciders, actor.Role) || a.By == actor.Person || cs.Request.Reviewer == actor.Person {
		return nil
	}
	for _, to := range []requests.RightsState{requests.RightsAgreed, requests.RightsReturned} {
		act := c.stepForm(string(to), "rights."+string(to), requests.RightsPath(cs.Request.ID)+"/decide", rightsDecisionInput{Word: string(to)}, "word", "note")
		act.StepUp = c.StepUp(identity.PurposeRights, requests.RightsDecisionDigest(r, a, to))
		acts = append(acts, act.erring(c, wrong))
	}
	return acts
}

// rightsForm makes the form of the policy's questions.
func (s *Server) rightsForm(c *Ctx, action string) (f *Form, names []string) {
	f = c.bare(action)
	add := func(fd Field) {
		f.add(fd)
		names = append(names, fd.Name)
	}
	for _, q := range s.cfg.Services.Law.RightsForm().Questions {
		add(Field{Name: "reply_" + q.ID, Label: q.Text, Hint: q.Source.Text, Input: "radios", Options: c.choose("rights.reply", legal.RightsReplies...)})
		add(Field{Name: "reason_" + q.ID, Label: c.T("rights.reason_for", "question", q.Text), Input: "textarea", Rows: 2})
	}
	add(Field{Name: "conclusion", Label: c.T("rights.conclusion"), Input: "radios", Options: c.choose("rights.conclusion", requests.Conclusions...)})
	add(Field{Name: "only", Label: c.T("rights.only"), Input: "radios", Options: c.choose("rights.only", string(requests.PhoneNumber), string(requests.IPAddress))})
	add(Field{Name: "why", Label: c.T("rights.why"), Input: "textarea", Rows: 4})
	return f.prefixed("answer"), names
}

// rightsTyped reads the form of the policy's questions.
func (s *Server) rightsTyped(c *Ctx) requests.RightsInput {
	in := requests.RightsInput{Replies: map[string]string{}, Reasons: map[string]string{}, Conclusion: c.values.Get("conclusion"), Only: c.values.Get("only"), Why: c.values.Get("why")}
	for _, q := range s.cfg.Services.Law.RightsForm().Questions {
		in.Replies[q.ID], in.Reasons[q.ID] = c.values.Get("reply_"+q.ID), c.values.Get("reason_"+q.ID)
	}
	return in
}

func (s *Server) openRights(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in rightsOpenInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Rights.OpenRights(c.Once(), id, []string{in.Flag})
	}
	if mendable(err) {
		return s.rightsPage(c, &mistake{"open", err})
	}
	return c.doneAt(err, requests.RightsPath(id), "flash.rights_opened")
}

// answerRights reads the answers back before they are signed.
func (s *Server) answerRights(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	cs, r, err := s.cfg.Services.Rights.RightsReview(c.Ctx(), id)
	if err != nil {
		return err
	}
	if r.ID == "" {
		return notFound()
	}
	in := s.rightsTyped(c)
	a, err := s.cfg.Services.Rights.ReadRights(r, in)
	switch {
	case mendable(err):
		return s.rightsPage(c, &mistake{"answer", err})
	case err != nil:
		return err
	case c.values.Get("do") != "sign":
		return s.readBackRights(c, cs, a)
	}
	ctx, err := c.Proved(identity.PurposeRights, requests.RightsAnswerDigest(a))
	if err == nil {
		err = s.cfg.Services.Rights.AnswerRights(ctx, id, in)
	}
	return c.doneAt(err, requests.RightsPath(id), "flash.rights_answered")
}

func (s *Server) readBackRights(c *Ctx, cs requests.Case, a requests.RightsAnswer) error {
	p, err := c.actOf("rights.check", c.bare(requests.RightsPath(cs.Request.ID)+"/answer"))
	if err != nil {
		return err
	}
	p.Crumbs = []Crumb{{c.T("rights.title"), "/counsel/rights"}, {cs.Request.Ref, requests.RightsPath(cs.Request.ID)}, {p.Title, ""}}
	p.Fields = c.carried()
	t := c.rightsTable(a)
	p.Table = &t
	p.StepUp = c.StepUp(identity.PurposeRights, requests.RightsAnswerDigest(a))
	p.Leave = NavItem{Text: c.T("act.back"), Href: requests.RightsPath(cs.Request.ID)}
	return actView.Show(c, p)
}

func (s *Server) decideRights(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in rightsDecisionInput
	if err = c.Decode(&in); err != nil {
		return s.rightsMend(c, in.Word, err)
	}
	_, r, err := s.cfg.Services.Rights.RightsReview(c.Ctx(), id)
	if err != nil {
		return err
	}
	a, ok := r.Last()
	if !ok {
		return notFound()
	}
	to := requests.RightsState(in.Word)
	ctx, err := c.Proved(identity.PurposeRights, requests.RightsDecisionDigest(r, a, to))
	if err == nil {
		err = s.cfg.Services.Rights.DecideRights(ctx, id, to == requests.RightsAgreed, in.Note)
	}
	if err != nil {
		return s.rightsMend(c, in.Word, err)
	}
	return c.doneAt(nil, requests.RightsPath(id), "flash.rights_"+in.Word)
}

// rightsMend shows a form again that can be mended.
func (s *Server) rightsMend(c *Ctx, form string, err error) error {
	var known *fault.Error
	if mendable(err) || errors.As(err, &known) && known.Kind == fault.Gate {
		return s.rightsPage(c, &mistake{form, err})
	}
	id, _ := c.requestID()
	return c.doneAt(err, requests.RightsPath(id), "flash.rights_agreed")
}
