package store

import (
	"context"

	"lerd/internal/oversight/sampling"
)

// samples compares the population that each plan fixed with the digest in the plan: a
// sample that is not drawn yet is drawn from these rows.
func (v *auditVerifier) samples(ctx context.Context) error {
	if v.check.LogOnly {
		return nil
	}
	rows, err := v.pool.QueryContext(ctx, `SELECT s.ref, s.population_sha256, coalesce(m.case_id::text, ''), coalesce(m.stratum, ''), coalesce(m.always, false)
		FROM audit_sample s LEFT JOIN audit_sample_member m ON m.sample_id = s.id ORDER BY s.id, m.case_id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var last, want string
	digest := sampling.NewDigester()
	ended := func() error {
		if last != "" && digest.Sum() != want {
			return differs("The population of sample %s is not the one that its plan fixed.", last)
		}
		return nil
	}
	for rows.Next() {
		var ref, sum string
		var m sampling.Member
		if err := rows.Scan(&ref, &sum, &m.Case, &m.Stratum, &m.Always); err != nil {
			return err
		}
		if ref != last {
			if err := ended(); err != nil {
				return err
			}
			last, want, digest = ref, sum, sampling.NewDigester()
		}
		if m.Case != "" {
			digest.Add(m)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return ended()
}
