package publishing

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/transparency"
)

// Handing says which openings are given out, and to whom.
type Handing struct {
	Period   string // whose counts they open; empty: they open the closed facts of the whole log
	Log      transparency.LogHead
	Openings int    // how many
	SHA256   string // of the file, hexadecimal
	To       string // the authority or institute that verifies, 3 to 200 characters
}

// Give puts on record that openings are given out, before they are: whoever holds
// them sees the small figures that a report withholds. To whom is a commitment in the
// log, which auditors see opened. It fails with Invalid where nobody is named.
func (s *Service) Give(ctx context.Context, h Handing) (err error) {
	defer fault.Wrap(&err, "publishing.Give(%s)", h.Period)
	_, rule, err := s.may(ctx, "open")
	if err != nil {
		return err
	}
	to := strings.TrimSpace(h.To)
	if n := utf8.RuneCountInString(to); n < 3 || n > 200 || !utf8.ValidString(to) {
		return fault.New(fault.Invalid, "Say with --to which authority or institute gets the openings, in 3 to 200 characters.")
	}
	kind := "report.openings_given"
	if h.Period == "" {
		kind = "log.openings_given"
	}
	e := change.Event(ctx, s.now(), kind, "openings:"+uuid.NewString(), 0)
	for name, v := range map[string]string{"openings": strconv.Itoa(h.Openings), "openings_sha256": h.SHA256,
		"log_size": strconv.FormatUint(h.Log.Size, 10), "log_root": h.Log.Root.String(), "rule": rule} {
		e.Facts[name] = v
	}
	if h.Period != "" {
		e.Facts["period"] = h.Period
	}
	e.Values = append(e.Values, audit.Value{Name: "to", New: []byte(to)})
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: e}}})
}
