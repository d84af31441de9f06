package web

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/requests"
)

// requestInput is a new request as it is typed. What it means is read by
// requests.Preview and requests.Submit; here are its fields and their words.
type requestInput struct {
	Process       string `form:"process" validate:"required" label:"request.f.process" hint:"request.f.process.hint" input:"radios"`
	IssuerKind    string `form:"issuer_kind" validate:"required" label:"request.f.issuer_kind" input:"select" width:"medium"`
	IssuerName    string `form:"issuer_name" validate:"required" label:"request.f.issuer_name" hint:"request.f.issuer_name.hint" autocomplete:"off"`
	ValidatorKind string `form:"validator_kind" label:"request.f.validator_kind" hint:"request.f.validator_kind.hint" input:"select" width:"medium"`
	OrderNumber   string `form:"order_number" validate:"required" label:"request.f.order_number" hint:"request.f.order_number.hint" width:"medium" autocomplete:"off"`
	IssuedOn      string `form:"issued_on" validate:"required" label:"request.f.issued_on" hint:"form.date.hint" input:"date" width:"short" autocomplete:"off"`
	ReturnOn      string `form:"return_on" label:"request.f.return_on" hint:"request.f.return_on.hint" input:"date" width:"short" autocomplete:"off"`
	ExpiresOn     string `form:"expires_on" label:"request.f.expires_on" hint:"request.f.expires_on.hint" input:"date" width:"short" autocomplete:"off"`
	Signed        string `form:"order_signed" validate:"required,oneof=yes no" label:"request.f.order_signed" input:"radios"`
	Language      string `form:"order_language" validate:"required" label:"request.f.order_language" input:"select" width:"medium"`
	LegalBasis    string `form:"legal_basis" validate:"required" label:"request.f.legal_basis" hint:"request.f.legal_basis.hint" autocomplete:"off"`
	Addressee     string `form:"addressee" validate:"required" label:"request.f.addressee" hint:"request.f.addressee.hint" autocomplete:"off"`
	Document      string `form:"document" validate:"max=36" input:"hidden"`
	// Further are answers that only some processes ask for; takeFurther fills it.
	Further map[string]string `form:"-"`
	File    string            `form:"file" label:"request.f.file" hint:"request.f.file.hint" input:"file" accept:".pdf,application/pdf"`

	OffenceClass     string `form:"offence_class" validate:"required" label:"request.f.offence_class" hint:"request.f.offence_class.hint" input:"select"`
	OffenceProvision string `form:"offence_provision" validate:"required" label:"request.f.offence_provision" hint:"request.f.offence_provision.hint" autocomplete:"off"`
	OffenceText      string `form:"offence_text" validate:"required" label:"request.f.offence_text" input:"textarea" rows:"4"`
	MaxPenaltyYears  string `form:"max_penalty_years" label:"request.f.max_penalty_years" hint:"request.f.max_penalty_years.hint" inputmode:"decimal" width:"short" autocomplete:"off"`
	ByNetwork        string `form:"by_network" validate:"required,oneof=yes no" label:"request.f.by_network" input:"radios"`

	Targets []targetInput `form:"targets" limit:"25" validate:"dive"`

	Need           string `form:"need" validate:"required" label:"request.f.need" hint:"request.f.need.hint" input:"textarea" rows:"5"`
	AddresseeRight string `form:"order_addressee_right" validate:"required" label:"attest.order_addressee_right" input:"radios"`
	NeedStated     string `form:"need_stated" validate:"required" label:"attest.need_stated" input:"radios"`
	FactsShown     string `form:"need_facts_shown" validate:"required" label:"attest.need_facts_shown" input:"radios"`
	Proportionate  string `form:"need_proportionality" validate:"required" label:"attest.need_proportionality" input:"radios"`
	Individualised string `form:"need_individualised" validate:"required" label:"attest.need_individualised" input:"radios"`
	SolePurpose    string `form:"offence_sole_purpose_identify" validate:"required" label:"attest.offence_sole_purpose_identify" input:"radios"`

	Confidential      string `form:"confidential" validate:"required,oneof=yes no" label:"request.f.confidential" hint:"request.f.confidential.hint" input:"radios"`
	ConfidentialUntil string `form:"confidential_until" label:"request.f.confidential_until" hint:"request.f.confidential_until.hint" input:"date" width:"short" autocomplete:"off"`
	ConfidentialBasis string `form:"confidential_basis" label:"request.f.confidential_basis" hint:"request.f.confidential_basis.hint" autocomplete:"off"`

	Emergency    string `form:"emergency" validate:"required,oneof=yes no" label:"request.f.emergency" hint:"request.f.emergency.hint" input:"radios"`
	EmergencyWhy string `form:"emergency_why" label:"request.f.emergency_why" hint:"request.f.emergency_why.hint" input:"textarea" rows:"4"`
	Imminent     string `form:"emergency_imminent" label:"attest.emergency_imminent" input:"radios"`
	NotOrdinary  string `form:"emergency_why_not_ordinary" label:"attest.emergency_why_not_ordinary" input:"radios"`
	DataAverts   string `form:"emergency_data_averts" label:"attest.emergency_data_averts" input:"radios"`
}

// targetInput is one account of a request as it is typed.
type targetInput struct {
	Kind       string   `form:"kind" validate:"required,oneof=phone username account_id" label:"request.t.kind" input:"radios"`
	Identifier string   `form:"identifier" validate:"required" label:"request.t.identifier" hint:"request.t.identifier.hint" input:"code" width:"medium" autocomplete:"off"`
	HolderAt   string   `form:"holder_at" label:"request.t.holder_at" hint:"request.t.holder_at.hint" input:"code" width:"medium" autocomplete:"off"`
	From       string   `form:"from" validate:"required" label:"request.t.from" hint:"request.t.from.hint" input:"code" width:"medium" autocomplete:"off"`
	To         string   `form:"to" validate:"required" label:"request.t.to" hint:"request.t.to.hint" input:"code" width:"medium" autocomplete:"off"`
	Zone       string   `form:"zone" validate:"required,timezone" label:"request.t.zone" hint:"request.t.zone.hint" width:"medium" autocomplete:"off"`
	PersonRole string   `form:"person_role" validate:"required" label:"request.t.person_role" input:"radios"`
	Purpose    string   `form:"purpose" validate:"required" label:"request.t.purpose" input:"radios"`
	Categories []string `form:"categories" validate:"required" label:"request.t.categories" input:"checkboxes"`
}

// attestations are the yes and no of the form, by the names of the law's facts.
func (in requestInput) attestations() map[string]string {
	said := map[string]string{
		"order.addressee_right": in.AddresseeRight, "need.stated": in.NeedStated, "need.facts_shown": in.FactsShown,
		"need.proportionality": in.Proportionate, "need.individualised": in.Individualised, "offence.sole_purpose_identify": in.SolePurpose,
	}
	if in.Emergency == "yes" {
		said["emergency.imminent"], said["emergency.why_not_ordinary"], said["emergency.data_averts"] = in.Imminent, in.NotOrdinary, in.DataAverts
	}
	return said
}

// submission gives the request to the domain, as it was typed.
func (in requestInput) submission() requests.Submission {
	s := requests.Submission{
		Process: in.Process, IssuerKind: in.IssuerKind, IssuerName: in.IssuerName, ValidatorKind: in.ValidatorKind,
		OrderNumber: in.OrderNumber, IssuedOn: in.IssuedOn, ExpiresOn: in.ExpiresOn, ReturnOn: in.ReturnOn, Further: in.Further, OrderLanguage: in.Language,
		OrderSigned: in.Signed == "yes", LegalBasis: in.LegalBasis, Addressee: in.Addressee,
		OffenceClass: in.OffenceClass, OffenceProvision: in.OffenceProvision, OffenceText: in.OffenceText,
		MaxPenaltyYears: in.MaxPenaltyYears, ByNetwork: in.ByNetwork == "yes", Need: in.Need, Attested: in.attestations(),
		Confidential: in.Confidential == "yes", ConfidentialUntil: in.ConfidentialUntil, ConfidentialBasis: in.ConfidentialBasis,
		Emergency: in.Emergency == "yes", EmergencyWhy: in.EmergencyWhy, Document: requests.DocumentID(in.Document),
	}
	for _, t := range in.Targets {
		s.Targets = append(s.Targets, requests.TargetInput{
			Kind: t.Kind, Identifier: t.Identifier, HolderAt: t.HolderAt, From: t.From, To: t.To, Zone: t.Zone,
			PersonRole: t.PersonRole, Purpose: t.Purpose,
			WantPhone: slices.Contains(t.Categories, string(requests.PhoneNumber)), WantIP: slices.Contains(t.Categories, string(requests.IPAddress)),
		})
	}
	return s
}

// pair is one field of a form with its value.
type pair struct{ Name, Value string }

// pairs gives the fields of an input struct in the order of the page, empty
// ones too; a list of strings is one pair per value, and one empty pair for none.
func pairs(in any) []pair { return pairsOf("", reflect.Indirect(reflect.ValueOf(in))) }

func pairsOf(prefix string, v reflect.Value) []pair {
	var out []pair
	for i := range v.NumField() {
		name, fv := v.Type().Field(i).Tag.Get("form"), v.Field(i)
		switch {
		case fv.Kind() == reflect.Map:
			for _, id := range slices.Sorted(maps.Keys(fv.Interface().(map[string]string))) {
				out = append(out, pair{furtherPrefix + id, fv.Interface().(map[string]string)[id]})
			}
		case name == "":
		case fv.Kind() == reflect.String:
			out = append(out, pair{prefix + name, fv.String()})
		case fv.Type().Elem().Kind() == reflect.String:
			for j := range fv.Len() {
				out = append(out, pair{prefix + name, fv.Index(j).String()})
			}
			if fv.Len() == 0 {
				out = append(out, pair{prefix + name, ""})
			}
		default:
			for j := range fv.Len() {
				out = append(out, pairsOf(prefix+name+"-"+strconv.Itoa(j)+"-", fv.Index(j))...)
			}
		}
	}
	return out
}

// formField gives the form's name of a field that the domain names.
func formField(domain string) string {
	switch domain {
	case "document":
		return "file"
	case "targets":
		return "targets-0-identifier"
	}
	if rest, ok := strings.CutPrefix(domain, "target"); ok {
		digits, name, found := strings.Cut(rest, "_")
		if n, err := strconv.Atoi(digits); err == nil && found && n > 0 {
			return "targets-" + strconv.Itoa(n-1) + "-" + name
		}
	}
	return strings.ReplaceAll(domain, ".", "_")
}

// gather joins what several checks found wrong into one error in the order of
// the page, one problem per field; what an earlier check says goes before. An
// error that is not about answers comes back as it is.
func gather(in requestInput, checks ...error) error {
	found := map[string]string{}
	var rest []fault.Problem
	for _, err := range checks {
		if err != nil && fault.KindOf(err) != fault.Invalid {
			return err
		}
		for _, p := range fault.ProblemsOf(err) {
			name := formField(p.Field)
			if _, ok := found[name]; !ok {
				found[name] = p.Message
				rest = append(rest, fault.Problem{Field: name, Message: p.Message})
			}
		}
	}
	var sorted []fault.Problem
	for _, p := range pairs(in) {
		if message, ok := found[p.Name]; ok {
			sorted = append(sorted, fault.Problem{Field: p.Name, Message: message})
			delete(found, p.Name)
		}
	}
	for _, p := range rest {
		if _, ok := found[p.Field]; ok {
			sorted = append(sorted, p)
		}
	}
	return fault.Fields(sorted)
}
