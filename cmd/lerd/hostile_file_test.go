package main

import (
	"bytes"
	"fmt"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"lerd/internal/requests"
	"lerd/internal/testkit/hostilepdf"
)

// TestTheHostileCorpusAtTheDoor sends every hostile file through the form of a new
// request: each is refused with a sentence at its field, what was typed stays, and
// nothing of it is kept; in the end the same draft takes a plain order and is
// submitted.
func TestTheHostileCorpusAtTheDoor(t *testing.T) {
	d := newDesk(t)
	a := d.form()
	d.send(d.at(a, "kind"))
	d.send(d.at(a, "order"))
	before, blobs := d.counts(), d.blobs()
	for _, h := range hostilepdf.All() {
		a.file = webFile{"order.pdf", "application/pdf", h.PDF}
		f := d.at(a, "order")
		page := d.send(f)
		said := page.complaint("file")
		if page.status != http.StatusUnprocessableEntity || !strings.HasSuffix(said, ".") || strings.Contains(said, "wrong") || !page.linked("file") {
			t.Errorf("%s: status %d, at the field %q; %s", h.Name, page.status, said, page.problem())
			continue
		}
		again, err := page.form("/order")
		d.must(err)
		if gone := lost(f.fields, again.fields); len(gone) > 0 {
			t.Errorf("%s: lost %v", h.Name, gone)
		}
		if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html;") {
			t.Errorf("%s: answered as %s", h.Name, page.header.Get("Content-Type"))
		}
	}
	t.Logf("%d files were refused", len(hostilepdf.All()))
	if kept := d.draftOf(a).Content.Order; kept != nil {
		t.Errorf("the draft carries %v", kept)
	}
	if diff := changed(without(before, "draft", "event draft", "idempotency"), without(d.counts(), "draft", "event draft", "idempotency")); len(diff) > 0 {
		t.Errorf("hostile files changed %v", diff)
	}
	if now := d.blobs(); now != blobs {
		t.Errorf("something was kept: %s", now)
	}
	a.file = webFile{"order.pdf", "application/pdf", d.order("IN/94/2026/881")}
	_, err := a.walk(d.ctx)
	d.must(err)
	a.file = webFile{}
	id := d.submitted(a)
	d.attachments(t, id)
}

// attachments sends one file of each kind with a message: that door is as narrow.
func (d *desk) attachments(t *testing.T, id string) {
	t.Helper()
	d.rested(requests.ID(id))
	before, tried := d.counts(), map[string]bool{}
	for _, h := range hostilepdf.All() {
		if tried[h.Code] {
			continue
		}
		tried[h.Code] = true
		got := d.writes(id, h.PDF)
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `id="file-error"`) || !strings.Contains(got.body, "The page that is missing.") {
			t.Errorf("%s, with a message: status %d", h.Name, got.status)
		}
	}
	if len(tried) < 20 {
		t.Errorf("only %d kinds of refusal were tried", len(tried))
	}
	if diff := changed(without(before, "idempotency"), without(d.counts(), "idempotency")); len(diff) > 0 {
		t.Errorf("hostile files with messages changed %v", diff)
	}
	if got := d.writes(id, hostilepdf.Plain()); got.status != http.StatusSeeOther {
		t.Errorf("a plain page is answered %d: %.300s", got.status, got.body)
	}
}

// writes sends a message with a file as the officer.
func (d *desk) writes(id string, file []byte) reply {
	d.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	d.must(w.WriteField("idempotency_key", uuid.NewString()))
	d.must(w.WriteField("body", "The page that is missing."))
	part, err := w.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="file"; filename="page.pdf"`}, "Content-Type": {"application/pdf"}})
	d.must(err)
	_, err = part.Write(file)
	d.must(err)
	d.must(w.Close())
	return d.ask(d.officer, "POST", "/requests/"+id+"/write", map[string]string{"Content-Type": w.FormDataContentType()}, body.String())
}

// costly are files of the corpus that are taken and that the renderer stands quickly.
// All others go through TestCostlyOrdersEndAtTheirLimits.
var costly = map[string]bool{"nested saves": true, "JPX of other dimensions than it says": true, "JBIG2 of other dimensions than it says": true, "broken font": true, "shading of a function that loops": true}

// TestNobodyGetsAnOrderUnrendered submits every kind of file that is taken, and asks
// for it as everybody: staff get pixels that were drawn here or a word why there are
// none; the bytes go back to whoever brought them, as a file to keep, and to nobody
// else.
func TestNobodyGetsAnOrderUnrendered(t *testing.T) {
	d := newDesk(t)
	files := []hostilepdf.File{}
	for _, name := range []string{"object streams", "two revisions", "link", "CR LF"} {
		files = append(files, hostilepdf.File{Name: name, PDF: hostilepdf.Good()[name].PDF})
	}
	for _, h := range hostilepdf.Costly() {
		if costly[h.Name] {
			files = append(files, h)
		}
	}
	everybody := map[string]*visitor{}
	for _, who := range []string{"asha.rao", "vikram.nair", "jana.weber", "rita.lind", "helen.park", "carl.ito", "anna.keller", "ines.moreau", "nora.berg", "tess.boyd", ""} {
		everybody[who] = d.visit(who)
	}
	undrawn := 0
	for i, h := range files {
		a := d.form()
		a.set("order_number", fmt.Sprintf("CC/94/2026/%d", 500+i))
		a.file = webFile{"order.pdf", "application/pdf", h.PDF}
		_, err := a.walk(d.ctx)
		d.must(err)
		a.file = webFile{}
		id := d.submitted(a)
		undrawn += d.onlyPixels(t, everybody, id, h)
	}
	if undrawn == 0 || undrawn == len(files) {
		t.Errorf("%d of %d orders could not be drawn, so the test shows one side alone", undrawn, len(files))
	}
}

// onlyPixels asks for an order by every address that leads to it, and tells whether
// it could not be drawn.
func (d *desk) onlyPixels(t *testing.T, everybody map[string]*visitor, id string, h hostilepdf.File) (undrawn int) {
	t.Helper()
	for who, v := range everybody {
		for _, path := range []string{"/requests/" + id + "/order", "/requests/" + id + "/order/1", "/review/" + id + "/order", "/review/" + id + "/order/1", "/review/" + id + "/order/1.pdf",
			"/releases/" + id + "/order", "/audit/cases/" + id + "/order", "/review/" + id} {
			got := d.ask(v, "GET", path, map[string]string{"Accept": "application/pdf"}, "")
			kind, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
			own := path == "/requests/"+id+"/order" && (who == "asha.rao" || who == "vikram.nair")
			drawn := strings.HasSuffix(path, "/order/1") && (strings.HasPrefix(path, "/review/") && (who == "rita.lind" || who == "helen.park") || strings.HasPrefix(path, "/requests/") && (who == "asha.rao" || who == "vikram.nair"))
			switch {
			case got.header.Get("X-Content-Type-Options") != "nosniff":
				t.Errorf("%s: %s %s: a browser may guess what it is", h.Name, who, path)
			case own:
				if got.status != 200 || got.body != string(h.PDF) || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") {
					t.Errorf("%s: %s gets %d and %d bytes of the own order", h.Name, who, got.status, len(got.body))
				}
			case drawn && got.status == 200:
				d.drawnHere(t, h, kind, got.body)
			case drawn:
				undrawn = 1
				if got.status != http.StatusUnprocessableEntity || kind != "text/html" || hostilepdf.Holds(h.PDF, got.body) {
					t.Errorf("%s: %s %s: status %d, %s", h.Name, who, path, got.status, kind)
				}
			case kind != "text/html" || hostilepdf.Holds(h.PDF, got.body) || got.status == 200 && path != "/review/"+id:
				t.Errorf("%s: %s %s: status %d, %s, %d bytes", h.Name, who, path, got.status, kind, len(got.body))
			}
		}
	}
	return undrawn
}

// drawnHere looks at a page as pixels: of the size that the renderer draws, with
// nothing of the file in it or behind it.
func (d *desk) drawnHere(t *testing.T, h hostilepdf.File, kind, body string) {
	t.Helper()
	img, err := png.Decode(strings.NewReader(body))
	if err != nil || kind != "image/png" {
		t.Errorf("%s: drawn as %s: %v", h.Name, kind, err)
		return
	}
	var again bytes.Buffer
	d.must((&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&again, img))
	if again.String() != body || max(img.Bounds().Dx(), img.Bounds().Dy()) != 1600 || hostilepdf.Holds(h.PDF, body) {
		t.Errorf("%s: the picture is %v and %d bytes, of which pixels are %d", h.Name, img.Bounds(), len(body), again.Len())
	}
}
