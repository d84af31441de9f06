package web

import (
	"context"
	"net/http"

	"lerd/internal/access"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/processes"
	"lerd/internal/requests"
)

// Processes changes the law by which lerd decides; *processes.Service fulfils it.
type Processes interface {
	ProcessReader
	ProcessSteps
}

// ProcessReader shows the versions of processes and what is proposed.
type ProcessReader interface {
	List(ctx context.Context) ([]processes.Overview, error)
	Draft(ctx context.Context, id legal.ProcessID) (processes.Input, error)
	Compare(ctx context.Context, id string) (processes.Comparison, error)
}

// ProcessSteps are the steps of a change.
type ProcessSteps interface {
	Propose(ctx context.Context, in processes.Input) (string, error)
	TakeUp(ctx context.Context, id string) error
	Withdraw(ctx context.Context, id, why string) error
	PutInForce(ctx context.Context, id string) error
}

// Replays derive a case anew under a version of its process.
type Replays interface {
	Replay(ctx context.Context, id requests.ID, version int) (requests.Replay, error)
	Alerts(ctx context.Context, c requests.Case) ([]requests.Alert, error)
}

var lawReaders = []identity.Role{identity.Counsel, identity.Auditor}

func (s *Server) processRoutes() []Route {
	if s.cfg.Services.Processes == nil {
		return nil
	}
	get := func(path, name, title string, roles []identity.Role, verb string, nav int, h Handler) Route {
		return Route{Method: http.MethodGet, Path: path, Name: name, Title: title, Roles: roles, Verb: access.Verb(verb), Object: "process", Nav: nav, Handle: h}
	}
	post := func(path, name, title, verb string, h Handler) Route {
		return Route{Method: http.MethodPost, Path: path, Name: name, Title: title, Roles: counsels, Verb: access.Verb(verb), Object: "process", Body: FormBody, Handle: h}
	}
	replay := get("/cases/:id/replay", "case.replay", "replay.title", lawReaders, "replay", 0, s.showReplay)
	replay.Object = "request"
	return []Route{
		get("/processes", "process.list", "processes.title", lawReaders, "list", 50, s.listProcesses),
		get("/processes/new", "process.draft", "process_new.title", counsels, "propose", 0, s.draftProcess),
		post("/processes/new", "process.propose", "process_new.title", "propose", s.proposeProcess),
		get("/processes/proposals/:id", "process.compare", "process.title", lawReaders, "compare", 0, s.showProposal),
		post("/processes/proposals/:id/take-up", "process.take_up", "process.title", "propose", s.takeUpProposal),
		post("/processes/proposals/:id/withdraw", "process.withdraw", "process.title", "propose", s.withdrawProposal),
		post("/processes/proposals/:id/put", "process.put", "process.title", "put_in_force", s.putInForce),
		replay,
	}
}

func (s *Server) listProcesses(c *Ctx) error {
	list, err := s.cfg.Services.Processes.List(c.Ctx())
	if err != nil {
		return err
	}
	p := deskPage{Base: c.Base("processes.title"), Lead: c.T("processes.lead")}
	p.Wide = true
	actor, _ := c.Actor()
	all := Table{Caption: c.T("processes.all"), Columns: []Column{{Text: c.T("processes.process")}, {Text: c.T("processes.versions")}, {Text: c.T("processes.next")}, {Text: c.T("processes.confirm"), Number: true}}}
	open := Table{Caption: c.T("processes.open"), Empty: Empty{Title: c.T("processes.open.none")},
		Columns: []Column{{Text: c.T("processes.process")}, {Text: c.T("process.state")}, {Text: c.T("process.day")}, {Text: c.T("process.proposed_at")}}}
	for _, o := range list {
		all.Rows = append(all.Rows, c.processRow(o, actor.Role == identity.Counsel))
		if o.Broken != "" {
			p.Notices = append(p.Notices, Notice{Kind: Danger, Title: string(o.ID), Text: o.Broken})
		}
		for _, x := range o.Open {
			badge, at := c.proposalBadge(x.State), p.When(x.At)
			open.Rows = append(open.Rows, []Cell{{Text: c.T("process.version", "process", string(x.Process), "number", x.Number), Href: processes.PathOf(x.ID)}, {Badge: &badge}, {Text: x.Day}, {When: &at}})
		}
	}
	p.Tables = []Table{open, all}
	return deskView.Show(c, p)
}

// processRow is a process with its versions, and the way to its next one.
func (c *Ctx) processRow(o processes.Overview, may bool) []Cell {
	newest := o.Versions[len(o.Versions)-1]
	versions := ""
	for _, v := range o.Versions {
		key := "processes.shipped"
		if _, ok := o.Put[v.Version]; ok {
			key = "processes.put"
		}
		if versions != "" {
			versions += "; "
		}
		versions += c.T(key, "number", v.Version, "day", v.InForce.String())
		if v.Version == o.Current {
			versions += " " + c.T("processes.now")
		}
	}
	next := Cell{Text: "—"}
	if may {
		next = Cell{Text: c.T("processes.propose"), Href: "/processes/new?process=" + string(o.ID)}
	}
	return []Cell{{Text: newest.Title, Note: string(o.ID)}, {Text: versions}, next, {Text: itoa(len(newest.Unconfirmed())), Number: true}}
}

func (c *Ctx) proposalBadge(state string) Badge {
	tone := map[string]Tone{processes.Filed: Caution, processes.Proposed: Info, processes.Withdrawn: Plain, processes.InForce: Good}[state]
	return Badge{c.T("process.state." + state), tone}
}
