package main

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/change"
	"lerd/internal/legal"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/store/cluster"
	"lerd/internal/store/migrations"
	"lerd/internal/testkit"
	"lerd/internal/testkit/auditlab"
)

// plainLog makes of a database one in which the row of an event is a plain row:
// no order, no index but its key's, nothing that looks whether a step has its
// event. What opens the event stays beside it, without an index.
const plainLog = `
DO $$ DECLARE g record; BEGIN
    FOR g IN SELECT tgrelid::regclass AS of, tgname AS name FROM pg_trigger
        WHERE NOT tgisinternal AND (tgname = 'audit_event' OR tgrelid::regclass::text IN ('audit.event', 'audit.payload', 'audit.opening')) LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', g.name, g.of);
    END LOOP;
END $$;
ALTER TABLE audit.event DROP CONSTRAINT event_stream_version_key;
DROP INDEX audit.event_xid;
ALTER TABLE audit.payload DROP CONSTRAINT payload_pkey;
ALTER TABLE audit.opening DROP CONSTRAINT opening_pkey`

// scenarioOn is a scenario on a database of a server that flushes to disk, unlike
// those of tests.
func scenarioOn(b *testing.B, c *cluster.Cluster, name string) *scenario {
	b.Helper()
	s := &scenario{t: b, ctx: b.Context(), clock: testkit.NewClock(storyNow), times: sample.StoryTimes(storyNow), log: &logText{}}
	s.db = testkit.Database{Name: name, Owner: c.URL(cluster.RoleOwner, name), Superuser: c.URL(cluster.RoleOwner, name),
		App: c.URL(cluster.RoleApp, name), Auditor: c.URL(cluster.RoleAuditor, name)}
	main, err := sql.Open("pgx", c.URL(cluster.RoleOwner, cluster.MainDatabase))
	s.must(err)
	defer main.Close()
	_, err = main.Exec("CREATE DATABASE " + name)
	s.must(err)
	_, err = migrations.Up(s.ctx, s.db.Owner)
	s.must(err)
	s.evaluation(true)
	s.begin(testkit.Folder(b), false)
	return s
}

// kept is the store of cases that keeps what a step would commit.
type kept struct {
	requests.Store
	set change.Set
}

// Commit keeps it.
func (k *kept) Commit(_ context.Context, set change.Set) error {
	k.set = set
	return nil
}

// answering gives a step of the reviewer for a case: all open answers, saved at
// once, again and again.
func (s *scenario) answering(number string) func() error {
	rita := s.as("rita.lind")
	id := s.submit(number).ID
	s.must(s.cases.Claim(rita, id))
	store := &kept{Store: s.cases.Store}
	s.cases.Store = store
	s.answersBut(rita, id, legal.RoleReviewer, "")
	s.cases.Store = store.Store
	part := store.set.Parts[0]
	if len(part.Insert) == 0 {
		s.t.Fatal("the reviewer had nothing to answer")
	}
	q := *part.Update[0].(*requests.Request)
	q.Version--
	return func() error {
		q.Version++
		now, next := q, part
		next.Event.ID, next.Event.Version = audit.EventID(uuid.NewString()), q.Version
		next.Update, next.Insert = []any{&now}, slices.Clone(part.Insert)
		for i, v := range part.Insert {
			a := *v.(*requests.Answer)
			a.ID = uuid.NewString()
			next.Insert[i] = &a
		}
		return s.store.Commit(rita, change.Set{Parts: []change.Part{next}})
	}
}

// witnessed lets a witness sign each checkpoint of the log, and gives its key.
func (s *scenario) witnessed() string {
	w := audittest.NewWitness(s.t, "witness.example/a", audittest.Key{Trust: s.sequencer.Trust})
	cfg := s.cfg
	cfg.Witness.List = []witnessEntry{{URL: w.URL, Key: w.VerifierKey}}
	var err error
	s.sequencer.Witnesses, err = cfg.witnesses(s.clock.Now, s.sequencer.Log)
	s.must(err)
	return w.VerifierKey
}

// BenchmarkBusinessStep (performance, section a) commits what a reviewer's answers
// to all checks of a case write, on 1, 8 and 64 cases at once: with lerd's audit
// log, its sequencer and a witness, and in a database in which the event is a
// plain row. It alternates between them and reports the ratio of their rates.
// Making the event is on both sides.
func BenchmarkBusinessStep(b *testing.B) {
	c, err := cluster.Open(b.Context(), cluster.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	audited, plain := scenarioOn(b, c, "audited"), scenarioOn(b, c, "plain")
	audited.sequenceAll()
	audited.witnessed()
	var unordered, ordered []func() error
	for i := range 64 {
		unordered = append(unordered, plain.answering(fmt.Sprint("IN/94/2026/", i)))
		ordered = append(ordered, audited.answering(fmt.Sprint("IN/94/2026/", i)))
	}
	_, err = plain.ownerDB().Exec(plainLog)
	plain.must(err)
	defer auditlab.Sequencing(b, audited.sequencer)()
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			auditlab.Contest(b, audited.db.Superuser, unordered[:writers], ordered[:writers])
		})
	}
}
