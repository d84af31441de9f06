package access_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/policies"
)

func load(t *testing.T) *access.Authorizer {
	t.Helper()
	a, err := access.Load(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestEveryCell compares every role × relation × verb × object with the rows
// as written: what no row names is refused, as "not found".
func TestEveryCell(t *testing.T) {
	a := load(t)
	written := map[string]string{}
	verbs, kinds := map[access.Verb]bool{}, map[access.Kind]bool{}
	for _, r := range a.Rules() {
		written[strings.Join([]string{string(r.Role), r.Relation, string(r.Verb), string(r.Kind)}, "|")] = r.ID
		verbs[r.Verb], kinds[r.Kind] = true, true
	}
	objects := []struct {
		agency    identity.AgencyID
		relations map[identity.Role][]string
	}{
		{"agency-a", map[identity.Role][]string{identity.Officer: {"own"}, identity.AgencyAdmin: {"own"}}},
		{"agency-b", map[identity.Role][]string{identity.Officer: nil, identity.AgencyAdmin: nil}},
		{"", map[identity.Role][]string{identity.Officer: nil, identity.AgencyAdmin: nil}},
	}
	roles := append(slices.Clone(identity.Roles), identity.System, "nobody", "")
	cells := 0
	for _, role := range roles {
		actor := identity.Actor{Person: "p", Role: role}
		if role.OfAgency() {
			actor.Agency = "agency-a"
		}
		for v := range verbs {
			for k := range kinds {
				for _, o := range objects {
					relations, ok := o.relations[role]
					if !ok && o.agency == "" {
						relations = []string{"blind", "any"}
					} else if !ok {
						relations = []string{"any"}
					}
					want := ""
					for _, rel := range relations {
						if id := written[strings.Join([]string{string(role), rel, string(v), string(k)}, "|")]; id != "" && want == "" {
							want = id
						}
					}
					got, err := a.Allow(context.Background(), actor, v, access.Object{Kind: k, Agency: o.agency})
					if got != want {
						t.Errorf("%s %s %s of %q: rule %q, want %q", role, v, k, o.agency, got, want)
					}
					if want == "" && fault.KindOf(err) != fault.NotFound {
						t.Errorf("%s %s %s: refusal reads %v, want not found", role, v, k, err)
					}
					cells++
				}
			}
		}
	}
	t.Logf("%d cells, %d rules", cells, len(written))
}

func TestNobodyWithoutAgencyOwnsAnything(t *testing.T) {
	a := load(t)
	_, err := a.Allow(context.Background(), identity.Actor{Role: identity.Officer}, "view", access.Object{Kind: "request"})
	if fault.KindOf(err) != fault.NotFound {
		t.Fatalf("an officer without agency reached an object without one: %v", err)
	}
}

// auditorsOwn are the kinds in which auditors act: among themselves, and in what
// their console keeps. Of everything else they look at it, and change nothing.
var auditorsOwn = map[access.Kind]bool{"auditor": true, "account": true, "log": true, "audit_finding": true, "error": true, "dossier": true, "log_loss": true}

var looks = map[access.Verb]bool{"view": true, "list": true, "verify": true, "trace": true, "compare": true, "replay": true}

func TestConfirmersReachNoCase(t *testing.T) {
	for _, r := range load(t).Rules() {
		if r.Role == identity.Confirmer && r.Kind != "finding" && r.Kind != "audit_finding" { // what auditors ask them is answered
			t.Errorf("rule %s lets a confirmer reach a %s", r.ID, r.Kind)
		}
		if r.Role == identity.Auditor && !auditorsOwn[r.Kind] && !looks[r.Verb] {
			t.Errorf("rule %s lets an auditor %s", r.ID, r.Verb)
		}
	}
}

func TestBadPoliciesDoNotLoad(t *testing.T) {
	model := `[request_definition]
r = role, relation, verb, object
[policy_definition]
p = id, role, relation, verb, object
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.role == p.role
`
	for name, csv := range map[string]string{
		"empty":         "",
		"comment only":  "# nothing\n",
		"short row":     "p, X-1, officer, own, view\n",
		"unknown verb":  "p, X-1, officer, own, veiw, request\n",
		"unknown role":  "p, X-1, root, any, view, request\n",
		"officer any":   "p, X-1, officer, any, view, request\n",
		"staff own":     "p, X-1, reviewer, own, view, request\n",
		"twice":         "p, X-1, reviewer, any, view, request\np, X-1, reviewer, any, list, request\n",
		"verb for kind": "p, X-1, reviewer, any, upload, request\n",
	} {
		fsys := fstest.MapFS{"access/model.conf": {Data: []byte(model)}, "access/policy.csv": {Data: []byte(csv)}}
		if _, err := access.Load(fsys); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
	if _, err := access.Load(fstest.MapFS{}); err == nil {
		t.Error("missing files: loaded")
	}
}
