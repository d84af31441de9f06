package web

import (
	"strconv"
	"time"

	"lerd/internal/fault"
	"lerd/internal/oversight"
)

func (s *Server) auditVerify(c *Ctx) error {
	asked, err := s.cfg.Services.Oversight.AskVerification(c.Once())
	flash := "flash.verification_asked"
	if err == nil && !asked {
		flash = "flash.verification_runs"
	}
	return c.Done(err, "/audit", flash)
}

// fillIntegrity says what is signed, who cosigned it, what is kept outside, what the
// last verification gave, and what stops releases.
func (s *Server) fillIntegrity(c *Ctx, p *auditHomePage) error {
	if s.cfg.Services.Oversight == nil {
		return nil
	}
	in, err := s.cfg.Services.Oversight.Integrity(c.Ctx())
	if err != nil {
		return err
	}
	p.Notices = append(p.Notices, c.holdNotice(in.Hold), c.verifiedNotice(in))
	if !in.PublishedAt.IsZero() {
		at := p.When(in.PublishedAt)
		p.Facts = append(p.Facts, Fact{c.T("audit.published_at"), Cell{When: &at, Note: c.T("audit.age", "age", age(c.Now().Sub(in.PublishedAt)))}})
	}
	p.Outside = []Table{c.witnessTable(p.Base, in), c.placeTable(in)}
	if in.Running == nil {
		a := c.stepForm("verify", "audit.verify", "/audit/verify", struct{}{})
		a.Button.Kind = "secondary"
		p.Verify = &a
	}
	return nil
}

// holdNotice says what stops releases at present, and what ends it.
func (c *Ctx) holdNotice(hold error) Notice {
	switch {
	case hold == nil:
		return Notice{Kind: Good, Title: c.T("audit.hold.none"), Text: c.T("audit.hold.none.text")}
	case fault.KindOf(hold) == fault.Gate:
		return Notice{Kind: Danger, Title: c.T("audit.hold.incident"), Text: fault.Message(hold), Items: []string{c.T("audit.hold.incident.ends")}}
	}
	return Notice{Kind: Caution, Title: c.T("audit.hold.waits"), Text: fault.Message(hold), Items: []string{c.T("audit.hold.waits.ends")}}
}

// verifiedNotice says what the last verification gave, and how far one under way is.
func (c *Ctx) verifiedNotice(in oversight.Integrity) Notice {
	if in.Running != nil {
		n := Notice{Kind: Info, Title: c.T("audit.verifying"), Text: c.T("audit.verifying.waits")}
		if pr := in.Progress; pr.What != "" {
			n.Text = c.T("audit.verifying.text", "what", pr.What, "done", strconv.FormatInt(pr.Done, 10), "total", strconv.FormatInt(pr.Total, 10))
			if left := pr.Left(); left > 0 {
				n.Items = []string{c.T("audit.verifying.left", "left", age(left))}
			}
		}
		if silent := c.Now().Sub(later(in.Running.AskedAt, in.Progress.At)); silent > stalled {
			n.Kind, n.Items = Caution, []string{c.T("audit.verifying.silent", "since", age(silent))}
		}
		return n
	}
	v := in.Ended
	if v == nil {
		return Notice{Kind: Caution, Title: c.T("audit.never_verified"), Text: c.T("audit.never_verified.text")}
	}
	if in.Unfounded {
		return Notice{Kind: Danger, Title: c.T("audit.unfounded"), Text: c.T("audit.unfounded.text", "id", v.ID)}
	}
	at := v.EndedAt.UTC().Format("2 Jan 2006, 15:04") + " UTC"
	switch v.State {
	case oversight.Verified:
		var also []string
		if v.Finding != "" {
			also = []string{v.Finding}
		}
		return Notice{Kind: Good, Items: also, Title: c.T("audit.verified"), Text: c.T("audit.verified.text", "at", at, "size", strconv.FormatUint(v.Size, 10), "rows", strconv.FormatInt(v.Rows, 10))}
	case oversight.Differs:
		return Notice{Kind: Danger, Title: c.T("audit.differs", "at", at), Text: v.Finding}
	}
	return Notice{Kind: Caution, Title: c.T("audit.unfinished", "at", at), Text: v.Finding}
}

// stalled is how long a run may say nothing before the page calls it interrupted; it
// says how far it is twice a second.
const stalled = 2 * time.Minute

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (c *Ctx) witnessTable(b Base, in oversight.Integrity) Table {
	t := Table{Caption: c.T("audit.witnesses", "quorum", itoa(in.Quorum)), Columns: []Column{{Text: c.T("audit.witness")}, {Text: c.T("audit.witness.said")}}, Empty: Empty{Title: c.T("audit.witnesses.none"), Text: c.T("audit.witnesses.none.text")}}
	for _, w := range in.Witnesses {
		said := Cell{Badge: &Badge{c.T("audit.witness.no"), Caution}}
		if w.Cosigned {
			at := b.When(w.At)
			said = Cell{When: &at}
		}
		t.Rows = append(t.Rows, []Cell{{Code: w.Name}, said})
	}
	return t
}

func (c *Ctx) placeTable(in oversight.Integrity) Table {
	t := Table{Caption: c.T("audit.places"), Columns: []Column{{Text: c.T("audit.place")}, {Text: c.T("audit.size")}, {Text: c.T("audit.place.says")}}}
	for _, pl := range in.Places {
		says := Cell{Badge: &Badge{c.T("audit.place.agrees"), Good}}
		switch {
		case pl.Fault != "":
			says = Cell{Badge: &Badge{c.T("audit.place.fault"), Danger}, Note: pl.Fault}
		case pl.Empty:
			says = Cell{Badge: &Badge{c.T("audit.place.empty"), Danger}}
		case pl.Size > in.Checkpoint.Size:
			says = Cell{Badge: &Badge{c.T("audit.place.ahead"), Caution}, Note: c.T("audit.place.ahead.text")}
		case !pl.Agrees:
			says = Cell{Badge: &Badge{c.T("audit.place.differs"), Danger}}
		}
		t.Rows = append(t.Rows, []Cell{{Text: pl.Name}, {Text: strconv.FormatUint(pl.Size, 10), Number: true}, says})
	}
	return t
}

// age gives a duration in the largest unit that says something.
func age(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return strconv.Itoa(int(d.Hours()/24)) + " d"
	case d >= 2*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h"
	case d >= 2*time.Minute:
		return strconv.Itoa(int(d.Minutes())) + " min"
	}
	return strconv.Itoa(int(max(d, 0).Seconds())) + " s"
}
