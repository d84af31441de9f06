package export

import (
	"fmt"
	"strings"

	"lerd/internal/pdfa"
)

const brazilianInstant = "2006-01-02 15:04:05"

// basisEPOC answers a European Production Order Certificate: what was transmitted
// of which category, when the certificate came in, and what was not.
// LAW: (EU) 2023/1543 Art. 3(9)-(11), 10, 13; Annex III for what is not executed.
func (p *paper) basisEPOC(d *pdfa.Document) {
	h := p.header
	d.Section("Reply to a European Production Order Certificate")
	d.Text(fmt.Sprintf("The certificate %s was received on %s. The data listed below are transmitted with this bundle to the issuing authority under Article 10 of Regulation (EU) 2023/1543.",
		orNone(h.Agency.CaseRef), stampOf(h.Request.ReceivedAt)))
	d.Text(p.categoriesEPOC())
	d.Words("Data asked for and not transmitted stand in the table “Scope” with their reasons; a reason of Annex III is given to the issuing authority in that form as well. " +
		"The addressee has not told the person whose data are sought (Article 13), unless the issuing authority asked for it.")
	d.Words("The records were made by the system described below in its regular course, at or near the time of the events that they record. " +
		"The enclosed files are copies, identified by the digests listed below (SHA-256); the seal and the time stamp of the container show that they are complete and unchanged.")
	d.Table([]pdfa.Column{{Share: 1}, {Share: 2}}, [][]string{{"Addressee (designated establishment or legal representative)", blank(p.certificate.Employer)},
		{"Reference of the addressee", h.Request.Ref}, {"Issuing authority", orNone(h.Request.IssuingAuthority)}}, 0)
}

// categoriesEPOC says under which category of the Regulation each kind falls.
func (p *paper) categoriesEPOC() string {
	var parts []string
	for _, c := range p.header.ScopeApplied.Categories {
		switch {
		case c == CategoryPhone:
			parts = append(parts, "telephone numbers: subscriber data (Article 3(9))")
		case p.certificate.has(FormTraffic):
			parts = append(parts, "IP addresses with source ports and time stamps: traffic data (Article 3(11))")
		default:
			parts = append(parts, "IP addresses with source ports and time stamps: data requested for the sole purpose of identifying the user (Article 3(10))")
		}
	}
	if len(parts) == 0 {
		return "Nothing was approved for transmission."
	}
	return "Categories: " + strings.Join(parts, "; ") + "."
}

// basisBR states what a Brazilian court looks for in records of access.
// LAW: Lei 12.965/2014, art. 5 VIII, 10, 15, 22; Decreto 8.771/2016, art. 11, 13;
// Código de Processo Penal, art. 158-A to 158-F (chain of custody).
func (p *paper) basisBR(d *pdfa.Document) {
	h := p.header
	d.Section("Declaration about records")
	d.HeadingIn("pt", "Declaração sobre registros de acesso a aplicações de internet")
	d.Text(fmt.Sprintf("In answer to %s (Lei 12.965/2014, art. 10 and 22; legal basis stated by the authority: %s), received on %s UTC.", orNone(h.Agency.CaseRef),
		orNone(h.Request.LegalBasis), h.Request.ReceivedAt.UTC().Format(brazilianInstant)))
	d.Words("The records of access to the application (art. 5, VIII: date and time of use from an IP address) were made by the system described below in its regular course and kept " +
		"under secrecy, in a controlled environment (art. 15). They state the IP address, the source port where it was recorded, and the time in UTC; legal time of Brasília is UTC−3.")
	d.Words("Access to the records was limited to the people named by role in the chain of custody below, with individual sign-in and a record of each access (Decreto 8.771/2016, art. 13). " +
		"The chain of custody states who recognised, fixed, collected and handed over the records, and when (Código de Processo Penal, art. 158-A and 158-B). " +
		"The enclosed files are copies, identified by the digests listed below (SHA-256).")
}
