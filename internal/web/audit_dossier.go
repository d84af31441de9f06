package web

import (
	"bytes"

	"lerd/internal/export/asic"
	"lerd/internal/identity"
	"lerd/internal/oversight"
)

// auditDossier asks for the passkey before a dossier is made.
func (s *Server) auditDossier(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	cs, _, err := s.cfg.Services.Trail.Trail(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("audit_dossier.title", "ref", cs.Request.Ref), Lead: c.T("audit_dossier.lead")}
	p.Crumbs = []Crumb{{c.T("audit.title"), "/audit"}, {cs.Request.Ref, "/audit/cases/" + string(id)}, {c.T("audit_dossier.short"), ""}}
	a := c.stepForm("take", "audit_dossier.take", "/audit/cases/"+string(id)+"/dossier", struct{}{})
	a.StepUp = c.StepUp(identity.PurposeAudit, oversight.DossierDigest(id))
	p.Acts = []StepForm{a}
	p.Commands = []verifyStep{{Title: c.T("audit_dossier.yourself"), Command: "lerd-verify dossier FILE --vkey log.vkey --trust-root root.pem", Text: c.T("audit_dossier.yourself.text")}}
	return auditDeskView.Show(c, p)
}

// takeDossier makes and sends the dossier of a case.
func (s *Server) takeDossier(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	if _, _, err := s.cfg.Services.Trail.Trail(c.Ctx(), id); err != nil {
		return err // a case that is not there asks for no passkey
	}
	ctx, err := c.Proved(identity.PurposeAudit, oversight.DossierDigest(id))
	if err != nil {
		return err
	}
	name, file, err := s.cfg.Services.Oversight.MakeDossier(ctx, id)
	if err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(file), name, asic.MediaType)
}
