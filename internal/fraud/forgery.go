package fraud

import (
	"context"
	"slices"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/papers"
	"lerd/internal/requests"
	"lerd/internal/risk"
	"lerd/internal/risk/twins"
)

// Forgery is one document of the register of known forgeries: marks of its text
// and of its pages, from which nothing can be read.
type Forgery struct {
	ID        string
	Document  requests.DocumentID
	Agency    identity.AgencyID // whose request it came with
	Request   requests.ID
	Why       string
	Mark      string
	Bands     string
	Pictures  []string
	AddedBy   identity.PersonID
	AddedAt   time.Time
	RemovedBy identity.PersonID
	RemovedAt time.Time
	Version   int64
	EventID   audit.EventID
}

// ForgeryWhys lists why a document is on the register; their words are the
// messages "forgery.why.<why>".
var ForgeryWhys = []string{"issuer_denied", "template", "told_by_others"}

// Examiner knows what was found in documents; *papers.Service fulfils it.
type Examiner interface {
	// Examine gives a document's examination, and makes it the first time.
	Examine(ctx context.Context, d requests.Document) (papers.Examination, error)
	// MayOpen tells whether anybody may look into a document.
	MayOpen(ctx context.Context, d requests.Document) error
}

// ForgeryStore keeps the register of known forgeries.
type ForgeryStore interface {
	// Registered lists the newest 500 of the register that were not taken off it,
	// or the one that an id names.
	Registered(ctx context.Context, id string) ([]Registered, error)
	// Resembling gives those on the register that share a band with a text, and
	// the newest of those with pictures.
	Resembling(ctx context.Context, bands string) ([]Forgery, error)
	// RequestsWith lists the requests whose order, or an attachment, a document is.
	RequestsWith(ctx context.Context, id requests.DocumentID) ([]requests.ID, error)
}

// MarkForged enters the order of a case into the register. It decides nothing:
// requests on paper that is like it say so in their statement of risk.
func (s *Service) MarkForged(ctx context.Context, id requests.ID, why string) (err error) {
	defer fault.Wrap(&err, "fraud.MarkForged(%s)", id)
	actor, rule, err := s.may(ctx, "mark", "forgery", "")
	if err != nil {
		return err
	}
	if !slices.Contains(ForgeryWhys, why) {
		return fault.Fields([]fault.Problem{{Field: "why", Message: "Choose why."}})
	}
	c, err := s.Store.Case(ctx, id)
	if err != nil {
		return err
	}
	p, pictures, err := s.seen(system(ctx), c.Document)
	if err != nil {
		return err
	}
	f := Forgery{ID: newID(), Document: c.Document.ID, Agency: c.Request.Agency, Request: id, Why: why, Mark: p.Mark, Bands: p.Bands, Pictures: pictures,
		AddedBy: actor.Person, AddedAt: s.now(), Version: 1}
	if f.Mark == "" && len(f.Pictures) == 0 {
		return fault.New(fault.Conflict, "Neither the text nor a page of this order can be compared: it holds too little of both.")
	}
	e := change.Event(ctx, f.AddedAt, "forgery.entered", "forgery:"+f.ID, 1)
	e.Facts["request"], e.Facts["why"], e.Facts["rule"] = string(id), why, rule
	parts := []change.Part{{Event: e, Insert: []any{&f}}, s.caught(ctx, Caught{Code: "FR-31", Source: "document", SourceID: f.ID, Request: id, Agency: f.Agency, Released: left(c)}, e.ID)}
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, "/review/"+string(id)+"/risk")})
}

// seen gives what is kept of a document to compare: its print, and its pages.
func (s *Service) seen(ctx context.Context, d requests.Document) (Print, []string, error) {
	p, err := s.read(ctx, d)
	if err != nil || s.Examiner == nil {
		return p, nil, err
	}
	e, err := s.Examiner.Examine(ctx, d)
	if len(e.Pictures) > 0 {
		return p, e.Pictures, err
	}
	if p.Picture != "" {
		return p, []string{p.Picture}, err
	}
	return p, nil, err
}

// forgeries compares a case's order with the register.
func (s *Service) forgeries(ctx context.Context, f *risk.Facts, c requests.Case, p Print) error {
	if s.Forgery == nil {
		return nil
	}
	_, pictures, err := s.seen(ctx, c.Document)
	if err != nil {
		return err
	}
	list, err := s.Forgery.Resembling(ctx, p.Bands)
	if err != nil {
		return err
	}
	for _, k := range list {
		if k.Document == c.Document.ID {
			continue // its own case says so elsewhere
		}
		if like := k.like(p.Mark, pictures); like > 0 {
			f.Twins = append(f.Twins, risk.Twin{Kind: "known_forgery", Ref: k.ID[:8], Like: like})
		}
	}
	return nil
}

// like gives how much a document is like a known forgery, in percent: 0 where
// neither its text nor a page is near enough to say so.
func (k Forgery) like(mark string, pictures []string) int {
	best := 0
	if text := twins.ReadMark(mark).Likeness(twins.ReadMark(k.Mark)); text >= twins.SameText {
		best = percent(text)
	}
	for _, a := range pictures {
		for _, b := range k.Pictures {
			best = max(best, pictureLike(a, b))
		}
	}
	return best
}

// pictureLike gives how many of a hundred bits two pictures share, 0 where they
// are not one picture.
func pictureLike(a, b string) int {
	x, ok := twins.ReadPicture(a)
	y, also := twins.ReadPicture(b)
	if !ok || !also || x.Apart(y) > twins.SamePicture {
		return 0
	}
	return percent(1 - float64(x.Apart(y))/256)
}

func percent(share float64) int { return int(share*100 + 0.5) }

// Refused is the part for a file that the scanner refused at the door.
func (s *Service) Refused(ctx context.Context, agency identity.AgencyID, file string, because audit.EventID) change.Part {
	return s.caught(ctx, Caught{Code: holdCode[Malware], Source: sourceOf[Malware], SourceID: file, Agency: agency}, because)
}

// Harmful gives the parts by which a document that was found harmful holds its
// case and stands in the register.
func (s *Service) Harmful(ctx context.Context, d requests.Document, because audit.EventID) ([]change.Part, error) {
	list, err := s.Forgery.RequestsWith(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return []change.Part{s.Refused(ctx, d.Agency, string(d.ID), because)}, nil
	}
	c, err := s.Store.Case(ctx, list[0])
	if err != nil {
		return nil, err
	}
	return s.hold(ctx, Hold{Request: list[0], Agency: d.Agency, Because: Malware, Source: string(d.ID)}, holdCode[Malware], left(c)), nil
}
