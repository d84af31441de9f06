package oversight

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/personal"
)

// Hit is one line of a query's answer: an event, or a case.
type Hit struct {
	Index  int64 // of the event in the log; -1: the line is about a case
	Event  audit.EventID
	At     time.Time
	Kind   string // of the event, or the case's state
	Person string // id of who did it; empty: nobody
	Name   string // their pseudonym
	Role   string
	Case   string            // id; empty: none
	Ref    string            // of the case
	Stream string            // of the event, e.g. person:<id>: what it is about
	Detail string            // codes and counts
	Facts  map[string]string // the same of an event, by their names
	Next   string            // the cursor with which the list goes on after this line
}

// Search is one query with its filters. What is empty narrows nothing.
type Search struct {
	Name     string // a key of Library, "events" or "cases"
	Kind     string // of events, exact, or a prefix that ends in "."
	Person   string // id or pseudonym
	Role     string
	Ref      string // of a case
	State    string // of cases
	Country  string
	Process  string
	Urgent   bool // emergencies alone
	From, To time.Time
	After    string // cursor
	Limit    int    // lines, 1 to 1000

	KindHasWords bool // the program knows such events, whether or not one happened
}

// Library lists the queries that come with lerd, in the order in which they are
// shown. Each one is a list of events, or of cases, newest first.
var Library = []string{
	"self_approval", "refused_attempt", "view_unassigned", "view_no_case", "two_duties", "emergency_no_order", "gag_past_end",
	"zone_correction", "late", "source_silence", "containment", "dev_proof", "off_hours", "quick_release", "most_viewed", "administrative",
}

// Free are the two lists with filters of one's own.
var Free = []string{"events", "cases"}

// Searches looks into the log's index and the cases.
type Searches interface {
	// Search gives at most s.Limit lines, the newest first.
	Search(ctx context.Context, s Search) ([]Hit, error)
	// Unknown names the filters that name nothing on record: kind, person, ref, country,
	// process.
	Unknown(ctx context.Context, s Search) ([]string, error)
}

// Values gives the search as the values of a URL, without its cursor.
func (q Search) Values() url.Values {
	v := url.Values{}
	for name, value := range map[string]string{"kind": q.Kind, "person": q.Person, "role": q.Role, "ref": q.Ref, "state": q.State, "country": q.Country, "process": q.Process,
		"from": date(q.From), "to": date(q.To)} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Urgent {
		v.Set("urgent", "yes")
	}
	return v
}

// dateOf gives the day of a moment: what is kept as a date has to be committed to as one.
func dateOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// Canonical is the query in its one form: its name, its filters in the order of
// their names, and the cursor.
func (q Search) Canonical() string {
	v := q.Values()
	if q.After != "" {
		v.Set("after", q.After)
	}
	return q.Name + "?" + v.Encode()
}

func (q Search) known() bool {
	return slices.Contains(Library, q.Name) || slices.Contains(Free, q.Name)
}

// Query answers a query, after the event that says who asked it. form is "page" or
// "csv". A filter that nothing can answer to is refused.
func (s *Service) Query(ctx context.Context, q Search, form string) (list []Hit, err error) {
	defer fault.Wrap(&err, "oversight.Query(%s)", q.Name)
	if !q.known() {
		return nil, fault.New(fault.NotFound, "There is nothing here.")
	}
	if _, _, err := s.may(ctx, "query", "log"); err != nil {
		return nil, err // of what is on record nothing is said before
	}
	if q, err = s.checked(ctx, q); err != nil {
		return nil, err
	}
	if err := s.asked(ctx, q, form); err != nil {
		return nil, err
	}
	return s.Searches.Search(ctx, q)
}

// asked puts on record who asked what.
func (s *Service) asked(ctx context.Context, q Search, form string) error {
	actor, rule, err := s.may(ctx, "query", "log")
	if err != nil {
		return err
	}
	e := change.Event(ctx, s.now(), "audit.queried", "look:query:"+string(actor.Person), 0)
	e.Facts["query"], e.Facts["form"], e.Facts["rule"] = q.Name, form, rule
	// What was typed into a filter is a commitment alone: the log is public, and an
	// unsalted digest of a name or a reference can be found by trying.
	e.Values = append(e.Values, audit.Value{Name: "query", New: []byte(q.Canonical())})
	return s.commit(ctx, "", change.Part{Event: e})
}

// MostExported is how many lines one file holds at most.
const MostExported = 100_000

// Export hands the lines of a query to f, page by page, after the event that says who
// took them away. It gives the cursor after which there are more than a file holds, ""
// where f has had all.
func (s *Service) Export(ctx context.Context, q Search, f func(Hit) error) (next string, err error) {
	defer fault.Wrap(&err, "oversight.Export(%s)", q.Name)
	q = q.tidy()
	q.Limit = 1000
	list, err := s.Query(ctx, q, "csv")
	for n := 0; err == nil && len(list) > 0; {
		if n >= MostExported {
			return q.After, nil
		}
		for _, h := range list {
			if err := f(h); err != nil {
				return "", err
			}
		}
		if n += len(list); len(list) < q.Limit || list[len(list)-1].Next == "" {
			return "", nil
		}
		q.After = list[len(list)-1].Next
		list, err = s.Searches.Search(ctx, q)
	}
	return "", err
}

func text(s string) personal.Text { return personal.NewText(s) }

func itoa(n int) string { return strconv.Itoa(n) }
