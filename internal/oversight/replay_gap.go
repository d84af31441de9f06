package oversight

import "time"

// CaseGap is a loss of log entries in which steps of a case may be missing: the case
// had events before it, and had not come to its end.
type CaseGap struct {
	LogEpoch
	After int       // step after which they would have been
	From  time.Time // when that step was
}

// CaseGaps finds the losses that a case may have steps in. A case that was closed
// before, or came in afterwards, has none: what was recorded of it later would be a
// look, and no step.
func CaseGaps(moments []Moment, epochs []LogEpoch) (out []CaseGap) {
	for _, e := range epochs {
		last := -1
		for i, m := range moments {
			if m.Event.Index >= 0 && m.Event.Index < int64(e.Size) {
				last = i
			}
		}
		if last >= 0 && moments[last].State.Open() {
			out = append(out, CaseGap{LogEpoch: e, After: last, From: moments[last].Event.Record.At})
		}
	}
	return out
}
