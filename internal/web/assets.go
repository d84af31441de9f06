package web

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"lerd/templates"
)

// asset is one static file as it is served.
type asset struct {
	url  string // holds the content's hash, so that it may be cached for ever
	kind string
	body []byte
}

// assets are the static files by name ("app.css") and by URL.
type assets struct{ byName, byURL map[string]asset }

// kinds are the static files' content types; another ending is an error.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
}

// loadAssets reads templates/static; the *.css files of static/css become the
// one file app.css, in the order of their names.
func loadAssets() (*assets, error) {
	a := &assets{byName: map[string]asset{}, byURL: map[string]asset{}}
	sheets, err := fs.Glob(templates.FS, "static/css/*.css")
	if err != nil {
		return nil, err
	}
	var css []byte
	for _, f := range sheets {
		b, err := templates.FS.ReadFile(f)
		if err != nil {
			return nil, err
		}
		css = append(append(css, b...), '\n')
	}
	a.add("app.css", css)
	files, err := fs.ReadDir(templates.FS, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if f.IsDir() {
			continue
		}
		b, err := templates.FS.ReadFile("static/" + f.Name())
		if err != nil {
			return nil, err
		}
		if kinds[path.Ext(f.Name())] == "" {
			return nil, fmt.Errorf("static file %s: no content type for its ending", f.Name())
		}
		a.add(f.Name(), b)
	}
	return a, nil
}

func (a *assets) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	url := "/static/" + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	a.byName[name] = asset{url: url, kind: kinds[ext], body: body}
	a.byURL[url] = a.byName[name]
}

// url gives the address of a static file; an unknown name is a defect.
func (a *assets) url(name string) string {
	f, ok := a.byName[name]
	if !ok {
		panic("web: no static file " + name)
	}
	return f.url
}

// staticFile serves one static file. An address names its content, so it may
// be kept for ever.
func (s *Server) staticFile(c *Ctx) error {
	f, ok := s.assets.byURL[c.Request().URL.Path]
	if !ok {
		return notFound()
	}
	c.Response().Header().Del("Vary")
	c.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return c.Blob(http.StatusOK, f.kind, f.body)
}
