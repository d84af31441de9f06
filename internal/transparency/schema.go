package transparency

import _ "embed"

// JSONSchema is the schema of report.json, as it is published with each report.
//
//go:embed report.schema.json
var JSONSchema []byte
