package httprecords

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"lerd/internal/fault"
)

// stream is one answer over as many responses as it takes.
type stream struct {
	source   *Source
	op       string
	q        question
	most     int64
	retries  int
	count    int64 // rows so far
	snapshot string
	cursor   string
}

// rows gives the rows of the answer, whole or with an error at its end.
func (t *stream) rows(ctx context.Context) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		for try := 0; ; try++ {
			before := t.count
			done, stopped, err := t.response(ctx, yield)
			switch {
			case stopped, done:
				return
			case !errors.Is(err, errCut) && fault.KindOf(err) != fault.Unavailable, errors.Is(err, errGone):
				yield(nil, err)
				return
			}
			if t.count > before {
				try = 0 // it moves on
			}
			if try >= t.retries || t.count > 0 && t.cursor == "" || ctx.Err() != nil {
				yield(nil, away(err))
				return
			}
			if !pause(ctx, time.Duration(try+1)*50*time.Millisecond) {
				yield(nil, ctx.Err())
				return
			}
		}
	}
}

// pause waits, and tells whether to go on.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// response reads one response: its begin, rows and end.
func (t *stream) response(ctx context.Context, yield func(json.RawMessage, error) bool) (done, stopped bool, err error) {
	q := t.q
	q.Snapshot, q.Cursor = t.snapshot, t.cursor
	a, err := t.source.ask(ctx, t.op, q)
	if err != nil {
		return false, false, err
	}
	defer a.close()
	a.row = t.count
	if err := t.begin(a); err != nil {
		return false, false, err
	}
	for n := int64(0); ; n++ {
		l, err := a.next()
		switch {
		case err != nil:
			return false, false, err
		case l.end != nil:
			err := t.end(a, l.end, n)
			return err == nil, false, err
		case l.begin != nil:
			return false, false, a.breach("second begin")
		}
		t.count++
		a.row = t.count
		if t.count > t.most {
			return false, false, a.breach("more rows than are taken")
		}
		if !yield(l.row, nil) {
			return false, true, nil
		}
		t.cursor = l.cursor
	}
}

// begin sees that a response is of the snapshot that the answer began with.
func (t *stream) begin(a *answer) error {
	l, err := a.next()
	if err != nil {
		return err
	}
	var snapshot string
	if l.begin == nil || strict(l.begin, map[string]any{"snapshot": &snapshot}) != "" || len(snapshot) > 256 {
		return a.breach("answer that does not begin as documented")
	}
	if t.snapshot != "" && snapshot != t.snapshot {
		return errGone
	}
	t.snapshot = snapshot
	return nil
}

// end sees that as many rows came as the engine sent.
func (t *stream) end(a *answer, raw json.RawMessage, n int64) error {
	var rows int64
	if strict(raw, map[string]any{"rows": &rows}) != "" {
		return a.breach("answer that does not end as documented")
	}
	if rows != n {
		return a.breach("answer with another number of rows than it says")
	}
	return nil
}
