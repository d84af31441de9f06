package bundle

import (
	"reflect"
	"strings"
)

type outcomeKey struct{ subject, category string }

type outcomeCount struct {
	outcome *Outcome
	records int64
}

// checker holds the representations of one bundle against each other.
type checker struct {
	export  Export
	byKey   map[outcomeKey]*outcomeCount
	queries map[string]bool
	account map[string]string // subject → the account of its records
}

func (c *checker) all(phones, ips []object, doc object) *Fault {
	c.account = map[string]string{}
	for i := range c.export.Outcomes {
		o := &c.export.Outcomes[i]
		c.byKey[outcomeKey{o.SubjectRef, o.Category}] = &outcomeCount{outcome: o}
	}
	if f := c.derivations(doc); f != nil {
		return f.in(RecordsFile, 0)
	}
	for _, part := range []struct {
		t        *table
		rows     []object
		category string
	}{{phoneTable(), phones, "phone_number"}, {ipTable(), ips, "ip_address"}} {
		list, _ := doc[part.t.name].([]any)
		if f := c.same(part.t, part.rows, list); f != nil {
			return f
		}
		for i, row := range part.rows {
			if f := c.scope(row, part.category); f != nil {
				return f.in(part.t.file, i+1)
			}
		}
	}
	return c.counts(phones, ips)
}

// derivations sees that records.json is of the same export and names the same queries.
func (c *checker) derivations(doc object) *Fault {
	if doc["export_id"] != c.export.ExportID {
		return wrong(Differs, "export_id", "it is of another export")
	}
	list, _ := doc["derivations"].([]any)
	if len(list) != len(c.export.Derivations) {
		return wrong(Differs, "derivations", "they are not those of export.json")
	}
	for i, d := range c.export.Derivations {
		want := object{"query_id": d.QueryID, "query_sha256": d.QuerySHA256, "operator_role": d.OperatorRole, "system": d.System}
		if !reflect.DeepEqual(list[i], any(want)) {
			return wrong(Differs, "derivations", "they are not those of export.json")
		}
		c.queries[d.QueryID] = true
	}
	return nil
}

// same compares the rows of a CSV with the list in records.json.
func (c *checker) same(t *table, rows []object, list []any) *Fault {
	if len(rows) != len(list) {
		return wrong(Differs, t.name, "there are %d rows in %s and %d in records.json", len(rows), t.file, len(list)).in(RecordsFile, 0)
	}
	for i, x := range list {
		record := x.(object)
		for _, name := range t.columns {
			if rows[i][name] != record[name] {
				return wrong(Differs, name, "the CSV has another value").in(RecordsFile, i+1)
			}
		}
		if q, _ := record["query_id"].(string); !c.queries[q] {
			return wrong(Reference, "query_id", "it names no query that is described").in(RecordsFile, i+1)
		}
	}
	return nil
}

// scope sees that a record is inside its own outcome.
func (c *checker) scope(row object, category string) *Fault {
	if !strings.HasSuffix(str(row, "record_id"), "-"+c.export.Copy.Mark) {
		return wrong(Differs, "record_id", "it does not end in the mark of this copy")
	}
	if row["request_ref"] != c.export.Request.Ref {
		return wrong(Scope, "request_ref", "it is of another request")
	}
	k := c.byKey[outcomeKey{str(row, "subject_ref"), category}]
	if k == nil || k.outcome.Applied == nil {
		return wrong(Scope, "subject_ref", "the category was not approved for this subject")
	}
	k.records++
	if was, ok := c.account[str(row, "subject_ref")]; ok && was != str(row, "account_id") {
		return wrong(Scope, "account_id", "the subject has records of two accounts")
	}
	c.account[str(row, "subject_ref")] = str(row, "account_id")
	from, to := momentOf(k.outcome.Applied.From), momentOf(k.outcome.Applied.To)
	if at := str(row, "event_time_utc"); at != "" && (moment(at) < from || moment(at) >= to) {
		return wrong(Scope, "event_time_utc", "it lies outside the approved period")
	}
	if at := str(row, "valid_from_utc"); at != "" && moment(at) >= to {
		return wrong(Scope, "valid_from_utc", "it lies outside the approved period")
	}
	if at := str(row, "valid_to_utc"); at != "" && moment(at) <= from {
		return wrong(Scope, "valid_to_utc", "it lies outside the approved period")
	}
	return nil
}

// counts holds every number that export.json states against the records.
func (c *checker) counts(phones, ips []object) *Fault {
	total := int64(len(phones) + len(ips))
	if total != c.export.Minimisation.RecordsDisclosed {
		return wrong(Count, "minimisation.records_disclosed", "there are %d records", total).in(ExportFile, 0)
	}
	for _, k := range c.byKey {
		if k.records != k.outcome.Records {
			return wrong(Count, "outcomes.records", "there are other numbers of records").in(ExportFile, 0)
		}
	}
	rows := map[string]int64{PhonesFile: int64(len(phones)), IPsFile: int64(len(ips)), RecordsFile: total, OutcomesFile: int64(len(c.export.Outcomes))}
	for _, f := range c.export.Files {
		if want, ok := rows[f.Path]; ok && (f.Rows == nil || *f.Rows != want) {
			return wrong(Count, "files.rows", "%s has %d rows", f.Path, want).in(ExportFile, 0)
		}
	}
	return c.absences(phones, ips)
}

// absences sees that each column that is empty somewhere is said to be so.
func (c *checker) absences(phones, ips []object) *Fault {
	type key struct{ table, column string }
	want := map[key]int64{}
	for _, part := range []struct {
		t    *table
		rows []object
	}{{phoneTable(), phones}, {ipTable(), ips}} {
		for _, row := range part.rows {
			for _, name := range part.t.columns {
				if row[name] == nil {
					want[key{part.t.name, name}]++
				}
			}
		}
	}
	size := map[string]int64{"phone_numbers": int64(len(phones)), "ip_addresses": int64(len(ips))}
	for _, a := range c.export.Absences {
		k := key{a.Table, a.Column}
		if want[k] != a.Empty || size[a.Table] != a.Rows {
			return wrong(Count, "absences", "%s.%s is not empty in as many rows", a.Table, a.Column).in(ExportFile, 0)
		}
		delete(want, k)
	}
	if len(want) > 0 {
		return wrong(Count, "absences", "a column that is empty in some row is not named").in(ExportFile, 0)
	}
	return nil
}

func (c *checker) bundle(doc object) *Bundle {
	b := &Bundle{Export: c.export}
	phones, _ := doc["phone_numbers"].([]any)
	for _, r := range phones {
		b.Phones = append(b.Phones, phoneOf(r.(object)))
	}
	ips, _ := doc["ip_addresses"].([]any)
	for _, r := range ips {
		b.IPs = append(b.IPs, ipOf(r.(object)))
	}
	return b
}
