package seed

import (
	"fmt"
	"net/netip"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// decide answers two checks and decides every item.
func (s *story) decide(end requests.State) {
	at := s.at.Add(time.Hour)
	var rows []any
	for _, check := range []string{"VC-01", "VC-12"} {
		rows = append(rows, &requests.Answer{ID: idFrom(s.r), Request: s.q.ID, Agency: s.q.Agency, Check: check, Result: "pass", By: string(s.review.ID), As: string(identity.Reviewer), At: at})
	}
	for _, t := range s.targets {
		for _, cat := range requests.Categories {
			if t.Wants(cat) {
				d := s.decision(t, cat, end)
				d.At = at
				s.chosen = append(s.chosen, d)
			}
		}
	}
	for i := range s.chosen {
		rows = append(rows, &s.chosen[i])
	}
	s.step(as(s.review), "decide", requests.InReview, time.Hour, rows...)
}

func (s *story) decision(t requests.Target, cat requests.Category, end requests.State) requests.Decision {
	d := requests.Decision{ID: requests.DecisionID(idFrom(s.r)), Request: s.q.ID, Agency: s.q.Agency, Target: t.ID, Category: cat, Outcome: requests.Produce,
		From: t.From, To: t.To, By: s.review.ID, Version: 1}
	switch draw := s.r.IntN(12); {
	case end == requests.Refused, draw == 0 && len(s.chosen) > 0:
		d.Outcome, d.Reasons = requests.Refuse, []string{refusals[s.r.IntN(len(refusals))]}
	case draw < 3:
		d.Outcome, d.Reasons, d.From = requests.Narrow, []string{"RR-11"}, t.From.AddDate(0, 1, 0)
	}
	return d
}

// release takes a qualified case to its end.
func (s *story) release(end requests.State) {
	s.q.Verdict = "qualified"
	s.step(as(s.review), "qualify", requests.Qualified, time.Hour)
	rule := ""
	for _, o := range offences {
		if o[0] == s.q.Offence.Class {
			rule = o[1]
		}
	}
	for i := range s.targets {
		s.targets[i].AllegedRule, s.targets[i].AllegedVer = rule, 1
	}
	var asks []any
	found := map[requests.TargetID]string{}
	for i, t := range s.targets {
		f := violations.Finding{ID: idFrom(s.r), AccountID: t.AccountID, Rule: rule, RuleVersion: 1, State: "proposed", Appeal: "none",
			OpenedAt: s.at, ExpiresAt: s.at.AddDate(1, 0, 0), Version: 1}
		found[t.ID] = f.ID
		s.confirmed(&f, end)
		asks = append(asks, &s.targets[i], &requests.Ask{ID: idFrom(s.r), Finding: requests.FindingID(f.ID), Request: s.q.ID, Agency: s.q.Agency, Target: t.ID, Ordinal: 1})
	}
	s.step(asSystem(), "examined", requests.AwaitingConfirmation, time.Hour, asks...)
	switch end {
	case requests.AwaitingConfirmation:
	case requests.NoData:
		s.step(asSystem(), "answered", requests.NoData, 48*time.Hour)
	default:
		s.out(end, found)
	}
}

// confirmers gives two of them, in the order of their ids.
func (s *story) confirmers() [2]identity.Person {
	all := s.w.Confirmers
	a, b := all[s.n%len(all)], all[(s.n+1)%len(all)]
	if a.ID > b.ID {
		a, b = b, a
	}
	return [2]identity.Person{a, b}
}

// confirmed opens a finding, which two people confirm where something leaves.
func (s *story) confirmed(f *violations.Finding, end requests.State) {
	open := s.event(asSystem(), "finding.opened", violations.StreamOf(f.ID), 1)
	open.Facts["platform_rule"], open.Facts["rule_version"] = f.Rule, "1"
	s.write(change.Part{Event: open, Insert: []any{f}})
	if end == requests.AwaitingConfirmation {
		return
	}
	for i, p := range s.confirmers() {
		from, verdict := f.State, violations.Verdict("confirmed")
		if end == requests.NoData {
			verdict = "rejected"
		}
		f.Version = int64(i + 2)
		if i == 1 || end == requests.NoData {
			f.State, f.Evidence = violations.State(verdict), personal.NewText(fmt.Sprintf("MOD-%d", s.n))
		}
		e := s.event(as(p), "finding."+string(verdict), violations.StreamOf(f.ID), f.Version)
		e.Facts["from"], e.Facts["to"], e.Facts["rule"] = string(from), string(f.State), "VF-1"
		s.write(change.Part{Event: e, Insert: []any{&violations.Confirmation{ID: idFrom(s.r), Finding: f.ID, Person: p.ID, Verdict: verdict,
			Evidence: personal.NewText(fmt.Sprintf("MOD-%d", s.n)), At: s.at}}, Update: []any{f}})
		if end == requests.NoData {
			return
		}
	}
}

// out releases, and the officer downloads, and acknowledges where the case is closed.
func (s *story) out(end requests.State, found map[requests.TargetID]string) {
	approver := s.w.Approvers[s.n%len(s.w.Approvers)]
	rel := s.prepared(approver.ID)
	made := s.event(asSystem(), "release.prepared", requests.StreamOfRelease(rel.ID), 1)
	rel.SealingEvent = made.ID
	parts := []any{&rel}
	pair := s.confirmers()
	digest, n := requests.NewDigester(), 0
	for _, d := range s.chosen {
		if !d.Outcome.Leaves() {
			continue
		}
		t := s.target(d.Target)
		item := requests.Item{ID: requests.ItemID(idFrom(s.r)), Release: rel.ID, Request: s.q.ID, Agency: s.q.Agency, Target: t.ID, Category: d.Category, Decision: d.ID, Outcome: d.Outcome,
			Finding: requests.FindingID(found[t.ID]), AccountID: t.AccountID, Rule: t.AllegedRule, RuleVer: 1, Offence: s.q.Offence.Class,
			Confirmers: [2]identity.PersonID{pair[0].ID, pair[1].ID}, From: d.From, To: d.To}
		parts = append(parts, &item)
		n++
		digest.Add(s.record(rel.ID, item, t, n))
	}
	rel.Digest = digest.Sum()
	rel.ApprovedDigest, made.Facts["request"] = rel.Digest, string(s.q.ID)
	made.Values = append(made.Values, audit.Value{Name: "digest", New: []byte(rel.Digest)})
	s.write(change.Part{Event: made, Insert: parts})
	s.step(asSystem(), "export", requests.ExportedCase, 20*time.Hour)
	s.step(as(s.officer), "deliver", requests.Delivered, 5*time.Hour)
	if end == requests.Closed {
		s.step(as(s.officer), "acknowledge", requests.Closed, 24*time.Hour)
	}
}

func (s *story) prepared(approver identity.PersonID) requests.Release {
	digest := fmt.Sprintf("%064x", s.n+1)
	rel := requests.Release{ID: requests.ReleaseID(idFrom(s.r)), Ref: fmt.Sprintf("EXP-%s-%010d", s.at.Format("2006"), s.n), Request: s.q.ID, Agency: s.q.Agency, Officer: s.q.Officer,
		Reviewer: s.review.ID, Approver: approver, ApprovedAt: s.at, ApprovedDigest: digest, State: requests.Exported, Digest: digest, RetrievedAt: s.at, Attempt: 1,
		ContentsSHA256: digest, ContainerSHA256: digest, EncryptedSHA256: digest, Downloads: 1, ExportedAt: s.at.Add(20 * time.Hour), Version: 1}
	for _, d := range s.chosen {
		if d.Outcome.Leaves() && d.Category == requests.PhoneNumber {
			rel.Phones++
		} else if d.Outcome.Leaves() {
			rel.Addresses++
		}
	}
	return rel
}

func (s *story) target(id requests.TargetID) requests.Target {
	for _, t := range s.targets {
		if t.ID == id {
			return t
		}
	}
	return requests.Target{}
}

var recordColumns = []string{"release_id", "ordinal", "item_id", "category", "account_id", "source_record", "phone", "phone_status", "valid_from", "ip", "event_type", "event_at"}

// record is the one row that each item has.
func (s *story) record(rel requests.ReleaseID, i requests.Item, t requests.Target, n int) requests.Record {
	rec := requests.Record{Ordinal: n, Item: i.ID}
	source := fmt.Sprintf("seed-%d-%d", s.n, n)
	row := []any{string(rel), n, string(i.ID), string(i.Category), i.AccountID, source, nil, nil, nil, nil, nil, nil}
	if i.Category == requests.PhoneNumber {
		rec.Phone = &records.PhoneRow{RecordID: source, Account: records.AccountID(i.AccountID), Phone: personal.NewPhone(t.Identifier.Reveal()), Verification: "verified", ValidFrom: i.From}
		row[6], row[7], row[8] = t.Identifier.Reveal(), "verified", i.From
	} else {
		address, at := netip.AddrFrom4([4]byte{198, 51, 100, byte(s.n%250 + 1)}), i.From.Add(time.Hour)
		rec.IP = &records.IPRow{RecordID: source, Account: records.AccountID(i.AccountID), Event: records.Login, At: at, Address: personal.NewAddr(address)}
		row[9], row[10], row[11] = address.String(), "login", at
	}
	s.b.put("release_record", recordColumns, row)
	return rec
}
