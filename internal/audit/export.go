package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"lerd/internal/fault"
)

// Exporter writes a log as static files in the C2SP layout, for auditors to take
// away or a web server to serve. Tiles are computed from the entries and
// compared with the source's before anything is published. The checkpoint is
// written last, after everything that it describes is on the disk: a folder
// with a checkpoint is always a whole log. What a run that died left behind is
// used by the next one.
type Exporter struct {
	Source   LogReader               // where entries, tiles and checkpoint come from
	Dir      string                  // where the files go; made if need be
	Trust    Trust                   // whose signatures the checkpoint must have
	Progress func(done, size uint64) // called after every bundle, if not nil
}

// writers is how many files are written at once: their flushes then share the
// disk's.
const writers = 8

// Export copies what the folder does not have yet, up to the source's newest
// checkpoint, and gives that checkpoint. A *Violation says that the source, or
// the source and the folder, do not fit; the folder then keeps its checkpoint.
func (e Exporter) Export(ctx context.Context) (c SignedCheckpoint, err error) {
	defer fault.Wrap(&err, "audit.Export")
	note, err := e.Source.ReadCheckpoint(ctx)
	if err != nil {
		return c, unreadable(err, CheckpointPath, 0)
	}
	if c, err = OpenCheckpoint(note, e.Trust); err != nil {
		return c, &Violation{Breach: BadNote, Path: CheckpointPath, Reason: "the source's checkpoint is not valid", Err: err}
	}
	if err := os.MkdirAll(e.Dir, 0o755); err != nil {
		return c, err
	}
	unlock, err := lockFile(filepath.Join(e.Dir, ".lock"))
	if err != nil {
		return c, err
	}
	defer unlock()
	return c, e.locked(ctx, c)
}

func (e Exporter) locked(ctx context.Context, c SignedCheckpoint) error {
	old, err := e.published(c.Origin)
	if err != nil {
		return err
	}
	if err := MaySign(ctx, e.Source, old, c.Checkpoint); err != nil {
		return err
	}
	state, err := LoadState(ctx, DirReader(e.Dir), old.Size)
	if err != nil {
		return unreadable(err, e.Dir, old.Size)
	}
	if state.Root() != old.Root {
		return &Violation{Breach: BadTree, Index: old.Size, Path: e.Dir, Reason: "the folder's tiles do not give its checkpoint's root: export to another folder"}
	}
	if err := e.fill(ctx, state, c.Checkpoint); err != nil {
		return err
	}
	return e.publish(ctx, old, c)
}

// fill writes the files that the folder lacks, going on where a dead run stopped
// if it can. What that run left may be of a source that was wrong then: if it
// does not lead to the root, everything beyond the checkpoint is written again.
func (e Exporter) fill(ctx context.Context, published TreeState, c Checkpoint) error {
	if n := e.resumable(c.Size); n > published.Size {
		if left, err := LoadState(ctx, DirReader(e.Dir), n); err == nil {
			if err := e.copy(ctx, left, c); !isBadTree(err) {
				return err
			}
		}
	}
	return e.copy(ctx, published, c)
}

func isBadTree(err error) bool {
	var v *Violation
	return errors.As(err, &v) && v.Breach == BadTree
}

// publish makes the filled folder a log of c's size.
func (e Exporter) publish(ctx context.Context, old Checkpoint, c SignedCheckpoint) error {
	if err := MaySign(ctx, DirReader(e.Dir), old, c.Checkpoint); err != nil {
		return err
	}
	if err := e.settle(); err != nil {
		return err
	}
	return writeFile(filepath.Join(e.Dir, CheckpointPath), c.Note)
}

// published gives the folder's checkpoint, that of an empty log if there is none.
func (e Exporter) published(origin string) (Checkpoint, error) {
	note, err := os.ReadFile(filepath.Join(e.Dir, CheckpointPath))
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{Origin: origin, Root: EmptyRoot()}, nil
	}
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := OpenCheckpoint(note, e.Trust)
	if err != nil {
		return Checkpoint{}, &Violation{Breach: BadNote, Path: CheckpointPath, Reason: "the folder's own checkpoint is not valid: export to another folder", Err: err}
	}
	return c.Checkpoint, nil
}

// resumable gives the size up to which the folder has every full bundle and every
// full tile of every level, whether or not they were published.
func (e Exporter) resumable(size uint64) uint64 {
	count := func(path func(uint64) string) (n uint64) {
		for ; n < size/TileWidth; n++ {
			if _, err := os.Stat(filepath.Join(e.Dir, filepath.FromSlash(path(n)))); err != nil {
				return n
			}
		}
		return n
	}
	full := count(func(n uint64) string { return EntriesPath(n, TileWidth) })
	for l := range levelsOf(size) {
		have := count(func(n uint64) string { return TilePath(uint8(l), n, TileWidth) })
		span := uint64(1) << (tileHeight * l) // bundles under one tile of the level
		full = min(full, have*span+span-1)
	}
	return full * TileWidth
}

// copy writes every file that a log of c's size has beyond the state, and fails
// unless all of it leads to c's root.
func (e Exporter) copy(ctx context.Context, from TreeState, c Checkpoint) error {
	g, err := newGrower(from)
	if err != nil {
		return err
	}
	for l := range g.levels {
		g.levels[l].changed = true // the state may never have been published: write its partial tiles too
	}
	files, ctx := errgroup.WithContext(ctx) // a file that cannot be written stops the copying
	files.SetLimit(writers)
	w := &exportRun{tileComparer: tileComparer{ctx: ctx, tiles: e.Source}, Exporter: e, size: c.Size, grower: g, files: files}
	err = scanBundles(ctx, e.Source, from.Size/TileWidth, c.Size, true, w.block)
	if err == nil {
		err = w.grower.flush(w.tile)
	}
	if werr := files.Wait(); werr != nil {
		err = werr
	}
	if err != nil {
		return err
	}
	if root := w.grower.state().Root(); root != c.Root {
		return &Violation{Breach: BadTree, Index: c.Size, Path: CheckpointPath, Reason: fmt.Sprintf("the entries give root %s, but root %s was signed", root, c.Root)}
	}
	return nil
}

// settle removes what dead runs left half-written and flushes every folder.
func (e Exporter) settle() error {
	return filepath.WalkDir(e.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return syncDir(path)
		}
		if strings.HasPrefix(d.Name(), tempPrefix) {
			return os.Remove(path)
		}
		return nil
	})
}

type exportRun struct {
	tileComparer
	Exporter
	size   uint64
	grower *grower
	files  *errgroup.Group
}

// block takes the next bundle. The first one may repeat entries that the folder
// has: they must be the same.
func (w *exportRun) block(b *block) error {
	w.current = b
	known := int(w.grower.size % TileWidth)
	if b.index*TileWidth+uint64(known) != w.grower.size {
		return errors.New("bundles are out of step")
	}
	edge := splitHashes(w.grower.levels[0].data)
	for i := range known {
		if b.leaves[i] != edge[i] {
			return &Violation{Fork, b.index*TileWidth + uint64(i), EntriesPath(b.index, len(b.leaves)), "the entry is not the one that the folder has", nil}
		}
	}
	for _, leaf := range b.leaves[known:] {
		if err := w.grower.add(leaf, w.tile); err != nil {
			return err
		}
	}
	if w.Progress != nil {
		w.Progress(w.grower.size, w.size)
	}
	return w.bundle(b)
}

func (w *exportRun) bundle(b *block) error {
	var data []byte
	for _, e := range b.entries {
		var err error
		if data, err = AppendBundle(data, e); err != nil {
			return err
		}
	}
	w.put(EntriesPath(b.index, len(b.entries)), data)
	return nil
}

func (w *exportRun) tile(t Tile) error {
	if err := w.compare(t); err != nil {
		return err
	}
	w.put(t.Path(), t.Data)
	return nil
}

// put writes a file in the background, if the folder does not have it as it is.
// Only what lies beyond the folder's checkpoint comes here.
func (w *exportRun) put(path string, data []byte) {
	w.files.Go(func() error {
		name := filepath.Join(w.Dir, filepath.FromSlash(path))
		if have, err := os.ReadFile(name); err == nil && bytes.Equal(have, data) {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return stageFile(name, data)
	})
}
