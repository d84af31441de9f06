package cluster

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"lerd/internal/fault"
)

// The names inside the data folder.
const (
	dataName  = "pg"         // PostgreSQL's own data, or a link to them
	stateName = "pg-secrets" // port and passwords
	logName   = "pg.log"
	lockName  = "pg.lock"
)

// state is what has to stay the same from start to start. It holds passwords
// and is written with mode 0600, outside PostgreSQL's own folder.
type state struct {
	Port       int               `json:"port"`
	Data       string            `json:"data"`       // absolute path of PostgreSQL's folder
	Passwords  map[string]string `json:"passwords"`  // by role
	Background bool              `json:"background"` // left running by Start
}

func (c *Cluster) statePath() string { return filepath.Join(c.opts.Dir, stateName) }
func (c *Cluster) logPath() string   { return filepath.Join(c.opts.Dir, logName) }

// loadState reads the state of the folder; a folder without one gets a fresh one.
func (c *Cluster) loadState() error {
	s, err := readState(c.opts.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(c.opts.Dir, dataName, "PG_VERSION")); err == nil {
			return fault.New(fault.Invalid, "%s holds a database but its passwords (%s) are missing; put the file back or use another folder.", c.opts.Dir, stateName)
		}
		c.state = state{Passwords: map[string]string{}}
		return nil
	}
	c.state = s
	return err
}

func readState(dir string) (state, error) {
	path := filepath.Join(dir, stateName)
	raw, err := os.ReadFile(path)
	if err != nil {
		return state{}, err
	}
	var s state
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil || s.Passwords == nil || s.Port < 0 || s.Port > 65535 {
		return state{}, fault.Because(fault.Invalid, err, "%s cannot be read; put back an intact copy or use another folder.", path)
	}
	return s, nil
}

// saveState writes the state so that a crash leaves the old or the new one.
// The caller holds c.mu or is alone.
func (c *Cluster) saveState() error {
	raw, err := json.MarshalIndent(c.state, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(c.statePath(), append(raw, '\n'))
}

func replaceFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// password gives the password of a role, making one on first use. The caller
// holds c.mu or is alone, and saves the state.
func (c *Cluster) password(role string) string {
	if p, ok := c.state.Passwords[role]; ok {
		return p
	}
	b := make([]byte, 24)
	rand.Read(b) // never fails: SPEC crypto/rand
	p := hex.EncodeToString(b)
	c.state.Passwords[role] = p
	return p
}
