package orderdoc

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"

	"lerd/internal/fault"
)

// Signed is what a document says of its electronic signatures: nothing of it
// is believed here.
type Signed struct {
	Signatures []Signature
	// Certs, CRLs and OCSPs are the validation material of the document security
	// store, in DER. SPEC: ETSI EN 319 142-1 §5.4.2.
	Certs, CRLs, OCSPs [][]byte
}

// Signature is one signature dictionary.
// SPEC: ISO 32000-1 §12.8.1; ETSI EN 319 142-1 §5.1 to §5.4.
type Signature struct {
	SubFilter string
	Stamp     bool   // a document time stamp
	Contents  []byte // the CMS in DER, with the zeros that follow it
	Covered   [2][]byte
	// Wrong says what is wrong with its form, "" where it may be verified:
	// "no_contents", "no_range", "range", "gap", "end", "no_signature".
	Wrong string
	// Whole tells whether nothing follows what it covers but white space.
	Whole bool
	// Later says what was changed after it, beside what may be added: the first
	// words of a change, at most ten. Nil where nothing was.
	Later []string
	end   int
}

// maxSignedTokens bounds reading for signatures, which keeps every value.
const maxSignedTokens = 1_000_000

// maxSignatures is the most that one document may carry.
const maxSignatures = 64

// Signatures reads the signatures of a document that CheckBytes has accepted.
// Each is reported, whatever it looks like: one whose range or content is
// missing or leads elsewhere carries a Wrong, and never passes for none.
func Signatures(ctx context.Context, pdf []byte) (s Signed, err error) {
	defer fault.Wrap(&err, "orderdoc.Signatures")
	defer func() {
		if p := recover(); p != nil {
			s, err = Signed{}, refuse("damaged", damaged)
		}
	}()
	f, err := readFull(ctx, pdf)
	if err != nil {
		return s, err
	}
	for _, d := range f.signatureDicts() {
		s.Signatures = append(s.Signatures, f.signatureOf(d))
	}
	for range f.emptyClaims() {
		s.Signatures = append(s.Signatures, Signature{Wrong: "no_signature"})
	}
	if len(s.Signatures) > maxSignatures {
		return Signed{}, refuse("too_complex", "The file is more complex than an order needs. Print it to PDF anew, or scan it, and send the result.")
	}
	slices.SortStableFunc(s.Signatures, func(a, b Signature) int { return a.end - b.end })
	f.security(&s)
	if err := f.compareLater(&s); err != nil {
		return s, err
	}
	return s, nil
}

// readFull examines a document and keeps every value.
func readFull(ctx context.Context, pdf []byte) (*file, error) {
	lim := DefaultLimits()
	lim.MaxTokens = maxSignedTokens
	f := &file{ctx: ctx, data: pdf, lim: lim, full: true}
	return f, f.examine()
}

// each calls visit with every dictionary of the file, in file order, reached or not.
func (f *file) each(visit func(dict)) {
	for _, o := range f.all() {
		walk(o.value, visit)
	}
}

// all gives every object in the order of the file, those of object streams last.
func (f *file) all() []*object {
	var at []int
	for offset := range f.objects {
		at = append(at, offset)
	}
	slices.Sort(at)
	var out []*object
	for _, offset := range at {
		out = append(out, f.objects[offset])
	}
	var keys [][2]int
	for k := range f.packed {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		out = append(out, f.packed[k])
	}
	return out
}

func walk(v any, visit func(dict)) {
	switch v := v.(type) {
	case dict:
		visit(v)
		for _, e := range v {
			walk(e, visit)
		}
	case array:
		for _, e := range v {
			walk(e, visit)
		}
	}
}

// signatureDicts finds whatever a reader might take for a signature.
func (f *file) signatureDicts() (out []dict) {
	f.each(func(d dict) {
		_, hasRange := d["ByteRange"]
		_, hasContents := d["Contents"].(text)
		_, hasSub := d["SubFilter"]
		if d["Type"] == name("Sig") || d["Type"] == name("DocTimeStamp") || hasRange || hasSub && hasContents {
			out = append(out, d)
		}
	})
	return out
}

// emptyClaims finds signature fields whose value is no signature.
func (f *file) emptyClaims() (out []dict) {
	f.each(func(d dict) {
		v, has := d["V"]
		if d["FT"] != name("Sig") || !has || v == word("null") {
			return
		}
		sig, ok := f.resolve(v).(dict)
		if _, hasRange := sig["ByteRange"]; !ok || sig["Type"] == nil && !hasRange && sig["SubFilter"] == nil {
			out = append(out, d)
		}
	})
	return out
}

// signatureOf reads one dictionary. What is covered must be the file from its
// first byte to an end of a revision, but for exactly the string of /Contents:
// any other range leaves room for a second document beside the signed one.
func (f *file) signatureOf(d dict) Signature {
	s := Signature{Stamp: d["Type"] == name("DocTimeStamp")}
	if n, ok := d["SubFilter"].(name); ok {
		s.SubFilter = string(n)
	}
	contents, ok := d["Contents"].(text)
	if !ok || len(contents) < 4 || contents[0] != '<' {
		s.Wrong = "no_contents"
		return s
	}
	var err error
	if s.Contents, err = unhexed(contents); err != nil {
		s.Wrong = "no_contents"
		return s
	}
	r, wrong := byteRange(d["ByteRange"])
	if wrong != "" {
		s.Wrong = wrong
		return s
	}
	from := offsetIn(f.data, contents)
	switch {
	case r[0] != 0 || r[2] < r[1] || r[2]+r[3] > len(f.data):
		s.Wrong = "range"
	case from < 0 || r[1] != from || r[2] != from+len(contents):
		s.Wrong = "gap"
	default:
		s.end = r[2] + r[3]
		s.Covered = [2][]byte{f.data[:r[1]], f.data[r[2]:s.end]}
		s.Whole = len(bytes.TrimRight(f.data[s.end:], "\x00\t\n\f\r ")) == 0
		if !s.Whole && !f.endsRevision(s.end) {
			s.Wrong = "end"
		}
	}
	return s
}

// byteRange reads four whole numbers that are not negative.
func byteRange(v any) (r [4]int, wrong string) {
	a, ok := v.(array)
	if !ok {
		return r, "no_range"
	}
	if len(a) != 4 {
		return r, "range"
	}
	for i, e := range a {
		n, ok := e.(int)
		if !ok || n < 0 || n > 1<<40 {
			return r, "range"
		}
		r[i] = n
	}
	return r, ""
}

// offsetIn gives where a part of data lies in it, -1 where it is none of it:
// what was unpacked from an object stream lies elsewhere.
func offsetIn(data, part []byte) int {
	at := cap(data) - cap(part) // a slice of data reaches to its end
	if at < 0 || at+len(part) > len(data) || len(part) == 0 || &data[at] != &part[0] {
		return -1
	}
	return at
}

func unhexed(s text) ([]byte, error) {
	clean := make([]byte, 0, len(s))
	for _, c := range s[1 : len(s)-1] {
		if !isSpace(c) {
			clean = append(clean, c)
		}
	}
	out := make([]byte, hex.DecodedLen(len(clean)))
	_, err := hex.Decode(out, clean)
	return out, err
}

// endsRevision tells whether a revision of the file ends at an offset, but for
// one line end.
func (f *file) endsRevision(at int) bool {
	for _, end := range f.endsAt {
		if at >= end && at <= end+2 && len(bytes.Trim(f.data[end:at], "\r\n")) == 0 {
			return true
		}
	}
	return false
}

// security reads the document security store.
func (f *file) security(s *Signed) {
	catalog, _ := f.resolve(f.root).(dict)
	dss, _ := f.resolve(catalog["DSS"]).(dict)
	for _, kind := range []struct {
		key name
		to  *[][]byte
	}{{"Certs", &s.Certs}, {"CRLs", &s.CRLs}, {"OCSPs", &s.OCSPs}} {
		list, _ := f.resolve(dss[kind.key]).(array)
		for _, e := range list[:min(len(list), 200)] {
			if der := f.content(e); der != nil {
				*kind.to = append(*kind.to, der)
			}
		}
	}
}

// content unpacks the stream that a value refers to, nil where it is none.
func (f *file) content(v any) []byte {
	r, ok := v.(ref)
	if !ok {
		return nil
	}
	loc, ok := f.where[r.num]
	if !ok || loc.free || loc.stream > 0 {
		return nil
	}
	o := f.objects[f.skipped(loc.offset)]
	if o == nil || !o.stream {
		return nil
	}
	b, err := f.decode(o)
	if err != nil {
		return nil
	}
	return b
}
