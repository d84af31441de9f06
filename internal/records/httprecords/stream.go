package httprecords

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
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
	waited   time.Duration
	snapshot string
	cursor   string // of the last row
	before   string // cursor of the row before the last, from where an answer is taken up again
	last     []byte // the last row, which then comes once more
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
			case !errors.Is(err, errCut) && fault.KindOf(err) != fault.Unavailable, errors.Is(err, errGone), errors.Is(err, errSlow):
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
	q.Snapshot, q.Cursor = t.snapshot, t.before
	a, err := t.source.ask(ctx, t.op, q)
	if err != nil {
		return false, false, err
	}
	defer a.close()
	a.row, a.waited = t.count, t.waited
	if err := t.begin(a); err != nil {
		return false, false, err
	}
	again := t.count > 0 // the last row comes once more
	for n := int64(0); ; n++ {
		l, err := a.next()
		if t.waited = a.waited; err == nil && t.tooSlow() {
			err = errSlow
		}
		switch {
		case err != nil:
			return false, false, err
		case again && (l.row == nil || !sameRow(l.row, t.last)):
			return false, false, a.breach("answer that goes on with another row than it broke off with")
		case l.end != nil:
			err := t.end(a, l.end, n)
			return err == nil, false, err
		case l.begin != nil:
			return false, false, a.breach("second begin")
		case again:
			again = false
			continue
		}
		t.count++
		a.row = t.count
		if t.count > t.most {
			return false, false, a.breach("more rows than are taken")
		}
		t.before, t.cursor, t.last = t.cursor, l.cursor, append(t.last[:0], l.row...)
		if !yield(l.row, nil) {
			return false, true, nil
		}
	}
}

// begin sees that a response is of the snapshot that the answer began with.
func (t *stream) begin(a *answer) error {
	l, err := a.next()
	if err != nil {
		return err
	}
	var snapshot string
	if l.begin == nil || strict(l.begin, map[string]any{"snapshot": &snapshot}) != "" || snapshot == "" || len(snapshot) > 256 {
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
	return a.over()
}

// errSlow ends an answer that moves, but so slowly that it might never end.
var errSlow = away(errors.New("the answer comes too slowly"))

// slowStart is for how many waits of a line an answer may keep lerd waiting in all,
// and slowRow what part of one it may for each row.
const slowStart, slowRow = 10, 1000

// tooSlow tells whether lerd waited longer than so many rows are worth: an engine
// that sends a row just before each wait ends would hold it for years.
func (t *stream) tooSlow() bool {
	wait := t.source.config.Wait
	return t.waited > slowStart*wait+time.Duration(t.count)*(wait/slowRow)
}

// sameRow tells whether two rows have the same members with the same values, in
// whatever order.
func sameRow(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	was, badA := members(a)
	is, badB := members(b)
	return badA == "" && badB == "" && maps.EqualFunc(was, is, func(x, y json.RawMessage) bool { return bytes.Equal(x, y) })
}
