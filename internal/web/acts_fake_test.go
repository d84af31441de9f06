package web

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/records"
	"lerd/internal/requests"
	"lerd/internal/violations"
)

// theLaw is the product's own policy, read once for all tests.
var theLaw = sync.OnceValues(func() (*legal.Registry, error) { return legal.Load(os.DirFS("../../policies")) })

// Ids of the fakes.
const (
	caseID    = "11111111-1111-4111-8111-111111111111"
	otherCase = "22222222-2222-4222-8222-222222222222" // of another agency
	draftID   = "44444444-4444-4444-8444-444444444444"
	docID     = "33333333-3333-4333-8333-333333333333"
	findingID = "44444444-4444-4444-8444-444444444444"
)

// deskFake is the services of an agency's desk: one case, one document, and a
// memory of the keys that were used.
type deskFake struct {
	cs        requests.Case
	list      []requests.Summary
	filters   []requests.Filter
	doc       requests.Document
	docBytes  string
	uploadErr error
	draft     requests.Draft
	check     requests.DraftCheck
	said      []string // replies and reasons
	sayErr    error
	bundle    io.ReadCloser
	bundleErr error
	keys      map[string]usedKey
	acks      int
}

type usedKey struct {
	body    [32]byte
	outcome string
}

// once does what the store does with a form's key.
func (d *deskFake) once(ctx context.Context, outcome string) error {
	k := change.KeyFrom(ctx, outcome)
	if k == nil {
		return errors.New("the step was taken without its key")
	}
	if old, ok := d.keys[k.Key]; ok {
		if old.body != k.Body {
			return fault.New(fault.Conflict, "This form was sent before with other answers.")
		}
		return &change.Used{Outcome: old.outcome}
	}
	d.keys[k.Key] = usedKey{k.Body, outcome}
	return nil
}

func (d *deskFake) find(ctx context.Context, id requests.ID) error {
	actor, _ := identity.From(ctx)
	if id != d.cs.Request.ID || actor.Agency != d.cs.Request.Agency {
		return fault.New(fault.NotFound, "no case %s for %s", id, actor.Agency)
	}
	return nil
}

func (d *deskFake) List(_ context.Context, f requests.Filter) ([]requests.Summary, error) {
	d.filters = append(d.filters, f)
	var out []requests.Summary
	for _, s := range d.list {
		for _, want := range f.States {
			if s.State == want {
				out = append(out, s)
			}
		}
		if f.States == nil {
			out = append(out, s)
		}
	}
	out = out[min(f.Skip, len(out)):]
	return out[:min(f.Max(), len(out))], nil
}

func (d *deskFake) View(ctx context.Context, id requests.ID) (requests.Case, error) {
	return d.cs, d.find(ctx, id)
}

func (d *deskFake) OpenDocument(ctx context.Context, id requests.ID) (requests.Document, io.ReadCloser, error) {
	return d.doc, io.NopCloser(strings.NewReader(d.docBytes)), d.find(ctx, id)
}

func (d *deskFake) NewDraft(ctx context.Context) (requests.Draft, error) {
	d.draft = requests.Draft{ID: draftID, Agency: "a1", Owner: "p1", State: requests.DraftOpen, ChangedAt: testDay, ExpiresAt: testDay.AddDate(0, 0, 30)}
	return d.draft, d.once(ctx, requests.PathOfDraft(draftID))
}

func (d *deskFake) ListDrafts(context.Context, int, int) (page requests.DraftPage, err error) {
	if d.draft.ID != "" {
		page = requests.DraftPage{List: []requests.Draft{d.draft}, Own: 1, OfUnit: 1, Seen: 1}
	}
	return page, nil
}

func (d *deskFake) OpenDraft(_ context.Context, id requests.DraftID) (requests.Draft, error) {
	if id != d.draft.ID || d.draft.ID == "" {
		return requests.Draft{}, fault.New(fault.NotFound, "There is nothing here.")
	}
	return d.draft, nil
}

func (d *deskFake) TakeOverDraft(ctx context.Context, id requests.DraftID) error {
	_, err := d.OpenDraft(ctx, id)
	return err
}

func (d *deskFake) DropDraft(ctx context.Context, id requests.DraftID) error {
	_, err := d.OpenDraft(ctx, id)
	return err
}

func (d *deskFake) SaveDraft(ctx context.Context, id requests.DraftID, edit requests.DraftEdit) (requests.Draft, error) {
	now, err := d.OpenDraft(ctx, id)
	if err != nil {
		return now, err
	}
	c := &d.draft.Content
	if c.Revisions == nil {
		c.Revisions, c.SavedBy = map[requests.DraftStep]int{}, map[requests.DraftStep]requests.DraftNote{}
	}
	if c.Revisions[edit.Step] != edit.Revision {
		return d.draft, fault.New(fault.Conflict, "Somebody else has saved.")
	}
	edit.Apply(c)
	c.Revisions[edit.Step]++
	c.SavedBy[edit.Step] = requests.DraftNote{By: "Bo Lind", At: testDay}
	return d.draft, nil
}

func (d *deskFake) KeepOrder(ctx context.Context, id requests.DraftID, name, _ string, r io.Reader) (requests.Draft, error) {
	b, err := io.ReadAll(r)
	if err != nil || d.uploadErr != nil {
		return d.draft, errors.Join(err, d.uploadErr)
	}
	d.draft.Content.Order = &requests.DraftOrder{Name: name, SHA256: strings.Repeat("ab", 32), Bytes: int64(len(b)), Pages: 3, At: testDay}
	return d.draft, nil
}

func (d *deskFake) ImportTargets(ctx context.Context, id requests.DraftID, in requests.TargetImport) (requests.Draft, error) {
	return d.SaveDraft(ctx, id, requests.DraftEdit{Step: requests.StepTargets, Revision: in.Revision, Apply: func(c *requests.DraftContent) {}})
}

func (d *deskFake) CheckDraft(_ context.Context, draft requests.Draft) (requests.DraftCheck, error) {
	out := d.check
	out.Agency, out.Document, out.Request = d.cs.Agency, d.doc, d.cs.Request
	return out, nil
}

func (d *deskFake) SubmitDraft(ctx context.Context, id requests.DraftID) (requests.Request, error) {
	q := d.cs.Request
	return q, d.once(ctx, requests.PathOf(q.ID))
}

func (d *deskFake) say(ctx context.Context, id requests.ID, text string) error {
	if err := d.find(ctx, id); err != nil || d.sayErr != nil {
		return errors.Join(err, d.sayErr)
	}
	if err := d.once(ctx, requests.PathOf(id)); err != nil {
		return err
	}
	d.said = append(d.said, text)
	return nil
}

func (d *deskFake) Reply(ctx context.Context, id requests.ID, body string) error {
	return d.say(ctx, id, body)
}

func (d *deskFake) Withdraw(ctx context.Context, id requests.ID, why string) error {
	return d.say(ctx, id, why)
}

func (d *deskFake) Download(ctx context.Context, id requests.ID) (io.ReadCloser, string, error) {
	return d.bundle, "EXP-2026-\"é\r\nX.zip.p7m", errors.Join(d.find(ctx, id), d.bundleErr)
}

func (d *deskFake) Prove(ctx context.Context, id requests.ID) (requests.ReleaseProof, error) {
	if err := d.find(ctx, id); err != nil {
		return requests.ReleaseProof{}, err
	}
	return requests.ReleaseProof{Ref: "EXP-2026-0000000001", Entry: []byte("{}"), Proof: []byte("c2sp.org/tlog-proof@v1\n")}, nil
}

func (d *deskFake) Acknowledge(ctx context.Context, id requests.ID) error {
	if err := d.find(ctx, id); err != nil {
		return err
	}
	d.acks++
	return d.once(ctx, requests.PathOf(id))
}

func (d *deskFake) AgencyByID(_ context.Context, id identity.AgencyID) (identity.Agency, error) {
	if id != d.cs.Agency.ID {
		return identity.Agency{}, fault.New(fault.NotFound, "There is nothing here.")
	}
	return d.cs.Agency, nil
}

// findingsFake is one finding.
type findingsFake struct {
	sheet violations.Sheet
	given []violations.Input
	err   error
	desk  *deskFake // for its keys
}

func (f *findingsFake) List(context.Context) ([]violations.Finding, error) {
	return []violations.Finding{f.sheet.Finding}, nil
}

func (f *findingsFake) View(_ context.Context, id string) (violations.Sheet, error) {
	if id != f.sheet.Finding.ID {
		return violations.Sheet{}, fault.New(fault.NotFound, "no finding %s", id)
	}
	return f.sheet, nil
}

func (f *findingsFake) Confirm(ctx context.Context, id string, in violations.Input) error {
	if id != f.sheet.Finding.ID {
		return fault.New(fault.NotFound, "no finding %s", id)
	}
	if f.err != nil {
		return f.err
	}
	if err := f.desk.once(ctx, "/findings"); err != nil {
		return err
	}
	f.given = append(f.given, in)
	return nil
}

// actSite is a portal with an officer's and a confirmer's pages over fakes.
func actSite(t *testing.T) (*site, *deskFake, *findingsFake) {
	t.Helper()
	law, err := theLaw()
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk()
	f := &findingsFake{sheet: aSheet(), desk: d}
	st := newSite(t, func(c *Config) {
		c.Services = Services{Law: law, Cases: d, Drafts: d, Drafting: d, Delivery: d, Agencies: d, Findings: f}
		c.Development, c.DevSignIn = true, devFake{}
	})
	officer := st.sessions.actors["tok-officer"]
	officer.Method = identity.ByDevelopment // agrees to steps without a passkey
	st.sessions.actors["tok-officer"] = officer
	st.sessions.actors["tok-confirmer"] = identity.Actor{Person: "p3", Name: personal.NewText("Mei Lin"), Role: identity.Confirmer, Session: "s3", Method: identity.ByDevelopment}
	return st, d, f
}

var testDay = time.Date(2026, 11, 2, 14, 5, 0, 0, time.UTC)

func newDesk() *deskFake {
	d := &deskFake{keys: map[string]usedKey{}, doc: requests.Document{ID: docID, Agency: "a1", SHA256: strings.Repeat("ab", 32), Pages: 3, At: testDay}}
	d.cs = requests.Case{
		Agency:   identity.Agency{ID: "a1", Name: "Kripo Musterstadt", Country: "DE", Zone: "Europe/Berlin"},
		Document: d.doc,
		Request: requests.Request{
			ID: caseID, Ref: "LR-2026-7KQM-4D2X", Agency: "a1", State: requests.InReview, Process: requests.ProcessPin{ID: "EU-EPOC-S", Version: 1},
			ReceivedAt: testDay, EffectBy: testDay.AddDate(0, 0, 10), DueExplained: "Ten days from receipt.",
			Order:    requests.Order{Number: "12 Gs 345/26", IssuerKind: "judge", IssuerName: "Amtsgericht Musterstadt", IssuedOn: testDay, Language: "de"},
			Offence:  requests.Offence{Class: "0701", Provision: "§ 263 StGB", MaxPenaltyMonths: 60},
			Attested: map[string]string{"need.stated": "yes"},
			Targets: []requests.Target{{ID: "t-1", Ordinal: 1, Kind: string(records.ByPhone), Identifier: personal.NewText("+447700900123"), PersonRole: legal.Suspect, Purpose: legal.PurposeIdentify,
				From: testDay.AddDate(0, -1, 0), To: testDay, WantPhone: true, WantIP: true}},
		},
	}
	return d
}

func aSheet() violations.Sheet {
	return violations.Sheet{
		Finding: violations.Finding{ID: findingID, AccountID: 10000001, Rule: "PR-05", RuleVersion: 1, State: violations.Proposed, OpenedAt: testDay,
			Evidence: personal.NewText("MOD-48213"), Confirmations: []violations.Confirmation{{Person: "p9", Verdict: violations.Yes, Evidence: personal.NewText("MOD-48213"), Note: personal.NewText("plainly a scam")}}},
		Account: records.Summary{Account: 10000001, Username: personal.NewText("harbour_lights"), CreatedAt: testDay.AddDate(-2, 0, 0), Status: records.Banned},
		Rule:    legal.Rule{ID: "PR-05", Version: 1, Title: "Fraud and scams", Text: "Do not deceive people to obtain money."},
	}
}

// sizedBundle is a bundle on disk, as the store gives it.
type sizedBundle struct {
	io.Reader
	size int64
}

func (b sizedBundle) Close() error               { return nil }
func (b sizedBundle) Stat() (fs.FileInfo, error) { return sizedInfo{b.size}, nil }
func (i sizedInfo) Size() int64                  { return i.size }
func (sizedInfo) Name() string                   { return "x" }
func (sizedInfo) Mode() fs.FileMode              { return 0 }
func (sizedInfo) ModTime() (t time.Time)         { return }
func (sizedInfo) IsDir() bool                    { return false }
func (sizedInfo) Sys() any                       { return nil }

type sizedInfo struct{ size int64 }

// post sends a form as the officer.
func (st *site) post(path string, form url.Values) *httptest.ResponseRecorder {
	return st.do(call{method: "POST", path: path, token: "tok-officer", form: form})
}

var valueOf = func(name string) *regexp.Regexp {
	return regexp.MustCompile(`name="` + regexp.QuoteMeta(name) + `" value="([^"]*)"`)
}
