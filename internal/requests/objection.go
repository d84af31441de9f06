package requests

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
)

// The forms of an objection.
const (
	Annex3Form  = "annex3"  // LAW: Regulation (EU) 2023/1543, Annex III
	GeneralForm = "general" // of every other law
)

// NoReason stands where none of the reasons of Annex III is relied on: that a
// user broke no rule of the platform is not among them.
const NoReason = "none"

// AnnexReasons are the reasons of Annex III from which counsel chooses.
var AnnexReasons = []string{"Incomplete", "ManifestErrors", "InsufficientInformation", "DataNotHeld", "DeFactoImpossibility",
	"InvalidIssuingAuthority", "OffenceNotCovered", "ServiceNotCovered", "ImmunitiesOrPrivileges", "ConflictOfLaw", NoReason}

// KeptStates say what became of the data meanwhile (section G of Annex III).
var KeptStates = []string{"kept", "not_kept", "not_identifiable"}

// ObjectionInput is what counsel writes; the rest of the form is prefilled.
type ObjectionInput struct {
	Reason   string // one of AnnexReasons; of the general form empty
	Why      string // the objection, as the authority will read it
	Conflict string // the other law, what it forbids, and why it applies; needed for ConflictOfLaw
	Kept     string // one of KeptStates
	KeptTill string // a date, where the data are kept
	Contact  string // with whom the authority can speak
}

// Section is a part of a form as it is read.
type Section struct {
	Name  string   `json:"name"`
	Lines []string `json:"lines"`
}

// Objection is counsel's answer to a demand that only the platform's own gates
// stop. Content is the canonical JSON of its sections; what counsel agrees to is
// its digest.
type Objection struct {
	ID            string
	Request       ID
	Agency        identity.AgencyID
	Form          string
	Content       string
	ContentSHA256 string
	By            identity.PersonID
	At            time.Time
	EventID       audit.EventID
}

// Sections gives the form as it is read.
func (o Objection) Sections() (out []Section) {
	if err := json.Unmarshal([]byte(o.Content), &out); err != nil {
		return nil
	}
	return out
}

// Text gives the form in one text, as the authority reads it in its case.
func (o Objection) Text() string {
	var b strings.Builder
	for _, s := range o.Sections() {
		fmt.Fprintf(&b, "%s\n%s\n\n", s.Name, strings.Join(s.Lines, "\n"))
	}
	return strings.TrimSpace(b.String())
}

// ObjectionDigest is what counsel agrees to: this text about this request.
func ObjectionDigest(o Objection) identity.Digest {
	return identity.DigestOf("lerd objection v1", string(o.Request), o.ContentSHA256)
}

// FormOf tells which form a process's objection has.
func FormOf(p *legal.Process) string {
	if strings.HasPrefix(string(p.ID), "EU-EPOC") {
		return Annex3Form
	}
	return GeneralForm
}

// Draft gives an objection prefilled from the case, for counsel to finish.
func (s *Service) DraftObjection(ctx context.Context, id ID) (c Case, p *legal.Process, v legal.Verdict, in ObjectionInput, err error) {
	defer fault.Wrap(&err, "requests.DraftObjection(%s)", id)
	c, _, rule, err := s.open(ctx, id, "resolve_conflict", "request")
	if err != nil {
		return c, nil, v, in, err
	}
	if c.Request.State != LegalConflict {
		return c, nil, v, in, fault.New(fault.Conflict, "This demand is not in conflict any more: the case is now %q.", c.Request.State.Words())
	}
	if p, err = s.pinned(ctx, c.Request); err != nil {
		return c, nil, v, in, err
	}
	if v, err = s.Verdict(ctx, c); err != nil {
		return c, nil, v, in, err
	}
	in = s.prefill(c, p, v)
	return c, p, v, in, s.look(ctx, c, "request.viewed", rule)
}

// prefill proposes what can be said: the reason of Annex III that a failed check
// maps to, or none, and plain words for what stands in the way.
func (s *Service) prefill(c Case, p *legal.Process, v legal.Verdict) ObjectionInput {
	in := ObjectionInput{Kept: "not_kept"}
	if FormOf(p) == Annex3Form {
		in.Reason = NoReason
	}
	var why []string
	for _, code := range s.conflictCodes(v) {
		ref := s.Law.Refusal(code)
		if ref == nil {
			continue
		}
		if ref.Annex3 != "" && in.Reason == NoReason {
			in.Reason = ref.Annex3
		}
		if !ref.PolicyOnly { // reasons of policy are not grounds that the demand's law knows
			why = append(why, ref.Text)
		}
	}
	if len(why) == 0 {
		why = []string{"We cannot give effect to this demand. We ask for its review, and for the time that the law allows for it; until then the data are not disclosed."}
	}
	in.Why = strings.Join(why, " ")
	if c.Preservation != nil && s.now().Before(c.Preservation.Until) {
		in.Kept, in.KeptTill = "kept", c.Preservation.Until.Format(time.DateOnly)
	}
	return in
}

// conflictCodes gives the codes for which a demand is in conflict.
func (s *Service) conflictCodes(v legal.Verdict) []legal.RefusalCode {
	if v.Codes = silent(v); len(v.Codes) == 0 {
		return []legal.RefusalCode{"RR-14"}
	}
	return v.Codes
}

// Objection writes the form from what counsel typed, or says what is missing.
// Nothing is kept.
func (s *Service) Objection(c Case, p *legal.Process, in ObjectionInput) (o Objection, err error) {
	var r reader
	why := r.text("why", in.Why, "Write the objection as the authority will read it.").Reveal()
	conflict := r.text("conflict", in.Conflict, "").Reveal()
	contact := r.text("contact", in.Contact, "").Reveal()
	till := r.date("kept_till", in.KeptTill, "")
	form := FormOf(p)
	if form == Annex3Form && !contains(AnnexReasons, in.Reason) {
		r.fail("reason", "Choose the reason of Annex III, or say that none is relied on.")
	}
	if form == Annex3Form && in.Reason == "ConflictOfLaw" && conflict == "" {
		r.fail("conflict", "Name the other law and its provisions, the obligation, why it applies, and what would follow.")
	}
	if !contains(KeptStates, in.Kept) {
		r.fail("kept", "Say whether the data are kept meanwhile.")
	}
	if in.Kept == "kept" && till.IsZero() {
		r.fail("kept_till", "Say until which day the data are kept.")
	}
	for field, text := range map[string]string{"why": why, "conflict": conflict, "contact": contact} {
		r.filled(field, personal.NewText(text))
	}
	if err := fault.Fields(r.problems); err != nil {
		return o, err
	}
	sections := sectionsOf(form, c, p, in.Reason, written{why, conflict, contact, in.Kept, till})
	content, err := json.Marshal(sections)
	if err != nil {
		return o, err
	}
	o = Objection{ID: newID[string](), Request: c.Request.ID, Agency: c.Request.Agency, Form: form, Content: string(content)}
	o.ContentSHA256 = hexSum(o.Content)
	return o, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// written is what counsel wrote, as it was read.
type written struct {
	why, conflict, contact, kept string
	till                         time.Time
}

// Object refuses a demand that only the platform's own gates stop, by an objection
// that is kept. The gate itself stays shut.
func (s *Service) Object(ctx context.Context, id ID, in ObjectionInput) (err error) {
	defer fault.Wrap(&err, "requests.Object(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "resolve_conflict", "request")
	if err != nil {
		return err
	}
	verdict, err := s.Verdict(ctx, c)
	if err != nil {
		return err
	}
	p, err := s.pinned(ctx, c.Request)
	if err != nil {
		return err
	}
	verdict.Codes = s.conflictCodes(verdict)
	q := c.Request
	part, err := s.step(ctx, &q, SettleConflict, rule)
	if err != nil {
		return err
	}
	o, err := s.Objection(c, p, in)
	if err != nil {
		return err
	}
	proof, err := identity.RequireProof(ctx, identity.PurposeObject, ObjectionDigest(o))
	if err != nil {
		return err
	}
	o.By, o.At = actor.Person, s.now()
	q.Verdict, q.Refusals, q.Reasons = "refused", SplitCodes(codes(verdict.Codes)), personal.NewText(o.Text())
	s.refuseAll(&part, c, verdict, actor)
	countRefused(&part, q.Refusals)
	part.Insert = append(part.Insert, &o)
	f := part.Event.Facts
	f["conflict"], f["form"], f["annex3"], f["compulsion"], f["objection_sha256"] = "objected", o.Form, in.Reason, string(p.Compulsion), o.ContentSHA256
	if f["annex3"] == "" {
		delete(f, "annex3")
	}
	tell(&part, "reason", personal.NewText(o.Text()))
	change.Prove(&part, proof)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// SettleConflict objects with the prefilled form and counsel's words.
func (s *Service) SettleConflict(ctx context.Context, id ID, why string) (err error) {
	defer fault.Wrap(&err, "requests.SettleConflict(%s)", id)
	c, _, _, err := s.open(ctx, id, "resolve_conflict", "request")
	if err != nil {
		return err
	}
	p, err := s.pinned(ctx, c.Request)
	if err != nil {
		return err
	}
	v, err := s.Verdict(ctx, c)
	if err != nil {
		return err
	}
	in := s.prefill(c, p, v)
	in.Why = why
	return s.Object(ctx, id, in)
}

// Objections gives the objections to a case, the oldest first, and puts on record
// that they were read.
func (s *Service) Objections(ctx context.Context, id ID) (c Case, list []Objection, err error) {
	defer fault.Wrap(&err, "requests.Objections(%s)", id)
	c, _, rule, err := s.open(ctx, id, "view", "request")
	if err != nil {
		return c, nil, err
	}
	if list, err = s.Watch.Objections(ctx, id); err != nil {
		return c, nil, err
	}
	return c, list, s.look(ctx, c, "request.viewed", rule)
}
