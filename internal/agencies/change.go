package agencies

import (
	"context"
	"slices"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests/identifier"
)

// DetailInput is an entry as a registrar typed it. Replaces names the entry that
// ends when this one comes into force; of a single kind it is the one in force
// whatever was typed.
type DetailInput struct {
	Kind     string
	Contact  ContactInput // of a contact
	Value    string       // of a name, a domain or a certificate
	Source   SourceInput
	Replaces string
}

// ProposeDetail enters what is to be on file about an agency next. Until another
// registrar has approved it and its waiting time is over, nothing changes.
func (s *Service) ProposeDetail(ctx context.Context, id identity.AgencyID, in DetailInput) (err error) {
	defer fault.Wrap(&err, "agencies.ProposeDetail(%s)", id)
	d, actor, rule, err := s.open(ctx, id, "change")
	if err != nil {
		return err
	}
	if d.Agency.Standing == identity.Declined || d.Agency.Standing == identity.Proposed {
		return fault.New(fault.Conflict, "What is on file changes once the agency is verified. Abandon this round and enter the agency again.")
	}
	read := reader{now: s.now()}
	x := read.detail(d, in)
	if err := fault.Fields(read.problems); err != nil {
		return err
	}
	if _, err := s.resembling(ctx, id, []Detail{x}); err != nil {
		return inChange(err)
	}
	x.ID, x.Agency, x.ProposedBy, x.ProposedAt, x.State, x.Version = newID[DetailID](), id, actor.Person, s.now(), DetailProposed, 1
	e := s.aside(ctx, "agency.change_proposed", streamOfDetail(x.ID), 1, d, rule)
	e.Facts["entry"], e.Facts["about"], e.Facts["replaces"] = string(x.ID), string(x.Kind), string(x.Replaces)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&x}}}, Key: change.KeyFrom(ctx, PathOf(id))})
}

// inChange names the field of the form of changes at which an entry is typed.
func inChange(err error) error {
	problems := slices.Clone(fault.ProblemsOf(err))
	for i := range problems {
		problems[i].Field = "value"
	}
	if len(problems) == 0 {
		return err
	}
	return fault.Fields(problems)
}

func streamOfDetail(id DetailID) string { return "agency_entry:" + string(id) }

func (r *reader) detail(d Dossier, in DetailInput) (x Detail) {
	switch kind := Kind(in.Kind); kind {
	case Name:
		x = Detail{Kind: kind, Value: r.text("value", in.Value, identifier.Name)}
	case Domain:
		x.Kind = kind
		if list := r.domains([]string{in.Value}); len(list) == 1 {
			x.Value = list[0]
		}
		for i := range r.problems {
			if r.problems[i].Field == "domains" {
				r.problems[i].Field = "value"
			}
		}
	case Certificate:
		x = r.certificate("value", in.Value)
	case CallBack, Oversight, Issuer:
		x = r.contact("contact", kind, in.Contact)
	default:
		r.fail("kind", "Say what changes.")
	}
	x.Source, x.Replaces = r.source(in.Source), r.replaces(d, x.Kind, DetailID(in.Replaces))
	for _, other := range d.Details {
		if other.Kind == x.Kind && other.Value == x.Value && other.Name == x.Name && x.Value != "" && (other.State == DetailProposed || other.State == DetailApproved) {
			r.fail("value", "This is on file, or was proposed, already.")
		}
	}
	return x
}

// replaces gives the entry that ends when another of its kind comes into force.
func (r *reader) replaces(d Dossier, kind Kind, typed DetailID) DetailID {
	list := InForce(d.Details, kind, r.now)
	if kind.Single() && len(list) > 0 {
		return list[0].ID
	}
	for _, x := range list {
		if x.ID == typed {
			return typed
		}
	}
	if typed != "" && !kind.Single() {
		r.fail("replaces", "Choose an entry of the same kind that is in force.")
	}
	return ""
}

// Approval is the digest of what the second registrar agrees to when they
// approve an entry.
func (d Dossier) Approval(id DetailID) identity.Digest {
	parts := []string{"approve entry", string(d.Agency.ID)}
	for _, x := range d.Details {
		if x.ID == id {
			parts = append(parts, string(x.Replaces), x.Source.Register, x.Source.Reference)
			parts = append(parts, entries([]Detail{x}, x.State)...)
		}
	}
	return identity.DigestOf(parts...)
}

// ApproveDetail is the second registrar's yes to an entry, with their passkey.
// It is used when its waiting time is over.
func (s *Service) ApproveDetail(ctx context.Context, id identity.AgencyID, detail DetailID) (err error) {
	defer fault.Wrap(&err, "agencies.ApproveDetail(%s)", detail)
	d, actor, rule, err := s.open(ctx, id, "approve_change")
	if err != nil {
		return err
	}
	x, err := waitingFor(d, detail)
	if err != nil {
		return err
	}
	if actor.Person == x.ProposedBy {
		return fault.New(fault.Gate, "You entered this. Another registrar has to approve it.")
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeActivateAgency, d.Approval(detail))
	if err != nil {
		return err
	}
	was, at := x.EventID, s.now()
	x.State, x.ApprovedBy, x.ApprovedAt, x.InForceFrom, x.Assertion, x.Version = DetailApproved, actor.Person, at, at.Add(WaitingTime), proof.Assertion, x.Version+1
	e := s.aside(ctx, "agency.change_approved", streamOfDetail(x.ID), x.Version, d, rule)
	e.Facts["entry"], e.Facts["about"] = string(x.ID), string(x.Kind)
	causes(&e, was)
	part := change.Part{Event: e, Update: []any{&x}}
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(id))})
}

func waitingFor(d Dossier, id DetailID) (Detail, error) {
	x, err := d.detail(id)
	if err == nil && (x.State != DetailProposed || d.Agency.Standing == identity.Proposed) {
		err = fault.New(fault.Conflict, "This entry waits for nobody. Reload the page to see what is on file.")
	}
	return x, err
}

// DeclineDetail ends an entry that was proposed; who entered it may take it back
// so.
func (s *Service) DeclineDetail(ctx context.Context, id identity.AgencyID, detail DetailID) (err error) {
	defer fault.Wrap(&err, "agencies.DeclineDetail(%s)", detail)
	d, _, rule, err := s.open(ctx, id, "change")
	if err != nil {
		return err
	}
	x, err := waitingFor(d, detail)
	if err != nil {
		return err
	}
	was := x.EventID
	x.State, x.Version = DetailDeclined, x.Version+1
	e := s.aside(ctx, "agency.change_declined", streamOfDetail(x.ID), x.Version, d, rule)
	e.Facts["entry"], e.Facts["about"] = string(x.ID), string(x.Kind)
	causes(&e, was)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Update: []any{&x}}}, Key: change.KeyFrom(ctx, PathOf(id))})
}

// RetireDetail ends an entry at once, without another in its place: a key that
// was lost, a domain that was given up, an issuer that is no more. It takes one
// registrar, since it only narrows. A name, a number for calling back and an
// oversight body can be replaced and not retired.
func (s *Service) RetireDetail(ctx context.Context, id identity.AgencyID, detail DetailID) (err error) {
	defer fault.Wrap(&err, "agencies.RetireDetail(%s)", detail)
	d, actor, rule, err := s.open(ctx, id, "change")
	if err != nil {
		return err
	}
	x, err := d.detail(detail)
	if err != nil {
		return err
	}
	if x.State != DetailApproved || x.Kind.Single() {
		return fault.New(fault.Conflict, "This entry is not in force, or can only be replaced. Reload the page to see what is on file.")
	}
	was := x.EventID
	x.State, x.RetiredBy, x.RetiredAt, x.Version = DetailRetired, actor.Person, s.now(), x.Version+1
	e := s.aside(ctx, "agency.entry_retired", streamOfDetail(x.ID), 0, d, rule)
	e.Facts["entry"], e.Facts["about"] = string(x.ID), string(x.Kind)
	causes(&e, was)
	parts := []change.Part{{Event: e, Update: []any{&x}}}
	for i := range d.Details {
		if d.Details[i].ID == x.ID {
			d.Details[i] = x
		}
	}
	if after := Copy(d.Agency, d.Details, s.now()); !same(after, d.Agency) {
		parts = append(parts, s.refreshed(ctx, after, rule, e.ID))
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, PathOf(id))})
}
