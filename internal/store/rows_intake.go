package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/requests"
)

// The rows of migrations/0005_intake.sql.

type signatureRow struct {
	ID                string    `gorm:"column:id;primaryKey"`
	RequestID         string    `gorm:"column:request_id"`
	AgencyID          string    `gorm:"column:agency_id"`
	OfficerID         string    `gorm:"column:officer_id"`
	SignedBy          string    `gorm:"column:signed_by"`
	Kind              string    `gorm:"column:kind"`
	Digest            string    `gorm:"column:digest"`
	Attestation       string    `gorm:"column:attestation"`
	AttestationSHA256 string    `gorm:"column:attestation_sha256"`
	Method            string    `gorm:"column:method"`
	Assertion         string    `gorm:"column:assertion"`
	At                time.Time `gorm:"column:at"`
	EventID           string    `gorm:"column:event_id"`
}

// TableName names the table.
func (signatureRow) TableName() string  { return "request_signature" }
func (r signatureRow) rowID() string    { return r.ID }
func (r signatureRow) rowEvent() string { return r.EventID }

func fromSignature(g requests.Signature, event audit.EventID) *signatureRow {
	return &signatureRow{g.ID, string(g.Request), string(g.Agency), string(g.Officer), string(g.By), g.Kind, g.Digest, g.Attestation, g.AttestationSHA256,
		g.Method, string(g.Assertion), micro(g.At), string(event)}
}

func (r signatureRow) domain() requests.Signature {
	return requests.Signature{ID: r.ID, Request: requests.ID(r.RequestID), Agency: identity.AgencyID(r.AgencyID), Officer: identity.PersonID(r.OfficerID),
		By: identity.PersonID(r.SignedBy), Kind: r.Kind, Digest: r.Digest, Attestation: r.Attestation, AttestationSHA256: r.AttestationSHA256,
		Method: r.Method, Assertion: identity.AssertionID(r.Assertion), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

type cosignatureRuleRow struct {
	ID        string `gorm:"column:id;primaryKey"`
	ProcessID string `gorm:"column:process_id"`
	Emergency bool   `gorm:"column:emergency"`
	Mode      string `gorm:"column:mode"`
	Version   int64  `gorm:"column:version"`
	EventID   string `gorm:"column:event_id"`
}

// TableName names the table.
func (cosignatureRuleRow) TableName() string  { return "cosignature_rule" }
func (r cosignatureRuleRow) rowID() string    { return r.ID }
func (r cosignatureRuleRow) rowEvent() string { return r.EventID }

func fromCosignatureRule(c requests.CosignatureRule, event audit.EventID) *cosignatureRuleRow {
	return &cosignatureRuleRow{c.ID(), c.Process, c.Emergency, c.Mode, c.Version, string(event)}
}

type cosignatureChoiceRow struct {
	ID        string `gorm:"column:id;primaryKey"`
	AgencyID  string `gorm:"column:agency_id"`
	ProcessID string `gorm:"column:process_id"`
	Wanted    bool   `gorm:"column:wanted"`
	Version   int64  `gorm:"column:version"`
	EventID   string `gorm:"column:event_id"`
}

// TableName names the table.
func (cosignatureChoiceRow) TableName() string  { return "cosignature_choice" }
func (r cosignatureChoiceRow) rowID() string    { return r.ID }
func (r cosignatureChoiceRow) rowEvent() string { return r.EventID }

func fromCosignatureChoice(c requests.CosignatureChoice, event audit.EventID) *cosignatureChoiceRow {
	return &cosignatureChoiceRow{c.ID(), string(c.Agency), c.Process, c.Wanted, c.Version, string(event)}
}

// CosignatureChoice gives what an agency chose for a process, or for every
// process; nil where it chose nothing.
func (s *Store) CosignatureChoice(ctx context.Context, agency identity.AgencyID, process string) (wanted *bool, err error) {
	defer fault.Wrap(&err, "store.CosignatureChoice(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []cosignatureChoiceRow
		if err := tx.Where("agency_id = ? AND process_id IN ?", string(agency), []string{process, ""}).Order("process_id DESC").Limit(1).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) > 0 {
			wanted = &rows[0].Wanted
		}
		return nil
	})
	return wanted, err
}

// CosignatureChoices gives all that an agency chose.
func (s *Store) CosignatureChoices(ctx context.Context, agency identity.AgencyID) (out []requests.CosignatureChoice, err error) {
	defer fault.Wrap(&err, "store.CosignatureChoices(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []cosignatureChoiceRow
		if err := tx.Where("agency_id = ?", string(agency)).Order("process_id").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			out = append(out, r.domain())
		}
		return nil
	})
	return out, err
}

func (r cosignatureChoiceRow) domain() requests.CosignatureChoice {
	return requests.CosignatureChoice{Agency: identity.AgencyID(r.AgencyID), Process: r.ProcessID, Wanted: r.Wanted, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

// CosignatureChoiceByID gives one choice, or NotFound.
func (s *Store) CosignatureChoiceByID(ctx context.Context, id string) (c requests.CosignatureChoice, err error) {
	defer fault.Wrap(&err, "store.CosignatureChoiceByID(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var r cosignatureChoiceRow
		if err := tx.Where("id = ?", id).Take(&r).Error; err != nil {
			return err
		}
		c = r.domain()
		return nil
	})
	return c, err
}

// CosignatureRules gives the published policy by the ids of its lines.
func (s *Store) CosignatureRules(ctx context.Context) (out map[string]requests.CosignatureRule, err error) {
	defer fault.Wrap(&err, "store.CosignatureRules")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []cosignatureRuleRow
		if err := tx.Find(&rows).Error; err != nil {
			return err
		}
		out = map[string]requests.CosignatureRule{}
		for _, r := range rows {
			out[r.ID] = requests.CosignatureRule{Process: r.ProcessID, Emergency: r.Emergency, Mode: r.Mode, Version: r.Version, EventID: audit.EventID(r.EventID)}
		}
		return nil
	})
	return out, err
}
