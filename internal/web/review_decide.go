package web

import (
	"slices"
	"strings"

	"lerd/internal/legal"
	"lerd/internal/requests"
)

// gridPart is the grid of accounts and kinds of data, with the choices of who
// holds the case.
type gridPart struct {
	Form  *Form // nil where nothing can be chosen
	Items []gridItem
	Save  Button
}

// gridItem is one kind of data of one account (partial "review_item").
type gridItem struct {
	ID, Account, Identifier string
	Category                string
	Derived                 Badge
	Why                     []string
	Codes                   []string // reason codes with their words
	Limit                   string   // the longest period, where it is narrowed
	Decided                 *said    // what a person chose
	Period                  string
	Counsel                 string
	Input                   *itemInput
	Fold                    string // the words on the fold over Input, empty where it is open
}

// itemInput are the fields of one choice.
type itemInput struct {
	Outcome, From, To, Zone, Reasons, Note Field
	Narrows                                bool // a shorter period can be chosen
}

var actionTones = map[legal.Action]Tone{
	legal.Produce: Good, legal.Narrow: Caution, legal.Ask: Caution, legal.Hold: Info, legal.NotHeld: Plain, legal.RefuseIt: Danger,
}

// grid shows what the checks derive for each kind of data of each account.
func (w *workbench) grid(v legal.Verdict) gridPart {
	g := gridPart{Save: Button{Text: w.c.T("review.decide.save"), Kind: "secondary"}}
	if w.can(requests.Decide) {
		g.Form = w.c.bare(reviewPath(w.cs.Request.ID) + "/decide")
	}
	for _, item := range v.Items {
		for _, t := range w.cs.Request.Targets {
			if t.Ref() == item.Target && t.Wants(requests.Category(item.Category)) {
				g.Items = append(g.Items, w.item(g.Form, t, item))
			}
		}
	}
	if g.Form != nil && len(g.Form.fields) == 0 {
		g.Form = nil
	}
	return g
}

func (w *workbench) item(f *Form, t requests.Target, item legal.Item) gridItem {
	c, key := w.c, itemKey(item.Target, string(item.Category))
	g := gridItem{ID: "item-" + key, Account: c.T("request.target", "number", t.Ordinal), Identifier: t.Identifier.Reveal(),
		Category: c.T("category." + string(item.Category)), Derived: Badge{c.T("review.action." + string(item.Derived)), actionTones[item.Derived]},
		Why: slices.Compact(slices.Clone(item.Why)), Codes: w.codeWords(item.Codes)}
	if item.Derived == legal.Narrow && item.MaxPeriodDays > 0 {
		g.Limit = c.T("review.limit", "n", item.MaxPeriodDays)
	}
	if d, ok := w.cs.Decision(t.ID, requests.Category(item.Category)); ok {
		g.Decided = &said{By: w.names.name(d.By), When: When{d.At, w.zone}, Text: c.T("outcome." + string(d.Outcome)), Note: d.Note.Reveal(), Place: strings.Join(d.Reasons, ", ")}
		if d.Outcome == requests.Narrow {
			g.Period = c.T("review.period", "from", c.Moment(d.From), "to", c.Moment(d.To))
		}
	}
	switch outcomes := choosable(item); {
	case item.Conflict:
		g.Counsel = c.T("review.counsel_decides")
	case f != nil && len(outcomes) > 0:
		g.Input = w.itemFields(f, t, key, outcomes)
		if g.Input.Outcome.Value == "" {
			g.Fold = c.T("review.decide.fold")
		}
	}
	return g
}

func itemKey(target, category string) string { return target + "_" + category }

// choosable gives the outcomes that a person can choose: what the checks give,
// or something stricter.
func choosable(item legal.Item) []string {
	var out []string
	for _, o := range []struct {
		outcome requests.Outcome
		action  legal.Action
	}{{requests.Produce, legal.Produce}, {requests.Narrow, legal.Narrow}, {requests.Refuse, legal.RefuseIt}} {
		if item.Derived == legal.Hold || item.Derived == o.action || legal.StricterAction(item.Derived, o.action) {
			out = append(out, string(o.outcome))
		}
	}
	return out
}

// wallTime is how the period is offered for change, in the zone in which the
// agency stated it.
const wallTime = "2006-01-02 15:04:05.999999"

func (w *workbench) itemFields(f *Form, t requests.Target, key string, outcomes []string) *itemInput {
	c := w.c
	zone := legalZoneNamed(t.Zone)
	f.add(Field{Name: "outcome_" + key, Label: c.T("review.outcome"), Input: "radios", Options: c.choose("review.choice", outcomes...)})
	f.add(Field{Name: "from_" + key, Label: c.T("review.from"), Value: t.From.In(zone).Format(wallTime), Width: "short", Dir: "ltr", Autocomplete: "off"})
	f.add(Field{Name: "to_" + key, Label: c.T("request_check.until"), Value: t.To.In(zone).Format(wallTime), Width: "short", Dir: "ltr", Autocomplete: "off"})
	f.add(Field{Name: "zone_" + key, Label: c.T("review.zone_field"), Value: zone.String(), Width: "short", Dir: "ltr", Autocomplete: "off"})
	f.add(Field{Name: "reasons_" + key, Label: c.T("review.reason"), Input: "select", Options: c.pick(w.reasonOptions())})
	f.add(Field{Name: "note_" + key, Label: c.T("review.decide.note"), Hint: c.T("review.decide.note.hint"), Input: "textarea", Rows: 2})
	if w.wrong.of("decide") {
		c.again(f, nil)
	}
	return f.itemInput(key)
}

func (f *Form) itemInput(key string) *itemInput {
	outcome := f.fields["outcome_"+key]
	narrows := slices.ContainsFunc(outcome.Options, func(o Option) bool { return o.Value == string(requests.Narrow) })
	return &itemInput{Narrows: narrows, Outcome: outcome, From: f.fields["from_"+key], To: f.fields["to_"+key], Zone: f.fields["zone_"+key],
		Reasons: f.fields["reasons_"+key], Note: f.fields["note_"+key]}
}

// mark puts the problems of err beside the fields of the grid.
func (g *gridPart) mark(c *Ctx, err error) {
	if g.Form == nil {
		return
	}
	c.again(g.Form, err)
	for i := range g.Items {
		if in := g.Items[i].Input; in != nil {
			g.Items[i].Input = g.Form.itemInput(strings.TrimPrefix(in.Outcome.Name, "outcome_"))
			if g.Items[i].Input.wrong() {
				g.Items[i].Fold = ""
			}
		}
	}
}

func (i itemInput) wrong() bool {
	return i.Outcome.Error+i.From.Error+i.To.Error+i.Zone.Error+i.Reasons.Error+i.Note.Error != ""
}

// reasonOptions are the reasons that can be given to this agency. The
// platform's own reasons are not given for a demand that may bind it.
func (w *workbench) reasonOptions() []Option {
	var out []Option
	for _, r := range w.s.cfg.Services.Law.Refusals() {
		compulsion := legal.CompulsionUnknown
		if w.process != nil {
			compulsion = w.process.Compulsion
		}
		if r.MayBeChosen(compulsion) {
			out = append(out, Option{Value: string(r.Code), Text: string(r.Code) + " · " + r.Text})
		}
	}
	return out
}

// codeWords gives codes with what they say.
func (w *workbench) codeWords(codes []legal.RefusalCode) []string {
	var out []string
	for _, code := range codes {
		if r := w.s.cfg.Services.Law.Refusal(code); r != nil {
			out = append(out, string(code)+" · "+r.Text)
		}
	}
	return out
}

// decideCase saves the choices that were made.
func (s *Server) decideCase(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	err = s.cfg.Services.Review.Decide(c.Once(), id, c.typedDecisions())
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"decide", renamed(err, decisionField)})
	}
	return c.doneAt(err, reviewPath(id)+"#grid", "flash.decisions_saved")
}

// typedDecisions reads outcome_<target>_<category> with its other fields.
func (c *Ctx) typedDecisions() []requests.DecisionInput {
	var out []requests.DecisionInput
	for name := range c.values {
		key, ok := strings.CutPrefix(name, "outcome_")
		target, category, both := strings.Cut(key, "_")
		if !ok || !both {
			continue
		}
		in := requests.DecisionInput{Target: target, Category: requests.Category(category), Outcome: requests.Outcome(c.typed(name)),
			Note: c.typed("note_" + key), From: c.typed("from_" + key), To: c.typed("to_" + key), Zone: c.typed("zone_" + key)}
		for _, code := range c.values["reasons_"+key] {
			if code = tidy(code); code != "" {
				in.Reasons = append(in.Reasons, code)
			}
		}
		out = append(out, in)
	}
	slices.SortFunc(out, func(a, b requests.DecisionInput) int {
		return strings.Compare(itemKey(a.Target, string(a.Category)), itemKey(b.Target, string(b.Category)))
	})
	return out
}

// decisionField turns the domain's name of a field into the form's.
func decisionField(name string) string {
	key, ok := strings.CutPrefix(name, "decision_")
	if !ok {
		return name
	}
	for _, part := range []string{"note", "reasons", "from", "to", "zone"} {
		if rest, found := strings.CutSuffix(key, "_"+part); found {
			return part + "_" + rest
		}
	}
	return "outcome_" + key
}
