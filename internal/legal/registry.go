package legal

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"lerd/internal/fault"
)

// Registry holds the policies as they were loaded. It does not change and may
// be used from many goroutines.
type Registry struct {
	digest     string
	versions   map[ProcessID][]*Process // by version, ascending
	checklists map[int]*Checklist
	fields     map[FieldID]*Field
	issuers    map[string]IssuerKind
	refusals   map[RefusalCode]*Refusal
	rules      ruleBook
	calendars  map[string]*Calendar
	certs      map[string]string
	cases      map[ProcessID][]Case
	sound      Facts               // of example.yaml, from which examples start
	unusable   map[ProcessID]error // what must not be decided under, and why

	cosign       cosignBook
	rights       RightsForm
	attestations map[string]Attestation
}

// IssuerKind is a kind of authority that can issue or validate.
type IssuerKind struct {
	ID    string `yaml:"id"`
	Title string `yaml:"title"`
}

type ruleBook struct {
	Rules   []Rule          `yaml:"rules"`
	Classes []OffenceClass  `yaml:"offence_classes"`
	Flags   []SensitiveFlag `yaml:"sensitive_flags"`
}

// Digest gives the hex SHA-256 over all policy files, to be recorded with each
// verdict: with it and the facts the verdict can be derived again.
func (r *Registry) Digest() string { return r.digest }

// Process gives one version of a process; NotFound where there is none.
func (r *Registry) Process(id ProcessID, version int) (*Process, error) {
	if err := r.unusable[id]; err != nil {
		return nil, err
	}
	for _, p := range r.versions[id] {
		if p.Version == version {
			return p, nil
		}
	}
	return nil, fault.New(fault.NotFound, "There is no version %d of legal process %s.", version, id)
}

// Pinned gives the process that a case was pinned to. It is a Conflict if the
// file's content is not the one that was pinned.
func (r *Registry) Pinned(pin Pin) (*Process, error) {
	p, err := r.Process(pin.ID, pin.Version)
	if err != nil {
		return nil, err
	}
	if p.digest != pin.Digest {
		return nil, fault.New(fault.Conflict, "Version %d of legal process %s was changed after cases were pinned to it. Restore its file and make a new version.", pin.Version, pin.ID)
	}
	return p, nil
}

// Current gives the version of a process in force at an instant, read in the
// process's legal zone; NotFound where none is.
func (r *Registry) Current(id ProcessID, at time.Time) (*Process, error) {
	if err := r.unusable[id]; err != nil {
		return nil, err
	}
	var found *Process
	for _, p := range r.versions[id] {
		if p.inForceAt(r, at) {
			found = p
		}
	}
	if found == nil {
		return nil, fault.New(fault.NotFound, "No version of legal process %s is in force on %s.", id, at.UTC().Format(time.DateOnly))
	}
	return found, nil
}

func (p *Process) inForceAt(r *Registry, at time.Time) bool {
	day := DateOf(at.In(r.zone(p)))
	return !day.Before(p.InForce) && (p.Until.IsZero() || day.Before(p.Until))
}

// Newest gives the version of a process with the highest number, in force or
// not yet; NotFound where there is none.
func (r *Registry) Newest(id ProcessID) (*Process, error) {
	return r.Process(id, len(r.versions[id]))
}

// Upto gives a registry without the versions of a process that came after one.
func (r *Registry) Upto(id ProcessID, version int) *Registry {
	next := *r
	next.versions = maps.Clone(r.versions)
	next.versions[id] = r.versions[id][:min(version, len(r.versions[id]))]
	return &next
}

// Without gives a registry that decides nothing under a process: each question
// about it is answered with why.
func (r *Registry) Without(id ProcessID, why error) *Registry {
	next := *r
	if next.unusable = maps.Clone(r.unusable); next.unusable == nil {
		next.unusable = map[ProcessID]error{}
	}
	next.unusable[id] = why
	return &next
}

// Processes gives every version of every process, by id and version.
func (r *Registry) Processes() []*Process {
	var out []*Process
	for _, id := range sortedKeys(r.versions) {
		out = append(out, r.versions[id]...)
	}
	return out
}

// InForce gives the processes in force at an instant, by id.
func (r *Registry) InForce(at time.Time) []*Process {
	var out []*Process
	for _, id := range sortedKeys(r.versions) {
		if p, err := r.Current(id, at); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// Checklist gives the checklist that a process uses.
func (r *Registry) Checklist(p *Process) *Checklist { return r.checklists[p.Checklist] }

// ChecksOf gives the checks that apply to a process, in the order of the list.
func (r *Registry) ChecksOf(p *Process) []*Check {
	var out []*Check
	list := r.Checklist(p)
	for i := range list.Checks {
		if slices.Contains(p.Checks, list.Checks[i].ID) {
			out = append(out, &list.Checks[i])
		}
	}
	return out
}

// Check gives a check by its id, as the newest checklist has it; nil where none has.
func (r *Registry) Check(id CheckID) (found *Check) {
	newest := 0
	for version, list := range r.checklists {
		for i := range list.Checks {
			if list.Checks[i].ID == id && version > newest {
				found, newest = &list.Checks[i], version
			}
		}
	}
	return found
}

// Field gives a field of the form, nil where there is none.
func (r *Registry) Field(id FieldID) *Field { return r.fields[id] }

// Fields gives all fields by id.
func (r *Registry) Fields() []*Field {
	out := make([]*Field, 0, len(r.fields))
	for _, id := range sortedKeys(r.fields) {
		out = append(out, r.fields[id])
	}
	return out
}

// IssuerKinds gives all kinds of authority by id.
func (r *Registry) IssuerKinds() []IssuerKind {
	out := slices.Collect(maps.Values(r.issuers))
	slices.SortFunc(out, func(a, b IssuerKind) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// CertificateTitle gives the title of an evidence certificate, e.g. "us_902_11".
func (r *Registry) CertificateTitle(id string) string { return r.certs[id] }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

func hexDigest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		sum := sha256.Sum256(p) // each part hashed, so that no bytes can move between parts
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Calendar gives a calendar by its id, nil where there is none.
func (r *Registry) Calendar(id string) *Calendar { return r.calendars[id] }

// Calendars gives the ids of all calendars.
func (r *Registry) Calendars() []string { return sortedKeys(r.calendars) }
