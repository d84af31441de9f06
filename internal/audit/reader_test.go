package audit_test

import (
	"context"
	"io/fs"
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

func TestReadersRefuseOversizedFiles(t *testing.T) {
	log := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 300))
	log.Edit(t, audit.TilePath(0, 0, 256), func([]byte) []byte { return make([]byte, 256*32+1) })
	_, err := audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, audit.VerifyOptions{})
	wantBreach(t, err, audit.BadTree)
	log.Edit(t, audit.CheckpointPath, func([]byte) []byte { return make([]byte, 64<<10+1) })
	if data, err := log.Reader().ReadCheckpoint(context.Background()); err == nil {
		t.Errorf("a checkpoint of %d bytes was read", len(data))
	}
}
