package requests

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests/identifier"
)

// Limits of a submission.
const (
	MaxTargets  = 25
	maxFreeText = 4000
)

// Submission is what an officer typed, as it came from the form. Dates are
// 2006-01-02, moments 2006-01-02T15:04 or RFC 3339 with their zone.
type Submission struct {
	Process, IssuerKind, IssuerName, ValidatorKind               string
	OrderNumber, IssuedOn, ExpiresOn, ReturnOn, OrderLanguage    string
	OrderSigned                                                  bool
	LegalBasis, Addressee                                        string
	OffenceClass, OffenceProvision, OffenceText, MaxPenaltyYears string
	ByNetwork                                                    bool
	Need                                                         string
	Attested                                                     map[string]string
	Further                                                      map[string]string // by the law's field ids
	Confidential                                                 bool
	ConfidentialUntil, ConfidentialBasis                         string
	Emergency                                                    bool
	EmergencyWhy                                                 string
	Document                                                     DocumentID
	KeptUnder                                                    string     // reference of an earlier preservation; may be empty
	Follows                                                      *Following // the case that its draft was begun from
	Targets                                                      []TargetInput
}

// TargetInput is one target as it was typed.
type TargetInput struct {
	Kind, Identifier, HolderAt, From, To, Zone string
	PersonRole, Purpose                        string
	WantPhone, WantIP                          bool
	Flags                                      []string // what the officer says of the person, in the policy's words; optional
}

// Upload examines an order's file before anybody opens it, keeps it, and gives
// its document. What the examination refuses is not kept.
func (s *Service) Upload(ctx context.Context, fileName, declaredType string, r io.Reader) (d Document, err error) {
	defer fault.Wrap(&err, "requests.Upload")
	actor, err := actorOf(ctx)
	if err != nil {
		return d, err
	}
	_, rule, err := s.may(ctx, "upload", "document", actor.Agency)
	if err != nil {
		return d, err
	}
	if s.Repeats != nil { // a form that was sent before brings no second file
		if err := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); err != nil {
			return d, err
		}
	}
	found, data, err := s.examine(ctx, fileName, declaredType, r)
	if err != nil {
		return d, err
	}
	d = found.document(actor)
	if err := s.Blobs.Put(ctx, blobOf(d.ID), bytes.NewReader(data)); err != nil {
		return d, err
	}
	part := uploaded(ctx, &d, rule)
	if err := s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}}); err != nil {
		return d, errors.Join(err, s.Blobs.Remove(ctx, blobOf(d.ID)))
	}
	return d, nil
}

// document makes the order's file a document of the agency.
func (o DraftOrder) document(actor identity.Actor) Document {
	return Document{ID: newID[DocumentID](), Agency: actor.Agency, By: actor.Person, FileName: personal.NewText(o.Name), SHA256: o.SHA256,
		Bytes: o.Bytes, Pages: o.Pages, At: o.At}
}

// uploaded is the part of a step by which a document comes in.
func uploaded(ctx context.Context, d *Document, rule string) change.Part {
	e := change.Event(ctx, d.At, "document.uploaded", "document:"+string(d.ID), 1)
	e.Facts["sha256"], e.Facts["bytes"], e.Facts["pages"], e.Facts["rule"] = d.SHA256, strconv.FormatInt(d.Bytes, 10), strconv.Itoa(d.Pages), rule
	d.EventID = e.ID
	return change.Part{Event: e, Insert: []any{d}}
}

// blobOf names a document's bytes; the name never holds what was typed.
func blobOf(id DocumentID) string { return "documents/" + string(id) + ".pdf" }

func cleanFileName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	clean, err := identifier.Name("file", name)
	if err != nil || clean == "" {
		return "order.pdf"
	}
	return clean
}

// Submit checks a submission and, when its form is complete, makes it a case
// whose clock runs from now; where its agency wants a second signature, it waits
// for that, and the clock with it. Every fault of form is told at once, and
// nothing is kept of an incomplete one.
func (s *Service) Submit(ctx context.Context, in Submission) (q Request, err error) {
	defer fault.Wrap(&err, "requests.Submit")
	actor, err := actorOf(ctx)
	if err != nil {
		return q, err
	}
	doc, err := s.sent(ctx, in.Document, actor)
	if err != nil {
		return q, err
	}
	return s.submit(ctx, in, doc, nil)
}

// submit makes a case of what was typed and its order. with adds what else the
// same step writes; before is written first.
func (s *Service) submit(ctx context.Context, in Submission, doc Document, with func(q *Request, set *change.Set)) (q Request, err error) {
	actor, err := actorOf(ctx)
	if err != nil {
		return q, err
	}
	_, rule, err := s.may(ctx, "submit", "request", actor.Agency)
	if err != nil {
		return q, err
	}
	c, process, err := s.read(ctx, in, actor, doc)
	q = c.Request
	if err != nil {
		return q, err
	}
	if q.Ref, err = s.newRef("LR"); err != nil {
		return q, err
	}
	if err := s.setClocks(&q, c.Agency, process); err != nil {
		return q, err
	}
	part, err := s.proposal(ctx, &q, c, process, rule)
	if err != nil {
		return q, err
	}
	part.Event.Facts["country"] = c.Agency.Country
	link(&part, c)
	set := change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, PathOf(q.ID))}
	if with != nil {
		with(&q, &set)
	}
	return q, s.Store.Commit(ctx, set)
}

// proposal is the part by which a request comes in: signed by its officer, and
// submitted, or waiting for the second signature where its agency wants one.
func (s *Service) proposal(ctx context.Context, q *Request, c Case, process *legal.Process, rule string) (change.Part, error) {
	action := Submit
	twice, err := s.wantsCosignature(ctx, *q)
	if err != nil {
		return change.Part{}, err
	}
	if twice {
		action = Propose
	}
	part, err := s.step(ctx, q, action, rule)
	if err != nil {
		return part, err
	}
	part.Event.Causes = append(part.Event.Causes, c.Document.EventID)
	part.Event.Facts["targets"] = strconv.Itoa(len(q.Targets))
	part.Event.Facts["emergency"] = strconv.FormatBool(q.Emergency)
	part.Event.Facts["process_version"] = strconv.Itoa(q.Process.Version)
	part.Event.Facts["process_digest"] = q.Process.Digest
	part.Event.Facts["order_sha256"] = c.Document.SHA256
	if action == Submit {
		submitted(&part, *q)
		countReceived(&part, *q, c.Agency.Country, process)
	}
	part.Update, part.Insert = nil, []any{q}
	for i := range q.Targets {
		part.Insert = append(append(part.Insert, &q.Targets[i]), q.Targets[i].flagRows()...)
	}
	if err := s.sign(ctx, &part, *q, SignedToSubmit, c); err != nil {
		return part, err
	}
	return part, nil
}

// reader collects the problems of a form while it is read.
type reader struct {
	problems []fault.Problem
	today    time.Time // the date where the agency is, as midnight UTC
}

func (r *reader) fail(field, message string) {
	r.problems = append(r.problems, fault.Problem{Field: field, Message: message})
}

// take keeps the problems of err, under the given field where they name none of
// the form's own.
func (r *reader) take(field string, err error) {
	if err == nil {
		return
	}
	for _, p := range fault.ProblemsOf(err) {
		r.fail(field, p.Message)
	}
	if len(fault.ProblemsOf(err)) == 0 {
		r.fail(field, fault.Message(err))
	}
}

func (r *reader) line(field, typed, ask string, read func(field, typed string) (string, error)) string {
	if strings.TrimSpace(typed) == "" {
		if ask != "" {
			r.fail(field, ask)
		}
		return ""
	}
	out, err := read(field, typed)
	r.take(field, err)
	return out
}

func (r *reader) text(field, typed, ask string) personal.Text {
	return personal.NewText(r.line(field, typed, ask, func(f, t string) (string, error) { return identifier.FreeText(f, t, maxFreeText) }))
}

func (r *reader) date(field, typed, ask string) time.Time {
	if strings.TrimSpace(typed) == "" {
		if ask != "" {
			r.fail(field, ask)
		}
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(typed))
	if err != nil || t.Year() < identifier.FirstYear || t.Year() > identifier.LastYear {
		r.fail(field, "Give a date that exists, as year-month-day, for example 2026-11-23.")
		return time.Time{}
	}
	return t
}

// read turns a submission into a request, or says all that is wrong with it.
func (s *Service) read(ctx context.Context, in Submission, actor identity.Actor, doc Document) (c Case, process *legal.Process, err error) {
	c, process, problems, err := s.readForm(ctx, in, actor, doc)
	if err != nil {
		return c, process, err
	}
	if err := fault.Fields(problems); err != nil {
		return c, process, err
	}
	return c, process, s.complete(ctx, c, process)
}

// readForm reads a submission as far as it can be read, and gives what is wrong
// with single answers.
func (s *Service) readForm(ctx context.Context, in Submission, actor identity.Actor, doc Document) (c Case, process *legal.Process, problems []fault.Problem, err error) {
	now := s.now()
	if c.Agency, err = s.Agencies.AgencyByID(ctx, actor.Agency); err != nil {
		return c, nil, nil, err
	}
	c.Document = doc
	c.Officer = identity.Person{ID: actor.Person, Active: true}
	local := now.In(zoneOf(c.Agency))
	r := reader{today: time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)}
	if process, err = s.current(ctx, in.Process); err != nil {
		if fault.KindOf(err) != fault.NotFound {
			return c, nil, nil, err
		}
		r.fail("process", "Choose which kind of legal process this is.")
	}
	q := &c.Request
	*q = Request{ID: newID[ID](), Agency: actor.Agency, Officer: actor.Person, ReceivedAt: now, Emergency: in.Emergency}
	q.Order = s.readOrder(&r, in, c.Document)
	q.Offence = s.readOffence(&r, in)
	q.Need = r.text("need", in.Need, "Say in a few sentences why these data are needed.")
	if in.Emergency {
		q.EmergencyWhy = r.text("emergency_why", in.EmergencyWhy, "Say what the danger is, why it cannot wait, and how these data avert it.")
	}
	q.Confidential = readConfidentiality(&r, in)
	q.Attested = readAttested(&r, in.Attested)
	q.Further = s.readFurther(&r, process, in)
	if err := s.readLinks(ctx, &r, &c, in); err != nil {
		return c, process, nil, err
	}
	q.Targets = readTargets(&r, in.Targets, q)
	s.readFlags(&r, in.Targets, q.Targets)
	if process != nil {
		pin := process.Pin()
		q.Process = ProcessPin{ID: string(pin.ID), Version: pin.Version, Digest: pin.Digest}
	}
	return c, process, r.problems, nil
}

// sent gives the order's document where the agency has sent it; an empty one
// where it has not, for the form to ask for.
func (s *Service) sent(ctx context.Context, id DocumentID, actor identity.Actor) (Document, error) {
	if id == "" {
		return Document{}, nil
	}
	doc, err := s.Store.Document(ctx, id)
	if fault.KindOf(err) == fault.NotFound || err == nil && doc.Agency != actor.Agency {
		return Document{}, nil
	}
	return doc, err
}

func (s *Service) readOrder(r *reader, in Submission, doc Document) Order {
	o := Order{
		IssuerKind: in.IssuerKind, ValidatorKind: in.ValidatorKind, Signed: in.OrderSigned, Document: doc.ID,
		IssuerName: r.line("issuer_name", in.IssuerName, "Give the name of the court or authority that issued the order.", identifier.Name),
		Number:     r.line("order_number", in.OrderNumber, "Give the number of the order as it stands on it.", identifier.Reference),
		LegalBasis: r.line("legal_basis", in.LegalBasis, "Name the provision on which the order rests.", identifier.Name),
		Addressee:  r.line("addressee", in.Addressee, "Give the addressee as it stands on the order.", identifier.Name),
		IssuedOn:   r.date("issued_on", in.IssuedOn, "Give the date of the order."),
		ExpiresOn:  r.date("expires_on", in.ExpiresOn, ""),
		ReturnOn:   r.date("return_on", in.ReturnOn, ""),
		Language:   strings.ToLower(strings.TrimSpace(in.OrderLanguage)),
	}
	if !s.knownIssuer(o.IssuerKind) {
		r.fail("issuer_kind", "Choose who issued the order.")
	}
	if o.ValidatorKind != "" && !s.knownIssuer(o.ValidatorKind) {
		r.fail("validator_kind", "Choose who validated the order, or leave it open.")
	}
	if len(o.Language) != 2 {
		r.fail("order_language", "Choose the language of the order.")
	}
	if o.IssuedOn.After(r.today) {
		r.fail("issued_on", "The order's date lies in the future. Check the year.")
	}
	if !o.ExpiresOn.IsZero() && o.ExpiresOn.Before(o.IssuedOn) {
		r.fail("expires_on", "The order ends before it begins. Check both dates.")
	}
	if doc.ID == "" {
		r.fail("document", "Add the order as a PDF file.")
	}
	return o
}

func (s *Service) knownIssuer(kind string) bool {
	for _, k := range s.Law.IssuerKinds() {
		if string(k.ID) == kind {
			return true
		}
	}
	return false
}

func (s *Service) readOffence(r *reader, in Submission) Offence {
	o := Offence{
		Class: in.OffenceClass, ByNetwork: in.ByNetwork,
		Provision: r.line("offence_provision", in.OffenceProvision, "Name the criminal provision, for example “BNS 318(4)”.", identifier.Name),
		Text:      r.text("offence_text", in.OffenceText, "Describe in a few words what the person is suspected of."),
	}
	if _, ok := s.Law.OffenceClass(in.OffenceClass); !ok {
		r.fail("offence_class", "Choose the kind of offence.")
	}
	if y := strings.TrimSpace(in.MaxPenaltyYears); y != "" {
		years, err := strconv.ParseFloat(strings.Replace(y, ",", ".", 1), 64)
		if err != nil || !(years >= 0 && years <= 100) {
			r.fail("max_penalty_years", "Give the maximum penalty in years, from 0 to 100, for example 3 or 0.5.")
		} else {
			o.MaxPenaltyMonths = int(years*12 + 0.5)
		}
	}
	return o
}

func readConfidentiality(r *reader, in Submission) Confidentiality {
	c := Confidentiality{Asked: in.Confidential}
	if !in.Confidential {
		return c
	}
	c.Until = r.date("confidential_until", in.ConfidentialUntil, "")
	c.Basis = r.line("confidential_basis", in.ConfidentialBasis, "Name the provision or order that forbids telling the person.", identifier.Name)
	return c
}

// readAttested keeps the officer's yes and no to what the order states.
func readAttested(r *reader, in map[string]string) map[string]string {
	out := map[string]string{}
	keys := make([]string, 0, len(in))
	for k := range in {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		switch {
		case !attestable[k]:
			r.fail(k, "This question is not part of the form.")
		case in[k] == legal.Yes || in[k] == legal.No:
			out[k] = in[k]
		case in[k] != "":
			r.fail(k, "Answer yes or no.")
		}
	}
	return out
}

func readTargets(r *reader, in []TargetInput, q *Request) []Target {
	if len(in) == 0 {
		r.fail("targets", "Name at least one account.")
	}
	if len(in) > MaxTargets {
		r.fail("targets", "One request names at most "+strconv.Itoa(MaxTargets)+" accounts. Send the others in a request of their own.")
		return nil
	}
	seen := map[string]bool{}
	var out []Target
	for i, ti := range in {
		t := readTarget(r, ti, "target"+strconv.Itoa(i+1)+"_")
		t.ID, t.Request, t.Agency, t.Ordinal = newID[TargetID](), q.ID, q.Agency, i+1
		key := t.Kind + "|" + t.Identifier.Reveal() + "|" + stamp(t.From) + "|" + stamp(t.To)
		if seen[key] && !t.Identifier.Empty() {
			r.fail("target"+strconv.Itoa(i+1)+"_identifier", "This account is already named above for the same period.")
		}
		seen[key] = true
		out = append(out, t)
	}
	return out
}

func readTarget(r *reader, in TargetInput, prefix string) Target {
	t := Target{Kind: in.Kind, PersonRole: in.PersonRole, Purpose: in.Purpose, WantPhone: in.WantPhone, WantIP: in.WantIP,
		AsTyped: personal.NewText(in.Identifier), Zone: strings.TrimSpace(in.Zone)}
	switch records.Kind(in.Kind) {
	case records.ByPhone, records.ByUsername, records.ByAccount:
		parsed, err := identifier.Parse(records.Kind(in.Kind), in.Identifier)
		r.take(prefix+"identifier", err)
		t.Identifier = parsed.Canonical
	default:
		r.fail(prefix+"kind", "Choose what the identifier is: a phone number, a username or a numeric account id.")
		if strings.TrimSpace(in.Identifier) == "" {
			r.fail(prefix+"identifier", "Type the number, username or id.")
		}
	}
	period, err := identifier.ParsePeriod(in.From, in.To, in.Zone)
	if err != nil {
		if _, bad := identifier.ParseMoment("zone", "2026-01-01 12:00", in.Zone); bad != nil {
			r.take(prefix+"zone", bad)
		}
	}
	for _, p := range fault.ProblemsOf(err) {
		r.fail(prefix+p.Field, p.Message)
	}
	t.From, t.To = period.From, period.To
	if in.Kind == string(records.ByUsername) || in.Kind == string(records.ByPhone) {
		if m, err := identifier.ParseMoment("holder_at", in.HolderAt, in.Zone); strings.TrimSpace(in.HolderAt) == "" {
			if in.Kind == string(records.ByUsername) {
				r.fail(prefix+"holder_at", "Say when the person used this username: names change hands.")
			}
		} else if err != nil {
			r.take(prefix+"holder_at", err)
		} else {
			t.HolderAt = m.UTC
		}
	}
	switch in.PersonRole {
	case legal.Suspect, legal.Victim, legal.Witness, legal.Third:
	default:
		r.fail(prefix+"person_role", "Say what the person is in your case.")
	}
	if in.Purpose != legal.PurposeIdentify && in.Purpose != legal.PurposeTraffic {
		r.fail(prefix+"purpose", "Say what the data are for.")
	}
	if !in.WantPhone && !in.WantIP {
		r.fail(prefix+"categories", "Choose phone numbers, IP addresses, or both.")
	}
	return t
}
