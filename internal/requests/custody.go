package requests

import (
	"context"

	"lerd/internal/audit"
	"lerd/internal/identity"
)

// CustodyEvents are the events of the audit log behind the chain of custody of a
// release. An event that is not there is empty.
type CustodyEvents struct {
	Received  audit.EventID
	Decided   audit.EventID
	Retrieved audit.EventID
	Approved  audit.EventID
	confirmed map[string]audit.EventID
}

// Confirmed gives the event by which a person confirmed a finding.
func (e CustodyEvents) Confirmed(f FindingID, by identity.PersonID) audit.EventID {
	return e.confirmed[string(f)+" "+string(by)]
}

// custodyEvents finds them among the case's events. Where a step was taken more
// than once, e.g. decided again after a correction, the last one counts.
func (s *Service) custodyEvents(ctx context.Context, c Case) (CustodyEvents, error) {
	out := CustodyEvents{confirmed: map[string]audit.EventID{}}
	list, err := s.TrailStore.CaseEvents(ctx, c)
	if err != nil {
		return out, err
	}
	for _, ev := range list {
		r := ev.Record
		switch {
		case r.Stream == StreamOf(c.Request.ID) && (r.Kind == "request.submit" || r.Kind == "request.cosign"):
			out.Received = r.ID
		case r.Stream == StreamOfRelease(c.Release.ID) && r.Kind == "release.prepared":
			out.Retrieved = r.ID
		case r.Stream == StreamOfRelease(c.Release.ID) && r.Kind == "release.approved":
			out.Approved = r.ID
		case r.Kind == "finding.confirm" || r.Kind == "finding.confirmed":
			for _, i := range c.Release.Items {
				if r.Stream == "finding:"+string(i.Finding) {
					out.confirmed[string(i.Finding)+" "+r.Actor.Person] = r.ID
				}
			}
		}
	}
	var last Decision
	for _, d := range c.Decisions {
		if !d.At.Before(last.At) {
			last = d
		}
	}
	out.Decided = last.EventID
	return out, nil
}
