package export

// timeText is a moment and how it is written.
type timeText struct {
	of   Moment
	text []byte
}

// append writes the moment; an unknown precision or a year that RFC 3339 cannot
// write becomes a sign that no column takes.
func (m Moment) append(dst []byte) []byte { return new(dayText).append(dst, m) }

// dayText writes moments, and keeps the text of the day of the last one: records
// come in the order of time, and most are of the day of the one before.
type dayText struct {
	from  int64 // the day's first second since 1970, UTC
	date  []byte
	known bool
}

const secondsOfDay = 24 * 60 * 60

func (d *dayText) append(dst []byte, m Moment) []byte {
	second := m.At.Unix()
	if in := second - d.from; !d.known || in < 0 || in >= secondsOfDay {
		d.known = d.begin(m)
	}
	if !d.known || m.Digits != 0 && m.Digits != 3 && m.Digits != 6 && m.Digits != 9 {
		return append(dst, '?')
	}
	in := int(second - d.from)
	dst = append(dst, d.date...)
	dst = appendTwo(append(dst, 'T'), in/3600)
	dst = appendTwo(append(dst, ':'), in/60%60)
	dst = appendTwo(append(dst, ':'), in%60)
	if m.Digits > 0 {
		dst = append(dst, '.')
		for i, n := 0, m.At.Nanosecond(); i < m.Digits; i++ {
			dst = append(dst, byte('0'+n/1e8))
			n = n % 1e8 * 10
		}
	}
	return append(dst, 'Z')
}

// begin takes the day of a moment, if its year has four digits.
func (d *dayText) begin(m Moment) bool {
	t := m.At.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return false
	}
	hour, minute, second := t.Clock()
	d.from = t.Unix() - int64(hour*3600+minute*60+second)
	d.date = appendTwo(appendTwo(d.date[:0], year/100), year%100)
	d.date = appendTwo(append(d.date, '-'), int(month))
	d.date = appendTwo(append(d.date, '-'), day)
	return true
}

// appendTwo writes a number below 100 with two digits.
func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }
