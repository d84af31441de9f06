package orderdoc

import (
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// confine puts the program in a process group of its own, ends it with its
// parent, and if isolated puts it in namespaces without network, other
// processes or shared memory, as an unprivileged user.
func confine(cmd *exec.Cmd, isolated bool) {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if isolated {
		attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNS
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 65534, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 65534, HostID: os.Getgid(), Size: 1}}
	}
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// canIsolate tries once whether the system permits the namespaces.
var canIsolate = sync.OnceValue(func() bool {
	cmd := exec.Command("/bin/sh", "-c", "exit 0")
	confine(cmd, true)
	cmd.Cancel = nil
	return cmd.Run() == nil
})
