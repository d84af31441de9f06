package pades_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/export/demopki"
	"lerd/internal/export/tsp"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/requests/pades"
	"lerd/internal/testkit/pdfs"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// court signs as a court of these tests does.
type court struct {
	t   testing.TB
	pki *demopki.PKI
	now time.Time
}

func newCourt(t testing.TB) court { return newCourtAt(t, now) }

func newCourtAt(t testing.TB, now time.Time) court {
	t.Helper()
	p, err := demopki.New(demopki.Options{Organisation: "Court", URL: "http://court.example", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return court{t, p, now}
}

// realNow is for signatures of programs that have a clock of their own.
func realNow() time.Time { return time.Now().UTC().Truncate(time.Second) }

// level is how much a signature carries: "B", "T", "LT".
func (c court) sign(level string) func([]byte) []byte { return c.signAt(level, now) }

func (c court) signAt(level string, at time.Time) func([]byte) []byte {
	return func(covered []byte) []byte {
		signer, err := c.pki.Signer()
		if err != nil {
			c.t.Fatal(err)
		}
		r := cms.SignRequest{Digest: sha256.Sum256(covered), Signer: signer, SigningTime: at, Rand: rand.Reader}
		if level != "B" {
			r.Stamp = c.stamp(at)
		}
		if level == "LT" {
			if r.CRLs, err = c.pki.CRLs(at); err != nil {
				c.t.Fatal(err)
			}
			r.Certs = []*x509.Certificate{c.pki.TSA.Cert, c.pki.TSARoot.Cert}
		}
		der, err := cms.Sign(context.Background(), r)
		if err != nil {
			c.t.Fatal(err)
		}
		return der
	}
}

func (c court) stamp(at time.Time) func(context.Context, [32]byte) ([]byte, error) {
	signer, err := c.pki.TSASigner()
	if err != nil {
		c.t.Fatal(err)
	}
	tsa := &tsp.Authority{Signer: signer, Now: func() time.Time { return at }, Rand: rand.Reader}
	return func(ctx context.Context, d [32]byte) ([]byte, error) {
		s, err := tsa.Stamp(ctx, d)
		if err != nil {
			return nil, err
		}
		return s.Token, nil
	}
}

// docStamp makes a time stamp over a whole document.
func (c court) docStamp(at time.Time) func([]byte) []byte {
	return func(covered []byte) []byte {
		token, err := c.stamp(at)(context.Background(), sha256.Sum256(covered))
		if err != nil {
			c.t.Fatal(err)
		}
		return token
	}
}

func (c court) trust() pades.Trust {
	return pades.Trust{Roots: []*x509.Certificate{c.pki.Root.Cert}, Stamps: []*x509.Certificate{c.pki.TSARoot.Cert}}
}

func (c court) lists() [][]byte {
	lists, err := c.pki.CRLs(c.now)
	if err != nil {
		c.t.Fatal(err)
	}
	return lists
}

// verdict says a report in one line.
func verdict(t testing.TB, pdf []byte, trust pades.Trust, at time.Time) string {
	t.Helper()
	if _, err := orderdoc.CheckBytes(t.Context(), pdf, orderdoc.Upload{}, orderdoc.DefaultLimits()); err != nil {
		return "refused " + orderdoc.CodeOf(err)
	}
	r, err := pades.Validate(t.Context(), pdf, trust, at)
	if err != nil {
		return "error " + err.Error()
	}
	out := string(r.Result)
	for _, s := range r.Signatures {
		var why []string
		for _, x := range s.Reasons {
			why = append(why, string(x))
		}
		slices.Sort(why)
		out += fmt.Sprintf(" [%s]", strings.Join(why, " "))
	}
	return out
}

func TestSignaturesAreJudged(t *testing.T) {
	c, other := newCourt(t), newCourt(t)
	signed := func(level string) *pdfs.Doc { return pdfs.New().Sign(pdfs.Signing{Sign: c.sign(level)}) }
	revoked := newCourt(t)
	revoked.pki.Revoked[revoked.pki.Seal.Cert.SerialNumber.String()] = now.Add(-time.Minute)
	later := newCourt(t)
	later.pki.Revoked[later.pki.Seal.Cert.SerialNumber.String()] = now.Add(time.Minute)
	for _, x := range []struct {
		name  string
		doc   *pdfs.Doc
		trust pades.Trust
		at    time.Time
		want  string
	}{
		{"no signature", pdfs.New(), c.trust(), now, ""},
		{"valid, long-term", signed("LT"), c.trust(), now, "verified []"},
		{"valid, long-term, years later", signed("LT"), c.trust(), now.AddDate(4, 0, 0), "verified []"},
		{"valid, visible", pdfs.New().Sign(pdfs.Signing{Sign: c.sign("LT"), Visible: true}), c.trust(), now, "verified []"},
		{"valid, elder form", pdfs.New().Sign(pdfs.Signing{Sign: c.sign("LT"), SubFilter: "adbe.pkcs7.detached"}), c.trust(), now, "verified []"},
		{"lists in the security store", signed("T").Store(nil, c.lists(), nil), c.trust(), now, "verified []"},
		{"lists on file", signed("B"), withLists(t, c), now, "verified []"},
		{"lists, then a time stamp over all", signed("T").Store(nil, c.lists(), nil).Sign(pdfs.Signing{Type: "DocTimeStamp", SubFilter: "ETSI.RFC3161", Sign: c.docStamp(now)}), c.trust(), now, "verified [] []"},
		{"nothing shows that it is not revoked", signed("T"), c.trust(), now, "unverifiable [not_shown]"},
		{"no anchors", signed("LT"), pades.Trust{}, now, "unverifiable [no_anchors stamp_unknown]"},
		{"another's anchor", signed("LT"), other.trust(), now, "unverifiable [stamp_unknown untrusted]"},
		{"signed by itself", pdfs.New().Sign(pdfs.Signing{Sign: selfSigned(t)}), c.trust(), now, "unverifiable [untrusted]"},
		{"expired, without a time stamp", signed("B"), withLists(t, c), now.AddDate(4, 0, 0), "unverifiable [expired]"},
		{"the time stamp is of nobody on file", signed("LT"), pades.Trust{Roots: c.trust().Roots}, now, "unverifiable [stamp_unknown]"},
		{"claims a time after its certificate's end", pdfs.New().Sign(pdfs.Signing{Sign: c.signAt("B", now.AddDate(3, 0, 0))}), withLists(t, c), now, "failed [outlived]"},
		{"revoked", pdfs.New().Sign(pdfs.Signing{Sign: revoked.sign("LT")}), revoked.trust(), now, "failed [revoked]"},
		{"revoked afterwards", pdfs.New().Sign(pdfs.Signing{Sign: later.sign("LT")}), later.trust(), now, "verified []"},
		{"two signers", signed("LT").Sign(pdfs.Signing{Sign: c.sign("LT")}), c.trust(), now, "verified [] []"},
		{"two signers, the second is seen", signed("LT").Sign(pdfs.Signing{Sign: c.sign("LT"), Visible: true}), c.trust(), now, "verified [followed] []"},
		{"the second signer is unknown", signed("LT").Sign(pdfs.Signing{Sign: other.sign("LT")}), c.trust(), now, "unverifiable [] [stamp_unknown untrusted]"},
	} {
		if got := verdict(t, x.doc.Bytes(), x.trust, x.at); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}

func withLists(t testing.TB, c court) pades.Trust {
	trust := c.trust()
	for _, der := range c.lists() {
		l, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Fatal(err)
		}
		trust.CRLs = append(trust.CRLs, l)
	}
	return trust
}

// The attacks of Mladenov and others, 2019: universal signature forgery,
// incremental saving, signature wrapping; and of 2021: shadow attacks.
func TestForgeriesFail(t *testing.T) {
	c := newCourt(t)
	sign := pdfs.Signing{Sign: c.sign("LT")}
	bend := func(f func(string) string) *pdfs.Doc {
		s := sign
		s.Dict = f
		return pdfs.New().Sign(s)
	}
	ranged := func(f func([4]int) [4]int) *pdfs.Doc {
		s := sign
		s.Range = f
		return pdfs.New().Sign(s)
	}
	without := func(key string) func(string) string {
		return func(d string) string { return strings.Replace(d, key, "/X", 1) }
	}
	for _, x := range []struct {
		name string
		doc  []byte
		want string
	}{
		{"a changed byte", bytes.Replace(pdfs.New().Sign(sign).Bytes(), []byte("123/26"), []byte("124/26"), 1), "failed [digest]"},
		{"USF: no range", bend(without("/ByteRange")).Bytes(), "failed [malformed]"},
		{"USF: no content", bend(without("/Contents")).Bytes(), "failed [malformed]"},
		{"USF: content null", bend(func(d string) string { return strings.Replace(d, "<HOLE>", "null", 1) }).Bytes(), "failed [malformed]"},
		{"USF: empty content", bend(func(d string) string { return strings.Replace(d, "<HOLE>", "<>", 1) }).Bytes(), "failed [malformed]"},
		{"USF: content in brackets", bend(func(d string) string { return strings.Replace(d, "<HOLE>", "(abcd)", 1) }).Bytes(), "failed [malformed]"},
		{"USF: range null", bend(func(d string) string {
			return strings.Replace(d, "[0 0000000000 0000000000 0000000000]", "null", 1)
		}).Bytes(), "failed [malformed]"},
		{"USF: range of two", bend(func(d string) string { return strings.Replace(d, "[0 0000000000 0000000000 0000000000]", "[0 100]", 1) }).Bytes(), "failed [wrong_range]"},
		{"USF: range negative", bend(func(d string) string {
			return strings.Replace(d, "[0 0000000000 0000000000 0000000000]", "[0 10 20 -1]", 1)
		}).Bytes(), "failed [wrong_range]"},
		{"USF: no type, no range", bend(func(d string) string { return without("/ByteRange")(strings.Replace(d, "/Type /Sig", "", 1)) }).Bytes(), "failed [malformed]"},
		{"a field whose value is nothing", claimed("<< /Foo 1 >>").Bytes(), "failed [malformed]"},
		{"a field whose value is nowhere", claimed("").Bytes(), "failed [malformed]"},
		{"SWA: a wider gap", ranged(func(r [4]int) [4]int { return [4]int{0, r[1], r[2] + 20, r[3] - 20} }).Bytes(), "failed [wrong_range]"},
		{"SWA: an earlier gap", ranged(func(r [4]int) [4]int { return [4]int{0, r[1] - 20, r[2], r[3]} }).Bytes(), "failed [wrong_range]"},
		{"SWA: moved second part", wrapped(c), "failed [wrong_range]"},
		{"not from the first byte", ranged(func(r [4]int) [4]int { return [4]int{1, r[1] - 1, r[2], r[3]} }).Bytes(), "failed [wrong_range]"},
		{"beyond the end", ranged(func(r [4]int) [4]int { return [4]int{0, r[1], r[2], r[3] + 1000} }).Bytes(), "failed [wrong_range]"},
		{"short of the end", ranged(func(r [4]int) [4]int { return [4]int{0, r[1], r[2], r[3] - 40} }).Bytes(), "failed [wrong_range]"},
		{"something else in the room", func() []byte { s := sign; s.Fill = 'a'; return pdfs.New().Sign(s).Bytes() }(), "failed [padded]"},
		{"ISA: another content", appended(sign, map[int]string{4: pdfs.Stream("", "BT /F1 24 Tf 72 700 Td (Order 9) Tj ET")}), "failed [changed_after]"},
		{"ISA: another page", appended(sign, map[int]string{3: "<< /Type /Page /Parent 2 0 R >>"}), "failed [changed_after]"},
		{"ISA: another font", appended(sign, map[int]string{5: "<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"}), "failed [changed_after]"},
		{"ISA: a picture over the page", appended(sign, map[int]string{3: "<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> /Annots [7 0 R 20 0 R] >>",
			20: "<< /Type /Annot /Subtype /Stamp /Rect [0 0 500 500] >>"}), "failed [changed_after]"},
		{"shadow: hide", hideAndReplace(c, sign), "failed [changed_after]"},
		{"shadow: a prepared reference", prepared(c), "failed [changed_after]"},
		{"shadow: the table leads back", tableBack(c), "refused damaged"},
		{"changed, then signed by a stranger", strangerAfter(c, t), "failed [changed_after] [untrusted]"},
		{"SHA-1", pdfs.New().Sign(pdfs.Signing{Sign: c.sign("LT"), SubFilter: "adbe.pkcs7.sha1"}).Bytes(), "unverifiable [unreadable]"},
		{"rubbish for a CMS", pdfs.New().Sign(pdfs.Signing{Sign: func([]byte) []byte { return []byte{0x30, 3, 2, 1, 1} }}).Bytes(), "unverifiable [unreadable]"},
		{"a CMS over its own content", pdfs.New().Sign(pdfs.Signing{Sign: c.docStamp(now)}).Bytes(), "failed [malformed]"},
		{"a time stamp over something else", pdfs.New().Sign(pdfs.Signing{Type: "DocTimeStamp", SubFilter: "ETSI.RFC3161", Sign: func([]byte) []byte { return c.docStamp(now)([]byte("x")) }}).Bytes(), "failed [wrong_stamp]"},
	} {
		if got := verdict(t, x.doc, c.trust(), now); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}

// claimed is a document with a signature field whose value is something else.
func claimed(value string) *pdfs.Doc {
	d := pdfs.New()
	objects := map[int]string{1: "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [7 0 R] /SigFlags 3 >> >>", 7: "<< /FT /Sig /T (S) /V 6 0 R >>"}
	if value != "" {
		objects[6] = value
	}
	d.Append(objects)
	return d
}

func appended(s pdfs.Signing, objects map[int]string) []byte {
	d := pdfs.New().Sign(s)
	d.Append(objects)
	return d.Bytes()
}

// wrapped moves the signed second part behind other bytes.
func wrapped(c court) []byte {
	d := pdfs.New().Sign(pdfs.Signing{Sign: c.sign("LT")})
	d.Append(map[int]string{4: pdfs.Stream("", "BT (x) Tj ET")})
	b := d.Bytes()
	at := bytes.Index(b, []byte("/ByteRange [0 "))
	var r [4]int
	fmt.Sscanf(string(b[at+len("/ByteRange "):]), "[%d %d %d %d]", &r[0], &r[1], &r[2], &r[3])
	copy(b[at+len("/ByteRange "):], fmt.Sprintf("[%d %010d %010d %010d]", 0, r[1], len(b)-r[3], r[3]))
	return b
}

// hideAndReplace signs a page under a cover, which is then taken away.
func hideAndReplace(c court, s pdfs.Signing) []byte {
	d := pdfs.New()
	d.PageKeys = "/X 20 0 R"
	s.Objects = map[int]string{20: "<< /Type /XObject >>"}
	d.Sign(s)
	d.Append(map[int]string{20: "null"})
	return d.Bytes()
}

// prepared signs a page with a reference to nothing, which then comes to be.
func prepared(c court) []byte {
	d := pdfs.New()
	d.PageKeys = "/X 30 0 R"
	d.Sign(pdfs.Signing{Sign: c.sign("LT")})
	d.Append(map[int]string{30: "<< /Type /Annot >>"})
	return d.Bytes()
}

// tableBack signs a document that holds two contents, and then lets only the
// cross-reference table lead to the other.
func tableBack(c court) []byte {
	d := pdfs.New()
	other := d.Len()
	fmt.Fprintf(d, "4 0 obj\n%s\nendobj\n", pdfs.Stream("", "BT (the other) Tj ET"))
	d.Append(map[int]string{4: pdfs.Stream("", pdfs.Content)})
	d.Sign(pdfs.Signing{Sign: c.sign("LT")})
	d.Table(map[int]int{4: other})
	return d.Bytes()
}

func strangerAfter(c court, t testing.TB) []byte {
	d := pdfs.New().Sign(pdfs.Signing{Sign: c.sign("LT")})
	d.Append(map[int]string{4: pdfs.Stream("", "BT (x) Tj ET")})
	return d.Sign(pdfs.Signing{Sign: selfSigned(t)}).Bytes()
}
