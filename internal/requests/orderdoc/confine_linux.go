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
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 { // root's renderer is nobody
		uid, gid = nobody, nobody
		attr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody, NoSetGroups: isolated}
	}
	if isolated {
		attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNS
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: uid, Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: nobody, HostID: gid, Size: 1}}
	}
	cmd.SysProcAttr = attr
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// nobody is the account without rights on Linux.
const nobody = 65534

// handOver lets root's renderer read its folder.
func handOver(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return os.Chown(path, nobody, nobody)
}

// canIsolate tries once whether the system permits the namespaces.
var canIsolate = sync.OnceValue(func() bool {
	cmd := exec.Command("/bin/sh", "-c", "exit 0")
	confine(cmd, true)
	cmd.Cancel = nil
	return cmd.Run() == nil
})
