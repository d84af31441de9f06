package legal

import (
	"slices"
	"strings"
)

// RightsForm is the form of counsel's human-rights review, from
// policies/human_rights.yaml.
type RightsForm struct {
	Version   int              `yaml:"version"`
	Questions []RightsQuestion `yaml:"questions"`
}

// RightsQuestion is one question of the form, answered yes, no or unclear.
type RightsQuestion struct {
	ID     string `yaml:"id"`
	Text   string `yaml:"text"`
	Wants  string `yaml:"wants"` // "yes" or "no": the answer with which data may leave
	Source Source `yaml:"source"`
}

// RightsReplies are the answers that a question of the form can have.
var RightsReplies = []string{"yes", "no", "unclear"}

// RightsForm gives the form of counsel's human-rights review.
func (r *Registry) RightsForm() RightsForm { return r.rights }

// Touches gives what an offence class touches by the policy, e.g. "speech", or ""
// where it is not sensitive. The class itself counts before those above it.
func (r *Registry) Touches(class string) string {
	for n := len(class); n >= 2; n-- {
		for _, c := range r.rules.Classes {
			if c.Code == class[:n] && c.Sensitive != "" {
				return c.Sensitive
			}
		}
	}
	return ""
}

// loadRights reads the form: questions with ids of their own, a source each, and
// the answer that is wanted.
func (l *loader) loadRights() {
	const file = "human_rights.yaml"
	if l.decode(file, &l.reg.rights) == nil {
		return
	}
	if l.reg.rights.Version < 1 || len(l.reg.rights.Questions) == 0 {
		l.faultf(file, "needs a version and at least one question")
	}
	var seen []string
	for _, q := range l.reg.rights.Questions {
		l.unique(file, q.ID, slices.Contains(seen, q.ID))
		seen = append(seen, q.ID)
		if strings.TrimSpace(q.Text) == "" || q.Source.Text == "" {
			l.faultf(file, "question %s: needs a text and a source", q.ID)
		}
		if q.Wants != "yes" && q.Wants != "no" {
			l.faultf(file, "question %s: wants must be yes or no", q.ID)
		}
	}
}
