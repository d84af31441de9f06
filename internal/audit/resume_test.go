package audit_test

import (
	"context"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
)

func resume(log *audittest.Log, since audit.Checkpoint, pins ...audit.Checkpoint) (audit.Report, error) {
	return audit.VerifyLog(context.Background(), log.Reader(), nil, log.Trust, audit.VerifyOptions{Since: &since, Pinned: pins})
}

// TestVerificationIsResumed recomputes only what is newer than a checkpoint that
// was verified before, wherever in a bundle that ends.
func TestVerificationIsResumed(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	for _, at := range []int{0, 3, 255, 256, 700, 768, 65536, 66000} {
		log := audittest.Build(t, key, audittest.Events(t, 0, at))
		since := log.Checkpoint()
		log.Append(t, audittest.Events(t, at, 66100)...)
		report, err := resume(log, since, since, log.Checkpoint())
		if err != nil {
			t.Errorf("since %d: %v", at, err)
			continue
		}
		if want := uint64(at / 256 * 256); report.Since != want || report.Entries != 66100 || report.Pinned != 3 {
			t.Errorf("since %d: %+v", at, report)
		}
	}
}

// TestResumingFindsWhatWasTamperedWith tampers before and after the checkpoint
// that was verified.
func TestResumingFindsWhatWasTamperedWith(t *testing.T) {
	key := audittest.NewKey(t, audittest.Origin)
	events := audittest.Events(t, 0, 3000)
	honest := audittest.Build(t, key, events[:1500])
	since := honest.Checkpoint()
	earlier := audittest.Build(t, key, events[:600]).Checkpoint()
	honest.Append(t, events[1500:]...)
	if _, err := resume(honest, since, earlier); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 1400, 1499, 1500, 2500} { // rebuilt and signed by who has the key
		changed := append([][]byte{}, events...)
		changed[at] = audittest.Events(t, 5000, 5001)[0]
		_, err := resume(audittest.Build(t, key, changed), since)
		if at < 1500 {
			wantBreach(t, err, audit.Fork)
		} else {
			wantBreach(t, err, audit.BadOrder) // its stream has a gap
		}
	}
	tile := honest.Clone()
	tile.Edit(t, "tile/0/003", func(b []byte) []byte { b[7] ^= 1; return b }) // before, and not looked at
	if _, err := resume(tile, since); err != nil {
		t.Errorf("a tile of what was verified before: %v", err)
	}
	tile.Edit(t, "tile/0/007", func(b []byte) []byte { b[7] ^= 1; return b })
	_, err := resume(tile, since)
	wantBreach(t, err, audit.BadTree)
	short := audittest.Build(t, key, events[:1000])
	_, err = resume(short, since)
	wantBreach(t, err, audit.Rollback)
	forged := earlier
	forged.Root[0] ^= 1
	_, err = resume(honest, since, forged)
	wantBreach(t, err, audit.Fork)
}
