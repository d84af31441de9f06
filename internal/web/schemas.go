package web

import (
	"net/http"
	"strings"

	"lerd/bundle"
	"lerd/internal/fault"
)

// schemaRoutes serve the published schemas of bundles under addresses that do
// not change: a new version gets a new number.
func (s *Server) schemaRoutes() []Route {
	var out []Route
	for _, name := range bundle.SchemaNames {
		short, _, _ := strings.Cut(name, ".")
		out = append(out, Route{Method: http.MethodGet, Path: "/schema/1/" + name, Name: "schema." + short, Public: true, Handle: schemaFile(name)})
	}
	return out
}

func schemaFile(name string) Handler {
	mediaType := "application/schema+json"
	if strings.HasSuffix(name, ".csv-metadata.json") {
		mediaType = "application/csvm+json"
	}
	return func(c *Ctx) error {
		b, err := bundle.Schema(name)
		if err != nil {
			return fault.Because(fault.Internal, err, "A published schema is missing.")
		}
		return c.Blob(http.StatusOK, mediaType, b)
	}
}
