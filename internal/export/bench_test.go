package export

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/metrics"
	"slices"
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

// spent is what a piece of work took.
type spent struct{ wall, cpu time.Duration }

// took measures f; who is this process or its children.
func took(who int, f func()) spent {
	used := func() time.Duration {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start, before := time.Now(), used()
	f()
	return spent{time.Since(start), used() - before}
}

// pairs are runs of lerd and of the other tools, one beside the other.
type pairs struct{ ours, theirs []spent }

// report gives medians, and the median of the ratios pair by pair.
func (p pairs) report(b *testing.B, what string) {
	median := func(f func(i int) float64) float64 {
		var list []float64
		for i := range p.ours {
			list = append(list, f(i))
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	b.ReportMetric(median(func(i int) float64 { return p.ours[i].wall.Seconds() }), what+"-s")
	b.ReportMetric(median(func(i int) float64 { return p.theirs[i].wall.Seconds() }), what+"-tools-s")
	b.ReportMetric(median(func(i int) float64 { return p.ours[i].wall.Seconds() / p.theirs[i].wall.Seconds() }), what+"-ratio")
	b.ReportMetric(median(func(i int) float64 { return p.ours[i].cpu.Seconds() / p.theirs[i].cpu.Seconds() }), what+"-cpu-ratio")
}

// rowsOf gives the number of rows, LERD_BENCH_ROWS where it is set.
func rowsOf(rows int) int {
	if s := os.Getenv("LERD_BENCH_ROWS"); s != "" {
		fmt.Sscan(s, &rows) //nolint:errcheck // a number by the one who sets it
	}
	return rows
}

// BenchmarkRelease takes rows from their source to the encrypted, signed release
// set, the verification from disk included. The other side takes the very same
// files, ready on disk, through openssl dgst, zip -6, openssl cms -sign, openssl
// ts and openssl cms -encrypt. Then both verify what they made: openssl cms
// -verify and unzip -t on the other side. They run in turn, and neither begins while
// the disk still writes what the other left to it; -benchtime=5x gives medians of
// five pairs.
func BenchmarkRelease(b *testing.B) {
	for _, tool := range []string{"zip", "openssl", "unzip"} {
		if _, err := exec.LookPath(tool); err != nil {
			b.Skipf("NOT RUN: %s is not installed", tool)
		}
	}
	for _, rows := range []int{200, rowsOf(1_000_000)} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) { benchRelease(b, rows) })
	}
}

func benchRelease(b *testing.B, rows int) {
	d := newDesk(b)
	tools := &tools{desk: d, dir: b.TempDir()}
	tools.prepare(rows)
	var release, check pairs
	var heap uint64
	for b.Loop() {
		d.maker.Dir = b.TempDir()
		var s Sealed
		var rel Released
		ours := func() {
			heap = max(heap, peak(func() {
				release.ours = append(release.ours, took(syscall.RUSAGE_SELF, func() { s, rel = d.release(rows) }))
			}))
		}
		theirs := func() { release.theirs = append(release.theirs, took(syscall.RUSAGE_CHILDREN, tools.release)) }
		if len(release.ours)%2 == 0 {
			ours()
			theirs()
		} else {
			theirs()
			ours()
		}
		clear := d.clear(s)
		check.ours = append(check.ours, took(syscall.RUSAGE_SELF, func() {
			if r := d.verify(clear); !r.OK {
				b.Fatal("the bundle does not verify")
			}
		}))
		check.theirs = append(check.theirs, took(syscall.RUSAGE_CHILDREN, tools.check))
		d.must(os.RemoveAll(filepath.Join(d.maker.Dir, rel.File)))
		d.must(os.RemoveAll(filepath.Dir(clear)))
	}
	release.report(b, "release")
	check.report(b, "verify")
	b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkReleaseAlone is BenchmarkRelease without the other tools, for numbers
// of rows of which the unpacked files would fill the disk.
func BenchmarkReleaseAlone(b *testing.B) {
	rows := rowsOf(1_000_000)
	var heap uint64
	var all spent
	for b.Loop() {
		d := newDesk(b)
		heap = max(heap, peak(func() {
			all = took(syscall.RUSAGE_SELF, func() { d.release(rows) })
		}))
		d.must(os.RemoveAll(d.maker.Dir))
	}
	b.ReportMetric(all.cpu.Seconds(), "cpu-s")
	b.ReportMetric(float64(heap)/(1<<20), "heap-MiB")
}

// release goes the exporter's way.
func (d *desk) release(rows int) (Sealed, Released) {
	ctx := context.Background()
	p, err := d.maker.Prepare(ctx, d.content(10, rows))
	d.must(err)
	s, err := d.maker.Seal(ctx, d.sealRequest(p))
	d.must(err)
	rel, err := d.maker.Encrypt(ctx, d.encryptRequest(s))
	d.must(err)
	return s, rel
}

// tools do with zip and openssl what a release is.
type tools struct {
	*desk
	dir string
}

func (t *tools) run(name string, args ...string) {
	cmd := exec.Command(name, args...)
	cmd.Dir = t.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// prepare lays the files out, and keys and certificates beside them.
func (t *tools) prepare(rows int) {
	s, _ := t.desk.release(rows)
	t.run("unzip", "-q", t.clear(s), "-d", "files")
	t.must(t.pki.Save(t.dir))
	t.must(t.to.Save(filepath.Join(t.dir, "me")))
	t.must(os.WriteFile(filepath.Join(t.dir, "root.pem"), demopki.CertsPEM(t.pki.Root.Cert), 0o600))
	conf := "[tsa]\nserial = serial\nsigner_digest = sha256\ndefault_policy = 1.2.3\ndigests = sha256\ness_cert_id_alg = sha256\n"
	t.must(os.WriteFile(filepath.Join(t.dir, "conf"), []byte(conf), 0o600))
}

func (t *tools) release() {
	t.must(os.RemoveAll(filepath.Join(t.dir, "base.zip")))
	for _, name := range []string{"phone_numbers.csv", "ip_addresses.csv", "records.json"} {
		t.run("openssl", "dgst", "-sha256", filepath.Join("files", "data", "records", name))
	}
	t.run("zip", "-6", "-q", "-r", "base.zip", "files")
	t.run("openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-in", "base.zip", "-signer", "seal.pem",
		"-inkey", "seal.key", "-certfile", "issuing.pem", "-outform", "DER", "-out", "base.p7s")
	t.run("openssl", "ts", "-query", "-data", "base.zip", "-sha256", "-cert", "-out", "base.tsq")
	t.run("openssl", "ts", "-reply", "-config", "conf", "-section", "tsa", "-queryfile", "base.tsq", "-inkey", "tsa.key", "-signer", "tsa.pem", "-out", "base.tsr")
	t.run("openssl", "cms", "-encrypt", "-binary", "-stream", "-aes-256-gcm", "-in", "base.zip", "-outform", "DER", "-out", "base.p7m", "-recip", "me.pem")
}

func (t *tools) check() {
	t.run("openssl", "cms", "-verify", "-binary", "-cades", "-inform", "DER", "-in", "base.p7s", "-content", "base.zip", "-CAfile", "root.pem", "-out", os.DevNull)
	t.run("unzip", "-tqq", "base.zip")
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
