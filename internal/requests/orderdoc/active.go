package orderdoc

// activeKeys are dictionary keys that stand for something that acts, or for
// another file inside the file.
// SPEC: ISO 32000-1 §7.11, §12.6, §12.7, ISO 32000-2 §13.
var activeKeys = map[name]string{
	"JavaScript":       "javascript",
	"JS":               "javascript",
	"AA":               "action",
	"Launch":           "launch",
	"EmbeddedFile":     "embedded_file",
	"EmbeddedFiles":    "embedded_file",
	"EF":               "embedded_file",
	"Collection":       "embedded_file",
	"RichMedia":        "rich_media",
	"RichMediaContent": "rich_media",
	"Renditions":       "rich_media",
	"XFA":              "xfa",
	"FFilter":          "external_file",
	"NeedsRendering":   "xfa",
}

// activeValues are values of /S, /Type and /Subtype of the same sort.
var activeValues = map[name]string{
	"JavaScript":        "javascript",
	"Launch":            "launch",
	"EmbeddedFile":      "embedded_file",
	"FileAttachment":    "embedded_file",
	"GoToE":             "embedded_file",
	"GoToR":             "external_file",
	"SubmitForm":        "submit_form",
	"ImportData":        "submit_form",
	"ResetForm":         "action",
	"RichMedia":         "rich_media",
	"RichMediaExecute":  "rich_media",
	"Rendition":         "rich_media",
	"Movie":             "rich_media",
	"Sound":             "rich_media",
	"Screen":            "rich_media",
	"3D":                "rich_media",
	"GoTo3DView":        "rich_media",
	"SetOCGState":       "action",
	"Hide":              "action",
	"RichMediaSettings": "rich_media",
}

// look refuses a dictionary with active content or with dimensions of a page
// or an image over the limits. It is called for every dictionary of the file,
// reached or not, in object streams too.
func (f *file) look(d dict) error {
	for k, v := range d {
		if a, ok := activeKeys[k]; ok && !emptyTree(v) {
			return active(a)
		}
		if k != "S" && k != "Type" && k != "Subtype" {
			continue
		}
		n, _ := v.(name)
		if a, ok := activeValues[n]; ok {
			return active(a)
		}
	}
	if err := openAction(d["OpenAction"]); err != nil {
		return err
	}
	f.signature(d)
	return f.dimensions(d)
}

// emptyTree tells of a name tree without a name, which some writers put in
// every file.
func emptyTree(v any) bool {
	d, ok := v.(dict)
	names, ok2 := d["Names"].(array)
	return ok && ok2 && len(d) == 1 && len(names) == 0
}

// sentences say what each refusal of something active is, and what to send instead.
var sentences = map[string]string{
	"javascript":    "The file contains a script. Print the order to PDF anew, without scripts, and send the result.",
	"action":        "The file contains an action that runs by itself. Print the order to PDF anew and send the result.",
	"open_action":   "The file does something when it is opened. Print the order to PDF anew and send the result.",
	"launch":        "The file wants to start a program. Print the order to PDF anew and send the result.",
	"embedded_file": "The file has other files attached inside it. Take them out, print the order to PDF anew, and send it alone.",
	"rich_media":    "The file contains sound, film, animation or a model. Print the order to PDF anew, without media, and send the result.",
	"xfa":           "The file contains an XFA form, which changes as it is filled in. Print the filled form to PDF and send the result.",
	"external_file": "The file points to files outside of it. Print the order to PDF anew and send the result.",
	"submit_form":   "The file contains a form that sends or reads data. Print the filled form to PDF and send the result.",
}

func active(code string) error { return refuse(code, "%s", sentences[code]) }

// openAction lets a file say which page to show first ([page /Fit …], as
// common office programs write it) and refuses anything that acts on opening.
func openAction(v any) error {
	if v == nil || v == word("null") {
		return nil
	}
	a, ok := v.(array)
	if !ok || len(a) < 2 || len(a) > 6 {
		return active("open_action")
	}
	for i, e := range a {
		switch e.(type) {
		case ref, int:
		case float64, word:
			ok = ok && i > 1
		case name:
			ok = ok && i == 1
		default:
			ok = false
		}
	}
	if !ok {
		return active("open_action")
	}
	return nil
}

// signature notes what an electronic signature covers.
// SPEC: ISO 32000-1 §12.8.1.
func (f *file) signature(d dict) {
	r, ok := d["ByteRange"].(array)
	if !ok || len(r) != 4 {
		return
	}
	start, _ := r[2].(int)
	length, _ := r[3].(int)
	f.signatures++
	f.signedTo = max(f.signedTo, start+length)
}

// dimensions refuses pages and images that no order needs and that would take
// all memory when drawn.
func (f *file) dimensions(d dict) error {
	for _, key := range []name{"MediaBox", "CropBox"} {
		box, _ := d[key].(array)
		for _, v := range box {
			if n := number(v); n > f.lim.MaxPoints || n < -f.lim.MaxPoints {
				return refuse("page_size", "A page is larger than 200 inches (5 metres). Print the order to PDF in a common paper size and send the result.")
			}
		}
	}
	if u := number(d["UserUnit"]); u > 10 {
		return refuse("page_size", "A page is larger than 200 inches (5 metres). Print the order to PDF in a common paper size and send the result.")
	}
	w, h := number(d["Width"]), number(d["Height"])
	if d["Subtype"] == name("Image") && (w < 0 || h < 0 || w > 65_000 || h > 65_000 || w*h > float64(f.lim.MaxPixels)) {
		return refuse("image_size", "An image in the file has more than %d million pixels. Scan the order at 300 dots per inch and send the result.", f.lim.MaxPixels/1_000_000)
	}
	return nil
}

func number(v any) float64 {
	switch n := v.(type) {
	case int:
		return float64(n)
	case float64:
		return n
	}
	return 0
}
