package risk

// Facts is what is known of a request when its statement is made. A negative or
// absent number says nothing, as does an empty list.
type Facts struct {
	OfficerDays     *int     `yaml:"officer_days"`     // since the officer's account was made
	OfficerRequests *int     `yaml:"officer_requests"` // that the officer made before
	PasskeyDays     *int     `yaml:"passkey_days"`     // since the passkey was made with which this was signed
	PasskeyChanged  bool     `yaml:"passkey_changed"`  // the officer had another one before
	DomainDays      *int     `yaml:"domain_days"`      // since the agency's domain came into force, where it had another one before
	Lookalikes      []string `yaml:"lookalikes"`       // names in the order or its contacts that would be taken for one on file
	Mixed           []string `yaml:"mixed"`            // names that mix scripts
	UnknownDomains  []string `yaml:"unknown_domains"`  // names in the order that are on no file
	Twins           []Twin   `yaml:"twins"`

	Hour        int     `yaml:"hour"`         // of the submission, in the agency's zone
	HourHistory int     `yaml:"hour_history"` // submissions of the agency that are compared
	HourShare   float64 `yaml:"hour_share"`   // of them within an hour of this one

	OfficerHour        int `yaml:"officer_hour"` // requests of the officer in the hour before, this one counted
	OfficerDay         int `yaml:"officer_day"`
	AgencyHour         int `yaml:"agency_hour"`
	AgencyUsual        int `yaml:"agency_usual"` // the agency's busiest hour of the 90 days before
	IdentifierAgencies int `yaml:"identifier_agencies"`

	Sensitive   []string `yaml:"sensitive"` // kinds of marks that targets bear
	Offence     string   `yaml:"offence"`   // class, UNODC ICCS
	Changed     []string `yaml:"changed"`   // kinds of the agency's data that were changed
	ChangedDays *int     `yaml:"changed_days"`
	Foreign     bool     `yaml:"foreign"` // a target's number is of another country than the agency

	Gag           bool   `yaml:"gag"`       // the person is not to be told
	GagBasis      bool   `yaml:"gag_basis"` // and a provision with an end is named
	UrgentWord    string `yaml:"urgent_word"`
	DeadlineHours *int   `yaml:"deadline_hours"` // that the order or the emergency leaves
}

// Twin is another request whose paper this one's is like.
type Twin struct {
	Kind Code   `yaml:"kind"` // same_file, same_text_other_agency, same_number_other_target, same_picture_other_agency, known_forgery
	Ref  string `yaml:"ref"`  // the other request's reference, or the beginning of the register's id
	Like int    `yaml:"like"` // in percent, how much; 0: not measured
}
