package violations

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests/identifier"
)

// How a finding came that no case asked for.
const (
	ByFile = "csv"
	ByCall = "api"
	Made   = "made" // entered here
)

// MaxRows is how many findings one delivery has at most.
const MaxRows = 1000

// importedLife is how long a finding that was brought can carry a release, once it
// was confirmed.
const importedLife = 180 * 24 * time.Hour

// Row is one finding of the moderation system, as typed.
type Row struct {
	Reference string `json:"reference"`  // the moderation system's own, unique
	Account   string `json:"account_id"` // decimal
	Rule      string `json:"rule"`       // e.g. "PR-05"
	Evidence  string `json:"evidence"`   // reference of the evidence
	Appeal    string `json:"appeal"`     // "none" or empty, or "pending"
	Malformed bool   `json:"-"`          // told among the faults already; keeps its place
}

// RowFault says what is wrong with one row; the others are taken.
type RowFault struct {
	Row     int    `json:"row"` // from 1, the first after the heading
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Import is one delivery of findings, as it came out.
type Import struct {
	ID       string
	How      string
	By       identity.PersonID // "": a machine, or the server's own command
	Machine  string            // key id of a machine that called
	Key      string            // its idempotency key
	Body     string            // hexadecimal SHA-256 of what was delivered
	Total    int
	Accepted int
	Known    int // brought before, and unchanged or marked as under appeal
	Faults   []RowFault
	At       time.Time
	EventID  audit.EventID
}

// Origin says where a finding comes from that no case asked for.
type Origin struct {
	Finding   string
	Import    string
	Reference string
	By        identity.PersonID
	EventID   audit.EventID
}

// Imports keeps deliveries.
type Imports interface {
	// ImportByKey gives a machine's delivery of a key, or NotFound.
	ImportByKey(ctx context.Context, machine, key string) (Import, error)
	// ImportByID gives a delivery, or NotFound.
	ImportByID(ctx context.Context, id string) (Import, error)
	// Brought gives the findings that came under references, by reference.
	Brought(ctx context.Context, references []string) (map[string]Finding, error)
	// Abandoned lists proposed findings for which nobody waits, at most limit.
	Abandoned(ctx context.Context, limit int) ([]Finding, error)
	// Over lists findings whose time is over at now, at most limit.
	Over(ctx context.Context, now time.Time, limit int) ([]Finding, error)
}

// Delivery is what is brought, by whom.
type Delivery struct {
	How     string
	Rows    []Row
	Faults  []RowFault // found while the rows were read
	Machine string
	Key     string
}

// digest tells two deliveries apart.
func (d Delivery) digest() string {
	b, err := json.Marshal(d.Rows)
	if err != nil {
		panic(err) // texts always marshal
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ImportPath is where the outcome of a delivery is shown.
func ImportPath(id string) string { return "/findings/imports/" + id }

// Bring takes findings in. Rows that are wrong are told one by one, and the others
// are taken; each begins unconfirmed, whatever its source says. What was brought
// before stays as it is, but for an appeal that has begun: it stops what rests on
// the finding until two confirmers settle it. The same delivery of a machine gives
// its first outcome again.
func (s *Service) Bring(ctx context.Context, d Delivery) (im Import, err error) {
	defer fault.Wrap(&err, "violations.Bring")
	actor, rule, err := s.may(ctx, "import")
	if err != nil {
		return im, err
	}
	if s.Repeats != nil {
		if err := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); err != nil {
			return im, err
		}
	}
	if n := len(d.Rows); n == 0 || n > MaxRows {
		return im, fault.New(fault.Invalid, "A delivery has from 1 to %d findings; this one has %d.", MaxRows, n)
	}
	if d.Machine != "" {
		was, err := s.Imports.ImportByKey(ctx, d.Machine, d.Key)
		if err == nil && was.Body != d.digest() {
			return im, fault.New(fault.Conflict, "This idempotency key came before with other findings.")
		}
		if fault.KindOf(err) != fault.NotFound {
			return was, err
		}
	}
	im = Import{ID: uuid.NewString(), How: d.How, Machine: d.Machine, Key: d.Key, Body: d.digest(), Total: len(d.Rows), Faults: slices.Clone(d.Faults), At: s.Now().UTC().Truncate(time.Microsecond)}
	if actor.Role != identity.System {
		im.By = actor.Person
	}
	parts, err := s.bring(ctx, &im, d.Rows)
	if err != nil {
		return im, err
	}
	e := change.Event(ctx, im.At, "finding.imported", "import:"+im.ID, 1)
	for name, value := range map[string]string{"how": im.How, "machine": im.Machine, "total": strconv.Itoa(im.Total), "accepted": strconv.Itoa(im.Accepted), "known": strconv.Itoa(im.Known),
		"faults": strconv.Itoa(len(im.Faults)), "rule": rule} {
		e.Facts[name] = value
	}
	// A delivery of one row says little more than an account and a rule: who tries all
	// accounts finds it by its digest, which is therefore a commitment alone.
	e.Values = append(e.Values, audit.Value{Name: "body_sha256", New: []byte(im.Body)})
	first := change.Part{Event: e, Insert: []any{&im}}
	return im, s.Store.Commit(ctx, change.Set{Parts: append([]change.Part{first}, parts...), Key: change.KeyFrom(ctx, ImportPath(im.ID))})
}

// bring reads the rows and gives the parts of those that are taken.
func (s *Service) bring(ctx context.Context, im *Import, rows []Row) (parts []change.Part, err error) {
	var refs []string
	for _, r := range rows {
		refs = append(refs, r.Reference)
	}
	known, err := s.Imports.Brought(ctx, refs)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, r := range rows {
		if r.Malformed {
			continue
		}
		f, fault, err := s.readRow(ctx, r, seen[r.Reference], im.At)
		if err != nil {
			return nil, err
		}
		seen[r.Reference] = true
		was, there := known[r.Reference]
		if fault == nil && there && (was.AccountID != f.AccountID || was.Rule != f.Rule) {
			fault = &RowFault{Field: "reference", Message: "Another finding came under this reference."}
		}
		switch {
		case fault != nil:
			fault.Row = i + 1
			im.Faults = append(im.Faults, *fault)
		case !there:
			im.Accepted++
			parts = append(parts, s.brought(ctx, *im, f, r.Reference))
		default:
			im.Known++
			if r.Appeal == "pending" && was.State == Confirmed && was.Appeal == "none" {
				parts = append(parts, s.appealed(ctx, was, im.ID))
			}
		}
	}
	return parts, nil
}

// readRow reads one row; a fault of the source of accounts stops the delivery.
func (s *Service) readRow(ctx context.Context, r Row, twice bool, at time.Time) (f Finding, wrong *RowFault, err error) {
	bad := func(field, message string) (Finding, *RowFault, error) {
		return f, &RowFault{Field: field, Message: message}, nil
	}
	if ref, err := identifier.Reference("reference", r.Reference); err != nil || ref != r.Reference || ref == "" {
		return bad("reference", "Give the reference of the finding in the moderation system, without spaces at its ends.")
	}
	if twice {
		return bad("reference", "This reference stands in the delivery twice.")
	}
	rule, ok := s.Law.Rule(r.Rule)
	if !ok {
		return bad("rule", "There is no rule of this id; the rules page lists them.")
	}
	if r.Appeal != "" && r.Appeal != "none" && r.Appeal != "pending" {
		return bad("appeal", "Say none or pending. What came of an appeal is settled here.")
	}
	evidence, err := identifier.Reference("evidence", r.Evidence)
	if err != nil || evidence == "" {
		return bad("evidence", "Give the reference of the evidence, for example MOD-48213.")
	}
	id, err := strconv.ParseInt(r.Account, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != r.Account {
		return bad("account_id", "Give the numeric id of the account.")
	}
	if _, err := s.Source.Summary(ctx, records.AccountID(id)); fault.KindOf(err) == fault.NotFound {
		return bad("account_id", "There is no such account.")
	} else if err != nil {
		return f, nil, s.stopped(ctx, "import", err)
	}
	f = Open(id, rule.ID, rule.Version, at, importedLife)
	f.Evidence, f.Appeal = personal.NewText(evidence), "none"
	if r.Appeal == "pending" {
		f.Appeal = "pending"
	}
	return f, nil, nil
}

func (s *Service) brought(ctx context.Context, im Import, f Finding, ref string) change.Part {
	e := change.Event(ctx, im.At, "finding.opened", StreamOf(f.ID), 1)
	e.Facts["platform_rule"], e.Facts["rule_version"], e.Facts["import"] = f.Rule, strconv.Itoa(f.RuleVersion), im.ID
	return change.Part{Event: e, Insert: []any{&f, &Origin{Finding: f.ID, Import: im.ID, Reference: ref, By: im.By}}}
}

// appealed marks a confirmed finding as under appeal; that stops what rests on it.
func (s *Service) appealed(ctx context.Context, f Finding, by string) change.Part {
	e := change.Event(ctx, s.Now(), "finding.appeal_begun", StreamOf(f.ID), f.Version+1)
	e.Causes = []audit.EventID{f.EventID}
	f.Appeal, f.Version = "pending", f.Version+1
	e.Facts["from"], e.Facts["to"], e.Facts["appeal"], e.Facts["import"] = string(f.State), string(f.State), f.Appeal, by
	return change.Part{Event: e, Update: []any{&f}}
}

// ViewImport gives the outcome of a delivery to those who bring findings.
func (s *Service) ViewImport(ctx context.Context, id string) (im Import, err error) {
	defer fault.Wrap(&err, "violations.ViewImport(%s)", id)
	if _, _, err := s.may(ctx, "import"); err != nil {
		return im, err
	}
	return s.Imports.ImportByID(ctx, id)
}
