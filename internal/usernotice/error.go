package usernotice

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/requests"
)

// Mistake is a serious error in a case, of which its users are told.
type Mistake struct {
	ID   string // of the register's entry
	What string
	Case requests.ID
}

// OfMistake gives the parts that plan a notice about a serious error to each user
// who was told of a disclosure in its case, or is to be. because is the event that
// found it serious. It is gagged, tried and confirmed as every notice; where the law
// of the process forbids to tell, it is withheld by the law.
func (s *Service) OfMistake(ctx context.Context, m Mistake, because audit.EventID) (parts []change.Part, err error) {
	f, err := s.Store.CaseFile(ctx, m.Case)
	if err != nil {
		return nil, err
	}
	told := map[int64]bool{}
	for _, of := range slices.Backward(f.Notices) { // the newest disclosure of an account
		if of.Error != "" || told[of.Account] {
			continue
		}
		told[of.Account] = true
		part, err := s.mistaken(ctx, m, of, because)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// mistaken plans one notice, to the user of a notice of a disclosure.
func (s *Service) mistaken(ctx context.Context, m Mistake, of Notice, because audit.EventID) (change.Part, error) {
	n := of
	n.ID, n.Error, n.ErrorWhat, n.State, n.Due, n.Next, n.Version = ID(uuid.NewString()), m.ID, m.What, Scheduled, s.now(), s.now(), 1
	n.Attempts, n.SentAt, n.DeliveredAt, n.Receipt, n.WithheldWhy = 0, time.Time{}, time.Time{}, "", ""
	if of.State == Withheld {
		n.State, n.WithheldWhy = Withheld, of.WithheldWhy
	}
	var err error
	if n.Ref, err = s.newRef(); err != nil {
		return change.Part{}, err
	}
	return s.planned(ctx, n, "", because), nil
}
