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

// archives are the marks by which programs find an archive wherever it lies in a
// file: RAR and 7z, as in programs that unpack themselves.
var archives = [][]byte{[]byte("Rar!\x1a\x07"), []byte("7z\xbc\xaf\x27\x1c")}

// isoAt are the places where an ISO 9660 image has its mark.
// SPEC: ECMA-119 §8.1.2.
var isoAt = []int{0x8001, 0x8801, 0x9001}

// polyglot refuses files that are also of another kind. Programs that open
// ZIP files look for their directory from the end, wherever the file begins.
func (f *file) polyglot() error {
	for i, c := range f.data {
		if (c == '<' || c|0x20 == 'j') && marked(f.data[i:]) {
			return refuse("polyglot", foreign)
		}
	}
	for _, m := range archives {
		if bytes.Contains(f.data, m) {
			return refuse("polyglot", foreign)
		}
	}
	for _, at := range isoAt {
		if len(f.data) > at && bytes.HasPrefix(f.data[at:], []byte("CD001")) {
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

// marked tells whether b begins with markup, in any case.
func marked(b []byte) bool {
	if len(b) < 2 || !bytes.ContainsRune([]byte("shi!?a"), rune(b[1]|0x20)) && b[1] != '!' && b[1] != '?' {
		return false
	}
	for _, m := range markup {
		if len(b) >= len(m) && bytes.EqualFold(b[:len(m)], m) {
			return true
		}
	}
	return false
}
