// Package browser lets tests use the portal as people do, in headless Chromium.
//
// Invariants:
//   - a test without Chromium fails, it does not skip;
//   - each Page has cookies of its own, so that several roles act side by side;
//   - console errors, breaches of the content security policy, failed
//     resources and requests to another origin are collected from the first
//     byte of a page on, and make the test fail at its end unless it took them;
//   - nothing outside the machine is asked for.
package browser

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// executables are the names under which distributions install the browser.
var executables = []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"}

// quiet switches off everything in which the browser calls home.
var quiet = []string{
	"disable-background-networking", "disable-component-update", "disable-sync", "disable-quic",
	"disable-domain-reliability", "disable-default-apps", "no-pings", "metrics-recording-only",
	"no-first-run", "no-default-browser-check", "mute-audio",
}

// Browser is one browser process with an empty profile.
type Browser struct {
	ctx context.Context
	dir string // where screenshots go, "" for nowhere
}

// Start starts a browser that ends with the test. Screenshots go into the folder
// shots, which is made when absent; with "" none are taken.
func Start(t testing.TB, shots string) *Browser {
	t.Helper()
	path := find(t)
	if shots != "" {
		if err := os.MkdirAll(shots, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), options(t, path)...)
	ctx, stop := chromedp.NewContext(alloc)
	t.Cleanup(func() { stop(); stopAlloc() })
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v", path, err)
	}
	return &Browser{ctx: ctx, dir: shots}
}

func find(t testing.TB) string {
	t.Helper()
	for _, name := range executables {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("this test needs Chromium: install it, for example with: apt-get install chromium")
	return ""
}

func options(t testing.TB, path string) []chromedp.ExecAllocatorOption {
	all := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	all = append(all, chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	for _, name := range quiet {
		all = append(all, chromedp.Flag(name, true))
	}
	if os.Geteuid() == 0 {
		all = append(all, chromedp.NoSandbox) // Chromium's sandbox refuses root
	}
	return all
}
