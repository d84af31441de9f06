package sample_test

import (
	"runtime"
	"testing"

	"lerd/internal/records"
	"lerd/internal/records/pgrecords"
	"lerd/internal/records/sample"
	"lerd/internal/testkit"
)

// BenchmarkFill makes the demonstration's whole database.
func BenchmarkFill(b *testing.B) {
	for b.Loop() {
		db := testkit.EmptyPostgres(b)
		o := sample.Options{Accounts: 100_000, Sessions: 5_000_000, Seed: 1, Now: now, Password: password}
		if _, err := sample.Fill(b.Context(), db.Superuser, o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(5_000_000*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkSessions streams one account with a million events through the
// guard, and tells how much memory was held at most at the ends of batches.
func BenchmarkSessions(b *testing.B) {
	db := testkit.EmptyPostgres(b)
	o := sample.Options{Accounts: 1, Sessions: 1_000_000, Seed: 1, Now: now, Password: password}
	if _, err := sample.Fill(b.Context(), db.Superuser, o); err != nil {
		b.Fatal(err)
	}
	url, err := sample.URL(db.Superuser, password)
	if err != nil {
		b.Fatal(err)
	}
	s, err := pgrecords.Open(b.Context(), pgrecords.Config{URL: url})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	var most uint64
	for b.Loop() {
		n := 0
		for _, err := range records.Guard(s).Sessions(b.Context(), sample.NearMiss+1, records.Period{From: now.AddDate(-8, 0, 0), To: now}) {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n%100_000 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapInuse)
			}
		}
		if n != 1_000_000 {
			b.Fatalf("%d rows", n)
		}
	}
	b.ReportMetric(float64(1_000_000*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
}
