package dossier

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"io"
	"time"

	"lerd/internal/audit"
	"lerd/internal/export/asic"
	"lerd/internal/export/cms"
	"lerd/internal/fault"
)

// Options say whose signatures count.
type Options struct {
	Roots []*x509.Certificate // of the seal
	Trust audit.Trust         // the log's keys
	Now   time.Time
}

// Report is what a verification looked at.
type Report struct {
	Head      Head
	Signer    string // subject of the seal's certificate
	Signed    time.Time
	Values    int // commitments to values that were opened
	Rows      int // commitments to rows that were opened
	Facts     int // events whose closed facts were opened
	Unopened  int // events of which nothing is opened: the log says that it was erased
	Documents int // all that are named; of these
	Erased    int // were erased, as the log says
	Harmful   int // these, those that wait, and the altered ones are withheld
	Waiting   int
	Altered   int
}

func bad(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

// limits of a dossier: some thousand events and their documents.
var limits = asic.Limits{Entries: 5000, Total: 4 << 30, Ratio: 1000}

// Verify checks a dossier: the container octet for octet, the seal, each entry's
// proof under the checkpoint, that no event is missing between two of a stream, each
// opening against its commitment, that nothing is left unopened or out but what an
// erasure among the events explains, and each document against its digest. Who holds the
// sealing key can leave out as little as others.
func Verify(r io.ReaderAt, size int64, o Options) (Report, error) {
	v := verifier{o: o, files: map[string][]byte{}}
	for _, step := range []func() error{func() error { return v.open(r, size) }, v.seal, v.head, v.entries, v.openings, v.facts, v.documents} {
		if err := step(); err != nil {
			return v.report, err
		}
	}
	return v.report, nil
}

type verifier struct {
	o       Options
	files   map[string][]byte
	report  Report
	records map[audit.EventID]audit.Record
	erasure bool // one of the events tells of an erasure
}

func (v *verifier) open(r io.ReaderAt, size int64) error {
	a, err := asic.Open(r, size, limits)
	if err != nil {
		return err
	}
	for _, e := range a.Entries {
		b, err := io.ReadAll(e.Open())
		if err != nil {
			return err
		}
		v.files[e.Name] = b
	}
	if first := a.Entries[0]; first.Name != asic.MimetypeName || !first.Stored || string(v.files[asic.MimetypeName]) != asic.MediaType {
		return bad("The container does not begin with its media type.")
	}
	return nil
}

// seal checks that the manifest lists every file with its digest, and its signature.
func (v *verifier) seal() error {
	manifest := v.files[asic.ManifestName]
	objects, err := asic.ParseManifest(manifest)
	if err != nil {
		return err
	}
	if len(objects)+3 != len(v.files) {
		return bad("The container has a file that its signed manifest does not list, or lacks one.")
	}
	for _, x := range objects {
		if b, ok := v.files[x.Name]; !ok || sha256.Sum256(b) != x.SHA256 {
			return bad("The file %s is not the one that was signed.", x.Name)
		}
	}
	sd, err := cms.Parse(v.files[asic.SignatureName])
	if err != nil {
		return err
	}
	h := sd.Hash.New()
	h.Write(manifest)
	cert, err := sd.Check(h.Sum(nil))
	if err != nil {
		return err
	}
	if _, err := (cms.Path{Leaf: cert, Pool: sd.Certificates, Roots: v.o.Roots, CRLs: sd.CRLs, At: sd.SigningTime, Purpose: cms.Seal}).Verify(); err != nil {
		return err
	}
	v.report.Signer, v.report.Signed = cert.Subject.String(), sd.SigningTime
	return nil
}

func (v *verifier) head() error {
	if _, ok := v.files[HeadName]; !ok {
		return bad("There is no %s in it, so it is not the dossier of a case. A bundle is checked by lerd-verify bundle.", HeadName)
	}
	if err := json.Unmarshal(v.files[HeadName], &v.report.Head); err != nil || v.report.Head.Format != Format {
		return bad("%s is not of the form %s.", HeadName, Format)
	}
	return nil
}

// entries checks each entry's proof, and the order of each stream.
func (v *verifier) entries() error {
	signed, err := audit.OpenCheckpoint(v.files[audit.CheckpointPath], v.o.Trust)
	if err != nil {
		return bad("The checkpoint is not one that the log has signed: %v.", err)
	}
	proofs := map[audit.EventID]string{}
	if err := eachLine(v.files[ProofsName], func(line []byte) error {
		var p Proof
		err := json.Unmarshal(line, &p)
		proofs[p.ID] = p.Proof
		return err
	}); err != nil {
		return err
	}
	v.records = map[audit.EventID]audit.Record{}
	last, at := map[string]int64{}, int64(-1)
	err = eachLine(v.files[EntriesName], func(line []byte) error {
		r, err := audit.ParseEntry(line)
		if err != nil {
			return err
		}
		head, index, err := audit.VerifyProof(audit.Entry(line), []byte(proofs[r.ID]), v.o.Trust)
		switch {
		case err != nil:
			return bad("The proof of event %s does not hold: %v.", r.ID, err)
		case head.Root != signed.Root || int64(index) <= at:
			return bad("Event %s is proven under another checkpoint, or stands out of its order.", r.ID)
		case last[r.Stream] != 0 && r.Version != last[r.Stream]+1, last[r.Stream] == 0 && r.Version != 1:
			return bad("An event is missing before event %s: it is number %d of its stream, after %d.", r.ID, r.Version, last[r.Stream])
		}
		last[r.Stream], at, v.records[r.ID] = r.Version, int64(index), r
		v.erasure = v.erasure || r.Kind == "erasure.made"
		return nil
	})
	if err == nil && len(v.records) != v.report.Head.Entries {
		err = bad("The dossier says %d events and has %d.", v.report.Head.Entries, len(v.records))
	}
	if err == nil && last["request:"+v.report.Head.Case] == 0 {
		err = bad("The dossier has no event of the case itself.")
	}
	return err
}

// openings opens commitments: each event's values, all of them, and each row that is given.
func (v *verifier) openings() error {
	opened := map[audit.EventID]bool{}
	err := eachLine(v.files[OpeningsName], func(line []byte) error {
		var o Opening
		if err := json.Unmarshal(line, &o); err != nil {
			return err
		}
		r, ok := v.records[o.ID]
		if !ok || opened[o.ID] {
			return bad("Something is opened that is no event of the dossier, or twice.")
		}
		opened[o.ID] = true
		p, err := audit.ParsePayload(o.Payload)
		if err != nil {
			return err
		}
		if err := audit.VerifyPayload(r, p); err != nil {
			return bad("What is given to open event %s does not open all that it committed to: %v.", r.ID, err)
		}
		v.report.Values += len(p.Values)
		for _, x := range o.Rows {
			if !commits(r, p.Salt, x) {
				return bad("Row %q of table %q is not what event %s committed to.", x.ID, x.Table, r.ID)
			}
			v.report.Rows++
		}
		return nil
	})
	if v.report.Unopened = len(v.records) - len(opened); err != nil || v.report.Unopened == 0 && v.report.Head.Unopened == 0 {
		return err
	}
	if v.report.Unopened != v.report.Head.Unopened {
		return bad("The dossier says that %d events are not opened, and %d are not.", v.report.Head.Unopened, v.report.Unopened)
	}
	if !v.erasure {
		return bad("%d events are not opened, and no erasure among the events says why.", v.report.Unopened)
	}
	return nil
}

// facts opens the closed facts of every event that has any: they outlive the payload.
func (v *verifier) facts() error {
	err := eachLine(v.files[FactsName], func(line []byte) error {
		var f Facts
		if err := json.Unmarshal(line, &f); err != nil {
			return err
		}
		r, ok := v.records[f.ID]
		if !ok || r.Opened != nil {
			return bad("Facts are opened that are no event's of the dossier, or twice.")
		}
		if len(f.Salt) != len(audit.Salt{}) {
			return bad("The closed facts of event %s are not opened by a salt of its length.", r.ID)
		}
		if err := r.Open(audit.ValueOpening{Salt: audit.Salt(f.Salt), Value: f.Value}); err != nil {
			return bad("The closed facts of event %s are not what it committed to.", r.ID)
		}
		v.records[f.ID] = r
		v.report.Facts++
		return nil
	})
	for _, r := range v.records {
		if _, closes := r.Closed(); closes && r.Opened == nil && err == nil {
			err = bad("The closed facts of event %s are not opened.", r.ID)
		}
	}
	return err
}

func commits(r audit.Record, salt audit.Salt, x Row) bool {
	for _, c := range r.Rows {
		if c.Table == x.Table && c.ID == x.ID {
			return audit.Commit(salt, audit.RowField(x.Table, x.ID), x.Row) == c.Commitment
		}
	}
	return false
}

// documents compares each document with its digest; that of the order stands in an
// event in clear, and such a document is not left out.
func (v *verifier) documents() error {
	clear, ordered := map[string]bool{}, map[string]bool{}
	for _, r := range v.records {
		for _, f := range []string{"order_sha256", "sha256"} {
			if sum := r.Facts[f]; sum != "" {
				clear[sum] = true
			}
		}
		if sum := r.Facts["order_sha256"]; sum != "" {
			ordered[sum] = true
		}
	}
	for _, d := range v.report.Head.Documents {
		if d.What == "order" && !clear[d.SHA256] {
			return bad("No event of the case names the order %q.", d.SHA256)
		}
		b, there := v.files[documents+d.SHA256+".pdf"]
		if (d.Erased || d.Withheld != "") != !there || there && hexSum(b) != d.SHA256 {
			return bad("The document %q is not the one that the case has.", d.SHA256)
		}
		if err := v.absent(d); err != nil {
			return err
		}
		v.report.Documents++
		delete(ordered, d.SHA256)
	}
	for sum := range ordered {
		return bad("The order %q, which an event of the case names, is left out.", sum)
	}
	return nil
}

// absent counts a document that is named and not there, by the reason.
func (v *verifier) absent(d Document) error {
	switch {
	case d.Erased && !v.erasure:
		return bad("The document %s is said to be erased, and no erasure among the events says so.", d.SHA256)
	case d.Erased:
		v.report.Erased++
	case d.Withheld == Harmful:
		v.report.Harmful++
	case d.Withheld == Waits:
		v.report.Waiting++
	case d.Withheld == Altered:
		v.report.Altered++
	case d.Withheld != "":
		return bad("The document %s is withheld, and %q is no reason for that.", d.SHA256, d.Withheld)
	}
	return nil
}

func eachLine(text []byte, f func(line []byte) error) error {
	s := bufio.NewScanner(bytes.NewReader(text))
	s.Buffer(nil, 16<<20)
	for s.Scan() {
		if err := f(bytes.Clone(s.Bytes())); err != nil {
			return err
		}
	}
	return s.Err()
}
