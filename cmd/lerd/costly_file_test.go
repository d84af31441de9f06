//go:build linux

package main

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"lerd/internal/testkit/hostilepdf"
)

// TestCostlyOrdersEndAtTheirLimits sends every file of the corpus that costs much to
// draw through the portal, where a page may take two seconds of processor time: it is
// refused at the door, or its first page comes as pixels, or the page says what to ask
// the agency for. No file keeps anybody from the next, and no renderer takes more
// memory than its cage has.
func TestCostlyOrdersEndAtTheirLimits(t *testing.T) {
	s := newScenario(t)
	s.cfg.Documents.DrawSeconds = 2
	s.reader.Renderer = s.reader.Within(2)
	p := s.open(unhurried)
	d := &desk{p, p.visit("asha.rao")}
	readers := map[string]*visitor{"rita.lind": d.visit("rita.lind"), "jana.weber": d.visit("jana.weber"), "": d.visit("")}
	ends := map[string]int{}
	for i, h := range hostilepdf.Costly() {
		if costly[h.Name] {
			continue
		}
		a := d.form()
		a.set("order_number", fmt.Sprintf("CC/94/2026/%d", 700+i))
		a.file = webFile{"order.pdf", "application/pdf", h.PDF}
		page, err := a.walk(d.ctx)
		if h.Code != "" {
			ends["at the door"]++
			if page == nil || page.status != http.StatusUnprocessableEntity || page.complaint("file") == "" || d.draftOf(a).Content.Order != nil {
				t.Errorf("%s is not refused at the door: %v", h.Name, err)
			}
			continue
		}
		d.must(err)
		a.file = webFile{}
		ends[d.endOf(t, readers, d.submitted(a), h)]++
	}
	if ends["at the door"] == 0 || ends["drawn"] == 0 || ends["limit"] == 0 {
		t.Errorf("they ended as %v, so the test does not show every end", ends)
	}
	t.Logf("%v; the largest process took %d MiB", ends, largestChild(t)>>20)
	if own := ownSize(t); largestChild(t) > max(own, 1<<30) {
		t.Errorf("a renderer took %d MiB", largestChild(t)>>20)
	}
}

// endOf asks for an order as its reviewer and as those whom it does not concern, and
// tells how drawing it ended: drawn, limit, or broken.
func (d *desk) endOf(t *testing.T, readers map[string]*visitor, id string, h hostilepdf.File) string {
	t.Helper()
	if d.onlyPixels(t, readers, id, h) == 0 {
		return "drawn"
	}
	got := d.ask(readers["rita.lind"], "GET", "/review/"+id+"/order/1", nil, "")
	switch {
	case got.status == http.StatusOK && d.onlyPixels(t, readers, id, h) == 0: // so near its limit that it was over it the first time
		return "drawn"
	case got.status != http.StatusUnprocessableEntity:
		t.Errorf("%s: asked again it is answered %d", h.Name, got.status)
	case strings.Contains(got.body, "more time or room than it may"):
		return "limit"
	}
	return "broken"
}

func largestChild(t *testing.T) int64 { return peak(t, syscall.RUSAGE_CHILDREN) }

// ownSize is the most memory that this test took: a process begins with the peak of
// whoever began it.
func ownSize(t *testing.T) int64 { return peak(t, syscall.RUSAGE_SELF) }

func peak(t *testing.T, of int) int64 {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(of, &used); err != nil {
		t.Fatal(err)
	}
	return used.Maxrss << 10
}
