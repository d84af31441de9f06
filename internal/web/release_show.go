package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// releaseInput is the part of a release that the address names.
type releaseInput struct {
	Page int `form:"page" validate:"gte=0,lte=100000"`
}

// rowsPerPage is how many of the frozen records one page shows.
const rowsPerPage = 100

// releasePage is what would leave, beside what was asked and decided.
type releasePage struct {
	Base
	Ref      string
	Badges   []Badge
	Waiting  string // the records are not frozen yet
	Trouble  *Form
	Head     []Fact
	Items    Table
	Counts   string
	Digest   Digest
	Phones   *Table
	Sessions *Table
	Pages    Pages
	Order    []Fact
	Need     []Fact
	Reasons  []string
	Blocked  string // why the reader cannot approve
	Approve  *Form
	StepUp   *StepUp
	Yes      Button
	Sure     string
	Return   *Form
	No       Button
	Placed   placedPart
	After    []NavItem // what can be done about a bundle that is out
}

var releaseView = newPage[releasePage]("release_show", "sheets", "breadcrumb", "badge", "when", "table", "cell", "digest", "empty", "facts", "pages", "field", "error_summary", "button", "notice", "step_up")

func (s *Server) showRelease(c *Ctx) error { return s.showReleasePage(c, nil) }

// showReleasePage shows a release; wrong is the form that needs another look.
func (s *Server) showReleasePage(c *Ctx, wrong *mistake) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	in := releaseInput{}
	if c.Request().Method != "POST" {
		if err := c.DecodeQuery(&in); err != nil {
			return notFound()
		}
	}
	page := max(in.Page, 1)
	cs, sheet, err := s.cfg.Services.Releases.ViewRelease(c.Ctx(), id, (page-1)*rowsPerPage, rowsPerPage)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return s.showUnfrozen(c, id, err)
	}
	if err != nil {
		return err
	}
	n, err := s.namesOf(c, peopleOf(cs)...)
	if err != nil {
		return err
	}
	v := releaseSheet{s: s, c: c, cs: cs, sheet: sheet, names: n}
	p := v.page(wrong)
	if err := v.fillRows(&p, page); err != nil {
		return err
	}
	return releaseView.Show(c, p)
}

// showUnfrozen tells the approver that the records of a confirmed case are
// still being read.
func (s *Server) showUnfrozen(c *Ctx, id requests.ID, missing error) error {
	cs, err := s.cfg.Services.Cases.View(c.Ctx(), id)
	if err != nil {
		return err
	}
	if cs.Request.State != requests.Confirmed {
		return missing
	}
	v := releaseSheet{s: s, c: c, cs: cs}
	p := v.base()
	p.Waiting = c.T("release.waiting")
	return releaseView.Show(c, p)
}

// releaseSheet is one release on the way to its page.
type releaseSheet struct {
	s     *Server
	c     *Ctx
	cs    requests.Case
	sheet requests.Sheet
	names names
}

func (v releaseSheet) base() releasePage {
	c, q := v.c, v.cs.Request
	p := releasePage{Base: c.Base("release.title", "ref", q.Ref), Ref: q.Ref, Badges: []Badge{c.staffBadge(q.State)}}
	p.Wide, p.Zone = true, legalZone(v.cs)
	p.Crumbs = []Crumb{{c.T("releases.title"), "/releases"}, {q.Ref, ""}}
	if q.Emergency {
		p.Badges = append(p.Badges, Badge{c.T("case.emergency"), Danger})
	}
	if left := c.dueBadge(q.State, q.EffectBy); left != nil {
		p.Badges = append(p.Badges, *left)
	}
	return p
}

func (v releaseSheet) page(wrong *mistake) releasePage {
	c, s, rel := v.c, v.s, v.cs.Release
	p := v.base()
	p.Problems = wrong != nil
	p.Head, p.Items = v.head(p.Base), v.items()
	p.Digest = Digest{"SHA-256", rel.Digest}
	p.Counts = upper(c.T("release.counts", "phones", c.T("bundle.phones", "n", rel.Phones), "addresses", c.T("bundle.addresses", "n", rel.Addresses)))
	p.Order, p.Need, p.Reasons = append(s.orderFacts(c, v.cs), s.offenceFacts(c, v.cs)...), s.needFacts(c, v.cs), paragraphs(v.cs.Request.Reasons.Reveal())
	if can(v.cs.Request.State, requests.Return, identity.Approver) {
		v.wayBack(&p, wrong)
	}
	if can(v.cs.Request.State, requests.Approve, identity.Approver) && rel.State == requests.Prepared {
		v.forms(&p, wrong)
	}
	p.After = s.afterLinks(c, v.cs)
	p.Placed = s.placed(c, v.cs, p.Zone, releasePath(v.cs.Request.ID)+"/order/", nil)
	if wrong != nil && p.Trouble == nil {
		p.Trouble = c.again(c.bare(""), wrong.err)
	}
	return p
}

// wayBack adds the return of a case of which nothing has left, approved or not: its
// ground may fall, or an authority refuse, while what was approved waits.
func (v releaseSheet) wayBack(p *releasePage, wrong *mistake) {
	p.Return, p.No = v.c.Form(releasePath(v.cs.Request.ID)+"/return", returnInput{}).prefixed("return"), Button{Text: v.c.T("release.return"), Kind: "danger"}
	if wrong.of("return") {
		p.Trouble = v.c.again(p.Return, wrong.err)
	}
}

// forms adds approval. Whoever had another part in the case is told before they try.
func (v releaseSheet) forms(p *releasePage, wrong *mistake) {
	c, path := v.c, releasePath(v.cs.Request.ID)
	if p.Blocked = v.blocked(); p.Blocked != "" {
		return
	}
	p.Approve, p.Yes = c.Form(path+"/approve", approveInput{Digest: v.cs.Release.Digest}).prefixed("approve"), Button{Text: c.T("release.approve")}
	p.StepUp = c.StepUp(identity.PurposeApprove, requests.ApprovalDigest(*v.cs.Release))
	p.Sure = c.T("release.sure", "counts", p.Counts, "agency", v.cs.Agency.Name)
	if wrong.of("approve") {
		f := c.bare("")
		p.Trouble = c.again(f, wrong.err) // the form itself shows what is frozen now, not what was sent
	}
}

// blocked says which other part the reader had in the case; officer, reviewer,
// confirmers and approver are five different people.
func (v releaseSheet) blocked() string {
	actor, _ := v.c.Actor()
	rel := v.cs.Release
	for _, i := range rel.Items {
		if slices.Contains(i.Confirmers[:], actor.Person) {
			return v.c.T("release.blocked.confirmer")
		}
	}
	switch actor.Person {
	case rel.Officer:
		return v.c.T("release.blocked.officer")
	case rel.Reviewer:
		return v.c.T("release.blocked.reviewer")
	}
	return ""
}

func (v releaseSheet) head(b Base) []Fact {
	f, q, rel := facts{c: v.c}, v.cs.Request, v.cs.Release
	if !q.EffectBy.IsZero() {
		due := b.When(q.EffectBy)
		f.add("review.due", Cell{When: &due})
	}
	if !q.NotBefore.IsZero() {
		wait := b.When(q.NotBefore)
		f.add("review.not_before", Cell{When: &wait})
	}
	f.add("release.to", Cell{Text: v.cs.Agency.Name, Note: v.cs.Agency.Country})
	f.add("case.process", Cell{Text: v.s.processTitle(q.Process)})
	f.text("release.asked_by", v.cs.Officer.Name.Reveal())
	f.text("releases.decided_by", v.names.name(rel.Reviewer))
	f.text("release.confirmed_by", v.confirmers())
	if rel.Approver != "" {
		at := b.When(rel.ApprovedAt)
		f.add("release.approved_by", Cell{Text: v.names.name(rel.Approver)})
		f.add("release.approved_at", Cell{When: &at})
	}
	at := b.When(rel.RetrievedAt)
	f.add("release.frozen_at", Cell{When: &at})
	f.add("release.bundle", Cell{Code: rel.Ref})
	return f.list
}

// confirmers names everybody who confirmed a violation in the case.
func (v releaseSheet) confirmers() string {
	var out []string
	for _, i := range v.cs.Release.Items {
		for _, p := range i.Confirmers {
			if name := v.names.name(p); !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return strings.Join(out, ", ")
}

// items sets side by side what was asked, what was decided, and what would be sent.
func (v releaseSheet) items() Table {
	c := v.c
	t := Table{Caption: c.T("release.items"), Columns: []Column{{Text: c.T("results.account")}, {Text: c.T("results.category")}, {Text: c.T("release.asked")}, {Text: c.T("release.decided")}, {Text: c.T("release.sent")}, {Text: c.T("release.violation")}}}
	for _, target := range v.cs.Request.Targets {
		for _, cat := range requests.Categories {
			if target.Wants(cat) {
				t.Rows = append(t.Rows, v.itemRow(target, cat))
			}
		}
	}
	return t
}

func (v releaseSheet) itemRow(t requests.Target, cat requests.Category) []Cell {
	c := v.c
	asked := Cell{Text: v.period(t.From, t.To), Note: c.T("target.role." + t.PersonRole)}
	decided := Cell{Text: c.T("release.undecided")}
	if d, ok := v.cs.Decision(t.ID, cat); ok {
		note := []string{strings.Join(d.Reasons, ", ")}
		if d.Outcome == requests.Narrow {
			note = append([]string{v.period(d.From, d.To)}, note...)
		}
		decided = Cell{Text: c.T("review.action." + string(d.Outcome)), Note: strings.Join(slices.DeleteFunc(note, func(s string) bool { return s == "" }), " · ")}
	}
	sent, violation := Cell{Text: c.T("release.nothing")}, Cell{Text: c.T("release.no_finding")}
	for _, i := range v.cs.Release.Items {
		if i.Target == t.ID && i.Category == cat {
			sent = Cell{Text: c.T("release.rows", "n", v.sheet.Of[i.ID]), Note: v.period(i.From, i.To)}
			violation = Cell{Text: v.rule(i), Note: c.T("release.by_two", "a", v.names.name(i.Confirmers[0]), "b", v.names.name(i.Confirmers[1]))}
		}
	}
	return []Cell{c.targetCell(t), {Text: c.T("category." + string(cat))}, asked, decided, sent, violation}
}

func (v releaseSheet) rule(i requests.Item) string {
	title := ""
	if r, ok := v.s.cfg.Services.Law.Rule(i.Rule); ok {
		title = " · " + r.Title
	}
	return i.Rule + " (" + v.c.T("case.version", "version", i.RuleVer) + ")" + title
}

// releaseRowsPath is where one page of the records is.
func (v releaseSheet) rowsPath(n int) string {
	q := url.Values{"page": {strconv.Itoa(n)}}
	return releasePath(v.cs.Request.ID) + "?" + q.Encode() + "#records"
}
