package cluster

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"lerd/internal/fault"
)

// majorOf gives the major version of the data in a folder, 0 where there are none.
func majorOf(data string) int {
	raw, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0
	}
	major, _ := strconv.Atoi(strings.TrimSpace(string(raw)))
	return major
}

// initOnce makes the data folder when there is none. It is made under another
// name and renamed, so that an interrupted start leaves nothing half made.
func (c *Cluster) initOnce(ctx context.Context, bin Binaries, a account) error {
	if majorOf(c.state.Data) != 0 {
		return nil
	}
	draft := c.state.Data + ".new"
	if err := emptyFolderOf(draft, a); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	c.state.Port = port
	secret := c.password(RoleOwner)
	if err := c.saveState(); err != nil {
		return err
	}
	if err := runInitdb(ctx, initPlan{bin: bin, account: a, data: draft, secret: secret}); err != nil {
		return err
	}
	flushFolder(draft)
	return os.Rename(draft, c.state.Data)
}

func emptyFolderOf(dir string, a account) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if a.own {
		return nil
	}
	return os.Chown(dir, int(a.uid), int(a.gid))
}

type initPlan struct {
	bin     Binaries
	account account
	data    string
	secret  string
}

// runInitdb calls initdb. The flush at its end is left to the caller.
func runInitdb(ctx context.Context, p initPlan) error {
	pw := p.data + ".pw"
	defer os.Remove(pw)
	if err := os.WriteFile(pw, []byte(p.secret+"\n"), 0o600); err != nil {
		return err
	}
	if !p.account.own {
		if err := os.Chown(pw, int(p.account.uid), int(p.account.gid)); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, p.bin.path("initdb"), "-D", p.data, "-U", RoleOwner,
		"-A", "scram-sha-256", "--pwfile="+pw, "-E", "UTF8", "--locale=C.UTF-8",
		"--data-checksums", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", p.bin.env(), p.account.attr()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fault.Because(fault.Unavailable, errors.Join(err, errors.New(lastLines(string(out), 3))),
			"PostgreSQL's initdb failed in %s: %s", p.data, lastLines(string(out), 1))
	}
	return nil
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// freePort asks the kernel for a loopback port that nobody has.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func portIsFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}
