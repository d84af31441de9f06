package records

import (
	"context"
	"errors"
	"testing"

	"lerd/internal/personal"
)

// TestNothingIsAskedOffTheRecord puts each question, once with a record that
// works and once with one that fails.
func TestNothingIsAskedOffTheRecord(t *testing.T) {
	f := &fake{rows: []IPRow{goodRow(1)}, sum: Summary{Account: 7, CreatedAt: t0, Status: Banned}}
	ask := map[string]func(Source) error{
		"resolve": func(s Source) error {
			_, err := s.Resolve(context.Background(), PhoneIn(personal.NewPhone("+447700900123"), period))
			return err
		},
		"summary": func(s Source) error { _, err := s.Summary(context.Background(), 7); return err },
		"phones":  func(s Source) error { _, err := s.Phones(context.Background(), 7, period); return err },
		"sessions": func(s Source) error {
			for _, err := range s.Sessions(context.Background(), 7, period) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
	full := errors.New("the log is away")
	for op, question := range ask {
		var seen []Asked
		good := Audited(f, func(_ context.Context, a Asked) error { seen = append(seen, a); return nil })
		if err := question(good); err != nil || len(seen) != 1 || seen[0].Op != op || len(seen[0].SHA256) != 64 {
			t.Errorf("%s: %v, %v", op, seen, err)
		}
		if err := question(Audited(f, func(context.Context, Asked) error { return full })); !errors.Is(err, full) {
			t.Errorf("%s was asked off the record: %v", op, err)
		}
	}
}
