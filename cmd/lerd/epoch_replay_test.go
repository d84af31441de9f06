package main

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"lerd/internal/requests"
	"lerd/internal/web"
)

// TestAReplaySaysWhereStepsMayBeMissing loses entries while one case is open and
// another is closed, and lets a third come in afterwards: the replay of the first
// alone, and lerd audit verify, say where steps may be missing.
func TestAReplaySaysWhereStepsMayBeMissing(t *testing.T) {
	l := newLost(t) // early had left when the backup was made, and is open until it is closed
	l.goesOn()
	later := l.submit("IN/94/2026/721").ID
	_, err := l.cases.View(l.as("rita.lind"), l.early.ID)
	l.must(err)
	l.indexed()
	r, err := l.oversight.ReplayCase(l.as("ines.moreau"), l.early.ID)
	l.must(err)
	if len(r.Gaps) != 1 {
		t.Fatalf("%d gaps", len(r.Gaps))
	}
	g := r.Gaps[0]
	if g.After < 1 || g.After >= len(r.Moments)-1 || r.Moments[g.After].Event.Index >= int64(g.Size) || r.Moments[g.After+1].Event.Index < int64(g.Size) || g.Epoch != 2 {
		t.Errorf("the gap lies after step %d of %d: %+v", g.After, len(r.Moments), g.LogEpoch)
	}
	if r, err := l.oversight.ReplayCase(l.as("ines.moreau"), later); err != nil || len(r.Gaps) != 0 {
		t.Errorf("a case that came in afterwards: %+v, %v", r.Gaps, err)
	}
	l.gapOnPage(l.early.ID, later)
	var out bytes.Buffer
	l.sequenceAll()
	l.must(printReport(&out, l.verifyLog()))
	for _, want := range []string{"1 cases were open when the entries before epoch 2 were lost", "  case " + string(l.early.ID)} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the verification prints\n%s\nwant %q", &out, want)
		}
	}
	if strings.Contains(out.String(), string(later)) {
		t.Error("the verification doubts a case that came in afterwards")
	}
}

// gapOnPage reads the replays of a case that may lack steps, and of one that does not.
func (l *lostLog) gapOnPage(doubtful, sound requests.ID) {
	l.t.Helper()
	p := l.open(web.Limits{})
	defer p.stop()
	v := p.visit("ines.moreau")
	for id, want := range map[requests.ID]bool{doubtful: true, sound: false} {
		got, err := v.get(l.ctx, "/audit/cases/"+string(id)+"/replay?step=0")
		l.must(err)
		if got.status != http.StatusOK || strings.Contains(string(got.body), "Steps of this case may be missing") != want || strings.Contains(string(got.body), "entries were lost here") != want {
			l.t.Errorf("the replay of %s: %d; a gap is shown: %t", id, got.status, !want)
		}
	}
}
