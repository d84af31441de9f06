package bundle

import "time"

// Phone is one phone number of one account, a line of phone_numbers.csv.
// A nil pointer or an empty text is an empty cell: the schema says for each
// column what that means.
type Phone struct {
	RecordID, RequestRef, SubjectRef, AccountID string
	Number                                      string // E.164 with its plus sign
	Status                                      string
	VerifiedAt, ValidFrom, ValidTo              *time.Time
	Current                                     *bool
	CallingCode                                 string
	SourceSystem, SourceRecordID                string
	RetrievedAt                                 time.Time
	QueryID                                     string
}

// IP is one event with its address, a line of ip_addresses.csv.
type IP struct {
	RecordID, RequestRef, SubjectRef, AccountID string
	EventType                                   string
	EventTime                                   time.Time
	EventTimeText                               string // with the digits that the source records
	Version                                     int
	Address                                     string // RFC 5952
	SourcePort                                  int    // 0: not recorded
	DestinationIP                               string
	DestinationPort                             int // 0: not recorded
	Transport, SessionID, SessionType           string
	FirstSeen, LastSeen, SessionEnd             *time.Time
	SharedOrProxied                             *bool
	SourceSystem, SourceRecordID                string
	RetrievedAt                                 time.Time
	QueryID                                     string
}

func str(row object, name string) string { s, _ := row[name].(string); return s }
func num(row object, name string) int    { n, _ := row[name].(int64); return int(n) }

func when(row object, name string) *time.Time {
	t, err := time.Parse(time.RFC3339Nano, str(row, name))
	if err != nil {
		return nil
	}
	return &t
}

func must(row object, name string) time.Time {
	if t := when(row, name); t != nil {
		return *t
	}
	return time.Time{}
}

func yes(row object, name string) *bool {
	if b, ok := row[name].(bool); ok {
		return &b
	}
	return nil
}

func phoneOf(r object) Phone {
	return Phone{RecordID: str(r, "record_id"), RequestRef: str(r, "request_ref"), SubjectRef: str(r, "subject_ref"), AccountID: str(r, "account_id"),
		Number: str(r, "phone_e164"), Status: str(r, "verification_status"), VerifiedAt: when(r, "verified_at_utc"), ValidFrom: when(r, "valid_from_utc"),
		ValidTo: when(r, "valid_to_utc"), Current: yes(r, "is_current"), CallingCode: str(r, "country_calling_code"), SourceSystem: str(r, "source_system"),
		SourceRecordID: str(r, "source_record_id"), RetrievedAt: must(r, "retrieved_at_utc"), QueryID: str(r, "query_id")}
}

func ipOf(r object) IP {
	return IP{RecordID: str(r, "record_id"), RequestRef: str(r, "request_ref"), SubjectRef: str(r, "subject_ref"), AccountID: str(r, "account_id"),
		EventType: str(r, "event_type"), EventTime: must(r, "event_time_utc"), EventTimeText: str(r, "event_time_utc"), Version: num(r, "ip_version"),
		Address: str(r, "ip_address"), SourcePort: num(r, "source_port"), DestinationIP: str(r, "destination_ip"), DestinationPort: num(r, "destination_port"),
		Transport: str(r, "transport"), SessionID: str(r, "session_id"), SessionType: str(r, "session_type"), FirstSeen: when(r, "first_seen_utc"),
		LastSeen: when(r, "last_seen_utc"), SessionEnd: when(r, "session_end_utc"), SharedOrProxied: yes(r, "is_shared_or_proxied"),
		SourceSystem: str(r, "source_system"), SourceRecordID: str(r, "source_record_id"), RetrievedAt: must(r, "retrieved_at_utc"), QueryID: str(r, "query_id")}
}
