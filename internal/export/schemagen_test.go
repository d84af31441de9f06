package export

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"lerd/bundle"
	"lerd/internal/export/columns"
)

var update = flag.Bool("update", false, "write the schema files anew")

type obj = map[string]any

// TestPublishedSchemasAreTheColumns holds the published files against the one
// definition of the columns.
func TestPublishedSchemasAreTheColumns(t *testing.T) {
	for name, doc := range map[string]any{
		"records.schema.json":             recordsSchema(),
		"phone_numbers.csv-metadata.json": csvw(phoneTable),
		"ip_addresses.csv-metadata.json":  csvw(ipTable),
		"outcomes.csv-metadata.json":      csvw(&columns.Outcomes),
	} {
		want, err := json.MarshalIndent(doc, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		if *update {
			if err := os.WriteFile("../../bundle/schema/"+name, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := bundle.Schema(name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("bundle/schema/%s is not that of the columns (%v); run go test -update", name, err)
		}
	}
}

func pattern(c columns.Column) string {
	return map[columns.Kind]string{
		columns.ID:    `^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$`,
		columns.Time:  `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.([0-9]{3}){1,3})?Z$`,
		columns.Phone: `^\+[1-9][0-9]{1,14}$`,
		columns.Addr:  `^[0-9a-f:.]+$`,
		columns.Code:  `^[1-9][0-9]{0,2}$`,
		columns.IDs:   `^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}( [A-Za-z0-9][A-Za-z0-9._:@/-]{0,127})*$`,
	}[c.Kind]
}

func jsonType(c columns.Column) string {
	switch c.Kind {
	case columns.Bool:
		return "boolean"
	case columns.Port, columns.Version, columns.Count:
		return "integer"
	}
	return "string"
}

// describe says what stands in a column, and what an empty cell says.
func describe(c columns.Column) string {
	if c.Required {
		return c.Meaning
	}
	return c.Meaning + "; null: " + c.Empty
}

func property(c columns.Column) obj {
	p := obj{"type": jsonType(c), "description": describe(c)}
	if !c.Required {
		p["type"] = []string{jsonType(c), "null"}
	}
	if s := pattern(c); s != "" {
		p["pattern"] = s
	}
	if c.Kind == columns.Port {
		p["minimum"], p["maximum"] = 1, 65535
	}
	if c.Kind == columns.Version {
		p["enum"] = []int{4, 6}
	}
	if c.Kind == columns.Enum {
		words := []any{}
		for _, w := range c.Words {
			words = append(words, w)
		}
		if !c.Required {
			words = append(words, nil)
		}
		p["enum"] = words
	}
	return p
}

func rows(t *columns.Table) obj {
	props, required := obj{"query_id": obj{"type": "string"}}, []string{}
	for _, c := range t.Columns {
		props[c.Name] = property(c)
		required = append(required, c.Name)
	}
	return obj{"type": "array", "items": obj{"type": "object", "additionalProperties": false,
		"properties": props, "required": append(required, "query_id")}}
}

func recordsSchema() obj {
	text := obj{"type": "string"}
	derivation := obj{"type": "object", "additionalProperties": false, "required": []string{"query_id", "query_sha256", "operator_role", "system"},
		"properties": obj{"query_id": text, "query_sha256": text, "operator_role": text, "system": text}}
	return obj{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:lerd:schema:records:1",
		"title": "Records of a bundle (lerd.records/1)", "type": "object", "additionalProperties": false,
		"required": []string{"schema", "export_id", "derivations", "phone_numbers", "ip_addresses"},
		"properties": obj{"schema": obj{"const": SchemaRecords}, "export_id": obj{"type": "string", "pattern": ExportIDPattern.String()},
			"derivations": obj{"type": "array", "items": derivation}, "phone_numbers": rows(phoneTable), "ip_addresses": rows(ipTable)}}
}

func key(t *columns.Table) any {
	if t.Columns[0].Name == "record_id" {
		return "record_id"
	}
	return []string{"subject_ref", "category"}
}

// csvw is the W3C's metadata for CSV on the Web.
func csvw(t *columns.Table) obj {
	var cols []obj
	for _, c := range t.Columns {
		var datatype any = "string"
		switch {
		case c.Kind == columns.Bool:
			datatype = "boolean"
		case c.Kind == columns.Port || c.Kind == columns.Version || c.Kind == columns.Count:
			datatype = "integer"
		case c.Kind == columns.Time:
			datatype = "dateTimeStamp"
		case c.Kind == columns.Enum:
			format := ""
			for _, w := range c.Words {
				format += "|" + w
			}
			datatype = obj{"base": "string", "format": format[1:]}
		case pattern(c) != "":
			datatype = obj{"base": "string", "format": pattern(c)}
		}
		cols = append(cols, obj{"name": c.Name, "titles": c.Name, "required": c.Required, "datatype": datatype, "null": "",
			"dc:description": strings.Replace(describe(c), "; null: ", "; empty: ", 1)})
	}
	return obj{"@context": "http://www.w3.org/ns/csvw", "url": "../records/" + t.Name + ".csv",
		"dialect":     obj{"encoding": "utf-8", "lineTerminators": []string{"\r\n"}, "header": true},
		"tableSchema": obj{"columns": cols, "primaryKey": key(t)}}
}

// TestThePythonReaderHasTheSchemas holds the copy inside the one file of the
// Python reader against the published ones.
func TestThePythonReaderHasTheSchemas(t *testing.T) {
	const path, begin, end = "../../bundle/python/lerd_bundle.py", "# BEGIN SCHEMAS\n", "# END SCHEMAS\n"
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	b.WriteString("SCHEMAS = json.loads(r\"\"\"{\n")
	for i, name := range bundle.SchemaNames {
		doc, err := bundle.Schema(name)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "%q: ", name)
		if err := json.Compact(&b, doc); err != nil {
			t.Fatal(err)
		}
	}
	b.WriteString("\n}\"\"\")\n")
	head, rest, ok := strings.Cut(string(source), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("the marks are gone")
	}
	want := head + begin + b.String() + end + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(source) {
		t.Error("the schemas in lerd_bundle.py are old; run go test -update")
	}
}
