package bundle

import (
	"bytes"
	"sync"
	"unicode/utf8"
)

// table is one kind of rows: its columns in order, and the rule of a row.
type table struct {
	name    string
	file    string
	columns []string
	row     object // the schema of a row without query_id
}

var (
	phoneTable = sync.OnceValue(func() *table { return loadTable("phone_numbers", PhonesFile) })
	ipTable    = sync.OnceValue(func() *table { return loadTable("ip_addresses", IPsFile) })
)

// loadTable takes the columns' order from the CSVW metadata and their forms
// from the schema of records.json.
func loadTable(name, file string) *table {
	t := &table{name: name, file: file, row: object{"type": "object", "additionalProperties": false}}
	meta := loaded(name + ".csv-metadata.json")().root
	for _, c := range meta["tableSchema"].(object)["columns"].([]any) {
		t.columns = append(t.columns, c.(object)["name"].(string))
	}
	items := recordsSchema().root["properties"].(object)[name].(object)["items"].(object)["properties"].(object)
	props, required := object{}, []any{}
	for _, c := range t.columns {
		props[c] = items[c]
		required = append(required, c)
	}
	t.row["properties"], t.row["required"] = props, required
	return t
}

func (t *table) rule(column string) object {
	return t.row["properties"].(object)[column].(object)
}

// parse reads a whole CSV file into rows.
// SPEC: RFC 4180 without quotes: no cell of these tables needs them.
func (t *table) parse(b []byte) ([]object, *Fault) {
	body, f := csvBody(b, t.columns)
	if f != nil {
		return nil, f.in(t.file, 0)
	}
	var rows []object
	last := ""
	for n := 1; len(body) > 0; n++ {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok || bytes.ContainsAny(line, "\r\n") {
			return nil, wrong(LineEnd, "", "the line does not end in CR LF").in(t.file, n)
		}
		body = rest
		row, f := t.line(line)
		if f != nil {
			return nil, f.in(t.file, n)
		}
		id, _ := row["record_id"].(string)
		if id <= last {
			return nil, wrong(Order, "record_id", "record ids do not rise, or one comes twice").in(t.file, n)
		}
		last = id
		rows = append(rows, row)
	}
	return rows, nil
}

// csvBody sees to the encoding and the first line, and gives what follows.
func csvBody(b []byte, columns []string) ([]byte, *Fault) {
	if bytes.HasPrefix(b, []byte("\ufeff")) {
		return nil, wrong(Encoding, "", "it begins with a byte order mark")
	}
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return nil, wrong(Encoding, "", "it is not UTF-8 text")
	}
	head := []byte{}
	for i, c := range columns {
		if i > 0 {
			head = append(head, ',')
		}
		head = append(head, c...)
	}
	body, ok := bytes.CutPrefix(b, append(head, "\r\n"...))
	if !ok {
		return nil, wrong(Columns, "", "its first line is not the columns of its schema")
	}
	return body, nil
}

func (t *table) line(line []byte) (object, *Fault) {
	cells := bytes.Split(line, []byte(","))
	if len(cells) != len(t.columns) {
		return nil, wrong(Cells, "", "it has %d cells in place of %d", len(cells), len(t.columns))
	}
	row := object{}
	for i, c := range t.columns {
		row[c] = field(t.rule(c), string(cells[i]))
	}
	return row, t.check(row)
}

// check holds a row against its schema. A cell that is no number where one
// belongs has a wrong form, not a wrong type: a CSV has no types.
func (t *table) check(row object) *Fault {
	if f := recordsSchema().value(t.row, row, ""); f != nil {
		if f.Code == Type {
			f.Code = Form
		}
		return f
	}
	return meaningful(row)
}
