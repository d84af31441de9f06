package verify

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"filippo.io/age"

	"golang.org/x/mod/sumdb/note"
	"lerd/bundle"

	"lerd/internal/audit"
	"lerd/internal/export/asic"
	"lerd/internal/export/cms"
	"lerd/internal/export/tsp"
	"lerd/internal/fault"
)

// Options say whom to trust and how to open.
type Options struct {
	Roots   []*x509.Certificate    // of the seal and of the time-stamping authority
	CRLs    []*x509.RevocationList // newer than the enclosed ones
	LogKeys []string               // verifier keys of the audit log; none: the enclosed ones, with a note
	// Witnesses may have cosigned the checkpoints of the proofs, and Quorum of them
	// must have; none: nobody's cosignature counts.
	Witnesses []note.Verifier
	Quorum    int
	Cert      *x509.Certificate // for an encrypted file
	Key       crypto.PrivateKey
	// Identities open a file that was encrypted with age.
	Identities []age.Identity
	Now        time.Time   // the time that counts where there is no time stamp
	Limits     asic.Limits // zero: asic.DefaultLimits
	TempDir    string      // for decrypted contents; empty: the system's
	// Open opens the container's file; nil: as it lies on the disk.
	Open func(path string) (File, error)
	// Packed is what the maker of a container knows of it; nil for all others.
	Packed *Packed
}

// Packed is what is known of a container by the one who wrote it: while it lies
// there octet for octet as it was written, its packed files unpack to contents
// of these digests. The verifier reads, unpacks and compares them all the same;
// it does not take these digests again.
type Packed struct {
	Container [sha256.Size]byte            // of the whole file
	Files     map[string][sha256.Size]byte // of contents, by name
}

// File is a container's file; safe for concurrent reading.
type File interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

type diskFile struct {
	*os.File
	size int64
}

func (f diskFile) Size() int64 { return f.size }

func (v *run) open(path string) (File, error) {
	if v.o.Open != nil {
		return v.o.Open(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return diskFile{f, st.Size()}, nil
}

// run is one verification.
type run struct {
	ctx     context.Context
	o       Options
	r       *Report
	src     source
	dir     string // where sidecars lie, empty for none
	file    string // the container file, empty for a folder
	objects []asic.Object
	sums    map[string]sums
	known   map[string][sha256.Size]byte // digests that need not be taken again, see Packed
	whole   *[sha256.Size]byte           // digest of the container's file, once it was taken
	export  bundle.Export
	empty   map[string]int64 // table.column → rows in which it is empty
	at      time.Time        // the time at which certificates must have been good
	seal    *x509.Certificate
	sealed  *audit.SignedCheckpoint // under which the event inside was proved
}

// Verify checks a bundle: a container (.asice), a folder that one was unzipped
// to, a release set (.zip or folder), or with Options.Cert and Key an encrypted
// release set (.p7m). The error is for what could not be read at all; whether
// the bundle holds is Report.OK.
func Verify(ctx context.Context, path string, o Options) (r Report, err error) {
	defer fault.Wrap(&err, "verify.Verify")
	if o.Limits.Entries == 0 {
		o.Limits = asic.DefaultLimits
	}
	r.OK = true
	v := &run{ctx: ctx, o: o, r: &r, sums: map[string]sums{}}
	st, err := os.Stat(path)
	if err != nil {
		return r, fault.Because(fault.NotFound, err, "The file cannot be opened.")
	}
	switch {
	case st.IsDir():
		err = v.folder(path)
	case strings.HasSuffix(path, ".p7m"), strings.HasSuffix(path, ".age"):
		err = v.encrypted(path)
	case strings.HasSuffix(path, ".zip"):
		err = v.releaseZip(path)
	default:
		r.Kind = "container"
		err = v.containerFile(path, filepath.Dir(path))
	}
	if len(r.Checks) == 0 {
		r.OK = false
	}
	return r, err
}

var containerName = regexp.MustCompile(`^EXP-[0-9]{4}-[0-9]{6,12}\.asice$`)

// folder is an unzipped container or a folder with a release set.
func (v *run) folder(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "META-INF")); err == nil {
		v.r.Kind = "folder"
		var src *folderSource
		ok := v.r.do("container", "The folder holds plain files with safe names only.", func() (d string, err error) {
			src, err = openFolder(dir, v.o.Limits)
			return "", err
		})
		if ok {
			defer src.root.Close() //nolint:errcheck // read only
			v.src = src
			v.contents()
		}
		return nil
	}
	v.r.Kind = "release set"
	found, err := filepath.Glob(filepath.Join(dir, "*.asice"))
	if err != nil || len(found) != 1 {
		v.r.add(Check{"container", "The folder holds exactly one container.", Fail, "Give the folder of one bundle, or the .asice file."})
		return err
	}
	return v.containerFile(found[0], dir)
}

// containerFile is an .asice file with its sidecars in dir.
func (v *run) containerFile(path, dir string) error {
	f, err := v.open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	ok := v.r.do("container", "Every octet of the zip is accounted for: no overlap, gap, hidden, doubled or trailing part; names and sizes are safe.",
		func() (string, error) {
			a, err := asic.Open(f, f.Size(), v.o.Limits)
			if err != nil {
				return "", err
			}
			v.src = zipSource{a}
			return "", checkMimetypeEntry(a)
		})
	if !ok {
		return nil
	}
	v.dir, v.file = dir, path
	if p := v.o.Packed; p != nil {
		sum, err := v.fileSum(path)
		if err == nil && sum == p.Container {
			v.whole, v.known = &sum, p.Files
		}
	}
	sidecars := v.beginSidecars()
	v.contents()
	v.sidecars(sidecars)
	return v.ctx.Err()
}

// SPEC: EN 319 162-1 §A.1: mimetype is first, stored and without extra field.
func checkMimetypeEntry(a *asic.Archive) error {
	e := a.Entries[0]
	if e.Name != asic.MimetypeName || !e.Stored || e.Extra {
		return fault.New(fault.Invalid, "The first entry must be mimetype, stored and without extra fields.")
	}
	for _, e := range a.Entries {
		if isMeta(e.Name) && !e.Stored {
			return fault.New(fault.Invalid, "%s must be stored, not compressed.", e.Name)
		}
	}
	if a.Comment != "" && a.Comment != asic.Comment {
		return fault.New(fault.Invalid, "The container's comment is another than its media type.")
	}
	return nil
}

// contents checks everything inside the container.
func (v *run) contents() {
	v.r.do("mimetype", "The container says that it is an ASiC-E container.", v.checkMimetype)
	if !v.r.do("manifest", "There is one signed manifest, and it lists every file and no other.", v.checkManifest) {
		return
	}
	v.signature()
	v.records()
	v.r.do("digests", "Every file has the digest that the signed manifest gives.", v.checkDigests)
	v.r.do("bag", "The folder is a complete BagIt bag: sha256sum -c agrees.", v.checkBag)
	v.audit()
}

func (v *run) checkMimetype() (string, error) {
	b, err := v.readSmall(asic.MimetypeName, 100)
	if err == nil && string(b) != asic.MediaType {
		err = fault.New(fault.Invalid, "mimetype must be %s.", asic.MediaType)
	}
	return "", err
}

func (v *run) checkManifest() (string, error) {
	listed := map[string]bool{asic.MimetypeName: true, asic.ManifestName: true, asic.SignatureName: true}
	for _, name := range v.src.names() {
		if isMeta(name) && !listed[name] {
			return "", fault.New(fault.Invalid, "%s does not belong there: a container has one manifest and one signature.", name)
		}
	}
	b, err := v.readSmall(asic.ManifestName, asic.MaxManifest)
	if err != nil {
		return "", err
	}
	if v.objects, err = asic.ParseManifest(b); err != nil {
		return "", err
	}
	have := map[string]bool{}
	for _, name := range v.src.names() {
		have[name] = true
	}
	for _, o := range v.objects {
		if listed[o.Name] {
			return "", fault.New(fault.Invalid, "The signed manifest lists %s, which it must not.", o.Name)
		}
		listed[o.Name] = true
		if !have[o.Name] {
			return "", missing(o.Name)
		}
	}
	for _, name := range v.src.names() {
		if !listed[name] {
			return "", v.uncovered(name)
		}
	}
	return plural(len(v.objects), "file"), v.checkOrder()
}

// uncovered names a file too many. Beside an unzipped container computers leave files of
// their own, and so do people.
func (v *run) uncovered(name string) error {
	if _, isZip := v.src.(zipSource); isZip {
		return fault.New(fault.Invalid, "The file %s is not covered by the signature.", name)
	}
	return fault.New(fault.Invalid, "The file %s is not covered by the signature. If you or your computer put it into the folder, check the .asice file itself, or unzip it anew.", name)
}

// checkOrder holds the container's entries against the order of the manifest,
// which is that in which they were written: mimetype, the files, META-INF.
// Folders have no order.
func (v *run) checkOrder() error {
	if _, isZip := v.src.(zipSource); !isZip {
		return nil
	}
	want := []string{asic.MimetypeName}
	for _, o := range v.objects {
		want = append(want, o.Name)
	}
	want = append(want, asic.ManifestName, asic.SignatureName)
	for i, name := range v.src.names() {
		if name != want[i] {
			return fault.New(fault.Invalid, "The entries of the container are not in the order of the signed manifest: %s stands in the place of %s.", name, want[i])
		}
	}
	return nil
}

// signature checks seal, time stamp and certificates over the manifest. Files are
// read meanwhile, which needs nothing of it; what is wrong with them is said in
// its turn.
func (v *run) signature() {
	manifest, err := v.readSmall(asic.ManifestName, asic.MaxManifest)
	if err != nil {
		return // checkManifest has said so
	}
	der, err := v.readSmall(asic.SignatureName, cms.MaxSignedData)
	if err != nil {
		v.r.add(Check{"seal", "The seal over the manifest fits.", Fail, words(err)})
		return
	}
	seal := run{ctx: v.ctx, o: v.o, r: &Report{}}
	var s sealed
	done := make(chan struct{})
	go func() {
		defer close(done)
		s = seal.seals("", der, sha256.Sum256(manifest))
	}()
	v.readAll()
	<-done
	for _, c := range seal.r.Checks {
		v.r.add(c)
	}
	v.r.Level, v.r.StampedAt = s.level, s.stampedAt
	if s.cert != nil {
		v.seal, v.r.SealedBy = s.cert, s.cert.Subject.CommonName
	}
}

// readAll takes the digests of files that nobody looks into, the documents and the
// schemas. One that cannot be read is read again, and spoken of, by checkDigests.
func (v *run) readAll() {
	for _, o := range v.objects {
		if strings.HasPrefix(o.Name, "data/schema/") || strings.HasSuffix(o.Name, ".pdf") || strings.HasSuffix(o.Name, ".jsonld") {
			v.digest(o.Name) //nolint:errcheck // see above
		}
	}
}

// sealed is what a signature told.
type sealed struct {
	level     string
	stampedAt time.Time
	cert      *x509.Certificate
}

// seals checks one CAdES signature; prefix tells the container's from the sidecar's.
func (v *run) seals(prefix string, der []byte, digest [32]byte) (s sealed) {
	var sd *cms.SignedData
	if !v.r.do(prefix+"seal", sealWords(prefix), func() (d string, err error) {
		if sd, err = cms.Parse(der); err != nil {
			return "", err
		}
		if err := sd.CheckBaseline(); err != nil {
			return "", err
		}
		if sd.Hash != crypto.SHA256 {
			return "", fault.New(fault.Invalid, "The seal must use SHA-256.")
		}
		s.cert, err = sd.Check(digest[:])
		return "claimed time " + sd.SigningTime.Format(time.RFC3339), err
	}) {
		return s
	}
	s.level, v.at = "B", v.o.Now
	if sd.Token == nil {
		v.r.add(Check{prefix + "stamp", "A time stamp shows when the seal existed.", Fail, "There is no time stamp. Bundles are never released without."})
	} else if v.r.do(prefix+"stamp", "A time stamp of a trusted authority shows when the seal existed.", func() (string, error) {
		sum := sha256.Sum256(sd.Signature)
		info, err := tsp.Verify(sd.Token, sum[:], crypto.SHA256, tsp.Trust{Roots: v.o.Roots, Pool: sd.Certificates, CRLs: append(sd.CRLs, v.o.CRLs...), OCSPs: sd.OCSPs, NeedStatus: sd.HasStatus()})
		if err != nil {
			return "", v.rooted(err)
		}
		s.level, s.stampedAt, v.at = "T", info.Time, info.Time
		return info.Time.Format(time.RFC3339) + " by " + info.Signer.Subject.CommonName, nil
	}) && sd.HasStatus() {
		s.level = "LT"
	}
	v.r.do(prefix+"certificate", "The seal's certificate is for sealing, leads to a trusted root and was not revoked.", func() (string, error) {
		return v.path(sd, s)
	})
	return s
}

func sealWords(prefix string) string {
	if prefix == "" {
		return "The seal over the signed manifest fits."
	}
	return "The seal beside the container fits the whole file."
}

func (v *run) path(sd *cms.SignedData, s sealed) (string, error) {
	_, err := cms.Path{Leaf: s.cert, Pool: sd.Certificates, Roots: v.o.Roots, CRLs: append(sd.CRLs, v.o.CRLs...), OCSPs: sd.OCSPs,
		At: v.at, Purpose: cms.Seal, NeedStatus: sd.HasStatus()}.Verify()
	if err == nil && !sd.HasStatus() {
		return "revocation was not looked at: the seal encloses no lists and no OCSP answers (level T)", nil
	}
	return s.cert.Subject.CommonName, v.rooted(err)
}

// rooted adds to an error about a root what would make it right.
func (v *run) rooted(err error) error {
	switch {
	case !errors.Is(err, cms.ErrUntrusted) || errors.Is(err, cms.ErrValidity):
		return err
	case len(v.o.Roots) == 0:
		return fault.Because(fault.Invalid, err, "No trusted root was given. Give those that you received at onboarding, of the seal and of the time stamp, with --trust-root.")
	}
	return fault.Because(fault.Invalid, err, "%s If you hold that root, give it with --trust-root as well.", fault.Message(err))
}
