// Package everybody is a policy of access that lets everybody do everything, for tests
// of gates: what refuses there is the gate's own.
package everybody

import (
	"context"

	"lerd/internal/access"
	"lerd/internal/identity"
)

// May allows whatever is asked, under the rule T-1.
type May struct{}

// Allow gives the rule.
func (May) Allow(context.Context, identity.Actor, access.Verb, access.Object) (rule string, err error) {
	return "T-1", nil
}
