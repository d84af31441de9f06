package records

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lerd/internal/fault"
)

// Breach is what a source did that it must not: more, other or ill-formed
// data. It names the rule, never the data. Whoever gets one stops, lets
// nothing leave and tells the auditors.
type Breach struct {
	Op   string // system, resolve, summary, phones or sessions
	Rule string // e.g. "row of another account"
	Row  int64  // number of the row, from 1; 0 where it is not about a row
}

// Error names operation, rule and row.
func (b *Breach) Error() string {
	return fmt.Sprintf("account data source broke a rule: %s: %s (row %d)", b.Op, b.Rule, b.Row)
}

// AsBreach gives the breach in err, if there is one.
func AsBreach(err error) (*Breach, bool) {
	var b *Breach
	ok := errors.As(err, &b)
	return b, ok
}

// MaxPhones is how many phone rows of one account are taken at most.
const MaxPhones = 10_000

// MaxSessions is how many IP events of one account and period are taken at most.
const MaxSessions = 50_000_000

// MaxHoldings is how many holdings of one identifier are taken at most.
const MaxHoldings = 1_000

// unanswered is how an operation ended that the source did not answer.
type unanswered struct {
	op  string
	err error
}

// Error says which it was.
func (u *unanswered) Error() string { return "account data: " + u.op + ": " + u.err.Error() }

// Unwrap gives why.
func (u *unanswered) Unwrap() error { return u.err }

// Unanswered gives the operation that a source behind Guard did not answer: it is
// away, silent or slow.
func Unanswered(err error) (op string, is bool) {
	var u *unanswered
	if !errors.As(err, &u) {
		return "", false
	}
	return u.op, true
}

// noted names the operation in an error that says that the source does not answer.
func noted(op string, err error) error {
	if fault.KindOf(err) != fault.Unavailable {
		return err
	}
	return &unanswered{op, err}
}

// Guard wraps a source so that nothing passes which was not asked for. Each
// question is checked before it is asked and each answer before it is given
// on; a broken rule is a *Breach and ends the answer. An answer with one of the
// canaries, values that no right answer holds, is broken as well.
func Guard(s Source, canaries ...string) Source { return guard{s, newCanaries(canaries)} }

type guard struct {
	source   Source
	canaries canaries
}

func (g guard) System(ctx context.Context) (System, error) {
	sys, err := g.source.System(ctx)
	if err != nil {
		return System{}, noted("system", err)
	}
	rule := checkSystem(sys)
	if rule == "" && g.canaries.inText(sys.Name, sys.Version, sys.ClockSource) {
		rule = canaryRule
	}
	if rule != "" {
		return System{}, &Breach{Op: "system", Rule: rule}
	}
	return sys, nil
}

func checkSystem(s System) string {
	switch {
	case s.Name == "" || len(s.Name) > 200 || len(s.Version) > 200 || len(s.ClockSource) > 200:
		return "system without a name, or with a text over 200 bytes"
	case !printable(s.Name + s.Version + s.ClockSource):
		return "text of the system with what cannot be printed"
	case s.MaxClockError < 0 || s.Precision < time.Microsecond:
		return "clock error below 0 or precision below a microsecond"
	case !exact(s.Now):
		return "clock not in UTC microseconds"
	}
	return ""
}

func (g guard) Resolve(ctx context.Context, id Identifier) (Resolution, error) {
	if err := id.check(); err != nil {
		return Resolution{}, err
	}
	res, err := g.source.Resolve(ctx, id)
	if err != nil {
		return Resolution{}, noted("resolve", err)
	}
	if len(res.Holdings) > MaxHoldings {
		return Resolution{}, &Breach{Op: "resolve", Rule: "more holdings than can be", Row: int64(len(res.Holdings))}
	}
	var last time.Time
	for i, h := range res.Holdings {
		if rule := checkHolding(id, h, last); rule != "" {
			return Resolution{}, &Breach{Op: "resolve", Rule: rule, Row: int64(i + 1)}
		}
		last = h.From
	}
	return res, nil
}

func checkHolding(id Identifier, h Holding, last time.Time) string {
	switch {
	case h.Account < 1:
		return "account id below 1"
	case !exact(h.From) || !exactOrZero(h.To) || !(h.To.IsZero() || h.From.Before(h.To)):
		return "holding with an impossible interval"
	case !id.During.Overlaps(h.From, h.To):
		return "holding outside the period"
	case h.From.Before(last):
		return "holdings out of order"
	case h.Value.Reveal() != id.canonical():
		return "holding of another identifier"
	case id.Kind == ByAccount && h.Account != id.Account:
		return "holding of another account"
	}
	return ""
}

// canonical is the text under which a source must know the identifier.
func (id Identifier) canonical() string {
	switch id.Kind {
	case ByPhone:
		return id.Phone.Reveal()
	case ByUsername:
		return id.Username.Reveal()
	}
	return id.Account.String()
}

func (g guard) Summary(ctx context.Context, account AccountID) (Summary, error) {
	if account < 1 {
		return Summary{}, errAccount
	}
	sum, err := g.source.Summary(ctx, account)
	if err != nil {
		return Summary{}, noted("summary", err)
	}
	rule := ""
	switch {
	case sum.Account != account:
		rule = "summary of another account"
	case !exact(sum.CreatedAt):
		rule = "time not in UTC microseconds"
	case !sum.Status.Known():
		rule = "unknown rule status"
	case g.canaries.any(sum.Username.Reveal()):
		rule = canaryRule
	case !sum.Username.Empty() && !lowerUsername(sum.Username.Reveal()):
		rule = "ill-formed username"
	}
	if rule != "" {
		return Summary{}, &Breach{Op: "summary", Rule: rule}
	}
	return sum, nil
}

func (g guard) Phones(ctx context.Context, account AccountID, period Period) ([]PhoneRow, error) {
	if err := checkQuestion(account, period); err != nil {
		return nil, err
	}
	rows, err := g.source.Phones(ctx, account, period)
	if err != nil {
		return nil, noted("phones", err)
	}
	if len(rows) > MaxPhones {
		return nil, &Breach{Op: "phones", Rule: "more phone numbers than can be", Row: int64(len(rows))}
	}
	c := phoneCheck{account: account, period: period, seen: map[string]bool{}}
	for i, row := range rows {
		rule := c.row(row)
		if rule == "" && g.canaries.inPhone(row) {
			rule = canaryRule
		}
		if rule != "" {
			return nil, &Breach{Op: "phones", Rule: rule, Row: int64(i + 1)}
		}
	}
	return rows, nil
}

func (g guard) Sessions(ctx context.Context, account AccountID, period Period) iter.Seq2[IPRow, error] {
	return func(yield func(IPRow, error) bool) {
		if err := checkQuestion(account, period); err != nil {
			yield(IPRow{}, err)
			return
		}
		c := newSessionCheck(account, period)
		defer c.close()
		for row, err := range g.source.Sessions(ctx, account, period) {
			if err = noted("sessions", err); err == nil {
				err = c.row(row)
			}
			if err == nil && g.canaries.inSession(&row) {
				err = c.breach(canaryRule)
			}
			if err != nil {
				yield(IPRow{}, err)
				return
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := c.end(); err != nil {
			yield(IPRow{}, err)
		}
	}
}

func checkQuestion(account AccountID, period Period) error {
	if account < 1 {
		return errAccount
	}
	return period.check()
}

// lowerUsername tells whether s is a username in canonical form.
func lowerUsername(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_.") == ""
}

// printable tells whether s is text of visible characters and plain spaces: it
// stands in a certificate that people read.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// usable tells whether an address can be where a person's connection came from.
// An IPv4 address in the form of one of IPv6 is refused by the connectors: here it
// is no longer seen (personal.NewAddr).
func usable(a netip.Addr) bool {
	return a.IsValid() && a.Zone() == "" && !a.IsUnspecified() && !a.IsMulticast() &&
		!a.IsLoopback() && !a.IsLinkLocalUnicast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func exactOrZero(t time.Time) bool { return t.IsZero() || exact(t) }
