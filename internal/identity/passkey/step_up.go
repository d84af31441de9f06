package passkey

import (
	"bytes"
	"context"
	"slices"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// steps are the purposes for which a passkey is asked within a session.
var steps = []identity.Purpose{identity.PurposeSubmit, identity.PurposeCoSign, identity.PurposeApprove, identity.PurposeDownload,
	identity.PurposeActivateAgency, identity.PurposeContain, identity.PurposeInvite, identity.PurposeGag, identity.PurposeAccount, identity.PurposeRetain, identity.PurposePublishReport,
	identity.PurposePutInForce, identity.PurposeObject, identity.PurposeAudit, identity.PurposeRights, identity.PurposeConfirm, identity.PurposeAppeal,
	identity.PurposeForgery, identity.PurposeLostLog, identity.PurposeErrorReason}

// again is the one answer to whatever is wrong with a step-up.
func again(cause error) error {
	return fault.Because(fault.StepUp, cause, "Your passkey did not confirm this step. Nothing was changed; please open the page again and confirm it once more.")
}

// BeginStepUp starts a ceremony for the actor's session over what digest
// describes.
func (s *Service) BeginStepUp(ctx context.Context, purpose identity.Purpose, digest identity.Digest) (id string, options []byte, err error) {
	defer fault.Wrap(&err, "passkey.BeginStepUp")
	actor, ok := identity.From(ctx)
	if !ok {
		return "", nil, fault.New(fault.SignIn, "Please sign in.")
	}
	if !slices.Contains(steps, purpose) {
		return "", nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	keys, err := s.InUse(ctx, actor.Person)
	if err != nil {
		return "", nil, err
	}
	if len(keys) == 0 {
		return "", nil, fault.New(fault.StepUp, "You have no passkey yet, and this step needs one.")
	}
	c, err := s.start(ctx, Ceremony{Kind: StepUp, Person: actor.Person, Session: actor.Session, Purpose: purpose, Digest: digest})
	if err != nil {
		return "", nil, err
	}
	options, err = s.requestOptions(c, keys)
	return c.ID, options, err
}

// InUse gives a person's passkeys that are not removed.
func (s *Service) InUse(ctx context.Context, person identity.PersonID) ([]identity.Passkey, error) {
	keys, err := s.Store.Passkeys(system(ctx), person)
	return slices.DeleteFunc(keys, func(k identity.Passkey) bool { return !k.InUse() }), err
}

// All gives every passkey of a person, also removed ones, oldest first.
func (s *Service) All(ctx context.Context, person identity.PersonID) ([]identity.Passkey, error) {
	return s.Store.Passkeys(system(ctx), person)
}

// FinishStepUp verifies the answer to a ceremony of the actor's session for this
// very purpose and digest. The proof that it gives is used up by the commit of
// the step. An answer that was used for a step already gives its proof again: the
// step's commit knows whether it is the same form once more, or a replay.
func (s *Service) FinishStepUp(ctx context.Context, id string, answer []byte, purpose identity.Purpose, digest identity.Digest) (identity.Proof, error) {
	p, err := s.finishStepUp(ctx, id, answer, purpose, digest)
	if err != nil && fault.KindOf(err) != fault.Unavailable && fault.KindOf(err) != fault.SignIn {
		return identity.Proof{}, again(err)
	}
	return p, err
}

func (s *Service) finishStepUp(ctx context.Context, id string, answer []byte, purpose identity.Purpose, digest identity.Digest) (identity.Proof, error) {
	actor, ok := identity.From(ctx)
	if !ok {
		return identity.Proof{}, fault.New(fault.SignIn, "Please sign in.")
	}
	in, err := parse(answer)
	if err != nil {
		return identity.Proof{}, err
	}
	c, err := s.open(ctx, id, Ceremony{Kind: StepUp, Person: actor.Person, Session: actor.Session, Purpose: purpose, Digest: digest})
	if err != nil {
		return identity.Proof{}, err
	}
	key, used, err := s.Store.PasskeyByCredential(system(ctx), in.RawID, c.ID)
	if err != nil {
		return identity.Proof{}, err
	}
	if key.Person != actor.Person || !key.InUse() {
		return identity.Proof{}, fault.New(fault.StepUp, "It is another person's passkey, or one that was removed.")
	}
	a, err := s.verify(c, key, in)
	if err != nil {
		return identity.Proof{}, err
	}
	if used != nil {
		if !bytes.Equal(used.ClientData, a.ClientData) || !bytes.Equal(used.Signature, a.Signature) {
			return identity.Proof{}, fault.New(fault.StepUp, "The ceremony has had another answer.")
		}
		return proofOf(used), nil
	}
	if !s.now().Before(c.ExpiresAt) {
		return identity.Proof{}, fault.New(fault.StepUp, "The ceremony is over.")
	}
	if err := s.counts(ctx, key, a); err != nil {
		return identity.Proof{}, err
	}
	return proofOf(a), nil
}
