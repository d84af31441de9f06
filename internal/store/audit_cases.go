package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/oversight/sampling"
)

// caseList holds what the log says of each case that samples are drawn from, as records
// of fixed size like those of the replay, and compares it with the list in the database.
// Country, process and urgency stand there opened: who altered an opening before it was
// indexed, and put it back, is found by them.
type caseList struct{ said *audit.Spill }

// A case's record: key, order, flags, place and time of the submission, then what was said
// as the beginnings of hashes (nothing: zeros), then the case's id. The list's own record
// comes last.
const (
	caseOrder    = audit.SpillKey
	caseFlags    = caseOrder + 8
	casePlace    = caseFlags + 1
	caseAt       = casePlace + 8
	caseCountry  = caseAt + 8
	caseProcess  = caseCountry + 8
	caseOutcome  = caseProcess + 8
	caseReviewer = caseOutcome + 8
	caseID       = caseReviewer + 8
	caseSize     = caseID + 16
)

const (
	caseSubmitted = 1 << iota
	caseEmergency
	caseSensitive
	caseListed // what the database's list says
)

func newCaseList(dir string, memory int) *caseList {
	return &caseList{audit.NewSpill(dir, caseSize, memory)}
}

var sensitiveTarget = regexp.MustCompile(`(^| )sensitive_target( |$)`)

// caseSays is what an event or the list says of a case.
type caseSays struct {
	id                                  string
	order, place                        uint64
	flags                               byte
	at                                  time.Time
	country, process, outcome, reviewer string
}

// add takes the next entry, with its closed facts opened.
func (l *caseList) add(idx int64, r audit.Record) error {
	risk := r.Kind == "risk.stated"
	id, of := strings.CutPrefix(r.Stream, "request:")
	if !of && !risk {
		return nil
	}
	if fact := r.Facts["request"]; uuidForm.MatchString(fact) {
		id = fact
	} else if risk {
		_, id, _ = strings.Cut(r.Stream, ":")
	}
	if !uuidForm.MatchString(id) {
		return nil
	}
	s := caseSays{id: id, order: uint64(idx)}
	switch {
	case risk && sensitiveTarget.MatchString(r.Fact("factors")):
		s.flags |= caseSensitive
	case !risk:
		s.take(r)
	}
	return l.said.Add(s.record())
}

func (s *caseSays) take(r audit.Record) {
	if r.Kind == "request.submit" || r.Kind == "request.cosign" {
		s.flags |= caseSubmitted
		s.place, s.at = s.order, r.At
	}
	if r.Fact("emergency") == "true" {
		s.flags |= caseEmergency
	}
	s.country, s.process, s.outcome = r.Fact("country"), r.Fact("process"), sampling.Outcome(r.Facts["to"])
	if r.Kind == "request.claim" {
		s.reviewer = r.Actor.Person
	}
}

func (s caseSays) record() []byte {
	rec := append(make([]byte, 0, caseSize), keyOfText(s.id)...)
	rec = append(binary.BigEndian.AppendUint64(rec, s.order), s.flags)
	rec = binary.BigEndian.AppendUint64(rec, s.place)
	at := int64(0)
	if !s.at.IsZero() {
		at = s.at.UnixMicro()
	}
	rec = binary.BigEndian.AppendUint64(rec, uint64(at))
	for _, word := range []string{s.country, s.process, s.outcome, s.reviewer} {
		if word == "" {
			rec = append(rec, make([]byte, 8)...)
		} else {
			rec = append(rec, short(word)...)
		}
	}
	id := idBytes(s.id)
	return append(rec, id[:]...)
}

// compare puts the list beside what was said, and names the first case that differs.
func (l *caseList) compare(ctx context.Context, pool gorm.ConnPool) error {
	if err := l.listed(ctx, pool); err != nil {
		return err
	}
	var wrong audit.EventID
	err := l.said.Groups(func(group [][]byte) error {
		if list := group[len(group)-1]; list[caseFlags]&caseListed == 0 || !bytes.Equal(foldCase(group[:len(group)-1]), list[caseFlags:caseID]) {
			wrong = idText(list[caseID:])
			return errRow
		}
		return nil
	})
	if errors.Is(err, errRow) {
		return differs("Samples are drawn from a list that says otherwise than the log of case %s.", wrong)
	}
	return err
}

// listed adds the list's own records, after all others.
func (l *caseList) listed(ctx context.Context, pool gorm.ConnPool) error {
	rows, err := pool.QueryContext(ctx, `SELECT case_id::text, coalesce(submitted, 0), coalesce(submitted_at, 'epoch'), submitted IS NOT NULL, country, process, outcome, reviewer, emergency, sensitive FROM log_case`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		s := caseSays{order: 1<<64 - 1, flags: caseListed}
		var submitted, emergency, sensitive bool
		if err := rows.Scan(&s.id, &s.place, &s.at, &submitted, &s.country, &s.process, &s.outcome, &s.reviewer, &emergency, &sensitive); err != nil {
			return err
		}
		for flag, is := range map[byte]bool{caseSubmitted: submitted, caseEmergency: emergency, caseSensitive: sensitive} {
			if is {
				s.flags |= flag
			}
		}
		if err := l.said.Add(s.record()); err != nil {
			return err
		}
	}
	return rows.Err()
}

// foldCase gives what the list should say, from the flags to before the id. Nobody
// submitted twice, so that place and time are those of the first.
func foldCase(group [][]byte) []byte {
	rec := caseSays{flags: caseListed, country: "-", process: "-", outcome: "open", reviewer: "-"}.record()
	for _, said := range group {
		if said[caseFlags]&caseSubmitted != 0 && rec[caseFlags]&caseSubmitted == 0 {
			copy(rec[casePlace:caseCountry], said[casePlace:caseCountry])
		}
		rec[caseFlags] |= said[caseFlags]
		for from := caseCountry; from < caseID; from += 8 {
			if word := said[from : from+8]; !bytes.Equal(word, make([]byte, 8)) {
				copy(rec[from:from+8], word)
			}
		}
	}
	return rec[caseFlags:caseID]
}
