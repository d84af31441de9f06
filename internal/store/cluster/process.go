package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
)

// mode says whether the server ends with this process.
type mode int

const (
	foreground mode = iota
	background
)

type launchPlan struct {
	bin     Binaries
	account account
	mode    mode
}

// postmaster is a server process that this process started.
type postmaster struct {
	pid    int
	exited chan struct{} // closed when the process has ended
}

// startTimeout bounds a start, recovery after a crash included.
const startTimeout = 3 * time.Minute

// launch starts the server and waits until it takes connections. A port that
// somebody took in the meantime is given up for another.
func (c *Cluster) launch(ctx context.Context, p launchPlan) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for attempt := 0; ; attempt++ {
		if err := c.settlePort(p.mode); err != nil {
			return err
		}
		server, err := c.spawn(p)
		if err != nil {
			return err
		}
		c.server = server
		err = c.awaitReady(ctx)
		if err == nil || attempt == 2 || portIsFree(c.state.Port) || !server.ended() {
			return err
		}
	}
}

func (c *Cluster) settlePort(m mode) error {
	if !portIsFree(c.state.Port) {
		port, err := freePort()
		if err != nil {
			return err
		}
		c.opts.Log.Info("the cluster's port was taken, so it moves", "from", c.state.Port, "to", port)
		c.state.Port = port
	}
	c.state.Background = m == background
	return c.saveState()
}

func (c *Cluster) spawn(p launchPlan) (*postmaster, error) {
	out, err := openLog(c.logPath())
	if err != nil {
		return nil, err
	}
	defer out.Close()
	args := append([]string{"-D", c.state.Data}, settings(c.state.Port, c.opts.Throwaway)...)
	cmd := exec.Command(p.bin.path("postgres"), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", p.bin.env(), p.account.attr()
	cmd.Stdout, cmd.Stderr = out, out
	if p.mode == foreground {
		endWithParent(cmd.SysProcAttr)
	}
	return startLocked(cmd)
}

// startLocked starts the command on a thread of its own which lives as long as
// the command: the kernel's parent-death signal follows the thread, not the process.
func startLocked(cmd *exec.Cmd) (*postmaster, error) {
	started := make(chan error, 1)
	pm := &postmaster{exited: make(chan struct{})}
	go func() {
		runtime.LockOSThread()
		if err := cmd.Start(); err != nil {
			started <- err
			return
		}
		pm.pid = cmd.Process.Pid
		started <- nil
		_ = cmd.Wait() // how it ended is in its own log
		close(pm.exited)
	}()
	if err := <-started; err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The PostgreSQL server does not start: %v.", err)
	}
	return pm, nil
}

func (p *postmaster) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// stop asks for a fast shutdown (open transactions are rolled back, data are
// flushed) and after the patience for an immediate one.
func (p *postmaster) stop(patience time.Duration) error {
	if p.ended() {
		return nil
	}
	if err := syscall.Kill(p.pid, syscall.SIGINT); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(patience):
	}
	_ = syscall.Kill(p.pid, syscall.SIGQUIT)
	<-p.exited
	return fmt.Errorf("PostgreSQL did not stop within %s and was stopped at once; the next start recovers", patience)
}

// awaitReady waits for the first connection that succeeds.
func (c *Cluster) awaitReady(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, c.URL(RoleOwner, "postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-c.server.exited:
			return fault.New(fault.Unavailable, "PostgreSQL ended at start; its last words in %s: %s", c.logPath(), lastLogLine(c.logPath()))
		case <-ctx.Done():
			return fault.Because(fault.Unavailable, errors.Join(ctx.Err(), err), "PostgreSQL did not become ready; see %s.", c.logPath())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// logLimit is the size after which the server's log starts anew; one old
// generation is kept.
const logLimit = 8 << 20

func openLog(path string) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
}

func lastLogLine(path string) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "none"
	}
	return lastLines(string(raw), 1)
}

// runningPID gives the process number of the server that has the data folder
// open, 0 where there is none.
func runningPID(data string) int {
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 1 || !isPostgres(pid) {
		return 0
	}
	return pid
}

// stopLeftover ends a server whose lerd is gone: the folder's lock is ours, so
// nobody uses it. On Linux it is already stopping by itself.
func stopLeftover(ctx context.Context, data string) error {
	pid := runningPID(data)
	if pid == 0 {
		return nil
	}
	_ = syscall.Kill(pid, syscall.SIGINT)
	return awaitGone(ctx, data)
}

func awaitGone(ctx context.Context, data string) error {
	ctx, cancel := context.WithTimeout(ctx, stopPatience)
	defer cancel()
	for runningPID(data) != 0 {
		select {
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "The PostgreSQL server of %s does not stop.", data)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}
