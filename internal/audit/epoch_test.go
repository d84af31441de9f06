package audit_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

// gapped makes a log of 300 entries of which 40 more were signed and lost, and
// which goes on in epoch 2. spoil changes what the first entry and the words say.
func gapped(t *testing.T, key audittest.Key, spoil func(b *audit.EpochBegun, words []*audit.Event)) (l *audittest.Log, lost []byte) {
	t.Helper()
	whole := audittest.Build(t, key, audittest.Events(t, 0, 340))
	lost = whole.Files[audit.CheckpointPath].Data
	l = audittest.Build(t, key, audittest.Events(t, 0, 300))
	loss, err := key.Trust.FindLoss(t.Context(), l.Reader(), l.Checkpoint(), []audit.Kept{{Place: "a", Note: lost}}, nil)
	if err != nil || loss == nil || loss.Breach != audit.Rollback {
		t.Fatalf("%+v, %v", loss, err)
	}
	sum := sha256.Sum256([]byte(loss.Statement()))
	b := audit.EpochBegun{Number: 2, Origin: loss.Origin, Size: 300, Root: loss.Tree.Root, Kept: loss.Notes(), Loss: hex.EncodeToString(sum[:]),
		Acks: map[string]audit.EventID{"counsel": audittest.EventID(900), "auditor": audittest.EventID(901)}}
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	var words []*audit.Event
	for i, role := range []string{"counsel", "auditor"} {
		words = append(words, &audit.Event{ID: audittest.EventID(900 + i), Stream: "log_loss:" + role, Version: 1, Kind: audit.KindLossAcknowledged, At: at,
			Actor: audit.Actor{Person: "p-" + role, Role: role, Session: "s"}, Facts: map[string]string{"loss_sha256": b.Loss, "assertion": "a"}})
	}
	if spoil != nil {
		spoil(&b, words)
	}
	begun := audit.Event{ID: audittest.EventID(902), Stream: "log:epochs", Version: 1, Kind: audit.KindEpochBegun, At: at, Actor: words[1].Actor, Facts: b.Facts()}
	if l.Signer, err = audit.EpochSigner(key.Signer, key.Trust, 2); err != nil {
		t.Fatal(err)
	}
	l.Append(t, audittest.Seal(t, begun, 902), audittest.Seal(t, *words[0], 900), audittest.Seal(t, *words[1], 901))
	return l, lost
}

// TestAGapIsNamed verifies a log of two epochs with the first one's key alone.
func TestAGapIsNamed(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	l, lost := gapped(t, key, nil)
	pin, err := audit.OpenCheckpoint(lost, key.Trust)
	if err != nil {
		t.Fatal(err)
	}
	before := audittest.Build(t, key, audittest.Events(t, 0, 200)).Checkpoint()
	report, err := audit.VerifyLog(t.Context(), l.Reader(), nil, key.Trust, audit.VerifyOptions{Pinned: []audit.Checkpoint{pin.Checkpoint, before}})
	if err != nil || len(report.Gaps) != 1 || report.InGap != 1 || report.Pinned != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	said := report.Gaps[0].Sentence()
	for _, want := range []string{"epoch 1 ended at size 340 with root " + pin.Root.String(), "entries 300 to 339 are lost", "acknowledged by a counsel and an auditor on 2 November 2026", "epoch 2 begins with entry 300"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q lacks %q", said, want)
		}
	}
	more := audittest.Build(t, key, audittest.Events(t, 0, 350)).Checkpoint()
	_, err = audit.VerifyLog(t.Context(), l.Reader(), nil, key.Trust, audit.VerifyOptions{Pinned: []audit.Checkpoint{more}})
	wantBreach(t, err, audit.Rollback) // more is lost than was said
	other := audit.Checkpoint{Origin: audittest.Origin, Size: 200, Root: pin.Root}
	_, err = audit.VerifyLog(t.Context(), l.Reader(), nil, key.Trust, audit.VerifyOptions{Pinned: []audit.Checkpoint{other}})
	wantBreach(t, err, audit.Fork)
}

// TestFalseEpochsAreNoticed forges beginnings of epochs with the log's key.
func TestFalseEpochsAreNoticed(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	sound := audittest.Build(t, key, audittest.Events(t, 0, 200))
	for name, spoil := range map[string]func(b *audit.EpochBegun, words []*audit.Event){
		"one person twice": func(_ *audit.EpochBegun, w []*audit.Event) { w[0].Actor.Person = w[1].Actor.Person },
		"an administrator": func(_ *audit.EpochBegun, w []*audit.Event) { w[0].Actor.Role = "administrator" },
		"no passkey":       func(_ *audit.EpochBegun, w []*audit.Event) { delete(w[0].Facts, "assertion") },
		"a word missing":   func(b *audit.EpochBegun, _ []*audit.Event) { b.Acks["auditor"] = audittest.EventID(77) },
		"of another loss":  func(_ *audit.EpochBegun, w []*audit.Event) { w[1].Facts["loss_sha256"] = strings.Repeat("0", 64) },
		"a number skipped": func(b *audit.EpochBegun, _ []*audit.Event) { b.Number = 3 },
		"another tree":     func(b *audit.EpochBegun, _ []*audit.Event) { b.Root[0] ^= 1 },
		"nothing said":     func(b *audit.EpochBegun, _ []*audit.Event) { b.Kept = nil },
		"nothing lost": func(b *audit.EpochBegun, w []*audit.Event) {
			loss := audit.Loss{Tree: audit.Checkpoint{Origin: audittest.Origin, Size: b.Size, Root: b.Root}, Number: 2, Origin: b.Origin, Kept: []audit.Kept{{Note: sound.Files[audit.CheckpointPath].Data}}}
			sum := sha256.Sum256([]byte(loss.Statement()))
			b.Kept, b.Loss = loss.Notes(), hex.EncodeToString(sum[:])
			w[0].Facts["loss_sha256"], w[1].Facts["loss_sha256"] = b.Loss, b.Loss
		},
		"another statement": func(b *audit.EpochBegun, w []*audit.Event) {
			b.Loss = strings.Repeat("0", 64)
			w[0].Facts["loss_sha256"], w[1].Facts["loss_sha256"] = b.Loss, b.Loss
		},
		"a checkpoint changed": func(b *audit.EpochBegun, _ []*audit.Event) {
			b.Kept[0] = append([]byte(nil), sound.Files[audit.CheckpointPath].Data...)
		},
	} {
		l, _ := gapped(t, key, spoil)
		_, err := audit.VerifyLog(t.Context(), l.Reader(), nil, key.Trust, audit.VerifyOptions{})
		t.Run(name, func(t *testing.T) { wantBreach(t, err, audit.BadEpoch) })
	}
	l, _ := gapped(t, key, nil)
	l.Signer = key.Signer
	l.Sign(t)
	_, err := audit.VerifyLog(t.Context(), l.Reader(), nil, key.Trust, audit.VerifyOptions{})
	wantBreach(t, err, audit.BadEpoch) // signed as if nothing had been
	early := audittest.Event(0)
	early.Epoch = 1
	_, err = audit.VerifyLog(t.Context(), audittest.Build(t, key, [][]byte{audittest.Seal(t, early, 0)}).Reader(), nil, key.Trust, audit.VerifyOptions{})
	wantBreach(t, err, audit.BadEpoch)
}

// TestNothingLostIsNoLoss: what the tree continues can be acknowledged by nobody,
// and a record that is missing or strange is no loss.
func TestNothingLostIsNoLoss(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	l := audittest.Build(t, key, audittest.Events(t, 0, 300))
	kept := audittest.Build(t, key, audittest.Events(t, 0, 256)).Files[audit.CheckpointPath].Data
	if loss, err := key.Trust.FindLoss(t.Context(), l.Reader(), l.Checkpoint(), []audit.Kept{{Place: "a", Note: kept}}, nil); loss != nil || err != nil {
		t.Errorf("%+v, %v", loss, err)
	}
	strange := audittest.Build(t, audittest.NewKey(t, audittest.Origin), audittest.Events(t, 0, 400)).Files[audit.CheckpointPath].Data
	for _, records := range [][]audit.Kept{{{Place: "a", Note: kept}, {Place: "b"}}, {{Place: "a", Note: strange}}} {
		if loss, err := key.Trust.FindLoss(t.Context(), l.Reader(), l.Checkpoint(), records, nil); loss != nil || err == nil {
			t.Errorf("%+v, %v", loss, err)
		}
	}
}

// TestEpochKeysFollowFromTheFirst derives the keys of later epochs, and refuses
// the signature of one epoch in another.
func TestEpochKeysFollowFromTheFirst(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	keys, err := audit.VerifierKeys(key.VerifierKey, 3)
	if err != nil || len(keys) != 3 || keys[0] != key.VerifierKey {
		t.Fatalf("%v, %v", keys, err)
	}
	signer, err := audit.EpochSigner(key.Signer, key.Trust, 3)
	if err != nil {
		t.Fatal(err)
	}
	c := audit.Checkpoint{Origin: signer.Name(), Root: audit.EmptyRoot()}
	signed, err := c.Sign(signer)
	if err != nil {
		t.Fatal(err)
	}
	third, err := audit.NewVerifier(keys[2])
	if err != nil {
		t.Fatal(err)
	}
	for _, trust := range []audit.Trust{key.Trust, {Log: []note.Verifier{third}}, {Log: []note.Verifier{key.Trust.Log[0], third}}} {
		if _, err := audit.OpenCheckpoint(signed, trust); err != nil {
			t.Error(err)
		}
	}
	moved := strings.ReplaceAll(string(signed), audittest.Origin+"/3", audittest.Origin+"/2")
	if _, err := audit.OpenCheckpoint([]byte(moved), key.Trust); err == nil {
		t.Error("a signature of one epoch serves in another")
	}
}
