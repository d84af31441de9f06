package legal

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// vocab gives what conditions may name, from what has been loaded so far.
func (l *loader) vocab() vocabulary {
	v := vocabulary{fields: l.reg.fields, enums: map[string][]string{}}
	for p, enum := range enumsByPath() {
		v.enums[p] = enums[enum]
	}
	kinds := append(sortedKeys(l.reg.issuers), "")
	v.enums["issuer.kind"], v.enums["validator.kind"] = kinds, kinds
	return v
}

func (l *loader) check(name string, c *Check) {
	at := func(format string, args ...any) {
		l.faultf(name, "%s: %s", c.ID, fmt.Sprintf(format, args...))
	}
	if c.Question == "" {
		at("needs a question")
	}
	if !slices.Contains([]Mode{Auto, Human, Both}, c.Mode) {
		at("mode is auto, human or both, not %q", c.Mode)
	}
	if !slices.Contains([]Scope{ScopeRequest, ScopeTarget, ScopeItem}, c.Scope) {
		at("scope is request, target or item, not %q", c.Scope)
	}
	if !slices.Contains([]Stage{StageReview, StageConfirmation, StageRelease}, c.Stage) {
		at("stage is review, confirmation or release, not %q", c.Stage)
	}
	if c.Refusal != "" && l.reg.refusals[c.Refusal] == nil {
		at("refusal %s is not in refusals.yaml", c.Refusal)
	}
	for _, role := range c.AnsweredBy {
		if !slices.Contains([]string{RoleReviewer, RoleCounsel, RoleConfirmer}, role) {
			at("nobody answers as %q", role)
		}
	}
	l.checkExpressions(c, at)
}

func (l *loader) checkExpressions(c *Check, at func(string, ...any)) {
	v := l.vocab()
	for _, e := range []struct {
		name, text string
		into       **Condition
	}{{"applies_when", c.AppliesWhen, &c.applies}, {"counsel_when", c.CounselWhen, &c.counsel}, {"human_when", c.HumanWhen, &c.human}} {
		if e.text == "" {
			continue
		}
		*e.into = &Condition{ID: e.name, Pass: e.text}
		if err := (*e.into).compile(c.Scope, v); err != nil {
			at("%s: %s", e.name, err)
		}
	}
	for i := range c.Conditions {
		l.condition(&c.Conditions[i], c.Scope, at)
	}
	if c.Mode != Human && len(c.Conditions) == 0 && c.ID != checkComplete {
		at("mode %s needs conditions", c.Mode)
	}
}

func (l *loader) condition(c *Condition, scope Scope, at func(string, ...any)) {
	if c.ID == "" {
		at("a condition has no id")
	}
	if c.Pass == "" && len(c.Needs) == 0 {
		at("condition %s says neither what it needs nor what must hold", c.ID)
	}
	if c.Pass != "" && c.Otherwise == "" {
		at("condition %s needs an otherwise: the sentence that says what is wrong", c.ID)
	}
	if !slices.Contains([]Effect{"", EffectRefuse, EffectAsk, EffectNarrow, EffectBlock}, c.Effect) {
		at("condition %s: unknown effect %q", c.ID, c.Effect)
	}
	for _, f := range c.Needs {
		if field := l.reg.fields[f]; field == nil {
			at("condition %s needs field %s, which is not in fields.yaml", c.ID, f)
		} else if scope == ScopeRequest && field.Scope == ScopeTarget {
			at("condition %s: field %s belongs to a target, the check to the request", c.ID, f)
		}
	}
	if err := c.compile(scope, l.vocab()); err != nil {
		at("condition %s: %s", c.ID, err)
	}
}

func (l *loader) loadProcesses() {
	for _, file := range l.glob("processes/*.yaml") {
		raw, err := fs.ReadFile(l.fs, file)
		if err != nil {
			l.faultf(file, "cannot be read")
			continue
		}
		p := l.addProcess(file, raw)
		if p == nil {
			continue
		}
		if want := fmt.Sprintf("%s.v%d.yaml", p.ID, p.Version); path.Base(file) != want {
			l.faultf(file, "holds version %d of %s and must be named %s", p.Version, p.ID, want)
		}
	}
	l.order()
}

// addProcess reads one version of a process; nil where it cannot be read.
func (l *loader) addProcess(file string, raw []byte) *Process {
	p := &Process{file: file, raw: raw}
	if !l.parse(file, raw, p) {
		return nil
	}
	list := l.reg.checklists[p.Checklist]
	if list == nil {
		l.faultf(file, "checklist %d does not exist", p.Checklist)
		return nil
	}
	p.digest = hexDigest(raw, []byte(list.digest))
	l.process(p, list)
	l.reg.versions[p.ID] = append(slices.Clone(l.reg.versions[p.ID]), p)
	return p
}

// order sorts the versions of each process and refuses gaps.
func (l *loader) order() {
	for id, versions := range l.reg.versions {
		slices.SortFunc(versions, func(a, b *Process) int { return a.Version - b.Version })
		for i, p := range versions {
			if p.Version != i+1 {
				l.faultf(p.file, "%s has no version %d", id, i+1)
			}
			if i > 0 && p.InForce.Before(versions[i-1].InForce) {
				l.faultf(p.file, "is in force before version %d", p.Version-1)
			}
		}
	}
}

func (l *loader) process(p *Process, list *Checklist) {
	at := func(format string, args ...any) { l.faultf(p.file, format, args...) }
	if p.Title == "" || p.Description == "" || p.Jurisdiction == "" || p.InForce.IsZero() {
		at("needs a title, a description, a jurisdiction and a date in_force")
	}
	if !slices.Contains([]Kind{Disclosure, Preservation, Confidentiality, StatementKind}, p.Kind) {
		at("unknown kind %q", p.Kind)
	}
	if !slices.Contains([]Compulsion{Mandatory, Voluntary, CompulsionUnknown}, p.Compulsion) {
		at("compulsion is mandatory, voluntary or unknown, not %q", p.Compulsion)
	}
	if !slices.Contains([]EmergencyUse{EmergencyNever, EmergencyPossible, EmergencyOnly}, p.Emergency) {
		at("emergency is never, possible or only, not %q", p.Emergency)
	}
	if !slices.Contains(enums["notice"], string(p.Notice.Rule)) {
		at("unknown notice rule %q", p.Notice.Rule)
	}
	for _, s := range p.AllStatements() {
		if s.Source.Text == "" || !slices.Contains([]Mark{Verified, FromMemory, Design}, s.Source.Mark) {
			at("%s: needs a source with a mark V, M or D", s.Text)
		}
		if s.Source.Mark == Verified && s.Source.Key == "" {
			at("%s: a verified source needs the key of the text that was read", s.Text)
		}
	}
	l.processTerms(p, at)
	l.processChecks(p, list, at)
	l.processClocks(p, at)
}

func (l *loader) processTerms(p *Process, at func(string, ...any)) {
	if p.Limits.AgeDays < 1 || (p.Kind == Disclosure && p.Limits.PeriodDays < 1) || ((p.Kind == Disclosure || p.Kind == Preservation) && p.Limits.Targets < 1) {
		at("limits need age_days, for a disclosure period_days, and where there are targets, targets")
	}
	if len(p.Issuers) == 0 {
		at("names no kind of issuer")
	}
	seen := map[string]bool{}
	for _, rule := range p.Issuers {
		for _, k := range rule.Kinds {
			if seen[k] {
				at("issuer kind %s stands in two rules: it would not be clear which holds", k)
			}
			seen[k] = true
		}
		if rule.WithoutInEmergency && (len(rule.ValidatedBy) == 0 || p.Emergency == EmergencyNever) {
			at("without_in_emergency means nothing for issuers %v: there is no validation to go without, or no emergency", rule.Kinds)
		}
		if rule.EmergencyOnly && p.Emergency != EmergencyPossible {
			at("emergency_only means nothing for issuers %v of a process that is %q in an emergency", rule.Kinds, p.Emergency)
		}
		for _, k := range append(slices.Clone(rule.Kinds), rule.ValidatedBy...) {
			if _, ok := l.reg.issuers[k]; !ok {
				at("issuer kind %s is not in fields.yaml", k)
			}
		}
	}
	for _, f := range p.Required {
		if l.reg.fields[f] == nil {
			at("required field %s is not in fields.yaml", f)
		}
	}
	for _, c := range p.Certificates {
		if l.reg.certs[c] == "" {
			at("certificate %s is not in fields.yaml", c)
		}
	}
	for i := range p.Categories {
		c := &p.Categories[i]
		if c.ID != PhoneNumber && c.ID != IPAddress {
			at("category %q can never be produced", c.ID)
		}
		if c.Pass == "" && len(c.Needs) == 0 {
			continue
		}
		c.cond = &Condition{ID: "category_" + string(c.ID), Needs: c.Needs, Pass: c.Pass, Otherwise: c.Otherwise}
		l.condition(c.cond, ScopeItem, at)
	}
}

func (l *loader) processChecks(p *Process, list *Checklist, at func(string, ...any)) {
	for i, id := range p.Checks {
		if list.byID[id] == nil {
			at("check %s is not in checklist %d", id, list.Version)
		}
		if slices.Contains(p.Checks[:i], id) {
			at("check %s occurs twice", id)
		}
	}
	for _, must := range mandatoryChecks(p) {
		if !slices.Contains(p.Checks, must) {
			at("a %s process cannot do without check %s", p.Kind, must)
		}
	}
	if p.TransferOpen && !slices.Contains(p.Checks, checkTransfer) {
		at("transfer_open means nothing without check %s", checkTransfer)
	}
	seen := map[string]bool{}
	for i := range p.Conditions {
		c := &p.Conditions[i]
		check := list.byID[c.Check]
		if check == nil || !slices.Contains(p.Checks, c.Check) {
			at("condition %s belongs to check %q, which does not apply", c.ID, c.Check)
			continue
		}
		if seen[c.ID] {
			at("condition %s occurs twice", c.ID)
		}
		seen[c.ID] = true
		l.condition(c, check.Scope, at)
	}
}

// mandatoryChecks gives the checks that no process may leave out: whatever the
// law of a place, nothing leaves without them.
func mandatoryChecks(p *Process) []CheckID {
	must := []CheckID{"VC-01", "VC-02", "VC-03", "VC-04", "VC-05", "VC-06", "VC-08", "VC-09", "VC-19", "VC-20", "VC-23", "VC-24"}
	if p.Kind == Disclosure {
		must = append(must, "VC-07", "VC-10", "VC-11", "VC-12", "VC-13", "VC-14", "VC-15", "VC-16", "VC-17", "VC-18", "VC-21", "VC-22")
	}
	if p.Kind == Preservation {
		must = append(must, "VC-10", "VC-13")
	}
	return must
}

func (l *loader) processClocks(p *Process, at func(string, ...any)) {
	cal := l.reg.calendars[p.Clocks.Calendar]
	if cal == nil {
		at("calendar %q does not exist", p.Clocks.Calendar)
	}
	if _, err := time.LoadLocation(p.Clocks.Zone); err != nil || strings.TrimSpace(p.Clocks.Zone) == "" {
		at("clocks need an IANA zone, not %q", p.Clocks.Zone)
	}
	if p.Clocks.Effect == nil {
		at("clocks need an effect")
	}
	if p.Emergency != EmergencyNever && p.Clocks.Emergency == nil {
		at("an emergency can be claimed but has no clock")
	}
	if p.Kind == Preservation && p.Clocks.Hold == nil {
		at("a preservation needs to say how long it holds")
	}
	for kind, limit := range p.Clocks.all() {
		if err := limit.valid(); err != nil {
			at("clock %s: %s", kind, err)
		}
	}
}

func (c *Limit) valid() error {
	switch {
	case !slices.Contains([]Unit{Hours, Days, WorkingDays, Months, OnOrder}, c.Unit):
		return fmt.Errorf("unknown unit %q", c.Unit)
	case !slices.Contains([]Counting{EU1182, DayAfter, PlainCount, Exact}, c.Counting):
		return fmt.Errorf("unknown counting %q", c.Counting)
	case c.Unit != OnOrder && c.Amount < 1:
		return errors.New("needs an amount")
	case c.Counting == Exact && c.Unit != Hours && c.Unit != OnOrder:
		return errors.New("only hours are counted exactly")
	}
	return nil
}

// all gives the clocks that exist, by kind.
func (c *Clocks) all() map[ClockKind]*Limit {
	out := map[ClockKind]*Limit{}
	for kind, limit := range map[ClockKind]*Limit{
		ClockAck: c.Ack, ClockEffect: c.Effect, ClockEmergency: c.Emergency, ClockHold: c.Hold,
		ClockExtension: c.Extension, ClockObjection: c.Objection, ClockClarify: c.Clarify, ClockValidate: c.Validate,
	} {
		if limit != nil {
			out[kind] = limit
		}
	}
	return out
}

// AllStatements gives every statement of law in the file with its source, also
// those that stand beside a value.
func (p *Process) AllStatements() []Statement {
	out := []Statement{{"the process itself", p.Source}}
	out = append(out, p.Statements...)
	if p.Keeps != nil {
		out = append(out, Statement{"data are kept from receipt on", *p.Keeps})
	}
	if p.Waits != nil {
		out = append(out, Statement{"nothing leaves before the period of effect has ended, but in an emergency", *p.Waits})
	}
	for _, r := range p.Issuers {
		out = append(out, Statement{"issued by " + strings.Join(r.Kinds, ", "), r.Source})
	}
	for _, c := range p.Categories {
		out = append(out, Statement{"category " + string(c.ID), c.Source})
	}
	for _, c := range p.Conditions {
		out = append(out, Statement{"condition " + c.ID, c.Source})
	}
	clocks := p.Clocks.all()
	for _, kind := range sortedKeys(clocks) {
		out = append(out, Statement{"clock " + string(kind), clocks[kind].Source})
	}
	return append(out, Statement{"notice rule " + string(p.Notice.Rule), p.Notice.Source}, Statement{"limits of scope", p.Limits.Source})
}

func (l *loader) loadCalendars() {
	for _, file := range l.glob("calendars/*.yaml") {
		c := &Calendar{}
		if l.decode(file, c) == nil {
			continue
		}
		if path.Base(file) != c.ID+".yaml" {
			l.faultf(file, "holds calendar %q and must be named after it", c.ID)
		}
		if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "" {
			l.faultf(file, "needs an IANA zone, not %q", c.Zone)
		}
		for _, h := range c.Holidays {
			if rules := h.rules(); rules != 1 {
				l.faultf(file, "%s: needs exactly one of fixed, easter, nth and dates, has %d", h.Name, rules)
			}
			if !slices.Contains([]string{"", observeNearest, observeNext}, h.Observe) {
				l.faultf(file, "%s: unknown observe %q", h.Name, h.Observe)
			}
		}
		l.reg.calendars[c.ID] = c
	}
}

func (h *Holiday) rules() (n int) {
	for _, has := range []bool{h.Fixed.Day != 0, h.Easter != nil, h.Nth != nil, len(h.Dates) > 0} {
		if has {
			n++
		}
	}
	return n
}
