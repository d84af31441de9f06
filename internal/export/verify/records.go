package verify

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"lerd/internal/export/columns"
	"lerd/internal/fault"
)

const (
	exportName  = "data/export.json"
	phonesName  = "data/records/phone_numbers.csv"
	ipsName     = "data/records/ip_addresses.csv"
	recordsName = "data/records/records.json"
)

// exportDoc is as much of data/export.json as can be checked.
type exportDoc struct {
	Schema        string `json:"schema"`
	BundleVersion int    `json:"bundle_version"`
	ExportID      string `json:"export_id"`
	Request       struct {
		Ref string `json:"ref"`
	} `json:"request"`
	Scope struct {
		Categories []string `json:"categories"`
		Period     struct {
			From time.Time `json:"from"`
			To   time.Time `json:"to"`
		} `json:"period"`
		Subjects []string `json:"subjects"`
	} `json:"scope_applied"`
	Minimisation struct {
		Disclosed int64 `json:"records_disclosed"`
	} `json:"minimisation"`
	Audit struct {
		LogOrigin string `json:"log_origin"`
		EventID   string `json:"event_id"`
	} `json:"audit"`
	Derivations []derivation `json:"derivations"`
	Files       []struct {
		Path   string `json:"path"`
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
		SHA512 string `json:"sha512"`
		Rows   *int64 `json:"rows"`
	} `json:"files"`
	Signer struct {
		CertSHA256 string `json:"cert_sha256"`
	} `json:"signer"`
}

type derivation struct {
	QueryID      string `json:"query_id"`
	QuerySHA256  string `json:"query_sha256"`
	OperatorRole string `json:"operator_role"`
	System       string `json:"system"`
}

// sums is what reading a file to its end gave.
type sums struct {
	size   int64
	sha256 [sha256.Size]byte
	sha512 [sha512.Size]byte
}

// ParseExport reads data/export.json.
func parseExport(b []byte) (e exportDoc, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&e); err != nil {
		return e, fault.Because(fault.Invalid, err, "data/export.json is not JSON of its schema.")
	}
	if _, err := dec.Token(); err != io.EOF {
		return e, fault.New(fault.Invalid, "Something follows the JSON in data/export.json.")
	}
	if e.Schema != "lerd.export/1" || e.BundleVersion != 1 {
		return e, fault.New(fault.Unsupported, "data/export.json is of the schema %q, version %d; this verifier knows lerd.export/1, version 1.", e.Schema, e.BundleVersion)
	}
	return e, nil
}

// records checks export.json and that all representations of the records agree.
func (v *run) records() {
	if !v.r.do("export", "data/export.json can be read and names the seal.", func() (string, error) {
		b, err := readSmall(v.src, exportName, 16<<20)
		if err != nil {
			return "", err
		}
		if v.export, err = parseExport(b); err != nil {
			return "", err
		}
		v.r.ExportID = v.export.ExportID
		return v.export.ExportID, v.checkSignerName()
	}) {
		return
	}
	v.r.do("records", "The CSV files and records.json hold the same records, each cell has its column's form, and none is outside the approved scope.",
		v.checkRecords)
	v.r.do("counts", "Sizes, digests and row counts of export.json are those of the files.", v.checkFiles)
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
	queries map[string]bool
	subject map[string]bool
	from    string
	to      string
	cells   [][]byte
	want    []byte
	last    []byte
}

func (v *run) checkRecords() (string, error) {
	j, err := v.lines(recordsName)
	if err != nil {
		return "", err
	}
	defer j.close()
	p := &parallel{v: v, json: j, queries: map[string]bool{}, subject: map[string]bool{},
		from: second(v.export.Scope.Period.From), to: second(v.export.Scope.Period.To)}
	for _, s := range v.export.Scope.Subjects {
		p.subject[s] = true
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
	if v.r.Phones+v.r.IPs != v.export.Minimisation.Disclosed {
		return "", fault.New(fault.Invalid, "export.json says that %d records are disclosed, but there are %d.",
			v.export.Minimisation.Disclosed, v.r.Phones+v.r.IPs)
	}
	return fmt.Sprintf("%d phone numbers, %d IP addresses", v.r.Phones, v.r.IPs), j.end(v)
}

func second(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

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
	got, err := p.json.next()
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
	if head, err := csv.next(); err != nil || string(head) != t.Header() {
		return 0, fault.New(fault.Invalid, "%s does not begin with the line of column names of its schema.", name)
	}
	p.last = p.last[:0]
	comma := true
	for {
		line, err := csv.next()
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
	if p.cells, err = t.Split(line, p.cells); err != nil {
		return false, err
	}
	if err := t.Check(p.cells); err != nil {
		return false, err
	}
	if bytes.Compare(p.cells[0], p.last) <= 0 {
		return false, fault.New(fault.Invalid, "The records are not in rising order of record_id.")
	}
	p.last = append(p.last[:0], p.cells[0]...)
	if err := p.scope(t); err != nil {
		return false, err
	}
	got, err := p.json.next()
	if err != nil && err != io.EOF {
		return false, err
	}
	p.want = t.AppendJSON(p.want[:0], p.cells)
	rest, ok := bytes.CutPrefix(got, p.want)
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

// Columns at the same place in both tables.
const (
	colRequest, colSubject = 1, 2
	colEventTime, colIPVer = 5, 6
	colIP                  = 7
)

func (p *parallel) scope(t *columns.Table) error {
	e := &p.v.export
	category := "phone_number"
	if t == &columns.IPAddresses {
		category = "ip_address"
		at := p.cells[colEventTime][:19]
		if string(at) < p.from || string(at) >= p.to {
			return fault.New(fault.Invalid, "The event lies outside the approved period.")
		}
		six := bytes.IndexByte(p.cells[colIP], ':') >= 0
		if six != (p.cells[colIPVer][0] == '6') {
			return fault.New(fault.Invalid, "ip_version is not that of the address.")
		}
	}
	if !slices.Contains(e.Scope.Categories, category) {
		return fault.New(fault.Invalid, "The category %s was not approved.", category)
	}
	if string(p.cells[colRequest]) != e.Request.Ref || !p.subject[string(p.cells[colSubject])] {
		return fault.New(fault.Invalid, "The record is of another request or subject than approved.")
	}
	return nil
}

// checkFiles holds export.json's list of files against the files.
func (v *run) checkFiles() (string, error) {
	listed := map[string]bool{}
	rows := map[string]int64{phonesName: v.r.Phones, ipsName: v.r.IPs, recordsName: v.r.Phones + v.r.IPs}
	for _, f := range v.export.Files {
		if listed[f.Path] {
			return "", fault.New(fault.Invalid, "export.json lists %s twice.", f.Path)
		}
		listed[f.Path] = true
		s, err := v.digest(f.Path)
		if err != nil {
			return "", err
		}
		if s.size != f.Bytes || hex.EncodeToString(s.sha256[:]) != f.SHA256 ||
			v.o.SHA512 && hex.EncodeToString(s.sha512[:]) != f.SHA512 {
			return "", fault.New(fault.Invalid, "%s has another size or digest than export.json says.", f.Path)
		}
		if want, has := rows[f.Path]; has && (f.Rows == nil || *f.Rows != want) {
			return "", fault.New(fault.Invalid, "%s has another number of rows than export.json says.", f.Path)
		}
	}
	for name := range rows {
		if !listed[name] {
			return "", fault.New(fault.Invalid, "export.json does not list %s.", name)
		}
	}
	return plural(len(listed), "file"), nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
