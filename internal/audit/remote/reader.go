// Package remote is what the audit log needs of other machines over HTTP: a log
// to read, and a second place for the last signed checkpoint. It is apart from
// audit so that the stand-alone verifier has no HTTP in it.
//
// Invariants:
//   - "it is not there" is said only where the other side said 404; whatever else
//     went wrong is a failure and never an absence;
//   - what is read is bounded.
package remote

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"lerd/internal/audit"
)

// HTTPReader reads a log from a web address. It is an audit.LogReader.
type HTTPReader struct {
	Base   string       // the log's prefix, e.g. https://lerd.example/audit/log
	Client *http.Client // with the time limits that the caller wants; nil for a minute a file
}

// ReadTile gives a hash tile.
func (r HTTPReader) ReadTile(ctx context.Context, level uint8, index uint64, width int) ([]byte, error) {
	return r.get(ctx, audit.TilePath(level, index, width), audit.TileWidth*audit.HashSize)
}

// ReadEntries gives an entry bundle.
func (r HTTPReader) ReadEntries(ctx context.Context, index uint64, width int) ([]byte, error) {
	return r.get(ctx, audit.EntriesPath(index, width), audit.MaxBundle)
}

// ReadCheckpoint gives the newest checkpoint.
func (r HTTPReader) ReadCheckpoint(ctx context.Context) ([]byte, error) {
	return r.get(ctx, audit.CheckpointPath, audit.MaxNote)
}

func (r HTTPReader) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(r.Base, "/")+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	client := r.Client
	if client == nil {
		client = &http.Client{Timeout: time.Minute}
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
		return audit.ReadLimited(resp.Body, path, limit, resp.ContentLength)
	case http.StatusNotFound:
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return nil, fmt.Errorf("%s: the server answered %s", path, resp.Status)
}
