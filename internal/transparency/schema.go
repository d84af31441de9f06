package transparency

import _ "embed"

// JSONSchema is the schema of report.json, as it is published with each report.
//
//go:embed report.schema.json
var JSONSchema []byte

// gapsSchema is that of a report over a log that has lost entries. It is a file of
// its own, so that reports which were published before keep every byte.
//
//go:embed report-gaps.schema.json
var gapsSchema []byte

// schema gives the one that the report keeps to.
func (r *Report) schema() []byte {
	if len(r.Origins) > 0 {
		return gapsSchema
	}
	return JSONSchema
}
