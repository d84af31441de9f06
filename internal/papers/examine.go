package papers

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"strconv"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/requests/malware"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/pades"
	"lerd/internal/risk/twins"
)

// Drawer draws pages; *orderdoc.Renderer fulfils it.
type Drawer interface {
	Page(ctx context.Context, pdf []byte, page int) (orderdoc.Picture, error)
}

// maxPictures is of how many pages a picture is kept for comparing.
const maxPictures = 10

// look examines the bytes. What is harmful is looked at no further.
func (s *Service) look(ctx context.Context, d requests.Document, pdf []byte) (Examination, error) {
	e := Examination{ID: d.ID, Agency: d.Agency, Scan: NotScanned, Revisions: 1, At: s.now()}
	if s.Scanner != nil {
		v, err := s.scan(ctx, pdf)
		if err != nil {
			return e, err
		}
		e.Scan, e.Engine, e.Malware = Clean, v.Engine, v.Name
		if v.Found {
			e.Scan = Harmful
			return e, nil
		}
	}
	agency, err := s.Agencies.AgencyByID(ctx, d.Agency)
	if err != nil {
		return e, err
	}
	if err := s.signing(ctx, &e, pdf, agency.Country); err != nil {
		return e, err
	}
	if err := s.pictures(ctx, &e, pdf, d.Pages); err != nil {
		return e, err
	}
	return e, nil
}

// signing judges the signatures as of the document's arrival, which is now: a
// document is examined once, when it comes in or when the scanner is back.
func (s *Service) signing(ctx context.Context, e *Examination, pdf []byte, country string) error {
	found, err := orderdoc.CheckBytes(ctx, pdf, orderdoc.Upload{}, orderdoc.DefaultLimits())
	if orderdoc.CodeOf(err) != "" {
		return nil // of an earlier time, when less was refused: it is drawn by nobody
	}
	if err != nil {
		return err
	}
	e.Revisions, e.Anchors = found.Revisions, s.Trust.Anchors(country)
	r, err := pades.Validate(ctx, pdf, s.Trust.For(country), e.At)
	if orderdoc.CodeOf(err) != "" {
		r, err = pades.Report{Result: pades.Unverifiable, Signatures: []pades.Signature{{Result: pades.Unverifiable, Reasons: []pades.Reason{pades.Unreadable}}}}, nil
	}
	e.Signing, e.Signatures = r.Result, r.Signatures
	return err
}

// pictures keeps of each page whether its fields are light or dark. A page that
// cannot be drawn has none; a renderer that is out of reach is asked again later.
func (s *Service) pictures(ctx context.Context, e *Examination, pdf []byte, pages int) error {
	if s.Drawer == nil {
		return nil
	}
	for n := 1; n <= min(pages, maxPictures); n++ {
		drawn, err := s.Drawer.Page(ctx, pdf, n)
		if fault.KindOf(err) == fault.Unavailable || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if err != nil {
			continue
		}
		img, err := png.Decode(bytes.NewReader(drawn.PNG))
		if err != nil {
			return err
		}
		if p, ok := twins.PictureOf(img); ok {
			e.Pictures = append(e.Pictures, p.String())
		}
	}
	return nil
}

// record writes an examination, with what follows from a find.
func (s *Service) record(ctx context.Context, d requests.Document, e *Examination) error {
	ev := change.Event(ctx, e.At, "document.examined", "document:"+string(d.ID), 0)
	ev.Facts["scan"], ev.Facts["signing"], ev.Facts["signatures"] = e.Scan, or(string(e.Signing), "none"), strconv.Itoa(len(e.Signatures))
	ev.Facts["revisions"] = strconv.Itoa(e.Revisions)
	set := change.Set{Parts: []change.Part{{Event: ev, Insert: []any{e}}}}
	if e.Scan == Harmful {
		ev.Facts["engine"] = e.Engine
		more, err := s.Register.Harmful(ctx, d, ev.ID)
		if err != nil {
			return err
		}
		set.Parts = append(set.Parts, more...)
	}
	return s.Store.Commit(ctx, set)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// atOnce is how many documents one sweep examines, and sweepBack from how far
// back; an older one is examined when somebody wants to open it.
const (
	atOnce    = 20
	sweepBack = 30 * 24 * time.Hour
)

// Sweep examines what waits. A scanner that is out of reach ends it: nothing is
// lost, and the next sweep begins again.
func (s *Service) Sweep(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "papers.Sweep")
	ctx = system(ctx)
	list, err := s.Store.Unexamined(ctx, s.now().Add(-sweepBack), atOnce)
	if err != nil {
		return 0, err
	}
	for _, d := range list {
		_, doErr := s.Examine(ctx, d)
		if fault.KindOf(doErr) == fault.Unavailable {
			return n, errors.Join(err, doErr)
		}
		err = errors.Join(err, doErr)
		n++
	}
	return n, err
}

// proofLife is for how long a scanner that recognised the test file is taken to see.
const proofLife = 10 * time.Minute

// scan asks the scanner, which has to have recognised the test file shortly
// before: one that lets everything pass keeps documents waiting as one that is
// out of reach does.
func (s *Service) scan(ctx context.Context, data []byte) (malware.Verdict, error) {
	if now := s.now(); now.Sub(time.Unix(s.proven.Load(), 0)) > proofLife {
		if err := malware.Prove(ctx, s.Scanner); err != nil {
			return malware.Verdict{}, err
		}
		s.proven.Store(now.Unix())
	}
	return s.Scanner.Scan(ctx, data)
}
