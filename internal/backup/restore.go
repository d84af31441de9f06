package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"

	"lerd/internal/fault"
)

// Target is where a copy is restored to; both places must be empty.
type Target struct {
	// Load reads a database as Dump wrote it.
	Load func(ctx context.Context, r io.Reader) error
	// Files is the folder of documents and bundles.
	Files string
	// Name tells whether a name in the archive is one of a file of lerd's.
	Name func(string) bool
}

// Open reads a copy's manifest.
func Open(dir string) (m Manifest, err error) {
	defer fault.Wrap(&err, "backup.Open")
	b, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		return m, fault.Because(fault.Invalid, err, "%s holds no whole backup: there is no %s in it.", dir, ManifestName)
	}
	if err := json.Unmarshal(b, &m); err != nil || !validID.MatchString(m.ID) {
		return m, fault.Because(fault.Invalid, err, "%s in %s is damaged.", ManifestName, dir)
	}
	sum := sha256.Sum256(b)
	m.SHA256 = hex.EncodeToString(sum[:])
	return m, nil
}

// Restore reads a copy into empty places. Every digest is compared before
// anything is written.
func Restore(ctx context.Context, keys Keyring, dir string, to Target) (m Manifest, err error) {
	defer fault.Wrap(&err, "backup.Restore")
	m, err = Open(dir)
	if err != nil {
		return m, err
	}
	key, err := keys.Find(m.ID)
	if err != nil {
		return m, err
	}
	if err := empty(to.Files); err != nil {
		return m, err
	}
	for _, p := range m.Parts {
		if err := p.check(dir); err != nil {
			return m, err
		}
	}
	for _, p := range m.Parts {
		if err := p.restore(ctx, dir, key, to); err != nil {
			return m, err
		}
	}
	return m, nil
}

func empty(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(list) == 0 {
		return nil
	}
	return fault.Because(fault.Conflict, err, "There are files in %s already; restore into an empty data folder.", dir)
}

// check compares an encrypted file with its digest.
func (p Part) check(dir string) error {
	f, err := p.open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != p.SHA256 {
		return fault.New(fault.Invalid, "%s of this backup is not what was written: its digest differs.", p.Name)
	}
	return nil
}

func (p Part) open(dir string) (*os.File, error) {
	if p.Name != databaseName && p.Name != filesName {
		return nil, fault.New(fault.Invalid, "The backup names a file that no backup has.")
	}
	f, err := os.Open(filepath.Join(dir, p.Name))
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "%s of this backup is missing.", p.Name)
	}
	return f, nil
}

func (p Part) restore(ctx context.Context, dir string, key Key, to Target) error {
	f, err := p.open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := age.Decrypt(f, key.identity)
	if err != nil {
		return fault.Because(fault.Invalid, err, "%s of this backup does not open with its key.", p.Name)
	}
	if p.Name == databaseName {
		return to.Load(ctx, r)
	}
	return unpack(r, to)
}

// unpack writes the files of an archive, none of them outside the folder.
func unpack(r io.Reader, to Target) error {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fault.Because(fault.Invalid, err, "The files of this backup cannot be read.")
		}
		if h.Typeflag != tar.TypeReg || !to.Name(h.Name) {
			return fault.New(fault.Invalid, "The backup holds a file that is not lerd's.")
		}
		path := filepath.Join(to.Files, filepath.FromSlash(h.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := writeNew(path, t); err != nil {
			return err
		}
	}
}
