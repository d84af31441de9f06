package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"

	"lerd/internal/fault"
)

// Names of what is in a copy's folder.
const (
	ManifestName = "backup.json"
	databaseName = "database.dump.age"
	filesName    = "files.tar.age"
)

// Source is what is copied.
type Source struct {
	// Dump writes the database as it stands at one moment.
	Dump func(ctx context.Context, w io.Writer) error
	// Files is the folder of documents and bundles, "" where they lie in a bucket,
	// which has copies of its own.
	Files string
	// Checkpoint is the last signed one, as the log's keeper has it: a database
	// restored from this copy stands there.
	Checkpoint string
}

// Part is one encrypted file of a copy.
type Part struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hexadecimal, of the encrypted bytes
}

// Manifest says what a copy is. It is not secret, and signed by nobody: the
// event "backup.made" has its digest.
type Manifest struct {
	ID     string    `json:"id"`
	MadeAt time.Time `json:"made_at"`
	Until  time.Time `json:"until"`
	Parts  []Part    `json:"parts"`
	// Checkpoint is the last signed one before the copy, a signed note.
	// SPEC: C2SP tlog-checkpoint.
	Checkpoint string `json:"checkpoint"`

	SHA256 string `json:"-"` // of the file, hexadecimal
}

// Make copies a source to a new folder below out, under a key that lasts n days.
// Whatever fails leaves neither a folder nor a key.
func (s *Service) Make(ctx context.Context, src Source, out string, n int) (m Manifest, err error) {
	defer fault.Wrap(&err, "backup.Make")
	lasts, err := days(n)
	if err != nil {
		return m, err
	}
	if err := Apart(s.Keys.Dir, out); err != nil {
		return m, err
	}
	now := s.Now().UTC().Truncate(time.Second)
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	m = Manifest{ID: now.Format("20060102T150405Z") + "-" + hex.EncodeToString(random[:]), MadeAt: now, Until: now.Add(lasts), Checkpoint: src.Checkpoint}
	dir := filepath.Join(out, m.ID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return m, fault.Because(fault.Invalid, err, "The folder %s cannot be made.", dir)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir), s.Keys.End(m.ID), ignoreMissing(s.Keys.Forget(m.ID)))
		}
	}()
	key, err := s.Keys.Add(m.ID, m.Until)
	if err != nil {
		return m, err
	}
	if err := m.write(ctx, src, dir, key); err != nil {
		return m, err
	}
	return m, s.record(ctx, "backup.made", m.ID, map[string]string{"manifest_sha256": m.SHA256, "until": stamp(m.Until), "bytes": strconv.FormatInt(m.bytes(), 10)})
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (m Manifest) bytes() (n int64) {
	for _, p := range m.Parts {
		n += p.Bytes
	}
	return n
}

// Apart refuses keys that would lie in a copy, or a copy among its keys.
func Apart(keys, out string) error {
	a, errA := filepath.Abs(keys)
	b, errB := filepath.Abs(out)
	if keys == "" || errA != nil || errB != nil || within(a, b) || within(b, a) {
		return fault.New(fault.Invalid, "Name a folder for the keys of backups that lies apart from the backups, best on another machine's disk.")
	}
	return nil
}

func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// write writes the database, then the files that its rows name, then the
// manifest.
func (m *Manifest) write(ctx context.Context, src Source, dir string, key Key) error {
	parts := map[string]func(io.Writer) error{databaseName: func(w io.Writer) error { return src.Dump(ctx, w) }}
	names := []string{databaseName}
	if src.Files != "" {
		names = append(names, filesName)
		parts[filesName] = func(w io.Writer) error { return pack(ctx, w, src.Files) }
	}
	for _, name := range names {
		p, err := seal(filepath.Join(dir, name), key, parts[name])
		if err != nil {
			return err
		}
		m.Parts = append(m.Parts, p)
	}
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	sum := sha256.Sum256(b)
	m.SHA256 = hex.EncodeToString(sum[:])
	return writeNew(filepath.Join(dir, ManifestName), bytes.NewReader(b))
}

// seal writes a file that only key opens.
func seal(path string, key Key, write func(io.Writer) error) (p Part, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	w, err := age.Encrypt(io.MultiWriter(f, sum), key.identity.Recipient())
	if err != nil {
		return p, err
	}
	if err := write(w); err != nil {
		return p, err
	}
	if err := errors.Join(w.Close(), f.Sync()); err != nil {
		return p, err
	}
	info, err := f.Stat()
	if err != nil {
		return p, err
	}
	return Part{Name: filepath.Base(path), Bytes: info.Size(), SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// pack writes the files below a folder as a tar archive. A file that is removed
// meanwhile was erased, and is left out; those are written once, so none changes.
func pack(ctx context.Context, w io.Writer, folder string) error {
	t := tar.NewWriter(w)
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (!e.Type().IsRegular() || strings.HasPrefix(e.Name(), ".")) {
			return nil
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		return packFile(t, folder, path)
	})
	return errors.Join(err, t.Close())
}

func packFile(t *tar.Writer, folder, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return ignoreMissing(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	name, err := filepath.Rel(folder, path)
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: filepath.ToSlash(name), Size: info.Size(), Mode: 0o600, ModTime: info.ModTime(), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}
