package reportlab

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// busy gives the processor time that a process uses while do runs. On a machine
// with other work it tells more than the clock.
func busy(process string, do func() error) (time.Duration, error) {
	before := processorTime(process)
	err := do()
	return processorTime(process) - before, err
}

// alone gives the processor time of a query that one process of a server on this
// machine answers.
func alone(ctx context.Context, db *pgx.Conn, query string) (took time.Duration, err error) {
	if _, err := db.Exec(ctx, "SET max_parallel_workers_per_gather = 0"); err != nil {
		return 0, err
	}
	took, err = busy(strconv.Itoa(int(db.PgConn().PID())), func() error { _, err := timed(ctx, db, query); return err })
	if _, undone := db.Exec(ctx, "RESET max_parallel_workers_per_gather"); err == nil {
		err = undone
	}
	return took, err
}

// processorTime is what a process has used so far, 0 where there is no /proc.
func processorTime(process string) time.Duration {
	stat, _ := os.ReadFile("/proc/" + process + "/stat")
	_, after, _ := strings.Cut(string(stat), ") ") // a name may hold blanks
	fields := strings.Fields(after)
	ticks := 0
	for i := 11; i < 13 && len(fields) > 12; i++ { // utime and stime
		n, _ := strconv.Atoi(fields[i])
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on every Linux that Go runs on
}

// peak is the most memory that this process has had, in octets, 0 where there is no
// /proc.
func peak() int64 {
	status, _ := os.ReadFile("/proc/self/status")
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(after)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10
}
