package web

import (
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// requestPage is a case as its agency sees it.
type requestPage struct {
	Base
	Ref      string
	Badges   []Badge
	Progress Progress
	Reply    *replyPart
	Bundle   *bundlePart
	Recall   *recallPart // the bundle was called back
	Waited   string
	Results  Table
	Reasons  []string // the statement of reasons
	Steps    []Step
	Deadline []Fact
	Explain  []string
	Process  []Fact
	Order    []Fact
	Offence  []Fact
	Need     []Fact
	Targets  []targetPart
	OrderAt  string    // where the order's file is
	Withdraw string    // where to withdraw, empty where that is over
	Changes  []NavItem // what else the reader can do about it
	Receipt  string    // where the receipt is, empty before the submission
	Signed   string    // where the signed result is
	Kept     []Fact    // until when data are kept
	Links    []Fact    // the cases that it follows, and those that follow it
	Follow   *Form     // begins a draft that goes on from it
	DoFollow Button
	WhyNew   string // what the draft carries along
	Cosign   string // where the reader signs a second time, if they can
	TakeBack *Form  // into its draft, while that is possible
	BackText string // until when
	DoBack   Button
}

// targetPart is one account of a case.
type targetPart struct {
	Title string
	Facts []Fact
}

var requestView = newPage[requestPage]("request_show", "breadcrumb", "badge", "progress", "when", "table", "cell", "digest", "empty",
	"facts", "timeline", "field", "error_summary", "button", "commands", "step_up")

func (s *Server) requestShowRoutes() []Route {
	if s.cfg.Services.Delivery == nil {
		return nil
	}
	officer := []identity.Role{identity.Officer}
	return []Route{
		{Method: http.MethodGet, Path: "/requests/:id", Name: "request.show", Title: "request.title", Roles: officer, Verb: "view", Object: "request", Handle: s.showRequest},
		{Method: http.MethodPost, Path: "/requests/:id/reply", Name: "request.reply", Title: "request.title", Roles: officer, Verb: "reply", Object: "request", Body: FormBody, Handle: s.replyRequest},
		{Method: http.MethodGet, Path: "/requests/:id/order", Name: "request.order", Title: "request.title", Roles: officer, Verb: "view", Object: "document", Handle: s.fetchOrder},
		{Method: http.MethodGet, Path: "/requests/:id/withdraw", Name: "request.withdrawal", Title: "withdraw.title", Roles: officer, Verb: "withdraw", Object: "request", Handle: s.askWithdrawal},
		{Method: http.MethodPost, Path: "/requests/:id/withdraw", Name: "request.withdraw", Title: "withdraw.title", Roles: officer, Verb: "withdraw", Object: "request", Body: FormBody, Handle: s.withdrawRequest},
		{Method: http.MethodPost, Path: "/requests/:id/bundle", Name: "bundle.download", Title: "request.title", Roles: officer, Verb: "download", Object: "release", Body: FormBody, Timeout: bundleTimeout, Handle: s.downloadBundle},
		{Method: http.MethodGet, Path: "/requests/:id/proof", Name: "bundle.proof", Title: "request.title", Roles: officer, Verb: "download", Object: "release", Handle: s.proofBundle},
		{Method: http.MethodPost, Path: "/requests/:id/acknowledge", Name: "bundle.acknowledge", Title: "request.title", Roles: officer, Verb: "acknowledge", Object: "release", Body: FormBody, Handle: s.acknowledgeBundle},
	}
}

// requestID gives the case that the address names.
func (c *Ctx) requestID() (requests.ID, error) {
	id, err := c.UUIDParam("id")
	return requests.ID(id), err
}

func (s *Server) showRequest(c *Ctx) error { return s.showCase(c, nil) }

// showCase shows a case; reply is the reply form after mistakes, or nil.
func (s *Server) showCase(c *Ctx, reply *Form) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	cs, err := s.cfg.Services.Cases.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	q := cs.Request
	badge := c.stateBadge(q.State)
	p := requestPage{Base: c.Base("request.title", "ref", q.Ref), Ref: q.Ref, Badges: []Badge{badge}, Progress: c.caseProgress(cs)}
	p.Zone = zoneOf(cs.Agency)
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {q.Ref, ""}}
	p.Problems = reply != nil
	if q.Emergency {
		p.Badges = append(p.Badges, Badge{c.T("case.emergency"), Danger})
	}
	s.fillActs(c, &p, cs, reply)
	if p.Reply != nil {
		if p.Reply.Until, err = s.answerBy(c, cs); err != nil {
			return err
		}
	}
	s.fillCase(c, &p, cs)
	return requestView.Show(c, p)
}

// fillActs adds what the agency can do now.
func (s *Server) fillActs(c *Ctx, p *requestPage, cs requests.Case, reply *Form) {
	q := cs.Request
	path := requests.PathOf(q.ID)
	if can(q.State, requests.Reply, identity.Officer) {
		p.Reply = c.replyPart(cs, reply)
	}
	if can(q.State, requests.Withdraw, identity.Officer) {
		p.Withdraw = path + "/withdraw"
	}
	if actor, _ := c.Actor(); q.State == requests.AwaitingCosignature && requests.MayCosign(actor, q) {
		p.Cosign = path + "/cosign"
	} else if actor.Person == q.Officer && (q.State == requests.AwaitingCosignature || q.Undoable(c.Now())) {
		p.TakeBack, p.DoBack = c.bare(path+"/take-back"), Button{Text: c.T("take_back.do"), Kind: "secondary"}
		p.BackText = c.T("take_back.waiting")
		if q.State == requests.Submitted {
			p.BackText = c.T("take_back.until", "time", When{At: q.ReceivedAt.Add(requests.UndoWindow)}.UTC())
		}
	}
	if s.cfg.Services.Receipts != nil && q.State != requests.AwaitingCosignature && cs.WasSubmitted() {
		p.Receipt = path + "/receipt"
	}
	if cs.Release != nil && cs.Release.State == requests.Exported {
		p.Bundle = c.bundlePart(cs, p.Base)
	}
	p.Recall = c.recallNotice(cs)
	p.Changes = s.changeLinks(c, cs)
	p.Kept = s.preservationFacts(c, cs, p.Base)
	p.Links = c.linkFacts(cs.Links)
	if kind := requests.CanFollow(q.State); kind != "" && s.cfg.Services.Follows != nil {
		p.Follow, p.DoFollow = c.bare(path+"/follow"), Button{Text: c.T("follow." + string(kind) + ".do"), Kind: "secondary"}
		p.WhyNew = c.T("follow." + string(kind))
	}
	if len(cs.Results) > 0 && cs.Published() {
		p.Signed = path + "/result"
	}
}

// fillCase adds what the case is and what became of it.
func (s *Server) fillCase(c *Ctx, p *requestPage, cs requests.Case) {
	q := cs.Request
	p.OrderAt = requests.PathOf(q.ID) + "/order"
	p.Results, p.Steps = s.results(c, cs), c.caseSteps(cs, p.Zone)
	p.Waited = c.waited(cs, p.Steps)
	if cs.Published() {
		p.Reasons = paragraphs(q.Reasons.Reveal())
	}
	p.Deadline, p.Explain = deadlineFacts(c, q, p.Zone), paragraphs(q.DueExplained)
	if q.State == requests.AwaitingCosignature {
		p.Deadline, p.Explain = []Fact{{c.T("case.effect_by"), Cell{Text: c.T("requests.unsigned")}}}, nil
	}
	p.Process, p.Order, p.Offence, p.Need = s.processFacts(c, cs), s.orderFacts(c, cs), s.offenceFacts(c, cs), s.needFacts(c, cs)
	for _, t := range q.Targets {
		f := facts{c: c}
		f.add("case.account", c.targetCell(t))
		if !t.HolderAt.IsZero() {
			f.add("request.t.holder_at", Cell{When: &When{t.HolderAt, p.Zone}})
		}
		f.add("request.t.from", Cell{When: &When{t.From, p.Zone}})
		f.add("request_check.until", Cell{When: &When{t.To, p.Zone}})
		p.Targets = append(p.Targets, targetPart{c.T("request.target", "number", t.Ordinal), append(f.list, c.targetFacts(t)...)})
	}
}

// fetchOrder sends the agency its own order back, as a file and never as a page.
func (s *Server) fetchOrder(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	_, body, err := s.cfg.Services.Cases.OpenDocument(c.Ctx(), id)
	if err != nil {
		return err
	}
	defer body.Close()
	return c.sendFile(body, "order.pdf", "application/pdf")
}

// invalid tells whether err is about answers that can be mended.
func invalid(err error) bool { return err != nil && fault.KindOf(err) == fault.Invalid }
