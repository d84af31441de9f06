package web

import (
	"context"

	"lerd/internal/agencies"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// motionInput is a registrar's word on what waits for a second person.
type motionInput struct {
	Motion string `form:"motion" validate:"required,uuid" label:"motion.which" input:"hidden"`
	Yes    string `form:"yes" validate:"required,oneof=yes no" label:"motion.word" input:"hidden"`
}

// motionActs gives a form for each answer that the reader can give to what waits:
// who proposed it can only take it back.
func (s *Server) motionActs(c *Ctx, r registry, waiting []agencies.WaitingMotion) (acts []StepForm) {
	for _, w := range waiting {
		shown := facts{c: c}
		shown.text("motion.about", c.motionWords(w))
		shown.text("motion.by", r.names.name(w.ProposedBy))
		answer := func(yes, words string) StepForm {
			a := c.stepForm("motion-"+yes+"-"+w.ID, words, agencies.PathOf(r.d.Agency.ID)+"/motion", motionInput{Motion: w.ID, Yes: yes}, "motion", "yes")
			a.Facts = shown.list
			return a.erring(c, r.wrong)
		}
		if w.ProposedBy != r.me {
			a := answer("yes", "motion.agree")
			a.StepUp = c.StepUp(w.Purpose(), w.Agreement())
			acts = append(acts, a)
		}
		acts = append(acts, answer("no", "motion.decline"))
	}
	return acts
}

// motionWords says what is proposed.
func (c *Ctx) motionWords(w agencies.WaitingMotion) string {
	if w.Kind == identity.SupervisorMotion {
		return c.T("motion.supervisor", "name", w.Name)
	}
	process, key := c.T("choices.every"), "motion.cosignature.once"
	if w.Subject != "" {
		process = w.Subject
	}
	if w.Wanted {
		key = "motion.cosignature.twice"
	}
	return c.T(key, "process", process)
}

// decideMotion takes a registrar's word.
func (s *Server) decideMotion(c *Ctx) error {
	var in motionInput
	return s.agencyStep(c, agencyStep{"motion", "flash.motion_decided", &in, func(ctx context.Context, id identity.AgencyID) error {
		list, err := s.cfg.Services.Supervisors.WaitingFor(c.Ctx(), id)
		if err != nil {
			return err
		}
		for _, w := range list {
			if w.ID != in.Motion {
				continue
			}
			if in.Yes == "yes" {
				if ctx, err = c.Proved(w.Purpose(), w.Agreement()); err != nil {
					return err
				}
			}
			if w.Kind == identity.SupervisorMotion {
				return s.cfg.Services.Supervisors.DecideSupervisor(ctx, id, w.ID, in.Yes == "yes")
			}
			return s.cfg.Services.Choices.DecideChoice(ctx, id, w.ID, in.Yes == "yes")
		}
		// decided meanwhile, or sent twice: the service says which
		err = s.cfg.Services.Choices.DecideChoice(ctx, id, in.Motion, false)
		if fault.KindOf(err) == fault.NotFound {
			err = s.cfg.Services.Supervisors.DecideSupervisor(ctx, id, in.Motion, false)
		}
		return err
	}})
}

// proposedChoices says in the table of choices which of them wait.
func (c *Ctx) proposedChoices(t *Table, lines []requests.ChoiceLine, waiting []identity.Motion) {
	for i, l := range lines {
		for _, m := range waiting {
			if m.Subject == l.Process {
				key := "choices.waits.once"
				if m.Wanted {
					key = "choices.waits.twice"
				}
				t.Rows[i][1].Note = c.T(key)
			}
		}
	}
}
