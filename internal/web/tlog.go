package web

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

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
	if rest, ok := strings.CutPrefix(path, "epochs/"); ok {
		return readEpoch(r, log, rest)
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

// FormerEpochs gives the last checkpoints of epochs that have ended.
type FormerEpochs interface {
	EpochCheckpoint(ctx context.Context, epoch int64) ([]byte, error)
}

// readEpoch serves what is still there of an epoch that has ended, below
// epochs/<number>: its own last checkpoint, and the tiles, which are the log's.
func readEpoch(r *http.Request, log audit.LogReader, path string) (data []byte, kind logKind, err error) {
	number, path, _ := strings.Cut(path, "/")
	former, ok := log.(FormerEpochs)
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || n < 1 || strconv.FormatInt(n, 10) != number {
		return nil, logStands, fs.ErrNotExist
	}
	data, err = former.EpochCheckpoint(r.Context(), n)
	if err != nil || path == audit.CheckpointPath {
		return data, logMoves, err
	}
	p, err := audit.ParsePath(path)
	switch {
	case err != nil:
		return nil, logStands, fs.ErrNotExist
	case p.Entries:
		data, err = log.ReadEntries(r.Context(), p.Index, p.Width)
	default:
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
