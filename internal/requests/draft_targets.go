package requests

import (
	"context"
	"io"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/records"
	"lerd/internal/requests/targetlist"
)

// Bounds of a list of accounts. What lies beyond them is told, never guessed.
const (
	maxListBytes = 4 << 20
	maxListRows  = 5000
	maxListCell  = 500
	maxRejected  = 50 // bad rows that are kept to be mended
)

// TargetImport is a list that somebody pasted or sent for a draft.
type TargetImport struct {
	Revision int           // of the step when its page was shown
	Typed    []TargetInput // the accounts as they stand in the form
	Defaults TargetInput   // for what a row lacks
	CSV      io.Reader     // a file; nil: Lines are read
	Lines    string        // pasted, one account a line
}

// ImportReport says what became of a list.
type ImportReport struct {
	Taken   int    `json:"taken"`
	Bad     int    `json:"bad"`
	TooMany int    `json:"too_many,omitempty"` // good rows for which there was no room
	Limit   int    `json:"limit"`
	Stopped string `json:"stopped,omitempty"` // why the rest was not looked at
}

// ImportTargets takes the good rows of a list into a draft and keeps the bad
// ones beside it, each with what would make it right. A list that is none is
// refused on the field "list", and what was typed is kept all the same.
func (s *Service) ImportTargets(ctx context.Context, id DraftID, in TargetImport) (d Draft, err error) {
	defer fault.Wrap(&err, "requests.ImportTargets(%s)", id)
	if d, _, _, err = s.draft(ctx, id); err != nil {
		return d, err
	}
	typed := filled(in.Typed)
	process, _ := s.current(ctx, d.Content.Fields["process"])
	limit := TargetLimit(process)
	res, bad := readList(in, max(0, limit-len(typed)))
	d, err = s.SaveDraft(ctx, id, DraftEdit{Step: StepTargets, Revision: in.Revision, Apply: func(c *DraftContent) {
		c.Targets = typed
		if bad == nil {
			in.take(c, res, limit)
		}
	}})
	if err == nil && bad != nil {
		err = fault.Fields([]fault.Problem{{Field: "list", Message: fault.Message(bad)}})
	}
	return d, err
}

func readList(in TargetImport, room int) (targetlist.Result, error) {
	limits := targetlist.Limits{Bytes: maxListBytes, Rows: maxListRows, Cell: maxListCell, Good: room, Bad: maxRejected}
	judge := func(r targetlist.Row) (why []string) {
		_, problems := ReadTarget(in.input(r))
		for _, p := range problems {
			why = append(why, p.Message)
		}
		return why
	}
	if in.CSV != nil {
		return targetlist.ReadCSV(in.CSV, limits, judge)
	}
	return targetlist.ReadLines(in.Lines, limits, judge), nil
}

// take puts what was read into the draft.
func (in TargetImport) take(c *DraftContent, res targetlist.Result, limit int) {
	for _, row := range res.Good {
		c.Targets = append(c.Targets, in.input(row))
	}
	c.Rejected, c.Dropped = nil, res.MoreBad
	for i, row := range res.Bad {
		c.Rejected = append(c.Rejected, RejectedTarget{Line: row.Line, Input: in.input(row), Why: res.Why[i]})
	}
	c.Import = &ImportReport{Taken: len(res.Good), Bad: len(res.Bad) + res.MoreBad, TooMany: res.TooMany, Limit: limit, Stopped: res.Stopped}
}

// input turns a row of a list into an account as if it had been typed.
func (in TargetImport) input(r targetlist.Row) TargetInput {
	t := in.Defaults
	set := func(to *string, name string, read func(string) string) {
		if v := r.Cells[name]; v != "" {
			*to = read(v)
		}
	}
	t.Identifier = r.Cells["identifier"]
	t.Kind = guessKind(t.Identifier)
	same := func(v string) string { return v }
	set(&t.Kind, "kind", word(map[string]string{"phone_number": "phone", "telephone": "phone", "mobile": "phone", "user": "username", "name": "username",
		"id": "account_id", "user_id": "account_id", "numeric_id": "account_id"}))
	set(&t.HolderAt, "used_at", same)
	set(&t.From, "from", same)
	set(&t.To, "to", same)
	set(&t.Zone, "zone", same)
	set(&t.PersonRole, "role", word(map[string]string{"third": legal.Third, "other": legal.Third, "accused": legal.Suspect}))
	set(&t.Purpose, "purpose", word(map[string]string{"identify": legal.PurposeIdentify, "identification": legal.PurposeIdentify}))
	if marks := r.Cells["marks"]; marks != "" {
		t.Flags = strings.FieldsFunc(strings.ToLower(marks), func(c rune) bool { return c == ',' || c == ';' || c == '|' || c == ' ' })
	}
	if data := strings.ToLower(r.Cells["data"]); data != "" {
		both := strings.Contains(data, "both") || strings.Contains(data, "all")
		t.WantPhone, t.WantIP = both || strings.Contains(data, "phone"), both || strings.Contains(data, "ip")
	}
	return t
}

// word reads one of the form's codes, also as people write it.
func word(also map[string]string) func(string) string {
	return func(v string) string {
		code := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(v)), " ", "_")
		if other, ok := also[code]; ok {
			return other
		}
		return code
	}
}

// guessKind says what an identifier looks like where the list does not say. A
// wrong guess is refused by its form, never read as something else: no two kinds
// share a form.
func guessKind(identifier string) string {
	switch {
	case strings.HasPrefix(identifier, "+"):
		return string(records.ByPhone)
	case identifier != "" && strings.Trim(identifier, "0123456789") == "":
		return string(records.ByAccount)
	}
	return string(records.ByUsername)
}

// filled leaves out accounts of which nothing was typed but what is filled in
// for everybody.
func filled(in []TargetInput) (out []TargetInput) {
	for _, t := range in {
		if strings.TrimSpace(t.Identifier) != "" || t.Kind != "" || t.PersonRole != "" {
			out = append(out, t)
		}
	}
	return out
}
