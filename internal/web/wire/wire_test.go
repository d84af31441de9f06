package wire

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// echo answers with what it understood of a request.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "body: cut", http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%s %s %s %q", r.Method, r.URL.Path, r.Host, body)
}

type site struct {
	addr   string
	served atomic.Int32
}

// serve runs a guarded server that is public as "portal.example".
func serve(t testing.TB) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Hosts: []string{"portal.example"}, AnyHostPaths: []string{"/healthz"}}
	s := &site{addr: l.Addr().String()}
	server := Server(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.served.Add(1)
		echo(w, r)
	}), o)
	go server.Serve(Guard(l, o))
	t.Cleanup(func() { server.Close() })
	return s
}

// talk sends raw bytes and gives the status and body of each answer until the
// server closes or has answered the given number of requests.
func (s *site) talk(t testing.TB, raw string, answers int) (statuses []int, bodies []string) {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, raw); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	for range answers {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return statuses, bodies
		}
		body, _ := io.ReadAll(resp.Body)
		statuses, bodies = append(statuses, resp.StatusCode), append(bodies, string(body))
	}
	return statuses, bodies
}

const get = "GET /a HTTP/1.1\r\nHost: portal.example\r\n\r\n"

func TestPlainRequestsPass(t *testing.T) {
	s := serve(t)
	for name, c := range map[string]struct{ raw, want string }{
		"get":               {get, `GET /a portal.example ""`},
		"other port":        {"GET /a HTTP/1.1\r\nHost: Portal.example:8443\r\n\r\n", `GET /a Portal.example:8443 ""`},
		"length":            {"POST /p HTTP/1.1\r\nHost: portal.example\r\nContent-Length: 5\r\n\r\nhello", `POST /p portal.example "hello"`},
		"chunked":           {"POST /p HTTP/1.1\r\nHost: portal.example\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", `POST /p portal.example "abc0123456789"`},
		"absolute, ours":    {"GET http://portal.example/a HTTP/1.1\r\nHost: portal.example\r\n\r\n", `GET /a portal.example ""`},
		"1.0 without body":  {"GET /a HTTP/1.0\r\nHost: portal.example\r\n\r\n", `GET /a portal.example ""`},
		"probe by address":  {"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", `GET /healthz 127.0.0.1 ""`},
		"value with spaces": {"GET /a HTTP/1.1\r\nHost:   portal.example  \r\nX: a b\t\xc3\xa9\r\n\r\n", `GET /a portal.example ""`},
	} {
		t.Run(name, func(t *testing.T) {
			statuses, bodies := s.talk(t, c.raw, 1)
			if len(statuses) != 1 || statuses[0] != 200 || bodies[0] != c.want {
				t.Errorf("got %v %q, want 200 %q", statuses, bodies, c.want)
			}
		})
	}
}

// ambiguous are requests that two programs may read differently. Each is
// followed by a second request, which must never be served.
var ambiguous = map[string]string{
	"length and coding":        "POST /p HTTP/1.1\r\nHost: portal.example\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"coding and length":        "POST /p HTTP/1.1\r\nHost: portal.example\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
	"two lengths":              "POST /p HTTP/1.1\r\nHost: portal.example\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
	"two equal lengths":        "POST /p HTTP/1.1\r\nHost: portal.example\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
	"length list":              "POST /p HTTP/1.1\r\nHost: portal.example\r\nContent-Length: 0, 0\r\n\r\n",
	"length sign":              "POST /p HTTP/1.1\r\nHost: portal.example\r\nContent-Length: +0\r\n\r\n",
	"length overflow":          "POST /p HTTP/1.1\r\nHost: portal.example\r\nContent-Length: 99999999999999999999\r\n\r\n",
	"two codings":              "POST /p HTTP/1.1\r\nHost: portal.example\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"coding list":              "POST /p HTTP/1.1\r\nHost: portal.example\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	"coding identity":          "POST /p HTTP/1.1\r\nHost: portal.example\r\nTransfer-Encoding: identity\r\n\r\n",
	"coding in 1.0":            "POST /p HTTP/1.0\r\nHost: portal.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"coding with vertical tab": "POST /p HTTP/1.1\r\nHost: portal.example\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
	"bare line feed":           "GET /a HTTP/1.1\nHost: portal.example\n\n",
	"one bare line feed":       "GET /a HTTP/1.1\r\nHost: portal.example\nX: y\r\n\r\n",
	"bare end":                 "GET /a HTTP/1.1\r\nHost: portal.example\r\n\n",
	"bare carriage return":     "GET /a HTTP/1.1\r\nHost: portal.example\r\nX: a\rY: b\r\n\r\n",
	"fold":                     "GET /a HTTP/1.1\r\nHost: portal.example\r\nX: a\r\n b\r\n\r\n",
	"fold of the first":        "GET /a HTTP/1.1\r\n Host: portal.example\r\n\r\n",
	"space before colon":       "GET /a HTTP/1.1\r\nHost : portal.example\r\n\r\n",
	"no colon":                 "GET /a HTTP/1.1\r\nHost: portal.example\r\nX\r\n\r\n",
	"nul":                      "GET /a HTTP/1.1\r\nHost: portal.example\r\nX: a\x00b\r\n\r\n",
	"foreign absolute":         "GET http://evil.example/a HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"absolute with user":       "GET http://u@portal.example/a HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"other scheme":             "GET ftp://portal.example/a HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"no host":                  "GET /a HTTP/1.1\r\n\r\n",
	"two hosts":                "GET /a HTTP/1.1\r\nHost: portal.example\r\nHost: portal.example\r\n\r\n",
	"host with path":           "GET /a HTTP/1.1\r\nHost: portal.example/x\r\n\r\n",
	"two spaces":               "GET  /a HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"space in target":          "GET /a b HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"fragment":                 "GET /a#b HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"not ascii target":         "GET /\xc3\xa9 HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"connect":                  "CONNECT portal.example:443 HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"version 1.2":              "GET /a HTTP/1.2\r\nHost: portal.example\r\n\r\n",
	"version 2 preface":        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"version 0.9":              "GET /a\r\n\r\n",
	"leading empty line":       "\r\nGET /a HTTP/1.1\r\nHost: portal.example\r\n\r\n",
	"head over the limit":      "GET /a HTTP/1.1\r\nHost: portal.example\r\nX: " + strings.Repeat("x", 33<<10) + "\r\n\r\n",
}

func TestAmbiguousRequestsAreRefused(t *testing.T) {
	for name, raw := range ambiguous {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			statuses, _ := s.talk(t, raw+get, 2)
			if len(statuses) != 1 || statuses[0] != 400 || s.served.Load() != 0 {
				t.Errorf("answers %v, served %d; want one 400 and nothing served", statuses, s.served.Load())
			}
		})
	}
}

// The second and later heads of a connection are checked like the first, and
// earlier requests get their answers.
func TestEveryPipelinedHeadIsChecked(t *testing.T) {
	post := "POST /p HTTP/1.1\r\nHost: portal.example\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
	for name, raw := range ambiguous {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			statuses, bodies := s.talk(t, get+post+raw+get, 4)
			if fmt.Sprint(statuses) != "[200 200 400]" || s.served.Load() != 2 {
				t.Errorf("answers %v %q, served %d", statuses, bodies, s.served.Load())
			}
		})
	}
}

func TestMalformedChunksCutTheBody(t *testing.T) {
	head := "POST /p HTTP/1.1\r\nHost: portal.example\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, body := range map[string]string{
		"bare line feed after size": "1\na\r\n0\r\n\r\n",
		"bare line feed after data": "1\r\na\n0\r\n\r\n",
		"data longer than size":     "1\r\nabc\r\n0\r\n\r\n",
		"extension":                 "1;x=y\r\na\r\n0\r\n\r\n",
		"sign":                      "+1\r\na\r\n0\r\n\r\n",
		"hexadecimal prefix":        "0x1\r\na\r\n0\r\n\r\n",
		"no size":                   "\r\na\r\n0\r\n\r\n",
		"size overflow":             "FFFFFFFFFFFFFFFF1\r\na\r\n0\r\n\r\n",
		"trailer":                   "0\r\nHost: evil.example\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			statuses, bodies := s.talk(t, head+body+get, 2)
			if len(statuses) != 1 || statuses[0] != 400 {
				t.Errorf("answers %v %q, want one 400", statuses, bodies)
			}
		})
	}
}

func TestAnotherHostIsMisdirected(t *testing.T) {
	s := serve(t)
	for _, host := range []string{"evil.example", "portal.example.evil.example", "127.0.0.1", "portal.example:x"} {
		statuses, _ := s.talk(t, "GET /a HTTP/1.1\r\nHost: "+host+"\r\n\r\n"+get, 2)
		if len(statuses) != 1 || (statuses[0] != 421 && statuses[0] != 400) {
			t.Errorf("host %s: answers %v, want one 421", host, statuses)
		}
	}
	if s.served.Load() != 0 {
		t.Error("a request for another host was served")
	}
}

// A hundred requests in one write, split by nobody: each gets its own answer.
func TestPipelinedRequestsAreAllAnswered(t *testing.T) {
	s := serve(t)
	var raw strings.Builder
	for i := range 100 {
		body := strings.Repeat("x", i*50)
		fmt.Fprintf(&raw, "POST /%d HTTP/1.1\r\nHost: portal.example\r\nContent-Length: %d\r\n\r\n%s", i, len(body), body)
	}
	_, bodies := s.talk(t, raw.String(), 100)
	if len(bodies) != 100 {
		t.Fatalf("%d answers", len(bodies))
	}
	for i, b := range bodies {
		if want := fmt.Sprintf("POST /%d portal.example %q", i, strings.Repeat("x", i*50)); b != want {
			t.Fatalf("answer %d is %.80q", i, b)
		}
	}
}

func TestTheClientOfTheStandardLibraryWorks(t *testing.T) {
	s := serve(t)
	client := &http.Client{Timeout: 10 * time.Second}
	for i := range 3 { // kept alive between them
		body := strings.Repeat("z", 1<<20)
		req, err := http.NewRequest(http.MethodPost, "http://"+s.addr+"/up", struct{ io.Reader }{strings.NewReader(body)}) // chunked
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "portal.example"
		req.Header.Set("Expect", "100-continue")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if len(got) != len(body)+len(`POST /up portal.example ""`) {
			t.Errorf("request %d: %d bytes came back", i, len(got))
		}
	}
}

func BenchmarkGuard(b *testing.B) {
	for name, guarded := range map[string]bool{"bare": false, "guarded": true} {
		b.Run(name, func(b *testing.B) { benchmark(b, guarded) })
	}
}

func benchmark(b *testing.B, guarded bool) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	o := Options{Hosts: []string{"portal.example"}}
	if guarded {
		l = Guard(l, o)
	}
	server := Server(http.HandlerFunc(echo), o)
	go server.Serve(l)
	defer server.Close()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	r := bufio.NewReader(c)
	for b.Loop() {
		io.WriteString(c, get)
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
	}
}
