package export

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"filippo.io/age"

	"lerd/internal/export/asic"
	"lerd/internal/export/cms"
	"lerd/internal/export/verify"
	"lerd/internal/fault"
)

// EncryptRequest says to whom a sealed bundle goes.
type EncryptRequest struct {
	Sealed     Sealed
	Profile    cms.Profile         // with Recipients; empty: cms.GCM
	Recipients []*x509.Certificate // CMS: bound to the agency at onboarding; several may open
	Age        []string            // age recipients in place of certificates ("age1…"), for agencies without or very large sets
	Roots      []*x509.Certificate // what the recipient will trust: of seal and time-stamping authority
	LogKeys    []string            // verifier keys of the audit log
}

// Encrypt verifies the sealed bundle from disk and, only if all of it holds,
// writes the release set EXP-….zip.p7m (or .zip.age). The set's plain zip is
// removed. When it was done before, it gives that result.
func (m *Maker) Encrypt(ctx context.Context, r EncryptRequest) (out Released, err error) {
	id := r.Sealed.ExportID
	defer fault.Wrap(&err, "encrypt(%s)", id)
	if done, err := m.loadReleased(id); err == nil {
		return done, nil
	}
	if (len(r.Recipients) == 0) == (len(r.Age) == 0) {
		return Released{}, fault.New(fault.Gate, "Give the agency's certificates or its age recipients, one kind of them.")
	}
	if err := m.selfVerify(ctx, r); err != nil {
		return Released{}, err
	}
	out = Released{ExportID: id, File: id + ".zip.p7m", ContainerSHA256: r.Sealed.SHA256, Recipients: recipientNames(r)}
	if len(r.Age) > 0 {
		out.File = id + ".zip.age"
	}
	plain, err := m.releaseSet(r.Sealed)
	if err != nil {
		return Released{}, err
	}
	defer os.Remove(plain.Name()) //nolint:errcheck // Sweep takes what is left
	defer plain.Close()           //nolint:errcheck // about to be removed
	if err := m.writeFile(m.Dir, out.File, func(f *os.File) error { return m.encryptTo(f, plain, r) }); err != nil {
		return Released{}, err
	}
	sum, err := fileSum(filepath.Join(m.Dir, out.File))
	if err != nil {
		return Released{}, err
	}
	out.SHA256 = hexOf(sum)
	b, err := json.Marshal(out)
	if err != nil {
		return Released{}, err
	}
	return out, m.writeBytes(m.stagingRoot(), id+".released.json", b)
}

func (m *Maker) loadReleased(id string) (r Released, err error) {
	b, err := os.ReadFile(filepath.Join(m.stagingRoot(), id+".released.json"))
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(b, &r)
}

// selfVerify reads everything back from disk with the recipient's eyes.
func (m *Maker) selfVerify(ctx context.Context, r EncryptRequest) error {
	report, err := verify.Verify(ctx, filepath.Join(m.Dir, r.Sealed.Container),
		verify.Options{Roots: r.Roots, LogKeys: r.LogKeys, Now: m.Now(), TempDir: m.stagingRoot()})
	if err != nil {
		return err
	}
	if !report.OK {
		var b bytes.Buffer
		report.Print(&b)
		return fault.Because(fault.Gate, errors.New(b.String()), "The sealed bundle did not pass its own verification (%v). Nothing was released.", report.Failed())
	}
	if report.Level != "LT" {
		return fault.New(fault.Gate, "The seal is of level %s. Only level LT is released: with time stamp and revocation lists.", report.Level)
	}
	for _, c := range report.Checks {
		if c.Result == verify.Skip && c.ID != "released" {
			return fault.New(fault.Gate, "The sealed bundle is not complete: %s", c.Detail)
		}
	}
	return nil
}

func recipientNames(r EncryptRequest) []string {
	names := append([]string{}, r.Age...)
	for _, c := range r.Recipients {
		names = append(names, hexOf(sha256.Sum256(c.Raw)))
	}
	return names
}

// releaseSet writes the zip that is encrypted: container and sidecars, stored.
// Its name marks it as temporary, so that a crash leaves nothing for long.
func (m *Maker) releaseSet(s Sealed) (f *os.File, err error) {
	tmp, err := m.tmpName(s.ExportID + ".zip")
	if err != nil {
		return nil, err
	}
	f, err = os.OpenFile(filepath.Join(m.Dir, tmp), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	z, err := asic.NewWriter(f, m.Now(), "")
	if err != nil {
		return f, err
	}
	for _, name := range []string{s.Container, s.Signature, s.TimeStamp} {
		if err := addWhole(z, m.Dir, name); err != nil {
			return f, err
		}
	}
	return f, z.Close()
}

// addWhole adds a file as it is; it is read twice, since its checksum stands first.
func addWhole(z *asic.Writer, dir, name string) error {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	p, err := asic.StoredFile(name, f)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return z.Add(p, f)
}

func (m *Maker) encryptTo(dst, plain *os.File, r EncryptRequest) error {
	if len(r.Age) == 0 {
		return cms.Encrypt(cmp.Or(r.Profile, cms.GCM), dst, plain, r.Recipients, m.Rand)
	}
	if _, err := plain.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var to []age.Recipient
	for _, s := range r.Age {
		rec, err := age.ParseX25519Recipient(s)
		if err != nil {
			return fault.Because(fault.Invalid, err, "An age recipient must look like age1… .")
		}
		to = append(to, rec)
	}
	w, err := age.Encrypt(dst, to...)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, plain); err != nil {
		return err
	}
	return w.Close()
}

// Attach puts the proof of the export.released event beside the release file:
// EXP-….tlog-proof and EXP-….released.json.
func (m *Maker) Attach(r Released, p Proof) (err error) {
	defer fault.Wrap(&err, "attach(%s)", r.ExportID)
	facts := map[string]string{FactExport: r.ExportID, FactContainer: r.ContainerSHA256, FactReleaseFile: r.SHA256}
	if err := checkEntry(p, KindReleased, facts); err != nil {
		return err
	}
	if err := m.writeBytes(m.Dir, r.ExportID+".released.json", p.Entry); err != nil {
		return err
	}
	return m.writeBytes(m.Dir, r.ExportID+".tlog-proof", p.Text)
}

// Forget removes the unencrypted container and its sidecars once the encrypted
// release set is stored elsewhere, and what was kept to resume.
func (m *Maker) Forget(r Released) (err error) {
	defer fault.Wrap(&err, "forget(%s)", r.ExportID)
	id := r.ExportID
	names := []string{filepath.Join(m.Dir, id+".asice"), filepath.Join(m.Dir, id+".asice.p7s"), filepath.Join(m.Dir, id+".asice.tsr")}
	for _, n := range names {
		if rerr := os.Remove(n); rerr != nil && !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
	}
	return errors.Join(err, syncDir(m.Dir))
}
