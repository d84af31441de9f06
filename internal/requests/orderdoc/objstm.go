package orderdoc

import (
	"cmp"
	"slices"
)

func sortByStart(os []*object) {
	slices.SortFunc(os, func(a, b *object) int { return cmp.Compare(a.start, b.start) })
}

// objectStream reads every object of an object stream. They must lie one
// after another without a gap, as readers differ in whether they go by the
// offsets or by the order.
// SPEC: ISO 32000-1 §7.5.7.
func (f *file) objectStream(o *object) error {
	d := o.value.(dict)
	b, err := f.decode(o)
	if err != nil {
		return err
	}
	n, ok1 := d["N"].(int)
	first, ok2 := d["First"].(int)
	if !ok1 || !ok2 || n < 0 || first < 0 || first > len(b) {
		return refuse("damaged", damaged)
	}
	if n > f.lim.MaxObjects {
		return tooComplex()
	}
	head := &lexer{f: f, b: b[:first]}
	body := &lexer{f: f, b: b, pos: first}
	for i := range n {
		if err := f.oneMore(); err != nil {
			return err
		}
		num, err := f.packedAt(head, body, first)
		if err != nil {
			return err
		}
		v, err := body.value(0)
		if err != nil {
			return err
		}
		if v, err = f.maybeRef(body, v); err != nil {
			return err
		}
		key := [2]int{o.num, i}
		if f.packed[key] != nil {
			return refuse("damaged", damaged) // two object streams of one number
		}
		f.packed[key] = &object{num: num, value: f.keep(v)}
	}
	return ended(body)
}

// packedAt reads the next number and offset and compares with where the body is.
func (f *file) packedAt(head, body *lexer, first int) (int, error) {
	a, err1 := head.value(0)
	b, err2 := head.value(0)
	num, ok1 := a.(int)
	offset, ok2 := b.(int)
	if err1 != nil || err2 != nil || !ok1 || !ok2 || num < 1 {
		return 0, refuse("damaged", damaged)
	}
	if err := body.space(); err != nil {
		return 0, err
	}
	// The offset may count the white space before the object or not.
	at := first + offset
	if at < 0 || at > body.pos || len(trimSpace(body.b[at:body.pos])) > 0 {
		return 0, refuse("damaged", damaged)
	}
	return num, nil
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	return b
}

// maybeRef reads the rest of "7 0 R" where an object is a reference.
func (f *file) maybeRef(l *lexer, v any) (any, error) {
	if w, ok := v.(word); ok && !plain(w) {
		return nil, refuse("damaged", damaged)
	}
	n, ok := v.(int)
	if !ok {
		return v, nil
	}
	probe := *l
	gen, err1 := probe.value(0)
	kw, err2 := probe.value(0)
	if _, isInt := gen.(int); err1 == nil && err2 == nil && isInt && kw == word("R") {
		*l = probe
		return ref{n, gen.(int)}, nil
	}
	return v, nil
}

func ended(l *lexer) error {
	if err := l.space(); err != nil {
		return err
	}
	if l.pos != len(l.b) {
		return refuse("damaged", damaged)
	}
	return nil
}
