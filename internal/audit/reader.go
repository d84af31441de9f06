package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// TileReader reads the tiles and bundles of a log. What is absent is an error
// for which errors.Is(err, fs.ErrNotExist) holds; nothing else may be. The
// verifier and the exporter call it from several goroutines at once.
type TileReader interface {
	// ReadTile gives the width × HashSize bytes of a hash tile.
	ReadTile(ctx context.Context, level uint8, index uint64, width int) ([]byte, error)
	// ReadEntries gives an entry bundle of that width.
	ReadEntries(ctx context.Context, index uint64, width int) ([]byte, error)
}

// LogReader reads a whole log.
type LogReader interface {
	TileReader
	// ReadCheckpoint gives the newest published checkpoint, a signed note.
	ReadCheckpoint(ctx context.Context) ([]byte, error)
}

// MaxNote bounds what is read of a checkpoint, in bytes; a hundred cosignatures
// fit.
const MaxNote = 64 << 10

// DirReader reads a log from a folder.
func DirReader(dir string) LogReader { return FSReader{PlainDir(dir)} }

// PlainDir is a folder of somebody else's, of which plain files alone are read: a named
// pipe in the place of one would let whoever reads it wait for ever.
func PlainDir(dir string) fs.FS { return plainDir{os.DirFS(dir)} }

type plainDir struct{ fs.FS }

func (d plainDir) Open(name string) (fs.File, error) {
	if info, err := fs.Stat(d.FS, name); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is not a plain file")}
	}
	return d.FS.Open(name)
}

// FSReader reads a log from a file tree.
type FSReader struct{ FS fs.FS }

// ReadTile gives a hash tile.
func (r FSReader) ReadTile(_ context.Context, level uint8, index uint64, width int) ([]byte, error) {
	return r.read(TilePath(level, index, width), TileWidth*HashSize)
}

// ReadEntries gives an entry bundle.
func (r FSReader) ReadEntries(_ context.Context, index uint64, width int) ([]byte, error) {
	return r.read(EntriesPath(index, width), MaxBundle)
}

// ReadEntriesInto gives an entry bundle in memory that is there, if it is enough.
func (r FSReader) ReadEntriesInto(_ context.Context, index uint64, width int, memory []byte) ([]byte, error) {
	return r.readInto(EntriesPath(index, width), MaxBundle, memory)
}

// ReadCheckpoint gives the newest checkpoint.
func (r FSReader) ReadCheckpoint(context.Context) ([]byte, error) {
	return r.read(CheckpointPath, MaxNote)
}

func (r FSReader) read(path string, limit int64) ([]byte, error) {
	return r.readInto(path, limit, nil)
}

func (r FSReader) readInto(path string, limit int64, memory []byte) ([]byte, error) {
	f, err := r.FS.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		size = info.Size()
	}
	return readLimited(f, path, limit, size, memory)
}

// ReadLimited reads a file of a log, of at most limit bytes; size is how many to
// expect, if known. A longer one is an error that is no fs.ErrNotExist.
func ReadLimited(r io.Reader, path string, limit, size int64) ([]byte, error) {
	return readLimited(r, path, limit, size, nil)
}

func readLimited(r io.Reader, path string, limit, size int64, memory []byte) ([]byte, error) {
	b := bytes.NewBuffer(memory[:0])
	b.Grow(int(min(max(size, 0), limit)) + bytes.MinRead) // enough to see the end without growing
	if _, err := b.ReadFrom(io.LimitReader(r, limit+1)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	data := b.Bytes()
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: larger than the %d bytes that it can have", errMalformed, limit)
	}
	return data, nil
}

// errMalformed says that a file is there but cannot be what its name says.
var errMalformed = errors.New("malformed")

// fetchTile reads a tile of that width. Where a partial one is gone, the full one
// that replaced it is cut to width.
// SPEC: C2SP tlog-tiles: logs may delete partial tiles once the full tile is
// there.
func fetchTile(ctx context.Context, r TileReader, level uint8, index uint64, width int) ([]byte, error) {
	data, err := r.ReadTile(ctx, level, index, width)
	have := width
	if width < TileWidth && errors.Is(err, fs.ErrNotExist) {
		data, err = r.ReadTile(ctx, level, index, TileWidth)
		have = TileWidth
	}
	if err != nil {
		return nil, err
	}
	if len(data) != have*HashSize {
		return nil, fmt.Errorf("%w: %d bytes instead of %d", errMalformed, len(data), have*HashSize)
	}
	return data[:width*HashSize], nil
}

// fetchEntries gives the entries of a bundle, with the same way out as
// fetchTile.
func fetchEntries(ctx context.Context, r TileReader, index uint64, width int) ([][]byte, error) {
	data, err := r.ReadEntries(ctx, index, width)
	have := width
	if width < TileWidth && errors.Is(err, fs.ErrNotExist) {
		data, err = r.ReadEntries(ctx, index, TileWidth)
		have = TileWidth
	}
	if err != nil {
		return nil, err
	}
	entries, err := ParseBundle(data, have)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	return entries[:width], nil
}
