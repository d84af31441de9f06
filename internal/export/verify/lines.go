package verify

import (
	"bytes"
	"io"

	"lerd/internal/fault"
)

// lines reads lines of bounded length.
type lines struct {
	*ahead
	name string
	rest []byte // of the block
	cut  []byte // a line that reaches over the end of a block
}

// maxLine is the longest line that is read, in octets with its end.
const maxLine = 64 << 10

func (v *run) lines(name string) (*lines, error) {
	a, err := v.ahead(name)
	if err != nil {
		return nil, err
	}
	return &lines{ahead: a, name: name}, nil
}

// line gives a line with its end, or io.EOF; the slice is good until the next call.
func (l *lines) line() ([]byte, error) {
	for l.cut = l.cut[:0]; ; {
		n := bytes.IndexByte(l.rest, '\n') + 1
		whole := n > 0
		if !whole {
			n = len(l.rest)
		}
		if len(l.cut)+n > maxLine {
			return nil, fault.New(fault.Invalid, "A line of %s is longer than %d octets.", l.name, maxLine)
		}
		piece := l.rest[:n]
		l.rest = l.rest[n:]
		if whole && len(l.cut) == 0 {
			return piece, nil
		}
		if l.cut = append(l.cut, piece...); whole {
			return l.cut, nil
		}
		var err error
		if l.rest, err = l.next(); err != nil {
			return nil, l.broken(err)
		}
	}
}

// broken says what it means for its last line that a file ends or cannot be read on.
func (l *lines) broken(err error) error {
	if err == io.EOF && len(l.cut) > 0 {
		return fault.New(fault.Invalid, "The last line of %s is cut off.", l.name)
	}
	return err
}

// end sees that nothing follows, and keeps the digests.
func (l *lines) end(v *run) error {
	if len(l.rest) == 0 {
		var err error
		if l.rest, err = l.next(); err != nil && err != io.EOF {
			return err
		}
	}
	if len(l.rest) > 0 {
		return fault.New(fault.Invalid, "Something follows the end of %s.", l.name)
	}
	v.sums[l.name] = l.sums
	return nil
}
