package sample

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// copyHead begins PostgreSQL's binary form of COPY: signature, flags, no extension.
const copyHead = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// epoch is where PostgreSQL counts its microseconds from.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// rowWriter builds one row of a binary COPY; it is used again for each row.
type rowWriter struct{ b []byte }

func (w *rowWriter) start(columns int16) {
	w.b = binary.BigEndian.AppendUint16(w.b[:0], uint16(columns))
}

func (w *rowWriter) null() { w.b = append(w.b, 0xff, 0xff, 0xff, 0xff) }

func (w *rowWriter) bigint(n int64) {
	w.b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(w.b, 8), uint64(n))
}

func (w *rowWriter) integer(n int32) {
	w.b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(w.b, 4), uint32(n))
}

func (w *rowWriter) smallint(n int16) {
	w.b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(w.b, 2), uint16(n))
}

// stamp writes Unix microseconds; 0 is NULL.
func (w *rowWriter) stamp(micros int64) {
	if micros == 0 {
		w.null()
		return
	}
	w.bigint(micros - epoch)
}

// text writes a text; the empty one is NULL.
func (w *rowWriter) text(s string) {
	if s == "" {
		w.null()
		return
	}
	w.b = append(binary.BigEndian.AppendUint32(w.b, uint32(len(s))), s...)
}

func (w *rowWriter) char(c byte) {
	w.b = append(binary.BigEndian.AppendUint32(w.b, 1), c)
}

// inet writes a single address. PostgreSQL: family 2 or 3, bits, not a cidr, length, bytes.
func (w *rowWriter) inet(a netip.Addr) {
	if a.Is4() {
		b := a.As4()
		w.b = append(binary.BigEndian.AppendUint32(w.b, 8), 2, 32, 0, 4)
		w.b = append(w.b, b[:]...)
		return
	}
	b := a.As16()
	w.b = append(binary.BigEndian.AppendUint32(w.b, 20), 3, 128, 0, 16)
	w.b = append(w.b, b[:]...)
}
