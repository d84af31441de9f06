//go:build linux

package orderdoc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"lerd/internal/testkit/hostilepdf"
)

// behind runs a script as the renderer, and gives what it said.
func behind(t *testing.T, body string, lim limits) (string, error) {
	t.Helper()
	r := script(t, body)
	r.lim = lim
	ctx, cancel := timeout(t, lim.wall)
	defer cancel()
	out, _, err := r.run(ctx, hostilepdf.Plain(), 1)
	return string(out), err
}

// TestTheCageIsClosed tries what a renderer that was taken over would try. Each
// try works outside, so that the test sees what the cage keeps.
func TestTheCageIsClosed(t *testing.T) {
	if !canCage() || landlock() == 0 {
		t.Skip("NOT RUN: this system has no landlock")
	}
	secret := filepath.Join(t.TempDir(), "secret")
	for d := filepath.Dir(secret); d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
		os.Chmod(d, 0o755)
	}
	if err := os.WriteFile(secret, []byte("key of the data folder"), 0o644); err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(t.TempDir(), "place")
	if err := os.Mkdir(place, 0o777); err != nil || os.Chmod(place, 0o777) != nil || os.Chmod(filepath.Dir(place), 0o755) != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]string{
		"reading a file that everybody may read": "cat " + secret + " && echo reached",
		"reading the accounts":                   "cat /etc/passwd && echo reached",
		"listing the processes":                  "ls /proc/1 && echo reached",
		"writing a file":                         "echo x > " + place + "/f && echo reached",
		"writing where the input is":             "echo x > f && echo reached",
		"making a folder":                        "mkdir " + place + "/d && echo reached",
		"linking a file":                         "ln -s /etc " + place + "/l && echo reached",
		"running a program from elsewhere":       "cp /bin/true " + place + "/t && " + place + "/t && echo reached",
		"a socket":                               "bash -c 'exec 3<>/dev/udp/127.0.0.1/9' && echo reached",
		"ending a process":                       "sleep 5 & kill -9 $! && echo reached",
	} {
		outside := exec.Command("/bin/sh", "-c", try)
		outside.Dir = place
		if out, err := outside.Output(); err != nil || !strings.Contains(string(out), "reached") {
			t.Errorf("%s: does not work outside either: %v", name, err)
		}
		for _, f := range []string{"f", "d", "l", "t"} {
			os.RemoveAll(filepath.Join(place, f))
		}
		out, _ := behind(t, "("+try+") 2>/dev/null; exit 0", standardLimits)
		if strings.Contains(out, "reached") {
			t.Errorf("%s: it is reached from within", name)
		}
	}
	if out, err := behind(t, "grep -c . /proc/self/status >/dev/null 2>&1; echo alive", standardLimits); err != nil || out != "alive\n" {
		t.Errorf("the cage lets nothing run: %q %v", out, err)
	}
}

// TestLimitsOfTheRenderer: memory, processor time, time in all, output; what is
// over one of them ends, with everything that it began.
func TestLimitsOfTheRenderer(t *testing.T) {
	small := limits{memory: 96 << 20, cpu: 1, wall: 3 * time.Second}
	for _, x := range []struct {
		name, body string
		most       time.Duration
	}{
		{"memory", "x=$(head -c 200000000 /dev/zero | tr '\\0' a) && echo over", 3 * time.Second},
		{"processor", "while :; do :; done", 3 * time.Second},
		{"time", "sleep 30; echo over", 5 * time.Second},
		{"time, in the background", "(sleep 30; echo over) & wait; echo over", 6 * time.Second},
		{"output", fmt.Sprintf("head -c %d /dev/zero; echo over", maxPNG+1), 3 * time.Second},
		{"open files", "i=3; while [ $i -lt 200 ]; do eval \"exec $i</dev/null\" || exit 3; i=$((i+1)); done; echo over", 3 * time.Second},
	} {
		begun := time.Now()
		out, err := behind(t, x.body, small)
		if err == nil || strings.Contains(out, "over") {
			t.Errorf("%s: went over: %v, %d octets", x.name, err, len(out))
		}
		if d := time.Since(begun); d > x.most+5*time.Second { // the machine may be busy
			t.Errorf("%s: took %s", x.name, d)
		}
	}
}

// TestTheCageHoldsForAnyAccount runs the same tries from an account without
// rights: root's renderer is nobody, and everybody else's is their own account.
func TestTheCageHoldsForAnyAccount(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("NOT RUN: this test is begun as root to try both")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "other")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	copied := filepath.Join(dir, "test")
	if os.Chmod(dir, 0o755) != nil || os.WriteFile(copied, b, 0o755) != nil {
		t.Fatal("the test cannot be copied")
	}
	cmd := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copied, "-test.run", "TestTheCageIsClosed|TestLimitsOfTheRenderer|TestPageIsDrawn", "-test.v")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "TMPDIR=/tmp", "HOME=" + dir}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS") != 3 {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

// ownPeak is the most memory that this process had at once.
func ownPeak(t *testing.T) int64 {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return used.Maxrss << 10
}

// TestWhatDrawingTakes measures the renderer over the hostile corpus and plain
// pages: no process grew over its limit, and none took longer than it may.
func TestWhatDrawingTakes(t *testing.T) {
	r := renderers(t)[0]
	r.lim = limits{memory: standardLimits.memory, cpu: 2, wall: 6 * time.Second}
	var rss, slowest int64
	limited := 0
	var last *os.ProcessState
	r.used = func(s *os.ProcessState) {
		last = s
		rss = max(rss, maxRSS(s))
		slowest = max(slowest, int64(s.UserTime()+s.SystemTime()))
	}
	for _, h := range drawn() {
		begun := time.Now()
		ctx, cancel := timeout(t, r.lim.wall)
		out, _, err := r.run(ctx, h.PDF, 1)
		cancel()
		if d := time.Since(begun); d > r.lim.wall+5*time.Second {
			t.Errorf("%s: took %s", h.Name, d)
		}
		if err == nil && len(out) > 0 {
			if _, err := pixels(out); err != nil {
				t.Errorf("%s: neither drawn nor refused: %v", h.Name, err)
			}
		}
		if ended := last.ExitCode() < 0 && strings.Contains(last.String(), "killed"); ended && CodeOf(because(t.Context(), err, "")) != "drawing_cost" {
			t.Errorf("%s: its renderer was ended by a limit, and that is told as %v", h.Name, err)
		} else if ended {
			limited++
		}
	}
	if limited == 0 {
		t.Error("nothing came to a limit, so the test shows nothing of limits")
	}
	// A process begins with the peak of whoever began it: this test's own is no renderer's.
	own := ownPeak(t)
	t.Logf("the largest renderer took at most %d MiB, the slowest %s of processor time; this test took %d MiB", rss>>20, time.Duration(slowest), own>>20)
	if rss > max(own, int64(r.lim.memory)) || slowest > int64(r.lim.cpu+1)*int64(time.Second) {
		t.Errorf("a renderer took %d MiB, one took %s", rss>>20, time.Duration(slowest))
	}
}
