package web

import (
	"maps"
	"slices"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// reviewCheck is one line of the checklist on the workbench (partial
// "review_check").
type reviewCheck struct {
	ID       string // of the element
	Check    string // VC-06
	Question string
	Help     string
	About    string // the account, or the kind of data
	Result   Badge
	Why      string
	Counsel  string // says that only counsel answers
	Said     []said
	Input    *checkInput
	Change   string // the words on the fold that hides Input, empty where it is open
}

// said is what one person answered.
type said struct {
	By    string
	When  When
	Text  string // the answer in words
	Note  string
	Place string
	Href  string // of the page that the place is on
}

// checkInput are the three fields of an answer, with the button that marks a
// place on the order, and the page while one is being marked.
type checkInput struct {
	Result, Note, Place Field
	Mark, MarkText      string // the button's value and words; empty without pictures
	MarkAction          string
	Marker              *marker
}

// checkGroup is a part of the checklist.
type checkGroup struct {
	ID, Title string
	Checks    []reviewCheck
}

// resultTones give each result of a check its colour.
var resultTones = map[legal.Result]Tone{
	legal.Pass: Good, legal.Fail: Danger, legal.NeedsInfo: Caution, legal.NotApplicable: Plain, legal.Open: Info, legal.Pending: Plain,
}

// checklist is the checklist of a case, in the order in which it is worked on.
type checklist struct {
	Form    *Form // nil where the reader answers nothing
	Todo    []checkGroup
	Trouble []checkGroup
	Counsel []checkGroup // waits for counsel, and the reader is not
	Done    []checkGroup
	Facts   []checkGroup // decided by the facts
	Save    Button
	Count   string
}

// checklist sorts the results of a verdict.
func (w *workbench) checklist(v legal.Verdict) checklist {
	c := w.c
	out := checklist{Save: Button{Text: c.T("review.checks.save")}}
	if w.answers {
		out.Form = c.bare(reviewPath(w.cs.Request.ID) + "/checks")
	}
	parts := map[*[]checkGroup][]legal.CheckResult{}
	open := 0
	for _, res := range v.Results {
		mine := w.mayAnswer(res)
		switch {
		case res.Result == legal.Open && mine:
			open++
			parts[&out.Todo] = append(parts[&out.Todo], res)
		case res.Result == legal.Fail || res.Result == legal.NeedsInfo:
			parts[&out.Trouble] = append(parts[&out.Trouble], res)
		case res.Result == legal.Open:
			parts[&out.Counsel] = append(parts[&out.Counsel], res)
		case res.Auto:
			parts[&out.Facts] = append(parts[&out.Facts], res)
		default:
			parts[&out.Done] = append(parts[&out.Done], res)
		}
	}
	for _, part := range []struct {
		to   *[]checkGroup
		name string
	}{{&out.Todo, "todo"}, {&out.Trouble, "trouble"}, {&out.Counsel, "counsel"}, {&out.Done, "done"}, {&out.Facts, "facts"}} {
		*part.to = w.groups(out.Form, part.name, parts[part.to])
	}
	out.Count = c.T("review.checks.open", "n", open)
	if out.Form != nil && len(out.Form.fields) == 0 {
		out.Form = nil
	}
	return out
}

// mayAnswer tells whether the answer to a check is the reader's to give: what
// the facts decided is nobody's, and counsel sees what counsel must answer.
func (w *workbench) mayAnswer(res legal.CheckResult) bool {
	if !w.answers || res.Auto {
		return false
	}
	if w.role == identity.Counsel {
		return res.Counsel || w.check(res.Check).People > 1
	}
	return !res.Counsel
}

// check gives the question behind a result.
func (w *workbench) check(id legal.CheckID) *legal.Check {
	if w.process != nil {
		if check := w.s.cfg.Services.Law.Checklist(w.process).Check(id); check != nil {
			return check
		}
	}
	return &legal.Check{ID: id, Question: string(id)}
}

// groups puts results under the whole request and under each account.
func (w *workbench) groups(f *Form, name string, results []legal.CheckResult) []checkGroup {
	var out []checkGroup
	for _, res := range results {
		i := slices.IndexFunc(out, func(g checkGroup) bool { return g.ID == "checks-"+name+"-"+word(res.Target, "all") })
		if i < 0 {
			i = len(out)
			out = append(out, checkGroup{ID: "checks-" + name + "-" + word(res.Target, "all"), Title: w.aboutTarget(res.Target)})
		}
		out[i].Checks = append(out[i].Checks, w.line(f, res))
	}
	return out
}

// aboutTarget names what a group of checks is about.
func (w *workbench) aboutTarget(ref string) string {
	if ref == "" {
		return w.c.T("review.whole")
	}
	return w.c.T("request.target", "number", strings.TrimPrefix(ref, "t"))
}

// line shows one result with what people answered and, where it is the
// reader's to answer, the fields.
func (w *workbench) line(f *Form, res legal.CheckResult) reviewCheck {
	c, check := w.c, w.check(res.Check)
	key := checkKey(string(res.Check), res.Target)
	l := reviewCheck{ID: "check-" + key, Check: string(res.Check), Question: check.Question, Help: check.Help, Why: res.Why,
		Result: Badge{c.T("review.result." + string(res.Result)), resultTones[res.Result]}}
	if res.Category != "" {
		l.ID, l.About = l.ID+"-"+string(res.Category), c.T("category."+string(res.Category))
	}
	if res.Counsel {
		l.Counsel = c.T("review.counsel_only")
	}
	l.Said = w.saidOn(res)
	people := w.check(res.Check).People > 1 // then it matters how many have answered
	if !res.Auto && (res.Result == legal.Open && w.mayAnswer(res) && !people || res.Result != legal.Open && len(l.Said) > 0) {
		l.Why = ""
	}
	if f != nil && w.mayAnswer(res) {
		l.Input = w.answerFields(f, key, check)
		if res.Result != legal.Open && l.Input.Result.Value == "" && l.Input.Note.Value == "" && l.Input.Place.Value == "" && l.Input.Marker == nil {
			l.Change = c.T("review.checks.change")
		}
	}
	return l
}

func checkKey(check, target string) string { return strings.TrimSuffix(check+"_"+target, "_") }

// saidOn gives the answers in force to a check, one of each person.
func (w *workbench) saidOn(res legal.CheckResult) []said {
	var out []said
	for _, a := range w.cs.Latest() {
		if a.Automatic || a.Check != string(res.Check) || a.Target != "" && a.Target != res.Target {
			continue
		}
		out = append(out, said{By: w.names.name(identity.PersonID(a.By)), When: When{a.At, w.zone}, Text: w.c.T("review.result." + a.Result), Note: a.Note.Reveal()})
		last := &out[len(out)-1]
		last.Place, last.Href = w.c.placeWords(a.Place)
	}
	return out
}

// answerFields makes the fields of one answer, with what was typed.
func (w *workbench) answerFields(f *Form, key string, check *legal.Check) *checkInput {
	c := w.c
	results := []string{string(legal.Pass), string(legal.Fail), string(legal.NeedsInfo)}
	if check.MayNotApply {
		results = append(results, string(legal.NotApplicable))
	}
	f.add(Field{Name: "result_" + key, Label: c.T("review.answer"), Input: "radios", Options: c.choose("review.result", results...)})
	f.add(Field{Name: "note_" + key, Label: c.T("review.note"), Autocomplete: "off"})
	f.add(Field{Name: "place_" + key, Label: c.T("review.place"), Width: "medium", Dir: "ltr", Autocomplete: "off"})
	if w.wrong.of("checks") {
		c.again(f, nil)
	}
	in := &checkInput{Marker: w.marker(key)}
	if w.s.cfg.Services.Sheets != nil {
		in.Mark, in.MarkText = key+":1", c.T("mark.do")
		in.MarkAction = reviewPath(w.cs.Request.ID) + "/checks#check-" + key
	}
	in.Result, in.Note, in.Place = f.fields["result_"+key], f.fields["note_"+key], f.fields["place_"+key]
	return in
}

// withProblems gives the line with the problems that its fields have by now.
func (l reviewCheck) withProblems(f *Form) reviewCheck {
	if l.Input == nil || f == nil {
		return l
	}
	in := *l.Input
	in.Result, in.Note, in.Place = f.fields[l.Input.Result.Name], f.fields[l.Input.Note.Name], f.fields[l.Input.Place.Name]
	l.Input = &in
	if in.Result.Error != "" || in.Note.Error != "" || in.Place.Error != "" {
		l.Change = ""
	}
	return l
}

// mark puts the problems of err beside the fields of the checklist.
func (l *checklist) mark(c *Ctx, err error) {
	if l.Form == nil {
		return
	}
	c.again(l.Form, err)
	for _, part := range []*[]checkGroup{&l.Todo, &l.Trouble, &l.Done} {
		for i := range *part {
			for j := range (*part)[i].Checks {
				(*part)[i].Checks[j] = (*part)[i].Checks[j].withProblems(l.Form)
			}
		}
	}
}

// answerChecks saves the answers that were given; what has no result was not
// answered.
func (s *Server) answerChecks(c *Ctx) error {
	id, err := c.requestID()
	if err != nil {
		return err
	}
	if _, marks := c.marking(); marks {
		return s.showWorkbench(c, &mistake{"checks", errMark})
	}
	in := c.typedAnswers()
	if err = c.lonelyNotes(in); err == nil {
		err = s.cfg.Services.Review.AnswerChecks(c.Once(), id, in)
	}
	if mendable(err) {
		return s.showWorkbench(c, &mistake{"checks", renamed(err, answerField)})
	}
	return c.doneAt(err, reviewPath(id), "flash.checks_saved")
}

// typedAnswers reads result_<check>[_<target>] with note_… and place_….
func (c *Ctx) typedAnswers() []requests.CheckInput {
	var out []requests.CheckInput
	for name := range c.values {
		key, ok := strings.CutPrefix(name, "result_")
		if !ok {
			continue
		}
		check, target, _ := strings.Cut(key, "_")
		out = append(out, requests.CheckInput{Check: check, Target: target, Result: c.typed(name), Note: c.typed("note_" + key), Place: c.typed("place_" + key)})
	}
	slices.SortFunc(out, func(a, b requests.CheckInput) int { return strings.Compare(a.Check+"_"+a.Target, b.Check+"_"+b.Target) })
	return out
}

// lonelyNotes refuses a reason that goes with no answer, because it would be
// lost, and an answer against the request without its reason.
func (c *Ctx) lonelyNotes(in []requests.CheckInput) error {
	given := map[string]bool{}
	var problems []fault.Problem
	for _, one := range in {
		note := "note_" + checkKey(one.Check, one.Target)
		given[note] = one.Result != ""
		if given[note] && one.Result != string(legal.Pass) && one.Note == "" {
			problems = append(problems, fault.Problem{Field: note, Message: c.T("review.note_missing")})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.values)) {
		if strings.HasPrefix(name, "note_") && c.typed(name) != "" && !given[name] {
			problems = append(problems, fault.Problem{Field: "result_" + strings.TrimPrefix(name, "note_"), Message: c.T("review.note_alone")})
		}
	}
	return fault.Fields(problems)
}

// typed gives the first value of a field, trimmed.
func (c *Ctx) typed(name string) string {
	if list := c.values[name]; len(list) > 0 {
		return tidy(list[0])
	}
	return ""
}

// answerField turns the domain's name of a field into the form's.
func answerField(name string) string {
	key, ok := strings.CutPrefix(name, "check_")
	if !ok {
		return name
	}
	for _, part := range []string{"note", "place"} {
		if rest, found := strings.CutSuffix(key, "_"+part); found {
			return part + "_" + rest
		}
	}
	return "result_" + key
}
