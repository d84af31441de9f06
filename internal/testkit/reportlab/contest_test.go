package reportlab_test

import (
	"testing"

	"lerd/internal/testkit"
	"lerd/internal/testkit/reportlab"
)

// BenchmarkReport times a quarter of two thousand requests, some eighty thousand
// events, against a plain SQL aggregate over as many rows. The command big does
// the same at any scale.
func BenchmarkReport(b *testing.B) {
	db := testkit.Postgres(b)
	for b.Loop() {
		r, err := reportlab.Contest{Cases: 2000, Looks: 35, Dir: b.TempDir(), URL: db.Owner}.Run(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(r.Again.Seconds()/r.SQL.Seconds(), "×SQL-remembered")
		b.ReportMetric(r.Fresh.Seconds()/r.SQL.Seconds(), "×SQL-anew")
		b.ReportMetric(r.Fresh.Seconds()/r.SQLLean.Seconds(), "×SQL-lean-anew")
		b.ReportMetric(float64(r.Events)/r.Fresh.Seconds(), "events/s-anew")
	}
}

// TestTheContestCountsTheSame runs it small, so that it stays whole.
func TestTheContestCountsTheSame(t *testing.T) {
	dir := t.TempDir()
	r, err := reportlab.Contest{Cases: 300, Looks: 3, Dir: dir, URL: testkit.Postgres(t).Owner}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := reportlab.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := f.Verify(t.Context(), 1); err != nil || v.Events != r.Events || v.Whole == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if r.Events < 1500 || r.Again == 0 || r.SQL == 0 || r.SQLLean == 0 {
		t.Errorf("%+v", r)
	}
}
