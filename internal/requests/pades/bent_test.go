package pades_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"lerd/internal/export/demopki"
	"lerd/internal/fault"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/pades"
	"lerd/internal/testkit/pdfs"
)

// No changed byte of what is signed leaves a signature verified, whether the
// file is still taken or not.
func TestNoChangedByteIsVerified(t *testing.T) {
	c := newCourt(t)
	pdf := pdfs.New().Sign(pdfs.Signing{Sign: c.sign("LT"), Room: 6000}).Bytes()
	hole := bytes.Index(pdf, []byte("/Contents <"))
	end := bytes.IndexByte(pdf[hole:], '>') + hole
	for i := range pdf {
		if i > hole+len("/Contents ") && i < end {
			continue
		}
		bent := bytes.Clone(pdf)
		bent[i] ^= 1
		r, err := pades.Validate(t.Context(), bent, c.trust(), now)
		if err == nil && r.Result == pades.Verified {
			t.Fatalf("byte %d of %d changed, still verified", i, len(pdf))
		}
		if err == nil && r.Result == pades.None && !bytes.Contains(bent, []byte("ByteRange")) && bytes.Contains(bent, []byte("/Contents <3")) {
			t.Fatalf("byte %d: the signature passes for none", i)
		}
	}
}

// FuzzValidate bends a signed file: whatever comes out verified has to be the
// file that was signed, but for what lies in the CMS and is checked apart.
func FuzzValidate(f *testing.F) {
	c := newCourt(f)
	pdf := pdfs.New().Sign(pdfs.Signing{Sign: c.sign("LT"), Room: 6000}).Bytes()
	hole := bytes.Index(pdf, []byte("/Contents <"))
	end := bytes.IndexByte(pdf[hole:], '>') + hole
	f.Add(uint32(40), []byte("x"), uint32(1))
	f.Add(uint32(len(pdf)), []byte("\n1 0 obj\n<< >>\nendobj\n"), uint32(0))
	f.Fuzz(func(t *testing.T, at uint32, put []byte, cut uint32) {
		i := int(at) % (len(pdf) + 1)
		j := min(len(pdf), i+int(cut%64))
		bent := append(append(bytes.Clone(pdf[:i]), put...), pdf[j:]...)
		if _, err := orderdoc.CheckBytes(t.Context(), bent, orderdoc.Upload{}, orderdoc.DefaultLimits()); err != nil {
			return
		}
		r, err := pades.Validate(t.Context(), bent, c.trust(), now)
		if err != nil || r.Result != pades.Verified {
			return
		}
		if len(bent) < end || !bytes.Equal(bent[:hole], pdf[:hole]) || !bytes.Equal(bytes.TrimRight(bent[end:], "\x00\t\n\f\r "), bytes.TrimRight(pdf[end:], "\n")) {
			t.Errorf("verified with %q at %d for %d bytes", put, i, j-i)
		}
	})
}

// FuzzCMS puts foreign bytes where a signature stands.
func FuzzCMS(f *testing.F) {
	c := newCourt(f)
	var right []byte
	pdfs.New().Sign(pdfs.Signing{Sign: func(b []byte) []byte { right = c.sign("LT")(b); return right }})
	f.Add(right)
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		if len(der) > 12_000 {
			return
		}
		doc := pdfs.NewWith("BT (another) Tj ET").Sign(pdfs.Signing{Sign: func([]byte) []byte { return der }})
		r, err := pades.Validate(t.Context(), doc.Bytes(), c.trust(), now)
		if err != nil || r.Result != pades.Failed && r.Result != pades.Unverifiable {
			t.Errorf("%+v %v", r, err)
		}
	})
}

func TestTheFolderOfAnchors(t *testing.T) {
	c, other := newCourt(t), newCourt(t)
	list := c.lists()[1]
	pem := func(certs ...*x509.Certificate) *fstest.MapFile {
		return &fstest.MapFile{Data: demopki.CertsPEM(certs...)}
	}
	s, err := pades.Load(fstest.MapFS{"eu.pem": pem(other.pki.Root.Cert), "DE/court.pem": pem(c.pki.Issuing.Cert), "DE/court.crl": {Data: list},
		"timestamps/tsa.pem": pem(c.pki.TSARoot.Cert), "README.txt": {Data: []byte("x")}})
	if err != nil {
		t.Fatal(err)
	}
	if s.Anchors("DE") != 2 || s.Anchors("FR") != 1 || len(s.For("de").CRLs) != 1 || len(s.For("FR").CRLs) != 0 || len(s.For("FR").Stamps) != 1 {
		t.Errorf("%d %d %+v", s.Anchors("DE"), s.Anchors("FR"), s.For("FR"))
	}
	pdf := pdfs.New().Sign(pdfs.Signing{Sign: c.sign("T")}).Bytes()
	if got := verdict(t, pdf, s.For("DE"), now); got != "verified []" {
		t.Errorf("by an issuing authority on a national list: %s", got)
	}
	if got := verdict(t, pdf, s.For("FR"), now); got != "unverifiable [untrusted]" {
		t.Errorf("by an authority of another country: %s", got)
	}
	for name, fsys := range map[string]fstest.MapFS{
		"damaged":            {"DE/x.pem": {Data: []byte("nothing")}},
		"no authority":       {"x.pem": pem(c.pki.Seal.Cert)},
		"damaged list":       {"x.crl": {Data: []byte("nothing")}},
		"folder of no known": {"Germany/x.pem": pem(c.pki.Root.Cert)},
	} {
		if _, err := pades.Load(fsys); fault.KindOf(err) != fault.Invalid || strings.Contains(fault.Message(err), "went wrong") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s, err := pades.Load(os.DirFS(t.TempDir() + "/none")); err != nil || s.Anchors("DE") != 0 {
		t.Errorf("no folder: %v", err)
	}
}
