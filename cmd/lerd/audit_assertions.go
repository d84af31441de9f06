package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/passkey"
)

// auditAssertionsCmd verifies what people signed with their passkeys.
type auditAssertionsCmd struct {
	auditSource
	Origin []string `required:"" help:"The portal's public origin, and those that it had before."`
}

// Run verifies every kept assertion with the public key on file.
func (c auditAssertionsCmd) Run() error { return c.run(context.Background(), os.Stdout) }

func (c auditAssertionsCmd) run(ctx context.Context, out io.Writer) error {
	verifiers, err := c.verifiers()
	if err != nil {
		return err
	}
	db, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	good, bad := 0, 0
	err = db.Assertions(identity.With(ctx, identity.SystemActor()), func(a identity.Assertion, k identity.Passkey) error {
		var wrong error
		for _, v := range verifiers {
			if wrong = v.Verify(a, k); wrong == nil {
				good++
				return nil
			}
		}
		bad++
		fmt.Fprintln(out, fault.Message(wrong))
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d assertions are signed by their passkeys, %d are not.\n", good, bad)
	if bad > 0 {
		return fault.New(fault.Invalid, "%d assertions do not verify.", bad)
	}
	return nil
}

// verifiers gives one for each host at which people signed.
func (c auditAssertionsCmd) verifiers() (out []passkey.Verifier, err error) {
	for _, origin := range c.Origin {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" {
			return nil, fault.New(fault.Invalid, "%q is no origin; give https://host.", origin)
		}
		out = append(out, passkey.Verifier{RPID: u.Hostname(), Origins: []string{origin}})
	}
	return out, nil
}
