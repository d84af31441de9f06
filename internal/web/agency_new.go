package web

import (
	"strings"

	"lerd/internal/agencies"
)

// agencyInput is an agency as a registrar reads it out of a directory.
type agencyInput struct {
	Name      string `form:"name" validate:"required,max=200" label:"agency.f.name" hint:"agency.f.name.hint"`
	Country   string `form:"country" validate:"required,max=2" label:"agency.f.country" hint:"agency.f.country.hint" width:"short" autocomplete:"off"`
	Zone      string `form:"zone" validate:"required,max=60" label:"agency.f.zone" hint:"agency.f.zone.hint" width:"medium" autocomplete:"off"`
	Register  string `form:"register" validate:"required,max=200" label:"agency.f.register" hint:"agency.f.register.hint"`
	Reference string `form:"reference" validate:"required,max=200" label:"agency.f.reference" hint:"agency.f.reference.hint"`
	SeenOn    string `form:"seen_on" validate:"required" label:"agency.f.seen_on" hint:"agency.f.seen_on.hint" input:"date" width:"short"`

	CallName  string `form:"call_back-name" validate:"required,max=200" label:"agency.f.call_name" hint:"agency.f.call_name.hint"`
	CallValue string `form:"call_back-value" validate:"required,max=40" label:"agency.f.call_value" hint:"agency.f.call_value.hint" input:"tel" width:"medium" autocomplete:"off"`

	Domains      string `form:"domains" validate:"required,max=2000" label:"agency.f.domains" hint:"agency.f.domains.hint" input:"textarea" rows:"3"`
	Certificates string `form:"certificates" validate:"required,max=20000" label:"agency.f.certificates" hint:"agency.f.certificates.hint" input:"textarea" rows:"8"`

	OversightName    string `form:"oversight-name" validate:"required,max=200" label:"agency.f.oversight_name" hint:"agency.f.oversight_name.hint"`
	OversightChannel string `form:"oversight-channel" validate:"required" label:"agency.f.channel" input:"select" width:"short"`
	OversightValue   string `form:"oversight-value" validate:"required,max=200" label:"agency.f.contact_value"`

	IssuerName    string `form:"issuers-0-name" validate:"max=200" label:"agency.f.issuer_name" hint:"agency.f.issuer_name.hint"`
	IssuerChannel string `form:"issuers-0-channel" label:"agency.f.channel" input:"select" width:"short"`
	IssuerValue   string `form:"issuers-0-value" validate:"max=200" label:"agency.f.contact_value"`
}

// agencyNewPage is the form by which an agency comes on file.
type agencyNewPage struct {
	Base
	Form *Form
	Send Button
}

var agencyNewView = newPage[agencyNewPage]("agency_new", "breadcrumb", "field", "error_summary", "button")

func (s *Server) newAgency(c *Ctx) error {
	return s.showNewAgency(c, c.Form("/agencies/new", agencyInput{SeenOn: c.Now().Format("2006-01-02")}))
}

func (s *Server) showNewAgency(c *Ctx, f *Form) error {
	for _, name := range []string{"oversight-channel", "issuers-0-channel"} {
		f.Options(name, c.choose("agency.channel", "email", "phone", "post"))
	}
	p := agencyNewPage{Base: c.Base("agency_new.title"), Form: f, Send: Button{Text: c.T("agency_new.send")}}
	p.Crumbs = []Crumb{{c.T("agencies.title"), "/agencies"}, {p.Title, ""}}
	p.Problems = len(f.Summary) > 0
	return agencyNewView.Show(c, p)
}

func (s *Server) proposeAgency(c *Ctx) error {
	var in agencyInput
	err := c.Decode(&in)
	if err == nil {
		id, stepErr := s.cfg.Services.Vetting.Propose(c.Once(), in.proposal())
		if !invalid(stepErr) {
			return c.Done(stepErr, agencies.PathOf(id), "flash.agency_proposed")
		}
		err = stepErr
	}
	if !invalid(err) {
		return err
	}
	return s.showNewAgency(c, c.FormAgain("/agencies/new", in, err))
}

func (in agencyInput) proposal() agencies.Proposal {
	return agencies.Proposal{
		Name: in.Name, Country: in.Country, Zone: in.Zone, Source: agencies.SourceInput{Register: in.Register, Reference: in.Reference, SeenOn: in.SeenOn},
		CallBack: agencies.ContactInput{Name: in.CallName, Value: in.CallValue}, Domains: strings.Fields(in.Domains), Certificates: certificatesIn(in.Certificates),
		Oversight: agencies.ContactInput{Name: in.OversightName, Channel: in.OversightChannel, Value: in.OversightValue},
		Issuers:   []agencies.ContactInput{{Name: in.IssuerName, Channel: in.IssuerChannel, Value: in.IssuerValue}},
	}
}

// certificatesIn cuts pasted text after each certificate.
func certificatesIn(text string) []string {
	const end = "-----END CERTIFICATE-----"
	return strings.SplitAfter(strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n"), end)
}
