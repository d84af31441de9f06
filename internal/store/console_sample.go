package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"lerd/internal/fault"
	"lerd/internal/oversight"
	"lerd/internal/oversight/sampling"
)

// strataColumns are the columns of log_case, by the name of the dimension.
var strataColumns = map[string]string{"country": "country", "process": "process", "outcome": "outcome", "reviewer": "reviewer"}

// Population gives a plan's cases from the index of the log, and the size of the log
// that the index is of, both of one snapshot.
func (c Console) Population(ctx context.Context, p sampling.Plan) (members []sampling.Member, tree uint64, err error) {
	defer fault.Wrap(&err, "store.Population")
	if err := c.catchUp(ctx); err != nil {
		return nil, 0, err
	}
	var columns []string
	for _, d := range p.Strata {
		columns = append(columns, strataColumns[d])
	}
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var size int64
		var rows []struct {
			Case    string `gorm:"column:case_id"`
			Stratum string
			Always  bool
			Tree    int64
		}
		// one statement, so that both are of one snapshot
		err := tx.Raw("SELECT t.tree, c.case_id, "+strings.Join(columns, " || '/' || ")+` AS stratum, emergency OR sensitive AS always
			FROM (SELECT coalesce(max(idx) + 1, 0) AS tree FROM log_index) t LEFT JOIN log_case c ON c.submitted IS NOT NULL AND c.submitted_at >= ? AND c.submitted_at < ? ORDER BY c.case_id`,
			micro(p.From), micro(p.To)).Scan(&rows).Error
		for _, r := range rows {
			if size = r.Tree; r.Case != "" {
				members = append(members, sampling.Member{Case: r.Case, Stratum: r.Stratum, Always: r.Always})
			}
		}
		tree = uint64(size)
		return err
	})
	return members, tree, err
}

// Placed gives how many events are placed.
func (c Console) Placed(ctx context.Context) (_ uint64, err error) {
	defer fault.Wrap(&err, "store.Placed")
	var n int64
	err = c.inReadTx(ctx, func(tx *gorm.DB) (err error) {
		n, err = placed(ctx, tx.Statement.ConnPool)
		return err
	})
	return uint64(n), err
}

// LogLength gives how many events are placed, and how many wait for their place.
func (c Console) LogLength(ctx context.Context) (placed, pending uint64, err error) {
	defer fault.Wrap(&err, "store.LogLength")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var n [2]int64
		err := tx.Raw(`SELECT (SELECT coalesce(max(index) + 1, 0) FROM audit.leaf), (SELECT count(*) FROM audit.event e
			WHERE e.recorded_at > clock_timestamp() - interval '1 day' AND e.xid >= coalesce((SELECT o.xid FROM audit.leaf l JOIN audit.event o ON o.id = l.event_id ORDER BY l.index DESC LIMIT 1), '0'::xid8)
			AND NOT EXISTS (SELECT 1 FROM audit.leaf l WHERE l.event_id = e.id))`).Row().Scan(&n[0], &n[1])
		placed, pending = uint64(n[0]), uint64(n[1])
		return err
	})
	return placed, pending, err
}

// Samples lists samples, the newest first.
func (c Console) Samples(ctx context.Context, limit int) (list []oversight.Sample, err error) {
	defer fault.Wrap(&err, "store.Samples")
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []sampleRow
		err := tx.Order("planned_at DESC, id").Limit(limit).Find(&rows).Error
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return err
	})
	return list, err
}

// Sample gives one sample with its drawn cases.
func (c Console) Sample(ctx context.Context, id string) (x oversight.Sample, cases []oversight.SampleCase, err error) {
	defer fault.Wrap(&err, "store.Sample(%s)", id)
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var row sampleRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		x = row.domain()
		var rows []struct {
			ID, CaseID, Stratum, Ref, EventID string
			Always                            bool
		}
		err := tx.Raw("SELECT c.id, c.case_id, c.stratum, c.always, c.event_id, coalesce(q.ref, '') AS ref FROM audit_sample_case c LEFT JOIN request q ON q.id = c.case_id WHERE c.sample_id = ? ORDER BY c.stratum, c.case_id", id).Scan(&rows).Error
		for _, r := range rows {
			cases = append(cases, oversight.SampleCase{ID: r.ID, Sample: id, Case: r.CaseID, Stratum: r.Stratum, Always: r.Always, Ref: r.Ref})
		}
		if err == nil {
			err = examined(tx, x, cases)
		}
		return err
	})
	return x, cases, err
}

// examined says who of the auditors opened each drawn case since, and how many findings
// they made about it.
func examined(tx *gorm.DB, x oversight.Sample, cases []oversight.SampleCase) error {
	if x.State != oversight.Drawn {
		return nil
	}
	var rows []struct {
		CaseID, Name string
		Findings     int
	}
	err := tx.Raw(`SELECT DISTINCT c.case_id, coalesce((SELECT p.pseudonym FROM person p WHERE p.id = CASE WHEN i.person ~ '^[0-9a-f-]{36}$' THEN i.person::uuid END), '') AS name, 0 AS findings
			FROM audit_sample_case c JOIN log_index i ON i.case_id = c.case_id AND i.idx >= @seed AND i.role = 'auditor' AND i.kind = 'trail.viewed' WHERE c.sample_id = @id
		UNION ALL SELECT f.case_id, '', count(*) FROM audit_finding f WHERE f.made_at >= @drawn AND f.case_id IN (SELECT c.case_id FROM audit_sample_case c WHERE c.sample_id = @id) GROUP BY f.case_id
		ORDER BY 1, 2`, map[string]any{"seed": x.Plan.Seed, "id": x.ID, "drawn": micro(x.DrawnAt)}).Scan(&rows).Error
	at := map[string]*oversight.SampleCase{}
	for i := range cases {
		at[cases[i].Case] = &cases[i]
	}
	for _, r := range rows {
		if c := at[r.CaseID]; c != nil {
			if c.Findings += r.Findings; r.Name != "" {
				c.Looked = append(c.Looked, r.Name)
			}
		}
	}
	return err
}

// Members gives the population that a plan fixed.
func (c Console) Members(ctx context.Context, id string) (list []sampling.Member, err error) {
	defer fault.Wrap(&err, "store.Members(%s)", id)
	err = c.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []struct {
			CaseID, Stratum string
			Always          bool
		}
		err := tx.Raw("SELECT case_id, stratum, always FROM audit_sample_member WHERE sample_id = ? ORDER BY case_id", id).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, sampling.Member{Case: r.CaseID, Stratum: r.Stratum, Always: r.Always})
		}
		return err
	})
	return list, err
}
