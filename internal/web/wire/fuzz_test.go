package wire

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/iotest"
	"time"
)

// fake is a connection that reads from a reader.
type fake struct {
	net.Conn
	r io.Reader
}

func (f fake) Read(p []byte) (int, error)        { return f.r.Read(p) }
func (f fake) SetReadDeadline(_ time.Time) error { return nil }

func through(r io.Reader) []byte {
	out, _ := io.ReadAll(&conn{Conn: fake{r: r}, maxHead: 1 << 12, log: slog.New(slog.DiscardHandler)})
	return out
}

// FuzzConn: what passes is the input up to some point, then perhaps the mark of
// a refusal; how the input is cut into reads does not matter; and net/http
// understands of what passed exactly what the guard understood.
func FuzzConn(f *testing.F) {
	f.Add([]byte(get + get))
	f.Add([]byte("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + get))
	f.Add([]byte("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" + get))
	for _, raw := range ambiguous {
		f.Add([]byte(raw + get))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		out := through(bytes.NewReader(in))
		if slow := through(iotest.OneByteReader(bytes.NewReader(in))); !bytes.Equal(out, slow) {
			t.Fatalf("whole: %q\nbyte by byte: %q", out, slow)
		}
		passed, marked := bytes.CutSuffix(out, []byte(refused))
		if !marked {
			passed = out
		}
		if !bytes.HasPrefix(in, passed) && !bytes.HasPrefix(in, out) {
			t.Fatalf("passed bytes that did not come: %q", out)
		}
		sameReading(t, passed)
	})
}

// sameReading reads the passed bytes with net/http: it must take every head,
// and end exactly where the guard ended.
func sameReading(t *testing.T, passed []byte) {
	t.Helper()
	r := bufio.NewReader(bytes.NewReader(passed))
	for {
		if _, err := r.Peek(1); err != nil {
			return
		}
		req, err := http.ReadRequest(r)
		if err != nil {
			return // net/http is stricter here, which is as good
		}
		if len(req.TransferEncoding) > 0 && req.Header.Get("Content-Length") != "" {
			t.Fatalf("both framings passed: %q", passed)
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return // the body was cut
		}
	}
}

// FuzzHead compares the guard's reading of one head with that of net/http.
func FuzzHead(f *testing.F) {
	f.Add([]byte(get))
	for _, raw := range ambiguous {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		ours, err := checkHead(head)
		if err != nil {
			return
		}
		req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			return
		}
		chunked := len(req.TransferEncoding) == 1 && req.TransferEncoding[0] == "chunked"
		if chunked != ours.chunked || (!chunked && req.ContentLength != ours.length) {
			t.Fatalf("guard: %+v; net/http: length %d, coding %v, of %q", ours, req.ContentLength, req.TransferEncoding, head)
		}
	})
}
