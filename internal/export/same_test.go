package export

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"lerd/bundle"
	"lerd/internal/personal"
)

// contents gives the files of a prepared bundle.
func contents(t testing.TB, p Prepared) fstest.MapFS {
	t.Helper()
	s, err := loadStage(p.Dir)
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for _, f := range s.Files {
		r, err := f.open(p.Dir)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(flate.NewReader(bytes.NewReader(b))); err != nil {
			t.Fatal(f.Name, err)
		}
		out[f.Name] = &fstest.MapFile{Data: b}
	}
	return out
}

// drawn is a made-up content: what was decided, and records inside it.
type drawn struct {
	outcomes []Outcome
	phones   []PhoneRecord
	ips      []IPRecord
}

var day = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func draw(t *rapid.T) (d drawn) {
	for s := range rapid.IntRange(1, 3).Draw(t, "subjects") {
		for _, category := range []string{CategoryPhone, CategoryIP} {
			o := Outcome{SubjectRef: fmt.Sprintf("t%d", s+1), Category: category, Asked: Period{day, day.AddDate(0, 6, 0)},
				Decision: rapid.SampledFrom([]string{DecisionApproved, DecisionNarrowed, DecisionRefused, DecisionNotHeld, DecisionWithheld}).Draw(t, "decision")}
			switch o.Decision {
			case DecisionApproved:
				p := o.Asked
				o.Applied = &p
			case DecisionNarrowed:
				o.Applied = &Period{day.AddDate(0, 1, s), day.AddDate(0, 2, 0)}
				o.Reasons = []Reason{{"RR-10", "Too long.", "Ask for less."}}
			default:
				o.Reasons = []Reason{{"RR-11", "Not under this process.", "Use another."}, {"RR-20", "Nothing held.", "None."}}
			}
			d.outcomes = append(d.outcomes, o)
			if o.Applied == nil {
				continue
			}
			for range rapid.IntRange(0, 6).Draw(t, "rows") {
				if category == CategoryPhone {
					d.phones = append(d.phones, drawPhone(t, o, len(d.phones)))
				} else {
					d.ips = append(d.ips, drawIP(t, o, len(d.ips)))
				}
			}
		}
	}
	return d
}

func drawTime(t *rapid.T, p Period, name string) Moment {
	digits := rapid.SampledFrom([]int{0, 3, 6, 9}).Draw(t, name+" digits")
	at := p.From.Add(time.Duration(rapid.Int64Range(0, int64(p.To.Sub(p.From))-1).Draw(t, name)))
	return Held(at.Truncate(time.Duration(map[int]int64{0: 1e9, 3: 1e6, 6: 1e3, 9: 1}[digits])), digits)
}

func maybe(t *rapid.T, m Moment, name string) Moment {
	if rapid.Bool().Draw(t, name) {
		return m
	}
	return Moment{}
}

func drawPhone(t *rapid.T, o Outcome, n int) PhoneRecord {
	return PhoneRecord{RecordID: fmt.Sprintf("P%09d", n), RequestRef: "REQ-2026-7", SubjectRef: o.SubjectRef, AccountID: "a-" + o.SubjectRef,
		Phone:  personal.NewPhone(rapid.StringMatching(`\+[1-9][0-9]{5,14}`).Draw(t, "phone")),
		Status: rapid.SampledFrom([]string{"", "verified", "unverified"}).Draw(t, "status"), VerifiedAt: maybe(t, drawTime(t, *o.Applied, "verified"), "has verified"),
		ValidFrom: Held(o.Applied.From.Add(-time.Hour), 3), ValidTo: maybe(t, drawTime(t, Period{o.Applied.From.Add(time.Second), o.Applied.To}, "to"), "has to"),
		Current: rapid.SampledFrom([]Ternary{NotHeld, Yes, No}).Draw(t, "current"), SourceSystem: "accounts",
		SourceRecordID: fmt.Sprint("r:", n), RetrievedAt: Held(now, 6), QueryID: "q-1"}
}

func drawIP(t *rapid.T, o Outcome, n int) IPRecord {
	addr := func(name string) personal.Addr {
		b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, name)
		if rapid.Bool().Draw(t, name+" six") {
			b[0] = 0x20
			return personal.NewAddr(netip.AddrFrom16([16]byte(b)))
		}
		return personal.NewAddr(netip.AddrFrom4([4]byte(b[:4])))
	}
	r := IPRecord{RecordID: fmt.Sprintf("I%09d", n), RequestRef: "REQ-2026-7", SubjectRef: o.SubjectRef, AccountID: "a-" + o.SubjectRef,
		EventType: rapid.SampledFrom([]string{"login", "logout", "registration"}).Draw(t, "event"), EventTime: drawTime(t, *o.Applied, "at"), Addr: addr("addr"),
		SourcePort: uint16(rapid.IntRange(0, 65535).Draw(t, "port")), Transport: rapid.SampledFrom([]string{"", "tcp", "udp"}).Draw(t, "transport"),
		FirstSeen: maybe(t, drawTime(t, *o.Applied, "first"), "has first"), SharedOrProxied: rapid.SampledFrom([]Ternary{NotHeld, Yes, No}).Draw(t, "shared"),
		SourceSystem: "edge", SourceRecordID: fmt.Sprint("e:", n), RetrievedAt: Held(now, 6), QueryID: "q-1"}
	if rapid.Bool().Draw(t, "has destination") {
		r.Destination, r.DestinationPort = addr("destination"), uint16(rapid.IntRange(0, 65535).Draw(t, "destination port"))
	}
	return r
}

func (d drawn) content(desk *desk) Content {
	c := desk.content(0, 0)
	c.Header.Outcomes, c.Header.RuleViolations = d.outcomes, nil
	for i := range 3 {
		c.Header.RuleViolations = append(c.Header.RuleViolations, RuleViolation{SubjectRef: fmt.Sprintf("t%d", i+1), RuleID: "R", DecisionID: "D",
			DecidedAt: day, ConfirmedByRoles: [2]string{"confirmer", "confirmer"}})
	}
	c.Header.Custody = steps(day, "t1", "t2", "t3")
	c.Phones, c.IPs = list2(d.phones), list2(d.ips)
	return c
}

func list2[T any](rows []T) func(func(T, error) bool) {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// TestTheSameInEveryRepresentation makes bundles of made-up records, reads each
// file of them back and compares it with what was put in.
func TestTheSameInEveryRepresentation(t *testing.T) {
	desk := newDesk(t)
	rapid.Check(t, func(rt *rapid.T) {
		desk.maker.Dir = t.TempDir()
		d := draw(rt)
		p, err := desk.maker.Prepare(t.Context(), d.content(desk))
		if err != nil {
			rt.Fatal(err)
		}
		files := contents(t, p)
		got, err := bundle.Read(files) // holds CSV, JSON and export.json against each other
		if err != nil {
			rt.Fatal(err)
		}
		d.compareRecords(rt, got)
		d.compareOutcomes(rt, got)
		d.compareCase(rt, files["data/case.jsonld"].Data)
		if rapid.IntRange(0, 3).Draw(rt, "read the letter") == 0 {
			d.comparePDF(rt, t, files["letter.pdf"].Data)
		}
	})
}

func text(m Moment) string {
	if m.At.IsZero() {
		return ""
	}
	return string(m.append(nil))
}

func textOf(p *time.Time, digits int) string {
	if p == nil {
		return ""
	}
	return text(Held(*p, digits))
}

func (d drawn) compareRecords(t *rapid.T, got *bundle.Bundle) {
	if len(got.Phones) != len(d.phones) || len(got.IPs) != len(d.ips) {
		t.Fatalf("%d, %d rows of %d, %d", len(got.Phones), len(got.IPs), len(d.phones), len(d.ips))
	}
	for i, p := range d.phones {
		g := got.Phones[i]
		if g.Number != p.Phone.Reveal() || g.SubjectRef != p.SubjectRef || textOf(g.ValidTo, p.ValidTo.Digits) != text(p.ValidTo) ||
			textOf(g.VerifiedAt, p.VerifiedAt.Digits) != text(p.VerifiedAt) || (g.Current == nil) != (p.Current == NotHeld) || g.Status != p.Status {
			t.Fatalf("phone %d is %+v", i, g)
		}
	}
	for i, p := range d.ips {
		g := got.IPs[i]
		destination := ""
		if a := p.Destination.Reveal(); a.IsValid() {
			destination = a.String()
		}
		if g.Address != p.Addr.Reveal().String() || g.EventTimeText != text(p.EventTime) || g.SourcePort != int(p.SourcePort) || g.DestinationIP != destination ||
			g.DestinationPort != int(p.DestinationPort) || g.Transport != p.Transport || textOf(g.FirstSeen, p.FirstSeen.Digits) != text(p.FirstSeen) {
			t.Fatalf("address %d is %+v", i, g)
		}
	}
}

func (d drawn) compareOutcomes(t *rapid.T, got *bundle.Bundle) {
	counts := map[string]int64{}
	for _, p := range d.phones {
		counts[p.SubjectRef+CategoryPhone]++
	}
	for _, p := range d.ips {
		counts[p.SubjectRef+CategoryIP]++
	}
	for i, o := range d.outcomes {
		g := got.Export.Outcomes[i]
		if g.Records != counts[o.SubjectRef+o.Category] || g.Decision != o.Decision || len(g.Reasons) != len(o.Reasons) {
			t.Fatalf("outcome %d is %+v", i, g)
		}
		if g.Records == 0 && g.Result == "disclosed" {
			t.Fatal("nothing is called disclosed")
		}
	}
}

func (d drawn) compareCase(t *rapid.T, raw []byte) {
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	collect(doc, found)
	var phones, times, ports, addrs []string
	for _, p := range d.phones {
		phones = append(phones, p.Phone.Reveal())
	}
	for _, p := range d.ips {
		times = append(times, text(p.EventTime))
		if p.SourcePort != 0 {
			ports = append(ports, fmt.Sprint(p.SourcePort))
		}
		addrs = append(addrs, p.Addr.Reveal().String())
		if a := p.Destination.Reveal(); a.IsValid() {
			addrs = append(addrs, a.String())
		}
	}
	slices.Sort(addrs)
	for name, want := range map[string][]string{"uco-observable:phoneNumber": phones, "uco-observable:startTime": times,
		"uco-observable:sourcePort": ports, "uco-observable:addressValue": slices.Compact(addrs)} {
		have := found[name]
		slices.Sort(have)
		slices.Sort(want)
		if !slices.Equal(have, want) {
			t.Fatalf("%s: %v, want %v", name, have, want)
		}
	}
}

// collect gathers the texts of a JSON document by member.
func collect(v any, into map[string][]string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			collect(x, into)
		}
	case map[string]any:
		for name, x := range v {
			if s, ok := x.(string); ok {
				into[name] = append(into[name], s)
			}
			if o, ok := x.(map[string]any); ok {
				if s, ok := o["@value"].(string); ok {
					into[name] = append(into[name], s)
				}
			}
			collect(x, into)
		}
	}
}

// comparePDF reads the letter's text in the order of drawing, without spaces:
// a row's cells then stand behind each other.
func (d drawn) comparePDF(rt *rapid.T, t *testing.T, pdf []byte) {
	if _, err := exec.LookPath("pdftotext"); err != nil {
		return
	}
	path := filepath.Join(t.TempDir(), "letter.pdf")
	if err := os.WriteFile(path, pdf, 0o600); err != nil {
		rt.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-raw", path, "-").Output()
	if err != nil {
		rt.Fatal(err)
	}
	got := strings.Join(strings.Fields(string(out)), "")
	want := func(parts ...string) {
		if s := strings.Join(strings.Fields(strings.Join(parts, "")), ""); !strings.Contains(got, s) {
			rt.Fatalf("the letter does not have %q in:\n%s", s, out)
		}
	}
	mark := "-" + bundle.Mark(eventID)
	want("mark" + mark[1:])
	for _, p := range d.phones {
		want(p.RecordID, mark, p.SubjectRef, p.Phone.Reveal(), text(p.ValidFrom), text(p.ValidTo))
	}
	for _, p := range d.ips {
		port := ""
		if p.SourcePort != 0 {
			port = fmt.Sprint(p.SourcePort)
		}
		want(p.RecordID, mark, p.SubjectRef, p.EventType, text(p.EventTime), p.Addr.Reveal().String(), port)
	}
	for _, o := range d.outcomes {
		want(o.SubjectRef, categoryWords[o.Category], span(o.Asked))
	}
}
