package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// replayQuery names the version under which a case is derived; none is the one to
// which it is pinned.
type replayQuery struct {
	Under int `form:"under" validate:"gte=0,lte=10000"`
}

// showReplay derives a case anew: under its own version, and under another one to
// compare.
func (s *Server) showReplay(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var q replayQuery
	if err := c.DecodeQuery(&q); err != nil {
		return notFound()
	}
	r, err := s.cfg.Services.Replays.Replay(c.Ctx(), id, q.Under)
	if err != nil {
		return err
	}
	alerts, err := s.cfg.Services.Replays.Alerts(c.Ctx(), r.Case)
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("replay.title"), Lead: c.T("replay.lead")}
	p.Wide, p.Zone = true, legalZone(r.Case)
	p.Crumbs = []Crumb{{r.Case.Request.Ref, ""}, {c.T("replay.title"), ""}}
	p.Badges = []Badge{c.staffBadge(r.Case.Request.State)}
	if !r.Holds {
		p.Notices = []Notice{{Kind: Caution, Title: c.T("replay.differs"), Text: c.T("replay.differs.text")}}
	}
	p.Facts = c.replayFacts(r, p.Base)
	p.Tables = []Table{c.itemTable(r), c.resultTable(r), c.alertTable(alerts, p.Base)}
	for _, v := range r.Versions {
		if v.Version != r.Under.Version {
			p.Links = append(p.Links, NavItem{Text: c.T("replay.under", "number", v.Version, "day", v.InForce.String()), Href: replayPath(id, v.Version)})
		}
	}
	return deskView.Show(c, p)
}

func replayPath(id requests.ID, version int) string {
	return "/cases/" + string(id) + "/replay?" + url.Values{"under": {strconv.Itoa(version)}}.Encode()
}

func (c *Ctx) replayFacts(r requests.Replay, b Base) []Fact {
	f := facts{c: c}
	f.add("replay.pinned", Cell{Text: c.T("process.version", "process", string(r.Pinned.ID), "number", r.Pinned.Version), Note: r.Pinned.InForce.String()})
	f.add("process.digest", Cell{Digest: &Digest{"SHA-256", r.Pinned.Pin().Digest}})
	f.text("replay.outcome", c.T("process.outcome."+string(r.Pin.Outcome)))
	if r.Recorded != "" {
		f.text("replay.recorded", c.T("replay.recorded."+r.Recorded))
	}
	if r.Under != r.Pinned {
		f.add("replay.other", Cell{Text: c.T("process.version", "process", string(r.Under.ID), "number", r.Under.Version), Note: r.Under.InForce.String()})
		f.text("replay.other_outcome", c.T("process.outcome."+string(r.Verdict.Outcome)))
		f.text("process.what", word(strings.Join(r.Changes, "; "), c.T("process.same")))
	}
	for _, d := range []struct {
		key string
		at  time.Time
	}{{"case.acknowledge_by", r.Case.Request.AcknowledgeBy}, {"case.effect_by", r.Case.Request.EffectBy}} {
		if !d.at.IsZero() {
			w := b.When(d.at)
			f.add(d.key, Cell{When: &w})
		}
	}
	f.text("replay.explained", r.Case.Request.DueExplained)
	return f.list
}

func (c *Ctx) itemTable(r requests.Replay) Table {
	t := Table{Caption: c.T("replay.items"), Columns: []Column{{Text: c.T("replay.item")}, {Text: c.T("process.before")}, {Text: c.T("process.after")}}, Empty: Empty{Title: c.T("process.same")}}
	for i, it := range r.Pin.Items {
		after := "—"
		if i < len(r.Verdict.Items) {
			after = c.T("replay.action." + string(r.Verdict.Items[i].Action))
		}
		t.Rows = append(t.Rows, []Cell{{Text: it.Target + " / " + c.T("category."+string(it.Category))}, {Text: c.T("replay.action." + string(it.Action))}, {Text: after}})
	}
	return t
}

// resultTable lists each check with its result under both versions.
func (c *Ctx) resultTable(r requests.Replay) Table {
	t := Table{Caption: c.T("replay.checks"), Columns: []Column{{Text: c.T("replay.check")}, {Text: c.T("process.before")}, {Text: c.T("process.after")}, {Text: c.T("process.what")}}, Empty: Empty{Title: c.T("process.same")}}
	after := map[string]legal.CheckResult{}
	name := func(x legal.CheckResult) string {
		return strings.TrimRight(string(x.Check)+" "+x.Target+" "+string(x.Category), " ")
	}
	for _, x := range r.Verdict.Results {
		after[name(x)] = x
	}
	for _, x := range r.Pin.Results {
		other, ok := after[name(x)]
		then := "—"
		if ok {
			then = c.T("replay.result." + string(other.Result))
		}
		t.Rows = append(t.Rows, []Cell{{Text: name(x)}, {Text: c.T("replay.result." + string(x.Result))}, {Text: then}, {Text: autoWhy(other, x)}})
	}
	return t
}

// autoWhy gives the sentence of a result that the facts decided; what people noted
// is not shown here.
func autoWhy(other, own legal.CheckResult) string {
	for _, x := range []legal.CheckResult{other, own} {
		if x.Auto && x.Why != "" {
			return x.Why
		}
	}
	return "—"
}

// alertTable lists what was said of a case's clocks.
func (c *Ctx) alertTable(list []requests.Alert, b Base) Table {
	t := Table{Caption: c.T("replay.alerts"), Columns: []Column{{Text: c.T("replay.clock")}, {Text: c.T("replay.alert")}, {Text: c.T("replay.turned")}, {Text: c.T("review.due")}}, Empty: Empty{Title: c.T("replay.alerts.none")}}
	for _, a := range list {
		turned, due := b.When(a.TurnedAt), b.When(a.DueAt)
		t.Rows = append(t.Rows, []Cell{{Text: c.T("replay.clock." + a.Clock)}, {Text: c.T("replay.alert." + string(a.Alert))}, {When: &turned}, {When: &due}})
	}
	return t
}
