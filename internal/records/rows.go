package records

import (
	"regexp"
	"time"

	"lerd/internal/personal"
)

// e164 is the form of an international number.
// SPEC: ITU-T E.164: up to 15 digits, the first not 0.
var e164 = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)

// recordID tells whether s has the form of a source's record id: 1 to 64
// letters, digits and . _ : - beginning with a letter or digit. It goes into
// files and commands, so it holds nothing that these could read otherwise.
func recordID(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !plain && (i == 0 || c != '.' && c != '_' && c != ':' && c != '-') {
			return false
		}
	}
	return true
}

// PhoneRow is one stretch of time in which an account had a phone number.
type PhoneRow struct {
	RecordID     string // the source's own id of the record
	Account      AccountID
	Phone        personal.Phone // E.164
	Verification Verification
	VerifiedAt   time.Time // zero: not recorded, or outside the period asked
	ValidFrom    time.Time
	ValidTo      time.Time // zero while it is valid
}

// Verification is whether the platform verified that the holder had the number.
type Verification string

// The verification states of a number.
const (
	Verified    Verification = "verified"
	NotVerified Verification = "unverified"
)

// Known tells whether v is one of the verification states.
func (v Verification) Known() bool { return v == Verified || v == NotVerified }

// IPRow is one event of an account with the address it came from. Optional
// values are zero where the source did not record them: "not recorded" is
// said so in what leaves, never filled in. LastSeen, FirstSeen and SessionEnd
// are zero also where they lie outside the period asked.
// SPEC: RFC 6302: source port and time to the second belong to an address.
type IPRow struct {
	RecordID        string // the source's own id of the record
	Account         AccountID
	Event           EventType
	At              time.Time     // UTC, microseconds
	Address         personal.Addr // where the connection came from
	SourcePort      uint16        // 0: not recorded
	Destination     personal.Addr // the platform's address; invalid: not recorded
	DestinationPort uint16        // 0: not recorded
	Transport       Transport     // empty: not recorded
	SessionID       string        // opaque, same form as RecordID; empty: not recorded
	SessionType     SessionType   // empty: not recorded
	FirstSeen       time.Time
	LastSeen        time.Time
	SessionEnd      time.Time
	Shared          Shared // whether the address is known to be shared or a proxy
}

// EventType is what the account did from the address.
type EventType string

// The event types.
const (
	Registration   EventType = "registration"
	Login          EventType = "login"
	SessionRefresh EventType = "session_refresh"
	Logout         EventType = "logout"
	PhoneVerify    EventType = "phone_verify"
	RuleViolation  EventType = "rule_violation"
)

// Known tells whether e is one of the event types.
func (e EventType) Known() bool {
	switch e {
	case Registration, Login, SessionRefresh, Logout, PhoneVerify, RuleViolation:
		return true
	}
	return false
}

// Transport is the transport protocol of the connection.
type Transport string

// The transports.
const (
	TCP Transport = "tcp"
	UDP Transport = "udp"
)

// Known tells whether t is a transport or not recorded.
func (t Transport) Known() bool { return t == "" || t == TCP || t == UDP }

// SessionType is the kind of client.
type SessionType string

// The session types.
const (
	Mobile  SessionType = "mobile"
	Desktop SessionType = "desktop"
	Web     SessionType = "web"
	API     SessionType = "api"
)

// Known tells whether s is a session type or not recorded.
func (s SessionType) Known() bool {
	switch s {
	case "", Mobile, Desktop, Web, API:
		return true
	}
	return false
}

// Shared is whether an address is known to be shared by several people.
type Shared string

// What is known of an address.
const (
	SharedUnknown Shared = ""
	SharedYes     Shared = "yes"
	SharedNo      Shared = "no"
)

// Known tells whether s is one of the three.
func (s Shared) Known() bool { return s == SharedUnknown || s == SharedYes || s == SharedNo }
