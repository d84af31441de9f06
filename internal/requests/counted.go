package requests

import (
	"context"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/legal"
	"lerd/internal/transparency"
)

// count commits a part's event to what public figures are counted from. Which
// events do so follows from their public kind alone, and what they commit to is
// nothing that the agency does not read itself.
func count(part *change.Part, c transparency.Count) {
	part.Event.Values = append(part.Event.Values, audit.Value{Name: audit.CountValue, New: c.Encode()})
}

// countReceived counts a request as it came in.
func countReceived(part *change.Part, q Request, country string, p *legal.Process) {
	in := transparency.Received{Country: country, Process: q.Process.ID, Kind: string(p.Kind), Emergency: q.Emergency, Confidential: q.Confidential.Asked}
	if len(q.Offence.Class) >= 2 {
		in.Offence = q.Offence.Class[:2]
	}
	for _, t := range q.Targets {
		if t.WantPhone {
			in.Phone++
		}
		if t.WantIP {
			in.IP++
		}
	}
	count(part, transparency.Count{Received: &in})
}

// countRefused counts the reasons of a refusal.
func countRefused(part *change.Part, codes []string) {
	count(part, transparency.Count{Refused: &transparency.Refused{Codes: append([]string{}, codes...)}})
}

// countAnswered counts what a release that is ready holds, by its frozen records.
func (s *Service) countAnswered(ctx context.Context, part *change.Part, c Case, rel Release) error {
	full := map[ItemID]bool{}
	for r, err := range s.Releases.ReleaseRecords(ctx, rel.ID) {
		if err != nil {
			return err
		}
		full[r.Item] = true
	}
	out := transparency.Answered{}
	accounts := map[int64]bool{}
	for _, t := range c.Request.Targets {
		for _, cat := range Categories {
			d, decided := c.Decision(t.ID, cat)
			if !t.Wants(cat) || !decided {
				continue
			}
			items := &out.Phone
			if cat == IPAddress {
				items = &out.IP
			}
			outcome := NotHeld
			if i, there := releasedItem(rel, t.ID, cat); there && full[i.ID] {
				outcome, accounts[i.AccountID] = d.Outcome, true
			} else if !d.Outcome.Leaves() && !d.Withheld() {
				outcome = Refuse
			}
			tallyItem(items, outcome)
		}
	}
	out.Accounts = len(accounts)
	count(part, transparency.Count{Answered: &out})
	return nil
}

func releasedItem(rel Release, t TargetID, cat Category) (Item, bool) {
	for _, i := range rel.Items {
		if i.Target == t && i.Category == cat {
			return i, true
		}
	}
	return Item{}, false
}

func tallyItem(items *transparency.Items, o Outcome) {
	switch o {
	case Produce:
		items.Produced++
	case Narrow:
		items.Narrowed++
	case Refuse:
		items.Refused++
	default:
		items.Nothing++
	}
}
