package web

import (
	"strings"

	"lerd/internal/fault"
	"lerd/internal/legal"
)

// askInput is a question to the agency.
type askInput struct {
	Saved string `form:"saved" label:"review.ask.saved" input:"select"`
	Body  string `form:"body" validate:"required" label:"review.ask.body" hint:"review.ask.body.hint" input:"textarea" rows:"7"`
}

// askForm makes the form for a question. The text for missing fields is made
// of what the verdict misses. Saved texts are in the agency's language.
func (w *workbench) askForm(v legal.Verdict) *Form {
	f := w.c.Form(reviewPath(w.cs.Request.ID)+"/ask", askInput{}).prefixed("ask")
	texts, textsErr := w.texts()
	var offered []Option
	for _, t := range texts {
		offered = append(offered, Option{Value: t.Name, Text: t.Title})
	}
	f.Options("saved", w.c.pick(offered))
	if !w.wrong.of("ask") {
		return f
	}
	err := w.wrong.err
	if err == errInsert {
		err = textsErr
		w.c.status = 0
	}
	w.c.again(f, err)
	if w.wrong.err == errInsert {
		w.insertSaved(f, v, texts)
	}
	return f
}

// errInsert says that a saved text is to be put into the message; nothing was sent.
var errInsert = fault.New(fault.Invalid, "A saved text is put into the message.")

// insertSaved adds the chosen text below what was typed.
func (w *workbench) insertSaved(f *Form, v legal.Verdict, texts []savedText) {
	text := ""
	for _, t := range texts {
		if t.Name == f.fields["saved"].Value {
			text = w.filled(t.Body, v)
		}
	}
	body := f.fields["body"]
	body.Value = strings.TrimSpace(strings.TrimSpace(body.Value) + "\n\n" + text)
	f.fields["body"] = body
}

// filled puts into a text what lerd knows: the reference, the order's number, and
// what the checks miss. What only the reviewer knows stays a placeholder.
func (w *workbench) filled(body string, v legal.Verdict) string {
	var asks []string
	for _, id := range v.Missing {
		if field := w.s.cfg.Services.Law.Field(id); field != nil {
			asks = append(asks, "- "+field.Ask)
		}
	}
	missing := strings.Join(asks, "\n")
	if missing == "" {
		missing = "- [[…]]"
	}
	return strings.NewReplacer("[[ref]]", w.cs.Request.Ref, "[[order]]", w.cs.Request.Order.Number, "[[missing]]", missing).Replace(body)
}

// askAgency sends the question; the clock stands still until the agency answers.
func (s *Server) askAgency(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	if c.typed("do") == "insert" {
		return s.showWorkbench(c, &mistake{"ask", errInsert})
	}
	var in askInput
	if err = c.Decode(&in); err == nil {
		err = s.cfg.Services.Review.Ask(c.Once(), id, in.Body)
	}
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"ask", err})
	}
	return s.doneThen(c, err, id, "flash.question_sent")
}
