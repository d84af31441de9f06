// Package s3 keeps the bytes of documents and bundles in a bucket of an object
// store that speaks Amazon's S3 protocol.
//
// Invariants:
//   - a name is written once: each write is conditional on its absence, so that
//     two writers cannot both succeed, and the store holds whole objects only;
//   - names are lerd's own, as blob.Valid says, below one prefix;
//   - what arrives is checked by the store against a checksum made here.
package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/encrypt"

	"lerd/internal/fault"
	"lerd/internal/store/blob"
)

// MaxBytes is the largest object: what S3 takes in one conditional request.
// SPEC: Amazon S3 API Reference, PutObject: 5 GiB.
const MaxBytes = 5 << 30

// Config says where the bucket is.
type Config struct {
	Endpoint  string // host or host:port
	Plain     bool   // without TLS; for loopback alone
	Region    string
	Bucket    string
	Prefix    string // within the bucket, without slashes at its ends; may be empty
	AccessKey string
	SecretKey string
	CA        *x509.CertPool // nil: the system's
	// Encrypted asks the store to encrypt at rest with keys of its own (SSE-S3).
	Encrypted bool
	// PathStyle puts the bucket into the path; most stores but Amazon's want it.
	PathStyle bool
}

// Bucket keeps blobs in a bucket. It is safe for concurrent use.
type Bucket struct {
	cfg    Config
	client *minio.Client
}

// Open connects to a bucket that is there; it makes none.
func Open(ctx context.Context, c Config) (_ *Bucket, err error) {
	defer fault.Wrap(&err, "s3.Open(%s)", c.Bucket)
	transport, err := minio.DefaultTransport(!c.Plain)
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.CA}
	transport.ResponseHeaderTimeout = time.Minute
	lookup := minio.BucketLookupAuto
	if c.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(c.Endpoint, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Secure: !c.Plain, Region: c.Region,
		Transport: transport, BucketLookup: lookup, TrailingHeaders: true,
	})
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The address of the object store is not one: give host or host:port.")
	}
	b := &Bucket{cfg: c, client: client}
	return b, b.Ping(ctx)
}

// Ping tells whether the bucket can be reached with these keys.
func (b *Bucket) Ping(ctx context.Context) error {
	there, err := b.client.BucketExists(ctx, b.cfg.Bucket)
	if err != nil {
		return unavailable(err)
	}
	if !there {
		return fault.New(fault.Invalid, "The object store has no bucket %s.", b.cfg.Bucket)
	}
	return nil
}

// key gives the object's key, or an error for a name that is not lerd's.
func (b *Bucket) key(name string) (string, error) {
	if !blob.Valid(name) {
		return "", fmt.Errorf("s3: %q is not a name of lerd's", name)
	}
	if b.cfg.Prefix == "" {
		return name, nil
	}
	return b.cfg.Prefix + "/" + name, nil
}

// Put stores what r gives under a new name; durable on return. After a failure
// nothing is there, or, where only the answer was lost, all of it: no row names
// it then, and the sweep removes it. r says how long it is, as files and
// readers of bytes do.
func (b *Bucket) Put(ctx context.Context, name string, r io.Reader) (err error) {
	defer fault.Wrap(&err, "s3.Put(%s)", name)
	key, err := b.key(name)
	if err != nil {
		return err
	}
	size, err := sizeOf(r)
	if err != nil {
		return err
	}
	if size > MaxBytes {
		return fault.New(fault.Invalid, "This file has %d bytes; the object store takes %d.", size, int64(MaxBytes))
	}
	opts := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true}
	if b.cfg.Encrypted {
		opts.ServerSideEncryption = encrypt.NewSSE()
	}
	opts.SetMatchETagExcept("*") // SPEC: RFC 9110 §13.1.2, If-None-Match: *
	// io.LimitReader hides Seek, so that what is sent is read once, from here on.
	_, err = b.client.PutObject(ctx, b.cfg.Bucket, key, io.LimitReader(r, size), size, opts)
	switch code := minio.ToErrorResponse(err); {
	case err == nil:
		return nil
	case code.StatusCode == http.StatusPreconditionFailed, code.StatusCode == http.StatusConflict:
		return fault.New(fault.Conflict, "This file was stored before.")
	}
	return unavailable(err)
}

// sizeOf gives how many bytes a reader still has.
func sizeOf(r io.Reader) (int64, error) {
	switch x := r.(type) {
	case interface{ Len() int }:
		return int64(x.Len()), nil
	case io.Seeker:
		at, err := x.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0, err
		}
		end, err := x.Seek(0, io.SeekEnd)
		if err != nil {
			return 0, err
		}
		_, err = x.Seek(at, io.SeekStart)
		return end - at, err
	}
	return 0, fmt.Errorf("s3: a %T does not say how long it is", r)
}

// Get opens what is stored under a name, or NotFound. It seeks, and Stat says
// how long it is.
func (b *Bucket) Get(ctx context.Context, name string) (_ io.ReadCloser, err error) {
	defer fault.Wrap(&err, "s3.Get(%s)", name)
	key, err := b.key(name)
	if err != nil {
		return nil, err
	}
	o, err := b.client.GetObject(ctx, b.cfg.Bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, unavailable(err)
	}
	info, err := o.Stat()
	if err != nil {
		o.Close()
		if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
			return nil, fault.New(fault.NotFound, "There is nothing here.")
		}
		return nil, unavailable(err)
	}
	return &object{o, objectInfo{name, info.Size, info.LastModified}}, nil
}

// Remove takes a blob away; one that is not there is no failure.
func (b *Bucket) Remove(ctx context.Context, name string) (err error) {
	defer fault.Wrap(&err, "s3.Remove(%s)", name)
	key, err := b.key(name)
	if err != nil {
		return err
	}
	if err := b.client.RemoveObject(ctx, b.cfg.Bucket, key, minio.RemoveObjectOptions{}); err != nil && minio.ToErrorResponse(err).StatusCode != http.StatusNotFound {
		return unavailable(err)
	}
	return nil
}

// OlderThan lists the blobs of an area, the part of their names before the
// slash, that were stored before a moment.
func (b *Bucket) OlderThan(ctx context.Context, area string, before time.Time) (names []string, err error) {
	defer fault.Wrap(&err, "s3.OlderThan(%s)", area)
	below := ""
	if b.cfg.Prefix != "" {
		below = b.cfg.Prefix + "/"
	}
	ctx, cancel := context.WithCancel(ctx) // ends the listing where it is left early
	defer cancel()
	for o := range b.client.ListObjects(ctx, b.cfg.Bucket, minio.ListObjectsOptions{Prefix: below + area + "/"}) {
		if o.Err != nil {
			return nil, unavailable(o.Err)
		}
		if name := strings.TrimPrefix(o.Key, below); blob.Valid(name) && o.LastModified.Before(before) {
			names = append(names, name)
		}
	}
	return names, nil
}

// unavailable hides what the store said from people; the log has it.
func unavailable(err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fault.Because(fault.Unavailable, err, "The file store could not be reached; nothing was changed. Please try again.")
}

// object is an open blob with its size.
type object struct {
	*minio.Object
	info objectInfo
}

// Stat says how long the blob is, as an open file does.
func (o *object) Stat() (fs.FileInfo, error) { return o.info, nil }

// objectInfo is a blob's fs.FileInfo.
type objectInfo struct {
	name string
	size int64
	at   time.Time
}

func (i objectInfo) Name() string       { return i.name }
func (i objectInfo) Size() int64        { return i.size }
func (i objectInfo) Mode() fs.FileMode  { return 0o400 }
func (i objectInfo) ModTime() time.Time { return i.at }
func (i objectInfo) IsDir() bool        { return false }
func (i objectInfo) Sys() any           { return nil }
