package requests

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/personal"
	"lerd/internal/records"
)

// changing gives records of which one is another at a later reading.
type changing struct {
	ReleaseStore
	rows     []Record
	readings int
	change   func(reading int, rows []Record) []Record
}

func (c *changing) ReleaseRecords(context.Context, ReleaseID) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		c.readings++
		for _, r := range c.change(c.readings, append([]Record{}, c.rows...)) {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func ipRecord(n int) Record {
	return Record{Ordinal: n, Item: "ips", IP: &records.IPRow{RecordID: fmt.Sprint("ev-", n), Account: 7, Event: records.Login, At: time.Unix(int64(n), 0).UTC(), Address: personal.NewAddr(netip.MustParseAddr("192.0.2.1"))}}
}

// TestFrozenRecordsAreReadTwiceAndAreTheSame: the reading that fills a bundle is held
// against the approved digest as the first one is; where it differs, the bundle ends
// with an error, however late.
func TestFrozenRecordsAreReadTwiceAndAreTheSame(t *testing.T) {
	kept := time.Unix(99, 0).UTC()
	phone := Record{Ordinal: 1, Item: "phones", PreservedAt: kept, Phone: &records.PhoneRow{RecordID: "p", Account: 7, Phone: personal.NewPhone("+447700900123"), ValidFrom: time.Unix(1, 0).UTC()}}
	rows := []Record{phone, ipRecord(2), ipRecord(3), ipRecord(4)}
	digest := NewDigester()
	for _, r := range rows {
		digest.Add(r)
	}
	for name, c := range map[string]struct {
		change       func(reading int, rows []Record) []Record
		first, later fault.Kind
	}{
		"as frozen":             {func(_ int, rows []Record) []Record { return rows }, "", ""},
		"changed at once":       {func(_ int, rows []Record) []Record { return rows[:3] }, fault.Gate, fault.Gate},
		"one less, later":       {func(n int, rows []Record) []Record { return rows[:len(rows)+1-n] }, "", fault.Gate},
		"a number less, later":  {func(n int, rows []Record) []Record { return rows[n-1:] }, "", fault.Gate},
		"one more, later":       {func(n int, rows []Record) []Record { return append(rows, rows[3])[:len(rows)-1+n] }, "", fault.Gate},
		"another address later": {func(n int, rows []Record) []Record { rows[3] = ipRecord(3 + n); return rows }, "", fault.Gate},
	} {
		s := &Service{Config: Config{Releases: &changing{rows: rows, change: c.change}}}
		rel := Release{Digest: digest.Sum(), Items: []Item{{ID: "phones"}, {ID: "ips"}, {ID: "none"}}}
		f, err := s.frozenOf(t.Context(), &rel)
		if err != nil && fault.KindOf(err) != c.first || err == nil && c.first != "" {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (f.Total != 4 || len(f.Phones) != 1 || f.Preserved[kept] != 1 || rel.Items[0].Empty || rel.Items[1].Empty || !rel.Items[2].Empty) {
			t.Errorf("%s: %+v, %+v", name, f, rel.Items)
		}
		if c.first != "" {
			continue
		}
		n := 0
		var last error
		for r, err := range f.Addresses {
			if last = err; err == nil && r.IP != nil {
				n++
			}
		}
		if last != nil && fault.KindOf(last) != c.later || last == nil && (c.later != "" || n != 3) {
			t.Errorf("%s: %d addresses, %v", name, n, last)
		}
		for range f.Addresses { // who wants no more gets no error
			break
		}
	}
}
