package export

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/personal"
)

// vectorContents are the right bundles among the test vectors; the wrong ones
// are made of them by the edits of vectors.json. Everything in them is fixed.
func vectorContents(d *desk) map[string]Content {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	base := d.content(0, 0)
	base.Header.GeneratedAt, base.Signer = at, SignerID{KeyID: "seal-1", CertSHA256: strings.Repeat("ab", 32)}
	base.Header.Custody = steps(at, "S-1", "S-2")
	year := Period{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	march := Period{time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 500e6, time.UTC)}
	outcome := func(subject, category, decision string, applied *Period, reasons ...Reason) Outcome {
		return Outcome{SubjectRef: subject, Category: category, Asked: year, Decision: decision, Applied: applied, Reasons: reasons}
	}
	base.Header.RuleViolations = append(base.Header.RuleViolations, RuleViolation{SubjectRef: "S-2", RuleID: "R-7", DecisionID: "D-2", DecidedAt: at,
		ConfirmedByRoles: [2]string{"confirmer", "confirmer"}})
	tooLong := Reason{"RR-10", "The period is longer than the process allows.", "Ask for at most 31 days."}
	refused := Reason{"RR-11", "Not available under this process: \"ip_address\".", "Use another process."}

	full := base
	full.Header.Outcomes = []Outcome{outcome("S-1", CategoryPhone, DecisionApproved, &year), outcome("S-1", CategoryIP, DecisionNarrowed, &march, tooLong),
		outcome("S-2", CategoryPhone, DecisionApproved, &year), outcome("S-2", CategoryIP, DecisionRefused, nil, refused, tooLong)}
	full.Phones, full.IPs = list2(vectorPhones(at)), list2(vectorIPs(at))
	none := base
	none.Header.Outcomes = []Outcome{outcome("S-1", CategoryPhone, DecisionApproved, &year), outcome("S-2", CategoryIP, DecisionNotHeld, nil, refused)}
	phones := base
	phones.Header.Outcomes = full.Header.Outcomes[:1]
	phones.Phones = list2(vectorPhones(at)[:1])
	return map[string]Content{"full": full, "none": none, "phones": phones}
}

func vectorPhones(at time.Time) []PhoneRecord {
	p := PhoneRecord{RecordID: "P000000001", RequestRef: "REQ-2026-7", SubjectRef: "S-1", AccountID: "1077", Phone: personal.NewPhone("+12025550143"), Status: "verified",
		VerifiedAt: Held(at, 3), ValidFrom: Held(at.AddDate(-1, 0, 0), 6), Current: Yes, SourceSystem: "accounts", SourceRecordID: "ph:1",
		RetrievedAt: Held(at, 6), QueryID: "q-1"}
	q := p
	q.RecordID, q.SourceRecordID, q.Phone, q.ValidTo, q.Current, q.Status = "P000000002", "ph:2", personal.NewPhone("+447700900123"), Held(at, 0), No, ""
	r := p
	r.RecordID, r.SourceRecordID, r.SubjectRef, r.AccountID, r.VerifiedAt, r.Current = "P000000003", "ph:3", "S-2", "2044", Moment{}, NotHeld
	r.Phone = personal.NewPhone("+2105550123") // 210 is no country's
	return []PhoneRecord{p, q, r}
}

func vectorIPs(at time.Time) []IPRecord {
	i := IPRecord{RecordID: "I000000001", RequestRef: "REQ-2026-7", SubjectRef: "S-1", AccountID: "1077", EventType: "login", EventTime: Held(at.Add(77*time.Millisecond), 3),
		Addr: personal.NewAddr(netip.MustParseAddr("192.0.2.7")), SourcePort: 51515, Destination: personal.NewAddr(netip.MustParseAddr("2001:db8::443")), DestinationPort: 443, Transport: "tcp",
		SessionID: "s-1", SessionType: "mobile", FirstSeen: Held(at, 0), LastSeen: Held(at.Add(time.Hour), 9), SessionEnd: Held(at.Add(time.Hour), 6), SharedOrProxied: No,
		SourceSystem: "edge", SourceRecordID: "ev:1", RetrievedAt: Held(at, 6), QueryID: "q-1"}
	j := i
	j.RecordID, j.SourceRecordID, j.EventType, j.Addr = "I000000002", "ev:2", "logout", personal.NewAddr(netip.MustParseAddr("2001:db8:0:1:1:1:1:1"))
	j.SourcePort, j.Destination, j.DestinationPort, j.SharedOrProxied, j.SessionEnd = 0, personal.Addr{}, 0, NotHeld, Moment{}
	k := i
	// The last moment before the end of the approved period.
	k.RecordID, k.SourceRecordID, k.EventTime = "I000000003", "ev:3", Held(time.Date(2026, 4, 1, 0, 0, 0, 499999999, time.UTC), 9)
	return []IPRecord{i, j, k}
}

// TestVectorsAreWhatIsWritten writes the right vectors anew and compares.
func TestVectorsAreWhatIsWritten(t *testing.T) {
	d := newDesk(t)
	for name, c := range vectorContents(d) {
		d.maker.Dir = t.TempDir()
		p, err := d.maker.Prepare(t.Context(), c)
		if err != nil {
			t.Fatal(name, err)
		}
		for path, f := range contents(t, p) {
			if !strings.HasPrefix(path, "data/") {
				continue // documents for people
			}
			file := filepath.Join("../../bundle/vectors", name, filepath.FromSlash(path))
			if *update {
				d.must(os.MkdirAll(filepath.Dir(file), 0o755))
				d.must(os.WriteFile(file, f.Data, 0o644))
				continue
			}
			if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, f.Data) {
				t.Errorf("%s is not what is written today (%v); run go test -update", file, err)
			}
		}
	}
}
