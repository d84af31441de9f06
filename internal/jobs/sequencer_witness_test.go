package jobs_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/audit/witness"
	"lerd/internal/fault"
	"lerd/internal/jobs"
	"lerd/internal/requests"
	"lerd/internal/testkit/auditlab"
)

// witnessed is a lab whose log has witnesses.
type witnessed struct {
	*auditlab.Lab
	fakes  []*audittest.Witness
	policy witness.Policy
	trust  audit.Trust // with the witnesses and their quorum
}

func withWitnesses(t *testing.T, n int, policy witness.Policy) *witnessed {
	t.Helper()
	w := &witnessed{Lab: auditlab.New(t), policy: policy}
	for _, name := range []string{"witness.example/a", "witness.example/b", "witness.example/c"}[:n] {
		w.fakes = append(w.fakes, audittest.NewWitness(t, name, audittest.Key{Signer: w.Signer, Trust: w.Trust}))
	}
	return w
}

// sequencer is one of a process that just started.
func (w *witnessed) sequencer(t *testing.T) *jobs.Sequencer {
	t.Helper()
	var clients []witness.Client
	for _, f := range w.fakes {
		key, err := audit.NewWitness(f.VerifierKey)
		if err != nil {
			t.Fatal(err)
		}
		clients = append(clients, witness.Client{Key: key, URL: f.URL, HTTP: f.Client()})
	}
	// The clock runs fast, so that a failing witness is soon asked again.
	began := time.Now()
	group, err := witness.NewGroup(w.policy, clients, func() time.Time { return began.Add(1000 * time.Since(began)) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.trust = group.Trust(w.Trust)
	seq := w.Sequencer(t)
	seq.Witnesses = group
	return seq
}

func (w *witnessed) published(t *testing.T) []byte {
	t.Helper()
	var note []byte
	if err := w.App.Raw(`SELECT note FROM audit.checkpoint ORDER BY size DESC LIMIT 1`).Row().Scan(&note); err != nil {
		t.Fatal(err)
	}
	return note
}

func place(t *testing.T, seq *jobs.Sequencer) jobs.Round {
	t.Helper()
	round, err := seq.RunOnce(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return round
}

func down(w http.ResponseWriter, _ []byte) bool { w.WriteHeader(http.StatusBadGateway); return true }

// TestPublishedIsCosigned: what readers see, and every receipt, has its quorum.
func TestPublishedIsCosigned(t *testing.T) {
	w := withWitnesses(t, 3, witness.Policy{Quorum: 2, Required: true})
	seq := w.sequencer(t)
	var ids []audit.EventID
	for i := range 6 {
		ids = append(ids, w.Fill(t, 60)...)
		if i == 3 {
			seq = w.sequencer(t)
		}
		if round := place(t, seq); round.Unseen || round.Placed != 60 {
			t.Fatalf("round %d: %+v", i, round)
		}
		if c, err := audit.OpenCheckpoint(w.published(t), w.trust); err != nil || c.Size != uint64(60*(i+1)) {
			t.Fatalf("round %d: %+v, %v", i, c.Checkpoint, err)
		}
	}
	proof, err := seq.WaitFor(t.Context(), ids[7])
	if err != nil {
		t.Fatal(err)
	}
	var entry []byte
	if err := w.App.Raw(`SELECT entry FROM audit.event WHERE id = ?`, string(ids[7])).Row().Scan(&entry); err != nil {
		t.Fatal(err)
	}
	if _, _, err := audit.VerifyProof(entry, proof, w.trust); err != nil {
		t.Error(err)
	}
	if _, err := w.Verify(t); err != nil {
		t.Error(err)
	}
	if err := seq.Hold(); err != nil {
		t.Error(err)
	}
}

// TestRequiredWitnessesAreAway: steps are taken and get their place, the keeper
// knows of them, nothing is shown and nothing leaves; then it goes on by itself.
func TestRequiredWitnessesAreAway(t *testing.T) {
	w := withWitnesses(t, 2, witness.Policy{Quorum: 2, Required: true})
	seq := w.sequencer(t)
	w.Fill(t, 3)
	place(t, seq)
	w.fakes[1].Spoil(down)
	var last []audit.EventID
	for i := range 3 {
		last = w.Fill(t, 5)
		if round := place(t, seq); !round.Unseen || round.Placed != 5 {
			t.Fatalf("%+v", round)
		}
		kept, published := ends(t, w.Lab)
		if kept.Size != uint64(8+5*i) || published.Size != 3 {
			t.Errorf("kept %d, shown %d", kept.Size, published.Size)
		}
		if i == 1 {
			seq = w.sequencer(t)
		}
	}
	if round := place(t, seq); !round.Unseen || round.Placed != 0 {
		t.Errorf("a round without events: %+v", round)
	}
	if _, err := seq.WaitFor(t.Context(), last[0]); fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.Message(err), "witnesses") {
		t.Errorf("a release need not wait: %v", err)
	}
	asked := errors.New("the export went on")
	exporter := &jobs.Exporter{Hold: func() error { return errors.Join(seq.Hold()) }, Reached: func(string) { panic(asked) }}
	if err := exporter.Export(t.Context(), requests.ID("r")); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("an export begins: %v", err)
	}
	w.fakes[1].Spoil(nil)
	waitFor(t, "it goes on", func() bool { return !place(t, seq).Unseen })
	if c, err := audit.OpenCheckpoint(w.published(t), w.trust); err != nil || c.Size != 18 {
		t.Errorf("%+v, %v", c.Checkpoint, err)
	}
	if _, err := seq.WaitFor(t.Context(), last[0]); err != nil || seq.Hold() != nil {
		t.Errorf("%v, %v", err, seq.Hold())
	}
	if _, err := w.Verify(t); err != nil {
		t.Error(err)
	}
}

// TestOptionalWitnessesAreAway: the log goes on without them.
func TestOptionalWitnessesAreAway(t *testing.T) {
	w := withWitnesses(t, 1, witness.Policy{Quorum: 1})
	w.fakes[0].Spoil(down)
	seq := w.sequencer(t)
	ids := w.Fill(t, 3)
	if round := place(t, seq); round.Unseen {
		t.Errorf("%+v", round)
	}
	if _, err := seq.WaitFor(t.Context(), ids[0]); err != nil || seq.Hold() != nil {
		t.Errorf("%v, %v", err, seq.Hold())
	}
	if _, err := audit.OpenCheckpoint(w.published(t), w.trust); err == nil {
		t.Error("it has a cosignature")
	}
	w.fakes[0].Spoil(nil)
	waitFor(t, "it is cosigned again", func() bool {
		w.Fill(t, 1)
		place(t, seq)
		_, err := audit.OpenCheckpoint(w.published(t), w.trust)
		return err == nil
	})
}

// waitFor waits for what happens elsewhere; the deadline only ends a test that
// has failed.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestEverythingWasSetBack (T11): database and data folder are restored from one
// backup. A witness remembers; nothing is placed or signed any more, in this
// process and in the next, also where witnesses are not required.
func TestEverythingWasSetBack(t *testing.T) {
	for _, required := range []bool{false, true} {
		w := withWitnesses(t, 1, witness.Policy{Quorum: 1, Required: required})
		w.Fill(t, 260)
		place(t, w.sequencer(t))
		backup := w.Copy(t)
		file, err := w.Keeper.Load()
		if err != nil {
			t.Fatal(err)
		}
		w.Fill(t, 10)
		place(t, w.sequencer(t))

		w.Lab = backup
		w.Keeper.Path = t.TempDir() + "/checkpoint"
		if err := os.WriteFile(w.Keeper.Path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		w.Fill(t, 20)
		for range 2 {
			seq := w.sequencer(t)
			for range 2 {
				incident(t, seq, audit.Rollback, "witness.example/a has seen 270 entries")
			}
		}
		var placed int
		if err := w.App.Raw(`SELECT count(*) FROM audit.leaf`).Scan(&placed).Error; err != nil || placed != 260 {
			t.Errorf("%d are placed, %v", placed, err)
		}
		if now, _ := w.Keeper.Load(); string(now) != string(file) {
			t.Error("something was signed")
		}
	}
}

// incident wants a round to stop with a breach, and releases with a sentence.
func incident(t *testing.T, seq *jobs.Sequencer, breach audit.Breach, words string) {
	t.Helper()
	_, err := seq.RunOnce(t.Context())
	var v *audit.Violation
	if !errors.As(err, &v) || v.Breach != breach || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want %s with %q", err, breach, words)
	}
	hold := seq.Hold()
	if fault.KindOf(hold) != fault.Gate || !strings.HasPrefix(fault.Message(hold), "Incident: ") || !strings.Contains(fault.Message(hold), words) {
		t.Errorf("releases are held by %v", hold)
	}
	if _, err := seq.WaitFor(t.Context(), audittest.EventID(1<<40)); fault.KindOf(err) != fault.Gate {
		t.Errorf("a release waits: %v", err)
	}
}
