package violations

import (
	"context"
	"strconv"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/records"
)

// stopped turns a broken rule of the account data into a shut gate and puts it on
// record, once while this process runs, for the auditors. Any other error stays as
// it is. About is the id of the finding, or what else was done.
func (s *Service) stopped(ctx context.Context, about string, err error) error {
	b, ok := records.AsBreach(err)
	if !ok {
		return err
	}
	key := about + " " + b.Rule
	if _, known := s.told.Load(key); !known {
		e := change.Event(ctx, s.Now(), "source.breached", "source:"+about, 0)
		e.Facts["op"], e.Facts["breach"], e.Facts["row"] = b.Op, b.Rule, strconv.FormatInt(b.Row, 10)
		if told := s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}}); told != nil {
			return told
		}
		s.told.Store(key, true)
	}
	return fault.Because(fault.Gate, err, "The account data gave another answer than they may: %s. Nothing is shown; the auditors are told.", b.Rule)
}
