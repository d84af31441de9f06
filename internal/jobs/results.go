package jobs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	"lerd/internal/export/cms"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// ResultSteps are the steps by which a result is signed.
type ResultSteps interface {
	// ResultsDue gives cases that were answered since a time and whose answer is not
	// signed yet, some at a time, and whether those are all.
	ResultsDue(ctx context.Context, since time.Time) (due []requests.ID, all bool, err error)
	DueResult(ctx context.Context, id requests.ID) (requests.Result, []byte, error)
	KeepResult(ctx context.Context, r requests.Result, file, seal []byte) error
}

// Results signs the answers of cases: refusals and "nothing to hand over" as well
// as releases. Without a fresh revocation list or a time stamp it waits.
type Results struct {
	Steps ResultSteps
	Keys  func() Keys
	Now   func() time.Time

	mu     sync.Mutex
	looked time.Time // when every answer there ever was was last looked at
}

// Answers of the last hour are looked at in each round, all of them now and then: there
// are as many as cases, and a round comes several times a second.
const (
	answersOfLate = time.Hour
	allAnswers    = 10 * time.Minute
)

// RunOnce signs what is due. A result that was signed and not kept is signed
// again: the first signature was of a file that nobody has.
func (j *Results) RunOnce(ctx context.Context) (n int, err error) {
	ctx = identity.With(ctx, identity.SystemActor())
	j.mu.Lock()
	defer j.mu.Unlock()
	now, since := j.Now(), time.Time{}
	if past := now.Sub(j.looked); past >= 0 && past < allAnswers {
		since = now.Add(-answersOfLate)
	}
	due, all, err := j.Steps.ResultsDue(ctx, since)
	for _, id := range due {
		signErr := j.sign(ctx, id)
		if signErr == nil {
			n++
		} else if fault.KindOf(signErr) != fault.Conflict { // another process was first
			err = errors.Join(err, signErr)
		}
	}
	switch {
	case err != nil || !all:
		j.looked = time.Time{} // what is left may be old
	case since.IsZero():
		j.looked = now
	}
	return n, err
}

func (j *Results) sign(ctx context.Context, id requests.ID) error {
	r, file, err := j.Steps.DueResult(ctx, id)
	if err != nil || file == nil {
		return err
	}
	keys := j.Keys()
	crls, answers, err := keys.revocation(ctx)
	if err != nil {
		return err
	}
	seal, err := cms.Sign(ctx, cms.SignRequest{Digest: sha256.Sum256(file), Signer: keys.Signer, SigningTime: j.Now(), Rand: rand.Reader, Certs: keys.TSAChain, CRLs: crls, OCSPs: answers,
		Stamp: func(ctx context.Context, d [sha256.Size]byte) ([]byte, error) {
			stamped, err := keys.TSA.Stamp(ctx, d)
			if err != nil {
				return nil, err
			}
			return stamped.Token, nil
		}})
	if err != nil {
		return err
	}
	return j.Steps.KeepResult(ctx, r, file, seal)
}
