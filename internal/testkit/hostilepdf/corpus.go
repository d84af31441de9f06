// Package hostilepdf makes PDFs that mean harm, plain ones beside them, and ones
// that are no harm to read and cost much to draw. The examination of orders, the
// renderer and the portal are all tried with the same files.
package hostilepdf

import (
	"strings"
	"sync"
)

// File is one file of the corpus.
type File struct {
	Name string
	PDF  []byte
	Code string // with which it is refused; "" where it is taken
}

// All gives every file that has to be refused. They are made once and are not to
// be changed.
var All = sync.OnceValue(func() []File {
	all := append(Active(), Foreign()...)
	all = append(all, Structure()...)
	all = append(all, embedded()...)
	all = append(all, actions()...)
	all = append(all, polyglots()...)
	all = append(all, signedAndHidden()...)
	all = append(all, floods()...)
	return append(all, Size()...)
})

// Holds tells whether an answer holds bytes of a file: its header, or any piece of
// 64 bytes of it at one of sixteen places.
func Holds(file []byte, answer string) bool {
	if strings.Contains(answer, "%PDF-") {
		return true
	}
	for i := range 16 {
		if at := len(file) * i / 16; at+64 <= len(file) && strings.Contains(answer, string(file[at:at+64])) {
			return true
		}
	}
	return false
}
