package audit

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxBundle is the size in bytes of the largest entry bundle.
const MaxBundle = TileWidth * (2 + MaxEntry)

// AppendBundle adds an entry to the bytes of an entry bundle.
// SPEC: C2SP tlog-tiles: a big-endian uint16 length, then the entry.
func AppendBundle(bundle, entry []byte) ([]byte, error) {
	if len(entry) > MaxEntry {
		return nil, fmt.Errorf("entry of %d bytes is over the limit of %d", len(entry), MaxEntry)
	}
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
	return append(bundle, entry...), nil
}

// ParseBundle reads an entry bundle that must hold exactly width entries and
// nothing after them. The entries share the bundle's memory. Common tools
// overlook an entry too many; this one does not.
func ParseBundle(data []byte, width int) ([][]byte, error) {
	if width < 1 || width > TileWidth {
		return nil, fmt.Errorf("an entry bundle is 1 to %d entries wide, not %d", TileWidth, width)
	}
	out := make([][]byte, 0, width)
	for len(data) > 0 {
		if len(out) == width {
			return nil, fmt.Errorf("entry bundle has data after its %d entries", width)
		}
		if len(data) < 2 {
			return nil, errors.New("entry bundle ends inside a length")
		}
		n := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+n {
			return nil, fmt.Errorf("entry bundle ends inside entry %d", len(out))
		}
		out = append(out, data[2:2+n:2+n])
		data = data[2+n:]
	}
	if len(out) < width {
		return nil, fmt.Errorf("entry bundle has %d entries instead of %d", len(out), width)
	}
	return out, nil
}
