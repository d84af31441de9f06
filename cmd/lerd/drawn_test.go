package main

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lerd/internal/requests/orderdoc"
)

// stopwatch draws at once, and notes how long it might have taken.
type stopwatch struct {
	mu   sync.Mutex
	left []time.Duration
}

// Page gives one pixel.
func (w *stopwatch) Page(ctx context.Context, _ []byte, _ int) (orderdoc.Picture, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Time{}
	}
	w.left = append(w.left, time.Until(end))
	var out bytes.Buffer
	err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 1, 1)))
	return orderdoc.Picture{PNG: out.Bytes(), Width: 1, Height: 1}, err
}

func (w *stopwatch) drawn() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	left := w.left
	w.left = nil
	return left
}

// TestEveryRouteThatDrawsHasItsTime asks for every page as everybody: where one is
// drawn for it, the renderer has as long as it may take and may be waited for.
func TestEveryRouteThatDrawsHasItsTime(t *testing.T) {
	w := &stopwatch{}
	h := houseOf(newScenario(t), func(s *scenario) *portal {
		cfg := s.webConfig(s.clock.Now)
		cfg.Limits, cfg.Services.Sheets = unhurried, w
		return s.openWith(cfg)
	})
	h.examined()
	draws, pages := map[string]bool{}, map[string]bool{}
	for _, r := range h.web.Routes() {
		if r.Method != http.MethodGet {
			continue
		}
		if strings.HasSuffix(r.Path, "/:page") {
			pages[r.Name] = true
		}
		for _, p := range h.people {
			h.ask(p.visitor, "GET", at(r, h.mine(p, r)), nil, "")
			for _, left := range w.drawn() {
				draws[r.Name] = true
				if left < 50*time.Second || !r.Order {
					t.Errorf("%s draws, and has %s left for it", r.Name, left)
				}
			}
		}
	}
	for name := range pages {
		if !draws[name] {
			t.Errorf("nothing was drawn for %s, so the test shows nothing of it", name)
		}
	}
	if len(draws) < 5 {
		t.Errorf("only %v draw", draws)
	}
}

// TestAnOrderIsReadOnce: the statement of risk and the comparison with the form read
// the order's text, and one process did.
func TestAnOrderIsReadOnce(t *testing.T) {
	s := newScenario(t)
	id := s.submit("IN/94/2026/886").ID
	before := s.reader.Times()
	p := s.open(unhurried)
	if got := p.ask(p.visit("rita.lind"), "GET", "/review/"+string(id), nil, ""); got.status != http.StatusOK {
		t.Fatalf("the case is answered %d", got.status)
	}
	s.must(s.cases.Claim(s.as("rita.lind"), id))
	c := s.load(id)
	if c.Compared == nil || !c.Compared.HasText || len(c.UnshownPeriods()) != 0 || s.statement(id).Level == "" {
		t.Errorf("compared as %+v", c.Compared)
	}
	if n := s.reader.Times() - before; n != 1 {
		t.Errorf("the order was read %d times", n)
	}
}
