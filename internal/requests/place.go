package requests

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Place is where in the order an answer is found: a page, and on it a line or a
// part. Its zero value is nowhere in particular.
type Place struct {
	Page int // from 1
	Line int // from 1; 0: none
	// X, Y, W and H are the part of the page, in thousandths of its width and
	// height from its upper left corner; W 0: the whole page.
	X, Y, W, H int
}

// typedPlace takes what people type ("2", "p2", "page 2 line 14") and what the
// page's picture gives ("p2@100,250,300,40").
var typedPlace = regexp.MustCompile(`^(?:p|page)? ?([1-9][0-9]{0,3})(?:[ ,]?(?:l|line) ?([1-9][0-9]{0,3})|@([0-9]{1,4}),([0-9]{1,4}),([0-9]{1,4}),([0-9]{1,4}))?$`)

// ParsePlace reads a place; ok is false for what is none.
func ParsePlace(typed string) (p Place, ok bool) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if typed == "" {
		return p, true
	}
	m := typedPlace.FindStringSubmatch(typed)
	if m == nil {
		return p, false
	}
	for i, to := range []*int{&p.Page, &p.Line, &p.X, &p.Y, &p.W, &p.H} {
		*to, _ = strconv.Atoi(m[i+1]) // what is not there is 0
	}
	if m[3] != "" && (p.W == 0 || p.H == 0) || p.X+p.W > 1000 || p.Y+p.H > 1000 {
		return Place{}, false
	}
	return p, true
}

// Around gives the part of a page between two corners, in thousandths, at least
// as large as a word: one press marks its surroundings.
func Around(page, x1, y1, x2, y2 int) Place {
	const least = 20
	side := func(a, b int) (from, size int) {
		a, b = min(max(min(a, b), 0), 1000), min(max(max(a, b), 0), 1000)
		if b-a < least {
			a = min(max((a+b-least)/2, 0), 1000-least)
			b = a + least
		}
		return a, b - a
	}
	p := Place{Page: page}
	p.X, p.W = side(x1, x2)
	p.Y, p.H = side(y1, y2)
	return p
}

// String gives the form in which a place is kept: "", "p2", "p2l14" or
// "p2@100,250,300,40".
func (p Place) String() string {
	switch {
	case p.Page == 0:
		return ""
	case p.Line > 0:
		return fmt.Sprintf("p%dl%d", p.Page, p.Line)
	case p.W > 0:
		return fmt.Sprintf("p%d@%d,%d,%d,%d", p.Page, p.X, p.Y, p.W, p.H)
	}
	return fmt.Sprintf("p%d", p.Page)
}
