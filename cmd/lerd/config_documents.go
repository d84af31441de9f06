package main

import (
	"os"

	"lerd/internal/fault"
	"lerd/internal/requests/malware"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/pades"
)

// documentsConfig says how order documents are examined.
type documentsConfig struct {
	// Scanner is the malware scanner's address: clamd://host:port, unix:///path of
	// clamd's socket, or icap://host:port/service; empty: none.
	Scanner string `yaml:"scanner" env:"LERD_DOCUMENTS_SCANNER"`
	// Trust is the folder of anchors under which signatures in orders are judged;
	// empty: trust/orders in the data folder.
	Trust string `yaml:"trust" env:"LERD_DOCUMENTS_TRUST"`
	// DrawSeconds is the processor time that the text or a page of a document may
	// take, 1 to 10; 0: 10.
	DrawSeconds int `yaml:"draw_seconds"`
}

func (c *config) checkDocuments(fail func(field, format string, args ...any)) {
	if c.Documents.DrawSeconds < 0 || c.Documents.DrawSeconds > orderdoc.MostSeconds {
		fail("documents.draw_seconds", "give 1 to %d seconds of processor time for a page, or leave it out for %d", orderdoc.MostSeconds, orderdoc.MostSeconds)
	}
	if _, err := c.scanner(); err != nil {
		fail("documents.scanner", "%s", fault.Message(err))
	}
	if _, err := c.anchors(); err != nil {
		fail("documents.trust", "%s", fault.Message(err))
	}
}

// renderer gives the program that draws documents, within the configured time.
func (c *config) renderer() (*orderdoc.Renderer, error) {
	r, err := orderdoc.FindRenderer()
	if err != nil || c.Documents.DrawSeconds == 0 {
		return r, err
	}
	return r.Within(c.Documents.DrawSeconds), nil
}

// scanner gives the configured scanner, nil where there is none.
func (c *config) scanner() (malware.Scanner, error) {
	if c.Documents.Scanner == "" {
		return nil, nil
	}
	return malware.New(c.Documents.Scanner)
}

// anchors reads the folder of trust.
func (c *config) anchors() (*pades.Store, error) {
	dir := c.Documents.Trust
	if dir == "" {
		dir = c.path("trust", "orders")
	}
	return pades.Load(os.DirFS(dir))
}
