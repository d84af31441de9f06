package identity

import (
	"strconv"
	"time"

	"lerd/internal/audit"
)

// MotionKind is what a motion is about.
type MotionKind string

// The kinds of motions.
const (
	// SupervisorMotion: an officer signs for colleagues. An administrator of the
	// agency proposes it, a registrar agrees.
	SupervisorMotion MotionKind = "supervisor"
	// CosignatureMotion: whether requests are signed twice. A registrar proposes
	// it, another agrees.
	CosignatureMotion MotionKind = "cosignature"
)

// Motion is what one person proposes about an agency and another agrees to.
type Motion struct {
	ID         string // a lower-case UUID
	Agency     AgencyID
	Kind       MotionKind
	Subject    string // a person's id; a process, or empty for all of them
	Wanted     bool
	ProposedBy PersonID
	ProposedAt time.Time
	State      MotionState
	DecidedBy  PersonID
	DecidedAt  time.Time
	Version    int64
	EventID    audit.EventID
}

// MotionState is how far a motion has come.
type MotionState string

// The states of a motion.
const (
	MotionProposed MotionState = "proposed"
	MotionAgreed   MotionState = "agreed"
	MotionDeclined MotionState = "declined" // or taken back by who proposed it
)

// Purpose gives with which purpose the motion is signed.
func (m Motion) Purpose() Purpose {
	if m.Kind == SupervisorMotion {
		return PurposeAccount
	}
	return PurposeActivateAgency
}

// Proposal is what whoever proposes the motion signs.
func (m Motion) Proposal() Digest {
	return DigestOf("lerd motion v1", string(m.Agency), string(m.Kind), m.Subject, strconv.FormatBool(m.Wanted))
}

// Agreement is what whoever agrees to the motion signs: this one, as it is.
func (m Motion) Agreement() Digest {
	return DigestOf("lerd motion agreed v1", m.ID, string(m.Agency), string(m.Kind), m.Subject, strconv.FormatBool(m.Wanted))
}

// Decide gives the motion as somebody decided it.
func (m Motion) Decide(by PersonID, agreed bool, at time.Time) Motion {
	m.State, m.DecidedBy, m.DecidedAt, m.Version = MotionDeclined, by, at, m.Version+1
	if agreed {
		m.State = MotionAgreed
	}
	return m
}
