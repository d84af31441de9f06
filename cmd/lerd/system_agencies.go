package main

import (
	"lerd/internal/agencies"
	"lerd/internal/callback"
	"lerd/internal/jobs"
	"lerd/internal/notices"
	"lerd/internal/requests"
	"lerd/internal/web"
)

// openAgencies wires the vetting of agencies, the calls that it rests on, and the
// notices that people get.
func (s *system) openAgencies(blobs requests.Blobs) error {
	s.agencies = agencies.New(agencies.Config{Store: s.store, Offices: s.store, Motions: s.store, Access: s.rules, Repeats: s.store, Now: s.now})
	s.calls = callback.New(callback.Config{Store: s.store, Access: s.rules, Repeats: s.store, Now: s.now,
		Then:  map[callback.Kind]callback.Then{callback.Agency: s.agencies.Called},
		Where: whereCalled})
	s.statements = &agencies.Statements{Service: s.agencies, Statements: s.store, Files: blobs, Signer: jobs.StatementSigner{Keys: s.keys}, Proofs: s.store.AuditReader(),
		Log: s.cfg.LogOrigin, Product: s.cfg.Controller.Name}
	s.notices = &notices.Service{Store: s.store, Now: s.now}
	s.noticeJob = &notices.Job{Feed: s.store, Now: s.now}
	s.mailer = &notices.Mailer{Outbox: s.store, Now: s.now, Log: s.log}
	sender, err := s.cfg.Mail.sender(s.cfg.PublicOrigin, s.now)
	if sender != nil {
		s.mailer.Sender = sender
	}
	return err
}

// agencyServices gives the portal what its pages about agencies need.
func (s *system) agencyServices(to *web.Services) {
	to.Vetting, to.Calls, to.Notices, to.Forms = s.agencies, s.calls, s.notices, s.signing
	to.Office, to.Supervisors, to.Statements = s.agencies, s.agencies, s.statements
	to.Retention = s.retention
}

// whereCalled is the page of what a call was about.
func whereCalled(subject callback.Subject) string {
	if subject.Kind == callback.Request {
		return "/review/" + subject.ID
	}
	return agencies.PathOf(subject.Agency)
}
