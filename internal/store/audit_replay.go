package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"lerd/internal/audit"
)

// replay holds what the log says of streams and of business rows: a record of
// fixed size for each event and for each row that an event wrote, in memory up to
// a limit and in temporary files beyond, so that a log of any size is compared
// with its tables in bounded memory.
type replay struct {
	seq     uint64 // of the next event, in the log's order
	streams *audit.Spill
	rows    *audit.Spill
	tables  map[string]bool
	count   int64 // rows that events wrote
	find    func(audit.EventID) (audit.Record, error)
}

// A stream's record: key, order, version, from, to, flags, event.
const (
	streamVersion = audit.SpillKey + 8
	streamFrom    = streamVersion + 8
	streamTo      = streamFrom + 8
	streamFlags   = streamTo + 8
	streamEvent   = streamFlags + 1
	streamSize    = streamEvent + 16
)

// The flags of a stream's record.
const (
	moves    = 1 << iota // it moves the case of its stream from one state to another
	unopened             // its payload is gone
	erases               // it tells of an erasure: payloads before it may be gone
)

// A row's record: key, who says it, order, event, commitment.
const (
	rowSide   = audit.SpillKey
	rowOrder  = rowSide + 1
	rowEvent  = rowOrder + 8
	rowCommit = rowEvent + 16
	rowSize   = rowCommit + 32

	byLog   = 0
	byTable = 1
)

func newReplay(dir string, memory int, find func(audit.EventID) (audit.Record, error)) *replay {
	return &replay{streams: audit.NewSpill(dir, streamSize, memory/2), rows: audit.NewSpill(dir, rowSize, memory/2), tables: map[string]bool{}, find: find}
}

func (r *replay) close() {
	r.streams.Close()
	r.rows.Close()
}

// keyOfText gives the key of a stream's or a row's name.
func keyOfText(parts ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return sum[:audit.SpillKey]
}

func short(state string) []byte {
	sum := sha256.Sum256([]byte(state))
	return sum[:8]
}

func idBytes(id string) (b [16]byte) {
	_, _ = hex.Decode(b[:], []byte(strings.ReplaceAll(id, "-", "")))
	return b
}

func idText(b []byte) audit.EventID {
	h := hex.EncodeToString(b)
	return audit.EventID(strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-"))
}

// erasureMade is the kind of event under which a stream was erased: what opened
// the commitments of the events before it may be gone.
const erasureMade = "erasure.made"

// apply takes an event in the log's order; opened tells whether its payload is
// there.
func (r *replay) apply(e audit.Record, opened bool) error {
	if !opened && e.Kind == erasureMade {
		return differs("The payload of event %s, which tells of an erasure, is missing.", e.ID)
	}
	rec := make([]byte, 0, streamSize)
	rec = append(rec, keyOfText(e.Stream)...)
	rec = binary.BigEndian.AppendUint64(rec, r.seq)
	rec = binary.BigEndian.AppendUint64(rec, uint64(e.Version))
	rec = append(append(rec, short(e.Facts["from"])...), short(e.Facts["to"])...)
	var flags byte
	if _, is := e.Facts["to"]; is && strings.HasPrefix(e.Stream, "request:") {
		flags |= moves
	}
	if !opened {
		flags |= unopened
	}
	if e.Kind == erasureMade {
		flags |= erases
	}
	id := idBytes(string(e.ID))
	if err := r.streams.Add(append(append(rec, flags), id[:]...)); err != nil {
		return err
	}
	for _, row := range e.Rows {
		r.tables[row.Table] = true
		r.count++
		if err := r.rows.Add(rowRecord(row.Table, row.ID, byLog, r.seq, id, row.Commitment)); err != nil {
			return err
		}
	}
	r.seq++
	return nil
}

func rowRecord(table, id string, side byte, seq uint64, event [16]byte, c audit.Commitment) []byte {
	rec := make([]byte, 0, rowSize)
	rec = append(append(rec, keyOfText(table, id)...), side)
	rec = binary.BigEndian.AppendUint64(rec, seq)
	return append(append(rec, event[:]...), c[:]...)
}

// stands takes a row as it stands in its table, with what its event would commit
// to if that is what it wrote; nil where the event's salt is gone.
func (r *replay) stands(table, id, event string, commitment *audit.Commitment) error {
	if commitment == nil {
		commitment = &audit.Commitment{}
	}
	return r.rows.Add(rowRecord(table, id, byTable, 0, idBytes(event), *commitment))
}

// checkStreams finds the first event that does not follow the one before it in
// its stream, and payloads that are gone without an erasure.
func (r *replay) checkStreams() error {
	var first []byte
	var wrong func(audit.Record) error
	err := r.streams.Groups(func(group [][]byte) error {
		at, say := checkStream(group)
		if at != nil && (first == nil || bytes.Compare(at[audit.SpillKey:], first[audit.SpillKey:]) < 0) {
			first, wrong = slices.Clone(at), say
		}
		return nil
	})
	if err != nil || first == nil {
		return err
	}
	e, err := r.find(idText(first[streamEvent:]))
	if err != nil {
		return err
	}
	return wrong(e)
}

// checkStream looks at the events of one stream, in the log's order.
func checkStream(group [][]byte) (at []byte, say func(audit.Record) error) {
	state, lost := short(""), []byte(nil)
	for i, rec := range group {
		want, flags := uint64(i+1), rec[streamFlags]
		if got := binary.BigEndian.Uint64(rec[streamVersion:]); got != want {
			return rec, func(e audit.Record) error {
				return differs("Event %s has version %d of its stream %s where version %d should follow.", e.ID, e.Version, e.Stream, want)
			}
		}
		if flags&moves != 0 {
			if !bytes.Equal(rec[streamFrom:streamTo], state) {
				return rec, func(e audit.Record) error {
					return differs("Event %s moves %s from state %q, in which it was not.", e.ID, e.Stream, e.Facts["from"])
				}
			}
			state = rec[streamTo : streamTo+8]
		}
		if flags&erases != 0 {
			lost = nil
		}
		if flags&unopened != 0 && lost == nil {
			lost = rec
		}
	}
	return lost, func(e audit.Record) error {
		return differs("The payload of event %s is missing, and no erasure of %s says why.", e.ID, e.Stream)
	}
}

// errRow stops the comparison at the first row that differs.
var errRow = errors.New("a row differs")

// checkRows compares every row with the newest event that wrote it. names finds
// a row of the tables by its key.
func (r *replay) checkRows(ctx context.Context, names func(ctx context.Context, key []byte) (table, id string, err error)) error {
	var wrong func() error
	err := r.rows.Groups(func(group [][]byte) error {
		if wrong = r.checkRow(ctx, group, names); wrong != nil {
			return errRow
		}
		return nil
	})
	if errors.Is(err, errRow) {
		return wrong()
	}
	return err
}

func (r *replay) checkRow(ctx context.Context, group [][]byte, names func(context.Context, []byte) (string, string, error)) func() error {
	var said, there []byte // the newest event's word, and the row
	for _, rec := range group {
		switch {
		case rec[rowSide] == byLog:
			said = rec // the last one is the newest: records are in order
		case there != nil:
			return r.nameBy(ctx, rec, names, "Row %s of table %s is there twice.")
		default:
			there = rec
		}
	}
	switch {
	case said == nil:
		return r.nameBy(ctx, there, names, "Row %s of table %s is there, and no event says so.")
	case there == nil:
		return r.named(said, func(table, id string, e audit.EventID) error {
			return differs("Row %s of table %s, written by event %s, is gone.", id, table, e)
		})
	case !bytes.Equal(said[rowEvent:rowCommit], there[rowEvent:rowCommit]):
		return r.named(said, func(table, id string, e audit.EventID) error {
			return differs("Row %s of table %s says that event %s wrote it last, and the log says event %s.", id, table, idText(there[rowEvent:rowCommit]), e)
		})
	case !bytes.Equal(said[rowCommit:], there[rowCommit:]):
		return r.named(said, func(table, id string, e audit.EventID) error {
			return differs("Row %s of table %s is not what event %s wrote.", id, table, e)
		})
	}
	return nil
}

// named finds the row that a record is about in the event that wrote it.
func (r *replay) named(rec []byte, say func(table, id string, e audit.EventID) error) func() error {
	return func() error {
		e, err := r.find(idText(rec[rowEvent:rowCommit]))
		if err != nil {
			return err
		}
		for _, row := range e.Rows {
			if bytes.Equal(keyOfText(row.Table, row.ID), rec[:audit.SpillKey]) {
				return say(row.Table, row.ID, e.ID)
			}
		}
		return differs("Event %s does not say any more which rows it wrote.", e.ID)
	}
}

func (r *replay) nameBy(ctx context.Context, rec []byte, names func(context.Context, []byte) (string, string, error), sentence string) func() error {
	return func() error {
		table, id, err := names(ctx, rec[:audit.SpillKey])
		if err != nil {
			return err
		}
		return differs(sentence, id, table)
	}
}

// withSchema gives the tables that the log speaks of, with their schema.
func (r *replay) withSchema() []string {
	var out []string
	for t := range r.tables {
		if !strings.Contains(t, ".") {
			t = "public." + t
		}
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}
