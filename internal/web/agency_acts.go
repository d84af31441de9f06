package web

import (
	"lerd/internal/agencies"
	"lerd/internal/identity"
)

// reasonInput is a reason out of a list.
type reasonInput struct {
	Reason string `form:"reason" validate:"required" label:"agency.f.reason" input:"select" width:"medium"`
}

// renewInput says where a registrar looked the agency up again.
type renewInput struct {
	Register  string `form:"register" validate:"required,max=200" label:"agency.f.register" hint:"agency.f.register.hint"`
	Reference string `form:"reference" validate:"required,max=200" label:"agency.f.reference" hint:"agency.f.reference.hint"`
	SeenOn    string `form:"seen_on" validate:"required" label:"agency.f.seen_on" hint:"agency.f.seen_on.hint" input:"date" width:"short"`
}

// changeInput is an entry that is to be on file next.
type changeInput struct {
	Kind      string `form:"kind" validate:"required" label:"agency.f.kind" input:"select" width:"medium"`
	Value     string `form:"value" validate:"required,max=10000" label:"agency.f.value" hint:"agency.f.value.hint" input:"textarea" rows:"4"`
	Name      string `form:"contact-name" validate:"max=200" label:"agency.f.contact_name" hint:"agency.f.contact_name.hint"`
	Channel   string `form:"contact-channel" label:"agency.f.channel" input:"select" width:"short"`
	Replaces  string `form:"replaces" label:"agency.f.replaces" hint:"agency.f.replaces.hint" input:"select"`
	Register  string `form:"register" validate:"required,max=200" label:"agency.f.register"`
	Reference string `form:"reference" validate:"required,max=200" label:"agency.f.reference"`
	SeenOn    string `form:"seen_on" validate:"required" label:"agency.f.seen_on" input:"date" width:"short"`
}

// entryInput names an entry.
type entryInput struct {
	Entry string `form:"entry" validate:"required,uuid" label:"agency.f.entry" input:"select"`
}

func (in changeInput) detail() agencies.DetailInput {
	return agencies.DetailInput{Kind: in.Kind, Value: in.Value, Contact: agencies.ContactInput{Name: in.Name, Channel: in.Channel, Value: in.Value},
		Source: agencies.SourceInput{Register: in.Register, Reference: in.Reference, SeenOn: in.SeenOn}, Replaces: in.Replaces}
}

// changes gives an act for each entry that waits for another registrar.
func (r registry) changes() (acts []StepForm) {
	if r.d.Agency.Standing == identity.Proposed {
		return nil
	}
	for _, x := range r.d.Details {
		if x.State != agencies.DetailProposed {
			continue
		}
		id := "approve"
		if x.ProposedBy == r.me {
			id = "decline"
		}
		a := r.act(id, "agency."+id, entryInput{Entry: string(x.ID)}, "entry")
		f := a.Form.fields["entry"]
		f.Input, f.Value = "hidden", string(x.ID)
		a.Form.fields["entry"] = f
		a.ID = id + "-" + string(x.ID)
		if id == "approve" {
			a.StepUp = r.c.StepUp(identity.PurposeActivateAgency, r.d.Approval(x.ID))
		}
		shown := facts{c: r.c}
		shown.add("agency.kind."+string(x.Kind), Cell{Code: entryShown(x), Note: x.Name})
		shown.text("agency.entry.source", x.Source.Register+", "+x.Source.Reference)
		a.Facts = shown.list
		acts = append(acts, a)
	}
	return acts
}

// entryShown gives what an entry says, in one line.
func entryShown(d agencies.Detail) string {
	if d.Kind == agencies.Certificate {
		return d.Fingerprint
	}
	return d.Value
}

// other gives the acts that are possible at any time.
func (r registry) other() (acts []StepForm) {
	standing := r.d.Agency.Standing
	if standing != identity.Verified && standing != identity.Suspended {
		return nil
	}
	today := r.c.Now().Format("2006-01-02")
	if r.d.Open() == nil {
		acts = append(acts, r.act("renew", "agency.renew", renewInput{SeenOn: today}, "register", "reference", "seen_on"))
	}
	change := r.act("change", "agency.change", changeInput{SeenOn: today}, "kind", "value", "contact-name", "contact-channel", "replaces", "register", "reference", "seen_on")
	change.Form.Options("kind", r.c.pick(r.c.choose("agency.kind", entryKinds()...))).Options("contact-channel", r.c.pick(r.c.choose("agency.channel", "phone", "email", "post")))
	change.Form.Options("replaces", r.inForce("agency.replaces.none", agencies.Domain, agencies.Certificate, agencies.Issuer))
	acts = append(acts, change.erring(r.c, r.wrong))
	if r.delivery != nil {
		acts = append(acts, r.deliveryAct())
	}
	retire := r.act("retire", "agency.retire", entryInput{}, "entry")
	retire.Form.Options("entry", r.inForce("form.choose", agencies.Domain, agencies.Certificate, agencies.Issuer))
	retire.Button.Kind = "danger"
	acts = append(acts, retire.erring(r.c, r.wrong))
	if standing == identity.Verified {
		suspend := r.act("suspend", "agency.suspend", reasonInput{}, "reason")
		suspend.Form.Options("reason", r.c.pick(r.c.choose("agency.suspend.reason", agencies.SuspendReasons...)))
		suspend.Button.Kind = "danger"
		acts = append(acts, suspend.erring(r.c, r.wrong))
	}
	return acts
}

func entryKinds() (out []string) {
	for _, k := range agencies.Kinds {
		out = append(out, string(k))
	}
	return out
}

// inForce offers the entries in force of some kinds, after a line that chooses
// none.
func (r registry) inForce(none string, kinds ...agencies.Kind) []Option {
	out := []Option{{Value: "", Text: r.c.T(none)}}
	for _, k := range kinds {
		for _, x := range agencies.InForce(r.d.Details, k, r.c.Now()) {
			out = append(out, Option{Value: string(x.ID), Text: r.c.T("agency.entry.option", "kind", r.c.T("agency.kind."+string(k)), "value", entryShown(x))})
		}
	}
	return out
}
