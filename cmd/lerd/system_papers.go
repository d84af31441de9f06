package main

import (
	"context"

	"lerd/internal/papers"
	"lerd/internal/requests"

	"github.com/google/uuid"
)

// openPapers wires what looks into documents before anybody does.
func (s *system) openPapers(blobs requests.Blobs) error {
	scanner, err := s.cfg.scanner()
	if err != nil {
		return err
	}
	anchors, err := s.cfg.anchors()
	if err != nil {
		return err
	}
	c := papers.Config{Store: s.store, Blobs: blobs, Agencies: s.store, Register: s.fraud, Scanner: scanner, Trust: anchors, NewID: uuid.NewString, Now: s.now}
	if s.reader != nil {
		c.Drawer = s.reader
		s.cases.Reader, s.cases.Compared = s.reader, s.store
	}
	s.papers = papers.New(c)
	s.cases.Papers = s.papers
	s.fraud.Examiner, s.fraud.Forgery = s.papers, s.store
	return nil
}

// sweepPapers examines the documents that wait, in one process at a time.
func (s *system) sweepPapers(ctx context.Context) (int, error) {
	return s.alone(ctx, "papers", s.papers.Sweep)
}
