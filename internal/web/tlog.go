package web

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"

	"lerd/internal/audit"
)

// LogHandler serves the audit log below the prefix that the caller strips:
// checkpoint, tile/<L>/<N>[.p/<W>] and tile/entries/<N>[.p/<W>].
// SPEC: C2SP tlog-tiles. What is not there is 404 and nothing else is; clients
// fall back on 404 from a partial tile to the full one.
func LogHandler(log audit.LogReader) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "The log is read with GET.", http.StatusMethodNotAllowed)
			return
		}
		data, kind, err := readLog(r, log)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			http.Error(w, "This part of the log does not exist.", http.StatusNotFound)
		case err != nil:
			slog.ErrorContext(r.Context(), "the audit log could not be read", "path", r.URL.Path, "error", err)
			http.Error(w, "The log cannot be read at the moment.", http.StatusInternalServerError)
		default:
			writeLog(w, r, data, kind)
		}
	})
}

// logKind says how long a part of the log stays as it is.
type logKind int

const (
	logMoves  logKind = iota // the checkpoint: replaced as the log grows
	logStands                // tiles and bundles: their content never changes
)

func readLog(r *http.Request, log audit.LogReader) (data []byte, kind logKind, err error) {
	path := r.URL.Path
	if path != "" && path[0] == '/' {
		path = path[1:]
	}
	if path == audit.CheckpointPath {
		data, err = log.ReadCheckpoint(r.Context())
		return data, logMoves, err
	}
	p, err := audit.ParsePath(path)
	if err != nil {
		return nil, logStands, fs.ErrNotExist
	}
	if p.Entries {
		data, err = log.ReadEntries(r.Context(), p.Index, p.Width)
	} else {
		data, err = log.ReadTile(r.Context(), p.Level, p.Index, p.Width)
	}
	return data, logStands, err
}

func writeLog(w http.ResponseWriter, r *http.Request, data []byte, kind logKind) {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if kind == logMoves {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(data) // a reader that went away is no failure of ours
	}
}
