package web

import (
	"strconv"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"lerd/internal/requests"
)

// facts gathers the lines of a list of facts; an empty text is left out.
type facts struct {
	c    *Ctx
	list []Fact
}

func (f *facts) add(key string, cell Cell) { f.list = append(f.list, Fact{f.c.T(key), cell}) }

func (f *facts) text(key, text string) {
	if text != "" {
		f.add(key, Cell{Text: text})
	}
}

func (f *facts) date(key string, t time.Time) {
	if !t.IsZero() {
		f.text(key, f.c.Date(t))
	}
}

func (f *facts) yes(key string, yes bool) {
	if yes {
		f.text(key, f.c.T("form.yes"))
		return
	}
	f.text(key, f.c.T("form.no"))
}

// processFacts say by which kind of process a request comes.
func (s *Server) processFacts(c *Ctx, cs requests.Case) []Fact {
	f := facts{c: c}
	f.add("case.process", Cell{Text: c.processName(cs.Request.Process.ID, s.processTitle(cs.Request.Process)), Note: cs.Request.Process.ID + ", " + c.T("case.version", "version", cs.Request.Process.Version)})
	f.yes("case.emergency", cs.Request.Emergency)
	f.text("request.f.emergency_why", cs.Request.EmergencyWhy.Reveal())
	return append(f.list, s.furtherFacts(c, cs.Request)...)
}

// processTitle names the version of the process to which a case is pinned.
func (s *Server) processTitle(pin requests.ProcessPin) string {
	for _, p := range s.knownLaw().Processes() {
		if string(p.ID) == pin.ID && p.Version == pin.Version {
			return p.Title
		}
	}
	return pin.ID
}

// orderFacts say what stands on the order, and which file it is.
func (s *Server) orderFacts(c *Ctx, cs requests.Case) []Fact {
	o := cs.Request.Order
	f := facts{c: c}
	f.text("request.f.order_number", o.Number)
	f.add("case.issuer", Cell{Text: o.IssuerName, Note: c.Law("issuer."+o.IssuerKind, s.issuerTitle(o.IssuerKind))})
	f.text("request.f.validator_kind", c.Law("issuer."+o.ValidatorKind, s.issuerTitle(o.ValidatorKind)))
	f.date("request.f.issued_on", o.IssuedOn)
	f.date("request.f.return_on", o.ReturnOn)
	f.date("request.f.expires_on", o.ExpiresOn)
	f.yes("case.signed", o.Signed)
	f.text("request.f.order_language", languageName(c, o.Language))
	f.text("request.f.legal_basis", o.LegalBasis)
	f.text("request.f.addressee", o.Addressee)
	return append(f.list, c.documentFacts(cs.Document, zoneOf(cs.Agency))...)
}

func languageName(c *Ctx, code string) string {
	tag, err := language.Parse(code)
	if names := display.Languages(c.lang); err == nil && names != nil {
		return names.Name(tag)
	}
	return code
}

func (s *Server) issuerTitle(kind string) string {
	for _, k := range s.cfg.Services.Law.IssuerKinds() {
		if k.ID == kind {
			return k.Title
		}
	}
	return kind
}

// documentFacts describe an order's file.
func (c *Ctx) documentFacts(d requests.Document, zone *time.Location) []Fact {
	f := facts{c: c}
	f.add("document.name", Cell{Text: d.FileName.Reveal(), Note: c.T("document.size", "size", size(d.Bytes), "pages", c.T("document.pages", "n", d.Pages))})
	f.add("document.sha256", Cell{Digest: &Digest{"SHA-256", d.SHA256}})
	f.add("document.at", Cell{When: &When{d.At, zone}})
	return f.list
}

// offenceFacts say what is being prosecuted.
func (s *Server) offenceFacts(c *Ctx, cs requests.Case) []Fact {
	o := cs.Request.Offence
	f := facts{c: c}
	class := o.Class
	if known, ok := s.cfg.Services.Law.OffenceClass(o.Class); ok {
		class = c.Law("offence."+known.Code, known.Title)
	}
	f.add("request.f.offence_class", Cell{Text: class, Note: "ICCS " + o.Class})
	f.text("request.f.offence_provision", o.Provision)
	f.text("request.f.offence_text", o.Text.Reveal())
	if o.MaxPenaltyMonths > 0 {
		f.text("request.f.max_penalty_years", years(o.MaxPenaltyMonths))
	}
	f.yes("request.f.by_network", o.ByNetwork)
	return f.list
}

// attestKeys are the attestations in the order of the form.
var attestKeys = []string{"order.addressee_right", "need.stated", "need.facts_shown", "need.proportionality", "need.individualised",
	"offence.sole_purpose_identify", "emergency.imminent", "emergency.why_not_ordinary", "emergency.data_averts"}

// needFacts say why the data are needed, what the officer attests, and whether
// the person may be told.
func (s *Server) needFacts(c *Ctx, cs requests.Case) []Fact {
	q := cs.Request
	f := facts{c: c}
	f.text("request.f.need", q.Need.Reveal())
	for _, key := range attestKeys {
		if said, ok := q.Attested[key]; ok {
			f.yes("attest."+formField(key), said == "yes")
		}
	}
	f.yes("request.f.confidential", q.Confidential.Asked)
	f.date("request.f.confidential_until", q.Confidential.Until)
	f.text("request.f.confidential_basis", q.Confidential.Basis)
	return f.list
}

// targetFacts say what is asked about one account, and why.
func (c *Ctx) targetFacts(t requests.Target) []Fact {
	f := facts{c: c}
	f.text("request.t.person_role", c.T("target.role."+t.PersonRole))
	f.text("request.t.purpose", c.T("target.purpose."+t.Purpose))
	f.text("request.t.flags", c.flagWords(t))
	var wanted []string
	for _, cat := range requests.Categories {
		if t.Wants(cat) {
			wanted = append(wanted, c.T("category."+string(cat)))
		}
	}
	f.text("request.t.categories", c.list(wanted))
	return f.list
}

// flagWords say what the officer says of a person; nothing where they said nothing.
func (c *Ctx) flagWords(t requests.Target) string {
	var words []string
	for _, flag := range t.Flags {
		words = append(words, c.T("target.flag."+flag))
	}
	return c.list(words)
}

// targetCell names an account as the agency's own order names it.
func (c *Ctx) targetCell(t requests.Target) Cell {
	return Cell{Code: t.Identifier.Reveal(), Note: strconv.Itoa(t.Ordinal) + " · " + c.T("target.kind."+t.Kind)}
}
