package web

import (
	"strconv"
	"strings"

	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/oversight/sampling"
)

// planInput is the plan of a sample: first in the address, then as it is agreed to.
type planInput struct {
	From    string   `form:"from" validate:"required,datetime=2006-01-02" label:"audit_query.from" hint:"audit_query.from.hint" input:"date" width:"short" autocomplete:"off"`
	To      string   `form:"to" validate:"required,datetime=2006-01-02" label:"audit_query.to" hint:"audit_query.to.hint" input:"date" width:"short" autocomplete:"off"`
	Strata  []string `form:"strata" validate:"required" label:"audit_sample.strata" hint:"audit_sample.strata.hint" input:"checkboxes"`
	Each    int      `form:"each" validate:"gte=0,lte=10000" label:"audit_sample.each" input:"number" inputmode:"numeric" width:"short"`
	Percent int      `form:"percent" validate:"gte=0,lte=100" label:"audit_sample.percent" input:"number" inputmode:"numeric" width:"short"`
	Ahead   int      `form:"ahead" validate:"gte=4,lte=1000000" label:"audit_sample.ahead" hint:"audit_sample.ahead.hint" input:"number" inputmode:"numeric" width:"short"`
}

func (in planInput) plan() oversight.PlanInput {
	return oversight.PlanInput{From: day(in.From), To: day(in.To), Strata: in.Strata, Each: in.Each, Percent: in.Percent, Ahead: in.Ahead}
}

var sampleTones = map[string]Tone{oversight.Planned: Caution, oversight.Drawn: Good, oversight.Void: Danger}

func (s *Server) auditSamples(c *Ctx) error {
	list, err := s.cfg.Services.Oversight.ListSamples(c.Ctx())
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("audit_samples.title"), Lead: c.T("audit_samples.lead"), Links: []NavItem{{Text: c.T("audit_sample_new.title"), Href: "/audit/samples/new"}}}
	t := Table{Caption: c.T("audit_samples.title"), Empty: Empty{Title: c.T("audit_samples.none")},
		Columns: []Column{{Text: c.T("audit_sample.ref")}, {Text: c.T("requests.col.state")}, {Text: c.T("audit_sample.time")}, {Text: c.T("audit_sample.population"), Number: true}, {Text: c.T("audit_sample.drawn"), Number: true}, {Text: c.T("audit_sample.planned")}}}
	for _, x := range list {
		badge, at := Badge{c.T("audit_sample.state." + x.State), sampleTones[x.State]}, p.When(x.PlannedAt)
		t.Rows = append(t.Rows, []Cell{{Code: x.Ref, Href: "/audit/samples/" + x.ID}, {Badge: &badge}, {Text: c.sampleTime(x)},
			{Text: itoa(x.Population), Number: true}, {Text: itoa(x.Drawn), Number: true}, {When: &at}})
	}
	p.Tables = []Table{t}
	return auditDeskView.Show(c, p)
}

// newAuditSample asks for a plan, and then for the passkey to just this plan.
func (s *Server) newAuditSample(c *Ctx) error {
	in := planInput{Strata: []string{"country", "process"}, Each: 5, Ahead: 64}
	if c.Request().URL.RawQuery == "" {
		return s.showPlan(c, in, nil, false)
	}
	in = planInput{}
	err := c.DecodeQuery(&in)
	return s.showPlan(c, in, err, err == nil)
}

func (s *Server) showPlan(c *Ctx, in planInput, wrong error, agree bool) error {
	p := auditDesk{Base: c.Base("audit_sample_new.title"), Lead: c.T("audit_sample_new.lead")}
	p.Crumbs = []Crumb{{c.T("audit_samples.title"), "/audit/samples"}, {p.Title, ""}}
	f := c.Form("/audit/samples/new", in)
	f.Options("strata", c.choose("audit_sample.by", sampling.Dimensions...))
	if wrong != nil {
		var m *mistake
		c.again(f, wrong)
		m = &mistake{"plan", wrong}
		p.refusal(c, m)
	}
	names := []string{"from", "to", "strata", "each", "percent", "ahead"}
	if !agree {
		p.Filter, p.FilterButton = f, Button{Text: c.T("audit_sample_new.next")}
		for _, n := range names {
			fd, err := f.Field(n)
			if err != nil {
				return err
			}
			p.FilterFields = append(p.FilterFields, fd)
		}
		return auditDeskView.Show(c, p)
	}
	a := c.stepForm("plan", "audit_sample_new.agree", "/audit/samples", in, names...)
	a.Form.Options("strata", c.choose("audit_sample.by", sampling.Dimensions...))
	a.StepUp = c.StepUp(identity.PurposeAudit, oversight.PlanDigest(in.plan()))
	p.Acts = []StepForm{a}
	return auditDeskView.Show(c, p)
}

func (s *Server) planAuditSample(c *Ctx) error {
	var in planInput
	err := c.Decode(&in)
	id := ""
	if err == nil {
		ctx, proofErr := c.Proved(identity.PurposeAudit, oversight.PlanDigest(in.plan()))
		if err = proofErr; err == nil {
			id, err = s.cfg.Services.Oversight.PlanSample(ctx, in.plan())
		}
	}
	if mendable(err) {
		return s.showPlan(c, in, err, false)
	}
	return c.Done(err, "/audit/samples/"+id, "flash.sample_planned")
}

func (s *Server) showAuditSample(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	x, cases, err := s.cfg.Services.Oversight.ShowSample(c.Ctx(), id)
	if err != nil {
		return err
	}
	p := auditDesk{Base: c.Base("audit_sample.title", "ref", x.Ref), Badges: []Badge{{c.T("audit_sample.state." + x.State), sampleTones[x.State]}}, Lead: c.T("audit_sample.lead." + x.State)}
	p.Crumbs = []Crumb{{c.T("audit_samples.title"), "/audit/samples"}, {x.Ref, ""}}
	p.Facts = c.sampleFacts(p.Base, x)
	if x.State == oversight.Drawn {
		p.Notices, p.Links = []Notice{c.sampleProgress(cases)}, c.fileLink("/audit/samples/"+x.ID+"/csv")
	}
	p.Tables = []Table{c.sampleCases(x, cases)}
	p.Commands = []verifyStep{{Title: c.T("audit_sample.yourself"), Command: "lerd-verify sample DIR --vkey log.vkey --openings facts.tsv --sample " + x.ID, Text: c.T("audit_sample.yourself.text")}}
	return auditDeskView.Show(c, p)
}

// sampleProgress says how many of the drawn cases auditors opened since, and what is to
// be done with the others.
func (c *Ctx) sampleProgress(cases []oversight.SampleCase) Notice {
	looked, findings := 0, 0
	for _, y := range cases {
		if findings += y.Findings; len(y.Looked) > 0 {
			looked++
		}
	}
	n := Notice{Kind: Caution, Title: c.T("audit_sample.progress", "looked", itoa(looked), "n", itoa(len(cases))), Text: c.T("audit_sample.progress.text", "findings", itoa(findings))}
	if looked == len(cases) {
		n.Kind = Good
	}
	return n
}

// sampleTime says when the cases were submitted of which a sample is; the end is not in it.
func (c *Ctx) sampleTime(x oversight.Sample) string {
	return c.T("audit_sample.between", "from", c.Date(x.From), "to", c.Date(x.To))
}

func (c *Ctx) sampleFacts(b Base, x oversight.Sample) []Fact {
	f := facts{c: c}
	at := b.When(x.PlannedAt)
	f.add("audit_sample.planned", Cell{When: &at, Href: "/audit/events/" + string(x.PlanEvent)})
	f.add("audit_sample.plan_event", Cell{Code: string(x.PlanEvent), Href: "/audit/events/" + string(x.PlanEvent)})
	f.text("audit_sample.time", c.sampleTime(x))
	var by []string
	for _, one := range x.Strata {
		by = append(by, c.codeCell("audit_sample.by.", one).Text)
	}
	f.text("audit_sample.strata", strings.Join(by, ", "))
	f.text("audit_sample.rule", c.T("audit_sample.rule.text", "each", itoa(x.Each), "percent", itoa(x.Percent)))
	f.text("audit_sample.population", c.T("audit_sample.population.text", "n", itoa(x.Population), "tree", strconv.FormatUint(x.Tree, 10)))
	f.add("audit_sample.population_digest", Cell{Digest: &Digest{"SHA-256", x.Digest}})
	f.text("audit_sample.seed_tree", strconv.FormatUint(x.Plan.Seed, 10))
	if x.State == oversight.Planned && x.LogNow < x.Plan.Seed {
		f.text("audit_sample.log_now", c.T("audit_sample.log_now.text", "now", strconv.FormatUint(x.LogNow, 10), "left", strconv.FormatUint(x.Plan.Seed-x.LogNow, 10)))
	}
	if x.State == oversight.Drawn {
		drawn := b.When(x.DrawnAt)
		f.add("audit_sample.drawn_at", Cell{When: &drawn})
		f.add("audit_sample.seed_root", Cell{Digest: &Digest{"SHA-256", x.SeedRoot}})
		f.add("audit_sample.seed", Cell{Digest: &Digest{"SHA-256", x.SeedHex}})
		f.add("audit_sample.drawn_digest", Cell{Digest: &Digest{"SHA-256", x.DrawnDigest}})
	}
	return f.list
}

func (c *Ctx) sampleCases(x oversight.Sample, cases []oversight.SampleCase) Table {
	t := Table{Caption: c.T("audit_sample.cases", "n", len(cases)), Columns: []Column{{Text: c.T("audit_query.case")}, {Text: c.T("audit_sample.stratum")}, {Text: c.T("audit_sample.why")}, {Text: c.T("audit_sample.looked")}, {Text: c.T("audit_sample.findings"), Number: true}}}
	if x.State != oversight.Planned {
		t.Empty = Empty{Title: c.T("audit_sample.cases.none")}
	}
	for _, y := range cases {
		why := c.T("audit_sample.why.drawn")
		if y.Always {
			why = c.T("audit_sample.why.always")
		}
		t.Rows = append(t.Rows, []Cell{{Code: word(y.Ref, y.Case[:8]), Href: "/audit/cases/" + y.Case + "/replay"}, {Text: y.Stratum}, {Text: why}, {Text: word(strings.Join(y.Looked, ", "), c.T("audit_sample.nobody"))}, {Text: itoa(y.Findings), Number: true}})
	}
	return t
}
