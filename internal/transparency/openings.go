package transparency

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"

	"lerd/internal/audit"
)

// Opening opens the count of one entry.
type Opening struct {
	Index uint64
	audit.ValueOpening
}

// Openings gives openings in the order of the log.
type Openings interface {
	// From gives the openings of the entries from first to before end, in their order.
	From(ctx context.Context, first, end uint64) ([]Opening, error)
}

// Line gives the opening as it stands in a file: index, salt in base64url and
// value, with tabs between them.
func (o Opening) Line() []byte {
	b := strconv.AppendUint(nil, o.Index, 10)
	b = append(append(append(b, '\t'), o.Salt.String()...), '\t')
	return append(append(b, o.Value...), '\n')
}

// OpeningsFile reads openings from a file, front to back: each may be asked for
// once, in the order of the log.
type OpeningsFile struct {
	// Skip passes over what lies before the stretch that is asked for. Who verifies
	// leaves it off: there, every line has to be of a counted event.
	Skip  bool
	lines *bufio.Scanner
	next  *Opening
	last  uint64
	begun bool
}

// ReadOpenings reads the form that Line writes.
func ReadOpenings(r io.Reader) *OpeningsFile {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), 64<<10)
	return &OpeningsFile{lines: s}
}

// From gives what lies before end. What lies before first was of no counted entry
// and stays in front, for the count to find.
func (f *OpeningsFile) From(_ context.Context, first, end uint64) (out []Opening, err error) {
	for {
		if f.next == nil {
			if f.next, err = f.read(); err != nil || f.next == nil {
				return out, err
			}
		}
		if f.next.Index >= end {
			return out, nil
		}
		if !f.Skip || f.next.Index >= first {
			out = append(out, *f.next)
		}
		f.next = nil
	}
}

// read gives the next line, nil at the end.
func (f *OpeningsFile) read() (*Opening, error) {
	if !f.lines.Scan() {
		if err := f.lines.Err(); err != nil {
			return nil, &Finding{Code: Malformed, File: OpeningsName, Reason: "a line is too long or cannot be read", Err: err}
		}
		return nil, nil
	}
	o, err := parseOpening(f.lines.Bytes())
	if err != nil {
		return nil, err
	}
	if f.begun && o.Index <= f.last {
		return nil, &Finding{Code: Twice, Index: o.Index, Reason: "the entry is opened twice, or out of order"}
	}
	f.begun, f.last = true, o.Index
	return &o, nil
}

func parseOpening(line []byte) (o Opening, err error) {
	parts := bytes.SplitN(line, []byte("\t"), 3)
	if len(parts) == 3 {
		o.Index, err = strconv.ParseUint(string(parts[0]), 10, 63)
		if err == nil {
			err = o.Salt.UnmarshalText(parts[1])
		}
		o.Value = bytes.Clone(parts[2])
	}
	if err != nil || len(parts) != 3 || !bytes.Equal(o.Line(), append(bytes.Clone(line), '\n')) {
		return o, &Finding{Code: Malformed, File: OpeningsName, Reason: fmt.Sprintf("a line is not index, salt and value: %.20q", line), Err: err}
	}
	return o, nil
}
