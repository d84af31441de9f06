package web

import (
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/requests"
)

// actsPart are the forms at the foot of the workbench; a nil form is not there.
type actsPart struct {
	Ask, Qualify, Refuse, Unclaim, Reopen *Form
	Settle                                string  // where counsel writes the objection
	Counsel                               *Form   // hands over what only counsel may decide
	Rules                                 []Field // of Qualify, one for each account from which something would leave
	CannotQualify                         string
	RefuseNote                            string
	MoreCodes                             bool // the list of reasons is open
	Any                                   bool
	Then                                  bool // a step can lead on to the next case
	Do                                    map[string]Button
}

// acts makes the forms that the state and the reader's role allow. Without a
// verdict a case can only be asked about or given back.
func (w *workbench) acts(v legal.Verdict, derived bool) actsPart {
	a := actsPart{Do: w.buttons(), Then: w.s.cfg.Services.Bench != nil && w.role == identity.Reviewer}
	if w.can(requests.AskAgency) {
		a.Ask = w.askForm(v)
	}
	if derived && w.can(requests.Qualify) {
		w.qualifyPart(&a, v)
	}
	if derived && w.can(requests.RefuseCase) {
		w.refusePart(&a, v)
	}
	if derived && v.Outcome == legal.LegalConflict && w.can(requests.SendToCounsel) {
		a.Counsel = w.plainForm("counsel", counselInput{})
	}
	if w.can(requests.Unclaim) {
		a.Unclaim = w.plainForm("unclaim", unclaimInput{})
	}
	if w.can(requests.SettleConflict) {
		a.Settle = conflictPath(w.cs.Request.ID)
	}
	if w.can(requests.Reopen) {
		a.Reopen = w.plainForm("reopen", reopenInput{})
	}
	a.Any = a.Ask != nil || a.Settle != "" || a.Unclaim != nil || a.Counsel != nil
	return a
}

func (w *workbench) buttons() map[string]Button {
	do := map[string]Button{}
	for name, kind := range map[string]string{"claim": "primary", "ask": "secondary", "qualify": "primary", "refuse": "danger", "unclaim": "secondary", "reopen": "secondary", "counsel": "primary"} {
		do[name] = Button{Text: w.c.T("review.do." + name), Kind: kind}
	}
	for name, kind := range map[string]string{"qualify": "primary", "refuse": "danger", "ask": "secondary"} {
		do[name+"_next"] = Button{Text: w.c.T("bench.then_next." + name), Kind: kind, Name: "then", Value: "next"}
	}
	do["take"], do["skip"] = Button{Text: w.c.T("bench.take.do"), Kind: "secondary"}, Button{Text: w.c.T("bench.skip.do"), Kind: "secondary"}
	do["saved"] = Button{Text: w.c.T("review.ask.insert"), Kind: "secondary", Name: "do", Value: "insert"}
	return do
}

// plainForm makes one of the page's forms from its input struct, with what was
// typed where it needs another look.
func (w *workbench) plainForm(name string, in any) *Form {
	f := w.c.Form(reviewPath(w.cs.Request.ID)+"/"+name, in).prefixed(name)
	if w.wrong.of(name) {
		w.c.again(f, w.wrong.err)
	}
	return f
}
