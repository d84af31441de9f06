package export

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"lerd/internal/fault"
)

// TestAContainerReadsAsOneFile reads a container whose records lie where they were
// staged: in one go, and in pieces from anywhere.
func TestAContainerReadsAsOneFile(t *testing.T) {
	d := newDesk(t)
	s := d.seal(3, 6000)
	whole, err := os.ReadFile(d.clear(s))
	d.must(err)
	own, err := os.Stat(filepath.Join(d.maker.Dir, s.Container))
	d.must(err)
	c, err := d.maker.openContainer(s.ExportID)
	d.must(err)
	defer c.Close()
	if len(c.files) < 3 || int64(len(whole)) != c.Size() || own.Size() > c.Size()/2 {
		t.Fatalf("%d files, %d octets, of which %d in the container's own; a container of %d", len(c.files), c.Size(), own.Size(), len(whole))
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.Int64Range(0, c.Size()).Draw(t, "at")
		p := make([]byte, rapid.IntRange(0, len(whole)+100).Draw(t, "octets"))
		n, err := c.ReadAt(p, at)
		want := whole[at:min(int(at)+len(p), len(whole))]
		if !bytes.Equal(p[:n], want) || (err == io.EOF) != (n < len(p)) || (err != nil && err != io.EOF) {
			t.Fatalf("%d octets at %d: %d and %v", len(p), at, n, err)
		}
	})
}

// TestAContainerWhoseStagedFileIsSpoilt is not released; sealing again says what is
// wrong and clears the way for contents that are written anew.
func TestAContainerWhoseStagedFileIsSpoilt(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	s := d.seal(3, 6000)
	st, err := loadStage(d.maker.stagingDir(s.ExportID))
	d.must(err)
	spoilStaged(t, d.maker.stagingDir(s.ExportID), st.file("data/records/records.json"))
	if _, err := d.maker.Encrypt(ctx, d.encryptRequest(s)); fault.KindOf(err) != fault.Gate {
		t.Errorf("it was encrypted: %v", err)
	}
	p, err := d.maker.Prepare(ctx, d.content(3, 6000))
	d.must(err)
	if _, err := d.maker.Seal(ctx, d.sealRequest(p)); fault.KindOf(err) != fault.Internal {
		t.Errorf("it was sealed again: %v", err)
	}
	again := d.seal(3, 6000)
	if _, err := d.maker.Encrypt(ctx, d.encryptRequest(again)); err != nil {
		t.Errorf("of contents that were written anew: %v", err)
	}
}

// TestAContainersListOfPiecesIsSpoilt changes the octets at the end of a container's own
// file, and cuts them off: whatever opens then either has another digest, by which it is
// noticed, or is what it was.
func TestAContainersListOfPiecesIsSpoilt(t *testing.T) {
	d := newDesk(t)
	s := d.seal(3, 6000)
	path := filepath.Join(d.maker.Dir, s.Container)
	b, err := os.ReadFile(path)
	d.must(err)
	pieces := func() string {
		c, err := d.maker.openContainer(s.ExportID)
		if err != nil {
			return ""
		}
		defer c.Close()
		return fmt.Sprint(piecesIn(c))
	}
	was, same, unlike := pieces(), 0, 0
	try := func(b []byte) {
		d.must(os.WriteFile(path, b, 0o600))
		now, err := d.maker.containerPart(s.ExportID)
		switch {
		case err != nil || hexOf(now.SHA256) != s.SHA256:
			unlike++
		case pieces() != was:
			t.Errorf("%s in place of %s has the same digest", pieces(), was)
		default:
			same++
		}
	}
	for at := len(b) - 400; at < len(b); at++ {
		for _, bit := range []byte{1, 8, 16} {
			b[at] ^= bit
			try(b)
			b[at] ^= bit
		}
		try(b[:at])
		if d.maker.sound(s.ExportID) {
			t.Errorf("cut off at %d it is sound", at)
		}
	}
	if unlike < 1000 || same > 300 {
		t.Errorf("%d changes were noticed, %d changed nothing", unlike, same)
	}
	try(b)
	if !d.maker.sound(s.ExportID) {
		t.Error("as it was it is not sound")
	}
}

// TestForgettingTakesTheStagedFiles too.
func TestForgettingTakesTheStagedFiles(t *testing.T) {
	d := newDesk(t)
	s := d.seal(3, 6000)
	rel, err := d.maker.Encrypt(context.Background(), d.encryptRequest(s))
	d.must(err)
	d.must(d.maker.Forget(rel))
	if _, err := os.Stat(d.maker.stagingDir(s.ExportID)); !os.IsNotExist(err) {
		t.Errorf("the staging folder after the release: %v", err)
	}
}

func piecesIn(c *stitched) (out []piece) {
	for _, x := range c.stretches {
		out = append(out, x.piece)
	}
	return out
}
