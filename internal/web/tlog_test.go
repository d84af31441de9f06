package web_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"

	"lerd/internal/testkit/auditlab"

	"lerd/internal/audit"
	"lerd/internal/audit/remote"
	"lerd/internal/store"
	"lerd/internal/web"
)

// TestLogIsServedFromLiveRows verifies a log over HTTP with the verifier that
// everybody else uses, then edits a row and sees the same verifier object.
func TestLogIsServedFromLiveRows(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 300)
	lab.Place(t)
	lab.Fill(t, 20)
	lab.Place(t)
	lab.Fill(t, 5) // recorded, not placed: must not be served
	server := httptest.NewServer(http.StripPrefix("/log", web.LogHandler(store.NewAuditReader(lab.App))))
	defer server.Close()
	reader := remote.HTTPReader{Base: server.URL + "/log/", Client: server.Client()}
	report, err := audit.VerifyLog(t.Context(), reader, nil, lab.Trust, audit.VerifyOptions{TempDir: t.TempDir()})
	if err != nil || report.Entries != 320 {
		t.Fatalf("verified %d entries: %v", report.Entries, err)
	}
	lab.Tamper(t, `UPDATE audit.event SET entry = entry || '\x20' WHERE id = (SELECT event_id FROM audit.leaf WHERE index = 77)`)
	if _, err := audit.VerifyLog(t.Context(), reader, nil, lab.Trust, audit.VerifyOptions{TempDir: t.TempDir()}); err == nil {
		t.Error("an edited row was not noticed")
	}
}

// TestLogAnswers404ExactlyForMissing: of all addresses, those that exist at the
// published size are 200, every other one 404.
func TestLogAnswers404ExactlyForMissing(t *testing.T) {
	lab := auditlab.New(t)
	h := web.LogHandler(store.NewAuditReader(lab.App))
	status := func(path string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code
	}
	if got := status("/checkpoint"); got != http.StatusNotFound {
		t.Errorf("before the first checkpoint: %d", got)
	}
	lab.Fill(t, 259)
	lab.Place(t)
	next := lab.Fill(t, 2)[0] // placed below, as by a sequencer that stopped before it signed: not to be shown
	err := lab.App.Exec(`INSERT INTO audit.leaf (index, event_id, hash) SELECT 259, id, sha256('\x00'::bytea || entry) FROM audit.event WHERE id = ?`, string(next)).Error
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/checkpoint": 200, "/tile/0/000": 200, "/tile/0/000.p/1": 200, "/tile/0/000.p/255": 200, "/tile/1/000.p/1": 200,
		"/tile/0/001.p/3": 200, "/tile/0/001.p/1": 200, "/tile/entries/000": 200, "/tile/entries/000.p/255": 200, "/tile/entries/001.p/3": 200,
		"/tile/0/001": 404, "/tile/0/001.p/4": 404, "/tile/0/001.p/0": 404, "/tile/0/001.p/256": 404, "/tile/0/002.p/1": 404,
		"/tile/1/000": 404, "/tile/1/000.p/2": 404, "/tile/2/000.p/1": 404, "/tile/8/000": 404, "/tile/63/000": 404, "/tile/64/000": 404,
		"/tile/entries/001": 404, "/tile/entries/001.p/4": 404, "/tile/entries/x999/x999/x999/x999/x999/999": 404,
		"/tile/0/x001/000": 404, "/tile/0/0": 404, "/tile/0/000/": 404, "/tile/0/": 404, "/": 404, "/tile": 404, "/checkpoint/": 404, "/tile/0/000.p/01": 404,
	} {
		if got := status(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

func TestLogHandlerHeadersAndFailures(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 1)
	lab.Place(t)
	h := web.LogHandler(store.NewAuditReader(lab.App))
	call := func(h http.Handler, method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w
	}
	if w := call(h, http.MethodGet, "/tile/0/000.p/1"); w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Body.Len() != 32 {
		t.Errorf("tile: %v, %d bytes", w.Header(), w.Body.Len())
	}
	if w := call(h, http.MethodGet, "/checkpoint"); w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("checkpoint: %v", w.Header())
	}
	if w := call(h, http.MethodHead, "/checkpoint"); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	if w := call(h, http.MethodPost, "/checkpoint"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if w := call(web.LogHandler(deadLog{}), http.MethodGet, "/tile/0/000"); w.Code != http.StatusInternalServerError {
		t.Errorf("a database out of reach is %d, want 500: a 404 would read as a missing tile", w.Code)
	}
}

// deadLog is a log whose database is out of reach.
type deadLog struct{}

var errDead = errors.New("out of reach")

func (deadLog) ReadTile(context.Context, uint8, uint64, int) ([]byte, error) { return nil, errDead }
func (deadLog) ReadEntries(context.Context, uint64, int) ([]byte, error)     { return nil, errDead }
func (deadLog) ReadCheckpoint(context.Context) ([]byte, error)               { return nil, fs.ErrPermission }
