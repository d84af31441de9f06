package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/identity/passkey"
)

// staffCmd brings in the first people, before there is anybody who could. It works
// on the server alone, for whoever may read its configuration.
type staffCmd struct {
	Invite  staffInviteCmd  `cmd:"" help:"Invite somebody of the platform's own; prints the code once."`
	Confirm staffConfirmCmd `cmd:"" help:"Open the account of one of the first two administrators or auditors, by the fingerprint that they read out."`
	List    staffListCmd    `cmd:"" help:"List the platform's own people and how their access stands."`
	Link    staffLinkCmd    `cmd:"" help:"Let somebody sign in by the company's OpenID provider too."`
}

// staffSource says which lerd is meant.
type staffSource struct{ keysSource }

// people connects as the application and wires the accounts.
func (s staffSource) people(ctx context.Context) (_ *accounts.Service, _ config, done func(), err error) {
	db, rules, cfg, done, err := s.ruled(ctx)
	if err != nil {
		return nil, cfg, nil, err
	}
	if cfg.PublicOrigin == "" {
		done()
		return nil, cfg, nil, fault.New(fault.Invalid, "Say with --config, or with LERD_PUBLIC_ORIGIN, at which address the portal is reached: people type their codes there.")
	}
	pass, err := passkey.New(passkey.Config{Store: db, Now: time.Now, Origin: cfg.PublicOrigin, Name: cfg.Product})
	if err != nil {
		done()
		return nil, cfg, nil, err
	}
	return accounts.New(accounts.Config{Store: db, Passkeys: pass, Assertions: db, Providers: db, Access: rules, Repeats: db, Now: time.Now}), cfg, done, nil
}

type staffInviteCmd struct {
	staffSource
	Role string `required:"" help:"administrator, auditor, registrar, reviewer, counsel, confirmer or approver."`
	Name string `required:"" help:"The person's name."`
}

// Run prints the code, which is kept nowhere.
func (c staffInviteCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c staffInviteCmd) run(ctx context.Context, out io.Writer) error {
	s, cfg, done, err := c.people(ctx)
	if err != nil {
		return err
	}
	defer done()
	code, inv, err := s.InviteFromServer(ctx, accounts.Invite{Name: c.Name, Role: identity.Role(c.Role)})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Code for %s, shown here only, until %s:\n\n    %s\n\nThe person types it at %s/enrol and reads a fingerprint to you.\n", c.Name, inv.ExpiresAt.Format("2006-01-02 15:04 UTC"), code, cfg.PublicOrigin)
	if inv.Role == identity.Administrator || inv.Role == identity.Auditor {
		fmt.Fprintf(out, "Then: lerd staff confirm --person %s --fingerprint …\n", inv.Person)
	} else {
		fmt.Fprintf(out, "Then an administrator types it in the portal, at %s%s\n", cfg.PublicOrigin, accounts.PathOf(inv.Person))
	}
	return nil
}

type staffConfirmCmd struct {
	staffSource
	Person      string `required:"" help:"The person's id, as the invitation printed it."`
	Fingerprint string `required:"" help:"As the person reads it out, e.g. 1a2b3-c4d5e-6f708."`
}

// Run opens the account.
func (c staffConfirmCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c staffConfirmCmd) run(ctx context.Context, out io.Writer) error {
	s, _, done, err := c.people(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := s.ConfirmFromServer(ctx, identity.PersonID(c.Person), c.Fingerprint); err != nil {
		return err
	}
	fmt.Fprintln(out, "The account is open.")
	return nil
}

type staffListCmd struct{ staffSource }

// Run prints a table.
func (c staffListCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c staffListCmd) run(ctx context.Context, out io.Writer) error {
	s, _, done, err := c.people(ctx)
	if err != nil {
		return err
	}
	defer done()
	list, err := s.Staff(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PERSON\tROLE\tNAME\tOPEN\tPASSKEYS\tINVITATION\t")
	for _, a := range list {
		invitation := ""
		if a.Invitation != nil {
			invitation = string(a.Invitation.State)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%t\t%d\t%s\t\n", a.Person.ID, a.Person.Role, a.Person.Name.Reveal(), a.Person.Active, a.Passkeys, invitation)
	}
	return w.Flush()
}

type staffLinkCmd struct {
	staffSource
	Person  string `required:"" help:"The person's id."`
	Subject string `required:"" help:"The provider's own, unchanging name for the person (the claim sub)."`
	Remove  bool   `help:"Take the link away instead."`
}

// Run links the person to their account at the configured provider.
func (c staffLinkCmd) Run(ctx context.Context) error { return c.run(ctx, os.Stdout) }

func (c staffLinkCmd) run(ctx context.Context, out io.Writer) error {
	s, cfg, done, err := c.people(ctx)
	if err != nil {
		return err
	}
	defer done()
	if cfg.OIDC.Issuer == "" {
		return fault.New(fault.Invalid, "No provider is configured; docs/operations.md says how.")
	}
	if c.Remove {
		err = s.UnlinkFromServer(ctx, identity.PersonID(c.Person), cfg.OIDC.Issuer, c.Subject)
	} else {
		err = s.LinkFromServer(ctx, identity.PersonID(c.Person), cfg.OIDC.Issuer, c.Subject)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "Done.")
	return nil
}
