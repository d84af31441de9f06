package export

import (
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"strings"

	"lerd/internal/export/columns"
	"lerd/internal/pdfa"
)

// MaxAnnex is up to how many records the letter lists; above, it refers to the
// files, whose digests the certificate has.
const MaxAnnex = 100

// letterPDF lays out the answer to the authority: what was asked, approved,
// narrowed, refused and not held, per subject and category.
func (p *paper) letterPDF() ([]byte, error) {
	h := p.header
	d := p.document("Answer to your request")
	facts(d, [][]string{
		{"From", join(h.Controller.Name, h.Controller.Address, h.Controller.Contact)},
		{"To", h.Agency.Name + " (" + h.Agency.Country + ")"},
		{"Your reference", orNone(h.Agency.CaseRef)},
		{"Our reference", h.Request.Ref},
		{"Order", h.Request.Instrument + ", issued by " + orNone(h.Request.IssuingAuthority) + ", received " + stampOf(h.Request.ReceivedAt)},
		{"Legal basis", orNone(h.Request.LegalBasis)},
		{"Bundle", h.ExportID + ", made " + stampOf(h.GeneratedAt)},
		{"Made for", join(h.Copy.RecipientName, h.Copy.RecipientRole+" "+h.Copy.Recipient, h.Agency.Name)},
		{"Copy", fmt.Sprintf("no. %d, mark %s", h.Copy.Ordinal, h.Copy.Mark)}})
	d.Words("This copy was sealed for the person named above. Its mark stands on each page, at the end of each record id and in data/custody.json, all of them under the seal: " +
		"a copy that turns up elsewhere leads back to who received it.")
	if h.Supersedes != "" {
		d.Text("This bundle takes the place of " + h.Supersedes + ". Please do not rely on that one any longer.")
	}
	d.Section("Result")
	d.Words(resultWords[h.Result])
	p.subjectTable(d)
	p.outcomeTable(d)
	p.reasons(d)
	d.Section("How to read the records")
	d.Words("All times are in UTC, with as many digits of a second as the source records. The records lie in data/records: one CSV file for each category, and records.json, " +
		"which is the reference where a program changes a CSV file when it opens it (spreadsheets show long numbers and phone numbers differently). outcomes.csv says of each " +
		"thing that was asked what became of it.")
	p.absenceTable(d)
	d.Words("Ask an access provider with the address, the source port and the time to the second together.")
	for _, l := range h.Limitations {
		d.Text(l)
	}
	p.annex(d)
	p.checking(d)
	return d.Bytes()
}

var resultWords = map[string]pdfa.Fixed{
	"data":    "Everything that was asked is disclosed with this bundle.",
	"partial": "A part of what was asked is disclosed with this bundle. The table says for each subject and category what was decided and what came of it.",
	"no_data": "Nothing is held of what was asked.",
	"refused": "Nothing is disclosed. The reasons, and what would cure them, stand below.",
}

func join(parts ...string) string {
	var out []string
	for _, s := range parts {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

var categoryWords = map[string]string{CategoryPhone: "Phone numbers", CategoryIP: "IP addresses"}

var outcomeWords = map[string]string{ResultDisclosed: "Disclosed", ResultNotHeld: "Not held: looked for, nothing found", ResultRefused: "Refused", ResultWithheld: "Not in this release"}

// span writes a period; its end is no longer part of it.
func span(p Period) string { return stampOf(p.From) + "\nuntil " + stampOf(p.To) }

// subjectTable says which identifier of the order each subject is: without it nobody can
// tell years later whose records these are.
func (p *paper) subjectTable(d *pdfa.Document) {
	if len(p.header.Subjects) == 0 {
		return
	}
	var rows [][]string
	for _, s := range p.header.Subjects {
		at := "not stated"
		if !s.HolderAt.IsZero() {
			at = stampOf(s.HolderAt)
		}
		rows = append(rows, []string{s.Ref, s.Kind + " " + orNone(s.Identifier), at})
	}
	d.Table([]pdfa.Column{{Title: "Subject", Share: 0.8}, {Title: "Asked about", Share: 5.8}, {Title: "Used by the person at (UTC)", Share: 2.2}}, rows, 0)
}

func (p *paper) outcomeTable(d *pdfa.Document) {
	var rows [][]string
	for _, o := range p.header.Outcomes {
		applied, result := "nothing", outcomeWords[o.Result]
		if o.Applied != nil {
			applied = span(*o.Applied)
		}
		if o.Decision == DecisionNarrowed {
			applied = "narrowed to " + applied
		}
		if o.Decision == DecisionNotHeld {
			result = "Not held: no account, or nothing of this kind"
		}
		rows = append(rows, []string{o.SubjectRef, categoryWords[o.Category], span(o.Asked), applied, result, fmt.Sprint(o.Records)})
	}
	d.Table([]pdfa.Column{{Title: "Subject", Share: 0.8}, {Title: "Category", Share: 1.2}, {Title: "Asked (UTC, end excluded)", Share: 2.2}, {Title: "Approved (UTC, end excluded)", Share: 2.2},
		{Title: "Result", Share: 1.6}, {Title: "Records", Share: 0.8}}, rows, 0)
}

// reasons says why less is given than was asked, and what would cure it.
func (p *paper) reasons(d *pdfa.Document) {
	var rows [][]string
	for _, o := range p.header.Outcomes {
		for _, r := range o.Reasons {
			rows = append(rows, []string{o.SubjectRef, categoryWords[o.Category], r.Code, r.Text, r.Cure})
		}
	}
	if len(rows) == 0 {
		return
	}
	d.Section("Reasons, and what would cure them")
	d.Table([]pdfa.Column{{Title: "Subject", Share: 0.8}, {Title: "Category", Share: 1.2}, {Title: "Reason", Share: 0.9}, {Title: "Why", Share: 3}, {Title: "What would cure it", Share: 3}}, rows, 0)
}

// absenceTable says of each column that is empty in some rows what that means.
func (p *paper) absenceTable(d *pdfa.Document) {
	if len(p.absences) == 0 {
		return
	}
	d.Words("An empty cell is not a zero. These columns are empty in some rows, and this is what that says:")
	var rows [][]string
	for _, a := range p.absences {
		rows = append(rows, []string{a.Table + "." + a.Column, fmt.Sprintf("%d of %d", a.Empty, a.Rows), a.Meaning})
	}
	d.Table([]pdfa.Column{{Title: "Column", Share: 2}, {Title: "Empty in rows", Share: 1}, {Title: "Meaning", Share: 3}}, rows, 0)
}

// annex lists the records themselves where they are few: text that no
// spreadsheet has touched.
func (p *paper) annex(d *pdfa.Document) {
	switch {
	case p.records == 0:
		return
	case p.records > MaxAnnex:
		d.Section("Annex: the records")
		d.Text(fmt.Sprintf("There are %d records, more than a letter can list. They stand in data/records.", p.records))
		return
	}
	d.Section("Annex: the records")
	var r row
	if rows := [][]string{}; len(p.phones) > 0 {
		for i := range p.phones {
			rows = append(rows, pick(phoneTable, r.phone(&p.phones[i]), "record_id", "subject_ref", "phone_e164", "valid_from_utc", "valid_to_utc"))
		}
		d.Table([]pdfa.Column{{Title: "Record", Share: 1.5, Mono: true}, {Title: "Subject", Share: 0.8}, {Title: "Phone number", Share: 1.4}, {Title: "From (UTC)", Share: 1.8, Mono: true}, {Title: "To (UTC)", Share: 1.8, Mono: true}}, rows, 0)
	}
	if rows := [][]string{}; len(p.ips) > 0 {
		for i := range p.ips {
			rows = append(rows, pick(ipTable, r.ip(&p.ips[i]), "record_id", "subject_ref", "event_type", "event_time_utc", "ip_address", "source_port"))
		}
		// In points: a record id, a time to the millisecond and the longest address of
		// IPv6 have room in one line, as people copy them from paper.
		d.Table([]pdfa.Column{{Title: "Record", Share: 90, Mono: true}, {Title: "Subject", Share: 36.5}, {Title: "Event", Share: 65.5, Mono: true},
			{Title: "Time (UTC)", Share: 102, Mono: true}, {Title: "IP address", Share: 163.4, Mono: true}, {Title: "Port", Share: 24.5, Mono: true}}, rows, 0)
	}
}

// pick gives some cells of a row as text.
func pick(t *columns.Table, cells [][]byte, names ...string) (out []string) {
	for _, name := range names {
		out = append(out, string(cells[t.Index(name)]))
	}
	return out
}

func (p *paper) checking(d *pdfa.Document) {
	d.Section("How to check this bundle")
	d.Text("VERIFY.txt has the commands. The seal, the time stamp and the audit log's proof can be checked without us, by free tools. The root certificates and the log's key are published at " +
		orNone(p.published) + ". Compare these fingerprints (SHA-256) with those that you received at onboarding:")
	for _, der := range p.roots {
		if c, err := x509.ParseCertificate(der); err == nil {
			d.Text(c.Subject.CommonName)
			d.Mono(hexOf(sha256.Sum256(der)))
		}
	}
}
