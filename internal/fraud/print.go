package fraud

import (
	"bytes"
	"context"
	"image/png"
	"strings"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/risk/domains"
	"lerd/internal/risk/twins"
)

// read gives what is kept of a document, and makes it the first time.
// Nothing looks into a document that waits for the scanner or was found harmful.
func (s *Service) read(ctx context.Context, d requests.Document) (Print, error) {
	if s.Examiner != nil {
		if err := s.Examiner.MayOpen(ctx, d); fault.KindOf(err) == fault.Gate {
			return Print{ID: d.ID, Agency: d.Agency}, nil // its case is held
		} else if err != nil {
			return Print{}, err
		}
	}
	p, there, err := s.Facts.Print(ctx, d.ID)
	if err != nil || there || s.Papers == nil {
		return p, err
	}
	pdf, err := requests.ReadDocument(ctx, s.Blobs, d)
	if err != nil {
		return p, err
	}
	p = Print{ID: d.ID, Agency: d.Agency, At: s.now()}
	if err := s.fill(ctx, &p, pdf); err != nil {
		return p, err
	}
	e := change.Event(ctx, p.At, "document.read", "document:"+string(d.ID), 0)
	e.Facts["text"] = yes(p.Mark != "")
	e.Facts["picture"] = yes(p.Picture != "")
	err = s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e, Insert: []any{&p}}}})
	if fault.KindOf(err) == fault.Conflict { // somebody else read it at the same time
		p, _, err = s.Facts.Print(ctx, d.ID)
	}
	return p, err
}

// fill reads text and picture. A document that cannot be read is nobody's twin;
// one that cannot be read at this moment is tried again.
func (s *Service) fill(ctx context.Context, p *Print, pdf []byte) error {
	text, err := s.Papers.Text(ctx, pdf)
	if err != nil && fault.KindOf(err) != fault.Invalid {
		return err
	}
	mark := twins.MarkOf(s.Key, text)
	p.Mark, p.Bands, p.Urgent = mark.String(), strings.Join(mark.Bands(), " "), s.Policy.Urgent(text)
	var names []string
	for _, n := range domains.Find(text) {
		names = append(names, n.ASCII)
	}
	p.Domains = strings.Join(names, " ")
	drawn, err := s.Papers.Page(ctx, pdf, 1)
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			return err
		}
		return nil
	}
	img, err := png.Decode(bytes.NewReader(drawn.PNG))
	if err != nil {
		return err
	}
	if picture, ok := twins.PictureOf(img); ok {
		p.Picture = picture.String()
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
