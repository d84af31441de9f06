package bundle

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MaxFile is how large a file of records may be for this reader, which holds it
// in memory. Larger ones are for "lerd bundle verify", which streams.
const MaxFile = 1 << 30

// Bundle is what was read.
type Bundle struct {
	Export Export
	Phones []Phone
	IPs    []IP
}

// ReadPath reads an .asice file or a folder that one was unzipped to. A fault
// of the bundle is a *Fault; any other error is of the file system.
func ReadPath(path string) (*Bundle, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		root, err := os.OpenRoot(path)
		if err != nil {
			return nil, err
		}
		defer root.Close() //nolint:errcheck // read only
		return Read(root.FS())
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // read only
	z, err := zip.NewReader(file, st.Size())
	if err != nil {
		return nil, broken(err)
	}
	if f := container(z, file, st.Size()); f != nil {
		return nil, f
	}
	b, err := Read(z)
	if err != nil {
		return nil, broken(err)
	}
	return b, nil
}

// Read reads the contents of a bundle and checks everything that can be checked
// without keys: forms, order, that CSV and JSON agree, scope, counts, digests.
func Read(files fs.FS) (*Bundle, error) {
	r := reader{files: files}
	b, f, err := r.read()
	if err != nil {
		return nil, err
	}
	if f != nil {
		return nil, f
	}
	return b, nil
}

type reader struct {
	files fs.FS
	err   error // of the file system
}

// file takes a whole file; a limit keeps a file that claims to be small small.
func (r *reader) file(name string, limit int64) ([]byte, *Fault) {
	f, err := r.files.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, wrong(Missing, "", "the file is not there").in(name, 0)
	}
	if err != nil {
		r.err = err
		return nil, wrong(Missing, "", "%v", err).in(name, 0)
	}
	defer f.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		r.err = err
		return nil, wrong(Missing, "", "%v", err).in(name, 0)
	}
	if int64(len(b)) > limit {
		return nil, wrong(Size, "", "it is larger than %d octets", limit).in(name, 0)
	}
	return b, nil
}

func (r *reader) read() (*Bundle, *Fault, error) {
	b, f := r.contents()
	return b, f, r.err
}

func (r *reader) contents() (*Bundle, *Fault) {
	raw, f := r.file(ExportFile, MaxExport)
	if f != nil {
		return nil, f
	}
	c := &checker{byKey: map[outcomeKey]*outcomeCount{}, queries: map[string]bool{}}
	if f := parseExport(raw, &c.export).in(ExportFile, 0); f != nil {
		return nil, f
	}
	if f := r.outcomes(&c.export); f != nil {
		return nil, f
	}
	custody, f := r.custody(&c.export)
	if f != nil {
		return nil, f
	}
	phones, f := r.table(phoneTable())
	if f != nil {
		return nil, f
	}
	ips, f := r.table(ipTable())
	if f != nil {
		return nil, f
	}
	doc, f := r.records()
	if f != nil {
		return nil, f
	}
	if f := c.all(phones, ips, doc); f != nil {
		return nil, f
	}
	if f := r.digests(&c.export); f != nil {
		return nil, f
	}
	if f := custody.blobs(&c.export); f != nil {
		return nil, f.in(CustodyFile, 0)
	}
	return c.bundle(doc), nil
}

func (r *reader) table(t *table) ([]object, *Fault) {
	b, f := r.file(t.file, MaxFile)
	if f != nil {
		return nil, f
	}
	return t.parse(b)
}

// outcomes compares outcomes.csv with export.json, octet for octet.
func (r *reader) outcomes(e *Export) *Fault {
	b, f := r.file(OutcomesFile, MaxExport)
	if f != nil {
		return f
	}
	if _, f := csvBody(b, outcomeColumns); f != nil {
		return f.in(OutcomesFile, 0)
	}
	if string(b) != OutcomesCSV(e) {
		return wrong(Differs, "", "its rows are not the outcomes of export.json").in(OutcomesFile, 0)
	}
	return nil
}

// custody reads the custody record and compares it with export.json.
func (r *reader) custody(e *Export) (c CustodyRecord, _ *Fault) {
	b, f := r.file(CustodyFile, MaxExport)
	if f == nil {
		c, f = parseCustody(b, e)
	}
	return c, f.in(CustodyFile, 0)
}

var outcomeColumns = []string{"request_ref", "subject_ref", "category", "asked_from_utc", "asked_to_utc", "decision", "applied_from_utc",
	"applied_to_utc", "result", "records", "reason_codes"}

// OutcomesCSV gives what data/records/outcomes.csv must be.
func OutcomesCSV(e *Export) string {
	var out strings.Builder
	out.WriteString(strings.Join(outcomeColumns, ",") + "\r\n")
	for _, o := range e.Outcomes {
		from, to := "", ""
		if o.Applied != nil {
			from, to = shortest(momentOf(o.Applied.From)), shortest(momentOf(o.Applied.To))
		}
		var codes []string
		for _, r := range o.Reasons {
			codes = append(codes, r.Code)
		}
		cells := []string{e.Request.Ref, o.SubjectRef, o.Category, shortest(momentOf(o.Asked.From)), shortest(momentOf(o.Asked.To)), o.Decision,
			from, to, o.Result, fmt.Sprint(o.Records), strings.Join(codes, " ")}
		out.WriteString(strings.Join(cells, ",") + "\r\n")
	}
	return out.String()
}

// shortest writes a moment with the fewest of 0, 3, 6 or 9 digits.
func shortest(m string) string {
	whole, fraction, _ := strings.Cut(m, ".")
	for len(fraction) > 0 && strings.HasSuffix(fraction, "000") {
		fraction = fraction[:len(fraction)-3]
	}
	if fraction == "" {
		return whole + "Z"
	}
	return whole + "." + fraction + "Z"
}

// records reads records.json and holds it against its schema.
func (r *reader) records() (object, *Fault) {
	b, f := r.file(RecordsFile, MaxFile)
	if f != nil {
		return nil, f
	}
	v, f := parseJSON(b)
	if f != nil {
		return nil, f.in(RecordsFile, 0)
	}
	if f := recordsSchema().check(v); f != nil {
		return nil, f.in(RecordsFile, 0)
	}
	return v.(object), nil
}

// digests holds the files that export.json lists against it.
func (r *reader) digests(e *Export) *Fault {
	listed := map[string]bool{}
	for _, file := range e.Files {
		if listed[file.Path] || !fs.ValidPath(file.Path) {
			return wrong(Differs, "files", "%s is listed twice, or has no safe name", filepath.Base(file.Path)).in(ExportFile, 0)
		}
		listed[file.Path] = true
		b, f := r.file(file.Path, MaxFile)
		if f != nil {
			return f
		}
		if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != file.SHA256 || int64(len(b)) != file.Bytes {
			return wrong(Digest, "", "it has another size or digest than export.json says").in(file.Path, 0)
		}
	}
	for _, name := range []string{PhonesFile, IPsFile, OutcomesFile, RecordsFile, CustodyFile} {
		if !slices.ContainsFunc(e.Files, func(f File) bool { return f.Path == name }) {
			return wrong(Differs, "files", "%s is not listed", name).in(ExportFile, 0)
		}
	}
	return nil
}
