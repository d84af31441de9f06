package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lerd/internal/access"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// sessionsFake knows tokens by value.
type sessionsFake struct {
	actors map[string]identity.Actor
	ended  []string
	err    error
}

func (s *sessionsFake) Authenticate(_ context.Context, token string) (identity.Actor, error) {
	if s.err != nil {
		return identity.Actor{}, s.err
	}
	a, ok := s.actors[token]
	if !ok {
		return identity.Actor{}, fault.New(fault.SignIn, "This session has ended.")
	}
	return a, nil
}

func (s *sessionsFake) SignOut(_ context.Context, token string) error {
	s.ended = append(s.ended, token)
	delete(s.actors, token)
	return nil
}

// allowFake allows everything but the verbs it was given.
type allowFake struct{ deny map[string]error }

func (a allowFake) Allow(_ context.Context, actor identity.Actor, verb access.Verb, object access.Object) (string, error) {
	if err := a.deny[string(verb)]; err != nil && actor.Person != "start" {
		return "", err
	}
	if actor.Role == identity.Officer && object.Agency != actor.Agency {
		return "", fault.New(fault.NotFound, "not yours")
	}
	return "rule-" + string(verb), nil
}

type devFake struct{ users []DevUser }

func (d devFake) Users(context.Context) ([]DevUser, error) { return d.users, nil }

func (d devFake) SignIn(_ context.Context, name, key string) (string, error) {
	for _, u := range d.users {
		if u.SignIn == name && key != "" {
			return "fresh-token-" + name, nil
		}
	}
	return "", fault.New(fault.SignIn, "Nobody of that name can sign in.")
}

// site is a portal under test.
type site struct {
	*Server
	t        testing.TB
	sessions *sessionsFake
	log      *strings.Builder
}

const testHost = "localhost:8080"

// newSite builds a portal with an officer ("tok-officer") and a reviewer
// ("tok-reviewer") signed in; change may alter its Config first.
func newSite(t testing.TB, change func(*Config)) *site {
	t.Helper()
	st := &site{t: t, log: &strings.Builder{}, sessions: &sessionsFake{actors: map[string]identity.Actor{
		"tok-officer":  {Person: "p1", Name: personal.NewText("Ana Novak"), Role: identity.Officer, Agency: "a1", Session: "s1"},
		"tok-reviewer": {Person: "p2", Name: personal.NewText("Rui Costa"), Role: identity.Reviewer, Session: "s2"},
	}}}
	cfg := Config{
		Log: slog.New(slog.NewJSONHandler(st.log, nil)), Sessions: st.sessions, Authorizer: allowFake{},
		Now:          func() time.Time { return time.Date(2026, 11, 2, 14, 5, 0, 0, time.UTC) },
		PublicOrigin: "http://" + testHost, Limits: Limits{PerIP: -1, PerSession: -1},
		Extra: probeRoutes(), TempDir: t.TempDir(),
	}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	st.Server = s
	return st
}

// call describes one request.
type call struct {
	method, path, token string
	form                url.Values
	body                io.Reader
	header              map[string]string
}

func (st *site) do(c call) *httptest.ResponseRecorder {
	st.t.Helper()
	if c.method == "" {
		c.method = http.MethodGet
	}
	if c.form != nil {
		c.body = strings.NewReader(c.form.Encode())
	}
	r := httptest.NewRequest(c.method, c.path, c.body)
	r.Host = testHost
	if c.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.token != "" {
		r.AddCookie(&http.Cookie{Name: st.sessionName(), Value: c.token})
	}
	for k, v := range c.header {
		if k == "Host" {
			r.Host = v
			continue
		}
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	st.ServeHTTP(w, r)
	return w
}

// formOf gives a form with a key and name, value pairs.
func formOf(pairs ...string) url.Values {
	v := url.Values{keyField: {testKey}}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

const testKey = "0b7f6a60-7d5c-4e0c-9a5e-1f6a3b2c4d5e"

// probeInput has the fields of the page /style and some that nobody shows.
type probeInput struct {
	Reference string     `form:"reference" validate:"required,max=10" label:"style.f.text"`
	Mail      string     `form:"mail" validate:"omitempty,email" label:"style.f.mail"`
	Phone     string     `form:"phone" label:"style.f.tel"`
	Offence   string     `form:"offence" label:"style.f.area" input:"textarea"`
	Country   string     `form:"country" label:"style.f.select" input:"select"`
	Kind      string     `form:"kind" validate:"omitempty,oneof=a b" input:"radios" label:"style.f.radios"`
	Wanted    []string   `form:"wanted" validate:"max=2" input:"checkboxes" label:"style.f.boxes"`
	Sworn     bool       `form:"sworn" label:"style.f.box"`
	Order     string     `form:"order" label:"style.f.file" input:"file"`
	From      DateTime   `form:"from"`
	Rows      []rowInput `form:"rows" limit:"3" validate:"dive"`
	Count     int        `form:"count" validate:"gte=0" label:"style.f.text"`
	State     string     // has no form tag: nobody can set it
}

// probeRoutes are the routes with which the ground is tested.
func probeRoutes() []Route {
	officer, reviewer := []identity.Role{identity.Officer}, []identity.Role{identity.Reviewer}
	return []Route{
		{Method: "GET", Path: "/probe/mine/:id", Name: "probe.mine", Title: "style.title", Roles: officer, Verb: "read", Object: "probe", Nav: 5, Handle: func(c *Ctx) error {
			id, err := c.UUIDParam("id")
			if err != nil {
				return err
			}
			return fault.New(fault.NotFound, "no case %s of that agency", id)
		}},
		{Method: "GET", Path: "/probe/staff/:id", Name: "probe.staff", Title: "style.title", Roles: reviewer, Verb: "read", Object: "probe", Handle: func(c *Ctx) error {
			return c.String(200, "seen")
		}},
		{Method: "POST", Path: "/probe/form", Name: "probe.form", Roles: officer, Verb: "write", Object: "probe", Body: FormBody, MaxBody: 2000, Handle: func(c *Ctx) error {
			var in probeInput
			err := c.Decode(&in)
			if fault.KindOf(err) == fault.Invalid && err != nil {
				return probeFormView.Show(c, formPage{Base: c.Base("style.title"), Form: c.FormAgain("/probe/form", in, err)})
			}
			if err != nil {
				return err
			}
			return c.JSON(200, in)
		}},
		{Method: "GET", Path: "/probe/fail/:kind", Name: "probe.fail", Public: true, Handle: func(c *Ctx) error {
			return fault.Because(fault.Kind(c.Param("kind")), io.ErrUnexpectedEOF, "words for people")
		}},
		{Method: "GET", Path: "/probe/panic", Name: "probe.panic", Public: true, Handle: func(c *Ctx) error { panic("secret +49301234567") }},
		{Method: "POST", Path: "/probe/upload", Name: "probe.upload", Roles: officer, Verb: "write", Object: "probe", Body: Upload, MaxBody: 100 << 10, Handle: func(c *Ctx) error {
			u, err := c.Upload("order")
			if err != nil {
				return err
			}
			r, err := u.Open()
			if err != nil {
				return err
			}
			n, err := io.Copy(io.Discard, r)
			if err != nil {
				return err
			}
			return c.JSON(200, map[string]any{"name": u.Name, "size": u.Size, "read": n, "sha256": u.SHA256, "title": c.Typed().Get("title")})
		}},
	}
}

type ctxT = context.Context

var errSecret = errors.New("dial: hunter2")
