package main

import (
	"bytes"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/verifycli"
	"lerd/internal/web"
)

// goesOn has counsel and auditor acknowledge what is lost.
func (l *lostLog) goesOn() {
	l.t.Helper()
	for _, who := range []string{"helen.park", "ines.moreau"} {
		l.must(l.oversight.AcknowledgeLoss(l.as(who), l.digest(l.as(who)), "The disk failed."))
	}
	l.sequenceAll()
}

// TestAReportAfterALossSaysWhatIsMissing makes the report of the quarter by lerd's
// command from a log that has lost entries, signed by the key of before, lets a
// stranger recompute it from the exported log, and reads the public page.
func TestAReportAfterALossSaysWhatIsMissing(t *testing.T) {
	l := newLost(t)
	_, err := ensureReportKey(l.cfg.Dir, "lerd.example/test") // as an earlier report made it
	l.must(err)
	l.goesOn()
	l.closeBooks(l.early.ID)
	out := t.TempDir()
	var said bytes.Buffer
	l.must(reportMakeCmd{reportPeriod: l.reporter(), Out: out, To: "The supervisory authority"}.run(l.ctx, &said, io.Discard))
	log := filepath.Join(out, "log")
	_, err = audit.Exporter{Source: l.store.AuditReader(), Dir: log, Trust: l.sequencer.Trust}.Export(l.ctx)
	l.must(err)
	var found bytes.Buffer
	err = (&verifycli.Report{Dir: out, VKey: l.cfg.path("keys", "log.vkey"), RKey: l.cfg.path("keys", "report.vkey"), Quiet: true}).Check(l.ctx, &found, io.Discard)
	for _, text := range []string{said.String(), found.String()} {
		if err != nil || !strings.Contains(text, "MISSING: entries ") || !strings.Contains(text, "the log went on as lerd.example/test/2") {
			t.Errorf("it says %q, %v", text, err)
		}
	}
	if !strings.HasPrefix(found.String(), "VERIFIED") {
		t.Errorf("a stranger finds %q", &found)
	}
	l.published()
}

// published puts the report before counsel, publishes it, and reads the page.
func (l *lostLog) published() {
	l.t.Helper()
	made, err := l.reporter().count(l.ctx, l.store, io.Discard)
	l.must(err)
	r, err := propose(l.system_(), proposing{l.publishing(), made, l.cfg.Dir, ""})
	l.must(err)
	l.must(l.publishing().Publish(l.as("helen.park"), r.ID))
	p := l.open(web.Limits{})
	for lang, want := range map[string]string{"en": "Some of what was recorded is lost", "de": "Ein Teil des Aufgezeichneten ist verloren"} {
		got, err := newVisitor(p.base).get(l.ctx, "/transparency?lang="+lang)
		if err != nil || got.status != http.StatusOK || !strings.Contains(string(got.body), want) || !strings.Contains(string(got.body), "lerd.example/test/2") {
			l.t.Errorf("in %s the page does not say %q: %d, %v", lang, want, got.status, err)
		}
	}
}
