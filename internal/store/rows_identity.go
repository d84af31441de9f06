package store

import (
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
)

// Row structs of migrations/0003_identity.sql.

type unitRow struct {
	ID       string `gorm:"column:id;primaryKey"`
	AgencyID string `gorm:"column:agency_id"`
	Name     string `gorm:"column:name"`
	Active   bool   `gorm:"column:active"`
	Version  int64  `gorm:"column:version"`
	EventID  string `gorm:"column:event_id"`
}

type passkeyRow struct {
	ID             string     `gorm:"column:id;primaryKey"`
	PersonID       string     `gorm:"column:person_id"`
	CredentialID   []byte     `gorm:"column:credential_id"`
	PublicKey      []byte     `gorm:"column:public_key"`
	Algorithm      int        `gorm:"column:algorithm"`
	AAGUID         []byte     `gorm:"column:aaguid"`
	Transports     string     `gorm:"column:transports"`
	SignCount      int64      `gorm:"column:sign_count"`
	BackupEligible bool       `gorm:"column:backup_eligible"`
	BackedUp       bool       `gorm:"column:backed_up"`
	Label          string     `gorm:"column:label"`
	CreatedAt      time.Time  `gorm:"column:created_at;autoCreateTime:false"`
	RemovedAt      *time.Time `gorm:"column:removed_at"`
	RemovedWhy     string     `gorm:"column:removed_why"`
	Version        int64      `gorm:"column:version"`
	EventID        string     `gorm:"column:event_id"`
}

type assertionRow struct {
	ID                string    `gorm:"column:id;primaryKey"`
	PersonID          string    `gorm:"column:person_id"`
	SessionID         string    `gorm:"column:session_id"`
	PasskeyID         *string   `gorm:"column:passkey_id"`
	Purpose           string    `gorm:"column:purpose"`
	Digest            []byte    `gorm:"column:digest"`
	Nonce             []byte    `gorm:"column:nonce"`
	ClientData        []byte    `gorm:"column:client_data"`
	AuthenticatorData []byte    `gorm:"column:authenticator_data"`
	Signature         []byte    `gorm:"column:signature"`
	SignCount         int64     `gorm:"column:sign_count"`
	Method            string    `gorm:"column:method"`
	At                time.Time `gorm:"column:at"`
	EventID           string    `gorm:"column:event_id"`
}

// TableName names the table.
func (unitRow) TableName() string { return "unit" }

// TableName names the table.
func (passkeyRow) TableName() string { return "passkey" }

// TableName names the table.
func (assertionRow) TableName() string { return "assertion" }

func (r unitRow) rowID() string      { return r.ID }
func (r passkeyRow) rowID() string   { return r.ID }
func (r assertionRow) rowID() string { return r.ID }

func (r unitRow) rowEvent() string      { return r.EventID }
func (r passkeyRow) rowEvent() string   { return r.EventID }
func (r assertionRow) rowEvent() string { return r.EventID }

func fromUnit(u identity.Unit, event audit.EventID) *unitRow {
	return &unitRow{string(u.ID), string(u.Agency), u.Name, u.Active, u.Version, string(event)}
}

func (r unitRow) domain() identity.Unit {
	return identity.Unit{ID: identity.UnitID(r.ID), Agency: identity.AgencyID(r.AgencyID), Name: r.Name, Active: r.Active, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromPasskey(k identity.Passkey, event audit.EventID) *passkeyRow {
	return &passkeyRow{ID: string(k.ID), PersonID: string(k.Person), CredentialID: k.CredentialID, PublicKey: k.PublicKey, Algorithm: k.Algorithm, AAGUID: k.AAGUID,
		Transports: strings.Join(k.Transports, " "), SignCount: k.SignCount, BackupEligible: k.BackupEligible, BackedUp: k.BackedUp, Label: k.Label,
		CreatedAt: micro(k.CreatedAt), RemovedAt: nilTime(k.RemovedAt), RemovedWhy: string(k.RemovedWhy), Version: k.Version, EventID: string(event)}
}

func (r passkeyRow) domain() identity.Passkey {
	return identity.Passkey{ID: identity.PasskeyID(r.ID), Person: identity.PersonID(r.PersonID), CredentialID: r.CredentialID, PublicKey: r.PublicKey, Algorithm: r.Algorithm, AAGUID: r.AAGUID,
		Transports: strings.Fields(r.Transports), SignCount: r.SignCount, BackupEligible: r.BackupEligible, BackedUp: r.BackedUp, Label: r.Label,
		CreatedAt: r.CreatedAt.UTC(), RemovedAt: timeOf(r.RemovedAt), RemovedWhy: identity.Removal(r.RemovedWhy), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromAssertion(a identity.Assertion, event audit.EventID) *assertionRow {
	return &assertionRow{ID: string(a.ID), PersonID: string(a.Person), SessionID: string(a.Session), PasskeyID: nilText(a.Passkey), Purpose: string(a.Purpose),
		Digest: a.Digest[:], Nonce: a.Nonce, ClientData: a.ClientData, AuthenticatorData: a.AuthenticatorData, Signature: a.Signature, SignCount: a.SignCount,
		Method: string(a.Method), At: micro(a.At), EventID: string(event)}
}

func (r assertionRow) domain() identity.Assertion {
	return identity.Assertion{ID: identity.AssertionID(r.ID), Person: identity.PersonID(r.PersonID), Session: identity.SessionID(r.SessionID), Passkey: text[identity.PasskeyID](r.PasskeyID),
		Purpose: identity.Purpose(r.Purpose), Digest: identity.Digest(r.Digest), Nonce: r.Nonce, ClientData: r.ClientData, AuthenticatorData: r.AuthenticatorData,
		Signature: r.Signature, SignCount: r.SignCount, Method: identity.Method(r.Method), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

type invitationRow struct {
	ID          string     `gorm:"column:id;primaryKey"`
	PersonID    string     `gorm:"column:person_id"`
	AgencyID    *string    `gorm:"column:agency_id"`
	Role        string     `gorm:"column:role"`
	Revetting   bool       `gorm:"column:revetting"`
	CodeHash    []byte     `gorm:"column:code_hash"`
	InvitedBy   *string    `gorm:"column:invited_by"`
	InvitedAt   time.Time  `gorm:"column:invited_at"`
	ExpiresAt   time.Time  `gorm:"column:expires_at"`
	State       string     `gorm:"column:state"`
	PasskeyID   *string    `gorm:"column:passkey_id"`
	EnrolledAt  *time.Time `gorm:"column:enrolled_at"`
	Tries       int        `gorm:"column:tries"`
	ConfirmedBy *string    `gorm:"column:confirmed_by"`
	ConfirmedAt *time.Time `gorm:"column:confirmed_at"`
	Version     int64      `gorm:"column:version"`
	EventID     string     `gorm:"column:event_id"`
}

type accountChangeRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	PersonID   string     `gorm:"column:person_id"`
	What       string     `gorm:"column:what"`
	Why        string     `gorm:"column:why"`
	ProposedBy string     `gorm:"column:proposed_by"`
	ProposedAt time.Time  `gorm:"column:proposed_at"`
	State      string     `gorm:"column:state"`
	DecidedBy  *string    `gorm:"column:decided_by"`
	DecidedAt  *time.Time `gorm:"column:decided_at"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

type providerAccountRow struct {
	ID        string     `gorm:"column:id;primaryKey"`
	PersonID  string     `gorm:"column:person_id"`
	Issuer    string     `gorm:"column:issuer"`
	Subject   string     `gorm:"column:subject"`
	LinkedBy  *string    `gorm:"column:linked_by"`
	LinkedAt  time.Time  `gorm:"column:linked_at"`
	RemovedAt *time.Time `gorm:"column:removed_at"`
	Version   int64      `gorm:"column:version"`
	EventID   string     `gorm:"column:event_id"`
}

// TableName names the table.
func (invitationRow) TableName() string { return "invitation" }

// TableName names the table.
func (accountChangeRow) TableName() string { return "account_change" }

// TableName names the table.
func (providerAccountRow) TableName() string { return "provider_account" }

func (r invitationRow) rowID() string      { return r.ID }
func (r accountChangeRow) rowID() string   { return r.ID }
func (r providerAccountRow) rowID() string { return r.ID }

func (r invitationRow) rowEvent() string      { return r.EventID }
func (r accountChangeRow) rowEvent() string   { return r.EventID }
func (r providerAccountRow) rowEvent() string { return r.EventID }

func fromInvitation(i accounts.Invitation, event audit.EventID) *invitationRow {
	return &invitationRow{string(i.ID), string(i.Person), nilText(i.Agency), string(i.Role), i.Revetting, i.CodeHash, nilText(i.InvitedBy), micro(i.InvitedAt), micro(i.ExpiresAt), string(i.State),
		nilText(i.Passkey), nilTime(i.EnrolledAt), i.Tries, nilText(i.ConfirmedBy), nilTime(i.ConfirmedAt), i.Version, string(event)}
}

func (r invitationRow) domain() accounts.Invitation {
	return accounts.Invitation{ID: accounts.ID(r.ID), Person: identity.PersonID(r.PersonID), Agency: text[identity.AgencyID](r.AgencyID), Role: identity.Role(r.Role), Revetting: r.Revetting,
		CodeHash: r.CodeHash, InvitedBy: text[identity.PersonID](r.InvitedBy), InvitedAt: r.InvitedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), State: accounts.State(r.State),
		Passkey: text[identity.PasskeyID](r.PasskeyID), EnrolledAt: timeOf(r.EnrolledAt), Tries: r.Tries, ConfirmedBy: text[identity.PersonID](r.ConfirmedBy), ConfirmedAt: timeOf(r.ConfirmedAt),
		Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromAccountChange(c accounts.Change, event audit.EventID) *accountChangeRow {
	return &accountChangeRow{c.ID, string(c.Person), c.What, c.Why, string(c.ProposedBy), micro(c.ProposedAt), c.State, nilText(c.DecidedBy), nilTime(c.DecidedAt), c.Version, string(event)}
}

func (r accountChangeRow) domain() accounts.Change {
	return accounts.Change{ID: r.ID, Person: identity.PersonID(r.PersonID), What: r.What, Why: r.Why, ProposedBy: identity.PersonID(r.ProposedBy), ProposedAt: r.ProposedAt.UTC(),
		State: r.State, DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromProviderAccount(a identity.ProviderAccount, event audit.EventID) *providerAccountRow {
	return &providerAccountRow{a.ID, string(a.Person), a.Issuer, a.Subject, nilText(a.LinkedBy), micro(a.LinkedAt), nilTime(a.RemovedAt), a.Version, string(event)}
}

func (r providerAccountRow) domain() identity.ProviderAccount {
	return identity.ProviderAccount{ID: r.ID, Person: identity.PersonID(r.PersonID), Issuer: r.Issuer, Subject: r.Subject, LinkedBy: text[identity.PersonID](r.LinkedBy),
		LinkedAt: r.LinkedAt.UTC(), RemovedAt: timeOf(r.RemovedAt), Version: r.Version, EventID: audit.EventID(r.EventID)}
}
