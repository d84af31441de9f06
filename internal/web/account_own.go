package web

import (
	"net/http"
	"slices"

	"github.com/google/uuid"

	"lerd/internal/fault"
	"lerd/internal/identity"
)

// ownAccountPage is a person's own sessions and passkeys.
type ownAccountPage struct {
	Base
	Waits      string // why nothing can be downloaded yet
	WaitsUntil *When
	Method     string // how this session was begun, where it was not by a passkey
	Living     []ownSession
	Others     *Button // sign out everywhere else
	Passkeys   []ownPasskey
	Add        *StepUp
	AddButton  Button
	Past       Table
	Trouble    string
}

// ownSession is one living session with its button.
type ownSession struct {
	Facts []Fact
	Here  bool
	Path  string
	End   Button
}

// ownPasskey is one passkey in use with its button.
type ownPasskey struct {
	Title  string
	Facts  []Fact
	Path   string
	StepUp *StepUp
	Remove *Button // nil for the last one
}

var ownAccountView = newPage[ownAccountPage]("account", "facts", "cell", "badge", "when", "digest", "table", "empty", "button", "step_up")

func (s *Server) ownAccountRoutes() []Route {
	if s.cfg.People.Sessions == nil {
		return nil
	}
	return []Route{
		{Method: http.MethodGet, Path: "/account", Name: "account.show", Title: "account.title", Roles: identity.Roles, Self: true, Handle: s.ownAccount},
		{Method: http.MethodPost, Path: "/account/sessions/others", Name: "account.end_others", Title: "account.title", Roles: identity.Roles, Self: true, Body: FormBody, Handle: s.endOthers},
		{Method: http.MethodPost, Path: "/account/sessions/:id/end", Name: "account.end_one", Title: "account.title", Roles: identity.Roles, Self: true, Body: FormBody, Handle: s.endOne},
		{Method: http.MethodPost, Path: "/account/passkeys/allow", Name: "account.allow_passkey", Title: "account.title", Roles: identity.Roles, Self: true, Body: FormBody, Handle: s.allowPasskey},
		{Method: http.MethodGet, Path: "/account/passkeys/new", Name: "account.new_passkey", Title: "account.add", Roles: identity.Roles, Self: true, Handle: s.newPasskey},
		{Method: http.MethodPost, Path: "/account/passkeys/begin", Name: "account.begin_passkey", Title: "account.add", Roles: identity.Roles, Self: true, Body: FormBody, Handle: s.beginPasskey},
		{Method: http.MethodPost, Path: "/account/passkeys", Name: "account.add_passkey", Title: "account.add", Roles: identity.Roles, Self: true, Body: FormBody, Handle: s.addPasskey},
		{Method: http.MethodPost, Path: "/account/passkeys/:id/remove", Name: "account.remove_passkey", Title: "account.title", Roles: identity.Roles, Self: true, Body: FormBody, Handle: s.removePasskey},
	}
}

func (s *Server) ownAccount(c *Ctx) error { return s.showOwnAccount(c, nil) }

// showOwnAccount shows the page; wrong is why a step could not be taken.
func (s *Server) showOwnAccount(c *Ctx, wrong error) error {
	actor, _ := c.Actor()
	p := ownAccountPage{Base: c.Base("account.title")}
	if wrong != nil {
		p.Trouble, p.Problems = c.Say(fault.Message(wrong)), true
		c.SetStatus(fault.Status(wrong))
	}
	if actor.DownloadFrom.After(c.Now()) {
		until := p.When(actor.DownloadFrom)
		p.Waits, p.WaitsUntil = c.T("account.waits"), &until
	}
	if actor.Method != identity.ByPasskey {
		p.Method = c.T("account.method." + string(actor.Method))
	}
	if err := s.fillSessions(c, &p, actor); err != nil {
		return err
	}
	if err := s.fillPasskeys(c, &p, actor); err != nil {
		return err
	}
	return ownAccountView.Show(c, p)
}

func (s *Server) fillSessions(c *Ctx, p *ownAccountPage, actor identity.Actor) error {
	list, err := s.cfg.People.Sessions.Sessions(c.Ctx())
	if err != nil {
		return err
	}
	p.Past = Table{Caption: c.T("account.past"), Columns: []Column{{Text: c.T("account.begun")}, {Text: c.T("account.device")}, {Text: c.T("account.how")}, {Text: c.T("account.ended")}},
		Empty: Empty{Title: c.T("account.past.none"), Text: c.T("account.past.none.text")}}
	for _, se := range list {
		begun, ended := p.When(se.CreatedAt), c.endOf(se, *p)
		p.Past.Rows = append(p.Past.Rows, []Cell{{When: &begun}, {Text: c.device(se)}, {Text: c.T("account.method." + string(se.Method))}, ended})
		if !se.Alive(c.Now()) {
			continue
		}
		seen := p.When(se.SeenAt)
		o := ownSession{Here: se.ID == actor.Session, Path: "/account/sessions/" + string(se.ID) + "/end", End: Button{Text: c.T("account.end"), Kind: "secondary"},
			Facts: []Fact{{c.T("account.device"), Cell{Text: c.device(se)}}, {c.T("account.begun"), Cell{When: &begun}}, {c.T("account.seen"), Cell{When: &seen}}}}
		p.Living = append(p.Living, o)
	}
	if len(p.Living) > 1 {
		p.Others = &Button{Text: c.T("account.end_others"), Kind: "danger"}
	}
	return nil
}

// device names a session's device in the two words that are known of it.
func (c *Ctx) device(se identity.Session) string {
	if se.Device == "" {
		return c.T("account.device.unknown")
	}
	return se.Device
}

// endOf says when and whether a session has ended.
func (c *Ctx) endOf(se identity.Session, p ownAccountPage) Cell {
	switch {
	case !se.EndedAt.IsZero():
		w := p.When(se.EndedAt)
		return Cell{When: &w}
	case se.Alive(c.Now()):
		return Cell{Badge: &Badge{c.T("account.alive"), Good}}
	}
	return Cell{Text: c.T("account.lapsed")}
}

func (s *Server) fillPasskeys(c *Ctx, p *ownAccountPage, actor identity.Actor) error {
	keys, err := s.cfg.People.Passkeys.EveryPasskey(c.Ctx())
	if err != nil {
		return err
	}
	keys = slices.DeleteFunc(keys, func(k identity.Passkey) bool { return !k.InUse() })
	for i, k := range keys {
		p.Passkeys = append(p.Passkeys, s.ownPasskey(c, p.Base, k, i+1, len(keys)))
	}
	if len(keys) > 0 {
		p.Add, p.AddButton = c.StepUp(identity.PurposeAccount, addDigest(actor.Person)), Button{Text: c.T("account.add"), Kind: "secondary"}
	}
	return nil
}

func (s *Server) ownPasskey(c *Ctx, b Base, k identity.Passkey, n, of int) ownPasskey {
	since := b.When(k.CreatedAt)
	o := ownPasskey{Title: k.Label, Path: "/account/passkeys/" + string(k.ID) + "/remove"}
	if o.Title == "" {
		o.Title = c.T("account.passkey.n", "n", n)
	}
	synced := c.T("account.passkey.bound")
	if k.BackupEligible {
		synced = c.T("account.passkey.synced")
	}
	o.Facts = []Fact{{c.T("account.passkey.since"), Cell{When: &since}}, {c.T("account.passkey.fingerprint"), Cell{Code: k.Fingerprint()}}, {c.T("account.passkey.kind"), Cell{Text: synced}}}
	if of > 1 {
		o.StepUp, o.Remove = c.StepUp(identity.PurposeAccount, removeDigest(k.ID)), &Button{Text: c.T("account.passkey.remove"), Kind: "danger"}
	}
	return o
}

func (s *Server) endOthers(c *Ctx) error {
	return c.Done(s.cfg.People.Sessions.EndOthers(c.Ctx()), "/account", "flash.others_ended")
}

// endOne ends one of the reader's own sessions; their present one is a sign-out.
func (s *Server) endOne(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	if err := s.cfg.People.Sessions.EndOne(c.Ctx(), identity.SessionID(id)); err != nil {
		return err
	}
	if actor, _ := c.Actor(); string(actor.Session) == id {
		c.dropSession()
		return c.SeeOther("/signed-out", "")
	}
	return c.SeeOther("/account", "flash.session_ended")
}

// removePasskey takes one of the reader's own passkeys out of use.
func (s *Server) removePasskey(c *Ctx) error {
	id, err := c.UUIDParam("id")
	if err != nil {
		return err
	}
	if !s.ownsPasskey(c, id) {
		return notFound()
	}
	ctx, err := c.Proved(identity.PurposeAccount, removeDigest(identity.PasskeyID(id)))
	if err == nil {
		err = s.cfg.People.Passkeys.RemovePasskey(ctx, identity.PasskeyID(id))
	}
	if kind := fault.KindOf(err); err != nil && (kind == fault.Gate || kind == fault.StepUp) {
		return s.showOwnAccount(c, err)
	}
	return c.Done(err, "/account", "flash.passkey_removed")
}

// ownsPasskey tells whether an id is one of the reader's passkeys, so that
// another's answers as one that is not there, whatever the form holds.
func (s *Server) ownsPasskey(c *Ctx, id string) bool {
	if _, err := uuid.Parse(id); err != nil {
		return false
	}
	keys, err := s.cfg.People.Passkeys.EveryPasskey(c.Ctx())
	for _, k := range keys {
		if err == nil && string(k.ID) == id {
			return true
		}
	}
	return false
}
