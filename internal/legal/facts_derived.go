package legal

import (
	"slices"
	"strings"
)

// setEnv computes what conditions see beside the plain facts.
func (e *evaluation) setEnv() {
	f, p := e.facts, e.p
	e.env = requestEnv{
		Facts: *f,
		Process: processEnv{
			ID: string(p.ID), Kind: string(p.Kind), Compulsion: string(p.Compulsion), Notice: string(p.Notice.Rule),
			Emergency: string(p.Emergency), Transfer: p.TransferOpen,
			MaxTargets: p.Limits.Targets, MaxPeriod: p.Limits.PeriodDays, MaxAge: p.Limits.AgeDays,
		},
		Sensitive:        len(e.reg.Sensitive(f)) > 0,
		CountryAllowed:   len(p.Countries) == 0 || slices.Contains(p.Countries, f.Issuer.Country),
		LanguageAccepted: len(p.Languages) == 0 || slices.Contains(p.Languages, strings.ToLower(f.Order.Language)),
		InEmergency:      f.Emergency.Claimed || p.Emergency == EmergencyOnly,
		AgeDays:          f.ReceivedAt.Sub(f.Order.IssuedAt).Hours() / 24,
	}
	e.env.DeadlineComputed = e.deadline()
	e.env.Given = e.givenIn(&e.env)
	e.issuer()
	e.env.MissingFields = len(e.missingFields())
}

// givenIn gives the function given(…) of an environment; env points to it, so
// that the function sees it complete.
func (e *evaluation) givenIn(env any) func(string) bool {
	return func(id string) bool {
		f := e.reg.fields[FieldID(id)]
		return f != nil && e.given(f, env)
	}
}

// issuer finds the one rule that allows the issuer and what validation it asks
// for. An emergency opens its rules while it is claimed or established, not
// once it has failed.
func (e *evaluation) issuer() {
	urgent := e.env.InEmergency && e.state != EmergencyNotEstablished
	for _, rule := range e.p.Issuers {
		if !slices.Contains(rule.Kinds, e.facts.Issuer.Kind) || (rule.EmergencyOnly && !urgent) {
			continue
		}
		e.env.IssuerAllowed = true
		e.env.ValidationNeeded = len(rule.ValidatedBy) > 0 && !(rule.WithoutInEmergency && urgent)
		e.env.ValidationGiven = slices.Contains(rule.ValidatedBy, e.facts.Validator.Kind)
	}
}

// deadline tells whether the clocks that apply can be computed.
func (e *evaluation) deadline() bool {
	in := ClockInput{Process: e.p, Kind: ClockEffect, Start: e.facts.ReceivedAt, OrderDate: e.facts.Order.ReturnAt}
	if _, err := e.reg.Due(in); err != nil {
		return false
	}
	if in.Kind = ClockEmergency; e.facts.Emergency.Claimed && e.p.HasClock(ClockEmergency) {
		_, err := e.reg.Due(in)
		return err == nil
	}
	return true
}

func (e *evaluation) targetEnv(t *Target) *targetEnv {
	matches, _ := e.reg.RuleMatchesOffence(t.Finding.Rule, e.facts.Offence.Class)
	env := &targetEnv{
		requestEnv: e.env, Target: *t, FindingMatches: matches,
		FindingCurrent: t.Finding.ExpiresAt.IsZero() || t.Finding.ExpiresAt.After(e.facts.ReceivedAt),
	}
	if !t.Start.IsZero() && !t.End.IsZero() {
		env.PeriodDays = t.End.Sub(t.Start).Hours() / 24
	}
	env.Given = e.givenIn(env)
	return env
}

func (e *evaluation) itemEnv(t *Target, c Category) *itemEnv {
	env := &itemEnv{targetEnv: *e.targetEnv(t), Category: string(c)}
	for _, rule := range e.p.Categories {
		env.CategoryListed = env.CategoryListed || rule.ID == c
	}
	switch c {
	case PhoneNumber:
		env.Held = t.HeldPhone
	case IPAddress:
		env.Held = t.HeldIP
	}
	env.Given = e.givenIn(env)
	return env
}
