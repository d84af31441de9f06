package main

import (
	"net/http"
	"strings"
	"testing"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// spaced is a text with one space between its words, as a typesetter may break it.
func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }

// TestTheObjectionIsReadFromItsPDF fills in every part of both forms, and reads each
// of them back from the document that the authority gets: the Annex III form of an
// e-Evidence order, and the general one.
func TestTheObjectionIsReadFromItsPDF(t *testing.T) {
	s := newScenario(t)
	annex := s.objectedTo("EPOC 97/26", func(in *requests.Submission) { in.Process = "EU-EPOC-S" })
	general := s.inConflict("IN/94/2026/732")
	p := s.open(unhurried)
	counsel := p.visit("helen.park")
	for id, want := range map[requests.ID][]string{
		annex: {"A. Certificate concerned", "EPOC 97/26", "B. Authorities", "Amtsgericht Musterstadt", "C. Addressee", "D. Reasons for not executing", "There is a de facto impossibility", "E. Conflicting obligations under the law of a third country",
			"F. Clarification that is requested", "G. Preservation", "2026-12-24", "H. Contact"},
		general: {"The demand", "IN/94/2026/732", "The authority", "Cyber Crime Police Station", "The addressee", "Objection", "Whether the data are kept", "Contact"},
	} {
		c, process, _, in, err := s.cases.DraftObjection(s.as("helen.park"), id)
		s.must(err)
		in.Why, in.Conflict = "The order names nobody whom we could identify; müßte die Person nicht Beschuldigte sein?", "Section 12 of the Sample Secrecy Act forbids it, and applies to us as a resident company."
		in.Kept, in.KeptTill, in.Contact = "kept", "2026-12-24", "Helen Park, legal@sample.example, +49 30 901820"
		if requests.FormOf(process) == requests.Annex3Form {
			in.Reason = "DeFactoImpossibility"
		}
		o, err := s.cases.Objection(c, process, in)
		s.must(err)
		s.must(s.cases.Object(s.as("helen.park"), id, in))
		at := "/counsel/conflicts/" + string(id) + "/objection.pdf"
		file := p.ask(counsel, "GET", at, nil, "")
		if file.status != http.StatusOK || !strings.HasPrefix(file.body, "%PDF-1.7") || !strings.Contains(file.body, "pdfaid:part") {
			t.Fatalf("%s answers %d", at, file.status)
		}
		if again := p.ask(counsel, "GET", at, nil, ""); again.body != file.body {
			t.Error("the document is another each time")
		}
		read := spaced(s.pdfText([]byte(file.body)))
		for _, sec := range o.Sections() {
			for _, line := range append([]string{sec.Name}, sec.Lines...) {
				if !strings.Contains(read, spaced(line)) {
					t.Errorf("the document does not say %q", line)
				}
			}
		}
		for _, line := range append(want, in.Why, in.Conflict, "Helen Park, legal@sample.example, +49 30 901820", c.Request.Ref) {
			if !strings.Contains(read, spaced(line)) {
				t.Errorf("the document does not say %q", line)
			}
		}
		if digest := strings.ReplaceAll(read, " ", ""); !strings.Contains(digest, o.ContentSHA256) {
			t.Error("the document does not say the digest that counsel signed")
		}
	}
}

// objectedTo takes an e-Evidence order about a witness to counsel.
func (s *scenario) objectedTo(number string, change func(*requests.Submission)) requests.ID {
	s.t.Helper()
	in := s.ordered(s.uploadAs("jana.weber", number), number)
	in.Targets[0].PersonRole = legal.Witness
	change(&in)
	q, err := s.send(s.as("jana.weber"), in)
	s.must(err)
	s.must(s.cases.Claim(s.as("rita.lind"), q.ID))
	s.answerAll(s.as("rita.lind"), q.ID, legal.RoleReviewer)
	s.answerAll(s.as("helen.park"), q.ID, legal.RoleCounsel)
	s.must(s.cases.SendToCounsel(s.as("rita.lind"), q.ID, "The person is a witness."))
	return q.ID
}
