package export

import (
	"embed"
	"encoding/hex"
	"time"
)

//go:embed schema
var schemaFiles embed.FS

// schemaNames are the published schemas, in the order in which they lie in the
// bundle, with their media types.
var schemaNames = []struct{ name, mediaType string }{
	{"export.schema.json", "application/schema+json"},
	{"ip_addresses.csv-metadata.json", "application/csvm+json"},
	{"phone_numbers.csv-metadata.json", "application/csvm+json"},
	{"records.schema.json", "application/schema+json"},
}

// Schema gives a published schema by its file name, e.g. export.schema.json.
func Schema(name string) ([]byte, error) { return schemaFiles.ReadFile("schema/" + name) }

func (st *stager) schemas() error {
	for _, s := range schemaNames {
		b, err := Schema(s.name)
		if err != nil {
			return err
		}
		if err := st.add("data/schema/"+s.name, s.mediaType, b); err != nil {
			return err
		}
	}
	return nil
}

func hex512(sum [64]byte) string { return hex.EncodeToString(sum[:]) }

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }
