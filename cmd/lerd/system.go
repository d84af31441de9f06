package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"lerd/internal/access"
	"lerd/internal/agencies"
	"lerd/internal/audit"
	"lerd/internal/callback"
	"lerd/internal/export"
	"lerd/internal/fraud"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/identity/passkey"
	"lerd/internal/identity/provider"
	"lerd/internal/identity/signin"
	"lerd/internal/jobs"
	"lerd/internal/keys"
	"lerd/internal/legal"
	"lerd/internal/notices"
	"lerd/internal/oversight"
	"lerd/internal/papers"
	"lerd/internal/processes"
	"lerd/internal/requests"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/retention"
	"lerd/internal/store"
	"lerd/internal/transparency/publishing"
	"lerd/internal/usernotice"
	"lerd/internal/vault"
	"lerd/internal/violations"
	"lerd/internal/web"
	"lerd/internal/web/wire"
	"lerd/policies"
)

// system is lerd, wired: everything that serve and demo run, in sight.
type system struct {
	cfg        config
	log        *slog.Logger
	store      *store.Store
	source     accountData
	rules      *access.Authorizer
	law        *legal.Registry
	people     *signin.Service
	passkeys   *passkey.Service
	accounts   *accounts.Service
	cases      *requests.Service
	findings   *violations.Service
	agencies   *agencies.Service
	calls      *callback.Service
	fraud      *fraud.Service
	reader     *orderdoc.Reader // of orders' texts and pages; nil: no renderer is installed
	papers     *papers.Service
	oversight  *oversight.Service
	consoleOf  console
	notices    *notices.Service
	statements *agencies.Statements
	reports    *publishing.Service
	noticeJob  *notices.Job
	retention  *retention.Service
	telling    *usernotice.Service
	mailer     *notices.Mailer
	now        func() time.Time
	book       *processes.Book
	processes  *processes.Service
	signing    *keys.Service
	sequencer  *jobs.Sequencer
	caseJob    *jobs.Cases
	keys       jobs.Keys
	logVKey    string
	reportVKey string     // that of the public reports
	fileStore  *web.Check // nil: the data folder
	web        *web.Server
}

// build wires lerd over a migrated database. now is the clock of everything.
func build(ctx context.Context, cfg config, log *slog.Logger, now func() time.Time) (*system, error) {
	s, err := buildCore(ctx, cfg, log, now)
	if err != nil {
		return nil, err
	}
	if err := s.openWeb(now); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// buildCore wires everything but the portal.
func buildCore(ctx context.Context, cfg config, log *slog.Logger, now func() time.Time) (_ *system, err error) {
	s := &system{cfg: cfg, log: log, now: now}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if s.rules, err = access.Load(policies.FS); err != nil {
		return nil, err
	}
	if s.law, err = legal.Load(policies.FS); err != nil {
		return nil, err
	}
	if s.store, err = store.Open(ctx, store.Config{URL: cfg.DatabaseURL, Now: now}); err != nil {
		return nil, err
	}
	if s.source, err = openRecords(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.openLog(log, now); err != nil {
		return nil, err
	}
	if s.keys, err = loadKeys(cfg, now); err != nil {
		return nil, err
	}
	blobs, reach, err := cfg.openBlobs(ctx)
	if err != nil {
		return nil, err
	}
	s.fileStore = reach
	drafts, err := vault.Open(cfg.path("keys", "drafts.key"), rand.Reader)
	if err != nil {
		return nil, err
	}
	source := guarded(cfg, s.source, s.store, now)
	if err := s.openPeople(now); err != nil {
		return nil, err
	}
	if err := s.openUserNotices(); err != nil {
		return nil, err
	}
	s.book = &processes.Book{Shipped: s.law, Store: s.store}
	s.cases = requests.New(requests.Config{Store: s.store, Agencies: s.store, Releases: s.store, Cosignatures: s.store, Motions: s.store, Drafts: s.store, Housekeeping: s.store, Vault: drafts, TrailStore: s.store, After: s.store, Snapshots: s.store, Silences: s.store, Bench: s.store, GrantLife: time.Duration(cfg.GrantDays) * 24 * time.Hour, Examination: time.Duration(cfg.ExaminationHours) * time.Hour, RecheckEvery: cfg.recheck, Proofs: s.store.AuditReader(), Access: s.rules, Law: s.law, Laws: s.book, Weigh: s.store, Watch: s.store, Source: source, Blobs: blobs, Repeats: s.store, Telling: s.telling, Now: now})
	s.telling.Laws = s.book
	s.processes = openProcesses(s.store, s.rules, s.book, s.cases, now)
	s.cases.Brought = s.store
	s.findings = violations.New(violations.Config{Store: s.store, Imports: s.store, Access: s.rules, Law: s.law, Source: source, Repeats: s.store, Now: now})
	if err := s.openAgencies(blobs); err != nil {
		return nil, err
	}
	s.reports = publishing.New(publishing.Config{Store: s.store, Blobs: blobs, Access: s.rules, Now: now})
	s.signing = &keys.Service{Store: s.store, Access: s.rules, Now: now}
	if err := s.openFraud(blobs); err != nil {
		return nil, err
	}
	if err := s.openConsole(); err != nil {
		return nil, err
	}
	if err := s.openRetention(blobs); err != nil {
		return nil, err
	}
	if err := s.openPapers(blobs); err != nil {
		return nil, err
	}
	exporter, err := s.exporter(ctx, blobs, now)
	if err != nil {
		return nil, err
	}
	if err := exporter.Tidy(ctx); err != nil {
		return nil, err
	}
	s.cases.Lookup = s.store
	s.caseJob = &jobs.Cases{Elect: func(ctx context.Context) (func(), bool, error) { return s.store.Elect(ctx, "cases") }, Steps: s.cases, Timely: s.timely(now), Export: exporter, Copies: exporter, Log: log}
	return s, nil
}

// timely is what time makes happen to cases that were answered: their results are
// signed, grants end, agencies are reminded, recalls are proposed.
func (s *system) timely(now func() time.Time) func(context.Context) (int, error) {
	clocks := &everySoOften{now: now, run: s.cases.WatchClocks}
	deadlines := &everySoOften{now: now, run: s.cases.Deadlines}
	results := &jobs.Results{Steps: s.cases, Keys: func() jobs.Keys { return s.keys }, Now: now}
	return func(ctx context.Context) (int, error) {
		n, err := s.cases.Timely(ctx)
		tidied, tidyErr := s.findings.Tidy(ctx)
		n, err = n+tidied, errors.Join(err, tidyErr)
		signed, signErr := results.RunOnce(ctx)
		ticked, tickErr := clocks.RunOnce(ctx)
		late, lateErr := deadlines.RunOnce(ctx)
		return n + signed + ticked + late, errors.Join(err, signErr, tickErr, lateErr)
	}
}

// openPeople wires sign-in, passkeys and accounts for the public origin. An
// evaluation at a bare address has no passkeys: browsers give them to names only.
func (s *system) openPeople(now func() time.Time) (err error) {
	if s.cfg.development && !named(s.cfg.PublicOrigin) {
		s.passkeys, s.accounts, s.people = nil, nil, signin.New(signin.Config{Store: s.store, Directory: s.store, Now: now, Development: true})
		return nil
	}
	if s.passkeys, err = passkey.New(passkey.Config{Store: s.store, Now: now, Origin: s.cfg.PublicOrigin, Name: s.cfg.Product}); err != nil {
		return err
	}
	s.people = signin.New(signin.Config{Store: s.store, Directory: s.store, Passkeys: s.passkeys, Now: now, Development: s.cfg.development})
	s.accounts = accounts.New(accounts.Config{Store: s.store, Passkeys: s.passkeys, Assertions: s.store, Providers: s.store, Access: s.rules, Repeats: s.store, Now: now})
	return nil
}

// passkeySignIn is what the sign-in page needs of passkeys and of sessions.
type passkeySignIn struct {
	*passkey.Service
	people *signin.Service
}

// SignInByPasskey begins a session.
func (p passkeySignIn) SignInByPasskey(ctx context.Context, browser, id string, answer []byte, agent string) (string, identity.Actor, error) {
	return p.people.SignInByPasskey(ctx, browser, id, answer, agent)
}

// companySignIn is what the sign-in page needs of the company's provider.
type companySignIn struct {
	provider *provider.Service
	people   *signin.Service
}

// BeginProvider gives the provider's address.
func (c companySignIn) BeginProvider(ctx context.Context, browser string) (string, error) {
	return c.provider.Begin(ctx, browser)
}

// SignInByProvider begins a session for whom the provider names.
func (c companySignIn) SignInByProvider(ctx context.Context, browser string, a provider.Answer, agent string) (string, identity.Actor, error) {
	who, err := c.provider.Finish(ctx, browser, a)
	if err != nil {
		return "", identity.Actor{}, err
	}
	return c.people.SignInByProvider(ctx, who, agent)
}

// company wires the company's provider, or gives nil where none is configured.
func (s *system) company(now func() time.Time) web.ProviderSignIn {
	o := s.cfg.OIDC
	if o.Issuer == "" {
		return nil
	}
	return companySignIn{provider.New(provider.Config{Store: s.store, Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: o.ClientSecret,
		Redirect: s.cfg.PublicOrigin + "/sign-in/provider/back", Now: now}), s.people}
}

// openLog reads the audit log's keys and wires its sequencer.
func (s *system) openLog(log *slog.Logger, now func() time.Time) error {
	from := auditSource{Dir: s.cfg.Dir}
	signer, err := ensureLogKey(s.cfg.Dir, s.cfg.LogOrigin)
	if err != nil {
		return err
	}
	vkey, err := os.ReadFile(s.cfg.path("keys", "log.vkey"))
	if err != nil {
		return err
	}
	s.logVKey = firstLine(string(vkey))
	if s.reportVKey, err = reportVKey(s.cfg.Dir, s.cfg.LogOrigin); err != nil {
		return err
	}
	if s.sequencer, err = newSequencer(from, s.store, signer, log); err != nil {
		return err
	}
	return s.cfg.lookOutside(s.sequencer, now, log)
}

// proofs gives the export what it needs of the log.
type proofs struct {
	*jobs.Sequencer
	store.AuditReader
}

// Proof is the reader's; both have one.
func (p proofs) Proof(ctx context.Context, id audit.EventID) ([]byte, error) {
	return p.AuditReader.Proof(ctx, id)
}

func (s *system) exporter(ctx context.Context, blobs requests.Blobs, now func() time.Time) (*jobs.Exporter, error) {
	about, err := s.source.System(ctx)
	if err != nil {
		return nil, err
	}
	c := s.cfg.Controller
	return &jobs.Exporter{
		Steps: s.cases, Copies: s.cases, Proofs: proofs{s.sequencer, s.store.AuditReader()}, Keys: s.keys, Blobs: blobs, Hold: s.sequencer.Hold, Forms: s.signing.DeliveryForm, Usable: s.signing.Usable, LogKey: s.logVKey, Origin: s.cfg.LogOrigin,
		Maker: &export.Maker{Dir: s.cfg.path("bundles"), Now: now, Rand: rand.Reader, Version: buildVersion(), Canaries: s.cfg.Records.Canaries},
		Profile: jobs.Profile{
			Controller:  export.Controller{Name: c.Name, Address: c.Address, Contact: c.Contact},
			Certifier:   export.Certificate{Employer: c.Name, System: systemDescription},
			System:      about,
			PublishedAt: s.cfg.PublicOrigin + "/.well-known/lerd/",
			Process:     certificatesOf(s.book),
			Refusal: func(code string) (text, cure string) {
				if r := s.law.Refusal(legal.RefusalCode(code)); r != nil {
					return r.Text, r.Cure
				}
				return "", ""
			},
		},
	}, nil
}

// systemDescription says in the certificate how the records arise.
var systemDescription = []string{
	"The records are made by the platform's own servers in the ordinary course of its business, at the time of the event that they describe: when an account is registered, signed in to or out of, or when a phone number is verified.",
	"They are read through documented, read-only views by a program that can disclose phone numbers and IP addresses only; each row that leaves was frozen, shown to a second person and committed to in an append-only log before this copy was signed.",
}

func (s *system) openWeb(now func() time.Time) (err error) {
	cfg := s.webConfig(now)
	if cfg.Machines, err = s.openMachines(); err != nil {
		return err
	}
	if err := os.MkdirAll(cfg.TempDir, 0o700); err != nil {
		return err
	}
	s.web, err = web.New(cfg)
	return err
}

// webConfig is all that the portal needs of the rest.
func (s *system) webConfig(now func() time.Time) web.Config {
	reader := s.store.AuditReader()
	cfg := web.Config{
		Log: s.log, Now: now, Sessions: s.people, Authorizer: s.rules, PublicOrigin: s.cfg.PublicOrigin, Development: s.cfg.development,
		LogTiles: web.LogHandler(reader), Published: s.publisher(now), LogKey: s.logVKey, Product: s.cfg.Product, TempDir: s.cfg.path("tmp"),
		Ready: []web.Check{
			{Name: "database", Ping: s.store.Ready},
			{Name: "account data", Ping: s.source.Ping},
		},
	}
	if s.fileStore != nil {
		cfg.Ready = append(cfg.Ready, *s.fileStore)
	}
	if s.passkeys != nil {
		cfg.StepUps = s.passkeys
		cfg.People = web.People{SignIn: passkeySignIn{s.passkeys, s.people}, Provider: s.company(now), Sessions: s.people, Passkeys: s.accounts, Enrolment: s.accounts, Accounts: s.accounts, Steps: s.accounts, Auditors: s.accounts, Leads: s.accounts}
	}
	if s.cfg.development {
		cfg.DevSignIn = devSignIn{s.people, s.store}
	}
	cfg.PracticeAt, cfg.Security = s.cfg.PracticeAt, web.SecurityContact{Contact: s.cfg.Security.Contact, Policy: s.cfg.Security.Policy}
	if s.cfg.practice != nil {
		cfg.Practice, cfg.DevSignIn = s.practiceWeb(), practiceSignIn{devSignIn{s.people, s.store}}
	}
	cfg.Services = web.Services{Law: s.law, Cases: s.cases, Drafts: s.cases, Drafting: s.cases, Delivery: s.cases, Asking: s.cases, Cosigning: s.cases, Receipts: s.cases, Agencies: s.store, Findings: s.findings, Trail: s.cases, Proofs: reader,
		Review: s.cases, Releases: s.cases, Answers: s.cases, Recalls: s.cases, Reissues: s.cases, Changes: s.cases, Extensions: s.cases, Follows: s.cases, Choices: s.cases, Results: s.cases, Uploads: s.cases, Appeals: s.findings, Related: s.store}
	cfg.Services.Fraud, cfg.Services.Papers = s.fraudPages(), s.papers
	cfg.Services.FindingImports = s.findings
	cfg.Services.Gags, cfg.Services.UserNotices, cfg.Complaints = s.telling, s.telling, s.cfg.Controller.Contact
	cfg.Services.LawPages = web.LawPages{Laws: s.book, Processes: s.processes, Replays: s.cases, Objections: s.cases}
	if s.cases.Rights != nil {
		cfg.Services.Rights = s.cases
	}
	cfg.Services.Reports, cfg.Services.Publishing = s.reports, s.reports
	if s.cfg.practice == nil {
		cfg.Services.Oversight = s.oversight
	}
	s.agencyServices(&cfg.Services)
	cfg.Services.Bench = s.cases
	if r, err := s.cfg.renderer(); err == nil {
		cfg.Services.Sheets = r // without one the workbench says what to install
	}
	return cfg
}

// devSignIn lets the demo's people in without a passkey.
type devSignIn struct {
	people *signin.Service
	store  *store.Store
}

// Users lists everybody with the agency's name.
func (d devSignIn) Users(ctx context.Context) ([]web.DevUser, error) {
	people, err := d.people.People(ctx)
	if err != nil {
		return nil, err
	}
	var out []web.DevUser
	for _, p := range people {
		u := web.DevUser{SignIn: p.SignIn, Name: p.Name.Reveal(), Role: p.Role}
		if p.Agency != "" {
			a, err := d.store.AgencyByID(identity.With(ctx, identity.SystemActor()), p.Agency)
			if err != nil {
				return nil, err
			}
			u.Agency = a.Name
		}
		out = append(out, u)
	}
	return out, nil
}

// SignIn begins a session; a repeated form begins another, which harms nobody.
func (d devSignIn) SignIn(ctx context.Context, name, _ string) (string, error) {
	token, _, err := d.people.SignInForDevelopment(ctx, name)
	return token, err
}

// publish puts on record what lerd works with: the rules, and its keys.
func (s *system) publish(ctx context.Context) error {
	if err := s.recordSettings(ctx); err != nil {
		return err
	}
	if err := s.publishRules(ctx); err != nil {
		return err
	}
	if err := s.retention.Publish(ctx); err != nil {
		return err
	}
	return s.publishKeys(ctx)
}

// publishRules puts the links from platform rules to offences, as the policy
// files state them, into the database, where the gates of a release look for
// them. Links that are there stay.
func (s *system) publishRules(ctx context.Context) error {
	return s.cases.PublishRules(identity.With(ctx, identity.SystemActor()))
}

// run serves on a listener and does what time makes happen, until ctx ends.
func (s *system) run(ctx context.Context, l net.Listener) error {
	u, err := url.Parse(s.cfg.PublicOrigin)
	if err != nil {
		return err
	}
	opts := wire.Options{Hosts: []string{u.Host}, AnyHostPaths: []string{"/healthz", "/readyz"}, Log: s.log}
	server := wire.Server(s.web, opts)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := server.Serve(wire.Guard(l, opts)); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
		defer cancel()
		return server.Shutdown(end)
	})
	for _, j := range s.allJobs() {
		g.Go(func() error { return s.every(ctx, j) })
	}
	return g.Wait()
}

func (s *system) close() {
	if s.source != nil {
		s.source.Close()
	}
	if s.store != nil {
		s.store.Close()
	}
}

func firstLine(text string) string {
	for i, r := range text {
		if r == '\n' {
			return text[:i]
		}
	}
	return text
}
