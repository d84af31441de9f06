package orderdoc

// table reads a cross-reference table and the trailer after it.
// SPEC: ISO 32000-1 §7.5.4, §7.5.5.
func (f *file) table(l *lexer, at int) error {
	s := &section{entries: map[int]location{}}
	for {
		v, err := l.value(0)
		if err != nil {
			return structure(err)
		}
		if v == word("trailer") {
			break
		}
		first, ok1 := v.(int)
		n, err := l.value(0)
		count, ok2 := n.(int)
		if err != nil || !ok1 || !ok2 || first < 0 || count < 0 || count > f.lim.MaxObjects {
			return refuse("damaged", damaged)
		}
		if err := f.rows(l, s, first, count); err != nil {
			return err
		}
	}
	v, err := l.value(0)
	if err != nil {
		return cut(l, err)
	}
	d, ok := v.(dict)
	if !ok {
		return refuse("damaged", damaged)
	}
	s.trailer = d
	f.tables[at] = s
	f.trailers = append(f.trailers, d)
	return nil
}

func (f *file) rows(l *lexer, s *section, first, count int) error {
	for i := range count {
		if err := f.oneMore(); err != nil {
			return err
		}
		offset, err1 := l.value(0)
		gen, err2 := l.value(0)
		kind, err3 := l.value(0)
		o, ok1 := offset.(int)
		g, ok2 := gen.(int)
		if err1 != nil || err2 != nil || err3 != nil || !ok1 || !ok2 || (kind != word("n") && kind != word("f")) {
			return cut(l, refuse("damaged", damaged))
		}
		s.entries[first+i] = location{offset: o, gen: g, free: kind == word("f")}
	}
	return nil
}

// unencrypted refuses a file that only a password opens.
func (f *file) unencrypted() error {
	for _, d := range f.trailers {
		if e, ok := d["Encrypt"]; ok && e != word("null") {
			return encrypted()
		}
	}
	for _, o := range f.objects {
		if d, ok := o.value.(dict); ok && o.stream && d["Type"] == name("XRef") && d["Encrypt"] != nil {
			return encrypted()
		}
	}
	return nil
}

func encrypted() error {
	return refuse("encrypted", "The file is encrypted or protected by a password. Save it without protection and send the result; it is encrypted on its way to us and where it is kept.")
}

// crossReferences follows the cross references from the last startxref and
// makes sure that each points at the very object that the scan found there: a
// reader that follows them sees what was examined, and nothing else.
func (f *file) crossReferences() error {
	f.where = map[int]location{}
	queue, seen := []int{f.starts[len(f.starts)-1]}, map[int]bool{}
	for first := true; len(queue) > 0; first = false {
		at := queue[0]
		queue = queue[1:]
		if seen[at] || len(seen) > 1000 {
			return refuse("damaged", damaged)
		}
		seen[at] = true
		s, err := f.section(at)
		if err != nil {
			return err
		}
		if root, ok := s.trailer["Root"].(ref); ok && first {
			f.root = root
		}
		if err := f.apply(s); err != nil {
			return err
		}
		// A hybrid file's hidden stream comes before older sections.
		for _, key := range []name{"XRefStm", "Prev"} {
			switch n := s.trailer[key].(type) {
			case int:
				queue = append(queue, n)
			case nil:
			default:
				return refuse("damaged", damaged)
			}
		}
	}
	return nil
}

// section gives the table or the stream at an offset.
func (f *file) section(at int) (*section, error) {
	at = f.skipped(at)
	if s, ok := f.tables[at]; ok {
		return s, nil
	}
	o, ok := f.objects[at]
	if !ok || !o.stream || o.value.(dict)["Type"] != name("XRef") {
		return nil, refuse("damaged", damaged)
	}
	return f.xrefStream(o)
}

// apply adds the entries that no newer section has.
func (f *file) apply(s *section) error {
	for num, loc := range s.entries {
		if !loc.free {
			if err := f.points(num, loc); err != nil {
				return err
			}
		}
		if _, newer := f.where[num]; !newer {
			f.where[num] = loc
		}
	}
	return nil
}

// points tells whether a cross reference leads to the object it names.
func (f *file) points(num int, loc location) error {
	var o *object
	if loc.stream > 0 {
		o = f.packed[[2]int{loc.stream, loc.index}]
	} else {
		o = f.objects[f.skipped(loc.offset)]
	}
	if o == nil || o.num != num || o.gen != loc.gen {
		return refuse("damaged", damaged)
	}
	return nil
}

// newest makes sure that of several objects with one number the cross references
// lead to the last: a reader that loses them and looks for objects itself would
// show that one.
func (f *file) newest() error {
	for num, all := range f.numbers {
		loc, named := f.where[num]
		if !named || loc.free {
			continue
		}
		at := f.skipped(loc.offset)
		if loc.stream > 0 {
			at = f.skipped(f.where[loc.stream].offset)
		}
		if at < all[len(all)-1].at {
			return refuse("damaged", damaged)
		}
	}
	return nil
}

// skipped moves an offset over white space: some writers count from the line
// end before an object.
func (f *file) skipped(at int) int {
	for end := at + 2; at >= 0 && at < len(f.data) && at < end && isSpace(f.data[at]); {
		at++
	}
	return at
}

// xrefStream reads a cross-reference stream.
// SPEC: ISO 32000-1 §7.5.8.
func (f *file) xrefStream(o *object) (*section, error) {
	d := o.value.(dict)
	raw, err := f.decode(o)
	if err != nil {
		return nil, err
	}
	w, err := widths(d["W"])
	if err != nil {
		return nil, err
	}
	size, _ := d["Size"].(int)
	index, ok := d["Index"].(array)
	if !ok {
		index = array{0, size}
	}
	s := &section{entries: map[int]location{}, trailer: d}
	for i := 0; i+1 < len(index); i += 2 {
		first, ok1 := index[i].(int)
		count, ok2 := index[i+1].(int)
		if !ok1 || !ok2 || first < 0 || count < 0 || count > f.lim.MaxObjects {
			return nil, refuse("damaged", damaged)
		}
		if raw, err = f.fields(s, raw, w, [2]int{first, count}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func widths(v any) (w [3]int, err error) {
	a, _ := v.(array)
	if len(a) != 3 {
		return w, refuse("damaged", damaged)
	}
	for i := range a {
		n, ok := a[i].(int)
		if !ok || n < 0 || n > 4 {
			return w, refuse("damaged", damaged)
		}
		w[i] = n
	}
	if w[1] == 0 {
		return w, refuse("damaged", damaged)
	}
	return w, nil
}

// fields reads span[1] entries from number span[0] and gives the rest of raw.
func (f *file) fields(s *section, raw []byte, w [3]int, span [2]int) ([]byte, error) {
	for i := range span[1] {
		if err := f.oneMore(); err != nil {
			return nil, err
		}
		if len(raw) < w[0]+w[1]+w[2] {
			return nil, refuse("damaged", damaged)
		}
		kind := 1
		if w[0] > 0 {
			kind = bigEndian(raw[:w[0]])
		}
		a, b := bigEndian(raw[w[0]:w[0]+w[1]]), bigEndian(raw[w[0]+w[1]:w[0]+w[1]+w[2]])
		raw = raw[w[0]+w[1]+w[2]:]
		num := span[0] + i
		switch kind {
		case 0:
			s.entries[num] = location{free: true}
		case 1:
			s.entries[num] = location{offset: a, gen: b}
		case 2:
			s.entries[num] = location{stream: a, index: b}
		default:
			return nil, refuse("damaged", damaged)
		}
	}
	return raw, nil
}

func bigEndian(b []byte) int {
	n := 0
	for _, c := range b {
		n = n<<8 | int(c)
	}
	return n
}
