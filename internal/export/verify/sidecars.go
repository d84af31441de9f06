package verify

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lerd/internal/audit"
	"lerd/internal/export/cms"
	"lerd/internal/export/tsp"
	"lerd/internal/fault"
)

// beside is the checking of the seal and the time stamp that lie beside the
// container: it needs nothing of what is inside, and goes on while that is checked.
type beside struct {
	run
	done   chan struct{}
	digest [sha256.Size]byte // of the container
	err    error             // why there is none
	signer *x509.Certificate // of the seal beside the container
	ofSeal int               // how many of its checks are of that seal
}

func (v *run) beginSidecars() *beside {
	b := &beside{run: run{ctx: v.ctx, o: v.o, r: &Report{}, file: v.file, whole: v.whole}, done: make(chan struct{})}
	go func() {
		defer close(b.done)
		if b.digest, b.err = b.containerSum(); b.err == nil {
			b.checkSeal()
			b.ofSeal = len(b.r.Checks)
			b.checkStamp()
		}
	}()
	return b
}

// sidecars puts what was found beside the container behind what was found inside.
func (v *run) sidecars(b *beside) {
	<-b.done
	if b.err != nil {
		v.r.add(Check{"sidecar", "The container can be read as a whole.", Fail, words(b.err)})
		return
	}
	for i, c := range b.r.Checks {
		if i == b.ofSeal {
			v.sameSigner(b.signer)
		}
		v.r.add(c)
	}
	if b.ofSeal == len(b.r.Checks) {
		v.sameSigner(b.signer)
	}
	v.released(b.digest)
}

func (v *run) sameSigner(signer *x509.Certificate) {
	if signer != nil && v.seal != nil && !signer.Equal(v.seal) {
		v.r.add(Check{"sidecar.signer", "Both seals are of the same key.", Fail, "The seal beside the container is of another certificate than the one inside."})
	}
}

// sidecar gives a file beside the container, nil where it is not there or cannot be read.
func (b *beside) sidecar(suffix string, limit int64) []byte {
	der, err := readBeside(b.file+suffix, limit)
	what := "There is a " + suffix + " file beside the container."
	switch {
	case errors.Is(err, fs.ErrNotExist):
		b.r.add(Check{"sidecar" + suffix, what, Skip, "It is not there."})
		return nil
	case err != nil:
		b.r.add(Check{"sidecar" + suffix, what, Fail, words(err)})
		return nil
	}
	return der
}

func (b *beside) checkSeal() {
	if der := b.sidecar(".p7s", cms.MaxSignedData); der != nil {
		b.signer = b.run.seals("sidecar.", der, b.digest).cert
	}
}

func (b *beside) checkStamp() {
	der := b.sidecar(".tsr", 1<<20)
	if der == nil {
		return
	}
	b.r.do("sidecar.tsr", "The time stamp beside the container fits the whole file.", func() (string, error) {
		token, err := tsp.ParseResponse(der)
		if err != nil {
			return "", err
		}
		info, err := tsp.Verify(token, b.digest[:], crypto.SHA256, tsp.Trust{Roots: b.o.Roots, CRLs: b.o.CRLs})
		if err != nil {
			return "", b.rooted(err)
		}
		return info.Time.Format("2006-01-02T15:04:05Z07:00"), nil
	})
}

// released checks the proof of the release event, which lies beside.
func (v *run) released(digest [32]byte) {
	base := strings.TrimSuffix(v.file, ".asice")
	text, err := readBeside(base+".tlog-proof", 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		v.r.add(Check{"released", "The audit log holds the event of release.", Skip, "There is no .tlog-proof beside the container. The agency's page of the request has it: put both of its files there."})
		return
	}
	v.r.do("released", "The audit log holds the event of release of this very file.", func() (string, error) {
		if err != nil {
			return "", err
		}
		entry, err := readBeside(base+".released.json", audit.MaxEntry)
		if err != nil {
			return "", fault.Because(fault.Invalid, err, "The entry of the release event is missing.")
		}
		index, c, err := v.proof(proofOf{kind: "export.released", entry: entry, text: text,
			facts: map[string]string{"export_id": v.export.ExportID, "asice_sha256": hex.EncodeToString(digest[:])}})
		if err == nil {
			err = v.afterSeal(index, c)
		}
		return fmt.Sprintf("entry %d of %d%s", index, c.Size, cosigners(c)), err
	})
}

// afterSeal holds the proof beside against the one inside. The event of release
// names the digest of the container, which encloses a checkpoint: in a log of one
// history it stands behind everything that this checkpoint counts.
func (v *run) afterSeal(index uint64, c audit.SignedCheckpoint) error {
	if v.sealed == nil {
		return nil
	}
	was, is := audit.EpochOf(v.export.Audit.LogOrigin, v.sealed.Origin), audit.EpochOf(v.export.Audit.LogOrigin, c.Origin)
	if is < was || is == was && index < v.sealed.Size {
		return fault.New(fault.Invalid, "The release is entry %d of %s, but the container, which is older, encloses a checkpoint of %d entries of %s: the log would have two histories. Tell the auditors of other bundles.",
			index, c.Origin, v.sealed.Size, v.sealed.Origin)
	}
	return nil
}

func readBeside(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fault.New(fault.TooLarge, "%s is larger than %d octets.", filepath.Base(path), limit)
	}
	return b, err
}
