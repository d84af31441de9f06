package web

import (
	"io"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// writeInput is a message that nobody asked for, with a document.
type writeInput struct {
	Body     string `form:"body" validate:"required" label:"write.body" hint:"write.body.hint" input:"textarea" rows:"6"`
	Document string `form:"document" label:"write.file" input:"hidden"` // one that arrived while the text was being mended
	File     string `form:"file" label:"write.file" hint:"write.file.hint" input:"file" accept:".pdf,application/pdf"`
}

// noteInput is a reviewer's message.
type noteInput struct {
	Body string `form:"body" validate:"required" label:"write.body" hint:"write.body.staff" input:"textarea" rows:"6"`
}

func (s *Server) askMessage(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	return s.showMessage(c, cs, writeInput{}, nil)
}

func (s *Server) showMessage(c *Ctx, cs requests.Case, in writeInput, wrong error) error {
	actor, _ := c.Actor()
	path := c.casePath(cs.Request.ID)
	var form *Form
	fields := []string{"body"}
	if actor.Role == identity.Officer {
		form = c.formFor(path+"/write", in, wrong)
		fields = append(fields, "document", "file")
	} else {
		form = c.formFor(path+"/write", noteInput{in.Body}, wrong)
	}
	p, err := c.actOf("write.title", form, fields...)
	if err != nil {
		return err
	}
	s.narrowPage(c, &p, cs)
	p.Leave.Href = path
	p.Crumbs[len(p.Crumbs)-2].Href = path
	if actor.Role != identity.Officer {
		p.Crumbs[0] = Crumb{c.T("review_queue.title"), "/review"}
	}
	if in.Document != "" {
		p.warn(c, Good, "write.kept")
	}
	return actView.Show(c, p)
}

// casePath is where a case lies for whoever acts.
func (c *Ctx) casePath(id requests.ID) string {
	if actor, _ := c.Actor(); actor.Role == identity.Officer {
		return requests.PathOf(id)
	}
	return c.deskPath(id)
}

// sendMessage takes a message; a document that came with it is examined first, and
// is kept where the text needs another look.
func (s *Server) sendMessage(c *Ctx) error {
	cs, err := s.ownCase(c)
	if err != nil {
		return err
	}
	var in writeInput
	err = c.Decode(&in)
	if err != nil && !invalid(err) {
		return err
	}
	upErr := s.messageFile(c, &in)
	if upErr != nil && !invalid(upErr) {
		return c.Done(upErr, c.casePath(cs.Request.ID), "flash.message_sent") // sent before, or failed
	}
	if err == nil {
		err = upErr
	}
	if err == nil {
		var docs []requests.DocumentID
		if in.Document != "" {
			docs = append(docs, requests.DocumentID(in.Document))
		}
		err = s.cfg.Services.Changes.Write(c.Once(), cs.Request.ID, in.Body, docs)
	}
	if invalid(err) {
		return s.showMessage(c, cs, in, err)
	}
	return c.Done(err, c.casePath(cs.Request.ID), "flash.message_sent")
}

// messageFile uploads the document of a message, if there is one.
func (s *Server) messageFile(c *Ctx, in *writeInput) error {
	if !c.sentFile("file") {
		return nil
	}
	up, err := c.Upload("file")
	if err != nil {
		return err
	}
	r, err := up.Open()
	if err != nil {
		return err
	}
	doc, err := s.cfg.Services.Uploads.Upload(c.Once(), up.Name, up.Declared, r)
	switch fault.KindOf(err) {
	case fault.Invalid, fault.TooLarge, fault.Unsupported:
		if err != nil {
			return fault.Fields([]fault.Problem{{Field: "file", Message: fault.Message(firstProblem(err))}})
		}
	}
	if err == nil {
		in.Document = string(doc.ID)
	}
	return err
}

// docID gives the document that the address names.
func (c *Ctx) docID() (requests.DocumentID, error) {
	id, err := c.UUIDParam("doc")
	return requests.DocumentID(id), err
}

// fetchAttachment sends the agency its own document back.
func (s *Server) fetchAttachment(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	doc, err := c.docID()
	if err != nil {
		return err
	}
	_, body, err := s.cfg.Services.Changes.OpenAttachment(c.Ctx(), id, doc)
	if err != nil {
		return err
	}
	defer body.Close()
	return c.sendFile(body, "attachment.pdf", "application/pdf")
}

// attachmentPages completes the route that sends one page of an attachment as
// pixels; staff never get the file.
func (s *Server) attachmentPages(r Route) Route {
	return s.drawn(r, func(c *Ctx) (d requests.Document, body io.ReadCloser, err error) {
		id, err := c.requestID()
		if err != nil {
			return d, nil, err
		}
		doc, err := c.docID()
		if err != nil {
			return d, nil, err
		}
		return s.cfg.Services.Changes.OpenAttachment(c.Ctx(), id, doc)
	})
}

// attachmentLinks lead to the documents of a message: its own file for the
// agency, its pages for staff.
func (c *Ctx) attachmentLinks(cs requests.Case, m requests.Message) []NavItem {
	var out []NavItem
	actor, _ := c.Actor()
	for i, d := range m.Documents {
		text := c.T("write.attachment", "n", i+1, "pages", c.T("document.pages", "n", d.Pages))
		if actor.Role == identity.Officer {
			out = append(out, NavItem{Text: text, Href: requests.PathOf(cs.Request.ID) + "/attachment/" + string(d.ID)})
			continue
		}
		for n := 1; n <= min(d.Pages, maxSheets); n++ {
			out = append(out, NavItem{Text: c.T("write.sheet", "n", n, "of", d.Pages), Href: reviewPath(cs.Request.ID) + "/attachment/" + string(d.ID) + "/" + itoa(n)})
		}
	}
	return out
}
