package keys

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/export"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// DeliveryForm gives how an agency's bundles are encrypted; its zero value where
// nothing was set.
func (s *Service) DeliveryForm(ctx context.Context, agency identity.AgencyID) (identity.DeliveryForm, error) {
	if _, err := s.may(ctx, "view", access.Object{Kind: "delivery_form", Agency: agency}); err != nil {
		return identity.DeliveryForm{}, err
	}
	return s.Store.DeliveryForm(ctx, agency)
}

// SetDelivery settles how an agency's bundles are encrypted from now on. It
// refuses a certificate or an age recipient to which nothing could be encrypted,
// and one that a registrar brings: whoever adds a key could read every bundle, so
// certificates come as entries which two registrars approve, and other keys by
// the operator's command. f.Version is the one that was read, 0 for none.
func (s *Service) SetDelivery(ctx context.Context, f identity.DeliveryForm) (err error) {
	defer fault.Wrap(&err, "keys.SetDelivery(%s)", f.Agency)
	rule, err := s.may(ctx, "set", access.Object{Kind: "delivery_form", Agency: f.Agency})
	if err != nil {
		return err
	}
	if err := checkDelivery(f, s); err != nil {
		return err
	}
	if err := s.ownKeys(ctx, f); err != nil {
		return err
	}
	old := f.Version
	f.Version++
	e := change.Event(ctx, s.Now(), "agency.delivery_set", "delivery:"+string(f.Agency), f.Version)
	e.Facts["agency"], e.Facts["profile"], e.Facts["rule"] = string(f.Agency), string(f.Profile), rule
	e.Facts["recipients_sha256"] = sumOf([]byte(string(f.CertsPEM) + strings.Join(f.Age, "\n")))
	part := change.Part{Event: e, Update: []any{&f}}
	if old == 0 {
		part = change.Part{Event: e, Insert: []any{&f}}
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/agencies/"+string(f.Agency))})
}

// ownKeys refuses keys that a registrar brings. The database does the same
// (check_delivery_form).
func (s *Service) ownKeys(ctx context.Context, f identity.DeliveryForm) error {
	if actor, _ := identity.From(ctx); actor.Role == identity.System || len(f.Age) == 0 && len(f.CertsPEM) == 0 {
		return nil
	}
	was, err := s.Store.DeliveryForm(ctx, f.Agency)
	if err != nil {
		return err
	}
	if len(f.Age) > 0 && !slices.Equal(f.Age, was.Age) || len(f.CertsPEM) > 0 && !bytes.Equal(f.CertsPEM, was.CertsPEM) {
		return fault.Fields([]fault.Problem{{Field: "profile", Message: "Keys for age are put on file on the server, with lerd keys deliver. Certificates are entries that two registrars approve."}})
	}
	return nil
}

func checkDelivery(f identity.DeliveryForm, s *Service) error {
	var ps []fault.Problem
	add := func(field string, err error) {
		if err != nil {
			ps = append(ps, fault.Problem{Field: field, Message: fault.Message(err)})
		}
	}
	switch f.Profile {
	case identity.DeliverGCM, identity.DeliverCBC:
		if len(f.Age) > 0 {
			add("age", fault.New(fault.Invalid, "Give age recipients with the form age alone."))
		}
		if len(f.CertsPEM) > 0 {
			_, err := export.Recipients(f.CertsPEM, s.Now())
			add("certificates", err)
		}
	case identity.DeliverAge:
		if len(f.CertsPEM) > 0 {
			add("certificates", fault.New(fault.Invalid, "Certificates do not open what is encrypted with age. Give age recipients alone."))
		}
		add("age", export.CheckAge(f.Age))
	default:
		add("profile", fault.New(fault.Invalid, "Choose one of the forms."))
	}
	return fault.Fields(ps)
}
