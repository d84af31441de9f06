package store

import (
	"strconv"
	"time"

	"lerd/internal/audit"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/personal"
)

// Row structs of migrations/0029_epoch.sql.

type lossWordRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	LossSHA256 string    `gorm:"column:loss_sha256"`
	Statement  string    `gorm:"column:statement"`
	Epoch      int64     `gorm:"column:epoch"`
	Role       string    `gorm:"column:role"`
	PersonID   string    `gorm:"column:person_id"`
	Reason     string    `gorm:"column:reason"`
	At         time.Time `gorm:"column:at"`
	EventID    string    `gorm:"column:event_id"`
}

// TableName names the table.
func (lossWordRow) TableName() string  { return "loss_word" }
func (r lossWordRow) rowID() string    { return r.ID }
func (r lossWordRow) rowEvent() string { return r.EventID }

func (r lossWordRow) domain() oversight.LossWord {
	return oversight.LossWord{ID: r.ID, Loss: r.LossSHA256, Statement: r.Statement, Epoch: r.Epoch, Role: identity.Role(r.Role), Person: identity.PersonID(r.PersonID),
		Reason: personal.NewText(r.Reason), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

type logEpochRow struct {
	Epoch       int64     `gorm:"column:epoch;primaryKey;autoIncrement:false"`
	Origin      string    `gorm:"column:origin"`
	LossSHA256  string    `gorm:"column:loss_sha256"`
	Size        int64     `gorm:"column:size"`
	KeptSize    int64     `gorm:"column:kept_size"`
	KeptRoot    string    `gorm:"column:kept_root"`
	CounselWord string    `gorm:"column:counsel_word"`
	AuditorWord string    `gorm:"column:auditor_word"`
	At          time.Time `gorm:"column:at"`
	EventID     string    `gorm:"column:event_id"`
}

// TableName names the table.
func (logEpochRow) TableName() string  { return "log_epoch" }
func (r logEpochRow) rowID() string    { return strconv.FormatInt(r.Epoch, 10) }
func (r logEpochRow) rowEvent() string { return r.EventID }

func (r logEpochRow) domain() oversight.LogEpoch {
	return oversight.LogEpoch{Epoch: r.Epoch, Origin: r.Origin, Loss: r.LossSHA256, Size: uint64(r.Size), KeptSize: uint64(r.KeptSize), KeptRoot: r.KeptRoot,
		Counsel: r.CounselWord, Auditor: r.AuditorWord, At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

// epochRow gives the row of a word on a loss or of an epoch, nil of another value.
func epochRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *oversight.LossWord:
		return &lossWordRow{x.ID, x.Loss, x.Statement, x.Epoch, string(x.Role), string(x.Person), x.Reason.Reveal(), micro(x.At), string(event)}
	case *oversight.LogEpoch:
		return &logEpochRow{x.Epoch, x.Origin, x.Loss, int64(x.Size), int64(x.KeptSize), x.KeptRoot, x.Counsel, x.Auditor, micro(x.At), string(event)}
	}
	return nil
}
