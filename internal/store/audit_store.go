package store

import (
	"context"
	"errors"

	"gorm.io/gorm"
)

// AuditReader reads the published log.
func (s *Store) AuditReader() AuditReader { return AuditReader{pool: s.sql} }

// AuditSequence is the log as the sequencer works on it.
func (s *Store) AuditSequence() *AuditSequence { return &AuditSequence{db: s.sql} }

// VerifyAudit is VerifyAudit on this database, replayed over its business rows
// unless the check names others.
func (s *Store) VerifyAudit(ctx context.Context, check AuditCheck) (AuditReport, error) {
	if check.Rows == nil {
		check.Rows = func(tx *gorm.DB) RowSource {
			return &Store{db: tx, sql: s.sql, rand: s.rand, now: s.now, epoch: s.epoch}
		}
	}
	report, err := VerifyAudit(ctx, s.db, check)
	if check.LogOnly || err != nil && !IsDifference(err) {
		return report, err
	}
	return report, errors.Join(err, s.checkRecords(ctx))
}
