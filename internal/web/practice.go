package web

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"lerd/internal/identity"
)

// Practice is what a portal of invented cases offers to those who learn on it.
type Practice struct {
	// Accounts are the invented accounts to ask for.
	Accounts []PracticeAccount
	// Every is how often everything is thrown away and begun anew; Next tells
	// when that is the next time.
	Every time.Duration
	Next  func() time.Time
	// Order gives a specimen order as a PDF, for an agency's country and zone.
	Order func(agency identity.Agency) ([]byte, error)
	// Key gives the invented agency's certificate and key as PEM, with which
	// its bundles open, or NotFound.
	Key func(ctx context.Context, agency identity.AgencyID) ([]byte, error)
}

// PracticeAccount is one invented account; Lesson is the end of a message key
// practice.lesson.<lesson>.
type PracticeAccount struct{ Identifier, Kind, Lesson string }

type practicePage struct {
	Base
	Accounts Table
	Steps    []string
	Kit      bool // the reader has an agency, whose order and key can be had
	Reset    When
}

var practiceView = newPage[practicePage]("practice", "table", "cell", "badge", "when", "digest", "empty")

// practiceLessons are the ways in which the automatic reviewer answers.
var practiceLessons = []string{"qualified", "ask", "refuse", "standing", "nothing"}

func (s *Server) practiceRoutes() []Route {
	if s.cfg.Practice == nil {
		return nil
	}
	officer := []identity.Role{identity.Officer}
	return []Route{
		{Method: http.MethodGet, Path: "/practice", Name: "practice.show", Title: "practice.title", Public: true, Nav: 80, Handle: s.showPractice},
		{Method: http.MethodGet, Path: "/practice/order", Name: "practice.order", Title: "practice.order", Roles: officer, Self: true, Handle: s.practiceOrder},
		{Method: http.MethodGet, Path: "/practice/key", Name: "practice.key", Title: "practice.key", Roles: officer, Self: true, Handle: s.practiceKey},
	}
}

// showPractice says what practice is, which accounts can be asked for, and how
// the automatic reviewer answers.
func (s *Server) showPractice(c *Ctx) error {
	p := practicePage{Base: c.Base("practice.title")}
	p.Reset = p.When(s.cfg.Practice.Next())
	actor, ok := c.Actor()
	p.Kit = ok && actor.Role == identity.Officer
	for _, l := range practiceLessons {
		p.Steps = append(p.Steps, c.T("practice.answer."+l))
	}
	p.Accounts = Table{Caption: c.T("practice.accounts"), Columns: []Column{{Text: c.T("practice.account")}, {Text: c.T("practice.lesson")}}}
	for _, a := range s.cfg.Practice.Accounts {
		p.Accounts.Rows = append(p.Accounts.Rows, []Cell{{Code: a.Identifier, Note: c.T("target.kind." + a.Kind)}, {Text: c.T("practice.lesson." + a.Lesson)}})
	}
	return practiceView.Show(c, p)
}

// practiceOrder gives a specimen order to send.
func (s *Server) practiceOrder(c *Ctx) error {
	agency, err := s.ownAgency(c)
	if err != nil {
		return err
	}
	pdf, err := s.cfg.Practice.Order(agency)
	if err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(pdf), "order.pdf", "application/pdf")
}

// practiceKey gives the invented agency's key, with which its bundles open. A
// real agency's key is never in our hands.
func (s *Server) practiceKey(c *Ctx) error {
	actor, _ := c.Actor()
	pem, err := s.cfg.Practice.Key(c.Ctx(), actor.Agency)
	if err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(pem), "agency-certificate-and-key.pem", "application/x-pem-file")
}

// fileName gives the name of a file that leaves; in practice it says so.
func (c *Ctx) fileName(name string) string {
	if c.srv.cfg.Practice != nil {
		name = "PRACTICE-" + name
	}
	return asciiName(name)
}
