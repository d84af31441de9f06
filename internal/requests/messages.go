package requests

import (
	"io"
	"slices"
	"strconv"
	"time"

	"context"
	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/personal"

	"lerd/internal/access"
	"lerd/internal/change"
	"lerd/internal/fault"
)

// Ask sends the agency a question; the clock stands still until it replies.
func (s *Service) Ask(ctx context.Context, id ID, body string) error {
	return s.message(ctx, id, messageStep{AskAgency, "ask", body, "Write what the agency should send or correct."})
}

// Reply answers the reviewer's question; the clock runs on.
func (s *Service) Reply(ctx context.Context, id ID, body string) error {
	return s.message(ctx, id, messageStep{Reply, "reply", body, "Write your answer."})
}

type messageStep struct {
	action Action
	verb   access.Verb
	body   string
	needed string
}

func (s *Service) message(ctx context.Context, id ID, m messageStep) (err error) {
	defer fault.Wrap(&err, "requests.%s(%s)", m.action, id)
	c, actor, rule, err := s.held(ctx, id, m.verb)
	if err != nil {
		return err
	}
	body, err := needText("body", m.body, m.needed)
	if err != nil {
		return err
	}
	if err := filledByStaff(actor, body); err != nil {
		return err
	}
	q := c.Request
	part, err := s.step(ctx, &q, m.action, rule)
	if err != nil {
		return err
	}
	name := signature(actor)
	part.Insert = append(part.Insert, &Message{ID: newID[string](), Request: id, Agency: q.Agency, FromRole: actor.Role, FromName: name, Body: body, At: s.now(), Kind: map[Action]string{AskAgency: Question, Reply: Answered}[m.action]})
	if m.action == Reply {
		if err := s.resumeClocks(ctx, &q, c); err != nil {
			return err
		}
	}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// filledByStaff refuses a message of staff in which something is open.
func filledByStaff(actor identity.Actor, body personal.Text) error {
	var r reader
	if actor.Role.Staff() {
		r.filled("body", body)
	}
	return fault.Fields(r.problems)
}

// signature is the name under which somebody writes: staff by their pseudonym.
func signature(actor identity.Actor) string {
	if actor.Role.Staff() {
		return actor.Pseudonym
	}
	return actor.Name.Reveal()
}

// Limits of what is written about one case without being asked.
const (
	MaxMessagesADay = 20 // of each side
	MaxAttachments  = 30 // of a case, over all messages
)

// Write sends the other side a message that nobody asked for; the clock goes on.
// An officer may attach documents, which were examined as an order is when they
// were uploaded.
func (s *Service) Write(ctx context.Context, id ID, body string, docs []DocumentID) (err error) {
	defer fault.Wrap(&err, "requests.Write(%s)", id)
	c, actor, rule, err := s.open(ctx, id, "write", "request")
	if err != nil {
		return err
	}
	text, err := needText("body", body, "Write your message.")
	if err != nil {
		return err
	}
	if err := filledByStaff(actor, text); err != nil {
		return err
	}
	if err := s.mayWrite(c, actor); err != nil {
		return err
	}
	m := Message{ID: newID[string](), Request: id, Agency: c.Request.Agency, FromRole: actor.Role, FromName: signature(actor), Body: text, At: s.now(), Kind: Note}
	e := change.Event(ctx, m.At, "message.sent", "message:"+m.ID, 1)
	e.Causes = []audit.EventID{c.Request.EventID}
	e.Facts["request"], e.Facts["rule"], e.Facts["attachments"] = string(id), rule, strconv.Itoa(len(docs))
	part := change.Part{Event: e, Insert: []any{&m}}
	tell(&part, "body", text)
	attached, err := s.attachAll(ctx, c, actor, m, docs)
	if err != nil {
		return err
	}
	part.Insert = append(part.Insert, attached...)
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, pathFor(ctx, id))})
}

// mayWrite refuses more messages a day than people write.
func (s *Service) mayWrite(c Case, actor identity.Actor) error {
	today := 0
	for _, m := range c.Messages {
		if m.FromRole.Staff() == actor.Role.Staff() && m.At.After(s.now().Add(-24*time.Hour)) {
			today++
		}
	}
	if today >= MaxMessagesADay {
		return fault.New(fault.TooMany, "%d messages were sent about this request since yesterday. Please call us, or write tomorrow.", today)
	}
	return nil
}

// attachAll links documents to a message: of the officer's own, each once in a case.
func (s *Service) attachAll(ctx context.Context, c Case, actor identity.Actor, m Message, docs []DocumentID) (links []any, err error) {
	had := 0
	for _, x := range c.Messages {
		had += len(x.Documents)
	}
	if had+len(docs) > MaxAttachments {
		return nil, fault.New(fault.TooMany, "A request takes at most %d attachments.", MaxAttachments)
	}
	for i, id := range docs {
		d, err := s.sent(ctx, id, actor)
		if err != nil {
			return nil, err
		}
		if d.ID == "" || d.By != actor.Person {
			return nil, fault.New(fault.NotFound, "There is nothing here.")
		}
		if _, twice := c.attached(id); twice || slices.Contains(docs[:i], id) || d.ID == c.Document.ID {
			return nil, fault.Fields([]fault.Problem{{Field: "file", Message: "This file is attached already."}})
		}
		links = append(links, &Attachment{ID: newID[string](), Message: m.ID, Request: c.Request.ID, Agency: c.Request.Agency, Document: id})
	}
	return links, nil
}

// OpenAttachment gives the bytes of a document that came with a message to
// somebody who may see the case, and records that they looked.
func (s *Service) OpenAttachment(ctx context.Context, id ID, doc DocumentID) (d Document, body io.ReadCloser, err error) {
	defer fault.Wrap(&err, "requests.OpenAttachment(%s)", id)
	c, _, rule, err := s.open(ctx, id, access.Verb("view"), "document")
	if err != nil {
		return d, nil, err
	}
	d, ok := c.attached(doc)
	if !ok {
		return d, nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	if err := s.look(ctx, c, "document.viewed", rule); err != nil {
		return d, nil, err
	}
	body, err = s.opened(ctx, d)
	return d, body, err
}

func (c Case) attached(id DocumentID) (Document, bool) {
	for _, m := range c.Messages {
		for _, d := range m.Documents {
			if d.ID == id {
				return d, true
			}
		}
	}
	return Document{}, false
}
