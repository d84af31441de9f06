package web

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// draftRoutes are the steps of a new request, each a page of its own, and what
// can be done with a draft as a whole.
func (s *Server) draftRoutes() []Route {
	if s.cfg.Services.Drafts == nil {
		return nil
	}
	row := func(method, path, name string, body Body, h Handler) Route {
		return Route{Method: method, Path: path, Name: name, Title: "draft.title", Roles: []identity.Role{identity.Officer}, Verb: "submit", Object: "request", Body: body, Handle: h}
	}
	return []Route{
		row(http.MethodGet, "/requests/new", "request.new", NoBody, s.newRequest),
		row(http.MethodPost, "/drafts", "draft.create", FormBody, s.createDraft),
		row(http.MethodGet, "/drafts/accounts.csv", "draft.template", NoBody, s.targetTemplate),
		row(http.MethodGet, "/drafts/:id/kind", "draft.kind", NoBody, s.step(s.showKind)),
		row(http.MethodPost, "/drafts/:id/kind", "draft.kind_save", FormBody, s.saveKind),
		row(http.MethodGet, "/drafts/:id/order", "draft.order", NoBody, s.step(s.showOrder)),
		{Method: http.MethodPost, Path: "/drafts/:id/order", Name: "draft.order_save", Title: "draft.title", Roles: []identity.Role{identity.Officer}, Verb: "submit", Object: "request", Body: Upload, MaxBody: uploadRoom, Handle: s.saveOrder},
		row(http.MethodGet, "/drafts/:id/targets", "draft.targets", NoBody, s.step(s.showTargets)),
		{Method: http.MethodPost, Path: "/drafts/:id/targets", Name: "draft.targets_save", Title: "draft.title", Roles: []identity.Role{identity.Officer}, Verb: "submit", Object: "request", Body: Upload, MaxBody: listRoom, Handle: s.saveTargets},
		row(http.MethodGet, "/drafts/:id/need", "draft.need", NoBody, s.step(s.showNeed)),
		row(http.MethodPost, "/drafts/:id/need", "draft.need_save", FormBody, s.saveNeed),
		row(http.MethodGet, "/drafts/:id/check", "draft.check", NoBody, s.step(s.showDraftCheck)),
		row(http.MethodGet, "/drafts/:id/sign", "draft.sign", NoBody, s.step(s.showSign)),
		row(http.MethodPost, "/drafts/:id/sign", "draft.submit", FormBody, s.signDraft),
		row(http.MethodPost, "/drafts/:id/take-over", "draft.take_over", FormBody, s.takeOverDraft),
		row(http.MethodPost, "/drafts/:id/drop", "draft.drop", FormBody, s.dropDraft),
	}
}

// uploadRoom is what a form takes beside the largest file, so that a file which
// is a little too large is refused at its field and not with the whole form.
const uploadRoom = 64 << 20

// listRoom is what a list of accounts may have to be read at all.
const listRoom = 16 << 20

// DraftFrame is what every step of a draft shows around its own form.
type DraftFrame struct {
	Base
	Form     *Form
	Steps    []stepButton
	Revision int
	Moved    *movedPart
	Returned *returnedPart
	Links    []Fact   // the case that it goes on from
	State    []string // lines about the draft: who works on it, when it expires
	Next     Button
	Save     Button
	Find     Button
	TakeOver *Form
	DoTake   Button
	Drop     *Form
	DoDrop   Button
}

// stepButton leads to a step. It is a button of the form, so that moving on
// keeps what was typed.
type stepButton struct {
	Text, Value, Href string
	Here              bool
}

// movedPart shows what somebody else saved meanwhile beside what was typed.
type movedPart struct {
	Title, Text string
	Table       Table
}

// returnedPart says why a supervisor sent the request back.
type returnedPart struct {
	By   string
	When When
	Text string
}

// stepAt is where the address is in the form: a draft, and what is wrong with a step.
type stepAt struct {
	draft requests.Draft
	in    any             // the step's input as it was typed; nil: as it is saved
	err   error           // problems to be shown
	moved *requests.Draft // what is saved now, where that is not what this page began with
}

// draftID gives the draft that the address names.
func (c *Ctx) draftID() (requests.DraftID, error) {
	id, err := c.UUIDParam("id")
	return requests.DraftID(id), err
}

// step opens the draft that the address names and shows a step of it.
func (s *Server) step(show func(*Ctx, stepAt) error) Handler {
	return func(c *Ctx) error {
		id, err := c.draftID()
		if err != nil {
			return err
		}
		d, err := s.cfg.Services.Drafts.OpenDraft(c.Ctx(), id)
		if err != nil {
			return err
		}
		if d.State != requests.DraftOpen {
			return c.SeeOther(requests.PathOf(d.Request), "")
		}
		return show(c, stepAt{draft: d})
	}
}

func draftPath(id requests.DraftID, step requests.DraftStep) string {
	return "/drafts/" + string(id) + "/" + string(step)
}

// frame makes what is around a step's form. in is the step's input, filled.
func (s *Server) frame(c *Ctx, a stepAt, step requests.DraftStep, in any) (DraftFrame, error) {
	d := a.draft
	f := DraftFrame{Base: c.Base("draft.step." + string(step)), Revision: d.Content.Revisions[step],
		Next: Button{Text: c.T("draft.next"), Name: "do", Value: "next"}, Save: Button{Text: c.T("draft.save"), Kind: "secondary", Name: "do", Value: "save"},
		Find: Button{Text: c.T("draft.find"), Kind: "secondary", Name: "do", Value: "find"}}
	agency, err := s.ownAgency(c)
	if err != nil {
		return f, err
	}
	f.Zone = zoneOf(agency)
	f.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {c.T("draft.title"), "/requests/new"}, {f.Title, ""}}
	if in != nil {
		f.Form = c.Form(draftPath(d.ID, step), in)
		if a.err != nil {
			f.Form = c.FormAgain(draftPath(d.ID, step), in, a.err)
		}
		f.Problems = a.err != nil
	}
	for _, st := range requests.DraftSteps {
		f.Steps = append(f.Steps, stepButton{Text: c.T("draft.step." + string(st)), Value: "go-" + string(st), Href: draftPath(d.ID, st), Here: st == step})
	}
	if n := d.Content.Returned; n != nil {
		f.Returned = &returnedPart{n.By, When{At: n.At, Zone: f.Zone}, n.Text}
	}
	s.frameActs(c, &f, d)
	if a.moved != nil {
		f.Moved, f.Revision = c.moved(f.Form, step, *a.moved), a.moved.Content.Revisions[step]
	}
	return f, nil
}

// frameActs adds what can be done with the draft as a whole.
func (s *Server) frameActs(c *Ctx, f *DraftFrame, d requests.Draft) {
	path := "/drafts/" + string(d.ID)
	actor, _ := c.Actor()
	if d.Owner != actor.Person {
		f.TakeOver, f.DoTake = c.bare(path+"/take-over"), Button{Text: c.T("draft.take_over"), Kind: "secondary"}
		f.State = append(f.State, c.T("draft.colleagues"))
	}
	f.Drop, f.DoDrop = c.bare(path+"/drop"), Button{Text: c.T("draft.drop"), Kind: "danger"}
	f.State = append(f.State, c.T("draft.expires", "time", f.When(d.ExpiresAt).UTC()))
}

// moved says what was saved by somebody else since the page was opened.
func (c *Ctx) moved(f *Form, step requests.DraftStep, now requests.Draft) *movedPart {
	by := now.Content.SavedBy[step]
	m := &movedPart{Title: c.T("draft.moved"), Text: c.T("draft.moved.text", "name", by.By, "time", When{At: by.At}.UTC()),
		Table: Table{Caption: c.T("draft.moved"), Columns: []Column{{Text: c.T("draft.moved.field")}, {Text: c.T("draft.moved.saved")}, {Text: c.T("draft.moved.yours")}}}}
	for _, name := range slices.Sorted(maps.Keys(f.fields)) {
		fd := f.fields[name]
		saved, ok := now.Content.Fields[name]
		if fd.Input == "hidden" || fd.Input == "file" || !ok && fd.Value == "" || saved == fd.Value || fd.Label == "" {
			continue
		}
		if _, further := now.Content.Fields[name]; !further && now.Content.Further[trimFurther(name)] == fd.Value {
			continue
		}
		m.Table.Rows = append(m.Table.Rows, []Cell{{Text: fd.Label}, {Text: saved}, {Text: fd.Value}})
	}
	if step == requests.StepTargets {
		for i, t := range now.Content.Targets {
			m.Table.Rows = append(m.Table.Rows, []Cell{{Text: c.T("request.target", "number", i+1)}, {Code: t.Identifier, Note: t.From + " – " + t.To + " " + t.Zone}, {}})
		}
	}
	return m
}

// saved keeps a step: what was typed, always; and says where to go on. The page
// is shown again where a problem of this very step keeps the reader from going
// on, or where somebody else saved the step meanwhile.
func (s *Server) saved(c *Ctx, step requests.DraftStep, in any, apply func(*requests.DraftContent), show func(*Ctx, stepAt) error, already ...error) error {
	id, err := c.draftID()
	if err != nil {
		return err
	}
	d, err := s.cfg.Services.Drafting.SaveDraft(c.Ctx(), id, requests.DraftEdit{Step: step, Revision: c.revision(), Apply: apply})
	if fault.KindOf(err) == fault.Conflict && err != nil && d.State == requests.DraftOpen {
		c.status = http.StatusConflict
		return show(c, stepAt{draft: d, in: in, moved: &d})
	}
	if err != nil {
		return err
	}
	return s.onward(c, d, step, in, show, already...)
}

// onward leads from a saved step to the next, or shows it again with its problems.
func (s *Server) onward(c *Ctx, d requests.Draft, step requests.DraftStep, in any, show func(*Ctx, stepAt) error, already ...error) error {
	do := c.Typed().Get("do")
	for _, err := range already {
		if err != nil && fault.KindOf(err) != fault.Invalid {
			return err
		}
	}
	if do == "next" || firstOf(already) != nil {
		check, err := s.cfg.Services.Drafting.CheckDraft(c.Ctx(), d)
		if err != nil {
			return err
		}
		problems := firstOf(already)
		if do == "next" {
			problems = s.problemsOf(c, d, step, append(already, fault.Fields(check.Problems))...)
		}
		if problems != nil {
			return show(c, stepAt{draft: d, in: in, err: problems})
		}
	}
	switch to := stepAfter(step, do); to {
	case step:
		if do == "save" {
			return c.SeeOther(draftPath(d.ID, step), "flash.draft_saved")
		}
		return c.SeeOther(draftPath(d.ID, step)+anchor(do), "")
	default:
		return c.SeeOther(draftPath(d.ID, to), "")
	}
}

func firstOf(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// anchor is the part of a page to which a button leads back.
func anchor(do string) string {
	if do == "find" {
		return "#suits"
	}
	return ""
}

// stepAfter gives the step to which a button leads.
func stepAfter(step requests.DraftStep, do string) requests.DraftStep {
	for i, st := range requests.DraftSteps {
		if do == "go-"+string(st) || do == "next" && i > 0 && requests.DraftSteps[i-1] == step {
			return st
		}
	}
	return step
}

// revision is that of the step when its page was shown.
func (c *Ctx) revision() int {
	n, err := strconv.Atoi(c.Typed().Get("revision"))
	if err != nil {
		return -1
	}
	return n
}

// newRequestPage begins a draft, or goes on with one.
type newRequestPage struct {
	Base
	Drafts Table
	Pages  Pages
	Begin  *Form
	Do     Button
}

var newRequestView = newPage[newRequestPage]("request_new", "pages", "breadcrumb", "button", "table", "cell", "badge", "when", "digest", "empty", "error_summary")

func (s *Server) newRequest(c *Ctx) error {
	p := newRequestPage{Base: c.Base("request_new.title"), Begin: c.bare("/drafts"), Do: Button{Text: c.T("request_new.begin")}}
	p.Crumbs = []Crumb{{c.T("requests.title"), "/requests"}, {p.Title, ""}}
	agency, err := s.ownAgency(c)
	if err != nil {
		return err
	}
	p.Zone = zoneOf(agency)
	var in draftListInput
	if err := c.DecodeQuery(&in); err != nil {
		return notFound()
	}
	if p.Drafts, p.Pages, err = s.draftTable(c, p.Base, "/requests/new", in.Drafts); err != nil {
		return err
	}
	return newRequestView.Show(c, p)
}

// draftsShown is how many drafts one page of their list shows.
const draftsShown = 25

// draftListInput is the part of the list of drafts that the address names.
type draftListInput struct {
	Drafts int `form:"drafts" validate:"gte=0,lte=100"`
}

// draftTable lists a page of the open drafts of the reader's unit; at is the
// address of the page that shows it.
func (s *Server) draftTable(c *Ctx, b Base, at string, page int) (t Table, pages Pages, err error) {
	page = max(page, 1)
	t = Table{Caption: c.T("drafts.title"), Columns: []Column{{Text: c.T("drafts.col.order")}, {Text: c.T("drafts.col.targets"), Number: true}, {Text: c.T("drafts.col.saved")}, {Text: c.T("drafts.col.expires")}},
		Empty: Empty{Title: c.T("drafts.none")}}
	list, err := s.cfg.Services.Drafts.ListDrafts(c.Ctx(), draftsShown, (page-1)*draftsShown)
	if err != nil {
		return t, pages, err
	}
	pages = Pages{Label: c.T("drafts.title"), Previous: c.T("pages.previous"), Next: c.T("pages.next")}
	if page > 1 {
		pages.PreviousHref = at + "?drafts=" + itoa(page-1)
	}
	if page*draftsShown < list.Seen {
		pages.NextHref = at + "?drafts=" + itoa(page+1)
	}
	if page > 1 || pages.NextHref != "" {
		pages.Shown = c.T("pages.shown", "page", page)
	}
	t.Rows = c.draftRows(b, list.List)
	return t, pages, nil
}

func (c *Ctx) draftRows(b Base, list []requests.Draft) (rows [][]Cell) {
	for _, d := range list {
		name := d.Content.Fields["order_number"]
		if name == "" {
			name = c.T("drafts.unnamed")
		}
		last := requests.DraftNote{}
		for _, n := range d.Content.SavedBy {
			if n.At.After(last.At) {
				last = n
			}
		}
		changed, expires := b.When(d.ChangedAt), b.When(d.ExpiresAt)
		row := []Cell{{Text: name, Href: requests.PathOfDraft(d.ID)}, {Text: itoa(len(d.Content.Targets)), Number: true}, {When: &changed, Note: last.By}, {When: &expires}}
		if d.ExpiresAt.Sub(c.Now()) < requests.DraftWarning {
			row[3].Note = c.T("drafts.soon")
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *Server) createDraft(c *Ctx) error {
	d, err := s.cfg.Services.Drafts.NewDraft(c.Once())
	return c.Done(err, requests.PathOfDraft(d.ID), "")
}

func (s *Server) takeOverDraft(c *Ctx) error {
	id, err := c.draftID()
	if err != nil {
		return err
	}
	err = s.cfg.Services.Drafts.TakeOverDraft(c.Ctx(), id)
	return c.Done(err, requests.PathOfDraft(id), "flash.draft_taken_over")
}

func (s *Server) dropDraft(c *Ctx) error {
	id, err := c.draftID()
	if err != nil {
		return err
	}
	return c.Done(s.cfg.Services.Drafts.DropDraft(c.Once(), id), "/requests", "flash.draft_dropped")
}
