package cluster

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

func occupy(t *testing.T, port int) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// A root home has mode 0700: the server's account cannot pass through it.
func TestRootsDataLieWhereTheServerCanReachThem(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root's server runs under another account")
	}
	closed := folder(t)
	if err := os.Chmod(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	before := relocatedBase
	relocatedBase = filepath.Join(folder(t), "lib")
	t.Cleanup(func() { relocatedBase = before })

	dir := filepath.Join(closed, "data")
	c := mustOpen(t, dir)
	if filepath.Dir(c.state.Data) != relocatedBase {
		t.Errorf("the data lie in %s", c.state.Data)
	}
	if real, err := filepath.EvalSymlinks(filepath.Join(dir, dataName)); err != nil || real != c.state.Data {
		t.Errorf("the pointer in the folder leads to %s (%v)", real, err)
	}
	mustClose(t, c)
	mustClose(t, mustOpen(t, dir))
}

func TestOrdinaryFoldersKeepTheirData(t *testing.T) {
	c := shared(t)
	if c.state.Data != filepath.Join(c.Dir(), dataName) {
		t.Errorf("the data lie in %s", c.state.Data)
	}
	info, err := os.Lstat(c.state.Data)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("PostgreSQL's folder has mode %v (%v)", info.Mode(), err)
	}
}
