package web

import (
	"context"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// stepUpsFake knows one ceremony and one right answer.
type stepUpsFake struct{ begun, finished int }

func (f *stepUpsFake) BeginStepUp(context.Context, identity.Purpose, identity.Digest) (string, []byte, error) {
	f.begun++
	return testKey, []byte(`{"challenge":"AAAA"}`), nil
}

func (f *stepUpsFake) FinishStepUp(ctx context.Context, id string, answer []byte, purpose identity.Purpose, digest identity.Digest) (identity.Proof, error) {
	f.finished++
	if id != testKey || string(answer) != "right" {
		return identity.Proof{}, fault.New(fault.StepUp, "Please confirm it again.")
	}
	actor, _ := identity.From(ctx)
	p := identity.DevelopmentProof(actor, purpose, digest, time.Now())
	p.Method = identity.ByPasskey
	return p, nil
}

var stepDigest = identity.DigestOf("a step")

// provedRoutes are a page with a step that needs a passkey, and the step.
func provedRoutes(taken *[]identity.Proof) []Route {
	step := func(c *Ctx) error {
		ctx, err := c.Proved(identity.PurposeSubmit, stepDigest)
		if err != nil {
			return err
		}
		p, err := identity.RequireProof(ctx, identity.PurposeSubmit, stepDigest)
		*taken = append(*taken, p)
		if err != nil {
			return err
		}
		return c.SeeOther("/", "")
	}
	show := func(c *Ctx) error {
		p := stylePage{Base: c.Base("style.title"), Form: c.srv.styleForm(c)}
		p.StepUp = c.StepUp(identity.PurposeSubmit, stepDigest)
		c.status = http.StatusOK
		return styleView.Show(c, p)
	}
	officer := []identity.Role{identity.Officer}
	return []Route{{Method: "GET", Path: "/probe/step", Name: "probe.step", Title: "style.title", Roles: officer, Self: true, Handle: show},
		{Method: "POST", Path: "/probe/step", Name: "probe.take", Title: "style.title", Roles: officer, Self: true, Body: FormBody, Handle: step}}
}

func newStepSite(t *testing.T, fake *stepUpsFake, taken *[]identity.Proof, dev bool) *site {
	return newSite(t, func(c *Config) {
		c.Extra = provedRoutes(taken)
		c.StepUps = fake
		if dev {
			c.Development, c.DevSignIn = true, devFake{}
		}
	})
}

func TestAStepAsksForThePasskey(t *testing.T) {
	fake, taken := &stepUpsFake{}, []identity.Proof{}
	st := newStepSite(t, fake, &taken, false)
	w := st.do(call{path: "/probe/step", token: "tok-officer"})
	for _, want := range []string{`data-purpose="submit"`, `data-digest="` + hex.EncodeToString(stepDigest[:]) + `"`, `name="step_up_answer"`, "/static/passkey."} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if !strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src 'self'") {
		t.Error("the page may not load the script that it needs")
	}
	begin := formOf("purpose", "submit", "digest", hex.EncodeToString(stepDigest[:]))
	if w := st.do(call{method: "POST", path: "/account/step-up", token: "tok-officer", form: begin}); w.Code != 200 || w.Body.String() != `{"id":"`+testKey+`","options":{"challenge":"AAAA"}}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for name, form := range map[string][]string{"nothing": nil, "no answer": {stepUpID, testKey}, "a wrong answer": {stepUpID, testKey, stepUpAnswer, "wrong"}} {
		if w := st.do(call{method: "POST", path: "/probe/step", token: "tok-officer", form: formOf(form...)}); w.Code != 401 || !strings.Contains(w.Body.String(), "passkey") || strings.Contains(w.Body.String(), `href="/sign-in?`) {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if len(taken) != 0 {
		t.Fatalf("a step was taken without a proof: %v", taken)
	}
	if w := st.do(call{method: "POST", path: "/probe/step", token: "tok-officer", form: formOf(stepUpID, testKey, stepUpAnswer, "right")}); w.Code != 303 || len(taken) != 1 || taken[0].Method != identity.ByPasskey {
		t.Errorf("the right answer: %d, %v", w.Code, taken)
	}
}

func TestOnlyADevelopmentSessionIsSparedThePasskey(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method identity.Method
		dev    bool
		want   int
	}{
		{"development", identity.ByDevelopment, true, 303},
		{"a passkey's session in an evaluation", identity.ByPasskey, true, 401},
		{"a development session outside", identity.ByDevelopment, false, 401},
		{"a provider's session", identity.ByProvider, true, 401},
	} {
		fake, taken := &stepUpsFake{}, []identity.Proof{}
		st := newStepSite(t, fake, &taken, tt.dev)
		actor := st.sessions.actors["tok-officer"]
		actor.Method = tt.method
		st.sessions.actors["tok-officer"] = actor
		if w := st.do(call{method: "POST", path: "/probe/step", token: "tok-officer", form: formOf()}); w.Code != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, w.Code, tt.want)
		}
		w := st.do(call{path: "/probe/step", token: "tok-officer"})
		if spared := strings.Contains(w.Body.String(), "Evaluation: no passkey is asked for here"); spared != (tt.want == 303) {
			t.Errorf("%s: the page says otherwise", tt.name)
		}
	}
}
