package access

import (
	"context"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// Allower says whether an actor may, and by which rule; *Authorizer fulfils it.
type Allower interface {
	Allow(ctx context.Context, actor identity.Actor, verb Verb, object Object) (rule string, err error)
}

// Enter is the door of every service: it gives the actor of ctx and the rule that
// lets them do verb to the object. It is SignIn where there is no actor, and what
// the policy answers, NotFound, where no rule lets them.
func Enter(ctx context.Context, by Allower, verb Verb, object Object) (actor identity.Actor, rule string, err error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return actor, "", fault.New(fault.SignIn, "Please sign in.")
	}
	rule, err = by.Allow(ctx, actor, verb, object)
	return actor, rule, err
}
