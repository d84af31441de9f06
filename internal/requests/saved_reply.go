package requests

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/personal"
)

// SavedReply is one version of a text for a question that comes again and again,
// in one language. [[what is missing]] stands where something has to be filled in.
type SavedReply struct {
	ID        string
	Name      string // e.g. "missing"; the same in every language
	Language  string // ISO 639-1
	Version   int    // from 1; the last one counts
	Title     string
	Body      string
	Withdrawn bool // not offered any more
	By        identity.PersonID
	At        time.Time
	EventID   audit.EventID
}

// ReplyLanguages are those in which agencies are written to.
var ReplyLanguages = []string{"ar", "de", "en", "es", "fr", "hi", "pt"}

// placeholder is what has to be filled in before a text is sent: [[…]], a half of
// it that was left over, or ###.
var placeholder = regexp.MustCompile(`###|\[\[[^\]]*\]\]|\[\[|\]\]`)

// whole is a placeholder as it is written.
var whole = regexp.MustCompile(`\[\[[^\[\]]+\]\]`)

// Unfilled gives the placeholders that are still open in a text.
func Unfilled(text string) []string { return placeholder.FindAllString(text, -1) }

// filled refuses a text that an agency will read while something in it is open.
func (r *reader) filled(field string, text personal.Text) {
	if open := Unfilled(text.Reveal()); len(open) > 0 {
		r.fail(field, "Something is still open: "+strings.Join(open, ", ")+". Fill it in before you send.")
	}
}

// SavedReplyInput is a text as it was typed.
type SavedReplyInput struct {
	Name, Language, Title, Body string
	Withdrawn                   bool
}

var savedName = regexp.MustCompile(`^[a-z][a-z0-9_]{1,39}$`)

// SavedReplies gives the last versions of the texts that lead reviewers wrote.
func (s *Service) SavedReplies(ctx context.Context) (list []SavedReply, err error) {
	defer fault.Wrap(&err, "requests.SavedReplies")
	if _, _, err := s.may(ctx, "list", "saved_reply", ""); err != nil {
		return nil, err
	}
	return s.Bench.SavedReplies(ctx)
}

// SaveReply writes the next version of a text. Only a lead reviewer does.
func (s *Service) SaveReply(ctx context.Context, in SavedReplyInput) (err error) {
	defer fault.Wrap(&err, "requests.SaveReply")
	actor, rule, err := s.may(ctx, "write", "saved_reply", "")
	if err != nil {
		return err
	}
	if !actor.Supervisor {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	if s.Repeats != nil {
		if err := s.Repeats.Repeated(ctx, change.KeyFrom(ctx, "")); err != nil {
			return err
		}
	}
	var r reader
	if !savedName.MatchString(in.Name) {
		r.fail("name", "Give a short name of small letters, for example missing_number.")
	}
	if !slices.Contains(ReplyLanguages, in.Language) {
		r.fail("language", "Choose the language of the text.")
	}
	title, body := r.text("title", in.Title, "Give the text a title."), r.text("body", in.Body, "Write the text.")
	if open := whole.ReplaceAllString(body.Reveal(), ""); strings.Contains(open, "[[") || strings.Contains(open, "]]") {
		r.fail("body", "A placeholder begins with [[ and ends with ]].")
	}
	if err := fault.Fields(r.problems); err != nil {
		return err
	}
	list, err := s.Bench.SavedReplies(ctx)
	if err != nil {
		return err
	}
	text := SavedReply{ID: newID[string](), Name: in.Name, Language: in.Language, Version: 1, Title: title.Reveal(), Body: body.Reveal(), Withdrawn: in.Withdrawn, By: actor.Person, At: s.now()}
	// What somebody typed as a name is in neither the stream's name nor a fact, for both
	// are public: each version is a stream, and follows from the version before.
	e := change.Event(ctx, text.At, "saved_reply.written", "saved_reply:"+text.ID, 1)
	for _, was := range list {
		if was.Name == text.Name && was.Language == text.Language {
			text.Version, e.Causes = was.Version+1, []audit.EventID{was.EventID}
		}
	}
	e.Facts["language"], e.Facts["version"], e.Facts["rule"] = text.Language, itoa(text.Version), rule
	e.Values = append(e.Values, value("name", text.Name))
	part := change.Part{Event: e, Insert: []any{&text}}
	return s.Store.Commit(ctx, change.Set{Parts: []change.Part{part}, Key: change.KeyFrom(ctx, "/review/replies")})
}
