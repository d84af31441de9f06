package web

import (
	"context"
	"strconv"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// DeliveryForms settles how an agency's bundles are encrypted; *keys.Service
// fulfils it.
type DeliveryForms interface {
	DeliveryForm(ctx context.Context, agency identity.AgencyID) (identity.DeliveryForm, error)
	SetDelivery(ctx context.Context, f identity.DeliveryForm) error
}

// deliveryInput is the form in which an agency's bundles leave. Certificates are
// entries on file, which two registrars approve.
type deliveryInput struct {
	Profile string `form:"profile" validate:"required,oneof=cms-gcm cms-cbc age" label:"agency.f.delivery" input:"radios"`
	Version string `form:"version" validate:"required,number" label:"agency.f.delivery" input:"hidden"`
}

// deliveryProfiles are what a registrar may choose: age only where the operator
// has put its recipients on file.
func deliveryProfiles(f identity.DeliveryForm) []string {
	out := []string{string(identity.DeliverGCM), string(identity.DeliverCBC)}
	if f.Profile == identity.DeliverAge {
		out = append(out, string(identity.DeliverAge))
	}
	return out
}

// deliveryWord names a form; the zero value is the usual one.
func (c *Ctx) deliveryWord(p identity.DeliveryProfile) string {
	if p == "" {
		p = identity.DeliverGCM
	}
	return c.T("agency.delivery." + string(p))
}

// deliveryAct asks for the form in which the agency's bundles leave.
func (r registry) deliveryAct() StepForm {
	f := r.delivery
	if f.Profile == "" {
		f.Profile = identity.DeliverGCM
	}
	a := r.act("delivery", "agency.delivery", deliveryInput{Profile: string(f.Profile), Version: strconv.FormatInt(f.Version, 10)}, "profile", "version")
	a.Form.Options("profile", r.c.choose("agency.delivery", deliveryProfiles(*f)...))
	return a.erring(r.c, r.wrong)
}

// setDelivery keeps further certificates where the form can use them.
func (s *Server) setDelivery(c *Ctx) error {
	var in deliveryInput
	return s.agencyStep(c, agencyStep{"delivery", "flash.agency_delivery", &in, func(ctx context.Context, id identity.AgencyID) error {
		now, err := s.cfg.Services.Forms.DeliveryForm(ctx, id)
		if err != nil {
			return err
		}
		version, err := strconv.ParseInt(in.Version, 10, 64)
		if err != nil || version != now.Version {
			return fault.New(fault.Conflict, "Somebody else has changed the form of delivery meanwhile. Look at it again.")
		}
		now.Agency, now.Profile = id, identity.DeliveryProfile(in.Profile)
		if now.Profile != identity.DeliverAge {
			now.Age = nil
		}
		err = s.cfg.Services.Forms.SetDelivery(ctx, now)
		return renamed(err, func(field string) string {
			if field == "certificates" {
				return "profile"
			}
			return field
		})
	}})
}
