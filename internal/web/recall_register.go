package web

import (
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// recallListPage is the register of recalls.
type recallListPage struct {
	Base
	Table Table
}

var recallListView = newPage[recallListPage]("recall_list", "table", "cell", "badge", "when", "digest", "empty")

// recallTones give each state of a recall its colour.
var recallTones = map[string]Tone{requests.RecallProposed: Caution, requests.RecallConfirmed: Danger, requests.RecallRejected: Plain}

func (s *Server) listRecalls(c *Ctx) error {
	list, err := s.cfg.Services.Recalls.RecallRegister(c.Ctx())
	if err != nil {
		return err
	}
	p := recallListPage{Base: c.Base("recalls.title")}
	p.Table = Table{Caption: c.T("recalls.caption", "n", len(list)), Empty: Empty{Title: c.T("recalls.none")},
		Columns: []Column{{Text: c.T("release.bundle")}, {Text: c.T("recalls.state")}, {Text: c.T("recall.reason")}, {Text: c.T("review.agency")}, {Text: c.T("recalls.proposed")}, {Text: c.T("recalls.answer")}}}
	for _, r := range list {
		p.Table.Rows = append(p.Table.Rows, c.recallRow(r, p.Base))
	}
	return recallListView.Show(c, p)
}

func (c *Ctx) recallRow(r requests.RecallSummary, b Base) []Cell {
	badge := Badge{c.T("recalls.state." + r.State), recallTones[r.State]}
	since := b.When(r.ProposedAt)
	answer := Cell{Text: c.T("recalls.answer.none")}
	switch {
	case r.State != requests.RecallConfirmed:
		answer = Cell{Text: "–"}
	case !r.DeletedAt.IsZero():
		at := b.When(r.DeletedAt)
		answer = Cell{When: &at, Note: c.T("recalls.answer.deleted")}
	case !r.AcknowledgedAt.IsZero():
		at := b.When(r.AcknowledgedAt)
		answer = Cell{When: &at, Note: c.T("recalls.answer.acknowledged", "n", r.Reminders)}
	case r.Reminders > 0:
		answer.Note = c.T("recalls.reminders", "n", r.Reminders)
	}
	return []Cell{{Code: r.ReleaseRef, Href: c.recallHref(r), Note: r.CaseRef}, {Badge: &badge}, {Text: c.T("recall.reason." + r.Reason)},
		{Text: r.AgencyName, Note: c.T("recalls.downloads", "n", r.Downloads)}, {When: &since}, answer}
}

// recallHref leads to where the reader can do something about a recall, or read
// of it.
func (c *Ctx) recallHref(r requests.RecallSummary) string {
	switch actor, _ := c.Actor(); {
	case actor.Role == identity.Auditor:
		return "/audit/cases/" + string(r.Request)
	case actor.Role == identity.Approver && r.State == requests.RecallProposed:
		return releasePath(r.Request) + "/recall"
	case actor.Role == identity.Reviewer:
		return reviewPath(r.Request)
	}
	return ""
}
