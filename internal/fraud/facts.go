package fraud

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"lerd/internal/identity"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/requests/identifier"
	"lerd/internal/risk"
	"lerd/internal/risk/domains"
	"lerd/internal/risk/twins"
)

// History is what happened before a request, counted up to its arrival.
type History struct {
	OfficerSince       time.Time // when the account was made
	OfficerBefore      int       // requests that the officer made before
	OfficerHour        int       // in the hour up to this one, which is counted
	OfficerDay         int
	AgencyHour         int
	AgencyUsual        int // the busiest hour of the 90 days before
	HourHistory        int // requests of the agency in the year before
	HourNear           int // of them within an hour of the same time of day
	IdentifierAgencies int // agencies that asked about one of the targets in 30 days
	PasskeySince       time.Time
	PasskeyBefore      int         // passkeys that the officer had before that one
	DomainSince        time.Time   // when the agency's domain took the place of another
	Changed            []ChangedAt // what is on file about the agency and was changed
}

// ChangedAt is one thing on file that was changed, and when it came into force.
type ChangedAt struct {
	Kind string
	At   time.Time
}

// Paper is another request whose paper may be made of the same.
type Paper struct {
	Ref         string
	Agency      identity.AgencyID
	Officer     identity.PersonID
	ReceivedAt  time.Time
	OrderNumber string
	SameFile    bool // the very same bytes
	SameTargets bool // it asks about the same accounts
	Mark        string
	Picture     string
}

// KnownDomain is a domain on file.
type KnownDomain struct {
	Name   string
	Agency identity.AgencyID
}

// Limits of comparing papers.
const (
	formAgencies = 4             // a text that more agencies use is a form
	splitTime    = 2 * time.Hour // one officer may send one order in several parts
)

// facts gathers what the statement of a case rests on.
func (s *Service) facts(ctx context.Context, c requests.Case) (f risk.Facts, err error) {
	h, err := s.Facts.History(ctx, c)
	if err != nil {
		return f, err
	}
	p, err := s.read(ctx, c.Document)
	if err != nil {
		return f, err
	}
	at := c.Request.ReceivedAt
	f = risk.Facts{OfficerRequests: &h.OfficerBefore, OfficerHour: h.OfficerHour, OfficerDay: h.OfficerDay, AgencyHour: h.AgencyHour, AgencyUsual: h.AgencyUsual,
		IdentifierAgencies: h.IdentifierAgencies, HourHistory: h.HourHistory, Hour: at.In(zoneOf(c.Agency)).Hour(), Offence: c.Request.Offence.Class}
	f.OfficerDays, f.PasskeyDays, f.DomainDays = daysTo(h.OfficerSince, at), daysTo(h.PasskeySince, at), daysTo(h.DomainSince, at)
	f.PasskeyChanged = h.PasskeyBefore > 0
	if h.HourHistory > 0 {
		f.HourShare = float64(h.HourNear) / float64(h.HourHistory)
	}
	changed(&f, h, at)
	s.wording(&f, c, p)
	if err := s.names(ctx, &f, c, p); err != nil {
		return f, err
	}
	if err := s.twins(ctx, &f, c, p); err != nil {
		return f, err
	}
	if err := s.forgeries(ctx, &f, c, p); err != nil {
		return f, err
	}
	if err := s.sensitive(ctx, &f, c); err != nil {
		return f, err
	}
	return f, nil
}

// daysTo gives the whole days from a time to the arrival, 0 where it lies after,
// nil where there is no such time.
func daysTo(since, at time.Time) *int {
	if since.IsZero() {
		return nil
	}
	days := max(0, int(math.Floor(at.Sub(since).Hours()/24)))
	return &days
}

func zoneOf(a identity.Agency) *time.Location {
	if zone, err := time.LoadLocation(a.Zone); err == nil {
		return zone
	}
	return time.UTC
}

// changed takes the newest change of what is on file about the agency.
func changed(f *risk.Facts, h History, at time.Time) {
	for _, c := range h.Changed {
		days := daysTo(c.At, at)
		f.Changed = append(f.Changed, c.Kind)
		if f.ChangedDays == nil || *days < *f.ChangedDays {
			f.ChangedDays = days
		}
	}
}

// wording looks at haste, silence and countries.
func (s *Service) wording(f *risk.Facts, c requests.Case, p Print) {
	q := c.Request
	f.Gag, f.GagBasis = q.Confidential.Asked, strings.TrimSpace(q.Confidential.Basis) != "" && !q.Confidential.Until.IsZero()
	f.UrgentWord = p.Urgent
	if f.UrgentWord == "" {
		f.UrgentWord = s.Policy.Urgent(q.Need.Reveal() + " " + q.EmergencyWhy.Reveal())
	}
	if !q.Order.ReturnOn.IsZero() {
		hours := int(q.Order.ReturnOn.AddDate(0, 0, 1).Sub(q.ReceivedAt).Hours())
		f.DeadlineHours = &hours
	}
	if q.Emergency {
		none := 0
		f.DeadlineHours = &none
	}
	for _, t := range q.Targets {
		if t.Kind != string(records.ByPhone) {
			continue
		}
		if n, err := identifier.ParsePhone(t.Identifier.Reveal()); err == nil && n.Country != "" && n.Country != c.Agency.Country {
			f.Foreign = true
		}
	}
}

// names compares the names in the order with those on file, and the agency's
// own with those of others.
func (s *Service) names(ctx context.Context, f *risk.Facts, c requests.Case, p Print) error {
	known, err := s.Facts.KnownDomains(ctx)
	if err != nil {
		return err
	}
	var all, others []string
	for _, k := range known {
		all = append(all, k.Name)
		if k.Agency != c.Request.Agency {
			others = append(others, k.Name)
		}
	}
	directory := domains.NewDirectory(append(all, s.Own...))
	for _, name := range strings.Fields(p.Domains) {
		n, ok := domains.Parse(name)
		if !ok {
			continue
		}
		v := directory.Check(n)
		switch {
		case n.Mixed != "":
			f.Mixed = append(f.Mixed, n.Shown())
		case len(v.Likes) > 0:
			f.Lookalikes = append(f.Lookalikes, likeness(n, v.Likes[0]))
		case v.Known == "":
			f.UnknownDomains = append(f.UnknownDomains, n.Shown())
		}
	}
	if n, ok := domains.Parse(c.Agency.Domain); ok {
		if v := domains.NewDirectory(others).Check(n); len(v.Likes) > 0 {
			f.Lookalikes = append(f.Lookalikes, likeness(n, v.Likes[0]))
		}
	}
	return nil
}

func likeness(n domains.Name, l domains.Like) string { return n.Shown() + " ~ " + l.Known }

// twins looks for other requests on paper that is made of the same.
func (s *Service) twins(ctx context.Context, f *risk.Facts, c requests.Case, p Print) error {
	papers, err := s.Facts.TwinPapers(ctx, c, p)
	if err != nil {
		return err
	}
	mark, picture := twins.ReadMark(p.Mark), p.Picture
	var text, drawn []risk.Twin
	agencies := map[identity.AgencyID]bool{}
	for _, o := range papers {
		other := o.Agency != c.Request.Agency
		switch {
		case o.SameFile && (other || !o.SameTargets && !split(c.Request, o)):
			f.Twins = append(f.Twins, risk.Twin{Kind: "same_file", Ref: o.Ref})
		case o.SameFile:
		case other && mark.Likeness(twins.ReadMark(o.Mark)) >= twins.SameText:
			like := percent(mark.Likeness(twins.ReadMark(o.Mark)))
			text, agencies[o.Agency] = append(text, risk.Twin{Kind: "same_text_other_agency", Ref: o.Ref, Like: like}), true
		case other && pictureLike(picture, o.Picture) > 0:
			drawn, agencies[o.Agency] = append(drawn, risk.Twin{Kind: "same_picture_other_agency", Ref: o.Ref, Like: pictureLike(picture, o.Picture)}), true
		case !other && o.OrderNumber == c.Request.Order.Number && !o.SameTargets && !split(c.Request, o):
			f.Twins = append(f.Twins, risk.Twin{Kind: "same_number_other_target", Ref: o.Ref})
		}
	}
	if len(agencies) > formAgencies {
		return nil // a form that many use
	}
	f.Twins = append(append(f.Twins, text...), drawn...)
	return nil
}

// split tells whether another request may be a further part of the same order.
func split(q requests.Request, o Paper) bool {
	apart := q.ReceivedAt.Sub(o.ReceivedAt).Abs()
	return o.Officer == q.Officer && apart <= splitTime
}

// sensitive looks the targets up on counsel's list.
func (s *Service) sensitive(ctx context.Context, f *risk.Facts, c requests.Case) error {
	var hashes []string
	for _, t := range c.Request.Targets {
		hashes = append(hashes, s.markHash(t.Kind, t.Identifier.Reveal()))
		if t.AccountID != 0 {
			hashes = append(hashes, s.markHash("account_id", strconv.FormatInt(t.AccountID, 10)))
		}
	}
	why, err := s.Facts.MarksOf(ctx, hashes)
	slices.Sort(why)
	f.Sensitive = why
	return err
}

// markHash is how counsel's list names somebody: without the key nobody can tell
// who is on it, not even by trying all numbers.
func (s *Service) markHash(kind, canonical string) string {
	mac := hmac.New(sha256.New, s.Key)
	mac.Write([]byte("sensitive\x00" + kind + "\x00" + canonical))
	return hex.EncodeToString(mac.Sum(nil))
}
