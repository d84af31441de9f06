package store

import (
	"encoding/json"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
)

func fromRequest(q requests.Request, event audit.EventID) *requestRow {
	return &requestRow{
		ID: string(q.ID), Ref: q.Ref, AgencyID: string(q.Agency), OfficerID: string(q.Officer),
		ProcessID: q.Process.ID, ProcessVersion: q.Process.Version, ProcessDigest: q.Process.Digest,
		State: string(q.State), Version: q.Version, Emergency: q.Emergency, EmergencyReason: q.EmergencyWhy.Reveal(),
		IssuerKind: q.Order.IssuerKind, IssuerName: q.Order.IssuerName, ValidatorKind: q.Order.ValidatorKind,
		OrderNumber: q.Order.Number, IssuedOn: micro(q.Order.IssuedOn), ExpiresOn: nilTime(q.Order.ExpiresOn), ReturnOn: nilTime(q.Order.ReturnOn),
		OrderSigned: q.Order.Signed, OrderLanguage: q.Order.Language, LegalBasis: q.Order.LegalBasis, Addressee: q.Order.Addressee,
		DocumentID: string(q.Order.Document), OffenceClass: q.Offence.Class, OffenceProvision: q.Offence.Provision,
		OffenceText: q.Offence.Text.Reveal(), MaxPenaltyMonths: q.Offence.MaxPenaltyMonths, ByNetwork: q.Offence.ByNetwork,
		Need: q.Need.Reveal(), Confidential: q.Confidential.Asked, ConfidentialUntil: nilTime(q.Confidential.Until), ConfidentialBasis: q.Confidential.Basis,
		ReceivedAt: micro(q.ReceivedAt), LegalZone: q.LegalZone, AcknowledgeBy: nilTime(q.AcknowledgeBy), EffectBy: nilTime(q.EffectBy), NotBefore: nilTime(q.NotBefore), DueExplained: q.DueExplained, Attested: attested(q.Attested), Further: attested(q.Further),
		ReviewerID: nilText(q.Reviewer), ClaimedAt: nilTime(q.ClaimedAt), Verdict: q.Verdict, Refusals: requests.JoinCodes(q.Refusals),
		Reasons: q.Reasons.Reveal(), ClosedAt: nilTime(q.ClosedAt), EventID: string(event),
	}
}

func (r requestRow) domain() requests.Request {
	return requests.Request{
		ID: requests.ID(r.ID), Ref: r.Ref, Agency: identity.AgencyID(r.AgencyID), Officer: identity.PersonID(r.OfficerID),
		Process: requests.ProcessPin{ID: r.ProcessID, Version: r.ProcessVersion, Digest: r.ProcessDigest},
		State:   requests.State(r.State), Version: r.Version, Emergency: r.Emergency, EmergencyWhy: personal.NewText(r.EmergencyReason),
		Order: requests.Order{IssuerKind: r.IssuerKind, IssuerName: r.IssuerName, ValidatorKind: r.ValidatorKind, Number: r.OrderNumber,
			IssuedOn: r.IssuedOn.UTC(), ExpiresOn: timeOf(r.ExpiresOn), ReturnOn: timeOf(r.ReturnOn), Signed: r.OrderSigned, Language: r.OrderLanguage,
			LegalBasis: r.LegalBasis, Addressee: r.Addressee, Document: requests.DocumentID(r.DocumentID)},
		Offence: requests.Offence{Class: r.OffenceClass, Provision: r.OffenceProvision, Text: personal.NewText(r.OffenceText),
			MaxPenaltyMonths: r.MaxPenaltyMonths, ByNetwork: r.ByNetwork},
		Need:         personal.NewText(r.Need),
		Confidential: requests.Confidentiality{Asked: r.Confidential, Until: timeOf(r.ConfidentialUntil), Basis: r.ConfidentialBasis},
		ReceivedAt:   r.ReceivedAt.UTC(), LegalZone: r.LegalZone, AcknowledgeBy: timeOf(r.AcknowledgeBy), EffectBy: timeOf(r.EffectBy), NotBefore: timeOf(r.NotBefore), DueExplained: r.DueExplained, Attested: attestedOf(r.Attested), Further: attestedOf(r.Further),
		Reviewer: text[identity.PersonID](r.ReviewerID), ClaimedAt: timeOf(r.ClaimedAt), Verdict: r.Verdict, Refusals: requests.SplitCodes(r.Refusals),
		Reasons: personal.NewText(r.Reasons), ClosedAt: timeOf(r.ClosedAt), EventID: audit.EventID(r.EventID),
	}
}

func fromTarget(t requests.Target, event audit.EventID) *targetRow {
	t = t.AsSigned()
	row := &targetRow{
		ID: string(t.ID), RequestID: string(t.Request), AgencyID: string(t.Agency), Ordinal: t.Ordinal, Kind: t.Kind,
		Identifier: t.Identifier.Reveal(), AsTyped: t.AsTyped.Reveal(), HolderAt: nilTime(t.HolderAt), PersonRole: t.PersonRole,
		FromAt: micro(t.From), ToAt: micro(t.To), Zone: t.Zone, WantPhone: t.WantPhone, WantIP: t.WantIP, Purpose: t.Purpose,
		Resolution: t.Resolution, AllegedRule: t.AllegedRule, AllegedVersion: t.AllegedVer, EventID: string(event),
	}
	if t.AccountID != 0 {
		id := t.AccountID
		row.AccountID = &id
	}
	return row
}

func (r targetRow) domain() requests.Target {
	t := requests.Target{
		ID: requests.TargetID(r.ID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Ordinal: r.Ordinal, Kind: r.Kind, Identifier: personal.NewText(r.Identifier), AsTyped: personal.NewText(r.AsTyped),
		HolderAt: timeOf(r.HolderAt), PersonRole: r.PersonRole, From: r.FromAt.UTC(), To: r.ToAt.UTC(), Zone: r.Zone,
		WantPhone: r.WantPhone, WantIP: r.WantIP, Purpose: r.Purpose, Resolution: r.Resolution,
		AllegedRule: r.AllegedRule, AllegedVer: r.AllegedVersion, EventID: audit.EventID(r.EventID),
	}
	if r.AccountID != nil {
		t.AccountID = *r.AccountID
	}
	return t
}

func fromAnswer(a requests.Answer, event audit.EventID) *answerRow {
	return &answerRow{a.ID, string(a.Request), string(a.Agency), a.Check, a.Result, a.Automatic, a.Note.Reveal(), a.Target, a.Place, a.By, a.As, micro(a.At), string(event)}
}

func (r answerRow) domain() requests.Answer {
	return requests.Answer{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Check: r.CheckID, Result: r.Result,
		Automatic: r.Automatic, Note: personal.NewText(r.Note), Target: r.TargetRef, Place: r.Place, By: r.AnsweredBy, As: r.AnsweredAs, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

func fromMessage(m requests.Message, event audit.EventID) *messageRow {
	return &messageRow{m.ID, string(m.Request), string(m.Agency), string(m.FromRole), m.FromName, m.Body.Reveal(), micro(m.At), string(event), m.Kind}
}

func (r messageRow) domain() requests.Message {
	return requests.Message{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), FromRole: identity.Role(r.FromRole),
		FromName: r.FromName, Body: personal.NewText(r.Body), At: r.At.UTC(), EventID: audit.EventID(r.EventID), Kind: r.Kind}
}

func fromDecision(d requests.Decision, event audit.EventID) *decisionRow {
	return &decisionRow{string(d.ID), string(d.Request), string(d.Agency), string(d.Target), string(d.Category), string(d.Outcome),
		requests.JoinCodes(d.Reasons), d.Note.Reveal(), micro(d.From), micro(d.To), string(d.By), micro(d.At), d.Version, string(event)}
}

func (r decisionRow) domain() requests.Decision {
	return requests.Decision{ID: requests.DecisionID(r.ID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID),
		Target: requests.TargetID(r.TargetID), Category: requests.Category(r.Category), Outcome: requests.Outcome(r.Outcome),
		Reasons: requests.SplitCodes(r.Reasons), Note: personal.NewText(r.Note), From: r.FromAt.UTC(), To: r.ToAt.UTC(),
		By: identity.PersonID(r.DecidedBy), At: r.At.UTC(), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromAsk(a requests.Ask, event audit.EventID) *askRow {
	return &askRow{a.ID, string(a.Finding), string(a.Request), string(a.Agency), string(a.Target), a.Ordinal, string(event)}
}

func fromRelease(r requests.Release, event audit.EventID) *releaseRow {
	return &releaseRow{
		ID: string(r.ID), Ref: r.Ref, RequestID: string(r.Request), AgencyID: string(r.Agency), OfficerID: string(r.Officer), ReviewerID: string(r.Reviewer),
		ApproverID: nilText(r.Approver), ApprovedAt: nilTime(r.ApprovedAt), ApprovedDigest: r.ApprovedDigest, State: string(r.State), Digest: r.Digest,
		Phones: r.Phones, Addresses: r.Addresses, RetrievedAt: micro(r.RetrievedAt), Attempt: r.Attempt, ContentsSHA256: r.ContentsSHA256,
		SealingEvent: nilText(r.SealingEvent), ContainerSHA256: r.ContainerSHA256, EncryptedSHA256: r.EncryptedSHA256, Downloads: r.Downloads,
		ExportedAt: nilTime(r.ExportedAt), Supersedes: nilText(r.Supersedes), Version: r.Version, EventID: string(event), Profile: string(r.Profile),
	}
}

func (r releaseRow) domain() requests.Release {
	return requests.Release{
		ID: requests.ReleaseID(r.ID), Ref: r.Ref, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID),
		Officer: identity.PersonID(r.OfficerID), Reviewer: identity.PersonID(r.ReviewerID), Approver: text[identity.PersonID](r.ApproverID),
		ApprovedAt: timeOf(r.ApprovedAt), ApprovedDigest: r.ApprovedDigest, State: requests.ReleaseState(r.State), Digest: r.Digest,
		Phones: r.Phones, Addresses: r.Addresses, RetrievedAt: r.RetrievedAt.UTC(), Attempt: r.Attempt, ContentsSHA256: r.ContentsSHA256,
		SealingEvent: text[audit.EventID](r.SealingEvent), ContainerSHA256: r.ContainerSHA256, EncryptedSHA256: r.EncryptedSHA256,
		Downloads: r.Downloads, ExportedAt: timeOf(r.ExportedAt), Supersedes: text[requests.ReleaseID](r.Supersedes), Version: r.Version, EventID: audit.EventID(r.EventID),
		Profile: identity.DeliveryProfile(r.Profile),
	}
}

func fromItem(i requests.Item, event audit.EventID) *itemRow {
	return &itemRow{
		ID: string(i.ID), ReleaseID: string(i.Release), RequestID: string(i.Request), AgencyID: string(i.Agency), TargetID: string(i.Target),
		Category: string(i.Category), DecisionID: string(i.Decision), DecisionOutcome: string(i.Outcome), FindingID: string(i.Finding),
		AccountID: i.AccountID, RuleID: i.Rule, RuleVersion: i.RuleVer, OffenceClass: i.Offence,
		Confirmer1: string(i.Confirmers[0]), Confirmer2: string(i.Confirmers[1]), Confirmed: "confirmed",
		FromAt: micro(i.From), ToAt: micro(i.To), EventID: string(event),
	}
}

func (r itemRow) domain() requests.Item {
	return requests.Item{
		ID: requests.ItemID(r.ID), Release: requests.ReleaseID(r.ReleaseID), Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID),
		Target: requests.TargetID(r.TargetID), Category: requests.Category(r.Category), Decision: requests.DecisionID(r.DecisionID),
		Outcome: requests.Outcome(r.DecisionOutcome), Finding: requests.FindingID(r.FindingID), AccountID: r.AccountID, Rule: r.RuleID, RuleVer: r.RuleVersion,
		Offence: r.OffenceClass, Confirmers: [2]identity.PersonID{identity.PersonID(r.Confirmer1), identity.PersonID(r.Confirmer2)},
		From: r.FromAt.UTC(), To: r.ToAt.UTC(), EventID: audit.EventID(r.EventID),
	}
}

// attested keeps the officer's statements as JSON with sorted keys.
func attested(m map[string]string) string {
	if m == nil {
		m = map[string]string{}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

func attestedOf(s string) map[string]string {
	m := map[string]string{}
	if json.Unmarshal([]byte(s), &m) != nil {
		return map[string]string{}
	}
	return m
}
