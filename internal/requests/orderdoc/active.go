package orderdoc

// activeKeys are dictionary keys that stand for something that acts, or for
// another file inside the file.
// SPEC: ISO 32000-1 §7.11, §12.6, §12.7, ISO 32000-2 §13.
var activeKeys = map[name]struct{ code, what string }{
	"JavaScript":       {"javascript", "a script"},
	"JS":               {"javascript", "a script"},
	"AA":               {"action", "an action that runs by itself"},
	"Launch":           {"launch", "a command that starts a program"},
	"EmbeddedFile":     {"embedded_file", "an attached file"},
	"EmbeddedFiles":    {"embedded_file", "an attached file"},
	"EF":               {"embedded_file", "an attached file"},
	"Collection":       {"embedded_file", "a collection of attached files"},
	"RichMedia":        {"rich_media", "sound, film or animation"},
	"RichMediaContent": {"rich_media", "sound, film or animation"},
	"Renditions":       {"rich_media", "sound, film or animation"},
	"XFA":              {"xfa", "an XFA form"},
	"FFilter":          {"external_file", "a reference to a file outside"},
	"NeedsRendering":   {"xfa", "an XFA form"},
}

// activeValues are values of /S, /Type and /Subtype of the same sort.
var activeValues = map[name]struct{ code, what string }{
	"JavaScript":        {"javascript", "a script"},
	"Launch":            {"launch", "a command that starts a program"},
	"EmbeddedFile":      {"embedded_file", "an attached file"},
	"FileAttachment":    {"embedded_file", "an attached file"},
	"GoToE":             {"embedded_file", "a link into an attached file"},
	"GoToR":             {"external_file", "a reference to a file outside"},
	"SubmitForm":        {"submit_form", "a form that sends data"},
	"ImportData":        {"submit_form", "a form that reads data from files"},
	"ResetForm":         {"action", "a form action"},
	"RichMedia":         {"rich_media", "sound, film or animation"},
	"RichMediaExecute":  {"rich_media", "sound, film or animation"},
	"Rendition":         {"rich_media", "sound, film or animation"},
	"Movie":             {"rich_media", "sound, film or animation"},
	"Sound":             {"rich_media", "sound, film or animation"},
	"Screen":            {"rich_media", "sound, film or animation"},
	"3D":                {"rich_media", "a three-dimensional model"},
	"GoTo3DView":        {"rich_media", "a three-dimensional model"},
	"SetOCGState":       {"action", "an action that changes what is seen"},
	"Hide":              {"action", "an action that changes what is seen"},
	"RichMediaSettings": {"rich_media", "sound, film or animation"},
}

// look refuses a dictionary with active content or with dimensions of a page
// or an image over the limits. It is called for every dictionary of the file,
// reached or not, in object streams too.
func (f *file) look(d dict) error {
	for k, v := range d {
		if a, ok := activeKeys[k]; ok && !emptyTree(v) {
			return active(a.code, a.what)
		}
		if k != "S" && k != "Type" && k != "Subtype" {
			continue
		}
		n, _ := v.(name)
		if a, ok := activeValues[n]; ok {
			return active(a.code, a.what)
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

func active(code, what string) error {
	return refuse(code, "The file contains %s. Print the order to PDF anew, without attachments, scripts or media, and send the result.", what)
}

// openAction lets a file say which page to show first ([page /Fit …], as
// common office programs write it) and refuses anything that acts on opening.
func openAction(v any) error {
	if v == nil || v == word("null") {
		return nil
	}
	a, ok := v.(array)
	if !ok || len(a) < 2 || len(a) > 6 {
		return active("open_action", "an action that runs when it is opened")
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
		return active("open_action", "an action that runs when it is opened")
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
