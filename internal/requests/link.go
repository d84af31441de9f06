package requests

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// LinkKind is how a request follows an earlier one of its agency.
type LinkKind string

// The kinds of links.
const (
	LinkFurther LinkKind = "further" // further accounts under the same order
	LinkAgain   LinkKind = "again"   // what came to nothing, asked again
	LinkKept    LinkKind = "kept"    // draws on a preservation
)

// Link is the row that says that a request follows an earlier one of the same
// agency. It is written with the request and never changes; no gate looks at it.
type Link struct {
	Request, Follows ID
	Agency           identity.AgencyID
	Kind             LinkKind
	EventID          audit.EventID
}

// ID names the link: one for each pair of requests and kind.
func (l Link) ID() string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("link "+string(l.Request)+" "+string(l.Follows)+" "+string(l.Kind))).String()
}

// Linked is the case at the other end of a link.
type Linked struct {
	Request ID
	Ref     string
	Kind    LinkKind
	Later   bool // it follows the case that shows it
}

// Following says which earlier case a new request goes on from.
type Following struct {
	Request ID
	Kind    LinkKind
}

// CanFollow says how a new request would go on from a case in the state that its
// agency reads: "" from one that was not submitted, which has a draft of its own.
func CanFollow(s State) LinkKind {
	switch s {
	case None, AwaitingCosignature, Redrafted:
		return ""
	case Refused, NoData, Withdrawn, Expired, Lapsed:
		return LinkAgain
	}
	return LinkFurther
}

// keptField is the law's field under which an officer names a preservation.
const keptField = "earlier_preservation"

// readLinks finds the earlier cases that a submission names: the one that its
// draft was begun from, and a preservation of the agency, by its reference. The
// reference becomes one of the request's further answers, which are signed.
func (s *Service) readLinks(ctx context.Context, r *reader, c *Case, in Submission) error {
	if f := in.Follows; f != nil {
		was, err := s.Store.Case(ctx, f.Request)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		// What was taken back meanwhile is not followed, and one that ended
		// otherwise than it stood is followed as it stands.
		if err == nil && was.Request.Agency == c.Request.Agency && CanFollow(was.Request.State) != "" {
			kind := f.Kind
			if CanFollow(was.Request.State) == LinkFurther {
				kind = LinkFurther
			}
			c.Links = append(c.Links, Linked{Request: was.Request.ID, Ref: was.Request.Ref, Kind: kind})
		}
	}
	ref := strings.ToUpper(strings.TrimSpace(in.KeptUnder))
	if ref == "" {
		return nil
	}
	kept, err := s.preservationByRef(ctx, c.Request.Agency, ref)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		r.fail("kept_under", "Your agency has no preservation under this reference. Take it from the page of that request, or leave this open.")
		return nil
	}
	if err != nil {
		return err
	}
	c.Request.Further[keptField] = kept.Ref
	c.Links = append(c.Links, Linked{Request: kept.ID, Ref: kept.Ref, Kind: LinkKept})
	return nil
}

// preservationByRef gives a preservation of an agency, or NotFound.
func (s *Service) preservationByRef(ctx context.Context, agency identity.AgencyID, ref string) (Request, error) {
	list, err := s.Store.Cases(ctx, Filter{Agency: agency, Ref: ref, Limit: 1})
	if err != nil {
		return Request{}, err
	}
	if len(list) == 0 || list[0].Agency != agency {
		return Request{}, fault.New(fault.NotFound, "There is nothing here.")
	}
	c, err := s.Store.Case(ctx, list[0].ID)
	if err == nil && c.Preservation == nil {
		err = fault.New(fault.NotFound, "There is nothing here.")
	}
	return c.Request, err
}

// link writes the links of a new request with it.
func link(part *change.Part, c Case) {
	for _, l := range c.Links {
		part.Insert = append(part.Insert, &Link{Request: c.Request.ID, Follows: l.Request, Agency: c.Request.Agency, Kind: l.Kind})
		part.Event.Facts["follows_"+string(l.Kind)] = string(l.Request)
	}
}
