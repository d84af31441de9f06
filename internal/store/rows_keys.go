package store

import (
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/keys"
)

// Row structs of migrations/0009_keys.sql.

type signingKeyRow struct {
	ID            string     `gorm:"column:id;primaryKey"`
	Purpose       string     `gorm:"column:purpose"`
	KeyID         string     `gorm:"column:key_id"`
	Material      string     `gorm:"column:material"`
	SHA256        string     `gorm:"column:sha256"`
	Standing      string     `gorm:"column:standing"`
	PublishedAt   time.Time  `gorm:"column:published_at"`
	RotatedAt     *time.Time `gorm:"column:rotated_at"`
	CompromisedAt *time.Time `gorm:"column:compromised_at"`
	Reason        string     `gorm:"column:reason"`
	Version       int64      `gorm:"column:version"`
	EventID       string     `gorm:"column:event_id"`
}

type deliveryRow struct {
	ID       string `gorm:"column:id;primaryKey"`
	Profile  string `gorm:"column:profile"`
	CertsPEM string `gorm:"column:certs_pem"`
	Age      string `gorm:"column:age"`
	Version  int64  `gorm:"column:version"`
	EventID  string `gorm:"column:event_id"`
}

// TableName names the table.
func (signingKeyRow) TableName() string { return "signing_key" }

// TableName names the table.
func (deliveryRow) TableName() string { return "delivery_form" }

func (r signingKeyRow) rowID() string { return r.ID }
func (r deliveryRow) rowID() string   { return r.ID }

func (r signingKeyRow) rowEvent() string { return r.EventID }
func (r deliveryRow) rowEvent() string   { return r.EventID }

func (signingKeyRow) progress() []string {
	return []string{"standing", "rotated_at", "compromised_at", "reason", "version", "event_id"}
}

func (deliveryRow) progress() []string {
	return []string{"profile", "certs_pem", "age", "version", "event_id"}
}

func fromKey(k keys.Key, event audit.EventID) *signingKeyRow {
	return &signingKeyRow{k.ID, string(k.Purpose), k.KeyID, k.Material, k.SHA256, string(k.Standing), micro(k.PublishedAt), nilTime(k.RotatedAt),
		nilTime(k.CompromisedAt), k.Reason, k.Version, string(event)}
}

func (r signingKeyRow) domain() keys.Key {
	return keys.Key{ID: r.ID, Purpose: keys.Purpose(r.Purpose), KeyID: r.KeyID, Material: r.Material, SHA256: r.SHA256, Standing: keys.Standing(r.Standing),
		PublishedAt: r.PublishedAt.UTC(), RotatedAt: timeOf(r.RotatedAt), CompromisedAt: timeOf(r.CompromisedAt), Reason: r.Reason, Version: r.Version, EventID: audit.EventID(r.EventID)}
}

func fromDelivery(f identity.DeliveryForm, event audit.EventID) *deliveryRow {
	return &deliveryRow{string(f.Agency), string(f.Profile), string(f.CertsPEM), strings.Join(f.Age, "\n"), f.Version, string(event)}
}

func (r deliveryRow) domain() identity.DeliveryForm {
	f := identity.DeliveryForm{Agency: identity.AgencyID(r.ID), Profile: identity.DeliveryProfile(r.Profile), CertsPEM: []byte(r.CertsPEM), Version: r.Version, EventID: audit.EventID(r.EventID)}
	if r.Age != "" {
		f.Age = strings.Split(r.Age, "\n")
	}
	return f
}
