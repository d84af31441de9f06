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
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

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
// leaves the release set EXP-….zip.p7m (or .zip.age), as a stream: the set is
// never on the disk in the clear. When it was done before, it gives that result.
func (m *Maker) Encrypt(ctx context.Context, r EncryptRequest) (out Released, err error) {
	id := r.Sealed.ExportID
	defer fault.Wrap(&err, "encrypt(%s)", id)
	if done, err := m.loadReleased(id); err == nil {
		return done, nil
	}
	if (len(r.Recipients) == 0) == (len(r.Age) == 0) {
		return Released{}, fault.New(fault.Gate, "Give the agency's certificates or its age recipients, one kind of them.")
	}
	out = Released{ExportID: id, File: id + ".zip.p7m", ContainerSHA256: r.Sealed.SHA256, Recipients: recipientNames(r)}
	if len(r.Age) > 0 {
		out.File = id + ".zip.age"
	}
	var record draft
	file, err := m.draft(m.Dir, out.File, func(f *os.File) (err error) {
		record, err = m.verifyAndEncrypt(ctx, f, r, &out)
		return err
	})
	if err != nil {
		return Released{}, err
	}
	// The record, by which a repeated Encrypt knows that it was done, comes last.
	if err := file.keep(); err != nil {
		return Released{}, err
	}
	return out, record.keep()
}

// verifyAndEncrypt does both at once, and gives the draft of the record, which
// like the encrypted file is on the disk then. They get their names only if the
// container holds: what was encrypted of one that does not is thrown away.
func (m *Maker) verifyAndEncrypt(ctx context.Context, f *os.File, r EncryptRequest, out *Released) (record draft, err error) {
	var encrypted errgroup.Group
	encrypted.Go(func() (err error) {
		if err := m.encryptTo(f, r); err != nil {
			return err
		}
		var synced errgroup.Group
		synced.Go(f.Sync)
		digest, err := fileSum(f.Name())
		out.SHA256 = hexOf(digest)
		if err == nil {
			record, err = m.draftReleased(*out)
		}
		return errors.Join(err, synced.Wait())
	})
	err = m.selfVerify(ctx, r)
	if eerr := encrypted.Wait(); err == nil {
		err = eerr
	}
	if err != nil && record.tmp != "" {
		os.Remove(record.tmp) //nolint:errcheck // Sweep takes what is left
	}
	return record, err
}

// draftReleased writes the record of what was released, to the disk.
func (m *Maker) draftReleased(out Released) (draft, error) {
	b, err := json.Marshal(out)
	if err != nil {
		return draft{}, err
	}
	return m.draft(m.stagingRoot(), out.ExportID+".released.json", func(f *os.File) error {
		_, err := f.Write(b)
		return errors.Join(err, f.Sync())
	})
}

func (m *Maker) loadReleased(id string) (r Released, err error) {
	b, err := os.ReadFile(filepath.Join(m.stagingRoot(), id+".released.json"))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, err
	}
	return r, nil
}

// selfVerify reads everything back from disk with the recipient's eyes.
func (m *Maker) selfVerify(ctx context.Context, r EncryptRequest) error {
	report, err := verify.Verify(ctx, filepath.Join(m.Dir, r.Sealed.Container),
		verify.Options{Roots: r.Roots, LogKeys: r.LogKeys, Now: m.Now(), Open: m.openForVerify, Packed: r.Sealed.packed})
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

func (m *Maker) openForVerify(path string) (verify.File, error) {
	return m.openContainer(strings.TrimSuffix(filepath.Base(path), ".asice"))
}

func recipientNames(r EncryptRequest) []string {
	names := append([]string{}, r.Age...)
	for _, c := range r.Recipients {
		names = append(names, hexOf(sha256.Sum256(c.Raw)))
	}
	return names
}

// setPart is a file of the release set: what the zip says of it, and its octets.
type setPart struct {
	asic.Part
	open func() (io.ReadCloser, error)
}

// setParts are the container and its sidecars.
func (m *Maker) setParts(s Sealed) ([]setPart, error) {
	parts := []setPart{{asic.Part{Name: s.Container, Stored: true, CRC32: s.CRC32, Size: s.Size, Compressed: s.Size}, func() (io.ReadCloser, error) {
		c, err := m.openContainer(s.ExportID)
		if err != nil {
			return nil, err
		}
		return c.reader(), nil
	}}}
	for _, name := range []string{s.Signature, s.TimeStamp} {
		b, err := os.ReadFile(filepath.Join(m.Dir, name))
		if err != nil {
			return nil, err
		}
		parts = append(parts, setPart{asic.StoredPart(name, b), func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }})
	}
	return parts, nil
}

// writeSet writes the zip that is encrypted.
func writeSet(w io.Writer, at time.Time, parts []setPart, open func(setPart) (io.ReadCloser, error)) error {
	z, err := asic.NewWriter(w, at, "")
	if err != nil {
		return err
	}
	for _, p := range parts {
		r, err := open(p)
		if err != nil {
			return err
		}
		if err := errors.Join(z.Add(p.Part, r), r.Close()); err != nil {
			return err
		}
	}
	return z.Close()
}

// setSize counts what writeSet will write, with zeros in place of the contents.
func setSize(at time.Time, parts []setPart) (int64, error) {
	var n counter
	err := writeSet(&n, at, parts, func(p setPart) (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(zeros{}, p.Size)), nil })
	return int64(n), err
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// encryptTo writes the encrypted release set to dst.
func (m *Maker) encryptTo(dst *os.File, r EncryptRequest) error {
	parts, err := m.setParts(r.Sealed)
	if err != nil {
		return err
	}
	at := r.Sealed.StampedAt
	w, err := m.encrypter(dst, r, func() (int64, error) { return setSize(at, parts) })
	if err != nil {
		return err
	}
	if err := writeSet(w, at, parts, func(p setPart) (io.ReadCloser, error) { return p.open() }); err != nil {
		return err
	}
	return w.Close()
}

func (m *Maker) encrypter(dst *os.File, r EncryptRequest, size func() (int64, error)) (io.WriteCloser, error) {
	if len(r.Age) == 0 {
		n, err := size()
		if err != nil {
			return nil, err
		}
		return cms.NewWriter(cmp.Or(r.Profile, cms.GCM), dst, n, r.Recipients, m.Rand)
	}
	if err := CheckAge(r.Age); err != nil {
		return nil, err
	}
	var to []age.Recipient
	for _, s := range r.Age {
		rec, err := age.ParseX25519Recipient(s)
		if err != nil {
			return nil, err
		}
		to = append(to, rec)
	}
	return age.Encrypt(dst, to...)
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
	return errors.Join(err, os.RemoveAll(m.stagingDir(id)), syncDir(m.Dir))
}
