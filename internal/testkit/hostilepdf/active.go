package hostilepdf

// Active are files in which something acts, or that hold others.
func Active() []File {
	cat := func(s string) []byte { return PlainWith(s, "").Table("").Bytes() }
	page := func(s string) []byte { return PlainWith("", s).Table("").Bytes() }
	return []File{
		{"script on opening", cat("/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "javascript"},
		{"script, escaped name", cat("/Names << /J#61vaScript 6 0 R >>"), "javascript"},
		{"script, escaped key", PlainWith("", "", "<< /S /Foo /#4a#53 (x) >>").Table("").Bytes(), "javascript"},
		{"script, wholly escaped value", PlainWith("", "", "<< /S /#4A#61#76#61#53#63#72#69#70#74 >>").Table("").Bytes(), "javascript"},
		{"script nobody refers to", PlainWith("", "", "<< /S /JavaScript >>").Table("").Bytes(), "javascript"},
		{"script in an object stream", Packed("<< /S /JavaScript /JS (x) >>", false), "javascript"},
		{"escaped script in an object stream", Packed("<< /S /JavaSc#72ipt >>", true), "javascript"},
		{"script in an older revision", Updated(PlainWith("/AA << >>", "").Table(""), func(b *Builder) { b.Obj(1, "<< /Type /Catalog /Pages 2 0 R >>") }), "action"},
		{"script in an array in an array", PlainWith("", "", "[[[<< /JS (x) >>]]]").Table("").Bytes(), "javascript"},
		{"script in a stream's keys", WithStream("/JS (x)", []byte("x")), "javascript"},
		{"script in the trailer", PlainWith("", "").Table("/X << /JS (x) >>").Bytes(), "javascript"},
		{"open action by reference", cat("/OpenAction 6 0 R"), "open_action"},
		{"open action, dictionary", cat("/OpenAction << /S /GoTo /D [3 0 R /Fit] >>"), "open_action"},
		{"open action with a dictionary in its array", cat("/OpenAction [3 0 R /Fit << >>]"), "open_action"},
		{"page action", page("/AA << /O << /S /Named >> >>"), "action"},
		{"launch", page("/Annots [<< /A << /S /Launch /F (cmd.exe) >> >>]"), "launch"},
		{"attached file", PlainWith("", "", "<< /Type /Filespec /EF << /F 7 0 R >> >>").Table("").Bytes(), "embedded_file"},
		{"attached file's stream", WithStream("/Type /EmbeddedFile", []byte("MZ")), "embedded_file"},
		{"attachment annotation", page("/Annots [<< /Subtype /FileAttachment >>]"), "embedded_file"},
		{"collection", cat("/Collection << >>"), "embedded_file"},
		{"rich media", page("/Annots [<< /Subtype /RichMedia >>]"), "rich_media"},
		{"film", page("/Annots [<< /Subtype /Movie >>]"), "rich_media"},
		{"model", page("/Annots [<< /Subtype /3D >>]"), "rich_media"},
		{"XFA", cat("/AcroForm << /XFA 6 0 R >>"), "xfa"},
		{"form that sends", page("/Annots [<< /A << /S /SubmitForm /F (http://127.0.0.1/) >> >>]"), "submit_form"},
		{"content outside", WithStream("/F (file:///etc/passwd)", []byte("x")), "external_file"},
		{"link to a file", page("/Annots [<< /A << /S /GoToR /F (x.pdf) >> >>]"), "external_file"},
		{"encrypted", PlainWith("", "").Table("/Encrypt 6 0 R").Bytes(), "encrypted"},
		{"crypt filter", WithStream("/Filter /Crypt", []byte("x")), "encrypted"},
	}
}
