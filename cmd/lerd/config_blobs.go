package main

import (
	"context"
	"crypto/x509"
	"net"
	"os"
	"regexp"
	"strconv"

	"lerd/internal/fault"
	"lerd/internal/requests"
	"lerd/internal/store/blob"
	"lerd/internal/store/blob/s3"
	"lerd/internal/web"
)

// blobsConfig says where the bytes of orders, drafts, results and bundles lie: in
// the data folder, or in a bucket of an object store.
type blobsConfig struct {
	Kind      string `yaml:"kind" env:"LERD_BLOBS_KIND"`         // folder (default) or s3
	Endpoint  string `yaml:"endpoint" env:"LERD_BLOBS_ENDPOINT"` // host or host:port
	Region    string `yaml:"region" env:"LERD_BLOBS_REGION"`
	Bucket    string `yaml:"bucket" env:"LERD_BLOBS_BUCKET"`
	Prefix    string `yaml:"prefix" env:"LERD_BLOBS_PREFIX"` // of every name in the bucket; may be empty
	AccessKey string `yaml:"access_key" env:"LERD_BLOBS_ACCESS_KEY"`
	SecretKey string `yaml:"secret_key" env:"LERD_BLOBS_SECRET_KEY"` // better by LERD_BLOBS_SECRET_KEY_FILE
	CA        string `yaml:"ca" env:"LERD_BLOBS_CA"`                 // PEM file; empty: the system's authorities
	Plain     bool   `yaml:"plain"`                                  // without TLS, for a loopback address alone
	Encrypted bool   `yaml:"encrypted"`                              // asks the store to encrypt at rest (SSE-S3)
	PathStyle bool   `yaml:"path_style"`                             // the bucket in the path; most stores but Amazon's
}

var (
	// SPEC: Amazon S3 User Guide, general purpose bucket naming rules.
	bucketName   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	bucketPrefix = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)
	hostName     = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
)

// host gives the endpoint's host without its port, "" for what is no endpoint.
func (b blobsConfig) host() string {
	host, port, err := net.SplitHostPort(b.Endpoint)
	if err != nil {
		host, port = b.Endpoint, "443"
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 || n > 65535 || !hostName.MatchString(host) && net.ParseIP(host) == nil {
		return ""
	}
	return host
}

// check looks at the settings of the place of blobs.
func (b blobsConfig) check(fail func(field, format string, args ...any)) {
	switch b.Kind {
	case "s3":
		b.checkBucket(fail)
	case "", "folder":
		if b.Kind = ""; b != (blobsConfig{}) {
			fail("blobs.kind", "choose s3, or leave the rest of blobs out")
		}
	default:
		fail("blobs.kind", "choose folder or s3")
	}
}

func (b blobsConfig) checkBucket(fail func(field, format string, args ...any)) {
	switch host := b.host(); {
	case host == "":
		fail("blobs.endpoint", "give host or host:port of the object store, without https://")
	case b.Plain && !loopback(host):
		fail("blobs.plain", "an object store without TLS is for a loopback address alone")
	}
	if !bucketName.MatchString(b.Bucket) {
		fail("blobs.bucket", "give the bucket's name: 3 to 63 of a-z, 0-9, dots and hyphens")
	}
	if b.Prefix != "" && !bucketPrefix.MatchString(b.Prefix) {
		fail("blobs.prefix", "give names with slashes between them, and none at the ends, for example lerd/production")
	}
	for _, s := range []setting{{"blobs.region", b.Region}, {"blobs.access_key", b.AccessKey}, {"blobs.secret_key", b.SecretKey}} {
		if s.value == "" {
			fail(s.field, "must be set")
		}
	}
	if _, err := b.authorities(); err != nil {
		fail("blobs.ca", "%s", fault.Message(err))
	}
}

// authorities reads who may sign the store's certificate; nil for the system's.
func (b blobsConfig) authorities() (*x509.CertPool, error) {
	if b.CA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(b.CA)
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "%s cannot be read", b.CA)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "%s holds no certificate in PEM form", b.CA)
	}
	return pool, nil
}

// openBlobs opens the place of blobs, and gives how to ask whether it is there,
// nil for the data folder. What writers left behind that were killed is removed
// from a folder; a bucket holds whole objects only.
func (c *config) openBlobs(ctx context.Context) (requests.Blobs, *web.Check, error) {
	b := c.Blobs
	if b.Kind != "s3" {
		folder := blob.Folder{Dir: c.path("blobs")}
		_, err := folder.Sweep()
		return folder, nil, err
	}
	pool, err := b.authorities()
	if err != nil {
		return nil, nil, err
	}
	bucket, err := s3.Open(ctx, s3.Config{Endpoint: b.Endpoint, Plain: b.Plain, Region: b.Region, Bucket: b.Bucket, Prefix: b.Prefix,
		AccessKey: b.AccessKey, SecretKey: b.SecretKey, CA: pool, Encrypted: b.Encrypted, PathStyle: b.PathStyle})
	if err != nil {
		return nil, nil, err
	}
	return bucket, &web.Check{Name: "object store", Ping: bucket.Ping}, nil
}
