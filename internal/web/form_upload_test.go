package web

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// part is one part of a multipart body; a name makes it a file.
type part struct {
	field, name string
	body        []byte
	file        bool
}

func multi(t *testing.T, parts ...part) (io.Reader, map[string]string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		var out io.Writer
		var err error
		if p.file {
			out, err = w.CreateFormFile(p.field, p.name)
		} else {
			out, err = w.CreateFormField(p.field)
		}
		if err == nil {
			_, err = out.Write(p.body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, map[string]string{"Content-Type": w.FormDataContentType()}
}

func TestUploadIsStreamedAndMeasured(t *testing.T) {
	st := newSite(t, nil)
	order := bytes.Repeat([]byte("%PDF-1.7 "), 9000)
	sum := sha256.Sum256(order)
	body, header := multi(t, part{field: "order", name: `C:\cases\..\or` + "\u202e" + `der.pdf`, body: order, file: true},
		part{field: keyField, body: []byte(testKey)}, part{field: "title", body: []byte("after the file")})
	w := st.do(call{method: "POST", path: "/probe/upload", token: "tok-officer", body: body, header: header})
	var got struct {
		Name, SHA256, Title string
		Size, Read          int
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if got.Name != "order.pdf" || got.Size != len(order) || got.Read != len(order) || got.SHA256 != hex.EncodeToString(sum[:]) || got.Title != "after the file" {
		t.Errorf("%+v", got)
	}
	if left, err := os.ReadDir(st.cfg.TempDir); err != nil || len(left) != 0 {
		t.Errorf("files are left behind: %v %v", left, err)
	}
}

func TestUploadsThatCannotBeTaken(t *testing.T) {
	st := newSite(t, nil)
	key := part{field: keyField, body: []byte(testKey)}
	for _, tt := range []struct {
		name  string
		path  string
		parts []part
		want  int
		says  string
	}{
		{"over the limit", "/probe/upload", []part{key, {field: "order", name: "a.pdf", body: make([]byte, 200<<10), file: true}}, 413, "over the limit of 100 kB"},
		{"no file", "/probe/upload", []part{key}, 422, "Choose the file"},
		{"input left empty", "/probe/upload", []part{key, {field: "order", file: true}}, 422, "Choose the file"},
		{"0 bytes", "/probe/upload", []part{key, {field: "order", name: "a.pdf", file: true}}, 422, "The file is empty"},
		{"no key", "/probe/upload", []part{{field: "order", name: "a.pdf", body: []byte("x"), file: true}}, 400, "open the page again"},
		{"a file where none is asked", "/probe/form", []part{key, {field: "order", name: "a.pdf", body: []byte("x"), file: true}}, 415, "This kind of content"},
		{"broken text", "/probe/upload", []part{key, {field: "title", body: []byte{0xff}}}, 400, "type it again"},
	} {
		body, header := multi(t, tt.parts...)
		w := st.do(call{method: "POST", path: tt.path, token: "tok-officer", body: body, header: header})
		if w.Code != tt.want || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("%s: %d, want %d with %q", tt.name, w.Code, tt.want, tt.says)
		}
	}
	body, header := multi(t, key, part{field: "order", name: "a.pdf", body: make([]byte, 50<<10), file: true})
	cut := io.LimitReader(body, 20<<10)
	if w := st.do(call{method: "POST", path: "/probe/upload", token: "tok-officer", body: cut, header: header}); w.Code != 400 {
		t.Errorf("a body cut short: %d, want 400", w.Code)
	}
	if left, err := os.ReadDir(st.cfg.TempDir); err != nil || len(left) != 0 {
		t.Errorf("files are left behind: %v %v", left, err)
	}
}

// TestTheReasonReachesABrowserThatIsStillSending speaks as browsers do: the whole
// form first, then the answer.
func TestTheReasonReachesABrowserThatIsStillSending(t *testing.T) {
	srv := httptest.NewServer(newSite(t, nil))
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body, header := multi(t, part{field: "order", name: "a.pdf", body: make([]byte, 32<<20), file: true})
	all, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /probe/upload HTTP/1.1\r\nHost: localhost\r\nCookie: lerd-session=tok-officer\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", header["Content-Type"], len(all))
	if _, err := conn.Write(all); err != nil {
		t.Fatalf("the server hung up while the form was sent: %v", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != 413 {
		t.Errorf("%v %v, want 413", resp, err)
	}
}

func TestADiskThatFailsIsSaid(t *testing.T) {
	st := newSite(t, func(c *Config) { c.TempDir = "/nonexistent" })
	body, header := multi(t, part{field: keyField, body: []byte(testKey)}, part{field: "order", name: "a.pdf", body: []byte("x"), file: true})
	if w := st.do(call{method: "POST", path: "/probe/upload", token: "tok-officer", body: body, header: header}); w.Code != 503 {
		t.Errorf("%d, want 503", w.Code)
	}
}

func TestPlainName(t *testing.T) {
	for in, want := range map[string]string{
		"order.pdf": "order.pdf", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "a\x00b\r\n.pdf": "ab.pdf", "": "",
		"/": "", "..": "..", "\u202egpj.exe": "gpj.exe", "\xff.pdf": ".pdf", strings.Repeat("x", 300): strings.Repeat("x", 100) + "…" + strings.Repeat("x", 19),
	} {
		if got := plainName(in); got != want {
			t.Errorf("plainName(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzMultipart feeds arbitrary multipart bodies.
func FuzzMultipart(f *testing.F) {
	f.Add("--b\r\nContent-Disposition: form-data; name=\"order\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"" + keyField + "\"\r\n\r\n" + testKey + "\r\n--b--\r\n")
	f.Add("--b--")
	st := newSite(f, nil)
	f.Fuzz(func(t *testing.T, body string) {
		st.t = t
		st.log.Reset()
		w := st.do(call{method: "POST", path: "/probe/upload", token: "tok-officer", body: strings.NewReader(body), header: map[string]string{"Content-Type": "multipart/form-data; boundary=b"}})
		switch w.Code {
		case 200, 400, 413, 415, 422:
		default:
			t.Errorf("%q = %d", body, w.Code)
		}
		if left, err := os.ReadDir(st.cfg.TempDir); err != nil || len(left) != 0 {
			t.Errorf("files are left behind: %v %v", left, err)
		}
	})
}
