package orderdoc

import "bytes"

// resolve gives the newest value of an object, nil if there is none.
func (f *file) resolve(v any) any {
	for range 8 {
		r, ok := v.(ref)
		if !ok {
			return v
		}
		loc, ok := f.where[r.num]
		if !ok || loc.free {
			return nil
		}
		if v = f.at(loc); v == nil {
			return nil
		}
	}
	return nil
}

func (f *file) at(loc location) any {
	if loc.stream > 0 {
		return f.packed[[2]int{loc.stream, loc.index}].value
	}
	return f.objects[f.skipped(loc.offset)].value
}

// countPages walks the page tree and compares it with the counts in it.
// SPEC: ISO 32000-1 §7.7.3.
func (f *file) countPages() error {
	catalog, ok := f.resolve(f.root).(dict)
	if !ok || f.root.num == 0 {
		return refuse("damaged", damaged)
	}
	n, err := f.pagesUnder(catalog["Pages"], map[int]bool{}, 0)
	if err != nil {
		return err
	}
	if n == 0 {
		return refuse("no_pages", "The file has no pages. Save the order's PDF again and send it anew.")
	}
	f.pages = n
	return nil
}

func (f *file) pagesUnder(v any, seen map[int]bool, depth int) (int, error) {
	r, ok := v.(ref)
	node, isDict := f.resolve(v).(dict)
	if !ok || !isDict || seen[r.num] || depth > maxDepth {
		return 0, refuse("damaged", damaged)
	}
	seen[r.num] = true
	if node["Type"] == name("Page") {
		return 1, nil
	}
	kids, ok := f.resolve(node["Kids"]).(array)
	if !ok || node["Type"] != name("Pages") {
		return 0, refuse("damaged", damaged)
	}
	total := 0
	for _, k := range kids {
		n, err := f.pagesUnder(k, seen, depth+1)
		if err != nil {
			return 0, err
		}
		if total += n; total > f.lim.MaxPages {
			return 0, refuse("too_many_pages", "The file has more than %d pages. Send the order alone, or split it into several files.", f.lim.MaxPages)
		}
	}
	if f.resolve(node["Count"]) != total {
		return 0, refuse("damaged", damaged)
	}
	return total, nil
}

// revisions counts the file's versions; a linearised file has two sections
// for its first one.
func (f *file) revisions() int {
	if f.linear && f.ends > 1 {
		return f.ends - 1
	}
	return f.ends
}

// changedAfterSigning tells whether bytes follow what the last signature covers.
func (f *file) changedAfterSigning() bool {
	return f.signatures > 0 && f.signedTo < len(bytes.TrimRight(f.data, "\x00\t\n\f\r "))
}
