package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records/sample"
)

// application is a new request as an officer fills it in, step by step, through
// the real pages.
type application struct {
	by      *visitor
	draft   string // path of its first step, once it has begun
	answers url.Values
	file    webFile // the order; empty: none is sent
}

// newApplication answers everything as a careful officer does.
func newApplication(by *visitor, now time.Time) *application {
	date := func(t time.Time) string { return t.Format(time.DateOnly) }
	minute := func(t time.Time) string { return t.Format("2006-01-02 15:04") }
	a := &application{by: by, answers: url.Values{}}
	a.set("want", "now", "issuer_kind", "station_officer", "issuer_country", "IN", "judge", "no", "process", "IN-94",
		"issuer_name", "Cyber Crime Police Station, Sample District", "order_number", "CC/94/2026/17", "issued_on", date(now.AddDate(0, 0, -3)),
		"return_on", date(now.AddDate(0, 0, 14)), "order_signed", "yes", "order_language", "en", "legal_basis", "BNSS 2023, section 94",
		"addressee", "Sample Messenger Ltd", "order_addressee_right", "yes",
		"further_fir_number", "FIR 231/2026", "further_data_description", "registered number and login addresses with ports",
		"further_time_and_place", "by return through this portal",
		"offence_class", "0701", "offence_provision", "BNS 2023, section 318(4)", "offence_text", "Sale of tickets that do not exist.",
		"max_penalty_years", "7", "by_network", "yes", "need", "To identify who sold the tickets.", "need_stated", "yes", "need_facts_shown", "yes",
		"need_proportionality", "yes", "need_individualised", "yes", "offence_sole_purpose_identify", "yes", "confidential", "no")
	a.set("targets-0-kind", "phone", "targets-0-identifier", sample.SuspectPhone, "targets-0-holder_at", minute(now.AddDate(0, -1, 0)),
		"targets-0-from", minute(now.AddDate(0, -3, 0)), "targets-0-to", minute(now.AddDate(0, 0, -1)), "targets-0-zone", "Asia/Kolkata",
		"targets-0-person_role", "suspect", "targets-0-purpose", "identify_user")
	a.answers["targets-0-categories"] = []string{"phone_number", "ip_address"}
	return a
}

func (a *application) set(pairs ...string) *application {
	for i := 0; i+1 < len(pairs); i += 2 {
		a.answers.Set(pairs[i], pairs[i+1])
	}
	return a
}

// typedSteps are the steps that are filled in, in their order.
var typedSteps = []string{"kind", "order", "targets", "need"}

// begin makes the draft.
func (a *application) begin(ctx context.Context) error {
	page, err := a.by.get(ctx, "/requests/new")
	if err != nil {
		return err
	}
	form, err := page.form("/drafts")
	if err != nil {
		return err
	}
	if page, err = form.send(ctx); err == nil {
		a.draft = strings.TrimSuffix(page.url.Path, "/kind")
	}
	return err
}

// step gives the form of a step, filled in.
func (a *application) step(ctx context.Context, step string) (*webForm, error) {
	page, err := a.by.get(ctx, a.draft+"/"+step)
	if err != nil {
		return nil, err
	}
	form, err := page.form(a.draft + "/" + step)
	if err != nil {
		return nil, err
	}
	for name, values := range a.answers {
		if stepOfAnswer(name) == step {
			form.fields[name] = values
		}
	}
	if step == "order" && a.file.name != "" {
		form.upload["file"] = a.file
	}
	return form.set("do", "next"), nil
}

// stepOfAnswer says on which page a question stands.
func stepOfAnswer(name string) string {
	switch {
	case strings.HasPrefix(name, "targets-"):
		return "targets"
	case name == "want", name == "process", strings.HasPrefix(name, "issuer_") && name != "issuer_name", name == "judge":
		return "kind"
	case strings.HasPrefix(name, "offence_"), strings.HasPrefix(name, "need"), strings.HasPrefix(name, "confidential"), strings.HasPrefix(name, "emergency_"),
		name == "max_penalty_years", name == "by_network", name == "further_danger":
		return "need"
	}
	return "order"
}

// walk fills in every step and gives the page at which it ends: that of a step
// whose answers need another look, or the check.
func (a *application) walk(ctx context.Context) (*webPage, error) {
	if a.draft == "" {
		if err := a.begin(ctx); err != nil {
			return nil, err
		}
	}
	var page *webPage
	for _, step := range typedSteps {
		form, err := a.step(ctx, step)
		if err != nil {
			return page, err
		}
		if page, err = form.send(ctx); err != nil || page.status != http.StatusOK {
			return page, err
		}
	}
	return page, nil
}

// sign gives the form by which the request is signed and submitted.
func (a *application) sign(ctx context.Context) (*webForm, error) {
	if _, err := a.walk(ctx); err != nil {
		return nil, err
	}
	page, err := a.by.get(ctx, a.draft+"/sign")
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(page.url.Path, "/sign") {
		return nil, fault.New(fault.Invalid, "the request is not complete: %s", textOf(first(page.root, "section")))
	}
	return page.form("/sign")
}
