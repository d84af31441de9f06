package web

import (
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// The input structs of a draft's steps. What their answers mean is read by
// requests.CheckDraft; here are the fields and their words.

type draftKindInput struct {
	Want          string `form:"want" validate:"required" label:"draft.f.want" input:"radios"`
	IssuerKind    string `form:"issuer_kind" validate:"required" label:"request.f.issuer_kind" input:"select" width:"medium"`
	IssuerCountry string `form:"issuer_country" validate:"required" label:"draft.f.issuer_country" hint:"draft.f.issuer_country.hint" input:"select" width:"medium"`
	Judge         string `form:"judge" label:"draft.f.judge" hint:"draft.f.judge.hint" input:"radios"`
	Process       string `form:"process" validate:"required" label:"request.f.process" hint:"request.f.process.hint" input:"radios"`
}

type draftOrderInput struct {
	File           string `form:"file" validate:"required" label:"request.f.file" hint:"request.f.file.hint" input:"file" accept:".pdf,application/pdf"`
	IssuerName     string `form:"issuer_name" validate:"required" label:"request.f.issuer_name" hint:"request.f.issuer_name.hint" autocomplete:"off"`
	ValidatorKind  string `form:"validator_kind" label:"request.f.validator_kind" hint:"request.f.validator_kind.hint" input:"select" width:"medium"`
	OrderNumber    string `form:"order_number" validate:"required" label:"request.f.order_number" hint:"request.f.order_number.hint" width:"medium" autocomplete:"off"`
	IssuedOn       string `form:"issued_on" validate:"required" label:"request.f.issued_on" hint:"form.date.hint" input:"date" width:"short" autocomplete:"off"`
	ReturnOn       string `form:"return_on" label:"request.f.return_on" hint:"request.f.return_on.hint" input:"date" width:"short" autocomplete:"off"`
	ExpiresOn      string `form:"expires_on" label:"request.f.expires_on" hint:"request.f.expires_on.hint" input:"date" width:"short" autocomplete:"off"`
	Signed         string `form:"order_signed" validate:"required" label:"request.f.order_signed" input:"radios"`
	Language       string `form:"order_language" validate:"required" label:"request.f.order_language" input:"select" width:"medium"`
	LegalBasis     string `form:"legal_basis" validate:"required" label:"request.f.legal_basis" hint:"request.f.legal_basis.hint" autocomplete:"off"`
	Addressee      string `form:"addressee" validate:"required" label:"request.f.addressee" hint:"request.f.addressee.hint" autocomplete:"off"`
	KeptUnder      string `form:"kept_under" validate:"max=40" label:"request.f.kept_under" hint:"request.f.kept_under.hint" input:"code" width:"medium" autocomplete:"off"`
	AddresseeRight string `form:"order_addressee_right" validate:"required" label:"attest.order_addressee_right" input:"radios"`
}

type draftNeedInput struct {
	OffenceClass     string `form:"offence_class" validate:"required" label:"request.f.offence_class" hint:"request.f.offence_class.hint" input:"select"`
	OffenceProvision string `form:"offence_provision" validate:"required" label:"request.f.offence_provision" hint:"request.f.offence_provision.hint" autocomplete:"off"`
	OffenceText      string `form:"offence_text" validate:"required" label:"request.f.offence_text" input:"textarea" rows:"4"`
	MaxPenaltyYears  string `form:"max_penalty_years" label:"request.f.max_penalty_years" hint:"request.f.max_penalty_years.hint" inputmode:"decimal" width:"short" autocomplete:"off"`
	ByNetwork        string `form:"by_network" validate:"required" label:"request.f.by_network" input:"radios"`

	Need           string `form:"need" validate:"required" label:"request.f.need" hint:"request.f.need.hint" input:"textarea" rows:"5"`
	NeedStated     string `form:"need_stated" validate:"required" label:"attest.need_stated" input:"radios"`
	FactsShown     string `form:"need_facts_shown" validate:"required" label:"attest.need_facts_shown" input:"radios"`
	Proportionate  string `form:"need_proportionality" validate:"required" label:"attest.need_proportionality" input:"radios"`
	Individualised string `form:"need_individualised" validate:"required" label:"attest.need_individualised" input:"radios"`
	SolePurpose    string `form:"offence_sole_purpose_identify" validate:"required" label:"attest.offence_sole_purpose_identify" input:"radios"`

	Confidential      string `form:"confidential" validate:"required" label:"request.f.confidential" hint:"request.f.confidential.hint" input:"radios"`
	ConfidentialUntil string `form:"confidential_until" label:"request.f.confidential_until" hint:"request.f.confidential_until.hint" input:"date" width:"short" autocomplete:"off"`
	ConfidentialBasis string `form:"confidential_basis" label:"request.f.confidential_basis" hint:"request.f.confidential_basis.hint" autocomplete:"off"`

	EmergencyWhy string `form:"emergency_why" label:"request.f.emergency_why" hint:"request.f.emergency_why.hint" input:"textarea" rows:"4"`
	Imminent     string `form:"emergency_imminent" label:"attest.emergency_imminent" input:"radios"`
	NotOrdinary  string `form:"emergency_why_not_ordinary" label:"attest.emergency_why_not_ordinary" input:"radios"`
	DataAverts   string `form:"emergency_data_averts" label:"attest.emergency_data_averts" input:"radios"`
}

// draftTargetsInput is the list of accounts, and another list to be added.
type draftTargetsInput struct {
	Targets  []targetInput `form:"targets" limit:"25"`
	Paste    string        `form:"paste" label:"draft.f.paste" hint:"draft.f.paste.hint" input:"textarea" rows:"6"`
	List     string        `form:"list" label:"draft.f.list" hint:"draft.f.list.hint" input:"file" accept:".csv,.tsv,.txt,text/csv"`
	Defaults targetInput   `form:"defaults"`
}

// targetInput is one account of a request as it is typed.
type targetInput struct {
	Kind       string   `form:"kind" validate:"required" label:"request.t.kind" input:"radios"`
	Identifier string   `form:"identifier" validate:"required" label:"request.t.identifier" hint:"request.t.identifier.hint" input:"code" width:"medium" autocomplete:"off"`
	HolderAt   string   `form:"holder_at" label:"request.t.holder_at" hint:"request.t.holder_at.hint" input:"code" width:"medium" autocomplete:"off"`
	From       string   `form:"from" validate:"required" label:"request.t.from" hint:"request.t.from.hint" input:"code" width:"medium" autocomplete:"off"`
	To         string   `form:"to" validate:"required" label:"request.t.to" hint:"request.t.to.hint" input:"code" width:"medium" autocomplete:"off"`
	Zone       string   `form:"zone" validate:"required" label:"request.t.zone" hint:"request.t.zone.hint" width:"medium" autocomplete:"off"`
	PersonRole string   `form:"person_role" validate:"required" label:"request.t.person_role" input:"radios"`
	Purpose    string   `form:"purpose" validate:"required" label:"request.t.purpose" input:"radios"`
	Categories []string `form:"categories" validate:"required" label:"request.t.categories" input:"checkboxes"`
	Flags      []string `form:"flags" label:"request.t.flags" hint:"request.t.flags.hint" input:"checkboxes"`
}

// target gives an account to the domain, as it was typed.
func (t targetInput) target() requests.TargetInput {
	return requests.TargetInput{Kind: t.Kind, Identifier: t.Identifier, HolderAt: t.HolderAt, From: t.From, To: t.To, Zone: t.Zone, PersonRole: t.PersonRole, Purpose: t.Purpose, Flags: t.Flags,
		WantPhone: slices.Contains(t.Categories, string(requests.PhoneNumber)), WantIP: slices.Contains(t.Categories, string(requests.IPAddress))}
}

func typedTarget(t requests.TargetInput) targetInput {
	out := targetInput{Kind: t.Kind, Identifier: t.Identifier, HolderAt: t.HolderAt, From: t.From, To: t.To, Zone: t.Zone, PersonRole: t.PersonRole, Purpose: t.Purpose, Flags: t.Flags}
	if t.WantPhone {
		out.Categories = append(out.Categories, string(requests.PhoneNumber))
	}
	if t.WantIP {
		out.Categories = append(out.Categories, string(requests.IPAddress))
	}
	return out
}

// texts gives the plain text fields of an input struct by their names.
func texts(in any) iter.Seq2[string, reflect.Value] {
	v := reflect.Indirect(reflect.ValueOf(in))
	return func(yield func(string, reflect.Value) bool) {
		for i := range v.NumField() {
			tag := v.Type().Field(i).Tag
			name := tag.Get("form")
			if name == "" || v.Field(i).Kind() != reflect.String || tag.Get("input") == "file" {
				continue
			}
			if !yield(name, v.Field(i)) {
				return
			}
		}
	}
}

// putTexts keeps what was typed at one step.
func putTexts(c *requests.DraftContent, in any) {
	if c.Fields == nil {
		c.Fields = map[string]string{}
	}
	for name, v := range texts(in) {
		if v.String() == "" {
			delete(c.Fields, name)
			continue
		}
		c.Fields[name] = v.String()
	}
}

// getTexts fills a step's input, a pointer to its struct, from a draft.
func getTexts(c requests.DraftContent, in any) {
	for name, v := range texts(in) {
		v.SetString(c.Fields[name])
	}
}

// stepOf tells at which step a field of the form stands; "" for none.
func stepOf(field string) requests.DraftStep {
	for step, in := range map[requests.DraftStep]any{requests.StepKind: draftKindInput{}, requests.StepOrder: draftOrderInput{}, requests.StepNeed: draftNeedInput{}} {
		for name := range texts(in) {
			if name == field {
				return step
			}
		}
	}
	switch {
	case field == "file", strings.HasPrefix(field, furtherPrefix) && field != furtherPrefix+dangerField:
		return requests.StepOrder
	case field == furtherPrefix+dangerField:
		return requests.StepNeed
	case strings.HasPrefix(field, "targets-"), field == "rejected", field == "list":
		return requests.StepTargets
	}
	return ""
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

// problemsOf joins what is wrong with one step, one problem per field, in the
// order of the page.
func (s *Server) problemsOf(c *Ctx, d requests.Draft, step requests.DraftStep, checks ...error) error {
	found := map[string]string{}
	var list []fault.Problem
	for _, err := range checks {
		for _, p := range fault.ProblemsOf(err) {
			name := formField(p.Field)
			if _, ok := found[name]; !ok && stepOf(name) == step {
				found[name] = p.Message
				list = append(list, fault.Problem{Field: name, Message: p.Message})
			}
		}
	}
	order := s.orderOfFields(c, d, step)
	slices.SortStableFunc(list, func(a, b fault.Problem) int { return place(order, a.Field) - place(order, b.Field) })
	return fault.Fields(list)
}

// orderOfFields lists a step's fields as the page shows them.
func (s *Server) orderOfFields(c *Ctx, d requests.Draft, step requests.DraftStep) (out []string) {
	in := map[requests.DraftStep]any{requests.StepKind: draftKindInput{}, requests.StepOrder: draftOrderInput{}, requests.StepNeed: draftNeedInput{}}[step]
	if step == requests.StepOrder {
		out = append(out, "file")
	}
	if in != nil {
		for name := range texts(in) {
			out = append(out, name)
		}
		return out
	}
	for i := range d.Content.Targets {
		for name := range texts(targetInput{}) {
			out = append(out, "targets-"+strconv.Itoa(i)+"-"+name)
		}
	}
	return out
}

func place(order []string, name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

func trimFurther(name string) string { return strings.TrimPrefix(name, furtherPrefix) }

// processOf gives the process that a draft names, nil where it names none in force.
func (s *Server) processOf(c *Ctx, d requests.Draft) *legal.Process {
	p, err := c.law().Current(legal.ProcessID(d.Content.Fields["process"]), c.Now())
	if err != nil {
		return nil
	}
	return p
}
