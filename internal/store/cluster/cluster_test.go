package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"lerd/internal/fault"
)

// The test binary plays a lerd that is started, and killed, by the tests.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CLUSTER_TEST_HOLD"); dir != "" {
		c, err := Open(context.Background(), Options{Dir: dir, Throwaway: true})
		if err != nil {
			fmt.Println("error:", fault.Message(err))
			os.Exit(1)
		}
		fmt.Println("ready", c.Port())
		select {}
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if sharedDir, err = os.MkdirTemp("", "lerd-cluster-"); err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(sharedDir)
	if err := os.Chmod(sharedDir, 0o711); err != nil {
		fmt.Println(err)
		return 1
	}
	code := m.Run()
	if err := closeShared(); err != nil {
		fmt.Println(err)
		return 1
	}
	return code
}

// folder gives a data folder that every account can reach, and lets the server
// in it be gone at the end.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lerd-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = Stop(context.Background(), dir)
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func mustOpen(t *testing.T, dir string) *Cluster {
	t.Helper()
	c, err := Open(context.Background(), Options{Dir: dir, Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mustClose(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// ask runs a query that gives one text.
func ask(url, query string) (string, error) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	var s string
	err = conn.QueryRow(ctx, query).Scan(&s)
	return s, err
}

func mustAsk(t *testing.T, url, query string) string {
	t.Helper()
	s, err := ask(url, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

func mustDo(t *testing.T, url, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// oneForAll is a cluster for the tests that neither stop nor break it; it ends
// with the test binary.
var oneForAll = sync.OnceValues(func() (*Cluster, error) {
	c, err := Open(context.Background(), Options{Dir: sharedDir, Throwaway: true})
	if err == nil {
		closeShared = c.Close
	}
	return c, err
})

var (
	sharedDir   string
	closeShared = func() error { return nil }
)

func shared(t *testing.T) *Cluster {
	t.Helper()
	c, err := oneForAll()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDataPasswordsAndPortSurviveARestart(t *testing.T) {
	dir := folder(t)
	c := mustOpen(t, dir)
	url := c.URL(RoleOwner, MainDatabase)
	mustDo(t, url, "CREATE TABLE kept AS SELECT 'still here' AS word")
	mustClose(t, c)
	if _, err := os.Stat(filepath.Join(c.state.Data, "postmaster.pid")); err == nil {
		t.Error("postmaster.pid is there after Close: the server did not stop cleanly")
	}
	again := mustOpen(t, dir)
	defer mustClose(t, again)
	if again.URL(RoleOwner, MainDatabase) != url {
		t.Error("the URL changed between two starts")
	}
	if got := mustAsk(t, url, "SELECT word FROM kept"); got != "still here" {
		t.Errorf("got %q", got)
	}
	if got := mustAsk(t, url, "SHOW data_checksums"); got != "on" {
		t.Errorf("data checksums are %s", got)
	}
}

func TestRolesSignInWithTheirPasswordOnly(t *testing.T) {
	c := shared(t)
	for role, super := range map[string]string{RoleOwner: "on", RoleApp: "off", RoleAuditor: "off"} {
		if got := mustAsk(t, c.URL(role, MainDatabase), "SHOW is_superuser"); got != super {
			t.Errorf("%s: superuser %s", role, got)
		}
	}
	wrong := strings.Replace(c.URL(RoleApp, MainDatabase), c.state.Passwords[RoleApp], "guess", 1)
	if _, err := ask(wrong, "SELECT ''"); !hasCode(err, "28P01") {
		t.Errorf("a wrong password gives %v, want 28P01", err)
	}
	info, err := os.Stat(c.statePath())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the passwords' file has mode %v (%v)", info.Mode(), err)
	}
}

func TestAnotherDatabaseIsClosedToOtherRoles(t *testing.T) {
	ctx := context.Background()
	c := shared(t)
	for _, role := range []string{"accounts_owner", "lerd_records"} {
		if err := c.EnsureRole(ctx, role); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time finds it there
		if err := c.EnsureDatabase(ctx, "accounts", "accounts_owner", "lerd_records"); err != nil {
			t.Fatal(err)
		}
	}
	mustAsk(t, c.URL("lerd_records", "accounts"), "SELECT ''")
	mustDo(t, c.URL("accounts_owner", "accounts"), "CREATE TABLE a ()")
	if _, err := ask(c.URL(RoleApp, "accounts"), "SELECT ''"); !hasCode(err, "42501") {
		t.Errorf("lerd_app in accounts: %v, want permission denied", err)
	}
	if _, err := ask(c.URL("lerd_records", MainDatabase), "SELECT ''"); !hasCode(err, "42501") {
		t.Errorf("lerd_records in lerd: %v, want permission denied", err)
	}
	if err := c.EnsureRole(ctx, `x" SUPERUSER`); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a role's name with a quote: %v", err)
	}
}

func TestTheServersLogKeepsNoStatement(t *testing.T) {
	c := shared(t)
	url := c.URL(RoleApp, MainDatabase)
	_, _ = ask(url, "SELECT '+4915112345678'::integer::text")
	_, _ = ask(url, "SELECT secret_subject FROM nowhere")
	raw, err := os.ReadFile(c.logPath())
	if err != nil || !strings.Contains(string(raw), "ready to accept connections") {
		t.Fatalf("the log is not the server's: %v", err)
	}
	for _, word := range []string{"4915112345678", "secret_subject"} {
		if strings.Contains(string(raw), word) {
			t.Errorf("the log holds %q", word)
		}
	}
}

// hold starts a second process that opens the folder and stays.
func hold(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CLUSTER_TEST_HOLD="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	return cmd, strings.TrimSpace(line)
}

func TestASecondLerdOnTheFolderIsRefused(t *testing.T) {
	dir := folder(t)
	c := mustOpen(t, dir)
	defer mustClose(t, c)
	_, said := hold(t, dir)
	want := fmt.Sprintf("error: another lerd is running on this folder (pid %d)", os.Getpid())
	if !strings.HasPrefix(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
	if _, err := Stop(context.Background(), dir); fault.KindOf(err) != fault.Conflict {
		t.Errorf("Stop under a running lerd: %v, want a conflict", err)
	}
}

func TestAKilledLerdLeavesNoServerAndNoDamage(t *testing.T) {
	dir := folder(t)
	holder, said := hold(t, dir)
	if !strings.HasPrefix(said, "ready") {
		t.Fatal(said)
	}
	running, err := Attach(dir)
	if err != nil {
		t.Fatal(err)
	}
	mustDo(t, running.URL(RoleOwner, MainDatabase), "CREATE TABLE acknowledged AS SELECT 'yes' AS a")
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := awaitGone(ctx, running.state.Data); err != nil {
		t.Fatal("the server outlived the killed lerd")
	}
	c := mustOpen(t, dir)
	defer mustClose(t, c)
	if got := mustAsk(t, c.URL(RoleOwner, MainDatabase), "SELECT a FROM acknowledged"); got != "yes" {
		t.Errorf("got %q", got)
	}
}

func TestACrashedServerRecovers(t *testing.T) {
	dir := folder(t)
	c := mustOpen(t, dir)
	mustDo(t, c.URL(RoleOwner, MainDatabase), "CREATE TABLE acknowledged AS SELECT 'yes' AS a")
	if err := syscall.Kill(c.server.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-c.server.exited
	mustClose(t, c)
	again := mustOpen(t, dir)
	defer mustClose(t, again)
	if got := mustAsk(t, again.URL(RoleOwner, MainDatabase), "SELECT a FROM acknowledged"); got != "yes" {
		t.Errorf("got %q", got)
	}
}

func TestATakenPortMovesTheCluster(t *testing.T) {
	dir := folder(t)
	c := mustOpen(t, dir)
	old := c.Port()
	mustClose(t, c)
	l := occupy(t, old)
	moved := mustOpen(t, dir)
	if moved.Port() == old {
		t.Fatal("the port was taken and the cluster did not move")
	}
	mustClose(t, moved)
	l.Close()
	again := mustOpen(t, dir)
	defer mustClose(t, again)
	if again.Port() != moved.Port() {
		t.Error("the new port was not kept")
	}
}

func TestAServerLeftRunningIsUsedAndNotStopped(t *testing.T) {
	dir := folder(t)
	ctx := context.Background()
	started, err := Start(ctx, Options{Dir: dir, Throwaway: true})
	if err != nil {
		t.Fatal(err)
	}
	pid := runningPID(started.state.Data)
	c := mustOpen(t, dir)
	if !c.Attached() || c.URL(RoleApp, MainDatabase) != started.URL(RoleApp, MainDatabase) {
		t.Error("Open did not attach to the running server")
	}
	if _, err := Stop(ctx, dir); fault.KindOf(err) != fault.Conflict {
		t.Errorf("Stop while a lerd uses the server: %v, want a conflict", err)
	}
	mustClose(t, c)
	if runningPID(started.state.Data) != pid {
		t.Fatal("Close stopped a server that was to stay")
	}
	for i, want := range []bool{true, false} {
		if stopped, err := Stop(ctx, dir); err != nil || stopped != want {
			t.Errorf("Stop %d: %v, %v", i+1, stopped, err)
		}
	}
	if _, err := Attach(dir); fault.KindOf(err) != fault.NotFound {
		t.Errorf("Attach to a stopped cluster: %v", err)
	}
}

func TestDataOfAnotherVersionAreRefused(t *testing.T) {
	dir := folder(t)
	c := mustOpen(t, dir)
	mustClose(t, c)
	if err := os.WriteFile(filepath.Join(c.state.Data, "PG_VERSION"), []byte("99\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), Options{Dir: dir, Throwaway: true, Binaries: Finder{NoFetch: true}})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Message(err), "made by PostgreSQL 99") {
		t.Errorf("got %v", err)
	}
}

func TestLostPasswordsAreSaidAndNotReplaced(t *testing.T) {
	dir := folder(t)
	c := mustOpen(t, dir)
	mustClose(t, c)
	if err := os.Remove(c.statePath()); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), Options{Dir: dir, Throwaway: true})
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.Message(err), stateName) {
		t.Errorf("got %v", err)
	}
}

func TestDestroyLeavesNothing(t *testing.T) {
	c := mustOpen(t, folder(t))
	if err := c.Destroy(); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(c.Dir(), "*"))
	if len(left) != 1 || filepath.Base(left[0]) != lockName {
		t.Errorf("left: %v", left)
	}
}
