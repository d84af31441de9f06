package remote_test

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
	"lerd/internal/audit/remote"
)

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
		r := remote.HTTPReader{Base: base, Client: client}
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
	_, err := audit.VerifyLog(ctx, remote.HTTPReader{Base: srv.URL + "/audit/log", Client: srv.Client()}, nil, log.Trust, audit.VerifyOptions{})
	var v *audit.Violation
	if !errors.As(err, &v) || v.Breach != audit.Unsettled {
		t.Errorf("a failing server gave %v, want %s", err, audit.Unsettled)
	}
}
