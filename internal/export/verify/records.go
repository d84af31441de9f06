package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"lerd/bundle"
	"lerd/internal/export/columns"
	"lerd/internal/fault"
)

const (
	exportName  = "data/export.json"
	phonesName  = "data/records/phone_numbers.csv"
	ipsName     = "data/records/ip_addresses.csv"
	recordsName = "data/records/records.json"
)

// sums is what reading a file to its end gave.
type sums struct {
	size   int64
	sha256 [sha256.Size]byte
}

// records checks export.json and that all representations of the records agree.
func (v *run) records() {
	if !v.r.do("export", "data/export.json has the form of its published schema, agrees with itself, and names the seal.", func() (string, error) {
		b, err := v.readSmall(exportName, 16<<20)
		if err != nil {
			return "", err
		}
		if v.export, err = bundle.ParseExport(b); err != nil {
			return "", fault.Because(fault.Invalid, err, "%s.", err)
		}
		v.r.ExportID = v.export.ExportID
		return v.export.ExportID, v.checkSignerName()
	}) {
		return
	}
	v.r.do("custody", "The custody record names each step in its order, by the same events, people and digests as export.json, and nobody in two parts.", v.checkCustody)
	v.r.do("outcomes", "outcomes.csv says of everything that was asked what export.json says.", v.checkOutcomes)
	v.r.do("records", "The CSV files and records.json hold the same records, each cell has its column's form, and none is outside what was approved for its subject and category.",
		v.checkRecords)
	v.r.do("counts", "Sizes, digests and numbers of records in export.json are those of the files, and each column that is empty in some row is named.", v.checkFiles)
}

func (v *run) checkSignerName() error {
	if v.seal == nil {
		return nil
	}
	sum := sha256.Sum256(v.seal.Raw)
	if hex.EncodeToString(sum[:]) != v.export.Signer.CertSHA256 {
		return fault.New(fault.Invalid, "export.json names another seal certificate than the one that sealed it.")
	}
	return nil
}

// parallel reads the CSV files beside records.json, line by line.
type parallel struct {
	v       *run
	json    *lines
	mark    []byte // of this copy
	queries map[string]bool
	allowed map[string]*outcome        // subject and category
	account map[string]string          // subject → the account of its records
	empty   map[*columns.Table][]int64 // by column: rows in which it is empty
	checker *columns.Checker
	cells   [][]byte
	last    []byte
	within  within
}

// outcome is what was approved for one category of one subject, its times in
// the form in which they can be compared with cells.
type outcome struct {
	from, to string
	approved bool
	stated   int64
	found    int64
}

// key names an outcome; a subject's reference has no space in it.
func key(subject, category string) string { return subject + " " + category }

func (v *run) checkRecords() (string, error) {
	j, err := v.lines(recordsName)
	if err != nil {
		return "", err
	}
	defer j.close()
	p := &parallel{v: v, json: j, mark: []byte("-" + v.export.Copy.Mark), queries: map[string]bool{}, allowed: map[string]*outcome{}, account: map[string]string{}, empty: map[*columns.Table][]int64{}}
	for _, o := range v.export.Outcomes {
		a := &outcome{approved: o.Applied != nil, stated: o.Records}
		if a.approved {
			a.from, a.to = moment(o.Applied.From), moment(o.Applied.To)
		}
		p.allowed[key(o.SubjectRef, o.Category)] = a
	}
	if err := p.head(); err != nil {
		return "", err
	}
	if v.r.Phones, err = p.table(&columns.PhoneNumbers, phonesName, "],\"ip_addresses\":[\n"); err != nil {
		return "", err
	}
	if v.r.IPs, err = p.table(&columns.IPAddresses, ipsName, "]}\n"); err != nil {
		return "", err
	}
	v.empty = map[string]int64{}
	for t, list := range p.empty {
		for i, n := range list {
			if n > 0 {
				v.empty[t.Name+"."+t.Columns[i].Name] = n
			}
		}
	}
	if err := p.counted(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d phone numbers, %d IP addresses", v.r.Phones, v.r.IPs), j.end(v)
}

// counted holds the numbers of records that export.json states against those found.
func (p *parallel) counted() error {
	v := p.v
	if v.r.Phones+v.r.IPs != v.export.Minimisation.RecordsDisclosed {
		return fault.New(fault.Invalid, "export.json says that %d records are disclosed, but there are %d.",
			v.export.Minimisation.RecordsDisclosed, v.r.Phones+v.r.IPs)
	}
	for _, o := range v.export.Outcomes {
		if a := p.allowed[key(o.SubjectRef, o.Category)]; a.found != a.stated {
			return fault.New(fault.Invalid, "export.json says that %d records of %s, %s are disclosed, but there are %d.", a.stated, o.SubjectRef, o.Category, a.found)
		}
	}
	return nil
}

// checkCustody reads the custody record and holds it against export.json.
func (v *run) checkCustody() (string, error) {
	b, err := v.readSmall(bundle.CustodyFile, bundle.MaxExport)
	if err != nil {
		return "", err
	}
	c, err := bundle.ParseCustody(b, &v.export)
	if err != nil {
		return "", fault.Because(fault.Invalid, err, "%s.", err)
	}
	return fmt.Sprintf("%s, copy %s for %s %s", plural(len(c.Steps), "step"), c.Copy.Mark, c.Copy.RecipientRole, c.Copy.Recipient), nil
}

// checkOutcomes writes the table anew from export.json and compares.
func (v *run) checkOutcomes() (string, error) {
	got, err := v.readSmall(bundle.OutcomesFile, bundle.MaxExport)
	if err != nil {
		return "", err
	}
	if string(got) != bundle.OutcomesCSV(&v.export) {
		return "", fault.New(fault.Invalid, "%s differs from the outcomes of export.json.", bundle.OutcomesFile)
	}
	return plural(len(v.export.Outcomes), "outcome"), nil
}

// head reads records.json up to the first phone number.
func (p *parallel) head() error {
	want := fmt.Sprintf("{\"schema\":\"lerd.records/1\",\"export_id\":%q,\"derivations\":[\n", p.v.export.ExportID)
	if err := p.expect(want); err != nil {
		return err
	}
	for i, d := range p.v.export.Derivations {
		b, err := json.Marshal(d)
		if err != nil {
			return err
		}
		if i < len(p.v.export.Derivations)-1 {
			b = append(b, ',')
		}
		if err := p.expect(string(b) + "\n"); err != nil {
			return err
		}
		p.queries[d.QueryID] = true
	}
	return p.expect("],\"phone_numbers\":[\n")
}

func (p *parallel) expect(want string) error {
	got, err := p.json.line()
	if err != nil && err != io.EOF {
		return err
	}
	if string(got) != want {
		return fault.New(fault.Invalid, "records.json does not have its canonical form, names another export, or holds more or fewer records than the CSV files.")
	}
	return nil
}

// table compares one CSV with its array. The comma behind each object but the
// last is known when the next row is there, so a row is compared one late.
func (p *parallel) table(t *columns.Table, name, after string) (rows int64, err error) {
	csv, err := p.v.lines(name)
	if err != nil {
		return 0, err
	}
	defer csv.close()
	if head, err := csv.line(); err != nil || string(head) != t.Header() {
		return 0, fault.New(fault.Invalid, "%s does not begin with the line of column names of its schema.", name)
	}
	p.checker = columns.NewChecker(t)
	p.last, p.empty[t], p.within = p.last[:0], make([]int64, len(t.Columns)), within{}
	comma := true
	for {
		line, err := csv.line()
		if err == io.EOF {
			break
		}
		if err != nil {
			return rows, err
		}
		rows++
		if !comma {
			return rows, fault.New(fault.Invalid, "records.json ends its list before row %d of %s.", rows, name)
		}
		if comma, err = p.row(t, line); err != nil {
			return rows, fault.Because(fault.KindOf(err), err, "%s, row %d: %s", name, rows, words(err))
		}
		if rows%4096 == 0 && p.v.ctx.Err() != nil {
			return rows, p.v.ctx.Err()
		}
	}
	if comma && rows > 0 {
		return rows, fault.New(fault.Invalid, "records.json holds more records than %s.", name)
	}
	if err := p.expect(after); err != nil {
		return rows, err
	}
	return rows, csv.end(p.v)
}

// row holds a CSV line against its columns, the scope and records.json.
func (p *parallel) row(t *columns.Table, line []byte) (comma bool, err error) {
	if p.cells, err = p.checker.Line(line, p.cells); err != nil {
		return false, err
	}
	if bytes.Compare(p.cells[0], p.last) <= 0 {
		return false, fault.New(fault.Invalid, "The records are not in rising order of record_id.")
	}
	p.last = append(p.last[:0], p.cells[0]...)
	if err := p.scope(t); err != nil {
		return false, err
	}
	empty := p.empty[t]
	for i, c := range p.cells {
		if len(c) == 0 {
			empty[i]++
		}
	}
	got, err := p.json.line()
	if err != nil && err != io.EOF {
		return false, err
	}
	rest, ok := bytes.CutPrefix(got, p.checker.JSON())
	if !ok {
		return false, fault.New(fault.Invalid, "The row differs from its record in records.json.")
	}
	return p.tail(rest)
}

// tail reads the end of a JSON row: its query and whether another follows.
func (p *parallel) tail(rest []byte) (comma bool, err error) {
	rest, ok := bytes.CutPrefix(rest, []byte(`,"query_id":"`))
	i := bytes.IndexByte(rest, '"')
	if !ok || i < 0 || !p.queries[string(rest[:i])] {
		return false, fault.New(fault.Invalid, "The record names no known query.")
	}
	switch string(rest[i:]) {
	case "\"},\n":
		return true, nil
	case "\"}\n":
		return false, nil
	}
	return false, fault.New(fault.Invalid, "The record has something after its query.")
}
