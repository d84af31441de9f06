// Package cluster runs a private PostgreSQL for evaluation and for tests: it
// finds server binaries (or fetches them once), makes a data folder, keeps the
// passwords, starts and stops the server.
//
// Invariants:
//   - one lerd at a time works on a folder: Open holds a lock, a second Open is
//     refused with the number of the process that has it;
//   - the server listens on 127.0.0.1 only, every role needs its password
//     (SCRAM), and the passwords lie beside the data with mode 0600;
//   - URLs stay the same from start to start, unless the port was taken;
//   - the server never outlives a lerd that started it in the foreground (Linux),
//     and a server left running on purpose (Start) is never stopped by Close;
//   - the server's log carries no statement and no parameter.
//
// In this mode the process also knows the password of the cluster's superuser:
// the log is append-only against the application's role, not against whoever
// owns the folder. In production the database is not lerd's to run.
package cluster

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"lerd/internal/fault"
)

// The roles that every cluster has. RoleOwner migrates, and is the superuser of
// the private cluster; RoleApp works; RoleAuditor reads.
const (
	RoleOwner   = "lerd_owner"
	RoleApp     = "lerd_app"
	RoleAuditor = "lerd_auditor"
)

// MainDatabase is the database in which lerd keeps its own tables.
const MainDatabase = "lerd"

// Options says where the cluster lies and how it is to run.
type Options struct {
	Dir       string       // the folder that was given with --dir; made when absent
	Log       *slog.Logger // nil: silent
	Throwaway bool         // for tests: no flush to disk, so a power cut loses the data
	Binaries  Finder       // zero value: where FindDefault looks
}

// Cluster is a running private PostgreSQL.
type Cluster struct {
	opts   Options
	lock   *folderLock // nil when attached without the folder
	server *postmaster // nil when the server was left running by Start

	mu    sync.Mutex
	state state
}

// Open starts the cluster of a folder, making it on first use, and returns when
// it accepts connections. A cluster that Start left running is used as it is,
// and Close leaves it running. It is Conflict when another lerd has the folder,
// Unavailable when no server binaries can be had.
func Open(ctx context.Context, o Options) (_ *Cluster, err error) {
	defer fault.Wrap(&err, "cluster.Open")
	return open(ctx, o, foreground)
}

func open(ctx context.Context, o Options, m mode) (*Cluster, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{opts: o, lock: lock}
	if err := c.bringUp(ctx, m); err != nil {
		c.abandon()
		return nil, err
	}
	return c, nil
}

func (o Options) complete() (Options, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.absolute(); err != nil {
		return o, err
	}
	// 0711: an unprivileged server must be able to pass through the folder to
	// its data, and nobody else may list it.
	if err := os.MkdirAll(o.Dir, 0o711); err != nil {
		return o, fault.Because(fault.Invalid, err, "The data folder %s cannot be made; name one you may write to.", o.Dir)
	}
	return o, nil
}

func (o *Options) absolute() error {
	abs, err := filepath.Abs(o.Dir)
	if err != nil || o.Dir == "" {
		return fault.New(fault.Invalid, "Name the data folder with --dir.")
	}
	o.Dir = abs
	return nil
}

// bringUp reads the state, starts or attaches to the server and sees to the
// roles and the main database.
func (c *Cluster) bringUp(ctx context.Context, m mode) error {
	if err := c.loadState(); err != nil {
		return err
	}
	if c.attachable() {
		c.opts.Log.Info("using the PostgreSQL that was left running", "port", c.state.Port)
	} else if err := c.start(ctx, m); err != nil {
		return err
	}
	return c.ensureBasics(ctx)
}

// attachable says whether a server left running by Start is there.
func (c *Cluster) attachable() bool {
	return c.state.Background && runningPID(c.state.Data) != 0
}

func (c *Cluster) start(ctx context.Context, m mode) error {
	account, err := serverAccount()
	if err != nil {
		return err
	}
	if err := c.place(account); err != nil {
		return err
	}
	if err := stopLeftover(ctx, c.state.Data); err != nil {
		return err
	}
	bin, err := c.opts.Binaries.find(ctx, majorOf(c.state.Data), c.opts.Log)
	if err != nil {
		return err
	}
	if err := c.initOnce(ctx, bin, account); err != nil {
		return err
	}
	return c.launch(ctx, launchPlan{bin: bin, account: account, mode: m})
}

// abandon undoes a start that failed.
func (c *Cluster) abandon() {
	if c.server != nil {
		c.server.stop(stopPatience)
	}
	c.lock.release()
}

// Dir gives the folder, absolute.
func (c *Cluster) Dir() string { return c.opts.Dir }

// Port gives the loopback port.
func (c *Cluster) Port() int { return c.state.Port }

// Attached says whether the server was running before Open and stays after Close.
func (c *Cluster) Attached() bool { return c.server == nil }

// stopPatience is how long a clean stop may take before the server is told to
// stop at once; it then recovers from its write-ahead log at the next start.
const stopPatience = 60 * time.Second

// Close stops the server cleanly, if Open started it, and frees the folder.
func (c *Cluster) Close() (err error) {
	defer fault.Wrap(&err, "cluster.Close")
	defer c.lock.release()
	if c.server == nil {
		return nil
	}
	return c.server.stop(stopPatience)
}

// Destroy closes the cluster and deletes its data and passwords.
func (c *Cluster) Destroy() (err error) {
	defer fault.Wrap(&err, "cluster.Destroy")
	if err := c.Close(); err != nil {
		return err
	}
	for _, p := range []string{c.state.Data, filepath.Join(c.opts.Dir, dataName), c.statePath(), c.logPath()} {
		if err := os.RemoveAll(p); err != nil {
			return err
		}
	}
	return nil
}
