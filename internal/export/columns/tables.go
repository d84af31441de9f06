package columns

// What an empty cell says.
const (
	notRecorded = "not recorded by the source"
	notEnded    = "had not ended when the record was retrieved, or the end lies outside the approved period"
	notCounted  = "not known to the source"
)

// PhoneNumbers is data/records/phone_numbers.csv.
var PhoneNumbers = Table{Name: "phone_numbers", Columns: []Column{
	{Name: "record_id", Kind: ID, Required: true, Meaning: "id of the record inside this copy of the bundle; it ends in the mark of the copy"},
	{Name: "request_ref", Kind: ID, Required: true, Meaning: "reference of the request that is answered"},
	{Name: "subject_ref", Kind: ID, Required: true, Meaning: "which subject of the request"},
	{Name: "account_id", Kind: ID, Required: true, Meaning: "the platform's id of the account; never given to another account"},
	{Name: "phone_e164", Kind: Phone, Required: true, Meaning: "the number in E.164 form with its plus sign"},
	{Name: "verification_status", Kind: Enum, Words: Statuses, Meaning: "whether the holder proved to receive messages at the number", Empty: notRecorded},
	{Name: "verified_at_utc", Kind: Time, Meaning: "when that was proved", Empty: "not recorded by the source, or outside the approved period"},
	{Name: "valid_from_utc", Kind: Time, Meaning: "first moment at which the account had the number", Empty: notRecorded},
	{Name: "valid_to_utc", Kind: Time, Meaning: "first moment at which it no longer had it", Empty: "the account still had the number when the record was retrieved"},
	{Name: "is_current", Kind: Bool, Meaning: "whether the account had the number when the record was retrieved", Empty: notCounted},
	{Name: "country_calling_code", Kind: Code, Meaning: "the number's country calling code", Empty: "the numbering plan has no country code with which the number begins"},
	{Name: "source_system", Kind: ID, Required: true, Meaning: "system from which the record comes"},
	{Name: "source_record_id", Kind: ID, Required: true, Meaning: "id of the record in that system"},
	{Name: "retrieved_at_utc", Kind: Time, Required: true, Meaning: "when the record was read"},
}}

// IPAddresses is data/records/ip_addresses.csv.
// SPEC: RFC 6302 (port and time to the second are needed behind carrier NAT).
var IPAddresses = Table{Name: "ip_addresses", Columns: []Column{
	{Name: "record_id", Kind: ID, Required: true, Meaning: "id of the record inside this copy of the bundle; it ends in the mark of the copy"},
	{Name: "request_ref", Kind: ID, Required: true, Meaning: "reference of the request that is answered"},
	{Name: "subject_ref", Kind: ID, Required: true, Meaning: "which subject of the request"},
	{Name: "account_id", Kind: ID, Required: true, Meaning: "the platform's id of the account; never given to another account"},
	{Name: "event_type", Kind: Enum, Required: true, Words: EventTypes, Meaning: "what happened"},
	{Name: "event_time_utc", Kind: Time, Required: true, Meaning: "when it happened, with the digits that the source records"},
	{Name: "ip_version", Kind: Version, Required: true, Meaning: "version of the address"},
	{Name: "ip_address", Kind: Addr, Required: true, Meaning: "the user's public address; IPv6 as RFC 5952 writes it"},
	{Name: "source_port", Kind: Port, Meaning: "the user's port; tells apart who shares an address", Empty: notRecorded},
	{Name: "destination_ip", Kind: Addr, Meaning: "the platform's address", Empty: notRecorded},
	{Name: "destination_port", Kind: Port, Meaning: "the platform's port", Empty: notRecorded},
	{Name: "transport", Kind: Enum, Words: Transports, Meaning: "transport protocol", Empty: notRecorded},
	{Name: "session_id", Kind: ID, Meaning: "the platform's id of the session; equal in events of one session", Empty: notRecorded},
	{Name: "session_type", Kind: Enum, Words: SessionTypes, Meaning: "kind of program", Empty: notRecorded},
	{Name: "first_seen_utc", Kind: Time, Meaning: "first activity of the session from this address", Empty: "not recorded by the source, or outside the approved period"},
	{Name: "last_seen_utc", Kind: Time, Meaning: "last activity of the session from this address", Empty: "not recorded by the source, or outside the approved period"},
	{Name: "session_end_utc", Kind: Time, Meaning: "end of the session", Empty: notEnded},
	{Name: "is_shared_or_proxied", Kind: Bool, Meaning: "whether the address is known to be shared or a proxy", Empty: notCounted},
	{Name: "source_system", Kind: ID, Required: true, Meaning: "system from which the record comes"},
	{Name: "source_record_id", Kind: ID, Required: true, Meaning: "id of the record in that system"},
	{Name: "retrieved_at_utc", Kind: Time, Required: true, Meaning: "when the record was read"},
}}

// Outcomes is data/records/outcomes.csv: what became of each category of each
// subject. Its rows are those of export.json.
var Outcomes = Table{Name: "outcomes", Columns: []Column{
	{Name: "request_ref", Kind: ID, Required: true, Meaning: "reference of the request that is answered"},
	{Name: "subject_ref", Kind: ID, Required: true, Meaning: "which subject of the request"},
	{Name: "category", Kind: Enum, Required: true, Words: []string{"phone_number", "ip_address"}, Meaning: "what was asked"},
	{Name: "asked_from_utc", Kind: Time, Required: true, Meaning: "beginning of the period asked for"},
	{Name: "asked_to_utc", Kind: Time, Required: true, Meaning: "its end, which is no longer part of it"},
	{Name: "decision", Kind: Enum, Required: true, Words: []string{"approved", "narrowed", "refused", "not_held", "withheld"}, Meaning: "what was decided"},
	{Name: "applied_from_utc", Kind: Time, Meaning: "beginning of the approved period", Empty: "nothing was approved"},
	{Name: "applied_to_utc", Kind: Time, Meaning: "its end, which is no longer part of it", Empty: "nothing was approved"},
	{Name: "result", Kind: Enum, Required: true, Words: []string{"disclosed", "not_held", "refused", "withheld"}, Meaning: "what came of it"},
	{Name: "records", Kind: Count, Required: true, Meaning: "how many records are disclosed"},
	{Name: "reason_codes", Kind: IDs, Meaning: "why less is given than was asked; export.json has the reasons in words", Empty: "nothing was withheld"},
}}
