package web

import "lerd/internal/requests"

// acknowledgeBundle takes the agency's word that the bundle arrived and opened.
func (s *Server) acknowledgeBundle(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	return c.Done(s.cfg.Services.Delivery.Acknowledge(c.Once(), id), requests.PathOf(id), "flash.bundle_acknowledged")
}
