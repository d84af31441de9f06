package export

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"syscall"
	"testing"
	"time"

	"lerd/internal/export/demopki"
)

// peak watches the Go heap's live and dead objects while f runs, in octets. It
// does not stop the world, as ReadMemStats would.
func peak(f func()) uint64 {
	var most uint64
	stop, done := make(chan struct{}), make(chan struct{})
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	go func() {
		defer close(done)
		for {
			metrics.Read(sample)
			most = max(most, sample[0].Value.Uint64())
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	f()
	close(stop)
	<-done
	return most
}

// cpu gives user and system time used so far by this process or its children.
func cpu(who int) time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(who, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBundle makes, encrypts and verifies a bundle of LERD_BENCH_ROWS IP
// rows (a million unless set), and runs zip -6 and openssl over the very same
// files. ratio-export is prepare and seal against zip and cms -sign, wall time;
// cpu-ratio-export the same in processor time; ratio-export+verify adds
// verification on both sides.
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
	for b.Loop() {
		d, ctx := newDesk(b), context.Background()
		var s Sealed
		var rel Released
		var clear string
		var prepared, sealed, encrypted, verified, ours time.Duration
		heap := peak(func() {
			start, used := time.Now(), cpu(syscall.RUSAGE_SELF)
			p, err := d.maker.Prepare(ctx, d.content(10, rows))
			d.must(err)
			prepared = time.Since(start)
			s, err = d.maker.Seal(ctx, d.sealRequest(p))
			d.must(err)
			sealed, ours = time.Since(start), cpu(syscall.RUSAGE_SELF)-used
			clear = d.clear(s)
			start = time.Now()
			r := d.verify(clear)
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
		base := baseline(b, d, clear)
		b.ReportMetric(sealed.Seconds(), "export-s")
		b.ReportMetric(verified.Seconds(), "verify-s")
		b.ReportMetric(encrypted.Seconds(), "encrypt-s")
		b.ReportMetric(base.make.Seconds(), "zip+sign-s")
		b.ReportMetric(base.check.Seconds(), "unzip-t+verify-s")
		b.ReportMetric(sealed.Seconds()/base.make.Seconds(), "ratio-export")
		b.ReportMetric((sealed+verified).Seconds()/(base.make+base.check).Seconds(), "ratio-export+verify")
		b.ReportMetric(ours.Seconds()/base.makeCPU.Seconds(), "cpu-ratio-export")
		b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
		b.Logf("rows %d: prepare %s, seal %s (CPU %s), verify %s, encrypt (with self-verification) %s; baseline make %s (CPU %s), check %s; %s",
			rows, prepared, sealed-prepared, ours, verified, encrypted, base.make, base.makeCPU, base.check, rel.File)
	}
}

type baselineTimes struct{ make, check, makeCPU time.Duration }

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
	start, used := time.Now(), cpu(syscall.RUSAGE_CHILDREN)
	command("zip", "-6", "-q", "-r", "base.zip", "files")
	command("openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-in", "base.zip", "-signer", "seal.pem",
		"-inkey", "seal.key", "-certfile", "issuing.pem", "-outform", "DER", "-out", "base.p7s")
	t.make, t.makeCPU = time.Since(start), cpu(syscall.RUSAGE_CHILDREN)-used
	start = time.Now()
	command("openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "base.p7s", "-content", "base.zip",
		"-CAfile", "root.pem", "-out", os.DevNull)
	command("unzip", "-tqq", "base.zip")
	t.check = time.Since(start)
	return t
}

// BenchmarkPrepare writes the contents of 200,000 IP rows, nothing else.
func BenchmarkPrepare(b *testing.B) {
	d := newDesk(b)
	b.ReportAllocs()
	for b.Loop() {
		d.maker.Dir = b.TempDir()
		_, err := d.maker.Prepare(context.Background(), d.content(10, 200_000))
		d.must(err)
	}
}
