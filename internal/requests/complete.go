package requests

import (
	"context"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/requests/identifier"
)

const maxFurther = 1000

// FurtherFields gives the fields that a process asks for beyond the common form.
func FurtherFields(law *legal.Registry, p *legal.Process) []*legal.Field {
	var out []*legal.Field
	for _, id := range p.Required {
		if f := law.Field(id); f != nil && f.Present == "" {
			out = append(out, f)
		}
	}
	return out
}

// readFurther reads the answers that only this process asks for; answers to
// questions that it does not ask are not kept.
func (s *Service) readFurther(r *reader, p *legal.Process, in Submission) map[string]string {
	out := map[string]string{}
	if in.Emergency && in.Further["danger"] != "" {
		read, err := identifier.FreeText("further_danger", in.Further["danger"], maxFurther)
		r.take("further_danger", err)
		out["danger"] = read
	}
	if p == nil {
		return out
	}
	for _, f := range FurtherFields(s.Law, p) {
		field := "further_" + string(f.ID)
		typed := in.Further[string(f.ID)]
		if strings.TrimSpace(typed) == "" {
			r.fail(field, f.Ask)
			continue
		}
		read, err := identifier.FreeText(field, typed, maxFurther)
		r.take(field, err)
		out[string(f.ID)] = read
	}
	return out
}

// formFields says under which of the form's fields the law's are asked.
var formFields = map[legal.FieldID]string{
	"order_number": "order_number", "case_number": "order_number", "issued_at": "issued_on", "served_at": "issued_on", "return_at": "return_on",
	"signed": "order_signed", "language": "order_language", "legal_basis": "legal_basis", "addressee": "order.addressee_right", "document": "document",
	"issuer": "issuer_kind", "validator": "validator_kind", "targets": "targets", "offence": "offence_provision", "max_penalty": "max_penalty_years",
	"committed_by_network": "by_network", "sole_purpose": "offence.sole_purpose_identify", "need": "need.stated", "facts_shown": "need.facts_shown",
	"proportionality": "need.proportionality", "individualised": "need.individualised", "danger": "further_danger", "imminent": "emergency.imminent",
	"why_not_ordinary": "emergency.why_not_ordinary", "data_averts": "emergency.data_averts", "secrecy_until": "confidential_until",
	"secrecy_grounds": "confidential_basis",
}

// complete refuses a request that is incomplete in form under its process: what
// the checklist would send back for a missing field is asked for before the
// case begins.
func (s *Service) complete(ctx context.Context, c Case, p *legal.Process) error {
	f, err := s.facts(ctx, c)
	if err != nil {
		return err
	}
	v, err := s.Law.Verdict(p, *f, nil)
	if err != nil {
		return err
	}
	var problems []fault.Problem
	asked := map[string]bool{}
	for _, res := range v.Results {
		if res.Result != legal.NeedsInfo || res.Check != "VC-09" && res.Check != "VC-23" {
			continue
		}
		for _, id := range res.Missing {
			field, ok := formFields[id]
			if !ok || asked[field] {
				continue
			}
			asked[field] = true
			problems = append(problems, fault.Problem{Field: field, Message: s.Law.Field(id).Ask})
		}
	}
	return fault.Fields(problems)
}
