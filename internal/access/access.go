// Package access answers one question: may this actor do this to that, and
// which rule says so. The rules are data, in policies/access; casbin reads them
// here and nowhere else.
//
// Invariants:
//   - what no rule allows is refused, and so is everything when a rule file is
//     missing, malformed or names an unknown verb, role or object;
//   - a refusal reads "not found", so that nobody learns what exists;
//   - an actor without an agency never matches an object without one.
package access

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Verb is what somebody wants to do.
type Verb string

// Kind is the kind of object they want to do it to.
type Kind string

// Object is what an act is aimed at. Agency is empty where the object belongs
// to none.
type Object struct {
	Kind   Kind
	Agency identity.AgencyID
}

// verbs holds every verb and the kinds that it applies to; a policy row outside
// it is a typing error and refuses to load.
var verbs = map[Verb][]Kind{
	"abandon":            {"agency"},
	"acknowledge":        {"release", "log_loss"},
	"activate":           {"agency"},
	"answer_recall":      {"release"},
	"appeal":             {"finding"},
	"approve":            {"release"},
	"approve_change":     {"agency"},
	"ask":                {"request"},
	"call":               {"call_agency", "call_officer", "call_request"},
	"change":             {"agency"},
	"check":              {"request"},
	"choose_cosignature": {"agency"},
	"claim":              {"request"},
	"clear":              {"risk"},
	"compare":            {"process"},
	"confirm":            {"finding"},
	"contain":            {"agency"},
	"correct":            {"release"},
	"cosign":             {"request"},
	"decide":             {"request"},
	"decide_recall":      {"release"},
	"disown":             {"request"},
	"download":           {"release", "statement"},
	"echo":               {"request"},
	"export":             {"release"},
	"extend":             {"request"},
	"hold":               {"retention"},
	"import":             {"finding"},
	"keep":               {"agency"},
	"lift":               {"agency", "forgery", "request", "retention"},
	"list":               {"agency", "containment", "echo", "finding", "forgery", "fraud", "gag", "key", "process", "recall", "report", "request", "saved_reply", "skip"},
	"list_motions":       {"agency"},
	"make":               {"statement", "backup"},
	"manage":             {"officer", "unit"},
	"mark":               {"forgery", "risk"},
	"narrow":             {"request"},
	"override":           {"risk"},
	"prepare":            {"release"},
	"propose":            {"agency", "process", "report"},
	"propose_recall":     {"release"},
	"put_in_force":       {"process"},
	"publish":            {"key", "report"},
	"qualify":            {"request"},
	"refuse":             {"request"},
	"reissue":            {"release"},
	"release_claim":      {"request"},
	"renew":              {"agency"},
	"replace":            {"echo"},
	"replay":             {"request"},
	"reply":              {"request"},
	"resolve":            {"request"},
	"resolve_conflict":   {"request"},
	"return":             {"release"},
	"revoke":             {"key"},
	"rotate":             {"key"},
	"register":           {"gag"},
	"send":               {"echo", "user_notice"},
	"set":                {"delivery_form"},
	"settle":             {"gag"},
	"skip":               {"request"},
	"submit":             {"request"},
	"supervise":          {"agency"},
	"suspend":            {"agency"},
	"trace":              {"release"},
	"take_over":          {"request"},
	"take_over_claim":    {"request"},
	"upload":             {"document"},
	"verify":             {"log"},
	"view":               {"agency", "containment", "delivery_form", "document", "finding", "gag", "log", "release", "request", "retention", "risk", "log_loss"},
	"view_cosignature":   {"agency"},
	"watch":              {"request"},
	"withdraw":           {"request"},
	"write":              {"request", "saved_reply"},
}

// Rule is one row of the policy: who may do what, by which relation.
type Rule struct {
	ID       string
	Role     identity.Role
	Relation string
	Verb     Verb
	Kind     Kind
}

// Authorizer decides by the embedded policy.
type Authorizer struct {
	enforcer *casbin.Enforcer
	rules    []Rule
}

// Load reads access/model.conf and access/policy.csv and checks every row.
func Load(policies fs.FS) (*Authorizer, error) {
	m, err := fs.ReadFile(policies, "access/model.conf")
	if err != nil {
		return nil, fmt.Errorf("access policy: %w", err)
	}
	p, err := fs.ReadFile(policies, "access/policy.csv")
	if err != nil {
		return nil, fmt.Errorf("access policy: %w", err)
	}
	rules, err := Parse(string(p))
	if err != nil {
		return nil, err
	}
	mod, err := model.NewModelFromString(string(m))
	if err != nil {
		return nil, fmt.Errorf("access model: %w", err)
	}
	e, err := casbin.NewEnforcer(mod, stringadapter.NewAdapter(string(p)))
	if err != nil {
		return nil, fmt.Errorf("access policy: %w", err)
	}
	return &Authorizer{e, rules}, nil
}

// Parse reads the rows of a policy and checks each.
func Parse(text string) ([]Rule, error) {
	var rules []Rule
	seen := map[string]bool{}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, ",")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != 6 || cells[0] != "p" {
			return nil, fmt.Errorf("access policy line %d: want p, id, role, relation, verb, object", n+1)
		}
		r := Rule{cells[1], identity.Role(cells[2]), cells[3], Verb(cells[4]), Kind(cells[5])}
		if err := r.check(); err != nil {
			return nil, fmt.Errorf("access policy line %d: %w", n+1, err)
		}
		if seen[r.ID] {
			return nil, fmt.Errorf("access policy line %d: id %s stands twice", n+1, r.ID)
		}
		seen[r.ID] = true
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		return nil, fmt.Errorf("access policy: no rules")
	}
	return rules, nil
}

func (r Rule) check() error {
	if !r.Role.Known() && r.Role != identity.System {
		return fmt.Errorf("unknown role %q", r.Role)
	}
	switch {
	case r.Relation == "own" && r.Role.OfAgency():
	case (r.Relation == "any" || r.Relation == "blind") && r.Role.Staff():
	default:
		return fmt.Errorf("relation %q does not fit role %q", r.Relation, r.Role)
	}
	for _, k := range slices.Concat(verbs[r.Verb], accountVerbs[r.Verb], oversightVerbs[r.Verb], rightsVerbs[r.Verb]) {
		if k == r.Kind {
			return nil
		}
	}
	return fmt.Errorf("unknown verb %q for %q", r.Verb, r.Kind)
}

// Rules lists the policy's rows, for the rights matrix and its tests.
func (a *Authorizer) Rules() []Rule { return append([]Rule(nil), a.rules...) }

// Allow gives the id of the rule that lets actor do verb to object, or a
// NotFound fault: who may not do a thing does not learn that it is there.
func (a *Authorizer) Allow(_ context.Context, actor identity.Actor, verb Verb, object Object) (string, error) {
	for _, relation := range relations(actor, object) {
		ok, why, err := a.enforcer.EnforceEx(string(actor.Role), relation, string(verb), string(object.Kind))
		if err != nil {
			return "", fault.Because(fault.NotFound, err, "There is nothing here.")
		}
		if ok && len(why) > 0 {
			return why[0], nil
		}
	}
	return "", fault.New(fault.NotFound, "There is nothing here.")
}

// relations gives how the actor stands to the object, strongest claim first.
func relations(actor identity.Actor, object Object) []string {
	if actor.Role.OfAgency() {
		if actor.Agency != "" && actor.Agency == object.Agency {
			return []string{"own"}
		}
		return nil
	}
	if object.Agency == "" {
		return []string{"blind", "any"}
	}
	return []string{"any"}
}
