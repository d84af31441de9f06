package export

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lerd/internal/export/columns"
	"lerd/internal/fault"
)

// recordWriter writes each record once into its CSV and into records.json,
// from the same cells, in one pass over the sources.
type recordWriter struct {
	bound   boundary
	row     row
	buf     []byte
	last    []byte
	json    *stream
	cases   *caseGraph
	empty   map[*columns.Table][]int64 // by column: rows in which it is empty
	checker map[*columns.Table]*columns.Checker
	canary  func(line []byte) error
	phones  int64
	ips     int64
}

func (st *stager) records(ctx context.Context, c *Content, canary func([]byte) error) (w *recordWriter, err error) {
	w = &recordWriter{canary: canary, row: row{mark: "-" + c.Header.Copy.Mark}, bound: newBoundary(c.Header, c.Derivations), cases: newCaseGraph(c),
		checker: map[*columns.Table]*columns.Checker{phoneTable: columns.NewChecker(phoneTable), ipTable: columns.NewChecker(ipTable)},
		empty:   map[*columns.Table][]int64{phoneTable: make([]int64, len(phoneTable.Columns)), ipTable: make([]int64, len(ipTable.Columns))}}
	phoneCSV, err := st.begin("data/records/phone_numbers.csv", "text/csv")
	if err != nil {
		return nil, err
	}
	ipCSV, err := st.begin("data/records/ip_addresses.csv", "text/csv")
	if err != nil {
		return nil, errors.Join(err, phoneCSV.finish(nil))
	}
	if w.json, err = st.begin("data/records/records.json", "application/json"); err != nil {
		return nil, errors.Join(err, phoneCSV.finish(nil), ipCSV.finish(nil))
	}
	err = w.all(ctx, c, phoneCSV, ipCSV)
	total := w.phones + w.ips
	return w, errors.Join(err, phoneCSV.finish(&w.phones), ipCSV.finish(&w.ips), w.json.finish(&total))
}

func (w *recordWriter) all(ctx context.Context, c *Content, phoneCSV, ipCSV *stream) error {
	head, err := recordsHead(c.Header.ExportID, c.Derivations)
	if err != nil {
		return err
	}
	if _, err := w.json.Write(head); err != nil {
		return err
	}
	if err := w.writePhones(ctx, c, phoneCSV); err != nil {
		return err
	}
	if _, err := w.json.Write([]byte("\n],\"ip_addresses\":[")); err != nil {
		return err
	}
	if err := w.writeIPs(ctx, c, ipCSV); err != nil {
		return err
	}
	_, err = w.json.Write([]byte("\n]}\n"))
	return err
}

// recordsHead is the beginning of records.json, up to the first phone number.
func recordsHead(exportID string, ds []Derivation) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"schema\":%q,\"export_id\":%q,\"derivations\":[", SchemaRecords, exportID)
	for i, d := range ds {
		line, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n],\"phone_numbers\":[")
	return b.Bytes(), nil
}

func (w *recordWriter) writePhones(ctx context.Context, c *Content, csv *stream) error {
	if _, err := csv.Write([]byte(phoneTable.Header())); err != nil {
		return err
	}
	w.last = w.last[:0]
	if c.Phones == nil {
		return nil
	}
	for p, err := range c.Phones {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.bound.phone(&p)
		}
		if err == nil {
			err = w.write(phoneTable, w.row.phone(&p), p.QueryID, csv, w.phones == 0)
		}
		if err != nil {
			return err
		}
		w.phones++
		w.cases.phone(&p)
	}
	return nil
}

func (w *recordWriter) writeIPs(ctx context.Context, c *Content, csv *stream) error {
	if _, err := csv.Write([]byte(ipTable.Header())); err != nil {
		return err
	}
	w.last = w.last[:0]
	if c.IPs == nil {
		return nil
	}
	for p, err := range c.IPs {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.bound.ip(&p)
		}
		if err == nil {
			err = w.write(ipTable, w.row.ip(&p), p.QueryID, csv, w.ips == 0)
		}
		if err != nil {
			return err
		}
		w.ips++
		w.cases.ip(&p)
	}
	return nil
}

func (w *recordWriter) write(t *columns.Table, cells [][]byte, query string, csv *stream, first bool) error {
	check := w.checker[t]
	if err := check.Check(cells); err != nil {
		return err
	}
	if bytes.Compare(cells[0], w.last) <= 0 {
		return fault.New(fault.Invalid, "The records of %s must come in rising order of record_id, none twice.", t.Name)
	}
	w.last = append(w.last[:0], cells[0]...)
	for i, empty := 0, w.empty[t]; i < len(cells); i++ {
		if len(cells[i]) == 0 {
			empty[i]++
		}
	}
	line := w.row.line()
	if err := w.canary(line); err != nil {
		return err
	}
	if _, err := csv.Write(line); err != nil {
		return err
	}
	w.buf = w.buf[:0]
	if !first {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(append(w.buf, '\n'), check.JSON()...)
	w.buf = columns.AppendTail(w.buf, query)
	_, err := w.json.Write(w.buf)
	return err
}

// absences tells of each column that is empty in some row.
func (w *recordWriter) absences() []Absence {
	out := []Absence{}
	for _, t := range []struct {
		table *columns.Table
		rows  int64
	}{{phoneTable, w.phones}, {ipTable, w.ips}} {
		for i, n := range w.empty[t.table] {
			if c := t.table.Columns[i]; n > 0 {
				out = append(out, Absence{Table: t.table.Name, Column: c.Name, Empty: n, Rows: t.rows, Meaning: c.Empty})
			}
		}
	}
	return out
}
