package web

import (
	"context"
	"io"
	"time"

	"lerd/internal/agencies"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/notices"
	"lerd/internal/requests"
	"lerd/internal/requests/orderdoc"
	"lerd/internal/violations"
)

// Services are the steps that pages take. A page whose service is nil is not
// there; *requests.Service fulfils Cases, Drafts, Drafting, Cosigning and Delivery, and
// *violations.Service fulfils Findings.
type Services struct {
	Fraud     Fraud // needs Cases and Calls
	Retention Retention
	Law       *legal.Registry // as lerd was started with
	LawPages
	Cases      Cases
	Drafts     Drafts
	Drafting   Drafting
	Delivery   Delivery
	Asking     Asking     // nil: no page says by when to answer
	Receipts   Receipts   // nil: no receipts
	Reports    Reports    // nil: no public reports
	Publishing Publishing // nil: nobody publishes any
	// Cosigning is nil where no agency signs twice.
	Cosigning   Cosigning
	Agencies    Agencies
	Findings    Findings
	Trail       Trail
	Proofs      Proofs
	Review      Review
	Bench       Bench // nil: the workbench shows the case alone
	Releases    Releases
	Related     Related
	Vetting     Vetting
	Forms       DeliveryForms // needs Vetting; nil: the form of delivery is not asked for
	Calls       Calls
	Notices     Notices
	Office      Office
	Supervisors Supervisors // who signs for colleagues, and what waits for a second registrar
	Statements  Statements
	Papers      Papers // nil: what was found in documents is not shown
	Sheets      Sheets // nil where no program to draw PDF pages is installed
	Answers     Answers
	Recalls     Recalls
	Reissues    Reissues
	Changes     Changes
	Uploads     Uploads
	Extensions  Extensions
	Results     Results
	Follows     Follows
	Choices     Choices
	Appeals     Appeals
	Gags        Gags
	// FindingImports brings findings; nil: they are asked for by cases alone.
	FindingImports FindingImports
	// UserNotices shows users what they are told; nil: there is no such page.
	UserNotices UserNotices
	Oversight   Oversight // needs Trail
}

// Answers is what an agency says to a recall.
type Answers interface {
	AcknowledgeRecall(ctx context.Context, id requests.ID) error
	ConfirmDeletion(ctx context.Context, id requests.ID, holders string, sure bool) error
}

// Recalls is the work on bundles that should not have left as they did.
type Recalls interface {
	ProposeRecall(ctx context.Context, id requests.ID, reason, why string) error
	ConfirmRecall(ctx context.Context, id requests.ID, why string) error
	RejectRecall(ctx context.Context, id requests.ID, why string) error
	Correct(ctx context.Context, id requests.ID, why string) error
	RecallRegister(ctx context.Context, states ...string) ([]requests.RecallSummary, error)
}

// Changes is what an agency changes about a case of its own, and what both sides
// write about it.
type Changes interface {
	Amendment(c requests.Case, in []requests.NarrowInput) ([]requests.AmendmentItem, error)
	NarrowOwn(ctx context.Context, id requests.ID, in []requests.NarrowInput, why string) error
	TakeOver(ctx context.Context, id requests.ID, why string) error
	Write(ctx context.Context, id requests.ID, body string, docs []requests.DocumentID) error
	OpenAttachment(ctx context.Context, id requests.ID, doc requests.DocumentID) (requests.Document, io.ReadCloser, error)
}

// Uploads examines documents and keeps them.
type Uploads interface {
	Upload(ctx context.Context, fileName, declaredType string, r io.Reader) (requests.Document, error)
}

// Results gives agencies their signed answers.
type Results interface {
	ResultFile(ctx context.Context, id requests.ID) (requests.SignedResult, error)
}

// Extensions keep preserved data longer.
type Extensions interface {
	Extend(ctx context.Context, id requests.ID, why string) error
}

// Follows begins drafts that go on from cases of the own agency.
type Follows interface {
	FollowDraft(ctx context.Context, id requests.ID) (requests.Draft, error)
}

// Reissues lets an agency fetch a bundle anew.
type Reissues interface {
	Reissue(ctx context.Context, id requests.ID, reason, why string) error
}

// Appeals takes the words of trust and safety on appeals of account holders.
type Appeals interface {
	Standing(ctx context.Context, account int64) ([]violations.Finding, error)
	Appeal(ctx context.Context, id string, word violations.AppealWord, why string) error
}

// Cases shows cases to whoever may see them; every look is recorded.
type Cases interface {
	List(ctx context.Context, f requests.Filter) ([]requests.Summary, error)
	View(ctx context.Context, id requests.ID) (requests.Case, error)
	OpenDocument(ctx context.Context, id requests.ID) (requests.Document, io.ReadCloser, error)
}

// Drafts are requests that are being written, shared in a unit.
type Drafts interface {
	NewDraft(ctx context.Context) (requests.Draft, error)
	ListDrafts(ctx context.Context, limit, skip int) (requests.DraftPage, error)
	OpenDraft(ctx context.Context, id requests.DraftID) (requests.Draft, error)
	TakeOverDraft(ctx context.Context, id requests.DraftID) error
	DropDraft(ctx context.Context, id requests.DraftID) error
}

// Drafting writes on a draft and submits it. Every fault of form is told at once.
type Drafting interface {
	SaveDraft(ctx context.Context, id requests.DraftID, edit requests.DraftEdit) (requests.Draft, error)
	KeepOrder(ctx context.Context, id requests.DraftID, fileName, declaredType string, r io.Reader) (requests.Draft, error)
	ImportTargets(ctx context.Context, id requests.DraftID, in requests.TargetImport) (requests.Draft, error)
	CheckDraft(ctx context.Context, d requests.Draft) (requests.DraftCheck, error)
	SubmitDraft(ctx context.Context, id requests.DraftID) (requests.Request, error)
}

// Receipts show that a request was submitted.
type Receipts interface {
	Receipt(ctx context.Context, id requests.ID) (requests.SubmissionReceipt, error)
}

// Cosigning is the second signature, and the ways back into the draft.
type Cosigning interface {
	CoSign(ctx context.Context, id requests.ID) error
	SendBack(ctx context.Context, id requests.ID, why string) error
	TakeBack(ctx context.Context, id requests.ID) error
}

// Delivery is what an agency does with a case of its own afterwards.
type Delivery interface {
	Reply(ctx context.Context, id requests.ID, body string) error
	Withdraw(ctx context.Context, id requests.ID, why string) error
	Download(ctx context.Context, id requests.ID) (bundle io.ReadCloser, name string, err error)
	Acknowledge(ctx context.Context, id requests.ID) error
	Prove(ctx context.Context, id requests.ID) (requests.ReleaseProof, error)
}

// Agencies knows the agencies on file.
type Agencies interface {
	AgencyByID(ctx context.Context, id identity.AgencyID) (identity.Agency, error)
}

// Findings is the work of trust and safety, which never learns who asked.
type Findings interface {
	List(ctx context.Context) ([]violations.Finding, error)
	View(ctx context.Context, id string) (violations.Sheet, error)
	Confirm(ctx context.Context, id string, in violations.Input) error
}

// Review is the work of reviewer and counsel on a case.
type Review interface {
	Desk
	Conclusions
	Conflicts
}

// Desk is the work on a case that a reviewer holds.
type Desk interface {
	Claim(ctx context.Context, id requests.ID) error
	Unclaim(ctx context.Context, id requests.ID, why string) error
	AnswerChecks(ctx context.Context, id requests.ID, in []requests.CheckInput) error
	Decide(ctx context.Context, id requests.ID, in []requests.DecisionInput) error
	Ask(ctx context.Context, id requests.ID, body string) error
}

// Conclusions are what follows from the checks of a case.
type Conclusions interface {
	Verdict(ctx context.Context, c requests.Case) (legal.Verdict, error)
	Statement(c requests.Case, v legal.Verdict) string
	Qualify(ctx context.Context, id requests.ID, alleged []requests.Allegation) error
	Refuse(ctx context.Context, id requests.ID, extra []string, why string) error
}

// Conflicts is counsel's part where a demand may bind and a gate stays shut.
type Conflicts interface {
	SendToCounsel(ctx context.Context, id requests.ID, why string) error
	SettleConflict(ctx context.Context, id requests.ID, why string) error
	Reopen(ctx context.Context, id requests.ID, why string) error
}

// Releases is the second person's part.
type Releases interface {
	ViewRelease(ctx context.Context, id requests.ID, first, most int) (requests.Case, requests.Sheet, error)
	Approve(ctx context.Context, id requests.ID, digest string) error
	Return(ctx context.Context, id requests.ID, why string) error
}

// Related knows what lies beside a case.
type Related interface {
	// Pseudonyms gives the names under which people appear; who is not on file
	// is left out.
	Pseudonyms(ctx context.Context, ids []identity.PersonID) (map[identity.PersonID]string, error)
	// Twins gives other cases on the same paper.
	Twins(ctx context.Context, q requests.Request, sha256 string) ([]requests.ID, error)
}

// Vetting is the registrars' work; *agencies.Service fulfils it.
type Vetting interface {
	List(ctx context.Context, limit, skip int) ([]agencies.Summary, error)
	View(ctx context.Context, id identity.AgencyID) (agencies.Dossier, error)
	Propose(ctx context.Context, in agencies.Proposal) (identity.AgencyID, error)
	VettingRounds
	Entries
}

// Notices are what people are told of; *notices.Service fulfils it.
type Notices interface {
	List(ctx context.Context, limit int) ([]notices.Notice, error)
	Unread(ctx context.Context) (int, error)
	Read(ctx context.Context, upTo time.Time) error
	Address(ctx context.Context) (string, error)
	SetAddress(ctx context.Context, typed string) error
}

// VettingRounds are the steps of a round of vetting.
type VettingRounds interface {
	Activate(ctx context.Context, id identity.AgencyID) error
	Abandon(ctx context.Context, id identity.AgencyID, reason string) error
	Renew(ctx context.Context, id identity.AgencyID, in agencies.SourceInput) error
	Suspend(ctx context.Context, id identity.AgencyID, reason string) error
}

// Entries are the steps by which what is on file changes.
type Entries interface {
	ProposeDetail(ctx context.Context, id identity.AgencyID, in agencies.DetailInput) error
	ApproveDetail(ctx context.Context, id identity.AgencyID, detail agencies.DetailID) error
	DeclineDetail(ctx context.Context, id identity.AgencyID, detail agencies.DetailID) error
	RetireDetail(ctx context.Context, id identity.AgencyID, detail agencies.DetailID) error
}

// Sheets draws pages of accepted documents; *orderdoc.Renderer fulfils it.
type Sheets interface {
	Page(ctx context.Context, pdf []byte, page int) (orderdoc.Picture, error)
}

// check refuses a part of the services that cannot work without another.
func (s Services) check() error {
	switch {
	case s.Law == nil && (s.Cases != nil || s.Findings != nil):
		return fault.New(fault.Invalid, "web: cases and findings need Services.Law")
	case (s.Drafts != nil || s.Delivery != nil) && (s.Cases == nil || s.Drafts == nil || s.Drafting == nil || s.Delivery == nil || s.Agencies == nil):
		return fault.New(fault.Invalid, "web: an agency's pages need Cases, Drafts, Drafting, Delivery and Agencies together")
	case s.Vetting != nil && (s.Calls == nil || s.Related == nil):
		return fault.New(fault.Invalid, "web: the registrars' pages need Calls and Related")
	case (s.Review != nil || s.Releases != nil) && (s.Cases == nil || s.Related == nil || s.Law == nil):
		return fault.New(fault.Invalid, "web: the pages of reviewer and approver need Law, Cases and Related")
	}
	return nil
}
