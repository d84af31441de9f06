package store

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/oversight"
	"lerd/internal/personal"
)

// Findings lists audit findings: those that are not closed, the first due first, or
// all, the newest first.
func (c Console) Findings(ctx context.Context, all bool, limit int) (list []oversight.Finding, err error) {
	defer fault.Wrap(&err, "store.AuditFindings")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		q := tx.Where("state <> 'closed'").Order("due_on, id")
		if all {
			q = tx.Order("made_at DESC, id")
		}
		var rows []auditFindingRow
		if err := q.Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nameFindings(tx, list)
	})
	return list, err
}

// nameFindings fills in the names of people and cases.
func nameFindings(tx *gorm.DB, list []oversight.Finding) error {
	for i := range list {
		f := &list[i]
		err := tx.Raw(`SELECT coalesce((SELECT pseudonym FROM person WHERE id = CAST(NULLIF(?, '') AS uuid)), ''), coalesce((SELECT pseudonym FROM person WHERE id = CAST(NULLIF(?, '') AS uuid)), ''), coalesce((SELECT ref FROM request WHERE id = CAST(NULLIF(?, '') AS uuid)), '')`,
			string(f.Owner), string(f.MadeBy), f.Case).Row().Scan(&f.OwnerName, &f.MadeByName, &f.CaseRef)
		if err != nil {
			return err
		}
	}
	return nil
}

// Finding gives one audit finding with its answers, or NotFound.
func (c Console) Finding(ctx context.Context, id string) (f oversight.Finding, err error) {
	defer fault.Wrap(&err, "store.AuditFinding(%s)", id)
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var row auditFindingRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		one := []oversight.Finding{row.domain()}
		if err := nameFindings(tx, one); err != nil {
			return err
		}
		f = one[0]
		var rows []struct {
			ID, PersonID, Kind, Body, Name, EventID string
			Ordinal                                 int
			auditAnswerRow
		}
		if err := tx.Raw("SELECT a.*, p.pseudonym AS name FROM audit_answer a JOIN person p ON p.id = a.person_id WHERE a.finding_id = ? ORDER BY a.ordinal", id).Scan(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			f.Answers = append(f.Answers, oversight.Answer{ID: r.ID, Finding: id, Ordinal: r.Ordinal, Person: identity.PersonID(r.PersonID), Kind: r.Kind, Body: personal.NewText(r.Body),
				At: r.At.UTC(), EventID: audit.EventID(r.EventID), Name: r.Name})
		}
		return nil
	})
	return f, err
}

// Owners lists who can be asked to answer: active staff who are no auditors.
func (c Console) Owners(ctx context.Context) (list []identity.Person, err error) {
	defer fault.Wrap(&err, "store.Owners")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []personRow
		err := tx.Where("active AND agency_id IS NULL AND role <> 'auditor'").Order("role, pseudonym").Find(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// ErrorReports lists the register of errors, the newest first.
func (c Console) ErrorReports(ctx context.Context, limit int) (list []oversight.ErrorReport, err error) {
	defer fault.Wrap(&err, "store.ErrorReports")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []errorReportRow
		if err := tx.Order("made_at DESC, id").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			x := r.domain()
			if x.CaseRef, err = refOfCase(tx, x.Case); err != nil {
				return err
			}
			list = append(list, x)
		}
		return nil
	})
	return list, err
}

// ErrorReport gives one error of the register, or NotFound.
func (c Console) ErrorReport(ctx context.Context, id string) (x oversight.ErrorReport, err error) {
	defer fault.Wrap(&err, "store.ErrorReport(%s)", id)
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var row errorReportRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		x = row.domain()
		x.CaseRef, err = refOfCase(tx, x.Case)
		return err
	})
	return x, err
}

// refOfCase gives a case's reference, "" where none is named.
func refOfCase(tx *gorm.DB, id string) (ref string, err error) {
	if id == "" {
		return "", nil
	}
	err = tx.Raw("SELECT ref FROM request WHERE id = CAST(? AS uuid)", id).Scan(&ref).Error
	return ref, err
}

// NoticeOf gives when the platform confirmed a notice of a case, by its reference.
func (c Console) NoticeOf(ctx context.Context, caseID, ref string) (delivered time.Time, err error) {
	defer fault.Wrap(&err, "store.NoticeOf(%s)", ref)
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var list []struct{ DeliveredAt *time.Time }
		if err := tx.Raw("SELECT delivered_at FROM user_notice WHERE request_id = CAST(NULLIF(?, '') AS uuid) AND ref = ?", caseID, ref).Scan(&list).Error; err != nil {
			return err
		}
		if len(list) == 0 {
			return fault.New(fault.NotFound, "There is nothing here.")
		}
		if at := list[0].DeliveredAt; at != nil {
			delivered = at.UTC()
		}
		return nil
	})
	return delivered, err
}

// Holders lists who acted in which role.
func (c Console) Holders(ctx context.Context) (list []oversight.Holder, err error) {
	defer fault.Wrap(&err, "store.Holders")
	if err := c.catchUp(ctx); err != nil {
		return nil, err
	}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			Person, Name, Role string
			FirstAt, LastAt    time.Time
			Events             int64
		}
		err := tx.Raw(`SELECT h.person, coalesce(p.pseudonym, '') AS name, h.role, h.first_at, h.last_at, h.events FROM log_holder h
			LEFT JOIN person p ON p.id = CASE WHEN h.person ~ '^[0-9a-f-]{36}$' THEN h.person::uuid END
			WHERE h.role NOT IN ('officer', 'agency_admin') OR EXISTS (SELECT 1 FROM log_holder o WHERE o.person = h.person AND o.role <> h.role) ORDER BY h.role, name, h.person`).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, oversight.Holder{Person: r.Person, Name: r.Name, Role: r.Role, From: r.FirstAt.UTC(), To: r.LastAt.UTC(), Events: r.Events})
		}
		return err
	})
	return list, err
}

// TwoDuties lists people who had two parts in one case. A second signature belongs
// to the agency's own side.
func (c Console) TwoDuties(ctx context.Context, limit int) (list []oversight.TwoDuties, err error) {
	defer fault.Wrap(&err, "store.TwoDuties")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct{ CaseID, Ref, Person, Name, Duties string }
		err := tx.Raw(`SELECT x.case_id, coalesce(q.ref, '') AS ref, x.person, coalesce(p.pseudonym, '') AS name, x.duties FROM (
				SELECT m.case_id, m.person, (SELECT string_agg(d.duty, ' ' ORDER BY d.duty) FROM log_duty d WHERE d.case_id = m.case_id AND d.person = m.person AND d.duty <> 'cosign') AS duties, max(m.idx) AS idx
				FROM log_mark m WHERE m.mark = 'two_duties' GROUP BY m.case_id, m.person ORDER BY max(m.idx) DESC LIMIT ?) x
			LEFT JOIN request q ON q.id = x.case_id LEFT JOIN person p ON p.id = CASE WHEN x.person ~ '^[0-9a-f-]{36}$' THEN x.person::uuid END ORDER BY x.idx DESC`, limit).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, oversight.TwoDuties{Case: r.CaseID, Ref: r.Ref, Person: r.Person, Name: r.Name, Duties: strings.Fields(r.Duties)})
		}
		return err
	})
	return list, err
}

// CasesJudged gives how many cases the index of the log knows.
func (c Console) CasesJudged(ctx context.Context) (n int64, err error) {
	defer fault.Wrap(&err, "store.CasesJudged")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error { return tx.Raw("SELECT cases FROM log_total").Scan(&n).Error })
	return n, err
}
