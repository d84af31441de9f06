package export

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"pgregory.net/rapid"

	"lerd/internal/export/cms"
	"lerd/internal/export/columns"
	"lerd/internal/export/tsp"
	"lerd/internal/fault"
	"lerd/internal/personal"
)

// dead is a source of randomness or time stamps that stops the process's work.
type dead struct{ after, n int }

func (x *dead) Read(p []byte) (int, error) {
	if x.n++; x.n > x.after {
		return 0, errors.New("killed")
	}
	for i := range p {
		p[i] = byte(x.n*31 + i)
	}
	return len(p), nil
}

type deadTSA struct {
	TSA
	after int64
	n     atomic.Int64 // two stamps are asked for at once
}

func (x *deadTSA) Stamp(ctx context.Context, d tsp.Digest) (*tsp.Stamp, error) {
	if x.n.Add(1) > x.after {
		return nil, fault.New(fault.Unavailable, "out of reach")
	}
	return x.TSA.Stamp(ctx, d)
}

// TestEveryStepResumes stops each step at each point where it asks for
// something from outside, and then goes on with a new Maker over the same folder.
func TestEveryStepResumes(t *testing.T) {
	ctx := context.Background()
	for stop := range 12 {
		d := newDesk(t)
		whole := *d.maker
		broken := whole
		broken.Rand = &dead{after: stop}
		tsa := &deadTSA{TSA: d.tsa, after: int64(stop % 3)}
		p, err := broken.Prepare(ctx, d.content(2, 9))
		if err == nil {
			r := d.sealRequest(p)
			r.TSA = tsa
			if s, err := broken.Seal(ctx, r); err == nil {
				broken.Encrypt(ctx, d.encryptRequest(s)) //nolint:errcheck // may fail
			}
		}
		for _, n := range []string{"EXP-2026-000123.asice", "EXP-2026-000123.zip.p7m"} {
			path := filepath.Join(d.maker.Dir, n)
			if _, err := os.Stat(path); err == nil && strings.HasSuffix(n, ".p7m") {
				if r := d.verify(path); !r.OK {
					t.Fatalf("stop %d: %s exists and is not whole", stop, n)
				}
			}
		}
		s := d.seal(2, 9)
		rel, err := d.maker.Encrypt(ctx, d.encryptRequest(s))
		d.must(err)
		if r := d.verify(filepath.Join(d.maker.Dir, rel.File)); !r.OK {
			show(t, r)
			t.Fatalf("stop %d: the resumed export does not verify", stop)
		}
		again, err := d.maker.Encrypt(ctx, d.encryptRequest(s))
		d.must(err)
		if again.SHA256 != rel.SHA256 {
			t.Error("a repeated step made another file")
		}
		_, err = d.maker.Sweep(time.Now().Add(time.Hour))
		d.must(err)
		for _, dir := range []string{d.maker.Dir, d.maker.stagingRoot()} {
			if left, _ := filepath.Glob(filepath.Join(dir, "*"+tmpMark+"*")); len(left) > 0 {
				t.Errorf("stop %d: left after the sweep: %v", stop, left)
			}
		}
	}
}

func TestPrepareIsSettledOnce(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	first, err := d.maker.Prepare(ctx, d.content(1, 5))
	d.must(err)
	c := d.content(1, 5)
	c.IPs = func(func(IPRecord, error) bool) { t.Error("the records were read again") }
	c.Header.GeneratedAt = now.Add(time.Minute)
	second, err := d.maker.Prepare(ctx, c)
	d.must(err)
	if first.stage, second.stage = nil, nil; first != second {
		t.Errorf("%+v, then %+v", first, second)
	}
	c.Header.Agency.Name = "Another"
	if _, err := d.maker.Prepare(ctx, c); fault.KindOf(err) != fault.Conflict {
		t.Errorf("other contents under the same id: %v", err)
	}
}

// deadSigner is a token that was pulled out.
type deadSigner struct{ cms.Signer }

func (deadSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("CKR_TOKEN_NOT_PRESENT")
}

// TestNothingLeavesWithout takes away, one at a time, what a release rests on.
func TestNothingLeavesWithout(t *testing.T) {
	d, ctx := newDesk(t), context.Background()
	p, err := d.maker.Prepare(ctx, d.content(1, 5))
	d.must(err)
	other := newDesk(t)
	stale, err := d.pki.CRLs(now.AddDate(0, 0, -20))
	d.must(err)
	tomorrow, err := d.pki.CRLs(now.Add(24 * time.Hour))
	d.must(err)
	d.pki.Revoked[d.pki.Seal.Cert.SerialNumber.String()] = now.Add(-time.Hour)
	revoked, err := d.pki.CRLs(now)
	d.must(err)
	delete(d.pki.Revoked, d.pki.Seal.Cert.SerialNumber.String())
	for name, c := range map[string]struct {
		change func(*SealRequest)
		kind   fault.Kind
	}{
		"no lists":                         {func(r *SealRequest) { r.CRLs = nil }, fault.Gate},
		"no list of the authority of time": {func(r *SealRequest) { r.CRLs = r.CRLs[:2] }, fault.Gate},
		"no list of the root":              {func(r *SealRequest) { r.CRLs = r.CRLs[1:] }, fault.Gate},
		"lists of tomorrow":                {func(r *SealRequest) { r.CRLs = tomorrow }, fault.Gate},
		"a list that is none":              {func(r *SealRequest) { r.CRLs = append(r.CRLs, []byte("<html>")) }, fault.Gate},
		"lists that name the seal":         {func(r *SealRequest) { r.CRLs = revoked }, fault.Gate},
		"key out of reach":                 {func(r *SealRequest) { r.Signer = deadSigner{r.Signer} }, fault.Unavailable},
		"no time stamp":                    {func(r *SealRequest) { r.TSA = nil }, fault.Gate},
		"authority is down":                {func(r *SealRequest) { r.TSA = &deadTSA{TSA: d.tsa} }, fault.Unavailable},
		"stale lists":                      {func(r *SealRequest) { r.CRLs = stale }, fault.Gate},
		"another key":                      {func(r *SealRequest) { r.Signer = other.signer }, fault.Conflict},
		"another event":                    {func(r *SealRequest) { r.Proof = d.log("export.intended", nil) }, fault.Invalid},
		"event of other contents": {func(r *SealRequest) {
			r.Proof = d.log(KindSealed, map[string]string{FactExport: p.ExportID, FactContents: strings.Repeat("0", 64)})
		}, fault.Conflict},
	} {
		r := d.sealRequest(p)
		c.change(&r)
		if _, err := d.maker.Seal(ctx, r); fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v, want kind %s", name, err, c.kind)
		}
		if _, err := os.Stat(filepath.Join(d.maker.Dir, p.ExportID+".asice")); err == nil {
			t.Fatalf("%s: a container was left", name)
		}
	}
	if _, err := d.maker.Seal(ctx, d.sealRequest(p)); err != nil {
		t.Errorf("with everything back: %v", err)
	}
}

// TestNothingBelowLTIsReleased makes seals without time stamp, and without lists.
func TestNothingBelowLTIsReleased(t *testing.T) {
	for name, change := range map[string]func(*SealRequest){
		"B": func(r *SealRequest) { r.TSA, r.CRLs = nil, nil },
		"T": func(r *SealRequest) { r.CRLs = nil },
	} {
		d, ctx := newDesk(t), context.Background()
		p, err := d.maker.Prepare(ctx, d.content(1, 5))
		d.must(err)
		r := d.sealRequest(p)
		change(&r)
		r.BelowLT = true
		s, err := d.maker.Seal(ctx, r)
		d.must(err)
		if s.Level != name {
			t.Errorf("level %s, want %s", s.Level, name)
		}
		if _, err := d.maker.Encrypt(ctx, d.encryptRequest(s)); fault.KindOf(err) != fault.Gate {
			t.Errorf("a level %s bundle was released: %v", name, err)
		}
	}
}

// TestADamagedContainerIsMadeAnew: what the disk has spoilt after it was sealed
// is noticed when the export goes on, and sealed again from the same contents.
func TestADamagedContainerIsMadeAnew(t *testing.T) {
	d := newDesk(t)
	s := d.seal(1, 50)
	path := filepath.Join(d.maker.Dir, s.Container)
	b, err := os.ReadFile(path)
	d.must(err)
	b[len(b)/3] ^= 4
	d.must(os.WriteFile(path, b, 0o600))
	s = d.seal(1, 50)
	if _, err := d.maker.Encrypt(context.Background(), d.encryptRequest(s)); err != nil {
		t.Error(err)
	}
}

func TestADamagedContainerIsNotReleased(t *testing.T) {
	d := newDesk(t)
	s := d.seal(1, 50)
	path := filepath.Join(d.maker.Dir, s.Container)
	b, err := os.ReadFile(path)
	d.must(err)
	b[len(b)/3] ^= 4
	d.must(os.WriteFile(path, b, 0o600))
	if _, err := d.maker.Encrypt(context.Background(), d.encryptRequest(s)); fault.KindOf(err) != fault.Gate {
		t.Errorf("Encrypt = %v, want gate", err)
	}
	if left, err := filepath.Glob(filepath.Join(d.maker.Dir, "*.p7m*")); err != nil || len(left) > 0 {
		t.Errorf("a release file was left, under whatever name: %v (%v)", left, err)
	}
}

// TestOverDisclosureIsStopped plants one record that does not belong.
func TestOverDisclosureIsStopped(t *testing.T) {
	out := map[string]func(*IPRecord){
		"subject": func(r *IPRecord) { r.SubjectRef = "S-2" },
		"request": func(r *IPRecord) { r.RequestRef = "REQ-1" },
		"before":  func(r *IPRecord) { r.EventTime.At = time.Date(2025, 12, 31, 23, 59, 59, 0, time.UTC) },
		"after":   func(r *IPRecord) { r.EventTime.At = time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC) },
		"query":   func(r *IPRecord) { r.QueryID = "q-2" },
		"account": func(r *IPRecord) { r.AccountID = "a-78" },
	}
	for name, spoil := range out {
		d := newDesk(t)
		c := d.content(1, 10)
		c.IPs = spoilt(c.IPs, spoil)
		if _, err := d.maker.Prepare(context.Background(), c); fault.KindOf(err) != fault.Gate {
			t.Errorf("%s: %v, want gate", name, err)
		}
		if left, _ := os.ReadDir(d.maker.stagingRoot()); len(left) > 0 {
			t.Errorf("%s: %d things are left in staging", name, len(left))
		}
	}
	d := newDesk(t)
	c := d.content(0, 1)
	c.Header.Outcomes[1].Account = "a-78"
	if _, err := d.maker.Prepare(context.Background(), c); fault.KindOf(err) != fault.Gate {
		t.Errorf("a record of an account that was not examined: %v", err)
	}
	// Both categories together span the year; the addresses have one hour of it.
	c = d.content(0, 1)
	c.Header.Outcomes[1].Decision, c.Header.Outcomes[1].Applied = DecisionNarrowed, &Period{day, day.Add(time.Hour)}
	if _, err := d.maker.Prepare(context.Background(), c); fault.KindOf(err) != fault.Gate {
		t.Errorf("a record inside the span of all outcomes, outside its own: %v", err)
	}
	c = d.content(1, 1)
	c.Header.Outcomes = c.Header.Outcomes[1:]
	if _, err := d.maker.Prepare(context.Background(), c); fault.KindOf(err) != fault.Gate {
		t.Errorf("a phone number without its category: %v", err)
	}
}

func spoilt(in iter.Seq2[IPRecord, error], f func(*IPRecord)) iter.Seq2[IPRecord, error] {
	return func(yield func(IPRecord, error) bool) {
		for r, err := range in {
			if strings.HasSuffix(r.RecordID, "7") {
				f(&r)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// TestARecordNeverPrintsOutsideItsColumns fills records with anything and looks
// at what the CSV and JSON lines hold.
func TestARecordNeverPrintsOutsideItsColumns(t *testing.T) {
	odd := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "=1+1", "a,b", "a\"b", "a\r\nb", "@x", "-1", "\ufeffx", "null", "+1"}))
	printed := 0
	rapid.Check(t, func(t *rapid.T) {
		draw := func(n string, good ...string) string {
			if rapid.IntRange(0, 15).Draw(t, n+" is odd") == 0 {
				return odd.Draw(t, n)
			}
			return rapid.SampledFrom(good).Draw(t, n)
		}
		addr, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "addr"))
		rec := IPRecord{RecordID: draw("id", "I-1", "x:y/z@1"), RequestRef: draw("req", "R"), SubjectRef: draw("sub", "S-1"),
			AccountID: draw("acc", "a.b_c"), EventType: draw("type", columns.EventTypes...),
			EventTime: Held(time.Unix(rapid.Int64Range(0, 1e10).Draw(t, "at"), 5), rapid.SampledFrom([]int{0, 3, 6, 9, 9, 6, 3, 0, 2}).Draw(t, "digits")),
			Addr:      personal.NewAddr(addr), SourcePort: rapid.Uint16().Draw(t, "port"), Transport: draw("transport", columns.Transports...),
			SessionID: draw("session", "", "s-1"), SessionType: draw("kind", columns.SessionTypes...), SourceSystem: draw("system", "edge"),
			SourceRecordID: draw("source", "e:1"), RetrievedAt: Held(now, 0)}
		var r row
		cells, line := r.ip(&rec), r.line()
		if len(cells) != len(ipTable.Columns) {
			t.Fatalf("%d cells", len(cells))
		}
		if ipTable.Check(cells) != nil {
			return // refused: nothing is printed
		}
		printed++
		if string(line) != string(ipTable.AppendCSV(nil, cells)) {
			t.Fatalf("line %q of cells %q", line, cells)
		}
		if bytes.Count(line, []byte(",")) != len(cells)-1 || bytes.Count(line, []byte("\n")) != 1 || bytes.ContainsAny(line, "\"'\x00") {
			t.Fatalf("CSV line %q", line)
		}
		for _, cell := range cells {
			if len(cell) > 0 && bytes.IndexByte([]byte("=+-@\t\r"), cell[0]) >= 0 {
				t.Fatalf("a cell begins like a formula: %q", cell)
			}
		}
		var back map[string]any
		if err := json.Unmarshal(columns.AppendTail(ipTable.AppendJSON(nil, cells), "q"), &back); err != nil {
			t.Fatal(err)
		}
		if len(back) != len(cells)+1 {
			t.Fatalf("%d fields", len(back))
		}
	})
	if printed < 10 {
		t.Errorf("only %d records were printed: the property says nothing", printed)
	}
}

func TestAgeOpens(t *testing.T) {
	d := newDesk(t)
	s := d.seal(1, 5)
	id, err := age.GenerateX25519Identity()
	d.must(err)
	r := d.encryptRequest(s)
	r.Recipients, r.Age = nil, []string{id.Recipient().String()}
	rel, err := d.maker.Encrypt(context.Background(), r)
	d.must(err)
	f, err := os.Open(filepath.Join(d.maker.Dir, rel.File))
	d.must(err)
	defer f.Close()
	in, err := age.Decrypt(f, id)
	d.must(err)
	var b bytes.Buffer
	_, err = b.ReadFrom(in)
	d.must(err)
	out := filepath.Join(t.TempDir(), "EXP-2026-000123.zip")
	d.must(os.WriteFile(out, b.Bytes(), 0o600))
	if rep := d.verify(out); !rep.OK {
		show(t, rep)
		t.Error("the set does not verify")
	}
}

var momentLayouts = map[int]string{0: "2006-01-02T15:04:05Z", 3: "2006-01-02T15:04:05.000Z",
	6: "2006-01-02T15:04:05.000000Z", 9: "2006-01-02T15:04:05.000000000Z"}

// TestMomentsAgreeWithTheLibrary holds the quick writer against package time,
// for a moment alone and for one behind another, far or near.
func TestMomentsAgreeWithTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-6e10, 2e11).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns")).UTC()
		digits := rapid.SampledFrom([]int{0, 3, 6, 9}).Draw(t, "digits")
		var d dayText
		for _, step := range []int64{0, rapid.Int64Range(-2*secondsOfDay, 2*secondsOfDay).Draw(t, "step")} {
			at = at.Add(time.Duration(step) * time.Second)
			want := at.Format(momentLayouts[digits])
			if got, alone := string(d.append(nil, Held(at, digits))), string(Held(at, digits).append(nil)); got != want || alone != want {
				t.Fatalf("%q, alone %q, want %q", got, alone, want)
			}
		}
	})
	if got := string(Held(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), 0).append(nil)); got != "?" {
		t.Errorf("the year 10000 is written as %q", got)
	}
}
