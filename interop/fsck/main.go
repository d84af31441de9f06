// Command fsck verifies a lerd audit log with the checker of Tessera, which
// lerd's authors did not write. It is a module of its own, so that lerd itself
// does not depend on Tessera.
//
//	go run ./fsck -dir DIR -vkey FILE
//	go run ./fsck -url https://lerd.example/audit/log -vkey FILE
//
// It ends with status 0 only if Tessera's checker has finished and found
// nothing wrong. Anything else, a panic or a standstill included, is status 1.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "not verified:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("fsck", flag.ContinueOnError)
	dir := flags.String("dir", "", "`folder` with the exported log")
	base := flags.String("url", "", "web `address` of the log")
	vkey := flags.String("vkey", "", "`file` with the log's verifier key")
	timeout := flags.Duration("timeout", 10*time.Minute, "how long the check may take")
	plain := flags.Bool("plain", false, "Tessera's checker alone, without counting the entries of bundles")
	if err := flags.Parse(args); err != nil {
		return err
	}
	key, err := os.ReadFile(*vkey)
	if err != nil {
		return fmt.Errorf("the verifier key: %w", err)
	}
	src, err := source(*dir, *base)
	if err != nil {
		return err
	}
	if !*plain {
		src = counting{src}
	}
	if err := Check(ctx, src, strings.TrimSpace(string(key)), *timeout); err != nil {
		return err
	}
	fmt.Println("verified")
	return nil
}

func source(dir, base string) (fsck.Fetcher, error) {
	switch {
	case (dir == "") == (base == ""):
		return nil, fmt.Errorf("give either -dir or -url")
	case dir != "":
		return client.FileFetcher{Root: dir}, nil
	}
	u, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	return client.NewHTTPFetcher(u, &http.Client{Timeout: time.Minute})
}
