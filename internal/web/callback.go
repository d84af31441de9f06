package web

import (
	"context"
	"strings"

	"lerd/internal/callback"
)

// Calls are calls to the number on file; *callback.Service fulfils it.
type Calls interface {
	Begin(ctx context.Context, subject callback.Subject) (callback.Call, error)
	Record(ctx context.Context, id callback.ID, in callback.Input) (callback.Call, error)
	About(ctx context.Context, subject callback.Subject) ([]callback.Call, error)
}

// callInput is what came of a call. The questions depend on what it was about
// and are added to the form by recordAct.
type callInput struct {
	Call     string `form:"call" validate:"required,uuid" label:"callback.f.call" input:"hidden"`
	Reached  string `form:"reached" validate:"required" label:"callback.f.reached" input:"radios"`
	Name     string `form:"name" validate:"max=200" label:"callback.f.name" hint:"callback.f.name.hint" autocomplete:"off"`
	Function string `form:"function" validate:"max=200" label:"callback.f.function" autocomplete:"off"`
	Note     string `form:"note" validate:"max=2000" label:"callback.f.note" hint:"callback.f.note.hint" input:"textarea" rows:"3"`
}

func (in callInput) input(c *Ctx, about callback.Kind) callback.Input {
	out := callback.Input{Reached: in.Reached, Name: in.Name, Function: in.Function, Note: in.Note, Answers: map[string]string{}}
	for _, q := range callback.Questions(about) {
		out.Answers[q] = c.values.Get(q)
	}
	return out
}

// recordAct is the form by which a call is recorded: the number on file, which
// nobody can change, who was reached, and an answer to each question. The page
// of any subject can show it; its form's name is "record".
func (c *Ctx) recordAct(action string, call callback.Call, wrong *mistake) StepForm {
	a := c.stepForm("record", "callback.record", action, callInput{Call: string(call.ID)}, "call", "reached")
	f := facts{c: c}
	f.add("callback.number", Cell{Code: call.Number.Value, Note: call.Number.Name})
	f.text("callback.number.source", call.Number.Source)
	a.Facts = f.list
	a.Form.Options("reached", c.choose("callback.reached", string(callback.Person), string(callback.Switchboard), string(callback.Voicemail), string(callback.NoAnswer), string(callback.WrongNumber)))
	a.Names = append(a.Names, "name", "function")
	for _, q := range callback.Questions(call.Subject.Kind) {
		a.Form.add(Field{Name: q, ID: "record-" + q, Label: c.T("callback.q." + q), Input: "radios", Options: c.choose("callback.answer", callback.Yes, callback.No, callback.Unsure)})
		a.Names = append(a.Names, q)
	}
	a.Names = append(a.Names, "note")
	return a.erring(c, wrong)
}

// callColumns and callRow show calls in a table.
func (c *Ctx) callColumns() []Column {
	return []Column{{Text: c.T("callback.at")}, {Text: c.T("callback.number")}, {Text: c.T("callback.by")}, {Text: c.T("callback.f.reached")}, {Text: c.T("callback.said")}, {Text: c.T("callback.outcome")}}
}

func (c *Ctx) callRow(b Base, x callback.Call, n names) []Cell {
	at, badge := b.When(x.BegunAt), Badge{c.T("callback.begun"), Info}
	reached := ""
	if x.State == callback.Recorded {
		tone := map[callback.Outcome]Tone{callback.Confirmed: Good, callback.Denied: Danger, callback.Unclear: Caution, callback.NotReached: Plain}[x.Outcome]
		badge, reached = Badge{c.T("callback.outcome." + string(x.Outcome)), tone}, c.T("callback.reached."+string(x.Reached))
	}
	var said []string
	for _, a := range x.Answers {
		said = append(said, c.T("callback.said.one", "question", c.T("callback.q."+a.Question), "answer", c.T("callback.answer."+a.Said)))
	}
	who := x.Name.Reveal()
	if x.Function != "" {
		who = c.T("callback.who", "name", who, "function", x.Function)
	}
	return []Cell{{When: &at}, {Code: x.Number.Value, Note: x.Number.Source}, {Text: n.name(x.By)}, {Text: reached, Note: who}, {Text: strings.Join(said, " "), Note: x.Note.Reveal()}, {Badge: &badge}}
}
