package main

import (
	"slices"

	"lerd/internal/web"
)

// every role may see to their own account; keepers look after those of others.
const (
	every   = "officer agency_admin reviewer counsel confirmer approver auditor registrar administrator"
	keepers = "agency_admin auditor registrar administrator"
)

func init() {
	for who, names := range map[string][]string{
		"everybody": {"session.begin", "session.passkey", "enrol.new", "enrol.begin", "enrol.create", "session.provider", "session.back", "session.by_provider"},
		every: {"step_up.begin", "account.show", "account.end_others", "account.end_one", "account.allow_passkey", "account.new_passkey", "account.begin_passkey",
			"account.add_passkey", "account.remove_passkey"},
		keepers:         {"accounts.list", "accounts.new", "accounts.invite", "accounts.show", "accounts.confirm", "accounts.cancel", "accounts.suspend", "accounts.again", "accounts.sign_out"},
		"auditor":       {"accounts.propose", "accounts.decide"},
		"administrator": {"accounts.lead", "accounts.lead_agree", "accounts.lead_decline", "accounts.lead_end"},
		"agency_admin":  {"accounts.supervise", "accounts.unsupervise"},
	} {
		for _, name := range names {
			entrance[name] = who
		}
	}
}

// looksAfter names, for each of those who look after accounts, whose of the
// house's they see; the first is the one that they are asked about.
var looksAfter = map[string][]string{"kavya.menon": {"asha.rao", "kavya.menon"}, "petra.vogel": {"jana.weber"}, "nora.berg": {"kavya.menon"}, "paul.adler": {"kavya.menon"}, "tess.boyd": {"rita.lind"},
	"ines.moreau": {"rita.lind", "ines.moreau"}}

// mine gives the id that a route is asked about by a person.
func (h *house) mine(p person, r web.Route) string {
	if kind := kindOf(r); kind != "account" {
		return h.own[kind]
	}
	if see := looksAfter[p.signIn]; len(see) > 0 {
		return h.accounts[see[0]]
	}
	return h.accounts["rita.lind"]
}

// others are the accounts that a person does not see.
func (h *house) others(p person, r web.Route) (out []string) {
	if kindOf(r) != "account" {
		return nil
	}
	for who, id := range h.accounts {
		if !slices.Contains(looksAfter[p.signIn], who) {
			out = append(out, id)
		}
	}
	return out
}
