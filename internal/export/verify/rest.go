package verify

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/export/asic"
	"lerd/internal/fault"
)

func (v *run) checkDigests() (string, error) {
	for _, o := range v.objects {
		s, err := v.digest(o.Name)
		if err != nil {
			return "", err
		}
		if s.sha256 != o.SHA256 {
			return "", fault.New(fault.Invalid, "%s was changed after it was sealed: its digest differs.", o.Name)
		}
	}
	return plural(len(v.objects), "file"), nil
}

// checkBag holds both BagIt manifests against the signed digests.
// SPEC: RFC 8493 §3: every payload file is listed and every listed file is there.
func (v *run) checkBag() (string, error) {
	b, err := v.readSmall(asic.BagItName, 200)
	if err != nil {
		return "", err
	}
	if string(b) != "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n" {
		return "", fault.New(fault.Invalid, "bagit.txt does not declare BagIt 1.0 in UTF-8.")
	}
	if err := v.checkBagList(asic.BagManifest, isData); err != nil {
		return "", err
	}
	if err := v.checkBagList(asic.TagManifest, func(n string) bool { return !isData(n) && n != asic.TagManifest }); err != nil {
		return "", err
	}
	return v.checkOxum()
}

func (v *run) checkBagList(name string, want func(string) bool) error {
	b, err := v.readSmall(name, asic.MaxManifest)
	if err != nil {
		return err
	}
	listed, err := asic.ParseBag(b)
	if err != nil {
		return err
	}
	n := 0
	for _, o := range v.objects {
		if !want(o.Name) {
			continue
		}
		n++
		if sum, has := listed[o.Name]; !has || sum != o.SHA256 {
			return fault.New(fault.Invalid, "%s does not list %s with its digest.", name, o.Name)
		}
	}
	if n != len(listed) {
		return fault.New(fault.Invalid, "%s lists files that do not belong there.", name)
	}
	return nil
}

func (v *run) checkOxum() (string, error) {
	b, err := v.readSmall(asic.BagInfoName, 64<<10)
	if err != nil {
		return "", err
	}
	var octets, files int64
	for _, o := range v.objects {
		if isData(o.Name) {
			s, err := v.digest(o.Name)
			if err != nil {
				return "", err
			}
			octets, files = octets+s.size, files+1
		}
	}
	if want := fmt.Sprintf("\nPayload-Oxum: %d.%d\n", octets, files); !bytes.Contains(b, []byte(want)) {
		return "", fault.New(fault.Invalid, "bag-info.txt does not give the payload's size and number of files.")
	}
	return "", nil
}

// audit checks that the export stands in the audit log.
func (v *run) audit() {
	v.r.do("audit", "The audit log holds the event that commits to these contents.", func() (string, error) {
		entry, err := v.readSmall("data/audit/export.sealed.json", audit.MaxEntry)
		if err != nil {
			return "", err
		}
		text, err := v.readSmall("data/audit/export.tlog-proof", 1<<20)
		if err != nil {
			return "", err
		}
		s, err := v.digest(exportName)
		if err != nil {
			return "", err
		}
		facts := map[string]string{"export_id": v.export.ExportID, "export_json_sha256": hex.EncodeToString(s.sha256[:])}
		index, c, err := v.proof(proofOf{"export.sealed", entry, text, facts, v.export.Audit.EventID})
		if err != nil {
			return "", err
		}
		v.r.LogIndex, v.sealed = &index, &c
		return fmt.Sprintf("entry %d of %d of %s%s", index, c.Size, c.Origin, cosigners(c)), nil
	})
	if len(v.o.LogKeys) == 0 {
		v.r.add(Check{"log-key", "The log's key comes from you.", Warn,
			"No log key was given; the one in the bundle was used. Give the published one with --log-vkey."})
	}
}

// proofOf is a claim that an event with these facts is in the log.
type proofOf struct {
	kind        string
	entry, text []byte
	facts       map[string]string
	eventID     string // empty: any
}

func (v *run) proof(p proofOf) (index uint64, c audit.SignedCheckpoint, err error) {
	rec, err := audit.ParseEntry(p.entry)
	if err != nil {
		return 0, c, fault.Because(fault.Invalid, err, "The audit entry is not in its canonical form.")
	}
	if rec.Kind != p.kind {
		return 0, c, fault.New(fault.Invalid, "The audit entry is of another event (%s in place of %s).", rec.Kind, p.kind)
	}
	if p.eventID != "" && string(rec.ID) != p.eventID {
		return 0, c, fault.New(fault.Invalid, "The audit entry is another event than the one export.json names.")
	}
	for name, want := range p.facts {
		if rec.Facts[name] != want {
			return 0, c, fault.New(fault.Invalid, "The audit entry does not commit to this bundle: its %s differs.", name)
		}
	}
	trust, err := v.logTrust()
	if err != nil {
		return 0, c, err
	}
	c, index, err = audit.VerifyProof(p.entry, p.text, trust)
	if err != nil {
		return 0, c, fault.Because(fault.Invalid, err, "The proof does not show that the entry is in the log: %s.", err)
	}
	if v.export.Audit.LogOrigin != "" && audit.EpochOf(v.export.Audit.LogOrigin, c.Origin) == 0 {
		return 0, c, fault.New(fault.Invalid, "The proof is of another log than export.json names.")
	}
	return index, c, nil
}

// cosigners names the witnesses that have cosigned a checkpoint, of those given.
func cosigners(c audit.SignedCheckpoint) string {
	var names []string
	for _, s := range c.Cosigned {
		names = append(names, s.Name)
	}
	if slices.Sort(names); len(names) == 0 {
		return ""
	}
	return ", cosigned by " + strings.Join(slices.Compact(names), ", ")
}

// logTrust takes the given keys or, for want of any, those in the bundle; witnesses
// are only those that are given.
func (v *run) logTrust() (t audit.Trust, err error) {
	t.Witnesses, t.Quorum = v.o.Witnesses, v.o.Quorum
	keys := v.o.LogKeys
	if len(keys) == 0 {
		b, err := v.readSmall("data/audit/log-key.txt", 64<<10)
		if err != nil {
			return t, err
		}
		keys = strings.Split(strings.TrimSpace(string(b)), "\n")
	}
	var first string
	for _, k := range keys {
		if k = strings.TrimSpace(k); k == "" || strings.HasPrefix(k, "#") {
			continue
		}
		var n note.Verifier
		if n, err = audit.NewVerifier(k); err != nil {
			continue // a witness's key, of another kind
		}
		if first == "" {
			first = n.Name()
		}
		if n.Name() == first {
			t.Log = append(t.Log, n)
		}
	}
	if len(t.Log) == 0 {
		return t, fault.New(fault.Invalid, "There is no readable verifier key of the audit log.")
	}
	return t, nil
}

// releaseZip is the set of files that was encrypted: it is unpacked into a
// folder of its own, which is removed at the end.
func (v *run) releaseZip(path string) error {
	if v.r.Kind == "" {
		v.r.Kind = "release set"
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	st, err := f.Stat()
	if err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(v.o.TempDir, "lerd-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // best effort; the folder is private
	if !v.r.do("release", "The release set holds a container and its sidecars, and nothing else.", func() (string, error) {
		return v.unpack(f, st.Size(), tmp, filepath.Dir(path))
	}) {
		return nil
	}
	found, err := filepath.Glob(filepath.Join(tmp, "*.asice"))
	if err != nil || len(found) != 1 {
		return err
	}
	return v.containerFile(found[0], tmp)
}

// unpack writes the release set's files to tmp, together with the proof of
// release when one lies beside the set.
func (v *run) unpack(f *os.File, size int64, tmp, beside string) (string, error) {
	a, err := asic.Open(f, size, v.o.Limits)
	if err != nil {
		return "", err
	}
	container := a.Entries[0].Name
	if !containerName.MatchString(container) {
		return "", fault.New(fault.Invalid, "The first file of the set must be a container like EXP-2026-000123.asice.")
	}
	for _, e := range a.Entries {
		if suffix, ok := strings.CutPrefix(e.Name, container); !ok || suffix != "" && suffix != ".p7s" && suffix != ".tsr" {
			return "", fault.New(fault.Invalid, "%s does not belong to the set.", e.Name)
		}
		if err := unpackEntry(e, filepath.Join(tmp, e.Name)); err != nil {
			return "", err
		}
	}
	id := strings.TrimSuffix(container, ".asice")
	for _, suffix := range []string{".tlog-proof", ".released.json"} {
		b, err := readBeside(filepath.Join(beside, id+suffix), 1<<20)
		if err != nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(tmp, id+suffix), b, 0o600); err != nil {
			return "", err
		}
	}
	return plural(len(a.Entries), "file"), nil
}

func unpackEntry(e *asic.Entry, path string) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, e.Open())
	return errors.Join(err, out.Close())
}

// encrypted decrypts a .p7m or .age and goes on with the release set inside.
func (v *run) encrypted(path string) error {
	v.r.Kind = "encrypted release set"
	if !v.canDecrypt(path) {
		return nil
	}
	src, err := os.Open(path)
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	tmp, err := os.MkdirTemp(v.o.TempDir, "lerd-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp) //nolint:errcheck // best effort; the folder is private
	name := filepath.Join(tmp, strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	if !v.r.do("decrypt", "The file opens with your key.", func() (string, error) {
		dst, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return "", err
		}
		return v.decrypt(dst, src)
	}) {
		return nil
	}
	id := strings.TrimSuffix(filepath.Base(name), ".zip")
	for _, suffix := range []string{".tlog-proof", ".released.json"} {
		if b, err := readBeside(filepath.Join(filepath.Dir(path), id+suffix), 1<<20); err == nil {
			if err := os.WriteFile(filepath.Join(tmp, id+suffix), b, 0o600); err != nil {
				return err
			}
		}
	}
	return v.releaseZip(name)
}
