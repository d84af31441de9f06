package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lerd/internal/legal"
	"lerd/internal/records/sample"
	"lerd/internal/requests"
	"lerd/internal/testkit/pdfs"
)

// scripted is one case for the scripted reviewer: an officer sends what an example
// of the law describes, and the law's own file says what must come of it.
type scripted struct {
	who  string
	law  legal.Case // the example: its facts, what people answer, and what must come of it
	more extra
}

// extra is what a case is made of beside its example.
type extra string

const (
	asItIs   extra = ""
	narrower extra = "narrowed" // the reviewer gives less than the checks allow
	rights   extra = "rights"   // speech, which counsel reviews
	against  extra = "against"  // speech, and counsel's review is against it
	again    extra = "again"    // the same paper once more
	unheld   extra = "unheld"   // about a number that nobody holds
)

// sort is the kind of path that a case takes, by which its keys are told.
func (c scripted) sort() string {
	switch {
	case c.more != asItIs && c.more != unheld:
		return string(c.more)
	case c.law.Facts.Emergency.Claimed:
		return "emergency"
	case c.law.Expect.Outcome != legal.Qualified:
		return strings.ReplaceAll(string(c.law.Expect.Outcome), "_", " ")
	case slices.ContainsFunc(slices.Collect(maps.Values(c.law.Expect.Items)), func(a legal.Action) bool { return a != legal.Produce }):
		return "in part"
	case c.counsels():
		return "counsel too"
	}
	return "plain"
}

// counsels tells whether the law's file has counsel answer for the process: their
// example says that a reviewer's word on the transfer is not enough.
func (c scripted) counsels() bool {
	return slices.ContainsFunc(c.law.Answers, func(a legal.Answer) bool { return a.Role == legal.RoleCounsel })
}

// mix are the cases, by officer and process: names of examples in
// policies/processes/<process>/cases.yaml.
var mix = []struct{ who, process, examples string }{
	{"jana.weber", "EU-DSA10", "sound sound issued-by[police] issued-by[prosecutor] language[de] wrong-language[ru] not-competent[station_officer] fails-vc-02 fails-vc-13 period-too-long order-too-old a-witness sound+narrowed"},
	{"marta.gil", "EU-DSA10", "sound sound issued-by[court] language[es] fails-vc-06 fails-vc-10 sound+narrowed fails-vc-17"},
	{"jana.weber", "EU-EPOC-S", "sound issued-by[court] fails-vc-07 one-category-of-two category-not-of-this-process emergency"},
	{"luc.martin", "EU-EPOC-S", "sound sound wrong-language[zh] fails-vc-17 emergency"},
	{"luc.martin", "EU-EPOC-I", "sound issued-by[judge] not-competent[grand_jury] emergency"},
	{"marta.gil", "EU-EPOC-T", "sound sound order-too-old fails-vc-13 emergency"},
	{"jana.weber", "DE-100j", "sound by-number-without-a-need not-competent[judge] emergency"},
	{"jana.weber", "DE-100k", "sound fails-vc-02 a-witness"},
	{"jana.weber", "IN-94", "wrong-country[DE]"},
	{"luc.martin", "FR-60-1", "sound ip-one-year-by-network-to-identify ip-below-one-year ip-alone-below-one-year ip-one-year-not-only-to-identify a-witness"},
	{"luc.martin", "FR-77-1-1", "sound fails-vc-18 wrongly-validated-by[station_officer] ip-below-three-years-not-by-network"},
	{"luc.martin", "FR-99-3", "sound issued-by-police-judiciary-officer-validated-by[investigating_judge] ip-alone-below-one-year"},
	{"asha.rao", "IN-94", "sound sound+narrowed nothing-held+unheld wrong-addressee unsigned period-too-long a-role[victim] the-same-order-again+again the-same-order-again+again sensitive-and-counsel-agrees+rights sensitive-and-counsel-objects+against reviewer-needs-information fails-vc-07 secrecy-ordered-with-an-end"},
	{"asha.rao", "IN-69", "sound wrong-language[fr] order-too-old"},
	{"bia.lima", "BR-10-3", "sound collective one-category-of-two"},
	{"bia.lima", "BR-22", "sound period-too-long fails-vc-14 language[pt]"},
	{"bia.lima", "COE-7", "sound address-for-traffic"},
	{"june.hart", "US-SUBP", "sound issued-by[grand_jury] not-competent[judge] secrecy-ordered-with-an-end"},
	{"june.hart", "US-2703D", "sound sound+narrowed fails-vc-10"},
	{"june.hart", "US-WARR", "sound order-too-old fails-vc-13"},
	{"june.hart", "US-NSL", "sound category-not-of-this-process"},
}

// hundred are the cases, mixed as they would come in.
func (s *scenario) hundred() (out []scripted) {
	s.t.Helper()
	law, err := shippedExamples()
	s.must(err)
	examples := map[string]legal.Case{}
	for _, c := range law.Cases() {
		examples[string(c.Process)+"/"+c.ID] = c
	}
	queues := make([][]scripted, len(mix))
	for i, m := range mix {
		for _, name := range strings.Fields(m.examples) {
			id, more, _ := strings.Cut(name, "+")
			c, ok := examples[m.process+"/"+id]
			if !ok {
				s.t.Fatalf("the law has no example %s of %s", id, m.process)
			}
			queues[i] = append(queues[i], scripted{m.who, c, extra(more)})
		}
	}
	for left := true; left; {
		left = false
		for i, q := range queues {
			if len(q) > 0 {
				out, queues[i], left = append(out, q[0]), q[1:], true
			}
		}
	}
	return out
}

// seconds are who signs a second time for the agencies of the practice portal.
var seconds = map[string]string{"luc.martin": "eva.petit", "marta.gil": "raul.vega", "bia.lima": "caio.reis", "june.hart": "theo.banks"}

// sendsScripted submits one scripted case, about the n-th account; the id is that
// of the case which the reviewer is to decide.
func (s *scenario) sendsScripted(n int, c scripted, numbers []string) requests.ID {
	s.t.Helper()
	s.clock.Advance(40 * time.Minute)
	in := s.written(c, fmt.Sprintf("SR/%d/2026", n))
	in.Targets[0].Identifier = numbers[1+n%(len(numbers)-1)]
	if c.more == unheld {
		in.Targets[0].Identifier = numbers[0]
	}
	id := s.sendAs(c.who, in)
	if c.more == again { // the first is a colleague's
		s.must(s.cases.Claim(s.as("omar.haddad"), id))
		s.clock.Advance(time.Minute)
		id = s.sendAs(c.who, in)
	}
	return id
}

func (s *scenario) sendAs(who string, in requests.Submission) requests.ID {
	s.t.Helper()
	q, err := s.cases.Submit(s.as(who), in)
	if err != nil {
		s.t.Logf("%s under %s", who, in.Process)
	}
	s.must(err)
	if q.State == requests.AwaitingCosignature {
		second := seconds[who]
		if second == "" {
			second = cosigners[who]
		}
		s.must(s.cases.CoSign(s.as(second), q.ID))
	}
	return q.ID
}

// wordings are the orders of the agencies, each in words of its own: an order with
// another agency's text is taken for a forgery.
var wordings = map[string]string{
	"asha.rao":   "The station officer requires the production of the registered number and the login addresses of the seller of forged concert tickets",
	"jana.weber": "Beschluss in dem Ermittlungsverfahren wegen Betrugs: die Bestandsdaten und Zugangskennungen des Anschlusses sind herauszugeben",
	"luc.martin": "Requisition aux fins de communication des donnees techniques relatives au compte ayant servi a commettre une escroquerie",
	"marta.gil":  "Orden de entrega de los datos del titular de la cuenta desde la que se ofrecieron viviendas inexistentes en alquiler",
	"bia.lima":   "Oficio: solicita-se o fornecimento dos registros de acesso da conta utilizada para fraude contra consumidores",
	"june.hart":  "You are commanded to produce subscriber and session records for the listed account in the matter of wire fraud",
}

// scriptedOrder is the PDF of a scripted case.
func scriptedOrder(who, number string, t requests.TargetInput) []byte {
	period := t.From[:len(time.DateOnly)] + " / " + t.To[:len(time.DateOnly)]
	return pdfs.NewWith("BT /F1 12 Tf 40 700 Td (" + number + ": " + wordings[who] + ") Tj 0 -20 Td (" + period + ") Tj ET").Bytes()
}

// written puts an example's facts into the form that its officer would send: what
// the example tells of days is counted from today.
func (s *scenario) written(c scripted, number string) requests.Submission {
	s.t.Helper()
	f, now := c.law.Facts, s.clock.Now()
	in := s.submission("", number)
	s.aboutAccount(&in.Targets[0], f.Targets[0], now.Sub(f.ReceivedAt))
	doc, err := s.cases.Upload(s.as(c.who), "order.pdf", "application/pdf", bytes.NewReader(scriptedOrder(c.who, number, in.Targets[0])))
	s.must(err)
	in.Document = doc.ID
	in.Process, in.IssuerKind, in.ValidatorKind, in.OrderLanguage = string(c.law.Process), string(f.Issuer.Kind), string(f.Validator.Kind), f.Order.Language
	in.IssuedOn, in.OrderSigned = now.AddDate(0, 0, -days(f.Order.IssuedAt, f.ReceivedAt)).Format(time.DateOnly), f.Order.Signed == legal.Yes
	in.OffenceProvision, in.OffenceClass = f.Offence.Provision, f.Offence.Class
	in.MaxPenaltyYears, in.ByNetwork = fmt.Sprint(f.Offence.MaxPenaltyYears), f.Offence.CommittedByNetwork == legal.Yes
	in.Attested = attested(f)
	in.Confidential = f.Secrecy.Ordered == legal.Yes
	if in.Confidential {
		in.ConfidentialBasis, in.ConfidentialUntil = "Section 12", now.AddDate(0, 0, days(f.ReceivedAt, f.Secrecy.Until)).Format(time.DateOnly)
	}
	in.Further = map[string]string{}
	maps.Copy(in.Further, f.Extra)
	if in.Emergency = f.Emergency.Claimed; in.Emergency {
		in.EmergencyWhy, in.Further["danger"] = "A child is missing since this morning.", f.Emergency.Danger
	}
	if c.more == rights || c.more == against { // speech is known by its class alone when an officer asks
		in.OffenceClass, in.OffenceText = "0210", "Words against a group"
	}
	return in
}

// days counts the dates between two moments, in UTC.
func days(from, to time.Time) int {
	return int(to.UTC().Truncate(24*time.Hour).Sub(from.UTC().Truncate(24*time.Hour)) / (24 * time.Hour))
}

// attested are the officer's statements on what the order says.
func attested(f legal.Facts) map[string]string {
	out := map[string]string{}
	for name, said := range map[string]string{"order.addressee_right": string(f.Order.AddresseeRight), "need.stated": string(f.Need.Stated), "need.facts_shown": string(f.Need.FactsShown),
		"need.proportionality": string(f.Need.Proportionality), "need.individualised": string(f.Need.Individualised), "offence.sole_purpose_identify": string(f.Offence.SolePurposeIdentify),
		"emergency.imminent": string(f.Emergency.Imminent), "emergency.why_not_ordinary": string(f.Emergency.WhyNotOrdinary), "emergency.data_averts": string(f.Emergency.DataAverts)} {
		if said != "" {
			out[name] = said
		}
	}
	return out
}

// aboutAccount asks about an account as the example does, later than it.
func (s *scenario) aboutAccount(t *requests.TargetInput, f legal.Target, later time.Duration) {
	at := func(x time.Time) string { return x.Add(later).UTC().Format("2006-01-02T15:04") }
	t.From, t.To, t.HolderAt, t.Zone = at(f.Start), at(f.End), at(f.End), "UTC"
	t.PersonRole, t.Purpose = f.Role, f.Purpose
	t.WantPhone, t.WantIP = slices.Contains(f.Categories, "phone_number"), slices.Contains(f.Categories, "ip_address")
}

// longHeld are the numbers that one account each has held for more than the longest
// period that is asked about, after one that nobody holds.
func (s *scenario) longHeld() []string {
	return append([]string{sample.UnknownPhone}, s.column(`SELECT phone FROM sample.phone GROUP BY phone
		HAVING count(*) = 1 AND bool_and(valid_to IS NULL) AND max(valid_from) < '`+storyNow.AddDate(-1, -2, 0).Format(time.DateOnly)+`' ORDER BY 1`)...)
}
