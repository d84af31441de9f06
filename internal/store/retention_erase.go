package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/retention"
)

// onlyRows is the setting by which scan is kept to some rows.
const onlyRows = "lerd:only"

// ofThese keeps a scan to the rows that onlyRows names, where it is set.
func ofThese(db *gorm.DB, row tableRow) (*gorm.DB, bool) {
	v, set := db.Get(onlyRows)
	if !set {
		return db, true
	}
	ids := v.(map[string][]string)[row.TableName()]
	return db.Where(keyOf(row)+" IN ?", ids), len(ids) > 0
}

// erasedRow is a row that an erasure empties.
type erasedRow struct {
	table, id, event, stream string // event wrote it last, in that stream
}

// rowsPerEvent keeps an entry well under its 65,535 bytes.
const rowsPerEvent = 300

// Erase empties what the class says: rows first, each under an event in the
// stream that wrote it last, then what opened the commitments of those streams.
func (s *Store) Erase(ctx context.Context, e retention.Erasure, event audit.Event) (err error) {
	defer fault.Wrap(&err, "store.Erase(%s, %s)", e.Class, e.Subject)
	return s.inWriteTx(ctx, func(tx *gorm.DB) error {
		x := &eraser{tx: tx, s: s, erasure: e, event: event}
		return x.run()
	})
}

type eraser struct {
	tx      *gorm.DB
	s       *Store
	erasure retention.Erasure
	event   audit.Event
	streams []string
}

func (x *eraser) run() error {
	if err := x.tx.Raw("SELECT unnest(retention.streams(?, ?))", string(x.erasure.Class), x.erasure.Subject).Scan(&x.streams).Error; err != nil {
		return err
	}
	// The first event carries the erasure's own row.
	first := x.event
	first.ID = audit.EventID(uuid.NewString())
	row := fromErasure(x.erasure, first.ID)
	if err := x.tx.Create(row).Error; err != nil {
		return err
	}
	first.Rows = []audit.Row{{Table: row.TableName(), ID: row.rowID(), Canonical: canonical(row)}}
	if x.erasure.Class == retention.Records {
		first.Stream = "erasure:" + x.erasure.ID
		var n int64
		if err := x.tx.Raw("SELECT retention.erase_records(?)", x.erasure.ID).Scan(&n).Error; err != nil {
			return err
		}
		first.Facts["records"], first.Facts["request"] = fmt.Sprint(n), x.erasure.Subject
		return x.append(first)
	}
	rows, err := x.rows()
	if err != nil {
		return err
	}
	if err := x.empty(first, rows); err != nil {
		return err
	}
	return x.tx.Exec("SELECT retention.erase_payloads(?)", x.erasure.ID).Error
}

// rows finds what the streams wrote last, by what the log says they wrote, and
// the rows of the case that have something to empty and were written elsewhere.
func (x *eraser) rows() (out []erasedRow, err error) {
	var entries [][]byte
	if err := x.tx.Raw("SELECT entry FROM audit.event WHERE stream IN ? ORDER BY stream, version", x.streams).Scan(&entries).Error; err != nil {
		return nil, err
	}
	written := map[string]map[string]bool{}
	for _, entry := range entries {
		record, err := audit.ParseEntry(entry)
		if err != nil {
			return nil, err
		}
		for _, r := range record.Rows {
			if written[r.Table] == nil {
				written[r.Table] = map[string]bool{}
			}
			written[r.Table][r.ID] = true
		}
	}
	for _, table := range slices.Sorted(maps.Keys(written)) {
		found, err := x.find(table, "t.%[2]s IN ? AND e.stream IN ?", slices.Sorted(maps.Keys(written[table])), x.streams)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	more, err := x.elsewhere()
	return append(out, more...), err
}

// elsewhere finds rows of the subject with something to empty which other
// streams wrote, such as statements of risk.
func (x *eraser) elsewhere() (out []erasedRow, err error) {
	var tables []struct {
		Name   string `gorm:"column:tablename"`
		Column string `gorm:"column:ofcase"`
	}
	if err := x.tx.Raw(`SELECT DISTINCT f.tablename, CASE WHEN f.tablename = 'call_back' THEN 'subject_id'
			WHEN f.tablename IN ('person', 'notice_address') THEN 'id' WHEN f.class = 'person' THEN 'person_id' WHEN f.class = 'finding' THEN 'finding_id' ELSE 'request_id' END AS ofcase
		FROM retention.field f WHERE f.class = ? AND f.tablename NOT IN ('request', 'finding') ORDER BY 1`, string(x.erasure.Class)).Scan(&tables).Error; err != nil {
		return nil, err
	}
	for _, t := range tables {
		var has bool
		if err := x.tx.Raw("SELECT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ? AND column_name = ?)", t.Name, t.Column).Scan(&has).Error; err != nil {
			return nil, err
		}
		if !has {
			continue
		}
		found, err := x.find(t.Name, "t."+t.Column+" = ? AND e.stream NOT IN ?", x.erasure.Subject, x.streams)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// find reads rows of a table; %[2]s in where is its key.
func (x *eraser) find(table, where string, args ...any) (out []erasedRow, err error) {
	key := "id"
	if err := x.tx.Raw(`SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
		WHERE i.indrelid = format('public.%I', ?::text)::regclass AND i.indisprimary`, table).Scan(&key).Error; err != nil {
		return nil, err
	}
	q := `SELECT t.%[2]s::text, t.event_id::text, e.stream FROM public.%[1]s t JOIN audit.event e ON e.id = t.event_id WHERE ` + where + ` ORDER BY 1`
	rows, err := x.tx.Raw(fmt.Sprintf(q, table, key), args...).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r := erasedRow{table: table}
		if err := rows.Scan(&r.id, &r.event, &r.stream); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// empty writes an event for each stream, or several where it has many rows. What
// other streams wrote goes under the first stream's events, which rely on theirs.
func (x *eraser) empty(first audit.Event, rows []erasedRow) error {
	byStream := map[string][]erasedRow{}
	for _, r := range rows {
		under := r.stream
		if !slices.Contains(x.streams, under) {
			under = x.streams[0]
		}
		byStream[under] = append(byStream[under], r)
	}
	for i, stream := range x.streams {
		chunks := slices.Collect(slices.Chunk(byStream[stream], rowsPerEvent))
		if len(chunks) == 0 {
			chunks = [][]erasedRow{nil} // its payloads go all the same
		}
		for j, chunk := range chunks {
			e := x.event
			e.Facts, e.ID = maps.Clone(x.event.Facts), audit.EventID(uuid.NewString())
			if i == 0 && j == 0 {
				e = first
			}
			e.Stream = stream
			if err := x.emptyRows(e, chunk); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *eraser) emptyRows(e audit.Event, rows []erasedRow) error {
	tables, order := map[string][]string{}, []string{}
	for _, r := range rows {
		if tables[r.table] == nil {
			order = append(order, r.table)
		}
		tables[r.table] = append(tables[r.table], r.id)
		if event := audit.EventID(r.event); !slices.Contains(x.streams, r.stream) && !slices.Contains(e.Causes, event) {
			e.Causes = append(e.Causes, event)
		}
	}
	if i := slices.Index(order, "finding"); i > 0 { // before the items that repeat its account
		order = slices.Insert(slices.Delete(order, i, i+1), 0, "finding")
	}
	for _, t := range order {
		if err := x.tx.Exec("SELECT retention.erase_rows(?, ?, ?, ?::text::uuid[])", x.erasure.ID, string(e.ID), t, "{"+strings.Join(tables[t], ",")+"}").Error; err != nil {
			return err
		}
	}
	err := (&Store{db: x.tx.Set(onlyRows, tables)}).Rows(x.tx.Statement.Context, func(table, id, _ string, canonical []byte) error {
		e.Rows = append(e.Rows, audit.Row{Table: table, ID: id, Canonical: canonical})
		return nil
	})
	if err != nil {
		return err
	}
	return x.append(e)
}

func (x *eraser) append(e audit.Event) (err error) {
	if e.Version, err = nextVersion(x.tx, e.Stream); err != nil {
		return err
	}
	e.Epoch = x.s.epoch.Load()
	return AppendEvent(x.tx, e, x.s.rand)
}
