package seed

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/transparency"
)

// ends are the states in which finished requests stand, with how many of a
// hundred do.
var ends = []struct {
	state requests.State
	of100 int
}{{requests.Closed, 52}, {requests.Delivered, 6}, {requests.Refused, 22}, {requests.NoData, 12}, {requests.Withdrawn, 5}, {requests.Expired, 3}}

// opens are those in which unfinished ones stand.
var opens = []requests.State{requests.Submitted, requests.Submitted, requests.InReview, requests.InReview, requests.NeedsInformation, requests.LegalConflict, requests.AwaitingConfirmation}

// refusals are the reasons that are drawn.
var refusals = []string{"RR-01", "RR-02", "RR-03", "RR-05", "RR-07", "RR-09", "RR-11"}

// offences are the classes that are drawn, each with a rule that answers to it.
var offences = [][2]string{{"0701", "PR-05"}, {"02051", "PR-03"}, {"02081", "PR-03"}, {"0701", "PR-05"}}

// story is one request on its way.
type story struct {
	b       *batch
	r       *rand.Rand
	w       World
	n       int
	agency  identity.Agency
	officer identity.Person
	review  identity.Person
	q       requests.Request
	targets []requests.Target
	chosen  []requests.Decision
	at      time.Time
	last    audit.EventID // of the request's stream
	err     error
}

// requests makes those numbered from (inclusive) to (exclusive).
func (w World) requests(from, to int) (*batch, error) {
	b := newBatch(bytes{source(w.o.Seed, 3, uint64(from))})
	for n := from; n < to; n++ {
		s := &story{b: b, r: source(w.o.Seed, 4, uint64(n)), w: w, n: n}
		s.tell()
		if s.err != nil {
			return nil, fmt.Errorf("request %d: %w", n, s.err)
		}
		b.requests++
		b.outcomes[string(s.q.State)]++
	}
	return b, nil
}

// tell takes the request from its arrival to where it stands.
func (s *story) tell() {
	end := s.end()
	s.begin(end)
	if end == requests.Submitted {
		return
	}
	if end == requests.Withdrawn {
		s.step(as(s.officer), "withdraw", requests.Withdrawn, 20*time.Hour)
		return
	}
	s.claim()
	s.decide(end)
	switch end {
	case requests.NeedsInformation:
		s.step(as(s.review), "ask", requests.NeedsInformation, time.Hour)
	case requests.Expired:
		s.step(as(s.review), "ask", requests.NeedsInformation, time.Hour)
		s.step(asSystem(), "expire", requests.Expired, 30*24*time.Hour)
	case requests.LegalConflict:
		s.step(as(s.review), "send_to_counsel", requests.LegalConflict, time.Hour)
	case requests.Refused:
		s.q.Verdict, s.q.Refusals, s.q.Reasons = "refused", s.chosen[0].Reasons, personal.NewText("The request cannot be met as it stands.")
		s.step(as(s.review), "refuse", requests.Refused, time.Hour)
	case requests.InReview:
	default:
		s.release(end)
	}
}

func (s *story) end() requests.State {
	if s.r.Float64() < s.w.o.Open {
		return opens[s.r.IntN(len(opens))]
	}
	draw := s.r.IntN(100)
	for _, e := range ends {
		if draw -= e.of100; draw < 0 {
			return e.state
		}
	}
	return requests.Closed
}

// begin submits. What is open came in lately, the rest over the whole span.
func (s *story) begin(end requests.State) {
	w, r := s.w, s.r
	i := min(r.IntN(len(w.Agencies)), r.IntN(len(w.Agencies))) // some ask more than others
	s.agency, s.officer = w.Agencies[i], w.Officers[i][r.IntN(len(w.Officers[i]))]
	processes := w.processes[i]
	if b := w.o.Busy; b != nil && s.n%b.OneIn == 0 {
		s.agency, s.officer, processes = b.Agency, b.Officers[r.IntN(len(b.Officers))], processesOf(w.o, b.Agency.Country)
	}
	s.review = w.Reviewers[r.IntN(len(w.Reviewers))]
	age := 45*24*time.Hour + time.Duration(r.Float64()*float64(w.o.Span-45*24*time.Hour))
	if end.Open() && end != requests.Delivered {
		age = time.Duration(r.Float64() * float64(9*24*time.Hour))
	}
	s.at = w.o.Now.Add(-age).Truncate(time.Microsecond)
	p := processes[r.IntN(len(processes))]
	doc := s.document()
	s.q = s.request(p, doc)
	s.people()
	s.q.State, s.q.Version = requests.Submitted, 1
	e := s.event(as(s.officer), "request.submit", requests.StreamOf(s.q.ID), 1)
	e.Facts["from"], e.Facts["to"], e.Facts["rule"] = "", "submitted", "CA-1"
	for name, v := range map[string]string{"process": s.q.Process.ID, "process_version": strconv.Itoa(s.q.Process.Version), "process_digest": s.q.Process.Digest,
		"targets": strconv.Itoa(len(s.targets)), "emergency": strconv.FormatBool(s.q.Emergency), "order_sha256": doc.SHA256} {
		e.Facts[name] = v
	}
	in := transparency.Received{Country: s.agency.Country, Process: s.q.Process.ID, Kind: string(p.Kind), Offence: s.q.Offence.Class[:2], Emergency: s.q.Emergency, Phone: len(s.targets)}
	for _, t := range s.targets {
		if t.WantIP {
			in.IP++
		}
	}
	counted(&e, transparency.Count{Received: &in})
	s.last = e.ID
	insert := []any{&doc, &s.q}
	for k := range s.targets {
		insert = append(insert, &s.targets[k])
	}
	s.write(change.Part{Event: e, Insert: insert})
}

// document is an order; one in a hundred is the paper of another request.
func (s *story) document() requests.Document {
	sum := fmt.Sprintf("%064x", s.n+1)
	if s.r.IntN(100) == 0 {
		sum = fmt.Sprintf("%064x", s.r.IntN(s.n+1)+1)
	}
	return requests.Document{ID: requests.DocumentID(idFrom(s.r)), Agency: s.agency.ID, By: s.officer.ID, FileName: personal.NewText("order.pdf"), SHA256: sum, Bytes: 40_000, Pages: 2, At: s.at}
}

func (s *story) request(p *legal.Process, doc requests.Document) requests.Request {
	pin, offence := p.Pin(), offences[s.r.IntN(len(offences))]
	issuer, language := "judge", "en"
	if len(p.Issuers) > 0 {
		issuer = p.Issuers[0].Kinds[0]
	}
	if len(p.Languages) > 0 {
		language = p.Languages[0]
	}
	id := idFrom(s.r)
	q := requests.Request{
		ID: requests.ID(id), Ref: "LR-" + s.at.Format("2006") + "-S" + strings.ToUpper(strconv.FormatInt(int64(s.n), 36)), Agency: s.agency.ID, Officer: s.officer.ID,
		Process: requests.ProcessPin{ID: string(pin.ID), Version: pin.Version, Digest: pin.Digest}, Emergency: p.Emergency != legal.EmergencyNever && s.r.IntN(30) == 0,
		Order: requests.Order{IssuerKind: issuer, IssuerName: fmt.Sprintf("Court %d", s.r.IntN(5*len(s.w.Agencies))+1), Number: fmt.Sprintf("S/%d/%d", s.at.Year(), s.n),
			IssuedOn: s.at.AddDate(0, 0, -7).Truncate(24 * time.Hour), Signed: true, Language: language, LegalBasis: p.Source.Text, Addressee: "Sample Messenger Ltd", Document: doc.ID},
		Offence:    requests.Offence{Class: offence[0], Provision: "Section 1", Text: personal.NewText("An offence."), MaxPenaltyMonths: 60, ByNetwork: true},
		Need:       personal.NewText("To identify the person."),
		ReceivedAt: s.at, LegalZone: s.agency.Zone, AcknowledgeBy: s.at.Add(24 * time.Hour), EffectBy: s.at.Add(10 * 24 * time.Hour), DueExplained: "Ten days after receipt.",
	}
	if q.Emergency {
		q.EffectBy, q.EmergencyWhy = s.at.Add(8*time.Hour), personal.NewText("Danger to life.")
	}
	return q
}

// people are the targets. Some accounts are asked about again and again.
func (s *story) people() {
	for i := range 1 + s.r.IntN(8)/7*s.r.IntN(4) {
		who := s.r.IntN(s.w.o.Requests*3/4 + 10)
		if s.r.IntN(50) == 0 {
			who = s.r.IntN(100)
		}
		phone := personal.NewText(fmt.Sprintf("+4477%08d", who))
		s.targets = append(s.targets, requests.Target{ID: requests.TargetID(idFrom(s.r)), Request: s.q.ID, Agency: s.agency.ID, Ordinal: i + 1, Kind: "phone",
			Identifier: phone, AsTyped: phone, HolderAt: s.at.AddDate(0, -1, 0), PersonRole: legal.Suspect, From: s.at.AddDate(0, -3, 0), To: s.at.AddDate(0, 0, -1),
			Zone: s.agency.Zone, WantPhone: true, WantIP: s.r.IntN(4) > 0, Purpose: legal.PurposeIdentify, AccountID: 0})
	}
}

// event begins an event whose id is the story's own.
func (s *story) event(ctx context.Context, kind, stream string, version int64) audit.Event {
	e := change.Event(ctx, s.at, kind, stream, version)
	e.ID = audit.EventID(idFrom(s.r))
	return e
}

func (s *story) write(p change.Part) {
	if s.err == nil {
		s.err = s.b.add(p)
	}
}

// step takes the case on; with are rows that the same step writes.
func (s *story) step(ctx context.Context, action string, to requests.State, after time.Duration, with ...any) audit.EventID {
	s.at = s.at.Add(after)
	from := s.q.State
	s.q.State, s.q.Version = to, s.q.Version+1
	if !to.Open() {
		s.q.ClosedAt = s.at
	}
	e := s.event(ctx, "request."+action, requests.StreamOf(s.q.ID), s.q.Version)
	e.Facts["process"], e.Facts["from"], e.Facts["to"], e.Facts["rule"] = s.q.Process.ID, string(from.ForAgency(false)), string(to.ForAgency(false)), "RV-1"
	switch action {
	case "refuse":
		counted(&e, transparency.Count{Refused: &transparency.Refused{Codes: append([]string{}, s.q.Refusals...)}})
	case "export":
		n := len(s.targets)
		counted(&e, transparency.Count{Answered: &transparency.Answered{Accounts: n, Phone: transparency.Items{Produced: n}}})
	}
	s.last = e.ID
	s.write(change.Part{Event: e, Insert: with, Update: []any{&s.q}})
	return e.ID
}

// counted commits an event to what public figures are made of.
func counted(e *audit.Event, c transparency.Count) {
	e.Values = append(e.Values, audit.Value{Name: audit.CountValue, New: c.Encode()})
}

// claim looks the accounts up, as the first step of a reviewer does.
func (s *story) claim() {
	s.q.Reviewer = s.review.ID
	wait := time.Duration(s.r.IntN(20)+1) * time.Hour
	s.q.ClaimedAt = s.at.Add(wait)
	var rows []any
	for i := range s.targets {
		t := &s.targets[i]
		t.Resolution = "one"
		t.AccountID, _ = strconv.ParseInt(t.Identifier.Reveal()[5:], 10, 64)
		t.AccountID += 10_000_000_000
		rows = append(rows, t)
	}
	s.step(as(s.review), "claim", requests.InReview, wait, rows...)
}
