package export

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"time"

	"lerd/internal/export/demopki"
)

// peak watches the Go heap in use while f runs, in octets.
func peak(f func()) uint64 {
	var most atomic.Uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapInuse))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most.Load()
}

// BenchmarkBundle makes, encrypts and verifies a bundle of LERD_BENCH_ROWS IP
// rows (a million unless set), and runs zip -6 and openssl over the very same
// files. ratio-export is prepare and seal against zip and cms -sign; with
// encryption and verification on both sides it is ratio-all.
func BenchmarkBundle(b *testing.B) {
	for _, tool := range []string{"zip", "openssl", "unzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Skipf("skipped: %s is not installed", tool)
		}
	}
	rows := 1_000_000
	if s := os.Getenv("LERD_BENCH_ROWS"); s != "" {
		fmt.Sscan(s, &rows) //nolint:errcheck // a number by the one who sets it
	}
	debug.SetGCPercent(50)
	for b.Loop() {
		d, ctx := newDesk(b), context.Background()
		var s Sealed
		var rel Released
		var prepared, sealed, encrypted, verified time.Duration
		heap := peak(func() {
			start := time.Now()
			p, err := d.maker.Prepare(ctx, d.content(10, rows))
			d.must(err)
			prepared = time.Since(start)
			s, err = d.maker.Seal(ctx, d.sealRequest(p))
			d.must(err)
			sealed = time.Since(start)
			start = time.Now()
			r := d.verify(filepath.Join(d.maker.Dir, s.Container))
			verified = time.Since(start)
			if !r.OK || r.IPs != int64(rows) {
				show(b, r)
				b.Fatal("the bundle does not verify")
			}
			start = time.Now()
			rel, err = d.maker.Encrypt(ctx, d.encryptRequest(s)) // verifies once more
			d.must(err)
			encrypted = time.Since(start)
		})
		base := baseline(b, d, filepath.Join(d.maker.Dir, s.Container))
		b.ReportMetric(sealed.Seconds(), "export-s")
		b.ReportMetric(verified.Seconds(), "verify-s")
		b.ReportMetric(encrypted.Seconds(), "encrypt-s")
		b.ReportMetric(base.make.Seconds(), "zip+sign-s")
		b.ReportMetric(base.check.Seconds(), "unzip-t+verify-s")
		b.ReportMetric(sealed.Seconds()/base.make.Seconds(), "ratio-export")
		b.ReportMetric((sealed+verified).Seconds()/(base.make+base.check).Seconds(), "ratio-export+verify")
		b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
		b.Logf("rows %d: prepare %s, seal %s, verify %s, encrypt (with self-verification) %s; baseline make %s, check %s; %s",
			rows, prepared, sealed-prepared, verified, encrypted, base.make, base.check, rel.File)
	}
}

type baselineTimes struct{ make, check time.Duration }

// baseline packs and signs the same files with zip and openssl, and checks them.
func baseline(b *testing.B, d *desk, container string) (t baselineTimes) {
	dir := b.TempDir()
	command := func(name string, args ...string) {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	command("unzip", "-q", container, "-d", "files") // the same rows, outside the clock
	d.must(d.pki.Save(dir))
	d.must(os.WriteFile(filepath.Join(dir, "root.pem"), demopki.CertsPEM(d.pki.Root.Cert), 0o600))
	start := time.Now()
	command("zip", "-6", "-q", "-r", "base.zip", "files")
	command("openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-in", "base.zip", "-signer", "seal.pem",
		"-inkey", "seal.key", "-certfile", "issuing.pem", "-outform", "DER", "-out", "base.p7s")
	t.make = time.Since(start)
	start = time.Now()
	command("openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "base.p7s", "-content", "base.zip",
		"-CAfile", "root.pem", "-out", os.DevNull)
	command("unzip", "-tqq", "base.zip")
	t.check = time.Since(start)
	return t
}
