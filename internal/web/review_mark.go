package web

import (
	"regexp"
	"strconv"
	"strings"

	"lerd/internal/fault"
	"lerd/internal/requests"
)

// marking is a place that is being marked on the picture of a page, press by
// press. Everything that was typed into the checklist travels with it, and nothing
// is saved.
type marking struct {
	key  string // of the check, e.g. VC-06_t1
	page int
	from string // the first corner in thousandths, "x,y"; empty before it was pressed
}

// errMark says that a place is being marked; nothing was sent.
var errMark = fault.New(fault.Invalid, "A place is marked.")

// marker is the picture to be pressed (partial "check_input").
type marker struct {
	Key, At, From string
	Src, Alt, Say string
	Action        string // of the form, leading back to the check
	Pages         []NavItem
	Width, Height int
}

// How large the page is shown to be marked, in pixels of the browser, so that a
// press can be turned into thousandths.
const (
	markWidth  = 700
	markHeight = 990
)

var aMark = regexp.MustCompile(`^(VC-[0-9]{2}(?:_t[0-9]{1,2})?):([1-9][0-9]{0,2})$`)

// marking reads which place is being marked, if any. The second press puts the
// place into the check's field.
func (c *Ctx) marking() (m marking, ok bool) {
	said := c.typed("mark")
	if said == "" && c.typed("at.x") != "" {
		said = c.typed("marking")
	}
	parts := aMark.FindStringSubmatch(said)
	if parts == nil {
		return m, false
	}
	m.key = parts[1]
	m.page, _ = strconv.Atoi(parts[2])
	x, y, pressed := pressedAt(c.typed("at.x"), c.typed("at.y"))
	if !pressed || c.typed("mark") != "" {
		return m, true
	}
	if fx, fy, again := cornerOf(c.typed("marking_from")); again {
		c.values["place_"+m.key] = []string{requests.Around(m.page, fx, fy, x, y).String()}
		m.page = 0
		return m, true
	}
	m.from = itoa(x) + "," + itoa(y)
	return m, true
}

// pressedAt turns the pixels of a press into thousandths.
func pressedAt(x, y string) (int, int, bool) {
	px, err1 := strconv.Atoi(x)
	py, err2 := strconv.Atoi(y)
	if err1 != nil || err2 != nil || px < 0 || py < 0 {
		return 0, 0, false
	}
	return min(px*1000/markWidth, 1000), min(py*1000/markHeight, 1000), true
}

func cornerOf(s string) (int, int, bool) {
	a, b, ok := strings.Cut(s, ",")
	x, err1 := strconv.Atoi(a)
	y, err2 := strconv.Atoi(b)
	return x, y, ok && err1 == nil && err2 == nil && x >= 0 && y >= 0 && x <= 1000 && y <= 1000
}

// marker shows the page to be pressed for the check that is being marked.
func (w *workbench) marker(key string) *marker {
	m, c := w.marks, w.c
	if m.key != key || m.page < 1 || m.page > min(w.cs.Document.Pages, maxSheets) || w.s.cfg.Services.Sheets == nil {
		return nil
	}
	at := reviewPath(w.cs.Request.ID)
	out := &marker{Key: key, At: key + ":" + itoa(m.page), From: m.from, Src: at + "/order/" + itoa(m.page), Alt: c.T("mark.alt", "n", m.page),
		Say: c.T("mark.first"), Action: at + "/checks#check-" + key, Width: markWidth, Height: markHeight}
	if m.from != "" {
		out.Say = c.T("mark.second")
	}
	for n := 1; n <= min(w.cs.Document.Pages, maxSheets); n++ {
		out.Pages = append(out.Pages, NavItem{Text: c.T("review.place.page", "n", n), Href: key + ":" + itoa(n), Here: n == m.page})
	}
	return out
}

// pin is a place on a page as it is drawn over its picture.
type pin struct {
	ID, Title, Href string
	X, Y, W, H      int
}

// pins gives the marked places of a page, from the answers in force.
func pins(c *Ctx, cs requests.Case, page int) (out []pin) {
	for i, a := range cs.Latest() {
		p, ok := requests.ParsePlace(a.Place)
		if ok && p.W > 0 && p.Page == page {
			out = append(out, pin{ID: "pin-" + itoa(i), Title: a.Check + " · " + c.T("review.result."+a.Result), Href: "#check-" + checkKey(a.Check, a.Target), X: p.X, Y: p.Y, W: p.W, H: p.H})
		}
	}
	return out
}

// placeWords says a place, and where on the page it is shown.
func (c *Ctx) placeWords(place string) (text, href string) {
	p, ok := requests.ParsePlace(place)
	if !ok || p.Page == 0 {
		return place, ""
	}
	href = "#p" + itoa(p.Page)
	switch {
	case p.Line > 0:
		return c.T("review.place.line", "n", p.Page, "line", p.Line), href
	case p.W > 0:
		return c.T("review.place.part", "n", p.Page), href
	}
	return c.T("review.place.page", "n", p.Page), href
}
