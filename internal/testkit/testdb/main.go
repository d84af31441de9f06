// Command testdb runs one database cluster for all test binaries of a run. It
// prints the URL to put into LERD_TEST_DATABASE_URL and ends, with the cluster
// and its data, when its input does.
package main

import (
	"fmt"
	"io"
	"os"

	"lerd/internal/testkit"
)

func main() {
	url, err := testkit.StartCluster()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(url)
	_, _ = io.Copy(io.Discard, os.Stdin) // how the input ends does not matter
}
