package fraud

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
	"lerd/internal/requests"
	"lerd/internal/requests/identifier"
	"lerd/internal/risk/domains"
)

// The states of an echo beside Lifted's relatives.
const (
	Wanted   = "wanted"   // a registrar sends it
	Asked    = "asked"    // the issuer answers
	Answered = "answered" // the end
	Expired  = "expired"  // the end: nobody answered in time
)

// The answers of an issuer.
const (
	Issued    = "issued"
	NotIssued = "not_issued"
	CannotSay = "cannot_say"
)

// EchoLife is how long an issuer can answer.
const EchoLife = 30 * 24 * time.Hour

// Contact is how an issuer is reached, from our own file.
type Contact struct {
	Detail  string // id of the entry on file
	Agency  identity.AgencyID
	Name    string
	Channel string // phone, email or post
	Address string
}

// Issuers keeps contacts and echoes.
type Issuers interface {
	// IssuersOf gives the issuers on file for an agency.
	IssuersOf(ctx context.Context, agency identity.AgencyID) ([]Contact, error)
	// EchoByCode gives the echo of a code's hash, or NotFound; it works alike
	// for both.
	EchoByCode(ctx context.Context, codeSHA256 string) (Echo, error)
	// Echoes lists those in a state, the oldest first.
	Echoes(ctx context.Context, state string) ([]Echo, error)
}

// codeAlphabet has no letters that are read for digits.
var codeAlphabet = base32.NewEncoding("023456789ABCDEFGHJKMNPQRSTUVWXYZ").WithPadding(base32.NoPadding)

// WantEcho asks that an issuer be asked, at a contact that is on our file.
func (s *Service) WantEcho(ctx context.Context, id requests.ID, detail string) (e Echo, err error) {
	defer fault.Wrap(&err, "fraud.WantEcho(%s)", id)
	c, err := s.Store.Case(ctx, id)
	if err != nil {
		return e, err
	}
	actor, rule, err := s.may(ctx, "echo", "request", c.Request.Agency)
	if err != nil {
		return e, err
	}
	contact, err := s.contact(ctx, c.Request.Agency, detail)
	if err != nil {
		return e, err
	}
	ref, err := s.code(5)
	if err != nil {
		return e, err
	}
	e = Echo{ID: newID(), Request: id, Agency: c.Request.Agency, Detail: detail, Contact: personal.NewText(contact.Name), Channel: contact.Channel,
		Address: personal.NewText(contact.Address), Ref: "EC-" + ref, WantedBy: actor.Person, WantedAt: s.now(), State: Wanted, Version: 1}
	ev := change.Event(ctx, e.WantedAt, "echo.wanted", "echo:"+e.ID, 1)
	ev.Facts["request"], ev.Facts["detail"], ev.Facts["channel"], ev.Facts["rule"] = string(id), detail, contact.Channel, rule
	return e, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: ev, Insert: []any{&e}}}, Key: change.KeyFrom(ctx, "/review/"+string(id)+"/risk")})
}

// IssuersOf gives the contacts that can be asked about a case.
func (s *Service) IssuersOf(ctx context.Context, c requests.Case) ([]Contact, error) {
	if _, _, err := s.may(ctx, "echo", "request", c.Request.Agency); err != nil {
		return nil, err
	}
	return s.Issuers.IssuersOf(system(ctx), c.Request.Agency)
}

// Waiting lists the questions that a registrar has to send.
func (s *Service) Waiting(ctx context.Context) ([]Echo, error) {
	if _, _, err := s.may(ctx, "list", "echo", ""); err != nil {
		return nil, err
	}
	return s.Issuers.Echoes(system(ctx), Wanted)
}

// contact gives an issuer's entry on file, and refuses one whose mail domain
// would be taken for another one on file.
func (s *Service) contact(ctx context.Context, agency identity.AgencyID, detail string) (Contact, error) {
	list, err := s.Issuers.IssuersOf(system(ctx), agency)
	if err != nil {
		return Contact{}, err
	}
	for _, c := range list {
		if c.Detail != detail {
			continue
		}
		if why, err := s.LookAlike(ctx, c.Address, agency); err != nil || why != "" {
			return c, fault.Because(fault.Gate, err, "This address would be taken for another one on file (%s). Have a registrar look at it first.", why)
		}
		return c, nil
	}
	return Contact{}, fault.Fields([]fault.Problem{{Field: "contact", Message: "Choose a contact from our file. Where there is none, a registrar has to enter it from an independent directory."}})
}

// LookAlike says for which domain on file a name or the domain of a mail address
// would be taken, "" for none. Names of the agency itself are not compared.
func (s *Service) LookAlike(ctx context.Context, address string, agency identity.AgencyID) (string, error) {
	known, _, err := s.Resembles(ctx, address, agency)
	return known, err
}

// Resembles is LookAlike, and tells whether the likeness is a close one: drawn
// alike, made of the same letters, holding the other name, or mixed of scripts.
func (s *Service) Resembles(ctx context.Context, address string, agency identity.AgencyID) (like string, closely bool, err error) {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		address = address[i+1:]
	}
	n, ok := domains.Parse(address)
	if !ok {
		return "", false, nil
	}
	known, err := s.Facts.KnownDomains(system(ctx))
	if err != nil {
		return "", false, err
	}
	var others []string
	for _, k := range known {
		if agency == "" || k.Agency != agency {
			others = append(others, k.Name)
		}
	}
	if n.Mixed != "" {
		return n.Mixed, true, nil
	}
	if v := domains.NewDirectory(others).Check(n); len(v.Likes) > 0 {
		kind := v.Likes[0].Kind
		return v.Likes[0].Known, kind == domains.SameShape || kind == domains.MovedMarks || kind == domains.Inside, nil
	}
	return "", false, nil
}

// Impostor is the part that puts a refused registration into the register.
func (s *Service) Impostor(ctx context.Context, agency identity.AgencyID, round string, because audit.EventID) change.Part {
	return s.caught(ctx, Caught{Code: "FR-20", Source: "vetting", SourceID: round, Agency: agency}, because)
}

// code makes a random code of n bytes for people to type, in groups of four.
func (s *Service) code(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.Rand, b); err != nil {
		return "", err
	}
	text := codeAlphabet.EncodeToString(b)
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), "-"), nil
}

// hashOf gives the hash of a code as it was typed: case, spaces and hyphens say
// nothing, and letters that look like digits are read as those.
func hashOf(typed string) string {
	clean := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '\t':
			return -1
		case 'O':
			return '0'
		}
		return r
	}, strings.ToUpper(typed))
	sum := sha256.Sum256([]byte("lerd issuer echo v1\x00" + clean))
	return hex.EncodeToString(sum[:])
}

// SentLetter is the letter to an issuer. The code is in it and nowhere else.
type SentLetter struct {
	Echo          Echo
	Subject, Body string
}

// SendEcho makes the letter to the issuer, once: the code cannot be read again.
func (s *Service) SendEcho(ctx context.Context, id string) (l SentLetter, err error) {
	defer fault.Wrap(&err, "fraud.SendEcho(%s)", id)
	actor, rule, err := s.may(ctx, "send", "echo", "")
	if err != nil {
		return l, err
	}
	waiting, err := s.Issuers.Echoes(system(ctx), Wanted)
	if err != nil {
		return l, err
	}
	for _, e := range waiting {
		if e.ID == id {
			return s.send(ctx, actor, rule, e)
		}
	}
	return l, fault.New(fault.NotFound, "There is nothing here.")
}

func (s *Service) send(ctx context.Context, actor identity.Actor, rule string, e Echo) (l SentLetter, err error) {
	c, err := s.Store.Case(system(ctx), e.Request)
	if err != nil {
		return l, err
	}
	code, err := s.code(20) // 160 bits
	if err != nil {
		return l, err
	}
	e.State, e.SentBy, e.SentAt, e.ExpiresAt, e.CodeSHA256, e.Version = Asked, actor.Person, s.now(), s.now().Add(EchoLife), hashOf(code), e.Version+1
	l.Echo = e
	l.Subject, l.Body, err = s.Letters.Draft("issuer_echo", map[string]string{"contact": e.Contact.Reveal(), "address": e.Address.Reveal(), "order_number": c.Request.Order.Number,
		"issued_on": c.Request.Order.IssuedOn.Format("2 January 2006"), "issuer": c.Request.Order.IssuerName, "reference": e.Ref, "code": code,
		"page": s.Origin + "/confirm-order", "until": e.ExpiresAt.Format("2 January 2006")})
	if err != nil {
		return l, err
	}
	ev := change.Event(ctx, e.SentAt, "echo.sent", "echo:"+e.ID, e.Version)
	ev.Facts["request"], ev.Facts["channel"], ev.Facts["rule"] = string(e.Request), e.Channel, rule
	return l, s.Store.Commit(ctx, change.Set{Parts: []change.Part{{Event: ev, Update: []any{&e}}}})
}

// Question is what an issuer is shown: the order, and nothing of whom it is about.
type Question struct {
	Ref         string
	Order       string
	IssuedOn    time.Time
	Issuer      string // as the order names it
	Until       time.Time
	Established bool // answered already
}

// noCode is the same for a code that never was, was used, or has expired.
var noCode = fault.New(fault.NotFound, "There is no open question under this code. Compare it with the letter; where it is older than 30 days, or was answered, it no longer works.")

// Question gives what a code asks.
func (s *Service) Question(ctx context.Context, code string) (q Question, err error) {
	defer fault.Wrap(&err, "fraud.Question")
	e, c, err := s.byCode(ctx, code)
	if err != nil {
		return q, err
	}
	return Question{Ref: e.Ref, Order: c.Request.Order.Number, IssuedOn: c.Request.Order.IssuedOn, Issuer: c.Request.Order.IssuerName, Until: e.ExpiresAt}, nil
}

// byCode gives the open echo of a code with its case. The case is looked up for an
// open one alone, so that a code that was answered takes no longer than one that
// never was.
func (s *Service) byCode(ctx context.Context, code string) (Echo, requests.Case, error) {
	ctx = system(ctx)
	e, err := s.Issuers.EchoByCode(ctx, hashOf(code))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return e, requests.Case{}, err
	}
	if err != nil || e.State != Asked || !s.now().Before(e.ExpiresAt) {
		return e, requests.Case{}, noCode
	}
	c, err := s.Store.Case(ctx, e.Request)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		err = noCode
	}
	return e, c, err
}

// Reply is what an issuer typed.
type Reply struct{ Code, Answer, Name, Note string }

// AnswerEcho takes an issuer's answer, once. "Not ours" stops the case in the
// same step, and stands in the register.
func (s *Service) AnswerEcho(ctx context.Context, in Reply) (err error) {
	defer fault.Wrap(&err, "fraud.AnswerEcho")
	e, c, err := s.byCode(ctx, in.Code)
	if err != nil {
		return err
	}
	if err := readReply(&e, in); err != nil {
		return err
	}
	ctx = system(ctx)
	e.State, e.AnsweredAt, e.Version = Answered, s.now(), e.Version+1
	ev := change.Event(ctx, e.AnsweredAt, "echo.answered", "echo:"+e.ID, e.Version)
	ev.Facts["request"], ev.Facts["answer"], ev.Facts["by"] = string(e.Request), e.Answer, "issuer"
	ev.Facts["seconds"] = itoa(int(e.AnsweredAt.Sub(e.SentAt).Seconds()))
	parts := []change.Part{{Event: ev, Update: []any{&e}}}
	if e.Answer == NotIssued {
		parts = append(parts, s.hold(ctx, Hold{Request: e.Request, Agency: e.Agency, Because: EchoDenied, Source: e.ID}, "FR-01", left(c))...)
	}
	err = s.Store.Commit(ctx, change.Set{Parts: parts})
	if fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.Gate {
		return noCode // somebody answered at the same moment
	}
	return err
}

// left tells whether anything of a case has left.
func left(c requests.Case) bool { return c.Release != nil && c.Release.State == requests.Exported }

func readReply(e *Echo, in Reply) error {
	var problems []fault.Problem
	switch in.Answer {
	case Issued, NotIssued, CannotSay:
		e.Answer = in.Answer
	default:
		problems = append(problems, fault.Problem{Field: "answer", Message: "Choose one of the three answers."})
	}
	name, err := identifier.Name("name", in.Name)
	if err != nil || name == "" {
		problems = append(problems, fault.Problem{Field: "name", Message: "Give your name and function, so that we can call you back at your office."})
	}
	e.AnsweredName = personal.NewText(name)
	if strings.TrimSpace(in.Note) != "" {
		note, err := identifier.FreeText("note", in.Note, 2000)
		problems = append(problems, fault.ProblemsOf(err)...)
		e.AnsweredNote = personal.NewText(note)
	}
	return fault.Fields(problems)
}
