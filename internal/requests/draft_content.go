package requests

import (
	"strings"
	"time"

	"lerd/internal/legal"
)

// DraftStep is a page of the form.
type DraftStep string

// The steps, in their order.
const (
	StepKind    DraftStep = "kind"
	StepOrder   DraftStep = "order"
	StepTargets DraftStep = "targets"
	StepNeed    DraftStep = "need"
	StepCheck   DraftStep = "check"
	StepSign    DraftStep = "sign"
)

// DraftSteps lists them.
var DraftSteps = []DraftStep{StepKind, StepOrder, StepTargets, StepNeed, StepCheck, StepSign}

// DraftContent is what is in a draft, all of it as it was typed.
type DraftContent struct {
	Fields    map[string]string       `json:"fields,omitempty"`  // by the form's names, e.g. "order_number"
	Further   map[string]string       `json:"further,omitempty"` // by the law's field ids
	Targets   []TargetInput           `json:"targets,omitempty"`
	Rejected  []RejectedTarget        `json:"rejected,omitempty"` // rows of a list that could not be taken
	Dropped   int                     `json:"dropped,omitempty"`  // rows of a list that are not even kept to be mended
	Import    *ImportReport           `json:"import,omitempty"`   // what became of the last list
	Order     *DraftOrder             `json:"order,omitempty"`
	Returned  *DraftNote              `json:"returned,omitempty"`  // why a supervisor sent it back
	Follows   *Following              `json:"follows,omitempty"`   // the case that it goes on from
	Revisions map[DraftStep]int       `json:"revisions,omitempty"` // how often each step was saved
	SavedBy   map[DraftStep]DraftNote `json:"saved_by,omitempty"`
}

// DraftNote is who said or saved something, and when.
type DraftNote struct {
	By   string
	Text string
	At   time.Time
}

// DraftOrder is the order's file of a draft.
type DraftOrder struct {
	Name   string // the sender's, cleaned
	SHA256 string
	Bytes  int64
	Pages  int
	At     time.Time
	Blob   string
}

// RejectedTarget is a row of a pasted or imported list that could not be taken.
type RejectedTarget struct {
	Line  int // in the list, from 1
	Input TargetInput
	Why   []string // what would make it right
}

// Wants of the first step.
const (
	WantData      = "now"       // data are to be handed over
	WantKept      = "keep"      // data are to be kept until an order comes
	WantEmergency = "emergency" // somebody is in danger
)

// yesNoFields are questions of the form to which nothing is no answer.
var yesNoFields = []string{"order_signed", "by_network", "confidential"}

// attestFields are the form's names of the statements about the order.
func attestFields(emergency bool) []string {
	fields := Attestable()
	if emergency {
		fields = append(fields, "emergency.imminent", "emergency.why_not_ordinary", "emergency.data_averts")
	}
	return fields
}

// formName is how the form calls one of the law's facts.
func formName(fact string) string { return strings.ReplaceAll(fact, ".", "_") }

// Emergency tells whether the draft claims one.
func (c DraftContent) Emergency() bool { return c.Fields["want"] == WantEmergency }

// Submission gives the draft to be read.
func (c DraftContent) Submission() Submission {
	f := c.Fields
	in := Submission{
		Process: f["process"], IssuerKind: f["issuer_kind"], IssuerName: f["issuer_name"], ValidatorKind: f["validator_kind"],
		OrderNumber: f["order_number"], IssuedOn: f["issued_on"], ExpiresOn: f["expires_on"], ReturnOn: f["return_on"], OrderLanguage: f["order_language"],
		OrderSigned: f["order_signed"] == legal.Yes, LegalBasis: f["legal_basis"], Addressee: f["addressee"],
		OffenceClass: f["offence_class"], OffenceProvision: f["offence_provision"], OffenceText: f["offence_text"],
		MaxPenaltyYears: f["max_penalty_years"], ByNetwork: f["by_network"] == legal.Yes, Need: f["need"],
		Confidential: f["confidential"] == legal.Yes, ConfidentialUntil: f["confidential_until"], ConfidentialBasis: f["confidential_basis"],
		Emergency: c.Emergency(), EmergencyWhy: f["emergency_why"], Attested: map[string]string{}, Further: c.Further, Targets: c.Targets,
		KeptUnder: f["kept_under"], Follows: c.Follows,
	}
	for _, fact := range attestFields(in.Emergency) {
		in.Attested[fact] = f[formName(fact)]
	}
	return in
}
