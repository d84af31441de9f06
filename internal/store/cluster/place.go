package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"lerd/internal/fault"
)

// account is the system account as which the server runs; own is true when
// that is the account of this process.
type account struct {
	uid, gid uint32
	name     string
	own      bool
}

// serverAccount gives the account for the server: one's own, or for root (whom
// PostgreSQL refuses) an unprivileged one.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: uint32(os.Geteuid()), gid: uint32(os.Getegid()), own: true}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errU := strconv.ParseUint(u.Uid, 10, 32)
		gid, errG := strconv.ParseUint(u.Gid, 10, 32)
		if errU == nil && errG == nil && uid != 0 {
			return account{uid: uint32(uid), gid: uint32(gid), name: name}, nil
		}
	}
	return account{}, fault.New(fault.Unavailable, "PostgreSQL does not run as root and there is neither an account postgres nor nobody; run lerd as an ordinary user.")
}

// attr gives the process attributes that make a child run as the account, in a
// session of its own, so that Ctrl-C reaches lerd first and lerd stops the server.
func (a account) attr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	if !a.own {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// place decides on first use where PostgreSQL's folder lies. It is DIR/pg; when
// lerd runs as root in a folder that the server's account cannot reach (a root
// home of mode 0700), it lies under relocated and DIR/pg links to it.
func (c *Cluster) place(a account) error {
	if c.state.Data != "" {
		return nil
	}
	c.state.Data = filepath.Join(c.opts.Dir, dataName)
	if a.own || reachable(c.opts.Dir, a) {
		return nil
	}
	target, err := relocated(c.opts.Dir)
	if err != nil {
		return err
	}
	c.state.Data = target
	c.opts.Log.Info("the account "+a.name+" cannot reach the data folder, so the database lies elsewhere", "folder", target)
	link := filepath.Join(c.opts.Dir, dataName)
	os.Remove(link) // only a link or an empty folder goes
	return os.Symlink(target, link)
}

// reachable says whether the account may pass through every folder down to dir.
func reachable(dir string, a account) bool {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	for ; ; real = filepath.Dir(real) {
		info, err := os.Stat(real)
		if err != nil || !mayPass(info, a) {
			return false
		}
		if real == filepath.Dir(real) {
			return true
		}
	}
}

func mayPass(info os.FileInfo, a account) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return false
	case st.Uid == a.uid:
		return info.Mode()&0o100 != 0
	case st.Gid == a.gid:
		return info.Mode()&0o010 != 0
	}
	return info.Mode()&0o001 != 0
}

// relocatedBase is root's place for data of folders that the server cannot reach.
var relocatedBase = "/var/lib/lerd"

// relocated gives the folder's place under relocatedBase, keyed by its path.
func relocated(dir string) (string, error) {
	if err := os.MkdirAll(relocatedBase, 0o711); err != nil {
		return "", fault.Because(fault.Unavailable, err, "%s cannot be made; name a data folder that every account can reach.", relocatedBase)
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(relocatedBase, "pg-"+hex.EncodeToString(sum[:8])), nil
}
