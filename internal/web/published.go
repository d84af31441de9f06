package web

import (
	"context"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"lerd/internal/fault"
)

// PublishedFiles gives what everybody needs to verify bundles, by file name;
// what is not there is fault.NotFound.
type PublishedFiles interface {
	File(ctx context.Context, name string) ([]byte, error)
}

var publishedTypes = map[string]string{".json": "application/json", ".txt": "text/plain; charset=utf-8", ".pem": "application/x-pem-file",
	".cer": "application/pkix-cert", ".crl": "application/pkix-crl", ".p7s": "application/pkcs7-signature", "": "text/plain; charset=utf-8"}

// PublishedHandler serves the files below the prefix that the caller strips.
func PublishedHandler(files PublishedFiles) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		b, err := files.File(r.Context(), name)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			http.Error(w, "There is no such file.", http.StatusNotFound)
			return
		case err != nil:
			slog.ErrorContext(r.Context(), "the published keys could not be read", "error", err)
			http.Error(w, "The keys cannot be read at the moment.", http.StatusServiceUnavailable)
			return
		}
		h := w.Header()
		h.Set("Content-Type", publishedTypes[path.Ext(name)])
		if name == "" {
			h.Set("Content-Type", publishedTypes[".json"])
		}
		h.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(b) // a reader that went away is no failure of ours
	})
}

const publishedPrefix = "/.well-known/lerd"

func (s *Server) publishedRoutes() []Route {
	if s.cfg.Published == nil {
		return nil
	}
	return []Route{{Method: http.MethodGet, Path: publishedPrefix + "/*", Name: "keys.file", Public: true, Handle: s.published}}
}

// publishedFiles are links to some of the files; nil where they are published elsewhere.
func (s *Server) publishedFiles(names ...string) (out []NavItem) {
	if s.cfg.Published == nil {
		return nil
	}
	for _, name := range names {
		out = append(out, NavItem{Text: name, Href: publishedPrefix + "/" + name})
	}
	return out
}

func (s *Server) published(c *Ctx) error {
	c.Response().Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // verifiers read it from anywhere
	return echo.WrapHandler(http.StripPrefix(publishedPrefix, PublishedHandler(s.cfg.Published)))(c)
}
