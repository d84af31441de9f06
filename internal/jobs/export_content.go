package jobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
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
	// Process gives the evidence certificates that a version of a process wants.
	Process func(id string, version int) (forms []string, err error)
	// Refusal says why something is withheld, and what would cure it.
	Refusal func(code string) (text, cure string)
}

// content gives everything that the bundle of a release says.
func (x *Exporter) content(_ context.Context, c requests.Case, rel requests.Release, frozen requests.Frozen) (export.Content, error) {
	c.Decisions = c.Told()
	certs := x.Keys.Signer.Chain()
	sum := sha256.Sum256(certs[0].Raw)
	content := export.Content{
		Header:      x.header(c, rel, frozen),
		Derivations: []export.Derivation{x.derivation(rel)},
		Certificate: x.Profile.Certifier,
		Signer:      export.SignerID{KeyID: x.Keys.Signer.KeyID(), CertSHA256: hex.EncodeToString(sum[:])},
		PublishedAt: x.Profile.PublishedAt,
	}
	for _, r := range x.Keys.Roots {
		content.Roots = append(content.Roots, r.Raw)
	}
	forms, err := x.Profile.Process(c.Request.Process.ID, c.Request.Process.Version)
	if err != nil {
		return content, err
	}
	content.Certificate.Forms = forms
	content.Certificate.Address = x.Profile.Controller.Address
	of := bundleOf{c: c, rel: rel, system: systemID(x.Profile.System.Name), items: map[requests.ItemID]requests.Item{}, digits: digitsOf(x.Profile.System.Precision)}
	for _, i := range rel.Items {
		of.items[i.ID] = i
	}
	content.Phones, content.IPs = of.phones(frozen.Phones), of.addresses(frozen.Addresses)
	return content, nil
}

// digitsOf gives the digits of a second that a precision means: 0, 3 or 6.
func digitsOf(precision time.Duration) int {
	switch {
	case precision >= time.Second:
		return 0
	case precision >= time.Millisecond:
		return 3
	}
	return 6
}

func (x *Exporter) header(c requests.Case, rel requests.Release, frozen requests.Frozen) export.Header {
	q := c.Request
	h := export.Header{
		ExportID: rel.Ref, Supersedes: c.Superseded(rel), GeneratedAt: madeAt(rel), Controller: x.Profile.Controller,
		Agency: export.Agency{ID: string(c.Agency.ID), Name: c.Agency.Name, Country: c.Agency.Country, CaseRef: q.Order.Number, OfficerRole: "officer"},
		Request: export.Request{Ref: q.Ref, ReceivedAt: q.ReceivedAt, Instrument: q.Process.ID, LegalBasis: q.Order.LegalBasis,
			IssuingAuthority: q.Order.IssuerName, OrderSHA256: c.Document.SHA256, ScopeRequested: requested(q)},
		Copy: copyOf(c, rel), Subjects: subjects(c), Outcomes: x.outcomes(c, rel),
		Minimisation: export.Minimisation{StatementID: "lerd-min-1",
			Text:               "Only phone numbers and IP addresses of the accounts named, in the approved period, were read and are disclosed; no other data of the accounts were opened for this answer.",
			ExcludedCategories: []string{"message_content", "contacts", "location", "device_identifiers"}, RecordsExamined: int64(frozen.Total)},
		Approvals: []export.Approval{
			{Role: "reviewer", Decision: "qualified", At: decidedAt(c), KeyID: short(string(rel.Reviewer))},
			{Role: "approver", Decision: "approved", At: rel.ApprovedAt, KeyID: short(string(rel.Approver))},
		},
		SourceSystems: []export.SourceSystem{{Name: systemID(x.Profile.System.Name), Version: x.Profile.System.Version, ClockSource: x.Profile.System.ClockSource,
			MaxClockErrorMS: x.Profile.System.MaxClockError.Milliseconds(), PrecisionUS: x.Profile.System.Precision.Microseconds()}},
		Custody:     custody(c, rel),
		Limitations: append(slices.Clone(limitations), preserved(frozen.Preserved)...),
		Audit:       export.AuditRef{LogOrigin: x.Origin, EventID: string(rel.SealingEvent)},
	}
	h.RuleViolations = violationsOf(c, rel)
	h.Redactions = redactions(c)
	return h
}

// limitations says what the records cannot tell.
var limitations = []string{
	"An IP address identifies a connection, not a person: addresses are shared behind network address translation, VPN and proxies, and are given out again. Only the source port and the time to the second tell users of one address apart.",
	"A phone number can pass to another holder; valid_from_utc and valid_to_utc say when this account had it.",
}

// preserved says which records the account data no longer had.
func preserved(counts map[time.Time]int) (out []string) {
	for _, at := range slices.SortedFunc(maps.Keys(counts), time.Time.Compare) {
		out = append(out, fmt.Sprintf("%d of the records were no longer in the account data when the others were read; they were kept under a preservation of the same agency at %s, which retrieved_at_utc of each says.",
			counts[at], at.Format("2006-01-02T15:04:05.000000Z")))
	}
	return out
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

// identifierWords say what an identifier is.
var identifierWords = map[string]string{string(records.ByPhone): "phone number", string(records.ByUsername): "user name", string(records.ByAccount): "account number"}

// subjects are the accounts that the agency named, as they were looked for.
func subjects(c requests.Case) (out []export.Subject) {
	for _, t := range c.Request.Targets {
		out = append(out, export.Subject{Ref: t.Ref(), Kind: identifierWords[t.Kind], Identifier: t.Identifier.Reveal(), HolderAt: t.HolderAt})
	}
	return out
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
			DecidedAt: confirmedAt(c, i.Finding, rel), ConfirmedByRoles: [2]string{"confirmer", "confirmer"}})
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
	digits int // of a second, that the source records
}

func (b bundleOf) phones(rows []requests.Record) iter.Seq2[export.PhoneRecord, error] {
	return func(yield func(export.PhoneRecord, error) bool) {
		for n, r := range rows {
			if !yield(b.phone(n+1, r), nil) {
				return
			}
		}
	}
}

// held gives a recorded time with the digits that the source has; one that is
// finer than the source says of itself loses nothing.
func (b bundleOf) held(t time.Time) export.Moment {
	if t.IsZero() {
		return export.Moment{}
	}
	digits := b.digits
	for n := t.Nanosecond(); digits < 6 && n%map[int]int{0: 1e9, 3: 1e6}[digits] != 0; {
		digits += 3
	}
	return export.Held(t, digits)
}

// read is when lerd read a record, to the microsecond: for its release, or for the
// snapshot that kept it.
func (b bundleOf) read(r requests.Record) export.Moment {
	if !r.PreservedAt.IsZero() {
		return export.Held(r.PreservedAt, 6)
	}
	return export.Held(b.rel.RetrievedAt, 6)
}

func (b bundleOf) phone(n int, r requests.Record) export.PhoneRecord {
	p := r.Phone
	current := export.No
	if p.ValidTo.IsZero() {
		current = export.Yes
	}
	return export.PhoneRecord{
		RecordID: fmt.Sprintf("P%09d", n), RequestRef: b.c.Request.Ref, SubjectRef: subject(b.c, b.items[r.Item]), AccountID: strconv.FormatInt(int64(p.Account), 10),
		Phone: p.Phone, Status: string(p.Verification), VerifiedAt: b.held(p.VerifiedAt), ValidFrom: b.held(p.ValidFrom), ValidTo: b.held(p.ValidTo), Current: current,
		SourceSystem: b.system, SourceRecordID: p.RecordID, RetrievedAt: b.read(r), QueryID: "Q1",
	}
}

func (b bundleOf) addresses(rows iter.Seq2[requests.Record, error]) iter.Seq2[export.IPRecord, error] {
	return func(yield func(export.IPRecord, error) bool) {
		n := 0
		for r, err := range rows {
			if err != nil {
				yield(export.IPRecord{}, err)
				return
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
		EventType: string(i.Event), EventTime: b.held(i.At), Addr: i.Address, SourcePort: i.SourcePort, Destination: i.Destination, DestinationPort: i.DestinationPort,
		Transport: string(i.Transport), SessionID: i.SessionID, SessionType: string(i.SessionType), FirstSeen: b.held(i.FirstSeen), LastSeen: b.held(i.LastSeen),
		SessionEnd: b.held(i.SessionEnd), SharedOrProxied: shared(i.Shared), SourceSystem: b.system, SourceRecordID: i.RecordID,
		RetrievedAt: b.read(r), QueryID: "Q1",
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
