package audit_test

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// mapReader reads a log out of a map by path.
type mapReader map[string][]byte

func (m mapReader) read(path string) ([]byte, error) {
	if data, ok := m[path]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

func (m mapReader) ReadTile(_ context.Context, level uint8, index uint64, width int) ([]byte, error) {
	return m.read(audit.TilePath(level, index, width))
}

func (m mapReader) ReadEntries(_ context.Context, index uint64, width int) ([]byte, error) {
	return m.read(audit.EntriesPath(index, width))
}

func TestHTTPReader(t *testing.T) {
	ctx := context.Background()
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 600))
	files := http.StripPrefix("/audit/log", http.FileServerFS(log.Files))
	broken := false
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if broken && strings.Contains(r.URL.Path, "entries/001") {
			http.Error(w, "no", http.StatusServiceUnavailable)
			return
		}
		files.ServeHTTP(w, r)
	}))
	defer srv.Close()
	for base, client := range map[string]*http.Client{srv.URL + "/audit/log": srv.Client(), srv.URL + "/audit/log/": nil} {
		r := audit.HTTPReader{Base: base, Client: client}
		report, err := audit.VerifyLog(ctx, r, nil, log.Trust, audit.VerifyOptions{})
		if err != nil || report.Entries != 600 {
			t.Errorf("%s: %+v, %v", base, report, err)
		}
		if _, err := r.ReadTile(ctx, 5, 0, 256); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("an absent tile: %v", err)
		}
	}
	// A server that fails is no verdict about the log.
	broken = true
	_, err := audit.VerifyLog(ctx, audit.HTTPReader{Base: srv.URL + "/audit/log", Client: srv.Client()}, nil, log.Trust, audit.VerifyOptions{})
	wantBreach(t, err, audit.Unsettled)
}

func TestReadersRefuseOversizedFiles(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 300))
	log.Files[audit.TilePath(0, 0, 256)].Data = make([]byte, 256*32+1)
	_, err := audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, audit.VerifyOptions{})
	wantBreach(t, err, audit.BadTree)
	log.Files[audit.CheckpointPath].Data = make([]byte, 64<<10+1)
	if data, err := log.Reader().ReadCheckpoint(context.Background()); err == nil {
		t.Errorf("a checkpoint of %d bytes was read", len(data))
	}
}
