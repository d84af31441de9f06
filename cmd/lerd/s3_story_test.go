package main

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
	"lerd/internal/jobs"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/store/blob/s3"
	"lerd/internal/testkit/objectstore"
)

// hurried gives a bucket that is away little time to say so.
type hurried struct{ requests.Blobs }

func (h hurried) Put(ctx context.Context, name string, r io.Reader) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return h.Blobs.Put(ctx, name, r)
}

// TestTheWholeWayOverABucket keeps orders and bundles in the bucket of a real S3
// server, and takes it away at each step: at the release, at the download, at the
// second copy, at the recall. Nothing leaves while it is away, nothing is lost, and
// each job goes on when it is back.
func TestTheWholeWayOverABucket(t *testing.T) {
	s := newScenario(t)
	store := objectstore.Start(t)
	bucket, err := s3.Open(t.Context(), store.Config())
	s.must(err)
	x := s.caseJob.Export.(*jobs.Exporter)
	s.cases.Blobs, x.Blobs, s.fraud.Blobs = hurried{bucket}, hurried{bucket}, hurried{bucket}
	c, _ := s.prepared()
	id, officer := c.Request.ID, s.as("asha.rao")
	if len(store.Files("documents")) == 0 {
		t.Error("the order is not in the bucket")
	}
	s.must(s.cases.Approve(s.as("anna.keller"), id, c.Release.Digest))

	store.Stop()
	s.caseJob.RunOnce(s.ctx) //nolint:errcheck // it cannot but fail
	if got := s.state(id); got != requests.Approved || s.exported() != 0 || len(store.Files("bundles")) != 0 {
		t.Fatalf("without the bucket the case is %s, %d bundles are said to have left, %v lie there", got, s.exported(), store.Files("bundles"))
	}
	store.Run()
	s.jobs()
	if got := s.state(id); got != requests.ExportedCase || len(store.Files("bundles")) != 1 {
		t.Fatalf("the bucket is back, and the case is %s with %v\n%s", got, store.Files("bundles"), s.log)
	}

	store.Stop()
	if _, err := s.fetched(officer, id); err == nil || fault.KindOf(err) == fault.NotFound || s.receiptStates(id) != "" {
		t.Errorf("fetched without the bucket: %v, %q", err, s.receiptStates(id))
	}
	store.Run()
	path := filepath.Join(t.TempDir(), c.Release.Ref+".zip.p7m")
	saveTo(t, path, io.NopCloser(bytes.NewReader(s.got(officer, id))))
	s.verifyBundle(path)

	s.must(s.cases.Reissue(s.as("rita.lind"), id, "file_lost", "Lost."))
	store.Stop()
	s.caseJob.RunOnce(s.ctx) //nolint:errcheck // it cannot but fail
	if cp := s.load(id).Copies[0]; cp.State == requests.Exported {
		t.Error("a copy was made without the bucket")
	}
	store.Run()
	s.jobs()
	s.got(officer, id)

	store.Stop()
	s.callBack(id)
	store.Run()
	if _, err := s.fetched(officer, id); fault.KindOf(err) != fault.NotFound {
		t.Errorf("fetched after the recall: %v", err)
	}
	s.verifyLog()
}

// away is a place of blobs that is out of reach, before or after it took a file.
type away struct {
	requests.Blobs
	after bool // it has the file, and its answer is lost
}

func (a away) Put(ctx context.Context, name string, r io.Reader) error {
	if a.after {
		if err := a.Blobs.Put(ctx, name, r); err != nil {
			return err
		}
	}
	return fault.New(fault.Unavailable, "The place of files is out of reach.")
}

// noToken is a signing token that was pulled out.
type noToken struct{ signerOf }

// TestEverythingAReleaseNeedsAwayInTurn takes away what a release needs, one thing
// at a time, in the middle of it: nothing leaves, nothing is lost, and the job goes
// on by itself. The authority of time and the lists are in
// TestAnOutageHoldsReleasesAndLosesNothing, a real token in internal/keys/hsm.
func TestEverythingAReleaseNeedsAwayInTurn(t *testing.T) {
	s := newScenario(t)
	x := s.caseJob.Export.(*jobs.Exporter)
	keys, blobs, source := x.Keys, x.Blobs, s.cases.Source
	for i, out := range []struct {
		name string
		take func()
	}{
		{"the token", func() { x.Keys.Signer = noToken{signerOf{keys.Signer}} }},
		{"the place of files", func() { x.Blobs = away{Blobs: blobs} }},
		{"its answer", func() { x.Blobs = away{blobs, true} }},
		{"the account data", func() { s.cases.Source = silent{} }},
	} {
		id := s.approved(fmt.Sprintf("IN/94/2026/78%d", i))
		before := s.exported()
		out.take()
		s.caseJob.RunOnce(s.ctx) //nolint:errcheck // it cannot but fail, or wait
		if got := s.state(id); got != requests.Approved || s.exported() != before || len(s.load(id).Grants) != 0 {
			t.Errorf("without %s the case is %s", out.name, got)
		}
		if !strings.Contains(s.log.String(), string(id)) {
			t.Errorf("without %s nobody is told that the case waits", out.name)
		}
		x.Keys, x.Blobs, s.cases.Source = keys, blobs, source
		s.jobs()
		if got := s.state(id); got != requests.ExportedCase {
			t.Errorf("%s is back, and the case is %s\n%s", out.name, got, s.log)
		}
		s.got(s.as("asha.rao"), id)
	}
	s.verifyLog()
}

// signerOf gives a signer's names, so that what wraps it can take its hand away.
type signerOf struct{ cms.Signer }

// Sign is what a token says that is not there.
func (noToken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, fault.New(fault.Unavailable, "The token is out of reach.")
}

// silent is a source that does not answer.
type silent struct{ records.Source }

func (silent) Resolve(context.Context, records.Identifier) (records.Resolution, error) {
	return records.Resolution{}, fault.New(fault.Unavailable, "The account data do not answer.")
}
