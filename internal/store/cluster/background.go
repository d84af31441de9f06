package cluster

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"syscall"

	"lerd/internal/fault"
)

// Start starts the cluster of a folder and leaves it running after this process
// has ended; a later Open uses it. Starting one that runs does nothing.
func Start(ctx context.Context, o Options) (_ *Cluster, err error) {
	defer fault.Wrap(&err, "cluster.Start")
	c, err := open(ctx, o, background)
	if err != nil {
		return nil, err
	}
	c.server = nil // from here on it is nobody's child
	c.lock.release()
	return c, nil
}

// Stop stops a cluster that Start left running, cleanly. It says whether there
// was one, and is Conflict while a lerd works on the folder.
func Stop(ctx context.Context, dir string) (stopped bool, err error) {
	defer fault.Wrap(&err, "cluster.Stop")
	c, err := ofFolder(dir)
	if err != nil {
		return false, err
	}
	if c.lock, err = lockFolder(c.opts.Dir); err != nil {
		return false, err
	}
	defer c.lock.release()
	pid := runningPID(c.state.Data)
	if pid != 0 {
		if err := syscall.Kill(pid, syscall.SIGINT); err != nil {
			return false, fault.Because(fault.Invalid, err, "The server (pid %d) may not be stopped by this account; run as the one that started it.", pid)
		}
		if err := awaitGone(ctx, c.state.Data); err != nil {
			return false, err
		}
	}
	c.state.Background = false
	return pid != 0, c.saveState()
}

// Attach gives a cluster that is running, whoever started it, for tools that
// only need its URLs: it takes no lock and its Close stops nothing. It is
// NotFound when nothing runs on the folder.
func Attach(dir string) (_ *Cluster, err error) {
	defer fault.Wrap(&err, "cluster.Attach")
	c, err := ofFolder(dir)
	if err != nil {
		return nil, err
	}
	if runningPID(c.state.Data) == 0 {
		return nil, fault.New(fault.NotFound, "The database of %s is not running; start it with: lerd db start --dir %s", c.opts.Dir, c.opts.Dir)
	}
	return c, nil
}

// ofFolder reads the state of a folder that has a cluster.
func ofFolder(dir string) (*Cluster, error) {
	o := Options{Dir: dir, Log: slog.New(slog.DiscardHandler)}
	if err := o.absolute(); err != nil {
		return nil, err
	}
	s, err := readState(o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "There is no database of lerd's in %s. Name the data folder with --dir: that of a demonstration is lerd-data/demo.", o.Dir)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fault.Because(fault.Invalid, err, "The passwords in %s are readable by their owner only; run as that account.", o.Dir)
	}
	return &Cluster{opts: o, state: s}, err
}
