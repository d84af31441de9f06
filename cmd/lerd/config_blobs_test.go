package main

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"lerd/internal/fault"
	"lerd/internal/store/blob"
)

// bucket is a sound configuration with files in an object store.
func bucket(t *testing.T) config {
	t.Helper()
	c := whole(t)
	c.Blobs = blobsConfig{Kind: "s3", Endpoint: "store.example.org:9000", Region: "eu-1", Bucket: "lerd-evidence", Prefix: "lerd/here", AccessKey: "key", SecretKey: "secret"}
	return c
}

// TestEachFaultOfTheObjectStoreIsOneLine spoils one setting after the other.
func TestEachFaultOfTheObjectStoreIsOneLine(t *testing.T) {
	sound := bucket(t)
	if err := sound.check(); err != nil {
		t.Fatalf("a whole configuration: %q", problemLines(err))
	}
	text := filepath.Join(sound.Dir, "seal.pem") // no certificate
	for _, f := range []struct {
		want  string
		spoil func(*blobsConfig)
	}{
		{"blobs.kind: choose folder or s3", func(b *blobsConfig) { b.Kind = "ftp" }},
		{"blobs.kind: choose s3, or", func(b *blobsConfig) { b.Kind = "folder" }},
		{"blobs.kind: choose s3, or", func(b *blobsConfig) { b.Kind = "" }},
		{"blobs.endpoint: ", func(b *blobsConfig) { b.Endpoint = "" }},
		{"blobs.endpoint: ", func(b *blobsConfig) { b.Endpoint = "https://store.example.org" }},
		{"blobs.endpoint: ", func(b *blobsConfig) { b.Endpoint = "store.example.org:0" }},
		{"blobs.endpoint: ", func(b *blobsConfig) { b.Endpoint = "store.example.org/bucket" }},
		{"blobs.plain: ", func(b *blobsConfig) { b.Plain = true }},
		{"blobs.region: ", func(b *blobsConfig) { b.Region = "" }},
		{"blobs.bucket: ", func(b *blobsConfig) { b.Bucket = "" }},
		{"blobs.bucket: ", func(b *blobsConfig) { b.Bucket = "a/b" }},
		{"blobs.prefix: ", func(b *blobsConfig) { b.Prefix = "/lerd" }},
		{"blobs.prefix: ", func(b *blobsConfig) { b.Prefix = "lerd//x" }},
		{"blobs.access_key: ", func(b *blobsConfig) { b.AccessKey = "" }},
		{"blobs.secret_key: ", func(b *blobsConfig) { b.SecretKey = "" }},
		{"blobs.ca: ", func(b *blobsConfig) { b.CA = "/nowhere.pem" }},
		{"blobs.ca: ", func(b *blobsConfig) { b.CA = text }},
	} {
		c := sound
		f.spoil(&c.Blobs)
		if got := problemLines(c.check()); len(got) != 1 || !strings.HasPrefix(got[0], f.want) {
			t.Errorf("%s: gave %q", f.want, got)
		}
	}
	local := sound
	local.Blobs.Endpoint, local.Blobs.Plain = "127.0.0.1:9000", true
	if err := local.check(); err != nil {
		t.Errorf("without TLS on loopback: %q", problemLines(err))
	}
}

// TestTheSecretOfTheObjectStoreComesFromAFile, as other secrets do.
func TestTheSecretOfTheObjectStoreComesFromAFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "lerd.yaml"), "blobs: {kind: s3, endpoint: store.example.org, region: eu-1, bucket: lerd-evidence, access_key: key, path_style: true, encrypted: true}\n")
	write(t, filepath.Join(dir, "secret"), "hush\n")
	c, err := loadConfig(filepath.Join(dir, "lerd.yaml"), func(name string) string {
		return map[string]string{"LERD_BLOBS_SECRET_KEY_FILE": filepath.Join(dir, "secret"), "LERD_BLOBS_PREFIX": "here"}[name]
	})
	want := blobsConfig{Kind: "s3", Endpoint: "store.example.org", Region: "eu-1", Bucket: "lerd-evidence", Prefix: "here", AccessKey: "key", SecretKey: "hush", PathStyle: true, Encrypted: true}
	if err != nil || c.Blobs != want {
		t.Errorf("read %+v, %v", c.Blobs, err)
	}
}

// TestWhereFilesLie: in the folder by default; a bucket that cannot be reached
// lets nothing start.
func TestWhereFilesLie(t *testing.T) {
	c := whole(t)
	place, check, err := c.openBlobs(context.Background())
	if folder, ok := place.(blob.Folder); err != nil || !ok || check != nil || folder.Dir != c.path("blobs") {
		t.Errorf("by default files lie in %+v, %v, %v", place, check, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c = bucket(t)
	c.Blobs.Endpoint, c.Blobs.Plain = l.Addr().String(), true
	l.Close()
	short, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := c.openBlobs(short); err == nil || fault.KindOf(err) == fault.NotFound {
		t.Errorf("a bucket out of reach: %v", err)
	}
}
