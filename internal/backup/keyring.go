package backup

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"lerd/internal/fault"
)

// Keyring keeps the keys of copies in a folder, a file each: in a comment when
// the key ends, and an age identity.
type Keyring struct{ Dir string }

// Key opens one copy until its time has come.
type Key struct {
	ID    string
	Until time.Time
	// Ended is set once the key is gone and only that is not on record yet.
	Ended bool

	identity *age.X25519Identity // nil for one that has ended
}

const (
	keySuffix, tombSuffix = ".key", ".ended"
	untilComment          = "# until "
)

var validID = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$`)

// Add makes a key; its file is on disk when Add returns.
func (k Keyring) Add(id string, until time.Time) (Key, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return Key{}, err
	}
	if err := os.MkdirAll(k.Dir, 0o700); err != nil {
		return Key{}, fault.Because(fault.Invalid, err, "The folder of backup keys %s cannot be made.", k.Dir)
	}
	text := untilComment + stamp(until) + "\n" + identity.String() + "\n"
	if err := writeNew(k.path(id, keySuffix), strings.NewReader(text)); err != nil {
		return Key{}, fault.Because(fault.Invalid, err, "The key of this backup cannot be written to %s.", k.Dir)
	}
	return Key{ID: id, Until: until, identity: identity}, nil
}

func (k Keyring) path(id, suffix string) string { return filepath.Join(k.Dir, id+suffix) }

// List gives the keys that are there, and those of which the end is not on
// record yet, oldest first.
func (k Keyring) List() (out []Key, err error) {
	defer fault.Wrap(&err, "backup.Keyring.List")
	entries, err := os.ReadDir(k.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The folder of backup keys %s cannot be read.", k.Dir)
	}
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), tombSuffix); ok && validID.MatchString(id) {
			out = append(out, Key{ID: id, Ended: true})
		} else if id, ok := strings.CutSuffix(e.Name(), keySuffix); ok && validID.MatchString(id) {
			key, err := k.Find(id)
			if err != nil && fault.KindOf(err) != fault.Invalid {
				return nil, err
			}
			out = append(out, key) // a damaged one, such as End leaves when it is stopped, opens nothing and has no time left
		}
	}
	slices.SortFunc(out, func(a, b Key) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// Find gives the key of a copy, or NotFound once it has ended.
func (k Keyring) Find(id string) (Key, error) {
	if !validID.MatchString(id) {
		return Key{}, fault.New(fault.Invalid, "%q is not the name of a backup.", id)
	}
	f, err := os.Open(k.path(id, keySuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, fault.New(fault.NotFound, "There is no key for the backup %s: its time has come, and nobody can open it, or it was made under other keys.", id)
	}
	if err != nil {
		return Key{}, err
	}
	defer f.Close()
	return parseKey(id, bufio.NewScanner(f))
}

func parseKey(id string, lines *bufio.Scanner) (key Key, err error) {
	key.ID = id
	for lines.Scan() {
		line := lines.Text()
		if until, ok := strings.CutPrefix(line, untilComment); ok {
			key.Until, err = time.Parse(time.RFC3339, until)
		} else if !strings.HasPrefix(line, "#") && line != "" {
			key.identity, err = age.ParseX25519Identity(line)
		}
		if err != nil {
			return Key{ID: id}, fault.Because(fault.Invalid, err, "The key of the backup %s is damaged.", id)
		}
	}
	if key.identity == nil || key.Until.IsZero() {
		return Key{ID: id}, fault.New(fault.Invalid, "The key of the backup %s is damaged: it wants a line \"%s…\" and an age identity.", id, untilComment)
	}
	return key, lines.Err()
}

// End overwrites and removes a key. What stays is an empty file, until the end is
// on record: a process that stops in between goes on there.
func (k Keyring) End(id string) error {
	path := k.path(id, keySuffix)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Write(make([]byte, info.Size()))
	}
	if err := errors.Join(err, f.Sync(), f.Truncate(0), f.Close()); err != nil {
		return fmt.Errorf("backup: the key %s was not overwritten: %w", id, err)
	}
	return os.Rename(path, k.path(id, tombSuffix))
}

// Forget removes what End left.
func (k Keyring) Forget(id string) error { return os.Remove(k.path(id, tombSuffix)) }

// writeNew makes a file durable and never replaces one.
func writeNew(path string, r io.Reader) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	return f.Sync()
}
