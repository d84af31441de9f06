package web

import (
	"strconv"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// reviewPage is the workbench: the order beside the checklist, the verdict that
// follows, and what the reader can do.
type reviewPage struct {
	Base
	Ref       string
	Badges    []Badge
	Risk      *riskStrip
	Head      []Fact // clock, holder, agency
	Next      string // the next case of the queue
	Trouble   *Form  // the form with problems, wherever on the page it is
	Typed     []Fact // what was typed into a form that is gone
	Hint      string // why the reader can do nothing here
	Claim     *Form
	Compared  *Table // where the order says something else than was typed
	Periods   *periodsPart
	Verdict   verdictPart
	Sheets    sheetsPart
	Checklist checklist
	Grid      gridPart
	Statement statementPart
	Acts      actsPart
	Bench     benchPart
	Keys      bool // the workbench's keys are on
	Case      casePart
}

// casePart is what is on file about a case.
type casePart struct {
	Process, Order, Offence, Need, Agency, Deadline []Fact
	Explain                                         []string
	Targets                                         []targetPart
	History                                         *Table // other cases of the agency
	Twins                                           []NavItem
	Story                                           []Step
	After                                           []NavItem // what can be done about a bundle that is out
}

var reviewView = newPage[reviewPage]("review_show", "breadcrumb", "badge", "when", "table", "cell", "digest", "empty", "facts", "timeline",
	"field", "error_summary", "button", "notice", "review_check", "review_item", "sheets", "review_bench")

// workbench is one case on the way to its page.
type workbench struct {
	s       *Server
	c       *Ctx
	cs      requests.Case
	process *legal.Process // nil where the pinned version is missing
	role    identity.Role
	holds   bool // the reader holds the case
	answers bool // the reader can answer checks
	names   names
	zone    *time.Location
	wrong   *mistake
	marks   marking
}

func (s *Server) showReview(c *Ctx) error { return s.showWorkbench(c, nil) }

// showWorkbench shows a case; wrong is the form that needs another look, or nil.
func (s *Server) showWorkbench(c *Ctx, wrong *mistake) error {
	w, err := s.openWorkbench(c, wrong)
	if err != nil {
		return err
	}
	q := w.cs.Request
	p := reviewPage{Base: c.Base("review.title", "ref", q.Ref), Ref: q.Ref, Badges: []Badge{c.staffBadge(q.State)}}
	p.Wide, p.Zone, p.Problems, p.Keys = true, w.zone, wrong != nil && wrong.err != errMark && wrong.err != errInsert, !c.keysOff()
	p.Crumbs = []Crumb{{c.T("review_queue.title"), "/review"}, {q.Ref, ""}}
	if q.Emergency {
		p.Badges = append(p.Badges, Badge{c.T("case.emergency"), Danger})
	}
	if left := c.dueBadge(q.State, q.EffectBy); left != nil {
		p.Badges = append(p.Badges, *left)
	}
	if p.Next, err = w.next(); err != nil {
		return err
	}
	p.Head, p.Hint = w.head(), w.hint()
	if p.Sheets, err = w.sheets(); err != nil {
		return err
	}
	p.Compared, p.Periods = w.compared(), w.periods()
	if p.Risk, err = w.strip(); err != nil {
		return err
	}
	if w.can(requests.Claim) {
		p.Claim = c.bare(reviewPath(q.ID) + "/claim")
	}
	if err := w.conclude(&p); err != nil {
		return err
	}
	if err := w.file(&p.Case); err != nil {
		return err
	}
	if p.Bench, err = w.bench(); err != nil {
		return err
	}
	w.findTrouble(&p)
	p.Script = c.withScript()
	return reviewView.Show(c, p)
}

// openWorkbench loads the case that the address names. The look is recorded.
func (s *Server) openWorkbench(c *Ctx, wrong *mistake) (*workbench, error) {
	id, err := c.requestID()
	if err != nil {
		return nil, err
	}
	cs, err := s.cfg.Services.Cases.View(c.Ctx(), id)
	if err != nil {
		return nil, err
	}
	actor, _ := c.Actor()
	w := &workbench{s: s, c: c, cs: cs, role: actor.Role, zone: legalZone(cs), wrong: wrong}
	c.seen = cs.Request.Version
	w.marks, _ = c.marking()
	inReview := cs.Request.State == requests.InReview
	w.holds = inReview && cs.Request.Reviewer == actor.Person
	w.answers = w.holds || inReview && actor.Role == identity.Counsel
	pin := cs.Request.Process
	if p, err := c.law().Pinned(legal.Pin{ID: legal.ProcessID(pin.ID), Version: pin.Version, Digest: pin.Digest}); err == nil {
		w.process = p
	}
	w.names, err = s.namesOf(c, peopleOf(cs)...)
	return w, err
}

// can tells whether the workflow has a step for the reader now. A case that
// somebody else holds is not theirs to move.
func (w *workbench) can(action requests.Action) bool {
	if !can(w.cs.Request.State, action, w.role) {
		return false
	}
	return w.holds || action == requests.Claim || w.role == identity.Counsel
}

// conclude adds what follows from the checks, and the forms that depend on it.
func (w *workbench) conclude(p *reviewPage) error {
	v, err := w.s.cfg.Services.Review.Verdict(w.c.Ctx(), w.cs)
	switch fault.KindOf(err) {
	case fault.Gate, fault.Invalid, fault.Conflict:
		if err != nil {
			p.Verdict.Broken = fault.Message(err)
			p.Acts = w.acts(v, false)
			return nil
		}
	}
	if err != nil {
		return err
	}
	p.Verdict, p.Checklist, p.Grid = w.verdict(v), w.checklist(v), w.grid(v)
	p.Statement, p.Acts = w.statement(v), w.acts(v, true)
	return nil
}

// findTrouble puts the problems of the form that was sent at the top of the
// page. Where the case has moved on and the form is gone, what was typed is
// shown to be copied.
func (w *workbench) findTrouble(p *reviewPage) {
	if w.wrong == nil || w.wrong.err == errMark {
		return
	}
	forms := map[string]*Form{"checks": p.Checklist.Form, "decide": p.Grid.Form, "ask": p.Acts.Ask, "qualify": p.Acts.Qualify, "refuse": p.Acts.Refuse,
		"unclaim": p.Acts.Unclaim, "counsel": p.Acts.Counsel, "reopen": p.Acts.Reopen, "take": p.Bench.Take, "skip": p.Bench.Skip}
	switch w.wrong.form {
	case "checks":
		p.Checklist.mark(w.c, w.wrong.err)
	case "decide":
		p.Grid.mark(w.c, w.wrong.err)
	}
	p.Trouble = forms[w.wrong.form]
	if p.Trouble == nil {
		p.Trouble = w.c.again(w.c.bare(""), w.wrong.err)
		p.Typed = w.c.typedFacts()
	}
}

// head is the case at a glance.
func (w *workbench) head() []Fact {
	f, q := facts{c: w.c}, w.cs.Request
	if !q.EffectBy.IsZero() {
		f.add("review.due", Cell{When: &When{q.EffectBy, w.zone}})
	}
	if !q.NotBefore.IsZero() {
		f.add("review.not_before", Cell{When: &When{q.NotBefore, w.zone}})
	}
	f.add("review.agency", Cell{Text: w.cs.Agency.Name, Note: w.cs.Agency.Country})
	f.add("case.process", Cell{Text: w.s.processTitle(q.Process)})
	f.add("request.f.order_number", Cell{Text: q.Order.Number})
	f.list = append(f.list, w.c.linkFacts(w.cs.Links)...)
	f.list = append(f.list, w.s.preservationFacts(w.c, w.cs, Base{Zone: w.zone})...)
	f.add("review.holder", Cell{Text: w.names.name(q.Reviewer)})
	return f.list
}

// hint says why a reader who could act on cases cannot act on this one.
func (w *workbench) hint() string {
	q := w.cs.Request
	switch {
	case q.State == requests.InReview && !w.holds && w.role == identity.Reviewer:
		return w.c.T("review.hint.held", "by", w.names.name(q.Reviewer))
	case q.State == requests.Submitted && w.role == identity.Reviewer:
		return w.c.T("review.hint.free")
	case q.State == requests.InReview && w.role == identity.Counsel:
		return w.c.T("review.hint.counsel")
	}
	return w.c.T("review.next." + string(q.State))
}

// next gives the address of the next case that waits for the reader's role.
func (w *workbench) next() (string, error) {
	if sv := w.s.cfg.Services.Bench; sv != nil && w.role == identity.Reviewer {
		id, err := sv.Next(w.c.Ctx(), w.cs.Request.ID)
		if err != nil || id == "" {
			return "", err
		}
		return reviewPath(id), nil
	}
	states := []requests.State{requests.Submitted}
	if w.role == identity.Counsel {
		states = []requests.State{requests.LegalConflict, requests.InReview}
	}
	list, err := w.s.cfg.Services.Cases.List(w.c.Ctx(), requests.Filter{States: states, Limit: 2})
	if err != nil {
		return "", err
	}
	for _, q := range list {
		if q.ID != w.cs.Request.ID {
			return reviewPath(q.ID), nil
		}
	}
	return "", nil
}

// file adds what is on file: facts of the request, the agency and its other
// cases, other cases on the same paper, and the story so far.
func (w *workbench) file(p *casePart) error {
	s, c, cs := w.s, w.c, w.cs
	p.Process, p.Order, p.Offence, p.Need = s.processFacts(c, cs), s.orderFacts(c, cs), s.offenceFacts(c, cs), s.needFacts(c, cs)
	p.Agency, p.Deadline, p.Explain = w.agencyFacts(), deadlineFacts(c, cs.Request, w.zone), paragraphs(cs.Request.DueExplained)
	for _, t := range cs.Request.Targets {
		p.Targets = append(p.Targets, targetPart{c.T("request.target", "number", t.Ordinal), w.targetFacts(t)})
	}
	p.Story = w.story()
	p.After = w.s.afterLinks(c, cs)
	return w.related(p)
}

func (w *workbench) agencyFacts() []Fact {
	f, a := facts{c: w.c}, w.cs.Agency
	f.add("review.agency.name", Cell{Text: a.Name, Note: a.Country})
	badge := Badge{w.c.T("review.standing." + string(a.Standing)), Good}
	if a.Standing != identity.Verified {
		badge.Tone = Danger
	}
	f.add("review.agency.standing", Cell{Badge: &badge})
	f.text("review.agency.domain", a.Domain)
	f.add("review.agency.call_back", Cell{Code: a.CallBack, Note: w.c.T("review.agency.call_back.hint")})
	f.text("review.agency.officer", w.cs.Officer.Name.Reveal())
	return f.list
}

// resolutions give the words on whom an identifier led to.
var resolutions = map[string]Tone{"one": Good, "none": Plain, "ambiguous": Danger, "": Info}

// targetFacts say who is asked about, how lerd reads it, and to whom it led.
func (w *workbench) targetFacts(t requests.Target) []Fact {
	f, c := facts{c: w.c}, w.c
	f.add("case.account", Cell{Code: t.Identifier.Reveal(), Note: c.T("target.kind." + t.Kind)})
	if typed := t.AsTyped.Reveal(); typed != "" && typed != t.Identifier.Reveal() {
		f.add("request_check.typed", Cell{Text: typed})
	}
	badge := Badge{c.T("review.resolution." + word(t.Resolution, "open")), resolutions[t.Resolution]}
	f.add("review.resolution", Cell{Badge: &badge, Note: c.T("review.resolution." + word(t.Resolution, "open") + ".text")})
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		zone = w.zone
	}
	if !t.HolderAt.IsZero() {
		f.add("request.t.holder_at", Cell{When: &When{t.HolderAt, zone}})
	}
	f.add("request.t.from", Cell{When: &When{t.From, zone}, Note: c.T("review.zone", "zone", t.Zone)})
	f.add("request_check.until", Cell{When: &When{t.To, zone}})
	return append(f.list, c.targetFacts(t)...)
}

// related lists the agency's other cases and those on the same paper.
func (w *workbench) related(p *casePart) error {
	q, sv := w.cs.Request, w.s.cfg.Services
	list, err := sv.Cases.List(w.c.Ctx(), requests.Filter{Agency: q.Agency, Limit: 11, Newest: true})
	if err != nil {
		return err
	}
	refs := map[requests.ID]string{}
	t := Table{Caption: w.c.T("review.history"), Columns: []Column{{Text: w.c.T("requests.col.ref")}, {Text: w.c.T("requests.col.state")}, {Text: w.c.T("requests.col.order")}, {Text: w.c.T("review.received")}}}
	for _, o := range list {
		if refs[o.ID] = o.Ref; o.ID == q.ID {
			continue
		}
		badge := w.c.staffBadge(o.State)
		t.Rows = append(t.Rows, []Cell{{Code: o.Ref, Href: reviewPath(o.ID)}, {Badge: &badge}, {Text: o.OrderNumber}, {When: &When{o.ReceivedAt, w.zone}}})
	}
	t.Empty = Empty{Title: w.c.T("review.history.none")}
	p.History = &t
	twins, err := sv.Related.Twins(w.c.Ctx(), q, w.cs.Document.SHA256)
	for i, id := range twins {
		p.Twins = append(p.Twins, NavItem{Text: word(refs[id], w.c.T("review.twin", "n", i+1)), Href: reviewPath(id)})
	}
	return err
}

// story tells what happened, the newest first, with the messages in full.
func (w *workbench) story() []Step {
	c, q := w.c, w.cs.Request
	steps := []Step{{Title: c.T("review.step.received"), By: w.cs.Officer.Name.Reveal(), When: When{q.ReceivedAt, w.zone}, Tone: Info}}
	if !q.ClaimedAt.IsZero() {
		steps = append(steps, Step{Title: c.T("review.step.claimed"), By: w.names.name(q.Reviewer), When: When{q.ClaimedAt, w.zone}, Tone: Info})
	}
	for _, m := range w.cs.Messages {
		st := Step{Title: c.T("review.step.reply"), By: m.FromName, When: When{m.At, w.zone}, Text: m.Body.Reveal(), Tone: Info}
		switch {
		case m.Kind == requests.Note:
			st.Title = c.T("step.note")
		case m.FromRole.Staff():
			st.Title, st.Tone = c.T("review.step.asked"), Caution
		}
		st.Links = c.attachmentLinks(w.cs, m)
		steps = append(steps, st)
	}
	for _, t := range w.cs.TakeOvers {
		steps = append(steps, Step{Title: c.T("step.taken_over"), By: c.officerName(w.cs, t.To), When: When{t.At, w.zone}, Text: t.Why.Reveal(), Tone: Info})
	}
	for _, a := range w.cs.Amendments {
		steps = append(steps, Step{Title: c.T("step.narrowed"), By: c.officerName(w.cs, a.Officer), When: When{a.At, w.zone}, Text: a.Why.Reveal(), Tone: Info})
	}
	if !q.ClosedAt.IsZero() {
		steps = append(steps, Step{Title: c.T("step.ended", "state", c.T("review.state."+string(q.State))), When: When{q.ClosedAt, w.zone}, Tone: c.stateBadge(q.State).Tone})
	}
	return newestFirst(steps)
}

// newestFirst orders steps by their time.
func newestFirst(steps []Step) []Step {
	for i := 1; i < len(steps); i++ {
		for j := i; j > 0 && steps[j].When.At.After(steps[j-1].When.At); j-- {
			steps[j], steps[j-1] = steps[j-1], steps[j]
		}
	}
	return steps
}

func itoa(n int) string { return strconv.Itoa(n) }
