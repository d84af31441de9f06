package requests

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"lerd/internal/personal"
	"lerd/internal/records"
)

// busyAccount gives n events of one account, a second apart.
type busyAccount struct {
	records.Source
	n     int
	begin time.Time
	now   func() // called now and then
}

func (b busyAccount) Sessions(context.Context, records.AccountID, records.Period) iter.Seq2[records.IPRow, error] {
	return func(yield func(records.IPRow, error) bool) {
		for i := range b.n {
			row := records.IPRow{RecordID: fmt.Sprint("ev-", i), Account: 7, Event: records.Login, At: b.begin.Add(time.Duration(i) * time.Second),
				Address: personal.NewAddr(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})), SourcePort: uint16(1024 + i%60000), SessionID: fmt.Sprint("se-", i/10)}
			if !yield(row, nil) {
				return
			}
			if i%5000 == 0 {
				b.now()
			}
		}
	}
}

// BenchmarkCollect reads the events of one account through the guard for their approver
// and gives them back as the database takes them; heap-MiB is the most that was held.
func BenchmarkCollect(b *testing.B) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, n := range []int{10_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var most uint64
			look := func() { most = max(most, heap()) }
			s := &Service{Config: Config{Source: records.Guard(busyAccount{n: n, begin: begin, now: look})}}
			for b.Loop() {
				runtime.GC()
				rel := Release{Items: []Item{{ID: "i", Category: IPAddress, AccountID: 7, From: begin, To: begin.AddDate(1, 0, 0)}}}
				frozen, err := s.collect(context.Background(), &rel)
				if err != nil {
					b.Fatal(err)
				}
				seen := 0
				for _, err := range frozen.rows() {
					if err != nil {
						b.Fatal(err)
					}
					if seen++; seen%5000 == 0 {
						look()
					}
				}
				frozen.close()
				if seen != n || rel.Addresses != n {
					b.Fatalf("%d of %d records", seen, n)
				}
			}
			b.ReportMetric(float64(most)/(1<<20), "heap-MiB")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
		})
	}
}

func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
