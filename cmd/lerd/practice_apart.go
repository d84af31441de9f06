package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"lerd/internal/fault"
)

// practiceMarker is the file that tells a practice folder from a real one.
const practiceMarker = "PRACTICE"

const practiceMarkerText = "This is lerd's practice folder. Nothing in it is real; lerd wipes it at each reset.\nlerd serve and lerd demo refuse to work in it.\n"

// practiceLogPrefix begins the name of every practice log, and of no other.
const practiceLogPrefix = "practice.lerd.invalid/"

// apart refuses to start where something could be shared with a real system:
// the folder, or, where the real portal's configuration is named, its folder,
// address, origin or log.
func (c *practiceCmd) apart() error {
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o711); err != nil {
		return fault.Because(fault.Invalid, err, "The practice folder %s cannot be made.", c.Dir)
	}
	if c.Dir, err = realPath(dir); err != nil {
		return err
	}
	if err := practiceFolder(c.Dir); err != nil {
		return err
	}
	if c.Beside == "" {
		return nil
	}
	real, err := loadConfig(c.Beside, os.Getenv)
	if err != nil {
		return err
	}
	return c.apartFrom(real)
}

// apartFrom names everything that practice would share with a real system.
func (c *practiceCmd) apartFrom(real config) error {
	var p []fault.Problem
	fail := func(field, message string) { p = append(p, fault.Problem{Field: field, Message: message}) }
	dir, err := realPath(real.Dir)
	if err != nil {
		return err
	}
	if inside(c.Dir, dir) || inside(dir, c.Dir) {
		fail("dir", "practice and the real system need folders of their own, neither inside the other")
	}
	mine, theirs := c.config(), real
	if mine.Listen == theirs.Listen {
		fail("listen", "practice needs an address of its own")
	}
	if sameHost(mine.PublicOrigin, theirs.PublicOrigin) {
		fail("origin", "practice needs a host name of its own: cookies and passkeys belong to a host")
	}
	if mine.LogOrigin == theirs.LogOrigin || strings.HasPrefix(theirs.LogOrigin, practiceLogPrefix) {
		fail("log_origin", "the real log cannot be named as practice logs are")
	}
	for _, url := range []string{theirs.DatabaseURL, theirs.AccountsURL} {
		if strings.Contains(url, c.Dir) {
			fail("database_url", "the real system's database cannot lie in the practice folder")
		}
	}
	if len(p) == 0 {
		return nil
	}
	return &fault.Error{Kind: fault.Invalid, Message: "Practice would share something with the real system, and does not start.", Problems: p}
}

// sameHost tells whether two origins name one host, whatever the port. Loopback
// is one machine's evaluation and tells nothing.
func sameHost(a, b string) bool {
	u, err1 := url.Parse(a)
	v, err2 := url.Parse(b)
	if err1 != nil || err2 != nil || u.Host == "" || v.Host == "" {
		return false
	}
	if loopback(u.Hostname()) && loopback(v.Hostname()) {
		return u.Host == v.Host
	}
	return strings.EqualFold(u.Hostname(), v.Hostname())
}

// practiceFolder takes an empty folder into use, or one that was made for
// practice, and refuses any other, with whatever leads out of it.
func practiceFolder(dir string) error {
	if above := realAbove(dir); above != "" {
		return fault.New(fault.Invalid, "The practice folder %s lies in %s, which is a real data folder. Name another.", dir, above)
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return fault.Because(fault.Invalid, err, "The practice folder %s cannot be read.", dir)
	}
	marked := false
	for _, e := range entries {
		marked = marked || e.Name() == practiceMarker
		if e.Type()&os.ModeSymlink != 0 {
			return fault.New(fault.Invalid, "%s leads out of the practice folder; practice shares nothing. Remove it.", filepath.Join(dir, e.Name()))
		}
	}
	if len(entries) > 0 && !marked {
		return fault.New(fault.Invalid, "The folder %s holds something that was not made for practice. Name an empty one.", dir)
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return fault.Because(fault.Invalid, err, "The practice folder %s cannot be made.", dir)
	}
	return os.WriteFile(filepath.Join(dir, practiceMarker), []byte(practiceMarkerText), 0o600)
}

// realAbove gives a folder above dir that holds a real system's keys, or "".
func realAbove(dir string) string {
	for up := filepath.Dir(dir); ; up = filepath.Dir(up) {
		if exists(filepath.Join(up, "keys", "log.key")) && !exists(filepath.Join(up, practiceMarker)) {
			return up
		}
		if up == filepath.Dir(up) {
			return ""
		}
	}
}

// notPractice refuses a real system in a practice folder, or in one below.
func notPractice(dir string) error {
	at, err := realPath(dir)
	if err != nil {
		return err
	}
	for ; ; at = filepath.Dir(at) {
		if exists(filepath.Join(at, practiceMarker)) {
			return fault.New(fault.Invalid, "%s is a practice folder, which is wiped at each reset. Name another data folder.", at)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// wipePractice empties a practice folder but for its marker; it touches no
// folder that has none.
func wipePractice(dir string) error {
	if !exists(filepath.Join(dir, practiceMarker)) {
		return fault.New(fault.Invalid, "%s is no practice folder; nothing was deleted.", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == practiceMarker {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// realPath gives an absolute path without symbolic links, as far as it exists.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for at := abs; ; at = filepath.Dir(at) {
		if found, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(found, rest), nil
		}
		if at == filepath.Dir(at) {
			return abs, nil
		}
		rest = filepath.Join(filepath.Base(at), rest)
	}
}
