package browser

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// Problems gives what the pages of this tab complained of since the last call,
// and forgets it.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.problems
	p.problems = nil
	return all
}

func (p *Page) report(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

// listen sees every event of the tab. The browser's own entry about a page
// whose status is an error is left out: tests visit such pages on purpose and
// look at the status themselves.
func (p *Page) listen(ev any) {
	switch e := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "assert" {
			p.report("console error: %s", arguments(e.Args))
		}
	case *runtime.EventExceptionThrown:
		p.report("uncaught exception: %s", exception(e.ExceptionDetails))
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" && e.Entry.Source != "network" {
			p.report("browser log (%s): %s", e.Entry.Source, e.Entry.Text) // breaches of the policy are here
		}
	case *network.EventRequestWillBeSent:
		if p.foreign(e.Request.URL) {
			p.report("request to another origin: %s", e.Request.URL)
		}
	case *network.EventResponseReceived:
		p.received(e)
	case *page.EventLoadEventFired:
		p.mu.Lock()
		p.loads++
		p.mu.Unlock()
	case *runtime.EventBindingCalled:
		p.mu.Lock()
		p.keys++
		p.mu.Unlock()
	}
}

func (p *Page) received(e *network.EventResponseReceived) {
	if e.Type == "Document" {
		p.mu.Lock()
		p.status = int(e.Response.Status)
		p.mu.Unlock()
		return
	}
	if e.Response.Status >= 400 && !strings.HasSuffix(e.Response.URL, "/favicon.ico") { // asked for by the browser, not the page
		p.report("resource failed with %d: %s", e.Response.Status, e.Response.URL)
	}
}

// foreign says whether a URL leaves the site; data and blob URLs stay inside.
func (p *Page) foreign(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return true
	}
	switch u.Scheme {
	case "data", "blob", "about", "chrome-error":
		return false
	}
	return u.Scheme+"://"+u.Host != p.origin
}

func arguments(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		if a.Description != "" {
			words = append(words, a.Description)
		} else {
			words = append(words, string(a.Value))
		}
	}
	return strings.Join(words, " ")
}

func exception(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}
