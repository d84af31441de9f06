package export

import (
	"strings"
	"sync"
	"time"

	"lerd/bundle"
)

// schemas puts the published schemas into the bundle.
func (st *stager) schemas() error {
	files, err := packedSchemas()
	st.files = append(st.files, files...)
	return err
}

// packedSchemas are the same in every bundle, and are compressed once.
var packedSchemas = sync.OnceValues(func() (out []staged, err error) {
	for _, name := range bundle.SchemaNames {
		b, err := bundle.Schema(name)
		if err != nil {
			return nil, err
		}
		mediaType := "application/schema+json"
		if strings.HasSuffix(name, ".csv-metadata.json") {
			mediaType = "application/csvm+json"
		}
		f, err := packed("data/schema/"+name, mediaType, b)
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
})

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }
