package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/url"
	"strconv"

	"lerd/internal/change"
	"lerd/internal/requests"
)

// Once gives the context in which the step of a form is taken: under the form's
// key, with a digest of what the form says. A second click, or a form sent again
// after a lost answer, is then the same step.
func (c *Ctx) Once() context.Context {
	actor, _ := c.Actor()
	return change.WithKey(c.sawVersion(), change.Key{Person: actor.Person, Key: c.key, Body: c.bodyDigest(), At: c.Now()})
}

// seenField names the version of the case that a form's page showed.
const seenField = "seen"

// sawVersion is the request's context, with the version of the case on which the
// form was filled in.
func (c *Ctx) sawVersion() context.Context {
	if n, err := strconv.ParseInt(c.typed(seenField), 10, 64); err == nil && n > 0 {
		return requests.WithSeen(c.Ctx(), n)
	}
	return c.Ctx()
}

// bodyDigest is the SHA-256 of the address and of the decoded form without its
// key, in the order of the fields' names. What a passkey answered is left out: to
// confirm a form once more says nothing else.
func (c *Ctx) bodyDigest() [sha256.Size]byte {
	said := url.Values{}
	for name, list := range c.values {
		if name != keyField && name != stepUpID && name != stepUpAnswer {
			said[name] = list
		}
	}
	h := sha256.New()
	for _, part := range []string{c.Request().Method, c.Request().URL.Path, said.Encode()} {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	for _, u := range c.uploads {
		_, _ = io.WriteString(h, u.Field+"\x00"+u.SHA256+"\x00")
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Done leads the reader on after a step: to path, or to where the same form led
// the first time. flash is the notice's message key.
func (c *Ctx) Done(err error, path, flash string) error {
	var used *change.Used
	switch {
	case errors.As(err, &used):
		return c.SeeOther(used.Outcome, flash)
	case err != nil:
		return err
	}
	return c.SeeOther(path, flash)
}
