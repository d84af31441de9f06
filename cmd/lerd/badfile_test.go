package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"lerd/internal/testkit/pdfs"
)

// wrongFile is something that is no order.
type wrongFile struct {
	name, mediaType string
	body            []byte
	says            string
}

func (d *desk) wrongFiles() map[string]wrongFile {
	pdf := d.order("IN/94/2026/61")
	active := bytes.Replace(pdf, []byte("/Type /Catalog"), []byte("/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), 1)
	if bytes.Equal(active, pdf) {
		d.t.Fatal("the sample has no catalogue to spoil")
	}
	return map[string]wrongFile{
		"nothing in it":           {"order.pdf", "application/pdf", nil, "empty"},
		"a text":                  {"order.pdf", "application/pdf", []byte("This is the order."), "PDF"},
		"a page of HTML":          {"order.pdf", "application/pdf", []byte("<!doctype html><script>alert(1)</script>"), "PDF"},
		"a program":               {"order.exe", "application/octet-stream", append([]byte("MZ\x90\x00"), make([]byte, 512)...), "PDF"},
		"a picture":               {"order.png", "image/png", []byte("\x89PNG\r\n\x1a\n0000"), "PDF"},
		"a PDF called a picture":  {"order.png", "image/png", pdf, "PDF"},
		"a PDF declared as HTML":  {"order.pdf", "text/html", pdf, "PDF"},
		"half a PDF":              {"order.pdf", "application/pdf", pdf[:len(pdf)/2], ""},
		"a PDF with its head off": {"order.pdf", "application/pdf", pdf[20:], "PDF"},
		"a PDF with a script":     {"order.pdf", "application/pdf", active, ""},
		"a PDF with a file in it": {"order.pdf", "application/pdf", pdfs.New().Sign(pdfs.Signing{Dict: func(string) string { return "<< /Type /EmbeddedFile >>" }}).Bytes(), "attached inside"},
		"a PDF that starts one":   {"order.pdf", "application/pdf", pdfs.New().Sign(pdfs.Signing{Dict: func(string) string { return "<< /S /Launch /F (x.exe) >>" }}).Bytes(), "start a program"},
		"a PDF with a password":   {"order.pdf", "application/pdf", bytes.Replace(pdfs.New().Bytes(), []byte("/Root 1 0 R"), []byte("/Root 1 0 R /Encrypt 5 0 R"), 1), "password"},
		"a PDF with a huge page":  {"order.pdf", "application/pdf", bytes.Replace(pdfs.New().Bytes(), []byte("[0 0 595 842]"), []byte("[0 0 90000 90000]"), 1), "200 inches"},
		"a picture, then a PDF":   {"order.pdf", "application/pdf", append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), pdf...), "PDF"},
		"a PDF behind something":  {"order.pdf", "application/pdf", append([]byte("GIF89a;PK\x03\x04\n"), pdf...), ""},
		"a PDF with a zip behind": {"order.pdf", "application/pdf", append(bytes.Clone(pdf), "PK\x03\x04 and more, so that another program reads another file"...), ""},
		"26 MB":                   {"order.pdf", "application/pdf", append(bytes.Clone(pdf), make([]byte, 26<<20)...), "25 MiB"},
	}
}

// TestAWrongFileIsRefusedAtItsField: what was typed stays, and nothing of the
// file is kept.
func TestAWrongFileIsRefusedAtItsField(t *testing.T) {
	d := newDesk(t)
	before, blobs := d.counts(), d.blobs()
	for name, w := range d.wrongFiles() {
		a := d.form()
		a.file = webFile{w.name, w.mediaType, w.body}
		d.send(d.at(a, "kind"))
		f := d.at(a, "order")
		page := d.send(f)
		said := page.complaint("file")
		if page.status != http.StatusUnprocessableEntity || said == "" || !strings.Contains(said, w.says) || !page.linked("file") {
			t.Errorf("%s: status %d, at the field %q, want %q; %s", name, page.status, said, w.says, page.problem())
		}
		again, err := page.form("/order")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if gone := lost(f.fields, again.fields); len(gone) > 0 || d.draftOf(a).Content.Order != nil {
			t.Errorf("%s: lost %v, kept %v", name, gone, d.draftOf(a).Content.Order)
		}
	}
	if diff := changed(without(before, "draft", "event draft", "idempotency"), without(d.counts(), "draft", "event draft", "idempotency")); len(diff) > 0 {
		t.Errorf("wrong files changed %v", diff)
	}
	if now := d.blobs(); now != blobs {
		t.Errorf("of the wrong files something was kept: %s", now)
	}
}

// blobs lists what lies in the data folder's store of documents and in its
// folder for uploads.
func (d *desk) blobs() string {
	var names []string
	for _, dir := range []string{"blobs", "tmp"} {
		_ = filepath.WalkDir(d.cfg.path(dir), func(path string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				names = append(names, path)
			}
			return nil
		})
	}
	return strings.Join(names, "\n")
}

// TestAWrongFileDoesNotReplaceTheOrder: the order that the form already carries
// stays when another file is refused.
func TestAWrongFileDoesNotReplaceTheOrder(t *testing.T) {
	d := newDesk(t)
	a := d.withOrder()
	have := d.draftOf(a).Content.Order
	f := d.at(a, "order")
	f.upload["file"] = webFile{"order.pdf", "application/pdf", []byte("This is the order.")}
	page := d.send(f)
	if now := d.draftOf(a).Content.Order; page.complaint("file") == "" || now.Blob != have.Blob {
		t.Errorf("status %d, order %v, want %v kept and the field marked", page.status, now, have)
	}
	d.submitted(a)
}

// TestABodyThatIsNotAFormIsRefusedWhole: too large, cut off, or put together
// wrongly; the page says so in words.
func TestABodyThatIsNotAFormIsRefusedWhole(t *testing.T) {
	d := newDesk(t)
	at := d.form().draft + "/order"
	before, blobs := d.counts(), d.blobs()
	part := func(head, body string) string {
		return "--XX\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + body + "\r\n"
	}
	key := part(`name="idempotency_key"`, uuid.NewString())
	fields := strings.Repeat(part(`name="need"`, "a"), 2001)
	for name, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"70 MB":                {"multipart/form-data; boundary=XX", key + part(`name="file"; filename="order.pdf"`, strings.Repeat("A", 70<<20)) + "--XX--\r\n", 413},
		"300 kB in a field":    {"multipart/form-data; boundary=XX", key + part(`name="need"`, strings.Repeat("a", 300<<10)) + "--XX--\r\n", 413},
		"no end":               {"multipart/form-data; boundary=XX", key + part(`name="need"`, "a"), 400},
		"another boundary":     {"multipart/form-data; boundary=YY", key + "--XX--\r\n", 400},
		"2001 fields":          {"multipart/form-data; boundary=XX", key + fields + "--XX--\r\n", 400},
		"broken UTF-8":         {"multipart/form-data; boundary=XX", key + part(`name="need"`, "\xff\xfe") + "--XX--\r\n", 400},
		"a NUL":                {"multipart/form-data; boundary=XX", key + part(`name="need"`, "a\x00b") + "--XX--\r\n", 400},
		"broken percent signs": {"application/x-www-form-urlencoded", "idempotency_key=" + uuid.NewString() + "&need=%zz", 400},
		"a semicolon":          {"application/x-www-form-urlencoded", "idempotency_key=" + uuid.NewString() + ";need=x", 400},
		"JSON":                 {"application/json", `{"need":"x"}`, 415},
		"two keys":             {"multipart/form-data; boundary=XX", key + key + "--XX--\r\n", 400},
	} {
		got := d.ask(d.officer, "POST", at, map[string]string{"Content-Type": c.kind}, c.body)
		if got.status != c.status || !strings.Contains(got.body, "<h1>") {
			t.Errorf("%s: status %d, want %d; %.200s", name, got.status, c.status, got.body)
		}
	}
	if diff := changed(without(before), without(d.counts())); len(diff) > 0 {
		t.Errorf("changed %v", diff)
	}
	if now := d.blobs(); now != blobs {
		t.Errorf("something was kept: %s", now)
	}
}

// TestTheOrderComesBackAsItWas downloads what was uploaded: the same bytes,
// never to be shown inside a page.
// SPEC: OWASP ASVS 5.0 V3.2.1.
func TestTheOrderComesBackAsItWas(t *testing.T) {
	d := newDesk(t)
	f, pdf := d.form(), d.order("IN/94/2026/62")
	f.file = webFile{"../../\u202efdp.<b>order</b>.pdf", "application/pdf", pdf}
	id := d.submitted(f)
	for _, accept := range []string{"", "text/html", "image/*", "*/*"} {
		got := d.ask(d.officer, "GET", "/requests/"+id+"/order", map[string]string{"Accept": accept}, "")
		if got.status != 200 || got.body != string(pdf) {
			t.Fatalf("status %d, %d bytes, want the %d of the upload", got.status, len(got.body), len(pdf))
		}
		if h := got.header; !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || strings.ContainsAny(h.Get("Content-Disposition"), "<>/\\\u202e") || h.Get("Content-Type") == "text/html" ||
			h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", h)
		}
	}
	head, err := http.NewRequest("HEAD", d.base+"/requests/"+id+"/order", nil)
	d.must(err)
	resp, err := d.officer.client.Do(head)
	d.must(err)
	n, err := io.Copy(io.Discard, resp.Body)
	if resp.Body.Close(); n != 0 || err != nil || resp.Header.Get("Content-Length") != fmt.Sprint(len(pdf)) {
		t.Errorf("HEAD: %d bytes, length %s, %v", n, resp.Header.Get("Content-Length"), err)
	}
}
