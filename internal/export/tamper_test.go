package export

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/bundle"
	"lerd/internal/export/asic"
	"lerd/internal/export/cms"
	"lerd/internal/export/tsp"
	"lerd/internal/export/verify"
)

// file is an entry of a container that is built anew with changes.
type file struct {
	name   string
	b      []byte
	stored bool
}

// files takes a container apart, in order.
func files(t testing.TB, path string) []file {
	t.Helper()
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []file
	for _, e := range r.File {
		rc, err := e.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, file{e.Name, b, e.Method == zip.Store})
	}
	return out
}

// pack builds a container the way the standard library does not refuse.
func pack(t testing.TB, fs []file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range fs {
		var packed bytes.Buffer
		d := asic.NewDeflater(&packed, f.name)
		d.Write(f.b)
		p, err := d.Close()
		if err != nil {
			t.Fatal(err)
		}
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, CreatorVersion: 20, ReaderVersion: 20, CRC32: p.CRC32, CompressedSize64: uint64(p.Compressed), UncompressedSize64: uint64(p.Size)}
		data := packed.Bytes()
		if f.stored {
			h.Method, h.CompressedSize64, data = zip.Store, uint64(len(f.b)), f.b
		}
		out, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func at(fs []file, name string) *file {
	for i := range fs {
		if fs[i].name == name {
			return &fs[i]
		}
	}
	panic(name)
}

// reseal lists every file again and signs with the given signer: what somebody
// with a key, but not with the right contents, could do.
func (d *desk) reseal(fs []file, s cms.Signer, tsa TSA, crls [][]byte) []file {
	d.t.Helper()
	var objects []asic.Object
	var payload, tags []asic.Part
	for _, f := range fs {
		if f.name == asic.MimetypeName || strings.HasPrefix(f.name, "META-INF/") || f.name == asic.BagManifest || f.name == asic.TagManifest {
			continue
		}
		p := asic.StoredPart(f.name, f.b)
		if strings.HasPrefix(f.name, "data/") {
			payload = append(payload, p)
		} else {
			tags = append(tags, p)
		}
	}
	at(fs, asic.BagManifest).b = asic.FormatBag(payload)
	tags = append(tags, asic.StoredPart(asic.BagManifest, at(fs, asic.BagManifest).b))
	at(fs, asic.TagManifest).b = asic.FormatBag(tags)
	for _, f := range fs {
		if f.name != asic.MimetypeName && !strings.HasPrefix(f.name, "META-INF/") {
			objects = append(objects, asic.Object{Name: f.name, MediaType: "text/plain", SHA256: sha256.Sum256(f.b)})
		}
	}
	manifest := asic.FormatManifest(objects)
	at(fs, asic.ManifestName).b = manifest
	r := SealRequest{Signer: s, TSA: tsa, CRLs: crls, TSAChain: []*x509.Certificate{d.pki.TSA.Cert, d.pki.TSARoot.Cert}}
	sig, err := d.maker.signature(context.Background(), &r, sha256.Sum256(manifest))
	d.must(err)
	at(fs, asic.SignatureName).b = sig
	return fs
}

// TestTamperMatrix changes one thing at a time and looks for the check that
// must notice it.
func TestTamperMatrix(t *testing.T) {
	d := newDesk(t)
	s := d.seal(3, 30)
	path := d.clear(s)
	whole, err := os.ReadFile(path)
	d.must(err)
	crls, err := d.pki.CRLs(now)
	d.must(err)
	stranger := *d
	stranger.maker = &Maker{Dir: t.TempDir(), Now: d.maker.Now, Rand: d.maker.Rand, Version: d.maker.Version}
	foreign := openContainer(t, stranger.clear(stranger.seal(4, 31)))
	honest := func(fs []file) []file { return d.reseal(fs, d.signer, d.tsa, crls) }
	edit := func(name, old, new string) func([]file) []file {
		return func(fs []file) []file {
			f := at(fs, name)
			if !bytes.Contains(f.b, []byte(old)) {
				t.Fatalf("%s has no %q", name, old)
			}
			f.b = bytes.Replace(f.b, []byte(old), []byte(new), 1)
			return fs
		}
	}
	both := func(edits ...func([]file) []file) func([]file) []file {
		return func(fs []file) []file {
			for _, e := range edits {
				fs = e(fs)
			}
			return fs
		}
	}
	add := func(f file, i int) func([]file) []file {
		return func(fs []file) []file { return slices.Insert(fs, i, f) }
	}
	drop := func(name string) func([]file) []file {
		return func(fs []file) []file { return slices.DeleteFunc(fs, func(f file) bool { return f.name == name }) }
	}
	for _, c := range []struct {
		name, check string
		change      func([]file) []file
	}{
		{"CSV octet", "digests", edit("data/records/ip_addresses.csv", "I-1000000004-", "I-100000000x-")},
		{"manifest octet", "seal", edit(asic.ManifestName, "text/csv", "text/css")},
		{"manifest not canonical", "manifest", edit(asic.ManifestName, "\n</ASiC", "\n\n</ASiC")},
		{"weak digest in the manifest", "manifest", edit(asic.ManifestName, "2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1")},
		{"time stamp octet", "stamp", func(fs []file) []file { f := at(fs, asic.SignatureName); f.b[len(f.b)-4] ^= 1; return fs }},
		{"unsigned file", "manifest", add(file{"data/extra.txt", []byte("x"), false}, 4)},
		{"unsigned file in META-INF", "manifest", add(file{"META-INF/ASiCManifest002.xml", []byte("x"), true}, 4)},
		{"file removed", "manifest", drop("VERIFY.txt")},
		{"mimetype removed", "container", drop("mimetype")},
		{"mimetype second", "container", func(fs []file) []file { fs[0], fs[1] = fs[1], fs[0]; return fs }},
		{"mimetype compressed", "container", func(fs []file) []file { fs[0].stored = false; return fs }},
		{"mimetype of another kind", "mimetype", func(fs []file) []file { fs[0].b = []byte("application/zip"); return fs }},
		{"name doubled", "container", add(file{"data/export.json", []byte("{}"), false}, 4)},
		{"name doubled but for case", "container", add(file{"data/Export.json", []byte("{}"), false}, 4)},
		{"path leads out", "container", add(file{"data/../../evil", []byte("x"), false}, 4)},
		{"absolute path", "container", add(file{"/etc/passwd", []byte("x"), false}, 4)},
		{"name in other letters", "container", add(file{"data/ехport.json", []byte("x"), false}, 4)},
		{"backslash", "container", add(file{`data\x`, []byte("x"), false}, 4)},
		{"bomb", "container", add(file{"data/zeros.bin", make([]byte, 4<<20), false}, 4)},
		{"resealed: CSV and JSON disagree", "records", both(edit("data/records/ip_addresses.csv", ",login,", ",logout,"), honest)},
		{"resealed: extra column", "records", both(edit("data/records/ip_addresses.csv", "retrieved_at_utc\r\n", "retrieved_at_utc,message\r\n"), honest)},
		{"resealed: row only in JSON", "records", both(func(fs []file) []file {
			f := at(fs, "data/records/ip_addresses.csv")
			lines := bytes.SplitAfter(f.b, []byte("\r\n"))
			f.b = bytes.Join(lines[:len(lines)-2], nil)
			return fs
		}, honest)},
		{"resealed: other subject", "export", both(edit("data/export.json", `"S-1"`+"\n    ]", `"S-2"`+"\n    ]"), honest)},
		{"resealed: a person in two parts", "custody", both(edit("data/custody.json", `"by": "a0a0"`, `"by": "17aa"`), honest)},
		{"resealed: a step that export.json does not have", "custody", both(edit("data/custody.json", `"why": "reviewed"`, `"why": "read"`), honest)},
		{"resealed: mark of another copy", "export", both(edit("data/export.json", bundle.Mark(eventID), bundle.Mark("another")), honest)},
		{"resealed: record of another copy", "records", both(edit("data/records/ip_addresses.csv", "I-1000000004-"+bundle.Mark(eventID), "I-1000000004-"+bundle.Mark("another")), honest)},
		{"resealed: counts", "counts", both(edit("data/export.json", `"rows": 33`, `"rows": 34`), honest)},
		{"resealed: contents other than logged", "audit", both(edit("data/export.json", "Köln", "Bonn"), honest)},
		{"resealed: entry of another event", "audit", both(edit("data/audit/export.sealed.json", `"kind":"export.sealed"`, `"kind":"export.other"`), honest)},
		{"resealed: proof of another leaf", "audit", both(edit("data/audit/export.tlog-proof", "index 1", "index 0"), honest)},
		{"resealed: bag manifest", "bag", both(edit(asic.BagInfoName, "Payload-Oxum: ", "Payload-Oxum: 1"), honest)},
		{"resealed with the time-stamping key", "certificate", func(fs []file) []file {
			ts, err := d.pki.TSASigner()
			d.must(err)
			return d.reseal(fs, ts, d.tsa, crls)
		}},
		{"resealed without time stamp", "stamp", func(fs []file) []file { return d.reseal(fs, d.signer, nil, crls) }},
		{"time stamp of another signature", "stamp", func(fs []file) []file {
			other, err := d.tsa.Stamp(context.Background(), sha256.Sum256([]byte("other")))
			d.must(err)
			return d.reseal(fs, d.signer, replay{other}, crls)
		}},
		{"entries reordered", "manifest", func(fs []file) []file { fs[5], fs[6] = fs[6], fs[5]; return fs }},
		{"signature before what it signs", "manifest", func(fs []file) []file {
			n := len(fs)
			fs[n-1], fs[n-2] = fs[n-2], fs[n-1]
			return fs
		}},
		{"signature of another bundle", "seal", func(fs []file) []file {
			at(fs, asic.SignatureName).b = foreign[asic.SignatureName]
			return fs
		}},
		{"manifest and signature of another bundle", "digests", func(fs []file) []file {
			at(fs, asic.ManifestName).b, at(fs, asic.SignatureName).b = foreign[asic.ManifestName], foreign[asic.SignatureName]
			return fs
		}},
		{"proof of another bundle", "audit", both(func(fs []file) []file {
			for _, name := range []string{"data/audit/export.sealed.json", "data/audit/export.tlog-proof"} {
				at(fs, name).b = foreign[name]
			}
			return fs
		}, honest)},
		{"a name in decomposed letters", "container", add(file{"data/e\u0301xport.json", []byte("x"), false}, 4)},
		{"a name in full width", "container", add(file{"data/\uff45xport.json", []byte("x"), false}, 4)},
		{"seal revoked before its time stamp", "certificate", func(fs []file) []file {
			d.pki.Revoked[d.pki.Seal.Cert.SerialNumber.String()] = now.Add(-time.Hour)
			defer delete(d.pki.Revoked, d.pki.Seal.Cert.SerialNumber.String())
			named, err := d.pki.CRLs(now)
			d.must(err)
			return d.reseal(fs, d.signer, d.tsa, named)
		}},
		{"expired seal", "certificate", func(fs []file) []file {
			late := now.AddDate(3, 0, 0) // the seal has two years
			tsa := &tsp.Authority{Signer: d.tsa.Signer, Now: func() time.Time { return late }, Rand: rand.Reader}
			lists, err := d.pki.CRLs(late)
			d.must(err)
			return d.reseal(fs, d.signer, tsa, lists)
		}},
		{"stale lists", "certificate", func(fs []file) []file {
			old, err := d.pki.CRLs(now.Add(-30 * 24 * time.Hour))
			d.must(err)
			return d.reseal(fs, d.signer, d.tsa, old)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			changed := filepath.Join(dir, s.Container)
			d.must(os.WriteFile(changed, pack(t, c.change(files(t, path))), 0o600))
			d.expect(t, changed, c.check)
		})
	}
	for name, b := range map[string][]byte{"trailing octets": append(bytes.Clone(whole), "junk"...),
		"prefix": append([]byte("junk"), whole...), "cut": whole[:len(whole)-30], "empty": {}, "two archives": append(bytes.Clone(whole), whole...)} {
		t.Run(name, func(t *testing.T) {
			changed := filepath.Join(t.TempDir(), s.Container)
			d.must(os.WriteFile(changed, b, 0o600))
			d.expect(t, changed, "container")
		})
	}
	t.Run("repacked unchanged is still valid", func(t *testing.T) {
		same := filepath.Join(t.TempDir(), s.Container)
		d.must(os.WriteFile(same, pack(t, files(t, path)), 0o600))
		if r := d.verify(same); !r.OK {
			show(t, r)
			t.Error("the matrix proves nothing when an unchanged container fails too")
		}
	})
}

// replay gives the same stamp whatever it is asked.
type replay struct{ s *tsp.Stamp }

func (r replay) Stamp(context.Context, tsp.Digest) (*tsp.Stamp, error) { return r.s, nil }

func (d *desk) expect(t *testing.T, path, check string) {
	t.Helper()
	r := d.verify(path)
	if r.OK || !slices.Contains(r.Failed(), check) {
		show(t, r)
		t.Errorf("check %q must fail; failed: %v", check, r.Failed())
	}
}

// TestEveryFlippedOctetOfAContainer changes octets all over the file. Nothing
// may go unnoticed but what no check can see: the copies of the roots.
func TestEveryFlippedOctetOfAContainer(t *testing.T) {
	d := newDesk(t)
	s := d.seal(1, 2)
	path := d.clear(s)
	whole, err := os.ReadFile(path)
	d.must(err)
	dir := t.TempDir()
	step := max(1, len(whole)/150)
	for i := 0; i < len(whole); i += step {
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		changed := filepath.Join(dir, s.Container)
		d.must(os.WriteFile(changed, bad, 0o600))
		r := d.verify(changed)
		if r.OK && !d.harmless(whole, i) {
			show(t, r)
			t.Fatalf("octet %d of %d changed unnoticed", i, len(whole))
		}
	}
}

// harmless: the enclosed copies of the roots are not what is trusted. The seal
// beside the container is over them too.
func (d *desk) harmless(b []byte, i int) bool {
	for _, root := range d.roots() {
		for from, rest := 0, b; ; {
			at := bytes.Index(rest, root.Raw)
			if at < 0 {
				break
			}
			if from += at; i >= from && i < from+len(root.Raw) {
				return true
			}
			from++
			rest = b[from:]
		}
	}
	return false
}

// TestBothSealsAreOfOneKey puts a good seal of somebody else, whom the verifier
// trusts as well, beside the container: an agency that knows two platforms.
func TestBothSealsAreOfOneKey(t *testing.T) {
	d, other := newDesk(t), newDesk(t)
	path := d.clear(d.seal(1, 5))
	container, err := os.ReadFile(path)
	d.must(err)
	p, err := other.maker.Prepare(context.Background(), other.content(1, 5))
	d.must(err)
	r := other.sealRequest(p)
	seal, err := other.maker.signature(context.Background(), &r, sha256.Sum256(container))
	d.must(err)
	d.must(os.WriteFile(path+".p7s", seal, 0o600))
	report, err := verify.Verify(context.Background(), path, verify.Options{Roots: append(d.roots(), other.roots()...), LogKeys: []string{d.vkey}, Now: now})
	d.must(err)
	var failed []string
	for _, c := range report.Checks {
		if c.Result == verify.Fail {
			failed = append(failed, c.ID)
		}
	}
	if !slices.Equal(failed, []string{"sidecar.signer"}) {
		t.Errorf("failed: %v", failed)
	}
}

func TestSidecarsAndTrust(t *testing.T) {
	d := newDesk(t)
	s := d.seal(1, 5)
	path := d.clear(s)
	sidecar := path + ".p7s"
	good, err := os.ReadFile(sidecar)
	d.must(err)
	inner := openContainer(t, path)[asic.SignatureName]
	d.must(os.WriteFile(sidecar, inner, 0o600))
	d.expect(t, path, "sidecar.seal")
	d.must(os.WriteFile(sidecar, good, 0o600))
	tsr := path + ".tsr"
	other, err := d.tsa.Stamp(context.Background(), sha256.Sum256(nil))
	d.must(err)
	stampGood, err := os.ReadFile(tsr)
	d.must(err)
	d.must(os.WriteFile(tsr, other.Response, 0o600))
	d.expect(t, path, "sidecar.tsr")
	d.must(os.WriteFile(tsr, stampGood, 0o600))
	stranger := newDesk(t)
	for name, c := range map[string]struct {
		o     verify.Options
		check string
	}{
		"no root":       {verify.Options{Now: now, LogKeys: []string{d.vkey}}, "certificate"},
		"foreign root":  {verify.Options{Now: now, Roots: stranger.roots(), LogKeys: []string{d.vkey}}, "certificate"},
		"other log key": {verify.Options{Now: now, Roots: d.roots(), LogKeys: []string{stranger.vkey}}, "audit"},
	} {
		r, err := verify.Verify(context.Background(), path, c.o)
		d.must(err)
		if r.OK || !slices.Contains(r.Failed(), c.check) {
			t.Errorf("%s: failed %v, want %s", name, r.Failed(), c.check)
		}
	}
	d.pki.Revoked[d.pki.Seal.Cert.SerialNumber.String()] = now.Add(-time.Hour)
	lists, err := d.pki.CRLs(now)
	d.must(err)
	crl, err := x509.ParseRevocationList(lists[1])
	d.must(err)
	r, err := verify.Verify(context.Background(), path, verify.Options{Now: now, Roots: d.roots(), CRLs: []*x509.RevocationList{crl}})
	d.must(err)
	if r.OK || !slices.Contains(r.Failed(), "certificate") {
		t.Error("a seal revoked before its time stamp must fail")
	}
	later, err := verify.Verify(context.Background(), path, verify.Options{Now: now.AddDate(20, 0, 0), Roots: d.roots(), LogKeys: []string{d.vkey}})
	d.must(err)
	if !later.OK {
		show(t, later)
		t.Error("a stamped bundle must hold after its certificates have expired")
	}
}
