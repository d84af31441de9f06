package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lerd/internal/export/asic"
	"lerd/internal/export/cms"
	"lerd/internal/export/tsp"
	"lerd/internal/export/verify"
	"lerd/internal/fault"
)

// TSA gives verified time stamps: *tsp.Client, or *tsp.Authority in an
// evaluation. Safe for concurrent use; an authority out of reach is
// fault.Unavailable.
type TSA interface {
	Stamp(ctx context.Context, digest tsp.Digest) (*tsp.Stamp, error)
}

// SealRequest is what the seal is made with.
type SealRequest struct {
	Prepared Prepared
	Proof    Proof // of the export.sealed event
	Signer   cms.Signer
	PSS      bool                // RSASSA-PSS for an RSA key
	TSA      TSA                 // nil only together with BelowLT
	TSAChain []*x509.Certificate // of every authority that TSA may ask, each up to its root
	// CRLs and OCSPs (OCSPResponse), DER and current, cover together every
	// certificate of all chains but the roots.
	CRLs, OCSPs [][]byte
	// BelowLT lets a seal be made without time stamp or revocation lists, level
	// B or T, which Encrypt refuses to release.
	BelowLT bool

	good *errgroup.Group // what checkRevocation says, to be waited for before the key is used
}

// Seal makes the container and its sidecars. It refuses when there is no time
// stamp, when a certificate is covered by no revocation list and no OCSP answer
// that is current, or is revoked, when the seal is another than the contents
// name, and when the event does not commit to the contents. After a crash it
// goes on where it was.
func (m *Maker) Seal(ctx context.Context, r SealRequest) (out Sealed, err error) {
	id := r.Prepared.ExportID
	defer fault.Wrap(&err, "seal(%s)", id)
	if done, err := m.loadSealed(id); err == nil {
		if part, err := m.containerPart(id); err == nil && hexOf(part.SHA256) == done.SHA256 {
			return done, nil
		}
		// The disk has spoilt it, or another process hid it from this one: it is
		// made anew from the same contents.
		if err := m.unseal(id); err != nil {
			return Sealed{}, err
		}
	}
	s := r.Prepared.stage
	if s == nil {
		s, err = loadStage(m.stagingDir(id))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return Sealed{}, notPrepared(id)
	}
	if err != nil {
		return Sealed{}, err
	}
	if err := m.checkSeal(s, &r); err != nil {
		return Sealed{}, err
	}
	// Nothing is signed before the certificates are known to be good; the
	// contents are packed meanwhile.
	r.good = new(errgroup.Group)
	r.good.Go(func() error { return m.checkRevocation(&r) })
	defer r.good.Wait() //nolint:errcheck // box has said so
	out = Sealed{ExportID: id, Container: id + ".asice", Signature: id + ".asice.p7s", Level: levelOf(&r)}
	part, packed, err := m.box(ctx, s, &r)
	if errors.Is(err, errSpoilt) { // the next Prepare writes it anew
		err = errors.Join(err, os.RemoveAll(m.stagingDir(id)))
	}
	if err != nil {
		return Sealed{}, err
	}
	out.SHA256, out.CRC32, out.Size, out.packed = hexOf(part.SHA256), part.CRC32, part.Size, packed
	if err := m.sidecars(ctx, &out, &r, part.SHA256); err != nil {
		return Sealed{}, err
	}
	b, err := json.Marshal(out)
	if err != nil {
		return Sealed{}, err
	}
	return out, m.writeLoose(m.stagingRoot(), id+".sealed.json", b)
}

// box writes the container, or finds the one that was written before, and
// describes it; packed only where it wrote it.
func (m *Maker) box(ctx context.Context, s *stage, r *SealRequest) (part asic.Part, packed *verify.Packed, err error) {
	if m.sound(s.ExportID) {
		if err := r.good.Wait(); err != nil {
			return part, nil, err
		}
		part, err = m.containerPart(s.ExportID)
		return part, nil, err
	}
	name := s.ExportID + ".asice"
	err = m.writeHidden(m.Dir, name, func(w io.Writer) error {
		st := &stitcher{own: w}
		sum := newSumming(st, name)
		if err := m.container(ctx, sum, st, s, r); err != nil {
			return err
		}
		part = sum.done()
		return st.close()
	})
	if err != nil {
		return part, nil, err
	}
	return part, packedOf(part.SHA256, s.Files), nil
}

func (m *Maker) loadSealed(id string) (s Sealed, err error) {
	b, err := os.ReadFile(filepath.Join(m.stagingRoot(), id+".sealed.json"))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, err
	}
	return s, nil
}

// sound tells whether a container lies there that this process made whole: its
// last entry is where it must be. One that another process hid reads as noise.
func (m *Maker) sound(exportID string) bool {
	f, err := m.openContainer(exportID)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // read only
	_, err = asic.Open(f, f.Size(), asic.DefaultLimits)
	return err == nil
}

// unseal removes a container that is no longer what was sealed.
func (m *Maker) unseal(id string) error {
	for _, name := range []string{filepath.Join(m.stagingRoot(), id+".sealed.json"), filepath.Join(m.Dir, id+".asice")} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func levelOf(r *SealRequest) string {
	switch {
	case r.TSA == nil:
		return "B"
	case len(r.CRLs)+len(r.OCSPs) == 0:
		return "T"
	}
	return "LT"
}

// box collects what the manifests list while the zip is written.
type box struct {
	zip     *asic.Writer
	stitch  *stitcher
	stage   *stage
	dir     string
	objects []asic.Object
	payload []asic.Part
	tags    []asic.Part
}

func (b *box) list(p asic.Part, mediaType string, root bool) {
	b.objects = append(b.objects, asic.Object{Name: p.Name, MediaType: mediaType, Root: root, SHA256: p.SHA256})
	if strings.HasPrefix(p.Name, "data/") {
		b.payload = append(b.payload, p)
		return
	}
	b.tags = append(b.tags, p)
}

func (b *box) staged(f *staged) error {
	file, err := f.open(b.dir)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	packed := &asPacked{r: file, part: &f.Part, sum: sha256.New()}
	add := func(r io.Reader) error {
		if f.Blob == "" {
			return b.zip.Add(f.Part, r)
		}
		return b.zip.AddAside(f.Part, r, func() { b.stitch.lies(f.Blob) }, func() { b.stitch.lies("") })
	}
	if f.Compressed < 4*besideStep {
		err = add(packed)
	} else {
		err = beside(packed, add)
	}
	if err != nil {
		return err
	}
	b.list(f.Part, f.MediaType, f.Root)
	return nil
}

func (b *box) small(name, mediaType string, content []byte) error {
	p, err := b.zip.AddDeflated(name, content)
	if err != nil {
		return err
	}
	b.list(p, mediaType, false)
	return nil
}

// container writes the zip in the order that docs/bundle-format.md gives.
func (m *Maker) container(ctx context.Context, w io.Writer, st *stitcher, s *stage, r *SealRequest) error {
	z, err := asic.NewWriter(w, s.Header.GeneratedAt, asic.Comment)
	if err != nil {
		return err
	}
	b := &box{zip: z, stitch: st, stage: s, dir: m.stagingDir(s.ExportID)}
	if _, err := z.AddStored(asic.MimetypeName, []byte(asic.MediaType)); err != nil {
		return err
	}
	guide, err := verifyText(s)
	if err != nil {
		return err
	}
	steps := []func() error{
		func() error { return b.small(asic.BagItName, "text/plain", []byte(bagIt)) },
		func() error { return b.small(asic.BagInfoName, "text/plain", bagInfo(s, r.Proof)) },
		func() error { return b.matching(func(n string) bool { return !strings.HasPrefix(n, "data/") }) },
		func() error { return b.small("VERIFY.txt", "text/plain", guide) },
		func() error { return b.matching(func(n string) bool { return n == "data/export.json" }) },
		func() error {
			return b.matching(func(n string) bool { return strings.HasPrefix(n, "data/") && n != "data/export.json" })
		},
		func() error { return b.small("data/audit/export.sealed.json", "application/json", r.Proof.Entry) },
		func() error { return b.small("data/audit/export.tlog-proof", "text/plain", r.Proof.Text) },
		func() error { return b.small("data/audit/log-key.txt", "text/plain", r.Proof.Keys) },
		func() error { return b.small(asic.BagManifest, "text/plain", asic.FormatBag(b.payload)) },
		func() error { return b.small(asic.TagManifest, "text/plain", asic.FormatBag(b.tags)) },
		func() error { return b.sign(ctx, m, r) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return z.Close()
}

func (b *box) matching(want func(string) bool) error {
	for i := range b.stage.Files {
		if f := &b.stage.Files[i]; want(f.Name) {
			if err := b.staged(f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *box) sign(ctx context.Context, m *Maker, r *SealRequest) error {
	manifest := asic.FormatManifest(b.objects)
	if _, err := b.zip.AddStored(asic.ManifestName, manifest); err != nil {
		return err
	}
	if err := r.good.Wait(); err != nil {
		return err
	}
	signature, err := m.signature(ctx, r, sha256.Sum256(manifest))
	if err != nil {
		return err
	}
	_, err = b.zip.AddStored(asic.SignatureName, signature)
	return err
}

func (m *Maker) signature(ctx context.Context, r *SealRequest, digest [32]byte) ([]byte, error) {
	req := cms.SignRequest{Digest: digest, Signer: r.Signer, SigningTime: m.Now(), PSS: r.PSS, Rand: m.Rand,
		Certs: r.TSAChain, CRLs: r.CRLs, OCSPs: r.OCSPs}
	if r.TSA != nil {
		req.Stamp = func(ctx context.Context, d [32]byte) ([]byte, error) {
			s, err := r.TSA.Stamp(ctx, d)
			if err != nil {
				return nil, err
			}
			return s.Token, nil
		}
	}
	return cms.Sign(ctx, req)
}

const bagIt = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

// bagInfo counts the payload before it is written. SPEC: RFC 8493 §2.2.2.
func bagInfo(s *stage, p Proof) []byte {
	octets, files := int64(len(p.Entry)+len(p.Text)+len(p.Keys)), 3
	for _, f := range s.Files {
		if strings.HasPrefix(f.Name, "data/") {
			octets, files = octets+f.Size, files+1
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "Bag-Software-Agent: lerd\nBagging-Date: %s\nContact-Email: %s\nExternal-Identifier: %s\nPayload-Oxum: %d.%d\nSource-Organization: %s\n",
		s.Header.GeneratedAt.Format(time.DateOnly), oneLine(s.Header.Controller.Contact), s.ExportID, octets, files,
		oneLine(s.Header.Controller.Name))
	return b.Bytes()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// sidecars signs and stamps the whole container file.
func (m *Maker) sidecars(ctx context.Context, out *Sealed, r *SealRequest, digest [32]byte) error {
	var stamp *tsp.Stamp
	var beside errgroup.Group // two stamps are asked for at once: neither needs the other
	if r.TSA != nil {
		beside.Go(func() (err error) { stamp, err = r.TSA.Stamp(ctx, digest); return err })
	}
	signature, err := m.signature(ctx, r, digest)
	if err := errors.Join(err, beside.Wait()); err != nil {
		return err
	}
	if err := m.writeLoose(m.Dir, out.Signature, signature); err != nil || stamp == nil {
		return err
	}
	out.TimeStamp, out.StampedAt = out.Container+".tsr", stamp.Time
	return m.writeLoose(m.Dir, out.TimeStamp, stamp.Response)
}

func fileSum(name string) (sum [32]byte, err error) {
	f, err := os.Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close() //nolint:errcheck // read only
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	return sum, nil
}
