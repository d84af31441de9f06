package web

import (
	"context"
	"errors"
	"net/http"

	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// takeClaimInput says why a case is taken from a colleague.
type takeClaimInput struct {
	Why string `form:"why" validate:"required" label:"bench.take.why" hint:"bench.take.why.hint" input:"textarea" rows:"2"`
}

// skipInput says why a case is left for the next one.
type skipInput struct {
	Reason string `form:"reason" validate:"required" label:"bench.skip.reason" input:"select"`
	Note   string `form:"note" validate:"max=1000" label:"bench.skip.note" hint:"bench.skip.note.hint"`
}

// benchPart is who holds the case, and what lies beside it.
type benchPart struct {
	Held   string // who holds it until when, for colleagues
	Take   *Form
	Skip   *Form
	Left   []string // who left it and why
	Hands  *Table
	Beside *besidePart
}

// benchRoutes are the pages of the workbench beside the case's own.
func (s *Server) benchRoutes() []Route {
	if s.cfg.Services.Bench == nil {
		return nil
	}
	reviewer, readers := []identity.Role{identity.Reviewer}, []identity.Role{identity.Reviewer, identity.Counsel}
	return []Route{
		{Method: http.MethodPost, Path: "/review/next", Name: "review.next", Title: "review_queue.title", Roles: reviewer, Verb: "claim", Object: "request", Body: FormBody, Order: true, Handle: s.takeNext},
		{Method: http.MethodPost, Path: "/review/:id/take", Name: "review.take", Title: "review.title", Roles: reviewer, Verb: "take_over_claim", Object: "request", Body: FormBody, Order: true, Handle: s.takeClaim},
		{Method: http.MethodPost, Path: "/review/:id/skip", Name: "review.skip", Title: "review.title", Roles: reviewer, Verb: "skip", Object: "request", Body: FormBody, Handle: s.skipCase},
		{Method: http.MethodGet, Path: "/review/skips", Name: "review.skips", Title: "bench.skips.title", Roles: append(readers, identity.Auditor), Verb: "list", Object: "skip", Handle: s.listSkips},
		{Method: http.MethodGet, Path: "/review/precedents", Name: "review.precedents", Title: "precedents.title", Roles: readers, Verb: "list", Object: "request", Nav: 12, Handle: s.precedents},
		{Method: http.MethodGet, Path: "/review/replies", Name: "review.replies", Title: "replies.title", Roles: append(readers, identity.Auditor), Verb: "list", Object: "saved_reply", Handle: s.listReplies},
		{Method: http.MethodPost, Path: "/review/replies", Name: "review.reply", Title: "replies.title", Roles: reviewer, Verb: "write", Object: "saved_reply", Body: FormBody, Handle: s.saveReply},
		{Method: http.MethodGet, Path: "/review/keys", Name: "review.keys", Title: "keys.title", Roles: readers, Verb: "list", Object: "request", Handle: s.showKeys},
		{Method: http.MethodPost, Path: "/review/keys", Name: "review.set_keys", Title: "keys.title", Roles: readers, Verb: "list", Object: "request", Body: FormBody, Handle: s.setKeys},
	}
}

// bench adds who holds the case and what lies beside it.
func (w *workbench) bench() (p benchPart, err error) {
	svc, c, q := w.s.cfg.Services.Bench, w.c, w.cs.Request
	if svc == nil {
		return p, nil
	}
	until, err := svc.HeldUntil(c.Ctx(), w.cs)
	if err != nil {
		return p, err
	}
	if !until.IsZero() {
		p.Held = c.T("bench.held", "by", w.names.name(q.Reviewer), "until", c.Moment(until))
		if w.holds {
			p.Held = c.T("bench.held.own", "until", c.Moment(until))
		}
	}
	if q.State == requests.InReview && !w.holds && w.role == identity.Reviewer {
		p.Take = w.plainForm("take", takeClaimInput{})
	}
	if q.State == requests.Submitted && w.role == identity.Reviewer {
		p.Skip = w.c.Form(reviewPath(q.ID)+"/skip", skipInput{}).prefixed("skip")
		p.Skip.Options("reason", c.pick(c.choose("bench.skip.reason", requests.SkipReasons...)))
		if w.wrong.of("skip") {
			c.again(p.Skip, w.wrong.err)
		}
	}
	if p.Left, err = w.left(); err != nil {
		return p, err
	}
	if p.Hands, err = w.hands(); err != nil {
		return p, err
	}
	p.Beside, err = w.beside()
	return p, err
}

// left tells who left the case and why.
func (w *workbench) left() (out []string, err error) {
	list, err := w.s.cfg.Services.Bench.Skips(w.c.Ctx(), requests.SkipFilter{Request: w.cs.Request.ID, Limit: 10})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var people []identity.PersonID
	for _, k := range list {
		people = append(people, k.Person)
	}
	n, err := w.s.namesOf(w.c, people...)
	for _, k := range list {
		out = append(out, w.c.T("bench.left", "by", n.name(k.Person), "at", w.c.Moment(k.At), "why", w.c.T("bench.skip.reason."+k.Reason), "note", k.Note.Reveal()))
	}
	return out, err
}

// hands lists who held the case before, once there is more to tell than the one
// who holds it now.
func (w *workbench) hands() (*Table, error) {
	c := w.c
	list, err := w.s.cfg.Services.Bench.Hands(c.Ctx(), w.cs)
	if err != nil || len(list) < 2 {
		return nil, err
	}
	var people []identity.PersonID
	for _, h := range list {
		people = append(people, h.By)
	}
	n, err := w.s.namesOf(c, people...)
	t := &Table{Caption: c.T("bench.hands"), Columns: []Column{{Text: c.T("bench.hands.at")}, {Text: c.T("bench.hands.what")}, {Text: c.T("bench.hands.by")}, {Text: c.T("bench.hands.why")}}}
	for _, h := range list {
		what := h.Kind
		if h.Taken {
			what = "taken"
		}
		by := n.name(h.By)
		if h.By == "system" {
			by = c.T("bench.hands.lerd")
		}
		t.Rows = append(t.Rows, []Cell{{When: &When{h.At, w.zone}}, {Text: c.T("bench.hands.kind." + what)}, {Text: by}, {Text: h.Why.Reveal()}})
	}
	return t, err
}

// takeClaim takes a case over from the colleague who holds it.
func (s *Server) takeClaim(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in takeClaimInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Bench.TakeOverClaim(c.Once(), id, in.Why)
	}
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"take", err})
	}
	return c.doneAt(err, reviewPath(id), "flash.case_taken")
}

// skipCase leaves a case and leads on to the next one.
func (s *Server) skipCase(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in skipInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Bench.Skip(c.Once(), id, in.Reason, in.Note)
	}
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"skip", err})
	}
	next, nextErr := s.cfg.Services.Bench.Next(c.Ctx(), id)
	path := "/review"
	if nextErr == nil && next != "" {
		path = reviewPath(next)
	}
	return c.doneAt(err, path, "flash.case_skipped")
}

// takeNext claims the case that is next and leads to it.
func (s *Server) takeNext(c *Ctx) error {
	path, flash, err := s.claimNext(c, c.Once(), "")
	if err != nil {
		return err
	}
	return c.SeeOther(path, flash)
}

// mostTries is how many cases somebody else may take first before the queue is shown.
const mostTries = 5

// claimNext claims the case that is next for the reader, and gives where it is and
// what to say. Where colleagues are quicker, it tries the one after.
func (s *Server) claimNext(c *Ctx, ctx context.Context, here requests.ID) (path, flash string, err error) {
	for range mostTries {
		next, err := s.cfg.Services.Bench.Next(c.Ctx(), here)
		if err != nil || next == "" {
			return "/review", "flash.nothing_waits", err
		}
		err = s.cfg.Services.Review.Claim(ctx, next)
		var used *change.Used
		if errors.As(err, &used) {
			return used.Outcome, "flash.case_claimed", nil
		}
		if err == nil {
			return reviewPath(next), "flash.case_claimed", nil
		}
		if !mendable(err) {
			return "", "", err
		}
		here = next
	}
	return "/review", "flash.nothing_waits", nil
}

// doneThen leads on after the step that closes a case: with the button "and take
// the next" to the next case, which is claimed; else as doneAt does. A form sent
// again takes no further case.
func (s *Server) doneThen(c *Ctx, err error, id requests.ID, flash string) error {
	if err != nil || c.typed("then") != "next" || s.cfg.Services.Bench == nil {
		return c.doneAt(err, reviewPath(id), flash)
	}
	path, _, nextErr := s.claimNext(c, c.Ctx(), id)
	if nextErr != nil {
		return c.doneAt(nil, reviewPath(id), flash)
	}
	return c.SeeOther(path, flash)
}

// skipListPage lists the cases that reviewers left.
type skipListPage struct {
	Base
	Table Table
}

var skipListView = newPage[skipListPage]("review_skips", "table", "cell", "badge", "when", "digest", "empty")

func (s *Server) listSkips(c *Ctx) error {
	list, err := s.cfg.Services.Bench.Skips(c.Ctx(), requests.SkipFilter{})
	if err != nil {
		return err
	}
	var people []identity.PersonID
	for _, k := range list {
		people = append(people, k.Person)
	}
	n, err := s.namesOf(c, people...)
	if err != nil {
		return err
	}
	actor, _ := c.Actor()
	p := skipListPage{Base: c.Base("bench.skips.title")}
	p.Table = Table{Caption: c.T("bench.skips.caption"), Empty: Empty{Title: c.T("bench.skips.none")},
		Columns: []Column{{Text: c.T("requests.col.ref")}, {Text: c.T("bench.hands.by")}, {Text: c.T("bench.skip.reason")}, {Text: c.T("bench.hands.at")}, {Text: c.T("bench.skips.until")}, {Text: c.T("requests.col.state")}}}
	for _, k := range list {
		href := reviewPath(k.Request)
		if actor.Role == identity.Auditor {
			href = "/audit/cases/" + string(k.Request)
		}
		badge, at, until := c.staffBadge(k.State), p.When(k.At), p.When(k.Until)
		p.Table.Rows = append(p.Table.Rows, []Cell{{Code: k.Ref, Href: href}, {Text: n.name(k.Person)}, {Text: c.T("bench.skip.reason." + k.Reason), Note: k.Note.Reveal()}, {When: &at}, {When: &until}, {Badge: &badge}})
	}
	return skipListView.Show(c, p)
}
