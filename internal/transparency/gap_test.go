package transparency_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/testkit/reportlab"
	"lerd/internal/transparency"
)

// lose takes n events from the p-th on out of the world's log, which goes on in
// epoch 2 with what is not of their streams. It gives what was signed before.
func (w *world) lose(p, n int) (lost audit.Checkpoint, begun audit.EpochBegun) {
	w.t.Helper()
	key := audittest.Key{Signer: w.log.Signer, Trust: w.log.Trust}
	entries := func(list []reportlab.Event) (out [][]byte) {
		for _, e := range list {
			out = append(out, e.Entry)
		}
		return out
	}
	whole := audittest.Build(w.t, key, entries(w.events[:p+n]))
	gone := map[string]bool{}
	for _, e := range w.events[p : p+n] {
		gone[e.Stream] = true
	}
	at := w.events[p+n-1].At.Add(time.Hour)
	rest := slices.DeleteFunc(slices.Clone(w.events[p+n:]), func(e reportlab.Event) bool { return gone[e.Stream] || e.At.Before(at) })
	w.log = audittest.Build(w.t, key, entries(w.events[:p]))
	loss, err := key.Trust.FindLoss(w.t.Context(), w.log.Reader(), w.log.Checkpoint(), []audit.Kept{{Place: "a", Note: whole.Files[audit.CheckpointPath].Data}}, nil)
	if err != nil || loss == nil {
		w.t.Fatalf("%+v, %v", loss, err)
	}
	begun = audit.EpochBegun{Number: 2, Origin: loss.Origin, Size: uint64(p), Root: loss.Tree.Root, Kept: loss.Notes(), Loss: loss.Digest(),
		Acks: map[string]audit.EventID{"counsel": audittest.EventID(900), "auditor": audittest.EventID(901)}}
	added := []reportlab.Event{{Event: audit.Event{ID: audittest.EventID(902), Stream: "log:epochs", Version: 1, Kind: audit.KindEpochBegun, At: at, Actor: audit.Actor{Person: "p-counsel", Role: "counsel", Session: "s"}, Facts: begun.Facts()}}}
	for i, role := range []string{"counsel", "auditor"} {
		added = append(added, reportlab.Event{Event: audit.Event{ID: audittest.EventID(900 + i), Stream: "log_loss:" + role, Version: 1, Kind: audit.KindLossAcknowledged, At: at,
			Actor: audit.Actor{Person: "p-" + role, Role: role, Session: "s"}, Facts: map[string]string{"loss_sha256": begun.Loss, "assertion": "a"}}})
	}
	for i, n := range []int{902, 900, 901} {
		added[i].Entry = audittest.Seal(w.t, added[i].Event, n)
	}
	if w.log.Signer, err = audit.EpochSigner(key.Signer, key.Trust, 2); err != nil {
		w.t.Fatal(err)
	}
	w.events = append(append(slices.Clone(w.events[:p]), added...), rest...)
	w.log.Append(w.t, entries(w.events[p:])...)
	w.epochs = []audit.EpochBegun{begun}
	return whole.Checkpoint(), begun
}

// inQuarter gives the place of an event in the middle of the third quarter.
func (w *world) inQuarter() int {
	middle := third.From().AddDate(0, 1, 14)
	return slices.IndexFunc(w.events, func(e reportlab.Event) bool { return e.At.After(middle) })
}

// TestAReportNamesItsGap loses forty entries in the middle of a quarter: JSON,
// table and what is signed say which, and from when to when, and a stranger finds
// the same, to the byte, from the log alone. The quarters in which nothing was
// lost name the origins and no gap.
func TestAReportNamesItsGap(t *testing.T) {
	w := newWorld(t, 31, 600)
	p := w.inQuarter()
	before := w.events[p-1].At
	lost, begun := w.lose(p, 40)
	o := w.order()
	dir := w.publish(o)
	if err := w.verify(dir); err != nil {
		t.Fatal(err)
	}
	var said struct{ Gaps []transparency.Gap }
	if err := json.Unmarshal(dir[transparency.ReportName].Data, &said); err != nil || len(said.Gaps) != 1 {
		t.Fatalf("%+v, %v", said, err)
	}
	g := said.Gaps[0]
	if *g.First != uint64(p) || *g.Last != lost.Size-1 || g.Root != lost.Root.String() || g.After != before.UTC().Format(time.RFC3339) || g.Goes != begun.Origin || g.Until <= g.After {
		t.Errorf("the gap is said to be %+v", g)
	}
	for name, want := range map[string][]string{
		transparency.TableName: {",gaps,,entries,origin," + audittest.Origin + ",first_entry,", ",missing\r\n", ",origins,,entries,origin," + begun.Origin + ",first_entry,"},
		transparency.SealName:  {"\ngap " + audittest.Origin + " entries ", "\norigin " + begun.Origin + " entries "},
	} {
		for _, text := range want {
			if !bytes.Contains(dir[name].Data, []byte(text)) {
				t.Errorf("%s does not say %q", name, text)
			}
		}
	}
	other := o
	other.Period.Quarter, other.CutOff = 1, time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	if r := w.report(other); len(r.Gaps) != 0 || len(r.Origins) != 2 {
		t.Errorf("a quarter that lost nothing names %+v, of %+v", r.Gaps, r.Origins)
	}
}

// TestAGapIsNotHidden lies about a gap with the key of the reports.
func TestAGapIsNotHidden(t *testing.T) {
	w := newWorld(t, 32, 600)
	p := w.inQuarter()
	early := w.report(w.order())
	lost, _ := w.lose(p, 40)
	for name, lie := range map[string]func(r *transparency.Report){
		"no gap":          func(r *transparency.Report) { r.Gaps = nil },
		"no origins":      func(r *transparency.Report) { r.Origins = nil },
		"nothing of both": func(r *transparency.Report) { r.Gaps, r.Origins = nil, nil },
		"a shorter gap":   func(r *transparency.Report) { n := *r.Gaps[0].Last - 5; r.Gaps[0].Last = &n },
		"another time":    func(r *transparency.Report) { r.Gaps[0].After = r.Gaps[0].Until },
	} {
		r := w.report(w.order())
		lie(r)
		t.Run(name, func(t *testing.T) { named(t, w.verify(w.pack(r, w.needed(w.order()))), "DIFFERS") })
	}
	r := w.report(w.order())
	dir := w.pack(r, w.needed(w.order()))
	dir[transparency.SealName] = &fstest.MapFile{Data: []byte(strings.Replace(string(dir[transparency.SealName].Data), "\ngap ", "\ngas ", 1))}
	named(t, w.verify(dir), "SIGNATURE")
	early.Log = transparency.LogHead{Origin: lost.Origin, Size: lost.Size, Root: lost.Root}
	named(t, w.verify(w.pack(early, nil)), "LOST")
	if _, err := transparency.Collect(context.Background(), transparency.Source{Log: w.log.Reader(), Checkpoint: w.log.Checkpoint(), Openings: w.openings(), Epochs: w.epochs}); err == nil {
		t.Error("a gap is believed that names a checkpoint which nobody trusts")
	}
}
