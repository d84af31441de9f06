package main

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"lerd/internal/requests"
)

// TestAConnectionLostWhileAttaching breaks the connection at several places of a
// message with a document: nothing of it is there, no file is left, and the same
// form sent whole, twice, is one message.
func TestAConnectionLostWhileAttaching(t *testing.T) {
	s := newScenario(t)
	id := s.submit("IN/94/2026/995").ID
	p := s.open(unhurried)
	v := p.visit("asha.rao")
	at := requests.PathOf(id) + "/write"
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range map[string]string{"idempotency_key": uuid.NewString(), "body": "The page that is missing."} {
		p.must(w.WriteField(name, value))
	}
	part, err := w.CreatePart(map[string][]string{"Content-Disposition": {`form-data; name="file"; filename="page.pdf"`}, "Content-Type": {"application/pdf"}})
	p.must(err)
	_, err = part.Write(p.order("IN/94/2026/995"))
	p.must(err)
	p.must(w.Close())
	p.rested(id)
	before := p.counts()
	files := len(p.column("SELECT id::text FROM document"))
	for _, share := range []int{1, 30, 60, 99} {
		p.breakOff(v, at, w.FormDataContentType(), body.Bytes(), body.Len()*share/100)
	}
	time.Sleep(200 * time.Millisecond) // the server notices
	if diff := changed(before, p.counts()); len(diff) > 0 {
		t.Errorf("broken off, and there is %v", diff)
	}
	for range 2 {
		got := p.ask(v, "POST", at, map[string]string{"Content-Type": w.FormDataContentType()}, body.String())
		if got.status != 303 {
			t.Fatalf("sent whole it is answered %d: %s", got.status, got.body)
		}
	}
	if n := len(p.load(id).Messages); n != 1 {
		t.Errorf("%d messages", n)
	}
	if n := len(p.column("SELECT id::text FROM document")); n != files+1 {
		t.Errorf("%d documents, want %d", n, files+1)
	}
}

// rested waits until lerd has done what a new case makes it do: its order is
// examined and read, and its risk is stated.
func (p *portal) rested(id requests.ID) {
	p.t.Helper()
	p.examined()
	p.stated(id)
}

// examined waits until every document was examined, which no page makes happen.
func (p *portal) examined() {
	p.t.Helper()
	p.untilNone("a document is never examined", "SELECT id::text FROM document d WHERE NOT EXISTS (SELECT 1 FROM document_examination e WHERE e.id = d.id)")
}

// stated waits until the risk of cases is stated: a page that comes first does it
// itself, which takes a while where papers are compared.
func (p *portal) stated(ids ...requests.ID) {
	p.t.Helper()
	for _, id := range ids {
		p.untilNone("the risk of a case is never stated", "SELECT id::text FROM request q WHERE id = '"+string(id)+"' AND NOT EXISTS (SELECT 1 FROM risk_statement s WHERE s.request_id = q.id)")
	}
}

// untilNone waits until a query finds nothing more.
func (p *portal) untilNone(complaint, query string) {
	p.t.Helper()
	for range 1200 {
		if len(p.column(query)) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatal(complaint)
}

// breakOff sends the beginning of a form over a connection of its own, and breaks
// it off.
func (p *portal) breakOff(v *visitor, path, mediaType string, body []byte, n int) {
	p.t.Helper()
	at, err := url.Parse(p.base)
	p.must(err)
	conn, err := net.Dial("tcp", at.Host)
	p.must(err)
	defer conn.Close()
	var cookies []string
	for _, c := range v.client.Jar.Cookies(at) {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\nSec-Fetch-Site: same-origin\r\nCookie: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		path, at.Host, p.base, strings.Join(cookies, "; "), mediaType, len(body), body[:n])
	p.must(err)
	time.Sleep(20 * time.Millisecond)
}
