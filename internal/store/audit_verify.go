package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
)

// RowSource gives the business rows as they are, for the replay of the log.
type RowSource interface {
	// Rows calls f for every row of every guarded table: the table and id under
	// which its event committed to it, the event that wrote it last, and its
	// canonical form.
	Rows(ctx context.Context, f func(table, id, eventID string, canonical []byte) error) error
}

// AuditCheck says against what a database is verified.
type AuditCheck struct {
	Trust    audit.Trust                      // the log's keys
	Kept     []byte                           // the last signed checkpoint from outside the database; nil if there is none to compare
	Rows     func(tx *gorm.DB) RowSource      // the business rows in the verification's transaction; nil for the store's own
	LogOnly  bool                             // leave out the business rows
	Grace    time.Duration                    // how long an event may wait for its place; 0 for a minute
	TempDir  string                           // for what does not fit in memory; empty for the system's
	Memory   int                              // bytes for the replay's records before they go to TempDir; 0 for 128 MiB
	Progress func(what string, done, n int64) // called now and then, if not nil; n is 0 while unknown
}

// AuditReport is what a verification looked at.
type AuditReport struct {
	Log         audit.Report
	Guards      int   // triggers, functions, rules and rights
	Checkpoints int64 // published ones, each one's signature and root
	Tiles       int64 // full tiles in the database
	Entries     int64 // placed events: entry, columns, hash and payload
	Erased      int64 // entries whose values were erased, as the log says
	Pending     int64 // events recorded a moment ago, without a place yet
	Rows        int64 // business rows that are what the log says
	Kept        bool  // the checkpoint outside the database was compared
	SetBack     []audit.ClockStep
	Doubtful    []GapCases // of each gap of the log, which cases were open when it began
	Rules       int        // of the database's catalogue that are as lerd installed them; 0: not compared
	Evaluation  bool       // the database is an evaluation's: steps count in it without a passkey
}

// Difference is the first thing found that is not as it should be: one
// sentence for the person who has to look. It names ids, never contents.
type Difference string

// Error gives the sentence.
func (d Difference) Error() string { return string(d) }

func differs(format string, args ...any) error { return Difference(fmt.Sprintf(format, args...)) }

// VerifyAudit recomputes the log of a database and replays it over the business
// rows, in one snapshot, so that work may go on meanwhile. An error is a
// Difference or an *audit.Violation if something is wrong, and any other error
// if the verification could not be carried to its end. It needs a role that
// sees all rows (lerd_auditor or lerd_owner).
func VerifyAudit(ctx context.Context, db *gorm.DB, check AuditCheck) (report AuditReport, err error) {
	if check.Progress == nil {
		check.Progress = func(string, int64, int64) {}
	}
	if check.Grace == 0 {
		check.Grace = time.Minute
	}
	if err := awaitPublication(ctx, db, check); err != nil {
		return report, err
	}
	var said sync.Mutex // steps that run side by side say how far they are
	progress := check.Progress
	check.Progress = func(what string, done, n int64) {
		said.Lock()
		defer said.Unlock()
		progress(what, done, n)
	}
	err = db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := seeAll(tx); err != nil {
			return err
		}
		v := &auditVerifier{check: check, db: db, tx: tx, pool: tx.Statement.ConnPool, report: &report, watch: auditorWatch{}}
		memory := cmp.Or(check.Memory, 128<<20)
		v.replay, v.cases = newReplay(check.TempDir, memory/4*3, v.record(ctx)), newCaseList(check.TempDir, memory/4)
		defer v.replay.close()
		defer v.cases.said.Close()
		if err := tx.Raw("SELECT pg_export_snapshot()").Scan(&v.snapshot).Error; err != nil {
			return err
		}
		return v.all(ctx)
	}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err == nil && !check.LogOnly {
		report.Doubtful, err = gapCases(ctx, db, report.Log.Gaps)
	}
	return report, err
}

// seeAll lets the transaction see every row: the application's role does for the
// auditor alone, lerd_auditor always. It looks at lerd's tables and PostgreSQL's catalogue
// and not at stand-ins, whatever path the database gives to the role.
func seeAll(tx *gorm.DB) error {
	return tx.Exec("SELECT set_config('lerd.scope', 'auditor', true), set_config('search_path', 'public', true)").Error
}

// record reads one event's entry again, to say what is wrong with it.
func (v *auditVerifier) record(ctx context.Context) func(audit.EventID) (audit.Record, error) {
	return func(id audit.EventID) (audit.Record, error) {
		var entry []byte
		if err := v.pool.QueryRowContext(ctx, `SELECT entry FROM audit.event WHERE id = $1`, string(id)).Scan(&entry); err != nil {
			return audit.Record{}, err
		}
		return audit.ParseEntry(entry)
	}
}

// share runs f in another transaction that sees the same snapshot.
func (v *auditVerifier) share(ctx context.Context, f func(tx *gorm.DB) error) error {
	return v.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// The name was made by PostgreSQL; SET takes no parameters.
		if err := tx.Exec("SET TRANSACTION SNAPSHOT '" + v.snapshot + "'").Error; err != nil {
			return err
		}
		if err := seeAll(tx); err != nil {
			return err
		}
		return f(tx)
	}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

// awaitPublication waits, for two seconds, until what was signed is published:
// a running sequencer does the one right after the other.
func awaitPublication(ctx context.Context, db *gorm.DB, check AuditCheck) error {
	if check.Kept == nil {
		return nil
	}
	kept, err := audit.OpenCheckpoint(check.Kept, check.Trust)
	if err != nil {
		return differs("The checkpoint kept outside the database is not one that this log has signed: %v.", err)
	}
	for try := 0; ; try++ {
		var placed, published uint64
		err := db.Statement.ConnPool.QueryRowContext(ctx, `SELECT (SELECT coalesce(max(index) + 1, 0) FROM audit.leaf),
			(SELECT coalesce(max(size), 0) FROM audit.checkpoint)`).Scan(&placed, &published)
		if err != nil || published >= kept.Size || placed < kept.Size { // the last is a rollback, and is said so
			return err
		}
		if try == 20 {
			return differs("The checkpoint over %d entries was signed and is not published; the newest there is over %d. "+
				"It was removed, or the sequencer stopped in between or waits for witnesses: it publishes again when it goes on.", kept.Size, published)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// auditVerifier is one verification under way.
type auditVerifier struct {
	check  AuditCheck
	db     *gorm.DB // for more transactions over the same snapshot
	tx     *gorm.DB
	pool   gorm.ConnPool
	report *AuditReport
	replay *replay
	cases  *caseList

	snapshot  string                // as PostgreSQL names it
	published []publishedCheckpoint // what is still to be compared, by size
	state     audit.TreeState       // over the entries seen so far
	down      error                 // the first guard that is not in force
	clock     audit.ClockWatch
	watch     auditorWatch
	indexed   int64 // the newest entry in the index of the log
	misread   error // the first line of that index that differs
}

type publishedCheckpoint struct {
	size uint64
	root []byte
	note []byte
}

// all runs the checks from the cheap to the dear; each one names the first
// thing that differs. A guard that is down says that something may have been
// changed; what was changed is looked for all the same, and both are named.
func (v *auditVerifier) all(ctx context.Context) error {
	if err := v.ends(ctx); err != nil {
		return err
	}
	if v.down = v.guards(ctx); v.down != nil && !IsDifference(v.down) {
		return v.down
	}
	for _, step := range []func(context.Context) error{v.log, v.spare, v.pending, v.streams, v.rows, v.samples, v.auditors, v.indexTables} {
		if err := step(ctx); err != nil {
			return errors.Join(err, v.down)
		}
	}
	return v.down
}

// log recomputes the log from the events, and beside that as it is published.
// What the events say is said first: it names more.
func (v *auditVerifier) log(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	published := make(chan error, 1)
	go func() {
		published <- v.share(ctx, func(tx *gorm.DB) error { return v.asPublished(ctx, tx.Statement.ConnPool) })
	}()
	err := v.entries(ctx)
	if err != nil {
		stop()
		<-published
		return err
	}
	return <-published
}

func (v *auditVerifier) streams(context.Context) error { return v.replay.checkStreams() }

// ends compares the log's length and its newest checkpoint with the one kept
// outside the database: a restored backup or a cut tail shows here.
func (v *auditVerifier) ends(ctx context.Context) error {
	placed, err := placed(ctx, v.pool)
	if err != nil {
		return err
	}
	if err := v.readPublished(ctx); err != nil {
		return err
	}
	if err := v.beginIndex(ctx); err != nil {
		return err
	}
	if v.check.Kept == nil {
		return nil
	}
	kept, err := audit.OpenCheckpoint(v.check.Kept, v.check.Trust)
	if err != nil {
		return differs("The checkpoint kept outside the database is not one that this log has signed: %v.", err)
	}
	if uint64(placed) < kept.Size {
		return &audit.Violation{Breach: audit.Rollback, Index: uint64(placed), Reason: fmt.Sprintf(
			"the database has %d entries, but %d were signed: it was restored from an older copy, or its tail was removed", placed, kept.Size)}
	}
	v.report.Kept = true
	return v.addPublished(kept)
}

func (v *auditVerifier) readPublished(ctx context.Context) error {
	rows, err := v.pool.QueryContext(ctx, `SELECT size, root, note FROM audit.checkpoint ORDER BY size`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c publishedCheckpoint
		if err := rows.Scan(&c.size, &c.root, &c.note); err != nil {
			return err
		}
		v.published = append(v.published, c)
		v.report.Checkpoints++
	}
	return rows.Err()
}

// addPublished lets the kept checkpoint be compared like a published one. It is
// the newest, or a published one: the keeper is never behind.
func (v *auditVerifier) addPublished(kept audit.SignedCheckpoint) error {
	mine := publishedCheckpoint{kept.Size, kept.Root[:], kept.Note}
	if n := len(v.published); n == 0 || v.published[n-1].size < kept.Size {
		v.published = append(v.published, mine)
		return nil
	}
	for i, c := range v.published {
		if c.size == kept.Size && !bytes.Equal(c.root, kept.Root[:]) {
			return &audit.Violation{Breach: audit.Fork, Index: c.size, Reason: fmt.Sprintf(
				"at %d entries the database published another root than the one kept outside it", c.size)}
		}
		if c.size > kept.Size {
			v.published = append(v.published[:i], append([]publishedCheckpoint{mine}, v.published[i:]...)...)
			return nil
		}
	}
	return nil
}

func (v *auditVerifier) guards(ctx context.Context) (err error) {
	g := guardCheck{ctx: ctx, pool: v.pool}
	// First, whatever else is found: what is asked of auditors depends on it.
	if v.report.Evaluation, err = g.evaluation(); err != nil {
		return err
	}
	found, looked, err := g.faults()
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return differs("In the database %s.", found[0])
	}
	v.report.Guards = looked
	return v.installed(ctx)
}

// installed compares what the database holds people to with what lerd installed.
func (v *auditVerifier) installed(ctx context.Context) error {
	if v.check.LogOnly {
		return nil
	}
	found, looked, err := guardCheck{ctx: ctx, pool: v.pool}.installed(v.report.Evaluation)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return differs("In the database %s.", found[0])
	}
	v.report.Rules = looked
	return nil
}

// asPublished verifies the log once more through the very reader that serves
// it, with the verifier that everybody else uses.
func (v *auditVerifier) asPublished(ctx context.Context, pool gorm.ConnPool) error {
	if v.report.Checkpoints == 0 {
		return nil
	}
	reader := &oneAtATime{reader: AuditReader{pool: pool}}
	note, err := reader.ReadCheckpoint(ctx)
	if err != nil {
		return err
	}
	v.report.Log, err = audit.VerifyLog(ctx, reader, note, v.check.Trust, audit.VerifyOptions{
		TempDir: v.check.TempDir, Now: time.Now,
		Progress: func(p audit.Progress) {
			v.check.Progress("verifying as published", int64(p.Done), int64(p.Size))
		},
	})
	return err
}

// oneAtATime lets the parallel readers of a verification share the one
// connection that has the snapshot.
type oneAtATime struct {
	mu     sync.Mutex
	reader AuditReader
}

func (r *oneAtATime) ReadTile(ctx context.Context, level uint8, index uint64, width int) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reader.ReadTile(ctx, level, index, width)
}

func (r *oneAtATime) ReadEntries(ctx context.Context, index uint64, width int) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reader.ReadEntries(ctx, index, width)
}

func (r *oneAtATime) ReadCheckpoint(ctx context.Context) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reader.ReadCheckpoint(ctx)
}

// pending looks at the events without a place. They may wait for it for a
// moment; what waits longer was never sequenced, or lost its place.
func (v *auditVerifier) pending(ctx context.Context) error {
	rows, err := v.pool.QueryContext(ctx, `SELECT `+entryColumns+`, extract(epoch FROM clock_timestamp() - e.recorded_at)::float8,
		e.version = 1 OR EXISTS (SELECT 1 FROM audit.event b JOIN audit.leaf l ON l.event_id = b.id WHERE b.stream = e.stream AND b.version = e.version - 1)
		FROM audit.event e`+besides+`WHERE NOT EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = e.id) ORDER BY e.xid, e.id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var waiting []audit.Pending
	events := map[audit.EventID]storedEvent{}
	for rows.Next() {
		var e storedEvent
		var age float64
		var follows bool // its predecessor has a place
		if err := rows.Scan(append(e.targets(), &age, &follows)...); err != nil {
			return err
		}
		if age > v.check.Grace.Seconds() {
			return differs("Event %s was recorded and has no place in the log.", e.id.String)
		}
		if age < -v.check.Grace.Seconds() { // it would wait for ever, and nobody would miss it
			return differs("Event %s has no place in the log, and its row says that it was recorded in the future: that was altered, or the database's clock was set back.", e.id.String)
		}
		record, err := e.check()
		if err != nil {
			return err
		}
		waiting = append(waiting, audit.Pending{ID: record.ID, Stream: record.Stream, Version: record.Version,
			PredecessorPlaced: follows, Causes: record.Causes})
		events[record.ID] = e
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return v.replayPending(waiting, events)
}

// replayPending lets events that wait for their place take part in the replay:
// their rows are in the same snapshot.
func (v *auditVerifier) replayPending(waiting []audit.Pending, events map[audit.EventID]storedEvent) error {
	for i := range waiting {
		for _, c := range waiting[i].Causes {
			if _, ok := events[c]; ok {
				waiting[i].CausesUnplaced = append(waiting[i].CausesUnplaced, c)
			}
		}
	}
	placed, held := audit.Order(waiting)
	if len(held) > 0 {
		return differs("Event %s relies on an event that is not there.", held[0].ID)
	}
	for _, p := range placed {
		e := events[p.ID]
		record, err := e.check()
		if err != nil {
			return err
		}
		if err := v.replay.apply(record, e.body != nil); err != nil {
			return err
		}
		v.report.Pending++
	}
	return nil
}

// rows compares every business row with the newest event that wrote it.
func (v *auditVerifier) rows(ctx context.Context) error {
	if v.check.LogOnly || v.check.Rows == nil {
		return nil
	}
	if found, _, err := (guardCheck{ctx: ctx, pool: v.pool, tables: v.replay.withSchema()}).faults(); err != nil {
		return err
	} else if len(found) > 0 && v.down == nil {
		v.down = differs("In the database %s.", found[0])
	}
	if err := v.share(ctx, func(tx *gorm.DB) error { return v.standing(ctx, tx.Statement.ConnPool) }); err != nil {
		return err
	}
	return v.replay.checkRows(ctx, v.rowBy)
}

// standing gives every row, as it stands, to the replay; salts are read through
// pool, since the rows occupy the verification's own connection.
func (v *auditVerifier) standing(ctx context.Context, pool gorm.ConnPool) error {
	batch := rowBatch{pool: pool, replay: v.replay}
	err := v.check.Rows(v.tx).Rows(ctx, func(table, id, event string, canonical []byte) error {
		if v.report.Rows++; v.report.Rows%10_000 == 0 {
			v.check.Progress("comparing rows", v.report.Rows, v.replay.count)
		}
		return batch.add(ctx, standingRow{table, id, event, slices.Clone(canonical)})
	})
	if err != nil {
		return err
	}
	return batch.flush(ctx)
}

// rowBy finds a row by its key in the replay.
func (v *auditVerifier) rowBy(ctx context.Context, key []byte) (table, id string, err error) {
	err = v.check.Rows(v.tx).Rows(ctx, func(t, i, _ string, _ []byte) error {
		if table == "" && bytes.Equal(keyOfText(t, i), key) {
			table, id = t, i
		}
		return nil
	})
	return table, id, err
}

// IsDifference tells a finding from a verification that could not be carried
// to its end.
func IsDifference(err error) bool {
	var d Difference
	var violation *audit.Violation
	return errors.As(err, &d) || (errors.As(err, &violation) && violation.Breach != audit.Unsettled)
}
