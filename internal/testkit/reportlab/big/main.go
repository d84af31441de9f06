// Command big times a quarterly report over a log of any size against a plain SQL
// aggregate over a row for each event, in one run:
//
//	go run ./internal/testkit/reportlab/big -cases 1000000 -dir /var/tmp/big -url "$URL"
//
// It prints how long the log takes to make, the report with and without what
// earlier runs remembered, and the SQL. The folder needs about 550 bytes for each
// event, the database about 800; it makes two tables,
// report_rows and report_events, and drops them unless -keep is given.
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
	flag.BoolVar(&o.Keep, "keep", false, "leave the tables, so that a further run with this folder only times")
	flag.IntVar(&o.Rounds, "rounds", 1, "rounds of timing, whose medians are given")
	flag.Parse()
	if o.Dir == "" || o.URL == "" {
		flag.Usage()
		os.Exit(2)
	}
	r, err := o.Run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(r)
}
