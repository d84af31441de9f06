package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"lerd/internal/store/cluster"
	"lerd/internal/store/migrations"
	"lerd/internal/testkit"
	"lerd/internal/testkit/auditlab"
)

// durableLab is a Lab on a server that flushes to disk, unlike those of tests.
func durableLab(b *testing.B) *auditlab.Lab {
	b.Helper()
	c, err := cluster.Open(b.Context(), cluster.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	owner := c.URL(cluster.RoleOwner, cluster.MainDatabase)
	if _, err := migrations.Up(b.Context(), owner); err != nil {
		b.Fatal(err)
	}
	return auditlab.On(b, testkit.Database{Name: cluster.MainDatabase, Owner: owner, Superuser: owner,
		App: c.URL(cluster.RoleApp, cluster.MainDatabase), Auditor: c.URL(cluster.RoleAuditor, cluster.MainDatabase)})
}

// plainTables are what the step would write without an audit log worth the
// name: the same row, and one event row with the same bytes, no order, no guard.
const plainTables = `
CREATE TABLE public.plain_thing (id uuid PRIMARY KEY, state text NOT NULL, version bigint NOT NULL, event_id uuid NOT NULL);
CREATE TABLE public.plain_event (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), entry bytea NOT NULL, body bytea NOT NULL);
GRANT SELECT, INSERT, UPDATE ON public.plain_thing, public.plain_event TO lerd_app`

// BenchmarkStep (performance, section a) takes business steps at 1, 8 and 64
// writers: a row by compare-and-swap and its event, one transaction each. It
// alternates between the plain tables and the audit log, with the sequencer
// running, and reports the ratio of their rates. The sealing of the event counts
// on the audit log's side only.
func BenchmarkStep(b *testing.B) {
	lab := durableLab(b)
	if err := lab.Owner.Exec(plainTables).Error; err != nil {
		b.Fatal(err)
	}
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			defer auditlab.Sequencing(b, lab.Sequencer(b))()
			auditlab.Contest(b, lab.Database.Superuser, plainWriters(b, lab, writers), auditWriters(b, lab, writers))
		})
	}
}

func auditWriters(b *testing.B, lab *auditlab.Lab, n int) (out []func() error) {
	for range n {
		thing, version := uuid.NewString(), int64(1)
		lab.Do(b, auditlab.Step{ID: thing, To: "s", Version: 1})
		out = append(out, func() error {
			version++
			return lab.App.Transaction(func(tx *gorm.DB) error {
				_, err := auditlab.Take(tx, auditlab.Step{ID: thing, From: "s", To: "s", Version: version})
				return err
			})
		})
	}
	return out
}

func plainWriters(b *testing.B, lab *auditlab.Lab, n int) (out []func() error) {
	event := auditlab.Step{ID: uuid.NewString(), From: "s", To: "s", Version: 2}.Event()
	entry, err := event.Seal([16]byte{}, [32]byte{})
	if err != nil {
		b.Fatal(err)
	}
	body, err := event.Payload([32]byte{}).Encode()
	if err != nil {
		b.Fatal(err)
	}
	for range n {
		thing, version := uuid.NewString(), int64(1)
		if err := lab.App.Exec(`INSERT INTO public.plain_thing VALUES (?, 's', 1, ?)`, thing, thing).Error; err != nil {
			b.Fatal(err)
		}
		out = append(out, func() error {
			version++
			id := uuid.NewString()
			return lab.App.Transaction(func(tx *gorm.DB) error {
				_, err := tx.Statement.ConnPool.ExecContext(tx.Statement.Context, `INSERT INTO public.plain_event (id, entry, body) VALUES ($1, $2, $3)`, id, []byte(entry), body)
				if err != nil {
					return err
				}
				return tx.Exec(`UPDATE public.plain_thing SET state = ?, version = ?, event_id = ? WHERE id = ? AND state = ? AND version = ?`,
					"s", version, id, thing, "s", version-1).Error
			})
		})
	}
	return out
}

// BenchmarkSequencer places batches of 20,000 events: order, tree, one
// synchronous transaction, keeper and publication. One operation is one event.
func BenchmarkSequencer(b *testing.B) {
	const batch = 20_000
	lab := durableLab(b)
	seq := lab.Sequencer(b)
	if _, err := seq.RunOnce(b.Context()); err != nil { // begins the log
		b.Fatal(err)
	}
	b.ResetTimer()
	var busy time.Duration
	batches := 0
	for ; batches*batch < b.N; batches++ {
		b.StopTimer()
		lab.Fill(b, batch)
		before := testkit.ProcessorTime(b, lab.Database.Superuser)
		b.StartTimer()
		if round, err := seq.RunOnce(b.Context()); err != nil || round.Placed != batch {
			b.Fatalf("%+v, %v", round, err)
		}
		busy += testkit.ProcessorTime(b, lab.Database.Superuser) - before
	}
	b.ReportMetric(float64(batches*batch)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(batches*batch)/busy.Seconds(), "events/cpu-s")
}
