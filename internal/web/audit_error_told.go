package web

import "lerd/internal/oversight"

// errorTold puts the notices about a serious error on the page, and gives counsel's
// reason, nil where there is none.
func (s *Server) errorTold(c *Ctx, p *auditDesk, x oversight.ErrorReport) (*oversight.ErrorReason, error) {
	if x.Serious == nil || !*x.Serious {
		return nil, nil
	}
	notices, reason, err := s.cfg.Services.Oversight.ErrorTold(c.Ctx(), x.ID)
	if err != nil {
		return nil, err
	}
	t := Table{Caption: c.T("error_report.notices"), Empty: Empty{Title: c.T("error_report.notices.none"), Text: c.T("error_report.notices.none.text")},
		Columns: []Column{{Text: c.T("error_report.notice.ref")}, {Text: c.T("error_report.notice.state")}, {Text: c.T("error_report.confirmed")}}}
	for _, n := range notices {
		row := []Cell{{Code: n.Ref}, {Text: c.T("error_report.notice." + n.State)}, {Text: "–"}}
		if !n.Delivered.IsZero() {
			at := p.When(n.Delivered)
			row[2] = Cell{When: &at}
		}
		t.Rows = append(t.Rows, row)
	}
	p.Tables = append(p.Tables, t)
	return reason, nil
}
