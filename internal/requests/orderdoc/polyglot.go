package orderdoc

import (
	"bytes"
	"encoding/binary"
)

// markup are beginnings by which browsers and servers would take a file for
// something that they run. They are looked for in lower case, anywhere.
var markup = [][]byte{
	[]byte("<script"), []byte("<html"), []byte("<!doctype html"), []byte("<?php"), []byte("<iframe"), []byte("<svg "), []byte("javascript:"),
}

// polyglot refuses files that are also of another kind. Programs that open
// ZIP files look for their directory from the end, wherever the file begins.
func (f *file) polyglot() error {
	for _, m := range markup {
		if containsFold(f.data, m) {
			return refuse("polyglot", foreign)
		}
	}
	for from := 0; ; {
		i := bytes.Index(f.data[from:], []byte("PK\x05\x06"))
		if i < 0 {
			return nil
		}
		if zipEnd(f.data, from+i) {
			return refuse("polyglot", foreign)
		}
		from += i + 4
	}
}

// zipEnd tells whether a ZIP's end record lies at i: a directory of the size
// it names lies before it. SPEC: APPNOTE 4.3.16.
func zipEnd(b []byte, i int) bool {
	if i+22 > len(b) {
		return false
	}
	entries := int(binary.LittleEndian.Uint16(b[i+10:]))
	size := int(binary.LittleEndian.Uint32(b[i+12:]))
	if entries == 0 {
		return size == 0
	}
	return size <= i && bytes.HasPrefix(b[i-size:], []byte("PK\x01\x02"))
}

// containsFold tells whether b holds the lower-case ASCII text m in any case.
func containsFold(b, m []byte) bool {
	second := []byte{m[1], m[1] &^ 0x20} // all second characters but "!" and "?" are letters
	for {
		i := bytes.IndexByte(b, m[0])
		if m[0] != '<' {
			i = bytes.IndexAny(b, string([]byte{m[0], m[0] &^ 0x20}))
		}
		if i < 0 || i+len(m) > len(b) {
			return false
		}
		if c := b[i+1]; (c == m[1] || c == second[1]) && bytes.EqualFold(b[i:i+len(m)], m) {
			return true
		}
		b = b[i+1:]
	}
}
