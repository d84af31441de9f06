package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"lerd/internal/export"
	"lerd/internal/records"
	"lerd/internal/requests"
)

// Profile is what the operator says of itself and its systems in each bundle.
type Profile struct {
	Controller    export.Controller
	Certifier     export.Certificate // without the variant
	System        records.System     // of the account data
	PublishedAt   string             // where keys and roots are published
	ProcessTitles func(id string) string
	Certificates  func(process string, version int) []string // evidence certificates that the process wants
}

// microseconds is the precision of the source, in digits of a second.
const microseconds = 6

// content gives everything that the bundle of a release says.
func (x *Exporter) content(_ context.Context, c requests.Case, rel requests.Release, rows []requests.Record) (export.Content, error) {
	certs := x.Keys.Signer.Chain()
	sum := sha256.Sum256(certs[0].Raw)
	content := export.Content{
		Header:      x.header(c, rel, rows),
		Derivations: []export.Derivation{x.derivation(rel)},
		Certificate: x.Profile.Certifier,
		Signer:      export.SignerID{KeyID: x.Keys.Signer.KeyID(), CertSHA256: hex.EncodeToString(sum[:])},
		PublishedAt: x.Profile.PublishedAt,
	}
	for _, r := range x.Keys.Roots {
		content.Roots = append(content.Roots, r.Raw)
	}
	content.Certificate.Variant = variant(x.Profile.Certificates(c.Request.Process.ID, c.Request.Process.Version))
	of := bundleOf{c: c, rel: rel, system: systemID(x.Profile.System.Name), items: map[requests.ItemID]requests.Item{}}
	for _, i := range rel.Items {
		of.items[i.ID] = i
	}
	content.Phones, content.IPs = of.phones(rows), of.addresses(rows)
	return content, nil
}

func variant(wanted []string) string {
	for _, w := range wanted {
		switch {
		case strings.HasPrefix(w, "us_902"):
			return export.VariantUS902
		case strings.HasPrefix(w, "in_"):
			return export.VariantIndia63
		}
	}
	return export.VariantGeneral
}

func (x *Exporter) header(c requests.Case, rel requests.Release, rows []requests.Record) export.Header {
	q := c.Request
	h := export.Header{
		ExportID: rel.Ref, GeneratedAt: rel.ApprovedAt, Controller: x.Profile.Controller,
		Agency: export.Agency{ID: string(c.Agency.ID), Name: c.Agency.Name, Country: c.Agency.Country, CaseRef: q.Order.Number, OfficerRole: "officer"},
		Request: export.Request{Ref: q.Ref, ReceivedAt: q.ReceivedAt, Instrument: q.Process.ID, LegalBasis: q.Order.LegalBasis,
			IssuingAuthority: q.Order.IssuerName, OrderSHA256: c.Document.SHA256, ScopeRequested: requested(q)},
		ScopeApplied: applied(c, rel),
		Minimisation: export.Minimisation{StatementID: "lerd-min-1",
			Text:               "Only phone numbers and IP addresses of the accounts named, in the approved period, were read and are disclosed; no other data of the accounts were opened for this answer.",
			ExcludedCategories: []string{"message_content", "contacts", "location", "device_identifiers"}, RecordsExamined: int64(len(rows))},
		Approvals: []export.Approval{
			{Role: "reviewer", Decision: "qualified", At: decidedAt(c), KeyID: short(string(rel.Reviewer))},
			{Role: "approver", Decision: "approved", At: rel.ApprovedAt, KeyID: short(string(rel.Approver))},
		},
		SourceSystems: []export.SourceSystem{{Name: systemID(x.Profile.System.Name), Version: x.Profile.System.Version, ClockSource: x.Profile.System.ClockSource,
			MaxClockErrorMS: x.Profile.System.MaxClockError.Milliseconds()}},
		Result:      result(c, rel),
		Limitations: limitations,
		Audit:       export.AuditRef{LogOrigin: x.Origin, EventID: string(rel.SealingEvent)},
	}
	h.RuleViolations = violationsOf(c, rel)
	h.Redactions = redactions(c)
	return h
}

// limitations says what the records cannot tell.
var limitations = []string{
	"An IP address identifies a connection, not a person; behind network address translation it is shared, and only the source port and the second tell its users apart.",
	"An empty source_port means that the port was not recorded.",
	"A phone number can pass to another holder; valid_from_utc and valid_to_utc say when this account had it.",
}

// systemID gives the name of a source in the form of an identifier, as the
// bundle's columns hold it.
func systemID(name string) string {
	id := strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '-'
	}, name)
	return strings.Trim(id, "-._")
}

// short gives a pseudonymous mark of a person: enough to tell two apart.
func short(id string) string {
	sum := sha256.Sum256([]byte("lerd approver " + id))
	return hex.EncodeToString(sum[:8])
}

func decidedAt(c requests.Case) time.Time {
	var at time.Time
	for _, d := range c.Decisions {
		if d.At.After(at) {
			at = d.At
		}
	}
	return at
}

func requested(q requests.Request) string {
	var parts []string
	for _, t := range q.Targets {
		var cats []string
		for _, cat := range requests.Categories {
			if t.Wants(cat) {
				cats = append(cats, string(cat))
			}
		}
		parts = append(parts, fmt.Sprintf("%s: %s from %s to %s", t.Ref(), strings.Join(cats, ", "), t.From.Format(time.RFC3339), t.To.Format(time.RFC3339)))
	}
	return strings.Join(parts, "; ")
}

func applied(c requests.Case, rel requests.Release) export.Scope {
	s := export.Scope{}
	seenCat, seenSubject := map[string]bool{}, map[string]bool{}
	for _, i := range rel.Items {
		if !seenCat[string(i.Category)] {
			seenCat[string(i.Category)] = true
			s.Categories = append(s.Categories, string(i.Category))
		}
		if ref := subject(c, i); !seenSubject[ref] {
			seenSubject[ref] = true
			s.Subjects = append(s.Subjects, ref)
		}
		if s.Period.From.IsZero() || i.From.Before(s.Period.From) {
			s.Period.From = i.From
		}
		if i.To.After(s.Period.To) {
			s.Period.To = i.To
		}
	}
	return s
}

func subject(c requests.Case, i requests.Item) string {
	for _, t := range c.Request.Targets {
		if t.ID == i.Target {
			return t.Ref()
		}
	}
	return ""
}

func violationsOf(c requests.Case, rel requests.Release) []export.RuleViolation {
	var out []export.RuleViolation
	seen := map[requests.TargetID]bool{}
	for _, i := range rel.Items {
		if seen[i.Target] {
			continue
		}
		seen[i.Target] = true
		out = append(out, export.RuleViolation{SubjectRef: subject(c, i), RuleID: fmt.Sprintf("%s@%d", i.Rule, i.RuleVer), DecisionID: string(i.Finding),
			DecidedAt: rel.RetrievedAt, ConfirmedByRoles: [2]string{"confirmer", "confirmer"}})
	}
	return out
}

// redactions names what was asked and is withheld.
func redactions(c requests.Case) []export.Redaction {
	var out []export.Redaction
	for _, d := range c.Decisions {
		if d.Outcome == requests.Produce {
			continue
		}
		for _, code := range d.Reasons {
			out = append(out, export.Redaction{Field: string(d.Category), Count: 1, ReasonCode: code, LegalBasis: c.Request.Process.ID})
		}
	}
	return out
}

func result(c requests.Case, rel requests.Release) string {
	for _, d := range c.Decisions {
		if d.Outcome != requests.Produce {
			return "partial"
		}
	}
	if len(rel.Items) < len(c.Decisions) {
		return "partial"
	}
	return "data"
}

// derivation names the query by the digest of the records that it gave.
func (x *Exporter) derivation(rel requests.Release) export.Derivation {
	return export.Derivation{QueryID: "Q1", QuerySHA256: rel.Digest, OperatorRole: "system", System: systemID(x.Profile.System.Name)}
}

// bundleOf turns the frozen rows into the bundle's records.
type bundleOf struct {
	c      requests.Case
	rel    requests.Release
	system string
	items  map[requests.ItemID]requests.Item
}

func (b bundleOf) phones(rows []requests.Record) iter.Seq2[export.PhoneRecord, error] {
	return func(yield func(export.PhoneRecord, error) bool) {
		n := 0
		for _, r := range rows {
			if r.Phone == nil {
				continue
			}
			n++
			if !yield(b.phone(n, r), nil) {
				return
			}
		}
	}
}

func held(t time.Time) export.Moment {
	if t.IsZero() {
		return export.Moment{}
	}
	return export.Held(t, microseconds)
}

func (b bundleOf) phone(n int, r requests.Record) export.PhoneRecord {
	p := r.Phone
	current := export.No
	if p.ValidTo.IsZero() {
		current = export.Yes
	}
	return export.PhoneRecord{
		RecordID: fmt.Sprintf("P%09d", n), RequestRef: b.c.Request.Ref, SubjectRef: subject(b.c, b.items[r.Item]), AccountID: strconv.FormatInt(int64(p.Account), 10),
		Phone: p.Phone, Status: string(p.Verification), VerifiedAt: held(p.VerifiedAt), ValidFrom: held(p.ValidFrom), ValidTo: held(p.ValidTo), Current: current,
		SourceSystem: b.system, SourceRecordID: p.RecordID, RetrievedAt: held(b.rel.RetrievedAt), QueryID: "Q1",
	}
}

func (b bundleOf) addresses(rows []requests.Record) iter.Seq2[export.IPRecord, error] {
	return func(yield func(export.IPRecord, error) bool) {
		n := 0
		for _, r := range rows {
			if r.IP == nil {
				continue
			}
			n++
			if !yield(b.address(n, r), nil) {
				return
			}
		}
	}
}

func (b bundleOf) address(n int, r requests.Record) export.IPRecord {
	i := r.IP
	return export.IPRecord{
		RecordID: fmt.Sprintf("I%09d", n), RequestRef: b.c.Request.Ref, SubjectRef: subject(b.c, b.items[r.Item]), AccountID: strconv.FormatInt(int64(i.Account), 10),
		EventType: string(i.Event), EventTime: held(i.At), Addr: i.Address, SourcePort: i.SourcePort, Destination: i.Destination, DestinationPort: i.DestinationPort,
		Transport: string(i.Transport), SessionID: i.SessionID, SessionType: string(i.SessionType), FirstSeen: held(i.FirstSeen), LastSeen: held(i.LastSeen),
		SessionEnd: held(i.SessionEnd), SharedOrProxied: shared(i.Shared), SourceSystem: b.system, SourceRecordID: i.RecordID,
		RetrievedAt: held(b.rel.RetrievedAt), QueryID: "Q1",
	}
}

func shared(s records.Shared) export.Ternary {
	switch s {
	case records.SharedYes:
		return export.Yes
	case records.SharedNo:
		return export.No
	}
	return export.NotHeld
}

func equalReaders(a, b io.Reader) (bool, error) {
	ha, hb := sha256.New(), sha256.New()
	if _, err := io.Copy(ha, a); err != nil {
		return false, err
	}
	if _, err := io.Copy(hb, b); err != nil {
		return false, err
	}
	return bytes.Equal(ha.Sum(nil), hb.Sum(nil)), nil
}
