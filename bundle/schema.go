// Package bundle reads the contents of a lerd bundle, with nothing but the
// standard library: the published schemas, a reader that holds every value
// against them, and the checks that no schema can express.
//
// It may be used by anybody's program: import it, or copy this folder, which
// imports nothing of lerd. python/lerd_bundle.py is the same reader in Python,
// and vectors/ has bundles, right and broken, on which both agree.
//
// Invariants:
//   - what is not understood is an error, never passed over;
//   - an error says which file, which row and which column, and has a code that
//     is the same in every implementation;
//   - it does not check signatures: "lerd bundle verify" does. What it reads is
//     as trustworthy as the container that it came from.
package bundle

import "embed"

//go:embed schema/*.json
var schemaFiles embed.FS

// SchemaNames are the published schemas, in the order in which they lie in a
// bundle below data/schema.
var SchemaNames = []string{"custody.schema.json", "export.schema.json", "ip_addresses.csv-metadata.json", "outcomes.csv-metadata.json",
	"phone_numbers.csv-metadata.json", "records.schema.json"}

// Schema gives a published schema by its file name, e.g. export.schema.json.
func Schema(name string) ([]byte, error) { return schemaFiles.ReadFile("schema/" + name) }
