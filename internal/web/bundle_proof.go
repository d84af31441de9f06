package web

import (
	"archive/zip"
	"bytes"

	"lerd/internal/requests"
)

// proofBundle sends what lies beside a bundle: the proof that the log holds the
// event of its release, and that event. Unpacked beside the container, both are
// found by lerd bundle verify.
func (s *Server) proofBundle(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	p, err := s.cfg.Services.Delivery.Prove(c.Ctx(), id)
	if err != nil {
		return err
	}
	b, err := zipProof(p)
	if err != nil {
		return err
	}
	return c.sendFile(bytes.NewReader(b), p.Ref+".proof.zip", "application/zip")
}

func zipProof(p requests.ReleaseProof) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range []struct {
		name string
		body []byte
	}{{p.Ref + ".tlog-proof", p.Proof}, {p.Ref + ".released.json", p.Entry}} {
		w, err := z.Create(f.name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.body); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
