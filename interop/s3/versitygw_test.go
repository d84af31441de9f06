// Package s3_test lets an object store that lerd's authors did not write, the
// S3 gateway of Versity, keep lerd's blobs on loopback.
//
// Invariant: the store runs as the program that its authors ship, built from
// its published module, over a folder of the test's own.
package s3_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"lerd/internal/fault"
	"lerd/internal/store/blob/blobtest"
	"lerd/internal/store/blob/s3"
)

const (
	accessKey, secretKey = "lerd-test", "a secret of this test alone"
	bucket               = "evidence"
)

// start runs the store and makes its bucket; stop ends it.
func start(t *testing.T) (address string, stop func()) {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "versitygw")
	if out, err := exec.Command("go", "build", "-mod=mod", "-modfile=versitygw.mod", "-o", bin, "github.com/versity/versitygw/cmd/versitygw").CombinedOutput(); err != nil {
		t.Fatalf("building versitygw: %v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	l.Close()
	var said bytes.Buffer
	cmd := exec.Command(bin, "--port", address, "--access", accessKey, "--secret", secretKey, "--quiet", "posix", "--sidecar", t.TempDir(), t.TempDir())
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = sync.OnceFunc(func() { cmd.Process.Kill(); <-ended })
	t.Cleanup(stop)
	client, err := minio.New(address, &minio.Options{Creds: credentials.NewStaticV4(accessKey, secretKey, ""), BucketLookup: minio.BucketLookupPath})
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if resp, err := http.Get("http://" + address); err == nil {
			resp.Body.Close()
			if err := client.MakeBucket(context.Background(), bucket, minio.MakeBucketOptions{}); err != nil {
				t.Fatalf("%v\n%s", err, &said)
			}
			return address, stop
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("versitygw ended: %v\n%s", err, &said)
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatalf("versitygw does not answer:\n%s", &said)
	return "", nil
}

func config(address string) s3.Config {
	return s3.Config{Endpoint: address, Plain: true, Region: "us-east-1", Bucket: bucket, Prefix: "lerd/here", AccessKey: accessKey, SecretKey: secretKey, PathStyle: true}
}

func TestABucketKeepsBlobs(t *testing.T) {
	address, stop := start(t)
	ctx := context.Background()
	place, err := s3.Open(ctx, config(address))
	if err != nil {
		t.Fatal(err)
	}
	blobtest.Run(t, place)

	t.Run("two prefixes are two places", func(t *testing.T) {
		c := config(address)
		c.Prefix = "lerd/there"
		other, err := s3.Open(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.Get(ctx, "documents/once"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("what is here is there too: %v", err)
		}
	})
	t.Run("another key, another bucket", func(t *testing.T) {
		c := config(address)
		c.SecretKey = "not the secret"
		if _, err := s3.Open(ctx, c); err == nil {
			t.Error("a wrong secret opens the bucket")
		}
		c = config(address)
		c.Bucket = "nothing-here"
		if _, err := s3.Open(ctx, c); fault.KindOf(err) != fault.Invalid {
			t.Errorf("a bucket that is not there: %v", err)
		}
	})
	t.Run("out of reach", func(t *testing.T) {
		stop()
		short, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		if err := place.Put(short, "documents/late", bytes.NewReader([]byte("x"))); err == nil {
			t.Error("a store that is gone took a blob")
		}
		if _, err := place.Get(short, "documents/once"); err == nil || fault.KindOf(err) == fault.NotFound {
			t.Errorf("a store that is gone says what it has: %v", err)
		}
	})
}
