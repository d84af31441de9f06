package testkit

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ProcessorTime is what this process and a PostgreSQL server of this machine with
// its connections have used so far. On a busy machine it tells more than the
// clock. 0 where there is no /proc.
func ProcessorTime(t testing.TB, superuser string) time.Duration {
	t.Helper()
	ctx := context.Background()
	db, err := pgx.Connect(ctx, superuser)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(ctx)
	var postmaster int
	if err := db.QueryRow(ctx, `SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)::int`).Scan(&postmaster); err != nil {
		t.Fatal(err)
	}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", postmaster, postmaster))
	ticks := 0
	add := func(pid string, from int) {
		stat, _ := os.ReadFile("/proc/" + pid + "/stat")
		fields := strings.Fields(string(stat))
		for i := from; i < from+2 && len(fields) > i; i++ {
			n, _ := strconv.Atoi(fields[i])
			ticks += n
		}
	}
	for _, pid := range append(strings.Fields(string(children)), "self") {
		add(pid, 13) // utime and stime
	}
	add(strconv.Itoa(postmaster), 15)                   // cutime and cstime: of connections that were closed
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
}
