package main

import (
	"bytes"
	"context"
	"path"
	"regexp"
	"strings"
	"time"

	"lerd/internal/fault"
	"lerd/internal/records/sample"
	"lerd/internal/requests/ordersample"
)

// story is what the demonstration has come to know on its way.
type story struct {
	id        string // of the request
	ref       string
	encrypted string // path of the bundle as it was downloaded
}

// tell takes one request the whole way through the real pages, as its people
// do, and verifies what came of it.
func (d *demo) tell(ctx context.Context) error {
	st := &story{}
	for _, act := range []func(context.Context, *story) error{
		d.submits, d.cosigns, d.reviews, d.confirms, d.approves, d.downloads, d.opens, d.replays, d.exports, d.report,
	} {
		if err := act(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// as signs somebody of the cast in.
func (d *demo) as(ctx context.Context, signIn string) (*visitor, error) {
	v := newVisitor(d.cfg.PublicOrigin)
	page, err := v.get(ctx, "/sign-in")
	if err != nil {
		return nil, err
	}
	form, err := page.form("/sign-in")
	if err != nil {
		return nil, err
	}
	_, err = form.set("user", signIn).send(ctx)
	return v, err
}

// order is the paper of the story.
func (d *demo) order(now time.Time) ([]byte, error) {
	return ordersample.PDF(ordersample.Order{
		Authority: "Cyber Crime Police Station, Sample District", Address: "1 Sample Road, Sample District", Number: "CC/94/2026/17", CaseFile: "FIR 231/2026",
		Issued: now.AddDate(0, 0, -3), Judge: "Officer in charge of the police station", Offence: "Cheating, BNS 2023, section 318(4)",
		Facts:   "The account sold tickets that do not exist to eleven people, who paid and received nothing.",
		Targets: []string{sample.SuspectPhone + ", suspect"}, From: wallIn("Asia/Kolkata", now.AddDate(0, -3, 0)), To: wallIn("Asia/Kolkata", now.AddDate(0, 0, -1)), Zone: "Asia/Kolkata",
		Data: []string{"phone numbers", "IP addresses with source port and time"}, Addressee: "Sample Messenger Ltd",
	})
}

// wallIn gives the moment at which clocks in a zone show what those of t do: the form
// and the order of the story state the same period.
func wallIn(zone string, t time.Time) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return t
	}
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, loc)
}

// submits: an officer sends a request with its order.
func (d *demo) submits(ctx context.Context, st *story) error {
	d.say("Officer Asha Rao submits a request with a real order, as a PDF")
	officer, err := d.as(ctx, "asha.rao")
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	pdf, err := d.order(now)
	if err != nil {
		return err
	}
	a := newApplication(officer, now)
	a.file = webFile{"order.pdf", "application/pdf", pdf}
	form, err := a.sign(ctx)
	if err != nil {
		return err
	}
	page, err := form.send(ctx)
	if err != nil {
		return err
	}
	st.id = path.Base(page.url.Path)
	st.ref = refPattern.FindString(textOf(first(page.root, "h1")))
	d.note("%s; every step was kept in a sealed draft, every reading was shown back", st.ref)
	return nil
}

// cosigns: a supervisor of the same agency reads what was signed, and signs too.
func (d *demo) cosigns(ctx context.Context, st *story) error {
	d.say("Vikram Nair of the same agency compares it with the order, and signs second")
	second, err := d.as(ctx, "vikram.nair")
	if err != nil {
		return err
	}
	at := "/requests/" + st.id + "/cosign"
	page, err := second.get(ctx, at)
	if err != nil {
		return err
	}
	form, err := page.form(at)
	if err != nil {
		return err
	}
	if _, err := form.send(ctx); err != nil {
		return err
	}
	d.note("from here on it counts as submitted; the deadlines run")
	return nil
}

// refPattern is the form of a request's reference.
var refPattern = regexp.MustCompile(`LR-[0-9]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}`)

// reviews: a reviewer claims the case, answers the checks, and qualifies it;
// counsel answers what only counsel may.
func (d *demo) reviews(ctx context.Context, st *story) error {
	d.say("Reviewer Rita Lind checks it beside the order, counsel Helen Park answers what only counsel may, and it qualifies")
	reviewer, err := d.as(ctx, "rita.lind")
	if err != nil {
		return err
	}
	if _, err := d.press(ctx, reviewer, "/review/"+st.id, "/claim"); err != nil {
		return err
	}
	answered, err := d.answer(ctx, reviewer, st)
	if err != nil {
		return err
	}
	counsel, err := d.as(ctx, "helen.park")
	if err != nil {
		return err
	}
	more, err := d.answer(ctx, counsel, st)
	if err != nil {
		return err
	}
	if _, err := d.press(ctx, reviewer, "/review/"+st.id, "/qualify", "rule_t1", "PR-05"); err != nil {
		return err
	}
	d.note("%d checks answered by people, the rest by the facts; the verdict was derived, not typed", answered+more)
	return nil
}

// press sends the form of a page whose action ends as given.
func (d *demo) press(ctx context.Context, v *visitor, at, action string, fields ...string) (*webPage, error) {
	page, err := v.get(ctx, at)
	if err != nil {
		return nil, err
	}
	form, err := page.form(action)
	if err != nil {
		return nil, err
	}
	return form.set(fields...).send(ctx)
}

// answer passes every check that the page asks of its reader.
func (d *demo) answer(ctx context.Context, v *visitor, st *story) (int, error) {
	page, err := v.get(ctx, "/review/"+st.id)
	if err != nil {
		return 0, err
	}
	form, err := page.form("/checks")
	if err != nil {
		return 0, err
	}
	n := 0
	for _, name := range form.groups() {
		check, ok := strings.CutPrefix(name, "result_")
		if !ok || form.fields.Get(name) != "" {
			continue
		}
		form.set(name, "pass", "note_"+check, "Compared with the order.", "place_"+check, "page 1")
		n++
	}
	_, err = form.send(ctx)
	return n, err
}

// confirms: two people of trust and safety, who learn neither agency nor case.
func (d *demo) confirms(ctx context.Context, st *story) error {
	d.say("Carl Ito and Dana Cruz confirm the violation, without learning who asks")
	for _, who := range []string{"carl.ito", "dana.cruz"} {
		confirmer, err := d.as(ctx, who)
		if err != nil {
			return err
		}
		open, err := d.await(ctx, confirmer, "/findings", func(p *webPage) bool { return len(p.links("/findings/")) > 0 })
		if err != nil {
			return err
		}
		for _, at := range open.links("/findings/") {
			if bytes.Contains(open.body, []byte(st.ref)) {
				return fault.New(fault.Internal, "a confirmer's page names the case")
			}
			if _, err := d.press(ctx, confirmer, at, at, "verdict", "confirmed", "evidence", "MOD-48213"); err != nil {
				return err
			}
		}
	}
	d.note("two independent verdicts with an evidence reference; the finding is bound to one account and one rule")
	return nil
}

// await fetches a page until it is as wanted; lerd's own steps take a moment.
func (d *demo) await(ctx context.Context, v *visitor, at string, ready func(*webPage) bool) (*webPage, error) {
	for range 150 {
		page, err := v.get(ctx, at)
		if err == nil && ready(page) {
			return page, nil
		}
		if err != nil && (page == nil || page.status != 404 && page.status != 429 && page.status != 503) {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
	}
	return nil, fault.New(fault.Unavailable, "%s did not change in time; see lerd.log in the data folder.", at)
}

// approves: a person who had no other part in the case sees exactly what will
// leave, and approves its digest.
func (d *demo) approves(ctx context.Context, st *story) error {
	d.say("Approver Anna Keller sees exactly what will leave, and approves its digest")
	approver, err := d.as(ctx, "anna.keller")
	if err != nil {
		return err
	}
	at := "/releases/" + st.id
	page, err := d.await(ctx, approver, at, func(p *webPage) bool { _, err := p.form("/approve"); return err == nil })
	if err != nil {
		return err
	}
	form, err := page.form("/approve")
	if err != nil {
		return err
	}
	if _, err := form.send(ctx); err != nil {
		return err
	}
	d.note("SHA-256 of the frozen records %s", form.fields.Get("digest"))
	return nil
}
