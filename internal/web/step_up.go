package web

import (
	"context"
	"encoding/hex"
	"net/http"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// StepUps asks people for their passkey at single steps.
type StepUps interface {
	// BeginStepUp starts a ceremony for the actor's session: its id and the
	// options of navigator.credentials.get as JSON.
	BeginStepUp(ctx context.Context, purpose identity.Purpose, digest identity.Digest) (id string, options []byte, err error)
	// FinishStepUp verifies the answer to a ceremony of the actor's session and
	// gives the proof, which the step's own commit uses up. What is wrong in any
	// way is a fault of kind fault.StepUp.
	FinishStepUp(ctx context.Context, id string, answer []byte, purpose identity.Purpose, digest identity.Digest) (identity.Proof, error)
}

// Names of the fields that the script fills in.
const (
	stepUpID     = "step_up_id"
	stepUpAnswer = "step_up_answer"
)

// StepUp is what a form shows whose step asks for the passkey (partial
// "step_up"). It stands inside the form, before its button.
type StepUp struct {
	Purpose, Digest string
	Script          string // address of the script that asks the browser; empty in an evaluation
	Begin           string // where the script gets its challenge
	Act             string // get or create
	Send            string // name of a field of the form that the script sends along
	Text            string
	NoScript        string
	Failed          string // shown when the browser gave no answer
}

// StepUp asks for the passkey at one step of the page: the reader agrees to
// exactly what digest describes. Call it before the page is shown; the page may
// then load our script.
func (c *Ctx) StepUp(purpose identity.Purpose, digest identity.Digest) *StepUp {
	u := &StepUp{Purpose: string(purpose), Digest: hex.EncodeToString(digest[:])}
	if c.evaluating() {
		u.Text = c.T("step_up.evaluation")
		return u
	}
	c.asks(u)
	u.Begin, u.Act, u.Text = "/account/step-up", "get", c.T("step_up.text")
	return u
}

// asks lets the page load the script that asks the browser for a passkey.
func (c *Ctx) asks(u *StepUp) {
	needs := c.Route.Needs
	needs.Script = true
	c.srv.policy(c, needs)
	u.Script, u.NoScript, u.Failed = c.srv.assets.url("passkey.js"), c.T("step_up.no_script"), c.T("step_up.failed")
}

// answer gives what the script filled in: the ceremony and the browser's answer.
func (c *Ctx) answer() (id string, answer []byte) {
	return c.values.Get(stepUpID), []byte(c.values.Get(stepUpAnswer))
}

// evaluating tells whether the actor's session was begun without a passkey, as
// only the development sign-in begins one.
func (c *Ctx) evaluating() bool {
	actor, ok := c.Actor()
	return ok && c.srv.cfg.DevSignIn != nil && actor.Method == identity.ByDevelopment
}

// Proved gives the context in which a step is taken that asks for the passkey:
// under the form's key, as Once, with the proof that the form brought. It gives
// a fault of kind fault.StepUp where the proof is missing, or is of something
// else than this purpose and digest.
func (c *Ctx) Proved(purpose identity.Purpose, digest identity.Digest) (context.Context, error) {
	actor, ok := c.Actor()
	if !ok {
		return nil, fault.New(fault.SignIn, "%s", c.T("error.sign_in.text"))
	}
	if c.evaluating() {
		return identity.WithProof(c.Once(), identity.DevelopmentProof(actor, purpose, digest, c.Now())), nil
	}
	id, answer := c.values.Get(stepUpID), c.values.Get(stepUpAnswer)
	if c.srv.cfg.StepUps == nil || id == "" || answer == "" {
		return nil, fault.New(fault.StepUp, "%s", c.T("step_up.missing"))
	}
	p, err := c.srv.cfg.StepUps.FinishStepUp(c.Ctx(), id, []byte(answer), purpose, digest)
	if err != nil {
		return nil, err
	}
	return identity.WithProof(c.Once(), p), nil
}

// stepUpInput is what the script asks for.
type stepUpInput struct {
	Purpose string `form:"purpose" validate:"required,max=40" label:"step_up.purpose" input:"hidden"`
	Digest  string `form:"digest" validate:"required,len=64,hexadecimal" label:"step_up.digest" input:"hidden"`
}

func (s *Server) stepUpRoutes() []Route {
	if s.cfg.StepUps == nil {
		return nil
	}
	return []Route{{Method: http.MethodPost, Path: "/account/step-up", Name: "step_up.begin", Title: "step_up.title", Roles: identity.Roles, Self: true, Body: FormBody, Handle: s.beginStepUp}}
}

// beginStepUp gives the script a challenge. It changes nothing that anybody
// could see: the challenge is used up, or forgotten after five minutes.
func (s *Server) beginStepUp(c *Ctx) error {
	var in stepUpInput
	if err := c.Decode(&in); err != nil {
		return err
	}
	raw, err := hex.DecodeString(in.Digest)
	if err != nil || len(raw) != len(identity.Digest{}) {
		return fault.New(fault.Invalid, "%s", c.T("step_up.missing"))
	}
	id, options, err := s.cfg.StepUps.BeginStepUp(c.Ctx(), identity.Purpose(in.Purpose), identity.Digest(raw))
	if err != nil {
		return err
	}
	return c.sendCeremony(id, options)
}

// sendCeremony answers a script with a ceremony's id and the browser's options.
func (c *Ctx) sendCeremony(id string, options []byte) error {
	return c.JSONBlob(http.StatusOK, append(append([]byte(`{"id":"`+id+`","options":`), options...), '}'))
}
