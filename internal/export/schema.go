package export

import (
	"strings"
	"time"

	"lerd/bundle"
)

// schemas puts the published schemas into the bundle.
func (st *stager) schemas() error {
	for _, name := range bundle.SchemaNames {
		b, err := bundle.Schema(name)
		if err != nil {
			return err
		}
		mediaType := "application/schema+json"
		if strings.HasSuffix(name, ".csv-metadata.json") {
			mediaType = "application/csvm+json"
		}
		if err := st.add("data/schema/"+name, mediaType, b); err != nil {
			return err
		}
	}
	return nil
}

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }
