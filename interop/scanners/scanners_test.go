// Package scanners_test lets the scanners that operators run, ClamAV's daemon
// and the ICAP server c-icap with its virus_scan service, examine documents for
// lerd on loopback.
//
// Invariant: the daemons are those of their makers' packages, with a signature
// database of this test: no download.
package scanners_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/requests/malware"
	"lerd/internal/testkit/pdfs"
)

// test is the EICAR file, in two pieces. SPEC: EICAR, "Anti-Malware Testfile".
var test = []byte(`X5O!P%@AP[4\PZX54(P^)7CC)7}$` + `EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`)

// daemon starts a program that stays, and ends it with the test.
func daemon(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		if b, err := os.ReadFile(out.Name()); err == nil && t.Failed() {
			t.Logf("%s: %s", name, b)
		}
	})
}

func program(t *testing.T, pkg string, paths ...string) string {
	t.Helper()
	for _, p := range paths {
		if found, err := exec.LookPath(p); err == nil {
			return found
		}
	}
	t.Skipf("NOT RUN: %s is not installed", pkg)
	return ""
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// shared is a folder with a short path that the daemons' own accounts can read.
func shared(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "scan")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

func me(t *testing.T) string {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// clamd runs ClamAV's daemon with signatures for the test file and for a mark
// anywhere in a file.
func clamd(t *testing.T, dir string) (tcp, socket string) {
	t.Helper()
	bin := program(t, "clamav-daemon", "clamd", "/usr/sbin/clamd")
	db := filepath.Join(dir, "db")
	if err := os.MkdirAll(db, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(db, "lerd.ndb"), fmt.Sprintf("Eicar-Test-Signature:0:*:%x\nLerd.Marked:0:*:%x\n", test, "marked by this test as harmful"))
	port, sock := freePort(t), filepath.Join(dir, "clamd.ctl")
	conf := write(t, filepath.Join(dir, "clamd.conf"), fmt.Sprintf("Foreground yes\nDatabaseDirectory %s\nLocalSocket %s\nLocalSocketMode 666\nTCPSocket %s\nTCPAddr 127.0.0.1\nStreamMaxLength 30M\nMaxFileSize 30M\nMaxScanSize 60M\nAlertExceedsMax yes\nUser %s\n", db, sock, port, me(t)))
	daemon(t, bin, "-c", conf)
	return "clamd://127.0.0.1:" + port, "unix://" + sock
}

func await(t *testing.T, address string) malware.Scanner {
	t.Helper()
	s, err := malware.New(address)
	if err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); time.Since(begun) < 60*time.Second; time.Sleep(200 * time.Millisecond) {
		if err = s.Ping(t.Context()); err == nil {
			return s
		}
	}
	t.Fatalf("%s does not answer: %v", address, errors.Unwrap(err))
	return nil
}

func examine(t *testing.T, s malware.Scanner, named bool) {
	t.Helper()
	if err := malware.Prove(t.Context(), s); err != nil {
		t.Errorf("EICAR: %v", err)
	}
	if v, err := s.Scan(t.Context(), pdfs.New().Bytes()); err != nil || v.Found {
		t.Errorf("a plain order: %+v %v", v, err)
	}
	large := pdfs.NewWith("BT (x) Tj ET %" + string(bytes.Repeat([]byte("a long order "), 1_500_000))).Bytes()
	if v, err := s.Scan(t.Context(), large); err != nil || v.Found {
		t.Errorf("an order of %d MiB: %+v %v", len(large)>>20, v, err)
	}
	v, err := s.Scan(t.Context(), append(bytes.Clone(large), "% marked by this test as harmful"...))
	if err != nil || !v.Found || named && v.Name != "Lerd.Marked.UNOFFICIAL" {
		t.Errorf("a mark at the end of %d MiB: %+v %v", len(large)>>20, v, err)
	}
}

func TestClamAV(t *testing.T) {
	tcp, socket := clamd(t, shared(t))
	for _, address := range []string{tcp, socket} {
		examine(t, await(t, address), true)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := await(t, tcp).Scan(ctx, test); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("out of time: %v", err)
	}
	s := await(t, tcp)
	if v, err := s.Scan(t.Context(), make([]byte, 40<<20)); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("over clamd's own limit: %+v %v", v, err)
	}
}

func TestCICAP(t *testing.T) {
	bin := program(t, "c-icap", "c-icap")
	const modules = "/usr/lib/x86_64-linux-gnu/c_icap"
	if _, err := os.Stat(filepath.Join(modules, "virus_scan.so")); err != nil {
		t.Skip("NOT RUN: libc-icap-mod-virus-scan is not installed")
	}
	dir := shared(t)
	_, socket := clamd(t, dir)
	await(t, socket)
	port := freePort(t)
	conf := write(t, filepath.Join(dir, "c-icap.conf"), fmt.Sprintf(`PidFile %[1]s/pid
CommandsSocket %[1]s/ctl
Timeout 60
StartServers 1
MaxServers 2
ThreadsPerChild 4
MinSpareThreads 1
MaxSpareThreads 4
Port 127.0.0.1:%[2]s
User %[3]s
Group root
ServerAdmin a@example.org
ServerName test
TmpDir %[1]s
MaxMemObject 131072
ModulesDir %[4]s
ServicesDir %[4]s
TemplateDir /usr/share/c_icap/templates/
TemplateDefaultLanguage en
LoadMagicFile /etc/c-icap/c-icap.magic
ServerLog %[1]s/server.log
AccessLog %[1]s/access.log
Service echo srv_echo.so
Module common clamd_mod.so
clamd_mod.ClamdSocket %[1]s/clamd.ctl
Service antivirus_module virus_scan.so
virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE DOCUMENT UNKNOWN
virus_scan.MaxObjectSize 30M
virus_scan.DefaultEngine clamd
`, dir, port, me(t), modules))
	daemon(t, bin, "-N", "-f", conf)
	for _, query := range []string{"", "?method=reqmod"} {
		t.Run(query, func(t *testing.T) { examine(t, await(t, "icap://127.0.0.1:"+port+"/virus_scan"+query), false) })
	}
	// A service that changes nothing and scans nothing is found out.
	if err := malware.Prove(t.Context(), await(t, "icap://127.0.0.1:"+port+"/echo")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("echo passes for a scanner: %v", err)
	}
}
