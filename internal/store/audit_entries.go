package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"gorm.io/gorm"

	"lerd/internal/audit"
)

// entryColumns are what is read of an event, in the order of storedEvent.targets, and
// besides is where what lies beside it is found.
const (
	entryColumns = `e.id::text, e.stream, e.version, array_to_string(e.causes, ','), e.kind, e.entry, p.body, oc.salt, oc.value, of.salt, of.value`
	besides      = ` LEFT JOIN audit.payload p ON p.event_id = e.id LEFT JOIN audit.opening oc ON oc.event_id = e.id AND oc.name = 'count'
		LEFT JOIN audit.opening of ON of.event_id = e.id AND of.name = 'facts' `
)

// storedEvent is an event's row, its payload's, and those of its openings.
type storedEvent struct {
	id, stream, causes, kind sql.NullString
	version                  sql.NullInt64
	entry, body              []byte
	count, facts             storedOpening
	salt                     audit.Salt // after check
}

// storedOpening is what is kept to open one value; nil: nothing is.
type storedOpening struct{ salt, value []byte }

func (e *storedEvent) targets() []any {
	return []any{&e.id, &e.stream, &e.version, &e.causes, &e.kind, &e.entry, &e.body, &e.count.salt, &e.count.value, &e.facts.salt, &e.facts.value}
}

// checkOpenings compares the openings with the commitments of the entry: figures,
// samples and what auditors read of a case follow from them, payload or not. It opens the
// record's closed facts.
func (e *storedEvent) checkOpenings(r *audit.Record) error {
	count, counts := r.Count()
	facts, closes := r.Closed()
	for _, x := range []struct {
		name string
		kept storedOpening
		has  bool
		c    audit.Commitment
	}{{"count", e.count, counts, count}, {"closed facts", e.facts, closes, facts}} {
		switch {
		case x.has && x.kept.salt == nil:
			return differs("The opening of the %s of event %s is gone.", x.name, r.ID)
		case !x.has && x.kept.salt != nil:
			return differs("There is an opening of the %s of event %s, which has none.", x.name, r.ID)
		case x.has && (len(x.kept.salt) != len(audit.Salt{}) || !audit.ValueOpening{Salt: audit.Salt(x.kept.salt), Value: x.kept.value}.Opens(x.c)):
			return differs("The opening of the %s of event %s is not the one that was recorded.", x.name, r.ID)
		}
	}
	if !closes {
		return nil
	}
	if err := r.Open(audit.ValueOpening{Salt: audit.Salt(e.facts.salt), Value: e.facts.value}); err != nil {
		return differs("The closed facts of event %s cannot be read: %v.", r.ID, err)
	}
	return nil
}

// check compares the columns, which people read, with the entry, which is
// signed, and opens the payload.
func (e *storedEvent) check() (audit.Record, error) {
	r, err := audit.ParseEntry(e.entry)
	if err != nil {
		return r, differs("The entry of event %s cannot be read: %v.", e.id.String, err)
	}
	for _, c := range []struct{ name, column, entry string }{
		{"id", e.id.String, string(r.ID)},
		{"stream", e.stream.String, r.Stream},
		{"version", fmt.Sprint(e.version.Int64), fmt.Sprint(r.Version)},
		{"causes", e.causes.String, joinIDs(r.Causes)},
		{"kind", e.kind.String, r.Kind},
	} {
		if c.column != c.entry {
			return r, differs("The column %s of event %s says %q, and its signed entry says %q.", c.name, e.id.String, c.column, c.entry)
		}
	}
	if err := e.checkOpenings(&r); err != nil {
		return r, err
	}
	if e.body == nil {
		return r, nil // erased, if the log says so
	}
	p, err := audit.ParsePayload(e.body)
	if err == nil {
		err = audit.VerifyPayload(r, p)
	}
	if err != nil {
		return r, differs("The payload of event %s is not the one that was recorded: %v.", r.ID, err)
	}
	e.salt = p.Salt
	return r, nil
}

func joinIDs(ids []audit.EventID) string {
	var b []byte
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, id...)
	}
	return string(b)
}

// verifyBatch is how many entries are in memory at a time.
const verifyBatch = 4096

// entries recomputes the log from the events: every leaf, tile, root and
// signature in the database.
func (v *auditVerifier) entries(ctx context.Context) error {
	placed, err := placed(ctx, v.pool)
	if err != nil {
		return err
	}
	if err := v.signed(); err != nil { // a checkpoint of the empty log
		return err
	}
	err = v.batches(ctx, placed, func(first int64, batch []placedEvent) error {
		leaves, err := v.take(first, batch)
		if err != nil {
			return err
		}
		if err := v.grow(ctx, leaves); err != nil {
			return err
		}
		if err := v.readBy(ctx, first, batch); err != nil {
			return err
		}
		v.check.Progress("recomputing entries", first+int64(len(leaves)), placed)
		return nil
	})
	if err != nil {
		return err
	}
	if len(v.published) > 0 {
		return &audit.Violation{Breach: audit.Rollback, Index: uint64(placed), Reason: fmt.Sprintf(
			"a checkpoint over %d entries was published, and the log has %d", v.published[len(v.published)-1].size, placed)}
	}
	return nil
}

// placedEvent is an event with its place, and what its check gave.
type placedEvent struct {
	index     int64
	leafEvent string
	hash      []byte
	storedEvent

	leaf   audit.Hash
	record audit.Record
	err    error
}

// batches reads the entries through a connection of its own, a batch ahead, and
// has each batch checked by all processors before visit takes it in order.
func (v *auditVerifier) batches(ctx context.Context, placed int64, visit func(first int64, batch []placedEvent) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready, failed := make(chan []placedEvent, 1), make(chan error, 1)
	go func() {
		defer close(ready)
		failed <- v.share(ctx, func(tx *gorm.DB) error {
			for first := int64(0); first < placed; first += verifyBatch {
				batch, err := readPlaced(ctx, tx.Statement.ConnPool, first, min(first+verifyBatch, placed))
				if err != nil {
					return err
				}
				checkAll(batch)
				select {
				case ready <- batch:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}()
	first := int64(0)
	for batch := range ready {
		if err := visit(first, batch); err != nil {
			stop()
			for range ready { // until the reader has let its connection go
			}
			return err
		}
		first += verifyBatch
	}
	return <-failed
}

// readPlaced reads the entries from first to before end.
func readPlaced(ctx context.Context, pool gorm.ConnPool, first, end int64) ([]placedEvent, error) {
	rows, err := pool.QueryContext(ctx, `SELECT l.index, l.event_id::text, l.hash, `+entryColumns+`
		FROM audit.leaf l LEFT JOIN audit.event e ON e.id = l.event_id`+besides+`WHERE l.index >= $1 AND l.index < $2 ORDER BY l.index`, first, end)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := make([]placedEvent, 0, end-first)
	for rows.Next() {
		var e placedEvent
		if err := rows.Scan(append([]any{&e.index, &e.leafEvent, &e.hash}, e.targets()...)...); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

// checkAll checks every event by itself.
func checkAll(batch []placedEvent) {
	var wg sync.WaitGroup
	for part := range slices.Chunk(batch, max(1, (len(batch)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))) {
		wg.Go(func() {
			for i := range part {
				part[i].examine()
			}
		})
	}
	wg.Wait()
}

func (e *placedEvent) examine() {
	if !e.id.Valid {
		e.err = differs("Event %s has a place in the log and is gone.", e.leafEvent)
		return
	}
	if e.leaf = audit.LeafHash(e.entry); !bytes.Equal(e.hash, e.leaf[:]) {
		e.err = differs("Event %s is not the one that was placed here: its hash differs.", e.leafEvent)
		return
	}
	e.record, e.err = e.check()
}

// take gives the batch to the replay, in order, and its leaves.
func (v *auditVerifier) take(first int64, batch []placedEvent) ([]audit.Hash, error) {
	leaves := make([]audit.Hash, 0, len(batch))
	for i := range batch {
		e := &batch[i]
		if want := first + int64(i); e.index != want {
			return nil, differs("Entry %d of the log is missing.", want)
		}
		if e.err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.index, e.err)
		}
		v.report.Entries++
		if e.body == nil {
			v.report.Erased++
		}
		if err := v.replay.apply(e.record, e.body != nil); err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.index, err)
		}
		v.clock.Look(uint64(e.index), e.record.At)
		v.watch.saw(e.record)
		leaves = append(leaves, e.leaf)
	}
	v.report.SetBack = v.clock.Steps
	return leaves, nil
}

// grow adds leaves to the recomputed tree, stops at each published checkpoint
// and compares the tiles that became full.
func (v *auditVerifier) grow(ctx context.Context, leaves []audit.Hash) error {
	for len(leaves) > 0 {
		n := uint64(len(leaves))
		if len(v.published) > 0 {
			n = min(n, v.published[0].size-v.state.Size)
		}
		state, tiles, err := audit.Grow(v.state, leaves[:n])
		if err != nil {
			return err
		}
		if err := v.tiles(ctx, tiles); err != nil {
			return err
		}
		v.state, leaves = state, leaves[n:]
		if err := v.signed(); err != nil {
			return err
		}
	}
	return nil
}

// signed compares the recomputed root with the published checkpoint of its size.
func (v *auditVerifier) signed() error {
	if len(v.published) == 0 || v.published[0].size != v.state.Size {
		return nil
	}
	c := v.published[0]
	v.published = v.published[1:]
	signed, err := audit.OpenCheckpoint(c.note, v.check.Trust)
	if err != nil {
		return &audit.Violation{Breach: audit.BadNote, Index: c.size, Reason: fmt.Sprintf("the checkpoint over %d entries is not one that this log has signed", c.size), Err: err}
	}
	root := v.state.Root()
	if signed.Size != c.size || !bytes.Equal(c.root, signed.Root[:]) {
		return differs("The columns of the checkpoint over %d entries say something else than its signed note.", c.size)
	}
	if signed.Root != root {
		return &audit.Violation{Breach: audit.BadTree, Index: c.size, Reason: fmt.Sprintf(
			"the first %d entries have the root %s, and %s was signed: an entry was changed, moved, added or removed", c.size, root, signed.Root)}
	}
	return nil
}

func (v *auditVerifier) tiles(ctx context.Context, tiles []audit.Tile) error {
	for _, t := range tiles {
		if t.Width < audit.TileWidth {
			continue
		}
		var data, root []byte
		err := v.pool.QueryRowContext(ctx, `SELECT data, root FROM audit.tile WHERE level = $1 AND index = $2`, int16(t.Level), int64(t.Index)).Scan(&data, &root)
		if err == sql.ErrNoRows {
			return differs("The hash tile %s is missing.", t.Path())
		}
		if err != nil {
			return err
		}
		want := perfectRoot(t.Data)
		if !bytes.Equal(data, t.Data) || !bytes.Equal(root, want[:]) {
			return differs("The hash tile %s is not what its entries give.", t.Path())
		}
		v.report.Tiles++
	}
	return nil
}

// spare finds tiles that no entry gives, and payloads and openings without an event.
func (v *auditVerifier) spare(ctx context.Context) error {
	var have, stray, idle int64
	err := v.pool.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM audit.tile),
		(SELECT count(*) FROM audit.payload p WHERE NOT EXISTS (SELECT 1 FROM audit.event e WHERE e.id = p.event_id)),
		(SELECT count(*) FROM audit.opening o WHERE NOT EXISTS (SELECT 1 FROM audit.event e WHERE e.id = o.event_id))`).Scan(&have, &stray, &idle)
	if err != nil {
		return err
	}
	if stray > 0 {
		return differs("There are %d payloads of events that do not exist.", stray)
	}
	if idle > 0 {
		return differs("There are %d openings of events that do not exist.", idle)
	}
	if have != v.report.Tiles {
		return differs("There are %d hash tiles in the database, and the entries give %d.", have, v.report.Tiles)
	}
	return nil
}
