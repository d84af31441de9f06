package publishing

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/testkit/everybody"
	"lerd/internal/transparency"
)

// desk is a store of one report and one file.
type desk struct {
	Store
	reports []Report
	file    []byte
}

func (d *desk) Reports(context.Context) ([]Report, error) { return d.reports, nil }

func (d *desk) Put(context.Context, string, io.Reader) error { panic("nothing is to be kept") }

func (d *desk) Get(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(d.file)), nil
}

func over(d *desk) *Service {
	return New(Config{Store: d, Blobs: d, Access: everybody.May{}, Now: func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) }})
}

// TestFilesThatEverybodyCanHave: those of the list and no other name.
func TestFilesThatEverybodyCanHave(t *testing.T) {
	s := over(&desk{file: []byte("x")})
	if b, err := s.File(t.Context(), Report{}, transparency.ReportName); err != nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
	for _, name := range []string{"", "../x", "openings.jsonl"} {
		if _, err := s.File(t.Context(), Report{}, name); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestFiguresAreThoseThatWereProposed: a file that is another one is not read; one that
// is the same is read, and judged by its form.
func TestFiguresAreThoseThatWereProposed(t *testing.T) {
	file := []byte(`{}`)
	s := over(&desk{file: file})
	for name, c := range map[string]struct {
		digest string
		other  bool
	}{"as proposed": {transparency.Digest(file), false}, "another": {transparency.Digest([]byte(`{ }`)), true}} {
		_, err := s.Figures(t.Context(), Report{Digest: c.digest})
		if other := err != nil && strings.Contains(err.Error(), "not the one that was published"); other != c.other {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatCannotBePublished: a report of a time that is not over, and one that was
// published or dropped.
func TestWhatCannotBePublished(t *testing.T) {
	ctx := identity.With(t.Context(), identity.Actor{Person: "me", Role: identity.Counsel})
	if _, err := over(&desk{}).Propose(ctx, Proposal{Report: &transparency.Report{Interim: true}}); fault.KindOf(err) != fault.Gate {
		t.Errorf("interim: %v", err)
	}
	s := over(&desk{reports: []Report{{ID: "r", State: Published}}})
	if _, err := s.find(ctx, "r", Proposed); fault.KindOf(err) != fault.Conflict {
		t.Errorf("published already: %v", err)
	}
	if _, err := s.find(ctx, "r", Published); err != nil {
		t.Errorf("as it is: %v", err)
	}
}
