package hostilepdf

import (
	"bytes"
	"fmt"
	"strings"
)

// Taken is a file that has to be taken.
type Taken struct {
	PDF   []byte
	Pages int
}

// Good gives files that must be taken, by name.
func Good() map[string]Taken {
	return map[string]Taken{
		"plain":               {Plain(), 1},
		"CR LF":               {bytes.ReplaceAll(plainRewritten(), []byte("\n"), []byte("\r\n")), 1},
		"object streams":      {Packed("<< /Type /Font >>", false), 1},
		"predictor":           {Packed("[1 0 R 2 0 R]", true), 1},
		"two revisions":       {Updated(plainWithTable(), func(b *Builder) { b.Obj(6, "(note)") }), 1},
		"first page to open":  {PlainWith("/OpenAction [3 0 R /XYZ null null 0]", "").Table("").Bytes(), 1},
		"link":                {PlainWith("", "/Annots [<< /Type /Annot /Subtype /Link /A << /S /URI /URI (https://court.example) >> >>]").Table("").Bytes(), 1},
		"indirect length":     {byReference("6"), 1},
		"empty name tree":     {PlainWith("/Names << /EmbeddedFiles << /Names [] >> >>", "").Table("").Bytes(), 1},
		"pages in two levels": {nested(3, 4), 12},
		"space at the end":    {append(Plain(), "\r\n \n"...), 1},
	}
}

func plainWithTable() *Builder { return PlainWith("", "").Table("") }

// plainRewritten is a file whose offsets are right after LF became CR LF.
func plainRewritten() []byte {
	b := New("%PDF-1.4\n")
	lines := func() int { return bytes.Count(b.Bytes(), []byte("\n")) }
	real := map[int]int{}
	for n, body := range []string{1: "<< /Type /Catalog /Pages 2 0 R >>", 2: pageTwo, 3: "<< /Type /Page /Parent 2 0 R >>"} {
		if n > 0 {
			at := b.Len() + lines()
			b.Obj(n, body)
			real[n] = at
		}
	}
	start := b.Len() + lines()
	fmt.Fprintf(b, "xref\n0 4\n0000000000 65535 f\n")
	for n := 1; n <= 3; n++ {
		fmt.Fprintf(b, "%010d 00000 n\n", real[n])
	}
	fmt.Fprintf(b, "trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", start)
	return b.Bytes()
}

// nested is a page tree of groups with leaves each.
func nested(groups, leaves int) []byte {
	b := New(Head)
	b.Obj(1, "<< /Type /Catalog /Pages 2 0 R >>")
	var kids strings.Builder
	num := 3
	for range groups {
		var inner strings.Builder
		group := num
		num++
		for range leaves {
			fmt.Fprintf(&inner, "%d 0 R ", num)
			b.Obj(num, "<< /Type /Page >>")
			num++
		}
		b.Obj(group, fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", inner.String(), leaves))
		fmt.Fprintf(&kids, "%d 0 R ", group)
	}
	b.Obj(2, fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids.String(), groups*leaves))
	return b.Table("").Bytes()
}
