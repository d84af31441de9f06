package web

import (
	"strings"

	"lerd/internal/audit"
	"lerd/internal/oversight"
	"lerd/internal/requests"
)

// learnNames looks up, once for a page, under which names people know what events are
// about, by their streams, and what their facts name by ids. Auditors alone see such pages.
func (c *Ctx) learnNames(streams []string, facts ...map[string]string) (err error) {
	if c.srv.cfg.Services.Oversight == nil {
		return nil
	}
	var ids []string
	for _, s := range streams {
		ids = append(ids, idOf(s))
	}
	for _, f := range facts {
		for _, value := range f {
			if len(value) == lengthOfUUID {
				ids = append(ids, value)
			}
		}
	}
	c.names, err = c.srv.cfg.Services.Oversight.Names(c.Ctx(), ids)
	return err
}

// lengthOfUUID is how long an id is.
const lengthOfUUID = 36

func (c *Ctx) learnNamesOfTrail(events []requests.TrailEvent) error {
	var facts []map[string]string
	for _, ev := range events {
		facts = append(facts, ev.Record.AllFacts())
	}
	return c.learnNames(nil, facts...)
}

func (c *Ctx) learnNamesOfHits(hits []oversight.Hit) error {
	var streams []string
	var facts []map[string]string
	for _, h := range hits {
		streams, facts = append(streams, h.Stream), append(facts, h.Facts)
	}
	return c.learnNames(streams, facts...)
}

func (c *Ctx) learnNamesOf(r audit.Record) error {
	return c.learnNames([]string{r.Stream}, r.AllFacts())
}

// idOf gives the id in the name of a stream, e.g. of person:<id>.
func idOf(stream string) string {
	_, id, _ := strings.Cut(stream, ":")
	id, _, _ = strings.Cut(id, ":")
	return id
}

// subject names what a stream of events is about, where it has a name.
func (c *Ctx) subject(stream string) string { return c.names[idOf(stream)] }
