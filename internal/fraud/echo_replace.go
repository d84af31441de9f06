package fraud

import (
	"context"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/personal"
)

// Replaced is the end of a question whose code was lost: it names nothing any more.
const Replaced = "replaced"

// Unanswered lists the questions that were sent and wait for an answer.
func (s *Service) Unanswered(ctx context.Context) (list []Echo, err error) {
	if _, _, err := s.may(ctx, "list", "echo", ""); err != nil {
		return nil, err
	}
	all, err := s.Issuers.Echoes(system(ctx), Asked)
	for _, e := range all {
		if s.now().Before(e.ExpiresAt) {
			list = append(list, e)
		}
	}
	return list, err
}

// ReplaceEcho ends a question that was sent and not answered, as where its letter
// was lost, and puts the same question beside it to be sent with a code of its own,
// in one step. The old code then names nothing. Where the contact is not on file
// any more nothing is put beside it: a reviewer chooses another one.
func (s *Service) ReplaceEcho(ctx context.Context, id string) (err error) {
	defer fault.Wrap(&err, "fraud.ReplaceEcho(%s)", id)
	_, rule, err := s.may(ctx, "replace", "echo", "")
	if err != nil {
		return err
	}
	open, err := s.Unanswered(ctx)
	if err != nil {
		return err
	}
	for _, e := range open {
		if e.ID == id {
			return s.replace(ctx, rule, e)
		}
	}
	return fault.New(fault.NotFound, "There is nothing here.")
}

func (s *Service) replace(ctx context.Context, rule string, old Echo) error {
	again, wanted, err := s.again(ctx, old)
	if err != nil {
		return err
	}
	old.State, old.Version = Replaced, old.Version+1
	ended := change.Event(ctx, s.now(), "echo.replaced", "echo:"+old.ID, old.Version)
	ended.Facts["request"], ended.Facts["channel"], ended.Facts["rule"] = string(old.Request), old.Channel, rule
	parts := []change.Part{{Event: ended, Update: []any{&old}}}
	if wanted {
		ev := change.Event(ctx, s.now(), "echo.wanted", "echo:"+again.ID, 1)
		ev.Causes = []audit.EventID{ended.ID}
		ev.Facts["request"], ev.Facts["detail"], ev.Facts["channel"], ev.Facts["rule"] = string(again.Request), again.Detail, again.Channel, rule
		parts = append(parts, change.Part{Event: ev, Insert: []any{&again}})
	}
	return s.Store.Commit(ctx, change.Set{Parts: parts, Key: change.KeyFrom(ctx, "/echoes")})
}

// again gives the same question anew, false where its contact is not on file any
// more or would be taken for another one. Who wanted it is who wanted the first,
// so that a registrar who replaces it can send it.
func (s *Service) again(ctx context.Context, old Echo) (e Echo, wanted bool, err error) {
	contact, err := s.contact(ctx, old.Agency, old.Detail)
	if kind := fault.KindOf(err); err != nil && (kind == fault.Invalid || kind == fault.Gate) {
		return e, false, nil
	}
	if err != nil {
		return e, false, err
	}
	ref, err := s.code(5)
	e = Echo{ID: newID(), Request: old.Request, Agency: old.Agency, Detail: old.Detail, Contact: personal.NewText(contact.Name), Channel: contact.Channel,
		Address: personal.NewText(contact.Address), Ref: "EC-" + ref, WantedBy: old.WantedBy, WantedAt: s.now(), State: Wanted, Version: 1}
	return e, err == nil, err
}
