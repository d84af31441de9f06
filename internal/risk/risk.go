// Package risk says of a request what is unusual about it: each factor in a
// code that has words, with the evidence on which it rests, and the level to
// which they add up. It is pure: facts in, statement out.
//
// Invariants:
//   - a statement releases nothing and refuses nothing; its level asks for more
//     checks, and the weights that lead to it are data (policies/risk.yaml);
//   - each factor counts once, however often it was seen;
//   - what is not known weighs nothing: no factor comes from a gap in the facts.
package risk

import (
	"slices"
	"strconv"
	"strings"
)

// Code names a factor; its words are the message "risk.factor.<code>".
type Code string

// Codes lists every factor that the program can see, in the order in which
// pages show them.
var Codes = []Code{"lookalike_domain", "mixed_scripts", "same_file", "same_text_other_agency", "same_number_other_target", "same_picture_other_agency", "known_forgery",
	"sensitive_target", "sensitive_offence", "fresh_agency_data", "new_domain", "unknown_domain", "new_passkey", "new_officer", "officer_velocity", "agency_velocity",
	"identifier_velocity", "gag_without_basis", "urgent_wording", "unusual_hour", "foreign_target"}

// Level is how much more has to be checked.
type Level string

// The levels.
const (
	Normal   Level = "normal"
	Elevated Level = "elevated"
	High     Level = "high"
)

// Demand is a check that a level asks for.
type Demand string

// The demands.
const (
	Echo     Demand = "echo"      // the issuer has confirmed the order
	CallBack Demand = "call_back" // the agency has confirmed the request by telephone
	Counsel  Demand = "counsel"   // counsel has looked at the statement
)

// Factor is one thing that is unusual, with what shows it. The evidence holds
// numbers, references and names of rules; names of people and their accounts
// stay out of it.
type Factor struct {
	Code     Code     `json:"code"`
	Weight   int      `json:"weight"`
	Evidence []string `json:"evidence"` // fills the words' placeholders {0}, {1}, …
}

// Statement is what follows from the facts of a request.
type Statement struct {
	Level   Level
	Score   int
	Demands []Demand
	Factors []Factor
}

// Has tells whether a factor is in the statement.
func (s Statement) Has(code Code) bool {
	return slices.ContainsFunc(s.Factors, func(f Factor) bool { return f.Code == code })
}

// Wants tells whether the statement asks for a check.
func (s Statement) Wants(d Demand) bool { return slices.Contains(s.Demands, d) }

// JoinDemands and SplitDemands keep demands in one column.
func JoinDemands(list []Demand) string {
	var out []string
	for _, d := range list {
		out = append(out, string(d))
	}
	return strings.Join(out, " ")
}

// SplitDemands undoes JoinDemands.
func SplitDemands(text string) (out []Demand) {
	for _, d := range strings.Fields(text) {
		out = append(out, Demand(d))
	}
	return out
}

// State derives the statement of a request from its facts.
func (p *Policy) State(f Facts) Statement {
	var s Statement
	for _, code := range Codes {
		rule, ok := p.rules[code]
		if !ok {
			continue
		}
		if evidence, seen := seers[code](f, rule); seen {
			s.Factors = append(s.Factors, Factor{code, rule.Weight, evidence})
			s.Score += rule.Weight
		}
	}
	s.Level = p.Levels[0].ID
	for _, l := range p.Levels {
		if s.Score >= l.From {
			s.Level, s.Demands = l.ID, l.Demands
		}
	}
	return s
}

func itoa(n int) string { return strconv.Itoa(n) }
