package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"reflect"
	"strings"
	"sync"
	"text/template/parse"

	"golang.org/x/text/language"

	"lerd/internal/fault"
	"lerd/templates"
)

// view is a page template with the struct it is filled from.
type view struct {
	name     string // templates/pages/<name>.html
	partials []string
	data     reflect.Type
}

// Page is a view whose data are of type T, so that the compiler refuses a page
// filled from the wrong struct.
type Page[T any] struct{ view }

// layoutPartials are on every page.
var layoutPartials = []string{"header", "notice", "footer"}

// newPage declares a page of templates/pages and the partials that it uses. The
// page must be listed in allViews too.
func newPage[T any](name string, partials ...string) Page[T] {
	return Page[T]{view{name: name, partials: partials, data: reflect.TypeFor[T]()}}
}

// Show fills the page and sends it; base must be what c.Base gave, inside data.
func (p Page[T]) Show(c *Ctx, data T) error { return c.srv.views.show(c, p.view, data) }

// engine holds every page, parsed, and a copy of it per language, whose
// functions speak that language. The parsed pages themselves are never filled,
// since a template can be copied only before.
type engine struct {
	pages map[string]*template.Template
	mu    sync.Mutex
	in    map[spoken]*template.Template
}

// spoken is a page in a language.
type spoken struct {
	page string
	lang language.Tag
}

// parsedOnce gives the engine of all pages. They are embedded, so that one parse
// serves every Server of the process.
var parsedOnce = sync.OnceValues(func() (*engine, error) { return newEngine(allViews()) })

// newEngine parses all pages. A page file that no view declares, a view without
// its file and a partial that a page uses undeclared are errors.
func newEngine(views []view) (*engine, error) {
	e := &engine{pages: map[string]*template.Template{}, in: map[spoken]*template.Template{}}
	for _, v := range views {
		if e.pages[v.name] != nil {
			return nil, fault.New(fault.Invalid, "web: page %s is declared twice", v.name)
		}
		t, err := parseView(v)
		if err != nil {
			return nil, fault.Because(fault.Invalid, err, "web: page %s: %v", v.name, err)
		}
		e.pages[v.name] = t
	}
	files, err := fs.Glob(templates.FS, "pages/*.html")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if name := strings.TrimSuffix(path.Base(f), ".html"); e.pages[name] == nil {
			return nil, fault.New(fault.Invalid, "web: templates/%s is declared by no page", f)
		}
	}
	return e, nil
}

func parseView(v view) (*template.Template, error) {
	files := []string{"layout.html"}
	for _, p := range append(append([]string(nil), layoutPartials...), v.partials...) {
		files = append(files, "partials/"+p+".html")
	}
	files = append(files, "pages/"+v.name+".html")
	t, err := template.New("layout.html").Option("missingkey=error").Funcs(funcs(language.English)).ParseFS(templates.FS, files...)
	if err != nil {
		return nil, err
	}
	for _, sub := range t.Templates() {
		if sub.Tree == nil {
			continue
		}
		if name := firstMissing(t, sub.Tree.Root); name != "" {
			return nil, fmt.Errorf("uses {{template %q}}, which none of its partials defines", name)
		}
	}
	return t, nil
}

// firstMissing gives the name of a template that node calls and t lacks.
func firstMissing(t *template.Template, node parse.Node) string {
	switch n := node.(type) {
	case *parse.TemplateNode:
		if t.Lookup(n.Name) == nil {
			return n.Name
		}
	case *parse.ListNode:
		if n == nil {
			return ""
		}
		for _, child := range n.Nodes {
			if name := firstMissing(t, child); name != "" {
				return name
			}
		}
	case *parse.IfNode:
		return branchMissing(t, &n.BranchNode)
	case *parse.RangeNode:
		return branchMissing(t, &n.BranchNode)
	case *parse.WithNode:
		return branchMissing(t, &n.BranchNode)
	}
	return ""
}

func branchMissing(t *template.Template, b *parse.BranchNode) string {
	if name := firstMissing(t, b.List); name != "" {
		return name
	}
	return firstMissing(t, b.ElseList)
}

// speak gives a page in a language.
func (e *engine) speak(v view, lang language.Tag) (*template.Template, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := spoken{v.name, lang}
	if t := e.in[at]; t != nil {
		return t, nil
	}
	page := e.pages[v.name]
	if page == nil {
		return nil, fmt.Errorf("page %s is not listed in allViews", v.name)
	}
	t, err := page.Clone()
	if err != nil {
		return nil, err
	}
	e.in[at] = t.Funcs(funcs(lang))
	return e.in[at], nil
}

// render fills a page in memory.
func (e *engine) render(v view, lang language.Tag, data any) ([]byte, error) {
	t, err := e.speak(v, lang)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// show renders first and then sends, so that a failing template is a clean 500.
func (e *engine) show(c *Ctx, v view, data any) error {
	body, err := e.render(v, c.lang, data)
	if err != nil {
		return fault.Because(fault.Internal, err, "rendering %s", v.name)
	}
	c.Response().Header().Set("Content-Language", c.lang.String())
	status := c.status
	if status == 0 {
		status = 200
	}
	return c.HTMLBlob(status, body)
}
