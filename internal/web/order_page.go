package web

import (
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"lerd/internal/fault"
	"lerd/internal/requests"
)

// Bounds of showing an order.
const (
	maxSheets  = 60       // pages of an order that the workbench shows
	maxOrder   = 25 << 20 // bytes of an order that are read to draw a page
	keptSheets = 24       // drawn pages kept in memory
)

// sheetsPart is the order as pictures; the file itself is never sent to staff.
type sheetsPart struct {
	Sheets []sheet
	Missed string // why there are no pictures, or not of all pages
	File   []Fact
}

// sheet is one page of the order.
type sheet struct {
	ID, Src, Alt, Title string
	Lazy                bool
	Pins                []pin // the places of answers
}

// sheets lists the pages of the order, or says why they cannot be shown.
func (w *workbench) sheets() (sheetsPart, error) {
	p := w.s.sheetsOf(w.c, w.cs, w.zone, reviewPath(w.cs.Request.ID)+"/order/")
	found, waits, err := w.s.paperFacts(w.c, w.cs.Document, w.zone)
	if waits != "" {
		p.Sheets, p.Missed = nil, waits
	}
	p.File = append(append(p.File, found...), w.comparedFact()...)
	return p, err
}

// sheetsOf lists the pages of a case's order, which lie below base.
func (s *Server) sheetsOf(c *Ctx, cs requests.Case, zone *time.Location, base string) sheetsPart {
	d := cs.Document
	p := sheetsPart{File: c.documentFacts(d, zone)}
	switch {
	case s.cfg.Services.Sheets == nil:
		p.Missed = c.T("review.sheets.no_renderer")
		return p
	case d.Pages > maxSheets:
		p.Missed = c.T("review.sheets.many", "shown", maxSheets, "n", d.Pages)
	}
	for n := 1; n <= min(d.Pages, maxSheets); n++ {
		p.Sheets = append(p.Sheets, sheet{Pins: pins(c, cs, n), ID: "p" + itoa(n), Src: base + itoa(n),
			Title: c.T("review.sheets.page", "n", n, "of", d.Pages), Alt: c.T("review.sheets.alt", "n", n, "number", cs.Request.Order.Number), Lazy: n > 2})
	}
	return p
}

// openPaper opens the document that an address names: it asks the policy, and
// records the look.
type openPaper func(c *Ctx) (requests.Document, io.ReadCloser, error)

// orderPages completes the route that sends one page of a case's order as pixels.
func (s *Server) orderPages(r Route) Route {
	return s.drawn(r, func(c *Ctx) (d requests.Document, body io.ReadCloser, err error) {
		id, err := c.requestID()
		if err != nil {
			return d, nil, err
		}
		return s.cfg.Services.Cases.OpenDocument(c.Ctx(), id)
	})
}

// drawn completes a route whose last part is the page of a document. Nothing else
// has pages to send, so that each of them has as long as drawing may take.
func (s *Server) drawn(r Route, open openPaper) Route {
	kept := &sheetCache{}
	r.Method, r.Verb, r.Object, r.Order = http.MethodGet, "view", "document", true
	r.Handle = func(c *Ctx) error {
		n, err := strconv.Atoi(c.Param("page"))
		if err != nil || n < 1 || n > maxSheets || itoa(n) != c.Param("page") {
			return notFound()
		}
		doc, body, err := open(c)
		if err != nil {
			return err
		}
		defer body.Close()
		if s.cfg.Services.Sheets == nil || n > doc.Pages {
			return notFound()
		}
		png, err := kept.page(c, drawing{s.cfg.Services.Sheets, doc, body, n})
		if err != nil {
			return err
		}
		c.Response().Header().Set("Content-Disposition", "inline")
		c.Response().Header().Set(echo.HeaderContentLength, itoa(len(png)))
		return c.Blob(http.StatusOK, "image/png", png)
	}
	return r
}

// drawing is one page to be drawn.
type drawing struct {
	by   Sheets
	doc  requests.Document
	body io.Reader
	page int
}

// sheetKey names a drawn page by what it is drawn from.
type sheetKey struct {
	sha256 string
	page   int
}

// sheetCache keeps the last pages that were drawn, so that saving an answer
// does not draw the order anew. Access is asked, and the look recorded, before
// it is looked into.
type sheetCache struct {
	mu    sync.Mutex
	pages map[sheetKey][]byte
	order []sheetKey // oldest first
}

// page gives a page as PNG, drawn or kept.
func (s *sheetCache) page(c *Ctx, d drawing) ([]byte, error) {
	key := sheetKey{d.doc.SHA256, d.page}
	if png, ok := s.get(key); ok {
		return png, nil
	}
	pdf, err := io.ReadAll(io.LimitReader(d.body, maxOrder+1))
	switch {
	case err != nil:
		return nil, err
	case len(pdf) > maxOrder:
		return nil, fault.New(fault.TooLarge, "The order is too large to be drawn.")
	}
	pic, err := d.by.Page(c.Ctx(), pdf, d.page)
	if err != nil {
		return nil, err
	}
	s.put(key, pic.PNG)
	return pic.PNG, nil
}

func (s *sheetCache) get(key sheetKey) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	png, ok := s.pages[key]
	return png, ok
}

func (s *sheetCache) put(key sheetKey, png []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pages == nil {
		s.pages = map[sheetKey][]byte{}
	}
	if _, ok := s.pages[key]; ok {
		return
	}
	s.pages[key], s.order = png, append(s.order, key)
	if len(s.order) > keptSheets {
		delete(s.pages, s.order[0])
		s.order = s.order[1:]
	}
}
