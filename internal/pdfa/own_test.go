package pdfa

import (
	"reflect"
	"testing"
)

// TestADocumentsCellsDoNotOutliveIt writes data twice into a table: the second cell
// is that of the first, and no typesetter keeps either.
func TestADocumentsCellsDoNotOutliveIt(t *testing.T) {
	const secret, own = "+49 30 1234567", "Name (of this test)"
	Own(own)
	d := New(Info{Title: "Cells", Language: "en"})
	set := d.set
	d.Table([]Column{{Share: 1}, {Share: 1}}, [][]string{{secret, own}, {secret, own}}, 0)
	key := place{secret, styleCell, textWidth/2 - 2*side}
	if !reflect.DeepEqual(set.again[key], set.lines(secret, styleCell, key.width)) {
		t.Error("a cell that is said again would be drawn otherwise")
	}
	if _, err := d.Bytes(); err != nil {
		t.Fatal(err)
	}
	if len(set.again) != 0 {
		t.Error("cells of a document outlive it")
	}
	if _, ok := set.kept[key]; ok {
		t.Error("data is kept as the program's own words")
	}
	if _, ok := set.kept[place{own, styleCell, key.width}]; !ok {
		t.Error("own words are not kept")
	}
}
