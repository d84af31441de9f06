package legal

import (
	"reflect"
	"sync"
	"time"
)

// requestEnv is what a condition on the request sees. Names in it are the only
// names there are.
type requestEnv struct {
	Facts
	Process          processEnv        `expr:"process"`
	Given            func(string) bool `expr:"given"`             // given("order_number"): the field has an answer
	Sensitive        bool              `expr:"sensitive"`         // offence class or a target's flag calls for counsel
	IssuerAllowed    bool              `expr:"issuer_allowed"`    // the issuer's kind is one that the process allows
	ValidationNeeded bool              `expr:"validation_needed"` // by the rule that allows this kind of issuer
	ValidationGiven  bool              `expr:"validation_given"`
	CountryAllowed   bool              `expr:"country_allowed"`
	LanguageAccepted bool              `expr:"language_accepted"`
	InEmergency      bool              `expr:"in_emergency"` // claimed, or the process is for emergencies alone
	DeadlineComputed bool              `expr:"deadline_computed"`
	MissingFields    int               `expr:"missing_fields"` // required fields without an answer
	AgeDays          float64           `expr:"age_days"`       // from issue to receipt
}

// processEnv is what a condition sees of the process.
type processEnv struct {
	ID         string `expr:"id"`
	Kind       string `expr:"kind" enum:"process_kind"`
	Compulsion string `expr:"compulsion" enum:"compulsion"`
	Notice     string `expr:"notice" enum:"notice"`
	Emergency  string `expr:"emergency" enum:"emergency_use"`
	Transfer   bool   `expr:"transfer_open"`
	MaxTargets int    `expr:"max_targets"`
	MaxPeriod  int    `expr:"max_period_days"`
	MaxAge     int    `expr:"max_age_days"`
}

// targetEnv is what a condition on a target sees.
type targetEnv struct {
	requestEnv
	Target         Target  `expr:"target"`
	FindingMatches bool    `expr:"finding_matches"` // the violated rule covers the offence's class
	FindingCurrent bool    `expr:"finding_current"` // the finding has not expired at receipt
	PeriodDays     float64 `expr:"period_days"`
}

// itemEnv is what a condition on a target and category sees.
type itemEnv struct {
	targetEnv
	Category       string `expr:"category" enum:"category"`
	CategoryListed bool   `expr:"category_listed"`
	Held           string `expr:"held" enum:"tri"`
}

func emptyEnv(scope Scope) any {
	switch scope {
	case ScopeTarget:
		return targetEnv{}
	case ScopeItem:
		return itemEnv{}
	}
	return requestEnv{}
}

// enums are the values that a member of an environment can have; comparing it
// with any other is a mistake in the data.
var enums = map[string][]string{
	"tri":           {Unknown, Yes, No},
	"signature":     {SignatureNone, SignatureVerified, SignatureUnverifiable, SignatureFailed},
	"danger":        {"", "life", "serious_injury", "child_abuse", "critical_infrastructure"},
	"duplicate":     {"", "identical", "follow_up"},
	"identifier":    {"", ByPhone, ByUsername, ByUserID, ByIP, NameOnly},
	"role":          {RoleUnknown, Suspect, Victim, Witness, Third},
	"purpose":       {PurposeUnknown, PurposeIdentify, PurposeTraffic},
	"finding":       {"", "pending", "confirmed", "not_violated", "overturned", "expired"},
	"category":      {string(PhoneNumber), string(IPAddress), string(Other)},
	"process_kind":  {string(Disclosure), string(Preservation), string(Confidentiality), string(StatementKind)},
	"compulsion":    {string(Mandatory), string(Voluntary), string(CompulsionUnknown)},
	"emergency_use": {string(EmergencyNever), string(EmergencyPossible), string(EmergencyOnly)},
	"notice":        {string(NoticeForbidden), string(NoticeRequired), string(NoticeOptional), string(NoticeByOrder), string(NoticeNone)},
}

// enumsByPath gives, for each member of an environment that has one, the name of
// its enumeration, by its path in conditions ("order.signed").
var enumsByPath = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	walkEnums(reflect.TypeFor[itemEnv](), "", out)
	return out
})

func walkEnums(t reflect.Type, prefix string, out map[string]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			walkEnums(f.Type, prefix, out)
			continue
		}
		path := prefix + f.Tag.Get("expr")
		if enum := f.Tag.Get("enum"); enum != "" {
			out[path] = enum
		}
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[time.Time]() {
			walkEnums(f.Type, path+".", out)
		}
	}
}
