// Command big times a quarterly report over a log of any size against a plain SQL
// aggregate over a row for each event, in one run:
//
//	go run ./internal/testkit/reportlab/big -cases 1000000 -dir /var/tmp/big -url "$URL"
//
//	go run ./internal/testkit/reportlab/big -verify -dir /var/tmp/big
//
// It prints how long the log takes to make, the report with and without what
// earlier runs remembered, and the SQL. The folder needs about 550 bytes for each
// event, the database about 800, and 100 with -lean; it makes two tables,
// report_rows and report_events, and drops them unless -keep is given. With -verify
// it times the verification of the log that it made before against the plain root
// over the same bytes.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"lerd/internal/testkit/reportlab"
)

func main() {
	var o reportlab.Contest
	flag.IntVar(&o.Cases, "cases", 10000, "requests")
	flag.IntVar(&o.Looks, "looks", 35, "events of each request that nobody counts")
	flag.StringVar(&o.Dir, "dir", "", "empty folder for the log")
	flag.StringVar(&o.URL, "url", os.Getenv("LERD_TEST_DATABASE_URL"), "a PostgreSQL database in which tables may be made")
	flag.BoolVar(&o.Lean, "lean", false, "without report_events, whose rows are as large as the log's")
	flag.BoolVar(&o.Keep, "keep", false, "leave the tables, so that a further run with this folder only times")
	flag.IntVar(&o.Rounds, "rounds", 1, "rounds of timing, whose medians are given")
	verify := flag.Bool("verify", false, "time the verification of the folder's log against the plain root of its bytes, and nothing else")
	flag.Parse()
	if o.Dir == "" || o.URL == "" && !*verify {
		flag.Usage()
		os.Exit(2)
	}
	r, err := run(o, *verify)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(r)
}

// run times a report, or the verification of an earlier run's log.
func run(o reportlab.Contest, verify bool) (fmt.Stringer, error) {
	if !verify {
		return o.Run(context.Background())
	}
	f, err := reportlab.Open(o.Dir)
	if err != nil {
		return nil, err
	}
	return f.Verify(context.Background(), o.Rounds)
}
