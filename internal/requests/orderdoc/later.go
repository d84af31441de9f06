package orderdoc

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
)

// maxLater is how many changes are named.
const maxLater = 10

// compareLater says of each signature that does not cover the whole file what
// was changed after it. The signed revision is read as a file of its own and
// compared with the newest one, object by object, as a reader would resolve
// them: an old object that becomes visible, or one that only a reference was
// prepared for, is a change like any other.
//
// What may be added, since it changes nothing that people see, is validation
// material, time stamps, and further signatures without an appearance.
// SPEC: ETSI EN 319 142-1 §5.4, §5.5; the attacks are those of Mladenov and
// others ("1 Trillion Dollar Refund", 2019) and "Shadow Attacks" (2021).
func (f *file) compareLater(s *Signed) error {
	for i := range s.Signatures {
		sig := &s.Signatures[i]
		if sig.Wrong != "" || sig.Whole {
			continue
		}
		was, err := readFull(f.ctx, f.data[:sig.end])
		switch {
		case f.ctx.Err() != nil:
			return f.ctx.Err()
		case err != nil: // what was signed is no document by itself
			sig.Wrong = "end"
			continue
		}
		c := &comparison{was: was, is: f, dangling: was.referred()}
		sig.Later = c.changes()
	}
	return nil
}

// comparison holds a signed revision against the newest one.
type comparison struct {
	was, is  *file
	dangling map[int]bool // numbers that the signed revision refers to
	found    []string
}

func (c *comparison) note(format string, args ...any) {
	if len(c.found) < maxLater {
		c.found = append(c.found, fmt.Sprintf(format, args...))
	}
}

func (c *comparison) changes() []string {
	if c.was.root != c.is.root {
		c.note("another catalog")
		return c.found
	}
	for _, num := range c.numbers() {
		c.number(num)
	}
	return c.found
}

// numbers gives every number of both revisions, in order.
func (c *comparison) numbers() []int {
	var out []int
	for _, f := range []*file{c.was, c.is} {
		for n := range f.where {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// number compares one object of both revisions.
func (c *comparison) number(num int) {
	before, had := c.was.objectOf(num)
	after, has := c.is.objectOf(num)
	switch {
	case !had && !has, had && has && c.same(before, after):
	case had && !has:
		c.note("object %d was taken away", num)
	case !had && c.dangling[num]:
		c.note("object %d appeared where the signed pages had left a place for it", num)
	case !had: // new, and reached only through what is compared
	case c.mayChange(num, before, after):
	default:
		c.note("object %d was changed", num)
	}
}

// objectOf gives the object that a number leads to in a file.
func (f *file) objectOf(num int) (*object, bool) {
	loc, ok := f.where[num]
	if !ok || loc.free {
		return nil, false
	}
	if loc.stream > 0 {
		o := f.packed[[2]int{loc.stream, loc.index}]
		return o, o != nil
	}
	o := f.objects[f.skipped(loc.offset)]
	if o != nil && o.stream {
		if t := o.value.(dict)["Type"]; t == name("XRef") || t == name("ObjStm") {
			return nil, false // how objects are packed is not what they say
		}
	}
	return o, o != nil
}

func (c *comparison) same(a, b *object) bool {
	if a.stream != b.stream || !reflect.DeepEqual(a.value, b.value) {
		return false
	}
	return !a.stream || bytes.Equal(c.was.data[a.start:a.end], c.is.data[b.start:b.end])
}

// mayChange tells whether a changed object is one that further signatures and
// validation material change, and in no other way than that.
func (c *comparison) mayChange(num int, before, after *object) bool {
	a, ok1 := before.value.(dict)
	b, ok2 := after.value.(dict)
	if !ok1 || !ok2 || before.stream || after.stream {
		return false
	}
	catalog, _ := c.was.resolve(c.was.root).(dict)
	form, _ := catalog["AcroForm"].(ref)
	switch {
	case num == c.was.root.num:
		return c.catalog(a, b)
	case form.num == num && num > 0:
		return c.form(a, b)
	case a["Type"] == name("Page"):
		return c.but(a, b, "Annots") && c.longer(a["Annots"], b["Annots"])
	case a["FT"] == name("Sig") && a["V"] == nil:
		return unseen(a) && c.but(a, b, "V", "M", "Lock") && unseen(b)
	case c.was.isInfo(num):
		return c.but(a, b, "ModDate", "Producer")
	}
	return false
}

// catalog lets the security store and extensions come, and the form change as it may.
func (c *comparison) catalog(a, b dict) bool {
	if !c.but(a, b, "DSS", "Extensions", "AcroForm") {
		return false
	}
	if reflect.DeepEqual(a["AcroForm"], b["AcroForm"]) {
		return true
	}
	was, _ := c.was.resolve(a["AcroForm"]).(dict)
	is, ok := c.is.resolve(b["AcroForm"]).(dict)
	return ok && c.form(was, is)
}

// form lets signature fields be added that are not seen.
func (c *comparison) form(a, b dict) bool {
	return c.but(a, b, "Fields", "SigFlags", "DR", "DA") && c.longer(a["Fields"], b["Fields"])
}

// but tells whether two dictionaries are the same except for some keys.
func (c *comparison) but(a, b dict, except ...name) bool {
	for _, d := range []dict{a, b} {
		for k := range d {
			if !slices.Contains(except, k) && !reflect.DeepEqual(a[k], b[k]) {
				return false
			}
		}
	}
	return true
}

// longer tells whether a list was only added to, by signature fields that are
// not seen.
func (c *comparison) longer(a, b any) bool {
	was, _ := c.was.resolve(a).(array)
	is, _ := c.is.resolve(b).(array)
	if len(is) < len(was) || !reflect.DeepEqual(was, is[:len(was)]) && len(was) > 0 {
		return false
	}
	for _, e := range is[len(was):] {
		field, ok := c.is.resolve(e).(dict)
		if !ok || field["FT"] != name("Sig") || !unseen(field) {
			return false
		}
	}
	return true
}

// unseen tells of a field that takes no place on a page, or is hidden.
// SPEC: ISO 32000-1 §12.5.3 (flag 2), §12.7.4.5.
func unseen(field dict) bool {
	if field["Kids"] != nil {
		return false
	}
	rect, ok := field["Rect"].(array)
	if !ok {
		return field["Subtype"] == nil
	}
	return len(rect) == 4 && (number(rect[0]) == number(rect[2]) || number(rect[1]) == number(rect[3]))
}

func (f *file) isInfo(num int) bool {
	return slices.ContainsFunc(f.trailers, func(d dict) bool { r, ok := d["Info"].(ref); return ok && r.num == num })
}

// referred gives every number that something in the file refers to.
func (f *file) referred() map[int]bool {
	out := map[int]bool{}
	for _, o := range f.all() {
		refs(o.value, out)
	}
	return out
}

func refs(v any, out map[int]bool) {
	switch v := v.(type) {
	case ref:
		out[v.num] = true
	case dict:
		for _, e := range v {
			refs(e, out)
		}
	case array:
		for _, e := range v {
			refs(e, out)
		}
	}
}
