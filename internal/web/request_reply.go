package web

import (
	"context"
	"time"

	"lerd/internal/requests"
)

// replyInput is an agency's answer to the reviewer's question.
type replyInput struct {
	Body string `form:"body" validate:"required" label:"reply.body" hint:"reply.body.hint" input:"textarea" rows:"6"`
}

// replyPart is the question that waits, with the form for its answer.
type replyPart struct {
	Form     *Form
	Question string
	By       string
	When     When
	Until    *When // by when the answer is to be there; nil: not known
	Send     Button
}

// replyPart gives the last question of a case; form is the form after mistakes.
func (c *Ctx) replyPart(cs requests.Case, form *Form) *replyPart {
	if form == nil {
		form = c.Form(requests.PathOf(cs.Request.ID)+"/reply", replyInput{})
	}
	part := &replyPart{Form: form, Send: Button{Text: c.T("reply.send")}}
	for _, m := range cs.Messages {
		if m.FromRole.Staff() && m.Kind != requests.Note {
			part.Question, part.By, part.When = m.Body.Reveal(), m.FromName, When{m.At, zoneOf(cs.Agency)}
		}
	}
	return part
}

// Asking knows by when an agency is to answer; *requests.Service fulfils it.
type Asking interface {
	// AnswerBy is zero where the agency was asked nothing.
	AnswerBy(ctx context.Context, c requests.Case) (time.Time, error)
}

// answerBy says by when the agency is to answer, in UTC and where its law is.
func (s *Server) answerBy(c *Ctx, cs requests.Case) (*When, error) {
	if s.cfg.Services.Asking == nil {
		return nil, nil
	}
	at, err := s.cfg.Services.Asking.AnswerBy(c.Ctx(), cs)
	if err != nil || at.IsZero() {
		return nil, err
	}
	return &When{at, legalZone(cs)}, nil
}

// replyRequest sends the answer; the clock runs on from there.
func (s *Server) replyRequest(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	var in replyInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Delivery.Reply(c.Once(), id, in.Body)
	}
	if invalid(err) {
		return s.showCase(c, c.FormAgain(requests.PathOf(id)+"/reply", in, err))
	}
	return c.Done(err, requests.PathOf(id), "flash.reply_sent")
}
