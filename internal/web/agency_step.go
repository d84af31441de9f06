package web

import (
	"context"

	"lerd/internal/agencies"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// agencyStep is one step of the dossier's page: its form, its input, what is
// done, and the notice afterwards.
type agencyStep struct {
	form, flash string
	in          any // nil where the form has only its button
	take        func(ctx context.Context, id identity.AgencyID) error
}

// agencyStep decodes the form, takes the step under the form's key, and shows
// the page again where the form needs another look.
func (s *Server) agencyStep(c *Ctx, st agencyStep) error {
	id, err := c.agencyID()
	if err != nil {
		return err
	}
	if st.in != nil {
		err = c.Decode(st.in)
	}
	if err == nil {
		err = st.take(c.Once(), id)
	}
	if mendable(err) {
		return s.showDossier(c, &mistake{st.form, err})
	}
	return c.doneAt(err, agencies.PathOf(id), st.flash)
}

func (s *Server) activateAgency(c *Ctx) error {
	return s.agencyStep(c, agencyStep{form: "activate", flash: "flash.agency_activated", take: func(_ context.Context, id identity.AgencyID) error {
		d, err := s.cfg.Services.Vetting.View(c.Ctx(), id)
		if err != nil {
			return err
		}
		ctx, err := c.Proved(identity.PurposeActivateAgency, d.Agreement())
		if err != nil {
			return err
		}
		return s.cfg.Services.Vetting.Activate(ctx, id)
	}})
}

func (s *Server) abandonRound(c *Ctx) error {
	var in reasonInput
	return s.agencyStep(c, agencyStep{"abandon", "flash.agency_abandoned", &in, func(ctx context.Context, id identity.AgencyID) error {
		return s.cfg.Services.Vetting.Abandon(ctx, id, in.Reason)
	}})
}

func (s *Server) renewAgency(c *Ctx) error {
	var in renewInput
	return s.agencyStep(c, agencyStep{"renew", "flash.agency_renewal", &in, func(ctx context.Context, id identity.AgencyID) error {
		return s.cfg.Services.Vetting.Renew(ctx, id, agencies.SourceInput(in))
	}})
}

func (s *Server) suspendAgency(c *Ctx) error {
	var in reasonInput
	return s.agencyStep(c, agencyStep{"suspend", "flash.agency_suspended", &in, func(ctx context.Context, id identity.AgencyID) error {
		return s.cfg.Services.Vetting.Suspend(ctx, id, in.Reason)
	}})
}

func (s *Server) changeAgency(c *Ctx) error {
	var in changeInput
	return s.agencyStep(c, agencyStep{"change", "flash.agency_change", &in, func(ctx context.Context, id identity.AgencyID) error {
		err := s.cfg.Services.Vetting.ProposeDetail(ctx, id, in.detail())
		return renamed(err, func(field string) string {
			if field == "contact-value" {
				return "value"
			}
			return field
		})
	}})
}

func (s *Server) approveChange(c *Ctx) error {
	var in entryInput
	return s.agencyStep(c, agencyStep{"approve", "flash.agency_change_approved", &in, func(_ context.Context, id identity.AgencyID) error {
		d, err := s.cfg.Services.Vetting.View(c.Ctx(), id)
		if err != nil {
			return err
		}
		ctx, err := c.Proved(identity.PurposeActivateAgency, d.Approval(agencies.DetailID(in.Entry)))
		if err != nil {
			return err
		}
		return s.cfg.Services.Vetting.ApproveDetail(ctx, id, agencies.DetailID(in.Entry))
	}})
}

func (s *Server) declineChange(c *Ctx) error {
	var in entryInput
	return s.agencyStep(c, agencyStep{"decline", "flash.agency_change_declined", &in, func(ctx context.Context, id identity.AgencyID) error {
		return s.cfg.Services.Vetting.DeclineDetail(ctx, id, agencies.DetailID(in.Entry))
	}})
}

func (s *Server) retireEntry(c *Ctx) error {
	var in entryInput
	return s.agencyStep(c, agencyStep{"retire", "flash.agency_entry_retired", &in, func(ctx context.Context, id identity.AgencyID) error {
		return s.cfg.Services.Vetting.RetireDetail(ctx, id, agencies.DetailID(in.Entry))
	}})
}

// beginCall opens a call and so shows the number on file.
func (s *Server) beginCall(c *Ctx) error {
	return s.agencyStep(c, agencyStep{form: "call", flash: "flash.call_begun", take: func(ctx context.Context, id identity.AgencyID) error {
		_, err := s.cfg.Services.Calls.Begin(ctx, agencies.Subject(id))
		return err
	}})
}

// recordCall closes the call that the reader began. The call is found by its
// subject: no address names another one.
func (s *Server) recordCall(c *Ctx) error {
	var in callInput
	return s.agencyStep(c, agencyStep{"record", "flash.call_recorded", &in, func(ctx context.Context, id identity.AgencyID) error {
		d, err := s.cfg.Services.Vetting.View(c.Ctx(), id)
		if err != nil {
			return err
		}
		for _, x := range d.Calls {
			if string(x.ID) == in.Call {
				_, err := s.cfg.Services.Calls.Record(ctx, x.ID, in.input(c, x.Subject.Kind))
				return err
			}
		}
		return fault.New(fault.NotFound, "There is nothing here.")
	}})
}
