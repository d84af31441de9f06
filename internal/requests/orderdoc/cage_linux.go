package orderdoc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// cageName is the name under which this very program runs again to put itself
// into a cage and to become the renderer: limits and walls have to be in place
// before the renderer's first instruction, and are not those of lerd.
const cageName = "lerd-cage"

// cageFailed is the exit status of a cage that could not be closed.
const cageFailed = 97

func init() {
	if len(os.Args) > 3 && os.Args[0] == cageName {
		enter(os.Args[1:])
	}
}

// enter takes the folder that may be read, the renderer, and the shell that sets
// its limits and becomes it, with arguments. It returns never: a wall that the
// system has and that does not hold ends the process. Memory is the shell's to
// limit: this program has more of the address space than a renderer may have, and
// would now and then end here for want of some.
func enter(args []string) {
	runtime.LockOSThread() // walls are the thread's, and it is the one that becomes the program
	dir, path, argv := args[0], args[1], args[2:]
	err := errors.Join(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), wallFiles(dir, path), wallCalls())
	for _, l := range []struct {
		what int
		most uint64
	}{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_FSIZE, 0}, {unix.RLIMIT_NOFILE, 64}} {
		err = errors.Join(err, unix.Setrlimit(l.what, &unix.Rlimit{Cur: l.most, Max: l.most}))
	}
	if err == nil {
		_ = syscall.Exec(shell, argv, os.Environ())
	}
	os.Exit(cageFailed)
}

// readable is what a program needs to start and to find its fonts.
var readable = []string{"/usr", "/lib", "/lib64", "/bin", "/etc/fonts", "/etc/ld.so.cache", "/var/cache/fontconfig", "/dev/urandom", "/dev/zero"}

const (
	readRights  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	fileRights  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	allRights1  = 1<<13 - 1 // of the first version: everything but moving between folders
	netRights   = 3         // bind and connect, from version 4
	netVersion  = 4
	moveVersion = 2
	cutVersion  = 3
)

// wallFiles lets the program read what readable names, its folder and itself,
// write to /dev/null, and reach no other file and no port. SPEC: landlock(7). A
// system without it has the other walls.
func wallFiles(dir, path string) error {
	version := landlock()
	if version == 0 {
		return nil
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: allRights1}
	if version >= moveVersion {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= cutVersion {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if version >= netVersion {
		attr.Handled_access_net, size = netRights, size+unsafe.Sizeof(attr.Handled_access_net)
	}
	set, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return errno
	}
	err := allow(set, "/dev/null", unix.LANDLOCK_ACCESS_FS_READ_FILE|unix.LANDLOCK_ACCESS_FS_WRITE_FILE)
	for _, p := range append([]string{dir, path}, readable...) {
		err = errors.Join(err, allow(set, p, readRights))
	}
	if err != nil {
		return err
	}
	if _, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, set, 0, 0); errno != 0 {
		return errno
	}
	return syscall.Close(int(set))
}

// landlock gives the version that the system has, 0 where it has none.
func landlock() int {
	v, _, errno := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(v)
}

func allow(set uintptr, path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) {
		return nil // what is not there, or not for this account, needs no leave
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR && rights == readRights {
		rights = fileRights
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: rights, Parent_fd: int32(fd)}
	if _, _, errno := syscall.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, set, unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// refusedCalls are system calls that no renderer needs: the network, other
// processes, the kernel's keys and modules, namespaces and mounts.
var refusedCalls = []uint32{unix.SYS_SOCKET, unix.SYS_SOCKETPAIR, unix.SYS_CONNECT, unix.SYS_BIND, unix.SYS_LISTEN, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV,
	unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KILL, unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_SEND_SIGNAL, unix.SYS_PIDFD_GETFD, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_USERFAULTFD,
	unix.SYS_IO_URING_SETUP, unix.SYS_KEXEC_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_REBOOT, unix.SYS_OPEN_BY_HANDLE_AT}

// machines are the kernel's names of the processors for which numbers of calls
// are known here. SPEC: linux/audit.h.
var machines = map[string]uint32{"amd64": 0xc000003e, "arm64": 0xc00000b7}

// wallCalls refuses the calls above, and every call made for another processor.
// SPEC: seccomp(2).
func wallCalls() error {
	machine, ok := machines[runtime.GOARCH]
	if !ok {
		return nil
	}
	const load, jumpEqual, jumpAtLeast, answer = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	const deny = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	filter := []unix.SockFilter{{Code: load, K: 4}, {Code: jumpEqual, Jt: 1, K: machine}, {Code: answer, K: unix.SECCOMP_RET_KILL_PROCESS},
		{Code: load, K: 0}, {Code: jumpAtLeast, Jf: 1, K: 0x40000000}, {Code: answer, K: deny}} // amd64's second table of calls
	for _, nr := range refusedCalls {
		filter = append(filter, unix.SockFilter{Code: jumpEqual, Jf: 1, K: nr}, unix.SockFilter{Code: answer, K: deny})
	}
	filter = append(filter, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := syscall.Syscall(syscall.SYS_PRCTL, unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	return nil
}

// caged gives a command that runs a program in a cage, ok false where the system
// does not let one be closed; then a shell sets the limits.
func caged(dir string, l limits, path string, args ...string) (*exec.Cmd, bool) {
	if !canCage() {
		return nil, false
	}
	return cageOf(dir, l, path, args...), true
}

func cageOf(dir string, l limits, path string, args ...string) *exec.Cmd {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return &exec.Cmd{Path: "/proc/self/exe", Args: append([]string{cageName, dir, path}, shelled(l, path, args...).Args...)}
}

// canCage tries once whether a cage can be closed here.
var canCage = sync.OnceValue(func() bool {
	cmd := cageOf("/usr", standardLimits, "/bin/true")
	confine(cmd, canIsolate())
	cmd.Cancel = nil
	return cmd.Run() == nil
})
